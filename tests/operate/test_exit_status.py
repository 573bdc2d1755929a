"""Exit status 0 means that everything was checked and is well; a command that could check nothing fails."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import commands
import pytest
from feed.deployments import ACCOUNT, module
from zoomlogs import aws
from zoomlogs.deployment import Deployment
from zoomlogs.doctor import command as doctor
from zoomlogs.doctor.checks import Check
from zoomlogs.doctor.findings import Finding, NotCheckedError, fix, ok, unknown
from zoomlogs.errors import CommandError
from zoomlogs.invoke.loop import InvocationSummary

from .test_other_account import ACT_ON_A_NAME, ASK_NOTHING_OF_A_DEPLOYMENT, CREDENTIALS, ZOOM
from .test_page import LEAVES

# These succeed without AWS, Zoom or Google, because they call none of them.
ALONE = {"deployer-policy", "feed show", "rights"}
BY_GOOGLE = {"feed subject-id", "feed status", "feed apply"}  # tests/feed: without an answer they end with 1 or 2
OTHERS = {"adopt": ("--region", "eu-west-1", "--account", ACCOUNT), "udm": ("s3://nowhere/zoom/",)}
NOBODY_THERE = {**CREDENTIALS, "AWS_MAX_ATTEMPTS": "1"}


def test_each_command_is_tested_or_makes_no_request() -> None:
    names = {name.removeprefix("zoomlogs ") for name in LEAVES}
    assert names == {*ACT_ON_A_NAME, *OTHERS, *ALONE, *BY_GOOGLE}
    assert names == {*ACT_ON_A_NAME, *ASK_NOTHING_OF_A_DEPLOYMENT}


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps({**module(), "log_group": {"name": "g", "arn": "g"}}))
    return file


@pytest.mark.slow
@pytest.mark.parametrize("says_account", [False, True])
@pytest.mark.parametrize("command", [*(name for name in ACT_ON_A_NAME if name != "doctor"), *OTHERS])
def test_no_command_succeeds_without_aws(
    command: str, outputs: Path, monkeypatch: pytest.MonkeyPatch, says_account: bool
) -> None:
    if says_account:  # to reach its own first request
        monkeypatch.setattr(aws, "account_of", lambda _session: ACCOUNT)
        monkeypatch.setattr("zoomlogs.adopt.command.account_of", lambda _session: ACCOUNT)
    day = datetime.now(UTC).date()
    dates = ("--from", day, "--to", day) if command == "backfill" else ()
    where = OTHERS.get(command) or ("--outputs", outputs)
    ran = commands.zoomlogs(
        *command.split(),
        *ACT_ON_A_NAME.get(command, ()),
        *dates,
        *where,
        environ=commands.neutral(**NOBODY_THERE),
        stdin=json.dumps(ZOOM),
    )
    assert ran.status in (1, 2), ran
    assert "endpoint URL" in ran.err, ran


# --- the doctor -----------------------------------------------------------------------------------------------------


def _not_checked(_facts: Any) -> Finding:
    raise NotCheckedError("nobody knows")


def _refused(_facts: Any) -> Finding:
    raise CommandError("The thing is wrong: put it right.")


@pytest.mark.parametrize(
    ("looks", "without", "status", "said"),
    [
        ((lambda _: ok("Well."),), (), 0, "2 of 2 checks passed, and nothing needs a fix."),
        ((_not_checked,), (), 1, "1 of 2 checks passed, and nothing needs a fix; 1 could not be checked."),
        ((lambda _: unknown("Who knows."),), (), 1, "1 could not be checked."),
        ((lambda _: fix("Wrong."),), (), 1, "1 of 2 checks found something to fix."),
        ((_refused,), (), 1, "1 of 2 checks found something to fix."),
        ((_not_checked,), ("tried",), 0, "1 of 2 checks passed, and nothing needs a fix; 1 skipped."),
        ((lambda _: fix("Wrong."),), ("other",), 1, "1 of 2 checks found something to fix; 1 skipped."),
    ],
)
def test_the_doctor_succeeds_only_if_every_check_passed(
    looks: Any, without: tuple[str, ...], status: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    checks = (Check("other", "thing", lambda _: ok("Well.")), *(Check("tried", "thing", look) for look in looks))
    monkeypatch.setattr(doctor, "CHECKS", checks)
    monkeypatch.setattr(doctor, "session_for", lambda *_, **__: None)
    assert doctor.main(Deployment(module()), as_json=False, without=without) == status
    out = capsys.readouterr().out
    assert out.endswith(f"{said}\n"), out
    for name in without:
        assert f"Skipped because of --without '{name}'." in out


def test_a_trial_that_could_not_run_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PROBE", (Check("write once", "function", _not_checked),))
    monkeypatch.setattr(doctor, "session_for", lambda *_, **__: None)
    assert doctor.main(Deployment(module()), doctor.Trials(probe=True), as_json=True) == 1
    assert doctor.main(Deployment(module()), doctor.Trials(probe=True), as_json=True, without=["write once"]) == 0


def test_skipping_an_unknown_check_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "CHECKS", (Check("feed", "feed", lambda _: ok("Well.")),))
    with pytest.raises(CommandError, match=r"^--without feeds: there is no such check; the checks are feed\.$"):
        doctor.main(Deployment(module()), as_json=False, without=["feeds"])


# --- runs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong", [("logs", "--since", "soon"), ("verify", "--last", "soon"), ("verify", "--last", "3d", "--to", "today")]
)
def test_a_wrong_option_is_reported_before_the_outputs_are_read(wrong: tuple[str, ...], tmp_path: Path) -> None:
    ran = commands.zoomlogs(*wrong, "--outputs", tmp_path / "missing.json")
    assert (ran.status, "missing.json" in ran.err, wrong[1] in ran.err) == (2, False, True)


def test_an_expired_date_fails_the_backfill() -> None:
    assert InvocationSummary().status == 0
    assert InvocationSummary(expired=[date(2026, 1, 1)]).status == 1
    assert InvocationSummary(owed_count=1).status == 1
    assert InvocationSummary(ok=False).status == 1
