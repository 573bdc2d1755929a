"""Judges the collector: credentials, Zoom, function, schedule, runs, checkpoint. Pure functions, facts to finding."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from zoom_operationlogs.credentials import parse
from zoom_operationlogs.dates import ONE_DAY
from zoom_operationlogs.errors import DatesRefusedError, RateLimitedError, SecretError, ZoomRefusedError

from ..dates import ahead, listed, some, span
from ..runs import LOOK_BACK
from .findings import APPLY, Finding, fix, ok, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zoom_operationlogs.zoom_rate_limits import Quota

    from ..checkpoint import StoredCheckpoint
    from ..runs import Run

MOST_SKEW = timedelta(minutes=1)
SLACK = timedelta(hours=1)
OLDEST_CHECKPOINT = timedelta(hours=26)  # each day's first reconcile saves one
METRICS_TAKE = timedelta(minutes=10)
HANDLER = "zoom_operationlogs.handler.lambda_handler"
SECRET_VARIABLE = "ZOOM_CLIENT_SECRET"  # noqa: S105 - the name of a variable


@dataclass(frozen=True)
class ZoomAnswer:
    """The result of requesting one row of today's report from Zoom."""

    signed_in: bool
    error: Exception | None = None
    quota: Quota | None = None


def secret(text: str | bytes | None, arn: str) -> Finding:
    """Judge the secret's text, None if it has no value yet; no sentence quotes it."""
    if text is None:
        return fix(
            "The secret has no value yet: store Zoom's credentials with `zoomlogs zoom-secret put`, or in the AWS"
            f" console under Secrets Manager > Secrets ({arn})."
        )
    try:
        parse(text, arn)
    except SecretError as error:
        return fix(f"{error} (AWS console: Secrets Manager > Secrets > Retrieve secret value > Edit.)")
    return ok("The secret holds account_id, client_id and client_secret.")


def sign_in(answer: ZoomAnswer) -> Finding:
    """Judge whether Zoom accepts the credentials."""
    return ok("Zoom accepts the credentials and issues a token.") if answer.signed_in else _refused(answer.error)


def report(answer: ZoomAnswer) -> Finding:
    """Judge whether the token gives access to the report."""
    if not answer.signed_in:
        return unknown("Not checked because Zoom issues no token.")
    if answer.error:
        return _refused(answer.error)
    quota = answer.quota
    left = f"; {quota.remaining:,} of {quota.limit:,} calls are left today" if quota else ""
    return ok(f"The app's scope, its owner's role and the plan allow the report{left}.")


def _refused(error: Exception | None) -> Finding:
    if isinstance(error, ZoomRefusedError):
        return fix(str(error))
    if isinstance(error, RateLimitedError):
        until = f" after {error.until:%Y-%m-%d %H:%M} UTC" if error.until else ""
        return unknown(f"Not checked because Zoom's rate limit is reached: try again{until or ' in a minute'}.")
    if isinstance(error, DatesRefusedError):
        return unknown(
            "Zoom accepts the app, but refused the request for one row of today: see the checks clock and runs here."
            f" {error}"
        )
    return unknown(
        f"Not checked because Zoom did not answer this computer: {str(error).rstrip('.') or 'it timed out'}."
    )


def clock(ahead_of_aws: float | None, ahead_of_zoom: float | None) -> Finding:
    """Judge by how many seconds this computer's clock is ahead of AWS's and of Zoom's."""
    if ahead_of_aws is None:
        return unknown("Not checked because AWS gave no answer to compare the clock with.")
    most = MOST_SKEW.total_seconds()
    if abs(ahead_of_aws) > most:
        return fix(
            f"This computer's clock is {_off(ahead_of_aws)} AWS's, and AWS refuses requests that are 5 minutes off:"
            " synchronise it (in the settings under Date & time, or with `timedatectl set-ntp true`)."
        )
    if ahead_of_zoom is None:
        return ok("This computer's clock agrees with AWS's; Zoom did not give its time.")
    apart = ahead_of_zoom - ahead_of_aws
    if abs(apart) > most:
        return fix(
            f"AWS's clock is {_off(apart)} Zoom's, which dates the records: ask the owner of the proxy between this"
            " computer and Zoom, or see status.zoom.us."
        )
    return ok("The clocks of this computer, of AWS and of Zoom agree within a minute.")


def _off(ahead: float) -> str:
    return f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'}"


