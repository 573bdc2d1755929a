"""The matrix as Markdown, for docs/security.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from marked import replaced

from .matrix import ATTEMPTS, LOCK_MODES, ROWS, TRUST, Row
from .principals import Principal

PAGE = Path(__file__).resolve().parents[2] / "docs" / "security.md"
BEGIN, END = "<!-- BEGIN MATRIX -->", "<!-- END MATRIX -->"

MARK = "°"
PAIRS = {
    "both collectors": (Principal.COLLECTOR, Principal.COLLECTOR_IN_VPC),
    "both readers": (Principal.READER_USER, Principal.READER_ROLE),
    "both break-glass roles": (Principal.BREAK_GLASS, Principal.BYPASS),
}


def updated(page: str) -> str:
    """Return the page with the current matrix between its markers."""
    return replaced(page, BEGIN, END, f"\n{matrix()}")


def matrix() -> str:
    """Return what each principal may do, who may make each call, and who may assume which role."""
    return "\n".join([*_by_principal(), *_by_call(), *_deployer(), *_trust()])


def _by_principal() -> Iterator[str]:
    yield from ("### By principal", "", "Everything else is denied.", "")
    for principal in Principal:
        allowed = [row for row in ROWS if principal in row.allowed]
        title = principal.value[0].upper() + principal.value[1:]
        yield from (f"**{title}**: {len(allowed)} of {len(ROWS)} calls", "")
        for group in dict.fromkeys(row.group for row in allowed):
            yield f"- *{group}*: {_names(row for row in allowed if row.group == group)}"
        yield ""


def _by_call() -> Iterator[str]:
    yield from ("### By call", "")
    for group in dict.fromkeys(row.group for row in ROWS):
        rows = [row for row in ROWS if row.group == group]
        yield from (f"**{group}**", "")
        if allowed := [row for row in rows if row.allowed]:
            yield from ("| call | action | allowed to |", "|---|---|---|")
            yield from (_line([_name(row), f"`{row.action}`", who(row.allowed)]) for row in allowed)
            yield ""
        if denied := [row for row in rows if not row.allowed]:
            yield from ("Denied to all:", "")
            for action in dict.fromkeys(row.action for row in denied):
                yield f"- `{action}`: {_names(row for row in denied if row.action == action)}"
            yield ""


def who(allowed: Iterable[Principal]) -> str:
    """Return the names of principals, with one name for each pair."""
    left = set(allowed)
    if left == set(Principal):
        return "all"
    names = {}
    for name, pair in PAIRS.items():
        if left.issuperset(pair):
            names[pair[0]] = name
            left.difference_update(pair)
    names |= {principal: principal.value for principal in left}
    return ", ".join(names[principal] for principal in Principal if principal in names)


def _name(row: Row) -> str:
    return f"{row.does}{MARK if row.how == 'evaluated' else ''}"


def _names(rows: Iterable[Row]) -> str:
    return "; ".join(map(_name, rows))


def _deployer() -> Iterator[str]:
    yield from ("### The deployer and a locked version", "")
    yield "The deployer has [the permissions](deployer.md) of all phases, with the options `lock` and `force_destroy`."
    yield from ("✓ means that the version is deleted.", "")
    yield _line(["the deployer", *(f"in `{mode}`" for mode in LOCK_MODES)])
    yield _line(["---", *[":-:"] * len(LOCK_MODES)])
    for attempt in ATTEMPTS:
        yield _line([attempt.how, *(_sign(allowed=mode in attempt.deletes_in) for mode in LOCK_MODES)])
    yield ""


def _trust() -> Iterator[str]:
    yield from ("### Which services may assume a role", "", "| service | role | |", "|---|---|---|")
    yield from (_line([one.who, one.role, _sign(allowed=one.allowed)]) for one in TRUST)
    yield ""


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _sign(*, allowed: bool) -> str:
    return "✓" if allowed else "✗"
