"""Authorisation of each request to the stand-in for AWS: its signature, its members by AWS's model, then the policies.

A request is served if it is signed with a key that the account issued (see `standins.aws_signature`): the root's, an
active key of a user, or a session's. Authorisation starts off: every such key may do everything, and only bucket
policies are enforced, for the root too, with `aws:PrincipalArn` known. When it is on, the root's key may do everything,
and the policies of a user or role, and of the resource, decide about its keys. An unsigned request is anonymous, on or
off. A service control policy, if one is set, denies first: on or off, and the root too.

Paths under `/-/` are the stand-in's own: they switch authorisation on, assume a role as an AWS service does, and
evaluate a call that moto does not implement. They and moto's `/moto-api` need the root's secret as a bearer token. Web
pages reach nothing: requests for another host name than this machine's, or with an origin, are refused.
"""

from __future__ import annotations

import base64
import hmac
import io
import json
import re
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from moto.iam.models import mark_account_as_visited
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from werkzeug.wrappers import Request as WerkzeugRequest
from werkzeug.wrappers import Response

from standins.aws import REFUSED_BY_MODEL, Keys, google_signature
from standins.aws_account import Issued, MotoAccount
from standins.aws_models import faults
from standins.aws_object_lock import asked_at, end_locks
from standins.aws_permissions import ASKED_AT, SERVICES, Params, permissions
from standins.aws_signature import RefusedError, Signature, check_signature, read_signature
from standins.iam_policy import Call, Caller, CannotJudgeError, Policy, Verdict, condition_keys, decide, statements

OWN_PATH = "/-/"
MOTOS_OWN_PATH = "/moto-api"
PERMITTED = "standin.permitted"
"""Set in the environ of an allowed request: moto must not evaluate the bucket policy again."""

_JUDGED_AS = "standin.judged_as"
"""Set in the environ of a request that passes: region and service, as a credential scope names them."""

STRANGERS_BYTES = 2**20
"""The most bytes read of a request without a key of this account; the stand-in's own requests are smaller."""

GOOGLE = "accounts.google.com"
_EVERYTHING: Policy = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_SERVICES = {"monitoring": "cloudwatch"}  # where botocore's name is not the one that signs
_TARGETS = {
    "AmazonSQS": "sqs",
    "GraniteServiceVersion20100801": "cloudwatch",
    "Logs_20140328": "logs",
    "TrentService": "kms",
}
_PATHS = {"/2015-03-31/functions": "lambda", "/schedules": "scheduler", "/TraceSegments": "xray"}
_VERSIONS = {b"2010-05-08": "iam", b"2011-06-15": "sts", b"2016-11-15": "ec2"}
"""How unsigned requests show their service."""
_QUERY_SERVICES = ("cloudwatch", "ec2", "iam", "sns", "sqs", "sts")
"""The services that read `?Action=` of a GET; moto reads it first in every request."""

_KNOWN_KEYS = re.compile(
    r"aws:(PrincipalArn|PrincipalAccount|RequestedRegion|SecureTransport|SourceAccount|SourceArn|SourceOwner)"
    r"|aws:ViaAWSService"
    r"|accounts\.google\.com:(aud|oaud|sub)"
    r"|aws:RequestTag/.+"
    r"|iam:(PassedToService|PermissionsBoundary|PolicyARN)"
    r"|kms:(CallerAccount|ViaService|EncryptionContextKeys|EncryptionContext:.+)"
    r"|lambda:SourceFunctionArn"
    r"|s3:(VersionId|ObjectCreationOperation|delimiter|if-match|if-none-match|max-keys|prefix|x-amz-acl|x-amz-copy-source"
    r"|object-lock-(legal-hold|mode|remaining-retention-days|retain-until-date)"
    r"|x-amz-storage-class|x-amz-server-side-encryption(-aws-kms-key-id|-customer-algorithm)?)"
    r"|secretsmanager:SecretId|sts:(ExternalId|RoleSessionName)",
    re.IGNORECASE,
)
"""The condition keys with a known value, or known absence, in every request; others would wrongly count as absent.

`aws:SourceOwner`, which only the policy names that SNS gives each topic at first, is absent: who calls needs a right.
"""


