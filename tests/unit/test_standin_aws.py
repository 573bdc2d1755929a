"""The stand-in for AWS: each repair, its life cycle, and its policy evaluation."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError
from standins.aws import AwsStandIn, Keys, scrubbed, without_proxy_on_loopback
from standins.aws_turns import TakingTurns
from standins.iam_policy import CannotJudgeError, conditions_hold, like, statement_applies
from werkzeug.test import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

ROLE = "arn:aws:iam::123456789012:role/collector"


@pytest.fixture(scope="module")
def aws(aws: AwsStandIn) -> AwsStandIn:
    aws.register_package(b"zip")
    return aws


@pytest.fixture
def bucket(aws: AwsStandIn, request: pytest.FixtureRequest) -> Iterator[str]:
    name = f"bucket-{abs(hash(request.node.name))}"
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    yield name
    s3.delete_bucket_policy(Bucket=name)
    aws.empty_bucket(name)
    s3.delete_bucket(Bucket=name)


ANYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def status_of(call: Any, **parameters: Any) -> int:
    """Call and return the HTTP status, of an error too."""
    try:
        answer = call(**parameters)
    except ClientError as error:
        answer = error.response
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])


def as_terraform(request: Any, **_: object) -> None:
    request.headers["User-Agent"] = "APN/1.0 HashiCorp/1.0 Terraform/1.11.4 terraform-provider-aws/5.100.0"


def over_plain_http(request: Any, **_: object) -> None:
    request.headers["x-standin-tls"] = "false"


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def deny(bucket: str, action: str | list[str], condition: dict[str, Any]) -> str:
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    statement = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": resources, "Condition": condition}
    return policy(statement)


# --- repairs ---------------------------------------------------------------------------------------------------------


def test_a_user_has_no_credentials_for_other_services(aws: AwsStandIn) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="reader")
    assert iam.list_service_specific_credentials(UserName="reader")["ServiceSpecificCredentials"] == []
    iam.delete_user(UserName="reader")


def test_a_users_permissions_boundary_is_kept(aws: AwsStandIn) -> None:
    iam = aws.client("iam")
    first, second = (
        iam.create_policy(PolicyName=name, PolicyDocument=policy(ANYTHING))["Policy"]["Arn"]
        for name in ("first", "second")
    )

    def boundary() -> str | None:
        told = iam.get_user(UserName="bounded")["User"].get("PermissionsBoundary", {})
        return str(told["PermissionsBoundaryArn"]) if told else None

    created = iam.create_user(UserName="bounded", PermissionsBoundary=first)["User"]
    assert created["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary() == first
    [listed] = [user for user in iam.list_users()["Users"] if user["UserName"] == "bounded"]
    assert "PermissionsBoundary" not in listed
    iam.put_user_permissions_boundary(UserName="bounded", PermissionsBoundary=second)
    assert boundary() == second
    for call in (iam.put_user_permissions_boundary, iam.create_user):
        with pytest.raises(ClientError, match="NoSuchEntity"):
            call(UserName="bounded", PermissionsBoundary=f"{first}-not")
    iam.delete_user_permissions_boundary(UserName="bounded")
    assert boundary() is None
    iam.delete_user(UserName="bounded")


def test_a_security_group_rule_keeps_its_description(aws: AwsStandIn) -> None:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]
    guarded, caller = (
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"] for name in ("a", "b")
    )
    pair = {"GroupId": caller, "Description": "the collector"}
    ports = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    ec2.authorize_security_group_ingress(GroupId=guarded, IpPermissions=[{**ports, "UserIdGroupPairs": [pair]}])
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [guarded]}])["SecurityGroupRules"]
    assert [rule["Description"] for rule in rules if not rule["IsEgress"]] == ["the collector"]


def test_lambda_echoes_its_logging_dead_letter_and_tracing_configuration(aws: AwsStandIn) -> None:
    functions = aws.client("lambda")
    aws.client("iam").create_role(RoleName="collector", AssumeRolePolicyDocument="{}")
    given = {
        "LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "LogGroup": "/aws/lambda/echo"},
        "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:123456789012:dead"},
        "TracingConfig": {"Mode": "Active"},
    }
    functions.create_function(
        FunctionName="echo", Role=ROLE, Runtime="python3.13", Handler="a.b", Code={"ZipFile": b"zip"}, **given
    )
    changed = {**given, "LoggingConfig": {**given["LoggingConfig"], "ApplicationLogLevel": "DEBUG"}}

    created = functions.get_function_configuration(FunctionName="echo")
    functions.update_function_configuration(FunctionName="echo", **changed)
    updated = functions.get_function(FunctionName="echo")["Configuration"]

    assert {name: created[name] for name in given} == given
    assert {name: updated[name] for name in given} == changed


# The role of a function in a VPC, as in AWS's guide ("Required IAM permissions"), and wrong variants.
NETWORK = ("CreateNetworkInterface", "DeleteNetworkInterface", "DescribeNetworkInterfaces")


def may(*actions: str, resource: str = "*", **elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": [f"ec2:{action}" for action in actions], "Resource": resource, **elements}


NARROWER = [
    may("CreateNetworkInterface", "DeleteNetworkInterface", resource="arn:aws:ec2:*:*:network-interface/*"),
    may("DescribeNetworkInterfaces"),
]
TO_CODE = {"ArnEquals": {"lambda:SourceFunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:networked"}}
DENIED_TO_CODE = may("*", Effect="Deny", Condition=TO_CODE)
DENIED = may("DeleteNetworkInterface", Effect="Deny")
VPC = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}


@pytest.fixture(scope="module")
def networked(aws: AwsStandIn) -> str:
    """Return the name of a role, and of a function of it that is in no VPC."""
    aws.client("iam").create_role(RoleName="networked", AssumeRolePolicyDocument="{}")
    create_function(aws, "networked")
    return "networked"


def create_function(aws: AwsStandIn, name: str, **configuration: Any) -> None:
    role = "arn:aws:iam::123456789012:role/networked"
    code = {"Runtime": "python3.13", "Handler": "a.b", "Code": {"ZipFile": b"zip"}}
    aws.client("lambda").create_function(FunctionName=name, Role=role, **code, **configuration)


@pytest.mark.parametrize(
    ("statements", "boundary", "missing"),
    [
        ([may(*NETWORK), DENIED_TO_CODE], None, None),
        ([may(*NETWORK)], [may("*")], None),
        ([may(*NETWORK[1:])], None, NETWORK[0]),
        ([may(NETWORK[0], NETWORK[2])], None, NETWORK[1]),
        ([may(*NETWORK[:2])], None, NETWORK[2]),
        (NARROWER, None, NETWORK[0]),
        ([*NARROWER, may(NETWORK[0])], None, NETWORK[1]),
        ([may(*NETWORK), DENIED], None, NETWORK[1]),
        ([may(*NETWORK)], [may(*NETWORK[:2])], NETWORK[2]),
    ],
    ids=[
        *("as in the guide", "within a boundary", "without creating", "without deleting", "without looking"),
        *("on interfaces alone", "deleting only on interfaces", "deleting denied", "beyond its boundary"),
    ],
)
def test_lambda_connects_to_a_vpc_only_with_the_roles_permission(
    aws: AwsStandIn,
    networked: str,
    statements: list[dict[str, Any]],
    boundary: list[dict[str, Any]] | None,
    missing: str | None,
) -> None:
    iam, functions, name = aws.client("iam"), aws.client("lambda"), "in-vpc"
    iam.put_role_policy(RoleName=networked, PolicyName="p", PolicyDocument=policy(*statements))
    if boundary:
        made = iam.create_policy(PolicyName=f"boundary-{missing}", PolicyDocument=policy(*boundary))
        iam.put_role_permissions_boundary(RoleName=networked, PermissionsBoundary=made["Policy"]["Arn"])

    def refusal(call: Any, *arguments: Any, **parameters: Any) -> tuple[str, str, int] | None:
        try:
            call(*arguments, **parameters, VpcConfig=VPC)
        except ClientError as error:
            answer = error.response
            status = answer["ResponseMetadata"]["HTTPStatusCode"]
            return answer["Error"]["Code"], answer["Error"]["Message"], status
        return None

    sentence = f"The provided execution role does not have permissions to call {missing} on EC2"
    expected = ("InvalidParameterValueException", sentence, 400) if missing else None
    try:
        assert refusal(create_function, aws, name) == expected
        assert refusal(functions.update_function_configuration, FunctionName=networked) == expected
        there = {function["FunctionName"] for function in functions.list_functions()["Functions"]}
        assert (name in there) is (missing is None)
        configuration = functions.get_function_configuration(FunctionName=networked)
        assert bool(configuration.get("VpcConfig", {}).get("SubnetIds")) is (missing is None)
        # Leaving the network needs no permission.
        none: dict[str, list[str]] = {"SubnetIds": [], "SecurityGroupIds": []}
        functions.update_function_configuration(FunctionName=networked, VpcConfig=none)
        functions.update_function_configuration(FunctionName=networked, MemorySize=256)
    finally:
        with suppress(ClientError):
            functions.delete_function(FunctionName=name)
        iam.delete_role_permissions_boundary(RoleName=networked)


def test_terraform_does_not_retry_missing_permissions(aws: AwsStandIn, networked: str) -> None:
    """The provider retries on Lambda's message for 15 minutes, because IAM is eventually consistent."""
    elsewhere = policy(*NARROWER)
    aws.client("iam").put_role_policy(RoleName=networked, PolicyName="p", PolicyDocument=elsewhere)
    functions = aws.client("lambda")
    functions.meta.events.register("before-send", as_terraform)
    with pytest.raises(ClientError) as refused:
        functions.update_function_configuration(FunctionName=networked, VpcConfig=VPC)
    message = refused.value.response["Error"]["Message"]
    assert "does not have permissions to call CreateNetworkInterface on EC2" in message
    assert "The provided execution role does not have permissions" not in message


