"""`zoomlogs doctor`: every check on a line of its own, as it is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.table import Table

from ..aws import session_for
from ..console import cell, console, print_json
from .checks import AS_READER, CHECKS, PROBE, TEST_ALARM, TRIALS, findings
from .facts import Facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..deployment import Deployment
    from .checks import Check
    from .findings import Finding

MARKS = {"ok": ("✓", "green"), "fix": ("✗", "bold red"), "unknown": ("?", "yellow")}
_WIDEST_NAME = max(len(check.name) for check in (*CHECKS, *TRIALS))


@dataclass(frozen=True)
class Trials:
    """What is to be tried, by the options that ask for it."""

    probe: bool = False
    test_alarm: bool = False
    as_reader: bool = False

    def checks(self, deployment: Deployment) -> tuple[Check, ...]:
        """Return the checks asked for; where the reader has no access key, only the one that says why."""
        has_key = (deployment.outputs.get("reader") or {}).get("mode") == "user"
        return (
            *(PROBE if self.probe else ()),
            *(TEST_ALARM if self.test_alarm else ()),
            *((AS_READER if has_key else AS_READER[:1]) if self.as_reader else ()),
        )


def main(deployment: Deployment, trials: Trials | None = None, *, as_json: bool) -> int:
    """Make all checks, or the trials asked for, and show them.

    Return 0, or 1 where something is to be fixed, or where a trial could not be made.
    """
    asked = trials.checks(deployment) if trials else ()
    found: list[tuple[str, Finding]] = []
    out, aside = console(), console(stderr=True)
    with aside.status("looking …") as status:
        facts = Facts(deployment, session_for(deployment, must_answer=False), aside.say)
        for name, finding in findings(facts, asked or CHECKS):
            found.append((name, finding))
            if not as_json:
                status.stop()
                out.print(line(name, finding))
                status.start()
    if as_json:
        document = [{"check": name, "status": finding.status, "sentence": finding.sentence} for name, finding in found]
        print_json(document)
    else:
        out.print()
        out.say(summary([finding for _, finding in found]))
    wrong = {"fix", "unknown"} if asked else {"fix"}
    return 1 if any(finding.status in wrong for _, finding in found) else 0


def line(name: str, finding: Finding) -> Table:
    """Return a check as a line: mark, name, sentence."""
    mark, style = MARKS[finding.status]
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(width=_WIDEST_NAME)
    grid.add_column(overflow="fold")
    grid.add_row(cell(mark, style), name, cell(finding.sentence))
    return grid


def summary(found: Sequence[Finding]) -> str:
    """Say in a sentence how it is."""
    count = {status: sum(finding.status == status for finding in found) for status in MARKS}
    unknown = f"; {count['unknown']} could not be checked" if count["unknown"] else ""
    if count["fix"]:
        return f"{count['fix']} of {len(found)} checks found something to fix{unknown}."
    return f"{count['ok']} of {len(found)} checks are well, and nothing is to be fixed{unknown}."
