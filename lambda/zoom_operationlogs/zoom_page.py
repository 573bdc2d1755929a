"""Reads a page of the report. A row that cannot be read is set aside, and does not block the others."""

from __future__ import annotations

import json
import math
import os
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .bounds import DEPTH, MOST_CONTAINERS, PAGE_BYTES, containers, size
from .errors import UnreadableRowsError, UnusableAnswerError
from .records import encodable, line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from .records import Record
    from .reports import Report

MOST_TOKENS = 4_000_000  # strings and brackets of a page
LONGEST_LINE = PAGE_BYTES  # in an object
LONGEST_TOKEN = 64 * 2**10
NESTED_TOO_DEEPLY, NOT_UTF_8 = "nested too deeply", "not UTF-8"
TOO_MANY_VALUES, TOO_LONG = "with too many arrays and objects", f"longer than {size(LONGEST_LINE)}"
ROW_DEPTH = 2  # a row is in a list in an object

# A string, also without an end: otherwise the search for the end would start again at each escaped quote in it.
_TOKENS = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[{]++|[\]}]++', re.DOTALL)
_NOT_UTF_8 = re.compile("[\udc80-\udcff]+")  # such bytes after the error handler surrogateescape


@dataclass(frozen=True)
class Unreadable:
    """Replaces a value that cannot be read, and says why."""

    why: str


@dataclass(frozen=True)
class Page:
    """One page of the report, newest record first; `next_token` is empty on the last page.

    `unreadable` counts the rows that were set aside, by the reason.
    """

    records: list[Record]
    next_token: str
    unreadable: Counter[str] = field(default_factory=Counter)


def page_of(body: bytes, report: Report) -> Page:
    """Return the page in the body of an answer. Raises `UnusableAnswerError` if there is none."""
    try:
        answer, marks = _parse(body)
    except (ValueError, RecursionError):
        raise UnusableAnswerError("the answer is not JSON") from None
    rows = answer.get(report.rows) if isinstance(answer, dict) else None
    if not isinstance(rows, list):
        raise UnusableAnswerError("the answer contains no list of records")
    token = answer.get("next_page_token")
    page = Page([], "" if token is None else _page_token(token, marks))
    may_grow = len(body) > LONGEST_LINE // 8  # as a line, 1e15 becomes 1000000000000000.0
    for row in rows:
        why = why_unreadable(row, marks)
        if why or (may_grow and len(line(row)) > LONGEST_LINE):
            page.unreadable[why or TOO_LONG] += 1
        else:
            page.records.append(row)
    return page


def rows_set_aside(rows: Mapping[tuple[date, date, str], int]) -> UnreadableRowsError | None:
    """Return the error of a run that set these rows aside, None without any; the keys are the requested first and last
    date, and the reason."""
    if not rows:
        return None
    first, last = min(first for first, _, _ in rows), max(last for _, last, _ in rows)
    reasons: Counter[str] = Counter()
    for (_, _, why), count in rows.items():
        reasons[why] += count
    why = ", ".join(f"{count} {why}" for why, count in reasons.most_common())
    return UnreadableRowsError(
        f"Zoom's report of {first} to {last} holds unreadable rows ({why}): they were set aside, and all other records"
        " that this run read were collected."
    )


def why_unreadable(row: Any, marks: Mapping[str, str]) -> str:
    """Return why a row cannot be read, "" if it can; `marks` are strings that stand for a reason."""
    if not isinstance(row, dict):
        return "not an object"
    if not marks and set(map(type, row.values())) == {str}:
        return ""  # like nearly all rows
    level: list[Any] = [row]
    for _ in range(DEPTH):
        children = [child for parent in level for child in (parent.values() if isinstance(parent, dict) else parent)]
        if marks:
            names = [name for parent in level if isinstance(parent, dict) for name in parent]
            for text in (*names, *(child for child in children if isinstance(child, str))):
                for mark, why in marks.items():
                    if mark in text:
                        return why
        for child in children:
            if isinstance(child, Unreadable):
                return child.why
        level = [child for child in children if isinstance(child, dict | list)]
        if not level:
            return ""
    return NESTED_TOO_DEEPLY


def _parse(body: bytes) -> tuple[Any, dict[str, str]]:
    """Return the value of the JSON text, and the marks in it.

    An `Unreadable`, or a string with a mark, replaces what is not JSON, numbers out of Python's range, and what is not
    UTF-8, nested too deeply, or has too many arrays and objects. Raises ValueError for any other text that is not JSON,
    and `UnusableAnswerError` for one with more rows than a page can have.
    """
    marks: dict[str, str] = {}
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = _NOT_UTF_8.sub(_new_mark(marks, NOT_UTF_8), body.decode("utf-8-sig", "surrogateescape"))
    if containers(text) > MOST_CONTAINERS:  # each costs memory, however small it is; a page has 300 rows
        text = _prune(text, ROW_DEPTH + 1, f'"{_new_mark(marks, TOO_MANY_VALUES)}"')
        if containers(text) > MOST_CONTAINERS:
            raise UnusableAnswerError("the answer contains more rows than a page can have")
    try:
        return _loads(text), marks
    except RecursionError:
        return _loads(_prune(text, DEPTH + ROW_DEPTH, f'"{_new_mark(marks, NESTED_TOO_DEEPLY)}"')), marks


def _new_mark(marks: dict[str, str], why: str) -> str:
    mark = os.urandom(16).hex()  # no text from Zoom contains it
    marks[mark] = why
    return mark


def _loads(text: str) -> Any:
    return json.loads(text, parse_constant=_constant, parse_float=_float, parse_int=_int)


def _prune(text: str, depth: int, instead: str) -> str:
    """Return the JSON text with `instead` in place of each array and object inside `depth` others."""
    pieces, level, kept_to, cut_from = [], 0, 0, 0
    for seen, token in enumerate(_TOKENS.finditer(text)):
        if seen > MOST_TOKENS:
            raise UnusableAnswerError("the answer contains more values than a page can have")
        if token[0][0] in "[{":
            if level <= depth < level + len(token[0]):
                cut_from = token.start() + depth - level
            level += len(token[0])
        elif token[0][0] in "]}":
            if level - len(token[0]) <= depth < level:
                pieces += [text[kept_to:cut_from], instead]
                kept_to = token.start() + level - depth
            level -= len(token[0])
    return "".join([*pieces, text[kept_to:]])


def _page_token(token: Any, marks: Mapping[str, str]) -> str:
    if isinstance(token, str) and len(token) <= LONGEST_TOKEN and encodable(token) and not any(map(token.count, marks)):
        return token
    raise UnusableAnswerError("the answer contains no usable page token")


def _constant(name: str) -> Unreadable:
    return Unreadable(f"with {name}")


def _float(number: str) -> float | Unreadable:
    value = float(number)
    return Unreadable("with a number out of range") if math.isinf(value) else value


def _int(number: str) -> int | Unreadable:
    try:
        return int(number)
    except ValueError:  # longer than sys.get_int_max_str_digits()
        return Unreadable("with a number of too many digits")
