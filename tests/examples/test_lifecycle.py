"""The examples: those with resources of their own are applied, planned again and destroyed, the others are planned.

Most of the time is waiting for AWS, so the applied ones run at the same time, each with its own AWS.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from harness.scratch import prepare, provider_aliases
from harness.terraform import Changes, Plan, Terraform, TerraformError
from security.deployer import PHASES, WHERE, allowed, is_about_oneself, role
from standins.aws import AwsStandIn
from standins.running_provider import running_provider
from terraform.expected import surprising
from zoomlogs import deployer

REPOSITORY = Path(__file__).resolve().parents[2]
APPLIED = ["complete", "existing-bucket", "private-network"]
PLANNED = ["both-reports", "government", "multi-account", "plan-check"]
PIPELINE = "deployer"
"""Planned too: it has the roles of a pipeline, and none of the module's resources."""
SECRET_READ = "deployer with the option credentials"
STATE_KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
STATE = {"bucket": "states-of-ours", "key": "zoom/terraform.tfstate", "kms_key_arn": STATE_KEY}

ELSEWHERE = {
    "adopt-console-setup",  # imports what tests/adoption creates first, and is applied there
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
    assert found == {*APPLIED, *PLANNED, *ELSEWHERE, PIPELINE}


def test_examples_that_are_only_planned_have_no_resources_of_their_own(
    lives: dict[str, Future[Life]], plans: dict[str, dict[str, Any]]
) -> None:
    """The same resources with other values: the applied examples test them."""
    kinds = {one["type"] for plan in plans.values() for one in plan["resource_changes"]}
    assert kinds - {kind for life in lives.values() for kind in life.result().kinds} == set()


# --- applied ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Life:
    """The results of an example, from apply to destroy."""

    applied: Changes
    kinds: set[str]
    outputs: dict[str, Any]
    second_plan: Plan
    destroyed: Changes
    left: list[str]
    needed: dict[str, list[dict[str, Any]]]
    """The permissions that the requests of each phase needed."""

    platform: set[str]
    """ARNs of what the example creates in addition to the module."""


def live(example: str, scratch: Path) -> Life:
    with ExitStack() as stack:
        aws = stack.enter_context(AwsStandIn())
        terraform = prepare(REPOSITORY, scratch, aws.env(), folder=f"examples/{example}")
        terraform.init()
        stack.enter_context(running_provider(terraform))
        variables = {"force_destroy": True, **VARIABLES.get(example, {})}
        with aws.listing_permissions() as to_apply:
            applied = terraform.apply(variables)
        with aws.listing_permissions() as to_plan:
            second_plan = terraform.plan(variables)
        kinds = {address.split(".")[-2] for address in terraform.state_list()}
        outputs, platform = terraform.output(), root_arns(terraform.show_json())
        with aws.listing_permissions() as to_destroy:
            destroyed = terraform.destroy(variables)
        return Life(
            applied,
            kinds,
            outputs,
            second_plan,
            destroyed,
            terraform.state_list(),
            {"apply": to_apply, "plan": to_plan, "destroy": to_destroy},
            platform,
        )


def root_arns(state: dict[str, Any]) -> set[str]:
    """Collect the ARNs of the root module's own resources."""
    return {one["values"]["arn"] for one in state["values"]["root_module"]["resources"] if one["values"].get("arn")}


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Life]]]:
    with ThreadPoolExecutor(len(APPLIED)) as pool:
        yield {name: pool.submit(live, name, tmp_path_factory.mktemp(name)) for name in APPLIED}
        pool.shutdown(cancel_futures=True)


DEPLOYERS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "complete": (
        {
            **dict.fromkeys(("access_logs", "credentials", "emails", "feed_queue", "force_destroy", "lock"), "true"),
            **dict.fromkeys(("reader_role", "reserved_concurrency", "tags"), "true"),
            "permissions_boundary": "arn:aws:iam::123456789012:policy/security/zoom-operation-logs-boundary",
            "s3_package": "zoom-operation-logs-packages/zoom-operation-logs/collector.zip",
        },
        {
            "bucket_name": "zoom-operation-logs",
            "name_prefix": "emea-",
            "iam_path": "/security/",
            "secret_name": "zoom/operation-logs",
            "function_name": "zoom-operation-logs",
            "function_role_name": "zoom-operation-logs-collector",
            "function_policy_name": "zoom-operation-logs-writer",
            "schedule_name": "zoom-operation-logs",
            "schedule_role_name": "zoom-operation-logs-scheduler",
            "dead_letter_queue_name": "zoom-operation-logs-undelivered",
            "reader_name": "secops-zoom-reader",
            "reader_policy_name": "secops-zoom-reader",
            "feed_queue_name": "zoom-operation-logs-feed",
            "alarm_topic_name": "zoom-operation-logs-alarms",
        },
    ),
    "existing-bucket": (
        dict.fromkeys(("existing_bucket", "existing_secret", "feed_queue"), "true"),
        {"bucket_name": "security-lake"},
    ),
    "private-network": ({"force_destroy": "true", "vpc": "true"}, {"bucket_name": "zoom-operation-logs"}),
}
"""The options and names with which a platform team would print each example's deployer policy."""


