"""Finds events and raw logs: by `udmSearch`, which a busy time is halved for, and by the long-running search.

Sources: googleapis/googleapis, google/cloud/chronicle/v1beta/event.proto and search.proto; for raw logs the REST
reference of `legacy.legacySearchRawLogsV2` (v1alpha).
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .session import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .session import Session

    Event = dict[str, Any]

ROLE = "roles/chronicle.viewer"
BETA = "v1beta"
MOST_EVENTS = 10_000  # of one udmSearch
LARGE_DAY = 10 * MOST_EVENTS
MOST_ROWS = 1_000_000  # of one long-running search
PAGE_SIZE = 1_000  # of its results
A_SECOND = timedelta(seconds=1)
POLL_SECONDS = 2.0
MOST_POLLS = 300  # ten minutes
TASK = "search in SecOps"


class CutOffError(Exception):
    """SecOps has more events than a search gives, and no shorter time is left to ask for; the message says when."""


@dataclass(frozen=True)
class RawLog:
    """The start of a raw log of which the tenant's parser made no event."""

    log_type: str
    snippet: str


class Search:
    """Searches a tenant for the events of one log type, and of one feed if it sets labels."""

    def __init__(
        self,
        session: Session,
        log_type: str,
        labels: Mapping[str, str],
        sleep: Callable[[float], None] = time.sleep,
        namespace: str = "",
    ) -> None:
        """Take what is searched for: the log type, and the ingestion labels that each event must have.

        The feed's `namespace` is told of and not searched for: it is on entities, and not on every event.
        """
        self.namespace = namespace
        self._session = session
        self._log_type = log_type
        self._sleep = sleep
        terms = [f"metadata.log_type = {_quoted(log_type)}"]
        terms += [f"metadata.ingestion_labels[{_quoted(key)}] = {_quoted(value)}" for key, value in labels.items()]
        self.query = " AND ".join(terms)
        self._has_long_search = True

    @property
    def tenant(self) -> str:
        """The tenant's resource name."""
        return self._session.tenant.name

    def events(self, start: datetime, end: datetime, expected: int = 0) -> Iterator[Event]:
        """Yield the events from `start` to before `end`, whole seconds both, each as UDM.

        A long-running search is made where more are `expected` than a few searches give. Raises `CutOffError`, or
        `RefusedError`.
        """
        if expected > LARGE_DAY and (operation := self._long_search(start, end)):
            yield from self._results(operation, start, end)
            return
        pieces = 1 if expected <= MOST_EVENTS else -(-2 * expected // MOST_EVENTS)
        step = max(A_SECOND, (end - start) // A_SECOND // pieces * A_SECOND)
        while start < end:
            until = min(end, start + step)
            yield from self._by_halves(start, until)
            start = until

    def _by_halves(self, start: datetime, end: datetime) -> Iterator[Event]:
        answer = self._session.get(BETA, ":udmSearch", self._asked(start, end, MOST_EVENTS), TASK, ROLE)
        if not answer.get("moreDataAvailable"):
            yield from (event.get("udm") or {} for event in answer.get("events") or ())
        elif middle := _middle(start, end):
            yield from self._by_halves(start, middle)
            yield from self._by_halves(middle, end)
        elif operation := self._long_search(start, end):
            yield from self._results(operation, start, end)
        else:
            raise CutOffError(f"SecOps cuts the search off at {MOST_EVENTS:,} events in the second {_spelt(start)}")

    def _long_search(self, start: datetime, end: datetime) -> dict[str, Any] | None:
        """Begin a long-running search; None where the tenant does not have it: the other finds the same."""
        if self._has_long_search:
            times = {"startTime": _spelt(start), "endTime": _spelt(end)}
            body = {"query": self.query, "timeRange": times, "resultLimit": MOST_ROWS}
            try:
                return self._session.post(BETA, ":search", body, TASK, ROLE)
            except RefusedError as refusal:
                if refusal.code not in (400, 403, 404, 501):
                    raise
                self._has_long_search = False
        return None

    def _results(self, operation: dict[str, Any], start: datetime, end: datetime) -> Iterator[Event]:
        """Wait for a long-running search and yield its results; halve the time where even these are cut off."""
        session = self._waited_for(operation)
        if (session.get("metadata") or {}).get("moreDataAvailable"):
            middle = _middle(start, end)
            if not middle:
                raise CutOffError(f"SecOps cuts the search off at {MOST_ROWS:,} events in the second {_spelt(start)}")
            for half in ((start, middle), (middle, end)):
                yield from self.events(*half, expected=LARGE_DAY + 1)
            return
        path = "/" + _under_the_tenant(str(session.get("name", ""))) + "/searchedResults"
        for result in self._session.elements(BETA, path, "searchedResults", PAGE_SIZE, TASK, ROLE):
            record = (result.get("resultRow") or {}).get("eventRecord") or {}
            yield (record.get("event") or {}).get("udm") or {}

    def _waited_for(self, operation: dict[str, Any]) -> dict[str, Any]:
        path = "/" + _under_the_tenant(str(operation.get("name", "")))
        for _ in range(MOST_POLLS):
            if operation.get("done"):
                break
            self._sleep(POLL_SECONDS)
            operation = self._session.get(BETA, path, {}, TASK, ROLE)
        else:
            told = f"zoomlogs could not {TASK}: Google's search did not end in time. Run it again later."
            raise RefusedError(told, 504)
        if error := operation.get("error"):
            said = " ".join(str(error.get("message", "no message")).split())
            raise RefusedError(f"zoomlogs could not {TASK}: the search failed (Google says: {said}).", 500)
        session: dict[str, Any] = operation.get("response") or {}
        return session

    def unparsed(self, start: datetime, end: datetime) -> list[RawLog]:
        """Return the raw logs of the log type that were ingested in this time and have no event.

        They are found by a name that each of our lines has. Raises `RefusedError`.
        """
        asked = self._asked(start, end, MOST_EVENTS) | {"query": 'raw = /"operation_detail"/ parsed = false'}
        task, role = "search for raw logs", "a role with chronicle.events.searchRawLogs"
        answer = self._session.get("v1alpha", "/legacy:legacySearchRawLogsV2", asked, task, role)
        found = []
        for match in answer.get("matches") or ():
            log_type = str((match.get("logType") or {}).get("name", "")).rpartition("/")[2]
            snippet = str((match.get("snippet") or {}).get("snippet") or "")
            if snippet and log_type in ("", self._log_type):
                found.append(RawLog(log_type, snippet))
        return found

    def _asked(self, start: datetime, end: datetime, limit: int) -> dict[str, str | int]:
        times = {"timeRange.startTime": _spelt(start), "timeRange.endTime": _spelt(end)}
        return {"query": self.query, **times, "limit": limit}


def _middle(start: datetime, end: datetime) -> datetime | None:
    """Return a whole second between two; None where there is none."""
    seconds = (end - start) // A_SECOND
    return start + A_SECOND * (seconds // 2) if seconds > 1 else None


def _under_the_tenant(name: str) -> str:
    """Return the last two parts of a resource's name: Google may spell the project by its id or by its number."""
    return "/".join(name.split("/")[-2:])


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _spelt(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