@dataclass(frozen=True)
class Asker:
    """A caller with its policies and condition keys."""

    caller: Caller
    identity: Sequence[Policy] = ()
    boundary: Policy | None = None
    context: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class ApiRequest:
    """A request, parsed by AWS's service model."""

    service: str
    operation: str
    params: Params


class Authorisation:
    """WSGI middleware around moto's server."""

    def __init__(self, app: Callable[..., Any], account_id: str, region: str, root: Keys) -> None:
        self._app = app
        self._account = MotoAccount(account_id, region)
        self._root = root
        self._carried: dict[str, dict[str, list[str]]] = {}
        self.on = False
        self.scp: Policy | None = None
        self.needed: list[dict[str, Any]] | None = None
        self.packages: set[str] = set()
        self.end_functions: Callable[[], None] = lambda: None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve one request: refuse it, or pass it on."""
        request = Request(environ)
        if why := from_elsewhere(request):
            answer: Response | None = Response(f"{why}\n", 403)
        elif request.path.startswith((OWN_PATH, MOTOS_OWN_PATH)):
            if not self._holds_root_secret(request):
                answer = Response("This path needs the root's secret access key as a bearer token.\n", 403)
            else:
                answer = self._own(request) if request.path.startswith(OWN_PATH) else None
        else:
            answer = self._refusal(request)
        return (answer or self._app)(environ, start_response)

    def most_bytes(self, request: WerkzeugRequest) -> int | None:
        """Return the limit of a request's body in bytes: none only with a key that was issued.

        Everybody on this machine can connect, and what is read stays in memory until the request is judged.
        """
        try:
            given = None if from_elsewhere(request) else read_signature(request)
        except RefusedError:
            given = None
        return None if given and self._issued(given.access_key_id) else STRANGERS_BYTES

    def _holds_root_secret(self, request: Request) -> bool:
        expected = f"Bearer {self._root.secret_access_key}"
        return hmac.compare_digest(request.headers.get("Authorization", "").encode(), expected.encode())

    def _refusal(self, request: Request) -> Response | None:
        """Return the answer to a request that may not pass."""
        service = service_of(request)
        try:
            given = read_signature(request)
            signer = self._signer(request, given) if given else None
            if "Action" in request.args and (request.method != "GET" or service not in _QUERY_SERVICES):
                raise RefusedError(
                    "InvalidAction", "The action is in the query, which this service does not read.", 400
                )
            if service not in SERVICES:
                raise CannotJudgeError(f"The stand-in has no service {service}.")
            if self.needed is not None and signer is not None:
                self.needed += self._needs(request, service, signer)
            request.environ[_JUDGED_AS] = (
                f"{given.region}/{given.service}" if given else f"{self._account.region}/{service}"
            )
            asked = held_to_model(request, service) if signer is not None else read_request(request, service)
            if (
                signer is not None
                and not self.on
                and not self._has_bucket_policy(service, request)
                and asked.operation != "SimulatePrincipalPolicy"
                and self.scp is None
            ):
                return None
            return self._judged(request, asked, signer)
        except RefusedError as refused:
            return error_response(request, service, refused.status, refused.code, str(refused))
        except CannotJudgeError as error:
            print(f"CANNOT JUDGE {request.method} {request.url}: {error}", file=sys.stderr)
            return error_response(request, service, 501, "CannotJudge", str(error))

    def _needs(self, request: Request, service: str, signer: str) -> list[dict[str, Any]]:
        """List the permissions that a request needs, even if policies are not enforced; the operation if unknown."""
        asked = read_request(request, service)
        common = request_context(request, self._account.region)
        by = self._principal_arn(signer)
        try:
            calls = permissions(service, asked.operation, asked.params, self._account)
        except CannotJudgeError:
            return [{"by": by, "unknown": f"{service}:{asked.operation}"}]
        return [
            {"by": by, "action": call.action, "resource": call.resource, "context": {**common, **call.context}}
            for call in calls
        ]

    def _has_bucket_policy(self, service: str, request: Request) -> bool:
        bucket = self._account.bucket(request.path.split("/")[1]) if service == "s3" else None
        return bucket is not None and bucket.policy is not None

    def _judged(self, request: Request, asked: ApiRequest, signer: str | None) -> Response | None:
        service = asked.service
        asker = self._asker(signer, asked)
        judging = self.on or signer is None
        if self.scp is not None and signer is not None:
            refusal = self._refused_by_scp(request, asked, asker)
            if refusal is not None:
                return refusal
        if asker.identity == [_EVERYTHING] and service != "s3" and asked.operation != "SimulatePrincipalPolicy":
            return None
        asker = replace(asker, context={**asker.context, **request_context(request, self._account.region)})
        calls = permissions(service, asked.operation, asked.params, self._account)
        calls = [call for call in calls if judging or call.action.startswith("s3:")]
        verdicts = [self.verdict(call, asker) for call in calls]
        denied = [(call, verdict) for call, verdict in zip(calls, verdicts, strict=True) if not verdict.allowed]
        if not denied:
            request.environ[PERMITTED] = judging
            return self._simulated(asked.params) if asked.operation == "SimulatePrincipalPolicy" else None
        who = ", ".join(sorted(asker.caller.names)) or "Anonymous"
        says = f"User: {who} is not authorized to perform:"
        messages = [f'{says} {call.action} on resource: "{call.resource}" {verdict.reason}' for call, verdict in denied]
        if asked.operation == "DeleteObjects":
            refused = {call.resource: message for (call, _), message in zip(denied, messages, strict=True)}
            return refused_deletes({call.resource for call in calls}, refused)
        return error_response(request, service, 403, "AccessDenied", messages[0])

    def _refused_by_scp(self, request: Request, asked: ApiRequest, asker: Asker) -> Response | None:
        """Refuse what the service control policy denies, to the account's root too.

        Operations that the policy does not name need not be known here.
        """
        named = {action for statement in statements(self.scp or {}) for action in statement["Action"]}
        if f"{asked.service}:{asked.operation}" not in named:
            return None
        for call in permissions(asked.service, asked.operation, asked.params, self._account):
            if not decide(call, asker.caller, identity=[_EVERYTHING, self.scp or {}]).allowed:
                who = ", ".join(sorted(asker.caller.names))
                message = (
                    f"User: {who} is not authorized to perform: {call.action} on resource: {call.resource} with an"
                    " explicit deny in a service control policy"
                )
                return error_response(request, asked.service, 403, "AccessDenied", message)
        return None

    def verdict(self, call: Call, asker: Asker) -> Verdict:
        """Evaluate one call against all policies that apply."""
        owner = self._account.owner(call.resource)
        if self.on and asker.caller.account not in (None, owner):
            raise CannotJudgeError(
                f"{call.resource} is another account's, and calls across accounts are not evaluated here."
            )
        policy = self._account.resource_policy(call.resource)
        if not asker.caller.account and call.action.startswith("s3:"):
            policy = self._what_the_public_gets(call, policy)
        assumes = call.action.startswith("sts:AssumeRole")
        if call.resource.startswith("arn:aws:iam:") and not assumes:
            policy = None  # a trust policy covers only assuming the role
        for applying in filter(None, [*asker.identity, asker.boundary, policy]):
            for key in condition_keys(applying):
                if not _KNOWN_KEYS.fullmatch(key):
                    raise CannotJudgeError(f"The value of the condition key {key} is not known here.")
        return decide(
            Call(call.action, call.resource, {**asker.context, **call.context}),
            asker.caller,
            identity=asker.identity,
            boundary=asker.boundary,
            resource=policy,
            resource_decides=assumes or (call.action.startswith("kms:") and policy is not None),
        )

    def role_may(self, role_arn: str, action: str) -> bool:
        """Evaluate a role as a service does before it uses it: on `*`, as no resource exists yet, without context."""
        if not self._account.has_role(role_arn):
            raise CannotJudgeError(f"There is no role {role_arn} in the account whose policies are evaluated here.")
        return bool(self._judge({"role": role_arn.rpartition("/")[2]}, action, "*", {})["allowed"])

    def why_no_message(self, topic_arn: str, alarm_arn: str) -> str:
        """Return why CloudWatch may not publish to a topic for an alarm, "" if it may.

        The topic's policy decides, and for an encrypted topic the policy of its key. The policy with which SNS makes a
        topic lets the account's own alarms publish.
        """
        topic = self._account.topic(topic_arn)
        if topic is None:
            return f"Topic {topic_arn} does not exist"
        context = {"aws:SourceArn": alarm_arn, "aws:SourceAccount": self._account.id}
        needed = [("sns:Publish", topic_arn)] if "__default_policy_ID" not in topic.policy else []
        if topic.kms_master_key_id:
            key = self._account.key_arn(topic.kms_master_key_id)
            needed += [("kms:Decrypt", key), ("kms:GenerateDataKey", key)]
        for action, resource in needed:
            if not self._judge({"service": "cloudwatch.amazonaws.com"}, action, resource, context)["allowed"]:
                who = "does not have authorization to access the SNS topic encryption key"
                return f"CloudWatch Alarms {who if action[:3] == 'kms' else f'is not authorized to perform: {action}'}"
        return ""

    def _what_the_public_gets(self, call: Call, policy: Policy | None) -> Policy | None:
        """Return a bucket's policy for anonymous requests, which a public access block may exclude."""
        bucket = self._account.bucket(call.resource.split(":")[-1].partition("/")[0])
        if bucket is None:
            return policy
        block = bucket.public_access_block
        if not (block and block.ignore_public_acls) and bucket.acl and bucket.acl.public_read:
            raise CannotJudgeError(
                f"The bucket {bucket.name} has an ACL for the public, and ACLs are not evaluated here."
            )
        return None if block and block.restrict_public_buckets else policy

    # --- who asks ---

    def _signer(self, request: Request, given: Signature) -> str:
        """Return the access key ID that signed a request; raise `RefusedError` if the signature is wrong."""
        known = self._issued(given.access_key_id)
        if known is None or not known.active:
            why = f"No active access key of this stand-in is {given.access_key_id}."
            raise RefusedError("InvalidClientTokenId", why)
        check_signature(request, given, known.secret_access_key, lambda: body_of(request), datetime.now(UTC))
        if given.token != known.session_token:
            code = "InvalidToken" if given.service == "s3" else "InvalidClientTokenId"
            raise RefusedError(code, "The security token included in the request is invalid.")
        if known.expires and known.expires < datetime.now(UTC):
            raise RefusedError("ExpiredToken", "The security token included in the request is expired.")
        return given.access_key_id

    def _issued(self, access_key_id: str) -> Issued | None:
        if access_key_id == self._root.access_key_id:
            return Issued(self._root.secret_access_key)
        return self._account.issued(access_key_id)

    def _asker(self, signer: str | None, asked: ApiRequest) -> Asker:
        if signer is None:
            return self._unsigned(asked)
        if not self.on or signer == self._root.access_key_id:
            arn = self._principal_arn(signer)
            return Asker(Caller(frozenset([arn]), self._account.id), [_EVERYTHING], context={"aws:PrincipalArn": [arn]})
        if user := self._account.user_of(signer):
            mark_account_as_visited(self._account.id, signer, asked.service, self._account.region)
            return self._of(self._account.as_user(user), user)
        session = self._account.session_of(signer)
        if session is None:
            raise RefusedError("InvalidClientTokenId", f"The access key {signer} was deleted just now.")
        if session.policy:
            raise CannotJudgeError("A session's own policy is not evaluated here.")
        if session.role_arn.split(":")[4] != self._account.id:
            raise CannotJudgeError(f"{session.role_arn} is another account's, and its policies are not evaluated here.")
        role = self._account.role(session.role_arn.rpartition("/")[2])
        asker = self._of(self._account.as_session(role, session.session_name), role)
        return replace(asker, context={**asker.context, **self._carried.get(signer, {})})

    def _principal_arn(self, signer: str) -> str:
        """Return the `aws:PrincipalArn` of a signer: for a session, its role."""
        if user := self._account.user_of(signer):
            return str(user.arn)
        session = self._account.session_of(signer)
        return str(session.role_arn) if session else f"arn:aws:iam::{self._account.id}:root"

    def _of(self, caller: Caller, who: Any) -> Asker:
        context = {"aws:PrincipalArn": [who.arn], "aws:PrincipalAccount": [self._account.id]}
        return Asker(caller, self._account.identity_policies(who), self._account.boundary(who), context)

    def _unsigned(self, asked: ApiRequest) -> Asker:
        """Evaluate an unsigned request: of a federated identity, or anonymous."""
        if asked.operation == "AssumeRoleWithWebIdentity":
            claims = read_token(asked.params["WebIdentityToken"], self._root)
            provider = f"arn:aws:iam::{self._account.id}:oidc-provider/{claims['iss']}"
            names = {claims["iss"]} if claims["iss"] == GOOGLE else set()
            names |= {provider} if self._account.has_identity_provider(provider) else set()
            context = {f"{claims['iss']}:{name}": [claims[name]] for name in ("aud", "sub") if name in claims}
            return Asker(Caller(frozenset(names)), context=context)
        if asked.service not in ("s3", "sqs"):
            raise RefusedError("MissingAuthenticationToken", "The request is not signed.")
        return Asker(Caller())

    def _simulated(self, params: Params) -> Response:
        """Answer `SimulatePrincipalPolicy`, which moto lacks: identity policies and boundary, as AWS simulates them.

        A resource policy counts only if the request has one, and that is not evaluated here.
        """
        if "ResourcePolicy" in params:
            raise CannotJudgeError("A simulation with a resource's policy is not carried out here.")
        kind, _, name = params["PolicySourceArn"].rpartition(":")[2].partition("/")
        find: Callable[[str], Any] = {"role": self._account.role, "user": self._account.user}[kind]
        who = find(name.rpartition("/")[2])
        identity, boundary = self._account.identity_policies(who), self._account.boundary(who)
        keys = {entry["ContextKeyName"]: entry["ContextKeyValues"] for entry in params.get("ContextEntries", [])}
        caller = Caller(frozenset([who.arn]), self._account.id)
        members = []
        for action in params["ActionNames"]:
            for resource in params.get("ResourceArns", ["*"]):
                verdict = decide(Call(action, resource, keys), caller, identity=identity, boundary=boundary)
                refused = "explicitDeny" if "explicit deny" in verdict.reason else "implicitDeny"
                members.append(
                    f"<member><EvalActionName>{escape(action)}</EvalActionName>"
                    f"<EvalResourceName>{escape(resource)}</EvalResourceName>"
                    f"<EvalDecision>{'allowed' if verdict.allowed else refused}</EvalDecision></member>"
                )
        operation = "SimulatePrincipalPolicy"
        result = f"<EvaluationResults>{''.join(members)}</EvaluationResults><IsTruncated>false</IsTruncated>"
        xmlns = 'xmlns="https://iam.amazonaws.com/doc/2010-05-08/"'
        body = f"<{operation}Response {xmlns}><{operation}Result>{result}</{operation}Result></{operation}Response>"
        return Response(body, 200, content_type="text/xml")

    # --- the stand-in's own ---

    def _own(self, request: Request) -> Response:
        given = json.loads(request.get_data() or "{}")
        handlers: dict[str, Callable[..., dict[str, Any]]] = {
            "authorisation": self._switch,
            "service-control-policy": self._control,
            "service-session": self._service_session,
            "judge": self._judge,
            "needed": self._take_needed,
            "register-package": self._register_package,
            "end-locks": self._end_locks,
            "reset": self._reset,
        }
        handle = handlers[request.path.removeprefix(OWN_PATH)]
        return Response(json.dumps(handle(**given)), content_type="application/json")

    def _register_package(self, *, sha256: str) -> dict[str, Any]:
        self.packages.add(sha256)
        return {}

    def _end_locks(self, *, bucket: str) -> dict[str, Any]:
        end_locks(self._account.id, bucket)
        return {}

    def _reset(self) -> dict[str, Any]:
        """Reset everything; functions end first, so that none writes into the new account."""
        self.end_functions()
        moto_api_backend.reset()
        self._carried.clear()
        self.packages.clear()
        self.on = False
        self.scp = None
        self.needed = None
        return {}

    def _switch(self, *, on: bool) -> dict[str, Any]:
        self.on = on
        return {}

    def _control(self, *, policy: Policy | None) -> dict[str, Any]:
        self.scp = policy
        return {}

    def _service_session(
        self, service: str, role: str, session: str, source: dict[str, str], carries: dict[str, str]
    ) -> dict[str, Any]:
        """Assume a role as an AWS service does for itself, if the role trusts the service."""
        arn = self._account.role_arn(role)
        asker = Asker(Caller(frozenset([service])), context={key: [value] for key, value in source.items()})
        verdict = self.verdict(Call("sts:AssumeRole", arn), asker)
        if not verdict.allowed:
            return {"allowed": False, "reason": verdict.reason}
        opened = self._account.open_session(arn, session)
        self._carried[opened.access_key_id] = {key: [value] for key, value in carries.items()}
        return {
            "allowed": True,
            "access_key_id": opened.access_key_id,
            "secret_access_key": opened.secret_access_key,
            "session_token": opened.session_token,
        }

    def _take_needed(self, *, on: bool) -> dict[str, Any]:
        """Return the permissions that requests have needed since the last call, and continue listing them, or stop."""
        needed, self.needed = self.needed or [], [] if on else None
        return {"needed": needed}

    def _judge(self, caller: dict[str, str], action: str, resource: str, context: dict[str, str]) -> dict[str, Any]:
        """Evaluate a call against the applied policies, without making it."""
        [(kind, name)] = caller.items() or [("anonymous", "")]
        if kind == "user":
            user = self._account.user(name)
            asker = self._of(self._account.as_user(user), user)
        elif kind == "role":
            role = self._account.role(name)
            asker = self._of(self._account.as_session(role, "evaluated"), role)
        else:
            asker = Asker(Caller(frozenset([name] if kind == "service" else [])))
        keys = {"aws:SecureTransport": ["true"], **{key: [value] for key, value in context.items()}}
        verdict = self.verdict(Call(action, resource), replace(asker, context={**asker.context, **keys}))
        return {"allowed": verdict.allowed, "reason": verdict.reason}


