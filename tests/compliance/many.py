"""Runs terraform-compliance over many plans at once: the tool takes ten times longer to start than to check a plan.

Needs the Python of terraform-compliance's environment. Reads from standard input the plans for each folder of features,
`[{"features": FOLDER, "plans": [FILE, …]}, …]`, and prints in the same order, for each plan,
`{"status": N, "scenarios": {NAME: PASSED}, "features": {NAME: FEATURE}, "failures": [[NAME, MESSAGE], …],
"output": TEXT}`.

It calls the tool as the command line does, once for each folder. After the tool has read the features, a process is
forked for each plan.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.argv[1:] = ["--no-ansi"]
with contextlib.redirect_stdout(sys.stderr):  # it greets
    import radish.main
    import terraform_compliance.main as tool
    from radish.terrain import world
    from terraform_compliance.common.defaults import Defaults
    from terraform_compliance.common.error_handling import Error


def main() -> None:
    """Check all plans."""
    with tempfile.TemporaryDirectory(prefix="compliance-") as folder:
        groups = [judge(group, Path(folder) / str(number)) for number, group in enumerate(json.load(sys.stdin))]
    json.dump(groups, sys.stdout)


def judge(group: dict[str, Any], folder: Path) -> list[dict[str, object]]:
    """Check each plan of a group with its folder of features."""
    folders = [folder / str(number) for number, _ in enumerate(group["plans"])]
    for each in folders:
        each.mkdir(parents=True)
    status = in_child(
        folder / "output", lambda: start(group["features"], dict(zip(group["plans"], folders, strict=True)))
    )
    if status:
        raise SystemExit((folder / "output").read_text(encoding="utf-8"))
    return [report(each) for each in folders]


def start(features: str, plans: dict[str, Path]) -> int:
    """Start the tool with a folder of features, and check every plan."""
    run = radish.main.Runner.start

    def run_for_each(runner: Any, found: Any, marker: Any) -> int:
        for plan, folder in plans.items():
            status = in_child(folder / "output", lambda: run_for(plan, folder, runner, found, marker))  # noqa: B023
            (folder / "status").write_text(str(status))
        return 0

    def run_for(plan: str, folder: Path, *arguments: Any) -> int:
        Defaults.cache_dir = str(folder / "cache")
        world.config.user_data["plan_file"] = plan
        world.config.cucumber_json = str(folder / "report.json")
        said = noted_failures()
        try:
            return int(run(*arguments))
        finally:
            (folder / "failures.json").write_text(json.dumps(said), encoding="utf-8")

    radish.main.Runner.start = run_for_each
    first = next(iter(plans))
    sys.argv[1:] = [f"--features={features}", f"--planfile={first}", "--no-ansi", "--cucumber-json=unused"]
    return int(tool.cli() or 0)


def noted_failures() -> list[tuple[str, str]]:
    """Make the tool collect the scenario and message of each failure, which its report leaves out."""
    said: list[tuple[str, str]] = []
    tell = Error.__init__

    def note(error: Any, step: Any, message: str, *more: Any) -> None:
        said.append((step.parent.sentence, message))
        tell(error, step, message, *more)

    Error.__init__ = note
    return said


def in_child(output: Path, work: Callable[[], int]) -> int:
    """Run a function in a child process, with its output in a file; return the exit status."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = 70
    gc.disable()  # the process runs for half a second
    try:
        with output.open("w", encoding="utf-8") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        status = work()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
        os._exit(status)


def report(folder: Path) -> dict[str, object]:
    """Read the tool's report: each scenario or row of an outline, and whether all its steps passed."""
    features = read(folder / "report.json")
    elements = [(feature, element) for feature in features for element in feature["elements"]]
    return {
        "status": int((folder / "status").read_text()),
        "scenarios": {
            element["name"]: all(step["result"]["status"] == "passed" for step in element["steps"])
            for _, element in elements
        },
        "features": {element["name"]: Path(feature["uri"]).stem for feature, element in elements},
        "failures": read(folder / "failures.json"),
        "output": (folder / "output").read_text(encoding="utf-8"),
    }


def read(file: Path) -> list[Any]:
    """Read a list that a child process has written; empty if it wrote none."""
    return list(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else []


if __name__ == "__main__":
    main()
