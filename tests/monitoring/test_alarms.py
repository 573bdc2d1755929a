"""The planned alarms over the real collector's metrics: ordinary days raise none, each failure raises its own.

Every case is evaluated in each way that CloudWatch may use (`EVERY_WAY`). The longest delay of an alarm is read from
docs/operations.md, which promises it to the operator.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache

import pytest
from standins.zoom import faults
from zoom_operationlogs.incidents import Incident
from zoom_operationlogs.metrics import RunOutcome

from .cloudwatch import ALARM, EVERY_WAY, OK, MetricName, Recording, Told, Ways, watch
from .conftest import Planned
from .operations import promised
from .recorder import FUNCTION, POLL, START, STATE_KEY, Collected, collected, take_lease_elsewhere

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DATES_OWED, INCIDENTS = (
    MetricName.of("ZoomOperationLogs", name, {"service": FUNCTION}) for name in ("DatesOwed", "Incidents")
)

pytestmark = pytest.mark.slow


Recorded = tuple[Recording, datetime]


def ways(way: Ways) -> str:
    return f"{way.more_periods}-{'aligned' if way.aligned else 'sliding'}-{way.delay}"


def busy_days(world: Collected, first: int, last: int, count: int = 20) -> None:
    """Fill days with a tenth of an account's records, on pages of a tenth of the size: the same number of pages."""
    world.setenv(PAGE_SIZE="30")
    for day in range(first, last + 1):
        world.zoom.add_day((START + day * DAY).date(), count, seed=day + 400)


def watched(planned: Planned, recorded: Recorded, way: Ways, every: timedelta = timedelta(minutes=2)) -> Told:
    recording, last = recorded
    return watch(planned.alarms.values(), planned.composite, recording, START, last, way, every)


# Ordinary days: events without a notification


def nights_and_weekends(world: Collected) -> None:
    """Days with records, two without, and reconciles."""
    busy_days(world, -4, 1)
    busy_days(world, 4, 4)
    world.every(POLL, 5 * DAY)


def ask_for(world: Collected, first: int, last: int, left: int = 31) -> None:
    """Make the next run owe the dates of a range of days ago; at least `left` of them are left to later runs."""
    begin, end = ((START - days * DAY).date().isoformat() for days in (first, last))
    result = world.run({"action": "backfill", "from": begin, "to": end})
    assert result
    assert result["owed"] >= left


def a_backfill(world: Collected) -> None:
    """Forty requested dates, while Zoom is so slow that a run reads only a few of them."""
    busy_days(world, -45, 1, count=90)
    world.every(POLL, HOUR)
    world.network.latency = 25
    ask_for(world, 44, 4)
    world.every(POLL, DAY)


def a_backfill_of_three_nights(world: Collected) -> None:
    """Dates that can only be read between midnight and four: after that other apps have used up most of the calls."""
    busy_days(world, -90, 3, count=90)
    spent: set[date] = set()

    def run() -> None:
        now = world.clock.now()
        if now.hour >= 4 and now.date() not in spent:
            spent.add(now.date())
            world.zoom.spend_calls(25_000)
        world.run()

    world.every(POLL, HOUR, run)
    world.network.latency = 29
    ask_for(world, 89, 4)
    world.every(POLL, 3 * DAY, run)
    owed = [(moment, value) for moment, value in world.recording.samples[DATES_OWED] if value]
    assert owed[-1][0] - owed[0][0] > timedelta(hours=36), "it takes longer than `behind` waits"
    assert world.recording.samples[DATES_OWED][-1][1] == 0


def a_first_apply(world: Collected) -> None:
    """A day without credentials, and two with them."""
    busy_days(world, -4, 4)
    world.secrets.text = None
    world.every(POLL, DAY)
    world.store_credentials()
    world.every(POLL, 2 * DAY)


def deployments_and_hiccups(world: Collected) -> None:
    """Two missed runs, a failed run, one that Lambda starts only after a retry, one that leaves the work to another."""
    busy_days(world, -4, 3)
    world.every(POLL, 3 * HOUR)
    world.every(POLL, 2 * POLL, world.nothing)
    world.every(POLL, 3 * HOUR)
    world.zoom.faults.rule = lambda _request: faults.server_error(503)
    world.every(POLL, POLL)
    world.zoom.faults.clear()
    world.every(POLL, 3 * HOUR)
    world._lambda_metric("Throttles", world.clock.now(), 1)
    world.every(POLL, 3 * HOUR)
    world.setenv(FEED_DELETES="true")
    world.every(POLL, POLL, lambda: (take_lease_elsewhere(world), world.run()))
    world.every(POLL, 3 * HOUR)


