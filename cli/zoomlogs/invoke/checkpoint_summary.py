"""What the checkpoint says is still owed, read from its first line, which is JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zoom_operationlogs.checkpoint import TAIL
from zoom_operationlogs.checkpoint_format import decode_header
from zoom_operationlogs.errors import NewerCheckpointError

from ..status.stored import first_line

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date, datetime

    from mypy_boto3_s3 import S3Client
    from zoom_operationlogs.checkpoint import Lease

    from ..deployment import Deployment


class UnreadableCheckpointError(Exception):
    """What lies at the state key is no checkpoint that this version knows."""


@dataclass(frozen=True)
class CheckpointSummary:
    """Where collecting stands: dates owed a sweep, dates that Zoom no longer has, how far the sweeps have come, and
    which run holds the lease, if the feed deletes.

    `looks` says of owed dates that were swept already, but whose answer was empty or incomplete, from when on the
    collector sweeps them again.
    """

    owed: frozenset[date] = frozenset()
    expired: frozenset[date] = frozenset()
    not_before: datetime | None = None
    sweeps: tuple[tuple[str, int], ...] = ()
    lease: Lease | None = None
    looks: Mapping[date, datetime] = field(default_factory=dict)

    @classmethod
    def of(cls, line: bytes) -> CheckpointSummary:
        """Read a checkpoint's first line; raise `UnreadableCheckpointError` where it is none."""
        try:
            known = decode_header(line)
        except NewerCheckpointError:
            raise UnreadableCheckpointError("a newer collector wrote it") from None
        except (ValueError, RecursionError):
            raise UnreadableCheckpointError("it is damaged, or none of this collector's") from None
        rows = tuple(sorted((name, sweep.rows_read) for name, sweep in known.sweeps.items() if name != TAIL))
        looks = {day: pending.not_before for day, pending in known.owed.items() if pending.not_before}
        return cls(frozenset(known.owed), frozenset(known.expired), known.not_before, rows, known.lease, looks)

    def due(self, dates: Collection[date] | None, now: datetime) -> frozenset[date]:
        """Return which of the dates, of all for None, a run would sweep now."""
        asked = self.owed if dates is None else self.owed.intersection(dates)
        return asked - self.waiting(dates, now).keys()

    def waiting(self, dates: Collection[date] | None, now: datetime) -> dict[date, datetime]:
        """Return which of the dates, of all for None, no run sweeps before a time that is still to come, and that."""
        return {day: until for day, until in self.looks.items() if until > now and (dates is None or day in dates)}


def read_checkpoint_summary(s3: S3Client, deployment: Deployment) -> CheckpointSummary:
    """Return what the checkpoint says; nothing is owed where there is none yet.

    Raises `UnreadableCheckpointError`, and boto3's failures.
    """
    header = first_line(s3, deployment)
    return CheckpointSummary() if header is None else CheckpointSummary.of(header)
