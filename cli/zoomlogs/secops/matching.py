"""Compares the events of a date with the records of the archive, as multisets."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from .identity import FIELDS, Trace

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

MOST_WAIT = 24 * 3600.0  # seconds: then a record is missing, whatever the delay of the others
LEAST_WAIT = 3 * 3600.0
KEPT = 0.9  # of the records of a date have a field's value in their second, if the parser keeps the field
COMPARED_AT_ONCE = 200  # events of one second that are compared one by one with a record
SPAN = 300  # seconds; in this span of a record, the one before and the one after, other sources' events are counted


class Way(StrEnum):
    """How the events of a date were matched with records."""

    FIELDS = "fields"  # by the time and raw fields
    SECOND = "second"  # by how many there are a second: the tenant's parser changes all fields


class Delivery(NamedTuple):
    """A record in the archive: its fingerprint, its trace, and when its object was written."""

    name: bytes
    trace: Trace
    written: float  # seconds since 1970; 0 where that is not known


class Seen(NamedTuple):
    """An event: its trace, when it was ingested, and its record's fingerprint, if that is needed."""

    trace: Trace
    ingested: float | None
    name: bytes = b""


@dataclass
class Matched:
    """The records of a date and their events, matched by the time and the `fields`.

    `lost` are the fields that the tenant's parser changes. `lacking` are the deliveries without an event, `left` the
    events without a record; `changed` counts records that were matched by all fields but one; `doubled` counts events
    by their record, or by the records that it may be. `crowded` says that few records have events with their fields,
    and that events of other sources in the same seconds forbid a match by fewer.
    """

    fields: tuple[str, ...] = FIELDS
    lost: tuple[str, ...] = ()
    in_secops: int = 0
    changed: int = 0
    others: int = 0
    crowded: bool = False
    lacking: list[Delivery] = field(default_factory=list)
    left: list[Seen] = field(default_factory=list)
    doubled: Counter[tuple[bytes, ...]] = field(default_factory=Counter)
    since_written: array[float] = field(default_factory=lambda: array("d"))  # seconds from the object to the event
    since_record: array[float] = field(default_factory=lambda: array("d"))  # seconds from the record's time to it

    @property
    def way(self) -> Way:
        """Return how they were matched."""
        return Way.FIELDS if self.fields else Way.SECOND

    def pair(self, delivery: Delivery, event: Seen) -> None:
        """Add a record and its event."""
        self.in_secops += 1
        if event.ingested is not None:
            if delivery.written:
                self.since_written.append(max(0.0, event.ingested - delivery.written))
            if event.trace.second is not None:
                self.since_record.append(event.ingested - event.trace.second)


class NotComparableError(Exception):
    """The date cannot be compared; the message says why, without a full stop."""


def match(deliveries: Sequence[Delivery], guide: Mapping[bytes, int], events: Sequence[Seen]) -> Matched:
    """Match the deliveries with the events of a date.

    `guide` counts the records in the guide's objects, of which only the fingerprint is known. Raises
    `NotComparableError` where that is not enough.
    """
    fields = tuple(name for name in FIELDS if any(getattr(event.trace, name) for event in events)) or FIELDS
    if guide:
        left = [*deliveries, *(Delivery(name, _UNKNOWN, 0.0) for name, count in guide.items() for _ in range(count))]
        result = _by(left, events, [each.name for each in left], [each.name for each in events], Matched())
    else:
        result = _by_fields(deliveries, events, fields)
    _changed(result)
    if _mostly(result, deliveries, guide, events):
        return result
    if guide:
        raise NotComparableError(
            "SecOps' parser changes fields, and of the records in the guide's objects only the fingerprint is known"
        )
    if _is_crowded(deliveries, events):
        result.crowded = True
        return result
    kept = _kept(deliveries, events, fields)
    result = _by_fields(deliveries, events, kept)
    result.lost = tuple(name for name in FIELDS if name not in kept)
    return result


def wait(since_written: Iterable[float]) -> float:
    """Return how many seconds an event may come after its object: three hours, or twice the 95th percentile of the
    others, but never more than a day."""
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
    """Tell whether the fields suffice for the date: at least half of the records match, or of the events near them."""
    seconds = {each.trace.second for each in deliveries}
    near = len(events) if guide else sum(event.trace.second in seconds for event in events)
    return 2 * result.in_secops >= min(len(deliveries) + sum(guide.values()), near)


