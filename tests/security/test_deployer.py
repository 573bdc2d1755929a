"""The deployer's policy: enough for plan, apply, upgrade and destroy, and nothing else."""

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
BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"

V6 = "provider 6.23 and later tags buckets with it, and continues if it is denied; 5.100 is tested"
SIGNING = "the stand-in has no code signing"
KEY = "another `kms_key`, which the fixture does not change"
LATER = "set later, with the request that apply sends"
SIXTH = "IAM keeps five versions of a policy: before a sixth the provider deletes the oldest"
VERSION = "another version of the module"
UNSEEN = {
    "apply plan upgrade destroy": {"Bucket s3:ListTagsForResource": V6},
    "apply upgrade": {
        "FunctionPackage s3:GetObject": "a package without s3_object_version",
        "SecretKeyWhileTerraformWritesIt kms:Decrypt": "SecretKey allows it too; in a plan nothing else does",
        "Tag s3:TagResource": V6,
    },
    "upgrade": {
        "BucketAccessLogs s3:PutBucketLogging": "another bucket for the logs, with the request that apply sends",
        "BucketObjectLock s3:PutBucketObjectLockConfiguration": LATER,
        "CompositeAlarm cloudwatch:PutCompositeAlarm": VERSION,
        "DeadLetterQueue sqs:SetQueueAttributes": KEY,
        "FeedQueue sqs:SetQueueAttributes": KEY,
        "Function lambda:PutFunctionEventInvokeConfig": VERSION,
        "FunctionConcurrency lambda:PutFunctionConcurrency": LATER,
        "FunctionEnvironmentKey kms:CreateGrant": KEY,
        "FunctionEnvironmentKey kms:Encrypt": KEY,
        "LogGroupKey logs:AssociateKmsKey": KEY,
        "LogGroupKey logs:DisassociateKmsKey": KEY,
        "MakeBoundedReaderUser iam:PutUserPermissionsBoundary": "set later, as beta's roles get theirs",
        "ReaderKeyPolicy iam:CreatePolicyVersion": KEY,
        "ReaderKeyPolicy iam:DeletePolicyVersion": SIXTH,
        "ReaderKeyPolicy iam:ListPolicyVersions": KEY,
        "ReaderPolicy iam:DeletePolicyVersion": SIXTH,
        "Roles iam:UpdateAssumeRolePolicy": VERSION,
        "Secret secretsmanager:UpdateSecret": KEY,
        "SecretKey kms:Decrypt": "SecretKeyWhileTerraformWritesIt, of the option `credentials`, allows it too",
        "Tag s3:UntagResource": V6,
        "Topic sns:SetTopicAttributes": KEY,
        "TopicKey kms:PutKeyPolicy": VERSION,
        "TopicKey kms:UpdateKeyDescription": VERSION,
        "WriterPolicy iam:DeletePolicyVersion": SIXTH,
    },
    "destroy": {
        "ReaderKeyPolicy iam:DeletePolicyVersion": "a policy that has changed: this one changes with `kms_key`",
    },
}
"""By phase: statements and actions that no request of the fixture needed, and their purpose."""

UNUSED = {
    "FunctionCodeSigning": SIGNING,
    "MakeReaderUser": "the fixture's user has a boundary; examples/private-network makes one without",
}
"""Statements that no use in the fixture has."""


def with_options(*options: str) -> dict[str, str]:
    """Turn options on, with a value if they need one."""
    values = {
        "ca_bundle": "arn:aws:lambda:us-east-1:123456789012:layer:ca-bundle:1",
        "code_signing": "arn:aws:lambda:us-east-1:123456789012:code-signing-config:csc-0123456789abcdef0",
        "kms_key": "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "permissions_boundary": BOUNDARY,
        "s3_package": "packages/zoom/collector.zip",
    }
    return {option: values.get(option, "true") for option in options}


# --- proved by Terraform's requests ----------------------------------------------------------------------------------


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
    assert set(re.findall(r"not authorized to perform: ([\w:]+)", life.refused[phase])) == {WITHDRAWN[phase]}


