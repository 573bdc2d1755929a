"""Holds the events of a date against the records of the archive, as multisets. Nothing here asks anybody."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from .identity import FIELDS, Trace

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

MOST_WAIT = 24 * 3600.0  # seconds: then a record is missing, whatever the delay has been
LEAST_WAIT = 3 * 3600.0
COMPARED_AT_ONCE = 200  # records or events of one second that are held against each other, one by one
BESIDE = (-300, -61, -17, -7, 7, 17, 61, 300)  # seconds from those of the records to where others' events show


class Way(StrEnum):
    """How the events of a date were told to be those of our records."""

    FIELDS = "fields"  # by the time and the raw fields
    SECOND = "second"  # by how many there are a second: the tenant's parser changes the fields


class Delivery(NamedTuple):
    """A record in the archive: its fingerprint, what its event keeps of it, and when its object was written."""

    name: bytes
    trace: Trace
    written: float  # seconds since 1970; 0 where nobody knows


class Seen(NamedTuple):
    """An event: what it keeps of its record, when it was ingested, and its record's fingerprint, if that is needed."""

    trace: Trace
    ingested: float | None
    name: bytes = b""


@dataclass
class Matched:
    """What became of a date's records in SecOps.

    `fields` are those that the events have at all; `lacking` are the deliveries without an event; `changed` counts the
    records that were found by their second and some of their fields only. `crowded` says that few were found by their
    fields, and that events of other sources in the same seconds forbid to count.
    """

    way: Way = Way.FIELDS
    fields: tuple[str, ...] = FIELDS
    in_secops: int = 0
    changed: int = 0
    others: int = 0
    crowded: bool = False
    lacking: list[Delivery] = field(default_factory=list)
    doubled: Counter[bytes] = field(default_factory=Counter)
    since_written: array[float] = field(default_factory=lambda: array("d"))  # seconds from the object to the event
    since_record: array[float] = field(default_factory=lambda: array("d"))  # seconds from the record's time to it

    def pair(self, delivery: Delivery, event: Seen) -> None:
        """Take in a record and its event."""
        self.in_secops += 1
        if event.ingested is not None:
            if delivery.written:
                self.since_written.append(max(0.0, event.ingested - delivery.written))
            if event.trace.second is not None:
                self.since_record.append(event.ingested - event.trace.second)


class NotComparableError(Exception):
    """The date cannot be compared; the message says why, without a full stop."""


def match(deliveries: Sequence[Delivery], guide: Mapping[bytes, int], events: Sequence[Seen]) -> Matched:
    """Match what was delivered with what is in SecOps.

    `guide` counts by fingerprint the records that the written guide's objects delivered, of which nothing else is
    known. Raises `NotComparableError` where that is not enough.
    """
    fields = tuple(name for name in FIELDS if any(getattr(event.trace, name) for event in events)) or FIELDS
    if guide:
        left = [*deliveries, *(Delivery(name, _UNKNOWN, 0.0) for name, count in guide.items() for _ in range(count))]
        result = _by(left, events, [each.name for each in left], [each.name for each in events], Matched())
    else:
        keys = [each.trace.by(fields) for each in deliveries]
        result = _by(deliveries, events, keys, [each.trace.by(fields) for each in events], Matched(fields=fields))
    if _mostly(result, deliveries, guide, events):
        return result
    if guide:
        raise NotComparableError(
            "SecOps' parser changes fields, and of what the written guide's objects hold only the whole record is known"
        )
    if _is_crowded(deliveries, events):
        result.crowded = True
        return result
    return _by_second(deliveries, events)


def wait(since_written: Iterable[float]) -> float:
    """Return how many seconds an event may come after its object: three hours, or twice the 95th percentile of what it
    took the others, but never over a day."""
    _, late = delay(since_written)
    return min(MOST_WAIT, max(LEAST_WAIT, 2 * late))


