"""The alarms and the dashboard as Terraform plans them: nothing here is copied by hand."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from harness.scratch import prepare
from harness.terraform import Terraform
from standins.aws import AwsStandIn
from standins.running_provider import running_provider

from .cloudwatch import Alarm, MetricName, alarm_in_plan, metrics_of_dashboard
from .schedules import SCHEDULES

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Planned:
    """The monitoring in a plan of the module: alarms by concern, the composite alarm's name and rule, the dashboard,
    and the descriptions of the alarms."""

    alarms: dict[str, Alarm]
    composite: tuple[str, str]
    dashboard: dict[str, Any]
    descriptions: dict[str, str]

    def shown(self) -> set[MetricName]:
        return metrics_of_dashboard(json.dumps(self.dashboard), json.loads)

    def concern(self, name: str) -> str:
        return {alarm.name: concern for concern, alarm in self.alarms.items()}.get(name, "not_healthy")


def resources(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from resources(child)


def read_plan(module: dict[str, Any]) -> Planned:
    """Read the monitoring of one module from a plan's JSON."""
    found = list(resources(module))
    alarms = {one["index"]: one["values"] for one in found if one["type"] == "aws_cloudwatch_metric_alarm"}
    [composite] = [one["values"] for one in found if one["type"] == "aws_cloudwatch_composite_alarm"]
    [dashboard] = [one["values"] for one in found if one["type"] == "aws_cloudwatch_dashboard"]
    return Planned(
        {concern: alarm_in_plan(values) for concern, values in alarms.items()},
        (composite["alarm_name"], composite["alarm_rule"]),
        json.loads(dashboard["dashboard_body"]),
        {concern: values["alarm_description"] for concern, values in alarms.items()}
        | {"not_healthy": composite["alarm_description"]},
    )


@pytest.fixture(scope="session")
def alarms_account() -> Iterator[tuple[AwsStandIn, Terraform]]:
    """Return an AWS account, and a Terraform for the alarms in it, with the provider already running."""
    with AwsStandIn() as aws, tempfile.TemporaryDirectory(prefix="alarms-") as scratch:
        terraform = prepare(REPOSITORY, Path(scratch), aws.env(), folder="tests/fixtures/alarms")
        terraform.init()
        with running_provider(terraform):
            yield aws, terraform


@pytest.fixture(scope="session")
def plans(alarms_account: tuple[AwsStandIn, Terraform]) -> dict[str, Planned]:
    """Return the monitoring for each schedule, by the schedule's name, and under "" that of the default."""
    _, terraform = alarms_account
    file = terraform.workdir / "tfplan"
    schedules = {name: schedule.inputs for name, schedule in SCHEDULES.items()}
    terraform.plan({"schedules": schedules, "whole": True}, out=file)
    planned = terraform.show_json(file)["planned_values"]["root_module"]["child_modules"]
    modules = {one["address"]: one for one in planned}
    of_schedules = {name: read_plan(modules[f'module.monitoring["{name}"]']) for name in SCHEDULES}
    return of_schedules | {"": read_plan(modules["module.whole[0]"])}


@pytest.fixture(scope="session")
def planned(plans: dict[str, Planned]) -> Planned:
    return plans[""]
