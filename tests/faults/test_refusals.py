"""Refusals and failures of Zoom and S3: once at every call, in long series, and until somebody fixes them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from standins.s3_memory import client_error
from standins.zoom import faults
from zoom_operationlogs.bounds import PAGE_BYTES
from zoom_operationlogs.errors import (
    CollectorError,
    StorageError,
    StorageUnavailableError,
    ZoomRefusedError,
    ZoomUnavailableError,
)
from zoom_operationlogs.event import Request

from .world import POLL, PREFIX, STATE_KEY, World, days_ago

TONIGHT = datetime(2026, 3, 11, tzinfo=UTC)

PASSING: dict[str, faults.Fault] = {
    "401": faults.invalid_access_token,
    "429 of the second": faults.per_second_limit,
    "500": faults.server_error(500),
    "502": faults.server_error(502),
    "503": faults.server_error(503),
    "504": faults.server_error(504),
    "reset": faults.reset,
    "hang": faults.hang,
    "truncated": faults.truncated,
    "not JSON": faults.not_json,
    "null list": faults.null_list,
    "no list": faults.answer(200, {"page_size": 30, "next_page_token": ""}),
    "null": faults.answer(200, b"null"),
    "empty": faults.answer(200, b""),
    "larger than a page": faults.answer(200, b'{"next_page_token": "", "operation_logs": []}' + bytes(PAGE_BYTES)),
    "a useless token": faults.answer(200, {"next_page_token": 7, "operation_logs": []}),
    "half a character": faults.answer(200, b'{"next_page_token": "", "operation_logs": []}\xe2\x80'),
}
LASTING = {name: fault for name, fault in PASSING.items() if name not in ("401", "429 of the second")}


def small_world(**options: Any) -> World:
    world = World(page_size=12, settings={"lookback_days": 1, **options})
    for ago in range(-2, 3):
        world.zoom.add_day(days_ago(ago), 45, seed=ago + 9)
    return world


def calls_of_a_run() -> int:
    world = small_world()
    world.run()
    return world.report_calls()


CALLS = calls_of_a_run()


def test_runs_make_enough_calls_to_interrupt() -> None:
    assert CALLS >= 6


def assert_sentence(error: CollectorError) -> None:
    """For operators: one or two sentences, without secrets or Python."""
    text = str(error)
    assert len(text.split()) > 6
    assert text.endswith((".", ")"))
    assert "stand-in-secret" not in text
    assert "stand-in-access-token" not in text
    assert "object at 0x" not in text


def assert_recovers(world: World) -> None:
    world.zoom.faults.clear()
    world.clock.advance(POLL.total_seconds())
    world.settle()
    world.assert_exact()


# Zoom: temporary failures


@pytest.mark.slow
@pytest.mark.parametrize("name", PASSING)
def test_once_at_each_call(name: str) -> None:
    """The run waits, retries, and is complete."""
    for call in range(1, CALLS + 1):
        world = small_world()
        world.zoom.faults.at(call, PASSING[name])
        assert world.run()["ok"]
        assert not world.zoom.faults.pending
        world.assert_exact()


@pytest.mark.parametrize("name", ["500", "reset", "hang", "truncated", "not JSON", "null", "empty"])
def test_once_at_the_sign_in(name: str) -> None:
    world = small_world()
    world.zoom.faults.next(PASSING[name], to="token")
    assert world.run()["ok"]
    world.assert_exact()


@pytest.mark.slow
@pytest.mark.parametrize("name", LASTING)
def test_a_long_series_fails_with_a_sentence_and_recovers(name: str) -> None:
    for call in (1, 2, 4, CALLS - 1, CALLS):
        world = small_world()
        for late in range(call, call + 40):
            world.zoom.faults.at(late, PASSING[name])
        with pytest.raises(ZoomUnavailableError) as failure:
            world.run()
        assert_sentence(failure.value)
        world.assert_none_repeated()
        assert_recovers(world)


def test_pages_read_before_the_failure_are_kept() -> None:
    world = small_world()
    for late in range(3, 43):
        world.zoom.faults.at(late, faults.server_error(500))
    with pytest.raises(ZoomUnavailableError):
        world.run()
    assert len(world.archive()) == 2 * world.page_size


@pytest.mark.parametrize("runs_down", [1, 5])
def test_no_sign_in_for_whole_runs(runs_down: int) -> None:
    world = small_world()
    world.poll()
    world.zoom.revoke_access_tokens()
    world.zoom.faults.next(faults.server_error(503), times=1000, to="token")
    for _ in range(runs_down):
        world.clock.advance(POLL.total_seconds())
        with pytest.raises(ZoomUnavailableError) as failure:
            world.run()
        assert_sentence(failure.value)
    assert_recovers(world)


# Zoom: the access token


def test_access_tokens_revoked_at_each_call() -> None:
    for call in range(1, CALLS):
        world = small_world()
        world.zoom.on_page = lambda _page, world=world, call=call: (
            world.zoom.revoke_access_tokens() if world.report_calls() == call else None
        )
        world.run()
        world.assert_exact()
        assert len(world.zoom.calls_to("token")) == 2


def test_a_token_that_is_never_accepted_fails_and_recovers() -> None:
    for call in (1, 3):
        world = small_world()
        for late in range(call, call + 40):
            world.zoom.faults.at(late, faults.invalid_access_token)
        with pytest.raises(ZoomRefusedError) as failure:
            world.run()
        assert_sentence(failure.value)
        assert len(world.zoom.calls_to("token")) == 2, "one new token per failed request"
        assert_recovers(world)


def test_a_new_token_each_hour() -> None:
    world = small_world()
    world.network.latency = 1
    world.poll(20)
    assert 5 <= len(world.zoom.calls_to("token")) <= 7
    assert not [call for call in world.zoom.calls_to("report") if call.status == 401]
    world.assert_exact()


# Zoom: its limits


@pytest.mark.parametrize("times", [1, 4])
def test_a_run_waits_for_the_per_second_limit(times: int) -> None:
    for call in range(1, CALLS + 1):
        world = small_world()
        for late in range(call, call + times):
            world.zoom.faults.at(late, faults.per_second_limit)
        began = world.clock.now()
        assert world.run()["not_before"] is None
        assert world.clock.now() > began
        world.assert_exact()


def test_a_permanent_per_second_limit_is_no_error() -> None:
    for call in (1, 3, CALLS):
        world = small_world()
        for late in range(call, call + 1000):
            world.zoom.faults.at(late, faults.per_second_limit)
        result = world.run()
        assert result["ok"]
        assert datetime.fromisoformat(result["not_before"]) - world.clock.now() <= timedelta(minutes=1)
        assert world.report_calls() < 20
        world.poll(3)
        assert_recovers(world)


@pytest.mark.slow
@pytest.mark.parametrize("rate_headers", ["full", "counts", "category"])
def test_the_daily_limit_is_respected_until_it_ends(rate_headers: str) -> None:
    for call in range(1, CALLS + 1):
        world = small_world()
        world.zoom.rules.rate_headers = rate_headers  # type: ignore[assignment]
        world.zoom.faults.at(call, faults.daily_limit)
        result = world.run()
        assert result["ok"]
        assert datetime.fromisoformat(result["not_before"]) == TONIGHT
        calls = len(world.zoom.calls)
        world.clock.advance(POLL.total_seconds())
        world.poll(3, every=timedelta(hours=4))
        assert len(world.zoom.calls) == calls, "no request at all until then"
        assert all(result["ok"] and result["not_before"] for result in world.results)
        world.clock.set(TONIGHT + timedelta(minutes=1))
        world.poll()
        assert len(world.zoom.calls) > calls
        assert world.results[-1]["not_before"] is None
        world.settle()
        world.assert_exact()


def test_a_whole_days_calls_spent_in_the_middle_of_a_run() -> None:
    world = small_world()
    world.zoom.rules.calls_per_day = 1000
    world.zoom.spend_calls(997)
    assert world.run()["not_before"]
    assert world.report_calls() == 4
    assert world.results[-1]["written"] == 36
    world.clock.set(TONIGHT)
    world.settle()
    world.assert_exact()


def test_no_retry_after_keeps_the_collector_away_past_midnight() -> None:
    world = small_world()
    far = faults.answer(429, {"code": 429, "message": "limit"}, {"Retry-After": "2027-01-01T00:00:00Z"})
    world.zoom.faults.next(far)
    assert world.run()["not_before"] == (TONIGHT + timedelta(minutes=10)).isoformat()
    world.clock.set(TONIGHT + timedelta(minutes=11))
    world.settle()
    world.assert_exact()


def test_under_a_quarter_of_the_days_calls_the_tail_goes_on_and_owed_dates_wait() -> None:
    world = small_world(start_date=days_ago(2))  # a date that no tail reads
    world.zoom.rules.calls_per_day = 1000
    world.zoom.spend_calls(800)
    world.poll(4)
    assert all(result["ended"] for result in world.results)
    assert [result["owed"] for result in world.results] == [1] * 4
    world.zoom.add({"time": f"{world.clock.now():%Y-%m-%dT%H:%M:%SZ}", "operator": "fresh"})
    world.poll()
    assert world.results[-1]["written"] >= 1
    world.clock.set(TONIGHT + timedelta(minutes=1))
    world.poll()
    assert world.results[-1]["owed"] == 0
    world.settle()
    world.assert_exact()


# Zoom: failures that its administrator must fix


@contextmanager
def changed(world: World, what: dict[str, Any], *, credentials: bool) -> Iterator[None]:
    """Change the account in Zoom, or the collector's credentials."""
    account = world.zoom.account
    before = {name: getattr(account, name) for name in what}
    try:
        if credentials:
            world.zoom.account = replace(account, **what)
        else:
            vars(account).update(what)
        yield
    finally:
        world.zoom.account = account
        vars(account).update(before)