def late_rows_and_the_limit_of_a_second(world: Collected) -> None:
    """Rows that are hours late, and a Zoom that sometimes throttles a whole run."""
    busy_days(world, -4, 3)
    for hour in range(1, 40, 3):
        late = {
            "time": f"{START + hour * HOUR:%Y-%m-%dT%H:%M:%SZ}",
            "action": "Update",
            "operator": f"{hour}@example.com",
        }
        world.zoom.add(late, visible_at=START + (hour + 7) * HOUR)
    for _ in range(8):
        world.zoom.faults.next(faults.per_second_limit, times=8)
        world.every(POLL, 6 * HOUR)


HEALTHY = [
    nights_and_weekends,
    a_backfill,
    a_backfill_of_three_nights,
    a_first_apply,
    deployments_and_hiccups,
    late_rows_and_the_limit_of_a_second,
]


@cache
def recorded(happens: Callable[[Collected], None]) -> Recorded:
    """Run the case once; return the metrics, and their end."""
    with collected() as world:
        happens(world)
        return world.recording, world.clock.now()


each_ordinary_time = pytest.mark.parametrize("happens", HEALTHY, ids=lambda happens: happens.__name__)


@each_ordinary_time
@pytest.mark.parametrize("way", EVERY_WAY, ids=ways)
def test_ordinary_days_raise_no_alarm(way: Ways, happens: Callable[[Collected], None], planned: Planned) -> None:
    told = watched(planned, recorded(happens), way)
    assert planned.composite[0] not in told.raised
    # The silence alarm is created before the first run, and fires; the composite alarm does not.
    first_run = START + timedelta(minutes=15) + (DAY if happens is a_first_apply else timedelta())
    silence = planned.alarms["silence"].name
    assert {name: times for name, times in told.raised.items() if name != silence or max(times) > first_run} == {}
    assert told.ended[silence] == OK


def test_the_ordinary_days_have_the_claimed_events() -> None:
    """The cases above have the events that they claim."""
    said: dict[str, list[float]] = {}
    outcomes: set[str] = set()
    for happens in HEALTHY:
        recording = recorded(happens)[0]
        outcomes |= {line["outcome"] for line in recording.ended}
        for line in recording.ended:
            for name, value in line.items():
                if isinstance(value, int | float):
                    said.setdefault(name, []).append(value)
        for metric, samples in recording.samples.items():
            said.setdefault(metric.name, []).extend(value for _, value in samples)
    assert outcomes == {outcome.value for outcome in RunOutcome}
    for name in ("late", "rate_limited", "sweeps_unfinished", "DatesOwed", "Errors", "Throttles"):
        assert any(said[name]), name
    assert max(said["late_seconds"]) >= 7 * 3600
    assert max(said["owed"]) > 30
    assert max(said["newest_record_seconds"]) > 86400
    assert not any(said["incidents"])


# Failures: the fault after a good day, its duration, and the expected alarms


def zoom_is_down(world: Collected) -> None:
    world.zoom.faults.rule = lambda _request: faults.server_error(503)
    world.every(POLL, 3 * HOUR)


def zoom_refuses_for_going_too_fast(world: Collected) -> None:
    """Another app uses up the per-second limit: no run fails, and none gets a page."""
    world.zoom.faults.rule = lambda _request: faults.per_second_limit
    world.every(POLL, 3 * HOUR)


def credentials_are_revoked(world: Collected) -> None:
    world.store_credentials(client_secret="of yesterday")
    world.zoom.revoke_access_tokens()
    world.every(POLL, 3 * HOUR)


def lambda_throttles(world: Collected) -> None:
    world.every(POLL, 3 * HOUR, world.throttle)


def runs_time_out(world: Collected) -> None:
    world.every(POLL, 3 * HOUR, world.timeout)


def the_schedule_is_gone(world: Collected) -> None:
    world.every(POLL, 3 * HOUR, world.nothing)
    world.clock.advance(3 * 3600)


def there_are_only_probes(world: Collected) -> None:
    """A probe is neither a success, which would hide that nothing is collected, nor a failure."""
    world.every(POLL, 3 * HOUR, lambda: world.run({"action": "probe"}))


def the_secret_is_emptied(world: Collected) -> None:
    world.secrets.text = None
    world.every(POLL, 3 * HOUR)


