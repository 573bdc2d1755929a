"""Calendar arithmetic: the window, Zoom's retention, lateness, midnight. All dates and times are UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ONE_DAY = timedelta(days=1)
BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
# From the first to the last date of one request, which covers at most a month (Zoom, Get operation logs report). The
# shortest month has 28 days.
LONGEST_RANGE = timedelta(days=27)
RETENTION_MONTHS = 6  # Zoom reports on the last six months (Zoom, Get operation logs report)
CERTAIN_RETENTION = timedelta(days=150)  # shorter than any six months, however Zoom counts them


def window(today: date, lookback_days: int) -> tuple[date, date]:
    """Return the first and last date of the window, in which rows may still appear late. The last is today."""
    return today - timedelta(days=lookback_days), today


def day_before(day: date) -> date:
    """Return the date before, or the first of the calendar, which has none before it."""
    return day - ONE_DAY if day > date.min else day


def date_range(first: date, last: date) -> Iterator[date]:
    """Yield each date from `first` to `last`, both included."""
    return map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1))


def retention_start(today: date) -> date:
    """Return the oldest date that Zoom may still have: six calendar months before today."""
    month = today.month - RETENTION_MONTHS
    first_of_month = date(today.year - (month < 1), (month - 1) % 12 + 1, 1)
    next_month = (first_of_month + timedelta(days=31)).replace(day=1)
    return min(first_of_month + timedelta(days=today.day - 1), next_month - ONE_DAY)


def may_have_expired(day: date, today: date) -> bool:
    """Return whether the date is so old that Zoom may no longer have it."""
    return today - day > CERTAIN_RETENTION


def is_late(record_time: datetime | None, watermark: datetime | None, lookback_days: int) -> bool:
    """Return whether earlier sweeps should have shown a record of this time.

    They have read the window up to `watermark`, None if not all of it. A record from before that window is not late.
    """
    return (
        record_time is not None
        and watermark is not None
        and record_time < watermark
        and record_time.date() - watermark.date() >= timedelta(days=-lookback_days)
    )


def adjacent(day: date, other: date) -> bool:
    """Return whether Zoom may show records of one UTC date under the other, because its days need not be UTC's."""
    return abs(day - other) <= ONE_DAY


Span = tuple[datetime, datetime]
"""The first and last of some times."""


def widest(*spans: Span | None) -> Span | None:
    """Return the span of all the spans, None if there is none."""
    found = [span for span in spans if span]
    return (min(first for first, _ in found), max(last for _, last in found)) if found else None


def second(time: datetime) -> datetime:
    """Return the time without its fraction of a second."""
    return time.replace(microsecond=0)


def seconds_since(time: datetime) -> int:
    """Return the whole seconds since the first representable time."""
    return (time - BEFORE_ALL) // timedelta(seconds=1)


def at_second(number: int) -> datetime:
    """Return the inverse of `seconds_since`; raise OverflowError beyond the last representable time."""
    return BEFORE_ALL + timedelta(seconds=number)


def next_midnight(now: datetime) -> datetime:
    """Return the next midnight UTC, when Zoom's daily limit resets (Zoom, Rate limits)."""
    return datetime.combine(now.date() + ONE_DAY, time(), UTC)
