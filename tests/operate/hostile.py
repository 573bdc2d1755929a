"""A hostile deployment: AWS, Zoom, Google and the outputs in memory, with chosen answers."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import requests
from botocore.exceptions import ClientError
from feed.deployments import body
from requests.adapters import BaseAdapter
from standins.s3_memory import MemoryS3
from zoom_operationlogs.checkpoint import Checkpoint, Lease
from zoom_operationlogs.checkpoint_format import digest, encode
from zoomlogs.adopt import command as _adopt  # noqa: F401 - loaded before its session is replaced
from zoomlogs.secops.session import RefusedError, Session, Task, of_form
from zoomlogs.verify.command import main as verify
from zoomlogs.zoom import client

from .test_page import EXAMPLE

PREFIX, STATE_KEY = EXAMPLE.prefix, EXAMPLE.state_key
SESSION = requests.Session
KEY = {"access_key_id": "AKIAEXAMPLE", "secret_access_key": "x"}
ZOOM = {"account_id": "a", "client_id": "b", "client_secret": "c"}
TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)


def event(fields: object, *, seconds_ago: float = 60, number: int = 0) -> dict[str, Any]:
    moment = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    message = fields if isinstance(fields, str) else json.dumps(fields)
    return {"timestamp": int(moment.timestamp() * 1000), "message": message, "eventId": str(number)}


def checkpoint(owner: str = "run") -> bytes:
    now = datetime.now(UTC)
    made = Checkpoint(TODAY - timedelta(days=30), TODAY - timedelta(days=4), frontier=now - timedelta(minutes=20))
    made.lease = Lease(owner, now + timedelta(minutes=5))
    made.owe(YESTERDAY, now, 300)
    return encode(made)


def forged(changed: Mapping[str, Any]) -> bytes:
    """A checkpoint with changed fields in its first line and a valid seal."""
    first, _, rest = checkpoint().partition(b"\n")
    header = json.loads(first)
    del header["seal"]
    text = json.dumps({**header, **changed}).encode()
    return b'%b, "seal": "%b"}\n%b' % (text[:-1], digest(text).hex().encode(), rest)


FIELDS = tuple(json.loads(checkpoint().partition(b"\n")[0]))


def outputs(change: Callable[[str], str] = str) -> dict[str, Any]:
    """The example's outputs with changed names."""
    made = copy.deepcopy(dict(EXAMPLE.outputs))
    made["log_group"]["name"] = "/aws/lambda/f"
    made["dead_letter_queue"] |= {"name": "q", "url": "https://sqs.eu-west-1.amazonaws.com/111122223333/q"}
    made["schedule"] |= {"name": "s", "role_name": "r", "expression": "rate(15 minutes)"}
    made["role"]["name"] = "r"
    made["reader"] |= {"name": "secops-reader", "tags": {}}
    made["secops_feed"] |= {
        "body": body(uri="s3://your-zoom-operation-logs/zoom/"),
        "form": [{"field": "a", "value": "b"}],
    }
    made["function"]["environment"] = {"S3_BUCKET": made["bucket"]["name"], "ZOOM_SECRET_ID": "secret"}
    for output in made.values():
        for name in ("name", "role_name", "composite_alarm_name", "key_secret_name"):
            if isinstance(output.get(name), str):
                output[name] = change(output[name])
    made["secops_feed"]["form"] = [{"field": change("a"), "value": change("b")}]
    made["secops_feed"]["body"]["displayName"] = change("Zoom")
    return made


