"""`zoomlogs verify`: makes the clients, verifies, shows, repairs."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.config import Config
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from zoom_operationlogs.archive import Archive
from zoom_operationlogs.bucket import Bucket
from zoom_operationlogs.credentials import SHAPE, parse
from zoom_operationlogs.deadline import Deadline
from zoom_operationlogs.errors import CollectorError, SecretError, SettingsError
from zoom_operationlogs.legacy import LegacyLedger, LegacyObjects
from zoom_operationlogs.rebuild import inventory_of
from zoom_operationlogs.settings import Settings

from .. import aws
from .. import checkpoint as stored
from ..console import SafeConsole, console, print_json
from ..dates import dates_to_verify, spell
from ..deleted import Rule
from ..errors import CommandError
from ..zoom import client
from . import acceptance, secops_output
from .archive import READ_AT_ONCE, ArchiveReader
from .comparison import Result
from .output import document, refuse_what_cannot_be_written, table, verdict, write
from .page import page
from .repair import ask_for_backfill, invoker, repaired_dates, sentences
from .report_reader import ReportReader
from .secops import asking, search_of
from .verifier import Verifier, due_before, for_an_operator, longest_pause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date
    from pathlib import Path

    import boto3
    from mypy_boto3_s3 import S3Client
    from zoom_operationlogs.checkpoint import Checkpoint
    from zoom_operationlogs.reports import Report
    from zoom_operationlogs.settings import Credentials
    from zoom_operationlogs.zoom import Zoom

    from ..deployment import Deployment
    from ..secops.result import Findings
    from .comparison import DayResult
    from .repair import Invoke
    from .secops import SecopsOptions

# How long a wait may be that Zoom asks for, and how long S3 is asked again.
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
    secops: SecopsOptions | None = None,
    accept: Path | None = None,
    session: boto3.Session | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] = time.sleep,
    invoke: Invoke | None = None,
) -> int:
    """Verify, show the result, repair, and verify the repaired dates again; return the exit status.

    0 if all dates are equal; 1 if there is a difference, a date could not be checked, or the page could not be written.
    Raises `CommandError` (2) for what the user must change first, (1) for what Zoom or AWS refuses.
    """
    err = console(stderr=True)
    began = clock()
    dates_to_verify(first, last, began.date())  # wrong ones are refused before anything is asked
    if html:
        refuse_what_cannot_be_written(html)
    search = search_of(deployment, secops) if secops else None
    accepted = acceptance.read(accept) if accept else ()
    session = session or aws.session_for(deployment)
    s3: S3Client = session.client("s3", config=S3_CONFIG)
    settings, credentials = _settings(deployment), _credentials(session, deployment)
    found = stored.read(s3, deployment)
    if found.instead:
        err.say(found.instead)
    checkpoint = found.checkpoint
    days = dates_to_verify(first, last, began.date(), checkpoint.settled_from if checkpoint else None)

    def look(
        days: Sequence[date], checkpoint: Checkpoint | None, least_wait: float = 0.0
    ) -> tuple[Sequence[DayResult], Findings | None, str]:
        now = clock()
        with _progress(err, len(days)) as bar:
            zoom, _ = client(settings, credentials, PATIENCE, clock=clock, sleep=sleep)
            due = due_before(now, checkpoint, longest_pause(deployment.outputs.get("schedule") or {}))
            report = ReportReader(zoom, settings.page_size, clock, due, lambda day, rows: bar.page(day, rows, zoom))
            archive = _archive(s3, deployment, settings.report, checkpoint, sleep, keeps_deliveries=search is not None)
            entries = acceptance.by_date(accepted, began.date())
            with asking(search, archive, least_wait) as of_secops:
                verifier = Verifier(report, archive, checkpoint, settings.lookback_days, now, entries, of_secops.ask)
                in_archive, stopped = verifier.run(days, bar.day)
                return *of_secops.beside(in_archive, bar.secops(len(days))), stopped

    results, findings, stopped = look(days, checkpoint)
    result = Result(
        deployment.bucket,
        deployment.prefix,
        credentials.account_id,
        began,
        clock(),
        tuple(results),
        stopped,
        accepted=accepted,
        secops=findings,
        report=settings.report,
    )
    # Shown before the page is written and before the repair, which takes minutes: both may fail.
    if not as_json:
        _show(result)
    if result.stopped:
        err.say(result.stopped)
    for sentence in acceptance.sentences(accepted, result.days, began.date()):
        err.say(sentence)
    page_written = _write(html, page(result), err) if html else True
    asked = ask_for_backfill(result.days, invoke or invoker(session, deployment), err) if repair else None
    repaired_days = repaired_dates(asked or ())
    if repaired_days:
        err.say(f"Looking a second time at {spell(repaired_days)} …")
        known = stored.read(s3, deployment).checkpoint
        results, findings, stopped = look(repaired_days, known, findings.wait if findings else 0.0)
        after = result.with_second_look(results, stopped, clock(), findings)
    else:
        after = result
    if as_json:
        told_of_repair = {} if asked is None else {"repair": asked, "totals_before_repair": asdict(result.totals)}
        print_json(document(after) | told_of_repair)
    elif asked is not None:
        out = console()
        for sentence in sentences(after, asked):
            out.say(sentence)
        if repaired_days:
            _show(after)
    if repaired_days:
        if stopped:
            err.say(stopped)
        page_written = _write(html, page(after), err) if html else True
    return 0 if after.equal and page_written else 1


def _settings(deployment: Deployment) -> Settings:
    try:
        return Settings.from_environ(deployment.environment)
    except SettingsError as error:
        raise CommandError(f"The function's environment is wrong: {error}") from None


def _credentials(session: boto3.Session, deployment: Deployment) -> Credentials:
    """Return the collector's credentials; the sentence of a failure quotes none of them."""
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
    *,
    keeps_deliveries: bool,
) -> ArchiveReader:
    """Return the archive's reader; the dates of the guide's objects come from the checkpoint, else from a listing."""
    bucket = Bucket(s3, deployment.bucket, PATIENCE, sleep)
    legacy = LegacyObjects(bucket, deployment.prefix, report, PATIENCE)
    if checkpoint:
        known = checkpoint.delivered.legacy
        ledger = known and LegacyLedger(known.first, known.last)  # its dates only: the objects are read again
    else:
        try:
            ledger = inventory_of(Archive(bucket, deployment.prefix, report, legacy)).legacy
        except CollectorError as error:
            raise CommandError(for_an_operator(error), status=1) from None
    rule = Rule.of(deployment, checkpoint)
    return ArchiveReader(bucket, deployment.prefix, report, legacy, ledger, rule, keeps_deliveries=keeps_deliveries)


