"""What S3 refuses where Object Lock is on, and moto does not.

Amazon S3 User Guide, "Object Lock considerations" and "Locking objects with Object Lock"; API Reference, PutObject and
PutObjectRetention. Who may bypass a retention is judged before a request comes here (see `aws_permissions`).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.s3.exceptions import AccessDeniedByLock, InvalidBucketState, MalformedXML, S3ClientError
from moto.s3.models import FakeKey, S3Backend, s3_backends
from moto.s3.responses import S3Response
from werkzeug.datastructures import Headers

from standins.aws_signature import TIMESTAMP

OTHER_THAN_PUTS = {"acl", "legal-hold", "retention", "tagging", "uploadId"}
MODES = ("GOVERNANCE", "COMPLIANCE")


def parsed(until: str) -> datetime:
    """Parse a retain-until date of a request."""
    return datetime.fromisoformat(until.replace("Z", "+00:00")).astimezone(UTC)


def asked_at(headers: Mapping[str, str] | Headers) -> datetime:
    """Return a request's time by its sender's clock, which a test may have moved; now if it has none."""
    said = headers.get("X-Amz-Date")
    return datetime.strptime(said, TIMESTAMP).replace(tzinfo=UTC) if said else datetime.now(UTC)


def repair_object_lock() -> None:
    """Object Lock as in S3."""
    _repair_configuration()
    _repair_puts()
    _repair_retention()


def _repair_configuration() -> None:
    """Object Lock can be enabled on a bucket with objects; versioning can then no longer be suspended."""
    version = S3Backend.put_bucket_versioning

    def configure(
        self: Any,
        bucket_name: str,
        lock_enabled: bool,
        mode: str | None = None,
        days: int | None = None,
        years: int | None = None,
    ) -> None:
        bucket = self.get_bucket(bucket_name)
        if not bucket.is_versioned:
            raise InvalidBucketState("Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration")
        if not lock_enabled:
            raise MalformedXML
        bucket.object_lock_enabled = True
        bucket.default_lock_mode, bucket.default_lock_days, bucket.default_lock_years = mode, days, years

    @functools.wraps(version)
    def version_unless_locked(self: Any, bucket_name: str, status: str) -> None:
        if self.get_bucket(bucket_name).object_lock_enabled and status != "Enabled":
            raise InvalidBucketState(
                "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed."
            )
        version(self, bucket_name, status)

    S3Backend.put_object_lock_configuration = configure  # type: ignore[method-assign]
    S3Backend.put_bucket_versioning = version_unless_locked  # type: ignore[method-assign]


def _repair_puts() -> None:
    """A put with a lock, its own or the bucket's default, needs a checksum of the body; a lock, a mode and a date."""
    put = S3Response._key_response_put

    @functools.wraps(put)
    def put_if_well_locked(self: Any, query: dict[str, Any], key_name: str) -> Any:
        if query.keys() & OTHER_THAN_PUTS:
            return put(self, query, key_name)
        bucket = self.backend.get_bucket(self.bucket_name)
        mode, until = (self.headers.get(f"x-amz-object-lock-{name}") for name in ("mode", "retain-until-date"))
        if (mode is None) != (until is None):
            names = "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode"
            raise InvalidArgumentError(f"{names} must both be supplied")
        if mode is not None and mode not in MODES:
            raise InvalidArgumentError("Unknown wormMode directive.")
        if until is not None and parsed(until) <= asked_at(self.headers):
            raise InvalidArgumentError("The retain until date must be in the future!")
        given = [*map(str.lower, dict(self.headers)), self.headers.get("x-amz-trailer", "")]
        summed = any(name == "content-md5" or name.startswith("x-amz-checksum-") for name in given)
        if (mode or bucket.has_default_lock) and not summed:
            raise S3ClientError(
                "InvalidRequest",
                "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock"
                " parameters",
            )
        return put(self, query, key_name)

    S3Response._key_response_put = put_if_well_locked  # type: ignore[method-assign]


class InvalidArgumentError(S3ClientError):
    """An argument that S3 refuses."""

    def __init__(self, message: str) -> None:
        super().__init__("InvalidArgument", message)


def _repair_retention() -> None:
    """A retention can be extended; only a GOVERNANCE bypass can shorten or weaken it."""
    put = S3Response.put_object_retention

    @functools.wraps(put)
    def put_if_stronger(self: Any) -> Any:
        bypass = self.headers.get("x-amz-bypass-governance-retention", "").lower() == "true"
        held = self.backend.get_object(self.bucket_name, self.parse_key_name(), version_id=self._get_param("versionId"))
        mode, until = self._mode_until_from_body()
        if isinstance(held, FakeKey) and held.is_locked(governance_bypass=bypass):
            stronger = mode == held.lock_mode or mode == "COMPLIANCE"
            if not (stronger and until and parsed(until) >= parsed(str(held.lock_until))):
                raise AccessDeniedByLock
        return put(self)

    S3Response.put_object_retention = put_if_stronger  # type: ignore[method-assign]


def end_locks(account_id: str, bucket_name: str) -> None:
    """End every retention in a bucket, as if the days had passed, and remove every legal hold."""
    over = (datetime.now(UTC) - timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for _, versions in s3_backends[account_id]["aws"].get_bucket(bucket_name).keys.iterlists():
        for version in versions:
            if getattr(version, "lock_until", None):
                version.lock_until = over
            version.lock_legal_status = None
