"""What the doctor says of the feed: it asks SecOps where it can, and says why where it cannot."""

from __future__ import annotations

import boto3
import pytest
from zoomlogs.deployment import read_deployment
from zoomlogs.doctor.checks import CHECKS
from zoomlogs.doctor.facts import Facts
from zoomlogs.doctor.findings import Finding

from .conftest import World
from .deployments import URI, body

pytestmark = pytest.mark.slow

[CHECK] = [check for check in CHECKS if check.name == "feed"]


@pytest.fixture
def feed(keyless: World, monkeypatch: pytest.MonkeyPatch):
    def look(**environment: str) -> Finding:
        for name, value in keyless.environment(**environment).items():
            monkeypatch.setenv(name, value)
        return CHECK(
            Facts(read_deployment(str(keyless.folder / "outputs.json")), boto3.Session(region_name="us-east-1"))
        )

    return look


def test_a_feed_that_reads_is_well(keyless: World, feed):
    keyless.run("feed", "apply", "--yes")
    [stored] = keyless.secops.feeds.values()
    short = stored["name"].rpartition("/")[2]
    found = feed()
    assert found.status == "ok"
    assert found.sentence.startswith(f"The feed Zoom Operation Logs ({short}): enabled, and has not read anything yet;")


def test_no_feed_a_disabled_and_a_failed_one_are_to_be_fixed(keyless: World, feed):
    assert feed().status == "fix"
    assert "create it with `zoomlogs feed apply`" in feed().sentence
    keyless.run("feed", "apply", "--yes")
    [name] = keyless.secops.feeds
    keyless.secops.change(name, state="FAILED")
    assert (feed().status, "has failed: look at it in SecOps." in feed().sentence) == ("fix", True)
    keyless.secops.change(name, state="FAILED", failureDetails={"errorCode": "ACCESS_DENIED"})
    assert "has failed, because the reader may not list or read the bucket" in feed().sentence
    assert "compare the reader's policies with `terraform plan`" in feed().sentence
    keyless.secops.change(name, state="INACTIVE")
    assert (feed().status, "is disabled" in feed().sentence) == ("fix", True)


def test_without_a_tenant_or_an_answer_it_says_why(keyless: World, feed):
    unsaid = feed(ZOOMLOGS_SECOPS_PROJECT="", ZOOMLOGS_SECOPS_REGION="", ZOOMLOGS_SECOPS_CUSTOMER_ID="")
    assert unsaid == Finding(
        "unknown",
        "Not checked because SecOps could not be queried: Which SecOps tenant? Set ZOOMLOGS_SECOPS_PROJECT,"
        " ZOOMLOGS_SECOPS_REGION, ZOOMLOGS_SECOPS_CUSTOMER_ID, or feed.instance in Terraform: SIEM Settings > Profile"
        " shows them.",
    )
    keyless.secops.permitted = False
    refused = feed(**keyless.secops.env())
    assert refused.status == "unknown"
    assert "Not checked because SecOps could not be queried: zoomlogs could not list the feeds" in refused.sentence


def test_a_feed_of_the_folder_above_ingests_the_same_twice(keyless: World, feed):
    above = body(mode="role", name="Everything", uri="s3://your-zoom-operation-logs/")
    keyless.secops.add(above)
    assert feed().status == "fix"
    assert f"which contains {URI}: what both read is ingested twice" in feed().sentence
    assert "create it with" not in feed().sentence
    keyless.run("feed", "apply", "--yes", "--allow-overlap")
    assert feed().status == "fix"
    assert keyless.run("feed", "status").status == 1
