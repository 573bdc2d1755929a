"""The workflows: valid, pinned, safe from injection; and the plan check's scripts, run as a runner runs them."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from compliance.gate.rules import RULES
from harness.scratch import prepare
from harness.terraform import Terraform
from standins.aws import AwsStandIn
from standins.running_provider import running_provider

from .runner import BRANCH, TAG, Run, load, run_job

REPOSITORY = Path(__file__).resolve().parents[2]
BIN = REPOSITORY / ".venv-checkov" / "bin"
EXAMPLE = REPOSITORY / "examples" / "plan-check"
PLAN_CHECK = REPOSITORY / ".github/workflows/plan-check.yml"
DEPENDABOT = REPOSITORY / ".github/dependabot.yml"
CI = REPOSITORY / ".github/workflows/ci.yml"
RELEASE = REPOSITORY / ".github/workflows/release.yml"
PACKAGE = REPOSITORY / ".github/workflows/package.yml"
CALLER = EXAMPLE / ".github/workflows/terraform.yml"
WORKFLOWS = [*sorted((REPOSITORY / ".github/workflows").glob("*.yml")), CALLER]
slow, exhaustive = pytest.mark.slow, pytest.mark.exhaustive
each = pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda file: file.name)


def steps(workflow: Path) -> Iterator[dict[str, Any]]:
    for job in load(workflow)["jobs"].values():
        yield from job.get("steps", [])


# --- the files -------------------------------------------------------------------------------------------------------


@slow
@exhaustive
@each
def test_it_is_a_workflow(workflow: Path) -> None:
    command = [BIN / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", workflow]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@slow
@exhaustive
def test_zizmor_finds_only_the_examples_tag_and_the_local_workflow() -> None:
    """zizmor recommends the form `$/` for a local workflow, which GitHub Enterprise Server does not support."""
    command = [BIN / "zizmor", "--offline", "--no-config", "--format", "json", *WORKFLOWS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = [(one["ident"], one["locations"][0]["symbolic"]["key"]) for one in json.loads(done.stdout)]
    assert [(ident, Path(where["Local"]["verbatim_path"])) for ident, where in found] == [
        ("self-repository", RELEASE),
        ("unpinned-uses", CALLER),
    ]


def uses(workflow: Path) -> list[str]:
    """Return the lines that name an action or a workflow."""
    return [line.strip() for line in workflow.read_text(encoding="utf-8").splitlines() if " uses: " in line]


OURS = {
    CALLER: re.compile(r"uses: YOUR-ORGANISATION/[\w-]+/\.github/workflows/plan-check\.yml@v\d+\.\d+\.\d+"),
    RELEASE: re.compile(r"uses: \./\.github/workflows/ci\.yml"),
}


@each
def test_every_action_is_pinned_by_commit_and_shows_its_version(workflow: Path) -> None:
    pinned = [line for line in uses(workflow) if re.fullmatch(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)]
    assert pinned
    others = [line for line in uses(workflow) if line not in pinned]
    assert [bool(OURS[workflow].fullmatch(line)) for line in others] == ([True] if workflow in OURS else [])


def test_an_action_has_one_version_everywhere() -> None:
    """Dependabot updates the workflows of this repository, but not the example's."""
    lines = {line for workflow in WORKFLOWS for line in uses(workflow)}
    actions = [line.partition("@")[0] for line in lines]
    assert sorted(actions) == sorted(set(actions))


