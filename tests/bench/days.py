"""Simulated runs: the requests to Zoom and S3 of one day, midnight to midnight, and of the first runs."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit
from urllib.request import Request

from faults.world import PREFIX, World
from standins.clock import Clock
from standins.zoom import Zoom, sample_records
from zoom_operationlogs.legacy import decode as decode_glued
from zoom_operationlogs.reports import OPERATION_LOGS

from .yardstick import STATE_KEY, Yardstick

FIRST = date(2026, 3, 9)  # a Monday; the next day is measured
POLL = timedelta(minutes=15)
PAST_MIDNIGHT = timedelta(minutes=5)  # when a day's first run starts
POLLS = 96
ONE_DAY = timedelta(days=1)
PAGE_SIZE = 300
ZOOM_SECONDS = 0.25  # the duration of an answer from Zoom, on the simulated clock
SLOW_ZOOM_SECONDS = 2.0  # slow enough that a day of 120,000 records takes several runs
ONE_IN = 200  # in a disordered report, the share of records that are displaced,
DISPLACEMENT = 60  # by up to so many seconds

Progress = Callable[[], object]


@dataclass
class Day:
    """The totals of one day's 96 runs. `seconds` is their waiting for Zoom, by the simulated clock."""

    records: int
    report_calls: int = 0
    rows: int = 0  # in all those answers
    written: int = 0
    seconds: float = 0.0
    longest: float = 0.0
    s3: Counter[str] = field(default_factory=Counter)
    object_bytes: int = 0
    checkpoint_bytes: int = 0  # of all that were written
    lines: int = 0  # of the day's records in the archive, after the next day's first run; on request
    missing: int = 0  # records of the day that are then in no object; on request
    idle_s3: int = 0  # requests to S3 of a run immediately after another


@dataclass
class FirstRun:
    """The totals of the runs until they had read the whole window, with its number of full pages."""

    pages: int
    runs: int = 0
    calls: int = 0
    missing: int = 0

    @property
    def share(self) -> float:
        """Return the calls as a share of the limit: 1.1 times the pages, plus ten."""
        return self.calls / (1.1 * self.pages + 10)


