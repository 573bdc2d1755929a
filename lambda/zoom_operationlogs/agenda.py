"""Owed dates: which dates wait for a sweep, and which of them is next."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from .checkpoint import Checkpoint, neighbours
from .dates import ONE_DAY, date_range, retention_start, window
from .sweep import page_size_for, smaller_page_size
from .zoom_rate_limits import latest_retry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date, datetime

    from .checkpoint import PendingSweep
    from .event import Request
    from .settings import Settings
    from .sweep import Sweep


LOOK_AGAIN_AFTER = timedelta(hours=1)
LOOKS_AT_EMPTY = 2
MOST_LOOKS = 3
MOST_STALLS = 7
MOST_REFUSALS = 2


def first_checkpoint(today: date, lookback_days: int, known_from: date | None) -> Checkpoint:
    """Return a checkpoint with no settled date, for which `schedule_due` owes every date from `known_from` on.

    `known_from` is the first date in the archive or in the guide's state. If it is None or within the window, the dates
    begin with the window. They never begin before Zoom's retention.
    """
    first, _ = window(today, lookback_days)
    start = max(retention_start(today), min(first, known_from or first))
    return Checkpoint(settled_from=start, settled_to=start - ONE_DAY)


def schedule_due(checkpoint: Checkpoint, settings: Settings, now: datetime) -> int:
    """Owe the unsettled dates before the window, those from START_DATE on, and the window if a reconcile is due.

    Returns the number of dates that expired before any sweep, because an outage was longer than Zoom's retention.
    """
    today = now.date()
    first, _ = window(today, settings.lookback_days)
    unsettled = checkpoint.settled_to + ONE_DAY
    kept = retention_start(today)
    expired = list(date_range(unsettled, min(first, kept) - ONE_DAY))
    checkpoint.expired.update(expired)
    if checkpoint.feed_deletes and not settings.feed_deletes:
        checkpoint.kept_since = now  # the feed may have deleted what was deleted before
    checkpoint.feed_deletes = settings.feed_deletes
    delivered = checkpoint.delivered
    delivered.changed = {day: cutoff for day, cutoff in delivered.changed.items() if kept <= day <= today + ONE_DAY}
    delivered.accepted = {day: counts for day, counts in delivered.accepted.items() if day >= kept}
    for day in date_range(max(unsettled, kept), first - ONE_DAY):
        checkpoint.owe(day, now, settings.page_size)
    # It may move back: dates that a longer lookback adds to the window are owed when they leave it.
    checkpoint.settled_to = max(checkpoint.settled_from, first) - ONE_DAY
    start = max(settings.start_date or checkpoint.settled_from, kept)
    for day in date_range(start, checkpoint.settled_from - ONE_DAY):
        checkpoint.owe(day, now, settings.page_size)
    checkpoint.settled_from = min(checkpoint.settled_from, start)
    last = checkpoint.reconciled
    if last is None or last.date() != today:
        # The very first tail reads the whole window itself; later ones do not read back to its start.
        schedule_reconcile(checkpoint, settings, now, by_date=last is not None)
    elif now - last >= timedelta(hours=settings.reconcile_hours):
        schedule_reconcile(checkpoint, settings, now, whole=False)
    return len(expired)


def schedule_reconcile(
    checkpoint: Checkpoint, settings: Settings, now: datetime, *, whole: bool = True, by_date: bool = False
) -> None:
    """Owe the dates of the window a sweep: all of them, or only today and yesterday with another page size.

    A whole reconcile also lets the tail try tomorrow again, if Zoom has refused it. `by_date` as in `PendingSweep`.
    """
    first, today = window(now.date(), settings.lookback_days)
    page_size = settings.page_size if whole else smaller_page_size(settings.page_size)
    for day in date_range(first if whole else max(first, today - ONE_DAY), today):
        checkpoint.owe(day, now, page_size, by_date=by_date)
    checkpoint.reconciled = now
    checkpoint.asks_for_tomorrow = checkpoint.asks_for_tomorrow or whole


def schedule_backfill(checkpoint: Checkpoint, settings: Settings, now: datetime, first: date, last: date) -> None:
    """Owe the dates from `first` to `last` that are between the start of Zoom's retention and today."""
    for day in date_range(max(first, retention_start(now.date())), min(last, now.date())):
        checkpoint.owe(day, now, settings.page_size)


