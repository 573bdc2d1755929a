"""All checks, in display order. They are independent: a check that fails does not stop the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ..aws import FAILURES, error_code, is_denied, is_denied_by_kms, reason
from ..deleted import Rule
from ..errors import CommandError
from ..policies import missing_action
from . import alarm_trial, bucket_rules, collector_rules, delivery_rules, reader_trial, write_trial
from .aws_facts import Simulated
from .denials import PUT_RETENTION, denials, encryption_context, lock_context, writes
from .findings import Finding, NotCheckedError, fix, left_out, ok, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from .facts import Facts

GONE = ("NoSuchBucket", "NoSuchEntity", "ResourceNotFoundException", "404", "AWS.SimpleQueueService.NonExistentQueue")
APPLY = "run `terraform apply`, which creates it again"
ALLOW_KEY = "allow it kms:Decrypt on the KMS key (docs/cli.md)"
NO_READER = 'The module manages no reader (`reader.mode = "none"`).'
NO_MONITORING = "No alarms are set up (`monitoring.enabled = false`)."


@dataclass(frozen=True)
class Check:
    """A check: its name, the resource that it looks at, and the function that makes it."""

    name: str
    what: str
    look: Callable[[Facts], Finding]

    def __call__(self, facts: Facts) -> Finding:
        """Make the check; turn every failure into a finding."""
        try:
            return self.look(facts)
        except NotCheckedError as why:
            return unknown(f"Not checked because {why}.")
        except CommandError as error:
            return fix(str(error))
        except FAILURES as error:
            return self._failed(error, facts)
        except Exception as error:
            said = ": ".join(filter(None, (type(error).__name__, reason(error))))
            return unknown(f"Not checked because zoomlogs failed: {said}.")

    def _failed(self, error: Exception, facts: Facts) -> Finding:
        code = error_code(error)
        if code in GONE or code.endswith(("QueueDoesNotExist", "NotFound")):
            return fix(f"AWS has no such {self.what}: {APPLY}, or name the right outputs with --outputs.")
        if is_denied_by_kms(error):
            return unknown(
                f"Not checked because {facts.identity} may not decrypt the {self.what} ({code}): {ALLOW_KEY}."
            )
        if is_denied(error):
            return unknown(
                f"Not checked because {facts.identity} may not read the {self.what} ({code}): allow it"
                f" {missing_action(error, self.name, facts.deployment)}."
            )
        if not code:
            return unknown(f"Not checked because AWS was not reached or you are not signed in: {reason(error)}.")
        return unknown(f"Not checked because AWS answered: {reason(error)}.")


def _secret(facts: Facts) -> Finding:
    secret_id = facts.deployment.secret_id
    try:
        return collector_rules.secret(facts.secret_text, secret_id)
    except ClientError as error:
        if not is_denied(error) or is_denied_by_kms(error) or secret_id.startswith("arn:"):
            raise
        raise NotCheckedError(
            f"{facts.identity} may not read the secret {secret_id}, or it does not exist (AWS answers both with"
            f" {error_code(error)}): look for it in the AWS console under Secrets Manager > Secrets, and allow the"
            f" identity {missing_action(error, 'secret', facts.deployment)}"
        ) from None


def _function(facts: Facts) -> Finding:
    return collector_rules.function(facts.function)


def _package(facts: Facts) -> Finding:
    applied = facts.output("function").get("code_sha256")
    return collector_rules.package(
        facts.function["CodeSha256"], applied, facts.committed_package, facts.deployment.function_name
    )


def _environment(facts: Facts) -> Finding:
    deployment, environment = facts.deployment, facts.function.get("Environment", {})
    if error := environment.get("Error"):  # without rights on the function's KMS key
        raise NotCheckedError(
            f"Lambda cannot decrypt the environment for your AWS identity ({error.get('ErrorCode')}): {ALLOW_KEY}, and"
            f" check that {facts.function.get('KMSKeyArn')} is enabled"
        )
    actual = environment.get("Variables", {})
    return collector_rules.environment(actual, deployment.environment, deployment.function_name)


def _schedule(facts: Facts) -> Finding:
    return collector_rules.schedule(facts.schedule(), facts.output("schedule"), facts.output("function")["arn"])


def _runs(facts: Facts) -> Finding:
    scheduled = [run for run in facts.last_runs if run.is_scheduled] or facts.last_scheduled_runs
    return collector_rules.runs(facts.last_runs, scheduled, facts.now(), facts.output("schedule"))


def _metrics(facts: Facts) -> Finding:
    succeeded = collector_rules.succeeded(facts.last_runs)
    values = facts.metric(*facts.collector_metric("RunsSucceeded"), "Sum", succeeded[0].began) if succeeded else []
    return collector_rules.metrics(succeeded, sum(values), facts.now(), facts.deployment.function_name)


def _feed_queue(facts: Facts) -> Finding:
    queue = (facts.deployment.outputs.get("secops_feed") or {}).get("queue")
    if not queue:
        return delivery_rules.feed_queue(None, [])
    since = facts.now() - delivery_rules.LONGEST_WAIT
    dimensions = {"QueueName": queue["name"]}
    ages = facts.metric("AWS/SQS", "ApproximateAgeOfOldestMessage", dimensions, "Maximum", since)
    return delivery_rules.feed_queue(queue["name"], ages)


def _dead_letters(facts: Facts) -> Finding:
    return collector_rules.dead_letters(facts.dead_letters(), facts.output("dead_letter_queue")["name"])


def _region(facts: Facts) -> Finding:
    deployment = facts.deployment
    reader, feed = (deployment.outputs.get(name) or {} for name in ("reader", "secops_feed"))
    read = reader.get("mode") == "none" or feed.get("region_supported", True)
    return bucket_rules.region(facts.bucket_region(), deployment.region, deployment.bucket, google_reads=read)


def _created(facts: Facts) -> bool:
    return bool(facts.output("bucket").get("created"))


def _versioning(facts: Facts) -> Finding:
    deletes = facts.deployment.environment.get("FEED_DELETES") == "true"
    return bucket_rules.versioning(
        facts.versioning(), facts.deployment.bucket, created=_created(facts), feed_deletes=deletes
    )


def _object_lock(facts: Facts) -> Finding:
    lock = facts.output("bucket").get("lock")
    return bucket_rules.object_lock(facts.object_lock(), lock, facts.deployment.bucket, created=_created(facts))


def _bucket_policy(facts: Facts) -> Finding:
    wanted = facts.output("bucket")
    return bucket_rules.policy(
        facts.policy(),
        wanted["policy"],
        facts.deployment.bucket,
        created=_created(facts),
        break_glass=wanted.get("break_glass_arns", []),
        at=[
            f"{wanted['arn']}/{facts.deployment.prefix}2026/01/31/any.json.gz",
            f"{wanted['arn']}/{facts.deployment.state_key}",
        ],
    )


def _puts(facts: Facts) -> Finding:
    at, bucket = facts.deployment, facts.output("bucket")["arn"]
    wanted = writes(bucket, at.prefix, at.state_key, facts.output("role")["arn"], at.environment)
    found = denials(bucket_rules.policy_statements(facts.policy()), wanted)
    return bucket_rules.puts(found, facts.last_runs, at.bucket)


def _archive(facts: Facts) -> Finding:
    at = facts.deployment
    known = facts.checkpoint().checkpoint  # it has the time since when the feed deletes nothing
    return bucket_rules.archive(facts.markers(), Rule.of(at, known), at.bucket, at.prefix)


def _checkpoint(facts: Facts) -> Finding:
    stored = facts.checkpoint()
    lost = stored.is_missing and facts.has_records()
    return collector_rules.checkpoint(stored, facts.now(), facts.output("schedule"), lost=lost)


def _collectors_rights(facts: Facts) -> Finding:
    bucket, deployment = facts.output("bucket")["arn"], facts.deployment
    state, record = f"{bucket}/{deployment.state_key}", f"{bucket}/{deployment.prefix}2026/01/31/any.json.gz"
    role, encryption = facts.output("role"), tuple(encryption_context(deployment.environment).items())
    lock = tuple(lock_context(deployment.environment).items())
    refused = facts.refused(
        role["arn"],
        [
            Simulated(("s3:PutObject",), record, (("s3:if-none-match", "*"), *encryption, *lock)),
            *([Simulated((PUT_RETENTION,), record, lock)] if lock else []),
            Simulated(("s3:GetObject", "s3:GetObjectVersion"), record),
            Simulated(("s3:GetObject",), state),
            Simulated(("s3:PutObject",), state, encryption),
            Simulated(("s3:ListBucket", "s3:ListBucketVersions"), bucket, (("s3:prefix", deployment.prefix),)),
            Simulated(("secretsmanager:GetSecretValue",), deployment.secret_arn),
            Simulated(
                ("logs:CreateLogStream", "logs:PutLogEvents"), f"{facts.output('log_group')['arn']}:log-stream:x"
            ),
        ],
    )
    return delivery_rules.rights(refused, "The collector's role", role["name"])


def _schedulers_rights(facts: Facts) -> Finding:
    schedule = facts.output("schedule")
    wanted = [
        Simulated(("lambda:InvokeFunction",), facts.output("function")["arn"]),
        Simulated(("sqs:SendMessage",), facts.output("dead_letter_queue")["arn"]),
    ]
    return delivery_rules.rights(
        facts.refused(schedule["role_arn"], wanted), "The schedule's role", schedule["role_name"]
    )


def _readers_rights(facts: Facts) -> Finding:
    reader, bucket, prefix = facts.output("reader"), facts.output("bucket")["arn"], facts.deployment.prefix
    if reader["mode"] == "none":
        return ok(NO_READER)
    deletes = facts.deployment.environment.get("FEED_DELETES") == "true"
    wanted = [
        Simulated(("s3:ListBucket",), bucket, (("s3:prefix", prefix),)),
        Simulated(("s3:GetBucketLocation",), bucket),
        Simulated(
            ("s3:GetObject", *(["s3:DeleteObject"] if deletes else [])), f"{bucket}/{prefix}2026/01/31/any.json.gz"
        ),
    ]
    if queue := (facts.deployment.outputs.get("secops_feed") or {}).get("queue"):
        wanted.append(
            Simulated(("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"), queue["arn"])
        )
    kind = "Users" if reader["mode"] == "user" else "Roles"
    return delivery_rules.rights(facts.refused(reader["arn"], wanted), "SecOps' reader", reader["name"], kind)


def _reader(facts: Facts) -> Finding:
    reader = facts.output("reader")
    if reader["mode"] == "none":
        return ok(NO_READER)
    if reader["mode"] == "role":
        return delivery_rules.reader_role(facts.role_last_used(reader["name"]), facts.now(), reader["name"])
    keys = facts.access_keys(reader["name"])
    return delivery_rules.reader_user(keys, facts.keys_last_used(list(keys)), facts.now(), reader["name"])


def _feed(facts: Facts) -> Finding:
    output = facts.output("secops_feed")
    return delivery_rules.feed(output["body"], facts.feeds(output.get("instance")))


def _subscribers(facts: Facts) -> Finding:
    if not facts.deployment.outputs.get("monitoring"):
        return ok(NO_MONITORING)
    monitoring = facts.output("monitoring")
    topics = {topic: facts.topic(topic) for topic in monitoring["topic_arns"]}
    return delivery_rules.subscribers(topics, monitoring.get("topic_arn"))


def _alarms(facts: Facts) -> Finding:
    if not facts.deployment.outputs.get("monitoring"):
        return ok(NO_MONITORING)
    monitoring = facts.output("monitoring")
    composite, names = monitoring["composite_alarm_name"], monitoring["alarms"]
    found = facts.alarms([composite, *names.values()])
    told = found.get(composite, {})
    reaches = set(monitoring["topic_arns"]) <= set(told.get("AlarmActions", ()))
    tells = bool(told.get("ActionsEnabled", True)) and reaches
    states = {name: str(alarm["StateValue"]) for name, alarm in found.items()}
    return delivery_rules.alarms(states, names, composite, tells=tells)


CHECKS = (
    Check("secret", "secret", _secret),
    Check("sign-in", "secret", lambda facts: collector_rules.sign_in(facts.zoom)),
    Check("report", "secret", lambda facts: collector_rules.report(facts.zoom)),
    Check("clock", "caller", lambda facts: collector_rules.clock(facts.ahead_of_aws, facts.ahead_of_zoom)),
    Check("function", "function", _function),
    Check("package", "function", _package),
    Check("environment", "function", _environment),
    Check("collector's rights", "collector's role", _collectors_rights),
    Check("schedule", "schedule", _schedule),
    Check("scheduler's rights", "schedule's role", _schedulers_rights),
    Check("runs", "log group", _runs),
    Check("metrics", "collector's metrics", _metrics),
    Check("dead letters", "dead-letter queue", _dead_letters),
    Check("bucket", "bucket", _region),
    Check("versioning", "bucket", _versioning),
    Check("object lock", "bucket", _object_lock),
    Check(
        "encryption",
        "bucket",
        lambda facts: bucket_rules.encryption(facts.encryption(), facts.deployment.bucket, created=_created(facts)),
    ),
    Check(
        "public access",
        "bucket",
        lambda facts: bucket_rules.public_access(
            facts.public_access(), facts.deployment.bucket, created=_created(facts)
        ),
    ),
    Check("bucket policy", "bucket", _bucket_policy),
    Check("collector's puts", "bucket or the log group", _puts),
    Check("archive", "bucket", _archive),
    Check("other reports", "bucket", lambda facts: bucket_rules.other_reports(*facts.of_others(), facts.deployment)),
    Check("checkpoint", "bucket", _checkpoint),
    Check("alarms", "alarm", _alarms),
    Check("subscribers", "topic of the alarms", _subscribers),
    Check("reader's rights", "reader", _readers_rights),
    Check("reader", "reader", _reader),
    Check("feed", "feed", _feed),
    Check("feed's queue", "feed's queue", _feed_queue),
)

# Checks that run only with their option.
AS_READER = (
    Check("reader's key", "reader's key", reader_trial.key),
    Check("list folder", "bucket", reader_trial.list_folder),
    Check("list bucket", "bucket", reader_trial.list_bucket),
    Check("find bucket", "bucket", reader_trial.find_bucket),
    Check("locate bucket", "bucket", reader_trial.locate_bucket),
    Check("read record", "record", reader_trial.read_record),
    Check("take message", "feed's queue", reader_trial.take_message),
)
TEST_ALARM = (Check("alarm to message", "alarm", alarm_trial.alarm_to_message),)
PROBE = (
    Check("write once", "function", write_trial.by_collector),
    Check("write by others", "record", write_trial.by_others),
)
TRIALS = (*PROBE, *TEST_ALARM, *AS_READER)


def findings(facts: Facts, checks: Iterable[Check], without: Collection[str] = ()) -> Iterator[tuple[str, Finding]]:
    """Make the checks that are not skipped; yield each name and finding."""
    for check in checks:
        yield check.name, left_out(check.name) if check.name in without else check(facts)