def test_a_condition_on_unknown_context_is_neither_met_nor_unmet(aws: AwsStandIn, networked: str) -> None:
    on_condition = may(*NETWORK, Condition={"ArnEquals": {"ec2:Vpc": "arn:aws:ec2:us-east-1:123456789012:vpc/vpc-1"}})
    aws.client("iam").put_role_policy(RoleName=networked, PolicyName="p", PolicyDocument=policy(on_condition))
    with pytest.raises(ClientError, match=r"CannotJudge.*ec2:Vpc"):
        create_function(aws, "conditioned", VpcConfig=VPC)


def test_lambda_refuses_a_change_of_an_older_revision(aws: AwsStandIn) -> None:
    functions = aws.client("lambda")
    aws.client("iam").create_role(RoleName="reviser", AssumeRolePolicyDocument="{}")
    role = "arn:aws:iam::123456789012:role/reviser"
    created = functions.create_function(
        FunctionName="revised", Role=role, Runtime="python3.13", Handler="a.b", Code={"ZipFile": b"zip"}
    )
    first = functions.get_function_configuration(FunctionName="revised")["RevisionId"]
    assert functions.get_function_configuration(FunctionName="revised")["RevisionId"] == first
    time.sleep(0.01)
    changed = functions.update_function_configuration(FunctionName="revised", MemorySize=256, RevisionId=first)
    assert changed["LastModified"] > created["LastModified"]
    with pytest.raises(ClientError, match="PreconditionFailed"):
        functions.update_function_configuration(FunctionName="revised", MemorySize=512, RevisionId=first)
    assert functions.get_function_configuration(FunctionName="revised")["MemorySize"] == 256


