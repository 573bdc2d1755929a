"""What the one console lets through: everything that is seen, and nothing that a terminal obeys."""

from __future__ import annotations

import io
import json
import sys
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text
from zoomlogs.console import SafeConsole, cell, console, json_text, prepare_streams, print_json, table
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
def test_what_is_not_seen_is_replaced(text: str) -> None:
    assert printable(text)[0] == "\N{REPLACEMENT CHARACTER}"
    assert json.loads(visible_json(json.dumps(text, ensure_ascii=False))) == text
    assert text[0] not in visible_json(json.dumps(text, ensure_ascii=False))


def test_what_is_seen_stays() -> None:
    assert printable(SEEN) == SEEN
    assert printable("a\nb\tc") == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c"
    assert printable("a\nb\tc", keep="\n") == "a\nb\N{REPLACEMENT CHARACTER}c"


@given(st.text(st.characters(exclude_categories=())))
def test_no_category_slips_through(text: str) -> None:
    assert not {category(char) for char in printable(text)} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert json.loads(visible_json(json.dumps(text, ensure_ascii=False))) == text


def shown(*parts: object, terminal: bool = True, width: int = 60, styled: bool = True) -> str:
    out = io.StringIO()
    made = SafeConsole(file=out, force_terminal=terminal, width=width, no_color=not styled, color_system=None)
    for part in parts:
        made.print(part)
    return out.getvalue()


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_way_into_the_console_lets_it_through(text: str) -> None:
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


def test_a_sentence_cannot_make_a_line_of_its_own() -> None:
    out = io.StringIO()
    SafeConsole(file=out).say("Zoom says\n✓ all is well")
    assert out.getvalue().count("\n") == 1


def test_data_is_no_markup_and_no_emoji_code() -> None:
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


def test_nothing_is_wrapped_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
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
