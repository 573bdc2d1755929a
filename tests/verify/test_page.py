"""The page of `zoomlogs verify --html` as text; test_in_browser.py looks at it in a browser."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from zoom_operationlogs.reports import REPORTS
from zoomlogs.verify.comparison import Difference, Kind, State
from zoomlogs.verify.page import RECORDS_SHOWN, page, visible
from zoomlogs.verify.style import CSS

from .results import NASTY, a_day, half_a_year, of_days

ACTIVITIES = REPORTS["activities"]


class Text(HTMLParser):
    """The texts of a page, each with its element, and the elements' attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and data.strip():
            self.texts.append((self.open[-1], data))

    def of(self, tag: str) -> list[str]:
        return [text for name, text in self.texts if name == tag]


def test_it_is_well_formed_and_loads_nothing():
    shown = Text(page(half_a_year()))
    assert not shown.open
    for tag, attributes in shown.tags:
        assert tag not in ("script", "link", "img", "iframe", "object", "form", "base")
        assert not {"src", "srcset", "style"} & attributes.keys()
        assert not any(name.startswith("on") for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")
    assert "url(" not in CSS and "@import" not in CSS


def test_a_record_is_shown_and_not_obeyed():
    day = a_day(3, state=State.DIFFERENT, missing=1, differences=(Difference(Kind.MISSING, 1, "ab" * 16, NASTY),))
    html = page(of_days(day))
    html.encode()  # which a lone surrogate would not let it
    [shown] = Text(html).of("pre")
    assert json.loads(shown) == NASTY
    assert all(escaped in shown for escaped in ("\\u202e", "\\ud800", "\\u009b", "部署"))
    assert "<script" not in html


@pytest.mark.parametrize(
    "mark", [chr(code) for code in (0x0A, 0x1B, 0x7F, 0x9B, 0x200B, 0x202E, 0x2066, 0x2028, 0xD800, 0xFEFF)]
)
def test_what_has_no_glyph_is_escaped(mark):
    shown = visible({"a": f"b{mark}c"})
    assert json.loads(shown) == {"a": f"b{mark}c"}
    assert mark not in shown.removeprefix("{\n").removesuffix("\n}")


def test_names_are_escaped():
    html = page(replace(of_days(a_day(0, note="<b>&")), zoom_account="<i>", stopped="<u>"))
    assert not any(tag in html for tag in ("<b>", "<i>", "<u>"))
    assert all(text in html for text in ("&lt;b&gt;&amp;", "&lt;i&gt;", "&lt;u&gt;"))


def test_no_more_records_than_a_browser_shows_with_ease():
    many = tuple(Difference(Kind.REPEATED, 2, f"{number:032x}", {"a": number}) for number in range(200))
    days = [a_day(number, state=State.DIFFERENT, repeated=400, differences=many) for number in range(4)]
    shown = Text(page(of_days(*days)))
    assert len(shown.of("pre")) == RECORDS_SHOWN == 500
    assert "And 600 more, which are not listed here." in shown.of("p")


def test_what_was_not_kept_of_a_date_is_counted():
    few = tuple(Difference(Kind.MISSING, 1, f"{number:032x}", {"a": number}) for number in range(3))
    shown = Text(page(of_days(a_day(0, state=State.DIFFERENT, missing=10, differences=few))))
    assert "And 7 more, which are not listed here." in shown.of("p")


def test_every_date_has_a_cell_a_row_and_words_for_who_does_not_see():
    shown = Text(page(half_a_year()))
    links = [attributes for tag, attributes in shown.tags if tag == "a"]
    rows = {attributes["id"] for tag, attributes in shown.tags if tag == "tr" and "id" in attributes}
    titles = [str(link["title"]) for link in links]
    assert len(links) == len(rows) == 180
    assert {str(link["href"])[1:] for link in links} == rows
    assert [link["aria-label"] for link in links] == titles
    assert "2026-06-11: different, 79,190 in Zoom, 79,190 in the archive, 123,456 missing, 123,456 repeated" in titles
    assert "2026-11-27: unchecked" in titles


@pytest.mark.parametrize(
    ("values", "marks"),
    [
        ({"state": State.DIFFERENT, "missing": 3}, ["−3"]),
        ({"state": State.DIFFERENT, "repeated": 1}, ["+1"]),
        ({"state": State.DIFFERENT, "missing": 12_345, "repeated": 2_000_000}, ["−12k", "+2M"]),
        ({"state": State.NOT_READ_YET, "missing": 3}, ["…"]),
        ({"state": State.UNCHECKED}, ["?"]),
    ],
)
def test_what_is_not_equal_has_a_mark_besides_its_colour(values, marks):
    shown = "".join(f'<span class="mark">{mark}</span>' for mark in marks)
    assert f"1{shown}</a>" in page(of_days(a_day(0, **values)))


def test_the_shade_tells_how_many_records():
    html = page(of_days(*(a_day(number, in_zoom=number * 25, in_archive=number * 25) for number in range(5))))
    assert [f"day equal shade{shade}" in html for shade in range(5)] == [True] * 5


def test_it_says_what_when_and_how():
    shown = " ".join(text.strip() for _, text in Text(page(of_days(a_day(0)))).texts)
    for told in (
        "Equal: each of Zoom's 100 records is in the archive, once.",
        "s3://your-zoom-operation-logs/zoom/operationlogs/",
        "Kx2b9QwRTe-3yL0mZpVn8A",
        "2026-12-01 09:00:05 UTC to 2026-12-01 09:41:05 UTC",
        "zoomlogs verify 0.",
    ):
        assert told in shown


def test_what_is_not_yet_due_has_a_tile_so_that_the_numbers_add_up():
    shown = Text(
        page(of_days(a_day(0, in_zoom=107, not_due=4), a_day(1, in_zoom=1_203, in_archive=200, not_due=1_003)))
    )
    assert list(zip(shown.of("dt")[5:], shown.of("dd")[5:], strict=True))[:6] == [
        ("in Zoom", "1,310"),
        ("in archive", "300"),
        ("missing", "0"),
        ("repeated", "0"),
        ("late", "0"),
        ("not yet due", "1,007"),
    ]


def test_it_says_which_lateness_it_means():
    shown = " ".join(Text(page(of_days(a_day(0)))).of("dd"))
    assert "written into the archive more than 24 hours after the record's time" in shown
    assert "Not what the log's field late counts: rows that Zoom showed after newer ones." in shown


def test_it_says_which_report_was_compared():
    plain, sign_ins = page(of_days(a_day(0))), page(replace(of_days(a_day(0)), report=ACTIVITIES))
    assert "<h1>Zoom operation logs: is the archive complete?</h1>" in plain
    assert "<h1>Zoom sign-ins and sign-outs: is the archive complete?</h1>" in sign_ins
    assert "operation logs" not in sign_ins
