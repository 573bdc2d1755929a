"""Part of the fault suite against the deployed package: real processes, real sockets, real kills."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from security.applied import FIRST_DAY
from standins.deployment import Deployment
from standins.zoom import faults

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]

STATE_KEY = "zoom/operationlogs-state/state.json"


@pytest.fixture(autouse=True)
def credentials(deployment: Deployment) -> None:
    deployment.store_credentials()


def leave(deployment: Deployment, body: bytes | None) -> None:
    """Damage or delete the checkpoint, without the bucket policy."""
    s3, place = deployment.aws.client("s3"), {"Bucket": deployment.bucket, "Key": STATE_KEY}
    with deployment.aws.without_bucket_policy(deployment.bucket):
        s3.delete_object(**place) if body is None else s3.put_object(**place, Body=body)


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


def test_runs_killed_in_the_middle(deployment: Deployment) -> None:
    """Runs with much work, each killed after a number of seconds."""
    assert deployment.run_scheduled().ok  # the archive then starts with the first day, which leaves the window
    leave(deployment, None)
    later(deployment, hours=20)
    dice = random.Random(7)
    killed = 0
    for _ in range(6):
        run = deployment.run(deployment.target.payload, kill_after=dice.uniform(0.05, 0.7))
        killed += not run.ok
        later(deployment, minutes=5)
    assert killed
    assert_exact_after_ordinary_runs(deployment)


def test_two_sandboxes_at_once(deployment: Deployment) -> None:
    later(deployment, hours=3)
    with deployment.another_runtime() as other, ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda runtime: deployment.run("{}", runtime), (deployment.runtime, other)))
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
def test_a_bad_answer_is_requested_again(deployment: Deployment, fault: faults.Fault) -> None:
    later(deployment, hours=1)
    deployment.zoom.faults.next(fault)
    run = deployment.run_scheduled()
    assert run.ok, run.error
    assert not deployment.zoom.faults.pending
    assert_exact_after_ordinary_runs(deployment)


def test_runs_wait_for_the_daily_limit(deployment: Deployment) -> None:
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
    leave(deployment, None)
    assert_exact_after_ordinary_runs(deployment)
    leave(deployment, b"garbage")
    assert_exact_after_ordinary_runs(deployment)


def test_unknown_actions_are_refused_with_a_message(deployment: Deployment) -> None:
    run = deployment.run({"action": "delete"})
    assert not run.ok
    assert 'use "run", "backfill", "reconcile", "accept" or "probe"' in run.error["errorMessage"]
