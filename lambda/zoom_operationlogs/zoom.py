"""The client for Zoom's report of operation logs, with its Server-to-Server OAuth sign-in.

Sources: Zoom, Get operation logs report (`reportOperationLogs`), and Zoom, Server-to-Server OAuth (developers.zoom.us).
`zoom_refusals` says what an error answer means.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

import requests
import tenacity

from .errors import (
    AccessTokenRejectedError,
    CredentialsRejectedError,
    OutOfTimeError,
    RateLimitedError,
    UnusableAnswerError,
    ZoomRefusedError,
    ZoomUnavailableError,
)
from .zoom_rate_limits import daily_quota
from .zoom_refusals import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from .deadline import Deadline
    from .records import Record
    from .settings import Credentials
    from .zoom_rate_limits import Quota

ATTEMPTS = 6
LONG_AGO = datetime.min.replace(tzinfo=UTC)
ACCESS_TOKEN_MARGIN = timedelta(minutes=1)
SHORT_PAUSE = timedelta(minutes=1)  # after a 429 that does not say when to call again


@dataclass(frozen=True)
class Page:
    """One page of the report, newest record first; `next_token` is empty on the last page."""

    records: list[Record]
    next_token: str


@dataclass
class Session:
    """What a Lambda execution environment keeps from run to run: the connections and the access token."""

    http: requests.Session
    access_token: str = ""
    expires: datetime = LONG_AGO


class Zoom:
    """The report, for one run. Waits and timeouts are clipped to the run's deadline.

    `calls` counts the requests for pages, `rate_limited` the answers with status 429. `quota` is the daily limit as of
    the last answer that named it.
    """

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
        """Take the services of a run; `credentials(True)` bypasses the cache of the credentials."""
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

        Raises `RateLimitedError` (its `until` is set), `PageTokenExpiredError`, `DatesRefusedError`,
        `ZoomRefusedError`, `ZoomUnavailableError`, `OutOfTimeError`, and what `credentials` raises.
        """
        query = {"from": first.isoformat(), "to": last.isoformat(), "page_size": str(page_size)}
        if token:
            query["next_page_token"] = token
        return self._retrying(lambda: self._report(query))

    def _retrying(self, attempt: Callable[[], Page]) -> Page:
        """Retry until an answer is usable, a wait does not fit into the run, or the attempts are used up."""
        backoff = tenacity.wait_exponential_jitter(multiplier=1, max=20)

        def wait(call: tenacity.RetryCallState) -> float:
            error = call.outcome.exception() if call.outcome else None
            until = error.until if isinstance(error, RateLimitedError) else None
            # At least the backoff: Zoom may name a time that has passed, and refuse again.
            return max(backoff(call), (until - self._clock()).total_seconds() if until else 0.0)

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type((UnusableAnswerError, RateLimitedError)),
            wait=wait,
            stop=lambda call: call.attempt_number >= ATTEMPTS or call.upcoming_sleep >= self._deadline.work_seconds(),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(attempt)
        except RateLimitedError as error:
            raise RateLimitedError(error.until or self._clock() + SHORT_PAUSE, daily=error.daily) from None
        except ZoomRefusedError:
            self._session.expires = LONG_AGO  # sign in again next time: a token keeps the scopes it was issued with
            raise
        except UnusableAnswerError as error:
            raise ZoomUnavailableError(
                f"Zoom gave no usable answer after several tries ({error}); the next run tries again."
            ) from None

    def _report(self, query: Mapping[str, str]) -> Page:
        """Request one page, once more with a new access token if Zoom rejects the current one."""
        try:
            return self._report_with(self._access_token(), query)
        except AccessTokenRejectedError:
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
        """Return the access token, renewed a minute before it expires: after an hour (Zoom, Server-to-Server OAuth)."""
        if renew or self._clock() + ACCESS_TOKEN_MARGIN >= self._session.expires:
            credentials = self._credentials(False)
            try:
                answer = self._sign_in(credentials)
            except CredentialsRejectedError:
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
            raise UnusableAnswerError("the sign-in answer holds no access token")
        return answer

    def _send(self, method: str, url: str, **options: Any) -> requests.Response:
        try:
            timeout = self._deadline.clip(self._timeout)
            return self._session.http.request(method, url, timeout=timeout, allow_redirects=False, **options)
        except requests.RequestException as error:
            if self._deadline.work_seconds() <= 0:
                raise OutOfTimeError from None
            # Only the class of the error: its text could quote the request.
            raise UnusableAnswerError(f"{type(error).__name__} at {url}") from None

    def _answer(self, response: requests.Response) -> Mapping[str, Any]:
        """Return the JSON object in a successful answer. Raises what an error answer means."""
        if response.status_code == requests.codes.too_many_requests:
            self.rate_limited += 1
        if response.status_code != requests.codes.ok:
            refuse(response.status_code, response.headers, _json_object(response.content), self._clock())
        answer = _json_object(response.content)
        if answer is None:
            raise UnusableAnswerError("the answer is not a JSON object")
        return answer


def page_of(answer: Mapping[str, Any]) -> Page:
    """Return the page in a JSON answer. Raises `UnusableAnswerError` if it has another form."""
    records, token = answer.get("operation_logs"), answer.get("next_page_token") or ""
    if (
        not isinstance(records, list)
        or not all(isinstance(record, dict) for record in records)
        or not isinstance(token, str)
    ):
        raise UnusableAnswerError("the answer holds no list of records")
    return Page(records, token)


def _json_object(content: bytes) -> dict[str, Any] | None:
    """Return the JSON object, None if the content is not one. Python would accept NaN and Infinity, which are not JSON,
    and read 1e999 as infinity; this does not."""
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
