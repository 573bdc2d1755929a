"""Whatever a record is, an event comes of it, and it is one of UDM; and it does not take long."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from zoomlogs.mapping.detail import JSON_ATTEMPTS
from zoomlogs.mapping.events import event, line, preview
from zoomlogs.mapping.rows import DETAIL_ROWS
from zoomlogs.udm.coverage import Coverage
from zoomlogs.udm.tables import events_table

from . import schema

FIELDS = ("time", "operator", "category_type", "action", "operation_detail", "event_type")

text = st.text(st.characters(exclude_categories=[]))  # lone surrogates too: JSON can bring them
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
elements = st.lists(
    json_values | st.dictionaries(st.sampled_from(["userId", "assistant", "options"]), json_values), max_size=3
)
pieces = st.one_of(
    text,
    st.sampled_from([*(row.raw for row in DETAIL_ROWS.values()), "a@b.io", "Change Role", "Cost Center", "[{", "}]"]),
    st.sampled_from([" - ", "  - ", ": ", ":", ", ", "from ", " to ", "set to ", '"', "\\", "\n", "\t - "]),
    elements.map(json.dumps),
)
details = st.lists(pieces, max_size=12).map("".join)
times = st.datetimes().map(lambda moment: moment.isoformat() + "Z")
records = st.fixed_dictionaries(
    {},
    optional={
        "time": times | json_values,
        "operator": st.emails() | json_values,
        "category_type": json_values,
        "action": json_values,
        "operation_detail": details | json_values,
        "event_type": st.sampled_from(sorted(schema.EVENT_TYPES)) | json_values,
        "something else": json_values,
    },
)

# Making text of all of Unicode is slow the first time; how long that takes is no matter here.
anything = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@anything
@given(records)
def test_an_event_is_always_one_of_udm(record: dict[str, Any]) -> None:
    made = schema.check(line(event(record)))
    assert made["metadata"]["vendorName"] == "ZOOM"


@pytest.mark.slow
@anything
@given(st.lists(records, max_size=5))
@example([{"action": "x" * 16 + "\ud800", "operation_detail": "x" * 256 + "\ud800"}])
def test_tables_and_coverage_take_any_event(some: list[dict[str, Any]]) -> None:
    coverage = Coverage()
    for record in some:
        coverage.add(record, preview(record))
    assert events_table([event(record) for record in some], 100, first=True).row_count == len(some)
    assert coverage.as_json()["records"] == len(some)
    list(coverage.tables())


@anything
@given(records)
def test_the_record_is_left_as_it_is(record: dict[str, Any]) -> None:
    before = json.dumps(record)
    event(record)
    assert json.dumps(record) == before


LONG = 150_000  # bytes of a detail
SHAPES: dict[str, Callable[[int], str]] = {
    "plain": lambda size: "x" * size,
    "words": lambda size: "word " * (size // 5),
    "fields": lambda size: "Update User a@b.io  - " + "Department: set to IT - " * (size // 24),
    "unknown fields": lambda size: "X  - " + "Cost Center: from A to B - " * (size // 27),
    "pieces that name no field": lambda size: "X  - " + "a:b - " * (size // 6),
    "separators": lambda size: " - " * (size // 3),
    "colons": lambda size: "X  - " + "a:" * (size // 2),
    "colons and spaces": lambda size: "X  - " + ": " * (size // 2),
    "commas": lambda size: "X  - Type: T" + ", Type: T" * (size // 9),
    "spaces": lambda size: "X  -" + " " * size + ": -",
    "a change that never ends": lambda size: "X  - Department: from A" + " - B: c" * (size // 7),
    "arrows": lambda size: "X  - Type: from" + " to" * (size // 3),
    "addresses": lambda size: "X " + "".join(f"a{number}@b.io " for number in range(size // 12)),
    "addresses as names": lambda size: "Change Role" + "  - a@b.io: from X to Y" * (size // 22),
    "at signs": lambda size: "a@" * (size // 2),
    "dots": lambda size: "a@" + "b." * (size // 2),
    "brackets": lambda size: "[" * size,
    "broken JSON": lambda size: '[{"' * (size // 3),
    "broken JSON of many objects": lambda size: "[{}{" * (size // 4),
    "JSON within JSON": lambda size: '[{"a":' * (size // 6),
    "escaped JSON": lambda size: '[{"' + '\\"[{' * (size // 4),
    "JSON": lambda size: "[" + '{"userId":"u","options":["a","b"]},' * (size // 35) + "{}]",
    "arrays": lambda size: '[{"userId":"u"}] ' * (size // 17),
    "many scripts": lambda size: "会議室  - Display Name: from 部署 to Инженер 🚀 " * (size // 40),
}


def seconds(detail: str) -> float:
    """Return the processor's time for a detail."""
    began = time.process_time()
    line(event({"operation_detail": detail}))
    return time.process_time() - began


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_a_detail_takes_time_in_proportion_to_its_length(shape: Callable[[int], str]) -> None:
    """Four times the text takes four times as long; were it the square, sixteen times."""
    short, quarter, long = shape(LONG // 100), shape(LONG // 4), shape(LONG)
    # The least of some: others work on the machine too.
    of_short, of_quarter = (min(seconds(text) for _ in range(8)) for text in (short, quarter))
    most = min(12 * max(of_quarter, 0.0005), 16 * len(long) * max(of_short / len(short), 1e-8))
    assert any(seconds(long) < most for _ in range(8))


def test_json_after_many_lookalikes_is_not_read() -> None:
    """So that a hostile detail takes no long time; a real one has no such thing."""
    array = '[{"userId":"u"}]'
    near = '[{"x} ' * (JSON_ATTEMPTS // 2) + array
    assert "target" not in event({"operation_detail": '[{"":x ' * JSON_ATTEMPTS + array})
    assert event({"operation_detail": '[{"":x ' * (JSON_ATTEMPTS - 1) + array})["target"]["user"]["userid"] == "u"
    assert isinstance(event({"operation_detail": near}), dict)
