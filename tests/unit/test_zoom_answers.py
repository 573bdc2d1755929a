"""Whatever Zoom answers, the client returns a page or raises an exception of `errors.py`, within its limits."""

from __future__ import annotations

import gzip
import json
import zlib
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from html import escape, unescape
from io import BytesIO
from typing import Any
from urllib.parse import quote, unquote

import pytest
import requests
from hypothesis import example, given, settings
from hypothesis import strategies as st
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse
from zoom_operationlogs.bounds import ANSWER_BYTES, MB, PAGE_BYTES
from zoom_operationlogs.deadline import Deadline
from zoom_operationlogs.errors import (
    AccessTokenRejectedError,
    CollectorError,
    HandledError,
    UnusableAnswerError,
    ZoomRefusedError,
    ZoomUnavailableError,
)
from zoom_operationlogs.records import line
from zoom_operationlogs.reports import OPERATION_LOGS, REPORTS, Report
from zoom_operationlogs.settings import Credentials
from zoom_operationlogs.zoom import Page, Session, Zoom
from zoom_operationlogs.zoom_page import page_of

NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
DAY = date(2026, 3, 10)
SIGNED_IN = json.dumps({"access_token": "token", "expires_in": 3600}).encode()
ROW = {"time": "2026-03-10T08:00:00Z", "operator": "ann@example.com"}


class Answers(HTTPAdapter):
    """Gives one answer to each sign-in, and one to each request for the report."""

    def __init__(self, sign_in: Any = None, report: Any = None) -> None:
        super().__init__()
        self.sign_in = sign_in or (200, {}, SIGNED_IN)
        self.report = report or (200, {}, page_body([ROW]))
        self.asked: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        self.asked.append(request)
        status, headers, body = self.sign_in if request.method == "POST" else self.report
        raw = HTTPResponse(BytesIO(body), headers, status, preload_content=False, request_method=request.method)
        return self.build_response(request, raw)


def page_body(rows: Any, token: Any = "") -> bytes:
    return json.dumps({"next_page_token": token, "operation_logs": rows}).encode()


def client(answers: Answers, secret: str = "secret", report: Report = OPERATION_LOGS) -> Zoom:
    http = requests.Session()
    http.trust_env = False
    http.mount("https://", answers)
    waited = [0.0]

    def sleep(seconds: float) -> None:
        waited[0] += seconds

    return Zoom(
        Session(http),
        report,
        "https://zoom.us/oauth/token",
        "https://api.zoom.us/v2",
        lambda _fresh: Credentials("account", "client", secret),
        30,
        lambda: NOW + timedelta(seconds=waited[0]),
        sleep,
        Deadline(lambda: 300 - waited[0], 20),
    )


def page(sign_in: Any = None, report: Any = None) -> Page:
    return client(Answers(sign_in, report)).page(DAY, DAY, 300)


# Bytes


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("GZIP ", gzip.compress),
        ("x-gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda body: zlib.compress(body, wbits=-15)),
        ("identity", bytes),
        ("", bytes),
    ],
)
def test_the_supported_content_encodings(encoding: str, pack: Any) -> None:
    packed = {"Content-Encoding": encoding}
    found = page((200, packed, pack(SIGNED_IN)), (200, packed, pack(page_body([ROW]))))
    assert found.records == [ROW]


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress"])
def test_an_answer_with_another_content_encoding_is_unusable(encoding: str) -> None:
    with pytest.raises(ZoomUnavailableError, match="Content-Encoding"):
        page(report=(200, {"Content-Encoding": encoding}, page_body([ROW])))


