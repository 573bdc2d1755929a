"""What a check found, and what every rule has to say of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .plan import Plan, Resource
from .uses import Use


@dataclass(frozen=True)
class Finding:
    """Something that the plan must not have: what and where, why it matters, and what to do."""

    rule: str
    address: str
    what: str
    why: str
    do: str
    acceptable: bool = True


@dataclass(frozen=True)
class Scene:
    """What a rule looks at: one use of the module, and everything in the plan that no use makes."""

    plan: Plan
    use: Use
    others: list[Resource]


Hits = Iterable["tuple[str, str]"]
"""Where a rule was broken and in what way: address and sentence."""


@dataclass(frozen=True)
class Rule:
    """A rule: its name, by which it is accepted; why it is one; what to do; and a pure function that judges."""

    id: str
    why: str
    do: str
    judge: Callable[[Scene], Hits]

    def findings(self, scene: Scene) -> list[Finding]:
        """Judge a use."""
        return [Finding(self.id, address, what, self.why, self.do) for address, what in self.judge(scene)]
