"""What AWS has to allow whoever verifies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..status.rights import of_checkpoint

if TYPE_CHECKING:
    from ..deployment import Deployment


def statements(deployment: Deployment) -> list[dict[str, Any]]:
    """Return the IAM statements that `zoomlogs verify` needs."""
    bucket = deployment.outputs["bucket"]["arn"]
    return [
        {
            "Sid": "SignInAtZoom",
            "Effect": "Allow",
            "Action": ["secretsmanager:GetSecretValue"],
            "Resource": deployment.secret_arn,
        },
        {
            "Sid": "ListArchive",
            "Effect": "Allow",
            "Action": ["s3:ListBucketVersions"],
            "Resource": bucket,
            "Condition": {"StringLike": {"s3:prefix": f"{deployment.prefix}*"}},
        },
        {
            "Sid": "ReadArchive",
            "Effect": "Allow",
            "Action": ["s3:GetObjectVersion"],
            "Resource": f"{bucket}/{deployment.prefix}*",
        },
        *of_checkpoint(deployment),
    ]


def repair_statements(deployment: Deployment) -> list[dict[str, Any]]:
    """Return the IAM statements that `zoomlogs verify --repair` needs."""
    invoke = {
        "Sid": "StartRun",
        "Effect": "Allow",
        "Action": ["lambda:InvokeFunction"],
        "Resource": deployment.outputs["function"]["arn"],
    }
    return [*statements(deployment), invoke]
