"""docs/operations.md: the table of metrics, and an entry for each alarm."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operations.md"


def text() -> str:
    return PAGE.read_text(encoding="utf-8")


def section(title: str) -> str:
    """Return the section under a second-level heading."""
    [found] = re.findall(rf"(?ms)^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text())
    return str(found)


def entries_by_name() -> dict[str, str]:
    """Return the page's entry for each alarm, by its name."""
    return dict(re.findall(r"(?ms)^### `([\w-]+)`\n(.*?)(?=^### |\Z)", section("The alarms")))


def entries() -> dict[str, str]:
    """Return the page's entry for each alarm, by what it watches."""
    return {name.removeprefix("FUNCTION-").replace("-", "_"): entry for name, entry in entries_by_name().items()}


def promised(concern: str) -> timedelta:
    """Return how soon after its cause an alarm fires, by its entry."""
    [(number, unit)] = re.findall(r"[Nn]otified\s+within (\d+) (minutes|hours)", entries()[concern])
    return timedelta(**{unit: int(number)})


def metrics() -> dict[str, str]:
    """Return the unit of each metric in the page's table."""
    return dict(re.findall(r"(?m)^\| `(\w+)` \| (\w+) \|", section("The metrics")))


def log_fields() -> list[str]:
    """Return the fields of the line "run ended" in the page's table."""
    return re.findall(r"(?m)^\| `(\w+)` \|", section('The line "run ended"'))
