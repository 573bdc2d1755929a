"""What the demo found: one table beside the guide's loop, one verdict, and what is wrong."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from zoomlogs.console import table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from .arrival import Arrived
    from .story import Figures, Played


@dataclass(frozen=True)
class Outcome:
    """All that is counted.

    `archive` and `arrived` of all days, `collector` and `guide` of the days of the runs.

    `verify` is what was wrong for `zoomlogs verify`, "" if nothing was.
    """

    archive: Figures
    arrived: Arrived
    played: Played
    collector: Figures
    guide: Figures
    verify: str

    def problems(self) -> list[str]:
        """Return a sentence about each number that is wrong."""
        return list(self._problems())

    def _problems(self) -> Iterator[str]:
        archive, runs = self.archive, self.played
        yield from runs.failures
        if archive.lost:
            yield f"{archive.lost} of Zoom's records are missing from the archive."
        if archive.repeated:
            yield f"{archive.repeated} records are in the archive more often than in Zoom."
        if not self.arrived.exact or self.arrived.in_secops != archive.records:
            yield f"Google SecOps has {self.arrived.in_secops} events of {archive.records} records."
        if self.verify:
            yield self.verify
        if not runs.killed:
            yield "No run was killed after it wrote an object and before it saved its state."
        if self.collector.lost or self.collector.repeated:
            yield f"The collector lost {self.collector.lost} records and repeated {self.collector.repeated}."
        if not self.guide.lost:
            yield "The guide's loop lost nothing, although a row came late."
        if not self.guide.repeated:
            yield "The guide's loop repeated nothing."
        if self.guide.lost_without_repeats <= self.guide.lost:
            yield "Removing the guide's repeats lost nothing, although two events are equal."

    def table(self) -> Table:
        """Return the table."""
        ours, guide = self.collector, self.guide
        shown = table("", "", "the guide's loop", "this collector", numbers=("the guide's loop", "this collector"))
        for name, of_guide, of_ours in (
            ("scheduled runs", f"{len(self.played.runs)}", f"{len(self.played.runs)}"),
            ("requests to Zoom's report", f"{guide.calls:,}", f"{ours.calls:,}"),
            (f"lines written of {ours.records:,} records", f"{guide.lines:,}", f"{ours.lines:,}"),
            ("lines written per record", f"{guide.lines_per_record:.2f}", f"{ours.lines_per_record:.2f}"),
            ("records lost", f"{guide.lost:,}", f"{ours.lost:,}"),
            ("records lost if repeats are removed", f"{guide.lost_without_repeats:,}", "no repeats"),
        ):
            shown.add_row(name, of_guide, of_ours)
        return shown

    def verdict(self) -> str:
        """Return the verdict: the counts, and what the guide's loop would have done."""
        archive = self.archive
        return (
            f"{archive.records:,} in Zoom, {archive.lines:,} in the archive,"
            f" {self.arrived.in_secops:,} in SecOps: {archive.lost} missing, {archive.repeated} repeated.\n"
            f"The guide's loop lost {self.guide.lost} of {self.guide.records:,},"
            f" and sends SecOps {self.guide.lines:,} lines."
        )

    def document(self, seconds: float) -> dict[str, Any]:
        """Return all counts, for a program."""
        problems = self.problems()
        return {
            "ok": not problems,
            "problems": problems,
            "in_zoom": self.archive.records,
            "in_archive": self.archive.lines,
            "missing": self.archive.lost,
            "repeated": self.archive.repeated,
            "in_secops": self.arrived.in_secops,
            "runs": len(self.played.runs),
            "collector": asdict(self.collector),
            "guide": asdict(self.guide),
            "seconds": round(seconds, 1),
        }
