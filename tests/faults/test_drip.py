"""A request ends at its deadline even if the peer sends single bytes, so that no socket timeout applies: in the
handshake, the headers and the body.

The limit of these tests is far above what they take; no other test of this folder uses the real clock.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta

import pytest
import requests
from zoom_operationlogs.deadline import Deadline
from zoom_operationlogs.errors import OutOfTimeError, ZoomUnavailableError
from zoom_operationlogs.reports import OPERATION_LOGS
from zoom_operationlogs.settings import Credentials
from zoom_operationlogs.zoom import Session, Zoom

SECONDS, GRACE = 2.0, 5.0
PAUSE = 0.3
DAY = date(2026, 3, 10)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
BODY = b'{"access_token": "' + b"t" * 5000
HANDSHAKE = b"\x16\x03\x03\x3f\xff\x02" + bytes(5000)  # a TLS record that goes on

# What is sent immediately, and what is sent byte by byte.
PLACES = {
    "the status": (b"", b"HTTP/1.1 " + b"2" * 5000),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 500),
    "a header": (HEAD, b"X-Long: " + b"x" * 5000),
    "a body with a length": (HEAD + b"Content-Length: 100000\r\n\r\n", BODY),
    "a body to the end": (HEAD + b"Connection: close\r\n\r\n", BODY),
    "a body in chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 1000),
    "the size of a chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0" * 5000),
    "a trailer": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-Long: " + b"x" * 5000),
    "the body of an error": (b"HTTP/1.1 503 Busy\r\nContent-Length: 100000\r\n\r\n", BODY),
    "the body of a redirect": (b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 100000\r\n\r\n", BODY),
    "a packed body": (HEAD + b"Content-Encoding: gzip\r\nContent-Length: 100000\r\n\r\n", b"\x1f\x8b" + bytes(5000)),
    "nothing": (b"", b""),
}


@contextmanager
def dripping(at_once: bytes, drip: bytes) -> Iterator[int]:
    """Yield the port of a server that answers each connection this way, and never closes one."""
    over = threading.Event()

    def answer(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            connection.recv(65536)
            connection.sendall(at_once)
            for byte in drip:
                if over.wait(PAUSE):
                    return
                connection.sendall(bytes([byte]))
            over.wait()

    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        over.set()
        listener.shutdown(socket.SHUT_RDWR)


def ask(oauth_url: str, api_url: str, timeout: float, *, signed_in: bool) -> float:
    """Request a page with two seconds left, and return how long it took."""
    http = requests.Session()
    http.trust_env = False
    session = Session(http)
    if signed_in:
        session.access_token, session.expires = "token", datetime.now(UTC) + timedelta(hours=1)
    began = time.monotonic()
    client = Zoom(
        session,
        OPERATION_LOGS,
        oauth_url,
        api_url,
        lambda _fresh: Credentials("account", "client", "secret"),
        timeout,
        lambda: datetime.now(UTC),
        time.sleep,
        Deadline(lambda: began + SECONDS - time.monotonic(), 0.0),
    )
    with pytest.raises((OutOfTimeError, ZoomUnavailableError)):
        client.page(DAY, DAY, 300)
    return time.monotonic() - began


@pytest.mark.slow
@pytest.mark.parametrize("signed_in", [False, True], ids=["sign-in", "report"])
@pytest.mark.parametrize("place", PLACES)
def test_a_request_ends_with_its_deadline(place: str, signed_in: bool) -> None:
    with dripping(*PLACES[place]) as port:
        url = f"http://127.0.0.1:{port}"
        assert ask(f"{url}/oauth/token", f"{url}/v2", 30, signed_in=signed_in) < SECONDS + GRACE


@pytest.mark.slow
@pytest.mark.parametrize("signed_in", [False, True], ids=["sign-in", "report"])
@pytest.mark.parametrize("drip", [b"", HANDSHAKE], ids=["no handshake", "a slow handshake"])
def test_a_handshake_ends_with_its_deadline(drip: bytes, signed_in: bool) -> None:
    with dripping(b"", drip) as port:
        url = f"https://127.0.0.1:{port}"
        assert ask(f"{url}/oauth/token", f"{url}/v2", 30, signed_in=signed_in) < SECONDS + GRACE


@pytest.mark.slow
def test_a_request_has_its_own_limit_too() -> None:
    """TIMEOUT is the time for a whole request: if time is left, it is retried."""
    with dripping(*PLACES["a header"]) as port:
        url = f"http://127.0.0.1:{port}"
        assert ask(f"{url}/oauth/token", f"{url}/v2", 0.5, signed_in=True) < SECONDS + GRACE
