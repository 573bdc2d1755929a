"""Which permissions a request to AWS needs: action, resource and condition keys; pure functions over the request.

Sources: the Service Authorization Reference, and the S3 user guide's "Required permissions for Amazon S3 API
operations". A request that is not covered here raises `CannotJudge`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.etree import ElementTree

from standins.iam_policy import CannotJudge

Context = dict[str, list[str]]
Name = Callable[[str, str], str]
"""Gives the ARN of what a request names, by its kind ("secret", "user", "role") and the name or ARN it gives."""


@dataclass(frozen=True)
class Request:
    """What of an HTTP request decides which permissions it needs; header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def scope(self) -> list[str]:
        """The credential scope of the signature: access key, date, region, service; empty for an unsigned request."""
        found = re.search(r"Credential=([^,\s]+)", self.headers.get("authorization", ""))
        return found[1].split("/")[:4] if found else []


@dataclass(frozen=True)
class Permission:
    """One permission that a request needs."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """Where a request goes: it begins the ARN of what it names there."""

    partition: str
    region: str
    account: str

    def arn(self, service: str, resource: str) -> str:
        """Write an ARN of this place."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


def permissions(service: str, request: Request, place: Place, name: Name) -> list[Permission]:
    """List what a request needs, without what the service then asks of KMS in the caller's name.

    Raises CannotJudge for a request that is not covered here.
    """
    by_service = {
        "s3": _s3,
        "sts": _sts,
        "iam": _iam,
        "sqs": _sqs,
        "secretsmanager": _secrets_manager,
        "kms": _kms,
        "logs": _logs,
        "lambda": _lambda,
        "scheduler": _scheduler,
    }
    if service not in by_service:
        raise CannotJudge(f"Permissions of {service} are not known here.")
    return by_service[service](request, place, name)


# S3


_BUCKET_SETTINGS = {  # by the query parameter: what follows "Get" or "Put" in the action's name
    "acl": "BucketAcl",
    "encryption": "EncryptionConfiguration",
    "lifecycle": "LifecycleConfiguration",
    "location": "BucketLocation",
    "logging": "BucketLogging",
    "notification": "BucketNotification",
    "object-lock": "BucketObjectLockConfiguration",
    "ownershipControls": "BucketOwnershipControls",
    "policy": "BucketPolicy",
    "publicAccessBlock": "BucketPublicAccessBlock",
    "replication": "ReplicationConfiguration",
    "tagging": "BucketTagging",
    "versioning": "BucketVersioning",
    "website": "BucketWebsite",
}
_OBJECT_SETTINGS = {"acl": "ObjectAcl", "tagging": "ObjectTagging", "retention": "ObjectRetention"}
_CONDITION_HEADERS = (
    "if-match",
    "if-none-match",
    "x-amz-acl",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-customer-algorithm",
)


def s3_context(headers: Mapping[str, str], query: Mapping[str, str]) -> Context:
    """Collect the condition keys of a request; header names in lower case.

    The stand-in speaks plain HTTP and passes for TLS; the header `x-standin-tls: false` makes a request plain.
    """
    keys = {"aws:SecureTransport": headers.get("x-standin-tls", "true")}
    keys |= {f"s3:{header}": headers[header] for header in _CONDITION_HEADERS if header in headers}
    keys |= {f"s3:{name}": query[name] for name in ("prefix", "delimiter", "max-keys") if name in query}
    return {key: [value] for key, value in keys.items()}


def _s3(request: Request, place: Place, _: Name) -> list[Permission]:
    bucket, key = [*request.path.lstrip("/").split("/", 1), ""][:2]
    arn = f"arn:{place.partition}:s3:::{bucket}"
    context = s3_context(request.headers, request.query)
    if not bucket:
        return [Permission("s3:ListAllMyBuckets", "*", context)]
    if not key:
        return [Permission(f"s3:{action}", resource, context) for action, resource in _bucket_call(request, arn)]
    needed = [Permission(f"s3:{_object_action(request)}", f"{arn}/{key}", context)]
    if source := request.headers.get("x-amz-copy-source"):
        copied = unquote(source).lstrip("/").partition("?")[0]
        needed.append(Permission("s3:GetObject", f"arn:{place.partition}:s3:::{copied}", context))
    return needed


def _bucket_call(request: Request, arn: str) -> list[tuple[str, str]]:
    method, query = request.method, request.query
    for parameter, noun in _BUCKET_SETTINGS.items():
        if parameter in query:
            if method == "DELETE":  # a policy has a permission of its own to delete it, all else is put
                return [("DeleteBucketPolicy" if parameter == "policy" else f"Put{noun}", arn)]
            return [(f"{'Get' if method in ('GET', 'HEAD') else 'Put'}{noun}", arn)]
    if method == "POST" and "delete" in query:
        named = [(key, version) for key, version in deleted_keys(request.body)]
        return [("DeleteObjectVersion" if version else "DeleteObject", f"{arn}/{key}") for key, version in named]
    actions = {"GET": "ListBucket", "HEAD": "ListBucket", "PUT": "CreateBucket", "DELETE": "DeleteBucket"}
    listed = {"versions": "ListBucketVersions", "uploads": "ListBucketMultipartUploads"}
    for parameter, action in listed.items():
        if parameter in query and method == "GET":
            return [(action, arn)]
    if method not in actions:
        raise CannotJudge(f"{method} on a bucket is not known here.")
    return [(actions[method], arn)]


