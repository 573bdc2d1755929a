"""Findings, and the rules that produce them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .plan import Plan, Resource
from .uses import Use


@dataclass(frozen=True)
class Finding:
    """A problem in the plan: what and where, why it matters, and what to do."""

    rule: str
    address: str
    what: str
    why: str
    do: str
    acceptable: bool = True


@dataclass(frozen=True)
class Scene:
    """The input of a rule: one use of the module, and the plan's resources that belong to no use."""

    plan: Plan
    use: Use
    others: list[Resource]


Hits = Iterable["tuple[str, str]"]
"""Where and how a rule is broken: address and sentence."""


@dataclass(frozen=True)
class Rule:
    """A rule: its name, by which a caller accepts it; why it matters; what to do; and a pure function that checks."""

    id: str
    why: str
    do: str
    judge: Callable[[Scene], Hits]

    def findings(self, scene: Scene) -> list[Finding]:
        """Check a use."""
        return [Finding(self.id, address, what, self.why, self.do) for address, what in self.judge(scene)]
