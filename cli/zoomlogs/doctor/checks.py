"""All checks, in the order in which they are shown; each stands alone, and none stops another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..aws import FAILURES, error_code, reason
from . import rules
from .facts import Facts, Simulated
from .findings import Finding, NotCheckedError, fix, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

DENIED = (
    *("AccessDenied", "AccessDeniedException", "AccessDeniedFault", "403", "Forbidden", "UnauthorizedOperation"),
    "AuthorizationError",  # SNS
)
GONE = ("NoSuchBucket", "NoSuchEntity", "ResourceNotFoundException", "404", "AWS.SimpleQueueService.NonExistentQueue")
APPLY = "run `terraform apply`, which makes it anew"
ALLOW_KEY = "allow it kms:Decrypt on the KMS key, as docs/cli.md has it"
_BY_KMS = re.compile(r"kms:\w+|Access to KMS")  # as S3 and as Secrets Manager put it


@dataclass(frozen=True)
class Check:
    """A check: its name, what is missing where AWS knows nothing of it, and how it is made."""

    name: str
    what: str
    look: Callable[[Facts], Finding]

    def __call__(self, facts: Facts) -> Finding:
        """Make it, whatever happens."""
        try:
            return self.look(facts)
        except NotCheckedError as why:
            return unknown(f"Not checked because {why}.")
        except FAILURES as error:
            return self._failed(error)
        except Exception as error:
            said = ": ".join(filter(None, (type(error).__name__, reason(error))))
            return unknown(f"Not checked because zoomlogs itself broke off: {said}.")

    def _failed(self, error: Exception) -> Finding:
        code = error_code(error)
        if code in GONE or code.endswith(("QueueDoesNotExist", "NotFound")):
            return fix(f"There is no {self.what}, says AWS: {APPLY}, or give the outputs of the deployment meant.")
        if code in DENIED and _BY_KMS.search(str(error)):
            return unknown(
                f"Not checked because your AWS identity may not decrypt what the {self.what} holds ({code}):"
                f" {ALLOW_KEY}."
            )
        if code in DENIED:
            return unknown(
                f"Not checked because your AWS identity may not look at the {self.what} ({code}): allow it what"
                " docs/cli.md lists for this check."
            )
        if not code:
            return unknown(f"Not checked because AWS was not reached, or has no credentials of yours: {reason(error)}.")
        return unknown(f"Not checked because AWS answered: {reason(error)}.")


def _function(facts: Facts) -> Finding:
    return rules.function(facts.function)


def _package(facts: Facts) -> Finding:
    return rules.package(facts.function["CodeSha256"], facts.committed_package)


def _environment(facts: Facts) -> Finding:
    deployment, environment = facts.deployment, facts.function.get("Environment", {})
    if error := environment.get("Error"):  # whoever may not use the function's KMS key gets this in place of it
        raise NotCheckedError(
            f"Lambda cannot decrypt the environment for your AWS identity ({error.get('ErrorCode')}): {ALLOW_KEY}, and"
            f" see that {facts.function.get('KMSKeyArn')} is enabled"
        )
    actual = environment.get("Variables", {})
    return rules.environment(actual, deployment.environment, deployment.function_name)


def _schedule(facts: Facts) -> Finding:
    return rules.schedule(facts.schedule(), facts.output("schedule"), facts.output("function")["arn"])


def _runs(facts: Facts) -> Finding:
    return rules.runs(facts.runs(), facts.now(), facts.output("schedule")["expression"])


def _dead_letters(facts: Facts) -> Finding:
    return rules.dead_letters(facts.dead_letters(), facts.output("dead_letter_queue")["name"])


def _created(facts: Facts) -> bool:
    return bool(facts.output("bucket").get("created"))


def _versioning(facts: Facts) -> Finding:
    deletes = facts.deployment.environment.get("FEED_DELETES") == "true"
    return rules.versioning(facts.versioning(), facts.deployment.bucket, created=_created(facts), feed_deletes=deletes)


def _bucket_policy(facts: Facts) -> Finding:
    wanted = facts.output("bucket")
    return rules.policy(
        facts.policy(),
        wanted["policy"],
        facts.deployment.bucket,
        created=_created(facts),
        break_glass=wanted.get("break_glass_arns", []),
    )


def _checkpoint(facts: Facts) -> Finding:
    return rules.checkpoint(*facts.checkpoint(), facts.now(), facts.output("schedule")["expression"])


def _collectors_rights(facts: Facts) -> Finding:
    bucket, deployment = facts.output("bucket")["arn"], facts.deployment
    state, record = f"{bucket}/{deployment.state_key}", f"{bucket}/{deployment.prefix}2026/01/31/any.json.gz"
    role = facts.output("role")
    refused = facts.refused(
        role["arn"],
        [
            Simulated(("s3:PutObject",), record, (("s3:if-none-match", "*"),)),
            Simulated(("s3:GetObject", "s3:GetObjectVersion"), record),
            Simulated(("s3:GetObject", "s3:PutObject"), state),
            Simulated(("s3:ListBucket", "s3:ListBucketVersions"), bucket, (("s3:prefix", deployment.prefix),)),
            Simulated(("secretsmanager:GetSecretValue",), deployment.secret_arn),
            Simulated(
                ("logs:CreateLogStream", "logs:PutLogEvents"), f"{facts.output('log_group')['arn']}:log-stream:x"
            ),
        ],
    )
    return rules.rights(refused, "The collector's role", role["name"])


def _schedulers_rights(facts: Facts) -> Finding:
    schedule = facts.output("schedule")
    wanted = [
        Simulated(("lambda:InvokeFunction",), facts.output("function")["arn"]),
        Simulated(("sqs:SendMessage",), facts.output("dead_letter_queue")["arn"]),
    ]
    return rules.rights(facts.refused(schedule["role_arn"], wanted), "The schedule's role", schedule["role_name"])


def _readers_rights(facts: Facts) -> Finding:
    reader, bucket, prefix = facts.output("reader"), facts.output("bucket")["arn"], facts.deployment.prefix
    if reader["mode"] == "none":
        raise NotCheckedError('`reader.mode` is "none": who reads the records is made elsewhere')
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
    return rules.rights(facts.refused(reader["arn"], wanted), "SecOps' reader", reader["name"], kind)


def _reader(facts: Facts) -> Finding:
    reader = facts.output("reader")
    if reader["mode"] == "none":
        raise NotCheckedError('`reader.mode` is "none": who reads the records is made elsewhere')
    if reader["mode"] == "role":
        return rules.reader_role(facts.role_last_used(reader["name"]), facts.now(), reader["name"])
    keys = facts.access_keys(reader["name"])
    return rules.reader_user(keys, facts.keys_last_used(list(keys)), facts.now(), reader["name"])


def _feed(facts: Facts) -> Finding:
    output = facts.output("secops_feed")
    return rules.feed(output["body"], facts.feeds(output.get("instance")))


def _monitoring(facts: Facts) -> Mapping[str, Any]:
    if not facts.deployment.outputs.get("monitoring"):
        raise NotCheckedError("monitoring is off, so that nobody is told when collecting fails")
    return facts.output("monitoring")


def _subscribers(facts: Facts) -> Finding:
    monitoring = _monitoring(facts)
    topics = {topic: facts.topic(topic) for topic in monitoring["topic_arns"]}
    return rules.subscribers(topics, monitoring.get("topic_arn"))


def _alarms(facts: Facts) -> Finding:
    monitoring = _monitoring(facts)
    composite, names = monitoring["composite_alarm_name"], monitoring["alarms"]
    return rules.alarms(facts.alarm_states([composite, *names.values()]), names, composite)


CHECKS = (
    Check("secret", "secret", lambda facts: rules.secret(facts.secret_text, facts.deployment.secret_arn)),
    Check("sign-in", "secret", lambda facts: rules.sign_in(facts.zoom)),
    Check("report", "secret", lambda facts: rules.report(facts.zoom)),
    Check("clock", "caller", lambda facts: rules.clock(facts.ahead_of_aws, facts.ahead_of_zoom)),
    Check("function", "function", _function),
    Check("package", "function", _package),
    Check("environment", "function", _environment),
    Check("collector's rights", "collector's role", _collectors_rights),
    Check("schedule", "schedule", _schedule),
    Check("scheduler's rights", "schedule's role", _schedulers_rights),
    Check("runs", "log group", _runs),
    Check("dead letters", "dead-letter queue", _dead_letters),
    Check(
        "bucket",
        "bucket",
        lambda facts: rules.region(facts.bucket_region(), facts.deployment.region, facts.deployment.bucket),
    ),
    Check("versioning", "bucket", _versioning),
    Check(
        "encryption",
        "bucket",
        lambda facts: rules.encryption(facts.encryption(), facts.deployment.bucket, created=_created(facts)),
    ),
    Check(
        "public access",
        "bucket",
        lambda facts: rules.public_access(facts.public_access(), facts.deployment.bucket, created=_created(facts)),
    ),
    Check("bucket policy", "bucket", _bucket_policy),
    Check("checkpoint", "bucket", _checkpoint),
    Check("alarms", "alarm", _alarms),
    Check("subscribers", "topic of the alarms", _subscribers),
    Check("reader's rights", "reader", _readers_rights),
    Check("reader", "reader", _reader),
    Check("feed", "feed", _feed),
)


def findings(facts: Facts) -> Iterator[tuple[str, Finding]]:
    """Make every check; yield its name and what it found."""
    for check in CHECKS:
        yield check.name, check(facts)
