"""Build the Lambda package, the same bytes on every machine: `make package`.

    lambda/package.py                  build dist/collector.zip and dist/collector.json
    lambda/package.py --check          build again and compare both byte for byte (downloads the wheels)
    lambda/package.py --check-sources  compare only the hash of the sources, as Terraform does (no network)

The package holds zoom_operationlogs/ and the wheels that requirements.txt pins, pure Python only, so that it runs on
either architecture. Order, dates and modes are fixed, and nothing is compressed, because zlib versions differ in their
output. dist/collector.json records the hashes of the sources and of the package.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent
PACKAGE = "zoom_operationlogs"
PYTHON_VERSION = "3.13"  # the Lambda runtime's
REBUILD = "run `make package` and commit lambda/dist"
INSTALLER_FILES = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}  # of use only to installers
NATIVE_SUFFIXES = {".so", ".pyd", ".dylib", ".dll"}


class PackageError(Exception):
    """The package cannot be built or is not what it should be; the message says what to do."""


def main(arguments: list[str]) -> int:
    """Build or check the package; return the exit status."""
    parser = argparse.ArgumentParser(description="Build the Lambda package, the same bytes on every machine.")
    checks = parser.add_mutually_exclusive_group()
    checks.add_argument("--check", action="store_true", help="build again and compare byte for byte")
    checks.add_argument("--check-sources", action="store_true", help="compare only the hash of the sources")
    options = parser.parse_args(arguments)
    try:
        if options.check or options.check_sources:
            check_sources(ROOT)
            if options.check:
                check_bytes(ROOT)
            say("The package is up to date.")
        else:
            say(build(ROOT, ROOT / "dist"))
    except PackageError as error:
        say(str(error))
        return 1
    return 0


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{line}\n")


def build(root: Path, dist: Path) -> str:
    """Build collector.zip and collector.json into `dist`; return a line that describes them. Raises PackageError."""
    with tempfile.TemporaryDirectory() as folder:
        members = package_members(root, download_wheels(root / "requirements.txt", Path(folder)))
        archive = Path(folder) / "collector.zip"
        write_zip(archive, members)
        record = {"sources_sha256": sources_sha256(root), "zip_sha256": sha256(archive.read_bytes())}
        dist.mkdir(parents=True, exist_ok=True)
        replace(dist / "collector.zip", archive.read_bytes())
    replace(dist / "collector.json", (json.dumps(record, indent=2, sort_keys=True) + "\n").encode())
    size = sum(map(len, members.values())) / 1e6
    return f"{dist / 'collector.zip'}: {len(members)} files, {size:.1f} MB, sha256 {record['zip_sha256'][:16]}…"


def replace(file: Path, content: bytes) -> None:
    """Write a file in full or not at all."""
    unfinished = file.with_name(f".{file.name}.unfinished")
    unfinished.write_bytes(content)
    os.replace(unfinished, file)


def sha256(content: bytes) -> str:
    """Return the SHA-256 hash of the bytes, in hex."""
    return hashlib.sha256(content).hexdigest()


# --- what goes in ----------------------------------------------------------------------------------------------------


def source_files(root: Path) -> dict[str, bytes]:
    """Return the collector's modules and data: name relative to `root`, with slashes → content."""
    files = sorted(file for kind in ("py", "json") for file in (root / PACKAGE).rglob(f"*.{kind}"))
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in files}


def sources_sha256(root: Path) -> str:
    """Return the SHA-256 hash of the sources, in hex; Terraform computes the same hash and compares.

    It covers one line a file, `NAME SHA256\\n`, in the byte order of the names: the collector's modules
    and data, requirements.txt and package.py.
    """
    inputs = {name: (root / name).read_bytes() for name in ("requirements.txt", "package.py")}
    inputs |= source_files(root)
    lines = [f"{name} {sha256(inputs[name])}\n" for name in sorted(inputs, key=str.encode)]
    return sha256("".join(lines).encode())


def download_wheels(requirements: Path, folder: Path) -> list[Path]:
    """Download the pinned pure-Python wheels into `folder` and return them. Raises PackageError if pip fails."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--require-hashes", "--no-deps", "--only-binary=:all:"]
    command += ["--platform", "any", "--implementation", "py", "--abi", "none", "--python-version", PYTHON_VERSION]
    command += ["--dest", str(folder), "--requirement", str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a fixed command
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise PackageError(f"pip could not download the wheels of {requirements.name}: {reason}")
    return sorted(folder.glob("*.whl"))


def package_members(root: Path, wheels: list[Path]) -> dict[str, bytes]:
    """Return the members of the package: name → content.

    Raises PackageError if there is no source, a wheel holds native code, or two hold the same member.
    """
    members = source_files(root)
    if not members:
        raise PackageError(f"{root / PACKAGE} holds no Python file: run this from a whole checkout.")
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for name in filter(belongs, archive.namelist()):
                if Path(name).suffix in NATIVE_SUFFIXES:
                    raise PackageError(f"{wheel.name} holds native code ({name}): pin a pure-Python wheel instead.")
                if name in members:
                    raise PackageError(f"{name} comes from {wheel.name} and from another wheel: drop one of them.")
                members[name] = archive.read(name)
    return members


def belongs(name: str) -> bool:
    """Return whether a wheel's member belongs in the package: no folder, bytecode, script or installer metadata."""
    top, _, rest = name.partition("/")
    if name.endswith(("/", ".pyc")) or top.endswith(".data"):
        return False
    return not (top.endswith(".dist-info") and rest in INSTALLER_FILES)


def write_zip(archive: Path, members: dict[str, bytes]) -> None:
    """Write the zip so that its bytes depend only on the names and contents of the members."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as package:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3  # Unix, so that unzip applies the mode
            info.external_attr = 0o100644 << 16
            package.writestr(info, members[name])


# --- checks ----------------------------------------------------------------------------------------------------------


def check_sources(root: Path) -> None:
    """Raise PackageError unless the committed package was built from the sources that are here."""
    archive, record = root / "dist" / "collector.zip", root / "dist" / "collector.json"
    if not archive.is_file() or not record.is_file():
        raise PackageError(f"The Lambda package is missing from {root / 'dist'}: {REBUILD}.")
    try:
        recorded = json.loads(record.read_text(encoding="utf-8"))
    except ValueError:
        recorded = None
    if not isinstance(recorded, dict) or recorded.get("zip_sha256") != sha256(archive.read_bytes()):
        raise PackageError(f"The Lambda package is not the one that collector.json describes: {REBUILD}.")
    if recorded.get("sources_sha256") != sources_sha256(root):
        raise PackageError(f"The Lambda package is stale, its sources have changed since it was built: {REBUILD}.")


def check_bytes(root: Path) -> None:
    """Raise PackageError unless a new build gives the committed bytes."""
    with tempfile.TemporaryDirectory() as folder:
        build(root, Path(folder))
        for name in ("collector.zip", "collector.json"):
            if (Path(folder) / name).read_bytes() != (root / "dist" / name).read_bytes():
                raise PackageError(f"lambda/dist/{name} is not what its sources build: {REBUILD}.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
