"""Random histories: arrivals, runs, kills, overlaps, losses and refusals in any order.

After each step nothing may be repeated; at the end of each history, after ordinary runs, nothing may be missing.
Hypothesis prints the shortened steps of a failing history, and a line that repeats it.
"""

from __future__ import annotations

import json
import os
import random
import zlib
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, Verbosity, event, settings
from hypothesis import seed as hypothesis_seed
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from standins.zoom import Request, faults
from zoom_operationlogs.checkpoint import Checkpoint, Stream
from zoom_operationlogs.checkpoint_format import encode
from zoom_operationlogs.errors import CollectorError, OtherAccountError
from zoom_operationlogs.reports import OPERATION_LOGS, REPORTS

from .meddling import assert_ended_well, at_each_call, killed, overlap
from .test_lease import freeze_at
from .test_refusals import closed, refused, timed_out, trouble
from .world import START, Killed, World, days_ago

ACTIVITIES = REPORTS["activities"]

IN_CI = bool(os.environ.get("CI"))
SEED = int(os.environ.get("FAULTS_SEED") or random.SystemRandom().randrange(2**32))
HOURS_BEHIND = 5  # one of Zoom's replicas

ZOOM_TROUBLE: dict[str, faults.Fault] = {
    "401": faults.invalid_access_token,
    "429": faults.per_second_limit,
    "daily": faults.daily_limit,
    "503": faults.server_error(503),
    "reset": faults.reset,
    "hang": faults.hang,
    "truncated": faults.truncated,
    "not JSON": faults.not_json,
    "null list": faults.null_list,
    "token expired": faults.expired_page_token,
    "token repeated": faults.repeated_page_token,
    "short page": faults.short_page(3),
    "empty page": faults.short_page(0),
}
S3_TROUBLE = {
    "500": refused(500, "InternalError"),
    "503": refused(503, "SlowDown"),
    "409": refused(409, "ConditionalRequestConflict"),
    "timeout": timed_out,
    "closed": closed,
}


