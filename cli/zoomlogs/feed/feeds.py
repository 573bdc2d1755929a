"""The feeds of a tenant: which one reads these records, whether another does too, and what state they are in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import CommandError
from .body import S3, SOURCE_NAMES, SQS, Body, folder, settings, short, source_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .body import Body

DISABLED = "INACTIVE"


class Choice(NamedTuple):
    """The feed to work on, None where there is none yet, and notes about others."""

    feed: Body | None
    notes: list[str]


def uri_of(feed: Mapping[str, Any]) -> str:
    """Return the S3 URI that a feed reads, "" where it reads none."""
    return str(settings(feed).get("s3Uri") or "")


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
    Disabled feeds read nothing, and get a note only.
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
    """Say, without a full stop, that the feed's folder contains the wanted one or is in it; "" where neither is so."""
    ours, other = folder(uri_of(wanted)), uri_of(feed)
    if not other or not (ours.startswith(folder(other)) or folder(other).startswith(ours)):
        return ""
    lies = "contains" if ours.startswith(folder(other)) else "is in"
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
    account, name = [*arn.split(":"), *[""] * 5][4:6]
    return found.get("queue") == arn or (found.get("queue") == name and found.get("accountNumber") == account)


def _refuse_unless_disabled(feed: Body, notes: list[str], sentence: str) -> None:
    if enabled(feed):
        raise CommandError(sentence)
    notes.append(f"The feed {title(feed)}, {kind(feed)}, would read the same and is disabled: keep it so.")


FAILED = "FAILED"
NEVER_RAN = "never yet"

# By google/cloud/chronicle/v1/feed.proto, Feed.State.
_STATES = {
    "ACTIVE": "enabled, and has not read anything yet",
    "INACTIVE": "disabled: reads nothing",
    "RUNNING": "reading now",
    "SUCCEEDED": "has read what there was",
    FAILED: "the last read failed",
}

# By FeedDetails.STSMigrationReadiness of the same proto. Google moves old feeds in place: they keep their names.
_MIGRATION = {
    "NOT_READY": "Google cannot move it yet (NOT_READY)",
    "READY": "Google can move it, or has done so (READY)",
    "AUTH_RECONFIG_REQUIRED": "Google cannot move it as it signs in to AWS now (AUTH_RECONFIG_REQUIRED)",
}

# What the codes mean for this source: Google's "Troubleshoot ingestion" explains them for all.
_CODES = {
    "LOGIN_FAILED": (
        "AWS does not know the feed's access key, or the role does not trust Google's identity",
        (
            "mode user: `zoomlogs reader-key list`, then `zoomlogs feed apply --renew-key`; mode role: compare"
            " reader.subject_id with `zoomlogs feed subject-id`"
        ),
    ),
    "ACCESS_DENIED": (
        "the reader may not list or read the bucket, or may not decrypt with its key",
        (
            "compare the reader's policies with `terraform plan`; look for a Deny in the bucket's policy, for a network"
            " condition that excludes Google, and at the key's policy; for an existing bucket set"
            " reader.list_whole_bucket = true"
        ),
    ),
    "FILE_NOT_FOUND": (
        "there is nothing under the S3 URI",
        "compare the URI with `zoomlogs feed show`; if they are the same, wait for the collector's first records",
    ),
    "INVALID_ARGUMENT": (
        "Google refuses a value of the feed",
        "compare it with `zoomlogs feed apply --dry-run`",
    ),
}


def state(feed: Mapping[str, Any]) -> str:
    """Return the feed's state as Google has it, such as SUCCEEDED."""
    return str(feed.get("state") or "STATE_UNSPECIFIED")


def meaning(feed: Mapping[str, Any]) -> str:
    """Say what the state means."""
    if state(feed) == "ACTIVE":
        wait = {S3: "; the first read comes within 15 minutes", SQS: ""}.get(source_type(feed), "")
        return _STATES["ACTIVE"] + wait
    return _STATES.get(state(feed), "unknown to this zoomlogs")


def failure(feed: Mapping[str, Any]) -> dict[str, str]:
    """Explain a failure: its code, what it means and what to do, and what Google says; empty where there is none."""
    if state(feed) != FAILED:
        return {}
    details = feed.get("failureDetails") or {}
    code = str(details.get("errorCode") or "")
    means, do = _CODES.get(code, ("", ""))
    google = " ".join(
        text.rstrip(".") + "."
        for text in (details.get("errorCause") or feed.get("failureMsg"), details.get("errorAction"))
        if text
    )
    told = {"code": code, "http": str(details.get("httpErrorCode") or ""), "means": means, "do": do, "google": google}
    return {name: value for name, value in told.items() if value}


def migration(feed: Mapping[str, Any]) -> str:
    """Say whether Google has moved an old feed to its Storage Transfer Service; "" where nothing is known."""
    details = feed.get("details", {})
    readiness = str(details.get("stsMigrationReadiness") or "")
    tried = details.get("lastV2MigrationAttemptTime")
    if not readiness and not tried:
        return ""
    means = _MIGRATION.get(readiness, readiness or "its readiness is not known")
    return means + (f"; Google last tried it at {tried}" if tried else "")


def problems(wanted: Body, feeds: Sequence[Body]) -> Iterator[str]:
    """Yield what is wrong with a tenant's feeds of the records that the `wanted` one reads, a sentence each."""
    uri = uri_of(wanted)
    found = readers(uri, feeds)
    active = [feed for feed in found if enabled(feed)]
    aside = [f"{said}." for feed in feeds if feed not in found and enabled(feed) and (said := overlap(wanted, feed))]
    if not found and not aside:
        yield f"No feed reads {uri}: create it with `zoomlogs feed apply`."
    elif found and not active:
        yield f"The feed of {uri} is disabled: nothing is read. Enable it with `zoomlogs feed apply --enable`."
    if len(active) > 1:
        yield (
            f"Several feeds read {uri}: {', '.join(map(title, active))}. Keep one and delete the others in SecOps,"
            " or every record is ingested by each."
        )
    for feed in active:
        if feed.get("details", {}).get("stsMigrationReadiness") == "AUTH_RECONFIG_REQUIRED":
            send = "disable it in SecOps and run `zoomlogs feed apply`"
            if source_type(feed) == source_type(wanted):
                send = "send them again with `zoomlogs feed apply --renew-key`"
            yield (
                f"Google cannot move the feed {title(feed)} to its Storage Transfer Service as it signs in to AWS now"
                f" (AUTH_RECONFIG_REQUIRED): {send}."
            )
        if source_type(feed) != source_type(wanted):
            yield (
                f"The feed {title(feed)} has the source type {kind(feed)}, but the module wants {kind(wanted)}: set"
                " feed.source_type to what it is, or disable it in SecOps and run `zoomlogs feed apply`."
            )
        if state(feed) == FAILED:
            told = failure(feed)
            why, do = told.get("means") or told.get("google", ""), told.get("do") or "look at it in SecOps"
            yield f"The feed {title(feed)} has failed{f', because {why}' if why else ''}: {do.rstrip('.')}."
        elif state(feed) not in _STATES:
            yield (
                f"The feed {title(feed)} is in the state {state(feed)}, which zoomlogs does not know: look at it in"
                " SecOps, and update zoomlogs."
            )
    yield from aside
