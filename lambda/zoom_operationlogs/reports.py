"""Zoom's reports that the collector knows, one `Report` each: everything in which one differs from another.

`reports.json` lists them. Terraform reads the same file (names.tf), so a further report is one more entry there. The
other modules take a report as a value, and none asks for its name. What is the same for all reports is elsewhere: a
request covers a month (`dates`), a page holds 300 records (`settings`), a page token lives for 15 minutes (`sweep`),
and Zoom keeps records for six months (`dates`).

Sources: Zoom, Get operation logs report (`reportOperationLogs`), and Zoom, Get sign In / sign out activity report
(`reportSignInSignOutActivities`), developers.zoom.us.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .records import Row, fingerprint, utc

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from .records import Record


@dataclass(frozen=True)
class Report:
    """One of Zoom's reports.

    `name`, lowercase letters and underscores, is the last part of its path. It is also in its default prefix and in the
    names of its objects. `rows` is the name of the list in an answer, `time` that of the field with a record's time.
    `fields` are the documented fields of a record, sorted: its identity. The rest is for people: what its `records` and
    its `feed` are called, the `scope` that the app needs, and the `permission` that the role of the app's owner needs.
    `in_guide`: the written guide's function collects it, so its objects and its state may be under the prefix.
    """

    name: str
    rows: str
    fields: tuple[str, ...]
    records: str
    feed: str
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


def read_reports(text: str) -> dict[str, Report]:
    """Return the reports in the text of `reports.json`, by name."""
    return {
        name: Report(name, **{**value, "fields": tuple(value["fields"])}) for name, value in json.loads(text).items()
    }


REPORTS = read_reports(Path(__file__).with_name("reports.json").read_text(encoding="utf-8"))
OPERATION_LOGS = REPORTS["operationlogs"]  # the default


def report_name(environ: Mapping[str, str]) -> str:
    """Return the name of the report that a collector with this environment collects."""
    return environ.get("REPORT", "").strip() or OPERATION_LOGS.name
