"""The doctor shows problems last, or only problems; its exit status stays the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import commands
import pytest
from feed.deployments import module
from zoomlogs.doctor import command
from zoomlogs.doctor.findings import fix, ok, unknown

FOUND = [("first", fix("Change it.")), ("second", ok("Fine.")), ("third", unknown("Who knows.")), ("last", ok("Good."))]


@pytest.fixture
def doctor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps(module()))
    monkeypatch.setattr(command, "session_for", lambda *_, **__: None)
    monkeypatch.setattr(command, "findings", lambda *_: iter(FOUND))
    return lambda *options: commands.zoomlogs("doctor", "--outputs", outputs, *options)


def marks(ran: commands.Ran) -> list[str]:
    return [line[0] for line in ran.out.split("\n\n")[0].splitlines()]


def test_problems_are_last_and_fixes_at_the_end(doctor: Any) -> None:
    ran = doctor()
    assert (ran.status, marks(ran)) == (1, ["✓", "✓", "?", "✗"])
    assert ran.out.endswith("\n\n1 of 4 checks found something to fix; 1 could not be checked.\n")


def test_only_problems(doctor: Any) -> None:
    ran = doctor("--only-problems")
    assert (ran.status, marks(ran)) == (1, ["?", "✗"])
    assert ran.out.endswith("\n\n1 of 4 checks found something to fix; 1 could not be checked.\n")


def test_json_keeps_the_order_of_the_checks(doctor: Any) -> None:
    assert [each["check"] for each in doctor("--json").json] == ["first", "second", "third", "last"]
    assert [each["check"] for each in doctor("--json", "--only-problems").json] == ["first", "third"]
