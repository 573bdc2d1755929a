"""What AWS's service models, as botocore ships them, say about a request: moto takes nearly anything, AWS does not.

moto reads a request into the members of the operation's input, and `faults` holds these to their shapes: required
members, enums, lengths, ranges, patterns. botocore's own validator, and LocalStack's, which is the same, leave out
enums, patterns and everything that is too long or too large.
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
        "a model has it as a string; policies go through a linter, see tests/policies"
    ),
    "a streaming body, such as that of PutObject": "a model says nothing about it",
    "members that a model does not name": "moto's parser passes over them, as AWS does",
    "values that only AWS's pages list, such as the days that a log group can keep": "a model has any number",
    "rules across members": "a model has none",
    "a boolean in a query, a header or XML": "moto's parser takes for false whatever is not true",
    "requests that nobody signed, or with a wrong signature": "AWS refuses them before it reads them",
    "the headers of the protocol, such as checksums": "they are no members; the SDKs write them",
    "calls of `standins.s3_memory`": "they are no requests: end-to-end tests send what they stand for",
}
"""What is not held to the models, and why. A request that cannot be read at all is refused as CannotJudge."""

_Check = Callable[[Shape, Any, str], Iterator[str]]


def faults(service: str, operation: str, params: Mapping[str, Any]) -> list[str]:
    """Say what a model refuses in a request, in the words of AWS's validation errors."""
    shape = get_service_model(service).operation_model(operation).input_shape
    return [] if shape is None else list(_faults(shape, params, ""))


def _faults(shape: Shape, value: Any, at: str) -> Iterator[str]:
    """Hold a value to its shape: `at` is where in the request it is."""
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
    """Word a fault; what a model calls sensitive is not shown."""
    shown = "" if shape.metadata.get("sensitive") or isinstance(value, bytes) else f" {str(value)[:200]!r}"
    return f"Value{shown} at '{at}' failed to satisfy constraint: Member must {must}"


def _join(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


@functools.cache
def _compiled(pattern: str) -> regex.Pattern[str]:
    """Compile a pattern; AWS has it match the whole value, whether or not it says so."""
    return regex.compile(pattern)
