"""Small histories, each for one rule of the protocol; they raise `PromiseBrokenError` if it is broken.

`rules.py` says which rule each proves. Quick tests of this folder are scenarios too.
"""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

import pytest
from standins.s3_memory import client_error
from standins.zoom import faults
from zoom_operationlogs import __version__, archive, archive_object
from zoom_operationlogs.archive_object import decode, object_name
from zoom_operationlogs.checkpoint import PendingSweep
from zoom_operationlogs.checkpoint_format import SCHEMA, encode
from zoom_operationlogs.errors import (
    ChangedFormError,
    CollectorError,
    NewerCheckpointError,
    StorageError,
    UnreadableRowsError,
)
from zoom_operationlogs.event import Request
from zoom_operationlogs.form_evidence import ENOUGH
from zoom_operationlogs.reports import OPERATION_LOGS

from . import (
    test_form,
    test_form_judgement,
    test_overlap,
    test_refusals,
    test_state,
    test_time,
    test_twins,
    test_unreadable,
    test_unreadable_rows,
)
from .meddling import assert_ended_well, killed, overlap
from .test_refusals import TONIGHT, small_world
from .test_state import deleted, feed_reads_and_deletes, guided_world, ours, week_world
from .world import POLL, PREFIX, START, STATE_KEY, Killed, Promise, World, assert_none, days_ago, hold, multiset

FEBRUARY = {"action": "backfill", "from": "2026-02-20", "to": "2026-02-22"}
TOO_OLD = "Daily report can only be provided within 6 months prior to the current date."


