"""The deployer: roles with the rights of modules/deployer, and what they apply, change and destroy in one account."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.scratch import prepare
from harness.terraform import Changes, Plan, Terraform, TerraformError
from standins.aws import COLLECTOR, AwsStandIn, Keys
from standins.iam_policy import Call, Caller, decide
from standins.running_provider import running_provider
from zoomlogs import deployer

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = "tests/fixtures/deployer"
Policy = dict[str, Any]
Needed = dict[str, Any]
"""A permission that a request needed, as `AwsStandIn.listing_permissions` lists it."""

PHASES = {
    "apply": ("plan", "apply"),
    "plan": ("plan",),
    "upgrade": ("plan", "upgrade"),
    "destroy": ("plan", "destroy"),
}
"""The phases, in this order, and their permissions."""

WITHDRAWN = {"apply": "iam:PassRole", "upgrade": "iam:CreatePolicyVersion", "destroy": "s3:DeleteObjectVersion"}
"""An action that is denied first: Terraform must fail."""


@dataclass
class Life:
    """The results of the fixture under its deployers, from apply to destroy."""

    options: dict[str, dict[str, dict[str, str]]]
    """The options for each phase's permissions, by use of the module."""

    names: dict[str, dict[str, str]]
    needed: dict[str, list[Needed]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    plan: Plan | None = None
    destroyed: Changes | None = None
    left: list[str] = field(default_factory=list)

    def policies(self, phase: str) -> list[Policy]:
        """Return the policies that a phase's role has."""
        return [
            policy
            for use, names in self.names.items()
            for policy in deployer.policies(PHASES[phase], self.options[phase][use], names, WHERE).values()
        ]


WHERE = deployer.place("123456789012", "us-east-1")


def allowed(needed: Needed, policies: list[Policy]) -> bool:
    """Evaluate a permission by identity policies alone."""
    call = Call(needed["action"], needed["resource"], needed["context"])
    return decide(call, Caller(frozenset(["deployer"]), WHERE["account"]), identity=policies).allowed


def is_about_oneself(needed: Needed) -> bool:
    """Return whether this is GetUser without a name, which the provider sends if it does not validate with STS."""
    return needed.get("action") == "iam:GetUser" and needed["resource"] == "*"


def lived(repository: Path = REPOSITORY) -> Life:
    """Apply, plan again, upgrade and destroy the fixture with authorisation on, each with its own role."""
    with AwsStandIn() as aws, tempfile.TemporaryDirectory(prefix="zoomlogs-") as scratch:
        given = platform(aws)
        life = Life(*asked_for(given))
        terraform = prepare(repository, Path(scratch), aws.env(), folder=FOLDER)
        terraform.init()
        keys = {phase: role(aws, phase, life.policies(phase)) for phase in PHASES}
        before: dict[str, object] = {"given": given, "upgraded": False}
        after: dict[str, object] = {"given": given, "upgraded": True}
        with aws.authorising():
            step(life, aws, terraform, "apply", keys, before)
            step(life, aws, terraform, "plan", keys, before)
            step(life, aws, terraform, "upgrade", keys, after)
            leave_behind(aws)
            step(life, aws, terraform, "destroy", keys, after)
        life.left = terraform.state_list()
        return life


def step(
    life: Life,
    aws: AwsStandIn,
    terraform: Terraform,
    phase: str,
    keys: Mapping[str, Keys],
    variables: dict[str, object],
) -> None:
    """Run a phase, first without an action if one is given."""
    with aws.listing_permissions() as needed, signed_in(aws, terraform, keys[phase]):
        if phase in WITHDRAWN:
            with without(aws, phase, WITHDRAWN[phase]):
                try:
                    run(terraform, phase, variables)
                except TerraformError as error:
                    life.refused[phase] = str(error)
        done = run(terraform, phase, variables)
    deployers = [one for one in needed if one["by"].endswith(f"/deployer-{phase}") and not is_about_oneself(one)]
    life.needed[phase] = [*{json.dumps(one, sort_keys=True): one for one in deployers}.values()]
    if isinstance(done, Plan):
        life.plan = done
    if phase == "destroy" and isinstance(done, Changes):
        life.destroyed = done


def run(terraform: Terraform, phase: str, variables: dict[str, object]) -> Changes | Plan:
    """Run Terraform for a phase."""
    if phase == "plan":
        return terraform.plan(variables)
    return terraform.destroy(variables) if phase == "destroy" else terraform.apply(variables)


@contextmanager
def signed_in(aws: AwsStandIn, terraform: Terraform, keys: Keys) -> Iterator[None]:
    """Make Terraform sign with these keys, with one provider for each."""
    terraform.env |= aws.credentials(keys)
    with running_provider(terraform):
        yield


@contextmanager
def without(aws: AwsStandIn, phase: str, action: str) -> Iterator[None]:
    """Deny a phase's role an action."""
    iam = aws.client("iam")
    denial = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": action, "Resource": "*"}]}
    iam.put_role_policy(RoleName=f"deployer-{phase}", PolicyName="withdrawn", PolicyDocument=json.dumps(denial))
    yield
    iam.delete_role_policy(RoleName=f"deployer-{phase}", PolicyName="withdrawn")


def role(aws: AwsStandIn, phase: str, policies: list[Policy]) -> Keys:
    """Create a deployer's role, and assume it."""
    iam, name = aws.client("iam"), f"deployer-{phase}"
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{aws.account_id}:root"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]
    for number, policy in enumerate(policies):
        iam.put_role_policy(RoleName=name, PolicyName=f"part-{number}", PolicyDocument=json.dumps(policy))
    issued = aws.client("sts").assume_role(RoleArn=made["Arn"], RoleSessionName="pipeline")["Credentials"]
    return Keys(issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"])


def platform(aws: AwsStandIn) -> dict[str, Any]:
    """Create what a platform already has: a boundary, a key, a network, a layer, buckets for logs and packages."""
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    boundary = aws.client("iam").create_policy(PolicyName="boundary", PolicyDocument=json.dumps(everything))["Policy"]
    ec2, s3 = aws.client("ec2"), aws.client("s3")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    groups = [ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"] for name in ("a", "b")]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("ca-bundle.pem", "")
    layer = {"LayerName": "ca", "Content": {"ZipFile": archive.getvalue()}}
    layers = [aws.client("lambda").publish_layer_version(**layer)["LayerVersionArn"] for _ in range(2)]
    for bucket in ("platform-logs", "platform-packages"):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_policy(Bucket="platform-logs", Policy=json.dumps(LOGS))
    s3.put_bucket_versioning(Bucket="platform-packages", VersioningConfiguration={"Status": "Enabled"})
    package = COLLECTOR.read_bytes()
    place = {"Bucket": "platform-packages", "Key": "collector.zip"}
    return {
        "boundary_arn": boundary["Arn"],
        "kms_key_arn": aws.client("kms").create_key()["KeyMetadata"]["Arn"],
        "layer_arns": layers,
        "log_bucket": "platform-logs",
        "package_bucket": place["Bucket"],
        "package_key": place["Key"],
        "versions": [s3.put_object(**place, Body=package)["VersionId"] for _ in range(2)],
        "sha256": aws_sha256(package),
        "subnet_id": subnet,
        "group_ids": groups,
    }


LOGS = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": "arn:aws:s3:::platform-logs/*",
        }
    ],
}


def aws_sha256(content: bytes) -> str:
    """Return a hash in Lambda's form."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def asked_for(given: Mapping[str, Any]) -> tuple[dict[str, dict[str, dict[str, str]]], dict[str, dict[str, str]]]:
    """Return the options and names of each use of the module, as a platform team would choose them."""
    alpha = {
        **dict.fromkeys(("access_logs", "credentials", "emails", "feed_queue", "force_destroy"), "true"),
        **dict.fromkeys(("reserved_concurrency", "tags", "vpc"), "true"),
        "ca_bundle": given["layer_arns"][0],
        "kms_key": given["kms_key_arn"],
        "permissions_boundary": given["boundary_arn"],
        "s3_package": f"{given['package_bucket']}/{given['package_key']}",
    }
    beta = {"force_destroy": "true", "reader_role": "true", "tags": "true"}
    bounded = {**beta, "permissions_boundary": given["boundary_arn"]}
    gamma = dict.fromkeys(("lock", "no_monitoring", "no_reader"), "true")
    names = {
        "alpha": {"bucket_name": "alpha-zoom-operation-logs", "name_prefix": "alpha-", "iam_path": "/security/"},
        "beta": {"bucket_name": "beta-zoom-operation-logs", "name_prefix": "beta-"},
        "gamma": {"bucket_name": "gamma-zoom-operation-logs", "name_prefix": "gamma-"},
    }
    phases = {phase: {"alpha": alpha, "beta": beta, "gamma": gamma} for phase in PHASES}
    phases["upgrade"] |= {"alpha": {**alpha, "ca_bundle": given["layer_arns"][1]}, "beta": bounded}
    return phases, names


def leave_behind(aws: AwsStandIn) -> None:
    """Add what Terraform does not manage: a record in the bucket, and an access key of the reader."""
    for bucket in ("alpha-zoom-operation-logs", "beta-zoom-operation-logs"):
        with aws.without_bucket_policy(bucket):
            aws.client("s3").put_object(Bucket=bucket, Key="zoom/operationlogs/2026/01/31/a", Body=b"a record")
    aws.client("iam").create_access_key(UserName="alpha-secops-reader")
