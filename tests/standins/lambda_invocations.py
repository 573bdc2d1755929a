"""`lambda.invoke` on the stand-in for AWS: runs the deployed function in the stand-in for Lambda."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from standins.lambda_runtime import Invocation, LambdaRuntime, under_its_role

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from standins.aws import AwsStandIn


class LocalFunctions:
    """The sandboxes of the account's functions; each works under its function's role, and logs into its log group.

    A sandbox is used again while the function stays as it is; invocations at once have one each.
    """

    def __init__(self, aws: AwsStandIn, folder: Path) -> None:
        """Take the stand-in that the functions call, and a folder for their packages."""
        self._aws = aws
        self._folder = folder
        self._lock = threading.Lock()
        self._made: list[LambdaRuntime] = []
        self._idle: defaultdict[str, list[LambdaRuntime]] = defaultdict(list)

    def invoke(self, function: Any, body: str | bytes, kind: str, headers: dict[str, str]) -> bytes:
        """Invoke moto's `function` and return the answer's body; set the answer's headers.

        `kind` is RequestResponse, Event or DryRun; raise ValueError for any other.
        """
        event = (body if isinstance(body, str) else body.decode()) or "{}"
        if kind == "DryRun":
            return b""
        if kind == "Event":
            threading.Thread(target=self._run, args=(function, event), daemon=True).start()
            return b""
        if kind != "RequestResponse":
            raise ValueError(f"There is no invocation type {kind}.")
        invocation = self._run(function, event)
        headers["x-amzn-requestid"] = invocation.request_id
        headers["X-Amz-Executed-Version"] = "$LATEST"
        if not invocation.ok:
            headers["X-Amz-Function-Error"] = "Unhandled"
        return json.dumps(invocation.result if invocation.ok else invocation.error).encode()

    def _run(self, function: Any, event: str) -> Invocation:
        with self._sandbox(function) as runtime:
            return runtime.invoke(event)

    @contextlib.contextmanager
    def _sandbox(self, function: Any) -> Iterator[LambdaRuntime]:
        configuration = json.dumps(function.get_configuration(), sort_keys=True, default=str)
        name = hashlib.sha256(configuration.encode()).hexdigest()
        with self._lock:
            runtime = self._idle[name].pop() if self._idle[name] else None
        runtime = runtime or self._make(function, name)
        yield runtime
        with self._lock:
            self._idle[name].append(runtime)

    def _make(self, function: Any, name: str) -> LambdaRuntime:
        package = self._folder / f"{name}.zip"
        package.write_bytes(function.code_bytes)
        made = under_its_role(self._aws, function.function_name, package, keeps_logs=True)
        with self._lock:
            self._made.append(made)
        return made

    def close(self) -> None:
        """End the sandboxes, those in use too."""
        with self._lock:
            for runtime in self._made:
                runtime.close()
