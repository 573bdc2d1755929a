"""One run of the collector.

The archive is the log, and the checkpoint is a cache. A record is delivered if and only if it is in an object. An
object is written once, by a put-if-absent on the next number of its date: that put is the commit, and the lock between
runs. A run that dies after a put has delivered those records: before the next run puts an object for that date, it
lists the numbers after the last one in the checkpoint, reads those objects, and drops the records in them. A run that
dies before a put has delivered nothing: the next run reads the same rows from Zoom again, because only a sweep that
ended moves the frontier or settles a date, and only a save after the put records that. While it reads, a run publishes
each full batch and saves once a minute; every save publishes first.

Where the feed deletes objects after transfer, a put-if-absent is no lock: a run takes a lease first, which expires a
minute after the run's deadline.

Zoom has two readers. The tail reads the newest rows back to the frontier, the newest time that an earlier completed
sweep has seen. A date sweep reads one owed date to its end, for reconcile, catch-up and backfill alike; a date is owed
until a sweep of it has ended. docs/architecture.md has the rules and their reasons.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .agenda import backoff_until
from .checkpoint import TAIL
from .date_sweeps import DateSweeps
from .dates import next_midnight
from .errors import CollectorError, OutOfTimeError, RateLimitedError
from .form_guard import changed_form
from .lease import hand_over_request, release_lease, take_lease
from .run_report import RunReport
from .run_state import RunState, Services
from .sweeper import Sweeper
from .tail import Tail
from .zoom_page import rows_set_aside

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from .checkpoint import Checkpoint
    from .event import Request


class Run:
    """One run; `report` says what it did, even if it failed."""

    def __init__(self, services: Services, owner: str) -> None:
        """Take the services of the run; `owner` identifies it in the lease."""
        self._services = services
        self._owner = owner
        self._state: RunState | None = None
        self.report = RunReport()

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The checkpoint of the run, None until it is loaded."""
        return self._state.checkpoint if self._state else None

    def execute(self, request: Request) -> dict[str, Any]:
        """Execute the run and return its result.

        The result has `ok` (true), `written` (records), `date` (today, UTC), `objects` (written), `pages` (read),
        `owed` (dates left), `ended` (whether the tail ended) and `not_before` (ISO time, or None). Raises
        `CollectorError`: a run that fails while it reads from Zoom, or that sets rows aside, first publishes and saves
        what it has. Any other exception is a defect and ends the run as if Lambda had killed it.
        """
        services, settings = self._services, self._services.settings
        now = services.clock()
        state = self._state = RunState.load(services, self.report, now)
        if settings.feed_deletes and not take_lease(state, services, self._owner):
            self.report.left_to_other = True
            hand_over_request(state, services, request, now)
            return self._result(state, now)
        state.schedule(request, now)
        failure = self._read(state, now)
        if settings.feed_deletes:
            release_lease(state, services.clock())
        state.save(last=True)
        changed, unreadable = state.checkpoint.delivered.changed, services.zoom.unreadable
        found = (failure, state.unreadable, changed_form(changed), rows_set_aside(unreadable))
        failures = [error for error in found if error]
        for error in failures[1:]:
            services.log.error(str(error))
        if failures:
            raise failures[0]
        return self._result(state, now)

    def _read(self, state: RunState, now: datetime) -> CollectorError | None:
        """Read from Zoom until the work, the time or the rate limit ends; return the error of a run that fails."""
        log = self._services.log
        try:
            if not self._must_wait(state, now):
                for reader in self._readers(state, now):
                    reader.read(now)
        except OutOfTimeError:
            self.report.unfinished += 1
            log.info("The time of this run is used up: the next run continues from here.")
        except RateLimitedError as refusal:
            self.report.unfinished += 1
            self.report.daily_limit = refusal.daily
            state.checkpoint.not_before = refusal.until
            log.warning("Zoom's rate limit is reached: no request before %s.", _moment(refusal.until))
        except CollectorError as error:
            self.report.unfinished += 1
            return error
        return None

    def _must_wait(self, state: RunState, now: datetime) -> bool:
        """Return whether the rate limit of an earlier run still applies; forget one that has ended."""
        until = backoff_until(state.checkpoint, now)
        if until:
            self.report.daily_limit = until >= next_midnight(now)  # other limits last seconds
            self._services.log.info("Zoom's rate limit still applies: no request before %s.", _moment(until))
        else:
            state.checkpoint.not_before = None
        return bool(until)

    def _readers(self, state: RunState, now: datetime) -> Sequence[Tail | DateSweeps]:
        """Return the readers in their order, and forget sweeps whose page token has expired: they start again.

        The tail comes first, unless it is one of those: a tail that is too long for one run would otherwise keep every
        run from the owed dates. The date sweeps ask the tail which dates Zoom has.
        """
        sweeps = state.checkpoint.sweeps
        tail_token_expired = TAIL in sweeps and not sweeps[TAIL].resumable(now)
        state.checkpoint.sweeps = {name: sweep for name, sweep in sweeps.items() if sweep.resumable(now)}
        sweeper = Sweeper(self._services, state)
        tail = Tail(self._services, state, sweeper)
        dates = DateSweeps(self._services, state, sweeper, tail)
        return (dates, tail) if tail_token_expired else (tail, dates)

    def _result(self, state: RunState, now: datetime) -> dict[str, Any]:
        not_before = state.checkpoint.not_before
        return {
            "ok": True,
            "written": self.report.written,
            "date": now.date().isoformat(),
            "objects": self._services.archive.objects_written,
            "pages": self.report.pages,
            "owed": len(state.checkpoint.owed),
            "ended": self.report.tail_ended,
            "not_before": not_before.isoformat() if not_before else None,
        }


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else "the limit is over"
