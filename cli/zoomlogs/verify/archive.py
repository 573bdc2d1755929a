"""The archive's side: every object of a date, also those that the feed has deleted since."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from zoom_operationlogs.archive_object import decode, is_record_key, object_stem
from zoom_operationlogs.errors import VersionDeletedError

from ..secops.identity import of_record
from ..secops.matching import Delivery

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import date

    from zoom_operationlogs.bucket import Bucket, StoredVersion
    from zoom_operationlogs.legacy import LegacyLedger, LegacyObjects
    from zoom_operationlogs.records import Record
    from zoom_operationlogs.reports import Report

LATE_AFTER = timedelta(hours=24)
"""A record is late whose object was written longer than this after the record's time."""
READ_AT_ONCE = 8


class UnreadableObjectError(Exception):
    """An object has the name of one of the collector's, but cannot be read; the message says which, and why."""


@dataclass
class ArchivedDay:
    """What the archive holds of a record date: how often each record was delivered, by all and by the guide's objects
    alone, and which objects of ours were read. `deliveries` are ours one by one, if they are to be kept."""

    date: date
    guide: Mapping[bytes, int]
    counts: dict[bytes, int]
    late: int = 0
    objects: set[StoredVersion] = field(default_factory=set)
    deliveries: list[Delivery] = field(default_factory=list)


class ArchiveReader:
    """Reads a bucket's objects, several at once."""

    def __init__(
        self,
        bucket: Bucket,
        prefix: str,
        report: Report,
        legacy: LegacyObjects,
        ledger: LegacyLedger | None,
        *,
        keeps_deliveries: bool = False,
    ) -> None:
        """Take the bucket, and the written guide's objects, which count as delivered, with what was read of them."""
        self._keeps_deliveries = keeps_deliveries
        self._bucket = bucket
        self._prefix = prefix
        self._report = report
        self._legacy = legacy
        self._ledger = ledger

    def read(self, day: date) -> ArchivedDay:
        """Return what was delivered of the date: by our objects, and by the written guide's."""
        guide = self._guide_counts(day)
        archived = ArchivedDay(day, guide, dict(guide))
        self._take_in(archived, None)
        return archived

    def read_news(self, day: ArchivedDay, shown: Mapping[bytes, int]) -> None:
        """Take in the objects written since, of each record as many as bring it to the number that Zoom has `shown`.

        Zoom was looked at meanwhile, so its answer says nothing of what came after. Both methods raise
        `UnreadableObjectError` or `StorageError`.
        """
        self._take_in(day, shown)

    def _take_in(self, day: ArchivedDay, shown: Mapping[bytes, int] | None) -> None:
        new = [version for version in self._versions(day.date) if version not in day.objects]
        for version, records in self._read(new):
            for record in records:
                name = self._report.fingerprint(record)
                if self._keeps_deliveries:
                    day.deliveries.append(Delivery(name, of_record(record), version.last_modified.timestamp()))
                count = day.counts.get(name, 0)
                if shown is not None and count >= shown.get(name, 0):
                    continue
                day.counts[name] = count + 1
                time = self._report.time_of(record)
                day.late += bool(time and version.last_modified - time > LATE_AFTER)
            day.objects.add(version)

    def _guide_counts(self, day: date) -> Counter[bytes]:
        """Return how often each record counts as delivered by the guide's objects: the most that one of them shows."""
        self._legacy.absorb_from(day, self._ledger)
        counts = self._ledger.counts.get(day) if self._ledger else None
        return counts.counts() if counts else Counter()

    def find(self, day: ArchivedDay, wanted: Collection[bytes]) -> dict[bytes, Record]:
        """Return those of the wanted records that lie in the date's objects."""
        found = {}
        for _, records in self._read(sorted(day.objects, key=lambda version: version.key)):
            for record in records:
                if (name := self._report.fingerprint(record)) in wanted:
                    found[name] = record
            if len(found) == len(wanted):
                break
        return found

    def _versions(self, day: date) -> list[StoredVersion]:
        return [
            version
            for version in self._bucket.versions(self._prefix + object_stem(day, self._report))
            if is_record_key(version.key.removeprefix(self._prefix), self._report)
        ]

    def _read(self, versions: Sequence[StoredVersion]) -> Iterator[tuple[StoredVersion, list[Record]]]:
        """Yield each version's records; a few objects are fetched at once."""
        with ThreadPoolExecutor(READ_AT_ONCE) as pool:
            for at in range(0, len(versions), READ_AT_ONCE):
                some = versions[at : at + READ_AT_ONCE]
                for version, body in zip(some, pool.map(self._body, some), strict=True):
                    yield version, self._records(version, body)

    def _body(self, version: StoredVersion) -> bytes:
        try:
            return self._bucket.read(version)
        except VersionDeletedError:
            raise UnreadableObjectError(
                f"{self._bucket.url(version.key)} was deleted permanently while it was read"
            ) from None
        except ValueError as error:
            raise UnreadableObjectError(f"{self._bucket.url(version.key)} does not hold records ({error})") from None

    def _records(self, version: StoredVersion, body: bytes) -> list[Record]:
        try:
            return decode(body)
        except ValueError as error:
            raise UnreadableObjectError(f"{self._bucket.url(version.key)} does not hold records ({error})") from None
