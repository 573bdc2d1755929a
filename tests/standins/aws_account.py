"""The account's resources, as authorisation needs them, read from moto's state."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.iam.models import IAMBackend, Role, User, iam_backends
from moto.kms.models import KmsBackend, kms_backends
from moto.kms.utils import _deserialize_ciphertext_blob
from moto.s3.models import FakeBucket, FakeKey, S3Backend, s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import SNSBackend, Topic, sns_backends
from moto.sqs.models import sqs_backends
from moto.sts.models import AssumedRole, STSBackend, sts_backends

from standins.aws_permissions import Key
from standins.iam_policy import Caller, CannotJudgeError, Policy

KMS_ENCRYPTIONS = ("aws:kms", "aws:kms:dsse")
"""Encryptions of S3 by a KMS key; only the first can take an S3 Bucket Key."""
SERVICE_SESSION_SECONDS = 10 * 365 * 86400  # a service renews its session; here it lasts as long as the stand-in runs


@dataclass(frozen=True)
class Issued:
    """An access key that the account issued; a session's has a token and ends."""

    secret_access_key: str
    session_token: str | None = None
    active: bool = True
    expires: datetime | None = None


class MotoAccount:
    """One account in one region."""

    partition = "aws"

    def __init__(self, account_id: str, region: str) -> None:
        self.id = account_id
        self.region = region

    # Looked up each time: moto's reset puts new ones in their place.

    @property
    def _iam(self) -> IAMBackend:
        return iam_backends[self.id][self.partition]

    @property
    def _sts(self) -> STSBackend:
        return sts_backends[self.id][self.partition]

    @property
    def _s3(self) -> S3Backend:
        return s3_backends[self.id][self.partition]

    @property
    def _kms(self) -> KmsBackend:
        return kms_backends[self.id][self.region]

    @property
    def _sns(self) -> SNSBackend:
        return sns_backends[self.id][self.region]

    # --- callers ---

    def issued(self, access_key_id: str) -> Issued | None:
        """Find a user's or a session's access key."""
        if session := self.session_of(access_key_id):
            expires = session.expiration.replace(tzinfo=UTC)
            return Issued(session.secret_access_key, session.session_token, expires=expires)
        user = self.user_of(access_key_id)
        keys = user.access_keys if user else []
        found = next((key for key in keys if key.access_key_id == access_key_id), None)
        return Issued(found.secret_access_key, active=found.status == "Active") if found else None

    def user_of(self, access_key_id: str) -> User | None:
        """Find the user whose access key it is."""
        users = [*self._iam.users.values()]  # others may be created meanwhile: not every request waits for its turn
        return next((user for user in users for key in user.access_keys if key.access_key_id == access_key_id), None)

    def session_of(self, access_key_id: str) -> AssumedRole | None:
        """Find the session whose access key it is, of a role in this account or another."""
        backends = [regions[self.partition] for regions in [*sts_backends.values()] if self.partition in regions]
        found = (backend.get_assumed_role_from_access_key(access_key_id) for backend in backends)
        return next((session for session in found if session), None)

    def user(self, name: str) -> User:
        """Return a user by name."""
        return self._iam.get_user(name)

    def role(self, name: str) -> Role:
        """Return a role by name."""
        return self._iam.get_role(name)

    def has_role(self, arn: str) -> bool:
        """Return whether a role with this ARN exists."""
        return any(role.arn == arn for role in self._iam.roles.values())

    def as_user(self, user: User) -> Caller:
        """Return the names of a user in policies."""
        return Caller(frozenset([user.arn]), self.id)

    def as_session(self, role: Role, session_name: str) -> Caller:
        """Return the names of a role's session in policies: its own ARN, and the role's."""
        session = f"arn:{self.partition}:sts::{self.id}:assumed-role/{role.name}/{session_name}"
        return Caller(frozenset([session, role.arn]), self.id)

    def open_session(self, role_arn: str, session_name: str) -> AssumedRole:
        """Issue credentials of a session, as a service gets them."""
        return self._sts.assume_role(self.region, session_name, role_arn, "", SERVICE_SESSION_SECONDS, "")

    def identity_policies(self, who: User | Role) -> list[Policy]:
        """Collect the policies of a user (its groups' too) or a role."""
        holders: list[Any] = [who]
        if isinstance(who, User):
            holders += self._iam.get_groups_for_user(who.name)
        return [policy for holder in holders for policy in _policies_of(holder)]

    def boundary(self, who: User | Role) -> Policy | None:
        """Return the permissions boundary of a user or a role."""
        arn = getattr(who, "permissions_boundary_arn", None)
        return _document(_default_document(self._iam.managed_policies[arn])) if arn else None

    def has_identity_provider(self, arn: str) -> bool:
        """Return whether the account trusts an OIDC provider."""
        return arn in self._iam.open_id_providers

    # --- resources ---

    def resource_policy(self, arn: str) -> Policy | None:
        """Return a resource's own policy, or None."""
        service = arn.split(":")[2] if arn.startswith("arn:") else ""
        find = {
            "iam": self._trust,
            "kms": lambda key: getattr(self._kms.keys.get(key.rpartition("/")[2]), "policy", None),
            "lambda": self._function_policy,
            "s3": lambda s3: getattr(self.bucket(s3.split(":")[5].partition("/")[0]), "policy", None),
            "secretsmanager": self._secret_policy,
            "sns": lambda topic: getattr(self._sns.topics.get(topic), "policy", None),
            "sqs": self._queue_policy,
        }.get(service)
        return _document(find(arn)) if find else None

    def topic(self, arn: str) -> Topic | None:
        """Return an SNS topic, or None."""
        return self._sns.topics.get(arn)

    def bucket(self, name: str) -> FakeBucket | None:
        """Return a bucket, or None."""
        partition, account_id = s3_backends.bucket_accounts.get(name, (self.partition, self.id))
        return s3_backends[account_id][partition].buckets.get(name)

    def owner(self, arn: str) -> str:
        """Return the account that a resource belongs to; a bucket's ARN does not name it."""
        service, account_id = ([*arn.split(":"), "", "", "", "", ""][place] for place in (2, 4))
        if service == "s3":
            bucket = arn.split(":")[5].partition("/")[0]
            return str(s3_backends.bucket_accounts.get(bucket, ("", self.id))[1])
        return account_id or self.id

    def _trust(self, arn: str) -> str | None:
        roles = self._iam.roles.values()
        return next((role.assume_role_policy_document for role in roles if role.arn == arn), None)

    def _function_policy(self, arn: str) -> Mapping[str, Any] | None:
        try:
            function = lambda_backends[self.id][self.region].get_function(arn)
        except Exception:  # moto has a different exception for each kind of missing resource
            return None
        return {"Statement": function.policy.statements} if function.policy else None

    def _secret_policy(self, arn: str) -> str | None:
        secrets = secretsmanager_backends[self.id][self.region].secrets
        return getattr(secrets[arn], "policy", None) if arn in secrets else None

    def _queue_policy(self, arn: str) -> str | None:
        queue = sqs_backends[self.id][self.region].queues.get(arn.rpartition(":")[2])
        return queue.policy if queue else None

    # --- what a request names ---

    def key_for_new_object(self, bucket: str, wanted: str | None, kms_key_id: str | None) -> Key | None:
        """Return the key for an object to be written: by the request, or else the bucket's default."""
        found = self.bucket(bucket)
        rule = (found.encryption or {}).get("Rule", {}) if found else {}
        default = rule.get("ApplyServerSideEncryptionByDefault", {})
        algorithm = wanted or default.get("SSEAlgorithm")
        if algorithm not in KMS_ENCRYPTIONS:
            return None
        bucket_key = algorithm == "aws:kms" and rule.get("BucketKeyEnabled")
        return self._customers_key(kms_key_id if wanted else default.get("KMSMasterKeyID"), bucket_key)

    def key_of_object(self, bucket: str, key: str, version: str | None) -> Key | None:
        """Return the key that an object is encrypted with."""
        found = self._object(bucket, key, version)
        if found is None or found.encryption not in KMS_ENCRYPTIONS:
            return None
        return self._customers_key(found.kms_key_id, found.bucket_key_enabled)

    def key_of_function(self, arn: str) -> Key | None:
        """Return the key that a function's environment is encrypted with."""
        try:
            function = lambda_backends[self.id][self.region].get_function(arn)
        except Exception:  # moto has a different exception for each kind of missing resource
            return None
        return self._customers_key(function.get_configuration().get("KMSKeyArn"))

    def has_object(self, bucket: str, key: str, version: str | None) -> bool:
        """Return whether a read would find the object."""
        return self._object(bucket, key, version) is not None

    def _object(self, bucket: str, key: str, version: str | None) -> FakeKey | None:
        if self.bucket(bucket) is None:
            return None
        found = self._s3.get_object(bucket, key, version_id=version)
        return found if isinstance(found, FakeKey) else None

    def _customers_key(self, key_id: str | None, bucket_key: object = False) -> Key | None:
        """Return a customer managed key; AWS managed keys need no permission."""
        if not key_id or key_id.rpartition(":")[2].startswith("alias/aws/"):
            return None
        arn = key_id if ":key/" in key_id else self.key_arn(key_id)
        return Key(arn, str(bucket_key).lower() == "true")

    def secret(self, name_or_arn: str) -> tuple[str, Key | None]:
        """Return a secret's ARN and key; one that does not exist has the ARN it would have."""
        secrets = secretsmanager_backends[self.id][self.region].secrets
        if name_or_arn in secrets:
            found = secrets[name_or_arn]
            return found.arn, self._customers_key(getattr(found, "kms_key_id", None))
        name = name_or_arn.rpartition(":secret:")[2]
        return f"arn:{self.partition}:secretsmanager:{self.region}:{self.id}:secret:{name}", None

    def queue(self, url: str) -> tuple[str, Key | None]:
        """Return a queue's ARN and key."""
        name = url.rpartition("/")[2]
        queue = sqs_backends[self.id][self.region].queues.get(name)
        key_id = getattr(queue, "kms_master_key_id", None)
        return f"arn:{self.partition}:sqs:{self.region}:{self.id}:{name}", self._customers_key(key_id)

    def key_arn(self, key_id: str) -> str:
        """Return the ARN of a key named by id, ARN or alias."""
        found = self._kms.keys.get(self._kms.any_id_to_key_id(key_id))
        if found is None:
            raise CannotJudgeError(f"There is no KMS key {key_id} here.")
        return found.arn

    def key_arn_of_ciphertext(self, ciphertext: bytes) -> str:
        """Return the ARN of the key that made a ciphertext."""
        return self.key_arn(_deserialize_ciphertext_blob(ciphertext).key_id)

    def role_arn(self, name: str) -> str:
        """Return a role's ARN, its path included."""
        found = next((role.arn for role in self._iam.roles.values() if role.name == name), None)
        return found or f"arn:{self.partition}:iam::{self.id}:role/{name}"

    def user_arn(self, name: str) -> str:
        """Return a user's ARN, its path included."""
        found = self._iam.users.get(name)
        return found.arn if found else f"arn:{self.partition}:iam::{self.id}:user/{name}"

    def boundary_key(self, arn: str) -> dict[str, tuple[str, ...]]:
        """Return the permissions boundary of a user or a role as a condition key; empty if it has none."""
        everyone: list[User | Role] = [*self._iam.users.values(), *self._iam.roles.values()]
        found = next((getattr(who, "permissions_boundary_arn", None) for who in everyone if who.arn == arn), None)
        return {"iam:PermissionsBoundary": (found,)} if found else {}

    def user_arn_of_key(self, access_key_id: str) -> str:
        """Return the ARN of the access key's user, `*` if there is none."""
        found = self.user_of(access_key_id)
        return found.arn if found else "*"


def _policies_of(holder: Any) -> Iterator[Policy]:
    """List the inline and the attached policies of a user, group or role."""
    documents = [*holder.policies.values(), *map(_default_document, holder.managed_policies.values())]
    yield from (policy for policy in map(_document, documents) if policy)


def _default_document(policy: Any) -> str:
    """Return the text of a managed policy's default version."""
    document: str = next(
        version.document for version in policy.versions if version.version_id == policy.default_version_id
    )
    return document


def _document(text: bytes | str | Mapping[str, Any] | None) -> Policy | None:
    """Parse a policy's text; an empty one has no statement."""
    if isinstance(text, Mapping) or not text:
        return text or None
    document: Policy = json.loads(text)
    return document
