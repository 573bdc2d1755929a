"""The search finds a planted secret in each kind of place."""

from __future__ import annotations

import base64
import gzip
import io
import json
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from standins.aws import AwsStandIn

from .leaks import as_json, found, in_account, in_folder, spellings

SECRET = "distinct/ive+wört"
SECRETS = {"the client secret": SECRET}


def zipped(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tfplan", data)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("pack", "place"),
    [
        (lambda text: text.encode(), "place"),
        (lambda text: json.dumps({"a": text}).encode(), "place"),
        (lambda text: gzip.compress(text.encode()), "place > gzip"),
        (lambda text: zlib.compress(text.encode()), "place > zlib"),
        (lambda text: zipped(text.encode()), "place > tfplan"),
        (lambda text: zipped(gzip.compress(text.encode())), "place > tfplan > gzip"),
        (lambda text: base64.b64encode(text.encode()), "place"),
        (lambda text: base64.b64encode(f"id:{text}".encode()), "place"),
        (lambda text: base64.urlsafe_b64encode(f"i:{text}!".encode()), "place"),
        (lambda text: b"?q=distinct%2Five%2Bw%C3%B6rt", "place"),
    ],
)
def test_a_secret_is_found_in_every_encoding(pack: Callable[[str], bytes], place: str) -> None:
    assert found(SECRETS, {"place": pack(SECRET)}) == [f"the client secret is in {place}"]


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "abcd"])
@pytest.mark.parametrize("after", ["", "a", "ab"])
def test_base64_is_found_at_every_offset(before: str, after: str) -> None:
    for secret in ("s3cret-value", "s3cret-value!", "s3cret-value!?"):
        text = base64.b64encode(f"{before}{secret}{after}".encode())
        assert any(spelling in text for spelling in spellings(secret))


def test_data_without_a_secret_is_clean() -> None:
    assert found(SECRETS, {"place": b"distinct", "zip": zipped(b"distinct/ive"), "text": b"x" * 100}) == []


def test_files_are_searched_except_the_providers(tmp_path: Path) -> None:
    for name in (
        "terraform.tfstate",
        "terraform.tfstate.backup",
        ".terraform/modules/m.json",
        ".terraform/providers/p",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"x {SECRET}", encoding="utf-8")
    assert sorted(found(SECRETS, in_folder(tmp_path))) == [
        "the client secret is in .terraform/modules/m.json",
        "the client secret is in terraform.tfstate",
        "the client secret is in terraform.tfstate.backup",
    ]


def test_values_are_searched_as_json() -> None:
    assert found(SECRETS, as_json(outputs={"deep": [{"er": SECRET}]})) == ["the client secret is in outputs"]


@pytest.fixture(scope="module")
def aws(aws: AwsStandIn) -> AwsStandIn:
    aws.client("s3").create_bucket(Bucket="bucket")
    return aws


def plant_in_an_object(aws: AwsStandIn) -> str:
    aws.client("s3").put_object(Bucket="bucket", Key="body", Body=gzip.compress(SECRET.encode()))
    return "s3://bucket/body null > gzip"


def plant_in_metadata(aws: AwsStandIn) -> str:
    aws.client("s3").put_object(Bucket="bucket", Key="meta", Metadata={"a": base64.b64encode(SECRET.encode()).decode()})
    return "s3://bucket/meta null > metadata"


def plant_in_a_functions_environment(aws: AwsStandIn) -> str:
    aws.client("iam").create_role(RoleName="role", AssumeRolePolicyDocument="{}")
    aws.register_package(b"zip")
    aws.client("lambda").create_function(
        FunctionName="f",
        Role="arn:aws:iam::123456789012:role/role",
        Runtime="python3.13",
        Handler="a.b",
        Code={"ZipFile": b"zip"},
        Environment={"Variables": {"ZOOM_CLIENT_SECRET": SECRET}},
    )
    return "function f"


def plant_in_a_message(aws: AwsStandIn) -> str:
    url = aws.client("sqs").create_queue(QueueName="queue")["QueueUrl"]
    aws.client("sqs").send_message(QueueUrl=url, MessageBody=SECRET)
    return f"queue {url}"


def plant_in_a_log(aws: AwsStandIn) -> str:
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="group")
    logs.create_log_stream(logGroupName="group", logStreamName="stream")
    event = {"timestamp": int(time.time() * 1000), "message": SECRET}
    logs.put_log_events(logGroupName="group", logStreamName="stream", logEvents=[event])
    return "log group group"


def plant_in_a_secrets_description(aws: AwsStandIn) -> str:
    aws.client("secretsmanager").create_secret(Name="secret", SecretString=SECRET, Description=SECRET)
    return "secrets"


def plant_in_a_policy(aws: AwsStandIn) -> str:
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": f"arn:aws:s3:::{SECRET}"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    aws.client("iam").create_user(UserName="user")
    aws.client("iam").put_user_policy(UserName="user", PolicyName="p", PolicyDocument=json.dumps(policy))
    return "iam"


@pytest.mark.slow
@pytest.mark.parametrize(
    "plant",
    [
        plant_in_an_object,
        plant_in_metadata,
        plant_in_a_functions_environment,
        plant_in_a_message,
        plant_in_a_log,
        plant_in_a_secrets_description,
        plant_in_a_policy,
    ],
)
def test_a_secret_is_found_in_an_account(aws: AwsStandIn, plant: Callable[[AwsStandIn], str]) -> None:
    before = found(SECRETS, in_account(aws))
    place = plant(aws)
    assert [one for one in found(SECRETS, in_account(aws)) if one not in before] == [f"the client secret is in {place}"]
