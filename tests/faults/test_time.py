"""Late rows, outages, a start in the past, a day too large for one run, a clock that is wrong."""

from datetime import UTC, datetime, timedelta

import pytest
from standins.clock import Clock
from standins.zoom import faults
from zoom_operationlogs.event import Request

from .world import POLL, START, Promise, World, days_ago, hold

MIDNIGHT = datetime(2026, 3, 11, tzinfo=UTC)


def world_of_a_week(records: int = 40, **options: object) -> World:
    world = World(page_size=30, **options)  # type: ignore[arg-type]
    for ago in range(-6, 5):
        world.zoom.add_day(days_ago(ago), records, seed=ago + 20)
    return world


@pytest.mark.slow
@pytest.mark.parametrize("late", [timedelta(minutes=20), timedelta(hours=26), timedelta(hours=60)], ids=str)
@pytest.mark.parametrize(
    "happened", [START + timedelta(hours=2), MIDNIGHT - timedelta(minutes=5)], ids=["noon", "night"]
)
def test_late_rows(happened: datetime, late: timedelta) -> None:
    world = world_of_a_week()
    record = {"time": f"{happened:%Y-%m-%dT%H:%M:%SZ}", "operator": "late@example.com"}
    world.zoom.add(record, visible_at=happened + late)
    while world.clock.now() < happened + late:
        world.poll()
    if late > timedelta(hours=1):  # a row that is less late may be on the tail's page
        assert record not in world.archive()
    world.settle()
    assert world.archive().count(record) == 1
    world.assert_exact()


@pytest.mark.parametrize("days", [3, 45, 170])
def test_outages(days: int) -> None:
    world = world_of_a_week()
    for ahead in range(2, days + 1, 1 if days < 50 else 7):
        world.zoom.add_day(days_ago(-ahead), 25, seed=ahead + 1000)
    world.poll(4)
    world.clock.advance(days * 86400)
    world.poll(12)
    assert world.results[-1]["owed"] == 0
    world.settle()
    world.assert_exact()


def test_a_first_run_with_a_start_date_six_months_back() -> None:
    start = days_ago(0).replace(year=2025, month=9)
    world = World(page_size=100, settings={"start_date": start})
    for ago in range(0, 183, 6):
        world.zoom.add_day(days_ago(ago), 20, seed=ago)
    world.poll(6)
    assert world.results[-1]["owed"] == 0
    world.assert_exact()


def test_a_date_that_zoom_no_longer_has_is_recorded_and_holds_up_no_other() -> None:
    world = world_of_a_week()
    world.poll(2)
    world.clock.advance(220 * 86400)
    world.zoom.add_day(world.clock.now().date(), 30, seed=1)
    world.poll(3)
    world.poll(2, every=timedelta(hours=1))  # empty dates are swept twice
    assert world.results[-1]["owed"] == 0
    assert world.checkpoint().expired
    assert {record["time"][:10] for record in world.archive()} >= {world.clock.now().date().isoformat()}


@pytest.mark.parametrize("pause", [15, 40])
def test_a_day_too_large_for_one_run(pause: int) -> None:
    """Resumed by its page token if the next run starts within 14 minutes, otherwise started again."""
    world = World(page_size=20)
    world.zoom.add_day(days_ago(1), 900, seed=1)
    world.network.latency = 10
    world.poll()
    assert not world.results[0]["ended"]
    read = world.report_calls()
    world.poll(every=timedelta(minutes=pause))
    resumed = bool(world.zoom.calls_to("report")[read].query.get("next_page_token"))
    assert resumed == (pause == 15)
    world.poll(8)
    assert world.results[-1]["ended"]
    world.settle()
    world.assert_exact()


def test_a_run_ends_before_lambda_ends_it() -> None:
    world = World(page_size=20, timeout_seconds=60)
    world.zoom.add_day(days_ago(0), 900, seed=1)
    world.network.latency = 7
    for _ in range(4):
        began = world.clock.now()
        world.run()
        assert world.clock.now() - began < timedelta(seconds=60)
        world.clock.advance(300)


