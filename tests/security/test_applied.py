"""Least privilege and secrecy of the module as Terraform applied it: one apply, then everybody tries everything."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import boto3
import pytest
from botocore.exceptions import ClientError
from harness.terraform import TerraformError
from terraform.expected import surprising
from zoomlogs.doctor.checks import CHECKS
from zoomlogs.doctor.facts import Facts

from .applied import ALPHA, BETA, RECORDS_A_DAY, START, Applied
from .leaks import as_json, found, in_account, in_folder
from .matrix import ATTEMPTS, LOCK_MODES, ROWS, TRUST, Attempt, Cell, Trust, arrange, is_allowed, versions
from .principals import Instance, Principal, World

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world(applied: Applied) -> World:
    """The world with all that the calls ask for in it; after the runs, whose archive it adds to."""
    with applied.deployment.aws.authorising():
        arrange(applied.world)
    return applied.world


# --- what happened before: tests/e2e ---------------------------------------------------------------------------------


@pytest.fixture(scope="module", autouse=True)
def collected(applied: Applied) -> None:
    """Let the collector have run, where tests/e2e was left out."""
    deployment = applied.deployment
    deployment.store_credentials()
    for _ in range(30):
        if len(deployment.objects()) > 20:
            break
        assert deployment.run_scheduled().ok
        deployment.zoom.clock.advance(timedelta(minutes=75).total_seconds())


def test_the_feeds_queue_is_told_of_each_object_of_records_and_of_nothing_else(applied: Applied) -> None:
    deployment, own = applied.deployment, applied.world.instance("alpha")
    sqs, queue = deployment.aws.client("sqs"), own.outputs["secops_feed"]["queue"]["url"]
    told = []
    while received := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
        told += [json.loads(one["Body"]) for one in received]
    keys = [record["s3"]["object"]["key"] for one in told for record in one.get("Records", [])]
    listed = deployment.aws.client("s3").list_objects_v2(Bucket=own.bucket)["Contents"]
    there = [one["Key"] for one in listed]
    assert own.state_key in there
    assert sorted(unquote(key) for key in keys) == sorted(key for key in there if key.startswith(own.prefix))
    assert len(keys) > 20


def test_credentials_that_passed_through_terraform_work_and_debug_is_on(applied: Applied) -> None:
    beta = applied.world.instance("beta")
    with applied.deployment.aws.authorising(), applied.runtime(beta) as runtime:
        logging, variables = runtime.configuration["LoggingConfig"], runtime.configuration["Environment"]["Variables"]
        logging["ApplicationLogLevel"] = variables["POWERTOOLS_LOG_LEVEL"] = "DEBUG"
        run = applied.deployment.run("{}", runtime)
    assert run.ok, run.error
    assert run.result["written"] > 3 * RECORDS_A_DAY
    assert any("DEBUG" in line for line in run.logs)


# --- what is locked --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "mode"), [("alpha", "COMPLIANCE"), ("beta", "GOVERNANCE")])
def test_each_object_of_records_is_locked_for_its_days_and_the_checkpoint_is_not(
    applied: Applied, name: str, mode: str
) -> None:
    own, s3 = applied.world.instance(name), applied.deployment.aws.client("s3")
    records = s3.list_objects_v2(Bucket=own.bucket, Prefix=own.prefix)["Contents"]
    heads = [s3.head_object(Bucket=own.bucket, Key=one["Key"]) for one in records]
    assert {head["ObjectLockMode"] for head in heads} == {mode}
    assert min(head["ObjectLockRetainUntilDate"] for head in heads) >= START + timedelta(days=30)
    assert "ObjectLockMode" not in s3.head_object(Bucket=own.bucket, Key=own.state_key)


@pytest.mark.parametrize(("name", "mode"), [("alpha", "COMPLIANCE"), ("beta", "GOVERNANCE")])
def test_the_doctor_sees_that_they_are(applied: Applied, monkeypatch: pytest.MonkeyPatch, name: str, mode: str) -> None:
    for variable, value in applied.deployment.aws.env().items():
        monkeypatch.setenv(variable, value)
    facts = Facts(applied.world.instance(name), boto3.Session())
    names = ("versioning", "object lock", "collector's rights", "bucket policy")
    found = {one.name: one(facts) for one in CHECKS if one.name in names}
    assert found["object lock"].sentence == f"Each object with records is locked for 30 days ({mode})."
    said = {which: (told.status, told.sentence) for which, told in found.items() if told.status != "ok"}
    assert said.keys() <= {"bucket policy"}, said  # beta lets break-glass roles through
    rule = {"DefaultRetention": {"Mode": mode, "Days": 1}}
    s3, on = applied.deployment.aws.client("s3"), {"ObjectLockEnabled": "Enabled"}
    s3.put_object_lock_configuration(Bucket=facts.deployment.bucket, ObjectLockConfiguration={**on, "Rule": rule})
    [check] = [one for one in CHECKS if one.name == "object lock"]
    told = check(facts)
    s3.put_object_lock_configuration(Bucket=facts.deployment.bucket, ObjectLockConfiguration=on)
    assert told.status == "fix"
    assert f"locks every object by default ({mode}, 1 day)" in told.sentence


# --- the matrix ------------------------------------------------------------------------------------------------------


def allowed_to(world: World, principal: Principal) -> set[str]:
    """Let a principal try every call; name those that it may make."""
    with world.aws.authorising():
        return {f"{row.group}: {row.does}" for row in ROWS if is_allowed(Cell(world, principal), row)}


def expected_of(principal: Principal) -> set[str]:
    return {f"{row.group}: {row.does}" for row in ROWS if principal in row.allowed}


@pytest.mark.parametrize("principal", Principal, ids=lambda principal: principal.value)
def test_each_may_do_what_the_matrix_says_and_nothing_else(world: World, principal: Principal) -> None:
    allowed, expected = allowed_to(world, principal), expected_of(principal)
    assert {
        "denied, but should be allowed": expected - allowed,
        "allowed, but should be denied": allowed - expected,
    } == {
        "denied, but should be allowed": set(),
        "allowed, but should be denied": set(),
    }


def may_act(world: World, trust: Trust) -> bool:
    own = world.instance("beta")
    roles = {"collector": own.collector_role, "scheduler": own.scheduler_role, "reader": own.outputs["reader"]["name"]}
    role = f"arn:aws:iam::{world.aws.account_id}:role/{roles[trust.role]}"
    return world.aws.judge({"service": trust.service}, "sts:AssumeRole", role, trust.source)


def test_services_may_act_in_the_roles_that_are_made_for_them(world: World) -> None:
    assert [may_act(world, trust) for trust in TRUST] == [trust.allowed for trust in TRUST]


# --- the matrix bites: one change of a policy, and just these cells are other ones -----------------------------------


QUEUE_SOURCE = {"aws:SourceArn": "arn:aws:s3:::alpha-zoom-operation-logs", "aws:SourceAccount": "123456789012"}


@pytest.mark.parametrize(
    ("service", "source", "allowed"),
    [
        ("s3.amazonaws.com", QUEUE_SOURCE, True),
        ("s3.amazonaws.com", {**QUEUE_SOURCE, "aws:SourceArn": "arn:aws:s3:::beta-zoom-operation-logs"}, False),
        ("s3.amazonaws.com", {**QUEUE_SOURCE, "aws:SourceAccount": "999999999999"}, False),
        ("s3.amazonaws.com", {}, False),
        ("sns.amazonaws.com", QUEUE_SOURCE, False),
    ],
    ids=["its bucket", "another bucket", "another account", "without saying for whom", "another service"],
)
def test_only_its_bucket_sends_to_the_feeds_queue(
    world: World, service: str, source: dict[str, str], allowed: bool
) -> None:
    queue = world.instance("alpha").outputs["secops_feed"]["queue"]["arn"]
    assert world.aws.judge({"service": service}, "sqs:SendMessage", queue, source) is allowed


def edited(document: Any, edit: Callable[[dict[str, Any]], object]) -> str:
    """Give a policy with each statement edited."""
    policy = json.loads(document) if isinstance(document, str) else json.loads(json.dumps(document))
    policy["Statement"] = [statement for statement in policy["Statement"] if edit(statement) is not False]
    return json.dumps(policy)


@contextmanager
def managed_policy(world: World, arn: str, edit: Callable[[dict[str, Any]], object]) -> Iterator[None]:
    iam = world.root("iam")
    was = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=was)["PolicyVersion"]["Document"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=edited(document, edit), SetAsDefault=True)
    made = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    yield
    iam.set_default_policy_version(PolicyArn=arn, VersionId=was)
    iam.delete_policy_version(PolicyArn=arn, VersionId=made)


@contextmanager
def role_policy(world: World, role: str, name: str, edit: Callable[[dict[str, Any]], object]) -> Iterator[None]:
    iam, policy = world.root("iam"), {"RoleName": role, "PolicyName": name}
    was = iam.get_role_policy(**policy)["PolicyDocument"]
    iam.put_role_policy(**policy, PolicyDocument=edited(was, edit))
    yield
    iam.put_role_policy(**policy, PolicyDocument=json.dumps(was))


def without_bucket_policy(world: World, own: Instance) -> Any:
    return world.aws.without_bucket_policy(own.bucket)


@contextmanager
def bucket_policy(world: World, own: Instance, edit: Callable[[dict[str, Any]], object]) -> Iterator[None]:
    s3 = world.root("s3")
    was = s3.get_bucket_policy(Bucket=own.bucket)["Policy"]
    s3.put_bucket_policy(Bucket=own.bucket, Policy=edited(was, edit))
    try:
        yield
    finally:
        s3.put_bucket_policy(Bucket=own.bucket, Policy=was)


def but(*sids: str) -> Callable[[dict[str, Any]], bool]:
    """Leave out the statements of which the Sid begins so."""
    return lambda statement: not statement["Sid"].startswith(sids)


@contextmanager
def deleting_reader(world: World, own: Instance) -> Iterator[None]:
    """Let the reader delete by its own policy and by the bucket's: one alone is not enough."""
    with (
        managed_policy(world, own.outputs["reader"]["policy_arn"], with_deletion),
        bucket_policy(world, own, but("DenyDeletesOfRecords")),
    ):
        yield


