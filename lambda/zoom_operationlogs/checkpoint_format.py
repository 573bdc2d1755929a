"""The checkpoint's bytes: one line of JSON, which a person can read (`head -n 1`), then the packed fingerprints.

In that line, `blobs` says what the bytes after it hold, in order, and `digest` covers those bytes. Equal checkpoints
give equal bytes.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from . import __version__
from .checkpoint import Checkpoint, Lease, PendingSweep
from .delivered import Delivered, DeliveredDay
from .errors import NewerCheckpointError
from .fingerprints import FingerprintCounts
from .legacy import LegacyLedger
from .sweep import Sweep

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = 1
DIGEST_BYTES = 16
UUID_BYTES = 16

Blob = tuple[dict[str, Any], "bytes | memoryview"]


def encode(checkpoint: Checkpoint) -> bytes:
    """Return the checkpoint as bytes."""
    blobs = list(_blobs(checkpoint.delivered))
    header: dict[str, Any] = {
        "schema": SCHEMA,
        "collector": __version__,
        "frontier": _iso(checkpoint.frontier),
        "settled": [checkpoint.settled_from.isoformat(), checkpoint.settled_to.isoformat()],
        "owed": {
            day.isoformat(): {"asked": _iso(pending.owed_since), "page_size": pending.page_size, "split": pending.split}
            for day, pending in sorted(checkpoint.owed.items())
        },
        "expired": sorted(day.isoformat() for day in checkpoint.expired),
        "reconciled": _iso(checkpoint.reconciled),
        "not_before": _iso(checkpoint.not_before),
        "asks_for_tomorrow": checkpoint.asks_for_tomorrow,
        "lease": checkpoint.lease and {"owner": checkpoint.lease.owner, "until": _iso(checkpoint.lease.until)},
        "sweeps": {name: _sweep_to_json(sweep) for name, sweep in sorted(checkpoint.sweeps.items())},
    }
    if legacy := checkpoint.delivered.legacy:
        header["guide"] = [legacy.first.isoformat(), legacy.last.isoformat()]
    header["blobs"] = [{**about, "bytes": len(blob)} for about, blob in blobs]
    header["digest"] = digest(*(blob for _, blob in blobs)).hex()
    return b"".join((json.dumps(header).encode(), b"\n", *(blob for _, blob in blobs)))


def decode(body: bytes) -> Checkpoint:
    """Return the checkpoint in these bytes.

    Raises ValueError if they are no checkpoint or a damaged one, and `NewerCheckpointError` if a newer version of the
    collector wrote them.
    """
    end = body.find(b"\n")
    header = _header(body[:end] if end >= 0 else body)
    packed = memoryview(body)[end + 1 :]
    with _damage_as_value_error():
        if digest(packed).hex() != header["digest"]:
            raise ValueError("damaged checkpoint: its fingerprints do not match their digest")
        return replace(_from_header(header), delivered=_delivered_from_header(header, packed))


def decode_header(line: bytes) -> Checkpoint:
    """Return the checkpoint in the first line alone, without what is delivered. Raises as `decode` does."""
    header = _header(line)
    with _damage_as_value_error():
        return _from_header(header)


def digest(*parts: bytes | memoryview) -> bytes:
    """Return the 128-bit BLAKE2b hash of the concatenated parts."""
    hasher = blake2b(digest_size=DIGEST_BYTES)
    for part in parts:
        hasher.update(part)
    return hasher.digest()


def _header(line: bytes) -> dict[str, Any]:
    header = json.loads(line)
    if not isinstance(header, dict) or not isinstance(header.get("schema"), int):
        raise ValueError("not a checkpoint")
    if header["schema"] > SCHEMA:
        raise NewerCheckpointError(
            f"The checkpoint was written by a newer collector (schema {header['schema']}, this one knows {SCHEMA}):"
            " deploy that version again, or delete the checkpoint, which is then rebuilt from the archive."
        )
    return header


@contextmanager
def _damage_as_value_error() -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"damaged checkpoint: {error!r}") from None


def _from_header(header: dict[str, Any]) -> Checkpoint:
    settled_from, settled_to = map(date.fromisoformat, header["settled"])
    lease = header["lease"]
    return Checkpoint(
        settled_from=settled_from,
        settled_to=settled_to,
        frontier=_moment(header["frontier"]),
        owed={
            date.fromisoformat(day): PendingSweep(
                datetime.fromisoformat(pending["asked"]), int(pending["page_size"]), tuple(_groups(pending["split"]))
            )
            for day, pending in header["owed"].items()
        },
        expired={date.fromisoformat(day) for day in header["expired"]},
        reconciled=_moment(header["reconciled"]),
        not_before=_moment(header["not_before"]),
        asks_for_tomorrow=bool(header["asks_for_tomorrow"]),
        lease=lease and Lease(lease["owner"], datetime.fromisoformat(lease["until"])),
        sweeps={name: _sweep_from_json(sweep) for name, sweep in header["sweeps"].items()},
    )


def _blobs(delivered: Delivered) -> Iterator[Blob]:
    for day, known in sorted(delivered.days.items()):
        partial = {"partial": True} if known.partial else {}
        yield {"holds": "delivered", "date": day.isoformat(), "seq": known.seq, **partial}, known.counts.pack()
    if legacy := delivered.legacy:
        yield {"holds": "guide objects read"}, b"".join(sorted(legacy.absorbed))
        for day, counts in sorted(legacy.counts.items()):
            yield {"holds": "guide", "date": day.isoformat()}, counts.pack()


def _delivered_from_header(header: dict[str, Any], packed: memoryview) -> Delivered:
    delivered = Delivered()
    legacy: LegacyLedger | None = None
    if "guide" in header:
        first, last = map(date.fromisoformat, header["guide"])
        legacy = LegacyLedger(first, last)
    for about, blob in _slices(header["blobs"], packed):
        if about["holds"] == "delivered":
            day = date.fromisoformat(about["date"])
            partial = bool(about.get("partial"))
            delivered.days[day] = DeliveredDay(day, int(about["seq"]), FingerprintCounts(blob), partial)
        elif legacy and about["holds"] == "guide objects read":
            legacy.absorbed = {bytes(blob[at : at + UUID_BYTES]) for at in range(0, len(blob), UUID_BYTES)}
        elif legacy:
            legacy.counts[date.fromisoformat(about["date"])] = FingerprintCounts(blob)
    delivered.legacy = legacy
    return delivered


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
        "rows": sweep.rows_read,
        "held": sweep.longest_page,
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
        rows_read=int(sweep["rows"]),
        longest_page=int(sweep.get("held", 0)),
        edge={bytes.fromhex(fingerprint): int(place) for fingerprint, place in sweep["edge"].items()},
        split=_groups(sweep["split"]),
    )


def _groups(pairs: list[list[int]]) -> list[tuple[int, int]]:
    return [(int(first), int(end)) for first, end in pairs]


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moment(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
