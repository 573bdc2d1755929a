"""checkov finds nothing in the module that is not accepted in place, with a reason; and it finds what is wrong."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from compliance.mutations import Plan, more, without
from compliance.plans import REPOSITORY, make_plans, write
from zoomlogs.scratch import copy_for_terraform

CHECKOV = REPOSITORY / ".venv-checkov" / "bin" / "checkov"
LIST = REPOSITORY / "tests" / "checkov" / "plan.yaml"
SKIP = re.compile(r"^  #checkov:skip=(\w+):(.+)$", re.MULTILINE)

# The source does not say what the input is; a plan does, so a plan is not spared.
ONLY_IN_SOURCE = {"CKV_AWS_21": "bucket.versioning", "CKV_AWS_50": "collector.tracing"}

pytestmark = pytest.mark.slow


def checkov(*arguments: str | Path, cwd: Path | None = None) -> dict[str, list[dict[str, Any]]]:
    """Run checkov without a network; give its failed and skipped checks."""
    command = [CHECKOV, *arguments, "--skip-download", "--output", "json"]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    [report] = [json.loads(done.stdout)]
    results: dict[str, list[dict[str, Any]]] = report["results"]
    assert done.returncode == bool(results["failed_checks"])
    assert report["summary"]["passed"] > 0
    return results


def findings(results: dict[str, list[dict[str, Any]]], file: Path | None = None) -> set[tuple[str, str]]:
    """Name the failed checks, of one file if given, and the resources that failed them."""
    return {
        (check["check_id"], check["resource"])
        for check in results["failed_checks"]
        if file is None or Path(check["file_path"]).name == file.name
    }


def skips() -> list[tuple[str, str]]:
    """List what is accepted in the module's source: check and reason."""
    files = [*REPOSITORY.glob("*.tf"), *REPOSITORY.glob("modules/*/*.tf")]
    return [found for file in files for found in SKIP.findall(file.read_text(encoding="utf-8"))]


def accepted() -> dict[str, str]:
    """List what is accepted in a plan: check and reason."""
    return dict(re.findall(r"(?m)^  - (CKV\w+) # (.+)$", LIST.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the module's source, and nothing else."""
    folder = copy_for_terraform(REPOSITORY, tmp_path_factory.mktemp("source"))
    for other in ("examples", "tests"):
        (folder / other).rename(tmp_path_factory.mktemp("left") / other)
    return folder


def another_bucket(plan: Plan) -> Plan:
    changed = json.loads(json.dumps(plan))
    more("aws_s3_bucket", bucket="other")(changed)
    return changed


def public_bucket(plan: Plan) -> Plan:
    changed = json.loads(json.dumps(plan))
    without("aws_s3_bucket_public_access_block")(changed)
    return changed


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("plans")
    made = make_plans("default", "full", "existing_secret")
    made["another_bucket"] = another_bucket(made["default"])
    made["public_bucket"] = public_bucket(made["default"])
    return {name: write(plan, folder / f"{name}.json") for name, plan in made.items()}


@pytest.fixture(scope="module")
def files(plans: dict[str, Path]) -> list[str | Path]:
    return [argument for file in plans.values() for argument in ("--file", file)]


def test_the_source_has_no_finding_that_is_not_accepted_in_place(source: Path) -> None:
    results = checkov("--directory", source, "--framework", "terraform")
    assert findings(results) == set()
    assert {check["check_id"] for check in results["skipped_checks"]} == {check for check, _ in skips()}


def test_what_is_wrong_in_the_source_is_found(source: Path) -> None:
    file = source / "modules/archive/main.tf"
    text = file.read_text(encoding="utf-8")
    wrong = re.sub(r"(block_public_policy +)= true", r"\1= false", text)
    wrong = re.sub(r"  #checkov:skip=CKV_AWS_144:.*\n", "", wrong)
    assert wrong.count("\n") == text.count("\n") - 1
    try:
        file.write_text(wrong, encoding="utf-8")
        found = findings(checkov("--directory", source, "--framework", "terraform"))
    finally:
        file.write_text(text, encoding="utf-8")
    archive = "module.archive.aws_s3_bucket.archive"
    block = "module.archive.aws_s3_bucket_public_access_block.archive"
    assert {("CKV_AWS_144", archive), ("CKV_AWS_54", block)} <= found


def test_the_list_for_a_plan_is_what_the_source_accepts() -> None:
    assert set(accepted()) | set(ONLY_IN_SOURCE) == {check for check, _ in skips()}
    assert not set(accepted()) & set(ONLY_IN_SOURCE)
    assert all(len(reason) > 10 for _, reason in [*skips(), *accepted().items()])


def test_the_list_holds_what_a_plan_shows_and_no_more(files: list[str | Path], plans: dict[str, Path]) -> None:
    results = checkov(*files, "--framework", "terraform_plan")
    shown = {
        check for variant in ("default", "full", "existing_secret") for check, _ in findings(results, plans[variant])
    }
    # Without versions, which that variant leaves out, a plan has one finding more: as it should.
    assert shown - {"CKV_AWS_21"} == set(accepted())


def test_with_the_list_a_plan_shows_only_what_is_wrong(files: list[str | Path], plans: dict[str, Path]) -> None:
    results = checkov(*files, "--config-file", LIST)
    assert findings(results, plans["default"]) == set()
    assert findings(results, plans["full"]) == set()
    assert {check for check, _ in findings(results, plans["existing_secret"])} == {"CKV_AWS_21"}
    archive = "module.zoom_operation_logs.module.archive.aws_s3_bucket.archive[0]"
    assert findings(results, plans["public_bucket"]) == {("CKV2_AWS_6", archive)}
    assert ("CKV2_AWS_6", "aws_s3_bucket.other") in findings(results, plans["another_bucket"])