ADMINISTRATORS = [
    pytest.param({"client_id": "wrong"}, True, "client id", id="client id"),
    pytest.param({"client_secret": "wrong"}, True, "client secret", id="client secret"),
    pytest.param({"id": "wrong"}, True, "account id", id="account"),
    pytest.param({"scopes": ()}, False, "scope", id="scope"),
    pytest.param({"role_sees_reports": False}, False, "role", id="role"),
    pytest.param({"plan": "basic"}, False, "plan", id="plan"),
    pytest.param({"app_active": False}, False, "activate", id="deactivated"),
    pytest.param({"server_to_server": False}, False, "another type", id="app type"),
]


@pytest.mark.parametrize(("what", "credentials", "sentence"), ADMINISTRATORS)
def test_refused_until_an_administrator_acts(what: dict[str, Any], credentials: bool, sentence: str) -> None:
    world = small_world()
    with changed(world, what, credentials=credentials):
        for _ in range(2):
            with pytest.raises(ZoomRefusedError) as failure:
                world.run()
            assert sentence in str(failure.value)
            assert_sentence(failure.value)
            world.clock.advance(POLL.total_seconds())
    assert not world.s3.ever_written(PREFIX), "nothing is half written"
    assert world.checkpoint().frontier is None
    assert_recovers(world)


