"""Reads the Zoom credentials from Secrets Manager. The collector never writes them anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from botocore.exceptions import ClientError

from .aws_refusals import ORGANISATION, denial
from .bounds import ANSWER_BYTES, parse_json, time_limit
from .certificates import untrusted_certificate
from .errors import EmptySecretError, SecretError, TimeLimitError
from .settings import Credentials

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.parameters import SecretsProvider

    from .errors import CollectorError

CACHE_SECONDS = 900
SECONDS = 20.0  # for Secrets Manager to answer, retries included
FIELDS = ("account_id", "client_id", "client_secret")
PASSING = ("ThrottlingException", "InternalServiceError", "InternalServiceErrorException")
SHAPE = '{"account_id": "...", "client_id": "...", "client_secret": "..."}'
BYTE_ORDER_MARKS = ("\ufeff", "ï»¿")  # the second is that of UTF-8, read as Latin-1


def read_credentials(provider: SecretsProvider, secret_id: str, *, fresh: bool) -> Credentials:
    """Return the credentials in the secret; `fresh` bypasses the cache, which lasts `CACHE_SECONDS`.

    `secret_id` is the secret's name or ARN. Raises `EmptySecretError` if the secret has no value yet, `SecretError` if
    it cannot be read, does not exist, or does not contain the credentials, and `UntrustedCertificateError`.
    """
    try:
        with time_limit(SECONDS):
            value = provider.get(secret_id, max_age=CACHE_SECONDS, force_fetch=fresh)
    except GetParameterError as error:
        raise _unreadable(secret_id, error.__cause__ or error.__context__) from None
    except TimeLimitError as error:
        raise _unreadable(secret_id, error) from None
    try:
        return parse(value if isinstance(value, str | bytes) else "", secret_id)
    except SecretError:
        if fresh:
            raise
        return read_credentials(provider, secret_id, fresh=True)  # it may have been corrected since it was cached


def parse(value: str | bytes, secret_id: str) -> Credentials:
    """Return the credentials in a secret's value, text or binary, which is JSON. Raises `SecretError`, which never
    quotes it."""
    if len(value) > ANSWER_BYTES:
        raise SecretError(f"The secret {secret_id} is larger than 64 KB: store {SHAPE} in it.")
    if isinstance(value, str):
        for mark in BYTE_ORDER_MARKS:
            value = value.removeprefix(mark)
    try:
        secret = parse_json(value)
    except ValueError:
        raise SecretError(f"The secret {secret_id} is not JSON: store {SHAPE} in it.") from None
    if not isinstance(secret, dict):
        raise SecretError(f"The secret {secret_id} is not a JSON object: store {SHAPE} in it.")
    values = [found.strip() if isinstance(found := secret.get(name), str) else "" for name in FIELDS]
    if missing := [name for name, found in zip(FIELDS, values, strict=True) if not found or not found.isprintable()]:
        raise SecretError(f"The secret {secret_id} lacks {' and '.join(missing)}: store {SHAPE} in it.")
    return Credentials(*values)


def _unreadable(secret_id: str, cause: BaseException | None) -> CollectorError:
    if not isinstance(cause, ClientError):
        untrusted = untrusted_certificate(cause, "AWS Secrets Manager") if cause else None
        return untrusted or SecretError(
            f"Secrets Manager gave no usable answer for {secret_id} ({type(cause).__name__}); the next run tries again."
        )
    code = cause.response.get("Error", {}).get("Code", "")
    # For a secret without a value, Secrets Manager's message names the staging label that it cannot find.
    if code == "ResourceNotFoundException" and "staging label" in str(cause):
        return EmptySecretError(f"The secret {secret_id} is still empty: store {SHAPE} in it.")
    if code == "ResourceNotFoundException":
        return SecretError(f"There is no secret {secret_id}: correct ZOOM_SECRET_ID, or create the secret.")
    if code in PASSING:
        return SecretError(f"Secrets Manager gave no usable answer for {secret_id} ({code}); the next run tries again.")
    if code == "InvalidRequestException" and "deletion" in str(cause):
        return SecretError(f"The secret {secret_id} cannot be read: it is scheduled for deletion; restore it.")
    # The role may read the ARN that begins with the name; if there is no such secret, AWS evaluates only the name.
    maybe = "if there is no secret of this name, correct ZOOM_SECRET_ID or create the secret; else "
    return SecretError(
        f"The secret {secret_id} cannot be read ({denial(cause)}):"
        f" {maybe if code == 'AccessDeniedException' and not secret_id.startswith('arn:') else ''}"
        "grant the collector's role secretsmanager:GetSecretValue on it, and kms:Decrypt on its KMS key if it has one,"
        f" or look for a Deny in the secret's policy, {ORGANISATION}."
    )
