"""The failures an operator is told about."""

from __future__ import annotations


class CollectorError(Exception):
    """A run failed; the message is one sentence that says what to change or what was seen."""
