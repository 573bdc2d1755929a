"""Judges what was fetched: pure functions, from facts to a finding."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from zoom_operationlogs.checkpoint_format import decode
from zoom_operationlogs.credentials import parse
from zoom_operationlogs.dates import ONE_DAY
from zoom_operationlogs.errors import (
    DatesRefusedError,
    NewerCheckpointError,
    RateLimitedError,
    SecretError,
    ZoomRefusedError,
)

from ..dates import ahead, some, span
from ..feed.choice import enabled, readers, title, uri_of
from ..feed.health import problems
from ..feed.messages import meaning
from ..logs.group import LOOK_BACK
from .findings import Finding, fix, ok, unknown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from zoom_operationlogs.zoom_rate_limits import Quota

    from ..feed.body import Body
    from ..logs.runs import Run
    from .denials import Denial

MOST_SKEW = timedelta(minutes=1)
SLACK = timedelta(hours=1)
OLDEST_CHECKPOINT = timedelta(hours=26)  # a working collector saves at least with each day's first reconcile
LONGEST_UNREAD = ONE_DAY
LONGEST_WAIT = timedelta(hours=2)  # of a message in the feed's queue; a feed without one looks every 15 minutes
METRICS_TAKE = timedelta(minutes=10)
HANDLER = "zoom_operationlogs.handler.lambda_handler"
SECRET_VARIABLE = "ZOOM_CLIENT_SECRET"  # noqa: S105 - the name of a variable
APPLY = "run `terraform apply`, which puts it right"
REFUSED_PUT = "S3 refuses s3:PutObject"


# --- Zoom ------------------------------------------------------------------------------------------------------------


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


# --- the function and its schedule -----------------------------------------------------------------------------------


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
            f"{_and(changed)} of the function's environment differ from Terraform's outputs: {APPLY} ({console})."
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


def runs(found: Sequence[Run], now: datetime, schedule: Mapping[str, Any]) -> Finding:
    """Judge the last runs, oldest first, as the log tells them, by the module's output `schedule`."""
    patience = Patience.of(schedule)
    ended = [run for run in found if run.outcome != "running"]
    if not ended:
        none = f"The log tells of no run in the last {LOOK_BACK.days} days"
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
    if now - last.began > patience.wrong:
        return fix(
            f"The last run was at {last.began:%Y-%m-%d %H:%M} UTC, {span(now - last.began)} ago: see what is said of"
            " the schedule here, then start a run with `zoomlogs run`."
        )
    if now - last.began > patience.doubted:
        return unknown(f"The last run was {span(now - last.began)} ago: {_see_for_yourself(schedule)}.")
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


# --- the bucket ------------------------------------------------------------------------------------------------------


def region(actual: str, expected: str, bucket: str, *, google_reads: bool) -> Finding:
    """Judge where the bucket lies, and whether Google reads Amazon S3 in the function's region."""
    if actual != expected:
        return fix(f"The bucket {bucket} lies in {actual} and the function in {expected}: give a bucket in {expected}.")
    if not google_reads:
        return fix(
            f"The bucket {bucket} lies in {actual}, where Google SecOps does not read Amazon S3: make it in a region of"
            " Google's list (https://cloud.google.com/storage-transfer/docs/source-amazon-s3#supported_regions), or set"
            ' `reader = { mode = "none" }` if SecOps is not to read it.'
        )
    return ok(f"The bucket {bucket} is there, in {actual}.")


def versioning(status: str | None, bucket: str, *, created: bool, feed_deletes: bool) -> Finding:
    """Judge the bucket's versioning."""
    if status == "Enabled":
        return ok("The bucket keeps versions.")
    loss = "records that the feed deletes would be delivered again" if feed_deletes else "a deleted record is gone"
    return fix(
        f"The bucket keeps no versions, so that {loss}: {_mend(bucket, 'Properties > Bucket Versioning', created)}."
    )


