"""The time that a run has left for work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import OutOfTimeError

if TYPE_CHECKING:
    from collections.abc import Callable

RESERVE_SECONDS = 20.0
RESERVE_SHARE = 0.25
END_SECONDS = 2.0  # of the reserve, for ending the run once a call of AWS has used up the rest
LEAST_SECONDS = 0.25  # a call of AWS gets at least this


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

    def call_seconds(self) -> float:
        """Return the most seconds that one call of AWS may take, the reserve included."""
        return max(LEAST_SECONDS, self.remaining() - min(END_SECONDS, self.reserve / 4))

    def may_wait(self, seconds: float) -> bool:
        """Return whether there is time to wait for so many seconds and then call AWS again."""
        return seconds < self.call_seconds() - LEAST_SECONDS

    def check(self, reserve_share: float = 1.0) -> None:
        """Raise `OutOfTimeError` unless more than this share of the reserve is left."""
        if self.remaining() <= reserve_share * self.reserve:
            raise OutOfTimeError
