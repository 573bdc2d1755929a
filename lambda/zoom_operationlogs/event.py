"""What a run is asked to do: the event that the schedule or an operator sends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .dates import retention_start
from .errors import SettingsError
from .settings import parse_date

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True)
class Request:
    """What a run is to do beyond the work of a scheduled run: nothing, sweep dates, or reconcile."""

    backfill: tuple[date, date] | None = None
    reconcile: bool = False

    @property
    def action(self) -> str | None:
        """What an operator asked for, None for a scheduled run."""
        return "backfill" if self.backfill else "reconcile" if self.reconcile else None

    @classmethod
    def from_event(cls, event: Any, today: date) -> Request:
        """Return the request of an event; raise `SettingsError` with a sentence where it is malformed.

        `{}` is a scheduled run, `{"action": "backfill", "from": "YYYY-MM-DD", "to": "YYYY-MM-DD"}` sweeps those dates,
        `{"action": "reconcile"}` the dates of the window.
        """
        action = event.get("action") if isinstance(event, dict) else None
        if action is None:
            return cls()
        if action == "reconcile":
            return cls(reconcile=True)
        if action != "backfill":
            raise SettingsError(
                f'The event\'s action is {action!r}: give "backfill" or "reconcile", or none for a scheduled run.'
            )
        first, last = parse_date(event.get("from"), "The event's from"), parse_date(event.get("to"), "The event's to")
        if first > last:
            raise SettingsError(f"The event asks for a backfill from {first} to {last}: give the earlier date as from.")
        if last < retention_start(today) or first > today:
            raise SettingsError(
                f"The event asks for a backfill from {first} to {last}, but Zoom has the records from"
                f" {retention_start(today)} to {today} only: give dates between those."
            )
        return cls(backfill=(first, last))
