"""The small version of `make bench`: everything is measured, and the table and the chart are written."""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from bench import app, figures, puller
from bench.cost import ALARMS, LIST_PRICE, FreeTier, Function, Prices, bill
from bench.days import Day, add_disordered_day
from bench.processes import Host
from standins.clock import Clock
from standins.zoom import Zoom
from zoom_operationlogs.checkpoint import Stream
from zoom_operationlogs.checkpoint_format import decode
from zoom_operationlogs.metrics import METRICS
from zoom_operationlogs.reports import OPERATION_LOGS

ROOT = Path(__file__).parents[2]
QUICK = figures.Scale(1 / 300, 1)


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, dict[str, Any]]]:
    """Make all figures share one host, and measure each kind once; return the measurements."""
    today, day = figures._today(), figures.ONE_DAY
    reports: dict[str, dict[str, Any]] = {}
    real = figures.measured
    with figures.host({today - 10 * day: QUICK.of(200_000), today - day: QUICK.of(120_000)}) as shared:

        @contextmanager
        def host(_days: dict[date, int], *, latency: float = 0.0) -> Iterator[Host]:
            yield shared

        def measured(what: str, job: list[Any], environment: dict[str, str] | None = None) -> dict[str, Any]:
            kind = f"{what} {json.dumps(job)}" if what == "imports" else what
            if kind not in reports:
                reports[kind] = real(what, job, environment)
            return reports[kind]

        monkeypatch.setattr(figures, "host", host)
        monkeypatch.setattr(figures, "measured", measured)
        yield reports


@pytest.mark.slow
def test_quick_bench_measures_everything_and_writes_table_and_chart(
    tmp_path: Path, once: dict[str, dict[str, Any]]
) -> None:
    app.main(["--quick", "--out", str(tmp_path)])
    assert sorted(kind.partition(" ")[0] for kind in once) == [
        *("collector", "imports", "imports", "imports", "requests", "yardstick")
    ]
    cpu = once["collector"]["cpu"] / once["collector"]["written"] * figures.MB
    table = (tmp_path / "bench.md").read_text()
    rows = re.findall(r"^\| ([^|]+) \| ([0-9.,]+)(?: MB| s| USD)? \| .*\| (yes|\*\*no\*\*) \|", table, re.MULTILINE)
    names = [name for name, _, _ in rows]
    assert len(names) == len(set(names)) == 15
    # The limits of the other figures are for the full sizes.
    steady = {name: (value, met) for name, value, met in rows if re.search("lines|steady state|requests|bill", name)}
    assert len(steady) == 6
    assert steady[names[0]] == ("1.000", "yes")
    assert all(met == "yes" for _, met in steady.values()), steady
    assert dict(row[:2] for row in rows)["CPU seconds per million records, S3 writes included"] == f"{cpu:,.1f}"
    assert len(re.findall(r"missing of the day: 0\b", table)) == 2
    assert len(re.findall(r" in 1 run; missing: 0 \|", table)) == 2
    assert "Made with `--quick`" in table
    chart = ElementTree.fromstring((tmp_path / "bench.svg").read_text())
    assert len(chart.findall(".//{http://www.w3.org/2000/svg}path")) == 5


# A day of 1,000 records as `collector_day` counts it, if all runs log as much as one with an incident.
SMALL = Day(
    1_000,
    report_calls=119,
    rows=34_872,
    seconds=35.75,
    s3=Counter(put_object=180, get_object=96, list_object_versions=91),
    object_bytes=52_065,
    checkpoint_bytes=6_599_658,
)


def function_with(metrics: int, alarms: int) -> Function:
    return Function(512, 30e-6, 2_500, metrics, secrets=1, alarms=alarms)


@pytest.mark.parametrize(
    ("metrics", "alarms"), [(len(METRICS), ALARMS), (6, 9)], ids=["today", "as many as there may be"]
)
def test_the_bill_of_a_small_account_stays_within_its_limits(metrics: int, alarms: int) -> None:
    function = function_with(metrics, alarms)
    assert bill(SMALL, function, Prices()).total <= 8.00
    assert bill(SMALL, function, Prices(), FreeTier()).total <= 2.00