def object_lock(
    configuration: Mapping[str, Any] | None, lock: Mapping[str, Any] | None, bucket: str, *, created: bool
) -> Finding:
    """Judge the bucket's Object Lock, None where it is off, by the `lock` that objects of records are to have."""
    if configuration is None:
        if lock is None:
            return ok("Records are not locked, as `bucket.lock` has it.")
        return fix(
            "Object Lock is off in the bucket, so that S3 refuses every object of records:"
            f" {_mend(bucket, 'Properties > Object Lock', created)}, or remove `bucket.lock`."
        )
    if default := (configuration.get("Rule") or {}).get("DefaultRetention"):
        years, days = int(default.get("Years") or 0), int(default.get("Days") or 0)
        length = some(years, "year") if years else some(days, "day")
        return fix(
            f"The bucket locks every object by default ({default.get('Mode')}, {length}), so that each checkpoint that"
            " a run replaces is kept as long: remove the default retention (AWS console: S3 > Buckets >"
            f" {bucket} > Properties > Object Lock > Edit), and lock the records alone with `bucket.lock`."
        )
    if lock is None:
        return ok("Object Lock is on and locks nothing by default; records are not locked, as `bucket.lock` has it.")
    return ok(f"Each object of records is locked for {some(int(lock['days']), 'day')} ({lock['mode']}).")


