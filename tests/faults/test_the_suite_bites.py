"""Each rule of the commit protocol, broken on purpose, makes a scenario of this suite fail.

A scenario must pass with the protocol whole and fail with it broken: it is run both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from standins.zoom import faults
from zoom_operationlogs import archive, checkpoint, collect, s3
from zoom_operationlogs.archive import Archive, Day, Wanted
from zoom_operationlogs.checkpoint import Checkpoint
from zoom_operationlogs.collect import Collector
from zoom_operationlogs.sweep import Sweep

from . import test_overlap, test_refusals, test_state, test_time, test_twins
from .meddling import killed, overlap
from .world import POLL, PREFIX, Killed, World, days_ago, multiset

Break = Callable[[pytest.MonkeyPatch], None]


# The protocol, broken


def skip_the_listing(patch: pytest.MonkeyPatch) -> None:
    """Trust the checkpoint, look at the archive no more, and after a lost race take the next number."""

    def trust(self: Archive, day: Day) -> None:
        day.seq, self.races_lost = day.seq + self.races_lost, 0
        day.current = True

    patch.setattr(Archive, "read_news", trust)


def publish_without_a_condition(patch: pytest.MonkeyPatch) -> None:
    """Put objects as if nobody else did."""
    put = Archive._put

    def unconditional(self: Archive, *args: Any) -> None:
        client = self._s3

        class Client:
            def put_object(self, IfNoneMatch: str, **request: Any) -> Any:
                return client.put_object(**request)

        self._s3 = Client()  # type: ignore[assignment]
        try:
            put(self, *args)
        finally:
            self._s3 = client

    patch.setattr(Archive, "_put", unconditional)


def move_the_frontier_on_a_sweep_that_did_not_end(patch: pytest.MonkeyPatch) -> None:
    """Take page one's newest time for the frontier, whatever comes of the rest of the sweep."""
    note = Sweep.note
    follow = Collector._follow

    def eager(self: Collector, name: str, sweep: Sweep, *args: Any) -> Sweep | None:
        def note_and_move(noted: Sweep, rows: Any) -> None:
            note(noted, rows)
            if name == collect.TAIL and noted.newest:
                self._checkpoint.frontier = min(noted.newest, noted.began)

        with pytest.MonkeyPatch.context() as moving:
            moving.setattr(Sweep, "note", note_and_move)
            return follow(self, name, sweep, *args)

    patch.setattr(Collector, "_follow", eager)


def stop_at_the_first_page_already_delivered(patch: pytest.MonkeyPatch) -> None:
    """Take a page of which nothing is new for the end of what is new."""
    follow = Collector._follow

    def hasty(
        self: Collector, name: str, sweep: Sweep, asked: Any, enough: Callable[..., bool], *rest: Any
    ) -> Sweep | None:
        def delivered(row: Any) -> bool:
            day = row.filed_under(asked)
            return day is None or self._archive.delivered(self._day(day), row.fingerprint) > 0

        def nothing_new(sweep: Sweep, rows: Any) -> bool:
            return enough(sweep, rows) or (name == collect.TAIL and all(map(delivered, rows)))

        return follow(self, name, sweep, asked, nothing_new, *rest)

    patch.setattr(Collector, "_follow", hasty)


def count_twins_once(patch: pytest.MonkeyPatch) -> None:
    """Take identical records for one."""
    of = Wanted.of
    patch.setattr(Wanted, "of", lambda row, _count: of(row, 1))


def look_once_at_split_twins(patch: pytest.MonkeyPatch) -> None:
    """Owe no second look where a record stands on both sides of a page boundary."""
    patch.setattr(collect, "size_that_holds", lambda _split, page_size: page_size)


def skip_a_seq_after_a_timeout(patch: pytest.MonkeyPatch) -> None:
    """Take a write whose outcome is unknown for one that failed, and use the next number."""
    publish = Archive.publish

    def skipping(self: Archive, day: Day, wanted: Iterable[Wanted]) -> int:
        put = self._put

        def put_or_go_on(on: Any, seq: int, items: list[Wanted]) -> None:
            try:
                put(on, day.seq + 1, items)
            except s3.OutcomeUnknown:
                day.seq += 1
                put(on, day.seq + 1, items)

        self._put = put_or_go_on  # type: ignore[assignment,method-assign]
        try:
            return publish(self, day, wanted)
        finally:
            del self._put

    patch.setattr(Archive, "publish", skipping)


def drop_owed_dates_when_a_save_loses_the_race(patch: pytest.MonkeyPatch) -> None:
    """Keep the winner's owed dates alone."""
    merge = checkpoint.merge

    def forgetful(mine: Checkpoint, theirs: Checkpoint) -> Checkpoint:
        return merge(replace(mine, owed={}), theirs)

    patch.setattr(checkpoint, "merge", forgetful)


def save_before_publishing(patch: pytest.MonkeyPatch) -> None:
    """Save a checkpoint that speaks of pages which are not yet published."""

    def save_first(self: Collector) -> None:
        self._keep_days()
        self._checkpoint = self._checkpoints.save(self._checkpoint)
        self._guide.ledger = self._checkpoint.guide
        self._saved_at = self._clock()
        self._publish()

    patch.setattr(Collector, "_save", save_first)


def publish_without_the_lease(patch: pytest.MonkeyPatch) -> None:
    """Where the feed deletes, go to work without taking turns: a put-if-absent succeeds over a delete marker."""
    patch.setattr(Collector, "_lease", lambda _self, _now: True)


