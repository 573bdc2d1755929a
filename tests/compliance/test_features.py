"""The features for terraform-compliance accept the module's plans, and each scenario refuses a plan that breaks it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from .mutations import MUTATIONS, Mutation, Plan
from .plans import FEATURES, SENTINELS, write
from .verdicts import BIN, SCENARIOS, Case, Verdict, features_of, judged

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]


@pytest.fixture(scope="module")
def verdicts(plan_of: Callable[[str], Plan], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    """Check every plan and every mutation; return the verdicts by variant or mutation name."""
    cases = [Case(variant, variant, plan_of(variant)) for variant in FEATURES]
    cases += [Case(one.name, one.variant, one.of(plan_of(one.variant))) for one in MUTATIONS]
    return judged(cases, tmp_path_factory.mktemp("plans"))


@pytest.mark.parametrize("variant", FEATURES)
def test_every_fitting_scenario_accepts_the_modules_plan(variant: str, verdicts: dict[str, Verdict]) -> None:
    verdict = verdicts[variant]
    assert verdict.refused_by == set(), verdict.output
    assert verdict.accepted, verdict.output
    assert verdict.judged_by == {scenario.sentence for scenario in SCENARIOS if scenario.feature in FEATURES[variant]}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name.replace(" ", "_"))
def test_only_the_broken_scenarios_refuse_a_plan(mutation: Mutation, verdicts: dict[str, Verdict]) -> None:
    verdict = verdicts[mutation.name]
    assert verdict.refused_by == set(mutation.refused_by), verdict.output
    assert not verdict.accepted


def test_the_command_line_agrees(plan_of: Callable[[str], Plan], tmp_path: Path) -> None:
    """Check a right and a wrong plan with the command that a reader would type."""
    [mutation] = [one for one in MUTATIONS if one.name == "the_collector_deletes"]
    features = features_of("full", tmp_path)
    for plan, status in ((plan_of("full"), 0), (mutation.of(plan_of("full")), 1)):
        file = write(plan, tmp_path / "plan.json")
        command = [BIN / "terraform-compliance", "--features", features, "--planfile", file, "--no-ansi"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stdout
        assert ("1 failed" in done.stdout) == bool(status)


def test_ephemeral_credentials_are_not_in_the_plan(plan_of: Callable[[str], Plan]) -> None:
    text = json.dumps(plan_of("full"))
    assert '"secret_string_wo_version": 1' in text
    assert [value for value in SENTINELS.values() if value in text] == []


@pytest.mark.parametrize(("version", "known"), [("1.16.4", True), ("1.17.0", False)])
def test_a_plan_of_an_unsupported_terraform_is_refused(
    version: str, known: bool, plan_of: Callable[[str], Plan], tmp_path: Path
) -> None:
    file = write({**plan_of("default"), "terraform_version": version}, tmp_path / "plan.json")
    features = features_of("default", tmp_path)
    command = [BIN / "terraform-compliance", "--features", features, "--planfile", file, "--no-ansi"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == known, done.stdout
    assert ("Unsupported terraform version" in done.stdout) == (not known)
