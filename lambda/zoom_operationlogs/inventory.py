"""What the keys under the feed's prefix show: where the archive begins, and whether it is this report's alone."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from .archive_object import OBJECT_NAME
from .errors import OtherReportError
from .legacy import empty_ledger

if TYPE_CHECKING:
    from .bucket import Bucket
    from .legacy import LegacyLedger, LegacyObjects
    from .reports import Report

# Of any report and in any folder, also as the written guide's function names them.
ANY_RECORDS = re.compile(r"(?:.*/)?\d{4}/\d{2}/\d{2}/zoom-([a-z_]+)-[0-9a-f]+(?:-[0-9a-f]+)+\.json\.gz", re.ASCII)


@dataclass(frozen=True)
class Inventory:
    """What the keys show: the first date with objects of ours, and an empty ledger for the guide's."""

    first: date | None
    legacy: LegacyLedger | None


def take_inventory(bucket: Bucket, prefix: str, report: Report, legacy: LegacyObjects) -> Inventory:
    """Return what the prefix holds, by its keys alone. Raises `OtherReportError` if records of another report lie
    there, which one feed would read with this one's; `StorageError` and `StorageUnavailableError`."""
    ours: set[date] = set()
    guides: set[date] = set()
    others: dict[str, str] = {}

    def note(key: str) -> bool:
        name = key.removeprefix(prefix)
        match = OBJECT_NAME.fullmatch(name)
        if match and match[1] == report.name:
            with suppress(ValueError):  # no such day in the calendar, so not an object of ours
                ours.add(date.fromisoformat(match[2]))
        elif written := legacy.date_of(key):
            guides.add(written)
        elif (records := ANY_RECORDS.fullmatch(name)) and records[1] != report.name:
            others[records[1]] = key
        return False

    bucket.versions(prefix, note)
    if others:
        other, key = min(others.items())
        raise OtherReportError(
            f"{bucket.url(prefix)} holds records of Zoom's report {other}, such as {bucket.url(key)}, but REPORT is"
            f" {report.name}: set S3_PREFIX to a prefix of this report's own, such as {report.prefix}."
        )
    return Inventory(min(ours, default=None), empty_ledger(guides))
