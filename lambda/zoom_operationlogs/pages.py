"""The one page loop: follows a sweep from page to page, with a guard against page tokens that lead nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .errors import PageTokenExpiredError, SweepBrokenError
from .records import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from .sweep import Sweep
    from .zoom import Zoom


class SweepPage(NamedTuple):
    """The sweep after one page, the page's rows, and whether a further page follows, at which the sweep now is."""

    sweep: Sweep
    rows: list[Row]
    has_next: bool


def pages(
    zoom: Zoom, sweep: Sweep, clock: Callable[[], datetime], may_restart: Callable[[], bool]
) -> Iterator[SweepPage]:
    """Yield the pages of a sweep, from the one that it is at to its end; the caller may stop before.

    If its page token has expired, the sweep starts again at its first page, as often as `may_restart()` is true.
    Raises `SweepBrokenError` if it does not come to its end, and what `Zoom.page` raises.
    """
    used = {sweep.token}
    while True:
        sent_at = clock()  # a token's life begins with the request at the latest
        try:
            page = zoom.page(sweep.first, sweep.last, sweep.page_size, sweep.token)
        except PageTokenExpiredError:
            if not may_restart():
                raise SweepBrokenError("Zoom's page token expired again") from None
            sweep, used = sweep.restarted(sent_at), {""}
            continue
        rows = [Row.of(record) for record in page.records]
        sweep.observe(rows)
        repeated = page.next_token in used
        if has_next := bool(page.next_token) and not repeated:
            used.add(page.next_token)
            sweep.advance(page.next_token, sent_at)
        yield SweepPage(sweep, rows, has_next)
        if not page.next_token:
            return
        if repeated:
            raise SweepBrokenError("Zoom repeated a page token")
