"""Authorisation in the stand-in for AWS: who a caller is, which permissions a request needs, and who decides."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from standins.aws import ANONYMOUS, AwsStandIn, Keys

pytestmark = pytest.mark.slow

ACCOUNT = "123456789012"
BUCKET, OTHER = "bucket", "other"
LAMBDA = "lambda.amazonaws.com"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], resource: str | list[str] = "*", **elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **elements}


def code_of(call: Callable[[], Any]) -> str:
    """Make a call; return the error's code, "" when it succeeds."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


class Caller:
    """A user whose only policy can be set."""

    def __init__(self, aws: AwsStandIn, name: str) -> None:
        self.aws, self.name = aws, name
        iam = aws.client("iam")
        iam.create_user(UserName=name)
        made = iam.create_access_key(UserName=name)["AccessKey"]
        self.keys = Keys(made["AccessKeyId"], made["SecretAccessKey"])

    def may(self, *statements: dict[str, Any]) -> None:
        self.aws.client("iam").put_user_policy(UserName=self.name, PolicyName="p", PolicyDocument=document(*statements))

    def client(self, service: str) -> Any:
        return self.aws.client(service, self.keys)


@pytest.fixture(scope="module")
def aws(aws: AwsStandIn) -> Iterator[AwsStandIn]:
    for name in (BUCKET, OTHER):
        aws.client("s3").create_bucket(Bucket=name)
        aws.client("s3").put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        aws.client("s3").put_object(Bucket=name, Key="in/a", Body=b"x")
    with aws.authorising():
        yield aws


@pytest.fixture(scope="module")
def user(aws: AwsStandIn) -> Caller:
    return Caller(aws, "user")


@pytest.fixture
def role(aws: AwsStandIn) -> Iterator[str]:
    iam = aws.client("iam")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    iam.create_role(RoleName="role", AssumeRolePolicyDocument=document(trust))
    yield "role"
    for name in iam.list_role_policies(RoleName="role")["PolicyNames"]:
        iam.delete_role_policy(RoleName="role", PolicyName=name)
    iam.delete_role(RoleName="role")


# --- which permission a request needs --------------------------------------------------------------------------------

