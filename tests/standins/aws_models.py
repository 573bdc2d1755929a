"""Validates requests by AWS's service models in botocore: moto accepts nearly anything, AWS does not.

moto parses a request into the members of the operation's input, and `faults` checks these by their shapes: required
members, enums, lengths, ranges, patterns. botocore's own validator does not check enums, patterns and maximums.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import regex  # patterns are Java's: the standard library does not read `\p{L}`
from moto.core.model import Shape
from moto.core.utils import get_service_model

NOT_READ = {
    "text inside a string, such as a policy, an event pattern or a dashboard": (
        "in a model it is only a string; a linter checks policies, see tests/policies"
    ),
    "a streaming body, such as that of PutObject": "models do not describe it",
    "members that are not in the model": "moto's parser ignores them, as AWS does",
    "values that only AWS's documentation lists, such as the retention days of a log group": "models allow any number",
    "rules across members": "a model has none",
    "a boolean in a query, a header or XML": "moto's parser reads everything except true as false",
    "requests without a signature, or with a wrong one": "AWS refuses them before it validates them",
    "the headers of the protocol, such as checksums": "they are not members; the SDKs write them",
    "calls of `standins.s3_memory`": "they are not requests; end-to-end tests send the real ones",
}
"""What is not validated, and why. A request that cannot be parsed is refused as CannotJudge."""

_Check = Callable[[Shape, Any, str], Iterator[str]]


def faults(service: str, operation: str, params: Mapping[str, Any]) -> list[str]:
    """Return what a model refuses in a request, in the words of AWS's validation errors."""
    shape = get_service_model(service).operation_model(operation).input_shape
    return [] if shape is None else list(_faults(shape, params, ""))


def _faults(shape: Shape, value: Any, at: str) -> Iterator[str]:
    """Validate a value by its shape; `at` is its place in the request."""
    yield from CHECKS[shape.type_name](shape, value, at)


def _structure(shape: Any, value: Any, at: str) -> Iterator[str]:
    if shape.is_document_type:
        return
    if not isinstance(value, dict):
        yield _fault(shape, value, at, "be a structure")
        return
    given = {name: each for name, each in value.items() if each is not None}
    for name in shape.required_members:
        if name not in given:
            yield f"Value null at '{_join(at, name)}' failed to satisfy constraint: Member must not be null"
    if shape.is_tagged_union and len(given) != 1:
        yield f"Value at '{at}' failed to satisfy constraint: Member must have one of {', '.join(shape.members)}"
    for name, each in given.items():
        yield from _faults(shape.members[name], each, _join(at, name))


def _list(shape: Any, value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield _fault(shape, value, at, "be a list")
        return
    yield from _bounds(shape, value, len(value), at, "length")
    for number, each in enumerate(value, 1):
        yield from _faults(shape.member, each, f"{at}.{number}")


def _map(shape: Any, value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield _fault(shape, value, at, "be a map")
        return
    yield from _bounds(shape, value, len(value), at, "length")
    for key, each in value.items():
        yield from _faults(shape.key, key, f"{at}.key")
        yield from _faults(shape.value, each, _join(at, key))


def _string(shape: Any, value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield _fault(shape, value, at, "be a string")
        return
    yield from _bounds(shape, value, len(value), at, "length")
    if shape.enum and value not in shape.enum:
        yield _fault(shape, value, at, f"satisfy enum value set: [{', '.join(shape.enum)}]")
    pattern = shape.metadata.get("pattern")
    if pattern is not None and not _compiled(pattern).fullmatch(value):
        yield _fault(shape, value, at, f"satisfy regular expression pattern: {pattern}")


def _blob(shape: Shape, value: Any, at: str) -> Iterator[str]:
    yield from _bounds(shape, value, len(value), at, "length")


def _number(shape: Shape, value: Any, at: str) -> Iterator[str]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield _fault(shape, value, at, "be a number")
        return
    yield from _bounds(shape, value, value, at, "value")


def _of_type(kind: type, name: str) -> _Check:
    def check(shape: Shape, value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, kind):
            yield _fault(shape, value, at, f"be a {name}")

    return check


CHECKS: dict[str, _Check] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "blob": _blob,
    "boolean": _of_type(bool, "boolean"),
    "timestamp": _of_type(datetime, "timestamp"),
    **dict.fromkeys(("integer", "long", "float", "double"), _number),
}


def _bounds(shape: Shape, value: Any, size: float, at: str, what: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield _fault(shape, value, at, f"have {what} greater than or equal to {least}")
    if most is not None and size > most:
        yield _fault(shape, value, at, f"have {what} less than or equal to {most}")


def _fault(shape: Shape, value: Any, at: str, must: str) -> str:
    """Return the message of a fault, without values that a model marks as sensitive."""
    shown = "" if shape.metadata.get("sensitive") or isinstance(value, bytes) else f" {str(value)[:200]!r}"
    return f"Value{shown} at '{at}' failed to satisfy constraint: Member must {must}"


def _join(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


@functools.cache
def _compiled(pattern: str) -> regex.Pattern[str]:
    """Compile a pattern; AWS matches the whole value, with or without anchors."""
    return regex.compile(pattern)
