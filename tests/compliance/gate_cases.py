"""Changes of the module's real plan that the gate's rules refuse, and similar ones that are harmless.

A base is a first plan, or a later plan without changes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from .gate_plans import (
    ACCOUNT,
    APPLIED,
    BUCKET,
    FUNCTION,
    MODULE,
    acting,
    all_of,
    arn,
    change,
    first,
    later,
    other,
    set_environment,
)
from .mutations import Mutate, Plan, Values, put, statement, within

ARCHIVE, COLLECTOR, READER, MONITORING = (
    f"{MODULE}.module.archive",
    f"{MODULE}.module.collector",
    f"{MODULE}.module.secops_reader",
    f"{MODULE}.module.monitoring[0]",
)
COLLECTING = "module.collector.aws_lambda_function.collector"
ELSEWHERE = "999988887777"
ROLE, SCHEDULER, USER = "WriteZoomOperationLogsToS3Role", "InvokeZoomOperationLogsRole", "secops-reader"
FUNCTION_ARN = APPLIED["aws_lambda_function", "collector"]["arn"]
ROLE_ARN = APPLIED["aws_iam_role", "collector"]["arn"]
WRITER_ARN = APPLIED["aws_iam_policy", "writer"]["arn"]
SECRET_ARN = APPLIED["aws_secretsmanager_secret", "zoom"]["arn"]
TOPIC_ARN = APPLIED["aws_sns_topic", "alarms"]["arn"]
QUEUE = APPLIED["aws_sqs_queue", "dead_letters"]
OUTPUTS = "module.zoom_operation_logs"


@dataclass(frozen=True)
class Case:
    """A change of a plan; `address` is where the rule must find it, or nothing if it is harmless."""

    rule: str
    name: str
    mutate: Mutate
    address: str = ""
    variant: str = "default"
    base: Callable[[Plan], Plan] = later

    def of(self, plan: Plan) -> Plan:
        """Return the changed plan."""
        changed = self.base(plan)
        text = json.dumps(changed)
        self.mutate(changed)
        assert json.dumps(changed) != text, f"{self.name} changes nothing"
        return changed


def refuses(rule: str, address: str, cases: dict[str, Mutate], **more: object) -> list[Case]:
    """Return cases that a rule refuses at an address."""
    return [Case(rule, name, mutate, address, **more) for name, mutate in cases.items()]  # type: ignore[arg-type]


def passes(rule: str, cases: dict[str, Mutate], **more: object) -> list[Case]:
    """Return similar cases that are harmless."""
    return [Case(rule, name, mutate, **more) for name, mutate in cases.items()]  # type: ignore[arg-type]


def policy(**elements: object) -> str:
    """Return a policy with one statement that allows."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **elements}]})


def lifecycle(rule: str, block: str, **days: int) -> Mutate:
    """Change the planned days of a lifecycle rule."""

    def mutate(plan: Plan) -> None:
        about = change(plan, "aws_s3_bucket_lifecycle_configuration", "archive")
        about["actions"] = ["update"]
        [found] = [one for one in about["after"]["rule"] if one["id"] == rule]
        found[block] = [days]

    return mutate


def caller_of_bucket(*statements: dict[str, object], **more: object) -> Mutate:
    """Add the caller's policy for a bucket that the module does not create."""
    return other("aws_s3_bucket_policy", bucket=BUCKET, policy=json.dumps({"Statement": list(statements)}), **more)  # type: ignore[arg-type]


SECOND = "module.sign_ins"


def two_blocks(plan: Plan) -> Plan:
    """Return a first plan with a second module block, which collects the other report into the same bucket."""
    both = first(plan)
    known = both["prior_state"]["values"]["root_module"]["child_modules"]
    for held in (both["resource_changes"], known):
        held += json.loads(json.dumps(held).replace(f"{MODULE}", f"{SECOND}"))
    second(function_name="sign-ins-zoom_operationlogs_to_s3")(both)
    second_environment(S3_PREFIX="zoom/activities/", STATE_KEY="zoom/activities-state/state.json")(both)
    return both


def second(**values: object) -> Mutate:
    """Set values of the second block's function."""

    def mutate(plan: Plan) -> None:
        [found] = [one for one in plan["resource_changes"] if one["address"] == f"{SECOND}.{COLLECTING}"]
        found["change"]["after"].update(values)

    return mutate


def second_environment(**variables: str) -> Mutate:
    """Set variables of the second block's function."""

    def mutate(plan: Plan) -> None:
        [found] = [one for one in plan["resource_changes"] if one["address"] == f"{SECOND}.{COLLECTING}"]
        held = found["change"]["after"]["environment"][0]["variables"]
        found["change"]["after"]["environment"] = [{"variables": {**held, **variables}}]

    return mutate


def denial(action: object, resource: object, condition: dict[str, object]) -> dict[str, object]:
    """Return a statement that denies to everyone."""
    return {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource, "Condition": condition}


