"""The collector's checkpoint as the commands read it: all of it, or its first line, which says what is owed.

The fingerprints after the first line may be many megabytes; `run` asks every few seconds and leaves them unread.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from zoom_operationlogs.checkpoint import TAIL
from zoom_operationlogs.checkpoint_format import SCHEMA, decode, decode_header
from zoom_operationlogs.errors import NewerCheckpointError
from zoom_operationlogs.legacy import cursor_date

from .aws import error_code, in_a_sentence

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef
    from zoom_operationlogs.checkpoint import Checkpoint, Lease

    from .deployment import Deployment

NOT_THERE = ("NoSuchKey", "404")


@dataclass(frozen=True)
class StoredCheckpoint:
    """A checkpoint and when it was saved; or None, and a sentence that says what lies there instead."""

    checkpoint: Checkpoint | None = None
    saved: datetime | None = None
    instead: str = ""

    @property
    def is_missing(self) -> bool:
        """Tell whether nothing lies at the state key."""
        return self.saved is None


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


# Reading


def read(s3: S3Client, deployment: Deployment) -> StoredCheckpoint:
    """Return what is stored at the state key; raise `CommandError` where it may not be read."""
    with in_a_sentence(f"The checkpoint {_address(deployment)} cannot be read"):
        return look(s3, deployment)


def look(s3: S3Client, deployment: Deployment) -> StoredCheckpoint:
    """Return what is stored at the state key. Raises boto3's failures."""
    where = _address(deployment)
    found = fetch(s3, deployment)
    if found is None:
        return StoredCheckpoint(
            instead=f"There is no checkpoint at {where}: no run has been yet, or it was lost; the next run makes it,"
            " from the archive where that holds records."
        )
    return understand(*found, where)


def fetch(s3: S3Client, deployment: Deployment) -> tuple[bytes, datetime] | None:
    """Return the bytes at the state key and when they were saved, None where there is none. Raises boto3's failures."""
    found = _open(s3, deployment)
    return (found["Body"].read(), found["LastModified"].astimezone(UTC)) if found else None


def read_summary(s3: S3Client, deployment: Deployment) -> CheckpointSummary:
    """Return what the checkpoint's first line says; nothing is owed where there is no checkpoint yet.

    Raises `UnreadableCheckpointError`, and boto3's failures.
    """
    found = _open(s3, deployment)
    if found is None:
        return CheckpointSummary()
    with closing(found["Body"]) as body:
        return CheckpointSummary.of(next(body.iter_lines(), b""))


def _address(deployment: Deployment) -> str:
    return f"s3://{deployment.bucket}/{deployment.state_key}"


def _open(s3: S3Client, deployment: Deployment) -> GetObjectOutputTypeDef | None:
    """Return S3's answer, the body not read yet; None where nothing lies at the state key."""
    try:
        return s3.get_object(Bucket=deployment.bucket, Key=deployment.state_key)
    except ClientError as error:
        if error_code(error) in NOT_THERE:
            return None
        # S3 calls a missing key forbidden to whoever may not list the whole bucket: listing this one key tells.
        if error_code(error) == "AccessDenied":
            listed = s3.list_objects_v2(Bucket=deployment.bucket, Prefix=deployment.state_key, MaxKeys=1)
            if all(entry["Key"] != deployment.state_key for entry in listed.get("Contents", [])):
                return None
        raise


def understand(body: bytes, saved: datetime, where: str) -> StoredCheckpoint:
    """Return the checkpoint in these bytes, or the sentence that says why there is none."""
    try:
        return StoredCheckpoint(decode(body), saved)
    except NewerCheckpointError:
        return StoredCheckpoint(
            saved=saved,
            instead=f"The checkpoint {where} was written by a newer collector (this zoomlogs knows schema {SCHEMA}):"
            " install the zoomlogs of the module's version.",
        )
    except (ValueError, RecursionError):
        pass
    try:
        cursor = cursor_date(body)
    except RecursionError:
        cursor = None
    if cursor:
        return StoredCheckpoint(
            saved=saved,
            instead=f"The written guide's Lambda left {where}, having come to {cursor}: the next run takes it over.",
        )
    return StoredCheckpoint(
        saved=saved, instead=f"The checkpoint {where} is damaged: the next run rebuilds it, and no record is lost."
    )