def encryption(rules: Sequence[Mapping[str, Any]], bucket: str, *, created: bool) -> Finding:
    """Judge the bucket's default encryption."""
    algorithms = [rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm") for rule in rules]
    if not any(algorithms):
        return fix(
            f"The bucket has no default encryption: {_mend(bucket, 'Properties > Default encryption', created)}."
        )
    return ok(f"The bucket encrypts what it keeps ({_and(filter(None, algorithms))}).")


def public_access(block: Mapping[str, bool], bucket: str, *, created: bool) -> Finding:
    """Judge the bucket's own block of public access, which an account's may back."""
    names = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    if missing := [name for name in names if not block.get(name)]:
        place = "Permissions > Block public access"
        return fix(
            f"The bucket itself does not shut out the public ({_and(missing)}): {_mend(bucket, place, created)}."
        )
    return ok("The bucket shuts out the public.")


def policy(actual: str | None, wanted: str, bucket: str, *, created: bool, break_glass: Sequence[str] = ()) -> Finding:
    """Judge whether the bucket's policy holds the module's statements, whatever their Sid, and lets nobody in."""
    has = [_statement(statement) for statement in policy_statements(actual)]
    missing = [str(statement.get("Sid")) for statement in policy_statements(wanted) if _statement(statement) not in has]
    if missing:
        how = (
            APPLY
            if created
            else (
                "merge the output `bucket.policy` into its policy (AWS console: S3 > Buckets >"
                f" {bucket} > Permissions > Bucket policy)"
            )
        )
        return fix(f"The bucket's policy lacks {_and(missing)}: {how}.")
    if break_glass:
        return fix(
            f"The bucket's policy lets {_and(break_glass)} put and delete records: when the task is done, take"
            f" {'it' if len(break_glass) == 1 else 'them'} out of bucket.break_glass_arns"
            f" and {'run `terraform apply`' if created else 'merge the output `bucket.policy` again'}."
        )
    return ok(
        "The bucket's policy refuses plain HTTP, overwriting, callers' own keys, puts by anyone but the collector, and"
        " deletions that the feed does not make."
    )


def puts(denials: Sequence[Denial], found: Sequence[Run], bucket: str) -> Finding:
    """Judge whether S3 takes what the collector writes, by the bucket policy's denials and the last runs."""
    sure = [denial for denial in denials if denial.sure]
    if sure:
        how = (
            "set `bucket.encryption` and `kms_key` to what it requires"
            if all(denial.by_encryption for denial in sure)
            else f"change it (AWS console: S3 > Buckets > {bucket} > Permissions > Bucket policy)"
        )
        return fix(f"The bucket's policy denies what the collector writes, by {_names(sure)}: {how}.")
    ended = [run for run in found if run.outcome != "running"]
    perhaps = f" but perhaps by {_names(denials)}, which depends on what is not known here" if denials else ""
    if ended and ended[-1].outcome == "failed" and REFUSED_PUT in ended[-1].sentence:
        refused = f"S3 refused what the last run wrote: {ended[-1].sentence}"
        if "(AccessDenied" not in ended[-1].sentence:
            return fix(refused)
        return fix(
            f"{refused} The bucket's policy does not deny it{perhaps}."
            " The role's own policies are judged under collector's rights. The organisation's service control policies"
            " (SCPs) and resource control policies (RCPs), and the KMS key's policy, are not judged here: ask their"
            " owners."
        )
    if denials and not any(run.written for run in ended):
        return unknown(
            f"Whether the bucket's policy denies what the collector writes, by {_names(denials)}, depends on what is"
            " not known here: the next run that writes a record shows it."
        )
    last = ", and S3 refused no write of the last run" if ended else ""
    return ok(f"The bucket's policy denies nothing that the collector writes{last}.")


def _names(denials: Iterable[Denial]) -> str:
    return _and(denial.name for denial in denials)


def policy_statements(document: str | None) -> list[Mapping[str, Any]]:
    """Return a policy's statements: a single one needs no list, and no policy has none."""
    found = json.loads(document)["Statement"] if document else []
    return [found] if isinstance(found, dict) else found


def _statement(statement: Mapping[str, Any]) -> dict[str, Any]:
    """Return a statement in one way of writing it: AWS gives single values without their list."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(each) for key, each in value.items()}
        return sorted(map(str, value)) if isinstance(value, list) else [str(value)]

    return {name: plain(value) for name, value in statement.items() if name != "Sid"}


def _mend(bucket: str, place: str, created: bool) -> str:
    return APPLY if created else f"change it in the AWS console under S3 > Buckets > {bucket} > {place}"


def checkpoint(body: bytes | None, saved: datetime | None, now: datetime, schedule: Mapping[str, Any]) -> Finding:
    """Judge the checkpoint, None where there is none yet, by the module's output `schedule`."""
    if body is None or saved is None:
        return fix("There is no checkpoint: no run has saved one yet; start one with `zoomlogs run`.")
    try:
        known = decode(body)
    except NewerCheckpointError as error:
        return fix(str(error))
    except ValueError:
        return fix(
            "The checkpoint is damaged, or is still the guide's: the next run rebuilds it from the archive and loses"
            " nothing; start it with `zoomlogs run`."
        )
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


# --- who may what ----------------------------------------------------------------------------------------------------


def rights(refused: Collection[str], who: str, role: str, kind: str = "Roles") -> Finding:
    """Judge a principal's rights by the actions that a simulation of its policies refused."""
    if refused:
        return fix(
            f"{who} may not {_and(refused)}: {APPLY}, or look for a boundary or a service control policy (SCP) that"
            f" forbids it (AWS console: IAM > {kind} > {role} > Permissions)."
        )
    return ok(f"{who} may do all that it has to, by its own policies.")


def alarms(states: Mapping[str, str], names: Mapping[str, str], composite: str) -> Finding:
    """Judge the alarms by their states; `names` are their names by what they watch.

    As in the rule of the composite alarm, silence counts only once first_run is OK: a run has succeeded then.
    """
    if missing := sorted({*names.values(), composite} - states.keys()):
        one = len(missing) == 1
        return fix(f"The alarm{'' if one else 's'} {_and(missing)} {'is' if one else 'are'} gone: {APPLY}.")
    excused = {composite} if states.get(names.get("first_run", "")) == "OK" else {composite, names.get("silence")}
    raised = sorted(name for name, state in states.items() if state == "ALARM" and name not in excused)
    if raised or states.get(composite) == "ALARM":
        return fix(
            f"In alarm: {_and(raised or [composite])}; docs/operations.md says what to do (AWS console: CloudWatch >"
            " All alarms)."
        )
    blind = sorted(name for name, state in states.items() if state == "INSUFFICIENT_DATA")
    if blind:
        return unknown(f"No alarm is raised, but too few data have come yet for {_and(blind)}.")
    return ok(f"All {len(states)} alarms are quiet.")


def subscribers(topics: Mapping[str, Mapping[str, str] | None], made_here: str | None) -> Finding:
    """Judge whom the alarms tell, by each topic's attributes (None: it is gone); `made_here` is the module's own."""
    if not topics:
        return ok("The alarms tell nobody, as `monitoring.topic_arns = []` has it.")
    for topic, attributes in topics.items():
        if attributes is None:
            how = APPLY if topic == made_here else "make it, or give another in `monitoring.topic_arns`"
            return fix(f"The topic {topic} is gone, so that no alarm reaches anybody by it: {how}.")
        if int(attributes["SubscriptionsConfirmed"]):
            continue
        console = f"AWS console: Amazon SNS > Topics > {topic.rpartition(':')[2]}"
        if int(attributes["SubscriptionsPending"]):
            return fix(
                f"Nobody has confirmed to be told by {topic}: follow the link in the mail from AWS, or have it sent"
                f" again ({console} > Subscriptions > Request confirmation)."
            )
        emails = 'set `monitoring = { emails = ["…"] }` and apply, or ' if topic == made_here else ""
        return fix(
            f"Nobody is subscribed to {topic}, so that no alarm reaches anybody: {emails}subscribe somebody ({console}"
            " > Create subscription)."
        )
    count = sum(int(attributes["SubscriptionsConfirmed"]) for attributes in topics.values() if attributes)
    return ok(f"Somebody has confirmed to be told of alarms ({some(count, 'subscription')}).")


def reader_user(keys: Mapping[str, str], last_used: datetime | None, now: datetime, user: str) -> Finding:
    """Judge the reader by its access keys (id → Active or Inactive) and when one of them was last used."""
    console = f"AWS console: IAM > Users > {user} > Security credentials"
    if not keys:
        return fix(
            f"The user {user} has no access key, so SecOps cannot read: make one by `zoomlogs reader-key create` and"
            f" give it to the feed by `zoomlogs feed apply`, or in the consoles ({console}, and SecOps: SIEM Settings >"
            " Feeds)."
        )
    if "Active" not in keys.values():
        return fix(f"No access key of {user} is active, so SecOps cannot read: activate the feed's key ({console}).")
    return _last_read(last_used, now, f"the access key of {user}")


def reader_role(last_used: datetime | None, now: datetime, role: str) -> Finding:
    """Judge the reader by when its role was last used; AWS tells it some hours late."""
    return _last_read(last_used, now, f"the role {role}")


def _last_read(last_used: datetime | None, now: datetime, what: str) -> Finding:
    place = "in SecOps under SIEM Settings > Feeds"
    if last_used is None:
        return fix(f"SecOps has not read yet: nobody has used {what}; make the feed, or look at its state, {place}.")
    if now - last_used > LONGEST_UNREAD:
        return fix(
            f"SecOps no longer reads: {what} was last used {span(now - last_used)} ago; look at the feed {place}."
        )
    return ok(f"SecOps reads: {what} was last used {span(now - last_used)} ago.")


def feed(wanted: Body, feeds: Sequence[Body]) -> Finding:
    """Judge all the feeds of SecOps by the one that is wanted."""
    if wrong := problems(wanted, feeds):
        return fix(" ".join(wrong))
    [active] = filter(enabled, readers(uri_of(wanted), feeds))
    return ok(f"The feed {title(active)}: {meaning(active)}.")


def feed_queue(queue: str | None, ages: Sequence[float]) -> Finding:
    """Judge the feed's queue, None where it has none, by the age in seconds of its oldest message over time."""
    if queue is None:
        return ok("The feed has no queue: it lists the bucket.")
    if not ages:
        return unknown(
            f"CloudWatch has no age of the messages in {queue}, because nobody has used the queue for some hours: see"
            " what is said of the feed."
        )
    if ages[-1] > LONGEST_WAIT.total_seconds():
        return fix(
            f"The oldest message in {queue} has waited for {span(timedelta(seconds=ages[-1]))}, so the feed takes none:"
            " look at it in SecOps under SIEM Settings > Feeds, or with `zoomlogs feed status`."
        )
    return ok(f"The feed takes its messages: the oldest in {queue} has waited for {span(timedelta(seconds=ages[-1]))}.")


# --- words -----------------------------------------------------------------------------------------------------------


def _and(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
