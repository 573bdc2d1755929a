"""What the pages tell a reader to do, done with what they tell a reader to write: planned, applied, taken away."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from aws_cli import carry_out
from harness.scratch import prepare, provider_aliases
from harness.terraform import Terraform, TerraformError
from security.principals import RUNBOOK, break_glass_policy
from standins.aws import AwsStandIn
from standins.iam_policy import Call, Caller, Policy, decide
from standins.running_provider import running_provider
from terraform.expected import surprising

from .pages import REPOSITORY, Configuration, configurations, write

BUCKET = "your-zoom-operation-logs"
CREDENTIALS = {"account_id": "an-account", "client_id": "a-client", "client_secret": "a-secret-value"}

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Reader:
    """Somebody who follows the pages: with an AWS account, a checkout, and the provider already running."""

    aws: AwsStandIn
    checkout: Path
    provider: Mapping[str, str]

    def writes(self, files: Mapping[str, str], folder: str) -> Terraform:
        """Give a Terraform for a page's files in a folder of their own, after `init`."""
        write(files, self.checkout / "pages" / folder)
        terraform = prepare(REPOSITORY, self.checkout, self.aws.env(), folder=f"pages/{folder}")
        if len(provider_aliases(terraform.workdir)) < 2:
            terraform.env |= self.provider
        terraform.init()
        return terraform


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    checkout = tmp_path_factory.mktemp("checkout")
    with AwsStandIn(region="eu-west-1") as aws:
        example = prepare(REPOSITORY, checkout, aws.env())
        example.init()
        with running_provider(example) as provider:
            yield Reader(aws, checkout, provider)


def page(name: str, holding: str) -> Configuration:
    """Give the configuration of the one block on a page that holds a text."""
    [found] = [one for one in configurations(REPOSITORY / name) if holding in list(one.files.values())[-1]]
    return found


def test_the_multi_account_page_gives_a_valid_plan(reader: Reader) -> None:
    """With several instances in one bucket, which is the last thing that it adds to its configuration."""
    files = {
        **page("docs/multi-account.md", "each.key}/operationlogs").files,
        **page("docs/multi-account.md", "shared").files,
    }
    terraform = reader.writes(files, "multi-account")
    saved = terraform.workdir / "tfplan"
    plan = terraform.plan(out=saved)
    shown = terraform.show_json(saved)
    [policy] = [
        json.loads(change["change"]["after"]["policy"])
        for change in shown["resource_changes"]
        if change["address"] == "aws_s3_bucket_policy.shared"
    ]
    assert surprising(plan.warnings) == []
    assert set(plan.actions.values()) == {"create", "read"}
    managed = [change for change in shown["resource_changes"] if change["mode"] == "managed"]
    functions = [change for change in managed if change["type"] == "aws_lambda_function"]
    names = Counter(function["change"]["after"]["function_name"] for function in functions)
    assert names == Counter(f"{prefix}zoom_operationlogs_to_s3" for prefix in ("", "asia-", "north-", "south-"))

    # Each in its own AWS account and region: the assumed roles and the providers reach the modules that they are for.
    logs = {
        change["address"].split(".module.")[0]: re.findall(r"arn:aws:logs:([\w-]+):(\d+):", json.dumps(change))[0]
        for change in shown["resource_changes"]
        if change["type"] == "aws_iam_policy" and change["name"] == "writer"
    }
    assert logs == {
        "module.europe": ("eu-west-1", "111122223333"),
        "module.asia": ("ap-southeast-1", "111122223333"),
        'module.america["north"]': ("us-east-1", "444455556666"),
        'module.america["south"]': ("us-east-1", "444455556666"),
    }

    # Several in one bucket, and no state_key given: a checkpoint each.
    checkpoints = {
        statement["Resource"]
        for change in shown["resource_changes"]
        if change["address"].startswith("module.america[") and change["name"] == "writer"
        for statement in json.loads(change["change"]["after"].get("policy") or '{"Statement": []}')["Statement"]
        if statement["Sid"] == "ReadAndReplaceCheckpoint"
    }
    assert checkpoints == {
        f"arn:aws:s3:::your-zoom-operation-logs/zoom/{name}/operationlogs-state/state.json"
        for name in ("north", "south")
    }

    # The bucket's policy has every instance's statements, each name once.
    assert sorted(statement["Sid"] for statement in policy["Statement"]) == sorted(
        [*WHOLE_BUCKET, *(f"{said}{hashed(name)}" for name in ("north", "south") for said in OF_ONE_PREFIX)]
    )