BUCKET_ARN = f"arn:aws:s3:::{BUCKET}"
TLS = denial("s3:*", [BUCKET_ARN, f"{BUCKET_ARN}/*"], {"Bool": {"aws:SecureTransport": "false"}})
ONCE = denial("s3:PutObject", f"{BUCKET_ARN}/zoom/operationlogs/*", {"Null": {"s3:if-none-match": "true"}})
KEYS = denial(
    "s3:PutObject",
    f"{BUCKET_ARN}/*",
    {"Null": {"s3:x-amz-server-side-encryption-customer-algorithm": "false"}},
)
RECORDS_ARN, STATE_ARN = f"{BUCKET_ARN}/zoom/operationlogs/*", f"{BUCKET_ARN}/zoom/operationlogs-state/state.json"
BUT_COLLECTOR = {"ArnNotEquals": {"aws:PrincipalArn": [ROLE_ARN]}}
ARCHIVED = [RECORDS_ARN, STATE_ARN]
PUTS = denial(["s3:PutObject", "s3:ReplicateObject", "s3:UpdateObjectEncryption"], ARCHIVED, BUT_COLLECTOR)
DELETES = denial("s3:DeleteObject", ARCHIVED, {})
VERSIONS = denial(["s3:DeleteObjectVersion", "s3:ReplicateDelete"], ARCHIVED, {})
LOCKS = denial("s3:PutObjectRetention", ARCHIVED, {})
HOLDS = denial(["s3:BypassGovernanceRetention", "s3:PutObjectLegalHold"], ARCHIVED, {})
TOUCHING = (PUTS, DELETES, VERSIONS, LOCKS, HOLDS)
ONE_MORE = denial("s3:DeleteBucket", BUCKET_ARN, {})


def but(rule: dict[str, object], **changed: object) -> list[dict[str, object]]:
    """Return the denials about writes and deletes with one changed, or without it."""
    others = [one for one in TOUCHING if one is not rule]
    return [*others, {**rule, **changed}] if changed else others


def own_policy(**elements: object) -> Mutate:
    """Add a statement to the policy of the module's own bucket."""

    def add(held: Values) -> None:
        held["policy"] = json.dumps({"Statement": [*json.loads(held["policy"])["Statement"], elements]})

    return within("aws_s3_bucket_policy", "archive", add)


def unsigned(bucket: str, signing: str | None = None) -> Mutate:
    """Take the package from a bucket."""
    return put(
        "aws_lambda_function",
        "collector",
        filename=None,
        source_code_hash=None,
        s3_bucket=bucket,
        s3_key="collector.zip",
        code_signing_config_arn=signing,
    )


def environment_before(**changed: str) -> Mutate:
    """Change the function's prior environment."""

    def mutate(plan: Plan) -> None:
        about = change(plan, "aws_lambda_function", "collector")
        about["actions"] = ["update"]
        about["before"]["environment"][0]["variables"].update(changed)

    return mutate


def lock(mode: str, days: int) -> Mutate:
    """Make the collector lock its objects."""
    return set_environment(S3_LOCK_MODE=mode, S3_LOCK_DAYS=str(days))


def lock_before(mode: str, days: int) -> Mutate:
    """Make the collector have locked its objects before."""
    return environment_before(S3_LOCK_MODE=mode, S3_LOCK_DAYS=str(days))


def subject_before(subject: str) -> Mutate:
    """Change the prior service account of the reader's role."""

    def mutate(plan: Plan) -> None:
        about = change(plan, "aws_iam_role", "reader")
        about["actions"] = ["update"]
        trust = json.loads(about["before"]["assume_role_policy"])
        trust["Statement"][0]["Condition"]["StringEquals"]["accounts.google.com:sub"] = subject
        about["before"]["assume_role_policy"] = json.dumps(trust)

    return mutate


def loses(kind: str, name: str, attribute: str, value: str) -> Mutate:
    """Give a resource a prior value that it loses."""

    def mutate(plan: Plan) -> None:
        about = change(plan, kind, name)
        about.update(actions=["update"], before={**about["before"], attribute: value})

    return mutate


def replica(held: Values) -> None:
    """Encrypt the log with a key of another account."""
    held["kms_key_id"] = f"arn:aws:kms:us-east-1:{ELSEWHERE}:key/1"


REPLACED = ("delete", "create")
KEEPERS = {
    ("aws_s3_bucket", "archive"): f"{ARCHIVE}.aws_s3_bucket.archive[0]",
    ("aws_s3_bucket_versioning", "archive"): f"{ARCHIVE}.aws_s3_bucket_versioning.archive[0]",
    ("aws_s3_bucket_policy", "archive"): f"{ARCHIVE}.aws_s3_bucket_policy.archive[0]",
    ("aws_s3_bucket_public_access_block", "archive"): f"{ARCHIVE}.aws_s3_bucket_public_access_block.archive[0]",
    ("aws_secretsmanager_secret", "zoom"): f"{COLLECTOR}.aws_secretsmanager_secret.zoom[0]",
    ("aws_cloudwatch_log_group", "collector"): f"{COLLECTOR}.aws_cloudwatch_log_group.collector",
    ("aws_kms_key", "topic"): f"{MONITORING}.aws_kms_key.topic[0]",
}

