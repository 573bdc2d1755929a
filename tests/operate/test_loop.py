"""The events for the function, and when a further run follows; the runs are simulated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from faults.world import STATE_KEY, World, days_ago
from zoom_operationlogs.checkpoint import Checkpoint, Lease
from zoom_operationlogs.checkpoint_format import encode
from zoom_operationlogs.event import Request
from zoom_operationlogs.sweep import Sweep
from zoomlogs.checkpoint import CheckpointSummary, UnreadableCheckpointError
from zoomlogs.errors import CommandError
from zoomlogs.invocation import Answer, sentence_of
from zoomlogs.invoke import loop as events
from zoomlogs.invoke.command import as_document, sentences
from zoomlogs.invoke.loop import BY_HAND, InvocationSummary, carry_out

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
SOON = NOW + timedelta(minutes=58)
DAYS = [date(2026, 11, day) for day in range(1, 11)]
TEN_DAYS = events.backfill("2026-11-01", "2026-11-10", TODAY)


# --- events ----------------------------------------------------------------------------------------------------------


def test_the_function_understands_what_it_is_sent() -> None:
    assert Request.from_event(TEN_DAYS.event, TODAY) == Request(backfill=(DAYS[0], DAYS[-1]))
    assert Request.from_event(events.reconcile(TODAY, 3).event, TODAY) == Request(reconcile=True)
    assert Request.from_event(events.run().event, TODAY) == Request(by_hand=True)


def test_the_requested_dates() -> None:
    assert sorted(TEN_DAYS.dates or ()) == DAYS
    assert sorted(events.reconcile(TODAY, 3).dates or ()) == [TODAY - timedelta(days=back) for back in (3, 2, 1, 0)]
    assert events.run().dates is None
    oldest = events.backfill("2026-05-24", "2026-11-24", TODAY)
    assert len(oldest.dates or ()) == 185


@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [
        ("2026-11-10", "2026-11-01", "--from 2026-11-10 is after --to 2026-11-01: give the earlier date as --from."),
        (
            "2026-11-20",
            "2026-11-25",
            "2026-11-25 is in the future: give 2026-11-24, today in UTC, or an earlier date.",
        ),
        (
            "2026-05-23",
            "2026-11-01",
            "2026-05-23 is older than Zoom keeps its records: give 2026-05-24 or a later date.",
        ),
        (
            "1.11.2026",
            "2026-11-01",
            "--from is '1.11.2026': give a calendar date written as YYYY-MM-DD, such as 2026-01-31.",
        ),
        (
            "2026-11-01",
            "2026-11-31",
            "--to is '2026-11-31': give a calendar date written as YYYY-MM-DD, such as 2026-01-31.",
        ),
    ],
)
def test_wrong_dates_are_refused_before_any_request(first: str, last: str, sentence: str) -> None:
    with pytest.raises(CommandError) as raised:
        events.backfill(first, last, TODAY)
    assert (str(raised.value), raised.value.status) == (sentence, 2)


# --- the checkpoint's first line -------------------------------------------------------------------------------------


def test_the_first_line_of_a_checkpoint_has_the_owed_dates() -> None:
    lease = Lease("another", NOW + timedelta(minutes=5))
    checkpoint = Checkpoint(DAYS[0], TODAY, expired={date(2026, 5, 1)}, not_before=NOW, lease=lease)
    checkpoint.owe(DAYS[3], NOW, 300)
    checkpoint.owe(DAYS[4], NOW, 300, looks=1, not_before=SOON)
    checkpoint.sweeps = {
        "tail": Sweep(TODAY, TODAY, 300, began=NOW, rows_read=5),
        "2026-11-04": Sweep(DAYS[3], DAYS[3], 300, began=NOW, rows_read=1200),
    }
    header, _, _ = encode(checkpoint).partition(b"\n")
    assert CheckpointSummary.of(header) == CheckpointSummary(
        frozenset(DAYS[3:5]), frozenset([date(2026, 5, 1)]), NOW, (("2026-11-04", 1200),), lease, {DAYS[4]: SOON}
    )
    assert CheckpointSummary.of(encode(Checkpoint(DAYS[0], TODAY)).partition(b"\n")[0]).lease is None


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (b"", "damaged"),
        (b"[]", "damaged"),
        (b'{"cursor_date": "2026-11-01"}', "not a checkpoint"),
        (b'{"schema": 99}', r"a newer collector wrote it"),
    ],
)
def test_an_invalid_checkpoint_is_reported(header: bytes, why: str) -> None:
    with pytest.raises(UnreadableCheckpointError, match=why):
        CheckpointSummary.of(header)


# --- errors of the function ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "message", "sentence"),
    [
        ("ZoomRefused", "The Zoom app is deactivated: activate it. (Zoom says: x)", None),
        ("SettingsError", "S3_BUCKET is not set: set it to the name of the bucket to write to.", None),
        ("KeyError", "'x'", "The function failed: KeyError: 'x'."),
        ("", "", "The function failed: it gave no reason."),
        (
            "Runtime.ExitError",
            "RequestId: 1 Error: Runtime exited with error: signal: killed.",
            "The function failed: Runtime.ExitError: RequestId: 1 Error: Runtime exited with error: signal: killed.",
        ),
        (
            "Sandbox.Timedout",
            "RequestId: 1 Error: Task timed out after 300.00 seconds",
            "The run timed out (Task timed out after 300.00 seconds); what it has saved is kept.",
        ),
    ],
)
def test_an_error_of_the_function_is_a_sentence(kind: str, message: str, sentence: str | None) -> None:
    assert sentence_of({"errorType": kind, "errorMessage": message}) == (sentence or message)


# --- the loop --------------------------------------------------------------------------------------------------------


def result(owed: int = 0, **more: Any) -> dict[str, Any]:
    counts = {"written": 100, "objects": 1, "pages": 3, "owed": owed, "ended": True, "not_before": None}
    return {"ok": True, "date": "2026-11-24", **counts, **more}


@dataclass
class FakeRunner:
    """Answers in turn; after each, the checkpoint owes its dates (None: it cannot be read).

    `lease` returns the lease for a time.
    """

    answers: list[tuple[Answer, list[date] | None]]
    told: Mapping[str, Any] = field(default_factory=dict)
    sent: list[Mapping[str, str]] = field(default_factory=list)
    paused: list[float] = field(default_factory=list)
    expired: list[date] = field(default_factory=list)
    looks: Mapping[date, datetime] = field(default_factory=dict)
    lease: Callable[[datetime], Lease | None] = lambda _now: None
    said: list[str] = field(default_factory=list)

    def invoke(self, event: Mapping[str, str]) -> tuple[Answer, Mapping[str, Any]]:
        self.sent.append(event)
        return self.answers[len(self.sent) - 1][0], self.told

    def checkpoint(self) -> CheckpointSummary | None:
        owed = self.answers[len(self.sent) - 1][1]
        if owed is None:
            return None
        looks = {day: until for day, until in self.looks.items() if day in owed}
        return CheckpointSummary(frozenset(owed), frozenset(self.expired), lease=self.lease(self.now()), looks=looks)

    def now(self) -> datetime:
        return NOW + timedelta(seconds=sum(self.paused))

    def pause(self, seconds: float) -> None:
        self.paused.append(seconds)

    def say(self, sentence: str) -> None:
        self.said.append(sentence)


def good(left: list[date] | None, **more: Any) -> tuple[Answer, list[date] | None]:
    return Answer("id", result(**{"owed": len(left or ()), **more})), left


def test_one_run_is_enough_if_nothing_is_owed() -> None:
    runner = FakeRunner([good([])], {"zoom_calls": 3, "seconds": 2.5, "zoom_calls_left": 23_400})
    ended = carry_out(TEN_DAYS, runner, wait=False)
    assert (ended.status, runner.sent) == (0, [TEN_DAYS.event])
    assert sentences(ended) == [
        "The run wrote 100 records into 1 object from 3 pages of Zoom's report.",
        "Nothing is owed.",
        "Zoom allows 23,400 more calls today.",
    ]
    document = as_document(TEN_DAYS, ended)
    assert document["ok"] is True
    assert document["runs"][0] | {"result": {}} == {
        "request_id": "id",
        "ok": True,
        "result": {},
        "error": None,
        "seconds": 2.5,
        "zoom_calls": 3,
        "zoom_calls_left": 23_400,
    }


def test_the_quota_may_be_in_the_result_or_unknown() -> None:
    ended = carry_out(TEN_DAYS, FakeRunner([good([], zoom_calls_left=7)]), wait=False)
    assert sentences(ended)[-1] == "Zoom allows 7 more calls today."
    assert sentences(carry_out(TEN_DAYS, FakeRunner([good([])]), wait=False))[-1] == "Nothing is owed."


def test_without_wait_scheduled_runs_read_the_rest() -> None:
    ended = carry_out(TEN_DAYS, FakeRunner([good([*DAYS[:8], TODAY])]), wait=False)
    assert (ended.status, ended.owed_count) == (1, 8)  # today is also owed, but was not requested
    assert sentences(ended)[1:] == [
        "Still owed: 8 dates (2026-11-01, 2026-11-02, 2026-11-03, 2026-11-04, 2026-11-05, 2026-11-06 and 2 more).",
        (
            "Scheduled runs continue with the owed dates; `zoomlogs run --wait` does so at once, unless less than a"
            " quarter of Zoom's daily limit is left: then reading continues after midnight UTC."
        ),
    ]


def test_with_wait_runs_follow_until_the_dates_are_read() -> None:
    runner = FakeRunner([good(DAYS), good(DAYS[:4]), good([TODAY])])
    ended = carry_out(TEN_DAYS, runner, wait=True)
    assert (ended.status, runner.sent) == (0, [TEN_DAYS.event, BY_HAND, BY_HAND])
    assert sentences(ended)[0] == "3 runs wrote 300 records into 3 objects from 9 pages of Zoom's report."


def test_a_plain_run_counts_every_owed_date() -> None:
    ended = carry_out(events.run(), FakeRunner([good([TODAY, DAYS[0]])]), wait=False)
    assert (ended.status, ended.owed) == (1, [DAYS[0], TODAY])


def test_runs_without_progress_end_the_wait() -> None:
    runner = FakeRunner([good(DAYS[:3], written=0)] * 9)
    ended = carry_out(TEN_DAYS, runner, wait=True)
    assert (ended.status, len(runner.sent)) == (1, 3)
    assert ended.sentence.startswith("2 runs made no progress, as when little of Zoom's daily quota is left")


# The answer of a run that left its work to the holder of the lease
LEFT = {"written": 0, "objects": 0, "pages": 0, "ended": False}
FIVE_MINUTES = Lease("another", NOW + timedelta(minutes=5))


def test_the_lease_of_a_killed_run_is_waited_out() -> None:
    runner = FakeRunner([good(DAYS, **LEFT), good([])], lease=lambda _now: FIVE_MINUTES)
    ended = carry_out(TEN_DAYS, runner, wait=True)
    assert (ended.status, runner.sent) == (0, [TEN_DAYS.event, BY_HAND])
    assert sum(runner.paused) == 300
    assert runner.said == ["Another run holds the lease until 17:05:00 UTC at most: waiting for its end."]
    assert "another run" not in ended.sentence


def test_a_released_lease_ends_the_wait() -> None:
    given_back = Lease("another", NOW + timedelta(seconds=42))
    runner = FakeRunner(
        [good(DAYS, **LEFT), good([])],
        lease=lambda now: FIVE_MINUTES if now < given_back.until else given_back,
    )
    assert carry_out(TEN_DAYS, runner, wait=True).status == 0
    assert 42 <= sum(runner.paused) <= 42 + 5


def test_a_lease_that_has_just_ended_does_not_end_the_wait() -> None:
    """The other run may end before the checkpoint is read, and this clock may be ahead of AWS's."""
    runner = FakeRunner([good(DAYS, **LEFT)] * 6 + [good([])], lease=lambda _now: Lease("another", NOW))
    assert carry_out(TEN_DAYS, runner, wait=True).status == 0
    assert (runner.paused, runner.said) == ([5] * 6, [])


