"""Each rule of the protocol, broken on purpose, breaks a promise in a scenario of this folder.

A row has the rule, how it is broken, the scenario that notices, and the promise that is then broken (see `Promise`).
`mutations.prove` requires for each row: the scenario passes with the rule intact; with the rule broken, no run crashes
and exactly that promise is broken. A row that no longer applies to the code is an error.

If another rule compensates for a broken one, so that no record is lost or repeated, the promise is `COST`: the calls
that the broken rule wastes. Three rules have no row. With a frontier older than the window, no row of the window is
older, so the tail never stops. Without retries, or without a lease that only its holder renews, the run fails, which is
a crash here and an alarm in production.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .mutations import Mutant, Mutation, NeverReachedError, NothingNoticedError, Scenario, prove
from .rules import ROWS
from .rules_page import PAGE, row, rules_of
from .world import Promise


@pytest.mark.slow
@pytest.mark.parametrize(("rule", "mutation", "scenario", "promise"), [pytest.param(*row, id=row[0]) for row in ROWS])
def test_the_rule_is_proved(rule: str, mutation: Mutation, scenario: Scenario, promise: Promise) -> None:
    broken = prove(mutation, scenario, promise)
    line = row(rule, broken)
    if line not in PAGE.read_text(encoding="utf-8").splitlines():
        pytest.fail(f"docs/architecture.md lacks this line: run `make docs`.\n{line}")


def test_the_page_has_no_other_rules() -> None:
    assert rules_of(PAGE.read_text(encoding="utf-8")) == [rule for rule, *_ in ROWS], "run `make docs`"


class NoMutant(Mutant):
    """Behaves like a mutation, but leaves the code unchanged."""

    def replace(self, owner: Any, name: str, make: Callable[..., Any]) -> None:
        def unchanged(whole: Callable[..., Any]) -> Callable[..., Any]:
            make(whole)
            return whole

        super().replace(owner, name, unchanged)

    def constant(self, owner: Any, name: str, value: Any, *, read_by: tuple[Any, str]) -> None:
        super().constant(owner, name, vars(owner)[name], read_by=read_by)


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize(("mutation", "scenario", "promise"), [pytest.param(*row, id=rule) for rule, *row in ROWS])
def test_a_mutation_that_changes_nothing_is_no_proof(mutation: Mutation, scenario: Scenario, promise: Promise) -> None:
    with pytest.raises((NothingNoticedError, NeverReachedError)):
        prove(mutation, scenario, promise, NoMutant)
