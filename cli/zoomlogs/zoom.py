"""The collector's Zoom client, with a time limit for all requests of a command."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import requests
from zoom_operationlogs.deadline import Deadline
from zoom_operationlogs.zoom import Session, Zoom

if TYPE_CHECKING:
    from collections.abc import Callable

    from zoom_operationlogs.settings import Credentials, Settings


def now() -> datetime:
    """Return this computer's time."""
    return datetime.now(UTC)


def client(
    settings: Settings,
    credentials: Credentials,
    deadline: Deadline,
    *,
    clock: Callable[[], datetime] = now,
    sleep: Callable[[float], None] = time.sleep,
    on_response: Callable[..., None] | None = None,
) -> tuple[Zoom, Session]:
    """Return a client with these credentials, and its session; `on_response` is a requests hook for each answer."""
    session = Session(requests.Session())
    if on_response:
        session.http.hooks["response"].append(on_response)
    zoom = Zoom(
        session,
        settings.report,
        settings.oauth_url,
        settings.api_url,
        lambda _fresh: credentials,
        settings.http_timeout_seconds,
        clock,
        sleep,
        deadline,
    )
    return zoom, session


def ends_in(seconds: float) -> Deadline:
    """Return a deadline in so many seconds, without a reserve."""
    end = time.monotonic() + seconds
    return Deadline(lambda: end - time.monotonic(), 0)
