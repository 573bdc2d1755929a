"""The time that a run has left."""

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
    """Clips every wait and timeout to the time that Lambda leaves, less a reserve for publishing and saving.

    `remaining` returns the seconds until Lambda ends the run; `reserve` is in seconds.
    """

    remaining: Callable[[], float]
    reserve: float

    @classmethod
    def of_run(cls, remaining: Callable[[], float]) -> Deadline:
        """Return the deadline of a run that starts now; the reserve of a short run is a share of its time."""
        return cls(remaining, min(RESERVE_SECONDS, RESERVE_SHARE * remaining()))

    def work_seconds(self) -> float:
        """Return the seconds left for work."""
        return max(0.0, self.remaining() - self.reserve)

    def clip(self, seconds: float) -> float:
        """Return `seconds`, or what is left if that is less; raise `OutOfTimeError` if nothing is left."""
        left = self.work_seconds()
        if left <= 0:
            raise OutOfTimeError
        return min(seconds, left)
