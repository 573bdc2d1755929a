"""The matrix of least privilege: which principal may do what, and what it may do it to.

Each row is a real call, made by each principal on its own instance (or, where the row says "other", on the one that it
has no business in), and who may make it. Everybody else must be refused, for want of a permission and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from .world import COLLECTOR, PRINCIPALS, RECORD, ROLE, SCHEDULER, USER, Instance, World

DENIED = {"AccessDenied", "AccessDeniedException", "403", "Forbidden"}
NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Call:
    """A call about to be made: by whom, and on which instance."""

    world: World
    principal: str
    on: Instance

    def client(self, service: str, *, tls: bool = True) -> Any:
        """Give a client of the principal."""
        return self.world.client(service, self.principal, tls=tls)

    def record(self) -> str:
        """Give the key of a record that lies there."""
        return self.world.put(self.on.bucket, self.new_record())

    def version(self) -> dict[str, str]:
        """Name a version of a record that was deleted."""
        key = self.record()
        admin = self.world.client("s3")
        admin.delete_object(Bucket=self.on.bucket, Key=key)
        [version] = admin.list_object_versions(Bucket=self.on.bucket, Prefix=key)["Versions"]
        return {"Bucket": self.on.bucket, "Key": key, "VersionId": version["VersionId"]}

    def new_record(self) -> str:
        """Give the key of a record that is not there yet."""
        return self.world.new_key(self.on.prefix)

    def checkpoint(self) -> str:
        """Give the checkpoint's key."""
        return self.on.state_key

    def new_outside(self) -> str:
        """Give a key beside the prefix under which nothing lies."""
        return self.world.new_key("elsewhere/")

    def outside(self) -> str:
        """Give the key of an object beside the prefix."""
        return self.world.put(self.on.bucket, self.new_outside())

    def etag(self) -> str:
        """Give the checkpoint's present ETag."""
        head = self.world.client("s3").head_object(Bucket=self.on.bucket, Key=self.on.state_key)
        return str(head["ETag"])


Make = Callable[[Call], Any]


@dataclass(frozen=True)
class Row:
    """A call, what it is made on, and who may make it."""

    action: str
    target: str
    make: Make
    allowed: frozenset[str] = NOBODY
    elsewhere: bool = False

    @property
    def name(self) -> str:
        """Name the row."""
        return f"{self.action} on {self.target}"


def verdict(row: Row, world: World, principal: str) -> bool:
    """Make the call, and tell whether it was allowed. Raises what is neither a success nor a want of permission."""
    call = Call(world, principal, world.other(principal) if row.elsewhere else world.home(principal))
    try:
        answer = row.make(call)
    except ClientError as error:
        if error.response["Error"]["Code"] in DENIED:
            return False
        raise
    errors = answer.get("Errors", []) if isinstance(answer, dict) else []
    if errors and all(error["Code"] == "AccessDenied" for error in errors):  # DeleteObjects says it in its answer
        return False
    if errors:
        raise AssertionError(f"{row.name}: {errors}")
    return True


def difference(world: World, principals: tuple[str, ...] = PRINCIPALS) -> set[tuple[str, str]]:
    """Make every call of the matrix, and give the cells (row, principal) that are not as they should be."""
    return {
        (row.name, principal)
        for row in ROWS
        for principal in principals
        if verdict(row, world, principal) != (principal in row.allowed)
    }


Key = Callable[[Call], str]


def _object(operation: str, key: Key, *, tls: bool = True, **given: Any) -> Make:
    return lambda call: getattr(call.client("s3", tls=tls), operation)(Bucket=call.on.bucket, Key=key(call), **given)


def _put(key: Key, **conditions: str) -> Make:
    return _object("put_object", key, Body=RECORD, **conditions)


def _overwrite(call: Call) -> Any:
    """Whoever may write a record is stopped by the one that lies there, and not by a policy."""
    try:
        return _put(Call.record, IfNoneMatch="*")(call)
    except ClientError as error:
        if error.response["Error"]["Code"] != "PreconditionFailed":
            raise
        return error.response["Error"]["Code"]


def _version(operation: str) -> Make:
    return lambda call: getattr(call.client("s3"), operation)(**call.version())


def _delete_objects(call: Call) -> Any:
    return call.client("s3").delete_objects(Bucket=call.on.bucket, Delete={"Objects": [{"Key": call.record()}]})


