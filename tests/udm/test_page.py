"""The page about it tells the truth: its example, and every row of the table."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
from zoom_operationlogs.archive_object import object_name
from zoom_operationlogs.reports import OPERATION_LOGS
from zoomlogs.mapping.events import event
from zoomlogs.mapping.rows import ROWS, SIGN_IN_ROWS, Row

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs" / "udm.md").read_text(encoding="utf-8")
SETUP = (REPOSITORY / "docs" / "setup.md").read_text(encoding="utf-8")
SIGN_INS = PAGE.partition("## Sign-ins and sign-outs\n")[2].partition("\n## ")[0].split("\n")
TABLE = PAGE.partition("## The table\n")[2].partition("\n## ")[0].split("\n")


def test_its_record_becomes_its_event() -> None:
    record, expected = map(json.loads, re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
    assert event(record) == expected


def test_the_record_of_the_setup_is_in_the_object_of_its_date() -> None:
    section = SETUP.partition("## One record, from Zoom to UDM\n")[2].partition("\n## ")[0]
    [record] = map(json.loads, re.findall(r"```json\n(.*?)```", section, re.DOTALL))
    name = re.search(r"`zoom/operationlogs/(.+?)`", section)
    assert name
    assert name[1] == object_name(date.fromisoformat(record["time"][:10]), 1, OPERATION_LOGS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.raw} is {row.udm}")
def test_it_has_every_row(row: Row) -> None:
    udm = re.sub(r"\.(key|value|value\.string_value|seconds)$", "", row.udm)
    assert [line for line in TABLE if f"`{row.raw}`" in line and f"`{udm}`" in line]


@pytest.mark.parametrize("row", SIGN_IN_ROWS, ids=lambda row: f"{row.raw} is {row.udm}")
def test_it_has_every_row_of_sign_ins(row: Row) -> None:
    assert [line for line in SIGN_INS if f"`{row.raw}`" in line and f"`{row.udm}`" in line]
