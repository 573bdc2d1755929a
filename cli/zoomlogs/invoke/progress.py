"""Shows progress on standard error: the collector's messages, and on a terminal a progress bar and the time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ..console import SafeConsole, console
from ..printable import printable

if TYPE_CHECKING:
    from ..runs import Line

_COLOURS = {"WARNING": "yellow", "ERROR": "red"}


class Screen:
    """Shows progress; `days` is the number of requested dates, None to show no bar."""

    def __init__(self, what: str, days: int | None, to: SafeConsole | None = None) -> None:
        self._console = to or console(stderr=True)
        self._days = days
        bar = [BarColumn(bar_width=16), TextColumn("{task.completed:.0f}/{task.total:.0f} days")] if days else []
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
        self._task = self._progress.add_task(printable(what), total=days, note="")
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
        """Print a log line's message; if several runs log, with the beginning of the request ID."""
        if not line.worth_saying:
            return
        if line.request_id not in self._requests:
            self._requests.append(line.request_id)
        who = f"  [{line.request_id[:8]}]" if len(self._requests) > 1 else ""
        self.say(f"{line.time:%H:%M:%S}{who}  {line.worth_saying}", _COLOURS.get(line.level, ""))

    def next_run(self) -> None:
        """Begin a new run."""
        self._requests.clear()

    def left(self, days: int) -> None:
        """Show how many of the requested days are still owed."""
        if self._days:
            self._progress.update(self._task, completed=self._days - days)

    def calls_left(self, calls: int | None) -> None:
        """Show the rest of Zoom's daily quota, if it is known."""
        if calls is not None:
            self._progress.update(self._task, note=f"Zoom: {calls:,} calls left today")
