"""Make .venv, with everything the demo and the tests need: `make setup`.

Finds the best Python on the machine (3.13 as in Lambda, else the newest from 3.11 on), installs the hashed
requirements and the project itself, and does nothing if nothing has changed. With `--tools`, it also makes the
environments of the tools that check plans: their pins conflict with the others. All checkouts share them, in the user's
cache folder, and the checkout links to them. The script needs only the standard library, and parses on Python 3.8, so
that an old Python can say what is missing.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Environment(NamedTuple):
    """A virtual environment: its folder and its hashed requirements.

    `project` is installed as well, and `build` first, for requirements that have no wheel. `link` is the path in the
    checkout of an environment that is elsewhere.
    """

    folder: Path
    requirements: Path
    project: Path | None = None
    build: Path | None = None
    link: Path | None = None

    @property
    def python(self) -> str:
        """The Python inside."""
        return str(self.folder / "bin" / "python")

    @property
    def stamp(self) -> Path:
        """The file that records what it was made from."""
        return self.folder / "setup.json"


def sha256(*files: Path) -> str:
    """Hash the content of files, in hex."""
    return hashlib.sha256(b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)).hexdigest()


def cache_folder() -> Path:
    """Return the folder for what checkouts share: the cache folder of the XDG Base Directory Specification."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "terraform-aws-zoom-operation-logs"


def cached(name: str, requirements: Path, build: Path | None = None) -> Environment:
    """Describe an environment that all checkouts with the same requirements share."""
    digest = sha256(*filter(None, [requirements, build]))
    return Environment(cache_folder() / f"{name}-{digest[:16]}", requirements, build=build, link=ROOT / f".venv-{name}")


ROOT = Path(__file__).resolve().parents[1]
MAIN = Environment(ROOT / ".venv", ROOT / "requirements-dev.txt", ROOT / "pyproject.toml")
COMPLIANCE = ROOT / "tests" / "compliance"
TOOLS = (
    cached("compliance", COMPLIANCE / "requirements.txt", COMPLIANCE / "requirements-build.txt"),
    cached("checkov", ROOT / "tests" / "checkov" / "requirements.txt"),
    cached("parliament", ROOT / "tests" / "policies" / "requirements.txt"),
)
PREFERRED = (3, 13)
OLDEST = (3, 11)
OLDEST_TERRAFORM = (1, 11)
PROBE = "import ensurepip, json, sys, venv; print(json.dumps(sys.version_info[:3]))"
FOREIGN = ("PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV")


class SetupError(Exception):
    """The environment cannot be created; the message says what to do."""


def main(arguments: list[str]) -> int:
    """Set up; return the exit status."""
    parser = argparse.ArgumentParser(description="Make .venv, with everything the demo and the tests need.")
    parser.add_argument("--python", help="the Python to use (default: the best on this machine)")
    parser.add_argument("--terraform", action="store_true", help="also check that Terraform is installed")
    parser.add_argument("--tools", action="store_true", help="also make the environments of the tools that check plans")
    options = parser.parse_args(arguments)
    try:
        if options.terraform:
            check_terraform()
        for environment in (MAIN, *(TOOLS if options.tools else ())):
            set_up(environment, options.python)
    except SetupError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("Interrupted: what was there before still is.")
        return 130
    return 0


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


# --- the environments ------------------------------------------------------------------------------------------------


def set_up(environment: Environment, wanted: str | None) -> None:
    """Make or renew an environment if the checkout needs it. Raises SetupError, and then leaves the old one."""
    with locked(environment):
        set_up_locked(environment, wanted)
    if environment.link:
        link(environment.link, environment.folder)


