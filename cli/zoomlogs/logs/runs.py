"""Puts the runs together from the lines that they left."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .lines import Line

Outcome = Literal["ok", "stopped", "waiting", "failed", "running", "unknown"]

LONGEST_RUN = timedelta(minutes=15)  # Lambda's longest timeout
_NO_CREDENTIALS = " is still empty: "


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
