"""Serves one request at a time, and each only once: moto's server needs this with many clients on a busy machine."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

REMEMBERED = 1000
"""How many answers are kept for clients that did not receive them."""

_RESET = "/-/reset"
_REENTRANT = ("/invocations", "/invoke-async", _RESET)
_WAITS = "AmazonSQS.ReceiveMessage"
"""Operations that wait for functions, which make requests meanwhile, or for messages that others send."""


class TakingTurns:
    """WSGI middleware: holds a request back until the previous one is answered.

    moto's state is not thread-safe: it checks first and writes later, so two conditional writes can both succeed, and a
    listing can fail while something is added. AWS serialises such requests.

    An SDK that did not receive an answer sends the request again with the same `amz-sdk-invocation-id`; a request that
    succeeded is then answered again, not executed again. The ID is the client's random UUID, which nobody can guess.
    Source: AWS SDKs and Tools Reference Guide, "Retry behavior".
    """

    def __init__(self, app: Callable[..., Any], most_bytes: Callable[[Request], int | None] = lambda _: None) -> None:
        """Take the application, and a function for the limit of a request's body in bytes, None without a limit."""
        self._app = app
        self._most_bytes = most_bytes
        self._turn = threading.Lock()
        self._answers: OrderedDict[str, Response] = OrderedDict()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve one request."""
        request = Request(environ)
        request.max_content_length = most = self._most_bytes(request)
        try:
            body = request.get_data()  # before its turn: a slow client must not delay others
            if len(body) == most:  # where werkzeug cuts off a body in chunks
                raise RequestEntityTooLarge
        except HTTPException as refused:
            return refused(environ, start_response)
        environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        path = request.path.rstrip("/")
        if path.endswith(_REENTRANT) or request.headers.get("X-Amz-Target") == _WAITS:
            result: Iterable[bytes] = self._app(environ, start_response)
            if path == _RESET:
                self._answers.clear()  # they are about resources that no longer exist
            return result
        with self._turn:
            answer = self._answered(environ, request.headers.get("amz-sdk-invocation-id"), request.method)
        return answer(environ, start_response)

    def _answered(self, environ: dict[str, Any], invocation: str | None, method: str) -> Response:
        if invocation and invocation in self._answers:
            return self._answers[invocation]
        answer = Response.from_app(self._app, environ, buffered=True)
        if invocation and method != "GET" and answer.status_code < 300:
            self._answers[invocation] = answer
            if len(self._answers) > REMEMBERED:
                self._answers.popitem(last=False)
        return answer
