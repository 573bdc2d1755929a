"""Zoom's sign-in and its reports as a model in memory: a request in, an answer out, no sockets, no waiting.

Sources: Zoom's schema of `reportOperationLogs` (GET /report/operationlogs; developers.zoom.us, "Get operation logs
report") and of its Video SDK twin, its pages on rate limits, pagination and errors, and answers that users of the
API quote; `served` has the sources for the report of sign-ins. Where sources are silent, `Rules` has the options.
"""

from __future__ import annotations

import base64
import calendar
import json
import random
import re
import threading
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Literal

from standins.clock import Clock

from .faults import Exchange, FaultPlan
from .limits import LimitRules, RateLimits
from .messages import Delivery, RefusalError, Request, Response, api_error, json_response
from .oauth import Account, TokenRules, Tokens
from .report import Report, ReportRules
from .served import CLASSIC_SCOPE, SERVED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .samples import Record

DEFAULT_PAGE_SIZE = 30
LARGEST_PAGE_SIZE = 300
LONGEST_RANGE = timedelta(days=30)  # "one month": the shorter of 30 days and a calendar month, so that either is safe
MONTHS_KEPT = 6
PAGE_TOKEN_LIFETIME = timedelta(minutes=15)
CATEGORIES = {
    *("all", "user", "user_settings", "account", "billing", "im", "recording", "phone_contacts", "webinar"),
    *("sub_account", "role", "zoom_rooms"),
}


@dataclass
class Rules(ReportRules, TokenRules, LimitRules):
    """The options of a test; see also the three bases. May be changed at any time.

    `page_token`: `offset` counts rows from the top, so that arrivals shift them down; `snapshot` keeps the list of page
    one. `wide_range`, of more than a month: `truncate` moves `from`, `refuse` refuses. `tomorrow` as `to`: `accept` or
    `refuse`. `timestamps`: whether `from` and `to` may be date-times, cut to their dates. `most_rows` on any page,
    though the token leads on; with `fewest_rows`, each page holds a number at random between the two.
    """

    page_token: Literal["offset", "snapshot"] = "offset"
    wide_range: Literal["truncate", "refuse"] = "truncate"
    tomorrow: Literal["accept", "refuse"] = "accept"
    timestamps: bool = False
    most_rows: int | None = None
    fewest_rows: int | None = None


@dataclass(frozen=True)
class Call:
    """A request, for tests to check; `page` counts from 1. `page` and `status` are 0 if there was none."""

    at: datetime
    endpoint: str
    query: Mapping[str, str]
    status: int
    page: int = 0


@dataclass(frozen=True)
class _PageToken:
    """Where the next page starts, and for which request."""

    issued: datetime
    report: str
    account: str
    query: Mapping[str, str]
    offset: int
    page: int
    snapshot: list[bytes] | None


