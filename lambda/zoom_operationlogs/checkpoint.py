"""The checkpoint is a cache: lost or stale it costs reads, never records.

Stored as one line of JSON, which a person can read (`head -n 1`), followed by the packed fingerprints it speaks of.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from . import __version__
from .archive import Day
from .errors import CollectorError
from .fingerprints import FingerprintCounts
from .guide import GuideLedger, cursor_date
from .s3 import LostRace, NotFound, answers, read_current, until_known
from .sweep import Sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mypy_boto3_s3 import S3Client

    from .deadline import Deadline

SCHEMA = 1
DIGEST_BYTES = 16
ID_BYTES = 16


class NewerCheckpoint(CollectorError):  # noqa: N818
    """A newer collector wrote the checkpoint."""


class LeaseLost(CollectorError):  # noqa: N818
    """Another run took over while this one held the lease."""


@dataclass(frozen=True)
class Owed:
    """A date that is owed a sweep begun no earlier than `asked`; after a sweep that cut groups of identical rows, one
    that shows together those at the places `split`."""

    asked: datetime
    page_size: int
    split: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Lease:
    """Who may publish until when, where the feed deletes what it has read."""

    owner: str
    until: datetime


@dataclass
class Checkpoint:
    """What the next run need not find out again.

    Every date from `settled_from` to `settled_to` is settled, but for those in `owed`. `done` tells, for this run only,
    when the ended sweep of a date began. `etag` is None where no checkpoint is stored.
    """

    settled_from: date
    settled_to: date
    frontier: datetime | None = None
    owed: dict[date, Owed] = field(default_factory=dict)
    expired: set[date] = field(default_factory=set)
    reconciled: datetime | None = None
    not_before: datetime | None = None
    asks_for_tomorrow: bool = True
    lease: Lease | None = None
    sweeps: dict[str, Sweep] = field(default_factory=dict)
    days: dict[date, Day] = field(default_factory=dict)
    guide: GuideLedger | None = None
    done: dict[date, datetime] = field(default_factory=dict)

    def owe(self, day: date, asked: datetime, page_size: int, split: Sequence[tuple[int, int]] = ()) -> None:
        """Owe the date a sweep begun no earlier than `asked`."""
        self.expired.discard(day)
        known = self.owed.get(day)
        if known is None or known.asked < asked:
            self.owed[day] = Owed(asked, page_size, tuple(split))

    def settle(self, day: date, began: datetime) -> None:
        """Take in that a sweep of the date, begun at `began`, ended."""
        self.done[day] = max(began, self.done.get(day, began))
        if day in self.owed and self.owed[day].asked <= began:
            del self.owed[day]

    def expire(self, day: date, began: datetime) -> None:
        """Take in that Zoom no longer has the date, as a sweep was told that began at `began`."""
        self.settle(day, began)
        self.expired.add(day)

    def keep_days(self, first: date, last: date) -> None:
        """Forget the fingerprints of dates outside `first` to `last`, but for those in the middle of a sweep."""
        in_hand = {sweep.first for sweep in self.sweeps.values()}
        self.days = {day: known for day, known in self.days.items() if first <= day <= last or day in in_hand}


def merge(mine: Checkpoint, theirs: Checkpoint) -> Checkpoint:
    """Return what both runs know together, where theirs was saved first.

    Objects never change, so of two accounts of a date the one with the higher `seq` includes the other. What is owed is
    owed to both, but for what this run has since swept. Nothing is forgotten: at worst a sweep is done twice.
    """
    merged = Checkpoint(
        settled_from=min(mine.settled_from, theirs.settled_from),
        settled_to=max(mine.settled_to, theirs.settled_to),
        frontier=_later(mine.frontier, theirs.frontier),
        reconciled=_later(mine.reconciled, theirs.reconciled),
        not_before=_later(mine.not_before, theirs.not_before),
        asks_for_tomorrow=mine.asks_for_tomorrow,
        lease=mine.lease,
        sweeps=theirs.sweeps | mine.sweeps,
        days=theirs.days | mine.days,
        guide=mine.guide or theirs.guide,
        done=mine.done,
    )
    for day in mine.days.keys() & theirs.days.keys():
        merged.days[day] = max(mine.days[day], theirs.days[day], key=lambda known: known.seq)
    for day in mine.owed.keys() | theirs.owed.keys():
        owed = max((c.owed[day] for c in (mine, theirs) if day in c.owed), key=lambda owed: owed.asked)
        if not (day in mine.done and owed.asked <= mine.done[day]):
            merged.owed[day] = owed
    merged.expired = (mine.expired | theirs.expired) - merged.owed.keys()
    if mine.guide and theirs.guide:
        merged.guide = mine.guide.with_what_is_in(theirs.guide)
    return merged


def _later(mine: datetime | None, theirs: datetime | None) -> datetime | None:
    return max(filter(None, (mine, theirs)), default=None)


@dataclass(frozen=True)
class Found:
    """What stands at the state key: a checkpoint, the guide's state, or nothing of use (`lost` if anything at all)."""

    checkpoint: Checkpoint | None = None
    guide_cursor: date | None = None
    lost: bool = False


