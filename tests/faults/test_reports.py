"""Each of Zoom's reports, alone and with another in one bucket: only the value of the report differs.

The other files of this folder collect operation logs. These tests cover what could depend on the report: identity, the
names of objects and of the list of rows, permissions, and the owner of a prefix and a checkpoint.
"""

from __future__ import annotations

import ast
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import zoom_operationlogs
from standins.zoom import Account, Zoom, faults, third_report
from standins.zoom.served import SERVED
from zoom_operationlogs import reports
from zoom_operationlogs.archive_object import OBJECT_NAME, object_name, report_of
from zoom_operationlogs.errors import (
    ChangedFormError,
    CollectorError,
    OtherReportError,
    SettingsError,
    UnreadableRowsError,
    ZoomRefusedError,
)
from zoom_operationlogs.probe import newest_record
from zoom_operationlogs.reports import OPERATION_LOGS, REPORTS, Report, read_reports
from zoom_operationlogs.settings import Settings

from .meddling import assert_ended_well, killed, overlap
from .test_random import S3_TROUBLE, ZOOM_TROUBLE
from .test_refusals import assert_sentence, trouble
from .test_state import GuidesLambda
from .world import START, Killed, Promise, World, days_ago, hold, multiset

ACTIVITIES = REPORTS["activities"]

BOTH = (OPERATION_LOGS, ACTIVITIES)
OTHERS = [pytest.param(*pair, id=f"{pair[0].name} beside {pair[1].name}") for pair in (BOTH, BOTH[::-1])]
NEXT_DAY = 86_400


def world_of(report: Report, *, records: int = 40, **settings: Any) -> World:
    world = World(page_size=20, settings={"lookback_days": 1, **settings}, report=report)
    for ago in range(-2, 3):
        world.zoom.add_day(days_ago(ago), records, seed=ago + 9, twins=0.1)
    return world


def side_by_side(reports: tuple[Report, ...], **settings: Any) -> list[World]:
    """Return a collector for each report, with one Zoom app and one bucket."""
    first = World(page_size=20, settings={"lookback_days": 1, **settings}, report=reports[0])
    account = Account(scopes=tuple(SERVED[report.name].scope for report in reports))
    first.connect(Zoom(account, clock=first.clock))
    worlds = [first, *(first.beside(report=report) for report in reports[1:])]
    for world in worlds:
        for ago in range(-2, 3):
            world.shown.add_day(days_ago(ago), 60, seed=ago + 9, twins=0.1)
    return worlds


# The product never checks a report's name


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(Path(zoom_operationlogs.__file__).parent.glob("*.py")):
        if path.name != "reports.py":
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def says_a_report(node: ast.AST) -> bool:
    """Return whether code, except docstrings, has one of the words that differ between reports."""
    words = {word for report in BOTH for word in (report.name, report.rows, report.scope, *report.fields)} - {"time"}
    return isinstance(node, ast.Constant) and node.value in words - {"action", "type", "version"}


def test_no_other_module_depends_on_the_report() -> None:
    found = [f"{path.name}:{node.lineno}" for path, tree in modules() for node in ast.walk(tree) if says_a_report(node)]
    assert not found
    named = {
        path.name
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id in ("OPERATION_LOGS", "ACTIVITIES")
    }
    assert named == {"settings.py"}, "the default of REPORT is the only mention of one"


def test_a_word_of_one_report_is_found() -> None:
    branch = ast.parse("def f(report):\n    if report.name == 'activities':\n        pass")
    assert any(map(says_a_report, ast.walk(branch)))


# The settings


def test_the_prefix_and_the_state_follow_the_report() -> None:
    environ = {"S3_BUCKET": "logs", "ZOOM_SECRET_ID": "zoom"}
    plain, sign_ins = Settings.from_environ(environ), Settings.from_environ({**environ, "REPORT": "activities"})
    assert (plain.report, plain.prefix, plain.state_key) == (
        OPERATION_LOGS,
        "zoom/operationlogs/",
        "zoom/operationlogs-state/state.json",
    )
    assert (sign_ins.report, sign_ins.prefix, sign_ins.state_key) == (
        ACTIVITIES,
        "zoom/activities/",
        "zoom/activities-state/state.json",
    )
    assert Settings.from_environ({**environ, "REPORT": "activities", "S3_PREFIX": "a/"}).prefix == "a/"


