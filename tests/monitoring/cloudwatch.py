"""The part of CloudWatch that the module's alarms need: metrics, metric math, missing data, composite rules.

Written after AWS's pages "Using Amazon CloudWatch alarms", "Configuring how CloudWatch alarms treat missing data" and
"Using math expressions with CloudWatch metrics"; test_cloudwatch.py holds the examples of the first two. What those
leave open is a setting here (`Ways`), and the alarms are tested with each: how many extra periods CloudWatch retrieves,
whether periods end on the hour or at the evaluation, and how late a value arrives.
"""

from __future__ import annotations

import ast
import operator
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from standins.alarm_rules import ALARM, INSUFFICIENT_DATA, OK, holds, parsed

Point = float | None  # None is missing
Series = list[Point]  # the newest last

_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
SECOND = 1_000_000

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum,
    "Minimum": min,
    "Maximum": max,
    "Average": lambda values: sum(values) / len(values),
    "SampleCount": len,
}


@dataclass(frozen=True)
class MetricName:
    """The identity of a metric: its namespace, name, and all dimensions."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Mapping[str, str]) -> MetricName:
        return cls(namespace, name, frozenset(dimensions.items()))


@dataclass(frozen=True)
class Watched:
    """A metric, and how the values of a period are aggregated."""

    metric: MetricName
    statistic: str
    period_seconds: int


@dataclass(frozen=True)
class Alarm:
    """A metric alarm; `expression` is metric math over `watched`, by their ids, or None for a single metric."""

    name: str
    watched: Mapping[str, Watched]
    expression: str | None
    comparison: str
    threshold: float
    datapoints: int
    periods: int
    missing: str

    @property
    def period_seconds(self) -> int:
        [seconds] = {one.period_seconds for one in self.watched.values()}
        return seconds


@dataclass(frozen=True)
class Ways:
    """What AWS does not promise: extra periods retrieved, the alignment of periods, the delay of values."""

    more_periods: int
    aligned: bool
    delay: timedelta


# Every pair of settings is in one of these.
EVERY_WAY = [
    Ways(0, aligned=True, delay=timedelta()),
    Ways(0, aligned=False, delay=timedelta(minutes=3)),
    Ways(4, aligned=True, delay=timedelta(minutes=3)),
    Ways(4, aligned=False, delay=timedelta()),
]


# Times are whole microseconds since 1970, because an alarm is evaluated thousands of times.
Held = tuple[tuple[int, float], ...]  # the values of an alarm's periods, each with the number of its period


@dataclass(frozen=True)
class View:
    """An alarm's view of a metric, and the first times at which a value leaves its period, or another arrives."""

    held: Held
    leaves: int | None
    comes: int | None


@dataclass
class Recording:
    """Values of metrics, each with its time; from the log the last line of each run, and the kinds of incidents."""

    ended: list[dict[str, Any]] = field(default_factory=list)
    incidents: list[str] = field(default_factory=list)
    samples: dict[MetricName, list[tuple[datetime, float]]] = field(default_factory=lambda: defaultdict(list))
    _counted: dict[MetricName, tuple[list[int], list[float]]] = field(default_factory=dict)

    def add(self, metric: MetricName, moment: datetime, value: float) -> None:
        insort(self.samples[metric], (moment, value))

    def view(self, watched: Watched, end: int, count: int, seen_until: int) -> View:
        """Return what has arrived of the last `count` periods before `end`."""
        moments, values = self._in_microseconds(watched.metric)
        period = watched.period_seconds * SECOND
        begin = end - count * period
        arrived = min(bisect_left(moments, end), bisect_right(moments, seen_until))
        places = [divmod(moments[index] - begin, period) for index in range(bisect_left(moments, begin), arrived)]
        return View(
            tuple((place[0], value) for place, value in zip(places, values[arrived - len(places) :], strict=False)),
            leaves=end + min(place[1] for place in places) + 1 if places else None,
            comes=moments[arrived] if arrived < len(moments) else None,
        )

    def _in_microseconds(self, metric: MetricName) -> tuple[list[int], list[float]]:
        samples = self.samples.get(metric, [])
        known = self._counted.get(metric)
        if known is None or len(known[0]) != len(samples):  # samples are only ever added
            known = [microseconds(moment) for moment, _ in samples], [value for _, value in samples]
            self._counted[metric] = known
        return known


def microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def series(held: Held, statistic: str, count: int) -> Series:
    """Aggregate the values of each period."""
    periods: dict[int, list[float]] = {}
    for number, value in held:
        periods.setdefault(number, []).append(value)
    of = STATISTICS[statistic]
    return [of(periods[number]) if number in periods else None for number in range(count)]


# Metric math

_OPERATORS: Mapping[type, Callable[[float, float], float]] = {
    ast.Gt: lambda a, b: float(a > b),
    ast.GtE: lambda a, b: float(a >= b),
    ast.Lt: lambda a, b: float(a < b),
    ast.LtE: lambda a, b: float(a <= b),
    ast.Eq: lambda a, b: float(a == b),
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.And: lambda a, b: float(bool(a) and bool(b)),
    ast.Or: lambda a, b: float(bool(a) or bool(b)),
}


def calculate(expression: str, series: Mapping[str, Series]) -> Series:
    """Evaluate metric math over series of one length; raise ValueError for unsupported functions.

    If an operand is missing, so is the result. FILL leaves a series without any value unchanged: AWS does not document
    whether CloudWatch fills it.
    """
    [length] = {len(one) for one in series.values()}
    return _calculate(parsed(expression), series, length)


def _calculate(node: ast.expr, series: Mapping[str, Series], length: int) -> Series:
    def value(of: ast.expr) -> Series:
        return _calculate(of, series, length)

    match node:
        case ast.Name(id=name) if name in series:
            return series[name]
        case ast.Constant(value=int() | float() as number):
            return [float(number)] * length
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _OPERATORS:
            return _each(_OPERATORS[type(op)], value(left), value(right))
        case ast.BoolOp(op=op, values=[left, right]):
            return _each(_OPERATORS[type(op)], value(left), value(right))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _each(_OPERATORS[type(op)], value(left), value(right))
        case ast.Call(func=ast.Name(id="FILL"), args=[filled, ast.Constant(value=int() | float() as number)]):
            points = value(filled)
            known = any(point is not None for point in points)
            return [float(number) if point is None and known else point for point in points]
        case ast.Call(func=ast.Name(id="DIFF"), args=[of]):
            return _differences(value(of))
        case ast.Call(func=ast.Name(id="IF"), args=[condition, yes, no]):
            chosen = zip(value(condition), value(yes), value(no), strict=True)
            return [None if test is None else (a if test else b) for test, a, b in chosen]
    raise ValueError(f"Unsupported metric math: {ast.unparse(node)}")


def _each(function: Callable[[float, float], float], left: Series, right: Series) -> Series:
    return [None if a is None or b is None else function(a, b) for a, b in zip(left, right, strict=True)]


def _differences(series: Series) -> Series:
    """Return each value less the one before it; the first has none."""
    differences: Series = []
    before: Point = None
    for point in series:
        differences.append(None if point is None or before is None else point - before)
        before = before if point is None else point
    return differences


# States


def state_of(breaching: Sequence[bool | None], periods: int, datapoints: int, missing: str, before: str) -> str:
    """Decide a metric alarm's state from its evaluation range, the newest last; None is a missing point."""
    real = [point for point in breaching if point is not None]
    if len(real) >= periods:
        return ALARM if sum(real[-periods:]) >= datapoints else OK
    if missing in ("breaching", "notBreaching"):
        filled = (periods - len(real)) * (missing == "breaching")
        return ALARM if sum(real) + filled >= datapoints else OK
    if not real:
        return before if missing == "ignore" else INSUFFICIENT_DATA
    if sum(real) >= datapoints:
        return ALARM
    if not all(real):
        return OK
    # Only breaching points, but too few: an alarm as soon as the oldest of them is old enough.
    oldest = len(breaching) - list(breaching).index(True)
    return ALARM if missing == "missing" and datapoints <= oldest <= periods else before


def look(alarm: Alarm, views: Sequence[View], before: str, ways: Ways) -> str:
    """Return the alarm's state, by its views of its metrics."""
    count = alarm.periods + ways.more_periods
    seen = {
        name: series(view.held, watched.statistic, count)
        for (name, watched), view in zip(alarm.watched.items(), views, strict=True)
    }
    points = calculate(alarm.expression, seen) if alarm.expression else next(iter(seen.values()))
    compare = COMPARISONS[alarm.comparison]
    breaching = [None if point is None else compare(point, alarm.threshold) for point in points]
    return state_of(breaching, alarm.periods, alarm.datapoints, alarm.missing, before)


