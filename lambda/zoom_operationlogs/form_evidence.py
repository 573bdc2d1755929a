"""What one run has seen of a date, from which the guard judges whether Zoom has changed the form of its records."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from .dates import Span

ENOUGH = 20
SHARE = 4


class Evidence(NamedTuple):
    """The number of rows that the archive does not know, of its records in the seconds next to theirs, of such seconds,
    and of those in which Zoom shows the archived records unchanged."""

    strange: int = 0
    archived: int = 0
    seconds: int = 0
    known: int = 0

    @property
    def replaced(self) -> bool:
        """Whether Zoom no longer shows the archived records unchanged."""
        return self.seconds > SHARE * self.known

    @property
    def shown(self) -> bool:
        """Whether Zoom shows the archived records unchanged: some may be gone."""
        return SHARE * self.known >= (SHARE - 1) * self.seconds

    def enough(self, least: int) -> bool:
        """Return whether this is more than a coincidence."""
        return self.strange >= least and self.archived >= least

    def __add__(self, other: object) -> Evidence:
        return Evidence(*map(sum, zip(self, other, strict=True))) if isinstance(other, Evidence) else NotImplemented


class Standing(NamedTuple):
    """The number of archived records that a row stands for, and what they share with it: second, all but the time."""

    second: datetime | None
    rest: bytes
    records: int


@dataclass
class Seen:
    """What the run has seen of a date.

    `span`, `seq` and `seconds` describe the archive when the run first published: the first and last time, the number
    of the last object, and the records of each second. `known` counts the rows that the archive knows by their second,
    `untimed` those without a time; `as_archived` is the first time of those that it has in this form. `strange` has the
    times of the suspicious rows, `found` the evidence in them, `held` the times of those that were not published.
    `standing` has the rows that an accepting sweep has shown; `edge` the seconds of the last rows that an earlier run
    has shown in it.
    """

    span: Span | None = None
    seq: int | None = None
    seconds: Counter[datetime] | None = None
    known: Counter[datetime] = field(default_factory=Counter)
    untimed: Counter[bytes] = field(default_factory=Counter)
    as_archived: datetime | None = None
    strange: dict[bytes, datetime | None] = field(default_factory=dict)
    found: Evidence = field(default_factory=Evidence)
    held: dict[bytes, datetime | None] = field(default_factory=dict)
    standing: dict[bytes, Standing] = field(default_factory=dict)
    edge: dict[bytes, datetime] = field(default_factory=dict)