@pytest.mark.parametrize("name", ["activity", "Activities", "operation_logs", "x\ud800", "zoom/activities/"])
def test_a_report_that_does_not_exist(name: str) -> None:
    with pytest.raises(SettingsError, match="REPORT") as failure:
        Settings.from_environ({"S3_BUCKET": "logs", "ZOOM_SECRET_ID": "zoom", "REPORT": name})
    assert_sentence(failure.value)


# One report alone


def test_sign_ins_that_differ_in_any_documented_field_are_two_records() -> None:
    world = world_of(ACTIVITIES)
    one = {"time": f"{START:%Y-%m-%dT08:00:00Z}", "email": "a@example.com", "type": "Sign in"}
    one |= {"ip_address": "192.0.2.1", "client_type": "Mac", "version": "6.0"}
    world.zoom.add(one)
    world.zoom.add(one)
    for name in set(one) - {"time"}:
        world.zoom.add({**one, name: "another"})
        world.zoom.add({field: value for field, value in one.items() if field != name})
    world.settle()
    world.assert_exact()
    world.added_field = "location"
    world.zoom.rewrite(lambda record: {**record, "location": "somewhere"})
    world.clock.advance(NEXT_DAY)
    world.settle()
    world.assert_exact()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_first_run_is_killed_at_every_call(after: bool) -> None:
    world = world_of(ACTIVITIES)
    with killed(world, at=0) as counter:
        world.run()
    for at in range(1, counter.calls + 1):
        world = world_of(ACTIVITIES)
        with killed(world, at, after=after), pytest.raises(Killed):
            world.run()
        world.settle()
        world.assert_exact()


@pytest.mark.parametrize("feed_deletes", [False, True])
def test_runs_start_together(feed_deletes: bool) -> None:
    for seed in range(3):
        world = world_of(ACTIVITIES, feed_deletes=feed_deletes)
        if seed % 2:
            world.poll(3)
        world.zoom.add_day(world.clock.now().date(), 50, seed=seed + 100)
        assert_ended_well(*overlap(world, [world.run] * 3, seed))
        world.settle()
        world.assert_exact()


@pytest.mark.parametrize("how", ["deleted", "spoilt"])
def test_the_checkpoint_is_lost(how: str) -> None:
    world = world_of(ACTIVITIES)
    world.poll(3)
    if how == "deleted":
        world.s3.delete_versions(world.state_key)
    else:
        world.s3.put(world.state_key, b"\x00spoilt")
    world.settle()
    world.assert_exact()
    assert world.checkpoint().stream
    assert world.checkpoint().stream.report == "activities"