# --- reading requests ------------------------------------------------------------------------------------------------


def from_elsewhere(request: WerkzeugRequest) -> str | None:
    """Return why a request is not from a program on this machine: a web page may have sent it."""
    port = request.environ["SERVER_PORT"]
    if request.host not in (f"127.0.0.1:{port}", f"localhost:{port}"):
        return "The stand-in for AWS answers to this machine's own names only."
    if "Origin" in request.headers or request.method == "OPTIONS":
        return "The stand-in for AWS serves no web pages."
    return None


def service_of(request: Request) -> str:
    """Return the service of a request: the one it is signed for, else by its form, else S3."""
    scope = request.headers.get("Authorization", "") or f"Credential={request.args.get('X-Amz-Credential', '')}"
    match = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", scope)
    if match:
        return _SERVICES.get(match[1], match[1])
    target = request.headers.get("X-Amz-Target", "").partition(".")[0]
    if target:
        return _TARGETS.get(target, target)
    for path, service in _PATHS.items():
        if request.path.startswith(path):
            return service
    if (request.content_type or "").startswith("application/x-www-form-urlencoded"):
        version = re.search(rb"(?:^|&)Version=([0-9-]+)", body_of(request))
        return _VERSIONS.get(version[1], "unknown") if version else "unknown"
    return "s3"


