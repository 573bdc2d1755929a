"""An unreadable row does not hold up others, and the run reports that it was set aside."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from standins.zoom import faults
from standins.zoom.faults import Exchange, Fault
from standins.zoom.messages import Request, Response
from zoom_operationlogs import event
from zoom_operationlogs.errors import CollectorError, UnreadableRowsError, ZoomUnavailableError
from zoom_operationlogs.records import line

from .test_refusals import TONIGHT, assert_recovers, assert_sentence, small_world
from .world import POLL, World, days_ago

ROWS = {
    "null": b"null",
    "NaN": b'{"time": NaN}',
    "1e999": b'{"time": "2026-03-10T08:00:00Z", "a": 1e999}',
    "5,000 digits": b'{"time": "2026-03-10T08:00:00Z", "a": ' + b"1" * 5000 + b"}",
    "100,000 deep": b'{"time": "2026-03-10T08:00:00Z", "a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "half a character": b'{"operator": "\xe2\x80"}',
}


def with_row(row: bytes) -> Fault:
    """Return a fault that adds this row before the rows of an answer."""

    def answer(exchange: Exchange) -> Response:
        ordinary = exchange.ordinary()
        rows = b'"operation_logs": ['
        comma = b"" if rows + b"]" in ordinary.body else b", "
        return replace(ordinary, body=ordinary.body.replace(rows, rows + row + comma, 1))

    return answer


def shows(world: World, row: bytes) -> None:
    """Add this row to each page of the report."""
    fault = with_row(row)

    def of_the_report(request: Request) -> Fault | None:
        return fault if request.endpoint == "report" else None

    world.zoom.faults.rule = of_the_report


@pytest.mark.parametrize("name", ROWS)
def test_all_other_records_are_collected(name: str) -> None:
    world = small_world()
    shows(world, ROWS[name])
    for _ in range(3):
        with pytest.raises(UnreadableRowsError, match="2026-03-09 to 2026-03-11 holds unreadable rows") as failure:
            world.run()
        assert_sentence(failure.value)
        world.clock.advance(POLL.total_seconds())
        world.assert_exact()
    assert not world.checkpoint().owed
    assert world.checkpoint().frontier
    assert_recovers(world)


def test_a_page_of_such_rows_only() -> None:
    world = small_world()
    world.zoom.faults.at(2, faults.answer(200, b'{"next_page_token": "", "operation_logs": [null, {"a": NaN}, null]}'))
    run = world.make_run()
    with pytest.raises(UnreadableRowsError, match=r"\(2 not an object, 1 with NaN\)"):
        run.execute(event.Request())
    assert run.report.unreadable_rows == 3
    world.began = world.clock.now()
    assert_recovers(world)


def test_the_sentence_names_the_dates_that_were_asked_for() -> None:
    world = small_world()
    world.poll(2)
    day = days_ago(30).isoformat()
    fault = with_row(b"7")
    world.zoom.faults.rule = lambda request: fault if request.query.get("from") == day else None
    with pytest.raises(UnreadableRowsError, match=f"{day} to {day} holds unreadable rows \\(1 not an object\\)"):
        world.run({"action": "backfill", "from": day, "to": day})
    world.zoom.faults.rule = None
    world.poll(2, every=timedelta(hours=1))  # none of its rows could be read, so it is swept twice
    assert not world.checkpoint().owed


def test_another_failure_goes_first_and_the_rows_are_said_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    world = small_world()
    fault = with_row(b"null")
    world.zoom.faults.rule = lambda request: (
        None if request.endpoint != "report" else fault if world.report_calls() < 2 else faults.server_error(503)
    )
    with pytest.raises(ZoomUnavailableError):
        world.run()
    assert "unreadable rows (" in caplog.text
    assert_recovers(world)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
TIMES = VALUES | st.sampled_from(
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-23:59",
        "2026-03-10",
        "2026-W11-2",
        "2026-03-10T08:00:00.123456789Z",
        "2026-03-10T24:00:00Z",
    ]
)
ODD_ROWS = VALUES | st.fixed_dictionaries({"time": TIMES}, optional={"operator": VALUES, "\ud800": VALUES})


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ODD_ROWS, min_size=1, max_size=4))
def test_any_value_as_a_row(rows: list[Any]) -> None:
    """The runs end with a result or a message, and every other record is there once."""
    world = World(page_size=20, settings={"lookback_days": 1})
    world.zoom.add_day(days_ago(0), 20, seed=1)
    shows(world, b", ".join(json.dumps(row).encode() for row in rows))
    for _ in range(2):
        try:
            world.run()
        except CollectorError as failure:
            assert_sentence(failure)
        world.clock.advance(POLL.total_seconds())
    world.zoom.faults.clear()
    world.clock.set(TONIGHT)
    world.poll(2)
    archived = [line(record) for record in world.archive()]
    for record in world.zoom.records(days_ago(0), days_ago(0)):
        assert archived.count(line(record)) == 1
