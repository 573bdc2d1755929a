"""Every `zoomlogs …` command on the pages is valid."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from zoomlogs.__main__ import app

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted(
    str(file.relative_to(REPOSITORY))
    for pattern in ("README.md", "docs/*.md", "examples/*/README.md")
    for file in REPOSITORY.glob(pattern)
)
SHELLS = ("sh", "bash", "console", "shell")
PARTS = re.compile(r"\|\||&&|[|;]")  # of a pipeline
INTO_A_FILE = re.compile(r" 2?>>? ?\S+")
TO_THE_SHELL = {"--install-completion", "--show-completion"}  # act during parsing
COMMAND = re.compile(r"^(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?zoomlogs(?= |$)")


def parse(words: list[str]) -> None:
    """Parse a command line as `zoomlogs` does, without running it; raise its errors."""
    name, command, context = "zoomlogs", get_command(app), None
    known = {option for parameter in command.params for option in parameter.opts}
    words = [word for word in words if word not in TO_THE_SHELL & known]
    while words:
        try:
            context = command.make_context(name, words, parent=context)
        except Exception as ended:
            if type(ended).__name__ == "Exit":  # --help and --version act during parsing
                return
            raise
        if not hasattr(command, "resolve_command"):
            return
        rest = [*context._protected_args, *context.args]
        if not rest:
            return
        name, command, words = command.resolve_command(context, rest)


def fault(words: list[str], *, whole: bool) -> str:
    """Return the error of a command line; one in a sentence, not `whole`, may lack arguments."""
    try:
        parse(words)
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        if type(error).__name__ == "MissingParameter" and not whole:
            return ""
        return str(error.format_message())
    return ""


def command_lines(text: str) -> Iterator[tuple[list[str], bool]]:
    """Yield the words after `zoomlogs`, and whether the line is in a block."""
    blocks = re.compile(r"(?ms)^ *```(\w*)\n(.*?)^ *```")
    for language, block in blocks.findall(text):
        if language in SHELLS:
            for line in block.replace("\\\n", " ").splitlines():
                yield from ((words, True) for words in of_line(line.strip()))
    for code in re.findall(r"`([^`]+)`", blocks.sub("", text)):
        yield from ((words, False) for words in of_line(" ".join(code.split()).replace("\\|", "|")))


def of_line(line: str) -> Iterator[list[str]]:
    for part in PARTS.split(INTO_A_FILE.sub("", line)):
        if (begins := COMMAND.match(part.strip())) and "COMMAND" not in part:
            yield shlex.split(part.strip()[begins.end() :], comments=True)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_line_of_a_page_is_valid(page: str) -> None:
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    wrong = {" ".join(words): said for words, whole in command_lines(text) if (said := fault(words, whole=whole))}
    assert wrong == {}


def test_the_pages_are_read() -> None:
    """Otherwise a page could pass because none of its lines is found."""
    found: dict[str, list[Any]] = {
        page: list(command_lines((REPOSITORY / page).read_text(encoding="utf-8"))) for page in PAGES
    }
    assert len(found["docs/operations.md"]) > 20
    assert (["zoom-secret", "put"], True) in found["docs/operations.md"]
    assert (["verify", "--json"], True) in found["docs/verify.md"]
    assert sum(map(len, found.values())) > 80


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("zoomlogs doctor --jsn", "--jsn"),
        ("zoomlogs docter", "docter"),
        ("zoomlogs feed stats", "stats"),
        ("zoomlogs backfill --from 2026-06-01", "--to"),
        ("zoomlogs logs --last many", "--last"),
        ("terraform output -json | zoomlogs status --output -", "--output"),
        ("zoomlogs run --wait; zoomlogs reader-key rotate --finished", "--finished"),
        ("zoomlogs status here", "here"),
    ],
)
def test_a_wrong_command_line_is_noticed(line: str, says: str) -> None:
    faults = [fault(words, whole=whole) for words, whole in command_lines(f"```sh\n{line}\n```\n")]
    assert says in " ".join(faults)
