"""The archive is the log: gzip NDJSON objects by record date (UTC), each put if absent and never changed."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from . import __version__
from .dates import ONE_DAY
from .delivered import DeliveredDay
from .errors import StorageError, WriteConflictError
from .records import documented, event_time, fingerprint, line, not_archived

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from .bucket import Bucket, StoredVersion
    from .delivered import Delivered
    from .legacy import LegacyLedger, LegacyObjects
    from .records import Record, Row

GZIP_LEVEL = 6
OBJECT_NAME = re.compile(r"\d{4}/\d{2}/\d{2}/zoom-operationlogs-(\d{8})-\d{6,}\.json\.gz")
BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class PendingRecord:
    """A record that the archive should hold `count` times. `line` has no line end, `time` is in UTC.

    `variants` holds the whole rows if a page has shown rows of this identity that differ in other fields.
    """

    line: bytes
    fingerprint: bytes
    time: datetime | None
    count: int
    variants: list[Record] = field(default_factory=list)

    @classmethod
    def of(cls, row: Row) -> PendingRecord:
        """Return the pending record of a page's row, which `show` has yet to count."""
        return cls(line(row.record), row.fingerprint, row.time, 0)

    def differs(self, row: Record) -> bool:
        """Return whether a row of this identity is another record: fields that only one of the two has do not tell."""
        known = json.loads(self.line)
        return bool(not_archived([row], [known]) and not_archived([known], [row]))

    def show(self, rows: Sequence[Record], *, differ: bool) -> int:
        """Take in the rows of this identity on a page, which differ in other fields or not.

        Returns the number of bytes by which the record grew.
        """
        shown_before, self.count = self.count, max(self.count, len(rows))
        if not differ and not self.variants:
            return 0
        if not self.variants:
            self.variants = [json.loads(self.line)] * shown_before
        more = not_archived(rows, self.variants)
        self.variants += more
        self.count = max(self.count, len(self.variants))
        return sum(len(line(row)) for row in more)


MissingLine = tuple[PendingRecord, bytes]


@dataclass(frozen=True)
class Inventory:
    """What the keys under the prefix show: the first date with objects of ours, and an empty ledger for the guide's."""

    first: date | None
    legacy: LegacyLedger | None


