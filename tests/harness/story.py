"""What happens in the demo: a day of scheduled runs in which a run is killed, a row is late and two events are equal.

The guide's loop runs beside the collector: on the same Zoom, at the same times, killed in the same run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import count
from typing import TYPE_CHECKING

from standins.deployment import multiset

from .guide import GuideLoop

if TYPE_CHECKING:
    from collections.abc import Iterable

    from standins.deployment import Deployment, Record
    from standins.lambda_runtime import Invocation
    from standins.zoom import Zoom

RECORDS_A_DAY = 1_000
DAYS_BEFORE = range(-4, 4)  # of the first run: Zoom has records of these days
RUNS = 81
QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
KILLED_AT_PAGE = 4  # of a run that reads Zoom's last days again, as the first one of a day does

Tell = Callable[[datetime, str], object]


@dataclass(frozen=True)
class Plot:
    """When it happens, so that the last of the runs is at `end`.

    The guide's loop leaves a date at the first run after midnight. The collector reads it again twelve hours later. So
    that both are in the story at any time of day, there may be hours without a run after that.
    """

    end: datetime

    @property
    def midnight(self) -> datetime:
        """The midnight of the story."""
        return datetime.combine((self.end - 13 * HOUR).date(), time(), UTC)

    @property
    def start(self) -> datetime:
        """The time of the first run."""
        return min(self.end - (RUNS - 1) * QUARTER, self.midnight - HOUR - QUARTER / 3)

    @property
    def moments(self) -> list[datetime]:
        """The time of each scheduled run."""
        begun = [self.start + number * QUARTER for number in range(RUNS)]
        begun = [moment for moment in begun if moment <= self.midnight + 13 * HOUR]
        return begun + [self.end - number * QUARTER for number in reversed(range(RUNS - len(begun)))]

    @property
    def killed_at(self) -> datetime:
        """The time of the run that is killed: the first one after midnight."""
        return next(moment for moment in self.moments if moment >= self.midnight)

    @property
    def twins_at(self) -> datetime:
        """The second of the two equal events, which the killed run reads."""
        return (self.killed_at - QUARTER / 2).replace(microsecond=0)

    @property
    def late_time(self) -> datetime:
        """The time of the event that Zoom shows late: before midnight."""
        return self.midnight - HOUR / 2

    @property
    def late_at(self) -> datetime:
        """The time at which Zoom shows it: after the guide's loop has left its date."""
        return self.midnight + 8 * HOUR


@dataclass
class Played:
    """What came of the runs. `killed` is how many objects the killed run had written, None if no run was killed."""

    runs: list[tuple[datetime, Invocation]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    killed: int | None = None
    calls: int = 0


@dataclass(frozen=True)
class Figures:
    """The lines that a collector wrote, compared with Zoom's records.

    `lost_without_repeats` counts what is lost if equal lines are then removed: of two equal events, one is left.
    """

    records: int
    lines: int
    repeated: int
    lost: int
    lost_without_repeats: int
    calls: int

    @classmethod
    def of(cls, records: Iterable[Record], lines: Iterable[Record], calls: int) -> Figures:
        """Compare the lines with the records, as multisets."""
        truth, written = multiset([*records]), multiset([*lines])
        return cls(
            truth.total(),
            written.total(),
            (written - truth).total(),
            (truth - written).total(),
            (truth - Counter(set(written))).total(),
            calls,
        )

    @property
    def lines_per_record(self) -> float:
        """How often a record was written on average."""
        return self.lines / self.records


def fill(zoom: Zoom, plot: Plot) -> None:
    """Add the records to Zoom; each shows when the clock comes to its time."""
    zoom.clock.set(plot.start)
    for seed, days in enumerate(DAYS_BEFORE):
        zoom.add_day((plot.start + timedelta(days=days)).date(), RECORDS_A_DAY, seed=seed)
    event = {
        "time": f"{plot.twins_at:%Y-%m-%dT%H:%M:%SZ}",
        "operator": "admin@example.com",
        "category_type": "User",
        "action": "Batch Update",
        "operation_detail": "Change Role  - ana@example.com: from Member to Admin",
    }
    zoom.add(event)
    zoom.add(event)
    late = {**event, "time": f"{plot.late_time:%Y-%m-%dT%H:%M:%SZ}", "action": "Update"}
    zoom.add(late, visible_at=plot.late_at)


def play(deployment: Deployment, plot: Plot, guide: GuideLoop, tell: Tell, tick: Callable[[], object]) -> Played:
    """Let the scheduled runs happen, and tell what is worth it; `tick` is called after each run."""
    zoom, played = deployment.zoom, Played()
    for at in plot.moments:
        zoom.clock.set(at)
        calls = len(zoom.calls_to("report"))
        if at == plot.killed_at:
            run = _killed_run(deployment, played)
        else:
            run = deployment.run_scheduled()
            if not run.ok:
                played.failures.append(f"The run at {at:%H:%M} failed: {run.error.get('errorMessage')}")
        played.calls += len(zoom.calls_to("report")) - calls
        guide.run(at, **({"most_calls": 1} if at == plot.killed_at else {}))
        if sentence := _worth_telling(plot, played, at, run):
            tell(at, sentence)
        played.runs.append((at, run))
        tick()
    return played


def _killed_run(deployment: Deployment, played: Played) -> Invocation:
    """Run the collector, and kill its process when Zoom has made some pages for it."""
    pages, objects = count(1), len(deployment.objects())

    def kill(_page: int) -> None:
        if next(pages) == KILLED_AT_PAGE:
            deployment.runtime.kill()

    deployment.zoom.on_page = kill
    run = deployment.run_scheduled()
    deployment.zoom.on_page = None
    if not run.ok:
        played.killed = len(deployment.objects()) - objects
    return run


def _worth_telling(plot: Plot, played: Played, at: datetime, run: Invocation) -> str:
    """Return a sentence about a run, "" for one like the others."""
    if at == plot.killed_at:
        objects = "an object" if played.killed == 1 else f"{played.killed or 'no'} objects"
        return f"Two equal events; the run is killed after it wrote {objects}."
    if not run.ok:
        return f"A run fails: {run.error.get('errorMessage')}"
    records = f"{run.result['written']:,} records"
    if not played.runs:
        return f"The first run reads today and three days back: {records}."
    before = played.runs[-1][0]
    if before == plot.killed_at:
        return f"The next run goes on from the archive: {records} more."
    if before < plot.late_at <= at:
        return f"A row of {plot.late_time:%H:%M} shows only now; the guide's loop has left its date."
    if at - before > QUARTER:
        return f"After {(at - before) / HOUR:.1f} hours without a run: {records}."
    if at > plot.late_at and run.result["pages"] > KILLED_AT_PAGE:
        return f"The last days are read again, as every 12 hours: {records}."
    return "The last run: the clock has come to now." if at == plot.end else ""