def test_no_other_encoding_is_requested() -> None:
    answers = Answers()
    client(answers).page(DAY, DAY, 300)
    assert {request.headers["Accept-Encoding"] for request in answers.asked} == {"gzip, deflate"}


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_page_has_a_size_limit(pack: Any) -> None:
    packed = {"Content-Encoding": "gzip"} if pack is gzip.compress else {}
    whole = page_body([ROW])
    assert page(report=(200, packed, pack(whole + b" " * (PAGE_BYTES - len(whole))))).records == [ROW]
    with pytest.raises(ZoomUnavailableError, match="more than 16 MB"):
        page(report=(200, packed, pack(whole + b" " * (PAGE_BYTES + 1 - len(whole)))))


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_an_answer_that_unpacks_to_much_more_is_not_unpacked(encoding: str) -> None:
    packer = zlib.compressobj(wbits=31 if encoding == "gzip" else 15)
    bomb = b"".join([*(packer.compress(bytes(MB)) for _ in range(128)), packer.flush()])
    with pytest.raises(ZoomUnavailableError, match="more than 16 MB"):
        page(report=(200, {"Content-Encoding": encoding}, bomb))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_sign_in_answer_has_a_size_limit(pack: Any) -> None:
    packed = {"Content-Encoding": "gzip"} if pack is gzip.compress else {}
    assert page(sign_in=(200, packed, pack(SIGNED_IN + b" " * (ANSWER_BYTES - len(SIGNED_IN)))))
    with pytest.raises(ZoomUnavailableError, match="more than 64 KB"):
        page(sign_in=(200, packed, pack(SIGNED_IN + b" " * ANSWER_BYTES)))


BODIES_OF_NO_USE = {
    "large": lambda: b" " * MB,
    "much larger unpacked": lambda: gzip.compress(bytes(16 * MB)),
    "deep": lambda: b"[" * ANSWER_BYTES,
}


@pytest.mark.parametrize("what", BODIES_OF_NO_USE)
def test_a_refusal_of_any_size_is_judged_by_its_status(what: str) -> None:
    body = BODIES_OF_NO_USE[what]()
    for headers in ({}, {"Content-Encoding": "gzip"}, {"Content-Encoding": "br"}):
        with pytest.raises(AccessTokenRejectedError):
            page(report=(401, headers, body))
        with pytest.raises(ZoomUnavailableError, match="HTTP 503"):
            page(report=(503, headers, body))
        with pytest.raises(ZoomRefusedError, match="proxy or a firewall"):
            page(report=(403, headers, body))


def test_a_redirect_is_not_followed_and_its_body_not_unpacked() -> None:
    for location in ("https://example.com/", "http://[", "\xff"):
        with pytest.raises(ZoomRefusedError, match="ZOOM_API_URL"):
            page(report=(302, {"Location": location, "Content-Encoding": "gzip"}, gzip.compress(bytes(16 * MB))))


# Headers and tokens

SPOILT_NUMBERS = ["²", "٣", "1" * 5000, "-1", "1e3", "", "0x10", "१"]


@pytest.mark.parametrize("number", SPOILT_NUMBERS)
def test_headers_that_are_not_numbers_are_ignored(number: str) -> None:
    names = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After")
    headers = {**dict.fromkeys(names, number), "X-RateLimit-Type": "Daily-limit"}
    zoom = client(Answers(report=(200, headers, page_body([ROW]))))
    assert zoom.page(DAY, DAY, 300).records == [ROW]
    assert zoom.quota is None
    with pytest.raises(HandledError) as refusal:
        page(report=(429, {**headers, "X-RateLimit-Type": "QPS"}, b"{}"))
    assert type(refusal.value).__name__ == "RateLimitedError"


@pytest.mark.parametrize(
    "expires_in", ["abc", "3600", "²", "9" * 5000, 1e18, -1, 0, None, True, [], {}, 10**400, 3599.5, "3599.5", ""]
)
def test_the_lifetime_of_an_access_token_may_be_anything(expires_in: Any) -> None:
    answers = Answers(sign_in=(200, {}, json.dumps({"access_token": "token", "expires_in": expires_in}).encode()))
    zoom = client(answers)
    for _ in range(2):
        assert zoom.page(DAY, DAY, 300).records == [ROW]
    assert [request.method for request in answers.asked].count("POST") == 1


