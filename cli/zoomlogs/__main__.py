"""`zoomlogs`: what an operator runs."""

from __future__ import annotations

import signal
import sys
from pathlib import Path  # noqa: TC003  Typer reads the annotation
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from .deployment import InstanceOption, OutputsOption, read_deployment
from .errors import CommandError
from .feed.app import app as feed
from .reader_key.app import app as reader_key

INTERRUPTED = 130  # 128 + SIGINT, as shells count it

# The groups of commands, in the order in which `zoomlogs --help` shows them.
SEE, START, SET_UP, SECOPS = "See that it works", "Start runs", "Set up", "Google SecOps"

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", pretty_exceptions_show_locals=False)

zoom_secret = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown")
app.add_typer(feed, name="feed", rich_help_panel=SECOPS)
app.add_typer(reader_key, name="reader-key", rich_help_panel=SECOPS)
app.add_typer(zoom_secret, name="zoom-secret", rich_help_panel=SET_UP)

JsonOption = Annotated[bool, typer.Option("--json", help="Give one JSON document instead of words.")]
WaitOption = Annotated[
    bool, typer.Option("--wait", help="Go on with further runs until nothing that was asked for is owed.")
]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"zoomlogs {version('terraform-aws-zoom-operation-logs')}")
        raise typer.Exit


