"""One run after another, until nothing that was asked for is owed, or going on at once would be of no use."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from zoom_operationlogs.dates import date_range, window
from zoom_operationlogs.event import RUN

from ..dates import parse, that_zoom_has

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from zoom_operationlogs.checkpoint import Lease

    from ..checkpoint import CheckpointSummary
    from ..invocation import Answer


@dataclass(frozen=True)
class RunRequest:
    """A request: the event, and the dates that it asks for; None where a run does whatever is owed."""

    event: Mapping[str, str]
    dates: frozenset[date] | None = None

    @property
    def action(self) -> str:
        """What it asks for, by the contract's name."""
        return self.event["action"]


BY_HAND = {"action": RUN}


def run() -> RunRequest:
    """Ask for a run as the schedule does; the log says that it was by hand."""
    return RunRequest(BY_HAND)


def reconcile(today: date, lookback_days: int) -> RunRequest:
    """Ask for a sweep of each date of the window, in which rows may still come late."""
    return RunRequest({"action": "reconcile"}, frozenset(date_range(*window(today, lookback_days))))


def backfill(first: str, last: str, today: date) -> RunRequest:
    """Ask for a sweep of the dates `first` to `last`, both included and written YYYY-MM-DD.

    Raises `CommandError` where they are no dates, reversed, to come, or older than Zoom keeps.
    """
    begin, end = parse(first, "--from", today), parse(last, "--to", today)
    dates = that_zoom_has(begin, end, today)
    event = {"action": "backfill", "from": begin.isoformat(), "to": end.isoformat()}
    return RunRequest(event, frozenset(dates))


LONGEST_PAUSE = timedelta(minutes=5)
FRUITLESS_RUNS = 2
LOOK_AT_LEASE_SECONDS = 5.0
CLOCKS_APART = timedelta(minutes=1)  # as far as the doctor lets this computer's and AWS's be
SHOWN_DATES = 6


class Runner(Protocol):
    """What the loop acts on."""

    def invoke(self, event: Mapping[str, str]) -> tuple[Answer, Mapping[str, Any]]:
        """Do one run; return its answer, and the fields of its last log line as far as the log tells."""

    def checkpoint(self) -> CheckpointSummary | None:
        """Tell what is owed; None where the checkpoint cannot be read."""

    def now(self) -> datetime:
        """Tell the time."""

    def pause(self, seconds: float) -> None:
        """Wait."""

    def say(self, sentence: str) -> None:
        """Show what is waited for."""


@dataclass
class InvocationSummary:
    """What came of it: the runs, the dates owed afterwards of those asked for (None: only their number is known).

    `waiting` are dates that count as swept for now, but are looked at again after the time given.
    """

    ok: bool = True
    sentence: str = ""
    runs: list[dict[str, Any]] = field(default_factory=list)
    owed: Sequence[date] | None = None
    owed_count: int = 0
    waiting: Mapping[date, datetime] = field(default_factory=dict)
    expired: Sequence[date] = ()

    @property
    def status(self) -> int:
        """The exit status."""
        return 0 if self.ok and not self.owed_count and not self.expired else 1

    def total(self, name: str) -> int:
        """Add up one count of the runs."""
        return sum(run["result"].get(name) or 0 for run in self.runs)


def carry_out(request: RunRequest, runner: Runner, *, wait: bool) -> InvocationSummary:
    """Do one run, and with `wait` further ones while dates that were asked for are owed.

    A failed run ends it, and so do runs that bring nothing further, or a wish of Zoom's to be left alone for longer. A
    run that left its work to another is followed by one when that is over: what was asked for is kept meanwhile. A date
    whose answer was empty or incomplete is not waited for: the collector looks at it again an hour later.
    """
    summary = InvocationSummary()
    event: Mapping[str, str] = request.event
    fruitless = 0
    before: CheckpointSummary | int | None = None
    while True:
        answer, last_line = runner.invoke(event)
        summary.runs.append(_run(answer, last_line))
        checkpoint = runner.checkpoint() if answer.result.get("ok") is True else None
        _add_result(summary, request, answer, checkpoint, runner.now())
        lease = _held_by_another(answer, checkpoint, runner.now())
        if not summary.ok or not wait or not (summary.owed_count or lease):
            return _with_next_step(summary, lease, wait=wait)
        if not lease:
            reached = answer.result.get("owed") if checkpoint is None else checkpoint
            fruitless = fruitless + 1 if reached == before and not answer.result.get("written") else 0
            before = reached
        if fruitless >= FRUITLESS_RUNS:
            # Without the checkpoint none can tell.
            leased = "another run holds the lease, dates wait for another look, or " if checkpoint is None else ""
            summary.sentence = (
                f"{FRUITLESS_RUNS} runs brought nothing further, as when {leased}little of Zoom's daily quota is left:"
                " the schedule goes on with the dates owed."
            )
            return summary
        until = _moment(answer.result.get("not_before"))
        pause = until - runner.now() if until else timedelta()
        if pause > LONGEST_PAUSE:
            summary.ok = not lease  # which did nothing of its own
            summary.sentence = (
                f"Zoom asks not to be called before {until:%Y-%m-%d %H:%M} UTC: the schedule goes on then."
            )
            return summary
        if pause > timedelta():
            runner.pause(pause.total_seconds())
        if lease:
            _wait_for_lease(lease, runner)
        event = BY_HAND


