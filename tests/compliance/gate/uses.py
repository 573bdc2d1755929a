"""Finds the uses of this module in a plan by their resources: at any depth, once or several times."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .module import RESOURCES
from .plan import Plan, Resource

SUBMODULE = re.compile(rf"(?:(.*)\.)?module\.({'|'.join(RESOURCES)})(?:\[\d+\])?")
STEP = re.compile(r'module\.([\w-]+)(?:\[(?:\d+|"(?:[^"\\]|\\.)*")\])?')


@dataclass(frozen=True)
class Account:
    """Where a use is deployed."""

    partition: str
    region: str
    id: str


class Use:
    """One use of the module, with its resources by submodule, type and name."""

    def __init__(self, plan: Plan, address: str, members: Iterable[tuple[str, Resource]]) -> None:
        self.plan = plan
        self.address = address
        self.members = list(members)

    @property
    def named(self) -> str:
        """Its name in a sentence."""
        return self.address or "the root module"

    def all(self, submodule: str, kind: str, name: str) -> list[Resource]:
        """Return the instances of a resource."""
        return [one for place, one in self.members if (place, one.type, one.name) == (submodule, kind, name)]

    def one(self, submodule: str, kind: str, name: str) -> Resource | None:
        """Return the instance of a resource, preferably one that stays; None if the plan has none."""
        found = sorted(self.all(submodule, kind, name), key=lambda one: not one.stays)
        return found[0] if found else None

    def has(self, submodule: str, kind: str, name: str) -> bool:
        """True if the resource exists after the apply."""
        return any(one.stays for one in self.all(submodule, kind, name))

    @cached_property
    def function(self) -> Resource:
        """The collector's function."""
        found = self.one("collector", "aws_lambda_function", "collector")
        assert found is not None
        return found

    @cached_property
    def environment(self) -> dict[str, str] | None:
        """The function's environment after the apply; None if the plan does not know it or the function goes."""
        return environment(self.function.after, self.function) if self.function.stays else None

    @cached_property
    def account(self) -> Account:
        """Where it is deployed, as far as the plan shows."""
        region = self.plan.data(self.address, "aws_service", "s3")
        identity = self.plan.data(self.address, "aws_caller_identity")
        return Account(
            self.plan.data(self.address, "aws_partition").get("partition", "aws"),
            region.get("region", ""),
            identity.get("account_id", ""),
        )

    @cached_property
    def bucket_name(self) -> str:
        """The bucket with the records; empty if the plan does not show it."""
        bucket = self.one("archive", "aws_s3_bucket", "archive")
        if bucket is not None and bucket.values.get("bucket"):
            return str(bucket.values["bucket"])
        return (self.environment or {}).get("S3_BUCKET") or self._bucket_of_policy()

    def _bucket_of_policy(self) -> str:
        writer = self.one("collector", "aws_iam_policy", "writer")
        arns = [arn for one in statements(writer, "policy") for arn in texts(one.get("Resource"))] if writer else []
        return next((arn.split(":::")[1].partition("/")[0] for arn in arns if ":s3:::" in arn), "")

    @property
    def makes_bucket(self) -> bool:
        """True if the module creates the bucket."""
        return self.has("archive", "aws_s3_bucket", "archive")


def environment(values: dict[str, Any], function: Resource | None = None) -> dict[str, str] | None:
    """Return a function's environment; None if the plan does not know all of it."""
    if function is not None and function.is_unknown("environment"):
        return None
    blocks = values.get("environment") or []
    return dict(blocks[0].get("variables") or {}) if blocks else None


def find(plan: Plan) -> list[Use]:
    """Find the uses of the module: each has a collector function."""
    members: dict[str, list[tuple[str, Resource]]] = {}
    for resource in plan.resources:
        parted = SUBMODULE.fullmatch(resource.module)
        if parted and f"{resource.type}.{resource.name}" in RESOURCES[parted[2]]:
            members.setdefault(parted[1] or "", []).append((parted[2], resource))
    uses = [Use(plan, address, found) for address, found in members.items()]
    return [use for use in uses if use.one("collector", "aws_lambda_function", "collector")]


def others(plan: Plan, uses: Iterable[Use]) -> list[Resource]:
    """Return the resources that belong to no use of the module, including strangers inside its modules."""
    own = {id(resource) for use in uses for _, resource in use.members}
    return [resource for resource in plan.resources if id(resource) not in own]


def statements(resource: Resource | None, attribute: str) -> list[dict[str, Any]]:
    """Return the statements of a policy; none if the plan does not know it."""
    policy = document((resource.values if resource else {}).get(attribute))
    found = policy.get("Statement") if policy else None
    return [one for one in ([found] if isinstance(found, dict) else found or []) if isinstance(one, dict)]


def document(text: Any) -> dict[str, Any] | None:
    """Parse a JSON object in a string; None for anything else."""
    if not isinstance(text, str) or not text.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def texts(value: Any) -> list[str]:
    """Return a policy element, a string or a list of strings, as a list."""
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]


def path_of(module: str) -> tuple[str, ...]:
    """Return the names of the calls that lead to a module, without their keys."""
    return tuple(STEP.findall(module))