@pytest.mark.parametrize(("what", "sentence"), [({"role_sees_reports": False}, "role"), ({"plan": "basic"}, "plan")])
def test_refused_in_the_middle_of_a_run(what: dict[str, Any], sentence: str) -> None:
    for call in range(1, CALLS):
        world = small_world()

        def lose(_page: int, world: World = world, call: int = call) -> None:
            if world.report_calls() == call:
                vars(world.zoom.account).update(what)

        world.zoom.on_page = lose
        with pytest.raises(ZoomRefusedError, match=sentence):
            world.run()
        world.zoom.on_page = None
        vars(world.zoom.account).update(role_sees_reports=True, plan="pro")
        assert_recovers(world)


def test_a_refused_sign_in_is_not_a_refused_date() -> None:
    """Whatever its message, it is raised immediately, and dates are requested as before."""
    for body in ({"code": 300, "message": "Validation Failed."}, {"code": 300, "message": "only within 6 months"}):
        world = small_world()
        world.zoom.faults.next(faults.answer(400, body), times=9, to="token")
        with pytest.raises(ZoomRefusedError, match="refuses the sign-in"):
            world.run()
        assert len(world.zoom.calls_to("token")) == 1
        assert world.checkpoint().asks_for_tomorrow
        assert not world.checkpoint().expired
        assert_recovers(world)


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_proxys_page_is_not_a_refusal_by_zoom(status: int) -> None:
    for to in ("report", "token"):
        world = small_world()
        blocked = faults.answer(status, b"<html>Blocked: only within 6 months</html>", {"Content-Type": "text/html"})
        world.zoom.faults.next(blocked, times=99, to=to)  # type: ignore[arg-type]
        with pytest.raises(ZoomRefusedError, match="such as a proxy or a firewall") as failure:
            world.run()
        assert_sentence(failure.value)
        assert "role" not in str(failure.value)
        assert world.checkpoint().asks_for_tomorrow
        assert_recovers(world)


def test_a_page_token_is_called_wrong_in_other_words() -> None:
    for text in ("Invalid next_page_token", "Next page token is invalid."):
        world = small_world()
        world.zoom.faults.at(2, faults.answer(400, {"code": 300, "message": text}))
        assert world.run()["ended"]
        world.assert_exact()


