"""Messages between the model and its two edges."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from .served import report_at

if TYPE_CHECKING:
    from collections.abc import Mapping


class Delivery(Enum):
    """How an answer is delivered to the client."""

    WHOLE = "whole"
    TRUNCATED = "truncated"  # the headers promise the whole body; after half of it the connection closes
    RESET = "reset"  # the connection is reset before a byte of the answer
    HANG = "hang"  # no answer until the client gives up


@dataclass(frozen=True)
class Request:
    """A request; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes

    @property
    def endpoint(self) -> str:
        """Return `token`, `report`, or `other`."""
        if self.method == "GET" and self.report:
            return "report"
        return "token" if (self.method, self.path) == ("POST", "/oauth/token") else "other"

    @property
    def report(self) -> str:
        """Return the name of the requested report, "" if it is none."""
        return report_at(self.path)


@dataclass(frozen=True)
class Response:
    """An answer, and how it is delivered."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delivery: Delivery = Delivery.WHOLE


class RefusalError(Exception):
    """A refusal by Zoom, with its response."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"HTTP {response.status}: {response.body.decode()}")
        self.response = response


def json_response(
    status: int, content: Mapping[str, Any] | bytes, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an answer with a JSON body, from an object or from JSON text."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Response(status, {"Content-Type": "application/json;charset=UTF-8", **(headers or {})}, body)


def api_error(status: int, code: int, message: str, **more: Any) -> Response:
    """Return an error in the API's form: `{"code", "message", ...}`."""
    return json_response(status, {"code": code, "message": message, **more})
