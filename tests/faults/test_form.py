"""Zoom changes the form of its records: one more field, a reworded detail, a time in another format."""

from __future__ import annotations

import gzip
import json
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from zoom_operationlogs.errors import ChangedFormError

from .world import POLL, PREFIX, START, STATE_KEY, World, days_ago

Record = dict[str, Any]
NEXT_DAY = 86_400


def collected(records: int = 40, **settings: Any) -> World:
    """The window is in the archive."""
    world = World(page_size=30, settings={"lookback_days": 1, **settings})
    for ago in range(3):
        world.zoom.add_day(days_ago(ago), records, seed=ago + 3)
    world.settle()
    world.assert_exact()
    return world


def added(world: World, number: int, ago: timedelta = timedelta(), **fields: Any) -> None:
    for at in range(number):
        moment = world.clock.now() - ago - timedelta(seconds=at)
        world.zoom.add({"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "operator": f"{ago}-{at}@example.com", **fields})


def lines(world: World) -> Counter[str]:
    return Counter(json.dumps(record, sort_keys=True) for record in world.archive())


def numbered(record: Record) -> Record:
    return {**record, "id": len(record.get("operation_detail", ""))}


def reworded(record: Record) -> Record:
    return {**record, "operation_detail": f"Changed: {record.get('operation_detail')}"}


def with_an_offset(record: Record) -> Record:
    return {**record, "time": record["time"].replace("Z", ".000+00:00")}


# One more field


def test_a_field_that_zoom_adds_sends_nothing_again() -> None:
    world = collected()
    before = lines(world)
    world.zoom.rewrite(numbered)
    added(world, 5)
    world.settle()
    new = lines(world) - before
    assert new.total() == 5
    assert all("id" in json.loads(line) for line in new)
    world.s3.delete_versions(STATE_KEY)
    world.settle()
    assert lines(world) == before + new


def test_two_rows_that_differ_in_another_field_are_two_records() -> None:
    world = collected()
    for number in range(2):
        added(world, 1, id=number)
    world.poll(3)
    world.assert_exact()
    added(world, 1, timedelta(seconds=900 * 3), id=7)
    world.settle()
    world.assert_exact()
    world.s3.delete_versions(STATE_KEY)
    world.settle()
    world.assert_exact()


def test_one_and_true_are_two_values() -> None:
    """They are equal in Python, but not in JSON."""
    world = collected()
    for value in (1, True):
        added(world, 1, id=value)
    world.poll()
    world.assert_exact()


def test_one_of_them_comes_later() -> None:
    world = collected()
    now = f"{world.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    for number in range(3):
        world.zoom.add({"time": now, "operator": "x@example.com", "id": number})
        world.poll()
        world.assert_exact()
    world.settle()
    world.assert_exact()


def test_an_archived_row_without_the_field_stands_for_one_of_two_that_have_it() -> None:
    world = collected()
    now = f"{world.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    world.zoom.add({"time": now, "operator": "x@example.com"})
    world.poll()
    before = lines(world)
    world.zoom.add({"time": now, "operator": "x@example.com"})
    world.zoom.rewrite(lambda record: {**record, "id": record["operator"]})
    world.poll(3)
    world.settle()
    assert (lines(world) - before).total() == 1


# Another form


def held(world: World, polls: int = 3) -> None:
    """Every run fails with this message, and publishes nothing again."""
    for _ in range(polls):
        world.clock.advance(POLL.total_seconds())
        with pytest.raises(ChangedFormError, match=r'in another form.*invoke the function with \{"action": "accept"'):
            world.run()


@pytest.mark.slow
@pytest.mark.parametrize("change", [reworded], ids=["reworded"])
def test_records_in_another_form_are_held_and_newer_ones_go_on(change: Callable[[Record], Record]) -> None:
    world = collected()
    before = lines(world)
    world.zoom.rewrite(change)
    added(world, 3)
    held(world)
    added(world, 2)
    held(world, 100)  # over midnight, including the reconcile
    assert (lines(world) - before).total() == 5
    assert not before - lines(world)


def in_milliseconds(record: Record) -> Record:
    return {**record, "time": record["time"].replace("Z", ".987Z")}


@pytest.mark.parametrize("change", [with_an_offset, in_milliseconds])
def test_a_time_in_another_form_is_the_same_record_or_held(change: Callable[[Record], Record]) -> None:
    world = collected()
    before = lines(world)
    world.zoom.rewrite(change)
    held(world)
    assert lines(world) == before


def accepted(world: World, first: date, last: date) -> None:
    world.clock.advance(3700)
    world.run({"action": "accept", "from": first.isoformat(), "to": last.isoformat()})


def test_an_accept_counts_as_many_rows_as_the_archive_holds_and_publishes_the_rest() -> None:
    world = collected()
    before = lines(world)
    world.zoom.rewrite(reworded)
    late = world.zoom.records(world.clock.now().date() - timedelta(days=1))[0]["time"]
    world.zoom.add({"time": late, "operator": "late@example.com", "operation_detail": "late"})
    held(world)
    assert lines(world) == before
    accepted(world, days_ago(0), world.clock.now().date())
    assert (lines(world) - before).total() == 1
    world.settle()
    world.settle()
    world.poll(2, every=timedelta(hours=1))  # the date that left the window is empty, so it is swept twice
    assert (lines(world) - before).total() == 1
    assert world.results[-1]["owed"] == 0


@pytest.mark.slow
def test_a_form_that_comes_back_is_no_change() -> None:
    world = collected()
    before = lines(world)
    world.zoom.rewrite(reworded)
    held(world)
    world.zoom.rewrite(lambda record: {**record, "operation_detail": record["operation_detail"][len("Changed: ") :]})
    world.clock.advance(3700)
    for _ in range(120):
        world.clock.advance(POLL.total_seconds())
        try:
            world.run()
        except ChangedFormError:
            continue
    world.settle()
    assert lines(world) == before


def test_five_records_a_day_are_judged_together() -> None:
    world = collected(records=0, lookback_days=5)
    for ago in range(7):
        for number in range(5):
            added(world, 1, timedelta(days=ago, hours=number), operation_detail=f"{number}")
    world.settle()
    before = lines(world)
    world.zoom.rewrite(reworded)
    held(world)
    assert lines(world) == before


# Not a change of form


def test_late_rows_in_one_minute_are_new() -> None:
    world = collected()
    added(world, 25, timedelta(hours=2))
    world.settle()
    world.assert_exact()


def test_a_morning_archived_and_an_afternoon_missed() -> None:
    world = World(page_size=30)
    for hour in range(9):
        added(world, 10, timedelta(hours=hour))
    world.poll()
    world.clock.advance(3 * NEXT_DAY)
    for hour in range(50):
        added(world, 10, timedelta(hours=hour + 0.01), operation_detail="afternoon")
    world.settle()
    world.assert_exact()


def test_one_category_reworded_is_sent_again_and_holds_up_nothing() -> None:
    world = collected()
    before = lines(world)
    world.zoom.rewrite(lambda record: reworded(record) if record["category_type"] == "User" else record)
    world.settle()
    again = lines(world) - before
    assert again
    assert all(json.loads(line)["category_type"] == "User" for line in again)


@pytest.mark.slow
@pytest.mark.parametrize("hours", [-11, 0, 13])
def test_a_backfill_in_any_zone_is_no_change(hours: int) -> None:
    world = World(page_size=30, settings={"start_date": days_ago(9), "lookback_days": 1})
    world.zoom.rules.utc_offset = timedelta(hours=hours)
    for ago in range(-1, 10):
        world.zoom.add_day(days_ago(ago), 60, seed=ago + 3)
    world.settle()
    world.assert_exact()
    world.s3.delete_versions(STATE_KEY)
    world.settle()
    world.assert_exact()


def test_what_the_guide_left_is_held_and_accepted_too() -> None:
    """Only its objects have these dates when Zoom changes the form of its records."""
    world = World(page_size=30, settings={"lookback_days": 1})
    for ago in range(3):
        world.zoom.add_day(days_ago(ago), 40, seed=ago + 3)
        records = world.zoom.records(days_ago(ago), days_ago(ago))
        body = gzip.compress(b"n".join(json.dumps(record).encode() for record in records))
        world.s3.put(f"{PREFIX}{days_ago(ago):%Y/%m/%d}/zoom-operationlogs-{uuid.UUID(int=ago + 1)}.json.gz", body)
    world.zoom.rewrite(reworded)
    held(world)
    first, last = days_ago(3), days_ago(0)
    accepted(world, first, last)
    assert world.results[-1]["written"] <= 2, "records that came after the guide's last run at most"
    world.poll(3)


# Found by adversarial tests


def midday(records: int = 10) -> World:
    """A date with an archived morning."""
    world = World(page_size=30, settings={"lookback_days": 1})
    world.poll(2)
    world.clock.set(START.replace(hour=12))
    for hour in range(1, 9):
        added(world, records, timedelta(hours=hour), operation_detail="d")
    world.poll(2)
    return world


def test_a_checkpoint_lost_while_a_date_is_held_sends_nothing_again() -> None:
    world = midday()
    before = lines(world)
    world.zoom.rewrite(reworded)
    held(world, 1)
    added(world, 5, operation_detail="new")
    held(world, 1)
    world.s3.delete_versions(STATE_KEY)
    held(world, 3)
    assert (lines(world) - before).total() == 5


def test_a_tail_of_several_runs_that_fills_a_gap_is_no_change() -> None:
    world = World(page_size=30, settings={"lookback_days": 1})
    for hour in range(9):
        added(world, 10, timedelta(hours=hour))
    world.poll()
    world.clock.advance(5 * 3600)
    for minute in range(290):
        added(world, 1, timedelta(minutes=minute + 1), operation_detail="afternoon")
    world.network.latency, world.timeout_seconds = 8, 60
    for _ in range(5):
        world.run()
        world.clock.advance(600)
    world.network.latency, world.timeout_seconds = 0, 300
    world.settle()
    world.assert_exact()


def test_a_second_change_is_held_too() -> None:
    world = midday()
    world.zoom.rewrite(reworded)
    held(world, 1)
    for _ in range(10):
        added(world, 10, operation_detail=f"{world.clock.now()}")
        held(world, 1)
    before = lines(world)
    world.zoom.rewrite(reworded)
    held(world, 3)
    assert lines(world) == before


def test_a_held_date_stays_held_over_midnight() -> None:
    world = midday(40)
    before = lines(world)
    world.zoom.rewrite(reworded)
    for _ in range(80):
        world.clock.advance(POLL.total_seconds())
        added(world, 5, timedelta(seconds=30), operation_detail=f"{world.clock.now()}")
        with pytest.raises(ChangedFormError):
            world.run()
    again = Counter(json.loads(line)["operation_detail"] for line in (lines(world) - before).elements())
    assert not again["Changed: d"]


def test_accepting_in_a_run_in_which_a_reconcile_is_due() -> None:
    world = midday()
    before = lines(world)
    world.zoom.rewrite(reworded)
    held(world, 1)
    day = world.clock.now().date()
    world.clock.set(START.replace(day=START.day + 1, hour=0, minute=1))
    world.run({"action": "accept", "from": f"{day}", "to": f"{day}"})
    world.settle()
    assert lines(world) == before