def at(moment: datetime, name: str, **fields: Any) -> dict[str, Any]:
    return {"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "operator": f"{name}@example.com", **fields}


def add_february(world: World) -> None:
    for day in range(20, 23):
        world.zoom.add_day(date(2026, 2, day), 30, seed=day)


def assert_february(world: World) -> None:
    world.assert_delivered(date(2026, 2, 20), date(2026, 2, 22))


# Objects


def objects_of_one_run() -> None:
    """A run's output: lines, names, gzip header, metadata."""
    world = small_world()
    world.zoom.add(at(START - timedelta(hours=1), "部署", operation_detail="", action=None))
    world.run()
    world.assert_exact()
    world.zoom.add(at(START, "new"))
    world.clock.advance(POLL.total_seconds())
    world.run()
    text = b""
    for version in world.s3.ever_written(PREFIX):
        body = version.body or b""
        text += gzip.decompress(body)
        hold(Promise.CHANGED, body[4:8] == bytes(4), f"{version.key} has the time at which it was packed")
        moments = [datetime.fromisoformat(record["time"]) for record in decode(body)]
        day = moments[0].date()
        name = f"{PREFIX}{day:%Y/%m/%d}/zoom-operationlogs-{day:%Y%m%d}-"
        hold(Promise.CHANGED, {moment.date() for moment in moments} == {day}, f"{version.key} mixes dates")
        hold(Promise.CHANGED, version.key.startswith(name), f"{version.key} holds records of {day}")
        told = {"first-time": min(moments).isoformat(), "last-time": max(moments).isoformat()}
        said = {name: version.metadata.get(name) for name in told}
        hold(Promise.CHANGED, said == told, f"{version.key} says {said}, and has {told}")
        wrote = version.metadata.get("collector-version")
        hold(Promise.CHANGED, wrote == __version__, f"{version.key} says that {wrote} wrote it")
    hold(Promise.CHANGED, "部署".encode() in text, "a name is not written as Zoom sent it")


def a_line_end_inside_a_record() -> None:
    """A record with a character that `str.splitlines` treats as a line end is read back from the archive."""
    world = small_world()
    world.zoom.add(at(START - timedelta(hours=1), "line", operation_detail="a\u2028b\x85c"))
    world.run()
    deleted(world)
    world.clock.advance(POLL.total_seconds())
    world.run()
    world.assert_exact()


def a_lone_surrogate() -> None:
    """A record has half a character, which UTF-8 cannot encode."""
    world = small_world()
    world.zoom.add(at(START - timedelta(hours=1), "half", operation_detail="x\ud83d"))
    world.run()
    world.assert_exact()


def zooms_days_are_behind() -> None:
    """The records of one of Zoom's days are on two UTC dates."""
    world = small_world()
    world.zoom.rules.utc_offset = timedelta(hours=-8)
    world.settle()
    world.assert_exact()


# Publishing


def lost_checkpoint() -> None:
    test_state.test_a_lost_or_damaged_checkpoint_is_rebuilt_from_the_archive(deleted, feed_deletes=False)


def overlapping_runs() -> None:
    test_overlap.test_started_together(0, 2, feed_deletes=False)
    test_overlap.test_started_together(2, 2, feed_deletes=False)


def overlapping_runs_race_for_one_number() -> None:
    """Two runs that see different rows want the same number."""
    for seed in range(6):
        world = World(page_size=15)
        world.zoom.add_day(days_ago(0), 40, seed=1)
        world.poll()
        world.clock.advance(7200)

        def another(world: World = world) -> None:
            world.zoom.add(at(world.clock.now(), "another"))
            world.run()

        assert_ended_well(*overlap(world, [world.run, another], seed))
        world.settle()
        world.assert_exact()
        names = [version.key for version in world.s3.ever_written(PREFIX)]
        hold(Promise.CHANGED, len(names) == len(set(names)), "an object is written twice")


def a_date_that_no_run_requested() -> None:
    """A row of today's report has a time in January; when it appears again, the checkpoint has forgotten that date."""
    world = small_world()
    world.zoom.add(at(datetime(2026, 1, 5, 12), "january"), at=START)
    world.poll(2)
    world.settle()
    found = [record for record in world.archive() if record["time"].startswith("2026-01-05")]
    assert_none(Promise.REPEATED, multiset(found[1:]))
    hold(Promise.MISSING, found, "the row of January")


def a_write_that_succeeds_without_an_answer() -> None:
    test_refusals.test_s3_fails_once_at_each_call(small_world, test_refusals.timed_out, after=True)


def a_write_that_succeeds_and_answers_503() -> None:
    test_refusals.test_s3_fails_once_at_each_call(small_world, test_refusals.refused(503, "SlowDown"), after=True)


def a_write_that_fails_without_an_answer() -> None:
    test_refusals.test_s3_fails_once_at_each_call(small_world, test_refusals.timed_out, after=False)


def a_feed_that_deletes() -> None:
    test_state.test_deleted_after_every_run(deleted)


def a_copy_under_a_foreign_name() -> None:
    """Somebody has put an object under the prefix, with records that are not delivered yet."""
    world = small_world()
    world.poll()
    late = at(START - timedelta(hours=3), "late")
    key = f"{PREFIX}2026/03/10/zoom-operationlogs-20260310-copy-000007.json.gz"
    world.s3.put(key, gzip.compress(json.dumps(late).encode() + b"\n", mtime=0))
    world.zoom.add(late)
    deleted(world)
    world.clock.advance(POLL.total_seconds())
    world.run()
    world.s3.delete_versions(key)
    world.assert_exact()


def an_object_that_does_not_decode() -> None:
    """It is damaged, and repaired before the next run: meanwhile none of its date's records may count as missing."""
    world = small_world()
    world.poll()
    key = world.s3.keys(PREFIX)[-1]
    [good] = [version for version in world.s3.ever_written(PREFIX) if version.key == key]
    body, good.body = good.body, b"spoilt"
    deleted(world)
    with suppress(StorageError):
        world.run()
    good.body = body
    world.clock.advance(POLL.total_seconds())
    world.settle()
    world.assert_exact()


def an_object_that_cannot_be_read() -> None:
    """It is there for some runs: other dates continue, and its own date has all records after it is removed."""
    world = small_world()
    world.poll(2)
    key = test_unreadable.plant(world, days_ago(1), b"spoilt")
    late = test_unreadable.new_row(world, 1, "yesterday")
    for _ in range(3):
        new = test_unreadable.new_row(world, 0, f"today-{world.clock.now()}")
        test_unreadable.failing_run(world)
        assert_none(Promise.MISSING, multiset([new]) - multiset(test_unreadable.sent(world)))
        assert_none(Promise.REPEATED, multiset([late]) & multiset(test_unreadable.sent(world)))
    world.s3.delete_versions(key)
    test_unreadable.assert_well_after_two_runs(world)


def an_archive_that_takes_several_runs_to_read() -> None:
    """The checkpoint is lost, and S3 is slow."""
    world = test_unreadable.large_archive()
    world.s3.after = lambda operation, key: (
        world.clock.advance(8) if operation == "get_object" and key.endswith(".gz") else None
    )
    for _ in range(8):
        began = world.clock.now()
        world.run()
        world.clock.set(began + POLL)
    world.assert_exact()


def an_object_damaged_after_it_was_read() -> None:
    """It gets a second version, and rows of its date come late: the form guard reads the archive's times again."""
    world = small_world()
    world.poll(2)
    world.s3.put(PREFIX + object_name(days_ago(1), 1, OPERATION_LOGS), b"spoilt")
    world.s3.put(STATE_KEY, encode(replace(world.checkpoint(), frontier=None)))  # the tail reads the whole window
    first = min(record["time"] for record in world.zoom.records(days_ago(1), days_ago(1)))
    for number in range(ENOUGH):
        late = {"time": f"{first[:17]}59Z", "operator": f"late{number}@example.com"}
        world.zoom.add(late, visible_at=world.clock.now())
    new = test_unreadable.new_row(world, 0, "today")
    test_unreadable.failing_run(world)
    assert_none(Promise.MISSING, multiset([new]) - multiset(test_unreadable.sent(world)))


def more_records_than_one_object_may_hold() -> None:
    """The checkpoint is lost afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archive_object, "PUT_RECORDS", 20)
        patch.setattr(archive, "MOST_RECORDS", 20)
        world = small_world()
        world.poll(2)
        deleted(world)
        new = test_unreadable.new_row(world, 1, "new")
        test_unreadable.plant(world, days_ago(0), b"spoilt")
        test_unreadable.failing_run(world)
    assert_none(Promise.MISSING, multiset([new]) - multiset(test_unreadable.sent(world)))


def a_checkpoint_with_too_high_a_number() -> None:
    """The next object has a number that no run reads, which shows after the checkpoint is lost."""
    world = small_world()
    world.poll(2)
    known = world.checkpoint()
    known.delivered.days[days_ago(0)].seq = 10**11
    world.s3.put(STATE_KEY, encode(known))
    test_unreadable.new_row(world, 0, "first")
    world.poll()
    deleted(world)
    new = test_unreadable.new_row(world, 0, "second")
    test_unreadable.plant(world, days_ago(1), b"spoilt")
    test_unreadable.failing_run(world)
    assert_none(Promise.MISSING, multiset([new]) - multiset(test_unreadable.sent(world)))


def rows_of_many_dates() -> None:
    """S3 is slow, and each date costs a listing and a put."""
    world = small_world()
    world.poll()
    world.s3.after = lambda operation, key: world.clock.advance(1.5)
    test_unreadable.show_too(world, *({"time": f"{1000 + number}-02-01T10:00:00Z"} for number in range(250)))
    began = world.clock.now()
    with suppress(CollectorError):
        world.run()
    took = (world.clock.now() - began).total_seconds()
    hold(Promise.DEADLINE, took < world.timeout_seconds, f"a run took {took:.0f} s of {world.timeout_seconds:.0f}")


def a_conflict_at_every_write() -> None:
    """S3 answers each time that another run was first."""
    world = small_world()
    world.poll()
    world.clock.advance(POLL.total_seconds())
    test_unreadable.new_row(world, 0, "new")

    def conflict(operation: str, key: str) -> None:
        world.clock.advance(0.2)
        if operation == "put_object":
            raise client_error(operation, 412, "PreconditionFailed")

    world.s3.before, world.timeout_seconds, began = conflict, 10, world.clock.now()
    with suppress(CollectorError):
        world.run()
    took = (world.clock.now() - began).total_seconds()
    hold(Promise.DEADLINE, took < world.timeout_seconds, f"a run took {took:.0f} s of {world.timeout_seconds:.0f}")


def a_run_that_ends_while_rows_wait() -> None:
    """Ten rows of a date are reworded: they wait for its sweep's end. The run saves after each page, and is killed."""
    world = World(page_size=20, timeout_seconds=900, settings={"lookback_days": 1})
    world.zoom.add_day(days_ago(1), 100, seed=1)
    world.zoom.add_day(days_ago(0), 5, seed=2)
    world.poll(2)
    newest_first = sorted((record["time"] for record in world.zoom.records(days_ago(1), days_ago(1))), reverse=True)
    world.zoom.rewrite(
        lambda record: test_form.reworded(record) if newest_first[34] < record["time"] <= newest_first[24] else record
    )
    pages = 0

    def slow(exchange: faults.Exchange) -> Any:
        nonlocal pages
        pages += 1
        if pages == 5:
            raise Killed
        world.clock.advance(70)
        return exchange.ordinary()

    world.zoom.faults.rule = lambda request: (
        slow if request.query.get("from") == request.query.get("to") == f"{days_ago(1)}" else None
    )
    world.clock.advance(POLL.total_seconds())
    with suppress(Killed):
        world.run({"action": "reconcile"})
    assert pages == 5
    world.zoom.faults.clear()
    world.poll(2)
    assert_none(Promise.MISSING, multiset(world.zoom.records(days_ago(1), days_ago(1))) - multiset(world.archive()))


# Identity


def fields_in_another_order() -> None:
    """Zoom changes the order of a record's fields between two answers."""
    world = World(page_size=20, settings={"lookback_days": 1})  # too few for a change of form
    for ago in range(3):
        world.zoom.add_day(days_ago(ago), 6, seed=ago + 9)

    def turned(exchange: faults.Exchange) -> Any:
        answer = exchange.ordinary()
        page = json.loads(answer.body)
        page["operation_logs"] = [dict(reversed(row.items())) for row in page["operation_logs"]]
        return replace(answer, body=json.dumps(page).encode())

    world.poll(2)
    world.zoom.faults.rule = lambda request: turned if request.query.get("page_size") else None
    deleted(world)
    world.poll(2)
    world.assert_exact()


def a_field_that_zoom_adds() -> None:
    world = test_form.collected(records=5)  # too few for a change of form
    before = len(world.archive())
    world.zoom.rewrite(lambda record: {**record, "id": 1})
    world.s3.delete_versions(STATE_KEY)
    world.settle()
    again = len(world.archive()) - before
    hold(Promise.REPEATED, again <= 0, f"{again} records, such as one with another field")


def rows_that_differ_in_another_field() -> None:
    world = small_world()
    world.poll()
    for number in range(2):
        world.zoom.add(at(world.clock.now(), "same") | {"id": number})
    world.settle()
    world.assert_exact()


def every_record_reworded() -> None:
    """The runs fail, and publish nothing again."""
    world = test_form.collected()
    before = len(world.archive())
    world.zoom.rewrite(lambda record: {**record, "operation_detail": "other words"})
    for _ in range(60):
        world.clock.advance(900)
        with suppress(ChangedFormError):
            world.run()
    again = len(world.archive()) - before
    hold(Promise.REPEATED, again <= 0, f"{again} records, such as a reworded one")


def a_reworded_date_with_a_late_row() -> None:
    """An accept has published it, and the checkpoint is lost."""
    world = test_form.collected()
    world.zoom.rewrite(lambda record: {**record, "operation_detail": "other words"})
    world.zoom.add(at(world.clock.now() - timedelta(hours=15, seconds=7), "late"))
    test_form_judgement.runs(world, 2)
    today = world.clock.now().date()
    world.clock.advance(3700)
    test_form_judgement.runs(world, 1, {"action": "accept", "from": f"{today - timedelta(days=1)}", "to": f"{today}"})
    before = len(world.archive())
    world.s3.delete_versions(STATE_KEY)
    test_form_judgement.runs(world, 5)
    again = len(world.archive()) - before
    hold(Promise.REPEATED, again <= 0, f"{again} records, such as a reworded one")


def quiet_dates_reworded() -> None:
    world = test_form_judgement.quiet(8, 10, 3)
    before = len(world.archive())
    world.zoom.rewrite(lambda record: {**record, "operation_detail": "other words"})
    test_form_judgement.runs(world, 30)
    again = len(world.archive()) - before
    hold(Promise.REPEATED, again <= 0, f"{again} records, such as a reworded one")


def an_accept_in_two_saves() -> None:
    """A page boundary, with a save, is within a second that has four late rows."""
    world, second = test_form_judgement.cut_second(17)
    world.clock.advance(3700)
    world.zoom.on_page = lambda _page: world.clock.advance(70)
    test_form_judgement.runs(world, 1, {"action": "accept", "from": f"{days_ago(1)}", "to": f"{days_ago(1)}"})
    world.zoom.on_page = None
    test_form_judgement.runs(world, 12)
    found = sum(record["time"] == second for record in world.archive())
    hold(Promise.MISSING, found >= 5, f"{5 - found} records, such as a late one")
    hold(Promise.REPEATED, found <= 5, f"{found - 5} records, such as a reworded one")


def twins_apart_on_an_old_date() -> None:
    """Zoom shows one of them half a minute further down, and a page ends between them."""
    world = World(page_size=20, settings={"lookback_days": 1, "start_date": days_ago(3)})
    noon = datetime.combine(days_ago(3), datetime.min.time(), UTC) + timedelta(hours=12)
    for number in range(600):
        moment = noon - timedelta(seconds=10 * number)
        world.zoom.add(at(moment, f"{number}"), visible_at=START)
        if number % 7 == 0:
            world.zoom.add(at(moment, f"{number}"), visible_at=START, at=moment - timedelta(seconds=35))
    world.poll(4)
    world.assert_exact()


def every_record_reworded_and_accepted() -> None:
    """One record came too late to be archived in its old form."""
    world = test_form.collected()
    before = len(world.archive())
    world.zoom.rewrite(lambda record: {**record, "operation_detail": "other words"})
    world.zoom.add(at(world.clock.now() - timedelta(hours=15, seconds=7), "late"))
    for _ in range(2):
        world.clock.advance(900)
        with suppress(ChangedFormError):
            world.run()
    today = world.clock.now().date()
    world.clock.advance(3700)
    world.run({"action": "accept", "from": f"{today - timedelta(days=1)}", "to": f"{today}"})
    found = len(world.archive()) - before
    hold(Promise.MISSING, found >= 1, f"{1 - found} records, such as the late one")
    hold(Promise.REPEATED, found <= 1, f"{found - 1} records, such as a reworded one")


def twins() -> None:
    test_twins.test_among_others_of_the_same_second("newest")


def twins_in_no_order() -> None:
    """Zoom shows its rows in no order; pages of 20 separate the twins, and pages of 19 do not."""
    world = World(page_size=20, settings={"lookback_days": 1})
    world.zoom.rules.order = "shuffled"
    world.zoom.add_day(days_ago(1), 60, seed=3)
    twin = at(START - timedelta(hours=33), "twin")
    for number in range(23):
        world.zoom.add(at(START - timedelta(hours=32, seconds=number), "filler"))
    world.zoom.add(twin)
    world.zoom.add(twin)
    world.poll(2)
    world.clock.set(START + timedelta(hours=12, minutes=1))
    world.poll()
    world.assert_exact()


def rows_that_move_down() -> None:
    """New rows between two pages push others down, which then show on both."""
    world = small_world()

    def arrive(page: int) -> None:
        if page <= 3:
            world.zoom.add(at(world.clock.now(), f"arrival {world.report_calls()}"))

    world.zoom.on_page = arrive
    world.poll(2)
    world.zoom.on_page = None
    world.settle()
    world.assert_exact()


def records_without_a_time() -> None:
    """One of them is among yesterday's records."""
    world = small_world()
    world.zoom.add({"operator": "timeless@example.com"}, at=START - timedelta(days=1))
    world.poll(2)
    world.settle()
    world.assert_exact()


# The tail


def zooms_days_are_ahead() -> None:
    """It is already tomorrow in the time zone of Zoom's days: current records are in the report of tomorrow."""
    world = small_world()
    world.zoom.rules.utc_offset = timedelta(hours=9)
    world.clock.set(START + timedelta(hours=10))
    world.poll(2)
    world.zoom.add(at(world.clock.now(), "tomorrow's"))
    world.poll()
    world.assert_exact()


def tomorrow_refused() -> None:
    world = small_world()
    world.zoom.rules.tomorrow = "refuse"
    world.poll(2)
    world.clock.advance(7200)
    world.poll()
    world.assert_exact()


def world_of_thirty() -> World:
    """Three pages of half a minute each, read twice."""
    world = World(page_size=10)
    for number in range(30):
        world.zoom.add(at(START - timedelta(minutes=5) + timedelta(seconds=number), str(number)))
    return world


def a_late_row_below_a_page_of_old_ones() -> None:
    """Page one shows nothing new, and a row that is ten minutes late is on page four."""
    world = world_of_thirty()
    world.poll(2)
    world.zoom.add(at(START - timedelta(minutes=10), "late"))
    world.poll()
    world.assert_exact()


def a_row_of_the_future() -> None:
    """One row has a time in the future; a row that appears later is below a page of newer ones."""
    world = World(page_size=10)
    world.zoom.add(at(START + timedelta(hours=3), "future"), visible_at=START)
    for number in range(30):
        world.zoom.add(at(START + timedelta(minutes=10, seconds=number), str(number)))
    world.poll(2)
    world.zoom.add(at(START + timedelta(minutes=5), "late"))
    world.poll()
    world.assert_exact()


def a_page_with_no_rows() -> None:
    """The tail's first page is empty, and has a page token."""
    world = small_world()
    world.poll(2)
    world.zoom.add(at(world.clock.now(), "new"))
    world.zoom.faults.next(faults.short_page(0))
    world.poll()
    world.assert_exact()


def no_frontier_and_few_calls_left() -> None:
    """On the first run no owed date is swept, because other apps have used up most of Zoom's calls."""
    world = small_world()
    world.zoom.rules.calls_per_day = 1000
    world.zoom.spend_calls(800)
    world.poll()
    world.assert_exact()


def rows_in_no_order() -> None:
    """Page one shows some of the new rows and ends with an old one; the other new rows are below."""
    world = small_world()
    world.zoom.rules.order = "shuffled"
    world.poll(2)
    world.clock.advance(3600)
    for number in range(15):
        world.zoom.add(at(world.clock.now() - timedelta(seconds=number), f"new {number}"))
    world.poll()
    world.assert_exact()


def rows_shift_in_a_long_window() -> None:
    """New rows between two pages do not count as disorder, for which the tail would read the whole window."""
    world = small_world()
    world.zoom.add_day(days_ago(1), 300, seed=5)
    world.poll(2)
    for number in range(30):
        world.zoom.add(at(world.clock.now() - timedelta(seconds=number), f"burst {number}"))

    def arrive(page: int) -> None:
        for number in range(3 * (page == 1)):
            world.zoom.add(at(world.clock.now(), f"between {number}"))

    world.zoom.on_page = arrive
    calls = world.report_calls()
    world.poll()
    calls = world.report_calls() - calls
    hold(Promise.COST, calls <= 5, f"{calls} pages for 33 new rows")


def a_burst_that_no_run_reads_to_its_end() -> None:
    """The tail stops at the deadline, and its page token is too old for the next run."""
    world = small_world(reconcile_hours=24)
    world.poll(2)
    world.clock.advance(7200)
    for number in range(200):
        world.zoom.add(at(world.clock.now() - timedelta(seconds=30 * number), f"burst {number}"))
    world.network.latency, world.timeout_seconds = 10, 60
    world.poll()
    world.network.latency, world.timeout_seconds = 0, 300
    world.poll(2, every=timedelta(minutes=40))
    world.assert_exact()


def a_tail_whose_page_token_repeats() -> None:
    """A tail reads only its first pages; the next one must read the rest."""
    world = test_time.world_of_a_week(records=300)
    world.poll(2)
    world.clock.advance(6 * 3600)
    now = world.clock.now()
    world.zoom.faults.at(2, faults.repeated_page_token)
    world.poll(2)
    world.assert_delivered(now.date(), now.date())
    assert [result["ended"] for result in world.results[-2:]] == [False, True]


def page_tokens_that_repeat_for_ever() -> None:
    world = small_world()
    world.network.latency = 1
    world.zoom.faults.rule = lambda _request: faults.repeated_page_token
    world.poll(2)
    hold(Promise.COST, world.report_calls() < 30, f"{world.report_calls()} calls that lead nowhere")


# Dates: owed, settled, reconciled


def a_row_on_yesterdays_second_page() -> None:
    """It comes hours late: the next reconcile reads the date to its end."""
    world = small_world()
    world.poll(2)
    world.zoom.add(at(START - timedelta(hours=31), "late"))
    world.settle()
    world.assert_exact()


def a_date_owed_in_the_future_by_another_clock() -> None:
    """Another run with another clock owed it; Zoom no longer has it."""
    world = small_world()
    world.poll()
    known = world.checkpoint()
    known.owed[days_ago(200)] = PendingSweep(world.clock.now() + timedelta(hours=9), 12)
    world.s3.put(STATE_KEY, encode(known))
    world.poll()
    before = world.report_calls()
    world.poll(2)
    hold(Promise.COST, world.report_calls() - before == 2, f"{world.report_calls() - before} calls in two runs")


def an_outage() -> None:
    world = week_world()
    for ahead in range(4, 9):
        world.zoom.add_day(days_ago(-ahead), 25, seed=ahead + 1000)
    world.poll(2)
    world.clock.advance(8 * 86400)
    world.poll(3)
    world.assert_exact()


def a_row_as_late_as_the_window_is_long() -> None:
    """When it appears, its date has nearly left the window."""
    world = week_world()
    late = START.replace(hour=23, minute=50)
    world.zoom.add(at(late, "late"), visible_at=late + timedelta(hours=71))
    world.poll(2)
    world.poll(20, every=timedelta(hours=5))
    world.assert_exact()


def a_row_two_days_late() -> None:
    """It is in the archive after midnight, when the whole window is owed, not only when its date leaves the window."""
    world = week_world()
    late = START.replace(hour=12)
    world.zoom.add(at(late, "late"), visible_at=late + timedelta(hours=50))
    world.poll(2)
    world.poll(13, every=timedelta(hours=5))
    world.assert_exact()


def a_row_that_appears_behind_a_sweep() -> None:
    """A sweep of yesterday begins before midnight and ends after it; a row appears on pages that it has read."""
    world = World(page_size=20, timeout_seconds=120, settings={"lookback_days": 1})
    world.zoom.rules.page_token = "snapshot"
    world.zoom.add_day(days_ago(1), 300, seed=1)
    world.clock.set(START.replace(hour=23, minute=35))
    world.poll(2)
    world.clock.set(START.replace(hour=23, minute=55))
    world.network.latency = 10
    world.run({"action": "backfill", "from": "2026-03-09", "to": "2026-03-09"})
    assert world.checkpoint().sweeps.keys() == {"2026-03-09"}
    world.zoom.add(at(START.replace(day=9, hour=23, minute=59, second=50), "late"), visible_at=world.clock.now())
    world.network.latency = 0
    world.clock.set(START.replace(day=11, hour=0, minute=2))
    world.poll(4)
    world.assert_exact()


def a_start_date() -> None:
    world = small_world(start_date=days_ago(8))
    world.zoom.add_day(days_ago(8), 30, seed=80)
    world.poll(2)
    world.assert_exact()


def a_start_date_of_last_year() -> None:
    """Zoom keeps six months: earlier dates are not requested."""
    world = small_world(start_date=days_ago(260))
    world.poll(2)
    refused = [call for call in world.zoom.calls_to("report") if call.status == 400]
    hold(Promise.COST, not refused, f"{len(refused)} calls for dates that Zoom no longer has")


def a_backfill() -> None:
    world = small_world()
    world.poll(2)
    add_february(world)
    world.run(FEBRUARY)
    world.settle()
    assert_february(world)


def a_row_of_the_morning() -> None:
    """It is hours late, and in the archive after the reconcile of the same day."""
    world = small_world()
    world.page_size = 5
    world.zoom.add(at(START + timedelta(hours=1), "late"), visible_at=START + timedelta(hours=5))
    world.poll(2)
    world.poll(7, every=timedelta(hours=2))
    assert world.clock.now().date() == START.date()
    world.assert_exact()


def a_date_that_zoom_calls_too_old() -> None:
    """It is requested only once."""
    world = small_world()
    world.poll(2)
    old = str(days_ago(160))
    refused = faults.answer(400, {"code": 300, "message": TOO_OLD})
    world.zoom.faults.rule = lambda request: refused if request.query.get("from") == old else None
    world.run({"action": "backfill", "from": old, "to": old})
    world.poll(4)
    asked = [call for call in world.zoom.calls_to("report") if call.query["from"] == old]
    hold(Promise.COST, len(asked) == 1, f"{len(asked)} calls for a date that Zoom no longer has")


def a_refused_date_before_others() -> None:
    """A refusal of one date does not hold up older ones."""
    world = small_world()
    world.poll(2)
    first, refused_day, last = days_ago(162), days_ago(161), days_ago(160)
    for day in (first, last):
        world.zoom.add_day(day, 30, seed=day.day)
    refused = faults.answer(400, {"code": 300, "message": TOO_OLD})
    world.zoom.faults.rule = lambda request: refused if request.query.get("from") == str(refused_day) else None
    world.run({"action": "backfill", "from": str(first), "to": str(last)})
    world.assert_delivered(first, last)


# A run: its time, its saves, its failures


def the_newest_of_many_owed_dates() -> None:
    """One run is too short for all of them: the newest are first."""
    world = small_world(start_date=days_ago(30))
    for ago in range(3, 31):
        world.zoom.add_day(days_ago(ago), 10, seed=ago)
    world.network.latency, world.timeout_seconds = 5, 120
    world.poll()
    assert world.results[-1]["owed"] > 10
    world.assert_delivered(days_ago(5), days_ago(0))


@contextmanager
def in_time(world: World) -> Iterator[None]:
    """Raise `PromiseBrokenError` if the block's run takes longer than Lambda allows."""
    began = world.clock.now()
    yield
    took = (world.clock.now() - began).total_seconds()
    hold(Promise.DEADLINE, took < world.timeout_seconds, f"a run took {took:.0f} of {world.timeout_seconds:.0f} s")


def zoom_falls_silent() -> None:
    """Zoom stops answering 90 seconds into a run; the HTTP timeout is longer than the run's remaining time."""
    world = World(page_size=20, timeout_seconds=100)
    world.zoom.add_day(days_ago(0), 900, seed=1)
    world.network.latency = 10
    began = world.clock.now()
    world.zoom.faults.rule = lambda _request: faults.hang if world.clock.now() - began > timedelta(seconds=65) else None
    with in_time(world):
        world.run()


def a_limit_longer_than_the_run() -> None:
    """Zoom requires a wait of ten minutes: the run saves and ends."""
    world = small_world()
    world.zoom.faults.next(faults.answer(429, {"code": 429, "message": "limit"}, {"Retry-After": "600"}))
    with in_time(world):
        world.run()
    hold(Promise.COST, world.checkpoint().not_before, "the checkpoint does not say until when Zoom must not be called")


def s3_takes_its_time() -> None:
    """The run must publish and save after the last page, with two seconds for each call."""
    world = World(page_size=20, timeout_seconds=100)
    for ago in range(3):
        world.zoom.add_day(days_ago(ago), 400, seed=ago)
    world.network.latency = 3
    world.s3.before = lambda operation, _key: world.clock.advance(2) if operation == "put_object" else None
    with in_time(world):
        world.run()


def rows_of_half_a_megabyte() -> None:
    """More than one batch: they are published while others are read."""
    world = World(page_size=300, settings={"lookback_days": 1})
    for number in range(26):
        detail = f"{number:08}" * 62_500
        world.zoom.add(at(START - timedelta(seconds=number), str(number), operation_detail=detail))
    world.zoom.rules.most_rows = 2
    world.run()
    most = max(len(gzip.decompress(version.body or b"")) for version in world.s3.ever_written(PREFIX))
    hold(Promise.COST, most < 10 * 2**20, f"{most >> 20} MB held in memory for one object")


def every_run_is_killed_before_its_end() -> None:
    """A day takes many minutes to read: each minute's work is kept, even if no run finishes."""
    world = World(page_size=20, settings={"lookback_days": 1})
    world.zoom.add_day(days_ago(0), 800, seed=1)
    world.zoom.add_day(days_ago(1), 800, seed=1)
    oldest = world.zoom.records(days_ago(0), days_ago(0))[:40]
    world.network.latency = 20
    for _ in range(12):
        with killed(world, 20), suppress(Killed):
            world.run()
        world.clock.advance(300)
    assert_none(Promise.MISSING, multiset(oldest) - multiset(world.archive()))


def killed_in_a_large_day() -> None:
    """A date before the window takes many minutes: the run saves each minute, and is killed at any call."""
    for call in count(1):
        world = World(page_size=20, settings={"lookback_days": 1, "start_date": days_ago(3)})
        world.zoom.add_day(days_ago(3), 100, seed=1)
        world.network.latency = 28
        with killed(world, call) as killer, suppress(Killed):
            world.run()
        if killer.calls < call:
            return
        world.clock.advance(60)
        world.network.latency = 0
        world.run()
        world.settle()
        world.assert_exact()


def a_race_for_the_checkpoint() -> None:
    """A backfill stays owed if Zoom refuses its run, which then loses the race for the checkpoint."""
    for seed in range(6):
        world = test_overlap.busy_world()
        world.poll(2)
        add_february(world)
        world.zoom.faults.next(faults.daily_limit, times=2)
        assert_ended_well(*overlap(world, [lambda world=world: world.run(FEBRUARY), world.run], seed))
        world.zoom.faults.clear()
        world.clock.advance(POLL.total_seconds())
        world.settle()
        assert_february(world)


class FirstPut:
    """S3 for one run: `instead` gets the first write under a prefix."""

    def __init__(self, world: World, prefix: str, instead: Callable[[Callable[[], Any]], Any]) -> None:
        self._s3, self._prefix, self._instead, self._met = world.s3, prefix, instead, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)

    def put_object(self, **request: Any) -> Any:
        put = partial(self._s3.put_object, **request)
        if self._met or not request["Key"].startswith(self._prefix):
            return put()
        self._met = True
        return self._instead(put)


