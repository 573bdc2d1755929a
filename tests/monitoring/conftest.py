"""The alarms and the dashboard as Terraform plans them: nothing here is copied by hand."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from standins.aws import AwsStandIn
from standins.running_provider import running_provider
from zoomlogs.scratch import prepare

from .cloudwatch import Alarm, MetricName, alarm_in_plan, metrics_of_dashboard

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Planned:
    """What a plan of the module watches: alarms by concern, the composite alarm's name and rule, the dashboard."""

    alarms: dict[str, Alarm]
    composite: tuple[str, str]
    dashboard: dict[str, Any]

    def shown(self) -> set[MetricName]:
        return metrics_of_dashboard(json.dumps(self.dashboard), json.loads)

    def concern(self, name: str) -> str:
        return {alarm.name: concern for concern, alarm in self.alarms.items()}.get(name, "not_healthy")


def resources(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from resources(child)


def read_plan(document: dict[str, Any]) -> Planned:
    """Read what a plan watches from its JSON."""
    found = list(resources(document["planned_values"]["root_module"]))
    alarms = {one["index"]: one["values"] for one in found if one["type"] == "aws_cloudwatch_metric_alarm"}
    [composite] = [one["values"] for one in found if one["type"] == "aws_cloudwatch_composite_alarm"]
    [dashboard] = [one["values"] for one in found if one["type"] == "aws_cloudwatch_dashboard"]
    return Planned(
        {concern: alarm_in_plan(values) for concern, values in alarms.items()},
        (composite["alarm_name"], composite["alarm_rule"]),
        json.loads(dashboard["dashboard_body"]),
    )


@contextmanager
def planning(folder: str) -> Iterator[Callable[[Mapping[str, object]], Planned]]:
    """Give a function that plans a folder of the repository with the variables given."""
    with AwsStandIn() as aws, tempfile.TemporaryDirectory(prefix="plan-") as scratch:
        terraform = prepare(REPOSITORY, Path(scratch), aws.env(), folder=folder)
        terraform.init()
        file = Path(scratch) / "tfplan"

        def plan(variables: Mapping[str, object]) -> Planned:
            terraform.plan(variables, out=file)
            return read_plan(terraform.show_json(file))

        with running_provider(terraform):
            yield plan


@pytest.fixture(scope="session")
def planned() -> Planned:
    with planning("examples/minimal") as plan:
        return plan({})
