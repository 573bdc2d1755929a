"""The gate's rules: only the broken rule refuses a plan, at the right address, and similar harmless changes pass."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .gate.features import fitting
from .gate.judge import by_rules
from .gate.plan import Plan as Whole
from .gate.rules import RULES
from .gate.uses import find
from .gate_cases import HARMLESS, REFUSED, Case
from .gate_plans import first, later, set_environment
from .mutations import Plan, put
from .plans import FEATURES

pytestmark = pytest.mark.slow

README = Path(__file__).with_name("README.md")


def broken(plan: Plan) -> set[tuple[str, str]]:
    """Return the rules that a plan breaks, and where."""
    whole = Whole(plan)
    return {(one.rule, one.address) for one in by_rules(whole, find(whole))}


def name_of(case: Case) -> str:
    return f"{case.rule}: {case.name}".replace(" ", "_")


@pytest.fixture(scope="module")
def quiet(plan_of: Callable[[str], Plan]) -> Callable[[Case], set[tuple[str, str]]]:
    """Return a function that returns the rules that a case's base breaks already."""
    known: dict[tuple[str, str], set[tuple[str, str]]] = {}

    def before(case: Case) -> set[tuple[str, str]]:
        key = (case.variant, case.base.__name__)
        if key not in known:
            known[key] = broken(case.base(plan_of(case.variant)))
        return known[key]

    return before


@pytest.mark.parametrize("case", REFUSED, ids=name_of)
def test_only_the_broken_rule_refuses_a_plan_at_its_address(
    case: Case, plan_of: Callable[[str], Plan], quiet: Callable[[Case], set[tuple[str, str]]]
) -> None:
    assert broken(case.of(plan_of(case.variant))) - quiet(case) == {(case.rule, case.address)}


@pytest.mark.parametrize("case", HARMLESS, ids=name_of)
def test_a_similar_harmless_change_passes(
    case: Case, plan_of: Callable[[str], Plan], quiet: Callable[[Case], set[tuple[str, str]]]
) -> None:
    assert broken(case.of(plan_of(case.variant))) - quiet(case) == set()


def test_each_rule_has_refused_and_harmless_cases() -> None:
    rules = {rule.id for rule in RULES}
    assert {case.rule for case in REFUSED} == rules
    assert {case.rule for case in HARMLESS} == rules
    assert len(rules) == len(RULES)


@pytest.mark.parametrize("base", [first, later])
@pytest.mark.parametrize("variant", ["default", "full", "role", "locked", "nothing_made"])
def test_the_modules_own_plans_break_no_rule(
    variant: str, base: Callable[[Plan], Plan], plan_of: Callable[[str], Plan]
) -> None:
    assert broken(base(plan_of(variant))) == set()


def test_the_variant_with_its_own_package_and_no_versions_breaks_two_rules(plan_of: Callable[[str], Plan]) -> None:
    assert {rule for rule, _ in broken(first(plan_of("existing_secret")))} == {"package", "versioning-off"}


@pytest.mark.parametrize("variant", FEATURES)
def test_the_features_that_fit_are_found(variant: str, plan_of: Callable[[str], Plan]) -> None:
    plan = first(plan_of(variant), FEED_DELETES=str(variant == "role").lower())
    if "tags" not in FEATURES[variant]:
        put("aws_lambda_function", "collector", tags_all={})(plan)
    [use] = find(Whole(plan))
    assert fitting(use) == sorted(FEATURES[variant])


def test_a_pause_needs_no_silence_alarm_and_breaks_no_rule(plan_of: Callable[[str], Plan]) -> None:
    plan = later(plan_of("default"))
    put("aws_scheduler_schedule", "collector", state="DISABLED")(plan)
    [use] = find(Whole(plan))
    assert set(FEATURES["default"]) - set(fitting(use)) == {"alarms_silence"}
    assert broken(plan) == set()


def test_a_reader_may_delete_only_where_the_collector_knows_it(plan_of: Callable[[str], Plan]) -> None:
    plan = first(plan_of("role"))
    set_environment(FEED_DELETES="false")(plan)
    [use] = find(Whole(plan))
    assert {"reader", "reader_deletes"} & set(fitting(use)) == {"reader"}


def test_the_readme_names_every_rule() -> None:
    readme = README.read_text(encoding="utf-8")
    assert [rule.id for rule in RULES if f"`{rule.id}`" not in readme] == []