@pytest.mark.parametrize(
    "token", ["", "\ud800", "é", "to ken", "token\r\nX: y", "t" * (16 * 1024 + 1), None, 7, ["token"], {}, True]
)
def test_an_access_token_that_no_header_can_hold_is_unusable(token: Any) -> None:
    with pytest.raises(ZoomUnavailableError, match="no usable access token"):
        page(sign_in=(200, {}, json.dumps({"access_token": token, "expires_in": 3600}).encode()))


def test_an_access_token_may_be_long() -> None:
    assert page(sign_in=(200, {}, json.dumps({"access_token": "t" * 16 * 1024}).encode())).records == [ROW]


@pytest.mark.parametrize("token", [7, 0, False, [], {}, ["a"], "\ud800", "t" * (64 * 1024 + 1)])
def test_a_page_token_that_no_request_can_hold_is_unusable(token: Any) -> None:
    with pytest.raises(ZoomUnavailableError, match="page token"):
        page(report=(200, {}, page_body([ROW], token)))


@pytest.mark.parametrize("token", ["", None])
def test_the_last_page_has_no_token(token: Any) -> None:
    assert page(report=(200, {}, page_body([ROW], token))).next_token == ""


@pytest.mark.parametrize("rows", [None, {}, "rows", 7])
def test_a_page_without_a_list_is_unusable(rows: Any) -> None:
    with pytest.raises(ZoomUnavailableError, match="no list of records"):
        page(report=(200, {}, page_body(rows)))


# Rows

DEEP = b'{"a": ' * 100_000 + b"1" + b"}" * 100_000
UNREADABLE = {
    "null": b"null",
    "a number": b"7",
    "a list": b'[{"time": "2026-03-10T08:00:00Z"}]',
    "NaN": b'{"time": NaN}',
    "Infinity": b'{"a": {"b": [Infinity]}}',
    "-Infinity": b'{"a": -Infinity}',
    "1e999": b'{"a": 1e999}',
    "5,000 digits": b'{"a": ' + b"1" * 5000 + b"}",
    "65 deep": b'{"a": ' * 65 + b"1" + b"}" * 65,
    "5,000 deep": b'{"a": ' * 5000 + b"1" + b"}" * 5000,
    "100,000 deep": DEEP,
    "100,000 deep, a list": b"[" * 100_000 + b"]" * 100_000,
    "half a character": b'{"operator": "\xe2\x80"}',
    "half a character in a name": b'{"\xff": "x"}',
}


@pytest.mark.parametrize("name", UNREADABLE)
@pytest.mark.parametrize("at", ["first", "last", "alone"])
def test_an_unreadable_row_is_set_aside(name: str, at: str) -> None:
    row, other = UNREADABLE[name], json.dumps(ROW).encode()
    rows = {"first": [row, other, other], "last": [other, other, row], "alone": [row]}[at]
    found = page(report=(200, {}, b'{"operation_logs": [' + b", ".join(rows) + b'], "next_page_token": "more"}'))
    assert found.records == [ROW] * (len(rows) - 1)
    assert found.next_token == "more"
    assert found.unreadable.total() == 1


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"operator": "\udcff\ud800"},
        {"operator": '"]}[{'},
        {"a": 10**4000, "b": 1e300, "c": None},
        {"time": "9999-12-31T23:59:59Z"},
        {"time": "0001-01-01T00:00:00+23:00"},
    ],
)
def test_an_odd_row_is_readable(row: dict[str, Any]) -> None:
    deep = page_body([row]).replace(b"[", b"[" + DEEP + b",", 1)
    for body in (page_body([row]), deep, b"\xef\xbb\xbf" + page_body([row])):
        assert page(report=(200, {}, body)).records == [row]


@pytest.mark.slow
def test_a_truncated_page_is_unusable_at_any_depth() -> None:
    whole = b'{"operation_logs": [' + DEEP + b'], "next_page_token": "more"}'
    for cut in (100, 600_000, 650_000, len(whole) - 2, len(whole) - 10):
        with pytest.raises(UnusableAnswerError):
            page_of(whole[:cut], OPERATION_LOGS)
    for spoilt in (whole + b"}", whole.replace(b"1", b'"', 1), whole.replace(b'": "more', b'": more')):
        with pytest.raises(UnusableAnswerError):
            page_of(spoilt, OPERATION_LOGS)


