"""The client for one of Zoom's reports, with its Server-to-Server OAuth sign-in.

Sources: those of `reports`, and Zoom, Server-to-Server OAuth (developers.zoom.us). `zoom_refusals` interprets error
answers.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from json import dumps
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import requests
import tenacity

from .bounds import ANSWER_BYTES, PAGE_BYTES, parse_json
from .errors import (
    AccessTokenRejectedError,
    OutOfTimeError,
    RateLimitedError,
    TimeLimitError,
    UnusableAnswerError,
    ZoomRefusedError,
    ZoomUnavailableError,
)
from .zoom_http import exchange
from .zoom_page import Page, page_of
from .zoom_rate_limits import daily_quota
from .zoom_refusals import LONGEST_QUOTE, Endpoint, refuse, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import date

    from .deadline import Deadline
    from .reports import Report
    from .settings import Credentials
    from .zoom_rate_limits import Quota

ATTEMPTS = 6
LONG_AGO = datetime.min.replace(tzinfo=UTC)
ACCESS_TOKEN_SECONDS = 3600  # of all access tokens (Zoom, Server-to-Server OAuth)
ACCESS_TOKEN_MARGIN = timedelta(minutes=1)
ACCESS_TOKEN = re.compile(r"[!-~]{1,16384}")  # fits into a header
SHORT_PAUSE = timedelta(minutes=1)  # after a 429 that does not say when to call again


@dataclass
class Session:
    """What a Lambda execution environment keeps from run to run: the connections and the access token."""

    http: requests.Session
    access_token: str = ""
    expires: datetime = LONG_AGO
    issued_to: Credentials | None = None  # new credentials must not use a token of the old account


class Zoom:
    """The report, for one run. Waits and timeouts are clipped to the run's deadline.

    `calls` counts the requests for pages, `rate_limited` the answers with status 429. `quota` is the daily limit in the
    last answer that named it. `unreadable` counts the rows that were set aside, by the requested first and last date
    and the reason.
    """

    def __init__(
        self,
        session: Session,
        report: Report,
        oauth_url: str,
        api_url: str,
        credentials: Callable[[bool], Credentials],
        timeout_seconds: float,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        deadline: Deadline,
    ) -> None:
        """Take the services of a run; `credentials(True)` bypasses the cache of the credentials.

        `timeout_seconds` is for each whole request.
        """
        self._session = session
        self.report = report
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
        self.unreadable: Counter[tuple[date, date, str]] = Counter()
        self._app_secrets: set[str] = set()
        self._of_this_run: Credentials | None = None

    def page(self, first: date, last: date, page_size: int, token: str = "") -> Page:
        """Return one page of the report of `first` to `last`, both included, at most a month apart.

        Raises `RateLimitedError` (its `until` is set), `PageTokenExpiredError`, `DatesRefusedError`,
        `ZoomRefusedError`, `ZoomUnavailableError`, `OutOfTimeError`, and what `credentials` raises.
        """
        query = {"from": first.isoformat(), "to": last.isoformat(), "page_size": str(page_size)}
        if token:
            query["next_page_token"] = token
        page = self._retrying(lambda: self._report(query))
        self.unreadable.update({(first, last, why): count for why, count in page.unreadable.items()})
        return page

    def _retrying(self, attempt: Callable[[], Page]) -> Page:
        """Retry until an answer is usable, a wait does not fit into the run, or the attempts are used up."""
        backoff = tenacity.wait_exponential_jitter(multiplier=1, max=20)

        def wait(call: tenacity.RetryCallState) -> float:
            error = call.outcome.exception() if call.outcome else None
            until = error.until if isinstance(error, RateLimitedError) else None
            # At least the backoff: Zoom may name a time in the past, and refuse again.
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
            self._session.expires = LONG_AGO  # sign in again next time: a token keeps its scopes
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
        url, headers = f"{self._api_url}{self.report.path}", {"Authorization": f"Bearer {access_token}"}
        body = self._body(Endpoint.REPORT, "GET", url, PAGE_BYTES, params=query, headers=headers)
        with self._quoting(body):
            return page_of(body, self.report)

    def _access_token(self, *, renew: bool = False) -> str:
        """Return the access token, renewed a minute before it expires, or if the credentials have changed."""
        credentials = self._of_this_run = self._of_this_run or self._credentials(False)
        session = self._session
        if renew or self._clock() + ACCESS_TOKEN_MARGIN >= session.expires or session.issued_to != credentials:
            try:
                answer = self._sign_in(credentials)
            except ZoomRefusedError:  # the secret may have been corrected since
                rotated = self._credentials(True)
                if rotated == credentials or rotated.account_id != credentials.account_id:
                    raise  # the next run checks whether the checkpoint belongs to the other account
                answer = self._sign_in(rotated)
                self._of_this_run = credentials = rotated
            session.access_token, session.issued_to = answer["access_token"], credentials
            session.expires = self._clock() + _lifetime(answer.get("expires_in"))
        return session.access_token

    def _sign_in(self, credentials: Credentials) -> Mapping[str, Any]:
        """Return the answer to a sign-in, with its access token."""
        account = {"grant_type": "account_credentials", "account_id": credentials.account_id}
        app = (credentials.client_id.encode(), credentials.client_secret.encode())
        self._app_secrets = {credentials.client_secret, b64encode(b":".join(app)).decode()}
        body = self._body(Endpoint.SIGN_IN, "POST", self._oauth_url, ANSWER_BYTES, data=account, auth=app)
        answer = _json_object(body)
        if answer is None:
            raise UnusableAnswerError("the answer to the sign-in is not a JSON object")
        token = answer.get("access_token")
        if not isinstance(token, str) or not ACCESS_TOKEN.fullmatch(token):
            with self._quoting(body):
                raise UnusableAnswerError("the answer to the sign-in contains no usable access token")
        return answer

    def _body(self, endpoint: Endpoint, method: str, url: str, limit: int, **options: Any) -> bytes:
        """Send a request and return the body of a successful answer; raise the error that any other answer means."""
        seconds = self._deadline.clip(self._timeout)
        try:
            answer = exchange(self._session.http, method, url, seconds=seconds, limit=limit, **options)
        except (TimeLimitError, UnusableAnswerError) as error:
            clipped = isinstance(error, TimeLimitError) and seconds < self._timeout
            if clipped or self._deadline.work_seconds() <= 0:  # the time of the run ended
                raise OutOfTimeError from None
            raise UnusableAnswerError(str(error)) from None
        if endpoint is Endpoint.REPORT:
            self.quota = daily_quota(answer.headers) or self.quota
        if answer.status == requests.codes.too_many_requests:
            self.rate_limited += 1
        if answer.status != requests.codes.ok:
            refuse(endpoint, self.report, answer.status, answer.headers, self._error(answer.body), self._clock())
        return answer.body

    def _error(self, body: bytes) -> dict[str, Any] | None:
        """Return the JSON object of an error, None if the body is not one. Secrets are removed: the error may quote the
        request, and the collector quotes the error."""
        found = _json_object(body) if len(body) <= ANSWER_BYTES else None
        return (
            found if found is None else _redacted(found, _spellings({self._session.access_token, *self._app_secrets}))
        )

    @contextmanager
    def _quoting(self, body: bytes) -> Iterator[None]:
        """Quote the body of an answer in an `UnusableAnswerError`: Zoom may send an error with status 200."""
        try:
            yield
        except UnusableAnswerError as error:
            if said := text_of(self._error(body) or {}):
                raise UnusableAnswerError(f"{error}, but says: {said[:LONGEST_QUOTE]}") from None
            raise


def _spellings(secrets: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern that finds the secrets as they are, and in the spelling of JSON, HTML and URLs."""
    texts = {
        spelling
        for secret in secrets
        if secret
        for spelling in (secret, quote(secret), quote(secret, safe=""), escape(secret), dumps(secret)[1:-1])
    }
    return re.compile("|".join(map(re.escape, sorted(texts, key=len, reverse=True))) or "(?!)", re.IGNORECASE)


def _redacted(value: Any, secret: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return secret.sub("***", value)
    if isinstance(value, list):
        return [_redacted(item, secret) for item in value]
    if isinstance(value, dict):
        return {_redacted(name, secret): _redacted(item, secret) for name, item in value.items()}
    return value


def _lifetime(expires_in: Any) -> timedelta:
    """Return how long an access token may be used: at most an hour, and an hour if the answer has no number."""
    if isinstance(expires_in, str) and re.fullmatch("[0-9]{1,9}", expires_in):
        expires_in = int(expires_in)
    usable = isinstance(expires_in, int | float) and not isinstance(expires_in, bool) and expires_in > 0
    return timedelta(seconds=min(expires_in, ACCESS_TOKEN_SECONDS) if usable else ACCESS_TOKEN_SECONDS)


def _json_object(body: bytes) -> dict[str, Any] | None:
    """Return the JSON object, None if the body is not one."""
    try:
        answer = parse_json(body.decode("utf-8-sig"))  # given bytes, Python also takes UTF-16 and UTF-32
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None
