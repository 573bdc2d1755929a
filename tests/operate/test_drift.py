"""Drift between code and infrastructure is never silent: the next plan reports it with the command that repairs it.

After the command, the next plan is empty and Lambda runs the package.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from harness.scratch import copy_for_terraform
from harness.terraform import Terraform, TerraformError, variable_environ
from standins.deployment import Deployment
from terraform.expected import surprising
from zoomlogs import deployment as operated
from zoomlogs.doctor.checks import CHECKS
from zoomlogs.doctor.facts import Facts

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]

COLLECTOR = "module.zoom_operation_logs.module.collector"
FUNCTION = f"{COLLECTOR}.aws_lambda_function.collector"
INVOKE_CONFIG = f"{COLLECTOR}.aws_lambda_function_event_invoke_config.collector"
ROLE = f"{COLLECTOR}.aws_iam_role.collector"


@dataclass
class Place:
    """The applied module, and the package beside its sources."""

    world: Deployment

    @property
    def terraform(self) -> Terraform:
        return self.world.terraform

    @property
    def function(self) -> str:
        return self.world.target.function_name

    @property
    def role(self) -> str:
        return str(self.lambda_.get_function_configuration(FunctionName=self.function)["Role"]).rpartition("/")[2]

    @property
    def lambda_(self) -> Any:
        return self.world.aws.client("lambda")

    @property
    def package(self) -> Path:
        return self.terraform.workdir.parents[1] / "lambda/dist/collector.zip"

    def facts(self) -> Facts:
        """Return a check's result with the outputs of the last complete apply."""
        facts = Facts(operated.Deployment(self.terraform.output()["zoom_operation_logs"]), boto3.Session())
        facts.client = self.world.aws.client  # type: ignore[method-assign]
        return facts

    def plan(self, **options: bool) -> Any:
        return self.terraform.plan(self.world.variables, **options)

    def changes(self) -> dict[str, Any]:
        """Plan; return what Terraform would do to each address, as `terraform show -json` has it."""
        plan = self.terraform.workdir / "drift.tfplan"
        self.terraform.plan(self.world.variables, out=plan)
        return {one["address"]: one["change"] for one in self.terraform.show_json(plan)["resource_changes"]}

    def refusal(self, **options: bool) -> str:
        """Plan; return the one sentence of its error."""
        with pytest.raises(TerraformError) as refused:
            self.plan(**options)
        [said] = str(refused.value).splitlines()
        return said

    def run(self, command: str) -> None:
        """Run a command of the sentence and confirm it."""
        variables = variable_environ(self.world.variables)
        environ = self.terraform.env | variables | {"TF_CLI_ARGS_apply": "-auto-approve -no-color"}
        ran = subprocess.run(["sh", "-c", command], cwd=self.terraform.workdir, env=environ, capture_output=True)
        assert ran.returncode == 0, ran.stderr.decode()

    def assert_settled(self) -> None:
        plan = self.plan()
        assert not plan.changed, plan.actions
        assert surprising(plan.warnings) == []
        running = self.lambda_.get_function_configuration(FunctionName=self.function)["CodeSha256"]
        assert running == base64.b64encode(hashlib.sha256(self.package.read_bytes()).digest()).decode()
        kept = self.lambda_.get_function_event_invoke_config(FunctionName=self.function)
        assert kept["MaximumRetryAttempts"] == 0


@pytest.fixture
def place(minimal: Deployment) -> Place:
    return Place(minimal)


def another(package: Path) -> bytes:
    """Return a package with other bytes and the same files."""
    copy = package.with_suffix(".copy")
    copy.write_bytes(package.read_bytes())
    with zipfile.ZipFile(copy, "a") as archive:
        archive.comment = b"another"
    content = copy.read_bytes()
    copy.unlink()
    return content


@contextmanager
def committed(place: Place, content: bytes) -> Iterator[None]:
    """Replace the package beside the sources, as a later commit would."""
    record = place.package.with_suffix(".json")
    files = {file: file.read_bytes() for file in (place.package, record)}
    place.package.write_bytes(content)
    written = json.loads(record.read_text()) | {"zip_sha256": hashlib.sha256(content).hexdigest()}
    record.write_text(json.dumps(written))
    try:
        yield
    finally:
        for file, was in files.items():
            file.write_bytes(was)


