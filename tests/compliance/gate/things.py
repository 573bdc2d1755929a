"""The things of the module that other resources could name, each with its names and ARNs.

A first plan knows few ARNs. Most follow from account, region and name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .plan import Resource
from .uses import Use, path_of


@dataclass(frozen=True)
class Thing:
    """A resource of the module: its kind, its label in messages, and the names and ARNs by which others refer to it."""

    kind: str
    label: str
    place: str
    names: frozenset[str]
    arns: frozenset[str]

    def is_named(self, attribute: str, value: str) -> bool:
        """True if an attribute with this value names the thing."""
        if value in self.arns or any(value.startswith((f"{arn}:", f"{arn}/")) for arn in self.arns):
            return True
        return attribute in NAMED_BY[self.kind] and value in self.names


NAMED_BY: dict[str, tuple[str, ...]] = {
    "bucket": ("bucket", "bucket_name", "source_bucket", "target_bucket", "s3_bucket_name", "bucket_id"),
    "role": ("role", "roles", "role_name", "iam_role", "role_names"),
    "user": ("user", "users", "user_name", "user_names"),
    "policy": ("policy_arn",),
    "secret": ("secret_id", "secret_name", "secret_arn"),
    "queue": ("queue_url", "queue_name"),
    "key": ("key_id", "target_key_id"),
    "topic": ("topic", "topic_name"),
    "function": ("function_name", "target_function"),
    "log group": ("log_group_name", "log_group_identifier", "log_group_identifiers", "log_group_arn_list"),
}
"""By kind, the attributes in which other resources use a name; an ARN counts in every attribute."""

THINGS = (
    ("bucket", "the bucket with the records", "archive", "aws_s3_bucket", "archive"),
    ("role", "the collector's role", "collector", "aws_iam_role", "collector"),
    ("role", "the schedule's role", "collector", "aws_iam_role", "scheduler"),
    ("role", "the reader's role", "secops_reader", "aws_iam_role", "reader"),
    ("user", "the reader", "secops_reader", "aws_iam_user", "reader"),
    ("policy", "the collector's policy", "collector", "aws_iam_policy", "writer"),
    ("policy", "the reader's policy", "secops_reader", "aws_iam_policy", "reader"),
    ("policy", "the reader's policy on the key", "secops_reader", "aws_iam_policy", "key"),
    ("secret", "the secret with Zoom's credentials", "collector", "aws_secretsmanager_secret", "zoom"),
    ("queue", "the dead-letter queue", "collector", "aws_sqs_queue", "dead_letters"),
    ("queue", "the feed's queue", "archive", "aws_sqs_queue", "feed"),
    ("key", "the key of the alarms", "monitoring", "aws_kms_key", "topic"),
    ("topic", "the topic of the alarms", "monitoring", "aws_sns_topic", "alarms"),
    ("function", "the collector's function", "collector", "aws_lambda_function", "collector"),
    ("log group", "the collector's log group", "collector", "aws_cloudwatch_log_group", "collector"),
)


def things(use: Use) -> list[Thing]:
    """List the things of a use."""
    return list(_things(use))


def _things(use: Use) -> Iterator[Thing]:
    for kind, label, submodule, resource_type, name in THINGS:
        resource = use.one(submodule, resource_type, name)
        if resource is None or not resource.stays:
            continue
        place = ".".join((*path_of(resource.module), resource_type, name))
        values = {**resource.before, **resource.after}
        given = {values.get(key) for key in ("name", "bucket", "function_name", "id", "url", "key_id")}
        arns = {values.get("arn"), _arn(use, kind, resource)}
        if kind == "queue":
            given.add(f"https://sqs.{use.account.region}.amazonaws.com/{use.account.id}/{values.get('name')}")
        yield Thing(kind, label, place, _known(given), _known(arns))


def _known(values: set[Any]) -> frozenset[str]:
    return frozenset(one for one in values if isinstance(one, str) and one)


def _arn(use: Use, kind: str, resource: Resource) -> str | None:
    """Return the ARN that the resource will have, if the plan knows enough."""
    account, values = use.account, resource.after
    name = values.get("function_name") or values.get("bucket") or values.get("name")
    if not name:
        return None
    begin, here = f"arn:{account.partition}", f"{account.region}:{account.id}"
    path = values.get("path") or "/"
    return {
        "bucket": f"{begin}:s3:::{name}",
        "role": f"{begin}:iam::{account.id}:role{path}{name}",
        "user": f"{begin}:iam::{account.id}:user{path}{name}",
        "policy": f"{begin}:iam::{account.id}:policy{path}{name}",
        "secret": f"{begin}:secretsmanager:{here}:secret:{name}",  # and six random characters
        "queue": f"{begin}:sqs:{here}:{name}",
        "topic": f"{begin}:sns:{here}:{name}",
        "function": f"{begin}:lambda:{here}:function:{name}",
        "log group": f"{begin}:logs:{here}:log-group:{name}",
    }.get(kind)
