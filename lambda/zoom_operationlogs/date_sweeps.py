"""Sweeps of single dates for reconcile, catch-up and backfill. They are one of the two readers of Zoom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .agenda import next_date, schedule_split_groups
from .checkpoint import TAIL
from .dates import ONE_DAY, may_have_expired
from .errors import DatesRefusedError, DateTooOldError
from .sweep import Sweep

if TYPE_CHECKING:
    from datetime import date, datetime

    from .checkpoint import PendingSweep
    from .run_state import RunState, Services
    from .sweeper import Sweeper
    from .tail import Tail


class DateSweeps:
    """The sweeps of the owed dates in one run."""

    def __init__(self, services: Services, state: RunState, sweeper: Sweeper, tail: Tail) -> None:
        self._services = services
        self._state = state
        self._sweeper = sweeper
        self._tail = tail

    def read(self, now: datetime) -> None:
        """Sweep the owed dates until all are tried or under a quarter of Zoom's daily limit is left.

        A refused date does not hold up the others: `DatesRefusedError` is raised after them. Raises at once what
        `Sweeper.read`, `RunState.load_day` and `RunState.publish` raise otherwise.
        """
        zoom, log = self._services.zoom, self._services.log
        tried: set[tuple[date, PendingSweep]] = set()
        refused: DatesRefusedError | None = None
        while day := next_date(self._state.checkpoint, tried):
            if zoom.quota and zoom.quota.low:
                log.warning("Under a quarter of Zoom's daily limit is left: the owed dates wait.")
                break
            tried.add((day, self._state.checkpoint.owed[day]))
            if day > self._tail.last_date:
                continue  # the tail has found that Zoom does not have it yet
            try:
                self._sweep(day)
            except DatesRefusedError as error:
                self._state.checkpoint.sweeps.pop(day.isoformat(), None)
                if isinstance(error, DateTooOldError) and may_have_expired(day, now.date()):
                    self._state.expire(day, self._services.clock())
                    self._state.report.expired += 1
                    log.warning("Zoom no longer has %s: the date is recorded as expired.", day)
                elif day >= now.date():
                    log.info("Zoom does not have %s yet: the date waits.", day)
                else:
                    refused = error
        if refused:
            raise refused

    def _sweep(self, day: date) -> None:
        """Read one date to its end and publish it."""
        state, settings = self._state, self._services.settings
        pending, now = state.checkpoint.owed[day], self._services.clock()
        state.load_day(day)
        if state.held_up(day):
            return
        sweep = self._sweeper.resume(day.isoformat(), now) or Sweep(day, day, pending.page_size, began=now)
        completed = self._sweeper.read(day.isoformat(), sweep, sweep_date=day)
        if completed:
            state.publish()
            state.settle(day, completed.began)
            schedule_split_groups(state.checkpoint, settings, self._services.clock(), day, pending, completed)
            self._advance_frontier(completed)
        state.keep_days()

    def _advance_frontier(self, completed: Sweep) -> None:
        """Move a frontier that is missing or older than yesterday to the newest record of this sweep.

        A tail that has to read back so far might not end in any run. No record is lost, because the dates since the
        frontier are owed sweeps of their own.
        """
        checkpoint = self._state.checkpoint
        frontier = checkpoint.frontier
        if self._tail.ended or (frontier and frontier.date() >= self._services.clock().date() - ONE_DAY):
            return
        if completed.newest and (not frontier or completed.newest > frontier):
            checkpoint.frontier = min(completed.newest, completed.began)
            checkpoint.sweeps.pop(TAIL, None)
