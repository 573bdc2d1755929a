"""Zoom's rate limits: how many calls are left today, and when to call again after a 429.

Sources: Zoom, Rate limits (developers.zoom.us), and answers that users of the API have published.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from .dates import next_midnight

if TYPE_CHECKING:
    from collections.abc import Mapping

DAILY_LIMIT_SLACK = timedelta(minutes=10)  # after midnight UTC, when Zoom resets the daily limit
NUMBER = re.compile("[0-9]{1,10}")  # str.isdigit accepts other digits too, and any number of them
SECONDS = re.compile("[0-9]{1,9}")
LONGEST_TIME = 64  # characters
SMALLEST_DAILY_LIMIT = 1000  # of all Zoom plans; no per-second limit is so large (Zoom, Rate limits)


@dataclass(frozen=True)
class Quota:
    """Zoom's daily limit, which all apps of the account share: calls a day, and calls left (Zoom, Rate limits)."""

    limit: int
    remaining: int

    @property
    def low(self) -> bool:
        """Whether under a quarter is left, which is reserved for the tail."""
        return self.remaining < self.limit / 4


def daily_quota(headers: Mapping[str, str]) -> Quota | None:
    """Return the daily limit in the headers, None if they hold the per-second limit or none."""
    limit, remaining = _number(headers, "X-RateLimit-Limit"), _number(headers, "X-RateLimit-Remaining")
    kind = headers.get("X-RateLimit-Type", "").lower()
    if limit is None or remaining is None or kind == "qps":
        return None
    if not kind.startswith("daily") and limit < SMALLEST_DAILY_LIMIT:
        return None
    return Quota(limit, remaining)


def not_before(headers: Mapping[str, str], text: str, now: datetime) -> datetime | None:
    """Return when Zoom may be called again (UTC) after a 429 with these headers and this text in lower case.

    Returns None if the answer does not say, as is common for the per-second limit. For the daily limit, `Retry-After`
    is an ISO date and time, or the next midnight UTC applies. The result is at most `latest_retry`.
    """
    until = _moment(headers.get("Retry-After", ""), now)
    reset = _number(headers, "X-RateLimit-Reset")
    if until is None and reset is not None:
        until = datetime.fromtimestamp(reset, UTC)
    if until is None and names_daily_limit(headers, text):
        until = next_midnight(now)
    return min(max(until, now), latest_retry(now)) if until else None


def latest_retry(now: datetime) -> datetime:
    """Return the latest time until which a limit can last: the next midnight UTC and 10 minutes."""
    return next_midnight(now) + DAILY_LIMIT_SLACK


def names_daily_limit(headers: Mapping[str, str], text: str) -> bool:
    """Return whether a 429 says that the daily limit is reached."""
    return "daily" in text or headers.get("X-RateLimit-Type", "").lower().startswith("daily")


def _moment(value: str, now: datetime) -> datetime | None:
    """Return the time in a `Retry-After`: seconds, an ISO date and time, or an HTTP date."""
    if SECONDS.fullmatch(value):
        return now + timedelta(seconds=int(value))
    if len(value) > LONGEST_TIME:
        return None
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            parsed = parse(value)
            return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


def _number(headers: Mapping[str, str], name: str) -> int | None:
    value = headers.get(name, "")
    return int(value) if NUMBER.fullmatch(value) else None