@contextmanager
def without_queue_policy(world: World, own: Instance) -> Iterator[None]:
    sqs = world.root("sqs")
    was = sqs.get_queue_attributes(QueueUrl=own.queue_url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    sqs.set_queue_attributes(QueueUrl=own.queue_url, Attributes={"Policy": ""})
    yield
    sqs.set_queue_attributes(QueueUrl=own.queue_url, Attributes={"Policy": was})


def on_everything(statement: dict[str, Any]) -> None:
    statement["Resource"] = "*"


def without_condition(statement: dict[str, Any]) -> None:
    statement.pop("Condition", None)


def unbounded_locks(statement: dict[str, Any]) -> None:
    """Let whoever locks lock as it likes, and lift locks and hold objects, as far as the bucket's policy lets it."""
    if statement["Sid"] == "LockRecords":
        del statement["Condition"]
        statement["Action"] = ["s3:BypassGovernanceRetention", "s3:PutObjectLegalHold", "s3:PutObjectRetention"]


def without_denial(statement: dict[str, Any]) -> bool:
    return bool(statement["Effect"] == "Allow")


def with_deletion(statement: dict[str, Any]) -> None:
    if statement["Sid"] == "ReadRecords":
        statement["Action"].append("s3:DeleteObject")


RECORDS, OTHERS = "Records, in the feed's prefix of its own bucket", "Other buckets"
CHECKPOINT = "The checkpoint of its own bucket"
LOCKED = "Locked records (Object Lock), in the feed's prefix of its own bucket"
KEY, NETWORK = "The KMS key, asked directly", "The network"
CHANGES: list[tuple[str, Principal, Callable[[World, Instance], Any], set[str]]] = [
    (
        "the writer policy on every resource",
        Principal.COLLECTOR,
        lambda world, own: managed_policy(world, own.outputs["role"]["policy_arn"], on_everything),
        {
            "The checkpoint of its own bucket: read an older version",
            "The checkpoint of its own bucket: write beside it",
            "The rest of its own bucket: write elsewhere",
            "The rest of its own bucket: read elsewhere",
            f"{OTHERS}: read an object of the other's",
            f"{OTHERS}: list the other's feed prefix",
            "Logs, metrics and traces: make a stream in the other's log group",
            "Logs, metrics and traces: write to the other's log group",
            f"{LOCKED}: lock the checkpoint",
        },
    ),
    (
        "a reader that may delete",
        Principal.READER_USER,
        deleting_reader,
        {
            f"{RECORDS}: delete an object",
            f"{RECORDS}: delete objects, several at once",
            f"{LOCKED}: hide a locked object behind a delete marker",
        },
    ),
    (
        "a reader that may delete, by its own policy alone",
        Principal.READER_USER,
        lambda world, own: managed_policy(world, own.outputs["reader"]["policy_arn"], with_deletion),
        set(),
    ),
    (
        "another role, without the bucket's policy",
        Principal.OTHER_ROLE,
        without_bucket_policy,
        {
            f"{RECORDS}: write a new object (`If-None-Match: *`)",
            f"{RECORDS}: write over an object, with `If-None-Match: *`: 412",
            f"{RECORDS}: write over an object, with `If-Match`",
            f"{RECORDS}: write without a condition",
            f"{RECORDS}: write, without TLS",
            f"{RECORDS}: write, encrypted with a key of the writer's",
            f"{RECORDS}: write, with an ACL for everyone: 400",
            f"{RECORDS}: write, with tags",
            f"{RECORDS}: begin an upload in parts",
            f"{RECORDS}: copy an object",
            f"{RECORDS}: read an object, without TLS",
            f"{RECORDS}: put an object under another key",
            f"{RECORDS}: replicate an object into it",
            f"{RECORDS}: replicate a deletion into it",
            f"{RECORDS}: delete an object",
            f"{RECORDS}: delete objects, several at once",
            f"{RECORDS}: restore an object, by deleting its delete marker",
            f"{RECORDS}: delete a version for good",
            f"{CHECKPOINT}: replace it (`If-Match`)",
            f"{CHECKPOINT}: write over it without a condition",
            f"{CHECKPOINT}: delete it",
            f"{CHECKPOINT}: delete a version of it",
            f"{LOCKED}: write a new object, locked as `bucket.lock` has it",
            f"{LOCKED}: write a new object, locked in the other mode",
            f"{LOCKED}: write a new object, locked two days longer",
            f"{LOCKED}: write a new object, locked two days less",
            f"{LOCKED}: write a new object, with a legal hold",
            f"{LOCKED}: lock the checkpoint",
            f"{LOCKED}: lock an object that is there, as `bucket.lock` has it",
            f"{LOCKED}: lock an object that is there for 100 years",
            f"{LOCKED}: hold an object that is there",
            f"{LOCKED}: hide a locked object behind a delete marker",
        },
    ),
    (
        "locks of others",
        Principal.OTHER_ROLE,
        lambda world, own: bucket_policy(world, own, but("DenyLocksOfOthers", "DenyHoldsAndBypasses")),
        {
            f"{LOCKED}: lock an object that is there, as `bucket.lock` has it",
            f"{LOCKED}: lock an object that is there for 100 years",
            f"{LOCKED}: hold an object that is there",
        },
    ),
    (
        "locks of any mode and length",
        Principal.COLLECTOR,
        lambda world, own: managed_policy(world, own.outputs["role"]["policy_arn"], unbounded_locks),
        {
            f"{LOCKED}: write a new object, locked in the other mode",
            f"{LOCKED}: write a new object, locked two days longer",
            f"{LOCKED}: write a new object, locked two days less",
            f"{LOCKED}: lock an object that is there for 100 years",
        },
    ),
    (
        "puts of others",
        Principal.OTHER_ROLE,
        lambda world, own: bucket_policy(world, own, but("DenyPutsOfOthers")),
        {
            f"{RECORDS}: write a new object (`If-None-Match: *`)",
            f"{RECORDS}: write over an object, with `If-None-Match: *`: 412",
            f"{RECORDS}: write, with an ACL for everyone: 400",
            f"{RECORDS}: write, with tags",
            f"{RECORDS}: put an object under another key",
            f"{RECORDS}: replicate an object into it",
            f"{CHECKPOINT}: replace it (`If-Match`)",
            f"{CHECKPOINT}: write over it without a condition",
        },
    ),
    (
        "deletes of records",
        Principal.OTHER_ROLE,
        lambda world, own: bucket_policy(world, own, but("DenyDeletesOfRecords")),
        {
            f"{RECORDS}: delete an object",
            f"{RECORDS}: delete objects, several at once",
            f"{LOCKED}: hide a locked object behind a delete marker",
        },
    ),
    (
        "deletes of the checkpoint",
        Principal.OTHER_ROLE,
        lambda world, own: bucket_policy(world, own, but("DenyDeletesOfCheckpoint")),
        {f"{CHECKPOINT}: delete it"},
    ),
    (
        "deletes of versions",
        Principal.OTHER_ROLE,
        lambda world, own: bucket_policy(world, own, but("DenyDeletesOfVersions")),
        {
            f"{RECORDS}: replicate a deletion into it",
            f"{RECORDS}: restore an object, by deleting its delete marker",
            f"{RECORDS}: delete a version for good",
            f"{CHECKPOINT}: delete a version of it",
        },
    ),
    (
        "overwriting by whoever breaks the glass",
        Principal.BREAK_GLASS,
        lambda world, own: bucket_policy(world, own, but("DenyOverwriteOfRecords")),
        {
            f"{RECORDS}: write over an object, with `If-Match`",
            f"{RECORDS}: write without a condition",
            f"{RECORDS}: begin an upload in parts",
            f"{RECORDS}: copy an object",
        },
    ),
    (
        "no bucket policy",
        Principal.COLLECTOR,
        without_bucket_policy,
        {
            f"{RECORDS}: write over an object, with `If-Match`",
            f"{RECORDS}: write without a condition",
            f"{RECORDS}: write, without TLS",
            f"{RECORDS}: write, encrypted with a key of the writer's",
            f"{RECORDS}: begin an upload in parts",
            f"{RECORDS}: copy an object",
            f"{RECORDS}: read an object, without TLS",
        },
    ),
    (
        "the key in any context",
        Principal.COLLECTOR,
        lambda world, own: role_policy(world, own.collector_role, "use-kms-keys", without_condition),
        {
            f"{KEY}: decrypt what is encrypted for its own bucket",
            f"{KEY}: make a data key for its own bucket",
            f"{KEY}: decrypt what is encrypted for its own secret",
            f"{KEY}: make a data key for its own secret",
            f"{KEY}: decrypt the other function's environment",
            f"{KEY}: decrypt what is encrypted for another bucket",
            f"{KEY}: decrypt what is encrypted for another secret",
            f"{KEY}: decrypt what is encrypted for the queue",
            f"{KEY}: decrypt what has no context",
            f"{KEY}: make a data key without a context",
        },
    ),
    (
        "the network left to the function's code",
        Principal.COLLECTOR_IN_VPC,
        lambda world, own: role_policy(world, own.collector_role, "join-vpc", without_denial),
        {
            f"{NETWORK}: look at network interfaces, from the function's code",
            f"{NETWORK}: look at subnets, from the function's code",
            f"{NETWORK}: make a network interface, from the function's code",
            f"{NETWORK}: make one in any subnet, from the function's code",
            f"{NETWORK}: delete a network interface, from the function's code",
            f"{NETWORK}: give a network interface an address, from the function's code",
        },
    ),
    (
        "no queue policy",
        Principal.SCHEDULER,
        without_queue_policy,
        {"The queue of undelivered invocations: send to its own, without TLS"},
    ),
]


@pytest.mark.parametrize(
    ("principal", "change", "more"), [change[1:] for change in CHANGES], ids=[change[0] for change in CHANGES]
)
def test_a_wider_policy_shows(
    world: World, principal: Principal, change: Callable[[World, Instance], Any], more: set[str]
) -> None:
    with change(world, world.instance(principal.instance)):
        assert allowed_to(world, principal) - expected_of(principal) == more


def test_a_lock_holds_whoever_takes_the_buckets_policy_away(world: World) -> None:
    """An administrator deletes only what is locked in governance mode, and only by asking for that."""
    cell, root = Cell(world, Principal.BYPASS), world.root("s3")
    deleted = set()
    for mode in ("GOVERNANCE", "COMPLIANCE"):
        name = cell.locked(mode)
        for asks in ({}, {"BypassGovernanceRetention": True}):
            with world.aws.authorising(), world.aws.without_bucket_policy(cell.own.bucket), suppress(ClientError):
                root.delete_object(**name, **asks)
                deleted.add((mode, bool(asks)))
    assert deleted == {("GOVERNANCE", True)}


def deletes(world: World, attempt: Attempt, mode: str) -> bool:
    """Let a deployer try to delete a locked version; tell whether it is gone."""
    cell, root = Cell(world, Principal.BYPASS), world.root("s3")
    version, s3 = cell.locked(mode), world.client(world.deployer_keys(cell.own), "s3")
    was = root.get_bucket_policy(Bucket=cell.own.bucket)["Policy"]
    with world.aws.authorising(), suppress(ClientError):
        attempt.make(cell, s3, version)
    root.put_bucket_policy(Bucket=cell.own.bucket, Policy=was)
    return version not in versions(root, version)


@pytest.mark.parametrize("mode", LOCK_MODES)
def test_not_even_the_deployer_deletes_a_locked_version_but_where_the_page_says(world: World, mode: str) -> None:
    deleted = {attempt.how for attempt in ATTEMPTS if deletes(world, attempt, mode)}
    assert deleted == {attempt.how for attempt in ATTEMPTS if mode in attempt.deletes_in}


def test_a_narrower_policy_shows(world: World) -> None:
    own = world.instance(Principal.SCHEDULER.instance)
    with role_policy(
        world, own.scheduler_role, "invoke-collector", lambda statement: statement["Sid"] != "InvokeCollector"
    ):
        allowed = allowed_to(world, Principal.SCHEDULER)
    assert expected_of(Principal.SCHEDULER) - allowed == {"Functions: invoke its own"}


def only_by_its_prefix(statement: dict[str, Any]) -> None:
    if statement["Sid"] == "ListRecords":
        statement["Condition"] = {"StringLike": {"s3:prefix": ["zoom/operationlogs/*"]}}


@pytest.mark.parametrize("principal", [Principal.READER_USER, Principal.READER_ROLE], ids=lambda one: one.value)
def test_the_reader_of_a_bucket_made_elsewhere_lists_its_prefix_alone(world: World, principal: Principal) -> None:
    """As the module plans it with `bucket.create = false`: tests/reader.tftest.hcl."""
    own = world.instance(principal.instance)
    with managed_policy(world, own.outputs["reader"]["policy_arn"], only_by_its_prefix):
        allowed = allowed_to(world, principal)
    assert expected_of(principal) - allowed == {
        "The checkpoint of its own bucket: see whether it is there",
        "The rest of its own bucket: list all of it",
        "The rest of its own bucket: list another folder",
        "The rest of its own bucket: list the folder above",
        "The rest of its own bucket: ask whether it exists",
    }


def test_a_wider_trust_shows(world: World) -> None:
    iam, role = world.root("iam"), world.instance("beta").scheduler_role
    was = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=edited(was, without_condition))
    more = [trust.who for trust in TRUST if may_act(world, trust) and not trust.allowed]
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(was))
    assert more == [
        trust.who for trust in TRUST if trust.role == "scheduler" and "Scheduler, for another" in trust.who
    ] + ["EventBridge Scheduler, without saying for whom"]


