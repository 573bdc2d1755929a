"""The reader's access keys in IAM and in their secret; every new key is stored or deleted again."""

from __future__ import annotations

import json
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from zoom_operationlogs.bounds import parse_json

from .aws import FAILURES, error_code, in_a_sentence, reason
from .errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import boto3

    from .deployment import Deployment

MOST_KEYS = 2  # AWS's limit for a user
SHAPE = '{"access_key_id": "…", "secret_access_key": "…"}'


class NotAKeyError(CommandError):
    """The secret's value is not an access key."""


@dataclass(frozen=True)
class AccessKey:
    """An IAM access key."""

    access_key_id: str
    secret_access_key: str = field(repr=False)

    def as_secret(self) -> str:
        """Return it in the form of the secret."""
        return json.dumps({"access_key_id": self.access_key_id, "secret_access_key": self.secret_access_key})


@dataclass(frozen=True)
class KnownKey:
    """A user's key, as IAM reports it."""

    access_key_id: str
    active: bool
    created: datetime
    last_used: datetime | None


@dataclass(frozen=True)
class Reader:
    """The user that the feed signs in as, its tags, and the name of the secret with its key."""

    user: str
    secret: str
    tags: Mapping[str, str] = field(default_factory=dict)


def reader_of(deployment: Deployment) -> Reader:
    """Return the deployment's reader. Raises `CommandError` if it is not a user."""
    reader = deployment.outputs.get("reader") or {}
    if reader.get("mode") != "user":
        raise CommandError(
            f"The reader of this deployment has the mode {reader.get('mode') or '(unknown)'}, which has no access key:"
            " only reader.mode = user has one."
        )
    feed = deployment.outputs.get("secops_feed") or {}
    if not feed.get("key_secret_name"):
        raise CommandError("The outputs have no secops_feed.key_secret_name: update the module and apply it.")
    return Reader(str(reader["name"]), str(feed["key_secret_name"]), reader.get("tags") or {})


def parse(text: str, secret: str) -> AccessKey:
    """Return the key in a secret's text. Raises `NotAKeyError`, which does not quote it."""
    try:
        value = parse_json(text)
    except ValueError:
        value = None
    names = ("access_key_id", "secret_access_key")
    if not isinstance(value, dict) or not all(isinstance(value.get(name), str) and value[name] for name in names):
        raise NotAKeyError(f"The secret {secret} does not hold {SHAPE}: run `zoomlogs reader-key rotate`.")
    return AccessKey(value["access_key_id"], value["secret_access_key"])


def refuse_third_key(user: str, keys: Sequence[KnownKey], stored: str | None) -> None:
    """Raise `CommandError` if the user has two keys, AWS's limit."""
    if len(keys) < MOST_KEYS:
        return
    ids = " and ".join(key.access_key_id for key in keys)
    way = (
        "finish the last rotation with `zoomlogs reader-key rotate --finish`"
        if stored in {key.access_key_id for key in keys}
        else "delete the unused one (`zoomlogs reader-key list` shows when each was last used)"
    )
    raise CommandError(f"The user {user} already has two access keys, {ids}, and AWS allows no third: {way}.")


def to_retire(user: str, keys: Sequence[KnownKey], stored: str) -> list[KnownKey]:
    """Return the keys to delete after a rotation: all but the stored one.

    Raises `CommandError` while the feed may still use one of them, that is, until IAM reports the stored key as the
    last one used.
    """
    new = next((key for key in keys if key.access_key_id == stored), None)
    if new is None or not new.active:
        raise CommandError(
            f"The secret holds {f'the key {stored}' if stored else 'something else'}, which is not an active key of"
            f" the user {user}: run `zoomlogs reader-key rotate` first."
        )
    old = [key for key in keys if key is not new]
    if old and new.last_used is None:
        raise CommandError(
            f"AWS has not seen the new key {stored} in use yet: run `zoomlogs feed apply`, wait until the feed has read"
            " (about half an hour, with AWS's own delay), and finish then.",
            status=1,
        )
    for key in old:
        if new.last_used and key.last_used and key.last_used > new.last_used:
            raise CommandError(
                f"The old key {key.access_key_id} was used at {key.last_used:%Y-%m-%d %H:%M} UTC, later than the"
                " new one: the feed, or something else, still uses it. Run `zoomlogs feed apply --renew-key`,"
                " wait for the feed's next read, and finish then.",
                status=1,
            )
    return old


