"""The cost of reading: mild disorder costs as much as order, and a first run reads its window once."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from standins.clock import Clock

from .world import START, Promise, World, days_ago, hold

MIDNIGHT = START.replace(hour=0)
DAY = timedelta(days=1)


def world_of_ordered_days(
    records: int, page_size: int, *, disorder: float = 0.0, days: int = 5, burst: int = 1
) -> World:
    """Return a world of so many rows a day, in bursts of so many rows, each 10 s after the previous one.

    The share `disorder` of the rows is up to a minute from its place in the report.
    """
    dice = random.Random(records)
    world = World(page_size=page_size, clock=Clock(MIDNIGHT))
    for ago in range(3, 3 - days, -1):
        for number in range(records):
            moment = datetime.combine(days_ago(ago), MIDNIGHT.timetz()) + DAY * (number // burst) * burst / records
            moment += timedelta(seconds=10 * (number % burst))
            place = moment
            if dice.random() < disorder:
                place += timedelta(seconds=dice.uniform(-60, 60))
            record = {"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "operator": f"{number}@example.com"}
            world.zoom.add(record, at=place, visible_at=max(moment, place))
    return world


def calls_of_a_day(records: int, page_size: int, disorder: float, burst: int = 1) -> int:
    world = world_of_ordered_days(records, page_size, disorder=disorder, burst=burst)
    world.poll(8)  # of the first run, and what it owes
    world.clock.set(MIDNIGHT + timedelta(hours=3))
    calls = world.report_calls()
    world.poll(96)
    calls = world.report_calls() - calls
    world.settle()
    world.assert_exact()
    return calls


@pytest.mark.slow
def test_mild_disorder_costs_what_order_costs() -> None:
    """A day of 3,000 rows, one in 200 up to a minute out of place."""
    ordered, disordered = (calls_of_a_day(3000, 300, disorder) for disorder in (0, 1 / 200))
    assert disordered <= 1.1 * ordered, f"{disordered} calls instead of {ordered}"


def a_row_half_a_minute_off() -> None:
    """One row in 30 is up to a minute out of place, on pages of ten: the tail does not read the whole window for it."""
    ordered, disordered = (calls_of_a_day(150, 10, disorder, burst=10) for disorder in (0, 1 / 30))
    hold(Promise.COST, disordered <= 1.1 * ordered, f"{disordered} calls for a day that takes {ordered} in order")


@pytest.mark.slow
def test_mild_disorder_on_short_pages_costs_what_order_costs() -> None:
    a_row_half_a_minute_off()


def an_old_row_among_the_new_ones() -> None:
    """Page one is out of order, and ends with a row that is older than the frontier: new rows are below it.

    The archive has the old rows, so only the tail looks for the new ones.
    """
    world = World(page_size=5, settings={"lookback_days": 1, "reconcile_hours": 24})
    world.zoom.add_day(days_ago(0), 40, seed=1)
    began = world.clock.now()
    now = began + timedelta(minutes=75)

    def add(moment: datetime, place: datetime, visible_at: datetime) -> None:
        record = {"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "operator": f"{moment:%H:%M}@example.com"}
        world.zoom.add(record, at=place, visible_at=visible_at)

    add(began, began, began)
    for minute, old in ((1, 96), (4, 95)):
        add(now - timedelta(minutes=old), now - timedelta(minutes=minute), began)
    world.poll(2)
    world.clock.set(now)
    for minute in (0, 2, 3, 5, 6, 7, 8):
        add(now - timedelta(minutes=minute), now - timedelta(minutes=minute), now)
    world.run()
    world.assert_exact()


def test_the_tail_reads_further_back_by_as_much_as_rows_are_out_of_order() -> None:
    an_old_row_among_the_new_ones()


def first_runs(latency: float, timeout_seconds: float = 300, records: int = 500) -> None:
    """Run the schedule until nothing is owed: at most ten calls more than the window's pages.

    No rows arrive meanwhile: each would push another over a page boundary, which then looks like two.
    """
    page_size = 20
    world = world_of_ordered_days(records, page_size, days=3)
    world.clock.set(MIDNIGHT + timedelta(hours=2))
    world.timeout_seconds, world.network.latency = timeout_seconds, latency
    pages = -(-world.zoom.count(days_ago(3)) // page_size)
    while not world.results or world.results[-1]["owed"] or not world.results[-1]["ended"]:
        world.poll()
        assert len(world.results) < 20
    calls = world.report_calls()
    hold(Promise.COST, calls <= 1.1 * pages + 10, f"{calls} calls for a window of {pages} pages")
    world.assert_exact()
    if latency:
        assert len(world.results) > 1


def a_first_run() -> None:
    first_runs(latency=0)


@pytest.mark.parametrize(("latency", "timeout_seconds"), [(0, 300), (10, 300), (20, 300), (20, 900)])
def test_first_runs_read_their_window_once(latency: float, timeout_seconds: float) -> None:
    first_runs(latency, timeout_seconds)


@pytest.mark.slow
@pytest.mark.exhaustive
def test_first_runs_over_a_day_of_120_000_rows() -> None:
    world = World(page_size=300, settings={"lookback_days": 1})
    dice = random.Random(1)
    for number in range(120_000):
        moment = MIDNIGHT - DAY * (1 - number / 120_000)
        world.zoom.add({"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "operator": f"{dice.random()}@example.com"})
    world.network.latency = 1.2
    while not world.results or world.results[-1]["owed"] or not world.results[-1]["ended"]:
        world.poll()
        assert len(world.results) < 20
    assert len(world.results) > 1
    assert world.report_calls() <= 1.1 * 400 + 10
    world.assert_exact()


def a_row_without_a_time_in_the_first_run() -> None:
    """Only the sweep of its date shows where it belongs: the tail has not swept that date."""
    world = World(page_size=20, settings={"lookback_days": 1, "reconcile_hours": 24})
    world.zoom.add_day(days_ago(1), 30, seed=1)
    world.zoom.add({"operator": "timeless@example.com"}, at=START - DAY)
    world.poll(2)
    world.assert_exact()


def test_a_tail_with_a_row_without_a_time_settles_no_date() -> None:
    a_row_without_a_time_in_the_first_run()


def twins_apart_in_the_first_run() -> None:
    """Rows are out of order, and two are between the twins: a page boundary of the tail separates them."""
    world = World(page_size=20, settings={"lookback_days": 1, "reconcile_hours": 24})
    noon = START.replace(hour=12) - DAY
    for number in range(40):
        place = noon - timedelta(seconds=10 * number)
        moment = noon if number in (15, 18) else place
        record = {"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "operator": "twin" if moment == noon else str(number)}
        world.zoom.add(record, at=place, visible_at=START)
    for number in range(3):
        moment = START - timedelta(seconds=number)
        world.zoom.add({"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "operator": f"today {number}"})
    world.poll(2)
    world.assert_exact()


def test_a_tail_out_of_order_settles_no_date() -> None:
    twins_apart_in_the_first_run()


def twins_at_a_boundary_in_the_first_run() -> None:
    """In order: the tail does not settle the dates, which are owed a sweep with another page size."""
    for above in range(20):
        world = World(page_size=20, settings={"lookback_days": 2, "reconcile_hours": 24})
        for day in (days_ago(1), days_ago(2)):
            for number in range(30):
                moment = datetime.combine(day, START.timetz()) - timedelta(seconds=number - number // 10)
                name = f"{number}" if number % 10 else f"{number - 1}"
                world.zoom.add({"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "operator": name})
        for number in range(above):
            moment = START - timedelta(seconds=number)
            world.zoom.add({"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "operator": f"today {number}"})
        world.poll()
        world.assert_exact()
        assert world.results[-1]["owed"] == 0


def test_a_tail_with_twins_at_a_boundary_does_not_settle_their_date() -> None:
    twins_at_a_boundary_in_the_first_run()
