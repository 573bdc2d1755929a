"""What AWS has to allow the doctor, check by check; what is left out is then not checked, and said so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..logs.rights import statements as of_logs
from ..status.rights import of_checkpoint
from .alarm_trial import MEMBER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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
        "metrics": [*of_logs(deployment), LOOK_AT_METRICS],
        "dead letters": [_allow("CountDeadLetters", ["sqs:GetQueueAttributes"], outputs["dead_letter_queue"]["arn"])],
        "bucket": [_allow("LocateBucket", ["s3:GetBucketLocation"], bucket)],
        "versioning": [_allow("LookAtVersioning", ["s3:GetBucketVersioning"], bucket)],
        "object lock": [_allow("LookAtObjectLock", ["s3:GetBucketObjectLockConfiguration"], bucket)],
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
    if (outputs.get("secops_feed") or {}).get("queue"):
        rights["feed's queue"] = [LOOK_AT_METRICS]
    return rights


def by_trial(deployment: Deployment) -> dict[str, list[dict[str, Any]]]:
    """Return the IAM statements that each check behind an option needs, by its name; the reader's own are left out."""
    outputs = deployment.outputs
    start = _allow("StartRun", ["lambda:InvokeFunction"], outputs["function"]["arn"])
    records = f"{outputs['bucket']['arn']}/{deployment.prefix}*"
    rights = {
        "write once": [start],
        "write by others": [start, _allow("TryToWriteRecord", ["s3:GetObject", "s3:PutObject"], records)],
    }
    if monitoring := outputs.get("monitoring"):
        function = outputs["function"]
        alarm = f"{function['arn'].partition(':lambda:')[0]}:cloudwatch:{deployment.region}:{deployment.account}:alarm"
        rights["alarm to message"] = [
            _allow("SetAlarm", ["cloudwatch:SetAlarmState"], f"{alarm}:{monitoring['alarms'][MEMBER]}"),
            # As with DescribeAlarms: of composite alarms, only whoever may look at all is told.
            _allow("FollowAlarms", ["cloudwatch:DescribeAlarms", "cloudwatch:DescribeAlarmHistory"], "*"),
            *(
                [_allow("SeeSubscribers", ["sns:ListSubscriptionsByTopic"], monitoring["topic_arns"])]
                if monitoring["topic_arns"]
                else []
            ),
        ]
    if secret := (outputs.get("secops_feed") or {}).get("key_secret_name"):
        partition = outputs["function"]["arn"].partition(":lambda:")[0]
        arn = f"{partition}:secretsmanager:{deployment.region}:{deployment.account}"
        rights["reader's key"] = [
            _allow("SignInAsReader", ["secretsmanager:GetSecretValue"], f"{arn}:secret:{secret}-??????"),
            _allow("SeeRotation", ["iam:ListAccessKeys"], outputs["reader"]["arn"]),
        ]
    return rights


def statements(deployment: Deployment) -> list[dict[str, Any]]:
    """Return the IAM statements that `zoomlogs doctor` needs for all its checks, without those behind an option."""
    return _each_once(by_check(deployment).values())


def trial_statements(*names: str) -> Callable[[Deployment], list[dict[str, Any]]]:
    """Return what gives the IAM statements of some of the checks behind an option."""
    return lambda deployment: _each_once(needed for name, needed in by_trial(deployment).items() if name in names)


def _each_once(needed: Iterable[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return list({statement["Sid"]: statement for statements in needed for statement in statements}.values())


def _allow(sid: str, actions: list[str], resource: str | list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}


LOOK_AT_METRICS = _allow("LookAtMetrics", ["cloudwatch:GetMetricData"], "*")  # AWS knows no narrower resource
