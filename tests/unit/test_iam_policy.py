"""The evaluation of policies together, with the examples in AWS's documentation."""

from __future__ import annotations

from typing import Any

import pytest
from standins.iam_policy import Call, Caller, CannotJudgeError, condition_keys, decide, like

ACCOUNT = "123456789012"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
USER = Caller(frozenset([f"arn:aws:iam::{ACCOUNT}:user/carlossalazar"]), ACCOUNT)
ROLE_ARN, SESSION_ARN = f"arn:aws:iam::{ACCOUNT}:role/JohnRole", f"arn:aws:sts::{ACCOUNT}:assumed-role/JohnRole/s"
SESSION = Caller(frozenset([ROLE_ARN, SESSION_ARN]), ACCOUNT)
NOBODY = Caller()

# IAM user guide, "Example of evaluating identity-based policies and resource-based policies"
CARLOS = {
    "Statement": [
        {
            "Sid": "AllowS3ListRead",
            "Effect": "Allow",
            "Action": ["s3:GetBucketLocation", "s3:ListAllMyBuckets"],
            "Resource": "arn:aws:s3:::*",
        },
        {
            "Sid": "AllowS3Self",
            "Effect": "Allow",
            "Action": "s3:*",
            "Resource": ["arn:aws:s3:::carlossalazar/*", "arn:aws:s3:::carlossalazar"],
        },
        {"Sid": "DenyS3Logs", "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::*log*"},
    ]
}
# IAM user guide, "Permissions boundaries for IAM entities": ShirleyRodriguez
BOUNDARY = {"Statement": [{"Effect": "Allow", "Action": ["s3:*", "cloudwatch:*", "ec2:*"], "Resource": "*"}]}


def policy(effect: str = "Allow", action: str = "*", resource: str = "*", **elements: Any) -> dict[str, Any]:
    return {"Statement": {"Effect": effect, "Action": action, "Resource": resource, **elements}}


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (Call("s3:PutObject", "arn:aws:s3:::carlossalazar/file"), True),
        (Call("s3:ListAllMyBuckets", "arn:aws:s3:::*"), True),
        (Call("s3:GetObject", "arn:aws:s3:::elsewhere/file"), False),  # implicitly: no policy allows it
        (Call("s3:PutObject", "arn:aws:s3:::carlossalazar-logs/file"), False),
        (Call("s3:PutObject", "arn:aws:s3:::carlossalazar/file.log"), False),  # a denial overrides an allow
    ],
)
def test_identity_policies(call: Call, *, expected: bool) -> None:
    assert decide(call, USER, identity=[CARLOS]).allowed is expected


def test_in_one_account_the_resource_policy_is_enough_and_any_denial_wins() -> None:
    logs = Call("s3:GetObject", "arn:aws:s3:::carlossalazar-logs/file")
    mine = Call("s3:GetObject", "arn:aws:s3:::other/file")
    grants = policy(Principal={"AWS": "arn:aws:iam::123456789012:user/carlossalazar"})
    denies = policy("Deny", Principal="*")
    assert decide(mine, USER, resource=grants).allowed
    assert not decide(mine, SESSION, resource=grants).allowed
    assert not decide(logs, USER, identity=[CARLOS], resource=grants).allowed
    assert not decide(mine, USER, identity=[policy()], resource=denies).allowed


def test_a_role_is_named_by_its_own_arn_or_a_sessions() -> None:
    call = Call("s3:GetObject", "arn:aws:s3:::other/file")
    for name in (ROLE_ARN, SESSION_ARN):
        assert decide(call, SESSION, resource=policy(Principal={"AWS": [name]})).allowed


@pytest.mark.parametrize("account", [ROOT, ACCOUNT])
def test_naming_the_account_delegates_to_the_account(account: str) -> None:
    call = Call("s3:GetObject", "arn:aws:s3:::other/file")
    leaves = policy(Principal={"AWS": account})
    assert not decide(call, USER, resource=leaves).allowed
    assert decide(call, USER, resource=leaves, identity=[policy()]).allowed
    assert not decide(call, USER, resource=policy("Deny", Principal={"AWS": account}), identity=[policy()]).allowed


