"""What the matrix is about: the principals, and the two instances that are each other's strangers."""

from __future__ import annotations

import base64
import itertools
import json
from dataclasses import dataclass, field
from typing import Any

from standins.aws import ADMIN, AwsStandIn, Keys
from standins.deployment import Deployment

SUBJECT_ID = "012345678901234567890"  # as in tests/fixtures/security
RECORD = b'{"time": "2026-03-10T09:00:00Z"}\n'

COLLECTOR = "collector"
SCHEDULER = "scheduler"
USER = "reader (user)"
ROLE = "reader (role, deletes)"
STRANGER = "stranger"
ANONYMOUS = "unsigned"
PRINCIPALS = (COLLECTOR, SCHEDULER, USER, ROLE, STRANGER, ANONYMOUS)


@dataclass(frozen=True)
class Instance:
    """One instance of the module, by its outputs."""

    outputs: dict[str, Any]
    key_arn: str | None

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return str(self.outputs["bucket"]["name"])

    @property
    def prefix(self) -> str:
        """The feed's prefix."""
        return str(self.outputs["bucket"]["prefix"])

    @property
    def state_key(self) -> str:
        """The checkpoint's key."""
        return str(self.outputs["bucket"]["state_key"])


@dataclass
class World:
    """Both instances applied, and what a call needs to be made on them."""

    aws: AwsStandIn
    guide: Instance
    keyless: Instance
    keys: dict[str, Keys | None] = field(default_factory=dict)
    _clients: dict[tuple[str, str | None, bool], Any] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def home(self, principal: str) -> Instance:
        """The instance that a principal belongs to."""
        return self.keyless if principal == ROLE else self.guide

    def other(self, principal: str) -> Instance:
        """The instance that it has no business in."""
        return self.guide if principal == ROLE else self.keyless

    def client(self, service: str, principal: str | None = None, *, tls: bool = True) -> Any:
        """Give a client of a principal, or of the account's root; without `tls` its requests count as plain HTTP."""
        key = (service, principal, tls)
        if key not in self._clients:
            client = self._clients[key] = self.aws.client(service, self.keys[principal] if principal else ADMIN)
            if not tls:
                client.meta.events.register("before-send", _count_as_plain)
        return self._clients[key]

    def put(self, bucket: str, key: str) -> str:
        """Put an object as the account's root, and give its key."""
        self.client("s3").put_object(Bucket=bucket, Key=key, Body=RECORD, IfNoneMatch="*")
        return key

    def new_key(self, beginning: str) -> str:
        """Make up a key under which nothing lies."""
        return f"{beginning}2026/03/10/made-up-{next(self._numbers):06d}.json.gz"


def _count_as_plain(request: Any, **_: Any) -> None:
    request.headers["x-standin-tls"] = "false"


def world_of(deployment: Deployment) -> World:
    """Take the applied fixture, and make keys for everybody: roles as the services that they trust, users by key."""
    aws, outputs = deployment.aws, deployment.outputs
    world = World(aws, Instance(outputs["guide"], outputs["key_arn"]), Instance(outputs["keyless"], None))
    for instance in (world.guide, world.keyless):
        world.put(instance.bucket, instance.state_key)
    aws.client("iam").create_user(UserName="stranger")
    world.keys = {
        COLLECTOR: aws.session(world.guide.outputs["role"]["arn"]),
        SCHEDULER: aws.session(world.guide.outputs["schedule"]["role_arn"]),
        USER: aws.access_key(world.guide.outputs["reader"]["name"]),
        ROLE: google_session(aws, world.keyless.outputs["reader"]["arn"], SUBJECT_ID),
        STRANGER: aws.access_key("stranger"),
        ANONYMOUS: None,
    }
    return world


def google_session(aws: AwsStandIn, role_arn: str, subject: str) -> Keys:
    """Exchange a token of Google's, which names its subject, for a session of a role."""
    claims = {"iss": "https://accounts.google.com", "sub": subject, "aud": subject}
    parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
    token = ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "signature"])
    given = aws.client("sts", None).assume_role_with_web_identity(
        RoleArn=role_arn, RoleSessionName="google", WebIdentityToken=token
    )["Credentials"]
    return Keys(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
