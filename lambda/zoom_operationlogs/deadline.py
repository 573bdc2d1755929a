"""The time that a run has left for work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import OutOfTimeError

if TYPE_CHECKING:
    from collections.abc import Callable

RESERVE_SECONDS = 20.0
RESERVE_SHARE = 0.25


@dataclass(frozen=True)
class Deadline:
    """The time that Lambda leaves a run, less a reserve for publishing and saving.

    `remaining` returns the seconds until Lambda ends the run; `reserve` is in seconds.
    """

    remaining: Callable[[], float]
    reserve: float

    @classmethod
    def of_run(cls, remaining: Callable[[], float]) -> Deadline:
        """Return the deadline of a run that starts now. The reserve is 20 seconds, but at most a quarter of the run."""
        return cls(remaining, min(RESERVE_SECONDS, RESERVE_SHARE * remaining()))

    def work_seconds(self) -> float:
        """Return the seconds left for work, at least 0."""
        return max(0.0, self.remaining() - self.reserve)

    def clip(self, seconds: float) -> float:
        """Return `seconds`, or what is left for work if that is less. Raises `OutOfTimeError` if nothing is left."""
        left = self.work_seconds()
        if left <= 0:
            raise OutOfTimeError
        return min(seconds, left)
