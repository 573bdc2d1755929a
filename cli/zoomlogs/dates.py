"""Dates as they are asked for, and in words: ranges, spans of time, numbers and lists as a person says them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoom_operationlogs.dates import ONE_DAY, date_range, retention_start
from zoom_operationlogs.errors import SettingsError
from zoom_operationlogs.settings import parse_date

from .errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime, timedelta

DEFAULT_DAYS = 7  # of `zoomlogs verify`


def parse(value: str, name: str) -> date:
    """Return the date that an option names; raise `CommandError` where it is none."""
    try:
        return parse_date(value, name)
    except SettingsError as error:
        raise CommandError(str(error)) from None


def that_zoom_has(first: date, last: date, today: date) -> list[date]:
    """Return the dates from `first` to `last`, both included and in UTC.

    Raises `CommandError` where they are reversed, to come, or older than Zoom keeps.
    """
    oldest = retention_start(today)
    if first > last:
        raise CommandError(f"--from {first} is after --to {last}: give the earlier date as --from.")
    if last > today:
        raise CommandError(f"{last} is still to come: give {today}, today in UTC, or an earlier date.")
    if first < oldest:
        raise CommandError(f"{first} is older than Zoom keeps its records: give {oldest} or a later date.")
    return list(date_range(first, last))


def dates_to_verify(first: str | None, last: str | None, today: date, begun: date | None = None) -> Sequence[date]:
    """Return the dates from `first` to `last`, both included, in UTC: by default the last seven that are over.

    `begun` is the first date that the collector was asked for, which the default does not go behind. Raises
    `CommandError` for dates that are no dates, reversed, to come, or older than Zoom keeps.
    """
    end = parse(last, "--to") if last is not None else None
    start = parse(first, "--from") if first is not None else None
    if end is None:
        end = max(today - ONE_DAY, start) if start else today - ONE_DAY
    if start is None:
        oldest = retention_start(today)
        start = max(oldest, end - (DEFAULT_DAYS - 1) * ONE_DAY) if end > oldest else end
        start = start if last or not begun else min(end, max(start, begun))
    return that_zoom_has(start, end, today)


def ranges(days: Iterable[date]) -> list[tuple[date, date]]:
    """Return the dates as ranges of consecutive dates: first and last of each, in their order."""
    found: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if found and day - found[-1][1] == ONE_DAY:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def spell(days: Iterable[date]) -> str:
    """Say which dates: `2026-03-01 to 2026-03-04, 2026-03-07`."""
    return ", ".join(f"{first}" if first == last else f"{first} to {last}" for first, last in ranges(days))


def span(passed: timedelta) -> str:
    """Say how long in one unit of which it is at least two, rounded down: `3 minutes`, `47 hours`."""
    seconds = max(0, int(passed.total_seconds()))
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * length:
            return some(seconds // length, unit)
    return some(seconds, "second")


def some(number: int, thing: str) -> str:
    """Write a number with its noun."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def ahead(moment: datetime | None, now: datetime) -> datetime | None:
    """Return a moment that is still to come; None of one that is over, such as a past `not_before`."""
    return moment if moment and moment > now else None


def listed(names: Iterable[str]) -> str:
    """List names: `a`, `a and b`, `a, b and c`."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
