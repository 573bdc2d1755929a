"""The stand-in for Google SecOps: the feeds of the Chronicle API (v1) over HTTP, and a sign-in of service accounts.

with SecOps() as secops:
    file = secops.service_account(folder)            # a key file that signs in here
    subprocess.run(["zoomlogs", "feed", "apply", "--service-account", file], env=secops.env(environ))
    assert secops.feeds[name]["details"]["feedSourceType"] == "AMAZON_S3_V2"

Bodies are read by Google's own proto (google.cloud.chronicle.v1.Feed). What the proto's comments say is required, or is
refused, is required and refused here. It never gives a secret access key back.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
import uuid
from dataclasses import dataclass
from functools import cache, partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt
from google.cloud import chronicle_v1 as chronicle
from google.protobuf import field_mask_pb2, json_format

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PROJECT, REGION = "security-project", "eu"
CUSTOMER_ID = "01234567-89ab-4cde-8f01-23456789abcd"
SUBJECT_ID = "103547991597142817347"
ACCOUNT = "zoomlogs@security-project.iam.gserviceaccount.com"
TOKEN_AUDIENCE = "https://oauth2.googleapis.com/token"  # google-auth signs for it, wherever it sends
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LOG_TYPES = {"ZOOM_OPERATION_LOGS", "OKTA"}
MOST_LOOKBACK_DAYS = 180
MOST_BYTES = 2**20  # read of a body, before it is known who sent it
SETTINGS = {"AMAZON_S3_V2": "amazon_s3_v2_settings", "AMAZON_SQS_V2": "amazon_sqs_v2_settings"}
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
}

Body = dict[str, Any]


class ApiError(Exception):
    """A request that the API refuses."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class SignInError(Exception):
    """A sign-in that Google refuses: OAuth's code of it, and words."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.answer = {"error": error, "error_description": description}


@dataclass(frozen=True)
class Call:
    """A request as it came; the body is None where there was none."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Body | None

    @property
    def writes(self) -> bool:
        """Tell whether it could change something."""
        return self.method != "GET"


