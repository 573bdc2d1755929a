"""One deleted and one doubled record in a hundred thousand are found, at a cost that grows with the records alone."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from zoom_operationlogs.archive_object import encode, object_name
from zoom_operationlogs.records import line
from zoom_operationlogs.reports import OPERATION_LOGS
from zoomlogs.verify.comparison import Kind

from .world import PREFIX, YESTERDAY, DayResult, State, Verified, days_ago

pytestmark = pytest.mark.slow

RECORDS = 100_000
PAGE_SIZE = 300
OBJECT = 25_000  # records
LOOKS = 3  # at Zoom, each at every page, where something differs


def archived(records: int) -> Verified:
    """Make a world of one date, all of it in the archive: put there as the collector would, who takes longer."""
    world = Verified(page_size=PAGE_SIZE)
    world.zoom.add_day(YESTERDAY, records, seed=1, twins=0.01)
    rows = world.zoom.records(YESTERDAY, YESTERDAY)
    for number, start in enumerate(range(0, records, OBJECT), 1):
        body = encode(map(line, rows[start : start + OBJECT]))
        world.s3.put(f"{PREFIX}{object_name(YESTERDAY, number, OPERATION_LOGS)}", body)
    return world


def seconds(world: Verified) -> tuple[DayResult, float]:
    """Verify the date; return what was found, and the processor's time that it took."""
    began = time.process_time()
    found = world.day()
    return found, time.process_time() - began


def test_one_deleted_and_one_doubled_in_a_hundred_thousand() -> None:
    world = archived(RECORDS)
    lost, doubled = world.lose(1234), world.double(-1)
    result, took = seconds(world)
    assert (result.in_zoom, result.in_archive, result.missing, result.repeated) == (RECORDS, RECORDS, 1, 1)
    assert [(each.kind, each.count, each.record) for each in result.differences] == [
        (Kind.MISSING, 1, lost),
        (Kind.REPEATED, 1, doubled),
    ]
    assert world.report_calls() <= LOOKS * 1.05 * RECORDS / PAGE_SIZE

    eighth = archived(RECORDS // 8)
    eighth.lose(1234)
    _, took_eighth = seconds(eighth)
    assert took < 24 * took_eighth  # eight times as long; were it the square, sixty-four times


def test_memory_does_not_grow_with_the_dates() -> None:
    world = Verified(page_size=PAGE_SIZE, settings={"start_date": days_ago(6)})
    for ago in range(1, 7):
        world.zoom.add_day(days_ago(ago), 1000, seed=ago)
    world.run()

    def peak(days: int) -> int:
        tracemalloc.start()
        try:
            found, _ = world.verify(*(days_ago(ago) for ago in range(1, days + 1)))
            assert {result.state for result in found} == {State.EQUAL}
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1)
    assert peak(6) < 1.3 * peak(2)
