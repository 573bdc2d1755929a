"""The console prints all visible characters, and no control characters."""

from __future__ import annotations

import io
import json
import sys
from typing import Any
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text
from zoomlogs.console import BROKEN_PIPE, SafeConsole, cell, console, json_text, prepare_streams, print_json, table
from zoomlogs.printable import printable, visible_json

HOSTILE = [
    "\x1b[2J",
    "\x00",
    "\x07",
    "\x7f",
    "\x9b31m",
    "\u00ad",
    "\u034f",
    "\u061c",
    "\u115f",
    "\u1160",
    "\u180e",
    "\u200b",
    "\u200f",
    "\u2028",
    "\u2029",
    "\u202e",
    "\u2066",
    "\u2800",
    "\u3164",
    "\ud800",
    "\ufe0f",
    "\ufeff",
    "\uffa0",
    "\U000e0041",
    "\U000e0100",
]
SEEN = "Zürich 会議室 — ✓ ✗ … e\u0301 😀 ﷽"


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_invisible_characters_are_replaced(text: str) -> None:
    assert printable(text)[0] == "\N{REPLACEMENT CHARACTER}"
    assert json.loads(visible_json(json.dumps(text, ensure_ascii=False))) == text
    assert text[0] not in visible_json(json.dumps(text, ensure_ascii=False))


def test_visible_characters_stay() -> None:
    assert printable(SEEN) == SEEN
    assert printable("a\nb\tc") == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c"
    assert printable("a\nb\tc", keep="\n") == "a\nb\N{REPLACEMENT CHARACTER}c"


@given(st.text(st.characters(exclude_categories=())))
def test_every_unicode_category_is_handled(text: str) -> None:
    assert not {category(char) for char in printable(text)} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert json.loads(visible_json(json.dumps(text, ensure_ascii=False))) == text


def shown(*parts: object, terminal: bool = True, width: int = 60, styled: bool = True) -> str:
    out = io.StringIO()
    made = SafeConsole(file=out, force_terminal=terminal, width=width, no_color=not styled, color_system=None)
    for part in parts:
        made.print(part)
    return out.getvalue()


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_every_console_method_replaces_invisible_characters(text: str) -> None:
    out = io.StringIO()
    made = SafeConsole(file=out, force_terminal=True, color_system=None, width=40)
    grid = table(text, text)
    grid.add_row(text)
    grid.add_row(Text(text))
    grid.add_row(cell(text))
    for part in (text, Text(text), grid):
        made.print(part)
    made.say(text)
    assert text[0] not in out.getvalue()
    assert "\N{REPLACEMENT CHARACTER}" in out.getvalue()


def test_a_sentence_cannot_forge_a_line() -> None:
    out = io.StringIO()
    SafeConsole(file=out).say("Zoom says\n✓ all is well")
    assert out.getvalue().count("\n") == 1


def test_data_is_not_read_as_markup_or_emoji_codes() -> None:
    text = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:zoom [red]x[/red] [/]"
    assert shown(text, width=200).strip() == text
    grid = table("", "a")
    grid.add_row(text)
    assert text in shown(grid, width=200)
    out = io.StringIO()
    with SafeConsole(file=out, force_terminal=True, width=200, color_system=None).status("[/] :secret:"):
        pass
    assert "[/] :secret:" in out.getvalue()


def test_a_long_identifier_is_folded_and_never_cut() -> None:
    key = "AKIA" + "ABCDEFGH" * 6
    grid = table("Keys", "access key", "made")
    grid.add_row(key, "2026-03-10 12:00 UTC")
    text = shown(grid, width=40)
    assert "…" not in text
    folded = "".join(line.split()[0] for line in text.splitlines() if line.strip() and line.split()[0] in key)
    assert folded == key


def test_a_row_of_many_columns_is_a_paragraph_where_its_words_would_break() -> None:
    """A table of `verify`: a mark without a heading, the date, numbers, a total."""
    numbers = ("in Zoom", "in archive", "missing", "repeated", "late")
    grid = table("Dates", "", "date", *numbers, numbers=numbers)
    grid.show_footer = True
    for column, total in zip(grid.columns, ["", "total", "1,200", "1,200", "0", "0", "9"], strict=True):
        column.footer = total
    grid.add_row(cell("✓"), "2026-11-27", "400", "400", "0", "0", "9")
    assert "✓  2026-11-27      400" in shown(grid, width=80)
    assert [line.rstrip() for line in shown(grid, width=40).splitlines()] == [
        "Dates",
        "✓ 2026-11-27: in Zoom 400, in archive",
        "400, missing 0, repeated 0, late 9",
        "total: in Zoom 1,200, in archive 1,200,",
        "missing 0, repeated 0, late 9",
    ]


def test_a_dumb_terminal_has_its_real_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rich takes 80 columns for it."""
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "50")
    terminal = io.StringIO()
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    made = console(file=terminal)
    assert (made.is_dumb_terminal, made.width) == (True, 50)


class GoneReader(io.StringIO):
    """Standard output whose reader has closed it."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError

    def fileno(self) -> int:
        raise OSError


@pytest.mark.parametrize(
    "write",
    [lambda: print_json({}), lambda: console().print("x"), lambda: console().say("x")],
    ids=["json", "table", "line"],
)
def test_a_closed_pipe_ends_the_command_silently(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", GoneReader())
    with pytest.raises(SystemExit) as ended:
        write()
    assert ended.value.code == BROKEN_PIPE


def test_without_a_terminal_nothing_is_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    out = io.StringIO()
    grid = table("", "check", "finding")
    grid.add_row("bucket", "word " * 100)
    console(file=out).print(grid)
    assert sum("word" in line for line in out.getvalue().splitlines()) == 1
    monkeypatch.setenv("COLUMNS", "80")
    out = io.StringIO()
    console(file=out).print(grid)
    assert sum("word" in line for line in out.getvalue().splitlines()) > 1


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_an_encoding_that_lacks_characters_replaces_them(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    prepare_streams()
    console().say("✓ 会議室")
    print_json({"room": "会議室 \ud800"})
    sys.stdout.flush()
    first, _, document = raw.getvalue().decode(encoding).partition("\n")
    assert first == "? ???"
    assert json.loads(document) == {"room": "会議室 \ud800"}


def test_json_means_the_same_and_shows_everything() -> None:
    document = {"a": "".join(HOSTILE), "b": SEEN}
    text = json_text(document)
    assert json.loads(text) == document
    assert "会議室" in text
    assert "\x9b" not in text
    assert "\u202e" not in text
