"""Reads the pages of a sweep into the batch and keeps its place in the checkpoint, for the tail and the date sweeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import SweepBrokenError
from .pages import pages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    from .records import Row
    from .run_state import RunState, Services
    from .sweep import Sweep


class Sweeper:
    """The page reading that the tail and the date sweeps of one run share."""

    def __init__(self, services: Services, state: RunState) -> None:
        self._zoom = services.zoom
        self._clock = services.clock
        self._log = services.log
        self._state = state
        self._store = services.store
        self._restarted = False
        self.answered = False  # whether Zoom has answered with a page in this run

    def resume(self, name: str, now: datetime, *, accept: bool = False) -> Sweep | None:
        """Return the stored sweep of this name, `TAIL` or an ISO date, if Zoom still accepts its page token.

        A sweep that accepts rows continues only if it has done so from its first page and every row had a time.
        """
        sweep = self._state.checkpoint.sweeps.get(name)
        if not sweep or not sweep.resumable(now) or sweep.accept != accept or (accept and sweep.untimed):
            return None
        return self._state.resumed(sweep)

    def read(
        self,
        name: str,
        sweep: Sweep,
        sweep_date: date | None = None,
        enough: Callable[[Sweep, Sequence[Row]], bool] = lambda _sweep, _rows: False,
    ) -> Sweep | None:
        """Read the sweep to its end, or to the first page for which `enough` is true; return the sweep if it got there.

        `sweep_date` is the date of a date sweep, None for the tail. Returns None if Zoom's page tokens do not lead to
        the end, or if a date sweep leaves less than a quarter of Zoom's daily limit: a later run continues it. Raises
        what `Zoom.page` and `RunState.save` raise; the sweep's place stays in the checkpoint.
        """
        state = self._state
        try:
            for page in pages(self._zoom, sweep, self._clock, lambda: self._may_restart(name)):
                sweep = page.sweep  # a new one after a restart
                self.answered = self._store.account_confirmed = True
                state.report.pages += 1
                state.report.unreadable_rows += page.unreadable
                self._log.debug("The sweep %s read a page of %s records.", name, len(page.rows))
                state.take(page.rows, sweep_date)
                if enough(sweep, page.rows):
                    break
                if page.has_next:
                    state.keep_place(name, sweep)
                    state.flush_if_due()
                    if sweep_date and self._zoom.quota and self._zoom.quota.low:
                        state.report.unfinished += 1
                        return None
        except SweepBrokenError as error:
            state.drop_place(name)
            state.report.unfinished += 1
            self._log.warning("The sweep %s did not end (%s): the next run starts it again.", name, error)
            return None
        state.drop_place(name)
        return sweep

    def _may_restart(self, name: str) -> bool:
        """Drop the place of a sweep whose token expired; return whether it may restart, which a run allows once."""
        self._state.drop_place(name)
        allowed, self._restarted = not self._restarted, True
        return allowed
