"""All ways in which Zoom may split and order its pages, and events between two pages."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from standins.zoom import faults

from .world import World, days_ago


def world_of_days(records: int = 100) -> World:
    world = World(page_size=30)
    for ago in range(-3, 5):
        world.zoom.add_day(days_ago(ago), records, seed=ago + 20)
    return world


def short_pages(world: World) -> None:
    world.zoom.faults.rule = lambda _request: faults.short_page(13) if world.report_calls() % 2 else None


def empty_pages(world: World) -> None:
    world.zoom.faults.rule = lambda _request: faults.short_page(0) if world.report_calls() % 3 == 1 else None


def small_pages(world: World) -> None:
    world.zoom.rules.most_rows = 7


def oldest_first(world: World) -> None:
    world.zoom.rules.order = "oldest"


def shuffled(world: World) -> None:
    world.zoom.rules.order = "shuffled"


def snapshots(world: World) -> None:
    world.zoom.rules.page_token = "snapshot"


def no_tomorrow(world: World) -> None:
    world.zoom.rules.tomorrow = "refuse"


def ranges_refused(world: World) -> None:
    world.zoom.rules.wide_range = "refuse"
    world.settings["lookback_days"] = 28


def days_of_another_zone(world: World) -> None:
    world.zoom.rules.utc_offset = timedelta(hours=-8)


def rows_arrive_while_paging(world: World) -> None:
    def arrive(page: int) -> None:
        for number in range(page % 4):
            now = world.clock.now()
            world.zoom.add({"time": f"{now:%Y-%m-%dT%H:%M:%SZ}", "operator": f"{world.report_calls()}.{number}"})

    world.zoom.on_page = arrive


@pytest.mark.slow
@pytest.mark.parametrize(
    "habit",
    [
        short_pages,
        pytest.param(empty_pages, marks=pytest.mark.slow),
        small_pages,
        pytest.param(oldest_first, marks=pytest.mark.slow),
        pytest.param(shuffled, marks=pytest.mark.slow),
        snapshots,
        no_tomorrow,
        ranges_refused,
        days_of_another_zone,
        rows_arrive_while_paging,
    ],
)
def test_zooms_habits(habit: Callable[[World], None]) -> None:
    world = world_of_days()
    habit(world)
    world.poll(100)
    world.zoom.on_page = None
    world.settle()
    world.assert_exact()
    assert all(result["ok"] for result in world.results)


@pytest.mark.parametrize("habit", [oldest_first, shuffled])
def test_rows_out_of_order_are_not_missed_until_the_reconcile(habit: Callable[[World], None]) -> None:
    world = world_of_days()
    habit(world)
    world.poll(5)
    world.assert_exact()


@pytest.mark.parametrize("page", range(2, 12))
def test_a_page_that_repeats_its_token(page: int) -> None:
    world = world_of_days()
    world.zoom.faults.at(page, faults.repeated_page_token)
    world.run()
    assert world.report_calls() < 200
    world.settle()
    world.assert_exact()


def test_a_token_that_repeats_for_ever_does_not_hold_the_collector() -> None:
    world = world_of_days()
    world.zoom.faults.rule = lambda _request: faults.repeated_page_token
    world.poll(3)
    assert world.report_calls() < 100
    assert world.results[-1]["owed"]
    world.zoom.faults.rule = None
    world.settle()
    world.assert_exact()


@pytest.mark.parametrize("page", range(2, 12))
def test_a_token_that_expires_between_two_pages(page: int) -> None:
    world = world_of_days()
    world.zoom.faults.at(page, faults.expired_page_token)
    world.run()
    world.settle()
    world.assert_exact()
