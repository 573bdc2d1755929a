"""Where Terraform gets the AWS provider from, with or without access to its registry.

In this order: as the user's CLI configuration says; the registry; an implied mirror folder, which Terraform finds by
itself; a mirror in one of the usual places, which a CLI configuration of the demo then names.
Source of the folder layouts and of the implied mirrors: Terraform's "CLI configuration: provider installation".
"""

from __future__ import annotations

import json
import os
import re
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from .terraform import TerraformError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

REGISTRY = "registry.terraform.io"
DISCOVERY_URL = f"https://{REGISTRY}/.well-known/terraform.json"
PROBE_SECONDS = 5
SEARCH_SECONDS = 10.0
SEARCH_DEPTH = 6
TESTED_VERSION = "5.100.0"
"""The version of the AWS provider that the stand-in for AWS is tested with; preferred where there is a choice."""

_SKIPPED_FOLDERS = {"node_modules", "__pycache__", ".git", "site-packages", "proc", "sys", "dev"}


@dataclass(frozen=True)
class Mirror:
    """A filesystem mirror: `folder` has `registry.terraform.io/hashicorp/aws/…` in a suitable `version`."""

    folder: Path
    version: str


@dataclass(frozen=True)
class Choice:
    """Where the provider comes from: one line for the user, and the settings for Terraform.

    `mirror` is a folder that the CLI configuration must name (None: Terraform needs no such setting); `version` is the
    version to pin (None: unknown); `cli_config` is the user's own configuration file, which stays in force.
    """

    says: str
    version: str | None = None
    mirror: Path | None = None
    cli_config: Path | None = None


def choose_provider(
    environ: Mapping[str, str],
    *,
    home: Path,
    platform: str,
    constraint: str,
    registry_answers: Callable[[], bool],
    places: Iterable[Path] | None = None,
    implied: Iterable[Path] | None = None,
    search_seconds: float = SEARCH_SECONDS,
) -> Choice:
    """Decide where the AWS provider comes from.

    `platform` is Terraform's name of it (`linux_amd64`); `constraint` the module's version constraint; `places` and
    `implied` default to the usual and to Terraform's own folders for this environment and home.
    Raises TerraformError, with what to do, when there is no provider.
    """
    configs = user_cli_configs(environ, home)
    own = next((config for config in configs if sets_provider_installation(_text(config))), None)
    if own:
        version = _version_named_by(_text(own), platform, constraint)
        return Choice(f"Using the AWS provider as {own} says.", version, cli_config=_explicit(environ))
    if registry_answers():
        return Choice("Using the AWS provider from the Terraform registry.", TESTED_VERSION, None, _explicit(environ))
    for folder in implied_mirrors(environ, home, platform) if implied is None else implied:
        if version := best_version(_versions_in(folder, platform), constraint):
            return Choice(_found(version, folder), version, None, _explicit(environ))
    cache = [Path(found) for config in configs for found in _paths_of("plugin_cache_dir", _text(config))]
    roots = [*cache, *(usual_places(environ, home) if places is None else places)]
    if mirror := find_mirror(roots, platform, constraint, seconds=search_seconds):
        return Choice(_found(mirror.version, mirror.folder), mirror.version, mirror.folder)
    raise TerraformError(
        f"The Terraform registry is out of reach and no AWS provider {constraint} for {platform} is on this machine: "
        f"allow https://{REGISTRY} in the firewall or proxy, or set TF_PLUGIN_CACHE_DIR to a folder that contains "
        f"{REGISTRY}/hashicorp/aws."
    )


def _found(version: str, folder: Path) -> str:
    return f"Terraform registry out of reach: using the AWS provider {version} found in {folder}."


def provider_environ(environ: Mapping[str, str], choice: Choice, folder: Path) -> dict[str, str]:
    """Write a CLI configuration into `folder` if the choice needs one, and return the environment for it.

    A TF_CLI_CONFIG_FILE or TF_PLUGIN_CACHE_DIR that does not exist is removed: Terraform warns about the first at each
    command, and refuses the second.
    """
    env = {name: value for name, value in environ.items() if name not in ("TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG")}
    if choice.mirror is not None:
        env.pop("TF_PLUGIN_CACHE_DIR", None)  # Terraform links to a mirror and copies nothing from it
        config = folder / "cli-config.tfrc"
        config.write_text(cli_config(choice.mirror), encoding="utf-8")
        return env | {"TF_CLI_CONFIG_FILE": str(config)}
    if not Path(env.get("TF_PLUGIN_CACHE_DIR", "")).is_dir():
        env.pop("TF_PLUGIN_CACHE_DIR", None)
    return env | ({"TF_CLI_CONFIG_FILE": str(choice.cli_config)} if choice.cli_config else {})


