"""The two clouds that an operator's commands meet, and the commands themselves."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from standins.aws import AwsStandIn, Keys, scrubbed
from standins.secops import SecOps
from typer.testing import CliRunner
from zoomlogs.__main__ import app
from zoomlogs.errors import CommandError

from . import deployments


@dataclass
class Ran:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class World:
    """Runs `zoomlogs` against the stand-ins, and keeps everything it ever said."""

    aws: AwsStandIn | None
    secops: SecOps
    folder: Path
    keys: Keys | None = None
    said: list[str] = field(default_factory=list)

    def outputs(self, document: dict[str, Any]) -> None:
        """Write what `terraform output -json` would print."""
        (self.folder / "outputs.json").write_text(json.dumps({"zoom_operation_logs": {"value": document}}))

    def environment(self, **more: str) -> dict[str, str]:
        aws = self.aws.credentials(self.keys) if self.aws else {}
        return {
            **aws,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
            **self.secops.env(),
            "ZOOMLOGS_SECOPS_SERVICE_ACCOUNT": str(self.folder / "service-account.json"),
            "ZOOMLOGS_OUTPUTS": str(self.folder / "outputs.json"),
            "COLUMNS": "120",
            **more,
        }

    def run(self, *arguments: str, stdin: str | None = None, **environment: str) -> Ran:
        """Run a command in this process, as its `main` does."""
        foreign = dict.fromkeys(set(os.environ) - set(scrubbed(os.environ)))
        result = CliRunner(env=foreign | self.environment(**environment)).invoke(app, list(arguments), input=stdin)
        self.said += [result.stdout, result.stderr]
        if isinstance(result.exception, CommandError):
            sentence = str(result.exception)
            self.said.append(sentence)
            assert sentence.endswith((".", ")")), sentence
            assert "\n" not in sentence
            return Ran(result.exception.status, result.stdout, result.stderr + sentence)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(result.exit_code, result.stdout, result.stderr)


@pytest.fixture
def secops(tmp_path: Path) -> Iterator[SecOps]:
    with SecOps() as tenant:
        tenant.service_account(tmp_path)
        yield tenant


@pytest.fixture(scope="session")
def _aws() -> Iterator[AwsStandIn]:
    with AwsStandIn() as standin:
        yield standin


@pytest.fixture
def aws(_aws: AwsStandIn) -> Iterator[AwsStandIn]:
    """An account with the reader's user, and nothing of it left behind."""
    iam, secrets = _aws.client("iam"), _aws.client("secretsmanager")
    iam.create_user(UserName=deployments.USER)
    yield _aws
    for key in iam.list_access_keys(UserName=deployments.USER)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=deployments.USER, AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName=deployments.USER)
    for secret in secrets.list_secrets()["SecretList"]:
        secrets.delete_secret(SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True)


@pytest.fixture
def world(aws: AwsStandIn, secops: SecOps, tmp_path: Path) -> World:
    """Both clouds, and a deployment in mode user."""
    made = World(aws, secops, tmp_path)
    made.outputs(deployments.module())
    return made


@pytest.fixture
def keyless(secops: SecOps, tmp_path: Path) -> World:
    """A tenant and a deployment in mode role, which needs nothing of AWS."""
    made = World(None, secops, tmp_path)
    made.outputs(deployments.module(mode="role"))
    return made


@pytest.fixture
def stored(aws: AwsStandIn) -> Callable[[], dict[str, str]]:
    """Read the secret with the reader's key."""

    def read(stage: str = "AWSCURRENT") -> dict[str, str]:
        secrets = aws.client("secretsmanager")
        answer = secrets.get_secret_value(SecretId=deployments.KEY_SECRET, VersionStage=stage)
        found: dict[str, str] = json.loads(answer["SecretString"])
        return found

    return read
