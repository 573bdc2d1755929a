"""The end of examples/minimal: planned again, moved and destroyed, after the changes of tests/operate."""

from __future__ import annotations

import pytest
from standins.deployment import Deployment
from terraform.expected import surprising

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]


@pytest.mark.destroys
def test_the_minimal_example_shows_no_change_and_is_destroyed(minimal: Deployment) -> None:
    """After everything that tests/operate broke and repaired in it."""
    plan = minimal.terraform.plan(minimal.variables)
    assert not plan.changed, plan.actions
    assert surprising(plan.warnings) == []

    # Another name: with `force_destroy` the bucket is destroyed with its records, which its policy protects.
    s3 = minimal.aws.client("s3")
    with minimal.aws.without_bucket_policy(minimal.bucket):
        s3.put_object(Bucket=minimal.bucket, Key=f"{minimal.prefix}2026/01/31/a", Body=b"a record")
    renamed = {**minimal.variables, "bucket_name": "zoom-operation-logs-moved"}
    minimal.terraform.apply(renamed)
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["zoom-operation-logs-moved"]
    policy = s3.get_bucket_policy(Bucket="zoom-operation-logs-moved")["Policy"]
    assert "DenyPutsOfOthers" in policy and "arn:aws:s3:::zoom-operation-logs/" not in policy

    minimal.terraform.destroy(renamed)
    assert not minimal.terraform.state_list()
    assert s3.list_buckets()["Buckets"] == []
