"""`zoomlogs run`, `reconcile` and `backfill`: invoke the function, follow its log, show what is owed."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from ..aws import FAILURES, reason, session_for
from ..checkpoint import CheckpointSummary, UnreadableCheckpointError, read_summary
from ..console import console, print_json
from ..dates import some
from ..invocation import Answer, invoke, patient_client
from ..runs import LogFollower
from . import loop
from .loop import SHOWN_DATES, InvocationSummary, carry_out
from .progress import Screen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..deployment import Deployment
    from .loop import RunRequest

INTERRUPTED = 130  # 128 + SIGINT, as shells count it
LOOK_EVERY_SECONDS = 0.5
ASK_CHECKPOINT_EVERY_SECONDS = 15.0
WAIT_FOR_LAST_LINE_SECONDS = 8.0  # CloudWatch Logs shows a line some seconds after it was printed


def run(deployment: Deployment, *, wait: bool, as_json: bool) -> int:
    """Start a run as the schedule does; return the exit status."""
    return main(deployment, loop.run(), wait=wait, as_json=as_json)


def reconcile(deployment: Deployment, *, wait: bool, as_json: bool) -> int:
    """Start a run that reads all dates of the window again; return the exit status."""
    lookback_days = int(deployment.environment.get("LOOKBACK_DAYS", "3"))
    return main(deployment, loop.reconcile(today(), lookback_days), wait=wait, as_json=as_json)


def backfill(deployment: Deployment, first: str, last: str, *, wait: bool, as_json: bool) -> int:
    """Start a run that reads the dates from `first` to `last`; return the exit status."""
    return main(deployment, loop.backfill(first, last, today()), wait=wait, as_json=as_json)


def today() -> Any:
    """Return today's date in UTC, as in Zoom's report."""
    return datetime.now(UTC).date()


def main(deployment: Deployment, request: RunRequest, *, wait: bool, as_json: bool) -> int:
    """Do the runs and show the result.

    Return 0, or 1 if a run failed, dates are still owed, or Zoom no longer has some of the requested dates.
    """
    counted = len(request.dates) if request.dates and request.action == "backfill" else None
    try:
        with Screen(request.action, counted) as screen:
            summary = carry_out(request, _AwsRunner(deployment, request, screen), wait=wait)
    except KeyboardInterrupt:
        _leave(deployment)
    if as_json:
        print_json(as_document(request, summary))
    else:
        out = console()
        for sentence in sentences(summary):
            out.say(sentence)
    return summary.status


def as_document(request: RunRequest, summary: InvocationSummary) -> dict[str, Any]:
    """Return the JSON document; `owed` is null if only `owed_count` is known."""
    return {
        "ok": summary.status == 0,
        "action": request.action,
        "sentence": summary.sentence or None,
        "written": summary.total("written"),
        "owed_count": summary.owed_count,
        "owed": None if summary.owed is None else [day.isoformat() for day in summary.owed],
        "waiting": [{"date": f"{day}", "until": until.isoformat()} for day, until in sorted(summary.waiting.items())],
        "expired": [day.isoformat() for day in summary.expired],
        "runs": summary.runs,
    }


def sentences(summary: InvocationSummary) -> list[str]:
    """Return the result in sentences."""
    said = []
    last = summary.runs[-1]
    if any(run["ok"] for run in summary.runs):
        runs = "The run" if len(summary.runs) == 1 else f"{len(summary.runs)} runs"
        said.append(
            f"{runs} wrote {some(summary.total('written'), 'record')} into {some(summary.total('objects'), 'object')}"
            f" from {some(summary.total('pages'), 'page')} of Zoom's report."
        )
    if summary.owed_count:
        said.append(f"Still owed: {_dates(summary)}.")
    elif summary.ok and not summary.waiting:
        said.append("Nothing is owed.")
    if summary.waiting:
        said.append(_waiting(summary))
    if summary.expired:
        said.append(f"Zoom no longer has {some(len(summary.expired), 'date')}: {_list(summary.expired)}.")
    if last["zoom_calls_left"] is not None:
        said.append(f"Zoom allows {last['zoom_calls_left']:,} more calls today.")
    return [*said, *filter(None, [summary.sentence])]


def _dates(summary: InvocationSummary) -> str:
    number = some(summary.owed_count, "date")
    return number if summary.owed is None else f"{number} ({_list(summary.owed)})"


def _waiting(summary: InvocationSummary) -> str:
    days, last = sorted(summary.waiting), max(summary.waiting.values())
    after = f"after {last:%Y-%m-%d %H:%M} UTC"
    return (
        f"Scheduled runs will read {some(len(days), 'date')} ({_list(days)}) again"
        f"{'' if set(summary.waiting.values()) == {last} else ', the last of them'} {after}, because one empty or"
        " incomplete answer of Zoom's is not final."
    )


def _list(dates: Any) -> str:
    shown = ", ".join(day.isoformat() for day in dates[:SHOWN_DATES])
    return shown + (f" and {len(dates) - SHOWN_DATES} more" if len(dates) > SHOWN_DATES else "")


class _AwsRunner:
    """Runs the function, follows its log and reads its checkpoint."""

    def __init__(self, deployment: Deployment, request: RunRequest, screen: Screen) -> None:
        aws = session_for(deployment)
        self._deployment = deployment
        self._request = request
        self._screen = screen
        self._function = patient_client(aws)
        self._s3 = aws.client("s3")
        self._log = LogFollower(aws.client("logs"), str(deployment.outputs["log_group"]["name"]), self.now)
        self._shown_trouble = False
        self._show_trouble()
        self._shown_error = ""  # the last message about an unreadable checkpoint
        self._seen_owed = False  # the dates are owed only after the run has saved
        self._asked_checkpoint = 0.0
        self._last_lines: dict[str, Mapping[str, Any]] = {}

    def invoke(self, event: Mapping[str, str]) -> tuple[Answer, Mapping[str, Any]]:
        self._screen.next_run()
        self._asked_checkpoint = time.monotonic()
        answer = invoke(self._function, self._deployment.function_name, event, self._look)
        last_line = self._last_line(answer)
        if answer.result.get("ok") is True and self._request.dates:
            self._show_days(self.checkpoint(), ended=True)
        self._screen.calls_left(last_line.get("zoom_calls_left", answer.result.get("zoom_calls_left")))
        return answer, last_line

    def checkpoint(self) -> CheckpointSummary | None:
        try:
            return read_summary(self._s3, self._deployment)
        except (*FAILURES, UnreadableCheckpointError) as error:
            where = f"s3://{self._deployment.bucket}/{self._deployment.state_key}"
            why = str(error) if isinstance(error, UnreadableCheckpointError) else reason(error)
            sentence = f"Which dates are owed is not known, because {where} cannot be read: {why}."
        if sentence != self._shown_error:  # the next attempt may succeed
            self._shown_error = sentence
            self._screen.say(sentence, "yellow")
        return None

    def now(self) -> datetime:
        return datetime.now(UTC)

    def pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._look()  # other runs may log something

    def say(self, sentence: str) -> None:
        self._screen.say(sentence, "yellow")

    def _look(self) -> None:
        """Show new log lines, and from time to time how many days are left."""
        time.sleep(LOOK_EVERY_SECONDS)
        for line in self._log.new_lines():
            self._screen.line(line)
            if line.ends_run:
                self._last_lines[line.request_id] = line.fields
        self._show_trouble()
        if self._request.dates and time.monotonic() - self._asked_checkpoint >= ASK_CHECKPOINT_EVERY_SECONDS:
            self._asked_checkpoint = time.monotonic()
            self._show_days(self.checkpoint())

    def _show_days(self, checkpoint: CheckpointSummary | None, *, ended: bool = False) -> None:
        left = len(checkpoint.due(self._request.dates, self.now())) if checkpoint and self._request.dates else 0
        self._seen_owed = self._seen_owed or left > 0 or ended
        if checkpoint and self._seen_owed:
            self._screen.left(left)

    def _last_line(self, answer: Answer) -> Mapping[str, Any]:
        """Wait a little for the last line of a successful run, which has more than its result."""
        patience = time.monotonic() + WAIT_FOR_LAST_LINE_SECONDS
        if answer.result.get("ok") is not True:
            return {}
        while not self._log.trouble and answer.request_id not in self._last_lines and time.monotonic() < patience:
            self._look()
        return self._last_lines.get(answer.request_id, {})

    def _show_trouble(self) -> None:
        if self._log.trouble and not self._shown_trouble:
            self._shown_trouble = True
            self._screen.say(self._log.trouble, "yellow")


def _leave(deployment: Deployment) -> NoReturn:
    console(stderr=True).say(
        f"Stopped following; a run that has started continues in AWS, with any backfill that it has saved:"
        f" `zoomlogs logs` shows how the runs of {deployment.function_name} end."
    )
    raise SystemExit(INTERRUPTED) from None
