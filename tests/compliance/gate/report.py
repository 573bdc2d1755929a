"""The list of findings that the check prints."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence

from .acceptances import Acceptance
from .findings import Finding
from .uses import Use

WIDTH = 110


def report(uses: Sequence[Use], red: Sequence[Finding], accepted: Sequence[tuple[Finding, Acceptance]]) -> str:
    """Return the findings by rule: what and where, why it matters, what to do, and how to accept it."""
    rules: dict[tuple[str, str, str], list[Finding]] = {}
    for one in red:
        rules.setdefault((one.rule, one.why, one.do), []).append(one)
    parts = [_part(number, found) for number, found in enumerate(rules.values(), 1)]
    if accepted:
        parts.append("\n".join(["Accepted:", *map(_accepted, accepted)]))
    named = ", ".join(printable(use.named) for use in uses)
    count = f"{len(red)} finding{'' if len(red) == 1 else 's'}" if red else "no findings"
    parts.append(f"Plan check of {named}: {count}.")
    return "\n\n".join(parts) + "\n"


def _part(number: int, found: Sequence[Finding]) -> str:
    first = found[0]
    lines = [f"{number}. {printable(first.rule)}"]
    for one in found:
        lines += [_line("where", one.address), _line("what", one.what)]
    lines += [_line("why", first.why), _line("do", first.do)]
    if first.acceptable:
        lines.append('   accept  in the file that --accepted names, under "accepted":')
        entries = [{"rule": one.rule, "address": one.address, "reason": "…", "until": "YYYY-MM-DD"} for one in found]
        lines += [f"           {json.dumps(entry, ensure_ascii=False)}" for entry in entries]
    return "\n".join(lines)


def _line(name: str, text: str) -> str:
    shown = textwrap.wrap(printable(text), WIDTH - 11, break_long_words=False, break_on_hyphens=False)
    return textwrap.indent("\n".join(shown), " " * 11).replace(" " * 11, f"   {name:<8}", 1)


def _accepted(pair: tuple[Finding, Acceptance]) -> str:
    finding, acceptance = pair
    where = printable(f"{finding.rule} at {finding.address}")
    return f"   {where} until {acceptance.until}: {printable(acceptance.reason)}"


def printable(text: str) -> str:
    """Replace control characters: a plan's names come from its author."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in " ".join(text.split()))
