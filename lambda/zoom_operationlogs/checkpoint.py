"""The checkpoint: what the next run need not find out again. A lost or stale one costs reads, never records.

This module is the model. `checkpoint_merge` combines what two runs know, `checkpoint_format` encodes it, and
`checkpoint_store` loads and saves it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .delivered import Delivered

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from .sweep import Group, Sweep

TAIL = "tail"  # the name of the tail's sweep; that of a date sweep is its ISO date


@dataclass(frozen=True)
class PendingSweep:
    """The sweep that an owed date waits for: it must begin no earlier than `owed_since`.

    `split` holds the groups of identical rows that the sweep before it split, and that this one should show whole.
    """

    owed_since: datetime
    page_size: int
    split: tuple[Group, ...] = ()


@dataclass(frozen=True)
class Lease:
    """The run that may publish, by its request ID, and until when (UTC); used only where the feed deletes objects."""

    owner: str
    until: datetime


@dataclass
class Checkpoint:
    """What runs know together. All times and dates are UTC.

    Every date from `settled_from` to `settled_to` is settled, except those in `owed`; those in `expired` were too old
    for Zoom. `frontier` is the newest record time on the first page of a completed sweep, at most the time it began.
    `reconciled` is when the window was last owed a sweep. The collector does not call Zoom before `not_before`.
    `asks_for_tomorrow` is false once Zoom has refused tomorrow. `sweeps` holds the sweeps in progress, by `TAIL` or ISO
    date.
    """

    settled_from: date
    settled_to: date
    frontier: datetime | None = None
    owed: dict[date, PendingSweep] = field(default_factory=dict)
    expired: set[date] = field(default_factory=set)
    reconciled: datetime | None = None
    not_before: datetime | None = None
    asks_for_tomorrow: bool = True
    lease: Lease | None = None
    sweeps: dict[str, Sweep] = field(default_factory=dict)
    delivered: Delivered = field(default_factory=Delivered)

    def owe(self, day: date, since: datetime, page_size: int, split: Sequence[Group] = ()) -> None:
        """Owe the date a sweep that begins no earlier than `since`, unless it is owed a later one."""
        self.expired.discard(day)
        pending = self.owed.get(day)
        if pending is None or pending.owed_since < since:
            self.owed[day] = PendingSweep(since, page_size, tuple(split))

    def settle(self, day: date, began: datetime) -> None:
        """Record that a sweep of the date, begun at `began`, ended: the date is owed only if that was too early."""
        if day in self.owed and self.owed[day].owed_since <= began:
            del self.owed[day]

    def expire(self, day: date, at: datetime) -> None:
        """Record that Zoom, asked at `at`, no longer has the date."""
        self.settle(day, at)
        self.expired.add(day)

    def keep_days(self, first: date, last: date) -> None:
        """Forget what our objects outside `first` to `last` hold, except of the first dates of sweeps in progress, and
        of dates that a run has begun to read for an owed sweep."""
        near_owed = {day.toordinal() + step for day in self.owed for step in (-1, 0, 1)}
        begun = {day for day, known in self.delivered.days.items() if known.partial and day.toordinal() in near_owed}
        self.delivered.keep(first, last, begun | {sweep.first for sweep in self.sweeps.values()})
