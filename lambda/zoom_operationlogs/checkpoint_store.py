"""Loads and saves the checkpoint. A save is a compare-and-swap on its ETag."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .checkpoint_format import decode, digest, encode
from .checkpoint_merge import merge
from .errors import LeaseLostError, NotFoundError, WriteConflictError
from .legacy import cursor_date

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from .bucket import Bucket
    from .checkpoint import Checkpoint


@dataclass(frozen=True)
class LoadResult:
    """What is stored at the state key: a checkpoint, the guide's state, something else, or nothing.

    `unusable` says that an object is there, but no checkpoint. `legacy_cursor` is where the guide's state stopped.
    """

    checkpoint: Checkpoint | None = None
    legacy_cursor: date | None = None
    unusable: bool = False


class CheckpointStore:
    """The object at the state key, as one run knows it. All methods raise what `Bucket` raises."""

    def __init__(self, bucket: Bucket, key: str) -> None:
        self._bucket = bucket
        self._key = key
        self._etag: str | None = None  # None: no object is stored
        self._stored_digest = b""  # of the stored bytes

    def load(self) -> LoadResult:
        """Return what is stored. Raises `NewerCheckpointError` if a newer version of the collector wrote it."""
        try:
            body, self._etag = self._bucket.current(self._key)
        except NotFoundError:
            self._etag, self._stored_digest = None, b""
            return LoadResult()
        self._stored_digest = digest(body)
        try:
            return LoadResult(decode(body))
        except ValueError:
            return LoadResult(legacy_cursor=cursor_date(body), unusable=True)

    def save(self, checkpoint: Checkpoint, swept: Mapping[date, datetime]) -> Checkpoint:
        """Store the checkpoint, merged with what other runs stored meanwhile, and return it.

        `swept` is as in `checkpoint_merge.merge`. Nothing is written if the bytes are those that this run last loaded
        or stored. Raises `LeaseLostError` if the checkpoint holds a lease that another run has taken over, and
        `NewerCheckpointError` as `load` does.
        """
        while True:
            try:
                self._write(encode(checkpoint))
                return checkpoint
            except (WriteConflictError, NotFoundError):
                stored = self.load().checkpoint
                if stored:
                    _check_lease(checkpoint, stored)
                    checkpoint = merge(checkpoint, stored, swept)

    def _write(self, body: bytes) -> None:
        new_digest = digest(body)
        if new_digest != self._stored_digest:
            self._etag = self._bucket.retry_until_known(
                lambda: self._bucket.put(self._key, body, replaces=self._etag, ContentType="application/octet-stream")
            )
            self._stored_digest = new_digest


def _check_lease(mine: Checkpoint, theirs: Checkpoint) -> None:
    if mine.lease and (theirs.lease is None or mine.lease.owner != theirs.lease.owner):
        raise LeaseLostError("Another run took over, because this run outlived its lease; the schedule continues.")
