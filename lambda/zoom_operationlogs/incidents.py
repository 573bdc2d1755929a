"""Incidents: events that a person should investigate. Each is a sentence in the log, and counts in a metric.

A condition that lasts, such as rows that stay unreadable, is one incident a day. docs/operations.md has a row for each
sentence.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging
    from collections.abc import Collection, MutableMapping
    from datetime import date

    from .run_report import RunReport

    Told = MutableMapping[str, date]

RUNBOOK = "What to do: docs/operations.md, FUNCTION-incidents."


class Incident(StrEnum):
    """The kinds of incidents: the values of the field `incident` in the log."""

    CHECKPOINT_REBUILT = "checkpoint rebuilt"
    DATES_EXPIRED = "dates expired"
    FORM_CHANGED = "form changed"
    BEHIND_DELETE_MARKERS = "behind delete markers"
    ROWS_SET_ASIDE = "rows set aside"
    RECORDS_LACKING = "records lacking"


class Incidents:
    """Logs the incidents of one run, and counts them in its report."""

    def __init__(self, log: logging.Logger, report: RunReport) -> None:
        self._log = log
        self._run = report

    def report(self, incident: Incident, sentence: str, *values: object) -> None:
        """Log the sentence, with `values` in place of its `%s`."""
        self._run.incidents += 1
        self._log.warning(f"{sentence} {RUNBOOK}", *values, extra={"incident": incident.value})

    def behind_delete_markers(self, hidden: Collection[str], told: Told, today: date) -> None:
        """Report objects of records behind delete markers."""
        if hidden:
            sentence = (
                "Objects of records are behind delete markers, where the feed cannot read them (%s, such as %s): find"
                " out who deleted them, and delete the markers as a role of bucket.break_glass_arns."
            )
            self._report_daily(Incident.BEHIND_DELETE_MARKERS, told, today, sentence, len(hidden), min(hidden))

    def form_changed(self, dates: Collection[date], told: Told, today: date) -> None:
        """Report dates with records that Zoom shows in another form than the archive has."""
        if dates:
            sentence = (
                "Zoom shows the records of %s to %s in another form than before: compare the two, then accept it."
            )
            self._report_daily(Incident.FORM_CHANGED, told, today, sentence, min(dates), max(dates))

    def rows_set_aside(self, rows: int, told: Told, today: date) -> None:
        """Report rows that cannot be read."""
        if rows:
            sentence = "%s unreadable rows of Zoom's report were set aside: ask Zoom's support."
            self._report_daily(Incident.ROWS_SET_ASIDE, told, today, sentence, rows)

    def _report_daily(self, incident: Incident, told: Told, today: date, sentence: str, *values: object) -> None:
        """Report a condition that lasts, unless that was done today; `told` has the last day of each kind."""
        if told.get(incident.value) != today:
            told[incident.value] = today
            self.report(incident, sentence, *values)
