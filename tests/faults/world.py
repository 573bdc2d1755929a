"""A small world for the collector: Zoom, S3 and a clock in memory, and any number of runs."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from itertools import count
from typing import Any

import requests
from standins.clock import Clock
from standins.s3_memory import MemoryS3
from standins.zoom import Account, Zoom, ZoomAdapter
from standins.zoom import Report as ReportOfZoom
from standins.zoom.served import SERVED
from zoom_operationlogs.archive import Archive
from zoom_operationlogs.archive_object import read_records
from zoom_operationlogs.bucket import Bucket
from zoom_operationlogs.checkpoint import Checkpoint, Stream
from zoom_operationlogs.checkpoint_format import decode as decode_checkpoint
from zoom_operationlogs.checkpoint_store import CheckpointStore
from zoom_operationlogs.deadline import Deadline
from zoom_operationlogs.event import Request
from zoom_operationlogs.legacy import LegacyObjects
from zoom_operationlogs.reports import OPERATION_LOGS, Report
from zoom_operationlogs.run import Run
from zoom_operationlogs.run_report import RunReport
from zoom_operationlogs.run_state import Services
from zoom_operationlogs.settings import Credentials, Settings
from zoom_operationlogs.zoom import Session
from zoom_operationlogs.zoom import Zoom as ZoomClient

START = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
POLL = timedelta(minutes=15)
PREFIX = "zoom/operationlogs/"
STATE_KEY = "zoom/operationlogs-state/state.json"


class Killed(BaseException):
    """Lambda ends the run, without any cleanup."""


class Promise(Enum):
    """The collector's promises; a failing scenario names the broken one."""

    MISSING = "every record is in the archive, and no owed date is forgotten"
    REPEATED = "no record is in the archive more often than it exists"
    CHANGED = "a record is as Zoom sent it, and an object has the form that its readers expect"
    SECRET = "no secret is in a log, an object or its metadata"
    DEADLINE = "a run ends before Lambda ends it"
    SILENT = "a run that fails or delivers again says so"
    COST = "no unnecessary call to Zoom or S3 is made, and Zoom's limits are respected"


class PromiseBrokenError(AssertionError):
    """A promise is broken in a scenario."""

    def __init__(self, promise: Promise, found: object) -> None:
        super().__init__(f"{promise.name.lower()}: {found} ({promise.value})")
        self.promise = promise
        self.found = str(found)


class CrashedError(Exception):
    """A run that had to succeed ended with an exception."""


def hold(promise: Promise, kept: object, found: object) -> None:
    """Raise `PromiseBrokenError` unless the promise is kept."""
    if not kept:
        raise PromiseBrokenError(promise, found)


