"""IAM policy statements, evaluated as AWS documents them; pure functions over plain JSON.

Sources: the IAM user guide's "Policy evaluation logic", "IAM JSON policy elements: Condition operators" and
"Multivalued context keys". What is not covered here raises `CannotJudge`: a policy that cannot be judged
must not pass for one that was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Context = Mapping[str, Sequence[str]]
"""What a request brings along: condition key (any case) → its values; a missing key is an absent one."""


class CannotJudge(Exception):
    """A policy uses something that is not evaluated here; a guess would prove nothing."""


def like(pattern: str, value: str) -> bool:
    """Match with IAM's two wildcards: `*` any run of characters, `?` exactly one. Case counts."""
    if re.search(r"\$\{(?![*?$]\})", pattern):
        raise CannotJudge(f"Policy variables are not evaluated here: {pattern}")
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
    """Tell whether every operator and key of a `Condition` element holds for the request."""
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
        raise CannotJudge(f"The condition operator {operator} is not evaluated here.")
    if not have:
        return if_exists or quantifier == "ForAllValues" or (negated and quantifier != "ForAnyValue")
    verdicts = [any(matches(one, value) for one in wanted) != negated for value in have]
    return any(verdicts) if quantifier == "ForAnyValue" else all(verdicts)


def statement_applies(
    statement: Mapping[str, Any], action: str, resource: str, context: Context, caller: str | None = None
) -> bool:
    """Tell whether a statement, whatever its effect, speaks about this request.

    `caller` is the ARN of who asks, None when it is not known: a statement for everyone (`*`) still applies then,
    one that names principals does not. Trust policies have no `Resource`, identity policies no `Principal`.
    """
    return (
        _element(statement, "Action", lambda pattern: like(pattern.casefold(), action.casefold()))
        and _element(statement, "Resource", lambda pattern: like(pattern, resource))
        and _names_caller(statement, caller)
        and conditions_hold(statement.get("Condition") or {}, context)
    )


def explicitly(
    effect: str, document: Mapping[str, Any], action: str, resource: str, context: Context, names: Collection[str] = ()
) -> bool:
    """Tell whether a statement of this effect, "Allow" or "Deny", in a policy speaks about the request.

    `names` are the ARNs that mean the caller: for a role's session its own and the role's.
    """
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    callers: list[str | None] = [*names] or [None]
    return any(
        statement["Effect"] == effect and statement_applies(statement, action, resource, context, name)
        for statement in statements
        for name in callers
    )


@dataclass(frozen=True)
class Policies:
    """Every policy that has a say in a request, within one account.

    `boundary` limits what `identity` grants; `resource` is the policy of what is asked for. With `delegated` the
    identity's policies count only where the resource's policy lets its account decide, as with a KMS key.
    """

    identity: Sequence[Mapping[str, Any]] = ()
    boundary: Mapping[str, Any] | None = None
    resource: Mapping[str, Any] | None = None
    delegated: bool = False

    def allow(self, action: str, resource: str, context: Context, names: Collection[str], root: str) -> bool:
        """Decide: what is denied anywhere is denied, what nothing allows is too; `root` is the account's own ARN."""
        everywhere = [*self.identity, *filter(None, (self.boundary, self.resource))]
        if any(explicitly("Deny", document, action, resource, context, names) for document in everywhere):
            return False
        granted = any(explicitly("Allow", document, action, resource, context) for document in self.identity)
        within = self.boundary is None or explicitly("Allow", self.boundary, action, resource, context)
        by_resource = self.resource is not None and explicitly(
            "Allow", self.resource, action, resource, context, names or [""]
        )
        left_to_account = not self.delegated or (
            self.resource is not None and explicitly("Allow", self.resource, action, resource, context, [root])
        )
        return by_resource or (granted and within and left_to_account)


def _element(statement: Mapping[str, Any], name: str, matches: Callable[[str], bool]) -> bool:
    if f"Not{name}" in statement:
        return not any(map(matches, _strings(statement[f"Not{name}"])))
    return name not in statement or any(map(matches, _strings(statement[name])))


def _names_caller(statement: Mapping[str, Any], caller: str | None) -> bool:
    if "NotPrincipal" in statement:
        raise CannotJudge("NotPrincipal is not evaluated here.")
    principal = statement.get("Principal", "*")
    names = (
        [name for kind in principal.values() for name in _strings(kind)] if isinstance(principal, Mapping) else ["*"]
    )
    return "*" in names or (caller is not None and caller in names)


def _strings(value: Any) -> list[str]:
    """Flatten the policy language's "one or a list"; JSON booleans and numbers become its spelling of them."""
    values: Iterable[Any] = value if isinstance(value, list) else [value]
    return [str(one).lower() if isinstance(one, bool) else str(one) for one in values]
