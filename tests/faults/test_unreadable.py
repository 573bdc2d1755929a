"""Objects that the collector cannot read: only their date waits, and they cost bounded time and memory."""

from __future__ import annotations

import gzip
import json
import logging
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standins.s3_memory import client_error
from standins.zoom import faults
from zoom_operationlogs import archive as collector_archive
from zoom_operationlogs import archive_object, batch, checkpoint_format, fingerprints, legacy
from zoom_operationlogs.archive_object import decode, encode, object_name
from zoom_operationlogs.checkpoint_format import encode as encode_checkpoint
from zoom_operationlogs.delivered import Delivered
from zoom_operationlogs.errors import CollectorError, StorageError
from zoom_operationlogs.pending_record import PendingRecord
from zoom_operationlogs.reports import OPERATION_LOGS, REPORTS, Report

from .test_state import assert_added_what_lacked, deleted, guide_state, guided_world, ours, week_world
from .world import POLL, PREFIX, STATE_KEY, Promise, World, assert_none, days_ago, hold, multiset

ACTIVITIES = REPORTS["activities"]

LINE = b'{"time": "2026-03-09T10:00:00Z", "operator": %s}\n'


@cache
def bomb() -> bytes:
    """1.5 MB that unpack to 1.5 GB."""
    return gzip.compress(bytes(64 * 2**20)) * 24


UNREADABLE: dict[str, Callable[[], bytes]] = {
    "not gzip": lambda: b"spoilt",
    "NaN": lambda: gzip.compress(LINE % b"NaN"),
    "Infinity": lambda: gzip.compress(LINE % b"-Infinity"),
    "1e999": lambda: gzip.compress(LINE % b"1e999"),
    "5,000 digits": lambda: gzip.compress(LINE % (b"7" * 5000)),
    "deep": lambda: gzip.compress(LINE % (b"[" * 10**5 + b"]" * 10**5)),
    "deeper than a record": lambda: gzip.compress(LINE % (b"[" * 100 + b"]" * 100)),
    "bomb": bomb,
    "bomb of records": lambda: gzip.compress(b"{}\n" * 30000) * 4,
    "different records": lambda: gzip.compress(b"".join(b'{"a":%d}\n' % number for number in range(30000))),
    "a long line": lambda: gzip.compress(LINE % (b'"' + b"x" * (17 * 2**20) + b'"')),
    "members": lambda: gzip.compress(b"") * 10**5,
    "too large": lambda: bytes(65 * 2**20),
}


def plant(world: World, day: date, body: bytes) -> str:
    """Put an object with the date's next number and a content that no collector writes; return its key."""
    number = len(world.s3.keys(f"{world.prefix}{day:%Y/%m/%d}/")) + 1
    key = world.prefix + object_name(day, number, world.report)
    world.s3.put(key, body)
    return key


def new_row(world: World, ago: int, name: str) -> dict[str, Any]:
    """Make Zoom show a row of some date from now on."""
    moment = world.clock.now() - timedelta(days=ago, minutes=1)
    whose = "operator" if "operator" in world.report.fields else "email"
    record = {"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", whose: f"{name}@example.com"}
    world.zoom.add(record, visible_at=world.clock.now())
    return record


def failing_run(world: World) -> StorageError:
    world.clock.advance(POLL.total_seconds())
    with pytest.raises(StorageError) as failure:
        world.run({"action": "reconcile"})
    return failure.value


def sent(world: World) -> list[dict[str, Any]]:
    """Return the records of the readable objects."""
    found = []
    for version in world.s3.ever_written(world.prefix):
        with suppress(ValueError):
            found += decode(version.body or b"")
    return found


def assert_exact_of_all(world: World) -> None:
    """The first date may be any that a name or the guide's state implies."""
    assert_none(Promise.REPEATED, multiset(world.archive()) - multiset(world.zoom.records(days_ago(400))))
    world.assert_delivered(days_ago(1), days_ago(-1))


def assert_well_after_two_runs(world: World, *, exact: bool = True) -> None:
    """After two ordinary runs; not `exact` if Zoom has shown invented records, or if the guide's objects count."""
    for _ in range(2):
        world.clock.advance(POLL.total_seconds())
        world.run()
    if exact:
        world.assert_exact()
    hold(Promise.MISSING, world.results[-1]["owed"] == 0, f"{world.results[-1]['owed']} dates are still owed")


