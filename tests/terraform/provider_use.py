"""Compares the module's and the examples' use of the AWS provider with the versions that they allow.

The facts about the versions are in aws_provider.json: version → type → facts. `python tests/terraform` renews them. The
type of a data source begins with "data.".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from document import Block, parse

REPOSITORY = Path(__file__).resolve().parents[2]
FACTS = Path(__file__).with_name("aws_provider.json")
RENEW = ".venv/bin/python tests/terraform"
FILES = sorted(file for pattern in ("*.tf", "modules/*/*.tf", "examples/*/*.tf") for file in REPOSITORY.glob(pattern))

# Deprecated in version 6, by its upgrade guide and the release notes of 6.31.0. The bindings, the source of the facts,
# do not show this.
DEPRECATED_IN_6 = {
    "data.aws_region": {"id", "name"},
    "aws_s3_bucket_lifecycle_configuration": {"expected_bucket_owner"},
    "aws_s3_bucket_logging": {"expected_bucket_owner"},
    "aws_s3_bucket_server_side_encryption_configuration": {"expected_bucket_owner"},
    "aws_s3_bucket_versioning": {"expected_bucket_owner"},
}

OF_TERRAFORM = {"count", "depends_on", "for_each", "lifecycle", "provider"}
REFERENCE = re.compile(r"(?<![\w.-])(data\.)?(aws_\w+)\.\w+(?:\[[^\]]*\])*(?:\.(\w+))?")


def facts() -> dict[str, dict[str, Any]]:
    """Return the facts: version → type → its arguments, attributes and deprecated names."""
    found: dict[str, dict[str, Any]] = json.loads(FACTS.read_text(encoding="utf-8"))
    return found


def used(files: Iterable[Path] = FILES) -> set[str]:
    """Return the used types."""
    return {type_ for file in files for type_, _ in resources(parse(file.read_text(encoding="utf-8")))}


def resources(blocks: Iterable[Block]) -> Iterator[tuple[str, Block]]:
    """Yield the provider's resources and data sources with their types, including data sources in checks."""
    for block in blocks:
        if block.kind in ("resource", "data") and block.labels[0].startswith("aws_"):
            yield ("data." if block.kind == "data" else "") + block.labels[0], block
        yield from resources(block.blocks if block.kind == "check" else ())


def faults(text: str, version: str, known: dict[str, Any]) -> list[str]:
    """Compare a .tf file with one version of the provider; return a message for each fault."""
    blocks = parse(text)
    said = [fault for type_, block in resources(blocks) for fault in _of_resource(type_, block, version, known)]
    said += [fault for block in blocks for fault in _of_references(block, version, known)]
    return list(dict.fromkeys(said))


def _of_resource(type_: str, block: Block, version: str, known: dict[str, Any]) -> Iterator[str]:
    if type_ not in known:
        yield f"{version} has no {type_}, or it is missing in aws_provider.json: renew it with `{RENEW}`."
        return
    yield from _of_block(type_, block, version, known[type_]["arguments"])
    given = {*block.attributes, *(name for name, _ in _nested(block))}
    yield from (f"{version} deprecates {type_}.{name}." for name in sorted(given & _deprecated(type_, version, known)))


def _of_block(place: str, block: Block, version: str, arguments: dict[str, Any]) -> Iterator[str]:
    nested = list(_nested(block))
    given = {*block.attributes, *(name for name, _ in nested)} - OF_TERRAFORM
    for name in sorted(given - arguments.keys()):
        yield f"{version} has no argument {place}.{name}."
    for name, argument in arguments.items():
        if argument.get("required") and name not in given:
            yield f"{version} requires {place}.{name}."
    for name, inner in nested:
        if within := arguments.get(name, {}).get("arguments"):
            yield from _of_block(f"{place}.{name}", inner, version, within)
        elif name in arguments:
            yield f"{version} has no block {place}.{name}."


def _nested(block: Block) -> Iterator[tuple[str, Block]]:
    """Yield the nested blocks by name, dynamic ones by the generated block."""
    for one in block.blocks:
        if one.kind == "dynamic":
            yield one.labels[0], next(inner for inner in one.blocks if inner.kind == "content")
        elif one.kind not in OF_TERRAFORM:
            yield one.kind, one


def _of_references(block: Block, version: str, known: dict[str, Any]) -> Iterator[str]:
    for name, expression in block.attributes.items():
        for data, type_, attribute in REFERENCE.findall(expression):
            full = f"{data}{type_}"
            if full not in known or name == "depends_on":
                continue
            if attribute and attribute not in known[full]["attributes"]:
                yield f"{version} has no attribute {full}.{attribute}."
            deprecated = sorted(_deprecated(full, version, known))
            if data and deprecated and (attribute in deprecated or not attribute):
                yield f"{version} deprecates {full}.{attribute or deprecated[0]}."
    for inner in block.blocks:
        yield from _of_references(inner, version, known)


def _deprecated(type_: str, version: str, known: dict[str, Any]) -> Sequence[str] | set[str]:
    of_6 = DEPRECATED_IN_6.get(type_, set()) if version.startswith("6.") else set()
    return {*known[type_].get("deprecated", ()), *of_6}
