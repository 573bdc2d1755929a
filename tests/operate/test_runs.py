"""Runs from log lines as the packaged collector writes them, and how they are shown."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from zoomlogs.console import SafeConsole
from zoomlogs.logs import as_table, seconds, sentences
from zoomlogs.runs import FIRST_LOOK, LOOK_BACK, Line, Run, is_run, last_runs, runs

NOW = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
ID = "9dedbd4c-73c1-42e9-bd8b-c50e48f74684"


def event(fields: dict[str, Any] | str, at: datetime = NOW, number: int = 0) -> dict[str, Any]:
    message = fields if isinstance(fields, str) else json.dumps(fields)
    return {"timestamp": int(at.timestamp() * 1000), "message": message, "eventId": str(number)}


def says(level: str, message: str, request_id: str = ID, **more: Any) -> dict[str, Any]:
    return {"level": level, "location": "x:1", "message": message, "correlation_id": request_id, **more}


def ended(request_id: str = ID, **more: Any) -> dict[str, Any]:
    result = {"ok": True, "written": 577, "objects": 1, "pages": 7, "owed": 0, "ended": True, "not_before": None}
    return says("INFO", "run ended", request_id, **{**result, "zoom_calls": 7, "seconds": 2.25, **more})


def report(status: str, milliseconds: float, request_id: str = ID) -> dict[str, Any]:
    record = {"requestId": request_id, "metrics": {"durationMs": milliseconds}, "status": status}
    return {"time": "2026-11-24T17:00:00.000Z", "type": "platform.report", "record": record}


LOST = says("WARNING", "The checkpoint is gone.", incident="checkpoint rebuilt")
METRICS = {"_aws": {"CloudWatchMetrics": []}, "service": "f", "RunsSucceeded": [1.0]}
CREDENTIALS = {"level": "INFO", "message": "Found credentials in environment variables.", "requestId": ID}
RAISED = {"level": "ERROR", "errorMessage": "Zoom does not know this.", "errorType": "ZoomRefused", "requestId": ID}
WARNING = "/tmp/base.py:213: UserWarning: No application metrics to publish."
EMPTY = 'The secret arn:aws:x is still empty: store {"account_id": "..."} in it.'


def the_run(*lines: dict[str, Any] | str, now: datetime = NOW) -> Run:
    [run] = runs([Line.of(event(line)) for line in lines], now)
    return run


def test_a_probe_is_shown_but_is_not_a_run() -> None:
    class Logs:
        def get_paginator(self, _operation: str) -> Any:
            return self

        def paginate(self, **_: Any) -> Any:
            probe = says("INFO", "run ended", "probe", ok=True, action="probe", sentence="S3 refuses.", seconds=0.5)
            return [{"events": [event(ended("run"), NOW - timedelta(hours=1)), event(probe, NOW, 1)]}]

    logs: Any = Logs()
    assert [(run.action, run.outcome) for run in last_runs(logs, "g", NOW, 2)] == [(None, "ok"), ("probe", "ok")]
    assert [run.request_id for run in last_runs(logs, "g", NOW, 1, is_run)] == ["run"]


def test_a_probe_without_an_attempt_says_why() -> None:
    run = the_run(says("INFO", "run ended", ok=False, action="probe", sentence="Nothing was tried.", seconds=0.5))
    assert (run.outcome, run.sentence, run.action, run.written) == ("stopped", "Nothing was tried.", "probe", None)


def test_a_good_run() -> None:
    run = the_run(CREDENTIALS, ended(action="backfill", zoom_calls_left=23_400), METRICS, WARNING)
    assert run == Run(
        ID,
        NOW - timedelta(seconds=2.25),
        2.25,
        "ok",
        "",
        "backfill",
        577,
        1,
        7,
        0,
        zoom_calls=7,
        zoom_calls_left=23_400,
    )


def test_unknown_counts_are_none() -> None:
    run = the_run(ended())
    assert (run.action, run.zoom_calls_left) == (None, None)


@pytest.mark.parametrize(
    ("lines", "outcome", "sentence", "took"),
    [
        (
            [says("ERROR", "Zoom does not know this."), WARNING, RAISED, report("error", 1234.5)],
            "failed",
            "Zoom does not know this.",
            1.234,
        ),
        ([RAISED], "failed", "ZoomRefused: Zoom does not know this.", 0),
        (
            [CREDENTIALS, report("timeout", 300_000)],
            "failed",
            "The run timed out after 300 s: the next run continues from what it saved.",
            300,
        ),
        (
            [report("failure", 2000)],
            "failed",
            "The run failed after 2 s (failure): the next run continues from what it saved.",
            2,
        ),
        ([says("WARNING", EMPTY), WARNING], "waiting", EMPTY, 0),
        ([says("WARNING", EMPTY), report("success", 200)], "waiting", EMPTY, 0.2),  # with system log level INFO
        (
            [says("WARNING", "Zoom's rate limit is reached: no request before 18:00."), ended(ended=False)],
            "stopped",
            "Zoom's rate limit is reached: no request before 18:00.",
            2.25,
        ),
        (
            [says("INFO", "Another run holds the lease until 18:00: leaving the work to it."), ended(ended=False)],
            "stopped",
            "Another run holds the lease until 18:00: leaving the work to it.",
            2.25,
        ),
        ([ended(ended=False)], "stopped", "It stopped before the end; the next run continues.", 2.25),
        (
            [
                says("ERROR", "Zoom does not know this."),
                ended(outcome="failed", failure="Zoom does not know this."),
                RAISED,
            ],
            "failed",
            "Zoom does not know this.",
            2.25,
        ),
        (
            [says("WARNING", EMPTY), ended(ok=False, outcome="waiting for credentials", waiting_for="credentials")],
            "waiting",
            EMPTY,
            2.25,
        ),
        ([LOST, ended(outcome="succeeded", incidents=1)], "ok", "The checkpoint is gone.", 2.25),
        (
            [LOST, ended(outcome="failed", failure="Zoom is down.", incidents=1)],
            "failed",
            "Zoom is down. The checkpoint is gone.",
            2.25,
        ),
        ([CREDENTIALS], "running", "", None),
    ],
)
def test_how_a_run_ended(lines: list[Any], outcome: str, sentence: str, took: float | None) -> None:
    run = the_run(*lines)
    assert (run.outcome, run.sentence, run.seconds) == (outcome, sentence, took)


def test_a_run_without_an_end() -> None:
    assert the_run(CREDENTIALS, now=NOW + timedelta(minutes=15)).outcome == "running"
    old = the_run(CREDENTIALS, now=NOW + timedelta(minutes=16))
    assert (old.outcome, old.sentence) == ("unknown", "Its end is not in the log.")


def test_runs_that_overlap_are_kept_apart() -> None:
    lines = [says("WARNING", EMPTY, "b"), ended("a", written=1), ended("c", seconds=600)]
    found = runs([Line.of(event(line)) for line in lines], NOW)
    assert [(run.request_id, run.outcome) for run in found] == [("c", "ok"), ("a", "ok"), ("b", "waiting")]


@pytest.mark.parametrize(
    ("fields", "worth"),
    [
        (says("WARNING", "Zoom no longer has 2026-05-01: the date is recorded as expired."), True),
        (says("DEBUG", "The sweep tail read a page of 300 records."), False),
        (ended(), False),
        (METRICS, False),
        (CREDENTIALS, False),
        (WARNING, False),
        ("[1, 2]", False),
    ],
)
def test_only_the_collectors_messages_are_shown(fields: dict[str, Any] | str, worth: bool) -> None:
    said = Line.of(event(fields)).worth_saying
    assert said == (fields["message"] if worth and isinstance(fields, dict) else "")


class FakeLogs:
    """A log group that counts the calls of FilterLogEvents."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        self.events = events
        self.asked: list[tuple[int, int]] = []

    def get_paginator(self, _: str) -> FakeLogs:
        return self

    def paginate(self, *, logGroupName: str, startTime: int, endTime: int = 2**60) -> Any:
        self.asked.append((startTime, endTime))
        yield {"events": [one for one in self.events if startTime <= one["timestamp"] <= endTime]}


