"""The objects and the state of the written guide's Lambda function: they say what it delivered, and where it stopped.

That function names each object by a random UUID, under the date on which it writes it, and writes the whole day again
in each run. The guide's code, as published, separates records by the letter n instead of a line end.

`LegacyObjects` finds and reads the objects; `LegacyLedger` is what they delivered, as part of `Delivered`.
"""

from __future__ import annotations

import codecs
import json
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from .bounds import ANSWER_BYTES, LEGACY_OBJECT_BYTES, MB, PAGE_BYTES, gunzip_chunks, parse_json, parse_json_at
from .bucket import out_of_reach
from .dates import ONE_DAY, date_range, day_before, widest
from .errors import NotFoundError, StorageError, UnreadableObjectError
from .fingerprints import FingerprintCounts, count_records
from .json_values import YEARS
from .records import BETWEEN_RECORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterator
    from datetime import datetime

    from .bucket import Bucket, StoredVersion
    from .dates import Span
    from .deadline import Deadline
    from .records import Record
    from .reports import Report

OBJECT_NAME = re.compile(
    r"(\d{4})/(\d{2})/(\d{2})/zoom-operationlogs-([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.json\.gz"
)
MOST_FOLDERS = 7  # listed one by one
STATE_NAME = "state.json"  # under the feed's prefix
MOST_RECORDS = 4_000_000  # of one object: more than fit into 512 MB


@dataclass
class LegacyLedger:
    """The records in the guide's objects that were read; the checkpoint keeps it, so that each object is read once.

    `first` is the first date on which the guide's function wrote, `last` the day after its last. `absorbed` has the
    16-byte UUIDs of the objects that were read, `counts`, by record date, how often each record counts as delivered:
    the most that any one object shows. `spans` has the first and last time of these records.
    """

    first: date
    last: date
    absorbed: set[bytes] = field(default_factory=set)
    counts: dict[date, FingerprintCounts] = field(default_factory=dict)
    spans: dict[date, Span] = field(default_factory=dict)

    def count(self, day: date, fingerprint: bytes) -> int:
        """Return how often a record of the date counts as delivered."""
        counts = self.counts.get(day)
        return counts.count(fingerprint) if counts else 0

    def absorb(self, object_id: bytes, shown: dict[date, Counter[bytes]], spans: dict[date, Span]) -> None:
        """Add what the object with this 16-byte UUID shows, by record date."""
        for day, counts in shown.items():
            self.counts.setdefault(day, FingerprintCounts()).raise_to(counts)
        self._widen(spans)
        self.absorbed.add(object_id)

    def merge(self, other: LegacyLedger) -> LegacyLedger:
        """Return what both ledgers have read together."""
        if other.absorbed <= self.absorbed:
            return self
        if self.absorbed <= other.absorbed:
            return other
        both = LegacyLedger(min(self.first, other.first), max(self.last, other.last), self.absorbed | other.absorbed)
        for ledger in (self, other):
            for day, counts in ledger.counts.items():
                both.counts.setdefault(day, FingerprintCounts()).raise_to(counts.counts())
            both._widen(ledger.spans)
        return both

    def _widen(self, spans: dict[date, Span]) -> None:
        for day, span in spans.items():
            self.spans[day] = widest(self.spans.get(day), span) or span


