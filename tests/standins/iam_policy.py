"""IAM policies, evaluated as AWS documents them; pure functions over plain JSON.

`decide` evaluates a call against all policies that apply, `statement_applies` against one statement.
Sources: the IAM user guide's "Policy evaluation logic", "Permissions boundaries for IAM entities", "IAM JSON policy
elements: Condition operators" and "Multivalued context keys"; the KMS developer guide's "Key policies". Anything
else raises `CannotJudgeError`: a policy that cannot be evaluated must not pass.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PARTITIONS = ("aws", "aws-cn", "aws-us-gov")

Context = Mapping[str, Sequence[str]]
"""The context of a request: condition key (any case) → its values; a missing key is absent."""

Policy = Mapping[str, Any]


class CannotJudgeError(Exception):
    """A policy uses something that this evaluator does not support; a guess would prove nothing."""


@dataclass(frozen=True)
class Call:
    """One permission that a request needs: an action on a resource, with the request's context."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)


@dataclass(frozen=True)
class Caller:
    """The caller.

    `names` are its names in a `Principal` element: a user's ARN; a session's and its role's; a service's host name; an
    identity provider's; none if anonymous. `account` is its account: services, providers and anonymous callers have
    none.
    """

    names: frozenset[str] = frozenset()
    account: str | None = None


@dataclass(frozen=True)
class Verdict:
    """Whether a call is allowed, and why; a refusal is in the words of AWS's messages.

    IAM User Guide, "Troubleshoot access denied error messages".
    """

    allowed: bool
    reason: str


def decide(
    call: Call,
    caller: Caller,
    *,
    identity: Sequence[Policy] = (),
    boundary: Policy | None = None,
    resource: Policy | None = None,
    resource_decides: bool = False,
) -> Verdict:
    """Evaluate a call within one account.

    `identity` are the policies of the caller, `boundary` its permissions boundary, `resource` the policy of the
    resource. With `resource_decides` (KMS keys, trust policies) the resource's policy must allow the call, or delegate
    to the account by naming its root.
    """

    def applies(policy: Policy | None, effect: str, names: Collection[str] | None) -> bool:
        return any(
            statement["Effect"] == effect
            and statement_applies(statement, call.action, call.resource, call.context, names)
            for statement in statements(policy or {})
        )

    whole_account = account_names(caller.account)
    everyone = caller.names | whole_account
    denies = {
        "an identity-based policy": any(applies(policy, "Deny", None) for policy in identity),
        "a permissions boundary": applies(boundary, "Deny", None),
        "a resource-based policy": applies(resource, "Deny", everyone),
    }
    for kind in filter(denies.get, denies):
        return Verdict(False, f"with an explicit deny in {kind}")
    bounded = boundary is not None and not applies(boundary, "Allow", None)
    by_resource = applies(resource, "Allow", caller.names)
    if by_resource and bounded:
        raise CannotJudgeError("Whether a boundary limits what a resource's policy grants is not evaluated here.")
    by_identity = not bounded and any(applies(policy, "Allow", None) for policy in identity)
    if by_resource:
        return Verdict(True, "the resource's policy allows it")
    if not by_identity:
        kind = "permissions boundary" if bounded else "identity-based policy"
        return Verdict(False, f"because no {kind} allows the {call.action} action")
    if resource_decides and not (whole_account and applies(resource, "Allow", whole_account)):
        return Verdict(False, f"because no resource-based policy allows the {call.action} action")
    return Verdict(True, "the caller's policies allow it")


def account_names(account: str | None) -> frozenset[str]:
    """Return the names that mean a whole account in a `Principal` element."""
    if account is None:
        return frozenset()
    return frozenset([account, *(f"arn:{partition}:iam::{account}:root" for partition in PARTITIONS)])


def statements(policy: Policy) -> list[Mapping[str, Any]]:
    """List a policy's statements; a single statement may be outside a list."""
    found = policy.get("Statement", [])
    return [found] if isinstance(found, Mapping) else list(found)


def condition_keys(policy: Policy) -> Iterator[str]:
    """Return the condition keys that a policy uses."""
    for statement in statements(policy):
        for keys in (statement.get("Condition") or {}).values():
            yield from keys


