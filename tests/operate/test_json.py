"""docs/cli-json.md describes the output of `--json`. `commands.zoomlogs` checks every document that a test sees."""

from __future__ import annotations

import json
from typing import Any

import json_fields
import pytest

from .test_page import LEAVES


def test_the_json_of_every_command_is_described() -> None:
    described = {name.partition(" --")[0] for name in json_fields.documented()}
    assert {f"zoomlogs {name}" for name in described} == LEAVES.keys()


RUN: dict[str, Any] = {
    "request_id": "a",
    "began": "2026-03-10T12:00:00.000+00:00",
    "seconds": 1.5,
    "outcome": "ok",
    "sentence": "",
    "action": None,
    "written": 1,
    "objects": 1,
    "pages": 2,
    "owed": 0,
    "zoom_calls": 2,
    "zoom_calls_left": None,
}


def test_a_run_is_as_described() -> None:
    assert json_fields.faults("logs", [RUN, RUN]) == []
    assert json_fields.faults("logs", []) == []


@pytest.mark.parametrize(
    ("command", "document", "fault"),
    [
        ("logs", [{**RUN, "colour": 1}], "[].colour is not documented"),
        ("logs", [{name: value for name, value in RUN.items() if name != "owed"}], "[].owed is missing"),
        ("logs", [{**RUN, "written": "1"}], "[].written is '1', not integer or null"),
        ("logs", [{**RUN, "written": True}], "[].written is True, not integer or null"),
        ("logs", [1], "[] is 1, not object"),
        ("status", {"lease": {"owner": "a", "until": "x"}}, "lease.held is missing"),
        ("status", {"owed": [{"date": 1}]}, "owed[].date is 1, not string"),
        ("status", {"owed": [{"x": {"y": 1}}]}, "owed[].x is not documented"),
        ("verify", {"differences": [{"record": {"anything": []}, "x": 1}]}, "differences[].x is not documented"),
        ("feed status", {"feeds": [{"failure": {"code": 5}}]}, "feeds[].failure.* is 5, not string"),
        ("reader-key rotate", {"user": "a", "access_key_id": "b", "deleted": [1]}, "deleted[] is 1, not string"),
    ],
)
def test_an_undescribed_document_is_found(command: str, document: Any, fault: str) -> None:
    assert fault in json_fields.faults(command, json.loads(json.dumps(document)))


def test_optional_fields_and_fields_of_any_type() -> None:
    assert json_fields.faults("reader-key rotate", {"user": "a", "access_key_id": "b"}) == []
    assert json_fields.faults("deployer-policy", {"archive": {"Statement": [{"a": []}]}}) == []


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["logs", "--json"], "logs"),
        (["reader-key", "list", "--json"], "reader-key list"),
        (["feed", "status"], "feed status"),
        (["udm", "--tenant", "--json"], "udm --tenant"),
        (["udm", "--coverage", "--json"], "udm"),
        (["--help"], None),
        (["nothing"], None),
    ],
)
def test_the_command_of_a_command_line(arguments: list[str], command: str | None) -> None:
    assert json_fields.command_of(arguments) == command
