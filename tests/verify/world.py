"""The collector's small world, verified: Zoom, S3 and a clock in memory."""

from __future__ import annotations

import gzip
import json
import uuid
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from faults.world import PREFIX, START, STATE_KEY, World, days_ago
from zoom_operationlogs.archive_object import decode, encode
from zoom_operationlogs.bucket import Bucket
from zoom_operationlogs.deadline import Deadline
from zoom_operationlogs.legacy import LegacyLedger, LegacyObjects
from zoom_operationlogs.records import line
from zoom_operationlogs.settings import Credentials
from zoom_operationlogs.zoom import Zoom
from zoomlogs.deleted import Rule
from zoomlogs.verify.acceptance import by_date
from zoomlogs.verify.archive import ArchiveReader
from zoomlogs.verify.comparison import Accepted, DayResult, Result, State
from zoomlogs.verify.report_reader import ReportReader
from zoomlogs.verify.verifier import Verifier, due_before

__all__ = ["PREFIX", "START", "STATE_KEY", "State", "Verified", "collected", "days_ago", "guide_object"]

YESTERDAY = days_ago(1)
QUARTER = timedelta(minutes=15)


class Verified(World):
    """A world in which the archive can be verified and meddled with."""

    kept_since: datetime | None = None
    expiration_days: int | None = None
    known_repeats: tuple[Accepted, ...] = ()

    def report_reader(self, page_size: int | None = None, pause: timedelta = QUARTER) -> ReportReader:
        account = self.zoom.account
        patience = Deadline(lambda: 300.0, 0.0)
        credentials = Credentials(account.id, account.client_id, account.client_secret)
        client = Zoom(
            self._session(),
            self.report,
            "https://zoom.us/oauth/token",
            "https://api.zoom.us/v2",
            lambda _fresh: credentials,
            30,
            self.clock.now,
            self.clock.sleep,
            patience,
        )
        due = due_before(self.clock.now(), self.known(), pause)
        return ReportReader(client, page_size or self.page_size, self.clock.now, due)

    def known(self) -> Any:
        return self.checkpoint() if self.state_key in self.s3.keys(self.state_key) else None

    def verifier(self, *, keeps_deliveries: bool = False, **choices: Any) -> tuple[Verifier, ArchiveReader]:
        patience = Deadline(lambda: 300.0, 0.0)
        known = self.known()
        legacy = known and known.delivered.legacy
        bucket = Bucket(self.s3, self.s3.bucket, patience, self.clock.sleep)  # type: ignore[arg-type]
        ledger = legacy and LegacyLedger(legacy.first, legacy.last)
        rule = Rule(bool(self.settings.get("feed_deletes")), self.kept_since, self.expiration_days)
        objects = LegacyObjects(bucket, self.prefix, self.report, patience)
        archive = ArchiveReader(
            bucket, self.prefix, self.report, objects, ledger, rule, keeps_deliveries=keeps_deliveries
        )
        lookback = self.settings.get("lookback_days", 3)
        entries = by_date(self.known_repeats, self.clock.now().date())
        verifier = Verifier(self.report_reader(**choices), archive, known, lookback, self.clock.now(), entries)
        return verifier, archive

    def verify(self, *days: date, **choices: Any) -> tuple[list[DayResult], str]:
        verifier, _ = self.verifier(**choices)
        return verifier.run(days)

    def day(self, day: date = YESTERDAY, **choices: Any) -> DayResult:
        """Verify one date."""
        [found], stopped = self.verify(day, **choices)
        assert not stopped
        return found

    def result(self, *days: date) -> Result:
        began = self.clock.now()
        found, stopped = self.verify(*days)
        return Result(self.s3.bucket, self.prefix, self.zoom.account.id, began, self.clock.now(), tuple(found), stopped)

    # Meddling with the archive, as no collector does

    def objects(self, day: date = YESTERDAY) -> list[str]:
        return self.s3.keys(f"{self.prefix}{day:%Y/%m/%d}/")

    def records(self, key: str) -> list[dict[str, Any]]:
        return decode(self.s3.body(key))

    def rewrite(self, key: str, records: Iterable[dict[str, Any]]) -> None:
        """Put other records into an object, in place of the version that is there."""
        written = self.s3._latest(key)
        assert written
        self.s3.delete_versions(key)
        records = list(records)
        self.s3.put(key, encode(line(record) for record in records))
        latest = self.s3._latest(key)
        assert latest
        latest.written, latest.metadata = written.written, {"record-count": str(len(records))}

    def forget(self) -> None:
        """Delete the checkpoint."""
        self.s3.delete_versions(self.state_key)

    def lose(self, at: int = 0, day: date = YESTERDAY) -> dict[str, Any]:
        """Take one record out of the date's first object; return it."""
        [key, *_] = self.objects(day)
        records = self.records(key)
        lost = records.pop(at)
        self.rewrite(key, records)
        return lost

    def double(self, at: int = 0, day: date = YESTERDAY) -> dict[str, Any]:
        """Repeat one record in the date's first object; return it."""
        [key, *_] = self.objects(day)
        records = self.records(key)
        self.rewrite(key, [*records, records[at]])
        return records[at]


def collected(
    records: int = 100, days: int = 3, twins: float = 0.0, today: int | None = None, **options: Any
) -> Verified:
    """Return a world whose days are all collected."""
    world = Verified(**options)
    for ago in range(days + 1):
        count = records if ago or today is None else today
        world.zoom.add_day(days_ago(ago), count, seed=ago + 1, twins=twins)
    world.run()
    return world


def guide_object(world: Verified, written: date, records: list[dict[str, Any]]) -> None:
    """Leave an object as the written guide's Lambda did, with the letter n where a line end was meant."""
    text = "n".join(json.dumps(record) for record in records) + "n"
    key = f"{PREFIX}{written:%Y/%m/%d}/zoom-operationlogs-{uuid.uuid4()}.json.gz"
    world.s3.put(key, gzip.compress(text.encode()))
