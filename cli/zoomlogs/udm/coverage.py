"""Counts which UDM fields many records yield, and what is left over."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from rich.text import Text

from ..console import cell, table
from ..mapping.event_types import EVENT_TYPES
from ..mapping.events import holds, text
from ..mapping.rows import OPERATION_DETAIL, ROWS, SIGN_IN_ROWS, TIME, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType
    from rich.table import Table

    from ..mapping.events import Preview
    from .sources import Record

DISTINCT = 1000  # shapes and names are counted apart, which bounds the memory
SHOWN = 20
SHAPE_CHARACTERS = 160
OTHERS = "\n"  # which no text has that is counted

# How long UDM lets these fields be. Source: Google SecOps, UDM usage guide.
DESCRIPTION_BYTES = 1024
EVENT_TYPE_BYTES = 64

NO_TIME = "no usable time: SecOps then takes the time at which it received the record"
LONG_DESCRIPTION = f"operation_detail over {DESCRIPTION_BYTES} bytes: UDM allows metadata.description no more"
LONG_EVENT_TYPE = f"action over {EVENT_TYPE_BYTES} bytes: UDM allows metadata.product_event_type no more"
UNKNOWN_EVENT_TYPE = "event_type that UDM does not have: ignored"
NO_PRINCIPAL = "USER_UNCATEGORIZED without operator: UDM requires a principal there"
GLUED = "records glued on one line: SecOps takes the line for one log that it cannot read"

# Rows that the event itself shows; several rows of a detail may have filled one field.
_IN_EVENT = [row for row in ROWS if row.source in ("record", "constant", "derived")]
_NUMBER_OR_NAME = re.compile(r'"[^"]*"|“[^”]*”|[^\s@"]+@[^\s@",;)]+|\d+(?:[.,/:-]\d+)*')


class Tally:
    """Counts texts, of at most so many `distinct` ones; any further one is among the others."""

    def __init__(self, distinct: int = DISTINCT) -> None:
        self._distinct = distinct
        self._counts: Counter[str] = Counter()

    def add(self, text: str) -> None:
        """Count a text."""
        known = text in self._counts or len(self._counts) < self._distinct
        self._counts[text if known else OTHERS] += 1

    def most_frequent(self, most: int | None = None) -> tuple[list[tuple[str, int]], int]:
        """Return the most frequent texts with their counts, and the count of all others."""
        counts = sorted((-count, text) for text, count in self._counts.items() if text != OTHERS)
        rest = -sum(count for count, _ in counts[most:]) if most is not None else 0
        return [(text, -count) for count, text in counts[:most]], self._counts[OTHERS] + rest


class Coverage:
    """The counts of the records so far."""

    def __init__(self) -> None:
        self.records = 0
        self.notes: Counter[str] = Counter()
        self.unsplit = Tally()
        self.unmapped = Tally()
        self._rows: Counter[Row] = Counter()
        self._fields: Counter[str] = Counter()

    def add(self, record: Record, preview: Preview) -> None:
        """Count a record and its event."""
        self.records += 1
        rows = {row for row, _ in preview.values}
        rows.update(row for row in _IN_EVENT if holds(preview.event, row))
        self._rows.update(rows)
        self._fields.update({row.udm for row in rows})
        self.notes.update(_notes(record, preview, rows))
        if not preview.detail.split:
            self.unsplit.add(shape(text(record.get("operation_detail"))))
        for name in preview.detail.unmapped:
            self.unmapped.add(shape(name))

    def as_json(self) -> dict[str, Any]:
        """Return everything, for a program."""
        (unsplit, unsplit_others), (unmapped, unmapped_others) = map(Tally.most_frequent, (self.unsplit, self.unmapped))
        return {
            "records": self.records,
            "fields": [
                {"udm": udm, "records": count, "share": self._share(count), "from": raw}
                for udm, count, raw in self._by_field()
            ],
            "unsplit": [{"shape": found, "count": count} for found, count in unsplit],
            "unsplit_others": unsplit_others,
            "unmapped": [{"name": name, "count": count} for name, count in unmapped],
            "unmapped_others": unmapped_others,
            "notes": dict(self.notes),
        }

    def tables(self) -> Iterator[RenderableType]:
        """Yield what to show to people."""
        heads, numbers = ("UDM field", "records", "share", "from"), ("records", "share")
        fields = table(f"UDM fields of {self.records} records", *heads, numbers=numbers)
        for udm, count, raw in self._by_field():
            of = ", ".join(name if len(raw) == 1 else f"{name} {part}" for name, part in raw.items())
            fields.add_row(udm, str(count), f"{self._share(count):.1%}", of, style=None if count else "dim")
        yield fields
        yield from _counts_table("Details that could not be split", "shape", *self.unsplit.most_frequent(SHOWN))
        title = "Fields in details that the mapping table has no row for"
        yield from _counts_table(title, "name", *self.unmapped.most_frequent(SHOWN))
        yield from _counts_table("Notes", "note", self.notes.most_common())

    def _by_field(self) -> Iterator[tuple[str, int, dict[str, int]]]:
        """Yield each UDM field of the table, how many records yield it, and of which raw field how many."""
        rows = [*ROWS, *(row for row in SIGN_IN_ROWS if self._rows[row])]
        for udm in dict.fromkeys(row.udm for row in rows):
            raw: Counter[str] = Counter()
            for row in rows:
                if row.udm == udm:
                    raw[row.raw] += self._rows[row]
            yield udm, self._fields[udm], dict(raw)

    def _share(self, count: int) -> float:
        return round(count / self.records, 6) if self.records else 0.0


def shape(detail: str) -> str:
    """Return a detail with its addresses, numbers, quoted text and JSON left out, so that like ones count as one."""
    start = detail[:SHAPE_CHARACTERS] + ("…" if len(detail) > SHAPE_CHARACTERS else "")
    plain, bracket, _ = start.partition("[{")
    return " ".join((_NUMBER_OR_NAME.sub(_stand_in, plain) + ("‹json›" if bracket else "")).split())


def _stand_in(found: re.Match[str]) -> str:
    return "‹e-mail›" if "@" in found[0] else "‹n›" if found[0][0].isdigit() else "‹text›"


def _notes(record: Record, preview: Preview, rows: set[Row]) -> Iterator[str]:
    """Yield what may go wrong in SecOps with a record's event."""
    metadata = preview.event["metadata"]
    if TIME not in rows:
        yield NO_TIME
    if OPERATION_DETAIL in rows and _exceeds(metadata["description"], DESCRIPTION_BYTES):
        yield LONG_DESCRIPTION
    if _exceeds(metadata.get("productEventType", ""), EVENT_TYPE_BYTES):
        yield LONG_EVENT_TYPE
    if (given := text(record.get("event_type")).strip()) and given not in EVENT_TYPES:
        yield UNKNOWN_EVENT_TYPE
    if metadata["eventType"] == "USER_UNCATEGORIZED" and "principal" not in preview.event:
        yield NO_PRINCIPAL


def _exceeds(value: str, limit: int) -> bool:
    """Tell whether a text has more bytes; a lone surrogate counts three, as U+FFFD does, which is sent in its place."""
    return len(value) > limit or (len(value) * 4 > limit and len(value.encode("utf-8", "surrogatepass")) > limit)


def _counts_table(title: str, what: str, counts: list[tuple[str, int]], others: int = 0) -> Iterator[Table]:
    if counts:
        shown = table(title, what, "records", numbers=("records",))
        for found, count in counts:
            shown.add_row(cell(found), str(count))
        if others:
            shown.add_row(Text("others", style="italic"), str(others))
        yield shown
