"""The collector's runs, as its log group in CloudWatch Logs tells of them.

The module sets log format JSON and system log level WARN, so that Lambda itself reports a run only when it failed
(Lambda developer guide, "Log-level filtering"): the collector's own line "run ended" tells of each run that Lambda let
come to its end.

Lines are fetched by FilterLogEvents: it costs nothing, answers at once and needs one right; a query of Logs Insights is
paid by the gigabyte and has to be waited for.
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
OVERLAP = timedelta(minutes=2)  # lines come a little late, and this computer's clock may be ahead

Outcome = Literal["ok", "stopped", "waiting", "failed", "running", "unknown"]


@dataclass(frozen=True)
class Line:
    """One log event: when it was printed (UTC), its fields where it is a JSON object, and the id that AWS gave it."""

    time: datetime
    fields: Mapping[str, Any]
    event_id: str = ""

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Line:
        """Read an event as FilterLogEvents gives it: `timestamp` in milliseconds since 1970, and `message`."""
        time = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
        return cls(time, run_fields.read(event["message"]), str(event.get("eventId", "")))

    @property
    def request_id(self) -> str:
        """The invocation that it belongs to; "" where the line does not say."""
        record = self.fields.get("record")
        in_record = record.get("requestId") if isinstance(record, dict) else None
        return str(self.fields.get("correlation_id") or self.fields.get("requestId") or in_record or "")

    @property
    def level(self) -> str:
        """Its level, such as WARNING; "" where it has none."""
        return str(self.fields.get("level") or "")

    @property
    def message(self) -> str:
        """What the collector says in it; "" where it is another's line."""
        return str(self.fields.get("message") or "") if "correlation_id" in self.fields else ""

    @property
    def ends_run(self) -> bool:
        """Tell whether it is the last word of a run that came to its end."""
        return self.message == RUN_ENDED

    @property
    def is_incident(self) -> bool:
        """Tell whether it is about something that happened once and a person should look into."""
        return bool(self.message and self.fields.get("incident"))

    @property
    def error(self) -> str:
        """The sentence of a failure in it; "" where it tells of none."""
        if self.level == "ERROR" and self.message:
            return self.message
        if said := self.fields.get("errorMessage"):  # the runtime's own line about what the function raised
            return f"{self.fields.get('errorType') or 'Error'}: {said}"
        record = self.fields.get("record")
        if self.fields.get("type") == REPORT and isinstance(record, dict) and record.get("status") != "success":
            took = f" after {self.milliseconds / 1000:.0f} s" if self.milliseconds else ""
            if record.get("status") == "timeout":
                return f"Lambda ended the run{took}, at its timeout: the next run goes on from what it saved."
            return f"The run broke off{took} ({record.get('status')}): the next run goes on from what it saved."
        return ""

    @property
    def milliseconds(self) -> float | None:
        """How long the run took, by Lambda's own report of it."""
        record = self.fields.get("record")
        metrics = record.get("metrics") if isinstance(record, dict) else None
        taken = metrics.get("durationMs") if isinstance(metrics, dict) else None
        try:
            return 1000 * run_fields.seconds(taken, per_second=1000)
        except ValueError:
            return None

    @property
    def worth_saying(self) -> str:
        """What a person who follows the run needs of it: the collector's words, but not its last, which the result is.

        Metrics, the runtime's own lines, debugging and plain text, such as Python's warnings, are left out.
        """
        return "" if self.ends_run or self.level == "DEBUG" else self.message


# Runs, put together from the lines that they left


@dataclass(frozen=True)
class Run:
    """One run; counts are None where its log does not tell them.

    `outcome`: `ok`; `stopped` ended well but before the newest pages were read to their end (the next run goes on);
    `waiting` for credentials; `failed`; `running` still; `unknown` where its end is not in the log. `sentence` is why,
    and what its incidents say. `zoom_calls_left` is what is left of Zoom's daily quota.
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
        """Tell whether the schedule started it: nobody asked for an action."""
        return self.action is None

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {**asdict(self), "began": self.began.isoformat(timespec="milliseconds")}


_COUNTS = [field.name for field in fields(Run) if field.default is None and field.name != "action"]


def runs(lines: Iterable[Line], now: datetime) -> list[Run]:
    """Return the runs that the lines tell of, oldest first."""
    by_request: dict[str, list[Line]] = {}
    for line in lines:
        if line.request_id:
            by_request.setdefault(line.request_id, []).append(line)
    return sorted((_run(request_id, told, now) for request_id, told in by_request.items()), key=lambda run: run.began)


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
        sentence = (warnings or said or ["It left before the end; the next run goes on."])[-1] if stopped else ""
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
    """Return the lines printed from `start` until before `end`, oldest first, and how many pages they took.

    Lines past the first `most_pages` pages are left out.
    """
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
    """Say what started a run: the schedule, or somebody with an action or without."""
    return {None: "scheduled", RUN: "by hand"}.get(action) or str(action)


def is_run(run: Run) -> bool:
    """Tell whether it is one that collects, and no probe."""
    return run.action != PROBE


def last_runs(
    logs: CloudWatchLogsClient, group: str, now: datetime, count: int, wanted: Callable[[Run], bool] = lambda _run: True
) -> list[Run]:
    """Return the last `count` runs of the last fortnight that are `wanted`, oldest first; fewer if there are no more.

    It looks back in steps, each twice as long, so that a few runs take one request.
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
        if len(found) > count:  # the oldest may have begun before this look
            return found[-count:]
        end, span = begin, span * 2
    return found[-count:]


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


class LogFollower:
    """The log of one function, from now on; where it cannot be read, `trouble` says why, and nothing is new."""

    def __init__(self, logs: CloudWatchLogsClient, group: str, clock: Callable[[], datetime]) -> None:
        self._logs = logs
        self._group = group
        self._from = clock() - OVERLAP
        self._seen: set[str] = set()
        self.trouble = ""
        self.new_lines()  # what stands there already is not news

    def new_lines(self) -> list[Line]:
        """Return the lines that have come since the last call, oldest first."""
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
