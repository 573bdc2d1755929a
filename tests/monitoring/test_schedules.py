"""The alarms of other schedules than the default, over the collector's metrics."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache

import pytest
from standins.zoom import faults

from .cloudwatch import EVERY_WAY, Ways
from .conftest import Planned
from .recorder import START, Collected, collected, take_lease_elsewhere
from .schedules import DAY, HOUR, SCHEDULES, Schedule
from .test_alarms import Recorded, ask_for, busy_days, too_few_calls_from_now_on, watched, ways

pytestmark = pytest.mark.slow


LOOKS = timedelta(minutes=4)  # less than the shortest period
each_schedule = pytest.mark.parametrize("schedule", SCHEDULES)
each_way = pytest.mark.parametrize(
    "way", [EVERY_WAY[0], EVERY_WAY[1]], ids=ways
)  # the earliest and the latest evaluation


def ticks(world: Collected, schedule: Schedule, until: timedelta, tick: Callable[[], object] | None = None) -> None:
    """Run the schedule for this long: each run begins anywhere in the window, and ends early or late."""
    moments = random.Random(7)
    end = world.clock.now() + until
    due = world.last_run or START
    while due < end:
        begins = due + moments.random() * schedule.begins_within
        world.clock.set(max(begins, world.clock.now()))
        world.network.latency = moments.choice([0.3, 0.3, 15])
        (tick or world.run)()
        due += schedule.every
        world.last_run = due
    world.network.latency = 0.3


def length(schedule: Schedule) -> timedelta:
    return max(3 * DAY, 10 * schedule.every)


@cache
def good_days(name: str) -> Recorded:
    """Ordinary days, and in the middle requested dates that take more than one run."""
    schedule = SCHEDULES[name]
    with collected() as world:
        busy_days(world, -45, 14, count=6)
        ticks(world, schedule, length(schedule) / 3)
        world.network.latency = 10
        ask_for(world, 44, 4, left=10)
        ticks(world, schedule, length(schedule))
        return world.recording, world.clock.now()


@each_schedule
@each_way
def test_ordinary_days_raise_no_alarm(way: Ways, schedule: str, plans: dict[str, Planned]) -> None:
    planned = plans[schedule]
    told = watched(planned, good_days(schedule), way, LOOKS)
    first_run = START + SCHEDULES[schedule].begins_within + HOUR
    silence = planned.alarms["silence"].name
    assert {name: times for name, times in told.raised.items() if name != silence or max(times) > first_run} == {}


def gone(world: Collected) -> Callable[[], object]:
    return world.nothing


def failing(world: Collected) -> Callable[[], object]:
    world.zoom.faults.rule = lambda _request: faults.server_error(503)
    return world.run


def left_to_another(world: Collected) -> Callable[[], object]:
    world.setenv(FEED_DELETES="true")

    def run() -> None:
        take_lease_elsewhere(world)
        world.run()

    return run


FAILURES: Mapping[Callable[[Collected], Callable[[], object]], set[str]] = {
    gone: {"silence"},
    left_to_another: {"silence"},  # none of these runs owes a date
    failing: {"errors", "silence", "behind"},  # it lasts longer than a day, so dates are owed
    too_few_calls_from_now_on: {"behind"},
}


@cache
def bad_days(name: str, happens: Callable[[Collected], Callable[[], object]]) -> tuple[Recorded, timedelta]:
    schedule = SCHEDULES[name]
    with collected() as world:
        busy_days(world, -45, 14, count=6)
        ticks(world, schedule, length(schedule) / 3)
        went_wrong = world.clock.now() - START
        ticks(world, schedule, length(schedule), happens(world))
        return (world.recording, world.clock.now()), went_wrong


@each_schedule
@pytest.mark.parametrize("happens", FAILURES, ids=lambda happens: happens.__name__)
@each_way
def test_a_failure_raises_exactly_its_alarms(
    way: Ways,
    happens: Callable[[Collected], Callable[[], object]],
    schedule: str,
    plans: dict[str, Planned],
) -> None:
    planned = plans[schedule]
    recorded, went_wrong = bad_days(schedule, happens)
    told = watched(planned, recorded, way, LOOKS)
    raised = {
        planned.concern(name): min(moment for moment in moments if moment > START + went_wrong) - START - went_wrong
        for name, moments in told.raised.items()
        if any(moment > START + went_wrong for moment in moments)
    }
    assert raised.keys() == FAILURES[happens] | {"not_healthy"}
    if "silence" in raised:
        assert raised["silence"] <= SCHEDULES[schedule].patience
