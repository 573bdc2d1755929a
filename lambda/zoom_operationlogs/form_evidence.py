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
    """How many rows the archive does not know, how many records it holds in the seconds next to theirs, how many such
    seconds there are, and in how many of them Zoom shows the archived records as they are."""

    strange: int = 0
    archived: int = 0
    seconds: int = 0
    known: int = 0

    @property
    def replaced(self) -> bool:
        """Whether Zoom no longer shows the archived records as they are."""
        return self.seconds > SHARE * self.known

    @property
    def shown(self) -> bool:
        """Whether Zoom shows the archived records as they are: some may be gone."""
        return SHARE * self.known >= (SHARE - 1) * self.seconds

    def enough(self, least: int) -> bool:
        """Return whether this is no coincidence."""
        return self.strange >= least and self.archived >= least

    def __add__(self, other: object) -> Evidence:
        return Evidence(*map(sum, zip(self, other, strict=True))) if isinstance(other, Evidence) else NotImplemented


class Standing(NamedTuple):
    """For how many archived records a row stands, and what these share with it: the second, all but the time."""

    second: datetime | None
    rest: bytes
    records: int


@dataclass
class Seen:
    """What the run has seen of a date.

    `span`, `seq` and `seconds` are what the archive held when the run first published: the first and last time, the
    number of the last object, and the records of each second. `known` counts the rows that the archive knows by their
    second, `untimed` those without a time; `as_archived` is the first time of those that it holds in this form.
    `strange` holds the times of the suspicious rows, `found` what they say, and `held` the times of those that were not
    published. `standing` says of each row that an accept has shown for how many archived records it stands, and of
    which second; `edge` holds the seconds of the last rows that an earlier run has shown to it.
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