def schedule_requested(checkpoint: Checkpoint, settings: Settings, now: datetime, request: Request) -> None:
    """Owe the dates that an operator asked for."""
    if request.backfill:
        schedule_backfill(checkpoint, settings, now, *request.backfill)
    if request.reconcile:
        schedule_reconcile(checkpoint, settings, now)
    if request.accept:
        first, last = request.accept
        today = now.date()
        before = max(first, retention_start(today) + ONE_DAY) - ONE_DAY
        if before < checkpoint.settled_from:  # and it was never collected
            before = max(first, retention_start(today))
        for day in date_range(before, min(last, today - ONE_DAY) + ONE_DAY):
            checkpoint.owe(day, now, settings.page_size, by_date=True, accept=True)


def schedule_split_groups(
    checkpoint: Checkpoint, settings: Settings, now: datetime, day: date, pending: PendingSweep, completed: Sweep
) -> None:
    """Owe the date one more sweep if page boundaries split groups of identical rows that no sweep has shown whole.

    Identical rows on two pages cannot be distinguished from one row that moved to the next page. `pending` is the sweep
    that was owed, `completed` the one that ended: it has shown whole each group that it did not split again. Zoom's
    pages may have any length and split a group by chance: sweeps follow until `MOST_STALLS` in a row show none whole.
    """
    split = frozenset(group.fingerprint for group in completed.split)
    left = split & pending.split if pending.split else split
    stalls = pending.stalls + 1 if left == pending.split else 0
    if left and stalls < MOST_STALLS:
        groups = [group for group in completed.split if group.fingerprint in left]
        largest = completed.longest_page if completed.longest_page < completed.page_size else settings.page_size
        if stalls % 2:  # on shorter pages the boundaries lie elsewhere, also if Zoom's pages vary in length
            largest = largest * 2 // 3
        looks = MOST_LOOKS if pending.looks and checkpoint.lacking(day) > 0 else 0  # it was reported as incomplete
        more = {"split": left, "stalls": stalls, "looks": looks, "accept": pending.accept}
        checkpoint.owe(day, now, page_size_for(groups, largest), by_date=True, **more)


def owe_by_date(
    checkpoint: Checkpoint, settings: Settings, since: datetime, dates: Iterable[date], *, again: bool = False
) -> None:
    """Owe each of the dates its own sweep, which begins no earlier than `since` unless the date is owed already.

    With `again`, it begins no earlier in any case. Dates that Zoom does not have, and dates before the first collected
    one, are left out.
    """
    first = max(checkpoint.settled_from, retention_start(since.date()))
    for day in dates:
        pending = checkpoint.owed.get(day)
        if pending and not again:
            checkpoint.owed[day] = replace(pending, by_date=True)
        elif pending or (first <= day <= since.date() and day not in checkpoint.expired):
            checkpoint.owe(day, since, settings.page_size, by_date=True)


