"""The records that were read and not published yet."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .archive import PendingRecord
from .dates import is_late
from .records import occurrences

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from datetime import date, datetime

    from .archive import Archive
    from .delivered import Delivered
    from .records import Row

FULL_BYTES = 8 * 2**20


@dataclass(frozen=True)
class Published:
    """How many records were published, how many of them late, and by how many seconds at most."""

    written: int = 0
    late: int = 0
    late_seconds: float = 0.0


class Batch:
    """The records of one run that wait to be published, by record date."""

    def __init__(self, archive: Archive, lookback_days: int, clock: Callable[[], datetime]) -> None:
        self._archive = archive
        self._lookback_days = lookback_days
        self._clock = clock
        self._pending: defaultdict[date, dict[bytes, PendingRecord]] = defaultdict(dict)
        self._bytes = 0

    @property
    def full(self) -> bool:
        """Whether to publish before the next page, so that memory is bounded."""
        return self._bytes >= FULL_BYTES

    def take(self, rows: Sequence[Row], sweep_date: date | None, delivered: Delivered) -> None:
        """Take what a page shows more often than the archive holds it.

        `sweep_date` is the date of a date's sweep, None for the tail.
        """
        shown = occurrences(rows)
        for row in {row.fingerprint: row for row in rows}.values():
            day = row.archive_date(sweep_date)
            if day is None:
                continue  # the sweep of its date will take it
            count = shown[row.fingerprint]
            pending = self._pending[day].get(row.fingerprint)
            if pending:
                pending.count = max(pending.count, count)
            elif count > delivered.count(day, row.fingerprint):
                pending = self._pending[day][row.fingerprint] = PendingRecord.of(row, count)
                self._bytes += len(pending.line)

    def publish(self, delivered: Delivered, watermark: datetime | None) -> Iterator[Published]:
        """Publish all of it, date by date, and yield what was published of each date.

        `watermark` is the newest record that sweeps before this run have shown: it decides what counts as late.
        """
        for day, pending in sorted(self._pending.items()):
            if pending:
                late, late_seconds = self._lateness(day, pending.values(), delivered, watermark)
                written = self._archive.publish(day, pending.values(), delivered)
                late = min(late, written)  # another run may have published them first
                yield Published(written, late, late_seconds if late else 0.0)
        self.discard()

    def discard(self) -> None:
        """Forget all of it, for a later run to read again."""
        self._pending.clear()
        self._bytes = 0

    def _lateness(
        self, day: date, pending: Collection[PendingRecord], delivered: Delivered, watermark: datetime | None
    ) -> tuple[int, float]:
        """Return how many of the records are late and not delivered yet, and the most seconds by which."""
        late = [record for record in pending if is_late(record.time, watermark, self._lookback_days)]
        count = sum(max(0, record.count - delivered.count(day, record.fingerprint)) for record in late)
        now = self._clock()
        return count, max(((now - record.time).total_seconds() for record in late if record.time), default=0.0)