def body_of(request: Request) -> bytes:
    """Read the body, and leave it for moto to read again."""
    body: bytes = request.get_data()
    request.environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    return body


def read_request(request: Request, service: str) -> ApiRequest:
    """Parse operation and parameters by the service's model."""
    if service != "s3":
        body_of(request)  # before a router consumes it as a form
    try:
        operation, uri_params = get_service_router(service).match(request)
        model = get_service_model(service)
    except Exception as error:  # unknown services and operations have different exceptions
        raise CannotJudgeError(
            f"{request.method} {request.path} is no operation of {service} known here: {error!r}"
        ) from None
    protocol = determine_request_protocol(model, request.content_type)
    body = b"" if operation.has_streaming_input else body_of(request)
    values = request.values if protocol in ("query", "ec2") else request.args
    try:
        params = PROTOCOL_PARSERS[protocol](operation).parse(
            {
                "method": request.method,
                "values": values,
                "headers": request.headers,
                "body": body,
                "url_path": request.path,
                "url_params": uri_params,
            }
        )
    except Exception as error:  # any parser error: no number where one is required, no XML
        raise CannotJudgeError(f"{service}:{operation.name} cannot be read: {error!r}") from None
    return ApiRequest(service, operation.name, {**params, ASKED_AT: asked_at(request.headers)})


