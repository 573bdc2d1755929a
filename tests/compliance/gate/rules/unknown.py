"""Values that the check needs and that are known only after apply."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..findings import Rule, Scene
from ..plan import Resource, holds_true

JUDGED: dict[str, tuple[tuple[str, ...], ...]] = {
    "aws_iam_policy": (("policy",),),
    "aws_iam_role": (("assume_role_policy",),),
    "aws_iam_role_policy": (("policy",),),
    "aws_kms_key": (("policy",),),
    "aws_lambda_function": (
        ("environment",),
        ("filename",),
        ("s3_bucket",),
        ("s3_key",),
        ("code_signing_config_arn",),
    ),
    "aws_s3_bucket": (("bucket",), ("force_destroy",)),
    "aws_s3_bucket_lifecycle_configuration": (("rule", "expiration"), ("rule", "noncurrent_version_expiration")),
    "aws_s3_bucket_policy": (("policy",),),
    "aws_s3_bucket_versioning": (("versioning_configuration", "status"),),
    "aws_secretsmanager_secret": (("recovery_window_in_days",),),
    "aws_sns_topic_policy": (("policy",),),
    "aws_sqs_queue_policy": (("policy",),),
}
"""The attributes that rules and features check, by type of the module's resources."""


def unknown(scene: Scene) -> Iterator[tuple[str, str]]:
    """Find the checked attributes that the plan does not know."""
    for _, resource in scene.use.members:
        attributes = unknown_of(resource)
        if attributes and resource.stays:
            yield resource.address, f"The plan does not show {' and '.join(attributes)}: known only after apply."


def unknown_of(resource: Resource) -> list[str]:
    """List the checked attributes of a resource that the plan does not know."""
    return [".".join(path) for path in JUDGED.get(resource.type, ()) if is_unknown(resource.unknown, path)]


def is_unknown(marks: Any, path: tuple[str, ...]) -> bool:
    """True if anything at a path, in any block of a list, is marked as unknown."""
    if marks is True or not path:
        return holds_true(marks)
    if isinstance(marks, list):
        return any(is_unknown(one, path) for one in marks)
    return isinstance(marks, dict) and is_unknown(marks.get(path[0]), path[1:])


RULES = (
    Rule(
        "unknown-value",
        "Nobody can review what the plan does not show.",
        "Create the key and the secret in an earlier apply, or pass their ARNs.",
        unknown,
    ),
)
