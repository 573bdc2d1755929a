"""The wheel has the command line and the collector's package, without tests and demo."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PIP = ["-m", "pip", "--disable-pip-version-check", "--no-input"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build from the committed and changed files, as from a git address: no build folder, no cache."""
    checkout = tmp_path_factory.mktemp("checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "cli", "lambda", "tests", "*.toml"],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    ).stdout.decode()
    for name in [*filter(None, listed.split("\0")), "README.md", "LICENSE"]:
        if (REPOSITORY / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            (checkout / name).write_bytes((REPOSITORY / name).read_bytes())
    made = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, *PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(made)]
    subprocess.run([*build, str(checkout)], capture_output=True, check=True)
    [file] = made.glob("*.whl")
    return file


@pytest.mark.slow
def test_the_wheel_has_only_the_command_line_and_the_collector(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        files = [Path(name) for name in archive.namelist()]
    sources = {file for file in files if file.suffix in (".py", ".json")}
    assert {file.parts[0] for file in files if not file.parts[0].endswith(".dist-info")} == {
        "zoomlogs",
        "zoom_operationlogs",
    }
    for folder, package in (("cli", "zoomlogs"), ("lambda", "zoom_operationlogs")):
        ours = {file.relative_to(REPOSITORY / folder) for file in (REPOSITORY / folder / package).rglob("*.[jp]*")}
        ours = {file for file in ours if file.suffix in (".py", ".json")}
        assert {file for file in sources if file.parts[0] == package} == ours


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_git_address_installs_into_an_empty_environment(tmp_path: Path) -> None:
    """With its dependencies from the package index, as docs/cli.md describes."""
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python, zoomlogs = environment / "bin" / "python", environment / "bin" / "zoomlogs"
    subprocess.run([str(python), *PIP, "install", f"git+file://{REPOSITORY}"], capture_output=True, check=True)
    for arguments in (["--help"], ["doctor", "--help"], ["--version"]):
        ended = subprocess.run([str(zoomlogs), *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stderr) == (0, "")
    ended = subprocess.run([str(zoomlogs), "doctor"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    found = "import importlib.util as u; print([n for n in ('standins', 'harness', 'moto') if u.find_spec(n)])"
    ended = subprocess.run([str(python), "-c", found], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"
