"""The applied module `minimal`, commands on it, and an operator with given rights."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import commands
import pytest
from standins import deployment as world
from standins.aws import AwsStandIn, Keys
from zoomlogs import deployment
from zoomlogs.deployment import Deployment


@dataclass
class Place:
    """The applied module, its outputs in a file, and the commands run on it."""

    world: world.Deployment
    outputs: Path
    deployment: Deployment

    @property
    def aws(self) -> AwsStandIn:
        return self.world.aws

    def zoomlogs(self, *arguments: str, status: int | None = 0) -> str:
        """Run a command; return its standard output, and keep its standard error in `said`."""
        environ = {**self.aws.env(commands.neutral()), "ZOOMLOGS_OUTPUTS": str(self.outputs)}
        ran = commands.zoomlogs(*arguments, environ=environ)
        assert status is None or ran.status == status, ran
        self.said = ran.err
        return ran.out

    def forget_readers_key(self) -> None:
        """Delete the reader's keys and their secret."""
        iam, secrets = self.aws.client("iam"), self.aws.client("secretsmanager")
        reader, secret = (
            self.deployment.outputs["reader"]["name"],
            self.deployment.outputs["secops_feed"]["key_secret_name"],
        )
        for key in iam.list_access_keys(UserName=reader)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=reader, AccessKeyId=key["AccessKeyId"])
        with suppress(secrets.exceptions.ResourceNotFoundException):
            secrets.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)

    def run_by_schedule(self) -> None:
        """Invoke the function with the schedule's event; its log goes to CloudWatch."""
        target = self.world.target
        ran = self.aws.client("lambda").invoke(FunctionName=target.function_name, Payload=target.payload.encode())
        assert "FunctionError" not in ran, ran

    def doctor(self, status: int, *arguments: str) -> dict[str, dict[str, str]]:
        """Run the doctor; return the result of each check."""
        out = self.zoomlogs("doctor", "--json", *arguments, status=status)
        return {found["check"]: found for found in json.loads(out)}


@pytest.fixture(scope="session")
def place(minimal: world.Deployment, tmp_path_factory: pytest.TempPathFactory) -> Place:
    outputs = tmp_path_factory.mktemp("outputs") / "outputs.json"
    outputs.write_text(json.dumps(minimal.outputs))
    return Place(minimal, outputs, deployment.read_deployment(str(outputs)))


@pytest.fixture
def environ(place: Place, monkeypatch: pytest.MonkeyPatch) -> Callable[[Keys | None], None]:
    """Sets this process's credentials for the stand-in; first the root user's."""

    def become(keys: Keys | None) -> None:
        monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
        for name, value in {**place.aws.env(), **(place.aws.credentials(keys) if keys else {})}.items():
            if name.startswith("AWS_") or name.lower() == "no_proxy":
                monkeypatch.setenv(name, value)

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    become(None)
    return become


@dataclass
class Operator:
    """A user with one policy, which can be set."""

    aws: AwsStandIn
    keys: Keys

    def may(self, statements: list[dict[str, Any]]) -> None:
        iam = self.aws.client("iam")
        if not statements:
            with suppress(iam.exceptions.NoSuchEntityException):
                iam.delete_user_policy(UserName="operator", PolicyName="p")
            return
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_user_policy(UserName="operator", PolicyName="p", PolicyDocument=document)


@pytest.fixture(scope="session")
def user(place: Place) -> Operator:
    iam = place.aws.client("iam")
    iam.create_user(UserName="operator")
    made = iam.create_access_key(UserName="operator")["AccessKey"]
    return Operator(place.aws, Keys(made["AccessKeyId"], made["SecretAccessKey"]))


@pytest.fixture
def operator(place: Place, user: Operator, environ: Callable[[Keys | None], None]) -> Iterator[Operator]:
    environ(user.keys)
    with place.aws.authorising():
        yield user


def without(statements: list[dict[str, Any]], action: str) -> list[dict[str, Any]]:
    """Return the statements without one action."""
    left = [{**each, "Action": [name for name in each["Action"] if name != action]} for each in statements]
    return [each for each in left if each["Action"]]


def actions(statements: list[dict[str, Any]]) -> list[str]:
    return sorted({action for each in statements for action in each["Action"]})
