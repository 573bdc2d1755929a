"""What `zoomlogs feed status` says of the queue's oldest message."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from zoomlogs.deployment import Deployment
from zoomlogs.feed.arrival import oldest_message


class CloudWatch:
    def __init__(self, values: list[float], error: Exception | None = None) -> None:
        self.values, self.error = values, error
        self.asked: dict[str, Any] = {}

    def get_metric_data(self, **asked: Any) -> dict[str, Any]:
        self.asked = asked
        if self.error:
            raise self.error
        return {"MetricDataResults": [{"Values": self.values}]}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([720.0, 60.0], "has waited for 12 minutes"),  # the newest value first
        ([0.0], "has waited for 0 seconds"),
        ([], "not known: CloudWatch has no age of the messages in records of the last 2 hours"),
    ],
)
def test_the_age_of_the_oldest_message(values: list[float], told: str) -> None:
    cloudwatch = CloudWatch(values)
    assert oldest_message(Deployment({}), "records", cloudwatch) == told
    assert cloudwatch.asked["ScanBy"] == "TimestampDescending"


def test_a_refusal_by_aws_is_said_and_ends_nothing() -> None:
    refusal = ClientError({"Error": {"Code": "AccessDenied", "Message": "Not you."}}, "GetMetricData")
    assert oldest_message(Deployment({}), "records", CloudWatch([], refusal)) == "not known: Not you (AccessDenied)"
