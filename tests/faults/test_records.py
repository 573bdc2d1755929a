"""Every record arrives unchanged, whatever its content: through real pages and sweeps, compared record by record."""

from __future__ import annotations

import gzip
import json
import random
from typing import Any

import pytest
from zoom_operationlogs.batch import FULL_BYTES

from .world import POLL, PREFIX, START, World, days_ago

Record = dict[str, Any]

TIME = "2026-03-10T08:00:00Z"
LINE_ENDS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\r\n"  # where str.splitlines splits
CONTROLS = "".join(map(chr, range(0x20))) + "\x7f\x80\x9f"
SURROGATES = "\ud83d alone, \udc00 too, the wrong way round \ude00\ud83d"

WITHOUT_A_TIME: dict[str, Record] = {
    "nothing": {},
    "no time": {"operator": "a@example.com", "action": "Update"},
    "null time": {"time": None, "operator": "b@example.com"},
    "empty time": {"time": "", "operator": "c@example.com"},
    "no date": {"time": "yesterday", "operator": "d@example.com"},
    "number as time": {"time": 1773129600, "operator": "e@example.com"},
    "list as time": {"time": [TIME], "operator": "f@example.com"},
    "no such day": {"time": "2026-02-30T08:00:00Z", "operator": "g@example.com"},
}
WITH_A_TIME: dict[str, Record] = {
    "time alone": {"time": TIME},
    "null fields": {"time": TIME, "operator": None, "category_type": None, "action": None, "operation_detail": None},
    "empty fields": {"time": TIME, "operator": "", "action": "", "operation_detail": ""},
    "unknown fields": {"time": TIME, "ip_address": "192.0.2.1", "New Field": True, "": "nameless", "a.b[c]": "x"},
    "nested": {"time": TIME, "operation_detail": {"a": [1, {"b": [None, True, {}, []]}], "ünï": {"\u2028": "x"}}},
    "JSON in text": {"time": TIME, "operation_detail": '[{"userId":"u","options":["a\\"b"]}]\\n\\u2028'},
    "deep": {"time": TIME, "operation_detail": json.loads("[" * 60 + "]" * 60)},
    "numbers": {
        "time": TIME,
        "numbers": [0, -0.0, 1, 1.0, 1e300, 5e-324, -1, 2**53 + 1, 12345678901234567890123, 0.1, 1.5e-7],
    },
    "order of fields": {"operation_detail": "z first", "action": "b", "time": TIME, "a": 1},
    "same in another order": {"a": 1, "time": TIME, "action": "b", "operation_detail": "z last"},
    "controls": {"time": TIME, "operation_detail": CONTROLS},
    "line ends": {"time": TIME, "operation_detail": f"a{LINE_ENDS}b", LINE_ENDS: "as a name"},
    "emoji": {"time": TIME, "operator": "👩‍👩‍👧‍👦 🏳️‍🌈 🚀", "operation_detail": "\U0010ffff\uffff\ufeff"},
    "scripts": {"time": TIME, "operation_detail": "Größe naïve Инженеры 部署 مرحبا שלום हिन्दी e\u0301 \u00e9 \u202e"},
    "surrogates": {"time": TIME, "operation_detail": SURROGATES},
    "surrogate in a name": {"time": TIME, "\udfff": "x"},
    "looks escaped": {"time": TIME, "operation_detail": '\\ud83d \\n \\\\ \\" \\/ </script>'},
    "glue of the guide": {"time": TIME, "operation_detail": '}n{"time": "x"}n'},
    "long name": {"time": TIME, "n" * 3000: "v"},
    "time with an offset": {"time": "2026-03-10T01:30:00+05:30", "operator": "yesterday in UTC"},
    "time with fractions": {"time": "2026-03-10T08:00:00.123456Z"},
    "time without a zone": {"time": "2026-03-10T08:00:00"},
    "first of all times": {"time": "0001-01-01T00:00:00Z"},
    "last of all times": {"time": "9999-12-31T23:59:59Z"},
    "time past all times": {"time": "9999-12-31T23:59:59-05:00"},
    "time of date alone": {"time": "2026-03-10"},
}
AWKWARD = WITH_A_TIME | WITHOUT_A_TIME


