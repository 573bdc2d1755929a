"""A plan as `terraform show -json` gives it, read into resources; a file that is no whole plan is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

LARGEST_BYTES = 200_000_000
FORMAT = "1"
"""The major version of the plan format. Within it HashiCorp only adds."""


class BadPlanError(Exception):
    """The file cannot be judged; the message says why and what to do."""


@dataclass(frozen=True)
class Resource:
    """A managed resource of the plan: what it was, what it becomes, and which parts of that are not known yet."""

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
        """Whether there is such a resource after the apply."""
        return self.actions not in (("delete",), ("forget",))

    @property
    def values(self) -> dict[str, Any]:
        """What the resource is after the apply, or was before a deletion."""
        return self.after if self.stays else self.before

    def is_unknown(self, attribute: str) -> bool:
        """Tell whether any part of an attribute is known only after the apply."""
        return holds_true(self.unknown.get(attribute))


def holds_true(value: Any) -> bool:
    """Tell whether there is a `true` anywhere in a value, as `after_unknown` marks what is unknown."""
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
        """Every managed resource, those without a change too."""
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
        """Give the values of a data source that the plan has read; empty if it has not."""
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
    """Read a plan. Raises BadPlanError if it is none, or none that can be judged whole."""
    try:
        if file.stat().st_size > LARGEST_BYTES:
            raise BadPlanError(f"{file} is larger than {LARGEST_BYTES // 1_000_000} MB: no plan that can be judged.")
        raw = json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadPlanError(f"{file} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise BadPlanError(
            f"{file} is not the JSON of a plan: write it with `terraform show -json tfplan > plan.json`."
        ) from None
    return judged_whole(raw)


def judged_whole(raw: Any) -> Plan:
    """Take what a file held as a plan. Raises BadPlanError unless it is a whole one."""
    if not isinstance(raw, dict) or not isinstance(raw.get("format_version"), str):
        raise BadPlanError("The file is no plan: write it with `terraform show -json tfplan > plan.json`.")
    if raw["format_version"].partition(".")[0] != FORMAT:
        raise BadPlanError(
            f"The plan has format version {raw['format_version']}, and this check reads {FORMAT}.x: use a check of a "
            "newer version of the module."
        )
    if "values" in raw:
        raise BadPlanError("The file is a state and no plan: name the plan's file, `terraform show -json tfplan`.")
    if raw.get("errored") is not False:
        raise BadPlanError("The plan ended with an error, so it shows only part: mend the error, and plan again.")
    if raw.get("complete") is not True:
        raise BadPlanError(
            "The plan is not complete: it was made with -target, or changes are deferred. Plan without -target, so "
            "that everything is judged."
        )
    plan = Plan(raw)
    try:
        managed = plan.resources
    except (KeyError, TypeError, AttributeError):
        raise BadPlanError("The plan's resource_changes are not in the form that Terraform writes.") from None
    if managed and not any(one.stays for one in managed):
        raise BadPlanError("The plan destroys everything: it was made with -destroy, and no check passes that.")
    if not managed and _resources_planned(raw):
        raise BadPlanError(
            "The plan only refreshes: it was made with -refresh-only, so it does not show what is to be."
        )
    return plan


def _resources_planned(raw: dict[str, Any]) -> bool:
    state = (raw.get("prior_state") or {}).get("values") or {}
    return any(one.get("mode") == "managed" for one in _resources(state.get("root_module") or {}))
