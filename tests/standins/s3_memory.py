"""An S3 bucket in memory that behaves like a real one for the collector: versions, delete markers, conditional
writes, and the failures that a test injects. Its contract tests also run against moto's server."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from botocore.exceptions import ClientError

PAGE = 1000


@dataclass
class Version:
    key: str
    version_id: str
    body: bytes | None  # None is a delete marker
    metadata: dict[str, str]
    written: datetime
    encryption: dict[str, str] = field(default_factory=dict)  # that the request asked for
    lock: tuple[str, datetime] | None = None  # the mode, and until when

    @property
    def etag(self) -> str:
        return f'"{hashlib.md5(self.body or b"").hexdigest()}"'


def client_error(operation: str, status: int, code: str, message: str = "") -> ClientError:
    response = {"Error": {"Code": code, "Message": message or code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, operation)  # type: ignore[arg-type]


@dataclass
class MemoryS3:
    """A client of one bucket. `before` and `after` are called for each call and may raise its error:
    raised by `before`, the call has no effect; by `after`, it has, but the caller gets no answer."""

    bucket: str = "zoom-operation-logs"
    versioned: bool = True
    object_lock: bool = False
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    before: Callable[[str, str], None] | None = None
    after: Callable[[str, str], None] | None = None
    calls: Counter[str] = field(default_factory=Counter)
    _keys: dict[str, list[Version]] = field(default_factory=dict)  # newest version last
    _ids: Iterator[int] = field(default_factory=lambda: count(1))

    # The client's methods, of those that the collector calls

    def put_object(
        self,
        *,
        Bucket: str,
        Key: str,
        Body: bytes,
        IfNoneMatch: str | None = None,
        IfMatch: str | None = None,
        ContentType: str = "",
        Metadata: dict[str, str] | None = None,
        ObjectLockMode: str | None = None,
        ObjectLockRetainUntilDate: datetime | None = None,
        ChecksumAlgorithm: str | None = None,
        **encryption: str,
    ) -> dict[str, Any]:
        def put() -> dict[str, Any]:
            if ObjectLockMode and not self.object_lock:
                message = "Bucket is missing ObjectLockConfiguration"
                raise client_error("PutObject", 400, "InvalidRequest", message)
            if ObjectLockMode and not ChecksumAlgorithm:
                raise client_error("PutObject", 400, "InvalidRequest", "Content-MD5 OR x-amz-checksum- is required")
            latest = self._latest(Key)
            if IfNoneMatch and latest:
                raise client_error("PutObject", 412, "PreconditionFailed")
            if IfMatch and not latest:
                raise client_error("PutObject", 404, "NoSuchKey")
            if IfMatch and latest and latest.etag != IfMatch:
                raise client_error("PutObject", 412, "PreconditionFailed")
            version = self._add(Key, bytes(Body), Metadata or {}, encryption)
            if ObjectLockMode and ObjectLockRetainUntilDate:
                version.lock = ObjectLockMode, ObjectLockRetainUntilDate
            return {"ETag": version.etag, "VersionId": version.version_id}

        for name, value in (Metadata or {}).items():
            assert name.isascii() and value.isascii(), "S3 takes ASCII metadata only"
        assert encryption.keys() <= {"ServerSideEncryption", "SSEKMSKeyId"}, encryption
        return self._call("put_object", Bucket, Key, put)

    def get_object(self, *, Bucket: str, Key: str, VersionId: str | None = None) -> dict[str, Any]:
        def get() -> dict[str, Any]:
            if VersionId:
                found = next(
                    (v for v in self._keys.get(Key, []) if v.version_id == VersionId and v.body is not None), None
                )
                missing = "NoSuchVersion"
            else:
                found, missing = self._latest(Key), "NoSuchKey"
            if not found or found.body is None:
                raise client_error("GetObject", 404, missing)
            return {
                "Body": io.BytesIO(found.body),
                "ContentLength": len(found.body),
                "ETag": found.etag,
                "LastModified": found.written,
                "Metadata": found.metadata,
            }

        return self._call("get_object", Bucket, Key, get)

    def list_objects_v2(self, *, Bucket: str, Prefix: str, MaxKeys: int = PAGE, StartAfter: str = "") -> dict[str, Any]:
        def listing() -> dict[str, Any]:
            rest = [key for key in self.keys(Prefix) if key > StartAfter]
            found = [{"Key": key} for key in rest[:MaxKeys]]
            truncated = len(found) < len(rest)
            about = {"Name": Bucket, "Prefix": Prefix, "IsTruncated": truncated}
            about |= {"NextContinuationToken": found[-1]["Key"]} if truncated else {}
            return {**about, "Contents": found} if found else about

        return self._call("list_objects_v2", Bucket, Prefix, listing)

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_object_versions"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:
        keys = sorted(key for key in self._keys if key.startswith(Prefix))
        versions = [version for key in keys for version in reversed(self._keys[key])]
        for at in range(0, max(1, len(versions)), PAGE):

            def page(at: int = at) -> dict[str, Any]:
                shown: dict[str, list[dict[str, Any]]] = {"Versions": [], "DeleteMarkers": []}
                for version in versions[at : at + PAGE]:
                    shown["DeleteMarkers" if version.body is None else "Versions"].append(
                        {
                            "Key": version.key,
                            "VersionId": version.version_id,
                            "IsLatest": version is self._keys[version.key][-1],
                            "LastModified": version.written,
                        }
                    )
                about: dict[str, Any] = {"Name": Bucket, "Prefix": Prefix, "IsTruncated": at + PAGE < len(versions)}
                if about["IsTruncated"]:
                    about["NextKeyMarker"] = versions[at + PAGE - 1].key
                return about | {name: entries for name, entries in shown.items() if entries}

            yield self._call("list_object_versions", Bucket, Prefix, page)

    # For tests: changes to the bucket, and what it contains

    def delete(self, key: str) -> None:
        """Delete as a reader does: with a delete marker if the bucket has versioning, else permanently."""
        if self.versioned and key in self._keys:
            self._keys[key].append(Version(key, f"v{next(self._ids)}", None, {}, self.clock()))
        else:
            self._keys.pop(key, None)

    def put(self, key: str, body: bytes) -> None:
        self._add(key, body, {})

    def delete_versions(self, key: str) -> None:
        self._keys.pop(key, None)

    def delete_version(self, key: str, version_id: str) -> None:
        self._keys[key] = [version for version in self._keys[key] if version.version_id != version_id]

    def keys(self, prefix: str = "") -> list[str]:
        """The keys in a listing now."""
        return sorted(key for key in self._keys if key.startswith(prefix) and self._latest(key))

    def body(self, key: str) -> bytes:
        latest = self._latest(key)
        assert latest and latest.body is not None
        return latest.body

    def ever_written(self, prefix: str = "") -> list[Version]:
        """Every version that was ever readable, including deleted ones: what a feed may have read."""
        return [
            version
            for key in sorted(self._keys)
            if key.startswith(prefix)
            for version in self._keys[key]
            if version.body is not None
        ]

    def _latest(self, key: str) -> Version | None:
        versions = self._keys.get(key)
        return versions[-1] if versions and versions[-1].body is not None else None

    def _add(
        self, key: str, body: bytes, metadata: dict[str, str], encryption: dict[str, str] | None = None
    ) -> Version:
        version_id = f"v{next(self._ids)}" if self.versioned else "null"
        version = Version(key, version_id, body, metadata, self.clock(), encryption or {})
        if self.versioned:
            self._keys.setdefault(key, []).append(version)
        else:
            self._keys[key] = [version]
        return version

    def _call(self, operation: str, bucket: str, key: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        self.calls[operation] += 1
        if self.before:
            self.before(operation, key)
        if bucket != self.bucket:
            raise client_error(operation, 404, "NoSuchBucket")
        answer = work()
        if self.after:
            self.after(operation, key)
        return answer
