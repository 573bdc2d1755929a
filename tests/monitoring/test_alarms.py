"""The planned alarms over what the real collector measures: ordinary days raise none, each failure raises its own.

Every case is looked at in each way that CloudWatch may go about it (`EVERY_WAY`). How soon an alarm has to come is
read from docs/operations.md, which promises it to the operator.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache

import pytest
from standins.zoom import faults

from .cloudwatch import ALARM, EVERY_WAY, OK, MetricName, Recording, Told, Ways, watch
from .conftest import Planned
from .operations import promised
from .recorder import FUNCTION, POLL, START, STATE_KEY, Collected, collected, take_lease_elsewhere

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DATES_OWED = MetricName.of("ZoomOperationLogs", "DatesOwed", {"service": FUNCTION})

pytestmark = pytest.mark.slow


Recorded = tuple[Recording, datetime]


def ways(way: Ways) -> str:
    return f"{way.more_periods}-{'aligned' if way.aligned else 'sliding'}-{way.delay}"


def busy_days(world: Collected, first: int, last: int, count: int = 20) -> None:
    """Fill days with a tenth of an account's records, in pages of a tenth: as many pages, which take as long."""
    world.setenv(PAGE_SIZE="30")
    for day in range(first, last + 1):
        world.zoom.add_day((START + day * DAY).date(), count, seed=day + 400)


def watched(planned: Planned, recorded: Recorded, way: Ways, every: timedelta = timedelta(minutes=2)) -> Told:
    recording, last = recorded
    return watch(planned.alarms.values(), planned.composite, recording, START, last, way, every)


# Ordinary days: what happens, and nobody is to be told


def nights_and_weekends(world: Collected) -> None:
    """Days with something, two without anything, reconciles all along."""
    busy_days(world, -4, 1)
    busy_days(world, 4, 4)
    world.every(POLL, 5 * DAY)


def ask_for(world: Collected, first: int, last: int, left: int = 31) -> None:
    """Have the next run owe the dates from so many days ago to so many; at least `left` of them are left to others."""
    begin, end = ((START - days * DAY).date().isoformat() for days in (first, last))
    result = world.run({"action": "backfill", "from": begin, "to": end})
    assert result
    assert result["owed"] >= left


def a_backfill(world: Collected) -> None:
    """Forty dates asked for, while Zoom takes so long that a run manages few of them."""
    busy_days(world, -45, 1, count=90)
    world.every(POLL, HOUR)
    world.network.latency = 25
    ask_for(world, 44, 4)
    world.every(POLL, DAY)


def a_backfill_of_three_nights(world: Collected) -> None:
    """Dates that can only be read between midnight and four: then other apps have used up most of the calls."""
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
    """Two ticks missed, a run that fails, one that Lambda starts only at the second try, one that leaves to another."""
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
    """Rows that come hours late, and a Zoom that now and then says "not so fast" for as long as a run tries."""
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
    """Let it happen, once; give what was measured, and until when."""
    with collected() as world:
        happens(world)
        return world.recording, world.clock.now()


each_ordinary_time = pytest.mark.parametrize("happens", HEALTHY, ids=lambda happens: happens.__name__)


@each_ordinary_time
@pytest.mark.parametrize("way", EVERY_WAY, ids=ways)
def test_ordinary_days_raise_nothing(way: Ways, happens: Callable[[Collected], None], planned: Planned) -> None:
    told = watched(planned, recorded(happens), way)
    assert planned.composite[0] not in told.raised
    # The alarm of silence is made before the first run, and finds silence; the composite one knows better.
    first_run = START + timedelta(minutes=15) + (DAY if happens is a_first_apply else timedelta())
    silence = planned.alarms["silence"].name
    assert {name: times for name, times in told.raised.items() if name != silence or max(times) > first_run} == {}
    assert told.ended[silence] == OK


def test_the_ordinary_days_are_no_empty_ones() -> None:
    """What the cases above claim to hold, they do hold."""
    values: dict[str, list[float]] = {}
    for happens in HEALTHY:
        for metric, samples in recorded(happens)[0].samples.items():
            values.setdefault(metric.name, []).extend(value for _, value in samples)
    assert {name for name, found in values.items() if any(found)} >= {
        "RunsSucceeded", "RunsHeldUp", "RunsFailed", "WaitingForCredentials", "LateRecords", "LateSeconds",
        "RateLimited", "SweepsUnfinished", "DatesOwed", "Errors", "Throttles",
    }  # fmt: skip
    assert max(values["LateSeconds"]) >= 7 * 3600
    assert max(values["DatesOwed"]) > 30
    assert max(values["NewestRecordSeconds"]) > 86400


# Failures: what goes wrong after a good day, for how long, and which alarms are to come of it


def zoom_is_down(world: Collected) -> None:
    world.zoom.faults.rule = lambda _request: faults.server_error(503)
    world.every(POLL, 3 * HOUR)