def test_an_alarm_in_a_composite_alarms_rule_is_not_deleted(aws: AwsStandIn) -> None:
    cloudwatch = aws.client("cloudwatch")
    metric = {"MetricName": "m", "Namespace": "n", "Period": 60, "Statistic": "Sum"}
    cloudwatch.put_metric_alarm(
        AlarmName="named", ComparisonOperator="LessThanThreshold", EvaluationPeriods=1, Threshold=1.0, **metric
    )
    cloudwatch.put_composite_alarm(AlarmName="names-it", AlarmRule='ALARM("named")')
    with pytest.raises(ClientError, match="names-it"):
        cloudwatch.delete_alarms(AlarmNames=["named"])
    cloudwatch.delete_alarms(AlarmNames=["names-it", "named"])


OF_COMPOSITES = {"AlarmTypes": ["CompositeAlarm"], "ScanBy": "TimestampAscending"}


def make_alarms(aws: AwsStandIn, topic: str, **more: Any) -> None:
    """Create two alarms, and a composite alarm of both that notifies a topic."""
    cloudwatch = aws.client("cloudwatch")
    metric = {"MetricName": "m", "Namespace": "n", "Period": 60, "Statistic": "Sum"}
    for name in ("errors", "first-run"):
        cloudwatch.put_metric_alarm(
            AlarmName=name, ComparisonOperator="LessThanThreshold", EvaluationPeriods=1, Threshold=1.0, **metric
        )
    rule = 'ALARM("errors") OR (ALARM("errors") AND OK("first-run"))'
    cloudwatch.put_composite_alarm(AlarmName="all", AlarmRule=rule, AlarmActions=[topic], **more)


def set_alarm(aws: AwsStandIn, state: str, name: str = "errors") -> None:
    aws.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")


def history(aws: AwsStandIn, **parameters: Any) -> list[tuple[str, str]]:
    items = aws.client("cloudwatch").describe_alarm_history(**{"AlarmName": "all", **OF_COMPOSITES, **parameters})
    return [(item["HistoryItemType"], item["HistorySummary"]) for item in items["AlarmHistoryItems"]]


def test_a_composite_alarm_follows_and_its_history_has_its_actions(aws: AwsStandIn) -> None:
    topic = aws.client("sns").create_topic(Name="followed")["TopicArn"]
    make_alarms(aws, topic)
    set_alarm(aws, "ALARM")
    set_alarm(aws, "ALARM", "first-run")  # the composite alarm is already in ALARM, and does not notify again
    set_alarm(aws, "OK")
    told = ("Action", f"Successfully executed action {topic}")
    raised, ended = (("StateUpdate", f"Alarm updated from {change}") for change in ("OK to ALARM", "ALARM to OK"))
    assert history(aws) == [raised, told, ended]
    assert history(aws, ScanBy="TimestampDescending", MaxRecords=2) == [ended, told]
    assert history(aws, AlarmTypes=["MetricAlarm"]) == []
    assert history(aws, AlarmName="errors", AlarmTypes=["MetricAlarm"]) == [raised, ended]
    aws.client("cloudwatch").disable_alarm_actions(AlarmNames=["all"])
    set_alarm(aws, "ALARM")
    assert history(aws) == [raised, told, ended, raised]
    aws.client("cloudwatch").delete_alarms(AlarmNames=["all"])


def test_an_alarm_that_may_not_publish_has_this_in_its_history(aws: AwsStandIn) -> None:
    sns, kms = aws.client("sns"), aws.client("kms")
    lets = {"Principal": {"Service": "cloudwatch.amazonaws.com"}, "Effect": "Allow", "Resource": "*"}
    account = {**lets, "Principal": {"AWS": f"arn:aws:iam::{aws.account_id}:root"}, "Action": "kms:*"}
    key = kms.create_key(Policy=policy(account))["KeyMetadata"]["Arn"]
    topic = sns.create_topic(Name="encrypted", Attributes={"KmsMasterKeyId": key})["TopicArn"]
    make_alarms(aws, topic)

    def told() -> str:
        set_alarm(aws, "OK")
        set_alarm(aws, "ALARM")
        return history(aws)[-1][1]

    def publishing_to(topic: str) -> str:
        return policy({**lets, "Action": "sns:Publish", "Resource": topic})

    failed = f'Failed to execute action {topic}. Received error: "CloudWatch Alarms '
    assert told() == f'{failed}does not have authorization to access the SNS topic encryption key"'
    uses = {**lets, "Action": ["kms:Decrypt", "kms:GenerateDataKey*"]}
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(account, uses))
    assert told().startswith("Successfully")
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=publishing_to(f"{topic}-other"))
    assert told() == f'{failed}is not authorized to perform: sns:Publish"'
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=publishing_to(topic))
    assert told().startswith("Successfully")
    sns.delete_topic(TopicArn=topic)
    assert told().endswith('does not exist"')
    aws.client("cloudwatch").delete_alarms(AlarmNames=["all"])


