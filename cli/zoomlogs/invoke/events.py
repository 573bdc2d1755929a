"""What the function is sent, checked before it is; the contract is `zoom_operationlogs.event`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zoom_operationlogs.dates import date_range, window

from ..dates import parse, that_zoom_has

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date


@dataclass(frozen=True)
class RunRequest:
    """A request: the event, and the dates that it asks for; None where a run does whatever is owed."""

    event: Mapping[str, str]
    dates: frozenset[date] | None = None

    @property
    def action(self) -> str:
        """What it asks for, by the contract's name; a run as scheduled has none, and is "run" here."""
        return self.event.get("action", "run")


def run() -> RunRequest:
    """Ask for a run as the schedule does."""
    return RunRequest({})


def reconcile(today: date, lookback_days: int) -> RunRequest:
    """Ask for a sweep of each date of the window, in which rows may still come late."""
    return RunRequest({"action": "reconcile"}, frozenset(date_range(*window(today, lookback_days))))


def backfill(first: str, last: str, today: date) -> RunRequest:
    """Ask for a sweep of the dates `first` to `last`, both included and written YYYY-MM-DD.

    Raises `CommandError` where they are no dates, reversed, to come, or older than Zoom keeps.
    """
    begin, end = parse(first, "--from"), parse(last, "--to")
    dates = that_zoom_has(begin, end, today)
    event = {"action": "backfill", "from": begin.isoformat(), "to": end.isoformat()}
    return RunRequest(event, frozenset(dates))