def another_run_always_holds_the_lease(world: Collected) -> None:
    """Like a second collector with the same state key: each run leaves the work to it."""
    world.setenv(FEED_DELETES="true")

    def run() -> None:
        take_lease_elsewhere(world)
        world.run()

    world.every(POLL, 3 * HOUR, run)


def invocations_are_not_delivered(world: Collected) -> None:
    world.every(POLL, 3 * HOUR, world.undelivered)
    world.clock.advance(3600)


def too_few_calls_from_now_on(world: Collected) -> Callable[[], None]:
    """Request dates while other apps nearly use up Zoom's daily calls; return the run that makes them do so."""
    spent = {world.clock.now().date()}

    def run() -> None:
        if world.clock.now().date() not in spent:
            spent.add(world.clock.now().date())
            world.zoom.spend_calls(25_000)
        world.run()

    world.zoom.spend_calls(25_000)
    ask_for(world, 44, 4)
    return run


def other_apps_leave_too_few_calls(world: Collected) -> None:
    world.every(POLL, 27 * HOUR, too_few_calls_from_now_on(world))


def the_daily_limit_is_reached(world: Collected) -> None:
    world.zoom.spend_calls(30_000)
    world.every(POLL, 6 * HOUR)


def the_checkpoint_is_lost(world: Collected) -> None:
    world.s3.delete(STATE_KEY)
    world.every(POLL, 3 * HOUR)


def zoom_no_longer_has_a_date(world: Collected) -> None:
    """An outage longer than Zoom's retention, or a date at its limit."""
    world.zoom.faults.rule = lambda request: (
        faults.answer(400, {"code": 300, "message": "The report is available for the last 6 months only."})
        if request.query.get("from") == OLD_DATE
        else None
    )
    world.clock.set(world.last_run + POLL)
    world.last_run = world.clock.now()
    world.run({"action": "backfill", "from": OLD_DATE, "to": OLD_DATE})
    world.every(POLL, 3 * HOUR)


def somebody_deletes_an_object(world: Collected) -> None:
    """Today's first object of records is behind a delete marker; runs continue, and new records arrive."""
    world.s3.delete(world.s3.keys(f"zoom/operationlogs/{START:%Y/%m/%d}/")[0])

    def run() -> None:
        now = f"{world.clock.now():%Y-%m-%dT%H:%M:%SZ}"
        world.zoom.add({"time": now, "operator": now, "action": "Add"})
        world.run()

    world.every(POLL, 3 * HOUR, run)


def zoom_changes_the_form_of_its_records(world: Collected) -> None:
    world.zoom.rewrite(lambda record: {**record, "operation_detail": f"Now: {record.get('operation_detail')}"})
    world.every(POLL, 3 * HOUR, lambda: world.run({"action": "reconcile"}))


def zoom_sends_rows_that_cannot_be_read(world: Collected) -> None:
    rows = faults.answer(200, {"next_page_token": "", "operation_logs": [None, 7]})
    world.zoom.faults.rule = lambda request: rows if request.endpoint == "report" else None
    world.every(POLL, 3 * HOUR)


def an_old_date_lacks_records(world: Collected) -> datetime:
    """Zoom shows no records of an archived date, in three sweeps an hour apart; return the last one."""
    day = (START - 20 * DAY).date().isoformat()
    ask = {"action": "backfill", "from": day, "to": day}
    empty = faults.answer(200, {"operation_logs": [], "next_page_token": ""})
    world.zoom.faults.rule = lambda request: empty if request.query.get("from") == day else None
    world.clock.set(world.last_run + 2 * POLL)
    world.last_run = world.clock.now()
    world.run(ask)
    world.every(POLL, 4 * HOUR)
    [(moment, _)] = world.recording.samples[INCIDENTS]
    return moment


