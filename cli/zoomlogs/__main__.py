"""`zoomlogs`: what an operator runs."""

from __future__ import annotations

import signal
import sys
from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from .deployment import InstanceOption, OutputsOption, read_deployment
from .errors import CommandError

INTERRUPTED = 130  # 128 + SIGINT, as shells count it

app = typer.Typer(help=__doc__, no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_show_locals=False)


@app.callback()
def _commands() -> None:
    """Zoom's operation logs into Google SecOps, every record exactly once."""


@app.command()
def demo(
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the world up after the runs, and tell how to poke at it (or KEEP=1).")
    ] = False,
) -> None:
    """Show the whole thing at work on this machine: no AWS, no Zoom, nothing left behind."""
    from . import demo as demonstration

    raise typer.Exit(demonstration.main(keep=keep))


@app.command()
def udm(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE|FOLDER|s3://BUCKET/PREFIX|-]…",
            help="Where the records are, one a line, gzip or not; - or nothing is standard input.",
            show_default=False,
        ),
    ] = None,
    table: Annotated[bool, typer.Option("--table", help="Show the events as a table.")] = False,
    coverage: Annotated[
        bool,
        typer.Option("--coverage", help="Show which share of the records yields each UDM field, and what is left."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Give the coverage as JSON.")] = False,
) -> None:
    """Preview what SecOps will make of records: UDM events, one a line.

    Ends with 0, with 1 if lines held no record, with 2 if a source leads nowhere.
    """
    from .udm import command

    if table and coverage:
        raise typer.BadParameter("choose one of --table and --coverage.")
    if as_json and not coverage:
        raise typer.BadParameter("--json goes with --coverage; events are JSON anyway.")
    if not sources and sys.stdin is not None and sys.stdin.isatty():
        raise typer.BadParameter("name files, folders or s3://bucket/prefix/, or pipe records in.")
    form: command.Form = "table" if table else "events"
    if coverage:
        form = "coverage-json" if as_json else "coverage"
    raise typer.Exit(command.main(sources or ["-"], form))


@app.command()
def status(
    outputs: OutputsOption = None,
    instance: InstanceOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Give one JSON document instead of words.")] = False,
) -> None:
    """Say in words where collecting stands: newest record, dates settled and owed, what is waited for.

    It reads the collector's checkpoint, which a run saves when it ends; times are UTC.

    Example:

        zoomlogs status --json | jq '.owed'

    Ends with 0, with 1 where no checkpoint can be read, with 2 where there is no deployment.
    """
    from .status import command

    raise typer.Exit(command.main(read_deployment(outputs, instance), as_json=as_json))


@app.command()
def verify(
    first: Annotated[
        str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="The first date, by UTC.", show_default=False)
    ] = None,
    last: Annotated[
        str | None,
        typer.Option("--to", metavar="YYYY-MM-DD", help="The last date, by UTC; yesterday if not given."),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page to keep: a calendar, a table, what differs."),
    ] = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Ask the collector for a backfill of the dates that lack records.")
    ] = False,
    outputs: OutputsOption = None,
    instance: InstanceOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Give one JSON document instead of a table.")] = False,
) -> None:
    """Ask Zoom again and compare with the archive, record by record: missing, repeated, late.

    The last seven whole days, if no dates are given. It takes one request of Zoom's daily quota for 300 records, and
    stops while under a quarter of the quota is left. Records of the last half hour are not yet due. The archive is
    read with the versions that a feed has deleted.

    Example:

        zoomlogs verify --from 2026-06-01 --to 2026-06-30 --html june.html

    Ends with 0 where both are equal, with 1 where they differ or a date could not be checked, with 2 where a date is
    wrong or there is no deployment.
    """
    from .verify import command

    deployment = read_deployment(outputs, instance)
    raise typer.Exit(command.main(deployment, first, last, as_json=as_json, html=html, repair=repair))


def main() -> None:
    """Run the command line; Ctrl-C and a polite kill end it in an orderly way."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        status = app(standalone_mode=False)  # the status that the command ended with
    except typer.Abort:
        Console(stderr=True).print("Interrupted.")
        status = INTERRUPTED
    except CommandError as error:
        Console(stderr=True, soft_wrap=True, highlight=False, emoji=False).print(str(error), markup=False)
        status = error.status
    except Exception as error:
        if not (hasattr(error, "show") and hasattr(error, "exit_code")):
            raise
        error.show()  # a wrong command line, in click's words
        status = error.exit_code
    sys.exit(status)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
