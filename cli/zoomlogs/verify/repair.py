"""Asks the collector for a backfill of the dates that lack records. Repeats stay: the archive never deletes."""

from __future__ import annotations

import time
from datetime import date
from typing import TYPE_CHECKING, Any

from zoom_operationlogs.dates import date_range

from ..dates import ranges, spell
from ..errors import CommandError
from ..invocation import invoke, patient_client
from .comparison import State
from .verifier import RESTORING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import boto3

    from ..console import SafeConsole
    from ..deployment import Deployment
    from .comparison import DayResult, Result

    Invoke = Callable[[Mapping[str, str]], Mapping[str, Any]]
    """Sends the function an event and returns its result; raises `CommandError` where the run failed."""

LOOK_EVERY_SECONDS = 0.2


def wanted(days: Sequence[DayResult]) -> list[tuple[date, date]]:
    """Return the ranges to backfill: dates that lack records which a backfill would write, and that are not owed."""
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


def ask_for_backfill(days: Sequence[DayResult], invoke: Invoke, err: SafeConsole) -> list[dict[str, Any]]:
    """Ask for a backfill of the dates that lack records, range by range until one fails; return the answers."""
    done: list[dict[str, Any]] = []
    for first, last in wanted(days):
        err.say(f"Asking the collector to read {_range(first, last)} again …")
        asked = {"from": str(first), "to": str(last), "result": None, "error": None}
        try:
            done.append(asked | {"result": dict(invoke(event(first, last)))})
        except CommandError as error:
            err.say(str(error))
            done.append(asked | {"error": str(error)})
            break
    return done


def repaired_dates(repaired: Sequence[Mapping[str, Any]]) -> list[date]:
    """Return the dates for which a backfill was run."""
    return [
        day
        for each in repaired
        if not each["error"]
        for day in date_range(date.fromisoformat(each["from"]), date.fromisoformat(each["to"]))
    ]


def sentences(result: Result, repaired: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Say what was asked for and written, and what a backfill does not repair."""
    failed = [each for each in repaired if each["error"]]
    repaired = [each for each in repaired if not each["error"]]
    if repaired:
        written = sum(int(each["result"].get("written") or 0) for each in repaired)
        owed = int(repaired[-1]["result"].get("owed") or 0)
        dates = "1 date is" if owed == 1 else f"{owed} dates are"
        left = f" {dates} still owed, which the next runs read (see `zoomlogs status`)." if owed else ""
        ranges = ", ".join(_range(each["from"], each["to"]) for each in repaired)
        yield f"A backfill of {ranges} was asked for; it wrote {written:,} records.{left}"
    elif not failed:
        yield "No backfill was asked for: no date lacks a record that one would write and that is not owed already."
    if waiting := result.dates(State.NOT_READ_YET):
        yield f"Owed already, and read by the next runs: {spell(waiting)}."
    if taken := [day.date for day in result.days if day.taken_for_delivered]:
        yield (
            f"A backfill does not write the records of {spell(taken)} that the checkpoint holds as delivered: delete"
            f" the checkpoint first, as {RESTORING} says."
        )
    if repeated := [day.date for day in result.days if day.repeated > day.accepted]:
        yield (
            f"The repeats on {spell(repeated)} cannot be repaired: objects are written once, and the archive never"
            " deletes. Once you know why, accept them with --accept."
        )
    if deleted := [day.date for day in result.days if day.deleted]:
        yield (
            f"A backfill does not write the records in deleted objects on {spell(deleted)}: remove the delete markers,"
            f" as {RESTORING} says."
        )


def _range(first: date | str, last: date | str) -> str:
    return f"{first}" if first == last else f"{first} to {last}"