# S3

Trouble = Callable[[str], Exception]


def refused(status: int, code: str) -> Trouble:
    return lambda operation: client_error(operation, status, code)


def timed_out(_operation: str) -> Exception:
    return ReadTimeoutError(endpoint_url="https://s3.example")


def closed(_operation: str) -> Exception:
    return ConnectionClosedError(endpoint_url="https://s3.example")


@contextmanager
def trouble(
    world: World, what: Trouble, at: int, times: int = 1, *, after: bool = False, only: str = ""
) -> Iterator[list[str]]:
    """Make S3's calls fail from the `at`-th on, before or after they are done; yield which did."""
    calls, met = 0, []

    def meddle(operation: str, key: str) -> None:
        nonlocal calls
        if operation.startswith(only):
            calls += 1
            if at <= calls < at + times:
                met.append(operation)
                raise what(operation)

    world.s3.before, world.s3.after = (None, meddle) if after else (meddle, None)
    try:
        yield met
    finally:
        world.s3.before = world.s3.after = None


def second_run() -> World:
    """The archive has objects that this run must read, because its checkpoint is older."""
    world = small_world()
    world.poll()
    stored = world.s3.body(STATE_KEY)
    world.clock.advance(7200)
    world.run()
    world.s3.put(STATE_KEY, stored)
    world.clock.advance(7200)
    return world


def run_with_trouble(situation: Callable[[], World], what: Trouble, **how: Any) -> int:
    """Cause the failure once at each call; return the number of calls."""
    for at in range(1, 100):
        world = situation()
        before = len(world.archive())
        with trouble(world, what, at, **how) as met:
            result = world.run()
        if not met:
            return at - 1
        assert result["ok"]
        world.assert_exact()
        assert result["written"] == len(world.archive()) - before, "the result says what was written"
    raise AssertionError("a run of a hundred calls")


@pytest.mark.slow
@pytest.mark.parametrize("situation", [small_world, second_run])
@pytest.mark.parametrize(
    "what",
    [refused(500, "InternalError"), refused(503, "SlowDown"), refused(400, "RequestTimeout"), timed_out, closed],
    ids=["500", "503", "request timeout", "timeout", "closed"],
)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_s3_fails_once_at_each_call(situation: Callable[[], World], what: Trouble, after: bool) -> None:
    """`after` is a write that succeeds without an answer to the collector."""
    assert run_with_trouble(situation, what, after=after) >= 4


@pytest.mark.parametrize("situation", [small_world, second_run])
@pytest.mark.parametrize(
    "what", [refused(409, "ConditionalRequestConflict"), refused(412, "PreconditionFailed")], ids=["409", "412"]
)
def test_s3_sees_a_conflict_once_at_each_write(situation: Callable[[], World], what: Trouble) -> None:
    assert run_with_trouble(situation, what, only="put_object") >= 2


@pytest.mark.parametrize("times", [3, 7])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_s3_fails_in_a_series_at_each_write(times: int, after: bool) -> None:
    assert run_with_trouble(small_world, refused(503, "SlowDown"), times=times, after=after, only="put_object") >= 3


def test_s3_answers_and_then_breaks_off() -> None:
    """An incomplete body is read again."""

    class Broken(io.BytesIO):
        def read(self, *_: object) -> bytes:
            raise ReadTimeoutError(endpoint_url="https://s3.example")

    world = second_run()
    get_object, broken = world.s3.get_object, set()

    def break_off_once(**request: Any) -> dict[str, Any]:
        answer = get_object(**request)
        key = request["Key"]
        if key not in broken:
            broken.add(key)
            answer["Body"] = Broken()
        return answer

    world.s3.get_object = break_off_once  # type: ignore[method-assign]
    world.run()
    assert len(broken) >= 2
    world.assert_exact()


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("what", [refused(503, "SlowDown"), timed_out], ids=["503", "timeout"])
def test_s3_down_from_each_call_to_the_end_of_the_run(what: Trouble, after: bool) -> None:
    for at in range(1, 100):
        world = second_run()
        with trouble(world, what, at, times=10_000, after=after) as met:
            if at > 1 and not _fails(world):
                assert not met
                return
            if at == 1:
                assert _fails(world)
        world.clock.advance(POLL.total_seconds())
        world.settle()
        world.assert_exact()


