"""What AWS's service models refuse: each kind of fault, with its place and message."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
import regex
from moto.core.utils import get_service_model
from standins.aws_models import CHECKS, faults
from standins.aws_permissions import SERVICES

ALARM = {"AlarmName": "late", "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold", "Statistic": "Sum"}
SCHEDULE = {
    "Name": "every-hour",
    "ScheduleExpression": "rate(1 hour)",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {"Arn": "arn:aws:lambda:::f", "RoleArn": "arn:aws:iam::123456789012:role/r"},
}
FUNCTION = {"FunctionName": "f", "Role": "arn:aws:iam::123456789012:role/r", "Code": {"ZipFile": b"zip"}}
ROLE = {"RoleName": "r", "AssumeRolePolicyDocument": "{}"}
STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
VARIABLE = "[a-zA-Z]([a-zA-Z0-9_])+"
CONSTRAINT = "failed to satisfy constraint: Member must"


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("cloudwatch", "PutMetricAlarm", ALARM),
        ("scheduler", "CreateSchedule", SCHEDULE),
        ("lambda", "CreateFunction", FUNCTION),
        ("iam", "CreateRole", {**ROLE, "Tags": [{"Key": "Stück", "Value": ""}]}),
        ("iam", "CreateRole", {**ROLE, "Description": None}),
        ("sts", "GetCallerIdentity", {}),
        ("s3", "ListBuckets", {}),
        ("scheduler", "CreateSchedule", {**SCHEDULE, "StartDate": datetime(2026, 1, 31)}),
        ("secretsmanager", "PutSecretValue", {"SecretId": "s", "SecretString": "text"}),
    ],
)
def test_a_valid_request_has_no_fault(service: str, operation: str, params: dict[str, Any]) -> None:
    assert faults(service, operation, params) == []


@pytest.mark.parametrize(
    ("service", "operation", "params", "said"),
    [
        (
            *("scheduler", "CreateSchedule", {**SCHEDULE, "Target": None}),
            f"Value null at 'Target' {CONSTRAINT} not be null",
        ),
        (
            *("scheduler", "CreateSchedule", {**SCHEDULE, "Target": {"Arn": "arn:aws:lambda:::f"}}),
            f"Value null at 'Target.RoleArn' {CONSTRAINT} not be null",
        ),
        (
            *("cloudwatch", "PutMetricAlarm", {**ALARM, "Statistic": "Mean"}),
            f"Value 'Mean' at 'Statistic' {CONSTRAINT} satisfy enum value set: [{', '.join(STATISTICS)}]",
        ),
        (
            *("iam", "CreateRole", {**ROLE, "RoleName": "r" * 65}),
            f"Value '{'r' * 65}' at 'RoleName' {CONSTRAINT} have length less than or equal to 64",
        ),
        (
            *("iam", "CreateRole", {**ROLE, "Tags": [{"Key": "a", "Value": ""}, {"Key": "", "Value": ""}]}),
            f"Value '' at 'Tags.2.Key' {CONSTRAINT} have length greater than or equal to 1",
        ),
        (
            *("lambda", "CreateFunction", {**FUNCTION, "Layers": "none"}),
            f"Value 'none' at 'Layers' {CONSTRAINT} be a list",
        ),
        (
            *("lambda", "CreateFunction", {**FUNCTION, "Timeout": 0}),
            f"Value '0' at 'Timeout' {CONSTRAINT} have value greater than or equal to 1",
        ),
        (
            *("lambda", "CreateFunction", {**FUNCTION, "MemorySize": 10**6}),
            f"Value '1000000' at 'MemorySize' {CONSTRAINT} have value less than or equal to 32768",
        ),
        (
            *("scheduler", "CreateSchedule", {**SCHEDULE, "Name": "every hour"}),
            f"Value 'every hour' at 'Name' {CONSTRAINT} satisfy regular expression pattern: [0-9a-zA-Z-_.]+",
        ),
        (
            *("lambda", "CreateFunction", {**FUNCTION, "Environment": {"Variables": {"a-b": "c"}}}),
            f"Value at 'Environment.Variables.key' {CONSTRAINT} satisfy regular expression pattern: {VARIABLE}",
        ),
        (
            *("cloudwatch", "PutMetricAlarm", {**ALARM, "ActionsEnabled": "true"}),
            f"Value 'true' at 'ActionsEnabled' {CONSTRAINT} be a boolean",
        ),
        (
            *("scheduler", "CreateSchedule", {**SCHEDULE, "StartDate": "tomorrow"}),
            f"Value 'tomorrow' at 'StartDate' {CONSTRAINT} be a timestamp",
        ),
    ],
    ids=[
        *("missing", "missing inside", "enum", "too long", "too short, in a list", "another type", "too small"),
        *("too large", "pattern", "pattern of a key, and sensitive", "no boolean", "no timestamp"),
    ],
)
def test_a_fault_has_aws_own_message(service: str, operation: str, params: dict[str, Any], said: str) -> None:
    assert faults(service, operation, params)[:1] == [said]


def test_what_is_sensitive_is_not_shown() -> None:
    [said] = faults("secretsmanager", "PutSecretValue", {"SecretId": "s", "SecretString": "secret" * 20000})
    assert said == f"Value at 'SecretString' {CONSTRAINT} have length less than or equal to 65536"


def test_every_fault_is_reported() -> None:
    assert len(faults("cloudwatch", "PutMetricAlarm", {"Statistic": "Mean", "EvaluationPeriods": 0})) == 3


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_every_kind_of_value_in_a_model_is_validated(service: str) -> None:
    model = get_service_model(service)
    assert {model.shape_for(name).type_name for name in model.shape_names} <= CHECKS.keys()


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_every_pattern_of_a_model_compiles(service: str) -> None:
    model = get_service_model(service)
    patterns = {model.shape_for(name).metadata.get("pattern", "") for name in model.shape_names}
    assert [regex.compile(pattern) for pattern in patterns]
