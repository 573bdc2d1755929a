"""A sweep that lacks archived records settles nothing, at most three times."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from standins.zoom import faults

from .test_old_dates import (
    assert_looks_are_an_hour_apart,
    backfill,
    every_second,
    incomplete,
    looks,
    nothing,
    show_less,
    world_of_weeks,
)
from .world import Promise, days_ago, hold


def half_of_a_date_that_the_archive_holds_whole() -> None:
    """Zoom shows only half of an old date, without a record that the archive lacks."""
    world = world_of_weeks(12)
    world.poll(2)
    day = days_ago(8)
    late = {"time": f"{day}T11:00:00Z", "operator": "late@example.com"}
    world.zoom.add(late, visible_at=world.clock.now())
    show_less(world, {day}, lambda rows: [row for row in rows if row != late][::2], times=1)
    backfill(world, day)
    world.poll(12)
    world.assert_exact()
    assert world.results[-1]["owed"] == 0
    assert incomplete(world) == 0
    assert_looks_are_an_hour_apart(world, days_ago(7), day, days_ago(9), since=1)


def test_half_of_a_date_that_the_archive_holds_settles_nothing() -> None:
    half_of_a_date_that_the_archive_holds_whole()


def a_date_that_zoom_never_shows_again() -> None:
    """After three sweeps, an hour apart, the date is settled, counted and logged, and nothing is written."""
    world = world_of_weeks(12)
    world.poll(2)
    day = days_ago(8)
    show_less(world, {day}, every_second, times=1000)
    before = len(looks(world, day))
    backfill(world, day)
    world.poll(24)
    hold(Promise.COST, len(looks(world, day)) - before == 3, f"{len(looks(world, day)) - before} sweeps of a date")
    hold(Promise.MISSING, world.results[-1]["owed"] == 0, "the date is owed forever")
    hold(Promise.SILENT, incomplete(world) == 1, "nothing says that Zoom shows less than the archive holds")
    assert_looks_are_an_hour_apart(world, day, since=before)
    world.assert_exact()


def test_records_that_zoom_never_shows_again_are_settled_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    a_date_that_zoom_never_shows_again()
    [said] = [record.message for record in caplog.records if "less than the archive holds" in record.message]
    assert f"47 records of {days_ago(8)}" in said  # Zoom shows every second one of the first 25 of 60
    assert "in 3 sweeps" in said


def a_witness_that_is_owed_itself() -> None:
    """After an outage, Zoom's first answer for each old date is empty; for one of them the archive has all but one
    row. Its neighbour lacks records too, and must not make it a mere witness, which one sweep settles."""
    world = world_of_weeks(2)
    for ahead in range(2, 12):
        world.zoom.add_day(days_ago(-ahead), 20, seed=ahead)
    world.poll(2)
    late = {"time": f"{days_ago(1)}T20:00:00Z", "operator": "late@example.com"}
    world.zoom.add(late, visible_at=world.clock.now() + timedelta(hours=10))
    world.clock.advance(9 * 86400)
    world.network.latency = 1
    show_less(world, {days_ago(ago) for ago in range(-5, 3)}, nothing, times=1)
    world.poll(4, every=timedelta(hours=1))
    world.assert_exact()
    assert world.results[-1]["owed"] == 0


def test_a_date_that_is_owed_does_not_become_a_witness() -> None:
    a_witness_that_is_owed_itself()


def a_date_that_lacks_records_and_has_groups_on_two_pages() -> None:
    """More sweeps follow because of its identical rows; the missing records are counted once."""
    world = world_of_weeks(12)
    day = days_ago(8)
    for _ in range(2 * world.page_size):
        world.zoom.add({"time": f"{day}T11:00:00Z", "operator": "twin@example.com"})
    world.poll(8)
    hidden = [row for row in world.zoom.records(day, day) if row["operator"] != "twin@example.com"][:50]

    def without_some(exchange: faults.Exchange) -> Any:
        answer = exchange.ordinary()
        page = json.loads(answer.body)
        if "operation_logs" in page:
            page["operation_logs"] = [row for row in page["operation_logs"] if row not in hidden]
        return replace(answer, body=json.dumps(page).encode())

    world.zoom.faults.rule = lambda _request: without_some
    backfill(world, day)
    world.poll(100)
    assert world.results[-1]["owed"] == 0
    hold(Promise.SILENT, incomplete(world) == 1, f"logged {incomplete(world)} times")


def test_missing_records_of_a_date_are_logged_once() -> None:
    a_date_that_lacks_records_and_has_groups_on_two_pages()
