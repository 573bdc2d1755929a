"""An upgrade destroys nothing: the current module is planned over the states of earlier versions.

The plan uses only the recorded state, without a refresh from AWS, so it takes seconds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from harness.scratch import prepare
from harness.terraform import Terraform
from standins.aws import AwsStandIn
from standins.running_provider import running_provider

from .earlier import FOLDER, REPOSITORY, STATES

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]

RECORDED = sorted(file.stem for file in STATES.glob("*.json"))
KEPT = ("aws_s3_bucket", "aws_secretsmanager_secret", "aws_cloudwatch_log_group", "aws_sqs_queue")
"""Resources that a caller must not lose."""

IN_PLACE = ("create", "update", "move", "read")

State = dict[str, Any]
Actions = dict[str, str]


@pytest.fixture(scope="module")
def terraform(aws: AwsStandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terraform]:
    """Return a Terraform for the fixture; the AWS account is empty, and only its ID and region are read."""
    made = prepare(REPOSITORY, tmp_path_factory.mktemp("upgrade"), aws.env(), folder=FOLDER)
    made.init()
    with running_provider(made):
        yield made


def recorded(version: str) -> State:
    """Return a state with another package than the current one, like that of an earlier version.

    With the same package, the plan would read the function's code, and this account has no function.
    """
    state: State = json.loads((STATES / f"{version}.json").read_text(encoding="utf-8"))
    for resource in state["resources"]:
        for instance in resource["instances"] if resource["type"] == "aws_lambda_function" else []:
            instance["attributes"]["source_code_hash"] = "of an earlier package"
    return state


def planned_over(terraform: Terraform, state: State) -> Actions:
    """Plan the current module over a state; return the actions on each resource that changes."""
    (terraform.workdir / "terraform.tfstate").write_text(json.dumps(state), encoding="utf-8")
    return terraform.plan(refresh=False).actions


def managed(state: State) -> set[str]:
    """Return the addresses in a state, in a plan's form."""
    found = set()
    for resource in state["resources"]:
        for instance in resource["instances"] if resource["mode"] == "managed" else []:
            key = f"[{json.dumps(instance['index_key'])}]" if "index_key" in instance else ""
            found.add(f"{resource['module']}.{resource['type']}.{resource['name']}{key}")
    return found


@pytest.fixture(scope="module", params=RECORDED)
def upgraded(request: pytest.FixtureRequest, terraform: Terraform) -> tuple[State, Actions]:
    state = recorded(request.param)
    return state, planned_over(terraform, state)


def test_an_earlier_state_exists() -> None:
    assert RECORDED, "record one: python tests/upgrade REVISION"


def test_an_upgrade_destroys_and_replaces_nothing(upgraded: tuple[State, Actions]) -> None:
    state, actions = upgraded
    assert len(managed(state)) > 45
    assert {address: does for address, does in actions.items() if does not in IN_PLACE} == {}
    # Nor is anything forgotten, or created twice.
    assert [address for address in managed(state) if actions.get(address, "no-op") not in ("no-op", "update")] == []


def test_an_upgrade_keeps_resources_and_updates_the_function_in_place(
    upgraded: tuple[State, Actions],
) -> None:
    state, actions = upgraded
    kept = {address for address in managed(state) if address.split(".")[4] in KEPT}
    assert len(kept) == 2 * len(KEPT)
    assert kept & actions.keys() == set()
    functions = {f"module.{use}.module.collector.aws_lambda_function.collector" for use in ("small", "large")}
    assert {actions[address] for address in functions} == {"update"}


def test_a_version_that_destroys_something_is_detected(terraform: Terraform) -> None:
    state = recorded(RECORDED[-1])
    small = {(one["type"], one["name"]): one for one in state["resources"] if "module.small" in one["module"]}
    # A changed address, a changed name in AWS, and a resource that is no longer created.
    small["aws_sqs_queue", "dead_letters"]["name"] = "had_another_name"
    small["aws_iam_role", "collector"]["instances"][0]["attributes"] |= {"name": "another", "id": "another"}
    gone = {"schema_version": 0, "attributes": {"name": "somebody", "id": "somebody"}}
    small["aws_cloudwatch_log_group", "collector"] |= {"type": "aws_iam_user", "name": "gone", "instances": [gone]}
    lost = {address: does for address, does in planned_over(terraform, state).items() if does in ("delete", "replace")}
    assert lost["module.small.module.collector.aws_sqs_queue.had_another_name"] == "delete"
    assert lost["module.small.module.collector.aws_iam_role.collector"] == "replace"
    assert lost["module.small.module.collector.aws_iam_user.gone"] == "delete"


def test_moving_the_bucket_destroys_nothing(terraform: Terraform) -> None:
    """As in docs/operations.md: the archive is removed from the state, and the module gets a new bucket name."""
    state = recorded(RECORDED[-1])
    state["resources"] = [one for one in state["resources"] if "module.archive" not in one.get("module", "")]
    main = terraform.workdir / "main.tf"
    before = main.read_text(encoding="utf-8")
    main.write_text(re.sub(r'bucket_name( *)= "', r'bucket_name\1= "new-', before), encoding="utf-8")
    try:
        actions = planned_over(terraform, state)
    finally:
        main.write_text(before, encoding="utf-8")
    assert {address: does for address, does in actions.items() if does not in IN_PLACE} == {}
    made = {address for address, does in actions.items() if does == "create"}
    assert {
        "module.small.module.archive.aws_s3_bucket.archive[0]",
        "module.large.module.archive.aws_s3_bucket.archive[0]",
    } <= made
    # The function writes to the new bucket.
    assert actions["module.small.module.collector.aws_lambda_function.collector"] == "update"
