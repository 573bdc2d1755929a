"""Answers of Google's that are not of their form: each ends in a sentence, and no date is equal by them."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from feed.deployments import body
from google.oauth2.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st
from standins.secops import CUSTOMER_ID, PROJECT, REGION, SecOps, SecOpsAdapter
from zoomlogs.errors import CommandError
from zoomlogs.feed.arrival import last_ingested
from zoomlogs.feed.client import Feeds
from zoomlogs.feed.command import ApplyOptions, _described, plan
from zoomlogs.feed.feeds import problems
from zoomlogs.secops.parser import Parser
from zoomlogs.secops.result import SecopsState
from zoomlogs.secops.session import RefusedError, Session, sign_in
from zoomlogs.secops.tenant import Tenant
from zoomlogs.udm.beside import compare

from .test_check import record
from .world import LOG_TYPE, YESTERDAY, World, feed

TEXTS = ("\ud800", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "9" * 5000, "ACTIVE", "NaN")
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.sampled_from(TEXTS)
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


class Spoils(SecOpsAdapter):
    """Lets an answer of the tenant's be changed on its way."""

    spoil: Callable[[str, Any], Any] = staticmethod(lambda _path, answer: answer)

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        response = super().send(request, *args, **options)
        if response.ok:
            path = str(request.url).partition("?")[0]
            response._content = json.dumps(self.spoil(path, json.loads(response.content))).encode()
        return response


class Spoilt:
    """A tenant with a feed, events and a parser, and a session with it that may be lied to."""

    def __init__(self) -> None:
        self.world = World()
        self.world.secops.an_hour = 10**9  # its clock stands still
        self.world.archive([record(second) for second in range(3)])
        self.lost = self.world.archive([record(9), record(10)])
        self.world.secops.events.lose(self.lost[0])
        self.world.secops.events.unparse(self.lost[1])
        self.world.secops.parsers.extension = b"filter {}"
        [self.name] = self.world.secops.feeds
        details = {"errorCode": "ACCESS_DENIED", "httpErrorCode": 403, "errorCause": "No.", "errorAction": "Grant it."}
        self.world.secops.change(self.name, state="FAILED", failureDetails=details)
        self.adapter = Spoils(self.world.secops)
        credentials = Credentials(self.world.secops.token())  # type: ignore[no-untyped-call]
        address = f"https://{REGION}-chronicle.googleapis.com"
        tenant = Tenant(PROJECT, REGION, CUSTOMER_ID)
        self.session = Session(tenant, address, credentials, sleep=lambda _seconds: None, adapter=self.adapter)
        self.world.session = self.session

    def verify(self) -> None:
        found = self.world.check(YESTERDAY)
        assert found.days[YESTERDAY].state is not SecopsState.EQUAL  # two have no event

    def parse(self) -> None:
        records = [record(second) for second in range(3)]
        compare(iter(records), Parser(self.session, LOG_TYPE)).as_json()

    def feeds(self) -> None:
        feeds = Feeds(self.session)
        wanted = body(mode="role", uri=feed()["details"]["amazonS3V2Settings"]["s3Uri"])
        found = feeds.list()
        list(problems(wanted, found))
        json.dumps([_described(each) for each in found])
        plan(wanted, found, ApplyOptions(enable=True, allow_overlap=True))
        assert isinstance(feeds.subject_id(), str)

    def ingested(self) -> None:
        assert isinstance(last_ingested(self.session, LOG_TYPE), str)


@pytest.fixture(scope="module")
def spoilt() -> Spoilt:
    return Spoilt()


def nodes(document: Any) -> list[tuple[Any, Any]]:
    """List the places in a document: what holds it, and by which name or number."""
    keys = document if isinstance(document, dict) else range(len(document)) if isinstance(document, list) else ()
    return [place for key in keys for place in ((document, key), *nodes(document[key]))]


WHAT = ("verify", "parse", "feeds", "ingested")


@pytest.mark.parametrize("what", WHAT)
@settings(max_examples=60, deadline=None)
@given(turn=st.integers(0, 4), place=st.integers(0, 99), instead=JSON)
def test_whatever_google_answers_ends_in_a_sentence(
    spoilt: Spoilt, what: str, turn: int, place: int, instead: Any
) -> None:
    answers = iter(range(10_000))

    def spoil(_path: str, answer: Any) -> Any:
        places = nodes(answer)
        if next(answers) != turn or not places:
            return answer
        if place == 99:
            return instead
        parent, key = places[place % len(places)]
        parent[key] = instead
        return answer

    spoilt.adapter.spoil = spoil  # type: ignore[method-assign]
    with suppress(CommandError):
        getattr(spoilt, what)()


