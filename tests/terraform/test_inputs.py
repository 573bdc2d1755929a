"""Wrong inputs: one message for each, and no rule without an input that breaks it.

The inputs and messages are in inputs.yaml. test_configuration.py tests the rules of resources, which need a provider,
in the one process that runs the module's suite.
"""

from __future__ import annotations

import json
import math
import os
import re
from typing import Any

import pytest
from harness.terraform import Terraform
from zoomlogs import deployer
from zoomlogs.errors import CommandError

from terraform.inputs import (
    REPOSITORY,
    Case,
    accepted,
    cases,
    checks,
    folder,
    refused,
    rules,
    table,
    warned,
    write_plan,
    written_out,
)

WRONG = [case for case in cases() if case.place.startswith("var.")]
RIGHT = [case for case in cases() if not case.place]
CHECKED = [case for case in cases() if case.of_a_check]

each_wrong = pytest.mark.parametrize("case", WRONG, ids=lambda case: f"{case.module}: {case.name}")
each_checked = pytest.mark.parametrize("case", CHECKED, ids=lambda case: f"{case.module}: {case.name}")
each_right = pytest.mark.parametrize("case", RIGHT, ids=lambda case: f"{case.module}: {case.name}")


@pytest.fixture(scope="module")
def planning(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    scratch = tmp_path_factory.mktemp("inputs")
    write_plan(scratch)
    terraform = Terraform(scratch, os.environ)
    terraform.init()
    return terraform


@pytest.fixture(scope="module")
def said(planning: Terraform) -> dict[str, list[str]]:
    return refused(planning, WRONG)


@pytest.fixture(scope="module")
def planned(planning: Terraform) -> dict[str, list[str]]:
    return accepted(planning, RIGHT)


@pytest.mark.slow
@each_wrong
def test_a_wrong_input_gives_only_its_message(case: Case, said: dict[str, list[str]]) -> None:
    assert said.get(case.id) == [case.sentence]


@pytest.mark.slow
def test_terraform_prints_nothing_else(said: dict[str, list[str]]) -> None:
    assert said.keys() == {case.id for case in WRONG}


@pytest.mark.slow
@each_right
def test_an_input_at_the_limit_is_accepted(case: Case, planned: dict[str, list[str]]) -> None:
    assert planned.get(case.id) == []


def as_text(given: dict[str, Any]) -> dict[str, Any]:
    """Convert values as Terraform does for a map of strings."""
    return {
        key: value if value is None or isinstance(value, str) else json.dumps(value) for key, value in given.items()
    }


@pytest.mark.parametrize(
    "case", [case for case in cases() if case.module == "deployer"], ids=lambda case: f"{case.module}: {case.name}"
)
def test_the_deployers_command_accepts_and_refuses_what_the_module_does(case: Case) -> None:
    """Both read the rules from modules/deployer/rights.json. A command line has no null."""
    options, names = as_text(case.inputs.get("options", {})), as_text(case.inputs["names"])
    if None in {*options.values(), *names.values()}:
        assert case.sentence
        return
    where = deployer.place("111122223333", "eu-west-1")
    try:
        deployer.policies(case.inputs.get("phases", deployer.PHASES), options, names, where)
        accepted_by_command = True
    except CommandError:
        accepted_by_command = False
    assert accepted_by_command == (not case.sentence)


@pytest.fixture(scope="module")
def warnings(planning: Terraform) -> dict[str, list[str]]:
    return warned(planning, CHECKED)


@pytest.mark.slow
@each_checked
def test_a_plan_warns_only_about_what_may_not_fit(case: Case, warnings: dict[str, list[str]]) -> None:
    assert warnings.get(case.id, []) == [case.sentence] * bool(case.sentence)


@pytest.mark.slow
def test_each_warning_belongs_to_a_case(warnings: dict[str, list[str]]) -> None:
    assert warnings.keys() <= {case.id for case in CHECKED}


def test_the_memory_that_the_operations_page_names_follows_its_formula() -> None:
    page = (REPOSITORY / "docs/operations.md").read_text(encoding="utf-8")
    assert "memory_mb = 110 + 2.4 × (lookback_days + 4) × records per day × 16 / 1,000,000" in page
    rows = re.findall(r"(?m)^\| ([\d,]+) \| (\d+) \| (\d+) \|$", page)
    assert rows
    for records, days, memory in rows:
        assert math.ceil(110 + 2.4 * (int(days) + 4) * int(records.replace(",", "")) * 16 / 1e6) == int(memory)


@pytest.mark.parametrize("module", table())
def test_each_check_warns_about_an_input(module: str) -> None:
    said = {case.place for case in CHECKED if case.module == module and case.sentence}
    assert said == {f"check.{name}" for name in checks(module, "checks.tf")}


@pytest.mark.parametrize("module", table())
def test_each_other_check_warns_in_a_run(module: str) -> None:
    runs = "".join(file.read_text(encoding="utf-8") for file in (REPOSITORY / "tests").glob("*.tftest.hcl"))
    warned = set(re.findall(r"(?m)^  expect_failures = \[check\.(\w+)\]$", runs))
    assert {*checks(module)} - {*checks(module, "checks.tf")} <= warned


@pytest.mark.parametrize("module", table())
def test_each_rule_is_broken_by_an_input(module: str) -> None:
    broken = {case.sentence for case in cases() if case.module == module and case.sentence and not case.of_a_check}
    assert broken == set(rules(module))


@pytest.mark.parametrize("module", table())
def test_no_rule_is_overlooked(module: str) -> None:
    """For example, a rule of an output, or in another form. A postcondition is about AWS, and no input breaks it."""
    files = (REPOSITORY / folder(module)).glob("*.tf")
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    text = re.sub(r"(?ms)^    postcondition \{$.*?^    \}$", "", text)
    assert text.count("error_message") == len([*rules(module), *checks(module)])


def test_each_module_with_rules_is_in_the_table() -> None:
    modules = {"root", *(file.parent.name for file in REPOSITORY.glob("modules/*/main.tf"))}
    assert set(table()) == {module for module in modules if rules(module)}


def test_the_tables_abbreviations() -> None:
    assert written_out({"<k*3>": ["s-<1..3>", "x", 1, {"tag-<9..10>": "a<bc*2>"}], "no": "<your-id>"}) == {
        "kkk": ["s-1", "s-2", "s-3", "x", 1, {"tag-9": "abcbc", "tag-10": "abcbc"}],
        "no": "<your-id>",
    }
