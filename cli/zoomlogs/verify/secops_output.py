"""The columns of SecOps: in the table, in the page and in the JSON."""

from __future__ import annotations

from dataclasses import asdict
from html import escape
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any

from rich.text import Text

from ..console import cell
from ..console import table as make_table
from ..dates import some
from ..secops.matching import Way
from ..secops.result import SecopsKind, SecopsState
from .comparison import OF_SECOPS, SHOWN_AS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import RenderableType

    from ..secops.result import Delay, Findings, SecopsDay, SecopsDifference
    from .comparison import DayResult, Result

HEADS = ("in SecOps", "missing", "repeated", "not yet", "others", "delay (95 %)", "matched by")
COUNTED = ("in_secops", "missing", "doubled", "not_yet", "others")
WRONG = (1, 2)  # of the heads: what is a fault where it is not 0
DASH = "–"


def totals(result: Result) -> dict[str, int]:
    """Sum up the dates that were checked."""
    return {name: sum(getattr(day.secops, name) for day in result.days if day.secops) for name in COUNTED}


def verdict(result: Result) -> str:
    """Say the result for SecOps in a sentence; "" where it was not asked."""
    if result.secops is None:
        return ""
    sums = totals(result)
    unchecked = sum(map(_is_unchecked, result.days))
    if unchecked == len(result.days):
        return "SecOps could not be checked."
    parts = [f"{sums[name]:,} {word}" for name, word in (("missing", "missing"), ("doubled", "repeated")) if sums[name]]
    so_far = ", as far as it was checked" if unchecked and not parts else ""
    each = f"each of {sums['in_secops']:,} records, once"
    said = f"In SecOps{so_far}: {' and '.join(parts) or each}."
    if sums["not_yet"]:
        said += f" Not there yet: {sums['not_yet']:,}."
    return said + (f" {some(unchecked, 'date')} not checked." if unchecked else "")


def _is_unchecked(day: DayResult) -> bool:
    return day.secops is not None and day.secops.state is SecopsState.NOT_CHECKED


def took(delay: Delay | None) -> str:
    """Write a median, and a 95th percentile in brackets."""
    if not delay:
        return DASH
    median, unit = span(delay.median).split()
    late, its_unit = span(delay.p95).split()
    return f"{median} ({late}) {unit}" if unit == its_unit else f"{median} {unit} ({late} {its_unit})"


def span(seconds: float) -> str:
    """Write how long something took, in one unit that fits."""
    for unit, size, until in (("s", 1, 120), ("min", 60, 120 * 60), ("h", 3600, 72 * 3600)):
        if abs(seconds) < until:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86400:.0f} d"


def values(day: SecopsDay) -> tuple[str, ...]:
    """Return what the columns show of a date."""
    if day.way is None:
        return ("not checked", *[DASH] * len(HEADS[1:]))
    counts = [f"{getattr(day, name):,}" for name in COUNTED]
    way = "count a second" if day.way is Way.SECOND else some(len(day.fields), "field")
    return (*counts, took(day.since_record), way)


def _cells(day: SecopsDay) -> list[tuple[str, bool]]:
    """Return what the columns show, and which of it is a fault."""
    return [(value, at in WRONG and value not in ("0", DASH)) for at, value in enumerate(values(day))]


def sentences(result: Result) -> Iterator[str]:
    """Yield what concerns all dates."""
    if result.secops is None:
        return
    yield (
        f"Query: {result.secops.query}. A record without an event is missing once its object is older than"
        f" {span(result.secops.wait)}."
    )
    if result.secops.namespace:
        yield (
            f"The feed's namespace {result.secops.namespace} is not part of the query: it is on entities, and not on"
            " every event."
        )
    yield from result.secops.sentences


def table(result: Result) -> Iterator[RenderableType]:
    """Yield a row per date, and the notes and sentences below; nothing where SecOps was not asked."""
    if result.secops is None:
        return
    shown = make_table("Google SecOps", "", "date", *HEADS[1:], numbers=HEADS[1:5])
    shown.columns[1].no_wrap = True
    for day in result.days:
        if day.secops:
            mark = Text(*SHOWN_AS[OF_SECOPS[day.secops.state]][:2])
            cells = [cell(value, "bold red" if wrong else "") for value, wrong in _cells(day.secops)[1:]]
            shown.add_row(mark, str(day.date), *cells)
    yield Text()
    yield shown
    yield from (Text(f"{day.date}: {day.secops.note}") for day in result.days if day.secops and day.secops.note)
    yield from map(Text, sentences(result))


def document(result: Result, findings: Findings) -> dict[str, Any]:
    """Return what JSON has of SecOps; `differences` holds at most 200 of each date and kind."""
    return {
        "tenant": findings.tenant,
        "query": findings.query,
        "namespace": findings.namespace or None,
        "missing_after_seconds": findings.wait,
        "sentences": findings.sentences,
        "totals": totals(result),
        "not_checked": [
            str(day.date) for day in result.days if day.secops and day.secops.state is SecopsState.NOT_CHECKED
        ],
        "differences": [
            {
                "date": str(day.date),
                "kind": each.kind,
                "count": each.count,
                "fingerprint": each.fingerprint or None,
                "candidates": list(each.candidates),
                "object_written": each.written.isoformat() if each.written else None,
                "record": each.record,
            }
            for day, each in _differences(result)
        ],
    }


