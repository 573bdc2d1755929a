"""Verifies Signature Version 4: which key signed a request, and that the request is unchanged.

Sources: IAM user guide, "Create a signed AWS API request"; S3 API reference, "Authenticating Requests (AWS Signature
Version 4)" with "Using query parameters" and "Signature calculations for the authorization header". The calculation
itself is botocore's.

The time of a signature is not compared with the clock, except for presigned URLs: tests run functions at another time
(see `standins.lambda_bootstrap`), and AWS would refuse those as RequestTimeTooSkewed. A recorded request could
therefore be sent again, but only a user who can read this process can also read the loopback interface.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.core.request import Request
    from werkzeug.wrappers import Request as WerkzeugRequest

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
UNSIGNED_PAYLOADS = (UNSIGNED_PAYLOAD, "STREAMING-UNSIGNED-PAYLOAD-TRAILER")  # S3 accepts these instead of a hash
TIMESTAMP = "%Y%m%dT%H%M%SZ"

_SCOPE = r"(?P<key>\w+)/(?P<date>\d{8})/(?P<region>[\w-]+)/(?P<service>[\w-]+)/aws4_request"
_STATED = r"SignedHeaders=(?P<headers>[^,=]+), *Signature=(?P<hex>[0-9a-f]{64})"
_HEADER = re.compile(rf"{ALGORITHM} +Credential={_SCOPE}, *{_STATED}")
_SIGNATURE_IN_QUERY = re.compile(r"(?:^|(?<=&))X-Amz-Signature=[^&]*(?:&|$)")


class RefusedError(Exception):
    """A request that fails before policies are evaluated; its code says why."""

    def __init__(self, code: str, message: str, status: int = 403) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


@dataclass(frozen=True)
class Signature:
    """The signature in a request; `expires` is None for one in the header."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    digest: str
    timestamp: str
    token: str | None
    expires: timedelta | None = None


def read_signature(request: WerkzeugRequest) -> Signature | None:
    """Return the signature in a request, None if it has none; raise `RefusedError` if it is not Version 4."""
    header, query = request.headers.get("Authorization"), request.args
    if header and query.keys() & {"X-Amz-Signature", "X-Amz-Credential"}:
        raise RefusedError("InvalidArgument", "Only one auth mechanism allowed.", 400)
    if "AWSAccessKeyId" in query or (header or "").startswith("AWS "):
        raise RefusedError("InvalidRequest", f"Please use {ALGORITHM}: Signature Version 2 is not supported.", 400)
    if header:
        match = _HEADER.fullmatch(header.strip())
        if not match:
            raise RefusedError("IncompleteSignature", f"The Authorization header is none of {ALGORITHM}.", 400)
        timestamp, token = request.headers.get("X-Amz-Date", ""), request.headers.get("X-Amz-Security-Token")
        return _signature(match, timestamp, token, None)
    if not query.keys() & {"X-Amz-Signature", "X-Amz-Credential"}:
        return None
    stated = (
        f"{query.get('X-Amz-Algorithm')} Credential={query.get('X-Amz-Credential')}, "
        f"SignedHeaders={query.get('X-Amz-SignedHeaders')}, Signature={query.get('X-Amz-Signature')}"
    )
    match, seconds = _HEADER.fullmatch(stated), query.get("X-Amz-Expires", "")
    if not match or not re.fullmatch(r"\d{1,6}", seconds):
        raise RefusedError("AuthorizationQueryParametersError", f"The query is not signed with {ALGORITHM}.", 400)
    expires = timedelta(seconds=int(seconds))
    return _signature(match, query.get("X-Amz-Date", ""), query.get("X-Amz-Security-Token"), expires)


def _signature(match: re.Match[str], timestamp: str, token: str | None, expires: timedelta | None) -> Signature:
    if not re.fullmatch(match["date"] + r"T\d{6}Z", timestamp):
        raise RefusedError("SignatureDoesNotMatch", "The date of the credential scope is not that of X-Amz-Date.")
    headers = tuple(match["headers"].split(";"))
    scope = (match["key"], match["date"], match["region"], match["service"])
    return Signature(*scope, headers, match["hex"], timestamp, token, expires)


def check_signature(
    request: Request, given: Signature, secret_access_key: str, body: Callable[[], bytes], now: datetime
) -> None:
    """Raise `RefusedError` unless the signature is valid for the secret.

    `body` reads the body. AWS requires that the host and every `x-amz-` header are signed.
    """
    present = {name.lower() for name in request.headers.keys()}  # noqa: SIM118 - an EnvironHeaders iterates over pairs
    unsigned = {name for name in present if name.startswith("x-amz-") or name == "host"} - {*given.signed_headers}
    if unsigned:
        raise RefusedError("AccessDenied", f"There were headers in the request which were not signed: {min(unsigned)}.")
    if given.expires is not None:
        signed_at = datetime.strptime(given.timestamp, TIMESTAMP).replace(tzinfo=UTC)
        if now > signed_at + given.expires:
            raise RefusedError("AccessDenied", "Request has expired.")
    expected = _expected(request, given, secret_access_key, _payload(request, given, body))
    if not hmac.compare_digest(expected.encode(), given.digest.encode()):
        raise RefusedError(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method.",
        )


def _payload(request: Request, given: Signature, body: Callable[[], bytes]) -> str:
    """Return the payload hash that is signed; a hash in the header is compared with the body."""
    stated = request.headers.get("X-Amz-Content-SHA256")
    s3 = given.service == "s3"
    if s3 and (stated in UNSIGNED_PAYLOADS or (stated is None and given.expires is not None)):
        return stated or UNSIGNED_PAYLOAD
    if stated and stated.startswith("STREAMING-"):
        raise RefusedError("NotImplemented", f"The signatures of {stated} are not checked here, so it is refused.", 501)
    real = sha256(body()).hexdigest()
    if stated is not None and not hmac.compare_digest(stated.encode(), real.encode()):
        raise RefusedError(
            "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match.", 400
        )
    return real


def _expected(request: Request, given: Signature, secret_access_key: str, payload: str) -> str:
    """Calculate the signature."""
    query = _SIGNATURE_IN_QUERY.sub("", request.query_string.decode("latin-1")).rstrip("&")
    signed = AWSRequest(request.method, f"http://{request.host}{request.raw_path}{'?' if query else ''}{query}")
    for name in given.signed_headers:
        value = request.headers.get(name)
        if value is None:
            raise RefusedError("SignatureDoesNotMatch", f"The signed header {name} is missing.")
        signed.headers[name] = value
    signed.context["timestamp"] = given.timestamp
    signer = _Signer(given, secret_access_key, payload)
    return str(signer.signature(signer.string_to_sign(signed, signer.canonical_request(signed)), signed))


class _Signer(SigV4Auth):  # type: ignore[misc,unused-ignore]
    """botocore's signer over exactly the headers that were signed."""

    def __init__(self, given: Signature, secret_access_key: str, payload: str) -> None:
        super().__init__(Credentials(given.access_key_id, secret_access_key), given.service, given.region)  # type: ignore[no-untyped-call,unused-ignore]
        self._payload = payload
        self._keeps_path = given.service == "s3"

    def headers_to_sign(self, request: Any) -> Any:
        return request.headers

    def payload(self, request: Any) -> str:
        return self._payload

    def _normalize_url_path(self, path: str) -> Any:
        """Keep S3's paths unchanged: they are encoded once, and `//` and `..` are part of a key."""
        return path if self._keeps_path else super()._normalize_url_path(path)  # type: ignore[misc]
