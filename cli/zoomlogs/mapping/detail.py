"""Parses Zoom's operation_detail: the user that it concerns, the fields that changed, and the JSON in it.

The grammar, as published records show it:

    Update User ana@example.com  - Job Title: set to Lead - User Role: from Member to Admin
    Change Role  - ana@example.com: from User to Co-Owner
    Scheduling Privilege  - [{"userId":"u1","assistant":"bo@example.com","options":["schedule"]}]

A head, then pieces after ` - `, most of them `name: value`. Nothing is quoted, so a value may contain ` - ` and `: `: a
piece that begins no field belongs to the value before it.
"""

from __future__ import annotations

import json
import re
from typing import Any

from .rows import DETAIL_ROWS, EMAIL, EMAIL2, EMAIL_ADDRESS, ROLE, Row, Value

# Where a piece may end, or JSON may begin. Each alternative is tried at a place once, and none looks far ahead.
_CUT = re.compile(
    r" -(?= |$)"
    r"|[,;] (?=(?i:" + "|".join(map(re.escape, DETAIL_ROWS)) + r"):)"  # commas, only before a name of the table
    r"|\[\s*\{\s*[\"}]"
)
_PARTS = re.compile(r"[^,;:()<>\[\]{}\"]+")  # of a word; one class of characters: nothing to go back to
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+")

JSON_ATTEMPTS = 16

# Numbers come as they are spelt: no limit of digits, no loss of precision.
_decode = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str).raw_decode


def new_value(value: str) -> str:
    """Return what a field became: B of `from A to B` and of `set to B`, else the value itself."""
    value = value.strip()
    if value.startswith("from "):
        _, arrow, new = value[4:].partition(" to ")
        if arrow:
            return new.strip()
        return "" if value.endswith(" to") else value
    if value == "set to" or value.startswith("set to "):
        return value[6:].strip()
    return value


def addresses(text: str) -> list[str]:
    """Return the e-mail addresses in a text, in order."""
    if "@" not in text:
        return []
    parts = [part.strip(".'") for word in text.split() if "@" in word for part in _PARTS.findall(word)]
    return [part for part in parts if _EMAIL.fullmatch(part)]


def is_address(text: str) -> bool:
    """Tell whether the whole text is one e-mail address."""
    return _EMAIL.fullmatch(text) is not None


class Detail:
    """An operation_detail, parsed in one pass; any text is accepted.

    `values` are the table's fields with their new values, in order; `json_data` the elements of the JSON arrays;
    `unmapped` the names of fields without a row in the table; `split` tells whether every part was assigned.
    """

    def __init__(self, detail: str) -> None:
        self.values: list[Value] = []
        self.json_data: list[Any] = []
        self.unmapped: list[str] = []
        self.split = True
        self._detail = detail
        self._about_roles = False
        self._attempts = 0
        # The field whose value may continue: its row (None outside the table), and where its value is.
        self._is_open = False
        self._row: Row | None = None
        self._start = self._end = 0
        self._is_change = False  # its value is `from A to B` or `set to B`
        self._scan(detail)

    def _scan(self, detail: str) -> None:
        start, at, head = 0, 0, True
        json_at = -1  # where JSON begins in this piece
        while cut := _CUT.search(detail, at):
            end, at = cut.span()
            if detail[end] == "[":
                at = self._json(end)
                json_at = end if json_at < 0 else json_at
                continue
            self._piece(start, end, json_at, head)
            start, json_at, head = at, -1, False
        self._piece(start, len(detail), json_at, head)
        self._close()

    def _json(self, start: int) -> int:
        """Add the JSON array that begins here; return where to read on.

        Text that is not JSON is skipped as far as it could be read, so that no text is read twice. The number of such
        attempts is limited, because each takes longer the further back it is.
        """
        if self._attempts == JSON_ATTEMPTS:
            return start + 1
        try:
            array, end = _decode(self._detail, start)
        except json.JSONDecodeError as error:
            self._attempts += 1
            return max(error.pos, start + 1)
        except RecursionError:
            return len(self._detail)
        was_old = self._detail[max(0, start - 5) : start] == "from " and self._detail[end : end + 4].rstrip() == " to"
        if not was_old:
            self.json_data += array
        return end

    def _piece(self, start: int, end: int, json_at: int, head: bool) -> None:
        """Assign the piece: it is the head, a field, the rest of a value, or e-mail addresses."""
        text_end = end if json_at < 0 else json_at
        colon = self._detail.find(":", start, text_end)
        if colon >= 0 and self._field(start, colon, text_end, end, head):
            return
        if self._is_open:
            if self._detail[start:end].strip():
                self._end = end
            return
        text = self._detail[start:text_end]
        found = addresses(text)
        if head:  # what was done, to whom
            self.values += [(EMAIL, address) for address in found]
            self._about_roles = "role" in text.lower()
            alone = end == len(self._detail) and json_at < 0
            self.split = not alone or bool(found) or not text.strip()
        else:
            self.values += [(EMAIL2, address) for address in found]
            self.split = self.split and (bool(found) or not text.strip())

    def _field(self, start: int, colon: int, text_end: int, end: int, head: bool) -> bool:
        """Begin the field that the piece names; return False if it names none."""
        detail = self._detail
        row = DETAIL_ROWS.get(detail[start:colon].strip().lower())
        if row is None:
            if head:
                return False
            colon = self._end_of_name(colon, text_end)
            if colon < 0:
                return False
            name = detail[start:colon].strip()
            found = addresses(name)
            if not (found or self._may_name(name, colon + 1, end)):
                return False
            self._close()
            if found:
                self.values += [(EMAIL2, address) for address in found]
                row = ROLE if self._about_roles else None
            else:
                self.unmapped.append(name)
        else:
            self._close()
        self._is_open, self._row, self._start, self._end = True, row, colon + 1, end
        self._is_change = self._changes(colon + 1, end)
        return True

    def _end_of_name(self, colon: int, text_end: int) -> int:
        """Return the colon that ends a name outside the table: one before a space or the end, as in no URL or time."""
        spaced = self._detail.find(": ", colon, text_end)
        if spaced >= 0:
            return spaced
        return text_end - 1 if self._detail[text_end - 1] == ":" else -1

    def _may_name(self, name: str, start: int, end: int) -> bool:
        """Tell whether a name outside the table begins a field: Zoom capitalises names, and writes either all fields of
        a detail as changes or none."""
        if not name:
            return False
        return self._changes(start, end) or not (name[0].islower() or (self._is_open and self._is_change))

    def _changes(self, start: int, end: int) -> bool:
        """Tell whether a value says what changed."""
        return self._detail[start : min(start + 8, end)].lstrip().startswith(("from ", "set to"))

    def _close(self) -> None:
        """Note the value of the field that ends here, unless it is empty."""
        row = self._row
        if self._is_open and row:
            value = new_value(self._detail[self._start : self._end])
            if row is EMAIL_ADDRESS or row is EMAIL or row is EMAIL2:
                self.values += [(row, address) for address in addresses(value) or [value] if address]
            elif value:
                self.values.append((row, value))
        self._is_open = False
