"""One run after another, until nothing that was asked for is owed, or going on at once would be of no use."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from zoom_operationlogs.checkpoint import Lease

    from .checkpoint_summary import Standing
    from .events import Asked
    from .invocation import Answer

LONGEST_PAUSE = timedelta(minutes=5)
FRUITLESS_RUNS = 2
LOOK_AT_LEASE_SECONDS = 5.0
CLOCKS_APART = timedelta(minutes=1)  # as far as the doctor lets this computer's and AWS's be
SHOWN_DATES = 6


class World(Protocol):
    """What the loop acts on."""

    def invoke(self, event: Mapping[str, str]) -> tuple[Answer, Mapping[str, Any]]:
        """Do one run; return its answer, and the fields of its last log line as far as the log tells."""

    def standing(self) -> Standing | None:
        """Tell what is owed; None where the checkpoint cannot be read."""

    def now(self) -> datetime:
        """Tell the time."""

    def pause(self, seconds: float) -> None:
        """Wait."""

    def say(self, sentence: str) -> None:
        """Show what is waited for."""


@dataclass
class Ended:
    """What came of it: the runs, the dates owed afterwards of those asked for (None: only their number is known)."""

    ok: bool = True
    sentence: str = ""
    runs: list[dict[str, Any]] = field(default_factory=list)
    owed: Sequence[date] | None = None
    owed_count: int = 0
    expired: Sequence[date] = ()

    @property
    def status(self) -> int:
        """The exit status."""
        return 0 if self.ok and not self.owed_count else 1

    def total(self, name: str) -> int:
        """Add up one count of the runs."""
        return sum(run["result"].get(name) or 0 for run in self.runs)


def carry_out(asked: Asked, world: World, *, wait: bool) -> Ended:
    """Do one run, and with `wait` further ones while dates that were asked for are owed.

    A failed run ends it, and so do runs that bring nothing further, or a wish of Zoom's to be left alone for longer. A
    run that left its work to another is followed by one when that is over: what was asked for is kept meanwhile.
    """
    ended = Ended()
    event: Mapping[str, str] = asked.event
    fruitless = 0
    before: Standing | int | None = None
    while True:
        answer, told = world.invoke(event)
        ended.runs.append(_run(answer, told))
        standing = world.standing() if answer.result.get("ok") is True else None
        _take_in(ended, asked, answer, standing)
        lease = _held_by_another(answer, standing, world.now())
        if not ended.ok or not wait or not (ended.owed_count or lease):
            return _with_sentence(ended, lease, wait=wait)
        if not lease:
            reached = answer.result.get("owed") if standing is None else standing
            fruitless = fruitless + 1 if reached == before and not answer.result.get("written") else 0
            before = reached
        if fruitless >= FRUITLESS_RUNS:
            held = "another run holds the lease or " if standing is None else ""  # without the checkpoint none can tell
            ended.sentence = (
                f"{FRUITLESS_RUNS} runs brought nothing further, as when {held}little of Zoom's daily quota is left:"
                " the schedule goes on with the dates owed."
            )
            return ended
        until = _moment(answer.result.get("not_before"))
        pause = until - world.now() if until else timedelta()
        if pause > LONGEST_PAUSE:
            ended.ok = not lease  # which did nothing of its own
            ended.sentence = f"Zoom asks not to be called before {until:%Y-%m-%d %H:%M} UTC: the schedule goes on then."
            return ended
        if pause > timedelta():
            world.pause(pause.total_seconds())
        if lease:
            _outlast(lease, world)
        event = {}


def _held_by_another(answer: Answer, standing: Standing | None, now: datetime) -> Lease | None:
    """Return the lease for whose sake the run left its work to another one; None where it did not, or none can tell.

    A run that works holds the lease itself. One that is just over counts: it may have been given back since.
    """
    lease = standing.lease if standing else None
    idle = answer.result.get("ended") is False and not answer.result.get("pages")
    of_another = lease and lease.owner != answer.request_id and lease.until + CLOCKS_APART > now
    return lease if idle and of_another else None


def _outlast(lease: Lease, world: World) -> None:
    """Wait until the lease is over: at its end, or when the run that holds it gives it back."""
    now = world.now()
    if lease.until > now:
        world.say(f"Another run holds the lease until {lease.until:%H:%M:%S} UTC at most: waiting until it is over.")
    until = max(lease.until, now + timedelta(seconds=LOOK_AT_LEASE_SECONDS))
    while (left := (until - world.now()).total_seconds()) > 0:
        world.pause(min(left, LOOK_AT_LEASE_SECONDS))
        standing = world.standing()
        if standing and standing.lease != lease:
            return


def _run(answer: Answer, told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of a run; the log's line says more than the result does."""
    known = {**told, **answer.result}
    return {
        "request_id": answer.request_id,
        "ok": not answer.error and answer.result.get("ok") is True,
        "result": dict(answer.result),
        "error": answer.error or None,
        "seconds": known.get("seconds"),
        "zoom_calls": known.get("zoom_calls"),
        "zoom_calls_left": known.get("zoom_calls_left"),
    }


def _take_in(ended: Ended, asked: Asked, answer: Answer, standing: Standing | None) -> None:
    ended.ok = not answer.error and answer.result.get("ok") is True
    ended.sentence = answer.error
    if answer.result.get("waiting_for") == "credentials":
        ended.sentence = "The secret is still empty: store Zoom's credentials in it, then run this again."
    elif not ended.ok and not answer.error:
        ended.sentence = "The function answered something else than its result: look at its log with `zoomlogs logs`."
    if standing is None:
        ended.owed, ended.owed_count = None, int(answer.result.get("owed") or 0)
        return
    ended.owed = sorted(standing.owed if asked.dates is None else standing.owed & asked.dates)
    ended.owed_count = len(ended.owed)
    ended.expired = sorted((asked.dates or frozenset()) & standing.expired)


def _with_sentence(ended: Ended, lease: Lease | None, *, wait: bool) -> Ended:
    """Say what is left to do, where nothing else is to be said; `lease` is why the last run left it to another."""
    last = ended.runs[-1]["result"]
    if ended.ok and lease:
        ended.ok = False
        then = "The schedule goes on with the dates owed; `" if ended.owed_count else "`"
        ended.sentence = (
            f"Another run holds the lease until {lease.until:%H:%M:%S} UTC at most, so this one left its work to it."
            f" {then}zoomlogs run --wait` goes on as soon as it is over."
        )
    elif ended.ok and ended.owed_count and not wait:
        ended.sentence = "The schedule goes on with the dates owed; `zoomlogs run --wait` does so at once."
    elif ended.ok and last.get("ended") is False:
        ended.ok = False
        until = _moment(last.get("not_before"))
        ended.sentence = (
            f"Zoom asks not to be called before {until:%Y-%m-%d %H:%M} UTC: the schedule goes on then."
            if until
            else "The run left before it had read the newest records to their end: the next one goes on."
        )
    return ended


def _moment(value: object) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None
