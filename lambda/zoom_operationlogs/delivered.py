"""What is known to be delivered: by the collector's objects, date by date, and by those of the written guide."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .fingerprints import FingerprintCounts

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from .legacy import LegacyLedger


@dataclass
class DeliveredDay:
    """What our objects of one record date (UTC) hold.

    `counts` counts the records of the objects numbered 1 to `seq`. Objects never change, so two `DeliveredDay` of one
    date with the same `seq` count the same. `partial` says that there were more objects, which no run has read yet.
    """

    date: date
    seq: int = 0
    counts: FingerprintCounts = field(default_factory=FingerprintCounts)
    partial: bool = False


@dataclass
class Delivered:
    """What a run knows to be delivered. The archive never holds less."""

    days: dict[date, DeliveredDay] = field(default_factory=dict)
    legacy: LegacyLedger | None = None

    def on(self, day: date) -> DeliveredDay:
        """Return what is known of a date; an unknown date is added, with nothing read."""
        return self.days.setdefault(day, DeliveredDay(day, partial=True))

    def knows(self, day: date) -> bool:
        """Return whether all objects of the date were read that were there when a run last looked."""
        return day in self.days and not self.days[day].partial

    def count(self, day: date, fingerprint: bytes) -> int:
        """Return how often a record of the date is known to be delivered. An unknown date is added."""
        legacy = self.legacy.count(day, fingerprint) if self.legacy else 0
        return self.on(day).counts.count(fingerprint) + legacy

    def keep(self, first: date, last: date, also: Collection[date]) -> None:
        """Forget what our objects of dates outside `first` to `last` hold, except of those in `also`."""
        self.days = {day: known for day, known in self.days.items() if first <= day <= last or day in also}

    def merge(self, other: Delivered) -> Delivered:
        """Return what both know together. Objects never change, so the higher `seq` includes the lower."""
        days = other.days | self.days
        for day in self.days.keys() & other.days.keys():
            days[day] = max(self.days[day], other.days[day], key=lambda known: (known.seq, not known.partial))
        if self.legacy and other.legacy:
            return Delivered(days, self.legacy.merge(other.legacy))
        return Delivered(days, self.legacy or other.legacy)
