"""A schedule that is paused and goes on: CloudWatch deletes no alarm that a composite one names."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from standins.aws import AwsStandIn
from standins.running_provider import running_provider
from zoomlogs.scratch import prepare

from .conftest import REPOSITORY

pytestmark = pytest.mark.slow


def test_pausing_and_going_on(tmp_path):
    with AwsStandIn() as aws:
        terraform = prepare(REPOSITORY, tmp_path, aws.env(), folder="tests/fixtures/alarms")
        terraform.init()
        with running_provider(terraform):
            cloudwatch = aws.client("cloudwatch")

            def alarms() -> set[str]:
                return {alarm["AlarmName"] for alarm in cloudwatch.describe_alarms()["MetricAlarms"]}

            terraform.apply({"enabled": True})
            silence = terraform.output()["alarms"]["silence"]
            with pytest.raises(ClientError, match="composite alarm"):
                cloudwatch.delete_alarms(AlarmNames=[silence])
            terraform.apply({"enabled": False})
            assert silence not in alarms()
            terraform.apply({"enabled": True})
            assert silence in alarms()
            assert not terraform.plan({"enabled": True}).changed
            terraform.destroy({"enabled": True})
            assert not alarms()