def test_a_plain_run_with_wait_runs_after_the_other() -> None:
    runner = FakeRunner([good([], **LEFT), good([])], lease=lambda _now: FIVE_MINUTES)
    ended = carry_out(events.run(), runner, wait=True)
    assert (ended.status, len(runner.sent)) == (0, 2)


def test_without_wait_a_run_that_left_its_work_says_so() -> None:
    left = "Another run holds the lease until 17:05:00 UTC at most, so this one left its work to it."
    goes_on = "`zoomlogs run --wait` continues as soon as that ends."
    ended = carry_out(TEN_DAYS, FakeRunner([good(DAYS, **LEFT)], lease=lambda _now: FIVE_MINUTES), wait=False)
    assert (ended.status, ended.owed_count) == (1, 10)
    assert ended.sentence == f"{left} Scheduled runs continue with the owed dates; {goes_on}"
    ended = carry_out(events.run(), FakeRunner([good([], **LEFT)], lease=lambda _now: FIVE_MINUTES), wait=False)
    assert (ended.status, ended.sentence) == (1, f"{left} {goes_on}")
    assert "Nothing is owed." not in sentences(ended)


@pytest.mark.parametrize("lease", [None, Lease("id", NOW + timedelta(minutes=5)), Lease("another", NOW)])
def test_its_own_or_an_old_lease_causes_no_wait(lease: Lease | None) -> None:
    runner = FakeRunner([good(DAYS[:3], written=0, not_before=None)] * 9, lease=lambda _now: lease)
    ended = carry_out(TEN_DAYS, runner, wait=True)
    assert (len(runner.sent), runner.said) == (3, [])
    assert ended.sentence.startswith("2 runs made no progress, as when little of Zoom's daily quota is left")