VERSION = "the version"
LOCK = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": datetime.now(UTC) + timedelta(days=30)}
REQUESTS: list[tuple[str, str, dict[str, Any], list[str]]] = [
    ("s3", "get_object", {"Bucket": BUCKET, "Key": "in/a"}, ["s3:GetObject in/a"]),
    ("s3", "head_object", {"Bucket": BUCKET, "Key": "in/a"}, ["s3:GetObject in/a"]),
    ("s3", "get_object", {"Bucket": BUCKET, "Key": "in/a", "VersionId": VERSION}, ["s3:GetObjectVersion in/a"]),
    ("s3", "get_object_acl", {"Bucket": BUCKET, "Key": "in/a", "VersionId": VERSION}, ["s3:GetObjectVersionAcl in/a"]),
    ("s3", "get_object_tagging", {"Bucket": BUCKET, "Key": "in/a", "VersionId": VERSION},
     ["s3:GetObjectVersionTagging in/a"]),
    ("s3", "put_object", {"Bucket": BUCKET, "Key": "in/é +b", "Body": b"x"}, ["s3:PutObject in/é +b"]),
    ("s3", "put_object", {"Bucket": BUCKET, "Key": "b", "Body": b"x", "ACL": "private"},
     ["s3:PutObject b", "s3:PutObjectAcl b"]),
    ("s3", "put_object", {"Bucket": BUCKET, "Key": "b", "Body": b"x", "Tagging": "a=b"},
     ["s3:PutObject b", "s3:PutObjectTagging b"]),
    ("s3", "copy_object", {"Bucket": BUCKET, "Key": "copy", "CopySource": {"Bucket": BUCKET, "Key": "in/a"}},
     ["s3:PutObject copy", "s3:GetObject in/a"]),
    ("s3", "delete_object", {"Bucket": BUCKET, "Key": "gone", "VersionId": "null", "BypassGovernanceRetention": True},
     ["s3:DeleteObjectVersion gone", "s3:BypassGovernanceRetention gone"]),
    ("s3", "create_multipart_upload", {"Bucket": BUCKET, "Key": "parts"}, ["s3:PutObject parts"]),
    ("s3", "delete_object", {"Bucket": BUCKET, "Key": "gone"}, ["s3:DeleteObject gone"]),
    ("s3", "delete_object", {"Bucket": BUCKET, "Key": "gone", "VersionId": "null"}, ["s3:DeleteObjectVersion gone"]),
    ("s3", "delete_objects", {"Bucket": BUCKET, "Delete": {"Objects": [{"Key": "gone"}, {"Key": "away"}]}},
     ["s3:DeleteObject gone", "s3:DeleteObject away"]),
    ("s3", "list_objects_v2", {"Bucket": BUCKET}, ["s3:ListBucket"]),
    ("s3", "list_objects", {"Bucket": BUCKET}, ["s3:ListBucket"]),
    ("s3", "list_object_versions", {"Bucket": BUCKET}, ["s3:ListBucketVersions"]),
    ("s3", "head_bucket", {"Bucket": BUCKET}, ["s3:ListBucket"]),
    ("s3", "get_bucket_location", {"Bucket": BUCKET}, ["s3:GetBucketLocation"]),
    ("s3", "delete_bucket_lifecycle", {"Bucket": BUCKET}, ["s3:PutLifecycleConfiguration"]),
    ("s3", "get_bucket_versioning", {"Bucket": BUCKET}, ["s3:GetBucketVersioning"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("service", "method", "parameters", "needed"), REQUESTS, ids=[f"{row[1]} {','.join(row[3])}" for row in REQUESTS]
)
def test_a_request_needs_these_permissions_and_no_others(
    aws: AwsStandIn, user: Caller, service: str, method: str, parameters: dict[str, Any], needed: list[str]
) -> None:
    if parameters.get("VersionId") == VERSION:
        version = aws.client("s3").head_object(Bucket=BUCKET, Key="in/a")["VersionId"]
        parameters = parameters | {"VersionId": version}

    def call() -> Any:
        answer = getattr(user.client(service), method)(**parameters)
        if answer.get("Errors"):
            raise ClientError({"Error": answer["Errors"][0]}, method)
        return answer

    statements = [
        allow(action, f"arn:aws:s3:::{BUCKET}/{key}" if key else f"arn:aws:s3:::{BUCKET}")
        for action, _, key in (one.partition(" ") for one in needed)
    ]
    user.may(*statements)
    assert code_of(call) == ""
    for missing in range(len(statements)) if method != "delete_objects" else []:
        user.may(*statements[:missing], *statements[missing + 1 :], allow("sts:GetCallerIdentity"))
        assert code_of(call) in ("AccessDenied", "403")
    user.may({**allow("*"), "Effect": "Deny"})
    assert code_of(call) in ("AccessDenied", "403")


def test_a_missing_object_is_404_only_for_callers_that_may_list(user: Caller) -> None:
    def read() -> Any:
        return user.client("s3").get_object(Bucket=BUCKET, Key="nothing")

    user.may(allow("s3:GetObject"))
    assert code_of(read) == "AccessDenied"
    user.may(allow("s3:GetObject"), allow("s3:ListBucket", Condition={"StringLike": {"s3:prefix": "*"}}))
    assert code_of(read) == "AccessDenied"
    user.may(allow("s3:GetObject"), allow("s3:ListBucket"))
    assert code_of(read) == "NoSuchKey"


@pytest.mark.parametrize(
    ("parameters", "condition", "expected"),
    [
        ({"Prefix": "in/"}, {"StringLike": {"s3:prefix": "in/*"}}, ""),
        ({"Prefix": "i"}, {"StringLike": {"s3:prefix": "in/*"}}, "AccessDenied"),
        ({}, {"StringLike": {"s3:prefix": "*"}}, "AccessDenied"),
        ({"Prefix": ""}, {"StringEquals": {"s3:prefix": ""}}, ""),
        ({"Delimiter": "/"}, {"StringEquals": {"s3:delimiter": "/"}}, ""),
        ({"MaxKeys": 5}, {"NumericLessThanEquals": {"s3:max-keys": "10"}}, ""),
        ({"MaxKeys": 50}, {"NumericLessThanEquals": {"s3:max-keys": "10"}}, "AccessDenied"),
    ],
)
def test_conditions_on_listing(
    user: Caller, parameters: dict[str, Any], condition: dict[str, Any], expected: str
) -> None:
    user.may(allow("s3:ListBucket", f"arn:aws:s3:::{BUCKET}", Condition=condition))
    assert code_of(lambda: user.client("s3").list_objects_v2(Bucket=BUCKET, **parameters)) == expected


@pytest.mark.parametrize(
    ("operator", "key", "value", "allowed"),
    [
        ("StringEquals", "mode", "GOVERNANCE", True),
        ("StringEquals", "mode", "COMPLIANCE", False),
        ("NumericLessThanEquals", "remaining-retention-days", "30", True),
        ("NumericLessThanEquals", "remaining-retention-days", "29", False),
        ("NumericGreaterThanEquals", "remaining-retention-days", "30", True),
        ("NumericGreaterThanEquals", "remaining-retention-days", "31", False),
    ],
)
def test_conditions_on_locking(user: Caller, operator: str, key: str, value: str, allowed: bool) -> None:
    bound = allow("s3:PutObjectRetention", Condition={operator: {f"s3:object-lock-{key}": value}})
    user.may(allow("s3:PutObject"), bound)
    s3 = user.client("s3")
    code = code_of(lambda: s3.put_object(Bucket=BUCKET, Key="b", Body=b"x", **LOCK))
    assert code == ("InvalidRequest" if allowed else "AccessDenied")  # the bucket has no Object Lock


def test_some_of_several_deletes_allowed_is_not_carried_out(user: Caller) -> None:
    user.may(allow("s3:DeleteObject", f"arn:aws:s3:::{BUCKET}/gone"))
    objects = {"Objects": [{"Key": "gone"}, {"Key": "kept"}]}
    assert code_of(lambda: user.client("s3").delete_objects(Bucket=BUCKET, Delete=objects)) == "CannotJudge"


# --- unsupported requests -------------------------------------------------------------------------------------------


def test_an_unknown_operation_is_not_allowed_silently(aws: AwsStandIn, user: Caller) -> None:
    user.may(allow("*"))
    assert code_of(lambda: user.client("s3").select_object_content(
        Bucket=BUCKET, Key="in/a", Expression="", ExpressionType="SQL", InputSerialization={}, OutputSerialization={}
    )) == "CannotJudge"  # fmt: skip
    assert code_of(lambda: user.client("dynamodb").list_tables()) == "CannotJudge"
    assert "CANNOT JUDGE POST" in aws.log_file.read_text(encoding="utf-8")


def test_an_unknown_condition_key_does_not_count_as_absent(user: Caller) -> None:
    user.may(allow("s3:*", Condition={"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}))
    assert code_of(lambda: user.client("s3").list_buckets()) == "CannotJudge"


def test_another_accounts_bucket_is_not_judged(aws: AwsStandIn, user: Caller) -> None:
    root = aws.client("s3")
    root.meta.events.register("before-call", lambda params, **_: params["headers"].update(OTHER_ACCOUNT))
    root.create_bucket(Bucket="foreign")
    user.may(allow("s3:*"))
    assert code_of(lambda: user.client("s3").list_objects_v2(Bucket="foreign")) == "CannotJudge"


EVENT = {"timestamp": 1, "message": "x"}
OTHER_ACCOUNT = {"x-moto-account-id": "999999999999"}


# --- callers ---------------------------------------------------------------------------------------------------------


def test_without_authorisation_everyone_is_root_and_with_it_only_the_root() -> None:
    with AwsStandIn() as aws:
        stranger = Caller(aws, "stranger")
        assert code_of(lambda: stranger.client("s3").list_buckets()) == ""
        with aws.authorising():
            assert code_of(lambda: stranger.client("s3").list_buckets()) == "AccessDenied"
            assert code_of(lambda: aws.client("s3").list_buckets()) == ""
        assert code_of(lambda: stranger.client("s3").list_buckets()) == ""


def test_a_bucket_policy_knows_every_principal_arn_with_and_without_authorisation(
    aws: AwsStandIn, user: Caller, role: str
) -> None:
    """A user by the user's ARN, a session by its role's, the root by its own; not an unsigned request."""
    session = aws.service_session("lambda.amazonaws.com", role, "run")
    arns = {
        f"arn:aws:iam::{ACCOUNT}:user/user": user.keys,
        f"arn:aws:iam::{ACCOUNT}:role/role": session,
        f"arn:aws:iam::{ACCOUNT}:root": aws.root,
    }
    user.may(allow("s3:PutObject"))
    aws.client("iam").put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=document(allow("s3:PutObject")))
    root = aws.client("s3")

    def putting() -> list[str]:
        puts = {arn: aws.client("s3", keys).put_object for arn, keys in arns.items()}
        return [arn for arn, put in puts.items() if not code_of(lambda put=put: put(Bucket=OTHER, Key="a", Body=b"x"))]  # type: ignore[misc]

    for arn in (*arns, f"arn:aws:sts::{ACCOUNT}:assumed-role/role/run"):
        but = {"ArnNotEquals": {"aws:PrincipalArn": [arn]}}
        denial = {
            **allow("s3:PutObject", f"arn:aws:s3:::{OTHER}/*"),
            "Effect": "Deny",
            "Principal": "*",
            "Condition": but,
        }
        root.put_bucket_policy(Bucket=OTHER, Policy=document(denial))
        only = [arn] if arn in arns else []
        assert putting() == only
        aws._ask("authorisation", on=False)
        assert putting() == only
        aws._ask("authorisation", on=True)
    with aws.without_bucket_policy(OTHER):
        assert putting() == list(arns)
    assert putting() == []
    root.delete_bucket_policy(Bucket=OTHER)


def test_unknown_keys_belong_to_nobody(aws: AwsStandIn) -> None:
    unknown = Keys("AKIAIOSFODNN7EXAMPLE", "x")
    assert code_of(lambda: aws.client("s3", unknown).list_buckets()) == "InvalidAccessKeyId"
    assert code_of(lambda: aws.client("iam", unknown).list_users()) == "InvalidClientTokenId"


def test_only_s3_and_sqs_accept_unsigned_requests(aws: AwsStandIn) -> None:
    for service, method, parameters in (
        ("secretsmanager", "list_secrets", {}),
        ("kms", "list_keys", {}),
        ("logs", "describe_log_groups", {}),
        ("lambda", "list_functions", {}),
        ("scheduler", "list_schedules", {}),
        ("iam", "list_users", {}),
        ("sts", "get_caller_identity", {}),
    ):
        call = getattr(aws.client(service, ANONYMOUS), method)
        assert code_of(lambda: call(**parameters)) == "MissingAuthenticationToken", service  # noqa: B023


def test_a_bucket_policy_can_allow_everyone_unless_public_access_is_blocked(aws: AwsStandIn) -> None:
    root, anyone = aws.client("s3"), aws.client("s3", ANONYMOUS)

    def read() -> Any:
        return anyone.get_object(Bucket=OTHER, Key="in/a")

    assert code_of(read) == "AccessDenied"
    root.put_bucket_policy(
        Bucket=OTHER, Policy=document(allow("s3:GetObject", f"arn:aws:s3:::{OTHER}/*", Principal="*"))
    )
    assert code_of(read) == ""
    root.put_public_access_block(
        Bucket=OTHER, PublicAccessBlockConfiguration={"RestrictPublicBuckets": True, "IgnorePublicAcls": True}
    )
    assert code_of(read) == "AccessDenied"
    root.delete_public_access_block(Bucket=OTHER)
    root.delete_bucket_policy(Bucket=OTHER)
    root.put_bucket_acl(Bucket=OTHER, ACL="public-read")
    assert code_of(read) == "CannotJudge"
    root.put_bucket_acl(Bucket=OTHER, ACL="private")


def test_managed_group_and_inline_policies_all_count(aws: AwsStandIn) -> None:
    caller, iam = Caller(aws, "member"), aws.client("iam")
    iam.create_group(GroupName="group")
    iam.add_user_to_group(GroupName="group", UserName="member")
    made = iam.create_policy(PolicyName="managed", PolicyDocument=document(allow("s3:GetBucketLocation")))["Policy"]
    iam.attach_user_policy(UserName="member", PolicyArn=made["Arn"])
    iam.put_group_policy(GroupName="group", PolicyName="p", PolicyDocument=document(allow("s3:GetBucketVersioning")))
    caller.may(allow("s3:ListBucket"))
    s3 = caller.client("s3")
    assert code_of(lambda: s3.get_bucket_location(Bucket=BUCKET)) == ""
    assert code_of(lambda: s3.get_bucket_versioning(Bucket=BUCKET)) == ""
    assert code_of(lambda: s3.list_objects_v2(Bucket=BUCKET)) == ""
    assert code_of(lambda: s3.get_bucket_policy(Bucket=BUCKET)) == "AccessDenied"

    again = document(allow("s3:GetBucketAcl"))
    iam.create_policy_version(PolicyArn=made["Arn"], PolicyDocument=again, SetAsDefault=True)
    assert code_of(lambda: s3.get_bucket_location(Bucket=BUCKET)) == "AccessDenied"
    assert code_of(lambda: s3.get_bucket_acl(Bucket=BUCKET)) == ""


def test_a_service_assumes_a_role_that_trusts_it(aws: AwsStandIn, role: str) -> None:
    iam = aws.client("iam")
    iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=document(allow("s3:ListBucket")))
    keys = aws.service_session("lambda.amazonaws.com", role, "run")
    assert code_of(lambda: aws.client("s3", keys).list_objects_v2(Bucket=BUCKET)) == ""
    assert code_of(lambda: aws.client("s3", keys).get_bucket_acl(Bucket=BUCKET)) == "AccessDenied"
    assert aws.client("sts", keys).get_caller_identity()["Arn"].endswith(":assumed-role/role/run")
    stolen = Keys(keys.access_key_id, keys.secret_access_key, "another token")
    assert code_of(lambda: aws.client("s3", stolen).list_objects_v2(Bucket=BUCKET)) == "InvalidToken"
    with pytest.raises(PermissionError, match="ec2"):
        aws.service_session("ec2.amazonaws.com", role, "run")


def test_a_boundary_limits_a_role(aws: AwsStandIn, role: str) -> None:
    iam = aws.client("iam")
    boundary = iam.create_policy(PolicyName="boundary", PolicyDocument=document(allow("s3:Get*")))["Policy"]["Arn"]
    iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=document(allow("s3:*")))
    iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=boundary)
    s3 = aws.client("s3", aws.service_session("lambda.amazonaws.com", role, "run"))
    assert code_of(lambda: s3.get_bucket_acl(Bucket=BUCKET)) == ""
    assert code_of(lambda: s3.list_objects_v2(Bucket=BUCKET)) == "AccessDenied"


def test_a_boundary_limits_a_user(aws: AwsStandIn, user: Caller) -> None:
    iam = aws.client("iam")
    made = iam.create_policy(PolicyName="of-user", PolicyDocument=document(allow("s3:Get*")))["Policy"]["Arn"]
    user.may(allow("s3:*"))
    iam.put_user_permissions_boundary(UserName=user.name, PermissionsBoundary=made)
    s3 = user.client("s3")
    assert code_of(lambda: s3.get_bucket_acl(Bucket=BUCKET)) == ""
    assert code_of(lambda: s3.list_objects_v2(Bucket=BUCKET)) == "AccessDenied"
    iam.delete_user_permissions_boundary(UserName=user.name)
    assert code_of(lambda: s3.list_objects_v2(Bucket=BUCKET)) == ""


def test_a_sessions_condition_keys_are_in_each_of_its_requests(aws: AwsStandIn, role: str) -> None:
    mine = {"ArnEquals": {"lambda:SourceFunctionArn": "arn:mine"}}
    refused = {**allow("ec2:*"), "Effect": "Deny", "Condition": mine}
    aws.client("iam").put_role_policy(
        RoleName=role, PolicyName="p", PolicyDocument=document(allow("ec2:DescribeSubnets"), refused)
    )
    by_code = aws.service_session("lambda.amazonaws.com", role, "r", carries={"lambda:SourceFunctionArn": "arn:mine"})
    by_lambda = aws.service_session("lambda.amazonaws.com", role, "r")
    assert code_of(lambda: aws.client("ec2", by_code).describe_subnets()) == "AccessDenied"
    assert code_of(lambda: aws.client("ec2", by_lambda).describe_subnets()) == ""


def test_assuming_a_role_needs_its_trust(aws: AwsStandIn, user: Caller, role: str) -> None:
    iam = aws.client("iam")
    arn = iam.get_role(RoleName=role)["Role"]["Arn"]

    def assume() -> Any:
        return user.client("sts").assume_role(RoleArn=arn, RoleSessionName="session")

    def trust(principal: dict[str, str], **condition: Any) -> None:
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, "Condition": condition}
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=document(statement))

    user.may(allow("sts:AssumeRole"))
    assert code_of(assume) == "AccessDenied"
    trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    assert code_of(assume) == ""
    user.may(allow("s3:ListBucket"))
    assert code_of(assume) == "AccessDenied"
    trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/user"})
    assert code_of(assume) == ""
    trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/user"}, StringEquals={"sts:ExternalId": "agreed"})
    assert code_of(assume) == "AccessDenied"


