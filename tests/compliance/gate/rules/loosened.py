"""Other resources of the plan that weaken the module's protection.

A resource that names one of the module's is red, unless its type is known to be harmless. Known values are compared;
unknown ones are followed through the configuration's references.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from ..findings import Rule, Scene
from ..plan import Resource, holds_true
from ..references import UNSEEN, Configuration
from ..things import NAMED_BY, Thing, things
from ..uses import statements, texts
from .destroys import environment_before

HARMLESS = frozenset(
    {
        "aws_cloudwatch_composite_alarm",
        "aws_cloudwatch_dashboard",
        "aws_cloudwatch_log_metric_filter",
        "aws_cloudwatch_metric_alarm",
        "aws_cloudwatch_query_definition",
        "aws_cloudtrail",
        "aws_cloudtrail_event_data_store",
        "aws_kms_alias",
        "aws_macie2_classification_job",
        "aws_resourcegroups_group",
        "aws_s3_bucket_metric",
        "aws_ssm_parameter",
    }
)
"""Types that only watch or describe, and grant nothing."""

EXPECTED = frozenset(
    {
        ("topic", "aws_sns_topic_subscription"),
        ("topic", "aws_cloudwatch_event_target"),
        ("topic", "aws_budgets_budget"),
        ("log group", "aws_cloudwatch_log_anomaly_detector"),
        ("role", "aws_kms_key"),
        ("role", "aws_kms_key_policy"),
        ("role", "aws_lakeformation_permissions"),
    }
)
"""Types that callers are expected to add, by the kind of thing that they name."""

DOCUMENTS = ("policy", "assume_role_policy", "policy_document", "resource_policy", "access_policy", "inline_policy")
"""Attributes with a policy document: the ARNs in it are checked as a policy, not as references."""

EXCLUSIVE = frozenset(
    {
        "aws_iam_role_policies_exclusive",
        "aws_iam_role_policy_attachments_exclusive",
        "aws_iam_user_policies_exclusive",
        "aws_iam_user_policy_attachments_exclusive",
    }
)
"""Types that remove what they do not list."""


class Reached:
    """Finds the module's things that a resource names."""

    def __init__(self, scene: Scene) -> None:
        self.things = things(scene.use)
        self.configuration = Configuration(scene.plan.configuration)

    def by(self, resource: Resource) -> Iterator[Thing]:
        """Yield each thing that a resource names, once."""
        named = [(place.rpartition(".")[2], value) for place, value in _named(resource.after)]
        made_from = set().union(*(self.places(resource, attribute) for attribute in _unknown(resource)))
        for thing in self.things:
            if thing.place in made_from or any(thing.is_named(attribute, value) for attribute, value in named):
                yield thing

    def unseen(self, resource: Resource, kinds: tuple[str, ...]) -> Iterator[str]:
        """Yield each attribute that may name a thing of these kinds and comes from a local value."""
        naming = {attribute for kind in kinds for attribute in NAMED_BY[kind]}
        for attribute in _unknown(resource):
            if attribute in naming and any(one.endswith(UNSEEN) for one in self.places(resource, attribute)):
                yield attribute

    def places(self, resource: Resource, attribute: str) -> set[str]:
        """Return the resources that an attribute refers to, by the configuration."""
        return self.configuration.reached(resource.module, resource.type, resource.name, attribute)


