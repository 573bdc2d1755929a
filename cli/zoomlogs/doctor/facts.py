"""Fetches what the checks judge, each fact once: thin edges to AWS and Zoom.

Nothing is written, but by `set_alarm` and `probed`, which only checks behind an option use.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import requests
import zoom_operationlogs
from botocore.config import Config
from botocore.exceptions import ClientError
from zoom_operationlogs.credentials import parse
from zoom_operationlogs.deadline import Deadline
from zoom_operationlogs.errors import CollectorError, OutOfTimeError, RateLimitedError, SecretError, SettingsError
from zoom_operationlogs.settings import Settings
from zoom_operationlogs.zoom import Session, Zoom

from ..aws import error_code, secret_is_empty
from ..errors import CommandError
from ..feed.tenant import ENDPOINT_VARIABLE, SERVICE_ACCOUNT_VARIABLE, endpoint, tenant_of
from ..invoke.invocation import invoke, patient_client
from ..logs.group import last_runs
from ..reader_key.keys import reader_of
from ..reader_key.store import Store
from ..status.stored import fetch
from .denials import REMAINING_DAYS
from .findings import NotCheckedError
from .rules import ZoomAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..deployment import Deployment
    from ..feed.body import Body
    from ..invoke.invocation import Answer
    from ..logs.runs import Run

ZOOM_SECONDS = 30.0
LAST_RUNS = 5
LOOK_EVERY_SECONDS = 0.2
NAMESPACE = "ZoomOperationLogs"
HASTE = Config(connect_timeout=10, read_timeout=20, retries={"total_max_attempts": 3})


@dataclass(frozen=True)
class Simulated:
    """Actions on one resource, with the condition keys of the request, whose rights are to be simulated."""

    actions: tuple[str, ...]
    resource: str
    context: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Entry:
    """An entry of an alarm's history: when, of which kind, and CloudWatch's words for what happened."""

    at: datetime
    kind: str
    summary: str

    @property
    def is_alarm(self) -> bool:
        """Tell whether it says that the state became ALARM ("Alarm updated from OK to ALARM")."""
        return self.kind == "StateUpdate" and self.summary.endswith("to ALARM")


class Facts:
    """The deployment as AWS and Zoom have it now. Facts raise boto3's failures, or `NotCheckedError`."""

    def __init__(
        self, deployment: Deployment, session: boto3.Session, say: Callable[[str], None] = lambda _sentence: None
    ) -> None:
        """Take the deployment, a session, and how to say what is waited for."""
        self.deployment = deployment
        self.say = say
        self._session = session
        self._zoom_dates: list[float] = []  # by how many seconds this clock was ahead of each answer of Zoom's

    def client(self, service: str) -> Any:
        """Return a client of whoever asks."""
        make: Any = self._session.client
        return make(service, config=HASTE)

    def as_reader(self, service: str) -> Any:
        """Return a client that has the access key of the feed."""
        make: Any = self._reader.client
        return make(service, config=HASTE)

    @property
    def reader_key_id(self) -> str:
        """The ID of the access key in the reader's secret. Raises `NotCheckedError` where there is none."""
        credentials = self._reader.get_credentials()
        return str(credentials.access_key) if credentials else ""

    @cached_property
    def _reader(self) -> boto3.Session:
        """A session with the access key in the reader's secret. Raises `NotCheckedError` where there is none."""
        try:
            key = Store(self._session, reader_of(self.deployment)).read()
        except CommandError as error:
            raise NotCheckedError(f"the reader's key is not known: {str(error).rstrip('.')}") from None
        if key is None:
            raise NotCheckedError(
                "the reader has no access key in its secret yet: make one with `zoomlogs reader-key create`"
            )
        return boto3.Session(key.access_key_id, key.secret_access_key, region_name=self.deployment.region)

    def output(self, name: str) -> Mapping[str, Any]:
        """Return one of the module's outputs."""
        value = self.deployment.outputs.get(name)
        if not isinstance(value, dict):
            raise NotCheckedError(f"the outputs hold no {name}, as this version of the module has it: apply it again")
        return value

    def now(self) -> datetime:
        """Return this computer's time."""
        return datetime.now(UTC)

    # SecOps

    def feeds(self, instance: str | None) -> list[Body]:
        """Return all feeds of the tenant `instance`, or of the one that the environment names."""
        try:
            tenant = tenant_of(os.environ, instance)
            address = endpoint(tenant.region, os.environ.get(ENDPOINT_VARIABLE))
            from ..feed.client import Feeds  # here, because Google's library takes a second, and may not be there

            return Feeds(tenant, address, os.environ.get(SERVICE_ACCOUNT_VARIABLE)).list()
        except CommandError as error:
            raise NotCheckedError(f"SecOps could not be asked: {str(error).rstrip('.')}") from error

    # Zoom

    @cached_property
    def secret_text(self) -> str | bytes | None:
        """The secret's value, text or binary; None while it has none."""
        try:
            found = self.client("secretsmanager").get_secret_value(SecretId=self.deployment.secret_id)
        except ClientError as error:
            if secret_is_empty(error):
                return None
            raise
        value: str | bytes = found.get("SecretString") or found.get("SecretBinary", "")
        return value

    @cached_property
    def zoom(self) -> ZoomAnswer:
        """What Zoom answers to the collector's credentials, asked for one row of today's report."""
        try:
            text = self.secret_text
            credentials = parse(text or "", self.deployment.secret_id)
        except (ClientError, SecretError):
            raise NotCheckedError("the secret gives no credentials, as is said of it here") from None
        try:
            settings = Settings.from_environ(self.deployment.environment)
        except SettingsError as wrong:
            raise NotCheckedError(f"of the function's environment: {str(wrong).rstrip('.')}") from None
        end = time.monotonic() + ZOOM_SECONDS
        session = Session(requests.Session())
        session.http.hooks["response"].append(self._note_date)
        asked = Zoom(
            session,
            settings.report,
            settings.oauth_url,
            settings.api_url,
            lambda _fresh: credentials,
            settings.http_timeout_seconds,
            self.now,
            time.sleep,
            Deadline(lambda: end - time.monotonic(), 0),
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
        """By how many seconds this clock is ahead of AWS's, None without an answer."""
        try:
            answer = self.client("sts").get_caller_identity()
        except ClientError as error:  # of a request signed at a wrong time: its answer has the right one
            answer = error.response
        headers = answer["ResponseMetadata"].get("HTTPHeaders", {})
        return seconds_ahead(headers.get("date"), self.now())

    @property
    def ahead_of_zoom(self) -> float | None:
        """By how many seconds this clock is ahead of Zoom's, None without an answer."""
        try:
            _ = self.zoom
        except NotCheckedError:
            return None
        return self._zoom_dates[-1] if self._zoom_dates else None

    # function, schedule, runs

    @cached_property
    def function(self) -> Mapping[str, Any]:
        """The function's configuration."""
        found: Mapping[str, Any] = self.client("lambda").get_function_configuration(
            FunctionName=self.deployment.function_name
        )
        return found

    @property
    def committed_package(self) -> str | None:
        """The SHA-256 of the package that lies beside the collector's sources here, hexadecimal; None without one."""
        record = Path(zoom_operationlogs.__file__).parents[1] / "dist" / "collector.json"
        try:
            return str(json.loads(record.read_text("utf-8"))["zip_sha256"])
        except (OSError, ValueError, KeyError):
            return None

    def schedule(self) -> Mapping[str, Any]:
        """Return the schedule."""
        name = self.output("schedule")["name"]
        found: Mapping[str, Any] = self.client("scheduler").get_schedule(Name=name, GroupName="default")
        return found

    @cached_property
    def last_runs(self) -> Sequence[Run]:
        """The last runs, oldest first; a probe is none."""
        group = self.output("log_group")["name"]
        return last_runs(self.client("logs"), group, self.now(), LAST_RUNS, probes=False)

    def collector_metric(self, name: str) -> tuple[str, str, Mapping[str, str]]:
        """Return the namespace, the name and the dimensions of one of the collector's own metrics."""
        environment = self.deployment.environment
        service = environment.get("POWERTOOLS_SERVICE_NAME") or self.deployment.function_name
        return environment.get("POWERTOOLS_METRICS_NAMESPACE") or NAMESPACE, name, {"service": service}

    def metric(
        self, namespace: str, name: str, dimensions: Mapping[str, str], statistic: str, since: datetime
    ) -> Sequence[float]:
        """Return what CloudWatch has of a metric, by five minutes, oldest first."""
        metric = {
            "Namespace": namespace,
            "MetricName": name,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
        }
        answer = self.client("cloudwatch").get_metric_data(
            MetricDataQueries=[{"Id": "m", "MetricStat": {"Metric": metric, "Period": 300, "Stat": statistic}}],
            StartTime=since - timedelta(minutes=5),
            EndTime=self.now() + timedelta(minutes=5),
            ScanBy="TimestampAscending",
        )
        values: Sequence[float] = answer["MetricDataResults"][0]["Values"]
        return values

    @cached_property
    def probed(self) -> Answer:
        """What the collector answers to a probe. Raises `NotCheckedError` where it could not be asked."""
        try:
            return invoke(
                patient_client(self._session),
                self.deployment.function_name,
                {"action": "probe"},
                lambda: time.sleep(LOOK_EVERY_SECONDS),
            )
        except CommandError as error:
            raise NotCheckedError(f"the collector could not be asked: {str(error).rstrip('.')}") from error

    def dead_letters(self) -> int:
        """Return how many messages wait in the dead-letter queue."""
        found = self.client("sqs").get_queue_attributes(
            QueueUrl=self.output("dead_letter_queue")["url"], AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(found["Attributes"]["ApproximateNumberOfMessages"])

    # bucket

    def bucket_region(self) -> str:
        """Return the region that the bucket lies in; the eldest two have other names in this answer."""
        found = self.client("s3").get_bucket_location(Bucket=self.deployment.bucket).get("LocationConstraint")
        return {None: "us-east-1", "": "us-east-1", "EU": "eu-west-1"}.get(found, str(found))

    def versioning(self) -> str | None:
        """Return Enabled or Suspended, None where it never was on."""
        status: str | None = self.client("s3").get_bucket_versioning(Bucket=self.deployment.bucket).get("Status")
        return status

    def encryption(self) -> Sequence[Mapping[str, Any]]:
        """Return the rules of default encryption."""
        try:
            found = self.client("s3").get_bucket_encryption(Bucket=self.deployment.bucket)
        except ClientError as error:
            if error_code(error) == "ServerSideEncryptionConfigurationNotFoundError":
                return []
            raise
        rules: Sequence[Mapping[str, Any]] = found["ServerSideEncryptionConfiguration"]["Rules"]
        return rules

    def object_lock(self) -> Mapping[str, Any] | None:
        """Return the configuration of Object Lock, None where it is off."""
        try:
            found = self.client("s3").get_object_lock_configuration(Bucket=self.deployment.bucket)
        except ClientError as error:
            if error_code(error) == "ObjectLockConfigurationNotFoundError":
                return None
            raise
        configuration: Mapping[str, Any] = found["ObjectLockConfiguration"]
        return configuration

    def public_access(self) -> Mapping[str, bool]:
        """Return the block of public access."""
        try:
            found = self.client("s3").get_public_access_block(Bucket=self.deployment.bucket)
        except ClientError as error:
            if error_code(error) == "NoSuchPublicAccessBlockConfiguration":
                return {}
            raise
        block: Mapping[str, bool] = found["PublicAccessBlockConfiguration"]
        return block

    def policy(self) -> str | None:
        """Return the bucket's policy, None where it has none."""
        try:
            return str(self.client("s3").get_bucket_policy(Bucket=self.deployment.bucket)["Policy"])
        except ClientError as error:
            if error_code(error) == "NoSuchBucketPolicy":
                return None
            raise

    def checkpoint(self) -> tuple[bytes | None, datetime | None]:
        """Return the checkpoint and when it was saved; nothing where there is none."""
        return fetch(self.client("s3"), self.deployment) or (None, None)

    # who may what

    def refused(self, principal_arn: str, wanted: Sequence[Simulated]) -> list[str]:
        """Return the actions that a simulation of the principal's policies refuses."""
        iam = self.client("iam")
        refused = []
        for one in wanted:
            answer = iam.simulate_principal_policy(
                PolicySourceArn=principal_arn,
                ActionNames=list(one.actions),
                ResourceArns=[one.resource],
                ContextEntries=[
                    {
                        "ContextKeyName": name,
                        "ContextKeyValues": [value],
                        "ContextKeyType": "numeric" if name == REMAINING_DAYS else "string",
                    }
                    for name, value in one.context
                ],
            )
            refused += [
                f"{result['EvalActionName']} on {one.resource}"
                for result in answer["EvaluationResults"]
                if result["EvalDecision"] != "allowed"
            ]
        return refused

    # alarms

    def alarms(self, names: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """Return the alarms that exist, metric alarms and composite ones, by their names."""
        found = self.client("cloudwatch").describe_alarms(
            AlarmNames=list(names), AlarmTypes=["MetricAlarm", "CompositeAlarm"], MaxRecords=100
        )
        alarms = [*found.get("MetricAlarms", []), *found.get("CompositeAlarms", [])]
        return {alarm["AlarmName"]: alarm for alarm in alarms}

    def alarm_states(self, names: Sequence[str]) -> Mapping[str, str]:
        """Return the states of the alarms that exist."""
        return {name: alarm["StateValue"] for name, alarm in self.alarms(names).items()}

    def set_alarm(self, name: str, state: str, reason: str) -> None:
        """Set an alarm's state until CloudWatch looks at its metric again."""
        self.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue=state, StateReason=reason)

    def history(self, composite: str) -> Sequence[Entry]:
        """Return what happened to a composite alarm last, the newest first."""
        found = self.client("cloudwatch").describe_alarm_history(
            AlarmName=composite, AlarmTypes=["CompositeAlarm"], ScanBy="TimestampDescending", MaxRecords=50
        )
        return [
            Entry(item["Timestamp"], item["HistoryItemType"], item["HistorySummary"])
            for item in found["AlarmHistoryItems"]
        ]

    def subscriptions(self, topic: str) -> Sequence[Mapping[str, str]]:
        """Return who is subscribed to a topic: the first hundred."""
        found: Sequence[Mapping[str, str]] = self.client("sns").list_subscriptions_by_topic(TopicArn=topic)[
            "Subscriptions"
        ]
        return found

    def topic(self, arn: str) -> Mapping[str, str] | None:
        """Return a topic's attributes, None where it is gone."""
        try:
            found: Mapping[str, str] = self.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]
        except ClientError as error:
            if error_code(error) == "NotFound":
                return None
            raise
        return found

    def access_keys(self, user: str) -> Mapping[str, str]:
        """Return a user's access keys: id → Active or Inactive."""
        found = self.client("iam").list_access_keys(UserName=user)
        return {key["AccessKeyId"]: key["Status"] for key in found["AccessKeyMetadata"]}

    def keys_last_used(self, access_key_ids: Sequence[str]) -> datetime | None:
        """Return when one of the keys was last used."""
        iam = self.client("iam")
        used = [iam.get_access_key_last_used(AccessKeyId=key)["AccessKeyLastUsed"] for key in access_key_ids]
        return max((each["LastUsedDate"] for each in used if each.get("LastUsedDate")), default=None)

    def role_last_used(self, role: str) -> datetime | None:
        """Return when a role was last used."""
        used: datetime | None = (
            self.client("iam").get_role(RoleName=role)["Role"].get("RoleLastUsed", {}).get("LastUsedDate")
        )
        return used


def seconds_ahead(date: str | None, now: datetime) -> float | None:
    """Return by how many seconds `now` is ahead of an HTTP date; None where there is no readable one."""
    try:
        return (now - parsedate_to_datetime(date or "")).total_seconds()
    except (ValueError, TypeError):
        return None
