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
class Standing:
    """Where collecting stands: dates owed a sweep, dates that Zoom no longer has, how far the sweeps have come, and
    which run holds the lease, if the feed deletes."""

    owed: frozenset[date] = frozenset()
    expired: frozenset[date] = frozenset()
    not_before: datetime | None = None
    sweeps: tuple[tuple[str, int], ...] = ()
    lease: Lease | None = None

    @classmethod
    def of(cls, header: bytes) -> Standing:
        """Read a checkpoint's first line; raise `UnreadableCheckpointError` where it is none."""
        try:
            told: dict[str, Any] = json.loads(header)
            if told["schema"] > SCHEMA:
                raise UnreadableCheckpointError(f"a newer collector wrote it (schema {told['schema']})")
            return cls(
                frozenset(map(date.fromisoformat, told["owed"])),
                frozenset(map(date.fromisoformat, told["expired"])),
                datetime.fromisoformat(told["not_before"]) if told["not_before"] else None,
                tuple(sorted((name, sweep["rows"]) for name, sweep in told["sweeps"].items() if name != "tail")),
                Lease(lease["owner"], datetime.fromisoformat(lease["until"])) if (lease := told["lease"]) else None,
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise UnreadableCheckpointError("it is damaged, or none of this collector's") from None


def read_standing(s3: S3Client, deployment: Deployment) -> Standing:
    """Return what the checkpoint says; nothing is owed where there is none yet.

    Raises `UnreadableCheckpointError`, and boto3's failures.
    """
    header = first_line(s3, deployment)
    return Standing() if header is None else Standing.of(header)
