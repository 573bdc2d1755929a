"""Zoom's operation-log report and the Server-to-Server OAuth sign-in it needs: HTTP in, pages or a plain refusal out.

Facts on the API come from Zoom's own schema of `reportOperationLogs` (developers.zoom.us, "Get operation logs report"),
its pages on rate limits and on Server-to-Server OAuth, and answers quoted by its users.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NoReturn

import requests
import tenacity

from .deadline import OutOfTime
from .errors import CollectorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .deadline import Deadline
    from .records import Record
    from .settings import Credentials

ATTEMPTS = 6
LONG_AGO = datetime.min.replace(tzinfo=UTC)
TOKEN_MARGIN = timedelta(minutes=1)
DAILY_LIMIT_SLACK = timedelta(minutes=10)  # past midnight UTC, when Zoom's daily limit starts anew
SHORT_PAUSE = timedelta(minutes=1)
LEAST_DAILY_LIMIT = 1000  # Zoom's smallest daily limit; no per-second limit is as large
MARKETPLACE = "at marketplace.zoom.us (Manage > your Server-to-Server OAuth app)"


class ZoomRefused(CollectorError):  # noqa: N818
    """Zoom refuses for a reason that only its administrator can change."""


class ZoomUnavailable(CollectorError):  # noqa: N818
    """Zoom gave no usable answer after several tries."""


class RateLimited(Exception):  # noqa: N818 - not an error: the schedule comes back
    """Zoom's limit is reached, the `daily` one or another; `until` is when it may be asked again, None if not said."""

    def __init__(self, until: datetime | None, *, daily: bool) -> None:
        super().__init__(f"rate limited until {until}")
        self.until = until
        self.daily = daily


class PageTokenExpired(Exception):  # noqa: N818
    """The page token is older than 15 minutes, or was never Zoom's."""


class RangeRefused(CollectorError):  # noqa: N818
    """Zoom refuses the request's parameters."""


class DateTooOld(RangeRefused):
    """Zoom keeps six months, and says that the date asked for is not of them."""


class _Transient(Exception):  # noqa: N818
    """An answer that another try may better."""


class _CredentialsRejected(ZoomRefused):
    """Zoom does not accept the client id and secret."""


class _TokenRejected(ZoomRefused):
    """Zoom does not accept the access token."""


@dataclass(frozen=True)
class Page:
    """One page of the report; `next_token` is empty on the last."""

    records: list[Record]
    next_token: str


@dataclass
class Session:
    """What outlives a run in a warm Lambda: the connections, and the access token, which is good for an hour."""

    http: requests.Session
    access_token: str = ""
    expires: datetime = LONG_AGO


@dataclass(frozen=True)
class Quota:
    """Zoom's daily limit, shared by every app of the account: calls in all, and calls left."""

    limit: int
    remaining: int

    @property
    def low(self) -> bool:
        """Tell whether under a quarter is left, which is for the tail alone."""
        return self.remaining < self.limit / 4


