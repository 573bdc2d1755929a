"""Which statements of a bucket's policy deny a write of the collector's: pure functions over the policy's JSON.

IAM User Guide, "IAM JSON policy elements: Condition operators". What a request brings along is known for the keys in
`Write.context` and those that `ABSENT` matches; a statement with another key, or an operator that is not known here,
may deny the write or not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

PUT = "s3:PutObject"
PUT_RETENTION = "s3:PutObjectRetention"
LOCK_MODE, REMAINING_DAYS = "s3:object-lock-mode", "s3:object-lock-remaining-retention-days"
ENCRYPTION = "s3:x-amz-server-side-encryption"
KEY = f"{ENCRYPTION}-aws-kms-key-id"
ABSENT = re.compile(
    r"s3:(if-(none-)?match|object-lock-.*|requestobjecttag.*|x-amz-(acl|copy-source|grant-.*|metadata-directive"
    r"|server-side-encryption.*|storage-class|website-redirect-location))"
)


@dataclass(frozen=True)
class Write:
    """A write of the collector's: the object's ARN, the role's ARN, the condition keys of the request, the action."""

    resource: str
    role: str
    context: Mapping[str, str]
    action: str = PUT


@dataclass(frozen=True)
class Denial:
    """A statement that denies a write: its Sid or its place, whether it surely does, and whether by the encryption."""

    name: str
    sure: bool
    by_encryption: bool


