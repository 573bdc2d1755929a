"""The progress of a run: the collector's messages, the bar of days, and Zoom's quota."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from zoomlogs.checkpoint import CheckpointSummary, UnreadableCheckpointError
from zoomlogs.console import SafeConsole
from zoomlogs.invoke import command
from zoomlogs.invoke import loop as events
from zoomlogs.invoke.progress import Screen
from zoomlogs.runs import OVERLAP, Line, LogFollower

from .test_loop import DAYS, TODAY
from .test_page import EXAMPLE
from .test_runs import METRICS, NOW, FakeLogs, ended, event, says


def screen(days: int | None, *, terminal: bool) -> tuple[Screen, io.StringIO]:
    out = io.StringIO()
    console = SafeConsole(file=out, force_terminal=terminal, width=100, emoji=False, highlight=False)
    return Screen("collector: backfill", days, console), out


def line(fields: dict[str, Any]) -> Line:
    return Line.of(event(fields))


def test_lines_of_several_runs_are_distinguished() -> None:
    shown, out = screen(None, terminal=False)
    with shown:
        for fields in (
            says("WARNING", "One :secret: [b]word[/b]\x1b[2J", "aaaaaaaa-1"),
            METRICS,
            ended("aaaaaaaa-1"),
            says("INFO", "Another", "bbbbbbbb-2"),
            says("INFO", "Third", "aaaaaaaa-1"),
        ):
            shown.line(line(fields))
        shown.next_run()
        shown.line(line(says("INFO", "Fourth", "cccccccc-3")))
    assert out.getvalue().splitlines() == [
        "17:00:00  One :secret: [b]word[/b]\N{REPLACEMENT CHARACTER}[2J",
        "17:00:00  [bbbbbbbb]  Another",
        "17:00:00  [aaaaaaaa]  Third",
        "17:00:00  Fourth",
    ]


def test_the_bar_shows_days_and_quota() -> None:
    shown, out = screen(30, terminal=True)
    with shown:
        shown.left(12)
        shown.calls_left(None)
        shown.calls_left(23_400)
    assert "18/30 days" in out.getvalue()
    assert "Zoom: 23,400 calls left today" in out.getvalue()


def test_no_bar_without_a_terminal() -> None:
    shown, out = screen(30, terminal=False)
    with shown:
        shown.left(12)
        shown.calls_left(1)
    assert out.getvalue() == ""


class FakeScreen:
    """Keeps what it is to show."""

    def __init__(self) -> None:
        self.days: list[int] = []
        self.said: list[str] = []

    def say(self, sentence: str, _style: str = "") -> None:
        self.said.append(sentence)

    def left(self, days: int) -> None:
        self.days.append(days)


def test_before_the_first_save_no_day_counts_as_read() -> None:
    """Until the run saves it, the checkpoint does not have the requested dates, so none may seem owed."""
    runner: Any = object.__new__(command._AwsRunner)
    runner._request, runner._screen, runner._seen_owed = (
        events.backfill("2026-11-01", "2026-11-10", TODAY),
        FakeScreen(),
        False,
    )
    for owed in ([], [TODAY], DAYS, DAYS[:4]):
        runner._show_days(CheckpointSummary(frozenset(owed)))
    # A date to be read again counts as read.
    runner._show_days(CheckpointSummary(frozenset(DAYS[:1]), looks={DAYS[0]: runner.now() + timedelta(hours=1)}))
    runner._show_days(None)
    assert runner._screen.days == [10, 4, 0]
    runner._seen_owed = False
    runner._show_days(CheckpointSummary(), ended=True)
    assert runner._screen.days == [10, 4, 0, 0]


def test_an_unreadable_checkpoint_is_reported_once_and_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run may save a valid one in the meantime, or AWS may answer again."""
    known = CheckpointSummary(frozenset(DAYS))
    answers: list[Any] = [UnreadableCheckpointError("it is damaged"), UnreadableCheckpointError("it is damaged"), known]

    def read(*_: object) -> CheckpointSummary:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]

    monkeypatch.setattr(command, "read_summary", read)
    runner: Any = object.__new__(command._AwsRunner)
    runner._deployment, runner._screen, runner._s3, runner._shown_error = EXAMPLE, FakeScreen(), None, ""
    assert [runner.checkpoint() for _ in range(3)] == [None, None, known]
    where = "s3://your-zoom-operation-logs/zoom/operationlogs-state/state.json"
    assert runner._screen.said == [f"Which dates are owed is not known, because {where} cannot be read: it is damaged."]


def test_a_pause_shows_other_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "LOOK_EVERY_SECONDS", 0.01)
    logs: Any = FakeLogs([])
    shown, out = screen(None, terminal=False)
    runner: Any = object.__new__(command._AwsRunner)
    runner._log, runner._screen, runner._request, runner._shown_trouble = (
        LogFollower(logs, "g", lambda: NOW),
        shown,
        events.run(),
        True,
    )
    logs.events.append(event(says("INFO", "working"), NOW, 1))
    with shown:
        runner.pause(0.05)
        runner.say("Another run holds the lease.")
    assert out.getvalue().splitlines() == ["17:00:00  working", "Another run holds the lease."]


def test_only_new_lines_are_shown() -> None:
    logs: Any = FakeLogs([event(says("INFO", "before"), NOW - timedelta(seconds=30), 1)])
    log = LogFollower(logs, "g", lambda: NOW)
    assert log.new_lines() == []
    logs.events += [event(says("INFO", "one"), NOW, 2), event(says("INFO", "two"), NOW + timedelta(minutes=9), 3)]
    assert [each.message for each in log.new_lines()] == ["one", "two"]
    assert log.new_lines() == []
    logs.events.append(event(says("INFO", "late"), NOW + timedelta(minutes=9) - OVERLAP, 4))
    assert [each.message for each in log.new_lines()] == ["late"]


def test_an_unreadable_log_is_read_once() -> None:
    class Forbidden(FakeLogs):
        def paginate(self, **_: Any) -> Any:
            self.asked.append((0, 0))
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "No."}}, "FilterLogEvents")

    logs: Any = Forbidden([])
    log = LogFollower(logs, "/aws/lambda/f", lambda: NOW)
    assert (log.new_lines(), log.new_lines(), len(logs.asked)) == ([], [], 1)
    assert log.trouble == "The log /aws/lambda/f cannot be followed: No (AccessDeniedException)."


def test_an_interrupt_leaves_the_run_to_aws(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "_AwsRunner", lambda *_: None)
    monkeypatch.setattr(command, "carry_out", interrupted)
    with pytest.raises(SystemExit) as raised:
        command.run(EXAMPLE, wait=False, as_json=False)
    assert raised.value.code == 130
    captured = capsys.readouterr()
    assert (captured.out, captured.err.startswith("Stopped following; a run that has started continues in AWS")) == (
        "",
        True,
    )
