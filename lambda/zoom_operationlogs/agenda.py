"""What is owed: which dates wait for a sweep, and which of them comes next."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from .checkpoint import Checkpoint
from .dates import ONE_DAY, date_range, retention_start, window
from .sweep import groups_split_by, page_size_for, smaller_page_size
from .zoom_rate_limits import latest_retry

if TYPE_CHECKING:
    from datetime import date, datetime

    from .checkpoint import PendingSweep
    from .event import Request
    from .settings import Settings
    from .sweep import Sweep


def first_checkpoint(today: date, lookback_days: int, known_from: date | None) -> Checkpoint:
    """Return the checkpoint to begin with where there is none: it owes every date from `known_from` on.

    That is the first date that the archive or the guide's state names; the window alone if there is none.
    """
    first, _ = window(today, lookback_days)
    start = max(retention_start(today), min(first, known_from or first))
    return Checkpoint(settled_from=start, settled_to=start - ONE_DAY)


def schedule_due(checkpoint: Checkpoint, settings: Settings, now: datetime) -> None:
    """Owe the dates between the settled ones and the window, those from START_DATE on, and the reconcile if due."""
    today = now.date()
    first, _ = window(today, settings.lookback_days)
    for day in date_range(checkpoint.settled_to + ONE_DAY, first - ONE_DAY):
        checkpoint.owe(day, now, settings.page_size)
    checkpoint.settled_to = max(checkpoint.settled_to, first - ONE_DAY)
    if settings.start_date and settings.start_date < checkpoint.settled_from:
        start = max(settings.start_date, retention_start(today))
        for day in date_range(start, checkpoint.settled_from - ONE_DAY):
            checkpoint.owe(day, now, settings.page_size)
        checkpoint.settled_from = min(checkpoint.settled_from, settings.start_date)
    last = checkpoint.reconciled
    first_of_the_day = last is None or last.date() != today
    if last is None or first_of_the_day or now - last >= timedelta(hours=settings.reconcile_hours):
        schedule_reconcile(checkpoint, settings, now, whole=first_of_the_day)


def schedule_reconcile(checkpoint: Checkpoint, settings: Settings, now: datetime, *, whole: bool = True) -> None:
    """Owe the dates of the window a sweep: all of them, or today and yesterday with another page size."""
    first, today = window(now.date(), settings.lookback_days)
    page_size = settings.page_size if whole else smaller_page_size(settings.page_size)
    for day in date_range(first if whole else max(first, today - ONE_DAY), today):
        checkpoint.owe(day, now, page_size)
    checkpoint.reconciled = now
    checkpoint.asks_for_tomorrow = checkpoint.asks_for_tomorrow or whole


def schedule_backfill(checkpoint: Checkpoint, settings: Settings, now: datetime, first: date, last: date) -> None:
    """Owe the requested dates that lie between the start of Zoom's retention and today."""
    for day in date_range(max(first, retention_start(now.date())), min(last, now.date())):
        checkpoint.owe(day, now, settings.page_size)


def schedule_requested(checkpoint: Checkpoint, settings: Settings, now: datetime, request: Request) -> None:
    """Owe what an operator asked for."""
    if request.backfill:
        schedule_backfill(checkpoint, settings, now, *request.backfill)
    if request.reconcile:
        schedule_reconcile(checkpoint, settings, now)


def schedule_split_groups(
    checkpoint: Checkpoint, settings: Settings, now: datetime, day: date, pending: PendingSweep, completed: Sweep
) -> None:
    """Owe the date one more sweep if a page boundary split a group of identical rows.

    On two pages, identical rows cannot be told from one row that moved to the next page. One page size may not show
    every group whole: sweeps follow as long as each shows more of them whole than the one before.
    """
    if pending.split and completed.longest_page:
        groups = groups_split_by(completed.longest_page, pending.split)
    else:
        groups = tuple(completed.split)
    if groups and (not pending.split or len(groups) < len(pending.split)):
        largest = completed.longest_page if completed.longest_page < completed.page_size else settings.page_size
        checkpoint.owe(day, now, page_size_for(groups, largest), groups)


def next_date(checkpoint: Checkpoint, tried: set[tuple[date, PendingSweep]]) -> date | None:
    """Return the owed date to sweep next: one in the middle of its sweep, whose token ages, else the newest.

    `tried` holds what this run has tried already.
    """
    untried = {day for day, pending in checkpoint.owed.items() if (day, pending) not in tried}
    in_progress = {day for day in untried if day.isoformat() in checkpoint.sweeps}
    return max(in_progress or untried, default=None)


def backoff_until(checkpoint: Checkpoint, now: datetime) -> datetime | None:
    """Return the time before which Zoom is not to be called, None if it may be called now."""
    until = checkpoint.not_before
    return until if until and now < until <= latest_retry(now) else None


def previous_watermark(checkpoint: Checkpoint, settings: Settings, today: date) -> datetime | None:
    """Return the newest record time up to which the window is read; None if some of it is still owed a sweep."""
    first, _ = window(today, settings.lookback_days)
    return None if any(day >= first for day in checkpoint.owed) else checkpoint.frontier
