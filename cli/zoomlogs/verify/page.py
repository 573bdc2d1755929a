"""The result as one page that an auditor can keep: nothing is loaded from elsewhere, and no script runs."""

from __future__ import annotations

import base64
import calendar
import json
from hashlib import sha256
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

import zoom_operationlogs

from ..printable import printable, visible_json
from . import secops_output
from .archive import LATE_AFTER
from .comparison import SHOWN_AS, Kind, State
from .output import cells, columns, counts, verdict
from .style import CSS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from ..secops.result import SecopsDifference
    from .comparison import DayResult, Difference, Result

RECORDS_SHOWN = 500
SHADES = 4
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_WRONG = ' class="wrong"'


def page(result: Result) -> str:
    """Return the page as HTML, in which every character is visible, whatever its source."""
    return printable(_html(result), keep="\n")


def _html(result: Result) -> str:
    title = f"Zoom {result.report.records}, {_span(result)}"
    question = "are they all in Google SecOps?" if result.secops else "is the archive complete?"
    style_hash = base64.b64encode(sha256(CSS.encode()).digest()).decode()
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-{style_hash}'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{escape(title)}</title>
<style>{CSS}</style>
</head>
<body>
<header>
<h1>Zoom {escape(result.report.records)}: {question}</h1>
<p class="verdict {"good" if result.equal else "bad"}"><span aria-hidden="true">{"✓" if result.equal else "✗"}</span>
{escape(f"{verdict(result)} {secops_output.verdict(result)}".strip())}</p>
{f"<p>{escape(result.stopped)}</p>" if result.stopped else ""}
{_facts(result)}
</header>
<main>
<section aria-labelledby="totals"><h2 id="totals">Totals</h2>{_totals(result)}</section>
<section aria-labelledby="calendar"><h2 id="calendar">Calendar</h2>{_legend(result)}
<div class="months">{"".join(_months(result))}</div></section>
<section aria-labelledby="days"><h2 id="days">Dates</h2>{_table(result)}</section>
{secops_output.section(result, _WRONG)}
<section aria-labelledby="records"><h2 id="records">Records that differ</h2>{_records(result)}</section>
{_accepted(result)}
<section aria-labelledby="words"><h2 id="words">What the words mean</h2>{_words(result)}</section>
</main>
</body>
</html>
"""


def _facts(result: Result) -> str:
    facts = {
        "Dates, by UTC": _span(result),
        "Zoom account": result.zoom_account,
        "Archive": f"s3://{result.bucket}/{result.prefix}",
        "Checked": f"{_moment(result.began)} to {_moment(result.ended)}",
        **({"Google SecOps": result.secops.tenant} if result.secops else {}),
        "By": f"zoomlogs verify {zoom_operationlogs.__version__}",
    }
    rows = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts.items())
    return f'<dl class="facts">{rows}</dl>'


def _totals(result: Result) -> str:
    totals = result.totals
    tiles = (
        ("in Zoom", totals.in_zoom, False),
        ("in archive", totals.in_archive, False),
        ("missing", totals.missing, totals.missing > 0),
        ("repeated", totals.repeated, totals.repeated > totals.accepted),
        *([("deleted", totals.deleted, True)] if totals.deleted else []),
        ("late", totals.late, False),
        ("not yet due", totals.not_due, False),
        *secops_output.tiles(result),
    )
    shown = "".join(
        f"<div{_WRONG if wrong else ''}><dt>{name}</dt><dd>{value:,}</dd></div>" for name, value, wrong in tiles
    )
    return f'<dl class="totals">{shown}</dl>'


def _legend(result: Result) -> str:
    most = max((day.in_zoom for day in result.days), default=0)
    shades = "".join(f'<span class="swatch equal shade{shade}"></span>' for shade in range(SHADES + 1))
    states = (
        (
            State.DIFFERENT,
            f"records missing (−), repeated (+) or deleted (×){', S: in SecOps' if result.secops else ''}",
        ),
        (State.NOT_READ_YET, f"not read yet{', or not yet in SecOps' if result.secops else ''}"),
        (State.UNCHECKED, "unchecked"),
    )
    others = "".join(
        f'<li><span class="swatch {SHOWN_AS[state][2]}" aria-hidden="true">{SHOWN_AS[state][0]}</span> {text}</li>'
        for state, text in states
        if any(day.overall is state for day in result.days)
    )
    equal = f'<li><span aria-hidden="true">{shades}</span> equal, 0 to {most:,} records</li>'
    return f'<ul class="legend">{equal}{others}</ul>'


def _months(result: Result) -> Iterator[str]:
    most = max((day.in_zoom for day in result.days), default=0)
    for (year, month), days in groupby(result.days, key=lambda day: (day.date.year, day.date.month)):
        known = {day.date.day: day for day in days}
        weeks = "".join(
            f"<tr>{''.join(_cell(known.get(number), most) for number in week)}</tr>"
            for week in calendar.Calendar().monthdayscalendar(year, month)
            if any(number in known for number in week)
        )
        heads = "".join(f'<th scope="col"><abbr title="{name}">{name[:2]}</abbr></th>' for name in WEEKDAYS)
        yield (
            f'<table class="month"><caption>{MONTHS[month - 1]} {year}</caption>'
            f"<thead><tr>{heads}</tr></thead><tbody>{weeks}</tbody></table>"
        )


def _cell(day: DayResult | None, most: int) -> str:
    if day is None:
        return "<td></td>"
    # How dark: 0 without records, else 1 to 4 by its share of the busiest date.
    share = -(-SHADES * day.in_zoom // most) if day.in_zoom else 0
    shade = f" shade{share}" if day.overall is State.EQUAL else ""
    told = escape(_told(day))
    marks = "".join(f'<span class="mark">{mark}</span>' for mark in _marks(day))
    return (
        f'<td class="day {SHOWN_AS[day.overall][2]}{shade}"><a href="#d{day.date}" title="{told}" aria-label="{told}">'
        f"{day.date.day}{marks}</a></td>"
    )


def _marks(day: DayResult) -> list[str]:
    if day.overall is State.EQUAL:
        return []
    if day.overall is not State.DIFFERENT:
        return [SHOWN_AS[day.overall][0]]
    marks = {"−": day.missing, "+": day.repeated - day.accepted, "×": day.deleted}
    if day.secops:
        marks |= {"S−": day.secops.missing, "S+": day.secops.doubled}
    return [f"{mark}{_short(number)}" for mark, number in marks.items() if number]


def _short(number: int) -> str:
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        if number >= size:
            return f"{number // size}{unit}"
    return str(number)


def _told(day: DayResult) -> str:
    if day.state is State.UNCHECKED:
        return f"{day.date}: unchecked"
    told = f"{day.in_zoom:,} in Zoom, {day.in_archive:,} in the archive, {day.missing:,} missing"
    deleted = f", {day.deleted:,} in deleted objects" if day.deleted else ""
    in_secops = zip(secops_output.HEADS[:3], secops_output.values(day.secops), strict=False) if day.secops else ()
    of_secops = ", ".join(f"{head} {value}" for head, value in in_secops)
    return f"{day.date}: {day.overall}, {told}, {day.repeated:,} repeated{deleted}{of_secops and f'; {of_secops}'}"


def _table(result: Result) -> str:
    names = columns(result)
    third = [secops_output.HEADS[0]] if result.secops else []
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("date", *names, *third))
    rows = "".join(_row(day, names) for day in result.days)
    sums = [*counts(result.totals, names), *([secops_output.totals(result)["in_secops"]] if third else [])]
    foot = "".join(f"<td>{value:,}</td>" for value in sums)
    return (
        '<div class="scroll" role="region" aria-labelledby="days" tabindex="0">'
        f'<table class="days"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>'
        f'<tfoot><tr><th scope="row">total</th>{foot}</tr></tfoot></table></div>'
    )


def _row(day: DayResult, names: Sequence[str]) -> str:
    state = SHOWN_AS[day.overall][2]
    mark = f'<span class="swatch {state}" role="img" aria-label="{day.overall}">{SHOWN_AS[day.overall][0]}</span>'
    head = f'<th scope="row">{mark} <span class="year">{day.date.year}-</span>{day.date:%m-%d}</th>'
    third = secops_output.link(day)
    columns = len(names) + bool(third)
    note = f'<tr class="note"><td colspan="{columns + 1}">{escape(day.note)}</td></tr>' if day.note else ""
    if day.state is State.UNCHECKED:
        none = f'<td colspan="{columns}" class="none">unchecked</td>'
        return f'<tr id="d{day.date}" class="of-day">{head}{none}</tr>{note}'
    values = "".join(f"<td{_WRONG if wrong else ''}>{value:,}</td>" for value, wrong in cells(day, names))
    return f'<tr id="d{day.date}" class="of-day">{head}{values}{third}</tr>{note}'


def _records(result: Result) -> str:
    found = [(day, difference) for day in result.days for difference in day.differences]
    of_secops = secops_output.records(result, RECORDS_SHOWN, _item)
    if not found:
        return of_secops or "<p>None.</p>"
    counted = sum(day.missing + day.repeated + day.deleted for day in result.days)
    shown = found[:RECORDS_SHOWN]
    more = counted - sum(difference.count for _, difference in shown)
    parts = "".join(
        f"<h3>{day}, {kind}</h3><ol>{''.join(_record(difference) for _, difference in some)}</ol>"
        for (day, kind), some in groupby(shown, key=lambda each: (each[0].date, each[1].kind))
    )
    rest = f"<p>And {more:,} more, which are not listed here.</p>" if more else ""
    return f"{parts}{rest}{of_secops}"


def _accepted(result: Result) -> str:
    """Return the entries of --accept for these dates."""
    shown = [each for each in result.accepted if result.days[0].date <= each.day <= result.days[-1].date]
    if not shown:
        return ""
    rows = "".join(
        f"<li><p>{each.day}, {each.count:,} of {each.fingerprint}"
        f"{f', until {each.until}' if each.until else ''}: {escape(each.reason)}</p></li>"
        for each in shown
    )
    return f'<section aria-labelledby="accepted"><h2 id="accepted">Accepted repeats</h2><ol>{rows}</ol></section>'


def _record(difference: Difference) -> str:
    times = {
        Kind.MISSING: "times missing",
        Kind.REPEATED: "times too many",
        Kind.DELETED: "times, in deleted objects only",
    }[difference.kind]
    accepted = f"Accepted: {difference.accepted}" if difference.accepted else ""
    return _item(difference, f"{difference.count:,} {times}" if difference.count > 1 else "", accepted)


def _item(difference: Difference | SecopsDifference, *told: str) -> str:
    before = "".join(f"<p>{escape(each)}</p>" for each in told if each)
    records = [difference.record] if difference.record is not None else getattr(difference, "candidates", ())
    if not records:
        return f"<li>{before}<p>Not shown a second time; its fingerprint is {difference.fingerprint}.</p></li>"
    return f"<li>{before}{''.join(f'<pre>{escape(visible(record))}</pre>' for record in records)}</li>"


def visible(record: object) -> str:
    """Return a record as JSON in which characters without a glyph are escaped."""
    return visible_json(json.dumps(record, ensure_ascii=False, indent=2))


def _words(result: Result) -> str:
    hours = int(LATE_AFTER.total_seconds() // 3600)
    words = {
        "In Zoom": f"how many records Zoom's report of {result.report.records} shows for the date when asked again. It"
        " gives records no id: two that are equal in every field are two records.",
        "In archive": "how many records a reader can read now; where the feed deletes what it has read, how many were"
        " delivered. Of the objects that the guide's Lambda wrote, each record counts as often as one object shows it.",
        "Missing": "in Zoom more often than in the archive. Records that are not yet due are not counted.",
        "Repeated": "in the archive more often than in Zoom.",
        "Deleted": "in the archive behind delete markers only, where nobody can read it, though the feed deletes"
        " nothing. Records that S3's expiration deleted, and those deleted while the feed was set to delete, count as"
        " in the archive.",
        "Late": f"written into the archive more than {hours} hours after the record's time: late at Zoom, or fetched by"
        " a backfill. Not a fault. The field late in the log counts something else: rows that Zoom showed after newer"
        " ones.",
        "Not yet due": "in Zoom, not in the archive, and too new for the collector's last run to have seen. In Zoom ="
        " in archive + missing + deleted + not yet due − repeated.",
        "Not read yet": "records are missing, and the collector owes the date: it will read it.",
    }
    words |= secops_output.words() if result.secops else {}
    terms = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in words.items())
    return f'<dl class="words">{terms}</dl>'


def _span(result: Result) -> str:
    first, last = result.days[0].date, result.days[-1].date
    return f"{first}" if first == last else f"{first} to {last}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
