"""Checks a plan with the rules, the features, checkov and the search for secrets, less the accepted findings."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from . import acceptances, checkers, inputs
from .environments import EnvironmentsError, Say, prepared
from .findings import Finding, Scene
from .plan import BadPlanError, Plan, read
from .report import report
from .rules import RULES
from .uses import Use, find, others, path_of

NO_USE = (
    "The plan does not use this module: it has no collector function under any module name. Pass the plan of "
    "the root module that calls it, and use a check of the same version as the module."
)


@dataclass(frozen=True)
class Request:
    """The arguments of the check: the plan's file, the folder of the .tf files, the acceptances file."""

    plan: Path
    source: Path | None
    accepted: Path | None


def judge(request: Request, today: date, say: Say) -> tuple[int, str]:
    """Check a plan; return the exit status and the list to print."""
    try:
        plan = read(request.plan)
        uses = find(plan)
        if not uses:
            raise BadPlanError(NO_USE)
        found = [*by_rules(plan, uses), *by_checkers(request, plan, uses, say)]
    except (BadPlanError, EnvironmentsError, checkers.CheckerError) as error:
        return 1, f"The plan was not checked. {error}\n"
    given, wrong = acceptances.read(request.accepted) if request.accepted else ([], [])
    parted = acceptances.sort(dict.fromkeys(found), given, known_rules(found), today)
    red = [*wrong, *parted.red]
    return (1 if red else 0), report(uses, red, parted.accepted)


def by_rules(plan: Plan, uses: Sequence[Use]) -> list[Finding]:
    """Check each use with the rules."""
    foreign = others(plan, uses)
    return [one for use in uses for rule in RULES for one in rule.findings(Scene(plan, use, foreign))]


def by_checkers(request: Request, plan: Plan, uses: Sequence[Use], say: Say) -> list[Finding]:
    """Run the checkers, and check the inputs' keys. Raises EnvironmentsError or CheckerError."""
    compliance, checkov = prepared("compliance", say), prepared("checkov", say)
    with tempfile.TemporaryDirectory(prefix="plan-check-") as folder:
        scratch = Path(folder)
        with checkers.checkov(plan, scratch, checkov) as running:
            source = None
            if request.source:
                calls = [".".join(path_of(use.address)) for use in uses if use.address]
                source = checkers.written(request.source, calls, compliance, say)
            found = [
                *(one for use in uses if use.function.stays for one in inputs.findings(plan, use, source)),
                *checkers.secrets(plan),
                *checkers.features(plan, uses, scratch, compliance),
                *checkers.checkov_findings(running),
            ]
    return found


def known_rules(found: Sequence[Finding]) -> frozenset[str]:
    """Return every rule that a caller may accept, including each checkov check with a finding."""
    own = {rule.id for rule in RULES} | {inputs.UNKNOWN[0], inputs.NOT_LOOKED_AT[0], "secret-in-plan"}
    return frozenset(own | checkers.feature_names() | {one.rule for one in found})
