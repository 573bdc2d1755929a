"""The facts that the checks judge: the collector, its runs, Zoom's answer, SecOps, and those of `aws_facts`.

Only `probed` and `set_alarm` change anything; only checks behind an option use them.
"""

from __future__ import annotations

import json
import os
import time
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import zoom_operationlogs
from botocore.exceptions import ClientError
from zoom_operationlogs.credentials import parse
from zoom_operationlogs.errors import CollectorError, OutOfTimeError, RateLimitedError, SecretError, SettingsError
from zoom_operationlogs.settings import Settings

from ..access_keys import Store, reader_of
from ..aws import BRIEF, is_denied, secret_is_empty, session_with_key
from ..errors import CommandError
from ..invocation import invoke, patient_client
from ..runs import is_run, last_runs
from ..secops.tenant import ENDPOINT_VARIABLE, SERVICE_ACCOUNT_VARIABLE, endpoint, tenant_of
from ..zoom import client, ends_in
from .aws_facts import AwsFacts
from .collector_rules import ZoomAnswer
from .findings import NotCheckedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    import boto3
    import requests

    from ..deployment import Deployment
    from ..feed.body import Body
    from ..invocation import Answer
    from ..runs import Run

ZOOM_SECONDS = 30.0
LAST_RUNS = 5
LOOK_EVERY_SECONDS = 0.2
NAMESPACE = "ZoomOperationLogs"


