"""Notices that Zoom has changed the form of its records: then it shows rows that the archive should know and does not.

A time written otherwise, or a detail reworded, gives every record another identity, and all of them would be delivered
again. The guard looks only at rows within the span of times that the archive held of their date when the run began:
what is newer, or older, may be missing there for a good reason. `ENOUGH` such rows, of which the archive knows none,
are no coincidence. Quiet dates are judged together.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from .dates import second
from .errors import ChangedFormError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from datetime import date, datetime

    from .dates import Span
    from .delivered import Delivered, DeliveredDay
    from .legacy import LegacyLedger
    from .pending_record import PendingRecord
    from .records import Row

ENOUGH = 20


class FormGuard:
    """What one run has seen. `held` counts, by date, the rows that it does not publish."""

    def __init__(self) -> None:
        self.held: dict[date, int] = {}
        self.accepting = False  # the rows of this sweep are to be accepted
        self._spans: dict[date, Span | None] = {}  # as the run first saw them
        self._known: Counter[date] = Counter()
        self._known_at: defaultdict[date, Counter[datetime]] = defaultdict(Counter)
        self._strange: defaultdict[date, set[bytes]] = defaultdict(set)

    def know(self, known: DeliveredDay, row: Row, count: int, delivered: Delivered) -> None:
        """Take in that the archive knows a row, which the page shows `count` times."""
        if self.accepting and row.time:
            self._known_at[known.date][second(row.time)] += count
        if row.fingerprint not in self._strange[known.date] and self._in_span(known.date, row.time, delivered):
            self._known[known.date] += 1

    def look(self, known: DeliveredDay, pending: Iterable[PendingRecord], delivered: Delivered) -> None:
        """Take in the rows of a date that are about to be published."""
        for record in pending:
            if self._is_strange(known, record, delivered):
                self._strange[known.date].add(record.fingerprint)
            elif delivered.count(known.date, record.fingerprint):
                self._known[known.date] += 1

    def hold(self, known: DeliveredDay, pending: dict[bytes, PendingRecord], delivered: Delivered) -> None:
        """Take out of `pending` the rows of a date whose form has changed, and record that in `delivered`."""
        day, strange = known.date, self._strange[known.date]
        if day not in delivered.changed:
            together = sum(map(len, self._strange.values())) if not self._known.total() else 0
            if self._known[day] or max(len(strange), together) < ENOUGH or not strange:
                return
            span = self._spans[day]
            if span:
                delivered.changed[day] = span[1]
        held = [record for record in pending.values() if self._is_strange(known, record, delivered)]
        for record in held:
            del pending[record.fingerprint]
        if held:
            self.held[day] = self.held.get(day, 0) + len(held)

    def accept(
        self,
        known: DeliveredDay,
        pending: dict[bytes, PendingRecord],
        delivered: Delivered,
        archived: Callable[[DeliveredDay, LegacyLedger | None], Counter[datetime]],
    ) -> None:
        """Take the strange rows of a date for delivered, second by second: as many as the archive holds records of that
        second that Zoom has not shown as they are. `archived` returns how many it holds of each second."""
        strange = [record for record in pending.values() if self._is_strange(known, record, delivered)]
        if not strange:
            return
        free = archived(known, delivered.legacy) - self._known_at[known.date]
        for record in sorted(strange, key=lambda record: record.fingerprint):
            at = second(record.time) if record.time else None
            count = min(record.count, free[at]) if at else 0
            if at and count:
                free[at] -= count
                delivered.accept(known.date, record.fingerprint, count)
                if count == record.count:
                    del pending[record.fingerprint]

    def reverted(self, day: date) -> bool:
        """Return whether the run has seen rows of the date that the archive knows, and none in another form."""
        return bool(self._known[day]) and day not in self.held

    def _is_strange(self, known: DeliveredDay, record: PendingRecord, delivered: Delivered) -> bool:
        if not record.time or delivered.count(known.date, record.fingerprint):
            return False
        cutoff = delivered.changed.get(known.date)
        return record.time <= cutoff if cutoff else self._in_span(known.date, record.time, delivered)

    def _in_span(self, day: date, time: datetime | None, delivered: Delivered) -> bool:
        if day not in self._spans:
            self._spans[day] = delivered.span(day)
        span = self._spans[day]
        return bool(time and span and span[0] <= time <= span[1])


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