def _fails(world: World) -> bool:
    try:
        world.run()
    except StorageUnavailableError as failure:
        assert_sentence(failure)
        return True
    return False


@pytest.mark.parametrize(
    ("operation", "at"),
    [("put_object", 1), ("put_object", 2), ("get_object", 1), ("get_object", 2), ("list_object_versions", 1)],
)
def test_s3_denies(operation: str, at: int) -> None:
    world = second_run()
    before = len(world.archive())
    denied = trouble(world, refused(403, "AccessDenied"), at, times=10_000, only=operation)
    with denied as met, pytest.raises(StorageError) as failure:
        world.run()
    assert met
    assert_sentence(failure.value)
    assert "AccessDenied" in str(failure.value)
    assert "role" in str(failure.value)
    assert len(world.archive()) >= before
    assert_recovers(world)


def test_there_is_no_such_bucket() -> None:
    world = small_world()
    world.s3.bucket = "another"
    run = world.make_run()
    world.s3.bucket = "zoom-operation-logs"
    with pytest.raises(StorageError, match="correct S3_BUCKET"):
        run.execute(Request())
    world.settle()
    world.assert_exact()


def test_zoom_and_s3_fail_at_once() -> None:
    """A run that fails at Zoom cannot save either: the next one starts from the old checkpoint."""
    world = second_run()
    for late in range(2, 40):
        world.zoom.faults.at(late, faults.server_error(500))
    with (
        trouble(world, refused(500, "InternalError"), 1, times=10_000, only="put_object"),
        pytest.raises(CollectorError),
    ):
        world.run()
    assert_recovers(world)


def test_an_ended_limit_is_not_retried_in_a_loop() -> None:
    world = small_world()
    over = faults.answer(429, {"code": 429, "message": "limit"}, {"Retry-After": "0"})
    world.zoom.faults.next(over, times=4)
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        world.clock.sleep(seconds)

    world.run(sleep=sleep)
    assert [wait >= 2**number for number, wait in enumerate(waits[:4])] == [True] * 4
    world.settle()
    world.assert_exact()


@pytest.mark.parametrize("days", [1, 2])
def test_the_six_months_refusal_may_mean_the_future(days: int) -> None:
    """Zoom answers "prior to the current date" for its six months, and may do so for tomorrow, or for today if its days
    are behind UTC."""
    world = small_world()
    world.clock.set(TONIGHT + timedelta(hours=1))
    refused = faults.answer(400, {"code": 300, "message": "only within 6 months prior to the current date"}, {})
    latest = world.clock.now().date() + timedelta(days=1 - days)
    world.zoom.faults.rule = lambda request: (
        refused if date.fromisoformat(request.query.get("to", "2000-01-01")) > latest else None
    )
    world.poll(4)
    assert [result["ended"] for result in world.results] == [True] * 4
    assert not world.checkpoint().expired
    world.zoom.faults.clear()
    world.clock.set(TONIGHT + timedelta(hours=9))
    world.poll()
    assert world.results[-1]["owed"] == 0
    world.settle()
    world.assert_exact()


def test_under_a_quarter_of_the_days_calls_a_date_is_broken_off() -> None:
    world = World(page_size=10, settings={"lookback_days": 1})
    world.zoom.add_day(days_ago(1), 400, seed=1)
    world.poll()
    world.zoom.rules.calls_per_day = 1000
    world.zoom.spend_calls(748 - world.report_calls())
    calls = world.report_calls()
    world.clock.advance(POLL.total_seconds())
    world.run({"action": "backfill", "from": days_ago(1).isoformat(), "to": days_ago(1).isoformat()})
    assert world.report_calls() - calls <= 5
    assert world.results[-1]["owed"] == 1
    world.clock.set(TONIGHT + timedelta(minutes=1))
    world.poll(2)
    assert world.results[-1]["owed"] == 0
    world.settle()
    world.assert_exact()


def test_one_stray_answer_does_not_expire_a_recent_date() -> None:
    world = small_world()
    world.poll()
    world.clock.advance(3 * 86400)
    stray = faults.answer(400, {"code": 300, "message": "only within 6 months prior to the current date"}, {})
    day = str(days_ago(-1))
    world.zoom.faults.rule = lambda request: (
        stray if request.query.get("from") == request.query.get("to") == day else None
    )
    with pytest.raises(CollectorError, match="refuses the report's dates"):
        world.run()
    assert not world.checkpoint().expired
    world.zoom.faults.clear()
    world.poll(2)
    world.settle()
    world.assert_exact()