class History(RuleBasedStateMachine):
    """A world, and the events that may happen to it."""

    report, who = OPERATION_LOGS, "operator"

    @initialize(
        feed_deletes=st.booleans(),
        page_size=st.sampled_from([20, 33, 60]),
        page_token=st.sampled_from(["offset", "snapshot"]),
        records=st.integers(1, 30),
        start_days_ago=st.sampled_from([None, 2, 6]),
        pages_vary=st.booleans(),
        disorder=st.booleans(),
        stale=st.sampled_from([None, None, "empty", "hours ago"]),
        zooms_days=st.sampled_from([(0, "accept"), (0, "refuse"), (-8, "refuse"), (9, "accept")]),
    )
    def begin(
        self,
        feed_deletes: bool,
        page_size: int,
        page_token: str,
        records: int,
        start_days_ago: int | None,
        pages_vary: bool,
        disorder: bool,
        stale: str | None,
        zooms_days: tuple[int, str],
    ) -> None:
        self.world = World(
            page_size=page_size, settings={"feed_deletes": feed_deletes, "lookback_days": 2}, report=self.report
        )
        self.world.zoom.rules.fewest_rows = 10 if pages_vary else None  # three times the largest group
        self.disorder = random.Random(records) if disorder else None
        self.stale, self.looked_at = stale, set[str]()
        self.visible_at: dict[str, datetime] = {}
        self.world.zoom.faults.rule = self.stale_answer
        self.world.zoom.rules.page_token = page_token  # type: ignore[assignment]
        self.world.zoom.rules.utc_offset = timedelta(hours=zooms_days[0])
        self.world.zoom.rules.tomorrow = zooms_days[1]  # type: ignore[assignment]
        for ago in (0, 1, 2, 3, 5):
            self.world.zoom.add_day(days_ago(ago), records, seed=ago, twins=0.1)
        self.arrived = 0
        self.world.began, self.world.first_date = START, days_ago(2)
        if start_days_ago:
            self.world.settings["start_date"] = days_ago(start_days_ago)
        else:
            self.world.run()  # from now on the archive shows where it starts

    def add(self, moment_ago: timedelta, twins: int, visible_in: timedelta = timedelta()) -> None:
        self.arrived += 1
        now = self.world.clock.now()
        record = {"time": f"{now - moment_ago:%Y-%m-%dT%H:%M:%SZ}", self.who: f"{self.arrived}@example.com"}
        place = now - moment_ago
        if self.disorder and moment_ago < timedelta(hours=1) and not visible_in:
            place += timedelta(seconds=self.disorder.uniform(-60, 60))
        self.visible_at[record[self.who]] = now + visible_in
        for _ in range(twins):
            self.world.zoom.add(record, visible_at=now + visible_in, at=place)

    def stale_answer(self, request: Request) -> faults.Fault | None:
        """The first sweep of a date before the window reads a replica that is hours behind, or empty."""
        day, now = request.query.get("from", ""), self.world.clock.now()
        before_the_window = day < str(now.date() - timedelta(days=self.world.settings["lookback_days"]))
        if not (self.stale and day == request.query.get("to") and before_the_window):
            return None
        if not request.query.get("next_page_token"):
            if day in self.looked_at:
                self.stale_sweep = ""
                return None
            self.looked_at.add(day)
            self.stale_sweep = day
        elif self.stale_sweep != day:
            return None

        def behind(exchange: faults.Exchange) -> Any:
            answer = exchange.ordinary()
            page = json.loads(answer.body)
            if self.stale == "empty":
                page |= {self.report.rows: [], "next_page_token": ""}
            elif self.report.rows in page:
                then = now - timedelta(hours=HOURS_BEHIND)
                page[self.report.rows] = [
                    row for row in page[self.report.rows] if self.visible_at.get(row[self.who], START) <= then
                ]
            return replace(answer, body=json.dumps(page).encode()) if answer.status == 200 else answer

        return behind

    def try_to_run(self, event_: Any = None, **meddling: Any) -> None:
        """A run may fail with a message: the alarm is for that."""
        try:
            self.world.run(event_, **meddling)
        except CollectorError as error:
            event(type(error).__name__)

    # Arrivals

    @rule(number=st.integers(1, 25), twins=st.integers(1, 3), seconds=st.integers(0, 3000))
    def records_arrive(self, number: int, twins: int, seconds: int) -> None:
        for at in range(number):
            self.add(timedelta(seconds=seconds * at // number), twins if at == 0 else 1)

    def promised(self, hours: int) -> int:
        """Two days, less the delay of Zoom's days and replicas: later rows wait for a backfill."""
        behind = HOURS_BEHIND if self.stale else 0
        return min(hours, 47 - behind + min(0, self.world.zoom.rules.utc_offset // timedelta(hours=1)))

    @rule(hours=st.integers(1, 47), twins=st.integers(1, 3))
    def late_records_arrive(self, hours: int, twins: int) -> None:
        self.add(timedelta(hours=self.promised(hours)), twins)

    @rule(hours=st.integers(0, 40))
    def a_twin_is_late(self, hours: int) -> None:
        disorder, self.disorder = self.disorder, None  # twins are adjacent
        self.add(timedelta(), 1)
        self.arrived -= 1
        self.add(timedelta(), 1, visible_in=timedelta(hours=self.promised(hours)))
        self.disorder = disorder

    @rule()
    def a_record_without_a_time_arrives(self) -> None:
        self.arrived += 1
        self.world.zoom.add({self.who: f"{self.arrived}@example.com"})

    @precondition(lambda self: not self.world.added_field)
    @rule()
    def zoom_adds_a_field(self) -> None:
        """In all records, old and new; identical ones stay identical."""
        self.world.added_field = "id"
        self.world.zoom.rewrite(
            lambda record: {**record, "id": zlib.crc32(json.dumps(record, sort_keys=True).encode())}
        )

    # Runs

    @rule(minutes=st.sampled_from([0, 1, 15, 15, 15, 40]))
    def a_run(self, minutes: int) -> None:
        self.world.clock.advance(minutes * 60)
        self.try_to_run()

    @rule(action=st.sampled_from(["reconcile", "backfill"]), ago=st.integers(0, 2))
    def an_operator_asks(self, action: str, ago: int) -> None:
        day = (self.world.clock.now() - timedelta(days=ago)).date().isoformat()
        asked = {"action": "backfill", "from": day, "to": day} if action == "backfill" else {"action": "reconcile"}
        self.try_to_run(asked)

    @rule(at=st.integers(1, 30), after=st.booleans(), minutes=st.sampled_from([0, 15]))
    def a_run_is_killed(self, at: int, after: bool, minutes: int) -> None:
        self.world.clock.advance(minutes * 60)
        with killed(self.world, at, after=after), suppress(Killed):
            self.try_to_run()

    @rule(latency=st.sampled_from([5, 12, 20]), minutes=st.sampled_from([0, 0, 15, 40]))
    def a_slow_run(self, latency: int, minutes: int) -> None:
        """It ends in the middle of a sweep, which the next run resumes or starts again."""
        self.world.clock.advance(minutes * 60)
        self.world.network.latency, self.world.timeout_seconds = latency, 60
        self.try_to_run()
        self.world.network.latency, self.world.timeout_seconds = 0, 300

    @rule(runs=st.integers(2, 3), seed=st.integers(0, 10**6), minutes=st.sampled_from([0, 15]))
    def runs_overlap(self, runs: int, seed: int, minutes: int) -> None:
        self.world.clock.advance(minutes * 60)
        assert_ended_well(*overlap(self.world, [self.try_to_run] * runs, seed))

    @rule(seed=st.integers(0, 10**6), at=st.integers(5, 40))
    def overlapping_runs_are_killed(self, seed: int, at: int) -> None:
        calls = 0
        s3 = self.world.s3

        class Doomed:
            def __getattr__(self, name: str) -> Any:
                nonlocal calls
                calls += 1
                if calls > at // 4:
                    raise Killed
                return getattr(s3, name)

        ends = overlap(self.world, [self.try_to_run, partial(self.try_to_run, s3=Doomed())], seed)
        assert_ended_well(ends[0])
        assert ends[1] is None or isinstance(ends[1], Killed)

    @rule(number=st.integers(1, 4), twins=st.integers(1, 2))
    def rows_arrive_during_a_run(self, number: int, twins: int) -> None:
        def arrive(page: int) -> None:
            if page <= 3:
                for _ in range(number):
                    self.add(timedelta(), twins)

        self.world.zoom.on_page = arrive
        self.try_to_run()
        self.world.zoom.on_page = None

    # Faults

    @rule(name=st.sampled_from(sorted(ZOOM_TROUBLE)), at=st.integers(1, 8), times=st.sampled_from([1, 1, 2, 30]))
    def zoom_refuses(self, name: str, at: int, times: int) -> None:
        for call in range(at, at + times):
            self.world.zoom.faults.at(call, ZOOM_TROUBLE[name])
        self.try_to_run()
        self.zoom_is_well()

    def zoom_is_well(self) -> None:
        self.world.zoom.faults.clear()
        self.world.zoom.faults.rule = self.stale_answer

    @rule()
    def zoom_revokes_the_access_token(self) -> None:
        self.world.zoom.revoke_access_tokens()

    @rule(
        name=st.sampled_from(sorted(S3_TROUBLE)),
        at=st.integers(1, 12),
        times=st.sampled_from([1, 1, 3, 1000]),
        after=st.booleans(),
    )
    def s3_fails(self, name: str, at: int, times: int, after: bool) -> None:
        # An answer of 409 means that nothing was written.
        with trouble(self.world, S3_TROUBLE[name], at, times, after=after and name != "409"):
            self.try_to_run()

    @rule(how=st.sampled_from(["deleted", "marked", "garbage", "cut", "old"]))
    def the_checkpoint_is_lost(self, how: str) -> None:
        s3, key = self.world.s3, self.world.state_key
        stored = [version.body for version in s3.ever_written(key) if version.body]
        if how == "deleted" or not stored:
            s3.delete_versions(key)
        elif how == "marked":
            s3.delete(key)
        else:
            s3.put(key, {"garbage": b"\x00spoilt", "cut": stored[-1][:-5], "old": stored[0]}[how])

    @rule()
    def another_accounts_checkpoint(self) -> None:
        """Somebody copies it; the run that reads it changes nothing, and it is deleted as the message says."""
        s3, key, day = self.world.s3, self.world.state_key, self.world.clock.now().date()
        stream = Stream.of("another-account", self.world.report.name, self.world.prefix)
        foreign = encode(Checkpoint(day, day, stream=stream, owed={}))
        s3.put(key, foreign)
        versions = len(s3.ever_written())
        with pytest.raises(OtherAccountError):
            self.world.run()
        assert (s3.body(key), len(s3.ever_written())) == (foreign, versions)
        s3.delete_versions(key)

    @rule(
        page_size=st.sampled_from([20, 33, 60]),
        lookback_days=st.integers(2, 4),
        reconcile_hours=st.sampled_from([1, 12]),
    )
    def settings_change(self, page_size: int, lookback_days: int, reconcile_hours: int) -> None:
        self.world.page_size = page_size
        self.world.settings |= {"lookback_days": lookback_days, "reconcile_hours": reconcile_hours}

    @rule()
    def feed_deletes_is_switched(self) -> None:
        """Between two runs; the promise does not cover a feed that deletes without FEED_DELETES."""
        self.world.settings["feed_deletes"] = not self.world.settings["feed_deletes"]

    @precondition(lambda self: self.world.settings["feed_deletes"])
    @rule(call=st.integers(1, 30), another=st.booleans())
    def a_run_freezes(self, call: int, another: bool) -> None:
        """It wakes after its lease has ended; meanwhile another may have run, and the feed has deleted."""

        def meanwhile() -> None:
            if another:
                self.try_to_run()
            self.feed_reads_and_deletes()

        freeze_at(self.world, call, meanwhile)

    def feed_reads_and_deletes(self) -> None:
        for key in self.world.s3.keys(self.world.prefix):
            self.world.s3.delete(key)

    @precondition(lambda self: self.world.settings["feed_deletes"])
    @rule()
    def the_feed_deletes(self) -> None:
        self.feed_reads_and_deletes()

    @precondition(lambda self: self.world.settings["feed_deletes"])
    @rule(seed=st.integers(0, 10**6))
    def the_feed_deletes_during_runs(self, seed: int) -> None:
        with at_each_call(self.world, self.feed_reads_and_deletes):
            self.try_to_run()

    # Time

    @rule(hours=st.integers(1, 14))
    def hours_pass(self, hours: int) -> None:
        self.world.clock.advance(hours * 3600)

    @precondition(lambda self: self.world.clock.now() - START < timedelta(days=100))  # Zoom forgets after 180
    @rule(days=st.integers(1, 9))
    def days_pass(self, days: int) -> None:
        self.world.clock.advance(days * 86400)

    # Invariants

    @invariant()
    def nothing_is_there_too_often(self) -> None:
        if hasattr(self, "world"):
            self.world.assert_none_repeated()  # fails also on an empty object

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.zoom_is_well()
            self.world.clock.advance(86400)  # longer than any lease, and than Zoom's daily limit
            self.world.settle()
            self.world.clock.advance(2 * 86400)  # late rows have arrived by now
            self.world.settle()
            self.world.poll(3, every=timedelta(hours=1))  # empty and incomplete dates are swept again
            self.world.assert_exact()
            yesterday = self.world.clock.now().date() - timedelta(days=1)
            assert not [day for day in self.world.checkpoint().owed if day <= yesterday]  # Zoom may refuse today


def test_identical_rows_on_two_pages_of_a_date_that_its_neighbour_explains() -> None:
    """Found by a random history: the date lacked records until its neighbour was swept, and lost its page size."""
    history = History()
    history.begin(
        feed_deletes=False,
        page_size=20,
        page_token="offset",
        records=28,
        start_days_ago=None,
        pages_vary=False,
        disorder=True,
        stale=None,
        zooms_days=(-8, "refuse"),
    )
    history.a_slow_run(latency=5, minutes=0)
    for _ in range(3):
        history.a_twin_is_late(hours=0)
    history.days_pass(days=2)
    history.the_checkpoint_is_lost(how="deleted")
    history.teardown()


class SignIns(History):
    """The same for the other report."""

    report, who = ACTIVITIES, "email"


@pytest.mark.slow
@pytest.mark.parametrize("history", [History, SignIns])
def test_histories_at_random(history: type[History]) -> None:
    print(f"FAULTS_SEED={SEED} repeats these histories ({history.__name__})")
    run_state_machine_as_test(
        hypothesis_seed(SEED)(history),
        settings=settings(
            derandomize=False,
            print_blob=True,
            database=None,
            deadline=None,
            verbosity=Verbosity.normal,
            max_examples=5 if IN_CI else 20,
            stateful_step_count=200 if IN_CI else 40,
            suppress_health_check=list(HealthCheck),
        ),
    )
