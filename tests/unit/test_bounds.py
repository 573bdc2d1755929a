"""Input from outside costs a bounded amount of memory and time."""

from __future__ import annotations

import gzip
import json
import signal
import threading
import time

import pytest
from zoom_operationlogs.bounds import MB, depth_exceeds, gunzip, parse_json, time_limit
from zoom_operationlogs.errors import TimeLimitError


@pytest.mark.parametrize(
    "text", ["NaN", "[Infinity]", '{"a": 1e999}', "[" * 65 + "]" * 65, "[" * 10**6, "1" * 5000, "", "{", b"\xff"]
)
def test_what_is_no_finite_json_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - UnicodeDecodeError and JSONDecodeError are ValueErrors
        parse_json(text)


def test_depth() -> None:
    assert parse_json("[" * 64 + "]" * 64)
    assert parse_json('{"a": [1, {"b": null}]}') == {"a": [1, {"b": None}]}
    assert depth_exceeds([[[]]], 2)
    assert not depth_exceeds([[[]]], 3)


def test_gunzip_unpacks_no_more_than_it_may() -> None:
    assert gunzip(gzip.compress(b"a") + gzip.compress(b"b"), 10) == b"ab"
    assert gunzip(gzip.compress(b""), 10) == b""
    assert gunzip(gzip.compress(b"x" * MB), MB) == b"x" * MB
    bomb = gzip.compress(bytes(64 * MB))
    with pytest.raises(ValueError, match="more than 1 MB"):
        gunzip(bomb, MB)


@pytest.mark.parametrize(
    "body", [b"", b"plain", gzip.compress(b"text", mtime=0)[:-9], gzip.compress(b"a", mtime=0) + b"more"]
)
def test_what_is_no_gzip_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match="not gzip"):
        gunzip(body, MB)


def test_a_time_limit_ends_a_block_and_leaves_an_outer_alarm_as_it_was() -> None:
    before = signal.getsignal(signal.SIGALRM)
    outer = signal.setitimer(signal.ITIMER_REAL, 100)
    try:
        with pytest.raises(TimeLimitError), time_limit(0.01):
            threading.Event().wait(60)
        with time_limit(60):
            json.dumps(1)
        assert 90 < signal.getitimer(signal.ITIMER_REAL)[0] <= 100
        assert signal.getsignal(signal.SIGALRM) is before
    finally:
        signal.setitimer(signal.ITIMER_REAL, *outer)


def test_in_another_thread_there_is_no_limit() -> None:
    ended = []

    def work() -> None:
        with time_limit(0.01):
            time.sleep(0.05)
        ended.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ended