def test_metrics_in_log_events_reach_cloudwatch(aws: AwsStandIn) -> None:
    logs, now = aws.client("logs"), int(time.time() * 1000)
    logs.create_log_group(logGroupName="embedded")
    logs.create_log_stream(logGroupName="embedded", logStreamName="s")
    directive = {"Namespace": "N", "Dimensions": [["service"]], "Metrics": [{"Name": "Runs", "Unit": "Count"}]}
    emf = {"_aws": {"Timestamp": now, "CloudWatchMetrics": [directive]}, "service": "f", "Runs": [1.0, 2.0]}
    messages = [json.dumps(emf), json.dumps({**emf, "Runs": 3.0}), "no JSON", "[]", json.dumps({"Runs": 9})]
    events = [{"timestamp": now, "message": message} for message in messages]
    logs.put_log_events(logGroupName="embedded", logStreamName="s", logEvents=events)

    def found(service: str) -> list[float]:
        metric = {"Namespace": "N", "MetricName": "Runs", "Dimensions": [{"Name": "service", "Value": service}]}
        query = {"Id": "m", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": "Sum"}}
        answer = aws.client("cloudwatch").get_metric_data(
            MetricDataQueries=[query], StartTime=now / 1000 - 60, EndTime=now / 1000 + 60
        )
        values: list[float] = answer["MetricDataResults"][0]["Values"]
        return values

    assert found("f") == [6.0]
    assert found("g") == []


def test_a_topic_counts_its_subscriptions_and_an_address_must_confirm(aws: AwsStandIn) -> None:
    sns = aws.client("sns")
    topic = sns.create_topic(Name="counted")["TopicArn"]

    def listed() -> list[tuple[str, str]]:
        found = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        return [(each["Endpoint"], each["SubscriptionArn"].partition(":")[0]) for each in found]

    def counts() -> tuple[str, str]:
        attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
        return attributes["SubscriptionsConfirmed"], attributes["SubscriptionsPending"]

    assert counts() == ("0", "0")
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="soc@example.com")
    assert counts() == ("0", "1")
    queue = f"arn:aws:sqs:{aws.region}:{aws.account_id}:told"
    made = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, ReturnSubscriptionArn=True)
    assert counts() == ("1", "1")
    assert listed() == [("soc@example.com", "PendingConfirmation"), (queue, "arn")]
    sns.unsubscribe(SubscriptionArn=made["SubscriptionArn"])
    assert counts() == ("0", "1")
    sns.confirm_subscription(TopicArn=topic, Token="soc@example.com")
    assert counts() == ("1", "0")
    assert listed() == [("soc@example.com", "arn")]


def test_composite_alarms_are_kept(aws: AwsStandIn) -> None:
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_composite_alarm(AlarmName="any", AlarmRule='ALARM("errors") OR ALARM("silence")')
    alarms = cloudwatch.describe_alarms(AlarmNames=["any"], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert [alarm["AlarmRule"] for alarm in alarms] == ['ALARM("errors") OR ALARM("silence")']


def test_a_bucket_with_versions_and_delete_markers_can_be_emptied(aws: AwsStandIn, bucket: str) -> None:
    s3 = aws.client("s3")
    for _ in range(3):
        s3.put_object(Bucket=bucket, Key="twice", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="twice")

    assert aws.empty_bucket(bucket) == 4
    left = s3.list_object_versions(Bucket=bucket)
    assert not left.get("Versions")
    assert not left.get("DeleteMarkers")


def test_a_bucket_whose_versioning_was_suspended_first_can_be_emptied(aws: AwsStandIn) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="suspended")
    s3.put_bucket_versioning(Bucket="suspended", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="suspended", Key="a", Body=b"x")
    marker = s3.delete_object(Bucket="suspended", Key="a")["VersionId"]
    s3.put_bucket_versioning(Bucket="suspended", VersioningConfiguration={"Status": "Suspended"})
    assert status_of(s3.delete_object, Bucket="suspended", Key="a", VersionId=marker) == 204
    aws.empty_bucket("suspended")
    s3.delete_bucket(Bucket="suspended")


def test_one_delete_marker_can_be_deleted_by_version(aws: AwsStandIn, bucket: str) -> None:
    s3 = aws.client("s3")
    s3.put_object(Bucket=bucket, Key="back", Body=b"x")
    marker = s3.delete_object(Bucket=bucket, Key="back")["VersionId"]
    s3.delete_object(Bucket=bucket, Key="back", VersionId=marker)
    assert s3.get_object(Bucket=bucket, Key="back")["Body"].read() == b"x"


def test_requests_take_turns_except_those_that_wait_for_others() -> None:
    inside, most = 0, 0
    both = threading.Barrier(2, timeout=120)

    def slow(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        if environ["PATH_INFO"] != "/bucket/key":
            both.wait()  # for another one, which must not be delayed
        else:
            time.sleep(0.02)
        inside -= 1
        start_response("200 OK", [])
        return [b""]

    client = Client(TakingTurns(slow))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(client.post, ["/bucket/key"] * 4))
        assert most == 1
        list(pool.map(client.post, ["/2015-03-31/functions/f/invocations"] * 2))
        list(pool.map(lambda _: client.post("/", headers={"X-Amz-Target": "AmazonSQS.ReceiveMessage"}), range(2)))


def test_an_answer_is_remembered_until_a_reset() -> None:
    served: list[str] = []

    def serve(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        served.append(environ["PATH_INFO"])
        start_response("200 OK", [])
        return [b"once"]

    client = Client(TakingTurns(serve))
    for _ in range(2):
        assert client.post("/bucket", headers={"amz-sdk-invocation-id": "one"}).data == b"once"
    client.post("/-/reset")
    client.post("/bucket", headers={"amz-sdk-invocation-id": "one"})
    assert served == ["/bucket", "/-/reset", "/bucket"]


def test_a_request_with_a_lost_answer_is_not_executed_again(aws: AwsStandIn) -> None:
    iam = aws.client("iam")

    def invoked_as(name: str) -> Any:
        def call(request: Any, **_: object) -> None:
            request.headers["amz-sdk-invocation-id"] = name

        return call

    first = invoked_as(str(uuid.uuid4()))
    iam.meta.events.register("before-send", first)
    user = iam.create_user(UserName="asked-for-twice")["User"]
    assert iam.create_user(UserName="asked-for-twice")["User"]["UserId"] == user["UserId"]
    iam.meta.events.unregister("before-send", first)
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException):
        iam.create_user(UserName="asked-for-twice")
    refused = invoked_as(str(uuid.uuid4()))
    iam.meta.events.register("before-send", refused)
    assert status_of(iam.delete_user, UserName="not-yet") == 404
    aws.client("iam").create_user(UserName="not-yet")
    assert status_of(iam.delete_user, UserName="not-yet") == 200
    iam.meta.events.unregister("before-send", refused)
    iam.delete_user(UserName="asked-for-twice")