def changes(alarm: Alarm, recording: Recording, looks: range, ways: Ways) -> Iterator[tuple[int, str]]:
    """Return each evaluation at which the alarm's state changes, and the new state.

    It considers only evaluations with new values: the same values leave the state unchanged. Decisions for the same
    values are reused.
    """
    state, at = INSUFFICIENT_DATA, 0
    step = alarm.period_seconds * SECOND if ways.aligned else 60 * SECOND
    delay = ways.delay // _MICROSECOND
    count = alarm.periods + ways.more_periods
    decided: dict[tuple[str, tuple[Held, ...]], str] = {}
    while at < len(looks):
        now = looks[at]
        end = now - now % step
        views = [recording.view(watched, end, count, now - delay) for watched in alarm.watched.values()]
        key = (state, tuple(view.held for view in views))
        if key not in decided:
            decided[key] = look(alarm, views, state, ways)
        if decided[key] != state:
            state = decided[key]
            yield now, state
        later = [-(-view.leaves // step) * step for view in views if view.leaves is not None]
        later += [view.comes + delay for view in views if view.comes is not None]
        if not later:
            return
        at = max(at + 1, -((looks.start - min(later)) // looks.step))


@dataclass
class Told:
    """When each alarm and the composite alarm went into ALARM."""

    raised: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    ended: dict[str, str] = field(default_factory=dict)


def watch(
    alarms: Iterable[Alarm],
    composite: tuple[str, str],
    recording: Recording,
    first: datetime,
    last: datetime,
    ways: Ways,
    every: timedelta = timedelta(minutes=2),
) -> Told:
    """Evaluate the alarms, created at `first`, repeatedly until `last`."""
    told = Told()
    looks = range(microseconds(first) + 60 * SECOND, microseconds(last) + 1, every // _MICROSECOND)
    happens: dict[int, dict[str, str]] = {looks.start: {}}
    states = {}
    for alarm in alarms:
        states[alarm.name] = INSUFFICIENT_DATA
        for moment, state in changes(alarm, recording, looks, ways):
            happens.setdefault(moment, {})[alarm.name] = state
    name, rule = composite
    summed_up = INSUFFICIENT_DATA
    for moment, found in sorted(happens.items()) if looks else ():
        states |= found
        before, summed_up = summed_up, ALARM if holds(rule, states) else OK
        raised = [one for one, state in found.items() if state == ALARM]
        for one in [*raised, *([name] if before != summed_up == ALARM else [])]:
            told.raised[one].append(_EPOCH + moment * _MICROSECOND)
    told.ended = {**states, name: summed_up}
    return told


# Terraform's plan


def alarm_in_plan(values: Mapping[str, Any]) -> Alarm:
    """Read an `aws_cloudwatch_metric_alarm` of a plan."""
    queries = values.get("metric_query") or []
    expressions = [query["expression"] for query in queries if query.get("return_data")]
    watched = {
        query["id"]: Watched(
            MetricName.of(metric["namespace"], metric["metric_name"], metric["dimensions"]),
            metric["stat"],
            metric["period"],
        )
        for query in queries
        for metric in query.get("metric") or []
    }
    if not queries:
        metric = MetricName.of(values["namespace"], values["metric_name"], values["dimensions"])
        watched = {"metric": Watched(metric, values["statistic"], values["period"])}
    return Alarm(
        name=values["alarm_name"],
        watched=watched,
        expression=expressions[0] if expressions else None,
        comparison=values["comparison_operator"],
        threshold=values["threshold"],
        datapoints=values["datapoints_to_alarm"],
        periods=values["evaluation_periods"],
        missing=values["treat_missing_data"],
    )


def metrics_of_dashboard(body: str, widgets: Callable[[str], Any]) -> set[MetricName]:
    """Return every metric that a dashboard shows; `widgets` parses the body."""
    found = set()
    for widget in widgets(body)["widgets"]:
        for namespace, name, *rest in widget["properties"].get("metrics", []):
            flat = [part for part in rest if isinstance(part, str)]
            found.add(MetricName.of(namespace, name, dict(zip(flat[::2], flat[1::2], strict=True))))
    return found
