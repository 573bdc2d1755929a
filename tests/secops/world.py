"""An archive of one object a date, and a tenant that has read it; both in this process, by one clock."""

from __future__ import annotations

import gzip
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from google.oauth2.credentials import Credentials
from standins.clock import Clock
from standins.s3_memory import Version
from standins.secops import CUSTOMER_ID, PROJECT, REGION, SecOps, SecOpsAdapter
from standins.zoom import sample_records
from zoom_operationlogs.archive_object import object_name
from zoom_operationlogs.records import line
from zoom_operationlogs.reports import OPERATION_LOGS
from zoomlogs.secops.check import Check
from zoomlogs.secops.identity import of_record
from zoomlogs.secops.matching import Delivery
from zoomlogs.secops.result import Findings, SecopsDay
from zoomlogs.secops.search import Search
from zoomlogs.secops.session import Session
from zoomlogs.secops.tenant import Tenant

Record = dict[str, Any]

BUCKET, PREFIX = "zoom-operation-logs", "zoom/operationlogs/"
START = datetime(2026, 3, 10, 9, tzinfo=UTC)
YESTERDAY = date(2026, 3, 9)
LOG_TYPE = "ZOOM_OPERATION_LOGS"


def feed(**details: Any) -> Record:
    """Return the body of the module's feed, in mode role."""
    role = {"awsIamRoleArn": "arn:aws:iam::111122223333:role/reader", "subjectId": "1"}
    settings = {"s3Uri": f"s3://{BUCKET}/{PREFIX}", "authentication": {"awsIamRoleAuth": role}}
    log_type = f"projects/{PROJECT}/locations/{REGION}/instances/{CUSTOMER_ID}/logTypes/{LOG_TYPE}"
    body = {"feedSourceType": "AMAZON_S3_V2", "logType": log_type, "amazonS3V2Settings": settings}
    return {"displayName": "Zoom operation logs", "details": {**body, **details}}


@dataclass
class World:
    """The archive as deliveries, and the tenant."""

    labels: dict[str, str] = field(default_factory=dict)
    clock: Clock = field(default_factory=lambda: Clock(START))
    records: dict[date, list[Record]] = field(default_factory=dict)
    written: dict[date, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.secops = SecOps(clock=self.clock.now)
        self.secops.add(feed(labels=self.labels) if self.labels else feed())
        self.session = self.connect()

    def connect(self) -> Session:
        credentials = Credentials(self.secops.token())  # type: ignore[no-untyped-call]
        tenant = Tenant(PROJECT, REGION, CUSTOMER_ID)
        address = f"https://{REGION}-chronicle.googleapis.com"
        return Session(tenant, address, credentials, sleep=self.clock.sleep, adapter=SecOpsAdapter(self.secops))

    def archive(self, records: list[Record], day: date = YESTERDAY, written: datetime | None = None) -> list[Record]:
        """Write an object of these records, and let the feed read it 20 minutes later."""
        written = written or datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1, minutes=5)
        self.records.setdefault(day, []).extend(records)
        self.written.setdefault(day, written)
        key = PREFIX + object_name(day, 1 + len(self.secops.events.logs), OPERATION_LOGS)
        body = gzip.compress(b"".join(line(record) + b"\n" for record in records), 1)
        self.secops.transfer(BUCKET, [Version(key, "v1", body, {}, written)])
        return records

    def day(self, count: int = 100, day: date = YESTERDAY, **values: Any) -> list[Record]:
        """Archive a day of made-up records."""
        return self.archive(list(sample_records(day, count, seed=day.toordinal(), **values)), day)

    def deliveries(self, day: date) -> list[Delivery]:
        written = self.written.get(day, self.clock.now()).timestamp()
        return [
            Delivery(OPERATION_LOGS.fingerprint(record), of_record(record), written)
            for record in self.records.get(day, [])
        ]

    def find(self, names: Collection[bytes]) -> Mapping[bytes, Record]:
        known = (record for records in self.records.values() for record in records)
        return {name: record for record in known if (name := OPERATION_LOGS.fingerprint(record)) in names}

    def search(self) -> Search:
        return Search(self.session, LOG_TYPE, self.labels, self.clock.sleep, clock=self.clock.time)

    def check(
        self,
        *days: date,
        guide: Mapping[bytes, int] | None = None,
        least_wait: timedelta = timedelta(),
        search: Search | None = None,
    ) -> Findings:
        with Check(search or self.search(), self.clock.time, least_wait.total_seconds()) as check:
            for day in days:
                check.ask(day, self.deliveries(day), guide or {}, self.find)
            return check.findings()

    def result(self, day: date = YESTERDAY, **choices: Any) -> SecopsDay:
        return self.check(day, **choices).days[day]
