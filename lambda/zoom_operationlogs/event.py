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
RUN = "run"


def asks_for_probe(event: Any) -> bool:
    """Return whether an event asks for the probe, `{"action": "probe"}`, and not for a run."""
    return isinstance(event, dict) and event.get("action") == PROBE


@dataclass(frozen=True)
class Request:
    """What an event asks for beyond a scheduled run: a backfill or accept (first and last UTC date), or a reconcile.

    `by_hand`: it is not the schedule's event. The log must not make a dead schedule look alive.
    """

    backfill: tuple[date, date] | None = None
    reconcile: bool = False
    accept: tuple[date, date] | None = None
    by_hand: bool = False

    @property
    def action(self) -> str | None:
        """The action that an operator asked for, `RUN` if none, None for a scheduled run."""
        if self.accept:
            return "accept"
        return "backfill" if self.backfill else "reconcile" if self.reconcile else RUN if self.by_hand else None

    @classmethod
    def from_event(cls, event: Any, today: date) -> Request:
        """Return the request of an event.

        `{"action": "backfill", "from": "YYYY-MM-DD", "to": "YYYY-MM-DD"}` sweeps those UTC dates, both included;
        `{"action": "accept", "from": …, "to": …}` sweeps them and counts rows in a changed form as delivered;
        `{"action": "reconcile"}` sweeps the dates of the window. The schedule sends `{}`; `{"action": "run"}`, or any
        other event without an action, is such a run started by hand. Raises `SettingsError` if the event is malformed,
        or if all its dates are before Zoom's retention or after `today`.
        """
        action = event.get("action") if isinstance(event, dict) else None
        if action in (None, RUN):
            return cls(by_hand=event != {})
        if action == "reconcile":
            return cls(reconcile=True)
        if action not in ("backfill", "accept"):
            raise SettingsError(
                f'The event\'s action is {action!r:.60}: use "run", "backfill", "reconcile", "accept" or "probe".'
            )
        first, last = parse_date(event.get("from"), "The event's from"), parse_date(event.get("to"), "The event's to")
        if first > last:
            raise SettingsError(f"The event asks for dates from {first} to {last}: set from to the earlier date.")
        if last < retention_start(today) or first > today:
            raise SettingsError(
                f"The event asks for dates from {first} to {last}, but Zoom keeps only the"
                f" records from {retention_start(today)} to {today}: use dates in that range."
            )
        return cls(accept=(first, last)) if action == "accept" else cls(backfill=(first, last))
