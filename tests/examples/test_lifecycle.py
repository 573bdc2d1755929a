"""Every example is applied, planned again without a change, and destroyed to nothing, each on an AWS of its own.

Most of the time goes into waiting for AWS, so the examples run side by side.
"""

from __future__ import annotations

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
ELSEWHERE = {
    "adopt-console-setup",  # imports what tests/adoption makes first, and is applied there
    "minimal",  # lives the same life in tests/e2e/test_main_job.py, with a fortnight of runs in between
}
EXAMPLES = sorted({file.parent.name for file in REPOSITORY.glob("examples/*/main.tf")} - ELSEWHERE)
AT_ONCE = 4
VARIABLES: dict[str, dict[str, object]] = {
    "complete": {
        "zoom_credentials": {"account_id": "a", "client_id": "b", "client_secret": "hush-hush"},
        "credentials_version": 1,
    },
}

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Life:
    """What became of an example, from apply to destroy."""

    applied: Changes
    outputs: dict[str, Any]
    second_plan: Plan
    destroyed: Changes
    left: list[str]


def live(example: str, scratch: Path) -> Life:
    with ExitStack() as stack:
        aws = stack.enter_context(AwsStandIn())
        terraform = prepare(REPOSITORY, scratch, aws.env(), folder=f"examples/{example}")
        terraform.init()
        if len(provider_aliases(terraform.workdir)) == 1:
            stack.enter_context(running_provider(terraform))
        variables = {"force_destroy": True, **VARIABLES.get(example, {})}
        applied = terraform.apply(variables)
        return Life(
            applied,
            terraform.output(),
            terraform.plan(variables),
            terraform.destroy(variables),
            terraform.state_list(),
        )


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Life]]]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {name: pool.submit(live, name, tmp_path_factory.mktemp(name)) for name in EXAMPLES}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_applied_stays_as_it_is_and_goes(example: str, lives: dict[str, Future[Life]]) -> None:
    life = lives[example].result()
    assert life.applied.add > 20
    assert not life.second_plan.changed, life.second_plan.actions
    assert not life.second_plan.warnings
    assert life.destroyed == Changes(destroy=life.applied.add)
    assert life.left == []


def test_each_account_and_region_gets_its_own(lives: dict[str, Future[Life]]) -> None:
    arns = lives["multi-account"].result().outputs["secret_arns"]
    assert {name: arn.rpartition("-")[0] for name, arn in arns.items()} == {
        "emea": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:zoom-operationlogs-credentials",
        "north": "arn:aws:secretsmanager:us-east-1:444455556666:secret:north-zoom-operationlogs-credentials",
        "south": "arn:aws:secretsmanager:us-east-1:444455556666:secret:south-zoom-operationlogs-credentials",
    }


def test_a_government_account_has_its_own_partition(lives: dict[str, Future[Life]]) -> None:
    outputs = lives["government"].result().outputs
    assert outputs["secret_arn"].startswith("arn:aws-us-gov:secretsmanager:us-gov-west-1:")
    assert "arn:aws:" not in str(outputs)


def test_what_the_complete_example_asked_for_is_what_it_got(lives: dict[str, Future[Life]]) -> None:
    made = lives["complete"].result().outputs["zoom_operation_logs"]
    assert made["function"]["name"] == "emea-zoom-operation-logs"
    assert made["role"]["arn"].endswith(":role/security/emea-zoom-operation-logs-collector")
    assert made["schedule"]["expression"] == "cron(0/10 * * * ? *)"
    assert made["bucket"]["uri"] == "s3://zoom-operation-logs/audit/zoom/operationlogs/"
    assert made["reader"]["mode"] == "role"
    assert made["function"]["environment"]["FEED_DELETES"] == "true"
    assert "hush-hush" not in str(made)
