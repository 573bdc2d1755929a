"""What AWS has to allow whoever asks where collecting stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..logs.rights import statements as of_logs

if TYPE_CHECKING:
    from ..deployment import Deployment


def statements(deployment: Deployment) -> list[dict[str, Any]]:
    """Return the IAM statements that `zoomlogs status` needs; without those of the log it cannot say the last run."""
    return [*of_checkpoint(deployment), *of_logs(deployment)]


def of_checkpoint(deployment: Deployment) -> list[dict[str, Any]]:
    """Return the IAM statements that reading the checkpoint needs.

    Without the second, a checkpoint that is not there looks like one that may not be read.
    """
    bucket = deployment.outputs["bucket"]["arn"]
    return [
        {
            "Sid": "ReadCheckpoint",
            "Effect": "Allow",
            "Action": ["s3:GetObject"],
            "Resource": f"{bucket}/{deployment.state_key}",
        },
        {
            "Sid": "TellWhetherThereIsACheckpoint",
            "Effect": "Allow",
            "Action": ["s3:ListBucket"],
            "Resource": bucket,
            "Condition": {"StringEquals": {"s3:prefix": deployment.state_key}},
        },
    ]