REFUSED: list[Case] = [
    *refuses(
        "shared-prefix",
        f"{SECOND}.{COLLECTING}",
        {
            "the same prefix": second_environment(S3_PREFIX="zoom/operationlogs/"),
            "a prefix within the other's": second_environment(S3_PREFIX="zoom/operationlogs/sign-ins/"),
            "a prefix around the other's": second_environment(S3_PREFIX="zoom/"),
            "the same checkpoint": second_environment(STATE_KEY="zoom/operationlogs-state/state.json"),
            "a checkpoint among the other's records": second_environment(STATE_KEY="zoom/operationlogs/sign-ins.json"),
            "records around the other's checkpoint": second_environment(S3_PREFIX="zoom/operationlogs-state/"),
            "a checkpoint whose key begins the other's prefix": second_environment(STATE_KEY="zoom/op"),
            "a prefix that begins with the other's checkpoint": second_environment(
                S3_PREFIX="zoom/operationlogs-state/state.json/"
            ),
        },
        base=two_blocks,
    ),
    *refuses(
        "shared-name",
        f"{SECOND}.{COLLECTING}",
        {"no name_prefix": second(function_name="zoom_operationlogs_to_s3")},
        base=two_blocks,
    ),
    *(
        Case("destroys", f"{kind} is {how}", acting(kind, name, *actions), address)
        for (kind, name), address in KEEPERS.items()
        for how, actions in (
            ("replaced", REPLACED),
            ("replaced later", ("create", "delete")),
            ("destroyed", ("delete",)),
        )
        if how != "replaced later" or kind == "aws_s3_bucket"
    ),
    Case(
        "destroys",
        "the bucket is forgotten",
        acting("aws_s3_bucket", "archive", "forget"),
        KEEPERS["aws_s3_bucket", "archive"],
    ),
    Case(
        "destroys",
        "the feed's queue is replaced",
        acting("aws_sqs_queue", "feed", *REPLACED),
        f"{ARCHIVE}.aws_sqs_queue.feed[0]",
        variant="full",
    ),
    Case(
        "destroys",
        "Object Lock is destroyed",
        acting("aws_s3_bucket_object_lock_configuration", "archive", "delete"),
        f"{ARCHIVE}.aws_s3_bucket_object_lock_configuration.archive[0]",
        variant="locked",
    ),
    *refuses(
        "destroys",
        "aws_s3_bucket_object_lock_configuration.other",
        {
            "Object Lock of the caller's bucket": other(
                "aws_s3_bucket_object_lock_configuration", bucket=BUCKET, actions=("delete",)
            )
        },
        variant="nothing_made",
    ),
    *refuses(
        "destroys",
        "aws_s3_bucket.other",
        {"the caller's bucket with the records": other("aws_s3_bucket", bucket=BUCKET, actions=("delete",))},
        variant="nothing_made",
    ),
    *refuses(
        "destroys",
        "aws_secretsmanager_secret.other",
        {
            "the caller's secret": all_of(
                set_environment(ZOOM_SECRET_ID=arn("secretsmanager", "secret:zoom-a1B2c3")),
                other(
                    "aws_secretsmanager_secret", arn=arn("secretsmanager", "secret:zoom-a1B2c3"), actions=("delete",)
                ),
            )
        },
        variant="existing_secret",
    ),
    *refuses(
        "force-destroy",
        KEEPERS["aws_s3_bucket", "archive"],
        {"the bucket may be emptied": put("aws_s3_bucket", "archive", force_destroy=True)},
    ),
    *refuses(
        "force-destroy",
        "aws_s3_bucket.other",
        {"the caller's bucket may be emptied": other("aws_s3_bucket", bucket=BUCKET, force_destroy=True)},
        variant="nothing_made",
    ),
    *refuses(
        "force-destroy",
        KEEPERS["aws_secretsmanager_secret", "zoom"],
        {"the secret cannot be restored": put("aws_secretsmanager_secret", "zoom", recovery_window_in_days=0)},
    ),
    *refuses(
        "versioning-off",
        KEEPERS["aws_s3_bucket_versioning", "archive"],
        {
            "versions are suspended": put(
                "aws_s3_bucket_versioning", "archive", versioning_configuration=[{"status": "Suspended"}]
            ),
        },
    ),
    *refuses(
        "kept-shorter",
        f"{ARCHIVE}.aws_s3_bucket_lifecycle_configuration.archive[0]",
        {
            "records expire from now on": lifecycle("records", "expiration", days=200),
            "versions expire sooner": lifecycle("records", "noncurrent_version_expiration", noncurrent_days=150),
        },
    ),
    *refuses(
        "zoom-host",
        FUNCTION,
        {
            name: set_environment(**changed)
            for name, changed in {
                "a host that begins like Zoom's": {"ZOOM_OAUTH_URL": "https://zoom.us.evil.example/oauth/token"},
                "a host that ends like Zoom's": {"ZOOM_API_URL": "https://evilzoom.us/v2"},
                "Zoom's host as a user": {"ZOOM_OAUTH_URL": "https://zoom.us@evil.example/oauth/token"},
                "Zoom's host as a folder": {"ZOOM_API_URL": "https://evil.example/zoom.us/v2"},
                "Zoom's host without encryption": {"ZOOM_API_URL": "http://api.zoom.us/v2"},
                "a backslash": {"ZOOM_API_URL": "https://evil.example\\.zoom.us/v2"},
                "an address": {"ZOOM_API_URL": "https://203.0.113.7/v2"},
                "this very machine": {"ZOOM_API_URL": "http://127.0.0.1:8000/v2"},
                "nothing": {"ZOOM_API_URL": ""},
                "any host, as the caller allows": {"ZOOM_ALLOW_OTHER_HOSTS": "true"},
                "any host, in capitals": {"ZOOM_ALLOW_OTHER_HOSTS": " TRUE"},
            }.items()
        },
    ),
    *refuses(
        "proxy",
        FUNCTION,
        {
            name: set_environment(HTTPS_PROXY=url)
            for name, url in {
                "a foreign host": "http://proxy.evil.example:3128",
                "a public address": "http://203.0.113.7:3128",
                "a name like a private one": "http://proxy.internal.evil.example:3128",
                "the address of the instance's metadata": "http://169.254.169.254:80",
            }.items()
        },
        base=first,
    ),
    *refuses(
        "package",
        FUNCTION,
        {
            "a package of somebody's bucket": unsigned("somebodys-packages"),
            "a package that another account's configuration admits": unsigned(
                "ours", f"arn:aws:lambda:us-east-1:{ELSEWHERE}:code-signing-config:csc-1"
            ),
            "a package that a configuration only warns of": all_of(
                unsigned("ours", arn("lambda", "code-signing-config:csc-1")),
                other(
                    "aws_lambda_code_signing_config",
                    arn=arn("lambda", "code-signing-config:csc-1"),
                    policies=[{"untrusted_artifact_on_deployment": "Warn"}],
                ),
            ),
            "another file": put("aws_lambda_function", "collector", source_code_hash="AAAA", filename="mine.zip"),
            "a layer of another account": put(
                "aws_lambda_function", "collector", layers=[f"arn:aws:lambda:us-east-1:{ELSEWHERE}:layer:theirs:1"]
            ),
            "an image": put("aws_lambda_function", "collector", image_uri="x.dkr.ecr.us-east-1.amazonaws.com/y:1"),
        },
    ),
    *refuses(
        "other-account",
        f"{COLLECTOR}.aws_iam_role_policy.credentials",
        {
            "a secret of another account": statement(
                "aws_iam_role_policy",
                "credentials",
                "",
                Resource=f"arn:aws:secretsmanager:us-east-1:{ELSEWHERE}:secret:zoom-a1B2c3",
            )
        },
    ),
    *refuses(
        "other-account",
        KEEPERS["aws_cloudwatch_log_group", "collector"],
        {"a key of another account": within("aws_cloudwatch_log_group", "collector", replica)},
        variant="full",
    ),
    *refuses(
        "records-elsewhere",
        FUNCTION,
        {
            "another bucket": environment_before(S3_BUCKET="the-bucket-so-far"),
            "another folder": environment_before(S3_PREFIX="audit/"),
            "another checkpoint": environment_before(STATE_KEY="audit/state.json"),
        },
    ),
    *refuses(
        "reader-trust",
        f"{READER}.aws_iam_role.reader[0]",
        {
            "another service account": subject_before("999"),
            "a provider of another account": statement(
                "aws_iam_role",
                "reader",
                "",
                "assume_role_policy",
                Principal={"Federated": f"arn:aws:iam::{ELSEWHERE}:oidc-provider/accounts.google.com"},
            ),
        },
        variant="role",
    ),
    *(
        Case("bucket-setting", kind, other(kind, bucket=BUCKET), f"{kind}.other", base=first)
        for kind in (
            "aws_s3_bucket_accelerate_configuration",
            "aws_s3_bucket_acl",
            "aws_s3_bucket_cors_configuration",
            "aws_s3_bucket_intelligent_tiering_configuration",
            "aws_s3_bucket_inventory",
            "aws_s3_bucket_lifecycle_configuration",
            "aws_s3_bucket_logging",
            "aws_s3_bucket_notification",
            "aws_s3_bucket_object_lock_configuration",
            "aws_s3_bucket_ownership_controls",
            "aws_s3_bucket_policy",
            "aws_s3_bucket_public_access_block",
            "aws_s3_bucket_replication_configuration",
            "aws_s3_bucket_server_side_encryption_configuration",
            "aws_s3_bucket_versioning",
            "aws_s3_bucket_website_configuration",
            "aws_s3_access_point",
            "aws_s3_object",
        )
    ),
    Case(
        "bucket-setting",
        "by a reference that is not known yet",
        other("aws_s3_bucket_policy", reads={"bucket": [f"{OUTPUTS}.bucket.name", f"{OUTPUTS}.bucket", OUTPUTS]}),
        "aws_s3_bucket_policy.other",
        base=first,
    ),
    Case(
        "bucket-setting",
        "a statement of its own policy that allows",
        own_policy(Effect="Allow", Principal={"AWS": ELSEWHERE}, Action="s3:GetObject", Resource=f"{BUCKET_ARN}/*"),
        f"{ARCHIVE}.aws_s3_bucket_policy.archive[0]",
    ),
    Case(
        "bucket-setting",
        "in the middle of the module",
        other(
            "aws_s3_bucket_policy",
            at=ARCHIVE,
            reads={"bucket": ["aws_s3_bucket.archive[0].id", "aws_s3_bucket.archive"]},
        ),
        f"{ARCHIVE}.aws_s3_bucket_policy.other",
        base=first,
    ),
    *(
        Case("rights", name, mutate, address, base=base)
        for base in (first, later)
        for name, mutate, address in (
            (
                f"an inline policy, {base.__name__}",
                other(
                    "aws_iam_role_policy", role=ROLE, policy=policy(Action="s3:ListBucket", Resource="arn:aws:s3:::x")
                ),
                "aws_iam_role_policy.other",
            ),
            (
                f"an attachment, {base.__name__}",
                other(
                    "aws_iam_role_policy_attachment",
                    role=SCHEDULER,
                    policy_arn="arn:aws:iam::aws:policy/ReadOnlyAccess",
                ),
                "aws_iam_role_policy_attachment.other",
            ),
            (
                f"an attachment of many, {base.__name__}",
                other(
                    "aws_iam_policy_attachment",
                    roles=["ours", ROLE],
                    policy_arn="arn:aws:iam::aws:policy/ReadOnlyAccess",
                ),
                "aws_iam_policy_attachment.other",
            ),
            (
                f"the writer's policy for another role, {base.__name__}",
                other("aws_iam_role_policy_attachment", role="ours", policy_arn=WRITER_ARN),
                "aws_iam_role_policy_attachment.other",
            ),
            (
                f"a group for the user, {base.__name__}",
                other("aws_iam_user_group_membership", user=USER, groups=["admins"]),
                "aws_iam_user_group_membership.other",
            ),
            (
                f"a group that takes the user in, {base.__name__}",
                other("aws_iam_group_membership", users=[USER], group="admins"),
                "aws_iam_group_membership.other",
            ),
            (
                f"another function under the role, {base.__name__}",
                other("aws_lambda_function", function_name="other", role=ROLE_ARN),
                "aws_lambda_function.other",
            ),
            (
                f"an exclusive list that holds one more, {base.__name__}",
                other(
                    "aws_iam_role_policy_attachments_exclusive",
                    role_name=ROLE,
                    policy_arns=[WRITER_ARN, "arn:aws:iam::aws:policy/AdministratorAccess"],
                ),
                "aws_iam_role_policy_attachments_exclusive.other",
            ),
        )
    ),
    Case(
        "invocation",
        "by a local that the plan does not show",
        other("aws_lambda_function_url", reads={"function_name": ["local.function"]}),
        "aws_lambda_function_url.other",
        base=first,
    ),
    Case(
        "rights",
        "an attachment by an ARN that is not known yet",
        other(
            "aws_iam_role_policy_attachment",
            role="ours",
            reads={"policy_arn": [f"{OUTPUTS}.role.policy_arn", f"{OUTPUTS}.role", OUTPUTS]},
        ),
        "aws_iam_role_policy_attachment.other",
        base=first,
    ),
    *(
        Case("access", f"{kind} of {label}", other(kind, **held), f"{kind}.other")
        for label, kind, held in (
            (
                "the secret",
                "aws_secretsmanager_secret_policy",
                {"secret_arn": SECRET_ARN, "policy": policy(Action="*")},
            ),
            ("the secret", "aws_secretsmanager_secret_version", {"secret_id": SECRET_ARN}),
            ("the secret", "aws_secretsmanager_secret_rotation", {"secret_id": SECRET_ARN}),
            ("the queue", "aws_sqs_queue_policy", {"queue_url": QUEUE["url"], "policy": policy(Action="sqs:*")}),
            ("the queue", "aws_sqs_queue_redrive_policy", {"queue_url": QUEUE["url"]}),
            (
                "the queue",
                "aws_lambda_event_source_mapping",
                {"event_source_arn": QUEUE["arn"], "function_name": "ours"},
            ),
            ("the key", "aws_kms_grant", {"key_id": "11111111", "grantee_principal": "ours"}),
            ("the key", "aws_kms_key_policy", {"key_id": "11111111", "policy": policy(Action="kms:*")}),
            ("the topic", "aws_sns_topic_policy", {"arn": TOPIC_ARN, "policy": policy(Action="sns:*")}),
            (
                "the log",
                "aws_cloudwatch_log_subscription_filter",
                {
                    "log_group_name": "/aws/lambda/zoom_operationlogs_to_s3",
                    "destination_arn": arn("lambda", "function:x"),
                },
            ),
        )
    ),
    *(
        Case(
            "access",
            f"a policy of CloudWatch Logs on {name}",
            other(
                "aws_cloudwatch_log_resource_policy",
                policy_document=policy(Action="logs:PutSubscriptionFilter", Principal="*", Resource=resource),
            ),
            "aws_cloudwatch_log_resource_policy.other",
            base=first,
        )
        for name, resource in (
            ("every log", "*"),
            ("the function's log", "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/*"),
        )
    ),
    *(
        Case("weaker", f"the {attribute} of {name}", loses(kind, name, attribute, value), address)
        for kind, name, attribute, value, address in (
            (
                "aws_iam_role",
                "collector",
                "permissions_boundary",
                arn("iam", "policy/x"),
                f"{COLLECTOR}.aws_iam_role.collector",
            ),
            ("aws_lambda_function", "collector", "kms_key_arn", arn("kms", "key/1"), FUNCTION),
            (
                "aws_secretsmanager_secret",
                "zoom",
                "kms_key_id",
                arn("kms", "key/1"),
                KEEPERS["aws_secretsmanager_secret", "zoom"],
            ),
        )
    ),
    *refuses(
        "weaker",
        FUNCTION,
        {
            "records are no longer locked": lock_before("GOVERNANCE", 100),
            "records are locked in a weaker mode": all_of(lock("GOVERNANCE", 100), lock_before("COMPLIANCE", 100)),
            "records are locked for fewer days": all_of(lock("COMPLIANCE", 99), lock_before("COMPLIANCE", 100)),
            "a stronger mode for fewer days": all_of(lock("COMPLIANCE", 9), lock_before("GOVERNANCE", 10)),
        },
    ),
    Case(
        "access",
        "a policy of the secret by a reference that is not known yet",
        other(
            "aws_secretsmanager_secret_policy",
            reads={"secret_arn": [f"{OUTPUTS}.secret.arn", f"{OUTPUTS}.secret", OUTPUTS]},
            policy=policy(Action="secretsmanager:GetSecretValue", Principal={"AWS": ELSEWHERE}),
        ),
        "aws_secretsmanager_secret_policy.other",
        base=first,
    ),
    *(
        Case("invocation", kind, other(kind, **held), f"{kind}.other", base=first)
        for kind, held in (
            ("aws_lambda_permission", {"function_name": "zoom_operationlogs_to_s3", "principal": "s3.amazonaws.com"}),
            ("aws_lambda_function_url", {"function_name": FUNCTION_ARN, "authorization_type": "AWS_IAM"}),
            ("aws_lambda_alias", {"function_name": f"{FUNCTION_ARN}:$LATEST"}),
            ("aws_lambda_event_source_mapping", {"function_name": "zoom_operationlogs_to_s3"}),
            ("aws_lambda_function_event_invoke_config", {"function_name": "zoom_operationlogs_to_s3"}),
            ("aws_scheduler_schedule", {"target": [{"arn": FUNCTION_ARN}]}),
            ("aws_cloudwatch_event_target", {"arn": FUNCTION_ARN}),
            ("aws_sns_topic_subscription", {"endpoint": FUNCTION_ARN, "topic_arn": arn("sns", "ours")}),
            ("aws_api_gateway_integration", {"uri": f"{FUNCTION_ARN}/invocations"}),
        )
    ),
    *(
        Case("grants", name, other(kind, policy=policy(Action=action, Resource=resource)), f"{kind}.other")
        for name, kind, action, resource in (
            ("deleting records", "aws_iam_policy", "s3:DeleteObject", f"{BUCKET_ARN}/*"),
            (
                "deleting some records",
                "aws_iam_group_policy",
                ["s3:Delete*"],
                [f"{BUCKET_ARN}/zoom/operationlogs/2026/*"],
            ),
            (
                "reading the credentials",
                "aws_iam_user_policy",
                "secretsmanager:GetSecretValue",
                f"{SECRET_ARN[:-6]}??????",
            ),
            ("replacing the code", "aws_iam_policy", "lambda:UpdateFunctionCode", FUNCTION_ARN),
            ("passing the role on", "aws_iam_role_policy", "iam:PassRole", ROLE_ARN),
            ("lifting locks", "aws_iam_policy", "s3:BypassGovernanceRetention", RECORDS_ARN),
            ("locking records", "aws_iam_policy", "s3:PutObjectRetention", RECORDS_ARN),
            ("holding records", "aws_iam_policy", "s3:PutObjectLegalHold", RECORDS_ARN),
            ("locking all by default", "aws_iam_policy", "s3:PutBucketObjectLockConfiguration", BUCKET_ARN),
        )
    ),
    Case(
        "grants",
        "by a reference that is not known yet",
        other("aws_iam_policy", reads={"policy": [f"{OUTPUTS}.secret.arn", f"{OUTPUTS}.secret", OUTPUTS]}),
        "aws_iam_policy.other",
        base=first,
    ),
    *refuses(
        "existing-bucket",
        "aws_s3_bucket_policy.other",
        {
            "without a rule about connections": caller_of_bucket(ONCE, KEYS, *TOUCHING),
            "without a rule about overwriting": caller_of_bucket(TLS, KEYS, *TOUCHING),
            "without a rule about keys": caller_of_bucket(TLS, ONCE, *TOUCHING),
            **{
                f"without a rule about {what}": caller_of_bucket(TLS, ONCE, KEYS, *but(rule))
                for what, rule in (
                    ("puts", PUTS),
                    ("deletes", DELETES),
                    ("versions", VERSIONS),
                    ("locks", LOCKS),
                    ("holds and bypasses", HOLDS),
                )
            },
            **{
                f"a rule that leaves out {action}": caller_of_bucket(
                    TLS, ONCE, KEYS, *but(rule, Action=[one for one in rule["Action"] if one != action])
                )
                for rule in (PUTS, VERSIONS, HOLDS)
                for action in rule["Action"]
            },
            "somebody else may put": caller_of_bucket(
                TLS,
                ONCE,
                KEYS,
                *but(PUTS, Condition={"ArnNotEquals": {"aws:PrincipalArn": [ROLE_ARN, f"{ROLE_ARN}2"]}}),
            ),
            "somebody may delete": caller_of_bucket(TLS, ONCE, KEYS, *but(DELETES, Condition=BUT_COLLECTOR)),
            "the collector may lock, without bucket.lock": caller_of_bucket(
                TLS, ONCE, KEYS, *but(LOCKS, Condition=BUT_COLLECTOR)
            ),
            "the collector may lift locks": all_of(
                lock("GOVERNANCE", 100),
                lock_before("GOVERNANCE", 100),
                caller_of_bucket(TLS, ONCE, KEYS, *but(HOLDS, Condition=BUT_COLLECTOR)),
            ),
            "a rule about another folder": caller_of_bucket(
                TLS, {**ONCE, "Resource": f"{BUCKET_ARN}/zoom/operationlogs/2026/*"}, KEYS, *TOUCHING
            ),
            "a rule for some": caller_of_bucket(TLS, {**ONCE, "Principal": {"AWS": ROLE_ARN}}, KEYS, *TOUCHING),
            "a rule with one more condition": caller_of_bucket(
                TLS,
                {**ONCE, "Condition": {**ONCE["Condition"], "StringEquals": {"aws:PrincipalAccount": ACCOUNT}}},  # type: ignore[dict-item]
                KEYS,
                *TOUCHING,
            ),
            "a policy that is not known yet": other(
                "aws_s3_bucket_policy", bucket=BUCKET, reads={"policy": ["local.x"]}
            ),
        },
        variant="nothing_made",
    ),
    *refuses(
        "existing-bucket",
        "aws_s3_bucket_lifecycle_configuration.other",
        {
            "a lifecycle of a day": other(
                "aws_s3_bucket_lifecycle_configuration",
                bucket=BUCKET,
                rule=[{"id": "short", "status": "Enabled", "expiration": [{"days": 1}]}],
            )
        },
        variant="nothing_made",
    ),
    Case(
        "unknown-value",
        "the environment",
        lambda plan: change(plan, "aws_lambda_function", "collector")["after_unknown"].update(
            environment=[{"variables": True}]
        ),
        FUNCTION,
        base=first,
    ),
    Case(
        "unknown-value",
        "a policy",
        lambda plan: change(plan, "aws_iam_role_policy", "keys")["after_unknown"].update(policy=True),
        f"{COLLECTOR}.aws_iam_role_policy.keys[0]",
        variant="full",
        base=first,
    ),
]

