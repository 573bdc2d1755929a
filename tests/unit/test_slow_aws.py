"""However slowly AWS answers, a run ends before its timeout: real sockets, and a server that sends byte by byte."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from zoom_operationlogs import clients, handler
from zoom_operationlogs.bucket import Bucket, StoredVersion
from zoom_operationlogs.deadline import Deadline
from zoom_operationlogs.errors import OutcomeUnknownError, SecretError, StorageUnavailableError
from zoom_operationlogs.settings import Settings

SECONDS = 2.0  # the run's timeout
PAUSE = 0.3
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 100000\r\n\r\n"
AT_ONCE = {
    "silent": (b"", b""),
    "handshake": (b"", b"\x16\x03\x03\x3f\xff" + bytes(1000)),
    "headers": (b"", HEAD),
    "many headers": (b"HTTP/1.1 200 OK\r\n", b"x: y\r\n" * 1000),
    "body": (HEAD, b"<" * 1000),
}
"""What the server sends immediately, and what byte by byte."""


class Dripping:
    """Accepts connections, and answers each request slowly."""

    def __init__(self, at_once: bytes, then: bytes) -> None:
        self._at_once, self._then = at_once, then
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._over.set()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.sendall(self._at_once)
            for byte in self._then:
                if self._over.wait(PAUSE):
                    return
                connection.sendall(bytes([byte]))
            self._over.wait(60)


@pytest.fixture
def drip(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Return an answer that makes an AWS service slow at one place."""
    for name, value in {"DEFAULT_REGION": "us-east-1", "ACCESS_KEY_ID": "id", "SECRET_ACCESS_KEY": "key"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    servers: list[Dripping] = []

    def start(place: str, service: str) -> None:
        servers.append(Dripping(*AT_ONCE[place]))
        scheme = "https" if place in ("silent", "handshake") else "http"
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", f"{scheme}://127.0.0.1:{servers[-1].port}")

    yield start
    for server in servers:
        server.close()


def deadline() -> Deadline:
    end = time.monotonic() + SECONDS
    return Deadline.of_run(lambda: end - time.monotonic())


CALLS: dict[str, Callable[[Bucket], object]] = {
    "GetObjectVersion": lambda bucket: bucket.read(StoredVersion("key", "version", datetime(2026, 3, 10, tzinfo=UTC))),
    "GetObject": lambda bucket: bucket.current("key"),
    "ListObjectVersions": lambda bucket: bucket.versions("prefix/"),
    "PutObject": lambda bucket: bucket.put("key", b"body", replaces=None),
}


@pytest.mark.slow
@pytest.mark.parametrize("place", AT_ONCE)
@pytest.mark.parametrize("call", CALLS)
def test_a_call_of_s3_ends(call: str, place: str, drip: Callable[[str, str], None]) -> None:
    drip(place, "S3")
    bucket = Bucket(clients.s3.__wrapped__(), "logs", deadline(), time.sleep)
    began = time.monotonic()
    with pytest.raises(OutcomeUnknownError if call == "PutObject" else StorageUnavailableError):
        CALLS[call](bucket)
    assert time.monotonic() - began < SECONDS + 5


@pytest.mark.slow
@pytest.mark.parametrize("place", ["handshake", "headers", "body"])
def test_a_call_of_secrets_manager_ends(
    place: str, drip: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    drip(place, "SECRETS_MANAGER")
    monkeypatch.setattr(clients, "secrets", clients.secrets.__wrapped__)
    end = time.monotonic() + SECONDS
    context = SimpleNamespace(aws_request_id="id", get_remaining_time_in_millis=lambda: 1000 * (end - time.monotonic()))
    settings = Settings(bucket="logs", secret_id="zoom")
    began = time.monotonic()
    with pytest.raises(SecretError, match="Secrets Manager gave no usable answer"):
        handler._build_run(settings, context)  # type: ignore[arg-type]
    assert time.monotonic() - began < SECONDS + 5
