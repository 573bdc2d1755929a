"""The result as JSON and as a table on a terminal, and the file that the page is written to."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from rich.text import Text

from ..console import table as make_table
from ..dates import listed, some
from ..errors import CommandError
from . import secops_output
from .comparison import SHOWN_AS, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rich.console import RenderableType

    from .comparison import DayResult, Result, Totals


def document(result: Result) -> dict[str, Any]:
    """Return the result as JSON has it; `differences` holds at most a few hundred of each date and kind."""
    return {
        "equal": result.equal,
        "bucket": result.bucket,
        "prefix": result.prefix,
        "report": result.report.name,
        "zoom_account": result.zoom_account,
        "began": result.began.isoformat(),
        "ended": result.ended.isoformat(),
        "from": result.days[0].date.isoformat(),
        "to": result.days[-1].date.isoformat(),
        "totals": asdict(result.totals),
        "days": [_day(day) for day in result.days],
        **({"secops": secops_output.document(result, result.secops)} if result.secops else {}),
        "unchecked": [day.isoformat() for day in result.dates(State.UNCHECKED)],
        "stopped": result.stopped or None,
        "differences": [
            {
                "date": day.date.isoformat(),
                "kind": each.kind,
                "count": each.count,
                "fingerprint": each.fingerprint,
                "record": each.record,
                "accepted": each.accepted or None,
            }
            for day in result.days
            for each in day.differences
        ],
    }


def _day(day: DayResult) -> dict[str, Any]:
    values = asdict(replace(day, secops=None))
    del values["differences"], values["repeats"], values["secops"]
    of_secops = {"secops": secops_output.of_day(day.secops)} if day.secops else {}
    return {**values, "date": day.date.isoformat(), **of_secops}


WIDE = 100
COUNTS = ("in Zoom", "in archive", "missing", "repeated", "late")
WRONG = ("missing", "repeated", "deleted")


def columns(result: Result) -> tuple[str, ...]:
    """Return the columns: those of every archive, and `deleted` only where there is any."""
    return (*COUNTS[:4], *(["deleted"] if result.totals.deleted else []), *COUNTS[4:])


def table(result: Result, width: int) -> Iterator[RenderableType]:
    """Yield a row per date, and the totals; in a narrow terminal the notes are below."""
    beside = width >= WIDE
    totals, names = result.totals, columns(result)
    third = [secops_output.HEADS[0]] if result.secops else []
    shown = make_table("", "", "date", *names, *third, *(["note"] if beside else []), numbers=(*names, *third))
    shown.show_footer = True
    sums = [*counts(totals, names), *([secops_output.totals(result)["in_secops"]] if third else [])]
    for column, footer in zip(shown.columns, ["", "total", *(f"{total:,}" for total in sums)], strict=False):
        column.footer = footer
    for day in result.days:
        mark = Text(*SHOWN_AS[day.overall][:2])
        in_secops = [Text(secops_output.values(day.secops)[0])] if day.secops else []
        values = [Text("–", style="dim")] * len(names)
        if day.state is not State.UNCHECKED:
            styles = {True: SHOWN_AS[day.state][1], False: ""}
            values = [Text(f"{n:,}", styles[wrong] if n else "dim") for n, wrong in cells(day, names)]
        shown.add_row(mark, str(day.date), *values, *in_secops, *[Text(day.note)] * beside)
    yield shown
    if not beside:
        yield from (Text(f"{day.date}: {day.note}") for day in result.days if day.note)


def verdict(result: Result) -> str:
    """Say the result in a sentence."""
    checked = [day for day in result.days if day.state is not State.UNCHECKED]
    totals = result.totals
    accepted = f" {some(totals.accepted, 'repeat')} accepted by --accept." if totals.accepted else ""
    if result.archive_equal:
        once = "" if accepted else ", once"
        if totals.not_due:
            there = f"{totals.in_zoom - totals.not_due:,} records are in the archive{once}"
            return f"Equal: {there}; {totals.not_due:,} are so new that they are not yet due.{accepted}"
        return f"Equal: each of Zoom's {totals.in_zoom:,} records is in the archive{once}.{accepted}"
    repeated = totals.repeated - totals.accepted
    parts = [f"{totals.missing:,} missing"] * bool(totals.missing)
    parts += [f"{repeated:,} repeated"] * bool(repeated)
    parts += [f"{totals.deleted:,} in deleted objects"] * bool(totals.deleted)
    differing = sum(day.state is not State.EQUAL for day in checked)
    said = (
        f"Different on {some(differing, 'date')}: {listed(parts)}."
        if parts
        else f"Equal as far as it was checked: {some(len(checked), 'date')}."
    )
    if totals.not_due:
        said += f" Not yet due, because so new: {totals.not_due:,}."
    if len(checked) < len(result.days):
        said += f" {some(len(result.days) - len(checked), 'date')} could not be checked."
    return said + accepted


def cells(day: DayResult, names: Sequence[str]) -> list[tuple[int, bool]]:
    """Return the counts of a date in the columns of these names, and which of them is a fault."""
    numbers = zip(names, counts(day, names), strict=True)
    return [(n, name in WRONG and n > (day.accepted if name == "repeated" else 0)) for name, n in numbers]


def counts(of: DayResult | Totals, names: Sequence[str]) -> list[int]:
    """Return the counts of a date, or the totals, in the columns of these names."""
    return [getattr(of, name.replace(" ", "_").lower()) for name in names]


def refuse_what_cannot_be_written(path: Path) -> None:
    """Raise `CommandError` where no page can be written: a verification may take an hour."""
    target = path.resolve()
    try:
        if target.is_dir():
            raise CommandError(f"--html {path} is a folder: give the name of a file.")
        if not target.parent.is_dir():
            raise CommandError(f"--html {path} is in no existing folder: create {target.parent}, or give another.")
        if _is_there(target) and not target.is_file():
            raise CommandError(f"--html {path} is not an ordinary file: give another.")
        with _beside(target):
            pass
    except OSError as error:
        raise CommandError(f"--html {path} cannot be written: {error.strerror}.") from None


def write(path: Path, text: str) -> None:
    """Write the text, in place of an older file; raise `CommandError` where that fails."""
    target = path.resolve()
    try:
        with _beside(target) as new:
            new.write_text(text, "utf-8")
            if _is_there(target):
                shutil.copymode(target, new)
            new.replace(target)
    except OSError as error:
        raise CommandError(f"{path} could not be written: {error.strerror}.", status=1) from None


def _is_there(path: Path) -> bool:
    """Tell whether a file exists; raise `OSError` for a name that no file can have."""
    try:
        path.stat()
    except FileNotFoundError:
        return False
    return True


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Make an empty file in the same folder, which is gone afterwards unless it was moved."""
    new = target.with_name(f".zoomlogs-{uuid4()}.html")
    try:
        new.open("x").close()
        yield new
    finally:
        new.unlink(missing_ok=True)
