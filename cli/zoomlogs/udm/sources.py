"""Reads records from a source, gzip or not, a line at a time."""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from dataclasses import dataclass
from itertools import chain, islice
from typing import IO, TYPE_CHECKING, Any, cast

from zoom_operationlogs.records import BETWEEN_RECORDS
from zoom_operationlogs.reports import REPORTS

from ..mapping.rows import ROWS, SIGN_IN_ROWS, TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
Record = dict[str, Any]

# The longest line that a SecOps feed takes; it also bounds the memory used here.
# Source: Google SecOps, feed management, file limits.
MAX_LINE_BYTES = 4_000_000
# A page of Zoom's API, or a list of records, that a program has laid out over many lines; as large as the collector's.
MAX_DOCUMENT_BYTES = 16 * 2**20
BUFFER_BYTES = 1 << 17

_GZIP_MAGIC = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_HEADER = re.compile(rb"""["']?[A-Za-z][\w /()-]*["']?[,;\t]""")  # of a table's first line
_OPENINGS = (b"{", b"[", b"[{")  # the first line of JSON over many lines
_MAPPED = {row.raw for row in (*ROWS, *SIGN_IN_ROWS) if row.source == "record"}
_FIELDS = sorted({name for report in REPORTS.values() for name in report.fields} & _MAPPED)
_NOT_MAPPED = [report for report in REPORTS.values() if not {*report.fields} - {report.time} <= _MAPPED]
_LISTS = tuple(report.rows for report in REPORTS.values() if report not in _NOT_MAPPED)  # of a page
# Numbers come as they are spelt: no limit of digits, no loss of precision.
_decode = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str).raw_decode


class NoRecordsError(Exception):
    """A source holds something else than records, from its first line on; the message says what."""


class SourceError(Exception):
    """There is nothing behind a name; the message is one sentence for the operator."""


@dataclass(frozen=True)
class Source:
    """One stream of lines: what to call it, and how to open it, which may raise OSError."""

    name: str
    open: Callable[[], AbstractContextManager[IO[bytes]]]


@dataclass
class Reading:
    """Counts lines and records read, lines without a record, and records glued on one line."""

    on_bad_line: Callable[[str, int, str], None]
    source: str = ""
    lines: int = 0
    records: int = 0
    bad_lines: int = 0
    glued: int = 0

    def bad(self, number: int, reason: str) -> None:
        """Count a line without a record, and report it."""
        self.bad_lines += 1
        self.on_bad_line(self.source, number, reason)


def at_least_one(sources: Iterator[Source], otherwise: str) -> Iterator[Source]:
    """Return the sources; raise `SourceError` with the sentence if there are none."""
    first = next(sources, None)
    if first is None:
        raise SourceError(otherwise)
    return chain([first], sources)


def unreadable(name: str, error: OSError) -> Source:
    """Return a source that fails when it is opened."""

    def fail() -> AbstractContextManager[IO[bytes]]:
        raise error

    return Source(name, fail)


def records(source: Source, reading: Reading) -> Iterator[Record]:
    """Yield the records of a source; report a line without any, and go on after it.

    Memory is bounded whatever the size of the source. One that breaks off in its middle counts as one bad line.
    """
    number = 0
    reading.source = source.name
    try:
        with source.open() as raw:
            for number, line, limit in _laid_out(_lines(_unpacked(raw))):
                reading.lines += 1
                try:
                    for record in _of_line(line, limit, reading):
                        reading.records += 1
                        yield record
                except (ValueError, RecursionError) as error:
                    reading.bad(number, _reason(error))
    except NoRecordsError as error:
        reading.bad(1, str(error))
    except (OSError, EOFError, zlib.error) as error:
        reading.bad(number + 1, f"cannot be read on: {getattr(error, 'strerror', None) or error}")


def _of_line(line: bytes, limit: int, reading: Reading) -> Iterator[Record]:
    """Yield the records of a line: one, those of an array, or several glued together.

    Raises ValueError if the line has no record, or no more of them.
    """
    if len(line) > limit and len(line.removesuffix(b"\n").removesuffix(b"\r")) > limit:
        raise ValueError("longer than 4 MB, which a SecOps feed refuses")
    text = line.decode().strip()
    if not text:
        return
    value, end = _decode(text)
    if end < len(text):
        yield from _glued(text, value, end, reading)
    else:
        yield from _records_in(value)


