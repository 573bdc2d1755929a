"""Records of a report for which Google has published no mapping: one sentence for each line, and no event."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import commands
import pytest
import zoom_operationlogs
from standins.zoom.third_report import ENTRY, NAME

RECORD = {"booked_at": "2026-03-10T07:00:00Z", "room": "blue", "who": "équipe"}
SENTENCE = "a record of Zoom's room bookings, for which Google has published no mapping"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("value", "refused"),
    [
        (RECORD, True),
        (RECORD | {"time": "2026-03-10T07:00:00Z"}, True),
        ([RECORD], True),
        ({"bookings": [RECORD]}, True),
        ({"time": "2026-03-10T07:00:00Z", "email": "a@example.com", "room": "a field that Zoom added"}, False),
    ],
    ids=["record", "with a time", "array", "page", "sign-in"],
)
def test_a_record_without_a_mapping(value: Any, refused: bool, tmp_path: Path) -> None:
    copy = shutil.copytree(Path(zoom_operationlogs.__file__).parent, tmp_path / "zoom_operationlogs")
    entries = copy / "reports.json"
    entries.write_text(json.dumps({**json.loads(entries.read_text("utf-8")), NAME: ENTRY}))
    ran = subprocess.run(
        [commands.SCRIPT, "udm", "-"],
        input=json.dumps(value) + "\n",
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stderr.splitlines()[:1] == [f"<stdin>:1: {SENTENCE}"] * refused
    assert (ran.returncode, bool(ran.stdout)) == ((1, False) if refused else (0, True))
