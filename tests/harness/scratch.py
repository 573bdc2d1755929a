"""A scratch copy of the repository, ready for Terraform, so that no demo or test changes a checkout."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from .provider_mirrors import choose_provider, provider_constraint, provider_environ, registry_answers
from .terraform import Say, Terraform, TerraformError, terraform_platform

if TYPE_CHECKING:
    from collections.abc import Mapping

COPIED_FOLDERS = ("modules", "lambda", "examples", "tests/fixtures")
COPIED_TESTS = ("*.tf", "*.tftest.hcl", "*.tfmock.hcl")
LEFT_BEHIND = (
    ".terraform",
    ".terraform.lock.hcl",
    "*.tfstate",
    "*.tfstate.*",
    "*.tfplan",
    "*.auto.tfvars",
    "terraform.tfvars",
    "override.tf",
    "*_override.tf",
    "__pycache__",
)


def prepare(
    repository: Path,
    scratch: Path,
    env: Mapping[str, str],
    *,
    folder: str = "examples/minimal",
    standin: bool = True,
    say: Say | None = None,
) -> Terraform:
    """Copy the repository into the folder `scratch` and return a Terraform for `folder` in it, ready for `init()`.

    It finds the AWS provider, says in one line where, and pins its version. With `standin`, it configures the provider
    for the stand-in for AWS, which has its address in `env`.
    Raises TerraformError when Terraform is missing or too old, or when there is no provider.
    """
    platform = terraform_platform(env)
    workdir = copy_for_terraform(repository, scratch) / folder
    if not any(workdir.glob("*.tf")):
        raise TerraformError(f"{repository / folder} has no Terraform configuration: give a folder with .tf files.")
    choice = choose_provider(
        env,
        home=Path.home(),
        platform=platform,
        constraint=provider_constraint(repository),
        registry_answers=registry_answers,
    )
    if say:
        say(choice.says)
    write_overrides(workdir, version=choice.version, standin=standin)
    return Terraform(workdir, provider_environ(env, choice, scratch), say)


def copy_for_terraform(repository: Path, scratch: Path) -> Path:
    """Copy what Terraform reads into `scratch`, in the same layout, so that relative module sources work.

    The user's state, caches, overrides and variable files are not copied. Returns `scratch`.
    """
    ignore = shutil.ignore_patterns(*LEFT_BEHIND)
    root = [file.name for file in repository.glob("*.tf")]
    tests = [file for pattern in COPIED_TESTS for file in (repository / "tests").rglob(pattern)]
    files = [repository / name for name in set(root) - ignore(str(repository), root)]
    for name in COPIED_FOLDERS:
        if (repository / name).is_dir():
            shutil.copytree(repository / name, scratch / name, ignore=ignore, dirs_exist_ok=True)
    for file in [*files, *tests]:
        target = scratch / file.relative_to(repository)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, target)
    return scratch


def write_overrides(workdir: Path, *, version: str | None = None, standin: bool = False) -> Path:
    """Write `standin_override.tf`, which pins the provider's version and configures it for the stand-in.

    The endpoint comes from AWS_ENDPOINT_URL, so the example's own blocks stay as a reader copies them.
    """
    blocks = []
    if version:
        required = f'aws = {{\n      source  = "hashicorp/aws"\n      version = "{version}"\n    }}'
        blocks.append(f"terraform {{\n  required_providers {{\n    {required}\n  }}\n}}\n")
    for alias in provider_aliases(workdir) if standin else []:
        settings = {
            # Enough for the connections that a busy machine drops. An error of the stand-in still shows within seconds.
            **({"alias": f'"{alias}"'} if alias else {}),
            "max_retries": "5",
            "s3_use_path_style": "true",
            "skip_credentials_validation": "true",
            "skip_metadata_api_check": "true",
        }
        lines = [f"  {name:<{max(map(len, settings))}} = {value}\n" for name, value in settings.items()]
        blocks.append(f'provider "aws" {{\n{"".join(lines)}}}\n')
    file = workdir / "standin_override.tf"
    file.write_text("\n".join(blocks), encoding="utf-8")
    return file


def provider_aliases(workdir: Path) -> list[str]:
    """List the aliases of a configuration's `provider "aws"` blocks, '' for one without."""
    files = [file for file in sorted(workdir.glob("*.tf")) if not file.name.endswith("_override.tf")]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    blocks = re.findall(r'(?ms)^provider "aws" \{([^\n]*\}|.*?^\})', text)
    aliases = [re.search(r'\balias\s*=\s*"([^"]+)"', block) for block in blocks]
    return [alias[1] if alias else "" for alias in aliases]