@pytest.mark.parametrize(
    ("report", "ago", "kind"),
    [*((OPERATION_LOGS, *of) for of in product((0, 1, 3), ("not gzip", "NaN"))), (ACTIVITIES, 1, "NaN")],
)
@pytest.mark.parametrize("checkpoint_lost", [False, True])
def test_an_unreadable_object_holds_up_only_its_own_date(
    report: Report, ago: int, kind: str, checkpoint_lost: bool
) -> None:
    world = week_world(report)
    world.poll(2)
    key = plant(world, days_ago(ago), UNREADABLE[kind]())
    if checkpoint_lost:
        deleted(world)
    for look in range(3):
        rows = {day: new_row(world, day, f"{look}-{day}") for day in range(4)}
        failure = failing_run(world)
        assert key in str(failure)
        assert "delete its version v" in str(failure)
        for day, row in rows.items():
            assert (row in sent(world)) == (day != ago), f"{day} days ago"
    askable = {
        day for day in (days_ago(ago + 1), days_ago(ago), days_ago(ago - 1)) if days_ago(3) <= day <= days_ago(0)
    }
    assert askable <= world.checkpoint().owed.keys()
    world.s3.delete_versions(key)
    assert_well_after_two_runs(world)


@pytest.fixture
def few_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower the limits of records in an object: reaching the real ones takes seconds."""
    monkeypatch.setattr(collector_archive, "MOST_RECORDS", 100_000)
    monkeypatch.setattr(legacy, "MOST_RECORDS", 100_000)
    monkeypatch.setattr(fingerprints, "MOST_DISTINCT", 20_000)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("report", "kind"),
    [*((OPERATION_LOGS, kind) for kind in UNREADABLE), (ACTIVITIES, "not gzip"), (ACTIVITIES, "bomb of records")],
)
def test_each_kind_of_unreadable_object(report: Report, kind: str, few_records: None) -> None:
    world = week_world(report)
    world.poll(2)
    key = plant(world, days_ago(1), UNREADABLE[kind]())
    row = new_row(world, 0, "today")
    new_row(world, 1, "yesterday")
    failure = failing_run(world)
    assert key in str(failure)
    assert row in sent(world)
    world.s3.delete_versions(key)
    assert_well_after_two_runs(world)


@pytest.mark.parametrize("offset", [-8, 9])
@pytest.mark.parametrize("ago", [0, 1, 2])
def test_where_zooms_days_are_not_those_of_utc(offset: int, ago: int) -> None:
    world = week_world()
    world.zoom.rules.utc_offset = timedelta(hours=offset)
    world.poll(2)
    key = plant(world, days_ago(ago), b"spoilt")
    for hours in range(0, 72, 5):
        new_row(world, hours // 24, str(hours))
        moment = world.clock.now() - timedelta(hours=hours)
        world.zoom.add({"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "operator": f"{hours}h"}, visible_at=world.clock.now())
    failing_run(world)
    failing_run(world)
    world.s3.delete_versions(key)
    assert_well_after_two_runs(world)


def test_a_date_outside_the_window() -> None:
    """A backfill of three dates: the middle one waits."""
    world = week_world()
    world.poll(2)
    key = plant(world, days_ago(5), b"spoilt")
    world.zoom.add_day(days_ago(6), 20, seed=1)
    world.clock.advance(POLL.total_seconds())
    event = {"action": "backfill", "from": str(days_ago(6)), "to": str(days_ago(4))}
    with pytest.raises(StorageError, match="has the name of an object"):
        world.run(event)
    for ago in (6, 4):
        assert multiset(world.zoom.records(days_ago(ago), days_ago(ago))) <= multiset(sent(world))
    world.s3.delete_versions(key)
    world.poll(2)
    world.assert_delivered(days_ago(6), days_ago(4))
    assert world.results[-1]["owed"] == 0


def test_a_tail_that_takes_several_runs_settles_nothing_of_what_it_left_out() -> None:
    """A sweep that began while the date was held up ends after the object is gone."""
    world = week_world()
    world.poll(2)
    for row in range(600):
        moment = world.clock.now() + timedelta(seconds=row)
        world.zoom.add({"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "operator": f"{row}@example.com"})
    key = plant(world, days_ago(0), b"spoilt")
    world.network.latency = 25
    for _ in range(2):
        failing_run(world)
    world.s3.delete_versions(key)
    world.clock.advance(60)
    world.run()
    world.network.latency = 0
    assert_well_after_two_runs(world)


def test_several_unreadable_objects_are_all_logged_and_the_first_is_raised(caplog: pytest.LogCaptureFixture) -> None:
    world = week_world()
    world.poll(2)
    keys = [plant(world, days_ago(ago), b"spoilt") for ago in (1, 2)]
    deleted(world)
    with caplog.at_level(logging.ERROR, "collector"):
        failure = failing_run(world)
    assert keys[1] in str(failure), "the tail loads the older date first"
    logged = [record.getMessage() for record in caplog.records]
    for key in keys:
        assert sum(key in message for message in logged) == 1
    for key in keys:
        world.s3.delete_versions(key)
    assert_well_after_two_runs(world)


def test_an_object_that_s3_refuses_to_return_holds_up_only_its_own_date() -> None:
    """For example, under a KMS key that the role may not use, or in Glacier."""
    world = week_world()
    world.poll(2)
    key = plant(world, days_ago(1), b"")

    def forbidden(operation: str, name: str) -> None:
        if (operation, name) == ("get_object", key):
            raise client_error(operation, 403, "AccessDenied")

    world.s3.before = forbidden
    row = new_row(world, 0, "today")
    new_row(world, 1, "yesterday")
    assert key in str(failing_run(world))
    assert row in sent(world)
    world.s3.before = None
    world.s3.delete_versions(key)
    assert_well_after_two_runs(world)


def test_a_number_that_no_collector_reaches() -> None:
    """The next number would make a key that S3 refuses."""
    world = week_world()
    world.poll(2)
    key = PREFIX + object_name(days_ago(1), int("9" * 900), OPERATION_LOGS)
    world.s3.put(key, encode([]))
    row = new_row(world, 0, "today")
    new_row(world, 1, "yesterday")
    assert key in str(failing_run(world))
    assert row in sent(world)
    world.s3.delete_versions(key)
    assert_well_after_two_runs(world)


# The guide's objects


def guides_name(day: date) -> str:
    return f"{PREFIX}{day:%Y/%m/%d}/zoom-operationlogs-{uuid.UUID(int=1)}.json.gz"


@pytest.mark.slow
@pytest.mark.parametrize("kind", UNREADABLE)
def test_an_object_of_the_guides_holds_up_the_dates_that_it_may_hold(kind: str, few_records: None) -> None:
    """Written two days ago, it may hold records of yesterday, and none of today."""
    world, _ = guided_world("n", runs=2)
    today = world.clock.now().date()
    key = guides_name(today - timedelta(days=2))
    world.s3.put(key, UNREADABLE[kind]())
    with pytest.raises(StorageError) as failure:
        world.run()
    assert key in str(failure.value)
    assert "delete its version v" in str(failure.value)
    dates = {json.loads(record)["time"][:10] for record in ours(world)}
    assert dates == {today.isoformat()}
    world.s3.delete_versions(key)
    world.poll(2)
    assert world.results[-1]["owed"] == 0
    assert_added_what_lacked(world)


@pytest.mark.parametrize("megabytes", [20, pytest.param(400, marks=pytest.mark.slow)])
def test_a_large_object_of_the_guides_is_read(megabytes: int) -> None:
    world, _ = guided_world("n", runs=2)
    record = {"time": "2026-03-09T10:00:00Z", "operator": "large@example.com", "operation_detail": "x" * 500}
    world.zoom.add(record)
    text = (json.dumps(record) + "n").encode()
    many = text * (2**20 // len(text))
    world.s3.put(guides_name(days_ago(1)), gzip.compress(many) * megabytes)
    world.run()
    world.settle()
    assert_added_what_lacked(world)


@pytest.mark.parametrize("day", ["9999/12/31", "9000/01/01", "0001/01/01"])
def test_a_name_of_the_guides_from_another_age(day: str) -> None:
    world = week_world()
    world.s3.put(f"{PREFIX}{day}/zoom-operationlogs-{uuid.UUID(int=1)}.json.gz", b"spoilt")
    world.timeout_seconds = 60
    world.s3.after = lambda operation, _key: world.clock.advance(0.1)
    world.run()
    world.s3.delete_versions(f"{PREFIX}{day}/zoom-operationlogs-{uuid.UUID(int=1)}.json.gz")
    world.settle()
    assert_exact_of_all(world)


def test_a_name_of_the_guides_from_before_its_time_costs_nothing() -> None:
    world = week_world()
    world.s3.put(f"{PREFIX}1999/12/31/zoom-operationlogs-{uuid.UUID(int=1)}.json.gz", b"spoilt")
    world.poll(3)
    assert [report.incidents for report in world.reports] == [0] * 3
    assert world.report_calls() < 20


def test_the_first_of_all_times_in_an_object_of_the_guides() -> None:
    """The zero time of Go and .NET has no previous day."""
    world = small_archive()
    zero = "0001-01-01T00:00:00Z"
    old = [{"time": zero, "operator": f"{number}@example.com"} for number in range(3)]
    world.s3.put(guides_name(days_ago(1)), gzip.compress("".join(json.dumps(row) + "\n" for row in old).encode()))
    deleted(world)
    world.poll(2)
    row = {"time": zero, "operator": "new@example.com"}
    show_too(world, row)
    world.run({"action": "reconcile"})
    assert sent(world).count(row) == 1
    world.zoom.faults.clear()
    assert_well_after_two_runs(world, exact=False)


def show_too(world: World, *rows: dict[str, Any]) -> None:
    """Make every page show more rows."""

    def more(exchange: faults.Exchange) -> Any:
        answer = exchange.ordinary()
        page = json.loads(answer.body)
        return replace(answer, body=json.dumps(page | {"operation_logs": [*rows, *page["operation_logs"]]}).encode())

    world.zoom.faults.rule = lambda request: more if request.endpoint == "report" else None


@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31", "9999-12-31"])
def test_a_time_far_from_the_window_is_no_date_that_is_owed(day: str) -> None:
    """The archive has a record of that second, so another one is suspicious."""
    world = small_archive()
    for look in range(3):
        show_too(world, {"time": f"{day}T00:00:00Z", "operator": f"{look}@example.com"})
        world.clock.advance(POLL.total_seconds())
        world.run()
        world.zoom.faults.clear()
        assert world.checkpoint() and not world.reports[-1].incidents
    assert_well_after_two_runs(world, exact=False)


@pytest.mark.parametrize("code", ["InvalidObjectState", "AccessDenied"])
@pytest.mark.parametrize("lost", [False, True])
def test_a_state_of_the_guides_that_s3_does_not_give_counts_as_none(
    code: str, lost: bool, caplog: pytest.LogCaptureFixture
) -> None:
    world = small_archive() if lost else week_world()
    world.s3.put(PREFIX + "state.json", guide_state(days_ago(2)))
    deleted(world)

    def forbidden(operation: str, name: str) -> None:
        if (operation, name) == ("get_object", PREFIX + "state.json"):
            raise client_error(operation, 403, code)

    world.s3.before = forbidden
    world.run()
    assert "is ignored: S3 refuses" in caplog.text
    world.s3.delete_versions(PREFIX + "state.json")
    assert_well_after_two_runs(world)


def test_a_long_record_of_the_guides_is_not_parsed_again_with_each_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed, looks = [], []
    whole = legacy.parse_json_at
    monkeypatch.setattr(legacy, "parse_json_at", lambda text, at: (parsed.append(len(text) - at), whole(text, at))[1])
    body = b'{"operation_detail": "' + b"x" * (4 * 2**20)
    with pytest.raises(ValueError, match="Unterminated"):
        list(legacy.read_records(gzip.compress(body, 0), lambda: looks.append(1)))
    assert sum(parsed) < 4 * len(body)
    assert len(looks) > 50


# Objects that are damaged after they were read


@pytest.mark.parametrize("whose", ["ours", "the guide's"])
def test_an_unreadable_second_version_does_not_hold_up_other_dates(whose: str) -> None:
    """The archive's times are read again because of a late row."""
    world = small_archive()
    key = PREFIX + object_name(days_ago(1), 1, OPERATION_LOGS)
    if whose == "the guide's":
        rows = world.zoom.records(days_ago(1), days_ago(1))
        key = guides_name(days_ago(1))
        world.s3.put(key, gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
        deleted(world)
        for version in world.s3.ever_written(PREFIX + object_name(days_ago(1), 1, OPERATION_LOGS)):
            world.s3.delete_versions(version.key)
        world.poll(2)
    world.s3.put(key, b"spoilt")
    version = world.s3.ever_written(key)[-1].version_id
    times = sorted(row["time"] for row in world.zoom.records(days_ago(1), days_ago(1)))
    world.clock.advance(POLL.total_seconds())
    for look in range(3):
        late = {"time": f"{times[0][:17]}{59 - look}Z", "operator": f"late{look}@example.com"}
        world.zoom.add(late, visible_at=world.clock.now())
        today = new_row(world, 0, f"today{look}")
        before = world.s3.body(STATE_KEY)
        with suppress(CollectorError):
            world.run({"action": "reconcile"})
        assert today in sent(world)
        assert world.s3.body(STATE_KEY) != before
        world.clock.advance(POLL.total_seconds())
    world.s3.delete_version(key, version)
    assert_well_after_two_runs(world, exact=whose == "ours")
    assert not multiset(world.zoom.records(days_ago(1), days_ago(0))) - multiset(sent(world))


def test_a_guides_object_that_was_not_absorbed_is_not_read_for_its_times() -> None:
    bucket = World().make_run()._services.archive._bucket
    objects = legacy.LegacyObjects(bucket, PREFIX, OPERATION_LOGS, bucket.deadline)
    world_bucket: Any = bucket._s3
    world_bucket.put(guides_name(days_ago(1)), b"spoilt")
    ledger = legacy.LegacyLedger(days_ago(1), days_ago(0), counts={days_ago(1): fingerprints.FingerprintCounts()})
    assert not objects.tally(days_ago(1), ledger, lambda _, time: time)


# The collector can read back what it writes


@pytest.mark.parametrize("limit", ["PUT_RECORDS", "PUT_BYTES"])
def test_records_that_exceed_one_object_go_into_several(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_object, limit, 20 if limit == "PUT_RECORDS" else 2000)
    monkeypatch.setattr(collector_archive, "MOST_RECORDS", 20 if limit == "PUT_RECORDS" else 10**6)
    world = week_world()
    for _ in range(8):
        world.zoom.add({"time": "2026-03-09T10:00:00Z", "operator": "same@example.com"})
    world.poll(2)
    deleted(world)
    world.poll()
    assert_well_after_two_runs(world)
    for version in world.s3.ever_written(PREFIX):
        records = decode(version.body or b"")
        assert len(records) <= 20 or limit == "PUT_BYTES"
        assert len(gzip.decompress(version.body or b"")) <= 2000 or limit == "PUT_RECORDS"
    assert sum(result["written"] for result in world.results) == len(sent(world)), "each is counted once"


def test_equal_rows_fill_the_batch_as_often_as_they_count() -> None:
    taken = batch.Batch(World().make_run()._services.archive, 3, World().clock.now)
    row = OPERATION_LOGS.row({"time": "2026-03-10T08:00:00Z", "operation_detail": "x" * 50_000})
    taken.take([row] * 100, None, Delivered())
    assert not taken.full
    taken.take([row] * 200, None, Delivered())
    assert taken.full


@given(
    st.lists(st.binary(min_size=1, max_size=40).filter(lambda line: b"\n" not in line), min_size=1, max_size=40),
    st.integers(1, 60),
    st.integers(1, 9),
)
def test_objects_hold_every_line_in_their_order_and_never_too_much(lines: list[bytes], most: int, records: int) -> None:
    missing = [(PendingRecord(line, b"", None, 1), line) for line in lines]
    parts = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archive_object, "PUT_BYTES", most)
        patch.setattr(archive_object, "PUT_RECORDS", records)
        rest = missing
        while rest:
            parts.append(archive_object.first_object(rest))
            rest = rest[len(parts[-1]) :]
    assert [entry for part in parts for entry in part] == missing
    for part in parts:
        assert len(part) <= records
        assert len(part) == 1 or sum(len(line) + 1 for _, line in part) <= most