@dataclass
class World:
    """Zoom, a bucket, a clock; `run` is what the schedule does."""

    page_size: int = 30
    timeout_seconds: float = 300.0
    settings: dict[str, Any] = field(default_factory=dict)
    clock: Clock = field(default_factory=lambda: Clock(START))
    results: list[dict[str, Any]] = field(default_factory=list)
    reports: list[RunReport] = field(default_factory=list)  # including failed runs
    last_run: datetime | None = None
    seed: int = 0  # for Zoom's random behaviour
    report: Report = OPERATION_LOGS
    added_field: str = ""  # a field of Zoom's records that older lines of the archive lack: it is not compared

    def __post_init__(self) -> None:
        self.s3 = MemoryS3(clock=self.clock.now)
        self._runs = count(1)
        self.began: datetime | None = None  # the first run
        self.first_date: date | None = None  # everything is promised from here on; START_DATE is earlier
        name = self.report.name
        account = Account(scopes=(SERVED[name].scope,))
        self.connect(Zoom(account, clock=self.clock, seed=self.seed, report=name))

    def connect(self, zoom: Zoom) -> None:
        """Collect from this Zoom from now on."""
        self.zoom = zoom
        self.network = ZoomAdapter(zoom)
        self.warm = self._session()

    def beside(self, account: Account | None = None, report: Report | None = None, **settings: Any) -> World:
        """Return a second collector on the same bucket and clock, of the same or another Zoom account and report."""
        settings = {**self.settings, **settings}
        report = report or self.report
        other = World(self.page_size, self.timeout_seconds, settings, self.clock, seed=self.seed, report=report)
        other.s3, other._runs = self.s3, self._runs
        other.connect(Zoom(account, clock=self.clock, seed=self.seed) if account else self.zoom)
        return other

    @property
    def prefix(self) -> str:
        return str(self.settings.get("prefix", self.report.prefix))

    @property
    def state_key(self) -> str:
        return str(self.settings.get("state_key", f"{self.prefix.rstrip('/')}-state/state.json"))

    @property
    def shown(self) -> ReportOfZoom:
        """Zoom's records of the collected report."""
        return self.zoom.reports_of(self.report.name)[self.zoom.account.id]

    def _session(self) -> Session:
        http = requests.Session()
        http.trust_env = (
            False  # this machine's proxy and netrc do not apply to a Zoom in memory; reading them takes time
        )
        http.mount("https://", self.network)
        return Session(http)

    def make_run(
        self,
        *,
        s3: Any = None,
        skew: timedelta = timedelta(),
        sleep: Callable[[float], None] | None = None,
        session: Session | None = None,
        credentials: Callable[[bool], Credentials] | None = None,
    ) -> Run:
        """Create one run; with `s3` or `sleep` a test can change this run alone."""
        account = self.zoom.account
        settings = Settings(
            bucket=self.s3.bucket,
            credentials=Credentials(account.id, account.client_id, account.client_secret),
            **{"page_size": self.page_size, "report": self.report, **self.settings},
        )
        ends = self.clock.now() + timedelta(seconds=self.timeout_seconds)
        deadline = Deadline.of_run(lambda: (ends - self.clock.now()).total_seconds())
        sleep, s3 = sleep or self.clock.sleep, s3 or self.s3

        def now() -> datetime:
            return self.clock.now() + skew

        def retention() -> dict[str, Any]:
            return settings.retention(now())

        bucket = Bucket(s3, settings.bucket, deadline, sleep, settings.encryption, retention)
        legacy = LegacyObjects(bucket, settings.prefix, self.report, deadline)
        archive = Archive(bucket, settings.prefix, self.report, legacy)
        stream = Stream.of(account.id, self.report.name, settings.prefix)
        store = CheckpointStore(bucket, settings.state_key, stream, now)
        client = ZoomClient(
            session or self.warm,
            self.report,
            settings.oauth_url,
            settings.api_url,
            credentials or (lambda _fresh: settings.credentials),  # type: ignore[arg-type,return-value]
            settings.http_timeout_seconds,
            now,
            sleep,
            deadline,
        )
        services = Services(settings, client, archive, store, now, deadline, logging.getLogger("collector"))
        return Run(services, owner=f"run-{next(self._runs)}")

    def run(self, event: Any = None, **meddling: Any) -> dict[str, Any]:
        """Do one run now."""
        run = self.make_run(**meddling)
        self.began = self.began or self.clock.now() + meddling.get("skew", timedelta())
        self.first_date = self.first_date or self.began.date() - timedelta(days=self.settings.get("lookback_days", 3))
        request = Request.from_event(event or {}, self.clock.now().date())
        self.reports.append(run.report)
        self.results.append(run.execute(request))
        return self.results[-1]

    def poll(self, times: int = 1, every: timedelta = POLL) -> None:
        """Run the collector on schedule: now if it never ran, else when the next run is due."""
        for _ in range(times):
            if self.last_run:
                self.clock.set(max(self.last_run + every, self.clock.now()))
            self.last_run = self.clock.now()
            self.run()

    def settle(self) -> None:
        """Do ordinary runs until the next whole reconcile is done: then nothing may be missing."""
        self.poll(2)
        tomorrow = datetime.combine(self.clock.now().date() + timedelta(days=1), datetime.min.time(), UTC)
        self.clock.set(tomorrow + timedelta(minutes=1))
        self.poll(3)

    # Contents

    def archive(self) -> list[dict[str, Any]]:
        """Return every record that a feed could ever have read, and check that nothing else is under its prefix."""
        records = []
        for version in self.s3.ever_written(self.prefix):
            assert version.key.endswith(".json.gz"), f"{version.key} is not an object of records"
            assert version.body is not None
            try:
                read = list(read_records(version.body))
            except ValueError as error:
                raise PromiseBrokenError(
                    Promise.CHANGED, f"{version.key} does not have its records ({error})"
                ) from None
            counted = version.metadata["record-count"]
            hold(Promise.CHANGED, counted == str(len(read)), f"{version.key} counts {counted} of {len(read)} records")
            records += read
        return records

    def difference(self) -> tuple[Counter[str], Counter[str]]:
        """Return what is missing in the archive from the first date collected on, and what is there too often."""
        start = self.settings.get("start_date") or self.first_date
        assert start

        def compared(records: list[dict[str, Any]]) -> Counter[str]:
            return multiset([{k: v for k, v in record.items() if k != self.added_field} for record in records])

        truth, archive = compared(self.shown.records(start)), compared(self.archive())
        # The first of Zoom's days may have records of the UTC date before it, a longer window those of earlier dates.
        there = truth + compared(self.shown.records(start - timedelta(days=30), start - timedelta(days=1)))
        return truth - archive, archive - there

    def report_calls(self) -> int:
        """Return the number of report requests so far."""
        return len(self.zoom.calls_to("report"))

    def assert_exact(self) -> None:
        """Raise `PromiseBrokenError` if a record is missing or repeated."""
        missing, repeated = self.difference()
        assert_none(Promise.MISSING, missing)
        assert_none(Promise.REPEATED, repeated)

    def assert_none_repeated(self) -> None:
        """Raise `PromiseBrokenError` if a record is repeated; some may still be missing."""
        assert_none(Promise.REPEATED, self.difference()[1])

    def assert_delivered(self, first: date, last: date) -> None:
        """Raise `PromiseBrokenError` if a record of these dates is missing, in the window or not."""
        assert_none(Promise.MISSING, multiset(self.shown.records(first, last)) - multiset(self.archive()))

    def checkpoint(self) -> Checkpoint:
        return decode_checkpoint(self.s3.body(self.state_key))


def assert_none(promise: Promise, records: Counter[str]) -> None:
    hold(promise, not records, f"{records.total()} records, such as {next(iter(records), None)}")


def multiset(records: list[dict[str, Any]]) -> Counter[str]:
    """Return the records as a multiset that can be compared and read."""
    return Counter(json.dumps(record, sort_keys=True) for record in records)


def days_ago(days: int) -> date:
    return START.date() - timedelta(days=days)
