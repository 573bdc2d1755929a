"""The figures: what is measured, how often, and the limits."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from zoom_operationlogs.checkpoint import Checkpoint, Stream
from zoom_operationlogs.checkpoint_format import encode
from zoom_operationlogs.delivered import Delivered, DeliveredDay
from zoom_operationlogs.fingerprints import FingerprintCounts
from zoom_operationlogs.records import FINGERPRINT_BYTES
from zoom_operationlogs.reports import OPERATION_LOGS

from .days import (
    ONE_IN,
    PAGE_SIZE,
    POLLS,
    SLOW_ZOOM_SECONDS,
    ZOOM_SECONDS,
    Day,
    FirstRun,
    Progress,
    collector_day,
    first_run,
    yardstick_day,
)
from .processes import Host, host, measured

ONE_DAY = timedelta(days=1)
LATENCY = 0.25
SHORT_LATENCY = 0.05
WALL_REPEATS = 2  # each takes 50 s, nearly all of it waiting
# The full days of a checkpoint, by days before today, without yesterday, which the run reads.
WINDOW_OF_3 = (4, 3, 2)
WINDOW_OF_28 = (*range(29, 1, -1), 0, -1)
PACKAGE = Path(__file__).resolve().parents[2] / "lambda" / "dist" / "collector.zip"
LIBRARIES = [
    "boto3",
    "requests",
    "aws_lambda_powertools",
    "aws_lambda_powertools.metrics",
    "aws_lambda_powertools.utilities.parameters",
    "tenacity",
]
MB = 10**6


@dataclass(frozen=True)
class Scale:
    """Sizes and repetitions; `share` of the full sizes."""

    share: float = 1.0
    repeats: int = 5

    def of(self, records: int) -> int:
        """Return the size to use for a full size."""
        return max(PAGE_SIZE, round(records * self.share))


@dataclass(frozen=True)
class Figure:
    """One row of the table; `limit` None means that the yardstick's figure is the limit."""

    name: str
    ours: float
    yardstick: float | None
    limit: float
    unit: str = ""
    digits: int = 0
    remark: str = ""

    @property
    def met(self) -> bool:
        """Return whether the printed figure is within the limit."""
        return round(self.ours, self.digits) <= self.limit


Step = Callable[[str, int], Progress]  # begins a step with a number of ticks; returns a function to call at each


def simulated(scale: Scale, sizes: list[int], step: Step) -> dict[int, tuple[Day, Day]]:
    """Return a day of the collector and one of the guide's loop for each size, without duplicates."""
    days: dict[int, tuple[Day, Day]] = {}
    for size in sizes:
        records = scale.of(size)
        if records not in days:
            truth = size <= 10_000
            ours = collector_day(records, step(f"{records:,} records a day: collector", 2 * POLLS), truth=truth)
            theirs = yardstick_day(records, step(f"{records:,} records a day: the guide's loop", POLLS), truth=truth)
            days[records] = (ours, theirs)
    return {size: days[scale.of(size)] for size in sizes}


def day_figures(days: dict[int, tuple[Day, Day]]) -> list[Figure]:
    """Return the figures from simulated days."""
    (ours, theirs), (large, large_theirs) = days[3_000], days[100_000]
    remark = f"missing of the day: {ours.missing} (guide: {theirs.missing})"
    return [
        Figure(
            f"lines written per record, {ours.records:,} a day",
            ours.lines / ours.records,
            theirs.lines / theirs.records,
            1.0,
            digits=3,
            remark=remark,
        ),
        Figure(
            f"report calls a day, {ours.records:,} records a day, steady state",
            ours.report_calls,
            theirs.report_calls,
            160,
        ),
        Figure(
            f"report calls a day, {large.records:,} records a day, steady state",
            large.report_calls,
            large_theirs.report_calls,
            3_000,
        ),
        Figure("S3 requests of an idle poll", ours.idle_s3, theirs.idle_s3, 6),
    ]


def disorder(in_order: Day, step: Step) -> Figure:
    """Compare a day whose records are slightly out of order with the same day in order."""
    tick = step(f"{in_order.records:,} records a day, 1 in {ONE_IN} out of order", 2 * POLLS)
    day = collector_day(in_order.records, tick, truth=True, disordered=True)
    calls = f"{day.report_calls:,} calls against {in_order.report_calls:,}"
    return Figure(
        f"report calls a day, 1 row in {ONE_IN} out of order ÷ all in order",
        day.report_calls / in_order.report_calls,
        None,
        1.1,
        digits=2,
        remark=f"{day.records:,} records a day, up to a minute out of order: {calls};"
        f" missing of the day: {day.missing}, lines per record: {day.lines / day.records:.3f}",
    )


