"""Notices that Zoom has changed the form of its records: then it shows rows that the archive should know and does not.

A time written otherwise, or a detail reworded, gives every record another identity, and all of them would be delivered
again. A row is suspicious if the archive does not know it, and its time lies within the span of times that the archive
held of its date when the run began. Suspicious rows are no coincidence if there are `ENOUGH` of them, if the archive
knows none of the other rows in that span, and if it holds `ENOUGH` records among their times: in a gap of the archive
there are none. Quiet dates are judged together.

Fewer suspicious rows than that are deferred until a sweep has shown the whole date.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from .dates import second
from .errors import ChangedFormError, OutOfTimeError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import date, datetime

    from .dates import Span
    from .delivered import Delivered, DeliveredDay
    from .pending_record import PendingRecord
    from .records import Row

    Archived = Callable[[DeliveredDay, int], Counter[datetime] | None]
    Pending = Mapping[date, dict[bytes, PendingRecord]]

ENOUGH = 20


class FormGuard:
    """What one run has seen.

    `archived` functions return how many records a date's objects up to a number hold in each second, None if one cannot
    be read: the date is held up then.
    """

    def __init__(self) -> None:
        self.accepting = False  # the rows of this sweep are to be accepted
        self._spans: dict[date, Span | None] = {}  # as the run first saw them
        self._seqs: dict[date, int] = {}  # likewise, the number of the last object
        self._seconds: dict[date, Counter[datetime]] = {}  # as the run first saw them
        self._known: defaultdict[date, Counter[datetime]] = defaultdict(Counter)  # by second
        self._boundaries: set[datetime] = set()
        self._strange: defaultdict[date, set[bytes]] = defaultdict(set)
        self._as_before: set[date] = set()
        self._held_of: set[date] = set()
        self._standing: defaultdict[date, dict[bytes, tuple[datetime, int]]] = defaultdict(dict)

    def know(self, day: date, row: Row, count: int, delivered: Delivered) -> None:
        """Take in that the archive knows a row, which the page shows `count` times."""
        if self.accepting and row.time:
            _, before = self._standing[day].get(row.fingerprint, (row.time, 0))
            self._standing[day][row.fingerprint] = (second(row.time), max(count, before))
        if row.fingerprint in self._strange[day] or not self._in_span(day, row.time, delivered):
            return
        if row.time:
            self._known[day][second(row.time)] += 1
            if day in delivered.changed and row.time <= delivered.changed[day]:
                self._as_before.add(day)

    def judge(self, pending: Pending, delivered: Delivered, archived: Archived, *, whole: bool) -> set[date]:
        """Judge the rows that are about to be published; return the dates of which the suspicious rows have to wait.

        Dates whose form has changed are recorded in `delivered.changed`. `whole` says that a sweep has shown them
        whole.
        """
        suspicious: dict[date, list[datetime]] = {}
        for day, records in pending.items():
            if not self._span(day, delivered):
                continue
            for record in records.values():
                if record.time and delivered.count(day, record.fingerprint):
                    self._known[day][second(record.time)] += 1
                elif record.time and self._is_suspicious(day, record, delivered):
                    self._strange[day].add(record.fingerprint)
                    suspicious.setdefault(day, []).append(record.time)
        enough = sum(map(len, self._strange.values())) >= ENOUGH
        if whole and not enough:
            return set()  # whatever the archive holds, they are published
        unknown = {day for day, times in suspicious.items() if not _within(self._known[day], min(times), max(times))}
        try:
            found = {
                day: self._among(day, min(suspicious[day]), max(suspicious[day]), delivered, archived)
                for day in suspicious
                if day in unknown
            }
        except OutOfTimeError:
            if whole:
                raise
            return unknown  # a sweep of few suspicious rows need not read the objects
        among = {day: records for day, records in found.items() if records is not None}
        together = enough and unknown == suspicious.keys()
        wait = set()
        for day, records_among in among.items():
            alone = len(self._strange[day]) >= ENOUGH and records_among >= ENOUGH
            span = self._spans[day]
            if span and (alone or (together and sum(among.values()) >= ENOUGH)):
                delivered.changed[day] = span[1]
            elif records_among and not whole:
                wait.add(day)
        return wait

    def hold(self, day: date, pending: dict[bytes, PendingRecord], delivered: Delivered) -> None:
        """Take the rows of a date that are not published, because their form has changed, out of `pending`."""
        for record in list(pending.values()) if day in delivered.changed else ():
            if self._held(day, record, delivered):
                del pending[record.fingerprint]
                self._held_of.add(day)

    def suspicious(
        self, day: date, pending: dict[bytes, PendingRecord], delivered: Delivered
    ) -> dict[bytes, PendingRecord]:
        """Take the suspicious rows of a date out of `pending`, and return them."""
        found = {name: record for name, record in pending.items() if self._is_suspicious(day, record, delivered)}
        for name in found:
            del pending[name]
        return found

    def accept(
        self, known: DeliveredDay, pending: dict[bytes, PendingRecord], delivered: Delivered, archived: Archived
    ) -> None:
        """Take the suspicious rows of a date for delivered, second by second: as many as the archive holds records of
        that second, less those that Zoom shows as they are."""
        day = known.date
        strange = [
            record
            for record in pending.values()
            if self._held(day, record, delivered) or self._is_suspicious(day, record, delivered)
        ]
        if not strange:
            return
        free = archived(known, known.seq)
        if free is None:
            return
        for shown_at, count in self._standing[day].values():
            free[shown_at] -= count
        for record in sorted(strange, key=lambda record: record.fingerprint):
            at = second(record.time) if record.time else None
            count = min(record.count, max(0, free[at])) if at else 0
            if at and count:
                free[at] -= count
                self._standing[day][record.fingerprint] = (at, count)
                delivered.accept(day, record.fingerprint, count)
                if count == record.count:
                    del pending[record.fingerprint]

    def resumed_after(self, time: datetime | None) -> None:
        """Take in that a sweep goes on after a row of this time: an earlier run has published others of that second."""
        if time:
            self._boundaries.add(second(time))

    def reverted(self, day: date) -> bool:
        """Return whether the run has seen a changed date in the form of the archive, and in no other."""
        return day in self._as_before - self._held_of

    def _held(self, day: date, record: PendingRecord, delivered: Delivered) -> bool:
        cutoff = delivered.changed.get(day)
        return bool(cutoff and record.time and record.time <= cutoff and not delivered.count(day, record.fingerprint))

    def _is_suspicious(self, day: date, record: PendingRecord, delivered: Delivered) -> bool:
        return (
            self._in_span(day, record.time, delivered)
            and not self._held(day, record, delivered)
            and not delivered.count(day, record.fingerprint)
        )

    def _span(self, day: date, delivered: Delivered) -> Span | None:
        if day not in self._spans:
            self._spans[day], self._seqs[day] = delivered.span(day), delivered.on(day).seq
        return self._spans[day]

    def _in_span(self, day: date, time: datetime | None, delivered: Delivered) -> bool:
        span = self._span(day, delivered)
        return bool(time and span and span[0] <= time <= span[1] and second(time) not in self._boundaries)

    def _among(
        self, day: date, first: datetime, last: datetime, delivered: Delivered, archived: Archived
    ) -> int | None:
        """Return how many records the archive held from the second of `first` to that of `last`, None if one of its
        objects cannot be read."""
        if day not in self._seconds:
            seconds = archived(delivered.on(day), self._seqs[day])
            if seconds is None:
                return None
            self._seconds[day] = seconds
        return _within(self._seconds[day], first, last)


def _within(seconds: Counter[datetime], first: datetime, last: datetime) -> int:
    return sum(count for at, count in seconds.items() if second(first) <= at <= last)


def changed_form(dates: Collection[date]) -> ChangedFormError | None:
    """Return the error of a run that leaves rows of these dates unpublished, None without a date."""
    if not dates:
        return None
    first, last = min(dates).isoformat(), max(dates).isoformat()
    return ChangedFormError(
        f"Zoom shows the records of {first} to {last} in another form than the archive holds: at least {ENOUGH}, and"
        " none as it was. They are not published again. Compare the two, then invoke the function with"
        f' {{"action": "accept", "from": "{first}", "to": "{last}"}}, which takes as many for delivered as the archive'
        " holds of each second and publishes the others."
    )
