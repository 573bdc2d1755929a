"""Shows UDM events to people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

from ..printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..mapping.events import Event

ROWS_AT_ONCE = 200  # so that a stream of any length is shown in constant memory
DETAIL_CHARACTERS = 300
NARROWEST = 100


def events_table(events: Sequence[Event], width: int, *, first: bool) -> Table:
    """Return a table of events; tables of one width stand under each other as one, of which `first` has the header."""
    table = Table(box=box.SIMPLE_HEAD if first else box.SIMPLE, show_header=first, show_edge=first, width=width)
    table.add_column("time, event type", width=19)
    table.add_column("operator", ratio=5, overflow="fold")
    table.add_column("what", ratio=4, overflow="fold")
    table.add_column("target, or detail", ratio=8, overflow="fold")
    for event in events:
        table.add_row(*_row(event))
    return table


def _row(event: Event) -> Iterator[Text]:
    metadata, user = event["metadata"], event.get("principal", {}).get("user", {})
    time = metadata.get("eventTimestamp", "no time").replace("T", " ").removesuffix("Z")
    yield Text(time + "\n").append(metadata["eventType"], style="dim")
    yield Text(printable(", ".join(user.get("emailAddresses", [user.get("userid", "")]))))
    additional = event.get("additional", {})
    what = [additional.get("category_type"), metadata.get("productEventType"), additional.get("type")]
    yield Text(printable(": ".join(filter(None, what))))
    if target := _target(event):
        yield Text(target)
    else:
        yield Text(printable(metadata.get("description", "")[:DETAIL_CHARACTERS]), style="dim")


def _target(event: Event) -> str:
    """Describe the target: who, then field by field; and how many more users the event is about."""
    target = event.get("target", {})
    user: dict[str, Any] = dict(target.get("user", {}))
    attribute = user.pop("attribute", {})
    who = [*user.pop("emailAddresses", []), *filter(None, [user.pop("userid", "")])]
    fields = [(name, ", ".join(value) if isinstance(value, list) else value) for name, value in user.items()]
    fields += [("role", role["name"]) for role in attribute.get("roles", [])]
    fields += [(label["key"], label["value"]) for label in attribute.get("labels", [])]
    fields += [("location", target["location"]["name"])] if "location" in target else []
    about = [f"and about {len(event['about'])} more"] if "about" in event else []
    shown = [", ".join(who), *(f"{name} = {value}" for name, value in fields), *about]
    return "\n".join(printable(line[:DETAIL_CHARACTERS]) for line in shown if line)
