"""Names are the same in every AWS account, so no command acts on a deployment with another account's credentials."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import commands
import pytest
from botocore.exceptions import EndpointConnectionError
from feed.deployments import ACCOUNT, module
from zoomlogs import aws
from zoomlogs.deployment import Deployment
from zoomlogs.errors import CommandError
from zoomlogs.feed import command as feed_command

from .test_page import LEAVES

OTHER = "210987654321"
# Nothing listens at the endpoint, so a request would give another sentence.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
}
ZOOM = {"account_id": "a", "client_id": "b", "client_secret": "c"}

ACT_ON_A_NAME = {
    "doctor": (),
    "status": (),
    "logs": (),
    "verify": (),
    "run": (),
    "reconcile": (),
    "backfill": (),
    "zoom-secret put": ("--file", "-", "--no-check"),
    "reader-key create": (),
    "reader-key rotate": (),
    "reader-key list": (),
}
ASK_NOTHING_OF_A_DEPLOYMENT = {
    "adopt": "works on the names that it is given; takes no step without --account: the tests below",
    "deployer-policy": "makes no request to AWS",
    "rights": "makes no request to AWS",
    "udm": "reads the address that it is given: a bucket's name is one in the world",
    "feed show": "makes no request to AWS",
    "feed subject-id": "asks Google",
    "feed status": "asks Google, and AWS in the deployment's account for the age of the queue's messages alone",
    "feed apply": "asks Google first: the test below",
}


def test_each_command_is_in_one_of_the_lists() -> None:
    assert {name.removeprefix("zoomlogs ") for name in LEAVES} == {*ACT_ON_A_NAME, *ASK_NOTHING_OF_A_DEPLOYMENT}


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps({**module(), "log_group": {"name": "g", "arn": "g"}}))
    return file


@pytest.mark.parametrize("command", ACT_ON_A_NAME)
def test_another_account_is_refused_with_both_ids(command: str, outputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "account_of", lambda _session: OTHER)
    day = datetime.now(UTC).date()
    dates = ("--from", day, "--to", day) if command == "backfill" else ()
    ran = commands.zoomlogs(
        *command.split(),
        *ACT_ON_A_NAME[command],
        *dates,
        *("--outputs", outputs),
        environ=commands.neutral(**CREDENTIALS),
        stdin=json.dumps(ZOOM),
    )
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == (
        f"You are signed in to the AWS account {OTHER}, but this is for the account {ACCOUNT}: use credentials of"
        " that account, for example with --profile, or the outputs of the other deployment with --outputs.\n"
    )


def test_adopt_refuses_another_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "account_of", lambda _session: OTHER)
    monkeypatch.setattr("zoomlogs.adopt.command.account_of", lambda _session: OTHER)
    where = ("--region", "eu-west-1", "--account", ACCOUNT)
    ran = commands.zoomlogs("adopt", *where, environ=commands.neutral(**CREDENTIALS))
    assert ran.status == 2
    assert ran.err.startswith(f"You are signed in to the AWS account {OTHER}, but this is for the account {ACCOUNT}: ")


def test_adopt_takes_no_step_without_an_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoomlogs.adopt.command.account_of", lambda _session: OTHER)
    ran = commands.zoomlogs("adopt", "--region", "eu-west-1", environ=commands.neutral(**CREDENTIALS))
    assert ran.status == 2
    assert ran.err.startswith(f"You are signed in to the AWS account {OTHER}, and names are the same in every account")


def test_feed_apply_refuses_a_key_of_another_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(aws, "account_of", lambda _session: OTHER)
    with pytest.raises(CommandError, match=f"account {OTHER}, but this is for the account {ACCOUNT}"):
        feed_command._access_key(Deployment(module()))


def test_an_unknown_account_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_session: object) -> str:
        raise EndpointConnectionError(endpoint_url="https://sts.us-east-1.amazonaws.com/")

    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(aws, "account_of", fail)
    with pytest.raises(CommandError, match=r"^The AWS account you are signed in to is not known: ") as raised:
        aws.session_for(Deployment(module()))
    assert raised.value.status == 1
    assert aws.session_for(Deployment(module()), must_answer=False).region_name == "us-east-1"