def first_runs(scale: Scale, step: Step) -> list[Figure]:
    """Measure the calls of a first run: one that ends in time, and a window that takes several runs."""
    a_day, large = scale.of(3_000), scale.of(120_000)
    one = first_run(dict.fromkeys(range(4), a_day), ZOOM_SECONDS, step("a first run", 1))
    several = first_run({1: large}, SLOW_ZOOM_SECONDS, step("a first run that takes several", 1))

    def figure(what: str, of: str, first: FirstRun) -> Figure:
        runs = "1 run" if first.runs == 1 else f"{first.runs} runs"
        remark = f"{of}: {first.pages} pages, {first.calls:,} calls in {runs}; missing: {first.missing}"
        return Figure(
            f"report calls of a first run ÷ (1.1 × pages + 10), {what}", first.share, None, 1.0, digits=2, remark=remark
        )

    return [
        figure("small", f"{a_day:,} records a day", one),
        figure("large", f"{large:,} records on one day, {SLOW_ZOOM_SECONDS:.0f} s a page", several),
    ]


def backfill(day: date) -> dict[str, str]:
    """Return the event that requests one day."""
    return {"action": "backfill", "from": str(day), "to": str(day)}


def sweep_wall(scale: Scale, step: Step) -> Figure:
    """Measure a sweep of a day over sockets with 250 ms for each page, and `requests` alone with 50 ms."""
    day, records = _today() - 10 * ONE_DAY, scale.of(60_000)
    repeats = min(scale.repeats, WALL_REPEATS)
    ours: list[float] = []
    theirs: list[float] = []
    tick = step("wall time of a sweep", 2 * repeats + 1)
    with host({day: records}, latency=LATENCY) as stand_ins:
        for _ in range(repeats):
            ours.append(_wall(measured("collector", [{}, backfill(day)], stand_ins.new_archive()), LATENCY))
            tick()
            theirs.append(_wall(measured("yardstick", [str(day)], stand_ins.new_archive()), LATENCY))
            tick()
    with host({day: records}, latency=SHORT_LATENCY) as stand_ins:
        alone = _wall(measured("requests", [str(day)], stand_ins.new_archive()), SHORT_LATENCY)
        tick()
    remark = (
        f"the fastest of {repeats}; the median is {median(ours):.2f}. `requests` alone takes {alone:.2f} at 50 ms a"
        " page, so the limit is set at 250 ms"
    )
    name = f"wall time of a sweep ÷ (pages × 250 ms), {records:,} records"
    return Figure(name, min(ours), min(theirs), 1.05, digits=2, remark=remark)


def cpu(scale: Scale, step: Step) -> Figure:
    """Measure the CPU of reading a day and writing it to S3 once, boto3 and requests included."""
    day, records = _today() - 10 * ONE_DAY, scale.of(200_000)
    ours: list[float] = []
    theirs: list[float] = []
    with host({day: records}) as stand_ins:
        tick = step("CPU per record", scale.repeats)
        for _ in range(scale.repeats):
            for what, job, seconds in (("collector", [{}, backfill(day)], ours), ("yardstick", [str(day)], theirs)):
                report = measured(what, job, stand_ins.new_archive())
                if report["written"] != records:
                    raise AssertionError(f"The {what} wrote {report['written']} of {records} records.")
                seconds.append(report["cpu"] / records * MB)
            tick()
    name = "CPU seconds per million records, S3 writes included"
    remark = f"scaled from {records:,} records, the least of {scale.repeats}; limit: the guide's loop in this run"
    return Figure(name, min(ours), min(theirs), round(min(theirs), 1), " s", digits=1, remark=remark)


def memory(scale: Scale, step: Step) -> list[Figure]:
    """Measure the peak memory of the process that runs the handler, imports included."""
    yesterday = _today() - ONE_DAY
    one, million, long = scale.of(120_000), scale.of(1_000_000), scale.of(200_000)
    with host({yesterday: one}) as stand_ins:
        ours = _peak(stand_ins, yesterday, stand_ins.new_archive(), step("memory, one day", 2))
        theirs = measured("yardstick", [str(yesterday)], stand_ins.new_archive())["peak_bytes"] / MB
    with host({yesterday: million}) as stand_ins:
        archive = _archive_with(stand_ins, million, WINDOW_OF_3)
        ours_million = _peak(stand_ins, yesterday, archive, step("memory, a million a day", 2))
        theirs_million = measured("yardstick", [str(yesterday)], stand_ins.new_archive())["peak_bytes"] / MB
    with host({yesterday: long}) as stand_ins:
        archive = _archive_with(stand_ins, long, WINDOW_OF_28) | {"LOOKBACK_DAYS": "28"}
        ours_long = _peak(stand_ins, yesterday, archive, step("memory, 28-day window", 2))
    made = "made of random fingerprints by the collector's own classes"
    return [
        Figure(
            f"peak memory, a day of {one:,} records",
            ours,
            theirs,
            200,
            " MB",
            remark="the larger of a first run and of one that reads the day again",
        ),
        Figure(
            f"peak memory, a day of {million:,} records, 3-day window",
            ours_million,
            theirs_million,
            512,
            " MB",
            remark=f"three more days of {million:,} in the checkpoint, {made}",
        ),
        Figure(
            f"peak memory, a day of {long:,} records, 28-day window",
            ours_long,
            None,
            512,
            " MB",
            remark=f"`LOOKBACK_DAYS=28`: {len(WINDOW_OF_28)} more days of {long:,} in the checkpoint, {made}",
        ),
    ]


