"""The IAM statements that each command and each check of the doctor needs, with a deployment's ARNs.

docs/cli.md shows them, and the tests run each command with exactly these.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .deployment import Deployment

Statement = dict[str, Any]

TRIED_ALARM = "errors"
"""The alarm in the output `monitoring` that `zoomlogs doctor --test-alarm` sets."""


def use_of_key(key_arn: str, deployment: Deployment) -> Statement:
    """Return the additional statement for reading what a customer managed KMS key encrypts.

    It allows the key only through the services of the bucket, the secret and the function's environment.
    """
    services = [f"{name}.{deployment.region}.*" for name in ("lambda", "s3", "secretsmanager")]
    return {
        "Sid": "DecryptWithKey",
        "Effect": "Allow",
        "Action": ["kms:Decrypt"],
        "Resource": key_arn,
        "Condition": {"StringLike": {"kms:ViaService": services}},
    }


# Commands


def of_logs(deployment: Deployment) -> list[Statement]:
    """Return the statements of `zoomlogs logs`."""
    return [_allow("ReadRunsInLog", ["logs:FilterLogEvents"], f"{deployment.outputs['log_group']['arn']}:*")]


def of_checkpoint(deployment: Deployment) -> list[Statement]:
    """Return the statements for reading the checkpoint; without the second, S3 answers a missing one with 403."""
    bucket = deployment.outputs["bucket"]["arn"]
    listing = _allow("TellWhetherThereIsACheckpoint", ["s3:ListBucket"], bucket)
    return [
        _allow("ReadCheckpoint", ["s3:GetObject"], f"{bucket}/{deployment.state_key}"),
        {**listing, "Condition": {"StringEquals": {"s3:prefix": deployment.state_key}}},
    ]


def of_status(deployment: Deployment) -> list[Statement]:
    """Return the statements of `zoomlogs status`."""
    return [*of_checkpoint(deployment), *of_logs(deployment)]


def of_run(deployment: Deployment) -> list[Statement]:
    """Return the statements of `zoomlogs run`, `reconcile` and `backfill`; only the first is required."""
    return [_start_run(deployment), *of_logs(deployment), *of_checkpoint(deployment)]


def of_verify(deployment: Deployment) -> list[Statement]:
    """Return the statements of `zoomlogs verify`."""
    bucket = deployment.outputs["bucket"]["arn"]
    return [
        _allow("SignInAtZoom", ["secretsmanager:GetSecretValue"], deployment.secret_arn),
        list_archive(deployment),
        _allow("ReadArchive", ["s3:GetObjectVersion"], f"{bucket}/{deployment.prefix}*"),
        *of_checkpoint(deployment),
    ]


def list_archive(at: Deployment) -> Statement:
    """Return the statement for listing the archive with versions and delete markers."""
    return _allow("ListArchive", ["s3:ListBucketVersions"], at.outputs["bucket"]["arn"], f"{at.prefix}*")


def of_repair(deployment: Deployment) -> list[Statement]:
    """Return the statements of `zoomlogs verify --repair`."""
    return [*of_verify(deployment), _start_run(deployment)]


def of_doctor(deployment: Deployment) -> list[Statement]:
    """Return the statements of `zoomlogs doctor` without the options that add checks."""
    return each_once(by_check(deployment).values())


def of_trials(*names: str) -> Callable[[Deployment], list[Statement]]:
    """Return a function that returns the statements of these checks."""
    return lambda deployment: each_once(needed for name, needed in by_trial(deployment).items() if name in names)


def of_zoom_secret(deployment: Deployment) -> list[Statement]:
    """Return the statements of `zoomlogs zoom-secret put`."""
    return [_allow("StoreCredentials", ["secretsmanager:PutSecretValue"], deployment.secret_arn)]


def of_reader_key(deployment: Deployment) -> list[Statement]:
    """Return the statements of `zoomlogs reader-key`; none if the reader has no key."""
    if not (secret := _readers_secret(deployment)):
        return []
    keys = ("CreateAccessKey", "DeleteAccessKey", "GetAccessKeyLastUsed", "ListAccessKeys", "UpdateAccessKey")
    stored = ("CreateSecret", "DescribeSecret", "GetSecretValue", "PutSecretValue", "TagResource")
    return [
        _allow("ManageAccessKeys", [f"iam:{name}" for name in keys], deployment.outputs["reader"]["arn"]),
        _allow("StoreAccessKey", [f"secretsmanager:{name}" for name in stored], secret),
    ]


def of_feed_apply(deployment: Deployment) -> list[Statement]:
    """Return the statements of `zoomlogs feed apply`; none if the reader has no key."""
    secret = _readers_secret(deployment)
    return [_allow("ReadAccessKey", ["secretsmanager:GetSecretValue"], secret)] if secret else []


def of_feed_status(deployment: Deployment) -> list[Statement]:
    """Return the statements of `zoomlogs feed status`; none where the feed has no queue."""
    return [LOOK_AT_METRICS] if (deployment.outputs.get("secops_feed") or {}).get("queue") else []


def of_udm(deployment: Deployment) -> list[Statement]:
    """Return the statements of `zoomlogs udm` for the archive's records."""
    bucket = deployment.outputs["bucket"]["arn"]
    return [
        _allow("ListRecords", ["s3:ListBucket"], bucket, f"{deployment.prefix}*"),
        _allow("ReadRecords", ["s3:GetObject"], f"{bucket}/{deployment.prefix}*"),
    ]


