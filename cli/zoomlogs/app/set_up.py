"""The commands that prepare: the credentials, the deployer's policy, a set-up made by hand."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  Typer reads the annotation
from typing import Annotated

import typer

from .options import SET_UP, InstanceOption, OutputsOption, group

app = group()
zoom_secret = group()


@app.command(rich_help_panel=SET_UP)
def adopt(
    function: Annotated[str, typer.Option(metavar="NAME", help="The Lambda function.")] = "zoom_operationlogs_to_s3",
    schedule: Annotated[
        str, typer.Option(metavar="NAME", help="Its schedule, in the group default.")
    ] = "zoom-operationlogs-schedule-15min",
    secret: Annotated[
        str, typer.Option(metavar="NAME", help="The secret to make for the credentials.")
    ] = "zoom-operationlogs-credentials",  # noqa: S107  its name
    reader: Annotated[
        str, typer.Option(metavar="NAME", help="The IAM user whose access key the feed has.")
    ] = "secops-reader",
    reader_policy: Annotated[
        str, typer.Option(metavar="NAME", help="That user's policy, which opens the bucket.")
    ] = "secops-reader-policy",
    region: Annotated[
        str | None, typer.Option(help="Where they are, if not in your profile's region.", show_default=False)
    ] = None,
    variables: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the variables of the example there.", show_default=False),
    ] = None,
    account: Annotated[
        str | None,
        typer.Option(metavar="ID", help="The AWS account that they are in: any other is refused.", show_default=False),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say the steps, and take none.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Give the report as JSON.")] = False,
) -> None:
    """Prepare a set-up made by hand after the written guide, so that Terraform can take it over.

    It switches the schedule off, moves Zoom's credentials from the function's variables into a secret, and waits until
    a run under way is over. Run it again whatever interrupted it. The README of examples/adopt-console-setup goes on.

    Example, in that folder:

        zoomlogs adopt --account 111122223333 --variables adopt.auto.tfvars.json

    --account may be left out with --dry-run only.

    Ends with 0, with 1 where AWS refuses something, with 2 where you must change something first.
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
        typer.Option(metavar="PHASE", help="plan, apply, upgrade or destroy, again for each; all, if not given."),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(metavar="OPTION[=VALUE]", help="An option of the module that is used, again for each."),
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="bucket_name, and each name that is not the module's default."),
    ] = None,
    part: Annotated[
        str | None, typer.Option(metavar="PART", help="One part of it, small enough for a managed policy.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Give all parts, each by its name.")] = False,
) -> None:
    """Print the IAM policy that applying the module needs, and nothing more.

    It asks nothing of AWS. docs/deployer.md lists the options and names; the output of the module modules/deployer has
    the same policies.

    Example:

        zoomlogs deployer-policy --account 111122223333 --region eu-west-1 --phase plan --name bucket_name=YOUR-BUCKET

    Ends with 0, with 2 where there is no such phase, option, name or part.
    """
    from .. import deployer

    where = deployer.place(account, region)
    policy, warning = deployer.main(phase or (), option or (), name or (), where, part, as_json=as_json)
    if warning:
        typer.echo(warning, err=True)
    typer.echo(policy)


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
    from .. import zoom_secret as secret

    secret.put(outputs, instance, file, check=not no_check, as_json=as_json)


app.add_typer(zoom_secret, name="zoom-secret", rich_help_panel=SET_UP)