def _named(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for attribute, value in values.items():
        if names_something(attribute):
            yield from _texts(attribute, value)


def names_something(attribute: str) -> bool:
    """True if an attribute may name what a resource acts on."""
    return attribute not in DOCUMENTS and not attribute.startswith("tags")


def _texts(place: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(place, one)
    elif isinstance(value, dict):
        for name, one in value.items():
            if name not in DOCUMENTS:
                yield from _texts(f"{place}.{name}", one)


def _unknown(resource: Resource) -> Iterator[str]:
    for attribute, value in resource.unknown.items():
        if names_something(attribute) and holds_true(value):
            yield attribute


def loosened(scene: Scene, *kinds: str) -> Iterator[tuple[str, str]]:
    """Find the other resources that act on a thing of these kinds."""
    reached = Reached(scene)
    for resource in scene.others:
        if not resource.stays or resource.type in HARMLESS or not resource.type.startswith(("aws_", "awscc_")):
            continue
        named = list(reached.by(resource))
        acted_on = [one for one in named if one.kind in kinds and not expected(resource, one, reached.things)]
        if acted_on:
            yield resource.address, f"A resource of type {resource.type} acts on {acted_on[0].label}."
        elif not named:
            for attribute in reached.unseen(resource, kinds):
                yield resource.address, f"{attribute} is a local value: the plan does not show what this acts on."


def expected(resource: Resource, thing: Thing, known: list[Thing]) -> bool:
    """True if callers are expected to add such a resource."""
    if (thing.kind, resource.type) in EXPECTED:
        return True
    if thing.kind == "queue" and resource.type == "aws_s3_bucket_notification":
        return True  # the owner of a bucket that exists sends its notifications to the feed's queue
    return resource.type in EXCLUSIVE and _lists_only_own(resource, known)


def _lists_only_own(resource: Resource, known: list[Thing]) -> bool:
    if resource.is_unknown("policy_arns") or resource.is_unknown("policy_names"):
        return False
    own = {arn for thing in known if thing.kind == "policy" for arn in thing.arns}
    return set(resource.after.get("policy_arns") or []) <= own and "policy_names" not in resource.after


def bucket(scene: Scene) -> Iterator[tuple[str, str]]:
    """Find settings that others add to the module's bucket, and statements of its policy that allow."""
    yield from loosened(scene, "bucket")
    for own in scene.use.all("archive", "aws_s3_bucket_policy", "archive"):
        for one in statements(own, "policy"):
            if own.stays and one.get("Effect") != "Deny":
                yield (
                    own.address,
                    f"A statement of the bucket policy allows access: {one.get('Sid') or 'it has no Sid'}.",
                )


def rights(scene: Scene) -> Iterator[tuple[str, str]]:
    """Find what gives the module's roles and user more permissions, or its policies to others."""
    yield from loosened(scene, "role", "user", "policy")


def access(scene: Scene) -> Iterator[tuple[str, str]]:
    """Find what gives others access to the secret, queues, topic, key or log."""
    yield from loosened(scene, "secret", "queue", "topic", "key", "log group")
    logs = [one for one in things(scene.use) if one.kind == "log group"]
    for resource in scene.others:  # names the log group only in its policy
        if resource.type == "aws_cloudwatch_log_resource_policy" and resource.stays:
            patterns = [
                pattern for one in statements(resource, "policy_document") for pattern in texts(one.get("Resource"))
            ]
            if any("*" in patterns or _covers(patterns, one) for one in logs):
                yield resource.address, "A resource policy of CloudWatch Logs covers the collector's log group."


SAFEGUARDS = {
    "permissions_boundary": "permissions boundary",
    "kms_key_id": "KMS key",
    "kms_key_arn": "KMS key",
    "kms_master_key_id": "KMS key",
    "code_signing_config_arn": "code signing configuration",
}
"""Attributes that restrict or protect one of the module's resources."""


def weaker(scene: Scene) -> Iterator[tuple[str, str]]:
    """Find resources that lose a safeguard."""
    for _, resource in scene.use.members:
        for attribute, safeguard in SAFEGUARDS.items():
            had = resource.before.get(attribute) and resource.stays
            if had and not resource.after.get(attribute) and not resource.is_unknown(attribute):
                yield resource.address, f"The resource would lose its {safeguard}."
    yield from _weaker_lock(scene)


LOCK_MODES = ("GOVERNANCE", "COMPLIANCE")
"""Weakest first."""


def _weaker_lock(scene: Scene) -> Iterator[tuple[str, str]]:
    """Find a function that would lock records less strictly than now."""
    before, after = environment_before(scene), scene.use.environment
    if after is None or before.get("S3_LOCK_MODE") not in LOCK_MODES:
        return
    mode, days = (after.get(name, "") for name in ("S3_LOCK_MODE", "S3_LOCK_DAYS"))
    if mode not in LOCK_MODES:
        yield scene.use.function.address, "New records would no longer be locked."
    elif LOCK_MODES.index(mode) < LOCK_MODES.index(before["S3_LOCK_MODE"]):
        yield scene.use.function.address, f"New records would be locked only in {mode} mode."
    elif int(days) < int(before["S3_LOCK_DAYS"]):
        yield scene.use.function.address, f"New records would be locked for only {days} days."


def invocation(scene: Scene) -> Iterator[tuple[str, str]]:
    """Find what lets others invoke the function, or changes how it runs."""
    yield from loosened(scene, "function")


GRANTS: dict[str, tuple[str, ...]] = {
    "bucket": (
        "s3:PutObject",
        "s3:PutObjectAcl",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:BypassGovernanceRetention",
        "s3:PutObjectRetention",
        "s3:PutObjectLegalHold",
        "s3:PutBucketObjectLockConfiguration",
        "s3:PutBucketPolicy",
        "s3:DeleteBucketPolicy",
        "s3:DeleteBucket",
        "s3:PutLifecycleConfiguration",
        "s3:PutBucketVersioning",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutBucketAcl",
        "s3:PutBucketOwnershipControls",
        "s3:PutEncryptionConfiguration",
        "s3:PutReplicationConfiguration",
        "s3:PutBucketNotification",
    ),
    "secret": (
        "secretsmanager:GetSecretValue",
        "secretsmanager:BatchGetSecretValue",
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecret",
        "secretsmanager:DeleteSecret",
        "secretsmanager:PutResourcePolicy",
        "secretsmanager:ReplicateSecretToRegions",
    ),
    "function": (
        "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
        "lambda:DeleteFunction",
        "lambda:AddPermission",
        "lambda:CreateFunctionUrlConfig",
    ),
    "role": (
        "iam:PassRole",
        "iam:PutRolePolicy",
        "iam:AttachRolePolicy",
        "iam:UpdateAssumeRolePolicy",
        "iam:DeleteRolePermissionsBoundary",
    ),
    "user": ("iam:CreateAccessKey", "iam:PutUserPolicy", "iam:AttachUserPolicy", "iam:CreateLoginProfile"),
    "queue": ("sqs:DeleteMessage", "sqs:PurgeQueue", "sqs:SetQueueAttributes", "sqs:AddPermission"),
}
"""By the kind of thing, the actions that read a secret, change or delete records, or run other code."""

IDENTITY = {
    "aws_iam_policy": "policy",
    "aws_iam_role_policy": "policy",
    "aws_iam_user_policy": "policy",
    "aws_iam_group_policy": "policy",
}


def grants(scene: Scene) -> Iterator[tuple[str, str]]:
    """Find other policies that allow changing what the module keeps, or reading the credentials."""
    reached = Reached(scene)
    for resource in scene.others:
        attribute = IDENTITY.get(resource.type)
        if attribute is None or not resource.stays:
            continue
        if resource.is_unknown(attribute):
            places = reached.places(resource, attribute)
            named = [one for one in reached.things if one.kind in GRANTS and one.place in places]
            if named:
                yield (
                    resource.address,
                    f"A policy refers to {named[0].label}, and the plan does not show yet what it allows.",
                )
            continue
        for thing in reached.things:
            right = _granted(statements(resource, attribute), thing)
            if right:
                yield resource.address, f"A policy allows {right} on {thing.label}."


def _granted(found: list[dict[str, Any]], thing: Thing) -> str:
    for one in found:
        if one.get("Effect") != "Allow" or not _covers(texts(one.get("Resource")), thing):
            continue
        for right in GRANTS.get(thing.kind, ()):
            if any(fnmatchcase(right.lower(), pattern.lower()) for pattern in texts(one.get("Action"))):
                return right
    return ""


def _covers(patterns: list[str], thing: Thing) -> bool:
    """True if a Resource element names the thing; least_privilege.feature checks those that name everything."""
    for pattern in patterns:
        for arn in thing.arns:
            if pattern != "*" and (fnmatchcase(arn, pattern) or fnmatchcase(f"{arn}/x", pattern)):
                return True
            if pattern.startswith((f"{arn}/", f"{arn}-")):
                return True
    return False


def existing_bucket(scene: Scene) -> Iterator[tuple[str, str]]:
    """Find what the caller's own bucket lacks, if its settings are in the plan."""
    name = scene.use.bucket_name
    if scene.use.makes_bucket or not name or not scene.use.function.stays:
        return
    for resource in scene.others:
        if not resource.stays or resource.after.get("bucket") != name:
            continue
        if resource.type == "aws_s3_bucket_policy":
            if resource.is_unknown("policy"):
                yield resource.address, "The bucket policy is known only after apply."
            else:
                for lacking in lacking_statements(statements(resource, "policy"), scene):
                    yield resource.address, f"The bucket policy lacks the module's statement {lacking}."
        elif resource.type == "aws_s3_bucket_lifecycle_configuration":
            for rule in resource.after.get("rule") or []:
                if _expires(rule):
                    yield resource.address, f"The lifecycle rule {rule.get('id')!r} deletes records before 200 days."


def lacking_statements(found: list[dict[str, Any]], scene: Scene) -> Iterator[str]:
    """Yield the module's denials that a bucket policy lacks."""
    use = scene.use
    arn = f"arn:{use.account.partition}:s3:::{use.bucket_name}"
    prefix = (use.environment or {}).get("S3_PREFIX", "")
    wanted: list[tuple[str, str, list[str], dict[str, Any]]] = [
        ("DenyInsecureTransport", "s3:*", [arn, f"{arn}/*"], {"Bool": {"aws:SecureTransport": "false"}}),
        ("DenyOverwriteOfRecords", "s3:PutObject", [f"{arn}/{prefix}*"], {"Null": {"s3:if-none-match": "true"}}),
        (
            "DenyCustomerProvidedKeys",
            "s3:PutObject",
            [f"{arn}/*"],
            {"Null": {"s3:x-amz-server-side-encryption-customer-algorithm": "false"}},
        ),
    ]
    for sid, action, resources, condition in wanted:
        holding = [one for one in found if _denies(one, action, condition)]
        covered = {pattern for one in holding for pattern in texts(one.get("Resource"))}
        if not all(any(fnmatchcase(wanted_one, pattern) for pattern in covered) for wanted_one in resources):
            yield sid
    yield from _lacking_about_touching(
        found, scene, f"{arn}/{prefix}*", f"{arn}/{(use.environment or {}).get('STATE_KEY')}"
    )


def _lacking_about_touching(found: list[dict[str, Any]], scene: Scene, records: str, state: str) -> Iterator[str]:
    """Yield the denials about writes and deletes that a policy lacks, or has with more exceptions."""
    collector = {
        arn for thing in things(scene.use) if thing.place.endswith(".aws_iam_role.collector") for arn in thing.arns
    }
    environment, both, nobody = scene.use.environment or {}, [records, state], set[str]()
    deleters = None if environment.get("FEED_DELETES") == "true" else nobody  # None: any reader
    lockers = collector if environment.get("S3_LOCK_MODE") else nobody
    wanted: list[tuple[str, tuple[str, ...], list[str], set[str] | None]] = [
        ("DenyPutsOfOthers", ("s3:PutObject", "s3:ReplicateObject", "s3:UpdateObjectEncryption"), both, collector),
        ("DenyDeletesOfRecords", ("s3:DeleteObject",), [records], deleters),
        ("DenyDeletesOfCheckpoint", ("s3:DeleteObject",), [state], nobody),
        ("DenyDeletesOfVersions", ("s3:DeleteObjectVersion", "s3:ReplicateDelete"), both, nobody),
        ("DenyLocksOfOthers", ("s3:PutObjectRetention",), both, lockers),
        ("DenyHoldsAndBypasses", ("s3:BypassGovernanceRetention", "s3:PutObjectLegalHold"), both, nobody),
    ]
    for sid, actions, resources, exceptions in wanted:
        if not all(_is_denied(found, action, each, exceptions) for action in actions for each in resources):
            yield sid


def _is_denied(found: list[dict[str, Any]], action: str, resource: str, exceptions: set[str] | None) -> bool:
    """True if a statement denies an action on a resource to all but these principals."""
    holding = [one for one in found if _denies_but(one, action, exceptions)]
    return any(fnmatchcase(resource, pattern) for one in holding for pattern in texts(one.get("Resource")))


def _denies_but(one: dict[str, Any], action: str, exceptions: set[str] | None) -> bool:
    """True if a statement denies an action to all but these principals, or fewer; None stands for any."""
    condition = one.get("Condition") or {}
    named = condition.get("ArnNotEquals") or {}
    by_principal_only = not condition or (condition.keys() == {"ArnNotEquals"} and named.keys() == {"aws:PrincipalArn"})
    but = set(texts(named.get("aws:PrincipalArn")))
    return _refuses(one, action) and by_principal_only and (exceptions is None or but <= exceptions)


def _denies(one: dict[str, Any], action: str, condition: dict[str, Any]) -> bool:
    given = {
        operator: {
            key: texts(value) if not isinstance(value, bool) else [str(value).lower()] for key, value in keys.items()
        }
        for operator, keys in (one.get("Condition") or {}).items()
    }
    asked = {operator: {key: [value] for key, value in keys.items()} for operator, keys in condition.items()}
    return _refuses(one, action) and given == asked


def _refuses(one: dict[str, Any], action: str) -> bool:
    everyone = one.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
    acts = any(fnmatchcase(action.lower(), pattern.lower()) for pattern in texts(one.get("Action")))
    return one.get("Effect") == "Deny" and everyone and acts


def _expires(rule: dict[str, Any]) -> bool:
    if rule.get("status") != "Enabled":
        return False
    days = [one.get("days") for one in rule.get("expiration") or []]
    dated = [one.get("date") for one in rule.get("expiration") or []]
    days += [one.get("noncurrent_days") for one in rule.get("noncurrent_version_expiration") or []]
    return any(day and day < 200 for day in days) or any(dated)


RULES = (
    Rule(
        "bucket-setting",
        "A bucket has only one policy, one lifecycle and one of each setting: the one applied last replaces the other.",
        "Remove it. The inputs under `bucket` set what may differ. For other settings create the bucket yourself, and "
        "set bucket.create = false.",
        bucket,
    ),
    Rule(
        "rights",
        "The roles and the user have exactly the permissions that they need. Any other could expose the records or the "
        "credentials.",
        "Remove it, and use a role of your own for other tasks.",
        rights,
    ),
    Rule(
        "access",
        "Only the module's own principals need access. Anyone else with access can read, add or remove its contents.",
        "Remove it.",
        access,
    ),
    Rule(
        "weaker",
        "It protects the resource or the records.",
        "Leave permissions_boundary_arn, kms_key, collector.code_signing_config_arn and bucket.lock as they are.",
        weaker,
    ),
    Rule(
        "invocation",
        "The function may read Zoom's credentials and write records. Only its schedule starts it.",
        "Remove it. Operators may start runs with lambda:InvokeFunction in their own policy.",
        invocation,
    ),
    Rule(
        "grants",
        "Its holder could change or delete records, read the credentials, or replace the code.",
        "Leave the module's resources out of the policy.",
        grants,
    ),
    Rule(
        "existing-bucket",
        "Without them a record can be overwritten, read in transit, or deleted before Zoom's six months are over.",
        "Merge the output bucket.policy into the bucket policy, and keep records and their versions for 200 days.",
        existing_bucket,
    ),
)
