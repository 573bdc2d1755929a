"""The differences that `zoomlogs verify` finds, and what it does not report as one."""

from __future__ import annotations

import gzip
import random
from dataclasses import replace
from datetime import date, timedelta

import pytest
from standins.zoom import faults
from zoom_operationlogs.agenda import MOST_STALLS
from zoom_operationlogs.archive_object import OBJECT_NAME, encode
from zoom_operationlogs.dates import retention_start
from zoom_operationlogs.records import line
from zoom_operationlogs.reports import REPORTS
from zoomlogs.errors import CommandError
from zoomlogs.verify.comparison import Accepted, Kind
from zoomlogs.verify.repair import event, wanted
from zoomlogs.verify.verifier import due_before, longest_pause

from .world import PREFIX, START, STATE_KEY, State, Verified, collected, days_ago, guide_object

YESTERDAY = days_ago(1)


def counts(result) -> tuple[int, int, int, int]:
    return result.in_zoom, result.in_archive, result.missing, result.repeated


# --- what it finds ---------------------------------------------------------------------------------------------------


def test_a_collected_day_is_equal():
    result = collected().day()
    assert (result.state, *counts(result)) == (State.EQUAL, 100, 100, 0, 0)
    assert (result.not_due, result.note, result.differences) == (0, "", ())


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_one_deleted_and_one_doubled_record(report):
    world = collected(report=report)
    lost, doubled = world.lose(40), world.double(60)
    result = world.day()
    assert (result.state, *counts(result)) == (State.DIFFERENT, 100, 100, 1, 1)
    assert [(each.kind, each.count, each.record) for each in result.differences] == [
        (Kind.MISSING, 1, lost),
        (Kind.REPEATED, 1, doubled),
    ]


def test_a_record_that_zoom_never_had():
    world = collected()
    [key] = world.objects()
    alien = {"time": f"{YESTERDAY}T12:00:00Z", "operator": "nobody"}
    world.rewrite(key, [*world.records(key), alien])
    result = world.day()
    assert counts(result) == (100, 101, 0, 1)
    assert [each.record for each in result.differences] == [alien]


@pytest.mark.parametrize("ours", range(1, 13))
def test_one_missing_among_twins_wherever_a_page_ends(ours):
    world = Verified(page_size=5)
    twin = {"time": f"{YESTERDAY}T12:00:00Z", "operator": "twin"}
    for number in range(ours):
        world.zoom.add({"time": f"{YESTERDAY}T12:00:01Z", "operator": f"{number}"})
    for _ in range(3):
        world.zoom.add(twin)
    for number in range(7):
        world.zoom.add({"time": f"{YESTERDAY}T11:00:00Z", "operator": f"{number}"})
    world.poll(3)
    assert world.day().state is State.EQUAL
    [key, *_] = [key for key in world.objects() if twin in world.records(key)]
    records = world.records(key)
    records.remove(twin)
    world.rewrite(key, records)
    result = world.day()
    assert counts(result) == (ours + 10, ours + 9, 1, 0)
    assert [(each.count, each.record) for each in result.differences] == [(1, twin)]


def test_twins_are_no_repeats():
    world = collected(600, twins=0.3, page_size=30)
    world.poll(3)
    assert world.day().state is State.EQUAL


def test_a_day_without_records_on_both_sides():
    world = collected(days=0)
    result = world.day()
    assert (result.state, *counts(result)) == (State.EQUAL, 0, 0, 0, 0)


def test_late_are_those_written_more_than_a_day_after_their_time():
    world = collected()  # at nine; everything of two and three days ago is late, of yesterday what was before nine
    expected = sum(record["time"] < f"{YESTERDAY}T09:00:00Z" for record in world.zoom.records(YESTERDAY, YESTERDAY))
    assert 0 < world.day().late == expected < 100
    assert world.day(days_ago(2)).late == 100
    assert world.day(days_ago(0)).late == 0
    assert world.day(days_ago(2)).state is State.EQUAL


def test_several_dates_are_read_newest_first_and_shown_in_order():
    world = collected()
    before = len(world.zoom.calls_to("report"))
    found, stopped = world.verify(days_ago(3), days_ago(2), YESTERDAY)
    assert [result.date for result in found] == [days_ago(3), days_ago(2), YESTERDAY]
    assert not stopped
    asked = [call.query["from"] for call in world.zoom.calls_to("report")[before:]]
    assert list(dict.fromkeys(asked))[-5:] == [str(days_ago(ago)) for ago in (1, 2, 0, 3, 4)]


