"""The deployer's policy: enough for plan, apply, upgrade and destroy, and nothing that none of them needs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import commands
import hcl2
import pytest
from standins.iam_policy import statement_applies
from zoomlogs import deployer
from zoomlogs.errors import CommandError

from . import deployer_page
from .deployer import PHASES, WHERE, WITHDRAWN, Life, allowed, lived

REPOSITORY = Path(__file__).resolve().parents[2]
TABLE = deployer.table()
BUCKET = {"bucket_name": "your-zoom-operation-logs"}
ARN = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"

V6 = "version 6.23 of the provider and later tag buckets with it, and do without where it is denied; 5.100 is tested"
SIGNING = "the stand-in has no code signing"
KEY = "another `kms_key`, which the fixture does not change"
VERSION = "another version of the module"
UNSEEN = {
    "s3:ListTagsForResource": V6,
    "s3:TagResource": V6,
    "s3:UntagResource": V6,
    "s3:GetObject": "a package without s3_object_version",
    "iam:DeletePolicyVersion": "IAM keeps five versions of a policy: before a sixth the provider deletes the oldest",
}
"""Actions that no request of the fixture needed in some phase, and what they are for."""

UNSEEN_IN_UPGRADE = {
    "BucketAccessLogs s3:PutBucketLogging": "another bucket for the logs, with the request that apply sends",
    "CompositeAlarm cloudwatch:PutCompositeAlarm": VERSION,
    "DeadLetterQueue sqs:SetQueueAttributes": KEY,
    "FeedQueue sqs:SetQueueAttributes": KEY,
    "Function lambda:PutFunctionEventInvokeConfig": VERSION,
    "FunctionConcurrency lambda:PutFunctionConcurrency": "another number, with the request that apply sends",
    "FunctionEnvironmentKey kms:CreateGrant": KEY,
    "FunctionEnvironmentKey kms:Encrypt": KEY,
    "LogGroupKey logs:AssociateKmsKey": KEY,
    "LogGroupKey logs:DisassociateKmsKey": KEY,
    "MakeBoundedReaderUser iam:PutUserPermissionsBoundary": "a boundary that is set later, as beta's roles get theirs",
    "ReaderKeyPolicy iam:CreatePolicyVersion": KEY,
    "ReaderKeyPolicy iam:ListPolicyVersions": KEY,
    "Roles iam:UpdateAssumeRolePolicy": VERSION,
    "Secret secretsmanager:UpdateSecret": KEY,
    "Topic sns:SetTopicAttributes": KEY,
    "TopicKey kms:PutKeyPolicy": VERSION,
    "TopicKey kms:UpdateKeyDescription": VERSION,
}
"""Statements and actions of an upgrade that the fixture's does not need."""

UNUSED = {
    "BucketObjectLock": "not beside force_destroy, by which the fixture's buckets go with a record",
    "FunctionCodeSigning": SIGNING,
    "MakeReaderUser": "the fixture's user has a boundary; examples/private-network makes one without",
}
"""Statements that neither use in the fixture has."""


def with_options(*options: str) -> dict[str, str]:
    """Switch options on, those that take a value with one."""
    values = {**dict.fromkeys(deployer.ARNS, ARN), "s3_package": "packages/zoom/collector.zip"}
    return {option: values.get(option, "true") for option in options}


# --- proved by what Terraform does -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def life() -> Life:
    return lived()


def each_life(test: Any) -> Any:
    return pytest.mark.slow(pytest.mark.exhaustive(test))


@each_life
def test_it_applies_plans_again_upgrades_and_destroys(life: Life) -> None:
    assert life.plan is not None
    assert not life.plan.changed, life.plan.actions
    assert life.left == []


@each_life
@pytest.mark.parametrize("phase", WITHDRAWN)
def test_terraform_fails_without_an_action(phase: str, life: Life) -> None:
    assert re.search(rf"not authorized to perform: {WITHDRAWN[phase]}|AccessDenied|denied", life.refused[phase])


@each_life
@pytest.mark.parametrize("phase", PHASES)
def test_every_request_is_allowed(phase: str, life: Life) -> None:
    """As the stand-in found: here it is judged once more, by the identity policies alone."""
    assert life.needed[phase]
    assert [one for one in life.needed[phase] if "unknown" in one] == []
    policies = life.policies(phase)
    assert [one for one in life.needed[phase] if not allowed(one, policies)] == []


