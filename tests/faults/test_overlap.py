"""Two and three concurrent runs on the same state lose and repeat nothing, whichever wins each race."""

from datetime import date

import pytest

from .meddling import assert_ended_well, killed, overlap
from .world import Killed, World, days_ago


def busy_world(**settings: object) -> World:
    world = World(page_size=15, settings=settings)
    for ago in range(-2, 5):
        world.zoom.add_day(days_ago(ago), 40, seed=ago + 9, twins=0.05)
    return world


@pytest.mark.slow
@pytest.mark.parametrize("feed_deletes", [False, True])
@pytest.mark.parametrize("runs", [2, 3])
@pytest.mark.parametrize("seed", range(12))
def test_started_together(seed: int, runs: int, feed_deletes: bool) -> None:
    world = busy_world(feed_deletes=feed_deletes)
    if seed % 2:
        world.poll(3)
    world.zoom.add_day(world.clock.now().date(), 50, seed=seed + 100)
    assert_ended_well(*overlap(world, [world.run] * runs, seed))
    world.settle()
    world.assert_exact()


@pytest.mark.parametrize("calls_ahead", range(1, 12))
def test_staggered(calls_ahead: int) -> None:
    """The second starts after the first has made so many calls, and the first continues after the second has ended."""
    world = busy_world()
    second_ran = False

    def start_the_second(*_call: object) -> None:
        nonlocal second_ran
        if world.s3.calls.total() + world.report_calls() >= calls_ahead and not second_ran:
            second_ran = True
            world.zoom.add_day(world.clock.now().date(), 20, seed=5)
            world.run()

    world.s3.before = start_the_second
    world.run()
    world.s3.before = None
    assert second_ran
    world.settle()
    world.assert_exact()


@pytest.mark.parametrize("seed", range(8))
def test_one_of_two_is_killed(seed: int) -> None:
    world = busy_world()

    def doomed() -> None:
        calls = 0

        class Doomed:
            def __getattr__(self, name: str) -> object:
                nonlocal calls
                calls += 1
                if calls > seed + 3:
                    raise Killed
                return getattr(world.s3, name)

        world.run(s3=Doomed())

    ends = overlap(world, [world.run, doomed], seed)
    assert_ended_well(ends[0])
    assert isinstance(ends[1], Killed)
    world.settle()
    world.assert_exact()


def test_a_race_for_the_checkpoint_forgets_no_request() -> None:
    """A backfill that is requested while another run saves stays owed."""
    world = busy_world()
    world.poll(2)
    asked = {"action": "backfill", "from": "2026-02-20", "to": "2026-02-22"}
    for day in range(20, 23):
        world.zoom.add_day(days_ago(0).replace(month=2, day=day), 30, seed=day)
    assert_ended_well(*overlap(world, [lambda: world.run(asked), world.run, world.run], seed=4))
    world.settle()
    world.assert_delivered(date(2026, 2, 20), date(2026, 2, 22))


@pytest.mark.parametrize("action", ["backfill", "reconcile"])
def test_a_request_while_another_run_holds_the_lease_is_owed(action: str) -> None:
    world = busy_world(feed_deletes=True)
    world.poll(2)
    for day in range(20, 23):
        world.zoom.add_day(days_ago(0).replace(month=2, day=day), 30, seed=day)
    event = {"action": action, **({"from": "2026-02-20", "to": "2026-02-22"} if action == "backfill" else {})}
    world.zoom.add_day(world.clock.now().date(), 20, seed=5)
    reports, asks, answers = world.report_calls(), [event], []

    def ask(*_call: object) -> None:
        if world.report_calls() > reports and asks:
            answers.append(world.run(asks.pop()))

    world.s3.before = ask
    world.run()
    world.s3.before = None
    [answer] = answers
    assert answer["owed"] >= 3
    assert answer["pages"] == 0, "it left the work to the other"
    world.settle()
    if action == "backfill":
        world.assert_delivered(date(2026, 2, 20), date(2026, 2, 22))


def test_a_request_that_was_not_saved_is_not_acknowledged() -> None:
    world = busy_world()
    world.poll(2)
    asked = {"action": "backfill", "from": "2026-02-20", "to": "2026-02-22"}
    with killed(world, at=0) as counter:
        world.run(asked)
    for at in range(1, counter.calls + 1):
        again = busy_world()
        again.poll(2)
        with killed(again, at), pytest.raises(Killed):
            again.run(asked)
