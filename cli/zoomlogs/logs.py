"""`zoomlogs logs`: the last runs as a table."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NoReturn

from rich.text import Text

from . import dates
from .aws import FAILURES, error_code, in_a_sentence, session_for
from .console import cell, console, print_json, table
from .dates import some
from .errors import CommandError
from .runs import LONGEST_RUN, LOOK_BACK, MOST_PAGES, asked, last_runs, lines_between, runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mypy_boto3_logs import CloudWatchLogsClient
    from rich.table import Table

    from .deployment import Deployment
    from .runs import Line, Run

USUAL_RUNS, MOST_RUNS = 20, 1000
LOOK_EVERY_SECONDS = 2.0
QUIET = timedelta(seconds=5)  # without a further line of an ended run: Lambda's own lines come last

COUNTS = ("written", "objects", "pages", "owed", "calls")
STYLES = {"ok": "green", "failed": "bold red", "waiting": "yellow", "stopped": "yellow"}


@dataclass(frozen=True)
class AskedRuns:
    """Which runs to show: the last `count` that began after `since`, or only failed ones."""

    count: int
    since: datetime | None = None
    failed: bool = False

    def of(self, found: Iterable[Run]) -> list[Run]:
        """Return the matching runs, oldest first."""
        wanted = [run for run in found if not self.since or run.began >= self.since]
        return [run for run in wanted if run.outcome == "failed" or not self.failed][-self.count :]


def asked_runs(last: int | None, since: str | None, *, failed: bool) -> AskedRuns:
    """Return which runs to show. Raises `CommandError` for an invalid --since."""
    count = last or (MOST_RUNS if since else USUAL_RUNS)
    return AskedRuns(count, dates.since(since, datetime.now(UTC)) if since is not None else None, failed)


def main(deployment: Deployment, asked: AskedRuns, *, as_json: bool) -> int:
    """Show the runs; return 0. Raises `CommandError` (1) if there is none."""
    logs, group = session_for(deployment).client("logs"), _group(deployment)
    with _in_a_sentence(deployment):
        found = read(logs, group, datetime.now(UTC), asked)
    if as_json:
        print_json([run.as_json() for run in found])
    elif found:
        _show(found)
    begun = asked.since or datetime.now(UTC) - LOOK_BACK
    if not found and asked.failed:
        console(stderr=True).say(f"No run since {begun:%Y-%m-%d %H:%M} UTC has failed.")
    elif not found:
        raise CommandError(
            f"No runs found in {group} since {begun:%Y-%m-%d %H:%M} UTC: start one with `zoomlogs run`, or check"
            " with `zoomlogs doctor` whether the schedule is enabled.",
            status=1,
        )
    return 0


def read(logs: CloudWatchLogsClient, group: str, now: datetime, asked: AskedRuns) -> list[Run]:
    """Return the runs, oldest first. Raises boto3's failures, and `CommandError` if the log is too long."""
    if not asked.since and not asked.failed:
        return last_runs(logs, group, now, asked.count)
    begun = asked.since or now - LOOK_BACK
    lines, pages = lines_between(logs, group, begun - LONGEST_RUN)  # includes runs that began before
    if pages >= MOST_PAGES:
        raise CommandError(f"The log since {begun:%Y-%m-%d %H:%M} UTC is too long to read: give a later --since.", 1)
    return asked.of(runs(lines, now))


def follow(deployment: Deployment, asked: AskedRuns, *, as_json: bool) -> NoReturn:
    """Show the runs, and each further run when it ends, until interrupted."""
    logs, group = session_for(deployment).client("logs"), _group(deployment)
    began = datetime.now(UTC)
    with _in_a_sentence(deployment):
        found = read(logs, group, began, asked)
    if as_json:
        for run in found:
            print_json(run.as_json(), indent=None)
    elif found:
        _show(found)
    shown = {run.request_id for run in found if run.outcome != "running"}
    with _in_a_sentence(deployment):  # skip runs that have already ended
        shown |= {run.request_id for run in _ended_lately(logs, group, began + QUIET)}
    while True:
        time.sleep(LOOK_EVERY_SECONDS)
        with _in_a_sentence(deployment):
            news = [run for run in _ended_lately(logs, group, datetime.now(UTC)) if run.request_id not in shown]
        shown |= {run.request_id for run in news}
        for run in asked.of(news):
            if as_json:
                print_json(run.as_json(), indent=None)
            else:
                console().print(as_line(run))


