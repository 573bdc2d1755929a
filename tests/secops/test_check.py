"""The verdict on a date in SecOps: faults, and what is none."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import requests
from zoom_operationlogs.records import line
from zoom_operationlogs.reports import OPERATION_LOGS
from zoomlogs.secops.check import Check
from zoomlogs.secops.matching import Way
from zoomlogs.secops.result import SecopsDay, SecopsKind, SecopsState

from .world import LOG_TYPE, START, YESTERDAY, World

QUARTER = timedelta(minutes=15)


def record(second: int = 0, **fields: Any) -> dict[str, Any]:
    made = {
        "time": f"{YESTERDAY}T12:00:{second:02}Z",
        "operator": "admin@example.com",
        "category_type": "User",
        "action": "Update",
        "operation_detail": f"Update User u{second}@example.com  - Job Title: set to Lead",
    }
    return {**made, **fields}


def counts(result: SecopsDay) -> tuple[int, int, int, int, int]:
    return result.in_secops, result.missing, result.doubled, result.not_yet, result.others


def named(result: SecopsDay) -> list[tuple[SecopsKind, int, Any]]:
    return [(each.kind, each.count, each.record) for each in result.differences]


# --- what it finds ---------------------------------------------------------------------------------------------------


def test_a_day_that_arrived_is_equal() -> None:
    world = World()
    world.archive([record(second) for second in range(50)])
    result = world.result()
    assert (result.state, *counts(result)) == (SecopsState.EQUAL, 50, 0, 0, 0, 0)
    assert (result.way, result.note, result.differences) == (Way.FIELDS, "", ())
    assert result.fields == ("action", "category_type", "operation_detail", "operator")


def test_the_published_samples_are_found_by_their_fields() -> None:
    world = World()
    records = [each for each in world.day(100) if "time" in each]
    world.records[YESTERDAY] = records
    result = world.result()
    assert (result.in_secops, result.missing, result.doubled, result.changed) == (len(records), 0, 0, 0)


def test_one_lost_one_doubled_and_one_delayed() -> None:
    world = World()
    records = world.archive([record(second) for second in range(50)], written=START - timedelta(hours=1))
    world.secops.events.lose(records[3])
    world.secops.events.double(records[5])
    world.secops.events.delay(records[7], timedelta(hours=2))
    result = world.result()
    assert (result.state, *counts(result)) == (SecopsState.DIFFERENT, 49, 0, 1, 2, 0)  # the lost one may still come
    world.clock.advance(4 * 3600)
    world.secops.events.logs[7].ingested = world.clock.now() + QUARTER
    result = world.result()
    assert counts(result) == (49, 2, 1, 0, 0)
    assert named(result) == [
        (SecopsKind.MISSING, 1, records[3]),
        (SecopsKind.MISSING, 1, records[7]),
        (SecopsKind.DOUBLED, 1, records[5]),
    ]


def test_not_yet_counts_from_the_object_and_not_from_the_record() -> None:
    world = World()
    old = date(2025, 12, 1)
    records = world.archive([{**record(), "time": f"{old}T10:00:00Z"}], old, written=START - timedelta(minutes=10))
    result = world.result(old)  # a backfill of ten minutes ago; the feed takes twenty
    assert (result.state, *counts(result)) == (SecopsState.NOT_YET, 0, 0, 0, 1, 0)
    assert named(result) == [(SecopsKind.NOT_YET, 1, records[0])]
    world.clock.advance(3600)
    result = world.result(old)
    assert (result.state, *counts(result)) == (SecopsState.EQUAL, 1, 0, 0, 0, 0)
    assert result.since_object and result.since_object.median == 20 * 60
    assert result.since_record and result.since_record.median > 90 * 24 * 3600  # shown, and not used


@pytest.mark.parametrize(("takes", "waited", "state"), [
    (timedelta(minutes=20), timedelta(hours=2, minutes=50), SecopsState.NOT_YET),
    (timedelta(minutes=20), timedelta(hours=3, minutes=10), SecopsState.DIFFERENT),
    (timedelta(hours=5), timedelta(hours=9, minutes=50), SecopsState.NOT_YET),  # twice the 95th percentile
    (timedelta(hours=5), timedelta(hours=10, minutes=10), SecopsState.DIFFERENT),
    (timedelta(hours=20), timedelta(hours=23, minutes=50), SecopsState.NOT_YET),  # never over a day
    (timedelta(hours=20), timedelta(hours=24, minutes=10), SecopsState.DIFFERENT),
])  # fmt: skip
def test_how_long_an_event_may_take(takes: timedelta, waited: timedelta, state: SecopsState) -> None:
    world = World()
    world.archive([record(second) for second in range(20)], written=START - timedelta(days=3))
    for log in world.secops.events.logs:
        log.ingested = START - timedelta(days=3) + takes
    late = date(2026, 3, 8)
    [lost] = world.archive([{**record(), "time": f"{late}T10:00:00Z"}], late, written=START - waited)
    world.secops.events.lose(lost)
    found = world.check(YESTERDAY, late)
    assert found.days[late].state is state
    # Looked at again alone, by what the other dates have shown.
    assert world.check(late, least_wait=timedelta(seconds=found.wait)).days[late].state is state


def test_a_second_look_at_few_dates_waits_as_long_as_the_first_at_all() -> None:
    world = World()
    [lost] = world.archive([record()], written=START - timedelta(hours=5))
    world.secops.events.lose(lost)
    for known, state in ((0.0, SecopsState.DIFFERENT), (6 * 3600.0, SecopsState.NOT_YET)):
        with Check(world.search(), world.clock.time, least_wait=known) as check:
            check.ask(YESTERDAY, world.deliveries(YESTERDAY), {}, world.find)
            assert check.findings().days[YESTERDAY].state is state


def test_twins_are_no_doubles_and_the_last_written_of_them_waits() -> None:
    world = World()
    world.archive([record(), record()], written=START - timedelta(days=1))
    assert world.result().state is SecopsState.EQUAL
    world.secops.events.logs[0].events = 0
    assert counts(world.result()) == (1, 1, 0, 0, 0)


def test_of_equal_records_the_last_written_is_not_yet_there() -> None:
    world = World()
    world.archive([record(second) for second in range(9)], written=START - timedelta(days=1))
    [lost] = world.archive([record()], written=START - timedelta(days=1))
    world.secops.events.lose(lost)
    old, *others, _ = world.deliveries(YESTERDAY)
    for order in ([old, *others], [*others, old]):
        new = old._replace(written=(START - QUARTER).timestamp())
        world.deliveries = lambda day, order=order, new=new: [new, *order]  # type: ignore[method-assign,misc]
        assert counts(world.result()) == (9, 0, 0, 1, 0)


def test_events_of_other_archives_are_others() -> None:
    world = World()
    world.archive([record()])
    alien = line(record(operator="somebody@else.example", operation_detail="Delete User x@y.example", action="Delete"))
    world.secops.events.add(alien, LOG_TYPE, START - timedelta(hours=2))
    world.secops.events.add(alien, LOG_TYPE, START - timedelta(hours=2))
    result = world.result()
    assert (result.state, *counts(result)) == (SecopsState.EQUAL, 1, 0, 0, 0, 2)
    assert result.note == "2 other events of this log type match no record of this archive."


def test_another_archives_event_does_not_stand_for_a_lost_one_of_the_same_second() -> None:
    world = World()
    lost, *_ = world.archive([record(second) for second in range(10)])
    world.secops.events.lose(lost)
    alien = line(record(operator="somebody@else.example", operation_detail="Update User x@y.example"))
    world.secops.events.add(alien, LOG_TYPE, START - timedelta(hours=2))
    assert counts(world.result()) == (9, 1, 0, 0, 1)


def sign_in_every_second(world: World, seconds: int) -> None:
    """Let another feed bring sign-ins, which have the same log type, all through the time of the records."""
    noon = datetime(2026, 3, 9, 12, tzinfo=UTC)
    for second in range(-seconds, seconds):
        time = f"{noon + timedelta(seconds=second):%Y-%m-%dT%H:%M:%SZ}"
        world.secops.events.add(
            line({"time": time, "email": f"u{second}@example.com", "type": "Sign in", "client_type": "Mac"}),
            LOG_TYPE,
            START - timedelta(hours=2),
        )


@pytest.mark.parametrize("lost", [20, 12])
def test_sign_ins_of_the_same_seconds_do_not_stand_for_lost_records(lost: int) -> None:
    world = World()
    records = world.archive([record(second) for second in range(0, 60, 3)])
    sign_in_every_second(world, 400)
    assert (world.result().state, world.result().in_secops) == (SecopsState.EQUAL, 20)
    for each in records[:lost]:
        world.secops.events.lose(each)
    result = world.result()
    assert (result.state, result.way, *counts(result)) == (
        SecopsState.DIFFERENT,
        Way.FIELDS,
        20 - lost,
        lost,
        0,
        0,
        800,
    )
    assert "Events of other sources fall into the same seconds" in result.note


def test_a_sign_in_does_not_stand_for_the_only_record_of_a_day() -> None:
    world = World()
    [lost] = world.archive([record(0)])
    world.secops.events.lose(lost)
    noon = datetime(2026, 3, 9, 12, tzinfo=UTC)
    for second in range(-2000, 2000, 40):
        time = f"{noon + timedelta(seconds=second):%Y-%m-%dT%H:%M:%SZ}"
        sign_in = line({"time": time, "email": "u@example.com", "type": "Sign in"})
        world.secops.events.add(sign_in, LOG_TYPE, START - timedelta(hours=2))
    assert (world.result().state, *counts(world.result())) == (SecopsState.DIFFERENT, 0, 1, 0, 0, 100)


def test_a_few_events_of_others_leave_a_day_countable() -> None:
    world = World()
    records = world.archive([record(second) for second in range(0, 60, 3)])

    world.secops.events.misparse(YESTERDAY, change_all)
    alien = line(record(operator="somebody@else.example") | {"time": f"{YESTERDAY}T15:00:00Z"})
    world.secops.events.add(alien, LOG_TYPE, START - timedelta(hours=2))
    world.secops.events.lose(records[4])
    assert (world.result().way, *counts(world.result())) == (Way.SECOND, 19, 1, 0, 0, 1)
    sign_in_every_second(world, 400)
    result = world.result()
    assert result.state is SecopsState.DIFFERENT, "never equal by what others brought"
    assert "the missing records may be there" in result.note


# --- what the tenant's parser changes --------------------------------------------------------------------------------


def change_all(udm: Any) -> None:
    """Change all fields but the time, as a parser does that makes something else of them."""
    udm["principal"]["user"] = {"userid": "somebody"}
    udm["additional"] = {"category_type": "Zoom"}
    udm["metadata"] |= {"description": udm["metadata"]["description"].upper(), "productEventType": "Zoom"}


def test_events_of_which_the_parser_changes_every_field_are_counted_by_the_second() -> None:
    world = World()
    records = world.archive([record(second) for second in range(40)])
    twin = world.archive([record(6, operator="other@example.com")])[0]
    world.secops.events.misparse(YESTERDAY, change_all)
    result = world.result()
    assert (result.state, result.way, *counts(result)) == (SecopsState.EQUAL, Way.SECOND, 41, 0, 0, 0, 0)
    assert "counted, second by second" in result.note
    world.secops.events.lose(records[4])
    world.secops.events.double(records[6])
    world.secops.events.double(records[8])
    result = world.result()
    assert (result.way, *counts(result)) == (Way.SECOND, 42, 1, 2, 0, 0)
    missing, candidates, doubled = result.differences
    assert (missing.kind, missing.record) == (SecopsKind.MISSING, records[4])
    assert (doubled.kind, doubled.count, doubled.record) == (SecopsKind.DOUBLED, 1, records[8])
    # Of two records in its second, nothing tells which is the one.
    assert (candidates.kind, candidates.count, candidates.record) == (SecopsKind.DOUBLED, 1, None)
    assert candidates.candidates == (records[6], twin)


def change_two(udm: Any) -> None:
    udm["principal"]["user"] = {"userid": "somebody"}
    udm["metadata"]["description"] = "see the raw log"


def test_the_fields_that_the_parser_keeps_tell_a_lost_record_from_a_foreign_event() -> None:
    world = World()
    actions = ("Add", "Update", "Delete")
    records = world.archive([record(second, action=actions[second % 3]) for second in range(40)])
    world.secops.events.misparse(YESTERDAY, change_two)
    world.secops.events.lose(records[4])
    alien = record(4, action="Batch Add", operator="somebody@else.example")
    world.secops.events.add(line(alien), LOG_TYPE, START - timedelta(hours=2)).changes.append(change_two)
    result = world.result()
    assert (result.state, *counts(result)) == (SecopsState.DIFFERENT, 39, 1, 0, 0, 1)
    assert named(result) == [(SecopsKind.MISSING, 1, records[4])]
    assert result.fields == ("action", "category_type")
    assert result.note.startswith(
        "SecOps' parser changes operation_detail and operator, so the events were matched by the second and by action"
        " and category_type: `zoomlogs udm --tenant` shows the differences."
    )


def test_a_foreign_event_with_equal_kept_fields_stands_for_a_lost_record() -> None:
    """As docs/verify.md says: nothing is left that could tell them apart."""
    world = World()
    records = world.archive([record(second) for second in range(40)])
    world.secops.events.misparse(YESTERDAY, change_two)
    world.secops.events.lose(records[4])
    alien = line(record(4, operator="somebody@else.example"))
    world.secops.events.add(alien, LOG_TYPE, START - timedelta(hours=2)).changes.append(change_two)
    assert (world.result().state, *counts(world.result())) == (SecopsState.EQUAL, 40, 0, 0, 0, 0)


def test_a_field_that_the_parser_puts_elsewhere_is_left_out() -> None:
    world = World()
    world.archive([record(second) for second in range(40)])
    world.secops.events.misparse(YESTERDAY, lambda udm: udm.pop("additional"))
    result = world.result()
    assert (result.state, result.way, result.in_secops) == (SecopsState.EQUAL, Way.FIELDS, 40)
    assert result.fields == ("action", "operation_detail", "operator")


def test_a_few_changed_fields_do_not_make_a_record_missing() -> None:
    world = World()
    world.archive([record(second) for second in range(40)] + [record(50, operation_detail="x" * 2000)])
    world.secops.events.misparse(
        YESTERDAY, lambda udm: udm["metadata"].update(description=udm["metadata"]["description"][:1024])
    )
    result = world.result()
    assert (result.state, result.way, result.changed, *counts(result)) == (
        SecopsState.EQUAL,
        Way.FIELDS,
        1,
        41,
        0,
        0,
        0,
        0,
    )
    assert result.note.startswith("1 record was matched by the second and all fields but one")


@pytest.mark.parametrize("doubled", [1, 40])
def test_a_changed_record_that_is_there_twice_is_a_repeat_and_no_other(doubled: int) -> None:
    world = World()
    records = world.archive([record(second) for second in range(40)])
    world.secops.events.misparse(
        YESTERDAY, lambda udm: udm["metadata"].update(description=udm["metadata"]["description"].upper())
    )
    for each in records[:doubled]:
        world.secops.events.double(each)
    result = world.result()
    assert (result.state, result.changed, *counts(result)) == (
        SecopsState.DIFFERENT,
        40,
        40 + doubled,
        0,
        doubled,
        0,
        0,
    )
    assert named(result) == [(SecopsKind.DOUBLED, 1, each) for each in records[:doubled]]


def test_a_day_whose_time_the_parser_changes_is_missing_and_says_so() -> None:
    world = World()
    world.archive([record(second) for second in range(40)])
    for log in world.secops.events.logs:
        log.at += timedelta(hours=1)
    world.secops.events._sorted = False
    world.secops.events.misparse(
        YESTERDAY,
        lambda udm: udm["metadata"].update(
            eventTimestamp=f"{YESTERDAY}T13:{udm['metadata']['eventTimestamp'][17:19]}:00Z"
        ),
    )
    result = world.result()
    assert counts(result) == (0, 40, 0, 0, 40)
    assert "The parser may have read another time" in result.note


def test_raw_logs_without_an_event_are_told_from_lost_ones() -> None:
    world = World()
    records = world.archive([record(second) for second in range(40)])
    world.secops.events.unparse(records[2])
    world.secops.events.lose(records[9])
    result = world.result()
    assert counts(result) == (38, 2, 0, 0, 0)
    assert result.note == "Of the missing, SecOps has 1 as raw logs only: its parser made no event of them."


def test_the_note_says_how_many_of_the_missing_were_compared() -> None:
    world = World()
    named, missing = 200, 210
    for each in world.archive([record(number % 60, operator=f"u{number}@example.com") for number in range(missing)]):
        world.secops.events.unparse(each)
    result = world.result()
    assert (counts(result), len(result.differences)) == ((0, missing, 0, 0, 0), named)
    told = "Of 200 of the missing, SecOps has 200 as raw logs only: its parser made no event of them."
    assert result.note == told


def test_a_raw_log_of_another_log_type_stands_for_none_of_the_missing() -> None:
    world = World()
    records = world.archive([record(second) for second in range(40)])
    world.secops.events.lose(records[2])
    alien = world.secops.events.add(line(records[2]), "ANOTHER_TYPE", START - timedelta(hours=2))
    alien.parsed = False
    result = world.result()
    assert (counts(result), result.note) == ((39, 1, 0, 0, 0), "")


def test_refused_raw_logs_are_said() -> None:
    world = World()
    world.secops.events.lose(world.archive([record(second) for second in range(40)])[0])
    world.secops.denied.add("events.searchRawLogs")
    [sentence] = world.check(YESTERDAY).sentences
    assert sentence.startswith("Whether the missing are raw logs without an event is not known: ")
    assert "a role with chronicle.events.searchRawLogs" in sentence


def test_a_record_without_a_time_is_not_checked() -> None:
    world = World()
    timeless = {name: value for name, value in record().items() if name != "time"}
    world.archive([record(), timeless])
    result = world.result()
    assert (result.state, result.in_secops, result.missing) == (SecopsState.NOT_CHECKED, 1, 0)
    assert "1 records have no time" in result.note


# --- the written guide's objects -------------------------------------------------------------------------------------


def test_records_of_the_guides_objects_are_found_by_their_fingerprint() -> None:
    world = World()
    ours = world.archive([record(1)])
    theirs = [record(2), record(2), record(3)]
    for each in (record(2), record(2), record(2), record(3)):
        world.secops.events.add(line(each), LOG_TYPE, START - timedelta(hours=5))
    world.records[YESTERDAY] += theirs  # what can be found
    guide = {OPERATION_LOGS.fingerprint(record(2)): 2, OPERATION_LOGS.fingerprint(record(3)): 1}
    with_guide = World.deliveries(world, YESTERDAY)[:1]
    world.deliveries = lambda day: with_guide  # type: ignore[method-assign]
    result = world.result(guide=guide)
    assert counts(result) == (5, 0, 1, 0, 0)
    assert named(result) == [(SecopsKind.DOUBLED, 1, record(2))]
    world.secops.events.lose(ours[0])
    assert counts(world.result(guide=guide)) == (4, 1, 1, 0, 0)
    world.secops.events.misparse(YESTERDAY, lambda udm: udm["metadata"].update(description="", productEventType=""))
    result = world.result(guide=guide)
    assert result.state is SecopsState.NOT_CHECKED
    assert "the guide's objects" in result.note


# --- labels ----------------------------------------------------------------------------------------------------------


def test_only_events_with_the_feeds_labels_are_asked_for() -> None:
    world = World(labels={"environment": 'the "production"'})
    world.archive([record()])
    world.secops.events.add(line(record()), LOG_TYPE, START - timedelta(hours=2), {"environment": "test"})
    result = world.result()
    assert (result.state, *counts(result)) == (SecopsState.EQUAL, 1, 0, 0, 0, 0)


# --- what cannot be asked --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("denied", "told"), [
    ("events.udmSearch", "give them roles/chronicle.viewer, which has chronicle.events.udmSearch, in the tenant's"),
])  # fmt: skip
def test_a_missing_role_is_named_and_nothing_is_equal(denied: str, told: str) -> None:
    world = World()
    world.archive([record()])
    world.secops.denied.add(denied)
    found = world.check(YESTERDAY, date(2026, 3, 8))
    assert {result.state for result in found.days.values()} == {SecopsState.NOT_CHECKED}
    assert told in found.sentences[0]
    assert len(found.sentences) == 1


def test_a_quota_that_is_used_up_stops_it() -> None:
    world = World()
    world.archive([record()])
    world.secops.an_hour = 2
    days = [YESTERDAY - timedelta(days=ago) for ago in range(6)]
    found = world.check(*days)
    states = [found.days[day].state for day in days]
    assert states.count(SecopsState.NOT_CHECKED) == 4
    assert "2,000 queries an hour" in found.sentences[0]


def test_where_google_cannot_be_reached_the_other_dates_are_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.archive([record()])
    asked = []

    def unreachable(*_: Any, **__: Any) -> Any:
        asked.append(1)
        raise requests.Timeout

    monkeypatch.setattr(world.session._http, "request", unreachable)
    found = world.check(*(YESTERDAY - timedelta(days=ago) for ago in range(20)))
    assert {day.state for day in found.days.values()} == {SecopsState.NOT_CHECKED}
    assert "Google cannot be reached (Timeout)" in found.sentences[0]
    assert len(asked) <= 5 * 8, "five tries each, of those that were under way and the next"


def test_a_short_limit_is_waited_for() -> None:
    world = World()
    world.archive([record()])
    world.secops.fail_next(429, "Too many requests at once", times=2)
    world.secops.fail_next(503, "The service is currently unavailable.")
    assert world.result().state is SecopsState.EQUAL


def test_a_failure_of_one_date_leaves_the_others() -> None:
    world = World()
    world.archive([record()])
    world.secops.fail_next(500, "Internal error encountered.", times=5)
    with_failure = world.check(date(2026, 3, 8), YESTERDAY)
    assert [each.state for each in with_failure.days.values()].count(SecopsState.NOT_CHECKED) <= 1


def test_a_search_that_is_cut_off_is_not_checked() -> None:
    world = World()
    world.archive([record() for _ in range(30)])
    world.secops.searches.most_events, world.secops.searches.most_rows = 10, 20
    result = world.result()
    assert result.state is SecopsState.NOT_CHECKED
    assert result.note == (
        "Not checked: SecOps cuts the search off at 1,000,000 events in the second 2026-03-09T12:00:00Z."
    )


def test_an_empty_tenant_says_where_to_look() -> None:
    world = World()
    for each in world.archive([record(second) for second in range(5)]):
        world.secops.events.lose(each)
    found = world.check(YESTERDAY)
    assert counts(found.days[YESTERDAY]) == (0, 5, 0, 0, 0)
    [sentence] = found.sentences
    assert sentence == (
        'SecOps has no event for metadata.log_type = "ZOOM_OPERATION_LOGS" on these dates: `zoomlogs feed status` shows'
        " the state of the feed. If others see events there, a data access scope may hide them from you."
    )


def test_an_empty_date_is_equal() -> None:
    found = World().check(YESTERDAY)
    assert found.days[YESTERDAY].state is SecopsState.EQUAL
    assert found.sentences == []


def test_a_session_calls_only_methods_that_read() -> None:
    world = World()
    world.secops.events.lose(world.archive([record(second) for second in range(40)])[0])
    world.check(YESTERDAY)
    assert {call.method for call in world.secops.calls} == {"GET"}
    assert datetime(2026, 3, 10, tzinfo=UTC) < world.clock.now()
