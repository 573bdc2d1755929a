"""What differs: Zoom and the archive as multisets of records."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from zoom_operationlogs.reports import OPERATION_LOGS

from ..secops.result import SecopsState

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date, datetime

    from zoom_operationlogs.records import Record
    from zoom_operationlogs.reports import Report

    from ..secops.result import Findings, SecopsDay


class State(StrEnum):
    """The verdict on a date."""

    EQUAL = "equal"
    DIFFERENT = "different"
    NOT_READ_YET = "not read yet"  # differs by missing records only, and the collector owes the date a sweep
    UNCHECKED = "unchecked"


# Of each state: its mark, its style on a terminal, and its class on the page.
SHOWN_AS = {
    State.EQUAL: ("✓", "green", "equal"),
    State.DIFFERENT: ("✗", "bold red", "different"),
    State.NOT_READ_YET: ("…", "yellow", "owed"),
    State.UNCHECKED: ("?", "yellow", "unchecked"),
}
OF_SECOPS = {
    SecopsState.EQUAL: State.EQUAL,
    SecopsState.NOT_YET: State.NOT_READ_YET,
    SecopsState.DIFFERENT: State.DIFFERENT,
    SecopsState.NOT_CHECKED: State.UNCHECKED,
}


class Kind(StrEnum):
    """How a record differs."""

    MISSING = "missing"
    REPEATED = "repeated"
    DELETED = "deleted"


@dataclass(frozen=True)
class Accepted:
    """A repeat that somebody has investigated: how often of which record, why, and until when that counts."""

    day: date
    fingerprint: str
    reason: str
    count: int = 1
    until: date | None = None

    def counts(self, today: date) -> bool:
        """Tell whether it still counts."""
        return self.until is None or today <= self.until


@dataclass(frozen=True)
class Difference:
    """A record that is in the archive `count` times too few or too many, or only behind a delete marker.

    `accepted` is the reason in --accept. `record` is None where neither side showed it a second time.
    """

    kind: Kind
    count: int
    fingerprint: str
    record: Record | None
    accepted: str = ""


@dataclass(frozen=True)
class Diff:
    """How many of each record are missing, repeated, deleted or not yet due."""

    missing: Mapping[bytes, int]
    repeated: Mapping[bytes, int]
    not_due: int
    deleted: Mapping[bytes, int] = field(default_factory=dict)

    @property
    def differs(self) -> bool:
        """Tell whether there is any difference."""
        return bool(self.missing or self.repeated or self.deleted)


def compare(
    zoom: Mapping[bytes, int],
    archive: Mapping[bytes, int],
    recent: Collection[bytes],
    hidden: Mapping[bytes, int] | None = None,
) -> Diff:
    """Compare Zoom's records with the delivered ones; a missing one of the `recent` is not yet due.

    Of the archive, the `hidden` are behind delete markers. They are deleted as far as the readable are fewer than Zoom
    has, or none; the others are ignored.
    """
    deleted = {}
    if hidden:
        archive = dict(archive)
        for name, behind in hidden.items():
            readable = archive[name] - behind
            archive[name] = max(readable, min(archive[name], max(1, zoom.get(name, 0))))
            if archive[name] > readable:
                deleted[name] = archive[name] - readable
    lacking = {name: count - archive.get(name, 0) for name, count in zoom.items() if count > archive.get(name, 0)}
    return Diff(
        missing={name: count for name, count in lacking.items() if name not in recent},
        repeated={name: count - zoom.get(name, 0) for name, count in archive.items() if count > zoom.get(name, 0)},
        not_due=sum(count for name, count in lacking.items() if name in recent),
        deleted=deleted,
    )


@dataclass(frozen=True)
class DayResult:
    """A row of the table; `in_archive` is what a reader can read, or what was delivered to a feed that deletes.

    `accepted` counts those of the repeated that --accept has, `taken_for_delivered` those of the missing that no
    backfill would write. `owed` tells whether the collector owes the date. `repeats` has all repeated fingerprints.
    """

    date: date
    state: State
    in_zoom: int = 0
    in_archive: int = 0
    missing: int = 0
    repeated: int = 0
    deleted: int = 0
    accepted: int = 0
    late: int = 0
    not_due: int = 0
    taken_for_delivered: int = 0
    owed: bool = False
    note: str = ""
    differences: tuple[Difference, ...] = ()
    repeats: frozenset[str] = frozenset()
    secops: SecopsDay | None = None

    @property
    def is_checked(self) -> bool:
        """Tell whether it could be checked."""
        return self.state is not State.UNCHECKED

    @property
    def overall(self) -> State:
        """The verdict of Zoom, archive and SecOps together: the worst."""
        if self.secops is None or self.state in (State.DIFFERENT, State.UNCHECKED):
            return self.state
        of_secops = OF_SECOPS[self.secops.state]
        return of_secops if self.state is State.EQUAL or of_secops is not State.EQUAL else self.state


@dataclass(frozen=True)
class Totals:
    """The sums over the dates: in Zoom is in the archive, missing, deleted and not due, less repeated."""

    in_zoom: int
    in_archive: int
    missing: int
    repeated: int
    deleted: int
    accepted: int
    late: int
    not_due: int


@dataclass(frozen=True)
class Result:
    """All dates, and the sentence that says why some could not be checked."""

    bucket: str
    prefix: str
    zoom_account: str
    began: datetime
    ended: datetime
    days: Sequence[DayResult] = field(default_factory=tuple)
    stopped: str = ""
    accepted: Sequence[Accepted] = ()
    secops: Findings | None = None
    report: Report = OPERATION_LOGS

    @property
    def archive_equal(self) -> bool:
        """Tell whether every date was checked and none differs between Zoom and the archive."""
        return all(day.state is State.EQUAL for day in self.days)

    @property
    def equal(self) -> bool:
        """Tell whether that holds, and for SecOps too if it was asked; what is not there yet is no difference."""
        return self.archive_equal and all(day.secops is None or day.secops.state.is_well for day in self.days)

    @property
    def totals(self) -> Totals:
        """Sum up the dates that were checked."""
        return Totals(**{each.name: sum(getattr(day, each.name) for day in self.days) for each in fields(Totals)})

    def with_second_look(
        self, days: Sequence[DayResult], stopped: str, ended: datetime, findings: Findings | None = None
    ) -> Result:
        """Return the result after some of the dates were verified again."""
        again = {day.date: day for day in days}
        looked = tuple(again.get(day.date, day) for day in self.days)
        secops = self.secops.with_second_look(findings) if self.secops and findings else self.secops
        told = " ".join(filter(None, [self.stopped, stopped]))
        return replace(self, days=looked, stopped=told, ended=ended, secops=secops)

    def dates(self, *states: State) -> list[date]:
        """Return the dates of these states."""
        return [day.date for day in self.days if day.state in states]
