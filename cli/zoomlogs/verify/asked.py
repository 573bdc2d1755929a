"""Which dates are verified."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from zoom_operationlogs.dates import each, oldest_kept
from zoom_operationlogs.settings import SettingsError, parse_date

from ..errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_DAYS = 7
ONE_DAY = timedelta(days=1)


def dates(first: str | None, last: str | None, today: date, begun: date | None = None) -> Sequence[date]:
    """Return the dates from `first` to `last`, both included, in UTC: by default the last seven that are over.

    `begun` is the first date that the collector was asked for, which the default does not go behind. Raises
    `CommandError` for dates that are no dates, reversed, to come, or older than Zoom keeps.
    """
    oldest = oldest_kept(today)
    end = _parse(last, "--to") if last is not None else None
    start = _parse(first, "--from") if first is not None else None
    if end is None:
        end = max(today - ONE_DAY, start) if start else today - ONE_DAY
    if start is None:
        start = max(oldest, end - (DEFAULT_DAYS - 1) * ONE_DAY)
        start = start if last or not begun else min(end, max(start, begun))
        start = min(start, end)
    if start > end:
        raise CommandError(f"--from {start} is later than --to {end}: give the earlier date as --from.")
    if end > today:
        raise CommandError(f"{end} is still to come: today is {today} in UTC, by which Zoom counts.")
    if start < oldest:
        raise CommandError(f"Zoom keeps six months, and {start} is before them: give {oldest} or a later date.")
    return list(each(start, end))


def _parse(value: str, name: str) -> date:
    try:
        return parse_date(value, name)
    except SettingsError as error:
        raise CommandError(str(error)) from None
