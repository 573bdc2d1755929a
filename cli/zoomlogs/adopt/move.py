"""The steps before Terraform takes over: schedule off, credentials into a secret, variables away, last run over.

A step is done when AWS shows it done, so whatever interrupts them, running them again goes on. The credentials leave
the function only after the secret has been read back with the same ones in it. A run that begins later (a retry) finds
none and writes nothing; one that began before is over after the function's timeout.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from zoom_operationlogs.credentials import FIELDS, parse
from zoom_operationlogs.errors import SecretError
from zoom_operationlogs.settings import Credentials

from ..aws import in_a_sentence
from ..errors import CommandError
from .reader import look
from .reader import warnings as warnings_of_reader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import boto3

    from .reader import Reader

VARIABLES = {field: f"ZOOM_{field.upper()}" for field in FIELDS}
DESCRIPTION = 'Zoom Server-to-Server OAuth app: {"account_id", "client_id", "client_secret"}'
OUR_PACKAGE = "zoom_operationlogs."  # how the handler of this module's own function begins
DEFAULT_GROUP = "default"  # the guide's, and the module's

Step = Literal["switch-schedule-off", "create-secret", "fill-secret", "remove-variables", "wait-for-last-run"]

# What UpdateSchedule takes of what GetSchedule gives; it replaces the whole schedule.
_SCHEDULE_FIELDS = (
    *("ActionAfterCompletion", "Description", "EndDate", "FlexibleTimeWindow", "GroupName", "KmsKeyArn", "Name"),
    *("ScheduleExpression", "ScheduleExpressionTimezone", "StartDate", "State", "Target"),
)


@dataclass(frozen=True)
class Names:
    """What the set-up's parts are called, by default as in the guide; the secret as in the module."""

    function: str = "zoom_operationlogs_to_s3"
    schedule: str = "zoom-operationlogs-schedule-15min"
    secret: str = "zoom-operationlogs-credentials"  # noqa: S105  its name
    reader: str = "secops-reader"
    reader_policy: str = "secops-reader-policy"


@dataclass(frozen=True)
class Function:
    """The function: its role's ARN, timeout in seconds, handler and environment, and when it was changed to that."""

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
        """Tell whether it runs this module's collector already."""
        return self.handler.startswith(OUR_PACKAGE)


@dataclass(frozen=True)
class Secret:
    """A secret: its ARN, and what it holds, None while it is empty."""

    arn: str
    holds: Credentials | None


@dataclass(frozen=True)
class Found:
    """The set-up as AWS shows it; the schedule as GetSchedule gives it."""

    function: Function
    schedule: Mapping[str, Any]
    secret: Secret | None


@dataclass(frozen=True)
class Report:
    """What was done, or with `dry_run` would be; whether Terraform has adopted it already; and for the plan, what its
    variables are and what deserves a look."""

    steps: list[Step]
    adopted: bool
    secret_arn: str | None
    variables: dict[str, object]
    warnings: list[str]


# Decisions


def credentials_in(variables: Mapping[str, str]) -> Credentials | None:
    """Return the credentials in a function's environment, None if none; raise `CommandError` for some only."""
    values = {name: variables.get(name, "").strip() for name in VARIABLES.values()}
    missing = [name for name, value in values.items() if not value]
    if len(missing) == len(values):
        return None
    if missing:
        raise CommandError(
            f"The function has some of the credentials, but no {' and no '.join(missing)}: set all of"
            f" {', '.join(values)} in its environment variables, and run this again."
        )
    return Credentials(*values.values())


