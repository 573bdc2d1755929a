"""AWS sessions by the SDK's own rules (profile, environment), and failures as sentences."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .deployment import Deployment

BRIEF = Config(connect_timeout=10, read_timeout=20, retries={"total_max_attempts": 3})
FAILURES = (BotoCoreError, ClientError)
_DENIED = (
    *("AccessDenied", "AccessDeniedException", "AccessDeniedFault", "403", "Forbidden", "UnauthorizedOperation"),
    "AuthorizationError",  # SNS
)
_BY_KMS = re.compile(r"kms:\w+|Access to KMS")  # as S3 and as Secrets Manager put it


def session(region: str | None) -> boto3.Session:
    """Return a session in the region; None takes the profile's.

    Raises `CommandError` if there are no credentials, or no such profile.
    """
    try:
        signed_in = boto3.Session(region_name=region)
        if signed_in.get_credentials() is not None:
            return signed_in
    except BotoCoreError as error:
        raise CommandError(f"Cannot sign in to AWS: {reason(error)}.") from error
    raise CommandError("No AWS credentials found: sign in as for `terraform plan`, or give --profile.")


def session_for(deployment: Deployment, *, must_answer: bool = True) -> boto3.Session:
    """Return a session in the deployment's region and AWS account.

    Names are the same in every account, so a session in another account would reach another deployment. Raises
    `CommandError` as `session` does, for another account, and (if it `must_answer`) if AWS does not name the account.
    """
    made = session(deployment.region)
    try:
        account = account_of(made)
    except FAILURES as error:
        if must_answer:
            raise CommandError(f"The AWS account you are signed in to is not known: {reason(error)}.", 1) from error
        return made
    refuse_other_account(account, deployment.account)
    return made


def session_with_key(access_key_id: str, secret_access_key: str, region: str) -> boto3.Session:
    """Return a session with another user's access key."""
    return boto3.Session(access_key_id, secret_access_key, region_name=region)


def account_of(signed_in: boto3.Session) -> str:
    """Return a session's account, by a call that no policy can deny. Raises boto3's failures."""
    return str(signed_in.client("sts", config=BRIEF).get_caller_identity()["Account"])


def refuse_other_account(account: str, wanted: str) -> None:
    """Raise `CommandError` for any other account."""
    if account != wanted:
        raise CommandError(
            f"You are signed in to the AWS account {account}, but this is for the account {wanted}: use credentials of"
            " that account, for example with --profile, or the outputs of the other deployment with --outputs."
        )


def error_code(error: Exception) -> str:
    """Return AWS's error code, such as AccessDenied; "" if AWS was not reached."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def is_denied(error: Exception) -> bool:
    """Whether AWS denied access."""
    return error_code(error) in _DENIED


def is_denied_by_kms(error: Exception) -> bool:
    """Whether AWS denied access to a KMS key."""
    return is_denied(error) and bool(_BY_KMS.search(str(error)))


def secret_is_empty(error: Exception) -> bool:
    """Whether a secret exists but has no value yet."""
    return error_code(error) == "ResourceNotFoundException" and "staging label" in str(error)


def reason(error: Exception) -> str:
    """Return AWS's message, without a full stop."""
    if isinstance(error, ClientError):
        answer = error.response.get("Error", {})
        return f"{str(answer.get('Message') or 'refused').rstrip('.')} ({answer.get('Code')})"
    return str(error).rstrip(".")


@contextmanager
def in_a_sentence(failed: str) -> Iterator[None]:
    """Turn an AWS failure into a `CommandError`: what failed, then the reason."""
    try:
        yield
    except FAILURES as error:
        raise CommandError(f"{failed}: {reason(error)}.", status=1) from error