@each_life
@pytest.mark.parametrize("phase", PHASES)
def test_each_action_withdrawn_is_missed(phase: str, life: Life) -> None:
    """By a request that only this statement allowed; an action that both uses of the module have counts once."""
    unmissed: set[tuple[str, str]] = set()
    missed: set[tuple[str, str]] = set()
    for policy in life.policies(phase):
        for statement in policy["Statement"]:
            for action in statement["Action"]:
                alone = {**statement, "Action": [action]}
                needed = any(
                    statement_applies(alone, one["action"], one["resource"], one["context"])
                    for one in life.needed[phase]
                )
                (missed if needed else unmissed).add((statement["Sid"], action))
    known = UNSEEN_IN_UPGRADE if phase == "upgrade" else {}
    assert {f"{sid} {action}" for sid, action in unmissed - missed if action not in UNSEEN} == {*known}


@each_life
def test_the_fixture_has_each_statement(life: Life) -> None:
    used = {one["Sid"] for phase in PHASES for policy in life.policies(phase) for one in policy["Statement"]}
    assert {one["sid"] for one in TABLE["statements"]} - used == {*UNUSED}


@each_life
def test_it_reads_no_secret_but_the_one_that_terraform_writes(life: Life) -> None:
    read = {one["resource"] for needed in life.needed.values() for one in needed if "GetSecretValue" in one["action"]}
    assert len(read) == 1
    assert ":secret:alpha-zoom-operationlogs-credentials-" in read.pop()


# --- the policy as a document ----------------------------------------------------------------------------------------


def actions_of(policies: dict[str, Any]) -> set[str]:
    return {action for policy in policies.values() for one in policy["Statement"] for action in one["Action"]}


def test_the_value_of_a_secret_is_read_by_one_statement_alone() -> None:
    everything = with_options(*TABLE["options"])
    for option in ("existing_secret", "credentials"):
        without = {**everything, "existing_secret": "false", option: str(option == "existing_secret").lower()}
        assert "secretsmanager:GetSecretValue" not in actions_of(deployer.policies(PHASES, without, BUCKET, WHERE))
    made = deployer.policies(deployer.PHASES, with_options("credentials"), BUCKET, WHERE)
    reading = [
        one["Sid"]
        for policy in made.values()
        for one in policy["Statement"]
        if "secretsmanager:GetSecretValue" in one["Action"]
    ]
    assert reading == ["SecretValueWhileTerraformWritesIt"]


def test_it_reads_no_record_and_deletes_none_but_by_force() -> None:
    made = deployer.policies(deployer.PHASES, with_options("kms_key", "vpc"), BUCKET, WHERE)
    assert {"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"} & actions_of(made) == set()


def test_a_plan_alone_changes_nothing() -> None:
    made = deployer.policies(["plan"], with_options(*TABLE["options"]), BUCKET, WHERE)
    made |= deployer.policies(["plan"], {}, BUCKET, WHERE)
    verbs = {re.match(r"\w+:([A-Z][a-z]+)", action)[1] for action in actions_of(made)}  # type: ignore[index]
    assert verbs <= {"Get", "List", "Describe", "Decrypt"}


def test_no_action_has_a_wildcard_and_few_resources_are_all() -> None:
    for statement in TABLE["statements"]:
        for phase in deployer.PHASES:
            assert not any("*" in action for action in statement.get(phase, []))
    on_all = {one["sid"] for one in TABLE["statements"] if one["resources"] == ["*"]}
    assert on_all == {"FunctionNetwork", "ReaderUserDevices", "CompositeAlarm", "Subscriptions", "MakeTopicKey"}


def test_roles_are_passed_to_their_services_only() -> None:
    passing = [one for one in TABLE["statements"] if any("iam:PassRole" in one.get(phase, []) for phase in PHASES)]
    assert [one["condition"]["StringEquals"]["iam:PassedToService"] for one in passing] == [
        "lambda.amazonaws.com",
        "scheduler.amazonaws.com",
    ]


def test_with_a_boundary_nothing_is_made_or_given_without_it() -> None:
    made = deployer.policies(deployer.PHASES, with_options("permissions_boundary"), BUCKET, WHERE)
    for policy in made.values():
        for one in policy["Statement"]:
            if {"iam:CreateRole", "iam:CreateUser", "iam:PutRolePolicy"} & {*one["Action"]}:
                assert one["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": ARN}}
    assert not any("DeleteRolePermissionsBoundary" in action for action in actions_of(made))


@pytest.mark.parametrize("unlike", [(), ("reader_role",), ("kms_key",), ("existing_topics",)])
def test_each_part_fits_into_a_managed_policy(unlike: tuple[str, ...]) -> None:
    """With long names, and with all options that go together."""
    opposite = {"existing_bucket", "existing_secret", "existing_topics", "no_monitoring", "no_reader", "reader_role"}
    options = with_options(*({*TABLE["options"]} - opposite - {"kms_key"} | {*unlike}))
    names = {**BUCKET, "name_prefix": "a-prefix-of-thirty-characters-", "iam_path": "/security/"}
    for part, policy in deployer.policies(deployer.PHASES, options, names, WHERE).items():
        assert deployer.characters(policy) <= deployer.MANAGED_POLICY_CHARACTERS, part


