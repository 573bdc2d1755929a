"""`zoomlogs`: what an operator runs."""

from __future__ import annotations

import signal
import sys
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from .deployment import InstanceOption, OutputsOption  # noqa: TC001 - Typer reads the types as it runs
from .errors import CommandError
from .feed.app import app as feed
from .reader_key.app import app as reader_key

INTERRUPTED = 130  # 128 + SIGINT, as shells count it

app = typer.Typer(help=__doc__, no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_show_locals=False)
zoom_secret = typer.Typer(help="The secret with Zoom's credentials.", no_args_is_help=True)
app.add_typer(feed, name="feed")
app.add_typer(reader_key, name="reader-key")
app.add_typer(zoom_secret, name="zoom-secret")


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


@zoom_secret.callback()
def _zoom_secret() -> None:
    """The secret with Zoom's credentials."""


@zoom_secret.command()
def put(
    outputs: OutputsOption = None,
    instance: InstanceOption = None,
    file: Annotated[
        str | None,
        typer.Option(
            "--file",
            metavar="FILE|-",
            help="JSON with account_id, client_id and client_secret; - is standard input. Without it you are asked.",
            show_default=False,
        ),
    ] = None,
    no_check: Annotated[bool, typer.Option("--no-check", help="Store them without asking Zoom first.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Store Zoom's credentials, once Zoom has accepted them: the first time, and at each rotation.

    Example: zoomlogs zoom-secret put --file zoom.json

    Ends with 0; with 1 if Zoom or AWS refused, with 2 if something must be changed first.
    """
    from . import zoom_secret as secret

    secret.put(outputs, instance, file, check=not no_check, as_json=as_json)


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
