"""`zoomlogs verify`: makes the clients, verifies, shows, repairs."""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import requests
from botocore.config import Config
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from zoom_operationlogs.archive import Archive
from zoom_operationlogs.bucket import Bucket
from zoom_operationlogs.credentials import SHAPE, parse
from zoom_operationlogs.deadline import Deadline
from zoom_operationlogs.errors import CollectorError, SecretError, SettingsError
from zoom_operationlogs.legacy import LegacyLedger, LegacyObjects
from zoom_operationlogs.settings import Settings
from zoom_operationlogs.zoom import Session, Zoom

from .. import aws
from ..dates import spell
from ..errors import CommandError
from ..status import stored
from .archive import READ_AT_ONCE, ArchiveReader
from .comparison import Result, State
from .date_args import dates
from .document import document
from .page import page
from .page_file import refuse_what_cannot_be_written, write
from .repair import event, invoker, wanted
from .report_reader import ReportReader
from .table import table, verdict
from .verifier import RESTORING, Verifier, due_before, for_an_operator, longest_pause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date
    from pathlib import Path

    import boto3
    from mypy_boto3_s3 import S3Client
    from zoom_operationlogs.checkpoint import Checkpoint
    from zoom_operationlogs.reports import Report
    from zoom_operationlogs.settings import Credentials

    from ..deployment import Deployment
    from .comparison import DayResult
    from .repair import Invoke

# As long as that a wait that Zoom asks for is waited out, and S3 is asked again.
PATIENCE = Deadline(lambda: 300.0, 0.0)
S3_CONFIG = Config(
    connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 2}, max_pool_connections=READ_AT_ONCE
)


def main(
    deployment: Deployment,
    first: str | None = None,
    last: str | None = None,
    *,
    as_json: bool = False,
    html: Path | None = None,
    repair: bool = False,
    session: boto3.Session | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] = time.sleep,
    invoke: Invoke | None = None,
) -> int:
    """Verify, show what was found, and ask for what is missing; return the exit status.

    0 every record of the dates is in the archive once; 1 there is a difference, not every date could be checked, or the
    page could not be written.
    Raises `CommandError` (2) for what the user must change first, (1) for what Zoom or AWS refuses.
    """
    err = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
    began = clock()
    dates(first, last, began.date())  # wrong ones are refused before anything is asked
    if html:
        refuse_what_cannot_be_written(html)
    session = session or aws.session(deployment.region)
    s3: S3Client = session.client("s3", config=S3_CONFIG)
    settings, credentials = _settings(deployment), _credentials(session, deployment)
    found = stored.read(s3, deployment)
    if found.instead:
        err.print(found.instead)
    checkpoint = found.checkpoint
    days = dates(first, last, began.date(), checkpoint.settled_from if checkpoint else None)
    with _progress(err, len(days)) as bar:
        zoom = Zoom(
            Session(requests.Session()),
            settings.report,
            settings.oauth_url,
            settings.api_url,
            lambda _fresh: credentials,
            settings.http_timeout_seconds,
            clock,
            sleep,
            PATIENCE,
        )
        due = due_before(began, checkpoint, longest_pause(deployment.outputs.get("schedule") or {}))
        report = ReportReader(zoom, settings.page_size, clock, due, lambda day, rows: bar.page(day, rows, zoom))
        archive = _archive(s3, deployment, settings.report, checkpoint, sleep)
        verifier = Verifier(report, archive, checkpoint, settings.lookback_days, began)
        results, stopped = verifier.run(days, bar.day)
    account = credentials.account_id
    result = Result(deployment.bucket, deployment.prefix, account, began, clock(), tuple(results), stopped)
    # Shown before the page is written and before the repair, which takes minutes: both may fail.
    if not as_json:
        _show(result)
    if result.stopped:
        err.print(result.stopped)
    page_written = _write(html, page(result), err) if html else True
    asked = _repair(result.days, invoke or invoker(session, deployment), err) if repair else None
    if as_json:
        told_of_repair = {} if asked is None else {"repair": asked}
        sys.stdout.write(json.dumps(document(result) | told_of_repair, indent=2) + "\n")
    elif asked is not None:
        out = _out()
        for sentence in _of_repair(result, asked):
            out.print(sentence)
    return 0 if result.equal and page_written else 1


# What is needed to begin


def _settings(deployment: Deployment) -> Settings:
    try:
        return Settings.from_environ(deployment.environment)
    except SettingsError as error:
        raise CommandError(f"The function's environment is wrong: {error}") from None


