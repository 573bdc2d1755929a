"""Bounds for all input from outside: how many bytes, how deep, how long.

A peer that sends too much, too deep or too slowly must cost a bounded amount of memory and time. Input beyond a bound
raises ValueError or `TimeLimitError`, never RecursionError or MemoryError, and never makes Lambda end the run.
"""

from __future__ import annotations

import json
import math
import signal
import threading
import time
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from .errors import TimeLimitError

if TYPE_CHECKING:
    from collections.abc import Iterator

MB = 2**20
PAGE_BYTES = 16 * MB
ANSWER_BYTES = 64 * 2**10  # of a sign-in, or a secret
OBJECT_BYTES = 64 * MB
LEGACY_OBJECT_BYTES = 512 * MB
SLICE_BYTES = 64 * 2**10
GZIP_MEMBERS = 1000  # of one file: even an empty one costs time
CHECKPOINT_HEADER_BYTES = 8 * MB
CHECKPOINT_BYTES = 512 * MB
DEPTH = 64
MOST_CONTAINERS = 200_000  # arrays and objects of a JSON text, each of which costs memory however small it is


def parse_json(text: bytes | str) -> Any:
    """Return the value of a JSON text; raise ValueError unless it is JSON, finite, at most `DEPTH` deep, and of at most
    `MOST_CONTAINERS` arrays and objects.

    Python's parser accepts NaN and Infinity, which are not JSON, and reads 1e999 as infinity.
    """
    if containers(text) > MOST_CONTAINERS:
        raise ValueError("too many arrays and objects")
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return _not_too_deep(value)


def parse_json_at(text: str, start: int) -> tuple[Any, int]:
    """Return the JSON value that begins at `start`, and where it ends; raise ValueError as `parse_json` does."""
    try:
        value, end = _DECODER.raw_decode(text, start)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return _not_too_deep(value), end


def containers(text: bytes | str) -> int:
    """Return how many arrays and objects a JSON text has at most (brackets in strings count too), 0 if it is too short
    to have too many."""
    if len(text) <= MOST_CONTAINERS:
        return 0
    return text.count("{") + text.count("[") if isinstance(text, str) else text.count(b"{") + text.count(b"[")


def depth_exceeds(value: Any, limit: int) -> bool:
    """Return whether arrays and objects are nested more than `limit` deep."""
    level = [value]
    for _ in range(limit):
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def gunzip(body: bytes, limit: int) -> bytes:
    """Return the unpacked bytes of a gzip file of one or more members; raise ValueError for anything else, or for more
    than `limit` bytes."""
    return b"".join(gunzip_chunks(body, limit))


def gunzip_chunks(body: bytes, limit: int, chunk: int = MB) -> Iterator[bytes]:
    """Yield the unpacked bytes in pieces of at most `chunk` bytes; raise ValueError as `gunzip` does."""
    yield from _unpack(body, limit, chunk, "gzip", 31)


def inflate(body: bytes, limit: int) -> bytes:
    """Return the unpacked bytes of HTTP's `deflate`, which some servers send without zlib's header; raises as `gunzip`
    does."""
    has_header = len(body) > 1 and body[0] & 15 == 8 and int.from_bytes(body[:2]) % 31 == 0  # RFC 1950, 2.2
    return b"".join(_unpack(body, limit, MB, "deflate", 15 if has_header else -15))


def size(limit: int) -> str:
    """Return a limit in words, such as 16 MB."""
    return f"{limit // MB} MB" if limit >= MB else f"{limit // 2**10} KB"


def _unpack(body: bytes, limit: int, chunk: int, form: str, wbits: int) -> Iterator[bytes]:
    if not body:
        raise ValueError(f"not {form}: empty")
    unpacked, members, unpacker = 0, 1, zlib.decompressobj(wbits)
    # In slices, because `unconsumed_tail` and `unused_data` are copies of the rest.
    for start in range(0, len(body), SLICE_BYTES):
        rest, more = body[start : start + SLICE_BYTES], False
        while rest or more:
            if unpacker.eof:
                rest = rest.lstrip(b"\0")  # gzip allows zeros after a member
                if not rest:
                    break
                members, unpacker = members + 1, zlib.decompressobj(wbits)
                if members > GZIP_MEMBERS:
                    raise ValueError(f"more than {GZIP_MEMBERS} {form} members")
            try:
                piece = unpacker.decompress(rest, chunk)
            except zlib.error as error:
                raise ValueError(f"not {form}: {error}") from None
            rest, more = unpacker.unused_data or unpacker.unconsumed_tail, bool(piece)
            unpacked += len(piece)
            if unpacked > limit:
                raise ValueError(f"more than {size(limit)} unpacked")
            yield piece
    if not unpacker.eof:
        raise ValueError(f"not {form}: cut off")


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TimeLimitError` in the block after so many seconds, also in the middle of a handshake or a header.

    A socket's timeout is for each read, so a peer that sends a byte now and then outlasts it. Python delivers signals
    to the main thread only, in which Lambda calls the handler. In any other thread, and on Windows, there is no limit.
    The signal repeats, because code in the block may catch the first error. A limit within a limit ends no later than
    the outer one.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGALRM"):
        yield
        return
    began = time.monotonic()
    handler = signal.signal(signal.SIGALRM, _time_is_up)
    outer, interval = signal.getitimer(signal.ITIMER_REAL)
    signal.setitimer(signal.ITIMER_REAL, max(min(seconds, outer or seconds), 1e-3), 0.25)
    try:
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:  # also if a signal came just before the line above
        left = max(outer - (time.monotonic() - began), 1e-3) if outer else 0.0
        signal.setitimer(signal.ITIMER_REAL, left, interval)
        signal.signal(signal.SIGALRM, handler)


def _not_too_deep(value: Any) -> Any:
    if depth_exceeds(value, DEPTH):
        raise ValueError("nested too deeply")
    return value


def _time_is_up(_signal: int, _frame: Any) -> NoReturn:
    raise TimeLimitError("the answer took too long")


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(number: str) -> float:
    value = float(number)
    if math.isinf(value):
        raise ValueError("a number is out of range")
    return value


_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)
