"""The workflows: valid, pinned, closed to injection; and the plan check's own scripts, run as a runner runs them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from standins.aws import AwsStandIn
from standins.running_provider import running_provider
from zoomlogs.scratch import prepare
from zoomlogs.terraform import Terraform

from .runner import Run, load, run_job

REPOSITORY = Path(__file__).resolve().parents[2]
BIN = REPOSITORY / ".venv-checkov" / "bin"
EXAMPLE = REPOSITORY / "examples" / "plan-check"
PLAN_CHECK = REPOSITORY / ".github/workflows/plan-check.yml"
CI = REPOSITORY / ".github/workflows/ci.yml"
CALLER = EXAMPLE / ".github/workflows/terraform.yml"
WORKFLOWS = [*sorted((REPOSITORY / ".github/workflows").glob("*.yml")), CALLER]
INSTALL = "Install terraform-compliance and checkov"

slow, exhaustive = pytest.mark.slow, pytest.mark.exhaustive
each = pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda file: file.name)


def steps(workflow: Path) -> Iterator[dict[str, Any]]:
    for job in load(workflow)["jobs"].values():
        yield from job.get("steps", [])


# --- what they say ---------------------------------------------------------------------------------------------------


@slow
@exhaustive
@each
def test_it_is_a_workflow(workflow: Path) -> None:
    command = [BIN / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", workflow]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@slow
@exhaustive
def test_zizmor_finds_nothing_but_the_tag_in_the_example() -> None:
    command = [BIN / "zizmor", "--offline", "--no-config", "--format", "json", *WORKFLOWS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = [(one["ident"], one["locations"][0]["symbolic"]["key"]) for one in json.loads(done.stdout)]
    assert [ident for ident, _ in found] == ["unpinned-uses"], found
    assert CALLER.name in json.dumps(found)


@each
def test_every_action_is_pinned_by_its_commit_and_tells_its_version(workflow: Path) -> None:
    lines = [line.strip() for line in workflow.read_text(encoding="utf-8").splitlines() if " uses: " in line]
    assert lines
    if workflow == CALLER:
        [line] = lines
        assert re.fullmatch(r"uses: YOUR-ORGANISATION/[\w-]+/\.github/workflows/plan-check\.yml@v\d+\.\d+\.\d+", line)
    else:
        assert [
            line for line in lines if not re.fullmatch(r"(- )?uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)
        ] == []


@each
def test_no_script_holds_an_expression(workflow: Path) -> None:
    assert [step["name"] for step in steps(workflow) if "${{" in step.get("run", "")] == []


@each
def test_nothing_keeps_the_token_and_nothing_may_write(workflow: Path) -> None:
    checkouts = [step for step in steps(workflow) if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)
    document = load(workflow)
    granted = [document.get("permissions", {}), *(job.get("permissions", {}) for job in document["jobs"].values())]
    assert {(name, level) for one in granted for name, level in one.items()} <= {
        ("contents", "read"),
        ("id-token", "write"),
    }


def test_ci_runs_the_oldest_terraform_that_the_module_takes_and_every_test() -> None:
    [job] = load(CI)["jobs"].values()
    oldest, newest = job["strategy"]["matrix"]["terraform"]
    required = re.search(r'required_version = ">= ([\d.]+)"', (REPOSITORY / "versions.tf").read_text(encoding="utf-8"))
    assert required is not None
    assert oldest == f"{required[1]}.0"
    pins = (REPOSITORY / "tests/compliance/requirements.in").read_text(encoding="utf-8")
    known = re.search(r"Terraform 1\.11 to (1\.\d+);", pins)
    assert known is not None
    assert newest == f"~{known[1]}.0"
    assert f"1.11 to {known[1]}" in PLAN_CHECK.read_text(encoding="utf-8")
    assert job["steps"][-1]["run"] == "make test-all"


def test_the_example_gives_what_the_workflow_takes() -> None:
    inputs = load(PLAN_CHECK)["on"]["workflow_call"]["inputs"]
    [job] = load(CALLER)["jobs"].values()
    assert set(job["with"]) <= set(inputs)
    names = [*job["with"]["features"].split(), *inputs["features"]["default"].split()]
    assert [name for name in names if not (REPOSITORY / f"tests/compliance/{name}.feature").exists()] == []
    assert set(json.loads(job["with"]["variables"])) == {"bucket_name"}


# --- what they do ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def provider(aws: AwsStandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """One provider for all runners: starting it is not what is to be shown."""
    terraform = prepare(REPOSITORY, tmp_path_factory.mktemp("any"), aws.env(), folder="examples/plan-check")
    terraform.init()
    with running_provider(terraform) as variable:
        yield variable


@pytest.fixture
def caller(aws: AwsStandIn, provider: dict[str, str], tmp_path: Path) -> Terraform:
    """Lay out a runner's workspace: the caller's checkout, and the policies in a folder beside it."""
    workspace = tmp_path / "workspace"
    terraform = prepare(REPOSITORY, workspace, aws.env(), folder="examples/plan-check")
    terraform.env |= provider
    for tool in ("compliance", "checkov"):
        shutil.copytree(REPOSITORY / "tests" / tool, workspace / "plan-check-policies/tests" / tool)
    temp = tmp_path / "temp"
    temp.mkdir()
    for tool in ("compliance", "checkov"):  # as the step that installs them would leave them
        (temp / tool).symlink_to(REPOSITORY / f".venv-{tool}")
    return terraform


def check(caller: Terraform, **inputs: str) -> Run:
    """Run the plan check on the caller's root module."""
    workspace = caller.workdir.parents[1]
    [job] = load(CALLER)["jobs"].values()
    given = {
        "working-directory": "examples/plan-check",
        **{name: job["with"][name] for name in ("variables", "features")},
    }
    names = {name.replace("_", "-"): value for name, value in inputs.items()}
    path = f"{REPOSITORY / '.venv/bin'}{os.pathsep}{caller.env['PATH']}"
    env = {**caller.env, "PATH": path}
    return run_job(PLAN_CHECK, "plan-check", given | names, env, workspace, workspace.with_name("temp"), {INSTALL})