def steps(found: Found, names: Names, now: datetime) -> list[Step]:
    """Return what is left to do, in its order; raise `CommandError` where the user must decide first."""
    if found.function.is_ours:
        return []
    carried, held = credentials_in(found.function.variables), found.secret.holds if found.secret else None
    if not carried and not held:
        raise CommandError(
            f"Neither the function {names.function} nor the secret {names.secret} holds Zoom's credentials: name the"
            " function that the guide had you make with --function, or the secret with --secret."
        )
    if carried and held and carried != held:
        raise CommandError(
            f"The secret {names.secret} holds other credentials than the function {names.function}, and neither is"
            " changed: choose another name with --secret, or store the right ones in the secret and in the function."
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
    """Return after how many seconds a run is over that began before the function was last changed, 0 if it is."""
    return max(0.0, function.timeout - (now - function.changed).total_seconds())


def switched_off(schedule: Mapping[str, Any]) -> dict[str, Any]:
    """Return the whole schedule as it is, but off."""
    kept = {name: schedule[name] for name in _SCHEDULE_FIELDS if schedule.get(name) is not None}
    return {**kept, "State": "DISABLED"}


def without_credentials(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the other variables."""
    return {name: value for name, value in variables.items() if name not in VARIABLES.values()}


def warnings(function: Function, policies: list[str], versions_with_credentials: list[str]) -> list[str]:
    """Return what somebody should look at before the plan; `policies` are the role's own, AWS's left out."""
    found = [
        f"Version {version} of the function carries the credentials too: delete it."
        for version in versions_with_credentials
    ]
    if not function.role_arn.endswith(f":role/{function.role}"):
        found.append(
            f"The role {function.role} has a path, which the plan would replace it for: take its blocks out of"
            " imports.tf and give role_name a new name."
        )
    if not policies:
        found.append(
            f"The role {function.role} has no policy of yours attached: take the two blocks of the writer's policy out"
            " of imports.tf and give writer_policy_name a new name."
        )
    if len(policies) > 1:
        found.append(
            f"The role {function.role} has several policies attached: set writer_policy_name to the one that writes to"
            f" the bucket, of {', '.join(policies)}; the others are detached."
        )
    return found


# Doing


class Move:
    """One set-up in one region."""

    def __init__(
        self,
        session: boto3.Session,
        names: Names,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], object],
    ) -> None:
        """`sleep` waits so many seconds, and may tell somebody."""
        self._names = names
        self._clock = clock
        self._sleep = sleep
        self._session = session
        self._lambda = session.client("lambda")
        self._scheduler = session.client("scheduler")
        self._secrets = session.client("secretsmanager")
        self._iam = session.client("iam")
        self._logs = session.client("logs")

    def look(self) -> Found:
        """Return the set-up as it is; raise `CommandError` where it is not the guide's."""
        found = Found(self._function(), self._schedule(), self._secret())
        target = str(found.schedule["Target"]["Arn"])
        if not found.function.is_ours and target.split(":")[6:7] != [self._names.function]:
            raise CommandError(
                f"The schedule {self._names.schedule} runs {target}, not the function {self._names.function}: name the"
                " right ones with --schedule and --function."
            )
        return found

    def run(self, *, dry_run: bool = False, on_step: Callable[[Step], object] = lambda _: None) -> Report:
        """Do what is left to do, or only say it; `on_step` hears of each step before it is taken."""
        found = self.look()
        left = steps(found, self._names, self._clock())
        for step in [] if dry_run else left:
            on_step(step)
            self._take(step, found)
            found = self.look()
        policies = self._own_policies(found.function.role)
        reader = look(self._session, self._names.reader, self._names.reader_policy)
        return Report(
            left,
            found.function.is_ours,
            found.secret.arn if found.secret else None,
            self._for_terraform(found, policies, reader),
            [
                *warnings(found.function, policies, self._versions_with_credentials()),
                *warnings_of_reader(reader, self._names.reader_policy, found.function.variables.get("S3_BUCKET")),
            ],
        )

    def _take(self, step: Step, found: Found) -> None:
        match step:
            case "switch-schedule-off":
                with in_a_sentence(f"The schedule {self._names.schedule} cannot be switched off"):
                    self._scheduler.update_schedule(**switched_off(found.schedule))
            case "create-secret" | "fill-secret":
                self._store(step, credentials_in(found.function.variables))
            case "remove-variables":
                self._remove_variables(found)
            case "wait-for-last-run":
                self._sleep(seconds_to_wait(found.function, self._clock()))

    def _store(self, step: Step, credentials: Credentials | None) -> None:
        if not credentials:
            raise CommandError("The function's credentials have gone meanwhile: run this again.")
        text = json.dumps({field: getattr(credentials, field) for field in FIELDS})
        with in_a_sentence(f"The credentials cannot be put into the secret {self._names.secret}"):
            if step == "create-secret":
                self._secrets.create_secret(Name=self._names.secret, Description=DESCRIPTION, SecretString=text)
            else:
                self._secrets.put_secret_value(SecretId=self._names.secret, SecretString=text)

    def _remove_variables(self, found: Found) -> None:
        carried = credentials_in(found.function.variables)
        if carried and (not found.secret or found.secret.holds != carried):
            raise CommandError(
                f"The secret {self._names.secret} does not hold the function's credentials, which are left where they"
                " are: run this again."
            )
        with in_a_sentence(f"The variables of the function {self._names.function} cannot be changed"):
            self._lambda.update_function_configuration(
                FunctionName=self._names.function,
                Environment={"Variables": without_credentials(found.function.variables)},
                RevisionId=found.function.revision,  # refused if somebody changed the function meanwhile
            )
            self._lambda.get_waiter("function_updated").wait(FunctionName=self._names.function)

    # Looking

    def _function(self) -> Function:
        name = self._names.function
        with in_a_sentence(f"The function {name} cannot be read"):
            try:
                told = self._lambda.get_function_configuration(FunctionName=name)
            except self._lambda.exceptions.ResourceNotFoundException:
                raise CommandError(
                    f"There is no function {name} in {self._lambda.meta.region_name}: give its name with --function,"
                    " and its region with --region."
                ) from None
        environment = told.get("Environment", {})
        if error := environment.get("Error"):
            raise CommandError(
                f"The variables of the function {name} cannot be read: {str(error.get('Message', '')).rstrip('.')}.",
                status=1,
            )
        return Function(
            told["Role"],
            told["Timeout"],
            told.get("Handler", ""),
            environment.get("Variables", {}),
            told["RevisionId"],
            datetime.fromisoformat(told["LastModified"]),
        )

    def _schedule(self) -> Mapping[str, Any]:
        name = self._names.schedule
        with in_a_sentence(f"The schedule {name} cannot be read"):
            try:
                return self._scheduler.get_schedule(Name=name, GroupName=DEFAULT_GROUP)
            except self._scheduler.exceptions.ResourceNotFoundException:
                raise CommandError(
                    f"There is no schedule {name} in the group {DEFAULT_GROUP}: give its name with --schedule."
                ) from None

    def _secret(self) -> Secret | None:
        name = self._names.secret
        with in_a_sentence(f"The secret {name} cannot be read"):
            try:
                told = self._secrets.describe_secret(SecretId=name)
            except self._secrets.exceptions.ResourceNotFoundException:
                return None
            if "DeletedDate" in told:
                raise CommandError(
                    f"The secret {name} is being deleted: restore it (aws secretsmanager restore-secret --secret-id"
                    f" {name}), or choose another name with --secret."
                )
            try:
                text = self._secrets.get_secret_value(SecretId=name).get("SecretString", "")
            except self._secrets.exceptions.ResourceNotFoundException:  # it has no value yet
                return Secret(told["ARN"], None)
        try:
            return Secret(told["ARN"], parse(text, told["ARN"]))
        except SecretError as error:
            raise CommandError(f"{error} Or choose another name with --secret.") from None

    def _for_terraform(self, found: Found, own: list[str], reader: Reader) -> dict[str, object]:
        """Return the variables of examples/adopt-console-setup, as far as they can be read."""
        variables = found.function.variables
        told: dict[str, object] = {
            "bucket_name": variables.get("S3_BUCKET"),
            "prefix": variables.get("S3_PREFIX"),
            "function_name": self._names.function,
            "role_name": found.function.role,
            "schedule_name": self._names.schedule,
            "secret_name": self._names.secret,
            "log_group_exists": self._has_log_group(),
            "reader_name": self._names.reader,
            "reader_policy_name": self._names.reader_policy,
            "reader_is_shared": reader.is_shared,
        }
        if len(own) == 1:
            told["writer_policy_name"] = own[0]
        return {name: value for name, value in told.items() if value is not None}

    def _own_policies(self, role: str) -> list[str]:
        with in_a_sentence(f"The policies of the role {role} cannot be listed"):
            pages = self._iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
            attached = [policy for page in pages for policy in page["AttachedPolicies"]]
        return sorted(policy["PolicyName"] for policy in attached if ":iam::aws:" not in policy["PolicyArn"])

    def _has_log_group(self) -> bool:
        name = f"/aws/lambda/{self._names.function}"
        with in_a_sentence(f"The log group {name} cannot be looked for"):
            pages = self._logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
            return any(group["logGroupName"] == name for page in pages for group in page["logGroups"])

    def _versions_with_credentials(self) -> list[str]:
        with in_a_sentence(f"The versions of the function {self._names.function} cannot be listed"):
            pages = self._lambda.get_paginator("list_versions_by_function").paginate(FunctionName=self._names.function)
            published = [version for page in pages for version in page["Versions"] if version["Version"] != "$LATEST"]
        return [
            version["Version"]
            for version in published
            if VARIABLES["client_secret"] in version.get("Environment", {}).get("Variables", {})
        ]
