"""The result for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from ..dates import some
from .comparison import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from .comparison import DayResult, Result

MARKS = {State.EQUAL: "✓", State.DIFFERENT: "✗", State.NOT_READ_YET: "…", State.UNCHECKED: "?"}
_STYLES = {State.EQUAL: "green", State.DIFFERENT: "bold red", State.NOT_READ_YET: "yellow", State.UNCHECKED: "yellow"}
WIDE = 100
COUNTS = ("in Zoom", "in archive", "missing", "repeated", "late")


def table(result: Result, width: int) -> Iterator[RenderableType]:
    """Yield a row per date, and the totals; where there is little width, the notes stand below."""
    beside = width >= WIDE
    shown = Table(box=box.SIMPLE_HEAD, show_footer=True, pad_edge=False, padding=(0, 1, 0, 0))
    shown.add_column("", footer="", width=1)
    shown.add_column("date", footer="total", no_wrap=True)
    totals = result.totals
    for name, total in zip(COUNTS, _counts(totals), strict=True):
        shown.add_column(name, footer=f"{total:,}", justify="right", no_wrap=True)
    if beside:
        shown.add_column("note", overflow="fold")
    for day in result.days:
        mark = Text(MARKS[day.state], style=_STYLES[day.state])
        if day.state is State.UNCHECKED:
            counts = [Text("–", style="dim")] * len(COUNTS)
        else:
            counts = [
                Text(f"{value:,}", style=_style(day, name, value))
                for name, value in zip(COUNTS, _counts(day), strict=True)
            ]
        shown.add_row(mark, str(day.date), *counts, *[Text(day.note)] * beside)
    yield shown
    if not beside:
        yield from (Text(f"{day.date}: {day.note}") for day in result.days if day.note)


def verdict(result: Result) -> str:
    """Say in a sentence what came of it."""
    checked = [day for day in result.days if day.state is not State.UNCHECKED]
    totals = result.totals
    if result.equal:
        if totals.not_due:
            there = f"{totals.in_zoom - totals.not_due:,} records are in the archive, once"
            return f"Equal: {there}; {totals.not_due:,} are so new that they are not yet due."
        return f"Equal: each of Zoom's {totals.in_zoom:,} records is in the archive, once."
    parts = [f"{totals.missing:,} missing"] * bool(totals.missing)
    parts += [f"{totals.repeated:,} repeated"] * bool(totals.repeated)
    differing = sum(day.state is not State.EQUAL for day in checked)
    said = (
        f"Different on {some(differing, 'date')}: {' and '.join(parts)}."
        if parts
        else f"Equal as far as it was checked: {some(len(checked), 'date')}."
    )
    if totals.not_due:
        said += f" Not yet due, because so new: {totals.not_due:,}."
    if len(checked) < len(result.days):
        said += f" {some(len(result.days) - len(checked), 'date')} could not be checked."
    return said


def _counts(of: object) -> list[int]:
    return [getattr(of, name.replace(" ", "_").lower()) for name in COUNTS]


def _style(day: DayResult, name: str, value: int) -> str:
    wrong = value and name in ("missing", "repeated")
    return _STYLES[day.state] if wrong else ("dim" if not value else "")
