"""The set-up and the remaining steps: decisions without I/O.

AWS's state shows which steps are done, so an interrupted run can be repeated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from zoom_operationlogs.credentials import FIELDS
from zoom_operationlogs.settings import Credentials

from ..errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


VARIABLES = {field: f"ZOOM_{field.upper()}" for field in FIELDS}
DESCRIPTION = 'Zoom Server-to-Server OAuth app: {"account_id", "client_id", "client_secret"}'
OUR_PACKAGE = "zoom_operationlogs."  # how the handler of this module's own function begins
DEFAULT_GROUP = "default"  # the guide's, and the module's

Step = Literal["switch-schedule-off", "create-secret", "fill-secret", "remove-variables", "wait-for-last-run"]

# The fields of GetSchedule that UpdateSchedule takes; it replaces the whole schedule.
_SCHEDULE_FIELDS = (
    *("ActionAfterCompletion", "Description", "EndDate", "FlexibleTimeWindow", "GroupName", "KmsKeyArn", "Name"),
    *("ScheduleExpression", "ScheduleExpressionTimezone", "StartDate", "State", "Target"),
)


@dataclass(frozen=True)
class Names:
    """The names of the set-up's parts; the defaults are the guide's, and for the secret the module's."""

    function: str = "zoom_operationlogs_to_s3"
    schedule: str = "zoom-operationlogs-schedule-15min"
    secret: str = "zoom-operationlogs-credentials"  # noqa: S105  its name
    reader: str = "secops-reader"
    reader_policy: str = "secops-reader-policy"


@dataclass(frozen=True)
class Function:
    """The function: its role's ARN, timeout in seconds, handler, environment, and when it was last changed."""

    role_arn: str
    timeout: int
    handler: str
    variables: Mapping[str, str]
    revision: str
    changed: datetime

    @property
    def role(self) -> str:
        """The role's name."""
        return self.role_arn.rpartition("/")[2]

    @property
    def is_ours(self) -> bool:
        """Whether it already runs this module's collector."""
        return self.handler.startswith(OUR_PACKAGE)


@dataclass(frozen=True)
class Secret:
    """A secret: its ARN and its credentials, None while it is empty."""

    arn: str
    holds: Credentials | None


@dataclass(frozen=True)
class Found:
    """The set-up in AWS; the schedule as in GetSchedule."""

    function: Function
    schedule: Mapping[str, Any]
    secret: Secret | None


@dataclass(frozen=True)
class Report:
    """The steps, whether Terraform has already adopted the set-up, the plan's variables, and warnings."""

    steps: list[Step]
    adopted: bool
    secret_arn: str | None
    variables: dict[str, object]
    warnings: list[str]


def credentials_in(variables: Mapping[str, str]) -> Credentials | None:
    """Return the credentials in an environment, None without any. Raises `CommandError` if some are missing."""
    values = {name: variables.get(name, "").strip() for name in VARIABLES.values()}
    missing = [name for name, value in values.items() if not value]
    if len(missing) == len(values):
        return None
    if missing:
        raise CommandError(
            f"The function has some of the credentials, but no {' and no '.join(missing)}: set all of"
            f" {', '.join(values)} in its environment, and run this again."
        )
    return Credentials(*values.values())


def steps(found: Found, names: Names, now: datetime) -> list[Step]:
    """Return the remaining steps in order. Raises `CommandError` if the user must decide first."""
    if found.function.is_ours:
        return []
    carried, held = credentials_in(found.function.variables), found.secret.holds if found.secret else None
    if not carried and not held:
        raise CommandError(
            f"Neither the function {names.function} nor the secret {names.secret} has Zoom's credentials: name the"
            " guide's function with --function, or the secret with --secret."
        )
    if carried and held and carried != held:
        raise CommandError(
            f"The secret {names.secret} and the function {names.function} have different credentials, and neither was"
            " changed: choose another name with --secret, or store the right ones in both."
        )
    left: list[Step] = []
    if found.schedule["State"] != "DISABLED":
        left.append("switch-schedule-off")
    if not held:
        left.append("fill-secret" if found.secret else "create-secret")
    if any(name in found.function.variables for name in VARIABLES.values()):
        left.append("remove-variables")
    if left[-1:] == ["remove-variables"] or seconds_to_wait(found.function, now):
        left.append("wait-for-last-run")
    return left


def seconds_to_wait(function: Function, now: datetime) -> float:
    """Return the seconds until every run that began before the function's last change has ended."""
    return max(0.0, function.timeout - (now - function.changed).total_seconds())


def switched_off(schedule: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schedule, disabled."""
    kept = {name: schedule[name] for name in _SCHEDULE_FIELDS if schedule.get(name) is not None}
    return {**kept, "State": "DISABLED"}


def without_credentials(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the other variables."""
    return {name: value for name, value in variables.items() if name not in VARIABLES.values()}


def warnings(function: Function, policies: list[str], versions_with_credentials: list[str]) -> list[str]:
    """Return warnings to read before the plan; `policies` are the role's customer managed policies."""
    found = [
        f"Version {version} of the function also has the credentials: delete it."
        for version in versions_with_credentials
    ]
    if not function.role_arn.endswith(f":role/{function.role}"):
        found.append(
            f"The role {function.role} has a path, so the plan would replace it: remove its blocks from imports.tf and"
            " set role_name to a new name."
        )
    if not policies:
        found.append(
            f"The role {function.role} has no customer managed policy: remove the two blocks of the writer's policy"
            " from imports.tf and set writer_policy_name to a new name."
        )
    if len(policies) > 1:
        found.append(
            f"The role {function.role} has several policies: set writer_policy_name to the one that writes to the"
            f" bucket, of {', '.join(policies)}; the others will be detached."
        )
    return found
