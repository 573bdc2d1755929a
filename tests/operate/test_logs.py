"""`zoomlogs logs`: --since, --failed, --follow."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import commands
import pytest
from feed.deployments import module
from zoomlogs import logs

from .test_runs import ended, event, report, says

FAILURE = "Zoom refuses the sign-in."


class Group:
    """A log group; each sleep of the following command adds the next events."""

    def __init__(self, *events: dict[str, Any]) -> None:
        self.events = list(events)
        self.asked = 0

    def client(self, _name: str) -> Group:
        return self

    def get_paginator(self, _operation: str) -> Group:
        return self

    def paginate(self, *, logGroupName: str, startTime: int, endTime: int = 2**60) -> Any:
        self.asked += 1
        yield {"events": [one for one in self.events if startTime <= one["timestamp"] <= endTime]}


def ago(**span: float) -> datetime:
    return datetime.now(UTC) - timedelta(**span)


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps({**module(), "log_group": {"name": "/aws/lambda/f", "arn": "a"}}))
    return file


@pytest.fixture
def run(outputs: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def command(group: Group, *options: str) -> commands.Ran:
        monkeypatch.setattr(logs, "session_for", lambda _deployment: group)
        return commands.zoomlogs("logs", "--outputs", outputs, *options)

    return command


def history() -> Group:
    fine = [event(ended(f"fine{hours}"), ago(hours=hours), hours) for hours in range(30, 0, -1)]
    broken = [event(says("ERROR", FAILURE, f"broken{hours}"), ago(hours=hours), 99 + hours) for hours in (1.5, 29.5)]
    return Group(*fine, *broken)


def ids(ran: commands.Ran) -> list[str]:
    return [run["request_id"] for run in ran.json]


def test_runs_since_a_time(run: Any) -> None:
    assert ids(run(history(), "--json", "--since", "3h")) == ["fine2", "broken1.5", "fine1"]
    assert len(ids(run(history(), "--json", "--since", "2d"))) == 32
    assert ids(run(history(), "--json", "--since", "2d", "--last", "2")) == ["broken1.5", "fine1"]
    assert len(ids(run(history(), "--json"))) == 20


def test_failed_runs(run: Any) -> None:
    assert ids(run(history(), "--json", "--failed")) == ["broken29.5", "broken1.5"]
    assert ids(run(history(), "--json", "--failed", "--since", "3h")) == ["broken1.5"]
    assert FAILURE in run(history(), "--failed").out


def test_no_failed_run_is_a_success(run: Any) -> None:
    ran = run(Group(event(ended(), ago(hours=1))), "--failed", "--since", "3h")
    assert (ran.status, ran.out) == (0, "")
    assert ran.err.startswith("No run since ") and ran.err.endswith(" UTC has failed.\n")
    ran = run(Group(event(ended(), ago(hours=1))), "--failed", "--json")
    assert (ran.status, ran.json) == (0, [])


def test_no_run_since_a_time_is_a_failure(run: Any) -> None:
    ran = run(history(), "--since", "30m")
    assert ran.status == 1
    assert ran.err.startswith("No runs found in /aws/lambda/f since ")


def test_a_log_that_is_too_long_is_refused(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MOST_PAGES", 1)
    ran = run(history(), "--since", "2d")
    assert (ran.status, ran.out) == (1, "")
    assert "too long to read: give a later --since." in ran.err


def test_a_wrong_time_is_refused_before_any_request(run: Any) -> None:
    group = history()
    assert run(group, "--since", "soon").status == 2
    assert group.asked == 0


@pytest.mark.parametrize("as_json", [False, True], ids=["words", "json"])
def test_following_shows_each_ended_run_once(run: Any, monkeypatch: pytest.MonkeyPatch, as_json: bool) -> None:
    """A current run and a new one; the new one fails before Lambda's last line of it."""
    group = Group(
        event(ended("before"), ago(minutes=10), 1), event(says("INFO", "Reading.", "under way"), ago(minutes=1), 2)
    )
    comes = iter(
        [
            [],
            [event(ended("under way", written=3), ago(seconds=6), 3)],
            [event(says("ERROR", FAILURE, "new"), ago(seconds=9), 4)],
            [event(report("error", 1234, "new"), ago(seconds=6), 5)],
            [],
        ]
    )

    def sleep(_seconds: float) -> None:
        new = next(comes, None)
        if new is None:
            raise KeyboardInterrupt
        group.events += new

    monkeypatch.setattr("zoomlogs.logs.time.sleep", sleep)
    ran = run(group, "--follow", *(["--json"] if as_json else []))
    assert ran.status == 130
    if as_json:
        told = [json.loads(line) for line in ran.out.splitlines()]
        assert [(one["request_id"], one["outcome"]) for one in told] == [
            ("before", "ok"),
            ("under way", "running"),
            ("under way", "ok"),
            ("new", "failed"),
        ]
    else:
        *_, first, second = ran.out.splitlines()
        assert first.endswith("ok, wrote 3 records")
        assert second.endswith(f"failed: {FAILURE}")
        assert ran.out.count(FAILURE) == 1


def test_following_failures_shows_only_failures(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    group = Group()
    comes = iter([[event(ended("fine"), ago(seconds=8), 1), event(says("ERROR", FAILURE, "bad"), ago(seconds=7), 2)]])

    def sleep(_seconds: float) -> None:
        if (new := next(comes, None)) is None:
            raise KeyboardInterrupt
        group.events += new

    monkeypatch.setattr("zoomlogs.logs.time.sleep", sleep)
    ran = run(group, "--follow", "--failed", "--since", "2h", "--json")
    assert [json.loads(line)["request_id"] for line in ran.out.splitlines()] == ["bad"]


HOSTILE = ["x", -1, True, 1e300, [[]], {"a": 1}, None, "\x1b[2J", 10**30]


@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_a_forged_line_ends_no_command(run: Any, value: object) -> None:
    names = ["seconds", "written", "owed", "zoom_calls", "zoom_calls_left", "not_before", "action", "sentence", "level"]
    forged = [
        *({**ended(f"id{number}"), name: value} for number, name in enumerate(names)),
        {**says("ERROR", "x"), "message": value},
        {"record": {"requestId": value, "metrics": {"durationMs": value}, "status": value}, "type": "platform.report"},
        {"correlation_id": value, "errorMessage": value, "errorType": value},
    ]
    for options in ([], ["--json"]):
        ran = run(Group(*(event(line, ago(minutes=5), number) for number, line in enumerate(forged))), *options)
        assert (ran.status, ran.err) == (0, "")
        assert "\x1b" not in ran.out


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "{" * 5000 + "}" * 5000, '{"a":' * 3000 + "1" + "}" * 3000, "NaN", "\ud800"]
)
def test_a_line_that_is_not_json_ends_no_command(run: Any, text: str) -> None:
    ran = run(Group(event(text, ago(minutes=5), 1), event(ended(), ago(minutes=4), 2)))
    assert (ran.status, ran.err) == (0, "")


def test_the_numbers_of_a_row_are_aligned(run: Any) -> None:
    rows = [line for line in run(history()).out.splitlines() if "577" in line]
    assert len({line.index("577") for line in rows}) == 1
    assert all(a != b for a, b in itertools.pairwise(rows))
