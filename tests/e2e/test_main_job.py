"""The main job end to end: Terraform applies the module, and the packaged collector runs as deployed.

It runs with its own role, with the applied policies enforced for every request. tests/security uses the same world
afterwards, plans it again, searches it for secrets and destroys it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from harness.terraform import TerraformError
from monitoring.cloudwatch import MetricName, metrics_of_dashboard
from monitoring.recorder import emf_metrics
from security.applied import FIRST_DAY, RECORDS_A_DAY, START, Applied
from standins.deployment import Deployment
from standins.zoom import faults

pytestmark = pytest.mark.slow

STATE_KEY = "zoom/operationlogs-state/state.json"


@contextmanager
def refused_requests(deployment: Deployment) -> Iterator[list[str]]:
    """Return a list of the requests that the stand-in for AWS refuses in the block, from its log; full at its end."""
    refused: list[str] = []
    before = len(deployment.aws.log_file.read_text(encoding="utf-8"))
    yield refused
    log = deployment.aws.log_file.read_text(encoding="utf-8")[before:]
    requests = re.findall(r'"(?:\x1b\[[\d;]*m)*(\w+ \S+) HTTP/1\.1(?:\x1b\[0m)?" (\d+)', log)
    assert requests
    refused += [request for request, status in requests if status in ("400", "401", "403", "501")]


def test_an_empty_secret_is_not_a_failure_at_first(deployment: Deployment) -> None:
    run = deployment.run_scheduled()
    assert run.ok
    assert run.result == {"ok": False, "written": 0, "date": "2026-03-10", "waiting_for": "credentials"}
    assert any("is still empty: store" in line for line in run.logs)
    assert not deployment.objects()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("not json: hush-hush", "is not JSON: store"),
        ('{"account_id": "hush-hush"}', "lacks client_id and client_secret"),
    ],
)
def test_a_malformed_secret_gives_one_sentence(deployment: Deployment, text: str, sentence: str) -> None:
    deployment.store_secret(text)
    deployment.runtime.kill()
    run = deployment.run_scheduled()
    assert not run.ok
    assert sentence in run.error["errorMessage"]
    assert "hush-hush" not in json.dumps([run.error, run.logs])
    assert not deployment.objects()


def test_a_wrong_client_secret_gives_one_sentence(deployment: Deployment) -> None:
    deployment.store_credentials(client_secret="hush-hush")
    deployment.runtime.kill()
    with refused_requests(deployment) as refused:
        run = deployment.run_scheduled()
    assert not run.ok
    # A role that may not list the whole bucket gets a 403 for a missing object: the checkpoint, and that of the
    # written guide's collector. Every later request is allowed, as the tests below check.
    folder = f"/{deployment.bucket}/{deployment.prefix}"
    assert refused == [f"GET /{deployment.bucket}/{STATE_KEY}", f"GET {folder}state.json"]
    assert "Zoom does not know this client id and client secret" in run.error["errorMessage"]
    assert "hush-hush" not in json.dumps([run.error, run.logs])
    assert not deployment.objects()


def test_a_rotated_secret_is_read_without_a_new_deployment(deployment: Deployment) -> None:
    """The sandbox is warm, and has cached the wrong secret."""
    deployment.store_credentials()
    with refused_requests(deployment) as refused:
        run = deployment.run_scheduled()
    assert run.ok, run.error
    assert refused == []
    assert not run.cold
    assert run.result["written"] > 3 * RECORDS_A_DAY


def test_every_record_is_in_the_archive_once(deployment: Deployment, applied: Applied) -> None:
    """More than a day of scheduled runs, a reconcile and a backfill."""
    clock, own = deployment.zoom.clock, applied.world.instance("alpha")
    scheduler = deployment.aws.client("lambda", applied.world.scheduler_keys(own))
    earlier = (START - timedelta(days=6)).date()
    ended = []
    with refused_requests(deployment) as refused:
        for number in range(30):
            clock.advance(timedelta(minutes=15 if number < 8 else 75).total_seconds())
            payload = deployment.target.payload
            delivered = scheduler.invoke(FunctionName=own.function_arn, Payload=payload, InvocationType="DryRun")
            assert delivered["StatusCode"] == 204
            if number == 10:
                deployment.runtime.kill()  # the next run starts cold
            ended.append(deployment.run_scheduled())
        ended.append(deployment.run({"action": "reconcile"}))
        ended.append(
            deployment.run({"action": "backfill", "from": f"{earlier}", "to": f"{FIRST_DAY - timedelta(days=1)}"})
        )
        ended.append(deployment.run_scheduled())
    assert clock.now() - START > timedelta(hours=24)
    assert [run.error for run in ended if not run.ok] == []
    names = {"ok", "written", "date", "objects", "pages", "owed", "ended", "not_before"}
    assert [run.result for run in ended if not names <= run.result.keys()] == []
    comparison = deployment.compare(earlier)
    assert comparison.in_zoom > 7 * RECORDS_A_DAY
    assert comparison.exact, comparison
    assert refused == []


def test_objects_are_named_by_their_records_dates(deployment: Deployment) -> None:
    numbers: dict[str, list[int]] = {}
    for stored in deployment.objects():
        match = re.fullmatch(
            r"zoom/operationlogs/(\d{4})/(\d\d)/(\d\d)/zoom-operationlogs-(\d{8})-(\d{6})\.json\.gz", stored.key
        )
        assert match, stored.key
        assert "".join(match.groups()[:3]) == match[4]
        numbers.setdefault(match[4], []).append(int(match[5]))
        day = "-".join(match.groups()[:3])
        assert all(record["time"].startswith(day) for record in stored.records if record.get("time"))
    assert all(found == list(range(1, len(found) + 1)) for found in numbers.values())


def test_the_checkpoint_is_outside_the_feeds_prefix(deployment: Deployment) -> None:
    keys = [item["Key"] for item in deployment.aws.client("s3").list_objects_v2(Bucket=deployment.bucket)["Contents"]]
    assert [key for key in keys if not key.startswith(deployment.prefix)] == [STATE_KEY]


def test_an_unreachable_zoom_gives_one_sentence(deployment: Deployment) -> None:
    deployment.zoom.faults.rule = lambda _request: faults.server_error(503)
    run = deployment.run_scheduled()
    deployment.zoom.faults.clear()
    assert not run.ok
    assert "Zoom gave no usable answer after several tries (HTTP 503)" in run.error["errorMessage"]
    assert deployment.run_scheduled().ok


def test_the_log_line_of_a_run_says_what_happened(deployment: Deployment) -> None:
    run = deployment.run_scheduled()
    lines = [json.loads(line) for line in run.logs if line.startswith("{")]
    [ended] = [line for line in lines if line.get("message") == "run ended"]
    assert ended["written"] == run.result["written"]
    assert ended["pages"] == run.result["pages"]
    assert ended["boto3"]
    assert ended["outcome"] == "succeeded"
    [metrics] = [line for line in lines if "_aws" in line]
    assert metrics["RunsSucceeded"] == [1.0]
    assert ended["owed"] == metrics["DatesOwed"][0]
    assert ended["zoom_calls_left"] > 0
    assert "action" not in ended  # Powertools leaves out what is null


def test_the_log_line_of_a_run_has_its_request(deployment: Deployment) -> None:
    day = deployment.zoom.clock.now().date().isoformat()
    for event in ({"action": "backfill", "from": day, "to": day}, {"action": "reconcile"}):
        run = deployment.run(event)
        [ended] = [json.loads(line) for line in run.logs if '"run ended"' in line]
        assert ended["action"] == event["action"]
    deployment.zoom.rules.rate_headers = "category"  # then Zoom does not send its limit
    [ended] = [json.loads(line) for line in deployment.run_scheduled().logs if '"run ended"' in line]
    deployment.zoom.rules.rate_headers = "full"
    assert ended["zoom_calls"] >= 1
    assert "zoom_calls_left" not in ended


def test_the_deployed_package_sends_the_watched_metrics(deployment: Deployment) -> None:
    """tests/monitoring tests the same for the handler in memory; here it is the applied package."""
    deployment.zoom.clock.advance(deployment.target.period_s or 0)
    run = deployment.run_scheduled()
    lines = [json.loads(line) for line in run.logs if line.startswith("{")]
    sent = {metric for line in lines for metric, _ in emf_metrics(line)}
    cloudwatch = deployment.aws.client("cloudwatch")
    named = list(deployment.outputs["alpha"]["monitoring"]["alarms"].values())
    alarms = cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm"], AlarmNames=named)["MetricAlarms"]
    watched = {
        MetricName.of(
            metric["Namespace"], metric["MetricName"], {one["Name"]: one["Value"] for one in metric["Dimensions"]}
        )
        for alarm in alarms
        for metric in [alarm, *(query.get("MetricStat", {}).get("Metric", {}) for query in alarm.get("Metrics") or [])]
        if metric.get("MetricName")
    }
    assert len(alarms) == len(named)
    assert len(watched) == 8
    missing = {metric.name for metric in watched if not metric.namespace.startswith("AWS/")} - {
        one.name for one in sent
    }
    assert missing == {"Incidents"}, "a run without incidents does not send it"
    body = cloudwatch.get_dashboard(DashboardName=deployment.target.function_name)["DashboardBody"]
    ours = {metric for metric in metrics_of_dashboard(body, json.loads) if not metric.namespace.startswith("AWS/")}
    assert {metric.name for metric in ours} - {metric.name for metric in sent} == {"Incidents"}
    assert {(metric.namespace, metric.dimensions) for metric in ours | sent} == {
        ("ZoomOperationLogs", frozenset({("service", deployment.target.function_name)}))
    }


def test_only_a_deployments_own_alarms_reach_its_topic(deployment: Deployment) -> None:
    """Evaluated on the applied policies, for beta, whose topic has a key of the module."""
    beta = deployment.outputs["beta"]
    topic, name = beta["monitoring"]["topic_arn"], beta["function"]["name"]
    key = deployment.aws.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]["KmsMasterKeyId"]
    alarm = f"arn:aws:cloudwatch:{deployment.aws.region}:{{}}:alarm:{{}}-not-healthy"

    def may(service: str, account: str, function: str, action: str, resource: str, tls: str = "true") -> bool:
        source = {"aws:SourceAccount": account, "aws:SourceArn": alarm.format(account, function)}
        return deployment.aws.judge({"service": service}, action, resource, {**source, "aws:SecureTransport": tls})

    own, other = deployment.aws.account_id, "999999999999"
    for action, resource in (("sns:Publish", topic), ("kms:Decrypt", key), ("kms:GenerateDataKey", key)):
        assert may("cloudwatch.amazonaws.com", own, name, action, resource)
        assert not may("cloudwatch.amazonaws.com", other, name, action, resource)
        assert not may("cloudwatch.amazonaws.com", own, "another", action, resource)
        assert not may("budgets.amazonaws.com", own, name, action, resource)
    assert not may("cloudwatch.amazonaws.com", own, name, "sns:Publish", topic, tls="false")
    assert not may("cloudwatch.amazonaws.com", own, name, "sns:AddPermission", topic)
    assert not may("cloudwatch.amazonaws.com", own, name, "kms:ScheduleKeyDeletion", key)


def test_a_changed_line_without_make_package_is_refused_at_plan_time(deployment: Deployment) -> None:
    """The last test of tests/security plans the original line, without a change."""
    source = next(deployment.terraform.workdir.parents[2].glob("lambda/zoom_operationlogs/checkpoint.py"))
    text = source.read_text()
    source.write_text(text.replace("TAIL =", "TAIL  ="))
    try:
        with pytest.raises(TerraformError, match="make package"):
            deployment.terraform.plan(deployment.variables)
    finally:
        source.write_text(text)
