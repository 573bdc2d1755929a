"""All exceptions of the collector, in one tree.

CollectorError                   the run fails; the message is one sentence that says what to change or what was seen
├── SettingsError                an environment variable or the event
├── SecretError                  the secret with Zoom's credentials
│   └── EmptySecretError
├── ZoomRefusedError             only an administrator of Zoom can change the reason
│   ├── CredentialsRejectedError
│   └── AccessTokenRejectedError
├── ZoomUnavailableError
├── DatesRefusedError
│   └── DateTooOldError
├── StorageError                 S3 refuses, or holds what cannot be read
│   ├── AccessDeniedError
│   └── VersionDeletedError
├── StorageUnavailableError
├── NewerCheckpointError
└── LeaseLostError
HandledError                     the collector handles it; it never leaves a run
├── OutOfTimeError
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
    """A run failed; the message is one sentence that says what to change or what was seen."""


class SettingsError(CollectorError):
    """An environment variable or the event is missing or wrong."""


class SecretError(CollectorError):
    """The secret cannot be read, or does not hold the credentials."""


class EmptySecretError(SecretError):
    """The secret exists, but has no value yet."""


class ZoomRefusedError(CollectorError):
    """Zoom refuses for a reason that only its administrator can change."""


class CredentialsRejectedError(ZoomRefusedError):
    """Zoom does not accept the client id and secret."""


class AccessTokenRejectedError(ZoomRefusedError):
    """Zoom does not accept the access token."""


class ZoomUnavailableError(CollectorError):
    """Zoom gave no usable answer after several tries."""


class DatesRefusedError(CollectorError):
    """Zoom refuses the request's dates or page size."""


class DateTooOldError(DatesRefusedError):
    """Zoom keeps six months, and says that the date is older."""


class StorageError(CollectorError):
    """S3 refuses, or holds something that the collector cannot read."""


class AccessDeniedError(StorageError):
    """S3 denied access."""


class VersionDeletedError(StorageError):
    """A version was deleted permanently between listing and reading it."""


class StorageUnavailableError(CollectorError):
    """S3 gave no usable answer after several tries."""


class NewerCheckpointError(CollectorError):
    """A newer version of the collector wrote the checkpoint."""


class LeaseLostError(CollectorError):
    """Another run took the lease over from this one."""


class HandledError(Exception):
    """The collector handles it itself: it never leaves a run."""


class OutOfTimeError(HandledError):
    """The run has no time left for the next step; the next run continues there."""


class RateLimitedError(HandledError):
    """Zoom answered 429.

    `until` is when it may be called again, None if it does not say; `daily` says whether it is the daily limit.
    """

    def __init__(self, until: datetime | None, *, daily: bool) -> None:
        super().__init__(f"rate limited until {until}")
        self.until = until
        self.daily = daily


class PageTokenExpiredError(HandledError):
    """The page token is older than 15 minutes, or Zoom never issued it."""


class SweepBrokenError(HandledError):
    """Zoom's page tokens do not lead to the end of a sweep; the message says why, without a full stop."""


class UnusableAnswerError(HandledError):
    """Zoom's answer is of no use; another try may get a better one."""


class NotFoundError(HandledError):
    """There is no such key."""


class WriteConflictError(HandledError):
    """A conditional write found the key in another state: another writer was first."""


class OutcomeUnknownError(HandledError):
    """S3 may or may not have carried the request out: a timeout, a reset, a 409 or a 5xx."""
