"""Dates of options, and dates, durations, numbers and lists in words."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from zoom_operationlogs.dates import ONE_DAY, date_range, retention_start
from zoom_operationlogs.errors import SettingsError
from zoom_operationlogs.settings import parse_date

from .errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

DEFAULT_DAYS = 7  # of `zoomlogs verify`
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LONGEST_SPAN = 3650  # of any unit
_FIRST_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)  # before all logs, and safe for arithmetic


def parse(value: str, name: str, today: date) -> date:
    """Return an option's date, `today` or `yesterday` in UTC. Raises `CommandError` for an invalid one."""
    if value in ("today", "yesterday"):
        return today if value == "today" else today - ONE_DAY
    try:
        return parse_date(value, name)
    except SettingsError as error:
        raise CommandError(str(error)) from None


def last_days(value: str, today: date | None = None) -> tuple[str, str]:
    """Return the first and the last of the last complete days, for a value such as `30d`.

    Raises `CommandError` for an invalid value.
    """
    today = today or datetime.now(UTC).date()
    days = re.fullmatch(r"([1-9]\d{0,3})d?", value)
    if not days:
        raise CommandError(f"--last is {value!r}: give a number of days, such as 30d.")
    return str(today - int(days[1]) * ONE_DAY), str(today - ONE_DAY)


def since(value: str, now: datetime) -> datetime:
    """Return the time that --since means: `30m`, `2h`, `7d` or `1w` ago, or a date or time (UTC without a zone).

    Raises `CommandError` for an invalid value.
    """
    if ago := re.fullmatch(r"([1-9]\d{0,3})([mhdw])", value):
        return now - timedelta(**{_UNITS[ago[2]]: min(int(ago[1]), _LONGEST_SPAN)})
    if value in ("today", "yesterday"):
        return datetime.combine(parse(value, "--since", now.date()), datetime.min.time(), UTC)
    try:
        moment = datetime.fromisoformat(value)
        return max(moment if moment.tzinfo else moment.replace(tzinfo=UTC), _FIRST_MOMENT)
    except ValueError:
        raise CommandError(
            f"--since is {value!r}: give an age such as 2h or 7d, or a time such as 2026-01-31T12:00."
        ) from None


def that_zoom_has(first: date, last: date, today: date) -> list[date]:
    """Return the dates from `first` to `last`, both included and in UTC.

    Raises `CommandError` if they are reversed, in the future, or older than Zoom keeps.
    """
    oldest = retention_start(today)
    if first > last:
        raise CommandError(f"--from {first} is after --to {last}: give the earlier date as --from.")
    if last > today:
        raise CommandError(f"{last} is in the future: give {today}, today in UTC, or an earlier date.")
    if first < oldest:
        raise CommandError(f"{first} is older than Zoom keeps its records: give {oldest} or a later date.")
    return list(date_range(first, last))


def dates_to_verify(first: str | None, last: str | None, today: date, begun: date | None = None) -> Sequence[date]:
    """Return the dates from `first` to `last`, both included, in UTC: by default the last seven complete days.

    The default does not go back beyond `begun`, the collector's first date. Raises `CommandError` for invalid dates.
    """
    end = parse(last, "--to", today) if last is not None else None
    start = parse(first, "--from", today) if first is not None else None
    if end is None:
        end = max(today - ONE_DAY, start) if start else today - ONE_DAY
    if start is None:
        oldest = retention_start(today)
        start = max(oldest, end - (DEFAULT_DAYS - 1) * ONE_DAY) if end > oldest else end
        start = start if last or not begun else min(end, max(start, begun))
    return that_zoom_has(start, end, today)


def ranges(days: Iterable[date]) -> list[tuple[date, date]]:
    """Return the dates as ranges: first and last date of each."""
    found: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if found and day - found[-1][1] == ONE_DAY:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def spell(days: Iterable[date]) -> str:
    """Format dates: `2026-03-01 to 2026-03-04, 2026-03-07`."""
    return ", ".join(f"{first}" if first == last else f"{first} to {last}" for first, last in ranges(days))


def span(passed: timedelta) -> str:
    """Format a duration in the largest unit of which it has two, rounded down: `3 minutes`, `47 hours`."""
    seconds = max(0, int(passed.total_seconds()))
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * length:
            return some(seconds // length, unit)
    return some(seconds, "second")


def some(number: int, thing: str) -> str:
    """Format a number with its noun."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def ahead(moment: datetime | None, now: datetime) -> datetime | None:
    """Return a time in the future; None for one in the past, such as an old `not_before`."""
    return moment if moment and moment > now else None


def listed(names: Iterable[str]) -> str:
    """Format names: `a`, `a and b`, `a, b and c`."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