def another_run_saves_first() -> None:
    """While one run works, another run reads and saves new rows: the next run has little to do."""
    world = small_world()
    world.poll(2)
    world.clock.advance(1800)
    world.zoom.add(at(world.clock.now(), "first"))

    def later(put: Callable[[], Any]) -> Any:
        for number in range(100):
            world.zoom.add(at(world.clock.now() - timedelta(seconds=number), f"burst {number}"))
        world.clock.advance(3600)
        world.zoom.add(at(world.clock.now(), "new"))
        world.run()
        return put()

    world.run(s3=FirstPut(world, STATE_KEY, later))
    gets, pages = world.s3.calls["get_object"], world.report_calls()
    world.run()
    gets, pages = world.s3.calls["get_object"] - gets, world.report_calls() - pages
    hold(Promise.COST, gets == 1, f"{gets} objects read by a run that had only the checkpoint to read")
    hold(Promise.COST, pages == 1, f"{pages} pages read by a run for which one was enough")


def another_run_meets_the_daily_limit() -> None:
    """It saves first: the other run must keep the time until which Zoom must not be called."""
    world = small_world()
    world.poll(2)
    world.zoom.add(at(world.clock.now(), "new"))

    def later(put: Callable[[], Any]) -> Any:
        world.zoom.faults.next(faults.daily_limit)
        world.run()
        return put()

    world.run(s3=FirstPut(world, STATE_KEY, later))
    calls = len(world.zoom.calls)
    world.clock.advance(POLL.total_seconds())
    world.run()
    hold(Promise.COST, len(world.zoom.calls) == calls, "Zoom is called although its daily limit is reached")


