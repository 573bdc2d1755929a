"""The archive is the log: gzip NDJSON objects per record date, each put if absent and never changed."""

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
from .fingerprints import FingerprintCounts
from .guide import GUIDE_OBJECT_NAME, GuideObjects
from .records import fingerprint, line
from .s3 import LostRace, StorageError, answers, list_versions, read_version, until_known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mypy_boto3_s3 import S3Client

    from .deadline import Deadline
    from .records import Record, Row
    from .s3 import StoredObject

GZIP_LEVEL = 6
OBJECT_NAME = re.compile(r"\d{4}/\d{2}/\d{2}/zoom-operationlogs-(\d{8})-\d{6,}\.json\.gz")
BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


@dataclass
class Day:
    """What is known to be delivered of one record date.

    `ours` counts the records of the objects numbered 1 to `seq`, which never change: two `Day`s of the same `seq` are
    the same.
    """

    date: date
    seq: int = 0
    ours: FingerprintCounts = field(default_factory=FingerprintCounts)
    current: bool = False  # whether the archive was listed for this date in this run


@dataclass(slots=True)
class Wanted:
    """A record that the archive should hold `count` times: its line, its identity, its time."""

    line: bytes
    fingerprint: bytes
    time: datetime | None
    count: int

    @classmethod
    def of(cls, row: Row, count: int) -> Wanted:
        """Return the want of a page's row."""
        return cls(line(row.record), row.fingerprint, row.time, count)


@dataclass(frozen=True)
class Survey:
    """The first date that has objects of ours; the first and last dates on which the written guide's Lambda wrote."""

    first: date | None
    guide_first: date | None
    guide_last: date | None


class Archive:
    """The objects under the feed's prefix."""

    def __init__(
        self,
        s3: S3Client,
        bucket: str,
        prefix: str,
        deadline: Deadline,
        sleep: Callable[[float], None],
        guide: GuideObjects,
    ) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._prefix = prefix
        self._deadline = deadline
        self._sleep = sleep
        self._guide = guide
        self.races_lost = 0
        self.objects_written = 0

    def delivered(self, day: Day, fingerprint: bytes) -> int:
        """Return how often the record is known to be delivered; the truth is never less."""
        return day.ours.count(fingerprint) + self._guide.count(day.date, fingerprint)

    def publish(self, day: Day, wanted: Iterable[Wanted]) -> int:
        """Write what of `wanted` is not yet delivered as the date's next object; return how many records that was.

        The put-if-absent is the commit and the lock. Whoever loses the race, or cannot tell whether its write was
        done, reads what there is now, drops what that delivered, and goes on: a `seq` is never skipped.
        """
        wanted = sorted(wanted, key=lambda item: item.time or BEFORE_ALL)
        unsure: list[Wanted] = []  # written by a request whose outcome is not known

        def attempt() -> int:
            nonlocal unsure
            if not day.current:
                self.read_news(day)
            missing = [item for item in wanted for _ in range(item.count - self.delivered(day, item.fingerprint))]
            written = max(0, len(unsure) - len(missing))
            if missing:
                unsure, day.current = missing, False
                self._put(day.date, day.seq + 1, missing)
                self.objects_written += 1
                day.seq += 1
                day.ours.add(item.fingerprint for item in missing)
                day.current = True
            return written + len(missing)

        while True:
            try:
                return until_known(attempt, self._deadline, self._sleep)
            except LostRace:
                self.races_lost += 1
                unsure = []

    def read_news(self, day: Day) -> None:
        """Absorb every object of the date that is not known yet, also those that the feed has deleted since."""
        self._guide.absorb_from(day.date)
        for seq, versions in groupby(self._versions(day.date, day.seq), key=lambda stored: sequence_number(stored.key)):
            day.ours.add([fingerprint(record) for stored in versions for record in self._read(stored)])
            day.seq = seq
        day.current = True

    def survey(self) -> Survey:
        """Return what the whole prefix holds, by the names of its objects alone."""
        ours: list[date] = []
        guides: list[date] = []

        def listing() -> None:
            ours.clear()
            guides.clear()
            for stored in list_versions(self._s3, self._bucket, self._prefix):
                name = stored.key.removeprefix(self._prefix)
                with suppress(ValueError):  # no date of the calendar: not one of these objects
                    if match := OBJECT_NAME.fullmatch(name):
                        ours.append(date.fromisoformat(match[1]))
                    elif match := GUIDE_OBJECT_NAME.fullmatch(name):
                        guides.append(date(int(match[1]), int(match[2]), int(match[3])))

        until_known(listing, self._deadline, self._sleep)
        return Survey(min(ours, default=None), min(guides, default=None), max(guides, default=None))

    def _versions(self, day: date, after: int) -> list[StoredObject]:
        """List the date's objects numbered higher than `after`, in the order of their numbers."""
        stem = self._prefix + object_name(day, 0).removesuffix("000000.json.gz")

        def listing() -> list[StoredObject]:
            found = list_versions(self._s3, self._bucket, stem)
            return [stored for stored in found if OBJECT_NAME.fullmatch(stored.key.removeprefix(self._prefix))]

        newer = (
            stored
            for stored in until_known(listing, self._deadline, self._sleep)
            if sequence_number(stored.key) > after
        )
        return sorted(newer, key=lambda stored: sequence_number(stored.key))

    def _read(self, stored: StoredObject) -> list[Record]:
        body = until_known(lambda: read_version(self._s3, self._bucket, stored), self._deadline, self._sleep)
        try:
            return decode(body)
        except ValueError as error:
            raise StorageError(
                f"s3://{self._bucket}/{stored.key} has the name of an object of this collector, but does not hold its"
                f" records ({error}): keep a copy elsewhere, and delete its version {stored.version_id} for good."
            ) from None

    def _put(self, day: date, seq: int, items: list[Wanted]) -> None:
        key = self._prefix + object_name(day, seq)
        with answers("PutObject", self._bucket, key):
            self._s3.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=encode(item.line for item in items),
                IfNoneMatch="*",
                ContentType="application/gzip",
                Metadata=describe(items),
            )


def object_name(day: date, seq: int) -> str:
    """Return the name, below the feed's prefix, of the `seq`-th object of a record date."""
    iso = day.isoformat()
    return f"{iso.replace('-', '/')}/zoom-operationlogs-{iso.replace('-', '')}-{seq:06d}.json.gz"


def sequence_number(key: str) -> int:
    """Return the number in an object's key; it follows the last hyphen."""
    return int(key.rpartition("-")[2].removesuffix(".json.gz"))


def encode(lines: Iterable[bytes]) -> bytes:
    """Return an object's body: a record a line, gzip without a time of its own."""
    return gzip.compress(b"".join(line + b"\n" for line in lines), GZIP_LEVEL, mtime=0)


def decode(body: bytes) -> list[Record]:
    r"""Return the records of an object's body; raise ValueError where it is not gzip NDJSON.

    Lines end at `\n` only: `splitlines` would also split at U+2028 and its like, which stand in records as they came.
    """
    if not body:
        raise ValueError("empty")  # which gzip takes for nothing, packed
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


def describe(items: list[Wanted]) -> dict[str, str]:
    """Return an object's metadata: how many records, from when to when, and who wrote them."""
    times = [item.time for item in items if item.time]
    described = {"record-count": str(len(items)), "collector-version": __version__}
    if times:
        described |= {"first-time": min(times).isoformat(), "last-time": max(times).isoformat()}
    return described
