"""Incidents: each is a log message, a field of the last line, and a count in the metric; permanent ones once a day."""

from __future__ import annotations

from datetime import timedelta

from standins.zoom import faults
from zoom_operationlogs.checkpoint_format import decode
from zoom_operationlogs.incidents import RUNBOOK, Incident

from .recorder import POLL, START, STATE_KEY, Collected, collected

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
PREFIX = "zoom/operationlogs/"
EMPTY = faults.answer(200, {"operation_logs": [], "next_page_token": ""})


def counted(world: Collected) -> int:
    """Return the number of incidents in the newest run's metric, which is also in its last line."""
    sent = {metric.name: int(value) for metric, value in world.sent}.get("Incidents", 0)
    assert sent == world.ended["incidents"] == len(world.incidents)
    return sent


def with_records(world: Collected, *days: int) -> None:
    for day in days:
        world.zoom.add_day((START + day * DAY).date(), 30, seed=day + 200)
    world.run()
    assert counted(world) == 0


def new_record(world: Collected) -> None:
    """Make the next run publish a record of today."""
    happened = f"{world.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    world.zoom.add({"time": happened, "action": "Add", "operator": happened, "category_type": "User"})
    world.clock.advance(POLL.total_seconds())


def objects(world: Collected, day: int = 0) -> list[str]:
    return world.s3.keys(f"{PREFIX}{START + day * DAY:%Y/%m/%d}/")


def test_a_lost_checkpoint() -> None:
    with collected() as world:
        with_records(world, -1, 0)
        world.s3.delete(STATE_KEY)
        world.run()
        assert counted(world) == 1
        assert world.incidents["checkpoint rebuilt"].startswith("There is no usable checkpoint: rebuilding it")
        assert world.incidents["checkpoint rebuilt"].endswith(RUNBOOK)
        world.run()
        assert counted(world) == 0


def test_a_first_run_is_not_an_incident() -> None:
    with collected() as world:
        world.run()
        assert counted(world) == 0


def test_dates_that_zoom_no_longer_has() -> None:
    with collected() as world:
        with_records(world, 0)
        old = "2025-09-20"
        refusal = faults.answer(400, {"code": 300, "message": "The report is available for the last 6 months only."})
        world.zoom.faults.rule = lambda request: refusal if request.query.get("from") == old else None
        world.run({"action": "backfill", "from": old, "to": old})
        assert counted(world) == 1
        assert world.incidents["dates expired"].startswith(
            f"Zoom no longer has {old}: the date is recorded as expired."
        )


def test_an_outage_longer_than_zooms_memory() -> None:
    with collected() as world:
        with_records(world, 0)
        world.clock.advance(200 * 86400)
        world.run()
        assert counted(world) == 1
        assert " dates expired: runs failed for longer than Zoom keeps records." in world.incidents["dates expired"]


def told_while(world: Collected, days: int) -> list[str]:
    """Return the incidents of some days, four runs a day."""
    told: list[str] = []

    def run() -> None:
        world.run({"action": "reconcile"})
        counted(world)
        told.extend(world.incidents)

    world.every(6 * HOUR, days * DAY, run)
    return told


def test_a_changed_form_is_reported_once_a_day() -> None:
    with collected() as world:
        with_records(world, -1, 0)
        world.zoom.rewrite(lambda record: {**record, "operation_detail": f"Now: {record.get('operation_detail')}"})
        assert told_while(world, 2) == ["form changed"] * 3, "on three dates of UTC"
        assert "in another form than the archive holds" in world.ended["failure"]


def test_permanently_unreadable_rows_are_reported_once_a_day() -> None:
    with collected() as world:
        with_records(world, 0)
        rows = faults.answer(200, {"next_page_token": "", "operation_logs": [None, 7]})
        world.zoom.faults.rule = lambda request: rows if request.endpoint == "report" else None
        assert told_while(world, 2) == ["rows set aside"] * 3, "on three dates of UTC"
        assert world.ended["unreadable_rows"] >= 2
        assert "holds unreadable rows" in world.ended["failure"]