def a_backfill_that_cannot_be_saved() -> None:
    """S3 refuses the checkpoint: the run must not answer that the dates are owed."""
    world = small_world()
    world.poll(2)
    add_february(world)
    world.zoom.faults.next(faults.daily_limit)
    answer = None

    def deny(operation: str, key: str) -> None:
        if (operation, key) == ("put_object", STATE_KEY):
            raise client_error(operation, 403, "AccessDenied")

    world.s3.before = deny
    with suppress(StorageError):
        answer = world.run(FEBRUARY)
    world.s3.before = None
    world.settle()
    if answer:
        assert_february(world)


def zoom_fails_in_the_middle() -> None:
    """The rows read before are published, and the run fails."""
    world = small_world()
    for late in range(3, 43):
        world.zoom.faults.at(late, faults.server_error(500))
    raised = False
    try:
        world.run()
    except CollectorError:
        raised = True
    newest = world.zoom.records(days_ago(1))[-2 * world.page_size :]
    assert_none(Promise.MISSING, multiset(newest) - multiset(world.archive()))
    hold(Promise.SILENT, raised, "the run ends as if Zoom had answered")


def a_day_too_large_for_one_run() -> None:
    """Resumed by its page token, its sweep ends within a few runs."""
    world = World(page_size=20, settings={"lookback_days": 1})
    world.zoom.add_day(days_ago(1), 900, seed=1)
    world.network.latency = 10
    world.poll(5)
    world.assert_exact()