def test_a_page_of_quotes_takes_no_more_time_than_one_of_rows() -> None:
    """A search for the end of an open string must not start again at each of its quotes."""
    with pytest.raises(UnusableAnswerError):
        page_of(b'{"operation_logs": [' + DEEP + b', "' + rb"\"" * 1_000_000, OPERATION_LOGS)


# Any answer

STATUSES = st.sampled_from([200, 204, 301, 302, 400, 401, 403, 404, 408, 429, 500, 503]) | st.integers(200, 599)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.integers(10**15, 10**400)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    [
        "code",
        "message",
        "reason",
        "error",
        "errors",
        "operation_logs",
        "activity_logs",
        "next_page_token",
        "access_token",
        "expires_in",
    ]
)
WORDS = st.sampled_from(
    [200, 300, 124, 4711, "300", 3600, "next page token", "6 months", "invalid_client", "paid account", "daily"]
)
OBJECTS = st.dictionaries(NAMES, WORDS | VALUES, max_size=6)
BODIES = st.one_of(
    st.binary(max_size=200),
    (OBJECTS | VALUES).map(lambda value: json.dumps(value).encode()),
    OBJECTS.map(lambda value: gzip.compress(json.dumps(value).encode())),
)
HEADER_TEXT = st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=30)
HEADER_NAMES = (
    "X-RateLimit-Limit X-RateLimit-Remaining X-RateLimit-Reset X-RateLimit-Type Retry-After Content-Encoding"
    " Content-Type Content-Length Transfer-Encoding Location Set-Cookie Date"
)
HEADERS = st.dictionaries(
    st.sampled_from(HEADER_NAMES.split()),
    HEADER_TEXT | st.sampled_from(["0", "5", "30000", "gzip", "deflate", "QPS", "Daily-limit", "chunked"]),
    max_size=5,
)
ANSWERS = st.tuples(STATUSES, HEADERS, BODIES)


def take(answers: Answers, report: Report = OPERATION_LOGS) -> None:
    """Request a page; exceptions that are not the collector's own are raised."""
    try:
        found = client(answers, report=report).page(DAY, DAY, 300)
    except (CollectorError, HandledError) as error:
        str(error).encode()  # it is logged
        return
    for row in map(report.row, found.records):
        json.loads(line(row.record))
    found.next_token.encode()


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(answer=ANSWERS, report=st.sampled_from(list(REPORTS.values())))
@example(answer=(200, {}, b'{"operation_logs": [], "next_page_token": "\\ud800"}'), report=OPERATION_LOGS)
@example(answer=(400, {}, b'{"message": "\\ud800"}'), report=OPERATION_LOGS)
@example(answer=(400, {}, b'{"code": {"a": [1]}, "errors": [7, {"field": ["x"]}]}'), report=OPERATION_LOGS)
@example(answer=(429, {"Retry-After": "9999-12-31T23:59:59-23:00"}, b""), report=OPERATION_LOGS)
@example(answer=(429, {"Retry-After": "Mon, 99 Foo 99999 99:99:99 +9999"}, b""), report=OPERATION_LOGS)
def test_any_answer_at_the_report(answer: tuple[int, Mapping[str, str], bytes], report: Report) -> None:
    take(Answers(report=answer), report)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(answer=ANSWERS)
@example(answer=(200, {}, b'{"access_token": "\\ud800"}'))
def test_any_answer_at_the_sign_in(answer: tuple[int, Mapping[str, str], bytes]) -> None:
    take(Answers(sign_in=answer))


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(row=VALUES | st.dictionaries(st.sampled_from(["time", "operator", "x"]), VALUES, max_size=3))
def test_any_value_as_a_row(row: Any) -> None:
    found = page(report=(200, {}, page_body([ROW, row, ROW])))
    assert found.records.count(ROW) >= 2
    assert len(found.records) + found.unreadable.total() == 3
    for record in found.records:
        assert json.loads(line(OPERATION_LOGS.row(record).record)) == record


