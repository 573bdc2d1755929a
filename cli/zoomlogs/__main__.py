"""`zoomlogs`: what an operator runs."""

from __future__ import annotations

import signal
import sys
from pathlib import Path  # noqa: TC003  Typer reads the annotation
from typing import Annotated, NoReturn

import typer
from rich.console import Console

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
def adopt(
    function: Annotated[str, typer.Option(metavar="NAME", help="The Lambda function.")] = "zoom_operationlogs_to_s3",
    schedule: Annotated[
        str, typer.Option(metavar="NAME", help="Its schedule, in the group default.")
    ] = "zoom-operationlogs-schedule-15min",
    secret: Annotated[
        str, typer.Option(metavar="NAME", help="The secret to make for the credentials.")
    ] = "zoom-operationlogs-credentials",  # noqa: S107  its name
    region: Annotated[
        str | None, typer.Option(help="Where they are, if not in your profile's region.", show_default=False)
    ] = None,
    variables: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the variables of the example there.", show_default=False),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say the steps, and take none.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Give the report as JSON.")] = False,
) -> None:
    """Prepare a set-up made by hand after the written guide, so that Terraform can take it over.

    Switches its schedule off, moves Zoom's credentials from the function's
    variables into a secret, and waits until a run under way is over. Run it
    again whatever interrupted it. Then go on in examples/adopt-console-setup,
    whose README says the rest. An example, run in that folder:

    zoomlogs adopt --variables adopt.auto.tfvars.json

    Ends with 0, with 1 if AWS refuses something, with 2 if you must change something first.
    """
    from .adopt import command
    from .adopt.move import Names

    names = Names(function=function, schedule=schedule, secret=secret)
    raise typer.Exit(command.main(names, region, dry_run=dry_run, as_json=as_json, variables=variables))


def main() -> None:
    """Run the command line; Ctrl-C and a polite kill end it in an orderly way."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        status = app(standalone_mode=False)  # the status that the command ended with
    except typer.Abort:
        Console(stderr=True).print("Interrupted.")
        status = INTERRUPTED
    except CommandError as error:
        Console(stderr=True, soft_wrap=True, highlight=False).print(str(error), markup=False)
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
