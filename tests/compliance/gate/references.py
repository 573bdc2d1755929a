"""Follows references in the plan's configuration, for values that the plan does not know yet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from .uses import path_of

MODULE = re.compile(r"module\.([\w-]+)(?:\[[^\]]*\])?(?:\.([\w-]+))?.*")
VARIABLE = re.compile(r"var\.([\w-]+).*")
DATA = re.compile(r"data\.([\w-]+)\.([\w-]+).*")
RESOURCE = re.compile(r"([a-z][\w-]*_[\w-]+)\.([\w-]+).*")
UNSEEN = "?"
"""Stands for a local value: the plan does not contain its expression."""

PASSED_ON = ("terraform_data", "null_resource", "time_static")
"""Resources that pass their arguments on."""


class Configuration:
    """The configuration of a plan."""

    def __init__(self, root: dict[str, Any]) -> None:
        self.root = root

    def module(self, path: Iterable[str]) -> dict[str, Any]:
        """Return the configuration of a module by the names of the calls that lead to it."""
        found = self.root
        for name in path:
            found = self._call(found, name).get("module") or {}
        return found

    def call(self, path: tuple[str, ...]) -> dict[str, Any]:
        """Return the call of a module."""
        return self._call(self.module(path[:-1]), path[-1]) if path else {}

    @staticmethod
    def _call(module: dict[str, Any], name: str) -> dict[str, Any]:
        return (module.get("module_calls") or {}).get(name) or {}

    def block(self, path: tuple[str, ...], kind: str, name: str, mode: str = "managed") -> dict[str, Any]:
        """Return the block of a resource or data source."""
        for one in self.module(path).get("resources") or []:
            if (one.get("mode"), one.get("type"), one.get("name")) == (mode, kind, name):
                return dict(one)
        return {}

    def reached(self, module: str, kind: str, name: str, attribute: str) -> set[str]:
        """Return the resources, as CALL.CALL.TYPE.NAME, that an attribute refers to, and UNSEEN for a local value.

        Locals inside called modules do not count: their resources are followed instead.
        """
        path = path_of(module)
        block = self.block(path, kind, name)
        found = references((block.get("expressions") or {}).get(attribute))
        if any(one.startswith("each.") for one in found):
            found = [*found, *references(block.get("for_each_expression"))]
        reached = set(self._follow(path, found, set()))
        return {one for one in reached if not one.endswith(UNSEEN) or _is_above(one, path)}

    def _follow(self, path: tuple[str, ...], found: Iterable[str], seen: set[tuple[Any, ...]]) -> Iterator[str]:
        for one in longest(found):
            if (path, one) in seen:
                continue
            seen.add((path, one))
            yield from self._one(path, one, seen)

    def _one(self, path: tuple[str, ...], one: str, seen: set[tuple[Any, ...]]) -> Iterator[str]:
        if parted := MODULE.fullmatch(one):
            outputs = self.module((*path, parted[1])).get("outputs") or {}
            wanted = [outputs[parted[2]]] if parted[2] in outputs else outputs.values()
            for output in wanted:
                yield from self._follow((*path, parted[1]), references(output.get("expression")), seen)
        elif parted := VARIABLE.fullmatch(one):
            given = (self.call(path).get("expressions") or {}).get(parted[1])
            yield from self._follow(path[:-1], references(given), seen)
        elif parted := DATA.fullmatch(one):
            block = self.block(path, parted[1], parted[2], "data")
            yield from self._follow(path, references(block.get("expressions")), seen)
        elif one.startswith("local."):
            yield ".".join((*path, UNSEEN))
        elif parted := RESOURCE.fullmatch(one):
            yield ".".join((*path, parted[1], parted[2]))
            if parted[1] in PASSED_ON:
                block = self.block(path, parted[1], parted[2])
                yield from self._follow(path, references(block.get("expressions")), seen)


def _is_above(one: str, path: tuple[str, ...]) -> bool:
    """True if a local value is in the module of a resource, or in one that calls it."""
    place = tuple(one.split(".")[:-1])
    return path[: len(place)] == place


def references(expression: Any) -> list[str]:
    """Return every reference in an expression, or in the expressions of a block."""
    if isinstance(expression, list):
        return [one for part in expression for one in references(part)]
    if not isinstance(expression, dict):
        return []
    if isinstance(expression.get("references"), list):
        return [str(one) for one in expression["references"]]
    return [one for part in expression.values() for one in references(part)]


def longest(found: Iterable[str]) -> list[str]:
    """Leave out references that are the beginning of another: Terraform lists `a.b.c`, `a.b` and `a` for `a.b.c`."""
    every = list(dict.fromkeys(found))
    return [one for one in every if not any(other.startswith((f"{one}.", f"{one}[")) for other in every)]
