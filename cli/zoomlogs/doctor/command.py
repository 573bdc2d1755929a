"""`zoomlogs doctor`: runs the checks and shows each on a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.table import Table

from ..aws import session_for
from ..console import cell, console, print_json
from ..dates import listed
from ..errors import CommandError
from .checks import AS_READER, CHECKS, PROBE, TEST_ALARM, TRIALS, findings
from .facts import Facts

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ..deployment import Deployment
    from .checks import Check
    from .findings import Finding

PROBLEMS = ("unknown", "fix")  # shown last, fixes nearest to the prompt
MARKS = {"ok": ("✓", "green"), "fix": ("✗", "bold red"), "unknown": ("?", "yellow"), "left out": ("–", "dim")}
_WIDEST_NAME = max(len(check.name) for check in (*CHECKS, *TRIALS))


@dataclass(frozen=True)
class Trials:
    """Which trials to run, by option."""

    probe: bool = False
    test_alarm: bool = False
    as_reader: bool = False

    def checks(self, deployment: Deployment) -> tuple[Check, ...]:
        """Return the checks; if the reader has no access key, only the one that says why."""
        has_key = (deployment.outputs.get("reader") or {}).get("mode") == "user"
        return (
            *(PROBE if self.probe else ()),
            *(TEST_ALARM if self.test_alarm else ()),
            *((AS_READER if has_key else AS_READER[:1]) if self.as_reader else ()),
        )


def main(
    deployment: Deployment,
    trials: Trials | None = None,
    *,
    as_json: bool,
    without: Collection[str] = (),
    only_problems: bool = False,
) -> int:
    """Run all checks, or only the trials, and show the results; skip the checks in `without`.

    Return 0 if every other check passed, otherwise 1. Raises `CommandError` for an unknown check.
    """
    checks = (trials.checks(deployment) if trials else ()) or CHECKS
    refuse_unknown(without, [check.name for check in checks])
    found: list[tuple[str, Finding]] = []
    out, aside = console(), console(stderr=True)
    with aside.status("checking …") as status:
        facts = Facts(deployment, session_for(deployment, must_answer=False), aside.say)
        for name, finding in findings(facts, checks, without):
            found.append((name, finding))
            if not as_json and not only_problems and finding.status not in PROBLEMS:
                status.stop()
                out.print(line(name, finding))
                status.start()
    if as_json:
        shown = [(name, finding) for name, finding in found if not only_problems or finding.status in PROBLEMS]
        print_json([{"check": name, "status": finding.status, "sentence": finding.sentence} for name, finding in shown])
    else:
        for name, finding in problems(found):
            out.print(line(name, finding))
        out.print()
        out.say(summary([finding for _, finding in found]))
    return 1 if any(finding.status in PROBLEMS for _, finding in found) else 0


def refuse_unknown(without: Collection[str], names: Sequence[str]) -> None:
    """Raise `CommandError` for an unknown check: after a typing error, a check would run that should be skipped."""
    if unknown := sorted(set(without) - set(names)):
        raise CommandError(f"--without {unknown[0]}: there is no such check; the checks are {listed(names)}.")


def problems(found: Sequence[tuple[str, Finding]]) -> list[tuple[str, Finding]]:
    """Return the problems in the order in which they are shown."""
    return [each for status in PROBLEMS for each in found if each[1].status == status]


def line(name: str, finding: Finding) -> Table:
    """Return a line with mark, name and sentence."""
    mark, style = MARKS[finding.status]
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(width=_WIDEST_NAME)
    grid.add_column(overflow="fold")
    grid.add_row(cell(mark, style), name, cell(finding.sentence))
    return grid


def summary(found: Sequence[Finding]) -> str:
    """Return a sentence with the number of problems."""
    count = {status: sum(finding.status == status for finding in found) for status in MARKS}
    unknown = f"; {count['unknown']} could not be checked" if count["unknown"] else ""
    unknown += f"; {count['left out']} skipped" if count["left out"] else ""
    if count["fix"]:
        return f"{count['fix']} of {len(found)} checks found something to fix{unknown}."
    return f"{count['ok']} of {len(found)} checks passed, and nothing needs a fix{unknown}."
