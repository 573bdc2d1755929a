"""The commands about Google SecOps: the feed, the reader's access key, a preview of the events."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ..deployment import Deployment  # noqa: TC001
from ..secops.tenant import ServiceAccountOption  # noqa: TC001
from .options import SECOPS, JsonOption, TenantParts, Where, group

app = group()
feed = group()
reader_key = group()

KmsKeyOption = Annotated[
    str | None,
    typer.Option(
        "--kms-key",
        metavar="KEY",
        help="ID, ARN or alias of the KMS key for a new secret; by default AWS's own key.",
        show_default=False,
    ),
]


@feed.callback()
def _feed() -> None:
    """The feed in Google SecOps that reads the records.

    `show` needs only Terraform's outputs. The others call Google: they need --project, --region and --customer-id, and
    Google credentials (`gcloud auth application-default login`, or --service-account).
    """


@feed.command()
def show(
    where: Where,
    tenant: TenantParts,
    as_json: Annotated[bool, typer.Option("--json", help="Print the request body for Google's API.")] = False,
) -> None:
    """Show what to enter under SIEM Settings > Feeds > Add New Feed.

    --json prints the body for the Chronicle API, without secrets. Give the tenant to complete its log type.

    Example: terraform output -json | zoomlogs feed show --outputs -

    Exit status: 0, or 2 if the outputs have no feed.
    """
    from ..feed import command

    command.show(*where, tenant, as_json=as_json)


@feed.command("subject-id")
def subject_id(tenant: TenantParts, service_account: ServiceAccountOption = None, as_json: JsonOption = False) -> None:
    """Show the Google identity that the reader's role must trust.

    Example: zoomlogs feed subject-id --project security --region eu --customer-id 01234567-89ab-cdef-0123-456789abcdef

    Exit status: 0, or 1 if Google's request failed.
    """
    from ..feed import command

    command.subject_id(tenant, service_account, as_json=as_json)


@feed.command()
def apply(
    where: Where,
    tenant: TenantParts,
    service_account: ServiceAccountOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    renew_key: Annotated[
        bool, typer.Option("--renew-key", help="Send the access key or role again, even if nothing has changed.")
    ] = False,
    enable: Annotated[bool, typer.Option("--enable", help="Enable a disabled feed.")] = False,
    allow_overlap: Annotated[
        bool, typer.Option("--allow-overlap", help="Accept a second feed that ingests the same records.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Create the feed, or update the one that reads this folder.

    It shows the changes first. A second call changes nothing. In reader mode `user`, the access key comes from the
    secret that `zoomlogs reader-key create` filled.

    Example: zoomlogs feed apply --dry-run

    Exit status: 0, or 1 if a request to Google or AWS failed or the feed stays disabled.
    """
    from ..feed import command

    options = command.ApplyOptions(dry_run, yes, renew_key, enable, allow_overlap)
    raise typer.Exit(command.apply(*where, tenant, service_account, options, as_json=as_json))


@feed.command()
def status(
    where: Where, tenant: TenantParts, service_account: ServiceAccountOption = None, as_json: JsonOption = False
) -> None:
    """Show the state of the feed, its last transfer, and what to do about a failure.

    Example: zoomlogs feed status --json

    Exit status: 0, or 1 if the feed is missing, disabled, duplicate or of another source type, has failed, or cannot be
    migrated.
    """
    from ..feed import command

    raise typer.Exit(command.status(*where, tenant, service_account, as_json=as_json))


@reader_key.callback()
def _reader_key() -> None:
    """The access key that the feed reads with, in reader mode `user`.

    These commands store the key directly in Secrets Manager, from where `zoomlogs feed apply` takes it. Terraform never
    has it, and no command shows it.

    To rotate: `zoomlogs reader-key rotate`, `zoomlogs feed apply`, and half an hour later
    `zoomlogs reader-key rotate --finish`.
    """


@reader_key.command()
def create(deployment: Deployment, kms_key: KmsKeyOption = None, as_json: JsonOption = False) -> None:
    """Create the reader's first access key and store it.

    Example: zoomlogs reader-key create --kms-key alias/zoom

    Exit status: 0, or 1 if a request to AWS failed.
    """
    from .. import reader_key as command

    command.create(deployment, kms_key, as_json=as_json)


@reader_key.command()
def rotate(
    deployment: Deployment,
    kms_key: KmsKeyOption = None,
    finish: Annotated[
        bool, typer.Option("--finish", help="Delete the old key, if AWS has seen the feed use the new one.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Create a second key and store it; later, with --finish, delete the old one.

    Example: zoomlogs reader-key rotate; zoomlogs feed apply; zoomlogs reader-key rotate --finish

    Exit status: 0, or 1 if a request to AWS failed or the feed still uses the old key.
    """
    from .. import reader_key as command

    if finish:
        command.finish(deployment, as_json=as_json)
    else:
        command.rotate(deployment, kms_key, as_json=as_json)


@reader_key.command("list")
def list_keys(deployment: Deployment, as_json: JsonOption = False) -> None:
    """Show the reader's access keys: which one is stored, and when each was last used.

    Example: zoomlogs reader-key list

    Exit status: 0, or 1 if a request to AWS failed or none of the user's keys is stored.
    """
    from .. import reader_key as command

    raise typer.Exit(command.list_keys(deployment, as_json=as_json))


@app.command(rich_help_panel=SECOPS)
def udm(
    tenant: TenantParts,
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE|FOLDER|s3://BUCKET/PREFIX|-]…",
            help="Records, one per line, or pages of Zoom's API, optionally gzipped; by default standard input (-).",
            show_default=False,
        ),
    ] = None,
    table: Annotated[bool, typer.Option("--table", help="Show the events as a table.")] = False,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Show the share of records that yields each UDM field.")
    ] = False,
    by_tenant: Annotated[
        bool, typer.Option("--tenant", help="Run the tenant's own parser on the records, and show the differences.")
    ] = False,
    service_account: ServiceAccountOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the coverage or the differences as JSON.")] = False,
) -> None:
    """Preview the UDM events that SecOps makes of records, one per line.

    --tenant sends the records to the parser that is active in SecOps, which ingests nothing, and compares its events
    with the preview. It needs roles/chronicle.admin, or the permissions in docs/udm.md.

    Example:

        zoomlogs udm --table s3://your-zoom-operation-logs/zoom/operationlogs/2026/03/10/

    Exit status: 0, or 1 if there is no record, a line is not a record, or the tenant's parser makes other events.
    """
    from ..udm import command

    if table + coverage + by_tenant > 1:
        raise typer.BadParameter("choose one of --table, --coverage and --tenant.")
    if as_json and not (coverage or by_tenant):
        raise typer.BadParameter("--json goes with --coverage and --tenant; events are JSON anyway.")
    if not sources and sys.stdin is not None and sys.stdin.isatty():
        raise typer.BadParameter("name files, folders or s3://bucket/prefix/, or pipe records in.")
    form: command.Form = "table" if table else "events"
    if coverage:
        form = "coverage-json" if as_json else "coverage"
    if by_tenant:
        form = "tenant-json" if as_json else "tenant"
    parser = command.parser_of(*tenant, service_account) if by_tenant else None
    raise typer.Exit(command.main(sources or ["-"], form, parser))


app.add_typer(feed, name="feed", rich_help_panel=SECOPS)
app.add_typer(reader_key, name="reader-key", rich_help_panel=SECOPS)
