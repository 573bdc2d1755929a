"""One request at a time, and each carried out once: what moto's server needs under many clients on a busy machine."""

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
"""How many answers are remembered for clients that did not hear them."""

_RESET = "/-/reset"
_REENTRANT = ("/invocations", "/invoke-async", _RESET)
_WAITS = "AmazonSQS.ReceiveMessage"
"""What waits for functions, which make requests of their own meanwhile, or for messages that others send."""


class TakingTurns:
    """WSGI middleware: holds requests back until the one before is answered.

    moto's state is not made for threads: it looks first and writes later, so that two conditional writes can both
    win, and a listing can fail while something is added. AWS decides each request by itself.

    An SDK that did not hear an answer sends the request again under the same `amz-sdk-invocation-id`; what has
    succeeded is then answered again, not done again. The id is the client's random UUID, which nobody else can name.
    Source: AWS SDKs and Tools Reference Guide, "Retry behavior".
    """

    def __init__(self, app: Callable[..., Any], most_bytes: Callable[[Request], int | None] = lambda _: None) -> None:
        """Take the application, and where a request's body is too long, in bytes: None is nowhere."""
        self._app = app
        self._most_bytes = most_bytes
        self._turn = threading.Lock()
        self._answers: OrderedDict[str, Response] = OrderedDict()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve one request."""
        request = Request(environ)
        request.max_content_length = most = self._most_bytes(request)
        try:
            body = request.get_data()  # before its turn: a slow client holds up nobody
            if len(body) == most:  # where werkzeug cuts off a body in chunks
                raise RequestEntityTooLarge
        except HTTPException as refused:
            return refused(environ, start_response)
        environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        path = request.path.rstrip("/")
        if path.endswith(_REENTRANT) or request.headers.get("X-Amz-Target") == _WAITS:
            result: Iterable[bytes] = self._app(environ, start_response)
            if path == _RESET:
                self._answers.clear()  # they speak of what is no longer there
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