def test_the_names_are_the_modules_defaults() -> None:
    """Of each name that AWS knows: `X_name` is the module's `names.X`."""
    text = (REPOSITORY / "variables.tf").read_text(encoding="utf-8")
    [names] = re.findall(r'(?s)variable "names" \{\n  type = object\(\{(.*?)\}\)', text)
    defaults = dict(re.findall(r'(\w+) += optional\(string, "(.*?)"\)', names))
    others = {"feed", "metrics_namespace", "reader_key_secret"}  # the last is made by `zoomlogs reader-key`
    assert TABLE["names"] == {
        "bucket_name": "",
        "name_prefix": "",
        "iam_path": "/",
        **{f"{name}_name": default for name, default in defaults.items() if name not in others},
    }


def test_the_options_are_inputs_of_the_module() -> None:
    variables = hcl2.loads((REPOSITORY / "variables.tf").read_text(encoding="utf-8"))["variable"]
    inputs = {name.strip('"') for variable in variables for name in variable} | {"default_tags"}
    for told in TABLE["options"].values():
        assert re.match(r"`(\w+)", told)[1] in inputs  # type: ignore[index]


def test_the_page_has_the_tables() -> None:
    page = deployer_page.PAGE.read_text(encoding="utf-8")
    assert page == deployer_page.updated(page), "run `make docs` and commit the result"


# --- the command -----------------------------------------------------------------------------------------------------

ASK = ("deployer-policy", "--account", "111122223333", "--region", "eu-west-1")


def test_the_command_prints_the_policy() -> None:
    ran = commands.zoomlogs(*ASK, "--name", "bucket_name=b", "--phase", "plan", "--option", "vpc")
    assert ran.status == 0
    where = deployer.place("111122223333", "eu-west-1")
    made = deployer.policies(["plan"], {"vpc": "true"}, {"bucket_name": "b"}, where)
    assert json.loads(ran.out) == deployer.merged(made.values())


def test_the_command_says_what_is_too_long_and_prints_the_parts() -> None:
    long = commands.zoomlogs(*ASK, "--name", "bucket_name=b")
    assert "make one of each part, with --part archive, collector, roles, reader, monitoring." in long.err
    parts = json.loads(commands.zoomlogs(*ASK, "--name", "bucket_name=b", "--json").out)
    one = json.loads(commands.zoomlogs(*ASK, "--name", "bucket_name=b", "--part", "roles").out)
    assert parts["roles"] == one


@pytest.mark.parametrize(
    ("options", "names", "sentence"),
    [
        (["vcp"], ["bucket_name=b"], "There is no option vcp: choose from access_logs, "),
        ([], ["bucket=b"], "There is no name bucket: choose from bucket_name, "),
        ([], [], "Name the bucket: --name bucket_name=YOUR-BUCKET."),
        ([], ["bucket_name"], "--name bucket_name needs a value: bucket_name=VALUE."),
        (["kms_key"], ["bucket_name=b"], "The option kms_key needs an ARN: kms_key=arn:aws:…"),
        (["s3_package=p"], ["bucket_name=b"], "The option s3_package needs the package's place: "),
        ([], ["bucket_name=*"], "The value of bucket_name must be without * ? $ and quotes, which policies read as "),
    ],
)
def test_a_wrong_request_gives_one_sentence(options: list[str], names: list[str], sentence: str) -> None:
    with pytest.raises(CommandError) as refused:
        deployer.main([], options, names, WHERE, None)
    assert str(refused.value).startswith(sentence)


def test_what_does_not_exist_gives_one_sentence() -> None:
    with pytest.raises(CommandError, match="There is no phase refresh: choose from plan, apply, upgrade, destroy"):
        deployer.main(["refresh"], [], ["bucket_name=b"], WHERE, None)
    with pytest.raises(CommandError, match="There is no part all: choose from archive, "):
        deployer.main([], [], ["bucket_name=b"], WHERE, "all")
    with pytest.raises(CommandError, match="--account must be the 12 digits"):
        deployer.place("1234", "eu-west-1")
    with pytest.raises(CommandError, match="--region must be an AWS region"):
        deployer.place("111122223333", "Ireland")
    assert deployer.place("111122223333", "us-gov-west-1")["partition"] == "aws-us-gov"
    assert deployer.place("111122223333", "cn-north-1")["dns_suffix"] == "amazonaws.com.cn"
