"""Results made up for the page and the table."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from zoomlogs.secops.matching import Way
from zoomlogs.secops.result import Delay, Findings, SecopsDay, SecopsDifference, SecopsKind, SecopsState
from zoomlogs.verify.comparison import Accepted, DayResult, Difference, Kind, Result, State

FIRST = date(2026, 6, 1)
NASTY = {
    "time": "2026-06-04T09:14:02Z",
    "operator": "équipe.réseau@example.com",
    "action": "</pre><script>document.title = 'obeyed'</script>",
    "operation_detail": "部署 \u202egnp.exe \ud800 \x9b2J" + "x" * 400,
}


def a_day(number: int, **values: Any) -> DayResult:
    return DayResult(
        **{
            "date": FIRST + timedelta(days=number),
            "state": State.EQUAL,
            "in_zoom": 100,
            "in_archive": 100,
            **values,
        }
    )


def of_days(*days: DayResult, stopped: str = "") -> Result:
    began = datetime(2026, 12, 1, 9, 0, 5, tzinfo=UTC)
    account = "Kx2b9QwRTe-3yL0mZpVn8A"
    ended = began + timedelta(minutes=41)
    return Result("your-zoom-operation-logs", "zoom/operationlogs/", account, began, ended, days, stopped)


def deleted_and_accepted() -> Result:
    """Return dates with records in deleted objects, and with accepted repeats."""
    found = (Difference(Kind.DELETED, 1, "ab" * 16, NASTY),)
    known = (Difference(Kind.REPEATED, 1, "cd" * 16, NASTY, "Ticket <7>: two runs by hand."),)
    deleted = {"in_archive": 0, "deleted": 1_234_567, "in_zoom": 1_234_567, "differences": found}
    days = (
        a_day(0, state=State.DIFFERENT, note="1,234,567 records are in deleted objects.", **deleted),
        a_day(1, in_archive=101, repeated=1, accepted=1, differences=known),
        a_day(2),
    )
    entries = (Accepted(days[1].date, "cd" * 16, "Ticket <7>: two runs by hand."),)
    return replace(of_days(*days), accepted=entries)


def everything_at_once() -> Result:
    """Return a date with every mark, beside one with marks of SecOps only."""
    result = with_secops()
    found = (Difference(Kind.DELETED, 2, "ab" * 16, NASTY), Difference(Kind.MISSING, 2, "cd" * 16, NASTY))
    counts = {"missing": 123_456, "repeated": 123_456, "deleted": 1_234_567, "differences": found}
    worst = replace(result.days[1], state=State.DIFFERENT, **counts)
    return replace(result, days=(result.days[0], worst, *result.days[2:]))


def half_a_year() -> Result:
    """Return 180 dates in every state, with numbers as long as they come."""
    days = []
    for number in range(180):
        records = (number * 7919) % 1_234_567 if number % 7 < 5 else number
        values: dict[str, Any] = {"in_zoom": records, "in_archive": records, "late": number % 3 * 4_000}
        if number % 41 == 3:
            found = (Difference(Kind.MISSING, 2, "ab" * 16, NASTY),)
            values |= {"state": State.DIFFERENT, "missing": 2, "in_zoom": records + 2, "differences": found}
            values |= {"note": "The collector reads this date again by itself."}
        elif number % 53 == 10:
            found = (Difference(Kind.REPEATED, 1, "cd" * 16, None),)
            values |= {"state": State.DIFFERENT, "repeated": 123_456, "missing": 123_456, "differences": found}
        elif number % 61 == 20:
            values |= {"state": State.NOT_READ_YET, "missing": records, "in_archive": 0, "note": "Not read yet."}
        elif number > 176:
            values = {"state": State.UNCHECKED, "in_zoom": 0, "in_archive": 0, "note": "Not checked."}
        days.append(a_day(number, **values))
    return of_days(*days, stopped="Zoom did not answer in time: verify the rest later.")


def with_secops() -> Result:
    """Return dates in every state of SecOps."""
    took, since = Delay(25 * 60.0, 41 * 60.0), Delay(17 * 60.0, 22 * 60.0)
    fields = ("action", "category_type", "operation_detail", "operator")
    equal = SecopsDay(SecopsState.EQUAL, 100, 0, 0, 0, 3, 0, Way.FIELDS, fields, took, since)
    lost = SecopsDifference(SecopsKind.MISSING, 2, "ab" * 16, NASTY, None)
    missing = replace(
        equal, state=SecopsState.DIFFERENT, in_secops=1_098, missing=2, doubled=1_000, differences=(lost,)
    )
    counted = replace(equal, way=Way.SECOND, fields=(), note="SecOps' parser changes the fields.")
    not_yet = replace(equal, state=SecopsState.NOT_YET, in_secops=0, not_yet=100, since_record=None)
    unasked = SecopsDay(SecopsState.NOT_CHECKED, note="Not checked: Google gave no good answer.")
    days = [a_day(at, secops=each) for at, each in enumerate((equal, missing, counted, not_yet, unasked))]
    findings = Findings("projects/p/locations/eu/instances/i", 'metadata.log_type = "X"', "zoom", wait=10_800.0)
    findings.sentences.append("Google's limit is reached.")
    return replace(of_days(*days), secops=findings)