@pytest.mark.parametrize("seq", [150_000, 10**11, 10**12 - 1])
def test_a_checkpoint_with_too_high_a_number(seq: int) -> None:
    """No run would read the next number."""
    world = small_archive()
    known = world.checkpoint()
    known.delivered.days[days_ago(0)].seq = seq
    world.s3.put(STATE_KEY, encode_checkpoint(known))
    world.clock.advance(POLL.total_seconds())
    new_row(world, 0, "new")
    world.run()
    deleted(world)
    assert_well_after_two_runs(world)


# Time


def test_rows_of_many_dates_end_with_the_runs_time() -> None:
    world = small_archive()
    world.s3.after = lambda operation, key: world.clock.advance(1.5)
    rows = [{"time": f"{1000 + number}-02-01T10:00:00Z", "operator": "x"} for number in range(250)]

    def many(exchange: faults.Exchange) -> Any:
        answer = exchange.ordinary()
        return replace(answer, body=json.dumps({"next_page_token": "", "operation_logs": rows}).encode())

    world.zoom.faults.rule = lambda request: many if request.endpoint == "report" else None
    written = []
    for _ in range(2):
        began = world.clock.now()
        with suppress(CollectorError):
            world.run()
        hold(Promise.DEADLINE, world.clock.now() - began < timedelta(seconds=300), "a run was too long")
        written.append(len([row for row in sent(world) if row in rows]))
        world.clock.advance(POLL.total_seconds())
    assert 0 < written[0] <= written[1], "what was put is kept"
    world.zoom.faults.clear()
    world.s3.after = None
    assert_well_after_two_runs(world, exact=False)


