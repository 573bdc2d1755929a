"""AWS for the operator's commands: sessions by the SDK's own rules (profiles, environment), failures in a sentence."""

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


def session(region: str | None, profile: str | None = None) -> boto3.Session:
    """Return a session in the region given, whatever region the profile has; None takes the profile's.

    Without `profile` it is AWS_PROFILE, or what else the SDK finds. Raises `CommandError` where nobody is signed in, or
    the profile is not there.
    """
    try:
        signed_in = boto3.Session(region_name=region, profile_name=profile)
        if signed_in.get_credentials() is not None:
            return signed_in
    except BotoCoreError as error:
        raise CommandError(f"AWS cannot be signed in to: {reason(error)}.") from error
    raise CommandError("No AWS credentials are found here: sign in as for `terraform plan`, or set AWS_PROFILE.")


def session_for(deployment: Deployment, profile: str | None = None, *, must_answer: bool = True) -> boto3.Session:
    """Return a session in the deployment's region, signed in to its AWS account.

    Names are the same in every account, so a command would act on another deployment without it. Raises `CommandError`
    where `session` does, for another account, and if AWS does not say which account it is (only if it `must_answer`).
    """
    made = session(deployment.region, profile)
    try:
        account = account_of(made)
    except FAILURES as error:
        if must_answer:
            raise CommandError(f"AWS does not say which account you are signed in to: {reason(error)}.", 1) from error
        return made
    refuse_other_account(account, deployment.account)
    return made


def session_with_key(access_key_id: str, secret_access_key: str, region: str) -> boto3.Session:
    """Return a session that signs with an access key of somebody else's."""
    return boto3.Session(access_key_id, secret_access_key, region_name=region)


def account_of(signed_in: boto3.Session) -> str:
    """Return the account that a session is signed in to, which no policy can deny. Raises boto3's failures."""
    return str(signed_in.client("sts", config=BRIEF).get_caller_identity()["Account"])


def refuse_other_account(account: str, wanted: str) -> None:
    """Raise `CommandError` for an account other than the one wanted."""
    if account != wanted:
        raise CommandError(
            f"You are signed in to the AWS account {account}, and this is for the account {wanted}: choose the"
            " credentials of that account, such as with AWS_PROFILE, or give the outputs of the other deployment"
            " with --outputs."
        )


def error_code(error: Exception) -> str:
    """Return AWS's code of a failure, such as AccessDenied; "" where AWS was not reached."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def is_denied(error: Exception) -> bool:
    """Tell whether AWS refuses because the caller lacks a right."""
    return error_code(error) in _DENIED


def is_denied_by_kms(error: Exception) -> bool:
    """Tell whether the right that the caller lacks is one on a KMS key."""
    return is_denied(error) and bool(_BY_KMS.search(str(error)))


def secret_is_empty(error: Exception) -> bool:
    """Tell whether Secrets Manager says that a secret is there, but holds no value yet."""
    return error_code(error) == "ResourceNotFoundException" and "staging label" in str(error)


def reason(error: Exception) -> str:
    """Say in AWS's words what is wrong, without a full stop."""
    if isinstance(error, ClientError):
        told = error.response.get("Error", {})
        return f"{str(told.get('Message') or 'refused').rstrip('.')} ({told.get('Code')})"
    return str(error).rstrip(".")


@contextmanager
def in_a_sentence(failed: str) -> Iterator[None]:
    """Turn a failure of AWS's into a `CommandError`: what failed, then AWS's reason."""
    try:
        yield
    except FAILURES as error:
        raise CommandError(f"{failed}: {reason(error)}.", status=1) from error
