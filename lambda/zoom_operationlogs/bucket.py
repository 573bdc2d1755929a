"""All access to S3: versions, conditional writes, retries, and what S3's errors mean."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
import tenacity
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from .errors import (
    AccessDeniedError,
    NotFoundError,
    OutcomeUnknownError,
    StorageError,
    StorageUnavailableError,
    VersionDeletedError,
    WriteConflictError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime

    from mypy_boto3_s3 import S3Client

    from .deadline import Deadline

ATTEMPTS = 8

T = TypeVar("T")


@dataclass(frozen=True)
class StoredVersion:
    """One version of an object; `last_modified` is in UTC."""

    key: str
    version_id: str
    last_modified: datetime


class Bucket:
    """One bucket, within the deadline of one run.

    Reads and listings are retried. `put` is not: the caller decides what a write of unknown outcome needs, and passes
    that as the `attempt` of `retry_until_known`. Every call of S3 may raise `StorageError`; those that are retried
    also raise `StorageUnavailableError`.
    """

    def __init__(self, s3: S3Client, name: str, deadline: Deadline, sleep: Callable[[float], None]) -> None:
        """Take a boto3 client that does not retry, the bucket's name, and a `sleep` that takes seconds."""
        self._s3 = s3
        self._name = name
        self._deadline = deadline
        self._sleep = sleep

    def url(self, key: str) -> str:
        """Return the `s3://` URI of a key or prefix."""
        return f"s3://{self._name}/{key}"

    def versions(self, prefix: str) -> list[StoredVersion]:
        """Return every version under the prefix in the order of their keys, including those behind delete markers.

        The same call lists an unversioned bucket, whose objects have the version ID "null" (Amazon S3 User Guide,
        Retaining multiple versions of objects with S3 Versioning).
        """

        def listing() -> list[StoredVersion]:
            pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=self._name, Prefix=prefix)
            with self._translate_errors("s3:ListBucketVersions", prefix):
                return [
                    StoredVersion(found["Key"], found["VersionId"], found["LastModified"])
                    for page in pages
                    for found in page.get("Versions", [])
                ]

        return self.retry_until_known(listing)

    def read(self, version: StoredVersion) -> bytes:
        """Return the body of a version that was listed. Raises `VersionDeletedError` if it is gone."""

        def reading() -> bytes:
            with self._translate_errors("s3:GetObjectVersion", version.key):
                answer = self._s3.get_object(Bucket=self._name, Key=version.key, VersionId=version.version_id)
                return answer["Body"].read()

        try:
            return self.retry_until_known(reading)
        except NotFoundError:
            raise VersionDeletedError(
                f"{self.url(version.key)} was deleted permanently while a run read it: the next run reads what is"
                " there."
            ) from None

    def current(self, key: str) -> tuple[bytes, str]:
        """Return the body and the ETag of the current version of an object. Raises `NotFoundError` if there is none.

        S3 answers a read of a missing key with 403 unless the reader may list the whole bucket, and a role that may
        list only its own prefixes may not (S3 API reference, GetObject, "Permissions"): a listing of the key decides.
        """

        def reading() -> tuple[bytes, str]:
            try:
                with self._translate_errors("s3:GetObject", key):
                    answer = self._s3.get_object(Bucket=self._name, Key=key)
                    return answer["Body"].read(), answer["ETag"]
            except AccessDeniedError:
                with self._translate_errors("s3:ListBucket", key):
                    listed = self._s3.list_objects_v2(Bucket=self._name, Prefix=key, MaxKeys=1).get("Contents", [])
                if any(found["Key"] == key for found in listed):
                    raise
                raise NotFoundError from None

        return self.retry_until_known(reading)

    def put(self, key: str, body: bytes, *, replaces: str | None, **headers: Any) -> str:
        """Send one conditional write and return the ETag of the object.

        With `replaces` None the key must have no current version, else its ETag must be `replaces`. Raises
        `WriteConflictError` if that does not hold, `NotFoundError` if the object to replace is gone (Amazon S3 User
        Guide, How to prevent object overwrites with conditional writes), and `OutcomeUnknownError`. `headers` are
        further arguments of boto3's `put_object`.
        """
        condition: dict[str, Any] = {"IfMatch": replaces} if replaces else {"IfNoneMatch": "*"}
        with self._translate_errors("s3:PutObject", key):
            return self._s3.put_object(Bucket=self._name, Key=key, Body=body, **condition, **headers)["ETag"]

    def retry_until_known(self, attempt: Callable[[], T]) -> T:
        """Call `attempt` until it does not raise `OutcomeUnknownError`, and return its result.

        Waits use all the time that Lambda leaves, including the reserve, which is for this. Raises
        `StorageUnavailableError` if the attempts or the time are used up.
        """
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(OutcomeUnknownError),
            wait=tenacity.wait_exponential_jitter(multiplier=0.2, max=5),
            stop=lambda call: call.attempt_number >= ATTEMPTS or call.upcoming_sleep >= self._deadline.remaining(),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(attempt)
        except OutcomeUnknownError as error:
            raise StorageUnavailableError(
                f"S3 gave no usable answer after several tries ({error}); the next run tries again."
            ) from None

    def _translate_errors(self, action: str, key: str) -> AbstractContextManager[None]:
        return translate_errors(action, self._name, key)


@contextmanager
def translate_errors(action: str, bucket: str, key: str) -> Iterator[None]:
    """Raise what an error of one S3 call means; `action` is the IAM action that the call needs."""
    where = f"s3://{bucket}/{key}"
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code == "PreconditionFailed" or status == 412:
            raise WriteConflictError from None
        if code == "NoSuchBucket":
            raise StorageError(f"There is no bucket {bucket}: correct S3_BUCKET, or create the bucket.") from None
        if status == 404:
            raise NotFoundError from None
        if status == 409 or status >= 500 or code in ("SlowDown", "RequestTimeout", "ThrottlingException"):
            raise OutcomeUnknownError(f"{code or status} at {where}") from None
        refusal = AccessDeniedError if status == 403 else StorageError
        raise refusal(
            f"S3 refuses {action} on {where} ({code}): grant the collector's role that permission, and the permissions"
            " on the bucket's KMS key if it has one."
        ) from None
    except ParamValidationError:
        raise StorageError(
            f"boto3 {boto3.__version__} does not know a parameter of {action} on {where}: update the function's"
            " runtime, whose boto3 must be 1.35.69 or newer."
        ) from None
    except BotoCoreError as error:
        raise OutcomeUnknownError(f"{type(error).__name__} at {where}") from None
