"""Makes a UDM event of a record, every value by a row of the mapping table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from zoom_operationlogs.reports import OPERATION_LOGS

from . import rows
from .detail import Detail, is_address
from .event_types import EVENT_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zoom_operationlogs.records import Record

    from .rows import Row, Value

Event = dict[str, Any]

_as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


class Preview(NamedTuple):
    """A record's event, its values by the rows of the table, and its detail."""

    event: Event
    values: list[Value]
    detail: Detail


def event(record: Record) -> Event:
    """Return the UDM event of a record, in proto3 JSON, without fields that the table does not name."""
    return preview(record).event


def preview(record: Record) -> Preview:
    """Return a record's event, and how it came about. Every field may be missing or of any JSON type."""
    description = text(record.get("operation_detail"))
    detail = Detail(description)
    values = [*_of_sign_in(record), *detail.values]
    made = _of_record(record, description, values)
    if detail.json_data:
        first, *further = detail.json_data
        values += _of_element(rows.FIRST_ROWS, first)
        _fill(made, values)
        for element in further:
            if found := _of_element(rows.FURTHER_ROWS, element):
                made.setdefault("about", []).append(_fill({}, found)["about"])
                values += found
    else:
        _fill(made, values)
    return Preview(made, values, detail)


def holds(made: Event, row: Row) -> bool:
    """Tell whether an event has a value where a row's values go."""
    node: Any = made
    for parent in row.slot.parents:
        node = node.get(parent, {})
    return row.slot.field in node and (row.slot.kind != "entry" or row.raw in node[row.slot.field])


def line(made: Event) -> bytes:
    r"""Return an event as one line of JSON, with its line end.

    Proto strings are UTF-8, which has no lone surrogates: those become U+FFFD.
    """
    written = _as_json(made)
    try:
        return written.encode() + b"\n"
    except UnicodeEncodeError:
        return written.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode() + b"\n"


def text(value: object) -> str:
    """Return a JSON value as text: a string as it is, null as nothing, anything else as JSON."""
    if isinstance(value, str):
        return value
    try:
        return "" if value is None else _as_json(value)
    except RecursionError:  # nested deeper than the encoder goes
        return ""


def _of_record(record: Record, description: str, values: Iterable[Value]) -> Event:
    """Return an event with the constants and the values of the record's own fields."""
    operator = text(record.get("operator")).strip()
    metadata = {**_CONSTANTS, _EVENT_TYPE: event_type(record, operator, values)}
    made: Event = {"metadata": metadata}
    if time := OPERATION_LOGS.time_of(record):
        metadata[_TIME] = time.isoformat()[:19] + "Z"
    if (action := text(record.get("action"))).strip():
        metadata[_ACTION] = action
    if description.strip():
        metadata[_DESCRIPTION] = description
    if (category := text(record.get("category_type"))).strip():
        made["additional"] = {rows.CATEGORY.raw: category}
    if operator:
        _fill(made, [(rows.OPERATOR_EMAIL if is_address(operator) else rows.OPERATOR_ID, operator)])
    return made


def _of_sign_in(record: Record) -> list[Value]:
    """Return the values of a sign-in's or sign-out's fields; a record of another report has none of them."""
    return [(row, value) for row in rows.SIGN_IN_ROWS if (value := text(record.get(row.raw)).strip())]


def event_type(record: Record, operator: str, values: Iterable[Value]) -> str:
    """Return the event's type by the table's three rules; a type that UDM does not have is ignored."""
    given = text(record.get("event_type")).strip()
    if given in EVENT_TYPES:
        return given
    if operator or any(row.raw in _EMAILS for row, _ in values):
        return "USER_UNCATEGORIZED"
    return "GENERIC_EVENT"


def _of_element(wanted: Iterable[Row], element: object) -> list[Value]:
    """Return the values of an element of the JSON in a detail; a list has a value for each of its items."""
    if not isinstance(element, dict):
        return []  # such as null
    found = [(row, element.get(row.raw)) for row in wanted]
    items = [(row, item) for row, value in found for item in (value if isinstance(value, list) else [value])]
    return [(row, value) for row, item in items if (value := text(item).strip())]


def _fill(message: Event, values: Iterable[Value]) -> Event:
    """Put values into a message, and return it. A single field keeps the last value, a list has each once."""
    seen = set()
    for row, value in values:
        parents, field, kind = row.slot
        node = message
        for parent in parents:
            node = node.setdefault(parent, {})
        if kind == "one":
            node[field] = value
            continue
        if kind == "entry":
            node.setdefault(field, {})[row.raw] = value
            continue
        entry: Any = value if kind == "many" else {"name": value}
        same: tuple[object, ...] = (parents, field, value)
        if kind == "label":
            entry, same = {"key": row.raw, "value": value}, (row.raw, value)
        if same not in seen:
            seen.add(same)
            node.setdefault(field, []).append(entry)
    return message


_EMAILS = {rows.EMAIL.raw, rows.EMAIL2.raw}
_CONSTANTS: dict[str, str] = _fill({}, rows.CONSTANTS)["metadata"]
_EVENT_TYPE, _TIME, _ACTION, _DESCRIPTION = (
    row.slot.field for row in (rows.EVENT_TYPE, rows.TIME, rows.ACTION, rows.OPERATION_DETAIL)
)
