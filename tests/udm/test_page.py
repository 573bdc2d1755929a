"""The page about it tells the truth: its example, and every row of the table."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from zoomlogs.udm.events import event
from zoomlogs.udm.mapping import ROWS, Row

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "udm.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("## The table\n")[2].partition("\n## ")[0].split("\n")


def test_its_record_becomes_its_event() -> None:
    record, expected = map(json.loads, re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
    assert event(record) == expected


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.raw} is {row.udm}")
def test_it_has_every_row(row: Row) -> None:
    udm = re.sub(r"\.(key|value|value\.string_value|seconds)$", "", row.udm)
    assert [line for line in TABLE if f"`{row.raw}`" in line and f"`{udm}`" in line]
