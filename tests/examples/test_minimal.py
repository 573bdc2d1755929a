"""The end of examples/minimal: planned again and destroyed, after all that tests/operate did to it."""

from __future__ import annotations

import pytest
from standins.deployment import Deployment

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]


@pytest.mark.destroys
def test_the_minimal_example_stays_as_it_is_and_goes(minimal: Deployment) -> None:
    """After all that tests/operate spoilt in it and put right."""
    plan = minimal.terraform.plan(minimal.variables)
    assert not plan.changed, plan.actions
    assert not plan.warnings
    minimal.terraform.destroy(minimal.variables)
    assert not minimal.terraform.state_list()
