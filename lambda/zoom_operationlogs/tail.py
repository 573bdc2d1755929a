"""The tail reads the newest rows, back to the frontier. It is one of the two readers of Zoom."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from .agenda import settled_by_tail
from .checkpoint import TAIL
from .dates import LONGEST_RANGE, ONE_DAY, date_range, window
from .errors import DatesRefusedError
from .sweep import Sweep

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from .records import Row
    from .run_state import RunState, Services
    from .sweeper import Sweeper


class Tail:
    """The tail of one run.

    `ended` says whether it ended. `last_date` is the last date that Zoom accepts: `date.max` until Zoom refuses one.
    """

    def __init__(self, services: Services, state: RunState, sweeper: Sweeper) -> None:
        self._settings = services.settings
        self._state = state
        self._sweeper = sweeper
        self.ended = False
        self._stopped = False  # before it reached the first day of the window
        self.last_date = date.max

    def read(self, now: datetime) -> None:
        """Read the window newest first until `Sweep.reaches_back_past` the frontier, publish, and move the frontier.

        A tail that read to the first day of the window has swept its dates. One that did not end moves nothing. Raises
        what `Sweeper.read` and `RunState.publish` raise.
        """
        first, today = window(now.date(), self._settings.lookback_days)
        for day in date_range(first, today + ONE_DAY):
            self._state.load_day(day)
        completed = self._read_pages(first, now)
        if completed:
            self._state.publish()
            self.ended = self._state.report.tail_ended = True
            if completed.newest:
                self._state.checkpoint.frontier = min(completed.newest, completed.began)
            if not self._stopped:
                for day in list(settled_by_tail(self._state.checkpoint, self._settings, now, completed)):
                    self._state.settle(day, completed.began)

    def _read_pages(self, first: date, now: datetime) -> Sweep | None:
        """Return the sweep if it ended. Zoom's days may begin before or after those of UTC: if Zoom refuses tomorrow,
        the sweep ends with today; if it refuses today, with yesterday."""
        checkpoint, today = self._state.checkpoint, now.date()
        frontier = checkpoint.frontier
        tomorrow = today + ONE_DAY
        last = tomorrow if checkpoint.asks_for_tomorrow else today
        refusals = 0

        def enough(sweep: Sweep, rows: Sequence[Row]) -> bool:
            self._stopped = sweep.reaches_back_past(frontier, rows)
            return self._stopped

        while True:
            sweep = self._sweeper.resume(TAIL, now) or Sweep(
                max(first, last - LONGEST_RANGE), last, self._settings.page_size, began=now
            )
            try:
                completed = self._sweeper.read(TAIL, sweep, enough=enough)
            except DatesRefusedError:
                if not sweep.at_first_page or last < today:
                    raise
                refusals += 1
                if last == tomorrow and refusals == 1:
                    continue  # one odd answer must not keep tomorrow's rows away until the next whole reconcile
                last -= ONE_DAY
                self.last_date = last
            else:
                if refusals:  # Zoom answers without tomorrow, so tomorrow was the reason
                    checkpoint.asks_for_tomorrow = last >= tomorrow
                return completed
