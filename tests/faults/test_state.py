"""The checkpoint is a cache: lost, damaged, foreign or too new; and the archive, with a feed that deletes, or with the
objects of the written guide's Lambda."""

from __future__ import annotations

import gzip
import io
import json
import random
import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from standins.s3_memory import client_error
from zoom_operationlogs.archive_object import OBJECT_NAME
from zoom_operationlogs.checkpoint_format import SCHEMA, decode
from zoom_operationlogs.errors import NewerCheckpointError, StorageError
from zoom_operationlogs.fingerprints import FingerprintCounts
from zoom_operationlogs.legacy import LegacyLedger
from zoom_operationlogs.reports import OPERATION_LOGS, Report

from .meddling import assert_ended_well, at_each_call, killed, overlap
from .world import POLL, PREFIX, STATE_KEY, Killed, Promise, World, assert_none, days_ago, multiset


def week_world(report: Report = OPERATION_LOGS, **settings: Any) -> World:
    world = World(page_size=30, settings=settings, report=report)
    for ago in range(-3, 6):
        world.zoom.add_day(days_ago(ago), 40, seed=ago + 50, twins=0.05)
    return world


# The checkpoint


def deleted(world: World) -> None:
    world.s3.delete_versions(world.state_key)


def marked_as_deleted(world: World) -> None:
    world.s3.delete(STATE_KEY)


def truncated(world: World) -> None:
    world.s3.put(STATE_KEY, world.s3.body(STATE_KEY)[:-7])


def without_blobs(world: World) -> None:
    world.s3.put(STATE_KEY, world.s3.body(STATE_KEY).partition(b"\n")[0])


def half_a_header(world: World) -> None:
    world.s3.put(STATE_KEY, world.s3.body(STATE_KEY)[:100])


def empty(world: World) -> None:
    world.s3.put(STATE_KEY, b"")


def garbage(world: World) -> None:
    world.s3.put(STATE_KEY, random.Random(1).randbytes(5000))


def json_of_another(world: World) -> None:
    world.s3.put(STATE_KEY, b'{"schema": "one"}')


def a_list(world: World) -> None:
    world.s3.put(STATE_KEY, b"[]")


def header_without_fields(world: World) -> None:
    world.s3.put(STATE_KEY, b'{"schema": 1}')


def guides_state(world: World) -> None:
    world.s3.put(STATE_KEY, guide_state(days_ago(3)))


def guide_state(cursor: date) -> bytes:
    state = {"cursor_date": cursor.isoformat(), "next_page_token": None, "updated_at": "2026-03-09T23:59:01.123456Z"}
    return json.dumps(state).encode()


SPOILT = [
    deleted,
    marked_as_deleted,
    truncated,
    without_blobs,
    half_a_header,
    empty,
    garbage,
    json_of_another,
    a_list,
    header_without_fields,
    guides_state,
]


@pytest.mark.slow
@pytest.mark.parametrize("feed_deletes", [False, True])
@pytest.mark.parametrize("spoil", SPOILT)
def test_a_lost_or_damaged_checkpoint_is_rebuilt_from_the_archive(
    spoil: Callable[[World], None], feed_deletes: bool
) -> None:
    world = week_world(feed_deletes=feed_deletes)
    world.poll(3)
    before = len(world.archive())
    world.clock.advance(3600)
    spoil(world)
    result = world.run()
    world.assert_exact()
    assert result["written"] == len(world.archive()) - before
    spoil(world)
    world.settle()
    world.assert_exact()


@pytest.mark.slow
def test_a_flipped_bit_anywhere_loses_and_repeats_nothing() -> None:
    world = week_world()
    world.poll(3)
    good = world.s3.body(STATE_KEY)
    header = good.index(b"\n")
    dice = random.Random(7)
    places = [dice.randrange(header) for _ in range(60)] + [dice.randrange(header, len(good)) for _ in range(15)]
    for place in places:
        spoilt = bytearray(good)
        spoilt[place] ^= 1 << dice.randrange(7)
        world.s3.put(STATE_KEY, bytes(spoilt))
        try:
            world.run()
        except NewerCheckpointError:
            world.s3.put(STATE_KEY, good)  # the flip made the schema a higher number
        repeated = world.difference()[1]
        assert not repeated, f"bit flipped at {place}: {bytes(spoilt[place - 20 : place + 20])!r}"
        world.clock.advance(600)
    world.s3.put(STATE_KEY, good)
    world.settle()
    world.assert_exact()