@pytest.mark.parametrize("skew", [timedelta(hours=-1), timedelta(hours=1)], ids=["slow", "fast"])
@pytest.mark.parametrize("at", [START, MIDNIGHT - timedelta(minutes=30)], ids=["morning", "midnight"])
def test_the_clock_one_hour_wrong(at: datetime, skew: timedelta) -> None:
    world = world_of_a_week()
    world.clock.set(at)
    for _ in range(8):
        world.run(skew=skew)
        world.clock.advance(POLL.total_seconds())
    world.settle()
    world.assert_exact()


def test_an_idle_poll_is_one_read_and_one_page() -> None:
    world = world_of_a_week(records=0)
    world.zoom.add_day(days_ago(0), 20, seed=3)
    world.clock.set(MIDNIGHT - timedelta(hours=3))
    world.poll(2)
    before, calls = world.s3.calls.total(), world.report_calls()
    world.poll()
    assert world.s3.calls.total() - before == 1
    assert world.report_calls() - calls == 1


@pytest.mark.slow
def test_the_steady_state_of_a_day_costs_what_the_readme_says() -> None:
    world = World(page_size=300)
    for ago in range(-3, 6):
        world.zoom.add_day(days_ago(ago), 3000, seed=ago + 30)
    world.clock.set(MIDNIGHT)
    world.poll(96)
    calls = world.report_calls()
    world.poll(96)
    assert world.report_calls() - calls <= 160
    world.assert_exact()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("every", "timeout_seconds", "records", "seconds_a_page"),
    [
        (timedelta(minutes=30), 300, 6000, 2),
        (timedelta(hours=1), 300, 6000, 2),
        (timedelta(hours=1), 300, 6000, 4),
        (POLL, 60, 1000, 2),
    ],
    ids=["half-hourly", "hourly", "a date takes most of a run", "a minute"],
)
def test_a_window_too_long_for_one_run_holds_nothing_up(
    every: timedelta, timeout_seconds: int, records: int, seconds_a_page: float
) -> None:
    """No run reads all of it, and the page token is too old for the next."""
    world = World(page_size=100, timeout_seconds=timeout_seconds)
    for ago in range(-1, 4):
        world.zoom.add_day(days_ago(ago), records, seed=ago + 9)
    world.network.latency = seconds_a_page
    world.poll(12, every)
    assert not world.results[0]["ended"]
    assert [result["ended"] for result in world.results[-3:]] == [True] * 3
    assert world.results[-1]["owed"] == 0
    world.network.latency = 0
    world.poll()
    world.assert_exact()


@pytest.mark.slow
@pytest.mark.parametrize("tomorrow", ["accept", "refuse"])
@pytest.mark.parametrize("offset", [-8, -3, 9])
def test_zooms_days_need_not_be_those_of_utc(offset: int, tomorrow: str) -> None:
    world = World(page_size=30, clock=Clock(MIDNIGHT + timedelta(hours=1)))
    world.zoom.rules.tomorrow = tomorrow  # type: ignore[assignment]
    world.zoom.rules.utc_offset = timedelta(hours=offset)
    for ago in range(-2, 5):
        world.zoom.add_day(days_ago(ago), 60, seed=ago + 9)
    world.poll(30)
    assert all(result["ended"] for result in world.results)
    world.settle()
    world.assert_exact()


@pytest.mark.slow
def test_what_a_catch_up_of_several_runs_reads_is_not_late() -> None:
    world = World(page_size=100)
    for ago in range(4):
        world.zoom.add_day(days_ago(ago), 6000, seed=ago + 9)
    world.network.latency = 2
    late = []
    for _ in range(6):
        run = world.make_run()
        run.execute(Request.from_event({}, world.clock.now().date()))
        late.append(run.report.late)
        world.clock.advance(1800)
    assert late == [0] * 6


