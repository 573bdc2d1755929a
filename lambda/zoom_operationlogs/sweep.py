"""A sweep through the report's pages: what it remembers, and when the tail may stop."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .records import Row

# Zoom's page tokens live 15 minutes; a minute is left for the request to arrive.
TOKEN_LIFE = timedelta(minutes=14)
LATE_BY = timedelta(minutes=15)
SMALLER_BY = 17


@dataclass
class Sweep:
    """Where a sweep of `first` to `last` stands; kept in the checkpoint, so that the next run resumes it.

    `newest` is page one's newest time. `token` asks for the next page and was issued at `token_issued`. `ordered` tells
    whether all rows so far came newest first; `last_time` is the time of the last page's last row, and `edge` holds the
    fingerprints of the rows that share it, with the place of the first of each. Places count the rows read so far, and
    `held` is the most that a page held: Zoom may show fewer than it is asked for.
    `split` holds the places, from and up to, of records that stood on both sides of a page boundary.
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
    rows: int = 0
    held: int = 0
    edge: dict[bytes, int] = field(default_factory=dict)
    split: list[tuple[int, int]] = field(default_factory=list)

    @property
    def fresh(self) -> bool:
        """Tell whether no page was read yet."""
        return not self.token

    def resumable(self, now: datetime) -> bool:
        """Tell whether Zoom still takes the token."""
        return (
            bool(self.token) and self.token_issued is not None and timedelta() <= now - self.token_issued < TOKEN_LIFE
        )

    def again(self, now: datetime) -> Sweep:
        """Return the same sweep before its first page."""
        return Sweep(self.first, self.last, self.page_size, began=now)

    def note(self, rows: Sequence[Row]) -> None:
        """Take in a page: its newest time if it is the first, its order, and its edge.

        Order is judged within the page, and between pages by their last rows: rows that repeat at the top of a page
        because new ones pushed them down are a shift, not disorder.
        """
        times = [row.time for row in rows if row.time]
        if self.fresh:
            self.newest = max(times, default=None)
        edge, places = self.edge, range(self.rows, self.rows + len(rows))
        split = {row.fingerprint: place + 1 for place, row in zip(places, rows, strict=True) if row.fingerprint in edge}
        self.split += [(edge[fingerprint], end) for fingerprint, end in split.items()]
        if any(earlier < later for earlier, later in pairwise(times)):
            self.ordered = False
        if times:
            if self.last_time and times[-1] > self.last_time:
                self.ordered = False
            self.last_time = times[-1]
        if rows:
            self.rows += len(rows)
            self.held = max(self.held, len(rows))
            self.edge = {}
            for place, row in zip(places, rows, strict=True):
                if row.time == rows[-1].time:
                    self.edge.setdefault(row.fingerprint, edge.get(row.fingerprint, place))

    def turn(self, token: str, now: datetime) -> None:
        """Go on to the page that `token` asks for."""
        self.token, self.token_issued = token, now

    def reaches_back_past(self, frontier: datetime | None, rows: Sequence[Row]) -> bool:
        """Tell whether the tail may stop after these rows: everything not seen before came in, late rows included.

        The frontier is the newest time that an ended sweep saw. Newest first, page one begins at it or later; where it
        does not, or rows came out of order, or the frontier lies before the window, there is no telling: read on.
        """
        if frontier is None or not self.ordered or not rows or rows[-1].time is None:
            return False
        if frontier < datetime.combine(self.first, time(), UTC) or self.newest is None or self.newest < frontier:
            return False
        return rows[-1].time < frontier - LATE_BY


def smaller(page_size: int) -> int:
    """Return a page size whose boundaries fall elsewhere, so that it shows together what `page_size` split."""
    return page_size - SMALLER_BY if page_size > 2 * SMALLER_BY else max(2, page_size - 1)


def cut_by(page_size: int, groups: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return those of the groups of rows, each from one place up to another, that pages of this size do not hold."""
    return tuple((first, end) for first, end in groups if first // page_size != (end - 1) // page_size)


def size_that_holds(groups: Sequence[tuple[int, int]], page_size: int) -> int:
    """Return the largest page size, at most `page_size`, that cuts the fewest of the groups.

    Of the sizes between half of it and the whole, some hold any group that is not nearly as large as a page; two sizes
    fixed beforehand would meet again down the day, and cut a group of three twice.
    """
    return min(range(max(2, page_size), max(1, page_size // 2 - 1), -1), key=lambda size: len(cut_by(size, groups)))
