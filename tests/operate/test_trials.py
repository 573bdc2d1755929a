"""What the doctor tries when it is asked to, on the applied module: as the reader, with an alarm, over a record."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from standins.aws import AwsStandIn
from zoomlogs.deployment import Deployment
from zoomlogs.doctor import alarm_trial
from zoomlogs.doctor import command as doctor_command
from zoomlogs.doctor.checks import AS_READER, CHECKS, PROBE, TEST_ALARM, TRIALS
from zoomlogs.doctor.command import Trials
from zoomlogs.doctor.facts import Facts
from zoomlogs.doctor.findings import Finding
from zoomlogs.policies import STATEMENTS, by_check, by_trial

from .conftest import Operator, Place, actions, without

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]

CHECK = {check.name: check for check in TRIALS}
READER = "secops-reader"


def look(name: str, at: Deployment) -> Finding:
    return CHECK[name](Facts(at, boto3.Session(region_name=at.region)))


def changed(at: Deployment, change: Callable[[dict[str, Any]], object]) -> Deployment:
    outputs = copy.deepcopy(dict(at.outputs))
    change(outputs)
    return Deployment(outputs)


def tried(at: Deployment, capsys: pytest.CaptureFixture[str], **trials: bool) -> tuple[int, dict[str, dict[str, str]]]:
    """Run the doctor with options; return its status and what each check found."""
    status = doctor_command.main(at, Trials(**trials), as_json=True)
    return status, {each["check"]: each for each in json.loads(capsys.readouterr().out)}


# --- as the reader ---------------------------------------------------------------------------------------------------


def statement(effect: str, action: str | list[str], resource: str, **condition: Any) -> dict[str, Any]:
    made = {"Effect": effect, "Action": action, "Resource": resource}
    return {**made, **({"Condition": condition} if condition else {})}


@contextmanager
def policy_of_reader(aws: AwsStandIn, *statements: dict[str, Any]) -> Iterator[None]:
    iam = aws.client("iam")
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName=READER, PolicyName="test", PolicyDocument=document)
    try:
        yield
    finally:
        iam.delete_user_policy(UserName=READER, PolicyName="test")


@pytest.fixture
def may_list(place: Place) -> dict[str, Any]:
    return statement("Allow", "s3:ListBucket", place.deployment.outputs["bucket"]["arn"])


@pytest.fixture
def with_key(place: Place) -> None:
    """Store the credentials, collect something, and give the reader a key that lies in its secret."""
    place.world.store_credentials()
    place.zoomlogs("run")
    place.forget_readers_key()
    place.zoomlogs("reader-key", "create")


def test_google_s_calls_succeed_with_the_readers_key(
    place: Place, with_key: None, may_list: dict[str, Any], operator: Operator, capsys: Any
) -> None:
    at = place.deployment
    operator.may(STATEMENTS["doctor --as-reader"](at))
    with policy_of_reader(place.aws, may_list):
        status, found = tried(at, capsys, as_reader=True)
    assert (status, list(found)) == (0, [check.name for check in AS_READER])
    assert {each["status"] for each in found.values()} == {"ok"}
    assert f"read s3://{at.bucket}/{at.prefix}" in found["read record"]["sentence"]
    operator.may([])
    status, found = tried(at, capsys, as_reader=True)
    assert status == 1
    assert {each["status"] for name, each in found.items() if name != "take message"} == {"unknown"}
    assert "may not read the reader's key (AccessDenied)" in found["reader's key"]["sentence"]
    operator.may(without(STATEMENTS["doctor --as-reader"](at), "secretsmanager:GetSecretValue"))
    assert "the reader's key cannot be read: The secret" in look("reader's key", at).sentence


@pytest.mark.parametrize(
    ("denied", "condition", "refused", "words"),
    [
        (
            "s3:ListBucket",
            {"Null": {"s3:prefix": "true"}},
            {"list bucket": "fix", "find bucket": "fix"},
            "list the whole",
        ),
        (
            "s3:ListBucket",
            {},
            {"list folder": "fix", "list bucket": "fix", "find bucket": "fix", "read record": "unknown"},
            "may not list s3://zoom-operation-logs/zoom/operationlogs/ (",
        ),
        ("s3:GetBucketLocation", {}, {"locate bucket": "fix"}, "may not ask for the bucket's region"),
        ("s3:GetObject", {}, {"read record": "fix"}, "may not read s3://zoom-operation-logs/zoom/operationlogs/"),
    ],
)
def test_what_the_reader_is_refused_is_named(
    place: Place,
    with_key: None,
    may_list: dict[str, Any],
    environ: Any,
    capsys: Any,
    denied: str,
    condition: dict[str, Any],
    refused: dict[str, str],
    words: str,
) -> None:
    deny = statement("Deny", denied, "*", **condition)
    with place.aws.authorising(), policy_of_reader(place.aws, may_list, deny):
        status, found = tried(place.deployment, capsys, as_reader=True)
    assert status == 1
    assert {name: each["status"] for name, each in found.items() if each["status"] != "ok"} == refused
    first = found[next(iter(refused))]["sentence"]
    assert words in first
    assert "run `terraform apply`; if that changes nothing, look for a Deny" in first


def test_on_a_bucket_of_others_a_listing_of_the_folder_alone_is_no_fault_for_certain(
    place: Place, with_key: None, environ: Any
) -> None:
    at = changed(place.deployment, lambda outputs: outputs["bucket"].update(created=False))
    deny = statement("Deny", "s3:ListBucket", "*", Null={"s3:prefix": "true"})
    with place.aws.authorising(), policy_of_reader(place.aws, deny):
        for name in ("list bucket", "find bucket"):
            found = look(name, at)
            assert found.status == "unknown"
            assert "set `reader = { list_whole_bucket = true }` and apply" in found.sentence


def test_a_key_that_aws_does_not_accept_is_said_once(place: Place, with_key: None, environ: Any, capsys: Any) -> None:
    iam = place.aws.client("iam")
    [key] = iam.list_access_keys(UserName=READER)["AccessKeyMetadata"]
    named = {"UserName": READER, "AccessKeyId": key["AccessKeyId"]}
    iam.update_access_key(**named, Status="Inactive")
    try:
        status, found = tried(place.deployment, capsys, as_reader=True)
    finally:
        iam.update_access_key(**named, Status="Active")
    assert status == 1
    assert found["reader's key"]["status"] == "fix"
    assert (
        "does not accept the access key in the reader's secret (InvalidClientTokenId)"
        in found["reader's key"]["sentence"]
    )
    assert {each["status"] for name, each in found.items() if name not in ("reader's key", "take message")} == {
        "unknown"
    }


def test_a_key_that_aws_does_not_know_yet_is_no_fault(
    place: Place, with_key: None, environ: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """IAM has it, and STS or S3 will have it in a minute: a rotation would only make another new one."""

    def not_yet(*_: object, **__: object) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "not yet"}}, "any")

    class New:
        get_caller_identity = list_objects_v2 = staticmethod(not_yet)

    at, whole = place.deployment, Facts.as_reader
    for service, name, code in (
        ("sts", "reader's key", "InvalidClientTokenId"),
        ("s3", "list folder", "InvalidAccessKeyId"),
    ):
        monkeypatch.setattr(
            Facts, "as_reader", lambda self, asked, new=service: New() if asked == new else whole(self, asked)
        )
        found = look(name, at)
        assert found.status == "unknown"
        assert f"({code}): a new access key can take a minute" in found.sentence


def test_a_rotation_is_not_disturbed(place: Place, with_key: None, environ: Any) -> None:
    """IAM would see the new key at work, and `reader-key rotate --finish` would delete the old one too early."""
    iam = place.aws.client("iam")
    made = iam.create_access_key(UserName=READER)["AccessKey"]["AccessKeyId"]
    found = look("reader's key", place.deployment)
    iam.delete_access_key(UserName=READER, AccessKeyId=made)
    assert (found.status, "Finish the rotation first." in found.sentence) == ("unknown", True)


def test_the_key_of_somebody_else_is_noticed(place: Place, with_key: None, environ: Any) -> None:
    at = changed(place.deployment, lambda outputs: outputs["reader"].update(arn="arn:aws:iam::123456789012:user/other"))
    with place.aws.authorising():
        found = look("reader's key", at)
    assert found.status == "fix"
    assert f"belongs to arn:aws:iam::123456789012:user/{READER}, not to arn" in found.sentence


def test_without_a_key_the_way_to_one_is_said(place: Place, environ: Any) -> None:
    at = changed(place.deployment, lambda outputs: outputs["secops_feed"].update(key_secret_name="nowhere"))
    found = look("reader's key", at)
    assert found.status == "unknown"
    assert found.sentence.endswith(
        "the reader's secret has no access key yet: create one with `zoomlogs reader-key create`."
    )


@pytest.mark.parametrize(
    ("mode", "words"), [("role", "only Google's own token can assume"), ("none", "the module manages no reader")]
)
def test_a_reader_without_a_key_is_one_question_mark_and_status_1(
    place: Place, environ: Any, capsys: Any, mode: str, words: str
) -> None:
    at = changed(place.deployment, lambda outputs: outputs["reader"].update(mode=mode))
    status, found = tried(at, capsys, as_reader=True)
    assert status == 1
    assert [(name, each["status"]) for name, each in found.items()] == [("reader's key", "unknown")]
    assert words in found["reader's key"]["sentence"]


def test_a_message_is_looked_at_and_stays_visible(place: Place, with_key: None, environ: Any) -> None:
    sqs = place.aws.client("sqs")
    url = sqs.create_queue(QueueName="feed")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="of a record")
    at = changed(place.deployment, lambda outputs: outputs["secops_feed"].update(queue={"name": "feed", "url": url}))
    with place.aws.authorising():
        assert "The reader may not take messages from feed (" in look("take message", at).sentence
        with policy_of_reader(place.aws, statement("Allow", "sqs:ReceiveMessage", "*")):
            assert look("take message", at).status == "ok"
    [seen] = sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)["Messages"]
    assert seen["Body"] == "of a record"
    sqs.delete_queue(QueueUrl=url)


def test_the_age_of_the_feeds_oldest_message_is_looked_at(place: Place, operator: Operator) -> None:
    queue = {"name": "aging", "url": "https://sqs/aging", "arn": "arn:aws:sqs:us-east-1:123456789012:aging"}
    at = changed(place.deployment, lambda outputs: outputs["secops_feed"].update(queue=queue))
    [check] = [each for each in CHECKS if each.name == "feed's queue"]

    def found() -> Finding:
        return check(Facts(at, boto3.Session(region_name=at.region)))

    def be(seconds: float) -> None:
        named = {"MetricName": "ApproximateAgeOfOldestMessage", "Value": seconds}
        dimensions = [{"Name": "QueueName", "Value": "aging"}]
        data = [{**named, "Dimensions": dimensions}]
        place.aws.client("cloudwatch").put_metric_data(Namespace="AWS/SQS", MetricData=data)

    operator.may(by_check(at)["feed's queue"])
    assert found().sentence.startswith("CloudWatch has no age of the messages in aging")
    be(60)
    assert found().status == "ok"
    be(7300)
    assert (found().status, "has waited for 2 hours" in found().sentence) == ("fix", True), found()
    operator.may([])
    assert (found().status, "may not read the feed's queue" in found().sentence) == ("unknown", True)


# --- an alarm --------------------------------------------------------------------------------------------------------


@pytest.fixture
def told(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Let one mail address be subscribed and confirmed, and nobody else; give the topic."""
    monkeypatch.setattr(alarm_trial, "LOOK_EVERY_SECONDS", 0.01)
    [topic] = place.deployment.outputs["monitoring"]["topic_arns"]
    sns = place.aws.client("sns")
    before = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    for each in before:
        if each["SubscriptionArn"].startswith("arn:"):
            sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])
    made = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="soc@example.com", ReturnSubscriptionArn=True)
    sns.confirm_subscription(TopicArn=topic, Token="soc@example.com")
    yield topic
    sns.unsubscribe(SubscriptionArn=made["SubscriptionArn"])
    for each in before:
        sns.subscribe(TopicArn=topic, Protocol=each["Protocol"], Endpoint=each["Endpoint"])


