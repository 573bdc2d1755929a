"""The only page loop: follows a sweep from page to page, and stops at page tokens that repeat."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from .errors import PageTokenExpiredError, SweepBrokenError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from .records import Row
    from .sweep import Sweep
    from .zoom import Zoom


class SweepPage(NamedTuple):
    """One page of a sweep: the sweep, which is now at the next page if `has_next`, and the rows of this page.

    `unreadable` is the number of rows that were set aside.
    """

    sweep: Sweep
    rows: list[Row]
    has_next: bool
    unreadable: int = 0


def pages(
    zoom: Zoom, sweep: Sweep, clock: Callable[[], datetime], may_restart: Callable[[], bool]
) -> Iterator[SweepPage]:
    """Yield the pages of a sweep, from its place to its end; the caller may stop earlier.

    If the page token has expired and `may_restart()` is true, a new sweep starts at the first page. Raises
    `SweepBrokenError` if it is not, or if Zoom repeats a page token, and what `Zoom.page` raises.
    """
    used = {_mark(sweep.token)}
    while True:
        sent_at = clock()  # before Zoom issues the next token, so that its age is never underestimated
        try:
            page = zoom.page(sweep.first, sweep.last, sweep.page_size, sweep.token)
        except PageTokenExpiredError:
            if not may_restart():
                raise SweepBrokenError("Zoom's page token expired again") from None
            sweep, used = sweep.restarted(sent_at), {_mark("")}
            continue
        rows = list(map(zoom.report.row, page.records))
        sweep.observe(rows)
        repeated = _mark(page.next_token) in used
        if has_next := bool(page.next_token) and not repeated:
            used.add(_mark(page.next_token))
            sweep.advance(page.next_token, sent_at)
        yield SweepPage(sweep, rows, has_next, page.unreadable.total())
        if not page.next_token:
            return
        if repeated:
            raise SweepBrokenError("Zoom repeated a page token")


def _mark(token: str) -> bytes:
    """Return a short stand-in for a page token, which may be long."""
    return blake2b(token.encode("utf-8", "surrogatepass"), digest_size=16).digest()
