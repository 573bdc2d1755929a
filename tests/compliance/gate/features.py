"""Selects the feature files that fit a use of the module, by its resources and its function's environment."""

from __future__ import annotations

from typing import Any

from .rules.unknown import unknown_of
from .uses import Use

ALWAYS = ("collector", "least_privilege", "no_access_key", "public_access", "secrets")


def fitting(use: Use) -> list[str]:
    """Return the names of the feature files that fit a use, without .feature."""
    chosen = [
        *ALWAYS,
        *_alarms(use),
        *_bucket(use),
        *_reader(use),
        *_key(use),
    ]
    credentials = use.one("collector", "aws_iam_role_policy", "credentials")
    if credentials is None or not unknown_of(credentials):
        chosen.append("secret")
    if use.has("collector", "aws_iam_role_policy", "network"):
        chosen.append("network")
    if use.function.after.get("tags_all"):
        chosen.append("tags")
    return sorted(chosen)


def _alarms(use: Use) -> list[str]:
    if not use.has("monitoring", "aws_cloudwatch_composite_alarm", "not_healthy"):
        return []
    schedule = use.one("collector", "aws_scheduler_schedule", "collector")
    paused = schedule is not None and schedule.after.get("state") == "DISABLED"
    return [
        "alarms",
        *([] if paused else ["alarms_silence"]),
        *(["alarms_topic"] if use.has("monitoring", "aws_sns_topic", "alarms") else []),
        *(["alarms_key"] if use.has("monitoring", "aws_kms_key", "topic") else []),
    ]


def _bucket(use: Use) -> list[str]:
    """Leave out versioning.feature for a bucket without versions: the rule versioning-off refuses it."""
    if not use.makes_bucket:
        return []
    versioning = use.one("archive", "aws_s3_bucket_versioning", "archive")
    blocks: list[dict[str, Any]] = (versioning.after if versioning else {}).get("versioning_configuration") or [{}]
    return [
        "bucket",
        *(["versioning"] if blocks[0].get("status") == "Enabled" else []),
        *(["lock"] if use.has("archive", "aws_s3_bucket_object_lock_configuration", "archive") else []),
    ]


def _reader(use: Use) -> list[str]:
    """The reader may delete only if the collector's environment says that the feed deletes."""
    chosen = []
    if use.has("secops_reader", "aws_iam_policy", "reader"):
        deletes = (use.environment or {}).get("FEED_DELETES") == "true"
        chosen.append("reader_deletes" if deletes else "reader")
        if not use.makes_bucket:
            chosen.append("reader_prefix")
    if use.has("secops_reader", "aws_iam_role", "reader"):
        chosen.append("reader_role")
    if use.has("archive", "aws_sqs_queue", "feed"):
        chosen.append("feed_queue")
    return chosen


def _key(use: Use) -> list[str]:
    log = use.one("collector", "aws_cloudwatch_log_group", "collector")
    if log is None or not log.after.get("kms_key_id"):
        return []
    return [
        "kms",
        *(["kms_bucket"] if use.makes_bucket else []),
        *(["kms_queue"] if use.has("archive", "aws_sqs_queue", "feed") else []),
        *(["kms_secret"] if use.has("collector", "aws_secretsmanager_secret", "zoom") else []),
    ]
