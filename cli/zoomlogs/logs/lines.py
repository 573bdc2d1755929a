"""The lines of the collector's log: Powertools' JSON, the runtime's errors, Lambda's own reports, and metrics.

The module sets log format JSON and system log level WARN, so that Lambda itself reports a run only when it failed
(Lambda developer guide, "Log-level filtering"): the collector's own line "run ended" tells of each run that Lambda let
come to its end.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

RUN_ENDED = "run ended"
REPORT = "platform.report"


@dataclass(frozen=True)
class Line:
    """One log event: when it was printed (UTC), its fields where it is a JSON object, and the id that AWS gave it."""

    time: datetime
    fields: Mapping[str, Any]
    event_id: str = ""

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Line:
        """Read an event as FilterLogEvents gives it: `timestamp` in milliseconds since 1970, and `message`."""
        try:
            fields = json.loads(event["message"])
        except ValueError:
            fields = None
        time = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
        return cls(time, fields if isinstance(fields, dict) else {}, str(event.get("eventId", "")))

    @property
    def request_id(self) -> str:
        """The invocation that it belongs to; "" where the line does not say."""
        record = self.fields.get("record")
        in_record = record.get("requestId") if isinstance(record, dict) else None
        return str(self.fields.get("correlation_id") or self.fields.get("requestId") or in_record or "")

    @property
    def level(self) -> str:
        """Its level, such as WARNING; "" where it has none."""
        return str(self.fields.get("level", ""))

    @property
    def message(self) -> str:
        """What the collector says in it; "" where it is another's line."""
        return str(self.fields.get("message", "")) if "correlation_id" in self.fields else ""

    @property
    def ends_run(self) -> bool:
        """Tell whether it is the last word of a run that came to its end."""
        return self.message == RUN_ENDED

    @property
    def is_incident(self) -> bool:
        """Tell whether it is about something that happened once and a person should look into."""
        return bool(self.message and self.fields.get("incident"))

    @property
    def error(self) -> str:
        """The sentence of a failure in it; "" where it tells of none."""
        if self.level == "ERROR" and self.message:
            return self.message
        if "errorMessage" in self.fields:  # the runtime's own line about what the function raised
            return f"{self.fields.get('errorType', 'Error')}: {self.fields['errorMessage']}"
        record = self.fields.get("record")
        if self.fields.get("type") == REPORT and isinstance(record, dict) and record.get("status") != "success":
            took = f" after {self.milliseconds / 1000:.0f} s" if self.milliseconds else ""
            if record.get("status") == "timeout":
                return f"Lambda ended the run{took}, at its timeout: the next run goes on from what it saved."
            return f"The run broke off{took} ({record.get('status')}): the next run goes on from what it saved."
        return ""

    @property
    def milliseconds(self) -> float | None:
        """How long the run took, by Lambda's own report of it."""
        record = self.fields.get("record")
        metrics = record.get("metrics") if isinstance(record, dict) else None
        taken = metrics.get("durationMs") if isinstance(metrics, dict) else None
        return float(taken) if isinstance(taken, int | float) else None

    @property
    def worth_saying(self) -> str:
        """What a person who follows the run needs of it: the collector's words, but not its last, which the result is.

        Metrics, the runtime's own lines, debugging and plain text, such as Python's warnings, are left out.
        """
        return "" if self.ends_run or self.level == "DEBUG" else self.message
