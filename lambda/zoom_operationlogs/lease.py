"""The lease, used where the feed deletes what it has read: only the run with the lease publishes.

There a put-if-absent is no lock: it succeeds over the delete marker of an object that the feed has deleted (Amazon S3
User Guide, How to prevent object overwrites with conditional writes).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from .agenda import schedule_requested
from .checkpoint import Lease
from .errors import LeaseLostError
from .event import RUN

if TYPE_CHECKING:
    from datetime import datetime

    from .event import Request
    from .run_state import RunState, Services

LEASE_SLACK = timedelta(minutes=1)
CLOCK_SKEW = timedelta(minutes=2)  # the largest difference between the clocks of two runs
# Lambda's longest timeout and what is added to it, by a clock that is behind: no lease ends later.
LONGEST_LEASE = timedelta(seconds=900) + LEASE_SLACK + 2 * CLOCK_SKEW


def take_lease(state: RunState, services: Services, owner: str) -> bool:
    """Take the lease until a minute after Lambda ends this run; return False if another run holds or takes it.

    The archive then refuses a put after the end of the lease: Lambda may have frozen the run in between.
    """
    now, held = services.clock(), state.checkpoint.lease
    if held and now < held.until <= now + LONGEST_LEASE:
        services.log.info("Another run holds the lease until %s: leaving the work to it.", held.until)
        return False
    until = now + timedelta(seconds=services.deadline.remaining()) + LEASE_SLACK + CLOCK_SKEW
    state.checkpoint.lease, state.holds_lease = Lease(owner, until), True
    try:
        state.store()
    except LeaseLostError:
        state.holds_lease = False
        return False

    def check() -> None:
        if services.clock() >= until - CLOCK_SKEW:  # it may be over by another run's clock
            raise LeaseLostError("This run outlived its lease: it publishes nothing more; the schedule continues.")

    services.archive.before_put = check
    return True


def release_lease(state: RunState, now: datetime) -> None:
    """Let the lease end now; it takes effect when the run saves."""
    if state.holds_lease and state.checkpoint.lease:
        state.checkpoint.lease = replace(state.checkpoint.lease, until=now)


def hand_over_request(state: RunState, services: Services, request: Request, now: datetime) -> None:
    """Store what an operator asked for, for the run with the lease or the next one."""
    if request.action not in (None, RUN):
        state.reload()
        schedule_requested(state.checkpoint, services.settings, now, request)
        state.store()
