"""One tenant: sign-in, the routes of its API, and failures on demand."""

from __future__ import annotations

import json
import re
import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Protocol, Self

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt

from .edges import Server
from .events import Events
from .feeds import Feeds
from .messages import ApiError, Body, Call, SignInError
from .parsers import Parsers
from .search import Searches

PROJECT, REGION = "security-project", "eu"
CUSTOMER_ID = "01234567-89ab-4cde-8f01-23456789abcd"
SUBJECT_ID = "103547991597142817347"
ACCOUNT = "zoomlogs@security-project.iam.gserviceaccount.com"
TOKEN_AUDIENCE = "https://oauth2.googleapis.com/token"  # google-auth signs for it, wherever it sends
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPES = {f"https://www.googleapis.com/auth/{name}" for name in ("cloud-platform", "chronicle", "chronicle.readonly")}
AN_HOUR = timedelta(hours=1)

# Method and path behind the tenant's name: the version of the API that has it, and the permission that it asks for.
# Sources: the HTTP rules of the protos; Google SecOps, Permissions for the Chronicle API; the REST reference. That of
# SearchService is not published: it is taken to be the one of udmSearch.
ROUTES = [
    ("GET", r"feedServiceAccounts:fetchServiceAccountForCustomer", "v1", "feeds.create"),
    ("GET", r"feeds(/.*)?", "v1", "feeds.list"),
    (".*", r"feeds(/.*)?", "v1", "feeds.update"),
    ("GET", r":udmSearch", "v1beta", "events.udmSearch"),
    ("POST", r":search", "v1beta", "events.udmSearch"),
    ("GET", r"operations/.*", "v1beta", "operations.get"),
    ("GET", r"searchSessions/.*", "v1beta", "events.udmSearch"),
    ("GET", r"legacy:legacySearchRawLogsV2", "v1alpha", "events.searchRawLogs"),
    ("GET", r"logTypes", "v1beta", "logTypes.list"),
    ("GET", r"logTypes/[^/]+/parsers", "v1beta", "parsers.list"),
    ("GET", r"logTypes/[^/]+/parserExtensions/[^/]+", "v1beta", "parserExtensions.get"),
    ("POST", r"logTypes/[^/]+:runParser", "v1beta", "parsers.run"),
]


class Stored(Protocol):
    """A version of an object in a bucket."""

    key: str
    version_id: str
    body: bytes | None
    written: datetime


