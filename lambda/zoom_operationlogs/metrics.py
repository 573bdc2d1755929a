"""What a run sends to CloudWatch as it ends: four metrics, for the alarms, and the fields of its line "run ended".

CloudWatch bills each metric, so only alarms have one; the dashboard queries the log for the rest. docs/operations.md
describes both; tests/monitoring compares.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from .checkpoint import Checkpoint
    from .run_report import RunReport
    from .run_state import Services

METRICS = ("RunsSucceeded", "DatesOwed", "DailyLimitReached", "Incidents")  # all are counts


class RunOutcome(StrEnum):
    """How a run ended: the field `outcome` of its last line."""

    SUCCEEDED = "succeeded"
    HELD_UP = "held up"
    WAITING = "waiting for credentials"
    FAILED = "failed"
    LEFT_TO_OTHER = "left to another"  # no success: a lease that never ends must not look like one

    @classmethod
    def without_error(cls, report: RunReport) -> RunOutcome:
        """Return the outcome of a run without an error.

        A run that read no page was held up, unless Zoom's daily limit is reached: other apps that use up the account's
        per-second limit can hold up every run for days.
        """
        if report.left_to_other:
            return cls.LEFT_TO_OTHER
        return cls.SUCCEEDED if report.pages or report.daily_limit else cls.HELD_UP


def run_metrics(outcome: RunOutcome, report: RunReport, checkpoint: Checkpoint | None) -> dict[str, int]:
    """Return the metrics of a run, also of one that failed; `checkpoint` is None if it failed before it loaded one.

    Only a run that Zoom answered knows about the daily limit. Before the first, the alarm on it has no data.
    """
    values: dict[str, int] = {}
    if outcome is RunOutcome.SUCCEEDED:
        values["RunsSucceeded"] = 1
    if checkpoint:
        values["DatesOwed"] = len(checkpoint.owed)
    if report.pages or report.daily_limit:
        values["DailyLimitReached"] = int(report.daily_limit)
    if report.incidents:
        values["Incidents"] = report.incidents
    return values


def run_fields(
    report: RunReport, checkpoint: Checkpoint | None, services: Services, now: datetime
) -> Mapping[str, int | float | None]:
    """Return the fields of the last line of a run, also of one that failed; the line leaves out None.

    `late_seconds` is the age of the oldest late record, `newest_record_seconds` the age of the frontier.
    """
    zoom, archive = services.zoom, services.archive
    frontier = checkpoint.frontier if checkpoint else None
    return {
        "written": report.written,
        "late": report.late,
        "late_seconds": round(report.late_seconds),
        "newest_record_seconds": max(0, round((now - frontier).total_seconds())) if frontier else None,
        "objects": archive.objects_written,
        "races_lost": archive.races_lost,
        "pages": report.pages,
        "unreadable_rows": report.unreadable_rows,
        "zoom_calls": zoom.calls,
        "zoom_calls_left": zoom.quota.remaining if zoom.quota else None,
        "rate_limited": zoom.rate_limited,
        "sweeps_unfinished": report.unfinished,
        "owed": len(checkpoint.owed) if checkpoint else None,
        "expired": report.expired,
        "incomplete": report.incomplete,
        "behind_markers": report.behind_markers,
        "incidents": report.incidents,
    }
