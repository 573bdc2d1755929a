"""How every command writes to standard output and standard error.

Output may come from Zoom, AWS or a log, so nothing in it is markup, an emoji code or a control character for the
terminal. Lines are wrapped only on a terminal. Identifiers are folded, never cut.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, NoReturn

from rich import box
from rich.console import Console, ConsoleDimensions
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from .printable import printable, visible_json

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from rich.console import ConsoleOptions, RenderableType, RenderResult
    from rich.status import Status
    from rich.style import StyleType

UNBOUNDED = 100_000
"""The width without a terminal: no line is wrapped. COLUMNS overrides it."""
MOST_FOLDED = 4
"""A table with more columns becomes a paragraph per row in a narrow terminal."""
BROKEN_PIPE = 141  # 128 + SIGPIPE, as shells count it


class SafeConsole(Console):
    """Rich's console, in which text is text: no markup, no emoji codes, no highlighting, no control characters."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Replace control characters before the width is measured, to keep tables aligned."""
        return super().render_str(printable(text, keep="\n"), **{**options, "markup": False, "emoji": False})

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Replace the rest, in objects made without `render_str`; Rich's own control codes stay."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(printable(segment.text, keep="\n"), segment.style)

    def on_broken_pipe(self) -> None:
        """End silently, with the status that shells give."""
        leave_output()

    def say(self, sentence: str, style: StyleType = "") -> None:
        """Print a sentence; only the terminal wraps it, so it can be copied whole."""
        self.print(printable(sentence), style=style, soft_wrap=True)

    def status(self, status: RenderableType, **options: Any) -> Status:
        """Show a spinner with text, never markup."""
        return super().status(Text(printable(status)) if isinstance(status, str) else status, **options)


def console(*, stderr: bool = False, file: IO[str] | None = None) -> SafeConsole:
    """Return a console for standard output or standard error, or for a file."""
    made = SafeConsole(stderr=stderr, file=file, highlight=False, markup=False, emoji=False)
    if made.is_dumb_terminal:  # Rich assumes 80 columns
        made.size = ConsoleDimensions(*shutil.get_terminal_size())
    if not made.is_terminal and not os.environ.get("COLUMNS", "").isdigit():
        made.width = UNBOUNDED
    return made


class FoldingTable(Table):
    """A table that becomes a paragraph per row if many columns would break words."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render the table, or its rows."""
        least = self.__rich_measure__(console, options.update_width(UNBOUNDED)).minimum
        if len(self.columns) <= MOST_FOLDED or least <= options.max_width:
            yield from super().__rich_console__(console, options)
            return
        if self.title:
            yield self.title
        rows = [*zip(*(column.cells for column in self.columns), strict=True)]
        if self.show_footer:
            rows.append(tuple(column.footer for column in self.columns))
        for row in rows:
            yield self._paragraph([each if isinstance(each, Text) else cell(str(each)) for each in row])

    def _paragraph(self, row: Sequence[Text]) -> Text:
        """Return a row as text: its title, from the first or (after a mark) the second column, then its values."""
        first = 1 if self.columns[0].header else 2
        values = [
            Text.assemble(f"{column.header} ", value)
            for column, value in zip(self.columns[first:], row[first:], strict=True)
            if value
        ]
        return Text.assemble(Text(" ").join(each for each in row[:first] if each), ": ", Text(", ").join(values))


def table(title: str = "", *columns: str, numbers: Collection[str] = (), header: bool = True) -> Table:
    """Return a table in the style of all commands; the columns in `numbers` are right-aligned."""
    made = FoldingTable(
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
    """Return styled text for a table."""
    return Text(printable(text), style=style, overflow="fold")


def print_json(document: Any, indent: int | None = 2) -> None:
    """Print one JSON document on standard output, with the same meaning in any encoding."""
    print_text(json_text(document, indent))


def json_text(document: Any, indent: int | None = 2) -> str:
    """Return JSON for standard output; hidden and unencodable characters are escaped."""
    return visible_json(json.dumps(document, ensure_ascii=not _is_utf8(sys.stdout), indent=indent))


def leave_output() -> NoReturn:
    """End the command because its output was closed, as after `| head -1`."""
    let_go_of_output()
    raise SystemExit(BROKEN_PIPE) from None


def let_go_of_output() -> None:
    """Discard buffered output, which Python would otherwise try to write at exit."""
    with suppress(OSError, ValueError):  # a stream in memory has no descriptor
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_text(text: str) -> None:
    """Print trusted text unchanged, and a line end."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        leave_output()


def prepare_streams() -> None:
    """Replace characters that the encoding lacks, as on Windows or with LANG=C."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not _is_utf8(stream):
            with suppress(AttributeError, ValueError):  # not a TextIOWrapper
                stream.reconfigure(errors="replace")  # type: ignore[union-attr]


def _is_utf8(stream: IO[str]) -> bool:
    return (getattr(stream, "encoding", None) or "").lower().replace("_", "-") in ("utf-8", "utf8")
