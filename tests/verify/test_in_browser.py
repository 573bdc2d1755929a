"""The page of `zoomlogs verify --html` in a real browser: it shows all, loads nothing, and reads well everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from zoomlogs.verify.page import page

from .browser import Browser, browser, distinct_lines
from .results import a_day, deleted_and_accepted, half_a_year, of_days, with_secops

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("pages")
    (folder / "half-a-year.html").write_text(page(half_a_year()), "utf-8")
    (folder / "one-day.html").write_text(page(of_days(a_day(0, in_zoom=123_456, in_archive=123_456))), "utf-8")
    (folder / "secops.html").write_text(page(with_secops()), "utf-8")
    (folder / "deleted.html").write_text(page(deleted_and_accepted()), "utf-8")
    (folder / "blank.html").write_text("<!DOCTYPE html><title>blank</title>", "utf-8")
    with browser(folder) as opened:
        yield opened


@pytest.mark.parametrize("width", [360, 1280])
def test_one_column_more_fits_too(chrome: Browser, width: int) -> None:
    found = chrome.measure("deleted.html", width, "light")
    assert (found["rows"], found["scripts"], found["loaded"], found["dangling"]) == (3, 0, [], 0)
    assert found["width"] <= found["room"] <= width
    assert (found["faint"], found["cut"], chrome.console) == ([], [], [])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_half_a_year_on_a_phone_and_on_a_screen_in_light_and_dark(chrome: Browser, width: int, scheme: str) -> None:
    found = chrome.measure("half-a-year.html", width, scheme)
    assert (found["cells"], found["rows"], found["months"]) == (180, 180, 6)
    assert found["records"] == 5
    assert found["title"] == "Zoom operation logs, 2026-06-01 to 2026-11-27"  # no record was obeyed
    assert (found["scripts"], found["loaded"], found["dangling"]) == (0, [], 0)
    assert found["width"] <= found["room"] <= width
    assert found["texts"] > 1000
    assert found["faint"] == []
    assert found["cut"] == []
    assert found["background"] == {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 23, 30)"}[scheme]
    assert chrome.console == []


@pytest.mark.parametrize("width", [320, 545, 600, 640, 700, 1000])
def test_the_longest_marks_and_numbers_fit_however_wide_the_page_is(chrome: Browser, width: int) -> None:
    found = chrome.measure("half-a-year.html", width)
    assert found["cut"] == []
    assert found["width"] <= found["room"]


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_the_columns_of_secops_on_a_phone_and_on_a_screen(chrome: Browser, width: int, scheme: str) -> None:
    found = chrome.measure("secops.html", width, scheme)
    assert (found["cells"], found["rows"], found["records"]) == (5, 10, 1)
    assert (found["scripts"], found["loaded"], found["dangling"]) == (0, [], 0)
    assert found["width"] <= found["room"] <= width
    assert (found["faint"], found["cut"]) == ([], [])


def test_one_day_that_is_equal(chrome: Browser) -> None:
    found = chrome.measure("one-day.html", 360)
    assert (found["cells"], found["rows"], found["months"], found["records"]) == (1, 1, 1, 0)
    assert found["width"] <= found["room"]
    assert found["scrolled"] == 0
    assert set(chrome.requests) <= {"/probe.html", "/half-a-year.html", "/one-day.html", "/secops.html", "/favicon.ico"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_not_blank(chrome: Browser, scheme: str, tmp_path: Path) -> None:
    picture, blank = tmp_path / "page.png", tmp_path / "blank.png"
    chrome.screenshot("half-a-year.html", picture, 1000, 1400, scheme)
    chrome.screenshot("blank.html", blank, 1000, 1400, scheme)
    assert distinct_lines(blank.read_bytes()) < 5
    assert distinct_lines(picture.read_bytes()) > 300
