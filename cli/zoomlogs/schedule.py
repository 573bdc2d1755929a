"""What a schedule tells of how far two runs are apart."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from zoom_operationlogs.dates import ONE_DAY

if TYPE_CHECKING:
    from collections.abc import Mapping

USUAL = timedelta(minutes=15)


def interval(expression: str) -> timedelta | None:
    """Return how far two runs are apart by an expression of EventBridge Scheduler; None of what is no rate(…)."""
    match = re.fullmatch(r"rate\(([1-9]\d{0,4}) (minute|hour|day)s?\)", expression)
    return timedelta(**{f"{match[2]}s": int(match[1])}) if match else None


def longest_pause(schedule: Mapping[str, Any]) -> timedelta:
    """Return how far two runs may be apart by the module's output `schedule`, the window that it may use included.

    A day for what is no rate, of which it is not known; the usual 15 minutes where there is no such output.
    """
    if not schedule.get("expression"):
        return USUAL
    window = timedelta(minutes=schedule.get("flexible_window_minutes") or 0)
    return (interval(str(schedule["expression"])) or ONE_DAY) + window