@each_life
@pytest.mark.parametrize("phase", PHASES)
def test_every_request_is_allowed(phase: str, life: Life) -> None:
    """As the stand-in decided; evaluated here once more, by the identity policies alone."""
    assert life.needed[phase]
    assert [one for one in life.needed[phase] if "unknown" in one] == []
    policies = life.policies(phase)
    assert [one for one in life.needed[phase] if not allowed(one, policies)] == []


@each_life
@pytest.mark.parametrize("phase", PHASES)
def test_each_withdrawn_action_is_needed(phase: str, life: Life) -> None:
    """By a request that no other statement allows; equal statements of two uses of the module count as one."""
    statements = [one for policy in life.policies(phase) for one in policy["Statement"]]
    rights = [
        (f"{one['Sid']} {action}", {**one, "Action": [action]})
        for one in {json.dumps(one): one for one in statements}.values()
        for action in one["Action"]
    ]
    missed = set()
    for one in life.needed[phase]:
        allowing = [
            right
            for right, alone in rights
            if alone["Action"] == [one["action"]]
            and statement_applies(alone, one["action"], one["resource"], one["context"])
        ]
        missed |= {*allowing} if len(allowing) == 1 else set()
    known = {right for phases, rights in UNSEEN.items() if phase in phases.split() for right in rights}
    assert {right for right, _ in rights} - missed == known


@each_life
def test_the_fixture_has_each_statement(life: Life) -> None:
    used = {one["Sid"] for phase in PHASES for policy in life.policies(phase) for one in policy["Statement"]}
    assert {one["sid"] for one in TABLE["statements"]} - used == {*UNUSED}


@each_life
def test_it_reads_only_the_secret_that_terraform_writes(life: Life) -> None:
    read = {one["resource"] for needed in life.needed.values() for one in needed if "GetSecretValue" in one["action"]}
    assert len(read) == 1
    assert ":secret:alpha-zoom-operationlogs-credentials-" in read.pop()


# --- the policy as a document ----------------------------------------------------------------------------------------


def actions_of(policies: dict[str, Any]) -> set[str]:
    return {action for policy in policies.values() for one in policy["Statement"] for action in one["Action"]}


def test_only_one_statement_reads_a_secrets_value() -> None:
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


def test_it_reads_no_record_and_deletes_records_only_by_force() -> None:
    made = deployer.policies(deployer.PHASES, with_options("kms_key", "vpc"), BUCKET, WHERE)
    assert {"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"} & actions_of(made) == set()


def test_a_plan_alone_changes_nothing() -> None:
    made = deployer.policies(["plan"], with_options(*TABLE["options"]), BUCKET, WHERE)
    made |= deployer.policies(["plan"], {}, BUCKET, WHERE)
    verbs = {re.match(r"\w+:([A-Z][a-z]+)", action)[1] for action in actions_of(made)}  # type: ignore[index]
    assert verbs <= {"Get", "List", "Describe", "Decrypt"}


def test_no_action_has_a_wildcard_and_few_statements_allow_every_resource() -> None:
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


def test_with_a_boundary_every_role_and_permission_requires_it() -> None:
    made = deployer.policies(deployer.PHASES, with_options("permissions_boundary"), BUCKET, WHERE)
    for policy in made.values():
        for one in policy["Statement"]:
            if {"iam:CreateRole", "iam:CreateUser", "iam:PutRolePolicy"} & {*one["Action"]}:
                assert one["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": BOUNDARY}}
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
    """For each name in AWS: `X_name` is the module's `names.X`."""
    text = (REPOSITORY / "variables.tf").read_text(encoding="utf-8")
    [names] = re.findall(r'(?s)variable "names" \{\n  type = object\(\{(.*?)\}\)', text)
    defaults = dict(re.findall(r'(\w+) += optional\(string, "(.*?)"\)', names))
    others = {"feed", "metrics_namespace", "reader_key_secret"}  # `zoomlogs reader-key` creates the last one
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


def test_the_readme_links_the_page_where_it_lists_what_is_needed() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    needs = readme.partition("You need:\n")[2].partition("```")[0]
    assert "(docs/deployer.md)" in needs


def test_the_page_has_the_tables() -> None:
    page = deployer_page.PAGE.read_text(encoding="utf-8")
    assert page == deployer_page.updated(page), "run `make docs` and commit the result"


