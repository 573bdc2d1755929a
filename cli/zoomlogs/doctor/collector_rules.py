"""Judges the collector: credentials and Zoom, the function, its schedule, runs and checkpoint.

Pure functions, from facts to a finding.
"""

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
OLDEST_CHECKPOINT = timedelta(hours=26)  # a working collector saves at least with each day's first reconcile
METRICS_TAKE = timedelta(minutes=10)
HANDLER = "zoom_operationlogs.handler.lambda_handler"
SECRET_VARIABLE = "ZOOM_CLIENT_SECRET"  # noqa: S105 - the name of a variable


@dataclass(frozen=True)
class ZoomAnswer:
    """What came of asking Zoom for a page of today: whether the sign-in worked, and what was raised."""

    signed_in: bool
    error: Exception | None = None
    quota: Quota | None = None


def secret(text: str | bytes | None, arn: str) -> Finding:
    """Judge the secret's text, None where it has no value yet; no sentence quotes it."""
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
    """Judge whether Zoom knows the credentials."""
    return ok("Zoom knows the credentials and issues a token.") if answer.signed_in else _refused(answer.error)


def report(answer: ZoomAnswer) -> Finding:
    """Judge whether the token gets the report: the app's scope, its owner's role and the account's plan."""
    if not answer.signed_in:
        return unknown("Not checked because Zoom issues no token.")
    if answer.error:
        return _refused(answer.error)
    quota = answer.quota
    left = f"; {quota.remaining:,} of {quota.limit:,} calls are left today" if quota else ""
    return ok(f"The app's scope, its owner's role and the plan give the report{left}.")


def _refused(error: Exception | None) -> Finding:
    if isinstance(error, ZoomRefusedError):
        return fix(str(error))
    if isinstance(error, RateLimitedError):
        until = f" before {error.until:%Y-%m-%d %H:%M} UTC" if error.until else ""
        return unknown(f"Not checked because Zoom's limit is reached: ask again, but not{until or ' at once'}.")
    if isinstance(error, DatesRefusedError):
        return unknown(
            "Zoom let the app in but refused how one row of today was asked for: see what is said here of the clock"
            f" and of the runs, which ask it likewise. {error}"
        )
    return unknown(f"Not checked because Zoom gave no answer from here: {str(error).rstrip('.') or 'it timed out'}.")