def states(place: Place) -> dict[str, str]:
    found = place.aws.client("cloudwatch").describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    alarms = [*found["MetricAlarms"], *found["CompositeAlarms"]]
    return {alarm["AlarmName"]: alarm["StateValue"] for alarm in alarms}


COMPOSITE, ERRORS = "zoom_operationlogs_to_s3-not-healthy", "zoom_operationlogs_to_s3-errors"


def test_an_alarm_reaches_who_is_subscribed_and_is_put_back(
    place: Place, told: str, operator: Operator, capsys: Any
) -> None:
    before = states(place)
    operator.may(STATEMENTS["doctor --test-alarm"](place.deployment))
    status = doctor_command.main(place.deployment, Trials(test_alarm=True), as_json=True)
    printed = capsys.readouterr()
    [found] = json.loads(printed.out)
    assert (status, found["status"]) == (0, "ok")
    assert found["sentence"].startswith(f"{COMPOSITE} followed {ERRORS}, and CloudWatch published to 1 topic.")
    assert found["sentence"].endswith("should now reach: soc@example.com.")
    assert f"Setting {ERRORS} to ALARM" in printed.err
    assert states(place) == before
    items = place.aws.client("cloudwatch").describe_alarm_history(
        AlarmName=COMPOSITE, AlarmTypes=["CompositeAlarm"], HistoryItemType="StateUpdate", MaxRecords=2
    )["AlarmHistoryItems"]
    assert [each["HistorySummary"] for each in items] == [
        f"Alarm updated from {one}" for one in ("ALARM to OK", "OK to ALARM")
    ]


