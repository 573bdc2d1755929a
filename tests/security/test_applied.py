"""Least privilege and secrecy of the applied module: one apply, then every principal tries every call."""

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
    """The world with everything that the calls need; after the runs, because it adds to their archive."""
    with applied.deployment.aws.authorising():
        arrange(applied.world)
    return applied.world


# --- what happened before: tests/e2e ---------------------------------------------------------------------------------


@pytest.fixture(scope="module", autouse=True)
def collected(applied: Applied) -> None:
    """Run the collector if tests/e2e was left out."""
    deployment = applied.deployment
    deployment.store_credentials()
    for _ in range(30):
        if len(deployment.objects()) > 20:
            break
        assert deployment.run_scheduled().ok
        deployment.zoom.clock.advance(timedelta(minutes=75).total_seconds())


def test_the_feeds_queue_gets_a_message_for_each_object_of_records_only(applied: Applied) -> None:
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


def test_credentials_from_terraform_work_and_debug_is_on(applied: Applied) -> None:
    beta = applied.world.instance("beta")
    with applied.deployment.aws.authorising(), applied.runtime(beta) as runtime:
        logging, variables = runtime.configuration["LoggingConfig"], runtime.configuration["Environment"]["Variables"]
        logging["ApplicationLogLevel"] = variables["POWERTOOLS_LOG_LEVEL"] = "DEBUG"
        run = applied.deployment.run("{}", runtime)
    assert run.ok, run.error
    assert run.result["written"] > 3 * RECORDS_A_DAY
    assert any("DEBUG" in line for line in run.logs)


# --- locks ----------------------------------------------------------------------------------------------------------


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
def test_the_doctor_reports_the_locks(applied: Applied, monkeypatch: pytest.MonkeyPatch, name: str, mode: str) -> None:
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
    """Let a principal try every call; return those that it may make."""
    with world.aws.authorising():
        return {f"{row.group}: {row.does}" for row in ROWS if is_allowed(Cell(world, principal), row)}


def expected_of(principal: Principal) -> set[str]:
    return {f"{row.group}: {row.does}" for row in ROWS if principal in row.allowed}


@pytest.mark.parametrize("principal", Principal, ids=lambda principal: principal.value)
def test_each_principal_may_do_exactly_what_the_matrix_says(world: World, principal: Principal) -> None:
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


def test_services_may_assume_only_their_own_roles(world: World) -> None:
    assert [may_act(world, trust) for trust in TRUST] == [trust.allowed for trust in TRUST]


# --- the matrix can fail: one change of a policy changes exactly these cells ------------------------------------------


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
    ids=["its bucket", "another bucket", "another account", "without a source", "another service"],
)
def test_only_the_bucket_may_send_to_the_feeds_queue(
    world: World, service: str, source: dict[str, str], allowed: bool
) -> None:
    queue = world.instance("alpha").outputs["secops_feed"]["queue"]["arn"]
    assert world.aws.judge({"service": service}, "sqs:SendMessage", queue, source) is allowed


def edited(document: Any, edit: Callable[[dict[str, Any]], object]) -> str:
    """Return a policy with each statement edited."""
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
    """Leave out the statements whose Sid has this prefix."""
    return lambda statement: not statement["Sid"].startswith(sids)


