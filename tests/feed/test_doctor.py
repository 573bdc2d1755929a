"""What the doctor says of the feed: it asks SecOps where it can, and says why where it cannot."""

from __future__ import annotations

import boto3
import pytest
from zoomlogs.deployment import read_deployment
from zoomlogs.doctor.checks import CHECKS
from zoomlogs.doctor.findings import Finding
from zoomlogs.doctor.world import World as Looked

from .conftest import World

[CHECK] = [check for check in CHECKS if check.name == "feed"]


@pytest.fixture
def feed(keyless: World, monkeypatch: pytest.MonkeyPatch):
    def look(**environment: str) -> Finding:
        for name, value in keyless.environment(**environment).items():
            monkeypatch.setenv(name, value)
        return CHECK(
            Looked(read_deployment(str(keyless.folder / "outputs.json")), boto3.Session(region_name="us-east-1"))
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
    assert "make it with `zoomlogs feed apply`" in feed().sentence
    keyless.run("feed", "apply", "--yes")
    [name] = keyless.secops.feeds
    keyless.secops.change(name, state="FAILED")
    assert (feed().status, "has failed. `zoomlogs feed status` says more." in feed().sentence) == ("fix", True)
    keyless.secops.change(name, state="INACTIVE")
    assert (feed().status, "is disabled" in feed().sentence) == ("fix", True)


def test_without_a_tenant_or_an_answer_it_says_why(keyless: World, feed):
    unsaid = feed(ZOOMLOGS_SECOPS_PROJECT="", ZOOMLOGS_SECOPS_REGION="", ZOOMLOGS_SECOPS_CUSTOMER_ID="")
    assert unsaid == Finding(
        "unknown",
        "Not checked because nothing here says which SecOps tenant is meant: set `feed.instance` in Terraform, or ask"
        " with `zoomlogs feed status`.",
    )
    keyless.secops.permitted = False
    refused = feed(**keyless.secops.env())
    assert refused.status == "unknown"
    assert "Not checked because SecOps could not be asked: zoomlogs could not list the feeds" in refused.sentence
