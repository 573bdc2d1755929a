"""Which dates are verified, and which are refused with a sentence."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from zoomlogs.dates import dates_to_verify, last_days, ranges, since, spell
from zoomlogs.errors import CommandError

TODAY = date(2026, 3, 10)


@pytest.mark.parametrize(
    ("first", "last", "begun", "expected"),
    [
        (None, None, None, ("2026-03-03", "2026-03-09", 7)),
        (None, None, date(2026, 3, 7), ("2026-03-07", "2026-03-09", 3)),
        (None, None, date(2026, 3, 10), ("2026-03-09", "2026-03-09", 1)),
        ("2026-03-01", None, date(2026, 3, 7), ("2026-03-01", "2026-03-09", 9)),
        ("2026-03-10", None, None, ("2026-03-10", "2026-03-10", 1)),
        (None, "2026-02-28", date(2026, 3, 7), ("2026-02-22", "2026-02-28", 7)),
        (None, "2026-03-10", None, ("2026-03-04", "2026-03-10", 7)),
        (None, "2025-09-12", None, ("2025-09-10", "2025-09-12", 3)),
        ("2025-09-10", "2026-03-10", None, ("2025-09-10", "2026-03-10", 182)),
        ("yesterday", None, None, ("2026-03-09", "2026-03-09", 1)),
        ("2026-03-08", "today", None, ("2026-03-08", "2026-03-10", 3)),
    ],
)
def test_dates(first, last, begun, expected):
    found = dates_to_verify(first, last, TODAY, begun)
    assert (str(found[0]), str(found[-1]), len(found)) == expected


@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [
        (
            "2026-03-05",
            "2026-03-04",
            "--from 2026-03-05 is after --to 2026-03-04: give the earlier date as --from.",
        ),
        ("2026-03-05", "2026-03-11", "2026-03-11 is in the future: give 2026-03-10, today in UTC, or an earlier date."),
        ("2026-03-11", None, "2026-03-11 is in the future: give 2026-03-10, today in UTC, or an earlier date."),
        (
            "2025-09-09",
            None,
            "2025-09-09 is older than Zoom keeps its records: give 2025-09-10 or a later date.",
        ),
        (None, "2025-09-09", "2025-09-09 is older than Zoom keeps its records: give 2025-09-10 or a later date."),
        (None, "0001-01-01", "0001-01-01 is older than Zoom keeps its records: give 2025-09-10 or a later date."),
        ("9999-12-31", None, "9999-12-31 is in the future: give 2026-03-10, today in UTC, or an earlier date."),
        ("Friday", None, "--from is 'Friday': give a calendar date written as YYYY-MM-DD, such as 2026-01-31."),
        (None, "2026-02-30", "--to is '2026-02-30': give a calendar date written as YYYY-MM-DD, such as 2026-01-31."),
        ("", "2026-03-01", "--from is '': give a calendar date written as YYYY-MM-DD, such as 2026-01-31."),
    ],
)
def test_refused(first, last, sentence):
    with pytest.raises(CommandError) as refused:
        dates_to_verify(first, last, TODAY)
    assert (str(refused.value), refused.value.status) == (sentence, 2)


def test_the_last_days_are_those_that_are_over():
    assert last_days("30d", TODAY) == ("2026-02-08", "2026-03-09")
    assert last_days("1", TODAY) == ("2026-03-09", "2026-03-09")


@pytest.mark.parametrize("value", ["", "0d", "d", "-3d", "3h", "30 d", "99999d", "٣d"])
def test_an_invalid_number_of_days_is_refused(value):
    with pytest.raises(CommandError, match=r"^--last is .*: give a number of days, such as 30d\.$"):
        last_days(value, TODAY)


NOW = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("30m", "2026-03-10T12:00:00+00:00"),
        ("2h", "2026-03-10T10:30:00+00:00"),
        ("7d", "2026-03-03T12:30:00+00:00"),
        ("1w", "2026-03-03T12:30:00+00:00"),
        ("yesterday", "2026-03-09T00:00:00+00:00"),
        ("2026-03-01", "2026-03-01T00:00:00+00:00"),
        ("2026-03-01T12:00", "2026-03-01T12:00:00+00:00"),
        ("2026-03-01T12:00:00+02:00", "2026-03-01T12:00:00+02:00"),
        ("0001-01-01", "2000-01-01T00:00:00+00:00"),
    ],
)
def test_since(value, moment):
    assert since(value, NOW).isoformat() == moment


@pytest.mark.parametrize("value", ["", "2", "h", "0h", "2 hours", "2026-02-30", "99999w"])
def test_an_invalid_time_is_refused(value):
    with pytest.raises(CommandError, match=r"^--since is .*: give an age such as 2h or 7d, or a time such as "):
        since(value, NOW)


def test_dates_that_follow_each_other_are_a_range():
    days = [date(2026, 2, day) for day in (28, 26, 27, 27)] + [date(2026, 3, 1), date(2026, 3, 3)]
    assert ranges(days) == [(date(2026, 2, 26), date(2026, 3, 1)), (date(2026, 3, 3), date(2026, 3, 3))]
    assert spell(days) == "2026-02-26 to 2026-03-01, 2026-03-03"
    assert ranges([]) == []
