"""Shows on standard error how the runs go: the collector's words, and on a terminal a bar of days and the time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ..console import SafeConsole, console

if TYPE_CHECKING:
    from ..runs import Line

_COLOURS = {"WARNING": "yellow", "ERROR": "red"}


class Screen:
    """Where progress is shown; `days` is how many dates were asked for, None where they are not counted."""

    def __init__(self, what: str, days: int | None, to: SafeConsole | None = None) -> None:
        self._console = to or console(stderr=True)
        self._days = days
        bar = [BarColumn(bar_width=24), TextColumn("{task.completed:.0f}/{task.total:.0f} days")] if days else []
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            *bar,
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._progress.add_task(what, total=days, note="")
        self._requests: list[str] = []

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def say(self, sentence: str, style: str = "") -> None:
        """Print a line above the bar."""
        self._console.say(sentence, style)

    def line(self, line: Line) -> None:
        """Print what a log line says; where several runs speak, each with the beginning of its request id."""
        if not line.worth_saying:
            return
        if line.request_id not in self._requests:
            self._requests.append(line.request_id)
        who = f"  [{line.request_id[:8]}]" if len(self._requests) > 1 else ""
        self.say(f"{line.time:%H:%M:%S}{who}  {line.worth_saying}", _COLOURS.get(line.level, ""))

    def next_run(self) -> None:
        """Begin a run: its words are its own again."""
        self._requests.clear()

    def left(self, days: int) -> None:
        """Show how many of the days asked for are still owed."""
        if self._days:
            self._progress.update(self._task, completed=self._days - days)

    def calls_left(self, calls: int | None) -> None:
        """Show what is left of Zoom's daily quota, where the collector says it."""
        if calls is not None:
            self._progress.update(self._task, note=f"Zoom: {calls:,} calls left today")
