"""The identity of an event's record: the five raw fields that the published mapping puts into UDM unchanged."""

from __future__ import annotations

import sys
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

from zoom_operationlogs.records import fingerprint, utc

from ..mapping.events import event as mapped
from .form import timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoom_operationlogs.records import Record

    Event = dict[str, Any]

DETAIL_BYTES = 12  # of the hash in place of a detail, which may be long
UDM = {
    "metadata": {
        "eventTimestamp": timestamp,
        "ingestedTimestamp": timestamp,
        "productEventType": str,
        "description": str,
    },
    "principal": {"user": {"userid": str, "emailAddresses": [str]}},
    "additional": {},
}
"""The form of an event, as far as it is read here. `additional` may hold anything."""


class Trace(NamedTuple):
    """The time in seconds since 1970, None without one, and the other raw fields, "" for one that is not kept.

    It identifies the record: two records with equal traces count as equal.
    """

    second: int | None
    action: str
    category_type: str
    operation_detail: bytes | str  # a hash of it
    operator: str

    def by(self, fields: Sequence[str]) -> tuple[object, ...]:
        """Return the time and these fields alone."""
        return (self.second, *(getattr(self, name) for name in fields))

    def alike(self, other: Trace, fields: Sequence[str]) -> int:
        """Count those of the fields that are equal."""
        return sum(getattr(self, name) == getattr(other, name) for name in fields)


FIELDS = Trace._fields[1:]


def of_record(record: Record) -> Trace:
    """Return the trace of a record, by the published mapping."""
    return of_event(mapped(record))


def of_event(udm: Event) -> Trace:
    """Return the trace of an event, from where the published mapping puts the fields."""
    fields = _raw(udm)
    time = utc(udm.get("metadata", {}).get("eventTimestamp"))
    detail = fields["operation_detail"]
    return Trace(
        int(time.timestamp()) if time else None,
        sys.intern(fields["action"]),
        sys.intern(fields["category_type"]),
        blake2b(detail.encode(errors="replace"), digest_size=DETAIL_BYTES).digest() if detail else "",
        sys.intern(fields["operator"]),
    )


def ingested(udm: Event) -> float | None:
    """Return when an event was ingested, in seconds since 1970."""
    time = utc(udm.get("metadata", {}).get("ingestedTimestamp"))
    return time.timestamp() if time else None


def fingerprint_of(udm: Event) -> bytes:
    """Return the fingerprint of an event's record, if every field was a text, and the time in UTC to the second."""
    time = utc(udm.get("metadata", {}).get("eventTimestamp"))
    return fingerprint({**_raw(udm), "time": f"{time:%Y-%m-%dT%H:%M:%SZ}" if time else ""})


def _raw(udm: Event) -> dict[str, str]:
    metadata, user = udm.get("metadata", {}), udm.get("principal", {}).get("user", {})
    addresses = user.get("emailAddresses") or [user.get("userid", "")]
    category = udm.get("additional", {}).get("category_type")
    return {
        "action": metadata.get("productEventType", ""),
        "category_type": "" if category is None else str(category),
        "operation_detail": metadata.get("description", ""),
        "operator": addresses[0],
    }
