"""The stand-in for Lambda: runs the package that Terraform deployed, as it was deployed, on this machine.

with LambdaRuntime(aws, "collector", package=Path("lambda/dist/collector.zip")) as runtime:
    runtime.invoke({}, now=datetime(2026, 3, 1, 12, tzinfo=UTC)).result

Handler, environment, timeout, memory and log settings are read from the deployed function. The sandbox is a process
of AWS's own runtime interface client; this side serves it the Runtime API.
Sources: Lambda developer guide, "Using the Lambda runtime API for custom runtimes" and "Defined runtime environment
variables".
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import queue
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import ClientError

from standins import lambda_bootstrap
from standins.aws import Keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from standins.aws import AwsStandIn

INIT_SECONDS = 60  # AWS allows 10; a busy laptop may need longer to import the package
INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "SYSTEMROOT")
RUNTIME_DISTRIBUTIONS = ("boto3", "awslambdaric", "time-machine")
"""What the sandbox has in addition to the package: the modules of AWS's runtime, and the clock of the tests."""


@dataclass(frozen=True)
class Invocation:
    """The outcome of one invocation.

    `result` is the handler's return value, None unless `ok`; `error` has at least `errorType` and `errorMessage`,
    with AWS's names for a timeout (`Sandbox.Timedout`) or a dead process (`Runtime.ExitError`); `logs` are the lines
    printed meanwhile; `duration_s` is real time without the cold start; `cold` says whether a process was started.
    """

    ok: bool
    result: Any
    error: dict[str, Any]
    logs: list[str]
    duration_s: float
    timed_out: bool
    cold: bool
    request_id: str


@dataclass(frozen=True)
class ScheduledTarget:
    """A schedule that Terraform created; `period_s` is None for a cron or one-time expression."""

    function_name: str
    payload: str
    expression: str
    period_s: int | None
    enabled: bool


def scheduled_target(aws: AwsStandIn, schedule_name: str, group: str = "default") -> ScheduledTarget:
    """Read a schedule from the stand-in: callers run exactly what was deployed."""
    schedule = aws.client("scheduler").get_schedule(Name=schedule_name, GroupName=group)
    expression, target = schedule["ScheduleExpression"], schedule["Target"]
    function_name = re.sub(r"^arn:[^:]+:lambda:[^:]+:\d+:function:", "", target["Arn"])
    enabled = schedule.get("State", "ENABLED") == "ENABLED"
    return ScheduledTarget(function_name, target.get("Input") or "{}", expression, period_seconds(expression), enabled)


def period_seconds(expression: str) -> int | None:
    """Read the period of a `rate(…)` expression, in seconds; None for any other."""
    match = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression)
    return int(match[1]) * {"minute": 60, "hour": 3600, "day": 86400}[match[2]] if match else None