def _held_by_another(answer: Answer, checkpoint: CheckpointSummary | None, now: datetime) -> Lease | None:
    """Return the lease for whose sake the run left its work to another one; None where it did not, or none can tell.

    A run that works holds the lease itself. One that is just over counts: it may have been given back since.
    """
    lease = checkpoint.lease if checkpoint else None
    idle = answer.result.get("ended") is False and not answer.result.get("pages")
    of_another = lease and lease.owner != answer.request_id and lease.until + CLOCKS_APART > now
    return lease if idle and of_another else None


def _wait_for_lease(lease: Lease, runner: Runner) -> None:
    """Wait until the lease is over: at its end, or when the run that holds it gives it back."""
    now = runner.now()
    if lease.until > now:
        runner.say(f"Another run holds the lease until {lease.until:%H:%M:%S} UTC at most: waiting until it is over.")
    until = max(lease.until, now + timedelta(seconds=LOOK_AT_LEASE_SECONDS))
    while (left := (until - runner.now()).total_seconds()) > 0:
        runner.pause(min(left, LOOK_AT_LEASE_SECONDS))
        checkpoint = runner.checkpoint()
        if checkpoint and checkpoint.lease != lease:
            return


def _run(answer: Answer, last_line: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of a run; the log's line says more than the result does."""
    known = {**last_line, **answer.result}
    return {
        "request_id": answer.request_id,
        "ok": not answer.error and answer.result.get("ok") is True,
        "result": dict(answer.result),
        "error": answer.error or None,
        "seconds": known.get("seconds"),
        "zoom_calls": known.get("zoom_calls"),
        "zoom_calls_left": known.get("zoom_calls_left"),
    }


def _add_result(
    summary: InvocationSummary, request: RunRequest, answer: Answer, checkpoint: CheckpointSummary | None, now: datetime
) -> None:
    summary.ok = not answer.error and answer.result.get("ok") is True
    summary.sentence = answer.error
    if answer.result.get("waiting_for") == "credentials":
        summary.sentence = "The secret is still empty: store Zoom's credentials in it, then run this again."
    elif not summary.ok and not answer.error:
        summary.sentence = "The function answered something else than its result: look at its log with `zoomlogs logs`."
    if checkpoint is None:
        summary.owed, summary.owed_count, summary.waiting = None, int(answer.result.get("owed") or 0), {}
        return
    summary.owed = sorted(checkpoint.due(request.dates, now))
    summary.waiting = checkpoint.waiting(request.dates, now)
    summary.owed_count = len(summary.owed)
    summary.expired = sorted((request.dates or frozenset()) & checkpoint.expired)


def _with_next_step(summary: InvocationSummary, lease: Lease | None, *, wait: bool) -> InvocationSummary:
    """Say what is left to do, where nothing else is to be said; `lease` is why the last run left it to another."""
    last = summary.runs[-1]["result"]
    if summary.ok and lease:
        summary.ok = False
        then = "The schedule goes on with the dates owed; `" if summary.owed_count else "`"
        summary.sentence = (
            f"Another run holds the lease until {lease.until:%H:%M:%S} UTC at most, so this one left its work to it."
            f" {then}zoomlogs run --wait` goes on as soon as it is over."
        )
    elif summary.ok and summary.owed_count and not wait:
        summary.sentence = (
            "The schedule goes on with the dates owed; `zoomlogs run --wait` does so at once, but not while under a"
            " quarter of Zoom's daily limit is left: then it goes on after midnight UTC."
        )
    elif summary.ok and last.get("ended") is False:
        summary.ok = False
        until = _moment(last.get("not_before"))
        summary.sentence = (
            f"Zoom asks not to be called before {until:%Y-%m-%d %H:%M} UTC: the schedule goes on then."
            if until
            else "The run left before it had read the newest records to their end: the next one goes on."
        )
    return summary


def _moment(value: object) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None