def function(configuration: Mapping[str, Any]) -> Finding:
    """Judge the function's state, and whether it runs this collector."""
    name, state = configuration["FunctionName"], configuration.get("State", "Active")
    console = f"AWS console: Lambda > Functions > {name}"
    if configuration.get("Handler") != HANDLER:
        return fix(f"The function's handler is {configuration.get('Handler')}, not {HANDLER}: {APPLY} ({console}).")
    if state not in ("Active", "Inactive"):  # an Inactive function becomes active with the next run
        reason = configuration.get("StateReason") or "no reason given"
        return fix(f"The function's state is {state} ({reason}): {APPLY}, or see {console} > Configuration.")
    if configuration.get("LastUpdateStatus", "Successful") == "Failed":
        reason = configuration.get("LastUpdateStatusReason") or "no reason given"
        return fix(f"The function's last update failed ({reason}): run `terraform apply` again, or see {console}.")
    return ok(f"The function {name} is {state.lower()}.")


def package(runs: str, applied: str | None, committed: str | None, function_name: str) -> Finding:
    """Compare the running code's hash with Terraform's output (both base64) and the local package (hexadecimal)."""
    address = f"$(terraform state list -id={function_name} | grep 'aws_lambda_function.collector$')"
    replace = f'`terraform apply -replace="{address}"`'  # as in the module's own sentence
    if applied is not None and runs != applied:
        return fix(
            f"Lambda runs other code in {function_name} than Terraform deployed: the code was changed outside"
            f" Terraform. To replace the function, run: {replace}."
        )
    if committed is not None and base64.b64decode(runs).hex() != committed:
        return unknown(
            "The function runs a package of another version than this zoomlogs: that is fine if you pinned another"
            " version of the module or set `package`; otherwise run `terraform apply`, and if it says that Lambda"
            f" runs other code, {replace}."
        )
    if applied is None and committed is None:
        return unknown(
            "Not checked because the outputs have no code_sha256 and this installation has no package: apply this"
            " version of the module, or run zoomlogs in a checkout."
        )
    return ok("The function runs the package that Terraform deployed.")


def environment(actual: Mapping[str, str], expected: Mapping[str, str], function_name: str) -> Finding:
    """Compare the function's environment with Terraform's outputs; no sentence quotes a value."""
    console = f"AWS console: Lambda > Functions > {function_name} > Configuration > Environment variables"
    if SECRET_VARIABLE in actual:
        return fix(
            f"{SECRET_VARIABLE} is in the function's environment, where everyone with read access to the function sees"
            f" it: remove it ({console}), keep the credentials in the secret, and create a new client secret in Zoom."
        )
    changed = sorted(name for name in actual.keys() | expected.keys() if actual.get(name) != expected.get(name))
    if changed:
        return fix(
            f"{listed(changed)} in the function's environment differ from Terraform's outputs: {APPLY} ({console})."
        )
    return ok("The function's environment is as Terraform set it, without a secret.")


def schedule(actual: Mapping[str, Any], expected: Mapping[str, Any], function_arn: str) -> Finding:
    """Compare the schedule with Terraform's outputs."""
    target = actual.get("Target", {})
    console = f"AWS console: Amazon EventBridge > Scheduler > Schedules > {expected['name']}"
    if actual.get("State", "ENABLED") != "ENABLED":
        how = f"enable it ({console})" if expected["enabled"] else "set `schedule = { enabled = true }` and apply"
        return fix(f"The schedule is disabled, so nothing is collected: {how}.")
    if target.get("Arn") != function_arn:
        return fix(f"The schedule invokes {target.get('Arn')}, not the collector: {APPLY} ({console}).")
    if target.get("RoleArn") != expected["role_arn"]:
        return fix(f"The schedule uses the role {target.get('RoleArn')}: {APPLY} ({console}).")
    if actual.get("ScheduleExpression") != expected["expression"]:
        return fix(
            f"The schedule is {actual.get('ScheduleExpression')}, not {expected['expression']}: {APPLY} ({console})."
        )
    return ok(f"The schedule starts the collector at {expected['expression']}.")


@dataclass(frozen=True)
class Patience:
    """How long without a run is a doubt, and how long is wrong."""

    doubted: timedelta
    wrong: timedelta

    @classmethod
    def of(cls, schedule: Mapping[str, Any]) -> Patience:
        """Return three intervals and an hour, by the output `schedule`; one to eight days if it has no interval."""
        if minutes := schedule.get("interval_minutes"):
            longest = 3 * timedelta(minutes=minutes) + SLACK
            return cls(longest, longest)
        return cls(ONE_DAY + SLACK, timedelta(days=8))