HARMLESS: list[Case] = [
    *passes(
        "shared-prefix",
        {"a prefix that begins alike": second_environment(S3_PREFIX="zoom/operationlogs-2/")},
        base=two_blocks,
    ),
    *passes("shared-name", {"another name": second(function_name="second")}, base=two_blocks),
    *passes(
        "destroys",
        {
            "a queue of undelivered invocations is replaced": acting("aws_sqs_queue", "dead_letters", *REPLACED),
            "the function is replaced": acting("aws_lambda_function", "collector", *REPLACED),
            "Object Lock of another bucket goes": other(
                "aws_s3_bucket_object_lock_configuration", bucket="scratch", actions=("delete",)
            ),
            "an alarm goes, as in a pause": acting("aws_cloudwatch_composite_alarm", "not_healthy", "update"),
            "another bucket of the caller's goes": other("aws_s3_bucket", bucket="scratch", actions=("delete",)),
            "something is moved": lambda plan: plan["resource_changes"][0].update(previous_address="module.old.x"),
        },
    ),
    *passes(
        "force-destroy",
        {
            "another bucket may be emptied": other("aws_s3_bucket", bucket="scratch", force_destroy=True),
            "a week to restore the secret": put("aws_secretsmanager_secret", "zoom", recovery_window_in_days=7),
        },
    ),
    *passes(
        "versioning-off",
        {
            "another bucket without versions": other(
                "aws_s3_bucket_versioning", bucket="scratch", versioning_configuration=[]
            )
        },
    ),
    *passes(
        "kept-shorter",
        {
            "versions are kept longer": lifecycle("records", "noncurrent_version_expiration", noncurrent_days=400),
            "versions of the checkpoint go sooner": lifecycle(
                "checkpoint", "noncurrent_version_expiration", noncurrent_days=7
            ),
        },
    ),
    *passes(
        "zoom-host",
        {
            "Zoom for Government": set_environment(
                ZOOM_OAUTH_URL="https://zoomgov.com/oauth/token", ZOOM_API_URL="https://api.zoomgov.com/v2"
            ),
            "a region of Zoom's": set_environment(ZOOM_API_URL="https://api-eu.zoom.us/v2"),
            "no other host": set_environment(ZOOM_ALLOW_OTHER_HOSTS="false"),
        },
    ),
    *passes(
        "proxy",
        {
            "a private address": set_environment(HTTPS_PROXY="http://10.1.2.3:3128"),
            "a private name": set_environment(HTTPS_PROXY="http://proxy.corp.internal:3128"),
        },
    ),
    *passes(
        "package",
        {
            "a package that is signed": all_of(
                unsigned("ours", arn("lambda", "code-signing-config:csc-1")),
                other(
                    "aws_lambda_code_signing_config",
                    arn=arn("lambda", "code-signing-config:csc-1"),
                    policies=[{"untrusted_artifact_on_deployment": "Enforce"}],
                ),
            ),
            "a layer of this account": put("aws_lambda_function", "collector", layers=[arn("lambda", "layer:ca:1")]),
            "the committed package at another place": put("aws_lambda_function", "collector", filename="elsewhere.zip"),
        },
    ),
    *passes(
        "other-account",
        {
            "another secret of this account": statement(
                "aws_iam_role_policy", "credentials", "", Resource=arn("secretsmanager", "secret:zoom-a1B2c3")
            )
        },
    ),
    *passes(
        "records-elsewhere",
        {
            "another page size": environment_before(PAGE_SIZE="100"),
            "the checkpoint of a set-up that is adopted": all_of(
                environment_before(STATE_KEY="zoom/operationlogs/state.json"),
                lambda plan: change(plan, "aws_lambda_function", "collector").update(importing={"id": "x"}),
            ),
        },
    ),
    *passes(
        "reader-trust",
        {
            "a provider of this account": statement(
                "aws_iam_role",
                "reader",
                "",
                "assume_role_policy",
                Principal={"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/accounts.google.com"},
            )
        },
        variant="role",
    ),
    *passes(
        "bucket-setting",
        {
            "metrics of the bucket": other("aws_s3_bucket_metric", bucket=BUCKET),
            "a policy of another bucket": other("aws_s3_bucket_policy", bucket="scratch"),
            "one more denial in its own policy": own_policy(**ONE_MORE),
            "a tag with the bucket's name": other("aws_instance", tags={"bucket": BUCKET}),
            "a setting that goes": other("aws_s3_bucket_cors_configuration", bucket=BUCKET, actions=("delete",)),
        },
        base=first,
    ),
    *passes(
        "rights",
        {
            "a policy of another role": other(
                "aws_iam_role_policy", role="ours", policy=policy(Action="s3:ListBucket")
            ),
            "a key that lets the role in": other("aws_kms_key", policy=policy(Principal={"AWS": ROLE_ARN})),
            "an exclusive list of the module's own": other(
                "aws_iam_role_policy_attachments_exclusive", role_name=ROLE, policy_arns=[WRITER_ARN]
            ),
            "an attachment that another module makes, not known yet": other(
                "aws_iam_role_policy_attachment",
                role="ours",
                reads={"policy_arn": ["aws_iam_policy.ours.arn", "aws_iam_policy.ours"]},
            ),
        },
        base=first,
    ),
    *passes(
        "access",
        {
            "a subscription to the topic": other(
                "aws_sns_topic_subscription", topic_arn=TOPIC_ARN, protocol="email", endpoint="soc@example.com"
            ),
            "a filter that counts lines": other(
                "aws_cloudwatch_log_metric_filter", log_group_name="/aws/lambda/zoom_operationlogs_to_s3"
            ),
            "a policy of CloudWatch Logs on another log": other(
                "aws_cloudwatch_log_resource_policy",
                policy_document=policy(Action="logs:PutLogEvents", Resource=f"{arn('logs', 'log-group:/ours')}:*"),
            ),
            "a policy of another queue": other("aws_sqs_queue_policy", queue_url=f"{QUEUE['url']}-of-ours"),
            "a policy of another secret": other(
                "aws_secretsmanager_secret_policy", secret_arn=arn("secretsmanager", "secret:ours-a1B2c3")
            ),
        },
    ),
    *passes(
        "weaker",
        {
            "another key": put("aws_secretsmanager_secret", "zoom", kms_key_id=arn("kms", "key/2")),
            "no key as before, in other words": put("aws_secretsmanager_secret", "zoom", kms_key_id=""),
            "records are locked from now on": lock("GOVERNANCE", 100),
            "records are locked as before": all_of(lock("COMPLIANCE", 100), lock_before("COMPLIANCE", 100)),
            "records are locked in a stronger mode and longer": all_of(
                lock("COMPLIANCE", 101), lock_before("GOVERNANCE", 100)
            ),
        },
    ),
    *passes(
        "invocation",
        {
            "an alarm on the function": other(
                "aws_cloudwatch_metric_alarm", dimensions={"FunctionName": "zoom_operationlogs_to_s3"}
            ),
            "a permission of another function": other("aws_lambda_permission", function_name="ours"),
            "a permission of another function, not known yet": other(
                "aws_lambda_permission",
                reads={"function_name": ["aws_lambda_function.ours.arn", "aws_lambda_function.ours"]},
            ),
            "a tag that is not known yet": other(
                "aws_instance", reads={"tags": [f"{OUTPUTS}.function.arn", f"{OUTPUTS}.function", OUTPUTS]}
            ),
            "a local in what names nothing": other("aws_instance", reads={"subnet_id": ["local.subnet"]}),
        },
    ),
    *passes(
        "grants",
        {
            "reading records": other(
                "aws_iam_policy", policy=policy(Action="s3:GetObject", Resource=f"{BUCKET_ARN}/*")
            ),
            "starting a run": other(
                "aws_iam_policy", policy=policy(Action="lambda:InvokeFunction", Resource=FUNCTION_ARN)
            ),
            "deleting elsewhere": other(
                "aws_iam_policy", policy=policy(Action="s3:DeleteObject", Resource="arn:aws:s3:::x/*")
            ),
            "lifting locks elsewhere": other(
                "aws_iam_policy", policy=policy(Action="s3:BypassGovernanceRetention", Resource="arn:aws:s3:::x/*")
            ),
            "reading a lock": other(
                "aws_iam_policy", policy=policy(Action="s3:GetObjectRetention", Resource=RECORDS_ARN)
            ),
            "a policy of other things, not known yet": other(
                "aws_iam_policy", reads={"policy": ["aws_s3_bucket.ours.arn", "aws_s3_bucket.ours"]}
            ),
        },
        base=first,
    ),
    *passes(
        "existing-bucket",
        {
            "the module's statements and one more": caller_of_bucket(TLS, ONCE, KEYS, *TOUCHING, ONE_MORE),
            "the collector may lock, with bucket.lock": all_of(
                lock("GOVERNANCE", 100),
                lock_before("GOVERNANCE", 100),
                caller_of_bucket(TLS, ONCE, KEYS, *but(LOCKS, Condition=BUT_COLLECTOR)),
            ),
            "a policy of another bucket": other("aws_s3_bucket_policy", bucket="scratch", policy=policy(Action="s3:*")),
            "a long lifecycle": other(
                "aws_s3_bucket_lifecycle_configuration",
                bucket=BUCKET,
                rule=[{"id": "long", "status": "Enabled", "expiration": [{"days": 400}]}],
            ),
            "the caller's versioning": other("aws_s3_bucket_versioning", bucket=BUCKET, versioning_configuration=[]),
            "the caller's notifications": other("aws_s3_bucket_notification", bucket=BUCKET),
        },
        variant="nothing_made",
    ),
    Case(
        "unknown-value",
        "an ARN that nobody judges",
        lambda plan: change(plan, "aws_sqs_queue", "dead_letters")["after_unknown"].update(arn=True, url=True),
        base=later,
    ),
]
