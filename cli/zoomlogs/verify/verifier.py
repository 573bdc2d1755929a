"""Verifies date after date: reads Zoom, then the archive, and both again before it reports a difference."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from zoom_operationlogs.dates import ONE_DAY
from zoom_operationlogs.errors import (
    CollectorError,
    DatesRefusedError,
    DateTooOldError,
    OutOfTimeError,
    RateLimitedError,
)
from zoom_operationlogs.sweep import TAIL_OVERLAP

from ..dates import some, span, spell
from ..errors import CommandError
from .acceptance import with_reasons
from .archive import UnreadableObjectError
from .comparison import DayResult, Diff, Difference, Kind, State, compare
from .report_reader import IncompleteReadError, QuotaLowError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date, datetime

    from zoom_operationlogs.checkpoint import Checkpoint

    from .archive import ArchivedDay, ArchiveReader
    from .comparison import Accepted
    from .report_reader import ReportReader

USUAL_INTERVAL = timedelta(minutes=15)
RECORDS_KEPT = 200  # of a date that differ, and of each kind; the others are counted
RESTORING = '"Replaying a day" in docs/operations.md'


class Verifier:
    """Compares dates."""

    def __init__(
        self,
        report: ReportReader,
        archive: ArchiveReader,
        checkpoint: Checkpoint | None,
        lookback_days: int,
        now: datetime,
        accepted: Mapping[date, Mapping[str, Accepted]] | None = None,
        on_archived: Callable[[ArchivedDay], None] = lambda _archived: None,
    ) -> None:
        """Take both sides, the checkpoint for what is owed, if there is one, and accepted repeats.

        `on_archived` is called with each date that was compared, as other systems should have it.
        """
        self._accepted = accepted or {}
        self._on_archived = on_archived
        self._report = report
        self._archive = archive
        self._checkpoint = checkpoint
        self._lookback = timedelta(days=lookback_days)
        self._now = now

    def run(
        self, days: Sequence[date], on_day: Callable[[DayResult], None] = lambda _result: None
    ) -> tuple[list[DayResult], str]:
        """Verify the dates, newest first; return them in their order, and the sentence that says why some are left.

        Raises `CommandError` where Zoom refuses before any date was checked, or AWS does.
        """
        results: list[DayResult] = []
        stopped = ""
        left = sorted(days, reverse=True)
        while left and not stopped:
            try:
                results.append(self._day(left[0]))
            except QuotaLowError:
                stopped = (
                    "Under a quarter of Zoom's daily limit is left, which is for the collector alone: verify the rest"
                    " after midnight UTC."
                )
            except RateLimitedError as refusal:
                until = f" before {refusal.until:%Y-%m-%d %H:%M} UTC" if refusal.until else " for now"
                stopped = f"Zoom's rate limit is reached, and it wants no request{until}: verify the rest then."
            except OutOfTimeError:
                stopped = "Zoom did not answer in time: verify the rest later."
            except CollectorError as error:
                if not results:
                    raise CommandError(for_an_operator(error), status=1) from None
                stopped = for_an_operator(error)
            else:
                on_day(results[-1])
                left.pop(0)
        if stopped and not results:
            raise CommandError(stopped.replace("the rest ", ""), status=1)
        results += [DayResult(day, State.UNCHECKED, note="Not checked.") for day in left]
        if left:
            stopped = f"{stopped} Unchecked: {spell(left)}."
        return sorted(results, key=lambda result: result.date), stopped

    def _day(self, day: date) -> DayResult:
        try:
            return self._compared(day)
        except DateTooOldError:
            return DayResult(day, State.UNCHECKED, note="Zoom no longer has this date.")
        except (IncompleteReadError, UnreadableObjectError, DatesRefusedError) as error:
            return DayResult(day, State.UNCHECKED, note=f"{str(error).rstrip('.')}.")

    def _compared(self, day: date) -> DayResult:
        today = self._now.date()
        # Zoom first: a record that the collector publishes meanwhile is then not reported as missing.
        zoom = self._report.counts(day, today)
        archived = self._archive.read(day)
        diff = compare(zoom, archived.counts, self._report.recent, archived.hidden)
        if diff.differs:
            # Rows may have come or shifted since: read Zoom again with other pages, then the objects written since, as
            # far as Zoom has shown their records. Repeats were in the archive before that.
            kept = {*_first(diff.missing), *_first(diff.repeated), *_first(diff.deleted)}
            unknown = any(name not in zoom for name in (*diff.repeated, *diff.deleted))
            self._report.read_again(day, kept, whole=unknown)
            zoom = self._report.counts(day, today, whole=unknown)
            self._archive.read_news(archived, zoom)
            diff = compare(zoom, archived.counts, self._report.recent, archived.hidden)
        self._on_archived(archived.expected_elsewhere(diff.deleted))
        return self._result(day, archived, zoom, diff)

    def _result(self, day: date, archived: ArchivedDay, zoom: Mapping[bytes, int], diff: Diff) -> DayResult:
        owed = bool(self._checkpoint and day in self._checkpoint.owed)
        state = State.EQUAL
        taken = self._taken_for_delivered(archived, diff)
        entries = self._accepted.get(day, {})
        accepted = sum(
            min(count, entries[name.hex()].count) for name, count in diff.repeated.items() if name.hex() in entries
        )
        repeated, deleted = sum(diff.repeated.values()), sum(diff.deleted.values())
        if diff.missing or deleted or repeated > accepted:
            waits = owed and repeated == accepted and not taken and not deleted
            state = State.NOT_READ_YET if waits else State.DIFFERENT
        found = DayResult(
            date=day,
            state=state,
            in_zoom=sum(zoom.values()),
            in_archive=sum(archived.counts.values()) - sum(archived.hidden.values()),
            missing=sum(diff.missing.values()),
            repeated=repeated,
            deleted=deleted,
            accepted=accepted,
            late=archived.late,
            not_due=diff.not_due,
            taken_for_delivered=taken,
            owed=owed,
            note=" ".join(self._notes(archived, diff, taken, accepted)),
            differences=self._differences(archived, diff),
            repeats=frozenset(name.hex() for name in diff.repeated),
        )
        return with_reasons(found, entries)

    def _notes(self, archived: ArchivedDay, diff: Diff, taken: int, accepted: int) -> Iterable[str]:
        day = archived.date
        if diff.not_due:
            yield f"{diff.not_due:,} so new that they are not yet due."
        if deleted := sum(diff.deleted.values()):
            yield (
                f"{some(deleted, 'record')} {'is' if deleted == 1 else 'are'} in deleted objects, which nobody can"
                f" read: remove their delete markers, which `{self._archive.markers_command(day)}` lists, as"
                f" {RESTORING} says."
            )
        if accepted:
            yield f"{some(accepted, 'repeat')} accepted by --accept."
        if archived.expired:
            yield f"{some(archived.expired, 'record')} expired by bucket.expiration_days; only versions are left."
        if archived.by_feed:
            yield f"{archived.by_feed:,} were deleted while the feed was set to delete; their versions stay."
        if not self._checkpoint or not diff.missing:
            return
        if taken:
            yield (
                f"The checkpoint holds {taken:,} of the missing as delivered, so the archive had them once: delete the"
                f" checkpoint as {RESTORING} says, then repair."
            )
        elif owed := self._checkpoint.owed.get(day):
            if owed.looks and owed.not_before:
                yield f"Read, but not in full: the collector reads it again after {owed.not_before:%Y-%m-%d %H:%M} UTC."
            else:
                yield f"Not read yet: owed for {span(self._now - owed.owed_since)}."
        elif day in self._checkpoint.expired:
            yield "Zoom did not have it when the collector came."
        elif day < self._checkpoint.settled_from:
            yield f"Before {self._checkpoint.settled_from}, the first date that is collected."
        elif day >= self._now.date() - self._lookback:
            yield "The collector reads this date again by itself."

    def _taken_for_delivered(self, archived: ArchivedDay, diff: Diff) -> int:
        """Count those of the missing that the archive had once and that no backfill would write again.

        The checkpoint holds what the collector wrote of the last dates, and what the guide's objects held of all dates.
        """
        if not self._checkpoint:
            return 0
        delivered = self._checkpoint.delivered
        known, guide = delivered.days.get(archived.date), delivered.legacy
        remembered = guide.counts.get(archived.date) if guide else None
        taken = 0
        for name, missing in diff.missing.items():
            there = archived.counts.get(name, 0)
            ours = known.counts.count(name) if known else there - archived.guide.get(name, 0)
            guides = remembered.count(name) if remembered else 0
            taken += min(missing, max(0, ours + guides - there))
        return taken

    def _differences(self, archived: ArchivedDay, diff: Diff) -> tuple[Difference, ...]:
        names = [(Kind.MISSING, name, diff.missing[name]) for name in _first(diff.missing)]
        names += [(Kind.REPEATED, name, diff.repeated[name]) for name in _first(diff.repeated)]
        names += [(Kind.DELETED, name, diff.deleted[name]) for name in _first(diff.deleted)]
        records = self._report.records
        lacking = {name for kind, name, _ in names if kind is not Kind.MISSING and name not in records}
        if lacking:
            records = {**records, **self._archive.find(archived, lacking)}
        found = [Difference(kind, count, name.hex(), records.get(name)) for kind, name, count in names]
        return tuple(sorted(found, key=_by_kind_and_time))


def longest_pause(schedule: Mapping[str, Any]) -> timedelta:
    """Return the longest pause between two runs by the module's output `schedule`, its flexible window included.

    A day for a schedule without a known interval; the usual 15 minutes where there is no such output.
    """
    if not schedule:
        return USUAL_INTERVAL
    minutes = schedule.get("interval_minutes")
    interval = timedelta(minutes=minutes) if minutes else ONE_DAY
    return interval + timedelta(minutes=schedule.get("flexible_window_minutes") or 0)


def due_before(now: datetime, checkpoint: Checkpoint | None, pause: timedelta) -> datetime:
    """Return the time from which on a record is too new to be expected in the archive.

    The collector's tail reads back to 15 minutes before the newest record that its last run saw (the frontier). A
    frontier that stays behind counts for no longer than two pauses of the schedule and those 15 minutes.
    """
    slack = now - 2 * pause - TAIL_OVERLAP
    frontier = checkpoint.frontier if checkpoint else None
    return max(slack, frontier - TAIL_OVERLAP) if frontier else slack


def for_an_operator(error: CollectorError) -> str:
    """Return a failure's sentence without what concerns the collector alone: its role, its next run."""
    told = re.sub(r": grant the collector's role .*", ": you lack that right (docs/cli.md lists them).", str(error))
    return re.sub(r"; the next run tries again", "; try again", told)


def _first(counts: Iterable[bytes]) -> list[bytes]:
    return sorted(counts)[:RECORDS_KEPT]


def _by_kind_and_time(difference: Difference) -> tuple[str, str, str]:
    record = difference.record or {}
    return difference.kind, str(record.get("time", "")), difference.fingerprint