def spoil_at(path: str, *keys: Any, value: Any) -> Callable[[str, Any], Any]:
    def spoil(asked: str, answer: Any) -> Any:
        if asked.endswith(path):
            node = answer
            for key in keys[:-1]:
                node = node[key]
            node[keys[-1]] = value
        return answer

    return spoil


@pytest.mark.parametrize(
    ("keys", "value", "told"),
    [
        (["events"], 5, "events is not a list"),
        (["events", 0], "text", "events[0] is not an object"),
        (["events", 1], None, "events[1] is not an object"),
        (["events", 0, "udm"], [], "events[0].udm is not an object"),
        (["events", 0, "udm", "metadata"], "x", "events[0].udm.metadata is not an object"),
        (["events", 2, "udm", "metadata", "eventTimestamp"], 5, "events[2].udm.metadata.eventTimestamp is not a time"),
        (["events", 2, "udm", "metadata", "eventTimestamp"], "noon", "eventTimestamp is not a time"),
        (["events", 0, "udm", "metadata", "ingestedTimestamp"], {}, "ingestedTimestamp is not a time"),
        (["events", 0, "udm", "metadata", "description"], 5, "description is not a string"),
        (["events", 0, "udm", "principal"], 5, "principal is not an object"),
        (["events", 0, "udm", "principal", "user", "emailAddresses"], "a@b", "emailAddresses is not a list"),
        (["events", 0, "udm", "principal", "user", "emailAddresses"], [None], "emailAddresses[0] is not a string"),
        (["events", 0, "udm", "additional"], "User", "additional is not an object"),
        (["moreDataAvailable"], "no", "moreDataAvailable is not true or false"),
    ],
)
def test_a_date_is_not_checked_where_the_events_are_not_events(
    spoilt: Spoilt, keys: list[Any], value: Any, told: str
) -> None:
    spoilt.adapter.spoil = spoil_at(":udmSearch", *keys, value=value)  # type: ignore[method-assign]
    found = spoilt.world.check(YESTERDAY).days[YESTERDAY]
    assert found.state is SecopsState.NOT_CHECKED
    assert found.note.startswith("Not checked: zoomlogs could not search in SecOps: ")
    assert told in found.note and found.note.endswith("update zoomlogs, because the API may have changed.")


def test_null_is_the_same_as_absent(spoilt: Spoilt) -> None:
    def spoil(path: str, answer: Any) -> Any:
        if path.endswith(":udmSearch"):
            answer["moreDataAvailable"] = None
            answer["events"][0]["udm"]["target"] = None
            answer["events"][0]["udm"]["principal"]["user"]["userid"] = None
        return answer

    spoilt.adapter.spoil = spoil  # type: ignore[method-assign]
    found = spoilt.world.check(YESTERDAY).days[YESTERDAY]
    assert (found.in_secops, found.missing, found.others) == (3, 2, 0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[" * 100 + "]" * 100, "it is nested too deeply"),
        ("[" * 100_000 + "]" * 100_000, "it is nested too deeply"),
        ("<html>", "it is not JSON"),
        ("\ud800", "it is not JSON"),
        ("5", "it is not an object"),
    ],
    ids=["deep", "deeper", "a page", "no UTF-8", "a number"],
)
def test_an_answer_that_is_no_answer_is_refused(spoilt: Spoilt, text: str, told: str) -> None:
    class Raw(SecOpsAdapter):
        def send(self, *args: Any, **options: Any) -> requests.Response:
            response = super().send(*args, **options)
            response._content = text.encode("utf-8", "surrogatepass")
            return response

    spoilt.session._http.mount("https://", Raw(spoilt.world.secops))
    try:
        note = spoilt.world.check(YESTERDAY).days[YESTERDAY].note
    finally:
        spoilt.session._http.mount("https://", spoilt.adapter)
    assert f"Google's answer cannot be read, because {told}: update zoomlogs" in note


@pytest.mark.parametrize(
    "answer",
    [5, [], None, "<html>", {"access_token": "x", "expires_in": "soon"}, {"access_token": "x", "expires_in": 9e99}],
)
def test_a_sign_in_that_cannot_be_read_is_a_sentence(
    tmp_path: Path, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SecOps() as secops:
        credentials = sign_in(secops.service_account(tmp_path))
        monkeypatch.setattr(secops, "sign_in", lambda _form: answer)
        session = Session(Tenant(PROJECT, REGION, CUSTOMER_ID), secops.url, credentials, pauses=())
        with pytest.raises(RefusedError, match=r"Google's answer to the sign-in cannot be read \(\w+\): check that no"):
            Feeds(session).list()
