"""The rules in one table. They find what the features and checkov do not."""

from __future__ import annotations

from ..findings import Rule
from . import beside, destroys, elsewhere, loosened, unknown

RULES: tuple[Rule, ...] = (*unknown.RULES, *destroys.RULES, *elsewhere.RULES, *loosened.RULES, *beside.RULES)