WHOLE_BUCKET = ("DenyInsecureTransport", "DenyCustomerProvidedKeys")
OF_ONE_PREFIX = (
    "DenyOverwriteOfRecords",
    "DenyPutsOfOthers",
    "DenyDeletesOfRecords",
    "DenyDeletesOfCheckpoint",
    "DenyDeletesOfVersions",
    "DenyHoldsAndBypasses",
    "DenyLocksOfOthers",
)


def hashed(name: str) -> str:
    return hashlib.sha256(f"zoom/{name}/operationlogs/".encode()).hexdigest()[:8]


def test_one_of_two_instances_makes_the_bucket_and_each_collector_puts_under_its_own_prefix(reader: Reader) -> None:
    terraform = reader.writes(page("docs/multi-account.md", "further_instances").files, "two-in-one-bucket")
    saved = terraform.workdir / "tfplan"
    assert set(terraform.plan(out=saved).actions.values()) == {"create", "read"}
    [policy] = [
        json.loads(change["change"]["after"]["policy"])
        for change in terraform.show_json(saved)["resource_changes"]
        if change["type"] == "aws_s3_bucket_policy"
    ]
    assert len(policy["Statement"]) == len(WHOLE_BUCKET) + 2 * len(OF_ONE_PREFIX)

    def may(role: str, action: str, key: str) -> bool:
        context = {
            "aws:PrincipalArn": [f"arn:aws:iam::{reader.aws.account_id}:role/{role}"],
            "aws:SecureTransport": ["true"],
            "s3:if-none-match": ["*"],
        }
        call = Call(action, f"arn:aws:s3:::{BUCKET}/{key}", context)
        anything: Policy = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        return decide(call, Caller(account=reader.aws.account_id), identity=[anything], resource=policy).allowed

    collectors = {name: f"{name}WriteZoomOperationLogsToS3Role" for name in ("", "second-")}
    keys = {
        "": ("zoom/operationlogs/2026/01/31/a", "zoom/operationlogs-state/state.json"),
        "second-": ("zoom/second/operationlogs/2026/01/31/a", "zoom/second/operationlogs-state/state.json"),
    }
    for name, of_name in keys.items():
        for key in of_name:
            assert [other for other, role in collectors.items() if may(role, "s3:PutObject", key)] == [name]
            assert not may(collectors[name], "s3:DeleteObject", key)
            assert not may("somebody", "s3:DeleteObjectVersion", key)
    assert may("somebody", "s3:DeleteObject", "another/folder/a")


def test_a_saved_plan_needs_the_ephemeral_credentials_again(reader: Reader) -> None:
    configuration = page("docs/secrets.md", "credentials_version = 1")
    terraform = reader.writes(configuration.files, "secrets")
    saved = terraform.workdir / "tfplan"
    terraform.plan({"zoom_credentials": CREDENTIALS}, out=saved)
    assert CREDENTIALS["client_secret"] not in json.dumps(terraform.show_json(saved))
    said = r'"zoom_credentials" was set during the plan phase, and so must also be set during the apply\s+phase'
    with pytest.raises(TerraformError, match=said):
        terraform.apply(plan=saved)
    assert reader.aws.client("lambda").list_functions()["Functions"] == []


