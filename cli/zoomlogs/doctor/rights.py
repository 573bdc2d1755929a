"""What AWS has to allow the doctor, check by check; what is left out is then not checked, and said so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..logs.rights import statements as of_logs
from ..status.rights import of_checkpoint

if TYPE_CHECKING:
    from ..deployment import Deployment


def by_check(deployment: Deployment) -> dict[str, list[dict[str, Any]]]:
    """Return the IAM statements that each check needs, by the check's name; checks that need none are left out."""
    outputs = deployment.outputs
    bucket, reader = outputs["bucket"]["arn"], outputs.get("reader") or {"mode": "none"}
    rights = {
        "secret": [_allow("SignInAtZoom", ["secretsmanager:GetSecretValue"], deployment.secret_arn)],
        "function": [_allow("LookAtFunction", ["lambda:GetFunctionConfiguration"], outputs["function"]["arn"])],
        "schedule": [_allow("LookAtSchedule", ["scheduler:GetSchedule"], outputs["schedule"]["arn"])],
        "runs": of_logs(deployment),
        "dead letters": [_allow("CountDeadLetters", ["sqs:GetQueueAttributes"], outputs["dead_letter_queue"]["arn"])],
        "bucket": [_allow("LocateBucket", ["s3:GetBucketLocation"], bucket)],
        "versioning": [_allow("LookAtVersioning", ["s3:GetBucketVersioning"], bucket)],
        "encryption": [_allow("LookAtEncryption", ["s3:GetEncryptionConfiguration"], bucket)],
        "public access": [_allow("LookAtPublicAccess", ["s3:GetBucketPublicAccessBlock"], bucket)],
        "bucket policy": [_allow("LookAtBucketPolicy", ["s3:GetBucketPolicy"], bucket)],
        "collector's puts": [_allow("LookAtBucketPolicy", ["s3:GetBucketPolicy"], bucket), *of_logs(deployment)],
        "checkpoint": of_checkpoint(deployment),
        "collector's rights": [_allow("SimulateCollector", ["iam:SimulatePrincipalPolicy"], outputs["role"]["arn"])],
        "scheduler's rights": [
            _allow("SimulateScheduler", ["iam:SimulatePrincipalPolicy"], outputs["schedule"]["role_arn"])
        ],
    }
    if reader["mode"] != "none":
        rights["reader's rights"] = [_allow("SimulateReader", ["iam:SimulatePrincipalPolicy"], reader["arn"])]
        actions = ["iam:ListAccessKeys", "iam:GetAccessKeyLastUsed"] if reader["mode"] == "user" else ["iam:GetRole"]
        rights["reader"] = [_allow("LookAtReader", actions, reader["arn"])]
    if monitoring := outputs.get("monitoring"):
        # CloudWatch tells of composite alarms only whoever may describe all ("DescribeAlarms" in its API reference).
        rights["alarms"] = [_allow("LookAtAlarms", ["cloudwatch:DescribeAlarms"], "*")]
        if topics := monitoring["topic_arns"]:
            rights["subscribers"] = [_allow("CountSubscribers", ["sns:GetTopicAttributes"], topics)]
    return rights


def statements(deployment: Deployment) -> list[dict[str, Any]]:
    """Return the IAM statements that `zoomlogs doctor` needs for all its checks."""
    all_needed = [statement for needed in by_check(deployment).values() for statement in needed]
    return [*{statement["Sid"]: statement for statement in all_needed}.values()]  # some checks need the same


def _allow(sid: str, actions: list[str], resource: str | list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}
