"""The tail: the newest rows of the window, back to the frontier. One of the two readers of Zoom."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from .checkpoint import TAIL
from .dates import LONGEST_RANGE, ONE_DAY, date_range, window
from .errors import DatesRefusedError
from .sweep import Sweep

if TYPE_CHECKING:
    from datetime import datetime

    from .run_state import RunState, Services
    from .sweeper import Sweeper


class Tail:
    """The tail of one run; `ended` says whether it came to its end.

    `last_date` is the last date that Zoom can be asked for, as far as the run was told.
    """

    def __init__(self, services: Services, state: RunState, sweeper: Sweeper) -> None:
        self._settings = services.settings
        self._state = state
        self._sweeper = sweeper
        self.ended = False
        self.last_date = date.max

    def read(self, now: datetime) -> None:
        """Read the window newest first, to the first page that lies behind the frontier; then move the frontier."""
        first, today = window(now.date(), self._settings.lookback_days)
        for day in date_range(first, today + ONE_DAY):
            self._state.load_day(day)
        completed = self._read_pages(first, now)
        if completed:
            self._state.publish()
            self.ended = self._state.report.tail_ended = True
            if completed.newest:
                self._state.checkpoint.frontier = min(completed.newest, completed.began)

    def _read_pages(self, first: date, now: datetime) -> Sweep | None:
        """Read up to the last date that Zoom has: its days may begin before those of UTC, or after. Return the sweep
        if it ended."""
        checkpoint, today = self._state.checkpoint, now.date()
        frontier = checkpoint.frontier
        last = today + ONE_DAY if checkpoint.asks_for_tomorrow else today
        while True:
            sweep = self._sweeper.resume(TAIL, now) or Sweep(
                max(first, last - LONGEST_RANGE), last, self._settings.page_size, began=now
            )
            try:
                return self._sweeper.read(
                    TAIL, sweep, enough=lambda sweep, rows: sweep.reaches_back_past(frontier, rows)
                )
            except DatesRefusedError:
                if not sweep.at_first_page or last < today:
                    raise
                last -= ONE_DAY
                self.last_date = last
                self._state.checkpoint.asks_for_tomorrow = False
