"""The searches: udmSearch, the long-running one with its sessions, and the one for raw logs."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from .events import Events
from .messages import ApiError, Body, Call, choice, fields, interval, number, parameters, spelt

MOST_EVENTS = 10_000  # of a udmSearch, and of a search for raw logs
MOST_ROWS = 1_000_000  # of a long-running search
MOST_PER_PAGE = 1_000  # of its results
SNIPPET = 200  # characters of a raw log
RANGE = ("timeRange.startTime", "timeRange.endTime")
TYPES = "type.googleapis.com/google.cloud.chronicle.v1beta"

# The part of the query language that is understood here: comparisons with a text, joined by AND.
_TEXT = r'"((?:[^"\\]|\\.)*)"'
_TERM = re.compile(rf'([a-z_.]+)(?:\["([^"]+)"\])? = {_TEXT}')
_FIELDS = {
    "metadata.log_type": "logType",
    "metadata.event_type": "eventType",
    "metadata.vendor_name": "vendorName",
    "metadata.product_name": "productName",
}


@dataclass
class _Session:
    rows: list[Body]
    more: bool
    polls: int
    query: str
    start: datetime
    end: datetime


class Searches:
    """Answers searches for events and raw logs."""

    def __init__(self, name: str, events: Events) -> None:
        self.name = name
        self.most_events = MOST_EVENTS  # a test may lower these, to cut searches off
        self.most_rows = MOST_ROWS
        self.polls = 1  # that a long-running search is not done for
        self.fails: str = ""  # why a long-running search fails after it has begun
        self._events = events
        self._sessions: dict[str, _Session] = {}

    def answer(self, call: Call, rest: str) -> Body:
        """Answer a request; raise `ApiError`."""
        if rest == ":udmSearch":
            return self._udm_search(call)
        if rest == ":search":
            return self._search(call)
        if rest == "legacy:legacySearchRawLogsV2":
            return self._raw_logs(call)
        kind, _, name = rest.partition("/")
        name, _, part = name.partition("/")
        if name not in self._sessions:
            raise ApiError(404, f"{rest} not found.")
        if kind == "operations" and not part:
            return self._operation(name)
        if kind == "searchSessions" and part == "searchedResults":
            return self._results(name, call)
        raise ApiError(404, "Method not found.")

    def _udm_search(self, call: Call) -> Body:
        known = (
            "query",
            "timeRange.startTime",
            "timeRange.endTime",
            "limit",
            "queryDialect",
            "simulatedDataVisibility",
        )
        asked = parameters(call.query, known)
        wanted = condition(asked.get("query"))
        choice(asked.get("queryDialect"), "query_dialect", ("QUERY_DIALECT_UNSPECIFIED", "YL2", "SQL"))
        start, end = interval(asked.get("timeRange.startTime"), asked.get("timeRange.endTime"))
        limit = number(asked.get("limit"), "limit", self.most_events, self.most_events) or self.most_events
        found = self._found(wanted, start, end, limit + 1)
        return {"events": found[:limit]} | ({"moreDataAvailable": True} if len(found) > limit else {})

    def _search(self, call: Call) -> Body:
        known = ("query", "timeRange", "dialect", "draftDataAccessScope", "resultLimit", "simulatedDataVisibility")
        asked = fields(call.body, known)
        wanted = condition(asked.get("query"))
        choice(asked.get("dialect"), "dialect", ("QUERY_DIALECT_UNSPECIFIED", "YL2", "SQL"))
        times = fields(asked.get("timeRange") or {}, ("startTime", "endTime"), "time_range")
        start, end = interval(times.get("startTime"), times.get("endTime"))
        limit = number(asked.get("resultLimit"), "result_limit", MOST_EVENTS) or MOST_EVENTS
        if limit > MOST_ROWS:
            raise ApiError(400, f"result_limit must be at most {MOST_ROWS}.")
        limit = min(limit, self.most_rows)
        found = self._found(wanted, start, end, limit + 1)
        name = uuid.uuid4().hex
        session = _Session(found[:limit], len(found) > limit, self.polls, str(asked["query"]), start, end)
        self._sessions[name] = session
        return self._operation(name)

    def _operation(self, name: str) -> Body:
        session = self._sessions[name]
        operation: Body = {"name": f"{self.name}/operations/{name}"}
        metadata: Body = {"@type": f"{TYPES}.SearchOperationMetadata"}
        if session.polls:
            session.polls -= 1
            return operation | {"metadata": metadata | {"state": "RUNNING", "progress": 50}}
        if self.fails:
            error = {"code": 13, "message": self.fails}
            return operation | {"done": True, "metadata": metadata | {"state": "FAILED"}, "error": error}
        about: Body = {"operationId": name, "resultRowCount": len(session.rows)}
        response = {
            "@type": f"{TYPES}.SearchSession",
            "name": f"{self.name}/searchSessions/{name}",
            "query": session.query,
            "timeRange": {"startTime": spelt(session.start), "endTime": spelt(session.end)},
            "metadata": about | ({"moreDataAvailable": True} if session.more else {}),
        }
        return operation | {"done": True, "metadata": metadata | {"state": "SUCCEEDED"}, "response": response}

    def _results(self, name: str, call: Call) -> Body:
        asked = parameters(call.query, ("pageSize", "pageToken", "orderBy", "skip"))
        rows = self._sessions[name].rows
        size = number(asked.get("pageSize"), "page_size", 100, MOST_PER_PAGE) or 100
        start = number(asked.get("pageToken"), "page_token", 0)
        parent = f"{self.name}/searchSessions/{name}/searchedResults"
        page = [
            {"name": f"{parent}/{at}", "resultRow": {"eventRecord": {"event": row}}}
            for at, row in enumerate(rows[start : start + size], start)
        ]
        more = start + size < len(rows)
        return {"searchedResults": page, "totalSize": len(rows)} | (
            {"nextPageToken": str(start + size)} if more else {}
        )

    def _found(self, wanted: Callable[[Body], bool], start: datetime, end: datetime, most: int) -> list[Body]:
        return list(islice((found for found in self._events.between(start, end) if wanted(found["udm"])), most))

    def _raw_logs(self, call: Call) -> Body:
        asked = parameters(call.query, (*RANGE, "query", "limit"))
        match = re.fullmatch(r"raw = /((?:[^/\\]|\\.)+)/ parsed = false", asked.get("query") or "")
        if not match:
            raise ApiError(400, f"Invalid raw log query: {asked.get('query')}")
        start, end = interval(asked.get("timeRange.startTime"), asked.get("timeRange.endTime"))
        limit = number(asked.get("limit"), "limit", self.most_events, self.most_events) or self.most_events
        pattern = re.compile(match[1])
        return {"matches": list(islice(self._matches(pattern, start, end), limit))}

    def _matches(self, pattern: re.Pattern[str], start: datetime, end: datetime) -> Iterator[Body]:
        for log in self._events.unparsed(start, end):
            text = log.data.decode()
            if pattern.search(text):
                identity = base64.b64encode(str(log.number).encode()).decode()
                snippet = {"id": identity, "snippet": text[:SNIPPET], "ingestionTime": spelt(log.ingested)}
                log_type = {"name": f"{self.name}/logTypes/{log.log_type}", "displayName": log.log_type}
                yield {"summary": text[:SNIPPET], "id": identity, "logType": log_type, "snippet": snippet}


def condition(query: object) -> Callable[[Body], bool]:
    """Return a query's condition on an event; raise `ApiError` for a query that does not compile."""
    if not query or not isinstance(query, str):
        raise ApiError(400, "Request contains an invalid argument: query is required.")
    terms: list[tuple[str, str | None, str]] = []
    for text in re.split(r"\s+AND\s+", query):
        match = _TERM.fullmatch(text)
        known = match and (match[1] == "metadata.ingestion_labels" if match[2] else match[1] in _FIELDS)
        if not match or not known:
            raise ApiError(400, f"generic::invalid_argument: compilation error: {text}")
        terms.append((match[1], match[2], re.sub(r"\\(.)", r"\1", match[3])))

    def holds(udm: Body) -> bool:
        metadata: dict[str, Any] = udm["metadata"]
        labels = {label["key"]: label["value"] for label in metadata.get("ingestionLabels", [])}
        return all(
            labels.get(key) == value if key else metadata.get(_FIELDS[path]) == value for path, key, value in terms
        )

    return holds