@contextmanager
def deleting_reader(world: World, own: Instance) -> Iterator[None]:
    """Allow the reader to delete in its own policy and in the bucket policy: one alone is not enough."""
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
    """Allow the collector any lock, bypass and legal hold, as far as the bucket policy permits."""
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
            "Logs, metrics and traces: create a stream in the other's log group",
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
            f"{RECORDS}: overwrite an object, with `If-None-Match: *`: 412",
            f"{RECORDS}: overwrite an object, with `If-Match`",
            f"{RECORDS}: write without a condition",
            f"{RECORDS}: write, without TLS",
            f"{RECORDS}: write, encrypted with a customer-provided key",
            f"{RECORDS}: write, with an ACL for everyone: 400",
            f"{RECORDS}: write, with tags",
            f"{RECORDS}: start a multipart upload",
            f"{RECORDS}: copy an object",
            f"{RECORDS}: read an object, without TLS",
            f"{RECORDS}: put an object under another key",
            f"{RECORDS}: replicate an object into it",
            f"{RECORDS}: replicate a deletion into it",
            f"{RECORDS}: delete an object",
            f"{RECORDS}: delete objects, several at once",
            f"{RECORDS}: restore an object, by deleting its delete marker",
            f"{RECORDS}: delete a version permanently",
            f"{CHECKPOINT}: replace it (`If-Match`)",
            f"{CHECKPOINT}: overwrite it without a condition",
            f"{CHECKPOINT}: delete it",
            f"{CHECKPOINT}: delete a version of it",
            f"{LOCKED}: write a new object, locked as `bucket.lock` has it",
            f"{LOCKED}: write a new object, locked in the other mode",
            f"{LOCKED}: write a new object, locked two days longer",
            f"{LOCKED}: write a new object, locked two days less",
            f"{LOCKED}: write a new object, with a legal hold",
            f"{LOCKED}: lock the checkpoint",
            f"{LOCKED}: lock an existing object, as `bucket.lock` has it",
            f"{LOCKED}: lock an existing object for 100 years",
            f"{LOCKED}: place a legal hold on an existing object",
            f"{LOCKED}: hide a locked object behind a delete marker",
        },
    ),
    (
        "locks of others",
        Principal.OTHER_ROLE,
        lambda world, own: bucket_policy(world, own, but("DenyLocksOfOthers", "DenyHoldsAndBypasses")),
        {
            f"{LOCKED}: lock an existing object, as `bucket.lock` has it",
            f"{LOCKED}: lock an existing object for 100 years",
            f"{LOCKED}: place a legal hold on an existing object",
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
            f"{LOCKED}: lock an existing object for 100 years",
        },
    ),
    (
        "puts of others",
        Principal.OTHER_ROLE,
        lambda world, own: bucket_policy(world, own, but("DenyPutsOfOthers")),
        {
            f"{RECORDS}: write a new object (`If-None-Match: *`)",
            f"{RECORDS}: overwrite an object, with `If-None-Match: *`: 412",
            f"{RECORDS}: write, with an ACL for everyone: 400",
            f"{RECORDS}: write, with tags",
            f"{RECORDS}: put an object under another key",
            f"{RECORDS}: replicate an object into it",
            f"{CHECKPOINT}: replace it (`If-Match`)",
            f"{CHECKPOINT}: overwrite it without a condition",
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
            f"{RECORDS}: delete a version permanently",
            f"{CHECKPOINT}: delete a version of it",
        },
    ),
    (
        "overwriting by break-glass roles",
        Principal.BREAK_GLASS,
        lambda world, own: bucket_policy(world, own, but("DenyOverwriteOfRecords")),
        {
            f"{RECORDS}: overwrite an object, with `If-Match`",
            f"{RECORDS}: write without a condition",
            f"{RECORDS}: start a multipart upload",
            f"{RECORDS}: copy an object",
        },
    ),
    (
        "no bucket policy",
        Principal.COLLECTOR,
        without_bucket_policy,
        {
            f"{RECORDS}: overwrite an object, with `If-Match`",
            f"{RECORDS}: write without a condition",
            f"{RECORDS}: write, without TLS",
            f"{RECORDS}: write, encrypted with a customer-provided key",
            f"{RECORDS}: start a multipart upload",
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
            f"{KEY}: generate a data key for its own bucket",
            f"{KEY}: decrypt what is encrypted for its own secret",
            f"{KEY}: generate a data key for its own secret",
            f"{KEY}: decrypt the other function's environment",
            f"{KEY}: decrypt what is encrypted for another bucket",
            f"{KEY}: decrypt what is encrypted for another secret",
            f"{KEY}: decrypt what is encrypted for the queue",
            f"{KEY}: decrypt without an encryption context",
            f"{KEY}: generate a data key without an encryption context",
        },
    ),
    (
        "network permissions for the function's code",
        Principal.COLLECTOR_IN_VPC,
        lambda world, own: role_policy(world, own.collector_role, "join-vpc", without_denial),
        {
            f"{NETWORK}: describe network interfaces, from the function's code",
            f"{NETWORK}: describe subnets, from the function's code",
            f"{NETWORK}: create a network interface, from the function's code",
            f"{NETWORK}: create one in any subnet, from the function's code",
            f"{NETWORK}: delete a network interface, from the function's code",
            f"{NETWORK}: assign an address to a network interface, from the function's code",
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
def test_a_wider_policy_changes_exactly_its_cells(
    world: World, principal: Principal, change: Callable[[World, Instance], Any], more: set[str]
) -> None:
    with change(world, world.instance(principal.instance)):
        assert allowed_to(world, principal) - expected_of(principal) == more


def test_a_lock_protects_even_without_the_bucket_policy(world: World) -> None:
    """An administrator can delete only objects locked in governance mode, and only with an explicit bypass."""
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
    """Let a deployer try to delete a locked version; return whether it is deleted."""
    cell, root = Cell(world, Principal.BYPASS), world.root("s3")
    version, s3 = cell.locked(mode), world.client(world.deployer_keys(cell.own), "s3")
    was = root.get_bucket_policy(Bucket=cell.own.bucket)["Policy"]
    with world.aws.authorising(), suppress(ClientError):
        attempt.make(cell, s3, version)
    root.put_bucket_policy(Bucket=cell.own.bucket, Policy=was)
    return version not in versions(root, version)


@pytest.mark.parametrize("mode", LOCK_MODES)
def test_the_deployer_deletes_a_locked_version_only_as_the_page_says(world: World, mode: str) -> None:
    deleted = {attempt.how for attempt in ATTEMPTS if deletes(world, attempt, mode)}
    assert deleted == {attempt.how for attempt in ATTEMPTS if mode in attempt.deletes_in}


def test_a_narrower_policy_changes_exactly_its_cells(world: World) -> None:
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
def test_the_reader_of_an_existing_bucket_lists_only_its_prefix(world: World, principal: Principal) -> None:
    """As planned with `bucket.create = false` (tests/reader.tftest.hcl)."""
    own = world.instance(principal.instance)
    with managed_policy(world, own.outputs["reader"]["policy_arn"], only_by_its_prefix):
        allowed = allowed_to(world, principal)
    assert expected_of(principal) - allowed == {
        "The checkpoint of its own bucket: check whether it exists",
        "The rest of its own bucket: list all of it",
        "The rest of its own bucket: list another folder",
        "The rest of its own bucket: list the folder above",
        "The rest of its own bucket: check whether it exists",
    }


def test_a_wider_trust_policy_is_noticed(world: World) -> None:
    iam, role = world.root("iam"), world.instance("beta").scheduler_role
    was = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=edited(was, without_condition))
    more = [trust.who for trust in TRUST if may_act(world, trust) and not trust.allowed]
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(was))
    assert more == [
        trust.who for trust in TRUST if trust.role == "scheduler" and "Scheduler, for another" in trust.who
    ] + ["EventBridge Scheduler, without a source"]


