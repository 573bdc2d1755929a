"""moto's server in its own process, with the few repairs that a real Terraform module needs.

Started by `standins.aws.AwsStandIn` as `aws_server.py FOLDER ACCOUNT REGION`. It writes `{"port": N}` on standard
output once it listens on a free loopback port, after it has read the root's keys, `["ID", "SECRET"]`, in the first line
of its standard input. When its standard input closes, it removes FOLDER and exits, so
it never outlives the process that started it.
Each repair says what AWS does and moto 5.2 does not; tests/unit/test_standin_aws.py tests each one.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import json
import os
import shutil
import sys
import threading
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import moto.core.responses
import moto.moto_server.werkzeug_app
from flask import has_request_context, request
from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError, PreconditionFailedException
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.core.responses import ActionResult, EmptyResult
from moto.core.serialize import never_return
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.iam.access_control import PermissionResult
from moto.iam.models import User
from moto.iam.responses import IamResponse
from moto.moto_server.werkzeug_app import MotoRequestHandler, create_backend_app
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey, S3Backend, s3_backends
from moto.s3.responses import S3Response
from moto.sns.models import Topic
from moto.sns.responses import SNSResponse
from moto.utilities.aws_headers import gen_amzn_requestid_long
from werkzeug.serving import make_server

from standins.aws import AwsStandIn, Keys
from standins.aws_alarms import (
    repair_composite_alarms,
    repair_deletion_of_alarms,
    repair_histories_of_alarms,
    repair_metrics_in_logs,
    repair_states_of_alarms,
)
from standins.aws_authorisation import PERMITTED, Authorisation, Dispatcher
from standins.aws_object_lock import repair_object_lock
from standins.aws_turns import TakingTurns
from standins.iam_policy import CannotJudgeError
from standins.lambda_invocations import LocalFunctions

if TYPE_CHECKING:
    from collections.abc import Collection


def repair_lambda_configuration() -> None:
    """Lambda returns the whole configuration; without these four settings, every second plan shows a change."""
    echoed = ("LoggingConfig", "DeadLetterConfig", "TracingConfig", "KMSKeyArn")
    create, configuration, update = (
        LambdaFunction.__init__,
        LambdaFunction.get_configuration,
        LambdaFunction.update_configuration,
    )

    def remember(self: Any, given: dict[str, Any]) -> None:
        self.__dict__.setdefault("echo", {}).update({name: given[name] for name in echoed if name in given})

    @functools.wraps(create)
    def create_and_remember(self: Any, account_id: str, spec: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        create(self, account_id, spec, *args, **kwargs)
        remember(self, spec)

    @functools.wraps(update)
    def update_and_remember(self: Any, config_updates: dict[str, Any]) -> dict[str, Any]:
        remember(self, config_updates)
        return update(self, config_updates)

    @functools.wraps(configuration)
    def configuration_and_echo(self: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {**configuration(self, *args, **kwargs), **self.__dict__.get("echo", {})}

    LambdaFunction.__init__ = create_and_remember  # type: ignore[method-assign]
    LambdaFunction.update_configuration = update_and_remember  # type: ignore[method-assign]
    LambdaFunction.get_configuration = configuration_and_echo  # type: ignore[method-assign]


def repair_lambda_revisions() -> None:
    """Lambda gives each revision of a function an ID and a date, and refuses a change that names another ID.

    moto has no revision IDs, and a function keeps the date of its creation.
    """
    update, configuration = LambdaFunction.update_configuration, LambdaFunction.get_configuration

    @functools.wraps(update)
    def update_if_unchanged(self: Any, config_updates: dict[str, Any]) -> dict[str, Any]:
        if config_updates.get("RevisionId") not in (None, configuration_with_revision(self)["RevisionId"]):
            raise PreconditionFailedException("The RevisionId provided does not match the latest RevisionId.")
        self.revision_id = str(uuid.uuid4())
        self.last_modified = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
        return update(self, config_updates)

    @functools.wraps(configuration)
    def configuration_with_revision(self: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        revision_id = self.__dict__.setdefault("revision_id", str(uuid.uuid4()))
        return {**configuration(self, *args, **kwargs), "RevisionId": revision_id}

    LambdaFunction.update_configuration = update_if_unchanged  # type: ignore[method-assign]
    LambdaFunction.get_configuration = configuration_with_revision  # type: ignore[method-assign]


NETWORK_ACTIONS = ("CreateNetworkInterface", "DeleteNetworkInterface", "DescribeNetworkInterfaces")


def repair_lambda_networks(authorisation: Authorisation) -> None:
    """Lambda connects a function to a VPC only if its role may manage network interfaces; moto does not check.

    No interface exists yet, so the role needs the permission on `*`, whether or not policies are enforced here.
    Lambda developer guide, "Giving Lambda functions access to resources in an Amazon VPC", "Required IAM permissions":
    DescribeNetworkInterfaces "only works if it's allowed on all resources", and without all resource ids for
    DeleteNetworkInterface "your function may not be able to access the VPC"; terraform-provider-aws #20698 has the
    message. Terraform's provider retries on that message for 15 minutes, which is pointless here because policies take
    effect immediately, so the provider gets another message.
    """
    create, update = LambdaBackend.create_function, LambdaFunction.update_configuration

    def judge(role_arn: str, given: dict[str, Any]) -> None:
        if not (given.get("VpcConfig") or {}).get("SubnetIds"):
            return
        try:
            missing = [action for action in NETWORK_ACTIONS if not authorisation.role_may(role_arn, f"ec2:{action}")]
        except CannotJudgeError as error:
            raise LambdaClientError("CannotJudge", str(error)) from None
        if missing:
            waits = has_request_context() and "Terraform" in request.headers.get("User-Agent", "")
            role = "execution role provided" if waits else "provided execution role"
            raise InvalidParameterValueException(f"The {role} does not have permissions to call {missing[0]} on EC2")

    @functools.wraps(create)
    def create_if_role_may(self: Any, spec: dict[str, Any]) -> LambdaFunction:
        judge(spec["Role"], spec)
        return create(self, spec)

    @functools.wraps(update)
    def update_if_role_may(self: Any, config_updates: dict[str, Any]) -> dict[str, Any]:
        judge(config_updates.get("Role") or self.role, config_updates)
        return update(self, config_updates)

    LambdaBackend.create_function = create_if_role_may  # type: ignore[method-assign]
    LambdaFunction.update_configuration = update_if_role_may  # type: ignore[method-assign]


def repair_subscriptions() -> None:
    """SNS counts confirmed and pending subscriptions of a topic; moto does not.

    The token that confirms an email subscription comes by email; here it is the address.
    """

    def is_pending(subscription: Any) -> bool:
        return subscription.protocol.startswith("email") and not subscription.confirmed

    def of(topic: Any) -> list[Any]:
        return [each for each in topic.sns_backend.subscriptions.values() if each.topic is topic]

    def count(*, pending: bool) -> property:
        def counted(topic: Any) -> int:
            return sum(is_pending(each) == pending for each in of(topic))

        return property(counted, lambda _topic, _zero: None)

    def confirm(self: Any) -> ActionResult:
        topic, token = self.backend.get_topic(self._get_param("TopicArn")), self._get_param("Token")
        [subscription] = [each for each in of(topic) if is_pending(each) and each.endpoint == token]
        subscription.confirmed = True
        return ActionResult({"SubscriptionArn": subscription.arn})

    def list_by_topic(self: Any) -> ActionResult:
        listed = [
            {
                "SubscriptionArn": "PendingConfirmation" if is_pending(each) else each.arn,
                "Owner": each.account_id,
                "Protocol": each.protocol,
                "Endpoint": each.endpoint,
                "TopicArn": each.topic.arn,
            }
            for each in of(self.backend.get_topic(self._get_param("TopicArn")))
        ]
        return ActionResult({"Subscriptions": listed})

    Topic.subscriptions_pending = count(pending=True)  # type: ignore[assignment]
    Topic.subscriptions_confimed = count(pending=False)  # type: ignore[assignment]
    SNSResponse.confirm_subscription = confirm  # type: ignore[method-assign]
    SNSResponse.list_subscriptions_by_topic = list_by_topic  # type: ignore[method-assign]


def repair_delete_markers() -> None:
    """Emptying a bucket whose versioning is suspended calls `dispose`, which moto's delete marker lacks: a 500.

    `terraform destroy` does that with `force_destroy`: it suspends versioning before it empties the bucket.
    """

    def dispose(self: Any, garbage: bool = False) -> None:
        """Do nothing: a marker has no content."""

    FakeDeleteMarker.dispose = dispose  # type: ignore[attr-defined]


def repair_service_specific_credentials() -> None:
    """Terraform lists a user's service-specific credentials before a destroy: none here; moto answers 500."""

    def list_service_specific_credentials(self: Any) -> str:
        name = "ListServiceSpecificCredentials"
        listed = f"<{name}Result><ServiceSpecificCredentials/></{name}Result>"
        return f'<{name}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/">{listed}</{name}Response>'

    IamResponse.list_service_specific_credentials = list_service_specific_credentials  # type: ignore[attr-defined]