# --- the command -----------------------------------------------------------------------------------------------------

ASK = ("deployer-policy", "--account", "111122223333", "--region", "eu-west-1")


def test_the_command_prints_the_policy() -> None:
    ran = commands.zoomlogs(*ASK, "--name", "bucket_name=bucket", "--phase", "plan", "--option", "vpc")
    assert ran.status == 0
    where = deployer.place("111122223333", "eu-west-1")
    made = deployer.policies(["plan"], {"vpc": "true"}, {"bucket_name": "bucket"}, where)
    assert json.loads(ran.out) == deployer.merged(made.values())


def test_the_command_reports_too_long_a_policy_and_prints_the_parts() -> None:
    long = commands.zoomlogs(*ASK, "--name", "bucket_name=bucket")
    assert "create one for each part, with --part archive, collector, roles, reader, monitoring." in long.err
    parts = json.loads(commands.zoomlogs(*ASK, "--name", "bucket_name=bucket", "--json").out)
    one = json.loads(commands.zoomlogs(*ASK, "--name", "bucket_name=bucket", "--part", "roles").out)
    assert parts["roles"] == one
    both = commands.zoomlogs(*ASK, "--name", "bucket_name=bucket", "--part", "roles", "--json")
    assert json.loads(both.out) == {"roles": one}


@pytest.mark.parametrize(
    ("options", "names", "sentence"),
    [
        (["vcp"], ["bucket_name=bucket"], "There is no option vcp: choose from access_logs, "),
        ([], ["bucket=b"], "There is no name bucket: choose from bucket_name, "),
        ([], [], "Name the bucket: --name bucket_name=YOUR-BUCKET."),
        ([], ["bucket_name"], "--name bucket_name needs a value: bucket_name=VALUE."),
        ([], ["bucket_name=one", "bucket_name=two"], "--name bucket_name is given twice."),
        (["vpc", "vpc=false"], ["bucket_name=bucket"], "--option vpc is given twice."),
        ([], ["bucket_name="], "bucket_name must be a name as the module takes it, without * ? $ and quotes."),
        (["kms_key"], ["bucket_name=bucket"], "The option kms_key needs the whole ARN that docs/deployer.md says, "),
        (["s3_package=p"], ["bucket_name=bucket"], "The option s3_package needs the package's place, without "),
        (["vpc=on"], ["bucket_name=bucket"], "The option vpc is true or false: vpc=true."),
    ],
)
def test_a_wrong_request_gives_one_sentence(options: list[str], names: list[str], sentence: str) -> None:
    with pytest.raises(CommandError) as refused:
        deployer.main([], options, names, WHERE, None)
    assert str(refused.value).startswith(sentence)


def test_an_unknown_phase_part_or_region_gives_one_sentence() -> None:
    with pytest.raises(CommandError, match="There is no phase refresh: choose from plan, apply, upgrade, destroy"):
        deployer.main(["refresh"], [], ["bucket_name=bucket"], WHERE, None)
    with pytest.raises(CommandError, match="There is no part all: choose from archive, "):
        deployer.main([], [], ["bucket_name=bucket"], WHERE, "all")
    with pytest.raises(CommandError, match="There is no part tags: choose from archive, "):
        deployer.main([], [], ["bucket_name=bucket"], WHERE, "tags", as_json=True)
    with pytest.raises(CommandError, match="--account must be the 12 digits"):
        deployer.place("1234", "eu-west-1")
    with pytest.raises(CommandError, match="--account must be the 12 digits"):
        deployer.place("١١١١٢٢٢٢٣٣٣٣", "eu-west-1")
    with pytest.raises(CommandError, match="--region must be an AWS region"):
        deployer.place("111122223333", "Ireland")
    with pytest.raises(CommandError, match="--region must be an AWS region"):
        deployer.place("111122223333", "xx-nowhere-1")
    assert deployer.place("111122223333", "us-gov-west-1")["partition"] == "aws-us-gov"
    assert deployer.place("111122223333", "cn-north-1")["dns_suffix"] == "amazonaws.com.cn"
    european = {"partition": "aws-eusc", "dns_suffix": "amazonaws.eu"}
    assert european.items() <= deployer.place("111122223333", "eusc-de-east-1").items()
