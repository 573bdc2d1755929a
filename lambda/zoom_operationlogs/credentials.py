"""Reads the Zoom credentials from Secrets Manager. They are never written anywhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from botocore.exceptions import ClientError

from .errors import EmptySecretError, SecretError
from .settings import Credentials

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.parameters import SecretsProvider

CACHE_SECONDS = 900
FIELDS = ("account_id", "client_id", "client_secret")
SHAPE = '{"account_id": "...", "client_id": "...", "client_secret": "..."}'


def read_credentials(provider: SecretsProvider, arn: str, *, fresh: bool) -> Credentials:
    """Return the credentials that the secret holds; `fresh` bypasses the cache, which lasts `CACHE_SECONDS`.

    Raises `EmptySecretError` if the secret has no value yet, and `SecretError` if it cannot be read, does not exist, or
    does not hold the credentials.
    """
    try:
        text = str(provider.get(arn, max_age=CACHE_SECONDS, force_fetch=fresh) or "")
    except GetParameterError as error:
        raise _unreadable(arn, error) from None
    return parse(text, arn)


def parse(text: str, arn: str) -> Credentials:
    """Return the credentials in a secret's text, which is JSON. Raises `SecretError`, which never quotes it."""
    try:
        secret = json.loads(text)
    except ValueError:
        raise SecretError(f"The secret {arn} is not JSON: store {SHAPE} in it.") from None
    if not isinstance(secret, dict):
        raise SecretError(f"The secret {arn} is not a JSON object: store {SHAPE} in it.")
    values = [value.strip() if isinstance(value := secret.get(name), str) else "" for name in FIELDS]
    if missing := [name for name, value in zip(FIELDS, values, strict=True) if not value]:
        raise SecretError(f"The secret {arn} holds no {' and no '.join(missing)}: store {SHAPE} in it.")
    return Credentials(*values)


def _unreadable(arn: str, error: GetParameterError) -> SecretError:
    cause = error.__cause__ or error.__context__
    code = cause.response.get("Error", {}).get("Code", "") if isinstance(cause, ClientError) else type(error).__name__
    # For a secret without a value, Secrets Manager's message names the staging label that it cannot find.
    if code == "ResourceNotFoundException" and "staging label" in str(cause):
        return EmptySecretError(f"The secret {arn} is still empty: store {SHAPE} in it.")
    if code == "ResourceNotFoundException":
        return SecretError(f"There is no secret {arn}: correct ZOOM_SECRET_ARN, or create the secret.")
    return SecretError(
        f"The secret {arn} cannot be read ({code}): grant the collector's role secretsmanager:GetSecretValue on it,"
        " and kms:Decrypt on its KMS key if it has one."
    )
