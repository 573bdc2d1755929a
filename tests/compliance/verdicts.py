"""Runs terraform-compliance over plans, with one start of the tool for each set of features."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .mutations import Plan
from .plans import FEATURES, REPOSITORY, write
from .scenarios import FOLDER, scenarios

BIN = REPOSITORY / ".venv-compliance" / "bin"
SCENARIOS = scenarios()


@dataclass(frozen=True)
class Case:
    """A plan to check with the features that fit a variant."""

    name: str
    variant: str
    plan: Plan


@dataclass(frozen=True)
class Verdict:
    """The result of terraform-compliance for a plan: scenarios by their sentences."""

    accepted: bool
    refused_by: set[str]
    judged_by: set[str]
    output: str


def features_of(variant: str, folder: Path) -> Path:
    """Copy the feature files that fit a variant into a folder, as a pipeline does."""
    target = folder / variant
    target.mkdir(exist_ok=True)
    for name in FEATURES[variant]:
        shutil.copy(FOLDER / f"{name}.feature", target)
    return target


def judged(cases: Iterable[Case], folder: Path) -> dict[str, Verdict]:
    """Check every case, with the plans in `folder`; return the verdicts by the cases' names."""
    names = {scenario.reported: scenario.sentence for scenario in SCENARIOS}
    groups: dict[str, dict[str, str]] = {}
    for number, case in enumerate(cases):
        file = write(case.plan, folder / f"{number}.json")
        groups.setdefault(case.variant, {})[case.name] = str(file)
    jobs = [
        {"features": str(features_of(variant, folder)), "plans": list(files.values())}
        for variant, files in groups.items()
    ]
    done = subprocess.run(
        [BIN / "python", FOLDER / "many.py"], input=json.dumps(jobs), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return {
        name: Verdict(
            accepted=result["status"] == 0,
            refused_by={names[reported] for reported, passed in result["scenarios"].items() if not passed},
            judged_by={names[reported] for reported in result["scenarios"]},
            output=result["output"],
        )
        for files, results in zip(groups.values(), json.loads(done.stdout), strict=True)
        for name, result in zip(files, results, strict=True)
    }
