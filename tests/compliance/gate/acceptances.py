"""What the caller accepts, in a file of the caller's repository.

JSON, because the Python of a runner reads it without anything else, and each entry has its reason in it.
"""

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

WHY = "What is accepted must stay true and be looked at again, or the file hides what it should show."
DO = "Correct the entry or remove it."


@dataclass(frozen=True)
class Acceptance:
    """A finding that the caller accepts: by rule and address, with the reason, up to and including a day."""

    rule: str
    address: str
    reason: str
    until: date


@dataclass
class Sorted:
    """Findings, parted into those that count and those that are accepted."""

    red: list[Finding] = field(default_factory=list)
    accepted: list[tuple[Finding, Acceptance]] = field(default_factory=list)


def read(file: Path) -> tuple[list[Acceptance], list[Finding]]:
    """Read the file; give its entries, and a finding for each that is none."""
    try:
        raw = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        return [], [_wrong(str(file), f"The file of acceptances cannot be read: {error}.")]
    entries = raw.get("accepted") if isinstance(raw, dict) else None
    if not isinstance(entries, list) or set(raw) != {"accepted"}:
        return [], [_wrong(str(file), 'The file of acceptances must be {"accepted": [ … ]}.')]
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
        return f"An acceptance needs {', '.join(KEYS)}, each a text, and nothing else."
    if len(entry["reason"].strip()) < SHORTEST_REASON:
        return "The reason says too little: say why this is right here, and where that was decided."
    try:
        until = date(*(int(part) for part in entry["until"].split("-")))
    except (TypeError, ValueError):
        return f"The date {entry['until']!r} is none: write it YYYY-MM-DD."
    if until.isoformat() != entry["until"]:
        return f"The date {entry['until']!r} is none: write it YYYY-MM-DD."
    return Acceptance(entry["rule"], entry["address"], entry["reason"], until)


def sort(findings: Iterable[Finding], acceptances: Iterable[Acceptance], rules: frozenset[str], today: date) -> Sorted:
    """Take out what is accepted; whatever is wrong with an acceptance is a finding."""
    parted = Sorted()
    valid: dict[tuple[str, str], Acceptance] = {}
    for one in acceptances:
        wrong = _invalid(one, rules, today) or (
            "There are two entries for it." if (one.rule, one.address) in valid else ""
        )
        if wrong:
            parted.red.append(_wrong(one.address, f"The acceptance of {one.rule} does not hold. {wrong}"))
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
            parted.red.append(_wrong(one.address, f"The acceptance of {one.rule} does not hold. {said}"))
    return parted


def _invalid(one: Acceptance, rules: frozenset[str], today: date) -> str:
    if one.rule not in rules:
        return "There is no such rule."
    if one.until < today:
        return f"It ended on {one.until}."
    if one.until > today + LONGEST:
        return f"It would hold until {one.until}, and a year is the longest."
    return ""


def _wrong(address: str, what: str) -> Finding:
    return Finding("acceptance", address, what, WHY, DO, acceptable=False)