def test_without_the_checkpoint_all_reasons_are_named() -> None:
    ended = carry_out(TEN_DAYS, FakeRunner([good(None, owed=3, **LEFT)] * 9), wait=True)
    assert ended.sentence == (
        "2 runs made no progress, as when another run holds the lease, dates are to be read again later, or little of"
        " Zoom's daily quota is left: scheduled runs continue with the owed dates."
    )


def test_dates_to_be_read_again_cause_no_wait() -> None:
    """An empty answer of Zoom may be wrong: the collector reads again an hour later, without the operator."""
    later = SOON + timedelta(minutes=1)
    looks = {DAYS[0]: SOON, DAYS[1]: later, DAYS[2]: NOW, TODAY: SOON}  # the third is due, the last was not requested
    runner = FakeRunner([good([*DAYS[:3], TODAY]), good([*DAYS[:2], TODAY])], looks=looks)
    ended = carry_out(TEN_DAYS, runner, wait=True)
    assert (ended.status, ended.owed, len(runner.sent), runner.paused) == (0, [], 2, [])
    assert len(sentences(ended)) == 2
    assert sentences(ended)[1] == (
        "Scheduled runs will read 2 dates (2026-11-01, 2026-11-02) again, the last of them after 2026-11-24 17:59 UTC,"
        " because one empty or incomplete answer of Zoom's is not final."
    )
    document = as_document(TEN_DAYS, ended)
    assert (document["ok"], document["owed"], document["owed_count"]) == (True, [], 0)
    assert document["waiting"] == [
        {"date": "2026-11-01", "until": SOON.isoformat()},
        {"date": "2026-11-02", "until": later.isoformat()},
    ]


