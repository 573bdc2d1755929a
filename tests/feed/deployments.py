"""Outputs of the module, as `terraform output -json` gives them, for every way that the feed can be set."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
ACCOUNT = "123456789012"
BUCKET = "your-zoom-operation-logs"
URI = f"s3://{BUCKET}/zoom/operationlogs/"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:zoom-operationlogs-feed"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/secops-reader"
SUBJECT_ID = "103547991597142817347"
USER = "secops-reader"
KEY_SECRET = "zoom-operationlogs-reader-key"
ZOOM_SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:zoom-operationlogs-credentials-AbCdEf"

SETTINGS = {"AMAZON_S3_V2": "amazonS3V2Settings", "AMAZON_SQS_V2": "amazonSqsV2Settings"}


def body(
    source: str = "AMAZON_S3_V2",
    *,
    deletion: str = "NEVER",
    mode: str = "user",
    namespace: str | None = None,
    labels: dict[str, str] | None = None,
    lookback: int = 180,
    name: str = "Zoom Operation Logs",
    uri: str = URI,
) -> dict[str, Any]:
    """The output's `secops_feed.body`."""
    settings: dict[str, Any] = {"s3Uri": uri, "sourceDeletionOption": deletion, "maxLookbackDays": lookback}
    if source == "AMAZON_SQS_V2":
        settings["queue"] = QUEUE
    if mode == "role":
        settings["authentication"] = {"awsIamRoleAuth": {"awsIamRoleArn": ROLE, "subjectId": SUBJECT_ID}}
    details: dict[str, Any] = {
        "feedSourceType": source,
        "logType": "ZOOM_OPERATION_LOGS",
        SETTINGS[source]: settings,
    }
    if namespace:
        details["assetNamespace"] = namespace
    if labels:
        details["labels"] = labels
    return {"displayName": name, "details": details}


def module(feed: dict[str, Any] | None = None, *, mode: str = "user", **environment: str) -> dict[str, Any]:
    """The module's outputs, as far as these commands read them."""
    wanted = feed if feed is not None else body(mode=mode)
    return {
        "bucket": {"name": BUCKET, "prefix": "zoom/operationlogs/", "state_key": "zoom/state.json"},
        "function": {
            "name": "zoom_operationlogs_to_s3",
            "arn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:zoom_operationlogs_to_s3",
            "environment": {"S3_BUCKET": BUCKET, "ZOOM_SECRET_ID": ZOOM_SECRET, **environment},
        },
        "secret": {"arn": ZOOM_SECRET},
        "reader": {
            "mode": mode,
            "name": None if mode == "none" else USER,
            "arn": {"user": f"arn:aws:iam::{ACCOUNT}:user/{USER}", "role": ROLE}.get(mode),
            "policy_arn": None,
            "subject_id": SUBJECT_ID if mode == "role" else None,
            "tags": None if mode == "none" else {"owner": "security"},
        },
        "secops_feed": {
            "body": copy.deepcopy(wanted),
            "form": [
                {"field": "Feed name", "value": "Zoom Operation Logs"},
                {"field": "Source type", "value": "Amazon S3 V2"},
                {"field": "S3 URI", "value": URI},
                {"field": "Ingestion labels", "value": "team=[red]"},
            ],
            "key_secret_name": KEY_SECRET if mode == "user" else None,
        },
    }