def test_a_google_token_assumes_a_role_that_trusts_its_subject(aws: AwsStandIn) -> None:
    iam, sts = aws.client("iam"), aws.client("sts", ANONYMOUS)
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": "accounts.google.com"},
        "Condition": {"StringEquals": {"accounts.google.com:sub": "1"}},
    }
    arn = iam.create_role(RoleName="google", AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]

    def exchange(token: str) -> str:
        given = {"RoleArn": arn, "RoleSessionName": "session", "WebIdentityToken": token}
        return code_of(lambda: sts.assume_role_with_web_identity(**given))

    assert exchange(aws.google_token("1")) == ""
    assert exchange(aws.google_token("2")) == "AccessDenied"
    assert exchange("not.a.token") == "InvalidIdentityToken"
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/accounts.google.com"
    trust["Principal"] = {"Federated": provider}
    iam.update_assume_role_policy(RoleName="google", PolicyDocument=document(trust))
    assert exchange(aws.google_token("1")) == "AccessDenied"
    iam.create_open_id_connect_provider(Url="https://accounts.google.com", ThumbprintList=["0" * 40])
    assert exchange(aws.google_token("1")) == ""


# --- KMS, for the caller ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def key(aws: AwsStandIn) -> str:
    policy = document(allow("kms:*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))
    return str(aws.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"])


def test_an_object_under_a_key_needs_permission_for_the_key(aws: AwsStandIn, user: Caller, key: str) -> None:
    root = aws.client("s3")
    root.create_bucket(Bucket="sealed")

    def seal(*, bucket_key: bool) -> None:
        default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
        rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": bucket_key}
        root.put_bucket_encryption(Bucket="sealed", ServerSideEncryptionConfiguration={"Rules": [rule]})

    def use(action: str, context: str) -> dict[str, Any]:
        keys = {"kms:EncryptionContext:aws:s3:arn": context, "kms:ViaService": "s3.us-east-1.amazonaws.com"}
        return allow(action, key, Condition={"StringEquals": keys})

    def put() -> Any:
        return user.client("s3").put_object(Bucket="sealed", Key="a", Body=b"x")

    def get() -> Any:
        return user.client("s3").get_object(Bucket="sealed", Key="a")

    objects = allow(["s3:GetObject", "s3:PutObject"])
    for bucket_key, context in ((True, "arn:aws:s3:::sealed"), (False, "arn:aws:s3:::sealed/a")):
        seal(bucket_key=bucket_key)
        user.may(objects)
        assert code_of(put) == "AccessDenied"
        user.may(objects, use("kms:GenerateDataKey", context))
        assert code_of(put) == ""
        assert code_of(get) == "AccessDenied"
        user.may(objects, use("kms:Decrypt", context))
        assert code_of(get) == ""
        user.may(objects, use("kms:Decrypt", f"{context}-2"))
        assert code_of(get) == "AccessDenied"


def test_a_secret_under_a_key_needs_permission_for_the_key(aws: AwsStandIn, user: Caller, key: str) -> None:
    root = aws.client("secretsmanager")
    arn = root.create_secret(Name="sealed", SecretString="x", KmsKeyId=key)["ARN"]

    def get() -> Any:
        return user.client("secretsmanager").get_secret_value(SecretId=arn)

    read = allow("secretsmanager:GetSecretValue", arn)
    user.may(read)
    assert code_of(get) == "AccessDeniedException"
    user.may(read, allow("kms:Decrypt", key, Condition={"StringEquals": {"kms:EncryptionContext:SecretARN": arn}}))
    assert code_of(get) == ""
    user.may(allow("kms:Decrypt", key))
    assert code_of(get) == "AccessDeniedException"
    grants = allow("secretsmanager:GetSecretValue", "*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/user"})
    root.put_resource_policy(SecretId=arn, ResourcePolicy=document(grants))
    assert code_of(get) == ""


def test_a_secret_is_read_by_its_name_and_an_unknown_name_is_denied(aws: AwsStandIn, user: Caller) -> None:
    """The policy names the ARN with its six characters, which an unknown name does not match."""
    arn = aws.client("secretsmanager").create_secret(Name="named", SecretString="x")["ARN"]
    read = user.client("secretsmanager").get_secret_value
    user.may(allow("secretsmanager:GetSecretValue", f"{arn.removesuffix(arn[-6:])}??????"))
    assert read(SecretId="named")["ARN"] == arn
    aws.client("secretsmanager").delete_secret(SecretId="named", ForceDeleteWithoutRecovery=True)
    assert code_of(lambda: read(SecretId="named")) == "AccessDeniedException"
    assert code_of(lambda: read(SecretId=arn)) == "ResourceNotFoundException"
    user.may(allow("secretsmanager:GetSecretValue", "*"))
    assert code_of(lambda: read(SecretId="named")) == "ResourceNotFoundException"


def test_a_queue_under_a_key_needs_permission_for_the_key(aws: AwsStandIn, user: Caller, key: str) -> None:
    url = aws.client("sqs").create_queue(QueueName="sealed", Attributes={"KmsMasterKeyId": key})["QueueUrl"]

    def send() -> Any:
        return user.client("sqs").send_message(QueueUrl=url, MessageBody="x")

    send_to = allow("sqs:SendMessage", f"arn:aws:sqs:us-east-1:{ACCOUNT}:sealed")
    user.may(send_to, allow("kms:GenerateDataKey", key))
    assert code_of(send).startswith("AccessDenied")
    by_sqs = {"StringLike": {"kms:ViaService": "sqs.us-east-1.amazonaws.com"}}
    user.may(send_to, allow(["kms:GenerateDataKey", "kms:Decrypt"], key, Condition=by_sqs))
    assert code_of(send) == ""


def test_a_key_is_used_directly_in_its_context(aws: AwsStandIn, user: Caller, key: str) -> None:
    context = {"purpose": "test"}
    blob = aws.client("kms").encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=context)["CiphertextBlob"]

    def decrypt() -> Any:
        return user.client("kms").decrypt(CiphertextBlob=blob, EncryptionContext=context)

    user.may(allow("kms:Decrypt", key, Condition={"StringEquals": {"kms:EncryptionContext:purpose": "test"}}))
    assert code_of(decrypt) == ""
    user.may(allow("kms:Decrypt", key, Condition={"StringEquals": {"kms:EncryptionContext:purpose": "other"}}))
    assert code_of(decrypt) == "AccessDeniedException"
    user.may(allow("kms:Decrypt", key, Condition={"StringLike": {"kms:ViaService": "s3.*"}}))
    assert code_of(decrypt) == "AccessDeniedException"


# --- the other services ----------------------------------------------------------------------------------------------


def test_resources_of_the_other_services(aws: AwsStandIn, user: Caller) -> None:
    logs, functions, schedules, iam = (user.client(name) for name in ("logs", "lambda", "scheduler", "iam"))
    aws.client("logs").create_log_group(logGroupName="/mine")
    aws.client("iam").create_user(UserName="pathed", Path="/security/")
    region = f"us-east-1:{ACCOUNT}"
    target = {"Arn": f"arn:aws:lambda:{region}:function:f", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r"}
    window = {"Mode": "OFF"}
    layer, alarms = f"arn:aws:lambda:{region}:layer:l:1", user.client("cloudwatch")
    policy = aws.client("iam").create_policy(PolicyName="one", PolicyDocument=document(allow("s3:ListBucket")))[
        "Policy"
    ]["Arn"]
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    for call, needed in (
        (lambda: logs.create_log_stream(logGroupName="/mine", logStreamName="s"),
         [allow("logs:CreateLogStream", f"arn:aws:logs:{region}:log-group:/mine:*")]),
        (lambda: logs.put_log_events(logGroupName="/mine", logStreamName="s", logEvents=[EVENT]),
         [allow("logs:PutLogEvents", f"arn:aws:logs:{region}:log-group:/mine:log-stream:s")]),
        (lambda: functions.invoke(FunctionName="f", InvocationType="DryRun"),
         [allow("lambda:InvokeFunction", f"arn:aws:lambda:{region}:function:f")]),
        (lambda: functions.invoke(FunctionName=f"arn:aws:lambda:{region}:function:f", Qualifier="2"),
         [allow("lambda:InvokeFunction", f"arn:aws:lambda:{region}:function:f:2")]),
        (lambda: schedules.create_schedule(
            Name="s", ScheduleExpression="rate(1 minute)", FlexibleTimeWindow=window, Target=target),
         [allow("scheduler:CreateSchedule", f"arn:aws:scheduler:{region}:schedule/default/s"),
          allow("iam:PassRole", target["RoleArn"])]),
        (lambda: iam.create_role(
            RoleName="made", Path="/security/", AssumeRolePolicyDocument=document(), Tags=[{"Key": "a", "Value": "b"}]),
         [allow("iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/security/made"),
          allow("iam:TagRole", f"arn:aws:iam::{ACCOUNT}:role/security/made")]),
        (lambda: iam.attach_user_policy(UserName="pathed", PolicyArn=policy),
         [allow("iam:AttachUserPolicy", f"arn:aws:iam::{ACCOUNT}:user/security/pathed",
                Condition={"ArnEquals": {"iam:PolicyARN": policy}})]),
        (lambda: functions.create_function(
            FunctionName="n", Role=target["RoleArn"], Code={"S3Bucket": OTHER, "S3Key": "in/a"}, Layers=[layer]),
         [allow("lambda:CreateFunction", f"arn:aws:lambda:{region}:function:n"),
          allow("iam:PassRole", target["RoleArn"], Condition={"StringEquals": {"iam:PassedToService": LAMBDA}}),
          allow("lambda:GetLayerVersion", layer), allow("s3:GetObject", f"arn:aws:s3:::{OTHER}/in/a")]),
        (lambda: alarms.put_composite_alarm(AlarmName="c", AlarmRule="TRUE"), [allow("cloudwatch:PutCompositeAlarm")]),
        (lambda: alarms.delete_alarms(AlarmNames=["c"]),
         [allow("cloudwatch:DeleteAlarms", f"arn:aws:cloudwatch:{region}:alarm:c")]),
        (lambda: alarms.get_dashboard(DashboardName="d"),
         [allow("cloudwatch:GetDashboard", f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/d")]),
        (lambda: user.client("sns").create_topic(Name="t", Tags=[{"Key": "a", "Value": "b"}]),
         [allow("sns:CreateTopic", f"arn:aws:sns:{region}:t"), allow("sns:TagResource", f"arn:aws:sns:{region}:t")]),
        (lambda: user.client("kms").create_key(Tags=[{"TagKey": "a", "TagValue": "b"}]),
         [allow("kms:CreateKey"), allow("kms:TagResource", f"arn:aws:kms:{region}:key/*")]),
        (lambda: user.client("kms").create_alias(AliasName="alias/a", TargetKeyId=key),
         [allow("kms:CreateAlias", f"arn:aws:kms:{region}:alias/a"), allow("kms:CreateAlias", key)]),
        (lambda: iam.list_access_keys(UserName="pathed"),
         [allow("iam:ListAccessKeys", f"arn:aws:iam::{ACCOUNT}:user/security/pathed")]),
    ):  # fmt: skip
        for missing in range(len(needed)):
            user.may(allow("s3:ListBucket"), *needed[:missing], *needed[missing + 1 :])
            assert code_of(call).startswith(("AccessDenied", "AuthorizationError")), needed
        user.may(*needed)
        assert not code_of(call).startswith(("AccessDenied", "AuthorizationError", "CannotJudge")), needed


def test_a_policy_can_require_a_boundary_for_new_roles_and_for_new_permissions(aws: AwsStandIn, user: Caller) -> None:
    """A request that sets one has it as a condition key; other requests have the role's own."""
    root, given = aws.client("iam"), user.client("iam")
    made = [root.create_policy(PolicyName=name, PolicyDocument=document(allow("*"))) for name in ("b1", "b2")]
    wanted, other = (one["Policy"]["Arn"] for one in made)
    bounded = {"StringEquals": {"iam:PermissionsBoundary": wanted}}
    user.may(allow(["iam:CreateRole", "iam:PutRolePolicy"], Condition=bounded))
    role = {"AssumeRolePolicyDocument": document()}
    assert code_of(lambda: given.create_role(RoleName="r1", **role)) == "AccessDenied"
    assert code_of(lambda: given.create_role(RoleName="r1", **role, PermissionsBoundary=other)) == "AccessDenied"
    assert code_of(lambda: given.create_role(RoleName="r1", **role, PermissionsBoundary=wanted)) == ""
    root.create_role(RoleName="r2", **role)
    rights = {"PolicyName": "p", "PolicyDocument": document(allow("*"))}
    assert code_of(lambda: given.put_role_policy(RoleName="r1", **rights)) == ""
    assert code_of(lambda: given.put_role_policy(RoleName="r2", **rights)) == "AccessDenied"


def test_an_encrypted_environment_needs_permission_for_its_key(aws: AwsStandIn, user: Caller, key: str) -> None:
    """To set and to return it, only through Lambda and for this function."""
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:encrypted"
    context = {
        "kms:EncryptionContext:aws:lambda:FunctionArn": arn,
        "kms:ViaService": "lambda.us-east-1.amazonaws.com",
    }
    use = allow(["kms:CreateGrant", "kms:Encrypt"], key, Condition={"StringEquals": context})
    configuration = {"FunctionName": "encrypted", "Role": f"arn:aws:iam::{ACCOUNT}:role/r", "KMSKeyArn": key}
    functions = user.client("lambda")

    def refused() -> str:
        with pytest.raises(ClientError) as error:
            functions.create_function(**configuration, Code={"ZipFile": b"zip"})
        return str(error.value)

    user.may(allow(["lambda:CreateFunction", "iam:PassRole"]))
    assert "kms:CreateGrant" in refused()
    user.may(allow(["lambda:CreateFunction", "iam:PassRole"]), {**use, "Action": "kms:CreateGrant"})
    assert "kms:Encrypt" in refused()
    user.may(allow(["lambda:CreateFunction", "iam:PassRole"]), use)
    assert "register_package" in refused()  # allowed, but not executed: this package is not registered


def test_permissions_of_requests_are_listed_with_and_without_authorisation(aws: AwsStandIn, user: Caller) -> None:
    user.may(allow("sts:GetCallerIdentity"))
    with aws.listing_permissions() as needed:
        assert code_of(lambda: user.client("s3").head_bucket(Bucket=BUCKET)) == "403"
        aws.client("ec2").describe_regions()
    assert [(one["by"].rpartition(":")[2], one.get("action"), one.get("unknown")) for one in needed] == [
        ("user/user", "s3:ListBucket", None),
        ("root", None, "ec2:DescribeRegions"),
    ]
    assert needed[0]["resource"] == f"arn:aws:s3:::{BUCKET}"
    with aws.listing_permissions() as nothing:
        pass
    assert nothing == []


def test_get_caller_identity_needs_no_permission(aws: AwsStandIn, user: Caller) -> None:
    user.may({**allow("*"), "Effect": "Deny"})
    assert user.client("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/user"


def test_a_call_can_be_evaluated_without_being_made(aws: AwsStandIn, user: Caller) -> None:
    user.may(allow("ec2:CreateNetworkInterface", "arn:aws:ec2:*:*:subnet/mine"))
    for resource, expected in (
        ("arn:aws:ec2:r:123456789012:subnet/mine", True),
        ("arn:aws:ec2:r:123456789012:subnet/x", False),
    ):
        assert aws.judge({"user": "user"}, "ec2:CreateNetworkInterface", resource) is expected
    assert not aws.judge({}, "s3:GetObject", f"arn:aws:s3:::{BUCKET}/in/a")
    assert not aws.judge({"service": "logs.amazonaws.com"}, "kms:Decrypt", "arn:aws:kms:us-east-1:123456789012:key/0")
