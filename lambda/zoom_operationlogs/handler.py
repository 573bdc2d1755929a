"""The Lambda's entry: reads the settings, makes the clients, runs the collector, reports."""

from __future__ import annotations

import logging
import os
import time
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import requests
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.parameters import SecretsProvider
from botocore.config import Config

from . import measures
from .archive import Archive
from .checkpoint import CheckpointStore
from .collect import Collector
from .credentials import SecretEmpty, read_credentials
from .deadline import Deadline
from .errors import CollectorError
from .event import Request
from .guide import GuideObjects
from .measures import Ended
from .settings import Credentials, Settings
from .zoom import Session, Zoom

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_s3 import S3Client

SERVICE = "zoom_operationlogs_to_s3"
NAMESPACE = "ZoomOperationLogs"

logger = Logger(service=os.environ.get("POWERTOOLS_SERVICE_NAME") or SERVICE)
metrics = Metrics(
    namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE") or NAMESPACE,
    service=os.environ.get("POWERTOOLS_SERVICE_NAME") or SERVICE,
)

# At DEBUG these write whole requests and answers, the secret and the access token among them.
for library in ("boto3", "botocore", "requests", "urllib3"):
    logging.getLogger(library).setLevel(logging.INFO)


@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Do one run; return its result, or raise `CollectorError`, so that Lambda's `Errors` metric counts the failure."""
    logger.set_correlation_id(context.aws_request_id)
    started = time.monotonic()
    parts: tuple[Collector, Zoom, Archive] | None = None
    ended = Ended.FAILED
    try:
        request = Request.from_event(event, _now().date())
        parts = collector, zoom, _ = _collector(Settings.from_environ(os.environ), context)
        result = collector.run(request)
        ended = Ended.without_error(collector.tally)
    except SecretEmpty as error:
        # The first apply comes before somebody stores the credentials: nothing is wrong yet.
        ended = Ended.WAITING
        logger.warning(str(error))
        return {"ok": False, "written": 0, "date": _now().date().isoformat(), "waiting_for": "credentials"}
    except CollectorError as error:
        logger.error(str(error))
        raise
    finally:
        _measure({**ended.measures(), **(measures.of_work(*parts, _now()) if parts else {})})
    seconds = round(time.monotonic() - started, 3)
    did = {"action": request.action, "zoom_calls": zoom.calls, "seconds": seconds}
    left = zoom.quota.remaining if zoom.quota else None
    logger.info("run ended", extra={**result, **did, "zoom_calls_left": left})  # Powertools leaves out what is None
    return result


def _collector(settings: Settings, context: LambdaContext) -> tuple[Collector, Zoom, Archive]:
    deadline = Deadline.of_run(lambda: context.get_remaining_time_in_millis() / 1000)
    s3 = _s3()
    guide = GuideObjects(s3, settings.bucket, settings.prefix, deadline, time.sleep)
    archive = Archive(s3, settings.bucket, settings.prefix, deadline, time.sleep, guide)
    checkpoints = CheckpointStore(s3, settings.bucket, settings.state_key, deadline, time.sleep)

    def credentials(fresh: bool) -> Credentials:
        return settings.credentials or read_credentials(_secrets(), settings.secret_arn, fresh=fresh)

    credentials(False)  # a missing or malformed secret ends the run before anything is read or written
    zoom = Zoom(
        _session(),
        settings.oauth_url,
        settings.api_url,
        credentials,
        settings.http_timeout_seconds,
        _now,
        time.sleep,
        deadline,
    )
    owner = context.aws_request_id
    return Collector(settings, zoom, archive, guide, checkpoints, _now, deadline, owner, logger), zoom, archive  # type: ignore[arg-type]


def _measure(values: dict[str, float]) -> None:
    for name, value in values.items():
        metrics.add_metric(name=name, unit=measures.UNITS[name], value=value)


def _now() -> datetime:
    return datetime.now(UTC)


# Kept while the Lambda is warm: connections, the access token, the secret's cached value.


@cache
def _s3() -> S3Client:
    # No retries beneath the commit: whether a write was done is found out by reading, not by writing again.
    return boto3.client("s3", config=Config(connect_timeout=5, read_timeout=15, retries={"total_max_attempts": 1}))


@cache
def _secrets() -> SecretsProvider:
    return SecretsProvider(boto_config=Config(connect_timeout=5, read_timeout=10))


@cache
def _session() -> Session:
    return Session(requests.Session())
