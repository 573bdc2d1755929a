"""A deployment without Terraform: a bucket, a secret and a function on the stand-in for AWS, Zoom behind HTTP, and an
archive that the collector wrote in memory. Times are real, because the objects' are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import commands
from faults.world import PREFIX, STATE_KEY, World
from standins.aws import AwsStandIn, Keys
from standins.clock import Clock
from standins.zoom import ZoomServer
from zoom_operationlogs.archive_object import decode, encode
from zoom_operationlogs.records import line
from zoomlogs.deployment import Deployment

FUNCTION = "zoom_operationlogs_to_s3"


@dataclass
class Place:
    """The stand-ins, the outputs that describe them, and the commands run on them."""

    aws: AwsStandIn
    world: World
    outputs: Path
    said: str = ""
    _filled: list[Any] | None = None

    @property
    def deployment(self) -> Deployment:
        return Deployment(json.loads(self.outputs.read_text())["zoom_operation_logs"]["value"])

    @property
    def bucket(self) -> str:
        return self.deployment.bucket

    def zoomlogs(self, *arguments: object, status: int | None = 0, keys: Keys | None = None, columns: int = 80) -> str:
        """Run a command; return its standard output, and keep what it said on standard error."""
        environ = {
            **self.aws.env(commands.neutral()),
            **(self.aws.credentials(keys) if keys else {}),
            "ZOOMLOGS_OUTPUTS": str(self.outputs),
            "COLUMNS": str(columns),
        }
        ran = commands.zoomlogs(*arguments, environ=environ)
        self.said = ran.err
        assert status is None or ran.status == status, ran
        return ran.out

    def store(self, secret: object | None) -> None:
        """Put the credentials into the secret, or another text."""
        text = secret if isinstance(secret, str) else json.dumps(secret or self.credentials())
        self.aws.client("secretsmanager").put_secret_value(SecretId=self.deployment.secret_arn, SecretString=text)

    def credentials(self) -> dict[str, str]:
        account = self.world.zoom.account
        return {"account_id": account.id, "client_id": account.client_id, "client_secret": account.client_secret}

    def fill(self) -> None:
        """Make the bucket hold what the world's does, checkpoint included, where it does not any more."""
        s3 = self.aws.client("s3")

        def versions() -> list[Any]:
            there = s3.list_object_versions(Bucket=self.bucket)
            return [there.get("Versions"), there.get("DeleteMarkers")]

        if versions() == self._filled:
            return
        self.aws.empty_bucket(self.bucket)
        for version in sorted(self.world.s3.ever_written(), key=lambda version: int(version.version_id[1:])):
            if version.key != STATE_KEY or version is self.world.s3.ever_written(STATE_KEY)[-1]:
                s3.put_object(Bucket=self.bucket, Key=version.key, Body=version.body)
        self._filled = versions()

    def change(self, days: int, changed: Any) -> None:
        """Put other records into the object of a date so many days back."""
        s3 = self.aws.client("s3")
        [key] = self.world.s3.keys(f"{PREFIX}{back(days):%Y/%m/%d}/")
        records = changed(decode(self.world.s3.body(key)))
        for version in s3.list_object_versions(Bucket=self.bucket, Prefix=key)["Versions"]:
            s3.delete_object(Bucket=self.bucket, Key=key, VersionId=version["VersionId"])
        s3.put_object(Bucket=self.bucket, Key=key, Body=encode(map(line, records)))


@contextmanager
def placed(aws: AwsStandIn, folder: Path, world: World) -> Iterator[Place]:
    """Build the place around a world; its secret is empty at first, and so is its bucket."""
    with ZoomServer(world.zoom) as zoom:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket=world.s3.bucket)
        s3.put_bucket_versioning(Bucket=world.s3.bucket, VersioningConfiguration={"Status": "Enabled"})
        secret = aws.client("secretsmanager").create_secret(Name="zoom-operationlogs-credentials")["ARN"]
        environment = {
            "S3_BUCKET": world.s3.bucket,
            "S3_PREFIX": PREFIX,
            "STATE_KEY": STATE_KEY,
            "ZOOM_SECRET_ID": secret,
            "ZOOM_OAUTH_URL": zoom.oauth_url,
            "ZOOM_API_URL": zoom.api_url,
        }
        module: dict[str, Any] = {
            "bucket": {
                "name": world.s3.bucket,
                "arn": f"arn:aws:s3:::{world.s3.bucket}",
                "prefix": PREFIX,
                "state_key": STATE_KEY,
            },
            "function": {
                "name": FUNCTION,
                "arn": f"arn:aws:lambda:{aws.region}:{aws.account_id}:function:{FUNCTION}",
                "environment": environment,
            },
            "schedule": {"expression": "rate(15 minutes)", "interval_minutes": 15},
            "log_group": {
                "name": f"/aws/lambda/{FUNCTION}",
                "arn": f"arn:aws:logs:{aws.region}:{aws.account_id}:log-group:/aws/lambda/{FUNCTION}",
            },
            "secret": {"arn": secret},
        }
        _one_run(aws, module["log_group"]["name"])
        outputs = folder / "outputs.json"
        outputs.write_text(json.dumps({"zoom_operation_logs": {"sensitive": False, "value": module}}))
        yield Place(aws, world, outputs)


def _one_run(aws: AwsStandIn, group: str) -> None:
    """Log a run that the schedule started just now."""
    logs, stream = aws.client("logs"), {"logGroupName": group, "logStreamName": "one"}
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(**stream)
    told = {"level": "INFO", "message": "run ended", "correlation_id": "one", "ok": True, "written": 0, "seconds": 1.0}
    now = int(datetime.now(UTC).timestamp() * 1000)
    logs.put_log_events(**stream, logEvents=[{"timestamp": now, "message": json.dumps(told)}])


def now_world(records: int, days: int, **options: Any) -> World:
    """Return a world of now, whose last days are collected; `records` a day, none today."""
    world = World(page_size=300, clock=Clock(datetime.now(UTC), ticking=True), **options)
    for ago in range(1, days + 1):
        world.zoom.add_day(back(ago), records, seed=ago + 1, twins=0.02)
    world.settings["start_date"] = back(days)
    world.run()
    return world


def back(days: int) -> date:
    return datetime.now(UTC).date() - timedelta(days=days)