@pytest.mark.parametrize("phase", ["apply", "plan", "destroy"])
@pytest.mark.parametrize("example", APPLIED)
def test_the_deployers_policy_is_enough_for_what_the_module_makes(
    example: str, phase: str, lives: dict[str, Future[Life]]
) -> None:
    """The example's other resources are the platform's: networks, keys, and other buckets."""
    life, (options, names) = lives[example].result(), DEPLOYERS[example]
    [key] = [arn for arn in life.platform if arn.startswith("arn:aws:kms:")] or [None]
    options = options | ({"kms_key": key} if key else {})
    policies = [*deployer.policies(PHASES[phase], options, names, WHERE).values()]
    refused = {
        (one["action"], one["resource"])
        for one in life.needed[phase]
        if "unknown" not in one and not is_about_oneself(one) and not is_the_platforms(one, life.platform)
        if not allowed(one, policies)
    }
    assert refused == set()
    assert {one["unknown"].partition(":")[0] for one in life.needed[phase] if "unknown" in one} <= {"ec2"}


def is_the_platforms(needed: dict[str, Any], arns: set[str]) -> bool:
    """Return whether a request is about an example's own resources."""
    on_its_own = any(needed["resource"].startswith(arn) for arn in arns if ":key/" not in arn)
    new_secret = needed["resource"] if needed["action"] == "secretsmanager:CreateSecret" else ""
    secret = needed["context"].get("kms:EncryptionContext:SecretARN", [new_secret])[0]  # without its random suffix
    on_its_secret = secret and any(arn.startswith(secret) for arn in arns)
    on_its_key = needed["resource"] in arns and (on_its_secret or "kms:ViaService" not in needed["context"])
    making_it = needed["action"] in ("kms:CreateKey", "kms:TagResource") and any(":key/" in arn for arn in arns)
    on_its_own = on_its_own or bool(new_secret and on_its_secret)
    return on_its_own or on_its_key or making_it or needed["action"].startswith("ec2:")


@pytest.mark.parametrize("example", APPLIED)
def test_an_example_is_applied_shows_no_change_and_is_destroyed(example: str, lives: dict[str, Future[Life]]) -> None:
    life = lives[example].result()
    assert life.applied.add > 20
    assert not life.second_plan.changed, life.second_plan.actions
    assert surprising(life.second_plan.warnings) == []
    assert life.destroyed == Changes(destroy=life.applied.add)
    assert life.left == []


def test_the_complete_example_has_what_it_requests(lives: dict[str, Future[Life]]) -> None:
    made = lives["complete"].result().outputs["zoom_operation_logs"]
    assert made["function"]["name"] == "emea-zoom-operation-logs"
    assert made["role"]["arn"].endswith(":role/security/emea-zoom-operation-logs-collector")
    assert made["schedule"]["expression"] == "cron(0/15 * * * ? *)"
    assert made["bucket"]["uri"] == "s3://zoom-operation-logs/audit/zoom/operationlogs/"
    assert made["reader"]["mode"] == "role"
    assert made["function"]["environment"]["FEED_DELETES"] == "true"
    assert "hush-hush" not in str(made)


# --- planned ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Plan an example and return the JSON of `terraform show -json`."""
    made = {}
    with AwsStandIn() as aws:
        for name in [*PLANNED, "minimal", PIPELINE]:
            scratch = tmp_path_factory.mktemp(name)
            terraform = prepare(REPOSITORY, scratch, aws.env(), folder=f"examples/{name}")
            terraform.init()
            with ExitStack() as stack:
                if len(provider_aliases(terraform.workdir)) == 1:
                    stack.enter_context(running_provider(terraform))
                variables: dict[str, object] = {} if name == PIPELINE else {"force_destroy": True}
                plan = terraform.plan(variables, out=scratch / "tfplan")
                assert surprising(plan.warnings) == []
                made[name] = terraform.show_json(scratch / "tfplan")
                if name == PIPELINE:
                    changed = {"options": {"credentials": "true"}, "state": STATE}
                    terraform.plan(changed, out=scratch / "tfplan")
                    made[SECRET_READ] = terraform.show_json(scratch / "tfplan")
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
def test_a_first_plan_shows_the_functions_environment(example: str, plans: dict[str, dict[str, Any]]) -> None:
    """One value that is known only after apply would hide the whole environment."""
    functions = [one["change"] for one in created(plans[example]) if one["type"] == "aws_lambda_function"]
    assert functions
    for function in functions:
        [environment] = function["after"]["environment"]
        assert function["after_unknown"]["environment"] in ([{}], [{"variables": {}}])
        assert environment["variables"]["ZOOM_SECRET_ID"].endswith("zoom-operationlogs-credentials")
        assert environment["variables"]["S3_SSE"] == "AES256"