def repair_boundaries_of_users() -> None:
    """IAM returns a user's permissions boundary in GetUser, but not in lists; moto ignores it.

    `Authorisation` reads it from the user, like a role's.
    """
    create = IamResponse.create_user

    def told(self: Any) -> dict[str, str] | None:
        arn = self.permissions_boundary_arn
        return {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn} if arn else None

    def put(self: Any) -> ActionResult:
        user, arn = self.backend.get_user(self._get_param("UserName")), self._get_param("PermissionsBoundary")
        self.backend.get_policy(arn)  # NoSuchEntity unless there is one
        user.permissions_boundary_arn = arn
        return EmptyResult()

    def delete(self: Any) -> ActionResult:
        self.backend.get_user(self._get_param("UserName")).permissions_boundary_arn = None
        return EmptyResult()

    @functools.wraps(create)
    def create_with_boundary(self: Any) -> ActionResult:
        arn = self._get_param("PermissionsBoundary")
        if arn:
            self.backend.get_policy(arn)
        created = create(self)
        self.backend.get_user(self._get_param("UserName")).permissions_boundary_arn = arn
        return created

    User.permissions_boundary_arn = None  # type: ignore[attr-defined]
    User.permissions_boundary = property(told)  # type: ignore[attr-defined]
    IamResponse.create_user = create_with_boundary  # type: ignore[method-assign]
    IamResponse.put_user_permissions_boundary = put  # type: ignore[attr-defined]
    IamResponse.delete_user_permissions_boundary = delete  # type: ignore[attr-defined]
    IamResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER["ListUsersResponse.Users.User.PermissionsBoundary"] = never_return