def group(count: int, every: timedelta) -> FakeLogs:
    return FakeLogs([event(ended(str(number)), NOW - number * every, number) for number in range(count)])


def test_few_runs_take_one_request_and_more_take_more() -> None:
    logs: Any = group(500, timedelta(minutes=15))
    assert [run.request_id for run in last_runs(logs, "g", NOW, 3)] == ["2", "1", "0"]
    assert len(logs.asked) == 1
    assert [run.request_id for run in last_runs(logs, "g", NOW, 100)] == [str(number) for number in range(99, -1, -1)]
    assert len(logs.asked) == 1 + 3  # 6, 12 and 24 hours back


def test_a_run_that_began_before_the_first_step_is_complete() -> None:
    edge = NOW + timedelta(minutes=1) - FIRST_LOOK
    begun, failed = edge - timedelta(minutes=2), edge + timedelta(minutes=2)
    logs: Any = FakeLogs([event(says("WARNING", "Slow."), begun, 1), event(says("ERROR", "No."), failed, 2)])
    [run] = last_runs(logs, "g", NOW, 1)
    assert (run.began, run.seconds, run.sentence) == (begun, 240, "No.")


def test_looking_back_has_no_gap_and_ends_after_14_days() -> None:
    logs: Any = group(3, timedelta(days=6))
    assert [run.request_id for run in last_runs(logs, "g", NOW, 9)] == ["2", "1", "0"]
    for (later, _), (_, end) in zip(logs.asked, logs.asked[1:], strict=False):
        assert end == later - 1
    assert logs.asked[0][0] == int((NOW + timedelta(minutes=1) - FIRST_LOOK).timestamp() * 1000)
    assert logs.asked[-1][0] == int((NOW - LOOK_BACK).timestamp() * 1000)


