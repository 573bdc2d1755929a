"""The pages: links lead somewhere, commands parse, JSON is JSON, and configurations use the address a caller would."""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache
from pathlib import Path

import document
import hcl2
import pytest

from .pages import (
    REMOTE,
    REPOSITORY,
    Configuration,
    anchors,
    attributes,
    code_blocks,
    configurations,
    from_checkout,
    links,
    markdown_pages,
    pages_with_configurations,
)

COMMIT = "0123456789abcdef" * 2 + "01234567"
PAGES = markdown_pages()
NAMES = [str(page.relative_to(REPOSITORY)) for page in PAGES]
MAPS = {"labels", "tags"}  # whose keys are the caller's
UNQUOTED = hcl2.SerializationOptions(strip_string_quotes=True, explicit_blocks=False, with_comments=False)
each_page = pytest.mark.parametrize("page", PAGES, ids=NAMES)
each_page_with_configurations = pytest.mark.parametrize(
    "page", pages_with_configurations(), ids=lambda page: str(page.relative_to(REPOSITORY))
)


def test_the_pages_are_found() -> None:
    assert {"README.md", "CHANGELOG.md", "docs/secrets.md", "docs/multi-account.md", "modules/archive/README.md"} <= {
        *NAMES
    }


@each_page
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    broken = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        if "://" in path or path.startswith("mailto:"):
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@each_page
def test_every_command_parses(page: Path) -> None:
    for block in code_blocks(page, "sh", "bash", "shell"):
        checked = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, f"{block.where}: {checked.stderr}"


@each_page
def test_every_command_starts_python3(page: Path) -> None:
    """`python` is Python 2, or missing, on many systems; in a virtual environment, `.venv/bin/python` is that one."""
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"(?m)(?:^\s*|`|\| )python(?: [\w./-]+)+", text) == []


@each_page
def test_every_json_block_is_json(page: Path) -> None:
    for block in code_blocks(page, "json"):
        assert json.loads(block.text), block.where


@each_page
def test_every_block_says_its_language(page: Path) -> None:
    """What is no code at all is `text`: GitHub colours by it, and the tests here go by it."""
    assert [block.where for block in code_blocks(page) if not block.language] == []


@each_page_with_configurations
def test_configurations_take_the_module_from_its_address(page: Path) -> None:
    for configuration in configurations(page):
        for text in configuration.files.values():
            assert REMOTE not in from_checkout(text, "../..")


@each_page_with_configurations
def test_configurations_set_no_attribute_that_an_input_does_not_have(page: Path) -> None:
    """Terraform would not say: it drops what an object's type does not name."""
    assert [unknown for configuration in configurations(page) for unknown in unknown_attributes(configuration)] == []


def unknown_attributes(configuration: Configuration) -> list[str]:
    """List what the arguments of a configuration's modules name and the inputs' types do not."""
    unknown = []
    folder = "."
    for text in configuration.files.values():
        for module in document.parse(from_checkout(text, ".")):
            if module.kind == "module":
                folder = document.literal(module.attributes.get("source", f'"{folder}"'))  # none in an override
                types = types_of_inputs(folder)
                for name, given in module.attributes.items():
                    has_attributes = name in types and not types[name].startswith("map(")
                    surplus = keys(given) - attributes(types[name]) if has_attributes else set()
                    unknown += [f"{configuration.where}: {name}.{key}" for key in sorted(surplus)]
    return unknown


@cache
def types_of_inputs(folder: str) -> dict[str, str]:
    variables = [block for block in document.read(REPOSITORY / folder) if block.kind == "variable"]
    return {block.labels[0]: block.attributes["type"] for block in variables}


def keys(expression: str) -> set[str]:
    """Give the keys of an object as it is written, at every depth but inside maps."""

    def within(value: object) -> set[str]:
        if isinstance(value, list):
            return set().union(*map(within, value))
        if not isinstance(value, dict):
            return set()
        return set(value).union(*(within(one) for key, one in value.items() if key not in MAPS))

    return within(hcl2.loads(f"value = {expression}\n", serialization_options=UNQUOTED)["value"])


def test_an_attribute_that_no_input_has_is_noticed() -> None:
    assert keys('{ name = "x", labels = { a = "b" }, deep = [{ days = 1 }] }') == {"name", "labels", "deep", "days"}
    assert keys("var.tags") == set()
    whole = f'module "a" {{\n  source = "{REMOTE}?ref=v0.1.0"\n  zoom   = {{ page_sise = 1 }}\n}}\n'
    part = 'module "a" {\n  secret = { recovery_window = 0 }\n}\n'
    assert unknown_attributes(Configuration("page:1", {"main.tf": whole, "changed_override.tf": part})) == [
        "page:1: zoom.page_sise",
        "page:1: secret.recovery_window",
    ]


def test_the_address_is_swapped_for_the_checkout() -> None:
    assert from_checkout(f'source  = "{REMOTE}?ref=v0.1.0"', "../..") == 'source  = "../../"'
    assert from_checkout(f'source = "{REMOTE}//modules/archive?ref={COMMIT}"', "..") == 'source = "../modules/archive"'
    for wrong in ("../..", f"{REMOTE}?ref=main", REMOTE, f"{REMOTE}//modules/nothing/here?ref=v0.1.0"):
        with pytest.raises(ValueError, match="is not an address"):
            from_checkout(f'source = "{wrong}"', "../..")


def test_anchors_are_githubs(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A `b_c` d: e, f!\n\n```sh\n# no heading\n```\n\n## A [link](x.md)\n\n## Twice\n\n## Twice\n")
    assert anchors(page) == {"a-b_c-d-e-f", "a-link", "twice", "twice-1"}


def test_blocks_are_put_together(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    whole = 'module "a" {\n  source = "x"\n}\n'
    page.write_text(
        f"```hcl\n{whole}```\n\n1. Then\n\n   ```hcl\n   zoom = {{ page_size = 1 }}\n   ```\n\n"
        '```hcl\nlocals {\n}\n```\n\n```hcl\nremoved {\n}\n```\n\n```hcl\noutput "o" {\n}\n```\n'
    )
    found = [configuration.files for configuration in configurations(page)]
    assert found == [
        {"main.tf": whole},
        {"main.tf": whole, "changed_override.tf": 'module "a" {\n  zoom = { page_size = 1 }\n}\n'},
        {"main.tf": whole, "beside.tf": "locals {\n}\n"},
        {"main.tf": "removed {\n}\n"},
        {"main.tf": whole, "beside.tf": 'output "o" {\n}\n'},
    ]