def settled_by_tail(checkpoint: Checkpoint, settings: Settings, now: datetime, completed: Sweep) -> Iterator[date]:
    """Yield the owed dates of the window that a tail has swept, if it read the window to its first day.

    A date that is owed its own sweep stays owed. So do all dates if a row lacked a time, because only the sweep of its
    date shows where it belongs, or if rows came out of order. A date with a split group of identical rows, and its
    neighbours (Zoom's days need not be those of UTC), are owed a sweep with another page size.
    """
    first, today = window(now.date(), settings.lookback_days)
    if completed.first > first or completed.untimed or completed.disorder:
        return  # out of order, identical rows may be apart, which only pages with other boundaries can show
    split = {near for group in completed.split if group.day for near in (group.day, *neighbours(group.day))}
    for day in date_range(first, min(today, completed.last)):
        pending = checkpoint.owed.get(day)
        if not pending or pending.by_date or pending.owed_since > completed.began or checkpoint.changed_near(day):
            continue
        if day in split:
            page_size = smaller_page_size(settings.page_size)
            checkpoint.owed[day] = replace(pending, by_date=True, page_size=page_size)
        else:
            yield day


def wait_for_accept(
    checkpoint: Checkpoint, now: datetime, day: date, pending: PendingSweep, *, reverted: Callable[[date], bool]
) -> bool:
    """Keep the date owed while rows in a changed form are held: until every sweep that may show them has accepted them,
    or until Zoom shows the old form again."""
    for changed in checkpoint.changed_near(day):
        waits = any(near != day and near in checkpoint.owed for near in (changed, *neighbours(changed)))
        if (pending.accept and not waits) or reverted(changed):
            del checkpoint.delivered.changed[changed]
    if pending.accept or not checkpoint.changed_near(day):
        return False
    checkpoint.owed[day] = replace(checkpoint.owed.get(day, pending), not_before=with_the_others(now))
    return True


def with_the_others(now: datetime) -> datetime:
    """Return when the dates that wait for an accept are swept again: all in the first run of the next hour."""
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def look_again(
    checkpoint: Checkpoint, settings: Settings, now: datetime, day: date, pending: PendingSweep, completed: Sweep
) -> bool:
    """Decide whether a date before the window stays owed, because one answer of Zoom may be incomplete.

    No later run would ask for such a date. An empty one is swept twice. One that lacks records of the archive is swept
    `MOST_LOOKS` times, and so are its neighbours, which may show them. The sweeps are at least an hour apart.
    """
    first, _ = window(now.date(), settings.lookback_days)
    if day >= first or pending.witness:
        return False
    lacking = checkpoint.lacking(day) > 0
    looks = pending.looks + 1
    if looks >= (MOST_LOOKS if lacking else LOOKS_AT_EMPTY) or not (lacking or not completed.rows_read):
        return False
    checkpoint.owed[day] = replace(
        checkpoint.owed.get(day, pending),
        looks=looks,
        not_before=now + LOOK_AGAIN_AFTER,
        page_size=settings.page_size,
        split=frozenset(group.fingerprint for group in completed.split),
    )
    for near in neighbours(day) if lacking else ():
        known = near in checkpoint.shown or near in checkpoint.expired or near in checkpoint.owed
        if not known and max(checkpoint.settled_from, retention_start(now.date())) <= near <= now.date():
            checkpoint.owe(near, now, settings.page_size, witness=True)
    return True


def explained_by(checkpoint: Checkpoint, settings: Settings, now: datetime, swept: date) -> Iterator[date]:
    """Yield the owed neighbours of a date just swept that lack nothing any more, now that it has shown its rows.

    A neighbour with groups of identical rows on two pages is swept again anyway.
    """
    first, _ = window(now.date(), settings.lookback_days)
    for day in neighbours(swept):
        pending = checkpoint.owed.get(day)
        if not pending or not pending.looks or pending.split or day >= first:
            continue
        if checkpoint.shown.get(day) and checkpoint.lacking(day) <= 0:
            yield day


def next_date(checkpoint: Checkpoint, tried: set[tuple[date, PendingSweep]], now: datetime) -> date | None:
    """Return the newest owed date, None if all are in `tried` or have to wait. Dates with a sweep in progress come
    first, because its page token expires."""
    untried = {
        day
        for day, pending in checkpoint.owed.items()
        if (day, pending) not in tried and not (pending.not_before and pending.not_before > now)
    }
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