def test_a_role_of_another_account_can_be_assumed_and_is_not_evaluated(aws: AwsStandIn) -> None:
    role = "arn:aws:iam::111122223333:role/deployment"
    issued = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="terraform")["Credentials"]
    sts = aws.client("sts", Keys(issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"]))
    assert sts.get_caller_identity()["Account"] == "111122223333"
    with aws.authorising():
        assert status_of(sts.get_caller_identity) == 501


def test_exactly_one_of_several_concurrent_writers_of_a_key_wins(aws: AwsStandIn, bucket: str) -> None:
    clients = [aws.client("s3") for _ in range(4)]

    def winners(conditions: dict[str, str], key: str) -> list[int]:
        def put(s3: Any) -> int:
            return status_of(s3.put_object, Bucket=bucket, Key=key, Body=os.urandom(1000), **conditions)

        return sorted(pool.map(put, clients))

    with ThreadPoolExecutor(len(clients)) as pool:
        for number in range(10):
            assert winners({"IfNoneMatch": "*"}, f"{number}") == [200, 412, 412, 412]
            etag = clients[0].head_object(Bucket=bucket, Key=f"{number}")["ETag"]
            assert winners({"IfMatch": etag}, f"{number}") == [200, 412, 412, 412]


def test_a_bucket_that_denies_plain_http_allows_tls(aws: AwsStandIn, bucket: str) -> None:
    s3 = aws.client("s3")
    s3.put_bucket_policy(Bucket=bucket, Policy=deny(bucket, "s3:*", {"Bool": {"aws:SecureTransport": "false"}}))
    plain = aws.client("s3")
    plain.meta.events.register("before-send.s3", over_plain_http)

    assert status_of(s3.put_object, Bucket=bucket, Key="a", Body=b"x") == 200
    assert status_of(s3.get_object, Bucket=bucket, Key="a") == 200
    assert status_of(plain.get_object, Bucket=bucket, Key="a") == 403
    assert status_of(plain.head_object, Bucket=bucket, Key="a") == 403
    assert status_of(plain.put_object, Bucket=bucket, Key="b", Body=b"x") == 403


def test_a_bucket_can_be_write_once(aws: AwsStandIn, bucket: str) -> None:
    s3 = aws.client("s3")
    s3.put_bucket_policy(Bucket=bucket, Policy=deny(bucket, "s3:PutObject", {"Null": {"s3:if-none-match": "true"}}))
    assert status_of(s3.put_object, Bucket=bucket, Key="a", Body=b"x") == 403
    assert status_of(s3.put_object, Bucket=bucket, Key="a", Body=b"x", IfNoneMatch="*") == 200
    assert status_of(s3.put_object, Bucket=bucket, Key="a", Body=b"x", IfNoneMatch="*") == 412


def test_head_and_versioned_reads_need_the_permissions_that_iam_names(aws: AwsStandIn, bucket: str) -> None:
    s3 = aws.client("s3")
    version = s3.put_object(Bucket=bucket, Key="a", Body=b"x")["VersionId"]
    everyone = {"Bool": {"aws:SecureTransport": "true"}}
    s3.put_bucket_policy(Bucket=bucket, Policy=deny(bucket, "s3:GetObject", everyone))
    assert status_of(s3.head_object, Bucket=bucket, Key="a") == 403
    assert status_of(s3.get_object, Bucket=bucket, Key="a", VersionId=version) == 200
    s3.put_bucket_policy(Bucket=bucket, Policy=deny(bucket, "s3:GetObjectVersion", everyone))
    assert status_of(s3.head_object, Bucket=bucket, Key="a") == 200
    assert status_of(s3.get_object, Bucket=bucket, Key="a", VersionId=version) == 403


# --- moto's own behaviour, which the repairs need --------------------------------------------------------------------


def test_a_put_if_absent_over_a_delete_marker_succeeds_as_on_aws(aws: AwsStandIn, bucket: str) -> None:
    s3 = aws.client("s3")
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="a")
    assert status_of(s3.put_object, Bucket=bucket, Key="a", Body=b"y", IfNoneMatch="*") == 200


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, ("aws:kms", "arn:aws:kms:us-east-1:123456789012:key/default", True)),
        ({"ServerSideEncryption": "AES256"}, ("AES256", None, None)),
        ({"ServerSideEncryption": "aws:kms"}, ("aws:kms", None, True)),
        ({"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "key"}, ("aws:kms", "key", True)),
        (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "key", "BucketKeyEnabled": False},
            ("aws:kms", "key", False),
        ),
        ({"ServerSideEncryption": "aws:kms:dsse", "SSEKMSKeyId": "key"}, ("aws:kms:dsse", "key", None)),
    ],
)
def test_an_object_is_encrypted_as_requested_or_by_the_buckets_default(
    aws: AwsStandIn, bucket: str, asked: dict[str, Any], told: tuple[str, str | None, bool | None]
) -> None:
    s3 = aws.client("s3")
    s3.put_object(Bucket=bucket, Key="before", Body=b"x")
    assert s3.head_object(Bucket=bucket, Key="before")["ServerSideEncryption"] == "AES256"
    key = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "arn:aws:kms:us-east-1:123456789012:key/default"}
    rule = {"ApplyServerSideEncryptionByDefault": key, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_object(Bucket=bucket, Key="key", Body=b"x", **asked)
    stored = s3.head_object(Bucket=bucket, Key="key")
    assert (stored["ServerSideEncryption"], stored.get("SSEKMSKeyId"), stored.get("BucketKeyEnabled")) == told


def test_if_match_on_a_missing_key_is_404(aws: AwsStandIn, bucket: str) -> None:
    assert status_of(aws.client("s3").put_object, Bucket=bucket, Key="a", Body=b"y", IfMatch='"0"') == 404


# --- environment -----------------------------------------------------------------------------------------------------


def test_the_environment_is_cleaned_and_points_to_the_standin(aws: AwsStandIn) -> None:
    dirty = {
        "PATH": "/bin",
        "AWS_PROFILE": "production",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_ENDPOINT_URL_S3": "http://elsewhere",
        "AWS_SESSION_TOKEN": "x",
        "AWS_REGION": "eu-west-1",
        "TF_CLI_ARGS_plan": "-destroy",
        "TF_VAR_bucket": "x",
        "TF_DATA_DIR": "x",
        "TF_WORKSPACE": "x",
        "TF_PLUGIN_CACHE_DIR": "kept",
        "HTTP_PROXY": "http://proxy:3128",
        "NO_PROXY": "internal.example",
    }
    env = aws.env(dirty)
    assert env["AWS_ENDPOINT_URL"] == aws.url
    assert env["AWS_REGION"] == env["AWS_DEFAULT_REGION"] == "us-east-1"
    assert env["NO_PROXY"] == env["no_proxy"] == "internal.example,127.0.0.1,localhost"
    assert env["TF_PLUGIN_CACHE_DIR"] == "kept"
    gone = {"AWS_PROFILE", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_USE_FIPS_ENDPOINT", "AWS_ENDPOINT_URL_S3"}
    gone |= {"AWS_SESSION_TOKEN", "TF_CLI_ARGS_plan", "TF_VAR_bucket", "TF_DATA_DIR", "TF_WORKSPACE"}
    assert not gone & env.keys()
    assert scrubbed(dirty).keys() == {"PATH", "TF_PLUGIN_CACHE_DIR", "HTTP_PROXY", "NO_PROXY"}


def test_no_proxy_starts_from_either_spelling() -> None:
    assert without_proxy_on_loopback({"no_proxy": "a"})["NO_PROXY"] == "a,127.0.0.1,localhost"
    assert without_proxy_on_loopback({})["no_proxy"] == "127.0.0.1,localhost"


def test_clients_ignore_the_machines_own_aws_settings(aws: AwsStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_PROFILE": "no-such-profile",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_CA_BUNDLE": "/no/such/file",
        "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    assert aws.client("sts").get_caller_identity()["Account"] == aws.account_id


# --- life cycle ------------------------------------------------------------------------------------------------------


def test_two_standins_are_two_accounts_and_nothing_is_left_of_them() -> None:
    with AwsStandIn() as one, AwsStandIn() as other:
        one.client("s3").create_bucket(Bucket="mine")
        assert other.client("s3").list_buckets()["Buckets"] == []
        folder, url = one.log_file.parent, one.url
    assert not folder.exists()
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=5)
    with pytest.raises(RuntimeError, match="not running"):
        _ = one.url
    one.stop()


def gone_within(seconds: float, url: str) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            requests.get(url, timeout=5)
        except requests.RequestException:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_the_server_ends_with_its_owner_however_it_ends(end: signal.Signals) -> None:
    code = (
        "import time; from standins.aws import AwsStandIn\n"
        "aws = AwsStandIn().start(); print(aws.url, aws.log_file, flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert owner.stdout is not None
    url, log_file = owner.stdout.readline().split()
    assert requests.get(url, timeout=30).status_code == 403
    owner.send_signal(end)
    owner.wait(120)
    owner.stdout.close()
    assert gone_within(120, url)
    assert not Path(log_file).parent.exists()


def test_ctrl_c_reaches_only_the_owner() -> None:
    with AwsStandIn() as aws:
        process = aws._process
        assert process is not None
        assert os.getsid(process.pid) != os.getsid(0)


# --- requests that AWS's models refuse -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "call", "given", "code", "said"),
    [
        (
            *("cloudwatch", "put_metric_alarm"),
            {
                "AlarmName": "a",
                "EvaluationPeriods": 1,
                "ComparisonOperator": "GreaterThanThreshold",
                "Statistic": "Mean",
            },
            *("ValidationException", "Value 'Mean' at 'Statistic' .* satisfy enum value set"),
        ),
        (
            *("scheduler", "create_schedule"),
            {
                "Name": "every hour",
                "ScheduleExpression": "rate(1 hour)",
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "Target": {"Arn": "arn:aws:lambda:us-east-1:123456789012:function:f", "RoleArn": ROLE},
            },
            *("ValidationException", "Value 'every hour' at 'Name' .* pattern"),
        ),
        ("logs", "create_log_group", {}, "ValidationException", "Value null at 'logGroupName' .* not be null"),
        (
            "iam",
            "create_role",
            {"RoleName": "r" * 65, "AssumeRolePolicyDocument": "{}"},
            "ValidationError",
            "at 'RoleName'",
        ),
        ("lambda", "list_functions", {"MaxItems": 10001}, "ValidationException", "Value '10001' at 'MaxItems'"),
        (
            *("s3", "put_bucket_versioning", {"Bucket": "b", "VersioningConfiguration": {"Status": "On"}}),
            *("InvalidArgument", "Value 'On' at 'VersioningConfiguration.Status'"),
        ),
        ("ec2", "create_subnet", {}, "ValidationError", "Value null at 'VpcId'"),
    ],
    ids=["enum", "pattern", "missing", "query", "range", "rest-xml", "ec2"],
)
def test_a_request_that_aws_would_refuse_is_refused_and_recorded(
    aws: AwsStandIn, service: str, call: str, given: dict[str, Any], code: str, said: str
) -> None:
    client = aws._session(aws.root).client(service, endpoint_url=aws.url, config=Config(parameter_validation=False))
    with aws.expecting_refused_requests() as refused, pytest.raises(ClientError, match=said) as error:
        getattr(client, call)(**given)
    assert error.value.response["Error"]["Code"] == code
    assert [bool(re.search(f"{service}:.*Boto3.*{said}", line)) for line in refused] == [True]


def test_an_unreadable_request_is_recorded_too(aws: AwsStandIn) -> None:
    client = aws._session(aws.root).client("lambda", endpoint_url=aws.url, config=Config(parameter_validation=False))
    with aws.expecting_refused_requests() as refused, pytest.raises(ClientError, match="CannotJudge"):
        client.list_functions(MaxItems="many")
    assert [("many" in line, "cannot be read" in line) for line in refused] == [(True, True)]


def test_an_unexpected_refused_request_is_raised_when_the_standin_stops() -> None:
    aws = AwsStandIn().start()
    alarm = {"EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold", "Statistic": "Mean"}
    put = aws.client("cloudwatch").put_metric_alarm
    with aws.expecting_refused_requests(), suppress(ClientError):
        put(AlarmName="expected", **alarm)
    with suppress(ClientError):
        put(AlarmName="swallowed", **alarm)
    folder = aws.log_file.parent
    with pytest.raises(RuntimeError, match=r"AWS would refuse these requests:\nREFUSED BY THE MODEL cloudwatch:.*Mean"):
        aws.stop()
    assert not folder.exists()
    aws.start().stop()  # another start has no record of it


# --- policies: rows of AWS's documentation ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/a/b", True),
        ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket", False),
        ("secret:name-??????", "secret:name-AbCdEf", True),
        ("secret:name-??????", "secret:name-AbCdEfG", False),
        ("a.c", "abc", False),
        ("Case", "case", False),
        ("line*", "line\nline", True),
    ],
)
def test_wildcards(pattern: str, value: str, *, expected: bool) -> None:
    assert like(pattern, value) is expected


