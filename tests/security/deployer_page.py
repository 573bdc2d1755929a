"""The tables of docs/deployer.md, from modules/deployer/rights.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from marked import replaced
from zoomlogs import deployer

PAGE = Path(__file__).resolve().parents[2] / "docs" / "deployer.md"
BEGIN, END = "<!-- BEGIN RIGHTS -->", "<!-- END RIGHTS -->"

PARTS = {
    "archive": "The archive",
    "collector": "The collector",
    "roles": "The roles of collector and schedule",
    "reader": "The reader",
    "monitoring": "The alarms",
    "tags": "Tags",
}


def updated(page: str) -> str:
    """Return the page with the current tables between its markers."""
    return replaced(page, BEGIN, END, f"\n{tables()}")


def tables() -> str:
    """Return the options, the names, and each part's statements: which action is needed when."""
    table = deployer.table()
    options = [f"| `{option}` | {told} |" for option, told in table["options"].items()]
    names = [f"| `{name}` | {f'`{default}`' if default else 'none'} |" for name, default in table["names"].items()]
    lines = ["### Options", "", "| option | when |", "|---|---|", *options, ""]
    lines += ["### Names", "", "`X_name` is the module's input `names.X`, without `name_prefix`.", ""]
    lines += ["| name | default |", "|---|---|", *names, ""]
    for part, title in PARTS.items():
        lines += [f"### {title}", ""]
        for statement in table["statements"]:
            if statement["part"] == part:
                lines += [*_statement(statement), ""]
    return "\n".join(lines)


def _statement(statement: dict[str, Any]) -> list[str]:
    """Return a statement: its options, its resources, and the actions of each phase."""
    phases: dict[str, list[str]] = {}
    for phase in deployer.PHASES:
        if actions := ", ".join(f"`{action}`" for action in statement.get(phase, [])):
            phases.setdefault(actions, []).append(phase)
    head = f"**{statement['sid']}**{_when(statement)}, on {_on(statement)}:"
    return [head, "", *(f"- {', '.join(names)}: {actions}" for actions, names in phases.items())]


def _when(statement: dict[str, Any]) -> str:
    wanted = [f"with `{option}`" for option in statement.get("if", [])]
    wanted += [f"without `{option}`" for option in statement.get("unless", [])]
    return f", {', '.join(wanted)}" if wanted else ""


def _on(statement: dict[str, Any]) -> str:
    found = ", ".join(f"`{resource.replace('${partition}', 'aws')}`" for resource in statement["resources"])
    if "condition" not in statement:
        return found
    keys = [json.dumps({key: value}) for pairs in statement["condition"].values() for key, value in pairs.items()]
    return f"{found}; only for {', '.join(f'`{key}`' for key in keys).replace('${partition}', 'aws')}"