class Zoom:
    """The report, for one run: asks, waits and retries within the run's deadline."""

    def __init__(
        self,
        session: Session,
        oauth_url: str,
        api_url: str,
        credentials: Callable[[bool], Credentials],
        timeout_seconds: float,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        deadline: Deadline,
    ) -> None:
        """Take the clients and clock; `credentials(fresh)` gives the credentials, read anew where `fresh` is true."""
        self._session = session
        self._oauth_url = oauth_url
        self._api_url = api_url
        self._credentials = credentials
        self._timeout = timeout_seconds
        self._clock = clock
        self._sleep = sleep
        self._deadline = deadline
        self.calls = 0
        self.rate_limited = 0
        self.quota: Quota | None = None

    def page(self, first: date, last: date, page_size: int, token: str = "") -> Page:
        """Return one page of the report of `first` to `last`, both included, at most a month apart.

        Raises `RateLimited`, `PageTokenExpired`, `RangeRefused`, `ZoomRefused`, `ZoomUnavailable` and `OutOfTime`.
        """
        query = {"from": first.isoformat(), "to": last.isoformat(), "page_size": str(page_size)}
        if token:
            query["next_page_token"] = token
        return self._retrying(lambda: self._report(query))

    def _retrying(self, attempt: Callable[[], Page]) -> Page:
        """Try until an answer is usable, a wait does not fit into the run, or the tries are used up."""
        backoff = tenacity.wait_exponential_jitter(multiplier=1, max=20)

        def wait(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.until if isinstance(error, RateLimited) else None
            # Never sooner than by itself: a limit may say that it is over, and refuse again.
            return max(backoff(state), (asked - self._clock()).total_seconds() if asked else 0.0)

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type((_Transient, RateLimited)),
            wait=wait,
            stop=lambda state: state.attempt_number >= ATTEMPTS or state.upcoming_sleep >= self._deadline.left(),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(attempt)
        except RateLimited as error:
            raise RateLimited(error.until or self._clock() + SHORT_PAUSE, daily=error.daily) from None
        except ZoomRefused:
            self._session.expires = LONG_AGO  # a token keeps the scopes it was issued with, also when they are mended
            raise
        except _Transient as error:
            raise ZoomUnavailable(
                f"Zoom gave no usable answer after several tries ({error}); the next run tries again."
            ) from None

    def _report(self, query: Mapping[str, str]) -> Page:
        """Ask for one page, with one new access token where Zoom rejects the one at hand."""
        try:
            return self._report_with(self._access_token(), query)
        except _TokenRejected:
            return self._report_with(self._access_token(renew=True), query)

    def _report_with(self, access_token: str, query: Mapping[str, str]) -> Page:
        self.calls += 1
        response = self._send(
            "GET",
            f"{self._api_url}/report/operationlogs",
            params=query,
            headers={"Authorization": f"Bearer {access_token}", "Accept": "application/json"},
        )
        self.quota = daily_quota(response.headers) or self.quota
        return page_of(self._answer(response))

    def _access_token(self, *, renew: bool = False) -> str:
        """Return an access token that lives a minute longer at least; a token is good for an hour."""
        if renew or self._clock() + TOKEN_MARGIN >= self._session.expires:
            credentials = self._credentials(False)
            try:
                answer = self._sign_in(credentials)
            except _CredentialsRejected:
                rotated = self._credentials(True)
                if rotated == credentials:
                    raise
                answer = self._sign_in(rotated)
            lifetime = timedelta(seconds=int(answer.get("expires_in") or 3600))
            self._session.access_token = str(answer["access_token"])
            self._session.expires = self._clock() + lifetime
        return self._session.access_token

    def _sign_in(self, credentials: Credentials) -> Mapping[str, Any]:
        response = self._send(
            "POST",
            self._oauth_url,
            data={"grant_type": "account_credentials", "account_id": credentials.account_id},
            auth=(credentials.client_id.encode(), credentials.client_secret.encode()),
            headers={"Accept": "application/json"},
        )
        answer = self._answer(response)
        if not answer.get("access_token"):
            raise _Transient("the sign-in answer holds no access token")
        return answer

    def _send(self, method: str, url: str, **options: Any) -> requests.Response:
        try:
            timeout = self._deadline.clip(self._timeout)
            return self._session.http.request(method, url, timeout=timeout, allow_redirects=False, **options)
        except requests.RequestException as error:
            if self._deadline.left() <= 0:
                raise OutOfTime from None
            # The class says what happened; the text could quote the request.
            raise _Transient(f"{type(error).__name__} at {url}") from None

    def _answer(self, response: requests.Response) -> Mapping[str, Any]:
        """Return the JSON object of a good answer; raise what a bad one means."""
        if response.status_code == requests.codes.too_many_requests:
            self.rate_limited += 1
        if response.status_code != requests.codes.ok:
            refuse(response.status_code, response.headers, _json_object(response.content), self._clock())
        answer = _json_object(response.content)
        if answer is None:
            raise _Transient("the answer is not a JSON object")
        return answer


def page_of(answer: Mapping[str, Any]) -> Page:
    """Return the page that a JSON answer holds; an answer without its list of records is worth another try."""
    records, token = answer.get("operation_logs"), answer.get("next_page_token") or ""
    if (
        not isinstance(records, list)
        or not all(isinstance(record, dict) for record in records)
        or not isinstance(token, str)
    ):
        raise _Transient("the answer holds no list of records")
    return Page(records, token)


def refuse(status: int, headers: Mapping[str, str], body: Mapping[str, Any] | None, now: datetime) -> NoReturn:
    """Raise what a bad answer means. Zoom overloads its codes 200 and 300, so status, code and text decide together."""
    body = body or {}
    code = body.get("code")
    text = " ".join(str(body[key]) for key in ("message", "reason", "error", "errorMessage") if body.get(key))
    said = f"Zoom says: HTTP {status}, {text or 'no message'}"
    lower = text.lower()
    if status == requests.codes.too_many_requests:
        raise RateLimited(not_before(headers, lower, now), daily=names_daily_limit(headers, lower))
    if status >= requests.codes.server_error or status == requests.codes.request_timeout:
        raise _Transient(f"HTTP {status}")
    if code == 124 or (status == requests.codes.unauthorized and code is None and not body.get("error")):
        raise _TokenRejected(
            f"Zoom rejects an access token that it has just issued: look at the app's state {MARKETPLACE}. ({said})"
        )
    if "invalid_client" in lower:
        raise _CredentialsRejected(
            "Zoom does not know this client id and client secret: copy both anew from App Credentials"
            f" {MARKETPLACE} into the secret; a government account needs the zoomgov.com addresses. ({said})"
        )
    if "unsupported_grant_type" in lower or "unsupported grant type" in lower or "oauth app type" in lower:
        raise ZoomRefused(
            f"These credentials belong to an app of another type: create a Server-to-Server OAuth app. ({said})"
        )
    if code == 4717 or "disabled" in lower or "deactivated" in lower:
        raise ZoomRefused(f"The Zoom app is deactivated: activate it {MARKETPLACE}. ({said})")
    if "invalid_request" in lower or "account does not exist" in lower:
        raise ZoomRefused(
            f"Zoom does not know this account id for this app: copy account_id anew from App Credentials {MARKETPLACE}"
            f" into the secret. ({said})"
        )
    if code in (4700, 4711) or "does not contain scopes" in lower:
        raise ZoomRefused(
            f"The Zoom app lacks the scope report:read:operation_logs:admin: add it {MARKETPLACE} and activate the app"
            f" again. ({said})"
        )
    if "paid account" in lower:
        raise ZoomRefused(f"The report needs a Zoom plan of Pro or higher: upgrade the account. ({said})")
    if code == 200 or status == requests.codes.forbidden:
        raise ZoomRefused(
            "The Zoom user who owns the app may not see the report: give that user's role the rights Reports > Usage"
            f" reports: View and User activity reports > Admin Activity Logs: View. ({said})"
        )
    if "page token" in lower:
        raise PageTokenExpired
    if re.search(r"\b(6|six) months", lower):
        raise DateTooOld(f"Zoom refuses the report's parameters. ({said})")
    if code == 300 or status == requests.codes.bad_request:
        raise RangeRefused(f"Zoom refuses the report's parameters. ({said})")
    raise ZoomRefused(f"Zoom refuses the request: check ZOOM_API_URL and ZOOM_OAUTH_URL. ({said})")


def not_before(headers: Mapping[str, str], text: str, now: datetime) -> datetime | None:
    """Return when Zoom may be asked again after a 429, None where it does not say.

    The daily limit comes with `Retry-After` as an ISO date and ends at midnight UTC; the per-second one often with
    nothing (Zoom's page on rate limits). Nothing that Zoom says keeps the collector away past the next midnight.
    """
    latest = next_midnight(now) + DAILY_LIMIT_SLACK
    until = _moment(headers.get("Retry-After", ""), now)
    if until is None and headers.get("X-RateLimit-Reset", "").isdigit():
        until = _from_timestamp(int(headers["X-RateLimit-Reset"]))
    if until is None and names_daily_limit(headers, text):
        until = next_midnight(now)
    return min(until, latest) if until else None


def names_daily_limit(headers: Mapping[str, str], text: str) -> bool:
    """Tell whether a 429 says that it is the daily limit that is reached."""
    return "daily" in text or headers.get("X-RateLimit-Type", "").lower().startswith("daily")


def next_midnight(now: datetime) -> datetime:
    """Return the next midnight UTC, when Zoom's daily limits start anew."""
    return datetime.combine(now.date() + timedelta(days=1), time(), UTC)


def daily_quota(headers: Mapping[str, str]) -> Quota | None:
    """Return the daily limit an answer's headers tell of, None where they tell of the per-second one or of none."""
    limit, remaining = headers.get("X-RateLimit-Limit", ""), headers.get("X-RateLimit-Remaining", "")
    kind = headers.get("X-RateLimit-Type", "").lower()
    if not (limit.isdigit() and remaining.isdigit()) or kind == "qps":
        return None
    if not kind.startswith("daily") and int(limit) < LEAST_DAILY_LIMIT:
        return None
    return Quota(int(limit), int(remaining))


def _moment(value: str, now: datetime) -> datetime | None:
    """Read a `Retry-After`: seconds, an ISO date and time, or an HTTP date."""
    if re.fullmatch(r"\d{1,9}", value):
        return now + timedelta(seconds=int(value))
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            parsed = parse(value)
            return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


def _from_timestamp(seconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _json_object(content: bytes) -> dict[str, Any] | None:
    """Return the JSON object, or None; NaN and Infinity are not JSON, though Python would take them, and 1e999 so."""
    try:
        answer = json.loads(content, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(number: str) -> float:
    value = float(number)
    if math.isinf(value):
        raise ValueError(number)
    return value
