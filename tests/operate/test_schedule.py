"""How far two runs are apart, as a schedule's expression tells it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from zoomlogs.schedule import interval


@pytest.mark.parametrize(
    ("expression", "minutes"),
    [
        ("rate(1 minute)", 1),
        ("rate(15 minutes)", 15),
        ("rate(1 hours)", 60),
        ("rate(2 days)", 2880),
        ("rate(99999 days)", 99999 * 1440),
    ],
)
def test_a_rate_tells_it(expression: str, minutes: int) -> None:
    assert interval(expression) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "cron(0 6 * * ? *)",
        "at(2026-01-31T12:00:00)",
        "rate(x)",
        "rate(0 days)",
        "rate(1 week)",
        "rate(1234567 days)",
    ],
)
def test_nothing_else_does(expression: str) -> None:
    assert interval(expression) is None
