"""Reads the pages of one sweep into the batch, and keeps its place in the checkpoint; the tail and the dates use it."""

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
    """The sweeps of one run."""

    def __init__(self, services: Services, state: RunState) -> None:
        self._zoom = services.zoom
        self._clock = services.clock
        self._log = services.log
        self._state = state
        self._restarted = False

    def resume(self, name: str, now: datetime) -> Sweep | None:
        """Return the sweep of this name that an earlier run began, if Zoom still accepts its page token."""
        sweep = self._state.checkpoint.sweeps.get(name)
        return sweep if sweep and sweep.resumable(now) else None

    def read(
        self,
        name: str,
        sweep: Sweep,
        asked: date | None = None,
        enough: Callable[[Sweep, Sequence[Row]], bool] = lambda _sweep, _rows: False,
    ) -> Sweep | None:
        """Read the sweep to its end, or to the page with which `enough` is true; return the sweep if it ended.

        It does not if Zoom's page tokens lead nowhere, or, for the sweep of a date (`asked`), if under a quarter of
        Zoom's daily limit is left: then the next run resumes it.
        """
        state = self._state
        try:
            for page in pages(self._zoom, sweep, self._clock, lambda: self._may_restart(name)):
                sweep = page.sweep  # a new one after a restart
                state.report.pages += 1
                self._log.debug("The sweep %s read a page of %s records.", name, len(page.rows))
                state.take(page.rows, asked)
                if enough(sweep, page.rows):
                    break
                if page.has_next:
                    state.checkpoint.sweeps[name] = sweep
                    state.flush_if_due()
                    if asked and self._zoom.quota and self._zoom.quota.low:
                        state.report.unfinished += 1
                        return None
        except SweepBrokenError as error:
            state.checkpoint.sweeps.pop(name, None)
            state.report.unfinished += 1
            self._log.warning("The sweep %s did not end (%s): the next run starts it again.", name, error)
            return None
        state.checkpoint.sweeps.pop(name, None)
        return sweep

    def _may_restart(self, name: str) -> bool:
        """Return whether a sweep whose page token expired may start again, which a run does once."""
        self._state.checkpoint.sweeps.pop(name, None)
        first, self._restarted = not self._restarted, True
        return first
