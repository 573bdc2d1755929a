"""Builds a checkpoint from the archive if there is no usable one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from .agenda import first_checkpoint
from .archive_object import OBJECT_NAME, refuse_other_report
from .dates import ONE_DAY
from .errors import OtherReportError, StorageError
from .incidents import Incident
from .legacy import empty_ledger, write_date

if TYPE_CHECKING:
    import logging

    from .archive import Archive
    from .checkpoint import Checkpoint
    from .checkpoint_store import LoadResult
    from .incidents import Incidents
    from .legacy import LegacyLedger


@dataclass(frozen=True)
class Inventory:
    """What the keys under the prefix show: the first date with objects of ours, and an empty ledger for the guide's."""

    first: date | None
    legacy: LegacyLedger | None


def rebuilt(
    archive: Archive, found: LoadResult, today: date, lookback_days: int, incidents: Incidents, log: logging.Logger
) -> Checkpoint:
    """Return a checkpoint built from the archive and the guide's state; a lost checkpoint is an incident.

    Raises what `inventory_of` raises, and `OtherReportError` for the state of the guide's function if that does not
    collect the report.
    """
    if found.legacy_cursor and not archive.report.in_guide:
        raise OtherReportError(
            "The object at STATE_KEY is the state of the written guide's function, which does not collect Zoom's report"
            f" {archive.report.name}: set STATE_KEY and S3_PREFIX to values that only this report uses."
        )
    inventory = inventory_of(archive)
    if found.other:
        incidents.report(
            Incident.CHECKPOINT_REBUILT,
            "The checkpoint at STATE_KEY belongs to %s under %s: this run replaces it with a new one. Set a different"
            " STATE_KEY for each prefix.",
            found.other.report,
            found.other.prefix,
        )
    elif found.unusable or inventory.first is not None:
        incidents.report(
            Incident.CHECKPOINT_REBUILT,
            "There is no usable checkpoint: rebuilding it from the archive. Unless this is the first run on a bucket"
            " with records, find out who deleted or overwrote the checkpoint.",
        )
    legacy_first = found.legacy_cursor or _legacy_cursor(archive, log)
    if legacy_first is None and inventory.legacy:
        legacy_first = inventory.legacy.first
    known_from = min(filter(None, (inventory.first, legacy_first)), default=None)
    checkpoint = first_checkpoint(today, lookback_days, known_from)
    if inventory.legacy:  # no object was written after today, whatever its name says
        inventory.legacy.last = min(inventory.legacy.last, today + ONE_DAY)
    checkpoint.delivered.legacy = inventory.legacy
    return checkpoint


def inventory_of(archive: Archive) -> Inventory:
    """Return what the archive holds, by its keys alone. Raises `OtherReportError` if records of another report are
    there, `StorageError` and `StorageUnavailableError`."""
    report = archive.report
    ours: set[date] = set()
    guides: set[date] = set()

    def note(name: str) -> None:
        match = OBJECT_NAME.fullmatch(name)
        if match and match[1] == report.name:
            with suppress(ValueError):  # no such day in the calendar, so not an object of ours
                ours.add(date.fromisoformat(match[2]))
        elif report.in_guide and (written := write_date(name)):
            guides.add(written)
        else:
            refuse_other_report(name, report, archive.url)

    archive.for_each_key(note)
    return Inventory(min(ours, default=None), empty_ledger(guides))


def _legacy_cursor(archive: Archive, log: logging.Logger) -> date | None:
    """Return where the guide's function stopped, None without its state."""
    try:
        return archive.legacy.cursor()
    except StorageError as error:
        log.warning("The state of the written guide's function cannot be read, and is ignored: %s", error)
        return None
