"""`lambda.invoke` on the stand-in for AWS: runs the deployed function in the stand-in for Lambda."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import threading
import zipfile
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from standins.lambda_runtime import Invocation, LambdaRuntime, under_its_role

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from standins.aws import AwsStandIn

CLOSE_SECONDS = 10
LOADS_CODE = ("LD_", "DYLD_", "PYTHON", "OPENSSL_", "GCONV_", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")


class LocalFunctions:
    """The sandboxes of the account's functions; each has its function's role and log group.

    A sandbox is reused while the function is unchanged; concurrent invocations have one each.
    """

    def __init__(self, aws: AwsStandIn, folder: Path, packages: Collection[str]) -> None:
        """Take the stand-in that the functions call, a folder for their packages, and the SHA-256 of those allowed."""
        self._aws = aws
        self._folder = folder
        self._packages = packages
        self._lock = threading.Lock()
        self._made: list[LambdaRuntime] = []
        self._idle: defaultdict[str, list[LambdaRuntime]] = defaultdict(list)
        self._events: list[threading.Thread] = []

    def invoke(self, function: Any, body: str | bytes, kind: str, headers: dict[str, str]) -> bytes:
        """Invoke moto's `function` and return the answer's body; set the answer's headers.

        `kind` is RequestResponse, Event or DryRun; raise ValueError for any other.
        """
        event = (body if isinstance(body, str) else body.decode()) or "{}"
        if kind == "DryRun":
            return b""
        if kind == "Event":
            thread = threading.Thread(target=self._run, args=(function, event), daemon=True)
            self._events = [one for one in self._events if one.is_alive()] + [thread]
            thread.start()
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
            if runtime in self._made:  # and was not ended meanwhile
                self._idle[name].append(runtime)

    def _make(self, function: Any, name: str) -> LambdaRuntime:
        content: bytes = function.code_bytes
        if hashlib.sha256(content).hexdigest() not in self._packages:
            raise PermissionError(f"The package of {function.function_name} was not registered.")
        package = self._folder / f"{name}.zip"
        package.write_bytes(content)
        made = under_its_role(self._aws, function.function_name, package, keeps_logs=True)
        try:
            check_allowed(made.configuration, content)
        except PermissionError:
            made.close()
            package.unlink()
            raise
        with self._lock:
            self._made.append(made)
        return made

    def close(self) -> None:
        """End all sandboxes, also those in use, and wait for their asynchronous invocations."""
        with self._lock:
            ended, self._made = self._made, []
            self._idle.clear()
        for runtime in ended:
            runtime.close()
            runtime.package.unlink(missing_ok=True)
        for thread in self._events:
            thread.join(CLOSE_SECONDS)


def check_allowed(configuration: Mapping[str, Any], package: bytes) -> None:
    """Raise PermissionError if a configuration would run anything but the package.

    The handler must be in the package: another one (such as `cProfile.run`) would run any code in the event. No
    variable may make Python or the linker load other code. This checks the sandbox's own configuration, because the
    invoked function may be another version, or have its name in another region.
    """
    handler = str(configuration["Handler"])
    module = handler.rpartition(".")[0].replace(".", "/")
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        if not {f"{module}.py", f"{module}/__init__.py"} & {*archive.namelist()}:
            raise PermissionError(f"The handler {handler} is not in the package.")
    for name in configuration.get("Environment", {}).get("Variables", {}):
        if name.startswith(LOADS_CODE):
            raise PermissionError(f"The variable {name} could load other code than the package's.")
