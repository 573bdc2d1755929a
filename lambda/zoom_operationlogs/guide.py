"""What the written guide's Lambda left behind: its objects count as delivered, and its state tells where it stopped.

It named objects by a random UUID and dated them by when it wrote; it wrote the whole day again at each run; and the
text that was published glued the records together with the letter n where a line end was meant.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from .dates import ONE_DAY
from .fingerprints import FingerprintCounts
from .records import event_time, fingerprint
from .s3 import NotFound, StorageError, list_versions, read_current, read_version, until_known

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

    from .deadline import Deadline
    from .records import Record
    from .s3 import StoredObject

GUIDE_OBJECT_NAME = re.compile(
    r"(\d{4})/(\d{2})/(\d{2})/zoom-operationlogs-([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.json\.gz"
)
STATE_NAME = "state.json"  # under the feed's prefix, which is why the feed took it for a log
_between_records = re.compile(r"[n\s]*")


@dataclass
class GuideLedger:
    """What was read of the guide's objects: kept in the checkpoint, so that each is read once.

    `first` and `last` are the dates on which it wrote, `absorbed` the 16-byte ids of the objects read, and `counts`
    holds per record date how often each record counts as delivered: the most that any one object shows.
    """

    first: date
    last: date
    absorbed: set[bytes] = field(default_factory=set)
    counts: dict[date, FingerprintCounts] = field(default_factory=dict)

    def with_what_is_in(self, other: GuideLedger) -> GuideLedger:
        """Return what both have read together."""
        if other.absorbed <= self.absorbed:
            return self
        if self.absorbed <= other.absorbed:
            return other
        both = GuideLedger(min(self.first, other.first), max(self.last, other.last), self.absorbed | other.absorbed)
        for ledger in (self, other):
            for day, counts in ledger.counts.items():
                both.counts.setdefault(day, FingerprintCounts()).raise_to(counts.counts())
        return both


class GuideObjects:
    """Reads the guide's objects, if there are any."""

    def __init__(
        self, s3: S3Client, bucket: str, prefix: str, deadline: Deadline, sleep: Callable[[float], None]
    ) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._prefix = prefix
        self._deadline = deadline
        self._sleep = sleep
        self._listed: set[date] = set()
        self.ledger: GuideLedger | None = None

    def absorb_from(self, day: date) -> None:
        """Read every object that can hold records of `day` or later: those written from the day before on.

        Raises `OutOfTime` between two objects when the run has no time left; what was read stays read.
        """
        if not self.ledger:
            return
        written = max(day, self.ledger.first + ONE_DAY) - ONE_DAY  # the first of all dates has none before it
        for ordinal in range(self.ledger.last.toordinal(), written.toordinal() - 1, -1):
            if (folder := date.fromordinal(ordinal)) not in self._listed:
                self._absorb_folder(folder, self.ledger)
                self._listed.add(folder)

    def count(self, day: date, fingerprint: bytes) -> int:
        """Return how often a record of the date is known to stand in the guide's objects."""
        counts = self.ledger.counts.get(day) if self.ledger else None
        return counts.count(fingerprint) if counts else 0

    def state(self) -> date | None:
        """Return the date at which the guide's Lambda stopped, None if it left no state."""
        key = self._prefix + STATE_NAME
        try:
            body, _ = until_known(lambda: read_current(self._s3, self._bucket, key), self._deadline, self._sleep)
            return cursor_date(json.loads(body))
        except (NotFound, ValueError):
            return None

    def _absorb_folder(self, folder: date, ledger: GuideLedger) -> None:
        stem = f"{self._prefix}{folder.isoformat().replace('-', '/')}/"
        for stored in until_known(lambda: list_versions(self._s3, self._bucket, stem), self._deadline, self._sleep):
            match = GUIDE_OBJECT_NAME.fullmatch(stored.key.removeprefix(self._prefix))
            if match and (name := bytes.fromhex(match[4].replace("-", ""))) not in ledger.absorbed:
                self._deadline.clip(1)
                for day, counts in counts_by_date(self._records(stored), folder).items():
                    ledger.counts.setdefault(day, FingerprintCounts()).raise_to(counts)
                ledger.absorbed.add(name)

    def _records(self, stored: StoredObject) -> list[Record]:
        body = until_known(lambda: read_version(self._s3, self._bucket, stored), self._deadline, self._sleep)
        try:
            return decode(body)
        except ValueError as error:
            raise StorageError(
                f"s3://{self._bucket}/{stored.key} has the name of an object of the written guide's Lambda, but does"
                f" not hold its records ({error}): keep a copy elsewhere, and delete its version {stored.version_id}"
                " for good."
            ) from None


def counts_by_date(records: list[Record], written: date) -> dict[date, Counter[bytes]]:
    """Return how often each record stands in one object, per record date; without a time, the write date's."""
    counts: defaultdict[date, Counter[bytes]] = defaultdict(Counter)
    for record in records:
        time = event_time(record)
        counts[time.date() if time else written][fingerprint(record)] += 1
    return counts


def cursor_date(state: Any) -> date | None:
    """Return the `cursor_date` of the guide's state, None if this is not one."""
    try:
        return date.fromisoformat(state["cursor_date"])
    except (KeyError, TypeError, ValueError):
        return None


def decode(body: bytes) -> list[Record]:
    """Return the records of one of the guide's objects, glued by the letter n or not; raise ValueError otherwise."""
    try:
        text = gzip.decompress(body).decode()
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"not gzip: {error}") from None
    decoder, records, at = json.JSONDecoder(), [], 0
    while at < len(text):
        record, at = decoder.raw_decode(text, at)
        if not isinstance(record, dict):
            raise ValueError("not a JSON object")
        records.append(record)
        separator = _between_records.match(text, at)
        at = separator.end() if separator else at
    return records
