"""Changes that destroy or replace, now or later, a resource that keeps records or secrets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..findings import Rule, Scene
from ..plan import Resource

KEEPERS = {
    ("archive", "aws_s3_bucket", "archive"): "the bucket with the records",
    ("archive", "aws_s3_bucket_versioning", "archive"): "the versioning, with which a deleted record can be restored",
    ("archive", "aws_s3_bucket_object_lock_configuration", "archive"): "the bucket's Object Lock",
    ("archive", "aws_s3_bucket_policy", "archive"): "the bucket policy, which denies overwriting records",
    ("archive", "aws_s3_bucket_public_access_block", "archive"): "the bucket's public access block",
    ("archive", "aws_s3_bucket_server_side_encryption_configuration", "archive"): "the encryption of the records",
    ("archive", "aws_s3_bucket_ownership_controls", "archive"): "the setting that disables the bucket's ACLs",
    ("collector", "aws_secretsmanager_secret", "zoom"): "the secret with Zoom's credentials",
    ("collector", "aws_secretsmanager_secret_version", "zoom"): "the value of the secret with Zoom's credentials",
    ("collector", "aws_cloudwatch_log_group", "collector"): "the log of every run",
    ("monitoring", "aws_kms_key", "topic"): "the key of the alarms",
    ("archive", "aws_sqs_queue", "feed"): "the queue with the messages that the feed has not read yet",
}
"""The module's resources that keep or protect records or secrets."""

SETTINGS = {
    "aws_s3_bucket": "bucket",
    "aws_s3_bucket_versioning": "bucket",
    "aws_s3_bucket_object_lock_configuration": "bucket",
    "aws_s3_bucket_policy": "bucket",
    "aws_s3_bucket_public_access_block": "bucket",
    "aws_s3_bucket_server_side_encryption_configuration": "bucket",
}
"""The caller's resources for a bucket that the module does not create, and the attribute that names the bucket."""


def destroyed(scene: Scene) -> Iterator[tuple[str, str]]:
    """Find each keeper that is destroyed, replaced or forgotten."""
    for place, resource in scene.use.members:
        keeps = KEEPERS.get((place, resource.type, resource.name))
        if keeps:
            yield from _gone(resource, keeps)
    for resource in scene.others:
        keeps = kept_elsewhere(scene, resource)
        if keeps:
            yield from _gone(resource, keeps)


def _gone(resource: Resource, keeps: str) -> Iterator[tuple[str, str]]:
    if "delete" in resource.actions:
        how = "replaced: destroyed and created again" if "create" in resource.actions else "destroyed"
        yield resource.address, f"{keeps[0].upper()}{keeps[1:]} would be {how}."
    elif "forget" in resource.actions:
        yield resource.address, f"Terraform would forget {keeps}, and no later plan would show changes to it."


def kept_elsewhere(scene: Scene, resource: Resource) -> str:
    """Return what a resource of the caller keeps for the module; empty if nothing."""
    before = resource.before
    attribute = SETTINGS.get(resource.type)
    if attribute and before.get(attribute) and before[attribute] in _buckets(scene):
        return (
            "the bucket with the records" if resource.type == "aws_s3_bucket" else "a setting that protects the records"
        )
    arns = _arns(scene)
    if resource.type in ("aws_secretsmanager_secret", "aws_kms_key") and before.get("arn") in arns:
        return "the secret with Zoom's credentials" if "secret" in resource.type else "the key of the records"
    return ""


def _buckets(scene: Scene) -> set[str]:
    was = environment_before(scene)
    return {scene.use.bucket_name, was.get("S3_BUCKET", "")} - {""}


def _arns(scene: Scene) -> set[str]:
    function = scene.use.function
    environments = [environment_before(scene), scene.use.environment or {}]
    secrets = [one.get(name) for one in environments for name in ("ZOOM_SECRET_ID", "ZOOM_SECRET_ARN")]
    keys = [one.get("kms_key_arn") for one in (function.before, function.after)]
    return {one for one in (*secrets, *keys) if one}


def environment_before(scene: Scene) -> dict[str, Any]:
    """Return the function's environment before the apply; empty if it has none."""
    blocks = scene.use.function.before.get("environment") or []
    return (blocks[0].get("variables") or {}) if blocks else {}


def force_destroy(scene: Scene) -> Iterator[tuple[str, str]]:
    """Find a bucket that a later destroy would empty, and a secret that could not be restored."""
    for bucket in scene.use.all("archive", "aws_s3_bucket", "archive"):
        if bucket.stays and bucket.after.get("force_destroy") is True:
            yield bucket.address, "The bucket has force_destroy: a destroy would delete every record."
    for other in scene.others:
        name = other.after.get("bucket") if other.type == "aws_s3_bucket" and other.stays else None
        if name and name == scene.use.bucket_name and other.after.get("force_destroy") is True:
            yield other.address, "The bucket with the records has force_destroy: a destroy would delete every record."
    for secret in scene.use.all("collector", "aws_secretsmanager_secret", "zoom"):
        if secret.stays and secret.after.get("recovery_window_in_days") == 0:
            yield secret.address, "The secret has no recovery window: once destroyed, it cannot be restored."


def versions_off(scene: Scene) -> Iterator[tuple[str, str]]:
    """Find a bucket without versioning."""
    for versioning in scene.use.all("archive", "aws_s3_bucket_versioning", "archive"):
        blocks = versioning.after.get("versioning_configuration") or [{}]
        if versioning.stays and blocks[0].get("status") != "Enabled":
            yield versioning.address, "The bucket keeps no versions: a deleted record would be lost."


DAYS = {"expiration": "days", "noncurrent_version_expiration": "noncurrent_days"}


def kept_shorter(scene: Scene) -> Iterator[tuple[str, str]]:
    """Find a lifecycle configuration that would delete records sooner than it does now."""
    for lifecycle in scene.use.all("archive", "aws_s3_bucket_lifecycle_configuration", "archive"):
        if not (lifecycle.stays and lifecycle.before):
            continue
        for block in DAYS:
            before, after = _days(lifecycle.before, block), _days(lifecycle.after, block)
            if after and (before is None or after < before):
                kept = f"for {before} days" if before else "forever"
                what = "Records" if block == "expiration" else "Versions of records"
                yield lifecycle.address, f"{what} would be deleted after {after} days. They are now kept {kept}."


def _days(values: dict[str, Any], block: str) -> int | None:
    for rule in values.get("rule") or []:
        if rule.get("id") == "records":
            return next((one.get(DAYS[block]) or None for one in rule.get(block) or []), None)
    return None


RULES = (
    Rule(
        "destroys",
        "It keeps or protects records or secrets. What is destroyed is lost: Zoom keeps records for only six months.",
        "Undo the change. To rename or move a resource, use a `moved` block or `zoomlogs adopt`; to uninstall, follow "
        "docs/uninstalling.md.",
        destroyed,
    ),
    Rule(
        "force-destroy",
        "`terraform destroy`, or a change that replaces the resource, would then delete what is in it.",
        "Leave out bucket.force_destroy, and set secret.recovery_window_days to 7 to 30.",
        force_destroy,
    ),
    Rule(
        "versioning-off",
        "Without versions a deletion is final, and the collector cannot see what a feed has deleted.",
        "Leave out bucket.versioning.",
        versions_off,
    ),
    Rule(
        "kept-shorter",
        "S3 deletes what is older as soon as the rule applies.",
        "Leave bucket.expiration_days and bucket.noncurrent_expiration_days as they are, or raise them.",
        kept_shorter,
    ),
)
