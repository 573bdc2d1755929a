"""All exceptions of the collector, in one tree.

CollectorError                   the run fails; the message is a sentence that says what to change or what happened
├── SettingsError                an environment variable or the event
├── SecretError                  the secret with Zoom's credentials
│   └── EmptySecretError         the handler returns a result instead of failing
├── ZoomRefusedError             only a Zoom administrator can change the reason
│   ├── CredentialsRejectedError
│   └── AccessTokenRejectedError
├── ZoomUnavailableError
├── UntrustedCertificateError    a proxy inspects TLS with its own CA, or TLS is misconfigured
├── DatesRefusedError
│   └── DateTooOldError
├── UnreadableRowsError          all other rows were collected
├── StorageError                 S3 refuses, or has an object that the collector cannot read
│   ├── AccessDeniedError
│   ├── NotWriteOnceError        only the probe raises it
│   ├── VersionDeletedError
│   └── UnreadableObjectError    it blocks only the dates that it may have records of
├── StorageUnavailableError
├── NewerCheckpointError
├── OtherAccountError
├── OtherReportError             two reports share neither a prefix nor a checkpoint
├── ChangedFormError
└── LeaseLostError
HandledError                     the collector handles it within the run
├── OutOfTimeError
├── TimeLimitError
├── RateLimitedError
├── PageTokenExpiredError
├── SweepBrokenError
├── UnusableAnswerError
├── NotFoundError
├── WriteConflictError
└── OutcomeUnknownError
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class CollectorError(Exception):
    """The run fails; the message is a sentence that says what to change or what happened."""


class SettingsError(CollectorError):
    """An environment variable or the event is missing or wrong."""


class SecretError(CollectorError):
    """The secret cannot be read, does not exist, or does not contain the credentials."""


class EmptySecretError(SecretError):
    """The secret exists, but has no value yet."""


class ZoomRefusedError(CollectorError):
    """Zoom refuses for a reason that only a Zoom administrator can change."""


class CredentialsRejectedError(ZoomRefusedError):
    """Zoom rejects the client ID and client secret."""


class AccessTokenRejectedError(ZoomRefusedError):
    """Zoom rejects the access token."""


class ZoomUnavailableError(CollectorError):
    """Zoom gave no usable answer after several attempts."""


class UntrustedCertificateError(CollectorError):
    """The TLS certificate of Zoom or AWS cannot be verified."""


class DatesRefusedError(CollectorError):
    """Zoom refuses the request's dates or page size."""


class DateTooOldError(DatesRefusedError):
    """Zoom says that the date is before the six months that it keeps."""


class UnreadableRowsError(CollectorError):
    """Zoom sent rows that cannot be read; all others were collected."""


class StorageError(CollectorError):
    """S3 refuses, or has an object that the collector cannot read."""


class AccessDeniedError(StorageError):
    """S3 denied access."""


class NotWriteOnceError(StorageError):
    """S3 overwrote an object although the write was conditional on its absence."""


class VersionDeletedError(StorageError):
    """A version was deleted permanently between listing and reading it."""


class UnreadableObjectError(StorageError):
    """An object of records cannot be read; the message names it and its version."""


class StorageUnavailableError(CollectorError):
    """S3 gave no usable answer after several attempts."""


class NewerCheckpointError(CollectorError):
    """A newer version of the collector wrote the checkpoint."""


class OtherAccountError(CollectorError):
    """The checkpoint belongs to another Zoom account."""


class OtherReportError(CollectorError):
    """The checkpoint, or the prefix, belongs to another of Zoom's reports."""


class ChangedFormError(CollectorError):
    """Zoom shows records in another form than the archive has."""


class LeaseLostError(CollectorError):
    """Another run took over the lease of this one."""


class HandledError(Exception):
    """The collector handles it within the run."""


class OutOfTimeError(HandledError):
    """The run has no time left for the next step; the next run continues from there."""


class TimeLimitError(HandledError):
    """One call took longer than its limit; see `bounds.time_limit`."""


class RateLimitedError(HandledError):
    """Zoom answered with HTTP status 429.

    `until` is when Zoom may be called again (UTC), None if the answer does not say; `daily`: it is the daily limit.
    """

    def __init__(self, until: datetime | None, *, daily: bool) -> None:
        super().__init__(f"rate limited until {until}")
        self.until = until
        self.daily = daily


class PageTokenExpiredError(HandledError):
    """The page token is older than 15 minutes or invalid (Zoom, Get operation logs report)."""


class SweepBrokenError(HandledError):
    """Zoom's page tokens do not lead to the end of a sweep; the message says why, as part of a sentence."""


class UnusableAnswerError(HandledError):
    """Zoom's answer cannot be used; a retry may get a better one."""


class NotFoundError(HandledError):
    """S3 has no object at this key."""


class WriteConflictError(HandledError):
    """A conditional write failed, because another writer was first."""


class OutcomeUnknownError(HandledError):
    """S3 may or may not have processed the request: a timeout, a reset, throttling, a 409 or a 5xx."""
