"""The checkpoint: what saves the next run from reading again. A lost or stale one costs reads, never records.

This module is the model. `checkpoint_merge` combines what two runs know, `checkpoint_format` encodes it, and
`checkpoint_store` loads and saves it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from .dates import ONE_DAY, day_before
from .delivered import Delivered

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from .sweep import Sweep

TAIL = "tail"  # the name of the tail's sweep; that of a date sweep is its ISO date
CLOCK_TOLERANCE = timedelta(days=2)
LONGEST_OUTAGE = timedelta(days=3 * 365)


@dataclass(frozen=True)
class Stream:
    """The account, report and prefix of a checkpoint. `account` is a hash of Zoom's account ID, empty until Zoom has
    accepted it."""

    account: str
    report: str
    prefix: str

    @classmethod
    def of(cls, account_id: str, report: str, prefix: str) -> Stream:
        """Return the stream of an account's report under a prefix."""
        return cls(blake2b(account_id.encode(), digest_size=16).hexdigest(), report, prefix)


@dataclass(frozen=True)
class PendingSweep:
    """The sweep that an owed date waits for: it must begin no earlier than `owed_since`.

    `split` has the fingerprints of the groups that no sweep has shown whole yet, `stalls` is how many sweeps in a row
    have shown none of them whole. `by_date`: a tail does not settle it. `looks` counts the sweeps that ended without
    settling the date, `refusals` the runs in which Zoom refused it; it waits until `not_before`. `witness`: it is swept
    only for records of its neighbours. `accept`: changed rows count as delivered.
    """

    owed_since: datetime
    page_size: int
    split: frozenset[bytes] = frozenset()
    stalls: int = 0
    by_date: bool = False
    looks: int = 0
    refusals: int = 0
    not_before: datetime | None = None
    witness: bool = False
    accept: bool = False


@dataclass(frozen=True)
class Lease:
    """The request ID of the run that may publish, and until when (UTC); used only where the feed deletes objects."""

    owner: str
    until: datetime


@dataclass
class Checkpoint:
    """What all runs together know. All times and dates are UTC.

    `stream` is None before the first save. Every date from `settled_from` to `settled_to` is settled, except those in
    `owed`; those in `expired` were too old for Zoom. `frontier` is the newest record time on the first page of a
    completed sweep, at most the time it began. `reconciled` is when the window was last owed a sweep. The collector
    does not call Zoom before `not_before`. `asks_for_tomorrow` is false once Zoom has refused tomorrow. `sweeps` has
    the sweeps in progress, by `TAIL` or ISO date. `shown` has the rows that recent date sweeps showed, by UTC date:
    Zoom's days need not be those of UTC. `told` is the day of the last report of each incident that lasts.
    `feed_deletes` is FEED_DELETES of the last run, `kept_since` when it last became false.
    """

    settled_from: date
    settled_to: date
    stream: Stream | None = None
    frontier: datetime | None = None
    owed: dict[date, PendingSweep] = field(default_factory=dict)
    expired: set[date] = field(default_factory=set)
    reconciled: datetime | None = None
    not_before: datetime | None = None
    asks_for_tomorrow: bool = True
    lease: Lease | None = None
    sweeps: dict[str, Sweep] = field(default_factory=dict)
    shown: dict[date, Mapping[date, int]] = field(default_factory=dict)
    told: dict[str, date] = field(default_factory=dict)
    feed_deletes: bool = False
    kept_since: datetime | None = None
    delivered: Delivered = field(default_factory=Delivered)

    def owe(self, day: date, since: datetime, page_size: int, **more: Any) -> None:
        """Owe the date a sweep that begins no earlier than `since`, unless it is owed a later one.

        `more` are further fields of `PendingSweep`. A date that is owed again accepts if a neighbour does: otherwise
        the changed date between them would wait for it.
        """
        self.expired.discard(day)
        pending = self.owed.get(day)
        if pending is None or pending.owed_since < since:
            accept = any(
                self.owed[near].accept for near in ((day,) if pending else neighbours(day)) if near in self.owed
            )
            self.owed[day] = PendingSweep(since, page_size, **{"accept": accept, **more})
        elif pending.owed_since == since:
            self.owed[day] = replace(pending, **more)

    def settle(self, day: date, began: datetime) -> None:
        """Record that a sweep of the date, begun at `began`, ended: the date is owed only if that was too early."""
        if day in self.owed and self.owed[day].owed_since <= began:
            del self.owed[day]

    def expire(self, day: date) -> None:
        """Record that Zoom no longer has the date; it is then no longer owed."""
        self.owed.pop(day, None)
        self.expired.add(day)

    def keep_days(self, first: date, last: date) -> None:
        """Forget what is delivered outside `first` to `last`, except on the first dates of sweeps in progress and on
        dates that a run has begun to read for an owed sweep; and what sweeps showed, except of `first` to `last`, of
        owed dates and of their neighbours."""
        needed = {near for day in self.owed for near in neighbours(day)} | self.owed.keys()
        begun = {
            day for day, known in self.delivered.days.items() if (known.partial or known.seconds_seq) and day in needed
        }
        self.delivered.keep(first, last, begun | {sweep.first for sweep in self.sweeps.values()})
        self.shown = {
            day: shown for day, shown in self.shown.items() if first - ONE_DAY <= day <= last or day in needed
        }

    def without_details(self) -> Checkpoint:
        """Return only what neither the archive nor Zoom can show again: the next run reads the rest again."""
        legacy = self.delivered.legacy
        empty = replace(legacy, absorbed=set(), counts={}, spans={}) if legacy else None
        delivered = Delivered(legacy=empty, changed=self.delivered.changed, accepted=self.delivered.accepted)
        return replace(self, sweeps={}, shown={}, delivered=delivered)

    def changed_near(self, day: date) -> set[date]:
        """Return those of the date and its neighbours with records in a changed form."""
        return self.delivered.changed.keys() & {day, *neighbours(day)}

    def lacking(self, day: date) -> int:
        """Return how many more records of the date the archive has than the last sweeps of it and its neighbours
        showed; 0 or less if they lack none."""
        showed = sum(self.shown.get(sweep_date, {}).get(day, 0) for sweep_date in (day, *neighbours(day)))
        return self.delivered.total(day) - showed

    def plausible(self, now: datetime) -> bool:
        """Return whether a run that ended before `now` can have stored this, if clocks differ by at most two days.

        A date or time in the far future would settle dates that were never swept, or owe one forever.
        """
        latest = now + CLOCK_TOLERANCE
        times = [
            self.reconciled,
            self.kept_since,
            *(pending.owed_since for pending in self.owed.values()),
            *(pending.not_before for pending in self.owed.values()),
            *(sweep.began for sweep in self.sweeps.values()),
        ]
        dates = [self.settled_to, *self.owed, *self.expired, *self.told.values()]
        if self.delivered.legacy:
            dates.append(self.delivered.legacy.last)
        return (
            now.date() - LONGEST_OUTAGE <= self.settled_to
            and self.settled_from <= self.settled_to + ONE_DAY
            and all(time is None or time <= latest for time in times)
            and all(day <= latest.date() for day in dates)
        )


def neighbours(day: date) -> tuple[date, date]:
    """Return the dates before and after: their sweeps may show records of this one."""
    return day_before(day), min(day, date.max - ONE_DAY) + ONE_DAY
