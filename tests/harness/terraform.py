"""The real Terraform, run as a person runs it.

A `Terraform` runs commands in one folder and reads Terraform's machine-readable output: a caller can show progress, and
an error is the sentence that Terraform printed.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

MINIMUM_VERSION = (1, 11)
INIT_SECONDS = 600.0
STOP_SECONDS = 20.0

_MINIMUM = ".".join(map(str, MINIMUM_VERSION))
_FOREIGN = re.compile(r"TF_(CLI_ARGS|VAR_|LOG|DATA_DIR$|WORKSPACE$|INPUT$|REATTACH_PROVIDERS$)")

Say = Callable[[str], None]


class TerraformError(Exception):
    """Terraform failed; the message is for the user."""


@dataclass(frozen=True)
class Progress:
    """One step of an apply or destroy.

    `planned`: `count` resources are about to be created, changed or destroyed. The others are about the resource at
    `address`, for which `action` (create, update, delete, read …) has taken `seconds` so far.
    """

    state: Literal["planned", "started", "running", "complete", "failed"]
    address: str = ""
    action: str = ""
    seconds: float = 0.0
    count: int = 0


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class Changes:
    """How many resources a plan will change, or an apply changed."""

    add: int = 0
    change: int = 0
    destroy: int = 0


@dataclass(frozen=True)
class Plan:
    """A plan: whether anything will change, outputs included, the action for each address, drift, and warnings."""

    changed: bool
    changes: Changes
    actions: dict[str, str]
    drift: dict[str, str]
    warnings: list[str]


@dataclass(frozen=True)
class TestReport:
    """The results of `terraform test`, by "file: run": the status (pass, fail, error, skip) and the errors."""

    __test__ = False  # pytest collects classes that begin with Test

    runs: dict[str, str]
    errors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def passed(self) -> int:
        """How many runs passed."""
        return sum(status == "pass" for status in self.runs.values())


@dataclass
class _Output:
    """What a command printed: its JSON messages, and the other lines."""

    code: int = 0
    messages: list[dict[str, Any]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)

    def of_type(self, *types: str) -> Iterator[dict[str, Any]]:
        return (message for message in self.messages if message.get("type") in types)

    def diagnostics(self, severity: str) -> list[str]:
        found = (message.get("diagnostic", {}) for message in self.of_type("diagnostic"))
        return [describe(one) for one in found if one.get("severity") == severity]


class Terraform:
    """Terraform commands in one folder.

    `env` is the whole environment of the commands; `say` gets the lines for the user. After Ctrl-C, a timeout or an
    exception of a callback, the running command is stopped in an orderly way before the exception is raised.
    """

    def __init__(
        self, workdir: Path, env: Mapping[str, str], say: Say | None = None, *, binary: str = "terraform"
    ) -> None:
        self.workdir = workdir
        self.env = scrubbed(env)
        self.say = say or (lambda _: None)
        self.binary = binary

    def version(self) -> tuple[str, str]:
        """Return Terraform's version and its name of this platform, such as `linux_amd64`."""
        document = self._document("version")
        return document["terraform_version"], document["platform"]

    def init(self, *, timeout: float = INIT_SECONDS) -> None:
        """Install modules and providers. Raises TerraformError, also after `timeout` seconds."""
        self._json("init", "-input=false", timeout=timeout)

    def validate(self) -> list[str]:
        """Validate the configuration and return its warnings. Raises TerraformError with the errors."""
        report = self._document("validate", accept=(0, 1))
        found = report.get("diagnostics", [])
        if not report.get("valid"):
            raise TerraformError("\n".join(describe(one) for one in found if one["severity"] == "error"))
        return [describe(one) for one in found]

    def fmt_check(self) -> list[str]:
        """Return the files under the folder that `terraform fmt` would change."""
        output = self._run(["fmt", "-check", "-recursive"])
        if output.code not in (0, 3):
            raise TerraformError(_failure("fmt", output))
        return output.text

    def plan(
        self,
        variables: Mapping[str, object] | None = None,
        *,
        destroy: bool = False,
        refresh: bool = True,
        out: Path | None = None,
        on_progress: OnProgress | None = None,
    ) -> Plan:
        """Plan, into the file `out` if given; without `refresh`, from the state only. Raises TerraformError."""
        options = [
            *(["-destroy"] if destroy else []),
            *([] if refresh else ["-refresh=false"]),
            *([f"-out={out}"] if out else []),
        ]
        output = self._json(
            "plan",
            "-input=false",
            "-detailed-exitcode",
            *options,
            variables=variables,
            accept=(0, 2),
            on_progress=on_progress,
        )
        return Plan(
            changed=output.code == 2,
            changes=_changes(output),
            actions=_actions(output, "planned_change"),
            drift=_actions(output, "resource_drift"),
            warnings=output.diagnostics("warning"),
        )

    def apply(
        self,
        variables: Mapping[str, object] | None = None,
        *,
        plan: Path | None = None,
        on_progress: OnProgress | None = None,
    ) -> Changes:
        """Apply, or apply a saved plan. Raises TerraformError."""
        target = [str(plan)] if plan else []
        output = self._json(
            "apply", "-input=false", "-auto-approve", *target, variables=variables, on_progress=on_progress
        )
        return _changes(output)

    def destroy(
        self, variables: Mapping[str, object] | None = None, *, on_progress: OnProgress | None = None
    ) -> Changes:
        """Destroy everything in the state. Raises TerraformError."""
        output = self._json(
            "apply", "-destroy", "-input=false", "-auto-approve", variables=variables, on_progress=on_progress
        )
        return _changes(output)

    def output(self) -> dict[str, Any]:
        """Return the outputs by name, sensitive ones included."""
        return {name: output["value"] for name, output in self._document("output").items()}

    def show_json(self, plan: Path | None = None) -> dict[str, Any]:
        """Return the state, or a saved plan, as `terraform show -json` prints it."""
        return self._document("show", *([str(plan)] if plan else []))

    def state_list(self) -> list[str]:
        """Return the addresses in the state; an empty state is no error."""
        root = self.show_json().get("values", {}).get("root_module", {})
        return sorted(resource["address"] for module in _modules(root) for resource in module.get("resources", []))

    def test(self, *filters: str, folder: str = "tests", failures: Literal["raise", "report"] = "raise") -> TestReport:
        """Run `terraform test`, all files or those given. Raises TerraformError with each failure, or reports it."""
        options = [f"-test-directory={folder}", *(f"-filter={name}" for name in filters)]
        output = self._json("test", *options, accept=(0, 1))
        report = TestReport(
            {
                f"{run['test_run']['path']}: {run['test_run']['run']}": run["test_run"]["status"]
                for run in output.of_type("test_run")
                if run["test_run"].get("progress") in (None, "complete")
            }
        )
        for message in output.of_type("diagnostic"):
            if message["diagnostic"]["severity"] == "error":
                name = f"{message.get('@testfile', '')}: {message.get('@testrun', '')}"
                report.errors.setdefault(name, []).append(describe(message["diagnostic"]))
        if failures == "report" and report.runs:
            return report
        bad = [f"{name}: {status}" for name, status in report.runs.items() if status not in ("pass", "skip")]
        if output.code:
            raise TerraformError("\n".join([*bad, *output.diagnostics("error")]) or _failure("test", output))
        return report

    def _json(
        self,
        command: str,
        *arguments: str,
        variables: Mapping[str, object] | None = None,
        accept: Sequence[int] = (0,),
        timeout: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> _Output:
        output = self._run([command, "-json", *arguments], variables or {}, timeout, on_progress)
        if output.code not in accept:
            raise TerraformError(_failure(command, output))
        return output

    def _document(self, command: str, *arguments: str, accept: Sequence[int] = (0,)) -> dict[str, Any]:
        """Run a command that prints one JSON document, after possible warnings, and return the document."""
        output = self._run([command, "-json", *arguments])
        printed = "\n".join(output.text)
        try:
            start = re.search(r"^\{", printed, re.MULTILINE)
            document = json.JSONDecoder().raw_decode(printed, start.start())[0] if start else output.messages[0]
        except (ValueError, IndexError):
            document = None
        if output.code not in accept or not isinstance(document, dict):
            raise TerraformError(_failure(command, output))
        return document

    def _run(
        self,
        arguments: Sequence[str],
        variables: Mapping[str, object] | None = None,
        timeout: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> _Output:
        """Run one command to its end, reading its output line by line."""
        output = _Output()
        try:
            process = subprocess.Popen(
                [self.binary, *arguments, *(["-no-color"] if arguments[0] != "fmt" else [])],
                cwd=self.workdir,
                env=self.env | variable_environ(variables or {}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                start_new_session=True,  # Ctrl-C reaches only this process, which passes it on once
            )
        except FileNotFoundError:
            raise TerraformError(missing_terraform(self.binary)) from None
        with _stopped_at_the_end(process), _time_limit(process, timeout) as timed_out:
            for line in process.stdout or ():
                _take(line, output, on_progress)
            output.code = process.wait()
        if timed_out.is_set():
            raise TerraformError(
                f"terraform {arguments[0]} took longer than {timeout:.0f} s and was stopped: "
                "check the network, the proxy and the provider's source."
            )
        return output


# --- what Terraform prints -----------------------------------------------------------------------------------


def describe(diagnostic: Mapping[str, Any]) -> str:
    """Return a diagnostic as one line: summary, detail and place."""
    summary, detail = diagnostic.get("summary", "").rstrip("."), " ".join(diagnostic.get("detail", "").split())
    detail = re.sub(r" This was checked by the validation rule at \S+$", "", detail)
    place = diagnostic.get("address") or ""
    if not place and (where := diagnostic.get("range")):
        place = f"{where['filename']}:{where['start']['line']}"
    return (f"{summary}: {detail}" if detail else summary) + (f" ({place})" if place else "")


def progress_of(message: Mapping[str, Any]) -> Progress | None:
    """Return the step in a message of Terraform's machine-readable UI, or None if it has none.

    Source: Terraform's "Machine-readable UI" reference.
    """
    kind, hook, changes = message.get("type"), message.get("hook", {}), message.get("changes", {})
    if kind == "change_summary" and changes.get("operation") == "plan":
        return Progress("planned", count=changes.get("add", 0) + changes.get("change", 0) + changes.get("remove", 0))
    states: dict[Any, Literal["started", "running", "complete", "failed"]] = {
        "apply_start": "started",
        "apply_progress": "running",
        "apply_complete": "complete",
        "apply_errored": "failed",
    }
    if kind not in states:
        return None
    seconds = float(hook.get("elapsed_seconds") or 0)
    return Progress(states[kind], hook["resource"]["addr"], hook.get("action", ""), seconds)


def _take(line: str, output: _Output, on_progress: OnProgress | None) -> None:
    """Add a line to the output: as a message if it is JSON, else as text."""
    try:
        message = json.loads(line) if line.startswith("{") else None
    except ValueError:
        message = None
    if not isinstance(message, dict):
        output.text.append(line.rstrip("\n"))
        return
    output.messages.append(message)
    if on_progress and (step := progress_of(message)):
        on_progress(step)


def _changes(output: _Output) -> Changes:
    """Return the last summary: that of the apply, if there is one, else that of the plan."""
    summaries = [message["changes"] for message in output.of_type("change_summary")]
    last = summaries[-1] if summaries else {}
    return Changes(last.get("add", 0), last.get("change", 0), last.get("remove", 0))


def _actions(output: _Output, kind: str) -> dict[str, str]:
    changes = [message["change"] for message in output.of_type(kind)]
    return {change["resource"]["addr"]: change["action"] for change in changes}


def _modules(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield module
    for child in module.get("child_modules", []):
        yield from _modules(child)


def _failure(command: str, output: _Output) -> str:
    """Return why a command failed: its errors, else the last lines that it printed."""
    errors = output.diagnostics("error") or [line for line in output.text if line.strip()][-5:]
    return "\n".join(dict.fromkeys(errors)) or f"terraform {command} failed with exit status {output.code}."


# --- the process and its environment ---------------------------------------------------------------------------------


def scrubbed(environ: Mapping[str, str]) -> dict[str, str]:
    """Remove the TF_* variables that would change the commands, and turn off Terraform's version check."""
    kept = {name: value for name, value in environ.items() if not _FOREIGN.match(name)}
    return kept | {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}


def variable_environ(variables: Mapping[str, object]) -> dict[str, str]:
    """Return input variables as environment variables, which other users of the machine cannot read.

    Text is passed unchanged, anything else as JSON, which Terraform reads as an expression.
    """
    return {
        f"TF_VAR_{name}": value if isinstance(value, str) else json.dumps(value) for name, value in variables.items()
    }


@contextmanager
def _stopped_at_the_end(process: subprocess.Popen[str]) -> Iterator[None]:
    """Stop Terraform and its providers when the caller is interrupted."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.communicate(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                _kill(process)
                process.wait()
        if process.stdout is not None:
            process.stdout.close()


@contextmanager
def _time_limit(process: subprocess.Popen[str], seconds: float | None) -> Iterator[threading.Event]:
    """Kill the process after `seconds`; the event is set if that happened."""
    over = threading.Event()

    def stop() -> None:
        over.set()
        _kill(process)

    timer = threading.Timer(seconds, stop) if seconds is not None else None
    if timer:
        timer.start()
    try:
        yield over
    finally:
        if timer:
            timer.cancel()


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill Terraform and the providers it started, which are in its session."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (AttributeError, ProcessLookupError, PermissionError):
        process.kill()


def missing_terraform(binary: str = "terraform") -> str:
    """Return the error message for a missing Terraform."""
    where = "https://developer.hashicorp.com/terraform/install"
    return f"{binary} was not found: install Terraform {_MINIMUM} or newer, see {where}."


def terraform_platform(env: Mapping[str, str], *, binary: str = "terraform") -> str:
    """Check that Terraform is installed and new enough; return its name of the platform, such as `linux_amd64`.

    Raises TerraformError with one sentence when it is missing or too old.
    """
    version, platform = Terraform(Path(), {**env, "TF_CLI_CONFIG_FILE": os.devnull}, binary=binary).version()
    if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < MINIMUM_VERSION:
        raise TerraformError(f"Terraform {version} is too old: this module needs {_MINIMUM} or newer.")
    return platform
