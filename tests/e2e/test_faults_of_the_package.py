"""A slice of the fault suite against the deployed package: real processes, real sockets, real kills."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from standins.deployment import Deployment
from standins.lambda_runtime import LambdaRuntime
from standins.zoom import faults

from .conftest import START

pytestmark = pytest.mark.slow

FIRST_DAY = (START - timedelta(days=3)).date()


@pytest.fixture(autouse=True)
def credentials(deployment: Deployment) -> None:
    deployment.store_credentials()


def later(deployment: Deployment, **time: float) -> None:
    deployment.zoom.clock.advance(timedelta(**time).total_seconds())


def assert_exact_after_ordinary_runs(deployment: Deployment) -> None:
    deployment.zoom.faults.clear()
    for _ in range(2):
        later(deployment, minutes=15)
        run = deployment.run_scheduled()
        assert run.ok, run.error
    comparison = deployment.compare(FIRST_DAY)
    assert comparison.exact, comparison


def test_killed_in_the_middle(deployment: Deployment) -> None:
    """A first run of which the process is gone after so many seconds, again and again."""
    dice = random.Random(7)
    killed = 0
    for _ in range(6):
        run = deployment.runtime.invoke(
            deployment.target.payload, now=deployment.zoom.clock.now(), kill_after=dice.uniform(0.05, 0.7)
        )
        killed += not run.ok
        later(deployment, minutes=5)
    assert killed
    assert_exact_after_ordinary_runs(deployment)


def test_two_sandboxes_at_once(deployment: Deployment) -> None:
    later(deployment, hours=3)
    package = deployment.runtime.package
    now = deployment.zoom.clock.now()
    with (
        LambdaRuntime(deployment.aws, deployment.target.function_name, package) as other,
        ThreadPoolExecutor(2) as pool,
    ):
        runs = list(pool.map(lambda runtime: runtime.invoke("{}", now=now), (deployment.runtime, other)))
    assert all(run.ok for run in runs), [run.error for run in runs]
    assert_exact_after_ordinary_runs(deployment)


@pytest.mark.parametrize(
    "fault",
    [
        faults.server_error(503),
        faults.reset,
        faults.truncated,
        faults.not_json,
        faults.null_list,
        faults.invalid_access_token,
    ],
    ids=["503", "reset", "truncated", "not JSON", "null list", "access token"],
)
def test_a_bad_answer_is_asked_for_again(deployment: Deployment, fault: faults.Fault) -> None:
    later(deployment, hours=1)
    deployment.zoom.faults.next(fault)
    run = deployment.run_scheduled()
    assert run.ok, run.error
    assert not deployment.zoom.faults.pending
    assert_exact_after_ordinary_runs(deployment)


def test_the_daily_limit_is_waited_for(deployment: Deployment) -> None:
    later(deployment, hours=1)
    deployment.zoom.faults.rule = lambda _request: faults.daily_limit
    run = deployment.run_scheduled()
    assert run.ok, run.error
    assert run.result["not_before"].startswith(f"{deployment.zoom.clock.now().date() + timedelta(days=1)}T00:00:00")
    calls = len(deployment.zoom.calls)
    later(deployment, minutes=15)
    assert deployment.run_scheduled().ok
    assert len(deployment.zoom.calls) == calls
    later(deployment, days=1)
    assert_exact_after_ordinary_runs(deployment)


def test_a_lost_checkpoint_is_rebuilt(deployment: Deployment) -> None:
    s3 = deployment.aws.client("s3")
    s3.delete_object(Bucket=deployment.bucket, Key="zoom/operationlogs-state/state.json")
    assert_exact_after_ordinary_runs(deployment)
    s3.put_object(Bucket=deployment.bucket, Key="zoom/operationlogs-state/state.json", Body=b"garbage")
    assert_exact_after_ordinary_runs(deployment)


def test_unknown_actions_are_refused_with_a_sentence(deployment: Deployment) -> None:
    run = deployment.runtime.invoke({"action": "delete"}, now=deployment.zoom.clock.now())
    assert not run.ok
    assert 'give "backfill" or "reconcile"' in run.error["errorMessage"]
