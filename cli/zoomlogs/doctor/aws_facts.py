"""The facts that AWS has of bucket, metrics, alarms and permissions, one request each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

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

DAYS_ABOVE = 31


@dataclass(frozen=True)
class Simulated:
    """Actions to simulate on one resource, with the condition keys of the request."""

    actions: tuple[str, ...]
    resource: str
    context: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Entry:
    """An entry of an alarm's history: time, type, and CloudWatch's summary."""

    at: datetime
    kind: str
    summary: str

    @property
    def is_alarm(self) -> bool:
        """Whether the state became ALARM ("Alarm updated from OK to ALARM")."""
        return self.kind == "StateUpdate" and self.summary.endswith("to ALARM")


class AwsFacts:
    """The deployment as AWS reports it now. Facts raise boto3's failures, or `NotCheckedError`."""

    def __init__(self, deployment: Deployment, session: boto3.Session) -> None:
        """Take the deployment, and the caller's session."""
        self.deployment = deployment
        self._session = session

    def client(self, service: str) -> Any:
        """Return a client with the caller's credentials."""
        return cast("Any", self._session).client(service, config=BRIEF)

    def output(self, name: str) -> Mapping[str, Any]:
        """Return one of the module's outputs."""
        value = self.deployment.outputs.get(name)
        if not isinstance(value, dict):
            raise NotCheckedError(f"the outputs have no {name}: apply this version of the module")
        return value

    def now(self) -> datetime:
        """Return this computer's time."""
        return datetime.now(UTC)

    def metric(
        self, namespace: str, name: str, dimensions: Mapping[str, str], statistic: str, since: datetime
    ) -> Sequence[float]:
        """Return a metric's values for each five minutes, oldest first."""
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
        return cast("list[float]", answer["MetricDataResults"][0]["Values"])

    # bucket

    def bucket_region(self) -> str:
        """Return the bucket's region; the answer names the two oldest regions differently."""
        found = self._of_bucket("get_bucket_location").get("LocationConstraint")
        return {None: "us-east-1", "": "us-east-1", "EU": "eu-west-1"}.get(found, str(found))

    def versioning(self) -> str | None:
        """Return Enabled or Suspended, None if versioning was never on."""
        return cast("str | None", self._of_bucket("get_bucket_versioning").get("Status"))

    def encryption(self) -> Sequence[Mapping[str, Any]]:
        """Return the rules of default encryption."""
        found = self._of_bucket("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError")
        return cast("list[Any]", found.get("ServerSideEncryptionConfiguration", {}).get("Rules", []))

    def object_lock(self) -> Mapping[str, Any] | None:
        """Return the configuration of Object Lock, None if it is off."""
        found = self._of_bucket("get_object_lock_configuration", "ObjectLockConfigurationNotFoundError")
        return found.get("ObjectLockConfiguration")

    def public_access(self) -> Mapping[str, bool]:
        """Return the Block Public Access settings."""
        found = self._of_bucket("get_public_access_block", "NoSuchPublicAccessBlockConfiguration")
        return cast("dict[str, bool]", found.get("PublicAccessBlockConfiguration", {}))

    def policy(self) -> str | None:
        """Return the bucket's policy, None if it has none."""
        return self._of_bucket("get_bucket_policy", "NoSuchBucketPolicy").get("Policy")

    def _of_bucket(self, operation: str, not_set: str | None = None) -> dict[str, Any]:
        """Return S3's answer about the bucket; {} for the error code with which S3 says that nothing is set."""
        try:
            return cast("dict[str, Any]", getattr(self.client("s3"), operation)(Bucket=self.deployment.bucket))
        except ClientError as error:
            if error_code(error) != not_set:
                raise
            return {}

    def checkpoint(self) -> StoredCheckpoint:
        """Return the checkpoint and when it was saved, or why there is none."""
        return look(self.client("s3"), self.deployment)

    def has_records(self) -> bool:
        """Return whether there is any version of an object that the collector wrote."""
        return any(
            is_record_key(entry["Key"].removeprefix(self.deployment.prefix), self.deployment.report)
            for page in self._versions()
            for entry in page.get("Versions", ())
        )

    def markers(self) -> list[Marker]:
        """Return the delete markers that hide records."""
        made: dict[str, Marker] = {}
        prefix, report = self.deployment.prefix, self.deployment.report
        for page in self._versions():
            for entry in page.get("DeleteMarkers", ()):
                if entry["IsLatest"] and is_of_records(entry["Key"].removeprefix(prefix), report):
                    made[entry["Key"]] = Marker(entry["Key"], entry["VersionId"], entry["LastModified"], None)
            for entry in page.get("Versions", ()):  # S3 lists the newest version of a key first
                marker = made.get(entry["Key"])
                if marker and marker.written is None:
                    made[entry["Key"]] = replace(marker, written=entry["LastModified"])
        return list(made.values())

    def of_others(self) -> tuple[str | None, str | None]:
        """Return a key of another report under the prefix, and one in a folder above."""
        return self._others_below(), self._others_above()

    def _others_below(self) -> str | None:
        """Return a key of another report under the prefix, in any version, as the collector does."""
        return self._of_other(entry["Key"] for page in self._versions() for entry in page.get("Versions", ()))

    def _others_above(self) -> str | None:
        """Return a recent key of another report in the date folders above: the first thousand keys of each folder."""
        s3, since = self.client("s3"), self.now() - timedelta(days=DAYS_ABOVE)
        for dates in self.deployment.dates_above:
            start = f"{dates.removesuffix('2')}{since:%Y/%m/%d}"
            found = s3.list_objects_v2(Bucket=self.deployment.bucket, Prefix=dates, StartAfter=start)
            keys = (entry["Key"] for entry in found.get("Contents", ()))
            if other := self._of_other(
                key for key in keys if key.count("/", len(dates)) == 3
            ):  # directly in a date folder
                return other
        return None

    def _of_other(self, keys: Iterable[str]) -> str | None:
        name = self.deployment.report.name
        return next((key for key in keys if (other := report_of(key)) and other != name), None)

    def _versions(self) -> Iterator[Mapping[str, Any]]:
        lister = self.client("s3").get_paginator("list_object_versions")
        yield from lister.paginate(Bucket=self.deployment.bucket, Prefix=self.deployment.prefix)

    # permissions

    @cached_property
    def identity(self) -> str:
        """The caller's ARN, which needs no permission."""
        try:
            return str(self.client("sts").get_caller_identity()["Arn"])
        except FAILURES:
            return "your AWS identity"

    def refused(self, principal_arn: str, wanted: Sequence[Simulated]) -> list[str]:
        """Return the actions that a simulation of the principal's policies denies."""
        iam = self.client("iam")
        refused = []
        for one in wanted:
            context = [
                {
                    "ContextKeyName": name,
                    "ContextKeyValues": [value],
                    "ContextKeyType": "numeric" if name == REMAINING_DAYS else "string",
                }
                for name, value in one.context
            ]
            answer = iam.simulate_principal_policy(
                PolicySourceArn=principal_arn,
                ActionNames=list(one.actions),
                ResourceArns=[one.resource],
                ContextEntries=context,
            )
            refused += [
                f"{result['EvalActionName']} on {one.resource}"
                for result in answer["EvaluationResults"]
                if result["EvalDecision"] != "allowed"
            ]
        return refused

    # alarms

    def alarms(self, names: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """Return the alarms that exist, composite alarms included, by name."""
        found = self.client("cloudwatch").describe_alarms(
            AlarmNames=list(names), AlarmTypes=["MetricAlarm", "CompositeAlarm"], MaxRecords=100
        )
        alarms = [*found.get("MetricAlarms", []), *found.get("CompositeAlarms", [])]
        return {alarm["AlarmName"]: alarm for alarm in alarms}

    def set_alarm(self, name: str, state: str, reason: str) -> None:
        """Set an alarm's state until CloudWatch evaluates it again."""
        self.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue=state, StateReason=reason)

    def history(self, composite: str) -> Sequence[Entry]:
        """Return the last events of a composite alarm, newest first."""
        found = self.client("cloudwatch").describe_alarm_history(
            AlarmName=composite, AlarmTypes=["CompositeAlarm"], ScanBy="TimestampDescending", MaxRecords=50
        )
        return [
            Entry(item["Timestamp"], item["HistoryItemType"], item["HistorySummary"])
            for item in found["AlarmHistoryItems"]
        ]

    def subscriptions(self, topic: str) -> Sequence[Mapping[str, str]]:
        """Return the first hundred subscriptions to a topic."""
        found = self.client("sns").list_subscriptions_by_topic(TopicArn=topic)
        return cast("list[dict[str, str]]", found["Subscriptions"])

    def topic(self, arn: str) -> Mapping[str, str] | None:
        """Return a topic's attributes, None if it does not exist."""
        try:
            return cast("dict[str, str]", self.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"])
        except ClientError as error:
            if error_code(error) == "NotFound":
                return None
            raise

    # reader

    def access_keys(self, user: str) -> Mapping[str, str]:
        """Return a user's access keys: ID → Active or Inactive."""
        found = self.client("iam").list_access_keys(UserName=user)
        return {key["AccessKeyId"]: key["Status"] for key in found["AccessKeyMetadata"]}

    def keys_last_used(self, access_key_ids: Sequence[str]) -> datetime | None:
        """Return when one of the keys was last used."""
        iam = self.client("iam")
        used = [iam.get_access_key_last_used(AccessKeyId=key)["AccessKeyLastUsed"] for key in access_key_ids]
        return max((each["LastUsedDate"] for each in used if each.get("LastUsedDate")), default=None)

    def role_last_used(self, role: str) -> datetime | None:
        """Return when a role was last used."""
        found = self.client("iam").get_role(RoleName=role)["Role"]
        return cast("datetime | None", found.get("RoleLastUsed", {}).get("LastUsedDate"))