def a_page_token_that_is_too_old() -> None:
    """The collector does not send a page token that Zoom no longer accepts."""
    world = World(page_size=20)
    world.zoom.add_day(days_ago(1), 900, seed=1)
    world.network.latency = 10
    world.poll(2, every=timedelta(minutes=40))
    refused = [call for call in world.zoom.calls_to("report") if call.status == 400]
    hold(Promise.COST, not refused, f"{len(refused)} calls with a page token that is too old")


def page_tokens_that_expire_at_once() -> None:
    """A sweep starts again once in a run, not forever."""
    world = small_world()
    world.network.latency = 1
    world.zoom.faults.rule = lambda request: faults.expired_page_token if "next_page_token" in request.query else None
    world.run()
    hold(Promise.COST, world.report_calls() < 20, f"{world.report_calls()} calls that lead nowhere")


def under_a_quarter_of_the_days_calls() -> None:
    """The remaining calls are for the tail, and for the account's other apps."""
    world = small_world()
    world.poll(2)
    world.zoom.rules.calls_per_day = 1000
    world.zoom.spend_calls(800)
    world.poll()
    calls = world.report_calls()
    world.run({"action": "reconcile"})
    calls = world.report_calls() - calls
    hold(Promise.COST, calls == 1, f"{calls} calls of the few that remain")


