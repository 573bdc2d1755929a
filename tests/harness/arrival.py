"""What arrives in Google SecOps: a stand-in's feed reads the archive, and its events are compared with the records."""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from google.oauth2.credentials import Credentials
from standins.deployment import StoredObject
from standins.secops import CUSTOMER_ID, PROJECT, REGION, SecOps, SecOpsAdapter
from zoom_operationlogs.records import line
from zoom_operationlogs.reports import OPERATION_LOGS
from zoomlogs.secops.check import Check
from zoomlogs.secops.identity import of_record
from zoomlogs.secops.matching import Delivery
from zoomlogs.secops.search import Search
from zoomlogs.secops.session import Session
from zoomlogs.secops.tenant import Tenant

LOG_TYPE = "ZOOM_OPERATION_LOGS"
AN_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Arrived:
    """How many of the archive's records have an event; `exact` if each has one."""

    in_secops: int
    exact: bool


@dataclass
class Version:
    """An object version, in the form that the stand-in's feed reads."""

    key: str
    version_id: str
    body: bytes | None
    written: datetime


def arrived(bucket: str, prefix: str, objects: Iterable[StoredObject], now: datetime) -> Arrived:
    """Let a feed read the objects, and search for the event of each record an hour later."""
    secops = SecOps(clock=lambda: now + AN_HOUR)
    role = {"awsIamRoleAuth": {"awsIamRoleArn": "arn:aws:iam::111122223333:role/reader", "subjectId": "1"}}
    settings = {"s3Uri": f"s3://{bucket}/{prefix}", "authentication": role}
    log_type = f"{secops.name}/logTypes/{LOG_TYPE}"
    details = {"feedSourceType": "AMAZON_S3_V2", "logType": log_type, "amazonS3V2Settings": settings}
    secops.add({"displayName": "Zoom operation logs", "details": details})
    deliveries: defaultdict[date, list[Delivery]] = defaultdict(list)
    for stored in objects:
        body = gzip.compress(b"".join(line(record) + b"\n" for record in stored.records))
        secops.transfer(bucket, [Version(stored.key, "v1", body, now)])
        for record in stored.records:
            if time := OPERATION_LOGS.time_of(record):
                deliveries[time.date()].append(
                    Delivery(OPERATION_LOGS.fingerprint(record), of_record(record), now.timestamp())
                )
    credentials = Credentials(secops.token())  # type: ignore[no-untyped-call]
    tenant = Tenant(PROJECT, REGION, CUSTOMER_ID)
    address = f"https://{REGION}-chronicle.googleapis.com"
    session = Session(tenant, address, credentials, adapter=SecOpsAdapter(secops))
    with Check(Search(session, LOG_TYPE, {}), lambda: (now + AN_HOUR).timestamp()) as check:
        for day, some in deliveries.items():
            check.ask(day, some, {}, lambda _names: {})
        found = check.findings().days
    in_secops = sum(day.in_secops for day in found.values())
    return Arrived(in_secops, all(day.state == "equal" for day in found.values()))