def held_to_model(request: Request, service: str) -> ApiRequest:
    """Parse a request; refuse and log what AWS's model refuses, and what cannot be parsed (see `AwsStandIn.stop`)."""

    def log(operation: str, why: object) -> None:
        sender = request.headers.get("User-Agent", "")[:60]
        print(f"{REFUSED_BY_MODEL} {service}:{operation} of {sender!r}: {why}", file=sys.stderr)

    try:
        asked = read_request(request, service)
    except CannotJudgeError as error:
        log("unknown", error)
        raise
    sent = {name: value for name, value in asked.params.items() if name != ASKED_AT}
    if found := faults(service, asked.operation, sent):
        message = f"{len(found)} validation error{'s' * (len(found) > 1)} detected: {'; '.join(found)}"
        log(asked.operation, message)
        raise RefusedError("ValidationException", message, 400)
    return asked


def read_token(token: str, root: Keys) -> dict[str, Any]:
    """Return the claims of an OpenID Connect token; raise `RefusedError` if Google did not sign it."""
    signed, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature.encode(), google_signature(signed, root).encode()):
        raise RefusedError("InvalidIdentityToken", "Couldn't verify the signature of the token.", 400)
    payload = signed.partition(".")[2]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return {**claims, "iss": claims["iss"].removeprefix("https://")}


