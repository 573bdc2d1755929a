"""Starts runs until none of the requested dates is owed, or further runs would achieve nothing now."""

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
    """The event for the function, and the requested dates; None for all owed dates."""

    event: Mapping[str, str]
    dates: frozenset[date] | None = None

    @property
    def action(self) -> str:
        """The event's action."""
        return self.event["action"]


BY_HAND = {"action": RUN}


def run() -> RunRequest:
    """Request a run as the schedule does; the log marks it as started by hand."""
    return RunRequest(BY_HAND)


def reconcile(today: date, lookback_days: int) -> RunRequest:
    """Request a sweep of each date in the window, where rows may still arrive late."""
    return RunRequest({"action": "reconcile"}, frozenset(date_range(*window(today, lookback_days))))


def backfill(first: str, last: str, today: date) -> RunRequest:
    """Request a sweep of the dates `first` to `last`, both included. Raises `CommandError` for invalid dates."""
    begin, end = parse(first, "--from", today), parse(last, "--to", today)
    dates = that_zoom_has(begin, end, today)
    event = {"action": "backfill", "from": begin.isoformat(), "to": end.isoformat()}
    return RunRequest(event, frozenset(dates))


LONGEST_PAUSE = timedelta(minutes=5)
FRUITLESS_RUNS = 2
LOOK_AT_LEASE_SECONDS = 5.0
CLOCKS_APART = timedelta(minutes=1)  # the doctor's limit, too
SHOWN_DATES = 6


class Runner(Protocol):
    """What the loop needs of AWS and the screen."""

    def invoke(self, event: Mapping[str, str]) -> tuple[Answer, Mapping[str, Any]]:
        """Do one run; return its answer, and the fields of its last log line if it was found."""

    def checkpoint(self) -> CheckpointSummary | None:
        """Return the checkpoint's summary; None if it cannot be read."""

    def now(self) -> datetime:
        """Return the time."""

    def pause(self, seconds: float) -> None:
        """Wait."""

    def say(self, sentence: str) -> None:
        """Show what the loop waits for."""


@dataclass
class InvocationSummary:
    """The result: the runs, and which requested dates are still owed (None: only their number is known).

    `waiting` are dates that count as swept, but are read again after the given time.
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
    """Do one run, and with `wait` further runs while requested dates are owed.

    It stops after a failed run, after runs without progress, or if Zoom's rate limit means a long wait. If a run left
    its work to another, the next one starts when that ends. It does not wait for dates with an empty or incomplete
    answer, which the collector reads again an hour later.
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
            leased = "another run holds the lease, dates are to be read again later, or " if checkpoint is None else ""
            summary.sentence = (
                f"{FRUITLESS_RUNS} runs made no progress, as when {leased}little of Zoom's daily quota is left:"
                " scheduled runs continue with the owed dates."
            )
            return summary
        until = _moment(answer.result.get("not_before"))
        pause = until - runner.now() if until else timedelta()
        if pause > LONGEST_PAUSE:
            summary.ok = not lease  # with a lease, this run did nothing
            summary.sentence = (
                f"Zoom's rate limit allows no call before {until:%Y-%m-%d %H:%M} UTC: scheduled runs continue then."
            )
            return summary
        if pause > timedelta():
            runner.pause(pause.total_seconds())
        if lease:
            _wait_for_lease(lease, runner)
        event = BY_HAND


def _held_by_another(answer: Answer, checkpoint: CheckpointSummary | None, now: datetime) -> Lease | None:
    """Return the lease of another run, to which this run left its work; None if it did not, or if that is not known.

    A lease that has just ended counts.
    """
    lease = checkpoint.lease if checkpoint else None
    idle = answer.result.get("ended") is False and not answer.result.get("pages")
    of_another = lease and lease.owner != answer.request_id and lease.until + CLOCKS_APART > now
    return lease if idle and of_another else None


def _wait_for_lease(lease: Lease, runner: Runner) -> None:
    """Wait until the lease ends or is released."""
    now = runner.now()
    if lease.until > now:
        runner.say(f"Another run holds the lease until {lease.until:%H:%M:%S} UTC at most: waiting for its end.")
    until = max(lease.until, now + timedelta(seconds=LOOK_AT_LEASE_SECONDS))
    while (left := (until - runner.now()).total_seconds()) > 0:
        runner.pause(min(left, LOOK_AT_LEASE_SECONDS))
        checkpoint = runner.checkpoint()
        if checkpoint and checkpoint.lease != lease:
            return


def _run(answer: Answer, last_line: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run's document; its last log line has more than the result."""
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
        summary.sentence = "The function's answer is not a result: look at its log with `zoomlogs logs`."
    if checkpoint is None:
        summary.owed, summary.owed_count, summary.waiting = None, int(answer.result.get("owed") or 0), {}
        return
    summary.owed = sorted(checkpoint.due(request.dates, now))
    summary.waiting = checkpoint.waiting(request.dates, now)
    summary.owed_count = len(summary.owed)
    summary.expired = sorted((request.dates or frozenset()) & checkpoint.expired)


def _with_next_step(summary: InvocationSummary, lease: Lease | None, *, wait: bool) -> InvocationSummary:
    """Add the next step, if no other sentence is set; `lease` is the one to which the last run left its work."""
    last = summary.runs[-1]["result"]
    if summary.ok and lease:
        summary.ok = False
        then = "Scheduled runs continue with the owed dates; `" if summary.owed_count else "`"
        summary.sentence = (
            f"Another run holds the lease until {lease.until:%H:%M:%S} UTC at most, so this one left its work to it."
            f" {then}zoomlogs run --wait` continues as soon as that ends."
        )
    elif summary.ok and summary.owed_count and not wait:
        summary.sentence = (
            "Scheduled runs continue with the owed dates; `zoomlogs run --wait` does so at once, unless less than a"
            " quarter of Zoom's daily limit is left: then reading continues after midnight UTC."
        )
    elif summary.ok and last.get("ended") is False:
        summary.ok = False
        until = _moment(last.get("not_before"))
        summary.sentence = (
            f"Zoom's rate limit allows no call before {until:%Y-%m-%d %H:%M} UTC: scheduled runs continue then."
            if until
            else "The run stopped before it had read the newest records to the end: the next run continues."
        )
    return summary


def _moment(value: object) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None
