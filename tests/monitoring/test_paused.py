"""A schedule that is paused and resumed: CloudWatch does not delete an alarm that a composite alarm names."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from harness.terraform import Terraform
from standins.aws import AwsStandIn

pytestmark = pytest.mark.slow


def test_pausing_and_resuming(alarms_account: tuple[AwsStandIn, Terraform]) -> None:
    aws, terraform = alarms_account
    cloudwatch = aws.client("cloudwatch")
    schedules = {"one": {"interval_minutes": 15}}
    on, off = ({"schedules": schedules, "enabled": enabled} for enabled in (True, False))

    def alarms() -> set[str]:
        return {alarm["AlarmName"] for alarm in cloudwatch.describe_alarms()["MetricAlarms"]}

    terraform.apply(on)
    named = terraform.output()["alarms"]["one"]
    silence, of_runs = named["silence"], {named["silence"], named["daily_limit"]}
    with pytest.raises(ClientError, match="composite alarm"):
        cloudwatch.delete_alarms(AlarmNames=[silence])
    terraform.apply(off)
    assert not of_runs & alarms(), "an earlier daily limit would make the new silence alarm fire before the first run"
    terraform.apply(on)
    assert of_runs <= alarms()
    assert not terraform.plan(on).changed
    terraform.destroy(on)
    assert not alarms()
