"""The archive's side: every object of a date, including those that the feed has deleted since."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from zoom_operationlogs.archive_object import decode, is_record_key, object_stem
from zoom_operationlogs.errors import VersionDeletedError
from zoom_operationlogs.legacy import OBJECT_NAME as LEGACY_NAME
from zoom_operationlogs.legacy import LegacyLedger, LegacyObjects

from ..deleted import Rule, listing_command
from ..secops.identity import of_record
from ..secops.matching import Delivery

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import date, datetime
    from re import Pattern

    from zoom_operationlogs.bucket import Bucket, StoredVersion
    from zoom_operationlogs.records import Record
    from zoom_operationlogs.reports import Report

LATE_AFTER = timedelta(hours=24)
"""A record is late whose object was written longer than this after the record's time."""
READ_AT_ONCE = 8


class UnreadableObjectError(Exception):
    """An object has the name of one of the collector's, but cannot be read; the message says which, and why."""


@dataclass
class ArchivedDay:
    """The archive's records of a date: how often each was delivered, by all objects and by the `guide`'s alone.

    `hidden` counts those of the `counts` that are behind a delete marker that should not be there, in the objects
    `markers`; `expired` and `by_feed` count those behind the two kinds that may be. `objects` are those of ours that
    were read; `deliveries` are their records one by one, if they are kept.
    """

    date: date
    guide: Mapping[bytes, int]
    counts: dict[bytes, int]
    hidden: Counter[bytes] = field(default_factory=Counter)
    markers: set[str] = field(default_factory=set)
    expired: int = 0
    by_feed: int = 0
    late: int = 0
    objects: set[StoredVersion] = field(default_factory=set)
    deliveries: list[Delivery] = field(default_factory=list)

    def expected_elsewhere(self, deleted: Mapping[bytes, int]) -> ArchivedDay:
        """Return the date without the hidden records that are not `deleted`, because enough of them can be read."""
        spare = self.hidden - Counter(deleted)
        if not spare:
            return self
        kept = []
        for each in self.deliveries:
            if spare[each.name] > 0:
                spare[each.name] -= 1
            else:
                kept.append(each)
        return replace(self, deliveries=kept, guide=Counter(self.guide) - spare)


class Readable:
    """A bucket without the objects behind delete markers that should not be there."""

    def __init__(self, bucket: Bucket, rule: Rule) -> None:
        self._bucket = bucket
        self._rule = rule

    def versions(self, prefix: str, wanted: Callable[[str], bool]) -> list[StoredVersion]:
        """Return the versions that can be read, or whose delete marker may be there."""
        marked: dict[str, datetime] = {}
        found = self._bucket.versions(prefix, wanted, marked.__setitem__)
        return [each for each in found if not self._hides(marked.get(each.key), each)]

    def hidden(self, prefix: str, name: Pattern[str]) -> set[str]:
        """Return the keys of hidden objects with such names."""
        marked: dict[str, datetime] = {}
        found = self._bucket.versions(
            prefix, lambda key: bool(name.fullmatch(key.removeprefix(prefix))), marked.__setitem__
        )
        return {each.key for each in found if self._hides(marked.get(each.key), each)}

    def _hides(self, marked: datetime | None, version: StoredVersion) -> bool:
        return marked is not None and self._rule.hides(marked, version.last_modified)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bucket, name)