@pytest.mark.parametrize("seconds", [300, 60, 20, 10])
@pytest.mark.parametrize("at", [PREFIX, STATE_KEY])
def test_a_conflict_at_every_write_ends_with_the_runs_time(seconds: float, at: str) -> None:
    world = small_archive()
    world.clock.advance(POLL.total_seconds())
    new_row(world, 0, "new")

    def conflict(operation: str, key: str) -> None:
        world.clock.advance(0.2)
        if operation == "put_object" and key.startswith(at):
            raise client_error(operation, 412, "PreconditionFailed")

    world.s3.before = conflict
    world.timeout_seconds, began = seconds, world.clock.now()
    with pytest.raises(CollectorError, match="a conflict at each write"):
        world.run()
    hold(Promise.DEADLINE, world.clock.now() - began < timedelta(seconds=seconds), "a run was too long")
    world.s3.before, world.timeout_seconds = None, 300
    assert_well_after_two_runs(world)


@pytest.mark.parametrize("rows", [1, 5, 25])
@pytest.mark.parametrize("reader", ["tail", "date sweep"])
def test_a_late_row_of_a_date_that_takes_longer_than_a_run_to_read(reader: str, rows: int) -> None:
    """The form guard reads the date's objects; it must not start again in each run."""
    world = small_archive()
    records = sorted(world.zoom.records(days_ago(1), days_ago(1)), key=lambda row: str(row["time"]))
    for number in range(60):
        row = {
            "time": f"{records[0]['time'][:11]}{9 + number // 10:02d}:{number % 10:02d}:00Z",
            "operator": f"{number}",
        }
        world.zoom.add(row)
        plant(world, days_ago(1), encode([json.dumps(row).encode()]))
    for version in world.s3.ever_written(PREFIX):
        version.metadata.setdefault("record-count", str(len(decode(version.body or b""))))
    deleted(world)
    world.poll(2)
    world.s3.after = lambda operation, key: (
        world.clock.advance(8) if operation == "get_object" and key.endswith(".gz") else None
    )
    for number in range(rows):
        late = {"time": f"{records[0]['time'][:11]}10:{30 + number}:30Z", "operator": "late"}
        world.zoom.add(late, visible_at=world.clock.now())
    for look in range(4):
        world.clock.advance(POLL.total_seconds())
        began, today = world.clock.now(), new_row(world, 0, f"today{look}")
        if reader == "tail" and not look:  # it reads the whole window
            world.s3.put(STATE_KEY, encode_checkpoint(replace(world.checkpoint(), frontier=None)))
        world.run({"action": "reconcile"} if reader == "date sweep" and not look else None)
        hold(Promise.DEADLINE, world.clock.now() - began < timedelta(seconds=300), "a run was too long")
        assert today in sent(world)
    world.assert_exact()
    assert world.results[-1]["owed"] == 0


