"""The one way to S3: one bucket, its versions, conditional writes, retries, and what S3's answers mean."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import tenacity
from botocore.exceptions import BotoCoreError, ClientError

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
    """One version of an object, and when it was written (UTC)."""

    key: str
    version_id: str
    last_modified: datetime


class Bucket:
    """One bucket, within the deadline of one run.

    Reads and listings are tried again while their outcome is unknown. `put` is not: what to do after a write of unknown
    outcome is the caller's decision, who puts it into the `attempt` of `retry_until_known`.
    """

    def __init__(self, s3: S3Client, name: str, deadline: Deadline, sleep: Callable[[float], None]) -> None:
        """Take a boto3 client that does not retry, the bucket's name, the deadline, and a sleep in seconds."""
        self._s3 = s3
        self._name = name
        self._deadline = deadline
        self._sleep = sleep

    def url(self, key: str) -> str:
        """Return the `s3://` address of a key or prefix."""
        return f"s3://{self._name}/{key}"

    def versions(self, prefix: str) -> list[StoredVersion]:
        """Return every version under the prefix in the order of their keys, also of objects deleted since.

        The same call lists an unversioned bucket, whose objects have the version id "null".
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
        """Return the body of a version that was listed; raise `VersionDeletedError` if it is gone by now."""

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
        """Return the body and the ETag of an object as it is now; raise `NotFoundError` if there is none.

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
        """Write an object, once, and return its ETag.

        With `replaces` None the key must be free, else its ETag must be `replaces`; raises `WriteConflictError` if not.
        `headers` are further arguments of boto3's `put_object`. Raises `OutcomeUnknownError` and `StorageError`.
        """
        condition: dict[str, Any] = {"IfMatch": replaces} if replaces else {"IfNoneMatch": "*"}
        with self._translate_errors("s3:PutObject", key):
            return self._s3.put_object(Bucket=self._name, Key=key, Body=body, **condition, **headers)["ETag"]

    def retry_until_known(self, attempt: Callable[[], T]) -> T:
        """Return what `attempt` returns, trying again while it raises `OutcomeUnknownError`.

        Waits use all the time that Lambda leaves, reserve included: this is what the reserve is for.
        Raises `StorageUnavailableError` when the tries or the time are used up.
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
    """Raise what a failure of one S3 call means; `action` is the IAM action that the call needs."""
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
            f"S3 refuses {action} on {where} ({code}): give the collector's role that right, and the rights on the"
            " bucket's key if it has one."
        ) from None
    except BotoCoreError as error:
        raise OutcomeUnknownError(f"{type(error).__name__} at {where}") from None
