"""Where records are read from, and what becomes of lines that hold none."""

from __future__ import annotations

import gzip
import io
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ResponseStreamingError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws
from zoomlogs.udm import inputs
from zoomlogs.udm import s3 as s3_sources
from zoomlogs.udm.inputs import find
from zoomlogs.udm.sources import MAX_LINE_BYTES, Reading, Source, SourceError, records

BUCKET = "zoom-operation-logs"
PREFIX = "zoom/operationlogs/"


class Read:
    """What was read of sources: the records, and the lines that held none."""

    def __init__(self, found: Iterator[Source] | list[Source]) -> None:
        self.bad: list[tuple[str, int, str]] = []
        self.reading = Reading(on_bad_line=lambda *bad: self.bad.append(bad))
        self.records = [record for source in found for record in records(source, self.reading)]

    @property
    def operators(self) -> list[str]:
        return [record["operator"] for record in self.records]

    @property
    def bad_numbers(self) -> list[int]:
        assert len(self.bad) == self.reading.bad_lines
        return [number for _, number, _ in self.bad]


def read(content: bytes) -> Read:
    return Read([Source("x", lambda: io.BufferedReader(io.BytesIO(content)))])  # type: ignore[arg-type]


def line(operator: str) -> bytes:
    return json.dumps({"operator": operator}).encode() + b"\n"


def read_paths(*paths: Path | str) -> Read:
    return Read(find([str(path) for path in paths]))


@pytest.mark.parametrize(
    ("content", "operators", "bad_numbers"),
    [
        (b"", "", []),
        (line("a") + line("b"), "ab", []),
        (line("a") + line("b").rstrip(b"\n"), "ab", []),
        (b"\n" + line("a") + b"  \r\n" + line("b"), "ab", []),
        (line("a").replace(b"\n", b"\r\n"), "a", []),
        (b"\xef\xbb\xbf" + line("a"), "a", []),
        (gzip.compress(line("a"), mtime=0) + gzip.compress(line("b"), mtime=0), "ab", []),
        # Lines end at \n only: these stand within strings, and are spaces of JSON outside.
        ('{"operator": "a\u2028b\u0085c"}\n'.encode(), ["a\u2028b\u0085c"], []),
        (b'{"operator":\r"a"}\n' + line("b"), "ab", []),
        # Lines without a record; the rest goes on.
        (line("a") + b"oops\n" + line("b"), "ab", [2]),
        (b'{"operator": "a"\n' + line("b"), "b", [1]),
        (b'{"operator": "a"} x\n' + line("b"), "b", [1]),
        (b"\xff\xf0\n" + line("b"), "b", [1]),
        (b"\xff\xfe\n" + line("b"), "", [1]),
        (b"Time,Admin\n" + line("b"), "", [1]),
        (line("a") + b"Time,Admin\n" + line("b"), "ab", [2]),
        (b"{\n" + line("b"), "b", [1]),
        (b'[\n{"operator": "a"},\n{"operator": "b"}\n]\n', "ab", []),
        (b"[\n" + line("b") * 2, "bb", [1]),
        (b'5\n"x"\nnull\n[1]\n[{"operator": "a"}, 1]\n' + line("b"), "b", [1, 2, 3, 4, 5]),
        (b"[" * 200_000 + b"\n" + line("b"), "b", [1]),
        (b'{"operator": "' + b"\x00" + b'"}\n' + line("b"), "b", [1]),
        (b'{"operator": "' + b"x" * MAX_LINE_BYTES + b'"}\n' + line("b"), "b", [1]),
        (b"x" * (3 * MAX_LINE_BYTES + 1) + b"\n" + line("b"), "b", [1]),
        (line("a") + b"x" * (MAX_LINE_BYTES + 1), "a", [2]),
        (line("a") + b" " * MAX_LINE_BYTES + b"\n" + line("b"), "ab", []),
        (line("a") + b" " * MAX_LINE_BYTES + b"\r\n" + line("b"), "ab", []),
        (line("a") + b" " * (MAX_LINE_BYTES + 1) + b"\n" + line("b"), "ab", [2]),
        (gzip.compress(line("a") * 50_000, mtime=0)[:-9], None, [50_001]),
        (gzip.compress(line("a"), mtime=0) + b"x", "a", [2]),
        # Several records on a line.
        (b'[{"operator": "a"}, {"operator": "b"}]\n' + line("c"), "abc", []),
        (b"[]\n", "", []),
        (b'{"operator": "a"}n{"operator": "b"}n', "ab", []),
        (b'{"operator": "a"}n \n{"operator": "b"} n {"operator": "c"}{"operator": "d"}\n', "abcd", []),
        (b'{"operator": "a"}n{"operator": "b"}n{"opera\n' + line("c"), "abc", [1]),
        (b'{"operator": "a"}n{"operator": "b"} oops\n' + line("c"), "abc", [1]),
        (b'{"operator": "a"}noops\n' + line("c"), "c", [1]),
        (b'{"operator": "a"}n5\n' + line("c"), "c", [1]),
    ],
    ids=lambda value: repr(value)[:50] if isinstance(value, bytes) else "",
)
def test_lines(content: bytes, operators: str | list[str] | None, bad_numbers: list[int]) -> None:
    found = read(content)
    assert found.operators == list(operators if operators is not None else "a" * 50_000)
    assert found.bad_numbers == bad_numbers