@pytest.mark.parametrize(
    ("condition", "context", "expected"),
    [
        ({"StringEquals": {"aws:x": ["a", "b"]}}, {"AWS:X": ["b"]}, True),
        ({"StringEquals": {"aws:x": "a"}}, {"aws:x": ["b"]}, False),
        ({"StringEquals": {"aws:x": "a"}}, {}, False),
        ({"StringEqualsIfExists": {"aws:x": "a"}}, {}, True),
        ({"StringEqualsIfExists": {"aws:x": "a"}}, {"aws:x": ["b"]}, False),
        ({"StringNotEquals": {"aws:x": "a"}}, {}, True),
        ({"StringNotEquals": {"aws:x": ["a", "b"]}}, {"aws:x": ["b"]}, False),
        ({"StringNotLike": {"s3:prefix": "zoom/*"}}, {"s3:prefix": ["other/"]}, True),
        ({"StringEqualsIgnoreCase": {"aws:x": "A"}}, {"aws:x": ["a"]}, True),
        ({"Bool": {"aws:SecureTransport": False}}, {"aws:SecureTransport": ["false"]}, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws:SecureTransport": ["true"]}, False),
        ({"Null": {"s3:if-none-match": "true"}}, {}, True),
        ({"Null": {"s3:if-none-match": "true"}}, {"s3:if-none-match": ["*"]}, False),
        ({"Null": {"s3:if-none-match": False}}, {"s3:if-none-match": ["*"]}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:1:*"}}, {"aws:SourceArn": ["arn:aws:sns:eu:1:t"]}, True),
        ({"NumericLessThanEquals": {"s3:max-keys": 10}}, {"s3:max-keys": ["11"]}, False),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:TagKeys": ["a", "c"]}, False),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {}, True),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:TagKeys": ["a", "c"]}, True),
        ({"ForAnyValue:StringNotEquals": {"aws:TagKeys": "a"}}, {}, False),
        ({"StringEquals": {"aws:x": "a"}, "Bool": {"aws:y": "true"}}, {"aws:x": ["a"], "aws:y": ["false"]}, False),
    ],
)
def test_conditions(condition: dict[str, Any], context: dict[str, list[str]], *, expected: bool) -> None:
    assert conditions_hold(condition, context) is expected