class LambdaRuntime:
    """One sandbox of a deployed function: first cold, then warm, and cold again after a timeout or crash.

    Concurrent invocations need one LambdaRuntime each.
    """

    def __init__(
        self,
        aws: AwsStandIn,
        function_name: str,
        package: Path,
        *,
        credentials: Mapping[str, str] | None = None,
        awslambdaric: bool | None = None,
        keeps_logs: bool = False,
    ) -> None:
        """Read the function's configuration from `aws`; `package` is the zip that was deployed.

        `credentials` are the AWS_* variables of the sandbox (the stand-in's own by default); `awslambdaric` says
        whether to use AWS's client (wherever it is installed by default); `keeps_logs` whether the log lines go to the
        log group too, at the machine's time and with the sandbox's rights, as Lambda sends them.
        Raises ValueError when `package` is not what is deployed.
        """
        self.function_name = function_name
        self.package = package
        self.configuration: dict[str, Any] = aws.client("lambda").get_function_configuration(FunctionName=function_name)
        digest = base64.b64encode(hashlib.sha256(package.read_bytes()).digest()).decode()
        if digest != self.configuration["CodeSha256"]:
            raise ValueError(f"{package} is not the package of {function_name}: apply again, then run it.")
        self.timeout_s = int(self.configuration["Timeout"])
        self._credentials = dict(aws.credentials() if credentials is None else credentials)
        installed = importlib.util.find_spec("awslambdaric") is not None
        self._awslambdaric = installed if awslambdaric is None else awslambdaric
        self._folder = Path(tempfile.mkdtemp(prefix="lambda-standin-"))
        self.task_root = self._folder / "task"
        with zipfile.ZipFile(package) as archive:
            archive.extractall(self.task_root)
        self._site = runtime_site(self._folder / "runtime")
        self._logs: Any = aws.client("logs", keys_in(self._credentials)) if keeps_logs else None
        self._sandbox: _Sandbox | None = None

    @property
    def kind(self) -> str:
        """Describe in one sentence what runs the package."""
        if self._awslambdaric:
            version = importlib.metadata.version("awslambdaric")
            return f"The package runs in AWS's own runtime interface client (awslambdaric {version})."
        return (
            "The package runs in a small Python loop that speaks the Lambda Runtime API, because AWS's own client "
            "(awslambdaric) has no build for this platform."
        )

    def invoke(
        self, payload: Mapping[str, Any] | str, now: datetime | None = None, *, kill_after: float | None = None
    ) -> Invocation:
        """Invoke the function and wait for the outcome.

        `payload` is the event, or its JSON text. With `now` (aware) the sandbox's clock begins there and ticks on;
        without it, the sandbox has the machine's clock. `kill_after` kills the process after so many
        seconds of real time, as a crash would.
        """
        moved = now is not None
        if self._sandbox is not None and (self._sandbox.moved != moved or not self._sandbox.alive):
            self.kill()
        cold = self._sandbox is None
        start_ms = int((now.timestamp() if now is not None else time.time()) * 1000)
        sandbox = self._sandbox or self._start(start_ms if moved else None)
        self._sandbox = sandbox
        event = _Event(
            request_id=str(uuid.uuid4()),
            body=payload if isinstance(payload, str) else json.dumps(payload),
            deadline_ms=start_ms + self.timeout_s * 1000 if moved else None,
            timeout_s=self.timeout_s,
            function_arn=self.configuration["FunctionArn"],
        )
        with self._kept_logs(sandbox) as log:
            outcome = sandbox.run(event, kill_after)
            duration_s = time.monotonic() - event.begun if event.begun else 0.0
            log.ended = system_lines(self.configuration, event.request_id, outcome.kind, duration_s)
        if outcome.kind not in ("response", "error"):
            self.kill()
        content = json.loads(outcome.body)
        ok = outcome.kind == "response"
        return Invocation(
            ok=ok,
            result=content if ok else None,
            error={} if ok else content,
            logs=sandbox.new_log_lines(),
            duration_s=duration_s,
            timed_out=outcome.kind == "timeout",
            cold=cold,
            request_id=event.request_id,
        )

    @contextlib.contextmanager
    def _kept_logs(self, sandbox: _Sandbox) -> Iterator[_LogSender]:
        """Send the log lines to the log group as they are printed."""
        sender = _LogSender(self._logs, log_group(self.configuration), sandbox)
        if self._logs is None:
            yield sender
            return
        thread = threading.Thread(target=sender.send_until_closed, daemon=True)
        thread.start()
        try:
            yield sender
        finally:
            sender.closed.set()
            thread.join()

    def kill(self) -> None:
        """Kill the process, if there is one; the next invocation starts cold.

        May be called from another thread while one runs: that one then ends as `Runtime.ExitError`.
        """
        sandbox, self._sandbox = self._sandbox, None
        if sandbox is not None:
            sandbox.close()

    def close(self) -> None:
        """Kill the process and remove the unpacked package."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self, now_ms: int | None) -> _Sandbox:
        handler = self.configuration["Handler"]
        command = [sys.executable, "-S", "-P", "-u", lambda_bootstrap.__file__, handler, str(self.timeout_s * 1000)]
        command += [*(["--now", str(now_ms)] if now_ms is not None else [])]
        command += [*([] if self._awslambdaric else ["--loop"])]
        log = self._folder / f"{uuid.uuid4()}.log"
        return _Sandbox(command, self.environ(), self.task_root, log, moved=now_ms is not None)

    def environ(self) -> dict[str, str]:
        """Return the environment of the sandbox, as in AWS, with nothing else of this process's environment."""
        configuration, logging = self.configuration, self.configuration.get("LoggingConfig", {})
        name, region = self.function_name, self._credentials.get("AWS_REGION", "us-east-1")
        log_format = logging.get("LogFormat", "Text").upper()
        return {
            "LANG": "C.UTF-8",
            **{variable: os.environ[variable] for variable in INHERITED if variable in os.environ},
            **configuration.get("Environment", {}).get("Variables", {}),
            **self._credentials,
            "AWS_DEFAULT_REGION": region,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{configuration['Runtime']}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration["MemorySize"]),
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_FORMAT": "TEXT" if log_format == "TEXT" else "JSON",
            **({"AWS_LAMBDA_LOG_LEVEL": logging.get("ApplicationLogLevel", "INFO")} if log_format == "JSON" else {}),
            "AWS_LAMBDA_LOG_GROUP_NAME": log_group(configuration),
            "AWS_LAMBDA_LOG_STREAM_NAME": f"[$LATEST]{uuid.uuid4().hex}",
            "AWS_REGION": region,
            "LAMBDA_RUNTIME_DIR": str(self._site),
            "LAMBDA_TASK_ROOT": str(self.task_root),
            "PYTHONPATH": os.pathsep.join([str(self.task_root), str(self._site)]),
            "TZ": ":UTC",
            "_HANDLER": configuration["Handler"],
        }


