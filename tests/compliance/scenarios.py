"""Reads the scenarios of the feature files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Scenario:
    """A scenario, or one row of an outline: its sentence, the name that terraform-compliance reports, its tags."""

    feature: str
    sentence: str
    reported: str
    tags: frozenset[str]


def scenarios(folder: Path = FOLDER) -> list[Scenario]:
    """List every scenario in a folder of feature files, each row of an outline as one."""
    return [scenario for file in sorted(folder.glob("*.feature")) for scenario in in_feature(file)]


def in_feature(file: Path) -> list[Scenario]:
    """List the scenarios of one file."""
    found = []
    blocks = re.split(r"\n(?=  @)", file.read_text(encoding="utf-8"))[1:]
    for block in blocks:
        name = re.search(r"(?m)^  Scenario(?: Outline)?: (.+)$", block)
        assert name is not None
        tags = frozenset(block.splitlines()[0].split())
        header, *rows = [
            [cell.strip() for cell in row.split("|")[1:-1]] for row in re.findall(r"(?m)^ +\|.+$", block)
        ] or [[]]
        for number, row in enumerate(rows):
            cells = dict(zip(header, row))
            sentence = re.sub(r"<(\w+)>", lambda place, cells=cells: cells[place[1]], name[1])
            found.append(Scenario(file.stem, sentence, f"{name[1]} - row {number}", tags))
        if not rows:
            found.append(Scenario(file.stem, name[1], name[1], tags))
    return found
