"""The Lambda package: reproducible, up to date, pure Python, and complete."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import boto3
import pytest

pytestmark = pytest.mark.slow

LAMBDA = Path(__file__).resolve().parents[2] / "lambda"
RUNTIME_MODULES = ("boto3", "botocore", "s3transfer", "dateutil", "six.py")  # the modules of AWS's Python runtime


def package(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "package.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the package once, from a copy in another folder; return its lambda folder."""
    root = tmp_path_factory.mktemp("built") / "lambda"
    shutil.copytree(LAMBDA, root, ignore=shutil.ignore_patterns("__pycache__", "dist"))
    done = package(root)
    assert done.returncode == 0, done.stdout
    return root


@pytest.fixture(scope="module")
def unpacked(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("task")
    zipfile.ZipFile(built / "dist" / "collector.zip").extractall(folder)
    return folder


def test_a_second_build_elsewhere_gives_the_same_bytes(built: Path, tmp_path: Path) -> None:
    checkout = shutil.copytree(built, tmp_path / "elsewhere", ignore=shutil.ignore_patterns("dist"))
    os.utime(checkout / "zoom_operationlogs" / "__init__.py", (0, 0))
    (checkout / "zoom_operationlogs" / "__init__.py").chmod(0o600)
    (checkout / "zoom_operationlogs" / "notes.txt").write_text("not a module")
    assert package(checkout).returncode == 0
    for name in ("collector.zip", "collector.json"):
        assert (checkout / "dist" / name).read_bytes() == (built / "dist" / name).read_bytes()
    assert sorted(file.name for file in (checkout / "dist").iterdir()) == ["collector.json", "collector.zip"]


def test_the_record_has_the_hashes_that_terraform_computes(built: Path) -> None:
    text = (built / "dist" / "collector.json").read_text()
    record = json.loads(text)
    assert text == json.dumps(record, indent=2, sort_keys=True) + "\n"
    kinds = ("*.py", "*.json")
    files = [file for kind in kinds for file in built.glob(f"zoom_operationlogs/**/{kind}")]
    names = [file.relative_to(built).as_posix() for file in files]
    lines = [
        f"{name} {hashlib.sha256((built / name).read_bytes()).hexdigest()}\n"
        for name in sorted([*names, "requirements.txt", "package.py"])
    ]
    assert record["sources_sha256"] == hashlib.sha256("".join(lines).encode()).hexdigest()
    assert record["zip_sha256"] == hashlib.sha256((built / "dist" / "collector.zip").read_bytes()).hexdigest()


# --- stale, missing, changed -----------------------------------------------------------------------------------------


@pytest.fixture
def fresh(built: Path, tmp_path: Path) -> Path:
    """A checkout with an up-to-date package, in which each test breaks one thing."""
    root = shutil.copytree(built, tmp_path / "fresh")
    done = package(root, "--check-sources")
    assert (done.returncode, done.stdout) == (0, "The package is up to date.\n")
    return root


@pytest.mark.parametrize("check", ["--check", "--check-sources"])
@pytest.mark.parametrize(
    "name", ["zoom_operationlogs/run.py", "zoom_operationlogs/reports.json", "requirements.txt", "package.py"]
)
def test_a_changed_line_makes_the_package_stale(fresh: Path, name: str, check: str) -> None:
    with (fresh / name).open("a") as file:
        file.write("# changed\n")
    done = package(fresh, check)
    assert done.returncode == 1
    assert done.stdout == (
        "The Lambda package is stale, its sources have changed since it was built: "
        "run `make package` and commit lambda/dist.\n"
    )


def test_a_new_or_removed_module_makes_the_package_stale(fresh: Path) -> None:
    (fresh / "zoom_operationlogs" / "deep").mkdir()
    (fresh / "zoom_operationlogs" / "deep" / "new.py").touch()
    assert "stale" in package(fresh, "--check-sources").stdout
    shutil.rmtree(fresh / "zoom_operationlogs" / "deep")
    assert package(fresh, "--check-sources").returncode == 0
    (fresh / "zoom_operationlogs" / "run.py").unlink()
    assert "stale" in package(fresh, "--check-sources").stdout


@pytest.mark.parametrize("name", ["collector.zip", "collector.json"])
def test_a_missing_file_is_reported(fresh: Path, name: str) -> None:
    (fresh / "dist" / name).unlink()
    done = package(fresh, "--check-sources")
    assert done.returncode == 1
    assert re.fullmatch(
        r"The Lambda package is missing from .*: run `make package` and commit lambda/dist\.\n", done.stdout
    )


def test_a_changed_package_is_found_even_with_a_matching_record(fresh: Path) -> None:
    archive, record = fresh / "dist" / "collector.zip", fresh / "dist" / "collector.json"
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("extra.py", "")
    assert "not the one that collector.json describes" in package(fresh, "--check-sources").stdout
    hashes = json.loads(record.read_text()) | {"zip_sha256": hashlib.sha256(archive.read_bytes()).hexdigest()}
    record.write_text(json.dumps(hashes, indent=2, sort_keys=True) + "\n")
    assert package(fresh, "--check-sources").returncode == 0
    done = package(fresh, "--check")
    assert (done.returncode, "is not what its sources build" in done.stdout) == (1, True)


def test_a_damaged_record_is_reported(fresh: Path) -> None:
    (fresh / "dist" / "collector.json").write_text("{")
    assert "not the one that collector.json describes" in package(fresh, "--check-sources").stdout


def test_a_wheel_with_another_hash_is_refused_and_nothing_is_written(fresh: Path) -> None:
    requirements = fresh / "requirements.txt"
    requirements.write_text(re.sub(r"sha256:[0-9a-f]{64}", f"sha256:{'0' * 64}", requirements.read_text()))
    before = (fresh / "dist" / "collector.zip").read_bytes()
    done = package(fresh)
    assert done.returncode == 1
    assert done.stdout.startswith("pip could not download the wheels of requirements.txt: ")
    assert (fresh / "dist" / "collector.zip").read_bytes() == before


def test_a_folder_without_sources_is_reported(fresh: Path) -> None:
    shutil.rmtree(fresh / "zoom_operationlogs")
    assert "holds no Python file" in package(fresh).stdout


# --- contents --------------------------------------------------------------------------------------------------------


def test_members_are_plain_sorted_and_dated_alike(built: Path) -> None:
    members = zipfile.ZipFile(built / "dist" / "collector.zip").infolist()
    names = [member.filename for member in members]
    assert names == sorted(set(names))
    shapes = {(one.date_time, one.compress_type, one.create_system, one.external_attr >> 16) for one in members}
    assert shapes == {((1980, 1, 1, 0, 0, 0), zipfile.ZIP_STORED, 3, 0o100644)}


def test_the_package_is_pure_python_without_installer_metadata(unpacked: Path) -> None:
    files = [file for file in unpacked.rglob("*") if file.is_file()]
    assert not [file for file in files if file.suffix in {".so", ".pyd", ".dll", ".dylib", ".pyc", ".exe"}]
    assert not [file for file in files if file.read_bytes()[:4] == b"\x7fELF"]
    assert not [file for file in files if file.name in {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}]
    wheels = [file.read_text() for file in files if file.name == "WHEEL"]
    assert len(wheels) >= 8
    assert all("Root-Is-Purelib: true" in text for text in wheels)


def test_every_dependency_keeps_its_metadata_and_licence_and_boto3_stays_out(unpacked: Path) -> None:
    infos = list(unpacked.glob("*.dist-info"))
    names = {info.name.partition("-")[0] for info in infos}
    assert {
        "requests",
        "tenacity",
        "aws_lambda_powertools",
        "charset_normalizer",
        "urllib3",
        "certifi",
        "idna",
    } <= names
    assert all((info / "METADATA").is_file() for info in infos)
    for info in infos:
        assert [file for file in info.rglob("*") if re.search("licen[cs]e|copying", file.name, re.IGNORECASE)], (
            info.name
        )
    assert not {"boto3", "botocore"} & {entry.name for entry in unpacked.iterdir()}


def test_no_secret_and_no_path_of_the_builder_is_in_the_package(unpacked: Path, built: Path) -> None:
    own = [file for folder in ("zoom_operationlogs",) for file in (unpacked / folder).rglob("*") if file.is_file()]
    assert own
    for file in own:
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"AKIA[0-9A-Z]{16}|-----BEGIN|client_secret\s*=\s*[\"'][^\"']+[\"']", text), file
    content = (built / "dist" / "collector.zip").read_bytes()
    for trace in {str(built), str(LAMBDA.parent), str(Path.home())} - {"/"}:
        assert f"{trace}/".encode() not in content


def test_the_handler_imports_from_the_package_alone_plus_boto3(unpacked: Path, tmp_path: Path) -> None:
    site = Path(boto3.__file__).parents[1]
    for name in RUNTIME_MODULES:
        (tmp_path / name).symlink_to(site / name)
    code = (
        "import json, sys, zoom_operationlogs.handler, certifi\n"
        "files = {name: getattr(module, '__file__', None) for name, module in sys.modules.items()}\n"
        "print(json.dumps([files, certifi.where()]))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={"PYTHONPATH": os.pathsep.join([str(unpacked), str(tmp_path)]), "POWERTOOLS_METRICS_NAMESPACE": "n"},
        cwd=unpacked,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    files, certificates = json.loads(done.stdout)
    for name in ("zoom_operationlogs.handler", "requests", "tenacity", "aws_lambda_powertools", "urllib3", "jmespath"):
        assert files[name].startswith(str(unpacked)), name
    assert certificates.startswith(str(unpacked))
