"""What the pages tell a reader to write is valid to Terraform, each block for itself.

One configuration calls every block as a module of its own, so that Terraform is started once for all of them. What only
a root may hold stands there: `import` blocks, and the inputs that a reader gives. One thing is not judged that way: an
output of a sensitive value must say so. No output of the modules is sensitive.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import document
import pytest
from lark.exceptions import LarkError
from standins.running_provider import running_provider
from zoomlogs.scratch import prepare
from zoomlogs.terraform import Terraform, TerraformError

from .pages import REPOSITORY, Configuration, configurations, pages_with_configurations, write

ALL = [configuration for page in pages_with_configurations() for configuration in configurations(page)]
IMPORT = re.compile(r"^import \{\n.*?^\}\n", re.MULTILINE | re.DOTALL)
ADDRESS = re.compile(r"^( *to\s*=\s*)", re.MULTILINE)
MODULES = ".terraform/modules/modules.json"
NUMBER = re.compile(r"\bpage_(\d+)\b")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terraform]:
    """Give a Terraform for a folder of pages in a copy of the checkout, with the provider already running."""
    scratch = tmp_path_factory.mktemp("checkout")
    (scratch / "pages").mkdir()
    (scratch / "pages" / "pages.tf").touch()
    terraform = prepare(REPOSITORY, scratch, os.environ, folder="pages", standin=False)
    terraform.init()
    with running_provider(terraform):
        yield terraform


@pytest.fixture(scope="module")
def found(pages: Terraform) -> dict[int, list[str]]:
    return judge(pages, ALL)


@pytest.mark.parametrize("number", range(len(ALL)), ids=[configuration.where for configuration in ALL])
def test_terraform_finds_it_valid(number: int, found: dict[int, list[str]]) -> None:
    assert found[number] == [], ALL[number].where


def judge(pages: Terraform, given: Sequence[Configuration]) -> dict[int, list[str]]:
    """Give what Terraform says against each configuration, by its number; [] for one that it read and found valid.

    An error in one may keep Terraform from reading the others: those are read again without it.
    """
    found: dict[int, list[str]] = {}
    while len(found) < len(given):
        left = {number: one for number, one in enumerate(given) if number not in found}
        said = by_page(said_against(pages, left))
        found |= said or {number: [] for number in called(pages.workdir)}
        if not said:
            assert found.keys() == set(range(len(given))), "Terraform did not read every configuration"
    return found


def said_against(pages: Terraform, left: Mapping[int, Configuration]) -> list[str]:
    """List Terraform's errors, or else its warnings, about these configurations."""
    for old in [*pages.workdir.glob("page_*.tf"), *pages.workdir.glob(MODULES)]:
        old.unlink()
    for number, one in left.items():
        name = f"page_{number}"
        files = {file: IMPORT.sub("", text) for file, text in one.files.items()}
        write(files, pages.workdir / name)
        (pages.workdir / f"{name}.tf").write_text("".join(calling(name, one.files)))
    try:
        pages.init()
        return pages.validate()
    except TerraformError as error:
        return str(error).splitlines()


def calling(name: str, files: Mapping[str, str]) -> Iterator[str]:
    """Give what the root says to call a page's configuration."""
    inputs = [block for text in files.values() for block in parsed(text) if block.kind == "variable"]
    arguments = "".join(f"  {one.labels[0]} = var.{name}_{one.labels[0]}\n" for one in inputs)
    yield f'module "{name}" {{\n  source = "./{name}"\n{arguments}}}\n'
    for one in inputs:
        said = "".join(f"  {attribute} = {value}\n" for attribute, value in one.attributes.items())
        yield f'variable "{name}_{one.labels[0]}" {{\n{said}}}\n'
    for text in files.values():
        yield from (ADDRESS.sub(rf"\1module.{name}.", found) for found in IMPORT.findall(text))


def parsed(text: str) -> list[document.Block]:
    """Parse a file; one that is no HCL has no blocks here, and Terraform says where it is wrong."""
    try:
        return document.parse(text)
    except LarkError:
        return []


def by_page(said: Sequence[str]) -> dict[int, list[str]]:
    """Sort what Terraform says by the page that it names; raise AssertionError where it names none."""
    found: dict[int, list[str]] = {}
    for line in said:
        number = NUMBER.search(line)
        assert number, f"Of no page: {line}"
        found.setdefault(int(number[1]), []).append(line)
    return found


def called(folder: Path) -> list[int]:
    """List the pages that Terraform has read as modules of the root, as it notes them itself."""
    modules = json.loads((folder / MODULES).read_text())["Modules"]
    return [int(number[1]) for one in modules if (number := NUMBER.fullmatch(one["Key"]))]


def test_each_is_judged_alone(pages: Terraform) -> None:
    """One is right, and each of the others wrong in a way that Terraform notices at another time."""
    whole = configurations(REPOSITORY / "docs/upgrading.md")[0].files["main.tf"]
    wrong = {
        "no HCL": {"main.tf": whole.replace("{", "", 1)},
        "no such argument": {"main.tf": whole.replace("bucket_name", "bucket_nam")},
        "no such type": {"changed_override.tf": 'module "zoom_operation_logs" {\n  bucket_name = [3]\n}\n'},
        "no such output": {"beside.tf": 'output "none" {\n  value = module.zoom_operation_logs.none\n}\n'},
        "no such address": {"beside.tf": 'import {\n  to = module.none.aws_s3_bucket.archive[0]\n  id = "none"\n}\n'},
    }
    given = [Configuration(name, {"main.tf": whole} | files) for name, files in {"right": {}, **wrong}.items()]
    found = judge(pages, given)
    assert {given[number].where for number, said in found.items() if said} == wrong.keys()
