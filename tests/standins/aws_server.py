"""moto's server in a process of its own, with the few repairs that a real Terraform module needs.

Started by `standins.aws.AwsStandIn` as `aws_server.py FOLDER ACCOUNT REGION`. It writes `{"port": N}` on standard
output once it listens on a free loopback port, after it has read the root's keys, `["ID", "SECRET"]`, in the first line
of its standard input. When its standard input closes it removes FOLDER and ends: so it never
outlives the process that started it.
Each repair says what AWS does and moto 5.2 does not; tests/unit/test_standin_aws.py holds a test of each.
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
    """Lambda echoes the whole configuration it was given; without these four, every second plan shows a change."""
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
    """Lambda gives each state of a function a revision id and a date, and refuses a change that names another id.

    moto has no such id, and the date of a function is that of its creation.
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
    """Lambda takes a function into a VPC only if its role may manage network interfaces; moto never asks.

    There is no interface yet, so the role must have the right on `*`, whether or not requests are authorised here.
    Lambda developer guide, "Giving Lambda functions access to resources in an Amazon VPC", "Required IAM permissions":
    DescribeNetworkInterfaces "only works if it's allowed on all resources", and without all resource ids for
    DeleteNetworkInterface "your function may not be able to access the VPC"; terraform-provider-aws #20698 has the
    sentence. Policies hold here at once, but Terraform's provider waits a quarter of an hour for that sentence to pass,
    so the provider gets another one.
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
    """SNS counts and lists a topic's subscriptions, those of mail apart until they are confirmed; moto does not.

    The token that confirms one comes by mail; here it is the address.
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

    `terraform destroy` does just that with `force_destroy`: it suspends versioning before it empties the bucket.
    """

    def dispose(self: Any, garbage: bool = False) -> None:
        """Do nothing: a marker holds no bytes."""

    FakeDeleteMarker.dispose = dispose  # type: ignore[attr-defined]


def repair_service_specific_credentials() -> None:
    """A user's credentials for other services are listed when it is destroyed: none here, and a 500 in moto."""

    def list_service_specific_credentials(self: Any) -> str:
        name = "ListServiceSpecificCredentials"
        listed = f"<{name}Result><ServiceSpecificCredentials/></{name}Result>"
        return f'<{name}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/">{listed}</{name}Response>'

    IamResponse.list_service_specific_credentials = list_service_specific_credentials  # type: ignore[attr-defined]


def repair_boundaries_of_users() -> None:
    """IAM keeps a user's permissions boundary and tells it with the user, though not in lists; moto drops it.

    `Authorisation` reads it off the user, as it reads a role's.
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
    """EC2 tells a rule's description whatever it lets in; moto only where that is a range of addresses."""

    def description(self: Any) -> str | None:
        return (self.ip_range or self.source_group or {}).get("Description")

    SecurityGroupRule.description = property(description)  # type: ignore[assignment,method-assign]


def repair_bucket_policies() -> None:
    """A bucket's policy is asked once, before a request reaches moto (see `standins.aws_authorisation`).

    moto takes an unmet condition for a denial whatever the effect, so a bucket policy that refuses plain HTTP, or
    writes without `If-None-Match`, would refuse every request.
    """

    def get_permission(self: Any, action: str, resource: str) -> PermissionResult:
        permitted = has_request_context() and request.environ.get(PERMITTED)
        return PermissionResult.PERMITTED if permitted else PermissionResult.NEUTRAL

    FakeBucket.get_permission = get_permission  # type: ignore[method-assign]


def repair_object_encryption() -> None:
    """S3 encrypts an object as the request says, else as the bucket's default does, and tells it; moto mixes the two.

    A request that names no key means AWS's own. A bucket without a configuration encrypts with AES256, and an S3 Bucket
    Key goes with `aws:kms` alone. Amazon S3 API Reference, PutObject; User Guide, "Configuring an S3 Bucket Key at the
    object level".
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
    """A bucket that enforces its owner refuses an object's ACL, which moto takes (user guide, "Disabling ACLs")."""
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
    """Code that this machine's owner did not ask to run."""

    code = 403

    def __init__(self, message: str) -> None:
        super().__init__("AccessDeniedException", message)


def accept_registered_packages_only(packages: Collection[str]) -> None:
    """Lambda runs anybody's code; this stand-in runs it on its owner's machine, so only what the owner registered.

    What is refused changes nothing. The object that a package is read from may change meanwhile: what runs is looked at
    once more when it is unpacked (see `standins.lambda_invocations`).
    """
    set_code = LambdaFunction._set_function_code

    @functools.wraps(set_code)
    def set_registered_code(self: Any, updated_spec: dict[str, Any]) -> None:
        content = b""
        if "ZipFile" in updated_spec:
            content = base64.b64decode(updated_spec["ZipFile"])
        elif "S3Bucket" in updated_spec and "S3Key" in updated_spec:
            with contextlib.suppress(Exception):  # moto has an exception of its own for each way not to be there
                s3 = s3_backends[self.account_id][self.partition]
                found: Any = s3.get_object(updated_spec["S3Bucket"], updated_spec["S3Key"])
                content = found.value
        digest = hashlib.sha256(content).hexdigest()
        if digest not in packages:
            raise CodeRefusedError(f"AwsStandIn.register_package was not given the package with SHA-256 {digest}.")
        set_code(self, updated_spec)

    LambdaFunction._set_function_code = set_registered_code  # type: ignore[method-assign]


def repair_invocations(functions: LocalFunctions) -> None:
    """`Invoke` runs the function; moto's needs Docker. The answer's request id is the one in the function's log."""

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
    os.environ["MOTO_PORT"] = str(server.port)  # moto's services call one another through it
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
