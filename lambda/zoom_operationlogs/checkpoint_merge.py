"""Two runs that overlap: what both checkpoints know together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from .checkpoint import Checkpoint


def merge(mine: Checkpoint, theirs: Checkpoint, swept: Mapping[date, datetime]) -> Checkpoint:
    """Return what both runs know together, where theirs was saved first.

    A date that is owed in either is owed, unless `swept` says that this run has begun a sweep since, which ended
    (date: when the sweep began). Nothing is forgotten: at worst a sweep is done twice.
    """
    owed = {
        day: max(
            (side.owed[day] for side in (mine, theirs) if day in side.owed), key=lambda pending: pending.owed_since
        )
        for day in mine.owed.keys() | theirs.owed.keys()
    }
    owed = {day: pending for day, pending in owed.items() if not (day in swept and pending.owed_since <= swept[day])}
    return replace(
        mine,
        settled_from=min(mine.settled_from, theirs.settled_from),
        settled_to=max(mine.settled_to, theirs.settled_to),
        frontier=_later(mine.frontier, theirs.frontier),
        owed=owed,
        expired=(mine.expired | theirs.expired) - owed.keys(),
        reconciled=_later(mine.reconciled, theirs.reconciled),
        not_before=_later(mine.not_before, theirs.not_before),
        sweeps=theirs.sweeps | mine.sweeps,
        delivered=mine.delivered.merge(theirs.delivered),
    )


def _later(mine: datetime | None, theirs: datetime | None) -> datetime | None:
    return max(filter(None, (mine, theirs)), default=None)