def _credentials(session: boto3.Session, deployment: Deployment) -> Credentials:
    """Return what the collector signs in with; the sentence of a failure quotes none of it."""
    arn = deployment.secret_arn
    try:
        found = session.client("secretsmanager").get_secret_value(SecretId=arn)
    except aws.FAILURES as error:
        if aws.secret_is_empty(error):
            raise CommandError(f"The secret {arn} is still empty: store {SHAPE} in it.", status=1) from None
        raise CommandError(f"The secret {arn} cannot be read: {aws.reason(error)}.", status=1) from error
    try:
        return parse(found.get("SecretString") or found.get("SecretBinary") or "", arn)
    except SecretError as error:
        raise CommandError(str(error), status=1) from None


def _archive(
    s3: S3Client,
    deployment: Deployment,
    report: Report,
    checkpoint: Checkpoint | None,
    sleep: Callable[[float], None],
) -> ArchiveReader:
    """Return the archive's reader; the checkpoint knows where the guide's objects are, else a listing does."""
    bucket = Bucket(s3, deployment.bucket, PATIENCE, sleep)
    legacy = LegacyObjects(bucket, deployment.prefix, report, PATIENCE)
    if checkpoint:
        known = checkpoint.delivered.legacy
        ledger = known and LegacyLedger(known.first, known.last)  # its dates only: the objects are read again
    else:
        try:
            ledger = Archive(bucket, deployment.prefix, report, legacy).inventory().legacy
        except CollectorError as error:
            raise CommandError(for_an_operator(error), status=1) from None
    return ArchiveReader(bucket, deployment.prefix, report, legacy, ledger)


# What comes of it


def _out() -> Console:
    return Console(highlight=False, markup=False, emoji=False)


def _show(result: Result) -> None:
    out = _out()
    for part in table(result, out.width):
        out.print(part)
    out.print(verdict(result), style="bold")


def _write(path: Path, text: str, err: Console) -> bool:
    """Write the page, and say so; what was found is no less found where that fails."""
    try:
        write(path, text)
    except CommandError as error:
        err.print(str(error))
        return False
    err.print(f"The page is in {path}.")
    return True


def _repair(days: Sequence[DayResult], invoke: Invoke, err: Console) -> list[dict[str, Any]]:
    """Ask for a backfill of the dates that lack records, range by range; return what was asked and answered.

    The first failure is the last one: what is behind it would fail as well.
    """
    done: list[dict[str, Any]] = []
    for first, last in wanted(days):
        err.print(f"Asking the collector to read {_range(first, last)} again …")
        asked = {"from": str(first), "to": str(last), "result": None, "error": None}
        try:
            done.append(asked | {"result": dict(invoke(event(first, last)))})
        except CommandError as error:
            err.print(str(error))
            done.append(asked | {"error": str(error)})
            break
    return done


def _of_repair(result: Result, repaired: list[dict[str, Any]]) -> Iterator[str]:
    failed = [each for each in repaired if each["error"]]
    repaired = [each for each in repaired if not each["error"]]
    if repaired:
        written = sum(int(each["result"].get("written") or 0) for each in repaired)
        owed = int(repaired[-1]["result"].get("owed") or 0)
        dates = "1 date is" if owed == 1 else f"{owed} dates are"
        left = f"{dates} still owed, which the next runs read (see `zoomlogs status`). " if owed else ""
        ranges = ", ".join(_range(each["from"], each["to"]) for each in repaired)
        yield f"A backfill of {ranges} was asked for; it wrote {written:,} records. {left}Verify again to see."
    elif not failed:
        yield "No backfill was asked for: no date lacks a record that one would write and that is not owed already."
    if waiting := result.dates(State.NOT_READ_YET):
        yield f"Owed already, and read by the next runs: {spell(waiting)}."
    if taken := [day.date for day in result.days if day.taken_for_delivered]:
        yield (
            f"What the checkpoint takes for delivered on {spell(taken)} no backfill writes again: delete the checkpoint"
            f" first, as {RESTORING} says."
        )
    if repeated := [day.date for day in result.days if day.repeated]:
        yield (
            f"What is repeated on {spell(repeated)} cannot be repaired: objects are written once, and the archive never"
            " deletes."
        )


def _range(first: date | str, last: date | str) -> str:
    return f"{first}" if first == last else f"{first} to {last}"


class _ProgressBar:
    """Says on a terminal how far it is."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task("Signing in at Zoom", total=total)

    def page(self, day: date, rows: int, zoom: Zoom) -> None:
        """Hear of a page."""
        quota = f", {zoom.quota.remaining:,} calls left today" if zoom.quota else ""
        self._progress.update(self._task, description=f"{day}: {rows:,} rows of Zoom{quota}")

    def day(self, _result: DayResult) -> None:
        """Hear of a date that is done."""
        self._progress.advance(self._task)


@contextmanager
def _progress(err: Console, total: int) -> Iterator[_ProgressBar]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("dates"))
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        yield _ProgressBar(progress, total)