def request_context(request: Request, region: str) -> dict[str, list[str]]:
    """Return the condition keys that every request has.

    The stand-in uses plain HTTP, which counts as TLS; with the header `x-standin-tls: false` a request counts as plain.
    """
    return {
        "aws:SecureTransport": [request.headers.get("x-standin-tls", "true")],
        "aws:RequestedRegion": [region],
        "aws:ViaAWSService": ["false"],
    }


class Dispatcher(DomainDispatcherApplication):
    """Makes moto use the service that the request was authorised for, whatever its form."""

    def infer_service_region_host(self, environ: dict[str, Any], path: str) -> str | None:
        """Find the service by a credential scope, as moto does for signed requests."""
        scope = f"AWS4-HMAC-SHA256 Credential=judged/20260101/{environ[_JUDGED_AS]}/aws4_request, SignedHeaders=host"
        return super().infer_service_region_host({**environ, "HTTP_AUTHORIZATION": scope}, path)


# --- refusing them ---------------------------------------------------------------------------------------------------


def by_service(code: str, service: str) -> str:
    """Return an authentication error in the form of a service."""
    if service == "s3":
        return {"InvalidClientTokenId": "InvalidAccessKeyId", "ValidationException": "InvalidArgument"}.get(code, code)
    protocol = get_service_model(service).protocol if service in SERVICES else "json"
    if protocol in ("query", "ec2"):
        return {"ValidationException": "ValidationError"}.get(code, code)
    spelt = {"InvalidClientTokenId": "UnrecognizedClientException", "ExpiredToken": "ExpiredTokenException"}
    return {**spelt, "SignatureDoesNotMatch": "InvalidSignatureException"}.get(code, code)


