"""The alarms and the dashboard use existing metrics: those that the collector really sends, and AWS's own."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from standins.zoom import faults
from zoom_operationlogs import handler
from zoom_operationlogs.dates import is_late
from zoom_operationlogs.metrics import METRICS

from .cloudwatch import MetricName, Watched
from .conftest import Planned
from .recorder import FUNCTION, POLL, QUEUE, START, STATE_KEY, Collected, collected, take_lease_elsewhere

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
    """Return the metrics of the newest run."""
    return {metric.name: value for metric, value in world.sent}


MOST_METRICS, MOST_ALARMS = 6, 10  # issue 18: CloudWatch's always-free tier has 10 of each, for the whole account


@pytest.fixture(scope="module")
def sent() -> set[MetricName]:
    """Every metric that the collector sends: in runs that wait, work, fail, are delayed, leave, or have an incident."""
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
        world.zoom.faults.clear()
        world.s3.delete(STATE_KEY)
        world.every(POLL, POLL)
        world.setenv(FEED_DELETES="true")
        take_lease_elsewhere(world)
        world.every(POLL, POLL)
        world.run({"action": "probe"})
        return {metric for metric in world.recording.samples if not metric.namespace.startswith("AWS/")}


def unknown(planned: Planned, sent: set[MetricName]) -> set[MetricName]:
    """Return the metrics that are watched or shown but never sent."""
    watched = {one.metric for alarm in planned.alarms.values() for one in alarm.watched.values()}
    return (watched | planned.shown()) - sent - OF_AWS


def test_the_collector_sends_each_metric_of_its_table_and_no_other(sent: set[MetricName]) -> None:
    assert sent == {service(name) for name in METRICS}
    assert len(sent) <= MOST_METRICS


def test_no_other_code_sends_a_metric() -> None:
    """One call sends the values that `run_metrics` returns, so no other metric can exist."""
    code = {file.name: file.read_text("utf-8") for file in Path(handler.__file__).parent.glob("*.py")}
    calls = [name for name, text in code.items() for _ in re.findall(r"add_metric|single_metric|_aws|put_metric", text)]
    assert calls == ["handler.py"]
    assert code["handler.py"].count("_send(") == 2, "its definition, and one call"
    assert "_send(run_metrics(" in code["handler.py"]
    names = re.findall(r"values\[\"(\w+)\"\]", code["metrics.py"])
    assert sorted(names) == sorted(METRICS)


@pytest.mark.slow
def test_alarms_and_metrics_stay_in_the_free_tier(planned: Planned) -> None:
    watched = [one.metric for alarm in planned.alarms.values() for one in alarm.watched.values()]
    assert len(watched) == len(planned.alarms) == 8, "CloudWatch bills an alarm by its metrics"
    assert len(planned.alarms) + 1 <= MOST_ALARMS, "and the composite alarm"


@pytest.mark.slow
def test_each_alarm_and_widget_names_a_metric_that_exists(planned: Planned, sent: set[MetricName]) -> None:
    assert len(planned.shown()) > 5
    assert unknown(planned, sent) == set()


@pytest.mark.slow
def test_every_metric_is_watched(planned: Planned) -> None:
    """Values without an alarm are fields of the log."""
    watched = {one.metric for alarm in planned.alarms.values() for one in alarm.watched.values()}
    assert {service(name) for name in METRICS} <= watched


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


# The values


def test_a_failed_run_reports_what_it_did() -> None:
    with collected() as world:
        world.zoom.add_day(START.date(), 700, seed=1)
        world.zoom.faults.at(3, faults.answer(403, {"code": 200, "message": "No permission."}))
        world.clock.advance(12 * 3600)
        assert world.run() is None
        assert last(world) == {"DatesOwed": 4, "DailyLimitReached": 0}
        ended = world.ended
        assert (ended["outcome"], ended["ok"], ended["failure"]) == ("failed", False, str(world.failure))
        assert (ended["pages"], ended["zoom_calls"], ended["sweeps_unfinished"]) == (2, 3, 1)
        assert ended["written"] >= 600
        assert ended["owed"] == 4


def test_a_run_that_waits_for_credentials_sends_no_metric() -> None:
    with collected() as world:
        world.secrets.text = None
        assert world.run() == {"ok": False, "written": 0, "date": "2026-03-10", "waiting_for": "credentials"}
        assert last(world) == {}
        assert (world.ended["outcome"], world.ended["waiting_for"]) == ("waiting for credentials", "credentials")


def test_a_run_without_settings_has_failed() -> None:
    with collected() as world:
        world.setenv(PAGE_SIZE="many")
        assert world.run() is None
        assert last(world) == {}
        assert world.ended["outcome"] == "failed"
        assert world.ended["failure"].startswith("PAGE_SIZE is 'many'")


def test_an_error_in_the_collector_is_a_failure_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with collected() as world:
        monkeypatch.setattr(handler.Run, "execute", lambda *_: 1 / 0)
        assert world.run() is None
        assert isinstance(world.failure, ZeroDivisionError)
        assert (world.ended["outcome"], world.ended["failure"]) == ("failed", "ZeroDivisionError: division by zero")


def test_late_rows_are_counted_once_and_by_how_much() -> None:
    with collected() as world:
        world.zoom.add_day(START.date(), 200, seed=3)
        late = []
        world.every(POLL, timedelta(hours=2), lambda: (world.run(), late.append(world.ended["late"])))
        assert set(late) == {0}
        for minutes in (50, 200):
            happened = world.clock.now() - timedelta(minutes=minutes)
            world.zoom.add({"time": f"{happened:%Y-%m-%dT%H:%M:%SZ}", "action": "Late", "operator": str(minutes)})
        world.run({"action": "reconcile"})
        assert world.ended["late"] == 2
        assert world.ended["late_seconds"] == pytest.approx(200 * 60, abs=60)
        world.run({"action": "reconcile"})
        assert (world.ended["late"], world.ended["late_seconds"]) == (0, 0)


def test_records_read_for_the_first_time_are_not_late() -> None:
    with collected() as world:
        for day in range(-40, 1):
            world.zoom.add_day((START + day * DAY).date(), 30, seed=day + 90)
        world.run()
        assert world.ended["late"] == 0
        first, last_day = ((START - days * DAY).date().isoformat() for days in (39, 5))
        result = world.run({"action": "backfill", "from": first, "to": last_day})
        assert result
        assert result["written"] > 900
        assert world.ended["late"] == 0


def test_the_daily_limit_is_reported_until_it_ends() -> None:
    with collected() as world:
        world.zoom.add_day(START.date(), 100, seed=5)
        world.every(POLL, timedelta(hours=1))
        world.zoom.spend_calls(30_000)
        refused = []
        world.every(POLL, timedelta(hours=16), lambda: (world.run(), refused.append(world.ended["rate_limited"])))
        told = world.recording.samples[service("DailyLimitReached")]
        midnight = (START + DAY).replace(hour=0)
        assert {value for moment, value in told if START + timedelta(hours=1) <= moment < midnight} == {1}
        assert {value for moment, value in told if moment >= midnight} == {0}
        assert sum(refused) == 1


def test_a_run_without_an_answer_from_zoom_reports_no_daily_limit() -> None:
    """The alarm keeps its state, and has none before the first answer."""
    with collected() as world:
        world.zoom.faults.rule = lambda _request: faults.server_error(503)
        world.run()
        assert last(world) == {"DatesOwed": 4}
        world.zoom.faults.rule = lambda _request: faults.per_second_limit
        world.run()
        assert last(world) == {"DatesOwed": 4}


def test_the_per_second_limit_is_not_the_daily_limit() -> None:
    with collected() as world:
        world.zoom.add_day(START.date(), 100, seed=5)
        world.zoom.faults.next(faults.per_second_limit, times=3)
        world.run()
        assert world.ended["rate_limited"] == 3
        assert last(world)["DailyLimitReached"] == 0


def test_a_pause_that_ends_today_is_not_the_daily_limit() -> None:
    with collected() as world:
        world.zoom.add_day(START.date(), 100, seed=5)
        busy = faults.answer(429, {"code": 429, "message": "Too many requests."}, {"Retry-After": "3600"})
        world.zoom.faults.next(busy, times=3)
        world.run()
        world.run()  # within the hour
        assert world.ended["pages"] == 0
        assert world.ended["outcome"] == "held up"
        assert "DailyLimitReached" not in last(world)


def ended_as(world: Collected) -> tuple[str, bool]:
    """Return how the newest run ended, and whether it sent the metric of success."""
    return world.ended["outcome"], "RunsSucceeded" in last(world)


def test_a_run_that_zoom_refuses_throughout_has_not_succeeded() -> None:
    with collected() as world:
        world.zoom.add_day(START.date(), 100, seed=5)
        world.zoom.faults.rule = lambda _request: faults.per_second_limit
        world.run()
        assert ended_as(world) == ("held up", False)
        world.zoom.faults.clear()
        world.clock.advance(15 * 60)
        world.run()
        assert ended_as(world) == ("succeeded", True)


def test_a_run_without_time_for_a_page_has_not_succeeded() -> None:
    with collected() as world:
        world.s3.before = lambda *_call: world.clock.advance(150)
        world.run()
        assert world.ended["pages"] == 0
        assert ended_as(world) == ("held up", False)


def test_a_run_that_got_some_pages_has_succeeded_though_zoom_refused_the_next() -> None:
    with collected() as world:
        world.zoom.add_day(START.date(), 700, seed=1)
        world.zoom.faults.rule = lambda request: faults.per_second_limit if "next_page_token" in request.query else None
        world.clock.advance(12 * 3600)
        world.run()
        assert world.ended["pages"] == 1
        assert ended_as(world) == ("succeeded", True)


def test_a_run_that_waits_for_tomorrow_has_succeeded() -> None:
    """The daily limit has its own alarm, and does not count as silence."""
    with collected() as world:
        world.zoom.spend_calls(30_000)
        for _ in range(2):
            world.run()
            assert last(world)["DailyLimitReached"] == 1
            assert ended_as(world) == ("succeeded", True)


def test_a_run_that_leaves_the_work_to_another_is_neither_success_nor_failure() -> None:
    """A lease that never ends must not count as success."""
    with collected() as world:
        world.setenv(FEED_DELETES="true")
        world.run()
        take_lease_elsewhere(world)
        world.clock.advance(60)
        world.run()
        assert world.ended["pages"] == 0
        assert ended_as(world) == ("left to another", False)


def test_freshness_and_remaining_zoom_calls() -> None:
    with collected() as world:
        world.zoom.add({"time": f"{START - timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}", "action": "Add"})
        world.run()
        assert world.ended["newest_record_seconds"] == pytest.approx(7200, abs=10)
        assert world.ended["zoom_calls_left"] == 30_000 - world.ended["zoom_calls"]


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
def test_a_record_is_late_if_an_ended_sweep_had_passed_it(time: str | None, seen: datetime | None, late: bool) -> None:
    assert is_late(datetime.fromisoformat(time) if time else None, seen, 3) is late
