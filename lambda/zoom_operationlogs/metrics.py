"""The metrics that a run sends to CloudWatch: their names, units and values.

docs/operations.md describes each; tests/monitoring compares the two.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import MetricUnit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from .checkpoint import Checkpoint
    from .run_report import RunReport
    from .run_state import Services

COUNT, SECONDS = MetricUnit.Count, MetricUnit.Seconds

UNITS: Mapping[str, MetricUnit] = {
    # How the run ended
    "RunsSucceeded": COUNT,
    "RunsHeldUp": COUNT,
    "RunsFailed": COUNT,
    "WaitingForCredentials": COUNT,
    # What it did
    "RecordsPublished": COUNT,
    "LateRecords": COUNT,
    "LateSeconds": SECONDS,
    "ObjectsWritten": COUNT,
    "PagesRead": COUNT,
    "RowsUnreadable": COUNT,
    "ZoomCalls": COUNT,
    "RateLimited": COUNT,
    "DailyLimitReached": COUNT,
    "DailyCallsRemaining": COUNT,
    "SweepsUnfinished": COUNT,
    "RacesLost": COUNT,
    "CheckpointRebuilt": COUNT,
    "DatesExpired": COUNT,
    "DatesIncomplete": COUNT,
    # What remains
    "DatesOwed": COUNT,
    "NewestRecordSeconds": SECONDS,
}


class RunOutcome(Enum):
    """How a run ended. The value is the metric that is 1 for this outcome, if any; it is not sent for any other."""

    SUCCEEDED = "RunsSucceeded"
    HELD_UP = "RunsHeldUp"
    WAITING = "WaitingForCredentials"
    FAILED = "RunsFailed"
    LEFT_TO_OTHER = ""  # neither success nor failure: a lease that never ends must not look like success

    @classmethod
    def without_error(cls, report: RunReport) -> RunOutcome:
        """Return the outcome of a run that raised nothing.

        A run that read no page was held up, unless Zoom's daily limit is reached. Other apps that use up the account's
        per-second limit can hold up every run for days.
        """
        if report.left_to_other:
            return cls.LEFT_TO_OTHER
        return cls.SUCCEEDED if report.pages or report.daily_limit else cls.HELD_UP

    def metrics(self) -> dict[str, float]:
        """Return the metrics of the outcome."""
        return {self.value: 1} if self.value else {}


def run_metrics(
    report: RunReport, checkpoint: Checkpoint | None, services: Services, now: datetime
) -> dict[str, float]:
    """Return the metrics of what a run did, even if it failed, and of what remains to do.

    `LateSeconds` is the age of the oldest late record, `NewestRecordSeconds` the age of the frontier. `checkpoint` is
    None if the run failed before it loaded one.
    """
    zoom, archive = services.zoom, services.archive
    values: dict[str, float] = {
        "RecordsPublished": report.written,
        "LateRecords": report.late,
        "ObjectsWritten": archive.objects_written,
        "PagesRead": report.pages,
        "RowsUnreadable": report.unreadable_rows,
        "ZoomCalls": zoom.calls,
        "RateLimited": zoom.rate_limited,
        "DailyLimitReached": int(report.daily_limit),
        "SweepsUnfinished": report.unfinished,
        "RacesLost": archive.races_lost,
        "CheckpointRebuilt": int(report.rebuilt),
        "DatesExpired": report.expired,
        "DatesIncomplete": report.incomplete,
    }
    if report.late:
        values["LateSeconds"] = report.late_seconds
    if zoom.quota:
        values["DailyCallsRemaining"] = zoom.quota.remaining
    if checkpoint:
        values["DatesOwed"] = len(checkpoint.owed)
        if checkpoint.frontier:
            values["NewestRecordSeconds"] = max(0.0, (now - checkpoint.frontier).total_seconds())
    return values
