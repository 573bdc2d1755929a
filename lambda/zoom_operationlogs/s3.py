"""What S3's answers mean here: a lost race, an outcome that is not known, a refusal."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import tenacity
from botocore.exceptions import BotoCoreError, ClientError

from .errors import CollectorError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_s3 import S3Client

    from .deadline import Deadline

ATTEMPTS = 8

T = TypeVar("T")


class StorageError(CollectorError):
    """S3 refuses, or holds something that the collector cannot read."""


class StorageUnavailable(CollectorError):  # noqa: N818
    """S3 gave no usable answer after several tries."""


class LostRace(Exception):  # noqa: N818
    """A conditional write found the key in another state: somebody wrote first."""


class NotFound(Exception):  # noqa: N818
    """There is no such key."""


class Vanished(StorageError):  # noqa: N818
    """A version was deleted for good between listing and reading it."""


class Forbidden(StorageError):  # noqa: N818
    """S3 refuses for want of a right."""


class OutcomeUnknown(Exception):  # noqa: N818
    """A request may or may not have been carried out: a timeout, a reset, a 409 or a 5xx."""


@contextmanager
def answers(operation: str, bucket: str, key: str) -> Iterator[None]:
    """Turn the failures of one S3 call into what they mean for the archive."""
    where = f"s3://{bucket}/{key}"
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code == "PreconditionFailed" or status == 412:
            raise LostRace from None
        if code == "NoSuchBucket":
            raise StorageError(f"There is no bucket {bucket}: correct S3_BUCKET, or create the bucket.") from None
        if status == 404:
            raise NotFound from None
        if status == 409 or status >= 500 or code in ("SlowDown", "RequestTimeout", "ThrottlingException"):
            raise OutcomeUnknown(f"{code or status} at {where}") from None
        refusal = Forbidden if status == 403 else StorageError
        raise refusal(
            f"S3 refuses {operation} on {where} ({code}): give the collector's role that right, and the rights on the"
            " bucket's key if it has one."
        ) from None
    except BotoCoreError as error:
        raise OutcomeUnknown(f"{type(error).__name__} at {where}") from None


def until_known(attempt: Callable[[], T], deadline: Deadline, sleep: Callable[[float], None]) -> T:
    """Return what `attempt` returns, trying again while its outcome is unknown.

    Waits use the whole time that Lambda leaves, reserve included: this is what the reserve is for.
    Raises `StorageUnavailable` when the tries or the time are used up.
    """
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(OutcomeUnknown),
        wait=tenacity.wait_exponential_jitter(multiplier=0.2, max=5),
        stop=lambda state: state.attempt_number >= ATTEMPTS or state.upcoming_sleep >= deadline.remaining(),
        sleep=sleep,
        reraise=True,
    )
    try:
        return retrying(attempt)
    except OutcomeUnknown as error:
        raise StorageUnavailable(
            f"S3 gave no usable answer after several tries ({error}); the next run tries again."
        ) from None


@dataclass(frozen=True)
class StoredObject:
    """One version of an object."""

    key: str
    version_id: str


def list_versions(s3: S3Client, bucket: str, prefix: str) -> list[StoredObject]:
    """Return every version under the prefix in the order of their keys, also of objects deleted since.

    The same call lists an unversioned bucket, whose objects have the version id "null".
    """
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
    with answers("s3:ListBucketVersions", bucket, prefix):
        return [
            StoredObject(version["Key"], version["VersionId"]) for page in pages for version in page.get("Versions", [])
        ]


def read_version(s3: S3Client, bucket: str, stored: StoredObject) -> bytes:
    """Return the body of one version that was listed; raise `Vanished` where it is gone meanwhile."""
    try:
        with answers("s3:GetObjectVersion", bucket, stored.key):
            return s3.get_object(Bucket=bucket, Key=stored.key, VersionId=stored.version_id)["Body"].read()
    except NotFound:
        raise Vanished(
            f"s3://{bucket}/{stored.key} was deleted for good while a run read it: the next run reads what is there."
        ) from None


def read_current(s3: S3Client, bucket: str, key: str) -> tuple[bytes, str]:
    """Return the body and the ETag of an object as it is now; raise `NotFound` where there is none.

    S3 answers a read of a missing key with 403 unless the reader may list the whole bucket, and a role that may list
    only its own prefixes may not (S3 API reference, GetObject, "Permissions"): so a 403 is looked into.
    """
    try:
        with answers("s3:GetObject", bucket, key):
            answer = s3.get_object(Bucket=bucket, Key=key)
            return answer["Body"].read(), answer["ETag"]
    except Forbidden:
        with answers("s3:ListBucket", bucket, key):
            listed = s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents", [])
        if any(found["Key"] == key for found in listed):
            raise
        raise NotFound from None
