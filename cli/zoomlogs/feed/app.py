"""`zoomlogs feed`: its words on the command line. What it does is imported only when it is run."""

from __future__ import annotations

from typing import Annotated

import typer

from ..deployment import InstanceOption, OutputsOption  # noqa: TC001 - Typer reads the types as it runs
from .tenant import CustomerOption, ProjectOption, RegionOption, ServiceAccountOption  # noqa: TC001

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", pretty_exceptions_show_locals=False)

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.callback()
def _feed() -> None:
    """The feed in Google SecOps that reads the records.

    `show` needs nothing but Terraform's outputs. The others ask SecOps: they need --project, --region and
    --customer-id, and credentials of Google's (`gcloud auth application-default login`, or --service-account).
    """


@app.command()
def show(
    outputs: OutputsOption = None,
    instance: InstanceOption = None,
    project: ProjectOption = None,
    region: RegionOption = None,
    customer_id: CustomerOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the body that Google's API takes.")] = False,
) -> None:
    """Show what to enter under SIEM Settings > Feeds > Add New Feed.

    Example: terraform output -json | zoomlogs feed show --outputs -

    With --json it is the body of the Chronicle API, without secrets; the log type is complete if the tenant is given.
    Ends with 0; with 2 if the outputs hold no feed.
    """
    from . import command

    command.show(outputs, instance, (project, region, customer_id), as_json=as_json)


@app.command("subject-id")
def subject_id(
    project: ProjectOption = None,
    region: RegionOption = None,
    customer_id: CustomerOption = None,
    service_account: ServiceAccountOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask SecOps which identity the reader's role shall trust, and print its digits.

    Example: zoomlogs feed subject-id --project security --region eu --customer-id 01234567-89ab-cdef-0123-456789abcdef

    Ends with 0; with 1 if Google gave no good answer, with 2 if something must be changed first.
    """
    from . import command

    command.subject_id((project, region, customer_id), service_account, as_json=as_json)


@app.command()
def apply(
    outputs: OutputsOption = None,
    instance: InstanceOption = None,
    project: ProjectOption = None,
    region: RegionOption = None,
    customer_id: CustomerOption = None,
    service_account: ServiceAccountOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")] = False,
    renew_key: Annotated[
        bool,
        typer.Option("--renew-key", help="Send the access key (or role) again, though SecOps shows no difference."),
    ] = False,
    enable: Annotated[bool, typer.Option("--enable", help="Let a disabled feed read again.")] = False,
    allow_overlap: Annotated[
        bool,
        typer.Option("--allow-overlap", help="Accept that a feed on a folder above or below ingests records twice."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Create the feed, or update the one that reads this folder; a second run changes nothing.

    Example: zoomlogs feed apply --dry-run

    It says first what will change. In reader mode `user` the access key comes from the secret that
    `zoomlogs reader-key create` filled. Ends with 0; with 1 if Google or AWS gave no good answer, with 2 if something
    must be changed first.
    """
    from . import command

    apply_options = command.ApplyOptions(dry_run, yes, renew_key, enable, allow_overlap)
    command.apply(outputs, instance, (project, region, customer_id), service_account, apply_options, as_json=as_json)


@app.command()
def status(
    outputs: OutputsOption = None,
    instance: InstanceOption = None,
    project: ProjectOption = None,
    region: RegionOption = None,
    customer_id: CustomerOption = None,
    service_account: ServiceAccountOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how the feed fares: its state, its last transfer, and what to do about a failure.

    Example: zoomlogs feed status --json

    Ends with 0; with 1 if the feed is missing, disabled, there more than once, or has failed; with 2 if something must
    be changed first.
    """
    from . import command

    raise typer.Exit(
        command.status(outputs, instance, (project, region, customer_id), service_account, as_json=as_json)
    )