# An archive that takes several runs to read


def large_archive(objects: int = 45) -> World:
    """Many objects for each date of the window, with one row each."""
    world = World(page_size=30)
    for ago in range(-3, 4):
        world.zoom.add_day(days_ago(ago), objects + 5 * ago, seed=ago + 50)
    for ago in range(1, 4):
        records = world.zoom.records(days_ago(ago), days_ago(ago))
        for at, record in enumerate(records[:-3]):
            world.s3.put_object(
                Bucket=world.s3.bucket,
                Key=PREFIX + object_name(days_ago(ago), at + 1, OPERATION_LOGS),
                Body=encode([json.dumps(record).encode()]),
                Metadata={"record-count": "1"},
            )
    return world


def test_a_lost_checkpoint_is_rebuilt_in_several_runs() -> None:
    world = large_archive()
    objects = len(world.s3.keys(PREFIX))
    reads = 0

    def slow(operation: str, key: str) -> None:
        nonlocal reads
        if operation == "get_object" and key.startswith(PREFIX) and key.endswith(".gz"):
            reads += 1
            world.clock.advance(8)

    world.s3.after = slow
    per_run = []
    for _ in range(objects * 8 // 280 + 2):
        before, began = reads, world.clock.now()
        world.run()
        hold(Promise.DEADLINE, world.clock.now() - began < timedelta(seconds=300), "a run was too long")
        per_run.append(reads - before)
        world.clock.set(began + POLL)
    assert sum(per_run) == objects, per_run
    assert world.results[-1]["ended"] and world.results[-1]["owed"] == 0
    world.settle()
    world.assert_exact()


def test_a_date_found_while_publishing_is_read_in_several_runs() -> None:
    """Zoom's day has records of another date, whose objects no sweep has read."""
    world = World(page_size=30, settings={"lookback_days": 1})
    world.zoom.rules.utc_offset = timedelta(hours=-8)
    for ago in range(8, 11):
        world.zoom.add_day(days_ago(ago), 60, seed=ago)
    for at, record in enumerate(world.zoom.records(days_ago(9), days_ago(9))[:55]):
        day = date.fromisoformat(record["time"][:10])
        world.s3.put_object(
            Bucket=world.s3.bucket,
            Key=PREFIX + object_name(day, at + 1, OPERATION_LOGS),
            Body=encode([json.dumps(record).encode()]),
            Metadata={"record-count": "1"},
        )
    deleted(world)
    world.s3.after = lambda operation, key: world.clock.advance(8) if operation == "get_object" else None
    for _ in range(8):
        began = world.clock.now()
        world.run()
        hold(Promise.DEADLINE, world.clock.now() - began < timedelta(seconds=300), "a run was too long")
        world.clock.set(began + POLL)
    world.s3.after = None
    world.poll(6)  # an empty date is swept again an hour later
    hold(Promise.MISSING, world.results[-1]["owed"] == 0, "dates are still owed")
    assert_none(Promise.MISSING, multiset(world.zoom.records(days_ago(9), days_ago(9))) - multiset(world.archive()))
    world.assert_none_repeated()


# Any bytes

ANY_BODY = st.one_of(
    st.binary(max_size=200),
    st.binary(max_size=200).map(gzip.compress),
    st.binary(max_size=200).map(lambda tail: gzip.compress(b"{}\n" + tail + b"\n")),
    st.recursive(
        st.none() | st.floats() | st.text(max_size=5) | st.integers(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=5,
    ).map(lambda value: gzip.compress(json.dumps({"operator": value}).encode() + b"\n")),
)
FEW = settings(max_examples=15, deadline=None)


def assert_harmless(world: World, key: str, body: bytes) -> None:
    """Plant it where a run without a checkpoint reads it: the run ends well or with a message, in time."""
    world.s3.put(key, body)
    deleted(world)
    for _ in range(2):
        world.clock.advance(POLL.total_seconds())
        began = world.clock.now()
        with suppress(CollectorError):
            world.run()
        assert world.clock.now() - began < timedelta(seconds=world.timeout_seconds)
    world.s3.delete_versions(key)
    for _ in range(2):
        world.clock.advance(POLL.total_seconds())
        world.run()
    assert_exact_of_all(world)
    assert world.results[-1]["owed"] == 0


def small_archive(report: Report = OPERATION_LOGS) -> World:
    world = World(page_size=30, settings={"lookback_days": 1}, report=report)
    for ago in range(-1, 3):
        world.zoom.add_day(days_ago(ago), 8, seed=ago + 50)
    world.poll(2)
    return world


@FEW
@given(st.sampled_from((OPERATION_LOGS, ACTIVITIES)), ANY_BODY)
def test_any_bytes_as_an_object_of_ours(report: Report, body: bytes) -> None:
    assert_harmless(small_archive(report), report.prefix + object_name(days_ago(1), 2, report), body)


@FEW
@given(ANY_BODY)
def test_any_bytes_as_an_object_of_the_guides(body: bytes) -> None:
    assert_harmless(small_archive(), guides_name(days_ago(1)), body)


@pytest.mark.slow
@FEW
@given(
    st.one_of(
        st.binary(max_size=200),
        st.builds(lambda value: json.dumps({"cursor_date": value}).encode(), st.text(max_size=9) | st.dates().map(str)),
        st.just(b"[" * 10**5),
        st.just(b'{"cursor_date": ' * 10**5),
    )
)
def test_any_bytes_as_the_guides_state(body: bytes) -> None:
    world = small_archive()
    world.s3.put(PREFIX + "state.json", body)
    deleted(world)
    for _ in range(2):
        world.clock.advance(POLL.total_seconds())
        with suppress(CollectorError):
            world.run()
    world.s3.delete_versions(PREFIX + "state.json")
    for _ in range(2):
        world.clock.advance(POLL.total_seconds())
        world.run()
    assert_exact_of_all(world)


NAMES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.from_regex(r"\d{4}/\d{2}/\d{2}/zoom-operationlogs-\d{8}-\d{6,}\.json\.gz", fullmatch=True),
    st.from_regex(r"2026/03/(09|10)/zoom-operationlogs-202603(09|10)-\d{6,9}\.json\.gz", fullmatch=True),
    st.from_regex(
        r"\d{4}/\d{2}/\d{2}/zoom-operationlogs-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.json\.gz", fullmatch=True
    ),
)


@pytest.mark.slow
@FEW
@given(NAMES.filter(lambda name: len(name.encode()) < 1000), st.sampled_from([b"", b"spoilt", gzip.compress(b"{}\n")]))
def test_any_name_under_the_prefix(name: str, body: bytes) -> None:
    world = small_archive()
    if PREFIX + name not in world.s3.keys(PREFIX):
        assert_harmless(world, PREFIX + name, body)


def test_the_guides_state_is_read_only_up_to_its_limit() -> None:
    world = week_world()
    world.s3.put(PREFIX + "state.json", b" " * 2**20 + guide_state(days_ago(40)))
    world.run()
    assert world.checkpoint().settled_from > days_ago(10)


@pytest.mark.parametrize(
    "start", [b"x" * 200, b'{"schema": 3, "x": [' + b"[]," * 10**6 + b"[]]}\n", b'{"schema": 3}\n']
)
def test_only_the_first_line_of_a_garbage_checkpoint_is_read(start: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is within the limit, but would exceed the function's memory."""
    world = week_world()
    world.poll(2)
    get, read = world.s3.get_object, 0

    class Garbage:
        def read(self, size: int) -> bytes:
            nonlocal read
            piece = start[read : read + size] or b"x" * size
            read += len(piece)
            return piece

        def close(self) -> None: ...

    def garbage(**request: Any) -> Any:
        answer = get(**request)
        if request["Key"] == STATE_KEY and len(world.results) == 2:
            answer |= {"ContentLength": 300 * 2**20, "Body": Garbage()}
        return answer

    monkeypatch.setattr(world.s3, "get_object", garbage)
    parsed: list[int] = []
    monkeypatch.setattr(checkpoint_format, "parse_json", lambda line: (parsed.append(len(line)), json.loads(line))[1])
    world.clock.advance(POLL.total_seconds())
    world.run()
    assert read <= 9 * 2**20
    assert max(parsed, default=0) < 10**6, "it is not parsed, because its seal is missing"
    assert_well_after_two_runs(world)


def test_a_checkpoint_beyond_its_limit_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not even read."""
    world = week_world()
    world.poll(2)
    get = world.s3.get_object

    class Endless:
        def read(self, size: int = -1) -> bytes:
            raise AssertionError("it is read")

        def close(self) -> None: ...

    def huge(**request: Any) -> Any:
        answer = get(**request)
        if request["Key"] == STATE_KEY and len(world.results) == 2:
            answer |= {"ContentLength": 600 * 2**20, "Body": Endless()}
        return answer

    monkeypatch.setattr(world.s3, "get_object", huge)
    assert_well_after_two_runs(world)
