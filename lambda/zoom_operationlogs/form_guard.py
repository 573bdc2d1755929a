"""Detects that Zoom has changed the form of its records: it shows rows that the archive should know and does not.

A time in another format, or a reworded detail, gives every record another identity: all would be delivered again. A row
is suspicious if the archive does not know it, and its time is within the span of times that the archive had of its date
when the run began; or if it has no time, and the archive has records of its date with a time. The suspicious rows of a
date are another form of its records if Zoom shows less than one in `SHARE` of the archived records next to them
unchanged, counted by their seconds: late rows, and those of a gap, have known ones next to them. It is more than a
coincidence if there are `ENOUGH` of both. Dates with fewer are judged together, over all that the run has seen, at its
end. While a change is known, one is enough.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Protocol

from .dates import second
from .errors import ChangedFormError, OutOfTimeError
from .form_evidence import ENOUGH, SHARE, Evidence, Seen, Standing

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date, datetime

    from .delivered import Delivered, DeliveredDay
    from .pending_record import PendingRecord
    from .records import Row
    from .reports import Report
    from .sweep import Sweep

    Pending = Mapping[date, dict[bytes, PendingRecord]]


class Archived(Protocol):
    """Counts the records with a time in a date's objects up to a number; None if one of the objects cannot be read: the
    date is then held up."""

    def seconds(self, known: DeliveredDay, up_to: int) -> Counter[datetime] | None:
        """Count them by second."""

    def alike(self, known: DeliveredDay, up_to: int) -> Counter[bytes] | None:
        """Count those that differ only in time."""


class FormGuard:
    """What one run has seen."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self.accepting = False  # whether the current sweep accepts rows
        self._seen: defaultdict[date, Seen] = defaultdict(Seen)
        self._boundaries: set[datetime] = set()
        self._reverted: set[date] = set()

    def know(self, day: date, row: Row, count: int, delivered: Delivered) -> None:
        """Note a row that the archive knows, and that the page shows `count` times."""
        seen, accepted = self._seen[day], delivered.accepted_count(day, row.fingerprint)
        if self.accepting:
            # Of rows without a time, those count that were accepted: `archived` counts none of the others.
            stands = min(count, delivered.count(day, row.fingerprint) if row.time else accepted)
            before = seen.standing.get(row.fingerprint)
            stands = max(stands, before.records if before else 0)
            seen.standing[row.fingerprint] = Standing(
                row.time and second(row.time), self._report.without_time(row.record), stands
            )
        if row.fingerprint in seen.strange:
            return  # this run has published it
        if row.time:
            seen.known[second(row.time)] += count
            if not accepted:
                seen.as_archived = min(row.time, seen.as_archived or row.time)
        else:
            seen.untimed[row.fingerprint] = max(count, seen.untimed[row.fingerprint])

    def judge(
        self, pending: Pending, delivered: Delivered, archived: Archived, concluding: Collection[date] = ()
    ) -> set[date]:
        """Judge the rows of a batch; return the dates with suspicious rows that have to wait.

        `delivered.changed` gets the dates in a changed form. The run reads no more of the dates in `concluding`: they
        do not wait.
        """
        suspicious = set()
        for day, records in pending.items():
            seen = self._look(day, delivered)
            for record in records.values() if seen.span else ():
                if record.time and delivered.count(day, record.fingerprint):
                    seen.known[second(record.time)] += 1
                elif self._is_suspicious(day, record, delivered):
                    seen.strange[record.fingerprint] = record.time
                    suspicious.add(day)
        change_known = bool(delivered.changed or delivered.accepted)
        worth_reading = change_known or sum(len(seen.strange) for seen in self._seen.values()) >= ENOUGH
        try:
            for day in suspicious:
                seen = self._seen[day]
                many_known = SHARE * len(seen.known) >= (SHARE - 1) * delivered.total(day)
                if not worth_reading and (many_known or day in concluding):
                    continue  # few rows are published without reading the date's objects
                seen.found = self._weigh(day, seen.strange.values(), delivered, archived)
        except OutOfTimeError:
            return suspicious  # a later run continues the count, and judges them
        weighed = {day: seen.found for day, seen in self._seen.items() if seen.strange}
        few = {
            day
            for day, found in weighed.items()
            if found.archived < ENOUGH or (found.replaced and not found.enough(ENOUGH))
        }
        total = sum((weighed[day] for day in few), Evidence())
        together = total.replaced and total.enough(ENOUGH)
        wait = set()
        for day, found in weighed.items():
            least = 1 if change_known and day in concluding else ENOUGH
            span = self._seen[day].span
            doubtful = not found.shown and not found.enough(ENOUGH)
            no_coincidence = found.enough(least) or (together and day in few)
            concluded = doubtful and delivered.changed and day in concluding
            if span and ((found.replaced and no_coincidence) or concluded):
                delivered.changed[day] = span[1]
            elif (found.replaced or doubtful) and day in suspicious and day not in concluding:
                wait.add(day)
        return wait

    def hold(self, day: date, pending: dict[bytes, PendingRecord], delivered: Delivered) -> None:
        """Remove the rows of a date from `pending` that are not published because their form has changed."""
        for record in list(pending.values()) if day in delivered.changed else ():
            if self._held(day, record, delivered):
                del pending[record.fingerprint]
                self._seen[day].held[record.fingerprint] = record.time

    def suspicious(
        self, day: date, pending: dict[bytes, PendingRecord], delivered: Delivered
    ) -> dict[bytes, PendingRecord]:
        """Remove the suspicious rows of a date from `pending`, and return them."""
        found = {name: record for name, record in pending.items() if self._is_suspicious(day, record, delivered)}
        for name in found:
            del pending[name]
        return found

    def accept(
        self, archive_day: DeliveredDay, pending: dict[bytes, PendingRecord], delivered: Delivered, archived: Archived
    ) -> None:
        """Accept the suspicious rows of a date as delivered, second by second: as many as the archive has records in
        that second, less those that other rows stand for. Of rows without a time, as many are accepted as the archive
        has records that differ only in time, the lowest on the page first: they are the oldest."""
        day = archive_day.date
        seen = self._look(day, delivered)
        strange = [
            record
            for record in pending.values()
            if delivered.accepted_count(day, record.fingerprint)  # it was cut by a page boundary
            or self._held(day, record, delivered)
            or self._is_suspicious(day, record, delivered)
        ]
        of_second: Counter[Any] | None = archived.seconds(archive_day, archive_day.seq) if strange else Counter()
        untimed = any(record.time is None for record in strange)
        alike = archived.alike(archive_day, archive_day.seq) if untimed else Counter()
        if of_second is None or alike is None:
            return
        for fingerprint, shown_at in seen.edge.items():  # an earlier run has delivered them
            seen.standing.setdefault(fingerprint, Standing(shown_at, b"", delivered.count(day, fingerprint)))
        seen.edge.clear()
        for stands in seen.standing.values():
            of_second[stands.second] -= stands.records
            alike[stands.rest] -= stands.records
        rest = {name: self._report.without_time(json.loads(record.line)) for name, record in pending.items()}
        for name, record in pending.items():  # those that are published now are in the archive when it is next counted
            if record.time:
                seen.standing[name] = Standing(second(record.time), rest[name], record.count)
        timed = sorted((record for record in strange if record.time), key=lambda record: record.fingerprint)
        for record in (*timed, *(record for record in reversed(strange) if not record.time)):
            at, name = record.time and second(record.time), record.fingerprint
            known = delivered.count(day, name)
            count = min(record.count - known, max(0, of_second[at] if at else alike[rest[name]]))
            of_second[at] -= count
            alike[rest[name]] -= count
            if not at:
                seen.standing[name] = Standing(None, rest[name], known + count)
            delivered.accept(day, name, count)
            if known + count == record.count:
                del pending[name]

    def resumed(self, sweep: Sweep) -> None:
        """Note that the run continues a sweep; an earlier run has published its rows so far."""
        if sweep.last_time:
            self._boundaries.add(second(sweep.last_time))
        if sweep.accept:
            for fingerprint, row in sweep.edge.items():
                if row.time:
                    self._seen[row.time.date()].edge[fingerprint] = second(row.time)

    def reverted(self, day: date, delivered: Delivered, archived: Archived, *, whole: bool) -> bool:
        """Return whether Zoom shows a changed date in the archive's form again; `whole`: the run has seen all of it.
        For a date with held rows, which have to be read again, it returns true at most once in a run."""
        seen, cutoff = self._seen[day], delivered.changed[day]
        if not seen.as_archived or seen.as_archived > cutoff:
            return False
        if not seen.held:
            return whole
        if day in self._reverted or not self._weigh(day, seen.held.values(), delivered, archived).shown:
            return False
        self._reverted.add(day)
        return True

    def read_again(self, day: date) -> bool:
        """Forget the held rows of the date; return whether there were any, which have to be read again."""
        held, self._seen[day].held = self._seen[day].held, {}
        return bool(held)

    def _held(self, day: date, record: PendingRecord, delivered: Delivered) -> bool:
        cutoff = delivered.changed.get(day)
        before = cutoff and (record.time is None or second(record.time) <= second(cutoff))
        return bool(before and not delivered.count(day, record.fingerprint))

    def _is_suspicious(self, day: date, record: PendingRecord, delivered: Delivered) -> bool:
        span = self._look(day, delivered).span
        return (
            bool(span and (record.time is None or second(span[0]) <= second(record.time) <= second(span[1])))
            and not self._held(day, record, delivered)
            and not delivered.count(day, record.fingerprint)
        )

    def _look(self, day: date, delivered: Delivered) -> Seen:
        seen = self._seen[day]
        if seen.seq is None and delivered.knows(day):
            seen.span, seen.seq = delivered.span(day), delivered.on(day).seq
        return seen

    def _weigh(
        self, day: date, times: Collection[datetime | None], delivered: Delivered, archived: Archived
    ) -> Evidence:
        """Return the evidence in rows with these times; none for a date that cannot be read."""
        seen = self._seen[day]
        if not seen.span:
            return Evidence()
        if seen.seconds is None:
            seen.seconds = archived.seconds(delivered.on(day), seen.seq or 0)
        if seen.seconds is None:
            return Evidence()
        held = sorted(seen.seconds.keys() - self._boundaries)
        among: set[datetime] = set()
        for time in times:
            at = bisect_left(held, second(time)) if time else 0
            end = bisect_right(held, second(time)) if time else len(held)
            among.update(held[max(0, at - 1) : end + 1])
        known = sum(SHARE * seen.known[at] >= seen.seconds[at] for at in among)
        untimed = 0 if all(times) else sum(seen.untimed.values())
        return Evidence(len(times), sum(seen.seconds[at] for at in among), len(among), known + untimed)


def changed_form(dates: Collection[date]) -> ChangedFormError | None:
    """Return the error of a run that has not published rows of these dates, None without a date."""
    if not dates:
        return None
    first, last = min(dates).isoformat(), max(dates).isoformat()
    return ChangedFormError(
        f"Zoom shows the records of {first} to {last} in another form than the archive holds, and hardly any unchanged."
        " They are not published again. Compare the two forms, then invoke the function with"
        f' {{"action": "accept", "from": "{first}", "to": "{last}"}}, which accepts as many rows as delivered as the'
        " archive has records in each second, and publishes the others."
    )
