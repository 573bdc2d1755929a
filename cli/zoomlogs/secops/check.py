"""Checks dates against SecOps: a few are asked at once while the next ones are still read. All are judged at the end,
because how long an event may take follows from all of them."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from threading import Semaphore
from typing import TYPE_CHECKING

from zoom_operationlogs.records import line

from ..dates import listed, spell
from .identity import fingerprint_of, ingested, of_event
from .matching import Delivery, Matched, NotComparableError, Seen, Way, delay, match, wait
from .result import Delay, Findings, SecopsDay, SecopsDifference, SecopsKind, SecopsState
from .search import CutOffError
from .session import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from zoom_operationlogs.records import Record

    from .search import Search

    Find = Callable[[Collection[bytes]], Mapping[bytes, Record]]
    """Returns the records of a date that have these fingerprints."""

ASKED_AT_ONCE = 4
RECORDS_KEPT = 200  # of a date and a kind; the others are counted
CANDIDATES_KEPT = 20  # of a second


@dataclass
class _Asked:
    """The answers about a date, before it is judged."""

    day: date
    find: Find
    at: float = 0.0  # when SecOps was asked
    matched: Matched | None = None
    timeless: int = 0
    refusal: str = ""
    stopped: bool = False  # by a refusal that concerns all


class Check:
    """Checks dates. As a context manager it waits for the requests under way."""

    def __init__(self, search: Search, clock: Callable[[], float] = time.time, least_wait: float = 0.0) -> None:
        """Take the search, and how many seconds an event may take at least, as other dates have shown."""
        self._search = search
        self._least_wait = least_wait
        self._clock = clock
        self._pool = ThreadPoolExecutor(ASKED_AT_ONCE, thread_name_prefix="secops")
        self._places = Semaphore(ASKED_AT_ONCE)  # so few dates are in memory at once
        self._asked: list[Future[_Asked]] = []
        self._stopped = ""

    def __enter__(self) -> Check:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped = self._stopped or "Interrupted."
        self._pool.shutdown(cancel_futures=True)

    def ask(self, day: date, deliveries: Sequence[Delivery], guide: Mapping[bytes, int], find: Find) -> None:
        """Begin to check a date; wait while enough others are under way."""
        self._places.acquire()
        self._asked.append(self._pool.submit(self._ask, _Asked(day, find), deliveries, guide))

    def _ask(self, asked: _Asked, deliveries: Sequence[Delivery], guide: Mapping[bytes, int]) -> _Asked:
        try:
            if self._stopped:
                asked.stopped = True
                return asked
            start = datetime(asked.day.year, asked.day.month, asked.day.day, tzinfo=UTC)
            expected = len(deliveries) + sum(guide.values())
            asked.at = self._clock()
            events = [
                Seen(of_event(udm), ingested(udm), fingerprint_of(udm) if guide else b"")
                for udm in self._search.events(start, start + timedelta(days=1), expected)
            ]
            timed = [each for each in deliveries if each.trace.second is not None]
            asked.timeless = len(deliveries) - len(timed)
            asked.matched = match(timed, guide, events)
        except (CutOffError, NotComparableError) as error:
            asked.refusal = f"{error}."
        except RefusedError as refusal:
            asked.refusal, asked.stopped = str(refusal), refusal.concerns_all
            if asked.stopped:
                self._stopped = str(refusal)
        finally:
            self._places.release()
        return asked

    def findings(self, on_day: Callable[[], None] = lambda: None) -> Findings:
        """Wait for the dates, judge them, and name the differences."""
        all_asked = []
        for future in self._asked:
            all_asked.append(future.result())
            on_day()
        compared = [asked.matched for asked in all_asked if asked.matched]
        found = Findings(
            self._search.tenant,
            self._search.query,
            self._search.namespace,
            wait=max(self._least_wait, wait(each for matched in compared for each in matched.since_written)),
        )
        if unasked := [asked.day for asked in all_asked if asked.stopped]:
            again = f"`zoomlogs verify --secops --from {min(unasked)} --to {max(unasked)}`"
            found.sentences.append(f"{self._stopped} SecOps was not asked for {spell(unasked)}: {again} does so.")
        for asked in all_asked:
            found.days[asked.day] = self._judged(asked, found.wait)
        self._look_for_raw_logs(all_asked, found)
        is_empty = not any(matched.in_secops or matched.others for matched in compared)
        if is_empty and any(matched.lacking for matched in compared):
            found.sentences.append(
                f"SecOps has no event for {self._search.query} on these dates: `zoomlogs feed status` shows the state"
                " of the feed. If others see events there, a data access scope may hide them from you."
            )
        return found

    def _judged(self, asked: _Asked, limit: float) -> SecopsDay:
        matched = asked.matched
        if matched is None:
            note = "Not checked." if asked.stopped else f"Not checked: {asked.refusal}"
            return SecopsDay(SecopsState.NOT_CHECKED, note=note)
        late = [each for each in matched.lacking if asked.at - each.written > limit]
        soon = [each for each in matched.lacking if asked.at - each.written <= limit]
        doubled = matched.doubled.total()
        state = SecopsState.EQUAL
        if late or doubled:
            state = SecopsState.DIFFERENT
        elif asked.timeless:
            state = SecopsState.NOT_CHECKED
        elif soon:
            state = SecopsState.NOT_YET
        return SecopsDay(
            state,
            matched.in_secops,
            len(late),
            doubled,
            len(soon),
            matched.others,
            matched.changed,
            matched.way,
            matched.fields,
            _delay(matched.since_record),
            _delay(matched.since_written),
            " ".join(_notes(asked, matched, late)),
            _differences(asked.find, late, soon, matched.doubled),
        )

    def _look_for_raw_logs(self, all_asked: Sequence[_Asked], found: Findings) -> None:
        """Note how many of the missing records have a raw log, from which the parser made no event."""
        written = [
            each.written.timestamp()
            for day in found.days.values()
            for each in day.differences
            if each.kind is SecopsKind.MISSING and each.written
        ]
        if not written:
            return
        start = datetime.fromtimestamp(min(written), UTC).replace(microsecond=0)
        until = datetime.fromtimestamp(max(asked.at for asked in all_asked), UTC) + timedelta(seconds=1)
        try:
            snippets = Counter(self._search.unparsed(start, until))
        except RefusedError as refusal:
            found.sentences.append(f"Whether the missing are raw logs without an event is not known: {refusal}")
            return
        for day, result in found.days.items():
            count = _with_a_raw_log(result.differences, snippets)
            if count:
                named = sum(each.count for each in result.differences if each.kind is SecopsKind.MISSING)
                of = "the missing" if named == result.missing else f"{named:,} of the missing"
                note = f"Of {of}, SecOps has {count:,} as raw logs only: its parser made no event of them."
                found.days[day] = replace(result, note=f"{result.note} {note}".strip())


def _delay(seconds: Sequence[float]) -> Delay | None:
    return Delay(*delay(seconds)) if seconds else None


def _notes(asked: _Asked, matched: Matched, late: Sequence[Delivery]) -> Iterable[str]:
    if matched.way is Way.SECOND:
        yield (
            "SecOps' parser changes the fields, so the events were only counted, second by second:"
            " `zoomlogs udm --tenant` shows the differences."
        )
    elif matched.lost:
        yield (
            f"SecOps' parser changes {listed(matched.lost)}, so the events were matched by the second and by"
            f" {listed(matched.fields)}: `zoomlogs udm --tenant` shows the differences."
        )
    if matched.crowded:
        yield (
            "Few events have the fields of the records. Events of other sources fall into the same seconds, so they"
            " were not counted second by second: if SecOps' parser changes the fields, which `zoomlogs udm --tenant`"
            " shows, the missing records may be there. Set a label for the feed (feed.labels) to search for its events"
            " only."
        )
    if matched.changed:
        records = "1 record was" if matched.changed == 1 else f"{matched.changed:,} records were"
        yield f"{records} matched by the second and all fields but one, which SecOps' parser changes."
    if matched.others:
        yield f"{matched.others:,} other events of this log type match no record of this archive."
    if matched.others and late and not matched.in_secops and not matched.crowded:
        yield "The parser may have read another time: `zoomlogs udm --tenant` shows the differences."
    if asked.timeless:
        yield f"{asked.timeless:,} records have no time, so SecOps has them under the time at which it received them."


def _differences(
    find: Find, late: Sequence[Delivery], soon: Sequence[Delivery], doubled: Mapping[tuple[bytes, ...], int]
) -> tuple[SecopsDifference, ...]:
    found: list[tuple[SecopsKind, tuple[bytes, ...], int, float]] = []
    for kind, lacking in ((SecopsKind.MISSING, late), (SecopsKind.NOT_YET, soon)):
        counts = Counter(each.name for each in lacking)
        written = {each.name: each.written for each in lacking}
        found += [(kind, (name,), counts[name], written[name]) for name in sorted(counts)[:RECORDS_KEPT]]
    found += [(SecopsKind.DOUBLED, names, doubled[names], 0.0) for names in sorted(doubled)[:RECORDS_KEPT]]
    records = find({name for _, names, _, _ in found for name in names}) if found else {}
    return tuple(sorted((_difference(*each, records) for each in found), key=_by_kind_and_time))


def _difference(
    kind: SecopsKind, names: Sequence[bytes], count: int, written: float, records: Mapping[bytes, Record]
) -> SecopsDifference:
    at = datetime.fromtimestamp(written, UTC) if written else None
    if len(names) == 1:
        return SecopsDifference(kind, count, names[0].hex(), records.get(names[0]), at)
    candidates = tuple(records[name] for name in names[:CANDIDATES_KEPT] if name in records)
    return SecopsDifference(kind, count, "", None, at, candidates)


def _by_kind_and_time(difference: SecopsDifference) -> tuple[str, str, str]:
    record = difference.record or next(iter(difference.candidates), {})
    return difference.kind, str(record.get("time", "")), difference.fingerprint


def _with_a_raw_log(differences: Iterable[SecopsDifference], snippets: Counter[str]) -> int:
    """Count the missing records with a line that begins like an unparsed raw log; each log counts once."""
    count = 0
    for each in differences:
        if each.kind is not SecopsKind.MISSING or not each.record:
            continue
        text = line(each.record).decode()
        for snippet in [known for known in snippets if (start := known.rstrip("….\n")) and text.startswith(start)]:
            taken = min(each.count, snippets[snippet])
            snippets[snippet] -= taken
            count += taken
    return count
