"""The lease, with a feed that deletes: runs that Lambda freezes, impossible leases, different clocks."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from zoom_operationlogs.checkpoint import Lease
from zoom_operationlogs.checkpoint_format import encode
from zoom_operationlogs.errors import CollectorError, LeaseLostError
from zoom_operationlogs.metrics import RunOutcome, run_metrics

from .meddling import at_each_call
from .test_state import feed_reads_and_deletes, week_world
from .world import POLL, STATE_KEY, Promise, World, hold

FROZEN_FOR = timedelta(minutes=10)  # longer than the lease of a run of five minutes


def world_with_news(**settings: Any) -> World:
    """A world whose objects the feed has read and deleted, with new rows."""
    world = week_world(feed_deletes=True, **settings)
    world.poll()
    feed_reads_and_deletes(world)
    world.clock.advance(7200)
    add_news(world)
    return world


def add_news(world: World) -> None:
    for second in range(50):
        moment = world.clock.now() - timedelta(seconds=second)
        world.zoom.add({"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "operator": f"{second}@example.com"})


def freeze_at(world: World, call: int, meanwhile: Callable[[], None]) -> bool:
    """Freeze a run after its n-th call to Zoom or S3; return whether it made so many calls.

    A put that was frozen in transit still reaches S3, because the run has checked its lease before.
    """
    calls, frozen = 0, False

    def after(_operation: str = "", _key: str = "") -> None:
        nonlocal calls, frozen
        if frozen:
            return
        calls += 1
        if calls == call:
            frozen = True
            world.clock.advance(FROZEN_FOR.total_seconds())
            meanwhile()

    handle = world.zoom.handle

    def handled(*request: Any) -> Any:
        answer = handle(*request)
        after()
        return answer

    world.zoom.handle = handled  # type: ignore[method-assign,assignment]
    world.s3.after = after
    try:
        with suppress(CollectorError):
            world.run()
    finally:
        del world.zoom.handle
        world.s3.after = None
    return frozen


def another_run_and_the_feed(world: World) -> Callable[[], None]:
    def meanwhile() -> None:
        world.run()
        feed_reads_and_deletes(world)

    return meanwhile


def a_frozen_run() -> None:
    """It wakes after its lease has ended: another run has done the work, and the feed has deleted its objects."""
    for call in count(1):
        world = world_with_news()
        if not freeze_at(world, call, another_run_and_the_feed(world)):
            hold(Promise.COST, call > 5, "a run makes more calls")
            return
        world.assert_none_repeated()
        feed_reads_and_deletes(world)
        world.settle()
        world.assert_exact()


def test_a_frozen_run_publishes_nothing_after_its_lease() -> None:
    a_frozen_run()


def test_a_frozen_run_says_why_it_fails() -> None:
    world = world_with_news()
    world.zoom.on_page = lambda _page: world.clock.advance(FROZEN_FOR.total_seconds())
    with pytest.raises(LeaseLostError, match="outlived its lease: it publishes nothing more"):
        world.run()
    world.zoom.on_page = None
    world.settle()
    world.assert_exact()


def test_runs_frozen_one_after_the_other() -> None:
    world = world_with_news()
    for call in range(2, 9):
        freeze_at(world, call, lambda: feed_reads_and_deletes(world))
        world.clock.advance(3600)
        add_news(world)
    world.settle()
    world.assert_exact()


def plant_lease(world: World, until: datetime) -> None:
    world.s3.put(STATE_KEY, encode(replace(world.checkpoint(), lease=Lease("another", until))))


def a_lease_until(until: Callable[[datetime], datetime]) -> None:
    world = world_with_news()
    plant_lease(world, until(world.clock.now()))
    world.poll(4)
    world.assert_exact()


def a_lease_until_the_year_9999() -> None:
    a_lease_until(lambda _now: datetime(9999, 1, 1, tzinfo=UTC))


def test_a_lease_until_the_year_9999_is_ignored() -> None:
    a_lease_until_the_year_9999()


@pytest.mark.parametrize("hours", [0.4, 1, 24, 24 * 400])
def test_a_lease_longer_than_a_lambda_run_is_ignored(hours: float) -> None:
    a_lease_until(lambda now: now + timedelta(hours=hours))


def test_runs_that_leave_the_work_to_another_do_not_count_as_successes() -> None:
    """Several in a row; the longest valid lease delays the schedule by 18 minutes."""
    world = world_with_news()
    plant_lease(world, world.clock.now() + timedelta(minutes=17))
    outcomes = []
    for _ in range(6):
        world.run()
        outcomes.append(RunOutcome.without_error(world.reports[-1]))
        world.clock.advance(240)
    assert outcomes == [RunOutcome.LEFT_TO_OTHER] * 5 + [RunOutcome.SUCCEEDED]
    assert not run_metrics(RunOutcome.LEFT_TO_OTHER, world.reports[-2], None)
    assert [report.left_to_other for report in world.reports[-6:]] == [True] * 5 + [False]
    world.assert_exact()


@pytest.mark.slow
@pytest.mark.parametrize("timeout_seconds", [60, 300, 900])
@pytest.mark.parametrize("skew", [-120, -60, 60, 120])
def test_clocks_two_minutes_apart(skew: int, timeout_seconds: int) -> None:
    clocks_apart(timedelta(seconds=skew), timeout_seconds)


def clocks_apart(skew: timedelta, timeout_seconds: int) -> None:
    """A run works until shortly before its timeout; then a run with another clock starts, and the feed deletes."""
    for share in (0.1, 0.5, 0.8, 0.9, 0.99):
        world = world_with_news()
        world.timeout_seconds = timeout_seconds
        met = False

        def after(operation: str, _key: str, world: World = world, share: float = share) -> None:
            nonlocal met
            if operation == "list_object_versions" and not met:  # its put is next
                met = True
                world.clock.advance(share * timeout_seconds)
                world.run(skew=skew)
                feed_reads_and_deletes(world)

        world.s3.after = after
        with suppress(CollectorError):
            world.run()
        world.s3.after = None
        assert met
        world.assert_none_repeated()
        world.clock.advance(3600)
        world.settle()
        world.assert_exact()


# Settings that change during runs


def switched_while_a_run_goes_on() -> None:
    """FEED_DELETES changes during a run: it has no lease, or another run takes the lease over."""
    for first, before, after in ((False, False, True), (True, False, True), (True, True, False)):
        for call in range(1, 14):
            world = week_world(feed_deletes=first)
            world.poll(2)
            world.settings["feed_deletes"] = before
            world.clock.advance(7200)
            add_news(world)
            calls = 0

            def another(world: World = world, call: int = call, after: bool = after) -> None:
                nonlocal calls
                calls += 1
                if calls == call:
                    world.settings["feed_deletes"] = after
                    world.run()

            with at_each_call(world, another):
                world.run()
            world.settle()
            world.assert_exact()


@pytest.mark.slow
def test_switching_feed_deletes_fails_no_run() -> None:
    switched_while_a_run_goes_on()


def test_switched_on_and_off_from_run_to_run() -> None:
    world = week_world()
    for number in range(12):
        world.settings["feed_deletes"] = bool(number // 2 % 2)
        world.poll()
        if world.settings["feed_deletes"]:
            feed_reads_and_deletes(world)
    world.settle()
    world.assert_exact()


def an_ended_sweep_is_not_brought_back() -> None:
    """Two runs resume the same sweep; the one that saves last has finished it, so the next run must not resume it."""
    world = World(page_size=20, timeout_seconds=120, settings={"lookback_days": 1, "start_date": None})
    world.zoom.add_day(world.clock.now().date() - timedelta(days=1), 300, seed=1)
    world.poll()
    world.network.latency = 10
    world.clock.advance(POLL.total_seconds())
    world.run({"action": "backfill", "from": "2026-03-09", "to": "2026-03-09"})
    assert world.checkpoint().sweeps.keys() == {"2026-03-09"}
    world.network.latency = 0
    world.clock.advance(60)
    token = world.checkpoint().sweeps["2026-03-09"].token
    interrupted = False

    def another(operation: str, key: str) -> None:
        nonlocal interrupted
        if (operation, key) == ("put_object", STATE_KEY) and not interrupted:
            interrupted = True
            stored = world.checkpoint()  # as saved by another run that has read no page of the sweep yet
            header = json.loads(world.s3.body(STATE_KEY).partition(b"\n")[0])
            assert header["sweeps"]
            world.s3.put(STATE_KEY, encode(replace(stored, reconciled=world.clock.now())))

    world.s3.before = another
    world.run()
    world.s3.before = None
    assert interrupted
    calls = world.report_calls()
    world.run()
    resumed = [call for call in world.zoom.calls_to("report")[calls:] if call.query.get("next_page_token") == token]
    hold(Promise.COST, not resumed, f"{len(resumed)} calls for a sweep that has ended")
    hold(Promise.COST, not world.checkpoint().sweeps, "a sweep that has ended is in the checkpoint")
    world.settle()
    world.assert_exact()


def test_an_ended_sweep_is_not_brought_back() -> None:
    an_ended_sweep_is_not_brought_back()
