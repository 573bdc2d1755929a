"""`make setup`: which Python, when .venv is recreated, and the messages if it cannot be."""

from __future__ import annotations

import ast
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "setup.py"

Version = tuple[int, ...]


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Load the script for a small checkout; pip runs are only recorded in `setup.runs`."""
    spec = importlib.util.spec_from_file_location("setup_script", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "requirements-dev.txt").write_text(
        "moto==5.2.5 \\\n    --hash=sha256:0\nruff[x]==1 ; python_version>'3'\n"
    )
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "requirements-tool.txt").write_text("tool==1 --hash=sha256:0\n")
    main = module.Environment(tmp_path / ".venv", tmp_path / "requirements-dev.txt", tmp_path / "pyproject.toml")
    tool = module.Environment(
        tmp_path / "cache/tool-1", tmp_path / "requirements-tool.txt", link=tmp_path / ".venv-tool"
    )
    for name, value in {"ROOT": tmp_path, "MAIN": main, "TOOLS": (tool,)}.items():
        monkeypatch.setattr(module, name, value)
    module.runs = []

    def run(command: list[str], failure: str, count: int = 0) -> None:
        module.runs.append(" ".join(command))
        if "venv" in command:
            (Path(command[-1]) / "bin").mkdir(parents=True)

    monkeypatch.setattr(module, "run", run)
    pythons(module, monkeypatch, {"/a/python3.13": (3, 13, 1)})
    loaded: ModuleType = module
    return loaded


def pythons(setup: ModuleType, monkeypatch: pytest.MonkeyPatch, versions: dict[str, Version | None]) -> None:
    """Set the machine's Pythons; an environment has the one with which it was last created."""
    monkeypatch.setattr(setup, "candidates", lambda: list(versions))

    def probe(python: str) -> Version | None:
        for environment in (setup.MAIN, *setup.TOOLS):
            if python == environment.python:
                makers = [line.split()[0] for line in setup.runs if line.endswith(f"-m venv {environment.folder}")]
                return versions.get(makers[-1]) if makers and environment.folder.exists() else None
        return versions.get(python)

    monkeypatch.setattr(setup, "probe", probe)


@pytest.mark.parametrize(
    ("versions", "best"),
    [
        ({"/a/python3.14": (3, 14, 0), "/b/python3.13": (3, 13, 0)}, "/b/python3.13"),
        ({"/a/python3": (3, 13, 2), "/b/python3.13": None}, "/a/python3"),
        ({"/a/python3.11": (3, 11, 9), "/b/python3.12": (3, 12, 1), "/c/python3": (3, 8, 0)}, "/b/python3.12"),
    ],
)
def test_setup_prefers_lambdas_python_then_the_newest(
    setup: Any, monkeypatch: pytest.MonkeyPatch, versions: dict[str, Version | None], best: str
) -> None:
    pythons(setup, monkeypatch, versions)
    assert setup.best_python() == (best, versions[best])


def test_an_old_machine_gets_a_message_about_what_to_install(
    setup: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pythons(setup, monkeypatch, {"/a/python3": (3, 10, 0), "/b/python3.13": None})
    assert setup.main([]) == 1
    said = capsys.readouterr().out
    assert said.startswith("No Python 3.11 or newer with the venv module was found")
    assert said.count("\n") == 1
    assert setup.runs == []
    assert setup.main(["--python", "/a/python3"]) == 1
    assert "/a/python3 is not a Python 3.11 or newer" in capsys.readouterr().out


def test_the_script_parses_on_an_old_python() -> None:
    ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 8))


def test_nothing_is_done_when_nothing_changed(setup: Any) -> None:
    assert setup.main([]) == 0
    first = list(setup.runs)
    assert [line.split()[1:3] for line in first] == [["-m", "venv"], ["-m", "pip"], ["-m", "pip"]]
    assert "--require-hashes" in first[1]
    assert setup.main([]) == 0
    assert setup.runs == first


