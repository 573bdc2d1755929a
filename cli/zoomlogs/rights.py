"""What AWS has to allow whoever runs a command: by command, as docs/cli.md prints it.

A command that asks AWS for something has a module `rights` whose `statements` go here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .doctor.rights import statements as of_doctor
from .doctor.rights import trial_statements
from .invoke.rights import statements as of_invoke
from .logs.rights import statements as of_logs
from .status.rights import statements as of_status
from .verify.rights import repair_statements as of_repair
from .verify.rights import statements as of_verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from .deployment import Deployment

RIGHTS: dict[str, Callable[[Deployment], list[dict[str, Any]]]] = {
    "doctor": of_doctor,
    "doctor --probe": trial_statements("write once", "write by others"),
    "doctor --test-alarm": trial_statements("alarm to message"),
    "doctor --as-reader": trial_statements("reader's key"),
    "status": of_status,
    "logs": of_logs,
    "verify": of_verify,
    "verify --repair": of_repair,
    "run": of_invoke,
    "reconcile": of_invoke,
    "backfill": of_invoke,
}


def policy(command: str, deployment: Deployment) -> dict[str, Any]:
    """Return the IAM policy with which a command works on a deployment."""
    return {"Version": "2012-10-17", "Statement": RIGHTS[command](deployment)}


def use_of_key(key_arn: str, deployment: Deployment) -> dict[str, Any]:
    """Return the IAM statement that each command needs besides, where a KMS key of one's own encrypts what it reads.

    By way of these services only: the bucket's objects, the secret, and the function's environment.
    """
    services = [f"{name}.{deployment.region}.*" for name in ("lambda", "s3", "secretsmanager")]
    return {
        "Sid": "DecryptWithKey",
        "Effect": "Allow",
        "Action": ["kms:Decrypt"],
        "Resource": key_arn,
        "Condition": {"StringLike": {"kms:ViaService": services}},
    }
