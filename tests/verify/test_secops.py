"""Zoom, archive and SecOps compared: the verdict on a date, in the table, on the page and in JSON."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from rich.console import Console
from secops.world import World as Tenant
from standins.s3_memory import client_error
from zoom_operationlogs.reports import OPERATION_LOGS
from zoomlogs.deployment import Deployment
from zoomlogs.errors import CommandError
from zoomlogs.secops.result import SecopsDay, SecopsDifference, SecopsKind, SecopsState
from zoomlogs.verify import output, secops_output
from zoomlogs.verify.comparison import DayResult, Result
from zoomlogs.verify.page import page
from zoomlogs.verify.secops import SecopsOptions, asking, search_of

from .results import NASTY, with_secops
from .world import PREFIX, State, Verified, collected, days_ago

DAYS = [days_ago(ago) for ago in (3, 2, 1)]


class Both:
    """A collected archive, and a tenant that has read it an hour ago."""

    def __init__(self, **options: Any) -> None:
        self.world = collected(**options)
        self.tenant = Tenant(clock=self.world.clock)
        self.world.clock.advance(3600)
        self.read()

    def read(self) -> None:
        self.tenant.secops.transfer(self.world.s3.bucket, self.world.s3.ever_written(PREFIX))

    def verify(self, *days: date) -> Result:
        return verified(self.world, self.tenant, *days)


def verified(world: Verified, tenant: Tenant, *days: date) -> Result:
    """Verify as the command does."""
    verifier, archive = world.verifier(keeps_deliveries=True)
    with asking(tenant.search(), archive) as of_secops:
        of_secops._check._clock = world.clock.time  # type: ignore[union-attr]
        verifier._on_archived = of_secops.ask
        found, stopped = verifier.run(days)
        results, findings = of_secops.beside(found, lambda: None)
    began = world.clock.now()
    return Result("bucket", PREFIX, "account", began, began, tuple(results), stopped, secops=findings)


def one(result: Result) -> DayResult:
    [day] = result.days
    return day


@pytest.fixture(scope="module")
def both() -> Both:
    """A world that no test changes."""
    return Both()


def test_a_day_that_is_everywhere_is_equal(both: Both) -> None:
    result = both.verify(*DAYS)
    assert result.equal
    assert [(day.in_zoom, day.in_archive, day.secops.in_secops) for day in result.days if day.secops] == [
        (100, 100, 100 - timeless) for timeless in _timeless(both)
    ]


def _timeless(both: Both) -> list[int]:
    return [sum("time" not in record for record in both.world.zoom.records(day, day)) for day in DAYS]


def test_each_side_is_judged_for_itself() -> None:
    both = Both()
    both.tenant.secops.events.lose(both.world.zoom.records(DAYS[0], DAYS[0])[50])
    both.world.lose(40, DAYS[1])
    result = both.verify(*DAYS)
    states = [(day.state, day.secops and day.secops.state, day.overall) for day in result.days]
    assert states[0] == (State.EQUAL, SecopsState.NOT_YET, State.NOT_READ_YET)  # its object is an hour old
    assert states[1] == (State.DIFFERENT, SecopsState.EQUAL, State.DIFFERENT)
    assert states[2] == (State.EQUAL, SecopsState.EQUAL, State.EQUAL)
    both.world.clock.advance(5 * 3600)
    late = both.verify(DAYS[0])
    assert (one(late).overall, late.equal) == (State.DIFFERENT, False)
    [difference] = one(late).secops.differences  # type: ignore[union-attr]
    assert difference.record == both.world.zoom.records(DAYS[0], DAYS[0])[50]


def test_an_event_of_a_record_that_the_archive_lacks_is_another() -> None:
    both = Both()
    both.world.lose(40, DAYS[1])  # after the feed has read it
    found = one(both.verify(DAYS[1])).secops
    assert found and (found.in_secops, found.missing, found.others) == (99, 0, 1)


def test_dates_that_zoom_no_longer_has_are_not_checked(both: Both) -> None:
    old = days_ago(200)
    result = both.verify(old)
    assert (one(result).state, one(result).secops) == (State.UNCHECKED, SecopsDay(SecopsState.NOT_CHECKED))
    assert not result.equal


def test_objects_that_the_feed_deleted_are_looked_for_too() -> None:
    both = Both()
    for key in both.world.objects(DAYS[0]):
        both.world.s3.delete(key)
    result = both.verify(DAYS[0])
    found = one(result).secops
    assert found and (found.state, found.in_secops) == (SecopsState.EQUAL, 100)
    # Nobody else can read them, which SecOps does not make up for.
    assert (one(result).state, one(result).deleted, one(result).overall) == (State.DIFFERENT, 100, State.DIFFERENT)
    assert not result.equal


def test_a_record_behind_a_delete_marker_and_one_that_is_missing_in_secops_both_show() -> None:
    both = Both()
    both.tenant.secops.events.lose(both.world.zoom.records(DAYS[0], DAYS[0])[50])
    for key in both.world.objects(DAYS[0]):
        both.world.s3.delete(key)
    both.world.clock.advance(5 * 3600)
    result = both.verify(DAYS[0])
    day = one(result)
    assert day.secops and (day.deleted, day.secops.missing, day.overall) == (100, 1, State.DIFFERENT)
    html = page(result)
    assert '<span class="mark">×100</span><span class="mark">S−1</span>' in html
    assert "100 in deleted objects. In SecOps: 1 missing." in html
    told = output.document(result)
    assert (told["totals"]["deleted"], told["secops"]["totals"]["missing"], told["equal"]) == (100, 1, False)


def test_the_event_of_a_deleted_repeat_is_one_too_many() -> None:
    both = Both()
    [key] = both.world.objects(DAYS[0])
    again = key[:-14] + "000077.json.gz"
    both.world.s3.put(again, both.world.s3.body(key))
    both.world.s3.delete(again)
    both.world.clock.advance(5 * 3600)
    day = one(both.verify(DAYS[0]))  # the feed has not seen it
    assert day.secops and (day.state, day.secops.state, day.secops.in_secops) == (State.EQUAL, SecopsState.EQUAL, 100)
    both.read()
    day = one(both.verify(DAYS[0]))
    assert day.secops and (day.state, day.secops.doubled, day.overall) == (State.EQUAL, 100, State.DIFFERENT)


def delete(world: Verified, _: pytest.MonkeyPatch) -> None:
    for key in world.objects(DAYS[0]):
        world.s3.delete_versions(key)


def refuse(world: Verified, patch: pytest.MonkeyPatch) -> None:
    def refused(**_: object) -> Any:
        raise client_error("GetObject", 403, "AccessDenied")

    patch.setattr(world.s3, "get_object", refused)


@pytest.mark.parametrize("fails", [delete, refuse])
def test_a_record_that_cannot_be_read_again_is_named_by_its_fingerprint(
    fails: Callable[[Verified, pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    both = Both()
    lost = both.world.zoom.records(DAYS[0], DAYS[0])[50]
    both.tenant.secops.events.lose(lost)
    both.world.clock.advance(5 * 3600)
    verifier, archive = both.world.verifier(keeps_deliveries=True)
    with asking(both.tenant.search(), archive) as of_secops:
        of_secops._check._clock = both.world.clock.time  # type: ignore[union-attr]
        verifier._on_archived = of_secops.ask
        found, _ = verifier.run([DAYS[0]])
        fails(both.world, monkeypatch)
        [day], _ = of_secops.beside(found, lambda: None)
    assert day.secops
    [difference] = day.secops.differences
    assert (difference.fingerprint, difference.record) == (OPERATION_LOGS.fingerprint(lost).hex(), None)


def test_without_secops_nothing_mentions_it(both: Both) -> None:
    result = both.world.result(*DAYS)
    assert result.secops is None
    told = page(result) + json.dumps(output.document(result)) + secops_output.verdict(result)
    assert "secops" not in told.replace("SecOps's", "").lower()
    assert list(secops_output.table(result)) == []


# --- what is shown ---------------------------------------------------------------------------------------------------


def shown(width: int) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width)
    for part in (*output.table(with_secops(), width), *secops_output.table(with_secops())):
        console.print(part)
    return out.getvalue()


def test_the_table_has_three_columns_and_one_table_more() -> None:
    for width in (80, 120):
        text = shown(width)
        assert max(map(len, text.splitlines())) <= width
        assert "in SecOps" in text
    rows = {line.split()[1]: line.split() for line in shown(140).splitlines() if line.startswith(("✓", "✗", "…", "?"))}
    assert rows["2026-06-02"][:1] == ["✗"]
    assert rows["2026-06-03"][-3:] == ["count", "a", "second"]
    assert "25 (41) min" in shown(140)
    assert "The feed's namespace zoom is not part of the query" in shown(140)
    assert "missing once its object is older than 180 min" in shown(140).replace("3 h", "180 min")


def test_the_verdict_names_each_fault() -> None:
    assert secops_output.verdict(with_secops()) == (
        "In SecOps: 2 missing and 1,000 repeated. Not there yet: 100. 1 date not checked."
    )
    only = replace(with_secops(), days=with_secops().days[:1])
    assert secops_output.verdict(only) == "In SecOps: each of 100 records, once."
    assert only.equal
    not_yet = replace(with_secops(), days=with_secops().days[3:4])
    assert not_yet.equal  # it comes by itself
    assert secops_output.verdict(not_yet) == "In SecOps: each of 0 records, once. Not there yet: 100."
    assert not with_secops().equal


def test_a_second_look_replaces_what_was_known_of_its_dates() -> None:
    first = with_secops()
    assert first.secops
    day = replace(first.days[0], secops=SecopsDay(SecopsState.NOT_CHECKED))
    again = replace(first.secops, wait=7 * 3600.0, days={day.date: day.secops}, sentences=["The quota is used up."])
    after = first.with_second_look([day], "", first.ended, again)
    assert after.secops
    assert (after.secops.wait, after.secops.sentences[-1]) == (7 * 3600.0, "The quota is used up.")
    assert after.days[0].secops is day.secops and after.days[1:] == first.days[1:]


def test_the_page_shows_and_explains_it() -> None:
    text = page(with_secops())
    assert '; in SecOps 1,098, missing 2, repeated 1,000"' in text  # the label of a date in the calendar
    assert "<h1>Zoom operation logs: are they all in Google SecOps?</h1>" in text
    for told in (
        "In SecOps: 2 missing and 1,000 repeated.",
        "S−2",
        "S+1k",
        "count a second",
        "not checked",
    ):
        assert told in text
    assert "<script>" not in text  # of the record
    assert text.count('id="s2026-06-') == 5
    for state, number in (("equal shade4", 1), ("different", 2), ("equal shade4", 3), ("owed", 4), ("unchecked", 5)):
        assert f'<td class="day {state}"><a href="#d2026-06-0{number}"' in text
    assert 'href="#s2026-06-02"' in text
    for word in secops_output.words():
        assert f"<dt>{word}</dt>" in text


def test_records_of_which_one_is_repeated_are_shown_together() -> None:
    result = with_secops()
    both = ({"action": "Update", "operator": "a"}, {"action": "Update", "operator": "b"})
    one_of = SecopsDifference(SecopsKind.DOUBLED, 3, "", None, None, both)
    found = replace(result.days[1].secops, differences=(one_of,))  # type: ignore[type-var]
    result = replace(result, days=(replace(result.days[1], secops=found),))
    [shown] = re.findall(r"<li>(<p>3 times too many.*?)</li>", page(result), re.DOTALL)
    assert "One of the records of its second:" in shown and shown.count("<pre>") == 2
    [told] = output.document(result)["secops"]["differences"]
    assert (told["record"], told["fingerprint"], told["candidates"]) == (None, None, [*both])


def test_the_json_has_it_all() -> None:
    document = json.loads(json.dumps(output.document(with_secops())))
    assert document["equal"] is False
    assert document["secops"]["totals"] == {
        "in_secops": 1_298,
        "missing": 2,
        "doubled": 1_000,
        "not_yet": 100,
        "others": 12,
    }
    assert document["secops"]["not_checked"] == ["2026-06-05"]
    assert document["secops"]["differences"][0]["record"] == NASTY
    first = document["days"][0]["secops"]
    assert (first["state"], first["matched_by"], first["since_record"]) == (
        "equal",
        "fields",
        {"median": 1500.0, "p95": 2460.0},
    )
    assert "differences" not in first


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0 s"), (119, "119 s"), (1500, "25 min"), (10_800, "3 h"), (86_400, "24 h"), (90 * 86_400, "90 d")],
)
def test_how_long_something_took_is_written_in_one_unit(seconds: float, told: str) -> None:
    assert secops_output.span(seconds) == told
    assert timedelta(seconds=seconds) >= timedelta()


def test_events_of_a_report_that_they_do_not_tell_apart_are_not_compared() -> None:
    arn = "arn:aws:lambda:eu-west-1:111122223333:function:sign-ins"
    function = {"name": "sign-ins", "arn": arn, "environment": {"REPORT": "activities"}}
    with pytest.raises(CommandError, match="--secops does not compare sign-ins and sign-outs yet"):
        search_of(Deployment({"function": function}), SecopsOptions())
