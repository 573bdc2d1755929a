"""The state of one run: the checkpoint, the batch of unpublished records, and the report.

A stored checkpoint must never know of records that are not in the archive: `save` publishes the batch first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from .agenda import owe_by_date, previous_watermark, schedule_due, schedule_requested, with_the_others
from .batch import Batch
from .checkpoint import neighbours
from .dates import ONE_DAY, adjacent, date_range, window
from .errors import OutOfTimeError, UnreadableObjectError
from .incidents import Incident, Incidents
from .rebuild import rebuilt

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from .archive import Archive
    from .checkpoint import Checkpoint
    from .checkpoint_store import CheckpointStore
    from .deadline import Deadline
    from .event import Request
    from .records import Row
    from .run_report import RunReport
    from .settings import Settings
    from .sweep import Sweep
    from .zoom import Zoom

SAVE_EVERY = timedelta(minutes=1)
AFTER = timedelta(microseconds=1)  # a sweep that begins no earlier began after a moment of the clock


@dataclass(frozen=True)
class Services:
    """What a run works with. `clock` returns the current time in UTC."""

    settings: Settings
    zoom: Zoom
    archive: Archive
    store: CheckpointStore
    clock: Callable[[], datetime]
    deadline: Deadline
    log: logging.Logger


class RunState:
    """The state of one run; `load` creates it."""

    def __init__(self, services: Services, report: RunReport, checkpoint: Checkpoint, now: datetime) -> None:
        self.checkpoint = checkpoint
        self.report = report
        self.incidents = Incidents(services.log, report)
        self._services = services
        self._batch = Batch(services.archive, services.settings.lookback_days, services.clock)
        self._unsettled: set[date] = set()  # a sweep of these may show records of a date that is held up
        self._postponed: dict[date, datetime] = {}  # date: when its completed sweep began, while suspicious rows wait
        self._swept: dict[date, datetime] = {}  # date: when its last completed sweep began, or Zoom called it too old
        self._watermark: datetime | None = None
        self._saved_at = now
        self.read_whole: set[date] = set()  # dates of which a sweep of this run ended
        self._ended: set[str] = set()  # the names of sweeps that this run ended
        self.holds_lease = False

    @classmethod
    def load(cls, services: Services, report: RunReport, now: datetime) -> RunState:
        """Load the checkpoint, or rebuild it from the archive: then every date from the archive's first on is owed.

        A new checkpoint is stored before anything is published, so that an archive without one always means that it was
        lost. Where the feed deletes, `take_lease` stores it. Raises what `CheckpointStore` and `Archive` raise.
        """
        found = services.store.load()
        checkpoint = found.checkpoint
        if not checkpoint:
            lookback_days, incidents = services.settings.lookback_days, Incidents(services.log, report)
            checkpoint = rebuilt(services.archive, found, now.date(), lookback_days, incidents, services.log)
        state = cls(services, report, checkpoint, now)
        if not found.checkpoint and not services.settings.feed_deletes:
            state.store()
        state._watermark = previous_watermark(state.checkpoint, services.settings, now.date())
        return state

    def schedule(self, request: Request, now: datetime) -> None:
        """Owe the dates that are due, and those that an operator asked for."""
        settings = self._services.settings
        expired = schedule_due(self.checkpoint, settings, now)
        if expired:
            self.report.expired += expired
            sentence = "%s dates expired: runs failed for longer than Zoom keeps records. Keep the evidence."
            self.incidents.report(Incident.DATES_EXPIRED, sentence, expired)
        schedule_requested(self.checkpoint, settings, now, request)

    def reload(self) -> None:
        """Discard this run's changes to the checkpoint if a usable one is stored, and continue with that."""
        self.checkpoint = self._services.store.load().checkpoint or self.checkpoint

    @property
    def unreadable(self) -> UnreadableObjectError | None:
        """The first object that could not be read in this run, if any."""
        return next(iter(self._batch.held_up.values()), None)

    def load_day(self, day: date) -> None:
        """Read what the archive holds of a date, unless it is known. Raises `OutOfTimeError` if no time is left.

        If an object cannot be read, the date is held up: none of its records are published in this run.
        """
        if not self.checkpoint.delivered.knows(day) and day not in self._batch.held_up:
            self._services.deadline.check()
            try:
                self._services.archive.load(day, self.checkpoint.delivered)
            except UnreadableObjectError as error:
                self.hold_up(day, error)

    def held_up(self, day: date) -> bool:
        """Return whether this run can publish none of the records that Zoom may show under the date."""
        if day in self._batch.held_up and day + ONE_DAY in self._batch.held_up:
            self.load_day(day - ONE_DAY)
        return all(day + step * ONE_DAY in self._batch.held_up for step in (-1, 0, 1))

    def hold_up(self, day: date, error: UnreadableObjectError) -> None:
        """Publish nothing of the date in this run, and keep every date owed that may show its records."""
        if str(error) not in map(str, self._batch.held_up.values()):
            self._services.log.error("Records of %s are not published: %s", day, error)
        self._batch.held_up[day] = error
        self.report.unfinished += 1
        now = self._services.clock()
        first, today = window(now.date(), self._services.settings.lookback_days)
        last = today + ONE_DAY if self.checkpoint.asks_for_tomorrow else today
        read = {*date_range(first, last), *self.checkpoint.owed, *self._swept}
        for other in {other for other in read if adjacent(day, other)} or read:
            self._unsettled.add(other)
            self.checkpoint.owe(other, now + AFTER, self._services.settings.page_size)

    def defer(self, day: date) -> None:
        """Owe sweeps of the dates that may show the suspicious rows of a date, which wait for them.

        If the run ends first, the next one reads these dates from their beginning: it does not have the rows.
        """
        near = (day, *neighbours(day))
        owe_by_date(self.checkpoint, self._services.settings, self._services.clock(), near)
        for name in map(date.isoformat, near):
            self.drop_place(name)

    def changed(self, dates: Collection[date]) -> None:
        """Store that Zoom has changed the form of these dates, before a put in the new form, and owe those of the
        window a sweep, which shows them whole."""
        settings, now = self._services.settings, self._services.clock()
        near = {near for day in dates for near in (day, *neighbours(day))}
        owe_by_date(
            self.checkpoint, settings, now, near.intersection(date_range(*window(now.date(), settings.lookback_days)))
        )
        self.store()

    def take(self, rows: Sequence[Row], sweep_date: date | None) -> None:
        """Add a page's new records to the batch; `sweep_date` is the date of a date sweep, None for the tail."""
        self._batch.take(rows, sweep_date, self.checkpoint.delivered)

    def accept_rows(self, *, accept: bool) -> None:
        """From now on, count rows in a changed form as delivered, or hold them.

        Suspicious rows of other dates, which wait, do not count: the next run sweeps their dates again.
        """
        if accept and self._batch.deferred:
            self.publish()
            self._batch.discard()
            self._postponed.clear()
        self._batch.guard.accepting = accept

    def resumed(self, sweep: Sweep) -> Sweep:
        """Note that this run continues the sweep of an earlier run, and return it."""
        self._batch.guard.resumed(sweep)
        return sweep

    def form_reverted(self, day: date) -> bool:
        """Return whether Zoom shows a date in the archive's form again, as far as the run has seen. If the run has held
        rows of it, its sweeps are owed again."""
        near = {day, *neighbours(day)}
        whole = self.read_whole >= near & self.checkpoint.owed.keys()
        reverted = self._batch.reverted(day, self.checkpoint.delivered, self, whole=whole)
        if reverted and self._batch.guard.read_again(day):
            since = self._services.clock() + AFTER
            owe_by_date(self.checkpoint, self._services.settings, since, near, again=True)
        return reverted

    def settle(self, day: date, began: datetime) -> None:
        """Record that a sweep of the date, begun at `began`, ended: not if it may have shown records that are held up,
        and only at the end of the run if it may have shown suspicious rows, which wait."""
        if any(adjacent(day, other) for other in self._batch.deferred):
            self._postponed[day] = began
        elif day not in self._unsettled:
            self._note_swept(day, began)
            self.checkpoint.settle(day, began)

    def expire(self, day: date, at: datetime) -> None:
        """Record that Zoom, asked at `at`, no longer has the date."""
        self._note_swept(day, at)
        self.checkpoint.delivered.changed.pop(day, None)
        self.checkpoint.expire(day)

    def _note_swept(self, day: date, began: datetime) -> None:
        self._swept[day] = max(began, self._swept.get(day, began))

    def keep_place(self, name: str, sweep: Sweep) -> None:
        """Keep the place of a sweep in progress, for this run's saves and the next run."""
        self.checkpoint.sweeps[name] = sweep
        self._ended.discard(name)

    def drop_place(self, name: str) -> None:
        """Forget the place of a sweep that ended, or that has to start again."""
        self.checkpoint.sweeps.pop(name, None)
        self._ended.add(name)

    def flush_if_due(self) -> None:
        """Save if the last save is a minute old, else publish a batch that is full."""
        if self._services.clock() - self._saved_at >= SAVE_EVERY:
            self.save()
        elif self._batch.full:
            self.publish()

    def publish(self, *, last: bool = False) -> None:
        """Publish the batch and count it in the report; `last`: the run reads no more.

        Dates with an object that cannot be read are left out, and so are rows in a changed form.
        """
        report = self.report
        for published in self._batch.publish(self.checkpoint.delivered, self._watermark, self, last=last):
            report.written += published.written
            report.late += published.late
            report.late_seconds = max(report.late_seconds, published.late_seconds)

    def save(self, *, last: bool = False) -> None:
        """Publish the batch, then store the checkpoint; `last`: the run reads no more."""
        try:
            self.publish(last=last)
            if last:
                self._settle_postponed()
        except OutOfTimeError:  # while reading objects; a later run reads on, and sweeps again
            self._batch.discard()
            self.checkpoint.sweeps.clear()
        self.keep_days()
        if last:
            self._report_what_lasts()
        self.store()
        self._saved_at = self._services.clock()

    def _settle_postponed(self) -> None:
        later = with_the_others(self._services.clock())
        for day, began in self._postponed.items():
            pending = self.checkpoint.owed.get(day)
            if pending and self.checkpoint.changed_near(day):
                self.checkpoint.owed[day] = replace(pending, not_before=later)
            else:
                self.settle(day, began)

    def store(self) -> None:
        """Store the checkpoint without publishing, and continue with it and what other runs stored meanwhile."""
        self.checkpoint = self._services.store.save(
            self.checkpoint, self._swept, self._ended, holds_lease=self.holds_lease
        )

    def _report_what_lasts(self) -> None:
        """Report, once a day, changed forms, rows set aside and records behind delete markers."""
        known, today = self.checkpoint, self._services.clock().date()
        if not self._services.settings.feed_deletes:
            hidden = self._services.archive.behind_delete_markers(since=known.kept_since)
            self.report.behind_markers = len(hidden)
            self.incidents.behind_delete_markers(hidden, known.told, today)
        self.incidents.form_changed(known.delivered.changed, known.told, today)
        self.incidents.rows_set_aside(self.report.unreadable_rows, known.told, today)

    def keep_days(self) -> None:
        """Forget what is delivered on dates far from the window, which the next run does not need."""
        first, today = window(self._services.clock().date(), self._services.settings.lookback_days)
        self.checkpoint.keep_days(first - ONE_DAY, today + 2 * ONE_DAY)
