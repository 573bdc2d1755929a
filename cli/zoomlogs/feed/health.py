"""Whether SecOps has the feed that the module wants, and how it fares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import words
from .body import source_type
from .choice import enabled, kind, title, uri_of

if TYPE_CHECKING:
    from .body import Body


def problems(wanted: Body, found: list[Body]) -> list[str]:
    """Return what is wrong with the feeds `found` that read the folder of the `wanted` one, a sentence each."""
    uri = uri_of(wanted)
    if not found:
        return [f"No feed reads {uri}: make it with `zoomlogs feed apply`."]
    said = []
    active = [feed for feed in found if enabled(feed)]
    if not active:
        said.append(f"The feed of {uri} is disabled: nothing is read. Enable it with `zoomlogs feed apply --enable`.")
    if len(active) > 1:
        said.append(
            f"Several feeds read {uri}: {', '.join(map(title, active))}. Keep one, or every record is ingested by each."
        )
    said += [
        f"The feed {title(feed)} is of the kind {kind(feed)}, and the module wants {kind(wanted)}."
        for feed in active
        if source_type(feed) != source_type(wanted)
    ]
    said += [f"The feed {title(feed)} has failed." for feed in active if words.state(feed) == words.FAILED]
    return said