def test_a_page_token_that_is_not_utf_8_is_unusable() -> None:
    with pytest.raises(UnusableAnswerError, match="no usable page token"):
        page_of(b'{"next_page_token": "\xff", "operation_logs": []}', OPERATION_LOGS)


@pytest.mark.slow
@pytest.mark.parametrize(
    "bomb",
    [
        b'{"a": [' + b"[]," * 500_000 + b"[]]}",
        b'{"a": ' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}",
        b'{"a": [' + b",".join([b"[" * 60 + b"]" * 60] * 5_000) + b"]}",
    ],
    ids=["many", "deep", "both"],
)
def test_a_row_of_too_many_arrays_is_set_aside(bomb: bytes) -> None:
    body = page_body([ROW])
    found = page_of(body.replace(b"[", b"[" + bomb + b", ", 1), OPERATION_LOGS)
    assert found.records == [ROW]
    assert found.unreadable.total() == 1


@pytest.mark.slow
@pytest.mark.parametrize("row", [b"[]", b"{}", b'""', b"1"])
def test_a_page_of_too_many_rows_costs_no_memory(row: bytes) -> None:
    body = page_body([]).replace(b"[]", b"[" + row + (b"," + row) * (5_000_000 // len(row)) + b"]")
    found: list[Any] = []
    with suppress(UnusableAnswerError):
        found = page_of(body, OPERATION_LOGS).records
    assert not [row for row in found if row]


@pytest.mark.slow
def test_a_row_that_exceeds_the_line_limit_is_set_aside() -> None:
    grows = b'{"a": [' + b",".join([b"1e15"] * 950_000) + b"]}"  # each becomes 1000000000000000.0
    found = page_of(page_body([ROW]).replace(b"[", b"[" + grows + b", ", 1), OPERATION_LOGS)
    assert (found.records, dict(found.unreadable)) == ([ROW], {"longer than 16 MB": 1})


@pytest.mark.parametrize("secret", ["hush-hush", "/s3cr3t/Value+0="])
@pytest.mark.parametrize(
    "spell",
    [
        lambda text: json.dumps(text).replace("=", r"\u003d"),
        lambda text: json.dumps(text).replace("/", r"\/"),
        lambda text: '"' + "".join(f"\\u{ord(character):04x}" for character in text) + '"',
        lambda text: json.dumps(quote(text)),
        lambda text: json.dumps(quote(text, safe="").lower()),
        lambda text: json.dumps(escape(text)),
        lambda text: json.dumps(json.dumps(text)),
    ],
    ids=["plain", "slashes", "escapes", "url", "url in lower case", "html", "json in json"],
)
@pytest.mark.parametrize("status", [400, 200])
def test_no_secret_is_quoted_in_any_encoding(secret: str, spell: Any, status: int) -> None:
    basic = b64encode(f"client:{secret}".encode()).decode()
    for hidden in (secret, basic):
        body = f'{{"reason": {spell("refused: " + hidden)}, "error": "new"}}'.encode()
        for sent in (body, body.decode().encode("utf-16")):
            zoom = client(Answers(sign_in=(status, {}, sent)), secret=secret)
            with pytest.raises(CollectorError) as refusal:
                zoom.page(DAY, DAY, 300)
            said = unquote(unescape(str(refusal.value)))
            assert hidden not in said.replace("\\", "")
            assert "new" in said or sent is not body


def test_an_error_with_status_200_is_quoted() -> None:
    body = json.dumps({"code": 200, "message": "No permission."}).encode()
    for answers in (Answers(report=(200, {}, body)), Answers(sign_in=(200, {}, body))):
        with pytest.raises(ZoomUnavailableError, match=r"but says: No permission\."):
            client(answers).page(DAY, DAY, 300)
