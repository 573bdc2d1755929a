"""The records that a run has read and not published yet."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from .archive import COUNT_SHARE
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
    from .records import Row

FULL_BYTES = 8 * 2**20  # of uncompressed lines
MOST_DATES = 100  # each needs a listing and a put


@dataclass(frozen=True)
class Published:
    """How many records of a date were published, how many of them late, and the age of the oldest late one."""

    written: int = 0
    late: int = 0
    late_seconds: float = 0.0


class Hooks(Protocol):
    """The calls that a batch makes while it publishes."""

    def hold_up(self, day: date, error: UnreadableObjectError) -> None:
        """Called when nothing of the date is published, because an object cannot be read."""

    def defer(self, day: date) -> None:
        """Called when suspicious rows of the date wait for sweeps of it."""

    def changed(self, dates: Collection[date]) -> None:
        """Called when Zoom has changed the form of the records of these dates, before anything is put."""


class Batch:
    """The records of one run that wait to be published, by record date.

    `held_up` has the dates with an object that cannot be read: none of their records are taken or published.
    """

    def __init__(self, archive: Archive, lookback_days: int, clock: Callable[[], datetime]) -> None:
        self.archive = archive
        self._lookback_days = lookback_days
        self._clock = clock
        self._pending: defaultdict[date, dict[bytes, PendingRecord]] = defaultdict(dict)
        self._bytes = 0
        self.guard = FormGuard(archive.report)
        self._by_date: set[date] = set()  # dates of which a date sweep of this run has shown rows
        self.deferred: set[date] = set()  # dates of which suspicious rows wait
        self.held_up: dict[date, UnreadableObjectError] = {}

    @property
    def full(self) -> bool:
        """Whether to publish before the next page, so that memory is bounded."""
        return self._bytes >= FULL_BYTES or len(self._pending) > MOST_DATES

    def take(self, rows: Sequence[Row], sweep_date: date | None, delivered: Delivered) -> None:
        """Take the records that the page shows more often than the archive has them.

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
            if pending:
                self._bytes += pending.show([row.record for row in group])

    def publish(
        self, delivered: Delivered, watermark: datetime | None, hooks: Hooks, *, last: bool = False
    ) -> Iterator[Published]:
        """Publish the batch date by date, and yield what was published of each date.

        Records from before `watermark`, the newest record time that earlier runs have read up to, are late. Rows in a
        changed form are left out, or accepted. Suspicious rows stay in the batch until the run reads no more (`last`);
        if only the tail has shown them, the date sweeps of a later run decide. Raises what `Archive.publish` raises,
        except `UnreadableObjectError`, which holds up its date; and `OutOfTimeError` between two dates.
        """
        days = sorted(day for day in self._pending if day not in self.held_up)
        deferred: dict[date, dict[bytes, PendingRecord]] = {}
        for at in range(0, len(days), MOST_DATES):
            some = days[at : at + MOST_DATES]
            waiting = self._judge(some, delivered, hooks, last=last)
            for day in some:
                if self._pending[day] and day != days[0]:
                    self.archive.check_time()
                pending = self._pending[day]
                if self.guard.accepting and day not in self.held_up:
                    archived = _Archived(self, delivered, hooks, COUNT_SHARE)
                    self.guard.accept(delivered.on(day), pending, delivered, archived)
                elif day not in self.held_up:
                    self.guard.hold(day, pending, delivered)
                if day in self.held_up:
                    continue
                if day in waiting:
                    deferred[day] = self.guard.suspicious(day, pending, delivered)
                    hooks.defer(day)
                if pending:
                    late, late_seconds = self._lateness(day, pending.values(), delivered, watermark)
                    with self.holding_up(day, hooks):
                        written = self.archive.publish(day, pending.values(), delivered)
                        late = min(late, written)  # another run may have published them first
                        yield Published(written, late, late_seconds if late else 0.0)
        self.discard()
        self._pending.update(deferred)
        self.deferred = set(deferred)

    def reverted(self, day: date, delivered: Delivered, hooks: Hooks, *, whole: bool) -> bool:
        """Return whether Zoom shows a changed date in the archive's form again; `whole`: the run has seen all of it."""
        return self.guard.reverted(day, delivered, _Archived(self, delivered, hooks, 1.0), whole=whole)

    def _judge(self, days: Sequence[date], delivered: Delivered, hooks: Hooks, *, last: bool) -> set[date]:
        """Read what was added to the dates, and judge their rows; return the dates with suspicious rows that wait."""
        for day in days:
            if self._pending[day]:
                if day != days[0]:
                    self.archive.check_time()
                with self.holding_up(day, hooks):
                    self.archive.refresh(day, delivered)
        if self.guard.accepting:
            return set()
        tomorrow = self._clock().date() + ONE_DAY  # nobody can accept later dates
        past = {day: self._pending[day] for day in days if day <= tomorrow and day not in self.held_up}
        changed = set(delivered.changed)
        concluding = self._by_date if last else ()
        archived = _Archived(self, delivered, hooks, COUNT_SHARE if last else 1.0)
        waiting = self.guard.judge(past, delivered, archived, concluding)
        if newly := delivered.changed.keys() - changed:
            hooks.changed(newly)  # before a put, after which a later run would take the new form for the old
        return waiting

    @contextmanager
    def holding_up(self, day: date, hooks: Hooks) -> Iterator[None]:
        """Hold up the date if the block finds an object that cannot be read; the other dates go on."""
        try:
            yield
        except UnreadableObjectError as error:
            hooks.hold_up(day, error)

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


@dataclass(frozen=True)
class _Archived:
    """The archive as the guard reads it, as long as more than this share of the run's reserve is left. A date with an
    object that cannot be read is held up."""

    batch: Batch
    delivered: Delivered
    hooks: Hooks
    reserve_share: float

    def seconds(self, known: DeliveredDay, up_to: int) -> Counter[datetime] | None:
        with self.batch.holding_up(known.date, self.hooks):
            return self.batch.archive.seconds(known, up_to, self.delivered.legacy, self.reserve_share)
        return None

    def alike(self, known: DeliveredDay, up_to: int) -> Counter[bytes] | None:
        with self.batch.holding_up(known.date, self.hooks):
            return self.batch.archive.alike(known, up_to, self.delivered.legacy, self.reserve_share)
        return None
