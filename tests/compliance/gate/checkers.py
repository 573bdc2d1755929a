"""Runs terraform-compliance, checkov and the search for secrets, and turns their results into findings."""

from __future__ import annotations

import ast
import copy
import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .. import no_secret, scenarios
from .environments import TESTS, Say, clean
from .features import fitting
from .findings import Finding
from .plan import Plan, Resource
from .uses import Use, document, others

COMPLIANCE = TESTS / "compliance"
CHECKOV = re.compile(r"CKV2?_[A-Z0-9]+_\d+")
HIDDEN = frozenset({"secrets", "no_access_key"})
"""Features that search for secrets: their messages would show one."""


class CheckerError(Exception):
    """A checker failed; the message has the last lines that it printed."""


def feature_names() -> frozenset[str]:
    """Return the names of all features: a caller may accept them like rules."""
    return frozenset(file.stem for file in COMPLIANCE.glob("*.feature"))


# --- secrets ---------------------------------------------------------------------------------------------------------


def secrets(plan: Plan) -> list[Finding]:
    """Search the whole plan for secrets."""
    return [
        Finding(
            "secret-in-plan",
            place,
            "A secret is in the plan, and would be in the state.",
            "Everyone who can read the plan or the state can read it.",
            "Rotate the secret, because it is exposed, and keep it out of Terraform: use write-only arguments, or a "
            "secret that you fill by hand (docs/secrets.md).",
        )
        for part in no_secret.PARTS
        if part in plan.raw
        for place in no_secret.secrets(plan.raw[part], part)
    ]


# --- terraform-compliance --------------------------------------------------------------------------------------------


