"""Incidents: what happens once, and a person should look into. Each is a sentence in the log, and counts in a metric.

What lasts, such as rows that stay unreadable, is an incident once a day. docs/operations.md has a row for each
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
    """The kinds; each is the value of the field `incident` of its line in the log."""

    CHECKPOINT_REBUILT = "checkpoint rebuilt"
    DATES_EXPIRED = "dates expired"
    FORM_CHANGED = "form changed"
    BEHIND_DELETE_MARKERS = "behind delete markers"
    ROWS_SET_ASIDE = "rows set aside"
    RECORDS_LACKING = "records lacking"


class Incidents:
    """Tells the incidents of one run, and counts them in its report."""

    def __init__(self, log: logging.Logger, report: RunReport) -> None:
        self._log = log
        self._report = report

    def tell(self, incident: Incident, sentence: str, *values: object) -> None:
        """Log the sentence, with `values` in place of its `%s`."""
        self._report.incidents += 1
        self._log.warning(f"{sentence} {RUNBOOK}", *values, extra={"incident": incident.value})

    def behind_delete_markers(self, hidden: Collection[str], told: Told, today: date) -> None:
        """Tell of objects of records that lie behind delete markers."""
        if hidden:
            sentence = (
                "Objects of records lie behind delete markers, where nobody reads them (%s, such as %s): find out who"
                " deleted them, and delete the markers as a role of bucket.break_glass_arns."
            )
            self._tell_daily(Incident.BEHIND_DELETE_MARKERS, told, today, sentence, len(hidden), min(hidden))

    def form_changed(self, dates: Collection[date], told: Told, today: date) -> None:
        """Tell of dates whose records Zoom shows in another form than the archive holds."""
        if dates:
            sentence = (
                "Zoom shows the records of %s to %s in another form than before: compare the two, then accept it."
            )
            self._tell_daily(Incident.FORM_CHANGED, told, today, sentence, min(dates), max(dates))

    def rows_set_aside(self, rows: int, told: Told, today: date) -> None:
        """Tell of rows that cannot be read."""
        if rows:
            sentence = "%s unreadable rows of Zoom's report were set aside: ask Zoom's support."
            self._tell_daily(Incident.ROWS_SET_ASIDE, told, today, sentence, rows)

    def _tell_daily(self, incident: Incident, told: Told, today: date, sentence: str, *values: object) -> None:
        """Tell of what lasts, unless that was done today; `told` holds the last day of each kind."""
        if told.get(incident.value) != today:
            told[incident.value] = today
            self.tell(incident, sentence, *values)
