"""A clock that tests control; the stand-in for Zoom and the collector under test share one."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

START = datetime(2025, 3, 12, 9, 0, tzinfo=UTC)  # a Wednesday morning, far from midnight, month end and leap day


class Clock:
    """A clock that stands still until it is moved; safe to share between threads."""

    def __init__(self, start: datetime = START, *, ticking: bool = False) -> None:
        """Start at `start`; a `ticking` clock also moves with real time, for programs in other processes."""
        self._lock = threading.Lock()
        self._ticking = ticking
        self.set(start)

    def now(self) -> datetime:
        """Return the time in UTC."""
        with self._lock:
            passed = time.monotonic() - self._set_at if self._ticking else 0.0
            return self._moment + timedelta(seconds=passed)

    def time(self) -> float:
        """Return the time in seconds since 1970, like `time.time`."""
        return self.now().timestamp()

    def set(self, moment: datetime) -> None:
        """Move to `moment`, forwards or backwards; raise `ValueError` if it has no time zone."""
        if moment.tzinfo is None:
            raise ValueError(f"{moment} has no time zone: give a datetime in UTC.")
        with self._lock:
            self._moment = moment.astimezone(UTC)
            self._set_at = time.monotonic()

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`; raise `ValueError` if they are negative: `set` is what moves back."""
        if seconds < 0:
            raise ValueError(f"A clock cannot advance by {seconds} seconds: use set().")
        with self._lock:
            self._moment += timedelta(seconds=seconds)

    def sleep(self, seconds: float) -> None:
        """Pass the time without waiting, in place of `time.sleep`."""
        self.advance(seconds)
