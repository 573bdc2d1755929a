"""Whether SecOps has the feed that the module wants, and how it fares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import messages
from .body import source_type
from .choice import enabled, kind, overlap, readers, title, uri_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .body import Body


def problems(wanted: Body, feeds: Sequence[Body]) -> list[str]:
    """Return what is wrong with a tenant's feeds of the records that the `wanted` one reads, a sentence each."""
    return list(_problems(wanted, feeds))


def _problems(wanted: Body, feeds: Sequence[Body]) -> Iterator[str]:
    uri = uri_of(wanted)
    found = readers(uri, feeds)
    active = [feed for feed in found if enabled(feed)]
    aside = [f"{said}." for feed in feeds if feed not in found and enabled(feed) and (said := overlap(wanted, feed))]
    if not found and not aside:
        yield f"No feed reads {uri}: make it with `zoomlogs feed apply`."
    elif found and not active:
        yield f"The feed of {uri} is disabled: nothing is read. Enable it with `zoomlogs feed apply --enable`."
    if len(active) > 1:
        yield (
            f"Several feeds read {uri}: {', '.join(map(title, active))}. Keep one, or every record is ingested by each."
        )
    for feed in active:
        if source_type(feed) != source_type(wanted):
            yield (
                f"The feed {title(feed)} is of the kind {kind(feed)}, and the module wants {kind(wanted)}: set"
                " feed.source_type to what it is, or disable it in SecOps and run `zoomlogs feed apply`."
            )
        if messages.state(feed) == messages.FAILED:
            told = messages.failure(feed)
            why, do = told.get("means") or told.get("google", ""), told.get("do") or "look at it in SecOps"
            yield f"The feed {title(feed)} has failed{f', because {why}' if why else ''}: {do.rstrip('.')}."
    yield from aside
