"""The tests' CloudWatch against AWS's own examples, and against what its pages say of math and rules.

The two tables stand on the page "Configuring how CloudWatch alarms treat missing data": an alarm over three periods,
of which three or two must be bad, and an evaluation range of five.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from .cloudwatch import (
    ALARM,
    INSUFFICIENT_DATA,
    OK,
    Alarm,
    MetricName,
    Recording,
    Watched,
    Ways,
    calculate,
    holds,
    look,
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
def test_awss_examples_of_missing_data(
    datapoints: int, points: str, missing: str, ignore: str, breaching: str, not_breaching: str, before: str
) -> None:
    read = [{"0": False, "X": True, "-": None}[point] for point in points]
    ways = ("missing", "ignore", "breaching", "notBreaching")
    told = [state_of(read, 3, datapoints, way, before) for way in ways]
    assert told == [before if want == KEPT else want for want in (missing, ignore, breaching, not_breaching)]


@pytest.mark.parametrize("points", ["----X", "---X-"])
def test_an_alarm_does_not_come_before_its_time(points: str) -> None:
    """AWS's section on premature transitions: the next value may be good."""
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


def test_values_of_a_period_become_one_and_others_are_not_seen() -> None:
    recording = Recording()
    for minute, value in ((-11, 7), (-10, 1), (-6, 2), (-5, 4), (-1, 8), (0, 16)):
        recording.add(METRIC, NOON + timedelta(minutes=minute), value)
    other = MetricName.of("Zoom", "Runs", {"service": "another"})
    recording.add(other, NOON - timedelta(minutes=1), 99)

    def values(statistic: str, seen_until: datetime = NOON) -> list[float | None]:
        return recording.series(Watched(METRIC, statistic, 300), NOON, 3, seen_until)

    assert values("Sum") == [7, 3, 12]
    assert values("Maximum") == [7, 2, 8]
    assert values("Minimum") == [7, 1, 4]
    assert values("Average") == [7, 1.5, 6]
    assert values("SampleCount") == [1, 2, 2]
    assert values("Sum", NOON - timedelta(minutes=5)) == [7, 3, 4]
    assert recording.series(Watched(METRIC, "Sum", 60), NOON, 3, NOON) == [None, None, 8]


def silence(missing: str, expression: str | None) -> Alarm:
    return Alarm("silence", {"m": Watched(METRIC, "Sum", 300)}, expression, "LessThanThreshold", 1, 3, 3, missing)


def test_without_filling_silence_is_heard_late() -> None:
    """Why the module fills: CloudWatch goes on with old values as long as it finds any in its range."""
    recording = Recording()
    for minute in range(-60, 1, 5):
        recording.add(METRIC, NOON + timedelta(minutes=minute), 1)
    generous = Ways(more_periods=2, aligned=True, delay=timedelta())
    at = NOON + timedelta(minutes=20)
    assert look(silence("breaching", None), recording, at, OK, generous) == OK
    assert look(silence("breaching", "FILL(m, 0)"), recording, at, OK, generous) == ALARM
    assert look(silence("breaching", None), recording, at, OK, EXACT) == ALARM


def test_an_alarm_is_looked_at_from_its_beginning_to_the_end() -> None:
    recording = Recording()
    recording.add(METRIC, NOON + timedelta(minutes=30), 1)
    rule = ("all", 'ALARM("silence")')
    told = watch([silence("breaching", None)], rule, recording, NOON, NOON + timedelta(hours=1), EXACT)
    assert told.raised["silence"] == [NOON + timedelta(minutes=1), NOON + timedelta(minutes=51)]
    assert told.raised["all"] == told.raised["silence"]
    assert told.ended == {"silence": ALARM, "all": ALARM}
