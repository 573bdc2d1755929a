"""One object of records: its name, its bytes, its metadata; gzip NDJSON, which is never changed."""

from __future__ import annotations

import gzip
import re
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

from . import __version__
from .bounds import MB, OBJECT_BYTES, PAGE_BYTES, gunzip_chunks, parse_json_at
from .errors import OtherReportError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date

    from .pending_record import MissingLine, PendingRecord
    from .records import Record
    from .reports import Report

GZIP_LEVEL = 6
# Of any report; the groups are its name and the date.
OBJECT_NAME = re.compile(r"\d{4}/\d{2}/\d{2}/zoom-([a-z_]+)-(\d{8})-\d{6,}\.json\.gz", re.ASCII)
# Of any report and in any folder, also with the names of the written guide's function.
ANY_RECORDS = re.compile(r"(?:.*/)?\d{4}/\d{2}/\d{2}/zoom-([a-z_]+)-[0-9a-f]+(?:-[0-9a-f]+)+\.json\.gz", re.ASCII)
LAST_NUMBER = 10**12  # no collector reaches it, and much longer numbers make keys that S3 refuses
MOST_RECORDS = 1_000_000  # in one object: more than the collector writes
PUT_BYTES = OBJECT_BYTES // 4  # of unpacked lines in one object, unless a single line has more
PUT_RECORDS = MOST_RECORDS // 4


def is_record_key(name: str, report: Report) -> bool:
    """Return whether a key, relative to the feed's prefix, is that of an object of records of this report."""
    match = OBJECT_NAME.fullmatch(name)
    return bool(match and match[1] == report.name)


def report_of(key: str) -> str | None:
    """Return the name of the report of the object of records with this key, under any prefix."""
    match = ANY_RECORDS.fullmatch(key)
    return match[1] if match else None


def refuse_other_report(name: str, report: Report, url: Callable[[str], str]) -> None:
    """Raise `OtherReportError` if a name, relative to the feed's prefix, is that of an object of another report: one
    feed would read the records of both. `url` returns the address of a name."""
    if (other := report_of(name)) not in (None, report.name):
        raise OtherReportError(
            f"{url('')} holds records of Zoom's report {other}, such as {url(name)}, but REPORT is {report.name}: set"
            " S3_PREFIX to a prefix that only this report uses, or give that report another prefix and delete its"
            " objects here, with all versions, as a role of bucket.break_glass_arns."
        )


def object_stem(day: date, report: Report) -> str:
    """Return the common beginning of the names of a record date's objects, relative to the feed's prefix."""
    iso = day.isoformat()
    return f"{iso.replace('-', '/')}/zoom-{report.name}-{iso.replace('-', '')}-"


def object_name(day: date, seq: int, report: Report) -> str:
    """Return the name of a record date's object number `seq`, which counts from 1, relative to the feed's prefix."""
    return f"{object_stem(day, report)}{seq:06d}.json.gz"


def sequence_number(key: str) -> int:
    """Return the number in the key of an object of ours."""
    return int(key.rpartition("-")[2].removesuffix(".json.gz"))


def first_object(missing: list[MissingLine]) -> list[MissingLine]:
    """Return as many of the lines as fit into one object, so that every run can read it."""
    ends = accumulate(len(line) + 1 for _, line in missing[:PUT_RECORDS])
    return missing[: max(1, bisect_right(list(ends), PUT_BYTES))]


def encode(lines: Iterable[bytes]) -> bytes:
    """Return an object's body: gzip of one record a line. It has no modification time: equal lines give equal bytes."""
    return gzip.compress(b"".join(entry + b"\n" for entry in lines), GZIP_LEVEL, mtime=0)


def decode(body: bytes) -> list[Record]:
    """Return the records in an object's body. Raises ValueError as `read_records` does."""
    return list(read_records(body))


def read_records(body: bytes, look: Callable[[], None] = lambda: None) -> Iterator[Record]:
    r"""Yield the records in an object's body. Raises ValueError if it is not gzip NDJSON, or too large.

    Lines end at `\n` only: `splitlines` would also split at U+2028 and other characters that records may contain.
    `look` is called between two pieces, and may raise to stop.
    """
    rest: list[bytes] = []  # the pieces of a line that has no end yet, joined once
    for number, piece in enumerate(gunzip_chunks(body, OBJECT_BYTES)):
        if number:
            look()
        *lines, last = piece.split(b"\n")
        if lines:
            lines[0] = b"".join([*rest, lines[0]])
            rest = []
        rest.append(last)
        if max(sum(map(len, rest)), *map(len, lines), 0) > PAGE_BYTES:
            raise ValueError(f"a line of more than {PAGE_BYTES // MB} MB")
        for entry in lines:
            text = entry.decode()
            record, end = parse_json_at(text, 0)
            if not isinstance(record, dict) or end < len(text):
                raise ValueError("a line is not a JSON object")
            yield record
    if any(rest):
        raise ValueError("the last line has no end")


def describe(records: list[PendingRecord]) -> dict[str, str]:
    """Return an object's metadata: the number of records, their first and last time, the version of the collector."""
    times = [record.time for record in records if record.time]
    described = {"record-count": str(len(records)), "collector-version": __version__}
    if times:
        described |= {"first-time": min(times).isoformat(), "last-time": max(times).isoformat()}
    return described
