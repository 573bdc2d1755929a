"""`zoomlogs doctor`: every check on a line of its own, as it is made."""

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

MARKS = {"ok": ("✓", "green"), "fix": ("✗", "bold red"), "unknown": ("?", "yellow"), "left out": ("–", "dim")}
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


def main(deployment: Deployment, trials: Trials | None = None, *, as_json: bool, without: Collection[str] = ()) -> int:
    """Make all checks, or the trials asked for, and show them; those `without` are left out, which is shown.

    Return 0 where every other check was made and is well, 1 otherwise. Raises `CommandError` for a name of no check.
    """
    checks = (trials.checks(deployment) if trials else ()) or CHECKS
    refuse_unknown(without, [check.name for check in checks])
    found: list[tuple[str, Finding]] = []
    out, aside = console(), console(stderr=True)
    with aside.status("looking …") as status:
        facts = Facts(deployment, session_for(deployment, must_answer=False), aside.say)
        for name, finding in findings(facts, checks, without):
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
    return 1 if any(finding.status in ("fix", "unknown") for _, finding in found) else 0


def refuse_unknown(without: Collection[str], names: Sequence[str]) -> None:
    """Raise `CommandError` for a name that no check made now has: what is left out by mistake would be looked at."""
    if unknown := sorted(set(without) - set(names)):
        raise CommandError(f"--without {unknown[0]}: there is no such check here; there is {listed(names)}.")


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
    unknown += f"; {count['left out']} left out" if count["left out"] else ""
    if count["fix"]:
        return f"{count['fix']} of {len(found)} checks found something to fix{unknown}."
    return f"{count['ok']} of {len(found)} checks are well, and nothing is to be fixed{unknown}."
