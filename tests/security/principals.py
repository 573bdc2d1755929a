"""The principals, and the two uses of the module, each of which is the other's "other"."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from standins.aws import ANONYMOUS, AwsStandIn, Keys
from zoomlogs import deployer
from zoomlogs.deployment import Deployment

SUBJECT = "100000000000000000001"
"""The Google identity of the fixture's feed."""


class Principal(Enum):
    """A caller of the matrix: its column, and its purpose in a sentence."""

    COLLECTOR = "collector"
    COLLECTOR_IN_VPC = "collector in a VPC"
    SCHEDULER = "scheduler"
    READER_USER = "reader user"
    READER_ROLE = "reader role"
    OTHER_ROLE = "another role"
    BREAK_GLASS = "break-glass role"
    BYPASS = "break-glass role with `s3:BypassGovernanceRetention`"
    STRANGER = "stranger"
    ANONYMOUS = "anonymous"

    @property
    def instance(self) -> str:
        """Return its own use of the module."""
        return "beta" if self in BETAS else "alpha"


BETAS = (
    *(Principal.COLLECTOR_IN_VPC, Principal.READER_ROLE, Principal.OTHER_ROLE),
    *(Principal.BREAK_GLASS, Principal.BYPASS),
)

EVERY_OBJECT_RIGHT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:*Object*", "s3:Replicate*"], "Resource": "*"}],
}

RUNBOOK = Path(__file__).resolve().parents[2] / "docs" / "operations.md"


def break_glass_policy(bucket: str) -> str:
    """Return the runbook's policy for the role."""
    [found] = re.findall(r"```json\n(\{.*?\})\n *```", RUNBOOK.read_text(encoding="utf-8"), re.DOTALL)
    return str(found).replace("YOUR-BUCKET", bucket)


def bypass_policy(bucket: str) -> str:
    """Return the same, with permission to bypass a retention in governance mode."""
    policy = json.loads(break_glass_policy(bucket))
    policy["Statement"].append(
        {"Effect": "Allow", "Action": "s3:BypassGovernanceRetention", "Resource": f"arn:aws:s3:::{bucket}/*"}
    )
    return json.dumps(policy)


class Instance(Deployment):
    """One use of the module, by its outputs."""

    @property
    def function_arn(self) -> str:
        return str(self.outputs["function"]["arn"])

    @property
    def queue_url(self) -> str:
        return str(self.outputs["dead_letter_queue"]["url"])

    @property
    def log_group(self) -> str:
        return str(self.outputs["log_group"]["name"])

    @property
    def collector_role(self) -> str:
        return str(self.outputs["role"]["name"])

    @property
    def scheduler_role(self) -> str:
        return str(self.outputs["schedule"]["role_name"])


