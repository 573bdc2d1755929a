"""Which dates are verified, and which are refused with a sentence."""

from __future__ import annotations

from datetime import date

import pytest
from zoomlogs.dates import dates_to_verify, ranges, spell
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
        ("2026-03-05", "2026-03-11", "2026-03-11 is still to come: give 2026-03-10, today in UTC, or an earlier date."),
        ("2026-03-11", None, "2026-03-11 is still to come: give 2026-03-10, today in UTC, or an earlier date."),
        (
            "2025-09-09",
            None,
            "2025-09-09 is older than Zoom keeps its records: give 2025-09-10 or a later date.",
        ),
        (None, "2025-09-09", "2025-09-09 is older than Zoom keeps its records: give 2025-09-10 or a later date."),
        (None, "0001-01-01", "0001-01-01 is older than Zoom keeps its records: give 2025-09-10 or a later date."),
        ("9999-12-31", None, "9999-12-31 is still to come: give 2026-03-10, today in UTC, or an earlier date."),
        ("yesterday", None, "--from is 'yesterday': give a calendar date written as YYYY-MM-DD, such as 2026-01-31."),
        (None, "2026-02-30", "--to is '2026-02-30': give a calendar date written as YYYY-MM-DD, such as 2026-01-31."),
        ("", "2026-03-01", "--from is '': give a calendar date written as YYYY-MM-DD, such as 2026-01-31."),
    ],
)
def test_refused(first, last, sentence):
    with pytest.raises(CommandError) as refused:
        dates_to_verify(first, last, TODAY)
    assert (str(refused.value), refused.value.status) == (sentence, 2)


def test_dates_that_follow_each_other_are_a_range():
    days = [date(2026, 2, day) for day in (28, 26, 27, 27)] + [date(2026, 3, 1), date(2026, 3, 3)]
    assert ranges(days) == [(date(2026, 2, 26), date(2026, 3, 1)), (date(2026, 3, 3), date(2026, 3, 3))]
    assert spell(days) == "2026-02-26 to 2026-03-01, 2026-03-03"
    assert ranges([]) == []