def under_its_role(aws: AwsStandIn, function_name: str, package: Path, *, keeps_logs: bool = False) -> LambdaRuntime:
    """Create a sandbox of a deployed function with a session of the function's role.

    Raises PermissionError if the role does not trust Lambda, ValueError as LambdaRuntime does.
    """
    configuration = aws.client("lambda").get_function_configuration(FunctionName=function_name)
    keys = aws.service_session(
        "lambda.amazonaws.com",
        configuration["Role"].rpartition("/")[2],
        function_name,
        carries={"lambda:SourceFunctionArn": configuration["FunctionArn"]},
    )
    return LambdaRuntime(aws, function_name, package, credentials=aws.credentials(keys), keeps_logs=keeps_logs)


def log_group(configuration: Mapping[str, Any]) -> str:
    """Return the name of a function's log group."""
    name = configuration.get("LoggingConfig", {}).get("LogGroup")
    return str(name or f"/aws/lambda/{configuration['FunctionName']}")


def keys_in(credentials: Mapping[str, str]) -> Keys:
    """Return the keys in AWS_* variables."""
    return Keys(
        credentials["AWS_ACCESS_KEY_ID"], credentials["AWS_SECRET_ACCESS_KEY"], credentials.get("AWS_SESSION_TOKEN")
    )


def system_lines(configuration: Mapping[str, Any], request_id: str, kind: str, duration_s: float) -> list[str]:
    """Write Lambda's own log event at the end of an invocation, by the function's log format and system log level.

    A success is an INFO event and a failure a WARN event, so that with the module's level WARN a good run leaves none
    (Lambda developer guide, "Log-level filtering", "System log level event mapping"). Text logs are not written: the
    module sets JSON.
    """
    settings = configuration.get("LoggingConfig", {})
    status = {"response": "success", "error": "error", "timeout": "timeout"}.get(kind, "failure")
    quiet = status == "success" and settings.get("SystemLogLevel", "INFO") == "WARN"
    if settings.get("LogFormat") != "JSON" or quiet:
        return []
    metrics = {"durationMs": round(duration_s * 1000, 3), "memorySizeMB": configuration["MemorySize"]}
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    record = {"requestId": request_id, "metrics": metrics, "status": status}
    return [json.dumps({"time": now, "type": "platform.report", "record": record})]