@dataclass
class World:
    """The applied fixture, prepared for every call of the matrix."""

    aws: AwsStandIn
    outputs: Mapping[str, Any]
    number: int = 0
    locked: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    """The objects that the matrix has locked, by bucket and mode."""
    _keys: dict[Principal, Keys] = field(default_factory=dict)
    _deployers: dict[str, Keys] = field(default_factory=dict)
    _clients: dict[tuple[Keys, str, bool], Any] = field(default_factory=dict)

    def instance(self, name: str) -> Instance:
        return Instance(self.outputs[name])

    @property
    def key_arn(self) -> str:
        """The KMS key, which is alpha's."""
        return str(self.outputs["key_arn"])

    def unused(self) -> str:
        """Return a name that no call has used yet."""
        self.number += 1
        return f"{self.number:04}"

    def keys(self, principal: Principal) -> Keys:
        """Get a principal's credentials the way the principal does."""
        if principal not in self._keys:
            self._keys[principal] = self._obtain(principal)
        return self._keys[principal]

    def _obtain(self, principal: Principal) -> Keys:
        own = self.instance(principal.instance)
        if principal in (Principal.COLLECTOR, Principal.COLLECTOR_IN_VPC):
            return self.collector_keys(own)
        if principal is Principal.SCHEDULER:
            return self.scheduler_keys(own)
        if principal is Principal.READER_USER:
            return self._access_key(str(own.outputs["reader"]["name"]))
        if principal is Principal.READER_ROLE:
            sts = self.aws.client("sts", ANONYMOUS)
            issued = sts.assume_role_with_web_identity(
                RoleArn=own.outputs["reader"]["arn"],
                RoleSessionName="feed",
                WebIdentityToken=self.aws.google_token(SUBJECT),
            )["Credentials"]
            return Keys(issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"])
        if principal is Principal.OTHER_ROLE:
            return self._role("another-role", "/", json.dumps(EVERY_OBJECT_RIGHT))
        if principal is Principal.BREAK_GLASS:
            return self._role("break-glass", "/security/", break_glass_policy(own.bucket))
        if principal is Principal.BYPASS:
            return self._role("break-glass-bypass", "/security/", bypass_policy(own.bucket))
        if principal is Principal.STRANGER:
            self.root("iam").create_user(UserName="stranger")
            return self._access_key("stranger")
        return ANONYMOUS

    def collector_keys(self, own: Instance) -> Keys:
        """Assume the role in which Lambda runs the function."""
        return self.aws.service_session(
            "lambda.amazonaws.com",
            own.collector_role,
            own.function_arn.rpartition(":")[2],
            carries={"lambda:SourceFunctionArn": own.function_arn},
        )

    def scheduler_keys(self, own: Instance) -> Keys:
        """Assume the role with which EventBridge Scheduler delivers."""
        group = f"arn:aws:scheduler:{self.aws.region}:{self.aws.account_id}:schedule-group/default"
        source = {"aws:SourceAccount": self.aws.account_id, "aws:SourceArn": group}
        return self.aws.service_session("scheduler.amazonaws.com", own.scheduler_role, "delivery", source=source)

    def deployer_keys(self, own: Instance) -> Keys:
        """Assume a role with the permissions of modules/deployer, with both options about deletion."""
        name = f"deployer-of-{own.bucket}"
        if name not in self._deployers:
            where = deployer.place(self.aws.account_id, self.aws.region)
            options = {"force_destroy": "true", "lock": "true"}
            parts = deployer.policies(deployer.PHASES, options, {"bucket_name": own.bucket}, where)
            self._deployers[name] = self._role(name, "/", json.dumps(deployer.merged(parts.values())))
        return self._deployers[name]

    def deployer_arn(self, own: Instance) -> str:
        return f"arn:aws:iam::{self.aws.account_id}:role/deployer-of-{own.bucket}"

    def _role(self, name: str, path: str, policy: str) -> Keys:
        """Create a role with one policy, and assume it."""
        iam, whole_account = self.root("iam"), f"arn:aws:iam::{self.aws.account_id}:root"
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": whole_account}}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        made = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=document)["Role"]
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy)
        issued = self.root("sts").assume_role(RoleArn=made["Arn"], RoleSessionName="somebody")["Credentials"]
        return Keys(issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"])

    def _access_key(self, user: str) -> Keys:
        made = self.root("iam").create_access_key(UserName=user)["AccessKey"]
        return Keys(made["AccessKeyId"], made["SecretAccessKey"])

    def judged_as(self, principal: Principal) -> dict[str, str]:
        """Return a principal for `AwsStandIn.judge`."""
        own = self.instance(principal.instance)
        return {
            Principal.COLLECTOR: {"role": own.collector_role},
            Principal.COLLECTOR_IN_VPC: {"role": own.collector_role},
            Principal.SCHEDULER: {"role": own.scheduler_role},
            Principal.READER_USER: {"user": str(own.outputs["reader"]["name"])},
            Principal.READER_ROLE: {"role": str(own.outputs["reader"]["name"])},
            Principal.OTHER_ROLE: {"role": "another-role"},
            Principal.BREAK_GLASS: {"role": "break-glass"},
            Principal.BYPASS: {"role": "break-glass-bypass"},
            Principal.STRANGER: {"user": "stranger"},
            Principal.ANONYMOUS: {},
        }[principal]

    def collector(self, own: Instance) -> Any:
        """Return the S3 client of a use's collector: nobody else may put there."""
        beta = own.bucket == self.instance("beta").bucket
        return self.client(self.keys(Principal.COLLECTOR_IN_VPC if beta else Principal.COLLECTOR), "s3")

    def root(self, service: str) -> Any:
        """Return a client that may do everything."""
        return self.client(self.aws.root, service)

    def client(self, keys: Keys, service: str, *, tls: bool = True) -> Any:
        """Return a client, the same one for the same caller: creating one takes longer than its call."""
        wanted = (keys, service, tls)
        if wanted not in self._clients:
            made = self._clients[wanted] = self.aws.client(service, keys)
            if not tls:
                made.meta.events.register("before-send", _without_tls)
        return self._clients[wanted]


def _without_tls(request: Any, **_: object) -> None:
    request.headers["x-standin-tls"] = "false"
