"""The error that ends a command with one sentence."""

from __future__ import annotations


class CommandError(Exception):
    """A command cannot continue; the message is printed on standard error."""

    def __init__(self, sentence: str, status: int = 2) -> None:
        """Take the sentence and the exit status: 2 if the user must change something first, 1 for a failure."""
        super().__init__(sentence)
        self.status = status
