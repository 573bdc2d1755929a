"""`bucket.lock` can be added to a deployed archive without a replacement, and removed without unlocking records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from harness.scratch import prepare
from harness.terraform import TerraformError
from standins.aws import AwsStandIn
from standins.running_provider import running_provider

from terraform.inputs import table

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]

REPOSITORY = Path(__file__).resolve().parents[2]
LOCK, POLICY = "aws_s3_bucket_object_lock_configuration.archive[0]", "aws_s3_bucket_policy.archive[0]"
NAME = "archive-to-be-locked"
WRITER = "arn:aws:iam::123456789012:role/collector"


def inputs(**bucket: Any) -> dict[str, object]:
    given = table()["archive"]["base"]
    account = given["account"] | {"id": "123456789012", "region": "us-east-1"}
    changed = {"bucket_name": NAME, "writer_arn": WRITER, "bucket": given["bucket"] | bucket, "account": account}
    return {**given, "kms_key": None, **changed}


def test_a_lock_is_added_and_removed_without_a_replacement(aws: AwsStandIn, tmp_path: Path) -> None:
    terraform = prepare(REPOSITORY, tmp_path, aws.env(), folder="modules/archive")
    terraform.init()
    s3, record, saved = aws.client("s3"), {"Bucket": NAME, "Key": "zoom/operationlogs/before"}, tmp_path / "tfplan"
    unlocked, locked = inputs(), inputs(lock={"mode": "COMPLIANCE", "days": 90})
    with running_provider(terraform):
        terraform.apply(unlocked)
        with aws.without_bucket_policy(NAME):
            version = s3.put_object(**record, Body=b"x")["VersionId"]

        assert terraform.plan(locked, out=saved).actions == {LOCK: "create", POLICY: "update"}
        terraform.apply({}, plan=saved)
        lockable = s3.get_object_lock_configuration(Bucket=NAME)["ObjectLockConfiguration"]
        assert lockable == {"ObjectLockEnabled": "Enabled"}
        assert s3.head_object(**record)["VersionId"] == version

        assert terraform.plan(unlocked, out=saved).actions == {LOCK: "delete", POLICY: "update"}
        terraform.apply({}, plan=saved)
        assert not terraform.plan(unlocked).changed
        assert s3.get_object_lock_configuration(Bucket=NAME)["ObjectLockConfiguration"] == lockable

        # A bucket with Object Lock keeps it, and its versioning, until it is destroyed (tests/security).
        with pytest.raises(TerraformError, match="the versioning state cannot be changed"):
            terraform.apply(inputs(versioning=False))
