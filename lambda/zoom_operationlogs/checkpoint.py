"""The checkpoint: what the next run need not find out again. Lost or stale, it costs reads, never records.

Here is the model. `checkpoint_merge` combines two runs' knowledge, `checkpoint_format` gives it bytes, and
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

TAIL = "tail"  # the tail's name among the sweeps; that of a date's sweep is its ISO date


@dataclass(frozen=True)
class PendingSweep:
    """An owed date waits for a sweep that begins no earlier than `owed_since`.

    `split` holds the groups of identical rows that the sweep before it split; this one should show them whole.
    """

    owed_since: datetime
    page_size: int
    split: tuple[Group, ...] = ()


@dataclass(frozen=True)
class Lease:
    """Which run may publish, and until when; taken only where the feed deletes what it has read."""

    owner: str
    until: datetime


@dataclass
class Checkpoint:
    """What runs know together.

    Every date from `settled_from` to `settled_to` is settled, except those in `owed`. `frontier` is the newest record
    time that a completed sweep has seen. `reconciled` is when the window was last owed a sweep. Before `not_before`
    Zoom is not called. `sweeps` holds the sweeps in progress, by `TAIL` or ISO date.
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
        """Owe the date a sweep that begins no earlier than `since`."""
        self.expired.discard(day)
        pending = self.owed.get(day)
        if pending is None or pending.owed_since < since:
            self.owed[day] = PendingSweep(since, page_size, tuple(split))

    def settle(self, day: date, began: datetime) -> None:
        """Record that a sweep of the date, begun at `began`, ended."""
        if day in self.owed and self.owed[day].owed_since <= began:
            del self.owed[day]

    def expire(self, day: date, at: datetime) -> None:
        """Record that a sweep of the date, begun at `began`, was told that Zoom no longer has it."""
        self.settle(day, at)
        self.expired.add(day)

    def keep_days(self, first: date, last: date) -> None:
        """Forget what is delivered outside `first` to `last`, except of dates in the middle of a sweep."""
        self.delivered.keep(first, last, {sweep.first for sweep in self.sweeps.values()})