def zoom_refuses_for_going_too_fast(world: Collected) -> None:
    """The limit of a second, of which another app of the account leaves nothing: no run fails, and none gets a page."""
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
    """A probe is no success, which would hide that nothing is collected; nor is it a failure."""
    world.every(POLL, 3 * HOUR, lambda: world.run({"action": "probe"}))


def the_secret_is_emptied(world: Collected) -> None:
    world.secrets.text = None
    world.every(POLL, 3 * HOUR)


def another_run_always_holds_the_lease(world: Collected) -> None:
    """As a second collector with the same state key does: each run leaves its work to it."""
    world.setenv(FEED_DELETES="true")

    def run() -> None:
        take_lease_elsewhere(world)
        world.run()

    world.every(POLL, 3 * HOUR, run)


def invocations_are_not_delivered(world: Collected) -> None:
    world.every(POLL, 3 * HOUR, world.undelivered)
    world.clock.advance(3600)


def too_few_calls_from_now_on(world: Collected) -> Callable[[], None]:
    """Ask for dates while other apps nearly use up Zoom's calls of each day; give the run that has them do so."""
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
    """An outage that was longer than Zoom's memory, or a date at the edge of it."""
    world.zoom.faults.rule = lambda request: (
        faults.answer(400, {"code": 300, "message": "The report is available for the last 6 months only."})
        if request.query.get("from") == OLD_DATE
        else None
    )
    world.clock.set(world.last_run + POLL)
    world.last_run = world.clock.now()
    world.run({"action": "backfill", "from": OLD_DATE, "to": OLD_DATE})
    world.every(POLL, 3 * HOUR)


OLD_DATE = "2025-09-20"
FAILURES: list[tuple[Callable[[Collected], None], set[str]]] = [
    (zoom_is_down, {"errors", "silence"}),
    (zoom_refuses_for_going_too_fast, {"silence"}),
    (credentials_are_revoked, {"errors", "silence"}),
    (lambda_throttles, {"throttles", "silence"}),
    (runs_time_out, {"duration", "errors", "silence"}),
    (the_schedule_is_gone, {"silence"}),
    (there_are_only_probes, {"silence"}),
    (the_secret_is_emptied, {"silence"}),
    (another_run_always_holds_the_lease, {"silence"}),
    (invocations_are_not_delivered, {"dead_letters", "silence"}),
    (other_apps_leave_too_few_calls, {"behind"}),
    (the_daily_limit_is_reached, {"daily_limit"}),
    (the_checkpoint_is_lost, {"checkpoint_rebuilt"}),
    (zoom_no_longer_has_a_date, {"dates_expired"}),
]


GOOD_HOURS = 4 * HOUR


@cache
def failed(happens: Callable[[Collected], None]) -> tuple[Recorded, datetime]:
    """Let it happen after some good hours; give what was measured, and when it went wrong."""
    with collected() as world:
        busy_days(world, -4, 3)
        world.every(POLL, GOOD_HOURS)
        went_wrong = world.clock.now()
        happens(world)
        return (world.recording, world.clock.now()), went_wrong


@pytest.mark.parametrize(("happens", "expected"), FAILURES, ids=[happens.__name__ for happens, _ in FAILURES])
@pytest.mark.parametrize("way", EVERY_WAY, ids=ways)
def test_a_failure_raises_exactly_its_alarms_in_time(
    way: Ways, happens: Callable[[Collected], None], expected: set[str], planned: Planned
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
        assert raised["not_healthy"] == min(raised[concern] for concern in lasting), "one message, at once"


def test_each_alarm_has_a_failure_that_raises_it(planned: Planned) -> None:
    assert set().union(*(expected for _, expected in FAILURES)) == planned.alarms.keys() - {"first_run"}


def one_trouble_after_another(world: Collected) -> None:
    busy_days(world, -4, 3)
    world.every(POLL, 2 * HOUR)
    zoom_is_down(world)
    world.zoom.faults.clear()
    the_daily_limit_is_reached(world)
    world.every(POLL, 10 * HOUR)  # past midnight


@pytest.mark.parametrize("way", EVERY_WAY, ids=ways)
def test_what_is_mended_is_said_to_be(way: Ways, planned: Planned) -> None:
    told = watched(planned, recorded(one_trouble_after_another), way)
    assert {name: state for name, state in told.ended.items() if state == ALARM} == {}
    assert 1 <= len(told.raised[planned.composite[0]]) <= 2


def nothing_ever_runs(world: Collected) -> None:
    world.clock.advance(24 * 3600)


@pytest.mark.parametrize("way", EVERY_WAY, ids=ways)
def test_an_alarm_of_silence_made_before_the_first_run_tells_nobody(way: Ways, planned: Planned) -> None:
    """A schedule that never once worked is a matter of the first hour, in which somebody is looking."""
    told = watched(planned, recorded(nothing_ever_runs), way)
    assert told.raised.keys() == {planned.alarms["silence"].name}
