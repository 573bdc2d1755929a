"""Records of two reports under one prefix, which one feed would read: the doctor of either instance finds them."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from faults.test_reports import on_the_bucket_of, third, world_of
from faults.world import World
from zoom_operationlogs.reports import OPERATION_LOGS, REPORTS, Report
from zoomlogs.deployment import Deployment
from zoomlogs.doctor.checks import CHECKS
from zoomlogs.doctor.facts import Facts
from zoomlogs.doctor.findings import Finding

__all__ = ["third"]  # the fixture
ACTIVITIES = REPORTS["activities"]

[CHECK] = [each for each in CHECKS if each.name == "other reports"]


class Seen(Facts):
    """The facts of a bucket in memory."""

    world: World

    def client(self, service: str) -> Any:
        return self.world.s3

    def now(self) -> Any:
        return self.world.clock.now()


def look(world: World, report: Report) -> Finding:
    prefix = world.settings.get("prefix", report.prefix)
    bucket = {"name": world.s3.bucket, "prefix": prefix, "state_key": "elsewhere.json"}
    facts = Seen(
        Deployment({"bucket": bucket, "function": {"environment": {"REPORT": report.name}}}),
        boto3.Session(region_name="eu-west-1"),
    )
    facts.world = world
    return CHECK(facts)


@pytest.mark.parametrize(("report", "other"), [(OPERATION_LOGS, ACTIVITIES), (ACTIVITIES, OPERATION_LOGS)])
@pytest.mark.parametrize("deleted", [False, True], ids=["there", "deleted"])
def test_a_report_below_the_other_is_found_from_both(report: Report, other: Report, deleted: bool) -> None:
    first = world_of(report, prefix="zoom/")
    first.poll(2)
    assert look(first, report).status == "ok"
    second = on_the_bucket_of(first, other)
    assert look(second, other).status == "fix", "before its first run"
    second.poll(2)
    if deleted:  # every version counts, as it does for the collector
        for key in second.s3.keys(other.prefix):
            second.s3.delete(key)
    found = look(first, report)
    assert found.status == "fix"
    assert f"/zoom/ also has records of Zoom's report {other.name}, such as s3://" in found.sentence
    found = look(second, other)
    assert found.status == "fix"
    assert f"has records of Zoom's report {report.name}, such as s3://" in found.sentence
    assert f"feed also reads s3://{first.s3.bucket}/{other.prefix}:" in found.sentence


@pytest.mark.parametrize(("report", "other"), [(OPERATION_LOGS, ACTIVITIES), (ACTIVITIES, OPERATION_LOGS)])
def test_reports_side_by_side_are_well(report: Report, other: Report) -> None:
    first = world_of(report)
    first.s3.put("2026/03/10/export-activities.json.gz", b"of somebody else")
    first.s3.put("zoom/2025/01/01/zoom-operationlogs-20250101-000001.json.gz", b"of long ago")
    first.s3.put("zoom/2025/01/01/zoom-activities-20250101-000001.json.gz", b"of long ago")
    for name in ("29", "zoom/29"):
        first.s3.put(name, b"no folder")
    for each in (report, other):
        first.s3.put(f"29/2026/03/10/zoom-{each.name}-20260310-000001.json.gz", b"of a collector with the prefix 29/")
    first.poll(2)
    second = on_the_bucket_of(first, other)
    second.poll(2)
    assert [look(first, report).status, look(second, other).status] == ["ok", "ok"]


def test_a_third_report_is_judged_as_the_others_are(third: Report) -> None:
    first = world_of(third, prefix="zoom/")
    first.poll(2)
    assert look(first, third).status == "ok"
    second = on_the_bucket_of(first, ACTIVITIES)
    second.poll(2)
    assert "also has records of Zoom's report activities, such as s3://" in look(first, third).sentence
    assert "holds records of Zoom's report room_bookings, such as s3://" in look(second, ACTIVITIES).sentence


def test_each_folder_above_takes_one_request() -> None:
    world = World(settings={"prefix": "a/b/c/d/"})
    assert look(world, OPERATION_LOGS).status == "ok"
    assert world.s3.calls == {"list_object_versions": 1, "list_objects_v2": 4}, "a/b/c/, a/b/, a/ and the bucket"
