"""A sweep through the pages of the report: its place, when the tail may stop, and the next page size."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate, islice, pairwise
from typing import TYPE_CHECKING, NamedTuple

from .dates import adjacent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .records import Row

# Zoom's page tokens expire after 15 minutes (Zoom, Get operation logs report); one minute is left for the request.
TOKEN_LIFETIME = timedelta(minutes=14)
TAIL_OVERLAP = timedelta(minutes=15)  # how far the tail reads past the frontier, for rows that appear late
EDGE = timedelta(minutes=2)  # a row may be a minute out of order, and the last row of a page too
UNTIMED = datetime.min.replace(tzinfo=UTC)  # stands for the time of rows without one
MOST_GROUPS = 10_000  # of a sweep; they are part of the checkpoint
PAGE_SIZE_STEP = 17  # rows


class Group(NamedTuple):
    """A group of identical rows that a page boundary split: from the place of its first row to the one after its last.

    `day` is the UTC date of their time, None if they have none.
    """

    fingerprint: bytes
    first: int
    end: int
    day: date | None


class Edge(NamedTuple):
    """A row near the end of the last page: the place of the first that is identical to it, and its time."""

    place: int
    time: datetime | None


@dataclass
class Sweep:
    """The place of a sweep from `first` to `last`, UTC dates, both included; the checkpoint keeps it for the next run.

    `began` is the time before its first request, `newest` the newest record time on its first page. `token` asks for
    the next page and was issued no earlier than `token_issued`; it is empty before the first page. `disorder` is the
    most by which a row was newer than one above it. `last_time` is the last record time of the last page that had one.
    `edge` has the fingerprints of the rows with a time near that of the last row, each with the place of the first and
    its time. The place of a row is the number of rows read before it. `longest_page` is the most rows on a page: Zoom
    may return fewer than `page_size`. `split` has the groups of identical rows that a page boundary split. `shown`
    counts the rows by the UTC date of their time, `untimed` those without one. `accept`: changed rows count as
    delivered.
    """

    first: date
    last: date
    page_size: int
    began: datetime
    newest: datetime | None = None
    token: str = ""
    token_issued: datetime | None = None
    disorder: timedelta = timedelta()
    last_time: datetime | None = None
    rows_read: int = 0
    longest_page: int = 0
    edge: dict[bytes, Edge] = field(default_factory=dict)
    split: list[Group] = field(default_factory=list)
    shown: Counter[date] = field(default_factory=Counter)
    untimed: int = 0
    accept: bool = False

    @property
    def at_first_page(self) -> bool:
        """Whether the sweep is at its first page."""
        return not self.token

    def resumable(self, now: datetime) -> bool:
        """Return whether Zoom still accepts the page token."""
        return (
            bool(self.token)
            and self.token_issued is not None
            and timedelta() <= now - self.token_issued < TOKEN_LIFETIME
        )

    def restarted(self, now: datetime) -> Sweep:
        """Return the same sweep before its first page."""
        return Sweep(self.first, self.last, self.page_size, began=now, accept=self.accept)

    def observe(self, rows: Sequence[Row]) -> None:
        """Record a page: its newest time if it is the first, its order, and groups split by its boundary.

        Order is judged within a page, and from page to page by their last rows: newer rows push others down to the top
        of the next page, which is a shift, not disorder.
        """
        times = [row.time for row in rows if row.time]
        if self.at_first_page:
            self.newest = max(times, default=None)
        edge, places = self.edge, range(self.rows_read, self.rows_read + len(rows))
        ends = {
            row.fingerprint: Group(row.fingerprint, edge[row.fingerprint].place, place + 1, row.archive_date(None))
            for place, row in zip(places, rows, strict=True)
            if row.fingerprint in edge
        }
        known = {group.fingerprint for group in self.split}
        self.split += [group for name, group in ends.items() if name not in known and len(known) < MOST_GROUPS]
        disorder = _disorder(times)
        self.disorder = max(self.disorder, disorder)
        if times and times[0].date() == times[-1].date() and not disorder:
            self.shown[times[0].date()] += len(times)
        else:
            self.shown.update(time.date() for time in times)
        if len(self.shown) > (self.last - self.first).days + 3:  # rows of any date may be among them
            self.shown = Counter({day: rows for day, rows in self.shown.items() if self._may_count(day)})
        self.untimed += len(rows) - len(times)
        if times:
            if self.last_time:
                self.disorder = max(self.disorder, times[-1] - self.last_time)
            self.last_time = times[-1]
        if rows:
            self.rows_read += len(rows)
            self.longest_page = max(self.longest_page, len(rows))
            first, last = _around(rows[-1].time)
            near = {
                row.fingerprint: Edge(place, row.time)
                for place, row in zip(reversed(places), reversed(rows), strict=True)  # the first of each counts
                if first <= (row.time or UNTIMED) <= last
            }
            near |= {name: row for name, row in edge.items() if first <= (row.time or UNTIMED) <= last}
            self.edge = near if len(near) <= MOST_GROUPS else dict(islice(near.items(), MOST_GROUPS))

    def _may_count(self, day: date) -> bool:
        """Return whether rows of the date count as shown: Zoom's days may have rows of the adjacent UTC dates."""
        return adjacent(day, self.first) or adjacent(day, self.last) or self.first <= day <= self.last

    def advance(self, token: str, issued: datetime) -> None:
        """Move to the page that `token` asks for; `issued` is a time before Zoom issued it."""
        self.token, self.token_issued = token, issued

    def reaches_back_past(self, frontier: datetime | None, rows: Sequence[Row]) -> bool:
        """Return whether the tail may stop after these rows: the last is over 15 minutes older than the frontier.

        The frontier is the newest time that a completed sweep has seen; the reconcile finds rows that appear later than
        the overlap. Rows come newest first (observed; Zoom does not promise it). If rows came out of order, the tail
        reads further back by as much. It reads on if the first page begins before the frontier, or if the frontier is
        before the sweep.
        """
        if frontier is None or not rows or rows[-1].time is None:
            return False
        if frontier < datetime.combine(self.first, time(), UTC) or self.newest is None or self.newest < frontier:
            return False
        return frontier - rows[-1].time > TAIL_OVERLAP + self.disorder


def _around(last: datetime | None) -> tuple[datetime, datetime]:
    """Return the first and last time of rows that may be identical to one after the last row."""
    if last is None:
        return UNTIMED, UNTIMED
    return max(last, UNTIMED + EDGE) - EDGE, min(last, datetime.max.replace(tzinfo=UTC) - EDGE) + EDGE


def _disorder(times: Sequence[datetime]) -> timedelta:
    """Return the most by which a time is later than one before it."""
    if all(earlier >= later for earlier, later in pairwise(times)):
        return timedelta()
    return max(time - lowest for time, lowest in zip(times, accumulate(times, min), strict=True))


def smaller_page_size(page_size: int) -> int:
    """Return a page size with other boundaries, which are unlikely to split the groups that `page_size` splits."""
    return page_size - PAGE_SIZE_STEP if page_size > 2 * PAGE_SIZE_STEP else max(2, page_size - 1)


def page_size_for(groups: Sequence[Group], largest: int) -> int:
    """Return the largest page size, at most `largest`, that splits the fewest of the groups; 2 if `largest` is 1.

    Among the sizes from half of `largest` on, one fits any group that is not nearly as large as a page. Alternating
    between two fixed sizes would not do: they have common boundaries further down the day.
    """

    def splits(size: int) -> int:
        return sum(group.first // size != (group.end - 1) // size for group in groups)

    return min(range(max(2, largest), max(1, largest // 2 - 1), -1), key=splits)
