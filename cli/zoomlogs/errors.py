"""What ends a command with one sentence."""

from __future__ import annotations


class CommandError(Exception):
    """A command cannot do what was asked; the message is the sentence that its user reads, on standard error."""

    def __init__(self, sentence: str, status: int = 2) -> None:
        """Take the sentence and the exit status: 2 for what the user must change first, 1 for a failure on the way."""
        super().__init__(sentence)
        self.status = status
