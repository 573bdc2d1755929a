"""Compares docs/cli-json.md with the JSON that a command really printed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[1] / "docs" / "cli-json.md"
TYPES: Mapping[str, Any] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "any": lambda _value: True,
}


@dataclass(frozen=True)
class Field:
    """A row of a table: the types of the value, and whether the field may be absent."""

    types: tuple[str, ...]
    optional: bool


@cache
def documented() -> Mapping[str, Mapping[str, Field]]:
    """Return the fields by their paths, for each command."""
    found: dict[str, dict[str, Field]] = {}
    for names, section in re.findall(
        r"^## JSON of (.+?)\n(.*?)(?=^#|\Z)", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    ):
        fields = {
            path: Field(tuple(types.removesuffix(", optional").split(" or ")), types.endswith(", optional"))
            for path, types in re.findall(r"^\| `(.+?)` \| (.+?) \|", section, re.MULTILINE)
        }
        assert all(set(field.types) <= TYPES.keys() for field in fields.values()), names
        found |= dict.fromkeys(names.split(", "), fields)
    return found


def command_of(arguments: list[str]) -> str | None:
    """Return the command of a command line, or None."""
    found = [name for name in documented() if _is_of(arguments, name.split())]
    return max(found, key=len, default=None)


def _is_of(arguments: list[str], words: list[str]) -> bool:
    """Return whether a command line is for a command, and has its option, if any."""
    command = [word for word in words if not word.startswith("-")]
    return arguments[: len(command)] == command and set(words) <= set(arguments)


def faults(command: str, document: Any) -> list[str]:
    """Return the faults of a document: undocumented or missing fields, and other types."""
    return list(_faults(documented()[command], document, ""))


def _faults(fields: Mapping[str, Field], value: Any, path: str) -> Iterator[str]:
    if path:
        if path not in fields and path.endswith("[]") and isinstance(value, dict):
            # An element, such as `owed[]`: the table has only its fields.
            own = Field(("object",), False)
        elif path in fields:
            own = fields[path]
        else:
            yield f"{path} is not documented"
            return
        if not any(TYPES[name](value) for name in own.types):
            yield f"{path} is {value!r:.40}, not {' or '.join(own.types)}"
            return
        if "any" in own.types:
            return
    if isinstance(value, list):
        for element in value:
            yield from _faults(fields, element, f"{path}[]")
    if isinstance(value, dict):
        yield from _of_object(fields, value, path)


def _of_object(fields: Mapping[str, Field], value: dict[str, Any], path: str) -> Iterator[str]:
    start = f"{path}." if path else ""
    below = {name[len(start) :]: field for name, field in fields.items() if name.startswith(start)}
    known = {name: field for name, field in below.items() if "." not in name and "[" not in name}
    for name, each in value.items():
        yield from _faults(fields, each, f"{start}{'*' if '*' in known and name not in known else name}")
    for name, field in known.items():
        if name != "*" and not field.optional and name not in value:
            yield f"{start}{name} is missing"