def of_day(day: SecopsDay) -> dict[str, Any]:
    """Return what JSON has of a date."""
    found = asdict(day)
    del found["differences"], found["way"]
    return {**found, "matched_by": day.way, "fields": list(day.fields)}


def _differences(result: Result) -> Iterator[tuple[DayResult, SecopsDifference]]:
    return ((day, each) for day in result.days if day.secops for each in day.secops.differences)


def section(result: Result, marked: str) -> str:
    """Return the page's section, "" where SecOps was not asked; `marked` is the attribute of what is wrong."""
    if result.secops is None:
        return ""
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in ("date", *HEADS))
    rows = "".join(_row(day, day.secops, marked) for day in result.days if day.secops)
    foot = "".join(f"<td>{value:,}</td>" for value in totals(result).values())
    told = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences(result))
    return (
        f'<section aria-labelledby="secops"><h2 id="secops">Google SecOps</h2>{told}'
        '<div class="scroll" role="region" aria-labelledby="secops" tabindex="0">'
        f'<table class="days"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>'
        f'<tfoot><tr><th scope="row">total</th>{foot}<td></td><td></td></tr></tfoot></table></div></section>'
    )


def link(day: DayResult) -> str:
    """Return a cell of the table of dates that leads to the date's row here; "" where SecOps was not asked."""
    return f'<td><a href="#s{day.date}">{escape(values(day.secops)[0])}</a></td>' if day.secops else ""


def tiles(result: Result) -> Iterator[tuple[str, int, bool]]:
    """Yield the totals, and which of them are wrong; none where SecOps was not asked."""
    if result.secops:
        names = ("in SecOps", *(f"{head} in SecOps" for head in HEADS[1:4]))
        for at, (name, value) in enumerate(zip(names, totals(result).values(), strict=False)):
            yield name, value, at in WRONG and value > 0


def _row(day: DayResult, found: SecopsDay, marked: str) -> str:
    mark, _, shown_as = SHOWN_AS[OF_SECOPS[found.state]]
    swatch = f'<span class="swatch {shown_as}" role="img" aria-label="{found.state}">{mark}</span>'
    head = f'<th scope="row">{swatch} <span class="year">{day.date.year}-</span>{day.date:%m-%d}</th>'
    cells = "".join(f"<td{marked if wrong else ''}>{escape(value)}</td>" for value, wrong in _cells(found))
    note = f'<tr class="note"><td colspan="{1 + len(HEADS)}">{escape(found.note)}</td></tr>' if found.note else ""
    return f'<tr id="s{day.date}" class="of-day">{head}{cells}</tr>{note}'


def records(result: Result, shown: int, item: Callable[[Any, str], str]) -> str:
    """Return the records that differ in SecOps, at most `shown`; `item` makes one of a difference and a word for it."""
    found = list(islice(_differences(result), shown))
    parts = "".join(
        f"<h3>{day}, in SecOps: {kind}</h3><ol>{''.join(item(each, _why(each)) for _, each in some_of_them)}</ol>"
        for (day, kind), some_of_them in groupby(found, key=lambda pair: (pair[0].date, pair[1].kind))
    )
    counted = sum(day.secops.missing + day.secops.doubled + day.secops.not_yet for day in result.days if day.secops)
    more = counted - sum(each.count for _, each in found)
    rest = f"<p>And {more:,} more in SecOps, which are not listed here.</p>" if more else ""
    return f"{parts}{rest}"


def _why(difference: SecopsDifference) -> str:
    """Say how often, and when its object was written."""
    times = "times too many" if difference.kind is SecopsKind.DOUBLED else "times missing"
    count = f"{difference.count:,} {times}. " if difference.count > 1 else ""
    if difference.candidates:
        return f"{count}One of the records of its second:"
    written = f"Its object was written at {difference.written:%Y-%m-%d %H:%M} UTC." if difference.written else ""
    return f"{count}{written}".strip()


def words() -> dict[str, str]:
    """Return what the words mean."""
    return {
        "In SecOps": "the events found for the records in the archive, by time and the raw fields that the published"
        " mapping keeps. In SecOps = in archive + deleted − missing − not yet + repeated.",
        "Missing in SecOps": "in the archive for longer than an event may take, and without an event.",
        "Repeated in SecOps": "in SecOps more often than in the archive.",
        "Not yet": "in the archive, without an event, and for no longer than an event may take: three hours, or twice"
        " the 95th percentile of the time from object to event, but never more than 24 hours.",
        "Others": "events of the same log type that match no record of this archive, as those of another feed.",
        "Delay (95 %)": "from a record's time to its ingestion in SecOps: the median, and in brackets the 95th"
        " percentile. After a backfill it is as long as the records are old.",
        "Matched by": "the time and so many raw fields of the record; or, where SecOps' parser changes all of them, the"
        " number of events in each second, which cannot distinguish a lost event from a foreign one of that second.",
    }
