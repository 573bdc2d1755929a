"""checkov finds nothing in the module that is not accepted in place with a reason, and it finds faults."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from compliance.gate_plans import later
from compliance.mutations import Plan, more, without
from compliance.plans import REPOSITORY, write
from harness.scratch import copy_for_terraform

PYTHON = REPOSITORY / ".venv-checkov" / "bin" / "python"
MANY = Path(__file__).with_name("many.py")
LIST = REPOSITORY / "tests" / "checkov" / "plan.yaml"
SKIP = re.compile(r"^  #checkov:skip=(\w+):(.+)$", re.MULTILINE)

# The source does not show the input's value; a plan does, so plans are checked.
ONLY_IN_SOURCE = {
    "CKV_AWS_19": "bucket.encryption",
    "CKV_AWS_21": "bucket.versioning",
    "CKV_AWS_50": "collector.tracing",
}

VARIANTS = ("default", "full", "existing_secret")

pytestmark = pytest.mark.slow

Results = dict[str, list[dict[str, Any]]]


def checkov(*runs: list[str | Path]) -> list[Results]:
    """Run checkov without a network, once for each list of arguments; return failed and skipped checks."""
    jobs = [[*map(str, arguments), "--skip-download", "--output", "json"] for arguments in runs]
    done = subprocess.run([PYTHON, MANY], input=json.dumps(jobs), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = []
    for run in json.loads(done.stdout):
        assert run["status"] in (0, 1), done.stderr
        report = json.loads(run["output"])
        assert run["status"] == bool(report["results"]["failed_checks"])
        assert report["summary"]["passed"] > 0
        found.append(report["results"])
    assert len(found) == len(runs)
    return found


def findings(results: Results, file: Path | None = None) -> set[tuple[str, str]]:
    """Return the failed checks, of one file if given, and the resources that failed them."""
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


def another_bucket(plan: Plan) -> Plan:
    changed = json.loads(json.dumps(plan))
    more("aws_s3_bucket", bucket="other")(changed)
    return changed


def public_bucket(plan: Plan) -> Plan:
    changed = json.loads(json.dumps(plan))
    without("aws_s3_bucket_public_access_block")(changed)
    return changed


@dataclass(frozen=True)
class Looked:
    """checkov's findings: in the module's source, in a source with two faults, and in plans by variant."""

    source: Results
    wrong_source: Results
    plans: Results
    plans_with_list: Results
    files: dict[str, Path]


@pytest.fixture(scope="module")
def looked(plan_of: Callable[[str], Plan], tmp_path_factory: pytest.TempPathFactory) -> Looked:
    folder = tmp_path_factory.mktemp("plans")
    made = {variant: plan_of(variant) for variant in VARIANTS}
    made["later"] = later(made["default"])
    made["another_bucket"] = another_bucket(made["default"])
    made["public_bucket"] = public_bucket(made["default"])
    files = {name: write(plan, folder / f"{name}.json") for name, plan in made.items()}
    arguments: list[str | Path] = [argument for file in files.values() for argument in ("--file", file)]
    found = checkov(
        ["--directory", source(folder / "right"), "--framework", "terraform"],
        ["--directory", wrong(source(folder / "wrong")), "--framework", "terraform"],
        [*arguments, "--framework", "terraform_plan"],
        [*arguments, "--config-file", LIST],
    )
    return Looked(*found, files)


def source(folder: Path) -> Path:
    """Copy the module's source, and nothing else."""
    copy_for_terraform(REPOSITORY, folder)
    for other in ("examples", "tests"):
        shutil.rmtree(folder / other)
    return folder


def wrong(folder: Path) -> Path:
    """Put two faults into a source: a bucket open to public policies, and a finding that nothing accepts."""
    file = folder / "modules/archive/main.tf"
    text = file.read_text(encoding="utf-8")
    changed = re.sub(r"(block_public_policy +)= true", r"\1= false", text)
    changed = re.sub(r"  #checkov:skip=CKV_AWS_144:.*\n", "", changed)
    assert changed.count("\n") == text.count("\n") - 1
    file.write_text(changed, encoding="utf-8")
    return folder


def test_every_finding_in_the_source_is_accepted_in_place(looked: Looked) -> None:
    assert findings(looked.source) == set()
    assert {check["check_id"] for check in looked.source["skipped_checks"]} == {check for check, _ in skips()}


def test_faults_in_the_source_are_found(looked: Looked) -> None:
    archive = "module.archive.aws_s3_bucket.archive"
    block = "module.archive.aws_s3_bucket_public_access_block.archive"
    assert {("CKV_AWS_144", archive), ("CKV_AWS_54", block)} <= findings(looked.wrong_source)


def test_the_list_for_plans_has_what_the_source_accepts() -> None:
    assert set(accepted()) | set(ONLY_IN_SOURCE) == {check for check, _ in skips()}
    assert not set(accepted()) & set(ONLY_IN_SOURCE)
    assert all(len(reason) > 10 for _, reason in [*skips(), *accepted().items()])


def test_the_list_has_exactly_the_findings_of_plans(looked: Looked) -> None:
    shown = {check for variant in (*VARIANTS, "later") for check, _ in findings(looked.plans, looked.files[variant])}
    # That variant has no versioning, so its plan correctly has one more finding.
    assert shown - {"CKV_AWS_21"} == set(accepted())


def test_with_the_list_only_real_faults_are_found(looked: Looked) -> None:
    def shown(name: str) -> set[tuple[str, str]]:
        return findings(looked.plans_with_list, looked.files[name])

    assert shown("default") == set()
    assert shown("full") == set()
    assert shown("later") == set()
    assert {check for check, _ in shown("existing_secret")} == {"CKV_AWS_21"}
    archive = "module.zoom_operation_logs.module.archive.aws_s3_bucket.archive[0]"
    assert shown("public_bucket") == {("CKV2_AWS_6", archive)}
    assert ("CKV2_AWS_6", "aws_s3_bucket.other") in shown("another_bucket")
