"""Reads a run's fields from its log and the function's answer, neither of which is trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoom_operationlogs.bounds import parse_json
from zoom_operationlogs.json_values import moment, required, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LONGEST_SECONDS = 86_400


def read(text: str | bytes) -> dict[str, Any]:
    """Return the fields of a JSON object; {} for anything else.

    A field that the commands use is None if it has another type or an impossible value.
    """
    try:
        fields = parse_json(text)
    except ValueError:
        return {}
    return checked(fields) if isinstance(fields, dict) else {}


def checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields with None for each invalid one that the commands use."""
    return {name: _checked(_RULES[name], value) if name in _RULES else value for name, value in fields.items()}


def seconds(value: object, per_second: float = 1) -> float:
    """Return a duration in seconds. Raises ValueError for an invalid one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value / per_second <= LONGEST_SECONDS:
        raise ValueError
    return value / per_second


def _checked(rule: Callable[[Any], Any], value: Any) -> Any:
    try:
        rule(value)
    except (ValueError, OverflowError):
        return None
    return value


def _text(value: object) -> None:
    if not isinstance(value, str):
        raise ValueError


_COUNTS = ("written", "objects", "pages", "owed", "zoom_calls", "zoom_calls_left")
_TEXTS = ("action", "sentence", "waiting_for", "key", "level", "message", "errorType", "errorMessage")
_RULES: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(_COUNTS, whole),
    **dict.fromkeys(_TEXTS, _text),
    "seconds": seconds,
    "not_before": lambda value: required(moment(value)),
}