def test_each_account_and_region_has_its_own_resources(plans: dict[str, dict[str, Any]]) -> None:
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


MODULES = {"operation_logs": "zoom/operationlogs", "sign_ins": "zoom/activities"}


class InOneBucket:
    """The principals of both blocks of a plan, and the policies after its apply."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.made = {one["address"]: one["change"]["after"] for one in created(plan)}
        self.policy = json.loads(self.only("aws_s3_bucket_policy")["policy"])
        self.arn = f"arn:aws:s3:::{self.only('aws_s3_bucket')['bucket']}"

    def only(self, kind: str) -> dict[str, Any]:
        [found] = [after for address, after in self.made.items() if f".{kind}." in address]
        return found


def test_one_block_configures_the_bucket_for_both_and_the_other_does_not(
    plans: dict[str, dict[str, Any]],
) -> None:
    resources = {one["address"]: one["change"]["after"] for one in created(plans["both-reports"])}
    of_the_bucket = {address for address in resources if ".aws_s3_bucket" in address}
    assert {address.partition(".module.archive")[0] for address in of_the_bucket} == {"module.operation_logs"}
    bucket = InOneBucket(plans["both-reports"])
    rules = {one["filter"][0].get("prefix") for one in bucket.only("aws_s3_bucket_lifecycle_configuration")["rule"]}
    assert rules >= {f"{prefix}/" for prefix in MODULES.values()}
    assert rules >= {f"{prefix}-state/state.json" for prefix in MODULES.values()}
    environments = [
        after["environment"][0]["variables"]
        for address, after in resources.items()
        if ".aws_lambda_function." in address
    ]
    assert sorted((one["REPORT"], one["S3_PREFIX"], one["STATE_KEY"]) for one in environments) == [
        ("activities", "zoom/activities/", "zoom/activities-state/state.json"),
        ("operationlogs", "zoom/operationlogs/", "zoom/operationlogs-state/state.json"),
    ]
    assert bucket.only("aws_s3_bucket")["force_destroy"] is True


def test_a_government_account_has_its_own_partition(plans: dict[str, dict[str, Any]]) -> None:
    resources = created(plans["government"])
    assert {(partition, region) for partition, region, _ in arns(resources)} == {("aws-us-gov", "us-gov-west-1")}
    assert "arn:aws:" not in json.dumps([one["change"]["after"] for one in resources])


def test_the_root_of_a_pipeline_tags_everything(plans: dict[str, dict[str, Any]]) -> None:
    tags = [
        one["change"]["after"]["tags_all"]
        for one in created(plans["plan-check"])
        if "tags_all" in one["change"]["after"]
    ]
    assert len(tags) > 10
    assert [each for each in tags if each != {"owner": "security", "service": "zoom-operation-logs"}] == []


CREATES = {
    "aws_cloudwatch_dashboard": ("cloudwatch:PutDashboard", "arn:{p}:cloudwatch::{a}:dashboard/{dashboard_name}"),
    "aws_cloudwatch_log_group": ("logs:CreateLogGroup", "arn:{p}:logs:{r}:{a}:log-group:{name}"),
    "aws_cloudwatch_metric_alarm": ("cloudwatch:PutMetricAlarm", "arn:{p}:cloudwatch:{r}:{a}:alarm:{alarm_name}"),
    "aws_iam_policy": ("iam:CreatePolicy", "arn:{p}:iam::{a}:policy{path}{name}"),
    "aws_iam_role": ("iam:CreateRole", "arn:{p}:iam::{a}:role{path}{name}"),
    "aws_iam_user": ("iam:CreateUser", "arn:{p}:iam::{a}:user{path}{name}"),
    "aws_lambda_function": ("lambda:CreateFunction", "arn:{p}:lambda:{r}:{a}:function:{function_name}"),
    "aws_s3_bucket": ("s3:CreateBucket", "arn:{p}:s3:::{bucket}"),
    "aws_scheduler_schedule": ("scheduler:CreateSchedule", "arn:{p}:scheduler:{r}:{a}:schedule/default/{name}"),
    "aws_secretsmanager_secret": ("secretsmanager:CreateSecret", "arn:{p}:secretsmanager:{r}:{a}:secret:{name}"),
    "aws_sns_topic": ("sns:CreateTopic", "arn:{p}:sns:{r}:{a}:{name}"),
    "aws_sqs_queue": ("sqs:CreateQueue", "arn:{p}:sqs:{r}:{a}:{name}"),
}
"""The action and resource that create each kind of named resource."""


@pytest.mark.parametrize("example", [*PLANNED, "minimal"])
def test_the_deployers_policy_creates_what_is_only_planned(example: str, plans: dict[str, dict[str, Any]]) -> None:
    """The applied examples test the other requests, which are about the same resources."""
    uses: dict[str, list[dict[str, Any]]] = {}
    for one in created(plans[example]):
        uses.setdefault(one["address"].partition(".module.")[0], []).append(one)
    for resources in uses.values():
        [(partition, region, account)] = arns(resources)
        [function] = [one["change"]["after"] for one in resources if one["type"] == "aws_lambda_function"]
        bucket = function["environment"][0]["variables"]["S3_BUCKET"]
        [secret] = [one["change"]["after"]["name"] for one in resources if one["type"] == "aws_secretsmanager_secret"]
        names = {"bucket_name": bucket, "name_prefix": secret.removesuffix(deployer.table()["names"]["secret_name"])}
        where = deployer.place(account, region)
        policies = [*deployer.policies(PHASES["apply"], {}, names, where).values()]
        made = [one for one in resources if one["type"] in CREATES]
        creates_no_bucket = not any(one["type"] == "aws_s3_bucket" for one in resources)  # the other block does this
        assert len({one["type"] for one in made}) == len(CREATES) - creates_no_bucket
        for one in made:
            action, pattern = CREATES[one["type"]]
            resource = pattern.format(p=partition, r=region, a=account, **one["change"]["after"])
            resource += ":log-stream:" if action.startswith("logs:") else ""
            assert allowed({"action": action, "resource": resource, "context": {}}, policies), resource


def test_no_pull_request_plan_reads_the_secret(plans: dict[str, dict[str, Any]]) -> None:
    after = {one["address"]: one["change"]["after"] for one in plans[SECRET_READ]["resource_changes"]}
    assert "secretsmanager:GetSecretValue" in after['aws_iam_policy.pipeline["plan-collector"]']["policy"]
    assert "pull_request" not in after['aws_iam_role.pipeline["plan"]']["assume_role_policy"]


BACKEND = """
terraform {
  backend "s3" {
    bucket       = "states-of-ours"
    key          = "zoom/terraform.tfstate"
    region       = "us-east-1"
    use_lockfile = true
  }
}