class CheckpointStore:
    """Loads and saves the checkpoint; saving is a compare-and-swap on its ETag."""

    def __init__(self, s3: S3Client, bucket: str, key: str, deadline: Deadline, sleep: Callable[[float], None]) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._key = key
        self._deadline = deadline
        self._sleep = sleep
        self._etag: str | None = None
        self._stored = b""  # digest of what is stored

    def load(self) -> Found:
        """Return what is stored; raise `NewerCheckpoint` from a newer collector."""
        try:
            body, self._etag = until_known(
                lambda: read_current(self._s3, self._bucket, self._key), self._deadline, self._sleep
            )
        except NotFound:
            self._etag, self._stored = None, b""
            return Found()
        self._stored = _digest(body)
        try:
            return Found(decode(body))
        except ValueError:
            return Found(guide_cursor=_guide_cursor(body), lost=True)

    def save(self, checkpoint: Checkpoint) -> Checkpoint:
        """Store the checkpoint, merged with what other runs stored meanwhile; return what is stored.

        Raises `LeaseLost` where the checkpoint holds a lease that another run has taken over.
        """

        def attempt() -> Checkpoint:
            body = encode(checkpoint)
            if _digest(body) != self._stored:
                self._put(body)
            return checkpoint

        while True:
            try:
                return until_known(attempt, self._deadline, self._sleep)
            except (LostRace, NotFound):
                found = self.load()
                if found.checkpoint:
                    _check_lease(checkpoint, found.checkpoint)
                    checkpoint = merge(checkpoint, found.checkpoint)

    def _put(self, body: bytes) -> None:
        condition: dict[str, Any] = {"IfMatch": self._etag} if self._etag else {"IfNoneMatch": "*"}
        with answers("s3:PutObject", self._bucket, self._key):
            answer = self._s3.put_object(
                Bucket=self._bucket, Key=self._key, Body=body, ContentType="application/octet-stream", **condition
            )
        self._etag, self._stored = answer["ETag"], _digest(body)


def _check_lease(mine: Checkpoint, theirs: Checkpoint) -> None:
    if mine.lease and (theirs.lease is None or mine.lease.owner != theirs.lease.owner):
        raise LeaseLost(
            "Another run took over, because this one outlived its lease: the schedule goes on with that one."
        )


def encode(checkpoint: Checkpoint) -> bytes:
    """Return the checkpoint as bytes; the same checkpoint gives the same bytes."""
    blobs: list[tuple[dict[str, Any], bytes | memoryview]] = []
    for day, known in sorted(checkpoint.days.items()):
        blobs.append(({"holds": "delivered", "date": day.isoformat(), "seq": known.seq}, known.ours.pack()))
    header: dict[str, Any] = {
        "schema": SCHEMA,
        "collector": __version__,
        "frontier": _iso(checkpoint.frontier),
        "settled": [checkpoint.settled_from.isoformat(), checkpoint.settled_to.isoformat()],
        "owed": {
            day.isoformat(): {"asked": _iso(owed.asked), "page_size": owed.page_size, "split": owed.split}
            for day, owed in sorted(checkpoint.owed.items())
        },
        "expired": sorted(day.isoformat() for day in checkpoint.expired),
        "reconciled": _iso(checkpoint.reconciled),
        "not_before": _iso(checkpoint.not_before),
        "asks_for_tomorrow": checkpoint.asks_for_tomorrow,
        "lease": checkpoint.lease and {"owner": checkpoint.lease.owner, "until": _iso(checkpoint.lease.until)},
        "sweeps": {name: _sweep_to_json(sweep) for name, sweep in sorted(checkpoint.sweeps.items())},
    }
    if guide := checkpoint.guide:
        header["guide"] = [guide.first.isoformat(), guide.last.isoformat()]
        blobs.append(({"holds": "guide objects read"}, b"".join(sorted(guide.absorbed))))
        for day, counts in sorted(guide.counts.items()):
            blobs.append(({"holds": "guide", "date": day.isoformat()}, counts.pack()))
    header["blobs"] = [{**about, "bytes": len(blob)} for about, blob in blobs]
    header["digest"] = _digest(*(blob for _, blob in blobs)).hex()
    return b"".join((json.dumps(header).encode(), b"\n", *(blob for _, blob in blobs)))


