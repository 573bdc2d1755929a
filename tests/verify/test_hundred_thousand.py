"""One deleted and one doubled record in a hundred thousand, found within a minute."""

from __future__ import annotations

import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest
from zoomlogs.verify.comparison import Kind, State

from .world import YESTERDAY, Verified, days_ago

pytestmark = pytest.mark.slow

RECORDS = 100_000
SECONDS = 60  # on two busy cores; it takes about ten


@pytest.fixture(scope="module")
def world() -> Verified:
    world = Verified(page_size=300, timeout_seconds=900)
    world.zoom.add_day(YESTERDAY, RECORDS, seed=1, twins=0.01)
    for _ in range(3):
        world.run()
        world.clock.advance(900)
    assert sum(len(world.records(key)) for key in world.objects()) == RECORDS
    return world


def test_one_deleted_and_one_doubled_in_a_hundred_thousand(world: Verified) -> None:
    began = time.monotonic()
    assert world.day().state is State.EQUAL
    lost, doubled = world.lose(1234), world.double(-1)
    result = world.day()
    took = time.monotonic() - began
    assert (result.in_zoom, result.in_archive, result.missing, result.repeated) == (RECORDS, RECORDS, 1, 1)
    assert [(each.kind, each.count, each.record) for each in result.differences] == [
        (Kind.MISSING, 1, lost),
        (Kind.REPEATED, 1, doubled),
    ]
    assert took < 2 * SECONDS  # two verifications, one of them with a second look


def test_memory_does_not_grow_with_the_dates() -> None:
    world = Verified(page_size=300, settings={"start_date": days_ago(12)})
    for ago in range(1, 13):
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
    assert peak(12) < 1.3 * peak(4)


def test_help_is_quick_because_nothing_heavy_is_imported() -> None:
    program = "import sys, zoomlogs.__main__; print([name for name in ('boto3', 'requests') if name in sys.modules])"
    ended = subprocess.run([Path(sys.executable), "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"
