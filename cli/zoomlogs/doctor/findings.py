"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "fix", "unknown", "left out"]

APPLY = "run `terraform apply`, which puts it right"


@dataclass(frozen=True)
class Finding:
    """How it is, in one sentence; where something is to be fixed the sentence says what to change and where."""

    status: Status
    sentence: str


def ok(sentence: str) -> Finding:
    """It is as it should be."""
    return Finding("ok", sentence)


def fix(sentence: str) -> Finding:
    """Something is to be changed."""
    return Finding("fix", sentence)


def unknown(sentence: str) -> Finding:
    """It could not be found out, or is nobody's fault."""
    return Finding("unknown", sentence)


def left_out(name: str) -> Finding:
    """It was not looked at, because somebody said so."""
    return Finding("left out", f"Left out, as --without '{name}' has it.")


class NotCheckedError(Exception):
    """A check cannot be made; the message is the reason, which goes after "Not checked because"."""