def test_an_anonymous_caller_has_only_the_resource_policy() -> None:
    call = Call("s3:GetObject", "arn:aws:s3:::public/file")
    assert decide(call, NOBODY, resource=policy(Principal="*")).allowed
    assert decide(call, NOBODY, resource=policy(Principal={"AWS": "*"})).allowed
    assert not decide(call, NOBODY, resource=policy(Principal={"AWS": ROOT})).allowed
    assert not decide(call, NOBODY).allowed


@pytest.mark.parametrize(
    ("call", "identity", "expected"),
    [
        (Call("iam:CreateUser", "arn:aws:iam::123456789012:user/new"), policy(action="iam:CreateUser"), False),
        (Call("s3:GetObject", "arn:aws:s3:::bucket/file"), policy(action="s3:GetObject"), True),
        (Call("s3:GetObject", "arn:aws:s3:::bucket/file"), policy(action="ec2:*"), False),  # a boundary grants nothing
    ],
)
def test_a_boundary_limits_what_identity_policies_allow(
    call: Call, identity: dict[str, Any], *, expected: bool
) -> None:
    assert decide(call, USER, identity=[identity], boundary=BOUNDARY).allowed is expected


def test_a_boundary_can_deny() -> None:
    call = Call("s3:GetObject", "arn:aws:s3:::logs/file")
    boundary = {"Statement": [*BOUNDARY["Statement"], policy("Deny", resource="arn:aws:s3:::logs/*")["Statement"]]}
    assert not decide(call, USER, identity=[policy()], boundary=boundary).allowed


def test_a_resource_policy_beyond_the_boundary_is_not_evaluated() -> None:
    with pytest.raises(CannotJudgeError):
        decide(Call("sqs:SendMessage", "arn:q"), USER, boundary=BOUNDARY, resource=policy(Principal="*"))


# KMS developer guide, "Default key policy" and "Allowing users in other accounts": only the key policy grants access
@pytest.mark.parametrize(
    ("principal", "identity", "expected"),
    [
        ({"AWS": ROOT}, [], False),
        ({"AWS": ROOT}, [policy(action="kms:Decrypt")], True),
        ({"AWS": ROOT}, [policy(action="kms:Encrypt")], False),
        ({"AWS": ROLE_ARN}, [], True),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/Other"}, [policy(action="kms:*")], False),
        ({"Service": "logs.us-east-1.amazonaws.com"}, [policy(action="kms:*")], False),
    ],
)
def test_only_a_keys_own_policy_grants_access(
    principal: dict[str, str], identity: list[dict[str, Any]], *, expected: bool
) -> None:
    call = Call("kms:Decrypt", "arn:aws:kms:us-east-1:123456789012:key/1")
    key_policy = policy(action="kms:*", Principal=principal)
    assert decide(call, SESSION, identity=identity, resource=key_policy, resource_decides=True).allowed is expected
    assert not decide(call, SESSION, identity=identity, resource_decides=True).allowed


