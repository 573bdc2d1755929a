"""A record as Zoom sends it, and its line in the archive; `reports` says what its time and its identity are."""

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
    from collections.abc import Iterable, Sequence

Record = dict[str, Any]

FINGERPRINT_BYTES = 16
MOST_PAIRS = 300 * 300  # of the rows of a page; beyond it, only the number of rows counts

# The function of the written guide wrote the letter n instead of a line end.
BETWEEN_RECORDS = re.compile(r"[n\s]*")

# json.dumps with options would create an encoder at each call.
_unsorted = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_canonical = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"), sort_keys=True).encode
_lone_surrogate = re.compile("[\ud800-\udfff]")


def fingerprint(fields: Record) -> bytes:
    """Return the 128-bit BLAKE2b hash of the fields as canonical JSON."""
    try:
        # Nearly every record is flat and all strings; a JSON encoder would take most of the time.
        text = "{" + ",".join([f"{quote_ascii(name)}:{quote_ascii(fields[name])}" for name in sorted(fields)]) + "}"
    except TypeError:
        text = _canonical(fields)
    return blake2b(text.encode(), digest_size=FINGERPRINT_BYTES).digest()


def line(record: Record) -> bytes:
    r"""Return the record as one line of NDJSON, without its line end.

    The line has every field in its order, and non-ASCII characters unescaped, except lone surrogates, which UTF-8
    cannot encode. JSON escapes control characters, so the line contains no `\n`.
    """
    try:
        text = "{" + ",".join([f"{quote(name)}:{quote(value)}" for name, value in record.items()]) + "}"
    except TypeError:
        text = _unsorted(record)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _lone_surrogate.sub(lambda match: f"\\u{ord(match[0]):04x}", text).encode()


def encodable(text: str) -> bool:
    """Return whether the text has no lone surrogate, which UTF-8 cannot encode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def utc(value: Any) -> datetime | None:
    """Return the time in a field in UTC, None if it has no valid one. A time without an offset is UTC."""
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

    def archive_date(self, sweep_date: date | None) -> date | None:
        """Return the UTC date under which the record is archived: that of its time, else the date of the sweep."""
        return self.time.date() if self.time else sweep_date


def occurrences(rows: Iterable[Row]) -> Counter[bytes]:
    """Return how often the rows of one page show each record, by fingerprint.

    A record exists as often as the page with the most of it shows it: rows on several pages may be one record, because
    new rows push others down to the next page, where they are read again.
    """
    return Counter(row.fingerprint for row in rows)


def not_archived(rows: Sequence[Record], archived: Sequence[Record]) -> list[Record]:
    """Return the rows of one identity that match none of the archived records of that identity.

    A row matches an archived record if it has all its fields with the same values; Zoom may have added fields later.
    Each matches at most one, and as many are paired as possible (Kuhn's algorithm).
    """
    if len(rows) * len(archived) > MOST_PAIRS:
        return list(rows[len(archived) :])
    candidates = [[at for at, known in enumerate(archived) if _contains(row, known)] for row in rows]
    taken: dict[int, int] = {}  # archived record: row

    def pair(row: int, tried: set[int]) -> bool:
        for at in candidates[row]:
            if at not in tried:
                tried.add(at)
                if at not in taken or pair(taken[at], tried):
                    taken[at] = row
                    return True
        return False

    return [record for row, record in enumerate(rows) if not pair(row, set())]


def same(one: Any, other: Any) -> bool:
    """Return whether two values are the same as JSON: to Python, 1 and true are equal."""
    return bool(one == other) and (isinstance(one, str) or _canonical(one) == _canonical(other))


def _contains(row: Record, known: Record) -> bool:
    return all(name in row and same(row[name], value) for name, value in known.items())
