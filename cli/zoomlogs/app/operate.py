"""The commands that look at a deployment and that start runs."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  Typer reads the annotation
from typing import Annotated

import typer

from ..deployment import read_deployment
from ..secops.tenant import CustomerOption, ProjectOption, RegionOption, ServiceAccountOption  # noqa: TC001
from .options import SEE, START, InstanceOption, JsonOption, OutputsOption, group

app = group()

WaitOption = Annotated[
    bool, typer.Option("--wait", help="Go on with further runs until nothing that was asked for is owed.")
]


@app.command(rich_help_panel=SEE)
def doctor(
    probe: Annotated[
        bool, typer.Option("--probe", help="Try whether a record can be written over: the collector, and you.")
    ] = False,
    test_alarm: Annotated[
        bool, typer.Option("--test-alarm", help="Set an alarm for a moment, and see whether a message goes out.")
    ] = False,
    as_reader: Annotated[
        bool, typer.Option("--as-reader", help="Make Google's calls with the access key that the feed has.")
    ] = False,
    without: Annotated[
        list[str] | None,
        typer.Option("--without", metavar="CHECK", help="Leave a check out, by its name; again for each."),
    ] = None,
    only_problems: Annotated[
        bool, typer.Option("--only-problems", help="Show only what is to be fixed or could not be checked.")
    ] = False,
    outputs: OutputsOption = None,
    instance: InstanceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check everything that has to be right, and say what to change in which console.

    It signs in at Zoom and asks for one row, looks at the function, schedule, bucket, rights, alarms and the reader,
    and writes nothing. Each check stands alone: ✓ is well, ✗ is to be fixed, ? could not be checked, – was left out.
    What is well is shown as it is found, and the problems at the end.

    With --probe, --test-alarm or --as-reader it makes the checks of these options only, which try something.

    Example:

        zoomlogs doctor --json | jq '.[] | select(.status == "fix")'

    Ends with 0 only if every check was made and is well, but for those left out; with 1 otherwise; with 2 where there
    is no deployment to look at, or no such check.
    """
    from ..doctor import command

    trials = command.Trials(probe=probe, test_alarm=test_alarm, as_reader=as_reader)
    deployment = read_deployment(outputs, instance)
    status = command.main(deployment, trials, as_json=as_json, without=without or (), only_problems=only_problems)
    raise typer.Exit(status)


