"""`make demo ARGS=--json`, with a made-up deployment in place of the one that takes a minute to apply."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from harness.demo import main
from standins.deployment import Comparison, StoredObject

ALL_THERE = Comparison(in_zoom=2, in_archive=2, missing=0, repeated=0)


class MadeUp:
    """What the demo asks of a deployment."""

    bucket, prefix = "bucket", "zoom/operationlogs/"
    target = SimpleNamespace(expression="rate(15 minutes)")
    runtime = SimpleNamespace(kind="A process.")
    terraform = SimpleNamespace(state_list=lambda: ["module.logs.module.archive.aws_s3_bucket.archive"])
    outputs = {"feed_values": [{"field": "Region", "value": "us-east-1"}]}  # noqa: RUF012

    def __init__(self, zoom: Any, comparison: Comparison, *, runs_fail: bool) -> None:
        self.zoom = zoom
        self._comparison = comparison
        self._runs_fail = runs_fail

    def store_credentials(self) -> None: ...

    def run_scheduled(self) -> Any:
        result = dict.fromkeys(("pages", "written", "objects", "owed"), 1)
        error = {"errorMessage": "Zoom says no."}
        return SimpleNamespace(ok=not self._runs_fail, result=result, error=error, duration_s=1.0)

    def objects(self) -> list[StoredObject]:
        return [StoredObject(f"{self.prefix}2026/01/31/0.json.gz", 90, [{"time": "2026-01-31T12:00:00Z"}] * 2)]

    def compare(self, _first: date) -> Comparison:
        return self._comparison


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    def run(comparison: Comparison, *arguments: str, runs_fail: bool = False) -> int:
        @contextmanager
        def deployed(_repository: object, zoom: Any, **_: object) -> Iterator[MadeUp]:
            yield MadeUp(zoom, comparison, runs_fail=runs_fail)

        monkeypatch.setattr("harness.demo.deployed", deployed)
        monkeypatch.setattr("signal.signal", lambda *_: None)
        monkeypatch.delenv("KEEP", raising=False)
        return main(list(arguments))

    return run


@pytest.mark.parametrize(
    ("comparison", "runs_fail", "ok"),
    [
        (ALL_THERE, False, True),
        (ALL_THERE, True, False),
        (Comparison(in_zoom=3, in_archive=2, missing=1, repeated=0), False, False),
    ],
)
def test_json_is_one_document_and_progress_goes_elsewhere(
    demo: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    comparison: Comparison,
    runs_fail: bool,
    ok: bool,
) -> None:
    assert demo(comparison, "--json", runs_fail=runs_fail) == (0 if ok else 1)
    printed = capsys.readouterr()
    told = json.loads(printed.out)
    assert isinstance(told.pop("seconds"), float)
    assert told == {
        "ok": ok,
        "in_zoom": comparison.in_zoom,
        "in_archive": comparison.in_archive,
        "missing": comparison.missing,
        "repeated": comparison.repeated,
    }
    assert "Scheduled runs" in printed.err


def test_without_it_all_is_shown(demo: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert demo(ALL_THERE) == 0
    shown = capsys.readouterr().out
    assert "2 in Zoom, 2 in the archive, 0 missing, 0 repeated" in shown
    assert re.search(r"Took \d+ s\.", shown)
