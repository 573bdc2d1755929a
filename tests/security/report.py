"""The matrix as Markdown, for docs/security.md."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from marked import replaced

from .matrix import ATTEMPTS, LOCK_MODES, ROWS, TRUST, Row
from .principals import Principal

PAGE = Path(__file__).resolve().parents[2] / "docs" / "security.md"
BEGIN, END = "<!-- BEGIN MATRIX -->", "<!-- END MATRIX -->"

MARK = "°"


def updated(page: str) -> str:
    """Return the page with the current matrix between its markers."""
    return replaced(page, BEGIN, END, f"\n{matrix()}")


def matrix() -> str:
    """Return what each principal may and may not do, who may assume which role, and the whole table."""
    principals = "\n".join(map(_principal, Principal))
    return f"{principals}\n{_deployer()}\n{_trust()}\n{_whole()}"


def groups() -> list[str]:
    """Return the groups of calls, in their order."""
    return list(dict.fromkeys(row.group for row in ROWS))


def _principal(principal: Principal) -> str:
    allowed = [row for row in ROWS if principal in row.allowed]
    lines = [
        f"### {principal.value[0].upper()}{principal.value[1:]}",
        "",
        f"May make {len(allowed)} of the {len(ROWS)} calls.",
        "",
        "| | ✓ allowed | ✗ denied |",
        "|---|---|---|",
    ]
    for group in groups():
        rows = [row for row in ROWS if row.group == group]
        yes = [row for row in rows if row in allowed]
        no = [row for row in rows if row not in allowed]
        denied = _names(no) if yes else f"all {len(no)}"
        lines.append(f"| **{group}** | {_names(yes) or 'nothing'} | {denied or 'nothing'} |")
    return "\n".join([*lines, ""])


def _names(rows: Iterable[Row]) -> str:
    return "; ".join(f"{row.does}{MARK if row.how == 'evaluated' else ''}" for row in rows)


def _deployer() -> str:
    head = ["the deployer", *(f"deleted in `{mode}`" for mode in LOCK_MODES)]
    lines = [
        "### The deployer and a locked version",
        "",
        "The deployer has [the rights](deployer.md) of all phases, with the options `lock` and `force_destroy`.",
        "It tries each of these on a locked version. ✓ means that the version is deleted.",
        "",
        _line(head),
        _line(["---", *[":-:"] * len(LOCK_MODES)]),
    ]
    signs = {one.how: [_sign(allowed=mode in one.deletes_in) for mode in LOCK_MODES] for one in ATTEMPTS}
    return "\n".join([*lines, *(_line([how, *each]) for how, each in signs.items()), ""])


def _trust() -> str:
    lines = ["### Which services may act in a role", "", "| service | role | |", "|---|---|---|"]
    lines += [f"| {one.who} | {one.role} | {_sign(allowed=one.allowed)} |" for one in TRUST]
    return "\n".join([*lines, ""])


def _whole() -> str:
    names = [principal.value for principal in Principal]
    head = ["call", "action", "how", *names]
    lines = ["### The whole matrix", "", _line(head), _line(["---"] * 3 + [":-:"] * len(names))]
    for group in groups():
        lines.append(_line([f"**{group}**", *[""] * (len(head) - 1)]))
        for row in ROWS:
            if row.group == group:
                signs = [_sign(allowed=principal in row.allowed) for principal in Principal]
                lines.append(_line([row.does, f"`{row.action}`", row.how, *signs]))
    return "\n".join([*lines, ""])


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _sign(*, allowed: bool) -> str:
    return "✓" if allowed else "✗"
