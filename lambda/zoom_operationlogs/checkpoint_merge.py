"""Merges the checkpoints of two runs that overlap."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date, datetime

    from .checkpoint import Checkpoint


def merge(
    mine: Checkpoint, theirs: Checkpoint, swept: Mapping[date, datetime], ended: Collection[str] = ()
) -> Checkpoint:
    """Return what both runs know together; theirs was saved first. The lease is mine.

    `swept` has, by date, the beginning of the last sweep with which this run settled it, `ended` the names of the
    sweeps that this run ended. A date that either owes stays owed, unless such a sweep began no earlier than it was
    owed. Nothing is lost: at worst a date is swept twice.
    """
    sweeps = {name: sweep for name, sweep in theirs.sweeps.items() if name not in ended} | mine.sweeps
    owed = {
        day: max(
            (side.owed[day] for side in (mine, theirs) if day in side.owed), key=lambda pending: pending.owed_since
        )
        for day in mine.owed.keys() | theirs.owed.keys()
    }
    accept = {day for side in (mine, theirs) for day, pending in side.owed.items() if pending.accept}
    owed = {
        day: replace(pending, accept=day in accept)
        for day, pending in owed.items()
        if not (day in swept and pending.owed_since <= swept[day])
    }
    return replace(
        mine,
        settled_from=min(mine.settled_from, theirs.settled_from),
        settled_to=max(mine.settled_to, theirs.settled_to),
        frontier=_later(mine.frontier, theirs.frontier),
        owed=owed,
        expired=(mine.expired | theirs.expired) - owed.keys(),
        reconciled=_later(mine.reconciled, theirs.reconciled),
        not_before=_later(mine.not_before, theirs.not_before),
        sweeps=sweeps,
        shown={**theirs.shown, **mine.shown},
        told={
            kind: max(mine.told.get(kind, day), theirs.told.get(kind, day))
            for kind, day in (mine.told | theirs.told).items()
        },
        kept_since=_later(mine.kept_since, theirs.kept_since),
        delivered=mine.delivered.merge(theirs.delivered),
    )


def _later(mine: datetime | None, theirs: datetime | None) -> datetime | None:
    return max(filter(None, (mine, theirs)), default=None)
