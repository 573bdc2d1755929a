"""The result as one JSON document."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .comparison import State

if TYPE_CHECKING:
    from .comparison import DayResult, Result


def document(result: Result) -> dict[str, Any]:
    """Return the result as JSON has it; `differences` holds at most a few hundred of each date and kind."""
    return {
        "equal": result.equal,
        "bucket": result.bucket,
        "prefix": result.prefix,
        "zoom_account": result.zoom_account,
        "began": result.began.isoformat(),
        "ended": result.ended.isoformat(),
        "from": result.days[0].date.isoformat(),
        "to": result.days[-1].date.isoformat(),
        "totals": asdict(result.totals),
        "days": [_day(day) for day in result.days],
        "unchecked": [day.isoformat() for day in result.dates(State.UNCHECKED)],
        "stopped": result.stopped or None,
        "differences": [
            {
                "date": day.date.isoformat(),
                "kind": each.kind,
                "count": each.count,
                "fingerprint": each.fingerprint,
                "record": each.record,
            }
            for day in result.days
            for each in day.differences
        ],
    }


def _day(day: DayResult) -> dict[str, Any]:
    values = asdict(day)
    del values["differences"]
    return {**values, "date": day.date.isoformat()}
