"""The commands about Google SecOps: the feed, the reader's access key, a preview of the events."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ..secops.tenant import CustomerOption, ProjectOption, RegionOption, ServiceAccountOption  # noqa: TC001
from .options import SECOPS, InstanceOption, JsonOption, OutputsOption, group

app = group()
feed = group()
reader_key = group()

KmsKeyOption = Annotated[
    str | None,
    typer.Option(
        "--kms-key",
        metavar="KEY",
        help="KMS key, by id, ARN or alias, for a secret that is made now; without it AWS's own key.",
        show_default=False,
    ),
]


@feed.callback()
def _feed() -> None:
    """The feed in Google SecOps that reads the records.

    `show` needs nothing but Terraform's outputs. The others ask SecOps: they need --project, --region and
    --customer-id, and credentials of Google's (`gcloud auth application-default login`, or --service-account).
    """


@feed.command()
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
    from ..feed import command

    command.show(outputs, instance, (project, region, customer_id), as_json=as_json)


@feed.command("subject-id")
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
    from ..feed import command

    command.subject_id((project, region, customer_id), service_account, as_json=as_json)


@feed.command()
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
    `zoomlogs reader-key create` filled. Ends with 0; with 1 if Google or AWS gave no good answer, or the feed is left
    disabled; with 2 if something must be changed first.
    """
    from ..feed import command

    apply_options = command.ApplyOptions(dry_run, yes, renew_key, enable, allow_overlap)
    tenant = (project, region, customer_id)
    raise typer.Exit(command.apply(outputs, instance, tenant, service_account, apply_options, as_json=as_json))


@feed.command()
def status(
    outputs: OutputsOption = None,
    instance: InstanceOption = None,
    project: ProjectOption = None,
    region: RegionOption = None,
    customer_id: CustomerOption = None,
    service_account: ServiceAccountOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the state of the feed, its last transfer, and what to do about a failure.

    Example: zoomlogs feed status --json

    Ends with 0; with 1 if the feed is missing, disabled, there more than once, or has failed; with 2 if something must
    be changed first.
    """
    from ..feed import command

    raise typer.Exit(
        command.status(outputs, instance, (project, region, customer_id), service_account, as_json=as_json)
    )


@reader_key.callback()
def _reader_key() -> None:
    """The access key that the feed reads with, in reader mode `user`.

    The key goes from IAM straight into Secrets Manager, from where `zoomlogs feed apply` takes it. Terraform never has
    it, and no command here shows it.

    To rotate: `zoomlogs reader-key rotate`, `zoomlogs feed apply`, and some half an hour later
    `zoomlogs reader-key rotate --finish`.
    """


@reader_key.command()
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
    from .. import reader_key as command

    command.create(outputs, instance, kms_key, as_json=as_json)


@reader_key.command()
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
    from .. import reader_key as command

    if finish:
        command.finish(outputs, instance, as_json=as_json)
    else:
        command.rotate(outputs, instance, kms_key, as_json=as_json)


@reader_key.command("list")
def list_keys(outputs: OutputsOption = None, instance: InstanceOption = None, as_json: JsonOption = False) -> None:
    """Show the reader's keys: which one is stored, and when each was last used.

    Example: zoomlogs reader-key list

    Ends with 0; with 1 if AWS refused, or none of the user's keys is the stored one; with 2 if something must be
    changed first.
    """
    from .. import reader_key as command

    raise typer.Exit(command.list_keys(outputs, instance, as_json=as_json))


@app.command(rich_help_panel=SECOPS)
def udm(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE|FOLDER|s3://BUCKET/PREFIX|-]…",
            help="Records, one a line, or pages of Zoom's API, gzip or not; - or nothing is standard input.",
            show_default=False,
        ),
    ] = None,
    table: Annotated[bool, typer.Option("--table", help="Show the events as a table.")] = False,
    coverage: Annotated[
        bool,
        typer.Option("--coverage", help="Show which share of the records yields each UDM field, and what is left."),
    ] = False,
    tenant: Annotated[
        bool,
        typer.Option("--tenant", help="Run the tenant's own parser on the records, and show where it differs."),
    ] = False,
    project: ProjectOption = None,
    region: RegionOption = None,
    customer_id: CustomerOption = None,
    service_account: ServiceAccountOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Give the coverage, or the differences, as JSON.")] = False,
) -> None:
    """Preview what SecOps will make of records: UDM events, one a line.

    With --tenant the records go through the parser that is active in SecOps, which ingests nothing, and the preview
    stands beside what it makes of them. That takes roles/chronicle.admin, or a role with four permissions.

    Example:

        zoomlogs udm --table s3://your-zoom-operation-logs/zoom/operationlogs/2026/03/10/

    Ends with 0, with 1 if lines held no record, there was none at all, or the tenant's parser makes other events, with
    2 if a source leads nowhere.
    """
    from ..udm import command

    if table + coverage + tenant > 1:
        raise typer.BadParameter("choose one of --table, --coverage and --tenant.")
    if as_json and not (coverage or tenant):
        raise typer.BadParameter("--json goes with --coverage and --tenant; events are JSON anyway.")
    if not sources and sys.stdin is not None and sys.stdin.isatty():
        raise typer.BadParameter("name files, folders or s3://bucket/prefix/, or pipe records in.")
    form: command.Form = "table" if table else "events"
    if coverage:
        form = "coverage-json" if as_json else "coverage"
    if tenant:
        form = "tenant-json" if as_json else "tenant"
        parser = command.parser_of(project, region, customer_id, service_account)
        raise typer.Exit(command.main(sources or ["-"], form, parser))
    raise typer.Exit(command.main(sources or ["-"], form))


app.add_typer(feed, name="feed", rich_help_panel=SECOPS)
app.add_typer(reader_key, name="reader-key", rich_help_panel=SECOPS)
