"""Shows Terraform at work: a bar on a terminal, a line now and then in a pipe."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from rich.console import Console

    from .terraform import Progress as Step

LINE_SECONDS = 15.0
SHOWN = 40  # characters of an address, so that the bar fits into 80 columns


class Applying:
    """The progress of `terraform init` and `terraform apply`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=16),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("terraform init", total=1)
        self._running: dict[str, None] = {}
        self._count = self._created = 0
        self._said = time.monotonic()

    def __enter__(self) -> Applying:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        self._console.print(line)

    def step(self, step: Step) -> None:
        """Show one step of the apply."""
        if step.action == "read":  # a data source is none of the resources
            return
        if step.state == "planned":
            self._count = step.count
            self.say(f"terraform apply creates {step.count} resources, which takes about a minute.")
            self._progress.update(self._task, total=step.count, completed=0)
        elif step.state == "started":
            self._running[step.address] = None
        elif step.state in ("complete", "failed"):
            self._running.pop(step.address, None)
            self._created += 1
            self._progress.advance(self._task)
        waiting = next(iter(self._running), "").rpartition("module.")[2]
        self._progress.update(self._task, description=f"{waiting or 'terraform apply':<{SHOWN}.{SHOWN}}")
        if self._created and not self._console.is_terminal and time.monotonic() - self._said > LINE_SECONDS:
            self._said = time.monotonic()
            self.say(f"{self._created} of {self._count} resources are there …")

    def done(self) -> None:
        """Remove the bar."""
        self._progress.stop()
