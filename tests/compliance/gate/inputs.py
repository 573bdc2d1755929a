"""Finds keys in the module's inputs that the module does not know: Terraform ignores them silently."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from .findings import Finding
from .module import INPUTS
from .plan import Plan
from .references import Configuration
from .uses import Use, path_of

UNKNOWN = (
    "unknown-key",
    "Terraform ignores a key that the module does not know, and the module uses its default.",
    "Correct the name.",
)
NOT_LOOKED_AT = (
    "keys-not-seen",
    "The plan does not show the keys of an object with a reference, so a misspelt key would go unnoticed.",
    "Pass the root module's folder as --source, or write the object without references.",
)

Written = dict[str, Any]
"""The inputs of one call, read from .tf files: a tree of keys as sources.py writes it."""


def findings(plan: Plan, use: Use, written: dict[str, Written] | None) -> list[Finding]:
    """Check the inputs of a use; `written` has the inputs in the .tf files, by the call's path."""
    path = path_of(use.address)
    if not path:
        return [
            Finding(UNKNOWN[0], f"var.{name}", what, *UNKNOWN[1:])
            for name, value in plan.variables.items()
            for what in unknown_keys(name, INPUTS.get(name), value)
        ]
    given = Configuration(plan.configuration).call(path).get("expressions") or {}
    source = (written or {}).get(".".join(path))
    return [
        Finding(rule[0], f"{use.address}.{name}", what, *rule[1:])
        for name, expression in given.items()
        if INPUTS.get(name) is not None
        for rule, what in _input(name, expression, source, plan.variables)
    ]


def _input(
    name: str, expression: Any, source: Written | None, variables: dict[str, Any]
) -> Iterator[tuple[tuple[str, str, str], str]]:
    if not isinstance(expression, dict) or "references" not in expression:
        value = (expression or {}).get("constant_value")
        for what in unknown_keys(name, INPUTS[name], value):
            yield UNKNOWN, what
    elif source is None or name not in source:
        yield NOT_LOOKED_AT, f"The keys of {name} could not be read."
    else:
        for known, what in written_keys(name, INPUTS[name], filled(source[name], variables)):
            yield (UNKNOWN if known else NOT_LOOKED_AT), what


def unknown_keys(place: str, shape: Any, value: Any) -> Iterator[str]:
    """Yield a sentence for each key that the module does not know."""
    if shape is None:
        return
    if "each" in shape:
        for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from unknown_keys(f"{place}[*]", shape["each"], one)
    elif isinstance(value, dict):
        for key, one in value.items():
            if key in shape["keys"]:
                yield from unknown_keys(f"{place}.{key}", shape["keys"][key], one)
            else:
                yield misspelt(place, key, shape)


def misspelt(place: str, key: str, shape: Any) -> str:
    """Return the sentence about an unknown key, with the most similar known one."""
    near = difflib.get_close_matches(key, shape["keys"], 1, 0.6)
    meant = f" Did you mean {near[0]}?" if near else f" Its keys are {', '.join(shape['keys'])}."
    return f"{place} has no key {key}.{meant}"


def written_keys(place: str, shape: Any, tree: Any) -> Iterator[tuple[bool, str]]:
    """Yield a sentence for each key that the module does not know (true) and each that cannot be read (false).

    A tree is {"object": {KEY: TREE}}, {"list": [TREE, …]}, {"any": [TREE, …]} for alternatives, {"value": null} for a
    plain value, or {"opaque": TEXT}.
    """
    if shape is None:
        return
    [(kind, held)] = tree.items()
    if kind == "any":
        for one in held:
            yield from written_keys(place, shape, one)
    elif kind == "opaque":
        yield False, f"The keys of {place} could not be read: they come from {held}."
    elif kind == "list" and "each" in shape:
        for one in held:
            yield from written_keys(f"{place}[*]", shape["each"], one)
    elif kind == "object" and "each" in shape:
        for one in held.values():
            yield from written_keys(f"{place}[*]", shape["each"], one)
    elif kind == "object":
        for key, one in held.items():
            if key in shape["keys"]:
                yield from written_keys(f"{place}.{key}", shape["keys"][key], one)
            else:
                yield True, misspelt(place, key, shape)


def filled(tree: Any, variables: dict[str, Any]) -> Any:
    """Fill a tree with the values of the root module's variables."""
    [(kind, held)] = tree.items()
    if kind == "variable":
        return tree_of(_at(variables, held))
    if kind in ("any", "list"):
        return {kind: [filled(one, variables) for one in held]}
    if kind == "object":
        return {kind: {key: filled(one, variables) for key, one in held.items()}}
    return tree


def _at(value: Any, steps: list[str]) -> Any:
    for step in steps:
        if step == "*" or isinstance(value, list):
            value = next(iter(value.values() if isinstance(value, dict) else value or [None]), None)
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def tree_of(value: Any) -> Any:
    """Return the tree of a value."""
    if isinstance(value, dict):
        return {"object": {key: tree_of(one) for key, one in value.items()}}
    if isinstance(value, list):
        return {"list": [tree_of(one) for one in value]}
    return {"value": None}
