"""What a run tells CloudWatch: the names and units of the metrics, and the values that a run gives them.

docs/operations.md holds the same table with what each means; tests/monitoring keeps the two alike.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import MetricUnit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from .archive import Archive
    from .collect import Collector, Tally
    from .zoom import Zoom

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
    "ZoomCalls": COUNT,
    "RateLimited": COUNT,
    "DailyLimitReached": COUNT,
    "DailyCallsRemaining": COUNT,
    "SweepsUnfinished": COUNT,
    "RacesLost": COUNT,
    "CheckpointRebuilt": COUNT,
    "DatesExpired": COUNT,
    # Where that leaves it
    "DatesOwed": COUNT,
    "NewestRecordSeconds": SECONDS,
}


class Ended(Enum):
    """How a run ended; the value holds the metrics that are 1 for it, and absent for any other."""

    SUCCEEDED = ("RunsSucceeded",)
    HELD_UP = ("RunsHeldUp",)
    WAITING = ("WaitingForCredentials",)
    FAILED = ("RunsFailed",)

    @classmethod
    def without_error(cls, tally: Tally) -> Ended:
        """Return how a run ended that met no error: one that Zoom gave nothing, though it was to, has not succeeded.

        It may go on so for days, where other apps of the account use up the calls of each second.
        """
        return cls.SUCCEEDED if tally.pages or tally.daily_limit or tally.left_to_other else cls.HELD_UP

    def measures(self) -> dict[str, float]:
        """Return the values."""
        return dict.fromkeys(self.value, 1)


def of_work(collector: Collector, zoom: Zoom, archive: Archive, now: datetime) -> dict[str, float]:
    """Return the values of what a run did, ended or not, and of where it leaves things, as far as it found out."""
    tally, checkpoint = collector.tally, collector.checkpoint
    values: dict[str, float] = {
        "RecordsPublished": tally.written,
        "LateRecords": tally.late,
        "ObjectsWritten": archive.objects_written,
        "PagesRead": tally.pages,
        "ZoomCalls": zoom.calls,
        "RateLimited": zoom.rate_limited,
        "DailyLimitReached": int(tally.daily_limit),
        "SweepsUnfinished": tally.unfinished,
        "RacesLost": archive.races_lost,
        "CheckpointRebuilt": int(tally.rebuilt),
        "DatesExpired": tally.expired,
    }
    if tally.late:
        values["LateSeconds"] = tally.late_seconds
    if zoom.quota:
        values["DailyCallsRemaining"] = zoom.quota.remaining
    if checkpoint:
        values["DatesOwed"] = len(checkpoint.owed)
        if checkpoint.frontier:
            values["NewestRecordSeconds"] = max(0.0, (now - checkpoint.frontier).total_seconds())
    return values