def clock(ahead_of_aws: float | None, ahead_of_zoom: float | None) -> Finding:
    """Judge by how many seconds this computer's clock is ahead of AWS's and of Zoom's."""
    if ahead_of_aws is None:
        return unknown("Not checked because AWS gave no answer to hold the clock against.")
    most = MOST_SKEW.total_seconds()
    if abs(ahead_of_aws) > most:
        return fix(
            f"This computer's clock is {_off(ahead_of_aws)} AWS's, and AWS refuses requests from 5 minutes on: set it"
            " by a time server (in the settings under Date & time, or with `timedatectl set-ntp true`)."
        )
    if ahead_of_zoom is None:
        return ok("This computer's clock agrees with AWS's; Zoom gave none.")
    apart = ahead_of_zoom - ahead_of_aws
    if abs(apart) > most:
        return fix(
            f"AWS's clock is {_off(apart)} what Zoom's answers say: ask whoever runs the proxy between this computer"
            " and Zoom, or look at status.zoom.us; records are dated by Zoom's clock."
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
    if state not in ("Active", "Inactive"):  # Inactive wakes up with the next run
        reason = configuration.get("StateReason") or "no reason given"
        return fix(f"The function's state is {state} ({reason}): {APPLY}, or look at {console} > Configuration.")
    if configuration.get("LastUpdateStatus", "Successful") == "Failed":
        reason = configuration.get("LastUpdateStatusReason") or "no reason given"
        return fix(f"The function's last update failed ({reason}): run `terraform apply` again, or look at {console}.")
    return ok(f"The function {name} is {state.lower()}.")


def package(runs: str, applied: str | None, committed: str | None, function_name: str) -> Finding:
    """Hold the hash of what runs against Terraform's output (both base64) and the package here (hexadecimal)."""
    address = f"$(terraform state list -id={function_name} | grep 'aws_lambda_function.collector$')"
    anew = f'`terraform apply -replace="{address}"`'  # as the module's own sentence has it
    if applied is not None and runs != applied:
        return fix(
            f"Lambda runs other code in {function_name} than Terraform put there: the code was changed outside"
            f" Terraform. To replace the function, run: {anew}."
        )
    if committed is not None and base64.b64decode(runs).hex() != committed:
        return unknown(
            "The function runs another package than this version of zoomlogs belongs to: that is well if you pinned"
            " another version of the module or set `package`; else run `terraform apply`, and if it says that Lambda"
            f" runs other code, {anew}."
        )
    if applied is None and committed is None:
        return unknown(
            "Not checked because the outputs hold no code_sha256, and no package lies beside this installation of"
            " zoomlogs: apply this version of the module, or run zoomlogs in a checkout."
        )
    return ok("The function runs the package that Terraform put there.")


def environment(actual: Mapping[str, str], expected: Mapping[str, str], function_name: str) -> Finding:
    """Hold the function's variables against what Terraform put there; no sentence tells a value."""
    console = f"AWS console: Lambda > Functions > {function_name} > Configuration > Environment variables"
    if SECRET_VARIABLE in actual:
        return fix(
            f"{SECRET_VARIABLE} stands in the function's environment, where whoever may look at the function reads it:"
            f" remove it ({console}), keep the credentials in the secret, and make a new client secret in Zoom."
        )
    changed = sorted(name for name in actual.keys() | expected.keys() if actual.get(name) != expected.get(name))
    if changed:
        return fix(
            f"{listed(changed)} of the function's environment differ from Terraform's outputs: {APPLY} ({console})."
        )
    return ok("The function's environment is what Terraform made, with no secret in it.")


def schedule(actual: Mapping[str, Any], expected: Mapping[str, Any], function_arn: str) -> Finding:
    """Hold the schedule against Terraform's outputs, and tell whether it is on."""
    target = actual.get("Target", {})
    console = f"AWS console: Amazon EventBridge > Scheduler > Schedules > {expected['name']}"
    if actual.get("State", "ENABLED") != "ENABLED":
        how = f"enable it ({console})" if expected["enabled"] else "set `schedule = { enabled = true }` and apply"
        return fix(f"The schedule is disabled, so nothing is collected: {how}.")
    if target.get("Arn") != function_arn:
        return fix(f"The schedule starts {target.get('Arn')} and not the collector: {APPLY} ({console}).")
    if target.get("RoleArn") != expected["role_arn"]:
        return fix(f"The schedule uses the role {target.get('RoleArn')}: {APPLY} ({console}).")
    if actual.get("ScheduleExpression") != expected["expression"]:
        return fix(
            f"The schedule runs at {actual.get('ScheduleExpression')} and not at {expected['expression']}: {APPLY}"
            f" ({console})."
        )
    return ok(f"The schedule starts the collector at {expected['expression']}.")


@dataclass(frozen=True)
class Patience:
    """How long there may be no run: past `doubted` none can tell, past `wrong` it is wrong."""

    doubted: timedelta
    wrong: timedelta

    @classmethod
    def of(cls, schedule: Mapping[str, Any]) -> Patience:
        """Return it by the module's output `schedule`: three intervals and an hour; a day to eight if none is known."""
        if minutes := schedule.get("interval_minutes"):
            longest = 3 * timedelta(minutes=minutes) + SLACK
            return cls(longest, longest)
        return cls(ONE_DAY + SLACK, timedelta(days=8))


def runs(found: Sequence[Run], scheduled: Sequence[Run], now: datetime, schedule: Mapping[str, Any]) -> Finding:
    """Judge the last runs, oldest first, as the log tells them, by the module's output `schedule`.

    The last of all must have ended well, and the last of those `scheduled` must not be long ago: runs that somebody
    starts by hand say nothing of the schedule.
    """
    patience = Patience.of(schedule)
    ended = [run for run in found if run.outcome != "running"]
    if not ended:
        none = f"The log has no run in the last {LOOK_BACK.days} days"
        if patience.wrong > LOOK_BACK:
            return unknown(
                f"{none}, which {schedule['expression']} may leave without one: start one with `zoomlogs run` to see."
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
        by_hand = (
            "Runs were started by hand, but the log has none that the schedule started in the last"
            f" {LOOK_BACK.days} days"
        )
        if patience.wrong > LOOK_BACK:
            return unknown(f"{by_hand}: {_see_for_yourself(schedule)}.")
        return fix(f"{by_hand}: see what is said of the schedule here, and look again when its next run is due.")
    due = scheduled[-1]
    if now - due.began > patience.wrong:
        return fix(
            f"The schedule's last run was at {due.began:%Y-%m-%d %H:%M} UTC, {span(now - due.began)} ago: see what is"
            " said of the schedule and the dead letters here, and look again when its next run is due."
        )
    if now - due.began > patience.doubted:
        return unknown(f"The schedule's last run was {span(now - due.began)} ago: {_see_for_yourself(schedule)}.")
    if last.outcome == "ok":
        return ok(
            f"The last run ended well {span(now - last.began)} ago, so the function can read and write all it needs."
        )
    how = "left early" if last.outcome == "stopped" else "began"
    return unknown(f"The last run {how} {span(now - last.began)} ago: {last.sentence}")


def _see_for_yourself(schedule: Mapping[str, Any]) -> str:
    expression = schedule["expression"]
    return f"see whether that is as it should be, because {expression} does not tell how far two runs are apart"


def succeeded(found: Sequence[Run]) -> list[Run]:
    """Return the runs of which a metric RunsSucceeded has to be there: those that ended well and read a page."""
    return [run for run in found if run.outcome == "ok" and run.pages]


def metrics(succeeded: Sequence[Run], count: float, now: datetime, function_name: str) -> Finding:
    """Judge by the runs that succeeded, oldest first, and by how often CloudWatch has it of them."""
    if not succeeded:
        return unknown("Not checked because no run has succeeded yet, of which CloudWatch could know.")
    if count:
        return ok(f"CloudWatch has the collector's metrics: {some(int(count), 'run')} succeeded lately.")
    if now - succeeded[0].began < METRICS_TAKE:
        return unknown("Not checked because metrics take some minutes to arrive: look again in five minutes.")
    return fix(
        f"A run succeeded at {succeeded[0].began:%Y-%m-%d %H:%M} UTC, but CloudWatch has no metric RunsSucceeded of it,"
        " so that no alarm sees the collector: see that the function's log format is JSON (AWS console: Lambda >"
        f" Functions > {function_name} > Configuration > Monitoring and operations tools), or {APPLY}."
    )


def dead_letters(count: int, queue: str) -> Finding:
    """Judge how many invocations the scheduler could not deliver."""
    if count:
        return fix(
            f"{count} invocation{'s' if count > 1 else ''} could not be delivered: read why in the messages (AWS"
            f" console: Amazon SQS > Queues > {queue} > Send and receive messages), mend that, then purge the queue."
        )
    return ok("The dead-letter queue is empty.")


def checkpoint(stored: StoredCheckpoint, now: datetime, schedule: Mapping[str, Any], *, lost: bool = False) -> Finding:
    """Judge the checkpoint by the module's output `schedule`; it is `lost` if there is none, but there are records."""
    known, saved = stored.checkpoint, stored.saved
    if lost:
        return fix(
            "The checkpoint is gone, though there are records that a run wrote: find out who deleted it. The next run"
            " makes it anew from the archive, and no record is lost: run `zoomlogs run --wait`."
        )
    if known is None or saved is None:
        return fix(stored.instead)
    patience = Patience.of(schedule)
    if now - saved > max(OLDEST_CHECKPOINT, patience.wrong):
        return fix(
            f"The checkpoint was last saved {span(now - saved)} ago, though each day's first run changes it: see what"
            " is said of the runs and the schedule here."
        )
    if now - saved > max(OLDEST_CHECKPOINT, patience.doubted):
        return unknown(f"The checkpoint was last saved {span(now - saved)} ago: {_see_for_yourself(schedule)}.")
    until = ahead(known.not_before, now)
    waits = f", and Zoom is left alone until {until:%Y-%m-%d %H:%M} UTC" if until else ""
    owed = some(len(known.owed), "date") if known.owed else "nothing"
    return ok(f"The checkpoint was saved {span(now - saved)} ago; {owed} is owed{waits}.")
