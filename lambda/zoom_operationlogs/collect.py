"""One run: recall the checkpoint, read the tail, sweep the owed dates while time is left, save.

The archive is the log, and the checkpoint is a cache. Two readers of Zoom, and only two: the tail, which stops once it
is past what an ended sweep has seen, and the sweep of one date, which is reconcile, catch-up and backfill alike.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from .archive import Day, Wanted
from .checkpoint import Checkpoint, Lease, LeaseLost, Owed
from .dates import (
    LONGEST_RANGE,
    ONE_DAY,
    came_late,
    each,
    may_be_too_old,
    next_owed,
    oldest_kept,
    owe_backfill,
    owe_reconcile,
    owe_what_is_due,
    window,
)
from .deadline import OutOfTime
from .errors import CollectorError
from .guide import GuideLedger
from .records import Row
from .sweep import Sweep, cut_by, size_that_holds
from .zoom import DAILY_LIMIT_SLACK, DateTooOld, PageTokenExpired, RangeRefused, RateLimited, next_midnight

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Sequence

    from .archive import Archive
    from .checkpoint import CheckpointStore
    from .deadline import Deadline
    from .event import Request
    from .guide import GuideObjects
    from .settings import Settings
    from .zoom import Zoom

TAIL = "tail"
PUBLISH_AT_BYTES = 8 * 2**20
SAVE_EVERY = timedelta(minutes=1)
LEASE_SLACK = timedelta(minutes=1)


@dataclass
class Tally:
    """What a run did, in counts; `late_seconds` is how long after its time the latest of the late records came."""

    written: int = 0
    late: int = 0
    late_seconds: float = 0.0
    pages: int = 0
    tail_ended: bool = False
    left_to_other: bool = False
    rebuilt: bool = False
    expired: int = 0
    unfinished: int = 0
    daily_limit: bool = False


class Collector:
    """The collector, for one run."""

    def __init__(
        self,
        settings: Settings,
        zoom: Zoom,
        archive: Archive,
        guide: GuideObjects,
        checkpoints: CheckpointStore,
        clock: Callable[[], datetime],
        deadline: Deadline,
        owner: str,
        log: logging.Logger,
    ) -> None:
        """Take the clients, the clock and the deadline; `owner` names this run in the lease."""
        self._settings = settings
        self._zoom = zoom
        self._archive = archive
        self._guide = guide
        self._checkpoints = checkpoints
        self._clock = clock
        self._deadline = deadline
        self._owner = owner
        self._log = log
        self._wanted: defaultdict[date, dict[bytes, Wanted]] = defaultdict(dict)
        self._wanted_bytes = 0
        self._restarted = False
        self._latest = date.max  # the last date that Zoom can be asked for
        self._saved_at = clock()
        self._seen: datetime | None = None  # the newest record of the sweeps that ended before this run
        self.tally = Tally()

    @property
    def checkpoint(self) -> Checkpoint | None:
        """What is known now; None until the run has read it."""
        return getattr(self, "_checkpoint", None)

    def run(self, request: Request) -> dict[str, Any]:
        """Do one run and return its result; a run that fails saves what it has, then raises `CollectorError`."""
        now = self._clock()
        self._recall(now)
        self._seen = self._read_up_to(now.date())
        if not self._lease():
            self.tally.left_to_other = True
            self._leave_to_other(request, now)
            return self._result(now)
        owe_what_is_due(self._checkpoint, self._settings, now)
        self._owe_requested(request, now)
        failure: CollectorError | None = None
        try:
            if not self._must_wait(now):
                for read in self._readers(now):
                    read(now)
        except OutOfTime:
            self.tally.unfinished += 1
            self._log.info("The time of this run is used up: the next one goes on from here.")
        except RateLimited as refusal:
            self.tally.unfinished += 1
            self.tally.daily_limit = refusal.daily
            self._checkpoint.not_before = refusal.until
            self._log.warning("Zoom's rate limit is reached: no request before %s.", refusal.until)
        except CollectorError as error:
            self.tally.unfinished += 1
            failure = error
        if self._checkpoint.lease and self._settings.feed_deletes:
            self._checkpoint.lease = replace(self._checkpoint.lease, until=self._clock())
        self._save()
        if failure:
            raise failure
        return self._result(now)

    # What is known when a run starts

    def _recall(self, now: datetime) -> None:
        """Load the checkpoint, or rebuild it from the archive: then it owes every date from the archive's first on.

        A new one is saved before anything is published, so that an archive tells of a checkpoint that was there once.
        Under a lease, taking it is the first save.
        """
        found = self._checkpoints.load()
        if found.checkpoint:
            self._checkpoint, self._guide.ledger = found.checkpoint, found.checkpoint.guide
            return
        survey = self._archive.survey()
        self.tally.rebuilt = found.lost or survey.first is not None
        if self.tally.rebuilt:
            self._log.warning("There is no usable checkpoint: rebuilding it from the archive.")
        cursor = found.guide_cursor or self._guide.state()
        first, _ = window(now.date(), self._settings.lookback_days)
        known = [day for day in (first, survey.first, cursor or survey.guide_first) if day]
        start = max(oldest_kept(now.date()), min(known))
        self._checkpoint = Checkpoint(settled_from=start, settled_to=start - ONE_DAY)
        if survey.guide_first and survey.guide_last:
            # One day more: a last run of the guide's Lambda may still be writing.
            self._checkpoint.guide = GuideLedger(survey.guide_first, survey.guide_last + ONE_DAY)
        if not self._settings.feed_deletes:
            self._store()

    def _store(self) -> None:
        """Save the checkpoint, and go on from it with what other runs saved meanwhile."""
        self._checkpoint = self._checkpoints.save(self._checkpoint)
        self._guide.ledger = self._checkpoint.guide

    def _read_up_to(self, today: date) -> datetime | None:
        """Return the newest time up to which the window has been read before this run, None where it was not yet."""
        first, _ = window(today, self._settings.lookback_days)
        return None if any(day >= first for day in self._checkpoint.owed) else self._checkpoint.frontier

    def _lease(self) -> bool:
        """Where the feed deletes what it has read, take the lease; return whether this run may publish.

        A put-if-absent succeeds over a delete marker, so there it is no lock between two runs.
        """
        if not self._settings.feed_deletes:
            return True
        now, held = self._clock(), self._checkpoint.lease
        if held and held.until > now:
            self._log.info("Another run holds the lease until %s: leaving the work to it.", held.until)
            return False
        until = now + timedelta(seconds=self._deadline.remaining()) + LEASE_SLACK
        self._checkpoint.lease = Lease(self._owner, until)
        try:
            self._store()
        except LeaseLost:
            return False
        return True

    def _owe_requested(self, request: Request, now: datetime) -> None:
        if request.backfill:
            owe_backfill(self._checkpoint, self._settings, now, *request.backfill)
        if request.reconcile:
            owe_reconcile(self._checkpoint, self._settings, now)

    def _leave_to_other(self, request: Request, now: datetime) -> None:
        """Keep what was asked for, for the run that holds the lease or one after it: the answer promises it."""
        while request.backfill or request.reconcile:
            self._checkpoint = self._checkpoints.load().checkpoint or self._checkpoint
            self._owe_requested(request, now)
            try:
                self._store()
            except LeaseLost:
                continue  # a third run took over meanwhile
            return

    def _must_wait(self, now: datetime) -> bool:
        until = self._checkpoint.not_before
        if until and until > now and until <= next_midnight(now) + DAILY_LIMIT_SLACK:
            self.tally.daily_limit = until >= next_midnight(now)  # other limits last seconds
            self._log.info("Zoom asked not to be called before %s.", until)
            return True
        self._checkpoint.not_before = None
        return False

    # The two readers

    def _readers(self, now: datetime) -> Sequence[Callable[[datetime], None]]:
        """Return the two in their order: the tail first, unless the last one broke off and its page token is too old.

        One that is too long for a run would else hold up the owed dates in each.
        """
        sweeps = self._checkpoint.sweeps
        in_vain = TAIL in sweeps and not sweeps[TAIL].resumable(now)
        self._checkpoint.sweeps = {name: sweep for name, sweep in sweeps.items() if sweep.resumable(now)}
        return (self._sweep_owed, self._read_tail) if in_vain else (self._read_tail, self._sweep_owed)

    def _read_tail(self, now: datetime) -> None:
        """Read the window newest first, to the first page that lies past the frontier; then move the frontier."""
        first, today = window(now.date(), self._settings.lookback_days)
        for day in each(first, today + ONE_DAY):
            self._know(day)
        ended = self._follow_tail(first, now)
        if ended:
            self._publish()
            self.tally.tail_ended = True
            if ended.newest:
                self._checkpoint.frontier = min(ended.newest, ended.began)

    def _follow_tail(self, first: date, now: datetime) -> Sweep | None:
        """Read the tail up to the last date that Zoom has: its days may lie ahead of those of UTC, or behind."""
        frontier, today = self._checkpoint.frontier, now.date()
        last = today + ONE_DAY if self._checkpoint.asks_for_tomorrow else today
        while True:
            sweep = self._resumed(TAIL, now) or Sweep(
                max(first, last - LONGEST_RANGE), last, self._settings.page_size, began=now
            )
            try:
                return self._follow(TAIL, sweep, None, lambda sweep, rows: sweep.reaches_back_past(frontier, rows))
            except RangeRefused:
                if not sweep.fresh or last < today:
                    raise
                last -= ONE_DAY
                self._latest = last
                self._checkpoint.asks_for_tomorrow = False

    def _sweep_owed(self, now: datetime) -> None:
        """Sweep the owed dates while time and Zoom's daily limit allow; a refused date does not hold up the others."""
        tried: set[tuple[date, Owed]] = set()
        refused: RangeRefused | None = None
        while day := next_owed(self._checkpoint, tried):
            if self._zoom.quota and self._zoom.quota.low:
                self._log.warning("Under a quarter of Zoom's daily limit is left: the owed dates wait.")
                break
            tried.add((day, self._checkpoint.owed[day]))
            if day > self._latest:
                continue  # the tail was just told that Zoom does not have it yet
            try:
                self._sweep_date(day)
            except RangeRefused as error:
                self._checkpoint.sweeps.pop(day.isoformat(), None)
                if isinstance(error, DateTooOld) and may_be_too_old(day, now.date()):
                    self._checkpoint.expire(day, self._clock())
                    self.tally.expired += 1
                    self._log.warning("Zoom no longer has %s: the date is recorded as expired.", day)
                elif day >= now.date():
                    self._log.info("Zoom does not have %s yet: the date waits.", day)
                else:
                    refused = error
        if refused:
            raise refused

    def _sweep_date(self, day: date) -> None:
        """Read one date to its end and publish it."""
        owed = self._checkpoint.owed[day]
        now = self._clock()
        self._know(day)
        sweep = self._resumed(day.isoformat(), now) or Sweep(day, day, owed.page_size, began=now)
        ended = self._follow(day.isoformat(), sweep, day, lambda _sweep, _rows: False)
        if ended:
            self._publish()
            self._checkpoint.settle(day, ended.began)
            self._look_again(day, owed, ended)
            self._catch_up(ended)
        self._keep_days()

    def _catch_up(self, ended: Sweep) -> None:
        """Where the tail is days behind, let the sweep of a date move its frontier.

        Every date since then is owed once more each day, and a tail that has it all to read might not end in any run.
        """
        frontier = self._checkpoint.frontier
        if self.tally.tail_ended or (frontier and frontier.date() >= self._clock().date() - ONE_DAY):
            return
        if ended.newest and (not frontier or ended.newest > frontier):
            self._checkpoint.frontier = min(ended.newest, ended.began)
            self._checkpoint.sweeps.pop(TAIL, None)

    def _look_again(self, day: date, owed: Owed, ended: Sweep) -> None:
        """Owe the date another look where twins on both sides of a page boundary look like one row that moved.

        Where many stand so, no one size of page may hold them all: looks follow while each holds more of them.
        """
        left = cut_by(ended.held, owed.split) if owed.split and ended.held else ended.split
        if left and (not owed.split or len(left) < len(owed.split)):
            most = ended.held if ended.held < ended.page_size else self._settings.page_size
            self._checkpoint.owe(day, self._clock(), size_that_holds(left, most), left)

    def _resumed(self, name: str, now: datetime) -> Sweep | None:
        sweep = self._checkpoint.sweeps.get(name)
        return sweep if sweep and sweep.resumable(now) else None

    def _follow(
        self, name: str, sweep: Sweep, asked: date | None, enough: Callable[[Sweep, Sequence[Row]], bool]
    ) -> Sweep | None:
        """Read page after page; return the sweep if it ended.

        Returns None if Zoom's page tokens did not lead to an end, or if a date breaks off, to be resumed, because under
        a quarter of Zoom's daily limit is left.
        """
        used = {sweep.token}
        while True:
            asked_at = self._clock()
            try:
                page = self._zoom.page(sweep.first, sweep.last, sweep.page_size, sweep.token)
            except PageTokenExpired:
                self._checkpoint.sweeps.pop(name, None)
                if self._restarted:
                    self._give_up(name, "its page token expired again")
                    return None
                self._restarted = True
                sweep, used = sweep.again(asked_at), {""}
                continue
            self.tally.pages += 1
            self._log.debug("The sweep %s read a page of %s records.", name, len(page.records))
            rows = [Row.of(record) for record in page.records]
            sweep.note(rows)
            self._want(rows, asked)
            if not page.next_token or enough(sweep, rows):
                self._checkpoint.sweeps.pop(name, None)
                return sweep
            if page.next_token in used:
                self._checkpoint.sweeps.pop(name, None)
                self._give_up(name, "Zoom repeated a page token")
                return None
            used.add(page.next_token)
            sweep.turn(page.next_token, asked_at)
            self._checkpoint.sweeps[name] = sweep
            self._keep_up()
            if asked and self._zoom.quota and self._zoom.quota.low:
                self.tally.unfinished += 1
                return None

    def _give_up(self, name: str, reason: str) -> None:
        self.tally.unfinished += 1
        self._log.warning("The sweep %s did not end (%s): the next run starts it again.", name, reason)

    # What a page brings, and where it goes

    def _want(self, rows: Sequence[Row], asked: date | None) -> None:
        """Take in what the archive does not hold yet: a record exists as often as one page shows it."""
        shown = Counter(row.fingerprint for row in rows)
        for row in {row.fingerprint: row for row in rows}.values():
            day = row.filed_under(asked)
            if day is None:
                continue  # the sweep of its date will file it
            count = shown[row.fingerprint]
            wanted = self._wanted[day].get(row.fingerprint)
            if wanted:
                wanted.count = max(wanted.count, count)
            elif count > self._archive.delivered(self._day(day), row.fingerprint):
                wanted = self._wanted[day][row.fingerprint] = Wanted.of(row, count)
                self._wanted_bytes += len(wanted.line)

    def _keep_up(self) -> None:
        """Publish a batch that is full, and save after each minute of work."""
        if self._clock() - self._saved_at >= SAVE_EVERY:
            self._save()
        elif self._wanted_bytes >= PUBLISH_AT_BYTES:
            self._publish()

    def _publish(self) -> None:
        for day, wanted in sorted(self._wanted.items()):
            if wanted:
                late, late_seconds = self._lateness(day, wanted.values())
                written = self._archive.publish(self._day(day), wanted.values())
                self.tally.written += written
                if late and written:
                    self.tally.late += min(late, written)  # another run may have been first
                    self.tally.late_seconds = max(self.tally.late_seconds, late_seconds)
        self._wanted.clear()
        self._wanted_bytes = 0

    def _lateness(self, day: date, wanted: Iterable[Wanted]) -> tuple[int, float]:
        """Return how many of the records about to be published are late rows, and the most seconds by which."""
        late = [item for item in wanted if came_late(item.time, self._seen, self._settings.lookback_days)]
        known, now = self._day(day), self._clock()
        count = sum(max(0, item.count - self._archive.delivered(known, item.fingerprint)) for item in late)
        return count, max(((now - item.time).total_seconds() for item in late if item.time), default=0.0)

    def _save(self) -> None:
        """Publish, then save: a checkpoint must never know more than the archive holds."""
        try:
            self._publish()
        except OutOfTime:  # the guide's objects take longer to read than this run has
            self._wanted.clear()
            self._checkpoint.sweeps.clear()
        self._keep_days()
        self._store()
        self._saved_at = self._clock()

    def _keep_days(self) -> None:
        first, today = window(self._clock().date(), self._settings.lookback_days)
        self._checkpoint.keep_days(first - ONE_DAY, today + 2 * ONE_DAY)

    def _know(self, day: date) -> None:
        """Read what the archive holds of a date that the checkpoint does not know."""
        if day not in self._checkpoint.days:
            self._deadline.clip(1)
            known = Day(day)
            self._guide.absorb_from(day - ONE_DAY)  # a sweep may bring records of the day before
            self._archive.read_news(known)
            self._checkpoint.days[day] = known

    def _day(self, day: date) -> Day:
        known = self._checkpoint.days.get(day)
        if known is None:
            known = self._checkpoint.days[day] = Day(day)
        return known

    def _result(self, now: datetime) -> dict[str, Any]:
        return {
            "ok": True,
            "written": self.tally.written,
            "date": now.date().isoformat(),
            "objects": self._archive.objects_written,
            "pages": self.tally.pages,
            "owed": len(self._checkpoint.owed),
            "ended": self.tally.tail_ended,
            "not_before": self._checkpoint.not_before.isoformat() if self._checkpoint.not_before else None,
        }
