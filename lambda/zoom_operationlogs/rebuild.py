"""The first checkpoint of a stream, and that in place of a lost one: built from the archive, and from what the written
guide's function left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .agenda import first_checkpoint
from .dates import ONE_DAY
from .errors import OtherReportError, StorageError

if TYPE_CHECKING:
    import logging
    from datetime import date

    from .archive import Archive
    from .checkpoint import Checkpoint
    from .checkpoint_store import LoadResult


def rebuild(
    archive: Archive, found: LoadResult, lookback_days: int, today: date, log: logging.Logger
) -> tuple[Checkpoint, bool]:
    """Return a checkpoint, and whether one was lost, which is logged. Raises what `Archive.inventory` raises,
    and `OtherReportError` for the state of the guide's function if that does not collect the report."""
    if found.legacy_cursor and not archive.report.in_guide:
        raise OtherReportError(
            "The object at STATE_KEY is the state of the written guide's function, which does not collect Zoom's report"
            f" {archive.report.name}: set STATE_KEY and S3_PREFIX to ones of this report's own."
        )
    inventory = archive.inventory()
    rebuilt = found.unusable or inventory.first is not None
    if found.other:
        log.warning(
            "The checkpoint at STATE_KEY is about %s under %s: this stream starts one of its own in its place. Set"
            " STATE_KEY to a key of its own for each.",
            found.other.report,
            found.other.prefix,
        )
    elif rebuilt:
        log.warning("There is no usable checkpoint: rebuilding it from the archive.")
    legacy_first = found.legacy_cursor or _legacy_cursor(archive, log)
    if legacy_first is None and inventory.legacy:
        legacy_first = inventory.legacy.first
    known_from = min(filter(None, (inventory.first, legacy_first)), default=None)
    checkpoint = first_checkpoint(today, lookback_days, known_from)
    if inventory.legacy:  # no object was written later than today, whatever its name says
        inventory.legacy.last = min(inventory.legacy.last, today + ONE_DAY)
    checkpoint.delivered.legacy = inventory.legacy
    return checkpoint, rebuilt


def _legacy_cursor(archive: Archive, log: logging.Logger) -> date | None:
    """Return where the guide's function stopped; without its state, its objects say from when on."""
    try:
        return archive.legacy.cursor()
    except StorageError as error:
        log.warning("The state of the written guide's function counts as none: %s", error)
        return None
