"""Every request to the stand-in for AWS, decided by the policies that apply to it before moto sees it.

Off, as it starts, everyone is the account's root, and only bucket policies are asked, which bind the root as well. On,
a request goes by its access key: the root's key may do everything, a user's or a session's goes by the policies of its
user or role, together with the policies of what it calls. Signatures are not checked: an access key id says who asks.

`/-/` is the stand-in's own: switching it on, opening a session as an AWS service does, and judging a call that moto
cannot carry out.
"""

from __future__ import annotations

import base64
import io
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from xml.sax.saxutils import escape

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from moto.iam.models import mark_account_as_visited
from werkzeug.wrappers import Response

from standins.aws_account import MotoAccount
from standins.aws_permissions import Params, permissions
from standins.iam_policy import Call, Caller, CannotJudge, Policy, Verdict, condition_keys, decide

ROOT_ACCESS_KEY_ID = "testing"
OWN_PATH = "/-/"
PERMITTED = "standin.permitted"
"""Set in the environ of a request that was allowed: moto need not ask the bucket's policy again."""

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
"""How the services tell themselves apart in requests that nobody signed."""

_KNOWN_KEYS = re.compile(
    r"aws:(PrincipalArn|PrincipalAccount|RequestedRegion|SecureTransport|SourceAccount|SourceArn|ViaAWSService)"
    r"|accounts\.google\.com:(aud|oaud|sub)"
    r"|iam:PassedToService"
    r"|kms:(CallerAccount|ViaService|EncryptionContextKeys|EncryptionContext:.+)"
    r"|lambda:SourceFunctionArn"
    r"|s3:(VersionId|ObjectCreationOperation|delimiter|if-match|if-none-match|max-keys|prefix|x-amz-acl|x-amz-copy-source"
    r"|x-amz-storage-class|x-amz-server-side-encryption(-aws-kms-key-id|-customer-algorithm)?)"
    r"|secretsmanager:SecretId|sts:(ExternalId|RoleSessionName)",
    re.IGNORECASE,
)
"""The condition keys whose value, or absence, is known of every request; any other would be taken for absent."""


class Refused(Exception):
    """A request that fails before any policy is asked: its code says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Asker:
    """A caller, with the policies and condition keys that it brings along."""

    caller: Caller
    identity: Sequence[Policy] = ()
    boundary: Policy | None = None
    context: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class ApiRequest:
    """A request as AWS's service model reads it."""

    service: str
    operation: str
    params: Params


