"""How many searches are made, and what the stand-in refuses as Google does."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from google.oauth2.credentials import Credentials
from standins.secops import SecOpsAdapter
from standins.secops.tenant import SCOPES
from zoomlogs.dates import spell
from zoomlogs.errors import CommandError
from zoomlogs.secops.result import SecopsState
from zoomlogs.secops.session import RefusedError, Session, Task, sign_in

from .world import YESTERDAY, World

MIDNIGHT = datetime(2026, 3, 9, tzinfo=UTC)
A_DAY = timedelta(days=1)


def searches(world: World) -> Counter[str]:
    return Counter(call.path.rpartition("/")[2].rpartition(":")[2] for call in world.secops.calls)


def found(world: World, expected: int = 0) -> int:
    return len({udm["metadata"]["id"] for udm in world.search().events(MIDNIGHT, MIDNIGHT + A_DAY, expected)})


@pytest.fixture(scope="module")
def busy() -> World:
    """A day of 1,000 records, where a search gives 100 at most; a tenth have the same second."""
    world = World()
    world.day(900)
    second = [{"time": f"{YESTERDAY}T12:00:00Z", "action": f"Update {number}"} for number in range(100)]
    world.archive(second)
    return world


def test_a_busy_time_is_halved(busy: World) -> None:
    busy.secops.calls.clear()
    busy.secops.searches.most_events = 100
    assert found(busy) == 1000
    assert searches(busy)["udmSearch"] < 60


def test_the_archives_count_sets_the_number_of_searches(busy: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoomlogs.secops.search.MOST_EVENTS", 100)
    busy.secops.searches.most_events = 100
    busy.secops.calls.clear()
    assert found(busy, expected=1000) == 1000
    asked = searches(busy)["udmSearch"]
    busy.secops.calls.clear()
    found(busy)
    assert asked <= searches(busy)["udmSearch"]


def test_one_second_that_is_too_busy_takes_the_long_search() -> None:
    world = World()
    world.archive([{"time": f"{YESTERDAY}T12:00:00Z", "action": f"Update {number}"} for number in range(150)])
    world.secops.searches.most_events = 100
    assert found(world) == 150
    assert searches(world)["search"] == 1


def test_a_large_day_takes_the_long_search(busy: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoomlogs.secops.search.PAGE_SIZE", 300)
    monkeypatch.setattr("zoomlogs.secops.search.LARGE_DAY", 500)
    busy.secops.searches.most_events, busy.secops.searches.polls = 100, 3
    busy.secops.calls.clear()
    assert found(busy, expected=1000) == 1000
    asked = searches(busy)
    assert (asked["search"], asked["searchedResults"], asked["udmSearch"]) == (1, 4, 0)


def test_a_large_day_that_even_the_long_search_cuts_off_is_halved(busy: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoomlogs.secops.search.LARGE_DAY", 500)
    monkeypatch.setattr(busy.secops.searches, "most_rows", 600)
    busy.secops.calls.clear()
    assert found(busy, expected=1000) == 1000
    assert searches(busy)["search"] == 3


@pytest.mark.parametrize("code", [400, 403, 404, 501])
def test_a_tenant_without_the_long_search_is_searched_by_halves(
    code: int, busy: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zoomlogs.secops.search.LARGE_DAY", 500)
    busy.secops.searches.most_events = 200
    busy.secops.fail_next(code, "Method not found.", times=5 if code == 501 else 1)
    assert found(busy, expected=1000) == 1000


def test_a_long_search_that_fails_is_a_failure(busy: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoomlogs.secops.search.LARGE_DAY", 500)
    monkeypatch.setattr(busy.secops.searches, "fails", "The query took too long.")
    with pytest.raises(RefusedError, match=r"the search failed \(Google says: The query took too long\.\)"):
        found(busy, expected=1000)


def test_a_long_search_that_does_not_end_is_abandoned(busy: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoomlogs.secops.search.LARGE_DAY", 500)
    monkeypatch.setattr(busy.secops.searches, "polls", 10**6)
    with pytest.raises(RefusedError, match="did not end in time"):
        found(busy, expected=1000)


# --- the limits ---


def test_dates_that_an_hours_queries_do_not_reach_are_asked_for_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoomlogs.secops.search.OURS", 3)
    world = World()
    days = [YESTERDAY - timedelta(days=ago) for ago in range(6)]
    for day in days:
        world.day(5, day)
    search = world.search()
    found = world.check(*days, search=search)
    asked = [day for day in days if found.days[day].state is not SecopsState.NOT_CHECKED or found.days[day].way]
    assert len(asked) == 3, "a quarter is left for people who search"
    left = sorted({*days} - {*asked})
    [sentence] = found.sentences
    assert sentence == (
        "zoomlogs could not search in SecOps: it has sent 3 queries in an hour: run it again in an hour, because the"
        f" whole tenant has 2,000 queries an hour. SecOps was not asked for {spell(left)}:"
        f" `zoomlogs verify --secops --from {left[0]} --to {left[-1]}` does so."
    )
    assert {found.days[day].note for day in left} == {"Not checked."}
    world.clock.advance(3600)
    again = world.check(*left, search=search)
    assert all(again.days[day].way for day in left) and not again.sentences


def limited(retry_after: str | None, times: int) -> tuple[World, list[float]]:
    """Return a tenant that refuses some requests with 429, and the list of what is waited for."""
    world, slept = World(), list[float]()
    world.day(5)
    world.secops.fail_next(429, "Quota exceeded.", times)

    class Adapter(SecOpsAdapter):
        def send(self, *args: Any, **options: Any) -> requests.Response:
            response = super().send(*args, **options)
            if retry_after and response.status_code == 429:
                response.headers["Retry-After"] = retry_after
            return response

    world.session._http.mount("https://", Adapter(world.secops))
    world.session._sleep = slept.append
    return world, slept


@pytest.mark.parametrize(
    ("retry_after", "slept"),
    [(None, [2.0, 5.0]), ("1", [2.0, 5.0]), ("7", [7.0, 7.0]), ("60", [60.0, 60.0]), ("soon", [2.0, 5.0])],
)
def test_a_limit_that_google_lifts_soon_is_waited_for(retry_after: str | None, slept: list[float]) -> None:
    world, waited = limited(retry_after, times=2)
    assert (found(world), waited) == (5, slept)


@pytest.mark.parametrize(
    ("retry_after", "told", "slept"),
    [
        (None, "Google's limit is reached: run it again in an hour", [2.0, 5.0, 15.0, 30.0]),
        ("1800", "Google's limit is reached, and it asks to wait for 30 minutes: run it again in an hour", []),
    ],
)
def test_a_limit_that_lasts_ends_the_search(retry_after: str | None, told: str, slept: list[float]) -> None:
    world, waited = limited(retry_after, times=5)
    result = world.check(YESTERDAY)
    assert (result.days[YESTERDAY].state, waited) == (SecopsState.NOT_CHECKED, slept)
    assert told in result.sentences[0] and f"--from {YESTERDAY} --to {YESTERDAY}" in result.sentences[0]


# --- refusals --------------------------------------------------------------------------------------------------------

TRY = Task("try", "a role")
RANGE = {"timeRange.startTime": "2026-03-09T00:00:00Z", "timeRange.endTime": "2026-03-10T00:00:00Z"}
QUERY = {"query": 'metadata.log_type = "ZOOM_OPERATION_LOGS"'}


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (QUERY, "time_range is required"),
        (RANGE, "query is required"),
        ({**QUERY, **RANGE, "pageSize": "10"}, 'Unknown name "pageSize"'),
        ({**QUERY, **RANGE, "queryDialect": "KQL"}, "Invalid value at 'query_dialect'"),
        ({**QUERY, **RANGE, "limit": "many"}, "Invalid value at 'limit'"),
        ({**QUERY, **RANGE, "timeRange.endTime": "2026-03-10"}, "Invalid value at 'time_range.end_time'"),
        ({**QUERY, **RANGE, "timeRange.endTime": "2026-03-09T00:00:00Z"}, "time_range is empty"),
        ({**RANGE, "query": "metadata.log_type = ZOOM"}, "compilation error"),
        ({**RANGE, "query": 'metadata.logtype = "ZOOM"'}, "compilation error"),
        ({**RANGE, "query": 'metadata.ingestion_labels.key = "a"'}, "compilation error"),
    ],
)
def test_what_google_refuses_is_refused(query: dict[str, Any], told: str) -> None:
    world = World()
    with pytest.raises(RefusedError, match="could not try") as refused:
        world.session.get("v1beta", ":udmSearch", query, TRY, {})
    assert told in str(refused.value)
    assert (refused.value.code, refused.value.status) == (400, 2)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({**QUERY}, "time_range is required"),
        ({**QUERY, "timeRange": {"startTime": "x", "endTime": "y"}}, "Invalid value at 'time_range.start_time'"),
        ({**QUERY, "range": {}}, 'Unknown name "range"'),
        ({**QUERY, "timeRange": {"from": "x"}}, "Unknown name \"from\" at 'time_range'"),
        ({**QUERY, "timeRange": dict(zip(("startTime", "endTime"), RANGE.values(), strict=True)), "resultLimit": 10**7},
         "at most 1000000"),
    ],
)  # fmt: skip
def test_what_the_long_search_refuses(body: dict[str, Any], told: str) -> None:
    with pytest.raises(RefusedError, match="could not try") as refused:
        World().session.post("v1beta", ":search", body, TRY, {})
    assert told in str(refused.value)


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_a_method_is_in_its_version_alone(version: str) -> None:
    with pytest.raises(RefusedError, match="Method not found"):
        World().session.get(version, ":udmSearch", {**QUERY, **RANGE}, TRY, {})


def test_another_tenant_is_not_found() -> None:
    world = World()
    world.secops.name = world.secops.name.replace("security", "other")
    with pytest.raises(RefusedError, match="there is no such tenant") as refused:
        found(world)
    assert refused.value.concerns_all


def test_a_token_of_another_scope_is_refused() -> None:
    world = World()
    token = world.secops.token("https://www.googleapis.com/auth/devstorage.read_only")
    world.session._http.credentials = Credentials(token)  # type: ignore[no-untyped-call]
    with pytest.raises(RefusedError, match="insufficient authentication scopes"):
        found(world)
    assert all(name.startswith("https://www.googleapis.com/auth/") for name in SCOPES)


def test_a_token_that_nobody_issued_is_refused() -> None:
    world = World()
    world.session._http.credentials = Credentials("ya29.invented")  # type: ignore[no-untyped-call]
    with pytest.raises(RefusedError, match=r"refuses the sign-in|does not accept these credentials"):
        found(world)


def test_a_request_without_a_timeout_is_refused() -> None:
    session = requests.Session()
    session.mount("https://", SecOpsAdapter(World().secops))
    with pytest.raises(ValueError, match="no timeout"):
        session.get("https://eu-chronicle.googleapis.com/")


def test_invalid_credentials(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "key.json"
    with pytest.raises(CommandError, match=r"key\.json cannot be read: No such file"):
        sign_in(str(file))
    for text in ("{}", '{"type": "service_account", "private_key": "secret"}', "not json"):
        file.write_text(text)
        with pytest.raises(CommandError, match=r"key\.json is not the key file of a Google service account\.") as told:
            sign_in(str(file))
        assert "secret" not in str(told.value)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "absent.json"))
    with pytest.raises(CommandError, match="Google refuses the sign-in"):
        sign_in(None)


class Answers(requests.adapters.BaseAdapter):
    """Gives every request the same answer."""

    def __init__(self, body: str) -> None:
        super().__init__()
        self.body = body
        self.asked = 0

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        self.asked += 1
        response = requests.Response()
        response.status_code, response._content, response.request = 200, self.body.encode(), request
        return response

    def close(self) -> None: ...


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ('{"logTypes": [{}], "nextPageToken": "again"}', "Google gave the same page token again"),
        ('{"logTypes": 5}', "logTypes is not a list: update zoomlogs"),
        ('{"logTypes": [5]}', r"logTypes\[0\] is not an object: update zoomlogs"),
        ("[]", "it is not an object: update zoomlogs"),
    ],
)
def test_an_endless_list_and_no_list_are_refused(body: str, sentence: str) -> None:
    answers = Answers(body)
    tenant = World().search()._session.tenant
    session = Session(tenant, "https://example.com", Credentials("token"), adapter=answers)
    with pytest.raises(RefusedError, match=sentence):
        list(session.elements("v1beta", "/logTypes", "logTypes", 100, TRY, {}))
    assert answers.asked <= 2