class SecOps:
    """A tenant; as a context manager it listens on a free loopback port."""

    def __init__(
        self,
        *,
        tells_access_key_id: bool = True,
        most_per_page: int = 1000,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Create it. Whether the real API shows the access key's id is not known: `tells_access_key_id` plays both."""
        self.name = f"projects/{PROJECT}/locations/{REGION}/instances/{CUSTOMER_ID}"
        self.clock = clock
        self.subject_id = SUBJECT_ID
        self.permitted = True
        self.denied: set[str] = set()  # permissions that the credentials lack, such as events.udmSearch
        self.an_hour = 2000  # queries; Google SecOps, Understand search, "Search limits and quotas"
        self.calls: list[Call] = []
        self.events = Events(self.name, clock)
        self.parsers = Parsers(self.name, self.events)
        self.searches = Searches(self.name, self.events)
        self.tells_access_key_id = tells_access_key_id
        self.most_per_page = most_per_page
        self._feeds = Feeds(self)
        self._failures: list[tuple[int, str] | None] = []
        self._tokens: dict[str, set[str]] = {}
        self._queries: deque[datetime] = deque()
        self._lock = threading.Lock()
        self._server = Server(self)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    @property
    def url(self) -> str:
        """Where it answers."""
        return self._server.url

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
        """Return the feeds by name, with the secrets that the API does not show."""
        return self._feeds.all()

    @property
    def writes(self) -> list[Call]:
        """List the requests that could change something."""
        return [call for call in self.calls if call.writes]

    def add(self, body: Body, **more: Any) -> str:
        """Add a feed as if made by hand, unchecked; return its name."""
        return self._feeds.add({**body, **more})

    def change(self, name: str, **values: Any) -> None:
        """Change a feed's output fields: state, failureDetails, lastFeedInitiationTime …"""
        self._feeds.change(name, **values)

    def transfer(self, bucket: str, versions: Iterable[Stored], after: timedelta = timedelta(minutes=20)) -> None:
        """Let the feeds read the objects that they have not read; their events are there so long `after` the object."""
        for version in versions:
            for feed in self._feeds.reading(f"s3://{bucket}/{version.key}"):
                self.events.take_in(feed, version.key, version.version_id, version.body or b"", version.written + after)

    @property
    def tokens(self) -> set[str]:
        """Give the access tokens issued so far."""
        return set(self._tokens)

    def fail_next(self, code: int, message: str, times: int = 1) -> None:
        """Answer the next requests with a failure."""
        for _ in range(times):
            self.fail_after(0, code, message)

    def fail_after(self, requests: int, code: int, message: str) -> None:
        """Answer so many requests normally, and the next one with a failure."""
        self._failures += [None] * requests + [(code, message)]

    # --- the API ---

    def answer(self, call: Call, authorization: str) -> Body:
        """Answer a request; raise `ApiError`."""
        with self._lock:
            token = authorization.removeprefix("Bearer ")
            if not authorization.startswith("Bearer ") or token not in self._tokens:
                raise ApiError(401, "Request had invalid authentication credentials. Expected OAuth 2 access token.")
            if not self._tokens[token] & SCOPES:
                raise ApiError(403, "Request had insufficient authentication scopes.")
            self.calls.append(call)
            if self._failures and (failure := self._failures.pop(0)):
                raise ApiError(*failure)
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
        if form.get("grant_type") != JWT_BEARER or not claims.get("scope"):
            raise SignInError("invalid_scope", "Invalid OAuth scope.")
        return {"access_token": self.token(*claims["scope"].split()), "expires_in": 3600, "token_type": "Bearer"}

    def token(self, *scopes: str) -> str:
        """Issue an access token; of the whole platform, if no scope is given."""
        token = f"ya29.{secrets.token_urlsafe(24)}"
        self._tokens[token] = set(scopes or SCOPES)
        return token

    def _route(self, call: Call) -> Body:
        match = re.fullmatch(r"/(v1|v1beta|v1alpha)/(projects/[^/]+/locations/[^/]+/instances/[^/:]+)/?(.+)", call.path)
        if not match:
            raise ApiError(404, "Method not found.")
        version, instance, rest = match.groups()
        if instance != self.name:
            raise ApiError(404, f"Instance '{instance}' not found.")
        permission = next(
            (
                asked
                for method, path, has_it, asked in ROUTES
                if re.fullmatch(method, call.method) and re.fullmatch(path, rest) and version == has_it
            ),
            "",
        )
        if not permission:
            raise ApiError(404, "Method not found.")
        if not self.permitted or permission in self.denied:
            raise ApiError(
                403,
                f"Permission 'chronicle.{permission}' denied on resource '//chronicle.googleapis.com/{self.name}'"
                " (or it may not exist).",
            )
        if rest == "feedServiceAccounts:fetchServiceAccountForCustomer":
            return {"name": f"{self.name}/feedServiceAccounts/1", "subjectId": self.subject_id}
        if rest.startswith("feeds"):
            return self._feeds.answer(call, rest)
        if rest.startswith("logTypes"):
            return self.parsers.answer(call, rest)
        if rest in (":udmSearch", ":search", "legacy:legacySearchRawLogsV2"):
            self._count_query()
        return self.searches.answer(call, rest)

    def _count_query(self) -> None:
        now = self.clock()
        while self._queries and self._queries[0] <= now - AN_HOUR:
            self._queries.popleft()
        if len(self._queries) >= self.an_hour:
            raise ApiError(
                429,
                "Quota exceeded for quota metric 'Search queries' and limit 'Search queries per hour' of service"
                " 'chronicle.googleapis.com' for consumer 'project_number:123456789012'.",
            )
        self._queries.append(now)


@cache
def key_pair() -> tuple[str, str]:
    """Make the service account's key, once: its private and its public half, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()