def test_a_checkpoint_lost_after_an_outage_owes_every_date() -> None:
    world = week_world()
    for ahead in range(4, 12):
        world.zoom.add_day(days_ago(-ahead), 25, seed=ahead + 500)
    world.poll(2)
    world.clock.advance(10 * 86400)
    deleted(world)
    world.poll(4)
    assert world.results[-1]["owed"] == 0
    world.settle()
    world.assert_exact()


@pytest.mark.parametrize("times", range(1, 6))
def test_a_checkpoint_lost_repeatedly(times: int) -> None:
    world = week_world()
    for _ in range(times):
        world.poll()
        deleted(world)
    world.settle()
    world.assert_exact()


def test_an_older_checkpoint_is_restored() -> None:
    """Somebody restores a version from days ago: what it lacks is read."""
    world = week_world()
    world.poll(2)
    old = world.s3.body(STATE_KEY)
    world.clock.advance(2 * 86400)
    world.poll(3)
    world.s3.put(STATE_KEY, old)
    world.poll(2)
    world.settle()
    world.assert_exact()


def test_a_newer_collectors_checkpoint_is_refused_and_nothing_is_written() -> None:
    world = week_world()
    world.poll(2)
    header, _, blobs = world.s3.body(STATE_KEY).partition(b"\n")
    newer = json.dumps({**json.loads(header), "schema": SCHEMA + 1}).encode() + b"\n" + blobs
    world.s3.put(STATE_KEY, newer)
    world.clock.advance(7200)
    versions, calls = len(world.s3.ever_written()), len(world.zoom.calls)
    with pytest.raises(NewerCheckpointError, match=r"newer collector.*deploy that version again, or delete"):
        world.run()
    assert len(world.s3.ever_written()) == versions
    assert len(world.zoom.calls) == calls
    assert world.s3.body(STATE_KEY) == newer
    deleted(world)
    world.settle()
    world.assert_exact()


# The feed deletes what it has read


def feed_reads_and_deletes(world: World) -> None:
    for key in world.s3.keys(PREFIX):
        world.s3.delete(key)


@pytest.mark.parametrize("spoil", [None, deleted, garbage])
def test_deleted_after_every_run(spoil: Callable[[World], None] | None) -> None:
    world = week_world(feed_deletes=True)
    for _ in range(8):
        world.poll()
        feed_reads_and_deletes(world)
        if spoil:
            spoil(world)
    world.settle()
    world.assert_exact()


@pytest.mark.parametrize("feed_deletes", [True, False], ids=["told", "not told"])
def test_deleted_between_any_two_calls(feed_deletes: bool) -> None:
    """Without FEED_DELETES, single runs are just as exact."""
    world = week_world(feed_deletes=feed_deletes)
    with at_each_call(world, lambda: feed_reads_and_deletes(world)):
        world.poll(4)
        world.zoom.add_day(world.clock.now().date(), 50, seed=1)
        world.settle()
    world.assert_exact()


def test_deleted_in_the_middle_of_a_large_day() -> None:
    world = World(page_size=20, timeout_seconds=120, settings={"feed_deletes": True, "lookback_days": 1})
    world.zoom.add_day(days_ago(1), 600, seed=1)
    world.network.latency = 10
    with at_each_call(world, lambda: feed_reads_and_deletes(world)):
        world.poll(3)
        world.poll(2, every=timedelta(minutes=40))
        deleted(world)
        world.poll(2)
    world.network.latency = 0
    world.settle()
    world.assert_exact()


@pytest.mark.slow
@pytest.mark.parametrize("runs", [2, 3])
@pytest.mark.parametrize("lost", [False, True], ids=["", "checkpoint lost"])
@pytest.mark.parametrize("seed", range(8))
def test_deleted_while_runs_overlap(seed: int, lost: bool, runs: int) -> None:
    world = week_world(feed_deletes=True)
    if seed % 2:
        world.poll(2)
        feed_reads_and_deletes(world)
    if lost:
        deleted(world)
    world.zoom.add_day(world.clock.now().date(), 50, seed=seed + 100)

    def feed() -> None:
        for _ in range(10):
            world.s3.get_paginator("list_object_versions")
            list(world.s3.paginate(Bucket=world.s3.bucket, Prefix=PREFIX))  # takes its turn among the runs
            feed_reads_and_deletes(world)

    assert_ended_well(*overlap(world, [world.run] * runs + [feed], seed))
    if lost:
        deleted(world)
    world.settle()
    world.assert_exact()


