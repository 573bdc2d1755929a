"""Without AWS credentials each command ends with one sentence."""

from __future__ import annotations

import os

import pytest
from zoomlogs.aws import session
from zoomlogs.errors import CommandError


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def test_no_credentials() -> None:
    with pytest.raises(CommandError, match=r"^No AWS credentials found: sign in as for ") as raised:
        session("eu-west-1")
    assert raised.value.status == 2


def test_a_session_is_in_the_deployments_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert session("eu-west-1").region_name == "eu-west-1"
