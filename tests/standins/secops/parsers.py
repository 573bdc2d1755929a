"""Log types, and the tenant's parser for one of them."""

from __future__ import annotations

import base64
import binascii
import re

from .events import Events
from .feeds import LOG_TYPES
from .messages import ApiError, Body, Call, fields, number, parameters, spelt

MOST_LOGS = 1000  # of a run; Google SecOps' own SDK refuses more
MOST_BYTES = 10_000_000  # of one of them
CODE = b"filter { # the tenant's parser }"


class Parsers:
    """The tenant's parsers of ZOOM_OPERATION_LOGS. A run calls `events.make`."""

    def __init__(self, name: str, events: Events) -> None:
        self.name = name
        self.extension: bytes | None = None  # the code of the parser's extension
        self.active = True
        self.refuses = ""  # why the parser fails on each log
        self._events = events

    def answer(self, call: Call, rest: str) -> Body:
        """Answer a request; raise `ApiError`."""
        if rest == "logTypes":
            parameters(call.query, ("pageSize", "pageToken", "filter", "orderBy"))
            return {"logTypes": [self._log_type(name) for name in sorted(LOG_TYPES)]}
        match = re.fullmatch(r"logTypes/([^/:]+)(?::(runParser)|/(parsers|parserExtensions)(?:/(.+))?)", rest)
        if not match or match[1] not in LOG_TYPES:
            raise ApiError(404, f"{rest} not found.")
        if match[2]:
            return self._run(call)
        if match[3] == "parserExtensions":
            if self.extension is None or match[4] != "extension-1":
                raise ApiError(404, f"{rest} not found.")
            code = base64.b64encode(self.extension).decode()
            return {"name": f"{self.name}/{rest}", "state": "LIVE", "cbnSnippet": code}
        parameters(call.query, ("pageSize", "pageToken", "filter", "view"))
        return self._list(match[1])

    def _log_type(self, name: str) -> Body:
        told: Body = {"name": f"{self.name}/logTypes/{name}", "displayName": name, "feedCount": 1}
        last = self._events.last_ingested(name)
        return told | ({"lastIngestedTime": spelt(last)} if last else {})

    def _list(self, log_type: str) -> Body:
        if log_type != "ZOOM_OPERATION_LOGS":
            return {}
        parent = f"{self.name}/logTypes/{log_type}"
        old = {"name": f"{parent}/parsers/1", "state": "INACTIVE", "type": "PREBUILT", "releaseStage": "ARCHIVED"}
        now = {
            "name": f"{parent}/parsers/2",
            "state": "ACTIVE" if self.active else "INACTIVE",
            "type": "PREBUILT",
            "releaseStage": "RELEASE",
            "cbn": base64.b64encode(CODE).decode(),
            "creator": {"source": "GOOGLE"},
        }
        if self.extension is not None:
            now["parserExtension"] = f"{parent}/parserExtensions/extension-1"
        return {"parsers": [old, now]}

    def _run(self, call: Call) -> Body:
        known = ("parser", "parserExtension", "dynamicParsingConfig", "log", "statedumpAllowed", "continueOnError")
        asked = fields(call.body, known)
        if (asked.get("parser") or {}).get("cbn") != base64.b64encode(CODE).decode():
            raise ApiError(400, "Request contains an invalid argument: the parser's config is invalid.")
        extension = self.extension and base64.b64encode(self.extension).decode()
        if (asked.get("parserExtension") or {}).get("cbnSnippet") != extension:
            raise ApiError(400, "Request contains an invalid argument: the parser extension is invalid.")
        logs = asked.get("log") or []
        if not isinstance(logs, list) or number(len(logs), "log", 0) > MOST_LOGS:
            raise ApiError(400, f"Request contains an invalid argument: at most {MOST_LOGS} logs.")
        return {"runParserResults": [self._result(log) for log in logs]}

    def _result(self, log: object) -> Body:
        try:
            data = base64.b64decode(str(log), validate=True)
        except binascii.Error:
            raise ApiError(400, f"Invalid value at 'log' (TYPE_BYTES), Base64 decoding failed for \"{log}\"") from None
        if len(data) > MOST_BYTES:
            raise ApiError(400, "Request contains an invalid argument: a log is too large.")
        if self.refuses:
            return {"log": log, "error": {"code": 3, "message": self.refuses}}
        made = self._events.parsed(self._events.unlisted(data))
        return {"log": log, "parsedEvents": {"events": [{"event": udm} for udm in made]}}
