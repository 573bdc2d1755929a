"""Dates before the window: no run requests them again on its own, so one answer from Zoom must not be final."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from standins.zoom import faults
from zoom_operationlogs.checkpoint import PendingSweep
from zoom_operationlogs.checkpoint_format import encode
from zoom_operationlogs.errors import CollectorError, DatesRefusedError

from .test_state import deleted
from .world import POLL, STATE_KEY, Promise, World, assert_none, days_ago, hold, multiset

HOUR = timedelta(hours=1)
Rows = list[dict[str, Any]]


def nothing(_rows: Rows) -> Rows:
    return []


def every_second(rows: Rows) -> Rows:
    return rows[::2]


def world_of_weeks(days: int, **settings: Any) -> World:
    """Sixty records a day, and a START_DATE so many days back."""
    world = World(page_size=25, settings={"start_date": days_ago(days), **settings})
    for ago in range(-1, days + 2):
        world.zoom.add_day(days_ago(ago), 60, seed=ago + 300)
    return world


def show_less(world: World, days: set[date], keep: Callable[[Rows], Rows], times: int) -> None:
    """Make Zoom answer the first `times` sweeps of each of these dates with part of its rows, on one page."""
    left = dict.fromkeys(map(str, days), times)

    def cut(exchange: faults.Exchange) -> Any:
        answer = exchange.ordinary()
        page = json.loads(answer.body)
        page |= {"operation_logs": keep(page["operation_logs"]), "next_page_token": ""}
        return replace(answer, body=json.dumps(page).encode())

    def rule(request: Any) -> faults.Fault | None:
        day = request.query.get("from")
        if request.query.get("to") != day or "next_page_token" in request.query or not left.get(day):
            return None
        left[day] -= 1
        return cut

    world.zoom.faults.rule = rule


def looks(world: World, day: date) -> list[datetime]:
    """Return when the sweeps of a date began."""
    return [
        call.at
        for call in world.zoom.calls_to("report")
        if call.query["from"] == call.query["to"] == str(day) and "next_page_token" not in call.query
    ]


def old_dates_asked_for(world: World, since: int) -> set[date]:
    """Return the dates before the window that were swept since so many calls to the report."""
    queries = [call.query for call in world.zoom.calls_to("report")[since:]]
    days = {date.fromisoformat(query["from"]) for query in queries if query["from"] == query["to"]}
    return {day for day in days if day < days_ago(3)}


def backfill(world: World, first: date, last: date | None = None) -> None:
    world.run({"action": "backfill", "from": str(first), "to": str(last or first)})


def assert_looks_are_an_hour_apart(world: World, *days: date, since: int = 0) -> None:
    """Raise unless they are; the first `since` looks at each date do not count."""
    for day in days:
        times = looks(world, day)[since:]
        least = min((b - a for a, b in pairwise(times)), default=HOUR)
        hold(Promise.COST, least >= HOUR, f"{day} is requested again after {least.total_seconds() / 60:.0f} minutes")


def incomplete(world: World) -> int:
    return sum(report.incomplete for report in world.reports)


def one_empty_answer_in_a_backfill() -> None:
    world = world_of_weeks(12)
    show_less(world, {days_ago(ago) for ago in range(4, 13)}, nothing, times=1)
    world.poll(12)
    world.assert_exact()


def test_one_empty_answer_is_not_final() -> None:
    one_empty_answer_in_a_backfill()


@pytest.mark.slow
@pytest.mark.parametrize("pages", [1, 5])
@pytest.mark.parametrize("lost", [False, True], ids=["", "checkpoint lost"])
def test_half_of_a_date_while_the_checkpoint_may_be_lost(lost: bool, pages: int) -> None:
    """The rebuilt checkpoint owes every date of the archive, and Zoom once shows only half of each."""
    world = world_of_weeks(12)
    world.page_size = 100 // pages
    world.poll(3)
    if lost:
        deleted(world)
    show_less(world, {days_ago(ago) for ago in range(4, 13)}, every_second, times=1)
    backfill(world, days_ago(12), days_ago(4))
    world.poll(12)
    world.assert_exact()
    assert world.results[-1]["owed"] == 0
    assert incomplete(world) == 0


def test_witnesses_are_the_neighbours_and_no_others() -> None:
    """Records missing on three dates in a row may be on the two dates around them."""
    world = world_of_weeks(20)
    world.poll(2)
    lacking = {days_ago(ago) for ago in (10, 11, 12)}
    show_less(world, lacking, nothing, times=1000)
    calls = world.report_calls()
    backfill(world, days_ago(12), days_ago(10))
    world.poll(24)
    assert old_dates_asked_for(world, calls) == {days_ago(ago) for ago in range(9, 14)}
    assert world.results[-1]["owed"] == 0
    assert incomplete(world) == 3
    world.assert_exact()


def test_a_witness_that_zoom_does_not_show_either_is_no_new_case() -> None:
    world = world_of_weeks(20)
    world.poll(2)
    show_less(world, {days_ago(ago) for ago in range(5, 20)}, nothing, times=1000)
    calls = world.report_calls()
    backfill(world, days_ago(12))
    world.poll(24)
    assert old_dates_asked_for(world, calls) == {days_ago(ago) for ago in (11, 12, 13)}
    assert world.results[-1]["owed"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("records", [0, 40], ids=["a quiet account", "quiet Sundays"])
@pytest.mark.parametrize("offset", [-11, 0, 13])
@pytest.mark.parametrize("start", [None, 25], ids=["", "START_DATE"])
def test_quiet_dates_end_with_nothing_owed_and_no_alarm(start: int | None, offset: int, records: int) -> None:
    world = World(page_size=30, settings={"start_date": days_ago(start) if start else None})
    world.zoom.rules.utc_offset = timedelta(hours=offset)
    for ago in range(-6, 28):
        if days_ago(ago).isoweekday() != 7:
            world.zoom.add_day(days_ago(ago), records, seed=ago + 300)
    owed_for = 0
    for _ in range(4 * 24):
        world.poll(every=HOUR)
        owed_for = owed_for + 1 if world.results[-1]["owed"] else 0
        assert owed_for <= 4, f"{world.checkpoint().owed} for {owed_for} hours"
    assert incomplete(world) == 0
    assert sum(report.expired for report in world.reports) == 0
    world.settle()
    world.assert_exact()
    for ago in range(4, start or 0):
        assert_looks_are_an_hour_apart(world, days_ago(ago))


def a_quiet_date_in_a_backfill() -> None:
    """It is swept exactly twice, at least an hour apart."""
    world = World(page_size=25, settings={"start_date": days_ago(9)})
    world.poll(16)
    for ago in range(4, 10):
        hold(
            Promise.COST,
            len(looks(world, days_ago(ago))) == 2,
            f"{len(looks(world, days_ago(ago)))} sweeps of a quiet date",
        )
        assert_looks_are_an_hour_apart(world, days_ago(ago))
    hold(Promise.MISSING, world.results[-1]["owed"] == 0, "quiet dates are owed forever")


def test_a_quiet_date_is_looked_at_twice() -> None:
    a_quiet_date_in_a_backfill()


def quiet_dates_of_an_account_that_the_archive_knows() -> None:
    """Zoom's days are eleven hours behind UTC: records of Monday in UTC are on Zoom's Sunday."""
    world = world_of_weeks(16)
    world.zoom.rules.utc_offset = timedelta(hours=-11)
    world.poll(2)
    backfill(world, days_ago(12), days_ago(8))
    world.poll(16)
    hold(Promise.SILENT, incomplete(world) == 0, "dates that are whole are said to be incomplete")
    hold(Promise.MISSING, world.results[-1]["owed"] == 0, f"{world.results[-1]['owed']} dates are owed forever")
    assert_none(Promise.REPEATED, multiset(world.archive()) - multiset(world.zoom.records()))


def test_a_backfill_where_zooms_days_are_not_those_of_utc() -> None:
    quiet_dates_of_an_account_that_the_archive_knows()


# A date that Zoom refuses

TOO_OLD_IN_OTHER_WORDS = [
    "Validation Failed.",
    "from: Invalid field.",
    "The requested data is not available.",
]


def refuse_date(world: World, day: date, fault: faults.Fault) -> None:
    world.zoom.faults.rule = lambda request: (
        fault if request.endpoint == "report" and request.query.get("from") == str(day) else None
    )


def attempts(world: World, times: int = 1) -> int:
    """Run the schedule, whether the runs fail or not; return how many failed."""
    failed = 0
    for _ in range(times):
        world.clock.advance(POLL.total_seconds())
        try:
            world.run()
        except CollectorError:
            failed += 1
    return failed


@pytest.mark.parametrize("text", TOO_OLD_IN_OTHER_WORDS)
@pytest.mark.parametrize("status", [400, 404])
def test_before_the_retention_one_refusal_expires_a_date(status: int, text: str) -> None:
    """The date was requested when Zoom still had it, and an outage followed."""
    world = world_of_weeks(2)
    world.poll(2)
    day = days_ago(178)
    refuse_date(world, day, faults.daily_limit)
    backfill(world, day)
    assert day in world.checkpoint().owed
    world.clock.advance(6 * 86400)
    refuse_date(world, day, faults.answer(status, {"code": 300, "message": text}))
    assert attempts(world) == 0
    assert day in world.checkpoint().expired
    assert day not in world.checkpoint().owed
    assert world.reports[-1].expired == 1


@pytest.mark.parametrize("text", TOO_OLD_IN_OTHER_WORDS)
def test_within_the_retention_two_refusals_expire_a_date_of_over_150_days(text: str) -> None:
    an_old_date_refused_in_any_words(text)


def an_old_date_refused_in_any_words(text: str = TOO_OLD_IN_OTHER_WORDS[0]) -> None:
    world = world_of_weeks(2)
    world.poll(2)
    day = days_ago(155)
    refuse_date(world, day, faults.answer(400, {"code": 300, "message": text}))
    with suppress(DatesRefusedError):
        backfill(world, day)
    assert day in world.checkpoint().owed
    failed = attempts(world, 4)
    hold(Promise.COST, len(looks(world, day)) == 2, f"{len(looks(world, day))} calls for a date that Zoom refuses")
    assert failed == 0
    assert day in world.checkpoint().expired


@pytest.mark.parametrize("text", TOO_OLD_IN_OTHER_WORDS)
def test_under_150_days_a_refused_date_stays_owed_and_the_run_fails(text: str) -> None:
    world = world_of_weeks(2)
    world.poll(2)
    day = days_ago(140)
    world.zoom.add_day(day, 30, seed=3)
    refuse_date(world, day, faults.answer(400, {"code": 300, "message": text}))
    with pytest.raises(DatesRefusedError, match="refuses the report's dates"):
        backfill(world, day)
    assert attempts(world, 6) == 6
    assert day in world.checkpoint().owed
    assert not world.checkpoint().expired
    world.zoom.faults.clear()
    assert attempts(world) == 0
    world.assert_delivered(day, day)


NO_WORD_ABOUT_THE_DATE = {
    "401": faults.answer(401, {"code": 124, "message": "Invalid access token."}),
    "403": faults.answer(403, {"code": 200, "message": "No permission."}),
    "429": faults.per_second_limit,
    "500": faults.server_error(500),
    "503": faults.server_error(503),
    "HTML 400": faults.answer(400, b"<html>Bad request</html>", {"Content-Type": "text/html"}),
    "HTML 404": faults.answer(404, b"<html>Not found</html>", {"Content-Type": "text/html"}),
}


@pytest.mark.parametrize("old", [155, 178])
@pytest.mark.parametrize("name", NO_WORD_ABOUT_THE_DATE)
def test_other_errors_expire_no_date(name: str, old: int) -> None:
    world = world_of_weeks(2)
    world.poll(2)
    day = days_ago(old)
    world.zoom.add_day(day, 30, seed=3)
    refuse_date(world, day, NO_WORD_ABOUT_THE_DATE[name])
    backfill_or_fail(world, day)
    attempts(world, 4)
    assert day in world.checkpoint().owed
    assert not world.checkpoint().expired
    world.zoom.faults.clear()
    attempts(world, 2)
    world.assert_delivered(day, day)


def backfill_or_fail(world: World, day: date) -> None:
    with suppress(CollectorError):
        backfill(world, day)


@pytest.mark.parametrize("text", ["Validation Failed.", "the last 6 months", "invalid_request", "Bad request"])
@pytest.mark.parametrize("status", [400, 404])
def test_a_sign_in_error_expires_no_date(status: int, text: str) -> None:
    world = world_of_weeks(2)
    world.poll(2)
    day = days_ago(155)
    world.zoom.add_day(day, 30, seed=3)
    world.zoom.faults.rule = lambda request: faults.daily_limit if request.endpoint == "report" else None
    backfill_or_fail(world, day)
    assert day in world.checkpoint().owed
    world.clock.advance(86400)
    world.zoom.faults.rule = lambda request: (
        faults.answer(status, {"code": 300, "message": text}) if request.endpoint == "token" else None
    )
    for _ in range(4):
        world.clock.advance(7200)
        attempts(world)
    assert day in world.checkpoint().owed
    assert not world.checkpoint().expired
    world.zoom.faults.clear()
    attempts(world, 2)
    world.assert_delivered(day, day)


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(hours=47)])
@pytest.mark.parametrize("ago", [190, 160])
def test_a_date_that_is_owed_since_a_moment_ahead_of_the_clock_is_refused_once_a_run(
    ahead: timedelta, ago: int
) -> None:
    """Another run with another clock owed it."""
    world = world_of_weeks(2)
    world.poll(2)
    known = world.checkpoint()
    known.owed[days_ago(ago)] = PendingSweep(world.clock.now() + ahead, 25)
    world.s3.put(STATE_KEY, encode(known))
    world.zoom.faults.rule = lambda request: (
        faults.answer(400, {"code": 300, "message": "no"}) if request.query.get("from") == str(days_ago(ago)) else None
    )
    for _ in range(3):
        before = world.report_calls()
        with suppress(DatesRefusedError):
            world.poll()
        hold(Promise.COST, world.report_calls() - before <= 2, f"{world.report_calls() - before} calls")
    assert days_ago(ago) not in world.checkpoint().owed


@pytest.mark.parametrize("start", [date(1, 1, 1), date(1999, 12, 31), date(2000, 1, 1), days_ago(200)])
def test_a_start_date_of_long_ago_leaves_a_checkpoint_that_the_next_run_reads(start: date) -> None:
    world = World(page_size=300, settings={"start_date": start})
    world.zoom.add_day(days_ago(1), 20, seed=1)
    world.poll()
    before = world.report_calls()
    world.poll(2)
    assert world.report_calls() - before == 2
    assert not any(report.incidents for report in world.reports)