def repair_security_group_rules() -> None:
    """EC2 returns the description of every rule; moto only for rules with an address range."""

    def description(self: Any) -> str | None:
        return (self.ip_range or self.source_group or {}).get("Description")

    SecurityGroupRule.description = property(description)  # type: ignore[assignment,method-assign]


def repair_bucket_policies() -> None:
    """The bucket policy is evaluated once, before a request reaches moto (see `standins.aws_authorisation`).

    moto treats an unmet condition as a denial whatever the effect, so a bucket policy that denies plain HTTP, or
    writes without `If-None-Match`, would deny every request.
    """

    def get_permission(self: Any, action: str, resource: str) -> PermissionResult:
        permitted = has_request_context() and request.environ.get(PERMITTED)
        return PermissionResult.PERMITTED if permitted else PermissionResult.NEUTRAL

    FakeBucket.get_permission = get_permission  # type: ignore[method-assign]


def repair_object_encryption() -> None:
    """S3 encrypts an object by the request, else by the bucket's default, and returns which; moto mixes the two.

    A request without a key uses the AWS managed key. A bucket without a configuration encrypts with AES256, and an S3
    Bucket Key applies only to `aws:kms`. Amazon S3 API Reference, PutObject; User Guide, "Configuring an S3 Bucket Key
    at the object level".
    """
    put, told = S3Backend.put_object, FakeKey.response_dict.fget  # type: ignore[attr-defined]

    @functools.wraps(put)
    def put_as_asked(self: Any, bucket_name: str, *args: Any, **kwargs: Any) -> Any:
        rule = (self.get_bucket(bucket_name).encryption or {}).get("Rule", {})
        default = rule.get("ApplyServerSideEncryptionByDefault", {})
        asked = kwargs.get("encryption")
        made: Any = put(self, bucket_name, *args, **kwargs)
        made.encryption = asked or default.get("SSEAlgorithm", "AES256")
        made.kms_key_id = kwargs.get("kms_key_id") if asked else default.get("KMSMasterKeyID")
        if made.encryption != "aws:kms":
            made.bucket_key_enabled = None
        return made

    def told_with_key(self: Any) -> dict[str, Any]:
        answer: dict[str, Any] = told(self)
        if self.encryption == "aws:kms:dsse" and self.kms_key_id is not None:
            answer["x-amz-server-side-encryption-aws-kms-key-id"] = self.kms_key_id
        return answer

    S3Backend.put_object = put_as_asked  # type: ignore[method-assign]
    FakeKey.response_dict = property(told_with_key)  # type: ignore[assignment,method-assign]


