"""The checkpoint's bytes: one line of JSON for people (`head -n 1`), then the packed fingerprints.

`blobs` in that line describes the bytes after it, in their order, and `digest` covers those bytes. `seal` at its end
covers the line itself. The same checkpoint gives the same bytes.
"""

from __future__ import annotations

import json
import re
import struct
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from . import __version__
from .bounds import ANSWER_BYTES, CHECKPOINT_BYTES, CHECKPOINT_HEADER_BYTES, parse_json
from .checkpoint import Checkpoint, Lease, Stream
from .checkpoint_fields import (
    counts_from_json,
    counts_to_json,
    pending_from_json,
    pending_to_json,
    sweep_to_json,
    sweeps_from_json,
)
from .dates import at_second, seconds_since
from .delivered import Delivered, DeliveredDay
from .errors import NewerCheckpointError
from .fingerprints import FingerprintCounts
from .json_values import day_of, flag, iso, moment, record_time, required, text, whole
from .legacy import LegacyLedger

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = 3
DIGEST_BYTES = 16
UUID_BYTES = 16
SECOND = struct.Struct(">QI")  # of `dates.seconds_since`, and how many records
SEAL_BYTES = 64  # longer than a seal
BEGINNING = re.compile(rb'\{"schema": ([0-9]{1,9})[,}]')
SEAL = re.compile(rb', "seal": "([0-9a-f]{32})"\}\Z')

Blob = tuple[dict[str, Any], "bytes | memoryview"]


def encode(checkpoint: Checkpoint) -> bytes:
    """Return the checkpoint as bytes.

    If `decode` would refuse it, every run would rebuild it: then what the archive and Zoom can show again is left out.
    """
    body, header = _encode(checkpoint)
    try:
        line_bytes = body.index(b"\n")
        if line_bytes >= CHECKPOINT_HEADER_BYTES or len(body) - line_bytes > CHECKPOINT_BYTES:
            raise ValueError("larger than a run reads")
        _from_parts(header, memoryview(body)[line_bytes + 1 :])
    except ValueError:
        body, _ = _encode(checkpoint.without_details())
    return body


def _encode(checkpoint: Checkpoint) -> tuple[bytes, dict[str, Any]]:
    """Return the checkpoint as bytes, and its first line as JSON."""
    blobs = list(_blobs(checkpoint.delivered))
    lease, stream = checkpoint.lease, checkpoint.stream
    header: dict[str, Any] = {
        "schema": SCHEMA,
        "collector": __version__,
        "stream": stream and {"account": stream.account, "report": stream.report, "prefix": stream.prefix},
        "frontier": iso(checkpoint.frontier),
        "settled": [checkpoint.settled_from.isoformat(), checkpoint.settled_to.isoformat()],
        "owed": {day.isoformat(): pending_to_json(pending) for day, pending in sorted(checkpoint.owed.items())},
        "expired": sorted(day.isoformat() for day in checkpoint.expired),
        "reconciled": iso(checkpoint.reconciled),
        "not_before": iso(checkpoint.not_before),
        "asks_for_tomorrow": checkpoint.asks_for_tomorrow,
        "lease": lease and {"owner": lease.owner, "until": iso(lease.until)},
        "sweeps": {name: sweep_to_json(sweep) for name, sweep in sorted(checkpoint.sweeps.items())},
        "shown": {day.isoformat(): counts_to_json(shown) for day, shown in sorted(checkpoint.shown.items())},
        "told": {kind: day.isoformat() for kind, day in sorted(checkpoint.told.items())},
        "feed_deletes": checkpoint.feed_deletes,
        "kept_since": iso(checkpoint.kept_since),
        "changed": {day.isoformat(): iso(cutoff) for day, cutoff in sorted(checkpoint.delivered.changed.items())},
    }
    if legacy := checkpoint.delivered.legacy:
        header["guide"] = [legacy.first.isoformat(), legacy.last.isoformat()]
    header["blobs"] = [{**about, "bytes": len(blob)} for about, blob in blobs]
    header["digest"] = digest(*(blob for _, blob in blobs)).hex()
    line = json.dumps(header).encode()
    sealed = b'%b, "seal": "%b"}' % (line[:-1], digest(line).hex().encode())
    return b"".join((sealed, b"\n", *(blob for _, blob in blobs))), header


def decode(body: bytes) -> Checkpoint:
    """Return the checkpoint in these bytes.

    Raises ValueError if they are damaged, too many, or of an older version of the collector, and `NewerCheckpointError`
    if a newer version wrote them.
    """
    end = body.find(b"\n", 0, CHECKPOINT_HEADER_BYTES)
    header = _header(body[:end] if end >= 0 else body)
    packed = memoryview(body)[end + 1 :]
    if len(packed) > CHECKPOINT_BYTES or digest(packed).hex() != header.get("digest"):
        raise ValueError("damaged checkpoint: its fingerprints do not match their digest")
    return _from_parts(header, packed)


def begins_well(start: bytes) -> bool:
    """Return whether an object that starts with these bytes may be a checkpoint of any version, or the guide's state,
    which is small. If not, there is no need to read more."""
    try:
        end = start.find(b"\n")
        return len(start) <= ANSWER_BYTES or bool(end >= 0 and _sealed(start[:end]))
    except NewerCheckpointError:
        return True
    except ValueError:
        return False


def decode_header(line: bytes) -> Checkpoint:
    """Return the checkpoint in the first line, without what is delivered; raises what `decode` raises."""
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
    header = parse_json(_sealed(line))
    if not isinstance(header, dict):
        raise ValueError("not a checkpoint")
    return header