def test_other_settings_would_exceed_the_limits_of_the_bill() -> None:
    before = function_with(21, 10)
    assert bill(SMALL, before, Prices()).total > 8.00
    assert bill(SMALL, before, Prices(), FreeTier()).total > 2.00
    second = bill(SMALL, function_with(len(METRICS), ALARMS), Prices(), LIST_PRICE)
    assert second.total > 2.00, "a second block finds nothing left of the tier"


def test_the_free_tier_never_makes_a_cost_negative() -> None:
    none = bill(Day(0), Function(128, 0.0, 0, 0, secrets=0), Prices(), FreeTier())
    assert none.total == 0


def test_the_page_has_the_bill_within_its_limits() -> None:
    page = (ROOT / "docs" / "bench.md").read_text(encoding="utf-8")
    [row] = re.findall(r"(?m)^\| 1,000 \| .*\*\*([0-9.]+)\*\* \| \*\*([0-9.]+)\*\* \|", page)
    assert float(row[0]) <= 8.00
    assert float(row[1]) <= 2.00
    assert f"{len(METRICS)} custom metrics" in page
    assert f"{ALARMS}, a composite one" in page


def test_the_full_window_is_a_checkpoint() -> None:
    for days_back, lookback in ((figures.WINDOW_OF_3, 3), (figures.WINDOW_OF_28, 28)):
        stream = Stream.of("account", OPERATION_LOGS.name, "archive/")
        known = decode(figures.full_window(300, days_back, stream))
        assert known.stream == stream
        assert [len(day.counts) for day in known.delivered.days.values()] == [300] * len(days_back)
        assert known.settled_from == figures._today() - timedelta(days=lookback)
    assert len(figures.WINDOW_OF_28) + 1 == 28 + 3


def test_a_disordered_day_has_the_same_rows_up_to_a_minute_out_of_place() -> None:
    day = date(2026, 3, 10)
    tidy, disordered = (Zoom(clock=Clock(datetime(2026, 3, 11, tzinfo=UTC))) for _ in range(2))
    tidy.add_day(day, 3_000, seed=1)
    add_disordered_day(disordered, day, 3_000, seed=1)

    def by_content(zoom: Zoom) -> list[str]:
        return sorted(map(json.dumps, zoom.records(day, day)))

    assert by_content(tidy) == by_content(disordered)
    times = [OPERATION_LOGS.time_of(record) for record in disordered.records(day, day)]
    shown = [moment for moment in times if moment]
    inversions = [earlier - later for earlier, later in pairwise(shown) if earlier > later]
    assert 5 <= len(inversions) <= 30  # 15 rows are displaced; some stay between the same neighbours
    assert max(inversions) <= timedelta(minutes=2)


@pytest.mark.slow
def test_the_folder_is_a_command() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "bench", "--help"], capture_output=True, text=True, check=True
    )
    assert "--quick" in done.stdout


@pytest.mark.slow
def test_a_puller_by_latest_timestamp_loses_or_repeats_rows() -> None:
    records = 600
    ours = puller.our_day(records)
    drops, dates = (puller.puller_day(records, drops=drops) for drops in (True, False))
    assert (ours.missing, ours.lines) == (0, records)
    assert drops.missing > 0
    assert (dates.missing, dates.lines > 10 * records) == (0, True)


def test_the_page_has_the_figures_of_the_puller() -> None:
    page = (ROOT / "docs" / "bench.md").read_text("utf-8")
    assert f"## {puller.TITLE}" in page
    [missing] = re.findall(r"records missing of the day \| 0 \| (\d+) \| 0 \|", page)
    [lines] = re.findall(r"lines sent per record \| 1\.000 \| [\d.]+ \| (\d+)\.", page)
    told = " ".join((ROOT / "docs" / "feed.md").read_text("utf-8").split())
    assert f"loses {missing}, and one that asks from its date on sends each record {lines} times" in told