OLD_DATE = "2025-09-20"
# The event, the expected alarms, and the kinds of its incidents.
FAILURES: list[tuple[Callable[[Collected], datetime | None], set[str], set[str]]] = [
    (zoom_is_down, {"errors", "silence"}, set()),
    (zoom_refuses_for_going_too_fast, {"silence"}, set()),
    (credentials_are_revoked, {"errors", "silence"}, set()),
    (lambda_throttles, {"throttles", "silence"}, set()),
    (runs_time_out, {"duration", "errors", "silence"}, set()),
    (the_schedule_is_gone, {"silence"}, set()),
    (there_are_only_probes, {"silence"}, set()),
    (the_secret_is_emptied, {"silence"}, set()),
    (another_run_always_holds_the_lease, {"silence"}, set()),
    (invocations_are_not_delivered, {"dead_letters", "silence"}, set()),
    (other_apps_leave_too_few_calls, {"behind"}, set()),
    (the_daily_limit_is_reached, {"daily_limit"}, set()),
    (the_checkpoint_is_lost, {"incidents"}, {"checkpoint rebuilt"}),
    (zoom_no_longer_has_a_date, {"incidents"}, {"dates expired"}),
    (somebody_deletes_an_object, {"incidents"}, {"behind delete markers"}),
    (an_old_date_lacks_records, {"incidents"}, {"records lacking"}),
    (zoom_changes_the_form_of_its_records, {"incidents", "errors", "silence"}, {"form changed"}),
    (zoom_sends_rows_that_cannot_be_read, {"incidents", "errors", "silence"}, {"rows set aside"}),
]


GOOD_HOURS = 4 * HOUR


@cache
def failed(happens: Callable[[Collected], datetime | None]) -> tuple[Recorded, datetime]:
    """Run the case after some good hours; return the metrics, and the time of the failure."""
    with collected() as world:
        busy_days(world, -4, 3)
        if happens is an_old_date_lacks_records:
            busy_days(world, -20, -20)
            world.run(
                {"action": "backfill", "from": f"{(START - 20 * DAY).date()}", "to": f"{(START - 20 * DAY).date()}"}
            )
        world.every(POLL, GOOD_HOURS)
        went_wrong = world.clock.now()
        went_wrong = happens(world) or went_wrong
        return (world.recording, world.clock.now()), went_wrong


@pytest.mark.parametrize(
    ("happens", "expected"),
    [failure[:2] for failure in FAILURES],
    ids=[happens.__name__ for happens, *_ in FAILURES],
)
@pytest.mark.parametrize("way", EVERY_WAY, ids=ways)
def test_a_failure_raises_exactly_its_alarms_in_time(
    way: Ways, happens: Callable[[Collected], datetime | None], expected: set[str], planned: Planned
) -> None:
    measured, went_wrong = failed(happens)
    told = watched(planned, measured, way)
    raised = {
        planned.concern(name): min(moment for moment in moments if moment > went_wrong) - went_wrong
        for name, moments in told.raised.items()
        if any(moment > went_wrong for moment in moments)
    }
    lasting = {concern for concern in expected if planned.alarms[concern].name in planned.composite[1]}
    assert raised.keys() == expected | ({"not_healthy"} if lasting else set())
    assert {
        concern: after for concern, after in raised.items() if concern in expected and after > promised(concern)
    } == {}
    if lasting:
        assert raised["not_healthy"] == min(raised[concern] for concern in lasting), "one message, immediately"


def test_each_alarm_has_a_failure_that_raises_it(planned: Planned) -> None:
    assert set().union(*(expected for _, expected, _ in FAILURES)) == planned.alarms.keys()


def test_each_incident_has_a_failure_that_raises_it() -> None:
    for happens, _, kinds in FAILURES:
        assert set(failed(happens)[0][0].incidents) == kinds, happens.__name__
    assert set().union(*(kinds for *_, kinds in FAILURES)) == {kind.value for kind in Incident}


def one_trouble_after_another(world: Collected) -> None:
    busy_days(world, -4, 3)
    world.every(POLL, 2 * HOUR)
    zoom_is_down(world)
    world.zoom.faults.clear()
    the_daily_limit_is_reached(world)
    world.every(POLL, 10 * HOUR)  # past midnight


@pytest.mark.parametrize("way", EVERY_WAY, ids=ways)
def test_a_recovery_is_notified(way: Ways, planned: Planned) -> None:
    told = watched(planned, recorded(one_trouble_after_another), way)
    assert {name: state for name, state in told.ended.items() if state == ALARM} == {}
    assert 1 <= len(told.raised[planned.composite[0]]) <= 2


def nothing_ever_runs(world: Collected) -> None:
    world.clock.advance(24 * 3600)


@pytest.mark.parametrize("way", EVERY_WAY, ids=ways)
def test_a_silence_alarm_created_before_the_first_run_notifies_nobody(way: Ways, planned: Planned) -> None:
    """A schedule that never worked shows in the first hour, when somebody is watching."""
    told = watched(planned, recorded(nothing_ever_runs), way)
    assert told.raised.keys() == {planned.alarms["silence"].name}