def _ended_lately(logs: CloudWatchLogsClient, group: str, now: datetime) -> list[Run]:
    lines, _ = lines_between(logs, group, now - 2 * LONGEST_RUN)
    return ended(lines, now)


def ended(lines: Iterable[Line], now: datetime) -> list[Run]:
    """Return the runs that have ended and will log no more."""
    last = {line.request_id: line.time for line in sorted(lines, key=lambda line: line.time)}
    return [run for run in runs(lines, now) if run.outcome != "running" and now - last[run.request_id] >= QUIET]


def _group(deployment: Deployment) -> str:
    return str(deployment.outputs["log_group"]["name"])


@contextmanager
def _in_a_sentence(deployment: Deployment) -> Iterator[None]:
    group = _group(deployment)
    try:
        with in_a_sentence(f"The log group {group} cannot be read"):
            yield
    except CommandError as error:
        cause = error.__cause__
        if isinstance(cause, FAILURES) and error_code(cause) == "ResourceNotFoundException":
            raise CommandError(
                f"There is no log group {group} in {deployment.region}: run `terraform apply`, which creates it again,"
                " or name the right outputs with --outputs.",
                status=1,
            ) from None
        raise


def _show(found: Sequence[Run]) -> None:
    out = console()
    out.print(as_table(found))
    for sentence in sentences(found):
        out.print(sentence)


def as_table(found: Sequence[Run]) -> Table:
    """Return the runs as a table, newest last."""
    with_action = any(run.action for run in found)
    counted = ("took", *COUNTS)
    shown = table("", "began, UTC", "took", *(["action"] if with_action else []), *COUNTS, "outcome", numbers=counted)
    for run in found:
        counts = (run.written, run.objects, run.pages, run.owed, run.zoom_calls)
        shown.add_row(
            f"{run.began:%m-%d %H:%M}",
            seconds(run.seconds),
            *([asked(run.action)] if with_action else []),
            *("" if count is None else f"{count:,}" for count in counts),
            cell(run.outcome, STYLES.get(run.outcome, "")),
        )
    return shown


def as_line(run: Run) -> Text:
    """Return a run as one line, for --follow."""
    counts = f", wrote {some(run.written, 'record')}" if run.written is not None else ""
    owed = f", {some(run.owed, 'date')} owed" if run.owed else ""
    return Text.assemble(
        f"{run.began:%m-%d %H:%M}  {seconds(run.seconds)}  ",
        (run.outcome, STYLES.get(run.outcome, "")),
        f"{counts}{owed}{f': {run.sentence}' if run.sentence else ''}",
    )


def sentences(found: Sequence[Run]) -> list[Text]:
    """Return the runs' sentences; equal ones once, with their number and the last time."""
    by_sentence: dict[tuple[str, str], list[Run]] = {}
    for run in found:
        if run.sentence:
            by_sentence.setdefault((run.outcome, run.sentence), []).append(run)
    return [
        Text.assemble(
            "\n",
            (outcome, STYLES.get(outcome, "")),
            f" at {runs[-1].began:%Y-%m-%d %H:%M}",
            f", and {len(runs) - 1} more like it" if len(runs) > 1 else "",
            f": {sentence}",
        )
        for (outcome, sentence), runs in by_sentence.items()
    ]


def seconds(taken: float | None) -> str:
    """Format a duration."""
    if taken is None:
        return ""
    return f"{taken:.1f} s" if taken < 60 else f"{int(taken // 60)}m {int(taken % 60):02}s"