def repair_acls_of_owners() -> None:
    """A bucket with BucketOwnerEnforced refuses an object's ACL, which moto accepts (user guide, "Disabling ACLs")."""
    read = S3Response._acl_from_headers

    @functools.wraps(read)
    def read_unless_refused(self: Any, headers: Any) -> Any:
        acl = read(self, headers)
        bucket = self.backend.buckets.get(self.bucket_name)
        enforced = bucket is not None and bucket.ownership_rule == "BucketOwnerEnforced"
        if acl is not None and enforced and headers.get("x-amz-acl") != "bucket-owner-full-control":
            raise S3ClientError("AccessControlListNotSupported", "The bucket does not allow ACLs")
        return acl

    S3Response._acl_from_headers = read_unless_refused  # type: ignore[method-assign]


class CodeRefusedError(LambdaClientError):
    """Code that this machine's owner has not registered."""

    code = 403

    def __init__(self, message: str) -> None:
        super().__init__("AccessDeniedException", message)


def accept_registered_packages_only(packages: Collection[str]) -> None:
    """This stand-in runs code on its owner's machine, so it accepts only packages that the owner has registered.

    A refused request changes nothing. The package is checked again when it is unpacked, because its object in S3 may
    have changed (see `standins.lambda_invocations`).
    """
    set_code = LambdaFunction._set_function_code

    @functools.wraps(set_code)
    def set_registered_code(self: Any, updated_spec: dict[str, Any]) -> None:
        content = b""
        if "ZipFile" in updated_spec:
            content = base64.b64decode(updated_spec["ZipFile"])
        elif "S3Bucket" in updated_spec and "S3Key" in updated_spec:
            with contextlib.suppress(Exception):  # moto has a different exception for each kind of missing resource
                s3 = s3_backends[self.account_id][self.partition]
                found: Any = s3.get_object(updated_spec["S3Bucket"], updated_spec["S3Key"])
                content = found.value
        digest = hashlib.sha256(content).hexdigest()
        if digest not in packages:
            raise CodeRefusedError(f"AwsStandIn.register_package was not given the package with SHA-256 {digest}.")
        set_code(self, updated_spec)

    LambdaFunction._set_function_code = set_registered_code  # type: ignore[method-assign]


def repair_invocations(functions: LocalFunctions) -> None:
    """`Invoke` runs the function; moto needs Docker for that. The answer has the request ID of the function's log."""

    def invoke(self: Any, body: str | bytes, request_headers: Any, response_headers: dict[str, str]) -> bytes:
        kind = request_headers.get("X-Amz-Invocation-Type", "RequestResponse")
        try:
            return functions.invoke(self, body, kind, response_headers)
        except PermissionError as error:
            raise CodeRefusedError(str(error)) from None

    def request_id_unless_given(headers: dict[str, Any] | None = None) -> str:
        return (headers or {}).get("x-amzn-requestid") or gen_amzn_requestid_long(headers)

    LambdaFunction.invoke = invoke  # type: ignore[method-assign]
    setattr(moto.core.responses, gen_amzn_requestid_long.__name__, request_id_unless_given)


def serve(folder: str, account_id: str, region: str) -> None:
    """Serve on a free loopback port until standard input closes, then remove `folder`."""
    for repair in (
        repair_lambda_configuration,
        repair_lambda_revisions,
        repair_composite_alarms,
        repair_deletion_of_alarms,
        repair_histories_of_alarms,
        repair_metrics_in_logs,
        repair_subscriptions,
        repair_delete_markers,
        repair_service_specific_credentials,
        repair_boundaries_of_users,
        repair_security_group_rules,
        repair_bucket_policies,
        repair_object_encryption,
        repair_object_lock,
        repair_acls_of_owners,
    ):
        repair()
    moto.moto_server.werkzeug_app.DISABLE_GLOBAL_CORS = True  # type: ignore[attr-defined]
    root = Keys(*json.loads(sys.stdin.buffer.readline()))
    authorisation = Authorisation(Dispatcher(create_backend_app), account_id, region, root)
    repair_lambda_networks(authorisation)
    repair_states_of_alarms(authorisation.why_no_message)
    accept_registered_packages_only(authorisation.packages)
    app = TakingTurns(authorisation, authorisation.most_bytes)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler)
    os.environ["MOTO_PORT"] = str(server.port)  # moto's services call each other through it
    functions = LocalFunctions(AwsStandIn.at(server.port, region, root), Path(folder), authorisation.packages)
    authorisation.end_functions = functions.close
    repair_invocations(functions)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"port": server.port}), flush=True)
    sys.stdin.buffer.read()
    functions.close()
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    serve(*sys.argv[1:])