STATEMENTS: dict[str, Callable[[Deployment], list[Statement]]] = {
    "doctor": of_doctor,
    "doctor --probe": of_trials("write once", "write by others"),
    "doctor --test-alarm": of_trials("alarm to message"),
    "doctor --as-reader": of_trials("reader's key"),
    "status": of_status,
    "logs": of_logs,
    "verify": of_verify,
    "verify --repair": of_repair,
    "run": of_run,
    "reconcile": of_run,
    "backfill": of_run,
    "zoom-secret put": of_zoom_secret,
    "reader-key": of_reader_key,
    "feed apply": of_feed_apply,
    "feed status": of_feed_status,
    "udm": of_udm,
}
NEED_NOTHING = ("rights", "deployer-policy", "feed show", "feed subject-id")
"""Commands that call nothing in AWS. (`adopt` works without a deployment: its example's README has the policy.)"""


# The doctor, check by check


def by_check(deployment: Deployment) -> dict[str, list[Statement]]:
    """Return the statements of each check by its name; checks without any are omitted."""
    outputs = deployment.outputs
    bucket, above = outputs["bucket"]["arn"], deployment.dates_above
    reader = outputs.get("reader") or {"mode": "none"}
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
        # The last one distinguishes a deleted checkpoint from one that was never saved.
        "checkpoint": [*of_checkpoint(deployment), list_archive(deployment)],
        "archive": [list_archive(deployment), *of_checkpoint(deployment)],
        "other reports": [list_archive(deployment), _allow("ListDatesAbove", ["s3:ListBucket"], bucket, above)],
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
        # Composite alarms need the resource * ("DescribeAlarms" in the CloudWatch API reference).
        rights["alarms"] = [_allow("LookAtAlarms", ["cloudwatch:DescribeAlarms"], "*")]
        if topics := monitoring["topic_arns"]:
            rights["subscribers"] = [_allow("CountSubscribers", ["sns:GetTopicAttributes"], topics)]
    if (outputs.get("secops_feed") or {}).get("queue"):
        rights["feed's queue"] = [LOOK_AT_METRICS]
    return rights


LEANS_ON = {"package": "function", "environment": "function", "sign-in": "secret", "report": "secret"}
"""Checks that use what another check reads, and need its rights."""
_ACTION = re.compile(r"perform: ([\w-]+:\w+)")
_S3_ACTIONS = {
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
}


def missing_action(error: Exception, check: str, deployment: Deployment) -> str:
    """Return the denied action: from AWS's message, or from the request and the check's statements."""
    if found := _ACTION.search(str(error)):
        return found[1]
    needed = {**by_check(deployment), **by_trial(deployment)}.get(LEANS_ON.get(check, check), [])
    actions = sorted({action for statement in needed for action in statement["Action"]})
    operation = str(getattr(error, "operation_name", ""))
    named = [action for action in actions if action.partition(":")[2] == _S3_ACTIONS.get(operation, operation)]
    return " or ".join(named or actions) or "the actions in docs/cli.md for this check"


def by_trial(deployment: Deployment) -> dict[str, list[Statement]]:
    """Return the statements of each check behind an option, by its name, without the reader's own."""
    outputs = deployment.outputs
    start = _start_run(deployment)
    records = f"{outputs['bucket']['arn']}/{deployment.prefix}*"
    rights = {
        "write once": [start],
        "write by others": [start, _allow("TryToWriteRecord", ["s3:GetObject", "s3:PutObject"], records)],
    }
    if monitoring := outputs.get("monitoring"):
        function = outputs["function"]
        alarm = f"{function['arn'].partition(':lambda:')[0]}:cloudwatch:{deployment.region}:{deployment.account}:alarm"
        rights["alarm to message"] = [
            _allow("SetAlarm", ["cloudwatch:SetAlarmState"], f"{alarm}:{monitoring['alarms'][TRIED_ALARM]}"),
            _allow("FollowAlarms", ["cloudwatch:DescribeAlarms", "cloudwatch:DescribeAlarmHistory"], "*"),
            *(
                [_allow("SeeSubscribers", ["sns:ListSubscriptionsByTopic"], monitoring["topic_arns"])]
                if monitoring["topic_arns"]
                else []
            ),
        ]
    if secret := _readers_secret(deployment):
        rights["reader's key"] = [
            _allow("SignInAsReader", ["secretsmanager:GetSecretValue"], secret[-1]),
            _allow("SeeRotation", ["iam:ListAccessKeys"], outputs["reader"]["arn"]),
        ]
    return rights


def _readers_secret(deployment: Deployment) -> list[str]:
    """Return the ARN patterns of the secret with the reader's key, before and after its creation."""
    name = (deployment.outputs.get("secops_feed") or {}).get("key_secret_name")
    partition = deployment.outputs["function"]["arn"].partition(":lambda:")[0]
    arn = f"{partition}:secretsmanager:{deployment.region}:{deployment.account}:secret:{name}"
    return [arn, f"{arn}-??????"] if name else []


def _start_run(deployment: Deployment) -> Statement:
    return _allow("StartRun", ["lambda:InvokeFunction"], deployment.outputs["function"]["arn"])


def each_once(needed: Iterable[list[Statement]]) -> list[Statement]:
    """Return all statements without repetition."""
    return list({statement["Sid"]: statement for statements in needed for statement in statements}.values())


def _allow(sid: str, actions: list[str], resource: str | list[str], prefix: str | list[str] = "") -> Statement:
    condition = {"Condition": {"StringLike": {"s3:prefix": prefix}}} if prefix else {}
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource, **condition}


LOOK_AT_METRICS = _allow("LookAtMetrics", ["cloudwatch:GetMetricData"], "*")  # AWS supports no narrower resource
