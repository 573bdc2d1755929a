"""Reads the Zoom credentials from Secrets Manager. They are never written anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from botocore.exceptions import ClientError

from .bounds import ANSWER_BYTES, parse_json, time_limit
from .errors import EmptySecretError, SecretError, TimeLimitError
from .settings import Credentials

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.parameters import SecretsProvider

CACHE_SECONDS = 900
SECONDS = 20.0  # for Secrets Manager to answer, retries included
FIELDS = ("account_id", "client_id", "client_secret")
PASSING = ("ThrottlingException", "InternalServiceError", "InternalServiceErrorException")
SHAPE = '{"account_id": "...", "client_id": "...", "client_secret": "..."}'
BYTE_ORDER_MARKS = ("\ufeff", "ï»¿")  # the second is that of UTF-8, read as Latin-1


def read_credentials(provider: SecretsProvider, arn: str, *, fresh: bool) -> Credentials:
    """Return the credentials that the secret holds; `fresh` bypasses the cache, which lasts `CACHE_SECONDS`.

    Raises `EmptySecretError` if the secret has no value yet, and `SecretError` if it cannot be read, does not exist, or
    does not hold the credentials.
    """
    try:
        with time_limit(SECONDS):
            value = provider.get(arn, max_age=CACHE_SECONDS, force_fetch=fresh)
    except GetParameterError as error:
        raise _unreadable(arn, error.__cause__ or error.__context__) from None
    except TimeLimitError as error:
        raise _unreadable(arn, error) from None
    try:
        return parse(value if isinstance(value, str | bytes) else "", arn)
    except SecretError:
        if fresh:
            raise
        return read_credentials(provider, arn, fresh=True)  # it may have been corrected since it was cached


def parse(value: str | bytes, arn: str) -> Credentials:
    """Return the credentials in a secret's value, text or binary, which is JSON. Raises `SecretError`, which never
    quotes it."""
    if len(value) > ANSWER_BYTES:
        raise SecretError(f"The secret {arn} is larger than 64 KB: store {SHAPE} in it.")
    if isinstance(value, str):
        for mark in BYTE_ORDER_MARKS:
            value = value.removeprefix(mark)
    try:
        secret = parse_json(value)
    except ValueError:
        raise SecretError(f"The secret {arn} is not JSON: store {SHAPE} in it.") from None
    if not isinstance(secret, dict):
        raise SecretError(f"The secret {arn} is not a JSON object: store {SHAPE} in it.")
    values = [found.strip() if isinstance(found := secret.get(name), str) else "" for name in FIELDS]
    if missing := [name for name, found in zip(FIELDS, values, strict=True) if not found or not found.isprintable()]:
        raise SecretError(f"The secret {arn} lacks {' and '.join(missing)}: store {SHAPE} in it.")
    return Credentials(*values)


def _unreadable(arn: str, cause: BaseException | None) -> SecretError:
    if not isinstance(cause, ClientError):
        return SecretError(
            f"Secrets Manager gave no usable answer for {arn} ({type(cause).__name__}); the next run tries again."
        )
    code = cause.response.get("Error", {}).get("Code", "")
    # For a secret without a value, Secrets Manager's message names the staging label that it cannot find.
    if code == "ResourceNotFoundException" and "staging label" in str(cause):
        return EmptySecretError(f"The secret {arn} is still empty: store {SHAPE} in it.")
    if code == "ResourceNotFoundException":
        return SecretError(f"There is no secret {arn}: correct ZOOM_SECRET_ARN, or create the secret.")
    if code in PASSING:
        return SecretError(f"Secrets Manager gave no usable answer for {arn} ({code}); the next run tries again.")
    if code == "InvalidRequestException" and "deletion" in str(cause):
        return SecretError(f"The secret {arn} cannot be read: it is scheduled for deletion; restore it.")
    return SecretError(
        f"The secret {arn} cannot be read ({code}): grant the collector's role secretsmanager:GetSecretValue on it,"
        " and kms:Decrypt on its KMS key if it has one."
    )
