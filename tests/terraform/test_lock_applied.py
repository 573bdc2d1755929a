"""`bucket.lock` comes to a deployed archive without a replacement, and goes without touching what is locked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standins.aws import AwsStandIn
from standins.running_provider import running_provider
from zoomlogs.scratch import prepare
from zoomlogs.terraform import TerraformError

from terraform.inputs import table

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]

REPOSITORY = Path(__file__).resolve().parents[2]
LOCK, POLICY = "aws_s3_bucket_object_lock_configuration.archive[0]", "aws_s3_bucket_policy.archive[0]"
NAME = "archive-to-be-locked"
TOMORROW = datetime.now(UTC) + timedelta(days=1)
WRITER = "arn:aws:iam::123456789012:role/collector"


def inputs(**bucket: Any) -> dict[str, object]:
    given = table()["archive"]["base"]
    account = given["account"] | {"id": "123456789012", "region": "us-east-1"}
    changed = {"bucket_name": NAME, "writer_arn": WRITER, "bucket": given["bucket"] | bucket, "account": account}
    return {**given, "kms_key": None, **changed}


def test_a_lock_comes_and_goes_without_a_replacement(aws: AwsStandIn, tmp_path: Path) -> None:
    terraform = prepare(REPOSITORY, tmp_path, aws.env(), folder="modules/archive")
    terraform.init()
    s3, record = aws.client("s3"), {"Bucket": NAME, "Key": "zoom/operationlogs/before"}
    unlocked, locked = inputs(), inputs(lock={"mode": "COMPLIANCE", "days": 90})
    with running_provider(terraform):
        terraform.apply(unlocked)
        with aws.without_bucket_policy(NAME):
            version = s3.put_object(**record, Body=b"x")["VersionId"]

        assert terraform.plan(locked).actions == {LOCK: "create", POLICY: "update"}
        terraform.apply(locked)
        assert not terraform.plan(locked).changed
        lockable = s3.get_object_lock_configuration(Bucket=NAME)["ObjectLockConfiguration"]
        assert lockable == {"ObjectLockEnabled": "Enabled"}
        assert s3.head_object(**record)["VersionId"] == version

        assert terraform.plan(unlocked).actions == {LOCK: "delete", POLICY: "update"}
        terraform.apply(unlocked)
        assert not terraform.plan(unlocked).changed
        assert s3.get_object_lock_configuration(Bucket=NAME)["ObjectLockConfiguration"] == lockable

        # A bucket that had Object Lock keeps it, and its versions, until it is destroyed.
        with pytest.raises(TerraformError, match="the versioning state cannot be changed"):
            terraform.apply(inputs(versioning=False))
        terraform.apply(inputs(force_destroy=True))
        with aws.without_bucket_policy(NAME):
            s3.put_object(**record, Body=b"y", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=TOMORROW)
        terraform.destroy(inputs(force_destroy=True))  # the provider bypasses what is locked in governance mode
    assert NAME not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
