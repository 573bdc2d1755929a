"""One deleted, one doubled and two delayed records and a mis-parsed day are found among a hundred thousand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from zoomlogs.secops.result import SecopsKind, SecopsState

from .world import START, YESTERDAY, World

pytestmark = pytest.mark.slow

DAYS = [YESTERDAY - timedelta(days=ago) for ago in range(4)]
RECORDS = 100_000
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def test_each_fault_is_found_and_named() -> None:
    world = World()
    by_day = {day: world.day(RECORDS // len(DAYS), day, twins=0.01) for day in DAYS}
    misread: date = DAYS[3]
    lost, doubled, late = by_day[DAYS[0]][12_345], by_day[DAYS[1]][777], by_day[DAYS[2]][20_000]
    overdue = by_day[DAYS[0]][20_000]
    world.secops.events.lose(lost)
    world.secops.events.double(doubled)
    # Once more each, and not read by now: an event may take three hours.
    again = ((DAYS[0], overdue, 3 * HOUR + MINUTE), (DAYS[2], late, 3 * HOUR - MINUTE))
    for day, record, _ in again:
        world.archive([record], day)
        world.secops.events.logs[-1].ingested = START + HOUR
    deliveries = {day: world.deliveries(day) for day in DAYS}
    for day, _, ago in again:
        deliveries[day][-1] = deliveries[day][-1]._replace(written=(START - ago).timestamp())
    world.deliveries = deliveries.__getitem__  # type: ignore[method-assign]
    world.secops.events.misparse(
        misread, lambda udm: udm.update(principal={"user": {"userid": "admin"}}, additional={})
    )
    world.secops.events.misparse(misread, lambda udm: udm["metadata"].update(description="see the raw log"))

    days = world.check(*DAYS).days
    states = [(days[day].state, days[day].missing, days[day].doubled, days[day].not_yet) for day in DAYS]
    timeless = SecopsState.NOT_CHECKED  # where the published samples have records without a time
    assert [state[1:] for state in states] == [(2, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 0)]
    assert [states[0][0], states[1][0]] == [SecopsState.DIFFERENT, SecopsState.DIFFERENT]
    assert states[2][0] in (SecopsState.NOT_YET, timeless)
    named = [(each.kind, each.record) for day in DAYS for each in days[day].differences]
    assert named == [
        (SecopsKind.MISSING, lost),
        (SecopsKind.MISSING, overdue),
        (SecopsKind.DOUBLED, doubled),
        (SecopsKind.NOT_YET, late),
    ]
    assert [len(days[day].fields) for day in DAYS] == [4, 4, 4, 1]
    assert "matched by the second and by action: `zoomlogs udm --tenant`" in days[misread].note
    assert len(world.secops.calls) < 60
