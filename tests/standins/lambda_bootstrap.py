"""The process inside the local Lambda sandbox: `python -m awslambdaric`, and what that lacks here.

    lambda_bootstrap.py HANDLER TIMEOUT_MS [--now EPOCH_MS] [--loop]

`--now` moves this process's clock, which then ticks on: to EPOCH_MS while the handler is imported, and at each
invocation to that invocation's deadline less the timeout. AWS_LAMBDA_RUNTIME_API has a secret path after the port,
which AWS's client supports for most of its requests. `--loop` replaces AWS's runtime interface client on a platform
that has none, with the same Runtime API. Before the handler only the standard library, `time_machine` and
`awslambdaric` are imported, so a module that the package lacks is missing here as in AWS.
"""

from __future__ import annotations

import argparse
import http.client
import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

RUNTIME_PATH = "/2018-06-01/runtime"

OnDeadline = Callable[[int], None]


def main(arguments: list[str]) -> None:
    """Run the handler for each invocation, forever."""
    parser = argparse.ArgumentParser()
    parser.add_argument("handler")
    parser.add_argument("timeout_ms", type=int)
    parser.add_argument("--now", type=int)
    parser.add_argument("--loop", action="store_true")
    options = parser.parse_args(arguments)
    on_deadline = moving_clock(options.now, options.timeout_ms) if options.now is not None else leave_the_clock
    run = run_loop if options.loop else run_awslambdaric
    run(options.handler, on_deadline)


def leave_the_clock(deadline_ms: int) -> None:
    """Leave the clock unchanged."""


def moving_clock(now_ms: int, timeout_ms: int) -> OnDeadline:
    """Move this process's clock to `now_ms`; return a function that moves it to each invocation's start."""
    import time_machine

    traveller = time_machine.travel(now_ms / 1000, tick=True).start()
    time.time()  # the clock ticks from the first time it is read

    def move(deadline_ms: int) -> None:
        traveller.move_to((deadline_ms - timeout_ms) / 1000)
        time.time()

    return move


def run_awslambdaric(handler: str, on_deadline: OnDeadline) -> None:
    """Run AWS's client, and call `on_deadline` before the handler of each invocation."""
    from awslambdaric.__main__ import main as awslambdaric  # type: ignore[import-untyped,unused-ignore]
    from awslambdaric.lambda_runtime_client import (  # type: ignore[import-untyped,unused-ignore]
        LambdaRuntimeClient,
    )

    wait = LambdaRuntimeClient.wait_next_invocation

    def wait_next_invocation(self: Any) -> Any:
        invocation = wait(self)
        on_deadline(int(invocation.deadline_time_in_ms))
        return invocation

    LambdaRuntimeClient.wait_next_invocation = wait_next_invocation
    call_runtime_api = LambdaRuntimeClient.call_rapid

    def call_rapid(self: Any, method: str, endpoint: str, *arguments: Any, **options: Any) -> Any:
        self.lambda_runtime_address, path = runtime_api()
        return call_runtime_api(self, method, path + endpoint, *arguments, **options)

    LambdaRuntimeClient.call_rapid = call_rapid
    awslambdaric([sys.argv[0], handler])


def runtime_api() -> tuple[str, str]:
    """Return host with port, and path, of the Runtime API."""
    address, slash, path = os.environ["AWS_LAMBDA_RUNTIME_API"].partition("/")
    return address, slash + path


# --- the same without awslambdaric -----------------------------------------------------------------------------------


class Context:
    """The documented part of a Lambda invocation's context object."""

    def __init__(self, request_id: str, function_arn: str, deadline_ms: int) -> None:
        self.aws_request_id = request_id
        self.invoked_function_arn = function_arn
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.client_context = None
        self.identity = None
        self._deadline_ms = deadline_ms

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left before the invocation times out."""
        return max(0, self._deadline_ms - int(time.time() * 1000))


def run_loop(handler: str, on_deadline: OnDeadline) -> None:
    """Import the handler, then fetch invocations and answer them through the Runtime API."""
    try:
        module, _, name = handler.rpartition(".")
        function = getattr(importlib.import_module(module.replace("/", ".")), name)
    except Exception as error:
        call("POST", "/init/error", error_body(error, "Runtime.ImportModuleError"))
        sys.exit(1)
    while True:
        headers, event = call("GET", "/invocation/next")
        request_id, deadline_ms = headers["Lambda-Runtime-Aws-Request-Id"], int(headers["Lambda-Runtime-Deadline-Ms"])
        on_deadline(deadline_ms)
        try:
            context = Context(request_id, headers["Lambda-Runtime-Invoked-Function-Arn"], deadline_ms)
            outcome, body = "response", json.dumps(function(json.loads(event), context))
        except Exception as error:
            outcome, body = "error", error_body(error)
            print(body, flush=True)
        call("POST", f"/invocation/{request_id}/{outcome}", body)


def call(method: str, path: str, body: str | None = None) -> tuple[Any, bytes]:
    """Call the Runtime API; return headers and body."""
    address, prefix = runtime_api()
    connection = http.client.HTTPConnection(address)
    connection.request(method, prefix + RUNTIME_PATH + path, body and body.encode())
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.headers, content


def error_body(error: Exception, kind: str | None = None) -> str:
    """Describe an exception as the Runtime API requires."""
    trace = traceback.format_tb(error.__traceback__)
    return json.dumps({"errorMessage": str(error), "errorType": kind or type(error).__name__, "stackTrace": trace})


if __name__ == "__main__":
    main(sys.argv[1:])
