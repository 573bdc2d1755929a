"""SecOps' side of a verification: asks about the dates, and adds the findings to the results."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from zoom_operationlogs.errors import CollectorError

from ..errors import CommandError
from ..secops.identity import FIELDS
from ..secops.result import SecopsDay, SecopsState
from ..secops.tenant import read_tenant
from .archive import ArchivedDay, UnreadableObjectError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from zoom_operationlogs.records import Record

    from ..deployment import Deployment
    from ..secops.check import Check
    from ..secops.result import Findings
    from ..secops.search import Search
    from .archive import ArchiveReader
    from .comparison import DayResult


@dataclass(frozen=True)
class SecopsOptions:
    """Which tenant is asked, and with which credentials."""

    project: str | None = None
    region: str | None = None
    customer_id: str | None = None
    service_account: str | None = None


def search_of(deployment: Deployment, options: SecopsOptions) -> Search:
    """Return a search for the events of this deployment's feed; raise `CommandError` where nobody can sign in."""
    if not set(FIELDS) <= set(deployment.report.fields):
        raise CommandError(
            f"--secops does not compare {deployment.report.records} yet: Google has published too little of how it maps"
            " them to tell one from another. Leave it out to compare Zoom and the archive."
        )
    feed = deployment.outputs.get("secops_feed")
    details: dict[str, Any] = (feed or {}).get("body", {}).get("details", {})
    if not details.get("logType"):
        raise CommandError("The outputs have no secops_feed: update the module and apply it.")
    tenant = read_tenant(options.project, options.region, options.customer_id, instance=(feed or {}).get("instance"))
    from ..secops.search import Search  # here, because Google's library may not be installed
    from ..secops.session import connect

    session = connect(tenant, options.service_account)

    log_type = str(details["logType"]).rpartition("/")[2]
    return Search(session, log_type, details.get("labels") or {}, namespace=str(details.get("assetNamespace") or ""))


class Asking:
    """Asks SecOps about the dates that were read from the archive; does nothing without a `Check`."""

    def __init__(self, check: Check | None, archive: ArchiveReader) -> None:
        """Take the check, and the archive that records are found in again."""
        self._check = check
        self._archive = archive

    def ask(self, day: ArchivedDay) -> None:
        """Check a date; only what finds its records again is kept of it."""
        if self._check:
            slim = ArchivedDay(day.date, {}, {}, objects=day.objects)
            self._check.ask(day.date, day.deliveries, day.guide, partial(self._found, slim))

    def _found(self, day: ArchivedDay, names: Collection[bytes]) -> Mapping[bytes, Record]:
        """Return the records of these names; none where the objects cannot be read again."""
        try:
            return self._archive.find(day, names)
        except (UnreadableObjectError, CollectorError):
            return {}

    def beside(
        self, results: Sequence[DayResult], on_day: Callable[[], None]
    ) -> tuple[Sequence[DayResult], Findings | None]:
        """Return the dates with their results in SecOps; one that was not compared with Zoom is not checked."""
        if not self._check:
            return results, None
        findings = self._check.findings(on_day)
        unasked = SecopsDay(SecopsState.NOT_CHECKED)
        return [replace(result, secops=findings.days.get(result.date, unasked)) for result in results], findings


@contextmanager
def asking(search: Search | None, archive: ArchiveReader, least_wait: float = 0.0) -> Iterator[Asking]:
    """Return what asks SecOps, if there is a search; an event may take `least_wait` seconds at least."""
    if search is None:
        yield Asking(None, archive)
        return
    from ..secops.check import Check

    with Check(search, least_wait=least_wait) as check:
        yield Asking(check, archive)
