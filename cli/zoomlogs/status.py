"""`zoomlogs status`: the collector's checkpoint and the last run, in words and as JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.table import Table
from zoom_operationlogs.agenda import LOOK_AGAIN_AFTER
from zoom_operationlogs.dates import ONE_DAY

from .aws import FAILURES, reason, session_for
from .checkpoint import StoredCheckpoint, read
from .console import console, print_json
from .dates import ahead, ranges, some, span, spell
from .errors import CommandError
from .runs import LOOK_BACK, asked, is_run, last_runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from mypy_boto3_logs import CloudWatchLogsClient
    from zoom_operationlogs.checkpoint import Checkpoint
    from zoom_operationlogs.legacy import LegacyLedger

    from .deployment import Deployment
    from .runs import Run


def main(deployment: Deployment, *, as_json: bool = False, now: datetime | None = None) -> int:
    """Show where collecting stands; return 0, or 1 if the checkpoint or the last run is not known."""
    now = now or datetime.now(UTC)
    aws = session_for(deployment)
    ran = _last_run(aws.client("logs"), str(deployment.outputs["log_group"]["name"]), now)
    try:
        stored = read(aws.client("s3"), deployment)
    except CommandError as error:
        stored = StoredCheckpoint(instead=str(error))
    if stored.checkpoint and stored.saved:
        facts = document(stored.checkpoint, stored.saved, now, ran)
        lines = words(stored.checkpoint, stored.saved, now, ran)
    else:
        facts = {"last_run": _last_run_as_json(ran, now), "checkpoint": stored.instead}
        lines = [("Last run", _last_run_in_words(ran, now))]
    if as_json:
        print_json({"report": deployment.report.name, **facts})
    else:
        console().print(table(deployment, lines))
    wrong = [sentence for sentence in (stored.instead, ran if isinstance(ran, str) else "") if sentence]
    for sentence in wrong:
        console(stderr=True).say(sentence)
    return 1 if wrong else 0


def table(deployment: Deployment, lines: Iterable[tuple[str, str]]) -> Table:
    """Return the lines as a table, headed by the collector."""
    shown = Table.grid(padding=(0, 2))
    shown.add_column(style="bold", no_wrap=True)
    shown.add_column(overflow="fold")
    shown.add_row("Collector", f"{deployment.function_name} in {deployment.region}, bucket {deployment.bucket}")
    shown.add_row("Report", f"Zoom's {deployment.report.records}")
    for heading, sentence in lines:
        shown.add_row(heading, sentence)
    return shown


def _last_run(logs: CloudWatchLogsClient, group: str, now: datetime) -> Run | str:
    """Return the last run, or why it is not known: an idle run saves no checkpoint, so only the log has it."""
    try:
        found = last_runs(logs, group, now, 1, is_run)
    except FAILURES as error:
        return f"The last run is not known, because the log group {group} cannot be read: {reason(error)}."
    return found[-1] if found else f"The log group {group} has no run in the last {LOOK_BACK.days} days."


MANY = 6  # ranges of dates; further ones are counted


def document(checkpoint: Checkpoint, saved: datetime, now: datetime, ran: Run | str) -> dict[str, Any]:
    """Return the JSON document: ISO dates and times, durations in seconds."""
    settled = checkpoint.settled_from <= checkpoint.settled_to
    guide, lease = checkpoint.delivered.legacy, checkpoint.lease
    return {
        "last_run": _last_run_as_json(ran, now),
        "saved": saved.isoformat(),
        "saved_seconds_ago": _seconds(saved, now),
        "newest_record": _iso(checkpoint.frontier),
        "newest_record_seconds_ago": round((now - checkpoint.frontier).total_seconds())
        if checkpoint.frontier
        else None,
        "reconciled": _iso(checkpoint.reconciled),
        "settled": [checkpoint.settled_from.isoformat(), checkpoint.settled_to.isoformat()] if settled else None,
        "owed": [
            {"date": f"{day}", "since": _iso(owed.owed_since), "looks": owed.looks, "not_before": _iso(owed.not_before)}
            for day, owed in sorted(checkpoint.owed.items())
        ],
        "expired": sorted(day.isoformat() for day in checkpoint.expired),
        "sweeps": [
            {
                "name": name,
                "began": sweep.began.isoformat(),
                "rows": sweep.rows_read,
                "page_size": sweep.page_size,
                "resumable": sweep.resumable(now),
            }
            for name, sweep in sorted(checkpoint.sweeps.items())
        ],
        "not_before": _iso(ahead(checkpoint.not_before, now)),
        "lease": lease and {"owner": lease.owner, "until": lease.until.isoformat(), "held": lease.until > now},
        "guide": guide and {"from": str(guide.first), "to": str(guide.last), "objects_read": len(guide.absorbed)},
    }


def words(checkpoint: Checkpoint, saved: datetime, now: datetime, ran: Run | str) -> list[tuple[str, str]]:
    """Return headings and sentences; `ran` is the last run, or why it is not known."""
    lines = [
        ("Last run", _last_run_in_words(ran, now)),
        ("Last saved", f"{_when(saved, now)}. A run that finds nothing new saves nothing."),
        ("Newest record", f"{_when(checkpoint.frontier, now)}." if checkpoint.frontier else "None yet."),
        (
            "Last full sweep",
            f"{_when(checkpoint.reconciled, now)}. It reads all recent dates again, for rows that arrive late."
            if checkpoint.reconciled
            else "None yet.",
        ),
        ("Settled", _settled(checkpoint)),
        ("Owed", _owed(checkpoint, now)),
    ]
    if looks := {day: owed.not_before for day, owed in checkpoint.owed.items() if owed.not_before}:
        lines.append(("Read again", _another_look(looks, now)))
    if checkpoint.sweeps:
        lines.append(("In progress", " ".join(_sweeps(checkpoint, now))))
    if checkpoint.expired:
        lines.append(
            ("Expired", f"{_dates(checkpoint.expired)}: Zoom no longer had them when the collector read them.")
        )
    if until := ahead(checkpoint.not_before, now):
        lines.append(
            ("Not before", f"{_moment(until)}, in {span(until - now)}: Zoom's rate limit allows no call until then.")
        )
    if checkpoint.lease and checkpoint.lease.until > now:
        lease = checkpoint.lease
        lines.append(("Lease", f"A run holds it until {_moment(lease.until)}; its request ID is {lease.owner}."))
    if legacy := checkpoint.delivered.legacy:
        lines.append(("Guide's objects", _guide(legacy)))
    return lines


def _last_run_as_json(ran: Run | str, now: datetime) -> dict[str, Any] | None:
    return None if isinstance(ran, str) else {**ran.as_json(), "seconds_ago": _seconds(ran.began, now)}


def _last_run_in_words(ran: Run | str, now: datetime) -> str:
    return ran if isinstance(ran, str) else f"{_when(ran.began, now)}: {_ended(ran)}"


def _ended(run: Run) -> str:
    by = f" ({asked(run.action)})" if run.action else ""
    if run.outcome == "ok":
        return f"it succeeded and wrote {some(run.written or 0, 'record')}{by}."
    if run.outcome == "running":
        return f"it is still running{by}."
    how = {"failed": "it failed: ", "stopped": "it stopped early: ", "waiting": "it waited: "}
    return f"{how.get(run.outcome, '')}{run.sentence}"


def _settled(checkpoint: Checkpoint) -> str:
    first, last = checkpoint.settled_from, checkpoint.settled_to
    if first > last:
        return f"No date yet; collecting begins with {first}."
    but = [
        f"{count} {what}"
        for what, days in (("owed", checkpoint.owed), ("expired", checkpoint.expired))
        if (count := sum(first <= day <= last for day in days))
    ]
    said = f"{first} to {last}" + (f", except {' and '.join(but)}" if but else "")
    return f"{said}. Later dates are read again, for rows that arrive late."


def _owed(checkpoint: Checkpoint, now: datetime) -> str:
    if not checkpoint.owed:
        return "Nothing."
    eldest = min(owed.owed_since for owed in checkpoint.owed.values())
    return f"{some(len(checkpoint.owed), 'date')}, the oldest for {span(now - eldest)}: {_dates(checkpoint.owed)}."


def _another_look(looks: Mapping[date, datetime], now: datetime) -> str:
    first, last = min(looks.values()), max(looks.values())
    return (
        f"{len(looks)} of these, {'the oldest ' if first < last else ''}since {_when(first - LOOK_AGAIN_AFTER, now)}:"
        f" {_dates(looks)}."
        " Zoom's answer was empty or lacked records that are in the archive, so the collector reads"
        f" {'the date' if len(looks) == 1 else 'the dates'} again after {_moment(last)}."
    )


def _dates(days: Iterable[date]) -> str:
    found = ranges(days)
    shown = [first + ONE_DAY * n for first, last in found[-MANY:] for n in range((last - first).days + 1)]
    before = len(found) - MANY
    return f"{spell(shown)}{f', and {before} earlier ranges' if before > 0 else ''}"


def _sweeps(checkpoint: Checkpoint, now: datetime) -> list[str]:
    return [
        f"{'The newest rows' if name == 'tail' else name}: {sweep.rows_read:,} rows read since {_moment(sweep.began)};"
        f" the next run {'continues there' if sweep.resumable(now) else 'starts again'}."
        for name, sweep in sorted(checkpoint.sweeps.items())
    ]


def _guide(guide: LegacyLedger) -> str:
    return (
        f"{len(guide.absorbed):,} of those written from {guide.first} to {guide.last} were read; their records count as"
        " delivered."
    )


def _when(moment: datetime, now: datetime) -> str:
    to_come = moment > now
    return f"{_moment(moment)}, {'in ' if to_come else ''}{span(abs(now - moment))}{'' if to_come else ' ago'}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _seconds(moment: datetime | None, now: datetime) -> int | None:
    return round((now - moment).total_seconds()) if moment else None


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
