"""The two clouds that an operator's commands meet, and the commands themselves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import commands
import pytest
from standins.aws import AwsStandIn, Keys
from standins.secops import SecOps

from . import deployments


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
        return {
            **commands.neutral(),
            **(self.aws.credentials(*filter(None, [self.keys])) if self.aws else {}),
            "AWS_MAX_ATTEMPTS": "1",
            **self.secops.env(),
            "ZOOMLOGS_SECOPS_SERVICE_ACCOUNT": str(self.folder / "service-account.json"),
            "ZOOMLOGS_OUTPUTS": str(self.folder / "outputs.json"),
            "COLUMNS": "120",
            **more,
        }

    def run(self, *arguments: str, stdin: str = "", terminal: bool = False, **environ: str) -> commands.Ran:
        """Run a command; where it fails, its last word is a whole sentence."""
        ran = commands.zoomlogs(*arguments, environ=self.environment(**environ), stdin=stdin, terminal=terminal)
        self.said += [ran.out, ran.err]
        if ran.status and ran.err:
            *_, sentence = ran.err.splitlines()
            assert sentence.endswith((".", ")")), sentence
        return ran


@pytest.fixture
def secops(tmp_path: Path) -> Iterator[SecOps]:
    with SecOps() as tenant:
        tenant.service_account(tmp_path)
        yield tenant


@pytest.fixture
def aws(aws: AwsStandIn) -> Iterator[AwsStandIn]:
    """An account with the reader's user, and nothing of it left behind."""
    iam, secrets = aws.client("iam"), aws.client("secretsmanager")
    iam.create_user(UserName=deployments.USER)
    yield aws
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
