"""Loads and saves the checkpoint. A save is a compare-and-swap on its ETag."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .bounds import CHECKPOINT_BYTES, CHECKPOINT_HEADER_BYTES
from .checkpoint import Stream
from .checkpoint_format import begins_well, decode, digest, encode
from .checkpoint_merge import merge
from .errors import LeaseLostError, NotFoundError, OtherAccountError, OtherReportError, WriteConflictError
from .legacy import cursor_date

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import date, datetime

    from .bucket import Bucket
    from .checkpoint import Checkpoint, Lease


UNKNOWN = Stream("", "", "")


@dataclass(frozen=True)
class LoadResult:
    """What is stored at the state key: a checkpoint, the guide's state, something else, or nothing.

    `unusable`: there is an object, but not a checkpoint of this stream; `other` is its stream if it is another's.
    `legacy_cursor` is the date at which the guide's function stopped.
    """

    checkpoint: Checkpoint | None = None
    legacy_cursor: date | None = None
    unusable: bool = False
    other: Stream | None = None


class CheckpointStore:
    """The object at the state key, as one run knows it. All methods raise what `Bucket` raises.

    They also raise `NewerCheckpointError` if a newer version of the collector wrote the object, and `OtherAccountError`
    or `OtherReportError` if it belongs to another Zoom account or report.
    """

    def __init__(self, bucket: Bucket, key: str, stream: Stream, clock: Callable[[], datetime]) -> None:
        self._bucket = bucket
        self._key = key
        self._stream = stream
        self.account_confirmed = False  # whether Zoom has accepted the credentials in this run
        self._clock = clock
        self._etag: str | None = None  # None if no object is stored
        self._stored_digest = b""  # of the stored bytes

    def load(self) -> LoadResult:
        """Return what is stored."""
        try:
            body, self._etag = self._bucket.current(
                self._key, CHECKPOINT_HEADER_BYTES + CHECKPOINT_BYTES, CHECKPOINT_HEADER_BYTES, begins_well
            )
        except NotFoundError:
            self._etag, self._stored_digest = None, b""
            return LoadResult()
        self._stored_digest = digest(body)
        try:
            checkpoint = decode(body)
        except ValueError:
            return LoadResult(legacy_cursor=cursor_date(body), unusable=True)
        found = checkpoint.stream or UNKNOWN
        if found.account and found.account != self._stream.account:
            raise OtherAccountError(
                f"The checkpoint {self._bucket.url(self._key)} belongs to another Zoom account: set STATE_KEY and"
                " S3_PREFIX to values that only this account uses, or, if this account replaces that one, delete the"
                " checkpoint as a role of bucket.break_glass_arns."
            )
        if found.report and found.report != self._stream.report:
            raise OtherReportError(
                f"The checkpoint {self._bucket.url(self._key)} is that of Zoom's report {found.report}, but REPORT is"
                f" {self._stream.report}: set STATE_KEY and S3_PREFIX to values that only this report uses."
            )
        if replace(found, account="") != replace(self._stream, account=""):
            return LoadResult(unusable=True, other=found)
        return LoadResult(checkpoint) if checkpoint.plausible(self._clock()) else LoadResult(unusable=True)

    def save(
        self,
        checkpoint: Checkpoint,
        swept: Mapping[date, datetime],
        ended: Collection[str] = (),
        *,
        holds_lease: bool = False,
    ) -> Checkpoint:
        """Store the checkpoint, merged with what other runs stored meanwhile, and return it.

        `swept` and `ended` are as in `checkpoint_merge.merge`. Nothing is written if this run last loaded or stored the
        same bytes. Raises `LeaseLostError` if this run held the lease and another run has taken it over.
        """
        for _ in self._bucket.until_no_conflict(self._key):
            try:
                checkpoint = replace(checkpoint, stream=self._stamp(checkpoint.stream))
                self._write(encode(checkpoint))
                return checkpoint
            except (WriteConflictError, NotFoundError):
                stored = self.load().checkpoint
                if stored:
                    lease = _own_lease(checkpoint, stored) if holds_lease else stored.lease
                    checkpoint = replace(merge(checkpoint, stored, swept, ended), lease=lease)
        raise AssertionError("until_no_conflict raises")

    def _stamp(self, stream: Stream | None) -> Stream:
        """Return the stream, with the account only if Zoom has accepted it: a mistyped one must not be recorded."""
        known = stream.account if stream else ""
        return replace(self._stream, account=self._stream.account if self.account_confirmed else known)

    def _write(self, body: bytes) -> None:
        new_digest = digest(body)
        if new_digest != self._stored_digest:
            self._etag = self._bucket.retry_until_known(
                lambda: self._bucket.put(self._key, body, replaces=self._etag, ContentType="application/octet-stream")
            )
            self._stored_digest = new_digest


def _own_lease(mine: Checkpoint, theirs: Checkpoint) -> Lease | None:
    if mine.lease and (theirs.lease is None or mine.lease.owner != theirs.lease.owner):
        raise LeaseLostError("Another run took over, because this run outlived its lease; the schedule continues.")
    return mine.lease
