"""What Zoom's error answers mean and what an administrator should change: the first rule of `RULES` that fits.

Zoom uses its codes 200 and 300 for several errors, so endpoint, status, code and text decide together. Sources: Zoom,
Get operation logs report, and Zoom, Server-to-Server OAuth (developers.zoom.us), and answers that users of the API have
published. To handle a new refusal, add a rule here and a row to tests/unit/test_zoom_refusals.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn

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

    from .reports import Report

MARKETPLACE = "at marketplace.zoom.us (Manage > your Server-to-Server OAuth app)"
LONGEST_QUOTE = 500  # characters of Zoom's text in a sentence
LONGEST_TEXT = 2000  # characters of Zoom's text in which the rules search
TEXT_FIELDS = ("message", "reason", "error", "errorMessage")


class Endpoint(Enum):
    """Zoom's endpoints; the value is the name in a sentence."""

    SIGN_IN = "sign-in"
    REPORT = "report"


@dataclass(frozen=True)
class Rule:
    """The meaning of an answer from one of these endpoints, with one of these statuses, and with one of these codes or
    a text that matches the regular expression `text`. A field that a rule leaves out may have any value.

    `text` is searched in lower case. `json`: the body is a JSON object. `coded`: it has a code that is not the HTTP
    status, as Zoom's own errors do. In `sentence`, {endpoint} stands for the endpoint's name, and {records}, {scope}
    and {permission} for those of the report.
    """

    error: type[Exception]
    sentence: str = ""
    endpoints: tuple[Endpoint, ...] = tuple(Endpoint)
    statuses: tuple[int, ...] = ()
    codes: tuple[int, ...] = ()
    text: str = ""
    json: bool = True
    coded: bool | None = None

    def fits(self, endpoint: Endpoint, status: int, body: Mapping[str, Any] | None, text: str) -> bool:
        """Return whether this rule fits the answer; `text` is that of the body, in lower case."""
        code = str((body or {}).get("code"))
        named = code in map(str, self.codes) or (self.text and re.search(self.text, text))
        return (
            endpoint in self.endpoints
            and self.json == (body is not None)
            and self.coded in (None, code.isdecimal() and code != str(int(status)))
            and (not self.statuses or status in self.statuses)
            and (not (self.codes or self.text) or bool(named))
        )


SIGN_IN, REPORT = (Endpoint.SIGN_IN,), (Endpoint.REPORT,)
RETRIED = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY)
DATES_STATUSES = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND)
TOKEN_REJECTED = (
    f"Zoom rejects an access token that it has just issued: check the app {MARKETPLACE}, and whether another program"
    " signs in with the same app, because its sign-in may revoke this token."
)
NO_RIGHTS = (
    "The Zoom user who owns the app may not see the report: grant that user's role the permissions Reports > Usage"
    " reports: View and {permission}."
)

SIGN_IN_REFUSED = (
    f"Zoom refuses the sign-in: compare the three credentials in the secret with App Credentials {MARKETPLACE}, and"
    " check ZOOM_OAUTH_URL."
)
DATES_REFUSED = (
    "Zoom refuses the report's dates, or another parameter: if every run ends with this, check ZOOM_API_URL, and ask"
    " Zoom's support."
)
NEAR = ".{0,80}?"  # a bounded distance, so that no text makes the search slow
OFF = "(disabled|deactivated|suspended|inactive)"

