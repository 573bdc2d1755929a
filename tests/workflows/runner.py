"""A small GitHub runner: it runs the `run` steps of a job as the real one does; the test replaces the actions."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

TAG = "v0.1.0"
BRANCH = "dependabot/pip/lambda/package-1"
EXPRESSION = re.compile(r"\$\{\{\s*(.+?)\s*\}\}")


@dataclass
class Run:
    """The result of a job: each step that ran and whether it succeeded, and all output."""

    steps: dict[str, bool] = field(default_factory=dict)
    output: str = ""

    @property
    def failed(self) -> list[str]:
        """The steps that failed."""
        return [name for name, succeeded in self.steps.items() if not succeeded]


def load(file: Path) -> dict[str, Any]:
    """Read a workflow; `on` stays a string, not YAML's true."""
    document: dict[Any, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    document["on"] = document.pop(True)
    return document


def run_job(
    workflow: Path,
    job: str,
    inputs: Mapping[str, str],
    env: Mapping[str, str],
    workspace: Path,
    temp: Path,
    skip: set[str],
    token: str = "",
) -> Run:
    """Run a workflow's job with these inputs, in a workspace that the test has prepared."""
    document = load(workflow)
    takes = document["on"].get("workflow_call", {}).get("inputs", {})
    given = {name: str(one.get("default", "")) for name, one in takes.items()}
    known = {f"inputs.{name}": value for name, value in (given | inputs).items()}
    known |= {
        "github.workspace": str(workspace),
        "github.ref_name": TAG,
        "github.head_ref": BRANCH,
        "github.token": token,
        "job.workflow_repository": "ours/terraform-aws-zoom-operation-logs",
        "secrets.module-token": token,
        "steps.provenance.outputs.bundle-path": str(temp / "attestation.json"),
    }
    definition = document["jobs"][job]
    assert definition["defaults"]["run"]["shell"] == "bash"
    summary = temp / "summary"
    base = {
        **env,
        **values(definition.get("env", {}), known),
        "RUNNER_TEMP": str(temp),
        "GITHUB_WORKSPACE": str(workspace),
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_OUTPUT": str(temp / "output"),
        "GITHUB_SERVER_URL": "https://github.com",
    }
    run = Run()
    for step in definition["steps"]:
        if "run" not in step or step["name"] in skip or not is_due(step, run):
            continue
        script = temp / "step.sh"
        script.write_text(step["run"], encoding="utf-8")
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
            cwd=workspace,
            env=base | values(step.get("env", {}), known),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        run.steps[step["name"]] = done.returncode == 0
        run.output += done.stdout
    if summary.exists():
        run.output += summary.read_text(encoding="utf-8")
    return run


def values(env: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """Replace expressions with values. Raises KeyError for an unknown one."""
    return {name: EXPRESSION.sub(lambda place: known[place[1]], str(value)) for name, value in env.items()}


def is_due(step: Mapping[str, Any], run: Run) -> bool:
    """Return whether a step runs, after those before it."""
    if "if" not in step:
        return not run.failed
    assert step["if"] == "${{ !cancelled() && steps.plan.outcome == 'success' }}"
    return run.steps.get("Plan", False)
