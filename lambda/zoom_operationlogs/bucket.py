"""All access to S3: versions, conditional writes, retries, bounds, and what S3's errors mean."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
import tenacity
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from .aws_refusals import ORGANISATION, denial
from .bounds import CHECKPOINT_BYTES, CHECKPOINT_HEADER_BYTES, MB, OBJECT_BYTES, time_limit
from .certificates import untrusted_certificate
from .errors import (
    AccessDeniedError,
    NotFoundError,
    OutcomeUnknownError,
    StorageError,
    StorageUnavailableError,
    TimeLimitError,
    UnreadableObjectError,
    VersionDeletedError,
    WriteConflictError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from mypy_boto3_s3 import S3Client

    from .deadline import Deadline

ATTEMPTS = 8
GRANT = (
    "grant the collector's role that permission, and the permissions on the bucket's KMS key if it has one, or look for"
    f" a Deny in the bucket policy, {ORGANISATION}"
)
GRANT_PUT = f"{GRANT}, such as one that requires another encryption header (S3_SSE)"
KEY = "let the KMS key be enabled and in the bucket's Region, or correct S3_SSE_KMS_KEY_ARN"
ADVICE = {
    "InvalidObjectState": "restore the object from its archive storage class",
    "PermanentRedirect": "the bucket is in another Region than the function: correct S3_BUCKET",
    "AuthorizationHeaderMalformed": "the bucket is in another Region than the function: correct S3_BUCKET",
    "KeyTooLongError": "shorten S3_PREFIX or STATE_KEY",
}
PASSING = {
    *("SlowDown", "RequestTimeout", "ThrottlingException", "InternalError", "ServiceUnavailable"),
    *("BadDigest", "IncompleteBody", "RequestTimeTooSkewed"),
}
MOST_CONFLICTS = 40  # in a row; more runs than that do not race for one key

T = TypeVar("T")


@dataclass(frozen=True)
class StoredVersion:
    """One version of an object; `last_modified` is in UTC."""

    key: str
    version_id: str
    last_modified: datetime


class Bucket:
    """One bucket, within the deadline of one run.

    However slowly S3 answers, a call ends a little before the run must; its outcome is then unknown. Reads and
    listings are retried. `put` is not: the caller decides what a write of unknown outcome needs, and passes that as
    the `attempt` of `retry_until_known`. Every call of S3 may raise `StorageError`; those that are retried also
    raise `StorageUnavailableError`.
    """

    def __init__(
        self,
        s3: S3Client,
        name: str,
        deadline: Deadline,
        sleep: Callable[[float], None],
        encryption: Mapping[str, Any] | None = None,
    ) -> None:
        """Take a boto3 client that does not retry, the bucket's name, and a `sleep` that takes seconds.

        `encryption` is that of `Settings`.
        """
        self._s3 = s3
        self._encryption = encryption or {}
        self._name = name
        self.deadline = deadline
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
            with self._call("s3:ListBucketVersions", prefix):
                found = {
                    (entry["Key"], entry["VersionId"]): entry["LastModified"]
                    for page in pages
                    for entry in page.get("Versions", [])
                }
            return [StoredVersion(key, version_id, written) for (key, version_id), written in found.items()]

        return self.retry_until_known(listing)

    def read(self, version: StoredVersion, limit: int = OBJECT_BYTES) -> bytes:
        """Return the body of a version that was listed.

        Raises ValueError if it has more than `limit` bytes, and `VersionDeletedError` if it is gone.
        """

        def reading() -> bytes | None:
            with self._call("s3:GetObjectVersion", version.key):
                return _body(
                    self._s3.get_object(Bucket=self._name, Key=version.key, VersionId=version.version_id), limit
                )

        try:
            body = self.retry_until_known(reading)
        except NotFoundError:
            raise VersionDeletedError(
                f"{self.url(version.key)} was deleted permanently while a run read it: the next run reads what is"
                " there."
            ) from None
        if body is None:
            raise ValueError(f"more than {limit // MB} MB")
        return body

    def current(self, key: str, limit: int = CHECKPOINT_HEADER_BYTES + CHECKPOINT_BYTES) -> tuple[bytes, str]:
        """Return the body and the ETag of the current version of an object. Raises `NotFoundError` if there is none.

        The body of an object of more than `limit` bytes is returned as empty: it is not what the caller looks for.

        S3 answers a read of a missing key with 403 unless the reader may list the whole bucket, and a role that may
        list only its own prefixes may not (S3 API reference, GetObject, "Permissions"): a listing of the key decides.
        """

        def reading() -> tuple[bytes, str]:
            try:
                with self._call("s3:GetObject", key):
                    answer = self._s3.get_object(Bucket=self._name, Key=key)
                    return _body(answer, limit) or b"", answer["ETag"]
            except AccessDeniedError:
                with self._call("s3:ListBucket", key):
                    listed = self._s3.list_objects_v2(Bucket=self._name, Prefix=key, MaxKeys=1).get("Contents", [])
                if any(found["Key"] == key for found in listed):
                    raise
                raise NotFoundError from None

        return self.retry_until_known(reading)

    def current_keys(self, prefix: str, after: str) -> list[str]:
        """Return keys under the prefix, greater than `after`, that have a current version: the first 1,000."""

        def listing() -> list[str]:
            with self._call("s3:ListBucket", prefix):
                found = self._s3.list_objects_v2(Bucket=self._name, Prefix=prefix, StartAfter=after)
            return [entry["Key"] for entry in found.get("Contents", [])]

        return self.retry_until_known(listing)

    def put(self, key: str, body: bytes, *, replaces: str | None, **headers: Any) -> str:
        """Send one conditional write and return the ETag of the object.

        With `replaces` None the key must have no current version, else its ETag must be `replaces`. Raises
        `WriteConflictError` if that does not hold, `NotFoundError` if the object to replace is gone (Amazon S3 User
        Guide, How to prevent object overwrites with conditional writes), and `OutcomeUnknownError`. `headers` are
        further arguments of boto3's `put_object`.
        """
        condition: dict[str, Any] = {"IfMatch": replaces} if replaces else {"IfNoneMatch": "*"}
        with self._call("s3:PutObject", key):
            return self._s3.put_object(
                Bucket=self._name, Key=key, Body=body, **condition, **self._encryption, **headers
            )["ETag"]

    def always_conflicts(self, key: str) -> StorageUnavailableError:
        """Return the error of a run to which S3 refuses a write as if another writer were first, again and again."""
        return StorageUnavailableError(
            f"S3 gave no usable answer after several tries (a conflict at each write of {self.url(key)}); the next run"
            " tries again."
        )

    def retry_until_known(self, attempt: Callable[[], T]) -> T:
        """Call `attempt` until it does not raise `OutcomeUnknownError`, and return its result.

        Waits use all the time that Lambda leaves, including the reserve, which is for this. Raises
        `StorageUnavailableError` if the attempts or the time are used up.
        """
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(OutcomeUnknownError),
            wait=tenacity.wait_exponential_jitter(multiplier=0.2, max=5),
            stop=lambda call: call.attempt_number >= ATTEMPTS or not self.deadline.may_wait(call.upcoming_sleep),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(attempt)
        except OutcomeUnknownError as error:
            raise StorageUnavailableError(
                f"S3 gave no usable answer after several tries ({error}); the next run tries again."
            ) from None

    @contextmanager
    def _call(self, action: str, key: str) -> Iterator[None]:
        """Bound the time of the block, and raise what an error of S3 in it means."""
        try:
            with translate_errors(action, self._name, key), time_limit(self.deadline.call_seconds()):
                yield
        except TimeLimitError:
            raise OutcomeUnknownError(f"too slow at {self.url(key)}") from None


def _body(answer: Mapping[str, Any], limit: int) -> bytes | None:
    """Return the body of S3's answer to a read, None if it has more than `limit` bytes."""
    stream, pieces, room = answer["Body"], [], limit + 1
    if answer.get("ContentLength", 0) <= limit:
        while room and (piece := stream.read(room)):  # the last read, which is empty, notices a body that is cut off
            pieces.append(piece)
            room -= len(piece)
        if room:
            return b"".join(pieces)
    stream.close()
    return None


def out_of_reach(version: StoredVersion, error: StorageError) -> UnreadableObjectError:
    """Return what it means that S3 does not give one object of records, such as one in Glacier."""
    return UnreadableObjectError(f"S3 does not give version {version.version_id} of an object of records: {error}")


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
        if status in (408, 409, 429) or status >= 500 or code in PASSING:
            raise OutcomeUnknownError(f"{code or status} at {where}") from None
        refusal = AccessDeniedError if code == "AccessDenied" else StorageError
        advice = ADVICE.get(code) or (KEY if code.startswith("KMS.") else GRANT_PUT if "Put" in action else GRANT)
        raise refusal(f"S3 refuses {action} on {where} ({denial(error)}): {advice}.") from None
    except ParamValidationError:
        raise StorageError(
            f"boto3 {boto3.__version__} does not know a parameter of {action} on {where}: update the function's"
            " runtime, whose boto3 must be 1.35.69 or newer."
        ) from None
    except (BotoCoreError, ResponseParserError, HTTPError, KeyError) as error:  # KeyError: the answer lacks a field
        if untrusted := untrusted_certificate(error, "Amazon S3"):
            raise untrusted from None
        raise OutcomeUnknownError(f"{type(error).__name__} at {where}") from None
