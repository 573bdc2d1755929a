"""Reads typed values from untrusted JSON; every function raises ValueError for any other value."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

YEARS = range(2000, 2100)  # of every date and time except a record's
LARGEST = 10**12  # count, size or number


def iso(moment: datetime | None) -> str | None:
    """Return the time in ISO 8601, None for None."""
    return moment.isoformat() if moment else None


def record_time(value: Any) -> datetime | None:
    """Return the time, of any year, because Zoom sets a record's time. None for null."""
    if value is None:
        return None
    moment = datetime.fromisoformat(text(value))
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment


def moment(value: Any) -> datetime | None:
    """Return the time, None for null."""
    moment = record_time(value)
    if moment and moment.year not in YEARS:
        raise ValueError(f"the time {moment}")
    return moment


def required(moment: datetime | None) -> datetime:
    """Return the time, which must not be null."""
    if moment is None:
        raise ValueError("a time is missing")
    return moment


def day_of(value: Any) -> date:
    """Return the date."""
    day = date.fromisoformat(text(value))
    if day.year not in YEARS:
        raise ValueError(f"the date {day}")
    return day


def whole(value: Any, least: int = 0, most: int = LARGEST) -> int:
    """Return the whole number from `least` to `most`."""
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"the number {value!r:.40}")
    return value


def flag(value: Any) -> bool:
    """Return the flag."""
    if type(value) is not bool:
        raise ValueError(f"the flag {value!r:.40}")
    return value


def text(value: Any) -> str:
    """Return the text."""
    if type(value) is not str:
        raise ValueError(f"the text {value!r:.40}")
    return value
