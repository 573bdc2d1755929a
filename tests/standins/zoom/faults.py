"""Faults on demand, and the plan of when they happen.

A fault is a function between a request and its answer: it gets the `Exchange` and returns the `Response`. Functions
here are either a fault (`reset`) or return one (`server_error(503)`).

    zoom.faults.next(server_error(503), times=3)      the next three report calls
    zoom.faults.at(4, reset)                          the fourth report call from now
    zoom.faults.next(not_json, to="token")            the next sign-in
    zoom.faults.rule = lambda request: hang if ... else None
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal, Protocol

from .limits import CALLS_PER_DAY, daily_refusal, per_second_refusal
from .messages import Delivery, Response, api_error, json_response
from .served import SERVED

if TYPE_CHECKING:
    from .messages import Request

Endpoint = Literal["report", "token"]


class Ordinary(Protocol):
    """Zoom's answer; of the report, at most `most_rows` rows."""

    def __call__(self, most_rows: int | None = None) -> Response: ...


@dataclass(frozen=True)
class Exchange:
    """A request, its time, and what the answer would be."""

    request: Request
    now: datetime
    ordinary: Ordinary


Fault = Callable[[Exchange], Response]


class FaultPlan:
    """Which calls fail: those that `rule` selects, those that `at` names, then those in `next`'s queue."""

    def __init__(self) -> None:
        self.rule: Callable[[Request], Fault | None] | None = None
        self._queues: dict[str, deque[Fault]] = {"report": deque(), "token": deque()}
        self._at: dict[tuple[str, int], Fault] = {}
        self._calls = {"report": 0, "token": 0}

    def next(self, fault: Fault, *, times: int = 1, to: Endpoint = "report") -> None:
        """Make the next `times` calls fail, after those already queued."""
        self._queues[to].extend([fault] * times)

    def at(self, call: int, fault: Fault, *, to: Endpoint = "report") -> None:
        """Make one call fail: 1 is the next one."""
        if call < 1:
            raise ValueError(f"Call {call} is in the past: the next one is 1.")
        self._at[to, self._calls[to] + call] = fault

    def clear(self) -> None:
        """Remove all planned faults."""
        self.rule = None
        self._at.clear()
        for queue in self._queues.values():
            queue.clear()

    @property
    def pending(self) -> int:
        """Return how many planned faults have not happened."""
        return len(self._at) + sum(map(len, self._queues.values()))

    def due(self, request: Request) -> Fault | None:
        """Return the fault of this request, and count it."""
        endpoint = request.endpoint
        if endpoint not in self._queues:
            return None
        self._calls[endpoint] += 1
        picked = self.rule(request) if self.rule else None
        counted = self._at.pop((endpoint, self._calls[endpoint]), None)
        if picked or counted:
            return picked or counted
        return self._queues[endpoint].popleft() if self._queues[endpoint] else None


def answer(status: int, body: bytes | Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Fault:
    """Return a fault that always gives this answer."""
    if isinstance(body, bytes):
        response = Response(status, headers or {}, body)
    else:
        response = json_response(status, body, headers)
    return lambda exchange: response


def invalid_access_token(exchange: Exchange) -> Response:
    """Refuse the access token once; `Zoom.revoke_access_tokens` refuses it permanently."""
    return api_error(401, 124, "Invalid access token.")


def expired_page_token(exchange: Exchange) -> Response:
    """Answer as for a page token older than 15 minutes."""
    return api_error(400, 300, "The next page token is invalid or expired.")


def per_second_limit(exchange: Exchange) -> Response:
    """Refuse because of too many calls in a second."""
    return per_second_refusal()


def daily_limit(exchange: Exchange) -> Response:
    """Refuse because of too many calls in a day: `Retry-After` is a date and time, the next midnight UTC."""
    return daily_refusal(exchange.now, CALLS_PER_DAY["pro"])


def server_error(status: int) -> Fault:
    """Return a fault that answers 500, 502, 503 or 504 with a page of HTML, as a gateway does."""
    return answer(status, f"<html><body><h1>{status}</h1></body></html>".encode(), {"Content-Type": "text/html"})


def reset(exchange: Exchange) -> Response:
    """Reset the connection; Zoom never sees the request."""
    return Response(0, delivery=Delivery.RESET)


def hang(exchange: Exchange) -> Response:
    """Do not answer until the client gives up."""
    return Response(0, delivery=Delivery.HANG)


def truncated(exchange: Exchange) -> Response:
    """Break off after half of the body."""
    return replace(exchange.ordinary(), delivery=Delivery.TRUNCATED)


def not_json(exchange: Exchange) -> Response:
    """Answer 200 with a page of HTML."""
    return Response(200, {"Content-Type": "text/html"}, b"<html><body>We will be back soon.</body></html>")


def null_list(exchange: Exchange) -> Response:
    """Answer with `"operation_logs": null`, or the report's own field, instead of the rows."""
    return _with(exchange.ordinary(), **{SERVED[exchange.request.report].rows: None})


def short_page(rows: int) -> Fault:
    """Return a fault that answers with at most `rows` rows, and a token for the rest; with 0, always a token."""
    return lambda exchange: exchange.ordinary(most_rows=rows)


def repeated_page_token(exchange: Exchange) -> Response:
    """Answer with the page's own token as the next one; the first page has none and is answered normally."""
    token = exchange.request.query.get("next_page_token")
    return _with(exchange.ordinary(), next_page_token=token) if token else exchange.ordinary()


def _with(response: Response, **fields: Any) -> Response:
    if response.status != HTTPStatus.OK:
        return response
    return replace(response, body=json.dumps({**json.loads(response.body), **fields}).encode())