output "made" {
  value = true
}
"""


def test_both_roles_of_a_pipeline_read_the_state_and_one_writes_it(
    plans: dict[str, dict[str, Any]], aws: AwsStandIn, tmp_path: Path
) -> None:
    """With the real backend, in a bucket that is encrypted with the caller's key."""
    after = {one["address"]: one["change"]["after"] for one in plans[SECRET_READ]["resource_changes"]}
    (tmp_path / "main.tf").write_text(BACKEND)
    key, s3 = aws.client("kms").create_key()["KeyMetadata"]["Arn"], aws.client("s3")
    s3.create_bucket(Bucket=STATE["bucket"])
    default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(Bucket=STATE["bucket"], ServerSideEncryptionConfiguration={"Rules": [default]})

    def as_role(name: str) -> Terraform:
        policy = json.loads(after[f'aws_iam_role_policy.state["{name}"]']["policy"].replace(STATE_KEY, key))
        return Terraform(tmp_path, aws.env() | aws.credentials(role(aws, name, [policy])))

    applies, plans_only = as_role("apply"), as_role("plan")
    with aws.authorising():
        applies.init()
        applies.apply({})
        shutil.rmtree(tmp_path / ".terraform")
        plans_only.init()
        with pytest.raises(TerraformError, match="s3:PutObject"):
            plans_only.plan({})
        assert "made" in plans_only.output()


def test_the_roles_of_a_pipeline_have_the_policies_that_the_command_prints(plans: dict[str, dict[str, Any]]) -> None:
    changes = plans[PIPELINE]["resource_changes"]
    after = {one["address"]: one["change"]["after"] for one in changes if one["mode"] == "managed"}
    names = {"bucket_name": "zoom-operation-logs"}
    for name, phases in (("plan", ["plan"]), ("apply", deployer.PHASES)):
        for part, policy in deployer.policies(phases, {"tags": "true"}, names, WHERE).items():
            assert json.loads(after[f'aws_iam_policy.pipeline["{name}-{part}"]']["policy"]) == policy
            assert f'aws_iam_role_policy_attachment.pipeline["{name}-{part}"]' in after
        document = json.loads(after[f'aws_iam_role.pipeline["{name}"]']["assume_role_policy"])
        [subject] = [one["Condition"]["StringEquals"] for one in document["Statement"]]
        assert ("pull_request" in str(subject)) == (name == "plan")
        state = json.loads(after[f'aws_iam_role_policy.state["{name}"]']["policy"])
        writes = any("s3:PutObject" in one["Action"] for one in state["Statement"])
        assert writes == (name == "apply")
