"""What is owed: which dates wait for a sweep, and which of them is next."""

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
    """Return a checkpoint with no settled date, for which `schedule_due` owes every date from `known_from` on.

    `known_from` is the first date that the archive or the guide's state names. With None, or a date within the window,
    the dates begin with the window; they never begin before Zoom's retention.
    """
    first, _ = window(today, lookback_days)
    start = max(retention_start(today), min(first, known_from or first))
    return Checkpoint(settled_from=start, settled_to=start - ONE_DAY)


def schedule_due(checkpoint: Checkpoint, settings: Settings, now: datetime) -> None:
    """Owe the unsettled dates before the window, those from START_DATE on, and the window if a reconcile is due."""
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
    """Owe the dates of the window a sweep: all of them, or only today and yesterday with another page size.

    A whole reconcile also lets the tail try tomorrow again, if Zoom has refused it.
    """
    first, today = window(now.date(), settings.lookback_days)
    page_size = settings.page_size if whole else smaller_page_size(settings.page_size)
    for day in date_range(first if whole else max(first, today - ONE_DAY), today):
        checkpoint.owe(day, now, page_size)
    checkpoint.reconciled = now
    checkpoint.asks_for_tomorrow = checkpoint.asks_for_tomorrow or whole


def schedule_backfill(checkpoint: Checkpoint, settings: Settings, now: datetime, first: date, last: date) -> None:
    """Owe the dates from `first` to `last` that lie between the start of Zoom's retention and today."""
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

    Identical rows on two pages cannot be told from one row that moved to the next page. One page size can fail to show
    every group whole: sweeps follow as long as each leaves fewer groups split than the one before. `pending` is what
    the date was owed, `completed` the sweep that ended.
    """
    if pending.split and completed.longest_page:
        groups = groups_split_by(completed.longest_page, pending.split)
    else:
        groups = tuple(completed.split)
    if groups and (not pending.split or len(groups) < len(pending.split)):
        largest = completed.longest_page if completed.longest_page < completed.page_size else settings.page_size
        checkpoint.owe(day, now, page_size_for(groups, largest), groups)


def next_date(checkpoint: Checkpoint, tried: set[tuple[date, PendingSweep]]) -> date | None:
    """Return the owed date to sweep next, None if all are in `tried`: the newest.

    Dates with a sweep in progress come first, because its page token expires.
    """
    untried = {day for day, pending in checkpoint.owed.items() if (day, pending) not in tried}
    in_progress = {day for day in untried if day.isoformat() in checkpoint.sweeps}
    return max(in_progress or untried, default=None)


def backoff_until(checkpoint: Checkpoint, now: datetime) -> datetime | None:
    """Return the time before which the collector must not call Zoom, None if it may call now."""
    until = checkpoint.not_before  # ignored if later than any limit lasts
    return until if until and now < until <= latest_retry(now) else None


def previous_watermark(checkpoint: Checkpoint, settings: Settings, today: date) -> datetime | None:
    """Return the frontier, up to which the window is read; None if a date of the window is still owed a sweep."""
    first, _ = window(today, settings.lookback_days)
    return None if any(day >= first for day in checkpoint.owed) else checkpoint.frontier