def test_reasons_name_the_place_and_not_the_content() -> None:
    found = read(b'{"secret": oops}\nsecret\n{"a": 1} secret\n\xff\n5\n' + b"[" * 200_000)
    assert [reason for *_, reason in found.bad] == [
        "not JSON: expecting value at character 12 of 16",
        "not JSON: expecting value at character 1 of 6",
        "not JSON: more text at character 9",
        "not UTF-8 at byte 1",
        "not a JSON object",
        "JSON nested too deep",
    ]


def test_a_document_over_many_lines_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoomlogs.udm.sources.MAX_DOCUMENT_BYTES", 100)
    content = b"[\n" + b"\n".join(line("a").rstrip() for _ in range(50)) + b"\n]\n"
    found = read(content)
    assert (found.operators, found.bad_numbers) == (["a"] * 50, [1, 52])


def test_glued_records_are_counted() -> None:
    assert read(b'{"action": 1}n{"action": 2}n\n{"action": 3}\n').reading.glued == 2
    assert read(b'{"action": 1}\n{"action": 2}\n').reading.glued == 0


def test_numbers_of_any_length_are_kept_as_they_are_spelt() -> None:
    digits = "9" * 10_000
    assert read(f'{{"operator": {digits}, "x": 1.50}}'.encode()).records == [{"operator": digits, "x": "1.50"}]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.one_of(
            st.just(b'{"operator": "a"}'),
            st.just(b""),
            st.binary(max_size=12).map(lambda text: text.replace(b"\n", b"") + b"!"),
        )
    )
)
def test_every_line_is_a_record_or_blank_or_reported(some: list[bytes]) -> None:
    found = read(b"\n".join([b"", *some]) + b"\n")
    assert found.reading.lines == len(some) + 1
    assert len(found.records) == some.count(b'{"operator": "a"}')
    assert found.bad_numbers == [number for number, text in enumerate(some, 2) if text.endswith(b"!")]


@pytest.mark.slow
def test_memory_is_constant() -> None:
    def peak(lines: int) -> int:
        content = gzip.compress(line("a" * 1000) * lines)
        tracemalloc.start()
        try:
            for _ in records(Source("x", lambda: io.BufferedReader(io.BytesIO(content))), Reading(print)):  # type: ignore[arg-type]
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few, many = peak(2_000), peak(20_000)
    assert many < 1.2 * few


# --- files and folders -----------------------------------------------------------------------------------------------


def test_a_folder_is_read_recursively_in_order(tmp_path: Path) -> None:
    day = tmp_path / "zoom" / "2026" / "01"
    day.mkdir(parents=True)
    (day / "02.json.gz").write_bytes(gzip.compress(line("c")))
    (day / "01.json.gz").write_bytes(gzip.compress(line("b")))
    (tmp_path / "a.jsonl").write_bytes(line("a"))
    (tmp_path / "zz.json").write_bytes(line("d"))
    (tmp_path / "notes.txt").write_bytes(b"not read")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    found = read_paths(tmp_path)
    assert found.operators == list("abcd")
    assert found.bad == []


