"""All checks, in the order in which they are shown; each stands alone, and none stops another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..aws import FAILURES, error_code, reason
from . import rules
from .facts import Simulated, World
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
    look: Callable[[World], Finding]

    def __call__(self, world: World) -> Finding:
        """Make it, whatever happens."""
        try:
            return self.look(world)
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


def _function(world: World) -> Finding:
    return rules.function(world.function)


def _package(world: World) -> Finding:
    return rules.package(world.function["CodeSha256"], world.committed_package)


def _environment(world: World) -> Finding:
    deployment, environment = world.deployment, world.function.get("Environment", {})
    if error := environment.get("Error"):  # whoever may not use the function's KMS key gets this in place of it
        raise NotCheckedError(
            f"Lambda cannot decrypt the environment for your AWS identity ({error.get('ErrorCode')}): {ALLOW_KEY}, and"
            f" see that {world.function.get('KMSKeyArn')} is enabled"
        )
    actual = environment.get("Variables", {})
    return rules.environment(actual, deployment.environment, deployment.function_name)


def _schedule(world: World) -> Finding:
    return rules.schedule(world.schedule(), world.output("schedule"), world.output("function")["arn"])


def _runs(world: World) -> Finding:
    return rules.runs(world.runs(), world.now(), world.output("schedule")["expression"])


def _dead_letters(world: World) -> Finding:
    return rules.dead_letters(world.dead_letters(), world.output("dead_letter_queue")["name"])


def _created(world: World) -> bool:
    return bool(world.output("bucket").get("created"))


def _versioning(world: World) -> Finding:
    deletes = world.deployment.environment.get("FEED_DELETES") == "true"
    return rules.versioning(world.versioning(), world.deployment.bucket, created=_created(world), feed_deletes=deletes)


def _bucket_policy(world: World) -> Finding:
    wanted = world.output("bucket")["policy"]
    return rules.policy(world.policy(), wanted, world.deployment.bucket, created=_created(world))


def _checkpoint(world: World) -> Finding:
    return rules.checkpoint(*world.checkpoint(), world.now(), world.output("schedule")["expression"])


def _collectors_rights(world: World) -> Finding:
    bucket, deployment = world.output("bucket")["arn"], world.deployment
    state, record = f"{bucket}/{deployment.state_key}", f"{bucket}/{deployment.prefix}2026/01/31/any.json.gz"
    role = world.output("role")
    refused = world.refused(
        role["arn"],
        [
            Simulated(("s3:PutObject",), record, (("s3:if-none-match", "*"),)),
            Simulated(("s3:GetObject", "s3:GetObjectVersion"), record),
            Simulated(("s3:GetObject", "s3:PutObject"), state),
            Simulated(("s3:ListBucket", "s3:ListBucketVersions"), bucket, (("s3:prefix", deployment.prefix),)),
            Simulated(("secretsmanager:GetSecretValue",), deployment.secret_arn),
            Simulated(
                ("logs:CreateLogStream", "logs:PutLogEvents"), f"{world.output('log_group')['arn']}:log-stream:x"
            ),
        ],
    )
    return rules.rights(refused, "The collector's role", role["name"])


def _schedulers_rights(world: World) -> Finding:
    schedule = world.output("schedule")
    wanted = [
        Simulated(("lambda:InvokeFunction",), world.output("function")["arn"]),
        Simulated(("sqs:SendMessage",), world.output("dead_letter_queue")["arn"]),
    ]
    return rules.rights(world.refused(schedule["role_arn"], wanted), "The schedule's role", schedule["role_name"])


def _readers_rights(world: World) -> Finding:
    reader, bucket, prefix = world.output("reader"), world.output("bucket")["arn"], world.deployment.prefix
    if reader["mode"] == "none":
        raise NotCheckedError('`reader.mode` is "none": who reads the records is made elsewhere')
    deletes = world.deployment.environment.get("FEED_DELETES") == "true"
    wanted = [
        Simulated(("s3:ListBucket",), bucket, (("s3:prefix", prefix),)),
        Simulated(("s3:GetBucketLocation",), bucket),
        Simulated(
            ("s3:GetObject", *(["s3:DeleteObject"] if deletes else [])), f"{bucket}/{prefix}2026/01/31/any.json.gz"
        ),
    ]
    if queue := (world.deployment.outputs.get("secops_feed") or {}).get("queue"):
        wanted.append(
            Simulated(("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"), queue["arn"])
        )
    kind = "Users" if reader["mode"] == "user" else "Roles"
    return rules.rights(world.refused(reader["arn"], wanted), "SecOps' reader", reader["name"], kind)


def _reader(world: World) -> Finding:
    reader = world.output("reader")
    if reader["mode"] == "none":
        raise NotCheckedError('`reader.mode` is "none": who reads the records is made elsewhere')
    if reader["mode"] == "role":
        return rules.reader_role(world.role_last_used(reader["name"]), world.now(), reader["name"])
    keys = world.access_keys(reader["name"])
    return rules.reader_user(keys, world.keys_last_used(list(keys)), world.now(), reader["name"])


def _feed(world: World) -> Finding:
    output = world.output("secops_feed")
    return rules.feed(output["body"], world.feeds(output.get("instance")))


def _monitoring(world: World) -> Mapping[str, Any]:
    if not world.deployment.outputs.get("monitoring"):
        raise NotCheckedError("monitoring is off, so that nobody is told when collecting fails")
    return world.output("monitoring")


def _subscribers(world: World) -> Finding:
    monitoring = _monitoring(world)
    topics = {topic: world.topic(topic) for topic in monitoring["topic_arns"]}
    return rules.subscribers(topics, monitoring.get("topic_arn"))


def _alarms(world: World) -> Finding:
    monitoring = _monitoring(world)
    composite, names = monitoring["composite_alarm_name"], monitoring["alarms"]
    return rules.alarms(world.alarm_states([composite, *names.values()]), names, composite)


CHECKS = (
    Check("secret", "secret", lambda world: rules.secret(world.secret_text, world.deployment.secret_arn)),
    Check("sign-in", "secret", lambda world: rules.sign_in(world.zoom)),
    Check("report", "secret", lambda world: rules.report(world.zoom)),
    Check("clock", "caller", lambda world: rules.clock(world.ahead_of_aws, world.ahead_of_zoom)),
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
        lambda world: rules.region(world.bucket_region(), world.deployment.region, world.deployment.bucket),
    ),
    Check("versioning", "bucket", _versioning),
    Check(
        "encryption",
        "bucket",
        lambda world: rules.encryption(world.encryption(), world.deployment.bucket, created=_created(world)),
    ),
    Check(
        "public access",
        "bucket",
        lambda world: rules.public_access(world.public_access(), world.deployment.bucket, created=_created(world)),
    ),
    Check("bucket policy", "bucket", _bucket_policy),
    Check("checkpoint", "bucket", _checkpoint),
    Check("alarms", "alarm", _alarms),
    Check("subscribers", "topic of the alarms", _subscribers),
    Check("reader's rights", "reader", _readers_rights),
    Check("reader", "reader", _reader),
    Check("feed", "feed", _feed),
)


def findings(world: World) -> Iterator[tuple[str, Finding]]:
    """Make every check; yield its name and what it found."""
    for check in CHECKS:
        yield check.name, check(world)
