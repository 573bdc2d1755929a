"""What a run says of itself, in its log and as the function's answer: whoever can write there can write anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoom_operationlogs.bounds import parse_json
from zoom_operationlogs.json_values import moment, required, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LONGEST_SECONDS = 86_400


def read(text: str | bytes) -> dict[str, Any]:
    """Return the fields of a JSON object, those that the commands use of the right type; {} for anything else.

    A field of another type, or beyond all reason, is None, as if the run had not said it.
    """
    try:
        fields = parse_json(text)
    except ValueError:
        return {}
    return checked(fields) if isinstance(fields, dict) else {}


def checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields with None for each that the commands use, and that has another type."""
    return {name: _checked(_RULES[name], value) if name in _RULES else value for name, value in fields.items()}


def seconds(value: object, per_second: float = 1) -> float:
    """Return a span of time in seconds. Raises ValueError for what is none."""
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
