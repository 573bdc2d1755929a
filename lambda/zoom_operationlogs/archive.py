"""The archive is the log: gzip NDJSON objects by record date (UTC), each put if absent and never changed."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from . import __version__
from .dates import ONE_DAY
from .delivered import DeliveredDay
from .errors import StorageError, WriteConflictError
from .records import fingerprint, line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .bucket import Bucket, StoredVersion
    from .delivered import Delivered
    from .legacy import LegacyLedger, LegacyObjects
    from .records import Record, Row

GZIP_LEVEL = 6
OBJECT_NAME = re.compile(r"\d{4}/\d{2}/\d{2}/zoom-operationlogs-(\d{8})-\d{6,}\.json\.gz")
BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class PendingRecord:
    """A record that the archive should hold `count` times. `line` has no line end, `time` is in UTC."""

    line: bytes
    fingerprint: bytes
    time: datetime | None
    count: int

    @classmethod
    def of(cls, row: Row, count: int) -> PendingRecord:
        """Return the pending record of a page's row."""
        return cls(line(row.record), row.fingerprint, row.time, count)


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
        unsure: list[PendingRecord] = []  # may be written, by a put of unknown outcome

        def attempt() -> int:
            nonlocal unsure
            if self._up_to_date.get(day) is not known:
                self.read_new_objects(known, delivered.legacy)
            missing = [
                record for record in pending for _ in range(record.count - delivered.count(day, record.fingerprint))
            ]
            written = max(0, len(unsure) - len(missing))
            if missing:
                unsure = missing
                self._up_to_date.pop(day, None)
                self._put(day, known.seq + 1, missing)
                self.objects_written += 1
                known.seq += 1
                known.counts.add(record.fingerprint for record in missing)
                self._up_to_date[day] = known
            return written + len(missing)

        while True:
            try:
                return self._bucket.retry_until_known(attempt)
            except WriteConflictError:
                self.races_lost += 1
                unsure = []

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
            known.counts.add([fingerprint(record) for version in versions for record in self._read(version)])
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

    def _put(self, day: date, seq: int, records: list[PendingRecord]) -> None:
        self.before_put()
        self._bucket.put(
            self._prefix + object_name(day, seq),
            encode(record.line for record in records),
            replaces=None,
            ContentType="application/gzip",
            Metadata=describe(records),
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