def runtime_site(folder: Path) -> Path:
    """Link into `folder` only the modules that AWS's Python runtime has installed.

    A dependency that the package lacks is then missing here too, and the checkout's collector, installed in the same
    environment, cannot be imported instead of the deployed one.
    """
    folder.mkdir(parents=True)
    wanted, seen = list(RUNTIME_DISTRIBUTIONS), set()
    while wanted:
        name = re.sub(r"[-_.]+", "-", wanted.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # not for this platform
        wanted += [
            re.split(r"[^\w.-]", requirement)[0]
            for requirement in distribution.requires or []
            if not re.search(r";.*\bextra\b", requirement)
        ]
        for top in {file.parts[0] for file in distribution.files or []} - {"..", "__pycache__"}:
            with contextlib.suppress(FileExistsError):
                (folder / top).symlink_to(Path(str(distribution.locate_file(top))))
    return folder


# --- one process and the Runtime API it talks to ---------------------------------------------------------------------


@dataclass
class _Event:
    """A pending invocation; `deadline_ms` is None with the real clock, when the time counts from the fetch."""

    request_id: str
    body: str
    deadline_ms: int | None
    timeout_s: int
    function_arn: str
    begun: float = 0.0


@dataclass(frozen=True)
class _Outcome:
    """How it ended: `response`, `error`, `init` (an error before the first invocation), `timeout` or `exit`."""

    kind: str
    body: str


@dataclass
class _Exchange:
    """The state that the HTTP threads and the invoker share."""

    events: queue.SimpleQueue[_Event | None] = field(default_factory=queue.SimpleQueue)
    outcomes: queue.SimpleQueue[_Outcome | None] = field(default_factory=queue.SimpleQueue)
    fetched: threading.Event = field(default_factory=threading.Event)


class _Sandbox:
    """One process, its Runtime API server and its log, from cold start to end.

    Each process has its own server, so a request of a killed process can never take another's invocation. Its address
    begins with a secret path, so no other user of this machine can take or answer an invocation.
    """

    def __init__(self, command: list[str], environ: dict[str, str], cwd: Path, log: Path, *, moved: bool) -> None:
        self.moved = moved
        self._exchange = _Exchange()
        exchange = self._exchange
        secret = secrets.token_hex(20)
        handler = type("Handler", (_RuntimeApi,), {"exchange": exchange, "secret": secret})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self._log = log
        self._log_offset = 0
        self.log_stream = environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.sent_offset = 0
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                cwd=cwd,
                env=environ | {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_port}/{secret}"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the invoker
            )
        threading.Thread(target=self._watch, daemon=True).start()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def _watch(self) -> None:
        """Notify the invoker when the process ends."""
        self._process.wait()
        self._exchange.outcomes.put(None)

    def run(self, event: _Event, kill_after: float | None) -> _Outcome:
        """Pass an invocation on and wait for its outcome, at most its timeout after the fetch."""
        self._exchange.fetched.clear()
        self._exchange.events.put(event)
        killer: threading.Timer | None = None
        try:
            outcome = self._outcome_or_fetched(event)
            if outcome is not None:
                return outcome
            if kill_after is not None:
                killer = threading.Timer(kill_after, self._kill)
                killer.start()
            left = event.begun + event.timeout_s - time.monotonic()
            return self._outcome(event, max(0.0, left))
        finally:
            if killer is not None:
                killer.cancel()

    def _outcome_or_fetched(self, event: _Event) -> _Outcome | None:
        """Wait for the end of the cold start: None when the invocation was fetched, else why it will not be."""
        deadline = time.monotonic() + INIT_SECONDS
        while time.monotonic() < deadline:
            if self._exchange.fetched.wait(0.02):
                return None
            with contextlib.suppress(queue.Empty):
                return self._exchange.outcomes.get_nowait() or self._exited(event)
        return _Outcome("timeout", _error("Sandbox.Timedout", f"The handler was not imported in {INIT_SECONDS} s."))

    def _outcome(self, event: _Event, seconds: float) -> _Outcome:
        try:
            return self._exchange.outcomes.get(timeout=seconds) or self._exited(event)
        except queue.Empty:
            message = f"RequestId: {event.request_id} Error: Task timed out after {event.timeout_s:.2f} seconds"
            return _Outcome("timeout", _error("Sandbox.Timedout", message))

    def _exited(self, event: _Event) -> _Outcome:
        status = self._process.returncode
        how = f"signal: {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
        message = f"RequestId: {event.request_id} Error: Runtime exited with error: {how}"
        return _Outcome("exit", _error("Runtime.ExitError", message))

    def new_log_lines(self) -> list[str]:
        """Read the lines printed since the last time."""
        text = self.printed(self._log_offset)
        self._log_offset += len(text)
        return text.decode("utf-8", "replace").splitlines()

    def printed(self, offset: int) -> bytes:
        """Read the output from an offset in bytes."""
        with self._log.open("rb") as file:
            file.seek(offset)
            return file.read()

    def _kill(self) -> None:
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (AttributeError, ProcessLookupError, PermissionError):
            self._process.kill()

    def close(self) -> None:
        """End the process and its server."""
        self._kill()
        self._process.wait()
        self._exchange.events.put(None)
        self._server.shutdown()
        self._server.server_close()


