"""The clock, and the clients that a Lambda execution environment keeps from run to run."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

import boto3
import requests
from aws_lambda_powertools.utilities.parameters import SecretsProvider
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from .errors import SettingsError
from .zoom import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client


def now() -> datetime:
    """Return the current time, in UTC."""
    return datetime.now(UTC)


@cache
def s3() -> S3Client:
    """Return the S3 client. It does not retry: `Bucket.retry_until_known` does, within the run's time."""
    with _configured():
        return boto3.client("s3", config=Config(connect_timeout=5, read_timeout=15, retries={"total_max_attempts": 1}))


@cache
def secrets() -> SecretsProvider:
    """Return the Secrets Manager client, which caches values."""
    config = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 3})
    with _configured():
        return SecretsProvider(boto_config=config)


@cache
def zoom_session() -> Session:
    """Return the HTTP session with Zoom and its access token."""
    return Session(requests.Session())


@contextmanager
def _configured() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ValueError) as error:
        raise SettingsError(
            f"The AWS SDK refuses its configuration: {error}. Correct the environment variable AWS_… that sets this."
        ) from None
