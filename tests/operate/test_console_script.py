"""What only a process shows: that the console script is installed, says what `main` says, and imports little."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Any

import commands
import pytest
from zoomlogs.__main__ import INTERRUPTED

pytestmark = pytest.mark.slow  # most start a process

MODULE = [sys.executable, "-m", "zoomlogs"]
HEAVY = {"boto3", "botocore", "google", "requests"}


@pytest.mark.parametrize(
    ("command", "arguments", "stdin", "status"),
    [
        ([commands.SCRIPT], ["--version"], "", 0),
        ([commands.SCRIPT], ["backfill", "--from", "2026-01-02"], "", 2),
        ([commands.SCRIPT], ["doctor", "--outputs", "-"], "no JSON", 2),
        (MODULE, ["udm", "--table", "-"], 'oops\n{"action": "会議室"}\n', 1),
    ],
)
def test_a_process_says_what_main_says_here(command: list[Any], arguments: list[str], stdin: str, status: int) -> None:
    """The other tests of commands call `main`."""
    options: dict[str, Any] = {"input": stdin, "env": commands.neutral(), "capture_output": True, "text": True}
    process = subprocess.run([*command, *arguments], check=False, **options)
    assert process.returncode == status
    assert commands.zoomlogs(*arguments, stdin=stdin) == commands.Ran(status, process.stdout, process.stderr)


def test_help_and_a_preview_import_nothing_heavy() -> None:
    program = f"""
import sys
from zoomlogs.__main__ import INTERRUPTED, main
for arguments in (["--help"], ["verify", "--help"], ["udm", "-"]):
    sys.argv = ["zoomlogs", *arguments]
    try:
        main()
    except SystemExit as ended:
        assert not ended.code or arguments[0] == "udm"  # there is no record
print({HEAVY} & set(sys.modules), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", program], input="", capture_output=True, text=True, check=True)
    assert done.stderr == "No record is in standard input: there is nothing to preview.\nset()\n"


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "kill"])
def test_an_interrupted_command_ends_without_a_traceback(by: signal.Signals, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoomlogs.deployment._document", lambda *_: signal.raise_signal(by))
    ran = commands.zoomlogs("status")
    assert (ran.status, ran.out) == (INTERRUPTED, "")
    assert ran.err in ("", "Interrupted.\n")  # Typer's versions differ
