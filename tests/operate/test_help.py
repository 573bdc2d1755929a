"""`zoomlogs` itself: its help, its version, and completion in the shells."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import commands
import pytest

COMMANDS = {"doctor", "logs", "run", "reconcile", "backfill", "adopt", "udm"}


def zoomlogs(*arguments: str, **environ: str) -> str:
    ran = commands.zoomlogs(*arguments, environ=commands.neutral(COLUMNS="100", **environ))
    assert (ran.status, ran.err) == (0, "")
    return ran.out


def test_help_groups_the_commands() -> None:
    text = zoomlogs("--help")
    groups = [line.strip("╭─╮ ") for line in text.splitlines() if line.startswith("╭")]
    assert groups == ["Options", "See that it works", "Start runs", "Set up", "Google SecOps"]
    listed = {line.split()[1] for line in text.splitlines() if line.startswith("│ ") and line[2].isalpha()}
    assert listed >= COMMANDS
    assert 'output "zoom_operation_logs" { value = module.zoom_operation_logs }' in text


def test_the_help_of_a_command_shows_what_it_was_written() -> None:
    text = zoomlogs("doctor", "--help")
    assert "  zoomlogs doctor" in text
    assert "Exit status: 0" in text
    assert "--json" in text


def test_version() -> None:
    assert zoomlogs("--version") == f"zoomlogs {version('terraform-aws-zoom-operation-logs')}\n"


@pytest.mark.slow
def test_bash_completes() -> None:
    """As bash asks it: by the function that --install-completion writes into ~/.bash_completions."""
    program = (
        'eval "$(zoomlogs --show-completion bash)"; COMP_WORDS=(zoomlogs ba); COMP_CWORD=1;'
        ' _zoomlogs_completion zoomlogs; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    environ = commands.neutral(PATH=f"{commands.SCRIPT.parent}{os.pathsep}{os.environ['PATH']}")
    ended = subprocess.run(["bash", "-c", program], env=environ, capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["backfill"]


@pytest.mark.parametrize(
    ("words", "completion"),
    [("zoomlogs ba", "backfill"), ("zoomlogs backfill --f", "--from"), ("zoomlogs logs --la", "--last")],
)
def test_bash_is_answered(words: str, completion: str) -> None:
    at = str(words.count(" "))
    assert zoomlogs(_ZOOMLOGS_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=at).split() == [completion]


# Typer takes the shell that it is started from; with this it takes the one that it is told.
ANY_SHELL = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
# What the functions that Typer gives zsh and fish ask, and what these shells are answered.
ASKS = {
    "zsh": ({"_ZOOMLOGS_COMPLETE": "complete_zsh"}, """_arguments '*: :(("{}":"{}"))'"""),
    "fish": ({"_ZOOMLOGS_COMPLETE": "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}, "{}\t{}"),
}


@pytest.mark.parametrize("shell", ASKS)
def test_zsh_and_fish_are_answered(shell: str) -> None:
    """Without these shells: the question is the one that the function put into them asks."""
    asks, answer = ASKS[shell]
    function = zoomlogs("--show-completion", shell, **ANY_SHELL)
    assert all(f"{name}={value}" in function for name, value in asks.items())
    assert "_TYPER_COMPLETE_ARGS=" in function
    for words, completion, says in [
        ("zoomlogs ba", "backfill", "Read dates again, up to six months back;..."),
        ("zoomlogs logs --la", "--last", "How many runs."),
    ]:
        answered = zoomlogs(**asks, _TYPER_COMPLETE_ARGS=words)
        assert answered.rstrip("\n") == answer.format(completion, says)


def test_completion_installs(tmp_path: Path) -> None:
    assert "bash completion installed" in zoomlogs("--install-completion", "bash", HOME=str(tmp_path), **ANY_SHELL)
    assert "_zoomlogs_completion" in (tmp_path / ".bash_completions" / "zoomlogs.sh").read_text()
    assert "zoomlogs.sh" in (tmp_path / ".bashrc").read_text()


def test_udm_of_files_imports_nothing_of_aws() -> None:
    program = "import sys, zoomlogs.udm.command; print([name for name in ('boto3', 'requests') if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


def test_help_imports_nothing_that_only_commands_need() -> None:
    """Each of these takes longer to import than all the rest."""
    program = (
        "import sys; sys.argv = ['zoomlogs', '--help']\n"
        "from zoomlogs.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = 'boto3', 'botocore', 'requests', 'google', 'zoom_operationlogs'\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "[]"
