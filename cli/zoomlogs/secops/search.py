"""Finds events and raw logs: by `udmSearch`, in shorter ranges where it is cut off, and by the long-running search.

Sources: googleapis/googleapis, google/cloud/chronicle/v1beta/event.proto and search.proto; for raw logs the REST
reference of `legacy.legacySearchRawLogsV2` (v1alpha).
"""

from __future__ import annotations

import json
import time
from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .identity import UDM
from .session import RefusedError, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .session import Session

    Event = dict[str, Any]

AN_HOUR = 2000  # queries of a tenant; Google SecOps, Understand search, "Search limits and quotas"
OURS = AN_HOUR * 3 // 4  # the others are for the people who search there
LIMIT = f"run it again in an hour, because the whole tenant has {AN_HOUR:,} queries an hour"
TASK = Task("search in SecOps", "roles/chronicle.viewer", limit=LIMIT)
RAW_LOGS = Task("search for raw logs", "a role with chronicle.events.searchRawLogs", limit=LIMIT)
BETA = "v1beta"
MOST_EVENTS = 10_000  # of one udmSearch
LARGE_DAY = 10 * MOST_EVENTS
MOST_ROWS = 1_000_000  # of one long-running search
PAGE_SIZE = 1_000  # of its results
A_SECOND = timedelta(seconds=1)
POLL_SECONDS = 2.0
MOST_POLLS = 300  # ten minutes

EVENTS = {"events": [{"udm": UDM}], "moreDataAvailable": bool}
OPERATION = {
    "name": str,
    "done": bool,
    "error": {"message": str},
    "response": {"name": str, "metadata": {"moreDataAvailable": bool}},
}
RESULT = {"resultRow": {"eventRecord": {"event": {"udm": UDM}}}}
MATCHES = {"matches": [{"logType": {"name": str}, "snippet": {"snippet": str}}]}


class CutOffError(Exception):
    """SecOps has more events in one second than a search gives; the message names the second."""


class Search:
    """Searches a tenant for the events of one log type, and of one feed if it sets labels."""

    def __init__(
        self,
        session: Session,
        log_type: str,
        labels: Mapping[str, str],
        sleep: Callable[[float], None] = time.sleep,
        namespace: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the log type, and the ingestion labels that each event must have.

        The feed's `namespace` is shown and not searched for: it is on entities, and not on every event.
        """
        self.namespace = namespace
        self._session = session
        self._log_type = log_type
        self._sleep = sleep
        self._clock = clock
        self._queries = deque[float]()  # when each of the last hour was sent
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
        self._count_query()
        answer = self._session.get(BETA, ":udmSearch", self._asked(start, end), TASK, EVENTS)
        if not answer.get("moreDataAvailable"):
            yield from (event.get("udm", {}) for event in answer.get("events", ()))
        elif middle := _middle(start, end):
            yield from self._by_halves(start, middle)
            yield from self._by_halves(middle, end)
        elif operation := self._long_search(start, end):
            yield from self._results(operation, start, end)
        else:
            raise CutOffError(f"SecOps cuts the search off at {MOST_EVENTS:,} events in the second {_spelt(start)}")

    def _long_search(self, start: datetime, end: datetime) -> dict[str, Any] | None:
        """Begin a long-running search; None where the tenant does not have it: `udmSearch` finds the same."""
        if self._has_long_search:
            times = {"startTime": _spelt(start), "endTime": _spelt(end)}
            body = {"query": self.query, "timeRange": times, "resultLimit": MOST_ROWS}
            self._count_query()
            try:
                return self._session.post(BETA, ":search", body, TASK, OPERATION)
            except RefusedError as refusal:
                if refusal.code not in (400, 403, 404, 501):
                    raise
                self._has_long_search = False
        return None

    def _results(self, operation: dict[str, Any], start: datetime, end: datetime) -> Iterator[Event]:
        """Wait for a long-running search and yield its results; halve the range where these are cut off too."""
        session = self._waited_for(operation)
        if session.get("metadata", {}).get("moreDataAvailable"):
            middle = _middle(start, end)
            if not middle:
                raise CutOffError(f"SecOps cuts the search off at {MOST_ROWS:,} events in the second {_spelt(start)}")
            for half in ((start, middle), (middle, end)):
                yield from self.events(*half, expected=LARGE_DAY + 1)
            return
        path = f"/{_under_the_tenant(session)}/searchedResults"
        for result in self._session.elements(BETA, path, "searchedResults", PAGE_SIZE, TASK, RESULT):
            yield result.get("resultRow", {}).get("eventRecord", {}).get("event", {}).get("udm", {})

    def _waited_for(self, operation: dict[str, Any]) -> dict[str, Any]:
        path = f"/{_under_the_tenant(operation)}"
        for _ in range(MOST_POLLS):
            if operation.get("done"):
                break
            self._sleep(POLL_SECONDS)
            operation = self._session.get(BETA, path, {}, TASK, OPERATION)
        else:
            raise RefusedError(TASK, "Google's search did not end in time. Run it again later.", 504)
        if "error" in operation:
            said = " ".join(operation["error"].get("message", "no message").split())
            raise RefusedError(TASK, f"the search failed (Google says: {said}).", 500)
        session: dict[str, Any] = operation.get("response", {})
        return session

    def unparsed(self, start: datetime, end: datetime) -> list[str]:
        """Return the beginnings of the raw logs of the log type that were ingested in this time and have no event.

        The query looks for a field's name that each of our lines has. Raises `RefusedError`.
        """
        asked = self._asked(start, end) | {"query": 'raw = /"operation_detail"/ parsed = false'}
        self._count_query()
        answer = self._session.get("v1alpha", "/legacy:legacySearchRawLogsV2", asked, RAW_LOGS, MATCHES)
        return [
            snippet
            for match in answer.get("matches", ())
            if match.get("logType", {}).get("name", "").rpartition("/")[2] in ("", self._log_type)
            and (snippet := match.get("snippet", {}).get("snippet"))
        ]

    def _count_query(self) -> None:
        """Count a query; raise `RefusedError` where an hour has had all that are ours."""
        now = self._clock()
        while self._queries and self._queries[0] <= now - 3600:
            self._queries.popleft()
        if len(self._queries) >= OURS:
            raise RefusedError(TASK, f"it has sent {OURS:,} queries in an hour: {LIMIT}.", 429)
        self._queries.append(now)

    def _asked(self, start: datetime, end: datetime) -> dict[str, str | int]:
        times = {"timeRange.startTime": _spelt(start), "timeRange.endTime": _spelt(end)}
        return {"query": self.query, **times, "limit": MOST_EVENTS}


def _middle(start: datetime, end: datetime) -> datetime | None:
    """Return a whole second between two; None where there is none."""
    seconds = (end - start) // A_SECOND
    return start + A_SECOND * (seconds // 2) if seconds > 1 else None


def _under_the_tenant(resource: Mapping[str, Any]) -> str:
    """Return the last two parts of a resource's name: Google may spell the project by its id or by its number."""
    return "/".join(str(resource.get("name", "")).split("/")[-2:])


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _spelt(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
