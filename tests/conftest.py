"""Assigns tests to workers, orders them, and saves time in Terraform and boto3."""

from __future__ import annotations

import functools
import os
import signal
from typing import TYPE_CHECKING, Any

import botocore.loaders
import botocore.session
import pytest
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from xdist.scheduler import Scheduling

pytest_plugins = ["cpu_seconds", "worlds"]

# Garbage collection takes a sixth of a plan's time, while Terraform and its provider read thousands of schemas. These
# variables turn it off up to a memory limit for each process. Source: Go's runtime, "Environment Variables".
os.environ.setdefault("GOGC", "off")
os.environ.setdefault("GOMEMLIMIT", "600MiB")

# Tests started in the background ignore Ctrl-C, and so would the programs that they start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The hundreds of programs that tests start share their compiled sources.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Each boto3 session reads the models of its services from disk, a tenth of a second each: here only once.
botocore.session.create_loader = functools.cache(botocore.loaders.create_loader)

WORLDS = {
    "alarms_account": (
        "tests/monitoring/test_alarms.py",
        "tests/monitoring/test_dashboard.py",
        "tests/monitoring/test_metrics.py",
        "tests/monitoring/test_operations.py",
        "tests/monitoring/test_paused.py",
        "tests/monitoring/test_schedules.py",
    ),
    "applied": (
        "tests/e2e/test_main_job.py",
        "tests/e2e/test_package_faults.py",
        "tests/security/test_applied.py",
    ),
    "minimal": (
        "tests/examples/test_minimal.py",
        "tests/operate/test_applied.py",
        "tests/operate/test_break_glass.py",
        "tests/operate/test_drift.py",
        "tests/operate/test_applied_first_day.py",
        "tests/operate/test_trials.py",
        "tests/operate/test_tried_advice.py",
    ),
    "plan_of": (
        "tests/checkov/test_checkov.py",
        "tests/compliance/test_default_plan.py",
        "tests/compliance/test_features.py",
        "tests/compliance/test_gate_check.py",
        "tests/compliance/test_gate_input.py",
        "tests/compliance/test_gate_rules.py",
        "tests/policies/test_policies.py",
    ),
}
"""Slow fixtures, in worlds.py or a folder's own conftest.py, and the files that share each."""

WORLD_OF = {file: world for world, files in WORLDS.items() for file in files}


class ByWorld(LoadScopeScheduling):
    """Gives each file to one worker, and all files of one world to the same worker.

    xdist's `loadgroup` would do this, but xdist 3.8 cannot mark its groups under pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return WORLD_OF.get(file, file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    """Use the scheduler above, whatever the value of `--dist`."""
    return ByWorld(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the slowest tests, which wait for AWS, and end a world with the tests that destroy it."""
    for item in items:
        asked = {name for name in getattr(item, "fixturenames", ()) if name in WORLDS}
        if asked - {WORLD_OF.get(_file(item))}:
            raise pytest.UsageError(f"{_file(item)} uses {', '.join(asked)}: name it in WORLDS of tests/conftest.py.")
    items.sort(key=_place)


def _place(item: pytest.Item) -> tuple[bool, bool, bool]:
    return (
        _file(item) not in WORLD_OF,
        item.get_closest_marker("destroys") is not None,
        item.get_closest_marker("slow") is None,
    )


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]