def test_without_wait_a_date_to_be_read_again_counts_as_swept() -> None:
    ended = carry_out(events.run(), FakeRunner([good(DAYS[:2])], looks={DAYS[0]: SOON}), wait=False)
    assert (ended.status, ended.owed) == (1, [DAYS[1]])
    assert "Still owed: 1 date (2026-11-02)." in sentences(ended)
    ended = carry_out(events.run(), FakeRunner([good(DAYS[:1])], looks={DAYS[0]: SOON}), wait=False)
    assert ended.status == 0
    assert sentences(ended)[1].startswith(
        "Scheduled runs will read 1 date (2026-11-01) again after 2026-11-24 17:58 UTC,"
    )


@dataclass
class CollectorRunner:
    """The collector in memory; an invocation takes two seconds."""

    collector: World
    said: list[str] = field(default_factory=list)

    def invoke(self, event: Mapping[str, str]) -> tuple[Answer, Mapping[str, Any]]:
        self.collector.clock.advance(2)
        result = self.collector.run(dict(event))
        return Answer(f"run-{len(self.collector.results)}", result), {}

    def checkpoint(self) -> CheckpointSummary:
        return CheckpointSummary.of(self.collector.s3.body(STATE_KEY).partition(b"\n")[0])

    def now(self) -> datetime:
        return self.collector.clock.now()

    def pause(self, seconds: float) -> None:
        self.collector.clock.advance(seconds)

    def say(self, sentence: str) -> None:
        self.said.append(sentence)


