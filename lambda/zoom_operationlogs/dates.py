"""Calendar arithmetic: the window, Zoom's retention, lateness, the daily limit's midnight. All dates are UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ONE_DAY = timedelta(days=1)
# Zoom answers at most one month at once, and the shortest has 28 days.
LONGEST_RANGE = timedelta(days=27)
RETENTION_MONTHS = 6  # "the last six months" (Zoom, Get operation logs report)
CERTAIN_RETENTION = timedelta(days=150)


def window(today: date, lookback_days: int) -> tuple[date, date]:
    """Return the first and last date of the window, in which rows may still arrive late. The last is today."""
    return today - timedelta(days=lookback_days), today


def date_range(first: date, last: date) -> Iterator[date]:
    """Yield each date from `first` to `last`, both included."""
    return map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1))


def retention_start(today: date) -> date:
    """Return the oldest date that Zoom may still have. If Zoom calls it too old, it is recorded as expired."""
    month = today.month - RETENTION_MONTHS
    first_of_month = date(today.year - (month < 1), (month - 1) % 12 + 1, 1)
    next_month = (first_of_month + timedelta(days=31)).replace(day=1)
    return min(first_of_month + timedelta(days=today.day - 1), next_month - ONE_DAY)


def may_have_expired(day: date, today: date) -> bool:
    """Return whether Zoom may no longer have the date, whatever it takes six months to be."""
    return today - day > CERTAIN_RETENTION


def is_late(record_time: datetime | None, watermark: datetime | None, lookback_days: int) -> bool:
    """Return whether an earlier completed sweep should have shown a record of this time.

    `watermark` is the newest record that completed sweeps have shown. They read the window before it; what is older
    than that window was never read, and is not late.
    """
    return (
        record_time is not None
        and watermark is not None
        and record_time < watermark
        and record_time.date() >= window(watermark.date(), lookback_days)[0]
    )


def next_midnight(now: datetime) -> datetime:
    """Return the next midnight UTC, when Zoom's daily limits are reset (Zoom, Rate limits)."""
    return datetime.combine(now.date() + ONE_DAY, time(), UTC)
