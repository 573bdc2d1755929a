"""Fetches lines from the function's log group.

By FilterLogEvents: it costs nothing, answers at once and needs one right; a query of Logs Insights is paid by the
gigabyte and has to be waited for.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from zoom_operationlogs.event import PROBE

from .lines import Line
from .runs import runs

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_logs import CloudWatchLogsClient

    from .runs import Run

LOOK_BACK = timedelta(days=14)
FIRST_LOOK = timedelta(hours=6)
MOST_PAGES = 200  # of up to 1 MB each


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


def last_runs(logs: CloudWatchLogsClient, group: str, now: datetime, count: int, *, probes: bool = True) -> list[Run]:
    """Return the last `count` runs of the last fortnight, oldest first; fewer where there are no more.

    Without `probes`, those are left out: they collect nothing. It looks back in steps, each twice as long, so that a
    few runs take one request.
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
        found = [run for run in runs(lines, now) if probes or run.action != PROBE]
        if len(found) > count:  # the oldest may have begun before this look
            return found[-count:]
        end, span = begin, span * 2
    return found[-count:]


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