# KMS developer guide, "kms:EncryptionContext:context-key"; S3 user guide, "Reducing the cost of SSE-KMS"
@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({"kms:EncryptionContext:aws:s3:arn": ["arn:aws:s3:::bucket"]}, True),
        ({"kms:EncryptionContext:aws:s3:arn": ["arn:aws:s3:::bucket/key"]}, True),
        ({"kms:encryptioncontext:AWS:S3:ARN": ["arn:aws:s3:::bucket"]}, True),  # keys are not case-sensitive
        ({"kms:EncryptionContext:aws:s3:arn": ["arn:aws:s3:::BUCKET"]}, False),
        ({"kms:EncryptionContext:aws:s3:arn": ["arn:aws:s3:::bucket-2"]}, False),
        ({"kms:EncryptionContext:other": ["arn:aws:s3:::bucket"]}, False),
        ({}, False),
    ],
)
def test_an_encryption_context_ties_a_key_to_a_bucket(context: dict[str, list[str]], *, expected: bool) -> None:
    wanted = {"kms:EncryptionContext:aws:s3:arn": ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"]}
    identity = policy(action="kms:Decrypt", Condition={"StringLike": wanted})
    call = Call("kms:Decrypt", "arn:key", context)
    assert decide(call, SESSION, identity=[identity], resource=policy(Principal={"AWS": ROOT})).allowed is expected


# Lambda developer guide, "Security best practices" for functions in a VPC: the function's own code is refused
@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({}, True),
        ({"lambda:SourceFunctionArn": ["arn:aws:lambda:us-east-1:123456789012:function:mine"]}, False),
        ({"lambda:SourceFunctionArn": ["arn:aws:lambda:us-east-1:123456789012:function:other"]}, True),
    ],
)
def test_a_functions_code_is_distinguished_from_lambda(context: dict[str, list[str]], *, expected: bool) -> None:
    mine = {"lambda:SourceFunctionArn": ["arn:aws:lambda:us-east-1:123456789012:function:mine"]}
    statements = [
        {"Effect": "Allow", "Action": ["ec2:DescribeSubnets"], "Resource": ["*"]},
        {"Effect": "Deny", "Action": ["ec2:*"], "Resource": ["*"], "Condition": {"ArnEquals": mine}},
    ]
    verdict = decide(Call("ec2:DescribeSubnets", "*", context), SESSION, identity=[{"Statement": statements}])
    assert verdict.allowed is expected


# EventBridge Scheduler user guide, "Cross-service confused deputy prevention"
@pytest.mark.parametrize(
    ("service", "source", "expected"),
    [
        ("scheduler.amazonaws.com", {"aws:SourceAccount": [ACCOUNT], "aws:SourceArn": ["arn:group"]}, True),
        ("scheduler.amazonaws.com", {"aws:SourceAccount": ["999999999999"], "aws:SourceArn": ["arn:group"]}, False),
        ("scheduler.amazonaws.com", {}, False),
        ("events.amazonaws.com", {"aws:SourceAccount": [ACCOUNT], "aws:SourceArn": ["arn:group"]}, False),
    ],
)
def test_a_role_trusts_a_service_on_behalf_of_somebody(
    service: str, source: dict[str, list[str]], *, expected: bool
) -> None:
    trust = {
        "Statement": {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "scheduler.amazonaws.com"},
            "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": "arn:group"}},
        }
    }
    call = Call("sts:AssumeRole", "arn:aws:iam::123456789012:role/r", source)
    assert decide(call, Caller(frozenset([service])), resource=trust, resource_decides=True).allowed is expected


# IAM JSON policy reference, "Wildcards in resource ARNs": a wildcard matches across segments
@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("arn:aws:s3:::amzn-s3-demo-bucket/*/test/*", "arn:aws:s3:::amzn-s3-demo-bucket/1/test/object.jpg", True),
        ("arn:aws:s3:::amzn-s3-demo-bucket/*/test/*", "arn:aws:s3:::amzn-s3-demo-bucket/1/2/test/3/object.jpg", True),
        ("arn:aws:s3:::amzn-s3-demo-bucket/*/test/*", "arn:aws:s3:::amzn-s3-demo-bucket/1-test/object.jpg", False),
        ("arn:aws:s3:::amzn-s3-demo-bucket/?/test/*", "arn:aws:s3:::amzn-s3-demo-bucket/12/test/object.jpg", False),
    ],
)
def test_wildcards_in_arns(pattern: str, value: str, *, expected: bool) -> None:
    assert like(pattern, value) is expected


def test_the_condition_keys_of_a_policy() -> None:
    conditions = {"Bool": {"aws:SecureTransport": "false"}, "Null": {"s3:if-none-match": "true", "s3:prefix": "true"}}
    asked = policy(Condition=conditions)
    assert list(condition_keys(asked)) == ["aws:SecureTransport", "s3:if-none-match", "s3:prefix"]
    assert list(condition_keys(CARLOS)) == []
