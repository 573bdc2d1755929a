"""Least privilege, proved by running the policies that Terraform applied: every cell, allowed or denied."""

from __future__ import annotations

import pytest

from .matrix import ROWS, Row, verdict
from .world import PRINCIPALS, World

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("principal", PRINCIPALS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_cell(row: Row, principal: str, world: World) -> None:
    assert verdict(row, world, principal) == (principal in row.allowed)