class ArchiveReader:
    """Reads a bucket's objects, several at once."""

    def __init__(
        self,
        bucket: Bucket,
        prefix: str,
        report: Report,
        legacy: LegacyObjects,
        ledger: LegacyLedger | None,
        rule: Rule | None = None,
        *,
        keeps_deliveries: bool = False,
    ) -> None:
        """Take the bucket, and the guide's objects, which count as delivered, with the dates that they hold.

        The `rule` says which delete markers should not be there.
        """
        self._keeps_deliveries = keeps_deliveries
        self._bucket = bucket
        self._prefix = prefix
        self._report = report
        self._legacy = legacy
        self._ledger = ledger
        self._rule = rule or Rule()
        self._markers: dict[str, datetime] = {}
        self._guides_left: tuple[LegacyObjects, LegacyLedger] | None = None

    def read(self, day: date) -> ArchivedDay:
        """Return what was delivered of the date: by our objects, and by the guide's."""
        guide = self._guide_counts(day)
        archived = ArchivedDay(day, guide, dict(guide))
        self._hide_guides(archived)
        self._take_in(archived, None)
        return archived

    def read_news(self, day: ArchivedDay, shown: Mapping[bytes, int]) -> None:
        """Add the objects written since, of each record up to the number that Zoom has `shown`.

        Zoom's answer says nothing about later records. Both methods raise `UnreadableObjectError` or `StorageError`.
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
                self._note_marker(day, version, name)
                time = self._report.time_of(record)
                day.late += bool(time and version.last_modified - time > LATE_AFTER)
            day.objects.add(version)

    def _note_marker(self, day: ArchivedDay, version: StoredVersion, name: bytes) -> None:
        """Count a record that is behind a delete marker."""
        marked = self._markers.get(version.key)
        if marked is None or self._rule.feed_deletes:
            return
        if self._rule.hides(marked, version.last_modified):
            day.hidden[name] += 1
            day.markers.add(version.key)
        elif self._rule.expired(marked, version.last_modified):
            day.expired += 1
        else:
            day.by_feed += 1

    def _hide_guides(self, day: ArchivedDay) -> None:
        """Count as hidden the records that only deleted objects of the guide's hold."""
        if not self._ledger or self._rule.feed_deletes or not day.guide:
            return
        if self._guides_left is None:
            bucket: Any = Readable(self._bucket, self._rule)
            self._guides_left = (
                LegacyObjects(bucket, self._prefix, self._report, self._bucket.deadline),
                LegacyLedger(self._ledger.first, self._ledger.last),
            )
        readable, ledger = self._guides_left
        if not self._guides_markers:
            return
        readable.absorb_from(day.date, ledger)
        known = ledger.counts.get(day.date)
        left = known.counts() if known else Counter[bytes]()
        day.hidden.update(Counter(day.guide) - left)
        if day.hidden:
            day.markers.update(self._guides_markers)

    @cached_property
    def _guides_markers(self) -> frozenset[str]:
        """Return the guide's objects that a marker hides which should not be there."""
        return frozenset(Readable(self._bucket, self._rule).hidden(self._prefix, LEGACY_NAME))

    def _guide_counts(self, day: date) -> Counter[bytes]:
        """Return how often each record counts as delivered by the guide's objects: the most that one of them shows."""
        self._legacy.absorb_from(day, self._ledger)
        counts = self._ledger.counts.get(day) if self._ledger else None
        return counts.counts() if counts else Counter()

    def markers_command(self, day: date) -> str:
        """Return the command that lists the delete markers of a date's objects."""
        bucket = self._bucket.url("").removeprefix("s3://").rstrip("/")
        return listing_command(bucket, f"{self._prefix}{day:%Y/%m/%d}/")

    def find(self, day: ArchivedDay, wanted: Collection[bytes]) -> dict[bytes, Record]:
        """Return those of the wanted records that are in the date's objects."""
        found = {}
        for _, records in self._read(sorted(day.objects, key=lambda version: version.key)):
            for record in records:
                if (name := self._report.fingerprint(record)) in wanted:
                    found[name] = record
            if len(found) == len(wanted):
                break
        return found

    def _versions(self, day: date) -> list[StoredVersion]:
        stem = self._prefix + object_stem(day, self._report)
        for key in [key for key in self._markers if key.startswith(stem)]:
            del self._markers[key]  # it may be gone since
        return [
            version
            for version in self._bucket.versions(stem, deleted=self._markers.__setitem__)
            if is_record_key(version.key.removeprefix(self._prefix), self._report)
        ]

    def _read(self, versions: Sequence[StoredVersion]) -> Iterator[tuple[StoredVersion, list[Record]]]:
        """Yield each version's records; a few objects are fetched at once."""
        with ThreadPoolExecutor(READ_AT_ONCE) as pool:
            for at in range(0, len(versions), READ_AT_ONCE):
                some = versions[at : at + READ_AT_ONCE]
                for version, body in zip(some, pool.map(self._body, some), strict=True):
                    with self._readable(version):
                        records = decode(body)
                    yield version, records

    def _body(self, version: StoredVersion) -> bytes:
        with self._readable(version):
            return self._bucket.read(version)

    @contextmanager
    def _readable(self, version: StoredVersion) -> Iterator[None]:
        try:
            yield
        except VersionDeletedError:
            why = "was deleted permanently while it was read"
        except ValueError as error:
            why = f"does not hold records ({error})"
        else:
            return
        raise UnreadableObjectError(f"{self._bucket.url(version.key)} {why}")