def like(pattern: str, value: str) -> bool:
    """Match with IAM's two wildcards, case-sensitively: `*` for any number of characters, `?` for exactly one."""
    if re.search(r"\$\{(?![*?$]\})", pattern):
        raise CannotJudgeError(f"Policy variables are not evaluated here: {pattern}")
    glob = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern)
    return re.fullmatch(glob, value, re.DOTALL) is not None


def _same(wanted: str, value: str) -> bool:
    return wanted == value


def _same_ignoring_case(wanted: str, value: str) -> bool:
    return wanted.casefold() == value.casefold()


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": _same,
    "StringEqualsIgnoreCase": _same_ignoring_case,
    "StringLike": like,
    "ArnEquals": like,  # AWS: ArnEquals and ArnLike behave identically
    "ArnLike": like,
    "Bool": _same_ignoring_case,
    "NumericEquals": lambda wanted, value: float(value) == float(wanted),
    "NumericLessThan": lambda wanted, value: float(value) < float(wanted),
    "NumericLessThanEquals": lambda wanted, value: float(value) <= float(wanted),
    "NumericGreaterThan": lambda wanted, value: float(value) > float(wanted),
    "NumericGreaterThanEquals": lambda wanted, value: float(value) >= float(wanted),
}
_NEGATIONS = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NumericNotEquals": "NumericEquals",
}


def conditions_hold(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Return whether every operator and key of a `Condition` element holds for the request."""
    have = {key.casefold(): list(values) for key, values in context.items()}
    return all(
        _holds(operator, _strings(wanted), have.get(key.casefold()))
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _holds(operator: str, wanted: list[str], have: list[str] | None) -> bool:
    quantifier, _, name = operator.rpartition(":")
    if name == "Null":
        return (not have) == (wanted[0].casefold() == "true")
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    negated = name in _NEGATIONS
    matches = _OPERATORS.get(_NEGATIONS.get(name, name))
    if matches is None or quantifier not in ("", "ForAllValues", "ForAnyValue"):
        raise CannotJudgeError(f"The condition operator {operator} is not evaluated here.")
    if not have:
        return if_exists or quantifier == "ForAllValues" or (negated and quantifier != "ForAnyValue")
    verdicts = [any(matches(one, value) for one in wanted) != negated for value in have]
    return any(verdicts) if quantifier == "ForAnyValue" else all(verdicts)


def statement_applies(
    statement: Mapping[str, Any],
    action: str,
    resource: str,
    context: Context,
    caller: Collection[str] | None = None,
) -> bool:
    """Return whether a statement applies to this request, whatever its effect.

    `caller` are the caller's names: without any, a statement for everyone (`*`) still applies, one that names
    principals does not. None ignores `Principal`, which identity policies do not have. Trust policies have no
    `Resource`.
    """
    return (
        _element(statement, "Action", lambda pattern: like(pattern.casefold(), action.casefold()))
        and _element(statement, "Resource", lambda pattern: like(pattern, resource))
        and (caller is None or _names_caller(statement, caller))
        and conditions_hold(statement.get("Condition") or {}, context)
    )


def _element(statement: Mapping[str, Any], name: str, matches: Callable[[str], bool]) -> bool:
    if f"Not{name}" in statement:
        return not any(map(matches, _strings(statement[f"Not{name}"])))
    return name not in statement or any(map(matches, _strings(statement[name])))


def _names_caller(statement: Mapping[str, Any], caller: Collection[str]) -> bool:
    if "NotPrincipal" in statement:
        raise CannotJudgeError("NotPrincipal is not evaluated here.")
    principal = statement.get("Principal")
    if principal == "*":
        return True
    if not isinstance(principal, Mapping):
        raise CannotJudgeError(f"AWS does not support this Principal: {principal}")
    kinds = {kind: _strings(names) for kind, names in principal.items()}
    return "*" in kinds.get("AWS", []) or any(name in caller for names in kinds.values() for name in names)


def _strings(value: Any) -> list[str]:
    """Return a policy's "one or a list" as a list of strings; JSON booleans and numbers are spelled as in policies."""
    values: Iterable[Any] = value if isinstance(value, list) else [value]
    return [str(one).lower() if isinstance(one, bool) else str(one) for one in values]