def test_files_are_read_as_named_whatever_their_suffix(tmp_path: Path) -> None:
    plain, packed = tmp_path / "z.log", tmp_path / "y.txt"
    plain.write_bytes(line("a") + b"oops\n")
    packed.write_bytes(gzip.compress(line("b")))
    found = read_paths(plain, packed, plain)
    assert found.operators == list("aba")
    assert found.bad == [(str(plain), 2, "not JSON: expecting value at character 1 of 4")] * 2


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("missing.jsonl", "missing.jsonl does not exist."),
        ("empty", "empty has no file that ends in .json, .jsonl, .ndjson, .gz."),
        ("s3:/bucket", "s3:/bucket is no S3 address: write s3://bucket/prefix/."),
        ("s3://", "s3:// is no S3 address: write s3://bucket/prefix/."),
    ],
)
def test_a_name_with_nothing_behind_it_is_refused_first(
    name: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty" / "folder").mkdir(parents=True)
    (tmp_path / "a.jsonl").write_bytes(line("a"))
    with pytest.raises(SourceError) as refused:
        find(["a.jsonl", name])
    assert str(refused.value) == sentence


def test_a_file_that_cannot_be_opened_is_a_bad_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.jsonl").mkdir()
    (tmp_path / "b.jsonl").symlink_to(tmp_path / "gone")
    (tmp_path / "c.jsonl").write_bytes(line("c"))
    scandir = inputs.os.scandir

    def refuse(path: str) -> Any:
        if path.endswith("a.jsonl"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(inputs.os, "scandir", refuse)
    found = read_paths(tmp_path)
    assert found.operators == ["c"]
    assert found.bad == [
        (str(tmp_path / "a.jsonl"), 1, "cannot be read on: Permission denied"),
        (str(tmp_path / "b.jsonl"), 1, "cannot be read on: No such file or directory"),
    ]


# --- S3 --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client


def put(s3: Any, key: str, body: bytes) -> None:
    s3.put_object(Bucket=BUCKET, Key=key, Body=body)


def test_objects_under_a_prefix(s3: Any) -> None:
    put(s3, f"{PREFIX}2026/01/02/b.json.gz", gzip.compress(line("b")))
    put(s3, f"{PREFIX}2026/01/01/a.json.gz", gzip.compress(line("a") + b"oops\n"))
    put(s3, f"{PREFIX}2026/", b"")
    put(s3, f"{PREFIX}no suffix", line("c"))
    put(s3, "elsewhere/d.json", line("d"))
    found = read_paths(f"s3://{BUCKET}/{PREFIX}")
    assert found.operators == list("abc")
    assert [(name, number) for name, number, _ in found.bad] == [
        (f"s3://{BUCKET}/{PREFIX}2026/01/01/a.json.gz", 2)
    ]  # fmt: skip


def test_one_object_and_a_whole_bucket(s3: Any) -> None:
    put(s3, "a.json", line("a"))
    put(s3, "b.json", line("b"))
    assert read_paths(f"s3://{BUCKET}/b.json").operators == ["b"]
    assert read_paths(f"s3://{BUCKET}").operators == read_paths(f"s3://{BUCKET}/").operators == ["a", "b"]


def test_more_objects_than_a_page_lists(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")
    for number in range(7):
        put(s3, f"{number}.json", line(str(number)))
    assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 2
    assert read_paths(f"s3://{BUCKET}/").operators == list("0123456")


def test_s3_without_objects(s3: Any) -> None:
    put(s3, "folder/", b"")
    for address, sentence in {
        f"s3://{BUCKET}/folder/": f"s3://{BUCKET}/folder/ has no object.",
        f"s3://{BUCKET}/none/": f"s3://{BUCKET}/none/ has no object.",
        "s3://no-such-bucket/x": "s3://no-such-bucket/x cannot be listed: The specified bucket does not exist"
        " (NoSuchBucket).",
    }.items():
        with pytest.raises(SourceError) as refused:
            find([address])
        assert str(refused.value) == sentence


def test_an_object_that_breaks_off_or_is_gone_is_a_bad_line(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Body:
        def __init__(self) -> None:
            self.parts = [line("a") + b'{"oper']

        def read(self, _: int) -> bytes:
            if self.parts:
                return self.parts.pop()
            raise ResponseStreamingError(error="reset")

        def close(self) -> None:
            self.is_closed = True

    for key in "ab":
        put(s3, f"{key}.json", line(key))
    found = find([f"s3://{BUCKET}/"])
    first = next(found)
    s3.delete_object(Bucket=BUCKET, Key="b.json")
    network = Body()
    body = s3_sources._Body(network)
    broken = Source(first.name, lambda: body)  # type: ignore[arg-type,return-value]
    result = Read([broken, *found])
    assert result.operators == ["a"]
    assert network.is_closed
    assert result.bad == [
        (f"s3://{BUCKET}/a.json", 2, "cannot be read on: An error occurred while reading from response stream: reset"),
        (f"s3://{BUCKET}/b.json", 1, "cannot be read on: The specified key does not exist (NoSuchKey)"),
    ]


def test_listing_that_fails_on_the_way_is_reported(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def pages(**_: Any) -> Iterator[dict[str, Any]]:
        yield {"Contents": [{"Key": "first.json"}]}
        raise OSError("the network went away.")

    client = SimpleNamespace(
        get_paginator=lambda _name: SimpleNamespace(paginate=pages),
        get_object=lambda **_: {"Body": io.BytesIO(line("a"))},
    )
    monkeypatch.setattr(s3_sources, "session", lambda _region: SimpleNamespace(client=lambda _name: client))
    found = read_paths(f"s3://{BUCKET}/")
    assert found.operators == ["a"]
    assert found.bad == [
        (f"s3://{BUCKET}/", 1, "cannot be read on: not listed to the end: the network went away")
    ]  # fmt: skip
