"""The stand-in for AWS decides by policies, as AWS does: a WSGI layer before moto that lets through what they allow.

moto judges few services, and of conditions and resources little. Here each request of a user or role is held against
everything that applies: its identity's policies and permissions boundary, and the policy of the bucket, queue, secret,
key or role it is for. What S3, SQS and Secrets Manager ask of KMS in the caller's name is asked here, too. The
stand-in's own access key stays the account's root, and may do everything. Signatures are not checked.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sqs.models import sqs_backends
from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition
from werkzeug.wrappers import Request as HttpRequest
from werkzeug.wrappers import Response

from standins.aws import ACCESS_KEY_ID, ACCOUNT_ID, REGION
from standins.iam_policy import CannotJudge, Policies
from standins.permissions import Context, Permission, Place, Request, deleted_keys, permissions

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SWITCH = "/standin/authorisation"
"""PUT here `on` or `off`."""


class Authorisation:
    """The layer: off at first, so that Terraform, and whoever sets up a test, need no policy of their own."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._on = False

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a refused request, and pass any other on."""
        http = HttpRequest(environ)
        if http.path == SWITCH:
            self._on = http.get_data(as_text=True) == "on"
            return Response(status=204)(environ, start_response)
        if not self._on or http.path.startswith("/moto-api"):
            return self._app(environ, start_response)
        body = http.get_data()
        environ["wsgi.input"] = io.BytesIO(body)
        headers = {name.lower(): value for name, value in http.headers.items()}
        request = Request(http.method, http.path, http.args.to_dict(), headers, body)
        if refused := refusal(request):
            return refused(environ, start_response)
        return self._app(environ, start_response)


@dataclass(frozen=True)
class Caller:
    """Who asks: the ARNs that mean them, their own policies, and what a web identity's token claims."""

    names: list[str] = field(default_factory=list)
    identity: list[dict[str, Any]] = field(default_factory=list)
    boundary: dict[str, Any] | None = None
    claims: dict[str, list[str]] = field(default_factory=dict)


def refusal(request: Request) -> Response | None:
    """Judge a request: None lets it through, else the answer that the service would give."""
    key, _, region, service = request.scope or ["", "", REGION, _unsigned_service(request)]
    if key == ACCESS_KEY_ID:
        return None
    place = Place(get_partition(region), region, ACCOUNT_ID)
    directory = Directory(place)
    try:
        caller = directory.caller(request)
        needed = permissions(service, request, place, directory.arn)
        needed = [*needed, *(key for one in needed for key in directory.key_uses(one))]
        allowed = caller is not None and all(directory.allows(caller, one) for one in needed)
    except CannotJudge as error:
        return Response(f"The stand-in cannot judge this: {error}", status=501)
    return None if allowed else _access_denied(service, request)


def _unsigned_service(request: Request) -> str:
    """Tell from an unsigned request which service it is for."""
    targets = {"secretsmanager": "secretsmanager", "TrentService": "kms", "AmazonSQS": "sqs", "Logs_20140328": "logs"}
    if target := request.headers.get("x-amz-target"):
        return targets.get(target.partition(".")[0], target)
    if request.path == "/" and request.method == "POST":
        return "sts" if b"Version=2011-06-15" in request.body else "iam"
    beginnings = {"/2015-03-31/functions/": "lambda", "/schedules/": "scheduler"}
    return next((service for start, service in beginnings.items() if request.path.startswith(start)), "s3")


