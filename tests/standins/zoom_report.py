"""A stand-in for Zoom: the OAuth sign-in and the operation-log report, with a clock of its own.

`Zoom` is the account and its report, without sockets. Two edges lead to it: `ZoomAdapter`, which a `requests.Session`
takes, and `ZoomServer`, which speaks HTTP. It answers, and refuses, as Zoom's documentation and users quote it.
"""

from __future__ import annotations

import base64
import binascii
import json
import socket
import struct
from bisect import insort
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from heapq import heappop, heappush
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Event, RLock, Thread
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from .clock import Clock
from .zoom_records import Record, records_of

TOKEN_LIFE = timedelta(minutes=15)  # of a page token
ACCESS_LIFE = timedelta(seconds=3599)
MAX_PAGE_SIZE = 300
SCOPE = "report:read:operation_logs:admin"
SCOPES_THAT_DO = {SCOPE, "report:read:admin", "report:master", "report:read:operation_logs:master"}


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request.

    `answer` gives another status, body and headers; `reset` cuts the connection, `hang` never answers, `truncate` ends
    in the middle, `garbage` is no JSON, `null` has no list of records, `repeat` gives the page's own token as the next.
    """

    kind: Literal["answer", "reset", "hang", "truncate", "garbage", "null", "repeat"]
    status: int = 500
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


def refusal(status: int, code: int, message: str, headers: Mapping[str, str] | None = None) -> Fault:
    """An error in the shape of Zoom's API."""
    return Fault("answer", status, {"code": code, "message": message}, headers or {})


SERVER_ERROR = Fault("answer", 500, "<html>Internal Server Error</html>")
TOKEN_REJECTED = refusal(401, 124, "Invalid access token.")
PER_SECOND = refusal(429, 429, "You have reached the maximum per-second rate limit for this API. Try again later.")


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    transport: str = ""  # "reset", "hang", "truncate": what the edge does instead of answering


@dataclass(frozen=True)
class Call:
    """A request to the report, as counted."""

    at: datetime
    query: dict[str, str]
    status: int


@dataclass(order=True)
class _Entry:
    moment: datetime
    number: int
    record: Record = field(compare=False)
    day: date = field(compare=False)


class _Refused(Exception):
    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        self.status, self.body, self.headers = status, body, dict(headers or {})


def _api_error(status: int, code: int, message: str, **more: Any) -> _Refused:
    return _Refused(status, {"code": code, "message": message, **more})


