"""What a run knows to be delivered: by the collector's objects, date by date, and by those of the written guide."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .dates import widest
from .fingerprints import FingerprintCounts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import date, datetime

    from .dates import Span
    from .legacy import LegacyLedger


@dataclass
class DeliveredDay:
    """The contents of our objects of one record date (UTC).

    `counts` counts the records of the objects numbered 1 to `seq`. Objects never change, so two `DeliveredDay` of one
    date with the same `seq` count the same records. `oldest` and `newest` are the first and last time of these records.
    `partial`: there were more objects, which no run has read yet. `seconds` counts the records of the objects numbered
    1 to `seconds_seq` by the second of their time, during a count that takes several runs.
    """

    date: date
    seq: int = 0
    counts: FingerprintCounts = field(default_factory=FingerprintCounts)
    oldest: datetime | None = None
    newest: datetime | None = None
    partial: bool = False
    seconds: Counter[datetime] = field(default_factory=Counter)
    seconds_seq: int = 0

    def forget(self) -> None:
        """Forget the objects."""
        self.seq, self.counts, self.oldest, self.newest, self.partial = 0, FingerprintCounts(), None, None, True
        self.seconds, self.seconds_seq = Counter(), 0

    def add(self, fingerprints: Iterable[bytes], oldest: datetime | None, newest: datetime | None) -> None:
        """Add records, and their first and last time."""
        self.counts.add(fingerprints)
        if oldest and newest:
            self.oldest = min(oldest, self.oldest or oldest)
            self.newest = max(newest, self.newest or newest)


@dataclass
class Delivered:
    """What a run knows to be delivered. The archive never has less.

    `changed` has the dates with records in a changed form, each with the time of the newest record in the archive at
    the change; `changed_before` has those of an earlier run. `accepted` counts, by date, rows in a new form that an
    operator accepted as delivered.
    """

    days: dict[date, DeliveredDay] = field(default_factory=dict)
    legacy: LegacyLedger | None = None
    changed: dict[date, datetime] = field(default_factory=dict)
    accepted: dict[date, FingerprintCounts] = field(default_factory=dict)
    changed_before: frozenset[date] = field(init=False, default=frozenset(), compare=False)

    def __post_init__(self) -> None:
        self.changed_before = frozenset(self.changed)

    def on(self, day: date) -> DeliveredDay:
        """Return what is known of a date; an unknown date is added, with nothing read."""
        if day not in self.days:
            self.days[day] = DeliveredDay(day, partial=True)
        return self.days[day]

    def knows(self, day: date) -> bool:
        """Return whether a run has read all objects of the date that it listed last."""
        return day in self.days and not self.days[day].partial

    def count(self, day: date, fingerprint: bytes) -> int:
        """Return how often a record of the date is known to be delivered. An unknown date is added."""
        legacy = self.legacy.count(day, fingerprint) if self.legacy else 0
        return self.on(day).counts.count(fingerprint) + legacy + self.accepted_count(day, fingerprint)

    def accepted_count(self, day: date, fingerprint: bytes) -> int:
        """Return how often a row of the date was accepted as delivered."""
        return self.accepted[day].count(fingerprint) if day in self.accepted else 0

    def span(self, day: date) -> Span | None:
        """Return the first and last time of the records of a date that are known to be delivered."""
        known = self.on(day)
        ours = (known.oldest, known.newest) if known.oldest and known.newest else None
        return widest(ours, self.legacy.spans.get(day) if self.legacy else None)

    def accept(self, day: date, fingerprint: bytes, count: int) -> None:
        """Accept a row in a new form as delivered, `count` times."""
        if count:
            self.accepted.setdefault(day, FingerprintCounts()).add([fingerprint] * count)

    def total(self, day: date) -> int:
        """Return how many records of the date are known to be delivered."""
        legacy = self.legacy.counts.get(day) if self.legacy else None
        return (len(self.days[day].counts) if day in self.days else 0) + (len(legacy) if legacy else 0)

    def keep(self, first: date, last: date, also: Collection[date]) -> None:
        """Forget our objects of dates outside `first` to `last`, except of those in `also`."""
        self.days = {day: known for day, known in self.days.items() if first <= day <= last or day in also}

    def merge(self, other: Delivered) -> Delivered:
        """Return what both know together. Objects never change, so the higher `seq` includes the lower. A date that was
        changed when this run began, and is not any more in one of the two, was accepted."""
        days = other.days | self.days
        for day in self.days.keys() & other.days.keys():
            days[day] = max(self.days[day], other.days[day], key=lambda known: (known.seq, not known.partial))
        accepted = other.accepted | self.accepted
        for day in self.accepted.keys() & other.accepted.keys():
            accepted[day].raise_to(other.accepted[day].counts())
        over = {day for day in self.changed_before if day not in self.changed or day not in other.changed}
        changed = {day: cutoff for day, cutoff in (other.changed | self.changed).items() if day not in over}
        legacy = self.legacy.merge(other.legacy) if self.legacy and other.legacy else self.legacy or other.legacy
        return Delivered(days, legacy, changed, accepted)
