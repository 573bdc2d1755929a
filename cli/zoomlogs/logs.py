"""`zoomlogs logs`: the last runs as a table."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.text import Text

from .aws import FAILURES, error_code, in_a_sentence, session_for
from .console import cell, console, print_json, table
from .errors import CommandError
from .runs import LOOK_BACK, asked, last_runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from .deployment import Deployment
    from .runs import Run

COUNTS = ("written", "objects", "pages", "owed", "calls")
STYLES = {"ok": "green", "failed": "bold red", "waiting": "yellow", "stopped": "yellow"}


def main(deployment: Deployment, count: int, *, as_json: bool) -> int:
    """Show the last `count` runs; return 0, or 1 where there is none."""
    group = str(deployment.outputs["log_group"]["name"])
    now = datetime.now(UTC)
    try:
        with in_a_sentence(f"The log group {group} cannot be read"):
            found = last_runs(session_for(deployment).client("logs"), group, now, count)
    except CommandError as error:
        cause = error.__cause__
        if isinstance(cause, FAILURES) and error_code(cause) == "ResourceNotFoundException":
            raise CommandError(
                f"There is no log group {group} in {deployment.region}: run `terraform apply`, which makes it anew, or"
                " give the outputs of the deployment meant with --outputs.",
                status=1,
            ) from None
        raise
    out = console()
    if as_json:
        print_json([run.as_json() for run in found])
    elif found:
        out.print(as_table(found))
        for sentence in sentences(found):
            out.print(sentence)
    if not found:
        raise CommandError(
            f"No run has left a word in {group} in the last {LOOK_BACK.days} days: start one with `zoomlogs run`, or"
            " see with `zoomlogs doctor` whether the schedule is on.",
            status=1,
        )
    return 0


def as_table(found: Sequence[Run]) -> Table:
    """Return the runs as a table, the newest last; a column that no run fills is left out."""
    with_action = any(run.action for run in found)
    counted = ("took", *COUNTS)
    shown = table("", "began, UTC", "took", *(["action"] if with_action else []), *COUNTS, "outcome", numbers=counted)
    for run in found:
        counts = (run.written, run.objects, run.pages, run.owed, run.zoom_calls)
        shown.add_row(
            f"{run.began:%m-%d %H:%M}",
            seconds(run.seconds),
            *([asked(run.action)] if with_action else []),
            *("" if count is None else f"{count:,}" for count in counts),
            cell(run.outcome, STYLES.get(run.outcome, "")),
        )
    return shown


def sentences(found: Sequence[Run]) -> list[Text]:
    """Say once what runs had to say: of equal sentences, how many and the last time."""
    told: dict[tuple[str, str], list[Run]] = {}
    for run in found:
        if run.sentence:
            told.setdefault((run.outcome, run.sentence), []).append(run)
    return [
        Text.assemble(
            "\n",
            (outcome, STYLES.get(outcome, "")),
            f" at {runs[-1].began:%Y-%m-%d %H:%M}",
            f", and {len(runs) - 1} more like it" if len(runs) > 1 else "",
            f": {sentence}",
        )
        for (outcome, sentence), runs in told.items()
    ]


def seconds(taken: float | None) -> str:
    """Write a duration as people read it."""
    if taken is None:
        return ""
    return f"{taken:.1f} s" if taken < 60 else f"{int(taken // 60)}m {int(taken % 60):02}s"