def list_only_what_is_there(patch: pytest.MonkeyPatch) -> None:
    """List what there is, and not what the feed has deleted."""
    listing = s3.list_versions

    def present_only(client: Any, bucket: str, prefix: str) -> list[s3.StoredObject]:
        there = set(client.keys(prefix))
        return [stored for stored in listing(client, bucket, prefix) if stored.key in there]

    patch.setattr(archive, "list_versions", present_only)


# The scenarios


def lost_checkpoint() -> None:
    test_state.test_lost_or_spoilt_it_is_rebuilt_from_the_archive(test_state.deleted, feed_deletes=False)


def overlapping_runs() -> None:
    for seed in range(4):
        test_overlap.test_started_together(seed, 2, feed_deletes=False)


def overlapping_runs_while_the_feed_deletes() -> None:
    for seed in range(8):
        test_state.test_deleted_while_runs_overlap(seed, lost=False, runs=3)


def overlapping_runs_race_for_one_number() -> None:
    """Of two runs that see different rows, one overwrites what the other published."""
    for seed in range(6):
        world = World(page_size=15)
        world.zoom.add_day(days_ago(0), 40, seed=1)
        world.poll()
        world.clock.advance(7200)

        def another(world: World = world) -> None:
            world.zoom.add({"time": f"{world.clock.now():%Y-%m-%dT%H:%M:%SZ}", "operator": "another"})
            world.run()

        overlap(world, [world.run, another], seed)
        world.settle()
        world.assert_exact()
        names = [version.key for version in world.s3.ever_written(PREFIX)]
        assert len(names) == len(set(names)), "each object is written once"


def a_tail_that_is_cut_short() -> None:
    """A tail reads its first page and no more; the next one must read what it has not."""
    world = test_time.world_of_a_week(records=300)
    world.poll(2)
    world.clock.advance(6 * 3600)
    now = world.clock.now()
    world.zoom.faults.at(2, faults.repeated_page_token)
    world.poll()
    assert not world.results[-1]["ended"]
    world.poll()
    assert world.results[-1]["ended"]
    missing = multiset(world.zoom.records(now.date(), now.date())) - multiset(world.archive())
    assert not missing, f"{missing.total()} missing in the tail"


def a_late_row_below_a_page_of_old_ones() -> None:
    """Page one shows nothing new, and a row that is ten minutes late stands on page two."""
    world = World(page_size=10)
    for number in range(30):
        world.zoom.add({"time": f"2026-03-10T08:55:{number:02}Z", "operator": f"{number}@example.com"})
    world.poll(2)
    world.zoom.add({"time": "2026-03-10T08:50:00Z", "operator": "late@example.com"})
    world.poll()
    world.assert_exact()


def twins() -> None:
    test_twins.test_among_others_of_the_same_second("newest")


def a_write_that_was_done_and_not_heard_of() -> None:
    test_refusals.test_s3_fails_once_at_each_call(test_refusals.small_world, test_refusals.timed_out, after=True)


def a_race_for_the_checkpoint() -> None:
    for seed in range(6):
        _race_for_the_checkpoint(seed)


def _race_for_the_checkpoint(seed: int) -> None:
    """A backfill asked for by a run that Zoom refuses, and that loses the race for the checkpoint, is owed still."""
    world = test_overlap.busy_world()
    world.poll(2)
    for day in range(20, 23):
        world.zoom.add_day(days_ago(0).replace(month=2, day=day), 30, seed=day)
    asked = {"action": "backfill", "from": "2026-02-20", "to": "2026-02-22"}
    world.zoom.faults.next(faults.daily_limit, times=2)
    ends = overlap(world, [lambda: world.run(asked), world.run], seed)
    assert ends == [None] * 2
    world.zoom.faults.clear()
    world.clock.advance(POLL.total_seconds())
    world.settle()
    delivered = {record["time"][:10] for record in world.archive() if "time" in record}
    assert {"2026-02-20", "2026-02-21", "2026-02-22"} <= delivered


def killed_in_a_large_day() -> None:
    """A date before the window that takes many minutes: it is saved each minute, and the run killed at any call."""
    for at in count(1):
        world = World(page_size=20, settings={"lookback_days": 1, "start_date": days_ago(3)})
        world.zoom.add_day(days_ago(3), 100, seed=1)
        world.network.latency = 28
        with killed(world, at) as killer, suppress(Killed):
            world.run()
        if killer.calls < at:
            return
        world.clock.advance(60)
        world.network.latency = 0
        world.run()
        world.settle()
        world.assert_exact()


def a_feed_that_deletes() -> None:
    test_state.test_deleted_after_every_run(test_state.deleted)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("broken", "scenario"),
    [
        (skip_the_listing, lost_checkpoint),
        (skip_the_listing, overlapping_runs),
        (publish_without_a_condition, overlapping_runs_race_for_one_number),
        (publish_without_a_condition, overlapping_runs),
        (move_the_frontier_on_a_sweep_that_did_not_end, a_tail_that_is_cut_short),
        (stop_at_the_first_page_already_delivered, a_late_row_below_a_page_of_old_ones),
        (count_twins_once, twins),
        (look_once_at_split_twins, twins),
        (skip_a_seq_after_a_timeout, a_write_that_was_done_and_not_heard_of),
        (drop_owed_dates_when_a_save_loses_the_race, a_race_for_the_checkpoint),
        (save_before_publishing, killed_in_a_large_day),
        (publish_without_the_lease, overlapping_runs_while_the_feed_deletes),
        (list_only_what_is_there, a_feed_that_deletes),
    ],
)
def test_the_break_is_noticed(broken: Break, scenario: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    scenario()
    broken(monkeypatch)
    with pytest.raises(AssertionError):
        scenario()