# --- secrets: the last tests, for they destroy -----------------------------------------------------------------------


@pytest.mark.destroys
def test_the_secret_manager_has_the_secrets(applied: Applied) -> None:
    """What is searched for is what is there: a search for something else would find nothing, too."""
    secretsmanager, world = applied.deployment.aws.client("secretsmanager"), applied.world
    for name, account in (("alpha", ALPHA), ("beta", BETA)):
        value = secretsmanager.get_secret_value(SecretId=world.instance(name).secret_arn)["SecretString"]
        assert json.loads(value)["client_secret"] == account.client_secret
        assert found(applied.secrets(), {"secret": value.encode()}) == [f"client secret of {account.id} is in secret"]


@pytest.mark.destroys
def test_no_secret_in_plans_state_runs_functions_packages_or_objects(applied: Applied) -> None:
    deployment = applied.deployment
    applied.kept |= as_json(**{f"run {number}": run.__dict__ for number, run in enumerate(deployment.runs)})
    applied.kept |= {"package": deployment.runtime.package.read_bytes()}
    places = {**applied.kept, **in_folder(deployment.terraform.workdir), **in_account(deployment.aws)}
    assert {"saved.tfplan", "terraform.tfstate", "plan as JSON", "plan as text", "state as JSON"} <= places.keys()
    assert len([place for place in places if place.startswith("s3://")]) > 10
    assert found(applied.secrets(), places) == []


