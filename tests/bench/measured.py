"""One measured run in a separate process, which imports only what runs in Lambda.

    python tests/bench/measured.py collector '[{}, {"action": "backfill", "from": "2026-03-10", "to": "2026-03-10"}]'
    python tests/bench/measured.py yardstick '["2026-03-10"]'
    python tests/bench/measured.py requests '["2026-03-10"]'
    python tests/bench/measured.py imports '["zoom_operationlogs.handler"]'

The first two do the events or read the days, one after the other, and print the figures of the last as a line of JSON;
the other two read the days or import the modules, and print the figures of all: `cpu` and `wall` in seconds;
`peak_bytes` of the whole process, including imports; `written`, `pages`, `s3` (requests); `log_bytes` that the handler
printed; `file` of the last imported module.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

LAMBDA_SECONDS = 900.0


class Context:
    """Lambda's context for the handler."""

    function_name = "zoom_operationlogs_to_s3"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:zoom_operationlogs_to_s3"

    def __init__(self) -> None:
        self.aws_request_id = str(uuid4())
        self._ends = time.monotonic() + LAMBDA_SECONDS

    def get_remaining_time_in_millis(self) -> int:
        return int((self._ends - time.monotonic()) * 1000)


def peak_bytes() -> int:
    """Return the peak memory of this process.

    On Linux `ru_maxrss` starts with the parent's value at the fork (getrusage(2)); the high-water mark of
    /proc/self/status (proc(5)) is this program's own.
    """
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def collector(events: list[Any]) -> dict[str, Any]:
    """Run the real handler, with its boto3 and requests."""
    import aws_lambda_powertools.utilities.parameters
    import boto3
    import requests  # noqa: F401
    from zoom_operationlogs import clients, handler

    del aws_lambda_powertools, boto3
    requests_to_s3 = _counting(clients.s3())
    said = io.StringIO()

    def run(event: Any) -> dict[str, Any]:
        with contextlib.redirect_stdout(said):
            result: dict[str, Any] = handler.lambda_handler(event, Context())  # type: ignore[arg-type]
        return result

    for event in events[:-1]:
        run(event)
    requests_to_s3.clear()
    handler.logger.handlers[0].setStream(said)  # type: ignore[attr-defined]
    said.truncate(0)
    report = _timed(lambda: run(events[-1]))
    logged = said.getvalue()
    return {**report, "s3": len(requests_to_s3), "log_bytes": len(logged.encode())}


def yardstick(days: list[str]) -> dict[str, Any]:
    """Run the guide's loop as if each of the days were today."""
    from urllib.request import urlopen

    import boto3

    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from bench.yardstick import Yardstick

    s3 = boto3.client("s3")
    requests_to_s3 = _counting(s3)
    bucket = os.environ["S3_BUCKET"]
    pages = 0

    def open_url(request: Any) -> bytes:
        nonlocal pages
        pages += "/report/" in request.full_url
        with urlopen(request, timeout=30) as answer:
            body: bytes = answer.read()
        return body

    def read_state(key: str) -> bytes:
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def put_state(key: str, body: bytes) -> None:
        s3.put_object(Bucket=bucket, Key=key, Body=body)

    loop = Yardstick(
        os.environ["ZOOM_OAUTH_URL"],
        os.environ["ZOOM_API_URL"],
        os.environ["ZOOM_ACCOUNT_ID"],
        os.environ["ZOOM_CLIENT_ID"],
        os.environ["ZOOM_CLIENT_SECRET"],
        open_url,
        read_state,
        lambda key, body: s3.upload_fileobj(io.BytesIO(body), bucket, key),
        put_state,
    )
    put_state("zoom/operationlogs/state.json", b"{}")

    def run(day: str) -> dict[str, Any]:
        nonlocal pages
        pages = 0
        requests_to_s3.clear()
        written = loop.run(datetime.fromisoformat(day))
        return {"written": written, "pages": pages}

    for day in days[:-1]:
        run(day)
    return {**_timed(lambda: run(days[-1])), "s3": len(requests_to_s3)}


def imports(modules: list[str]) -> dict[str, Any]:
    """Import the modules; `file` is that of the last."""
    from importlib import import_module

    def import_all() -> dict[str, Any]:
        for module in modules:
            import_module(module)
        return {}

    return {**_timed(import_all), "file": sys.modules[modules[-1]].__file__}


def requests_alone(days: list[str]) -> dict[str, Any]:
    """Read the days with `requests` alone, a lower bound for any collector that uses it."""
    import requests

    http = requests.Session()
    account = os.environ["ZOOM_ACCOUNT_ID"], os.environ["ZOOM_CLIENT_ID"], os.environ["ZOOM_CLIENT_SECRET"]
    form = {"grant_type": "account_credentials", "account_id": account[0]}
    token = http.post(os.environ["ZOOM_OAUTH_URL"], data=form, auth=account[1:], timeout=30).json()["access_token"]
    http.headers["Authorization"] = f"Bearer {token}"
    url = f"{os.environ['ZOOM_API_URL']}/report/operationlogs"

    def run() -> dict[str, Any]:
        pages = 0
        for day in days:
            query = {"from": day, "to": day, "page_size": "300"}
            while True:
                pages += 1
                query["next_page_token"] = http.get(url, params=query, timeout=30).json()["next_page_token"]
                if not query["next_page_token"]:
                    break
        return {"pages": pages}

    return _timed(run)


def _counting(client: Any) -> list[str]:
    """Return a list that collects each request of the client."""
    sent: list[str] = []

    def note(**about: Any) -> None:
        sent.append(str(about["request"].method))

    client.meta.events.register("before-send.s3", note)
    return sent


def _timed(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    counts: dict[str, Any] = {name: result[name] for name in ("written", "pages") if name in result}
    return {"cpu": cpu, "wall": wall, "peak_bytes": peak_bytes(), **counts}


if __name__ == "__main__":
    what: dict[str, Callable[[list[Any]], dict[str, Any]]] = {
        "collector": collector,
        "yardstick": yardstick,
        "requests": requests_alone,
        "imports": imports,
    }
    print(json.dumps(what[sys.argv[1]](json.loads(sys.argv[2]))))
