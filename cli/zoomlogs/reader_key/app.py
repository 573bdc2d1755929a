"""`zoomlogs reader-key`: its words on the command line. What it does is imported only when it is run."""

from __future__ import annotations

from typing import Annotated

import typer

from ..deployment import InstanceOption, OutputsOption  # noqa: TC001 - Typer reads the types as it runs

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", pretty_exceptions_show_locals=False)

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
KmsKeyOption = Annotated[
    str | None,
    typer.Option(
        "--kms-key",
        metavar="KEY",
        help="KMS key, by id, ARN or alias, for a secret that is made now; without it AWS's own key.",
        show_default=False,
    ),
]


@app.callback()
def _reader_key() -> None:
    """The access key that the feed reads with, in reader mode `user`.

    The key goes from IAM straight into Secrets Manager, from where `zoomlogs feed apply` takes it. Terraform never has
    it, and no command here shows it.

    To rotate: `zoomlogs reader-key rotate`, `zoomlogs feed apply`, and some half an hour later
    `zoomlogs reader-key rotate --finish`.
    """


@app.command()
def create(
    outputs: OutputsOption = None,
    instance: InstanceOption = None,
    kms_key: KmsKeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the reader's first key and store it.

    Example: zoomlogs reader-key create --kms-key alias/zoom

    Ends with 0; with 1 if AWS refused, with 2 if something must be changed first.
    """
    from . import command

    command.create(outputs, instance, kms_key, as_json=as_json)


@app.command()
def rotate(
    outputs: OutputsOption = None,
    instance: InstanceOption = None,
    kms_key: KmsKeyOption = None,
    finish: Annotated[
        bool,
        typer.Option("--finish", help="Delete the old key: only once AWS has seen the feed use the new one."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a new key beside the old one and store it; later, with --finish, delete the old one.

    Example: zoomlogs reader-key rotate; zoomlogs feed apply; zoomlogs reader-key rotate --finish

    Ends with 0; with 1 if AWS refused or the feed still uses the old key, with 2 if something must be changed first.
    """
    from . import command

    if finish:
        command.finish(outputs, instance, as_json=as_json)
    else:
        command.rotate(outputs, instance, kms_key, as_json=as_json)


@app.command("list")
def list_keys(outputs: OutputsOption = None, instance: InstanceOption = None, as_json: JsonOption = False) -> None:
    """Show the reader's keys: which one is stored, and when each was last used.

    Example: zoomlogs reader-key list

    Ends with 0; with 1 if AWS refused, with 2 if something must be changed first.
    """
    from . import command

    command.list_keys(outputs, instance, as_json=as_json)
