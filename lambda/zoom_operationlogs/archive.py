"""The archive is the log: gzip NDJSON objects by record date (UTC), each put if absent and never changed."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from .archive_object import (
    LAST_NUMBER,
    MOST_RECORDS,
    OBJECT_NAME,
    describe,
    encode,
    first_object,
    object_name,
    object_stem,
    read_records,
    refuse_other_report,
    sequence_number,
)
from .bucket import out_of_reach
from .dates import BEFORE_ALL, day_before, second
from .errors import StorageError, UnreadableObjectError, WriteConflictError
from .fingerprints import count_records
from .records import line, not_archived

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from datetime import date, datetime

    from .bucket import Bucket, StoredVersion
    from .delivered import Delivered, DeliveredDay
    from .legacy import LegacyLedger, LegacyObjects
    from .pending_record import MissingLine, PendingRecord
    from .records import Record
    from .reports import Report

MOST_MISSING = 100_000  # numbers between two objects of a date, where the first of them have expired
RESERVE_SHARE = 0.5  # of the reserve, what is left to publishing and saving when a run reads what it has to know first
COUNT_SHARE = 0.75  # likewise, when it counts by second at its end: dates that need no count are still published


class Archive:
    """The objects under the feed's prefix, for one run."""

    def __init__(self, bucket: Bucket, prefix: str, report: Report, legacy: LegacyObjects) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self.report = report
        self.legacy = legacy
        self._up_to_date: dict[date, DeliveredDay] = {}  # complete as of this run's last listing or put
        self.before_put: Callable[[], None] = lambda: None
        self._markers: dict[str, datetime] = {}  # objects of records behind a delete marker, and since when
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
        written = 0
        while True:  # once, unless the records are more than one object may hold
            put, left = self._publish_object(day, pending, delivered)
            written += put
            if not left:
                return written
            self.check_time()

    def _publish_object(self, day: date, pending: Iterable[PendingRecord], delivered: Delivered) -> tuple[int, bool]:
        """Write the next object; return how many records this run wrote, and whether any are left."""
        known = delivered.on(day)
        unsure: list[MissingLine] = []  # may be written, by a put of unknown outcome

        def attempt() -> tuple[int, bool]:
            nonlocal unsure
            self.refresh(day, delivered)
            missing = self._missing(known, pending, delivered)
            written = max(0, len(unsure) - len(missing))
            part = first_object(missing)
            if part:
                unsure = missing
                self._up_to_date.pop(day, None)
                self._put(day, known.seq + 1, part)
                self.objects_written += 1
                known.seq += 1
                times = [record.time for record, _ in part if record.time]
                known.add((one.fingerprint for one, _ in part), min(times, default=None), max(times, default=None))
                self._up_to_date[day] = known
            return written + len(part), len(part) < len(missing)

        for _ in self._bucket.until_no_conflict(self._prefix + object_stem(day, self.report)):
            try:
                return self._bucket.retry_until_known(attempt)
            except WriteConflictError:
                self.races_lost += 1
                unsure = []
        raise AssertionError("until_no_conflict raises")

    def check_time(self) -> None:
        """Raise `OutOfTimeError` if too little time is left to begin with another object or date."""
        self._bucket.deadline.check(RESERVE_SHARE)

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
            self.legacy.absorb_from(day_before(day), delivered.legacy)  # Zoom's days may begin before those of UTC
        self.read_new_objects(known, delivered.legacy)

    def read_new_objects(self, known: DeliveredDay, legacy: LegacyLedger | None, reserve_share: float = 1.0) -> None:
        """Read every object of the date that is not known yet, including those that the feed has deleted.

        Begins no object when less than this share of the run's reserve is left. Raises as `load` does.
        """
        self.legacy.absorb_from(known.date, legacy)
        newer = self._newer_versions(known)
        for seq, versions in groupby(newer, key=lambda version: sequence_number(version.key)):
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

    def behind_delete_markers(self, since: datetime | None) -> list[str]:
        """Return the objects of records behind a delete marker, of the dates listed in this run, if no older than
        `since`. S3's own expiration takes 200 days at least, when Zoom no longer has the date and no run lists it."""
        return [key for key, at in self._markers.items() if since is None or at >= since]

    def url(self, name: str = "") -> str:
        """Return the address of the prefix, or of a key under it."""
        return self._bucket.url(self._prefix + name)

    def for_each_key(self, note: Callable[[str], object]) -> None:
        """Call `note` with every key under the prefix, without the prefix; raises what `Bucket.versions` raises."""

        def wanted(key: str) -> bool:
            note(key.removeprefix(self._prefix))
            return False

        self._bucket.versions(self._prefix, wanted)

    def _newer_versions(self, known: DeliveredDay) -> list[StoredVersion]:
        """Return every version of the date's objects that is not known, in the order of their numbers. If `known` has
        come to a number far from those that there are, it is forgotten: no run would read the next number."""
        highest = 0

        def newer(number: int) -> bool:
            nonlocal highest
            highest = max(highest, number)
            return number > known.seq

        versions = self._versions(known.date, newer)
        if known.seq > highest + MOST_MISSING:
            known.forget()
            versions = self._versions(known.date, newer)
        return versions

    def _versions(self, day: date, wanted: Callable[[int], bool]) -> list[StoredVersion]:
        """Return every version of the date's objects with the wanted numbers, in the order of these. Raises
        `OtherReportError` for another report's object in the same folder: to list that too costs no further call."""
        stem = object_stem(day, self.report)

        def is_ours(key: str) -> bool:
            name = key.removeprefix(self._prefix)
            refuse_other_report(name, self.report, self.url)
            return name.startswith(stem) and bool(OBJECT_NAME.fullmatch(name))

        def note(key: str, deleted_at: datetime) -> None:
            if is_ours(key):
                self._markers[key] = deleted_at

        def is_wanted(key: str) -> bool:
            return is_ours(key) and wanted(sequence_number(key))

        found = self._bucket.versions(f"{self._prefix}{stem.rpartition('/')[0]}/", is_wanted, note)
        return sorted(found, key=lambda version: sequence_number(version.key))

    def _shown_by(
        self, version: StoredVersion, day: date, reserve_share: float
    ) -> tuple[Counter[bytes], datetime | None, datetime | None]:
        """Return how often each record is in the object, and the first and last time of its records."""
        oldest: datetime | None = None
        newest: datetime | None = None

        def date_of(record: Record) -> date:
            nonlocal oldest, newest
            if time := self.report.time_of(record):
                oldest, newest = min(time, oldest or time), max(time, newest or time)
            return day

        check = partial(self._bucket.deadline.check, reserve_share)
        records = self._read(version, reserve_share)
        try:
            counts = count_records(records, self.report.fingerprint, date_of, check, MOST_RECORDS)[day]
        except ValueError as error:
            raise self._unreadable(version, error) from None
        return counts, oldest, newest

    def _read(self, version: StoredVersion, reserve_share: float) -> Iterator[Record]:
        """Yield the records of an object; raise `UnreadableObjectError` if it does not hold any."""
        self._bucket.deadline.check(reserve_share)
        try:
            if sequence_number(version.key) >= LAST_NUMBER:
                raise ValueError("no collector has come to its number")
            yield from read_records(self._bucket.read(version), lambda: self._bucket.deadline.check(reserve_share))
        except ValueError as error:
            raise self._unreadable(version, error) from None
        except StorageError as error:
            raise out_of_reach(version, error) from None

    def _unreadable(self, version: StoredVersion, error: ValueError) -> UnreadableObjectError:
        return UnreadableObjectError(
            f"{self._bucket.url(version.key)} has the name of an object of this collector, but does not hold its"
            f" records ({error}): keep a copy elsewhere, and delete its version {version.version_id} permanently, as a"
            " role of bucket.break_glass_arns."
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
                whole = [*whole, *[self.report.documented(record.variants[0])] * (count - len(whole))]
                rows = not_archived(record.variants, whole)[: max(0, record.count - count)]
                missing += [(record, line(row)) for row in rows]
            else:
                missing += [(record, record.line)] * (record.count - count)
        return missing

    def _read_whole(self, known: DeliveredDay, fingerprints: Collection[bytes]) -> dict[bytes, list[Record]]:
        """Return the archived records of these identities in the date's objects that are known."""
        found: dict[bytes, list[Record]] = {identity: [] for identity in fingerprints}
        for record in self._records(known, known.seq, RESERVE_SHARE):
            if (identity := self.report.fingerprint(record)) in found:
                found[identity].append(record)
        return found

    def seconds(self, known: DeliveredDay, up_to: int, legacy: LegacyLedger | None, share: float) -> Counter[datetime]:
        """Return how many records of the date are delivered in each second, of those that have a time: by the guide's
        objects, and by ours up to the number `up_to`. Raises as `publish` does, but leaves this share of the reserve;
        `known` then keeps the count for the next run."""
        if known.seconds_seq > up_to:
            known.seconds, known.seconds_seq = Counter(), 0
        versions = self._versions(known.date, lambda number: known.seconds_seq < number <= up_to)
        for seq, of_seq in groupby(versions, key=lambda version: sequence_number(version.key)):
            records = (record for version in of_seq for record in self._read(version, share))
            known.seconds += Counter(second(time) for time in map(self.report.time_of, records) if time)
            known.seconds_seq = seq
        seconds = known.seconds + self.legacy.tally(known.date, legacy, lambda _, time: second(time))
        known.seconds, known.seconds_seq = Counter(), 0
        return seconds

    def alike(self, known: DeliveredDay, up_to: int, legacy: LegacyLedger | None, share: float) -> Counter[bytes]:
        """Return the same as `seconds`, by all but the time. It does not count on in the next run."""
        ours = Counter(map(self.report.without_time, filter(self.report.time_of, self._records(known, up_to, share))))
        return ours + self.legacy.tally(known.date, legacy, lambda record, _: self.report.without_time(record))

    def _records(self, known: DeliveredDay, up_to: int, reserve_share: float) -> Iterator[Record]:
        for version in self._versions(known.date, lambda number: number <= up_to):
            yield from self._read(version, reserve_share)

    def _put(self, day: date, seq: int, missing: list[MissingLine]) -> None:
        self.before_put()
        self._bucket.add_records(
            self._prefix + object_name(day, seq, self.report),
            encode(line for _, line in missing),
            ContentType="application/gzip",
            Metadata=describe([record for record, _ in missing]),
        )