def mending(sentence: str) -> str:
    """Return the command in a sentence."""
    found = re.search(r"`(terraform apply .*)`", sentence)
    assert found, sentence
    return found[1]


def test_a_failed_code_update_is_repeated(place: Place) -> None:
    later = another(place.package)
    with committed(place, later):
        with pytest.raises(TerraformError, match="AccessDenied"):
            place.terraform.apply(place.world.variables)
        place.world.aws.register_package(later)
        sentence = place.refusal()
        assert sentence.startswith("Resource postcondition failed: Lambda runs other code in zoom_operationlogs_to_s3 ")
        place.run(mending(sentence))
        place.assert_settled()

    # A rollback to the previous package is an ordinary in-place upgrade.
    plan = place.plan()
    assert {address: does for address, does in plan.actions.items() if does != "read"} == {FUNCTION: "update"}
    place.terraform.apply(place.world.variables)
    place.assert_settled()


def test_code_changed_by_hand_is_replaced(place: Place) -> None:
    by_hand = another(place.package)
    place.world.aws.register_package(by_hand)
    place.lambda_.update_function_code(FunctionName=place.function, ZipFile=by_hand)

    sentence = place.refusal()
    assert "changed outside Terraform" in sentence
    [doctor] = [check(place.facts()) for check in CHECKS if check.name == "package"]
    assert doctor.status == "fix"
    assert mending(doctor.sentence) == mending(sentence)
    assert place.refusal(refresh=False) == sentence
    assert place.plan(destroy=True).changes.destroy > 20  # needs no repair first

    place.run(mending(doctor.sentence))
    place.assert_settled()


def test_a_function_deleted_by_hand_is_created_again(place: Place) -> None:
    place.lambda_.delete_function(FunctionName=place.function)
    plan = place.plan()
    assert (plan.actions[FUNCTION], plan.actions[INVOKE_CONFIG]) == ("create", "create")
    place.terraform.apply(place.world.variables)
    place.assert_settled()


@pytest.mark.parametrize("by_hand", [True, False], ids=["by hand", "by Terraform"])
def test_a_new_role_replaces_the_function(place: Place, by_hand: bool) -> None:
    iam, role = place.world.aws.client("iam"), {"RoleName": place.role}
    before = iam.get_role(**role)["Role"]
    for name in iam.list_role_policies(**role)["PolicyNames"]:
        iam.delete_role_policy(**role, PolicyName=name)
    for policy in iam.list_attached_role_policies(**role)["AttachedPolicies"]:
        iam.detach_role_policy(**role, PolicyArn=policy["PolicyArn"])
    iam.delete_role(**role)
    if by_hand:
        trust = json.dumps(before["AssumeRolePolicyDocument"])
        iam.create_role(**role, Description=before["Description"], AssumeRolePolicyDocument=trust)

    changes = place.changes()
    assert {address for address, change in changes.items() if len(change["actions"]) == 2} == {FUNCTION, INVOKE_CONFIG}
    assert (changes[ROLE]["actions"] == ["create"]) != by_hand
    assert changes[FUNCTION]["after_unknown"]["environment"] == [{"variables": {}}]  # the plan shows all of it
    place.terraform.apply(place.world.variables)
    assert iam.get_role(**role)["Role"]["RoleId"] != before["RoleId"]
    place.assert_settled()


def test_a_moved_module_changes_only_the_package_path(place: Place) -> None:
    """As with another TF_DATA_DIR, where Terraform keeps modules."""
    main = place.terraform.workdir / "main.tf"
    before = main.read_text()
    repository = place.terraform.workdir.parents[1]
    elsewhere = copy_for_terraform(repository, repository / "elsewhere")
    main.write_text(before.replace('source = "../.."', 'source = "../../elsewhere"'))
    try:
        place.terraform.init()
        changes = place.changes()
        changed = {address for address, change in changes.items() if change["actions"] not in (["no-op"], ["read"])}
        assert changed == {FUNCTION}
        was, becomes = changes[FUNCTION]["before"], changes[FUNCTION]["after"]
        assert {name for name in becomes if becomes[name] != was[name]} == {"filename"}
    finally:
        main.write_text(before)
        shutil.rmtree(elsewhere)
        place.terraform.init()
    place.assert_settled()