def test_an_alarm_that_may_not_be_set_is_not_put_back(place: Place, told: str, operator: Operator) -> None:
    operator.may(without(STATEMENTS["doctor --test-alarm"](place.deployment), "cloudwatch:SetAlarmState"))
    found = look("alarm to message", place.deployment)
    assert found.status == "unknown"
    assert "user/operator may not read the alarm" in found.sentence


def _composite(place: Place, **change: Any) -> Callable[[], None]:
    cloudwatch = place.aws.client("cloudwatch")
    [now] = cloudwatch.describe_alarms(AlarmNames=[COMPOSITE], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    names = ("AlarmName", "AlarmDescription", "AlarmRule", "AlarmActions", "OKActions", "ActionsEnabled")
    kept = {name: now[name] for name in names}
    cloudwatch.put_composite_alarm(**kept | change)
    return lambda: cloudwatch.put_composite_alarm(**kept)


def _already(place: Place, name: str) -> Callable[[], None]:
    def be(state: str) -> None:
        place.aws.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")

    be("ALARM")
    return lambda: be("OK")


def _nobody(place: Place) -> Callable[[], None]:
    [topic] = place.deployment.outputs["monitoring"]["topic_arns"]
    sns = place.aws.client("sns")
    [each] = [
        one
        for one in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        if "arn" in one["SubscriptionArn"]
    ]
    sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="soc@example.com")  # and not confirmed
    return lambda: sns.confirm_subscription(TopicArn=topic, Token="soc@example.com")


