"""The tenant's own parser of a log type, run on records without ingesting them.

Source: googleapis/googleapis, google/cloud/chronicle/v1beta/parser.proto: ListParsers, GetParserExtension, RunParser.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import CommandError
from .session import RefusedError, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .session import Session

    Event = dict[str, Any]

BETA = "v1beta"
TASK = Task("run the tenant's parser", "roles/chronicle.admin (or the permissions that docs/udm.md lists)")
# What a parser and its extensions are made of; their other fields are not sent.
PARSER_CONFIG = ("cbn", "lowCode")
EXTENSION_CONFIG = ("cbnSnippet", "fieldExtractors", "dynamicParsing")
EXTENSIONS = ("parserExtension", "dynamicParsingConfig")
PARSER = dict.fromkeys(("name", "state", "type", *EXTENSIONS), str)
RESULTS = {"runParserResults": [{"error": {"message": str}, "parsedEvents": {"events": [{"event": {"about": [{}]}}]}}]}


@dataclass(frozen=True)
class Parsed:
    """The parser's result for one log: events, or the sentence of its error."""

    events: tuple[Event, ...] = ()
    error: str = ""


class Parser:
    """The parser that is active for a log type, with its extensions."""

    # Of one run: Google's own SDK takes no more than 1,000 logs and 50 MB.
    most_logs = 1000
    most_bytes = 20_000_000

    def __init__(self, session: Session, log_type: str) -> None:
        """Fetch it; raise `CommandError` where there is none that can be run, or `RefusedError`."""
        self._session = session
        self._path = f"/logTypes/{log_type}"
        found = session.elements(BETA, f"{self._path}/parsers", "parsers", 100, TASK, PARSER)
        active = next((each for each in found if each.get("state") == "ACTIVE"), None)
        if active is None:
            raise CommandError(f"The tenant has no active parser for {log_type}: SIEM Settings > Parsers.", status=1)
        config = {name: active[name] for name in PARSER_CONFIG if active.get(name)}
        if not config:
            raise CommandError(f"Google does not show the code of the parser for {log_type}: it cannot be run.", 1)
        self.name = active.get("name", "").rpartition("/")[2]
        self.kind = active.get("type", "").lower()
        self._config: dict[str, Any] = {"parser": config}
        for field in EXTENSIONS:
            if active.get(field):
                self._config[field] = self._extension(active[field].rpartition("/")[2])

    def _extension(self, name: str) -> dict[str, Any]:
        found = self._session.get(BETA, f"{self._path}/parserExtensions/{name}", {}, TASK, {})
        return {field: found[field] for field in EXTENSION_CONFIG if found.get(field)}

    def run(self, logs: Sequence[bytes]) -> list[Parsed]:
        """Return the result for each log, in their order; raise `RefusedError`."""
        body = {**self._config, "log": [base64.b64encode(log).decode() for log in logs]}
        answer = self._session.post(BETA, f"{self._path}:runParser", body, TASK, RESULTS)
        found = [_parsed(result) for result in answer.get("runParserResults", ())]
        if len(found) != len(logs):
            raise RefusedError(TASK, f"Google answered {len(found):,} of {len(logs):,} logs: run it again.", 200)
        return found


def _parsed(result: dict[str, Any]) -> Parsed:
    if "error" in result:
        return Parsed(error=" ".join(result["error"].get("message", "no message").split()))
    events = result.get("parsedEvents", {}).get("events", ())
    return Parsed(tuple(each["event"] for each in events if "event" in each))
