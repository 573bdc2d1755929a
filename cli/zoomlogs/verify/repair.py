"""Asks the collector for the dates that lack records; what is there too often stays, for the archive never deletes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from ..aws import in_a_sentence
from ..dates import ranges
from ..errors import CommandError
from .comparison import State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    import boto3

    from ..deployment import Deployment
    from .comparison import DayResult

    Invoke = Callable[[Mapping[str, str]], Mapping[str, Any]]
    """Sends the function an event and returns its result; raises `CommandError` where the run failed."""

# Longer than any run; asked once, because a second request would be a second run.
PATIENT = Config(read_timeout=960, retries={"total_max_attempts": 1}, tcp_keepalive=True)


def wanted(days: Sequence[DayResult]) -> list[tuple[date, date]]:
    """Return what is to be backfilled, as ranges: the dates that lack records and that the collector does not owe."""
    return ranges(day.date for day in days if day.missing and day.state is State.DIFFERENT)


def event(first: date, last: date) -> dict[str, str]:
    """Return the event that asks for a backfill."""
    return {"action": "backfill", "from": first.isoformat(), "to": last.isoformat()}


def invoker(session: boto3.Session, deployment: Deployment) -> Invoke:
    """Return what invokes the collector's function and waits for the run's end."""
    client = session.client("lambda", config=PATIENT)

    def invoke(event: Mapping[str, str]) -> Mapping[str, Any]:
        with in_a_sentence(f"The function {deployment.function_name} cannot be invoked"):
            answer = client.invoke(FunctionName=deployment.function_name, Payload=json.dumps(event).encode())
            payload = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" in answer:
            told = payload.get("errorMessage") if isinstance(payload, dict) else None
            raise CommandError(f"The run failed: {told or 'it does not say why.'}", status=1)
        return payload if isinstance(payload, dict) else {}

    return invoke
