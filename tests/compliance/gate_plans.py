"""Plans for the gate: the module's real plan with a known environment, and the plan after it has been applied."""

from __future__ import annotations

import copy
import pickle
from typing import Any

from .mutations import Mutate, Plan, Values, modules, values

ACCOUNT, REGION = "123456789012", "us-east-1"
BUCKET = "zoom-operation-logs"
ENVIRONMENT = {
    "FEED_DELETES": "false",
    "S3_BUCKET": BUCKET,
    "S3_PREFIX": "zoom/operationlogs/",
    "STATE_KEY": "zoom/operationlogs-state/state.json",
    "ZOOM_API_URL": "https://api.zoom.us/v2",
    "ZOOM_OAUTH_URL": "https://zoom.us/oauth/token",
    "ZOOM_SECRET_ID": "zoom-operationlogs-credentials",
}
MODULE = "module.zoom_operation_logs"
FUNCTION = f"{MODULE}.module.collector.aws_lambda_function.collector"


def arn(service: str, name: str) -> str:
    """Return an ARN in the account."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"


APPLIED: dict[tuple[str, str], Values] = {
    ("aws_cloudwatch_log_group", "collector"): {"arn": arn("logs", "log-group:/aws/lambda/zoom_operationlogs_to_s3")},
    ("aws_iam_policy", "writer"): {"arn": f"arn:aws:iam::{ACCOUNT}:policy/WriteZoomOperationLogsToS3Policy"},
    ("aws_iam_role", "collector"): {"arn": f"arn:aws:iam::{ACCOUNT}:role/WriteZoomOperationLogsToS3Role"},
    ("aws_kms_key", "topic"): {"arn": arn("kms", "key/11111111"), "key_id": "11111111"},
    ("aws_lambda_function", "collector"): {
        "arn": arn("lambda", "function:zoom_operationlogs_to_s3"),
        "code_signing_config_arn": "",
        "kms_key_arn": "",  # not null: checkov treats them differently
    },
    ("aws_s3_bucket", "archive"): {"arn": f"arn:aws:s3:::{BUCKET}", "id": BUCKET},
    ("aws_secretsmanager_secret", "zoom"): {
        "arn": arn("secretsmanager", "secret:zoom-operationlogs-credentials-a1B2c3")
    },
    ("aws_sns_topic", "alarms"): {"arn": arn("sns", "zoom-operationlogs-alarms")},
    ("aws_sqs_queue", "dead_letters"): {
        "arn": arn("sqs", "zoom-operationlogs-dead-letters"),
        "url": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/zoom-operationlogs-dead-letters",
    },
}
"""The attributes that AWS adds when it creates a resource, by type and name."""


def first(plan: Plan, **environment: str) -> Plan:
    """Return a first plan with the environment known, as it is where the function gets the secret's name."""
    known: Plan = pickle.loads(pickle.dumps(plan))  # in half the time of a deepcopy
    set_environment(**environment)(known)
    return known


def set_environment(**changed: str) -> Mutate:
    """Set variables of the function's environment, which the plan then knows; keep the others."""

    def mutate(plan: Plan) -> None:
        for held in values(plan, "aws_lambda_function", "collector"):
            now = (held.get("environment") or [{}])[0].get("variables") or ENVIRONMENT
            held["environment"] = [{"variables": {**now, **changed}}]
        for one in plan["resource_changes"]:
            if (one["type"], one["name"]) == ("aws_lambda_function", "collector"):
                one["change"]["after_unknown"].pop("environment", None)

    return mutate


def later(plan: Plan) -> Plan:
    """Return the plan of a second run, in which nothing changes."""
    known = first(plan)
    for one in known["resource_changes"]:
        change = one["change"]
        change["after"].update(APPLIED.get((one["type"], one["name"]), {}))
        change.update(actions=["no-op"], before=copy.deepcopy(change["after"]), after_unknown={})
    for module in modules(known["planned_values"]["root_module"]):
        for one in module.get("resources", []):
            one["values"].update(APPLIED.get((one["type"], one["name"]), {}))
    known["applyable"] = False
    return known


def change(plan: Plan, kind: str, name: str) -> dict[str, Any]:
    """Return the change of one of the module's resources."""
    [found] = [one for one in plan["resource_changes"] if (one["type"], one["name"]) == (kind, name)]
    about: dict[str, Any] = found["change"]
    return about


def acting(kind: str, name: str, *actions: str) -> Mutate:
    """Destroy, replace or forget a resource."""

    def mutate(plan: Plan) -> None:
        about = change(plan, kind, name)
        about["actions"] = list(actions)
        if actions in (("delete",), ("forget",)):
            about["after"] = None

    return mutate


def other(
    kind: str,
    *,
    reads: dict[str, list[str]] | None = None,
    at: str = "",
    actions: tuple[str, ...] = ("create",),
    **held: Any,
) -> Mutate:
    """Add a resource of the caller; `reads` are unknown attributes with their references.

    `at` is its module.
    """
    path = f"{at}." if at else ""
    resource = {"address": f"{path}{kind}.other", "mode": "managed", "type": kind, "name": "other"}
    unknown = dict.fromkeys(reads or {}, True)
    before = held if actions != ("create",) else None
    after = None if actions == ("delete",) else held

    def mutate(plan: Plan) -> None:
        plan["resource_changes"].append(
            {
                **resource,
                **({"module_address": at} if at else {}),
                "change": {"actions": list(actions), "before": before, "after": after, "after_unknown": unknown},
            }
        )
        root = plan["configuration"]["root_module"]
        for step in at.split(".")[1::2]:
            root = root["module_calls"][step]["module"]
        expressions = {attribute: {"references": found} for attribute, found in (reads or {}).items()}
        root.setdefault("resources", []).append({**resource, "address": f"{kind}.other", "expressions": expressions})

    return mutate


def all_of(*mutations: Mutate) -> Mutate:
    """Make several changes."""

    def mutate(plan: Plan) -> None:
        for one in mutations:
            one(plan)

    return mutate
