"""`zoomlogs reader-key`: what its commands do and say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .access_keys import NotAKeyError, Store, reader_of, refuse_third_key, to_retire
from .aws import session_for
from .console import console, print_json, table
from .errors import CommandError

if TYPE_CHECKING:
    from datetime import datetime

    from .access_keys import KnownKey
    from .deployment import Deployment


def create(deployment: Deployment, kms_key: str | None, *, as_json: bool) -> None:
    """Make the first key; raise `CommandError` where the secret already holds one of the user's."""
    store = _store_of(deployment)
    keys, stored = store.keys(), _stored_id(store)
    if stored in _ids(keys):
        raise CommandError(
            f"The secret {store.reader.secret} holds the key {stored} of {store.reader.user} already: `zoomlogs feed"
            " apply` uses it, and `zoomlogs reader-key rotate` makes another."
        )
    refuse_third_key(store.reader.user, keys, stored)
    _made(store, store.make(kms_key), [], as_json=as_json)


def rotate(deployment: Deployment, kms_key: str | None, *, as_json: bool) -> None:
    """Make a key beside the old one; raise `CommandError` where there is no old one, or no room."""
    store = _store_of(deployment)
    keys, stored = store.keys(), _stored_id(store)
    if stored is None:
        raise CommandError(
            f"There is no secret {store.reader.secret} yet: make the first key with `zoomlogs reader-key create`."
        )
    refuse_third_key(store.reader.user, keys, stored)
    _made(store, store.make(kms_key), [key.access_key_id for key in keys], as_json=as_json)


def finish(deployment: Deployment, *, as_json: bool) -> None:
    """Delete the keys that the rotation left behind; raise `CommandError` while one may be in use."""
    store = _store_of(deployment)
    keys, stored = store.keys(), _stored_id(store)
    if stored is None:
        raise CommandError(f"There is no secret {store.reader.secret} yet: nothing was rotated.")
    old = to_retire(store.reader.user, keys, stored)
    for key in old:
        store.retire(key.access_key_id)
    ids = [key.access_key_id for key in old]
    if as_json:
        print_json({"user": store.reader.user, "access_key_id": stored, "deleted": ids})
    elif ids:
        _say(f"Deleted {' and '.join(ids)} of {store.reader.user}; {stored} is the only key now.")
    else:
        _say(f"Nothing to delete: {stored} is the only key of {store.reader.user}.")


def list_keys(deployment: Deployment, *, as_json: bool) -> int:
    """Show the user's keys; return 0, or 1 where none of them is the stored one: then the feed has none from here."""
    store = _store_of(deployment)
    keys, stored = store.keys(), _stored_id(store)
    status = 0 if stored in _ids(keys) else 1
    if as_json:
        print_json(
            {
                "user": store.reader.user,
                "secret": store.reader.secret,
                "stored": stored,
                "keys": [
                    {
                        "access_key_id": key.access_key_id,
                        "active": key.active,
                        "created": key.created.isoformat(),
                        "last_used": key.last_used.isoformat() if key.last_used else None,
                        "stored": key.access_key_id == stored,
                    }
                    for key in keys
                ],
            }
        )
        return status
    title = f"Access keys of {store.reader.user}; the stored one is in {store.reader.secret}"
    shown = table(title, "access key ID", "state", "made", "last used", "stored")
    for key in keys:
        shown.add_row(
            key.access_key_id,
            "active" if key.active else "inactive",
            _day(key.created),
            _day(key.last_used),
            "yes" if key.access_key_id == stored else "",
        )
    console().print(shown)
    if stored not in _ids(keys):
        _say(
            f"The secret holds {stored or 'something else'}, not one of these: run `zoomlogs reader-key rotate`."
            if stored is not None
            else f"There is no secret {store.reader.secret} yet: run `zoomlogs reader-key create`."
        )
    return status


def _store_of(deployment: Deployment) -> Store:
    """Return where the keys of a deployment are kept."""
    return Store(session_for(deployment), reader_of(deployment))


def _stored_id(store: Store) -> str | None:
    """Return the stored key's id: None where there is no secret, "" where it holds something else."""
    try:
        key = store.read()
    except NotAKeyError:
        return ""
    return key.access_key_id if key else None


def _ids(keys: list[KnownKey]) -> set[str]:
    return {key.access_key_id for key in keys}


def _made(store: Store, made: str, others: list[str], *, as_json: bool) -> None:
    reader = store.reader
    if as_json:
        print_json({"user": reader.user, "secret": reader.secret, "access_key_id": made, "others": others})
        return
    _say(f"Made the access key {made} of {reader.user}, and stored it in the secret {reader.secret}.")
    if others:
        _say(f"{' and '.join(others)} still works, so the feed goes on reading. Next: `zoomlogs feed apply`, and once")
        _say("the feed has read with the new key, in about half an hour: `zoomlogs reader-key rotate --finish`.")
    else:
        _say("Next: `zoomlogs feed apply`. AWS may take some seconds to know a new key everywhere.")


def _day(when: datetime | None) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC" if when else "never"


def _say(line: str) -> None:
    console().say(line)
