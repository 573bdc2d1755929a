"""The command as a runner calls it, with the checkers' messages and their installation."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from .gate import checkers, environments
from .gate.environments import EnvironmentsError, folder_of, prepared
from .gate.plan import Plan as Whole
from .gate.uses import find
from .gate_cases import ARCHIVE, KEEPERS
from .gate_plans import FUNCTION, MODULE, all_of, later, other, set_environment
from .mutations import Plan, modules, put
from .plans import FOLDER, REPOSITORY, write

pytestmark = pytest.mark.slow

STATEMENT = {"Effect": "Allow", "Action": ["s3:*"], "Resource": "*"}
OLD = next(iter(sorted(Path.home().glob(".pyenv/versions/3.9.*/bin/python3"))), None) or shutil.which("python3.9")
"""The oldest Python that the check supports, if the machine has it."""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sparse checkout of this repository, with only the two folders that the check needs."""
    folder = tmp_path_factory.mktemp("clone")
    for name in ("compliance", "checkov"):
        shutil.copytree(
            REPOSITORY / "tests" / name, folder / "tests" / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    return folder


def check(clone: Path, *arguments: object, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    """Run the command outside the repository, with a Python that has none of the project's packages."""
    command = [python, "-I", clone / "tests/compliance/check", *arguments]
    return subprocess.run(list(map(str, command)), cwd=clone.parent, capture_output=True, text=True, check=False)


def in_place(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def paused(plan: Plan) -> Plan:
    """Return the second plan of a paused module, as step 1 of uninstalling creates it."""
    quiet = later(plan)
    put("aws_scheduler_schedule", "collector", state="DISABLED")(quiet)
    gone = re.compile(r'metric_alarm\.collector\["(silence|daily_limit)"\]')
    for one in quiet["resource_changes"]:
        if gone.search(one["address"]):
            one["change"].update(actions=["delete"], after=None)
    for module in modules(quiet["planned_values"]["root_module"]):
        module["resources"] = [one for one in module.get("resources", []) if not gone.search(one["address"])]
    put(
        "aws_cloudwatch_composite_alarm",
        "not_healthy",
        alarm_rule='ALARM("zoom_operationlogs_to_s3-behind") OR ALARM("zoom_operationlogs_to_s3-errors")',
    )(quiet)
    return quiet


def test_a_pause_passes_and_nothing_is_written_to_the_clone(
    plan_of: Callable[[str], Plan], clone: Path, tmp_path: Path
) -> None:
    before = in_place(clone)
    plan = write(paused(plan_of("default")), tmp_path / "plan.json")
    done = check(clone, plan, "--source", REPOSITORY / FOLDER, python=str(OLD or sys.executable))
    assert done.stdout == f"Plan check of {MODULE}: no findings.\n", done.stdout + done.stderr
    assert done.returncode == 0
    assert in_place(clone) == before


def test_the_list_has_every_part_of_the_check_and_accepted_findings_apart(
    plan_of: Callable[[str], Plan], clone: Path, tmp_path: Path
) -> None:
    plan = later(plan_of("default"))
    all_of(
        put("aws_s3_bucket", "archive", force_destroy=True),
        set_environment(ZOOM_OAUTH_URL="https://zoom.us.evil.example/oauth/token"),
        other("aws_s3_bucket_acl", bucket="ours", acl="public-read"),
    )(plan)
    bucket = {"address": "aws_s3_bucket.other", "mode": "managed", "type": "aws_s3_bucket", "name": "other"}
    plan["planned_values"]["root_module"]["resources"] = [{**bucket, "values": {"bucket": "ours"}}]
    plan["variables"]["zoom_credentials"] = {"value": {"client_secret": "Sentinel-Secret"}}
    today = datetime.now(UTC).date().isoformat()
    reason = {"reason": "Agreed with security.", "until": today}
    accepted = tmp_path / "accepted.json"
    entries = [
        {"rule": "force-destroy", "address": KEEPERS["aws_s3_bucket", "archive"], **reason},
        {"rule": "CKV2_AWS_6", "address": "aws_s3_bucket.other", **reason},
        {"rule": "proxy", "address": FUNCTION, **reason},
    ]
    accepted.write_text(json.dumps({"accepted": entries}), encoding="utf-8")
    done = check(clone, write(plan, tmp_path / "plan.json"), "--accepted", accepted)
    assert done.returncode == 1
    rules = re.findall(r"(?m)^\d+\. (.+)$", done.stdout)
    assert {"acceptance", "zoom-host", "keys-not-seen", "secret-in-plan", "bucket", "public_access"} <= set(rules), (
        done.stdout
    )
    assert not {"force-destroy", "CKV2_AWS_6"} & set(rules)
    assert f"force-destroy at {ARCHIVE}.aws_s3_bucket.archive[0] until {today}: Agreed with security." in done.stdout
    assert "Sentinel-Secret" not in done.stdout + done.stderr
    assert "Nothing in this plan breaks that rule at that address." in done.stdout
    assert "where   aws_s3_bucket.other\n" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "required: PLAN.json"),
        (["none.json"], "No such file"),
        (["none.json", "--what"], "unrecognized arguments: --what"),
        (["none.json", "--source", "none"], "--source none is not a folder"),
    ],
)
def test_a_wrong_command_exits_with_1(arguments: list[str], says: str, clone: Path) -> None:
    done = check(clone, *arguments)
    assert done.returncode == 1
    assert says in done.stdout + done.stderr


