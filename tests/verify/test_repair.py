"""What `zoomlogs verify --repair` asks for, and what the table and the document say."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console
from zoom_operationlogs.archive_object import OBJECT_NAME
from zoomlogs.verify.comparison import State
from zoomlogs.verify.output import document, table, verdict
from zoomlogs.verify.repair import event, wanted

from .results import FIRST, NASTY, a_day, half_a_year, of_days
from .world import PREFIX, YESTERDAY, Verified, collected, days_ago, guide_object


def lacking(number: int, **values):
    return a_day(number, **{"state": State.DIFFERENT, "missing": 1, **values})


def test_exactly_the_dates_that_lack_records_are_asked_for_as_ranges():
    days = [
        lacking(0),
        lacking(1, repeated=5),
        a_day(2),
        a_day(3, state=State.DIFFERENT, repeated=1),
        lacking(4),
        lacking(5, state=State.NOT_READ_YET),
        a_day(6, state=State.UNCHECKED),
        lacking(7, missing=3, taken_for_delivered=3),
        lacking(8, missing=3, taken_for_delivered=2),
        lacking(9, missing=3, repeated=1, owed=True),
    ]
    assert [(str(first), str(last)) for first, last in wanted(days)] == [
        ("2026-06-01", "2026-06-02"),
        ("2026-06-05", "2026-06-05"),
        ("2026-06-09", "2026-06-09"),
    ]
    assert event(FIRST, FIRST) == {"action": "backfill", "from": "2026-06-01", "to": "2026-06-01"}
    assert wanted([a_day(0)]) == []


def test_the_collector_repairs_the_dates_asked_for():
    world = collected(days=8)
    world.run(event(days_ago(8), days_ago(6)))
    lost = world.lose(day=days_ago(7))
    found, _ = world.verify(days_ago(8), days_ago(7), days_ago(6))
    [(first, last)] = wanted(found)
    assert (first, last) == (days_ago(7), days_ago(7))
    assert world.run(event(first, last))["written"] == 1
    assert lost in world.archive()
    assert world.day(days_ago(7)).state is State.EQUAL


def test_what_was_deleted_of_the_last_days_takes_a_new_checkpoint_as_the_note_says():
    world = collected()
    lost = world.lose()
    result = world.day()
    assert (result.missing, result.taken_for_delivered, wanted([result])) == (1, 1, [])
    assert result.note.startswith(
        "The checkpoint holds 1 of the missing as delivered, so the archive had them once: delete the checkpoint as"
    )
    assert world.run(event(YESTERDAY, YESTERDAY))["written"] == 0
    world.forget()
    assert world.run(event(YESTERDAY, YESTERDAY))["written"] == 1
    assert lost in world.archive()
    assert world.day().state is State.EQUAL


def test_each_twin_that_the_checkpoint_holds_as_delivered_counts():
    world = collected()
    twin = {"time": f"{YESTERDAY}T10:00:00Z", "operator": "twin"}
    for _ in range(3):
        world.zoom.add(twin, visible_at=world.clock.now())
    world.run({"action": "reconcile"})
    [key] = [key for key in world.objects() if twin in world.records(key)]
    world.rewrite(key, [twin])
    world.zoom.add(twin, visible_at=world.clock.now())
    result = world.day()
    assert (result.missing, result.taken_for_delivered) == (3, 2)
    assert wanted([result]) == [(YESTERDAY, YESTERDAY)]
    assert world.run(event(YESTERDAY, YESTERDAY))["written"] == 1
    assert (world.day().missing, world.day().taken_for_delivered) == (2, 2)


@pytest.mark.parametrize("day", [YESTERDAY, days_ago(6)])
def test_records_of_deleted_guide_objects_are_not_restored_by_a_backfill(day):
    world = Verified()
    world.zoom.add_day(day, 100, seed=1)
    guide_object(world, day, world.zoom.records(day, day)[:80])
    world.poll(3)
    assert world.day(day).state is State.EQUAL
    for version in world.s3.ever_written(PREFIX):
        if not OBJECT_NAME.fullmatch(version.key.removeprefix(PREFIX)):
            world.s3.delete_versions(version.key)
    result = world.day(day)
    assert (result.missing, result.taken_for_delivered, wanted([result])) == (80, 80, [])
    assert world.run(event(day, day))["written"] == 0
    world.forget()
    assert world.run(event(day, day))["written"] == 80


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits(width):
    out = Console(file=io.StringIO(), width=width, color_system=None)
    for part in table(half_a_year(), width):
        out.print(part)
    lines = out.file.getvalue().split("\n")  # type: ignore[attr-defined]
    assert max(map(len, lines)) <= width
    assert all("…" not in line.replace("… ", "", 1) for line in lines)
    assert sum(line.lstrip().startswith(("✓", "✗", "… 2026", "…  2026", "?")) for line in lines) == 180
    assert any("The collector reads this date again by itself." in line for line in lines)


@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        ([a_day(0), a_day(1)], "Equal: each of Zoom's 200 records is in the archive, once."),
        ([a_day(0, in_archive=95, not_due=5)],
         "Equal: 95 records are in the archive, once; 5 are so new that they are not yet due."),
        ([lacking(0), a_day(1, in_zoom=105, not_due=5)],
         "Different on 1 date: 1 missing. Not yet due, because so new: 5."),
        ([lacking(0), a_day(1)], "Different on 1 date: 1 missing."),
        ([lacking(0, deleted=3)], "Different on 1 date: 1 missing and 3 in deleted objects."),
        ([lacking(0, missing=0, repeated=5, accepted=2)],
         "Different on 1 date: 3 repeated. 2 repeats accepted by --accept."),
        ([a_day(0, repeated=1, accepted=1)],
         "Equal: each of Zoom's 100 records is in the archive. 1 repeat accepted by --accept."),
        ([lacking(0, repeated=2), a_day(1, state=State.UNCHECKED)],
         "Different on 1 date: 1 missing and 2 repeated. 1 date could not be checked."),
        ([a_day(0), a_day(1, state=State.UNCHECKED)],
         "Equal as far as it was checked: 1 date. 1 date could not be checked."),
    ],
)  # fmt: skip
def test_the_verdict(days, sentence):
    assert verdict(of_days(*days)) == sentence


def test_the_document():
    told = json.loads(json.dumps(document(half_a_year())))
    assert (told["equal"], told["from"], told["to"]) == (False, "2026-06-01", "2026-11-27")
    assert told["unchecked"] == ["2026-11-25", "2026-11-26", "2026-11-27"][-len(told["unchecked"]) :]
    assert len(told["days"]) == 180
    assert told["days"][3] | {"in_zoom": 0, "in_archive": 0} == {
        "date": "2026-06-04",
        "state": "different",
        "in_zoom": 0,
        "in_archive": 0,
        "missing": 2,
        "repeated": 0,
        "deleted": 0,
        "accepted": 0,
        "late": 0,
        "not_due": 0,
        "taken_for_delivered": 0,
        "owed": False,
        "note": "The collector reads this date again by itself.",
    }
    assert told["differences"][0]["record"] == NASTY
    assert document(of_days(a_day(0)))["equal"] is True


def test_the_documents_totals_add_up():
    totals = document(of_days(a_day(0, in_zoom=104, not_due=4), a_day(1, in_zoom=103, not_due=3)))["totals"]
    nothing = dict.fromkeys(("missing", "repeated", "deleted", "accepted", "late"), 0)
    assert totals == {"in_zoom": 207, "in_archive": 200, "not_due": 7, **nothing}
