"""One HTTP request to Zoom and its answer, good or bad, within limits of size and time."""

from __future__ import annotations

from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
import urllib3

from .bounds import ANSWER_BYTES, gunzip, inflate, size, time_limit
from .certificates import untrusted_certificate
from .errors import TimeLimitError, UnusableAnswerError

if TYPE_CHECKING:
    from collections.abc import Mapping

CHUNK = 64 * 2**10


@dataclass(frozen=True)
class Answer:
    """An answer; `body` is unpacked. It is empty for an error that cannot be read or is larger than 64 KB."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def exchange(http: requests.Session, method: str, url: str, *, seconds: float, limit: int, **options: Any) -> Answer:
    """Send one request and read its whole answer.

    `limit` is for the unpacked bytes of an answer with status 200. `seconds` is for all of it: connection, handshake,
    headers and body. Raises `TimeLimitError`, `UntrustedCertificateError`, and `UnusableAnswerError` if there is no
    answer, or none within the limit. `options` are those of `requests.Request`.
    """
    try:
        with time_limit(seconds), _send(http, requests.Request(method, url, **options), seconds) as response:
            return Answer(response.status_code, response.headers, _body(response, limit))
    except (TimeLimitError, requests.Timeout, urllib3.exceptions.TimeoutError):
        raise TimeLimitError(f"no whole answer from {url} within {seconds:.0f} s") from None
    except (OSError, HTTPException, urllib3.exceptions.HTTPError, ValueError) as error:
        if untrusted := untrusted_certificate(error, str(urlsplit(url).hostname)):
            raise untrusted from None
        # Only the class of the error: its text may quote the request.
        raise UnusableAnswerError(f"{type(error).__name__} at {url}") from None


def _send(http: requests.Session, request: requests.Request, seconds: float) -> requests.Response:
    """Return the answer before its body is read.

    `Session.send` would read and unpack the whole body of a redirect, even of one that it does not follow.
    """
    request.auth = request.auth or _as_it_is
    request.headers = {**request.headers, "Accept": "application/json", "Accept-Encoding": "gzip, deflate"}
    prepared = http.prepare_request(request)
    url = prepared.url or ""
    settings: dict[str, Any] = {**http.merge_environment_settings(url, {}, True, None, None)}
    response = http.get_adapter(url).send(prepared, timeout=seconds, **settings)
    for hook in prepared.hooks["response"]:
        hook(response)
    return response


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Add no authentication: otherwise requests would replace the bearer token with an entry of ~/.netrc."""
    return request


def _body(response: requests.Response, limit: int) -> bytes:
    if response.status_code == requests.codes.ok:
        return _unpacked(response, limit)
    try:
        return _unpacked(response, ANSWER_BYTES)
    except UnusableAnswerError:
        return b""  # the status of an error is enough


def _unpacked(response: requests.Response, limit: int) -> bytes:
    packed = bytearray()
    while chunk := response.raw.read(CHUNK, decode_content=False):
        packed += chunk
        if len(packed) > limit:
            raise UnusableAnswerError(f"an answer of more than {size(limit)}")
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    try:
        match encoding:
            case "" | "identity":
                return bytes(packed)
            case "gzip" | "x-gzip":
                return gunzip(bytes(packed), limit)
            case "deflate":
                return inflate(bytes(packed), limit)
    except ValueError as error:
        raise UnusableAnswerError(f"an answer that cannot be unpacked: {error}") from None
    raise UnusableAnswerError("an answer with a Content-Encoding that was not asked for")
