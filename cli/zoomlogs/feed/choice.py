"""Which of a tenant's feeds reads these records, and whether another would ingest them twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import CommandError
from .body import SOURCE_NAMES, Body, settings, short, source_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DISABLED = "INACTIVE"


@dataclass
class Choice:
    """The feed to work on, None where there is none yet, and what is worth knowing of others."""

    feed: Body | None
    notes: list[str] = field(default_factory=list)


def uri_of(feed: Mapping[str, Any]) -> str:
    """Return the S3 URI that a feed reads, "" where it reads none."""
    return str(settings(feed).get("s3Uri") or "")


def folder(uri: str) -> str:
    """Spell a URI as the folder that it means."""
    return uri.rstrip("/") + "/"


def title(feed: Mapping[str, Any]) -> str:
    """Name a feed so that it is found in the console: its display name, and the id that no two share."""
    return f"{feed.get('displayName') or '(no name)'} ({short(str(feed.get('name', '')))})"


def kind(feed: Mapping[str, Any]) -> str:
    """Name a feed's source type as the console does."""
    return SOURCE_NAMES.get(source_type(feed), source_type(feed) or "of no type")


def enabled(feed: Mapping[str, Any]) -> bool:
    """Tell whether the feed reads at all."""
    return feed.get("state") != DISABLED


def readers(uri: str, feeds: Iterable[Body]) -> list[Body]:
    """List the feeds that read this very folder, of whichever type."""
    return [feed for feed in feeds if uri_of(feed) and folder(uri_of(feed)) == folder(uri)]


def choose(wanted: Body, feeds: Iterable[Body], *, allow_overlap: bool = False) -> Choice:
    """Find the one feed that is this deployment's.

    Raises `CommandError` where several are, or where another reads the same records: SecOps would ingest them twice.
    Disabled feeds read nothing, and are only told of.
    """
    feeds = list(feeds)
    uri = uri_of(wanted)
    same = readers(uri, feeds)
    own = [feed for feed in same if source_type(feed) == source_type(wanted)]
    foreign = [feed for feed in same if source_type(feed) != source_type(wanted)]
    active = [feed for feed in own if enabled(feed)] or own
    if len(active) > 1:
        raise CommandError(
            f"Several feeds read {uri}: {', '.join(map(title, active))}. Keep one and delete the others in SecOps, or"
            " every record is ingested once by each."
        )
    notes = [
        f"The feed {title(feed)} reads the same and is disabled: keep it so." for feed in own if feed not in active
    ]
    for feed in foreign:
        _refuse_unless_disabled(
            feed,
            notes,
            f"The feed {title(feed)}, {kind(feed)}, reads {uri} already: a second would ingest every record twice."
            " Disable or delete it in SecOps first.",
        )
    for feed in feeds:
        if feed not in same:
            _look_aside(wanted, feed, notes, allow_overlap=allow_overlap)
    return Choice(active[0] if active else None, notes)


def overlap(wanted: Body, feed: Body) -> str:
    """Say, without a full stop, that the feed's folder holds the wanted one or lies in it; "" where it does not."""
    ours, other = folder(uri_of(wanted)), uri_of(feed)
    if not other or not (ours.startswith(folder(other)) or folder(other).startswith(ours)):
        return ""
    lies = "holds" if ours.startswith(folder(other)) else "lies in"
    return (
        f"The feed {title(feed)}, {kind(feed)}, reads {other}, which {lies} {ours}: what both read is ingested twice."
        " Narrow, disable or delete it in SecOps"
    )


def _look_aside(wanted: Body, feed: Body, notes: list[str], *, allow_overlap: bool) -> None:
    """Refuse, or note, a feed of another folder that reads the same, or that empties the same queue."""
    if sentence := overlap(wanted, feed):
        if allow_overlap:
            notes.append(f"{sentence}.")
        else:
            _refuse_unless_disabled(feed, notes, f"{sentence}, or say --allow-overlap.")
    elif _same_queue(settings(wanted), settings(feed)):
        _refuse_unless_disabled(
            feed,
            notes,
            f"The feed {title(feed)}, {kind(feed)}, takes messages from the same queue: each object would be read by"
            " one of the two only. Disable or delete it in SecOps first.",
        )


def _same_queue(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Compare queues: by ARN, or by name and account as feeds of the old kind have them."""
    arn = str(wanted.get("queue") or "")
    if not arn:
        return False
    account, name = ([*arn.split(":"), "", "", "", "", ""][place] for place in (4, 5))
    return found.get("queue") == arn or (found.get("queue") == name and found.get("accountNumber") == account)


def _refuse_unless_disabled(feed: Body, notes: list[str], sentence: str) -> None:
    if enabled(feed):
        raise CommandError(sentence)
    notes.append(f"The feed {title(feed)}, {kind(feed)}, would read the same and is disabled: keep it so.")