def test_an_error_in_the_check_fails_the_check(clone: Path, tmp_path: Path, plan_of: Callable[[str], Plan]) -> None:
    plan = copy.deepcopy(plan_of("default"))
    plan["configuration"]["root_module"]["module_calls"] = ["no", "object"]
    done = check(clone, write(plan, tmp_path / "plan.json"))
    assert done.returncode == 1
    assert "The plan was not checked. The check itself failed" in done.stdout


def test_a_checker_that_stops_fails_the_check(plan_of: Callable[[str], Plan], tmp_path: Path) -> None:
    """With an unsupported Terraform, terraform-compliance stops before it checks."""
    whole = Whole({**later(plan_of("default")), "terraform_version": "9.9.9"})
    with pytest.raises(checkers.CheckerError, match="Unsupported terraform version"):
        checkers.features(whole, find(whole), tmp_path, folder_of("compliance") / "bin")


@pytest.mark.parametrize(
    ("message", "address"),
    [
        ("a.b (aws_x) does not have acl property.", "a.b"),
        ("Found (public-.*)() in acl property of a.b, a.b.c.", "a.b.c"),
        (f"Action property in {STATEMENT} resource matches with (.{{2}}) regex. It is set to s3:*.", "a.p"),
        ("Can not find aws_x defined in target terraform plan.", None),
        ("Action property in {'a': [} resource matches.", None),
    ],
)
def test_a_checkers_message_leads_to_its_resources(message: str, address: str | None) -> None:
    def one(where: str, **after: object) -> dict[str, object]:
        change = {"actions": ["create"], "after": after}
        return {"address": where, "mode": "managed", "type": "aws_x", "name": "x", "change": change}

    policy = json.dumps({"Statement": [STATEMENT]})
    whole = Whole({"resource_changes": [one("a.b"), one("a.b.c", acl="public-read"), one("a.p", policy=policy)]})
    assert checkers._addresses(message, whole) == ([address] if address else [])


# --- preparing the checkers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", environments.REQUIREMENTS)
def test_the_check_and_make_tools_share_their_environments(name: str) -> None:
    """Both use the same folder and stamp, so neither installs them again."""
    made = (REPOSITORY / f".venv-{name}").readlink()
    assert folder_of(name) == made
    assert environments._is_made(made, name)


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install into an empty cache with a Python that only records its arguments."""
    told = tmp_path / "asked"
    python = tmp_path / "python3.13"
    python.write_text(
        f"""#!/bin/sh
for last; do :; done
echo "$@" >> {told}
[ "$2" != venv ] || {{ mkdir -p "$last/bin"; cp "$0" "$last/bin/python"; }}
case "$*" in *"$REFUSED"*) echo "ERROR: no such package"; exit 1;; esac
""",
        encoding="utf-8",
    )
    python.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("REFUSED", "nothing at all")
    monkeypatch.setattr(environments, "_python", lambda: str(python))
    return told


def test_the_checkers_are_installed_once_by_hash_with_a_message(asked: Path) -> None:
    said: list[str] = []
    for _ in range(2):
        for name in environments.REQUIREMENTS:
            assert prepared(name, said.append) == folder_of(name) / "bin"
    installed = [line.split() for line in asked.read_text(encoding="utf-8").splitlines() if " pip install " in line]
    files = [Path(words[words.index("-r") + 1]).relative_to(REPOSITORY) for words in installed]
    assert sorted(map(str, files)) == sorted(
        str(file.relative_to(REPOSITORY))
        for tool in ("compliance", "checkov")
        for file in (REPOSITORY / "tests" / tool).glob("requirements*.txt")
    )
    for words in installed:
        assert "--require-hashes" in words
        # Otherwise pip installs build requirements in any version, without hashes.
        assert {"--only-binary", "--no-build-isolation"} & set(words)
    assert len([line for line in said if line.startswith("Preparing ")]) == 2


def test_a_failed_installation_leaves_nothing(asked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFUSED", "checkov/requirements.txt")
    with pytest.raises(EnvironmentsError, match=r"pip could not install .*: ERROR: no such package"):
        prepared("checkov", print)
    assert not folder_of("checkov").exists()
    monkeypatch.setenv("REFUSED", "nothing at all")
    assert prepared("checkov", print).exists()
    assert asked.exists()


def test_an_unwritable_cache_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(EnvironmentsError, match="set XDG_CACHE_HOME to a writable folder"):
        prepared("checkov", print)