class Archive:
    """The objects under the feed's prefix, for one run."""

    def __init__(self, bucket: Bucket, prefix: str, legacy: LegacyObjects) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self.legacy = legacy
        self._up_to_date: dict[date, DeliveredDay] = {}  # complete as of this run's last listing or put
        self.before_put: Callable[[], None] = lambda: None
        self.races_lost = 0
        self.objects_written = 0

    def publish(self, day: date, pending: Iterable[PendingRecord], delivered: Delivered) -> int:
        """Write the records that are not delivered yet as the date's next object; return how many this run wrote.

        The put-if-absent is the commit and the lock. After a lost race, or a write of unknown outcome, the run reads
        what is there now, drops what that delivered, and tries again: a `seq` is never skipped. Raises `StorageError`,
        `StorageUnavailableError`, and `OutOfTimeError` while it reads the guide's objects.
        """
        pending = sorted(pending, key=lambda record: record.time or BEFORE_ALL)
        known = delivered.on(day)
        unsure: list[MissingLine] = []  # may be written, by a put of unknown outcome

        def attempt() -> int:
            nonlocal unsure
            self.refresh(day, delivered)
            missing = self._missing(known, pending, delivered)
            written = max(0, len(unsure) - len(missing))
            if missing:
                unsure = missing
                self._up_to_date.pop(day, None)
                self._put(day, known.seq + 1, missing)
                self.objects_written += 1
                known.seq += 1
                for record, _ in missing:
                    known.add(record.fingerprint, record.time)
                self._up_to_date[day] = known
            return written + len(missing)

        while True:
            try:
                return self._bucket.retry_until_known(attempt)
            except WriteConflictError:
                self.races_lost += 1
                unsure = []

    def refresh(self, day: date, delivered: Delivered) -> None:
        """Read the date's objects that are not known yet, unless this run has done so. Raises as `publish` does."""
        known = delivered.on(day)
        if self._up_to_date.get(day) is not known:
            self.read_new_objects(known, delivered.legacy)

    def load(self, day: date, delivered: Delivered) -> None:
        """Read what the archive holds of a date that is not known yet. Raises as `publish` does."""
        known = DeliveredDay(day)
        self.legacy.absorb_from(day - ONE_DAY, delivered.legacy)  # Zoom's days may begin before those of UTC
        self.read_new_objects(known, delivered.legacy)
        delivered.days[day] = known

    def read_new_objects(self, known: DeliveredDay, legacy: LegacyLedger | None) -> None:
        """Read every object of the date that is not known yet, including those that the feed has deleted."""
        self.legacy.absorb_from(known.date, legacy)
        for seq, versions in groupby(
            self._versions(known.date, after=known.seq), key=lambda version: sequence_number(version.key)
        ):
            for record in [record for version in versions for record in self._read(version)]:
                known.add(fingerprint(record), event_time(record))
            known.seq = seq
        self._up_to_date[known.date] = known

    def inventory(self) -> Inventory:
        """Return what the prefix holds, by its keys alone. Raises `StorageError` and `StorageUnavailableError`."""
        versions = self._bucket.versions(self._prefix)
        ours = []
        for version in versions:
            if match := OBJECT_NAME.fullmatch(version.key.removeprefix(self._prefix)):
                with suppress(ValueError):  # no such day in the calendar, so not an object of ours
                    ours.append(date.fromisoformat(match[1]))
        return Inventory(min(ours, default=None), self.legacy.find(versions))

    def _versions(self, day: date, *, after: int) -> list[StoredVersion]:
        """Return every version of the date's objects numbered above `after`, in the order of their numbers."""
        newer = [
            version
            for version in self._bucket.versions(self._prefix + object_stem(day))
            if OBJECT_NAME.fullmatch(version.key.removeprefix(self._prefix)) and sequence_number(version.key) > after
        ]
        return sorted(newer, key=lambda version: sequence_number(version.key))

    def _read(self, version: StoredVersion) -> list[Record]:
        body = self._bucket.read(version)
        try:
            return decode(body)
        except ValueError as error:
            raise StorageError(
                f"{self._bucket.url(version.key)} has the name of an object of this collector, but does not hold its"
                f" records ({error}): keep a copy elsewhere, and delete its version {version.version_id} permanently."
            ) from None

    def _missing(
        self, known: DeliveredDay, pending: Iterable[PendingRecord], delivered: Delivered
    ) -> list[MissingLine]:
        """Return the lines that are not delivered yet, each with its record.

        A record is delivered as often as lines of its identity are. Where rows of one identity differ in other fields,
        the date's objects are read, and the rows compared whole.
        """
        variants = {record.fingerprint for record in pending if record.variants}
        archived = self._read_whole(known, variants) if variants else {}
        missing: list[MissingLine] = []
        for record in pending:
            count = delivered.count(known.date, record.fingerprint)
            if record.variants:
                whole = archived.get(record.fingerprint, [])
                # Of other objects, only how many show this identity is known: they stand for any of the rows.
                whole = [*whole, *[documented(record.variants[0])] * (count - len(whole))]
                missing += [(record, line(row)) for row in not_archived(record.variants, whole)]
            else:
                missing += [(record, record.line)] * (record.count - count)
        return missing

    def _read_whole(self, known: DeliveredDay, fingerprints: Collection[bytes]) -> dict[bytes, list[Record]]:
        """Return the archived records of these identities in the date's objects that are known."""
        found: dict[bytes, list[Record]] = {}
        for record in self._records(known):
            if (identity := fingerprint(record)) in fingerprints:
                found.setdefault(identity, []).append(record)
        return found

    def times(self, known: DeliveredDay) -> Iterator[datetime]:
        """Yield the times of the records in the date's objects that are known, of those that have one."""
        return filter(None, map(event_time, self._records(known)))

    def _records(self, known: DeliveredDay) -> Iterator[Record]:
        for version in self._versions(known.date, after=0):
            if sequence_number(version.key) <= known.seq:
                yield from self._read(version)

    def _put(self, day: date, seq: int, missing: list[MissingLine]) -> None:
        self.before_put()
        self._bucket.put(
            self._prefix + object_name(day, seq),
            encode(line for _, line in missing),
            replaces=None,
            ContentType="application/gzip",
            Metadata=describe([record for record, _ in missing]),
        )


def object_stem(day: date) -> str:
    """Return the common start of the names of a record date's objects, relative to the feed's prefix."""
    iso = day.isoformat()
    return f"{iso.replace('-', '/')}/zoom-operationlogs-{iso.replace('-', '')}-"


def object_name(day: date, seq: int) -> str:
    """Return the name of a record date's object number `seq`, which counts from 1, relative to the feed's prefix."""
    return f"{object_stem(day)}{seq:06d}.json.gz"


def sequence_number(key: str) -> int:
    """Return the number in the key of an object of ours."""
    return int(key.rpartition("-")[2].removesuffix(".json.gz"))


def encode(lines: Iterable[bytes]) -> bytes:
    """Return an object's body: gzip of one record a line. It has no modification time: equal lines give equal bytes."""
    return gzip.compress(b"".join(entry + b"\n" for entry in lines), GZIP_LEVEL, mtime=0)


def decode(body: bytes) -> list[Record]:
    r"""Return the records in an object's body. Raises ValueError if it is not gzip NDJSON.

    Lines end at `\n` only: `splitlines` would also split at U+2028 and other characters that records may contain.
    """
    if not body:
        raise ValueError("empty")  # gzip.decompress returns b"" for it
    try:
        text = gzip.decompress(body)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"not gzip: {error}") from None
    *lines, rest = text.split(b"\n")
    if rest:
        raise ValueError("the last line has no end")
    records: list[Any] = [json.loads(entry) for entry in lines]
    if not all(isinstance(record, dict) for record in records):
        raise ValueError("a line is not a JSON object")
    return records


def describe(records: list[PendingRecord]) -> dict[str, str]:
    """Return an object's metadata: the number of records, their first and last time, the version of the collector."""
    times = [record.time for record in records if record.time]
    described = {"record-count": str(len(records)), "collector-version": __version__}
    if times:
        described |= {"first-time": min(times).isoformat(), "last-time": max(times).isoformat()}
    return described
