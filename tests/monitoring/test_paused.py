"""A schedule that is paused and goes on: CloudWatch deletes no alarm that a composite one names."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from harness.terraform import Terraform
from standins.aws import AwsStandIn

pytestmark = pytest.mark.slow


def test_pausing_and_going_on(alarms_account: tuple[AwsStandIn, Terraform]) -> None:
    aws, terraform = alarms_account
    cloudwatch = aws.client("cloudwatch")
    schedules = {"one": {"interval_minutes": 15}}
    on, off = ({"schedules": schedules, "enabled": enabled} for enabled in (True, False))

    def alarms() -> set[str]:
        return {alarm["AlarmName"] for alarm in cloudwatch.describe_alarms()["MetricAlarms"]}

    terraform.apply(on)
    silence = terraform.output()["alarms"]["one"]["silence"]
    with pytest.raises(ClientError, match="composite alarm"):
        cloudwatch.delete_alarms(AlarmNames=[silence])
    terraform.apply(off)
    assert silence not in alarms()
    terraform.apply(on)
    assert silence in alarms()
    assert not terraform.plan(on).changed
    terraform.destroy(on)
    assert not alarms()