def runs(found: Sequence[Run], scheduled: Sequence[Run], now: datetime, schedule: Mapping[str, Any]) -> Finding:
    """Judge the last runs, oldest first, by the module's output `schedule`.

    The last run must have succeeded, and the last of those `scheduled` must be recent: a run started by hand does not
    show that the schedule works.
    """
    patience = Patience.of(schedule)
    ended = [run for run in found if run.outcome != "running"]
    if not ended:
        none = f"The log has no run in the last {LOOK_BACK.days} days"
        if patience.wrong > LOOK_BACK:
            return unknown(
                f"{none}, and {schedule['expression']} may not have had one: start one with `zoomlogs run` to see."
            )
        return fix(f"{none}: start one with `zoomlogs run` to see what is wrong.")
    last = ended[-1]
    if last.outcome == "failed":
        return fix(f"The last run, at {last.began:%Y-%m-%d %H:%M} UTC, failed: {last.sentence}")
    if last.outcome == "waiting":
        return fix(
            f"The last run, at {last.began:%Y-%m-%d %H:%M} UTC, waited for credentials: store them in the secret"
            " (AWS console: Secrets Manager > Secrets)."
        )
    if not scheduled:
        by_hand = f"Runs were started by hand, but the log has no scheduled run in the last {LOOK_BACK.days} days"
        if patience.wrong > LOOK_BACK:
            return unknown(f"{by_hand}: {_unknown_interval(schedule)}.")
        return fix(f"{by_hand}: see the check schedule here, and run the doctor again when the next run is due.")
    due = scheduled[-1]
    if now - due.began > patience.wrong:
        return fix(
            f"The last scheduled run was at {due.began:%Y-%m-%d %H:%M} UTC, {span(now - due.began)} ago: see the checks"
            " schedule and dead letters here, and run the doctor again when the next run is due."
        )
    if now - due.began > patience.doubted:
        return unknown(f"The last scheduled run was {span(now - due.began)} ago: {_unknown_interval(schedule)}.")
    if last.outcome == "ok":
        return ok(
            f"The last run succeeded {span(now - last.began)} ago, so the function can read and write all it needs."
        )
    how = "stopped early" if last.outcome == "stopped" else "began"
    return unknown(f"The last run {how} {span(now - last.began)} ago: {last.sentence}")


def _unknown_interval(schedule: Mapping[str, Any]) -> str:
    expression = schedule["expression"]
    return f"check whether that is right, because the interval of {expression} is not known"


def succeeded(found: Sequence[Run]) -> list[Run]:
    """Return the runs that sent the metric RunsSucceeded: those that succeeded and read a page."""
    return [run for run in found if run.outcome == "ok" and run.pages]


def metrics(succeeded: Sequence[Run], count: float, now: datetime, function_name: str) -> Finding:
    """Judge by the runs that succeeded, oldest first, and by the metric's value in CloudWatch."""
    if not succeeded:
        return unknown("Not checked because no run has succeeded yet.")
    if count:
        return ok(f"CloudWatch has the collector's metrics: {some(int(count), 'run')} succeeded recently.")
    if now - succeeded[0].began < METRICS_TAKE:
        return unknown("Not checked because metrics take some minutes to arrive: try again in five minutes.")
    return fix(
        f"A run succeeded at {succeeded[0].began:%Y-%m-%d %H:%M} UTC, but CloudWatch has no metric RunsSucceeded for"
        " it, so no alarm can work: check that the function's log format is JSON (AWS console: Lambda >"
        f" Functions > {function_name} > Configuration > Monitoring and operations tools), or {APPLY}."
    )


def dead_letters(count: int, queue: str) -> Finding:
    """Judge by the number of messages in the dead-letter queue."""
    if count:
        return fix(
            f"{some(count, 'invocation')} could not be delivered: read why in the messages (AWS console: Amazon SQS >"
            f" Queues > {queue} > Send and receive messages), fix the cause, then purge the queue."
        )
    return ok("The dead-letter queue is empty.")


def checkpoint(stored: StoredCheckpoint, now: datetime, schedule: Mapping[str, Any], *, lost: bool = False) -> Finding:
    """Judge the checkpoint by the output `schedule`; it is `lost` if it is missing although there are records."""
    known, saved = stored.checkpoint, stored.saved
    if lost:
        return fix(
            "The checkpoint is missing although the archive has records: find out who deleted it. The next run"
            " rebuilds it from the archive, and no record is lost: run `zoomlogs run --wait`."
        )
    if known is None or saved is None:
        return fix(stored.instead)
    patience = Patience.of(schedule)
    if now - saved > max(OLDEST_CHECKPOINT, patience.wrong):
        return fix(
            f"The checkpoint was last saved {span(now - saved)} ago, although the first run of each day saves it: see"
            " the checks runs and schedule here."
        )
    if now - saved > max(OLDEST_CHECKPOINT, patience.doubted):
        return unknown(f"The checkpoint was last saved {span(now - saved)} ago: {_unknown_interval(schedule)}.")
    until = ahead(known.not_before, now)
    waits = f", and no run calls Zoom until {until:%Y-%m-%d %H:%M} UTC" if until else ""
    owed = some(len(known.owed), "date") if known.owed else "nothing"
    return ok(f"The checkpoint was saved {span(now - saved)} ago; {owed} is owed{waits}.")
