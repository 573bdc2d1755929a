"""Sweeps of single dates for reconcile, catch-up and backfill. They are one of the two readers of Zoom."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from .agenda import (
    MOST_LOOKS,
    MOST_REFUSALS,
    explained_by,
    look_again,
    next_date,
    schedule_split_groups,
    wait_for_accept,
)
from .checkpoint import TAIL, neighbours
from .dates import ONE_DAY, may_have_expired, retention_start
from .errors import DatesRefusedError, DateTooOldError
from .incidents import Incident
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

        A refused date does not block the others: `DatesRefusedError` is raised after them. Everything else that
        `Sweeper.read`, `RunState.load_day` and `RunState.publish` raise ends the sweeps.
        """
        zoom, log = self._services.zoom, self._services.log
        tried: set[tuple[date, PendingSweep]] = set()
        refused: dict[date, DatesRefusedError] = {}
        while day := next_date(self._state.checkpoint, tried, self._services.clock()):
            if zoom.quota and zoom.quota.low:
                log.warning("Under a quarter of Zoom's daily limit is left: the owed dates wait.")
                break
            tried.add((day, self._state.checkpoint.owed[day]))
            if day > self._tail.last_date:
                continue  # the tail has found that Zoom does not have it yet
            try:
                self._sweep(day)
            except DatesRefusedError as error:
                self._state.drop_place(day.isoformat())
                if day >= now.date():
                    log.info("Zoom does not have %s yet: the date waits.", day)
                elif day < retention_start(now.date()):
                    self._expires(day, error, now)
                else:
                    refused[day] = error
                if day in self._state.checkpoint.owed:  # maybe with other fields
                    tried.add((day, self._state.checkpoint.owed[day]))
        failures = [error for day, error in refused.items() if not self._expires(day, error, now)]
        if failures:
            raise failures[0]

    def _expires(self, day: date, refusal: DatesRefusedError, now: datetime) -> bool:
        """Record a refused date as expired if Zoom may no longer have it; return whether that was done."""
        state = self._state
        pending = state.checkpoint.owed.get(day)
        if pending and self._sweeper.answered:  # so the refusal is about the date
            pending = state.checkpoint.owed[day] = replace(pending, refusals=pending.refusals + 1)
        said = isinstance(refusal, DateTooOldError) or (pending and pending.refusals >= MOST_REFUSALS)
        if day >= retention_start(now.date()) and not (may_have_expired(day, now.date()) and said):
            return False
        state.expire(day, self._services.clock())
        state.report.expired += 1
        sentence = "Zoom no longer has %s: the date is recorded as expired. Keep the evidence."
        state.incidents.report(Incident.DATES_EXPIRED, sentence, day)
        return True

    def _sweep(self, day: date) -> None:
        """Read one date to its end and publish it."""
        state = self._state
        pending, now = state.checkpoint.owed[day], self._services.clock()
        state.load_day(day)
        if state.held_up(day):
            return
        sweep = self._sweeper.resume(day.isoformat(), now, accept=pending.accept) or Sweep(
            day, day, pending.page_size, began=now, accept=pending.accept
        )
        state.accept_rows(accept=pending.accept)
        completed = self._sweeper.read(day.isoformat(), sweep, sweep_date=day)
        if completed:
            state.publish()
            state.read_whole.add(day)
            state.checkpoint.shown[day] = completed.shown + Counter({day: completed.untimed})
            self._conclude(day, pending, completed, self._services.clock())
            self._advance_frontier(completed)
        state.accept_rows(accept=False)
        state.keep_days()

    def _conclude(self, day: date, pending: PendingSweep, completed: Sweep, now: datetime) -> None:
        """Settle the date, unless it has to be swept again, and the neighbours that waited only for it."""
        state, settings = self._state, self._services.settings
        if wait_for_accept(state.checkpoint, now, day, pending, reverted=state.form_reverted):
            return
        if not look_again(state.checkpoint, settings, now, day, pending, completed):
            if 0 < pending.looks < MOST_LOOKS and state.checkpoint.lacking(day) > 0:
                state.report.incomplete += 1
                state.incidents.report(
                    Incident.RECORDS_LACKING,
                    "Zoom shows %s records of %s less than the archive holds, in %s sweeps: the date is settled. Verify"
                    " it again in a few days.",
                    state.checkpoint.lacking(day),
                    day,
                    pending.looks + 1,
                )
            state.settle(day, completed.began)
            schedule_split_groups(state.checkpoint, settings, now, day, pending, completed)
        for near in neighbours(day):
            if near in state.checkpoint.owed and state.checkpoint.owed[near].looks:
                state.load_day(near)
        for near in list(explained_by(state.checkpoint, settings, now, day)):
            state.settle(near, completed.began)

    def _advance_frontier(self, completed: Sweep) -> None:
        """Move a frontier that is missing or older than yesterday to the newest record of this sweep.

        A tail that has to read back so far might not end in any run. No record is lost: the dates since the frontier
        are owed their own sweeps.
        """
        checkpoint = self._state.checkpoint
        frontier = checkpoint.frontier
        if self._tail.ended or (frontier and frontier.date() >= self._services.clock().date() - ONE_DAY):
            return
        if completed.newest and (not frontier or completed.newest > frontier):
            checkpoint.frontier = min(completed.newest, completed.began)
            self._state.drop_place(TAIL)
