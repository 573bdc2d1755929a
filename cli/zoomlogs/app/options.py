"""Options that several commands take, and the groups in which `zoomlogs --help` shows the commands, in this order."""

from __future__ import annotations

from typing import Annotated

import typer

SEE, START, SET_UP, SECOPS = "See that it works", "Start runs", "Set up", "Google SecOps"

OutputsOption = Annotated[
    str | None,
    typer.Option(
        "--outputs",
        metavar="FILE|FOLDER|-",
        help="What `terraform output -json` printed, or the folder to run it in (this one, if not given).",
        envvar="ZOOMLOGS_OUTPUTS",
        show_default=False,
    ),
]
InstanceOption = Annotated[
    str | None,
    typer.Option(
        "--instance",
        metavar="NAME",
        help="Which of several instances of the module, by the name of the output that holds it.",
        envvar="ZOOMLOGS_INSTANCE",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def group() -> typer.Typer:
    """Return a group of commands."""
    return typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", pretty_exceptions_show_locals=False)
