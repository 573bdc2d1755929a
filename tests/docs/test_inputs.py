"""docs/inputs.md: current, with each option, its type and its default on a line."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import document
import pytest
from describe_module import shape
from terraform.test_variables import defaults

from .pages import REPOSITORY, attributes

PAGE = REPOSITORY / document.PAGE
TEXT = PAGE.read_text(encoding="utf-8")
LINE = re.compile(
    r"^- `(?P<name>[\w.]+)` \(`(?P<type>[^`]+)`, (?:required|default `(?P<default>[^`]*)`)\): .+\.$", re.MULTILINE
)
MODULES = [REPOSITORY, *sorted(file.parent for file in REPOSITORY.glob("modules/*/main.tf"))]
MODULE_NAMES = [str(folder.relative_to(REPOSITORY)) for folder in MODULES]
VARIABLES = [
    pytest.param(block, folder, id=f"{folder}{block.labels[0]}")
    for folder in document.MODULES
    for block in document.read(REPOSITORY / folder)
    if block.kind == "variable"
]


def lines(folder: str, name: str) -> dict[str, re.Match[str]]:
    """Give the lines of an input, by their names within it: "" for the input itself, `vpc.path` for an option."""
    [whole] = re.findall(rf"(?ms)^## Inputs{f' of {folder}' if folder else ''}\n(.*?)^## Outputs", TEXT)
    flat, *sections = re.split(r"(?m)^### (\w+)\n", whole)
    options = dict(zip(sections[::2], sections[1::2], strict=True)).get(name)
    if options is None:
        [found] = [found for found in LINE.finditer(flat) if found["name"] == name]
        return {"": found}
    return {found["name"]: found for found in LINE.finditer(options)}


def leaves(found: Any, within: str = "") -> Iterator[str]:
    """Yield the paths of the values that can be given, by the shapes of the plan gate."""
    if not found:
        yield within
    elif "each" in found:
        yield from leaves(found["each"], within)
    else:
        for key, inner in found["keys"].items():
            yield from leaves(inner, f"{within}.{key}".removeprefix("."))


def test_the_page_is_current() -> None:
    assert document.updated(TEXT, REPOSITORY) == TEXT, "run `make docs` and commit it"


@pytest.mark.parametrize(("block", "folder"), VARIABLES)
def test_every_option_has_a_line_or_is_in_the_type_of_one(block: document.Block, folder: str) -> None:
    """`lock.days` is in the line of `lock`, and `vpc.https_proxy` has its own."""
    found = lines(folder, block.labels[0])
    assert found
    for leaf in leaves(shape(block.attributes["type"])):
        name = leaf
        while name not in found:
            assert name, f"{block.labels[0]}.{leaf} has no line"
            name = name.rpartition(".")[0]
        for key in leaf.removeprefix(name).strip(".").split("."):
            assert not key or re.search(rf"\b{key} = ", found[name]["type"]), f"{leaf} is not in the type of {name}"


@pytest.mark.parametrize(("block", "folder"), VARIABLES)
def test_every_line_has_its_default(block: document.Block, folder: str) -> None:
    written = dict(defaults(block))
    for name, found in lines(folder, block.labels[0]).items():
        if name:
            assert found["default"] == written.get(name), name
        else:
            assert (found["default"] is None) == ("default" not in block.attributes)


def test_a_changed_option_makes_the_page_stale_until_renewed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in document.MODULES:
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        for file in (REPOSITORY / folder).glob("*.tf"):
            shutil.copy2(file, tmp_path / folder)
    page = tmp_path / document.PAGE
    page.parent.mkdir()
    page.write_text(TEXT)
    variables = tmp_path / "variables.tf"
    variables.write_text(variables.read_text().replace("optional(number, 512)", "optional(number, 1024)"))
    check, renew = ["--check", "--root", str(tmp_path)], ["--root", str(tmp_path)]

    assert document.main(check) == 1
    assert capsys.readouterr().out == "docs/inputs.md is stale: run `make docs` and commit it.\n"
    assert document.main(renew) == 0
    assert document.main(check) == 0
    assert "- `memory_mb` (`number`, default `1024`): memory in MB" in page.read_text()

    page.write_text(TEXT.replace(document.END, ""))
    assert document.main(renew) == 1
    assert "docs/inputs.md: it needs the lines" in capsys.readouterr().err


DEEP = """
variable "deep" {
  type = object({
    plain = list(string) # a comment
    many  = optional(list(object({ days = number, of = optional(string, "a, b") })), [])
    vpc = optional(object({
      ids = any
      ca  = optional(object({ a = any, path = optional(string, "/opt") }))
    }))
  })
  description = <<-EOT
    What | it is.
    - `plain`: one. See docs/cli.md.
    - `many`: two. Default: `[]`.
    - `vpc`: 3. Default: `null`, x.
    - `vpc.ca.path`: four. Default: `"/opt"`.
  EOT
}
"""


def test_a_type_of_every_depth() -> None:
    [block] = document.parse(DEEP)
    assert list(document.lines_of_options(block)) == [
        "- `plain` (`list(string)`, required): one. See [cli.md](cli.md).",
        '- `many` (`list(object({ days = number, of = optional(string, "a, b") }))`, default `[]`): two.',
        "- `vpc` (`object({ ids = any, ca = optional(object({ a = any })) })`, default `null`): 3. Default: `null`, x.",
        '- `vpc.ca.path` (`string`, default `"/opt"`): four.',
    ]


def test_a_line_about_an_option_that_the_type_lacks_is_refused() -> None:
    [block] = document.parse(DEEP.replace("`many`", "`few`"))
    with pytest.raises(document.DocumentError, match="deep has no such options as its description: few"):
        list(document.lines_of_options(block))


def test_a_default_that_is_no_constant_is_refused() -> None:
    with pytest.raises(document.DocumentError, match="cannot show the expression"):
        document.literal("[local.x]")


@pytest.mark.parametrize("folder", MODULES, ids=MODULE_NAMES)
def test_every_input_and_output_says_what_it_is(folder: Path) -> None:
    described = [block for block in document.read(folder) if block.kind in ("variable", "output")]
    assert {block.kind for block in described} == {"variable", "output"}
    assert [block.labels[0] for block in described if not document.prose(block).rstrip().endswith(".")] == []


@pytest.mark.parametrize("folder", MODULES, ids=MODULE_NAMES)
def test_inputs_and_outputs_have_their_arguments_in_the_usual_order(folder: Path) -> None:
    order = {
        "variable": ["type", "description", "default", "nullable", "ephemeral", "sensitive"],
        "output": ["description", "value", "sensitive", "depends_on"],
    }
    for file in folder.glob("*.tf"):
        for block in document.parse(file.read_text()):
            if block.kind in order:
                known = [name for name in order[block.kind] if name in block.attributes]
                assert list(block.attributes) == known, f"{file.name}: {block.kind} {block.labels[0]}"
                assert file.name == f"{block.kind}s.tf"


def test_the_attributes_of_a_type_are_found_at_every_depth() -> None:
    [kind] = [block.values[0].attributes["type"] for block in VARIABLES if block.id == "secret"]
    assert attributes(kind) == {"existing", "arn", "kms_key", "credentials_version", "recovery_window_days"}


@pytest.mark.parametrize(("block", "folder"), VARIABLES)
def test_every_attribute_of_an_input_is_described(block: document.Block, folder: str) -> None:
    described = set(re.findall(r"`(?:[\w.]+\.)?(\w+)`", document.prose(block)))
    assert attributes(block.attributes["type"]) - described == set()
