"""`zoomlogs udm`: records in; UDM events, a table of them, or counts of their fields out."""

from __future__ import annotations

import io
import os
import sys
from contextlib import contextmanager
from itertools import islice
from typing import IO, TYPE_CHECKING, Literal

from rich.text import Text

from ..console import console as make_console
from ..console import json_text, leave_output, let_go_of_output
from ..mapping.events import event, line, preview
from ..mapping.rows import LOG_TYPE
from ..printable import printable, visible_json
from ..secops.tenant import read_tenant
from .beside import compare
from .coverage import GLUED, Coverage
from .inputs import find
from .sources import Reading, SourceError, records
from .tables import NARROWEST, ROWS_AT_ONCE, events_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import RenderableType
    from rich.status import Status

    from ..console import SafeConsole
    from ..secops.parser import Parser
    from .sources import Record, Source

Form = Literal["events", "table", "coverage", "coverage-json", "tenant", "tenant-json"]

BAD_LINES = 1
USAGE = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells count it
UPDATE_EVERY = 2000
RECORDS_AT_ONCE = 64  # each step for many records in a row is a seventh faster than all steps for each


def main(names: Sequence[str], form: Form, parser: Parser | None = None) -> int:
    """Show the events of the records behind the names; return the exit status, as docs/udm.md lists them.

    The forms of the tenant take its `parser`.
    """
    out = _output()
    differs = False
    try:
        sources = find(names)
        with _status(form) as status:
            reading = Reading(on_bad_line=lambda *bad: _report(status, *bad))
            if parser:
                differs = _show_beside(_records(sources, reading, status), parser, out, as_json=form == "tenant-json")
            else:
                _show(_records(sources, reading, status), reading, form, out)
            out.flush()
    except SourceError as error:
        _say(str(error))
        return USAGE
    except BrokenPipeError:
        leave_output()
    except KeyboardInterrupt:
        try:
            out.flush()
        except OSError:
            let_go_of_output()
        raise SystemExit(INTERRUPTED) from None
    except OSError as error:  # of writing: failures of reading are reported line by line
        _say(f"The output cannot be written: {error.strerror or error}.")
        let_go_of_output()
        return BAD_LINES
    if reading.bad_lines:
        lines = "1 line has no record" if reading.bad_lines == 1 else f"{reading.bad_lines} lines have no record"
        _say(f"{lines}; {reading.lines} were read.")
        return BAD_LINES
    if not reading.records:
        _say(f"No record is in {' or '.join(map(_named, names))}: there is nothing to preview.")
        return BAD_LINES
    return int(differs)


def parser_of(project: str | None, region: str | None, customer_id: str | None, service_account: str | None) -> Parser:
    """Return the tenant's parser of our log type; raise `CommandError` where it cannot be had."""
    tenant = read_tenant(project, region, customer_id)
    from ..secops.parser import Parser  # here, because Google's library may not be installed
    from ..secops.session import connect

    return Parser(connect(tenant, service_account), LOG_TYPE.raw)


def _named(name: str) -> str:
    return "standard input" if name == "-" else name


def _output() -> IO[bytes]:
    """Return standard output, buffered: a raw one, as of PYTHONUNBUFFERED, may take a part of what is written."""
    out: object = sys.stdout.buffer
    return io.BufferedWriter(out) if isinstance(out, io.RawIOBase) else sys.stdout.buffer


def _records(sources: Iterable[Source], reading: Reading, status: Status | None) -> Iterator[Record]:
    """Yield all records, and show the progress."""
    count = 0
    for source in sources:
        for record in records(source, reading):
            yield record
            count += 1
            if status and count % UPDATE_EVERY == 0:
                status.update(Text(f"{count:,} records, {printable(source.name)}"))


def _show(found: Iterator[Record], reading: Reading, form: Form, out: IO[bytes]) -> None:
    if form == "events":
        at_once = 1 if sys.stdout.isatty() else RECORDS_AT_ONCE
        while some := list(islice(found, at_once)):
            events = [event(record) for record in some]
            lines = b"".join([line(made) for made in events])
            out.write(visible_json(lines.decode()).encode() if at_once == 1 else lines)
            if at_once == 1:
                out.flush()
        return
    console = _console()
    if form == "table":
        first = True
        while rows := [event(record) for record in islice(found, ROWS_AT_ONCE)]:
            _print(out, console, events_table(rows, console.width, first=first))
            first = False
        return
    coverage = Coverage()
    for record in found:
        coverage.add(record, preview(record))
    if reading.glued:
        coverage.notes[GLUED] = reading.glued
    if form == "coverage-json":
        document = coverage.as_json() | {"lines": reading.lines, "bad_lines": reading.bad_lines}
        out.write(json_text(document).encode() + b"\n")
        return
    for table in coverage.tables():
        _print(out, console, table)


def _show_beside(found: Iterator[Record], parser: Parser, out: IO[bytes], *, as_json: bool) -> bool:
    """Show the preview beside the tenant's parser; return whether they differ."""
    comparison = compare(found, parser)
    if as_json:
        document = {"parser": parser.name, "kind": parser.kind, **comparison.as_json()}
        out.write(json_text(document).encode() + b"\n")
    else:
        for table in comparison.tables():
            _print(out, _console(), table)
    return comparison.equal < comparison.records


def _console() -> SafeConsole:
    console = make_console()
    if not console.is_terminal:
        console.width = max(console.width if "COLUMNS" in os.environ else 0, NARROWEST)
    return console


def _print(out: IO[bytes], console: SafeConsole, table: RenderableType) -> None:
    """Print a table where the events go: Rich would end the program by itself when nobody reads on."""
    with console.capture() as captured:
        console.print(table)
    out.write(captured.get().encode(sys.stdout.encoding or "utf-8", "replace"))
    out.flush()


@contextmanager
def _status(form: Form) -> Iterator[Status | None]:
    """Show work going on where nothing else is shown meanwhile: not among events on the same terminal."""
    console = make_console(stderr=True)
    if not console.is_terminal or (sys.stdout.isatty() and not form.startswith(("coverage", "tenant"))):
        yield None
        return
    with console.status("reading …") as status:
        yield status


def _report(status: Status | None, source: str, number: int, reason: str) -> None:
    _say(f"{source}:{number}: {reason}", status)


def _say(sentence: str, status: Status | None = None) -> None:
    """Say it on standard error, clear of the status line."""
    if status:
        status.console.print(printable(sentence), soft_wrap=True)
    else:
        print(printable(sentence), file=sys.stderr)  # noqa: T201
