"""The features for terraform-compliance accept the module's plans, and each scenario refuses a plan that breaks it."""

from __future__ import annotations

import copy
import json
import re
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from .mutations import MUTATIONS, Mutation, Plan, put
from .plans import FEATURES, SENTINELS, write
from .scenarios import FOLDER, Scenario
from .verdicts import BIN, SCENARIOS, Case, Verdict, features_of, judged

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]

LATER = "a later plan"


def later(plan: Plan) -> Plan:
    """Give the plan as it is once the access key is there, and Terraform knows its id."""
    changed = copy.deepcopy(plan)
    put("aws_iam_access_key", "reader", id="AK" + "IA" + "ABCDEFGHIJKLMNOP", encrypted_secret="wcBMA9+/")(changed)
    return changed


@pytest.fixture(scope="module")
def verdicts(plan_of: Callable[[str], Plan], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    """Judge every plan and every mutation of one, by variant or by the mutation's name."""
    cases = [Case(variant, variant, plan_of(variant)) for variant in FEATURES]
    cases.append(Case(LATER, "existing_secret", later(plan_of("existing_secret"))))
    cases += [Case(one.name, one.variant, one.of(plan_of(one.variant))) for one in MUTATIONS]
    return judged(cases, tmp_path_factory.mktemp("plans"))


@pytest.mark.parametrize("variant", FEATURES)
def test_the_modules_own_plan_is_accepted_by_every_scenario_that_fits_it(
    variant: str, verdicts: dict[str, Verdict]
) -> None:
    verdict = verdicts[variant]
    assert verdict.refused_by == set(), verdict.output
    assert verdict.accepted, verdict.output
    assert verdict.judged_by == {scenario.sentence for scenario in SCENARIOS if scenario.feature in FEATURES[variant]}


def test_a_later_plan_with_the_access_keys_id_in_it_is_accepted(verdicts: dict[str, Verdict]) -> None:
    assert verdicts[LATER].accepted, verdicts[LATER].output


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name.replace(" ", "_"))
def test_a_plan_that_breaks_a_rule_is_refused_by_the_scenario_of_that_rule_alone(
    mutation: Mutation, verdicts: dict[str, Verdict]
) -> None:
    verdict = verdicts[mutation.name]
    assert verdict.refused_by == set(mutation.refused_by), verdict.output
    assert not verdict.accepted


def test_every_scenario_has_a_mutation_that_it_must_refuse() -> None:
    sentences = {scenario.sentence for scenario in SCENARIOS}
    assert {sentence for mutation in MUTATIONS for sentence in mutation.refused_by} == sentences
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)


def test_no_scenario_is_green_for_want_of_something_to_judge() -> None:
    assert [scenario.sentence for scenario in SCENARIOS if "@noskip" not in scenario.tags] == []


def test_every_scenario_has_a_sentence_of_its_own() -> None:
    assert [sentence for sentence, count in Counter(one.sentence for one in SCENARIOS).items() if count > 1] == []
    text = "".join(file.read_text(encoding="utf-8") for file in FOLDER.glob("*.feature"))
    written = len(re.findall(r"(?m)^ *Scenario(?: Outline)?:", text))
    assert len({scenario.reported.partition(" - row ")[0] for scenario in SCENARIOS}) == written


def test_the_readme_names_every_feature_file() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [file.name for file in FOLDER.glob("*.feature") if f"`{file.name}`" not in readme] == []


def test_the_command_line_agrees(plan_of: Callable[[str], Plan], tmp_path: Path) -> None:
    """Judge one plan that is right and one that is not by the command that a reader would type."""
    [mutation] = [one for one in MUTATIONS if one.name == "the_collector_deletes"]
    features = features_of("full", tmp_path)
    for plan, status in ((plan_of("full"), 0), (mutation.of(plan_of("full")), 1)):
        file = write(plan, tmp_path / "plan.json")
        command = [BIN / "terraform-compliance", "--features", features, "--planfile", file, "--no-ansi"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stdout
        assert ("1 failed" in done.stdout) == bool(status)


def test_credentials_given_for_once_are_nowhere_in_the_plan(plan_of: Callable[[str], Plan]) -> None:
    text = json.dumps(plan_of("full"))
    assert '"secret_string_wo_version": 1' in text
    assert [value for value in SENTINELS.values() if value in text] == []


@pytest.mark.parametrize(("version", "known"), [("1.16.4", True), ("1.17.0", False)])
def test_a_plan_of_a_terraform_that_the_tool_does_not_know_is_refused_outright(
    version: str, known: bool, plan_of: Callable[[str], Plan], tmp_path: Path
) -> None:
    file = write({**plan_of("default"), "terraform_version": version}, tmp_path / "plan.json")
    features = features_of("default", tmp_path)
    command = [BIN / "terraform-compliance", "--features", features, "--planfile", file, "--no-ansi"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == known, done.stdout
    assert ("Unsupported terraform version" in done.stdout) == (not known)


def test_a_scenario_is_read_whole() -> None:
    assert (
        Scenario(
            feature="tags",
            sentence="Everything that takes tags has one",
            reported="Everything that takes tags has one",
            tags=frozenset({"@noskip"}),
        )
        in SCENARIOS
    )
