"""Objects on S3 as sources of records."""

from __future__ import annotations

import io
import re
from contextlib import closing
from typing import IO, TYPE_CHECKING, Any, cast

from ..aws import FAILURES, reason, session
from ..errors import CommandError
from .sources import Source, SourceError, at_least_one, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from mypy_boto3_s3 import S3Client

_ADDRESS = re.compile(r"s3://([^/]+)/?(.*)", re.DOTALL)
_FAILURES = (*FAILURES, OSError, ValueError)  # ValueError: an endpoint that is no URL


def find(address: str) -> Iterator[Source]:
    """Return all objects under s3://bucket/prefix, as a feed reads them; they are listed as they are read.

    Raises `SourceError` if that is no address, the first page cannot be listed, or there is no object.
    """
    match = _ADDRESS.fullmatch(address)
    if not match:
        raise SourceError(f"{address} is no S3 address: write s3://bucket/prefix/.")
    try:
        objects = _objects(address, session(None).client("s3"), *match.groups())
        return at_least_one(objects, f"{address} has no object.")
    except CommandError as error:
        raise SourceError(str(error)) from None
    except _FAILURES as error:
        raise SourceError(f"{address} cannot be listed: {reason(error)}.") from None


def _objects(address: str, s3: S3Client, bucket: str, prefix: str) -> Iterator[Source]:
    """Yield the objects; where listing fails after the first, a source that cannot be read."""
    begun = False
    try:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for found in page.get("Contents", ()):
                if not found["Key"].endswith("/"):  # what a console puts there for a folder
                    yield _object(s3, bucket, found["Key"])
                    begun = True
    except _FAILURES as error:
        if not begun:
            raise
        yield unreadable(address, OSError(f"not listed to the end: {reason(error)}"))


def _object(s3: S3Client, bucket: str, key: str) -> Source:
    def open_object() -> AbstractContextManager[IO[bytes]]:
        try:
            return closing(cast("IO[bytes]", _Body(s3.get_object(Bucket=bucket, Key=key)["Body"])))
        except _FAILURES as error:
            raise OSError(reason(error)) from None

    return Source(f"s3://{bucket}/{key}", open_object)


class _Body(io.RawIOBase):
    """An object's content, read from the network; its failures are OSErrors, as those of a file are."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def readable(self) -> bool:
        """Return true."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read up to the buffer's size."""
        try:
            chunk: bytes = self._body.read(len(buffer))
        except _FAILURES as error:
            raise OSError(reason(error)) from None
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        """Close the connection."""
        if not self.closed:
            self._body.close()
        super().close()
