"""The command `zoomlogs`."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from .app import operate, secops, set_up
from .app.options import group
from .console import console, let_go_of_output, prepare_streams
from .errors import CommandError

FAULT = "zoomlogs failed because of a bug"
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
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """Zoom's operation logs into Google SecOps, every record exactly once.

    Run it in the folder of your Terraform configuration, signed in to AWS as for `terraform plan`, or name the folder
    with --outputs. The configuration needs this output:

        output "zoom_operation_logs" { value = module.zoom_operation_logs }

    Start with `zoomlogs doctor`. `zoomlogs rights COMMAND` shows the permissions that a command needs.

    Exit status of every command: 0 if all is well, 1 if not, 2 if you must change something first (an option, a file,
    the deployment), 130 after Ctrl-C.
    """


def main() -> None:
    """Run the command line; SIGINT and SIGTERM end it in order."""
    signal.signal(signal.SIGTERM, _interrupt)
    prepare_streams()
    try:
        status = app(prog_name="zoomlogs", standalone_mode=False)
    except typer.Abort:
        console(stderr=True).say("Interrupted.")
        status = INTERRUPTED
    except CommandError as error:
        console(stderr=True).say(str(error))
        status = error.status
    except OSError as error:  # a write failed, as on a full disk; failed reads have their own sentences
        let_go_of_output()
        console(stderr=True).say(f"The output cannot be written: {error.strerror or error}.")
        status = 1
    except Exception as error:
        if hasattr(error, "show") and hasattr(error, "exit_code"):
            error.show()  # a wrong command line, in click's words
            status = error.exit_code
        elif "--debug" in sys.argv:
            raise
        else:
            console(stderr=True).say(broken_off(error))
            status = 1
    sys.exit(status)


def broken_off(error: Exception) -> str:
    """Return where zoomlogs failed, without the error's message, which may quote a secret."""
    where = error.__traceback__
    while where and where.tb_next:
        where = where.tb_next
    place = f"{Path(where.tb_frame.f_code.co_filename).name}, line {where.tb_lineno}" if where else "nowhere"
    return f"{FAULT}: {type(error).__name__} in {place}. Run it again with --debug, and report the traceback."


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