def cli_config(mirror: Path) -> str:
    """Return the CLI configuration with which Terraform takes its providers from `mirror`."""
    path = json.dumps(mirror.as_posix(), ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
    return f"provider_installation {{\n  filesystem_mirror {{\n    path = {path}\n  }}\n}}\n"


def registry_answers(seconds: float = PROBE_SECONDS) -> bool:
    """Return whether the registry sends its service discovery document; a proxy's own page is no answer."""
    try:
        response = requests.get(DISCOVERY_URL, timeout=seconds)
        return response.ok and "providers.v1" in response.json()
    except (requests.RequestException, ValueError):
        return False


# --- the user's CLI configuration ------------------------------------------------------------------------------------


def user_cli_configs(environ: Mapping[str, str], home: Path) -> list[Path]:
    """Return the existing CLI configuration files that Terraform reads.

    TF_CLI_CONFIG_FILE replaces all others, if that file exists.
    """
    if explicit := _explicit(environ):
        return [explicit]
    appdata = environ.get("APPDATA")
    candidates = [home / ".terraformrc", *([Path(appdata) / "terraform.rc"] if appdata else [])]
    folders = [home / ".terraform.d", *([Path(appdata) / "terraform.d"] if appdata else [])]
    candidates += [file for folder in folders for pattern in ("*.tfrc", "*.tfrc.json") for file in folder.glob(pattern)]
    return [file for file in candidates if file.is_file()]


def _explicit(environ: Mapping[str, str]) -> Path | None:
    named = environ.get("TF_CLI_CONFIG_FILE") or environ.get("TERRAFORM_CONFIG")
    return Path(named) if named and Path(named).is_file() else None


def sets_provider_installation(config: str) -> bool:
    """Return whether a CLI configuration, HCL or JSON, says where providers come from."""
    return re.search(r'(^|[\s{,])"?provider_installation"?\s*[:{]', _uncommented(config)) is not None


def _version_named_by(config: str, platform: str, constraint: str) -> str | None:
    """Return the version to pin with the user's own configuration.

    This is the version in its folders; if it allows downloads, the tested version; else None.
    """
    folders = [Path(folder).expanduser() for folder in _paths_of("path", config)]
    held = [version for folder in folders for version in _versions_in(folder, platform)]
    if version := best_version(held, constraint):
        return version
    return TESTED_VERSION if re.search(r"\b(direct|network_mirror)\b", _uncommented(config)) else None


def _paths_of(name: str, config: str) -> list[str]:
    setting = rf'(?:^|[\s{{,])"?{name}"?\s*[:=]\s*"((?:[^"\\]|\\.)*)"'
    return [path.replace("\\\\", "\\") for path in re.findall(setting, _uncommented(config))]


def _uncommented(config: str) -> str:
    return re.sub(r"(?m)^\s*(#|//).*$", "", config)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


# --- folders ---------------------------------------------------------------------------------------------------------


def implied_mirrors(environ: Mapping[str, str], home: Path, platform: str) -> list[Path]:
    """Return the folders that Terraform searches when nothing configures provider installation."""
    if platform.startswith("windows"):
        appdata = Path(environ.get("APPDATA") or home / "AppData" / "Roaming")
        return [appdata / "terraform.d" / "plugins", appdata / "HashiCorp" / "Terraform" / "plugins"]
    plugins = [home / ".terraform.d" / "plugins"]
    if platform.startswith("darwin"):
        support = Path("Library", "Application Support", "io.terraform", "plugins")
        return [*plugins, home / support, "/" / support]
    data_home = environ.get("XDG_DATA_HOME") or home / ".local" / "share"
    data_dirs = (environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    return [*plugins, *(Path(folder) / "terraform" / "plugins" for folder in [data_home, *filter(None, data_dirs)])]


def usual_places(environ: Mapping[str, str], home: Path) -> list[Path]:
    """Return where people keep provider mirrors and caches, the most likely first."""
    named = [Path(environ["TF_PLUGIN_CACHE_DIR"])] if environ.get("TF_PLUGIN_CACHE_DIR") else []
    system = [Path("/", *parts) for parts in (("opt",), ("usr", "local"), ("usr", "share"), ("usr", "lib"))]
    system += [Path("/", *parts) for parts in (("var", "lib"), ("var", "cache"), ("srv",), ("mnt",))]
    return [*named, Path("terraform.d", "plugins").absolute(), home, *system]


def find_mirror(
    places: Iterable[Path],
    platform: str,
    constraint: str,
    *,
    depth: int = SEARCH_DEPTH,
    seconds: float = SEARCH_SECONDS,
) -> Mirror | None:
    """Search folders, the upper ones first, for a mirror with a suitable AWS provider for `platform`.

    It searches at most `depth` levels below each place, and for at most `seconds`.
    """
    deadline = time.monotonic() + seconds
    queue = deque((place, 0) for place in dict.fromkeys(places))
    seen: set[Path] = set()
    while queue and time.monotonic() < deadline:
        folder, level = queue.popleft()
        if folder in seen:
            continue
        seen.add(folder)
        if version := best_version(_versions_in(folder, platform), constraint):
            return Mirror(folder, version)
        if level < depth:
            queue.extend((child, level + 1) for child in _subfolders(folder))
    return None


def _subfolders(folder: Path) -> Iterator[Path]:
    """Yield the folders to search. Links are not followed, and unreadable folders are skipped."""
    try:
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda one: one.name):
                if entry.name not in _SKIPPED_FOLDERS and entry.is_dir(follow_symlinks=False):
                    yield Path(entry.path)
    except OSError:
        return


def _versions_in(mirror: Path, platform: str) -> list[str]:
    """Return the versions in a mirror for a platform: `VERSION/PLATFORM/` unpacked, `…_VERSION_PLATFORM.zip` packed."""
    folder = mirror / REGISTRY / "hashicorp" / "aws"
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    packed = re.compile(rf"terraform-provider-aws_(.+)_{re.escape(platform)}\.zip")
    zips = [match[1] for name in names if (match := packed.fullmatch(name))]
    return zips + [name for name in names if (folder / name / platform).is_dir()]


# --- versions --------------------------------------------------------------------------------------------------------


def best_version(versions: Iterable[str], constraint: str) -> str | None:
    """Return the tested version if it meets the constraint, else the newest that does."""
    fitting = [version for version in versions if satisfies(version, constraint)]
    if TESTED_VERSION in fitting:
        return TESTED_VERSION
    return max(fitting, key=_numbers, default=None)


def satisfies(version: str, constraint: str) -> bool:
    """Return whether a version meets a Terraform constraint such as `>= 5.100, < 7.0`; pre-releases never do."""
    if not re.fullmatch(r"\d+(\.\d+){0,2}", version):
        return False
    return all(_meets(_numbers(version), term.strip()) for term in constraint.split(",") if term.strip())


def _meets(version: tuple[int, ...], term: str) -> bool:
    match = re.fullmatch(r"(=|!=|>=|<=|>|<|~>)?\s*v?(\d+(?:\.\d+){0,2})", term)
    if match is None:
        raise TerraformError(f"The version constraint {term!r} is not valid in Terraform: write it like >= 5.100.")
    operator, wanted = match[1] or "=", _numbers(match[2])
    if operator == "~>":
        fixed = match[2].split(".")[:-1]
        return version >= wanted and list(version[: len(fixed)]) == [int(part) for part in fixed]
    return {
        "=": version == wanted,
        "!=": version != wanted,
        ">=": version >= wanted,
        "<=": version <= wanted,
        ">": version > wanted,
        "<": version < wanted,
    }[operator]


def _numbers(version: str) -> tuple[int, ...]:
    parts = [int(part) for part in version.split(".")]
    return tuple(parts + [0] * (3 - len(parts)))


def provider_constraint(folder: Path) -> str:
    """Return the AWS provider's version constraint in the .tf files of a folder, '' if there is none."""
    for file in sorted(folder.glob("*.tf")):
        if match := re.search(r'\baws\s*=\s*\{[^}]*?\bversion\s*=\s*"([^"]*)"', _uncommented(_text(file))):
            return match[1]
    return ""