def an_idle_poll() -> None:
    """It reads the checkpoint and one page."""
    world = small_world()
    world.poll(2)
    world.clock.set(START.replace(hour=10))
    world.poll(2)
    s3, report = world.s3.calls.total(), world.report_calls()
    world.clock.advance(60)
    world.run()
    s3, report = world.s3.calls.total() - s3, world.report_calls() - report
    hold(Promise.COST, s3 <= 1, f"{s3} calls to S3")
    hold(Promise.COST, report <= 1, f"{report} calls to Zoom")


# The checkpoint


def an_answer_without_a_listing() -> None:
    """The checkpoint is lost after an outage, and S3 answers the listing of the archive with an empty document."""
    world = small_world()
    world.poll()
    world.clock.advance(5 * 86400)
    for ago in range(-4, 0):
        world.zoom.add_day(days_ago(ago), 20, seed=ago + 70)
    deleted(world)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.s3, "paginate", lambda **_: iter([{}]))
        with suppress(CollectorError):
            world.run()
    world.settle()
    world.assert_exact()


def lost_after_an_outage() -> None:
    test_state.test_a_checkpoint_lost_after_an_outage_owes_every_date()


def a_bit_flipped_in_the_checkpoint() -> None:
    """In a fingerprint: its record would count as not delivered."""
    world = small_world()
    world.poll(2)
    spoilt = bytearray(world.s3.body(STATE_KEY))
    spoilt[-20] ^= 1
    world.s3.put(STATE_KEY, bytes(spoilt))
    world.poll(2)
    world.settle()
    world.assert_exact()


