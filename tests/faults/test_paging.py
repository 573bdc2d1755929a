"""However Zoom cuts and orders its pages, and whatever happens between two of them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from standins.zoom_report import Fault

from .world import World, days_ago


def world_of_days(records: int = 100) -> World:
    world = World(page_size=30)
    for ago in range(-3, 5):
        world.zoom.add_day(days_ago(ago), records, seed=ago + 20, lag=timedelta())
    return world


def short_pages(world: World) -> None:
    world.zoom.short_pages = 2


def empty_pages(world: World) -> None:
    world.zoom.empty_pages = 2


def oldest_first(world: World) -> None:
    world.zoom.order = "oldest"


def shuffled(world: World) -> None:
    world.zoom.order = "shuffled"


def snapshots(world: World) -> None:
    world.zoom.tokens = "snapshot"


def no_tomorrow(world: World) -> None:
    world.zoom.takes_tomorrow = False


def ranges_refused(world: World) -> None:
    world.zoom.too_wide = "refuse"


def days_of_another_zone(world: World) -> None:
    world.zoom.utc_offset = timedelta(hours=-8)


def rows_arrive_while_paging(world: World) -> None:
    def arrive(query: dict[str, str]) -> None:
        if query.get("next_page_token"):
            now = world.clock.now()
            for number in range(len(world.zoom.calls) % 4):
                record = {"time": f"{now:%Y-%m-%dT%H:%M:%SZ}", "operator": f"{len(world.zoom.calls)}.{number}"}
                world.zoom.add(record)

    world.zoom.on_request = arrive


@pytest.mark.parametrize(
    "habit",
    [
        short_pages,
        empty_pages,
        oldest_first,
        shuffled,
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
    world.zoom.on_request = None
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
    world.zoom.faults.extend([None] * (page - 1) + [Fault("repeat")])
    world.run()
    assert len(world.zoom.calls) < 200
    world.settle()
    world.assert_exact()


def test_a_token_that_repeats_for_ever_does_not_hold_the_collector() -> None:
    world = world_of_days()
    world.zoom.on_request = lambda query: Fault("repeat") if query.get("next_page_token") else None
    world.poll(3)
    assert len(world.zoom.calls) < 100
    assert not world.results[-1]["ended"]
    world.zoom.on_request = None
    world.settle()
    world.assert_exact()


@pytest.mark.parametrize("page", range(2, 12))
def test_a_token_that_expires_between_two_pages(page: int) -> None:
    world = world_of_days()
    expired = Fault("answer", 400, {"code": 300, "message": "The next page token is invalid or expired."})
    world.zoom.faults.extend([None] * (page - 1) + [expired])
    world.run()
    world.settle()
    world.assert_exact()
