"""Reads the JSON of `terraform show -json` into resources, and refuses a file that is not a complete plan."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

LARGEST_BYTES = 200_000_000
FORMAT = "1"
"""The major version of the plan format. HashiCorp changes it only for incompatible changes."""


class BadPlanError(Exception):
    """The file cannot be checked; the message says why and what to do."""


@dataclass(frozen=True)
class Resource:
    """A managed resource of the plan: its values before and after the apply, and which of those are not known yet."""

    address: str
    module: str
    type: str
    name: str
    actions: tuple[str, ...]
    before: dict[str, Any]
    after: dict[str, Any]
    unknown: dict[str, Any]
    imported: bool = False

    @property
    def stays(self) -> bool:
        """True if the resource exists after the apply."""
        return self.actions not in (("delete",), ("forget",))

    @property
    def values(self) -> dict[str, Any]:
        """The resource's values after the apply, or before a deletion."""
        return self.after if self.stays else self.before

    def is_unknown(self, attribute: str) -> bool:
        """True if any part of an attribute is known only after apply."""
        return holds_true(self.unknown.get(attribute))


def holds_true(value: Any) -> bool:
    """True if a value contains `true` anywhere: `after_unknown` marks unknown values so."""
    if isinstance(value, dict):
        return any(holds_true(one) for one in value.values())
    if isinstance(value, list):
        return any(holds_true(one) for one in value)
    return value is True


class Plan:
    """A whole plan."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw

    @cached_property
    def resources(self) -> list[Resource]:
        """Every managed resource, including those without changes."""
        return [_resource(one) for one in self.raw.get("resource_changes") or [] if one.get("mode") == "managed"]

    @cached_property
    def configuration(self) -> dict[str, Any]:
        """The root module's configuration."""
        root = (self.raw.get("configuration") or {}).get("root_module")
        return root if isinstance(root, dict) else {}

    @cached_property
    def variables(self) -> dict[str, Any]:
        """The values of the root module's variables as the caller gave them."""
        return {name: one.get("value") for name, one in (self.raw.get("variables") or {}).items()}

    def data(self, module: str, kind: str, name: str = "current") -> dict[str, Any]:
        """Return the values of a data source; empty if the plan has not read it."""
        states = [(self.raw.get("prior_state") or {}).get("values"), self.raw.get("planned_values")]
        for state in states:
            for resource in _resources((state or {}).get("root_module") or {}):
                if resource["address"] == f"{module}.data.{kind}.{name}".lstrip("."):
                    return dict(resource["values"])
        return {}


def _resource(change: dict[str, Any]) -> Resource:
    about = change["change"]
    return Resource(
        address=change["address"],
        module=change.get("module_address", ""),
        type=change["type"],
        name=change["name"],
        actions=tuple(about["actions"]),
        before=about.get("before") or {},
        after=about.get("after") or {},
        unknown=about.get("after_unknown") or {},
        imported=bool(about.get("importing")),
    )


def _resources(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from _resources(child)


def read(file: Path) -> Plan:
    """Read a plan. Raises BadPlanError unless it is a complete plan."""
    try:
        if file.stat().st_size > LARGEST_BYTES:
            raise BadPlanError(f"{file} is larger than {LARGEST_BYTES // 1_000_000} MB, the limit of this check.")
        raw = json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadPlanError(f"{file} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise BadPlanError(
            f"{file} is not the JSON of a plan: write it with `terraform show -json tfplan > plan.json`."
        ) from None
    return judged_whole(raw)


def judged_whole(raw: Any) -> Plan:
    """Take a file's content as a plan. Raises BadPlanError unless it is a complete plan."""
    if not isinstance(raw, dict) or not isinstance(raw.get("format_version"), str):
        raise BadPlanError("The file is not a plan: write it with `terraform show -json tfplan > plan.json`.")
    if raw["format_version"].partition(".")[0] != FORMAT:
        raise BadPlanError(
            f"The plan has format version {raw['format_version']}, and this check reads {FORMAT}.x: use a check of a "
            "newer version of the module."
        )
    if "values" in raw:
        raise BadPlanError("The file is a state, not a plan: pass the plan's file, `terraform show -json tfplan`.")
    if raw.get("errored") is not False:
        raise BadPlanError("The plan ended with an error and is incomplete: fix the error, and plan again.")
    if raw.get("complete") is not True:
        raise BadPlanError(
            "The plan is not complete: it was made with -target, or changes are deferred. Plan without -target, so "
            "that everything is checked."
        )
    plan = Plan(raw)
    try:
        managed = plan.resources
    except (KeyError, TypeError, AttributeError):
        raise BadPlanError("The plan's resource_changes are not in the form that Terraform writes.") from None
    if managed and not any(one.stays for one in managed):
        raise BadPlanError("The plan destroys everything: it was made with -destroy, which this check always refuses.")
    if not managed and _resources_planned(raw):
        raise BadPlanError(
            "The plan only refreshes: it was made with -refresh-only, so it does not show what an apply changes."
        )
    return plan


def _resources_planned(raw: dict[str, Any]) -> bool:
    state = (raw.get("prior_state") or {}).get("values") or {}
    return any(one.get("mode") == "managed" for one in _resources(state.get("root_module") or {}))