@app.command(rich_help_panel=SEE)
def status(
    outputs: OutputsOption = None,
    instance: InstanceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say in words where collecting stands: last run, newest record, dates settled and owed, what is waited for.

    It reads the collector's checkpoint, which a run saves that has found something new, and its log; times are UTC.

    Example:

        zoomlogs status --json | jq '.owed'

    Ends with 0, with 1 where no checkpoint can be read, with 2 where there is no deployment.
    """
    from .. import status as command

    raise typer.Exit(command.main(read_deployment(outputs, instance), as_json=as_json))


@app.command(rich_help_panel=SEE)
def logs(
    outputs: OutputsOption = None,
    instance: InstanceOption = None,
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
            metavar="AGO|TIME",
            help="Runs that began since: 30m, 2h, 7d ago, or a time by UTC.",
            show_default=False,
        ),
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only runs that failed.")] = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with further runs as they end.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the last runs as a table: when, how long, what they wrote, what is owed, how they ended.

    It reads the function's log group, at most a fortnight back without --since; times are UTC. With --follow and --json
    each run is one JSON document on a line of its own.

    Example:

        zoomlogs logs --follow --failed --since 2h

    Ends with 0, with 1 where no run is found or the log cannot be read, with 2 where there is no deployment or an
    option is wrong. --failed ends with 0 also where none has failed, and says so.
    """
    from .. import logs as command

    asked = command.asked_runs(last, since, failed=failed)
    deployment = read_deployment(outputs, instance)
    if follow:
        command.follow(deployment, asked, as_json=as_json)
    raise typer.Exit(command.main(deployment, asked, as_json=as_json))


@app.command(rich_help_panel=SEE)
def verify(
    first: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="DATE", help="The first date, by UTC: YYYY-MM-DD, yesterday, today.", show_default=False
        ),
    ] = None,
    last: Annotated[
        str | None,
        typer.Option("--to", metavar="DATE", help="The last date, by UTC; yesterday if not given."),
    ] = None,
    days: Annotated[
        str | None,
        typer.Option("--last", metavar="DAYS", help="So many days that are over, such as 30d.", show_default=False),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page to keep: a calendar, a table, what differs."),
    ] = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Ask the collector for a backfill of the dates that lack records.")
    ] = False,
    secops: Annotated[
        bool, typer.Option("--secops", help="Ask Google SecOps for the events, too, and compare them with the archive.")
    ] = False,
    project: ProjectOption = None,
    region: RegionOption = None,
    customer_id: CustomerOption = None,
    service_account: ServiceAccountOption = None,
    accept: Annotated[
        Path | None,
        typer.Option("--accept", metavar="FILE", help="Repeats that you accept: date, fingerprint, reason."),
    ] = None,
    outputs: OutputsOption = None,
    instance: InstanceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask Zoom again and compare with the archive, record by record: missing, repeated, late.

    The last seven whole days, if no dates are given. It takes one request of Zoom's daily quota for 300 records, and
    stops while under a quarter of the quota is left. Records of the last half hour are not yet due. The archive is
    read with the versions that a feed has deleted; where the feed deletes nothing, what lies behind delete markers
    alone is a difference. --repair ends with a second look at the dates that it repaired.

    With --secops it looks for the event of each record in the archive: missing, there more than once, or not there
    yet. That takes a query or two a date, and roles/chronicle.viewer in the tenant's project.

    Example:

        zoomlogs verify --from 2026-06-01 --to 2026-06-30 --secops --html june.html

    Ends with 0 where all are equal, after --repair as the second look finds it; with 1 where they differ, a date could
    not be checked or the page could not be written; with 2 where a date is wrong or there is no deployment.
    """
    from ..dates import last_days
    from ..verify import command
    from ..verify.secops import SecopsOptions

    if days is not None and (first is not None or last is not None):
        raise typer.BadParameter("choose either --last, or --from and --to.")
    if days is not None:
        first, last = last_days(days)
    deployment = read_deployment(outputs, instance)
    of_secops = SecopsOptions(project, region, customer_id, service_account) if secops else None
    status = command.main(
        deployment, first, last, as_json=as_json, html=html, repair=repair, secops=of_secops, accept=accept
    )
    raise typer.Exit(status)


@app.command(rich_help_panel=START)
def run(
    outputs: OutputsOption = None,
    instance: InstanceOption = None,
    wait: WaitOption = False,
    as_json: JsonOption = False,
) -> None:
    """Start a run now, as the schedule does, and follow it.

    Ctrl-C leaves it: the run goes on in AWS. A run that overlaps with a scheduled one does no harm.

    Example:

        zoomlogs run --wait

    Ends with 0, with 1 where the run failed or dates are still owed, with 2 where there is no deployment.
    """
    from ..invoke import command

    raise typer.Exit(command.run(read_deployment(outputs, instance), wait=wait, as_json=as_json))


@app.command(rich_help_panel=START)
def reconcile(
    outputs: OutputsOption = None,
    instance: InstanceOption = None,
    wait: WaitOption = False,
    as_json: JsonOption = False,
) -> None:
    """Read the last days again from end to end now, for rows that came late.

    The collector does so by itself, twice a day; its dates are those of `zoom.lookback_days`, and today.

    Example:

        zoomlogs reconcile

    Ends with 0, with 1 where a run failed or dates are still owed, with 2 where there is no deployment.
    """
    from ..invoke import command

    raise typer.Exit(command.reconcile(read_deployment(outputs, instance), wait=wait, as_json=as_json))


@app.command(rich_help_panel=START)
def backfill(
    first: Annotated[
        str, typer.Option("--from", metavar="DATE", help="The first date, by UTC: YYYY-MM-DD, yesterday.")
    ],
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="The last date, by UTC.")],
    outputs: OutputsOption = None,
    instance: InstanceOption = None,
    wait: WaitOption = False,
    as_json: JsonOption = False,
) -> None:
    """Read dates again, as far back as Zoom keeps them, six months; what is there already is not written twice.

    One run reads what fits into the function's timeout, newest date first; the rest stays owed, and the schedule's runs
    go on with it, or --wait does at once. They stop while under a quarter of Zoom's daily quota is left, until midnight
    UTC; so does --wait.

    Example:

        zoomlogs backfill --from 2026-06-01 --to 2026-06-30 --wait

    Ends with 0, with 1 where a run failed, dates are still owed or Zoom no longer has one of them, with 2 where a date
    is wrong.
    """
    from ..invoke import command

    raise typer.Exit(command.backfill(read_deployment(outputs, instance), first, last, wait=wait, as_json=as_json))
