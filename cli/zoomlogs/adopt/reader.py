"""Examines the feed's user and whatever else uses it, because another feed must not stop unexpectedly.

Terraform imports the user and its policy, narrows the policy to this bucket, and (retire.tf) detaches other policies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..aws import in_a_sentence
from ..dates import listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import boto3


_NO_USER = (
    "name the user that the feed signs in as with --reader. If there is none, remove the last three blocks from"
    " imports.tf."
)


@dataclass(frozen=True)
class ReaderPolicy:
    """The user's policy: what else it is attached to, and its resources."""

    others: Sequence[str]
    resources: Sequence[str]


@dataclass(frozen=True)
class Reader:
    """The user, if it exists: its own policy, other policies, groups and access keys."""

    name: str
    exists: bool = False
    attached: Sequence[str] = ()
    inline: Sequence[str] = ()
    groups: Sequence[str] = ()
    access_keys: Sequence[str] = ()
    policy: ReaderPolicy | None = None

    @property
    def is_shared(self) -> bool:
        """Whether something else may use this user or its permissions."""
        return bool(self.attached or self.inline or self.groups or len(self.access_keys) > 1)


# Decisions


def warnings(reader: Reader, policy_name: str, bucket: str | None) -> list[str]:
    """Return warnings to read before the plan."""
    name = reader.name
    if not reader.exists:
        return [f"There is no user {name}: {_NO_USER}"]
    found = []
    if reader.is_shared:
        found.append(
            f"The user {name} also has {listed(_possessions(reader))}: another feed may use it. So reader_is_shared is"
            " true, and the plan detaches none of its policies. The example's README.md says what to do."
        )
    if reader.policy is None:
        found.append(
            f"The user {name} has no policy {policy_name}: name its policy with --reader-policy, or remove the last two"
            " blocks from imports.tf and set --reader-policy to a new name."
        )
    if reader.policy:
        beyond = [resource for resource in reader.policy.resources if not _is_of(resource, bucket)]
        if beyond:
            found.append(_narrowed(policy_name, f"also allows {listed(beyond)}"))
        if reader.policy.others:
            found.append(_narrowed(policy_name, f"is also attached to {listed(reader.policy.others)}"))
    return found


def _possessions(reader: Reader) -> list[str]:
    owned = [
        *(f"the policy {policy}" for policy in reader.attached),
        *(f"the inline policy {policy}" for policy in reader.inline),
        *(f"the group {group}" for group in reader.groups),
    ]
    if len(reader.access_keys) > 1:
        owned.append(f"{len(reader.access_keys)} access keys ({listed(reader.access_keys)})")
    return owned


def _narrowed(policy: str, why: str) -> str:
    return (
        f"The policy {policy} {why}, and the plan would narrow it to this bucket's records: remove the last two blocks"
        " from imports.tf, and set --reader-policy to a new name."
    )


def _is_of(resource: str, bucket: str | None) -> bool:
    return bucket is not None and resource.split(":::")[-1].partition("/")[0] == bucket


# Looking


def look(session: boto3.Session, name: str, policy_name: str) -> Reader:
    """Return the user and its policy."""
    iam = session.client("iam")
    with in_a_sentence(f"The user {name} cannot be read"):
        try:
            keys = _listed(iam, "list_access_keys", "AccessKeyMetadata", UserName=name)
        except iam.exceptions.NoSuchEntityException:
            return Reader(name)
        attached = {
            policy["PolicyName"]: policy["PolicyArn"]
            for policy in _listed(iam, "list_attached_user_policies", "AttachedPolicies", UserName=name)
        }
        own = attached.pop(policy_name, None)
        return Reader(
            name,
            exists=True,
            attached=sorted(attached),
            inline=sorted(_listed(iam, "list_user_policies", "PolicyNames", UserName=name)),
            groups=sorted(
                group["GroupName"] for group in _listed(iam, "list_groups_for_user", "Groups", UserName=name)
            ),
            access_keys=[key["AccessKeyId"] for key in keys],
            policy=_policy(iam, own, name) if own else None,
        )


def _policy(iam: Any, arn: str, user: str) -> ReaderPolicy:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    holders = [
        f"the {kind.lower()} {one[f'{kind}Name']}"
        for kind in ("User", "Role", "Group")
        for one in _listed(iam, "list_entities_for_policy", f"Policy{kind}s", PolicyArn=arn)
    ]
    return ReaderPolicy([one for one in holders if one != f"the user {user}"], _resources(document))


def _resources(document: Mapping[str, Any]) -> list[str]:
    """List what a policy's statements allow something on; IAM takes single values without their list."""
    allowed = [one for one in _as_list(document["Statement"]) if one["Effect"] == "Allow"]
    return sorted({resource for one in allowed for resource in _as_list(one.get("Resource", "*"))})


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _listed(iam: Any, operation: str, key: str, **asked: str) -> list[Any]:
    return [one for page in iam.get_paginator(operation).paginate(**asked) for one in page[key]]