def error_response(request: Request, service: str, status: int, code: str, message: str) -> Response:
    """Refuse a request in the service's own format."""
    code = by_service(code, service)
    try:
        protocol = get_service_model(service).protocol
    except Exception:  # a service unknown to botocore
        protocol = "json"
    if service == "s3":
        body = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        return Response(body if request.method != "HEAD" else "", status, content_type="application/xml")
    if protocol == "ec2":
        error = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        return Response(f"<Response><Errors>{error}</Errors></Response>", status, content_type="text/xml")
    if protocol == "query":
        code = "AuthorizationError" if service == "sns" and code == "AccessDenied" else code
        error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        return Response(f"<ErrorResponse>{error}</ErrorResponse>", status, content_type="text/xml")
    kind = f"{code}Exception" if code == "AccessDenied" else code
    return Response(
        json.dumps({"__type": kind, "message": message}),
        400 if status == 403 and protocol == "json" else status,
        content_type="application/x-amz-json-1.1",
        headers={"x-amzn-ErrorType": kind},
    )


def refused_deletes(objects: Collection[str], refused: Mapping[str, str]) -> Response:
    """Answer a DeleteObjects request without an allowed key: S3 answers with an error for each key."""
    if len(refused) < len(objects):
        raise CannotJudgeError(
            "A DeleteObjects of which some keys are allowed and some denied is not carried out here."
        )
    errors = "".join(
        f"<Error><Key>{escape(arn.partition('/')[2])}</Key><Code>AccessDenied</Code>"
        f"<Message>{escape(message)}</Message></Error>"
        for arn, message in refused.items()
    )
    xmlns = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
    return Response(f"<DeleteResult {xmlns}>{errors}</DeleteResult>", 200, content_type="application/xml")