def test_a_backfill_outlasts_a_killed_runs_lease() -> None:
    runner = CollectorRunner(World(settings={"feed_deletes": True}))
    for back in range(12):
        runner.collector.zoom.add_day(days_ago(back), 10, seed=back)
    runner.collector.run()
    began = runner.now()
    checkpoint = runner.collector.checkpoint()
    checkpoint.lease = Lease("killed", began + timedelta(minutes=5))
    runner.collector.s3.put(STATE_KEY, encode(checkpoint))
    request = events.backfill(str(days_ago(10)), str(days_ago(8)), began.date())
    ended = carry_out(request, runner, wait=True)
    assert (ended.status, ended.total("written"), len(ended.runs)) == (0, 30, 2)
    assert timedelta(minutes=5) <= runner.now() - began < timedelta(minutes=6)
    assert len(runner.said) == 1
    assert carry_out(request, runner, wait=True).status == 0  # its own, released lease


def test_a_backfill_of_empty_dates_ends_and_scheduled_runs_read_them_again() -> None:
    runner = CollectorRunner(World())
    runner.collector.zoom.add_day(days_ago(0), 10, seed=1)
    runner.collector.run()
    request = events.backfill(str(days_ago(10)), str(days_ago(8)), runner.now().date())
    ended = carry_out(request, runner, wait=True)
    assert (ended.status, len(ended.runs), sorted(ended.waiting)) == (0, 1, [days_ago(10), days_ago(9), days_ago(8)])
    runner.collector.clock.advance(3700)
    ended = carry_out(events.run(), runner, wait=True)
    assert (ended.status, ended.waiting, ended.runs[-1]["result"]["owed"]) == (0, {}, 0)


def test_at_the_daily_limit_the_advice_is_to_wait_for_midnight() -> None:
    """An immediate run would do nothing then."""
    runner = CollectorRunner(World())
    for back in range(12):
        runner.collector.zoom.add_day(days_ago(back), 10, seed=back)
    runner.collector.run()
    rules = runner.collector.zoom.rules
    rules.calls_per_day = len(runner.collector.zoom.calls) + 2  # under a quarter is left
    request = events.backfill(str(days_ago(10)), str(days_ago(8)), runner.now().date())
    ended = carry_out(request, runner, wait=False)
    assert ended.status == 1 and ended.owed_count
    assert ended.sentence.endswith(
        "unless less than a quarter of Zoom's daily limit is left: then reading continues after midnight UTC."
    )
    at_once = carry_out(events.run(), runner, wait=True)
    assert (at_once.status, at_once.total("written")) == (1, 0)
    rules.calls_per_day = 30_000
    runner.collector.clock.advance(24 * 3600)
    after = carry_out(events.run(), runner, wait=True)
    assert (after.status, after.owed, after.total("written") > 0) == (0, [], True)


