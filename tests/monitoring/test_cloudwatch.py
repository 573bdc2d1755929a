"""The tests' CloudWatch against AWS's examples, and against its documentation of math and rules.

The two tables are from the page "Configuring how CloudWatch alarms treat missing data": an alarm over three periods, of
which three or two must breach, and an evaluation range of five.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from .cloudwatch import (
    ALARM,
    INSUFFICIENT_DATA,
    OK,
    SECOND,
    Alarm,
    MetricName,
    Recording,
    View,
    Watched,
    Ways,
    calculate,
    changes,
    holds,
    microseconds,
    series,
    state_of,
    watch,
)

KEPT = "kept"
THREE_OF_THREE = [
    ("0-X-X", OK, OK, OK, OK),
    ("0----", OK, OK, OK, OK),
    ("-----", INSUFFICIENT_DATA, KEPT, ALARM, OK),
    ("0XX-X", ALARM, ALARM, ALARM, ALARM),
    ("--X--", ALARM, KEPT, ALARM, OK),
]
TWO_OF_THREE = [
    ("0-X-X", ALARM, ALARM, ALARM, ALARM),
    ("00X0X", ALARM, ALARM, ALARM, ALARM),
    ("0-X--", OK, OK, ALARM, OK),
    ("----0", OK, OK, ALARM, OK),
    ("---X-", ALARM, KEPT, ALARM, OK),
]
EXAMPLES = [(3, *row) for row in THREE_OF_THREE] + [(2, *row) for row in TWO_OF_THREE]
METRIC = MetricName.of("Zoom", "Runs", {"service": "collect"})
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
EXACT = Ways(more_periods=0, aligned=True, delay=timedelta())


@pytest.mark.parametrize("before", [OK, ALARM, INSUFFICIENT_DATA])
@pytest.mark.parametrize(("datapoints", "points", "missing", "ignore", "breaching", "not_breaching"), EXAMPLES)
def test_aws_examples_of_missing_data(
    datapoints: int, points: str, missing: str, ignore: str, breaching: str, not_breaching: str, before: str
) -> None:
    read = [{"0": False, "X": True, "-": None}[point] for point in points]
    ways = ("missing", "ignore", "breaching", "notBreaching")
    told = [state_of(read, 3, datapoints, way, before) for way in ways]
    assert told == [before if want == KEPT else want for want in (missing, ignore, breaching, not_breaching)]


@pytest.mark.parametrize("points", ["----X", "---X-"])
def test_an_alarm_is_not_premature(points: str) -> None:
    """From AWS's section on premature transitions: the next value may be good."""
    read = [True if point == "X" else None for point in points]
    assert state_of(read, 3, 3, "missing", OK) == OK
    assert state_of([None, None, True, None, None], 3, 3, "missing", OK) == ALARM


def test_metric_math() -> None:
    series = {"a": [None, 3.0, None, 2.0, 2.0], "none": [None] * 5}
    assert calculate("FILL(a, 0)", series) == [0, 3, 0, 2, 2]
    assert calculate("FILL(none, 0)", series) == [None] * 5
    assert calculate("DIFF(a)", series) == [None, None, None, -1, 0]
    assert calculate("IF(a > 0 AND DIFF(a) >= 0, 1, 0)", series) == [None, None, None, 0, 1]
    assert calculate("a >= 3 OR a == 2", series) == [None, 1, None, 1, 1]
    with pytest.raises(ValueError, match="ANOMALY"):
        calculate("ANOMALY_DETECTION_BAND(a, 2)", series)
    with pytest.raises(ValueError, match="b"):
        calculate("b + 1", series)


def test_rules_of_composite_alarms() -> None:
    states = {"one": ALARM, "two": OK, "three": INSUFFICIENT_DATA}
    assert holds('ALARM("one") AND OK("two")', states)
    assert not holds('ALARM("two") OR (ALARM("one") AND OK("three"))', states)
    assert holds('ALARM("two") OR NOT OK("three")', states)
    with pytest.raises(KeyError):
        holds('OK("two") OR ALARM("four")', states)
    with pytest.raises(ValueError, match="BROKEN"):
        holds('BROKEN("one")', states)


def test_values_of_a_period_are_aggregated_and_others_ignored() -> None:
    recording = Recording()
    for minute, value in ((-11, 7), (-10, 1), (-6, 2), (-5, 4), (-1, 8), (0, 16)):
        recording.add(METRIC, NOON + timedelta(minutes=minute), value)
    other = MetricName.of("Zoom", "Runs", {"service": "another"})
    recording.add(other, NOON - timedelta(minutes=1), 99)

    def values(statistic: str, seconds: int = 300, seen_until: datetime = NOON) -> list[float | None]:
        watched = Watched(METRIC, statistic, seconds)
        return series(recording.view(watched, microseconds(NOON), 3, microseconds(seen_until)).held, statistic, 3)

    assert values("Sum") == [7, 3, 12]
    assert values("Maximum") == [7, 2, 8]
    assert values("Minimum") == [7, 1, 4]
    assert values("Average") == [7, 1.5, 6]
    assert values("SampleCount") == [1, 2, 2]
    assert values("Sum", seen_until=NOON - timedelta(minutes=5)) == [7, 3, 4]
    assert values("Sum", seconds=60) == [None, None, 8]


def test_a_view_returns_when_it_can_first_change() -> None:
    recording = Recording()
    minute, noon = 60 * SECOND, microseconds(NOON)
    for moment in (-13, -7, 2):
        recording.add(METRIC, NOON + timedelta(minutes=moment), 1)

    def view(end: int) -> View:
        return recording.view(Watched(METRIC, "Sum", 300), end, 3, end)

    assert view(noon) == View(((0, 1), (1, 1)), leaves=noon + 2 * minute + 1, comes=noon + 2 * minute)
    assert view(noon + 2 * minute).held == view(noon).held
    assert view(noon + 3 * minute).held == ((1, 1), (2, 1))
    assert view(noon + 60 * minute) == View((), leaves=None, comes=None)


def silence(missing: str, expression: str | None) -> Alarm:
    return Alarm("silence", {"m": Watched(METRIC, "Sum", 300)}, expression, "LessThanThreshold", 1, 3, 3, missing)


def test_without_fill_the_silence_alarm_is_late() -> None:
    """Why the module uses FILL: CloudWatch uses old values while any is in its range."""
    recording = Recording()
    for minute in range(-60, 1, 5):
        recording.add(METRIC, NOON + timedelta(minutes=minute), 1)
    generous = Ways(more_periods=2, aligned=True, delay=timedelta())
    at = NOON + timedelta(minutes=20)

    def state(alarm: Alarm, ways: Ways) -> str:
        looks = range(microseconds(at), microseconds(at) + 1)
        return dict(changes(alarm, recording, looks, ways))[looks[0]]

    assert state(silence("breaching", None), generous) == OK
    assert state(silence("breaching", "FILL(m, 0)"), generous) == ALARM
    assert state(silence("breaching", None), EXACT) == ALARM


def test_an_alarm_is_evaluated_from_its_creation_to_the_end() -> None:
    recording = Recording()
    recording.add(METRIC, NOON + timedelta(minutes=30), 1)
    rule = ("all", 'ALARM("silence")')
    told = watch([silence("breaching", None)], rule, recording, NOON, NOON + timedelta(hours=1), EXACT)
    assert told.raised["silence"] == [NOON + timedelta(minutes=1), NOON + timedelta(minutes=51)]
    assert told.raised["all"] == told.raised["silence"]
    assert told.ended == {"silence": ALARM, "all": ALARM}
