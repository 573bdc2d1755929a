"""`--debug`: shows each HTTP request on standard error when it is answered, without secrets.

Google's library, boto3 and requests all use urllib3, so one place sees all requests. Headers and bodies are never
shown, and of a query only harmless values: a presigned URL grants access.
"""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from .console import console

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HARMLESS = frozenset({"from", "to", "page_size", "pageSize", "prefix", "list-type", "max-keys", "Qualifier"})
_AWS_ACTION = re.compile(rb"(?:^|&)Action=(\w+)")  # of the query protocol: IAM, STS, SNS


@contextmanager
def show_requests() -> Iterator[None]:
    """Show each request in the block."""
    from urllib3 import HTTPConnectionPool  # here, to keep `--help` fast

    out, send = console(stderr=True), HTTPConnectionPool.urlopen

    def urlopen(pool: HTTPConnectionPool, method: str, url: str, *arguments: Any, **options: Any) -> Any:
        began, came = time.monotonic(), "no answer"
        try:
            answer = send(pool, method, url, *arguments, **options)
            came = str(answer.status)
        except Exception as error:
            came = type(error).__name__
            raise
        else:
            return answer
        finally:
            body = options.get("body") or (arguments[0] if arguments else None)
            headers = options.get("headers") or (arguments[1] if len(arguments) > 1 else None)
            address = f"{pool.scheme}://{pool.host}{_port(pool)}{harmless(url)}"
            what = f" {operation(headers or {}, body)}".rstrip()
            out.say(f"{method} {address}{what}: {came}, {(time.monotonic() - began) * 1000:.0f} ms", "dim")

    HTTPConnectionPool.urlopen = urlopen  # type: ignore[assignment,method-assign]
    try:
        yield
    finally:
        HTTPConnectionPool.urlopen = send  # type: ignore[method-assign]


def harmless(url: str) -> str:
    """Return the path, and the query without values that may be secret."""
    parts = urlsplit(url)
    query = "&".join(
        f"{name}={value if name in HARMLESS else '…'}" if value else name
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    )
    return parts.path + (f"?{query}" if query else "")


def operation(headers: Mapping[str, Any], body: object) -> str:
    """Return the AWS operation, if the URL does not have it."""
    target = next((value for name, value in headers.items() if name.lower() == "x-amz-target"), "")
    if target:
        return target.decode() if isinstance(target, bytes) else str(target)
    form = body.encode() if isinstance(body, str) else body
    action = _AWS_ACTION.search(form[:1000]) if isinstance(form, bytes) else None
    return action[1].decode() if action else ""


def _port(pool: Any) -> str:
    return "" if pool.port in (None, 80, 443) else f":{pool.port}"
