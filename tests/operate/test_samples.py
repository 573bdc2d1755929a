"""The samples in docs/cli.md are what the commands print, of facts made up here."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from rich.console import Console
from zoom_operationlogs.agenda import LOOK_AGAIN_AFTER
from zoom_operationlogs.checkpoint import Checkpoint
from zoom_operationlogs.zoom_rate_limits import Quota
from zoomlogs import logs as logs
from zoomlogs import status as status
from zoomlogs.checkpoint import StoredCheckpoint
from zoomlogs.doctor import collector_rules, delivery_rules
from zoomlogs.doctor import command as doctor
from zoomlogs.doctor.checks import CHECKS
from zoomlogs.doctor.collector_rules import ZoomAnswer
from zoomlogs.doctor.findings import Finding, ok, unknown
from zoomlogs.errors import CommandError
from zoomlogs.runs import Run
from zoomlogs.secops.tenant import tenant_of
from zoomlogs.status import words

from .test_page import EXAMPLE, SECTIONS

NOW = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
QUARTERLY = {"expression": "rate(15 minutes)", "interval_minutes": 15}
BUSY = "Zoom's rate limit is reached: no request before 2026-11-24 16:31:05 UTC."


def printed(*parts: Any) -> str:
    """Return what a terminal of 80 columns shows, without the blanks at the ends of lines."""
    out = io.StringIO()
    console = Console(file=out, width=80, highlight=False, markup=False, emoji=False)
    for part in parts:
        console.print(part)
    return "\n".join(line.rstrip() for line in out.getvalue().strip().splitlines())


def sample(command: str) -> str:
    """Return the page's sample of a command; lines that it leaves out are an ellipsis there."""
    [section] = [text for title, text in SECTIONS.items() if title.endswith(f": `{command}`")]
    [block] = re.findall(r"^```text\n(.*?)\n```$", section, re.MULTILINE | re.DOTALL)
    return "\n".join(line for line in block.splitlines() if line != "…")


def run(minute: int, outcome: Any = "ok", sentence: str = "", **more: Any) -> Run:
    counts: dict[str, Any] = {"seconds": 0.6, "written": 17, "objects": 1, "pages": 2, "owed": 0, "zoom_calls": 2}
    began = datetime(2026, 11, 24, 16, minute, tzinfo=UTC)
    return Run("id", began, outcome=outcome, sentence=sentence, **{**counts, **more})


RUNS = [
    run(0),
    run(15, action="backfill", seconds=284.0, written=102_344, objects=31, pages=353, owed=3, zoom_calls=353),
    run(30, "stopped", BUSY, seconds=0.4, written=0, objects=0, pages=0, owed=3, zoom_calls=1),
    run(45, seconds=72.0, written=25_617, objects=9, pages=90, zoom_calls=90),
]


def test_logs() -> None:
    assert sample("logs") == printed(logs.as_table(RUNS), *logs.sentences(RUNS))


def test_status() -> None:
    """As it was after the run that was stopped."""
    now = datetime(2026, 11, 24, 16, 40, tzinfo=UTC)
    checkpoint = Checkpoint(date(2026, 6, 1), date(2026, 11, 20), frontier=now - timedelta(minutes=25, seconds=8))
    checkpoint.reconciled = datetime(2026, 11, 24, tzinfo=UTC)
    for day in (1, 2, 3):
        checkpoint.owe(date(2026, 9, day), RUNS[1].began, 300)
    empty = date(2026, 9, 1)
    looked = datetime(2026, 11, 24, 16, 18, 22, tzinfo=UTC)
    checkpoint.owed[empty] = replace(checkpoint.owed[empty], looks=1, not_before=looked + LOOK_AGAIN_AFTER)
    saved = RUNS[2].began
    assert sample("status") == printed(status.table(EXAMPLE, words(checkpoint, saved, now, RUNS[2])))


def chosen() -> Iterable[tuple[str, Finding]]:
    whole = json.dumps(dict.fromkeys(("account_id", "client_id", "client_secret"), "x"))
    answer = ZoomAnswer(True, None, Quota(30_000, 29_951))
    saved = NOW - timedelta(minutes=13)
    yield "secret", collector_rules.secret(whole, "arn")
    yield "sign-in", collector_rules.sign_in(answer)
    yield "report", collector_rules.report(answer)
    yield "collector's rights", delivery_rules.rights([], "The collector's role", "r")
    yield "schedule", ok("The schedule starts the collector at rate(15 minutes).")
    yield "scheduler's rights", delivery_rules.rights([], "The schedule's role", "r")
    yield "runs", collector_rules.runs(RUNS, RUNS, NOW, QUARTERLY)
    yield "dead letters", collector_rules.dead_letters(0, "q")
    yield (
        "checkpoint",
        collector_rules.checkpoint(
            StoredCheckpoint(Checkpoint(date(2026, 6, 1), date(2026, 11, 20)), saved), NOW, QUARTERLY
        ),
    )
    yield "reader", delivery_rules.reader_user({}, None, NOW, "secops-reader")
    try:
        tenant_of({}, None)
    except CommandError as error:
        why = str(error).rstrip(".")
    yield "feed", unknown(f"Not checked because SecOps could not be queried: {why}.")


def test_doctor() -> None:
    found = dict(chosen())
    names = [check.name for check in CHECKS]
    assert [name for name in names if name in found] == list(found)
    summary = doctor.summary([found.get(name, ok("")) for name in names])
    well = [each for each in found.items() if each[1].status == "ok"]
    lines = [printed(doctor.line(*each)) for each in [*well, *doctor.problems(list(found.items()))]]
    assert sample("doctor") == "\n".join([*lines, "", summary])
