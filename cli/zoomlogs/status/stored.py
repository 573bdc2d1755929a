"""The checkpoint as it lies in the bucket."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from zoom_operationlogs.checkpoint_format import SCHEMA, decode
from zoom_operationlogs.errors import NewerCheckpointError
from zoom_operationlogs.legacy import cursor_date

from ..aws import error_code, in_a_sentence

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef
    from zoom_operationlogs.checkpoint import Checkpoint

    from ..deployment import Deployment

NOT_THERE = ("NoSuchKey", "404")


@dataclass(frozen=True)
class StoredCheckpoint:
    """A checkpoint and when it was saved; or None, and a sentence that says what lies there instead."""

    checkpoint: Checkpoint | None = None
    saved: datetime | None = None
    instead: str = ""


def read(s3: S3Client, deployment: Deployment) -> StoredCheckpoint:
    """Return what is stored at the state key; raise `CommandError` where it may not be read."""
    where = f"s3://{deployment.bucket}/{deployment.state_key}"
    with in_a_sentence(f"The checkpoint {where} cannot be read"):
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


def first_line(s3: S3Client, deployment: Deployment) -> bytes | None:
    """Return the first line at the state key, None where there is none. Raises boto3's failures.

    The fingerprints after it, which may be many megabytes, are left unread.
    """
    found = _open(s3, deployment)
    if found is None:
        return None
    with closing(found["Body"]) as body:
        return next(body.iter_lines(), b"")


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
