"""The Lambda handler: builds a run from the environment, executes it, and sends its metrics and its log line."""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from . import clients
from .archive import Archive
from .bounds import time_limit
from .bucket import Bucket
from .certificates import check_ca_bundles
from .checkpoint import Stream
from .checkpoint_store import CheckpointStore
from .credentials import read_credentials
from .deadline import Deadline
from .errors import CollectorError, EmptySecretError, SecretError, TimeLimitError
from .event import PROBE, Request, asks_for_probe
from .legacy import LegacyObjects
from .metrics import RunOutcome, run_fields, run_metrics
from .probe import probe
from .run import Run
from .run_state import Services
from .settings import Credentials, Settings
from .zoom import Zoom

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

SERVICE = "zoom_operationlogs_to_s3"
NAMESPACE = "ZoomOperationLogs"

logger = Logger(service=os.environ.get("POWERTOOLS_SERVICE_NAME") or SERVICE)
metrics = Metrics(
    namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE") or NAMESPACE,
    service=os.environ.get("POWERTOOLS_SERVICE_NAME") or SERVICE,
)

# At DEBUG these log whole requests and answers, with the client secret and the access token.
for library in ("boto3", "botocore", "requests", "urllib3"):
    logging.getLogger(library).setLevel(logging.INFO)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Execute one run, or the probe, and return its result.

    `event` has a form that `Request.from_event` accepts, or asks for the probe; the result is that of `Run.execute` or
    of `probe`. While the secret has no value, the result of a run is `{"ok": false, "written": 0, "date": TODAY,
    "waiting_for": "credentials"}`. Raises `CollectorError` if the run fails, so that the Lambda metric `Errors` counts
    it.
    """
    logger.set_correlation_id(context.aws_request_id)
    return _probe(context) if asks_for_probe(event) else _run(event, context)


def _probe(context: LambdaContext) -> dict[str, Any]:
    """Execute the probe. It reads nothing from Zoom, and sends no metrics: alarms must not take it for a run."""
    started = time.monotonic()
    try:
        check_ca_bundles(os.environ)
        settings = Settings.from_environ(os.environ)
        result = probe(_bucket(settings, _deadline(context)), settings, clients.now().date())
    except CollectorError as error:
        logger.error(str(error))
        raise
    _log_end(result, PROBE, started)
    return result


def _run(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Execute a run, and send CloudWatch how it ended, also if it failed."""
    started = time.monotonic()
    today = clients.now().date()
    result: dict[str, Any] = {"ok": False, "written": 0, "date": today.isoformat()}
    outcome, action, failure = RunOutcome.FAILED, None, None
    made: tuple[Run, Services] | None = None
    try:
        request = Request.from_event(event, today)
        action = request.action
        made = run, services = _build_run(Settings.from_environ(os.environ), context)
        result = run.execute(request)
        outcome = RunOutcome.without_error(run.report)
    except EmptySecretError as error:
        # The first apply creates an empty secret; until an operator fills it, runs do not count as failed.
        outcome = RunOutcome.WAITING
        logger.warning(str(error))
        result["waiting_for"] = "credentials"
    except CollectorError as error:
        failure = str(error)
        logger.error(failure)
        raise
    except Exception as defect:
        failure = f"{type(defect).__name__}: {defect}"
        raise
    finally:
        fields: dict[str, Any] = dict(result)
        if made:
            run, services = made
            _send(run_metrics(outcome, run.report, run.checkpoint))
            fields |= run_fields(run.report, run.checkpoint, services, clients.now())
        _log_end({**fields, "outcome": outcome.value, "failure": failure}, action, started)
    return result


def _log_end(fields: dict[str, Any], action: str | None, started: float) -> None:
    did = {"action": action, "seconds": round(time.monotonic() - started, 3)}
    runtime = {"boto3": boto3.__version__}  # AWS updates it
    logger.info("run ended", extra={**fields, **did, **runtime})  # None is left out


def _deadline(context: LambdaContext) -> Deadline:
    return Deadline.of_run(lambda: context.get_remaining_time_in_millis() / 1000)


def _bucket(settings: Settings, deadline: Deadline) -> Bucket:
    def retention() -> dict[str, Any]:
        return settings.retention(clients.now())

    return Bucket(clients.s3(), settings.bucket, deadline, time.sleep, settings.encryption, retention)


def _build_run(settings: Settings, context: LambdaContext) -> tuple[Run, Services]:
    check_ca_bundles(os.environ)
    deadline = _deadline(context)

    def credentials(fresh: bool) -> Credentials:
        return settings.credentials or _read_secret(settings.secret_id, deadline, fresh=fresh)

    account_id = credentials(False).account_id  # a bad secret ends the run before it reads or writes anything else
    zoom = Zoom(
        clients.zoom_session(),
        settings.report,
        settings.oauth_url,
        settings.api_url,
        credentials,
        settings.http_timeout_seconds,
        clients.now,
        time.sleep,
        deadline,
    )
    bucket = _bucket(settings, deadline)
    legacy = LegacyObjects(bucket, settings.prefix, settings.report, deadline)
    archive = Archive(bucket, settings.prefix, settings.report, legacy)
    stream = Stream.of(account_id, settings.report.name, settings.prefix)
    store = CheckpointStore(bucket, settings.state_key, stream, clients.now)
    services = Services(settings, zoom, archive, store, clients.now, deadline, logger)  # type: ignore[arg-type]
    return Run(services, owner=context.aws_request_id), services


def _read_secret(secret_id: str, deadline: Deadline, *, fresh: bool) -> Credentials:
    """Read the credentials within the deadline, however slowly Secrets Manager answers."""
    try:
        with time_limit(deadline.call_seconds()):
            return read_credentials(clients.secrets(), secret_id, fresh=fresh)
    except TimeLimitError:
        raise SecretError(
            f"Secrets Manager gave no usable answer for {secret_id} in time; the next run tries again."
        ) from None


def _send(values: Mapping[str, int]) -> None:
    for name, value in values.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
    if values:
        metrics.flush_metrics()
