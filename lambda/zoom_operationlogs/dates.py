"""Which dates are in the window, which are owed a sweep, and in what order."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from .sweep import smaller

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .checkpoint import Checkpoint, Owed
    from .settings import Settings

ONE_DAY = timedelta(days=1)
# Zoom answers at most one month at once, and the shortest has 28 days.
LONGEST_RANGE = timedelta(days=27)
MONTHS_KEPT = 6
SURELY_KEPT = timedelta(days=150)


def window(today: date, lookback_days: int) -> tuple[date, date]:
    """Return the first and last date of the window, in which rows may still come late. The last is today."""
    return today - timedelta(days=lookback_days), today


def each(first: date, last: date) -> Iterator[date]:
    """Yield each date from `first` to `last`, both included."""
    return map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1))


def oldest_kept(today: date) -> date:
    """Return the oldest date that Zoom may still have; what it calls too old all the same is recorded as expired."""
    month = today.month - MONTHS_KEPT
    first_of_month = date(today.year - (month < 1), (month - 1) % 12 + 1, 1)
    next_month = (first_of_month + timedelta(days=31)).replace(day=1)
    return min(first_of_month + timedelta(days=today.day - 1), next_month - ONE_DAY)


def may_be_too_old(day: date, today: date) -> bool:
    """Tell whether Zoom may no longer have the date, however it reckons its six months."""
    return today - day > SURELY_KEPT


def came_late(time: datetime | None, seen: datetime | None, lookback_days: int) -> bool:
    """Tell whether a record of this time was not there yet when the sweep ended whose newest record is of time `seen`.

    That sweep, or ones before it, had read the window; what is older was never read, and is no late row.
    """
    return (
        time is not None and seen is not None and time < seen and time.date() >= window(seen.date(), lookback_days)[0]
    )


def owe_what_is_due(checkpoint: Checkpoint, settings: Settings, now: datetime) -> None:
    """Owe the dates between the settled ones and the window, those from START_DATE on, and the reconcile if due."""
    today = now.date()
    first, _ = window(today, settings.lookback_days)
    for day in each(checkpoint.settled_to + ONE_DAY, first - ONE_DAY):
        checkpoint.owe(day, now, settings.page_size)
    checkpoint.settled_to = max(checkpoint.settled_to, first - ONE_DAY)
    if settings.start_date and settings.start_date < checkpoint.settled_from:
        wanted = max(settings.start_date, oldest_kept(today))
        for day in each(wanted, checkpoint.settled_from - ONE_DAY):
            checkpoint.owe(day, now, settings.page_size)
        checkpoint.settled_from = min(checkpoint.settled_from, settings.start_date)
    last_time = checkpoint.reconciled
    if last_time is None or last_time.date() != today or now - last_time >= timedelta(hours=settings.reconcile_hours):
        owe_reconcile(checkpoint, settings, now, whole=last_time is None or last_time.date() != today)


def owe_reconcile(checkpoint: Checkpoint, settings: Settings, now: datetime, *, whole: bool = True) -> None:
    """Owe the dates of the window a sweep: all of them, or today and yesterday with a page of another size."""
    first, today = window(now.date(), settings.lookback_days)
    size = settings.page_size if whole else smaller(settings.page_size)
    for day in each(first if whole else max(first, today - ONE_DAY), today):
        checkpoint.owe(day, now, size)
    checkpoint.reconciled = now
    checkpoint.asks_for_tomorrow = checkpoint.asks_for_tomorrow or whole


def owe_backfill(checkpoint: Checkpoint, settings: Settings, now: datetime, first: date, last: date) -> None:
    """Owe the dates that somebody asked for, as far as they lie between what Zoom still has and today."""
    for day in each(max(first, oldest_kept(now.date())), min(last, now.date())):
        checkpoint.owe(day, now, settings.page_size)


def next_owed(checkpoint: Checkpoint, tried: set[tuple[date, Owed]]) -> date | None:
    """Return the owed date to sweep next: one in the middle of its sweep, whose token ages, else the newest."""
    left = {day for day, owed in checkpoint.owed.items() if (day, owed) not in tried}
    in_hand = {day for day in left if day.isoformat() in checkpoint.sweeps}
    return max(in_hand or left, default=None)
