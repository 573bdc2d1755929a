"""When SecOps last ingested the log type, and how long the oldest message has waited in the feed's queue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..dates import span
from ..errors import CommandError
from .feeds import NEVER_RAN

if TYPE_CHECKING:
    from ..deployment import Deployment
    from ..secops.session import Session

LOOKED_BACK = timedelta(hours=2)


def last_ingested(session: Session, log_type: str) -> str:
    """Return when the log type was last ingested from any feed, as RFC 3339; or why that is not known.

    Source: googleapis/googleapis, google/cloud/chronicle/v1beta/log.proto, LogType.last_ingested_time.
    """
    from ..secops.session import Task  # here, because Google's library may not be installed

    task, form = Task("list the log types", "roles/chronicle.viewer"), {"name": str, "lastIngestedTime": str}
    try:
        for found in session.elements("v1beta", "/logTypes", "logTypes", 1000, task, form):
            if found.get("name", "").rpartition("/")[2] == log_type:
                return str(found.get("lastIngestedTime") or NEVER_RAN)
        return f"not known: SecOps does not list {log_type}"
    except CommandError as error:
        return f"not known: {error}"


def oldest_message(deployment: Deployment, queue: str, cloudwatch: Any = None) -> str:
    """Say how long the oldest message has waited; or why that is not known."""
    from ..aws import FAILURES, reason, session_for  # here, because boto3 takes a while, and most feeds have no queue

    metric = {
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateAgeOfOldestMessage",
        "Dimensions": [{"Name": "QueueName", "Value": queue}],
    }
    now = datetime.now(UTC)
    try:
        answer = (cloudwatch or session_for(deployment).client("cloudwatch")).get_metric_data(
            MetricDataQueries=[{"Id": "m", "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Maximum"}}],
            StartTime=now - LOOKED_BACK,
            EndTime=now + timedelta(minutes=5),
            ScanBy="TimestampDescending",
        )
    except FAILURES as error:
        return f"not known: {reason(error)}"
    except CommandError as error:
        return f"not known: {error}"
    ages = answer["MetricDataResults"][0]["Values"]
    if not ages:
        return f"not known: CloudWatch has no age of the messages in {queue} of the last {span(LOOKED_BACK)}"
    return f"has waited for {span(timedelta(seconds=ages[0]))}"
