"""The secret that holds the reader's access key, and what is known of the user's keys; no AWS in here."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from ..deployment import Deployment

MOST_KEYS = 2  # AWS's limit for a user
SHAPE = '{"access_key_id": "…", "secret_access_key": "…"}'


class NotAKeyError(CommandError):
    """The secret holds something else than an access key."""


@dataclass(frozen=True)
class AccessKey:
    """An IAM access key."""

    access_key_id: str
    secret_access_key: str = field(repr=False)

    def as_secret(self) -> str:
        """Spell it as the secret holds it."""
        return json.dumps({"access_key_id": self.access_key_id, "secret_access_key": self.secret_access_key})


@dataclass(frozen=True)
class KnownKey:
    """What IAM tells of a user's key."""

    access_key_id: str
    active: bool
    created: datetime
    last_used: datetime | None


@dataclass(frozen=True)
class Reader:
    """The user that the feed signs in as, with its tags, and the name of the secret with its key."""

    user: str
    secret: str
    tags: Mapping[str, str] = field(default_factory=dict)


def reader_of(deployment: Deployment) -> Reader:
    """Return whose key it is; raise `CommandError` where the deployment has no such user."""
    reader = deployment.outputs.get("reader") or {}
    if reader.get("mode") != "user":
        raise CommandError(
            f"The reader of this deployment has the mode {reader.get('mode') or '(unknown)'}, which needs no access"
            " key: keys are for reader.mode = user."
        )
    feed = deployment.outputs.get("secops_feed") or {}
    if not feed.get("key_secret_name"):
        raise CommandError("The outputs hold no secops_feed.key_secret_name: update the module and apply it.")
    return Reader(str(reader["name"]), str(feed["key_secret_name"]), reader.get("tags") or {})


def parse(text: str, secret: str) -> AccessKey:
    """Return the key in a secret's text; the message of a `NotAKeyError` never quotes it."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    names = ("access_key_id", "secret_access_key")
    if not isinstance(value, dict) or not all(isinstance(value.get(name), str) and value[name] for name in names):
        raise NotAKeyError(f"The secret {secret} does not hold {SHAPE}: run `zoomlogs reader-key rotate`.")
    return AccessKey(value["access_key_id"], value["secret_access_key"])


def refuse_third_key(user: str, keys: Sequence[KnownKey], stored: str | None) -> None:
    """Raise `CommandError` where AWS would refuse another key: a user has two at most."""
    if len(keys) < MOST_KEYS:
        return
    ids = " and ".join(key.access_key_id for key in keys)
    way = (
        "finish the last rotation with `zoomlogs reader-key rotate --finish`"
        if stored in {key.access_key_id for key in keys}
        else "delete the one that nothing uses (`zoomlogs reader-key list` shows when each was last used)"
    )
    raise CommandError(f"The user {user} has two access keys already, {ids}, and AWS allows no third: {way}.")


def to_retire(user: str, keys: Sequence[KnownKey], stored: str) -> list[KnownKey]:
    """List the keys that a finished rotation leaves behind: all but the stored one.

    Raises `CommandError` while the feed may still use one of them: IAM must have seen the stored key at work, and no
    other key later than that.
    """
    new = next((key for key in keys if key.access_key_id == stored), None)
    if new is None or not new.active:
        raise CommandError(
            f"The secret holds {f'the key {stored}' if stored else 'something else'}, which is no active key of"
            f" the user {user}: run `zoomlogs reader-key rotate` first."
        )
    old = [key for key in keys if key is not new]
    if old and new.last_used is None:
        raise CommandError(
            f"AWS has not seen the new key {stored} at work yet: run `zoomlogs feed apply`, wait until the feed has"
            " read (about half an hour, with AWS's own delay), and finish then.",
            status=1,
        )
    for key in old:
        if new.last_used and key.last_used and key.last_used > new.last_used:
            raise CommandError(
                f"The old key {key.access_key_id} was used at {key.last_used:%Y-%m-%d %H:%M} UTC, later than the"
                " new one: the feed, or something else, still reads with it. Run `zoomlogs feed apply --renew-key`,"
                " wait for the feed's next read, and finish then.",
                status=1,
            )
    return old