# --- versions, the guide's objects, odd objects ----------------------------------------------------------------------


def test_what_the_feed_deleted_counts():
    world = collected(settings={"feed_deletes": True})
    for key in world.objects():
        world.s3.delete(key)
    assert not world.objects()
    assert world.day().state is State.EQUAL


def test_records_behind_delete_markers_only_cannot_be_read():
    world = collected()
    [key] = world.objects()
    world.s3.delete(key)
    result = world.day()
    assert (result.state, counts(result), result.deleted) == (State.DIFFERENT, (100, 0, 0, 0), 100)
    assert result.note.startswith("100 records are in deleted objects, which nobody can read: remove their delete")
    assert {each.kind for each in result.differences} == {"deleted"}
    assert all(each.record for each in result.differences)
    assert wanted([result]) == []  # no backfill writes them again
    assert world.run(event(YESTERDAY, YESTERDAY))["written"] == 0
    assert world.day().deleted == 100
    world.s3._keys[key].pop()  # the marker
    assert world.day().state is State.EQUAL


def test_markers_of_s3s_own_and_of_a_feed_that_deleted_are_said_and_no_fault():
    world = collected(days=9)
    world.run(event(days_ago(9), days_ago(4)))
    for ago in (1, 8):
        for key in world.objects(days_ago(ago)):
            world.s3.delete(key)
    now = world.clock.now()
    for world.kept_since, deleted in ((now + timedelta(hours=1), 0), (now - timedelta(hours=1), 100), (None, 100)):
        result = world.day()
        assert (result.deleted, result.state is State.EQUAL) == (deleted, not deleted)
    world.kept_since = now + timedelta(hours=1)
    assert world.day().note == "100 were deleted while the feed was set to delete; their versions stay."
    world.kept_since = None
    for version in world.s3.ever_written(PREFIX):
        version.written -= timedelta(days=300)
    for world.expiration_days, equal in ((299, True), (301, False)):
        assert (world.day(days_ago(8)).state is State.EQUAL) == equal
    world.expiration_days = 299
    assert world.day(days_ago(8)).note == "100 records expired by bucket.expiration_days; only versions are left."


def test_of_deleted_twins_and_repeats_only_unreadable_records_count():
    world = collected()
    [key] = world.objects()
    records = world.records(key)
    other = key[:-14] + "000077.json.gz"
    world.s3.put(other, world.s3.body(key))  # all of them once more
    assert world.day().repeated == 100
    world.s3.delete(other)
    assert world.day().state is State.EQUAL  # what can be read is there once
    world.s3.put(key[:-14] + "000078.json.gz", encode([line({"time": f"{YESTERDAY}T10:00:00Z", "operator": "x"})]))
    world.s3.delete(key[:-14] + "000078.json.gz")
    result = world.day()  # one that Zoom does not show
    assert (result.deleted, result.repeated, result.in_zoom, result.in_archive) == (1, 1, 100, len(records))


def test_records_of_the_guides_objects_behind_markers_cannot_be_read():
    world = Verified()
    world.zoom.add_day(YESTERDAY, 100, seed=1)
    guide_object(world, YESTERDAY, world.zoom.records(YESTERDAY, YESTERDAY)[:80])
    world.poll(3)
    assert world.day().state is State.EQUAL
    [key] = [key for key in world.objects() if not OBJECT_NAME.fullmatch(key.removeprefix(PREFIX))]
    world.s3.delete(key)
    result = world.day()
    assert (result.state, result.deleted, result.missing, result.in_archive) == (State.DIFFERENT, 80, 0, 20)
    world.s3._keys[key].pop()
    assert world.day().state is State.EQUAL


# --- accepted repeats -----------------------------------------------------------------------------------


