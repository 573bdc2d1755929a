"""The examples: those whose resources no other has are applied, planned again and destroyed, the others are planned.

Most of the time goes into waiting for AWS, so the applied ones live side by side, each on an AWS of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from standins.aws import AwsStandIn
from standins.running_provider import running_provider
from zoomlogs.scratch import prepare, provider_aliases
from zoomlogs.terraform import Changes, Plan

REPOSITORY = Path(__file__).resolve().parents[2]
APPLIED = ["complete", "existing-bucket", "private-network"]
PLANNED = ["government", "multi-account", "plan-check"]
ELSEWHERE = {
    "adopt-console-setup",  # imports what tests/adoption makes first, and is applied there
    "minimal",  # applied for tests/operate; its end is in test_minimal.py
}
VARIABLES: dict[str, dict[str, object]] = {
    "complete": {
        "zoom_credentials": {"account_id": "a", "client_id": "b", "client_secret": "hush-hush"},
        "credentials_version": 1,
    },
}

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]


def test_each_example_is_applied_or_planned() -> None:
    found = {file.parent.name for file in REPOSITORY.glob("examples/*/main.tf")}
    assert found == {*APPLIED, *PLANNED, *ELSEWHERE}


def test_what_is_only_planned_has_no_resource_that_is_not_applied(
    lives: dict[str, Future[Life]], plans: dict[str, dict[str, Any]]
) -> None:
    """The same resources, with other values: what AWS takes of them is known from the ones applied."""
    kinds = {one["type"] for plan in plans.values() for one in plan["resource_changes"]}
    assert kinds - {kind for life in lives.values() for kind in life.result().kinds} == set()


# --- applied ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Life:
    """What became of an example, from apply to destroy."""

    applied: Changes
    kinds: set[str]
    outputs: dict[str, Any]
    second_plan: Plan
    destroyed: Changes
    left: list[str]


def live(example: str, scratch: Path) -> Life:
    with ExitStack() as stack:
        aws = stack.enter_context(AwsStandIn())
        terraform = prepare(REPOSITORY, scratch, aws.env(), folder=f"examples/{example}")
        terraform.init()
        stack.enter_context(running_provider(terraform))
        variables = {"force_destroy": True, **VARIABLES.get(example, {})}
        applied = terraform.apply(variables)
        return Life(
            applied,
            {address.split(".")[-2] for address in terraform.state_list()},
            terraform.output(),
            terraform.plan(variables),
            terraform.destroy(variables),
            terraform.state_list(),
        )


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Life]]]:
    with ThreadPoolExecutor(len(APPLIED)) as pool:
        yield {name: pool.submit(live, name, tmp_path_factory.mktemp(name)) for name in APPLIED}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("example", APPLIED)
def test_an_example_is_applied_stays_as_it_is_and_goes(example: str, lives: dict[str, Future[Life]]) -> None:
    life = lives[example].result()
    assert life.applied.add > 20
    assert not life.second_plan.changed, life.second_plan.actions
    assert not life.second_plan.warnings
    assert life.destroyed == Changes(destroy=life.applied.add)
    assert life.left == []


def test_what_the_complete_example_asked_for_is_what_it_got(lives: dict[str, Future[Life]]) -> None:
    made = lives["complete"].result().outputs["zoom_operation_logs"]
    assert made["function"]["name"] == "emea-zoom-operation-logs"
    assert made["role"]["arn"].endswith(":role/security/emea-zoom-operation-logs-collector")
    assert made["schedule"]["expression"] == "cron(0/10 * * * ? *)"
    assert made["bucket"]["uri"] == "s3://zoom-operation-logs/audit/zoom/operationlogs/"
    assert made["reader"]["mode"] == "role"
    assert made["function"]["environment"]["FEED_DELETES"] == "true"
    assert "hush-hush" not in str(made)


# --- planned ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Plan an example and read the plan as `terraform show -json` gives it."""
    made = {}
    with AwsStandIn() as aws:
        for name in [*PLANNED, "minimal"]:
            scratch = tmp_path_factory.mktemp(name)
            terraform = prepare(REPOSITORY, scratch, aws.env(), folder=f"examples/{name}")
            terraform.init()
            with ExitStack() as stack:
                if len(provider_aliases(terraform.workdir)) == 1:
                    stack.enter_context(running_provider(terraform))
                plan = terraform.plan({"force_destroy": True}, out=scratch / "tfplan")
                assert not plan.warnings
                made[name] = terraform.show_json(scratch / "tfplan")
    return made


def created(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """List what a plan creates; it must do nothing else."""
    changes = [one for one in plan["resource_changes"] if one["mode"] == "managed"]
    assert {tuple(one["change"]["actions"]) for one in changes} == {("create",)}
    assert len(changes) > 20
    return changes


def arns(resources: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    """Collect partition, region and account of every ARN in planned values that names a region."""
    text = json.dumps([one["change"]["after"] for one in resources])
    return set(re.findall(r"arn:([\w-]+):[\w-]+:([\w-]+):(\d{12}):", text))


@pytest.mark.parametrize("example", [*PLANNED, "minimal"])
def test_a_first_plan_shows_what_the_function_is_set_to(example: str, plans: dict[str, dict[str, Any]]) -> None:
    """One value that is known after apply only would hide the whole environment."""
    functions = [one["change"] for one in created(plans[example]) if one["type"] == "aws_lambda_function"]
    assert functions
    for function in functions:
        [environment] = function["after"]["environment"]
        assert function["after_unknown"]["environment"] in ([{}], [{"variables": {}}])
        assert environment["variables"]["ZOOM_SECRET_ID"].endswith("zoom-operationlogs-credentials")
        assert environment["variables"]["S3_SSE"] == "AES256"


def test_each_account_and_region_gets_its_own(plans: dict[str, dict[str, Any]]) -> None:
    resources = created(plans["multi-account"])
    expected = {
        "module.emea.": ("aws", "eu-west-1", "111122223333"),
        'module.americas["north"].': ("aws", "us-east-1", "444455556666"),
        'module.americas["south"].': ("aws", "us-east-1", "444455556666"),
    }
    for module, place in expected.items():
        assert arns([one for one in resources if one["address"].startswith(module)]) == {place}
    secrets = {
        one["address"].partition(".module.collector")[0]: one["change"]["after"]["name"]
        for one in resources
        if one["type"] == "aws_secretsmanager_secret"
    }
    assert secrets == {
        "module.emea": "zoom-operationlogs-credentials",
        'module.americas["north"]': "north-zoom-operationlogs-credentials",
        'module.americas["south"]': "south-zoom-operationlogs-credentials",
    }


def test_a_government_account_has_its_own_partition(plans: dict[str, dict[str, Any]]) -> None:
    resources = created(plans["government"])
    assert {(partition, region) for partition, region, _ in arns(resources)} == {("aws-us-gov", "us-gov-west-1")}
    assert "arn:aws:" not in json.dumps([one["change"]["after"] for one in resources])


def test_the_root_of_a_pipeline_gives_everything_its_tags(plans: dict[str, dict[str, Any]]) -> None:
    tags = [
        one["change"]["after"]["tags_all"]
        for one in created(plans["plan-check"])
        if "tags_all" in one["change"]["after"]
    ]
    assert len(tags) > 10
    assert [each for each in tags if each != {"owner": "security", "service": "zoom-operation-logs"}] == []
