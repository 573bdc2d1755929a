"""IAM and Secrets Manager: the reader's keys, made and stored so that none is ever lost or left unstored."""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ..aws import FAILURES, error_code, in_a_sentence, reason
from ..errors import CommandError
from .keys import AccessKey, KnownKey, Reader, parse

if TYPE_CHECKING:
    import boto3

MISSING = "ResourceNotFoundException"


class Store:
    """One reader's keys."""

    def __init__(self, session: boto3.Session, reader: Reader) -> None:
        make_client: Any = session.client  # boto3-stubs know neither service by a variable name
        self._iam = make_client("iam")
        self._secrets = make_client("secretsmanager")
        self.reader = reader

    def read(self) -> AccessKey | None:
        """Return the stored key, None where there is none yet."""
        name = self.reader.secret
        try:
            answer = self._secrets.get_secret_value(SecretId=name)
        except FAILURES as error:
            if error_code(error) == MISSING:
                return None
            raise CommandError(f"The secret {name} cannot be read: {reason(error)}.", status=1) from None
        return parse(answer.get("SecretString") or "", name)

    def keys(self) -> list[KnownKey]:
        """List the user's keys, the oldest first, with their last use as IAM knows it (some minutes late)."""
        with in_a_sentence(f"The access keys of {self.reader.user} cannot be listed"):
            found = self._iam.list_access_keys(UserName=self.reader.user)["AccessKeyMetadata"]
            return sorted(
                (
                    KnownKey(
                        key["AccessKeyId"],
                        key["Status"] == "Active",
                        key["CreateDate"],
                        self._iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"].get(
                            "LastUsedDate"
                        ),
                    )
                    for key in found
                ),
                key=lambda key: key.created,
            )

    def make(self, kms_key: str | None) -> str:
        """Make a key and store it; return its id. A key that cannot be stored is deleted again."""
        user, name = self.reader.user, self.reader.secret
        with in_a_sentence(f"No access key could be made for {user}"):
            made = self._iam.create_access_key(UserName=user)["AccessKey"]
        key = AccessKey(made["AccessKeyId"], made["SecretAccessKey"])
        try:
            self._put(key, kms_key)
        except BaseException as error:  # Ctrl-C too: a key that nobody has would stay for ever
            self._take_back(key.access_key_id)
            if isinstance(error, FAILURES):
                raise CommandError(
                    f"The new key could not be stored in {name}, and was deleted again: {reason(error)}.", status=1
                ) from None
            raise
        return key.access_key_id

    def _put(self, key: AccessKey, kms_key: str | None) -> None:
        """Store it as the current version; the one before stays as AWSPREVIOUS.

        A secret that is made now has the user's tags: an organisation may let nothing be made without them.
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
            # Without an answer it may be stored all the same: deleting the key then would leave a dead one.
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
