"""Plans that break a rule: each function changes the module's real plan in one way.

`MUTATIONS` lists them with the scenarios that must refuse them; all others must not.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Plan = dict[str, Any]
Values = dict[str, Any]
Mutate = Callable[[Plan], None]

BUCKET = "arn:aws:s3:::zoom-operation-logs"
MANAGED = "arn:aws:iam::aws:policy/"
# These have the forms of credentials; none is real.
ZOOM_SECRET = "Zx8" * 10 + "Q7"
SHAPES = {
    "an AWS access key": "AK" + "IA" + "ABCDEFGHIJKLMNOP",
    "a private key": "first line\n-----BEGIN RSA PRIVATE" + " KEY-----",
    "a signed web token": "Bearer ey" + "JhbGciOiJIUzI1NiJ9.ey" + "JzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl",
    "Zoom credentials": f"client_secret = '{ZOOM_SECRET}'",
}


@dataclass(frozen=True)
class Mutation:
    """A change of a variant's plan, and the scenarios that must refuse it."""

    name: str
    refused_by: tuple[str, ...]
    variant: str
    mutate: Mutate

    def of(self, plan: Plan) -> Plan:
        """Return the changed plan; `plan` stays unchanged."""
        changed = copy.deepcopy(plan)
        self.mutate(changed)
        assert changed != plan, f"{self.name} changes nothing"
        return changed


MUTATIONS: list[Mutation] = []


def violates(*sentences: str, variant: str = "full") -> Callable[[Mutate], Mutate]:
    """Register a mutation under the scenarios that it breaks."""

    def register(mutate: Mutate) -> Mutate:
        MUTATIONS.append(Mutation(mutate.__name__, sentences, variant, mutate))
        return mutate

    return register


def violates_each(outline: str, cases: dict[str, Mutate], variant: str = "full") -> None:
    """Register a mutation for each row of an outline, named after the row's sentence."""
    for row, mutate in cases.items():
        sentence = outline.replace("…", row)
        MUTATIONS.append(Mutation(sentence, (sentence,), variant, mutate))


# --- changing a plan -------------------------------------------------------------------------------------------------


def modules(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a module and its child modules."""
    yield module
    for child in module.get("child_modules", []):
        yield from modules(child)


def values(plan: Plan, kind: str, name: str) -> Iterator[Values]:
    """Yield a resource's values, in both places where the plan has them."""
    changes = [(one, one["change"]["after"]) for one in plan["resource_changes"]]
    planned = [
        (one, one["values"])
        for module in modules(plan["planned_values"]["root_module"])
        for one in module.get("resources", [])
    ]
    found = [held for one, held in changes + planned if (one["type"], one["name"]) == (kind, name)]
    assert found, f"the plan has no {kind}.{name}"
    yield from found


def put(kind: str, name: str, **changed: Any) -> Mutate:
    """Set attributes of a resource."""

    def mutate(plan: Plan) -> None:
        for held in values(plan, kind, name):
            held.update(changed)

    return mutate


def within(kind: str, name: str, change: Callable[[Values], object]) -> Mutate:
    """Change nested values of a resource."""

    def mutate(plan: Plan) -> None:
        for held in values(plan, kind, name):
            change(held)

    return mutate


def statement(kind: str, name: str, sid: str, attribute: str = "policy", **changed: Any) -> Mutate:
    """Change elements of a policy's statement, found by its Sid ('' for the first); None removes one."""

    def change(held: Values) -> None:
        policy = json.loads(held[attribute])
        [found, *_] = [one for one in policy["Statement"] if one.get("Sid", "").startswith(sid)]
        found.update(changed)
        for element in [element for element, value in changed.items() if value is None]:
            del found[element]
        held[attribute] = json.dumps(policy)

    return within(kind, name, change)


def without_statement(kind: str, name: str, sid: str) -> Mutate:
    """Remove a statement from a policy."""

    def change(held: Values) -> None:
        policy = json.loads(held["policy"])
        policy["Statement"] = [one for one in policy["Statement"] if not one["Sid"].startswith(sid)]
        held["policy"] = json.dumps(policy)

    return within(kind, name, change)


def without(kind: str) -> Mutate:
    """Remove the resources of a type from the plan."""

    def mutate(plan: Plan) -> None:
        plan["resource_changes"] = [one for one in plan["resource_changes"] if one["type"] != kind]
        for module in modules(plan["planned_values"]["root_module"]):
            module["resources"] = [one for one in module.get("resources", []) if one["type"] != kind]

    return mutate


def more(kind: str, **held: Any) -> Mutate:
    """Add a resource of the caller, outside the module."""
    resource = {"address": f"{kind}.other", "mode": "managed", "type": kind, "name": "other", "provider_name": "aws"}

    def mutate(plan: Plan) -> None:
        plan["resource_changes"].append(
            {**resource, "change": {"actions": ["create"], "before": None, "after": {**held}, "after_unknown": {}}}
        )
        plan["planned_values"]["root_module"].setdefault("resources", []).append({**resource, "values": {**held}})

    return mutate


def more_policy(kind: str = "aws_iam_policy", attribute: str = "policy", **elements: Any) -> Mutate:
    """Add a policy of the caller, with one statement that allows."""
    tags = {"tags_all": {"owner": "other"}} if kind == "aws_iam_policy" else {}
    return more(
        kind,
        **tags,
        **{attribute: json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **elements}]})},
    )


