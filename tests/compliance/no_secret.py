"""Searches a whole plan for secrets: resources, as the features do, and also inputs, outputs and the prior state.

    python no_secret.py plan.json

Prints where it found one, never the secret, and exits with status 1. Reads the output of `terraform show -json`, and
needs only Python.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAMES = re.compile(
    r"(?i)(zoom_)?client_secret|secret_string|secret_binary|(aws_)?secret_access_key|secret_key"
    r"|password|passphrase|private_key|private_key_pem|access_token|api_key"
)
FORMS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\."  # a signed web token
    r"|(?i:client_secret)\W{1,5}[A-Za-z0-9]{16}"
)
# The configuration is the source code, which everyone who reads the plan can see.
PARTS = ("variables", "planned_values", "resource_changes", "resource_drift", "output_changes", "prior_state")


def secrets(value: Any, place: str = "") -> Iterator[str]:
    """Yield where a part of the plan has a secret, by its name or form."""
    if isinstance(value, dict):
        for name, held in value.items():
            below = f"{place}.{name}"
            if NAMES.fullmatch(name) and held and not _is_a_description(held):
                yield below
            else:
                yield from secrets(held, below)
    elif isinstance(value, list):
        for number, held in enumerate(value):
            yield from secrets(held, f"{place}[{_label(held, number)}]")
    elif isinstance(value, str):
        decoded = _decoded(value)
        if decoded is not None:
            yield from secrets(decoded, place)
        elif FORMS.search(value):
            yield place


def _is_a_description(held: Any) -> bool:
    """True if a value is only a placeholder, such as {"value": null} or the `true` of sensitive_values."""
    return isinstance(held, bool) or (isinstance(held, dict) and not any(held.values()))


def _label(held: Any, number: int) -> str:
    """Return the label of a list item: a resource's address, or the index."""
    return str(held["address"]) if isinstance(held, dict) and "address" in held else str(number)


def _decoded(text: str) -> Any:
    """Parse JSON in a string, such as a policy or a secret; None for other text."""
    try:
        decoded = json.loads(text) if text[:1] in "{[" else None
    except ValueError:
        return None
    return decoded


def main(arguments: list[str]) -> int:
    """Search a plan; return the exit status."""
    plan = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    found = [place for part in PARTS if part in plan for place in secrets(plan[part], part)]
    for place in found:
        sys.stdout.write(f"A secret is in the plan, and would be in the state: {place}\n")
    if not found:
        sys.stdout.write("No secret was found in the plan.\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