def _sealed(line: bytes) -> bytes:
    """Return the line if its seal is right; raise what `decode` raises. Bytes of others are never parsed."""
    if len(line) > CHECKPOINT_HEADER_BYTES:
        raise ValueError("damaged checkpoint: its first line is too long")
    beginning = BEGINNING.match(line)
    if not beginning:
        raise ValueError("not a checkpoint")
    schema = int(beginning[1])
    if schema > SCHEMA:
        raise NewerCheckpointError(
            f"The checkpoint was written by a newer collector (schema {schema}, this one knows {SCHEMA}): deploy that"
            " version again, or delete the checkpoint as a role of bucket.break_glass_arns: the next run rebuilds it"
            " from the archive."
        )
    if schema < SCHEMA:
        raise ValueError("a checkpoint of an older collector")
    seal = SEAL.search(line, max(0, len(line) - SEAL_BYTES))
    if not seal or digest(line[: seal.start()], b"}").hex().encode() != seal[1]:
        raise ValueError("damaged checkpoint: its first line does not match its seal")
    return line


def _from_parts(header: dict[str, Any], packed: memoryview) -> Checkpoint:
    with _damage_as_value_error():
        return replace(_from_header(header), delivered=_delivered_from_header(header, packed))


@contextmanager
def _damage_as_value_error() -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, AttributeError, OverflowError, struct.error) as error:
        raise ValueError(f"damaged checkpoint: {error!r}") from None


def _from_header(header: dict[str, Any]) -> Checkpoint:
    settled_from, settled_to = map(day_of, header["settled"])
    lease, stream = header["lease"], header["stream"]
    return Checkpoint(
        settled_from=settled_from,
        settled_to=settled_to,
        stream=None if stream is None else Stream(*map(text, (stream["account"], stream["report"], stream["prefix"]))),
        frontier=record_time(header["frontier"]),
        owed={day_of(day): pending_from_json(pending) for day, pending in header["owed"].items()},
        expired={day_of(day) for day in header["expired"]},
        reconciled=moment(header["reconciled"]),
        not_before=moment(header["not_before"]),
        asks_for_tomorrow=flag(header["asks_for_tomorrow"]),
        lease=None if lease is None else Lease(text(lease["owner"]), required(record_time(lease["until"]))),
        sweeps=sweeps_from_json(header["sweeps"]),
        shown={day_of(day): counts_from_json(shown) for day, shown in header["shown"].items()},
        told={text(kind): day_of(day) for kind, day in header["told"].items()},
        feed_deletes=flag(header["feed_deletes"]),
        kept_since=moment(header["kept_since"]),
    )


def _blobs(delivered: Delivered) -> Iterator[Blob]:
    for day, known in sorted(delivered.days.items()):
        about = {"holds": "delivered", "date": day.isoformat(), "seq": known.seq}
        span = {"oldest": iso(known.oldest), "newest": iso(known.newest)} if known.oldest else {}
        partial = {"partial": True} if known.partial else {}
        yield {**about, **span, **partial}, known.counts.pack()
        if known.seconds_seq:
            about = {"holds": "seconds", "date": day.isoformat(), "seq": known.seconds_seq}
            yield about, b"".join(SECOND.pack(seconds_since(at), n) for at, n in sorted(known.seconds.items()))
    for day, counts in sorted(delivered.accepted.items()):
        yield {"holds": "accepted", "date": day.isoformat()}, counts.pack()
    if legacy := delivered.legacy:
        yield {"holds": "guide objects read"}, b"".join(sorted(legacy.absorbed))
        for day, counts in sorted(legacy.counts.items()):
            first, last = legacy.spans.get(day, (None, None))
            times = {"oldest": iso(first), "newest": iso(last)} if first else {}
            yield {"holds": "guide", "date": day.isoformat(), **times}, counts.pack()


def _delivered_from_header(header: dict[str, Any], packed: memoryview) -> Delivered:
    changed = {date.fromisoformat(day): required(record_time(at)) for day, at in header["changed"].items()}
    delivered = Delivered(changed=changed)
    legacy: LegacyLedger | None = None
    if "guide" in header:
        first, last = map(day_of, header["guide"])
        legacy = LegacyLedger(first, last)
    for about, blob in _slices(header["blobs"], packed):
        if about["holds"] == "delivered":
            day = date.fromisoformat(about["date"])
            oldest, newest = record_time(about.get("oldest")), record_time(about.get("newest"))
            delivered.days[day] = DeliveredDay(
                day, whole(about["seq"]), FingerprintCounts(blob), oldest, newest, flag(about.get("partial", False))
            )
        elif about["holds"] == "seconds":
            known = delivered.on(date.fromisoformat(about["date"]))
            known.seconds = Counter({at_second(at): count for at, count in SECOND.iter_unpack(blob)})
            known.seconds_seq = whole(about["seq"])
        elif about["holds"] == "accepted":
            delivered.accepted[date.fromisoformat(about["date"])] = FingerprintCounts(blob)
        elif legacy and about["holds"] == "guide objects read":
            legacy.absorbed = {bytes(blob[at : at + UUID_BYTES]) for at in range(0, len(blob), UUID_BYTES)}
        elif legacy:
            day = date.fromisoformat(about["date"])
            legacy.counts[day] = FingerprintCounts(blob)
            oldest, newest = record_time(about.get("oldest")), record_time(about.get("newest"))
            if oldest and newest:
                legacy.spans[day] = (oldest, newest)
    delivered.legacy = legacy
    return delivered


def _slices(blobs: list[dict[str, Any]], packed: memoryview) -> Iterator[tuple[dict[str, Any], memoryview]]:
    at = 0
    for about in blobs:
        end = at + whole(about["bytes"])
        yield about, packed[at:end]
        at = end
    if at != len(packed):
        raise ValueError("damaged checkpoint: its fingerprints do not have the length that it states")
