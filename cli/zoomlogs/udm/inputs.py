"""The sources behind what the command line names: files, folders, S3 and standard input."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from itertools import chain
from typing import IO, TYPE_CHECKING

from .sources import BUFFER_BYTES, Source, SourceError, at_least_one, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

STANDARD_INPUT = "-"
SUFFIXES = (".json", ".jsonl", ".ndjson", ".gz")


def find(names: Sequence[str]) -> Iterator[Source]:
    """Return the sources behind names: files, folders (all files with a fitting suffix), s3://bucket/prefix and `-`.

    Raises `SourceError`, before any of them is read, if there is nothing behind a name.
    """
    return chain.from_iterable([_behind(name) for name in names])


def _behind(name: str) -> Iterable[Source]:
    if name == STANDARD_INPUT:
        return [Source("<stdin>", _standard_input)]
    if name.startswith("s3:"):
        from . import s3  # here, because boto3 takes a while to import

        return s3.find(name)
    if os.path.isdir(name):
        return at_least_one(_in_folder(name), f"{name} has no file that ends in {', '.join(SUFFIXES)}.")
    if not os.path.exists(name):
        raise SourceError(f"{name} does not exist.")
    return [_file(name)]


def _standard_input() -> AbstractContextManager[IO[bytes]]:
    if sys.stdin is None:  # closed by the shell
        raise OSError("there is no standard input")
    return nullcontext(sys.stdin.buffer)


def _file(path: str) -> Source:
    return Source(path, lambda: open(path, "rb", BUFFER_BYTES))


def _in_folder(path: str) -> Iterator[Source]:
    try:
        entries = sorted(os.scandir(path), key=lambda entry: entry.name)
    except OSError as error:
        yield unreadable(path, error)  # reported where it would have been read
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _in_folder(entry.path)
        elif entry.name.endswith(SUFFIXES):
            yield _file(entry.path)
