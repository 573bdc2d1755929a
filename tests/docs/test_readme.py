"""What a stranger reads first: short, true in its figures, and with every page within reach."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import document
import pytest
from zoomlogs.mapping.events import event

from .pages import FENCE, REPOSITORY, attributes, code_blocks, configurations, links

README = REPOSITORY / "README.md"
TEXT = README.read_text(encoding="utf-8")
PROSE = " ".join(TEXT.split())
BENCH = (REPOSITORY / "docs/bench.md").read_text(encoding="utf-8")
INDEX = REPOSITORY / "docs/index.md"
DETECTIONS = REPOSITORY / "docs/detections.md"
GLOSSARY = (REPOSITORY / "docs/glossary.md").read_text(encoding="utf-8")
MOST_WORDS = 1500
PAGES = sorted((REPOSITORY / "docs").glob("*.md"))
TERMS = [
    "archive",
    "record",
    "date",
    "instance",
    "window",
    "tail",
    "sweep",
    "owed date",
    "backfill",
    "frontier",
    "settled",
    "checkpoint",
    "lease",
    "incident",
    "break-glass role",
    "the guide",
]


def test_the_readme_is_short() -> None:
    assert len(TEXT.split()) <= MOST_WORDS


def row(title: str) -> list[str]:
    """Give the numbers in the row of docs/bench.md that begins so, in their order."""
    [line] = [line for line in BENCH.splitlines() if line.startswith(f"| {title} |")]
    return [cell.strip(" *").removesuffix(" USD") for cell in line.split("|")[2:-1]]


def test_its_figures_are_those_that_were_measured() -> None:
    lines, loop = row("lines written per record, 3,000 a day")[:2]
    calls, calls_of_loop = row("report calls a day, 3,000 records a day, steady state")[:2]
    lost, lost_by_loop = row("records missing of the day")[:2]
    assert f"| lines ingested by the SIEM per record | {lines} | {float(loop):.1f}: the guide's loop |" in TEXT
    assert f"| requests to Zoom's report per day | {calls} | {calls_of_loop}: the guide's loop |" in TEXT
    assert f"| records lost, if 1 in 200 appears up to 30 minutes late | {lost} | {lost_by_loop}: " in TEXT
    assert f"The {calls} requests above" in TEXT


def test_its_costs_are_those_of_the_model() -> None:
    _, _, _, _, _, alarms, total, free_tier, *_ = row("1,000")
    assert f"**{total} US dollars a month**" in PROSE
    assert f"of which {alarms} are" in PROSE
    assert f"about **{free_tier}** if nothing else in the account uses AWS's always-free tier" in PROSE
    assert f"A million records a day cost {row('1,000,000')[6]} at list prices" in PROSE
    assert f"the guide's loop, without alarms, costs {row('in all')[0]} at 1,000" in PROSE


def git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=30
    ).stdout


def test_its_commit_has_the_inputs_that_it_sets() -> None:
    """The commit is in the history; a shallow clone or an export has none to look at."""
    [commit] = set(re.findall(r"\?ref=(\w+)", TEXT))
    if not (REPOSITORY / ".git").exists() or git("rev-parse", "--is-shallow-repository").strip() == "true":
        pytest.skip("no history here")
    git("merge-base", "--is-ancestor", commit, "HEAD")
    types = {
        block.labels[0]: block.attributes["type"]
        for block in document.parse(git("show", f"{commit}:variables.tf"))
        if block.kind == "variable"
    }
    for configuration in configurations(README):
        modules = [block for block in document.parse(configuration.files["main.tf"]) if block.kind == "module"]
        assert modules
        for module in modules:
            for name, given in module.attributes.items():
                assert name == "source" or set(re.findall(r"(\w+)\s+=", given)) <= attributes(types[name]), name


def test_the_map_leads_to_every_page_and_example() -> None:
    reached = {(INDEX.parent / link).resolve() for link in links(INDEX)}
    pages = {page for page in INDEX.parent.glob("*.md") if page != INDEX}
    examples = {folder for folder in (REPOSITORY / "examples").iterdir() if (folder / "main.tf").exists()}
    assert sorted(path.name for path in (pages | examples) - reached) == []
    assert "docs/index.md" in links(README)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_begins_with_whom_it_is_for(page: Path) -> None:
    title, _, first = page.read_text(encoding="utf-8").partition("\n\n")
    assert title.startswith("# ")
    assert re.match("(This page is f|F)or ", first)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_that_uses_a_term_leads_to_the_glossary(page: Path) -> None:
    """Where a term first appears, or before."""
    if page.stem == "glossary":
        return
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    prose = re.sub(r"`[^`]*`|\]\([^)]*\)|^#.*", lambda found: " " * len(found[0]), text, flags=re.MULTILINE)
    used = re.search(r"\b(checkpoint|frontier|settled|lease|sweeps?|tail)\b|\b(the|written) guide\b", prose)
    assert not used or "glossary.md" in text[: f"{text}\n\n".index("\n\n", used.end())]


def test_the_glossary_has_each_term_in_a_few_sentences() -> None:
    found = re.findall(r"(?ms)^## (.+?)\n\n(.*?)(?:\n```|\Z|\n(?=## ))", GLOSSARY)
    assert [title.lower() for title, _ in found] == TERMS
    for title, said in found:
        assert 1 <= len(re.findall(r"[.:](?=\s|$)", said.replace("e.g.", ""))) <= 4, title


def at(value: Any, path: str) -> list[Any]:
    """Give what an event, in proto3 JSON, has at a UDM path such as `target.user.email_addresses`."""
    found = [value]
    for name in re.split(r"\.|\[\"", path.removesuffix('"]')):
        key = name if name == "category_type" else re.sub(r"_(\w)", lambda letter: letter[1].upper(), name)
        found = [one.get("additional" if key == "additional" else key) for one in found if one]
        found = [one for many in found for one in (many if isinstance(many, list) else [many])]
    return found


DETECTED = re.findall(r"(?ms)^## \d\. (.+?)\n(.*?)(?=^## )", DETECTIONS.read_text(encoding="utf-8"))


def test_nine_behaviours_have_a_record_each() -> None:
    assert len(DETECTED) == 9
    assert len(code_blocks(DETECTIONS, "json")) == 9


@pytest.mark.parametrize("section", [said for _, said in DETECTED], ids=[title for title, _ in DETECTED])
def test_a_behaviours_record_has_the_fields_of_the_page(section: str) -> None:
    [record] = re.findall(r"```json\n(.*?)```", section, re.DOTALL)
    shown = event(json.loads(record))
    fields = re.findall(r"^- `(.+?)` (is|contains) `(.+?)`$", section, re.MULTILINE)
    assert fields
    for path, how, expected in fields:
        values = at(shown, path.replace("additional.fields", "additional"))
        assert expected in values if how == "is" else any(expected in value for value in values), path
