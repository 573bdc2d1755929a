"""Two edges to the tenant: a server for anything that speaks HTTP, and an adapter for a session in this process."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from .messages import STATUSES, ApiError, Body, Call, SignInError

if TYPE_CHECKING:
    from .tenant import SecOps

MOST_BYTES = 2**20  # read of a body, before it is known who sent it


def respond(secops: SecOps, method: str, url: str, text: str, authorization: str) -> tuple[int, Body]:
    """Answer a request by its parts: a status, and the body's JSON."""
    address = urlsplit(url)
    query = {name: values[-1] for name, values in parse_qs(address.query, keep_blank_values=True).items()}
    try:
        if address.path == "/token":
            return 200, secops.sign_in({name: values[-1] for name, values in parse_qs(text).items()})
        try:
            body = json.loads(text) if text else None
        except ValueError:
            raise ApiError(400, "Invalid JSON payload received. Unexpected token.") from None
        return 200, secops.answer(Call(method, unquote(address.path), query, body), authorization)
    except SignInError as refused:
        return 400, refused.answer
    except ApiError as refused:
        status = STATUSES.get(refused.code, "UNKNOWN")
        return refused.code, {"error": {"code": refused.code, "message": str(refused), "status": status}}


class SecOpsAdapter(HTTPAdapter):
    """Lets a `requests.Session` talk to the tenant directly: `session.mount("https://", SecOpsAdapter(secops))`."""

    def __init__(self, secops: SecOps) -> None:
        super().__init__()
        self.secops = secops

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Answer as over a connection; raise `ValueError` for a request that has no timeout."""
        if timeout is None:
            raise ValueError(f"{request.method} {request.url} has no timeout: a silent Google would hold it for ever.")
        text = request.body.decode() if isinstance(request.body, bytes) else str(request.body or "")
        authorization = str(request.headers.get("Authorization", ""))
        code, answer = respond(self.secops, request.method or "GET", str(request.url), text, authorization)
        body = json.dumps(answer).encode()
        headers = {"Content-Type": "application/json; charset=UTF-8", "Content-Length": str(len(body))}
        raw = HTTPResponse(BytesIO(body), headers, code, preload_content=False, request_method=request.method)
        return self.build_response(request, raw)


class Server:
    """Serves the tenant on a free loopback port."""

    def __init__(self, secops: SecOps) -> None:
        self._secops = secops
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self._secops))
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where it answers."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}"


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
        text = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), MOST_BYTES)).decode()
        authorization = self.headers.get("Authorization", "")
        code, answer = respond(self.secops, self.command, self.path, text, authorization)
        body = json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""
