"""Requests, refusals in Google's form, and strict readers of requests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Body = dict[str, Any]

STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
_ALWAYS = {"alt", "$alt", "fields", "$.xgafv", "prettyPrint"}  # every API of Google's takes them


class ApiError(Exception):
    """A request that the API refuses."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class SignInError(Exception):
    """A sign-in that Google refuses: OAuth's code of it, and words."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.answer = {"error": error, "error_description": description}


@dataclass(frozen=True)
class Call:
    """A request; the body is None without one."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Body | None

    @property
    def writes(self) -> bool:
        """Tell whether it could change something."""
        return self.method != "GET"


def camel(name: str) -> str:
    """Return a field's name as in proto3 JSON, from that or the proto's own spelling."""
    return ".".join(re.sub(r"_([a-z])", lambda match: match[1].upper(), part) for part in name.split("."))


def parameters(query: Mapping[str, str], known: Iterable[str]) -> dict[str, str]:
    """Return the query's parameters by their names in JSON; refuse a name that the request does not have."""
    found = {camel(name): value for name, value in query.items() if name not in _ALWAYS}
    for name in found:
        if name not in known:
            raise ApiError(
                400,
                f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. Field'
                f" '{name}' could not be found in request message.",
            )
    return found


def fields(body: Body | None, known: Iterable[str], at: str = "") -> Body:
    """Return the body's fields by their names in JSON; refuse a name that the message does not have."""
    if not isinstance(body, dict):
        raise ApiError(400, "Invalid JSON payload received. Root element must be a message.")
    found = {camel(name): value for name, value in body.items()}
    for name in found:
        if name not in known:
            where = f" at '{at}'" if at else ""
            raise ApiError(400, f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.')
    return found


def number(text: object, name: str, default: int, most: int | None = None) -> int:
    """Return an int32 from JSON or a query parameter, cut to the most that is allowed."""
    if text in (None, ""):
        return default
    if isinstance(text, bool) or not re.fullmatch(r"-?\d{1,10}", str(text)):
        raise ApiError(400, f"Invalid value at '{name}' (TYPE_INT32), \"{text}\"")
    value = int(str(text))
    if value < 0:
        raise ApiError(400, f"{name} must not be negative.")
    return min(value, most) if most is not None else value


def choice(value: object, name: str, known: Iterable[str]) -> str:
    """Return an enum's value by name; refuse a value that it does not have."""
    known = list(known)
    if value is None:
        return known[0]
    if value not in known:
        raise ApiError(400, f"Invalid value at '{name}' (type.googleapis.com/google.cloud.chronicle), \"{value}\"")
    return str(value)


def interval(start: object, end: object) -> tuple[datetime, datetime]:
    """Return a google.type.Interval; both ends are required by the requests that have one here."""
    if not start or not end:
        raise ApiError(400, "Request contains an invalid argument: time_range is required.")
    first, last = moment(start, "time_range.start_time"), moment(end, "time_range.end_time")
    if first >= last:
        raise ApiError(400, "Request contains an invalid argument: time_range is empty.")
    return first, last


def moment(text: object, name: str) -> datetime:
    """Return a google.protobuf.Timestamp from its RFC 3339 text."""
    if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", str(text)):
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    raise ApiError(400, f"Invalid value at '{name}' (type.googleapis.com/google.protobuf.Timestamp), \"{text}\"")


def spelt(found: datetime) -> str:
    """Spell a Timestamp as proto3 JSON does."""
    text = found.astimezone(UTC).isoformat()
    return text.replace("+00:00", "Z")