def strange_world(page_size: int = 20) -> World:
    world = World(page_size=page_size, settings={"lookback_days": 1})
    for ago in range(-1, 3):
        world.zoom.add_day(days_ago(ago), 25, seed=ago + 9)
    return world


def lines(world: World) -> list[bytes]:
    bodies = [version.body or b"" for version in world.s3.ever_written(PREFIX)]
    return [line for body in bodies for line in gzip.decompress(body).split(b"\n")[:-1]]


def assert_as_it_came(world: World, record: Record) -> None:
    """Every field with its value, type and order, on one line for each record."""
    found = [line for line in lines(world) if json.loads(line) == record and typed(json.loads(line)) == typed(record)]
    assert len(found) == 1, found
    assert list(json.loads(found[0])) == list(record)
    assert b"\r" not in found[0]


def typed(value: Any) -> Any:
    """Distinguish 1 from 1.0 and True, which are equal in Python, and -0.0 from 0.0."""
    return json.dumps(value, sort_keys=True)


def test_all_strange_records_at_once() -> None:
    world = strange_world(60)  # many of them differ only in undocumented fields: one page must show them
    for record in AWKWARD.values():
        world.zoom.add(record, at=START)
    world.run()
    world.assert_exact()
    for record in AWKWARD.values():
        assert_as_it_came(world, record)
    world.clock.advance(POLL.total_seconds())
    world.settle()
    world.assert_exact()


@pytest.mark.parametrize("name", AWKWARD)
def test_each_alone_and_with_its_twin(name: str) -> None:
    record = AWKWARD[name]
    world = World(page_size=20, settings={"lookback_days": 1})
    world.zoom.add(record, at=START)
    world.run()
    assert_as_it_came(world, record)
    world.zoom.add(record, at=START)
    world.clock.advance(POLL.total_seconds())
    world.settle()
    assert len(lines(world)) == 2
    world.assert_exact()
    world.s3.delete_versions("zoom/operationlogs-state/state.json")
    world.settle()
    world.assert_exact()


def test_a_record_without_a_time_goes_under_the_date_asked_for() -> None:
    world = strange_world()
    world.zoom.add({"operator": "timeless@example.com"}, at=START.replace(day=9, hour=23))
    world.settle()
    held = [v.key for v in world.s3.ever_written(PREFIX) if b"timeless" in gzip.decompress(v.body or b"")]
    assert [key.removeprefix(PREFIX)[:10] for key in held] == ["2026/03/09"]


def test_the_same_record_without_a_time_on_two_dates_is_two_records() -> None:
    world = strange_world()
    for day in (9, 10):
        world.zoom.add({"operator": "timeless@example.com"}, at=START.replace(day=day, hour=8))
    world.settle()
    world.assert_exact()


@pytest.mark.slow
def test_details_of_300_kilobytes_several_on_a_page() -> None:
    """More than one batch: it is published in parts, and stays exact."""
    world = strange_world()
    dice = random.Random(5)
    large = [
        {"time": f"2026-03-10T07:00:{number:02}Z", "operation_detail": dice.randbytes(150_000).hex() + LINE_ENDS}
        for number in range(40)
    ]
    assert sum(len(record["operation_detail"]) for record in large) > FULL_BYTES
    for record in large:
        world.zoom.add(record)
    result = world.run()
    assert result["objects"] > 2
    world.assert_exact()
    for record in large[::13]:
        assert_as_it_came(world, record)


def test_non_ascii_is_not_escaped_and_a_lone_surrogate_is() -> None:
    world = World()
    world.zoom.add({"time": TIME, "operation_detail": "部署 \u2028 🚀"})
    world.zoom.add({"time": TIME, "operation_detail": "部署 \ud83d"})
    world.run()
    assert sorted("部署 \u2028 🚀".encode() in line for line in lines(world)) == [False, True]
    assert sorted("部署".encode() + b" \\ud83d" in line for line in lines(world)) == [False, True]


def test_metadata_is_ascii_and_counts() -> None:
    world = strange_world()
    for record in AWKWARD.values():
        world.zoom.add(record, at=START)
    world.run()
    for version in world.s3.ever_written(PREFIX):
        assert version.metadata["record-count"] == str(len(gzip.decompress(version.body or b"").split(b"\n")) - 1)
        assert version.metadata.keys() <= {"record-count", "first-time", "last-time", "collector-version"}
        assert all(value.isascii() for value in version.metadata.values())