def test_a_long_log_is_not_read_to_the_end() -> None:
    class Endless(FakeLogs):
        def paginate(self, **_: Any) -> Any:
            while True:
                self.asked.append((0, 0))
                yield {"events": []}

    logs: Any = Endless([])
    assert last_runs(logs, "g", NOW, 5) == []
    assert len(logs.asked) == 200


def shown(found: list[Run], width: int) -> str:
    console = SafeConsole(width=width)
    with console.capture() as captured:
        console.print(as_table(found))
        for sentence in sentences(found):
            console.print(sentence)
    return captured.get()


def test_the_table_fits_80_columns_and_repeats_no_sentence() -> None:
    many = [
        Run(str(n), NOW, 301.0, "failed", "Zoom :secret: [red]x\x1b[2J", "reconcile", 123_456, 12, 1234, 180, 1234)
        for n in range(3)
    ]
    text = shown(many, 80)
    assert "11-24 17:00  5m 01s  reconcile  123,456       12  1,234   180  1,234  failed" in text
    assert "failed at 2026-11-24 17:00, and 2 more like it: Zoom :secret: [red]x\N{REPLACEMENT CHARACTER}[2J" in text
    assert text.count("Zoom :secret:") == 1
    assert max(map(len, text.splitlines())) <= 80


def test_a_column_that_no_run_fills_is_left_out() -> None:
    assert "action" not in shown([Run("a", NOW, 0.2, "ok", "")], 80)
    assert "scheduled" in shown([Run("a", NOW, 0.2, "ok", ""), Run("b", NOW, 0.2, "ok", "", "backfill")], 80)


@pytest.mark.parametrize(("taken", "text"), [(None, ""), (0.25, "0.2 s"), (59.94, "59.9 s"), (61, "1m 01s")])
def test_durations(taken: float | None, text: str) -> None:
    assert seconds(taken) == text
