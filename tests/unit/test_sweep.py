"""When the tail may stop, and what a page shows about order and page boundaries."""

from datetime import UTC, date, datetime, timedelta

import pytest
from zoom_operationlogs.records import Row
from zoom_operationlogs.reports import OPERATION_LOGS
from zoom_operationlogs.sweep import MOST_GROUPS, Group, Sweep, page_size_for, smaller_page_size

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def row(minutes_ago: float | None, detail: str = "") -> Row:
    time = {} if minutes_ago is None else {"time": (NOON - timedelta(minutes=minutes_ago)).isoformat()}
    return OPERATION_LOGS.row({**time, "operation_detail": detail or str(minutes_ago)})


def tail() -> Sweep:
    return Sweep(date(2026, 3, 7), date(2026, 3, 11), 300, began=NOON)


def stops(*pages: list[Row], frontier: datetime | None) -> bool:
    sweep, last = tail(), False
    for number, rows in enumerate(pages):
        sweep.observe(rows)
        last = sweep.reaches_back_past(frontier, rows)
        sweep.advance(f"token{number}", NOON)
    return last


FRONTIER = NOON - timedelta(minutes=10)


def test_it_stops_after_the_first_page_more_than_15_minutes_past_the_frontier():
    assert stops([row(0), row(26)], frontier=FRONTIER)
    assert not stops([row(0), row(25)], frontier=FRONTIER)
    assert stops([row(0), row(5)], [row(6), row(40)], frontier=FRONTIER)


def test_it_reads_on_without_a_frontier():
    assert not stops([row(0), row(600)], frontier=None)
    assert not stops([row(0), row(600)], frontier=datetime(2026, 3, 6, 23, 59, tzinfo=UTC))


def test_an_empty_page_or_a_row_without_a_time_never_stops_it():
    assert not stops([row(0), row(600)], [], frontier=FRONTIER)
    assert not stops([row(0), row(600), row(None)], frontier=FRONTIER)


def test_rows_out_of_order_make_it_read_further_back_by_that_much():
    within_a_page = [row(0), row(30), row(20)]  # ten minutes: more than 35 are needed
    assert not stops([*within_a_page, row(35)], frontier=FRONTIER)
    assert stops([*within_a_page, row(36)], frontier=FRONTIER)
    from_page_to_page = [row(0), row(30)], [row(22), row(25)]  # five
    assert not stops(*from_page_to_page, [row(30)], frontier=FRONTIER)
    assert stops(*from_page_to_page, [row(31)], frontier=FRONTIER)


def test_disorder_is_how_much_newer_a_row_is_than_the_oldest_above_it():
    sweep = tail()
    sweep.observe([row(0), row(30), row(25), row(28), row(20), row(40)])
    assert sweep.disorder == timedelta(minutes=10)
    sweep.advance("token", NOON)
    sweep.observe([row(39), row(41)])
    assert sweep.disorder == timedelta(minutes=10)


def test_a_sweep_counts_what_it_shows_of_each_date():
    sweep = tail()
    sweep.observe([row(0), row(1), row(None), row(13 * 60)])
    sweep.advance("token", NOON)
    sweep.observe([row(14 * 60), row(None)])
    assert sweep.shown == {date(2026, 3, 10): 2, date(2026, 3, 9): 2}
    assert sweep.untimed == 2


def test_a_page_one_older_than_the_frontier_is_not_newest_first():
    assert not stops([row(4000)], frontier=FRONTIER)


def test_rows_repeated_from_the_page_before_are_a_shift_not_disorder():
    assert stops([row(0), row(5), row(6)], [row(5), row(6), row(40)], frontier=FRONTIER)


def test_page_one_has_the_newest_time():
    sweep = tail()
    sweep.observe([row(3), row(4)])
    sweep.advance("token", NOON)
    sweep.observe([row(2), row(5)])
    assert sweep.newest == NOON - timedelta(minutes=3)


def test_a_record_on_both_sides_of_a_page_boundary_is_detected():
    split, whole = tail(), tail()
    for sweep, second in ((split, [row(5, "twin"), row(6)]), (whole, [row(6), row(7)])):
        sweep.observe([row(0), row(5, "twin"), row(5, "other")])
        sweep.advance("token", NOON)
        sweep.observe(second)
    assert split.split == [Group(row(5, "twin").fingerprint, 1, 4, date(2026, 3, 10))]
    assert not whole.split


def test_a_token_is_used_for_14_minutes():
    sweep = tail()
    assert not sweep.resumable(NOON)
    sweep.advance("token", NOON)
    assert sweep.resumable(NOON + timedelta(minutes=13, seconds=59))
    assert not sweep.resumable(NOON + timedelta(minutes=14))
    assert not sweep.resumable(NOON - timedelta(seconds=1))


@pytest.mark.parametrize("size", [300, 283, 60, 35, 34, 10, 3])
def test_a_smaller_page_moves_the_boundaries(size):
    assert 1 < smaller_page_size(size) < size
    assert any(boundary % smaller_page_size(size) for boundary in range(size, 10 * size, size))


def test_the_next_page_size_keeps_the_groups_together_that_were_split():
    groups = [Group(bytes([n]), first, first + 4, None) for n, first in enumerate((298, 597, 1196))]
    size = page_size_for(groups, 300)
    assert 150 <= size < 300
    assert all(group.first // size == (group.end - 1) // size for group in groups)
    assert page_size_for([Group(b"", 0, 12, None)], 5) == 5
    assert page_size_for([Group(b"", 0, 2, None)], 1) == 2


def test_a_sweeps_state_is_limited() -> None:
    """Pages with many rows of one time, or of many dates, must not make a checkpoint too large to read."""
    began = datetime(2026, 3, 10, 9, tzinfo=UTC)
    place = Sweep(date(2026, 3, 9), date(2026, 3, 10), 300, began)
    same = [Row(number.to_bytes(16), began, {}) for number in range(2 * MOST_GROUPS)]
    for _ in range(3):
        place.observe(same)
    assert len(place.edge) <= MOST_GROUPS
    assert len(place.split) <= 2 * MOST_GROUPS
    place.observe([Row(bytes(16), began - timedelta(days=number), {}) for number in range(5000)])
    assert set(place.shown) == {date(2026, 3, 10), date(2026, 3, 9), date(2026, 3, 8)}