class _LogSender:
    """Sends a sandbox's output to the log group, one event a line; ignores missing permissions."""

    EVERY_SECONDS = 0.2

    def __init__(self, logs: Any, group: str, sandbox: _Sandbox) -> None:
        self.ended: list[str] = []
        self.closed = threading.Event()
        self._logs = logs
        self._stream = {"logGroupName": group, "logStreamName": sandbox.log_stream}
        self._sandbox = sandbox

    def send_until_closed(self) -> None:
        with contextlib.suppress(ClientError):
            with contextlib.suppress(self._logs.exceptions.ResourceAlreadyExistsException):
                self._logs.create_log_stream(**self._stream)
            while not self.closed.wait(self.EVERY_SECONDS):
                self._send(self._new_lines())
            self._send([*self._new_lines(), *self.ended])

    def _new_lines(self) -> list[str]:
        whole, _, _ = self._sandbox.printed(self._sandbox.sent_offset).rpartition(b"\n")
        self._sandbox.sent_offset += len(whole) + 1 if whole else 0
        return whole.decode("utf-8", "replace").split("\n") if whole else []

    def _send(self, lines: list[str]) -> None:
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line} for line in lines if line]
        if events:
            self._logs.put_log_events(**self._stream, logEvents=events)


def _error(kind: str, message: str) -> str:
    return json.dumps({"errorType": kind, "errorMessage": message})


class _RuntimeApi(BaseHTTPRequestHandler):
    """The Runtime API: next invocation, response, error, error while starting."""

    exchange: _Exchange
    secret: str
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Return the next invocation when there is one."""
        if not self._is_of_the_sandbox():
            return
        event = self.exchange.events.get()
        if event is None:
            self.close_connection = True
            return
        event.begun = time.monotonic()
        deadline_ms = (
            event.deadline_ms if event.deadline_ms is not None else int((time.time() + event.timeout_s) * 1000)
        )
        self._answer(
            200,
            event.body.encode(),
            {
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": event.request_id,
                "Lambda-Runtime-Deadline-Ms": str(deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": event.function_arn,
                "Lambda-Runtime-Trace-Id": f"Root=1-{int(time.time()):08x}-{event.request_id.replace('-', '')[:24]}",
            },
        )
        self.exchange.fetched.set()

    def do_POST(self) -> None:
        """Receive the outcome of an invocation, or of the start."""
        if not self._is_of_the_sandbox():
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        kind = "init" if self.path.endswith("/init/error") else self.path.rpartition("/")[2]
        self._answer(202, b"", {})
        self.exchange.outcomes.put(_Outcome(kind, body))

    def _is_of_the_sandbox(self) -> bool:
        """Return whether a request has the secret path of the sandbox; answer it if not."""
        given = self.path.removeprefix("/").partition("/")[0]
        if secrets.compare_digest(given.encode(), self.secret.encode()):
            return True
        self.close_connection = True
        self._answer(403, b"", {})
        return False

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Do not log requests to the caller's output."""