@pytest.mark.slow
@pytest.mark.parametrize("lost", [False, True], ids=["", "checkpoint lost"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_deleted_while_runs_are_killed(after: bool, lost: bool) -> None:
    for at in count(1):
        world = week_world(feed_deletes=True)
        world.poll()
        feed_reads_and_deletes(world)
        world.zoom.add_day(world.clock.now().date(), 50, seed=at)
        with killed(world, at, after=after) as killer, suppress(Killed):
            world.run({"action": "reconcile"})
        if killer.calls < at:
            break
        feed_reads_and_deletes(world)
        if lost:
            deleted(world)
        world.clock.advance(POLL.total_seconds())
        world.settle()
        world.assert_exact()
    assert at > 10


def test_without_versions_and_checkpoint_the_window_is_sent_again_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nothing shows what was delivered: records are repeated rather than lost, with a warning."""
    world = week_world(feed_deletes=True)
    world.s3.versioned = False
    world.poll(2)
    first = multiset(world.archive())
    feed_reads_and_deletes(world)
    assert not world.archive()
    world.s3.put(STATE_KEY, b"spoilt")
    world.clock.advance(POLL.total_seconds())
    world.run()
    assert not first - multiset(world.archive()), "the whole window was delivered again"
    assert any(record.levelname == "WARNING" and "no usable checkpoint" in record.message for record in caplog.records)


# Other objects under the prefix


def test_foreign_keys_are_ignored() -> None:
    world = week_world()
    foreign = {
        "": b"",
        "README.txt": b"hello",
        "2026/03/10/": b"",
        "2026/03/10/zoom-operationlogs-20260310-abc.json.gz": b"no number",
        "2026/03/10/zoom-operationlogs-20260310-000001.json.gz.tmp": b"another ending",
        "2026/03/10/zoom-operationlogs-20260310-000001.json": b"{}",
        "2026/03/10/zoom-operationlogs-not-a-uuid.json.gz": b"{}",
        "2026/03/10/other-20260310-000001.json.gz": b"another name",
        "x/2026/03/10/zoom-operationlogs-20260310-000001.json.gz": b"deeper",
    }
    for name, body in foreign.items():
        world.s3.put(PREFIX + name, body)
    world.poll(2)
    deleted(world)
    world.poll(2)
    for name, body in foreign.items():
        assert world.s3.body(PREFIX + name) == body
        world.s3.delete_versions(PREFIX + name)
    world.settle()
    world.assert_exact()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"plain text",
        gzip.compress(b'{"time": "2026-03-09T10:00:00Z"}\n')[:-9],
        gzip.compress(b'{"time": "2026-03-09T10:00:00Z"}'),
        gzip.compress(b'{"time": \n'),
        gzip.compress(b"[]\n"),
        gzip.compress(b"\xff\xfe\n"),
        gzip.compress(b'{"time": "2026-03-09T10:00:00Z"}\n') + b"more",
    ],
    ids=["empty", "plain text", "cut off", "no line end", "no JSON", "no object", "no UTF-8", "more after the end"],
)
def test_an_object_of_ours_that_does_not_decode_is_an_error(body: bytes) -> None:
    world = week_world()
    world.poll()
    key = world.s3.keys(PREFIX)[0]
    good = world.s3.body(key)
    world.s3.delete_versions(key)
    world.s3.put(key, body)
    deleted(world)
    with pytest.raises(StorageError) as failure:
        world.run()
    assert key in str(failure.value)
    asked = r"delete its version v\d+ permanently, as a role of bucket\.break_glass_arns\.$"
    assert re.search(asked, str(failure.value))
    world.s3.delete_versions(key)
    world.s3.put_object(
        Bucket=world.s3.bucket, Key=key, Body=good, Metadata={"record-count": str(gzip.decompress(good).count(b"\n"))}
    )
    world.settle()
    world.assert_exact()


# Objects of the written guide's Lambda


GUIDES_PAGE = 12


class GuidesLambda:
    """Writes as the guide's loop does: one object a page, the whole day at each run, dated by the clock."""

    def __init__(self, world: World, glue: str) -> None:
        self._world, self._glue = world, glue
        self._names = random.Random(3)
        self.cursor = world.clock.now().date()

    def run(self) -> None:
        now = self._world.clock.now()
        records = list(reversed(self._world.zoom.records(self.cursor, self.cursor)))
        for at in range(0, len(records), GUIDES_PAGE):
            self.write(records[at : at + GUIDES_PAGE], now)
        if self.cursor < now.date():
            self.cursor += timedelta(days=1)
        self._world.s3.put(PREFIX + "state.json", guide_state(self.cursor))

    def write(self, records: Iterable[dict[str, Any]], now: datetime) -> None:
        name = uuid.UUID(int=self._names.getrandbits(128), version=4)
        body = io.BytesIO()
        with gzip.GzipFile(fileobj=body, mode="w") as packed:
            for record in records:
                packed.write((json.dumps(record) + self._glue).encode())
        self._world.s3.put(f"{PREFIX}{now:%Y/%m/%d}/zoom-operationlogs-{name}.json.gz", body.getvalue())


def guided_world(glue: str, runs: int = 4, every: timedelta = timedelta(hours=7)) -> tuple[World, GuidesLambda]:
    world = week_world()
    guides = GuidesLambda(world, glue)
    world.clock.set(world.clock.now() - timedelta(days=1))
    guides.cursor = world.clock.now().date()
    for _ in range(runs):
        guides.run()
        world.clock.advance(every.total_seconds())
    return world, guides


def is_ours(key: str) -> bool:
    return bool(OBJECT_NAME.fullmatch(key.removeprefix(PREFIX)))


def guides_objects(world: World) -> list[bytes]:
    written = [v for v in world.s3.ever_written(PREFIX) if v.key.endswith(".gz") and not is_ours(v.key)]
    return [gzip.decompress(version.body or b"") for version in written]


def guides_records(world: World) -> set[str]:
    """Return the records in the guide's objects, each as one line of JSON."""
    found, decoder = set(), json.JSONDecoder()
    for text in map(bytes.decode, guides_objects(world)):
        at = 0
        while at < len(text):
            record, at = decoder.raw_decode(text, at)
            at += 1  # the glue
            found.add(json.dumps(record, sort_keys=True))
    return found


def ours(world: World) -> Counter[str]:
    """Return the records in our own objects."""
    bodies = [version.body or b"" for version in world.s3.ever_written(PREFIX) if is_ours(version.key)]
    return multiset([json.loads(line) for body in bodies for line in gzip.decompress(body).split(b"\n")[:-1]])


def truth(world: World) -> Counter[str]:
    assert world.began
    return multiset(world.zoom.records(world.began.date() - timedelta(days=3)))


def sent_again(world: World) -> set[str]:
    """Return the guide's records that were sent again.

    The second of two identical records may be on the next page, and so in another object.
    """
    there, added = truth(world), ours(world)
    return {record for record in guides_records(world) & added.keys() if added[record] >= there[record]}


def assert_nothing_sent_again(world: World) -> None:
    assert_none(Promise.REPEATED, Counter(sent_again(world)))


def assert_added_what_lacked(world: World) -> None:
    """No record of the guide was sent again, and all others were, as often as they exist."""
    guides = guides_records(world)
    assert guides
    assert_nothing_sent_again(world)
    added, there = (Counter({r: n for r, n in of.items() if r not in guides}) for of in (ours(world), truth(world)))
    assert_none(Promise.MISSING, there - added)
    assert_none(Promise.REPEATED, added - there)


@pytest.mark.parametrize("glue", ["n", "\n"], ids=["the letter n", "line ends"])
def test_the_guides_objects_count_as_delivered(glue: str) -> None:
    world, _ = guided_world(glue)
    world.poll()
    assert world.results[-1]["written"] > 0
    world.settle()
    assert_added_what_lacked(world)


@pytest.mark.parametrize("at_state_key", [False, True])
def test_the_dates_from_the_guides_cursor_on_are_owed(at_state_key: bool) -> None:
    world = week_world()
    world.clock.set(world.clock.now() + timedelta(days=2))
    key = STATE_KEY if at_state_key else PREFIX + "state.json"
    world.s3.put(key, guide_state(days_ago(5)))
    world.began = world.clock.now() - timedelta(days=4)
    world.poll(3)
    assert ours(world) == multiset(world.zoom.records(days_ago(5)))
    if not at_state_key:
        assert world.s3.body(key) == guide_state(days_ago(5)), "the guide's file is left as it is"


@pytest.mark.parametrize("lost", [False, True], ids=["", "checkpoint lost"])
def test_the_guides_objects_are_read_in_more_than_one_run(lost: bool) -> None:
    """Many objects and a slow S3: no record of a date is sent before all objects that may hold it are read."""
    world, _ = guided_world("n", runs=12, every=timedelta(hours=2))
    objects = len(guides_objects(world))
    assert objects > 30
    world.s3.after = lambda operation, _key: world.clock.advance(15) if operation == "get_object" else None
    for run in range(6):
        world.poll()
        assert_nothing_sent_again(world)
        assert run or not world.results[0]["written"], "one run is not enough to read them"
        if lost and run == 1:
            deleted(world)
    assert world.s3.calls["get_object"] >= objects
    world.s3.after = None
    world.settle()
    assert_added_what_lacked(world)


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_time_at_the_end_of_all_times_does_not_stop_the_takeover(time: str) -> None:
    world, _ = guided_world("n", runs=2)
    record = {"time": time, "operator": "zero@example.com"}
    world.zoom.add(record, at=world.clock.now())
    world.poll()
    world.settle()
    assert ours(world)[json.dumps(record, sort_keys=True)] == 1
    assert_added_what_lacked(world)


def test_the_guides_lambda_still_writes_while_the_collector_starts() -> None:
    """Its schedule is disabled too late: its last object counts too."""
    world, guides = guided_world("n", runs=2)
    calls = 0

    def write_once_more() -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            guides.run()

    with at_each_call(world, write_once_more):
        world.poll()
    world.settle()
    assert_added_what_lacked(world)


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_while_it_takes_over_from_the_guide(after: bool) -> None:
    for at in count(1, 2):
        world, _ = guided_world("n", runs=2)
        with killed(world, at, after=after) as killer, suppress(Killed):
            world.run()
        if killer.calls < at:
            break
        world.clock.advance(POLL.total_seconds())
        world.settle()
        assert_added_what_lacked(world)
    assert at > 10


def test_the_advice_about_a_damaged_object_repairs_it() -> None:
    """If the bucket let somebody overwrite an object, all its versions count, including the earlier one."""
    world = week_world()
    world.poll()
    key = world.s3.keys(PREFIX)[0]
    world.s3.put(key, b"spoilt")
    world.s3.delete(key)  # a delete marker hides it, but repairs nothing
    deleted(world)
    with pytest.raises(StorageError) as failure:
        world.run()
    [version] = re.findall(r"version (v\d+) permanently", str(failure.value))
    world.s3.delete_version(key, version)
    world.settle()
    world.assert_exact()


def test_an_object_of_the_guides_that_does_not_decode_is_an_error() -> None:
    world, _ = guided_world("n", runs=2)
    key = f"{PREFIX}2026/03/09/zoom-operationlogs-{uuid.uuid4()}.json.gz"
    world.s3.put(key, gzip.compress(b'{"time": "2026'))
    with pytest.raises(StorageError) as failure:
        world.run()
    assert key in str(failure.value)
    asked = r"delete its version v\d+ permanently, as a role of bucket\.break_glass_arns\.$"
    assert re.search(asked, str(failure.value))
    assert not ours(world)
    world.s3.delete_versions(key)
    world.clock.advance(POLL.total_seconds())
    world.settle()
    assert_added_what_lacked(world)


def adopted_world() -> World:
    """The guide's Lambda stopped six weeks ago, and Zoom is slow."""
    world = World(page_size=30)
    for ago in range(43):
        world.zoom.add_day(days_ago(ago), 60, seed=ago)
    world.s3.put(PREFIX + "state.json", guide_state(days_ago(42)))
    world.network.latency = 8
    return world


@pytest.mark.parametrize("refused", [False, True], ids=["killed", "denied"])
def test_a_first_run_that_cannot_save_forgets_nothing_that_the_guide_left(refused: bool) -> None:
    """Otherwise its published objects would count as everything that is owed."""
    world = adopted_world()

    def no_checkpoint(operation: str, key: str) -> None:
        if (operation, key) == ("put_object", STATE_KEY):
            raise client_error(operation, 403, "AccessDenied") if refused else Killed

    world.s3.before = no_checkpoint
    with pytest.raises(StorageError if refused else Killed):
        world.run()
    assert not ours(world)
    world.s3.before = None
    world.network.latency = 0
    world.poll(3)
    assert ours(world) == multiset(world.zoom.records(days_ago(42)))


@pytest.mark.slow
def test_a_checkpoint_lost_while_dates_of_the_guides_are_owed_owes_them_again() -> None:
    world = adopted_world()
    world.run()
    assert world.results[-1]["owed"] > 5
    deleted(world)
    world.network.latency = 0
    world.clock.advance(POLL.total_seconds())
    world.poll(3)
    assert ours(world) == multiset(world.zoom.records(days_ago(42)))


@pytest.mark.parametrize(
    "name",
    [
        "2026/02/30/zoom-operationlogs-20260230-000001.json.gz",
        f"2026/13/01/zoom-operationlogs-{uuid.UUID(int=7)}.json.gz",
    ],
    ids=["ours", "the guide's"],
)
def test_a_name_with_no_date_of_the_calendar_is_foreign(name: str) -> None:
    world = week_world()
    world.s3.put(PREFIX + name, b"foreign")
    world.poll(2)
    deleted(world)
    world.poll(2)
    world.s3.delete_versions(PREFIX + name)
    world.settle()
    world.assert_exact()


def test_an_object_deleted_permanently_while_a_run_reads_it_fails_only_that_run() -> None:
    world = week_world()
    world.poll(2)
    deleted(world)

    def gone(operation: str, key: str) -> None:
        if operation == "get_object" and key.endswith(".gz"):
            world.s3.before = None
            world.s3.delete_versions(key)

    world.s3.before = gone
    with pytest.raises(StorageError, match="was deleted permanently while a run read it"):
        world.run()
    world.clock.advance(POLL.total_seconds())
    world.settle()
    world.assert_exact()


def test_a_lease_lasts_as_long_as_the_run_however_long_the_archive_took_to_read() -> None:
    world = week_world(feed_deletes=True)
    world.s3.before = lambda operation, key: (
        world.clock.advance(100) if (operation, key) == ("list_object_versions", PREFIX) else None
    )
    ends = world.clock.now() + timedelta(seconds=world.timeout_seconds)
    world.run()
    taken = decode(world.s3.ever_written(STATE_KEY)[0].body or b"").lease
    assert taken and taken.until > ends


def test_another_run_comes_first_while_the_guides_objects_are_taken_over() -> None:
    """What each of two runs has read of them counts for both."""
    world = World(page_size=30, settings={"start_date": days_ago(12)})
    for ago in range(13):
        world.zoom.add_day(days_ago(ago), 60, seed=ago)
        body = b"\n".join(json.dumps(record).encode() for record in world.zoom.records(days_ago(ago), days_ago(ago)))
        name = f"{days_ago(ago):%Y/%m/%d}/zoom-operationlogs-{uuid.UUID(int=ago)}.json.gz"
        world.s3.put(PREFIX + name, gzip.compress(body))
    delivered = guides_records(world)
    world.network.latency = 8

    class SavesLater:
        """Another run has done its work before this client's first save."""

        late = False

        def __getattr__(self, name: str) -> Any:
            return getattr(world.s3, name)

        def put_object(self, **request: Any) -> Any:
            if request["Key"] == STATE_KEY and not self.late:
                self.late = True
                world.timeout_seconds = 130
                world.run()
                world.timeout_seconds = 300
            return world.s3.put_object(**request)

    world.run(s3=SavesLater())
    world.network.latency = 0
    world.poll(3)
    assert not delivered & ours(world).keys()


@pytest.mark.parametrize("newer", ["mine", "theirs", "neither"])
def test_ledgers_of_the_guides_objects_are_merged(newer: str) -> None:
    first, second = (bytes([n]) * 16 for n in (1, 2))
    day = days_ago(1)
    ledgers = {
        "mine": LegacyLedger(day, day, {first}, {day: FingerprintCounts(first * 2)}),
        "theirs": LegacyLedger(day, day, {second}, {day: FingerprintCounts(first + second)}),
    }
    if newer != "neither":
        ledgers[newer].absorbed |= {first, second}
    both = ledgers["mine"].merge(ledgers["theirs"])
    assert both.absorbed == {first, second}
    if newer == "neither":
        assert (both.counts[day].count(first), both.counts[day].count(second)) == (2, 1)
    else:
        assert both is ledgers[newer]