# --- secrets: the last tests, as they destroy ------------------------------------------------------------------------


@pytest.mark.destroys
def test_the_searched_secrets_are_in_secrets_manager(applied: Applied) -> None:
    """The search uses the real secrets: a search for others would also find nothing."""
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
def test_a_plan_warns_if_an_apply_may_restore_old_credentials(applied: Applied) -> None:
    """Beta's came from Terraform and were then replaced: another apply could write the old ones again."""
    deployment, beta = applied.deployment, applied.world.instance("beta")
    value = json.dumps({"account_id": BETA.id, "client_id": BETA.client_id, "client_secret": BETA.client_secret})
    deployment.aws.client("secretsmanager").put_secret_value(SecretId=beta.secret_arn, SecretString=value)
    plan = deployment.terraform.plan(deployment.variables)
    [warning] = surprising(plan.warnings)
    assert "remove secret.credentials_version and zoom_credentials now" in warning
    assert not plan.changed


@dataclass(frozen=True)
class Destroyed:
    """A destroy that fails at a version locked in COMPLIANCE, with what it left, and a second destroy."""

    secrets: dict[str, str]
    locked: dict[str, str]
    error: str
    needed: list[dict[str, Any]]
    resources: list[str]
    versions: list[dict[str, str]]
    modes: set[str]


@pytest.fixture(scope="module")
def destroyed(applied: Applied) -> Destroyed:
    """Destroy all: alpha's locks have ended, beta's records are locked in GOVERNANCE, except one."""
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
def test_destroy_bypasses_governance_locks_and_stops_at_compliance_locks(destroyed: Destroyed) -> None:
    """Objects on legal hold may also stay: moto returns no version to the provider, which removes the hold."""
    assert "AccessDenied" in destroyed.error and destroyed.locked["Key"] in destroyed.error
    ours = [one for one in destroyed.resources if one.startswith("module.") and ".data." not in one]
    assert ours == ["module.beta.module.archive.aws_s3_bucket.archive[0]"]
    assert destroyed.locked in destroyed.versions
    assert destroyed.modes - {"none"} == {"COMPLIANCE"}
    assert not any(one["Key"].endswith("state.json") for one in destroyed.versions)


@pytest.mark.destroys
def test_destroy_needs_the_bypass_permission_even_if_all_locks_have_ended(destroyed: Destroyed) -> None:
    """Object Lock stays enabled, so the provider sends the bypass header."""
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