HOSTILE = [b"null", b'{"time": NaN}', b'{"email": "\xe2\x80"}', b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"]


@pytest.mark.parametrize("row", HOSTILE, ids=["null", "NaN", "half a character", "deep"])
def test_an_unreadable_row_does_not_hold_up_others(row: bytes) -> None:
    world = world_of(ACTIVITIES)
    list_of_rows = b'"activity_logs": ['

    def with_the_row(exchange: faults.Exchange) -> Any:
        answer = exchange.ordinary()
        body = answer.body.replace(list_of_rows, list_of_rows + row + b", ", 1).replace(b", ]", b"]")
        return faults.replace(answer, body=body)

    world.zoom.faults.rule = lambda request: with_the_row if request.endpoint == "report" else None
    for _ in range(2):
        with pytest.raises(UnreadableRowsError):
            world.run()
        world.clock.advance(900)
    world.zoom.faults.rule = None
    world.settle()
    world.assert_exact()


def test_a_null_list_is_not_an_empty_list() -> None:
    world = world_of(ACTIVITIES)
    world.zoom.faults.next(faults.null_list, times=2)
    world.settle()
    world.assert_exact()


def test_the_guard_of_the_form_knows_the_time_of_this_report() -> None:
    world = world_of(ACTIVITIES, records=50)
    world.settle()
    world.zoom.rewrite(lambda record: {**record, "time": record["time"].replace("Z", ".000+00:00")})
    world.clock.advance(900)
    with pytest.raises(ChangedFormError):
        world.run({"action": "reconcile"})

    def as_it_was(records: list[dict[str, Any]]) -> Counter[str]:
        return multiset([{**record, "time": record["time"].replace(".000+00:00", "Z")} for record in records])

    assert not as_it_was(world.archive()) - as_it_was(world.zoom.records()), "none is sent again in another form"


# Permissions


@pytest.mark.parametrize(("report", "other"), OTHERS)
def test_the_missing_scope_is_that_of_this_report(report: Report, other: Report) -> None:
    world = world_of(report)
    world.zoom.account.scopes = (SERVED[other.name].scope,)
    with pytest.raises(ZoomRefusedError, match=f"lacks the scope {SERVED[report.name].scope}:") as failure:
        world.run()
    assert_sentence(failure.value)
    assert not world.s3.ever_written(report.prefix)
    world.zoom.account.scopes += (SERVED[report.name].scope,)
    world.settle()
    world.assert_exact()


@pytest.mark.parametrize(("report", "permission"), [(OPERATION_LOGS, "Admin Activity Logs"), (ACTIVITIES, "Sign In/")])
def test_the_missing_permission_is_that_of_this_report(report: Report, permission: str) -> None:
    world = world_of(report)
    world.zoom.account.role_sees_reports = False
    with pytest.raises(ZoomRefusedError, match=f"User activity reports > {permission}"):
        world.run()


# The owner of a prefix and a checkpoint


def on_the_bucket_of(first: World, report: Report, **settings: Any) -> World:
    """Return the collector of another report, with its own app and these settings."""
    second = World(page_size=20, settings={"lookback_days": 1, **settings}, report=report)
    second.clock, second.s3 = first.clock, first.s3
    second.connect(Zoom(Account(scopes=(SERVED[report.name].scope,)), clock=first.clock, report=report.name))
    second.zoom.add_day(days_ago(0), 30, seed=3)
    return second


def refusal_of(world: World, otherwise: str) -> OtherReportError:
    """Return the refusal of a run, which must change nothing."""
    written = len(world.s3.ever_written())
    refused = None
    try:
        world.run()
    except OtherReportError as error:
        refused = error
    hold(Promise.SILENT, refused, otherwise)
    assert refused
    assert_sentence(refused)
    assert len(world.s3.ever_written()) == written
    return refused


def another_reports_checkpoint(report: Report = ACTIVITIES, other: Report = OPERATION_LOGS) -> None:
    """The second of two reports has the STATE_KEY of the first."""
    first = world_of(other)
    first.poll(3)
    second = on_the_bucket_of(first, report, state_key=first.state_key)
    refused = refusal_of(second, "the checkpoint of another report is overwritten, and nothing says so")
    assert f"{first.state_key} is that of Zoom's report {other.name}, but REPORT is {report.name}" in str(refused)
    del second.settings["state_key"]  # as the message says
    for world in (first, second):
        world.settle()
        world.assert_exact()


@pytest.mark.parametrize(("report", "other"), OTHERS)
def test_the_checkpoint_of_another_report_is_refused(report: Report, other: Report) -> None:
    another_reports_checkpoint(report, other)


def another_reports_prefix(report: Report = ACTIVITIES, other: Report = OPERATION_LOGS, prefix: str = "zoom/") -> None:
    """The second of two reports has the prefix of the first (""), or one that contains it."""
    first = world_of(other)
    first.poll(2)
    settings = {"prefix": prefix or first.prefix, "state_key": "elsewhere/state.json"}
    second = on_the_bucket_of(first, report, **settings)
    refused = refusal_of(second, "records of two reports are under one prefix, and nothing says so")
    assert f"holds records of Zoom's report {other.name}, such as s3://" in str(refused)
    second.settings = {}  # as the message says: both follow the report
    for world in (first, second):
        world.settle()
        world.assert_exact()


@pytest.mark.parametrize("prefix", ["", "zoom/"], ids=["the same", "around it"])
@pytest.mark.parametrize(("report", "other"), OTHERS)
def test_a_prefix_that_holds_records_of_another_report_is_refused(report: Report, other: Report, prefix: str) -> None:
    another_reports_prefix(report, other, prefix)


def two_reports_that_started_at_once(
    report: Report = OPERATION_LOGS, other: Report = ACTIVITIES, *, deleted: bool = False
) -> None:
    """Both have the same prefix, and neither saw a record of the other in its first run."""
    first = world_of(report, records=0, state_key="elsewhere/state.json")
    first.poll(2)
    second = on_the_bucket_of(first, other, prefix=first.prefix)
    second.settle()
    theirs = second.s3.keys(second.prefix)
    if deleted:  # as by a feed that deletes what it has read
        for key in theirs:
            second.s3.delete(key)
    first.zoom.add_day(days_ago(0), 30, seed=4)
    first.clock.advance(900)
    refused = refusal_of(first, "records of two reports are under one prefix, and nothing says so")
    assert f"holds records of Zoom's report {other.name}, such as s3://" in str(refused)
    second.settings = {}  # as the message says: its prefix follows the report
    for key in theirs:
        first.s3.delete_versions(key)
    for world in (first, second):
        world.settle()
        world.assert_exact()


@pytest.mark.parametrize("deleted", [False, True], ids=["there", "deleted"])
@pytest.mark.parametrize(("report", "other"), OTHERS)
def test_a_running_collector_refuses_the_prefix_too(report: Report, other: Report, deleted: bool) -> None:
    two_reports_that_started_at_once(report, other, deleted=deleted)


@pytest.mark.parametrize("left", ["objects", "state"])
def test_what_the_written_guide_left_belongs_to_operation_logs(left: str) -> None:
    """The guide's function collects only these: another report must not count its objects as its own."""
    guided = World(page_size=30)
    guided.zoom.add_day(days_ago(0), 40, seed=3)
    guides = GuidesLambda(guided, "")
    guides.cursor = START.date()
    guides.run()
    settings = {"prefix": guided.prefix, "state_key": "elsewhere/state.json"}
    if left == "state":
        guided.s3.put("state/state.json", b'{"cursor_date": "2026-03-09"}')
        settings = {"state_key": "state/state.json"}
    sign_ins = on_the_bucket_of(guided, ACTIVITIES, **settings)
    refusal_of(sign_ins, "another report takes over what the guide left, and nothing says so")
    sign_ins.settings = {}
    sign_ins.settle()
    sign_ins.assert_exact()


def test_the_probe_tries_a_record_of_its_own_report() -> None:
    first = world_of(OPERATION_LOGS)
    first.poll(2)
    bucket: Any = first.make_run()._services.archive._bucket
    today = START.date()
    assert newest_record(bucket, first.prefix, OPERATION_LOGS, today)
    assert newest_record(bucket, first.prefix, ACTIVITIES, today) is None


# Side by side


@pytest.mark.slow
def test_a_day_of_all_with_faults_is_exact(third: Report) -> None:
    """One bucket, one app, one clock; a fault affects only one of the collectors."""
    dice = random.Random("side by side")
    worlds = side_by_side((*BOTH, third))
    for _ in range(96):
        for world in worlds:
            moment = world.clock.now() - timedelta(minutes=dice.choice([0, 1, 5, 300]))
            [who] = {"operator", "email", "who"} & set(world.report.fields)
            for twin in range(dice.choice([1, 1, 2])):
                record = {world.report.time: f"{moment:%Y-%m-%dT%H:%M:%SZ}", who: f"{twin // 2}{moment:%H%M}"}
                world.shown.add(record)
            step(world, dice)
            world.clock.advance(60)
        for world in worlds:
            world.assert_none_repeated()
        worlds[0].clock.advance(780)
    worlds[0].zoom.faults.clear()
    worlds[0].clock.advance(NEXT_DAY)
    for _ in range(2):
        for world in worlds:
            world.settle()
    for world in worlds:
        world.assert_exact()
        names = {OBJECT_NAME.fullmatch(key.removeprefix(world.prefix)) for key in world.s3.keys(world.prefix)}
        assert {match and match[1] for match in names} == {world.report.name}


def step(world: World, dice: random.Random) -> None:
    """Do one run, or two concurrent ones; every third has a fault."""

    def run() -> None:
        with suppress(CollectorError):
            world.run()

    what: Callable[[], None] = dice.choice([run, run, run, run, kill, refuse, fail, overlapping, lose])
    if what is run:
        run()
        return
    what(world, run, dice)  # type: ignore[call-arg]
    world.zoom.faults.clear()


def kill(world: World, run: Callable[[], None], dice: random.Random) -> None:
    with killed(world, dice.randrange(1, 8), after=dice.random() < 0.5), suppress(Killed):
        run()


def refuse(world: World, run: Callable[[], None], dice: random.Random) -> None:
    world.zoom.faults.at(dice.randrange(1, 4), ZOOM_TROUBLE[dice.choice(sorted(ZOOM_TROUBLE))])
    run()


def fail(world: World, run: Callable[[], None], dice: random.Random) -> None:
    with trouble(world, S3_TROUBLE[dice.choice(sorted(S3_TROUBLE))], dice.randrange(1, 6), 1):
        run()


def overlapping(world: World, run: Callable[[], None], dice: random.Random) -> None:
    assert_ended_well(*overlap(world, [run, run], dice.randrange(10**6)))


def lose(world: World, run: Callable[[], None], dice: random.Random) -> None:
    if dice.random() < 0.3:
        world.s3.delete_versions(world.state_key)
    run()


# A third


@pytest.fixture
def third(monkeypatch: pytest.MonkeyPatch) -> Report:
    """Return an invented report: one entry in reports.json, without any other change."""
    read = read_reports(json.dumps({**ENTRIES, third_report.NAME: third_report.ENTRY}))
    assert read.items() > REPORTS.items()
    monkeypatch.setitem(SERVED, third_report.NAME, third_report.THIRD)
    monkeypatch.setitem(REPORTS, third_report.NAME, read[third_report.NAME])
    return read[third_report.NAME]


def faults_of(name: str, entry: dict[str, Any]) -> list[str]:
    """Return what is wrong with an entry of reports.json: each would change identities or names of objects."""
    fields = entry["fields"]
    rules = {
        "the name is not lowercase letters and underscores": re.fullmatch("[a-z_]+", name),
        "the fields are not a sorted list, each once": isinstance(fields, list) and fields == sorted({*fields}),
        "the time is not one of the fields": entry.get("time", "time") in fields,
        "a text is missing": all(
            entry[key] and isinstance(entry[key], str) for key in entry.keys() - {"fields", "in_guide"}
        ),
    }
    return [said for said, holds in rules.items() if not holds]


ENTRIES = json.loads(Path(reports.__file__).with_name("reports.json").read_text(encoding="utf-8"))
LIKE = ENTRIES["activities"]


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_has_its_form(name: str) -> None:
    assert faults_of(name, ENTRIES[name]) == []


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("sign-ins", {}),
        ("report2", {}),
        ("a", {"fields": "time"}),
        ("a", {"fields": ["time", "email"]}),
        ("a", {"time": "booked_at"}),
        ("a", {"scope": ""}),
    ],
)
def test_an_entry_of_another_form_is_noticed(name: str, changed: dict[str, Any]) -> None:
    assert len(faults_of(name, LIKE | changed)) == 1


