"""A run that is killed before or after any of its network calls, without cleanup, loses and repeats nothing."""

from collections.abc import Callable

import pytest

from .meddling import killed
from .world import POLL, Killed, World, days_ago


def first_run() -> World:
    world = World(page_size=20)
    for ago in range(-2, 5):
        world.zoom.add_day(days_ago(ago), 60, seed=ago + 9, twins=0.05)
    return world


def tail_run() -> World:
    world = first_run()
    world.poll(6)
    world.zoom.add_day(world.clock.now().date(), 90, seed=77)
    return world


def large_day_run() -> World:
    """A date that no run can finish: pages take ten seconds, and the next run resumes by the page token."""
    world = World(page_size=20, timeout_seconds=120)
    for ago in range(-2, 5):
        world.zoom.add_day(days_ago(ago), 400, seed=ago + 9)
    world.network.latency = 10
    world.poll(2)
    return world


def calls_of_a_run(situation: Callable[[], World]) -> int:
    world = situation()
    with killed(world, at=0) as counter:
        world.run()
    return counter.calls


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("situation", [first_run, tail_run, large_day_run])
def test_killed_at_every_call(situation: Callable[[], World], after: bool) -> None:
    calls = calls_of_a_run(situation)
    assert calls > 3
    for at in range(1, calls + 1):
        world = situation()
        with killed(world, at, after=after), pytest.raises(Killed):
            world.run()
        world.clock.advance(POLL.total_seconds())
        world.network.latency = 0
        world.settle()
        world.assert_exact()
