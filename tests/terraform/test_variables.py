"""The variables: their number, their documented defaults, and that submodules have no defaults."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_zones
from describe_module import describe
from document import Block, parse
from zoom_operationlogs.errors import SettingsError
from zoom_operationlogs.settings import Settings

from terraform.inputs import cases

REPOSITORY = Path(__file__).resolve().parents[2]
VARIABLES = [one for one in parse((REPOSITORY / "variables.tf").read_text(encoding="utf-8")) if one.kind == "variable"]
INTERNAL = ("archive", "collector", "monitoring", "secops_reader")
MOST = 80
"""More options than this are too many to read. The names count as one: only an adoption needs them."""


def leaves(shape: Any) -> int:
    """Count the settable values, by the shapes in module.json."""
    if not shape:
        return 1
    return leaves(shape["each"]) if "each" in shape else sum(leaves(one) for one in shape["keys"].values())


def test_the_options_are_few() -> None:
    inputs = describe(REPOSITORY)["inputs"]
    assert sum(leaves(shape) for name, shape in inputs.items() if name != "names") + 1 <= MOST


def defaults(block: Block) -> Iterator[tuple[str, str]]:
    """Yield the optional attributes of a variable's type, such as `vpc.https_proxy`, with their defaults."""
    within: list[str] = []
    for line in block.attributes["type"].splitlines():
        name, _, value = (part.strip() for part in line.partition("="))
        if line.strip().startswith("}"):
            path = ".".join(within)
            if within and ")" in line and line.strip() != "})":
                yield path, (re.fullmatch(r"\}\)+(?:, (.*)\))?", line.strip()) or ["", ""])[1] or "null"
            within = within[:-1]
        elif value.endswith("object({"):
            within.append(name)
        elif found := re.fullmatch(r"optional\((.*)\)", value):
            inner = re.fullmatch(r"(.*\)|\w+)(?:, (.*))?", found[1])
            assert inner, line
            yield ".".join([*within, name]), inner[2] or "null"


@pytest.mark.parametrize("block", VARIABLES, ids=lambda block: block.labels[0])
def test_an_options_line_has_its_default(block: Block) -> None:
    """The description of an object has a line for each option; that of another variable says its default."""
    said = block.attributes["description"]
    lines = dict(re.findall(r"(?m)^ *- `([\w.]+)`: (.*)$", said))
    for option, default in defaults(block):
        assert re.findall(r"Default: `(.*?)`", lines[option].replace('\\"', '"')) == [default], option
    if "default" in block.attributes and not lines:
        assert re.findall(r"Default: `(.*?)`", said.replace('\\"', '"')) == [block.attributes["default"]]


def test_the_defaults_of_a_type_are_found() -> None:
    text = """variable "one" {
  type = object({
    plain = string
    text  = optional(string, "a, b")
    none  = optional(map(string))
    list  = optional(list(string), [])
    one   = optional(object({ arn = string }))
    many = optional(list(object({
      days = number
    })), [])
    vpc = optional(object({
      ids  = list(string)
      path = optional(string, "/opt")
      deep = optional(object({
        key = optional(bool, false)
      }))
    }))
  })
}
"""
    assert dict(defaults(parse(text)[0])) == {
        "text": '"a, b"', "none": "null", "list": "[]", "one": "null", "many": "[]", "vpc": "null",
        "vpc.path": '"/opt"', "vpc.deep": "null", "vpc.deep.key": "false",
    }  # fmt: skip


@pytest.mark.parametrize("module", INTERNAL)
def test_a_submodule_has_no_defaults_and_no_rules(module: str) -> None:
    folder = REPOSITORY / "modules" / module
    text = (folder / "variables.tf").read_text(encoding="utf-8")
    assert not re.findall(r"(?m)^ +(?:default|nullable) |validation \{|optional\(", text)
    assert "This submodule is internal" in (folder / "README.md").read_text(encoding="utf-8")


def addresses() -> Iterator[tuple[str, bool, dict[str, str]]]:
    """Yield the cases about Zoom's addresses: name, whether the module accepts them, and the function's variables."""
    for case in cases():
        zoom = case.inputs.get("zoom") or {}
        if not {"oauth_url", "api_url"} & zoom.keys() or (
            case.sentence and "zoom.us or zoomgov.com" not in case.sentence and "must end with" not in case.sentence
        ):
            continue
        yield (
            case.name,
            not case.sentence or case.name == "address with a trailing slash",  # which the collector removes
            {
                "S3_BUCKET": "logs",
                "ZOOM_SECRET_ID": "zoom",
                "ZOOM_OAUTH_URL": zoom.get("oauth_url", ""),
                "ZOOM_API_URL": zoom.get("api_url", ""),
                "ZOOM_ALLOW_OTHER_HOSTS": str(zoom.get("allow_other_hosts", False)),
            },
        )


@pytest.mark.parametrize(("right", "environ"), [one[1:] for one in addresses()], ids=[one[0] for one in addresses()])
def test_the_collector_accepts_the_addresses_that_the_module_accepts(right: bool, environ: dict[str, str]) -> None:
    if right:
        assert Settings.from_environ(environ)
    else:
        with pytest.raises(SettingsError, match=r"^ZOOM_(OAUTH|API)_URL is "):
            Settings.from_environ(environ)


def test_the_time_zones_are_those_of_the_database() -> None:
    assert (REPOSITORY / "time_zones.tf").read_text(encoding="utf-8") == time_zones.text(), "run `make docs`"
