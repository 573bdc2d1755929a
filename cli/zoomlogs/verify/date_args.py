"""Which dates are verified."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoom_operationlogs.dates import ONE_DAY, retention_start

from ..dates import parse, that_zoom_has

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

DEFAULT_DAYS = 7


def dates(first: str | None, last: str | None, today: date, begun: date | None = None) -> Sequence[date]:
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