@pytest.mark.parametrize(
    ("statement", "caller", "expected"),
    [
        ({"Action": "S3:get*", "Resource": "arn:b/*"}, None, True),
        ({"Action": ["s3:PutObject"], "Resource": "*"}, None, False),
        ({"NotAction": "s3:Put*", "Resource": "*"}, None, True),
        ({"Action": "*", "NotResource": "arn:b/*"}, None, False),
        ({"Action": "*", "Resource": "*", "Principal": "*"}, [], True),
        ({"Action": "*", "Resource": "*", "Principal": {"AWS": "*"}}, [], True),
        ({"Action": "*", "Resource": "*", "Principal": {"AWS": ["arn:me"]}}, [], False),
        ({"Action": "*", "Resource": "*", "Principal": {"AWS": ["arn:me"]}}, ["arn:me"], True),
        ({"Action": "*", "Principal": {"Service": "lambda.amazonaws.com"}}, ["lambda.amazonaws.com"], True),
        ({"Action": "*", "Principal": {"Federated": "accounts.google.com"}}, ["lambda.amazonaws.com"], False),
        ({"Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}, None, False),
    ],
)
def test_statements(statement: dict[str, Any], caller: list[str] | None, *, expected: bool) -> None:
    context = {"aws:SecureTransport": ["true"]}
    assert statement_applies(statement, "s3:GetObject", "arn:b/key", context, caller) is expected


@pytest.mark.parametrize(
    "statement",
    [
        {"Action": "*", "Condition": {"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}},
        {"Action": "*", "Resource": "arn:aws:s3:::home/${aws:username}/*"},
        {"Action": "*", "NotPrincipal": {"AWS": "*"}},
        {"Action": "*", "Principal": "everyone"},
    ],
)
def test_a_policy_that_cannot_be_evaluated_is_refused(statement: dict[str, Any]) -> None:
    with pytest.raises(CannotJudgeError):
        statement_applies(statement, "s3:GetObject", "arn:b/key", {}, ["arn:me"])


def test_a_bucket_with_owner_enforced_refuses_an_acl(aws: AwsStandIn, bucket: str) -> None:
    s3 = aws.client("s3")
    enforced = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=enforced)
    s3.put_object(Bucket=bucket, Key="a", Body=b"x", ACL="bucket-owner-full-control")
    assert status_of(s3.put_object, Bucket=bucket, Key="b", Body=b"x", ACL="public-read") == 400
    with pytest.raises(ClientError, match="AccessControlListNotSupported"):
        s3.put_object_acl(Bucket=bucket, Key="a", ACL="public-read")
    s3.delete_bucket_ownership_controls(Bucket=bucket)
    assert status_of(s3.put_object_acl, Bucket=bucket, Key="a", ACL="public-read") == 200


# --- Object Lock -----------------------------------------------------------------------------------------------------


def later(**span: float) -> str:
    return (datetime.now(UTC) + timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%SZ")


def locked(mode: str = "GOVERNANCE", **span: float) -> dict[str, str]:
    until = later(**(span or {"days": 30}))
    return {"ObjectLockMode": mode, "ObjectLockRetainUntilDate": until, "ChecksumAlgorithm": "SHA256"}


@pytest.fixture
def lockable(aws: AwsStandIn, bucket: str) -> str:
    s3 = aws.client("s3")
    s3.put_object(Bucket=bucket, Key="before", Body=b"x")
    s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"})
    return bucket


def test_object_lock_is_turned_on_for_a_bucket_with_objects_and_keeps_versioning_on(
    aws: AwsStandIn, lockable: str
) -> None:
    s3 = aws.client("s3")
    told = s3.get_object_lock_configuration(Bucket=lockable)["ObjectLockConfiguration"]
    assert told == {"ObjectLockEnabled": "Enabled"}
    suspended = {"Status": "Suspended"}
    with pytest.raises(ClientError, match=r"InvalidBucketState.*versioning state cannot be changed"):
        s3.put_bucket_versioning(Bucket=lockable, VersioningConfiguration=suspended)


def test_object_lock_needs_versions(aws: AwsStandIn, bucket: str) -> None:
    s3 = aws.client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    with pytest.raises(ClientError, match=r"InvalidBucketState"):
        s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"})


def test_a_locked_put_needs_object_lock(aws: AwsStandIn, bucket: str) -> None:
    with pytest.raises(ClientError, match=r"InvalidRequest.*Bucket is missing ObjectLockConfiguration"):
        aws.client("s3").put_object(Bucket=bucket, Key="a", Body=b"x", **locked())


def test_a_locked_put_needs_a_checksum_even_with_a_default_retention(aws: AwsStandIn, lockable: str) -> None:
    config = Config(request_checksum_calculation="when_required")
    keys = {"aws_access_key_id": aws.root.access_key_id, "aws_secret_access_key": aws.root.secret_access_key}
    s3 = boto3.client("s3", endpoint_url=aws.url, region_name=aws.region, config=config, **keys)
    unsummed = {name: value for name, value in locked().items() if name != "ChecksumAlgorithm"}
    with pytest.raises(ClientError, match=r"InvalidRequest.*Content-MD5 OR x-amz-checksum-"):
        s3.put_object(Bucket=lockable, Key="a", Body=b"x", **unsummed)
    s3.put_object(Bucket=lockable, Key="a", Body=b"x", **locked())
    s3.put_object(Bucket=lockable, Key="free", Body=b"x")
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    configuration = {"ObjectLockEnabled": "Enabled", "Rule": rule}
    s3.put_object_lock_configuration(Bucket=lockable, ObjectLockConfiguration=configuration)
    with pytest.raises(ClientError, match=r"InvalidRequest.*Content-MD5 OR x-amz-checksum-"):
        s3.put_object(Bucket=lockable, Key="b", Body=b"x")


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"ObjectLockMode": "GOVERNANCE"}, "must both be supplied"),
        ({"ObjectLockRetainUntilDate": "2099-01-01T00:00:00Z"}, "must both be supplied"),
        (locked(days=-1), "must be in the future"),
    ],
)
def test_a_lock_needs_a_mode_and_a_future_date(aws: AwsStandIn, lockable: str, wrong: dict[str, str], why: str) -> None:
    with pytest.raises(ClientError, match=rf"InvalidArgument.*{why}"):
        aws.client("s3").put_object(Bucket=lockable, Key="a", Body=b"x", **{"ChecksumAlgorithm": "SHA256", **wrong})


