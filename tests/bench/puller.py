"""A model of Google's own puller: a feed of the source type CUSTOM_API, which continues from the latest timestamp.

Source: googleapis/googleapis, google/cloud/chronicle/v1/feed.proto, CustomAPISettings and CustomAPICheckpointConfig:
"track the timestamp of the newest record to fetch newer ones next". The source does not
say whether Google drops older rows itself, or leaves that to the API; Zoom's report accepts only dates. So both are
modelled. The model signs in, which the real puller cannot: the proto lacks Zoom's grant type.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from faults.world import World
from standins.zoom import sample_records
from zoom_operationlogs.reports import OPERATION_LOGS

from .days import FIRST, ONE_DAY, ONE_IN, PAST_MIDNIGHT, POLL, POLLS, Day, Progress, compare, world_of, yardstick
from .yardstick import Yardstick

Record = dict[str, Any]

LATEST = timedelta(minutes=30)
PULLED = POLLS + POLLS // 2
TITLE = "Google's own puller, modelled"


@dataclass
class Puller:
    """A cursor at the newest time; it `drops` rows that are not newer, or relies on the API's dates."""

    loop: Yardstick  # which signs in and reads pages
    drops: bool
    cursor: datetime
    sent: list[dict[str, Any]] = field(default_factory=list)

    def run(self, now: datetime) -> None:
        """Do one poll."""
        access_token = self.loop.sign_in()
        rows = [row for day in _dates(self.cursor.date(), now.date()) for row in self._day(access_token, day)]
        times = [OPERATION_LOGS.time_of(row) for row in rows]
        for row, time in zip(rows, times, strict=True):
            if not self.drops or (time and time > self.cursor):
                self.sent.append(row)
        self.cursor = max([self.cursor, *filter(None, times)])

    def _day(self, access_token: str, day: date) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        page_token = ""
        while True:
            page = self.loop.page(access_token, day.isoformat(), page_token)
            rows += page["operation_logs"]
            page_token = page["next_page_token"]
            if not page_token:
                return rows


def _dates(first: date, last: date) -> list[date]:
    return [first + number * ONE_DAY for number in range((last - first).days + 1)]


def late_world(records: int) -> World:
    """Return a world at the start of its second day, in which 1 row in 200 appears up to half an hour late."""
    world = world_of(0, days_before=0)
    rng = random.Random(records)
    for seed, day in enumerate((FIRST, FIRST + ONE_DAY, FIRST + 2 * ONE_DAY)):
        for record in sample_records(day, records, seed=seed):
            time = OPERATION_LOGS.time_of(record)
            late = time is not None and rng.random() < 1 / ONE_IN
            world.zoom.add(record, visible_at=time + rng.random() * LATEST if time and late else None)
    world.clock.set(world.clock.now() + ONE_DAY)
    return world


def polled(world: World, records: int, poll: Callable[[], object], sent: Callable[[], list[Record]]) -> Day:
    """Poll through a day and half of the next, and return what was sent of the day."""
    start = world.clock.now()
    for number in range(PULLED):
        world.clock.set(max(start + number * POLL, world.clock.now()))
        poll()
    day = Day(records)
    compare(
        world, day, [row for row in sent() if (time := OPERATION_LOGS.time_of(row)) and time.date() == FIRST + ONE_DAY]
    )
    return day


def puller_day(records: int, *, drops: bool) -> Day:
    """Poll with the puller."""
    world = late_world(records)
    puller = Puller(yardstick(world), drops, world.clock.now() - PAST_MIDNIGHT)
    return polled(world, records, lambda: puller.run(world.clock.now()), lambda: puller.sent)


def our_day(records: int) -> Day:
    """Poll with the collector."""
    world = late_world(records)
    return polled(world, records, world.poll, world.archive)


def section(records: int, tick: Progress) -> str:
    """Return its section of the page; `tick` is called for each of three days."""
    days = []
    for make in (our_day, partial(puller_day, drops=True), partial(puller_day, drops=False)):
        days.append(make(records))
        tick()
    missing = " | ".join(f"{day.missing:,}" for day in days)
    lines = " | ".join(f"{day.lines / day.records:.3f}" for day in days)
    return f"""
## {TITLE}

A feed with source type `CUSTOM_API` continues from the newest timestamp that it has seen
([why not](feed.md#why-not-googles-own-puller)). One day of {records:,} records, of which Zoom shows 1 in {ONE_IN} up to
{LATEST.seconds // 60} minutes late, with a poll every 15 minutes until noon of the next day:

| | collector | puller that drops what is not newer | puller that asks from the newest date on |
|---|---:|---:|---:|
| records missing of the day | {missing} |
| lines sent per record | {lines} |

Google's code is not public: `tests/bench/puller.py` follows the comments of the proto, and signs in as the real puller
could not.
"""
