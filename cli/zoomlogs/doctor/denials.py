"""Finds the statements of a bucket's policy that deny a write of the collector, from the policy's JSON.

See the IAM User Guide, "IAM JSON policy elements: Condition operators". The values of condition keys are known for
`Write.context`; keys that match `ABSENT` are not in the request. With another key or an unknown operator, a statement
may or may not deny the write.
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
    """A write of the collector: the object's and the role's ARN, the request's condition keys, the action."""

    resource: str
    role: str
    context: Mapping[str, str]
    action: str = PUT


@dataclass(frozen=True)
class Denial:
    """A statement that denies a write: its Sid or number, whether it surely does, and whether because of encryption."""

    name: str
    sure: bool
    by_encryption: bool


def encryption_context(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the condition keys of the encryption in the function's environment."""
    told = {ENCRYPTION: environment.get("S3_SSE"), KEY: environment.get("S3_SSE_KMS_KEY_ARN")}
    return {key: value for key, value in told.items() if value}


def lock_context(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the condition keys of the lock in the function's environment."""
    told = {LOCK_MODE: environment.get("S3_LOCK_MODE"), REMAINING_DAYS: environment.get("S3_LOCK_DAYS")}
    return {key: value for key, value in told.items() if value}


def writes(
    bucket_arn: str, prefix: str, state_key: str, role_arn: str, environment: Mapping[str, str]
) -> Iterator[Write]:
    """Yield the writes of a run: records, a new checkpoint, and one that replaces another."""
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
"""Actions on records, or on the bucket that can harm them."""


def grants(statements: Iterable[Mapping[str, Any]], objects: Sequence[str], *, created: bool) -> list[str]:
    """Return what statements allow to whom: all Allows in a bucket `created` here, else those on these objects.

    Conditions are ignored.
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
    """Whether an Allow may apply to an action on a resource; uncertainty counts as yes."""
    of_bucket = action in OF_BUCKET
    if of_bucket != ("/" not in resource):
        return False
    return False not in (
        _element(statement, "Action", lambda pattern: _like(pattern.lower(), action.lower())),
        _element(statement, "Resource", lambda pattern: _like(pattern, resource)),
    )


def _applies(statement: Mapping[str, Any], write: Write) -> bool | None:
    """Whether a statement applies to this write; None if that is not known."""
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
    """Whether a condition holds; all keys have one value, so both quantifiers mean the same."""
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
    """Match with IAM's wildcards; None for a policy variable."""
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
