"""Zoom's side: reads a date of the report, from end to end, by the collector's own client and rules.

A record exists as often as one page shows it at most: rows that come meanwhile may put a row on two pages. Identical
rows on both sides of a page boundary need a reading with another page size.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zoom_operationlogs.agenda import MOST_STALLS
from zoom_operationlogs.dates import ONE_DAY, retention_start
from zoom_operationlogs.errors import DatesRefusedError, DateTooOldError, SweepBrokenError
from zoom_operationlogs.pages import pages
from zoom_operationlogs.records import occurrences
from zoom_operationlogs.sweep import Sweep, page_size_for, smaller_page_size

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import date, datetime

    from zoom_operationlogs.records import Record, Row
    from zoom_operationlogs.zoom import Zoom

STARTS = 3  # of a reading whose page token expires on the way


class QuotaLowError(Exception):
    """Less than a quarter of Zoom's daily limit is left, which is for the collector."""


class IncompleteReadError(Exception):
    """The date could not be read to its end; the message says why, without a full stop."""


@dataclass
class DayReading:
    """The records that Zoom has shown of a date.

    `counts` holds, by UTC date of the record, the most that one page showed of each; `recent` are those too new to be
    due in the archive; `records` are those that are kept.
    """

    asked: date
    counts: defaultdict[date, dict[bytes, int]] = field(default_factory=lambda: defaultdict(dict))
    recent: set[bytes] = field(default_factory=set)
    records: dict[bytes, Record] = field(default_factory=dict)
    last_size: int = 0

    def has_records_of(self, day: date) -> bool:
        """Tell whether it holds records of this UTC date; the report's days need not be those of UTC."""
        return bool(self.counts.get(day))

    def add_page(self, rows: Collection[Row], due_before: datetime, keep: Collection[bytes]) -> None:
        """Add a page."""
        shown = occurrences(rows)
        for row in rows:
            day = row.archive_date(self.asked) or self.asked
            counts = self.counts[day]
            counts[row.fingerprint] = max(counts.get(row.fingerprint, 0), shown[row.fingerprint])
            if row.time >= due_before if row.time else self.asked >= due_before.date():
                self.recent.add(row.fingerprint)
            if row.fingerprint in keep:
                self.records[row.fingerprint] = row.record


class ReportReader:
    """Reads dates of the report, and keeps the last few, because neighbours may be needed again."""

    def __init__(
        self,
        zoom: Zoom,
        page_size: int,
        clock: Callable[[], datetime],
        due_before: datetime,
        on_page: Callable[[date, int], None] = lambda _day, _rows: None,
    ) -> None:
        """Take the client; `on_page` is called with the date and the number of its rows after each page."""
        self._zoom = zoom
        self._page_size = page_size
        self._clock = clock
        self._due_before = due_before
        self._on_page = on_page
        self._remembered: dict[date, DayReading] = {}
        self._asks_for_tomorrow = True

    def read(self, day: date) -> DayReading:
        """Read a date; again with other page sizes while page boundaries split a group of identical rows.

        It stops as `agenda.schedule_split_groups` does, when too many readings in a row showed no further group whole.
        Raises `QuotaLowError`, `IncompleteReadError`, and what `Zoom.page` raises.
        """
        if day not in self._remembered:
            reading = DayReading(day)
            page_size, stalls = self._page_size, 0
            sweep = self._sweep(reading, page_size, ())
            left = {group.fingerprint for group in sweep.split}
            while left and stalls < MOST_STALLS:
                groups = [group for group in sweep.split if group.fingerprint in left]
                largest = sweep.longest_page if sweep.longest_page < page_size else self._page_size
                page_size = page_size_for(groups, largest)
                sweep = self._sweep(reading, page_size, ())
                split = left & {group.fingerprint for group in sweep.split}
                stalls = stalls + 1 if split == left else 0
                left = split
            self._remembered = {
                known: kept for known, kept in self._remembered.items() if abs(known - day) <= 2 * ONE_DAY
            }
            self._remembered[day] = reading
        return self._remembered[day]

    def read_again(self, day: date, keep: Collection[bytes], *, whole: bool = False) -> None:
        """Read a date again with another page size, and keep these records; also its neighbours that showed records of
        it, or both, if the `whole` is needed."""
        for asked in (day, *_neighbours(day)):
            reading = self._remembered.get(asked)
            if reading and (asked == day or whole or reading.has_records_of(day)):
                self._sweep(reading, smaller_page_size(reading.last_size), keep)

    def counts(self, day: date, today: date, *, whole: bool = False) -> dict[bytes, int]:
        """Return how often each record of a UTC date exists, also by the dates beside it: Zoom's days need not be UTC.

        Zoom may refuse a date that has not begun in its zone, which then lacks nothing. It no longer has old dates:
        raises `IncompleteReadError` where one of them may hold records of this date, or the count is needed `whole`.
        """
        reading = self.read(day)
        counts = dict(reading.counts[day])
        before, after = _neighbours(day)
        for neighbour in (before, after):
            if neighbour > today and not self._asks_for_tomorrow:
                continue
            try:
                beside = self._read_if_kept(neighbour, today)
            except DatesRefusedError as refusal:
                if neighbour >= today:  # it has not begun, where Zoom's days are behind those of UTC
                    self._asks_for_tomorrow = False
                    continue
                if not isinstance(refusal, DateTooOldError):
                    raise
                if whole or reading.has_records_of(after):
                    raise IncompleteReadError(
                        f"Zoom no longer has {neighbour}, which may hold some of its records"
                    ) from None
                continue
            for fingerprint, count in beside.counts[day].items():
                counts[fingerprint] = max(counts.get(fingerprint, 0), count)
        return counts

    def _read_if_kept(self, day: date, today: date) -> DayReading:
        """Read a date; raise `DateTooOldError` where Zoom no longer keeps it."""
        if day < retention_start(today):
            raise DateTooOldError
        return self.read(day)

    @property
    def recent(self) -> set[bytes]:
        """The records of the dates last read that are too new to be due in the archive."""
        return set().union(*(reading.recent for reading in self._remembered.values()))

    @property
    def records(self) -> dict[bytes, Record]:
        """The records that were kept of the dates last read."""
        return {name: record for reading in self._remembered.values() for name, record in reading.records.items()}

    def _sweep(self, reading: DayReading, page_size: int, keep: Collection[bytes]) -> Sweep:
        """Read the date from end to end; return the ended sweep."""
        self._check_quota()
        sweep = Sweep(reading.asked, reading.asked, page_size, began=self._clock())
        restarts = iter(range(STARTS - 1))
        try:
            for page in pages(self._zoom, sweep, self._clock, lambda: next(restarts, None) is not None):
                sweep = page.sweep
                reading.add_page(page.rows, self._due_before, keep)
                self._on_page(reading.asked, sweep.rows_read)
                if page.unreadable:
                    raise IncompleteReadError(f"{page.unreadable} rows on a page of Zoom's cannot be read")
                if page.has_next:
                    self._check_quota()
        except SweepBrokenError as error:
            raise IncompleteReadError(str(error)) from None
        reading.last_size = page_size if sweep.at_first_page else min(page_size, sweep.longest_page)
        return sweep

    def _check_quota(self) -> None:
        if self._zoom.quota and self._zoom.quota.low:
            raise QuotaLowError


def _neighbours(day: date) -> tuple[date, date]:
    return day - ONE_DAY, day + ONE_DAY
