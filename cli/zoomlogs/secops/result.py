"""The result of a date in SecOps."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime

    from zoom_operationlogs.records import Record

    from .matching import Way


class SecopsState(StrEnum):
    """The verdict on a date in SecOps."""

    EQUAL = "equal"
    NOT_YET = "not yet"
    DIFFERENT = "different"
    NOT_CHECKED = "not checked"

    @property
    def is_well(self) -> bool:
        """Tell whether nothing is wrong with the date."""
        return self in (SecopsState.EQUAL, SecopsState.NOT_YET)


class SecopsKind(StrEnum):
    """How a record differs."""

    MISSING = "missing"
    NOT_YET = "not yet"
    DOUBLED = "repeated"


@dataclass(frozen=True)
class SecopsDifference:
    """A record that SecOps has `count` times too few or too many; `written` is when its object was written.

    Where it may be one of several records, these are the `candidates`, and it has no record and no fingerprint.
    """

    kind: SecopsKind
    count: int
    fingerprint: str
    record: Record | None
    written: datetime | None = None
    candidates: tuple[Record, ...] = ()


@dataclass(frozen=True)
class Delay:
    """The median and the 95th percentile, in seconds."""

    median: float
    p95: float


@dataclass(frozen=True)
class SecopsDay:
    """A date in SecOps. In SecOps = in the archive − missing − not yet + doubled."""

    state: SecopsState
    in_secops: int = 0
    missing: int = 0
    doubled: int = 0
    not_yet: int = 0
    others: int = 0
    changed: int = 0
    way: Way | None = None
    fields: tuple[str, ...] = ()
    since_record: Delay | None = None
    since_object: Delay | None = None
    note: str = ""
    differences: tuple[SecopsDifference, ...] = ()


@dataclass
class Findings:
    """All dates, and the sentences that concern more than one.

    `wait` is how many seconds an event may come after its object before it is missing.
    """

    tenant: str = ""
    query: str = ""
    namespace: str = ""
    days: dict[date, SecopsDay] = field(default_factory=dict)
    wait: float = 0.0
    sentences: list[str] = field(default_factory=list)

    def with_second_look(self, again: Findings) -> Findings:
        """Return the findings after some of the dates were asked for again."""
        told = list(dict.fromkeys([*self.sentences, *again.sentences]))
        return replace(self, days={**self.days, **again.days}, wait=again.wait, sentences=told)
