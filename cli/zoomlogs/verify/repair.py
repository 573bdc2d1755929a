"""Asks the collector for the dates that lack records; what is there too often stays, for the archive never deletes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..dates import ranges
from ..errors import CommandError
from ..invoke.invocation import invoke, patient_client
from .comparison import State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    import boto3

    from ..deployment import Deployment
    from .comparison import DayResult

    Invoke = Callable[[Mapping[str, str]], Mapping[str, Any]]
    """Sends the function an event and returns its result; raises `CommandError` where the run failed."""

LOOK_EVERY_SECONDS = 0.2


def wanted(days: Sequence[DayResult]) -> list[tuple[date, date]]:
    """Return what is to be backfilled, as ranges: the dates that lack records which a backfill would write, and that
    the collector does not owe."""
    return ranges(
        day.date
        for day in days
        if day.state is State.DIFFERENT and day.missing > day.taken_for_delivered and not day.owed
    )


def event(first: date, last: date) -> dict[str, str]:
    """Return the event that asks for a backfill."""
    return {"action": "backfill", "from": first.isoformat(), "to": last.isoformat()}


def invoker(session: boto3.Session, deployment: Deployment) -> Invoke:
    """Return what invokes the collector's function and waits for the run's end."""
    client = patient_client(session)

    def ask(event: Mapping[str, str]) -> Mapping[str, Any]:
        answer = invoke(client, deployment.function_name, event, lambda: time.sleep(LOOK_EVERY_SECONDS))
        if answer.error:
            raise CommandError(answer.error, status=1)
        if answer.result.get("ok") is not True:
            raise CommandError("The run read nothing, because the secret with Zoom's credentials is empty.", status=1)
        return answer.result

    return ask
