"""What the checkpoint says is still owed, read from its first line, which is JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from zoom_operationlogs.checkpoint import SCHEMA, Lease

from ..status.stored import first_line

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from ..deployment import Deployment


class UnreadableCheckpointError(Exception):
    """What lies at the state key is no checkpoint that this version knows."""


@dataclass(frozen=True)
class CheckpointSummary:
    """Where collecting stands: dates owed a sweep, dates that Zoom no longer has, how far the sweeps have come, and
    which run holds the lease, if the feed deletes."""

    owed: frozenset[date] = frozenset()
    expired: frozenset[date] = frozenset()
    not_before: datetime | None = None
    sweeps: tuple[tuple[str, int], ...] = ()
    lease: Lease | None = None

    @classmethod
    def of(cls, header: bytes) -> CheckpointSummary:
        """Read a checkpoint's first line; raise `UnreadableCheckpointError` where it is none."""
        try:
            known: dict[str, Any] = json.loads(header)
            if known["schema"] > SCHEMA:
                raise UnreadableCheckpointError(f"a newer collector wrote it (schema {known['schema']})")
            return cls(
                frozenset(map(date.fromisoformat, known["owed"])),
                frozenset(map(date.fromisoformat, known["expired"])),
                datetime.fromisoformat(known["not_before"]) if known["not_before"] else None,
                tuple(sorted((name, sweep["rows"]) for name, sweep in known["sweeps"].items() if name != "tail")),
                Lease(lease["owner"], datetime.fromisoformat(lease["until"])) if (lease := known["lease"]) else None,
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise UnreadableCheckpointError("it is damaged, or none of this collector's") from None


def read_checkpoint_summary(s3: S3Client, deployment: Deployment) -> CheckpointSummary:
    """Return what the checkpoint says; nothing is owed where there is none yet.

    Raises `UnreadableCheckpointError`, and boto3's failures.
    """
    header = first_line(s3, deployment)
    return CheckpointSummary() if header is None else CheckpointSummary.of(header)