def _forbidden(place: Place) -> Callable[[], None]:
    [topic] = place.deployment.outputs["monitoring"]["topic_arns"]
    sns = place.aws.client("sns")
    kept = sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
    nobody = json.dumps({"Version": "2012-10-17", "Statement": []})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=nobody)
    return lambda: sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=kept)


@pytest.mark.parametrize(
    ("spoil", "status", "words"),
    [
        (lambda place: _composite(place, ActionsEnabled=False), "fix", f"The actions of {COMPOSITE} are disabled"),
        (lambda place: _composite(place, AlarmActions=[]), "fix", f"{COMPOSITE} does not tell arn:aws:sns:"),
        (
            lambda place: _composite(place, AlarmRule=f'OK("{ERRORS}")'),
            "fix",
            f"but {COMPOSITE} did not follow within",
        ),
        (lambda place: _already(place, ERRORS), "unknown", f"{COMPOSITE} is in ALARM already"),
        (_nobody, "fix", "No subscription to the alarms' topic is confirmed"),
        (_forbidden, "fix", "is not authorized to perform: sns:Publish"),
    ],
    ids=["disabled", "no-topic", "does-not-follow", "in-alarm", "nobody", "forbidden"],
)
def test_what_keeps_a_message_from_going_out_is_said(
    place: Place, told: str, environ: Any, monkeypatch: pytest.MonkeyPatch, spoil: Any, status: str, words: str
) -> None:
    monkeypatch.setattr(alarm_trial, "PATIENCE_SECONDS", 0.05)
    mend = spoil(place)
    before = states(place)
    try:
        found = look("alarm to message", place.deployment)
    finally:
        after = states(place)
        mend()
    assert (found.status, words in found.sentence) == (status, True), found
    assert after[ERRORS] == before[ERRORS]


