"""`zoomlogs doctor`: every check on a line of its own, as it is made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..aws import session
from ..udm.tables import printable
from .checks import CHECKS, findings
from .facts import Facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..deployment import Deployment
    from .findings import Finding

MARKS = {"ok": ("✓", "green"), "fix": ("✗", "bold red"), "unknown": ("?", "yellow")}
_WIDEST_NAME = max(len(check.name) for check in CHECKS)


def main(deployment: Deployment, *, as_json: bool) -> int:
    """Make all checks and show them; return 0, or 1 where something is to be fixed."""
    found: list[tuple[str, Finding]] = []
    console = Console(highlight=False, emoji=False)
    with Console(stderr=True).status("looking …") as status:
        for name, finding in findings(Facts(deployment, session(deployment.region))):
            found.append((name, finding))
            if not as_json:
                status.stop()
                console.print(line(name, finding))
                status.start()
    if as_json:
        document = [{"check": name, "status": finding.status, "sentence": finding.sentence} for name, finding in found]
        print(json.dumps(document, ensure_ascii=False, indent=2))  # noqa: T201
    else:
        console.print(f"\n{summary([finding for _, finding in found])}", markup=False)
    return 1 if any(finding.status == "fix" for _, finding in found) else 0


def line(name: str, finding: Finding) -> Table:
    """Return a check as a line: mark, name, sentence."""
    mark, style = MARKS[finding.status]
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(width=_WIDEST_NAME)
    grid.add_column(overflow="fold")
    grid.add_row(Text(mark, style=style), Text(name), Text(printable(finding.sentence)))
    return grid


def summary(found: Sequence[Finding]) -> str:
    """Say in a sentence how it is."""
    count = {status: sum(finding.status == status for finding in found) for status in MARKS}
    unknown = f"; {count['unknown']} could not be checked" if count["unknown"] else ""
    if count["fix"]:
        return f"{count['fix']} of {len(found)} checks found something to fix{unknown}."
    return f"{count['ok']} of {len(found)} checks are well, and nothing is to be fixed{unknown}."
