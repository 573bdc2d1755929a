"""The demo's story and its numbers, with a deployment in memory in place of the one that takes a minute to apply.

The collector here is a few lines that read what Zoom shows; the guide's loop, the feed and the search are the demo's.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from commands import zoomlogs
from harness import kept
from harness.demo import main
from harness.guide import GuideLoop
from harness.outcome import Outcome
from harness.story import KILLED_AT_PAGE, QUARTER, RUNS, Figures, Played, Plot, fill, play
from standins.deployment import StoredObject, multiset
from standins.zoom import Zoom

EXACT = re.compile(r"(\d+) in Zoom, \1 in the archive, \1 in SecOps: 0 missing, 0 repeated\.")


class Runtime:
    """The process of the collector, which may be killed."""

    kind = "A process."
    alive = True

    def kill(self) -> None:
        self.alive = False


class InMemory:
    """What the demo asks of a deployment, with a collector that can be made to fail."""

    bucket, prefix = "bucket", "zoom/operationlogs/"
    target = SimpleNamespace(expression="rate(15 minutes)")
    terraform = SimpleNamespace(
        state_list=lambda: [
            "module.logs.module.archive.aws_s3_bucket.archive",
            "module.logs.module.archive.data.aws_region.current",
        ]
    )

    def __init__(self, zoom: Zoom, fault: str) -> None:
        self.zoom, self.fault, self.runtime = zoom, fault, Runtime()
        self._stored: list[StoredObject] = []
        self._first = ""

    def store_credentials(self) -> None: ...

    def objects(self) -> list[StoredObject]:
        return self._stored

    def run_scheduled(self) -> Any:
        error = {"errorMessage": "Zoom says no."} if self.fault == "a run fails" and self._stored else {}
        new = [] if error else self._publish()
        self.runtime.alive = True
        for page in range(1, KILLED_AT_PAGE + 1):
            if self.zoom.on_page and self.fault != "no run is killed":
                self.zoom.on_page(page)
        if not self.runtime.alive:
            error = {"errorType": "Runtime.ExitError", "errorMessage": "signal: SIGKILL"}
        result = None if error else {"pages": KILLED_AT_PAGE, "written": len(new)}
        return SimpleNamespace(ok=not error, result=result, error=error)

    def _publish(self) -> list[Any]:
        now = self.zoom.clock.now()
        first = self._first = self._first or str((now - timedelta(days=3)).date())
        shown = [record for record in self.zoom.records() if record["time"] >= first]
        there = multiset([record for stored in self._stored for record in stored.records])
        new = [json.loads(text) for text in (multiset(shown) - there).elements()]
        if self.fault == "a record is lost":
            new = [record for record in new if record["action"] != "Batch Update"]
        if self.fault == "a record is repeated":
            new += [record for record in new if record["action"] == "Batch Update"]
        by_date = defaultdict(list)
        for record in new:
            by_date[record["time"][:10]].append(record)
        for date, records in by_date.items():
            self._stored.append(StoredObject(f"{self.prefix}{date.replace('-', '/')}/{now:%s}.json.gz", 90, records))
        return new


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int]:
    def run(*arguments: str, fault: str = "", verify: str = "") -> int:
        @contextmanager
        def deployed(_repository: object, zoom: Any, **_: object) -> Iterator[InMemory]:
            yield InMemory(zoom, fault)

        monkeypatch.setattr("harness.demo.deployed", deployed)
        monkeypatch.setattr("harness.demo._verify", lambda *_: verify)
        monkeypatch.setattr("harness.story.RECORDS_A_DAY", 40)
        monkeypatch.setattr("signal.signal", lambda *_: None)
        monkeypatch.delenv("KEEP", raising=False)
        return main([*arguments, "--page", str(tmp_path / "page.html")])

    return run


def test_the_whole_story(
    demo: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert demo() == 0
    shown = capsys.readouterr().out
    assert EXACT.search(shown)
    assert f"The page of zoomlogs verify: {tmp_path / 'page.html'}" in " ".join(shown.split())
    for sentence in (
        "Created 1 resources: archive 1.",
        "The first run reads today and three days back: 1",
        "Two equal events; the run is killed after it wrote an object.",
        "The next run goes on from the archive: 0 records more.",
        "A row of 23:30 shows only now",
        "the guide's loop",
    ):
        assert sentence in shown
    assert "\n\n\n" not in shown.partition("Created")[2]
    assert "\x1b" not in shown  # no colour where there is no terminal
    assert [line for line in shown.splitlines() if len(line) > 80 and str(tmp_path) not in line] == []


@pytest.mark.parametrize(
    ("fault", "verify", "problem"),
    [
        ("a record is lost", "", "records are missing from the archive."),
        ("a record is repeated", "", "in the archive more often than in Zoom."),
        ("a run fails", "", "failed: Zoom says no."),
        ("no run is killed", "", "No run was killed"),
        ("", "zoomlogs verify ended with status 1.", "zoomlogs verify ended with status 1."),
    ],
)
def test_a_wrong_number_fails_and_is_named(
    demo: Callable[..., int], capsys: pytest.CaptureFixture[str], fault: str, verify: str, problem: str
) -> None:
    assert demo(fault=fault, verify=verify) == 1
    assert problem in capsys.readouterr().out


def test_json_is_one_document_and_progress_goes_to_standard_error(
    demo: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert demo("--json") == 0
    printed = capsys.readouterr()
    counts = json.loads(printed.out)
    records = counts["in_zoom"]
    assert isinstance(counts.pop("seconds"), float)
    assert counts["guide"].pop("lines") > 2 * counts["guide"].pop("records")
    assert counts == {
        "ok": True,
        "problems": [],
        "in_zoom": records,
        "in_archive": records,
        "missing": 0,
        "repeated": 0,
        "in_secops": records,
        "runs": RUNS,
        "collector": counts["collector"] | {"repeated": 0, "lost": 0},
        "guide": counts["guide"] | {"lost": 1, "lost_without_repeats": 2},
    }
    assert "The first run" in printed.err


GOOD = Outcome(
    archive=Figures(records=9, lines=9, repeated=0, lost=0, lost_without_repeats=1, calls=3),
    arrived=SimpleNamespace(in_secops=9, exact=True),  # type: ignore[arg-type]
    played=Played(killed=1),
    collector=Figures(records=5, lines=5, repeated=0, lost=0, lost_without_repeats=1, calls=3),
    guide=Figures(records=5, lines=24, repeated=20, lost=1, lost_without_repeats=2, calls=9),
    verify="",
)


@pytest.mark.parametrize(
    ("part", "change", "problem"),
    [
        ("archive", {"lost": 2}, "2 of Zoom's records are missing from the archive."),
        ("archive", {"repeated": 2}, "2 records are in the archive more often than in Zoom."),
        ("arrived", {"in_secops": 8}, "Google SecOps has 8 events of 9 records."),
        ("arrived", {"exact": False}, "Google SecOps has 9 events of 9 records."),
        ("played", {"failures": ["The run at 09:00 failed: no."]}, "The run at 09:00 failed: no."),
        ("played", {"killed": None}, "No run was killed after it wrote an object and before it saved its state."),
        ("played", {"killed": 0}, "No run was killed after it wrote an object and before it saved its state."),
        ("collector", {"lost": 1}, "The collector lost 1 records and repeated 0."),
        ("collector", {"repeated": 1}, "The collector lost 0 records and repeated 1."),
        ("verify", "zoomlogs verify ended with status 1.", "zoomlogs verify ended with status 1."),
        ("guide", {"lost": 0}, "The guide's loop lost nothing, although a row came late."),
        ("guide", {"repeated": 0}, "The guide's loop repeated nothing."),
        (
            "guide",
            {"lost_without_repeats": 1},
            "Removing the guide's repeats lost nothing, although two events are equal.",
        ),
    ],
)
def test_each_number_has_its_sentence(part: str, change: Any, problem: str) -> None:
    assert GOOD.problems() == []
    changed = SimpleNamespace(**{**vars(getattr(GOOD, part)), **change}) if isinstance(change, dict) else change
    assert Outcome(**{**vars(GOOD), part: changed}).problems() == [problem]


def test_figures_are_those_of_multisets() -> None:
    twin, late, other = {"time": "1"}, {"time": "2"}, {"time": "3"}
    assert Figures.of([twin, twin, late, other], [twin, twin, other, other, other], calls=7) == Figures(
        records=4, lines=5, repeated=2, lost=1, lost_without_repeats=2, calls=7
    )


@pytest.mark.parametrize("hour", range(24))
def test_every_part_of_the_story_fits_any_time_of_day(hour: int) -> None:
    for minutes in (0, 4, 5, 6, 29, 59):
        plot = Plot(datetime(2026, 3, 1, hour, minutes, 13, tzinfo=UTC))
        moments = plot.moments
        killed = moments.index(plot.killed_at)
        assert (len(moments), moments[0], moments[-1]) == (RUNS, plot.start, plot.end)
        assert all(later - earlier >= QUARTER for earlier, later in pairwise(moments))
        assert plot.start.date() < plot.midnight.date()
        assert moments[killed - 1] < plot.twins_at <= moments[killed] < plot.late_at
        assert moments[killed + 1] - moments[killed] == QUARTER
        read_again = moments[killed + 1] + timedelta(hours=12)
        assert any(moment >= read_again for moment in moments)


def test_the_guides_loop_is_killed_and_begins_the_day_again() -> None:
    zoom = Zoom()
    zoom.add_day(zoom.clock.now().date(), 2_000)
    visible = zoom.count()
    assert visible > 300
    guide = GuideLoop(zoom)
    guide.run(zoom.clock.now(), most_calls=1)
    assert (guide.calls, len(guide.lines())) == (1, 300)
    guide.run(zoom.clock.now())
    assert guide.calls == 1 + -(-visible // 300)
    assert Counter(multiset(guide.lines()).values()).keys() >= {1, 2}


def test_both_are_killed_in_the_same_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.story.RECORDS_A_DAY", 40)
    plot, zoom, of_guide = Plot(datetime(2026, 3, 1, 9, tzinfo=UTC)), Zoom(), dict[datetime, Any]()
    fill(zoom, plot)
    guide: Any = SimpleNamespace(run=lambda at, **options: of_guide.update({at: options}))
    played = play(InMemory(zoom, ""), plot, guide, lambda *_: None, lambda: None)  # type: ignore[arg-type]
    assert [at for at, run in played.runs if not run.ok] == [plot.killed_at]
    assert [at for at, options in of_guide.items() if options] == [plot.killed_at]
    assert [*of_guide] == plot.moments


@pytest.mark.parametrize("hour", [6, 13, 23])
def test_the_guides_loop_loses_the_late_row_at_any_time_of_day(monkeypatch: pytest.MonkeyPatch, hour: int) -> None:
    monkeypatch.setattr("harness.story.RECORDS_A_DAY", 40)
    plot, zoom = Plot(datetime(2026, 3, 1, hour, 7, 13, tzinfo=UTC)), Zoom()
    fill(zoom, plot)
    guide = GuideLoop(zoom)
    play(InMemory(zoom, ""), plot, guide, lambda *_: None, lambda: None)  # type: ignore[arg-type]
    found = Figures.of(zoom.records(plot.start.date()), guide.lines(), guide.calls)
    assert (found.lost, found.lost_without_repeats) == (1, 2)
    assert found.lines_per_record > 5


def test_zoom_refuses_while_the_file_is_there(tmp_path: Path) -> None:
    zoom, switch = Zoom(), tmp_path / "zoom-refuses"
    kept.obey(zoom, switch)
    guide = GuideLoop(zoom)
    guide.run(zoom.clock.now())
    switch.touch()
    with pytest.raises(KeyError):  # the answer has no access token
        guide.run(zoom.clock.now())
    switch.unlink()
    guide.run(zoom.clock.now())


def test_what_the_shell_reads_forgets_other_aws_settings(tmp_path: Path) -> None:
    settings = tmp_path / "env"
    settings.write_text(kept.shell({"AWS_REGION": "us-east-1", "ZOOMLOGS_OUTPUTS": "/a b/outputs.json"}))
    script = f'. {settings}; echo "$AWS_PROFILE|$AWS_SESSION_TOKEN|$AWS_REGION|$ZOOMLOGS_OUTPUTS"; command -v zoomlogs'
    others = {"AWS_PROFILE": "mine", "AWS_SESSION_TOKEN": "mine", "AWS_REGION": "eu-west-1", "PATH": "/usr/bin:/bin"}
    printed = subprocess.run(["sh", "-ec", script], env=others, capture_output=True, text=True, check=True).stdout
    assert printed.splitlines()[0] == "||us-east-1|/a b/outputs.json"
    assert printed.splitlines()[1].endswith("/zoomlogs")


def test_what_is_said_of_a_kept_world_fits_into_80_columns() -> None:
    assert [line for line in kept.TEXT.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("command", re.findall(r"(?m)^  zoomlogs (.+)$", kept.TEXT))
def test_the_commands_to_paste_exist(command: str) -> None:
    """An option that does not exist is refused before the help is shown."""
    shown = zoomlogs(*command.split(), "--help")
    assert (shown.status, "Usage:" in shown.out) == (0, True)