@pytest.mark.destroys
def test_a_second_plan_shows_no_change_and_no_secret(applied: Applied) -> None:
    terraform = applied.deployment.terraform
    again = terraform.workdir / "again.tfplan"
    plan = terraform.plan(applied.deployment.variables, out=again)
    assert not plan.changed, plan.actions
    assert surprising(plan.warnings) == []
    applied.kept |= as_json(**{"second plan as JSON": terraform.show_json(again)})
    assert found(applied.secrets(), {**applied.kept, **in_folder(terraform.workdir)}) == []


@pytest.mark.destroys
def test_a_plan_warns_while_an_apply_may_bring_old_credentials_back(applied: Applied) -> None:
    """Beta's went through Terraform and something else stores new ones: one more time, and Terraform writes its own."""
    deployment, beta = applied.deployment, applied.world.instance("beta")
    value = json.dumps({"account_id": BETA.id, "client_id": BETA.client_id, "client_secret": BETA.client_secret})
    deployment.aws.client("secretsmanager").put_secret_value(SecretId=beta.secret_arn, SecretString=value)
    plan = deployment.terraform.plan(deployment.variables)
    [warning] = surprising(plan.warnings)
    assert "remove secret.credentials_version and zoom_credentials now" in warning
    assert not plan.changed


@dataclass(frozen=True)
class Destroyed:
    """A destroy that fails at a version locked in COMPLIANCE, and what it left; another one has come after it."""

    secrets: dict[str, str]
    locked: dict[str, str]
    error: str
    needed: list[dict[str, Any]]
    resources: list[str]
    versions: list[dict[str, str]]
    modes: set[str]


