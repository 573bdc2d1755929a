"""What AWS has to allow who looks at the runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..deployment import Deployment


def statements(deployment: Deployment) -> list[dict[str, Any]]:
    """Return the IAM statements that `zoomlogs logs` needs."""
    return [
        {
            "Sid": "ReadRunsInLog",
            "Effect": "Allow",
            "Action": ["logs:FilterLogEvents"],
            "Resource": f"{deployment.outputs['log_group']['arn']}:*",
        }
    ]