def test_runs_with_progress_continue() -> None:
    runner = FakeRunner([good(DAYS[:3])] * 5 + [good([])])
    assert carry_out(TEN_DAYS, runner, wait=True).status == 0


def test_zooms_rate_limit_is_respected() -> None:
    soon, late = NOW + timedelta(minutes=2), NOW + timedelta(hours=7)
    runner = FakeRunner(
        [good(DAYS, not_before=soon.isoformat()), good(DAYS[:1], not_before=late.isoformat(), ended=False)]
    )
    ended = carry_out(TEN_DAYS, runner, wait=True)
    assert (ended.status, runner.paused) == (1, [120])
    assert (
        ended.sentence == "Zoom's rate limit allows no call before 2026-11-25 00:00 UTC: scheduled runs continue then."
    )


def test_a_failed_run_ends_the_wait_with_its_sentence() -> None:
    runner = FakeRunner([good(DAYS), (Answer("id", {}, "The Zoom app is deactivated: activate it."), DAYS)])
    ended = carry_out(TEN_DAYS, runner, wait=True)
    assert ended.status == 1
    assert sentences(ended)[-1] == "The Zoom app is deactivated: activate it."


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({"ok": False, "written": 0, "waiting_for": "credentials"}, "The secret is still empty"),
        ({"statusCode": 200}, "The function's answer is not a result"),
        (result(ended=False), "The run stopped before it had read the newest records to the end"),
        (
            result(ended=False, not_before=NOW.isoformat()),
            "Zoom's rate limit allows no call before 2026-11-24 17:00 UTC",
        ),
    ],
)
def test_an_incomplete_run_is_a_failure(answer: dict[str, Any], sentence: str) -> None:
    ended = carry_out(events.run(), FakeRunner([(Answer("id", answer), [])]), wait=True)
    assert ended.status == 1
    assert ended.sentence.startswith(sentence)
    assert "Nothing is owed." not in sentences(ended)


def test_without_the_checkpoint_the_result_counts() -> None:
    runner = FakeRunner([good(None, owed=3), good(None, owed=0)])
    assert carry_out(TEN_DAYS, runner, wait=True).status == 0
    ended = carry_out(TEN_DAYS, FakeRunner([good(None, owed=3)]), wait=False)
    assert (ended.status, ended.owed) == (1, None)
    assert "Still owed: 3 dates." in sentences(ended)
    assert as_document(TEN_DAYS, ended)["owed"] is None


def test_without_the_checkpoint_fewer_dates_owed_are_progress() -> None:
    """Dates with complete records are read although nothing is written."""
    runner = FakeRunner([good(None, owed=owed, written=0) for owed in (9, 6, 3, 0)])
    assert carry_out(TEN_DAYS, runner, wait=True).status == 0
    stuck = FakeRunner([good(None, owed=3, written=0)] * 9)
    assert carry_out(TEN_DAYS, stuck, wait=True).sentence.startswith("2 runs made no progress")
    assert len(stuck.sent) == 3


def test_expired_dates_are_named() -> None:
    ended = carry_out(TEN_DAYS, FakeRunner([good([])], expired=[DAYS[0], date(2026, 1, 1)]), wait=False)
    assert "Zoom no longer has 1 date: 2026-11-01." in sentences(ended)


def test_success_requires_that_nothing_is_owed() -> None:
    assert InvocationSummary().status == 0
    assert InvocationSummary(owed_count=1).status == 1
    assert InvocationSummary(ok=False).status == 1
