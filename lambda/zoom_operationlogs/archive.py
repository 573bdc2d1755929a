"""The archive is the log: gzip NDJSON objects by record date (UTC), each put if absent and never changed."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from . import __version__
from .bounds import MB, OBJECT_BYTES, PAGE_BYTES, gunzip_chunks, parse_json_at
from .bucket import MOST_CONFLICTS, out_of_reach
from .dates import ONE_DAY
from .errors import StorageError, UnreadableObjectError, WriteConflictError
from .fingerprints import count_records
from .records import documented, event_time, fingerprint, line, not_archived

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from .bucket import Bucket, StoredVersion
    from .delivered import Delivered, DeliveredDay
    from .legacy import LegacyLedger, LegacyObjects
    from .pending_record import MissingLine, PendingRecord
    from .records import Record

GZIP_LEVEL = 6
OBJECT_NAME = re.compile(r"\d{4}/\d{2}/\d{2}/zoom-operationlogs-(\d{8})-\d{6,}\.json\.gz", re.ASCII)
LAST_NUMBER = 10**12  # no collector reaches it, and much longer numbers make keys that S3 refuses
MOST_RECORDS = 1_000_000  # of one object: more than the collector writes
MOST_MISSING = 100_000  # numbers between two objects of a date, where the first of them have expired
RESERVE_SHARE = 0.5  # of the reserve, what is left to publishing and saving when a run reads what it has to know first
BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


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
        what is there now, drops what that delivered, and tries again: a `seq` is never skipped. Nothing of the date
        is published if one of its objects cannot be read (`UnreadableObjectError`), or not in the time that is left
        (`OutOfTimeError`). Raises other `StorageError` and `StorageUnavailableError` too.
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
                times = [record.time for record, _ in missing if record.time]
                fingerprints = (record.fingerprint for record, _ in missing)
                known.add(fingerprints, min(times, default=None), max(times, default=None))
                self._up_to_date[day] = known
            return written + len(missing)

        for _ in range(MOST_CONFLICTS):
            try:
                return self._bucket.retry_until_known(attempt)
            except WriteConflictError:
                self.races_lost += 1
                unsure = []
        raise self._bucket.always_conflicts(self._prefix + object_name(day, known.seq + 1))

    def refresh(self, day: date, delivered: Delivered) -> None:
        """Read the date's objects that are not known yet, unless this run has done so. Raises as `publish` does."""
        known = delivered.on(day)
        if self._up_to_date.get(day) is not known:
            self.read_new_objects(known, delivered.legacy, RESERVE_SHARE)

    def load(self, day: date, delivered: Delivered) -> None:
        """Read what the archive holds of a date and is not known yet. Raises as `publish` does, and keeps what it has
        read: the date is partial until a call has come to its end."""
        known = delivered.on(day)
        with suppress(UnreadableObjectError):  # of the day before alone, if it is not raised again
            self.legacy.absorb_from(day - ONE_DAY, delivered.legacy)  # Zoom's days may begin before those of UTC
        self.read_new_objects(known, delivered.legacy)

    def read_new_objects(self, known: DeliveredDay, legacy: LegacyLedger | None, reserve_share: float = 1.0) -> None:
        """Read every object of the date that is not known yet, including those that the feed has deleted.

        Begins no object when less than this share of the run's reserve is left. Raises as `load` does.
        """
        self.legacy.absorb_from(known.date, legacy)
        for seq, versions in groupby(
            self._versions(known.date, after=known.seq), key=lambda version: sequence_number(version.key)
        ):
            known.partial = True
            of_seq = list(versions)
            if seq > known.seq + MOST_MISSING:
                raise self._unreadable(of_seq[0], ValueError("its number is far from the others"))
            shown = [self._shown_by(version, known.date, reserve_share) for version in of_seq]
            for counts, oldest, newest in shown:
                known.add(counts.elements(), oldest, newest)
            known.seq = seq
        known.partial = False
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

    def _shown_by(
        self, version: StoredVersion, day: date, reserve_share: float
    ) -> tuple[Counter[bytes], datetime | None, datetime | None]:
        """Return how often each record is in the object, and the first and last time of its records."""
        oldest: datetime | None = None
        newest: datetime | None = None

        def date_of(record: Record) -> date:
            nonlocal oldest, newest
            if time := event_time(record):
                oldest, newest = min(time, oldest or time), max(time, newest or time)
            return day

        def check() -> None:
            self._bucket.deadline.check(reserve_share)

        records = self._read(version, reserve_share)
        try:
            counts = count_records(records, date_of, check, MOST_RECORDS)[day]
        except ValueError as error:
            raise self._unreadable(version, error) from None
        return counts, oldest, newest

    def _read(self, version: StoredVersion, reserve_share: float) -> Iterator[Record]:
        """Yield the records of an object; raise `UnreadableObjectError` if it does not hold any."""
        self._bucket.deadline.check(reserve_share)
        try:
            if sequence_number(version.key) >= LAST_NUMBER:
                raise ValueError("no collector has come to its number")
            yield from read_records(self._bucket.read(version))
        except ValueError as error:
            raise self._unreadable(version, error) from None
        except StorageError as error:
            raise out_of_reach(version, error) from None

    def _unreadable(self, version: StoredVersion, error: ValueError) -> UnreadableObjectError:
        return UnreadableObjectError(
            f"{self._bucket.url(version.key)} has the name of an object of this collector, but does not hold its"
            f" records ({error}): keep a copy elsewhere, and delete its version {version.version_id} permanently."
        )

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
                rows = not_archived(record.variants, whole)[: max(0, record.count - count)]
                missing += [(record, line(row)) for row in rows]
            else:
                missing += [(record, record.line)] * (record.count - count)
        return missing

    def _read_whole(self, known: DeliveredDay, fingerprints: Collection[bytes]) -> dict[bytes, list[Record]]:
        """Return the archived records of these identities in the date's objects that are known."""
        found: dict[bytes, list[Record]] = {}
        for record in self._records(known, known.seq):
            if (identity := fingerprint(record)) in fingerprints:
                found.setdefault(identity, []).append(record)
        return found

    def tally(
        self, known: DeliveredDay, legacy: LegacyLedger | None, up_to: int, key: Callable[[Record], Any]
    ) -> Counter[Any]:
        """Return how many records of the date are delivered, by a key of theirs, of those that have a time: by the
        guide's objects, and by ours up to the number `up_to`."""
        ours = Counter(key(record) for record in self._records(known, up_to) if event_time(record))
        return ours + self.legacy.tally(known.date, legacy, key)

    def _records(self, known: DeliveredDay, up_to: int) -> Iterator[Record]:
        for version in self._versions(known.date, after=0):
            if sequence_number(version.key) <= up_to:
                yield from self._read(version, RESERVE_SHARE)

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
    """Return the records in an object's body. Raises ValueError as `read_records` does."""
    return list(read_records(body))


def read_records(body: bytes) -> Iterator[Record]:
    r"""Yield the records in an object's body. Raises ValueError if it is not gzip NDJSON, or holds more than it may.

    Lines end at `\n` only: `splitlines` would also split at U+2028 and other characters that records may contain.
    """
    rest = b""
    for piece in gunzip_chunks(body, OBJECT_BYTES):
        *lines, rest = (rest + piece).split(b"\n")
        if max(map(len, lines), default=len(rest)) > PAGE_BYTES:
            raise ValueError(f"a line of more than {PAGE_BYTES // MB} MB")
        for entry in lines:
            text = entry.decode()
            record, end = parse_json_at(text, 0)
            if not isinstance(record, dict) or end < len(text):
                raise ValueError("a line is not a JSON object")
            yield record
    if rest:
        raise ValueError("the last line has no end")


def describe(records: list[PendingRecord]) -> dict[str, str]:
    """Return an object's metadata: the number of records, their first and last time, the version of the collector."""
    times = [record.time for record in records if record.time]
    described = {"record-count": str(len(records)), "collector-version": __version__}
    if times:
        described |= {"first-time": min(times).isoformat(), "last-time": max(times).isoformat()}
    return described