def a_checkpoint_of_a_newer_collector() -> None:
    """It has owed dates; the older collector leaves it unchanged, and the newer one continues from it."""
    world = small_world()
    world.poll(2)
    add_february(world)
    world.zoom.faults.next(faults.daily_limit)
    world.run(FEBRUARY)
    change_schema(world, SCHEMA + 1)
    world.clock.set(TONIGHT + timedelta(hours=1))
    with suppress(NewerCheckpointError):
        world.run()
    change_schema(world, SCHEMA)
    world.settle()
    assert_february(world)


def change_schema(world: World, schema: int) -> None:
    header, _, blobs = world.s3.body(STATE_KEY).partition(b"\n")
    world.s3.put(STATE_KEY, json.dumps({**json.loads(header), "schema": schema}).encode() + b"\n" + blobs)


# The feed deletes


def overlapping_runs_while_the_feed_deletes() -> None:
    for seed in range(3, 8):
        test_state.test_deleted_while_runs_overlap(seed, lost=False, runs=3)


def a_run_that_stalls_at_its_put() -> None:
    """It has the lease; meanwhile another run starts, the feed deletes, and after its put the first run is killed."""
    world = week_world(feed_deletes=True)
    world.poll()
    feed_reads_and_deletes(world)
    world.clock.advance(7200)
    world.zoom.add_day(world.clock.now().date(), 50, seed=1)

    def stall(put: Callable[[], Any]) -> Any:
        world.clock.advance(200)
        world.run()
        feed_reads_and_deletes(world)
        put()
        raise Killed

    with suppress(Killed):
        world.run(s3=FirstPut(world, PREFIX, stall))
    world.clock.advance(3600)
    world.settle()
    world.assert_exact()


def neither_versions_nor_checkpoint() -> None:
    """Without versions and checkpoint the window is sent again, and the log says so."""
    world = week_world(feed_deletes=True)
    world.s3.versioned = False
    world.poll(2)
    feed_reads_and_deletes(world)
    world.s3.put(STATE_KEY, b"spoilt")
    world.clock.advance(POLL.total_seconds())
    with logged(logging.WARNING) as lines:
        world.run()
    said = [line for line in lines if "no usable checkpoint" in line]
    hold(Promise.SILENT, said, "the window is delivered again, and no warning says so")


@contextmanager
def logged(level: int) -> Iterator[list[str]]:
    """Yield everything that is logged from a level on."""
    lines: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    kept, root = Kept(level), logging.getLogger()
    before = root.level
    root.addHandler(kept)
    root.setLevel(level)
    try:
        yield lines
    finally:
        root.removeHandler(kept)
        root.setLevel(before)


# The guide's objects


def what_the_guide_left() -> None:
    test_state.test_the_guides_objects_count_as_delivered("n")


def what_the_guide_wrote_the_next_morning() -> None:
    """An evening's records are only in the objects of the next morning."""
    world, _ = guided_world("n", runs=3, every=timedelta(hours=9))
    world.poll()
    world.settle()
    test_state.assert_added_what_lacked(world)