def encryption_context(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the condition keys that come with the encryption in the function's environment."""
    told = {ENCRYPTION: environment.get("S3_SSE"), KEY: environment.get("S3_SSE_KMS_KEY_ARN")}
    return {key: value for key, value in told.items() if value}


def lock_context(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the condition keys that come with the lock in the function's environment."""
    told = {LOCK_MODE: environment.get("S3_LOCK_MODE"), REMAINING_DAYS: environment.get("S3_LOCK_DAYS")}
    return {key: value for key, value in told.items() if value}


def writes(
    bucket_arn: str, prefix: str, state_key: str, role_arn: str, environment: Mapping[str, str]
) -> Iterator[Write]:
    """Yield the writes of a run: a record's object, and a checkpoint that is new or replaces one."""
    always = {
        "aws:principalaccount": role_arn.split(":")[4],
        "aws:principalarn": role_arn,
        "aws:principalisawsservice": "false",
        "aws:principaltype": "AssumedRole",
        "aws:securetransport": "true",
        "aws:viaawsservice": "false",
        "s3:objectcreationoperation": "true",
        **encryption_context(environment),
    }
    record, state = f"{bucket_arn}/{prefix}2026/01/31/any.json.gz", f"{bucket_arn}/{state_key}"
    lock = lock_context(environment)
    yield Write(record, role_arn, {**always, **lock, "s3:if-none-match": "*"})
    if lock:
        yield Write(record, role_arn, {**always, **lock, "s3:if-none-match": "*"}, PUT_RETENTION)
    yield Write(state, role_arn, {**always, "s3:if-none-match": "*"})
    yield Write(state, role_arn, {**always, "s3:if-match": "etag"})


def denials(statements: Iterable[Mapping[str, Any]], wanted: Iterable[Write]) -> list[Denial]:
    """Return the statements that deny one of these writes, surely or perhaps."""
    asked = list(wanted)
    found = []
    for number, statement in enumerate(statements, 1):
        if statement.get("Effect") != "Deny":
            continue
        verdicts = {_applies(statement, write) for write in asked} - {False}
        if verdicts:
            keys = [key.lower() for _, key, _ in _conditions(statement)]
            by_encryption = any(key.startswith(ENCRYPTION) for key in keys)
            found.append(Denial(statement.get("Sid") or f"statement {number}", True in verdicts, by_encryption))
    return found


MATTERS = (
    *("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectAcl", "s3:DeleteObject"),
    *("s3:DeleteObjectVersion", "s3:RestoreObject", "s3:BypassGovernanceRetention", "s3:ReplicateDelete"),
)
OF_BUCKET = (
    *("s3:ListBucket", "s3:ListBucketVersions", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:DeleteBucket"),
    *("s3:PutLifecycleConfiguration", "s3:PutBucketVersioning", "s3:PutEncryptionConfiguration"),
    *("s3:PutBucketPublicAccessBlock", "s3:PutBucketNotification", "s3:PutReplicationConfiguration"),
)
"""What somebody can do with records, or with the bucket against them."""


def grants(statements: Iterable[Mapping[str, Any]], objects: Sequence[str], *, created: bool) -> list[str]:
    """Return whom statements allow what: anything in a bucket `created` here, else what touches these objects.

    Whatever its condition is: that it holds for nobody is not known here.
    """
    found = []
    for number, statement in enumerate(statements, 1):
        if statement.get("Effect") != "Allow":
            continue
        resources = [*objects, *{each.partition("/")[0] for each in objects}]
        touched = any(_may(statement, action, at) for at in resources for action in (*MATTERS, *OF_BUCKET))
        if created or touched:
            named = statement.get("Principal", "everybody but some")  # NotPrincipal
            who = [named] if isinstance(named, str) else [each for names in named.values() for each in _strings(names)]
            what = _strings(statement.get("Action", statement.get("NotAction", [])))
            name = statement.get("Sid") or f"statement {number}"
            found.append(f"{' and '.join(who)} {', '.join(what)} ({name})")
    return found


def _may(statement: Mapping[str, Any], action: str, resource: str) -> bool:
    """Tell whether an Allow may be about an action on a resource; what cannot be told counts."""
    of_bucket = action in OF_BUCKET
    if of_bucket != ("/" not in resource):
        return False
    return False not in (
        _element(statement, "Action", lambda pattern: _like(pattern.lower(), action.lower())),
        _element(statement, "Resource", lambda pattern: _like(pattern, resource)),
    )


def _applies(statement: Mapping[str, Any], write: Write) -> bool | None:
    """Tell whether a statement is about this write; None: it cannot be told."""
    return _all(
        [
            _element(statement, "Action", lambda pattern: _like(pattern.lower(), write.action.lower())),
            _element(statement, "Resource", lambda pattern: _like(pattern, write.resource)),
            _principal(statement, write.role),
            *(_holds(operator, key.lower(), values, write) for operator, key, values in _conditions(statement)),
        ]
    )


def _all(verdicts: list[bool | None]) -> bool | None:
    return False if False in verdicts else None if None in verdicts else True


def _any(verdicts: Iterable[bool | None]) -> bool | None:
    """Return whether one verdict is true, as `_all` does."""
    found = set(verdicts)
    return True if True in found else None if None in found else False


def _not(verdict: bool | None) -> bool | None:
    return None if verdict is None else not verdict


def _element(statement: Mapping[str, Any], name: str, matches: Callable[[str], bool | None]) -> bool | None:
    if f"Not{name}" in statement:
        return _not(_any(map(matches, _strings(statement[f"Not{name}"]))))
    return _any(map(matches, _strings(statement.get(name, []))))


def _principal(statement: Mapping[str, Any], role: str) -> bool | None:
    named = statement.get("Principal")
    if named is None:
        return None  # NotPrincipal
    if isinstance(named, str):
        return named == "*"
    partition, account = role.split(":")[1], role.split(":")[4]
    aws = set(_strings(named.get("AWS", [])))
    if aws & {"*", role, account, f"arn:{partition}:iam::{account}:root"}:
        return True
    return None if any(":assumed-role/" in name for name in aws) else False


def _conditions(statement: Mapping[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    for operator, keys in (statement.get("Condition") or {}).items():
        for key, values in keys.items():
            yield operator, key, _strings(values)


def _holds(operator: str, key: str, wanted: list[str], write: Write) -> bool | None:
    """Tell whether a condition holds; all keys here have one value, for which both quantifiers mean the same."""
    quantifier, _, name = operator.rpartition(":")
    have = write.context.get(key)
    if have is None and not ABSENT.fullmatch(key):
        return None
    if name == "Null":
        return (have is None) == (wanted[0].lower() == "true")
    if_exists, name = name.endswith("IfExists"), name.removesuffix("IfExists")
    negated, name = "Not" in name, name.replace("Not", "")
    matches = _OPERATORS.get(name)
    if matches is None:
        return None
    if have is None:
        return if_exists or quantifier == "ForAllValues" or (negated and quantifier != "ForAnyValue")
    found = _any(matches(pattern, have) for pattern in wanted)
    return _not(found) if negated else found


def _like(pattern: str, value: str) -> bool | None:
    """Match with IAM's wildcards; a policy variable cannot be told."""
    if re.search(r"\$\{(?![*?$]\})", pattern):
        return None
    glob = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern)
    return re.fullmatch(glob, value, re.DOTALL) is not None


_OPERATORS: dict[str, Callable[[str, str], bool | None]] = {
    "StringEquals": lambda wanted, value: None if "${" in wanted else wanted == value,
    "StringEqualsIgnoreCase": lambda wanted, value: None if "${" in wanted else wanted.lower() == value.lower(),
    "StringLike": _like,
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": lambda wanted, value: wanted.lower() == value.lower(),
}


def _strings(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [str(one).lower() if isinstance(one, bool) else str(one) for one in values]
