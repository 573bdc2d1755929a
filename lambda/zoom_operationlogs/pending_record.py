"""A record that waits to be published."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .records import line, not_archived

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from .records import Record, Row


@dataclass(slots=True)
class PendingRecord:
    """A record that the archive should hold `count` times. `line` has no line end, `time` is in UTC.

    `variants` holds the whole rows if a page has shown rows of this identity that differ in other fields.
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

    def differs(self, row: Record) -> bool:
        """Return whether a row of this identity is another record: fields that only one of the two has do not tell."""
        known = json.loads(self.line)
        return bool(not_archived([row], [known]) and not_archived([known], [row]))

    def show(self, rows: Sequence[Record], *, differ: bool) -> int:
        """Take in the rows of this identity on a page, which differ in other fields or not.

        Returns the number of bytes by which the record grew.
        """
        shown_before, self.count = self.count, max(self.count, len(rows))
        if not differ and not self.variants:
            return 0
        if not self.variants:
            self.variants = [json.loads(self.line)] * shown_before
        more = not_archived(rows, self.variants)
        self.variants += more
        self.count = max(self.count, len(self.variants))
        return sum(len(line(row)) for row in more)


MissingLine = tuple[PendingRecord, bytes]
"""A record, and a line of it that the archive lacks."""