@pytest.fixture(scope="module")
def destroyed(applied: Applied) -> Destroyed:
    """Destroy all: alpha's locks are over, beta's records are locked in GOVERNANCE, but for one."""
    deployment, world = applied.deployment, applied.world
    aws, terraform, beta = deployment.aws, deployment.terraform, world.instance("beta")
    secrets, locked = applied.secrets(), Cell(world, Principal.BYPASS).locked("COMPLIANCE")
    unlocked = {**deployment.variables, "force_destroy": True}
    terraform.apply(unlocked)
    aws.end_locks(world.instance("alpha").bucket)
    with aws.listing_permissions() as needed, pytest.raises(TerraformError) as failed:
        terraform.destroy(unlocked)
    resources = [one for one in terraform.state_list() if not one.startswith("data.")]
    s3 = world.root("s3")
    left = versions(s3, {"Bucket": beta.bucket, "Key": ""})
    modes = {s3.head_object(**one).get("ObjectLockMode", "none") for one in left}
    aws.end_locks(beta.bucket)
    terraform.destroy(unlocked)
    return Destroyed(secrets, locked, str(failed.value), needed, resources, left, modes)


@pytest.mark.destroys
def test_destroy_bypasses_what_is_locked_in_governance_and_ends_at_what_is_in_compliance(destroyed: Destroyed) -> None:
    """What the matrix has put on hold may stay as well: moto names no version to the provider, which lifts the hold."""
    assert "AccessDenied" in destroyed.error and destroyed.locked["Key"] in destroyed.error
    ours = [one for one in destroyed.resources if one.startswith("module.") and ".data." not in one]
    assert ours == ["module.beta.module.archive.aws_s3_bucket.archive[0]"]
    assert destroyed.locked in destroyed.versions
    assert destroyed.modes - {"none"} == {"COMPLIANCE"}
    assert not any(one["Key"].endswith("state.json") for one in destroyed.versions)