@contextlib.contextmanager
def locked(environment: Environment) -> Iterator[None]:
    """Let one checkout at a time make a shared environment; the system frees the lock of a dead process."""
    if not environment.link:
        yield
        return
    environment.folder.parent.mkdir(parents=True, exist_ok=True)
    with open(str(environment.folder) + ".lock", "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def link(place: Path, folder: Path) -> None:
    """Make `place` a symbolic link to `folder`, in place of what was there."""
    if place.is_symlink() and os.readlink(str(place)) == str(folder):
        return
    if place.is_symlink():
        place.unlink()
    shutil.rmtree(str(place), ignore_errors=True)  # an environment that an older version of this script made
    place.symlink_to(folder)


def set_up_locked(environment: Environment, wanted: str | None) -> None:
    """Make or renew an environment, under its lock if it is shared."""
    files = [file for file in (environment.requirements, environment.build) if file]
    root = environment.folder if environment.link else ROOT  # scripts in an environment contain its path
    state = {"root": str(root), "requirements": " ".join(map(sha256, files))}
    if environment.project:
        state["project"] = sha256(environment.project)
    stamp, current = read_stamp(environment), probe(environment.python)
    kept = all(stamp.get(name) == state[name] for name in ("root", "requirements"))
    # A shared environment may have any Python: another checkout may be using it now.
    if current and kept and (environment.link or (current[:2] == PREFERRED and not wanted)):
        return renew_project(environment, stamp, state)
    python = explicit_python(wanted) if wanted else best_python()
    fits = current and (current[:2] == python[1][:2] if wanted else rank(current) >= rank(python[1]))
    return renew_project(environment, stamp, state) if kept and fits else make(environment, python, state)


def renew_project(environment: Environment, stamp: dict[str, str], state: dict[str, str]) -> None:
    """Install the project again when its metadata has changed; its code is used in place."""
    if stamp.get("project") != state.get("project"):
        environment.stamp.unlink()
        install_project(environment)
        environment.stamp.write_text(json.dumps(state))


def make(environment: Environment, python: tuple[str, tuple[int, ...]], state: dict[str, str]) -> None:
    """Make a new environment, and write its stamp last; on any failure restore the old one."""
    executable, version = python
    folder, begun = environment.folder, time.time()
    say("Setting up {} with Python {} ({}).".format(folder.name, ".".join(map(str, version)), executable))
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(str(old), ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    try:
        run([executable, "-m", "venv", str(folder)], f"{executable} could not make a virtual environment")
        install_requirements(environment)
        install_project(environment)
    except BaseException:
        shutil.rmtree(str(folder), ignore_errors=True)
        if old.exists():
            old.rename(folder)
        raise
    environment.stamp.write_text(json.dumps(state))
    shutil.rmtree(str(old), ignore_errors=True)
    say(f"Set up in {time.time() - begun:.0f} s.")


def install_requirements(environment: Environment) -> None:
    """Install the hashed requirements, build requirements first: pip would fetch any version of those."""
    isolated: list[str] = []
    if environment.build:
        pip(environment, "--require-hashes", "-r", str(environment.build), count=0)
        isolated = ["--no-build-isolation"]
    count = count_requirements(environment.requirements)
    pip(environment, *isolated, "--require-hashes", "-r", str(environment.requirements), count=count)


def install_project(environment: Environment) -> None:
    """Install the checkout itself, editable, with the setuptools that the requirements pin."""
    if environment.project:
        folder = str(environment.project.parent)
        pip(environment, "--no-deps", "--no-build-isolation", "--editable", folder, count=0)
        # The stand-ins and the demo are not part of the project: a path configuration file adds them.
        for packages in environment.folder.glob("lib/python*/site-packages"):
            (packages / "tests-of-this-checkout.pth").write_text(str(environment.project.parent / "tests") + "\n")


def pip(environment: Environment, *arguments: str, count: int) -> None:
    """Run `pip install`, and show its progress through `count` packages. Raises SetupError."""
    command = [environment.python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    run([*command, *arguments], f"pip could not install what {environment.folder.name} needs", count)


def run(command: list[str], failure: str, count: int = 0) -> None:
    """Run a command, with its output in a log that is kept only if it fails. Raises SetupError."""
    env = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    handle, log = tempfile.mkstemp(prefix="setup-", suffix=".log")
    status = None
    try:
        with os.fdopen(handle, "w+", encoding="utf-8", errors="replace") as file:
            process = subprocess.Popen(  # noqa: S603 - our own commands
                command, env={**env, "PIP_USER": "0"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            for line in progress(process.stdout or (), count if sys.stdout.isatty() else 0):
                file.write(line)
            status = process.wait()
            file.seek(0)
            lines = file.read().strip().splitlines() or [f"exit status {status}"]
    finally:
        if not status:
            Path(log).unlink()
    if status:
        reasons = [line for line in lines if line.startswith("ERROR:")] or lines
        raise SetupError(f"{failure}: {reasons[-1]} (all of it: {log})")


def progress(lines: Iterable[str], count: int) -> Iterator[str]:
    """Yield pip's lines, and show on one line how many of `count` packages it has; 0 shows nothing."""
    done = 0
    for line in lines:
        if count and line.startswith("Collecting "):
            done += 1
            sys.stdout.write("\r  {}/{} {:<40.40}".format(done, count, line.split()[1].split("=")[0]))
        elif count and line.startswith("Installing "):
            sys.stdout.write("\r{:<60}".format("  installing …"))
        sys.stdout.flush()
        yield line
    if count:
        sys.stdout.write("\r{:<60}\r".format(""))


def count_requirements(requirements: Path) -> int:
    """Return the number of pinned packages, those for other platforms included."""
    return len(re.findall(r"(?m)^[A-Za-z0-9][^\s]*==", requirements.read_text(encoding="utf-8")))


def read_stamp(environment: Environment) -> dict[str, str]:
    """Return what an environment was made from, nothing if it was never finished."""
    try:
        stamp = json.loads(environment.stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


# --- which Python ----------------------------------------------------------------------------------------------------


def best_python() -> tuple[str, tuple[int, ...]]:
    """Return the path and version of the best Python. Raises SetupError without Python 3.11 or newer."""
    found: list[tuple[str, tuple[int, ...]]] = []
    preferred = "python{}.{}".format(*PREFERRED)
    for candidate in sorted(candidates(), key=lambda path: preferred not in path.replace("cpython-", "python")):
        version = probe(candidate)
        if version and version[:2] == PREFERRED:
            return candidate, version
        if version and version[:2] >= OLDEST:
            found.append((candidate, version))
    if not found:
        raise SetupError(
            "No Python {}.{} or newer with the venv module was found (this is {}): install Python {}.{} from "
            "https://www.python.org/downloads/ or with your package manager.".format(
                *OLDEST, sys.version.split()[0], *PREFERRED
            )
        )
    return max(found, key=lambda one: rank(one[1]))


def explicit_python(wanted: str) -> tuple[str, tuple[int, ...]]:
    """Return the path and version of the Python that the user named. Raises SetupError."""
    version = probe(wanted)
    if not version or version[:2] < OLDEST:
        raise SetupError("{} is not a Python {}.{} or newer with the venv module.".format(wanted, *OLDEST))
    return wanted, version


def candidates() -> list[str]:
    """Return the paths of possible Pythons: on the path, of the usual version managers, this one; each once."""
    home, env = Path.home(), os.environ
    minors = range(PREFERRED[1] + 3, OLDEST[1] - 1, -1)
    names = ["python{}.{}".format(*PREFERRED), *(f"python3.{minor}" for minor in minors), "python3", "python"]
    inside = str(ROOT / ".venv")  # the environments to replace, if one is activated
    folders = [folder for folder in env.get("PATH", "").split(os.pathsep) if not folder.startswith(inside)]
    found = [shutil.which(name, path=os.pathsep.join(folders)) for name in names]
    managers = [
        (Path(env.get("PYENV_ROOT") or home / ".pyenv") / "versions", "3.*/bin/python3"),
        (Path(env.get("UV_PYTHON_INSTALL_DIR") or home / ".local/share/uv/python"), "cpython-3.*/bin/python3"),
        (Path(env.get("MISE_DATA_DIR") or home / ".local/share/mise") / "installs/python", "3.*/bin/python3"),
        (Path(env.get("ASDF_DATA_DIR") or home / ".asdf") / "installs/python", "3.*/bin/python3"),
        (Path("/opt/homebrew/bin"), "python3.*[0-9]"),
        (Path("/Library/Frameworks/Python.framework/Versions"), "3.*/bin/python3"),
    ]
    managed = [str(path) for folder, pattern in managers for path in sorted(folder.glob(pattern), reverse=True)]
    every = dict.fromkeys(path for path in [*found, *managed, sys.executable] if path)
    return [path for path in every if not path.startswith(inside)]


def probe(python: str) -> tuple[int, ...] | None:
    """Return the version of a Python, None if it does not run or has no venv module."""
    try:
        done = subprocess.run(  # noqa: S603 - a candidate of ours
            [python, "-I", "-c", PROBE], capture_output=True, text=True, timeout=30, check=False
        )
        return tuple(json.loads(done.stdout)) if done.returncode == 0 else None
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def rank(version: tuple[int, ...]) -> tuple[bool, tuple[int, ...]]:
    """Return the key that sorts Pythons: the preferred one, then the newest."""
    return (version[:2] == PREFERRED, version[:2])


# --- Terraform -------------------------------------------------------------------------------------------------------


def check_terraform() -> None:
    """Raise SetupError unless Terraform is installed and new enough."""
    wanted = "{}.{}".format(*OLDEST_TERRAFORM)
    where = "https://developer.hashicorp.com/terraform/install"
    env = {**os.environ, "TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1"}
    try:
        command = ["terraform", "version", "-json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=env)  # noqa: S603
        version = json.loads(done.stdout)["terraform_version"]
    except FileNotFoundError:
        raise SetupError(f"terraform was not found: install Terraform {wanted} or newer, see {where}.") from None
    except (OSError, ValueError, KeyError, subprocess.SubprocessError):
        raise SetupError(f"terraform does not run: install Terraform {wanted} or newer, see {where}.") from None
    if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < OLDEST_TERRAFORM:
        raise SetupError(f"Terraform {version} is too old: install {wanted} or newer, see {where}.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
