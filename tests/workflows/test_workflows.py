"""The workflows: valid, pinned, safe from injection; and the plan check's scripts, run as a runner runs them."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
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

from .runner import Run, load, run_job

REPOSITORY = Path(__file__).resolve().parents[2]
BIN = REPOSITORY / ".venv-checkov" / "bin"
EXAMPLE = REPOSITORY / "examples" / "plan-check"
PLAN_CHECK = REPOSITORY / ".github/workflows/plan-check.yml"
DEPENDABOT = REPOSITORY / ".github/dependabot.yml"
CI = REPOSITORY / ".github/workflows/ci.yml"
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
def test_zizmor_finds_only_the_tag_in_the_example() -> None:
    command = [BIN / "zizmor", "--offline", "--no-config", "--format", "json", *WORKFLOWS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = [(one["ident"], one["locations"][0]["symbolic"]["key"]) for one in json.loads(done.stdout)]
    assert [ident for ident, _ in found] == ["unpinned-uses"], found
    assert CALLER.name in json.dumps(found)


def uses(workflow: Path) -> list[str]:
    """Return the lines that name an action or a workflow."""
    return [line.strip() for line in workflow.read_text(encoding="utf-8").splitlines() if " uses: " in line]


OURS = re.compile(r"uses: YOUR-ORGANISATION/[\w-]+/\.github/workflows/plan-check\.yml@v\d+\.\d+\.\d+")


@each
def test_every_action_is_pinned_by_commit_and_shows_its_version(workflow: Path) -> None:
    pinned = [line for line in uses(workflow) if re.fullmatch(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)]
    assert pinned
    others = [line for line in uses(workflow) if line not in pinned]
    assert [bool(OURS.fullmatch(line)) for line in others] == ([True] if workflow == CALLER else [])


def test_an_action_has_one_version_everywhere() -> None:
    """Dependabot updates the workflows of this repository, but not the example's."""
    lines = {line for workflow in WORKFLOWS for line in uses(workflow)}
    actions = [line.partition("@")[0] for line in lines]
    assert sorted(actions) == sorted(set(actions))


@slow
@exhaustive
def test_dependabot_renews_the_actions_and_the_checkers() -> None:
    command = [BIN / "check-jsonschema", "--builtin-schema", "vendor.dependabot", DEPENDABOT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    updates = yaml.safe_load(DEPENDABOT.read_text(encoding="utf-8"))["updates"]
    folders = {
        (one["package-ecosystem"], folder)
        for one in updates
        for folder in one.get("directories", [one.get("directory")])
    }
    assert folders == {("github-actions", "/"), ("pip", "/tests/compliance"), ("pip", "/tests/checkov")}


@each
def test_no_script_holds_an_expression(workflow: Path) -> None:
    assert [step["name"] for step in steps(workflow) if "${{" in step.get("run", "")] == []


@each
def test_no_step_keeps_the_token_or_may_write(workflow: Path) -> None:
    checkouts = [step for step in steps(workflow) if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)
    document = load(workflow)
    granted = [document.get("permissions", {}), *(job.get("permissions", {}) for job in document["jobs"].values())]
    assert {(name, level) for one in granted for name, level in one.items()} <= {
        ("contents", "read"),
        ("id-token", "write"),
    }


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
    assert "acts on the bucket of the records." in said
    assert "variables.zoom_credentials.value.client_secret" in said
    assert "CKV_AWS_20" in said
    assert "A policy allows s3:PutObject on the bucket of the records." in said
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
