"""What an error answer of Zoom means and what an administrator should change. The first rule that fits decides.

Zoom uses its codes 200 and 300 for several errors, so status, code and text decide together. Sources: Zoom, Get
operation logs report, and Zoom, Server-to-Server OAuth (developers.zoom.us), and answers that users of the API have
published. To handle a new refusal, add a rule here and a row to tests/unit/test_zoom_refusals.py.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NoReturn

import requests

from .errors import (
    AccessTokenRejectedError,
    CredentialsRejectedError,
    DatesRefusedError,
    DateTooOldError,
    PageTokenExpiredError,
    RateLimitedError,
    UnusableAnswerError,
    ZoomRefusedError,
)
from .zoom_rate_limits import names_daily_limit, not_before

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

MARKETPLACE = "at marketplace.zoom.us (Manage > your Server-to-Server OAuth app)"


def refuse(status: int, headers: Mapping[str, str], body: Mapping[str, Any] | None, now: datetime) -> NoReturn:
    """Raise what an answer with this HTTP status, these headers and this JSON body (None if it has none) means.

    `now` (UTC) is the time from which a `Retry-After` in seconds counts.
    """
    body = body or {}
    code = body.get("code")
    text = " ".join(str(body[key]) for key in ("message", "reason", "error", "errorMessage") if body.get(key))
    said = f"Zoom says: HTTP {status}, {text or 'no message'}"
    lower = text.lower()
    if status == requests.codes.too_many_requests:
        raise RateLimitedError(not_before(headers, lower, now), daily=names_daily_limit(headers, lower))
    if status >= requests.codes.server_error or status == requests.codes.request_timeout:
        raise UnusableAnswerError(f"HTTP {status}")
    if code == 124 or (status == requests.codes.unauthorized and code is None and not body.get("error")):
        raise AccessTokenRejectedError(
            f"Zoom rejects an access token that it has just issued: check the app {MARKETPLACE}. ({said})"
        )
    if "invalid_client" in lower:
        raise CredentialsRejectedError(
            "Zoom does not know this client id and client secret: copy both again from App Credentials"
            f" {MARKETPLACE} into the secret; a Zoom for Government account needs the zoomgov.com URLs. ({said})"
        )
    if "unsupported_grant_type" in lower or "unsupported grant type" in lower or "oauth app type" in lower:
        raise ZoomRefusedError(
            f"These credentials belong to an app of another type: create a Server-to-Server OAuth app. ({said})"
        )
    if code == 4717 or "disabled" in lower or "deactivated" in lower:
        raise ZoomRefusedError(f"The Zoom app is deactivated: activate it {MARKETPLACE}. ({said})")
    if "invalid_request" in lower or "account does not exist" in lower:
        raise ZoomRefusedError(
            f"Zoom does not know this account id for this app: copy account_id again from App Credentials {MARKETPLACE}"
            f" into the secret. ({said})"
        )
    if code in (4700, 4711) or "does not contain scopes" in lower:
        raise ZoomRefusedError(
            f"The Zoom app lacks the scope report:read:operation_logs:admin: add it {MARKETPLACE} and activate the app"
            f" again. ({said})"
        )
    if "paid account" in lower:
        raise ZoomRefusedError(f"The report needs a Zoom plan of Pro or higher: upgrade the account. ({said})")
    if code == 200 or status == requests.codes.forbidden:
        raise ZoomRefusedError(
            "The Zoom user who owns the app may not see the report: grant that user's role the permissions Reports >"
            f" Usage reports: View and User activity reports > Admin Activity Logs: View. ({said})"
        )
    if "page token" in lower:
        raise PageTokenExpiredError
    if re.search(r"\b(6|six) months", lower):
        raise DateTooOldError(f"Zoom refuses the report's parameters. ({said})")
    if code == 300 or status == requests.codes.bad_request:
        raise DatesRefusedError(f"Zoom refuses the report's parameters. ({said})")
    raise ZoomRefusedError(f"Zoom refuses the request: check ZOOM_API_URL and ZOOM_OAUTH_URL. ({said})")