class SecOps:
    """A tenant of its own on a free loopback port."""

    def __init__(self, *, tells_access_key_id: bool = True, most_per_page: int = 1000) -> None:
        """Whether the real API gives the access key's id back is not known: `tells_access_key_id` plays both."""
        self.name = f"projects/{PROJECT}/locations/{REGION}/instances/{CUSTOMER_ID}"
        self.tells_access_key_id = tells_access_key_id
        self.most_per_page = most_per_page
        self.subject_id = SUBJECT_ID
        self.permitted = True
        self.calls: list[Call] = []
        self._feeds: dict[str, Any] = {}
        self._failures: list[tuple[int, str] | None] = []
        self._tokens: set[str] = set()
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where it answers."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def env(self) -> dict[str, str]:
        """Give the variables with which `zoomlogs feed` reaches this tenant."""
        return {
            "ZOOMLOGS_SECOPS_ENDPOINT": self.url,
            "ZOOMLOGS_SECOPS_PROJECT": PROJECT,
            "ZOOMLOGS_SECOPS_REGION": REGION,
            "ZOOMLOGS_SECOPS_CUSTOMER_ID": CUSTOMER_ID,
        }

    def service_account(self, folder: Path) -> str:
        """Write the key file of a service account that signs in here; return its name."""
        private, _ = key_pair()
        file = folder / "service-account.json"
        content = {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": "1",
            "private_key": private,
            "client_email": ACCOUNT,
            "client_id": "1",
            "token_uri": f"{self.url}/token",
        }
        file.write_text(json.dumps(content))
        return str(file)

    # --- for tests ---

    @property
    def feeds(self) -> dict[str, Body]:
        """Give the feeds by name, secrets included: what Google keeps, not what it tells."""
        return {name: json_format.MessageToDict(feed) for name, feed in self._feeds.items()}

    @property
    def writes(self) -> list[Call]:
        """List the requests that could change something."""
        return [call for call in self.calls if call.writes]

    def add(self, body: Body, **more: Any) -> str:
        """Put a feed there as somebody made it by hand, unchecked; return its name."""
        name = f"{self.name}/feeds/{uuid.uuid4()}"
        self._feeds[name] = json_format.ParseDict({"state": "SUCCEEDED", **body, **more, "name": name}, _feed())
        return name

    def change(self, name: str, **values: Any) -> None:
        """Change a feed's output fields: state, failureDetails, lastFeedInitiationTime …"""
        json_format.ParseDict(values, self._feeds[name])

    @property
    def tokens(self) -> set[str]:
        """Give the access tokens issued so far."""
        return set(self._tokens)

    def fail_next(self, code: int, message: str) -> None:
        """Answer the next request of the API with a failure."""
        self.fail_after(0, code, message)

    def fail_after(self, requests: int, code: int, message: str) -> None:
        """Answer so many requests as ever, and the one after them with a failure."""
        self._failures += [None] * requests + [(code, message)]

    # --- the API ---

    def answer(self, call: Call, authorization: str) -> Body:
        """Answer a request; raise `ApiError`."""
        with self._lock:
            token = authorization.removeprefix("Bearer ")
            if not authorization.startswith("Bearer ") or token not in self._tokens:
                raise ApiError(401, "Request had invalid authentication credentials. Expected OAuth 2 access token.")
            self.calls.append(call)
            if self._failures and (failure := self._failures.pop(0)):
                raise ApiError(*failure)
            if not self.permitted:
                raise ApiError(403, f"Permission 'chronicle.feeds.list' denied on resource '//{self.name}'.")
            return self._route(call)

    def sign_in(self, form: Mapping[str, str]) -> Body:
        """Exchange a signed assertion for an access token, as Google's token endpoint does; raise `SignInError`."""
        _, certificate = key_pair()
        try:
            claims = jwt.decode(form["assertion"], certs=certificate, audience=TOKEN_AUDIENCE)  # type: ignore[no-untyped-call]
        except (KeyError, ValueError):
            raise SignInError("invalid_grant", "Invalid JWT Signature.") from None
        if claims["iss"] != ACCOUNT:
            raise SignInError("invalid_grant", "Invalid grant: account not found")
        if form.get("grant_type") != JWT_BEARER or "cloud-platform" not in claims.get("scope", ""):
            raise SignInError("invalid_scope", "Invalid OAuth scope.")
        token = f"ya29.{secrets.token_urlsafe(24)}"
        self._tokens.add(token)
        return {"access_token": token, "expires_in": 3600, "token_type": "Bearer"}

    def _route(self, call: Call) -> Body:
        match = re.fullmatch(r"/v1/(projects/[^/]+/locations/[^/]+/instances/[^/]+)/(.+)", call.path)
        if not match:
            raise ApiError(404, "Method not found.")
        if match[1] != self.name:
            raise ApiError(404, f"Instance '{match[1]}' not found.")
        method, rest = call.method, match[2]
        if (method, rest) == ("GET", "feedServiceAccounts:fetchServiceAccountForCustomer"):
            return {"name": f"{self.name}/feedServiceAccounts/1", "subjectId": self.subject_id}
        if (method, rest) == ("GET", "feeds"):
            return self._list(call.query)
        if (method, rest) == ("POST", "feeds"):
            return self._create(call)
        one = re.fullmatch(r"feeds/([^/:]+)(?::(enable|disable))?", rest)
        if not one:
            raise ApiError(404, "Method not found.")
        name = f"{self.name}/feeds/{one[1]}"
        if name not in self._feeds:
            raise ApiError(404, f"Feed '{name}' not found.")
        if method == "POST" and one[2]:
            self.change(name, state="ACTIVE" if one[2] == "enable" else "INACTIVE")
        elif method == "PATCH" and not one[2]:
            self._update(name, call)
        elif method != "GET" or one[2]:
            raise ApiError(404, "Method not found.")
        return self._told(self._feeds[name], call.query)

    def _list(self, query: Mapping[str, str]) -> Body:
        size = min(int(query.get("pageSize", "0")) or 100, self.most_per_page)
        start = int(query.get("pageToken", "0"))
        names = list(self._feeds)
        page: Body = {"feeds": [self._told(self._feeds[name], query) for name in names[start : start + size]]}
        return page | ({"nextPageToken": str(start + size)} if start + size < len(names) else {})

    def _create(self, call: Call) -> Body:
        feed = _parsed(call.body)
        self._check(feed)
        name = f"{self.name}/feeds/{uuid.uuid4()}"
        feed.name, feed.state = name, chronicle.Feed.State.ACTIVE
        self._feeds[name] = feed
        return self._told(feed, call.query)

    def _update(self, name: str, call: Call) -> None:
        """Update by the rules in the comment of UpdateFeedRequest.update_mask."""
        given, mask = _parsed(call.body), field_mask_pb2.FieldMask()
        try:
            mask.FromJsonString(call.query.get("updateMask", ""))
        except ValueError as error:
            raise ApiError(400, f"Invalid updateMask: {error}") from None
        for path in mask.paths:
            if not field_mask_pb2.FieldMask(paths=[path]).IsValidForDescriptor(given.DESCRIPTOR):
                raise ApiError(400, f"Invalid updateMask: unknown path {path}.")
        kept = self._feeds[name]
        if given.display_name and given.display_name == kept.display_name:
            raise ApiError(400, "The display name exists.")
        if "display_name" in mask.paths and len(mask.paths) > 1:
            raise ApiError(400, "Update the display name alone.")
        if kept.read_only:
            raise ApiError(400, "The feed is read-only.")
        made = _feed()
        made.CopyFrom(kept)
        if not mask.paths:
            mask.paths.extend(["display_name", "details"])
        mask.MergeMessage(given, made, replace_message_field=True, replace_repeated_field=True)
        self._check(made)
        self._feeds[name] = made

    def _check(self, feed: Any) -> None:
        """Refuse what the proto's comments say is required, and values out of bounds."""
        details = feed.details
        if not feed.display_name:
            raise ApiError(400, "display_name is required.")
        kind = json_format.MessageToDict(feed)["details"].get("feedSourceType")
        if kind not in SETTINGS:
            raise ApiError(400, f"Invalid feed source type: {kind}")
        log_type = re.fullmatch(re.escape(self.name) + r"/logTypes/(\w+)", details.log_type)
        if not log_type or log_type[1] not in LOG_TYPES:
            raise ApiError(400, f"Invalid log type: {details.log_type}")
        field = details.WhichOneof("details")
        if field != SETTINGS[kind]:
            raise ApiError(400, f"The settings {field} do not fit the feed source type {kind}.")
        settings = getattr(details, field)
        if not re.fullmatch(r"s3://[^/]+(/.*)?", settings.s3_uri):
            raise ApiError(400, f"Invalid S3 URI: {settings.s3_uri or 'it is required'}")
        if kind == "AMAZON_SQS_V2" and not re.fullmatch(r"arn:[\w-]+:sqs:[\w-]+:\d{12}:[\w-]+", settings.queue):
            raise ApiError(400, f"Invalid queue: {settings.queue or 'it is required'}")
        if not 0 <= settings.max_lookback_days <= MOST_LOOKBACK_DAYS:
            raise ApiError(400, f"max_lookback_days must be at most {MOST_LOOKBACK_DAYS}.")
        signs_in = settings.authentication.WhichOneof("auth_type")
        if not signs_in:
            raise ApiError(400, "authentication is required.")
        for descriptor in getattr(settings.authentication, signs_in).DESCRIPTOR.fields:
            if not getattr(getattr(settings.authentication, signs_in), descriptor.name):
                raise ApiError(400, f"authentication.{signs_in}.{descriptor.name} is required.")

    def _told(self, feed: Any, query: Mapping[str, str]) -> Body:
        """Give a feed as the API does: no secret in it, enums by number if asked for."""
        shown = _feed()
        shown.CopyFrom(feed)
        for field in SETTINGS.values():
            if not shown.details.HasField(field):
                continue
            authentication = getattr(shown.details, field).authentication
            kind = authentication.WhichOneof("auth_type")
            if kind and "access_key" in kind:
                getattr(authentication, kind).secret_access_key = ""
                if not self.tells_access_key_id:
                    authentication.Clear()
        numbers = "enum-encoding=int" in query.get("$alt", "")
        told: Body = json_format.MessageToDict(shown, use_integers_for_enums=numbers)
        return told