class Authorisation:
    """WSGI middleware around moto's server."""

    def __init__(self, app: Callable[..., Any], account_id: str, region: str) -> None:
        self._app = app
        self._account = MotoAccount(account_id, region)
        self._carried: dict[str, dict[str, list[str]]] = {}
        self.on = False

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve one request: refuse it, or pass it on."""
        request = Request(environ)
        if request.path.startswith(OWN_PATH):
            answer: Response | None = self._own(request)
        elif request.path.startswith("/moto-api"):
            answer = None
        else:
            answer = self._refusal(request)
        return (answer or self._app)(environ, start_response)

    def _refusal(self, request: Request) -> Response | None:
        """Give the answer to a request that may not pass."""
        try:
            service = service_of(request)
            if not self.on and not self._has_bucket_policy(service, request) and not is_simulation(request, service):
                return None
            return self._judged(request, service)
        except Refused as refused:
            return error_response(request, service, 403, refused.code, str(refused))
        except CannotJudge as error:
            print(f"CANNOT JUDGE {request.method} {request.url}: {error}", file=sys.stderr)
            return error_response(request, service, 501, "CannotJudge", str(error))

    def _has_bucket_policy(self, service: str, request: Request) -> bool:
        bucket = self._account.bucket(request.path.split("/")[1]) if service == "s3" else None
        return bucket is not None and bucket.policy is not None

    def _judged(self, request: Request, service: str) -> Response | None:
        asked = read_request(request, service)
        asker = self._asker(request, asked)
        if asker.identity == [_EVERYTHING] and service != "s3" and asked.operation != "SimulatePrincipalPolicy":
            return None
        asker = replace(asker, context={**asker.context, **request_context(request, self._account.region)})
        calls = permissions(service, asked.operation, asked.params, self._account)
        calls = [call for call in calls if self.on or call.action.startswith("s3:")]
        verdicts = [self.verdict(call, asker) for call in calls]
        denied = [(call, verdict) for call, verdict in zip(calls, verdicts, strict=True) if not verdict.allowed]
        if not denied:
            request.environ[PERMITTED] = self.on
            return self._simulated(asked.params) if asked.operation == "SimulatePrincipalPolicy" else None
        if asked.operation == "DeleteObjects":
            return refused_deletes(calls, denied)
        call, verdict = denied[0]
        who = ", ".join(sorted(asker.caller.names)) or "Anonymous"
        message = f"{who} may not {call.action} on {call.resource}: {verdict.reason}"
        return error_response(request, service, 403, "AccessDenied", message)

    def verdict(self, call: Call, asker: Asker) -> Verdict:
        """Judge one call by all that applies to it."""
        owner = self._account.owner(call.resource)
        if self.on and asker.caller.account not in (None, owner):
            raise CannotJudge(
                f"{call.resource} is another account's, and calls across accounts are not evaluated here."
            )
        policy = self._account.resource_policy(call.resource)
        if not asker.caller.account and call.action.startswith("s3:"):
            policy = self._what_the_public_gets(call, policy)
        assumes = call.action.startswith("sts:AssumeRole")
        if call.resource.startswith("arn:aws:iam:") and not assumes:
            policy = None  # a role's trust speaks of assuming it only
        for applying in filter(None, [*asker.identity, asker.boundary, policy]):
            for key in condition_keys(applying):
                if not _KNOWN_KEYS.fullmatch(key):
                    raise CannotJudge(f"The value of the condition key {key} is not known here.")
        return decide(
            Call(call.action, call.resource, {**asker.context, **call.context}),
            asker.caller,
            identity=asker.identity,
            boundary=asker.boundary,
            resource=policy,
            resource_decides=assumes or call.action.startswith("kms:"),
        )

    def role_may(self, role_arn: str, action: str) -> bool:
        """Judge a role as a service does before it takes one: on `*`, for there is no resource yet, without context."""
        if not self._account.has_role(role_arn):
            raise CannotJudge(f"There is no role {role_arn} in the account whose policies are evaluated here.")
        return bool(self._judge({"role": role_arn.rpartition("/")[2]}, action, "*", {})["allowed"])

    def _what_the_public_gets(self, call: Call, policy: Policy | None) -> Policy | None:
        """Give a bucket's policy as it holds for the public, whom a public access block may shut out."""
        bucket = self._account.bucket(call.resource.split(":")[-1].partition("/")[0])
        if bucket is None:
            return policy
        block = bucket.public_access_block
        if not (block and block.ignore_public_acls) and bucket.acl and bucket.acl.public_read:
            raise CannotJudge(f"The bucket {bucket.name} has an ACL for the public, and ACLs are not evaluated here.")
        return None if block and block.restrict_public_buckets else policy

    # --- who asks ---

    def _asker(self, request: Request, asked: ApiRequest) -> Asker:
        root = Asker(Caller(frozenset([f"arn:aws:iam::{self._account.id}:root"]), self._account.id), [_EVERYTHING])
        if not self.on:
            return root
        access_key_id = access_key_of(request)
        if access_key_id is None:
            return self._unsigned(asked)
        if access_key_id == ROOT_ACCESS_KEY_ID:
            return root
        if user := self._account.user_of(access_key_id):
            mark_account_as_visited(self._account.id, access_key_id, asked.service, self._account.region)
            return self._of(self._account.as_user(user), user)
        session = self._account.session_of(access_key_id)
        if session is None or request.headers.get("X-Amz-Security-Token") != session.session_token:
            code = "InvalidAccessKeyId" if asked.service == "s3" else "InvalidClientTokenId"
            raise Refused(code, f"Nobody here has the access key {access_key_id}.")
        if session.policy:
            raise CannotJudge("A session's own policy is not evaluated here.")
        role = self._account.role(session.role_arn.rpartition("/")[2])
        asker = self._of(self._account.as_session(role, session.session_name), role)
        return replace(asker, context={**asker.context, **self._carried.get(access_key_id, {})})

    def _of(self, caller: Caller, who: Any) -> Asker:
        context = {"aws:PrincipalArn": [who.arn], "aws:PrincipalAccount": [self._account.id]}
        return Asker(caller, self._account.identity_policies(who), self._account.boundary(who), context)

    def _unsigned(self, asked: ApiRequest) -> Asker:
        """Judge whoever did not sign: somebody whom an identity provider knows, or anybody."""
        if asked.operation == "AssumeRoleWithWebIdentity":
            claims = read_token(asked.params["WebIdentityToken"])
            provider = f"arn:aws:iam::{self._account.id}:oidc-provider/{claims['iss']}"
            names = {claims["iss"]} if claims["iss"] == GOOGLE else set()
            names |= {provider} if self._account.has_identity_provider(provider) else set()
            context = {f"{claims['iss']}:{name}": [claims[name]] for name in ("aud", "sub") if name in claims}
            return Asker(Caller(frozenset(names)), context=context)
        if asked.service not in ("s3", "sqs"):
            raise Refused("MissingAuthenticationToken", "The request is not signed.")
        return Asker(Caller())

    def _simulated(self, params: Params) -> Response:
        """Answer `SimulatePrincipalPolicy`, which moto lacks: identity policies and boundary, as AWS simulates them.

        A policy of the resource's takes no part unless it is given, and one that is given is not evaluated here.
        """
        if "ResourcePolicy" in params:
            raise CannotJudge("A simulation with a resource's policy is not carried out here.")
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
                refused = "explicitDeny" if "denies" in verdict.reason else "implicitDeny"
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
            "service-session": self._service_session,
            "judge": self._judge,
            "secret_access_key": self._secret_access_key,
        }
        handle = handlers[request.path.removeprefix(OWN_PATH)]
        return Response(json.dumps(handle(**given)), content_type="application/json")

    def _switch(self, *, on: bool) -> dict[str, Any]:
        self.on = on
        return {}

    def _service_session(
        self, service: str, role: str, session: str, source: dict[str, str], carries: dict[str, str]
    ) -> dict[str, Any]:
        """Open a session of a role as an AWS service does for itself, if the role trusts the service."""
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

    def _secret_access_key(self, access_key_id: str) -> dict[str, Any]:
        user = self._account.user_of(access_key_id)
        keys = user.access_keys if user else []
        return {"secret": next(key.secret_access_key for key in keys if key.access_key_id == access_key_id)}

    def _judge(self, caller: dict[str, str], action: str, resource: str, context: dict[str, str]) -> dict[str, Any]:
        """Judge a call on the policies as they are applied, without carrying it out."""
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


