"""The feature files without a plan: each scenario has a unique sentence and a mutation that it must refuse."""

from __future__ import annotations

import re
from collections import Counter

from .mutations import MUTATIONS
from .scenarios import FOLDER, Scenario, scenarios

SCENARIOS = scenarios()


def test_every_scenario_has_a_mutation_that_it_must_refuse() -> None:
    sentences = {scenario.sentence for scenario in SCENARIOS}
    assert {sentence for mutation in MUTATIONS for sentence in mutation.refused_by} == sentences
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)


def test_no_scenario_passes_without_its_resources() -> None:
    assert [scenario.sentence for scenario in SCENARIOS if "@noskip" not in scenario.tags] == []


def test_scenario_sentences_are_unique() -> None:
    assert [sentence for sentence, count in Counter(one.sentence for one in SCENARIOS).items() if count > 1] == []
    text = "".join(file.read_text(encoding="utf-8") for file in FOLDER.glob("*.feature"))
    written = len(re.findall(r"(?m)^ *Scenario(?: Outline)?:", text))
    assert len({scenario.reported.partition(" - row ")[0] for scenario in SCENARIOS}) == written


def test_the_readme_names_every_feature_file() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [file.name for file in FOLDER.glob("*.feature") if f"`{file.name}`" not in readme] == []


def test_a_scenario_is_read_whole() -> None:
    assert (
        Scenario(
            feature="tags",
            sentence="Every resource that supports tags has one",
            reported="Every resource that supports tags has one",
            tags=frozenset({"@noskip"}),
        )
        in SCENARIOS
    )
