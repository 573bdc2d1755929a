"""The records that a run has read and not published yet."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from .dates import ONE_DAY, is_late
from .errors import UnreadableObjectError
from .form_guard import FormGuard
from .pending_record import PendingRecord

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Collection, Iterator, Sequence
    from datetime import date, datetime

    from .archive import Archive
    from .delivered import Delivered, DeliveredDay
    from .records import Record, Row

FULL_BYTES = 8 * 2**20  # of uncompressed lines


@dataclass(frozen=True)
class Published:
    """How many records of a date were published, how many of them late, and the age of the oldest late one."""

    written: int = 0
    late: int = 0
    late_seconds: float = 0.0


class Hooks(Protocol):
    """What a batch says while it publishes."""

    def hold_up(self, day: date, error: UnreadableObjectError) -> None:
        """Nothing of the date is published, because an object cannot be read."""

    def defer(self, day: date, *, read: bool) -> None:
        """Suspicious rows of the date wait for sweeps of it; `read` says whether one of this run has shown some."""

    def changed(self, dates: Collection[date]) -> None:
        """Zoom has changed the form of the records of these dates; nothing has been put since."""


class Batch:
    """The records of one run that wait to be published, by record date.

    `held_up` holds the dates of which an object cannot be read: none of their records are taken or published.
    """

    def __init__(self, archive: Archive, lookback_days: int, clock: Callable[[], datetime]) -> None:
        self._archive = archive
        self._lookback_days = lookback_days
        self._clock = clock
        self._pending: defaultdict[date, dict[bytes, PendingRecord]] = defaultdict(dict)
        self._bytes = 0
        self.guard = FormGuard()
        self._by_date: set[date] = set()  # dates of which a date sweep of this run has shown rows
        self.deferred: set[date] = set()  # dates of which suspicious rows wait
        self.held_up: dict[date, UnreadableObjectError] = {}

    @property
    def full(self) -> bool:
        """Whether to publish before the next page, so that memory is bounded."""
        return self._bytes >= FULL_BYTES

    def take(self, rows: Sequence[Row], sweep_date: date | None, delivered: Delivered) -> None:
        """Take the records that the page shows more often than the archive holds them.

        `sweep_date` is the date of a date sweep, None for the tail, which leaves out records without a time.
        """
        groups: defaultdict[bytes, list[Row]] = defaultdict(list)
        for row in rows:
            groups[row.fingerprint].append(row)
        for group in groups.values():
            row, count = group[0], len(group)
            day = row.archive_date(sweep_date)
            if day is None or day in self.held_up:
                continue  # a date sweep takes it, or a later run
            if sweep_date:
                self._by_date.add(day)
            pending = self._pending[day].get(row.fingerprint)
            if not pending:
                known = delivered.count(day, row.fingerprint)
                if known:
                    self.guard.know(day, row, count, delivered)
                if count > known:
                    pending = self._pending[day][row.fingerprint] = PendingRecord.of(row)
                    self._bytes += len(pending.line)
            if pending:
                self._bytes += pending.show([row.record for row in group])

    def publish(
        self, delivered: Delivered, watermark: datetime | None, hooks: Hooks, *, last: bool = False
    ) -> Iterator[Published]:
        """Publish the batch date by date, and yield what was published of each date.

        `watermark` is the newest record time that earlier runs have read up to; it decides which records are late.
        Rows whose form Zoom has changed are left out, or accepted. Suspicious rows stay in the batch until the run has
        read all it reads (`last`), and if only the tail has shown them, they are left to the date sweeps of a later
        run. Raises what `Archive.publish` raises, except `UnreadableObjectError`, which holds up its date.
        """
        for day in sorted(day for day, pending in self._pending.items() if pending and day not in self.held_up):
            try:
                self._archive.refresh(day, delivered)
            except UnreadableObjectError as error:
                hooks.hold_up(day, error)
        ready = {day: pending for day, pending in sorted(self._pending.items()) if day not in self.held_up}
        tomorrow = self._clock().date() + ONE_DAY  # nobody can accept what lies further ahead
        past = {day: pending for day, pending in ready.items() if day <= tomorrow}
        changed = set(delivered.changed)

        def archived(known: DeliveredDay, up_to: int, key: Callable[[Record], Any]) -> Counter[Any] | None:
            return self._archive.tally(known, delivered.legacy, up_to, key)

        concluding = self._by_date if last else ()
        waiting = () if self.guard.accepting else self.guard.judge(past, delivered, archived, concluding)
        if newly := delivered.changed.keys() - changed:
            hooks.changed(newly)  # before a put, by which a later run would take the new form for the old
        deferred: dict[date, dict[bytes, PendingRecord]] = {}
        for day, pending in ready.items():
            if self.guard.accepting:
                self.guard.accept(delivered.on(day), pending, delivered, archived)
            else:
                self.guard.hold(day, pending, delivered)
            if day in waiting:
                deferred[day] = self.guard.suspicious(day, pending, delivered)
                hooks.defer(day, read=day in self._by_date)
            if pending:
                late, late_seconds = self._lateness(day, pending.values(), delivered, watermark)
                try:
                    written = self._archive.publish(day, pending.values(), delivered)
                except UnreadableObjectError as error:
                    hooks.hold_up(day, error)
                    continue
                late = min(late, written)  # another run may have published them first
                yield Published(written, late, late_seconds if late else 0.0)
        self.discard()
        self._pending.update(deferred)
        self.deferred = deferred.keys() | set()

    def reverted(self, day: date, delivered: Delivered, *, whole: bool) -> bool:
        """Return whether Zoom shows a changed date again in the form that the archive knows; `whole` says that the run
        has seen all of it."""

        def archived(known: DeliveredDay, up_to: int, key: Callable[[Record], Any]) -> Counter[Any] | None:
            return self._archive.tally(known, delivered.legacy, up_to, key)

        return self.guard.reverted(day, delivered, archived, whole=whole)

    def discard(self) -> None:
        """Empty the batch; what was not published has to be read again."""
        self._pending.clear()
        self.deferred = set()
        self._bytes = 0

    def _lateness(
        self, day: date, pending: Collection[PendingRecord], delivered: Delivered, watermark: datetime | None
    ) -> tuple[int, float]:
        """Return how many late records are not delivered yet, and the age of the oldest late one in seconds."""
        late = [record for record in pending if is_late(record.time, watermark, self._lookback_days)]
        count = sum(max(0, record.count - delivered.count(day, record.fingerprint)) for record in late)
        now = self._clock()
        return count, max(((now - record.time).total_seconds() for record in late if record.time), default=0.0)