@app.callback()
def _commands(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """Zoom's operation logs into Google SecOps, every record exactly once.

    Run it in the folder of your Terraform configuration, signed in to AWS as for `terraform plan`, or give the outputs
    of one with --outputs. The configuration has to have this output:

        output "zoom_operation_logs" { value = module.zoom_operation_logs }

    Begin with `zoomlogs doctor`; each command explains itself with --help. docs/cli.md lists what each needs of AWS.
    """


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
    outputs: OutputsOption = None,
    instance: InstanceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check everything that has to be right, and say what to change in which console.

    It signs in at Zoom and asks for one row, looks at the function, schedule, bucket, rights, alarms and the reader,
    and writes nothing. Each check stands alone: ✓ is well, ✗ is to be fixed, ? could not be checked.

    With --probe, --test-alarm or --as-reader it makes the checks of these options only, which try something.

    Example:

        zoomlogs doctor --json | jq '.[] | select(.status == "fix")'

    Ends with 0 where nothing is to be fixed, with 1 otherwise, with 2 where there is no deployment to look at. With one
    of the three options a ? is 1, too.
    """
    from .doctor import command

    trials = command.Trials(probe=probe, test_alarm=test_alarm, as_reader=as_reader)
    raise typer.Exit(command.main(read_deployment(outputs, instance), trials, as_json=as_json))


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
    from .status import command

    raise typer.Exit(command.main(read_deployment(outputs, instance), as_json=as_json))


@app.command(rich_help_panel=SEE)
def logs(
    outputs: OutputsOption = None,
    instance: InstanceOption = None,
    last: Annotated[int, typer.Option("--last", metavar="N", min=1, max=1000, help="How many runs.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show the last runs as a table: when, how long, what they wrote, what is owed, how they ended.

    It reads the function's log group, at most a fortnight back; times are UTC.

    Example:

        zoomlogs logs --last 96

    Ends with 0, with 1 where no run is found or the log cannot be read, with 2 where there is no deployment.
    """
    from .logs import command

    raise typer.Exit(command.main(read_deployment(outputs, instance), last, as_json=as_json))


@app.command(rich_help_panel=SEE)
def verify(
    first: Annotated[
        str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="The first date, by UTC.", show_default=False)
    ] = None,
    last: Annotated[
        str | None,
        typer.Option("--to", metavar="YYYY-MM-DD", help="The last date, by UTC; yesterday if not given."),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page to keep: a calendar, a table, what differs."),
    ] = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Ask the collector for a backfill of the dates that lack records.")
    ] = False,
    outputs: OutputsOption = None,
    instance: InstanceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask Zoom again and compare with the archive, record by record: missing, repeated, late.

    The last seven whole days, if no dates are given. It takes one request of Zoom's daily quota for 300 records, and
    stops while under a quarter of the quota is left. Records of the last half hour are not yet due. The archive is
    read with the versions that a feed has deleted.

    Example:

        zoomlogs verify --from 2026-06-01 --to 2026-06-30 --html june.html

    Ends with 0 where both are equal, with 1 where they differ or a date could not be checked, with 2 where a date is
    wrong or there is no deployment.
    """
    from .verify import command

    deployment = read_deployment(outputs, instance)
    raise typer.Exit(command.main(deployment, first, last, as_json=as_json, html=html, repair=repair))


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
    from .invoke import command

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
    from .invoke import command

    raise typer.Exit(command.reconcile(read_deployment(outputs, instance), wait=wait, as_json=as_json))


@app.command(rich_help_panel=START)
def backfill(
    first: Annotated[str, typer.Option("--from", metavar="YYYY-MM-DD", help="The first date, by UTC.")],
    last: Annotated[str, typer.Option("--to", metavar="YYYY-MM-DD", help="The last date, by UTC.")],
    outputs: OutputsOption = None,
    instance: InstanceOption = None,
    wait: WaitOption = False,
    as_json: JsonOption = False,
) -> None:
    """Read dates again, as far back as Zoom keeps them, six months; what is there already is not written twice.

    One run reads what fits into the function's timeout, newest date first; the rest stays owed, and the schedule's runs
    go on with it, or --wait does at once. They stop while under a quarter of Zoom's daily quota is left.

    Example:

        zoomlogs backfill --from 2026-06-01 --to 2026-06-30 --wait

    Ends with 0, with 1 where a run failed or dates are still owed, with 2 where a date is wrong.
    """
    from .invoke import command

    raise typer.Exit(command.backfill(read_deployment(outputs, instance), first, last, wait=wait, as_json=as_json))


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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say the steps, and take none.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Give the report as JSON.")] = False,
) -> None:
    """Prepare a set-up made by hand after the written guide, so that Terraform can take it over.

    It switches the schedule off, moves Zoom's credentials from the function's variables into a secret, and waits until
    a run under way is over. Run it again whatever interrupted it. The README of examples/adopt-console-setup goes on.

    Example, in that folder:

        zoomlogs adopt --variables adopt.auto.tfvars.json

    Ends with 0, with 1 where AWS refuses something, with 2 where you must change something first.
    """
    from .adopt import command
    from .adopt.move import Names

    names = Names(function=function, schedule=schedule, secret=secret, reader=reader, reader_policy=reader_policy)
    raise typer.Exit(command.main(names, region, dry_run=dry_run, as_json=as_json, variables=variables))


@app.command(rich_help_panel=SECOPS)
def udm(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE|FOLDER|s3://BUCKET/PREFIX|-]…",
            help="Where the records are, one a line, gzip or not; - or nothing is standard input.",
            show_default=False,
        ),
    ] = None,
    table: Annotated[bool, typer.Option("--table", help="Show the events as a table.")] = False,
    coverage: Annotated[
        bool,
        typer.Option("--coverage", help="Show which share of the records yields each UDM field, and what is left."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Give the coverage as JSON.")] = False,
) -> None:
    """Preview what SecOps will make of records: UDM events, one a line.

    Example:

        zoomlogs udm --table s3://your-zoom-operation-logs/zoom/operationlogs/2026/03/10/

    Ends with 0, with 1 if lines held no record, with 2 if a source leads nowhere.
    """
    from .udm import command

    if table and coverage:
        raise typer.BadParameter("choose one of --table and --coverage.")
    if as_json and not coverage:
        raise typer.BadParameter("--json goes with --coverage; events are JSON anyway.")
    if not sources and sys.stdin is not None and sys.stdin.isatty():
        raise typer.BadParameter("name files, folders or s3://bucket/prefix/, or pipe records in.")
    form: command.Form = "table" if table else "events"
    if coverage:
        form = "coverage-json" if as_json else "coverage"
    raise typer.Exit(command.main(sources or ["-"], form))


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
    from . import deployer

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
    from . import zoom_secret as secret

    secret.put(outputs, instance, file, check=not no_check, as_json=as_json)


def main() -> None:
    """Run the command line; Ctrl-C and a polite kill end it in an orderly way."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        status = app(prog_name="zoomlogs", standalone_mode=False)  # the status that the command ended with
    except typer.Abort:
        Console(stderr=True).print("Interrupted.")
        status = INTERRUPTED
    except CommandError as error:
        Console(stderr=True, soft_wrap=True, highlight=False, emoji=False).print(str(error), markup=False)
        status = error.status
    except Exception as error:
        if not (hasattr(error, "show") and hasattr(error, "exit_code")):
            raise
        error.show()  # a wrong command line, in click's words
        status = error.exit_code
    sys.exit(status)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