class Facts(AwsFacts):
    """The deployment as AWS and Zoom report it now. Facts raise boto3's failures, or `NotCheckedError`."""

    def __init__(
        self, deployment: Deployment, session: boto3.Session, say: Callable[[str], None] = lambda _sentence: None
    ) -> None:
        """Take the deployment, a session, and a function that shows what a check waits for."""
        super().__init__(deployment, session)
        self.say = say
        self._zoom_dates: list[float] = []  # seconds that this clock was ahead of each answer

    def as_reader(self, service: str) -> Any:
        """Return a client that uses the feed's access key."""
        return cast("Any", self._reader).client(service, config=BRIEF)

    @property
    def reader_key_id(self) -> str:
        """The ID of the access key in the reader's secret. Raises `NotCheckedError` if there is none."""
        credentials = self._reader.get_credentials()
        return str(credentials.access_key) if credentials else ""

    @cached_property
    def _reader(self) -> boto3.Session:
        """A session with the access key in the reader's secret. Raises `NotCheckedError` if there is none."""
        try:
            key = Store(self._session, reader_of(self.deployment)).read()
        except CommandError as error:
            raise NotCheckedError(f"the reader's key cannot be read: {str(error).rstrip('.')}") from None
        if key is None:
            raise NotCheckedError(
                "the reader's secret has no access key yet: create one with `zoomlogs reader-key create`"
            )
        return session_with_key(key.access_key_id, key.secret_access_key, self.deployment.region)

    # SecOps

    def feeds(self, instance: str | None) -> list[Body]:
        """Return all feeds of the tenant `instance`, or of the tenant in the environment."""
        try:
            tenant = tenant_of(os.environ, instance)
            address = endpoint(tenant.region, os.environ.get(ENDPOINT_VARIABLE))
            from ..feed.client import Feeds  # here, because Google's library is slow to import and optional

            return Feeds(tenant, address, os.environ.get(SERVICE_ACCOUNT_VARIABLE)).list()
        except CommandError as error:
            raise NotCheckedError(f"SecOps could not be queried: {str(error).rstrip('.')}") from error

    # Zoom

    @cached_property
    def secret_text(self) -> str | bytes | None:
        """The secret's value, text or binary; None if it has none yet."""
        try:
            found = self.client("secretsmanager").get_secret_value(SecretId=self.deployment.secret_id)
        except ClientError as error:
            if secret_is_empty(error):
                return None
            raise
        return cast("str | bytes", found.get("SecretString") or found.get("SecretBinary", ""))

    @cached_property
    def zoom(self) -> ZoomAnswer:
        """Zoom's answer to a request for one row of today's report, with the collector's credentials."""
        try:
            text = self.secret_text
            credentials = parse(text or "", self.deployment.secret_id)
        except (ClientError, SecretError) as failed:
            if is_denied(failed):
                raise
            raise NotCheckedError("the secret has no valid credentials (see the check secret)") from None
        try:
            settings = Settings.from_environ(self.deployment.environment)
        except SettingsError as wrong:
            raise NotCheckedError(f"the function's environment is wrong: {str(wrong).rstrip('.')}") from None
        asked, session = client(
            settings, credentials, ends_in(ZOOM_SECONDS), clock=self.now, on_response=self._note_date
        )
        error: Exception | None = None
        try:
            asked.page(self.now().date(), self.now().date(), 1)
        except (CollectorError, RateLimitedError, OutOfTimeError) as raised:
            error = raised
        return ZoomAnswer(bool(session.access_token), error, asked.quota)

    def _note_date(self, response: requests.Response, *_: object, **__: object) -> None:
        if (ahead := seconds_ahead(response.headers.get("Date"), self.now())) is not None:
            self._zoom_dates.append(ahead)

    # clocks

    @property
    def ahead_of_aws(self) -> float | None:
        """The seconds that this clock is ahead of AWS's, None without an answer."""
        try:
            answer = self.client("sts").get_caller_identity()
        except ClientError as error:  # a request signed at a wrong time is refused, with the right time
            answer = error.response
        headers = answer["ResponseMetadata"].get("HTTPHeaders", {})
        return seconds_ahead(headers.get("date"), self.now())

    @property
    def ahead_of_zoom(self) -> float | None:
        """The seconds that this clock is ahead of Zoom's, None without an answer."""
        try:
            _ = self.zoom
        except (NotCheckedError, ClientError):
            return None
        return self._zoom_dates[-1] if self._zoom_dates else None

    # function, schedule, runs

    @cached_property
    def function(self) -> Mapping[str, Any]:
        """The function's configuration."""
        name = self.deployment.function_name
        return cast("dict[str, Any]", self.client("lambda").get_function_configuration(FunctionName=name))

    @property
    def committed_package(self) -> str | None:
        """The SHA-256 of the package beside the collector's sources, hexadecimal; None without one."""
        record = Path(zoom_operationlogs.__file__).parents[1] / "dist" / "collector.json"
        try:
            return str(json.loads(record.read_text("utf-8"))["zip_sha256"])
        except (OSError, ValueError, KeyError):
            return None

    def schedule(self) -> Mapping[str, Any]:
        """Return the schedule."""
        name = self.output("schedule")["name"]
        return cast("dict[str, Any]", self.client("scheduler").get_schedule(Name=name, GroupName="default"))

    @cached_property
    def last_runs(self) -> Sequence[Run]:
        """The last runs, oldest first, without probes."""
        return self._last_runs(LAST_RUNS, is_run)

    @cached_property
    def last_scheduled_runs(self) -> Sequence[Run]:
        """The last run that the schedule started, if there is one."""
        return self._last_runs(1, lambda run: run.is_scheduled)

    def _last_runs(self, count: int, wanted: Callable[[Run], bool]) -> Sequence[Run]:
        return last_runs(self.client("logs"), self.output("log_group")["name"], self.now(), count, wanted)

    def collector_metric(self, name: str) -> tuple[str, str, Mapping[str, str]]:
        """Return the namespace, the name and the dimensions of one of the collector's own metrics."""
        environment = self.deployment.environment
        service = environment.get("POWERTOOLS_SERVICE_NAME") or self.deployment.function_name
        return environment.get("POWERTOOLS_METRICS_NAMESPACE") or NAMESPACE, name, {"service": service}

    @cached_property
    def probed(self) -> Answer:
        """The collector's answer to a probe. Raises `NotCheckedError` if it could not be invoked."""
        try:
            client, name = patient_client(self._session), self.deployment.function_name
            return invoke(client, name, {"action": "probe"}, lambda: time.sleep(LOOK_EVERY_SECONDS))
        except CommandError as error:
            raise NotCheckedError(f"the collector could not be invoked: {str(error).rstrip('.')}") from error

    def dead_letters(self) -> int:
        """Return the number of messages in the dead-letter queue, those in flight included."""
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        found = self.client("sqs").get_queue_attributes(
            QueueUrl=self.output("dead_letter_queue")["url"], AttributeNames=names
        )
        return sum(int(found["Attributes"][name]) for name in names)


def seconds_ahead(date: str | None, now: datetime) -> float | None:
    """Return the seconds that `now` is ahead of an HTTP date; None if there is no valid one."""
    try:
        return (now - parsedate_to_datetime(date or "")).total_seconds()
    except (ValueError, TypeError):
        return None
