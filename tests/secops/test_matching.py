"""The sums of a match add up, for any records and any events."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zoomlogs.secops.identity import of_event, of_record
from zoomlogs.secops.matching import Delivery, Seen, Way, delay, match, wait

FIELDS = st.fixed_dictionaries(
    {
        "operator": st.sampled_from(["a@example.com", "b@example.com", ""]),
        "action": st.sampled_from(["Update", "Delete"]),
        "category_type": st.sampled_from(["User", ""]),
        "operation_detail": st.sampled_from(["x", "y", "z"]),
    }
)
RECORDS = st.lists(st.tuples(st.integers(0, 5), FIELDS), max_size=25)


def delivery(second: int, fields: dict[str, str], written: float = 100.0) -> Delivery:
    trace = of_record({"time": f"2026-03-09T12:00:{second:02}Z", **fields})
    return Delivery(repr((second, sorted(fields.items()))).encode(), trace, written)


@given(delivered=RECORDS, there=RECORDS)
def test_the_sums_add_up(delivered: list[tuple[int, dict[str, str]]], there: list[tuple[int, dict[str, str]]]) -> None:
    deliveries = [delivery(*each) for each in delivered]
    events = [Seen(delivery(*each).trace, 200.0) for each in there]
    found = match(deliveries, {}, events)
    assert len(deliveries) == found.in_secops - found.doubled.total() + len(found.lacking)
    assert len(events) == found.in_secops + found.others
    assert not Counter(each.name for each in found.lacking) - Counter(each.name for each in deliveries)
    assert len(found.since_record) == found.in_secops - found.doubled.total()


@given(delivered=RECORDS)
def test_events_are_matched_in_any_order(delivered: list[tuple[int, dict[str, str]]]) -> None:
    deliveries = [delivery(*each) for each in delivered]
    found = match(deliveries, {}, [Seen(each.trace, 200.0) for each in reversed(deliveries)])
    assert (found.way, found.in_secops, found.lacking, found.others) == (Way.FIELDS, len(deliveries), [], 0)
    assert not found.doubled and not found.changed


@pytest.mark.parametrize(
    ("seconds", "expected"), [([], (0, 0)), ([7], (7, 7)), (range(1, 101), (50, 95)), (range(20, 0, -1), (10, 19))]
)
def test_the_delay_is_by_the_nearest_rank(seconds: list[float], expected: tuple[float, float]) -> None:
    assert delay(seconds) == expected


def test_twins_are_no_repeats_where_events_are_counted_by_the_second() -> None:
    one, other = {"action": "Update"}, {"action": "Delete"}
    deliveries = [delivery(1, one), delivery(1, one), delivery(1, other)]
    there = [Seen(delivery(1, {"operator": name}).trace, 200.0) for name in ("a", "a", "b", "c")]
    found = match(deliveries, {}, there)
    assert (found.way, found.in_secops, found.others, found.doubled.total()) == (Way.SECOND, 3, 1, 0)


def test_an_event_before_its_object_by_another_clock_took_no_time() -> None:
    found = match([delivery(1, {"action": "Update"})], {}, [Seen(delivery(1, {"action": "Update"}).trace, 99.0)])
    assert list(found.since_written) == [0.0]


def test_the_wait_is_bounded() -> None:
    assert [wait([hours * 3600.0]) / 3600 for hours in (0, 1, 2, 11, 13, 4000)] == [3, 3, 4, 22, 24, 24]


def test_a_trace_keeps_what_the_mapping_keeps() -> None:
    made = of_event(
        {
            "metadata": {
                "eventTimestamp": "2026-03-09T12:00:00.250Z",
                "productEventType": "Update",
                "description": "x",
            },
            "additional": {"category_type": "User"},
            "principal": {"user": {"emailAddresses": ["a@example.com"]}},
        }
    )
    fields = {"operator": "a@example.com", "action": "Update", "category_type": "User", "operation_detail": "x"}
    assert made == of_record({"time": "2026-03-09T13:00:00+01:00", **fields})
    assert of_event({}) == of_record({"unknown": 1}) == (None, "", "", "", "")
