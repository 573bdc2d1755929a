"""The raw logs that the feeds ingested, and the UDM events that the tenant's parser makes of them.

Events are made on request, so a hundred thousand cost memory for their raw logs only.
"""

from __future__ import annotations

import base64
import gzip
import json
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import blake2b
from typing import Any

from zoom_operationlogs.reports import OPERATION_LOGS
from zoomlogs.mapping.events import event as mapped

from .messages import Body, spelt

Record = dict[str, Any]
Change = Callable[[Body], Any]


@dataclass
class Log:
    """A raw log: a line of an object, when it was ingested, and its events."""

    data: bytes
    log_type: str
    ingested: datetime
    labels: dict[str, str]
    number: int
    at: datetime  # the time of its event
    events: int = 1  # 0 is lost, 2 is doubled
    parsed: bool = True
    changes: list[Change] = field(default_factory=list)

    @property
    def record(self) -> Record:
        """The record in the line."""
        found: Record = json.loads(self.data)
        return found


class Events:
    """The raw logs of a tenant, and its events. `make` is the tenant's parser: by default the project's own mapping."""

    def __init__(self, name: str, clock: Callable[[], datetime]) -> None:
        self.name = name
        self.clock = clock
        self.make: Callable[[Record], list[Body]] = lambda record: [mapped(record)]
        self.logs: list[Log] = []
        self._times: list[datetime] = []
        self._taken: set[tuple[str, str, str]] = set()
        self._sorted = True

    def take_in(self, feed: Body, key: str, version: str, body: bytes, ingested: datetime) -> None:
        """Ingest an object, once for each feed that reads it."""
        mark = (str(feed.get("name")), key, version)
        if mark in self._taken:
            return
        self._taken.add(mark)
        details = feed["details"]
        log_type = details["logType"].rpartition("/")[2]
        text = gzip.decompress(body) if key.endswith(".gz") else body
        for line in text.split(b"\n"):
            if line:
                self.add(line, log_type, ingested, dict(details.get("labels", {})))

    def add(self, data: bytes, log_type: str, ingested: datetime, labels: dict[str, str] | None = None) -> Log:
        """Ingest one raw log, from any source."""
        log = self._log(data, log_type, ingested, labels or {})
        self.logs.append(log)
        self._sorted = False
        return log

    def unlisted(self, data: bytes) -> Log:
        """Return a raw log that is only to be parsed."""
        return self._log(data, "", self.clock(), {})

    def _log(self, data: bytes, log_type: str, ingested: datetime, labels: dict[str, str]) -> Log:
        try:
            at = OPERATION_LOGS.time_of(json.loads(data)) or ingested
        except (ValueError, AttributeError):
            at = ingested
        return Log(data, log_type, ingested, labels, len(self.logs), at)

    # --- faults on demand ---

    def lose(self, record: Record) -> None:
        """Lose the event of one record."""
        self._one(record).events = 0

    def double(self, record: Record) -> None:
        """Give one record two events."""
        self._one(record).events += 1

    def delay(self, record: Record, by: timedelta) -> None:
        """Ingest one record so much later."""
        self._one(record).ingested += by

    def misparse(self, day: date, change: Change) -> None:
        """Let `change` alter each event of a day, as another parser would."""
        for log in self.logs:
            if log.at.date() == day:
                log.changes.append(change)

    def unparse(self, record: Record) -> None:
        """Let one record have a raw log and no event."""
        self._one(record).parsed = False

    def _one(self, record: Record) -> Log:
        return next(log for log in self.logs if log.events and log.parsed and log.record == record)

    # --- the content ---

    def between(self, start: datetime, end: datetime) -> Iterator[Body]:
        """Yield the events of a time range that are ingested by now, oldest first, as the API shows them."""
        if not self._sorted:
            self.logs.sort(key=lambda log: (log.at, log.number))
            self._times = [log.at for log in self.logs]
            self._sorted = True
        now = self.clock()
        for log in self.logs[bisect_left(self._times, start) : bisect_left(self._times, end)]:
            if log.parsed and log.ingested <= now:
                for copy in range(log.events):
                    for order, udm in enumerate(self.parsed(log)):
                        yield self._shown(log, udm, f"{log.number}-{copy}-{order}")

    def unparsed(self, start: datetime, end: datetime) -> Iterator[Log]:
        """Yield the raw logs without an event that were ingested in a time range and by now."""
        now = self.clock()
        return (log for log in self.logs if not log.parsed and start <= log.ingested < end and log.ingested <= now)

    def parsed(self, log: Log) -> list[Body]:
        """Return the events of a raw log."""
        made = self.make(log.record)
        for change in log.changes:
            for udm in made:
                change(udm)
        return made

    def last_ingested(self, log_type: str) -> datetime | None:
        """Return when the log type was last ingested."""
        now = self.clock()
        return max(
            (log.ingested for log in self.logs if log.log_type == log_type and log.ingested <= now), default=None
        )

    def _shown(self, log: Log, udm: Body, mark: str) -> Body:
        identity = base64.b64encode(blake2b(f"{self.name} {mark}".encode(), digest_size=16).digest()).decode()
        metadata = {"eventTimestamp": spelt(log.at), **udm["metadata"]}
        metadata |= {
            "id": identity,
            "ingestedTimestamp": spelt(log.ingested),
            "logType": log.log_type,
            "enrichmentState": "ENRICHED",
            "baseLabels": {"logTypes": [log.log_type], "allowScopedAccess": True},
        }
        if log.labels:
            metadata["ingestionLabels"] = [{"key": key, "value": value} for key, value in log.labels.items()]
        name = f"{self.name}/events/{identity.replace('+', '-').replace('/', '_')}"
        return {"name": name, "udm": {**udm, "metadata": metadata}}
