"""The event that starts a run, from the schedule or from an operator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .dates import retention_start
from .errors import SettingsError
from .settings import parse_date

if TYPE_CHECKING:
    from datetime import date

PROBE = "probe"


def asks_for_probe(event: Any) -> bool:
    """Return whether an event asks for the probe, `{"action": "probe"}`, and not for a run."""
    return isinstance(event, dict) and event.get("action") == PROBE


@dataclass(frozen=True)
class Request:
    """What an event asks for beyond a scheduled run: a backfill or accept (first and last UTC date), or a reconcile."""

    backfill: tuple[date, date] | None = None
    reconcile: bool = False
    accept: tuple[date, date] | None = None

    @property
    def action(self) -> str | None:
        """The action that an operator asked for, None for a scheduled run."""
        if self.accept:
            return "accept"
        return "backfill" if self.backfill else "reconcile" if self.reconcile else None

    @classmethod
    def from_event(cls, event: Any, today: date) -> Request:
        """Return the request of an event.

        `{"action": "backfill", "from": "YYYY-MM-DD", "to": "YYYY-MM-DD"}` sweeps those UTC dates, both included;
        `{"action": "accept", "from": …, "to": …}` sweeps them and takes rows whose form Zoom has changed for delivered;
        `{"action": "reconcile"}` sweeps the dates of the window. Any event without an action, such as `{}`, is a
        scheduled run. Raises `SettingsError` if the event is malformed, or if all its dates lie before Zoom's retention
        or after `today`.
        """
        action = event.get("action") if isinstance(event, dict) else None
        if action is None:
            return cls()
        if action == "reconcile":
            return cls(reconcile=True)
        if action not in ("backfill", "accept"):
            raise SettingsError(
                f'The event\'s action is {action!r:.60}: give "backfill", "reconcile", "accept" or "probe", or none for'
                " a scheduled run."
            )
        first, last = parse_date(event.get("from"), "The event's from"), parse_date(event.get("to"), "The event's to")
        if first > last:
            raise SettingsError(f"The event asks for dates from {first} to {last}: give the earlier date as from.")
        if last < retention_start(today) or first > today:
            raise SettingsError(
                f"The event asks for dates from {first} to {last}, but Zoom keeps only the"
                f" records from {retention_start(today)} to {today}: give dates in that range."
            )
        return cls(accept=(first, last)) if action == "accept" else cls(backfill=(first, last))
