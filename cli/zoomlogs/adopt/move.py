"""The steps before the import: disable the schedule, move the credentials to a secret, wait for the last run.

AWS's state shows which steps are done, so an interrupted run can be repeated. The credentials leave the function only
after the same ones were read back from the secret. A later run (a retry) finds none and writes nothing; an earlier one
has ended after the function's timeout.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from zoom_operationlogs.credentials import FIELDS, parse
from zoom_operationlogs.errors import SecretError

from ..aws import in_a_sentence
from ..errors import CommandError
from .reader import look
from .reader import warnings as warnings_of_reader
from .steps import (
    DEFAULT_GROUP,
    DESCRIPTION,
    VARIABLES,
    Found,
    Function,
    Report,
    Secret,
    credentials_in,
    seconds_to_wait,
    steps,
    switched_off,
    warnings,
    without_credentials,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import boto3
    from zoom_operationlogs.settings import Credentials

    from .reader import Reader
    from .steps import Names, Step


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
        """`sleep` waits so many seconds, and may show it."""
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
        """Return the set-up. Raises `CommandError` if it is not the guide's."""
        found = Found(self._function(), self._schedule(), self._secret())
        target = str(found.schedule["Target"]["Arn"])
        if not found.function.is_ours and target.split(":")[6:7] != [self._names.function]:
            raise CommandError(
                f"The schedule {self._names.schedule} invokes {target}, not the function {self._names.function}: name"
                " the right ones with --schedule and --function."
            )
        return found

    def run(self, *, dry_run: bool = False, on_step: Callable[[Step], object] = lambda _: None) -> Report:
        """Take the remaining steps, or only return them; call `on_step` before each."""
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
                with in_a_sentence(f"The schedule {self._names.schedule} cannot be disabled"):
                    self._scheduler.update_schedule(**switched_off(found.schedule))
            case "create-secret" | "fill-secret":
                self._store(step, credentials_in(found.function.variables))
            case "remove-variables":
                self._remove_variables(found)
            case "wait-for-last-run":
                self._sleep(seconds_to_wait(found.function, self._clock()))

    def _store(self, step: Step, credentials: Credentials | None) -> None:
        if not credentials:
            raise CommandError("The function's credentials were removed in the meantime: run this again.")
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
                f"The secret {self._names.secret} does not have the function's credentials, which were not removed: run"
                " this again."
            )
        with in_a_sentence(f"The environment of the function {self._names.function} cannot be changed"):
            self._lambda.update_function_configuration(
                FunctionName=self._names.function,
                Environment={"Variables": without_credentials(found.function.variables)},
                RevisionId=found.function.revision,  # refused if the function was changed in the meantime
            )
            self._lambda.get_waiter("function_updated").wait(FunctionName=self._names.function)

    def _function(self) -> Function:
        name = self._names.function
        with in_a_sentence(f"The function {name} cannot be read"):
            try:
                answer = self._lambda.get_function_configuration(FunctionName=name)
            except self._lambda.exceptions.ResourceNotFoundException:
                raise CommandError(
                    f"There is no function {name} in {self._lambda.meta.region_name}: give its name with --function,"
                    " and its region with --region."
                ) from None
        environment = answer.get("Environment", {})
        if error := environment.get("Error"):
            raise CommandError(
                f"The environment of the function {name} cannot be read: {str(error.get('Message', '')).rstrip('.')}.",
                status=1,
            )
        return Function(
            answer["Role"],
            answer["Timeout"],
            answer.get("Handler", ""),
            environment.get("Variables", {}),
            answer["RevisionId"],
            datetime.fromisoformat(answer["LastModified"]),
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
                answer = self._secrets.describe_secret(SecretId=name)
            except self._secrets.exceptions.ResourceNotFoundException:
                return None
            if "DeletedDate" in answer:
                raise CommandError(
                    f"The secret {name} is being deleted: restore it (aws secretsmanager restore-secret --secret-id"
                    f" {name}), or choose another name with --secret."
                )
            try:
                text = self._secrets.get_secret_value(SecretId=name).get("SecretString", "")
            except self._secrets.exceptions.ResourceNotFoundException:  # it has no value yet
                return Secret(answer["ARN"], None)
        try:
            return Secret(answer["ARN"], parse(text, answer["ARN"]))
        except SecretError as error:
            raise CommandError(f"{error} Or choose another name with --secret.") from None

    def _for_terraform(self, found: Found, own: list[str], reader: Reader) -> dict[str, object]:
        """Return the variables of examples/adopt-console-setup that are known."""
        variables = found.function.variables
        known: dict[str, object] = {
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
            known["writer_policy_name"] = own[0]
        return {name: value for name, value in known.items() if value is not None}

    def _own_policies(self, role: str) -> list[str]:
        with in_a_sentence(f"The policies of the role {role} cannot be listed"):
            pages = self._iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
            attached = [policy for page in pages for policy in page["AttachedPolicies"]]
        return sorted(policy["PolicyName"] for policy in attached if ":iam::aws:" not in policy["PolicyArn"])

    def _has_log_group(self) -> bool:
        name = f"/aws/lambda/{self._names.function}"
        with in_a_sentence(f"The log group {name} cannot be listed"):
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