def _is_crowded(deliveries: Sequence[Delivery], events: Sequence[Seen]) -> bool:
    """Tell whether more than one of a hundred seconds near the records and without one has an event, which could stand
    for a lost record if it were in the second of one."""
    ours = {each.trace.second for each in deliveries if each.trace.second is not None}
    theirs = {event.trace.second for event in events if event.trace.second is not None} - ours
    near = {second // SPAN + apart for second in ours for apart in (-1, 0, 1)}
    return 100 * sum(second // SPAN in near for second in theirs) > SPAN * len(near) - len(ours)


def _kept(deliveries: Sequence[Delivery], events: Sequence[Seen], fields: Sequence[str]) -> tuple[str, ...]:
    """Return the fields that the tenant's parser keeps: by each of these alone nearly as many records have an event in
    their second as by the second alone."""
    enough = KEPT * _common(deliveries, events, ())
    return tuple(name for name in fields if _common(deliveries, events, (name,)) >= enough)


def _common(deliveries: Sequence[Delivery], events: Sequence[Seen], fields: Sequence[str]) -> int:
    ours, theirs = (Counter(each.trace.by(fields) for each in side) for side in (deliveries, events))
    return (ours & theirs).total()


def _by_fields(deliveries: Sequence[Delivery], events: Sequence[Seen], fields: tuple[str, ...]) -> Matched:
    """Match by the time and these fields."""
    keys, event_keys = ([each.trace.by(fields) for each in side] for side in (deliveries, events))
    return _by(deliveries, events, keys, event_keys, Matched(fields))


def _by(
    deliveries: Sequence[Delivery],
    events: Sequence[Seen],
    keys: Sequence[Hashable],
    event_keys: Sequence[Hashable],
    result: Matched,
) -> Matched:
    """Match by equal keys. Of the surplus events, those that repeat another are doubles; the others are left."""
    ours: defaultdict[Hashable, list[Delivery]] = defaultdict(list)
    theirs: defaultdict[Hashable, list[Seen]] = defaultdict(list)
    for key, delivery in zip(keys, deliveries, strict=True):
        ours[key].append(delivery)
    for key, event in zip(event_keys, events, strict=True):
        theirs[key].append(event)
    for key, found in theirs.items():
        wanted = ours.pop(key, [])
        _pair_off(wanted, found, result)
        result.lacking += wanted[len(found) :]
        surplus = len(found) - len(wanted)
        doubled = min(surplus, _repeats(found) - _repeats(wanted)) if wanted else 0
        if doubled > 0:
            result.doubled[tuple(dict.fromkeys(each.name for each in wanted))] += doubled
            result.in_secops += doubled
            surplus -= doubled
        result.left += found[len(found) - surplus :] if surplus > 0 else []
    result.lacking += [delivery for each in ours.values() for delivery in each]
    result.others = len(result.left)
    return result


def _repeats(found: Sequence[Delivery | Seen]) -> int:
    """Count those that have the trace of another."""
    return len(found) - len({each.trace for each in found})


def _changed(result: Matched) -> None:
    """Pair the records and events left that agree in the second and all fields but one.

    Further events of such an event's trace are doubles.
    """
    events: defaultdict[int | None, list[Seen]] = defaultdict(list)
    for event in result.left:
        events[event.trace.second].append(event)
    lacking: list[Delivery] = []
    paired: defaultdict[Trace, list[bytes]] = defaultdict(list)
    for delivery in result.lacking:
        near = events[delivery.trace.second][:COMPARED_AT_ONCE] if delivery.trace.second is not None else []
        best = max(near, key=lambda event: event.trace.alike(delivery.trace, result.fields), default=None)
        if best and best.trace.alike(delivery.trace, result.fields) >= max(1, len(result.fields) - 1):
            events[delivery.trace.second].remove(best)
            result.pair(delivery, best)
            result.changed += 1
            paired[best.trace].append(delivery.name)
        else:
            lacking.append(delivery)
    result.lacking, result.left = lacking, []
    for event in (each for of_second in events.values() for each in of_second):
        if names := paired.get(event.trace):
            result.doubled[tuple(dict.fromkeys(names))] += 1
            result.in_secops += 1
        else:
            result.left.append(event)
    result.others = len(result.left)


def _pair_off(wanted: list[Delivery], found: list[Seen], result: Matched) -> None:
    """Pair as many as there are of both, the earliest with the earliest: those that lack then waited least."""
    if len(wanted) > 1:
        wanted.sort(key=lambda delivery: delivery.written)
    if len(found) > 1:
        found.sort(key=lambda event: event.ingested or 0.0)
    for delivery, event in zip(wanted, found, strict=False):
        result.pair(delivery, event)