def delay(seconds: Iterable[float]) -> tuple[float, float]:
    """Return the median and the 95th percentile, by the nearest rank; zeros of nothing."""
    ranked = sorted(seconds)
    if not ranked:
        return 0.0, 0.0
    return ranked[(len(ranked) - 1) // 2], ranked[-(-95 * len(ranked) // 100) - 1]


_UNKNOWN = Trace(None, "", "", "", "")


def _mostly(
    result: Matched, deliveries: Sequence[Delivery], guide: Mapping[bytes, int], events: Sequence[Seen]
) -> bool:
    """Tell whether the fields do for the date: of the events in a second of ours, or of ours, at least half match."""
    seconds = {each.trace.second for each in deliveries}
    near = len(events) if guide else sum(event.trace.second in seconds for event in events)
    return 2 * result.in_secops >= min(len(deliveries) + sum(guide.values()), near)


def _is_crowded(deliveries: Sequence[Delivery], events: Sequence[Seen]) -> bool:
    """Tell whether events are about as likely in a second beside the records as in theirs, so that such a one could
    stand for a lost record: in more than one of a hundred seconds."""
    ours = {each.trace.second for each in deliveries if each.trace.second is not None}
    theirs = {event.trace.second for event in events}
    beside = {second + apart for second in ours for apart in BESIDE} - ours
    return 100 * len(beside & theirs) > len(beside)


def _by(
    deliveries: Sequence[Delivery],
    events: Sequence[Seen],
    names: Sequence[Hashable],
    event_names: Sequence[Hashable],
    result: Matched,
) -> Matched:
    """Match by equal names; what is left of both in one second is one record if all fields but one agree."""
    ours: defaultdict[Hashable, list[Delivery]] = defaultdict(list)
    theirs: defaultdict[Hashable, list[Seen]] = defaultdict(list)
    for name, delivery in zip(names, deliveries, strict=True):
        ours[name].append(delivery)
    for name, event in zip(event_names, events, strict=True):
        theirs[name].append(event)
    left: list[Seen] = []
    for name, found in theirs.items():
        wanted = ours.pop(name, [])
        _pair_off(wanted, found, result)
        if not wanted:
            left += found
        elif len(found) > len(wanted):
            result.doubled[wanted[0].name] += len(found) - len(wanted)
            result.in_secops += len(found) - len(wanted)
        result.lacking += wanted[len(found) :]
    result.lacking += [delivery for each in ours.values() for delivery in each]
    _changed(result, left)
    return result


def _changed(result: Matched, left: list[Seen]) -> None:
    """Pair what is left in one second and alike in all fields but one."""
    events: defaultdict[int | None, list[Seen]] = defaultdict(list)
    for event in left:
        events[event.trace.second].append(event)
    lacking = []
    for delivery in result.lacking:
        near = events[delivery.trace.second][:COMPARED_AT_ONCE] if delivery.trace.second is not None else []
        best = max(near, key=lambda event: event.trace.alike(delivery.trace, result.fields), default=None)
        if best and best.trace.alike(delivery.trace, result.fields) >= max(1, len(result.fields) - 1):
            events[delivery.trace.second].remove(best)
            result.pair(delivery, best)
            result.changed += 1
        else:
            lacking.append(delivery)
    result.lacking = lacking
    result.others += sum(map(len, events.values()))


def _by_second(deliveries: Sequence[Delivery], events: Sequence[Seen]) -> Matched:
    """Match by count a second. Of what is there too often, an event that repeats another is a double; others are not
    told from those of other sources."""
    result = Matched(Way.SECOND, ())
    ours: defaultdict[int | None, list[Delivery]] = defaultdict(list)
    theirs: defaultdict[int | None, list[Seen]] = defaultdict(list)
    for delivery in deliveries:
        ours[delivery.trace.second].append(delivery)
    for event in events:
        theirs[event.trace.second].append(event)
    for second, found in theirs.items():
        wanted = ours.pop(second, [])
        _pair_off(wanted, found, result)
        surplus = len(found) - len(wanted)
        result.lacking += wanted[len(found) :]
        if wanted and surplus > 0:
            repeated = sum(count - 1 for count in Counter(event.trace for event in found).values())
            own = sum(count - 1 for count in Counter(delivery.trace for delivery in wanted).values())
            doubled = min(surplus, max(0, repeated - own))
            result.doubled[b""] += doubled
            result.in_secops += doubled
            result.others += surplus - doubled
        elif not wanted:
            result.others += surplus
    result.doubled = +result.doubled
    result.lacking += [delivery for each in ours.values() for delivery in each]
    return result


def _pair_off(wanted: list[Delivery], found: list[Seen], result: Matched) -> None:
    """Pair as many as there are of both, the earliest with the earliest: those that lack then waited least."""
    if len(wanted) > 1:
        wanted.sort(key=lambda delivery: delivery.written)
    if len(found) > 1:
        found.sort(key=lambda event: event.ingested or 0.0)
    for delivery, event in zip(wanted, found, strict=False):
        result.pair(delivery, event)