class Zoom(BaseAdapter):
    """Accepts the sign-in, and answers every report request with the same bytes."""

    def __init__(self, answer: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.answer, self.status, self.headers = answer, status, dict(headers or {})

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        signing_in = "oauth" in str(request.url)
        response = requests.Response()
        response.status_code = 200 if signing_in else self.status
        response.headers.update({} if signing_in else self.headers)
        token = json.dumps({"access_token": "t", "token_type": "bearer", "expires_in": 3600}).encode()
        response.raw = Body(token if signing_in else self.answer)
        response.url = str(request.url)
        return response

    def close(self) -> None:
        """There is nothing to close."""


class Body(io.BytesIO):
    """A response body of urllib3."""

    def read(self, size: int | None = -1, *, decode_content: bool = False) -> bytes:
        return super().read(size)


@dataclass
class Enemy:
    """The answers of all services."""

    events: list[dict[str, Any]] = field(default_factory=list)
    state: bytes = field(default_factory=checkpoint)
    payload: bytes = b'{"ok": true, "ended": true, "owed": 0, "written": 1}'
    run_fails: bool = False
    secret: str = json.dumps({**ZOOM, **KEY})
    records: dict[str, bytes] = field(default_factory=dict)
    zoom: Zoom = field(default_factory=lambda: Zoom(b'{"operation_logs": [], "next_page_token": ""}'))
    refusal: tuple[str, str] = ("AccessDenied", "No.")
    who: str = "operator"
    google: Mapping[str, Any] = field(default_factory=dict)
    feeds: list[dict[str, Any]] | Exception = field(default_factory=list)
    outputs: object = field(default_factory=outputs)
    region_name: str = "eu-west-1"

    def client(self, service: str, **_: Any) -> Any:
        if service == "s3":
            s3 = MemoryS3(bucket=self.bucket)
            s3.put(STATE_KEY, self.state)
            for key, content in self.records.items():
                s3.put(key, content)
            return s3
        return Client(self, service)

    @property
    def bucket(self) -> str:
        return str(self.outputs["bucket"]["name"]) if isinstance(self.outputs, dict) else ""

    def get_credentials(self) -> None:
        return None


class Exceptions:
    """A client's exceptions; nothing raises them here."""

    def __getattr__(self, name: str) -> type[ClientError]:
        return type(name, (ClientError,), {})


@dataclass
class Client:
    """A service that answers some operations and denies the others."""

    enemy: Enemy
    service: str
    exceptions: Any = field(default_factory=lambda: Exceptions())
    meta: Any = field(default_factory=lambda: SimpleNamespace(region_name="eu-west-1", partition="aws"))

    def get_paginator(self, operation: str) -> Any:
        return Paginator(self.enemy) if operation == "filter_log_events" else self._refuse(operation)

    def __getattr__(self, operation: str) -> Any:
        answers: dict[tuple[str, str], Callable[..., Any]] = {
            ("sts", "get_caller_identity"): lambda **_: {
                "Account": EXAMPLE.account,
                "Arn": f"arn:aws:iam::{EXAMPLE.account}:user/{self.enemy.who}",
                "ResponseMetadata": {},
            },
            ("secretsmanager", "get_secret_value"): lambda **_: {"SecretString": self.enemy.secret},
            ("secretsmanager", "put_secret_value"): lambda **_: {"VersionId": "v"},
            ("lambda", "invoke"): lambda **_: {
                "Payload": io.BytesIO(self.enemy.payload),
                **({"FunctionError": "Unhandled"} if self.enemy.run_fails else {}),
                "ResponseMetadata": {"RequestId": "id"},
            },
        }
        return answers.get((self.service, operation)) or (lambda **_: self._refuse(operation))

    def _refuse(self, operation: str) -> Any:
        code, message = self.enemy.refusal
        raise ClientError(
            {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 403}},  # type: ignore[typeddict-item]
            operation,
        )


@dataclass
class Paginator:
    enemy: Enemy

    def paginate(self, *, startTime: int, endTime: int = 2**60, **_: Any) -> Iterator[dict[str, Any]]:
        yield {"events": [one for one in self.enemy.events if startTime <= one["timestamp"] <= endTime]}


class Feeds:
    """A Google SecOps tenant."""

    def __init__(self, enemy: Enemy) -> None:
        self.enemy = enemy

    def list(self) -> Any:
        if isinstance(self.enemy.feeds, Exception):
            raise self.enemy.feeds
        return self.enemy.feeds

    def subject_id(self) -> str:
        if isinstance(self.enemy.feeds, Exception):
            raise self.enemy.feeds
        return "103547991597142817347"


