"""The findings that the caller accepts, in a JSON file of the caller's repository."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from .findings import Finding

KEYS = ("rule", "address", "reason", "until")
LONGEST = timedelta(days=366)
SHORTEST_REASON = 10

WHY = "An outdated or unused acceptance could hide a finding that nobody has accepted."
DO = "Correct the entry or remove it."


@dataclass(frozen=True)
class Acceptance:
    """A finding that the caller accepts: its rule and address, the reason, and the last day."""

    rule: str
    address: str
    reason: str
    until: date


@dataclass
class Sorted:
    """Findings, split into red and accepted ones."""

    red: list[Finding] = field(default_factory=list)
    accepted: list[tuple[Finding, Acceptance]] = field(default_factory=list)


def read(file: Path) -> tuple[list[Acceptance], list[Finding]]:
    """Read the file; return its entries, and a finding for each invalid one."""
    try:
        raw = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        return [], [_wrong(str(file), f"The acceptances file cannot be read: {error}.")]
    entries = raw.get("accepted") if isinstance(raw, dict) else None
    if not isinstance(entries, list) or set(raw) != {"accepted"}:
        return [], [_wrong(str(file), 'The acceptances file must have the form {"accepted": [ … ]}.')]
    accepted, wrong = [], []
    for number, entry in enumerate(entries, 1):
        found = _entry(entry)
        if isinstance(found, Acceptance):
            accepted.append(found)
        else:
            wrong.append(_wrong(f"{file}, entry {number}", found))
    return accepted, wrong


def _entry(entry: Any) -> Acceptance | str:
    """Read an entry, or say what is wrong with it."""
    if (
        not isinstance(entry, dict)
        or set(entry) != set(KEYS)
        or not all(isinstance(one, str) for one in entry.values())
    ):
        return f"An acceptance needs {', '.join(KEYS)}, each a string, and nothing else."
    if len(entry["reason"].strip()) < SHORTEST_REASON:
        return "The reason is too short: say why this is right here, and where it was decided."
    try:
        until = date(*(int(part) for part in entry["until"].split("-")))
    except (TypeError, ValueError):
        return f"{entry['until']!r} is not a date of the form YYYY-MM-DD."
    if until.isoformat() != entry["until"]:
        return f"{entry['until']!r} is not a date of the form YYYY-MM-DD."
    return Acceptance(entry["rule"], entry["address"], entry["reason"], until)


def sort(findings: Iterable[Finding], acceptances: Iterable[Acceptance], rules: frozenset[str], today: date) -> Sorted:
    """Split the findings into red and accepted ones; an invalid acceptance is a red finding."""
    parted = Sorted()
    valid: dict[tuple[str, str], Acceptance] = {}
    for one in acceptances:
        wrong = _invalid(one, rules, today) or (
            "There are two entries for this finding." if (one.rule, one.address) in valid else ""
        )
        if wrong:
            parted.red.append(_wrong(one.address, f"The acceptance of {one.rule} is not valid. {wrong}"))
        else:
            valid[one.rule, one.address] = one
    used = set()
    for finding in findings:
        acceptance = valid.get((finding.rule, finding.address)) if finding.acceptable else None
        if acceptance:
            used.add((finding.rule, finding.address))
            parted.accepted.append((finding, acceptance))
        else:
            parted.red.append(finding)
    for key, one in valid.items():
        if key not in used:
            said = "Nothing in this plan breaks that rule at that address."
            parted.red.append(_wrong(one.address, f"The acceptance of {one.rule} is not valid. {said}"))
    return parted


def _invalid(one: Acceptance, rules: frozenset[str], today: date) -> str:
    if one.rule not in rules:
        return "There is no rule of this name."
    if one.until < today:
        return f"It expired on {one.until}."
    if one.until > today + LONGEST:
        return f"Its date, {one.until}, is more than a year ahead."
    return ""


def _wrong(address: str, what: str) -> Finding:
    return Finding("acceptance", address, what, WHY, DO, acceptable=False)
