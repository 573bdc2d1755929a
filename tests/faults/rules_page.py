"""Writes the rules into docs/architecture.md, each with the measured effect of breaking it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from marked import replaced

from .mutations import prove
from .rules import GROUPS
from .world import Promise, PromiseBrokenError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "architecture.md"
BEGIN, END = "<!-- BEGIN RULES -->", "<!-- END RULES -->"
RECORDS = {Promise.MISSING: "missing", Promise.REPEATED: "repeated"}


def updated(page: str) -> str:
    """Return the page with the rules, measured now, between its markers."""
    return replaced(page, BEGIN, END, "\n".join(["", *_tables()]))


def row(rule: str, broken: PromiseBrokenError) -> str:
    """Return one line of a table."""
    return f"| {rule} | {_consequence(broken)} |"


def rules_of(page: str) -> list[str]:
    """Return the rules that the page has between its markers, in their order."""
    listed = page.partition(BEGIN)[2].partition(END)[0]
    return [rule for rule in re.findall(r"^\| (.*?) \| .* \|$", listed, re.MULTILINE) if rule != "rule"]


def _tables() -> Iterator[str]:
    for title, rows in GROUPS.items():
        yield from (f"### {title}", "", "| rule | without it |", "|---|---|")
        for rule, mutation, scenario, promise in rows:
            yield row(rule, prove(mutation, scenario, promise))
        yield ""


def _consequence(broken: PromiseBrokenError) -> str:
    if counted := re.match(r"(\d+) records, such as", broken.found):
        found = f"{counted[1]} {RECORDS[broken.promise]}"
    else:
        found = re.sub(r"zoom/\S+\.json\.gz", "an object", broken.found)
        found = re.sub(r'^\{".*"\} is', "a record is", found)
    return re.sub(r"^1 (\w+)s\b", r"1 \1", found)
