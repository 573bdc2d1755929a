"""What a feed's state in SecOps means, and what to do about a failure, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .body import S3, SQS, source_type

if TYPE_CHECKING:
    from collections.abc import Mapping

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
            " condition that shuts Google out, and for the key's policy; with a bucket made elsewhere set"
            " reader.list_whole_bucket = true"
        ),
    ),
    "FILE_NOT_FOUND": (
        "nothing lies under the S3 URI",
        "compare the URI with `zoomlogs feed show`; if they are alike, wait for the collector's first records",
    ),
    "INVALID_ARGUMENT": (
        "Google takes a value of the feed for wrong",
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


def last_transfer(feed: Mapping[str, Any]) -> str:
    """Return when the feed last transferred something, as RFC 3339."""
    return str(feed.get("lastFeedInitiationTime") or NEVER_RAN)


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
