"""What a caller reads who gives a wrong value: one sentence for each, and no rule without a value that breaks it.

`terraform test` passes a run whose expected failure came, but does not tell which rule it was, nor how many others
failed as well. So each `rejects_…` run of the suite runs here once more, alone and without the expectation.
"""

from __future__ import annotations

import functools
import os
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import hcl2
import pytest
from standins.running_provider import running_provider
from zoomlogs.scratch import prepare
from zoomlogs.terraform import TestReport

REPOSITORY = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Rejection:
    """A run of the suite that must fail: its name, the folder of the module it looks at, and a test file of its own."""

    name: str
    module: str
    text: str


@functools.cache
def rejections() -> list[Rejection]:
    found = []
    for file in sorted((REPOSITORY / "tests").glob("*.tftest.hcl")):
        header, _, _ = file.read_text(encoding="utf-8").partition("\nrun ")
        for run in re.findall(r'(?ms)^run "rejects_\w+" \{$.*?^\}$', file.read_text(encoding="utf-8")):
            name = re.match(r'run "(\w+)"', run)[1]
            source = re.search(r'source = "\./([^"]+)"', run)
            alone, expectations = re.subn(r"(?ms)^  expect_failures = \[.*?\]\n", "", run)
            assert expectations == 1, f"{file.name}: {name} expects no failure"
            module = source[1] if source and source[1].startswith("modules/") else "."
            found.append(Rejection(f"{file.name.split('.')[0]}-{name}", module, f"{header}\n{alone}\n"))
    return found


@functools.cache
def sentences(module: str) -> set[str]:
    """Collect what the rules of a module say: validations of its inputs, preconditions of its resources."""

    def messages(node: object) -> set[str]:
        if isinstance(node, list):
            return set().union(*map(messages, node))
        if not isinstance(node, dict):
            return set()
        own = {node["error_message"]} if "error_message" in node else set()
        return own.union(*map(messages, node.values()))

    texts = [file.read_text(encoding="utf-8") for file in (REPOSITORY / module).glob("*.tf")]
    return {sentence.strip('"').replace('\\"', '"') for text in texts for sentence in messages(hcl2.loads(text))}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> TestReport:
    scratch = tmp_path_factory.mktemp("root")
    terraform = prepare(REPOSITORY, scratch, os.environ, folder=".", standin=False)
    for file in (scratch / "tests").glob("*.tftest.hcl"):
        file.unlink()
    for rejection in rejections():
        (scratch / "tests" / f"{rejection.name}.tftest.hcl").write_text(rejection.text, encoding="utf-8")
    terraform.init()
    with running_provider(terraform):
        return terraform.test(failures="report")


@pytest.fixture(scope="module")
def said(report: TestReport) -> dict[str, list[str]]:
    """What each rejection said, by its name, without Terraform's heading and place."""
    told = defaultdict(list)
    for run, errors in report.errors.items():
        name = Path(run.partition(": ")[0]).name.removesuffix(".tftest.hcl")
        told[name] += [re.sub(r"^[^:]+: | \([^()]*\)$", "", error) for error in errors]
    return told


@pytest.mark.parametrize("rejection", rejections(), ids=lambda rejection: rejection.name)
def test_a_wrong_value_gives_one_sentence_of_the_modules(rejection: Rejection, said: dict[str, list[str]]) -> None:
    assert len(said[rejection.name]) == 1, said[rejection.name]
    assert said[rejection.name][0] in sentences(rejection.module)


@pytest.mark.parametrize(
    "module", [".", "modules/archive", "modules/collector", "modules/monitoring", "modules/secops_reader"]
)
def test_each_rule_is_broken_by_a_value(module: str, said: dict[str, list[str]]) -> None:
    heard = {sentence for one in rejections() if one.module == module for sentence in said[one.name]}
    assert sentences(module) - heard == set()