def test_an_old_date_that_lacks_records_in_every_sweep() -> None:
    with collected() as world:
        day = START.date() - 20 * DAY
        with_records(world, 0, -20)
        event = {"action": "backfill", "from": f"{day}", "to": f"{day}"}
        world.run(event)
        world.zoom.faults.rule = lambda request: EMPTY if request.query.get("from") == f"{day}" else None
        world.run(event)
        told = []
        world.every(HOUR, 4 * HOUR, lambda: (world.run(), told.append(dict(world.incidents))))
        [said] = [found for found in told if found]
        assert said["records lacking"].startswith(f"Zoom shows 30 records of {day} less than the archive holds")


# Behind delete markers


def test_a_deleted_object_is_reported_at_the_next_listing_and_once_a_day() -> None:
    with collected() as world:
        with_records(world, -1, 0)
        [deleted] = objects(world)
        world.s3.delete(deleted)
        world.clock.advance(POLL.total_seconds())
        world.run()
        assert counted(world) == 0, "nothing new, so the date was not listed"
        new_record(world)
        world.run()
        assert counted(world) == world.ended["behind_markers"] == 1
        said = world.incidents["behind delete markers"]
        assert said.startswith(
            f"Objects of records are behind delete markers, where the feed cannot read them (1, such as {deleted}):"
        )
        new_record(world)
        world.run()
        assert (counted(world), world.ended["behind_markers"]) == (0, 1), "the last line still has it"


def test_a_deleted_object_that_is_restored_is_not_an_incident() -> None:
    with collected() as world:
        with_records(world, 0)
        [deleted] = objects(world)
        world.s3.delete(deleted)
        marker = world.s3._keys[deleted][-1].version_id
        world.s3.delete_version(deleted, marker)
        new_record(world)
        world.run()
        assert world.ended["behind_markers"] == 0
        body = world.s3.body(deleted)
        world.s3.delete(deleted)
        world.s3.put(deleted, body)  # as from a copy: the marker stays, behind the new version
        new_record(world)
        world.run()
        assert world.ended["behind_markers"] == 0


def test_another_key_behind_a_marker_is_not_an_incident() -> None:
    with collected() as world:
        with_records(world, 0)
        other = objects(world)[0].replace(".json.gz", ".json.gz.copy")
        world.s3.put(other, b"x")
        world.s3.delete(other)
        new_record(world)
        world.run()
        assert world.ended["behind_markers"] == 0


def test_the_feeds_deletions_are_not_incidents_even_later() -> None:
    with collected() as world:
        world.setenv(FEED_DELETES="true")
        with_records(world, -1, 0)
        world.s3.delete(objects(world)[0])
        new_record(world)
        world.run()
        assert world.ended["behind_markers"] == 0
        assert decode(world.s3.body(STATE_KEY)).feed_deletes
        world.setenv(FEED_DELETES="false")
        world.clock.advance(60)
        ends = world.clock.now()
        new_record(world)
        world.run()
        known = decode(world.s3.body(STATE_KEY))
        assert ends < known.kept_since <= world.clock.now()
        assert not known.feed_deletes
        assert world.ended["behind_markers"] == 0
        [newest] = objects(world)[-1:]
        world.clock.advance(60)
        world.s3.delete(newest)
        new_record(world)
        world.run()
        assert counted(world) == world.ended["behind_markers"] == 1, "somebody else deleted it"
        assert decode(world.s3.body(STATE_KEY)).kept_since == known.kept_since


def test_a_feed_that_never_deleted_does_not_explain_a_marker() -> None:
    with collected() as world:
        with_records(world, 0)
        assert decode(world.s3.body(STATE_KEY)).kept_since is None


def test_a_run_that_ends_its_lease_reports_before_another_may_take_it() -> None:
    """Its report is in its last save: another save would fail, because the next run has the lease."""
    with collected() as world:
        world.setenv(FEED_DELETES="true")
        with_records(world, 0)
        rows = faults.answer(200, {"next_page_token": "", "operation_logs": [None, 7]})
        world.zoom.faults.rule = lambda request: rows if request.endpoint == "report" else None
        world.clock.advance(POLL.total_seconds())
        world.s3.calls.clear()
        world.run()
        assert counted(world) == 1
        assert world.s3.calls["put_object"] == 2, "the lease, and the last save"
        assert decode(world.s3.body(STATE_KEY)).told == {"rows set aside": START.date()}


# The messages


def test_every_kind_is_tested() -> None:
    with open(__file__, encoding="utf-8") as file:
        text = file.read()
    assert [kind.value for kind in Incident if f'"{kind.value}"' not in text] == []