@slow
@exhaustive
def test_dependabot_renews_every_pin() -> None:
    command = [BIN / "check-jsonschema", "--builtin-schema", "vendor.dependabot", DEPENDABOT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    updates = yaml.safe_load(DEPENDABOT.read_text(encoding="utf-8"))["updates"]
    folders = {
        (one["package-ecosystem"], folder)
        for one in updates
        for folder in one.get("directories", [one.get("directory")])
    }
    pinned = {
        file.parent
        for pattern in ("*", ".github/*/*", "lambda/*", "tests/*/*")
        for file in REPOSITORY.glob(pattern)
        if re.fullmatch(r"requirements.*\.txt", file.name)
    }
    assert folders == {("github-actions", "/")} | {
        ("pip", "/" + folder.relative_to(REPOSITORY).as_posix().removesuffix(".")) for folder in pinned
    }


@each
def test_no_script_holds_an_expression(workflow: Path) -> None:
    assert [step["name"] for step in steps(workflow) if "${{" in step.get("run", "")] == []


# The jobs that may write, and what.
WRITES = {
    (RELEASE, "release"): {"contents", "id-token", "attestations"},
    (PACKAGE, "commit"): {"contents", "actions"},
    (PLAN_CHECK, "plan-check"): {"id-token"},
    (CALLER, "plan-check"): {"id-token"},
    (CALLER, "apply"): {"id-token"},
}


@each
def test_no_step_keeps_the_token_and_only_the_listed_jobs_may_write(workflow: Path) -> None:
    checkouts = [step for step in steps(workflow) if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)
    document = load(workflow)
    assert document.get("permissions", {}) == {}
    for name, job in document["jobs"].items():
        granted = job.get("permissions", {})
        assert {one for one, level in granted.items() if level != "read"} <= WRITES.get((workflow, name), set())


def test_ci_runs_the_oldest_supported_terraform_and_every_test() -> None:
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


def test_the_example_passes_the_workflows_inputs() -> None:
    inputs = load(PLAN_CHECK)["on"]["workflow_call"]["inputs"]
    job = load(CALLER)["jobs"]["plan-check"]
    assert set(job["with"]) <= set(inputs)
    assert set(json.loads(job["with"]["variables"])) == {"bucket_name"}


# --- running them ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def provider(aws: AwsStandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """One provider for all runners, to save time."""
    terraform = prepare(REPOSITORY, tmp_path_factory.mktemp("any"), aws.env(), folder="examples/plan-check")
    terraform.init()
    with running_provider(terraform) as variable:
        yield variable


@pytest.fixture
def caller(aws: AwsStandIn, provider: dict[str, str], tmp_path: Path) -> Terraform:
    """Prepare a runner's workspace: the caller's checkout, and the check in another folder."""
    workspace = tmp_path / "workspace"
    terraform = prepare(REPOSITORY, workspace, aws.env(), folder="examples/plan-check")
    terraform.env |= provider
    for tool in ("compliance", "checkov"):
        shutil.copytree(REPOSITORY / "tests" / tool, workspace / "plan-check-policies/tests" / tool)
    (tmp_path / "temp").mkdir()
    return terraform


def check(caller: Terraform, *, token: str = "", **inputs: str) -> Run:
    """Run the plan check on the caller's root module; the checkers are in the user's cache, as on a second run."""
    workspace = caller.workdir.parents[1]
    given = {
        "working-directory": "examples/plan-check",
        "variables": load(CALLER)["jobs"]["plan-check"]["with"]["variables"],
    }
    names = {name.replace("_", "-"): value for name, value in inputs.items()}
    env = {
        **caller.env,
        "PATH": f"{REPOSITORY / '.venv/bin'}{os.pathsep}{caller.env['PATH']}",
        "XDG_CACHE_HOME": str((REPOSITORY / ".venv-checkov").readlink().parents[1]),
    }
    return run_job(PLAN_CHECK, "plan-check", given | names, env, workspace, workspace.with_name("temp"), set(), token)


# Before the first apply few ARNs are known: the check follows the references. Harmless resources must pass.
REACHES = """
    locals {
      function = module.zoom_operation_logs.function.arn
    }

    resource "aws_lambda_function_url" "reaches" {
      function_name      = local.function
      authorization_type = "AWS_IAM"
    }

    resource "aws_lambda_permission" "reaches" {
      for_each      = { a = module.zoom_operation_logs.function.arn }
      function_name = each.value
      action        = "lambda:InvokeFunction"
      principal     = "s3.amazonaws.com"
    }

    resource "aws_secretsmanager_secret_policy" "reaches" {
      secret_arn = module.zoom_operation_logs.secret.arn
      policy     = jsonencode({ Version = "2012-10-17", Statement = [] })
    }

    resource "aws_sqs_queue_policy" "reaches" {
      queue_url = module.zoom_operation_logs.dead_letter_queue.url
      policy    = jsonencode({ Version = "2012-10-17", Statement = [] })
    }

    data "aws_iam_policy_document" "reaches" {
      statement {
        actions   = ["secretsmanager:GetSecretValue"]
        resources = [module.zoom_operation_logs.secret.arn]
      }
    }

    resource "aws_iam_policy" "reaches" {
      name   = "reaches"
      policy = data.aws_iam_policy_document.reaches.json
    }

    module "nested" {
      source = "./nested"
      secret = module.zoom_operation_logs.secret.arn
      role   = module.zoom_operation_logs.role.name
    }

    resource "aws_iam_role" "harmless" {
      name_prefix        = "harmless"
      assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
      tags               = { collector = module.zoom_operation_logs.function.arn }
    }

    resource "aws_iam_role_policy_attachment" "harmless" {
      role       = aws_iam_role.harmless.name
      policy_arn = aws_iam_policy.reaches.arn
    }

    resource "aws_sns_topic_subscription" "harmless" {
      topic_arn = module.zoom_operation_logs.monitoring.topic_arn
      protocol  = "email"
      endpoint  = "soc@example.com"
    }

    resource "aws_cloudwatch_log_metric_filter" "harmless" {
      name           = "runs"
      pattern        = "run ended"
      log_group_name = module.zoom_operation_logs.log_group.name

      metric_transformation {
        name      = "Runs"
        namespace = "Ours"
        value     = "1"
      }
    }
"""
NESTED = """
    variable "secret" {}
    variable "role" {}

    resource "aws_secretsmanager_secret_version" "reaches" {
      secret_id                = var.secret
      secret_string_wo         = "x"
      secret_string_wo_version = 1
    }

    resource "aws_iam_role_policy" "reaches" {
      role   = var.role
      policy = jsonencode({ Version = "2012-10-17", Statement = [] })
    }
"""


def add(caller: Terraform, text: str) -> None:
    """Add to the caller's root module."""
    with (caller.workdir / "main.tf").open("a", encoding="utf-8") as file:
        file.write(text)


CHECK = "Check the plan"
STEPS = ["Get the modules and the provider", "Plan", "Show the plan in the summary", CHECK]


@slow
@exhaustive
def test_the_example_passes_and_its_plan_is_shown_and_uploaded(caller: Terraform) -> None:
    run = check(caller)
    assert list(run.steps) == STEPS
    assert run.failed == [], run.output
    assert "### Plan of examples/plan-check" in run.output
    assert re.search(r"Plan: [1-9]\d to add, 0 to change, 0 to destroy\.", run.output)
    assert '"your-zoom-operation-logs"' in run.output
    temp = caller.workdir.parents[2] / "temp"
    digest = hashlib.sha256((temp / "tfplan").read_bytes()).hexdigest()
    assert (temp / "output").read_text(encoding="utf-8") == f"sha256={digest}\n"


@slow
@exhaustive
def test_faults_in_the_callers_own_resources_are_refused(caller: Terraform) -> None:
    """A public bucket, a policy with a wildcard, and a secret; files that could confuse Python and checkov."""
    (caller.workdir / "json.py").write_text("raise SystemExit(0)\n", encoding="utf-8")
    (caller.workdir / ".checkov.yaml").write_text("skip-check: [CKV_AWS_20]\n", encoding="utf-8")
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

        resource "aws_s3_bucket_lifecycle_configuration" "second" {
          bucket = module.zoom_operation_logs.bucket.name

          rule {
            id     = "everything"
            status = "Enabled"

            expiration {
              days = 1
            }
          }
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
    add(caller, REACHES)
    (caller.workdir / "nested").mkdir()
    (caller.workdir / "nested/main.tf").write_text(NESTED, encoding="utf-8")
    run = check(caller)
    assert run.failed == [CHECK]
    own = {rule.id for rule in RULES}
    where = {
        one
        for part in re.split(r"(?m)^\d+\. ", run.output)
        for one in re.findall(r"(?m)^   where   (.+)$", part)
        if part.partition("\n")[0] in own
    }
    assert {one for one in where if ".reaches" in one} == {
        "aws_iam_policy.reaches",
        "aws_lambda_function_url.reaches",
        'aws_lambda_permission.reaches["a"]',
        "aws_secretsmanager_secret_policy.reaches",
        "aws_sqs_queue_policy.reaches",
        "module.nested.aws_iam_role_policy.reaches",
        "module.nested.aws_secretsmanager_secret_version.reaches",
    }
    assert {one for one in where if ".harmless" in one} == set()
    said = " ".join(run.output.split())
    assert "aws_s3_bucket.other (aws_s3_bucket) does not have aws_s3_bucket_public_access_block property" in said
    assert "acts on the bucket with the records." in said
    assert "variables.zoom_credentials.value.client_secret" in said
    assert "CKV_AWS_20" in said
    assert "A policy allows s3:PutObject on the bucket with the records." in said
    assert "Sentinel-Secret" not in run.output


@slow
@exhaustive
def test_a_failed_plan_ends_the_job(caller: Terraform) -> None:
    run = check(caller, variables='{"bucket_name": "Not A Bucket"}')
    assert run.failed == ["Plan"]
    assert CHECK not in run.steps
    assert "bucket_name must be a name that S3 accepts" in run.output


@slow
@exhaustive
def test_file_names_are_not_executed(caller: Terraform) -> None:
    (caller.workdir / "ours.tfvars").write_text('bucket_name = "from-a-file"\n', encoding="utf-8")
    canary = caller.workdir / "canary"
    hostile = f"$(touch {canary}) ; touch {canary} *"
    run = check(caller, variables="", var_file="ours.tfvars", accepted=hostile)
    assert run.failed == [CHECK]
    assert '"from-a-file"' in run.output
    assert "The acceptances file cannot be read" in run.output
    assert not canary.exists()


@pytest.mark.parametrize(("region", "seen"), [("ap-southeast-2", "ap-southeast-2"), ("", "eu-west-1")])
def test_the_region_is_set_without_a_role_and_the_plan_takes_no_lock(region: str, seen: str, tmp_path: Path) -> None:
    fake = tmp_path / "bin/terraform"
    fake.parent.mkdir()
    fake.write_text(
        f'#!/bin/sh\necho "$AWS_REGION $AWS_DEFAULT_REGION: $*"\ntouch {tmp_path}/tfplan\n', encoding="utf-8"
    )
    fake.chmod(0o755)
    path = f"{fake.parent}{os.pathsep}{os.environ['PATH']}"
    env = {"PATH": path, "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1"}
    rest = {step["name"] for step in steps(PLAN_CHECK)} - {"Plan"}
    run = run_job(PLAN_CHECK, "plan-check", {"aws-region": region}, env, tmp_path, tmp_path, rest)
    assert run.output == f"{seen} {seen}: plan -lock=false -out={tmp_path}/tfplan\n"


def test_only_the_clone_of_a_private_module_gets_the_token(tmp_path: Path) -> None:
    """Run the step with a Terraform that only prints what git would send, and where."""
    asks = "\n".join(
        f'echo "{name}: $(git config --get-urlmatch http.extraheader {url})"'
        for name, url in {
            "ours": "https://github.com/ours/private.git",
            "others": "https://github.com/others/x.git",
            "alike": "https://github.com/ours-evil/x.git",
            "elsewhere": "https://example.com/ours/x.git",
        }.items()
    )
    short = "\n".join(
        f"git ls-remote --get-url {url}" for url in ("git@github.com:ours/x.git", "ssh://git@github.com/others/x.git")
    )
    fake = tmp_path / "bin/terraform"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\n{asks}\n{short}\necho "left: $TOKEN."\n', encoding="utf-8")
    fake.chmod(0o755)
    env = {"PATH": f"{fake.parent}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}
    rest = {step["name"] for step in steps(PLAN_CHECK)} - {STEPS[0]}
    run = run_job(PLAN_CHECK, "plan-check", {}, env, tmp_path, tmp_path, rest, token="t0ken")
    basic = base64.b64encode(b"x-access-token:t0ken").decode()
    assert run.output.splitlines() == [
        f"::add-mask::{basic}",
        f"ours: AUTHORIZATION: basic {basic}",
        "others: ",
        "alike: ",
        "elsewhere: ",
        "https://github.com/ours/x.git",
        "ssh://git@github.com/others/x.git",
        "left: .",
    ]
    assert "AUTHORIZATION" not in run_job(PLAN_CHECK, "plan-check", {}, env, tmp_path, tmp_path, rest).output


def test_only_the_plan_that_was_checked_is_applied(tmp_path: Path) -> None:
    """Run the example's last step on the checked plan, and on another."""
    [*_, step] = load(CALLER)["jobs"]["apply"]["steps"]
    fake = tmp_path / "bin/terraform"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\necho "$@" >> asked\n', encoding="utf-8")
    fake.chmod(0o755)
    env = {"PATH": f"{fake.parent}{os.pathsep}{os.environ['PATH']}"}
    (tmp_path / "tfplan").write_text("checked", encoding="utf-8")
    env["CHECKED"] = hashlib.sha256(b"checked").hexdigest()
    assert set(step["env"]) == {"CHECKED"}
    command = ["bash", "-eo", "pipefail", "-c", step["run"]]
    assert subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, check=False).returncode == 0
    assert (tmp_path / "asked").read_text(encoding="utf-8").splitlines()[-1] == "apply -input=false tfplan"
    (tmp_path / "asked").unlink()
    (tmp_path / "tfplan").write_text("another", encoding="utf-8")
    assert subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, check=False).returncode == 1
    assert not (tmp_path / "asked").exists()


# --- the release, and the package of Dependabot's branches -----------------------------------------------------------


def run_release(tmp_path: Path, *names: str) -> Run:
    """Run these steps of a release in this checkout, with a `gh` that prints what it is asked for."""
    fake = tmp_path / "bin/gh"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\necho gh "$@"\n', encoding="utf-8")
    fake.chmod(0o755)
    (tmp_path / "attestation.json").write_text("signed", encoding="utf-8")
    env = os.environ | {"PATH": f"{fake.parent}{os.pathsep}{REPOSITORY / '.venv/bin'}{os.pathsep}{os.environ['PATH']}"}
    rest = {step["name"] for step in steps(RELEASE)} - set(names)
    return run_job(RELEASE, "release", {}, env, REPOSITORY, tmp_path, rest, token="t0ken")


@slow
@exhaustive
def test_the_bill_of_materials_lists_what_is_in_the_package(tmp_path: Path) -> None:
    run = run_release(tmp_path, "Write the software bill of materials")
    assert run.failed == [], run.output
    bill = json.loads((tmp_path / "collector.cdx.json").read_text(encoding="utf-8"))
    assert bill["metadata"]["component"]["name"] == "terraform-aws-zoom-operation-logs"
    assert bill["metadata"]["component"]["version"] == TAG.removeprefix("v")
    listed = {f"{re.sub('[-_.]+', '_', one['name'])}-{one['version']}" for one in bill["components"]}
    with zipfile.ZipFile(REPOSITORY / "lambda/dist/collector.zip") as package:
        tops = {name.partition("/")[0] for name in package.namelist()}
    assert listed == {
        re.sub("[-_]+(?=.*-)", "_", top.removesuffix(".dist-info")) for top in tops if top.endswith(".dist-info")
    }
    assert all(one.get("licenses") for one in bill["components"])


def test_a_release_has_the_package_its_bill_of_materials_and_its_provenance(tmp_path: Path) -> None:
    run = run_release(tmp_path, "Publish the release")
    files = [tmp_path / "collector.cdx.json", tmp_path / "collector.sigstore.json"]
    notes = f"--verify-tag --title {TAG} --notes-file {tmp_path}/notes.md"
    assert run.output == f"gh release create {TAG} {notes} lambda/dist/collector.zip {files[0]} {files[1]}\n"
    assert files[1].read_text(encoding="utf-8") == "signed"


def test_a_release_runs_every_test_before_it_publishes() -> None:
    jobs = load(RELEASE)["jobs"]
    assert jobs["release"]["needs"] == "test"
    assert jobs["test"]["uses"] == "./.github/workflows/ci.yml"
    names = [step["name"] for step in jobs["release"]["steps"]]
    assert names.index("Check the package") < names.index("Attest the provenance") < names.index("Publish the release")


def test_the_package_is_committed_on_dependabots_branch_and_ci_starts(tmp_path: Path) -> None:
    """Run the step in a clone of a branch, with a `gh` that prints what it is asked for."""
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", "init", "--quiet", "--bare", origin], check=True)
    subprocess.run(["git", "clone", "--quiet", origin, clone], check=True, capture_output=True)
    files = ["lambda/dist/collector.json", "lambda/dist/collector.zip", "tests/compliance/module.json"]
    for name in (*files, "other"):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).write_text("old", encoding="utf-8")
    subprocess.run(["git", "add", "."], cwd=clone, check=True)
    subprocess.run([*git, "commit", "--quiet", "--message", "old"], cwd=clone, check=True)
    fake = tmp_path / "bin/gh"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\necho gh "$@"\n', encoding="utf-8")
    fake.chmod(0o755)
    env = os.environ | {"PATH": f"{fake.parent}{os.pathsep}{os.environ['PATH']}"}
    rest = {step["name"] for step in steps(PACKAGE)} - {"Commit the package and start CI"}
    assert run_job(PACKAGE, "commit", {}, env, clone, tmp_path, rest, token="t0ken").output == ""  # nothing new
    for name in (*files, "other"):
        (clone / name).write_text("new", encoding="utf-8")
    run = run_job(PACKAGE, "commit", {}, env, clone, tmp_path, rest, token="t0ken")
    assert run.failed == [], run.output
    assert run.output.splitlines()[-1] == f"gh workflow run ci.yml --ref {BRANCH}"
    show = ["git", "--git-dir", origin, "show", "--format=%an", "--name-only", BRANCH]
    pushed = subprocess.run(show, capture_output=True, text=True, check=True).stdout.split()
    assert pushed == ["github-actions[bot]", *files]


def test_only_dependabot_gets_a_package_and_the_job_that_builds_it_may_not_write() -> None:
    jobs = load(PACKAGE)["jobs"]
    assert "github.event.pull_request.user.login == 'dependabot[bot]'" in jobs["build"]["if"]
    assert "head.repo.full_name == github.repository" in jobs["build"]["if"]
    assert jobs["commit"]["needs"] == "build"
    assert "workflow_dispatch" in load(CI)["on"]
    checkouts = [step for step in steps(PACKAGE) if step.get("uses", "").startswith("actions/checkout@")]
    assert [step["with"]["ref"] for step in checkouts] == ["${{ github.event.pull_request.head.sha }}"] * 2
