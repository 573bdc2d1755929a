"""Compares the preview with the events that the tenant's parser makes of the same records, field by field."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from zoom_operationlogs.records import line, utc

from ..console import cell
from ..console import table as make_table
from ..mapping.events import event

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import RenderableType

    from ..mapping.events import Event
    from ..secops.parser import Parsed, Parser
    from .sources import Record

EVENTS = "(events)"
ABOUT = "about (each element)"
ERROR = "(error)"
Values = tuple[str, ...]
EXAMPLE_CHARACTERS = 200


class Example(NamedTuple):
    """A field's values in the first record in which they differ."""

    preview: Values
    tenant: Values


class Comparison:
    """The counts of the records so far."""

    def __init__(self) -> None:
        self.records = 0
        self.equal = 0
        self.counts: Counter[str] = Counter()
        self.examples: dict[str, Example] = {}

    def add(self, made: Event, parsed: Parsed) -> None:
        """Count a record, by its preview and by the result of the tenant's parser."""
        self.records += 1
        found = differences(made, parsed)
        self.equal += not found
        for path, example in found.items():
            self.counts[path] += 1
            self.examples.setdefault(path, example)

    def as_json(self) -> dict[str, Any]:
        """Return everything, for a program."""
        return {
            "records": self.records,
            "equal": self.equal,
            "differences": [
                {"field": path, "records": count, "example": self.examples[path]._asdict()}
                for path, count in self._by_count()
            ],
        }

    def tables(self) -> Iterator[RenderableType]:
        """Yield what to show to people."""
        title = f"{self.records:,} records, of which {self.equal:,} give the event of the preview"
        if not self.counts:
            yield cell(f"{title}.")
            return
        heads = ("UDM field", "records", "preview, for example", "the tenant's parser")
        shown = make_table(title, *heads, numbers=["records"])
        for path, count in self._by_count():
            preview, tenant = self.examples[path]
            shown.add_row(cell(path), f"{count:,}", cell(_text(preview)), cell(_text(tenant)))
        yield shown

    def _by_count(self) -> list[tuple[str, int]]:
        return sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))


def compare(found: Iterator[Record], parser: Parser) -> Comparison:
    """Compare all records, as many at once as a run of the parser takes; raise `RefusedError`."""
    comparison = Comparison()
    for some in batches(found, parser.most_logs, parser.most_bytes):
        parsed = parser.run([log for _, log in some])
        for (record, _), each in zip(some, parsed, strict=True):
            comparison.add(event(record), each)
    return comparison


def batches(found: Iterator[Record], logs: int, most_bytes: int) -> Iterator[list[tuple[Record, bytes]]]:
    """Yield records with their lines: at most so many at once, and so many bytes."""
    batch: list[tuple[Record, bytes]] = []
    size = 0
    for record in found:
        log = line(record)
        if batch and (len(batch) == logs or size + len(log) > most_bytes):
            yield batch
            batch, size = [], 0
        batch.append((record, log))
        size += len(log)
    if batch:
        yield batch


def differences(made: Event, parsed: Parsed) -> dict[str, Example]:
    """Return the fields that differ, by their UDM paths."""
    if parsed.error:
        return {ERROR: Example((), (parsed.error,))}
    if len(parsed.events) != 1:
        return {EVENTS: Example(("1",), (str(len(parsed.events)),))}
    [udm] = parsed.events
    ours, theirs = fields(made), fields(udm)
    found = {
        path: Example(ours.get(path, ()), theirs.get(path, ()))
        for path in dict.fromkeys([*ours, *theirs])
        if ours.get(path, ()) != theirs.get(path, ())
    }
    # The same values may be in other elements: an assistant of one user is not that of another.
    if not found and (elements := Example(_elements(made), _elements(udm))).preview != elements.tenant:
        return {ABOUT: elements}
    return found


def fields(udm: Mapping[str, Any]) -> dict[str, Values]:
    """Return an event's values by paths as the mapping table spells them; labels have their key in brackets.

    Several values are sorted, because the order of a repeated field has no meaning in UDM.
    """
    found: dict[str, list[str]] = {}
    for path, value in _walk("", udm):
        found.setdefault(path, []).append(value)
    return {path: tuple(sorted(values)) for path, values in found.items()}


def _elements(udm: Mapping[str, Any]) -> Values:
    """Return a text for each element of `about`, with its values; sorted, as the values are."""
    elements = [sorted(fields(element).items()) for element in udm.get("about", ())]
    return tuple(sorted("; ".join(f"{path} = {', '.join(values)}" for path, values in each) for each in elements))


def _walk(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        if {"key", "value"} <= set(value):
            yield f"{path}[{value['key']}]", str(value["value"])
            for name in set(value) - {"key", "value"}:
                yield from _walk(f"{path}.{_snake_case(name)}", value[name])
        elif path == "additional":
            for key, each in value.items():
                yield f"additional.fields[{key}]", str(each)
        else:
            for name, each in value.items():
                yield from _walk(f"{path}.{_snake_case(name)}" if path else _snake_case(name), each)
    elif isinstance(value, list):
        for each in value:
            yield from _walk(path, each)
    elif path.endswith("_timestamp") and (time := utc(value)):
        yield path, time.isoformat()
    elif value is not None:
        yield path, str(value)


def _snake_case(name: str) -> str:
    return re.sub(r"([A-Z])", lambda match: f"_{match[1].lower()}", name)


def _text(values: Sequence[str]) -> str:
    text = ", ".join(values) or "–"
    return text[:EXAMPLE_CHARACTERS] + ("…" if len(text) > EXAMPLE_CHARACTERS else "")