@pytest.mark.destroys
def test_destroy_needs_the_right_to_bypass_where_all_locks_are_over_too(destroyed: Destroyed) -> None:
    """Object Lock stays on, and while it is, the provider asks for the bypass."""
    bypassed = [one["resource"] for one in destroyed.needed if one.get("action") == "s3:BypassGovernanceRetention"]
    assert {arn.partition(":::")[2].partition("-")[0] for arn in bypassed} == {"alpha", "beta"}


@pytest.mark.destroys
def test_destroy_leaves_nothing_and_no_secret(applied: Applied, destroyed: Destroyed) -> None:
    deployment = applied.deployment
    terraform = deployment.terraform
    assert not terraform.state_list()
    places = {**applied.kept, **in_folder(terraform.workdir), **in_account(deployment.aws)}
    assert {"terraform.tfstate.backup", "again.tfplan", "second plan as JSON"} <= places.keys()
    assert found(destroyed.secrets, places) == []
    client = deployment.aws.client
    assert not client("s3").list_buckets()["Buckets"]
    assert not client("lambda").list_functions()["Functions"]
    roles = {role["RoleName"] for role in client("iam").list_roles()["Roles"]}
    of_the_matrix = {"another-role", "break-glass", "break-glass-bypass", "deployer-of-beta-zoom-operation-logs"}
    assert roles <= of_the_matrix
    assert {user["UserName"] for user in client("iam").list_users()["Users"]} <= {"stranger"}
    assert not client("iam").list_policies(Scope="Local")["Policies"]
    assert not client("scheduler").list_schedules()["Schedules"]
    assert not client("logs").describe_log_groups()["logGroups"]
    assert "QueueUrls" not in client("sqs").list_queues()
    alarms = client("cloudwatch").describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    assert not alarms["MetricAlarms"] + alarms["CompositeAlarms"]
    assert not client("cloudwatch").list_dashboards()["DashboardEntries"]
    assert not client("sns").list_topics()["Topics"]