@pytest.mark.slow
@pytest.mark.parametrize(("every", "timeout_seconds", "rows"), [(60, 300, 9000), (30, 300, 9000), (15, 60, 1500)])
def test_a_burst_that_takes_most_of_a_run_is_soon_read(every: int, timeout_seconds: int, rows: int) -> None:
    """It arrives just before the window is owed again, whose dates take as long."""
    world = World(page_size=100, timeout_seconds=timeout_seconds, clock=Clock(START.replace(hour=0, minute=5)))
    for ago in range(-1, 5):
        world.zoom.add_day(days_ago(ago), 100, seed=ago + 9)
    world.poll(12 * 60 // every, timedelta(minutes=every))
    world.network.latency = 2.2
    world.clock.set(START.replace(hour=12, minute=4, second=30))
    for row in range(rows):
        moment = world.clock.now() - timedelta(seconds=row % 800)
        world.zoom.add({"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "operator": f"{row}@example.com"})
    world.poll(6, timedelta(minutes=every))
    assert world.results[-1]["owed"] == 0
    world.network.latency = 0
    world.poll()
    world.assert_exact()


def test_a_tail_resumed_past_midnight_where_zooms_days_are_behind() -> None:
    world = World(page_size=30, clock=Clock(START.replace(hour=20, minute=5)))
    world.zoom.rules.utc_offset = timedelta(hours=-8)
    world.zoom.rules.tomorrow = "refuse"
    for ago in range(-2, 5):
        world.zoom.add_day(days_ago(ago), 100, seed=ago + 9)
    world.poll(2)
    world.clock.set(START.replace(hour=23, minute=52))
    for row in range(2000):
        moment = world.clock.now() - timedelta(seconds=row % 600)
        world.zoom.add({"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "operator": f"{row}@example.com"})
    world.network.latency = 5
    assert not world.run()["ended"]
    world.network.latency = 0
    world.clock.set(MIDNIGHT + timedelta(minutes=5))
    assert world.run()["ended"]
    world.settle()
    world.assert_exact()


def one_odd_answer_where_zooms_days_are_ahead() -> None:
    """A refusal that is unrelated to tomorrow, when Zoom's today is tomorrow in UTC."""
    world = World(page_size=30, settings={"lookback_days": 1}, clock=Clock(START.replace(hour=15, minute=5)))
    world.zoom.rules.utc_offset = timedelta(hours=9)
    for ago in range(-2, 3):
        world.zoom.add_day(days_ago(ago), 96, seed=ago + 50)
    world.poll(3)
    world.zoom.faults.at(1, faults.answer(400, {"code": 300, "message": "Request failed, please retry."}))
    world.poll(13)
    an_hour_ago = f"{world.clock.now() - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    late = [row for row in world.zoom.records(days_ago(1)) if row not in world.archive() and row["time"] < an_hour_ago]
    hold(Promise.MISSING, not late, f"{len(late)} records are an hour late")


def test_one_odd_answer_does_not_keep_zooms_today_away() -> None:
    one_odd_answer_where_zooms_days_are_ahead()


def a_longer_lookback() -> None:
    """LOOKBACK_DAYS is raised, and then a row appears on a date that this adds to the window."""
    world = world_of_a_week(settings={"lookback_days": 2})
    world.clock.set(START - timedelta(days=4))
    world.poll(8)
    while world.clock.now() < START:
        world.poll(every=timedelta(hours=6))
    world.settings["lookback_days"] = 4
    late = {"time": f"{days_ago(3)}T22:00:00Z", "operator": "late@example.com"}
    world.zoom.add(late, visible_at=START + timedelta(hours=27))
    for _ in range(28):
        world.poll(every=timedelta(hours=6))
    hold(Promise.MISSING, late in world.archive(), "a late row is missing")
    assert world.results[-1]["owed"] == 0
    world.assert_exact()


def test_a_longer_lookback_looks_for_late_rows_of_the_dates_that_it_adds() -> None:
    a_longer_lookback()
