"""What the module says of the feed, planned for combinations of its options, as Google's proto reads it."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from google.cloud import chronicle_v1 as chronicle
from google.protobuf import json_format
from harness.scratch import prepare
from standins.aws import AwsStandIn
from standins.running_provider import running_provider
from zoomlogs.access_keys import AccessKey
from zoomlogs.feed.body import complete

from . import deployments

pytestmark = pytest.mark.slow

TENANT = "projects/soc/locations/eu/instances/01234567-89ab-4cde-8f01-23456789abcd"
LABELS = {"env": "prod", "team": "security"}
Way = tuple[str, str, str, str | None, dict[str, str] | None, str | None]
WAYS: dict[str, Way] = {
    "-".join(str(number) for number in (*map(str, combination[:3]), *map(bool, combination[3:]))): combination
    for combination in (
        (*required, *optional)
        for required in itertools.product(
            ["AMAZON_S3_V2", "AMAZON_SQS_V2"], ["NEVER", "ON_SUCCESS"], ["user", "role", "none"]
        )
        # The optional ones do not know of each other: none, each alone, all
        for optional in [
            (None, None, None),
            ("zoom", None, None),
            (None, LABELS, None),
            (None, None, TENANT),
            ("zoom", LABELS, TENANT),
        ]
    )
}


@pytest.fixture(scope="module")
def feeds(empty_account: AwsStandIn, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    ways = {}
    for name, (source, deletion, mode, namespace, labels, instance) in WAYS.items():
        ways[name] = {
            "reader": {"mode": mode, "subject_id": deployments.SUBJECT_ID if mode == "role" else None},
            "feed": {
                "source_type": source,
                "deletion_option": deletion,
                "namespace": namespace,
                "labels": labels or {},
                "instance": instance,
            },
        }
    folder = tmp_path_factory.mktemp("feeds")
    terraform = prepare(deployments.REPOSITORY, folder, empty_account.env(), folder="tests/fixtures/feeds")
    terraform.init()
    with running_provider(terraform):
        terraform.plan({"ways": ways}, out=folder / "tfplan")
        document = terraform.show_json(folder / "tfplan")
    planned: dict[str, Any] = document["planned_values"]["outputs"]["feeds"]["value"]
    assert planned.keys() == WAYS.keys()
    return planned


@pytest.mark.parametrize("way", WAYS)
def test_the_body_is_a_feed_of_googles_and_what_the_commands_take(feeds: dict[str, Any], way: str) -> None:
    source, deletion, mode, namespace, labels, instance = WAYS[way]
    body = feeds[way]["body"]
    parsed = json_format.ParseDict(body, chronicle.Feed.pb(chronicle.Feed()))
    assert json_format.MessageToDict(parsed) == body  # nothing lost, nothing renamed
    expected = deployments.body(source, deletion=deletion, mode=mode, namespace=namespace, labels=labels)
    if instance:
        expected["details"]["logType"] = f"{instance}/logTypes/ZOOM_OPERATION_LOGS"
    assert body == expected
    key = AccessKey("AKIAIOSFODNN7EXAMPLE", "a/secret+value") if mode == "user" else None
    if mode != "none":
        made = complete(body, TENANT, key)
        assert made["details"]["logType"] == f"{TENANT}/logTypes/ZOOM_OPERATION_LOGS"
        json_format.ParseDict(made, chronicle.Feed.pb(chronicle.Feed()))


@pytest.mark.parametrize("way", WAYS)
def test_the_form_has_the_values_of_the_body(feeds: dict[str, Any], way: str) -> None:
    source, deletion, mode, namespace, labels, _ = WAYS[way]
    form = {row["field"]: row["value"] for row in feeds[way]["form"]}
    assert len(form) == len(feeds[way]["form"])
    assert form["Source type"] == {"AMAZON_S3_V2": "Amazon S3 V2", "AMAZON_SQS_V2": "Amazon SQS V2"}[source]
    assert form["S3 URI"] == deployments.URI
    assert form.get("SQS queue") == (deployments.QUEUE if source == "AMAZON_SQS_V2" else None)
    assert form["Source deletion option"].endswith(f"({deletion})")
    assert form["Asset namespace"] == (namespace or "(none)")
    assert form["Ingestion labels"] == ("env=prod, team=security" if labels else "(none)")
    assert form.get("AWS IAM role ARN") == (deployments.ROLE if mode == "role" else None)
    assert form.get("Subject ID") == (deployments.SUBJECT_ID if mode == "role" else None)
    assert ("Access key ID" in form) == (mode == "user")
    secret = feeds[way]["key_secret_name"]
    assert secret == (deployments.KEY_SECRET if mode == "user" else None)