RULES = (
    # Zoom answers with a JSON object; the only known exception is a 401 without a body.
    Rule(AccessTokenRejectedError, TOKEN_REJECTED, REPORT, (HTTPStatus.UNAUTHORIZED,), json=False),
    Rule(
        ZoomRefusedError,
        "The request is too long for the server that answers in place of Zoom's {endpoint}, such as a proxy: raise its"
        " limits for URLs and headers.",
        statuses=(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.REQUEST_URI_TOO_LONG,
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        ),
        json=False,
    ),
    Rule(
        ZoomRefusedError,
        "Another server, such as a proxy or a firewall, answers in place of Zoom's {endpoint}: let the function reach"
        " Zoom, or correct ZOOM_API_URL and ZOOM_OAUTH_URL.",
        json=False,
    ),
    # Of both endpoints.
    Rule(
        ZoomRefusedError,
        f"The Zoom app is deactivated: activate it {MARKETPLACE}.",
        codes=(4717,),
        text=rf"\bapp\b{NEAR}\b{OFF}\b",
    ),
    Rule(
        ZoomRefusedError,
        "The Zoom account is not active: ask its owner, or Zoom's support, to activate it.",
        text=rf"\baccount\b{NEAR}\b{OFF}\b",
    ),
    Rule(
        ZoomRefusedError,
        "The Zoom account may not use Zoom's REST API: ask its owner, or Zoom's support, to enable it.",
        text=r"\brest api\b",
    ),
    # Of the sign-in.
    Rule(
        CredentialsRejectedError,
        "Zoom does not know this client id and client secret: copy both again from App Credentials"
        f" {MARKETPLACE} into the secret; a Zoom for Government account needs the zoomgov.com URLs.",
        SIGN_IN,
        text="invalid_client|invalid client_id",
    ),
    Rule(
        ZoomRefusedError,
        "These credentials belong to an app of another type: create a Server-to-Server OAuth app.",
        SIGN_IN,
        text="unsupported[_ ]grant[_ ]type|oauth app type",
    ),
    Rule(ZoomRefusedError, SIGN_IN_REFUSED, SIGN_IN, text="invalid token"),
    Rule(
        ZoomRefusedError,
        f"Zoom does not know this account id for this app: copy account_id again from App Credentials {MARKETPLACE}"
        " into the secret.",
        SIGN_IN,
        text="invalid_request|account does not exist",
    ),
    Rule(ZoomRefusedError, SIGN_IN_REFUSED, SIGN_IN),
    # Of the report.
    Rule(
        ZoomRefusedError,
        f"The Zoom app lacks the scope {{scope}}: add it {MARKETPLACE} and activate the app again.",
        codes=(4711,),
        text="does not contain scopes",
    ),
    Rule(AccessTokenRejectedError, TOKEN_REJECTED, codes=(124,), text="access token|token cannot be empty"),
    Rule(AccessTokenRejectedError, TOKEN_REJECTED, statuses=(HTTPStatus.UNAUTHORIZED,)),
    Rule(
        ZoomRefusedError,
        "The report needs a Zoom plan of Pro or higher: upgrade the account.",
        text=rf"\bpaid\b{NEAR}\baccounts?\b",
    ),
    Rule(
        ZoomRefusedError,
        "The Zoom user who owns the app is not active: let an active administrator own the app.",
        codes=(1001,),
        text=rf"\buser\b{NEAR}\b({OFF}|not exist)\b",
    ),
    Rule(
        ZoomRefusedError,
        "Zoom does not know this account: check account_id in the secret, and ZOOM_API_URL and ZOOM_OAUTH_URL.",
        codes=(2001,),
        text=rf"\baccount\b{NEAR}\bnot exist\b",
    ),
    Rule(ZoomRefusedError, "The report is disabled: enable in Zoom what its answer names.", text=rf"\b{OFF}\b"),
    Rule(
        ZoomRefusedError,
        "The address from which the function reaches Zoom is not allowed: allow it where the answer says, in Zoom or in"
        " a proxy or firewall.",
        statuses=(HTTPStatus.FORBIDDEN,),
        text=r"\bip\b|\ballow ?list|\bwhite ?list",
    ),
    Rule(ZoomRefusedError, NO_RIGHTS, codes=(200,), text="no permission"),
    Rule(ZoomRefusedError, NO_RIGHTS, statuses=(HTTPStatus.FORBIDDEN,), coded=True),
    Rule(
        ZoomRefusedError,
        "The report is forbidden, but the answer has no error code of Zoom's: if it comes from a proxy or a firewall,"
        " let the function reach Zoom.",
        statuses=(HTTPStatus.FORBIDDEN,),
    ),
    Rule(PageTokenExpiredError, statuses=DATES_STATUSES, text="page[ _]?token"),
    Rule(
        ZoomRefusedError,
        "Zoom has no report at this address: check ZOOM_API_URL and ZOOM_OAUTH_URL.",
        codes=(2300,),
        text="endpoint is not recognized|no route matched",
    ),
    Rule(DateTooOldError, DATES_REFUSED, statuses=DATES_STATUSES, text=r"\b(6|six)[ -]months?\b"),
    Rule(DatesRefusedError, DATES_REFUSED, statuses=DATES_STATUSES),
    Rule(
        ZoomRefusedError,
        "Zoom refuses the request in a way that it does not document: check ZOOM_API_URL and ZOOM_OAUTH_URL; if they"
        " are correct, ask Zoom's support.",
    ),
)


def refuse(
    endpoint: Endpoint,
    report: Report,
    status: int,
    headers: Mapping[str, str],
    body: Mapping[str, Any] | None,
    now: datetime,
) -> NoReturn:
    """Raise the meaning of an answer of this endpoint, for this report, with an HTTP status other than 200; `body` is
    its JSON object, None without one. A `Retry-After` in seconds counts from `now` (UTC)."""
    text = text_of(body or {})
    lower = text.lower()
    if HTTPStatus.TOO_MANY_REQUESTS in (status, (body or {}).get("code")):
        raise RateLimitedError(not_before(headers, lower, now), daily=names_daily_limit(headers, lower))
    if status in RETRIED or not HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        raise UnusableAnswerError(f"HTTP {status}")
    rule = next(rule for rule in RULES if rule.fits(endpoint, status, body, lower))
    said = f"Zoom says: HTTP {status}, {text[:LONGEST_QUOTE] or 'no message'}"
    names = {"records": report.records, "scope": report.scope, "permission": report.permission}
    raise rule.error(f"{rule.sentence.format(endpoint=endpoint.value, **names)} ({said})")


def text_of(body: Mapping[str, Any]) -> str:
    """Return the text in the body of an error, safe to log, and short enough to search."""
    errors = body.get("errors")
    details = [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    said = [body.get(field) for field in TEXT_FIELDS]
    said += [error.get(field) for error in details for field in ("field", "message")]
    text = " ".join(str(part) for part in said if part)
    return " ".join(text.encode(errors="backslashreplace").decode().split())[:LONGEST_TEXT]