def full_window(records: int, days_back: Sequence[int], stream: Stream) -> bytes:
    """Return a checkpoint with a number of records on each of those days before today, which owes nothing.

    The earliest is the day before the window, which a checkpoint still keeps.
    """
    rng = random.Random(1)
    today = _today()
    known = {}
    for back in days_back:
        counts = FingerprintCounts()
        counts.add(rng.randbytes(FINGERPRINT_BYTES) for _ in range(records))
        counts.pack()  # as bytes they need a tenth of the memory
        day = today - back * ONE_DAY
        known[day] = DeliveredDay(day, 1, counts)
    first = min(known) + ONE_DAY
    return encode(Checkpoint(first, first - ONE_DAY, stream, reconciled=datetime.now(UTC), delivered=Delivered(known)))


def cold_import(scale: Scale, step: Step) -> Figure:
    """Measure the CPU of importing the handler and of importing its libraries, both as Lambda does.

    Lambda unpacks the package into a read-only folder, so all its modules are compiled at each cold start. boto3 is not
    in the package: it comes with the runtime, and its bytecode is cached.
    """
    repeats = 2 * scale.repeats + 1
    ours, libraries = [], []
    tick = step("cold import", repeats)
    measured("imports", ["boto3"], {"PYTHONDONTWRITEBYTECODE": ""})
    with TemporaryDirectory() as folder:
        with zipfile.ZipFile(PACKAGE) as package:
            package.extractall(folder)
        environment = {"PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1"}
        for _ in range(repeats):
            ours.append(_import_cpu(["zoom_operationlogs.handler"], environment))
            libraries.append(_import_cpu(LIBRARIES, environment))
            tick()
    remark = (
        f"{median(ours) * 1000:.0f} ms against {median(libraries) * 1000:.0f} ms of CPU, medians of {repeats};"
        " from the package, without bytecode"
    )
    return Figure(
        "cold import of the handler ÷ its libraries", median(ours) / median(libraries), None, 1.25, digits=2,
        remark=remark,
    )  # fmt: skip


def idle_run(step: Step) -> dict[str, Any]:
    """Return the S3 requests and log bytes of an idle poll of the real handler."""
    tick = step("an idle poll", 1)
    with host({_today() - ONE_DAY: 1_000}) as stand_ins:
        report = measured("collector", [{}, {}, {}], stand_ins.new_archive())
    tick()
    return report


def _archive_with(stand_ins: Host, records: int, days_back: Sequence[int]) -> dict[str, str]:
    archive = stand_ins.new_archive()
    stream = Stream.of(archive["ZOOM_ACCOUNT_ID"], OPERATION_LOGS.name, archive["S3_PREFIX"])
    stand_ins.put(archive["STATE_KEY"], full_window(records, days_back, stream))
    return archive


def _peak(stand_ins: Host, day: date, archive: dict[str, str], tick: Progress) -> float:
    before = stand_ins.size(archive["STATE_KEY"])
    peaks: list[float] = []
    for event in ({}, backfill(day)):
        peaks.append(measured("collector", [event], archive)["peak_bytes"] / MB)
        tick()
    if stand_ins.size(archive["STATE_KEY"]) < before:
        raise AssertionError("The collector did not keep the given checkpoint: its memory figure is meaningless.")
    return max(peaks)


def _import_cpu(modules: list[str], environment: dict[str, str]) -> float:
    report = measured("imports", modules, environment)
    if not str(report["file"]).startswith(environment["PYTHONPATH"]):
        raise AssertionError(f"{modules[-1]} comes from {report['file']}, not from the package.")
    return float(report["cpu"])


def _wall(report: dict[str, Any], latency: float) -> float:
    return float(report["wall"] / (report["pages"] * latency))


def _today() -> date:
    return datetime.now(UTC).date()