def _object_action(request: Request) -> str:
    method, query = request.method, request.query
    version = "Version" if "versionId" in query else ""
    for parameter, noun in _OBJECT_SETTINGS.items():
        if parameter in query:
            verb = "Get" if method == "GET" else "Put"
            return f"{verb}{noun.replace('Object', f'Object{version}') if parameter != 'retention' else noun}"
    if "uploadId" in query and method == "DELETE":
        return "AbortMultipartUpload"
    actions = {"GET": "GetObject", "HEAD": "GetObject", "DELETE": "DeleteObject", "PUT": "PutObject"}
    if method == "POST" and ("uploads" in query or "uploadId" in query):
        return "PutObject"
    if method not in actions:
        raise CannotJudge(f"{method} on an object is not known here.")
    return actions[method] + (version if method != "PUT" else "")


def deleted_keys(body: bytes) -> list[tuple[str, str | None]]:
    """Read the body of DeleteObjects: key and version of each object that it names."""
    found = []
    for element in ElementTree.fromstring(body).iter():
        if element.tag.rpartition("}")[2] == "Object":
            parts = {child.tag.rpartition("}")[2]: child.text for child in element}
            found.append((str(parts["Key"]), parts.get("VersionId")))
    return found


# Services that speak JSON with a target, or forms with an action


def _operation(request: Request) -> tuple[str, dict[str, Any]]:
    target = request.headers.get("x-amz-target", "")
    if target:
        return target.rpartition(".")[2], json.loads(request.body or b"{}")
    form = {key: values[0] for key, values in parse_qs(request.body.decode()).items()}
    return form.get("Action", ""), form


def _sts(request: Request, _: Place, name: Name) -> list[Permission]:
    operation, given = _operation(request)
    if operation == "GetCallerIdentity":  # no policy can forbid it
        return []
    if operation not in ("AssumeRole", "AssumeRoleWithWebIdentity"):
        raise CannotJudge(f"sts:{operation} is not known here.")
    return [Permission(f"sts:{operation}", name("role", given["RoleArn"]))]


def _iam(request: Request, _: Place, name: Name) -> list[Permission]:
    operation, given = _operation(request)
    for parameter, kind in (("PolicyArn", ""), ("RoleName", "role"), ("UserName", "user")):
        if parameter in given and not (parameter == "PolicyArn" and "Attach" in operation):
            return [Permission(f"iam:{operation}", name(kind, given[parameter]) if kind else given[parameter])]
    return [Permission(f"iam:{operation}", "*")]


def _sqs(request: Request, place: Place, _: Name) -> list[Permission]:
    operation, given = _operation(request)
    if "QueueUrl" not in given:
        return [Permission(f"sqs:{operation}", "*")]
    queue = given["QueueUrl"].rpartition("/")[2]
    tls = {"aws:SecureTransport": [request.headers.get("x-standin-tls", "true")]}
    return [Permission(f"sqs:{operation}", place.arn("sqs", queue), tls)]


def _secrets_manager(request: Request, _: Place, name: Name) -> list[Permission]:
    operation, given = _operation(request)
    resource = name("secret", given["SecretId"]) if "SecretId" in given else "*"
    return [Permission(f"secretsmanager:{operation}", resource)]


def _kms(request: Request, place: Place, _: Name) -> list[Permission]:
    operation, given = _operation(request)
    if "KeyId" not in given or "alias/" in given["KeyId"]:
        raise CannotJudge(f"kms:{operation} without the id of a key is not known here.")
    key = given["KeyId"] if given["KeyId"].startswith("arn:") else place.arn("kms", f"key/{given['KeyId']}")
    context = {f"kms:EncryptionContext:{part}": [value] for part, value in given.get("EncryptionContext", {}).items()}
    return [Permission(f"kms:{operation}", key, context)]


def _logs(request: Request, place: Place, _: Name) -> list[Permission]:
    operation, given = _operation(request)
    group = given.get("logGroupName", "*")
    of_group = operation in ("CreateLogGroup", "DeleteLogGroup", "PutRetentionPolicy", "DeleteRetentionPolicy")
    rest = "" if of_group else f":log-stream:{given.get('logStreamName', '')}"
    return [Permission(f"logs:{operation}", place.arn("logs", f"log-group:{group}{rest}"))]


# Services that speak REST


def _lambda(request: Request, place: Place, _: Name) -> list[Permission]:
    found = re.fullmatch(r"/20\d\d-\d\d-\d\d/functions/([^/]+)(/\w+)?", request.path)
    operations = {
        ("GET", None): "GetFunction",
        ("POST", "/invocations"): "InvokeFunction",
        ("PUT", "/code"): "UpdateFunctionCode",
        ("PUT", "/configuration"): "UpdateFunctionConfiguration",
        ("GET", "/configuration"): "GetFunctionConfiguration",
    }
    if not found or (request.method, found[2]) not in operations:
        raise CannotJudge(f"lambda: {request.method} {request.path} is not known here.")
    function = unquote(found[1]).rpartition(":")[2]
    return [Permission(f"lambda:{operations[request.method, found[2]]}", place.arn("lambda", f"function:{function}"))]


def _scheduler(request: Request, place: Place, _: Name) -> list[Permission]:
    found = re.fullmatch(r"/schedules/([^/]+)", request.path)
    verbs = {"GET": "Get", "PUT": "Update", "POST": "Create", "DELETE": "Delete"}
    if not found or request.method not in verbs:
        raise CannotJudge(f"scheduler: {request.method} {request.path} is not known here.")
    schedule = f"schedule/{request.query.get('groupName', 'default')}/{unquote(found[1])}"
    return [Permission(f"scheduler:{verbs[request.method]}Schedule", place.arn("scheduler", schedule))]
