"""What AWS has to allow who starts runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..logs.rights import statements as of_logs
from ..status.rights import of_checkpoint

if TYPE_CHECKING:
    from ..deployment import Deployment


def statements(deployment: Deployment) -> list[dict[str, Any]]:
    """Return the IAM statements that `zoomlogs run`, `reconcile` and `backfill` need.

    Only the first is a must: without the others they say that they cannot follow the log, or name the dates owed.
    """
    return [
        {
            "Sid": "StartRun",
            "Effect": "Allow",
            "Action": ["lambda:InvokeFunction"],
            "Resource": deployment.outputs["function"]["arn"],
        },
        *of_logs(deployment),
        *of_checkpoint(deployment),
    ]
