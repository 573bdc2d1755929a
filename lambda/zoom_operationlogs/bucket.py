"""All access to S3: versions, conditional writes, retries and bounds."""

from __future__ import annotations

from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import tenacity

from .bounds import MB, OBJECT_BYTES, SLICE_BYTES, time_limit
from .errors import (
    AccessDeniedError,
    NotFoundError,
    OutcomeUnknownError,
    StorageError,
    StorageUnavailableError,
    TimeLimitError,
    UnreadableObjectError,
    VersionDeletedError,
)
from .s3_errors import translate_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from mypy_boto3_s3 import S3Client

    from .deadline import Deadline

ATTEMPTS = 8
MOST_CONFLICTS = 40  # in a row; more runs than that do not race for one key
FEW_CONFLICTS = 3  # in a run: a run that races with others meets them, however little time is left

T = TypeVar("T")


class StoredVersion(NamedTuple):
    """One version of an object; `last_modified` is in UTC."""

    key: str
    version_id: str
    last_modified: datetime


class Bucket:
    """One bucket, within the deadline of one run.

    However slowly S3 answers, a call ends shortly before the run has to; its outcome is then unknown. Reads and
    listings are retried. `put` is not: the caller knows what a write of unknown outcome needs, and passes that as the
    `attempt` of `retry_until_known`. Every call may raise `StorageError`; those that are retried also raise
    `StorageUnavailableError`.
    """

    def __init__(
        self,
        s3: S3Client,
        name: str,
        deadline: Deadline,
        sleep: Callable[[float], None],
        encryption: Mapping[str, Any] | None = None,
        retention: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        """Take a boto3 client that does not retry, the bucket's name, and a `sleep` that takes seconds.

        `encryption` is that of `Settings`, and `retention` returns the lock of an object of records written now.
        """
        self._s3 = s3
        self._encryption = encryption or {}
        self._retention = retention
        self._name = name
        self.deadline = deadline
        self._sleep = sleep
        self._conflicts = 0

    def url(self, key: str) -> str:
        """Return the `s3://` URI of a key or prefix."""
        return f"s3://{self._name}/{key}"

    def versions(
        self,
        prefix: str,
        wanted: Callable[[str], bool] = lambda _key: True,
        deleted: Callable[[str, datetime], object] = lambda _key, _at: None,
    ) -> list[StoredVersion]:
        """Return every version under the prefix in the order of their keys, including those behind delete markers.

        Others may put any number of keys there: those that are not `wanted` take no memory. `deleted` is called with
        each key behind a delete marker and the marker's time (UTC), again if the listing is retried.

        The same call lists an unversioned bucket, whose objects have the version ID "null" (Amazon S3 User Guide,
        Retaining multiple versions of objects with S3 Versioning).
        """

        def listing() -> list[StoredVersion]:
            pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=self._name, Prefix=prefix)
            with self._call("s3:ListBucketVersions", prefix):
                found: dict[StoredVersion, None] = {}
                for page in pages:
                    listed = self._listed(page, prefix)
                    for entry in listed.get("Versions", []):
                        if wanted(entry["Key"]):
                            found[StoredVersion(entry["Key"], entry["VersionId"], entry["LastModified"])] = None
                    for entry in listed.get("DeleteMarkers", []):
                        if entry["IsLatest"]:
                            deleted(entry["Key"], entry["LastModified"])
            return list(found)

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
                f"{self.url(version.key)} was deleted permanently while a run read it: the next run reads what is left."
            ) from None
        if body is None:
            raise ValueError(f"more than {limit // MB} MB")
        return body

    def current(
        self,
        key: str,
        limit: int = OBJECT_BYTES,
        first: int = SLICE_BYTES,
        promising: Callable[[bytes], bool] = lambda _start: True,
    ) -> tuple[bytes, str]:
        """Return the body and the ETag of the current version of an object. Raises `NotFoundError` if there is none.

        The body is empty if the caller cannot use it: if it has more than `limit` bytes, or if its `first` bytes are
        not `promising`. No more is read then.

        S3 answers a read of a missing key with 403 unless the role may list the whole bucket (S3 API reference,
        GetObject, "Permissions"). The collector's role may list only its own prefixes, so a listing of the key decides.
        """

        def reading() -> tuple[bytes, str]:
            try:
                with self._call("s3:GetObject", key):
                    answer = self._s3.get_object(Bucket=self._name, Key=key)
                    return _body(answer, limit, first, promising) or b"", answer["ETag"]
            except AccessDeniedError:
                with self._call("s3:ListBucket", key):
                    listed = self._s3.list_objects_v2(Bucket=self._name, Prefix=key, MaxKeys=1)
                    found = [entry["Key"] for entry in self._listed(listed, key).get("Contents", [])]
                if key in found:
                    raise
                raise NotFoundError from None

        return self.retry_until_known(reading)

    def current_keys(self, prefix: str, after: str) -> list[str]:
        """Return keys under the prefix, greater than `after`, that have a current version: the first 1,000."""

        def listing() -> list[str]:
            with self._call("s3:ListBucket", prefix):
                page = self._s3.list_objects_v2(Bucket=self._name, Prefix=prefix, StartAfter=after)
                return [entry["Key"] for entry in self._listed(page, prefix).get("Contents", [])]

        return self.retry_until_known(listing)

    def put(self, key: str, body: bytes, *, replaces: str | None, **headers: Any) -> str:
        """Send one conditional write and return the ETag of the object.

        With `replaces` None the key must have no current version, else its ETag must be `replaces`. Raises
        `WriteConflictError` if that does not hold, `NotFoundError` if the object to replace is gone (Amazon S3 User
        Guide, How to prevent object overwrites with conditional writes), and `OutcomeUnknownError`. `headers` are
        further arguments of boto3's `put_object`.
        """
        condition: dict[str, Any] = {"IfMatch": replaces} if replaces else {"IfNoneMatch": "*"}
        action = "s3:PutObject or s3:PutObjectRetention" if "ObjectLockMode" in headers else "s3:PutObject"
        with self._call(action, key):
            return self._s3.put_object(
                Bucket=self._name, Key=key, Body=body, **condition, **self._encryption, **headers
            )["ETag"]

    def add_records(self, key: str, body: bytes, **headers: Any) -> None:
        """Put an object of records, locked if the settings say so. Raises as `put` does for a new key."""
        self.put(key, body, replaces=None, **self._retention(), **headers)

    def until_no_conflict(self, key: str) -> Iterator[None]:
        """Yield before each try of a conditional write, for as long as another writer may be first.

        Raises `StorageUnavailableError` after `MOST_CONFLICTS` tries, or when no time is left.
        """
        for _ in range(MOST_CONFLICTS):
            if self._conflicts >= FEW_CONFLICTS and not self.deadline.may_wait(0):
                break
            yield
            self._conflicts += 1
        raise StorageUnavailableError(
            f"S3 gave no usable answer after several tries (a conflict at each write of {self.url(key)}); the next run"
            " tries again."
        )

    def retry_until_known(self, attempt: Callable[[], T]) -> T:
        """Call `attempt` until it does not raise `OutcomeUnknownError`, and return its result.

        Waits use all the time that Lambda leaves, including the reserve. Raises `StorageUnavailableError` if the
        attempts or the time are used up.
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

    def _listed(self, page: Mapping[str, Any], prefix: str) -> Mapping[str, Any]:
        """Return a page of a listing; raise `OutcomeUnknownError` if it is not one of this prefix.

        An answer without a list would count as an empty archive.
        """
        if (page["Name"], page["Prefix"]) != (self._name, prefix):
            raise OutcomeUnknownError(f"a listing of something other than {self.url(prefix)}")
        if page["IsTruncated"] and not (page.get("NextKeyMarker") or page.get("NextContinuationToken")):
            raise OutcomeUnknownError(f"a listing of {self.url(prefix)} that is cut off")
        return page

    @contextmanager
    def _call(self, action: str, key: str) -> Iterator[None]:
        """Bound the time of the block, and translate S3's errors in it."""
        try:
            with translate_errors(action, self._name, key), time_limit(self.deadline.call_seconds()):
                yield
        except TimeLimitError:
            raise OutcomeUnknownError(f"too slow at {self.url(key)}") from None


def _body(
    answer: Mapping[str, Any], limit: int, first: int = 0, promising: Callable[[bytes], bool] = lambda _start: True
) -> bytes | None:
    """Return the body of S3's answer to a read, None if it has more than `limit` bytes or does not begin well."""
    stream, body = answer["Body"], BytesIO()  # its value is not a copy
    if answer.get("ContentLength", 0) <= limit:
        ended = _read_up_to(first, stream, body)
        if promising(body.getvalue()) and (ended or _read_up_to(limit + 1, stream, body)):
            return body.getvalue()
    stream.close()
    return None


def _read_up_to(most: int, stream: Any, body: BytesIO) -> bool:
    """Read until the body has `most` bytes; return whether it ended before."""
    while room := most - body.tell():
        piece = stream.read(min(room, MB))
        body.write(piece)
        if not piece:  # an empty read also detects a truncated body
            return True
    return False


def out_of_reach(version: StoredVersion, error: StorageError) -> UnreadableObjectError:
    """Return the error for an object of records that S3 does not return, such as one in Glacier."""
    return UnreadableObjectError(f"S3 does not return version {version.version_id} of an object of records: {error}")
