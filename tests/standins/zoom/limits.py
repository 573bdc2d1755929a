"""Zoom's rate limits: per account, shared by all its apps (developers.zoom.us, "API rate limits").

The report is a Heavy call. The daily limit, of Heavy and Resource-intensive calls, resets at midnight UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal

from .messages import RefusalError, Response, api_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .oauth import Account

CALLS_PER_DAY = {"basic": 1_000, "pro": 30_000, "business": 60_000}


@dataclass
class LimitRules:
    """The limits, and the headers that show them.

    `calls_per_second`, by the clock, is unlimited unless set: a clock that stands still would reach it. Zoom's is 10
    (Pro) or 40 (Business). `calls_per_day` is the plan's unless set. `rate_headers`: `full` as documented; `counts`
    without type and `Retry-After`, or `category` alone, as seen in live answers.
    """

    calls_per_second: int | None = None
    calls_per_day: int | None = None
    rate_headers: Literal["full", "counts", "category"] = "full"


@dataclass
class RateLimits:
    """One account's calls, counted for the day and the second of the last one."""

    rules: LimitRules
    _day: date = date.min
    _today: int = 0
    _second: int = 0
    _this_second: int = 0

    def count(self, account: Account, now: datetime) -> dict[str, str]:
        """Count a call and return its headers; raise `RefusalError`, without counting, beyond a limit."""
        self.spend(0, now)
        limit = CALLS_PER_DAY[account.plan] if self.rules.calls_per_day is None else self.rules.calls_per_day
        if self._today >= limit:
            refusal = daily_refusal(now, limit)
            raise RefusalError(replace(refusal, headers=self._shown(refusal.headers)))
        if self.rules.calls_per_second is not None and self._this_second >= self.rules.calls_per_second:
            raise RefusalError(per_second_refusal())
        self.spend(1, now)
        return self._shown(_headers(limit, limit - self._today))

    def spend(self, calls: int, now: datetime) -> None:
        """Count calls without checking limits."""
        if self._day != now.date():
            self._day, self._today = now.date(), 0
        if self._second != int(now.timestamp()):
            self._second, self._this_second = int(now.timestamp()), 0
        self._today += calls
        self._this_second += calls

    def _shown(self, headers: Mapping[str, str]) -> dict[str, str]:
        kept_back = {
            "full": (),
            "counts": ("X-RateLimit-Type", "Retry-After"),
            "category": ("X-RateLimit-Type", "Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining"),
        }[self.rules.rate_headers]
        return {name: value for name, value in headers.items() if name not in kept_back}


def per_second_refusal() -> Response:
    """Return the answer to a call beyond the per-second limit: no header says when it ends."""
    return api_error(429, 429, "You have reached the maximum per-second rate limit for this API. Try again later.")


def daily_refusal(now: datetime, limit: int) -> Response:
    """Return the answer to a call beyond the daily limit: `Retry-After` is a date and time, not seconds."""
    refusal = api_error(
        429,
        429,
        "You have reached the maximum daily rate limit for this API."
        " Refer to the response header for details on when you can make another request.",
    )
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
    retry_after = {"Retry-After": midnight.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return replace(refusal, headers={**refusal.headers, **_headers(limit, 0), **retry_after})


def _headers(limit: int, remaining: int) -> dict[str, str]:
    return {
        "X-RateLimit-Category": "Heavy",
        "X-RateLimit-Type": "Daily-limit",
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(remaining),
    }