@pytest.mark.parametrize(("mode", "bypassed"), [("GOVERNANCE", True), ("COMPLIANCE", False)])
def test_a_locked_version_is_hidden_but_not_deleted_before_its_time(
    aws: AwsStandIn, lockable: str, mode: str, bypassed: bool
) -> None:
    s3, name = aws.client("s3"), {"Bucket": lockable, "Key": "a"}
    version = s3.put_object(**name, Body=b"x", **locked(mode))["VersionId"]
    assert status_of(s3.delete_object, **name) == 204
    assert status_of(s3.delete_object, **name, VersionId=version) == 403
    shorter = {"Mode": mode, "RetainUntilDate": later(days=1)}
    longer = {"Mode": mode, "RetainUntilDate": later(days=60)}
    assert status_of(s3.put_object_retention, **name, VersionId=version, Retention=shorter) == 403
    assert status_of(s3.put_object_retention, **name, VersionId=version, Retention=longer) == 200
    bypass: dict[str, Any] = {"VersionId": version, "BypassGovernanceRetention": True}
    assert (status_of(s3.put_object_retention, **name, **bypass, Retention=shorter) == 200) is bypassed
    assert (status_of(s3.delete_object, **name, **bypass) == 204) is bypassed
    if not bypassed:
        weaker = {**longer, "Mode": "GOVERNANCE"}
        assert status_of(s3.put_object_retention, **name, VersionId=version, Retention=weaker) == 403
        aws.end_locks(lockable)
        assert status_of(s3.delete_object, **name, VersionId=version) == 204