class Google(Session):
    """A SecOps session that answers by the last part of the path and denies the rest."""

    def __init__(self, enemy: Enemy) -> None:
        self.enemy = enemy
        self.tenant = SimpleNamespace(name=f"projects/{enemy.who}")  # type: ignore[assignment]

    def ask(self, method: str, version: str, path: str, sent: dict[str, Any], task: Task, form: Any) -> Any:
        name = path.rpartition("/")[2].rpartition(":")[2]
        if name not in self.enemy.google:
            raise RefusedError(task, f"Google says {self.enemy.who}.", 403)
        return of_form(copy.deepcopy(self.enemy.google[name]), task, form)


@contextmanager
def among(enemy: Enemy, folder: Path) -> Iterator[Path]:
    """Make commands use the hostile services; return the file with the outputs."""
    file = folder / "outputs.json"
    text = enemy.outputs if isinstance(enemy.outputs, str) else json.dumps(enemy.outputs)
    file.write_text(text, "utf-8", "surrogatepass")

    def http() -> requests.Session:
        session = SESSION()
        session.trust_env = False
        session.mount("https://", enemy.zoom)
        return session

    with ExitStack() as patches:
        for name, stand_in in {
            "zoomlogs.aws.session": lambda _region: enemy,
            "zoomlogs.adopt.command.session": lambda _region: enemy,
            "zoomlogs.aws.session_with_key": lambda *_: enemy,
            "zoomlogs.doctor.facts.session_with_key": lambda *_: enemy,
            "zoomlogs.feed.command._feeds": lambda *_: Feeds(enemy),
            "zoomlogs.secops.session.Session": lambda *_, **__: Google(enemy),
            "zoomlogs.secops.session.sign_in": lambda *_: None,
            "zoomlogs.zoom.requests.Session": http,
            "zoomlogs.invoke.command.LOOK_EVERY_SECONDS": 0.0,
            "zoomlogs.invoke.command.WAIT_FOR_LAST_LINE_SECONDS": 0.0,
            "zoomlogs.doctor.facts.LOOK_EVERY_SECONDS": 0.0,
        }.items():
            patches.enter_context(patch(name, stand_in))
        for function in (verify, client):  # no waiting
            patches.enter_context(patch.dict(function.__kwdefaults__, {"sleep": lambda _seconds: None}))
        yield file


TENANT = ("--project", "p", "--region", "eu", "--customer-id", "01234567-89ab-cdef-0123-456789abcdef")
COMMANDS: dict[str, tuple[str, ...]] = {
    "doctor": (),
    "doctor --probe": (),
    "doctor --as-reader": (),
    "status": (),
    "logs": (),
    "logs --since 1h": (),
    "verify --from yesterday": (),
    "verify --from yesterday --repair": (),
    "verify --from yesterday --secops": TENANT,
    "run": (),
    "reconcile": (),
    "backfill --from yesterday --to yesterday": (),
    "zoom-secret put --file -": (),
    "reader-key create": (),
    "reader-key rotate": (),
    "reader-key rotate --finish": (),
    "reader-key list": (),
    "rights verify": (),
    "feed show": (),
    "feed subject-id": TENANT,
    "feed apply --dry-run": TENANT,
    "feed status": TENANT,
    "adopt --region eu-west-1 --dry-run": (),
}
WITHOUT_OUTPUTS = ("feed subject-id", "adopt")


def arguments(command: str, file: Path) -> list[str]:
    words = [*command.split(), *COMMANDS[command]]
    return words if command.startswith(WITHOUT_OUTPUTS) else [*words, "--outputs", str(file)]


def record(text: str, day: date = YESTERDAY) -> dict[str, Any]:
    return {
        "time": f"{day}T12:00:00Z",
        "operator": text,
        "category_type": text,
        "action": text,
        "operation_detail": text,
    }
