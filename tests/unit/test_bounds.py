"""Input from outside costs a bounded amount of memory and time."""

from __future__ import annotations

import gzip
import json
import signal
import threading
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zoom_operationlogs.bounds import (
    GZIP_MEMBERS,
    MB,
    SLICE_BYTES,
    depth_exceeds,
    gunzip,
    gunzip_chunks,
    parse_json,
    parse_json_at,
    time_limit,
)
from zoom_operationlogs.errors import TimeLimitError


@pytest.mark.parametrize(
    "text", ["NaN", "[Infinity]", '{"a": 1e999}', "[" * 65 + "]" * 65, "[" * 10**6, "1" * 5000, "", "{", b"\xff"]
)
def test_invalid_or_infinite_json_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - UnicodeDecodeError and JSONDecodeError are ValueErrors
        parse_json(text)


@pytest.mark.parametrize("text", ["NaN", '{"a": 1e999}', "[" * 65 + "]" * 65, "[" * 10**6, "", "{", " 1"])
def test_a_json_value_within_a_text_has_the_same_limits(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        parse_json_at("n" + text, 1)
    assert parse_json_at('n{"a": 1}n{}', 1) == ({"a": 1}, 9)


def test_depth() -> None:
    assert parse_json("[" * 64 + "]" * 64)
    assert parse_json('{"a": [1, {"b": null}]}') == {"a": [1, {"b": None}]}
    assert depth_exceeds([[[]]], 2)
    assert not depth_exceeds([[[]]], 3)


def test_gunzip_respects_its_limit() -> None:
    assert gunzip(gzip.compress(b"a") + gzip.compress(b"b"), 10) == b"ab"
    assert gunzip(gzip.compress(b""), 10) == b""
    assert gunzip(gzip.compress(b"x" * MB), MB) == b"x" * MB
    bomb = gzip.compress(bytes(64 * MB))
    with pytest.raises(ValueError, match="more than 1 MB"):
        gunzip(bomb, MB)


@given(st.lists(st.binary(max_size=3 * SLICE_BYTES), min_size=1, max_size=4), st.sampled_from([b"", b"\0" * 70000]))
def test_gzip_of_several_members_in_any_pieces(members: list[bytes], zeros: bytes) -> None:
    body = zeros.join(map(gzip.compress, members)) + zeros
    for chunk in (1000, MB):
        pieces = list(gunzip_chunks(body, MB, chunk))
        assert b"".join(pieces) == b"".join(members)
        assert max(map(len, pieces)) <= chunk


def test_gzip_members_are_limited() -> None:
    member = gzip.compress(b"")
    assert gunzip(member * GZIP_MEMBERS, MB) == b""
    with pytest.raises(ValueError, match="members"):
        gunzip(member * (GZIP_MEMBERS + 1), MB)


@pytest.mark.parametrize(
    "body",
    [b"", b"plain", gzip.compress(b"text")[:-9], gzip.compress(b"a") + b"more"],
    ids=["empty", "plain", "cut off", "more after it"],  # gzip includes the time, which may differ between two workers
)
def test_invalid_gzip_is_a_value_error(body: bytes) -> None:
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


def test_a_time_limit_that_is_caught_is_raised_again() -> None:
    def stubborn() -> None:
        for _ in range(2):
            with suppress(TimeLimitError):
                threading.Event().wait(60)
        threading.Event().wait(60)

    with pytest.raises(TimeLimitError), time_limit(0.01):
        stubborn()


def test_a_nested_limit_does_not_extend_the_outer_one() -> None:
    with pytest.raises(TimeLimitError), time_limit(0.01), time_limit(60):
        threading.Event().wait(60)


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