@cache
def key_pair() -> tuple[str, str]:
    """Make the service account's key, once: its private and its public half, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def _feed() -> Any:
    return chronicle.Feed.pb(chronicle.Feed())


def _parsed(body: Body | None) -> Any:
    try:
        return json_format.ParseDict(body or {}, _feed())
    except json_format.ParseError as error:
        raise ApiError(400, f"Invalid JSON payload received. {error}") from None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, secops: SecOps, *args: Any) -> None:
        self.secops = secops
        super().__init__(*args)

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def _serve(self) -> None:
        address = urlsplit(self.path)
        text = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), MOST_BYTES)).decode()
        query = {name: values[-1] for name, values in parse_qs(address.query).items()}
        try:
            if address.path == "/token":
                form = {name: values[-1] for name, values in parse_qs(text).items()}
                code, answer = 200, self.secops.sign_in(form)
            else:
                call = Call(self.command, address.path, query, json.loads(text) if text else None)
                code, answer = 200, self.secops.answer(call, self.headers.get("Authorization", ""))
        except SignInError as refused:
            code, answer = 400, refused.answer
        except ApiError as refused:
            status = STATUSES.get(refused.code, "UNKNOWN")
            code = refused.code
            answer = {"error": {"code": code, "message": str(refused), "status": status}}
        body = json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""
