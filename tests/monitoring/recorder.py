"""Runs the collector's handler as Lambda does, in a world in memory, and records its metrics.

Its own metrics come from the lines that it prints (EMF). Lambda's are those of AWS's page "Types of metrics for Lambda
functions": for each invocation Errors is 0 or 1 and Duration in ms, for each throttled one Throttles is 1.
"""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from botocore.exceptions import ClientError
from standins.clock import Clock
from standins.s3_memory import MemoryS3
from standins.zoom import Zoom, ZoomAdapter
from zoom_operationlogs import clients, handler
from zoom_operationlogs.certificates import CA_BUNDLES
from zoom_operationlogs.checkpoint import Lease
from zoom_operationlogs.checkpoint_format import decode, encode
from zoom_operationlogs.zoom import Session

from .cloudwatch import MetricName, Recording

START = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
POLL = timedelta(minutes=15)
FUNCTION = "zoom_operationlogs_to_s3"
QUEUE = "zoom-operationlogs-dead-letters"
TIMEOUT_SECONDS = 300
STATE_KEY = "zoom/operationlogs-state/state.json"
SECRET = "zoom-operationlogs-credentials"


class Secrets:
    """Secrets Manager for the collector; `text` is None while the secret has no value."""

    text: str | None = None

    def get(self, arn: str, **_: Any) -> str:
        if self.text is None:
            sentence = "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"
            error = {"Error": {"Code": "ResourceNotFoundException", "Message": sentence}}
            raise GetParameterError(sentence) from ClientError(error, "GetSecretValue")  # type: ignore[arg-type]
        return self.text