def is_simulation(request: Request, service: str) -> bool:
    """Tell whether it is a request that moto lacks and that is answered here, whoever asks."""
    return service == "iam" and b"Action=SimulatePrincipalPolicy&" in body_of(request)


# --- reading requests ------------------------------------------------------------------------------------------------


def access_key_of(request: Request) -> str | None:
    """Read the access key id that signs a request, by header or presigned address; None when nobody signed."""
    match = re.search(r"Credential=([^/]+)/", request.headers.get("Authorization", ""))
    signed = match[1] if match else request.args.get("X-Amz-Credential", "").partition("/")[0]
    return signed or request.args.get("AWSAccessKeyId") or None


def service_of(request: Request) -> str:
    """Tell which service a request is for: the one it is signed for, else by its looks, else S3."""
    match = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", request.headers.get("Authorization", ""))
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
    """Read operation and parameters as the service's model has them."""
    if service != "s3":
        body_of(request)  # before a router reads it as a form, of which nothing is left
    try:
        operation, uri_params = get_service_router(service).match(request)
        model = get_service_model(service)
    except Exception as error:  # unknown services and operations each have their own
        raise CannotJudge(
            f"{request.method} {request.path} is no operation of {service} known here: {error!r}"
        ) from None
    protocol = determine_request_protocol(model, request.content_type)
    body = b"" if operation.has_streaming_input else body_of(request)
    values = request.values if protocol in ("query", "ec2") else request.args
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
    return ApiRequest(service, operation.name, params)


def read_token(token: str) -> dict[str, Any]:
    """Read the claims of an OpenID Connect token; its signature is not checked."""
    try:
        payload = token.split(".")[1]
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        claims["iss"] = claims["iss"].removeprefix("https://")
    except (IndexError, KeyError, ValueError):
        raise Refused("InvalidIdentityToken", "The token is none of OpenID Connect.") from None
    return claims


def request_context(request: Request, region: str) -> dict[str, list[str]]:
    """Give the condition keys that every request has.

    The stand-in speaks plain HTTP and passes for TLS; the header `x-standin-tls: false` makes a request plain.
    """
    return {
        "aws:SecureTransport": [request.headers.get("x-standin-tls", "true")],
        "aws:RequestedRegion": [region],
        "aws:ViaAWSService": ["false"],
    }


# --- refusing them ---------------------------------------------------------------------------------------------------


def error_response(request: Request, service: str, status: int, code: str, message: str) -> Response:
    """Say no in the service's own manner of speaking."""
    try:
        protocol = get_service_model(service).protocol
    except Exception:  # a service that botocore does not know
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


def refused_deletes(calls: Sequence[Call], denied: Sequence[tuple[Call, Verdict]]) -> Response:
    """Answer a DeleteObjects of which nothing is allowed: S3 says so key by key."""
    if len(denied) < len(calls):
        raise CannotJudge("A DeleteObjects of which some keys are allowed and some denied is not carried out here.")
    errors = "".join(
        f"<Error><Key>{escape(call.resource.partition('/')[2])}</Key><Code>AccessDenied</Code>"
        f"<Message>{escape(verdict.reason)}</Message></Error>"
        for call, verdict in denied
    )
    xmlns = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
    return Response(f"<DeleteResult {xmlns}>{errors}</DeleteResult>", 200, content_type="application/xml")
