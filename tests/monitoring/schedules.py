"""Schedules other than the default: with a flexible time window, daily, and cron."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@dataclass(frozen=True)
class Schedule:
    """How often it runs, and the module's inputs for it."""

    every: timedelta
    window: timedelta | None = None
    silence_minutes: int | None = None
    runbook_url: str | None = None

    @property
    def inputs(self) -> dict[str, object]:
        minutes = self.window and int(self.window.total_seconds()) // 60
        return {
            "interval_minutes": int(self.every.total_seconds()) // 60,
            "flexible_window_minutes": minutes,
            "silence_minutes": self.silence_minutes,
            "runbook_url": self.runbook_url,
        }

    @property
    def begins_within(self) -> timedelta:
        """The longest delay of a run after its due time."""
        return self.window or timedelta()

    @property
    def patience(self) -> timedelta:
        """The longest delay of the silence alarm after a failure."""
        return 4 * self.every + 2 * self.begins_within + HOUR


SCHEDULES = {
    "in a window": Schedule(
        timedelta(minutes=30), window=timedelta(minutes=60), runbook_url="https://example.com/operations.md"
    ),
    "daily": Schedule(DAY),
    "daily, by cron": Schedule(DAY, silence_minutes=3 * 1440),
}
