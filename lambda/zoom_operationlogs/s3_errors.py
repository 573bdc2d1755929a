"""Translates S3's errors."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError, ParamValidationError

from .aws_refusals import ORGANISATION, denial
from .certificates import untrusted_certificate
from .errors import (
    AccessDeniedError,
    CollectorError,
    HandledError,
    NotFoundError,
    OutcomeUnknownError,
    StorageError,
    WriteConflictError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

GRANT = (
    "grant the collector's role that permission, and the permissions on the bucket's KMS key if it has one, or look for"
    f" a Deny in the bucket policy, {ORGANISATION}"
)
GRANT_PUT = f"{GRANT}, such as one that requires another encryption header (S3_SSE)"
NO_LOCK = "turn on Object Lock for the bucket, or remove bucket.lock (S3_LOCK_MODE and S3_LOCK_DAYS)"
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


@contextmanager
def translate_errors(action: str, bucket: str, key: str) -> Iterator[None]:
    """Translate the error of one S3 call; `action` is the IAM action that the call needs."""
    where = f"s3://{bucket}/{key}"
    try:
        yield
    except (CollectorError, HandledError, AssertionError):  # ours
        raise
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
        raise refusal(
            f"S3 refuses {action} on {where} ({denial(error)}): {_advice(action, code, str(error))}."
        ) from None
    except ParamValidationError:
        raise StorageError(
            f"boto3 {boto3.__version__} does not know a parameter of {action} on {where}: update the function's"
            " runtime, whose boto3 must be 1.35.69 or newer."
        ) from None
    except Exception as error:  # the SDK's parsers raise anything; a KeyError is a missing field of the answer
        if untrusted := untrusted_certificate(error, "Amazon S3"):
            raise untrusted from None
        raise OutcomeUnknownError(f"{type(error).__name__} at {where}") from None


def _advice(action: str, code: str, message: str) -> str:
    if "ObjectLockConfiguration" in message.replace(" ", ""):  # only the message of an InvalidRequest says so
        return NO_LOCK
    return ADVICE.get(code) or (KEY if code.startswith("KMS.") else GRANT_PUT if "Put" in action else GRANT)