class LegacyObjects:
    """The guide's objects under the feed's prefix, for one run: none if the guide does not collect the report."""

    def __init__(self, bucket: Bucket, prefix: str, report: Report, deadline: Deadline) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._report = report
        self._deadline = deadline
        self._listed: set[date] = set()
        self._all: list[StoredVersion] | None = None
        self._unreadable: dict[date, UnreadableObjectError] = {}  # by the date of the write

    def absorb_from(self, day: date, ledger: LegacyLedger | None) -> None:
        """Add every unread object that can hold records of `day` or later: those written on the day before or later.

        Raises `UnreadableObjectError` if one of them cannot be read, other `StorageError`, `StorageUnavailableError`,
        and `OutOfTimeError` if the run has no time left; what was read stays in the ledger.
        """
        if not ledger:
            return
        earliest = max(ledger.first, day_before(day))
        for folder in reversed(list(date_range(earliest, ledger.last))):
            if folder in self._unreadable:
                raise self._unreadable[folder]
            if folder not in self._listed:
                self._deadline.check()
                try:
                    self._absorb_folder(folder, ledger)
                except UnreadableObjectError as error:
                    self._unreadable[folder] = error
                    raise
                self._listed.add(folder)

    def tally(self, day: date, ledger: LegacyLedger | None, key: Callable[[Record, datetime], Any]) -> Counter[Any]:
        """Return how many records of a date with a time count as delivered, by a key of record and time: the most that
        any one object shows. Raises as `absorb_from` does."""
        most: Counter[Any] = Counter()
        if ledger and day in ledger.counts:
            for folder in date_range(max(ledger.first, day_before(day)), ledger.last):
                for version in self._versions(folder):
                    if self._object_id(version) in ledger.absorbed:
                        records = ((record, self._report.time_of(record)) for record in self._records(version))
                        most |= Counter(key(record, time) for record, time in records if time and time.date() == day)
        return most

    def cursor(self) -> date | None:
        """Return the date at which the guide's function stopped, None if it left no readable state."""
        if not self._report.in_guide:
            return None
        try:
            body, _ = self._bucket.current(self._prefix + STATE_NAME, ANSWER_BYTES)
        except NotFoundError:
            return None
        return cursor_date(body)

    def _absorb_folder(self, folder: date, ledger: LegacyLedger) -> None:
        for version in self._versions(folder):
            object_id = self._object_id(version)
            if object_id not in ledger.absorbed:
                ledger.absorb(object_id, *self._shown_by(version, folder))

    def _object_id(self, version: StoredVersion) -> bytes:
        match = OBJECT_NAME.fullmatch(version.key.removeprefix(self._prefix))
        return bytes.fromhex(match[4].replace("-", "")) if match else b""

    def _versions(self, folder: date) -> list[StoredVersion]:
        """Return the guide's objects of one date. After a few dates the whole prefix is listed, once in a run."""
        stem = f"{self._prefix}{folder.isoformat().replace('-', '/')}/"
        if self._all is None and len(self._listed) >= MOST_FOLDERS:
            self._all = self._bucket.versions(self._prefix, self._is_guides)
        if self._all is not None:
            return [version for version in self._all if version.key.startswith(stem)]
        return self._bucket.versions(stem, self._is_guides)

    def _is_guides(self, key: str) -> bool:
        return write_date(key.removeprefix(self._prefix)) is not None

    def _shown_by(self, version: StoredVersion, folder: date) -> tuple[dict[date, Counter[bytes]], dict[date, Span]]:
        """Return how often each record is in the object, by record date, and the first and last time of each date."""
        spans: dict[date, Span] = {}

        def date_of(record: Record) -> date:
            time = self._report.time_of(record)
            day = record_date(time, folder)
            if time:
                spans[day] = widest(spans.get(day), (time, time)) or (time, time)
            return day

        try:
            counts = count_records(
                self._records(version), self._report.fingerprint, date_of, self._deadline.check, MOST_RECORDS
            )
        except ValueError as error:
            raise self._spoilt(version, error) from None
        return counts, spans

    def _records(self, version: StoredVersion) -> Iterator[Record]:
        """Yield the records of an object; raise `UnreadableObjectError` if they cannot be read."""
        self._deadline.check()
        try:
            yield from read_records(self._bucket.read(version), self._deadline.check)
        except ValueError as error:
            raise self._spoilt(version, error) from None
        except StorageError as error:
            raise out_of_reach(version, error) from None

    def _spoilt(self, version: StoredVersion, error: ValueError) -> UnreadableObjectError:
        return UnreadableObjectError(
            f"{self._bucket.url(version.key)} has the name of an object of the written guide's Lambda, but does not"
            f" hold its records ({error}): keep a copy elsewhere, and delete its version {version.version_id}"
            " permanently, as a role of bucket.break_glass_arns."
        )


def write_date(name: str) -> date | None:
    """Return the date on which the guide's function wrote the object of this name (without the prefix), None for any
    other object."""
    match = OBJECT_NAME.fullmatch(name)
    if match and int(match[1]) in YEARS:
        with suppress(ValueError):  # no such day in the calendar, so not an object of the guide's
            return date(int(match[1]), int(match[2]), int(match[3]))
    return None


def empty_ledger(written: Collection[date]) -> LegacyLedger | None:
    """Return an empty ledger that spans the dates on which the guide's function wrote, None if there are none."""
    # One more day: a last run of the guide's function may still be writing.
    return LegacyLedger(min(written), max(written) + ONE_DAY) if written else None


def record_date(time: datetime | None, write_date: date) -> date:
    """Return the UTC date of one of the guide's records; a record without a time is under `write_date`."""
    return time.date() if time else write_date


def cursor_date(body: bytes) -> date | None:
    """Return the `cursor_date` in the guide's state, None if the body is no such state."""
    if len(body) > ANSWER_BYTES:
        return None
    try:
        return date.fromisoformat(parse_json(body)["cursor_date"])
    except (KeyError, TypeError, ValueError):
        return None


def decode(body: bytes) -> list[Record]:
    """Return the records in the body of one of the guide's objects. Raises ValueError as `read_records` does."""
    return list(read_records(body))


def read_records(body: bytes, look: Callable[[], None] = lambda: None) -> Iterator[Record]:
    """Yield the records in the body of one of the guide's objects, with or without the letter n between them. Raises
    ValueError if there is anything else in it, or too much.

    A long record comes in many pieces: it is parsed again only when there is twice as much of it. `look` is called
    between two pieces, and may raise to stop.
    """
    pieces, enough, decoder = [""], 0, codecs.getincrementaldecoder("utf-8")()
    for number, piece in enumerate(gunzip_chunks(body, LEGACY_OBJECT_BYTES)):
        if number:
            look()
        pieces.append(decoder.decode(piece))
        if sum(map(len, pieces)) >= enough:
            rest = yield from _whole_records("".join(pieces), last=False)
            pieces, enough = [rest], min(2 * len(rest), PAGE_BYTES + 1)
    yield from _whole_records("".join([*pieces, decoder.decode(b"", final=True)]), last=True)


def _whole_records(text: str, *, last: bool) -> Generator[Record, None, str]:
    """Yield the whole records in a piece of the text; return the beginning of one that the next piece ends."""
    at = 0
    while True:
        separator = BETWEEN_RECORDS.match(text, at)
        at = separator.end() if separator else at
        if at == len(text):
            return ""
        if text[at] != "{":
            raise ValueError("not a JSON object")
        try:
            record, end = parse_json_at(text, at)
        except json.JSONDecodeError:
            if last or len(text) - at > PAGE_BYTES:
                raise
            return text[at:]
        if end - at > PAGE_BYTES:
            raise ValueError(f"a record of more than {PAGE_BYTES // MB} MB")
        at = end
        yield record