@dataclass
class Collected:
    """A deployment in memory; every run adds to the `recording`."""

    patch: pytest.MonkeyPatch
    recording: Recording = field(default_factory=Recording)
    clock: Clock = field(default_factory=lambda: Clock(START))
    last_run: datetime | None = None

    def __post_init__(self) -> None:
        self.zoom = Zoom(clock=self.clock)
        self.network = ZoomAdapter(self.zoom, latency=0.3)
        self.s3 = MemoryS3(clock=self.clock.now)
        self.secrets = Secrets()
        http = requests.Session()
        http.trust_env = (
            False  # this machine's proxy and netrc do not apply to a Zoom in memory; reading them takes time
        )
        http.mount("https://", self.network)
        session = Session(http)
        for name, value in {
            "s3": lambda: self.s3,
            "secrets": lambda: self.secrets,
            "zoom_session": lambda: session,
            "now": self.clock.now,
        }.items():
            self.patch.setattr(clients, name, value)
        self._log = io.StringIO()
        self.patch.setattr(handler.logger.registered_handler, "stream", self._log)
        self.patch.setattr(handler, "time", SimpleNamespace(sleep=self.clock.sleep, monotonic=self.clock.time))
        for name in CA_BUNDLES:  # reading this machine's hundreds of certificates takes most of a run's time
            self.patch.delenv(name, raising=False)
        self.setenv(S3_BUCKET=self.s3.bucket, ZOOM_SECRET_ID=SECRET)

    def setenv(self, **variables: str) -> None:
        """Set the function's environment."""
        for name, value in variables.items():
            self.patch.setenv(name, value)

    def store_credentials(self, **changes: str) -> None:
        account = self.zoom.account
        known = {"account_id": account.id, "client_id": account.client_id, "client_secret": account.client_secret}
        self.secrets.text = json.dumps(known | changes)

    # Events

    def run(self, event: dict[str, Any] | None = None) -> dict[str, Any] | None:
        """Do one run now; return its result, or None if it failed."""
        began = self.clock.now()
        ends = began + timedelta(seconds=TIMEOUT_SECONDS)
        context = SimpleNamespace(
            aws_request_id=str(uuid.uuid4()),
            function_name=FUNCTION,
            get_remaining_time_in_millis=lambda: int(1000 * (ends - self.clock.now()).total_seconds()),
        )
        printed = io.StringIO()
        self._log.seek(0)
        self._log.truncate()
        result: dict[str, Any] | None = None
        try:
            with redirect_stdout(printed):
                result = handler.lambda_handler(event or {}, context)  # type: ignore[arg-type]
        except Exception as error:
            self.failure = error
        self._of_lambda(began, self.clock.now() - began, failed=result is None)
        self.sent = [one for line in printed.getvalue().splitlines() for one in emf_metrics(json.loads(line))]
        for metric, value in self.sent:
            self.recording.add(metric, self.clock.now(), value)
        self.recording.ended += [line for line in self.logged if "outcome" in line]
        self.recording.incidents += self.incidents
        return result

    @property
    def logged(self) -> list[dict[str, Any]]:
        """The log lines of the newest run."""
        return [json.loads(line) for line in self._log.getvalue().splitlines()]

    @property
    def ended(self) -> dict[str, Any]:
        """The last line of the newest run."""
        [line] = [line for line in self.logged if line["message"] == "run ended"]
        return line

    @property
    def incidents(self) -> dict[str, str]:
        """The sentences of the newest run's incidents, by their kinds."""
        return {line["incident"]: line["message"] for line in self.logged if "incident" in line}

    def timeout(self) -> None:
        """Make a run time out: Lambda ends it, and it prints nothing more."""
        began = self.clock.now()
        self.clock.advance(TIMEOUT_SECONDS)
        self._of_lambda(began, timedelta(seconds=TIMEOUT_SECONDS), failed=True)

    def throttle(self) -> None:
        """Make Lambda throttle the run, which it retries for 15 minutes with growing intervals."""
        for minutes in (0, 1, 3, 7, 12):
            self._lambda_metric("Throttles", self.clock.now() + timedelta(minutes=minutes), 1)

    def nothing(self) -> None:
        """Let the time of a run pass without a run."""

    def undelivered(self) -> None:
        """Send the schedule's invocation to the dead-letter queue, which is counted every minute from then on."""
        for minutes in range(1, 16):
            name = MetricName.of("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": QUEUE})
            self.recording.add(name, self.clock.now() + timedelta(minutes=minutes), 1)

    def every(self, period: timedelta, until: timedelta, tick: Callable[[], object] | None = None) -> None:
        """Run the schedule for this long; `tick` replaces a run."""
        first = self.last_run + period if self.last_run else self.clock.now()
        last = max(first, self.clock.now()) + until
        while first < last:
            self.clock.set(max(first, self.clock.now()))
            self.last_run = first
            (tick or self.run)()
            first += period

    def _of_lambda(self, began: datetime, took: timedelta, *, failed: bool) -> None:
        # Lambda stamps its metrics with the time of the invocation.
        self._lambda_metric("Invocations", began, 1)
        self._lambda_metric("Errors", began, int(failed))
        self._lambda_metric("Throttles", began, 0)
        self._lambda_metric("Duration", began, 1000 * took.total_seconds())

    def _lambda_metric(self, name: str, moment: datetime, value: float) -> None:
        self.recording.add(MetricName.of("AWS/Lambda", name, {"FunctionName": FUNCTION}), moment, value)


def emf_metrics(emf: dict[str, Any]) -> Iterator[tuple[MetricName, float]]:
    """Read the metrics of a line in CloudWatch's embedded metric format."""
    for directive in emf.get("_aws", {}).get("CloudWatchMetrics", []):
        for names in directive["Dimensions"]:
            for metric in directive["Metrics"]:
                values = emf[metric["Name"]]
                name = MetricName.of(directive["Namespace"], metric["Name"], {one: emf[one] for one in names})
                for value in values if isinstance(values, list) else [values]:
                    yield name, value


def take_lease_elsewhere(world: Collected) -> None:
    """Give the lease to an unrecorded run for five minutes."""
    known = decode(world.s3.body(STATE_KEY))
    known.lease = Lease("another run", world.clock.now() + timedelta(minutes=5))
    world.s3.put(STATE_KEY, encode(known))


@contextmanager
def collected() -> Iterator[Collected]:
    """Return a deployment in memory with credentials."""
    with pytest.MonkeyPatch.context() as patch:
        world = Collected(patch)
        world.store_credentials()
        yield world