def a_twin_of_what_the_guide_left() -> None:
    """The guide's Lambda wrote a record into several objects, and then an identical record came."""
    world, _ = guided_world("n")
    twin = world.zoom.records(days_ago(1), days_ago(1))[3]
    world.zoom.add(twin)
    world.poll()
    world.settle()
    key = json.dumps(twin, sort_keys=True)
    there = multiset(world.zoom.records(days_ago(1), days_ago(1)))[key]
    sent = ours(world)[key]
    hold(Promise.MISSING, sent >= there - 1, f"{key} is sent {sent} times")
    hold(Promise.REPEATED, sent <= there - 1, f"{key} is sent {sent} times")


def the_guides_objects_are_read_once() -> None:
    """Also when a new date appears, whose records they may hold."""
    world, _ = guided_world("n")
    world.poll(2)
    gets = world.s3.calls["get_object"]
    world.clock.set(TONIGHT + timedelta(minutes=1))
    world.poll()
    gets = world.s3.calls["get_object"] - gets
    hold(Promise.COST, gets == 1, f"{gets} objects read by a run that had only the checkpoint to read")


def an_object_of_the_guides_that_cannot_be_read() -> None:
    """It was written two days ago, so it cannot hold records of today."""
    world, _ = guided_world("n", runs=2)
    today = world.clock.now().date()
    world.s3.put(test_unreadable.guides_name(today - timedelta(days=2)), b"spoilt")
    with suppress(StorageError):
        world.run()
    hold(Promise.MISSING, ours(world), "no record of today")


def the_guides_cursor() -> None:
    world = week_world()
    world.clock.set(START + timedelta(days=2))
    world.s3.put(PREFIX + "state.json", test_state.guide_state(days_ago(5)))
    world.poll(3)
    world.s3.delete_versions(PREFIX + "state.json")
    world.assert_delivered(days_ago(5), days_ago(-2))


# Being refused


def the_daily_limit() -> None:
    """Zoom says when its limit ends."""
    world = small_world()
    world.zoom.faults.next(faults.daily_limit)
    world.poll()
    calls = len(world.zoom.calls)
    world.poll(3)
    calls = len(world.zoom.calls) - calls
    hold(Promise.COST, not calls, f"{calls} calls to Zoom before its limit ends")


def the_daily_limit_without_a_time() -> None:
    """Zoom names the daily limit, but not when it ends."""
    world = small_world()
    world.zoom.rules.rate_headers = "category"
    world.zoom.faults.next(faults.answer(429, {"code": 429, "message": "You have reached the daily limit."}))
    world.poll()
    calls = len(world.zoom.calls)
    world.poll(3)
    calls = len(world.zoom.calls) - calls
    hold(Promise.COST, not calls, f"{calls} calls to Zoom before its limit ends")


def the_per_second_limit() -> None:
    """The run waits for the limit's end, and is complete."""
    world = small_world()
    world.zoom.faults.next(faults.per_second_limit)
    world.run()
    world.assert_exact()


def a_limit_until_next_year() -> None:
    """Zoom's limits end at midnight, whatever the answer says."""
    world = small_world()
    far = faults.answer(429, {"code": 429, "message": "limit"}, {"Retry-After": "2027-01-01T00:00:00Z"})
    world.zoom.faults.next(far)
    world.poll(2)
    world.clock.set(TONIGHT + timedelta(minutes=11))
    world.settle()
    world.assert_exact()


def an_access_token_that_is_never_accepted() -> None:
    world = small_world()
    for late in range(1, 41):
        world.zoom.faults.at(late, faults.invalid_access_token)
    with suppress(CollectorError):
        world.run()
    calls = len(world.zoom.calls_to("token"))
    hold(Promise.COST, calls == 2, f"{calls} access tokens for one request")


def a_list_that_is_null() -> None:
    """The tail gets null instead of its second page."""
    world = small_world()
    world.poll(2)
    world.clock.advance(3600)
    for number in range(50):
        world.zoom.add(at(world.clock.now() - timedelta(seconds=number), f"burst {number}"))
    world.zoom.faults.at(2, faults.null_list)
    world.run()
    world.assert_exact()


def a_row_that_cannot_be_read() -> None:
    """Each page of the report has one, for hours."""
    world = small_world()
    test_unreadable_rows.shows(world, b'{"time": NaN}')
    said = 0
    for _ in range(8):
        try:
            world.run()
        except UnreadableRowsError:
            said += 1
        world.clock.advance(POLL.total_seconds())
    world.assert_exact()
    hold(Promise.SILENT, said == 8, f"{8 - said} of 8 runs end as if every row had been collected")


def a_sign_in_refused_in_unknown_words() -> None:
    """It must not count as a refusal of the dates, after which others would be tried."""
    world = small_world()
    world.zoom.faults.next(faults.answer(400, {"code": 300, "message": "Something new."}), times=9, to="token")
    with suppress(CollectorError):
        world.make_run().execute(Request())
    signed_in = len(world.zoom.calls_to("token"))
    hold(Promise.COST, signed_in == 1, f"{signed_in} sign-ins for one refusal")


def a_proxy_in_the_way() -> None:
    """Its page must not count as a refusal of the dates, after which others would be tried."""
    world = small_world()
    blocked = faults.answer(400, b"<html>Blocked</html>", {"Content-Type": "text/html"})
    world.zoom.faults.next(blocked, times=9)
    with suppress(CollectorError):
        world.make_run().execute(Request())
    hold(Promise.COST, world.report_calls() == 1, f"{world.report_calls()} calls that a proxy blocks")


def a_missing_scope() -> None:
    """Only an administrator can fix it, and must be notified."""
    world = small_world()
    with test_refusals.changed(world, {"scopes": ()}, credentials=False):
        raised = False
        try:
            world.run()
        except CollectorError:
            raised = True
    hold(Promise.SILENT, raised, "the run ends as if all were well")


def everything_a_run_leaves() -> None:
    """Its log down to DEBUG, and every object with its metadata."""
    world = small_world()
    with logged(logging.DEBUG) as lines:
        world.run()
    secrets = [world.zoom.account.client_secret, world.warm.access_token]
    assert all(secrets)
    for line in lines:
        hold(Promise.SECRET, not any(secret in line for secret in secrets), "a line of the log holds a secret")
    for version in world.s3.ever_written():
        body = version.body or b""
        text = (gzip.decompress(body) if version.key.startswith(PREFIX) else body).decode(errors="replace")
        held = any(secret in f"{text}{version.metadata}" for secret in secrets)
        hold(Promise.SECRET, not held, f"{version.key} holds a secret")