def features(plan: Plan, uses: Sequence[Use], scratch: Path, bin_folder: Path) -> list[Finding]:
    """Check each use with the features that fit it. Raises CheckerError."""
    jobs, judged = [], []
    for number, (use, names, gone) in enumerate(_parts(plan, uses)):
        file = scratch / f"plan-{number}.json"
        file.write_text(json.dumps(without(plan.raw, gone)), encoding="utf-8")  # on one line, as the tool requires
        jobs.append({"features": str(_folder(names, scratch / f"features-{number}")), "plans": [str(file)]})
        judged.append((use, names))
    done = subprocess.run(
        [str(bin_folder / "python"), str(COMPLIANCE / "many.py")],
        input=json.dumps(jobs),
        cwd=scratch,
        env=clean({"PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1"}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CheckerError(_last(done.stdout + done.stderr))
    found: list[Finding] = []
    for (use, names), [result] in zip(judged, json.loads(done.stdout)):
        fatal = re.search(r"FATAL ERROR: .+", result["output"])
        if fatal or set(result["features"].values()) != set(names):
            raise CheckerError(fatal[0] if fatal else _last(result["output"]))
        found += _failures(plan, use, result)
    return list(dict.fromkeys(found))


def _parts(plan: Plan, uses: Sequence[Use]) -> Iterator[tuple[Use, list[str], set[str]]]:
    """Yield each use, its features, and the addresses to hide from them.

    The features of one use must not check another, and the caller's own resources need no tags.
    """
    foreign = {one.address for one in others(plan, uses)}
    for use in uses:
        if not use.function.stays:
            continue
        elsewhere = {one.address for other in uses if other is not use for _, one in other.members}
        names = fitting(use)
        yield use, [one for one in names if one != "tags"], elsewhere
        if "tags" in names:
            yield use, ["tags"], elsewhere | foreign


def _folder(names: Iterable[str], folder: Path) -> Path:
    folder.mkdir()
    for name in names:
        shutil.copyfile(COMPLIANCE / f"{name}.feature", folder / f"{name}.feature")
    return folder


def _failures(plan: Plan, use: Use, result: dict[str, Any]) -> Iterator[Finding]:
    sentences = {one.reported: one.sentence for one in scenarios.scenarios()}
    said: dict[str, list[str]] = {}
    for scenario, message in result["failures"]:
        said.setdefault(scenario, []).append(message)
    for scenario, passed in result["scenarios"].items():
        if passed:
            continue
        feature = result["features"][scenario]
        sentence = sentences.get(scenario, scenario)
        for message in said.get(scenario) or [""]:
            addresses = _addresses(message, plan) or [use.named]
            told = "" if feature in HIDDEN else " " + LIST.sub(r"Found \1.", message)
            for address in addresses:
                yield Finding(
                    feature,
                    address,
                    f"{sentence}.{told}".rstrip(),
                    f"It is a rule of tests/compliance/{feature}.feature.",
                    "Change the resource so that the sentence is true.",
                )


LIST = re.compile(r"Found (.+)\(\) in (\S+) property of .*", re.DOTALL)
"""The tool's message about a forbidden value of a property: it lists all resources that it has checked."""


def _addresses(message: str, plan: Plan) -> list[str]:
    """Find the resources that a message is about: by a property, an address, or a policy statement."""
    listed = LIST.fullmatch(message)
    if listed:
        return [one.address for one in plan.resources if _has(one, listed[2], listed[1])]
    named = [one.address for one in plan.resources if one.address in message]
    if named:
        return [max(named, key=len)]
    shown = re.search(r" in (\{.*\}) resource ", message)
    with suppress(ValueError, SyntaxError, RecursionError, MemoryError):
        statement = ast.literal_eval(shown[1]) if shown else None
        if statement:
            return [one.address for one in plan.resources if statement in _statements(one)]
    return []


def _has(resource: Resource, name: str, pattern: str) -> bool:
    value = resource.type if name == "type" else resource.after.get(name)
    return resource.stays and isinstance(value, str) and re.fullmatch(pattern, value, re.IGNORECASE) is not None


def _statements(resource: Resource) -> Iterator[Any]:
    for value in resource.after.values():
        found = (document(value) or {}).get("Statement")
        yield from found if isinstance(found, list) else [found]


def without(raw: dict[str, Any], gone: set[str]) -> dict[str, Any]:
    """Remove resources from a plan by their addresses."""
    if not gone:
        return raw
    left = copy.deepcopy(raw)
    left["resource_changes"] = [one for one in left["resource_changes"] if one["address"] not in gone]
    for state in (left.get("planned_values"), (left.get("prior_state") or {}).get("values")):
        _drop((state or {}).get("root_module") or {}, gone)
    return left


def _drop(module: dict[str, Any], gone: set[str]) -> None:
    if "resources" in module:
        module["resources"] = [one for one in module["resources"] if one["address"] not in gone]
    for child in module.get("child_modules", []):
        _drop(child, gone)


# --- checkov ---------------------------------------------------------------------------------------------------------


@contextmanager
def checkov(plan: Plan, scratch: Path, bin_folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Start checkov, to go on beside the other checkers. It reads settings from its folder and its home: none there."""
    folder = scratch / "checkov"
    folder.mkdir()
    (folder / "plan.json").write_text(json.dumps(plan.raw), encoding="utf-8")
    config = TESTS / "checkov/plan.yaml"
    command = [bin_folder / "checkov", "--config-file", config, "--file", "plan.json", "--output", "json"]
    with subprocess.Popen(
        list(map(str, command)),
        cwd=folder,
        env=clean({"HOME": str(folder), "PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def checkov_findings(process: subprocess.Popen[str]) -> list[Finding]:
    """Return checkov's findings. Raises CheckerError."""
    out, err = process.communicate()
    try:
        report = json.loads(out)
        failed = report["results"]["failed_checks"]
        parsed = not report["results"].get("parsing_errors") and report["summary"]["passed"] > 0
    except (ValueError, KeyError, TypeError):
        raise CheckerError(_last(out + err)) from None
    if not parsed:
        raise CheckerError("checkov could not read the plan.")
    return [
        Finding(
            one["check_id"],
            one["resource"],
            f"{one['check_name']}.",
            f"It is a checkov check{_guide(one)}.",
            "Change the resource.",
        )
        for one in failed
    ]


def _guide(check: dict[str, Any]) -> str:
    return f": {check['guideline']}" if check.get("guideline") else ""


def _last(output: str) -> str:
    lines = [one.strip() for one in output.splitlines() if one.strip()]
    return " ".join(lines[-3:]) or "It printed nothing."


# --- .tf files -------------------------------------------------------------------------------------------------------


def written(folder: Path, calls: Iterable[str], bin_folder: Path, say: Say) -> dict[str, Any]:
    """Read the inputs of each call from the .tf files. Raises CheckerError."""
    done = subprocess.run(
        [str(bin_folder / "python"), str(Path(__file__).with_name("sources.py")), str(folder), *calls],
        env=clean({"PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1"}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CheckerError(f"The .tf files in {folder} could not be read. {_last(done.stderr)}")
    for line in done.stderr.splitlines():
        say(line)
    found: dict[str, Any] = json.loads(done.stdout)
    return found
