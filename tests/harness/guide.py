"""The written guide's loop beside the collector: it reads the same Zoom at the same times, into an archive in memory.

The loop is the one that `make bench` measures; none of the guide's own code is here.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from bench.yardstick import Yardstick
from zoom_operationlogs.legacy import decode

if TYPE_CHECKING:
    from datetime import datetime
    from urllib.request import Request

    from standins.zoom import Zoom


class _KilledError(Exception):
    """The run is killed."""


class GuideLoop:
    """The guide's loop for one Zoom account; `calls` counts its requests to the report."""

    def __init__(self, zoom: Zoom) -> None:
        self.calls = 0
        self._zoom = zoom
        self._calls_left = 0
        self._objects: dict[str, bytes] = {}
        self._loop = Yardstick(
            "https://zoom.us/oauth/token",
            "https://api.zoom.us/v2",
            zoom.account.id,
            zoom.account.client_id,
            zoom.account.client_secret,
            self._open,
            self._objects.__getitem__,
            self._objects.__setitem__,
            self._objects.__setitem__,
        )

    def run(self, now: datetime, *, most_calls: int = 10_000) -> None:
        """Do one run, which is killed at its first request to the report after `most_calls`."""
        self._calls_left = most_calls
        with suppress(_KilledError):
            self._loop.run(now)

    def lines(self) -> list[dict[str, Any]]:
        """Return the records that it wrote, each as often as it wrote it."""
        return [record for key, body in self._objects.items() if key.endswith(".gz") for record in decode(body)]

    def _open(self, request: Request) -> bytes:
        parts = urlsplit(request.full_url)
        if "/report/" in parts.path:
            if not self._calls_left:
                raise _KilledError
            self._calls_left -= 1
            self.calls += 1
        body = request.data if isinstance(request.data, bytes) else b""
        query, headers = dict(parse_qsl(parts.query)), dict(request.header_items())
        return self._zoom.handle(request.get_method(), parts.path, headers, query, body).body
