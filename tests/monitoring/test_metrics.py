"""The alarms and the dashboard watch metrics that exist: those that the collector really sends, and AWS's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from standins.zoom import faults
from zoom_operationlogs import handler
from zoom_operationlogs.dates import is_late
from zoom_operationlogs.metrics import UNITS

from .cloudwatch import MetricName, Watched
from .conftest import Planned
from .recorder import FUNCTION, POLL, QUEUE, START, Collected, collected, take_lease_elsewhere

DAY = timedelta(days=1)

# AWS's pages "Types of metrics for Lambda functions" and "Available CloudWatch metrics for Amazon SQS".
OF_AWS = {
    MetricName.of("AWS/Lambda", name, {"FunctionName": FUNCTION})
    for name in ("Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions", "AsyncEventsDropped")
} | {
    MetricName.of("AWS/SQS", name, {"QueueName": QUEUE})
    for name in ("ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage", "NumberOfMessagesSent")
}


def service(name: str) -> MetricName:
    return MetricName.of("ZoomOperationLogs", name, {"service": FUNCTION})


def last(world: Collected) -> dict[str, float]:
    """Give what the newest run sent."""
    newest = max(samples[-1][0] for metric, samples in world.recording.samples.items() if metric.namespace[:3] != "AWS")
    return {
        metric.name: samples[-1][1]
        for metric, samples in world.recording.samples.items()
        if metric.namespace[:3] != "AWS" and samples[-1][0] == newest
    }


@pytest.fixture(scope="module")
def sent() -> set[MetricName]:
    """Every metric that the collector sends, when it waits, works, fails, and finds late rows."""
    with collected() as world:
        for day in range(-4, 2):
            world.zoom.add_day((START + day * DAY).date(), 20, seed=day + 60)
        world.secrets.text = None
        world.every(POLL, POLL)
        world.store_credentials()
        world.every(POLL, POLL)
        world.zoom.add({"time": f"{START - timedelta(hours=5):%Y-%m-%dT%H:%M:%SZ}", "action": "Late"})
        world.run({"action": "reconcile"})
        world.zoom.faults.rule = lambda _request: faults.server_error(503)
        world.every(POLL, POLL)
        world.zoom.faults.rule = lambda _request: faults.per_second_limit
        world.every(POLL, POLL)
        return {metric for metric in world.recording.samples if not metric.namespace.startswith("AWS/")}


def unknown(planned: Planned, sent: set[MetricName]) -> set[MetricName]:
    """Give what is watched or shown although nobody sends it."""
    watched = {one.metric for alarm in planned.alarms.values() for one in alarm.watched.values()}
    return (watched | planned.shown()) - sent - OF_AWS


def test_the_collector_sends_each_metric_of_its_table_and_no_other(sent: set[MetricName]) -> None:
    assert sent == {service(name) for name in UNITS}


@pytest.mark.slow
def test_each_alarm_and_widget_names_a_metric_that_exists(planned: Planned, sent: set[MetricName]) -> None:
    assert len(planned.alarms) == 10
    assert len(planned.shown()) > 15
    assert unknown(planned, sent) == set()


@pytest.mark.slow
def test_every_metric_is_shown_or_watched(planned: Planned) -> None:
    watched = {one.metric for alarm in planned.alarms.values() for one in alarm.watched.values()}
    assert {service(name) for name in UNITS} <= watched | planned.shown()


@pytest.mark.slow
@pytest.mark.parametrize(
    "wrong",
    [
        lambda metric: replace(metric, name=metric.name[:-1]),
        lambda metric: replace(metric, namespace=metric.namespace.lower()),
        lambda metric: replace(metric, dimensions=frozenset({("Service", FUNCTION)})),
        lambda metric: replace(metric, dimensions=frozenset({("service", "another")})),
        lambda metric: replace(metric, dimensions=frozenset()),
    ],
    ids=["name", "namespace", "dimension", "dimension's value", "no dimension"],
)
def test_a_misspelt_metric_is_found(
    wrong: Callable[[MetricName], MetricName], planned: Planned, sent: set[MetricName]
) -> None:
    for concern, alarm in planned.alarms.items():
        misspelt = {
            name: Watched(wrong(one.metric), one.statistic, one.period_seconds) for name, one in alarm.watched.items()
        }
        changed = replace(planned, alarms=planned.alarms | {concern: replace(alarm, watched=misspelt)})
        assert unknown(changed, sent) == {one.metric for one in misspelt.values()}, concern
    for widget in planned.dashboard["widgets"]:
        for line in widget["properties"].get("metrics", []):
            line[1], right = line[1] + "s", line[1]
            assert unknown(planned, sent) != set(), right
            line[1] = right


@pytest.mark.slow
def test_the_dashboard_shows_every_alarm_and_its_thresholds(planned: Planned) -> None:
    widgets = planned.dashboard["widgets"]
    [alarms] = [widget["properties"]["alarms"] for widget in widgets if widget["type"] == "alarm"]
    names = {arn.rpartition(":")[2] for arn in alarms}
    assert names == {alarm.name for concern, alarm in planned.alarms.items() if concern != "first_run"} | {
        planned.composite[0]
    }
    marks = {
        mark["value"]
        for widget in widgets
        for mark in widget["properties"].get("annotations", {}).get("horizontal", [])
    }
    assert planned.alarms["duration"].threshold in marks
    assert [widget["type"] for widget in widgets].count("text") == 1
    places = [(widget["x"], widget["y"]) for widget in widgets]
    assert len(set(places)) == len(places)


# What the values are


def test_a_run_that_fails_tells_what_it_did() -> None:
    with collected() as world:
        world.zoom.add_day(START.date(), 700, seed=1)
        world.zoom.faults.at(3, faults.answer(403, {"code": 200, "message": "No permission."}))
        world.clock.advance(12 * 3600)
        assert world.run() is None
        values = last(world)
        assert values["RunsFailed"] == 1
        assert "RunsSucceeded" not in values
        assert values["PagesRead"] == 2
        assert values["ZoomCalls"] == 3
        assert values["SweepsUnfinished"] == 1
        assert values["RecordsPublished"] >= 600
        assert values["DatesOwed"] == 4


def test_a_run_that_waits_for_credentials_says_only_that() -> None:
    with collected() as world:
        world.secrets.text = None
        assert world.run() == {"ok": False, "written": 0, "date": "2026-03-10", "waiting_for": "credentials"}
        assert last(world) == {"WaitingForCredentials": 1}


def test_a_run_without_settings_has_failed() -> None:
    with collected() as world:
        world.setenv(PAGE_SIZE="many")
        assert world.run() is None
        assert last(world) == {"RunsFailed": 1}


def test_a_fault_of_the_collectors_own_has_failed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with collected() as world:
        monkeypatch.setattr(handler.Run, "execute", lambda *_: 1 / 0)
        assert world.run() is None
        assert isinstance(world.failure, ZeroDivisionError)
        assert last(world)["RunsFailed"] == 1


def test_late_rows_are_counted_once_and_by_how_much() -> None:
    with collected() as world:
        world.zoom.add_day(START.date(), 200, seed=3)
        world.every(POLL, timedelta(hours=2))
        assert sum(value for _, value in world.recording.samples[service("LateRecords")]) == 0
        for minutes in (50, 200):
            happened = world.clock.now() - timedelta(minutes=minutes)
            world.zoom.add({"time": f"{happened:%Y-%m-%dT%H:%M:%SZ}", "action": "Late", "operator": str(minutes)})
        world.run({"action": "reconcile"})
        values = last(world)
        assert values["LateRecords"] == 2
        assert values["LateSeconds"] == pytest.approx(200 * 60, abs=60)
        world.run({"action": "reconcile"})
        assert last(world)["LateRecords"] == 0
        assert "LateSeconds" not in last(world)


def test_what_is_read_for_the_first_time_is_not_late() -> None:
    with collected() as world:
        for day in range(-40, 1):
            world.zoom.add_day((START + day * DAY).date(), 30, seed=day + 90)
        world.every(POLL, timedelta(hours=1))
        first, last_day = ((START - days * DAY).date().isoformat() for days in (39, 5))
        result = world.run({"action": "backfill", "from": first, "to": last_day})
        assert result
        assert result["written"] > 900
        assert sum(value for _, value in world.recording.samples[service("LateRecords")]) == 0


def test_the_daily_limit_is_told_of_until_it_is_over() -> None:
    with collected() as world:
        world.zoom.add_day(START.date(), 100, seed=5)
        world.every(POLL, timedelta(hours=1))
        world.zoom.spend_calls(30_000)
        world.every(POLL, timedelta(hours=16))
        told = world.recording.samples[service("DailyLimitReached")]
        midnight = (START + DAY).replace(hour=0)
        assert {value for moment, value in told if START + timedelta(hours=1) <= moment < midnight} == {1}
        assert {value for moment, value in told if moment >= midnight} == {0}
        assert sum(value for _, value in world.recording.samples[service("RateLimited")]) == 1


def test_the_limit_of_a_second_is_not_the_daily_one() -> None:
    with collected() as world:
        world.zoom.add_day(START.date(), 100, seed=5)
        world.zoom.faults.next(faults.per_second_limit, times=3)
        world.run()
        assert last(world)["RateLimited"] == 3
        assert last(world)["DailyLimitReached"] == 0


def test_a_pause_that_ends_today_is_not_the_daily_limit() -> None:
    with collected() as world:
        world.zoom.add_day(START.date(), 100, seed=5)
        busy = faults.answer(429, {"code": 429, "message": "Too many requests."}, {"Retry-After": "3600"})
        world.zoom.faults.next(busy, times=3)
        world.run()
        world.run()  # within the hour
        assert last(world)["PagesRead"] == 0
        assert last(world)["DailyLimitReached"] == 0


def ended_as(world: Collected) -> set[str]:
    """Give which of the metrics that say how a run ended the newest run sent."""
    return last(world).keys() & {"RunsSucceeded", "RunsHeldUp", "RunsFailed", "WaitingForCredentials"}


def test_a_run_that_zoom_refuses_throughout_has_not_succeeded() -> None:
    with collected() as world:
        world.zoom.add_day(START.date(), 100, seed=5)
        world.zoom.faults.rule = lambda _request: faults.per_second_limit
        world.run()
        assert ended_as(world) == {"RunsHeldUp"}
        world.zoom.faults.clear()
        world.clock.advance(15 * 60)
        world.run()
        assert ended_as(world) == {"RunsSucceeded"}


def test_a_run_that_sets_rows_aside_has_failed_and_counts_them() -> None:
    with collected() as world:
        world.zoom.add_day(START.date(), 100, seed=5)
        world.run()
        assert last(world)["RowsUnreadable"] == 0
        world.clock.advance(15 * 60)
        world.zoom.faults.next(faults.answer(200, {"next_page_token": "", "operation_logs": [None, 7]}))
        world.run()
        assert ended_as(world) == {"RunsFailed"}
        assert last(world)["RowsUnreadable"] == 2


def test_a_run_without_time_for_a_page_has_not_succeeded() -> None:
    with collected() as world:
        world.s3.before = lambda *_call: world.clock.advance(150)
        world.run()
        assert last(world)["PagesRead"] == 0
        assert ended_as(world) == {"RunsHeldUp"}


def test_a_run_that_got_some_pages_has_succeeded_though_zoom_refused_the_next() -> None:
    with collected() as world:
        world.zoom.add_day(START.date(), 700, seed=1)
        world.zoom.faults.rule = lambda request: faults.per_second_limit if "next_page_token" in request.query else None
        world.clock.advance(12 * 3600)
        world.run()
        assert last(world)["PagesRead"] == 1
        assert ended_as(world) == {"RunsSucceeded"}


def test_a_run_that_waits_for_tomorrow_has_succeeded() -> None:
    """The daily limit has an alarm of its own, and is no silence."""
    with collected() as world:
        world.zoom.spend_calls(30_000)
        for _ in range(2):
            world.run()
            assert last(world)["DailyLimitReached"] == 1
            assert ended_as(world) == {"RunsSucceeded"}


def test_a_run_that_leaves_the_work_to_another_is_neither_success_nor_failure() -> None:
    """A lease that never ends must not look like success."""
    with collected() as world:
        world.setenv(FEED_DELETES="true")
        world.run()
        take_lease_elsewhere(world)
        world.clock.advance(60)
        world.run()
        assert last(world)["PagesRead"] == 0
        assert ended_as(world) == set()


def test_an_old_date_that_lacks_records_in_every_sweep_is_counted_once() -> None:
    with collected() as world:
        day = START.date() - 20 * DAY
        world.zoom.add_day(START.date(), 10, seed=1)
        world.zoom.add_day(day, 10, seed=2)
        event = {"action": "backfill", "from": f"{day}", "to": f"{day}"}
        world.run(event)
        empty = faults.answer(200, {"operation_logs": [], "next_page_token": ""})
        world.zoom.faults.rule = lambda request: empty if request.query.get("from") == f"{day}" else None
        world.run(event)
        world.every(timedelta(hours=1), timedelta(hours=4))
        assert [value for _, value in world.recording.samples[service("DatesIncomplete")] if value] == [1]


def test_freshness_and_what_is_left_of_zooms_calls() -> None:
    with collected() as world:
        world.zoom.add({"time": f"{START - timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}", "action": "Add"})
        world.run()
        values = last(world)
        assert values["NewestRecordSeconds"] == pytest.approx(7200, abs=10)
        assert values["DailyCallsRemaining"] == 30_000 - values["ZoomCalls"]


SEEN = datetime.fromisoformat("2026-03-10T09:00:00+00:00")


@pytest.mark.parametrize(
    ("time", "seen", "late"),
    [
        ("2026-03-10T08:59:59+00:00", SEEN, True),
        ("2026-03-10T09:00:00+00:00", SEEN, False),
        ("2026-03-10T09:00:01+00:00", SEEN, False),
        ("2026-03-07T00:00:00+00:00", SEEN, True),
        ("2026-03-06T23:59:59+00:00", SEEN, False),
        ("2026-03-10T08:00:00+00:00", None, False),
        (None, SEEN, False),
    ],
)
def test_late_is_what_an_ended_sweep_had_passed(time: str | None, seen: datetime | None, late: bool) -> None:
    assert is_late(datetime.fromisoformat(time) if time else None, seen, 3) is late
