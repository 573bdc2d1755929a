"""Zoom's reports that the collector knows, one `Report` each: all that one differs in from another.

The other modules take a report as a value, and none asks for its name: a further report is one more entry in `REPORTS`.
What Zoom says of all of them lies elsewhere: a request covers a month (`dates`), a page holds 300 records (`settings`),
a page token lives for 15 minutes (`sweep`), and records are kept for six months (`dates`).

Sources: Zoom, Get operation logs report (`reportOperationLogs`), and Zoom, Get sign In / sign out activity report
(`reportSignInSignOutActivities`), developers.zoom.us.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .records import Row, fingerprint, utc

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from .records import Record


@dataclass(frozen=True)
class Report:
    """One of Zoom's reports.

    `name` is the last part of its path, and stands in its default prefix and in the names of its objects. `rows` is the
    name of the list in an answer, `time` that of the field with a record's time, and `fields` are the documented fields
    of a record, sorted: its identity. The rest is for sentences: what its `records` are called, the `scope` that the
    app needs, and the `permission` that the role of the app's owner needs. `in_guide` says that the written guide's
    function collects it, so that objects and a state of that function may lie under its prefix.
    """

    name: str
    rows: str
    fields: tuple[str, ...]
    records: str
    scope: str
    permission: str
    time: str = "time"
    in_guide: bool = False

    @property
    def path(self) -> str:
        """Return the path of the report, from the API's URL on."""
        return f"/report/{self.name}"

    @property
    def prefix(self) -> str:
        """Return the prefix of its objects, unless another one is set."""
        return f"zoom/{self.name}/"

    def row(self, record: Record) -> Row:
        """Return a record of a page, with its identity and its time."""
        return Row(self.fingerprint(record), self.time_of(record), record)

    def fingerprint(self, record: Record) -> bytes:
        """Return the record's identity, which a field that Zoom adds later does not change."""
        return fingerprint(self.documented(record))

    def time_of(self, record: Record) -> datetime | None:
        """Return the record's time in UTC, None if it has no valid one: Zoom documents all fields as optional."""
        return utc(record.get(self.time))

    def documented(self, record: Record) -> Record:
        """Return the documented fields of the record; if it has none of them, all that it has."""
        return {name: record[name] for name in self.fields if name in record} or record

    def without_time(self, record: Record) -> bytes:
        """Return what would be the record's identity if it had no time."""
        return fingerprint({name: value for name, value in self.documented(record).items() if name != self.time})


OPERATION_LOGS = Report(
    name="operationlogs",
    rows="operation_logs",
    fields=("action", "category_type", "operation_detail", "operator", "time"),
    records="operation logs",
    scope="report:read:operation_logs:admin",
    permission="User activity reports > Admin Activity Logs: View",
    in_guide=True,
)
ACTIVITIES = Report(
    name="activities",
    rows="activity_logs",
    fields=("client_type", "email", "ip_address", "time", "type", "version"),
    records="sign-ins and sign-outs",
    scope="report:read:user_activities:admin",
    permission="User activity reports > Sign In/Sign Out: View",
)
REPORTS = {report.name: report for report in (OPERATION_LOGS, ACTIVITIES)}


def report_name(environ: Mapping[str, str]) -> str:
    """Return the name of the report that a collector with this environment collects."""
    return environ.get("REPORT", "").strip() or OPERATION_LOGS.name