MISSING = "ResourceNotFoundException"


class Store:
    """The keys of one reader."""

    def __init__(self, session: boto3.Session, reader: Reader) -> None:
        make_client: Any = session.client
        self._iam = make_client("iam")
        self._secrets = make_client("secretsmanager")
        self.reader = reader

    def read(self) -> AccessKey | None:
        """Return the stored key, None if there is none yet."""
        name = self.reader.secret
        try:
            answer = self._secrets.get_secret_value(SecretId=name)
        except FAILURES as error:
            if error_code(error) == MISSING:
                return None
            raise CommandError(f"The secret {name} cannot be read: {reason(error)}.", status=1) from None
        return parse(answer.get("SecretString") or "", name)

    def keys(self) -> list[KnownKey]:
        """Return the user's keys, oldest first, with their last use, which IAM reports some minutes late."""
        with in_a_sentence(f"The access keys of {self.reader.user} cannot be listed"):
            found = self._iam.list_access_keys(UserName=self.reader.user)["AccessKeyMetadata"]
            return sorted(map(self._known, found), key=lambda key: key.created)

    def _known(self, key: Mapping[str, Any]) -> KnownKey:
        key_id = key["AccessKeyId"]
        used = self._iam.get_access_key_last_used(AccessKeyId=key_id)["AccessKeyLastUsed"].get("LastUsedDate")
        return KnownKey(key_id, key["Status"] == "Active", key["CreateDate"], used)

    def make(self, kms_key: str | None) -> str:
        """Create a key and store it; return its ID. A key that cannot be stored is deleted again."""
        user, name = self.reader.user, self.reader.secret
        with in_a_sentence(f"No access key could be created for {user}"):
            made = self._iam.create_access_key(UserName=user)["AccessKey"]
        key = AccessKey(made["AccessKeyId"], made["SecretAccessKey"])
        try:
            self._put(key, kms_key)
        except BaseException as error:  # also after Ctrl-C: an unstored key would stay forever
            self._take_back(key.access_key_id)
            if isinstance(error, FAILURES):
                raise CommandError(
                    f"The new key could not be stored in {name}, and was deleted again: {reason(error)}.", status=1
                ) from None
            raise
        return key.access_key_id

    def _put(self, key: AccessKey, kms_key: str | None) -> None:
        """Store it as the current version; the previous one stays as AWSPREVIOUS.

        A new secret gets the user's tags, which an organisation may require.
        """
        name, token = self.reader.secret, str(uuid.uuid4())
        try:
            try:
                self._secrets.put_secret_value(SecretId=name, SecretString=key.as_secret(), ClientRequestToken=token)
            except ClientError as error:
                if error_code(error) != MISSING:
                    raise
                tags = [{"Key": key, "Value": value} for key, value in self.reader.tags.items()]
                self._secrets.create_secret(
                    Name=name,
                    Description=f"Access key of {self.reader.user}, with which the Google SecOps feed reads",
                    SecretString=key.as_secret(),
                    ClientRequestToken=token,
                    **({"KmsKeyId": kms_key} if kms_key else {}),
                    **({"Tags": tags} if tags else {}),
                )
        except FAILURES as error:
            # Without an answer it may have been stored: then the key must not be deleted.
            if isinstance(error, ClientError) or not self._has_version(token):
                raise

    def _has_version(self, token: str) -> bool:
        with suppress(*FAILURES):
            described = self._secrets.describe_secret(SecretId=self.reader.secret)
            return token in described.get("VersionIdsToStages", {})
        return False

    def _take_back(self, access_key_id: str) -> None:
        try:
            self._iam.delete_access_key(UserName=self.reader.user, AccessKeyId=access_key_id)
        except FAILURES as error:
            raise CommandError(
                f"The new key {access_key_id} of {self.reader.user} could neither be stored nor deleted again: delete"
                f" it in IAM by hand ({reason(error)}).",
                status=1,
            ) from None

    def retire(self, access_key_id: str) -> None:
        """Deactivate a key, then delete it."""
        with in_a_sentence(f"The key {access_key_id} could not be deleted"):
            self._iam.update_access_key(UserName=self.reader.user, AccessKeyId=access_key_id, Status="Inactive")
            self._iam.delete_access_key(UserName=self.reader.user, AccessKeyId=access_key_id)