def test_an_accepted_repeat_is_no_fault_and_a_further_one_is():
    world = collected()
    world.double(3)
    [difference] = world.day().differences
    world.known_repeats = (Accepted(YESTERDAY, difference.fingerprint, "A run of two by hand, see ticket 7."),)
    result = world.day()
    assert (result.state, result.repeated, result.accepted) == (State.EQUAL, 1, 1)
    assert result.differences[0].accepted == "A run of two by hand, see ticket 7."
    assert result.note == "1 repeat accepted by --accept."
    [key, *_] = world.objects()
    world.rewrite(key, [*world.records(key), world.records(key)[3]])
    assert (world.day().state, world.day().accepted) == (State.DIFFERENT, 1)  # once more than accepted
    world.known_repeats = (replace(world.known_repeats[0], until=days_ago(1)),)
    assert world.day().accepted == 0


def test_an_object_written_again_after_its_deletion_is_a_repeat():
    world = collected()
    [key] = world.objects()
    body = world.s3.body(key)
    world.s3.delete(key)
    world.s3.put(key, body)
    result = world.day()
    assert counts(result) == (100, 200, 0, 100)
    assert len(result.differences) == 100


def test_the_guides_objects_count_as_delivered_as_often_as_one_of_them_shows():
    world = Verified()
    for ago in range(4):
        world.zoom.add_day(days_ago(ago), 100, seed=ago + 1, twins=0.1)
    day = world.zoom.records(YESTERDAY, YESTERDAY)
    guide_object(world, YESTERDAY, day[:60])
    guide_object(world, YESTERDAY, day[:80])
    guide_object(world, days_ago(0), day[20:90])
    world.poll(3)
    ours = sum(len(world.records(key)) for key in world.objects() if OBJECT_NAME.fullmatch(key.removeprefix(PREFIX)))
    assert 0 < ours < 20
    result = world.day()
    assert (result.state, *counts(result)) == (State.EQUAL, 100, 100, 0, 0)


def test_without_the_guides_objects_what_they_delivered_is_missing():
    world = Verified()
    world.zoom.add_day(YESTERDAY, 100, seed=1)
    guide_object(world, YESTERDAY, world.zoom.records(YESTERDAY, YESTERDAY)[:80])
    world.poll(3)
    for version in world.s3.ever_written(PREFIX):
        if not OBJECT_NAME.fullmatch(version.key.removeprefix(PREFIX)):
            world.s3.delete_versions(version.key)
    assert world.day().missing == 80


@pytest.mark.parametrize(
    "body",
    [b"", b"no gzip", gzip.compress(b"[1]\n"), gzip.compress(b'{"a": 1}')],
    ids=["empty", "no gzip", "no record", "no time"],
)
def test_an_unreadable_object_leaves_only_its_date_unchecked(body):
    world = collected()
    [key] = world.objects()
    world.s3.put(key, body)
    found, _ = world.verify(days_ago(2), YESTERDAY)
    assert [result.state for result in found] == [State.EQUAL, State.UNCHECKED]
    assert f"s3://{world.s3.bucket}/{key} does not hold records" in found[1].note


def test_other_keys_are_no_objects_of_the_archive():
    world = collected()
    world.s3.put(f"{PREFIX}{YESTERDAY:%Y/%m/%d}/zoom-operationlogs-{YESTERDAY:%Y%m%d}-000009.json.gz.tmp", b"x")
    assert world.day().state is State.EQUAL


# --- what is owed, what is not due -----------------------------------------------------------------------------------


def owe_yesterday(world: Verified) -> None:
    """Ask for a backfill when Zoom wants no request."""
    world.zoom.faults.next(faults.daily_limit)
    world.run({"action": "backfill", "from": str(YESTERDAY), "to": str(YESTERDAY)})
    assert YESTERDAY in world.checkpoint().owed


def test_a_date_that_the_collector_owes_is_not_read_yet():
    world = collected()
    world.zoom.add({"time": f"{YESTERDAY}T10:00:00Z", "operator": "late"}, visible_at=world.clock.now())
    owe_yesterday(world)
    world.clock.advance(7200)
    result = world.day()
    assert (result.state, result.missing) == (State.NOT_READ_YET, 1)
    assert result.note == "Not read yet: owed for 2 hours."


