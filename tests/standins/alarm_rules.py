"""The rules of composite alarms, after CloudWatch's "Create a composite alarm": ALARM("a") AND NOT OK("b")."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from functools import cache

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"


@cache
def parsed(text: str) -> ast.expr:
    """Parse metric math or a composite alarm's rule: apart from the words in capitals, they are Python."""
    return ast.parse(re.sub(r"\b(AND|OR|NOT)\b", lambda match: match[1].lower(), text), mode="eval").body


def holds(rule: str, states: Mapping[str, str]) -> bool:
    """Return whether a composite alarm's rule holds; raise KeyError if it names an unknown alarm."""

    def value(node: ast.expr) -> bool:
        match node:
            case ast.BoolOp(op=op, values=values):
                parts = [value(one) for one in values]  # evaluate each, whatever the others return
                return all(parts) if isinstance(op, ast.And) else any(parts)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return not value(operand)
            case ast.Call(func=ast.Name(id=state), args=[ast.Constant(value=str() as name)]):
                if state not in (OK, ALARM, INSUFFICIENT_DATA):
                    break_off(node)
                return states[name] == state
        return break_off(node)

    def break_off(node: ast.expr) -> bool:
        raise ValueError(f"No such rule: {ast.unparse(node)}")

    return value(parsed(rule))