# --- the bucket ------------------------------------------------------------------------------------------------------

PUBLIC = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
TLS, OVERWRITE = "DenyInsecureTransport", "DenyOverwriteOfRecords"
TLS_RULE, OVERWRITE_RULE = (
    "The bucket policy has a statement about unencrypted connections",
    "The bucket policy has a statement about overwriting records",
)
TLS_DENIED, OVERWRITE_DENIED = (
    "Unencrypted connections to the bucket are denied to everyone, for every action: …",
    "Nobody can overwrite a record: …",
)
TLS_COVERS = "Unencrypted connections are denied to the bucket and its objects: …"
ELEMENTS, COVERED = ("Principal", "Action", "Resource"), ("the bucket", "its objects")
PUTS, VERSIONS = "DenyPutsOfOthers", "DenyDeletesOfVersions"
GLASS = "Nobody may delete a version, not even a break-glass role"
PUTS_RULE = "The bucket policy has a statement about who may write records"
PUTS_DENIED = "Only roles and users named by their full ARNs may write or delete records: …"
WHO = ("Principal", "Resource", "aws:PrincipalArn")


def rows(outline: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the sentences of rows of an outline."""
    return tuple(outline.replace("…", name) for name in names)


EVERY_BUCKET = "Every bucket blocks public access: …"
violates_each(
    EVERY_BUCKET, {flag: put("aws_s3_bucket_public_access_block", "archive", **{flag: False}) for flag in PUBLIC}
)


@violates(*rows(EVERY_BUCKET, PUBLIC))
def another_bucket_without_a_public_access_block(plan: Plan) -> None:
    more("aws_s3_bucket", bucket="other", tags_all={"owner": "other"})(plan)


@violates("ACLs are disabled: only policies control access to the records")
def acls_are_enabled(plan: Plan) -> None:
    put("aws_s3_bucket_ownership_controls", "archive", rule=[{"object_ownership": "ObjectWriter"}])(plan)


@violates("The records are encrypted at rest", variant="default")
def the_bucket_has_no_encryption(plan: Plan) -> None:
    without("aws_s3_bucket_server_side_encryption_configuration")(plan)


@violates(TLS_RULE, *rows(TLS_DENIED, ELEMENTS), *rows(TLS_COVERS, COVERED))
def the_bucket_takes_unencrypted_connections(plan: Plan) -> None:
    without_statement("aws_s3_bucket_policy", "archive", TLS)(plan)


@violates(TLS_RULE)
def the_bucket_denies_encrypted_connections(plan: Plan) -> None:
    statement("aws_s3_bucket_policy", "archive", TLS, Condition={"Bool": {"aws:SecureTransport": "true"}})(plan)


@violates(
    *(TLS_RULE, *rows(TLS_DENIED, ELEMENTS), *rows(TLS_COVERS, COVERED)),
    *(OVERWRITE_RULE, *rows(OVERWRITE_DENIED, ELEMENTS)),
    *(GLASS, PUTS_RULE, *rows(PUTS_DENIED, WHO)),
)
def the_bucket_has_no_policy(plan: Plan) -> None:
    without("aws_s3_bucket_policy")(plan)


violates_each(
    TLS_DENIED,
    {
        "Principal": statement(
            "aws_s3_bucket_policy", "archive", TLS, Principal={"AWS": "arn:aws:iam::123456789012:root"}
        ),
        "Action": statement("aws_s3_bucket_policy", "archive", TLS, Action=["s3:*", "s3:GetObject"]),
        "Resource": statement(
            "aws_s3_bucket_policy", "archive", TLS, Resource=[BUCKET, f"{BUCKET}/*", f"{BUCKET}/zoom/*"]
        ),
    },
)
violates_each(
    TLS_COVERS,
    {
        "the bucket": statement("aws_s3_bucket_policy", "archive", TLS, Resource=[f"{BUCKET}/*"]),
        "its objects": statement("aws_s3_bucket_policy", "archive", TLS, Resource=[BUCKET]),
    },
)


@violates(OVERWRITE_RULE, *rows(OVERWRITE_DENIED, ELEMENTS))
def records_can_be_overwritten(plan: Plan) -> None:
    without_statement("aws_s3_bucket_policy", "archive", OVERWRITE)(plan)


@violates(OVERWRITE_RULE)
def records_must_be_overwritten(plan: Plan) -> None:
    statement("aws_s3_bucket_policy", "archive", OVERWRITE, Condition={"Null": {"s3:if-none-match": "false"}})(plan)


violates_each(
    OVERWRITE_DENIED,
    {
        "Principal": statement(
            "aws_s3_bucket_policy", "archive", OVERWRITE, Principal={"AWS": "arn:aws:iam::123456789012:root"}
        ),
        "Action": statement("aws_s3_bucket_policy", "archive", OVERWRITE, Action="s3:PutObjectAcl"),
        "Resource": statement(
            "aws_s3_bucket_policy", "archive", OVERWRITE, Resource=f"{BUCKET}/zoom/operationlogs/2026.json"
        ),
    },
)


def only_to(*arns: str) -> Values:
    """Return a denial's condition with an exception."""
    return {"ArnNotEquals": {"aws:PrincipalArn": list(arns)}}


@violates(GLASS)
def a_break_glass_role_deletes_versions(plan: Plan) -> None:
    broken = only_to("arn:aws:iam::123456789012:role/break-glass")
    statement("aws_s3_bucket_policy", "archive", VERSIONS, Condition=broken)(plan)


@violates(GLASS)
def anyone_deletes_versions(plan: Plan) -> None:
    without_statement("aws_s3_bucket_policy", "archive", VERSIONS)(plan)


@violates(PUTS_RULE, *rows(PUTS_DENIED, WHO))
def anyone_puts_records(plan: Plan) -> None:
    without_statement("aws_s3_bucket_policy", "archive", PUTS)(plan)


COLLECTOR_ROLE = "arn:aws:iam::123456789012:role/WriteZoomOperationLogsToS3Role"
violates_each(
    PUTS_DENIED,
    {
        "Principal": statement(
            "aws_s3_bucket_policy", "archive", PUTS, Principal={"AWS": "arn:aws:iam::123456789012:root"}
        ),
        "Resource": statement("aws_s3_bucket_policy", "archive", PUTS, Resource=[BUCKET]),
        "aws:PrincipalArn": statement(
            "aws_s3_bucket_policy",
            "archive",
            PUTS,
            Condition=only_to(COLLECTOR_ROLE, "arn:aws:iam::123456789012:role/*"),
        ),
    },
)


@violates("Versioning is enabled: a deletion loses nothing")
def versioning_is_off(plan: Plan) -> None:
    put("aws_s3_bucket_versioning", "archive", versioning_configuration=[{"status": "Suspended"}])(plan)


@violates("A deleted record can be restored for at least 200 days")
def deleted_records_expire_in_a_month(plan: Plan) -> None:
    def change(held: Values) -> None:
        [records] = [rule for rule in held["rule"] if rule["id"] == "records"]
        records["noncurrent_version_expiration"][0]["noncurrent_days"] = 30

    within("aws_s3_bucket_lifecycle_configuration", "archive", change)(plan)


# --- locks -----------------------------------------------------------------------------------------------------------

TAKES_LOCKS = "Object Lock is enabled on the bucket"
NO_DEFAULT = "The bucket has no default retention, which would lock the checkpoint too"
LOCKED_PUTS = "Each object of records is written with a lock"
BOUND = "The collector may lock only in one mode and for one number of days: …"
ALONE = "Only the collector may lock records, and no break-glass role"
FIRM = "Nobody may bypass a lock or place a legal hold, not even a break-glass role"
MODE, DAYS = "s3:object-lock-mode", "s3:object-lock-remaining-retention-days"
BOUNDS: dict[str, Values] = {
    "StringEquals": {MODE: "COMPLIANCE"},
    "NumericLessThanEquals": {DAYS: "91"},
    "NumericGreaterThanEquals": {DAYS: "89"},
}


@violates(TAKES_LOCKS, NO_DEFAULT, variant="locked")
def object_lock_is_off(plan: Plan) -> None:
    without("aws_s3_bucket_object_lock_configuration")(plan)


@violates(NO_DEFAULT, variant="locked")
def each_checkpoint_is_locked(plan: Plan) -> None:
    default = {"default_retention": [{"mode": "COMPLIANCE", "days": 90, "years": None}]}
    put("aws_s3_bucket_object_lock_configuration", "archive", rule=[default])(plan)


@violates(LOCKED_PUTS, variant="locked")
def the_collector_does_not_lock(plan: Plan) -> None:
    def change(held: Values) -> None:
        del held["environment"][0]["variables"]["S3_LOCK_MODE"]

    within("aws_lambda_function", "collector", change)(plan)


violates_each(
    BOUND,
    {
        bound: statement(
            "aws_iam_policy",
            "writer",
            "LockRecords",
            Condition={name: keys for name, keys in BOUNDS.items() if name != bound},
        )
        for bound in BOUNDS
    },
    variant="locked",
)


@violates(*rows(BOUND, tuple(BOUNDS)), variant="locked")
def the_collector_may_not_lock(plan: Plan) -> None:
    without_statement("aws_iam_policy", "writer", "LockRecords")(plan)


@violates(ALONE, variant="locked")
def anyone_locks(plan: Plan) -> None:
    without_statement("aws_s3_bucket_policy", "archive", "DenyLocksOfOthers")(plan)


@violates(ALONE, *rows(PUTS_DENIED, ("aws:PrincipalArn",)), variant="locked")
def every_role_locks(plan: Plan) -> None:
    anyone = only_to("arn:aws:iam::123456789012:role/*")
    statement("aws_s3_bucket_policy", "archive", "DenyLocksOfOthers", Condition=anyone)(plan)


@violates(FIRM, variant="locked")
def anyone_lifts_locks(plan: Plan) -> None:
    without_statement("aws_s3_bucket_policy", "archive", "DenyHoldsAndBypasses")(plan)


@violates(FIRM, variant="locked")
def the_collector_lifts_locks(plan: Plan) -> None:
    statement("aws_s3_bucket_policy", "archive", "DenyHoldsAndBypasses", Condition=only_to(COLLECTOR_ROLE))(plan)


# --- the collector ---------------------------------------------------------------------------------------------------

WRITER_DOES = "The collector may only read, add and lock records, and write its own logs: it never deletes"
WRITER_OBJECTS = "The collector reads and writes objects only in one folder and at one other key"
WRITER_LISTS = "The collector lists the bucket only by the prefix of its own folder and key"


@violates(WRITER_DOES)
def the_collector_deletes(plan: Plan) -> None:
    statement(
        "aws_iam_policy", "writer", "WriteAndReadRecords", Action=["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
    )(plan)


@violates(WRITER_DOES, WRITER_OBJECTS, WRITER_LISTS, "The collector writes only to its own log group")
def the_writer_is_missing(plan: Plan) -> None:
    plan["resource_changes"] = [one for one in plan["resource_changes"] if one["name"] != "writer"]
    for module in modules(plan["planned_values"]["root_module"]):
        module["resources"] = [one for one in module.get("resources", []) if one["name"] != "writer"]


@violates(WRITER_OBJECTS)
def the_collector_writes_anywhere_in_the_bucket(plan: Plan) -> None:
    statement("aws_iam_policy", "writer", "WriteAndReadRecords", Resource=f"{BUCKET}/*")(plan)


@violates(WRITER_OBJECTS)
def the_collector_replaces_any_checkpoint(plan: Plan) -> None:
    statement(
        "aws_iam_policy", "writer", "ReadAndReplaceCheckpoint", Resource=[f"{BUCKET}/zoom/operationlogs-state/state*"]
    )(plan)


@violates(WRITER_LISTS)
def the_collector_lists_without_a_condition(plan: Plan) -> None:
    statement("aws_iam_policy", "writer", "ListRecordsAndCheckpoint", Condition=None)(plan)


@violates(WRITER_LISTS)
def the_collector_lists_any_prefix(plan: Plan) -> None:
    statement("aws_iam_policy", "writer", "ListRecordsAndCheckpoint", Condition={"StringLike": {"s3:prefix": ["*"]}})(
        plan
    )


@violates("The collector writes only to its own log group")
def the_collector_writes_any_log(plan: Plan) -> None:
    statement(
        "aws_iam_policy",
        "writer",
        "WriteOwnLogs",
        Resource="arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/*:*",
    )(plan)


violates_each(
    "Only the AWS service that needs it may assume the role of the …",
    {
        role: statement(
            "aws_iam_role",
            role,
            "",
            "assume_role_policy",
            Principal={"Service": ["ec2.amazonaws.com", f"{service}.amazonaws.com"]},
        )
        for role, service in {"collector": "lambda", "scheduler": "scheduler"}.items()
    },
)


@violates("Only schedules in this account may assume the scheduler's role")
def schedules_of_any_account_take_the_role(plan: Plan) -> None:
    statement("aws_iam_role", "scheduler", "", "assume_role_policy", Condition=None)(plan)


@violates("The scheduler may only invoke a function and send to a queue")
def the_scheduler_reads_the_queue(plan: Plan) -> None:
    statement("aws_iam_role_policy", "scheduler", "KeepUndelivered", Action=["sqs:SendMessage", "sqs:ReceiveMessage"])(
        plan
    )


@violates("Logs are kept for at least a year, and not forever")
def logs_are_kept_for_ever(plan: Plan) -> None:
    put("aws_cloudwatch_log_group", "collector", retention_in_days=0)(plan)


@violates("Logs are kept for at least a year, and not forever")
def logs_are_kept_for_a_month(plan: Plan) -> None:
    put("aws_cloudwatch_log_group", "collector", retention_in_days=30)(plan)


@violates("An invocation that cannot be delivered goes to the dead-letter queue")
def undelivered_invocations_are_lost(plan: Plan) -> None:
    within("aws_scheduler_schedule", "collector", lambda held: held["target"][0].update(dead_letter_config=[]))(plan)


@violates("Dead letters are kept for two weeks, the longest that SQS allows")
def dead_letters_are_kept_for_a_minute(plan: Plan) -> None:
    put("aws_sqs_queue", "dead_letters", message_retention_seconds=60)(plan)


@violates("Encryption of the dead-letter queue is not disabled")
def the_queue_is_not_encrypted(plan: Plan) -> None:
    put("aws_sqs_queue", "dead_letters", sqs_managed_sse_enabled=False)(plan)


QUEUE_RULE = "The dead-letter queue's policy has a statement about unencrypted connections"
QUEUE_DENIED = "Unencrypted connections to the dead-letter queue are denied to everyone, for every action: …"
violates_each(
    QUEUE_DENIED,
    {
        "Principal": statement(
            "aws_sqs_queue_policy", "dead_letters", TLS, Principal={"AWS": "arn:aws:iam::123456789012:root"}
        ),
        "Action": statement("aws_sqs_queue_policy", "dead_letters", TLS, Action="sqs:ReceiveMessage"),
    },
)


@violates(QUEUE_RULE)
def the_queue_denies_encrypted_connections(plan: Plan) -> None:
    statement("aws_sqs_queue_policy", "dead_letters", TLS, Condition={"Bool": {"aws:SecureTransport": "true"}})(plan)


@violates(QUEUE_RULE, *rows(QUEUE_DENIED, ("Principal", "Action")), variant="default")
def the_queue_has_no_policy(plan: Plan) -> None:
    without("aws_sqs_queue_policy")(plan)


# --- permissions -----------------------------------------------------------------------------------------------------

EVERY_RESOURCE = "No policy names every resource, region or account, except for eight actions for which AWS requires it"
EVERY_KIND = "No policy names every resource of a type, such as every key or every function"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:other"


@violates("No policy allows actions by a wildcard")
def a_policy_allows_actions_by_a_wildcard(plan: Plan) -> None:
    more_policy(Action=["sqs:SendMessage", "sqs:Get*"], Resource=QUEUE)(plan)


@violates("No policy allows actions by a wildcard")
def an_inline_policy_allows_a_whole_service(plan: Plan) -> None:
    more_policy("aws_iam_user_policy", Action="sqs:*", Resource=QUEUE)(plan)


@violates("No policy allows everything but what it lists")
def a_policy_allows_all_resources_but_one(plan: Plan) -> None:
    more_policy(Action=["sqs:SendMessage"], NotResource=QUEUE)(plan)


@violates("No policy allows everything but what it lists", "No policy allows actions by a wildcard")
def a_policy_allows_all_actions_but_one(plan: Plan) -> None:
    more_policy(NotAction=["sqs:SendMessage"], Resource=QUEUE)(plan)


@violates(EVERY_RESOURCE)
def a_policy_names_everything(plan: Plan) -> None:
    more_policy(Action=["sqs:SendMessage"], Resource="*")(plan)


@violates(EVERY_RESOURCE)
def a_policy_names_every_region(plan: Plan) -> None:
    more_policy(Action=["sqs:SendMessage"], Resource=[QUEUE, "arn:aws:sqs:*:123456789012:other"])(plan)


@violates(EVERY_RESOURCE)
def a_policy_names_every_bucket(plan: Plan) -> None:
    more_policy(Action=["s3:GetObject"], Resource="arn:aws:s3:::*")(plan)


@violates(EVERY_RESOURCE)
def the_exception_for_tracing_is_used_for_something_else(plan: Plan) -> None:
    statement("aws_iam_role_policy", "tracing", "SendTraces", Action=["xray:PutTraceSegments", "s3:GetObject"])(plan)


@violates(EVERY_RESOURCE)
def the_exception_for_networks_is_used_for_something_else(plan: Plan) -> None:
    statement(
        "aws_iam_role_policy",
        "network",
        "ManageNetworkInterfaces",
        Action=["ec2:DescribeNetworkInterfaces", "ec2:TerminateInstances"],
    )(plan)


@violates(EVERY_RESOURCE)
def the_exception_for_networks_is_used_for_an_action_of_a_longer_name(plan: Plan) -> None:
    more_policy(Action=["ec2:CreateNetworkInterfacePermission"], Resource="*")(plan)


@violates(EVERY_RESOURCE)
def a_policy_names_a_subnet_in_every_account(plan: Plan) -> None:
    more_policy(Action=["ec2:StartInstances"], Resource="arn:aws:ec2:us-east-1:*:subnet/subnet-0123")(plan)


@violates(EVERY_KIND)
def a_policy_names_every_function(plan: Plan) -> None:
    more_policy(Action=["lambda:InvokeFunction"], Resource="arn:aws:lambda:us-east-1:123456789012:function:*")(plan)


CODE_IS_DENIED = "The function's code is denied all of EC2"
DENIAL_HOLDS = "The denial covers one function and every resource"


@violates(CODE_IS_DENIED, DENIAL_HOLDS)
def the_functions_code_may_use_the_network(plan: Plan) -> None:
    without_statement("aws_iam_role_policy", "network", "DenyNetworkToOwnCode")(plan)


@violates(CODE_IS_DENIED)
def the_functions_code_may_delete_network_interfaces(plan: Plan) -> None:
    denied = ["ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces"]
    statement("aws_iam_role_policy", "network", "DenyNetworkToOwnCode", Action=denied)(plan)


@violates(DENIAL_HOLDS)
def the_functions_code_may_use_all_but_one_network_interface(plan: Plan) -> None:
    one = ["arn:aws:ec2:us-east-1:123456789012:network-interface/eni-0123"]
    statement("aws_iam_role_policy", "network", "DenyNetworkToOwnCode", Resource=one)(plan)


@violates(DENIAL_HOLDS)
def the_network_is_denied_to_another_functions_code_also(plan: Plan) -> None:
    every = {"ArnLike": {"lambda:SourceFunctionArn": ["arn:aws:lambda:us-east-1:123456789012:function:*"]}}
    statement("aws_iam_role_policy", "network", "DenyNetworkToOwnCode", Condition=every)(plan)


@violates(DENIAL_HOLDS)
def the_network_is_denied_to_lambda_as_well(plan: Plan) -> None:
    statement("aws_iam_role_policy", "network", "DenyNetworkToOwnCode", Condition=None)(plan)


@violates("No AWS managed policy that grants full access is attached")
def the_collector_may_do_everything_in_s3(plan: Plan) -> None:
    more(
        "aws_iam_role_policy_attachment",
        role="WriteZoomOperationLogsToS3Role",
        policy_arn=f"{MANAGED}AmazonS3FullAccess",
    )(plan)


# --- public access ---------------------------------------------------------------------------------------------------


@violates("No policy grants access to everyone")
def a_queue_allows_everyone(plan: Plan) -> None:
    more_policy("aws_sqs_queue_policy", Principal="*", Action="sqs:SendMessage", Resource=QUEUE)(plan)


@violates("No policy grants access to everyone")
def a_bucket_allows_every_account(plan: Plan) -> None:
    more_policy("aws_s3_bucket_policy", Principal={"AWS": ["*"]}, Action="s3:GetObject", Resource=f"{BUCKET}/*")(plan)


@violates("No ACL makes a bucket or an object public")
def an_acl_makes_a_bucket_public(plan: Plan) -> None:
    more("aws_s3_bucket_acl", bucket="zoom-operation-logs", acl="public-read")(plan)


@violates("No function has a function URL")
def a_function_has_a_url(plan: Plan) -> None:
    more("aws_lambda_function_url", function_name="zoom_operationlogs_to_s3", authorization_type="NONE")(plan)


@violates("No function may be invoked by everyone")
def everyone_invokes_a_function(plan: Plan) -> None:
    more(
        "aws_lambda_permission", function_name="zoom_operationlogs_to_s3", principal="*", action="lambda:InvokeFunction"
    )(plan)


# --- the reader ------------------------------------------------------------------------------------------------------


def violates_reader(variant: str, kind: str, does: str, touches: str, too_much: str) -> None:
    """Register the mutations of one kind of reader's policy."""
    folder, lists = f"The {kind} {touches} objects only in one folder", f"The {kind} lists only one bucket"
    violates_each(
        f"The {kind} may only {does}",
        {"": statement("aws_iam_policy", "reader", "ReadRecords", Action=["s3:GetObject", too_much])},
        variant,
    )
    violates_each(folder, {"": statement("aws_iam_policy", "reader", "ReadRecords", Resource=f"{BUCKET}/*")}, variant)
    violates_each(
        lists, {"": statement("aws_iam_policy", "reader", "ListRecords", Resource="arn:aws:s3:::other-*")}, variant
    )


MESSAGES = "and receive and delete its queue's messages"
violates_reader("full", "reader", f"list and read objects, {MESSAGES}", "reads", "s3:DeleteObject")
violates_reader(
    "role", "deleting reader", f"list, read and delete objects, {MESSAGES}", "reads and deletes", "s3:PutObject"
)


violates_each(
    "The reader lists the bucket only by the prefix of one folder",
    {"": statement("aws_iam_policy", "reader", "ListRecords", Condition=None)},
    variant="existing_bucket",
)


@violates(f"The reader may only list and read objects, {MESSAGES}")
def the_reader_sends_messages(plan: Plan) -> None:
    statement("aws_iam_policy", "reader", "TakeMessages", Action=["sqs:ReceiveMessage", "sqs:SendMessage"])(plan)


# --- the feed's queue ------------------------------------------------------------------------------------------------

TELLS = "BucketTellsOfRecords"
ACCOUNT = {"StringEquals": {"aws:SourceAccount": "123456789012"}}
SOURCE = {"ArnEquals": {"aws:SourceArn": BUCKET}}
violates_each(
    "The feed's queue allows only S3 to send, for one bucket of one account: …",
    {
        "Principal": statement("aws_sqs_queue_policy", "feed", TELLS, Principal={"Service": "sns.amazonaws.com"}),
        "Action": statement("aws_sqs_queue_policy", "feed", TELLS, Action=["sqs:SendMessage", "sqs:ReceiveMessage"]),
        "aws:SourceArn": statement("aws_sqs_queue_policy", "feed", TELLS, Condition=ACCOUNT),
        "aws:SourceAccount": statement("aws_sqs_queue_policy", "feed", TELLS, Condition=SOURCE),
    },
)
violates_each(
    "Unencrypted connections to the feed's queue are denied to everyone, for every action: …",
    {
        "Principal": statement(
            "aws_sqs_queue_policy", "feed", TLS, Principal={"AWS": "arn:aws:iam::123456789012:root"}
        ),
        "Action": statement("aws_sqs_queue_policy", "feed", TLS, Action="sqs:ReceiveMessage"),
    },
)


@violates("Messages to the feed are kept for two weeks, the longest that SQS allows")
def messages_to_the_feed_are_lost(plan: Plan) -> None:
    put("aws_sqs_queue", "feed", message_retention_seconds=345600)(plan)


@violates("Encryption of the feed's queue is not disabled")
def the_feeds_queue_is_not_encrypted(plan: Plan) -> None:
    put("aws_sqs_queue", "feed", sqs_managed_sse_enabled=False)(plan)


@violates("The key encrypts the feed's messages")
def the_feeds_messages_have_no_key(plan: Plan) -> None:
    put("aws_sqs_queue", "feed", kms_master_key_id=None)(plan)


@violates("Only Google's federated identity may assume the reader's role", variant="role")
def another_identity_takes_the_readers_role(plan: Plan) -> None:
    statement("aws_iam_role", "reader", "", "assume_role_policy", Principal={"Federated": "www.amazon.com"})(plan)


@violates("Only one Google service account may assume the reader's role", variant="role")
def any_account_of_google_takes_the_readers_role(plan: Plan) -> None:
    statement("aws_iam_role", "reader", "", "assume_role_policy", Condition=None)(plan)


# --- secrets ---------------------------------------------------------------------------------------------------------


def environment(**variables: str) -> Mutate:
    """Set a variable in the function's environment."""
    return put("aws_lambda_function", "collector", environment=[{"variables": variables}])


NAMED = "No resource has a value for …"
violates_each(
    NAMED,
    {
        "secret_string": put("aws_secretsmanager_secret_version", "zoom", secret_string="hunter2"),
        "secret_binary": put("aws_secretsmanager_secret_version", "zoom", secret_binary="aHVudGVyMg=="),
        "client_secret": more("aws_ssm_parameter", value=json.dumps({"client_secret": "hunter2"})),
        "ZOOM_CLIENT_SECRET": environment(ZOOM_CLIENT_SECRET="hunter2"),
        "ZOOM_CLIENT_ID": environment(ZOOM_CLIENT_ID="hunter2"),
        "ZOOM_ACCOUNT_ID": environment(ZOOM_ACCOUNT_ID="hunter2"),
        "password": more("aws_db_instance", password="hunter2"),
        "private_key": more("tls_private_key", private_key="line\nline"),
        "secret_access_key": more("aws_ssm_parameter", value=json.dumps({"secret_access_key": "hunter2"})),
    },
)
violates_each(
    "No value anywhere has the form of …",
    {form: more("aws_ssm_parameter", value=text) for form, text in SHAPES.items()},
)


@violates(*rows(NAMED, ("secret_string", "client_secret")), "No value anywhere has the form of Zoom credentials")
def the_credentials_are_in_the_plan(plan: Plan) -> None:
    # terraform-compliance decodes the output of Terraform's jsonencode; it cannot decode this.
    text = json.dumps({"account_id": "a", "client_id": "b", "client_secret": ZOOM_SECRET})
    put("aws_secretsmanager_secret_version", "zoom", secret_string=text)(plan)
    more("aws_ssm_parameter", value=f"the secret: {text}")(plan)


@violates("Nothing in a function's environment has the form of a Zoom client secret")
def the_environment_has_a_secret_under_another_name(plan: Plan) -> None:
    environment(ZOOM="on", SETTING=ZOOM_SECRET)(plan)


@violates("Terraform creates no password: it would be in the state")
def terraform_creates_a_password(plan: Plan) -> None:
    more("aws_iam_user_login_profile", user="secops-reader")(plan)


@violates("Terraform creates no access key: its secret would be in the state")
def terraform_creates_an_access_key(plan: Plan) -> None:
    more("aws_iam_access_key", user="secops-reader")(plan)


@violates("The collector may read one secret's value, and do nothing else with secrets")
def the_collector_changes_the_secret(plan: Plan) -> None:
    statement(
        "aws_iam_role_policy",
        "credentials",
        "ReadZoomCredentials",
        Action=["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"],
    )(plan)


@violates("The secret is named by its full ARN")
def the_collector_reads_secrets_that_begin_alike(plan: Plan) -> None:
    statement(
        "aws_iam_role_policy",
        "credentials",
        "ReadZoomCredentials",
        Resource="arn:aws:secretsmanager:us-east-1:123456789012:secret:zoom*",
    )(plan)


# --- keys and tags ---------------------------------------------------------------------------------------------------

violates_each(
    "The key encrypts …",
    {
        "the logs": put("aws_cloudwatch_log_group", "collector", kms_key_id=None),
        "the dead letters": put("aws_sqs_queue", "dead_letters", kms_master_key_id=None),
        "the function's settings": put("aws_lambda_function", "collector", kms_key_arn=None),
        "the credentials": put("aws_secretsmanager_secret", "zoom", kms_key_id=None),
        "the records": put(
            "aws_s3_bucket_server_side_encryption_configuration",
            "archive",
            rule=[
                {"apply_server_side_encryption_by_default": [{"sse_algorithm": "AES256", "kms_master_key_id": None}]}
            ],
        ),
    },
)


@violates("A key may be used only to encrypt and decrypt")
def a_key_may_be_granted_to_others(plan: Plan) -> None:
    statement("aws_iam_role_policy", "keys", "UseKeyForRecords", Action=["kms:Decrypt", "kms:CreateGrant"])(plan)


@violates("A condition limits each use of a key to one resource or one service")
def a_key_decrypts_everything(plan: Plan) -> None:
    statement("aws_iam_role_policy", "keys", "UseKeyForCredentials", Condition=None)(plan)


@violates("Every resource that supports tags has one")
def the_queue_has_no_tags(plan: Plan) -> None:
    put("aws_sqs_queue", "dead_letters", tags={}, tags_all={})(plan)


@violates("Every resource that supports tags has one")
def another_bucket_has_no_tags(plan: Plan) -> None:
    put("aws_s3_bucket", "archive", tags=None, tags_all=None)(plan)


# --- the alarms ------------------------------------------------------------------------------------------------------

WATCHED = {
    "failed runs": "errors",
    "throttled runs": "throttles",
    "runs that take too long": "duration",
    "undelivered invocations": "dead_letters",
    "incidents": "incidents",
}


def without_alarm(concern: str) -> Mutate:
    """Remove one alarm from the plan."""

    def stays(one: dict[str, Any]) -> bool:
        return (one["type"], one.get("index")) != ("aws_cloudwatch_metric_alarm", concern)

    def mutate(plan: Plan) -> None:
        plan["resource_changes"] = [one for one in plan["resource_changes"] if stays(one)]
        for module in modules(plan["planned_values"]["root_module"]):
            module["resources"] = [one for one in module.get("resources", []) if stays(one)]

    return mutate


violates_each("There is an alarm for …", {what: without_alarm(concern) for what, concern in WATCHED.items()})
SILENCE = "The silence alarm treats missing data as a failure"
SUMMED_UP = "The composite alarm includes the silence alarm"
MUTED = "No alarm is muted"


@violates("There is an alarm for Zoom's daily limit")
def the_daily_limit_has_no_alarm(plan: Plan) -> None:
    without_alarm("daily_limit")(plan)


@violates(SILENCE)
def there_is_no_silence_alarm(plan: Plan) -> None:
    without_alarm("silence")(plan)


@violates(SILENCE)
def missing_data_counts_as_healthy(plan: Plan) -> None:
    put("aws_cloudwatch_metric_alarm", "collector", treat_missing_data="notBreaching")(plan)


@violates(SILENCE)
def the_silence_alarm_ignores_gaps(plan: Plan) -> None:
    def change(held: Values) -> None:
        for query in held.get("metric_query") or []:
            if query.get("expression"):
                query["expression"] = "metric"

    within("aws_cloudwatch_metric_alarm", "collector", change)(plan)


@violates(SUMMED_UP)
def the_composite_alarm_leaves_out_silence(plan: Plan) -> None:
    within(
        "aws_cloudwatch_composite_alarm",
        "not_healthy",
        lambda held: held.update(alarm_rule=held["alarm_rule"].partition(" OR (ALARM")[0]),
    )(plan)


@violates(MUTED)
def the_composite_alarm_is_muted(plan: Plan) -> None:
    put("aws_cloudwatch_composite_alarm", "not_healthy", actions_enabled=False)(plan)


@violates(MUTED)
def an_alarm_is_muted(plan: Plan) -> None:
    put("aws_cloudwatch_metric_alarm", "collector", actions_enabled=False)(plan)


@violates("The topic does not use alias/aws/sns, a key with which alarms cannot publish")
def the_topic_has_snss_own_key(plan: Plan) -> None:
    put("aws_sns_topic", "alarms", kms_master_key_id="alias/aws/sns")(plan)


@violates("Only CloudWatch may publish to the topic")
def budgets_write_to_the_topic(plan: Plan) -> None:
    statement(
        "aws_sns_topic_policy",
        "alarms",
        "AlarmsPublish",
        Principal={"Service": ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]},
    )(plan)


@violates("Only alarms in this account may publish to the topic")
def alarms_of_any_account_write_to_the_topic(plan: Plan) -> None:
    statement("aws_sns_topic_policy", "alarms", "AlarmsPublish", Condition=None)(plan)


@violates("Unencrypted messages to the topic are denied")
def the_topic_takes_unencrypted_messages(plan: Plan) -> None:
    without_statement("aws_sns_topic_policy", "alarms", TLS)(plan)


@violates("The topic's key is rotated", variant="default")
def the_topics_key_stays_the_same(plan: Plan) -> None:
    put("aws_kms_key", "topic", enable_key_rotation=False)(plan)


@violates("CloudWatch is the only AWS service that may use the topic's key", variant="default")
def budgets_use_the_topics_key(plan: Plan) -> None:
    statement(
        "aws_kms_key",
        "topic",
        "AlarmsEncrypt",
        Principal={"Service": ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]},
    )(plan)


@violates("CloudWatch may use the topic's key only for alarms in this account", variant="default")
def alarms_of_any_account_use_the_topics_key(plan: Plan) -> None:
    statement("aws_kms_key", "topic", "AlarmsEncrypt", Condition=None)(plan)
