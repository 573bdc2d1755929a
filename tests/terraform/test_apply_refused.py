"""Messages of an apply that AWS or an organisation refuses, and that the runbook has these messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.scratch import prepare
from harness.terraform import Terraform, TerraformError
from standins.aws import AwsStandIn
from standins.running_provider import running_provider

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs/operations.md"
READER = "module.zoom_operation_logs.module.secops_reader"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def reader(aws: AwsStandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terraform]:
    """Terraform for examples/minimal, which applies only the reader's user."""
    terraform = prepare(REPOSITORY, tmp_path_factory.mktemp("refused"), aws.env())
    terraform.env["TF_CLI_ARGS_apply"] = f"-target={READER}.aws_iam_user.reader"
    terraform.init()
    with running_provider(terraform):
        yield terraform


def row_of(said: str) -> tuple[str, str]:
    """Find the first row of the runbook that matches a message; return its cause and advice.

    The message must contain one of the texts in *…* before "…", each text after it, and one of the names in `…`.
    """
    [section] = re.findall(r"(?ms)^## When an apply is refused\n(.*?)^## ", PAGE.read_text(encoding="utf-8"))
    for message, why, do in re.findall(r"(?m)^\| (.*?\*.*?) \| (.*?) \| (.*?) \|$", section):
        first, _, then = message.partition(" … ")
        one_of = [re.findall(r"\*(.+?)\*", first), re.findall(r"`(.+?)`", message)]
        if all(word in said for word in re.findall(r"\*(.+?)\*", then)) and all(
            any(word in said for word in words) for words in one_of if words
        ):
            return why, do
    raise AssertionError(f"The runbook does not have: {said}")


def test_a_taken_name_is_in_the_runbook(aws: AwsStandIn, reader: Terraform) -> None:
    """Google's guides for other log sources use the same name for their user."""
    aws.client("iam").create_user(UserName="secops-reader")
    with pytest.raises(TerraformError) as refused:
        reader.apply()
    aws.client("iam").delete_user(UserName="secops-reader")
    why, do = row_of(str(refused.value))
    assert "Google's guides for other log sources" in why
    assert 'names = { reader = "zoom-secops-reader"' in do


def test_an_organisation_that_forbids_users_is_in_the_runbook(aws: AwsStandIn, reader: Terraform) -> None:
    with (
        aws.service_control_policy({"Action": ["iam:CreateUser", "iam:CreateAccessKey"]}),
        pytest.raises(TerraformError) as refused,
    ):
        reader.apply()
    why, do = row_of(str(refused.value))
    assert "forbids users" in why
    assert '`reader = { mode = "role", subject_id = "…" }`' in do


def test_an_organisation_that_requires_tags_is_in_the_runbook(aws: AwsStandIn, reader: Terraform) -> None:
    wants = {"Action": ["iam:CreateUser"], "Condition": {"Null": {"aws:RequestTag/owner": "true"}}}
    with aws.service_control_policy(wants):
        with pytest.raises(TerraformError, match="explicit deny in a service control policy"):
            reader.apply()
        (reader.workdir / "owner_override.tf").write_text(
            'module "zoom_operation_logs" {\n  tags = { owner = "security" }\n}\n'
        )
        reader.apply()
    assert aws.client("iam").list_user_tags(UserName="secops-reader")["Tags"] == [{"Key": "owner", "Value": "security"}]


DENIED = "is not authorized to perform: {} on resource: * with an explicit deny in a service control policy"
# Messages as quoted by AWS and in the provider's issues.
ELSEWHERE = {
    DENIED.format("iam:CreateAccessKey"): 'reader = { mode = "role"',
    DENIED.format("secretsmanager:CreateSecret"): "set them in `tags`",
    "InvalidParameterValueException: The provided execution role does not have permissions to call"
    " DeleteNetworkInterface on EC2": "remove `collector.vpc`",
    "waiting for S3 Bucket Lifecycle Configuration (b) create: timeout while waiting for state to become 'true'"
    " (last state: 'false', timeout: 3m0s)": "exempt this bucket from that automation",
    "BucketAlreadyExists: The requested bucket name is not available.": "choose another `bucket_name`",
    "ResourceExistsException: The operation failed because the secret already exists.": "set `name_prefix`",
}


@pytest.mark.parametrize(
    ("said", "do"), ELSEWHERE.items(), ids=["keys", "tags", "network", "lifecycle", "bucket", "secret"]
)
def test_messages_that_the_stand_in_lacks_are_in_the_runbook(said: str, do: str) -> None:
    assert do in row_of(said)[1]
