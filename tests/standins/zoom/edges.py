"""The two ways to the model: a transport for `requests` without sockets, and an HTTP server."""

from __future__ import annotations

import errno
import os
import secrets
import select
import socket
import struct
import sys
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse
from urllib3.exceptions import ProtocolError

from .messages import Delivery

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .messages import Response
    from .model import Zoom

POLL_SECONDS = 0.02  # how often a hanging connection checks for its client, or the end of the server


class ZoomAdapter(HTTPAdapter):
    """Lets a `requests.Session` talk to the model directly: `session.mount("https://", ZoomAdapter(zoom))`.

    Each call takes `latency` seconds by the clock, and a hang the client's timeout; nothing waits in real time.
    """

    def __init__(self, zoom: Zoom, *, latency: float = 0.0) -> None:
        super().__init__()
        self.zoom = zoom
        self.latency = latency

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Answer as over a connection, errors included; raise `ValueError` for a request that has no timeout."""
        read_timeout = timeout[1] if isinstance(timeout, tuple) else timeout
        if read_timeout is None:
            raise ValueError(f"{request.method} {request.url} has no timeout: a silent Zoom would block it forever.")
        parts = urlsplit(request.url or "")
        body = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()
        response = self.zoom.handle(
            request.method or "GET", str(parts.path), request.headers, _query(str(parts.query)), body
        )
        if response.delivery is Delivery.HANG or self.latency >= read_timeout:
            self.zoom.clock.advance(read_timeout)
            raise requests.ReadTimeout(f"Read timed out. (read timeout={read_timeout})", request=request)
        self.zoom.clock.advance(self.latency)
        if response.delivery is Delivery.RESET:
            cause = ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
            raise requests.ConnectionError(ProtocolError("Connection aborted.", cause), request=request)
        raw = HTTPResponse(
            BytesIO(_sent(response)),
            {**response.headers, "Content-Length": str(len(response.body))},
            response.status,
            reason=HTTPStatus(response.status).phrase,
            preload_content=False,
            request_method=request.method,
        )
        return self.build_response(request, raw)


class ZoomServer:
    """The model behind HTTP/1.1 on a free loopback port, from `start` to `stop` or as a context manager.

    Each answer takes `latency` real seconds. `oauth_url` and `api_url` are for the collector. Both begin
    with a random path, so no other program reaches the model by chance.
    """

    def __init__(self, zoom: Zoom, *, latency: float = 0.0) -> None:
        secret_path = f"/{secrets.token_hex(20)}"
        self._server = _Server(zoom, latency, secret_path)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}{secret_path}"
        self.oauth_url = f"{self.url}/oauth/token"
        self.api_url = f"{self.url}/v2"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(POLL_SECONDS,), daemon=True)

    def start(self) -> Self:
        """Start to answer."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop answering, and close open connections."""
        self._server.shutdown()
        self._thread.join()
        self._server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()


class _Server(ThreadingMixIn, TCPServer):
    """Not `HTTPServer`, because its constructor looks up the host's name."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, zoom: Zoom, latency: float, secret_path: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.zoom = zoom
        self.latency = latency
        self.secret_path = secret_path
        self.stopping = threading.Event()
        self._connections: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that disconnected; show errors of the model or of a test's hook."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        self.stopping.set()
        self.server_close()
        for connection in list(self._connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


class _Handler(BaseHTTPRequestHandler):
    """Passes a request to the model, and delivers its answer."""

    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def _serve(self) -> None:
        due = time.monotonic() + self.server.latency
        parts, secret_path = urlsplit(self.path), self.server.secret_path
        if not secrets.compare_digest(parts.path[: len(secret_path) + 1].encode(), f"{secret_path}/".encode()):
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = parts.path.removeprefix(secret_path)
        response = self.server.zoom.handle(self.command, path, dict(self.headers), _query(parts.query), body)
        time.sleep(max(0.0, due - time.monotonic()))
        if response.delivery is Delivery.RESET:
            self._reset()
        elif response.delivery is Delivery.HANG:
            self._hang()
        else:
            self._send(response)

    do_GET = do_POST = _serve  # noqa: N815

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(_sent(response))
        self.close_connection = response.delivery is Delivery.TRUNCATED

    def _reset(self) -> None:
        """Close with no linger time, which sends RST instead of FIN; detached, so that nothing closes it normally."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())
        self.close_connection = True

    def _hang(self) -> None:
        """Wait for the client to disconnect, or the server to stop."""
        self.close_connection = True
        while not self.server.stopping.is_set():
            left, _, _ = select.select([self.connection], [], [], POLL_SECONDS)
            if left and not self.connection.recv(1, socket.MSG_PEEK):
                return

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Log nothing."""


def _query(text: str) -> dict[str, str]:
    return dict(parse_qsl(text, keep_blank_values=True))


def _sent(response: Response) -> bytes:
    """Return the part of the body that reaches the client."""
    return response.body[: len(response.body) // 2] if response.delivery is Delivery.TRUNCATED else response.body
