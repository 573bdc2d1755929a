"""Two identical events in one second are two records, wherever Zoom splits its pages and whenever they appear."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta

import pytest

from .test_state import deleted
from .world import POLL, START, World, days_ago

PAGE_SIZE = 20
YESTERDAY_NOON = START.replace(day=9, hour=12)


def record(moment: datetime, name: str) -> dict[str, str]:
    return {"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "operator": f"{name}@example.com", "action": "Update"}


TWIN = record(YESTERDAY_NOON, "twin")


def quiet_world(**settings: object) -> World:
    return World(page_size=PAGE_SIZE, settings={"lookback_days": 1, **settings})


def add_around(world: World, above: int, below: int) -> None:
    """Add rows above and below the twins, in a report that shows the newest first."""
    for number in range(above):
        world.zoom.add(record(YESTERDAY_NOON + timedelta(seconds=number + 1), f"above{number}"))
    for number in range(below):
        world.zoom.add(record(YESTERDAY_NOON - timedelta(seconds=number + 1), f"below{number}"))


def add_twins(world: World, twins: int, *, visible_at: datetime | None = None) -> None:
    for _ in range(twins):
        world.zoom.add(TWIN, visible_at=visible_at)


def assert_never_too_many(world: World) -> None:
    world.assert_none_repeated()


def assert_twins(world: World, twins: int) -> None:
    world.assert_exact()
    assert world.archive().count(TWIN) == twins


@pytest.mark.slow
@pytest.mark.parametrize(
    "twins", [2, 3, *(pytest.param(count, marks=pytest.mark.slow) for count in (6, PAGE_SIZE // 2))]
)
def test_at_every_place_of_a_page(twins: int) -> None:
    """On one page, and split by its boundary at every position."""
    for above in range(2 * PAGE_SIZE + 1):
        world = quiet_world()
        add_around(world, above, 30)
        add_twins(world, twins)
        world.poll()
        assert_never_too_many(world)
        world.settle()
        assert_twins(world, twins)


def test_far_down_a_long_day() -> None:
    """Where the boundaries of two page sizes are close to each other again."""
    for above in range(PAGE_SIZE * (PAGE_SIZE - 1) - 4, PAGE_SIZE * (PAGE_SIZE - 1) + 3):
        world = quiet_world()
        add_around(world, above, 5)
        add_twins(world, 3)
        world.settle()
        assert_twins(world, 3)


def test_several_groups_split_at_once() -> None:
    world = quiet_world()
    for boundary in range(PAGE_SIZE, 6 * PAGE_SIZE, PAGE_SIZE):
        world.zoom.add(record(YESTERDAY_NOON - timedelta(seconds=boundary), "a twin"))
        world.zoom.add(record(YESTERDAY_NOON - timedelta(seconds=boundary), "a twin"))
        for number in range(1, PAGE_SIZE - 1):
            world.zoom.add(record(YESTERDAY_NOON - timedelta(seconds=boundary + number), "alone"))
    for number in range(PAGE_SIZE - 1):
        world.zoom.add(record(YESTERDAY_NOON + timedelta(seconds=number), "top"))
    world.settle()
    world.assert_exact()


@pytest.mark.parametrize("page_size", [PAGE_SIZE, 50])
@pytest.mark.parametrize("seed", range(3))
def test_more_groups_than_any_one_size_of_page_holds(seed: int, page_size: int) -> None:
    """Sweeps continue until each split group was on one page; and they end."""
    world, dice = quiet_world(), random.Random(seed)
    world.page_size = page_size
    for second in range(200):
        for _ in range(dice.choice([1, 2, 2, 3])):
            world.zoom.add(record(YESTERDAY_NOON + timedelta(seconds=second), "twin"))
    world.poll()
    world.assert_exact()
    assert world.report_calls() < 12 * 400 / page_size


@pytest.mark.parametrize("ties", ["newest", "oldest", "shuffled"])
def test_among_others_of_the_same_second(ties: str) -> None:
    """Several kinds of twins are mixed in a second that a page boundary splits."""
    for above in range(PAGE_SIZE - 8, PAGE_SIZE + 1):
        world = quiet_world()
        world.zoom.rules.ties = ties  # type: ignore[assignment]
        add_around(world, above, 5)
        for _ in range(3):
            for name in ("twin", "other", "third"):
                world.zoom.add(record(YESTERDAY_NOON, name))
        world.settle()
        assert_twins(world, 3)


@pytest.mark.parametrize("twins", [PAGE_SIZE + 1, 3 * PAGE_SIZE])
def test_more_than_a_page_of_twins_is_never_too_many(twins: int) -> None:
    """No page shows them all, so they cannot be counted (documented): as many as one page shows arrive."""
    for above in range(0, PAGE_SIZE, 5):
        world = quiet_world()
        add_around(world, above, 10)
        add_twins(world, twins)
        world.settle()
        assert_never_too_many(world)
        missing = world.difference()[0]
        assert set(missing) == {json.dumps(TWIN, sort_keys=True)}
        assert world.archive().count(TWIN) >= PAGE_SIZE // 2
        assert world.report_calls() < 150


@pytest.mark.parametrize("later", [POLL, timedelta(hours=13), timedelta(hours=23)], ids=str)
@pytest.mark.parametrize("above", [0, PAGE_SIZE - 2, PAGE_SIZE - 1, PAGE_SIZE])
def test_one_appears_later(above: int, later: timedelta) -> None:
    """In the next run, at the reconcile, on the next day."""
    world = quiet_world()
    add_around(world, above, 30)
    add_twins(world, 1)
    add_twins(world, 2, visible_at=START + later)
    world.poll(3)
    assert_never_too_many(world)
    world.clock.set(START + later)
    world.poll()
    assert_never_too_many(world)
    world.settle()
    assert_twins(world, 3)


@pytest.mark.slow
@pytest.mark.parametrize("arrivals", [1, 2, 5])
@pytest.mark.parametrize("page_token", ["offset", "snapshot"])
def test_rows_arrive_while_paging(page_token: str, arrivals: int) -> None:
    """New rows push one row over the boundary, so it shows twice: it is not a twin."""
    for above in range(PAGE_SIZE - 5, PAGE_SIZE + 2):
        world = quiet_world()
        world.zoom.rules.page_token = page_token  # type: ignore[assignment]
        add_around(world, above, 30)
        add_twins(world, 3)

        def arrive(page: int, world: World = world) -> None:
            if page < 5:
                for number in range(arrivals):
                    world.zoom.add(record(world.clock.now(), f"{world.report_calls()}.{number}"))

        world.zoom.on_page = arrive
        world.poll(2)
        world.zoom.on_page = None
        assert_never_too_many(world)
        world.settle()
        assert_twins(world, 3)


@pytest.mark.parametrize("above", range(PAGE_SIZE - 4, PAGE_SIZE + 1))
def test_twins_of_the_row_that_moves(above: int) -> None:
    """Another twin arrives while paging, and pushes earlier ones down."""
    world = quiet_world()
    add_around(world, above, 30)
    add_twins(world, 2)
    world.zoom.on_page = lambda page: add_twins(world, 1) if world.report_calls() < 4 else None
    world.poll()
    assert_never_too_many(world)
    world.settle()
    assert_twins(world, 5)


def test_a_run_killed_before_its_second_look_owes_it_still() -> None:
    world = quiet_world()
    add_around(world, PAGE_SIZE - 1, 100)
    add_twins(world, 2)
    world.timeout_seconds, world.network.latency = 120, 10
    world.poll(6)
    world.network.latency = 0
    world.settle()
    assert_twins(world, 2)


@pytest.mark.parametrize("most_rows", [3, 7, 11])
def test_twins_on_pages_that_hold_fewer_rows_than_asked_for(most_rows: int) -> None:
    """On a date that no later reconcile sweeps."""
    world = World(page_size=20, settings={"start_date": days_ago(20)})
    world.zoom.rules.most_rows = most_rows
    for second in range(40):
        for _ in range(2):
            world.zoom.add({"time": f"{days_ago(20)}T10:00:{second:02}Z", "operator": "twin"}, visible_at=START)
    world.poll(3)
    world.poll(2, every=timedelta(hours=1))  # empty dates are swept twice
    assert world.results[-1]["owed"] == 0
    world.assert_exact()


@pytest.mark.parametrize("values", [(1, True), (1, 1.0), (0, False), ([1], [True]), ({"a": 0}, {"a": False})])
@pytest.mark.parametrize("lost", [False, True])
def test_rows_that_differ_in_what_python_takes_for_equal_are_both_written(
    values: tuple[object, object], lost: bool
) -> None:
    world = quiet_world()
    rows = [{**TWIN, "new": value} for value in values]
    if lost:  # one of them is in the archive already
        world.zoom.add(rows[1])
        world.poll()
        deleted(world)
        world.zoom.add(rows[0], visible_at=world.clock.now())
    else:
        world.zoom.add(rows[0])
        world.zoom.add(rows[1])
    world.poll()
    written = sorted(json.dumps(row) for row in world.archive() if row["operator"] == TWIN["operator"])
    assert written == sorted(map(json.dumps, rows))
