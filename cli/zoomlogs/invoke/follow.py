"""Follows the function's log: what is new in it since the last look."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ..aws import FAILURES, reason
from ..logs.group import lines_between

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_logs import CloudWatchLogsClient

    from ..logs.lines import Line

OVERLAP = timedelta(minutes=2)  # lines come a little late, and this computer's clock may be ahead


class Log:
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
