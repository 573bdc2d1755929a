"""The published records, each with the event that comes of it, which a person has read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from standins.zoom.samples import SAMPLES_FILE
from zoomlogs.mapping.events import event, line

from . import schema

EXPECTED_FILE = Path(__file__).with_name("samples_events.jsonl")


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split("\n")[:-1]


RECORDS = [json.loads(text) for text in lines(SAMPLES_FILE)]
EXPECTED = [json.loads(text) for text in lines(EXPECTED_FILE)]


def test_every_record_has_its_event() -> None:
    assert len(RECORDS) == len(EXPECTED) >= 70


@pytest.mark.parametrize(
    ("record", "expected"),
    list(zip(RECORDS, EXPECTED, strict=True)),
    ids=[f"{number}-{record['operation_detail'][:40]}" for number, record in enumerate(RECORDS, 1)],
)
def test_event_of_a_published_record(record: dict[str, str], expected: dict[str, object]) -> None:
    assert schema.check(line(event(record))) == expected