def _show(result: Result) -> None:
    out = console()
    for part in (*table(result, out.width), *secops_output.table(result)):
        out.print(part)
    out.say(verdict(result), "bold")
    if of_secops := secops_output.verdict(result):
        out.say(of_secops, "bold")


def _write(path: Path, text: str, err: SafeConsole) -> bool:
    """Write the page, and say so; return whether that succeeded."""
    try:
        write(path, text)
    except CommandError as error:
        err.say(str(error))
        return False
    err.say(f"The page is in {path}.")
    return True


class _ProgressBar:
    """Shows the progress on a terminal."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task("Signing in at Zoom", total=total)
        self._asked: list[TaskID] = []

    def page(self, day: date, rows: int, zoom: Zoom) -> None:
        """Show a page."""
        quota = f", {zoom.quota.remaining:,} calls left today" if zoom.quota else ""
        self._progress.update(self._task, description=f"{day}: {rows:,} rows of Zoom{quota}")

    def day(self, _result: DayResult) -> None:
        """Count a date that is done."""
        self._progress.advance(self._task)

    def secops(self, total: int) -> Callable[[], None]:
        """Return a function that counts a date that is done in SecOps."""

        def done() -> None:
            if not self._asked:
                self._asked.append(self._progress.add_task("Waiting for SecOps", total=total))
            self._progress.advance(self._asked[0])

        return done


@contextmanager
def _progress(err: SafeConsole, total: int) -> Iterator[_ProgressBar]:
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TextColumn("dates"))
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        yield _ProgressBar(progress, total)