def test_a_date_that_is_owed_a_second_sweep_is_not_read_in_full():
    world = collected(days=8)
    day = days_ago(7)
    world.zoom.faults.rule = lambda _: faults.answer(200, {"operation_logs": [], "next_page_token": ""})
    world.run({"action": "backfill", "from": str(day), "to": str(day)})
    world.zoom.faults.clear()
    result = world.day(day)
    assert (result.state, result.missing) == (State.NOT_READ_YET, 100)
    until = world.clock.now() + timedelta(hours=1)
    assert result.note.startswith(f"Read, but not in full: the collector reads it again after {until:%Y-%m-%d %H:%M}")


def test_a_deleted_record_of_an_owed_date_is_different():
    world = collected()
    world.lose()
    owe_yesterday(world)
    assert world.day().state is State.DIFFERENT


def test_a_repeat_on_an_owed_date_is_different():
    world = collected()
    world.double()
    owe_yesterday(world)
    assert world.day().state is State.DIFFERENT


def test_notes_say_why_a_date_may_lack_records():
    world = collected(days=8)
    far = days_ago(8)
    result = world.day(far)
    assert (result.state, result.missing) == (State.DIFFERENT, 100)
    assert result.note == f"Before {days_ago(3)}, the first date that is collected."
    world.zoom.add({"time": f"{YESTERDAY}T10:00:00Z", "operator": "late"}, visible_at=world.clock.now())
    result = world.day()
    assert (result.state, result.missing) == (State.DIFFERENT, 1)
    assert result.note == "The collector reads this date again by itself."


