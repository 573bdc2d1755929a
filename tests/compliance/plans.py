"""The module's real plans, as a caller's pipeline creates them: one for each set of options."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from harness.scratch import prepare
from standins.aws import AwsStandIn
from standins.running_provider import running_provider

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = "tests/fixtures/plan_check"
PREFIX = "arn:aws:{}:us-east-1:123456789012:"
SENTINELS = {"account_id": "Sentinel-Account", "client_id": "Sentinel-Client", "client_secret": "Sentinel-Secret"}

ALWAYS = ("collector", "least_privilege", "no_access_key", "public_access", "secrets")
BUCKET = ("bucket", "versioning")
ALARMS = ("alarms", "alarms_silence", "alarms_topic", "alarms_key")

# The inputs of each variant, and the feature files that fit them (see README.md).
INPUTS: dict[str, dict[str, object]] = {
    "default": {},
    "full": {
        "feed": {"source_type": "AMAZON_SQS_V2"},
        "kms_key": {"arn": PREFIX.format("kms") + "key/1234abcd-12ab-34cd-56ef-1234567890ab"},
        "collector": {"tracing": True, "vpc": {"subnet_ids": ["subnet-0123"], "security_group_ids": ["sg-0123"]}},
        "secret": {"credentials_version": 1},
        "zoom_credentials": SENTINELS,
        "tags": {"owner": "platform"},
    },
    "role": {
        "reader": {"mode": "role", "subject_id": "123456"},
        "feed": {"deletion_option": "ON_SUCCESS"},
    },
    "locked": {
        "bucket": {"lock": {"mode": "COMPLIANCE", "days": 90}},
        "monitoring": {"enabled": False},
    },
    "existing_bucket": {
        "bucket": {"create": False},
        "monitoring": {"enabled": False},
    },
    "nothing_made": {
        "bucket": {"create": False},
        "reader": {"mode": "none"},
        "monitoring": {"enabled": False},
    },
    "existing_secret": {
        "secret": {"existing": {"arn": PREFIX.format("secretsmanager") + "secret:zoom-a1B2c3"}},
        "package": {
            "s3_bucket": "packages-of-ours",
            "s3_key": "collector.zip",
            "sha256": f"{'z' * 43}=",
            "s3_object_version": "L4kqtJlcpXroDTDmpUMLUoZx8aQ7bY2c",
        },
        "bucket": {
            "versioning": False,
            "transitions": [{"days": 30, "storage_class": "STANDARD_IA"}],
            "access_logs_bucket": "logs-of-ours",
        },
        "monitoring": {"topic_arns": [PREFIX.format("sns") + "alerts-of-ours"]},
    },
}
FEATURES: dict[str, tuple[str, ...]] = {
    "default": (*ALWAYS, *BUCKET, *ALARMS, "reader", "secret"),
    "full": (
        *(
            *ALWAYS,
            *BUCKET,
            "alarms",
            "alarms_silence",
            "alarms_topic",
            "reader",
            "feed_queue",
            "secret",
            "tags",
        ),
        *("network", "kms", "kms_bucket", "kms_queue", "kms_secret"),
    ),
    "role": (*ALWAYS, *BUCKET, *ALARMS, "reader_deletes", "reader_role", "secret"),
    "locked": (*ALWAYS, *BUCKET, "lock", "reader", "secret"),
    "existing_bucket": (*ALWAYS, "reader", "reader_prefix", "secret"),
    "nothing_made": (*ALWAYS, "secret"),
    "existing_secret": (*ALWAYS, "alarms", "alarms_silence", "bucket", "reader", "secret"),
}


@contextmanager
def planning() -> Iterator[Callable[[str], dict[str, Any]]]:
    """Return a function that plans a variant of the fixture and returns the JSON of `terraform show -json`."""
    with AwsStandIn() as aws, tempfile.TemporaryDirectory(prefix="plans-") as folder:
        terraform = prepare(REPOSITORY, Path(folder), aws.env(), folder=FOLDER)
        terraform.init()
        file = Path(folder) / "tfplan"

        def plan(variant: str) -> dict[str, Any]:
            terraform.plan(INPUTS[variant], out=file)
            return terraform.show_json(file)

        with running_provider(terraform):
            yield cache(plan)


def write(plan: dict[str, Any], file: Path) -> Path:
    """Write a plan on one line, as Terraform does and terraform-compliance requires."""
    file.write_text(json.dumps(plan), encoding="utf-8")
    return file
