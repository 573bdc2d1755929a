"""The file of --accept: repeats that somebody has investigated, so that they are not red for ever."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from zoom_operationlogs.dates import retention_start

from ..errors import CommandError
from .comparison import Accepted, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from .comparison import DayResult

FIELDS = {"date", "fingerprint", "reason"}
OPTIONAL = {"count", "until"}
SHAPE = '[{"date": "YYYY-MM-DD", "fingerprint": "…", "reason": "…"}]'


def read(path: Path) -> tuple[Accepted, ...]:
    """Return the entries of a file; raise `CommandError` where it is not of this form."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise CommandError(f"--accept {path} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise CommandError(f"--accept {path} is not JSON: write {SHAPE}.") from None
    if not isinstance(found, list):
        raise CommandError(f"--accept {path} is not a list: write {SHAPE}.")
    entries = tuple(_entry(value, f"--accept {path}, entry {number}") for number, value in enumerate(found, 1))
    names = [(entry.day, entry.fingerprint) for entry in entries]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise CommandError(f"--accept {path} has {twice[0][1]} of {twice[0][0]} twice: give one entry with a count.")
    return entries


def _entry(value: Any, where: str) -> Accepted:
    if not isinstance(value, dict) or not value.keys() >= FIELDS:
        raise CommandError(f"{where} lacks date, fingerprint or reason: write {SHAPE}.")
    if more := sorted(value.keys() - FIELDS - OPTIONAL):
        raise CommandError(f"{where} has the unknown field {more[0]}: only count and until are optional.")
    reason, count = value["reason"], value.get("count", 1)
    if not isinstance(reason, str) or not reason.strip():
        raise CommandError(f"{where} has no reason: write what you found out.")
    if not isinstance(value["fingerprint"], str) or not re.fullmatch("[0-9a-f]{32}", value["fingerprint"]):
        raise CommandError(f"{where}: take the fingerprint, 32 hexadecimal digits, from `zoomlogs verify --json`.")
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise CommandError(f"{where}: count must be 1 or more.")
    day, until = (_date(value.get(name), f"{where}: {name}") for name in ("date", "until"))
    if day is None:
        raise CommandError(f"{where}: date is null; write YYYY-MM-DD.")
    return Accepted(day, value["fingerprint"], reason.strip(), count, until)


def _date(value: Any, where: str) -> date | None:
    try:
        return None if value is None else date.fromisoformat(value)
    except (TypeError, ValueError):
        raise CommandError(f"{where} is not a date: write YYYY-MM-DD.") from None


def by_date(entries: Sequence[Accepted], today: date) -> Mapping[date, Mapping[str, Accepted]]:
    """Return those that are not over, by date and fingerprint."""
    found: dict[date, dict[str, Accepted]] = {}
    for entry in entries:
        if entry.counts(today):
            found.setdefault(entry.day, {})[entry.fingerprint] = entry
    return found


def sentences(entries: Sequence[Accepted], days: Sequence[DayResult], today: date) -> Iterator[str]:
    """Say which entries accept nothing, and why."""
    verified = {day.date: day for day in days}
    for entry in entries:
        what = f"--accept has {entry.fingerprint} of {entry.day}"
        if not entry.counts(today):
            yield f"{what} until {entry.until}, which is over: it accepts nothing. Check it again, or remove it."
        elif entry.day < retention_start(today):
            yield f"{what}, which Zoom no longer keeps: no date so old is verified. Remove it."
        elif (day := verified.get(entry.day)) and day.is_checked and entry.fingerprint not in day.repeats:
            yield f"{what}, but no such record is repeated there: it accepts nothing. Remove it."


def with_reasons(day: DayResult, entries: Mapping[str, Accepted]) -> DayResult:
    """Return the date with the reasons in its differences."""
    shown = tuple(
        replace(each, accepted=entries[each.fingerprint].reason)
        if each.kind is Kind.REPEATED and each.fingerprint in entries
        else each
        for each in day.differences
    )
    return replace(day, differences=shown)