def test_records_newer_than_the_last_run_are_not_yet_due():
    world = collected(today=0)
    world.poll(2)
    for minutes in (3, 6):
        moment = START + timedelta(minutes=15 + minutes)
        world.zoom.add({"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "operator": f"{minutes}"})
    world.clock.advance(600)
    result = world.day(days_ago(0))
    assert (result.state, result.missing, result.not_due) == (State.EQUAL, 0, 2)
    assert result.in_zoom == result.in_archive + 2
    assert result.note == "2 so new that they are not yet due."


def test_a_stopped_collector_does_not_excuse_missing_records():
    world = collected(today=0)
    moment = START + timedelta(minutes=30)
    world.zoom.add({"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "operator": "x"})
    world.clock.set(moment + timedelta(minutes=40))
    assert world.day(days_ago(0)).state is State.EQUAL
    world.clock.set(moment + timedelta(minutes=50))
    result = world.day(days_ago(0))
    assert (result.state, result.missing, result.not_due) == (State.DIFFERENT, 1, 0)


@pytest.mark.parametrize(
    ("schedule", "minutes"),
    [
        ({"interval_minutes": 15}, 15),
        ({"interval_minutes": 60, "flexible_window_minutes": None}, 60),
        ({"interval_minutes": 30, "flexible_window_minutes": 60}, 90),
        ({"expression": "cron(0 6 * * ? *)", "interval_minutes": None}, 1440),
        ({"expression": "cron(0 6 * * ? *)", "interval_minutes": None, "flexible_window_minutes": 5}, 1445),
        ({}, 15),
    ],
)
def test_the_longest_pause_between_two_runs(schedule, minutes):
    pause = longest_pause(schedule)
    assert pause == timedelta(minutes=minutes)
    assert due_before(START, None, pause) == START - timedelta(minutes=2 * minutes + 15)


def test_due_before_is_some_time_before_the_newest_record_seen():
    world = collected()
    frontier = world.checkpoint().frontier
    assert due_before(world.clock.now(), world.checkpoint(), timedelta(minutes=15)) == frontier - timedelta(minutes=15)


# --- no false alarms -------------------------------------------------------------------------------------------------


def test_rows_that_shift_during_the_verification():
    world = collected(300, page_size=30)
    world.poll(2)

    def arrive(_page: int) -> None:
        moment = world.clock.now()
        world.zoom.add({"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "operator": f"{world.report_calls()}"})
        late = {"time": f"{days_ago(0)}T00:00:00Z", "operator": f"late {world.report_calls()}"}
        world.zoom.add(late, visible_at=moment + timedelta(days=1))

    world.zoom.on_page = arrive
    result = world.day(days_ago(0))
    assert (result.state, result.missing, result.repeated) == (State.EQUAL, 0, 0)
    assert result.not_due


@pytest.mark.slow
@pytest.mark.parametrize("when", range(1, 11))
def test_a_late_row_published_during_the_verification(when):
    world = collected(300, page_size=30)
    world.poll(2)
    before = world.report_calls()

    def arrive(_page: int) -> None:
        if world.report_calls() - before == when:
            world.zoom.on_page = None
            world.zoom.add({"time": f"{YESTERDAY}T10:00:00Z", "operator": "late"}, visible_at=world.clock.now())
            world.run({"action": "reconcile"})

    world.zoom.on_page = arrive
    result = world.day()
    assert (result.state, *counts(result)) == (State.EQUAL, 301, 301, 0, 0)


def publish_late_rows(world: Verified, day: date = YESTERDAY, every: int = 1) -> None:
    """After every so many pages that are read of Zoom, let a row come late and the collector publish it."""
    pages = 0

    def arrive(_page: int) -> None:
        nonlocal pages
        pages += 1
        if pages % every:
            return
        world.zoom.on_page = None  # the collector's own pages
        late = {"time": f"{day}T23:59:{pages % 60:02}Z", "operator": f"late {pages}"}
        world.zoom.add(late, visible_at=world.clock.now())
        world.run({"action": "reconcile"})
        world.zoom.on_page = arrive

    world.zoom.on_page = arrive


@pytest.mark.slow
@pytest.mark.parametrize("every", [2, 3, 5])
def test_late_rows_published_throughout_the_verification(every):
    world = collected(300, page_size=30)
    world.poll(2)
    publish_late_rows(world, every=every)
    result = world.day()
    assert (result.state, result.missing, result.repeated) == (State.EQUAL, 0, 0)
    assert result.in_zoom == result.in_archive > 300


@pytest.mark.slow
def test_an_earlier_repeat_is_found_while_the_collector_publishes():
    world = collected(300, page_size=30)
    world.poll(2)
    lost, doubled = world.lose(100), world.double(200)
    publish_late_rows(world, every=3)
    result = world.day()
    assert (result.state, result.missing, result.repeated) == (State.DIFFERENT, 1, 1)
    assert [each.record for each in result.differences] == [lost, doubled]
    assert result.in_zoom == result.in_archive


@pytest.mark.slow
def test_a_record_that_came_later_is_not_counted_as_late():
    world = collected(300, page_size=30)
    world.poll(2)
    world.clock.advance(2 * 86_400)
    before = world.day()
    publish_late_rows(world, every=3)
    result = world.day()
    assert result.in_zoom == result.in_archive > before.in_archive
    assert result.late - before.late == result.in_archive - before.in_archive


def test_a_row_of_a_quiet_date_in_another_zone_published_meanwhile():
    world = Verified()
    world.zoom.rules.utc_offset = timedelta(hours=5)
    world.zoom.add({"time": f"{YESTERDAY}T12:00:00Z", "operator": "x"})
    world.run()

    def arrive(_page: int) -> None:
        if world.zoom.calls[-1].query["from"] == str(YESTERDAY):  # today's report was read before
            world.zoom.on_page = None
            late = {"time": f"{YESTERDAY}T21:00:00Z", "operator": "in today's report of there"}
            world.zoom.add(late, visible_at=world.clock.now())
            world.run({"action": "reconcile"})

    world.zoom.on_page = arrive
    found, _ = world.verify(YESTERDAY, days_ago(0))
    assert [(result.state, *counts(result)) for result in found] == [
        (State.EQUAL, 2, 2, 0, 0),
        (State.EQUAL, 0, 0, 0, 0),
    ]


@pytest.mark.parametrize("hours", [-8, 5])
def test_days_of_another_zone(hours):
    world = Verified(page_size=30)
    world.zoom.rules.utc_offset = timedelta(hours=hours)
    for ago in range(5):
        world.zoom.add_day(days_ago(ago), 100, seed=ago + 1)
    world.run()
    world.settle()
    found, stopped = world.verify(days_ago(2), YESTERDAY)
    assert not stopped
    assert [counts(result) for result in found] == [(100, 100, 0, 0)] * 2
    lost = world.lose()
    assert [each.record for each in world.day().differences] == [lost]


def test_records_of_a_quiet_day_in_another_zone_are_no_repeats():
    world = Verified()
    world.zoom.rules.utc_offset = timedelta(hours=-8)
    world.zoom.add({"time": f"{YESTERDAY}T03:00:00Z", "operator": "in yesterday's report of there"})
    world.zoom.add({"time": f"{YESTERDAY}T12:00:00Z", "operator": "x"})
    world.run()
    assert (world.day().state, *counts(world.day())) == (State.EQUAL, 2, 2, 0, 0)


@pytest.mark.parametrize("hour", ["03", "21"])
@pytest.mark.parametrize("hours", [-8, 5])
def test_a_record_in_the_report_of_another_date_only_is_missed(hours, hour):
    world = Verified()
    world.zoom.rules.utc_offset = timedelta(hours=hours)
    alone = {"time": f"{YESTERDAY}T{hour}:00:00Z", "operator": "alone"}
    world.zoom.add(alone)
    result = world.day()
    assert (result.state, *counts(result)) == (State.DIFFERENT, 1, 0, 1, 0)
    assert [each.record for each in result.differences] == [alone]
    world.run()
    assert (world.day().state, *counts(world.day())) == (State.EQUAL, 1, 1, 0, 0)


def asked_of(world: Verified, *days: date) -> list[str]:
    """Return the dates that a verification asks Zoom for, in its order."""
    before = len(world.zoom.calls_to("report"))
    world.verify(*days)
    return [call.query["from"] for call in world.zoom.calls_to("report")[before:]]


def test_a_range_costs_two_more_dates():
    world = collected(10)
    assert asked_of(world, days_ago(3), days_ago(2)) == [str(days_ago(ago)) for ago in (2, 3, 1, 4)]
    assert asked_of(world, days_ago(0)) == [str(days_ago(ago)) for ago in (0, 1, -1)]


def test_todays_records_in_the_report_of_tomorrow_are_read():
    world = Verified()
    world.zoom.rules.utc_offset = timedelta(hours=5)
    world.clock.set(START.replace(hour=22))
    for hour in (12, 20):
        world.zoom.add({"time": f"{days_ago(0)}T{hour}:00:00Z", "operator": f"{hour}"})
    world.run()
    world.clock.advance(900)
    assert (world.day(days_ago(0)).state, *counts(world.day(days_ago(0)))) == (State.EQUAL, 2, 2, 0, 0)
    late = {"time": f"{days_ago(0)}T20:30:00Z", "operator": "late"}
    world.zoom.add(late, visible_at=world.clock.now())
    world.clock.set(START.replace(hour=23, minute=59))
    result = world.day(days_ago(0))
    assert counts(result) == (3, 2, 1, 0)
    assert [each.record for each in result.differences] == [late]


def test_today_is_verified_where_zoom_refuses_tomorrow():
    world = collected(10)
    world.zoom.rules.tomorrow = "refuse"
    assert world.day(days_ago(0)).state is State.EQUAL
    world.lose(0, days_ago(0))
    asked = asked_of(world, days_ago(0))
    assert asked.count(str(days_ago(-1))) == 1
    assert asked.count(str(days_ago(0))) > 1
    result = world.day(days_ago(0))
    assert (result.state, result.missing, result.repeated) == (State.DIFFERENT, 1, 0)


def test_zoom_is_not_asked_for_the_day_before_the_oldest_that_it_keeps():
    world = collected(10)
    oldest = retention_start(days_ago(0))
    assert asked_of(world, oldest) == [str(oldest), str(oldest + timedelta(days=1))]
    assert world.day(oldest).state is State.EQUAL


@pytest.mark.parametrize("hours", [-8, 5])
def test_the_oldest_date_of_another_zone_is_unchecked_where_a_part_of_it_is_gone(hours):
    world = Verified()
    world.zoom.rules.utc_offset = timedelta(hours=hours)
    oldest = retention_start(days_ago(0))
    for ago in range(2):
        world.zoom.add_day(oldest + timedelta(days=ago), 100, seed=1 + ago)
    result = world.day(oldest)
    if hours < 0:
        before = oldest - timedelta(days=1)
        note = f"Zoom no longer has {before}, which may hold some of its records."
        assert (result.state, result.note) == (State.UNCHECKED, note)
    else:
        assert (result.state, result.in_zoom) == (State.DIFFERENT, 100)


@pytest.mark.parametrize("rows", [0, 13])
def test_short_and_empty_pages(rows):
    world = collected(100, page_size=30)
    before = world.report_calls()
    world.zoom.faults.rule = lambda _: faults.short_page(rows) if (world.report_calls() - before) % 2 else None
    assert world.day().state is State.EQUAL


@pytest.mark.parametrize("most_rows", [3, 7])
def test_twins_on_pages_that_hold_fewer_rows_than_asked_for(most_rows):
    world = Verified(page_size=30)
    world.zoom.rules.most_rows = most_rows
    for second in range(40):
        for _ in range(2):
            world.zoom.add({"time": f"{YESTERDAY}T10:00:{second:02}Z", "operator": "twin"}, visible_at=START)
    world.run()
    assert (world.day().state, *counts(world.day())) == (State.EQUAL, 80, 80, 0, 0)


@pytest.mark.parametrize("seed", range(8))
def test_twins_on_pages_of_varying_length(seed):
    """No page size keeps a group together for sure: only having seen it whole tells."""
    world = Verified(page_size=30)
    for second in range(40):
        for _ in range(2):
            world.zoom.add({"time": f"{YESTERDAY}T10:00:{second:02}Z", "operator": "twin"}, visible_at=START)
    world.run()
    length = random.Random(seed)
    world.zoom.faults.rule = lambda _: faults.short_page(length.randint(2, 12))
    assert (world.day().state, *counts(world.day())) == (State.EQUAL, 80, 80, 0, 0)


def test_a_group_that_no_page_can_hold_ends_the_readings():
    world = Verified(page_size=5)
    for _ in range(12):
        world.zoom.add({"time": f"{YESTERDAY}T10:00:00Z", "operator": "twin"}, visible_at=START)
    world.run()
    before = len(world.zoom.calls_to("report"))
    world.day()
    begun = [call for call in world.zoom.calls_to("report")[before:] if call.query["from"] == str(YESTERDAY)]
    begun = [call for call in begun if not call.query.get("next_page_token")]
    assert len(begun) == 1 + MOST_STALLS


@pytest.mark.parametrize("order", ["oldest", "shuffled"])
def test_rows_in_any_order(order):
    world = collected(200, page_size=30)
    world.zoom.rules.order = order
    result = world.day()
    assert (result.missing, result.repeated) == (0, 0)


# --- Zoom's refusals -------------------------------------------------------------------------------------------------


def test_a_reading_with_an_expired_page_token_starts_again():
    world = collected(100, page_size=30)
    world.zoom.faults.at(3, faults.expired_page_token)
    assert world.day().state is State.EQUAL


def test_page_tokens_that_never_lead_to_the_end_leave_the_date_unchecked():
    world = collected(100, page_size=30)
    world.zoom.faults.rule = lambda request: faults.expired_page_token if request.query.get("next_page_token") else None
    assert world.day().note == "Zoom's page token expired again."
    world.zoom.faults.rule = lambda _: faults.repeated_page_token
    result = world.day()
    assert (result.state, result.note) == (State.UNCHECKED, "Zoom repeated a page token.")


def test_a_date_that_zoom_no_longer_has_is_unchecked():
    world = collected()
    world.zoom.faults.next(
        faults.answer(400, {"code": 300, "message": "Only within 6 months prior to the current date."})
    )
    result = world.day()
    assert (result.state, result.note) == (State.UNCHECKED, "Zoom no longer has this date.")


def test_a_date_that_zoom_refuses_is_unchecked_and_the_others_go_on():
    world = collected(days=6)
    refused = str(days_ago(1))
    no = faults.answer(400, {"code": 300, "message": "Invalid parameter: from."})
    world.zoom.faults.rule = lambda request: no if request.query.get("from") == refused else None
    found, stopped = world.verify(*(days_ago(ago) for ago in (3, 2, 1)))
    assert not stopped
    # Its neighbour needs it too; that beyond does not.
    assert [result.state for result in found] == [State.EQUAL, State.UNCHECKED, State.UNCHECKED]
    assert "Zoom refuses the report's dates" in found[-1].note


def test_a_date_with_rows_that_cannot_be_read_is_not_called_equal():
    world = collected()
    spoilt = {"next_page_token": "", "operation_logs": [None, 7, {"time": "2026-03-09T08:00:00Z"}]}
    world.zoom.faults.next(faults.answer(200, spoilt))
    result = world.day()
    assert (result.state, result.note) == (State.UNCHECKED, "2 rows on a page of Zoom's cannot be read.")


def test_it_stops_below_a_quarter_of_the_daily_limit_and_says_what_is_unchecked():
    world = collected(100, page_size=30)
    world.zoom.rules.calls_per_day = 40_000
    world.zoom.spend_calls(30_000 - 11 - world.report_calls())
    found, stopped = world.verify(days_ago(3), days_ago(2), YESTERDAY)
    assert [result.state for result in found] == [State.UNCHECKED, State.UNCHECKED, State.EQUAL]
    assert stopped == (
        "Under a quarter of Zoom's daily limit is left, which is for the collector alone: verify the rest after"
        f" midnight UTC. Unchecked: {days_ago(3)} to {days_ago(2)}."
    )
    assert len(world.zoom.calls_to("report")) < world.report_calls() + 10


def test_the_daily_limit_reached_on_the_way():
    world = collected(100, page_size=30)
    world.zoom.faults.at(11, faults.daily_limit)
    found, stopped = world.verify(days_ago(2), YESTERDAY)
    assert [result.state for result in found] == [State.UNCHECKED, State.EQUAL]
    assert stopped.startswith("Zoom's rate limit is reached, and it wants no request before 2026-03-11 00:00 UTC: ")


def test_the_limit_per_second_is_waited_for():
    world = collected()
    world.zoom.faults.next(faults.per_second_limit, times=3)
    assert world.day().state is State.EQUAL


@pytest.mark.parametrize("fault", [faults.server_error(503), faults.reset, faults.not_json, faults.truncated])
def test_zoom_fails_for_good_on_the_way(fault):
    world = collected(100, page_size=30)
    before = world.report_calls()
    world.zoom.faults.rule = lambda _: fault if world.report_calls() - before > 10 else None
    found, stopped = world.verify(days_ago(2), YESTERDAY)
    assert [result.state for result in found] == [State.UNCHECKED, State.EQUAL]
    assert stopped.startswith("Zoom gave no usable answer after several tries")
    assert stopped.endswith(f"; try again. Unchecked: {days_ago(2)}.")


def test_zoom_refuses_from_the_first_call_on():
    world = collected()
    world.zoom.account.role_sees_reports = False
    with pytest.raises(CommandError, match="may not see the report: grant that user's role the permissions") as refused:
        world.verify(YESTERDAY)
    assert refused.value.status == 1


def test_zoom_refuses_on_the_way():
    world = collected(100, page_size=30)
    before = world.report_calls()

    def withdraw(_page: int) -> None:
        world.zoom.account.role_sees_reports = world.report_calls() - before < 11

    world.zoom.on_page = withdraw
    found, stopped = world.verify(days_ago(2), YESTERDAY)
    assert [result.state for result in found] == [State.UNCHECKED, State.EQUAL]
    assert "may not see the report" in stopped


def test_without_a_checkpoint_it_compares_too():
    world = collected()
    world.s3.delete_versions(STATE_KEY)
    world.lose()
    result = world.day()
    assert (result.state, result.missing, result.note) == (State.DIFFERENT, 1, "")


def test_a_difference_is_reported_only_after_a_second_reading_with_another_page_size():
    world = collected()
    before = world.report_calls()
    assert world.day().state is State.EQUAL
    assert {call.query["page_size"] for call in world.zoom.calls_to("report")[before:]} == {"30"}
    world.lose()
    before = world.report_calls()
    assert world.day().state is State.DIFFERENT
    assert {call.query["page_size"] for call in world.zoom.calls_to("report")[before:]} == {"30", "29"}


def test_yesterday_is_verified_where_zoom_refuses_today():
    world = Verified()
    world.zoom.rules.tomorrow = "refuse"
    world.zoom.rules.utc_offset = timedelta(hours=-8)
    world.clock.set(START.replace(hour=3))
    for hour in (3, 12):
        world.zoom.add({"time": f"{YESTERDAY}T{hour:02}:00:00Z", "operator": f"{hour}"})
    world.run()
    assert (world.day().state, *counts(world.day())) == (State.EQUAL, 2, 2, 0, 0)
    assert world.day(days_ago(0)).state is State.UNCHECKED
