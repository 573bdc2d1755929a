"""The result of a check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "fix", "unknown", "left out"]

APPLY = "run `terraform apply`, which repairs it"


@dataclass(frozen=True)
class Finding:
    """A status and one sentence; with `fix`, the sentence says what to change and where."""

    status: Status
    sentence: str


def ok(sentence: str) -> Finding:
    """The check passed."""
    return Finding("ok", sentence)


def fix(sentence: str) -> Finding:
    """Something must be changed."""
    return Finding("fix", sentence)


def unknown(sentence: str) -> Finding:
    """The check could not be made, or nothing is wrong that a person could fix."""
    return Finding("unknown", sentence)


def left_out(name: str) -> Finding:
    """The check was skipped on request."""
    return Finding("left out", f"Skipped because of --without '{name}'.")


class NotCheckedError(Exception):
    """A check cannot be made; the message completes the sentence "Not checked because …"."""
