"""The command: measure, show progress, write the table and the chart."""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from zoom_operationlogs.metrics import METRICS

from . import figures, puller
from .chart import chart
from .cost import ALARMS, Function, Prices
from .report import Machine, cost_figures, cost_rows, document

DOCS = Path(__file__).resolve().parents[2] / "docs"
SIZES = [1_000, 3_000, 10_000, 100_000]


def main(arguments: list[str] | None = None) -> None:
    """Measure everything, and write `bench.md` and `bench.svg`."""
    parser = argparse.ArgumentParser(prog="bench", description="Measure the collector and the written guide's loop.")
    parser.add_argument("--quick", action="store_true", help="a 300th of the sizes, as a trial")
    parser.add_argument("--out", type=Path, default=DOCS, help="the folder to write to (default: docs)")
    chosen = parser.parse_args(arguments)
    scale = figures.Scale(1 / 300, 1) if chosen.quick else figures.Scale()
    console = Console()
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    ) as progress:

        def step(name: str, ticks: int) -> Callable[[], object]:
            task = progress.add_task(escape(name), total=ticks)
            return lambda: progress.advance(task)

        cpu = figures.cpu(scale, step)
        idle = figures.idle_run(step)
        rows = [figures.sweep_wall(scale, step), cpu, *figures.memory(scale, step), figures.cold_import(scale, step)]
        days = figures.simulated(scale, SIZES, step)
        of_puller = puller.section(scale.of(3_000), step(puller.TITLE, 3))
        uneven = [figures.disorder(days[3_000][0], step), *figures.first_runs(scale, step)]
    ours = Function(512, cpu.ours / 10**6, idle["log_bytes"], len(METRICS), secrets=1, alarms=ALARMS)
    guide = Function(128, (cpu.yardstick or 0.0) / 10**6, 0, 0, secrets=0)
    machine = Machine(_cpu_model(), os.cpu_count() or 1, platform.python_version(), f"{datetime.now(UTC):%Y-%m-%d}")
    chosen.out.mkdir(parents=True, exist_ok=True)
    costs = cost_rows(days, ours, guide, Prices())
    rows = [*figures.day_figures(days), *uneven, *rows, *cost_figures(costs)]
    text = document(rows, costs, ours, guide, Prices(), machine, quick=chosen.quick) + of_puller
    (chosen.out / "bench.md").write_text(text, encoding="utf-8")
    (chosen.out / "bench.svg").write_text(chart(rows, machine), encoding="utf-8")
    console.print(text, markup=False, highlight=False, soft_wrap=True)
    console.print(f"Written to {chosen.out / 'bench.md'} and bench.svg.", markup=False)


def _cpu_model() -> str:
    """Return the processor's name, or its architecture on other systems."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())