def test_uninstalling_keeps_the_archive_and_coming_back_takes_it_over(reader: Reader) -> None:
    uninstalling = "docs/uninstalling.md"
    aws, installed = reader.aws, configurations(REPOSITORY / uninstalling)[0]
    uninstalled = page(uninstalling, "removed {")
    terraform = reader.writes(installed.files, "uninstalling")
    terraform.apply()
    s3, secrets = aws.client("s3"), aws.client("secretsmanager")
    with aws.without_bucket_policy(BUCKET):
        s3.put_object(Bucket=BUCKET, Key="zoom/operationlogs/2026/01/01/one.json.gz", Body=b"a record")
    before = settings_of_the_bucket(s3)

    write(uninstalled.files, terraform.workdir)
    terraform.init()
    done = terraform.apply()
    assert (done.add, done.change) == (0, 0)
    assert terraform.state_list() == []
    assert settings_of_the_bucket(s3) == before
    assert [stored["Key"] for stored in s3.list_objects_v2(Bucket=BUCKET)["Contents"]] == [
        "zoom/operationlogs/2026/01/01/one.json.gz"
    ]
    assert aws.client("lambda").list_functions()["Functions"] == []
    assert aws.client("iam").list_users()["Users"] == []
    [secret] = secrets.list_secrets(IncludePlannedDeletion=True)["SecretList"]
    assert "DeletedDate" in secret  # so that its name is taken, and it can be restored

    write(page(uninstalling, "create = false").files, terraform.workdir)
    terraform.init()
    borrowed = terraform.plan()
    assert not [address for address in borrowed.actions if ".aws_s3_bucket" in address]
    assert set(borrowed.actions.values()) == {"create", "read"}

    secrets.restore_secret(SecretId=secret["Name"])
    [restored] = re.findall(
        r"^import \{.*?^\}", page("docs/secrets.md", "import {").files["beside.tf"], re.MULTILINE | re.DOTALL
    )
    own = re.sub(r"arn:aws:secretsmanager:[^\"]+", secret["ARN"], restored)
    write({**page(uninstalling, "import {").files, "secret.tf": own}, terraform.workdir)
    terraform.init()
    owned = terraform.plan()
    assert owned.changes.destroy == 0
    assert Counter(action for address, action in owned.actions.items() if ".module.archive." in address) == {
        "import": 7
    }
    assert owned.actions["module.zoom_operation_logs.module.collector.aws_secretsmanager_secret.zoom[0]"] != "create"


def test_moving_the_bucket_destroys_nothing_and_takes_the_checkpoint_along(reader: Reader) -> None:
    """ "Moving the bucket" of the runbook, from step 2 to 4, with the role of "Touching the archive"."""
    aws, (old, new) = reader.aws, ("old-zoom-operation-logs", "new-zoom-operation-logs")
    state_key = "zoom/operationlogs-state/state.json"
    lines = RUNBOOK.read_text(encoding="utf-8")
    [forget] = re.findall(r"(?m)^ *(terraform state rm .*)$", lines)
    [take_along] = re.findall(r"(?m)^ *(aws s3api copy-object --copy-source OLD/.+)$", lines)

    def of(files: Mapping[str, str], name: str) -> dict[str, str]:
        """Rename what the account has from other tests, and name this account."""
        text = files["main.tf"].replace("111122223333", aws.account_id)
        queue = 'feed = { source_type = "AMAZON_SQS_V2" }'
        return {"main.tf": text.replace(f'"{BUCKET}"', f'"{name}"\n  name_prefix = "moved-"\n  {queue}')}

    terraform = reader.writes(of(configurations(REPOSITORY / "docs/uninstalling.md")[0].files, old), "moving")
    terraform.apply()
    s3, iam = aws.client("s3"), aws.client("iam")
    with aws.without_bucket_policy(old):
        s3.put_object(Bucket=old, Key=state_key, Body=b"a checkpoint")

    forgotten = subprocess.run(
        ["sh", "-c", forget], cwd=terraform.workdir, env=terraform.env, capture_output=True, text=True
    )
    assert forgotten.returncode == 0, forgotten.stderr
    write(of(page("docs/operations.md", "break_glass_arns").files, new), terraform.workdir)
    terraform.init()
    plan = terraform.plan()
    assert plan.changes.destroy == 0
    assert "module.zoom_operation_logs.module.archive.aws_sqs_queue.feed[0]" not in plan.actions
    terraform.apply()

    whole_account = {"AWS": f"arn:aws:iam::{aws.account_id}:root"}
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": whole_account}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName="break-glass", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    for bucket in (old, new):
        iam.put_role_policy(RoleName="break-glass", PolicyName=bucket, PolicyDocument=break_glass_policy(bucket))
    issued = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="somebody")["Credentials"]
    session = boto3.Session(issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"], aws.region)
    with aws.authorising(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", aws.url)
        carry_out(session, take_along.replace("OLD", old).replace("NEW", new))
    assert s3.get_object(Bucket=new, Key=state_key)["Body"].read() == b"a checkpoint"


def settings_of_the_bucket(s3: object) -> dict[str, object]:
    """Give what makes the archive safe, but for the answers' own headers."""
    read = {
        name: getattr(s3, f"get_{name}")(Bucket=BUCKET)
        for name in (
            "bucket_policy",
            "bucket_versioning",
            "bucket_encryption",
            "bucket_ownership_controls",
            "public_access_block",
            "bucket_lifecycle_configuration",
        )
    }
    return {
        name: {key: value for key, value in answer.items() if key != "ResponseMetadata"}
        for name, answer in read.items()
    }
