"""The collector's runs, from its log group in CloudWatch Logs.

The module sets log format JSON and system log level WARN, so Lambda itself logs only failed runs (Lambda developer
guide, "Log-level filtering"). The collector ends each other run with the line "run ended".

Lines are read with FilterLogEvents, which is free, immediate and needs one permission; Logs Insights charges for each
gigabyte and takes time.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from zoom_operationlogs.event import PROBE, RUN

from . import run_fields
from .aws import FAILURES, reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mypy_boto3_logs import CloudWatchLogsClient

RUN_ENDED = "run ended"
REPORT = "platform.report"
LONGEST_RUN = timedelta(minutes=15)  # Lambda's longest timeout
_NO_CREDENTIALS = " is still empty: "
LOOK_BACK = timedelta(days=14)
FIRST_LOOK = timedelta(hours=6)
MOST_PAGES = 200  # of up to 1 MB each
OVERLAP = timedelta(minutes=2)  # lines arrive late, and this computer's clock may be ahead

Outcome = Literal["ok", "stopped", "waiting", "failed", "running", "unknown"]


@dataclass(frozen=True)
class Line:
    """One log event: its time (UTC), its fields if it is a JSON object, and AWS's event ID."""

    time: datetime
    fields: Mapping[str, Any]
    event_id: str = ""

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Line:
        """Read an event of FilterLogEvents."""
        time = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
        return cls(time, run_fields.read(event["message"]), str(event.get("eventId", "")))

    @property
    def _record(self) -> Mapping[str, Any]:
        record = self.fields.get("record")
        return record if isinstance(record, dict) else {}

    @property
    def request_id(self) -> str:
        """The ID of its invocation; "" if the line has none."""
        found = self.fields.get("correlation_id") or self.fields.get("requestId") or self._record.get("requestId")
        return str(found or "")

    @property
    def level(self) -> str:
        """Its level, such as WARNING; "" if it has none."""
        return str(self.fields.get("level") or "")

    @property
    def message(self) -> str:
        """The collector's message; "" for other lines."""
        return str(self.fields.get("message") or "") if "correlation_id" in self.fields else ""

    @property
    def ends_run(self) -> bool:
        """Whether it is the last line of a run that ended by itself."""
        return self.message == RUN_ENDED

    @property
    def is_incident(self) -> bool:
        """Whether it reports an incident, which a person should look into."""
        return bool(self.message and self.fields.get("incident"))

    @property
    def error(self) -> str:
        """The sentence of a failure; "" if it reports none."""
        if self.level == "ERROR" and self.message:
            return self.message
        if said := self.fields.get("errorMessage"):  # the runtime's line about an exception
            return f"{self.fields.get('errorType') or 'Error'}: {said}"
        status = self._record.get("status")
        if self.fields.get("type") == REPORT and isinstance(self.fields.get("record"), dict) and status != "success":
            took = f" after {self.milliseconds / 1000:.0f} s" if self.milliseconds else ""
            if status == "timeout":
                return f"The run timed out{took}: the next run continues from what it saved."
            return f"The run failed{took} ({status}): the next run continues from what it saved."
        return ""

    @property
    def milliseconds(self) -> float | None:
        """The run's duration in Lambda's own report."""
        metrics = self._record.get("metrics")
        taken = metrics.get("durationMs") if isinstance(metrics, dict) else None
        try:
            return 1000 * run_fields.seconds(taken, per_second=1000)
        except ValueError:
            return None

    @property
    def worth_saying(self) -> str:
        """The collector's message for a person who follows the run; "" for its last line, debugging and other lines."""
        return "" if self.ends_run or self.level == "DEBUG" else self.message


# Runs


@dataclass(frozen=True)
class Run:
    """One run; counts are None if its log does not have them.

    `outcome`: `ok`; `stopped` before it had read the newest pages to the end (the next run continues); `waiting` for
    credentials; `failed`; `running`; `unknown` if its end is not in the log. `sentence` is the reason, with the run's
    incidents. `zoom_calls_left` is the rest of Zoom's daily quota.
    """

    request_id: str
    began: datetime
    seconds: float | None
    outcome: Outcome
    sentence: str
    action: str | None = None
    written: int | None = None
    objects: int | None = None
    pages: int | None = None
    owed: int | None = None
    zoom_calls: int | None = None
    zoom_calls_left: int | None = None

    @property
    def is_scheduled(self) -> bool:
        """Whether the schedule started it: then it has no action."""
        return self.action is None

    def as_json(self) -> dict[str, Any]:
        """Return its JSON document."""
        return {**asdict(self), "began": self.began.isoformat(timespec="milliseconds")}


_COUNTS = [field.name for field in fields(Run) if field.default is None and field.name != "action"]


def runs(lines: Iterable[Line], now: datetime) -> list[Run]:
    """Return the runs in the lines, oldest first."""
    by_request: dict[str, list[Line]] = {}
    for line in lines:
        if line.request_id:
            by_request.setdefault(line.request_id, []).append(line)
    return sorted(
        (_run(request_id, of_run, now) for request_id, of_run in by_request.items()), key=lambda run: run.began
    )


