"""examples/both-reports applied: two collectors in one bucket, a day with faults, and who may do what.

One apply for all tests of this file, which run in their order.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from security.applied import FIRST_DAY, START
from security.matrix import ROWS, Cell, arrange, is_allowed
from security.principals import Instance, Principal, World
from standins.clock import Clock
from standins.deployment import Deployment, deployed, multiset
from standins.zoom import Account, Zoom, faults
from standins.zoom.served import SERVED
from terraform.expected import surprising

REPOSITORY = Path(__file__).resolve().parents[2]
INSTANCES = {"operation_logs": "operationlogs", "sign_ins": "activities"}

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]


@dataclass
class Both:
    """The deployments of the two collectors, by the example's outputs, in one account, bucket and Zoom account."""

    of: dict[str, Deployment]

    @property
    def one(self) -> Deployment:
        return self.of["operation_logs"]

    def records(self, name: str) -> list[dict[str, Any]]:
        """Return what Zoom shows of the report that this collector collects."""
        report = self.one.zoom.reports_of(INSTANCES[name])[self.one.zoom.account.id]
        return report.records(FIRST_DAY)

    def later(self, **time: float) -> None:
        self.one.zoom.clock.advance(timedelta(**time).total_seconds())


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    account = Account(scopes=tuple(SERVED[name].scope for name in INSTANCES.values()))
    zoom = Zoom(account, clock=Clock(START))
    for number, name in enumerate(INSTANCES.values()):
        for day in range(-3, 3):
            date = (START + timedelta(days=day)).date()
            zoom.reports_of(name)[account.id].add_day(date, 200, seed=10 * number + day + 4, twins=0.02)
    folder = "examples/both-reports"
    with ExitStack() as stack:
        world = stack.enter_context(
            deployed(REPOSITORY, zoom, folder=folder, one_provider=True, instance="operation_logs")
        )
        sign_ins = world.outputs["sign_ins"]
        world.store_credentials()
        second = replace(
            world,
            outputs={**world.outputs, "secret_arn": sign_ins["secret"]["arn"]},
            runtime=stack.enter_context(world.another_runtime(sign_ins["function"]["name"])),
        )
        second.store_credentials()
        yield Both({"operation_logs": world, "sign_ins": second})


# --- a day with faults -----------------------------------------------------------------------------------------------

ZOOM_FAULTS = [faults.server_error(503), faults.reset, faults.truncated, faults.null_list, faults.invalid_access_token]


def step(world: Deployment, own: Instance, dice: random.Random) -> None:
    """Run once; in most steps something goes wrong."""
    match dice.choice(["well", "killed", "zoom", "twice", "lost", "spoilt"]):
        case "killed":
            world.run("{}", world.runtime, kill_after=dice.uniform(0.05, 0.7))
            return
        case "zoom":
            world.zoom.faults.next(dice.choice(ZOOM_FAULTS))
        case "twice":
            with world.another_runtime(own.function_name) as other, ThreadPoolExecutor(2) as pool:
                runs = list(pool.map(lambda runtime: world.run("{}", runtime), (world.runtime, other)))
            assert all(run.ok for run in runs), [run.error for run in runs]
            return
        case "lost" | "spoilt" as what:
            s3, place = world.aws.client("s3"), {"Bucket": own.bucket, "Key": own.state_key}
            with world.aws.without_bucket_policy(own.bucket):
                s3.delete_object(**place) if what == "lost" else s3.put_object(**place, Body=b"garbage")
    assert (run := world.run("{}", world.runtime)).ok, run.error


def test_a_day_of_both_with_faults_is_exact(both: Both) -> None:
    dice = random.Random("both reports")
    with both.one.aws.authorising():
        for _ in range(6):
            for name, world in both.of.items():
                step(world, Instance(world.outputs[name]), dice)
                both.one.zoom.faults.clear()
            both.later(hours=4)
        for _ in range(2):
            both.later(minutes=15)
            for world in both.of.values():
                assert (run := world.run("{}", world.runtime)).ok, run.error
    for name, world in both.of.items():
        archived = [record for stored in world.objects() for record in stored.records]
        assert archived
        assert multiset(archived) == multiset(both.records(name))
    listed = both.one.aws.client("s3").list_objects_v2(Bucket=both.one.bucket)["Contents"]
    folders = {one["Key"].split("/")[1] for one in listed}
    assert folders == {"operationlogs", "operationlogs-state", "activities", "activities-state"}


def test_a_second_plan_is_empty(both: Both) -> None:
    plan = both.one.terraform.plan(both.one.variables)
    assert not plan.changed, plan.actions
    assert surprising(plan.warnings) == []


# --- least privilege -------------------------------------------------------------------------------------------------

PRINCIPALS = (Principal.COLLECTOR, Principal.SCHEDULER, Principal.READER_USER)
WITHOUT = ("Locked records", "The KMS key", "The feed's queue", "Identity")
"""Groups of the matrix about what the example does not have, or about a reader that is a role."""

IN_A_SHARED_BUCKET = {
    "The checkpoint of its own bucket: check whether it exists",
    "The rest of its own bucket: list all of it",
    "The rest of its own bucket: list another folder",
    "The rest of its own bucket: list the folder above",
    "The rest of its own bucket: check whether it exists",
}
"""What a reader may do in a bucket of its own only."""

ONE_BUCKET = {"Other buckets: get the other's region"}
"""What the matrix denies of the other's bucket, and a reader may: it is its own."""


class Shared(World):
    """Two instances with one bucket: `alpha` is the one whose principals call."""

    def collector(self, own: Instance) -> Any:
        return self.client(self.collector_keys(own), "s3")


@pytest.fixture(scope="module")
def worlds(both: Both) -> dict[str, Shared]:
    outputs = both.one.outputs
    made = {
        name: Shared(both.one.aws, {"alpha": outputs[name], "beta": outputs[other]})
        for name, other in (("operation_logs", "sign_ins"), ("sign_ins", "operation_logs"))
    }
    with both.one.aws.authorising():
        arrange(made["operation_logs"], PRINCIPALS)
    return made


@pytest.mark.parametrize("principal", PRINCIPALS, ids=lambda principal: principal.value)
@pytest.mark.parametrize("name", INSTANCES)
def test_each_may_do_what_the_matrix_says_in_one_bucket_too(
    worlds: dict[str, Shared], name: str, principal: Principal
) -> None:
    world = worlds[name]
    rows = [row for row in ROWS if not row.group.startswith(WITHOUT)]
    with world.aws.authorising():
        allowed = {f"{row.group}: {row.does}" for row in rows if is_allowed(Cell(world, principal), row)}
    expected = {f"{row.group}: {row.does}" for row in rows if principal in row.allowed}
    if principal is Principal.READER_USER:
        expected = expected - IN_A_SHARED_BUCKET | ONE_BUCKET
    assert {"denied": expected - allowed, "allowed": allowed - expected} == {"denied": set(), "allowed": set()}


# --- the end ---------------------------------------------------------------------------------------------------------


@pytest.mark.destroys
def test_force_destroy_deletes_the_records_of_both(both: Both) -> None:
    s3, bucket = both.one.aws.client("s3"), both.one.bucket
    for name in INSTANCES:
        own = Instance(both.one.outputs[name])
        assert s3.list_object_versions(Bucket=bucket, Prefix=own.prefix)["Versions"]
        assert s3.list_object_versions(Bucket=bucket, Prefix=own.state_key)["Versions"]
    both.one.terraform.destroy(both.one.variables)
    assert not both.one.terraform.state_list()
    assert s3.list_buckets()["Buckets"] == []
