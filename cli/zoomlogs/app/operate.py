"""The commands that look at a deployment and that start runs."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  Typer reads the annotation
from typing import Annotated

import typer

from ..deployment import Deployment, read_deployment
from ..secops.tenant import ServiceAccountOption  # noqa: TC001
from .options import SEE, START, JsonOption, TenantParts, Where, group

app = group()

WaitOption = Annotated[
    bool, typer.Option("--wait", help="Start further runs until none of the requested dates is owed.")
]


@app.command(rich_help_panel=SEE)
def doctor(
    deployment: Deployment,
    probe: Annotated[bool, typer.Option("--probe", help="Test that nobody can overwrite a record.")] = False,
    test_alarm: Annotated[
        bool, typer.Option("--test-alarm", help="Set an alarm briefly and check that a notification is sent.")
    ] = False,
    as_reader: Annotated[
        bool, typer.Option("--as-reader", help="Make the calls that Google makes, with the feed's access key.")
    ] = False,
    without: Annotated[
        list[str] | None, typer.Option("--without", metavar="CHECK", help="Skip a check; can be repeated.")
    ] = None,
    only_problems: Annotated[bool, typer.Option("--only-problems", help="Do not show checks that passed.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Check the whole deployment, and say what to change in which console.

    It signs in to Zoom and requests one row, and checks the function, schedule, bucket, permissions, alarms and reader.
    It writes nothing. The checks are independent: ✓ passed, ✗ needs a fix, ? could not be checked, – was skipped.
    Problems are shown last.

    --probe, --test-alarm and --as-reader run only their own checks, which try something.

    Example:

        zoomlogs doctor --json | jq '.[] | select(.status == "fix")'

    Exit status: 0 if every check that was not skipped passed, otherwise 1.
    """
    from ..doctor import command

    trials = command.Trials(probe=probe, test_alarm=test_alarm, as_reader=as_reader)
    raise typer.Exit(
        command.main(deployment, trials, as_json=as_json, without=without or (), only_problems=only_problems)
    )


@app.command(rich_help_panel=SEE)
def status(deployment: Deployment, as_json: JsonOption = False) -> None:
    """Show where collecting stands: last run, newest record, settled and owed dates.

    It reads the collector's checkpoint and its log. Times are UTC.

    Example:

        zoomlogs status --json | jq '.owed'

    Exit status: 0, or 1 if the checkpoint or the last run cannot be read.
    """
    from .. import status as command

    raise typer.Exit(command.main(deployment, as_json=as_json))


@app.command(rich_help_panel=SEE)
def logs(
    where: Where,
    last: Annotated[
        int | None,
        typer.Option(
            "--last", metavar="N", min=1, max=1000, help="How many runs.", show_default="20; with --since all"
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="AGE|TIME",
            help="Runs that began in the last 30m, 2h or 7d, or after a time in UTC.",
            show_default=False,
        ),
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only runs that failed.")] = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Show further runs as they end.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the last runs as a table: start, duration, records written, dates owed, outcome.

    It reads the function's log group, the last 14 days unless --since is given. Times are UTC. --follow --json prints
    one JSON document per line.

    Example:

        zoomlogs logs --follow --failed --since 2h

    Exit status: 0, or 1 if no run is found or the log cannot be read. With --failed, no failed run is 0.
    """
    from .. import logs as command

    asked = command.asked_runs(last, since, failed=failed)
    deployment = read_deployment(*where)
    if follow:
        command.follow(deployment, asked, as_json=as_json)
    raise typer.Exit(command.main(deployment, asked, as_json=as_json))


@app.command(rich_help_panel=SEE)
def verify(
    where: Where,
    tenant: TenantParts,
    first: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="DATE", help="The first date in UTC: YYYY-MM-DD, yesterday, today.", show_default=False
        ),
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="The last date in UTC; by default yesterday.")
    ] = None,
    days: Annotated[
        str | None,
        typer.Option("--last", metavar="DAYS", help="The last complete days, such as 30d.", show_default=False),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write an HTML report: calendar, table, differences.")
    ] = None,
    repair: Annotated[bool, typer.Option("--repair", help="Backfill the dates that lack records.")] = False,
    secops: Annotated[bool, typer.Option("--secops", help="Also compare the archive with Google SecOps.")] = False,
    service_account: ServiceAccountOption = None,
    accept: Annotated[
        Path | None, typer.Option("--accept", metavar="FILE", help="Repeats to accept: date, fingerprint, reason.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare the archive with Zoom, record by record: missing, repeated, late.

    By default it verifies the last seven complete days. It uses one request of Zoom's daily quota for 300 records, and
    stops when less than a quarter of the quota is left. Records of the last 30 minutes are not yet due. It reads object
    versions that a feed has deleted; where the feed deletes nothing, a record behind a delete marker is a difference.
    --repair verifies the repaired dates again.

    --secops looks for the event of each record: missing, duplicate or not yet ingested. It makes a query or two per
    date, and needs roles/chronicle.viewer in the tenant's project.

    Example:

        zoomlogs verify --from 2026-06-01 --to 2026-06-30 --secops --html june.html

    Exit status: 0 if all dates are equal, after --repair if they are now; 1 if they differ, a date could not be checked
    or the report could not be written.
    """
    from ..dates import last_days
    from ..verify import command
    from ..verify.secops import SecopsOptions

    if days is not None and (first is not None or last is not None):
        raise typer.BadParameter("choose either --last, or --from and --to.")
    if days is not None:
        first, last = last_days(days)
    of_secops = SecopsOptions(*tenant, service_account) if secops else None
    deployment = read_deployment(*where)
    raise typer.Exit(
        command.main(
            deployment, first, last, as_json=as_json, html=html, repair=repair, secops=of_secops, accept=accept
        )
    )


@app.command(rich_help_panel=START)
def run(deployment: Deployment, wait: WaitOption = False, as_json: JsonOption = False) -> None:
    """Start a run now and follow it.

    Ctrl-C stops following; the run continues in AWS. It may overlap with a scheduled run.

    Example:

        zoomlogs run --wait

    Exit status: 0, or 1 if the run failed or dates are still owed.
    """
    from ..invoke import command

    raise typer.Exit(command.run(deployment, wait=wait, as_json=as_json))


@app.command(rich_help_panel=START)
def reconcile(deployment: Deployment, wait: WaitOption = False, as_json: JsonOption = False) -> None:
    """Read the last days again in full, for rows that arrived late.

    The collector does this itself twice a day. The dates are those of `zoom.lookback_days`, and today.

    Example:

        zoomlogs reconcile

    Exit status: 0, or 1 if a run failed or dates are still owed.
    """
    from ..invoke import command

    raise typer.Exit(command.reconcile(deployment, wait=wait, as_json=as_json))


@app.command(rich_help_panel=START)
def backfill(
    deployment: Deployment,
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="The first date in UTC: YYYY-MM-DD, yesterday.")],
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="The last date in UTC.")],
    wait: WaitOption = False,
    as_json: JsonOption = False,
) -> None:
    """Read dates again, up to six months back; records that are already in the archive are not written twice.

    A run reads as much as the function's timeout allows, newest date first. The rest stays owed: scheduled runs read
    it, or --wait at once. Runs stop when less than a quarter of Zoom's daily quota is left, until midnight UTC; so does
    --wait.

    Example:

        zoomlogs backfill --from 2026-06-01 --to 2026-06-30 --wait

    Exit status: 0, or 1 if a run failed, dates are still owed, or Zoom no longer has one of them.
    """
    from ..invoke import command

    raise typer.Exit(command.backfill(deployment, first, last, wait=wait, as_json=as_json))
