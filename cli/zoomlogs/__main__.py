"""`zoomlogs`: what an operator runs."""

from __future__ import annotations

import signal
import sys
from typing import Annotated, NoReturn

import typer

from .app import operate, secops, set_up
from .app.options import group
from .console import console, prepare_streams
from .errors import CommandError

INTERRUPTED = 130  # 128 + SIGINT, as shells count it

app = group()
for commands in (operate.app, set_up.app, secops.app):
    app.add_typer(commands)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"zoomlogs {version('terraform-aws-zoom-operation-logs')}")
        raise typer.Exit


@app.callback()
def _commands(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """Zoom's operation logs into Google SecOps, every record exactly once.

    Run it in the folder of your Terraform configuration, signed in to AWS as for `terraform plan`, or give the outputs
    of one with --outputs. The configuration has to have this output:

        output "zoom_operation_logs" { value = module.zoom_operation_logs }

    Begin with `zoomlogs doctor`; each command explains itself with --help. docs/cli.md lists what each needs of AWS.
    """


def main() -> None:
    """Run the command line; Ctrl-C and a polite kill end it in an orderly way."""
    signal.signal(signal.SIGTERM, _interrupt)
    prepare_streams()
    try:
        status = app(prog_name="zoomlogs", standalone_mode=False)  # the status that the command ended with
    except typer.Abort:
        console(stderr=True).say("Interrupted.")
        status = INTERRUPTED
    except CommandError as error:
        console(stderr=True).say(str(error))
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