def add(caller: Terraform, text: str) -> None:
    """Write more into the caller's root module."""
    with (caller.workdir / "main.tf").open("a", encoding="utf-8") as file:
        file.write(text)


FEATURES, SECRETS, CHECKOV = (
    "Check the plan by the features",
    "Look for secrets in the plan",
    "Check the plan by checkov",
)
STEPS = ["Plan", "Show the plan in the summary", FEATURES, SECRETS, CHECKOV]


@slow
@exhaustive
def test_the_example_is_green_and_its_plan_is_shown(caller: Terraform) -> None:
    run = check(caller)
    assert list(run.steps) == STEPS
    assert run.failed == [], run.output
    assert "### Plan of examples/plan-check" in run.output
    assert "Plan: 39 to add, 0 to change, 0 to destroy." in run.output
    assert '"your-zoom-operation-logs"' in run.output


@slow
@exhaustive
def test_what_is_wrong_in_the_callers_own_resources_is_refused_by_each_step(caller: Terraform) -> None:
    """A public bucket, a policy with a wildcard, and a secret."""
    add(
        caller,
        """
        resource "aws_s3_bucket" "other" {
          bucket = "open-to-all"
        }

        resource "aws_s3_bucket_acl" "other" {
          bucket = aws_s3_bucket.other.bucket
          acl    = "public-read"
        }

        variable "zoom_credentials" {
          type      = object({ client_secret = string })
          sensitive = true
          default   = { client_secret = "Sentinel-Secret" }
        }

        resource "aws_iam_policy" "other" {
          name   = "other"
          policy = jsonencode({ Version = "2012-10-17", Statement = [
            { Effect = "Allow", Action = ["s3:*"], Resource = ["arn:aws:s3:::your-zoom-operation-logs/*"] },
          ] })
        }
        """,
    )
    run = check(caller)
    assert run.failed == [FEATURES, SECRETS, CHECKOV]
    assert "aws_s3_bucket.other (aws_s3_bucket) does not have aws_s3_bucket_public_access_block property" in run.output
    assert "Action property in" in run.output
    assert "variables.zoom_credentials.value.client_secret" in run.output
    assert "CKV_AWS_20" in run.output
    assert "Sentinel-Secret" not in run.output


@slow
@exhaustive
def test_a_plan_that_fails_ends_the_job(caller: Terraform) -> None:
    run = check(caller, variables='{"bucket_name": "Not A Bucket"}')
    assert run.steps == {"Plan": False}
    assert "bucket_name must be a name S3 accepts" in run.output


@slow
@exhaustive
def test_files_of_variables_and_names_are_taken_as_such(caller: Terraform) -> None:
    (caller.workdir / "ours.tfvars").write_text('bucket_name = "from-a-file"\n', encoding="utf-8")
    canary = caller.workdir / "canary"
    hostile = f"$(touch {canary}) ; touch {canary} *"
    run = check(caller, variables="", var_file="ours.tfvars", features=hostile, accepted_findings=hostile)
    assert run.failed == [FEATURES, CHECKOV]
    assert '"from-a-file"' in run.output
    assert "there is no tests/compliance/$(touch.feature" in run.output
    assert '"$(touch": that is no check of checkov' in run.output
    assert not canary.exists()


def test_the_tools_are_installed_by_their_hashes(tmp_path: Path) -> None:
    """Run the step with a Python that only tells what it was asked."""
    asked = tmp_path / "asked"
    fake = f"""#!/bin/sh
for last; do :; done
echo "$@" >> {asked}
[ "$2" != venv ] || {{ mkdir -p "$last/bin"; cp "$0" "$last/bin/python"; }}
"""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").write_text(fake, encoding="utf-8")
    (tmp_path / "bin/python").chmod(0o755)
    env = {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    others = {step["name"] for step in steps(PLAN_CHECK)} - {INSTALL}
    run = run_job(PLAN_CHECK, "plan-check", {}, env, tmp_path, tmp_path, others)
    assert run.steps == {INSTALL: True}
    installed = [line.split() for line in asked.read_text(encoding="utf-8").splitlines() if " pip install " in line]
    files = [Path(words[words.index("--requirement") + 1]) for words in installed]
    policies = tmp_path / "plan-check-policies"
    assert {file.relative_to(policies) for file in files} == {
        file.relative_to(REPOSITORY)
        for tool in ("compliance", "checkov")
        for file in (REPOSITORY / "tests" / tool).glob("requirements*.txt")
    }
    for words, file in zip(installed, files, strict=True):
        assert "--require-hashes" in words
        # Else pip fetches what builds a package in any version, without hashes.
        assert {"--only-binary", "--no-build-isolation"} & set(words)
        assert [word for word in words if not word.startswith(("-", ":"))] == ["pip", "install", str(file)]