class Directory:
    """What moto knows: callers, what names mean, and which policies lie on what."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._iam = iam_backends[place.account][place.partition]

    def caller(self, request: Request) -> Caller | None:
        """Tell who asks: nobody in particular where the request is not signed, None for a key that is unknown."""
        if not request.scope:
            return self._web_identity(request)
        key = request.scope[0]
        for user in self._iam.users.values():
            if any(own.access_key_id == key for own in user.access_keys):
                return Caller([user.arn], self._identity(user))
        for session in sts_backends[self.place.account][self.place.partition].assumed_roles:
            if session.access_key_id == key:
                role = self._iam.get_role_by_arn(session.role_arn)
                bound = role.permissions_boundary_arn
                boundary = _document(self._iam.get_policy(bound)) if bound else None
                return Caller([role.arn, session.arn], self._identity(role), boundary)
        return None

    def _web_identity(self, request: Request) -> Caller:
        """The stand-in takes Google's word for granted: whatever the token claims is so."""
        if b"WebIdentityToken" not in request.body:
            return Caller()
        payload = parse_qs(request.body.decode())["WebIdentityToken"][0].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        issuer = claims["iss"].removeprefix("https://")
        return Caller([issuer], claims={f"{issuer}:{name}": [str(value)] for name, value in claims.items()})

    @staticmethod
    def _identity(holder: Any) -> list[dict[str, Any]]:
        return [*map(json.loads, holder.policies.values()), *map(_document, holder.managed_policies.values())]

    def arn(self, kind: str, name: str) -> str:
        """Give the ARN of a user, role or secret; of one that is not there, what it would be."""
        if name.startswith("arn:"):
            return name
        if kind == "secret":
            secret = secretsmanager_backends[self.place.account][self.place.region].secrets.get(name)
            return secret.arn if secret else self.place.arn("secretsmanager", f"secret:{name}-??????")
        holders = self._iam.users.values() if kind == "user" else self._iam.roles.values()
        found = [holder.arn for holder in holders if holder.name == name]
        return str(found[0]) if found else f"arn:{self.place.partition}:iam::{self.place.account}:{kind}/{name}"

    def allows(self, caller: Caller, needed: Permission) -> bool:
        """Decide on one permission by all policies that have a say."""
        service = needed.action.partition(":")[0]
        policies = Policies(
            caller.identity,
            caller.boundary,
            self._resource_policy(service, needed.resource),
            delegated=service in ("kms", "sts"),
        )
        context = {**caller.claims, **needed.context}
        root = f"arn:{self.place.partition}:iam::{self.place.account}:root"
        return policies.allow(needed.action, needed.resource, context, caller.names, root)

    def _resource_policy(self, service: str, arn: str) -> dict[str, Any] | None:
        account, region, last = self.place.account, self.place.region, arn.rpartition(":")[2]
        policy: Any = None
        if service == "s3":
            bucket = s3_backends[account][self.place.partition].buckets.get(last.partition("/")[0])
            policy = bucket.policy if bucket else None
        elif service == "kms":
            key = kms_backends[account][region].keys.get(last.removeprefix("key/"))
            policy = key.policy if key else None
        elif service == "sqs":
            queue = sqs_backends[account][region].queues.get(last)
            policy = queue.policy if queue else None
        elif service == "secretsmanager":
            policy = next((one.policy for one in self._secrets() if one.arn == arn), None)
        elif service == "sts":
            role = next((one for one in self._iam.roles.values() if one.arn == arn), None)
            policy = role.assume_role_policy_document if role else None
        return json.loads(policy) if isinstance(policy, str | bytes) and policy else policy or None

    def _secrets(self) -> list[Any]:
        return list(secretsmanager_backends[self.place.account][self.place.region].secrets.values())

    def key_uses(self, needed: Permission) -> list[Permission]:
        """List what the service asks of KMS in the caller's name.

        Sources: S3, "Reducing the cost of SSE-KMS with Bucket Keys" (the context is the bucket's ARN with a bucket key,
        the object's without); Secrets Manager, "Encryption context"; SQS, "Key management".
        """
        service, _, action = needed.action.partition(":")
        key: str | None = None
        context: Context = {}
        reads: tuple[str, ...] = ()
        writes: tuple[str, ...] = ()
        if service == "s3" and "/" in needed.resource:
            name, _, object_key = needed.resource.rpartition(":")[2].partition("/")
            key, bucket_key = self._bucket_key(name, object_key, action)
            bucket_arn = needed.resource.partition("/")[0]
            context = {"kms:EncryptionContext:aws:s3:arn": [bucket_arn if bucket_key else needed.resource]}
            reads, writes = ("GetObject", "GetObjectVersion"), ("PutObject",)
        elif service == "secretsmanager":
            key = next((one.kms_key_id for one in self._secrets() if one.arn == needed.resource), None)
            context = {"kms:EncryptionContext:SecretARN": [needed.resource]}
            reads, writes = ("GetSecretValue",), ("PutSecretValue", "UpdateSecret")
        elif service == "sqs":
            queue = sqs_backends[self.place.account][self.place.region].queues.get(needed.resource.rpartition(":")[2])
            key = getattr(queue, "kms_master_key_id", None)
            reads, writes = ("ReceiveMessage",), ("SendMessage",)
        if not key or "alias/aws/" in key:  # a service's own key asks nothing of the caller
            return []
        context["kms:ViaService"] = [f"{service}.{self.place.region}.amazonaws.com"]
        arn = key if key.startswith("arn:") else self.place.arn("kms", f"key/{key}")
        uses = (["Decrypt"] if action in reads else []) + (["GenerateDataKey"] if action in writes else [])
        if action in writes and service != "s3":
            uses.append("Decrypt")
        return [Permission(f"kms:{use}", arn, context) for use in uses]

    def _bucket_key(self, name: str, object_key: str, action: str) -> tuple[str | None, bool]:
        """Give the KMS key that an object is or will be encrypted with, and whether by a bucket key."""
        bucket = s3_backends[self.place.account][self.place.partition].buckets.get(name)
        if bucket is None:
            return None, False
        rule = (bucket.encryption or {}).get("Rule", {})
        rule = rule[0] if isinstance(rule, list) else rule
        default = rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID")
        by_bucket_key = str(rule.get("BucketKeyEnabled", "false")).lower() == "true"
        if action == "PutObject":
            return default, by_bucket_key
        stored = bucket.keys.get(object_key)
        return (getattr(stored, "kms_key_id", None), by_bucket_key) if stored is not None else (None, False)


def _document(managed: Any) -> dict[str, Any]:
    """Read the version of a managed policy that is in force."""
    in_force = [one.document for one in managed.versions if one.version_id == managed.default_version_id]
    return dict(json.loads(in_force[0]))


def _access_denied(service: str, request: Request) -> Response:
    """Answer as the service does when it refuses."""
    says = "User is not authorized to perform this operation"
    if service == "s3" and request.method == "POST" and "delete" in request.query:
        errors = "".join(
            f"<Error><Key>{escape(key)}</Key><Code>AccessDenied</Code><Message>{says}</Message></Error>"
            for key, _ in deleted_keys(request.body)
        )
        return Response(f"<DeleteResult>{errors}</DeleteResult>", status=200, mimetype="application/xml")
    if service == "s3":
        return Response(f"<Error><Code>AccessDenied</Code><Message>{says}</Message></Error>", 403, mimetype="text/xml")
    if service in ("iam", "sts"):
        error = f"<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{says}</Message></Error>"
        return Response(f"<ErrorResponse>{error}</ErrorResponse>", 403, mimetype="text/xml")
    code = "AccessDenied" if service == "sqs" else "AccessDeniedException"
    document = json.dumps({"__type": code, "message": says, "Message": says})
    return Response(document, 403, {"x-amzn-ErrorType": code}, mimetype="application/json")