@pytest.mark.parametrize("name", REPORTS)
def test_the_name_of_a_report_is_found_in_the_keys_of_its_objects(name: str) -> None:
    assert report_of(f"zoom/{object_name(START.date(), 1, REPORTS[name])}") == name


def test_a_third_report_is_one_entry(third: Report) -> None:
    environ = {"S3_BUCKET": "logs", "ZOOM_SECRET_ID": "zoom", "REPORT": "room_bookings"}
    assert Settings.from_environ(environ).report is third
    world = world_of(third)
    world.zoom.add({"booked_at": f"{START:%Y-%m-%dT07:00:00Z}", "room": "late"}, visible_at=START + timedelta(hours=20))
    world.poll(2)
    with killed(world, 3), suppress(Killed):
        world.run()
    world.s3.delete_versions(world.state_key)
    assert_ended_well(*overlap(world, [world.run, world.run], seed=1))
    world.settle()
    world.assert_exact()
    keys = world.s3.keys("")
    assert [key for key in keys if key.startswith("zoom/room_bookings/2026/03/10/zoom-room_bookings-20260310-000001")]
    assert "zoom/room_bookings-state/state.json" in keys
    world.zoom.account.scopes = ()
    world.zoom.revoke_access_tokens()
    with pytest.raises(ZoomRefusedError, match="lacks the scope report:read:room_bookings:admin"):
        world.run()


@pytest.mark.parametrize("other", BOTH, ids=lambda report: report.name)
def test_a_third_report_refuses_the_prefix_and_the_checkpoint_of_another(third: Report, other: Report) -> None:
    another_reports_prefix(third, other)
    another_reports_prefix(other, third)
    another_reports_checkpoint(third, other)
    another_reports_checkpoint(other, third)
    two_reports_that_started_at_once(third, other)
    two_reports_that_started_at_once(other, third)