def test_ctrl_c_puts_the_alarm_back(place: Place, told: str, environ: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    meanwhile: list[str] = []

    def interrupt(_seconds: float) -> None:
        meanwhile.append(states(place)[ERRORS])
        raise KeyboardInterrupt

    monkeypatch.setattr(Facts, "history", lambda *_: [])  # so that it waits
    monkeypatch.setattr(alarm_trial.time, "sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        look("alarm to message", place.deployment)
    assert meanwhile == ["ALARM"]
    assert states(place)[ERRORS] == "OK"


def test_an_alarm_that_cannot_be_put_back_is_named_with_the_command(
    place: Place, told: str, environ: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_alarm = Facts.set_alarm

    def refuse(facts: Facts, name: str, state: str, reason: str) -> None:
        if state != "ALARM":
            facts.client("cloudwatch").set_alarm_state(AlarmName="no-such", StateValue=state, StateReason=reason)
        set_alarm(facts, name, state, reason)

    monkeypatch.setattr(Facts, "set_alarm", refuse)
    found = look("alarm to message", place.deployment)
    place.aws.client("cloudwatch").set_alarm_state(AlarmName=ERRORS, StateValue="OK", StateReason="test")
    assert found.status == "fix"
    assert f"{ERRORS} could not be reset" in found.sentence
    assert (
        f"`aws cloudwatch set-alarm-state --alarm-name {ERRORS} --state-value OK --state-reason over`" in found.sentence
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda outputs: outputs.update(monitoring=None), "monitoring is off"),
        (lambda outputs: outputs["monitoring"].update(topic_arns=[]), "the alarms notify nobody"),
    ],
)
def test_where_nobody_is_to_be_told_nothing_is_tried(
    place: Place, environ: Any, capsys: Any, change: Any, words: str
) -> None:
    status, found = tried(changed(place.deployment, change), capsys, test_alarm=True)
    assert status == 1
    assert words in found["alarm to message"]["sentence"]


# --- over a record ---------------------------------------------------------------------------------------------------


@contextmanager
def bucket_policy(place: Place, *statements: dict[str, Any]) -> Iterator[None]:
    """Let the bucket have this policy, or none."""
    s3, bucket = place.aws.client("s3"), place.deployment.bucket
    kept = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    s3.delete_bucket_policy(Bucket=bucket)
    if statements:
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    try:
        yield
    finally:
        s3.put_bucket_policy(Bucket=bucket, Policy=kept)


def only_the_collector_writes(at: Deployment) -> dict[str, Any]:
    but = {"ArnNotEquals": {"aws:PrincipalArn": at.outputs["role"]["arn"]}}
    records = f"{at.outputs['bucket']['arn']}/{at.prefix}*"
    return {**statement("Deny", "s3:PutObject", records, **but), "Principal": "*"}


def versions(place: Place) -> list[tuple[str, str]]:
    found = place.aws.client("s3").list_object_versions(Bucket=place.deployment.bucket, Prefix=place.deployment.prefix)
    return [(each["Key"], each["VersionId"]) for each in found["Versions"]]


def test_nobody_writes_over_a_record(place: Place, with_key: None, operator: Operator, capsys: Any) -> None:
    at = place.deployment
    operator.may(STATEMENTS["doctor --probe"](at))
    before = versions(place)
    with bucket_policy(place, only_the_collector_writes(at)):
        status, found = tried(at, capsys, probe=True)
    assert (status, list(found)) == (0, [check.name for check in PROBE])
    assert found["write once"]["sentence"].startswith(f"S3 refuses to write over s3://{at.bucket}/{at.prefix}")
    assert found["write by others"]["sentence"].startswith(
        "The bucket's policy does not let your AWS identity write s3://"
    )
    assert versions(place) == before


def test_an_operator_who_gets_as_far_as_the_object_is_noticed(place: Place, with_key: None, operator: Operator) -> None:
    operator.may(STATEMENTS["doctor --probe"](place.deployment))
    before = versions(place)
    with bucket_policy(place):
        found = look("write by others", place.deployment)
        operator.may(without(STATEMENTS["doctor --probe"](place.deployment), "s3:PutObject"))
        without_right = look("write by others", place.deployment)
    assert (found.status, "(412). Run `terraform apply`" in found.sentence) == ("fix", True)
    assert (without_right.status, "does not name the bucket's policy as the reason" in without_right.sentence) == (
        "unknown",
        True,
    )
    assert versions(place) == before


def test_whoever_may_not_start_the_probe_is_told(place: Place, operator: Operator) -> None:
    operator.may([])
    for name in ("write once", "write by others"):
        found = look(name, place.deployment)
        assert found.status == "unknown"
        assert "the collector could not be asked: zoom_operationlogs_to_s3 could not be invoked" in found.sentence


def test_a_probe_is_seen_in_the_log_and_taken_for_no_run(place: Place, with_key: None, environ: Any) -> None:
    facts = Facts(place.deployment, boto3.Session(region_name=place.deployment.region))
    last = facts.last_runs[-1].request_id
    assert look("write once", place.deployment).status == "ok"
    probe = json.loads(place.zoomlogs("logs", "--json"))[-1]
    assert (probe["action"], probe["outcome"], probe["written"]) == ("probe", "ok", None)
    again = Facts(place.deployment, boto3.Session(region_name=place.deployment.region))
    assert again.last_runs[-1].request_id == last
    assert json.loads(place.zoomlogs("status", "--json"))["last_run"]["action"] != "probe"


# --- rights ----------------------------------------------------------------------------------------------------------


def test_every_option_has_its_rights_and_no_check_is_without() -> None:
    assert {check.name for check in (*PROBE, *TEST_ALARM, *AS_READER[:1])} == set(NEEDS)


NEEDS = {
    "write once": ["lambda:InvokeFunction"],
    "write by others": ["lambda:InvokeFunction", "s3:GetObject", "s3:PutObject"],
    "alarm to message": [
        "cloudwatch:DescribeAlarmHistory",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:SetAlarmState",
        "sns:ListSubscriptionsByTopic",
    ],
    "reader's key": ["iam:ListAccessKeys", "secretsmanager:GetSecretValue"],
}


@pytest.mark.parametrize("name", NEEDS)
def test_a_trial_needs_exactly_its_rights(
    place: Place, with_key: None, told: str, operator: Operator, name: str
) -> None:
    at = place.deployment
    needed = by_trial(at)[name]
    assert actions(needed) == NEEDS[name]
    with bucket_policy(place, only_the_collector_writes(at)):
        operator.may(needed)
        assert look(name, at).status == "ok", look(name, at)
        for action in NEEDS[name]:
            if action == "s3:PutObject":
                continue  # without it the bucket's policy still is what refuses
            operator.may(without(needed, action))
            assert look(name, at).status == "unknown", action
    operator.may([])
