"""`zoomlogs`: what an operator runs."""

from __future__ import annotations

import signal
import sys
from typing import Annotated, NoReturn

import typer
from rich.console import Console

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


def main() -> None:
    """Run the command line; Ctrl-C and a polite kill end it in an orderly way."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        app(standalone_mode=False)
    except typer.Exit as end:
        sys.exit(end.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        Console(stderr=True).print("Interrupted: everything is taken down.")
        sys.exit(130)
    except Exception as error:
        if hasattr(error, "show") and hasattr(error, "exit_code"):  # a wrong command line, as click tells it
            error.show()
            sys.exit(error.exit_code)
        raise


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