def _replace_checkpoint(call: Call) -> Any:
    return _put(Call.checkpoint, IfMatch=call.etag())(call)


def _list(prefix: Key | None, operation: str = "list_objects_v2") -> Make:
    def make(call: Call) -> Any:
        given = {"Prefix": prefix(call)} if prefix else {}
        return getattr(call.client("s3"), operation)(Bucket=call.on.bucket, **given)

    return make


def _bucket(operation: str, **given: Any) -> Make:
    return lambda call: getattr(call.client("s3"), operation)(Bucket=call.on.bucket, **given)


Context = Callable[[Call], dict[str, str]]


def _of_the_bucket(call: Call) -> dict[str, str]:
    return {"aws:s3:arn": f"arn:aws:s3:::{call.world.guide.bucket}"}


def _of_another_bucket(_: Call) -> dict[str, str]:
    return {"aws:s3:arn": "arn:aws:s3:::somebody-elses"}


def _of_the_secret(call: Call) -> dict[str, str]:
    return {"SecretARN": call.world.guide.outputs["secret"]["arn"]}


def _generate_data_key(context: Context) -> Make:
    return lambda call: call.client("kms").generate_data_key(
        KeyId=call.world.guide.key_arn, KeySpec="AES_256", EncryptionContext=context(call)
    )


def _decrypt(context: Context) -> Make:
    def make(call: Call) -> Any:
        given = {"KeyId": call.world.guide.key_arn, "EncryptionContext": context(call)}
        sealed = call.world.client("kms").encrypt(Plaintext=b"x", **given)["CiphertextBlob"]
        return call.client("kms").decrypt(CiphertextBlob=sealed, **given)

    return make


def _delete_key(call: Call) -> Any:
    return call.client("kms").schedule_key_deletion(KeyId=call.world.guide.key_arn)


def _secret(operation: str, **given: Any) -> Make:
    return lambda call: getattr(call.client("secretsmanager"), operation)(
        SecretId=call.on.outputs["secret"]["arn"], **given
    )


def _log(operation: str, group: str | None = None, stream: bool = False, **given: Any) -> Make:
    def make(call: Call) -> Any:
        name = group or call.on.outputs["log_group"]["name"]
        if not stream:
            return getattr(call.client("logs"), operation)(logGroupName=name, **given)
        name_of_stream = call.world.new_key("").replace("/", "-")
        if operation != "create_log_stream":
            call.world.client("logs").create_log_stream(logGroupName=name, logStreamName=name_of_stream)
        return getattr(call.client("logs"), operation)(logGroupName=name, logStreamName=name_of_stream, **given)

    return make


def _queue(operation: str, **given: Any) -> Make:
    return lambda call: getattr(call.client("sqs"), operation)(
        QueueUrl=call.on.outputs["dead_letter_queue"]["url"], **given
    )


def _function(operation: str, **given: Any) -> Make:
    return lambda call: getattr(call.client("lambda"), operation)(
        FunctionName=call.on.outputs["function"]["name"], **given
    )


def _schedule(operation: str) -> Make:
    return lambda call: getattr(call.client("scheduler"), operation)(Name=call.on.outputs["schedule"]["name"])


def _assume(role: Callable[[Instance], str]) -> Make:
    return lambda call: call.client("sts").assume_role(RoleArn=role(call.on), RoleSessionName="trying")


def _create_access_key(call: Call) -> Any:
    return call.client("iam").create_access_key(UserName=call.world.guide.outputs["reader"]["name"])


def _open_the_writer_policy(call: Call) -> Any:
    policy = call.world.guide.outputs["role"]["policy_arn"]
    return call.client("iam").create_policy_version(PolicyArn=policy, PolicyDocument=OPEN)


def _open_the_collectors_role(call: Call) -> Any:
    role = call.world.guide.outputs["role"]["name"]
    return call.client("iam").put_role_policy(RoleName=role, PolicyName="open", PolicyDocument=OPEN)


COLLECTS = frozenset({COLLECTOR})
READERS = frozenset({USER, ROLE})
DELETES = frozenset({ROLE})
INVOKES = frozenset({SCHEDULER})
EVENT = [{"timestamp": 1_773_133_200_000, "message": "x"}]
OPEN = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
SUSPENDED = {"Status": "Suspended"}

