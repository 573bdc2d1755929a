"""The commands for setting up: credentials, IAM policies, and taking over a manual set-up."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  Typer reads the annotation
from typing import Annotated

import typer

from ..console import console, print_text
from ..deployment import Deployment  # noqa: TC001
from .options import SET_UP, JsonOption, Where, group

app = group()
zoom_secret = group()


@app.command(rich_help_panel=SET_UP)
def adopt(
    function: Annotated[str, typer.Option(metavar="NAME", help="The Lambda function.")] = "zoom_operationlogs_to_s3",
    schedule: Annotated[
        str, typer.Option(metavar="NAME", help="Its schedule, in the group default.")
    ] = "zoom-operationlogs-schedule-15min",
    secret: Annotated[
        str, typer.Option(metavar="NAME", help="The secret to create for the credentials.")
    ] = "zoom-operationlogs-credentials",  # noqa: S107  its name
    reader: Annotated[
        str, typer.Option(metavar="NAME", help="The IAM user that the feed signs in as.")
    ] = "secops-reader",
    reader_policy: Annotated[
        str, typer.Option(metavar="NAME", help="The policy that lets this user read the bucket.")
    ] = "secops-reader-policy",
    region: Annotated[
        str | None, typer.Option(help="The AWS region; by default your profile's.", show_default=False)
    ] = None,
    variables: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the example's variables to a file.", show_default=False)
    ] = None,
    account: Annotated[
        str | None, typer.Option(metavar="ID", help="The AWS account of the set-up.", show_default=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the steps without taking them.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Prepare a set-up made by hand after the written guide, so that Terraform can import it.

    It disables the schedule, moves Zoom's credentials from the function's environment into a secret, and waits until
    the current run has ended. If it is interrupted, run it again. --account is required, except with --dry-run. The
    README of examples/adopt-console-setup has the next steps.

    Example, in that folder:

        zoomlogs adopt --account 111122223333 --variables adopt.auto.tfvars.json

    Exit status: 0, or 1 if a request to AWS failed.
    """
    from ..adopt import command
    from ..adopt.steps import Names

    names = Names(function=function, schedule=schedule, secret=secret, reader=reader, reader_policy=reader_policy)
    raise typer.Exit(command.main(names, region, account, dry_run=dry_run, as_json=as_json, variables=variables))


@app.command("deployer-policy", rich_help_panel=SET_UP)
def deployer_policy(
    account: Annotated[str, typer.Option(metavar="ID", help="The AWS account, 12 digits.")],
    region: Annotated[str, typer.Option(help="The region.")],
    phase: Annotated[
        list[str] | None,
        typer.Option(metavar="PHASE", help="plan, apply, upgrade or destroy; can be repeated; by default all."),
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(metavar="OPTION[=VALUE]", help="A module option that you use; can be repeated.")
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="bucket_name, and each name that differs from the module's default."),
    ] = None,
    part: Annotated[
        str | None, typer.Option(metavar="PART", help="Only one part, small enough for a managed policy.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all parts by name.")] = False,
) -> None:
    """Print the least-privilege IAM policy for applying the module.

    It makes no request to AWS. docs/deployer.md lists the options and names. The submodule modules/deployer outputs the
    same policies.

    Example:

        zoomlogs deployer-policy --account 111122223333 --region eu-west-1 --phase plan --name bucket_name=YOUR-BUCKET

    Exit status: 0, or 2 for an unknown phase, option, name or part.
    """
    from .. import deployer

    where = deployer.place(account, region)
    policy, warning = deployer.main(phase or (), option or (), name or (), where, part, as_json=as_json)
    if warning:
        console(stderr=True).say(warning)
    print_text(policy)


@app.command(rich_help_panel=SET_UP, context_settings={"ignore_unknown_options": True})
def rights(
    deployment: Deployment,
    words: Annotated[
        list[str], typer.Argument(metavar="COMMAND", help="The command and its options, such as doctor --probe.")
    ],
    kms_key: Annotated[
        list[str] | None,
        typer.Option("--kms-key", metavar="ARN", help="A customer managed KMS key in use; can be repeated."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print the least-privilege IAM policy of a command for this deployment.

    It makes no request to AWS. From the outputs it knows the KMS key of the bucket's objects; name other keys with
    --kms-key.

    Example:

        zoomlogs rights doctor --probe --json > policy.json

    Exit status: 0, or 2 for an unknown command.
    """
    from .. import rights as command

    raise typer.Exit(command.main(deployment, words, kms_key or (), as_json=as_json))


@zoom_secret.callback()
def _zoom_secret() -> None:
    """The secret with Zoom's credentials."""


@zoom_secret.command()
def put(
    where: Where,
    file: Annotated[
        str | None,
        typer.Option(
            "--file",
            metavar="FILE|-",
            help="JSON with account_id, client_id and client_secret (- for standard input); by default it prompts.",
            show_default=False,
        ),
    ] = None,
    no_check: Annotated[bool, typer.Option("--no-check", help="Store them without trying them at Zoom.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Try Zoom's credentials at Zoom, and store them: the first time, and at each rotation.

    Example: zoomlogs zoom-secret put --file zoom.json

    Exit status: 0, or 1 if Zoom or AWS refused.
    """
    from .. import zoom_secret as secret

    secret.put(*where, file, check=not no_check, as_json=as_json)


app.add_typer(zoom_secret, name="zoom-secret", rich_help_panel=SET_UP)
