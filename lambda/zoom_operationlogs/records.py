"""A record as Zoom sends it: its line in the archive, its time, its identity."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, date, datetime
from hashlib import blake2b
from json.encoder import encode_basestring as quote
from json.encoder import encode_basestring_ascii as quote_ascii
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

Record = dict[str, Any]

FINGERPRINT_BYTES = 16

# json.dumps with options would create an encoder at each call.
_as_it_came = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_canonical = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"), sort_keys=True).encode
_lone_surrogate = re.compile("[\ud800-\udfff]")


def fingerprint(record: Record) -> bytes:
    """Return the record's identity: the 128-bit BLAKE2b hash of its canonical JSON."""
    try:
        # Nearly all records hold only strings, and for those the encoder is slow.
        text = "{" + ",".join([f"{quote_ascii(name)}:{quote_ascii(record[name])}" for name in sorted(record)]) + "}"
    except TypeError:
        text = _canonical(record)
    return blake2b(text.encode(), digest_size=FINGERPRINT_BYTES).digest()


def line(record: Record) -> bytes:
    r"""Return the record as one line of NDJSON, without its line end.

    The line holds every field in its order, and non-ASCII characters unescaped, except lone surrogates, which UTF-8
    cannot encode. JSON escapes control characters, so the line holds no `\n`.
    """
    try:
        text = "{" + ",".join([f"{quote(name)}:{quote(value)}" for name, value in record.items()]) + "}"
    except TypeError:
        text = _as_it_came(record)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _lone_surrogate.sub(lambda match: f"\\u{ord(match[0]):04x}", text).encode()


def event_time(record: Record) -> datetime | None:
    """Return the record's `time` in UTC, None if it has no valid one: all fields are optional (Zoom, Get operation logs
    report). A time without an offset is UTC."""
    value = record.get("time")
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


class Row(NamedTuple):
    """A record of a page, with its identity and its time in UTC."""

    fingerprint: bytes
    time: datetime | None
    record: Record

    @classmethod
    def of(cls, record: Record) -> Row:
        """Return the record as a row."""
        return cls(fingerprint(record), event_time(record), record)

    def archive_date(self, sweep_date: date | None) -> date | None:
        """Return the UTC date whose objects hold this record: that of its time, else the date of the sweep."""
        return self.time.date() if self.time else sweep_date


def occurrences(rows: Iterable[Row]) -> Counter[bytes]:
    """Return how often the rows of one page show each record, by fingerprint.

    A record exists as often as the page that shows it most: rows on several pages may be the same record, because new
    rows push others down to the next page, where they are read again.
    """
    return Counter(row.fingerprint for row in rows)