@dataclass
class Zoom:
    """One account. Every field may be changed at any time, also while it is asked."""

    clock: Clock
    account_id: str = "account-1"
    client_id: str = "client-1"
    client_secret: str = "example-client-secret"  # noqa: S105 - of the stand-in
    scopes: str = SCOPE
    plan: Literal["basic", "pro"] = "pro"
    may_see_report: bool = True
    app_active: bool = True
    one_token: bool = False  # whether a new access token ends the one before, as until 2023
    order: Literal["newest", "oldest", "shuffled"] = "newest"
    tokens: Literal["offset", "snapshot"] = "offset"
    too_wide: Literal["truncate", "refuse"] = "truncate"
    takes_tomorrow: bool = True
    short_pages: int = 0  # every n-th page holds half as many rows as asked for
    empty_pages: int = 0  # every n-th page holds none, with a token all the same
    daily_limit: int = 0
    daily_headers: bool = True
    per_second_limit: int = 0
    utc_offset: timedelta = timedelta()  # of the account's days
    latency_seconds: float = 0.0  # by the stand-in's clock
    faults: deque[Fault | None] = field(default_factory=deque)  # of the next requests to the report
    on_request: Callable[[dict[str, str]], Fault | None] | None = None  # sees each request to the report first
    calls: list[Call] = field(default_factory=list)
    sign_ins: int = 0

    def __post_init__(self) -> None:
        self._days: dict[date, list[_Entry]] = {}
        self._hidden: list[tuple[datetime, int, _Entry]] = []
        self._numbers = count()
        self._access: dict[str, datetime] = {}
        self._snapshots: dict[str, list[_Entry]] = {}
        self._lock = RLock()

    # What happened in the account

    def add(self, record: Record, visible_at: datetime | None = None, day: date | None = None) -> None:
        """Let a record happen; the report shows it from `visible_at` on. `day` places one without a time of its own."""
        moment = _time_of(record) or datetime.combine(day or self.clock.now().date(), time(12), UTC)
        entry = _Entry(moment, next(self._numbers), record, (moment + self.utc_offset).date())
        with self._lock:
            if visible_at and visible_at > self.clock.now():
                heappush(self._hidden, (visible_at, entry.number, entry))
            else:
                self._show(entry)

    def add_all(self, records: Iterable[Record], lag: timedelta | None = None) -> None:
        """Let records happen, each shown `lag` after its time, or at once where there is no lag."""
        for record in records:
            moment = _time_of(record)
            self.add(record, moment + lag if moment and lag is not None else None)

    def add_day(self, day: date, count: int, seed: int = 0, twins: float = 0.0, lag: timedelta | None = None) -> None:
        """Let a day's records happen; see `records_of`. With a lag, also of zero, each is shown as the clock gets there."""
        self.add_all(records_of(day, count, seed, twins), lag)

    def records(self, first: date | None = None, last: date | None = None) -> list[Record]:
        """Return what the report can show now: the truth that an archive is held against."""
        with self._lock:
            self._reveal()
            return [
                entry.record
                for day, entries in sorted(self._days.items())
                if (first is None or first <= day) and (last is None or day <= last)
                for entry in entries
            ]

    # Requests

    def handle(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer one request."""
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        with self._lock:
            if self.latency_seconds:
                self.clock.advance(self.latency_seconds)
            try:
                if parts.path == "/oauth/token" and method == "POST":
                    return self._sign_in(headers, {**query, **dict(parse_qsl(body.decode()))})
                if parts.path == "/v2/report/operationlogs" and method == "GET":
                    return self._counted_report(headers, query)
                raise _api_error(404, 2300, "This API endpoint is not recognized.")
            except _Refused as refused:
                return Answer(refused.status, json.dumps(refused.body).encode(), refused.headers)

    def report_calls(self, since: int = 0) -> int:
        """Return how many requests the report has had, from the `since`-th on."""
        return len(self.calls) - since

    def _sign_in(self, headers: Mapping[str, str], form: dict[str, str]) -> Answer:
        self.sign_ins += 1
        if _basic(headers.get("Authorization", "")) != (self.client_id, self.client_secret):
            raise _Refused(400, {"reason": "Invalid client_id or client_secret", "error": "invalid_client"})
        if form.get("grant_type") != "account_credentials":
            raise _Refused(400, {"reason": "unsupported grant type", "error": "unsupported_grant_type"})
        if form.get("account_id") != self.account_id:
            raise _Refused(400, {"reason": "Bad Request", "error": "invalid_request"})
        if not self.app_active:
            raise _Refused(400, {"code": 4717, "message": "The app has been disabled."})
        if self.one_token:
            self._access.clear()
        token = base64.urlsafe_b64encode(f"access {self.sign_ins} of {self.account_id}".encode()).decode()
        self._access[token] = self.clock.now() + ACCESS_LIFE
        answer = {"access_token": token, "token_type": "bearer", "expires_in": 3599, "scope": self.scopes}
        return Answer(200, json.dumps({**answer, "api_url": "https://api.zoom.us"}).encode())

    def _counted_report(self, headers: Mapping[str, str], query: dict[str, str]) -> Answer:
        """Answer the report, with the faults that the test asked for."""
        fault = self.on_request(query) if self.on_request else None
        fault = fault or (self.faults.popleft() if self.faults else None)
        status = 0
        try:
            if fault and fault.kind == "answer":
                body = fault.body if isinstance(fault.body, str) else json.dumps(fault.body)
                answer = Answer(fault.status, body.encode(), dict(fault.headers))
            else:
                answer = _spoil(self._report(headers, query), fault, query)
            status = answer.status if not answer.transport else 0
            return answer
        except _Refused as refused:
            status = refused.status
            raise
        finally:
            self.calls.append(Call(self.clock.now(), dict(query), status))

    def _report(self, headers: Mapping[str, str], query: dict[str, str]) -> Answer:
        self._authorise(headers.get("Authorization", ""))
        told = self._count_against_limits()
        first, last, size = self._range(query)
        offset, rows = self._rows(first, last, size, query)
        page = self._page_length(size, len([c for c in self.calls if c.status == 200]) + 1)
        shown, end = rows[offset : offset + page], offset + page
        body = {
            "from": first.isoformat(),
            "to": last.isoformat(),
            "page_size": size,
            "next_page_token": self._token(query, end, rows) if end < len(rows) else "",
            "operation_logs": [entry.record for entry in shown],
        }
        return Answer(200, json.dumps(body).encode(), {**told, "Content-Type": "application/json"})

    def _authorise(self, authorization: str) -> None:
        token = authorization.removeprefix("Bearer ")
        if token not in self._access:
            raise _api_error(401, 124, "Invalid access token.")
        if self._access[token] <= self.clock.now():
            raise _api_error(401, 124, "Access token is expired.")
        if not SCOPES_THAT_DO & set(self.scopes.split()):
            raise _api_error(400, 4711, f"Invalid access token, does not contain scopes:[{SCOPE}].")
        if not self.may_see_report:
            raise _api_error(400, 200, "No permission.")
        if self.plan == "basic":
            raise _api_error(400, 200, f"Only available for Paid account: {self.account_id}.")

    def _count_against_limits(self) -> dict[str, str]:
        now = self.clock.now()
        headers = {"X-RateLimit-Category": "Heavy"}
        if self.per_second_limit:
            in_second = sum(now - call.at < timedelta(seconds=1) for call in self.calls[-self.per_second_limit :])
            if in_second >= self.per_second_limit:
                raise _Refused(PER_SECOND.status, PER_SECOND.body, headers)
        if self.daily_limit:
            used = sum(call.at.date() == now.date() and call.status != 429 for call in self.calls)
            left = self.daily_limit - used
            if self.daily_headers:
                headers |= {"X-RateLimit-Type": "Daily-limit", "X-RateLimit-Limit": str(self.daily_limit)}
                headers["X-RateLimit-Remaining"] = str(max(0, left - 1))
            if left <= 0:
                if self.daily_headers:
                    headers["Retry-After"] = f"{now.date() + timedelta(days=1)}T00:00:00Z"
                message = "You have reached the maximum daily rate limit for this API."
                more = " Refer to the response header for details on when you can make another request."
                raise _Refused(429, {"code": 429, "message": message + more}, headers)
        return headers

    def _range(self, query: dict[str, str]) -> tuple[date, date, int]:
        first, last = _date(query, "from"), _date(query, "to")
        today = (self.clock.now() + self.utc_offset).date()
        size = query.get("page_size", "30")
        if not size.isdigit() or not 1 <= int(size) <= MAX_PAGE_SIZE:
            raise _invalid("page_size")
        if first > last or (last > today and not self.takes_tomorrow) or last > today + timedelta(days=1):
            raise _invalid("to")
        if last < months_before(today, 6):
            raise _api_error(400, 300, "Daily report can only be provided within 6 months prior to the current date.")
        if first < months_before(last, 1):
            if self.too_wide == "refuse":
                raise _invalid("from")
            first = months_before(last, 1)
        return max(first, months_before(today, 6)), last, int(size)

    def _rows(self, first: date, last: date, size: int, query: dict[str, str]) -> tuple[int, list[_Entry] | _Newest]:
        """Return the offset asked for, and the rows it counts in."""
        token = query.get("next_page_token", "")
        told = _opened(token) if token else {"offset": 0}
        expired = "The next page token is invalid or expired."
        if token:
            asked = [query.get("from"), query.get("to"), query.get("page_size", "30")]
            if told is None or told.get("query") != asked:
                raise _api_error(400, 300, expired)
            if self.clock.now() - datetime.fromisoformat(told["issued"]) >= TOKEN_LIFE:
                raise _api_error(400, 300, expired)
            if self.tokens == "snapshot":
                return told["offset"], self._snapshots[told["snapshot"]]
        self._reveal()
        days = [self._days.get(first + timedelta(days=n), []) for n in range((last - first).days + 1)]
        if self.order == "newest":
            return told["offset"] if told else 0, _Newest(days)
        rows = [entry for entries in days for entry in entries]
        if self.order == "shuffled":
            rows.sort(key=lambda entry: blake2b(str(entry.number).encode(), digest_size=8).digest())
        return told["offset"] if told else 0, rows

    def _page_length(self, size: int, number: int) -> int:
        if self.empty_pages and number % self.empty_pages == 0:
            return 0
        if self.short_pages and number % self.short_pages == 0:
            return max(1, size // 2)
        return size

    def _token(self, query: dict[str, str], offset: int, rows: list[_Entry] | _Newest) -> str:
        told: dict[str, Any] = {
            "offset": offset,
            "query": [query.get("from"), query.get("to"), query.get("page_size", "30")],
            "issued": self.clock.now().isoformat(),
            "number": next(self._numbers),
        }
        if self.tokens == "snapshot":
            before = _opened(query.get("next_page_token", "")) or {}
            told["snapshot"] = before.get("snapshot") or str(told["number"])
            if told["snapshot"] not in self._snapshots:
                self._snapshots[told["snapshot"]] = list(rows[0 : len(rows)])
        return base64.urlsafe_b64encode(json.dumps(told).encode()).decode()

    def _show(self, entry: _Entry) -> None:
        entries = self._days.setdefault(entry.day, [])
        if not entries or entries[-1] < entry:
            entries.append(entry)
        else:
            insort(entries, entry)

    def _reveal(self) -> None:
        now = self.clock.now()
        while self._hidden and self._hidden[0][0] <= now:
            self._show(heappop(self._hidden)[2])


class _Newest:
    """Days of rows in the order of their times, read backwards without a copy."""

    def __init__(self, days: list[list[_Entry]]) -> None:
        self._days = days[::-1]

    def __len__(self) -> int:
        return sum(map(len, self._days))

    def __getitem__(self, wanted: slice) -> list[_Entry]:
        start, stop, rows = wanted.start, wanted.stop, []
        for entries in self._days:
            size = len(entries)
            if start < size and stop > 0:
                low, high = max(0, size - stop), size - max(0, start)
                rows += entries[low:high][::-1]
            start, stop = start - size, stop - size
        return rows


def months_before(day: date, months: int) -> date:
    """Return the same day some months earlier, or that month's last day."""
    month = day.month - months
    first = date(day.year + (month - 1) // 12, (month - 1) % 12 + 1, 1)
    return min(first + timedelta(days=day.day - 1), (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))


def _invalid(name: str) -> _Refused:
    return _api_error(400, 300, "Validation Failed.", errors=[{"field": name, "message": "Invalid field."}])


def _date(query: dict[str, str], name: str) -> date:
    try:
        return datetime.strptime(query[name], "%Y-%m-%d").date()  # noqa: DTZ007 - a date
    except (KeyError, ValueError):
        raise _invalid(name) from None


def _time_of(record: Record) -> datetime | None:
    try:
        moment = datetime.fromisoformat(record["time"])
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (KeyError, TypeError, ValueError):
        return None


def _basic(authorization: str) -> tuple[str, str] | None:
    try:
        client_id, _, client_secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return client_id, client_secret


def _opened(token: str) -> dict[str, Any] | None:
    try:
        told = json.loads(base64.urlsafe_b64decode(token))
    except (binascii.Error, ValueError):
        return None
    return told if isinstance(told, dict) else None


def _spoil(answer: Answer, fault: Fault | None, query: dict[str, str]) -> Answer:
    if fault is None:
        return answer
    if fault.kind in ("reset", "hang", "truncate"):
        answer.transport = fault.kind
        return answer
    if fault.kind == "garbage":
        return Answer(200, b"<html>Service Unavailable</html>", answer.headers)
    body = json.loads(answer.body)
    if fault.kind == "null":
        body["operation_logs"] = None
    if fault.kind == "repeat":
        body["next_page_token"] = query.get("next_page_token") or body["next_page_token"]
    return Answer(200, json.dumps(body).encode(), answer.headers)


class ZoomAdapter(BaseAdapter):
    """Leads a `requests.Session` to the model without a socket; a hang passes at once, by the stand-in's clock."""

    def __init__(self, zoom: Zoom) -> None:
        super().__init__()
        self.zoom = zoom

    def send(self, request: requests.PreparedRequest, *_args: Any, **options: Any) -> requests.Response:
        body = request.body or b""
        answer = self.zoom.handle(
            request.method or "", request.url or "", request.headers, body.encode() if isinstance(body, str) else body
        )
        timeout = options.get("timeout")
        if answer.transport == "hang":
            self.zoom.clock.advance(timeout if isinstance(timeout, int | float) else 30)
            raise requests.exceptions.ReadTimeout("Read timed out.", request=request)
        if answer.transport == "reset":
            raise requests.exceptions.ConnectionError("Connection reset by peer", request=request)
        if answer.transport == "truncate":
            raise requests.exceptions.ChunkedEncodingError("IncompleteRead", request=request)
        response = requests.Response()
        response.status_code, response.headers = answer.status, CaseInsensitiveDict(answer.headers)
        response._content = answer.body
        response.request, response.url = request, request.url or ""
        return response

    def close(self) -> None:
        pass


@dataclass
class ZoomServer:
    """An HTTP server in front of the model."""

    zoom: Zoom
    port: int

    @property
    def oauth_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/oauth/token"

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v2"


@contextmanager
def serving(zoom: Zoom) -> Iterator[ZoomServer]:
    """Serve the model on a free port of the loopback while the block runs."""
    ended = Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            answer = zoom.handle(self.command, self.path, self.headers, self.rfile.read(length))
            if answer.transport == "hang":
                ended.wait()
            if answer.transport in ("hang", "reset"):
                # A linger of zero seconds makes closing a reset.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if answer.transport == "truncate":
                self.wfile.write(answer.body[: len(answer.body) // 2])
                self.close_connection = True
                return
            self.wfile.write(answer.body)

        do_POST = do_GET

        def log_message(self, *_args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_args: Any) -> None:
            pass  # a client that went away

    server = Server(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield ZoomServer(zoom, server.server_port)
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
        thread.join()


def multiset(records: Iterable[Record]) -> Counter[str]:
    """Return the records as a multiset, to compare an archive with the truth."""
    return Counter(json.dumps(record, sort_keys=True) for record in records)
