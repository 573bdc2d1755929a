"""The environments for the checkers and the reader of .tf files, created on first use.

They are in the user's cache folder, because a checkout may be read-only. scripts/setup.py creates the same ones.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]
REQUIREMENTS = {
    "compliance": (TESTS / "compliance/requirements.txt", TESTS / "compliance/requirements-build.txt"),
    "checkov": (TESTS / "checkov/requirements.txt",),
}
"""The hashed requirements of each environment, and those that build packages without a wheel."""

OLDEST = (3, 11)
PYTHONS = ("python3.13", "python3.12", "python3.11")
FOREIGN = ("PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV")
Say = Callable[[str], None]


class EnvironmentsError(Exception):
    """An environment cannot be created; the message says what to do."""


def cache_folder() -> Path:
    """Return the cache folder by the XDG Base Directory Specification."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "terraform-aws-zoom-operation-logs"


def folder_of(name: str) -> Path:
    """Return the folder of an environment; other requirements have another folder."""
    digests = b"".join(hashlib.sha256(file.read_bytes()).digest() for file in REQUIREMENTS[name])
    return cache_folder() / f"{name}-{hashlib.sha256(digests).hexdigest()[:16]}"


def prepared(name: str, say: Say) -> Path:
    """Return the `bin` folder of an environment, created if necessary. Raises EnvironmentsError."""
    folder = folder_of(name)
    if not _is_made(folder, name):
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with _locked(folder):
                if not _is_made(folder, name):
                    _make(folder, name, say)
        except OSError as error:
            raise EnvironmentsError(
                f"{folder.parent} is not writable ({error.strerror}): set XDG_CACHE_HOME to a writable folder."
            ) from None
    return folder / "bin"


def _is_made(folder: Path, name: str) -> bool:
    try:
        return bool(json.loads((folder / "setup.json").read_text(encoding="utf-8")) == _stamp(folder, name))
    except (OSError, ValueError):
        return False


def _stamp(folder: Path, name: str) -> dict[str, str]:
    hashes = (hashlib.sha256(file.read_bytes()) for file in REQUIREMENTS[name])
    # scripts/setup.py hashes each file's hash, so that one file and several are hashed alike.
    return {
        "root": str(folder),
        "requirements": " ".join(hashlib.sha256(one.digest()).hexdigest() for one in hashes),
    }


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with open(f"{folder}.lock", "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(folder: Path, name: str, say: Say) -> None:
    python = _python()
    say(f"Preparing {name} in {folder} with {python}. This happens once and takes a minute or two.")
    shutil.rmtree(folder, ignore_errors=True)
    begun = time.time()
    requirements, *build = REQUIREMENTS[name]
    try:
        _run([python, "-m", "venv", str(folder)], f"{python} could not create an environment in {folder}")
        for file in build:
            _pip(folder, "--only-binary", ":all:", "--require-hashes", "-r", str(file))
        how = ["--no-build-isolation"] if build else ["--only-binary", ":all:"]
        _pip(folder, *how, "--require-hashes", "-r", str(requirements))
        (folder / "setup.json").write_text(json.dumps(_stamp(folder, name)), encoding="utf-8")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    say(f"Prepared {name} in {time.time() - begun:.0f} s.")


def _python() -> str:
    """Find a Python that the pinned requirements support."""
    here = [sys.executable] if sys.version_info[:2] >= OLDEST else []
    found = [shutil.which(name) for name in PYTHONS]
    for python in [*here, *filter(None, found)]:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            probe = [python, "-c", "import ensurepip, venv"]
            if subprocess.run(probe, capture_output=True, timeout=60, check=False).returncode == 0:
                return str(python)
    raise EnvironmentsError("The checkers need Python 3.11 or newer with venv: install it.")


def _pip(folder: Path, *arguments: str) -> None:
    command = [
        str(folder / "bin/python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
    ]
    _run([*command, *arguments], f"pip could not install what {folder.name} needs")


def _run(command: list[str], failure: str) -> None:
    done = subprocess.run(
        command, env=clean({"PIP_USER": "0"}), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        lines = done.stdout.strip().splitlines() or [f"exit status {done.returncode}"]
        raise EnvironmentsError(f"{failure}: {next((one for one in lines if one.startswith('ERROR:')), lines[-1])}")


def clean(more: dict[str, str]) -> dict[str, str]:
    """Return this process's environment without the variables that change a Python's imports."""
    return {**{name: value for name, value in os.environ.items() if name not in FOREIGN}, **more}