def test_a_changed_requirement_or_a_better_python_recreates_the_environment(
    setup: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pythons(setup, monkeypatch, {"/a/python3.11": (3, 11, 1)})
    setup.main([])
    pythons(setup, monkeypatch, {"/a/python3.11": (3, 11, 1), "/b/python3.13": (3, 13, 1)})
    setup.main([])
    assert len(setup.runs) == 6
    assert setup.runs[3].startswith("/b/python3.13 -m venv")
    with setup.MAIN.requirements.open("a") as file:
        file.write("tenacity==9\n")
    setup.main([])
    assert len(setup.runs) == 9
    setup.main(["--python", "/a/python3.11"])
    assert setup.runs[9].startswith("/a/python3.11 -m venv")


def test_changed_metadata_installs_only_the_project(setup: Any) -> None:
    setup.main([])
    setup.MAIN.project.write_text("[project]\nname = 'x'\n")
    setup.main([])
    assert len(setup.runs) == 4
    assert "--editable" in setup.runs[3]
    assert json.loads(setup.MAIN.stamp.read_text())["project"] == setup.sha256(setup.MAIN.project)


def test_the_stand_ins_and_the_demo_can_be_imported_though_the_wheel_leaves_them_out(
    setup: Any, tmp_path: Path
) -> None:
    packages = tmp_path / ".venv" / "lib" / "python3.13" / "site-packages"
    setup.main([])
    packages.mkdir(parents=True)
    setup.MAIN.project.write_text("[project]\nname = 'x'\n")
    setup.main([])
    [found] = packages.glob("*.pth")
    assert found.read_text() == f"{tmp_path / 'tests'}\n"


def test_the_tools_have_their_own_environments_created_on_request(setup: Any) -> None:
    setup.main([])
    assert not setup.TOOLS[0].folder.exists()
    main = list(setup.runs)
    setup.main(["--tools"])
    venv, pip = setup.runs[len(main) :]
    assert venv.endswith(f"-m venv {setup.TOOLS[0].folder}")
    assert pip.startswith(setup.TOOLS[0].python)
    assert pip.endswith(f"--require-hashes -r {setup.TOOLS[0].requirements}")
    setup.main(["--tools"])
    assert len(setup.runs) == len(main) + 2
    setup.TOOLS[0].requirements.write_text("tool==2 --hash=sha256:0\n")
    setup.main([])
    assert len(setup.runs) == len(main) + 2
    setup.main(["--tools"])
    assert len(setup.runs) == len(main) + 4


def test_build_requirements_are_pinned_too(setup: Any, tmp_path: Path) -> None:
    build = tmp_path / "requirements-build.txt"
    build.write_text("setuptools==84 --hash=sha256:0\n")
    setup.TOOLS = (setup.TOOLS[0]._replace(build=build),)
    setup.main(["--tools"])
    first, then = setup.runs[-2:]
    assert first.endswith(f"--require-hashes -r {build}")
    assert then.endswith(f"--no-build-isolation --require-hashes -r {setup.TOOLS[0].requirements}")
    done = len(setup.runs)
    build.write_text("setuptools==85 --hash=sha256:0\n")
    setup.main(["--tools"])
    assert len(setup.runs) == done + 3


def test_a_tool_that_cannot_be_installed_is_reported_and_the_rest_continue(
    setup: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    works = setup.run

    def fails(command: list[str], failure: str, count: int = 0) -> None:
        works(command, failure, count)
        if command[0] == setup.TOOLS[0].python:
            raise setup.SetupError(f"{failure}: ERROR: no network")

    monkeypatch.setattr(setup, "run", fails)
    assert setup.main(["--tools"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "pip could not install what tool-1 needs: ERROR: no network"
    assert setup.MAIN.stamp.exists()
    assert not setup.TOOLS[0].folder.exists()
    assert not setup.TOOLS[0].link.is_symlink()


def test_checkouts_with_the_same_requirements_share_a_tools_environment(
    setup: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "shared"))
    first = setup.cached("tool", setup.TOOLS[0].requirements)
    assert first.folder.parent == tmp_path / "shared/terraform-aws-zoom-operation-logs"
    monkeypatch.setattr(setup, "TOOLS", (first,))
    setup.set_up(first, None)
    made = len(setup.runs)
    # Another checkout, with an older environment of its own.
    (tmp_path / "other/.venv-tool/bin").mkdir(parents=True)
    monkeypatch.setattr(setup, "ROOT", tmp_path / "other")
    second = setup.cached("tool", setup.TOOLS[0].requirements)
    setup.set_up(second, None)
    setup.set_up(second, None)
    assert len(setup.runs) == made
    assert {first.link.resolve(), second.link.resolve()} == {first.folder}
    assert first.link != second.link
    # Other requirements need another environment: the first checkout keeps its own.
    (tmp_path / "requirements-other.txt").write_text("tool==2 --hash=sha256:0\n")
    third = setup.cached("tool", tmp_path / "requirements-other.txt")
    monkeypatch.setattr(setup, "TOOLS", (first, third))
    setup.set_up(third, None)
    assert len(setup.runs) == 2 * made
    assert second.link.resolve() == third.folder
    assert first.link.resolve() == first.folder


def test_a_working_tool_is_not_reinstalled_for_another_python(setup: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another checkout with another Python may be using it."""
    pythons(setup, monkeypatch, {"/a/python3.12": (3, 12, 0), "/b/python3.13": (3, 13, 0)})
    setup.set_up(setup.TOOLS[0], "/a/python3.12")
    made = list(setup.runs)
    setup.set_up(setup.TOOLS[0], "/b/python3.13")
    setup.set_up(setup.TOOLS[0], None)
    assert setup.runs == made


def test_setup_waits_for_another_checkouts_installation(setup: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tool, works, waited = setup.TOOLS[0], setup.run, []

    def run(command: list[str], failure: str, count: int = 0) -> None:
        with open(f"{tool.folder}.lock", "w") as file:
            try:
                setup.fcntl.flock(file, setup.fcntl.LOCK_EX | setup.fcntl.LOCK_NB)
            except BlockingIOError:
                waited.append(command)
        works(command, failure, count)

    monkeypatch.setattr(setup, "run", run)
    setup.set_up(tool, None)
    assert len(waited) == 2
    with open(f"{tool.folder}.lock", "w") as file:
        setup.fcntl.flock(file, setup.fcntl.LOCK_EX | setup.fcntl.LOCK_NB)  # free again


def test_the_requirements_of_every_environment_have_hashes_and_no_index() -> None:
    spec = importlib.util.spec_from_file_location("setup_script", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    environments = (module.MAIN, *module.TOOLS)
    files = [file for one in environments for file in (one.requirements, one.build) if file]
    assert len(files) == 5
    for file in files:
        text = file.read_text(encoding="utf-8")
        packages = [block for block in text.replace("\\\n", "").splitlines() if "==" in block]
        assert len(packages) == module.count_requirements(file) > 0
        assert all("--hash=sha256:" in package for package in packages)
        assert "://" not in text
        assert "--index-url" not in text
    for one in environments:
        if one.build:
            pins = [set(file.read_text(encoding="utf-8").splitlines()) for file in (one.build, one.requirements)]
            assert {line for line in pins[0] if "==" in line} <= pins[1]


def test_a_failed_pip_leaves_the_old_environment_or_none(
    setup: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    works = setup.run

    def fails(command: list[str], failure: str, count: int = 0) -> None:
        works(command, failure, count)
        if "pip" in command:
            raise setup.SetupError(f"{failure}: ERROR: no network")

    monkeypatch.setattr(setup, "run", fails)
    assert setup.main([]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "pip could not install what .venv needs: ERROR: no network"
    assert not setup.MAIN.folder.exists()

    monkeypatch.setattr(setup, "run", works)
    setup.main([])
    (setup.MAIN.folder / "old").touch()
    setup.MAIN.requirements.write_text("")
    monkeypatch.setattr(setup, "run", fails)
    assert setup.main([]) == 1
    assert (setup.MAIN.folder / "old").exists()
    monkeypatch.setattr(setup, "run", works)
    before = len(setup.runs)
    setup.main([])
    assert len(setup.runs) == before + 3
    assert not (setup.MAIN.folder / "old").exists()


@pytest.mark.parametrize(
    ("prints", "sentence"),
    [
        (None, "terraform was not found: install Terraform 1.11 or newer"),
        ("", "terraform does not run: install Terraform 1.11 or newer"),
        ('{"terraform_version": "1.9.8"}', "Terraform 1.9.8 is too old: install 1.11 or newer"),
        ('{"terraform_version": "1.11.0"}', ""),
    ],
)
def test_terraform_is_checked_before_anything_is_installed(
    setup: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    prints: str | None,
    sentence: str,
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    (tmp_path / "path").mkdir()
    if prints is not None:
        binary = tmp_path / "path" / "terraform"
        binary.write_text(f"#!{sys.executable}\nprint({prints!r})\n")
        binary.chmod(0o755)
    assert setup.main(["--terraform"]) == (1 if sentence else 0)
    assert capsys.readouterr().out.startswith(sentence)
    assert bool(setup.runs) == (not sentence)


def test_a_real_command_that_fails_shows_pips_error_and_keeps_the_log(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("setup_script", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.probe(sys.executable)[:2] == sys.version_info[:2]
    assert module.probe("no-such-python") is None
    code = "print('Collecting x'); print('ERROR: one'); print('ERROR: two'); print('note'); raise SystemExit(1)"
    with pytest.raises(module.SetupError) as raised:
        module.run([sys.executable, "-c", code], "It failed")
    message, _, log = str(raised.value).rstrip(")").partition(" (all of it: ")
    assert message == "It failed: ERROR: two"
    assert "Collecting x" in Path(log).read_text()
    Path(log).unlink()


def test_make_lists_its_targets() -> None:
    listed = subprocess.run(
        ["make", "--no-print-directory"], cwd=SCRIPT.parents[1], capture_output=True, text=True, check=True
    )
    names = {line.split()[1] for line in listed.stdout.splitlines() if line.startswith("  make ")}
    assert {"setup", "demo", "test", "test-fast", "package", "bench", "fmt", "clean"} <= names
