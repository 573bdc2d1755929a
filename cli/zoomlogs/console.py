"""How every command writes to standard output and standard error.

What a command prints may come from Zoom, AWS or a log, so nothing in it is markup, an emoji code or a control character
to the terminal. A line is wrapped on a terminal only. An identifier is folded and never cut.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from .printable import printable, visible_json

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from rich.console import ConsoleOptions, RenderableType
    from rich.status import Status
    from rich.style import StyleType

UNBOUNDED = 100_000
"""The width of what is no terminal: no line is wrapped. COLUMNS sets another."""


class SafeConsole(Console):
    """Rich's console, in which text is text: no markup, no emoji codes, no highlighting, no control characters."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Replace control characters before the width is measured, so that tables keep their form."""
        return super().render_str(printable(text, keep="\n"), **{**options, "markup": False, "emoji": False})

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Replace what is left in objects that were made without `render_str`; control codes of Rich's own stay."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(printable(segment.text, keep="\n"), segment.style)

    def say(self, sentence: str, style: StyleType = "") -> None:
        """Print a sentence on a line of its own; a terminal wraps it, so that it can be copied whole."""
        self.print(printable(sentence), style=style, soft_wrap=True)

    def status(self, status: RenderableType, **options: Any) -> Status:
        """Show that work goes on. A string is no markup here either."""
        return super().status(Text(printable(status)) if isinstance(status, str) else status, **options)


def console(*, stderr: bool = False, file: IO[str] | None = None) -> SafeConsole:
    """Return a console for standard output or standard error, or for a file."""
    made = SafeConsole(stderr=stderr, file=file, highlight=False, markup=False, emoji=False)
    if not made.is_terminal and not os.environ.get("COLUMNS", "").isdigit():
        made.width = UNBOUNDED
    return made


def table(title: str = "", *columns: str, numbers: Collection[str] = (), header: bool = True) -> Table:
    """Return a table in the style of all commands: long words are folded, and `numbers` stand at the right."""
    made = Table(
        title=cell(title, "bold") if title else None,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_header=header,
        show_edge=False,
        pad_edge=False,
        collapse_padding=True,
    )
    for column in columns:
        made.add_column(column, overflow="fold", justify="right" if column in numbers else "left")
    return made


def cell(text: str, style: StyleType = "") -> Text:
    """Return text for a table, with a style."""
    return Text(printable(text), style=style, overflow="fold")


def print_json(document: Any) -> None:
    """Print one JSON document on standard output; it means the same on a terminal, in a file and in any encoding."""
    sys.stdout.write(json_text(document) + "\n")
    sys.stdout.flush()


def json_text(document: Any) -> str:
    """Return JSON for standard output: what cannot be shown, or not encoded, is escaped."""
    text = json.dumps(document, ensure_ascii=not _is_utf8(sys.stdout), indent=2)
    return visible_json(text)


def prepare_streams() -> None:
    """Let standard output and standard error replace what their encoding lacks, as on Windows or with LANG=C."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not _is_utf8(stream):
            with suppress(AttributeError, ValueError):  # a stream that is no TextIOWrapper
                stream.reconfigure(errors="replace")  # type: ignore[union-attr]


def _is_utf8(stream: IO[str]) -> bool:
    return (getattr(stream, "encoding", None) or "").lower().replace("_", "-") in ("utf-8", "utf8")