def decode(body: bytes) -> Checkpoint:
    """Return the checkpoint; raise ValueError where it is damaged, `NewerCheckpoint` from a newer collector."""
    end = body.find(b"\n")
    header = json.loads(body[:end] if end >= 0 else body)
    if not isinstance(header, dict) or not isinstance(header.get("schema"), int):
        raise ValueError("not a checkpoint")
    if header["schema"] > SCHEMA:
        raise NewerCheckpoint(
            f"The checkpoint was written by a newer collector (schema {header['schema']}, this one knows {SCHEMA}):"
            " deploy that version again, or delete the checkpoint, which is then rebuilt from the archive."
        )
    try:
        return _from_header(header, memoryview(body)[end + 1 :])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"damaged checkpoint: {error!r}") from None


def _from_header(header: dict[str, Any], packed: memoryview) -> Checkpoint:
    if _digest(packed).hex() != header["digest"]:
        raise ValueError("damaged checkpoint: its fingerprints do not match their digest")
    settled_from, settled_to = map(date.fromisoformat, header["settled"])
    checkpoint = Checkpoint(
        settled_from=settled_from,
        settled_to=settled_to,
        frontier=_moment(header["frontier"]),
        owed={
            date.fromisoformat(day): Owed(
                datetime.fromisoformat(owed["asked"]), int(owed["page_size"]), tuple(_places(owed["split"]))
            )
            for day, owed in header["owed"].items()
        },
        expired={date.fromisoformat(day) for day in header["expired"]},
        reconciled=_moment(header["reconciled"]),
        not_before=_moment(header["not_before"]),
        asks_for_tomorrow=bool(header["asks_for_tomorrow"]),
        lease=header["lease"] and Lease(header["lease"]["owner"], datetime.fromisoformat(header["lease"]["until"])),
        sweeps={name: _sweep_from_json(sweep) for name, sweep in header["sweeps"].items()},
    )
    guide_counts: dict[date, FingerprintCounts] = {}
    absorbed: set[bytes] = set()
    for about, blob in _slices(header["blobs"], packed):
        if about["holds"] == "guide objects read":
            absorbed = {bytes(blob[at : at + ID_BYTES]) for at in range(0, len(blob), ID_BYTES)}
        elif about["holds"] == "guide":
            guide_counts[date.fromisoformat(about["date"])] = FingerprintCounts(blob)
        else:
            day = date.fromisoformat(about["date"])
            checkpoint.days[day] = Day(day, int(about["seq"]), FingerprintCounts(blob))
    if "guide" in header:
        first, last = map(date.fromisoformat, header["guide"])
        checkpoint.guide = GuideLedger(first, last, absorbed, guide_counts)
    return checkpoint


def _slices(blobs: list[dict[str, Any]], packed: memoryview) -> Iterator[tuple[dict[str, Any], memoryview]]:
    at = 0
    for about in blobs:
        yield about, packed[at : at + about["bytes"]]
        at += about["bytes"]


def _sweep_to_json(sweep: Sweep) -> dict[str, Any]:
    return {
        "dates": [sweep.first.isoformat(), sweep.last.isoformat()],
        "page_size": sweep.page_size,
        "began": _iso(sweep.began),
        "newest": _iso(sweep.newest),
        "token": sweep.token,
        "token_issued": _iso(sweep.token_issued),
        "ordered": sweep.ordered,
        "last_time": _iso(sweep.last_time),
        "rows": sweep.rows,
        "held": sweep.held,
        "edge": {fingerprint.hex(): place for fingerprint, place in sorted(sweep.edge.items())},
        "split": sweep.split,
    }


def _sweep_from_json(sweep: dict[str, Any]) -> Sweep:
    first, last = map(date.fromisoformat, sweep["dates"])
    return Sweep(
        first=first,
        last=last,
        page_size=int(sweep["page_size"]),
        began=datetime.fromisoformat(sweep["began"]),
        newest=_moment(sweep["newest"]),
        token=str(sweep["token"]),
        token_issued=_moment(sweep["token_issued"]),
        ordered=bool(sweep["ordered"]),
        last_time=_moment(sweep["last_time"]),
        rows=int(sweep["rows"]),
        held=int(sweep.get("held", 0)),
        edge={bytes.fromhex(fingerprint): int(place) for fingerprint, place in sweep["edge"].items()},
        split=_places(sweep["split"]),
    )


def _places(pairs: list[list[int]]) -> list[tuple[int, int]]:
    return [(int(first), int(end)) for first, end in pairs]


def _guide_cursor(body: bytes) -> date | None:
    try:
        return cursor_date(json.loads(body))
    except ValueError:
        return None


def _digest(*parts: bytes | memoryview) -> bytes:
    digest = blake2b(digest_size=DIGEST_BYTES)
    for part in parts:
        digest.update(part)
    return digest.digest()


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moment(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