ROWS = (
    # Records
    Row("s3:PutObject, if absent", "a new record", _put(Call.new_record, IfNoneMatch="*"), COLLECTS),
    Row("s3:PutObject, if absent", "a record that is there", _overwrite, COLLECTS),
    Row("s3:PutObject, whatever is there", "a record", _put(Call.record)),
    Row("s3:PutObject, if it matches", "a record", _put(Call.record, IfMatch="x")),
    Row("s3:GetObject", "a record", _object("get_object", Call.record), COLLECTS | READERS),
    Row("s3:GetObject, by HEAD", "a record", _object("head_object", Call.record), COLLECTS | READERS),
    Row("s3:GetObject, without TLS", "a record", _object("get_object", Call.record, tls=False)),
    Row("s3:GetObjectVersion", "a deleted record", _version("get_object"), COLLECTS),
    Row("s3:DeleteObject", "a record", _object("delete_object", Call.record), DELETES),
    Row("s3:DeleteObject, many at once", "a record", _delete_objects, DELETES),
    Row("s3:DeleteObjectVersion", "a deleted record", _version("delete_object")),
    Row("s3:PutObjectAcl", "a record", _object("put_object_acl", Call.record, ACL="public-read")),
    Row("s3:PutObjectTagging", "a record", _object("put_object_tagging", Call.record, Tagging={"TagSet": []})),
    Row("s3:GetObject", "a record (other)", _object("get_object", Call.record), elsewhere=True),
    Row("s3:PutObject, if absent", "a new record (other)", _put(Call.new_record, IfNoneMatch="*"), elsewhere=True),
    Row("s3:DeleteObject", "a record (other)", _object("delete_object", Call.record), elsewhere=True),
    # The checkpoint
    Row("s3:GetObject", "the checkpoint", _object("get_object", Call.checkpoint), COLLECTS),
    Row("s3:PutObject, if it matches", "the checkpoint", _replace_checkpoint, COLLECTS),
    Row("s3:DeleteObject", "the checkpoint", _object("delete_object", Call.checkpoint)),
    Row("s3:GetObject", "the checkpoint (other)", _object("get_object", Call.checkpoint), elsewhere=True),
    # Beside the prefix
    Row("s3:GetObject", "an object outside the prefix", _object("get_object", Call.outside)),
    Row("s3:PutObject, if absent", "an object outside the prefix", _put(Call.new_outside, IfNoneMatch="*")),
    Row("s3:DeleteObject", "an object outside the prefix", _object("delete_object", Call.outside)),
    # The bucket
    Row("s3:ListBucket", "the prefix", _list(lambda call: call.on.prefix), COLLECTS | READERS),
    Row("s3:ListBucket", "the checkpoint's key", _list(Call.checkpoint), COLLECTS),
    Row("s3:ListBucket", "the whole bucket", _list(None)),
    Row("s3:ListBucket", "another prefix", _list(lambda _: "elsewhere/")),
    Row("s3:ListBucket", "the prefix (other)", _list(lambda call: call.on.prefix), elsewhere=True),
    Row("s3:ListBucketVersions", "the prefix", _list(lambda call: call.on.prefix, "list_object_versions"), COLLECTS),
    Row("s3:ListBucketVersions", "the whole bucket", _list(None, "list_object_versions")),
    Row("s3:GetBucketLocation", "the bucket", _bucket("get_bucket_location"), READERS),
    Row("s3:GetBucketPolicy", "the bucket", _bucket("get_bucket_policy")),
    Row("s3:PutBucketPolicy", "the bucket", _bucket("put_bucket_policy", Policy=OPEN)),
    Row("s3:DeleteBucketPolicy", "the bucket", _bucket("delete_bucket_policy")),
    Row("s3:PutBucketAcl", "the bucket", _bucket("put_bucket_acl", ACL="public-read")),
    Row("s3:PutBucketPublicAccessBlock", "the bucket", _bucket("delete_public_access_block")),
    Row("s3:PutBucketVersioning", "the bucket", _bucket("put_bucket_versioning", VersioningConfiguration=SUSPENDED)),
    Row("s3:PutLifecycleConfiguration", "the bucket", _bucket("delete_bucket_lifecycle")),
    Row("s3:PutEncryptionConfiguration", "the bucket", _bucket("delete_bucket_encryption")),
    Row("s3:DeleteBucket", "the bucket", _bucket("delete_bucket")),
    Row("s3:ListAllMyBuckets", "the account", lambda call: call.client("s3").list_buckets()),
    # Zoom's credentials
    Row("secretsmanager:GetSecretValue", "the secret", _secret("get_secret_value"), COLLECTS),
    Row("secretsmanager:GetSecretValue", "the secret (other)", _secret("get_secret_value"), elsewhere=True),
    Row("secretsmanager:PutSecretValue", "the secret", _secret("put_secret_value", SecretString="{}")),
    Row("secretsmanager:DescribeSecret", "the secret", _secret("describe_secret")),
    Row("secretsmanager:DeleteSecret", "the secret", _secret("delete_secret")),
    Row("secretsmanager:ListSecrets", "the account", lambda call: call.client("secretsmanager").list_secrets()),
    # The key, past the services
    Row("kms:GenerateDataKey", "the key, for the bucket", _generate_data_key(_of_the_bucket), COLLECTS),
    Row("kms:GenerateDataKey", "the key, for another bucket", _generate_data_key(_of_another_bucket)),
    Row("kms:Decrypt", "the key, for the bucket", _decrypt(_of_the_bucket), COLLECTS | {USER}),
    Row("kms:Decrypt", "the key, for the secret", _decrypt(_of_the_secret), COLLECTS),
    Row("kms:Decrypt", "the key, for another bucket", _decrypt(_of_another_bucket)),
    Row("kms:Decrypt", "the key, for nothing in particular", _decrypt(lambda _: {})),
    Row("kms:ScheduleKeyDeletion", "the key", _delete_key),
    # Logs
    Row("logs:CreateLogStream", "the log group", _log("create_log_stream", stream=True), COLLECTS),
    Row("logs:PutLogEvents", "the log group", _log("put_log_events", stream=True, logEvents=EVENT), COLLECTS),
    Row("logs:CreateLogStream", "the log group (other)", _log("create_log_stream", stream=True), elsewhere=True),
    Row("logs:GetLogEvents", "the log group", _log("get_log_events", stream=True)),
    Row("logs:CreateLogGroup", "a new log group", _log("create_log_group", group="/aws/lambda/made-up")),
    Row("logs:DeleteLogGroup", "the log group", _log("delete_log_group")),
    Row("logs:PutRetentionPolicy", "the log group", _log("put_retention_policy", retentionInDays=1)),
    # The function and its schedule
    Row("lambda:InvokeFunction", "the function", _function("invoke", InvocationType="DryRun"), INVOKES),
    Row("lambda:InvokeFunction", "the function (other)", _function("invoke", InvocationType="DryRun"), elsewhere=True),
    Row("lambda:GetFunction", "the function", _function("get_function")),
    Row("lambda:UpdateFunctionConfiguration", "the function", _function("update_function_configuration", Timeout=60)),
    Row("lambda:UpdateFunctionCode", "the function", _function("update_function_code", ZipFile=b"x")),
    Row("scheduler:GetSchedule", "the schedule", _schedule("get_schedule")),
    Row("scheduler:DeleteSchedule", "the schedule", _schedule("delete_schedule")),
    # Dead letters
    Row("sqs:SendMessage", "the dead-letter queue", _queue("send_message", MessageBody="x"), INVOKES),
    Row("sqs:SendMessage", "the dead-letter queue (other)", _queue("send_message", MessageBody="x"), elsewhere=True),
    Row("sqs:ReceiveMessage", "the dead-letter queue", _queue("receive_message")),
    Row("sqs:PurgeQueue", "the dead-letter queue", _queue("purge_queue")),
    # Becoming somebody else
    Row("sts:AssumeRole", "the collector's role", _assume(lambda instance: instance.outputs["role"]["arn"])),
    Row("sts:AssumeRole", "the schedule's role", _assume(lambda instance: instance.outputs["schedule"]["role_arn"])),
    Row("iam:CreateAccessKey", "the reader's user", _create_access_key),
    Row("iam:CreateUser", "the account", lambda call: call.client("iam").create_user(UserName="made-up")),
    Row("iam:CreatePolicyVersion", "the writer policy", _open_the_writer_policy),
    Row("iam:PutRolePolicy", "the collector's role", _open_the_collectors_role),
)
