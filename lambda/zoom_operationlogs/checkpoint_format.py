"""The checkpoint's bytes: one line of JSON, which a person can read (`head -n 1`), then the packed fingerprints.

`blobs` in that line describes the bytes after it, in their order, and `digest` covers those bytes. `seal` at its end
covers the line itself. The same checkpoint gives the same bytes.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from . import __version__
from .bounds import CHECKPOINT_BYTES, CHECKPOINT_HEADER_BYTES, parse_json
from .checkpoint import TAIL, Checkpoint, Lease, PendingSweep, Stream
from .delivered import Delivered, DeliveredDay
from .errors import NewerCheckpointError
from .fingerprints import FingerprintCounts
from .json_values import day_of, flag, iso, moment, record_time, required, text, whole
from .legacy import LegacyLedger
from .sweep import Edge, Group, Sweep

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = 2
DIGEST_BYTES = 16
UUID_BYTES = 16
SEAL = re.compile(rb', "seal": "([0-9a-f]{32})"\}\Z')

Blob = tuple[dict[str, Any], "bytes | memoryview"]


def encode(checkpoint: Checkpoint) -> bytes:
    """Return the checkpoint as bytes."""
    blobs = list(_blobs(checkpoint.delivered))
    lease, stream = checkpoint.lease, checkpoint.stream
    header: dict[str, Any] = {
        "schema": SCHEMA,
        "collector": __version__,
        "stream": stream and {"account": stream.account, "report": stream.report, "prefix": stream.prefix},
        "frontier": iso(checkpoint.frontier),
        "settled": [checkpoint.settled_from.isoformat(), checkpoint.settled_to.isoformat()],
        "owed": {day.isoformat(): _pending_to_json(pending) for day, pending in sorted(checkpoint.owed.items())},
        "expired": sorted(day.isoformat() for day in checkpoint.expired),
        "reconciled": iso(checkpoint.reconciled),
        "not_before": iso(checkpoint.not_before),
        "asks_for_tomorrow": checkpoint.asks_for_tomorrow,
        "lease": lease and {"owner": lease.owner, "until": iso(lease.until)},
        "sweeps": {name: _sweep_to_json(sweep) for name, sweep in sorted(checkpoint.sweeps.items())},
        "shown": {day.isoformat(): _counts_to_json(shown) for day, shown in sorted(checkpoint.shown.items())},
        "changed": {day.isoformat(): iso(cutoff) for day, cutoff in sorted(checkpoint.delivered.changed.items())},
    }
    if legacy := checkpoint.delivered.legacy:
        header["guide"] = [legacy.first.isoformat(), legacy.last.isoformat()]
    header["blobs"] = [{**about, "bytes": len(blob)} for about, blob in blobs]
    header["digest"] = digest(*(blob for _, blob in blobs)).hex()
    line = json.dumps(header).encode()
    sealed = b'%b, "seal": "%b"}' % (line[:-1], digest(line).hex().encode())
    return b"".join((sealed, b"\n", *(blob for _, blob in blobs)))


def decode(body: bytes) -> Checkpoint:
    """Return the checkpoint in these bytes.

    Raises ValueError if they are damaged, too many, or of an older version of the collector, and `NewerCheckpointError`
    if a newer version wrote them.
    """
    end = body.find(b"\n", 0, CHECKPOINT_HEADER_BYTES)
    header = _header(body[:end] if end >= 0 else body)
    packed = memoryview(body)[end + 1 :]
    with _damage_as_value_error():
        if len(packed) > CHECKPOINT_BYTES or digest(packed).hex() != header["digest"]:
            raise ValueError("damaged checkpoint: its fingerprints do not match their digest")
        return replace(_from_header(header), delivered=_delivered_from_header(header, packed))


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
    if len(line) > CHECKPOINT_HEADER_BYTES:
        raise ValueError("damaged checkpoint: its first line is too long")
    header = parse_json(line)
    if not isinstance(header, dict) or type(header.get("schema")) is not int:
        raise ValueError("not a checkpoint")
    if header["schema"] > SCHEMA:
        raise NewerCheckpointError(
            f"The checkpoint was written by a newer collector (schema {header['schema']}, this one knows {SCHEMA}):"
            " deploy that version again, or delete the checkpoint, which is then rebuilt from the archive."
        )
    if header["schema"] < SCHEMA:
        raise ValueError("a checkpoint of an older collector")
    seal = SEAL.search(line)
    if not seal or digest(line[: seal.start()], b"}").hex().encode() != seal[1]:
        raise ValueError("damaged checkpoint: its first line does not match its seal")
    return header


@contextmanager
def _damage_as_value_error() -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"damaged checkpoint: {error!r}") from None


def _from_header(header: dict[str, Any]) -> Checkpoint:
    settled_from, settled_to = map(day_of, header["settled"])
    lease, stream = header["lease"], header["stream"]
    return Checkpoint(
        settled_from=settled_from,
        settled_to=settled_to,
        stream=None if stream is None else Stream(*map(text, (stream["account"], stream["report"], stream["prefix"]))),
        frontier=record_time(header["frontier"]),
        owed={day_of(day): _pending_from_json(pending) for day, pending in header["owed"].items()},
        expired={day_of(day) for day in header["expired"]},
        reconciled=moment(header["reconciled"]),
        not_before=moment(header["not_before"]),
        asks_for_tomorrow=flag(header["asks_for_tomorrow"]),
        lease=None if lease is None else Lease(text(lease["owner"]), required(record_time(lease["until"]))),
        sweeps=_sweeps_from_json(header["sweeps"]),
        shown={day_of(day): _counts_from_json(shown) for day, shown in header["shown"].items()},
    )


def _blobs(delivered: Delivered) -> Iterator[Blob]:
    for day, known in sorted(delivered.days.items()):
        about = {"holds": "delivered", "date": day.isoformat(), "seq": known.seq}
        span = {"oldest": iso(known.oldest), "newest": iso(known.newest)} if known.oldest else {}
        partial = {"partial": True} if known.partial else {}
        yield {**about, **span, **partial}, known.counts.pack()
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
        raise ValueError("damaged checkpoint: its fingerprints are not as long as it says")


def _pending_to_json(pending: PendingSweep) -> dict[str, Any]:
    told = {
        "asked": iso(pending.owed_since),
        "page_size": pending.page_size,
        "split": sorted(fingerprint.hex() for fingerprint in pending.split),
        "stalls": pending.stalls,
        "by_date": pending.by_date,
        "looks": pending.looks,
        "refusals": pending.refusals,
        "not_before": iso(pending.not_before),
        "witness": pending.witness,
        "accept": pending.accept,
    }
    return {name: value for name, value in told.items() if value}


def _pending_from_json(pending: dict[str, Any]) -> PendingSweep:
    return PendingSweep(
        owed_since=required(moment(pending["asked"])),
        page_size=whole(pending["page_size"], 1, 300),
        split=frozenset(bytes.fromhex(fingerprint) for fingerprint in pending.get("split", [])),
        stalls=whole(pending.get("stalls", 0)),
        by_date=flag(pending.get("by_date", False)),
        looks=whole(pending.get("looks", 0)),
        refusals=whole(pending.get("refusals", 0)),
        not_before=moment(pending.get("not_before")),
        witness=flag(pending.get("witness", False)),
        accept=flag(pending.get("accept", False)),
    )


def _sweep_to_json(sweep: Sweep) -> dict[str, Any]:
    return {
        "dates": [sweep.first.isoformat(), sweep.last.isoformat()],
        "page_size": sweep.page_size,
        "began": iso(sweep.began),
        "newest": iso(sweep.newest),
        "token": sweep.token,
        "token_issued": iso(sweep.token_issued),
        "disorder": math.ceil(sweep.disorder.total_seconds()),
        "last_time": iso(sweep.last_time),
        "rows": sweep.rows_read,
        "longest_page": sweep.longest_page,
        "edge": {fingerprint.hex(): [row.place, iso(row.time)] for fingerprint, row in sorted(sweep.edge.items())},
        "split": [
            [group.fingerprint.hex(), group.first, group.end, group.day and group.day.isoformat()]
            for group in sweep.split
        ],
        "shown": _counts_to_json(sweep.shown),
        "untimed": sweep.untimed,
        **({"accept": True} if sweep.accept else {}),
    }


def _sweep_from_json(sweep: dict[str, Any]) -> Sweep:
    first, last = map(day_of, sweep["dates"])
    return Sweep(
        first=first,
        last=last,
        page_size=whole(sweep["page_size"], 1, 300),
        began=required(moment(sweep["began"])),
        newest=record_time(sweep["newest"]),
        token=text(sweep["token"]),
        token_issued=moment(sweep["token_issued"]),
        disorder=timedelta(seconds=whole(int(sweep["disorder"]))),
        last_time=record_time(sweep["last_time"]),
        rows_read=whole(sweep["rows"]),
        longest_page=whole(sweep["longest_page"]),
        edge={
            bytes.fromhex(fingerprint): Edge(whole(place), record_time(time))
            for fingerprint, (place, time) in sweep["edge"].items()
        },
        split=[
            Group(
                bytes.fromhex(fingerprint), whole(first), whole(end), None if day is None else date.fromisoformat(day)
            )
            for fingerprint, first, end, day in sweep["split"]
        ],
        shown=Counter(_counts_from_json(sweep["shown"])),
        untimed=whole(sweep["untimed"]),
        accept=flag(sweep.get("accept", False)),
    )


def _sweeps_from_json(sweeps: dict[str, Any]) -> dict[str, Sweep]:
    found = {text(name): _sweep_from_json(sweep) for name, sweep in sweeps.items()}
    # A sweep of other dates than its name says would settle a date that was never read: it starts again.
    return {
        name: sweep
        for name, sweep in found.items()
        if name == TAIL or name == sweep.first.isoformat() == sweep.last.isoformat()
    }


def _counts_to_json(counts: Any) -> dict[str, int]:
    return {day.isoformat(): count for day, count in sorted(counts.items())}


def _counts_from_json(counts: dict[str, Any]) -> dict[date, int]:
    return {date.fromisoformat(day): whole(count) for day, count in counts.items()}
