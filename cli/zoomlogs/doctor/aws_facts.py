"""What AWS says of the bucket, the metrics, the alarms and who may do what: one request for each fact.

Nothing is written, but by `set_alarm`, which only a check behind an option uses.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from zoom_operationlogs.archive_object import is_record_key, report_of

from ..aws import BRIEF, FAILURES, error_code
from ..checkpoint import StoredCheckpoint, look
from ..deleted import Marker, is_of_records
from .denials import REMAINING_DAYS
from .findings import NotCheckedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import boto3

    from ..deployment import Deployment

ZOOM_SECONDS = 30.0
LAST_RUNS = 5
LOOK_EVERY_SECONDS = 0.2
NAMESPACE = "ZoomOperationLogs"
DAYS_ABOVE = 31


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


class AwsFacts:
    """The deployment as AWS has it now. Facts raise boto3's failures, or `NotCheckedError`."""

    def __init__(self, deployment: Deployment, session: boto3.Session) -> None:
        """Take the deployment, and the session of whoever asks."""
        self.deployment = deployment
        self._session = session

    def client(self, service: str) -> Any:
        """Return a client of whoever asks."""
        make: Any = self._session.client
        return make(service, config=BRIEF)

    def output(self, name: str) -> Mapping[str, Any]:
        """Return one of the module's outputs."""
        value = self.deployment.outputs.get(name)
        if not isinstance(value, dict):
            raise NotCheckedError(f"the outputs hold no {name}, as this version of the module has it: apply it again")
        return value

    def now(self) -> datetime:
        """Return this computer's time."""
        return datetime.now(UTC)

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

    def checkpoint(self) -> StoredCheckpoint:
        """Return the checkpoint and when it was saved, or what lies there instead."""
        return look(self.client("s3"), self.deployment)

    def has_records(self) -> bool:
        """Tell whether there is a version of an object of records of the collector's own."""
        return any(
            is_record_key(entry["Key"].removeprefix(self.deployment.prefix), self.deployment.report)
            for page in self._versions()
            for entry in page.get("Versions", ())
        )

    def markers(self) -> list[Marker]:
        """Return the delete markers that hide objects of records, whoever made them."""
        made: dict[str, Marker] = {}
        prefix, report = self.deployment.prefix, self.deployment.report
        for page in self._versions():
            for entry in page.get("DeleteMarkers", ()):
                if entry["IsLatest"] and is_of_records(entry["Key"].removeprefix(prefix), report):
                    made[entry["Key"]] = Marker(entry["Key"], entry["VersionId"], entry["LastModified"], None)
            for entry in page.get("Versions", ()):  # of each key the newest comes first, and the marker before it
                marker = made.get(entry["Key"])
                if marker and marker.written is None:
                    made[entry["Key"]] = replace(marker, written=entry["LastModified"])
        return list(made.values())

    def of_others(self) -> tuple[str | None, str | None]:
        """Return the key of an object of another report under the prefix, and of one in a folder above."""
        return self._others_below(), self._others_above()

    def _others_below(self) -> str | None:
        """Return the key of an object of another report under the prefix, in any version: a feed may have deleted it,
        and the collector counts it too."""
        return self._of_other(entry["Key"] for page in self._versions() for entry in page.get("Versions", ()))

    def _others_above(self) -> str | None:
        """Return the key of a recent object of another report in the date folders of the folders above, one request
        each: the first thousand objects of the last days are enough to meet a collector's."""
        s3, since = self.client("s3"), self.now() - timedelta(days=DAYS_ABOVE)
        for dates in self.deployment.dates_above:
            start = f"{dates.removesuffix('2')}{since:%Y/%m/%d}"
            found = s3.list_objects_v2(Bucket=self.deployment.bucket, Prefix=dates, StartAfter=start)
            keys = (entry["Key"] for entry in found.get("Contents", ()))
            if other := self._of_other(key for key in keys if key.count("/", len(dates)) == 3):  # not in folders there
                return other
        return None

    def _of_other(self, keys: Iterable[str]) -> str | None:
        name = self.deployment.report.name
        return next((key for key in keys if (other := report_of(key)) and other != name), None)

    def _versions(self) -> Iterator[Mapping[str, Any]]:
        at = self.deployment
        pages = self.client("s3").get_paginator("list_object_versions").paginate(Bucket=at.bucket, Prefix=at.prefix)
        yield from pages

    # who may what

    @cached_property
    def identity(self) -> str:
        """The ARN of whoever asks, which AWS tells without a permission."""
        try:
            return str(self.client("sts").get_caller_identity()["Arn"])
        except FAILURES:
            return "your AWS identity"

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

    # reader

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