class Zoom:
    """The part of Zoom that the collector uses. Thread-safe.

    Tests may move, change and read `clock`, `rules`, `faults`, `calls` and `accounts`. `on_page(n)` is called after the
    n-th page of a sweep, so what it adds comes between two pages. Every report is
    served; records go to `report` and the first account, unless they are added to the `reports[account_id]` of another
    account, or to `reports_of(name)` for another report.
    """

    def __init__(
        self,
        *accounts: Account,
        clock: Clock | None = None,
        rules: Rules | None = None,
        seed: int = 0,
        report: str = "operationlogs",
    ) -> None:
        self.clock = clock or Clock()
        self.rules = rules or Rules()
        self.faults = FaultPlan()
        self.calls: list[Call] = []
        self.on_page: Callable[[int], object] | None = None
        self.account = accounts[0] if accounts else Account()
        self.accounts = {account.id: account for account in accounts or (self.account,)}
        self._lock = threading.RLock()
        self._served = {
            name: {account: Report(self.clock, self.rules, self._lock, seed, name) for account in self.accounts}
            for name in SERVED
        }
        self.reports = self._served[report]
        self._tokens = Tokens(self.rules)
        self._page_tokens: dict[str, _PageToken] = {}
        self._page_tokens_issued = 0
        self._limits = {name: RateLimits(self.rules) for name in self.accounts}
        self._page_made = 0
        self._dice = random.Random(seed)

    def reports_of(self, name: str) -> dict[str, Report]:
        """Return the report of this name, by account."""
        return self._served[name]

    # For tests: fill the report, and read its contents and the calls.

    def add(self, record: Mapping[str, Any], *, visible_at: datetime | None = None, at: datetime | None = None) -> None:
        """Add a record; see `Report.add`."""
        self.reports[self.account.id].add(record, visible_at=visible_at, at=at)

    def add_day(self, day: date, count: int, *, seed: int = 0, twins: float = 0.0) -> None:
        """Add a day of sample records; see `Report.add_day`."""
        self.reports[self.account.id].add_day(day, count, seed=seed, twins=twins)

    def rewrite(self, change: Callable[[Record], Record]) -> None:
        """Show every record in another form from now on; see `Report.rewrite`."""
        self.reports[self.account.id].rewrite(change)

    def records(
        self, first: date | None = None, last: date | None = None, *, visible_only: bool = True
    ) -> list[Record]:
        """Return the truth; see `Report.records`."""
        return self.reports[self.account.id].records(first, last, visible_only=visible_only)

    def count(self, first: date | None = None, last: date | None = None) -> int:
        """Return how many records of those days are visible."""
        return self.reports[self.account.id].count(first, last)

    def calls_to(self, endpoint: Literal["report", "token", "other"]) -> list[Call]:
        """Return the calls to an endpoint, in their order."""
        return [call for call in self.calls if call.endpoint == endpoint]

    def revoke_access_tokens(self) -> None:
        """Revoke every access token issued so far; new ones are valid."""
        with self._lock:
            self._tokens.revoke()

    def spend_calls(self, calls: int) -> None:
        """Count calls of the first account's other apps against its limits."""
        with self._lock:
            self._limits[self.account.id].spend(calls, self.clock.now())

    # For clients.

    def handle(
        self, method: str, path: str, headers: Mapping[str, str], query: Mapping[str, str], body: bytes = b""
    ) -> Response:
        """Answer a request, and add it to `calls`."""
        request = Request(method, path, {name.lower(): value for name, value in headers.items()}, query, body)
        with self._lock:
            now = self.clock.now()
            self._page_made = 0

            def ordinary(most_rows: int | None = None) -> Response:
                try:
                    return self._answer(request, now, most_rows)
                except RefusalError as refusal:
                    return refusal.response

            fault = self.faults.due(request)
            response = fault(Exchange(request, now, ordinary)) if fault else ordinary()
            status = response.status if response.delivery in (Delivery.WHOLE, Delivery.TRUNCATED) else 0
            self.calls.append(Call(now, request.endpoint, dict(query), status, self._page_made))
            if self._page_made and self.on_page:
                self.on_page(self._page_made)
            return response

    def _answer(self, request: Request, now: datetime, most_rows: int | None) -> Response:
        if request.endpoint == "token":
            return self._tokens.sign_in(request, self.accounts, now)
        token = self._tokens.bearer(request, now)
        if request.endpoint == "other":
            raise RefusalError(api_error(404, 2300, "This API endpoint is not recognized."))
        rate_headers = self._limits[token.account.id].count(token.account, now)
        _check_rights(SERVED[request.report].scope, token.account, token.scopes)
        page = self._page(request.report, request.query, token.account.id, now, most_rows)
        return replace(page, headers={**page.headers, **rate_headers})

    def _page(
        self, name: str, query: Mapping[str, str], account: str, now: datetime, most_rows: int | None
    ) -> Response:
        first, last, page_size, category = self._asked(name, query, now)
        place = self._place(name, query, account, now)
        most = min(rows for rows in (page_size, self.rules.most_rows, most_rows) if rows is not None)
        if self.rules.fewest_rows is not None:
            most = self._dice.randint(min(self.rules.fewest_rows, most), most)
        report = self._served[name][account]
        if place.snapshot is None and self.rules.page_token == "snapshot":
            place = replace(place, snapshot=report.listing(first, last, category))
        if place.snapshot is None:
            rows, more = report.page(first, last, category, place.offset, most)
        else:
            rows = place.snapshot[place.offset : place.offset + most]
            more = place.offset + len(rows) < len(place.snapshot)
        next_token = ""
        if more or most == 0:
            next_token = self._issue(replace(place, issued=now, offset=place.offset + len(rows), page=place.page + 1))
        self._page_made = place.page
        head = json.dumps({"from": str(first), "to": str(last), "page_size": page_size, "next_page_token": next_token})
        rows_of = f'{head[:-1]}, "{SERVED[name].rows}": ['
        return json_response(200, rows_of.encode() + b",".join(rows) + b"]}")

    def _asked(self, name: str, query: Mapping[str, str], now: datetime) -> tuple[date, date, int, str]:
        """Return the days, page size and category ("" for all) of a query; raise `RefusalError`."""
        first, last = self._day(query, "from"), self._day(query, "to")
        if first > last:
            raise _invalid("from")
        today = (now + self.rules.utc_offset).date()
        if last > today and self.rules.tomorrow == "refuse":
            raise _invalid("to")
        if first < months_before(today, MONTHS_KEPT):
            raise RefusalError(
                api_error(400, 300, "Daily report can only be provided within 6 months prior to the current date.")
            )
        earliest = max(months_before(last, 1), last - LONGEST_RANGE)
        if first < earliest and self.rules.wide_range == "refuse":
            raise _invalid("from")
        size = query.get("page_size", str(DEFAULT_PAGE_SIZE))
        if not re.fullmatch(r"[0-9]{1,6}", size) or not 1 <= int(size) <= LARGEST_PAGE_SIZE:
            raise _invalid("page_size")
        category = query.get("category_type", "all")
        if not SERVED[name].categories:
            category = "all"  # no parameter of this report
        if category not in CATEGORIES:
            raise _invalid("category_type")
        return max(first, earliest), last, int(size), "" if category == "all" else category

    def _day(self, query: Mapping[str, str], name: str) -> date:
        form = r"\d{4}-\d\d-\d\d(T.*)?" if self.rules.timestamps else r"\d{4}-\d\d-\d\d"
        value = query.get(name, "")
        try:
            if re.fullmatch(form, value, re.ASCII):
                return date.fromisoformat(value[:10])
        except ValueError:
            pass
        raise _invalid(name)

    def _place(self, name: str, query: Mapping[str, str], account: str, now: datetime) -> _PageToken:
        """Return where the page starts: at the top, or at the page token; raise `RefusalError`."""
        asked = {name: value for name, value in query.items() if name != "next_page_token"}
        token = query.get("next_page_token", "")
        if not token:
            return _PageToken(now, name, account, asked, offset=0, page=1, snapshot=None)
        place = self._page_tokens.get(token)
        if (
            place is None
            or (place.report, place.account, place.query) != (name, account, asked)
            or now - place.issued >= PAGE_TOKEN_LIFETIME
        ):
            raise RefusalError(api_error(400, 300, "The next page token is invalid or expired."))
        return place

    def _issue(self, place: _PageToken) -> str:
        """Return a token for that place: opaque, and wrong if a client does not URL-encode it."""
        while self._page_tokens:
            oldest = next(iter(self._page_tokens))
            if place.issued - self._page_tokens[oldest].issued < PAGE_TOKEN_LIFETIME:
                break
            del self._page_tokens[oldest]
        self._page_tokens_issued += 1
        digest = blake2b(b"%d" % self._page_tokens_issued, digest_size=15).digest()
        token = f"{base64.b64encode(digest).decode()}+/&=="
        self._page_tokens[token] = place
        return token


def months_before(day: date, months: int) -> date:
    """Return the same day so many months before, or the last one of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _check_rights(scope: str, account: Account, scopes: frozenset[str]) -> None:
    """Raise `RefusalError` if the token's scopes, the account's plan or the owner's role do not allow the report."""
    if not scopes & {scope, CLASSIC_SCOPE}:
        raise RefusalError(api_error(400, 4711, f"Invalid access token, does not contain scopes:[{scope}]."))
    if account.plan == "basic":
        raise RefusalError(api_error(400, 200, f"Only available for Paid account: {account.id}."))
    if not account.role_sees_reports:
        raise RefusalError(api_error(400, 200, "No permission."))


def _invalid(name: str) -> RefusalError:
    return RefusalError(
        api_error(400, 300, "Validation Failed.", errors=[{"field": name, "message": "Invalid field."}])
    )
