"""Reads the collector's checkpoint: all of it, or only its first line, which has the owed dates.

The fingerprints after the first line can be many megabytes; `run` polls, so it does not read them.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from zoom_operationlogs.bounds import CHECKPOINT_BYTES, CHECKPOINT_HEADER_BYTES
from zoom_operationlogs.checkpoint import TAIL
from zoom_operationlogs.checkpoint_format import SCHEMA, decode, decode_header
from zoom_operationlogs.errors import NewerCheckpointError
from zoom_operationlogs.legacy import cursor_date

from .aws import error_code, in_a_sentence

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date

    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef
    from zoom_operationlogs.checkpoint import Checkpoint, Lease

    from .deployment import Deployment

NOT_THERE = ("NoSuchKey", "404")
CHUNK = 16 * 2**10


@dataclass(frozen=True)
class StoredCheckpoint:
    """A checkpoint and when it was saved; or None, and a sentence that says why."""

    checkpoint: Checkpoint | None = None
    saved: datetime | None = None
    instead: str = ""

    @property
    def is_missing(self) -> bool:
        """Whether there is no object at the state key."""
        return self.saved is None


class UnreadableCheckpointError(Exception):
    """The object at the state key is not a checkpoint that this version can read."""


@dataclass(frozen=True)
class CheckpointSummary:
    """The state of collecting: owed dates, dates that Zoom no longer has, rows read by each sweep, and the lease.

    `looks` has the owed dates that were swept with an empty or incomplete answer, and when to sweep them again.
    """

    owed: frozenset[date] = frozenset()
    expired: frozenset[date] = frozenset()
    not_before: datetime | None = None
    sweeps: tuple[tuple[str, int], ...] = ()
    lease: Lease | None = None
    looks: Mapping[date, datetime] = field(default_factory=dict)

    @classmethod
    def of(cls, line: bytes) -> CheckpointSummary:
        """Read a checkpoint's first line. Raises `UnreadableCheckpointError`."""
        try:
            known = decode_header(line)
        except NewerCheckpointError:
            raise UnreadableCheckpointError("a newer collector wrote it") from None
        except (ValueError, RecursionError):
            raise UnreadableCheckpointError("it is damaged, or not a checkpoint") from None
        rows = tuple(sorted((name, sweep.rows_read) for name, sweep in known.sweeps.items() if name != TAIL))
        looks = {day: pending.not_before for day, pending in known.owed.items() if pending.not_before}
        return cls(frozenset(known.owed), frozenset(known.expired), known.not_before, rows, known.lease, looks)

    def due(self, dates: Collection[date] | None, now: datetime) -> frozenset[date]:
        """Return which of the dates (None: all) a run would sweep now."""
        asked = self.owed if dates is None else self.owed.intersection(dates)
        return asked - self.waiting(dates, now).keys()

    def waiting(self, dates: Collection[date] | None, now: datetime) -> dict[date, datetime]:
        """Return which of the dates (None: all) are swept again later, and when."""
        return {day: until for day, until in self.looks.items() if until > now and (dates is None or day in dates)}


# Reading


def read(s3: S3Client, deployment: Deployment) -> StoredCheckpoint:
    """Return the checkpoint. Raises `CommandError` if it cannot be read."""
    with in_a_sentence(f"The checkpoint {_address(deployment)} cannot be read"):
        return look(s3, deployment)


def look(s3: S3Client, deployment: Deployment) -> StoredCheckpoint:
    """Return the checkpoint. Raises boto3's failures."""
    where = _address(deployment)
    found = fetch(s3, deployment)
    if found is None:
        return StoredCheckpoint(
            instead=f"There is no checkpoint at {where}: no run has saved one yet, or it was deleted; the next run"
            " creates it, from the archive's records if there are any."
        )
    return understand(*found, where)


def fetch(s3: S3Client, deployment: Deployment) -> tuple[bytes, datetime] | None:
    """Return the checkpoint's bytes and the time of saving; None if there are none. Raises boto3's failures."""
    found = _open(s3, deployment)
    if found is None:
        return None
    with closing(found["Body"]) as body:
        return body.read(CHECKPOINT_BYTES + 1), found["LastModified"].astimezone(UTC)


def read_summary(s3: S3Client, deployment: Deployment) -> CheckpointSummary:
    """Return the checkpoint's first line; an empty summary if there is no checkpoint yet.

    Raises `UnreadableCheckpointError`, and boto3's failures.
    """
    found = _open(s3, deployment)
    if found is None:
        return CheckpointSummary()
    with closing(found["Body"]) as body:
        return CheckpointSummary.of(_first_line(body))


def _first_line(body: StreamingBody) -> bytes:
    line = b""
    while b"\n" not in line and len(line) <= CHECKPOINT_HEADER_BYTES and (more := body.read(CHUNK)):
        line += more
    return line.partition(b"\n")[0]


def _address(deployment: Deployment) -> str:
    return f"s3://{deployment.bucket}/{deployment.state_key}"


def _open(s3: S3Client, deployment: Deployment) -> GetObjectOutputTypeDef | None:
    """Return S3's answer with an unread body; None if there is no object."""
    try:
        return s3.get_object(Bucket=deployment.bucket, Key=deployment.state_key)
    except ClientError as error:
        if error_code(error) in NOT_THERE:
            return None
        # Without the right to list the bucket, S3 answers a missing key with 403: listing this key decides.
        if error_code(error) == "AccessDenied":
            listed = s3.list_objects_v2(Bucket=deployment.bucket, Prefix=deployment.state_key, MaxKeys=1)
            if all(entry["Key"] != deployment.state_key for entry in listed.get("Contents", [])):
                return None
        raise


def understand(body: bytes, saved: datetime, where: str) -> StoredCheckpoint:
    """Return the checkpoint in these bytes, or why there is none."""
    try:
        return StoredCheckpoint(decode(body), saved)
    except NewerCheckpointError:
        return StoredCheckpoint(
            saved=saved,
            instead=f"The checkpoint {where} was written by a newer collector (this zoomlogs reads schema {SCHEMA}):"
            " install the module's version of zoomlogs.",
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
            instead=f"The object {where} is the state of the written guide's Lambda, at {cursor}: the next run"
            " takes it over.",
        )
    return StoredCheckpoint(
        saved=saved, instead=f"The checkpoint {where} is damaged: the next run rebuilds it, and no record is lost."
    )
