"""The records of one account's report: sorted by time, each from when it becomes visible."""

from __future__ import annotations

import json
import zlib
from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal

from .served import SERVED

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from standins.clock import Clock

    from .samples import Record

Row = tuple[int, bytes]  # the sort key, and the record's JSON, written once

_TIE_BITS = 40  # a sort key is the record's second, then its place among the records of that second
_LAST_TIE = (1 << _TIE_BITS) - 1
_ONE_BY_ONE = 100  # up to so many arrivals are cheaper to insert than to sort in

_quote = json.encoder.encode_basestring
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_encode_ascii = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


@dataclass
class ReportRules:
    """How the report shows its records, where Zoom promises nothing; may be changed at any time.

    `order` of the rows: `newest` first is what users see; `shuffled` is stable for a seed. `ties` is the order within a
    second, in a newest-first report, of records added after it was set: last arrived first, or first, or shuffled.
    `lag` is how long after its time a record becomes visible, unless `add` sets it. `utc_offset` is that of the days in
    `from` and `to`; no source says that it is not zero.
    """

    order: Literal["newest", "oldest", "shuffled"] = "newest"
    ties: Literal["newest", "oldest", "shuffled"] = "newest"
    lag: timedelta = timedelta()
    utc_offset: timedelta = timedelta()


class Report:
    """An account's records of one report: added by a test, shown by now, and the truth to compare with."""

    def __init__(
        self, clock: Clock, rules: ReportRules, lock: threading.RLock, seed: int = 0, name: str = "operationlogs"
    ) -> None:
        self._name = name
        self._clock = clock
        self._rules = rules
        self._lock = lock
        self._seed = seed
        self._added = 0
        self._shown: list[Row] = []
        self._coming: list[tuple[float, int, bytes]] = []  # rows, each with the time when it becomes visible
        self._coming_sorted = True
        self._changes: list[Callable[[Record], Record]] = []

    def add(self, record: Mapping[str, Any], *, visible_at: datetime | None = None, at: datetime | None = None) -> None:
        """Add a record unchanged. `at` is its place in the report: its `time`, else now.

        It is visible from `visible_at` on: by default its `at` plus the lag, so a future record appears with the clock.
        """
        with self._lock:
            moment = (at or event_time(record) or self._clock.now()).timestamp()
            for change in self._changes:
                record = change(dict(record))
            visible = visible_at.timestamp() if visible_at else moment + self._rules.lag.total_seconds()
            self._coming.append((visible, self._key(int(moment // 1)), to_json(record)))
            self._coming_sorted = False

    def add_day(self, day: date, count: int, *, seed: int = 0, twins: float = 0.0) -> None:
        """Add `count` sample records of a UTC day; once for a day, because every call adds the published samples."""
        with self._lock:
            for record in SERVED[self._name].sample_records(day, count, seed, twins):
                self.add(record)

    def rewrite(self, change: Callable[[Record], Record]) -> None:
        """Show every record in another form from now on, at its place, also those added later."""
        with self._lock:
            self._shown = [(key, to_json(change(json.loads(body)))) for key, body in self._shown]
            self._coming = [(at, key, to_json(change(json.loads(body)))) for at, key, body in self._coming]
            self._changes.append(change)

    def records(
        self, first: date | None = None, last: date | None = None, *, visible_only: bool = True
    ) -> list[Record]:
        """Return the truth, oldest first: every record of the days `first` to `last` inclusive, twins twice."""
        with self._lock:
            rows = self._shown[slice(*self._window(first, last))]
            if not visible_only:
                start, end = self._bounds(first, last)
                rows = sorted(rows + [(key, body) for _, key, body in self._coming if start <= key < end])
        return [json.loads(body) for _, body in rows]

    def count(self, first: date | None = None, last: date | None = None) -> int:
        """Return how many records of those days are visible."""
        with self._lock:
            start, stop = self._window(first, last)
            return stop - start

    def page(self, first: date, last: date, category: str, offset: int, rows: int) -> tuple[list[bytes], bool]:
        """Return up to `rows` records past the first `offset`, in the report's order, and whether more follow."""
        with self._lock:
            start, stop = self._window(first, last)
            if self._rules.order == "newest" and not category:
                below = max(start, stop - offset)
                above = max(start, below - rows)
                return [body for _, body in reversed(self._shown[above:below])], above > start
            bodies = self.listing(first, last, category)
            return bodies[offset : offset + rows], offset + rows < len(bodies)

    def listing(self, first: date, last: date, category: str) -> list[bytes]:
        """Return all records of those days and that category ("" for all) in the report's order."""
        with self._lock:
            rows = self._shown[slice(*self._window(first, last))]
            if category:
                rows = [row for row in rows if _category(row[1]) == category]
            if self._rules.order == "shuffled":
                rows.sort(key=lambda row: (zlib.crc32(b"%d" % row[0], self._seed), row))
            elif self._rules.order == "newest":
                rows.reverse()
            return [body for _, body in rows]

    def _key(self, second: int) -> int:
        arrival = self._added = self._added + 1
        if self._rules.ties == "oldest":
            arrival = _LAST_TIE - arrival
        elif self._rules.ties == "shuffled":
            arrival |= (zlib.crc32(b"%d" % arrival, self._seed) & 0xFF) << 32
        return (second << _TIE_BITS) | arrival

    def _window(self, first: date | None, last: date | None) -> tuple[int, int]:
        """Return where the visible rows of those days start and end, after due rows have become visible."""
        self._reveal()
        start, end = self._bounds(first, last)
        return bisect_left(self._shown, (start, b"")), bisect_left(self._shown, (end, b""))

    def _bounds(self, first: date | None, last: date | None) -> tuple[int, int]:
        """Return the sort keys at which those days begin and end."""
        offset = self._rules.utc_offset
        start, end = (
            int((datetime.combine(day, time(), UTC) - offset).timestamp()) << _TIE_BITS
            for day in (
                first or date.min + timedelta(days=2),
                (last or date.max - timedelta(days=3)) + timedelta(days=1),
            )
        )
        return start, end

    def _reveal(self) -> None:
        """Move due rows into the report; rows stay visible even if the clock moves back."""
        if not self._coming_sorted:
            self._coming.sort(key=itemgetter(0))
            self._coming_sorted = True
        due = bisect_right(self._coming, self._clock.time(), key=itemgetter(0))
        arrivals = [(key, body) for _, key, body in self._coming[:due]]
        del self._coming[:due]
        if len(arrivals) <= _ONE_BY_ONE:
            for row in arrivals:
                insort(self._shown, row)
        else:
            self._shown += arrivals
            self._shown.sort()


def to_json(record: Mapping[str, Any]) -> bytes:
    """Return the record as JSON, non-ASCII unescaped unless it has a lone surrogate, which UTF-8 cannot encode."""
    try:
        # Nearly every record is flat and all strings; setting up the encoder would take most of the time.
        text = "{" + ",".join([f"{_quote(name)}:{_quote(value)}" for name, value in record.items()]) + "}"
    except TypeError:
        text = _encode(record)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _encode_ascii(record).encode()


def event_time(record: Mapping[str, Any]) -> datetime | None:
    """Return the record's `time`, in UTC unless it names a zone; None if it has no usable one."""
    try:
        moment = datetime.fromisoformat(record["time"])
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (KeyError, TypeError, ValueError):
        return None


def _category(body: bytes) -> str:
    """Return the record's category as the filter spells it: `User Settings` is `user_settings`."""
    return str(json.loads(body).get("category_type")).lower().replace(" ", "_")
