"""The clock, and the clients, which a Lambda execution environment keeps from run to run."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

import boto3
import requests
from aws_lambda_powertools.utilities.parameters import SecretsProvider
from botocore.config import Config

from .zoom import Session

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def now() -> datetime:
    """Return the current time, in UTC."""
    return datetime.now(UTC)


@cache
def s3() -> S3Client:
    """Return the S3 client. It does not retry: `Bucket.retry_until_known` does, within the run's time."""
    return boto3.client("s3", config=Config(connect_timeout=5, read_timeout=15, retries={"total_max_attempts": 1}))


@cache
def secrets() -> SecretsProvider:
    """Return the Secrets Manager client, which caches values."""
    return SecretsProvider(boto_config=Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 3}))


@cache
def zoom_session() -> Session:
    """Return the HTTP session with Zoom and its access token."""
    return Session(requests.Session())
