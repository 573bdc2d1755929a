"""A record that waits to be published."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .records import line, same

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from .records import Record, Row


@dataclass(slots=True)
class PendingRecord:
    """A record that the archive should have `count` times. `line` has no line end, `time` is in UTC.

    `variants` has the whole rows if a page has shown rows of this identity that differ in other fields.
    """

    line: bytes
    fingerprint: bytes
    time: datetime | None
    count: int
    variants: list[Record] = field(default_factory=list)

    @classmethod
    def of(cls, row: Row) -> PendingRecord:
        """Return the pending record of a page's row, which `show` has yet to count."""
        return cls(line(row.record), row.fingerprint, row.time, 0)

    def show(self, rows: Sequence[Record]) -> int:
        """Count the rows of this identity on a page; return the number of bytes by which the record grew.

        A record exists as often as one page shows it: of rows that differ, those of the page with the most rows count.
        """
        before, more = self.count, len(rows) > self.count
        self.count = max(self.count, len(rows))
        grown = len(self.line) * (self.count - before)
        if len(rows) == 1 or not (more or not self.variants) or all(same(row, rows[0]) for row in rows):
            return grown
        self.variants = list(rows)
        return grown + sum(len(line(row)) for row in rows)


MissingLine = tuple[PendingRecord, bytes]
"""A record, and a line of it that the archive lacks."""