def _run(request_id: str, lines: Sequence[Line], now: datetime) -> Run:
    first, last = lines[0].time, lines[-1].time
    incidents = [line.message for line in lines if line.is_incident]
    warnings = [line.message for line in lines if line.level == "WARNING" and not line.is_incident]
    ended = next((line for line in lines if line.ends_run), None)
    if ended:
        seconds = ended.fields.get("seconds")
        counts = {name: ended.fields.get(name) for name in _COUNTS}
        began = ended.time - timedelta(seconds=seconds or 0)
        stopped = ended.fields.get("ended") is False or ended.fields.get("ok") is False
        said = [line.message for line in lines if line.worth_saying and not line.is_incident] + list(
            filter(None, [ended.fields.get("sentence")])
        )
        outcome: Outcome = "stopped" if stopped else "ok"
        sentence = (warnings or said or ["It stopped before the end; the next run continues."])[-1] if stopped else ""
        if ended.fields.get("waiting_for"):
            outcome = "waiting"
        if failure := ended.fields.get("failure"):
            outcome, sentence = "failed", str(failure)
        sentence = " ".join(filter(None, [sentence, *incidents]))
        return Run(request_id, began, seconds, outcome, sentence, ended.fields.get("action"), **counts)
    took = next((line.milliseconds for line in lines if line.milliseconds), None)
    seconds = round(took / 1000, 3) if took else (last - first).total_seconds()
    if error := next((line.error for line in lines if line.error), ""):
        return Run(request_id, first, seconds, "failed", error)
    if waits := next((warning for warning in warnings if _NO_CREDENTIALS in warning), ""):
        return Run(request_id, first, seconds, "waiting", waits)
    if now - first <= LONGEST_RUN:
        return Run(request_id, first, None, "running", (warnings or [""])[-1])
    return Run(request_id, first, None, "unknown", "Its end is not in the log.")


# The log group


def lines_between(
    logs: CloudWatchLogsClient, group: str, start: datetime, end: datetime | None = None, most_pages: int = MOST_PAGES
) -> tuple[list[Line], int]:
    """Return the lines from `start` until before `end`, oldest first, of the first `most_pages` pages, and the number
    of pages read."""
    until: dict[str, Any] = {"endTime": _milliseconds(end) - 1} if end else {}  # AWS includes it
    found: list[Line] = []
    pages = 0
    paginator = logs.get_paginator("filter_log_events")
    for page in paginator.paginate(logGroupName=group, startTime=_milliseconds(start), **until):
        found += [Line.of(event) for event in page["events"]]
        pages += 1
        if pages >= most_pages:
            break
    return sorted(found, key=lambda line: line.time), pages


def asked(action: str | None) -> str:
    """Return what started a run: the schedule, or a person with or without an action."""
    return {None: "scheduled", RUN: "by hand"}.get(action) or str(action)


def is_run(run: Run) -> bool:
    """Whether it collects, that is, is not a probe."""
    return run.action != PROBE


def last_runs(
    logs: CloudWatchLogsClient, group: str, now: datetime, count: int, wanted: Callable[[Run], bool] = lambda _run: True
) -> list[Run]:
    """Return the last `count` runs of the last 14 days that are `wanted`, oldest first.

    It looks back in steps that double, so a few runs need one request.
    """
    lines: list[Line] = []
    found: list[Run] = []
    pages, begin = 0, now + timedelta(minutes=1)  # AWS's clock may be ahead of this one
    end, span = begin, FIRST_LOOK
    while begin > now - LOOK_BACK and pages < MOST_PAGES:
        begin = max(end - span, now - LOOK_BACK)
        earlier, taken = lines_between(logs, group, begin, end, MOST_PAGES - pages)
        lines = earlier + lines
        pages += taken
        found = [run for run in runs(lines, now) if wanted(run)]
        if len(found) > count:  # the oldest may have begun before this step
            return found[-count:]
        end, span = begin, span * 2
    return found[-count:]


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


class LogFollower:
    """Follows the log of one function from now on; if it cannot be read, `trouble` says why."""

    def __init__(self, logs: CloudWatchLogsClient, group: str, clock: Callable[[], datetime]) -> None:
        self._logs = logs
        self._group = group
        self._from = clock() - OVERLAP
        self._seen: set[str] = set()
        self.trouble = ""
        self.new_lines()  # skip the lines that are already there

    def new_lines(self) -> list[Line]:
        """Return the lines since the last call, oldest first."""
        if self.trouble:
            return []
        try:
            lines, _ = lines_between(self._logs, self._group, self._from)
        except FAILURES as error:
            self.trouble = f"The log {self._group} cannot be followed: {reason(error)}."
            return []
        news = [line for line in lines if line.event_id not in self._seen]
        self._seen.update(line.event_id for line in news)
        if lines:
            self._from = max(self._from, lines[-1].time - OVERLAP)
        return news
