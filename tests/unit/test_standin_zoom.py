"""The stand-in for Zoom answers as Zoom does, at both edges; sources are Zoom's pages and its users' quotes."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import pytest
import requests
from standins.clock import Clock
from standins.zoom import Account, Rules, Zoom, ZoomAdapter, ZoomServer, faults, sample_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Connect = Callable[["Zoom"], "Client"]

pytestmark = pytest.mark.slow

TODAY = date(2025, 3, 12)
YESTERDAY = TODAY - timedelta(days=1)
MONDAY = TODAY - timedelta(days=2)
MORNING = datetime(2025, 3, 12, 9, 0, tzinfo=UTC)
TIMEOUT = 60.0

INVALID_TOKEN = {"code": 124, "message": "Invalid access token."}
EXPIRED_PAGE_TOKEN = {"code": 300, "message": "The next page token is invalid or expired."}
PER_SECOND = {
    "code": 429,
    "message": "You have reached the maximum per-second rate limit for this API. Try again later.",
}
DAILY = {
    "code": 429,
    "message": "You have reached the maximum daily rate limit for this API. Refer to the response header for details"
    " on when you can make another request.",
}


def invalid(field: str) -> dict[str, Any]:
    return {"code": 300, "message": "Validation Failed.", "errors": [{"field": field, "message": "Invalid field."}]}


def at(seconds: float, text: str = "", day: date = YESTERDAY) -> dict[str, Any]:
    """A record of that second of a day."""
    moment = datetime.combine(day, datetime.min.time()) + timedelta(seconds=seconds)
    return {"time": f"{moment:%Y-%m-%dT%H:%M:%S}Z", "action": text or f"{seconds}"}


def flat(pages: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [row for page in pages for row in page]


def multiset(records: list[dict[str, Any]]) -> Counter[str]:
    return Counter(json.dumps(record, sort_keys=True) for record in records)


class Client:
    """Acts as a collector, with at most one sign-in."""

    def __init__(self, zoom: Zoom, session: requests.Session, oauth_url: str, api_url: str) -> None:
        self.zoom, self.session, self.oauth_url, self.api_url = zoom, session, oauth_url, api_url
        self.timeout = TIMEOUT
        self._token = ""

    def sign_in(self, auth: tuple[str, str] | None = None, **form: str) -> requests.Response:
        account = self.zoom.account
        return self.session.post(
            self.oauth_url,
            data={"grant_type": "account_credentials", "account_id": account.id, **form},
            auth=auth or (account.client_id, account.client_secret),
            timeout=self.timeout,
        )

    @property
    def token(self) -> str:
        self._token = self._token or self.sign_in().json()["access_token"]
        return self._token

    def get(self, query: dict[str, Any], token: str | None = None) -> requests.Response:
        return self.session.get(
            f"{self.api_url}/report/operationlogs",
            params=query,
            headers={"Authorization": f"Bearer {self.token if token is None else token}"},
            timeout=self.timeout,
        )

    def page(
        self, first: date = YESTERDAY, last: date | None = None, size: int = 300, page_token: str = "", **more: Any
    ) -> requests.Response:
        query = {"from": first, "to": last or first, "page_size": size, **more}
        return self.get(query | ({"next_page_token": page_token} if page_token else {}))

    def rows(self, first: date = YESTERDAY, last: date | None = None, size: int = 300) -> list[list[dict[str, Any]]]:
        """The pages of a whole sweep."""
        pages, token = [], ""
        while True:
            answer = self.page(first, last, size, token).json()
            pages.append(answer["operation_logs"])
            token = answer["next_page_token"]
            if not token:
                return pages


@pytest.fixture(params=["adapter", "socket"])
def edge(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def connect(edge: str) -> Iterator[Connect]:
    with ExitStack() as open_things:

        def connect(zoom: Zoom) -> Client:
            session = open_things.enter_context(requests.Session())
            session.trust_env = False
            if edge == "adapter":
                session.mount("https://", ZoomAdapter(zoom))
                return Client(zoom, session, "https://zoom.us/oauth/token", "https://api.zoom.us/v2")
            server = open_things.enter_context(ZoomServer(zoom))
            return Client(zoom, session, server.oauth_url, server.api_url)

        yield connect


def actions(client: Client, first: date = YESTERDAY, last: date | None = None) -> list[str]:
    return [record["action"] for page in client.rows(first, last) for record in page]


# Sign-in


def test_sign_in_gives_a_bearer_token_for_an_hour(connect: Connect) -> None:
    client = connect(Zoom(Account(scopes=("report:read:operation_logs:admin", "user:read:admin"))))
    response = client.sign_in()
    answer = response.json()
    assert response.status_code == 200
    assert answer.pop("access_token")
    assert answer == {
        "token_type": "bearer",
        "expires_in": 3599,
        "scope": "report:read:operation_logs:admin user:read:admin",
        "api_url": "https://api.zoom.us",
    }


def test_sign_in_takes_its_parameters_from_the_query_too(connect: Connect) -> None:
    client = connect(Zoom())
    account = client.zoom.account
    response = client.session.post(
        client.oauth_url,
        params={"grant_type": "account_credentials", "account_id": account.id},
        auth=(account.client_id, account.client_secret),
        timeout=TIMEOUT,
    )
    assert response.status_code == 200


INVALID_CLIENT = {"reason": "Invalid client_id or client_secret", "error": "invalid_client"}
UNSUPPORTED_GRANT = {"reason": "unsupported grant type", "error": "unsupported_grant_type"}
INVALID_REQUEST = {"reason": "Bad Request", "error": "invalid_request"}


@pytest.mark.parametrize(
    ("account", "auth", "form", "body"),
    [
        (Account(), ("stand-in-client", "wrong"), {}, INVALID_CLIENT),
        (Account(), ("wrong", "stand-in-secret"), {}, INVALID_CLIENT),
        (Account(), None, {"grant_type": "client_credentials"}, UNSUPPORTED_GRANT),
        (Account(server_to_server=False), None, {}, UNSUPPORTED_GRANT),
        (Account(), None, {"account_id": "another"}, INVALID_REQUEST),
        (
            Account(app_active=False),
            None,
            {},
            {"reason": "The app has been disabled by the developer", "error": "invalid_request"},
        ),
    ],
)
def test_sign_in_is_refused_in_zooms_words(
    connect: Connect, account: Account, auth: tuple[str, str] | None, form: dict[str, str], body: dict[str, str]
) -> None:
    response = connect(Zoom(account)).sign_in(auth, **form)
    assert (response.status_code, response.json()) == (400, body)


@pytest.mark.parametrize(
    "header", ["", "Basic", "Basic not-base64!", "Bearer c3RhbmQtaW4tY2xpZW50OnN0YW5kLWluLXNlY3JldA=="]
)
def test_sign_in_needs_basic_credentials(connect: Connect, header: str) -> None:
    client = connect(Zoom())
    form = {"grant_type": "account_credentials", "account_id": client.zoom.account.id}
    response = client.session.post(client.oauth_url, data=form, headers={"Authorization": header}, timeout=TIMEOUT)
    assert (response.status_code, response.json()) == (400, INVALID_CLIENT)


# Access tokens


def test_report_needs_a_token_in_the_header(connect: Connect) -> None:
    client = connect(Zoom())
    query = {"from": str(YESTERDAY), "to": str(YESTERDAY)}
    for response in (
        client.get(query, token="made-up"),
        client.session.get(
            f"{client.api_url}/report/operationlogs", params={**query, "access_token": client.token}, timeout=TIMEOUT
        ),
    ):
        assert (response.status_code, response.json()) == (401, INVALID_TOKEN)


def test_access_token_ends_by_the_clock(connect: Connect) -> None:
    client = connect(Zoom())
    assert client.page().status_code == 200
    client.zoom.clock.advance(3598)
    assert client.page().status_code == 200
    client.zoom.clock.advance(1)
    response = client.page()
    assert (response.status_code, response.json()) == (401, {"code": 124, "message": "Access token is expired."})


@pytest.mark.parametrize(("newest_only", "status"), [(False, 200), (True, 401)])
def test_new_token_revokes_older_ones_only_for_older_apps(connect: Connect, newest_only: bool, status: int) -> None:
    client = connect(Zoom(rules=Rules(newest_only=newest_only)))
    assert client.page().status_code == 200
    newer = client.sign_in().json()["access_token"]
    assert client.page().status_code == status
    assert client.get({"from": str(YESTERDAY), "to": str(YESTERDAY)}, newer).status_code == 200


def test_revoked_tokens_and_those_of_a_deactivated_app_are_invalid(connect: Connect) -> None:
    client = connect(Zoom())
    client.zoom.account.app_active, old = False, client.token
    assert client.page().json() == INVALID_TOKEN
    client.zoom.account.app_active = True
    assert client.page().status_code == 200
    client.zoom.revoke_access_tokens()
    assert client.page().json() == INVALID_TOKEN
    newer = client.sign_in().json()["access_token"]
    assert newer != old
    assert client.get({"from": str(YESTERDAY), "to": str(YESTERDAY)}, newer).status_code == 200


# Permissions


def test_missing_scope_and_a_token_keeps_its_scopes(connect: Connect) -> None:
    client = connect(Zoom(Account(scopes=("user:read:admin",))))
    refusal = {
        "code": 4711,
        "message": "Invalid access token, does not contain scopes:[report:read:operation_logs:admin].",
    }
    assert (client.page().status_code, client.page().json()) == (400, refusal)
    client.zoom.account.scopes = ("report:read:admin",)  # the classic one
    assert client.page().json() == refusal
    newer = client.sign_in().json()["access_token"]
    assert client.get({"from": str(YESTERDAY), "to": str(YESTERDAY)}, newer).status_code == 200


@pytest.mark.parametrize(
    ("account", "message"),
    [
        (Account(role_sees_reports=False), "No permission."),
        (Account(plan="basic"), "Only available for Paid account: stand-in-account."),
    ],
)
def test_role_and_plan_are_needed(connect: Connect, account: Account, message: str) -> None:
    response = connect(Zoom(account)).page()
    assert (response.status_code, response.json()) == (400, {"code": 200, "message": message})


def test_unknown_endpoint(connect: Connect) -> None:
    client = connect(Zoom())
    response = client.session.get(
        f"{client.api_url}/report/nothing", headers={"Authorization": f"Bearer {client.token}"}, timeout=TIMEOUT
    )
    assert (response.status_code, response.json()["code"]) == (404, 2300)


# Parameters


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": None}, "from"),
        ({"to": None}, "to"),
        ({"from": "2025-3-11"}, "from"),
        ({"from": "11-03-2025"}, "from"),
        ({"from": "2025-02-30"}, "from"),
        ({"to": "2025-03-11T00:00:00Z"}, "to"),
        ({"from": "2025-03-12", "to": "2025-03-11"}, "from"),
        ({"page_size": "0"}, "page_size"),
        ({"page_size": "301"}, "page_size"),
        ({"page_size": "-1"}, "page_size"),
        ({"page_size": "many"}, "page_size"),
        ({"category_type": "Channels"}, "category_type"),
    ],
)
def test_bad_parameters_are_refused_by_name(connect: Connect, query: dict[str, Any], field: str) -> None:
    client = connect(Zoom())
    good = {"from": "2025-03-11", "to": "2025-03-11", "page_size": "300"}
    assert client.get(good).status_code == 200
    response = client.get({**good, **query})
    assert (response.status_code, response.json()) == (400, invalid(field))


def test_answer_has_its_metadata(connect: Connect) -> None:
    client = connect(Zoom())
    client.zoom.add(at(1))
    assert client.page(MONDAY, YESTERDAY, 2).json() == {
        "from": "2025-03-10",
        "to": "2025-03-11",
        "page_size": 2,
        "next_page_token": "",
        "operation_logs": [{"time": "2025-03-11T00:00:01Z", "action": "1"}],
    }


def test_pages_have_30_rows_by_default_and_300_at_most(connect: Connect) -> None:
    client = connect(Zoom())
    client.zoom.add_day(YESTERDAY, 301)
    default = client.get({"from": str(YESTERDAY), "to": str(YESTERDAY)}).json()
    assert (default["page_size"], len(default["operation_logs"])) == (30, 30)
    assert [len(page) for page in client.rows()] == [300, 1]


def test_timestamps_are_cut_to_dates_if_accepted(connect: Connect) -> None:
    client = connect(Zoom(rules=Rules(timestamps=True)))
    client.zoom.add(at(1))
    answer = client.get({"from": "2025-03-11T12:00:00Z", "to": "2025-03-11T13:00:00Z"}).json()
    assert (answer["from"], answer["to"], len(answer["operation_logs"])) == ("2025-03-11", "2025-03-11", 1)


def test_category_filter(connect: Connect) -> None:
    client = connect(Zoom())
    for name in ("User", "User Settings", "Channels"):
        client.zoom.add({**at(1), "category_type": name})

    def found(category: str) -> list[str]:
        return [row["category_type"] for row in client.page(category_type=category).json()["operation_logs"]]

    assert found("user_settings") == ["User Settings"]
    assert found("all") == ["Channels", "User Settings", "User"]


# Dates


def test_both_days_are_included_and_in_utc(connect: Connect) -> None:
    client = connect(Zoom())
    for day in (MONDAY, YESTERDAY, TODAY):
        client.zoom.add(at(0, f"{day} first", day))
        client.zoom.add(at(86399, f"{day} last", day), visible_at=MORNING)
    assert actions(client, MONDAY, YESTERDAY) == [
        "2025-03-11 last",
        "2025-03-11 first",
        "2025-03-10 last",
        "2025-03-10 first",
    ]
    assert actions(client, YESTERDAY) == ["2025-03-11 last", "2025-03-11 first"]


def test_days_may_be_those_of_the_accounts_time_zone(connect: Connect) -> None:
    client = connect(Zoom(rules=Rules(utc_offset=timedelta(hours=-5))))
    for hour in (4, 5, 28, 29):  # in UTC, counted from yesterday's midnight
        client.zoom.add(at(hour * 3600, f"{hour}"))
    assert actions(client) == ["28", "5"]


def test_only_a_month_at_once(connect: Connect) -> None:
    client = connect(Zoom())
    client.zoom.add(at(0, "in", date(2025, 2, 12)))
    client.zoom.add(at(86399, "out", date(2025, 2, 11)))
    answer = client.page(date(2025, 1, 1), TODAY).json()
    assert (answer["from"], answer["to"]) == ("2025-02-12", "2025-03-12")
    assert [row["action"] for row in answer["operation_logs"]] == ["in"]
    assert client.page(date(2025, 1, 1), date(2025, 2, 5)).json()["from"] == "2025-01-06"  # 30 days, not 31
    client.zoom.rules.wide_range = "refuse"
    assert client.page(date(2025, 2, 12), TODAY).status_code == 200
    assert client.page(date(2025, 2, 11), TODAY).json() == invalid("from")


def test_only_six_months_back(connect: Connect) -> None:
    client = connect(Zoom())
    assert client.page(date(2024, 9, 12)).status_code == 200
    response = client.page(date(2024, 9, 11))
    assert (response.status_code, response.json()) == (
        400,
        {"code": 300, "message": "Daily report can only be provided within 6 months prior to the current date."},
    )
    client.zoom.clock.set(datetime(2025, 8, 31, tzinfo=UTC))  # there is no 31st of February
    client.zoom.revoke_access_tokens()
    client = Client(client.zoom, client.session, client.oauth_url, client.api_url)
    assert client.page(date(2025, 2, 28)).status_code == 200
    assert client.page(date(2025, 2, 27)).status_code == 400


def test_tomorrow(connect: Connect) -> None:
    client = connect(Zoom())
    client.zoom.add(at(0, day=TODAY))
    tomorrow = TODAY + timedelta(days=1)
    assert actions(client, TODAY, tomorrow) == ["0"]
    client.zoom.rules.tomorrow = "refuse"
    assert client.page(TODAY, tomorrow).json() == invalid("to")
    assert client.page(TODAY, TODAY).status_code == 200
    client.zoom.rules.utc_offset = timedelta(hours=15)
    assert client.page(TODAY, tomorrow).status_code == 200


# Order


def test_newest_first_whatever_the_order_of_arrival(connect: Connect) -> None:
    client = connect(Zoom())
    for second in (5, 9, 1, 7):
        client.zoom.add(at(second))
        client.page()
    assert actions(client) == ["9", "7", "5", "1"]
    client.zoom.rules.order = "oldest"
    assert actions(client) == ["1", "5", "7", "9"]


def test_newest_first_when_many_are_late(connect: Connect) -> None:
    client = connect(Zoom())
    client.zoom.add(at(500))
    client.page()
    for second in range(200):
        client.zoom.add(at(second), visible_at=MORNING - timedelta(seconds=second))
    assert actions(client) == ["500", *[f"{second}" for second in reversed(range(200))]]


@pytest.mark.parametrize(("ties", "order"), [("newest", "cba"), ("oldest", "abc")])
def test_order_within_a_second(connect: Connect, ties: Any, order: str) -> None:
    client = connect(Zoom(rules=Rules(ties=ties)))
    for text in "abc":
        client.zoom.add(at(1, text))
    assert "".join(actions(client)) == order


def test_shuffled_is_stable_for_a_seed(connect: Connect) -> None:
    def shuffled(seed: int, **rules: Any) -> list[str]:
        client = connect(Zoom(rules=Rules(**rules), seed=seed))
        for number in range(40):
            client.zoom.add(at(1 if rules.get("ties") else number, f"{number}"))
        assert actions(client) == actions(client)
        return actions(client)

    in_order = [f"{number}" for number in reversed(range(40))]
    for rules in ({"order": "shuffled"}, {"ties": "shuffled"}):
        orders = [shuffled(1, **rules), shuffled(1, **rules), shuffled(2, **rules), in_order]
        assert orders[0] == orders[1]
        assert orders[0] != orders[2]
        assert orders[0] != in_order
        assert all(sorted(order) == sorted(in_order) for order in orders)


# Pages


@pytest.mark.parametrize("order", ["newest", "oldest", "shuffled"])
@pytest.mark.parametrize("page_token", ["offset", "snapshot"])
def test_pages_make_up_the_report(connect: Connect, order: Any, page_token: Any) -> None:
    client = connect(Zoom(rules=Rules(order=order, page_token=page_token)))
    client.zoom.add_day(MONDAY, 150, twins=0.1)
    client.zoom.add_day(YESTERDAY, 100)
    pages = client.rows(MONDAY, YESTERDAY, 100)
    assert [len(page) for page in pages] == [100, 100, 50]
    assert multiset(flat(pages)) == multiset(client.zoom.records(MONDAY, YESTERDAY))


def test_last_page_full(connect: Connect) -> None:
    client = connect(Zoom())
    client.zoom.add_day(YESTERDAY, 60)
    assert [len(page) for page in client.rows(size=30)] == [30, 30]


def test_page_token_ends_after_15_minutes(connect: Connect) -> None:
    client = connect(Zoom())
    client.zoom.add_day(YESTERDAY, 90)
    second = client.page(size=30).json()["next_page_token"]
    client.zoom.clock.advance(14 * 60 + 59)
    answer = client.page(size=30, page_token=second).json()
    assert len(answer["operation_logs"]) == 30
    client.zoom.clock.advance(1)
    response = client.page(size=30, page_token=second)
    assert (response.status_code, response.json()) == (400, EXPIRED_PAGE_TOKEN)
    third = client.page(size=30, page_token=answer["next_page_token"])
    assert third.json()["next_page_token"] == ""
    assert client.page(size=30, page_token="made-up").json() == EXPIRED_PAGE_TOKEN


def test_page_token_is_valid_only_for_its_own_query(connect: Connect) -> None:
    client = connect(Zoom())
    client.zoom.add_day(YESTERDAY, 90)
    token = client.page(size=30).json()["next_page_token"]
    assert client.page(size=31, page_token=token).json() == EXPIRED_PAGE_TOKEN
    assert client.page(MONDAY, YESTERDAY, 30, token).json() == EXPIRED_PAGE_TOKEN
    assert client.page(YESTERDAY, TODAY, 30, token).json() == EXPIRED_PAGE_TOKEN
    first = client.page(size=30, page_token=token)
    again = client.page(size=30, page_token=token)
    assert first.json()["operation_logs"] == again.json()["operation_logs"]


def test_page_token_must_be_url_encoded(connect: Connect) -> None:
    client = connect(Zoom())
    client.zoom.add_day(YESTERDAY, 60)
    token = client.page(size=30).json()["next_page_token"]
    url = f"{client.api_url}/report/operationlogs?from={YESTERDAY}&to={YESTERDAY}&page_size=30&next_page_token="
    headers = {"Authorization": f"Bearer {client.token}"}
    assert client.session.get(url + quote(token, safe=""), headers=headers, timeout=TIMEOUT).status_code == 200
    assert client.session.get(url + token, headers=headers, timeout=TIMEOUT).json() == EXPIRED_PAGE_TOKEN


@pytest.mark.parametrize(
    ("page_token", "pages"),
    [
        ("offset", [["6", "5"], ["5", "4"], ["3", "2"], ["1"]]),  # new rows shift the others down
        ("snapshot", [["6", "5"], ["4", "3"], ["2", "1"]]),
    ],
)
def test_arrivals_between_pages(connect: Connect, page_token: Any, pages: list[list[str]]) -> None:
    zoom = Zoom(rules=Rules(page_token=page_token))
    client = connect(zoom)
    for second in range(1, 7):
        zoom.add(at(second))
    seen = []

    def arrive(page: int) -> None:
        seen.append(page)
        if page == 1:
            zoom.add(at(100))

    zoom.on_page = arrive
    assert [[row["action"] for row in page] for page in client.rows(size=2)] == pages
    assert seen == [call.page for call in zoom.calls_to("report")] == list(range(1, len(pages) + 1))


def test_later_pages_miss_a_late_row_in_the_middle(connect: Connect) -> None:
    client = connect(Zoom())
    for second in (1, 2, 3, 4):
        client.zoom.add(at(second))
    client.zoom.add(at(3.5, "late"), visible_at=MORNING + timedelta(seconds=30))
    client.zoom.on_page = lambda page: client.zoom.clock.advance(20)
    assert [[row["action"] for row in page] for page in client.rows(size=1)] == [["4"], ["3"], ["3"], ["2"], ["1"]]
    assert actions(client) == ["4", "late", "3", "2", "1"]


def test_pages_may_hold_fewer_rows_than_asked_for(connect: Connect) -> None:
    client = connect(Zoom(rules=Rules(most_rows=50)))
    client.zoom.add_day(YESTERDAY, 120)
    assert [len(page) for page in client.rows(size=300)] == [50, 50, 20]


def test_pages_may_vary_in_length(connect: Connect) -> None:
    client = connect(Zoom(rules=Rules(fewest_rows=10), seed=3))
    client.zoom.add_day(YESTERDAY, 400)
    *lengths, _ = [len(page) for page in client.rows(size=30)]
    assert min(lengths) >= 10 and max(lengths) <= 30 and len(set(lengths)) > 5


# Lag


def test_records_show_when_they_become_visible(connect: Connect) -> None:
    client = connect(Zoom())
    client.zoom.add(at(1, "late"), visible_at=MORNING + timedelta(hours=26))
    client.zoom.add(at(9 * 3600 + 60, "to come", TODAY))
    assert actions(client, YESTERDAY, TODAY) == []
    client.zoom.clock.advance(59)
    assert actions(client, YESTERDAY, TODAY) == []
    client.zoom.clock.advance(1)
    assert actions(client, YESTERDAY, TODAY) == ["to come"]
    client.zoom.clock.set(MORNING + timedelta(hours=26))
    client.zoom.revoke_access_tokens()
    client = Client(client.zoom, client.session, client.oauth_url, client.api_url)
    assert actions(client, YESTERDAY, TODAY) == ["to come", "late"]


def test_lag(connect: Connect) -> None:
    client = connect(Zoom(rules=Rules(lag=timedelta(minutes=20))))
    client.zoom.add(at(9 * 3600 - 60, day=TODAY))
    client.zoom.clock.advance(19 * 60 - 1)
    assert actions(client, TODAY) == []
    client.zoom.clock.advance(1)
    assert actions(client, TODAY) == [f"{9 * 3600 - 60}"]


# Rate limits


def test_daily_limit(connect: Connect) -> None:
    client = connect(Zoom(rules=Rules(calls_per_day=2)))
    assert client.page().headers["X-RateLimit-Remaining"] == "1"
    good = client.page()
    assert {name: value for name, value in good.headers.items() if name.startswith("X-RateLimit")} == {
        "X-RateLimit-Category": "Heavy",
        "X-RateLimit-Type": "Daily-limit",
        "X-RateLimit-Limit": "2",
        "X-RateLimit-Remaining": "0",
    }
    assert "Retry-After" not in good.headers
    client.zoom.clock.set(datetime(2025, 3, 12, 9, 50, tzinfo=UTC))
    refusal = client.page()
    assert (refusal.status_code, refusal.json()) == (429, DAILY)
    assert refusal.headers["X-RateLimit-Type"] == "Daily-limit"
    assert refusal.headers["X-RateLimit-Limit"] == "2"
    assert refusal.headers["X-RateLimit-Remaining"] == "0"
    assert refusal.headers["Retry-After"] == "2025-03-13T00:00:00Z"
    client.zoom.clock.set(datetime(2025, 3, 12, 23, 59, 59, tzinfo=UTC))
    token = client.sign_in().json()["access_token"]
    assert client.get({"from": "2025-03-11", "to": "2025-03-11"}, token).status_code == 429
    client.zoom.clock.advance(1)
    assert client.get({"from": "2025-03-11", "to": "2025-03-11"}, token).headers["X-RateLimit-Remaining"] == "1"


@pytest.mark.parametrize(("plan", "limit"), [("pro", 30_000), ("business", 60_000)])
def test_daily_limit_is_the_plans_and_shared_with_other_apps(connect: Connect, plan: Any, limit: int) -> None:
    client = connect(Zoom(Account(plan=plan)))
    client.zoom.spend_calls(limit - 1)
    assert client.page().headers["X-RateLimit-Limit"] == f"{limit}"
    assert client.page().status_code == 429


def test_per_second_limit(connect: Connect) -> None:
    client = connect(Zoom(rules=Rules(calls_per_second=2)))
    assert [client.page().status_code for _ in range(3)] == [200, 200, 429]
    refusal = client.page()
    assert refusal.json() == PER_SECOND
    assert not [name for name in refusal.headers if "ratelimit" in name.lower() or name.lower() == "retry-after"]
    client.zoom.clock.advance(1)
    assert client.page().status_code == 200


@pytest.mark.parametrize(
    ("rate_headers", "names"),
    [
        ("counts", {"X-RateLimit-Category", "X-RateLimit-Limit", "X-RateLimit-Remaining"}),
        ("category", {"X-RateLimit-Category"}),
    ],
)
def test_live_answers_may_lack_headers(connect: Connect, rate_headers: Any, names: set[str]) -> None:
    client = connect(Zoom(rules=Rules(calls_per_day=1, rate_headers=rate_headers)))
    for status in (200, 429):
        response = client.page()
        assert response.status_code == status
        assert {name for name in response.headers if name.startswith(("X-Rate", "Retry"))} == names


# Faults


def test_faults_that_are_answers(connect: Connect) -> None:
    client = connect(Zoom())
    plan = client.zoom.faults
    plan.next(faults.invalid_access_token)
    plan.next(faults.per_second_limit)
    plan.next(faults.daily_limit)
    for status in (500, 502, 503, 504):
        plan.next(faults.server_error(status))
    plan.next(faults.expired_page_token)
    plan.next(faults.answer(400, {"code": 4700, "message": "no scopes"}, {"X-More": "1"}))
    answers = [client.page() for _ in range(10)]
    assert [answer.status_code for answer in answers] == [401, 429, 429, 500, 502, 503, 504, 400, 400, 200]
    assert answers[0].json() == INVALID_TOKEN
    assert answers[1].json() == PER_SECOND
    assert "Retry-After" not in answers[1].headers
    assert answers[2].json() == DAILY
    assert answers[2].headers["Retry-After"] == "2025-03-13T00:00:00Z"
    assert answers[3].text.startswith("<html>")
    assert answers[3].headers["Content-Type"] == "text/html"
    assert answers[7].json() == EXPIRED_PAGE_TOKEN
    assert answers[8].json() == {"code": 4700, "message": "no scopes"}
    assert answers[8].headers["X-More"] == "1"
    assert [call.status for call in client.zoom.calls_to("report")] == [answer.status_code for answer in answers]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.reset, requests.ConnectionError),
        (faults.hang, requests.ReadTimeout),
        (faults.truncated, requests.exceptions.ChunkedEncodingError),
    ],
)
@pytest.mark.parametrize("to", ["report", "token"])
def test_faults_of_the_connection(connect: Connect, fault: faults.Fault, error: type[Exception], to: Any) -> None:
    client = connect(Zoom())
    client.zoom.add_day(YESTERDAY, 3)
    call = client.page if to == "report" else client.sign_in
    assert client.page().status_code == 200  # the connection is an old one
    client.zoom.faults.next(fault, to=to)
    client.timeout = 0.15 if fault is faults.hang else TIMEOUT
    with pytest.raises(error) as raised:
        call()
    assert type(raised.value) is error
    client.timeout = TIMEOUT
    assert call().status_code == 200
    assert [call.status for call in client.zoom.calls_to(to)[-2:]] == [200 if fault is faults.truncated else 0, 200]


def test_reset_is_a_reset(connect: Connect) -> None:
    client = connect(Zoom())
    client.zoom.faults.next(faults.reset, to="token")
    with pytest.raises(requests.ConnectionError, match="Connection reset by peer"):
        client.sign_in()


def test_faults_of_the_body(connect: Connect) -> None:
    client = connect(Zoom())
    client.zoom.add_day(YESTERDAY, 60)
    client.zoom.faults.next(faults.not_json)
    response = client.page()
    assert response.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        response.json()
    client.zoom.faults.next(faults.null_list)
    answer = client.page(size=30).json()
    assert answer["operation_logs"] is None
    assert answer["next_page_token"]


def test_short_and_empty_pages_lose_no_row(connect: Connect) -> None:
    client = connect(Zoom())
    client.zoom.add_day(YESTERDAY, 60)
    client.zoom.faults.next(faults.short_page(10))
    client.zoom.faults.at(3, faults.short_page(0))
    pages = client.rows(size=30)
    assert [len(page) for page in pages] == [10, 30, 0, 20]
    assert multiset(flat(pages)) == multiset(client.zoom.records())


def test_empty_page_with_a_token_on_an_empty_day(connect: Connect) -> None:
    client = connect(Zoom())
    client.zoom.faults.next(faults.short_page(0))
    assert client.rows() == [[], []]


def test_repeated_page_token(connect: Connect) -> None:
    client = connect(Zoom())
    client.zoom.add_day(YESTERDAY, 90)
    client.zoom.faults.next(faults.repeated_page_token, times=2)
    token = client.page(size=30).json()["next_page_token"]
    second = client.page(size=30, page_token=token).json()
    assert second["next_page_token"] == token
    third = client.page(size=30, page_token=token).json()
    assert third["operation_logs"] == second["operation_logs"]
    assert third["next_page_token"] not in ("", token)


def test_plan_of_faults(connect: Connect) -> None:
    client = connect(Zoom())
    plan = client.zoom.faults
    client.page()
    plan.at(2, faults.server_error(500))
    plan.next(faults.server_error(502), times=2)
    plan.next(faults.server_error(503), to="token")
    assert plan.pending == 4
    assert [client.page().status_code for _ in range(4)] == [502, 500, 502, 200]
    assert [client.sign_in().status_code for _ in range(2)] == [503, 200]
    assert plan.pending == 0

    plan.rule = lambda request: faults.server_error(504) if request.query["page_size"] == "17" else None
    assert [client.page(size=size).status_code for size in (16, 17)] == [200, 504]
    plan.next(faults.server_error(500))
    plan.clear()
    assert client.page(size=17).status_code == 200
    with pytest.raises(ValueError, match="the next one is 1"):
        plan.at(0, faults.reset)


# Calls and truth


def test_calls_are_recorded_with_their_time_and_without_secrets(connect: Connect) -> None:
    client = connect(Zoom())
    client.zoom.add_day(YESTERDAY, 31)
    client.sign_in(auth=("wrong", "wrong"))
    client.zoom.clock.advance(60)
    client.rows(size=30)
    calls = client.zoom.calls
    assert [(call.endpoint, call.status, call.page) for call in calls] == [
        ("token", 400, 0),
        ("token", 200, 0),
        ("report", 200, 1),
        ("report", 200, 2),
    ]
    assert [call.at for call in calls] == [MORNING, *[MORNING + timedelta(seconds=60)] * 3]
    assert calls[2].query == {"from": "2025-03-11", "to": "2025-03-11", "page_size": "30"}
    assert set(calls[3].query) == {"from", "to", "page_size", "next_page_token"}
    assert len(client.zoom.calls_to("report")) == 2
    assert "stand-in-secret" not in repr(calls)
    assert client.token not in repr(calls)


AWKWARD = [
    {**at(2), "operation_detail": "Activate User a@b.com "},
    {**at(2), "operation_detail": 'tab\t, newline\n, NUL \0, separators \u2028\u2029, quotes " \\ and \x85'},
    {**at(2), "operation_detail": "lone surrogate \ud800 beside Gruppe Ü 🚀"},
    {**at(2), "operation_detail": "x" * 300_000},
    {**at(2), "operator": None, "ip_address": "203.0.113.7", "nested": {"list": [1, 2.5, True]}},
    {"time": "soon", "action": "unusable time"},
    {"time": None, "action": "null time"},
    {"action": "no time"},
    {},
]


def test_records_are_sent_unchanged(connect: Connect) -> None:
    client = connect(Zoom())
    for record in AWKWARD:
        client.zoom.add(record)
    pages = client.rows(YESTERDAY, TODAY)
    assert multiset(flat(pages)) == multiset(AWKWARD)
    assert pages[0][-1] == AWKWARD[0]  # those without a usable time are placed at the time when they were added
    assert len(client.rows(TODAY)[0]) == 4


def test_place_in_the_report_can_be_set(connect: Connect) -> None:
    client = connect(Zoom())
    client.zoom.add({"action": "no time"}, at=datetime(2025, 3, 10, 12, tzinfo=UTC))
    assert actions(client, MONDAY) == ["no time"]


def test_non_ascii_is_sent_as_utf_8(connect: Connect) -> None:
    client = connect(Zoom())
    client.zoom.add(at(1, "Gruppe Ü 🚀"))
    assert "Gruppe Ü 🚀".encode() in client.page().content


def test_two_accounts_are_separate(connect: Connect) -> None:
    other = Account("other", "other-client", "other-secret")
    zoom = Zoom(Account(), other, rules=Rules(calls_per_day=2))
    client = connect(zoom)
    zoom.add(at(1, "first's"))
    zoom.add(at(2, "first's"))
    zoom.reports["other"].add(at(1, "other's"))
    token = client.page(size=1).json()["next_page_token"]
    mixed = client.sign_in(("other-client", "other-secret"))
    assert mixed.json() == INVALID_REQUEST
    their_token = client.sign_in(("other-client", "other-secret"), account_id="other").json()["access_token"]
    query = {"from": "2025-03-11", "to": "2025-03-11", "page_size": "1"}
    answer = client.get(query, their_token)
    assert [row["action"] for row in answer.json()["operation_logs"]] == ["other's"]
    assert answer.headers["X-RateLimit-Remaining"] == "1"
    assert client.get({**query, "next_page_token": token}, their_token).json() == EXPIRED_PAGE_TOKEN
    assert client.page(size=1, page_token=token).status_code == 200


def test_truth_by_day_and_visibility() -> None:
    zoom = Zoom()
    zoom.add(at(5, "shown"))
    zoom.add(at(1, "hidden"), visible_at=MORNING + timedelta(days=1))
    zoom.add(at(1, "other day", MONDAY))
    assert [record["action"] for record in zoom.records()] == ["other day", "shown"]
    assert [record["action"] for record in zoom.records(YESTERDAY, YESTERDAY)] == ["shown"]
    assert [record["action"] for record in zoom.records(YESTERDAY, visible_only=False)] == ["hidden", "shown"]
    assert (zoom.count(), zoom.count(YESTERDAY), zoom.count(None, MONDAY)) == (2, 1, 1)


def test_visible_rows_stay_when_the_clock_moves_back() -> None:
    zoom = Zoom()
    zoom.add(at(9 * 3600, day=TODAY))
    assert zoom.count() == 1
    zoom.clock.set(MORNING - timedelta(hours=1))
    assert zoom.count() == 1


def test_large_day_pages_from_both_ends(connect: Connect) -> None:
    client = connect(Zoom())
    client.zoom.add_day(YESTERDAY, 6_000, twins=0.02)
    pages = client.rows()
    assert [len(page) for page in pages] == [300] * 20
    times = [row["time"] for page in pages for row in page]
    assert times == sorted(times, reverse=True)
    assert multiset(flat(pages)) == multiset(client.zoom.records())


# Sample records


def test_samples_are_the_same_for_a_seed_and_all_different() -> None:
    records = list(sample_records(YESTERDAY, 5000, seed=3))
    assert len(records) == 5000
    assert records == list(sample_records(YESTERDAY, 5000, seed=3))
    assert max(multiset(records).values()) == 1
    others = [*sample_records(YESTERDAY, 5000, seed=4), *sample_records(MONDAY, 5000, seed=3)]
    assert len(multiset(records) & multiset(others)) < 100  # the published ones of that day
    assert {record["time"][:10] for record in records} == {"2025-03-11"}


def test_samples_begin_with_the_real_ones() -> None:
    few = list(sample_records(YESTERDAY, 3))
    assert few == list(sample_records(YESTERDAY, 5000, seed=9))[:3]
    assert few[0] == {
        "time": "2025-03-11T08:22:09Z",
        "operator": "test@test.com",
        "category_type": "Channels",
        "action": "Update",
        "operation_detail": "Assign admin for channel TestChannel3  - test@test.com",
    }


def test_samples_have_the_forms_that_are_hard_for_collectors() -> None:
    records = list(sample_records(YESTERDAY, 2000))
    details = [record["operation_detail"] for record in records]
    assert set().union(*records) == {"time", "operator", "category_type", "action", "operation_detail"}
    assert any("operator" not in record for record in records)
    assert any(detail.endswith(" ") for detail in details)
    assert any("  - " in detail and detail.count(" - ") > 1 for detail in details)
    assert any(not detail.isascii() for detail in details)
    assert any('[{"userId"' in detail for detail in details)
    assert len({record["time"] for record in records}) < 1700  # same-second bursts
    hours = Counter(record["time"][11:13] for record in records)
    assert sum(hours[f"{hour:02}"] for hour in range(8, 17)) > 1200


def test_twins_on_request() -> None:
    records = list(sample_records(YESTERDAY, 1000, twins=0.1))
    assert (len(records), len(multiset(records))) == (1000, 900)
    with pytest.raises(ValueError, match="twins is"):
        list(sample_records(YESTERDAY, 10, twins=0.6))


# The edges and the clock


def test_adapter_passes_time_by_the_clock() -> None:
    zoom = Zoom()
    session = requests.Session()
    session.mount("https://", ZoomAdapter(zoom, latency=0.25))
    client = Client(zoom, session, "https://zoom.us/oauth/token", "https://api.zoom.us/v2")
    client.page()
    assert zoom.clock.now() == MORNING + timedelta(seconds=0.5)
    zoom.faults.next(faults.hang)
    client.timeout = 30
    with pytest.raises(requests.ReadTimeout):
        client.page()
    assert zoom.clock.now() == MORNING + timedelta(seconds=30.5)
    client.timeout = 0.2
    with pytest.raises(requests.ReadTimeout):
        client.page()
    assert zoom.clock.now() == MORNING + timedelta(seconds=30.7)


def test_adapter_requires_a_timeout() -> None:
    session = requests.Session()
    session.mount("https://", ZoomAdapter(Zoom()))
    with pytest.raises(ValueError, match="has no timeout"):
        session.get("https://api.zoom.us/v2/report/operationlogs")
    assert session.get("https://api.zoom.us/v2/report/operationlogs", timeout=(1, 2)).status_code == 401


def test_server_keeps_connections_alive() -> None:
    with ZoomServer(Zoom()) as server:
        address = urlsplit(server.api_url)
        connection = HTTPConnection(address.netloc, timeout=TIMEOUT)
        sockets = []
        for _ in range(2):
            connection.request("GET", f"{address.path}/report/operationlogs")
            assert connection.getresponse().read()
            sockets.append(connection.sock)
        assert sockets[0] is not None
        assert sockets[0] is sockets[1]
        connection.close()


def test_server_has_latency_and_stops_answering_when_it_stops() -> None:
    zoom = Zoom()
    with ZoomServer(zoom, latency=0.05) as server, requests.Session() as session:
        session.trust_env = False
        client = Client(zoom, session, server.oauth_url, server.api_url)
        assert client.page().elapsed >= timedelta(seconds=0.05)
        calls = len(zoom.calls)
        server.stop()
        with pytest.raises(requests.ConnectionError):
            client.page()
        assert len(zoom.calls) == calls


def test_server_answers_concurrent_clients_with_each_row_once() -> None:
    zoom = Zoom()
    zoom.add_day(YESTERDAY, 1000)

    def sweep(server: ZoomServer) -> Counter[str]:
        with requests.Session() as session:
            session.trust_env = False
            return multiset(flat(Client(zoom, session, server.oauth_url, server.api_url).rows(size=50)))

    with ZoomServer(zoom) as server, ThreadPoolExecutor(3) as pool:
        sweeps = list(pool.map(sweep, [server] * 3))
    assert sweeps == [multiset(zoom.records())] * 3
    assert len(zoom.calls_to("report")) == 60


def test_clock() -> None:
    clock = Clock(MORNING)
    clock.advance(1.5)
    clock.sleep(0.5)
    assert clock.now() == MORNING + timedelta(seconds=2)
    assert clock.time() == MORNING.timestamp() + 2
    clock.set(datetime(2025, 3, 12, 1, tzinfo=UTC))
    assert clock.now().hour == 1
    with pytest.raises(ValueError, match="cannot advance"):
        clock.advance(-1)
    with pytest.raises(ValueError, match="no time zone"):
        clock.set(datetime(2025, 3, 12, 1))


def test_ticking_clock_moves_by_itself() -> None:
    clock = Clock(MORNING, ticking=True)
    clock.advance(60)
    first = clock.now()
    while clock.now() == first:
        pass
    assert timedelta(seconds=60) <= clock.now() - MORNING < timedelta(seconds=90)
