"""Adds to moto's CloudWatch: composite alarms that follow others, histories, metrics in the log.

Sources: CloudWatch user guide, "Create a composite alarm"; API reference, "SetAlarmState" and "DescribeAlarmHistory";
CloudWatch user guide, "Embedding metrics within logs"; SNS developer guide, on event sources and encrypted topics.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.logs.models import LogsBackend

from standins.alarm_rules import holds

MayPublish = Callable[[str, str], str]
"""Returns why CloudWatch may not publish to a topic for an alarm, by the ARNs of both; "" if it may."""

OF_STATE = {"ALARM": "alarm_actions", "OK": "ok_actions", "INSUFFICIENT_DATA": "insufficient_data_actions"}


def repair_composite_alarms() -> None:
    """`PutCompositeAlarm` is missing and an apply retries it for ten minutes; moto's metric alarm keeps its rule."""
    CloudWatchResponse.put_composite_alarm = CloudWatchResponse.put_metric_alarm  # type: ignore[attr-defined]


def repair_deletion_of_alarms() -> None:
    """CloudWatch does not delete an alarm that a composite alarm's rule names; moto does."""
    delete = CloudWatchBackend.delete_alarms

    @functools.wraps(delete)
    def delete_unnamed(self: Any, alarm_names: list[str]) -> None:
        left = [alarm for alarm in self.alarms.values() if alarm.name not in alarm_names]
        for name in alarm_names:
            if naming := [alarm.name for alarm in left if f'"{name}"' in (alarm.rule or "")]:
                raise ValidationError(
                    f"Cannot delete {name} as there are composite alarm(s) depending on it: {', '.join(naming)}"
                )
        delete(self, alarm_names)

    CloudWatchBackend.delete_alarms = delete_unnamed  # type: ignore[method-assign]


def repair_states_of_alarms(why_not: MayPublish) -> None:
    """A change of state is added to the alarm's history, runs its actions, and updates the composite alarms.

    Composite alarms are evaluated immediately after each change of another alarm. No message is sent: the history shows
    whether CloudWatch could publish it.
    """
    set_state = CloudWatchBackend.set_alarm_state

    def change(alarm: Any, state: str, reason: str) -> None:
        before = alarm.state_value
        if before == state:
            return
        alarm.state_value, alarm.state_reason, alarm.state_updated_timestamp = state, reason, utcnow()
        data = {"version": "1.0", "oldState": {"stateValue": before}, "newState": {"stateValue": state}}
        note(alarm, "StateUpdate", f"Alarm updated from {before} to {state}", data)
        if alarm.actions_enabled:
            for topic in getattr(alarm, OF_STATE[state]):
                tell(alarm, topic)

    def tell(alarm: Any, topic: str) -> None:
        error = why_not(topic, alarm.alarm_arn)
        failed = f'Failed to execute action {topic}. Received error: "{error}"'
        note(alarm, "Action", failed if error else f"Successfully executed action {topic}", {"error": error or None})

    @functools.wraps(set_state)
    def set_and_follow(self: Any, alarm_name: str, reason: str, reason_data: str, state_value: str) -> None:
        known = self.alarms.get(alarm_name)
        before = known and (known.state_value, known.state_updated_timestamp)
        set_state(self, alarm_name, reason, reason_data, state_value)
        alarm = self.alarms[alarm_name]
        alarm.state_value, alarm.state_updated_timestamp = before
        change(alarm, state_value, reason)
        states = {name: each.state_value for name, each in self.alarms.items()}
        for composite in [each for each in self.alarms.values() if each.rule]:
            change(composite, "ALARM" if holds(composite.rule, states) else "OK", f"{alarm_name} became {state_value}")

    CloudWatchBackend.set_alarm_state = set_and_follow  # type: ignore[method-assign]


def note(alarm: Any, kind: str, summary: str, data: dict[str, Any]) -> None:
    """Add an entry to an alarm's history."""
    alarm.__dict__.setdefault("entries", []).append(
        {
            "AlarmName": alarm.name,
            "AlarmType": "CompositeAlarm" if alarm.rule else "MetricAlarm",
            "Timestamp": utcnow(),
            "HistoryItemType": kind,
            "HistorySummary": summary,
            "HistoryData": json.dumps(data),
        }
    )


def repair_histories_of_alarms() -> None:
    """moto has no DescribeAlarmHistory. It returns composite alarms only if the request asks for their type."""

    def describe_alarm_history(self: Any) -> ActionResult:
        name, kinds = self._get_param("AlarmName"), self._get_param("AlarmTypes") or ["MetricAlarm"]
        item_type, most = self._get_param("HistoryItemType"), int(self._get_param("MaxRecords") or 100)
        found = [
            entry
            for alarm in self.cloudwatch_backend.alarms.values()
            if name in (None, alarm.name)
            for entry in alarm.__dict__.get("entries", [])
            if entry["AlarmType"] in kinds and item_type in (None, entry["HistoryItemType"])
        ]
        newest_first = self._get_param("ScanBy") != "TimestampAscending"
        return ActionResult({"AlarmHistoryItems": (found[::-1] if newest_first else found)[:most]})

    CloudWatchResponse.describe_alarm_history = describe_alarm_history  # type: ignore[attr-defined]


def repair_metrics_in_logs() -> None:
    """CloudWatch extracts metrics from log events in the embedded metric format; moto only stores the events."""
    put = LogsBackend.put_log_events

    @functools.wraps(put)
    def put_and_extract(
        self: Any, log_group_name: str, log_stream_name: str, log_events: list[dict[str, Any]]
    ) -> tuple[str, dict[str, Any]]:
        answer = put(self, log_group_name, log_stream_name, log_events)
        metrics = cloudwatch_backends[self.account_id][self.region_name]
        for event in log_events:
            for namespace, datum in metrics_in(event["message"]):
                metrics.put_metric_data(namespace, [datum])
        return answer

    LogsBackend.put_log_events = put_and_extract  # type: ignore[method-assign]


def metrics_in(message: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the metrics of a log event, each with its namespace, as PutMetricData takes them."""
    event: Any = None
    with suppress(ValueError):
        event = json.loads(message)
    if not isinstance(event, dict) or "_aws" not in event:
        return
    at = datetime.fromtimestamp(event["_aws"]["Timestamp"] / 1000, UTC).replace(tzinfo=None)  # as moto keeps times
    for directive in event["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = [{"Name": name, "Value": event[name]} for name in names]
            for metric in directive["Metrics"]:
                value = event[metric["Name"]]
                values = value if isinstance(value, list) else [value]
                named = {"MetricName": metric["Name"], "Unit": metric.get("Unit"), "Dimensions": dimensions}
                yield directive["Namespace"], {**named, "Values": values, "Timestamp": at}
