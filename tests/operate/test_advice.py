"""advice.yaml lists every sentence of advice in the command line, with the test that proves it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest
import yaml

from .advice import ELSEWHERE, all_advice, runbook_commands

REPOSITORY = Path(__file__).resolve().parents[2]
LIST: dict[str, dict[str, str]] = yaml.safe_load(Path(__file__).with_name("advice.yaml").read_text("utf-8"))
ADVICE = list(all_advice())
RUNBOOK = "docs/operations.md"
NO_TEST = ("elsewhere", "no advice")


def row(module: str, sentence: str) -> str:
    """Return the longest listed beginning of a sentence; "" if it is not listed."""
    return max((start for start in LIST.get(module, {}) if sentence.startswith(start)), key=len, default="")


def test_every_sentence_of_advice_is_in_the_list() -> None:
    assert [advice for advice in ADVICE if not row(*advice)] == []


def test_the_list_has_no_stale_sentence() -> None:
    said = {(module, row(module, sentence)) for module, sentence in ADVICE}
    listed = {(module, start) for module, starts in LIST.items() for start in starts if module != RUNBOOK}
    assert listed - said == set()


def test_every_command_of_the_runbook_is_in_the_list_and_no_other() -> None:
    assert sorted(runbook_commands()) == sorted(LIST[RUNBOOK])


@cache
def functions_of(file: Path) -> frozenset[str]:
    return frozenset(node.name for node in ast.parse(file.read_text("utf-8")).body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("proof", sorted({proof for starts in LIST.values() for proof in starts.values()} - {*NO_TEST}))
def test_each_proof_is_there(proof: str) -> None:
    path, _, test = proof.partition("::")
    assert (REPOSITORY / path).exists()
    assert not test or test in functions_of(REPOSITORY / path)


def test_advice_without_a_test_names_where_it_leads() -> None:
    unnamed = [
        sentence
        for module, sentence in ADVICE
        if LIST[module][row(module, sentence)] == "elsewhere" and not ELSEWHERE.search(sentence)
    ]
    assert unnamed == []


def test_the_list_would_miss_a_sentence() -> None:
    """The first test can fail: unlisted advice is found."""
    assert row("logs.py", "The log group is too old: run `zoomlogs doctor`.") == ""
