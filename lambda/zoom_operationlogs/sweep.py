"""A sweep through the pages of the report: how far it is, when the tail may stop, which page size comes next."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .records import Row

# Zoom's page tokens live 15 minutes (Get operation logs report); a minute is left for the request to arrive.
TOKEN_LIFETIME = timedelta(minutes=14)
TAIL_OVERLAP = timedelta(minutes=15)
PAGE_SIZE_STEP = 17

Group = tuple[int, int]
"""Places in a sweep, from the first row of a group of identical rows up to the one after its last."""


@dataclass
class Sweep:
    """How far a sweep of `first` to `last` (UTC dates) is; kept in the checkpoint, so that the next run resumes it.

    `began` is the clock's time before its first page, `newest` the newest record time on its first page. `token` asks
    for the next page and was issued at `token_issued`; it is empty before the first page. `ordered` says whether all
    rows so far came newest first. `last_time` is the time of the last page's last row, and `edge` maps the fingerprints
    of the rows with that time to the place of the first of each. A place is the number of rows read before a row.
    `longest_page` is the most rows that a page held: Zoom may return fewer than it is asked for. `split` holds the
    groups of identical rows that a page boundary split.
    """

    first: date
    last: date
    page_size: int
    began: datetime
    newest: datetime | None = None
    token: str = ""
    token_issued: datetime | None = None
    ordered: bool = True
    last_time: datetime | None = None
    rows_read: int = 0
    longest_page: int = 0
    edge: dict[bytes, int] = field(default_factory=dict)
    split: list[Group] = field(default_factory=list)

    @property
    def at_first_page(self) -> bool:
        """Whether no further page was asked for yet."""
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
        return Sweep(self.first, self.last, self.page_size, began=now)

    def observe(self, rows: Sequence[Row]) -> None:
        """Take in a page: its newest time if it is the first, its order, the groups that its boundary splits.

        Order is judged within a page, and between pages by their last rows. Rows that appear again at the top of a page
        were pushed down by new ones: that is a shift, not disorder.
        """
        times = [row.time for row in rows if row.time]
        if self.at_first_page:
            self.newest = max(times, default=None)
        edge, places = self.edge, range(self.rows_read, self.rows_read + len(rows))
        ends = {row.fingerprint: place + 1 for place, row in zip(places, rows, strict=True) if row.fingerprint in edge}
        self.split += [(edge[fingerprint], end) for fingerprint, end in ends.items()]
        if any(earlier < later for earlier, later in pairwise(times)):
            self.ordered = False
        if times:
            if self.last_time and times[-1] > self.last_time:
                self.ordered = False
            self.last_time = times[-1]
        if rows:
            self.rows_read += len(rows)
            self.longest_page = max(self.longest_page, len(rows))
            self.edge = {}
            for place, row in zip(places, rows, strict=True):
                if row.time == rows[-1].time:
                    self.edge.setdefault(row.fingerprint, edge.get(row.fingerprint, place))

    def advance(self, token: str, issued: datetime) -> None:
        """Move on to the page that `token` asks for."""
        self.token, self.token_issued = token, issued

    def reaches_back_past(self, frontier: datetime | None, rows: Sequence[Row]) -> bool:
        """Return whether the tail may stop after these rows: all rows that are new are read, late ones included.

        The frontier is the newest time that a completed sweep has seen. Rows come newest first, so page one begins at
        the frontier or after it. If it does not, if rows came out of order, or if the frontier lies before the window,
        the tail cannot know, and reads on.
        """
        if frontier is None or not self.ordered or not rows or rows[-1].time is None:
            return False
        if frontier < datetime.combine(self.first, time(), UTC) or self.newest is None or self.newest < frontier:
            return False
        return rows[-1].time < frontier - TAIL_OVERLAP


def smaller_page_size(page_size: int) -> int:
    """Return a page size with other boundaries, so that one page shows the groups that `page_size` splits."""
    return page_size - PAGE_SIZE_STEP if page_size > 2 * PAGE_SIZE_STEP else max(2, page_size - 1)


def groups_split_by(page_size: int, groups: Sequence[Group]) -> tuple[Group, ...]:
    """Return those of the groups of rows that pages of this size split."""
    return tuple((first, end) for first, end in groups if first // page_size != (end - 1) // page_size)


def page_size_for(groups: Sequence[Group], largest: int) -> int:
    """Return the largest page size, at most `largest`, that splits the fewest of the groups.

    Among the sizes from half of it to the whole there is one for any group that is not nearly as large as a page. Two
    fixed sizes would have a common boundary further down the day, and split a group of three twice.
    """
    return min(
        range(max(2, largest), max(1, largest // 2 - 1), -1), key=lambda size: len(groups_split_by(size, groups))
    )
