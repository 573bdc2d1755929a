"""`zoomlogs` in this process: the `main` of the console script, with its own environment, streams and status.

A process takes a second for its imports. Tests of signals, broken pipes, terminals and imports start one;
tests/operate/test_console_script.py also proves that both print the same.
"""

from __future__ import annotations

import io
import json
import os
import re
import signal
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import json_fields
from standins.aws import scrubbed
from zoomlogs.__main__ import FAULT, main

SCRIPT = Path(sys.executable).with_name("zoomlogs")

# Variables of the tests' user that would change what `zoomlogs` reads or prints.
_PERSONAL = re.compile(
    r"ZOOMLOGS_|_?TYPER_|TTY_|GOOGLE_|(COLUMNS|LINES|TERMINAL_WIDTH|NO_COLOR|FORCE_COLOR|PY_COLORS|GITHUB_ACTIONS)$"
)


@dataclass(frozen=True)
class Ran:
    """A command's exit status and output."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def neutral(**more: str) -> dict[str, str]:
    """Return this process's environment without personal settings and AWS credentials, 80 columns wide."""
    return {
        **{name: value for name, value in scrubbed(os.environ).items() if not _PERSONAL.match(name)},
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "COLUMNS": "80",
        **more,
    }


def zoomlogs(
    *arguments: object,
    environ: Mapping[str, str] | None = None,
    stdin: str | bytes = "",
    terminal: bool = False,
    screen: bool = False,
    encoding: str = "utf-8",
    folder: Path | None = None,
) -> Ran:
    """Run `zoomlogs` as its console script does, without side effects in this process.

    `environ` is its whole environment, by default `neutral()`; `terminal` makes standard input a terminal, `screen` the
    other two, which have the `encoding`. A warning that Python would print to a user is raised, and a command that ends
    with an internal error fails.
    """
    typed = _Stream(stdin.encode() if isinstance(stdin, str) else stdin, terminal=terminal)
    out = _Stream(terminal=screen, encoding=encoding)
    err = _Stream(errors="backslashreplace", terminal=screen, encoding=encoding)
    with (
        patch.dict(os.environ, neutral() if environ is None else environ, clear=True),
        patch.object(sys, "argv", [str(SCRIPT), *map(str, arguments)]),
        patch.object(sys, "stdin", typed),
        patch("boto3.DEFAULT_SESSION", None),  # it caches the credentials of the first command
        patch("typer.rich_utils.FORCE_TERMINAL", None),  # taken from the environment when it is imported
        chdir(folder or Path.cwd()),
        redirect_stdout(out),
        redirect_stderr(err),
        _signals_kept(),
        _warnings_raised(),
    ):
        status = _status()
    ran = Ran(status, out.text(), err.text())
    assert FAULT not in ran.err, ran.err
    _hold_to_the_page(list(map(str, arguments)), ran)
    return ran


def _hold_to_the_page(arguments: list[str], ran: Ran) -> None:
    """Fail if a command prints JSON that docs/cli-json.md does not describe."""
    command = json_fields.command_of(arguments)
    if command and "--json" in arguments and ran.status in (0, 1) and ran.out:
        found = json_fields.faults(command, ran.json)
        assert not found, f"docs/cli-json.md and `zoomlogs {' '.join(arguments)}`: {'; '.join(dict.fromkeys(found))}"


def _status() -> int:
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


class _Stream(io.TextIOWrapper):
    """A standard stream in memory."""

    def __init__(
        self, content: bytes = b"", *, errors: str = "strict", terminal: bool = False, encoding: str = "utf-8"
    ) -> None:
        self._bytes = io.BytesIO(content)
        self._terminal = terminal
        super().__init__(self._bytes, encoding=encoding, errors=errors)

    def isatty(self) -> bool:
        return self._terminal

    def text(self) -> str:
        self.flush()
        return self._bytes.getvalue().decode(self.encoding)


@contextmanager
def _signals_kept() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _warnings_raised() -> Iterator[None]:
    """Raise the warnings that Python shows by default."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for hidden in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
            warnings.simplefilter("ignore", hidden)
        yield
