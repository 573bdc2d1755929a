"""Advice of the commands, tried in the situation that it is for: the situation is made, the advice is read and carried
out, and the situation is gone. tests/operate/test_advice.py has the list of all advice, with what proves each.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import commands
import pytest
from aws_cli import carry_out
from zoomlogs.deployment import Deployment
from zoomlogs.doctor.checks import CHECKS
from zoomlogs.doctor.facts import Facts
from zoomlogs.doctor.findings import Finding

from .conftest import Place

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]


def look(place: Place, name: str) -> Finding:
    [check] = [check for check in CHECKS if check.name == name]
    outputs = place.world.terraform.output()["zoom_operation_logs"]
    return check(Facts(Deployment(outputs), boto3.Session(region_name=place.aws.region)))


@pytest.fixture
def ready(place: Place, environ: Callable[..., None]) -> Place:
    """The module with its credentials, and a run of the schedule behind it."""
    place.world.store_credentials()
    place.run_by_schedule()
    return place


# --- `terraform apply`, which puts it right -------------------------------------------------------------------------


def _spoil_all(place: Place) -> None:
    """Change by hand all that the doctor says `terraform apply` puts right."""
    at, client = place.deployment, place.aws.client
    s3, iam, scheduler = client("s3"), client("iam"), client("scheduler")
    s3.put_bucket_versioning(Bucket=at.bucket, VersioningConfiguration={"Status": "Suspended"})
    s3.delete_bucket_encryption(Bucket=at.bucket)
    s3.delete_public_access_block(Bucket=at.bucket)
    document = json.loads(at.outputs["bucket"]["policy"])
    for statement in document["Statement"]:
        if statement["Sid"].startswith("DenyDeletesOfR"):
            statement["Effect"] = "Allow"
    s3.put_bucket_policy(Bucket=at.bucket, Policy=json.dumps(document))
    variables = {**at.environment, "PAGE_SIZE": "1"}
    client("lambda").update_function_configuration(FunctionName=at.function_name, Environment={"Variables": variables})
    schedule = scheduler.get_schedule(Name=at.outputs["schedule"]["name"])
    told_only = {"Arn", "CreationDate", "LastModificationDate", "ResponseMetadata"}
    kept = {name: value for name, value in schedule.items() if name not in told_only}
    scheduler.update_schedule(**kept | {"ScheduleExpression": "rate(1 day)"})
    iam.detach_role_policy(RoleName=at.outputs["role"]["name"], PolicyArn=at.outputs["role"]["policy_arn"])
    iam.detach_user_policy(UserName=at.outputs["reader"]["name"], PolicyArn=at.outputs["reader"]["policy_arn"])
    iam.delete_role_policy(RoleName=at.outputs["schedule"]["role_name"], PolicyName="invoke-collector")
    client("cloudwatch").delete_alarms(AlarmNames=[at.outputs["monitoring"]["composite_alarm_name"]])


SPOILT = (
    *("versioning", "encryption", "public access", "bucket policy", "environment", "schedule", "collector's rights"),
    *("reader's rights", "scheduler's rights", "alarms"),
)


def test_terraform_apply_puts_right_what_the_doctor_says_that_it_does(ready: Place) -> None:
    try:
        _spoil_all(ready)
        found = {name: look(ready, name) for name in SPOILT}
    finally:
        ready.world.terraform.apply(ready.world.variables)
    for name, finding in found.items():
        assert finding.status == "fix" and "run `terraform apply`" in finding.sentence, (name, finding)
    for name in SPOILT:
        finding = look(ready, name)
        # A new alarm has no data yet.
        assert finding.status == "ok" or (name == "alarms" and "not enough data" in finding.sentence), (name, finding)


# --- commands of `zoomlogs` -----------------------------------------------------------------------------------------


def test_an_empty_secret_is_filled_by_the_command_that_the_doctor_names(ready: Place) -> None:
    at = ready.deployment
    secrets, secret = ready.aws.client("secretsmanager"), at.secret_arn
    kept = secrets.get_secret_value(SecretId=secret)["SecretString"]
    secrets.put_secret_value(SecretId=secret, SecretString="{}")
    found = look(ready, "secret")
    assert found.status == "fix" and "lacks account_id and client_id and client_secret" in found.sentence
    environ = {**ready.aws.env(commands.neutral()), "ZOOMLOGS_OUTPUTS": str(ready.outputs)}
    ran = commands.zoomlogs("zoom-secret", "put", "--file", "-", environ=environ, stdin=kept)
    assert ran.status == 0, ran
    assert look(ready, "secret").status == "ok"


def test_a_checkpoint_that_was_deleted_is_made_anew_by_the_command_that_the_doctor_names(ready: Place) -> None:
    at = ready.deployment
    with ready.aws.without_bucket_policy(at.bucket):
        ready.aws.client("s3").delete_object(Bucket=at.bucket, Key=at.state_key)
    ready.zoomlogs("status", status=1)
    assert "There is no checkpoint at " in ready.said
    found = look(ready, "checkpoint")
    assert found.status == "fix" and "run `zoomlogs run --wait`" in found.sentence
    ready.zoomlogs("run", "--wait", status=None)
    assert look(ready, "checkpoint").status == "ok"
    ready.zoomlogs("status")


def test_dead_letters_are_read_and_purged(ready: Place) -> None:
    url = ready.deployment.outputs["dead_letter_queue"]["url"]
    sqs = ready.aws.client("sqs")
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    found = look(ready, "dead letters")
    assert found.status == "fix" and "read why in the messages" in found.sentence
    sqs.receive_message(QueueUrl=url)
    assert look(ready, "dead letters").status == "fix"  # received, and not gone
    sqs.purge_queue(QueueUrl=url)
    assert look(ready, "dead letters").status == "ok"


def test_actions_of_the_composite_alarm_that_are_off_are_enabled_by_the_command(ready: Place) -> None:
    composite = ready.deployment.outputs["monitoring"]["composite_alarm_name"]
    ready.aws.client("cloudwatch").disable_alarm_actions(AlarmNames=[composite])
    found = look(ready, "alarms")
    assert found.status == "fix" and "so nobody is notified" in found.sentence, found
    ready.aws.client("cloudwatch").enable_alarm_actions(AlarmNames=[composite])
    assert "nobody is notified" not in look(ready, "alarms").sentence


def test_a_reader_without_a_key_gets_one_by_the_command_that_the_doctor_names(ready: Place) -> None:
    ready.forget_readers_key()
    found = look(ready, "reader")
    assert found.status == "fix" and "create one with `zoomlogs reader-key create`" in found.sentence
    ready.zoomlogs("reader-key", "list", status=1)
    ready.zoomlogs("reader-key", "create")
    ready.zoomlogs("reader-key", "list")
    assert "has no access key" not in look(ready, "reader").sentence
    ready.zoomlogs("reader-key", "create", status=2)
    assert "`zoomlogs reader-key rotate` makes another" in " ".join(ready.said.split())
    ready.zoomlogs("reader-key", "rotate")
    ready.forget_readers_key()


def test_outputs_of_another_folder_are_found_with_the_option_that_the_sentence_names(
    ready: Place, tmp_path: Path
) -> None:
    ran = commands.zoomlogs("logs", environ=ready.aws.env(commands.neutral()), folder=tmp_path)
    assert ran.status == 2
    assert "--outputs" in ran.err, ran
    ran = commands.zoomlogs(
        "logs", "--outputs", ready.outputs, environ=ready.aws.env(commands.neutral()), folder=tmp_path
    )
    assert ran.status == 0, ran


def test_a_log_group_of_another_deployment_is_found_with_its_outputs(ready: Place, tmp_path: Path) -> None:
    outputs = {**ready.deployment.outputs, "log_group": {"name": "/aws/lambda/nowhere", "arn": "x"}}
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps(outputs))
    ready.zoomlogs("logs", "--outputs", str(wrong), status=1)
    assert "give the outputs of the deployment meant with --outputs" in " ".join(ready.said.split())
    ready.zoomlogs("logs", "--outputs", str(ready.outputs))


def test_a_schedule_that_is_dead_is_seen_though_runs_are_started_by_hand(ready: Place, monkeypatch: Any) -> None:
    """What was wrong before: a run by hand made the doctor green."""
    ready.zoomlogs("run", status=None)
    monkeypatch.setattr(Facts, "now", lambda _self: datetime.now(UTC) + timedelta(hours=3))
    found = look(ready, "runs")
    assert found.status == "fix" and "The last scheduled run was at" in found.sentence, found


# --- the runbook's commands -----------------------------------------------------------------------------------------


def test_objects_behind_markers_are_restored_by_the_commands_that_the_doctor_gives(ready: Place) -> None:
    """By whom: tests/operate/test_break_glass.py restores one as the role, under the bucket's policy."""
    at, s3 = ready.deployment, ready.aws.client("s3")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=at.bucket, Prefix=at.prefix)["Contents"]]
    with ready.aws.without_bucket_policy(at.bucket):
        for key in keys:
            s3.delete_object(Bucket=at.bucket, Key=key)
        found = look(ready, "archive")
        assert found.status == "fix", found
        listing, one = re.findall(r"`(aws s3api .*?)`", found.sentence)
        session = boto3.Session(region_name=ready.aws.region)
        for key, version in carry_out(session, listing):
            command = re.sub(r"--key \S+ --version-id \S+", f"--key {key} --version-id {version}", one)
            carry_out(session, command)
    assert look(ready, "archive").status == "ok"
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=at.bucket, Prefix=at.prefix)["Contents"]] == keys
