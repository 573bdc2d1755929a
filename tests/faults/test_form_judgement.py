"""How the guard decides: by shares, over all rows of a run, and again after a date was shown completely."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from zoom_operationlogs.errors import ChangedFormError, CollectorError

from .test_form import Record, accepted, collected, held, lines, reworded
from .world import POLL, START, STATE_KEY, World, days_ago


def quiet(a_day: int, page_size: int, lookback_days: int, days: int = 0, hours: int = 0) -> World:
    """A few records a day, all in the archive."""
    world = World(page_size=page_size, settings={"lookback_days": lookback_days})
    if days:
        world.settings["start_date"] = days_ago(days)
    world.zoom.rules.utc_offset = timedelta(hours=hours)
    for ago in range(max(days, lookback_days) + 1):
        for number in range(a_day):
            moment = datetime.combine(days_ago(ago), datetime.min.time(), UTC) + timedelta(minutes=50 * number + 7)
            world.zoom.add({"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "operator": f"{ago}-{number}@example.com"})
    world.poll(4)
    world.settle()
    return world


def runs(world: World, number: int, event: Any = None) -> Counter[str]:
    """Return how the runs ended."""
    ends = Counter[str]()
    for _ in range(number):
        world.clock.advance(POLL.total_seconds())
        try:
            world.run(event)
            ends["green"] += 1
        except CollectorError as error:
            ends[type(error).__name__] += 1
    return ends


# A time that cannot be read


def in_milliseconds(record: Record) -> Record:
    if not isinstance(record["time"], str):
        return record
    return {**record, "time": int(datetime.fromisoformat(record["time"]).timestamp() * 1000)}


def in_american(record: Record) -> Record:
    return {**record, "time": f"{datetime.fromisoformat(record['time']):%m/%d/%Y %H:%M:%S}"}


def without(record: Record) -> Record:
    return {name: value for name, value in record.items() if name != "time"}


@pytest.mark.parametrize("change", [in_milliseconds, in_american, without])
def test_rows_with_a_time_that_cannot_be_read_are_held(change: Any) -> None:
    world = collected()
    before = lines(world)
    world.zoom.rewrite(change)
    ends = runs(world, 60)
    assert lines(world) == before
    assert ends["ChangedFormError"] > 10


def test_they_are_accepted_if_all_but_the_time_is_the_same() -> None:
    world = collected()
    before = lines(world)
    world.zoom.rewrite(without)
    world.zoom.add({"operator": "late@example.com"}, at=START - timedelta(hours=15))
    runs(world, 60)
    accepted(world, min(world.checkpoint().delivered.changed), world.clock.now().date())
    assert list(lines(world) - before) == ['{"operator": "late@example.com"}']
    assert runs(world, 60)["green"] == 60
    assert (lines(world) - before).total() == 1


def test_rows_without_a_time_among_others_are_new() -> None:
    world = collected()
    for number in range(25):
        world.zoom.add({"operator": f"{number}@example.com"}, at=world.clock.now())
    world.settle()
    world.assert_exact()


# Quiet dates


@pytest.mark.slow
@pytest.mark.parametrize(
    ("a_day", "page_size", "lookback_days"), [(8, 10, 3), (12, 30, 7), (19, 100, 14), (19, 300, 28)]
)
def test_quiet_dates_that_one_page_does_not_hold(a_day: int, page_size: int, lookback_days: int) -> None:
    world = quiet(a_day, page_size, lookback_days)
    before = lines(world)
    world.zoom.rewrite(reworded)
    runs(world, 30)
    assert lines(world) == before
    assert runs(world, 1) == {"ChangedFormError": 1}


@pytest.mark.slow
@pytest.mark.parametrize("hours", [-8, 0, 9])
@pytest.mark.parametrize("a_day", [1, 10])
def test_old_quiet_dates_once_a_change_is_known(a_day: int, hours: int) -> None:
    world = quiet(a_day, 300, 3 if a_day > 1 else 25, 40, hours)
    before = lines(world)
    world.zoom.rewrite(reworded)
    runs(world, 3)
    changed = world.checkpoint().delivered.changed
    accepted(world, min(changed), max(changed))
    backfill = {"action": "backfill", "from": f"{days_ago(40)}", "to": f"{days_ago(30)}"}
    assert runs(world, 1, backfill) == {"ChangedFormError": 1}
    runs(world, 5)
    assert lines(world) == before
    world.s3.delete_versions(STATE_KEY)
    assert "green" not in runs(world, 5)
    assert lines(world) == before


def test_too_few_rows_are_no_change() -> None:
    """They cannot be distinguished from new records."""
    world = quiet(3, 300, 3)
    before = lines(world)
    world.zoom.rewrite(reworded)
    ends = runs(world, 30)
    assert (lines(world) - before).total() == 12
    assert ends == {"green": 30}


# Shares


@pytest.mark.parametrize("late", [1, 9])
def test_late_rows_that_an_accept_published_do_not_clear_a_date(late: int) -> None:
    world = collected()
    world.zoom.rewrite(reworded)
    day = world.clock.now().date() - timedelta(days=1)
    for number in range(late):
        moment = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=2 * number + 1, seconds=1)
        world.zoom.add({"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "operator": f"late{number}@example.com"})
    before = lines(world)
    held(world)
    accepted(world, day - timedelta(days=1), day + timedelta(days=1))
    assert (lines(world) - before).total() == late
    world.s3.delete_versions(STATE_KEY)
    held(world)
    assert (lines(world) - before).total() == late


@pytest.mark.slow
@pytest.mark.parametrize("above", range(58, 74, 3))
def test_late_rows_of_a_second_that_a_page_cuts_are_new(above: int) -> None:
    world = World(page_size=100, settings={"lookback_days": 1})
    busy = START - timedelta(minutes=40)
    moments = [
        *((f"archived{number}", busy) for number in range(40)),
        *((f"below{number}", busy - timedelta(minutes=number + 1)) for number in range(50)),
        *((f"above{number}", busy + timedelta(seconds=20 * (number + 1))) for number in range(10 + above)),
    ]
    for name, moment in moments:
        world.zoom.add({"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "operator": name})
    world.poll(2)
    for number in range(30):
        late = {"time": f"{busy:%Y-%m-%dT%H:%M:%SZ}", "operator": f"late{number}"}
        world.zoom.add(late, visible_at=world.clock.now())
    assert runs(world, 60) == {"green": 60}
    world.assert_exact()


# Accepting


def cut_second(above: int) -> tuple[World, str]:
    """One record of a second is archived, and another form of it is held; four late records have the same second."""
    world = World(page_size=20, timeout_seconds=900, settings={"lookback_days": 2})
    noon = datetime.combine(days_ago(1), datetime.min.time(), UTC) + timedelta(hours=12)
    moments = [
        *((f"above{number}", noon + timedelta(minutes=number + 1)) for number in range(above)),
        *((f"below{number}", noon - timedelta(minutes=number + 1)) for number in range(60)),
        ("A", noon),
    ]
    for name, moment in moments:
        world.zoom.add({"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "operator": name, "operation_detail": "d"})
    world.poll(2)
    world.zoom.rewrite(reworded)
    world.clock.advance(POLL.total_seconds())
    runs(world, 1, {"action": "reconcile"})
    at = f"{noon:%Y-%m-%dT%H:%M:%SZ}"
    for name in "CDEF":
        late = {"time": at, "operator": name, "operation_detail": "late"}
        world.zoom.add(late, visible_at=world.clock.now())
    return world, at


@pytest.mark.slow
@pytest.mark.parametrize("above", range(14, 20))
@pytest.mark.parametrize(("latency", "timeout_seconds"), [(70, 900), (10, 40)], ids=["saves", "runs"])
def test_accepting_a_second_in_two_saves_or_two_runs(above: int, latency: int, timeout_seconds: int) -> None:
    world, at = cut_second(above)
    world.clock.advance(3700)
    world.timeout_seconds = timeout_seconds
    world.zoom.on_page = lambda _page: world.clock.advance(latency)
    runs(world, 1, {"action": "accept", "from": f"{days_ago(1)}", "to": f"{days_ago(1)}"})
    runs(world, 12)
    world.zoom.on_page, world.timeout_seconds = None, 900
    assert runs(world, 12)["green"] == 12
    assert sum(record["time"] == at for record in world.archive()) == 5


def test_accepting_a_date_that_takes_several_runs() -> None:
    world = World(page_size=20, timeout_seconds=200, settings={"lookback_days": 1})
    for ago in range(3):
        world.zoom.add_day(days_ago(ago), 600 if ago == 1 else 40, seed=ago + 3)
    world.poll(2)
    world.zoom.rewrite(reworded)
    runs(world, 3)
    before = lines(world)
    world.network.latency = 10
    world.last_run = world.clock.now()
    event = {"action": "accept", "from": f"{days_ago(2)}", "to": f"{days_ago(0)}"}
    with pytest.raises(ChangedFormError):
        world.run(event)
    with pytest.raises(ChangedFormError):
        world.poll()
    world.poll(3)
    assert not world.checkpoint().delivered.changed
    again = Counter(record.get("operator") for record in world.archive())
    assert lines(world) - before
    assert not again - Counter(record.get("operator") for record in world.zoom.records())


@pytest.mark.slow
@pytest.mark.parametrize("hours", [-8, 0, 9])
def test_accepting_a_part_of_the_changed_dates(hours: int) -> None:
    world = World(page_size=300, settings={"lookback_days": 1, "start_date": days_ago(4)})
    world.zoom.rules.utc_offset = timedelta(hours=hours)
    for ago in range(6):
        for number in range(96):
            moment = datetime.combine(days_ago(ago), datetime.min.time(), UTC) + timedelta(minutes=15 * number)
            world.zoom.add({"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "operator": f"{ago}-{number}"})
    world.poll(4)
    world.zoom.rewrite(reworded)
    world.s3.delete_versions(STATE_KEY)
    runs(world, 4)
    for first in (1, 1, 6):
        world.clock.advance(3700)
        runs(world, 1, {"action": "accept", "from": f"{days_ago(first)}", "to": f"{days_ago(0)}"})
        runs(world, 12)
        archived = Counter(record["operator"] for record in world.archive())
        assert not archived - Counter(record["operator"] for record in world.zoom.records())
    assert runs(world, 1) == {"green": 1}
    assert not world.checkpoint().delivered.changed


def test_a_second_change_is_said_in_a_run_that_meets_another() -> None:
    world = collected()
    world.zoom.rewrite(reworded)
    held(world)
    accepted(world, days_ago(1), world.clock.now().date())
    assert runs(world, 3) == {"green": 3}
    world.zoom.rewrite(reworded)
    held(world)
    stored = world.s3.body(STATE_KEY)
    rewritten: list[str] = []

    def conflict(operation: str, key: str) -> None:
        if operation == "put_object" and key == STATE_KEY and not rewritten:
            rewritten.append(key)
            world.s3.put(STATE_KEY, stored)

    world.zoom.add({"time": f"{world.clock.now():%Y-%m-%dT%H:%M:%SZ}", "operator": "new@example.com"})
    world.s3.before = conflict
    held(world, 1)
    assert rewritten


def test_an_accept_takes_no_row_of_another_date_that_waits() -> None:
    """Ten rows of yesterday are reworded, and wait while an older date is accepted: then they are held."""
    world = quiet(25, 300, 3, 8)
    old, yesterday = f"{days_ago(7)}", world.clock.now().date() - timedelta(days=1)
    world.zoom.rewrite(lambda record: reworded(record) if record["time"][:10] == old else record)
    assert runs(world, 1, {"action": "backfill", "from": old, "to": old}) == {"ChangedFormError": 1}
    few = sorted(record["time"] for record in world.zoom.records(yesterday, yesterday))[8:18]
    world.zoom.rewrite(lambda record: reworded(record) if record["time"] in few else record)
    world.clock.advance(24 * 3600)  # the whole window is due
    before = lines(world)
    runs(world, 1, {"action": "accept", "from": old, "to": old})
    assert not world.checkpoint().delivered.changed, "it is accepted"
    runs(world, 8)
    assert world.checkpoint().delivered.changed.keys() == {yesterday}
    assert lines(world) == before