def first_run(days: dict[int, int], seconds_a_page: float, tick: Progress) -> FirstRun:
    """Start a new collector at noon, and run it until nothing is owed.

    `days` has the number of records by the number of days before today.
    """
    noon = datetime.combine(FIRST, datetime.min.time(), UTC) + timedelta(hours=12)
    world = World(page_size=PAGE_SIZE, clock=Clock(noon))
    world.network.latency = seconds_a_page
    for back, records in days.items():
        world.zoom.add_day(FIRST - back * ONE_DAY, records, seed=back)
    first = FirstRun(-(-world.zoom.count() // PAGE_SIZE))
    while not first.runs or world.results[-1]["owed"] or not world.results[-1]["ended"]:
        if first.runs == POLLS:
            raise AssertionError(f"After {POLLS} runs the first window is not read completely.")
        world.poll()
        first.runs += 1
    tick()
    first.calls = world.report_calls()
    first.missing = world.difference()[0].total()
    return first


def collector_day(records: int, tick: Progress, *, truth: bool = False, disordered: bool = False) -> Day:
    """Run the collector for two days, with full days before them, and return the totals of the second."""
    world = world_of(records, days_before=4, disordered=disordered)
    for _ in range(POLLS):
        world.poll()
        tick()
    day = Day(records)

    def poll() -> int:
        world.poll()
        return int(world.results[-1]["written"])

    _measure(world, day, poll, tick)
    if truth:
        world.poll()
        compare(world, day, [record for record in world.archive() if _date(record) == FIRST + ONE_DAY])
    world.run()
    before = world.s3.calls.total()
    world.run()
    day.idle_s3 = world.s3.calls.total() - before
    return day


def yardstick_day(records: int, tick: Progress, *, truth: bool = False) -> Day:
    """Run the guide's loop through one day, and return its totals; it starts without a state."""
    world = world_of(records, days_before=0)
    world.clock.set(world.clock.now() + ONE_DAY)
    world.s3.put(STATE_KEY, b"{}")
    loop = yardstick(world)
    day = Day(records)
    next_run = world.clock.now()

    def poll() -> int:
        nonlocal next_run
        world.clock.set(max(next_run, world.clock.now()))
        next_run = world.clock.now() + POLL
        return loop.run(world.clock.now())

    _measure(world, day, poll, tick)
    if truth:
        bodies = [v.body for v in world.s3.ever_written(PREFIX) if v.key.endswith(".gz") and v.body]
        compare(world, day, [record for body in bodies for record in decode_glued(body)])
    before = world.s3.calls.total()
    loop.run(world.clock.now())
    day.idle_s3 = world.s3.calls.total() - before
    return day


def yardstick(world: World) -> Yardstick:
    """Return the guide's loop for this world."""
    account = world.zoom.account

    def open_url(request: Request) -> bytes:
        parts = urlsplit(request.full_url)
        body = request.data if isinstance(request.data, bytes) else b""
        world.clock.advance(ZOOM_SECONDS)
        return world.zoom.handle(
            request.get_method(), parts.path, dict(request.header_items()), dict(parse_qsl(parts.query)), body
        ).body

    def put(key: str, body: bytes) -> None:
        world.s3.put_object(Bucket=world.s3.bucket, Key=key, Body=body)

    return Yardstick(
        "https://zoom.us/oauth/token",
        "https://api.zoom.us/v2",
        account.id,
        account.client_id,
        account.client_secret,
        open_url,
        lambda key: world.s3.get_object(Bucket=world.s3.bucket, Key=key)["Body"].read(),
        put,
        put,
    )


def world_of(records: int, days_before: int, *, disordered: bool = False) -> World:
    """Return a world with full days from this many days before to the day after the first."""
    start = datetime.combine(FIRST, datetime.min.time(), UTC) + PAST_MIDNIGHT
    world = World(page_size=PAGE_SIZE, clock=Clock(start))
    world.network.latency = ZOOM_SECONDS
    for offset in range(-days_before, 2):
        day, seed = FIRST + offset * ONE_DAY, offset + 10
        if disordered:
            add_disordered_day(world.zoom, day, records, seed)
        else:
            world.zoom.add_day(day, records, seed=seed)
    return world


def add_disordered_day(zoom: Zoom, day: date, records: int, seed: int) -> None:
    """Add the day of `add_day`, with one record in 200 up to a minute from its place in the report.

    A displaced record stays on its date, and appears when both its time and its place have passed.
    """
    rng = random.Random(seed)
    for record in sample_records(day, records, seed=seed):
        moment = OPERATION_LOGS.time_of(record)
        if moment is None or rng.random() >= 1 / ONE_IN:
            zoom.add(record)
            continue
        place = moment + timedelta(seconds=rng.uniform(-DISPLACEMENT, DISPLACEMENT))
        place = place if place.date() == day else moment
        zoom.add(record, at=place, visible_at=max(place, moment))


def _measure(world: World, day: Day, poll: Callable[[], int], tick: Progress) -> None:
    _count_rows(world, day)
    calls, s3 = world.report_calls(), Counter(world.s3.calls)
    versions = {(v.key, v.version_id) for v in world.s3.ever_written()}
    start = datetime.combine(FIRST + ONE_DAY, datetime.min.time(), UTC) + PAST_MIDNIGHT
    for number in range(POLLS):
        world.clock.set(max(start + number * POLL, world.clock.now()))
        began = world.clock.now()
        day.written += poll()
        took = (world.clock.now() - began).total_seconds()
        day.seconds += took
        day.longest = max(day.longest, took)
        tick()
    day.report_calls = world.report_calls() - calls
    day.s3 = world.s3.calls - s3
    for version in world.s3.ever_written():
        if (version.key, version.version_id) not in versions:
            size = len(version.body or b"")
            if version.key.endswith(".json.gz"):
                day.object_bytes += size
            else:
                day.checkpoint_bytes += size


def _count_rows(world: World, day: Day) -> None:
    report = world.zoom.reports[world.zoom.account.id]
    page = report.page

    def counted(first: date, last: date, category: str, offset: int, rows: int) -> tuple[list[bytes], bool]:
        bodies, more = page(first, last, category, offset, rows)
        day.rows += len(bodies)
        return bodies, more

    report.page = counted  # type: ignore[method-assign]


def compare(world: World, day: Day, archived: list[dict[str, object]]) -> None:
    """Record the number of lines of the day, and how many of its records are in none."""

    def identity(record: dict[str, object]) -> tuple[str, ...]:
        return tuple(f"{name}={value}" for name, value in sorted(record.items()))

    truth = Counter(map(identity, world.zoom.records(FIRST + ONE_DAY, FIRST + ONE_DAY)))
    day.lines = len(archived)
    day.missing = (truth - Counter(map(identity, archived))).total()


def _date(record: dict[str, object]) -> date | None:
    moment = OPERATION_LOGS.time_of(record)
    return moment.date() if moment else None