def _laid_out(lines: Iterator[bytes]) -> Iterator[tuple[int, bytes, int]]:
    """Yield the lines, each with its number and the most bytes that it may have; one JSON value that is laid out over
    all of them, as a single line.

    Raises `NoRecordsError` for a file that cannot hold records.
    """
    begun = list(islice(lines, 1))
    if not begun:
        return
    if begun[0].startswith(_UTF_16):
        raise NoRecordsError("UTF-16: convert it to UTF-8")
    if _HEADER.match(begun[0].removeprefix(_BYTE_ORDER_MARK)):
        raise NoRecordsError("a table (CSV), not JSON: give the records as Zoom's API or the archive has them")
    begun[0] = begun[0].removeprefix(_BYTE_ORDER_MARK)
    if begun[0].strip() in _OPENINGS:
        size = len(begun[0])
        while size <= MAX_DOCUMENT_BYTES and (more := next(lines, None)) is not None:
            begun.append(more)
            size += len(more)
        if size <= MAX_DOCUMENT_BYTES and _is_json(whole := b"".join(begun)):
            yield 1, whole, MAX_DOCUMENT_BYTES
            return
    for number, line in enumerate(chain(begun, lines), 1):
        yield number, line, MAX_LINE_BYTES


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text, parse_int=str)
    except (ValueError, RecursionError):
        return False
    return True


def _records_in(value: Any) -> list[Record]:
    """Return the records that a JSON value holds: one, those of an array, or those of a page of one of Zoom's reports.

    Raises ValueError for a value that is something else, in part or as a whole.
    """
    if isinstance(value, list):
        return [record for element in value for record in _records_in(_object(element))]
    if name := next((name for name in _LISTS if name in _object(value)), None):
        if not isinstance(value[name], list):
            raise ValueError(f"not a page of Zoom's report: {name} is no array")
        return [_object(row) for row in value[name]]
    for report in _NOT_MAPPED:
        if {report.rows, *report.fields} & value.keys() and not _MAPPED - {TIME.raw} & value.keys():
            raise ValueError(f"a record of Zoom's {report.records}, for which Google has published no mapping")
    if not any(name in value for name in _FIELDS):
        raise ValueError(f"not a record: it has none of {', '.join(_FIELDS)}")
    return [value]


def _object(value: Any) -> Record:
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def _glued(text: str, value: Any, end: int, reading: Reading) -> Iterator[Record]:
    """Yield the records of a line that holds several, as the written guide's Lambda wrote them."""
    at = _next_record(text, end)
    if isinstance(value, dict) and at is not None:
        yield from _records_in(value)
        reading.glued += 1
        while at is not None and at < len(text):
            value, end = _decode(text, at)
            at = _next_record(text, end)
            yield from _records_in(value)
            reading.glued += 1
    if at is None:
        raise ValueError(f"not JSON: more text at character {end + 1}")


def _next_record(text: str, end: int) -> int | None:
    """Return where the next record of a line begins, or the line's end; None if something else follows."""
    separator = BETWEEN_RECORDS.match(text, end)
    at = separator.end() if separator else end
    return at if at == len(text) or text[at] == "{" else None


def _reason(error: Exception) -> str:
    """Say why a line has no record, without a word of its content."""
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 at byte {error.start + 1}"
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg[:1].lower()}{error.msg[1:]} at character {error.pos + 1} of {len(error.doc)}"
    return "JSON nested too deep" if isinstance(error, RecursionError) else str(error)


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    r"""Yield lines, which end at \n only; of one longer than the limit just its beginning, to be refused."""
    limit = MAX_LINE_BYTES + len(b"\r\n")
    readline = stream.readline
    while line := readline(limit):
        yield line
        while len(line) == limit and not line.endswith(b"\n"):
            line = readline(limit)


def _unpacked(raw: IO[bytes]) -> IO[bytes]:
    """Return the stream's content, decompressed if it is gzip, whatever its name says."""
    buffered = raw if isinstance(raw, io.BufferedReader) else io.BufferedReader(cast("io.RawIOBase", raw), BUFFER_BYTES)
    if buffered.peek(2)[:2] != _GZIP_MAGIC:
        return buffered
    return io.BufferedReader(_Gunzipped(buffered), BUFFER_BYTES)


class _Gunzipped(io.RawIOBase):
    """Unpacks gzip up to the very byte where it breaks off: GzipFile by itself drops the part of the last read."""

    def __init__(self, packed: io.BufferedReader) -> None:
        self._file = gzip.GzipFile(fileobj=packed)

    def readable(self) -> bool:
        """Return true."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Unpack one piece."""
        piece = self._file.read1(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)
