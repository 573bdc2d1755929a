"""What a schedule's expression tells."""

from __future__ import annotations

import re
from datetime import timedelta


def interval(expression: str) -> timedelta | None:
    """Return how far two runs are apart by an expression of EventBridge Scheduler; None of what is no rate(…)."""
    match = re.fullmatch(r"rate\(([1-9]\d{0,4}) (minute|hour|day)s?\)", expression)
    return timedelta(**{f"{match[2]}s": int(match[1])}) if match else None
