"""What AWS has to allow whoever reads the checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..deployment import Deployment


def statements(deployment: Deployment) -> list[dict[str, Any]]:
    """Return the IAM statements that `zoomlogs status` needs.

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
