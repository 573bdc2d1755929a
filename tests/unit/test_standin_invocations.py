"""The stand-in for AWS invokes functions: the deployed code, its answer, its role and its log, as in Lambda."""

from __future__ import annotations

import io
import json
import time
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError
from standins.aws import AwsStandIn, Keys

pytestmark = pytest.mark.slow

GROUP = "/aws/lambda/teller"
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
HANDLER = """
import json, os, time
def lambda_handler(event, context):
    print(json.dumps({"level": "INFO", "message": "told", "correlation_id": context.aws_request_id}))
    if event.get("raise"):
        raise ValueError("a clear sentence.")
    if "sleep" in event:
        time.sleep(event["sleep"])
        print(json.dumps({"level": "INFO", "message": "awake", "correlation_id": context.aws_request_id}))
    if event.get("whoami"):
        import boto3
        return boto3.client("sts").get_caller_identity()["Arn"]
    return {"pid": os.getpid()}
"""


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture(scope="module")
def aws(aws: AwsStandIn) -> AwsStandIn:
    iam = aws.client("iam")
    role = iam.create_role(RoleName="teller", AssumeRolePolicyDocument=document(TRUST))["Role"]
    own_logs = {"Effect": "Allow", "Action": "logs:*", "Resource": f"arn:aws:logs:*:*:log-group:{GROUP}:*"}
    iam.put_role_policy(RoleName="teller", PolicyName="p", PolicyDocument=document(own_logs))
    aws.client("logs").create_log_group(logGroupName=GROUP)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("teller.py", HANDLER)
    aws.register_package(buffer.getvalue())
    for name, timeout_s in {"teller": 60, "hasty": 2, "sleeper": 900}.items():
        aws.client("lambda").create_function(
            FunctionName=name,
            Role=role["Arn"],
            Runtime="python3.13",
            Handler="teller.lambda_handler",
            Code={"ZipFile": buffer.getvalue()},
            Timeout=timeout_s,
            LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "WARN", "LogGroup": GROUP},
        )
    return aws


def invoke(aws: AwsStandIn, event: dict[str, Any], function: str = "teller", **options: Any) -> dict[str, Any]:
    answer: dict[str, Any] = aws.client("lambda").invoke(
        FunctionName=function, Payload=json.dumps(event).encode(), **options
    )
    answer["told"] = json.loads(answer["Payload"].read() or "null")
    return answer


def messages(aws: AwsStandIn) -> list[str]:
    return [event["message"] for event in aws.client("logs").filter_log_events(logGroupName=GROUP)["events"]]


def log(aws: AwsStandIn, request_id: str) -> list[dict[str, Any]]:
    return [json.loads(message) for message in messages(aws) if request_id in message]


def test_a_good_run_answers_and_logs_only_its_own_lines(aws: AwsStandIn) -> None:
    answer = invoke(aws, {})
    assert "FunctionError" not in answer
    assert answer["told"] == invoke(aws, {})["told"]  # the same process: it stays warm
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert log(aws, request_id) == [{"level": "INFO", "message": "told", "correlation_id": request_id}]


def test_a_failed_run_answers_its_error_and_lambda_reports_it(aws: AwsStandIn) -> None:
    answer = invoke(aws, {"raise": True})
    assert answer["FunctionError"] == "Unhandled"
    assert answer["told"]["errorMessage"] == "a clear sentence."
    *_, runtimes_own, report = log(aws, answer["ResponseMetadata"]["RequestId"])
    assert runtimes_own["errorMessage"] == "a clear sentence."
    assert report["type"] == "platform.report"
    assert report["record"]["status"] == "error"


def test_a_run_that_takes_too_long_is_ended(aws: AwsStandIn) -> None:
    answer = invoke(aws, {"sleep": 60}, "hasty")
    assert answer["told"]["errorType"] == "Sandbox.Timedout"
    *_, report = log(aws, answer["ResponseMetadata"]["RequestId"])
    assert report["record"]["status"] == "timeout"
    assert report["record"]["metrics"]["durationMs"] >= 2000


def test_lines_are_logged_during_the_run(aws: AwsStandIn) -> None:
    before = messages(aws)
    assert invoke(aws, {"sleep": 800}, "sleeper", InvocationType="Event")["StatusCode"] == 202
    while not (mine := [line for line in messages(aws) if line not in before]):
        time.sleep(0.1)
    assert [json.loads(line)["message"] for line in mine] == [
        "told"
    ]  # and not yet the line that it prints after the sleep


def test_the_function_works_under_its_role(aws: AwsStandIn) -> None:
    assert invoke(aws, {"whoami": True})["told"].endswith(":assumed-role/teller/teller")


def test_a_caller_without_permission_cannot_invoke(aws: AwsStandIn) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="nobody")
    made = iam.create_access_key(UserName="nobody")["AccessKey"]
    client = aws.client("lambda", Keys(made["AccessKeyId"], made["SecretAccessKey"]))
    with aws.authorising(), pytest.raises(ClientError, match="AccessDenied"):
        client.invoke(FunctionName="teller")
    used = iam.get_access_key_last_used(AccessKeyId=made["AccessKeyId"])["AccessKeyLastUsed"]
    assert used["ServiceName"] == "lambda"


@pytest.mark.parametrize(
    ("action", "resource", "decision"),
    [
        ("logs:PutLogEvents", f"arn:aws:logs:us-east-1:123456789012:log-group:{GROUP}:log-stream:x", "allowed"),
        ("s3:GetObject", "arn:aws:s3:::bucket/key", "implicitDeny"),
        ("logs:CreateLogGroup", "*", "implicitDeny"),
    ],
)
def test_policies_are_simulated(aws: AwsStandIn, action: str, resource: str, decision: str) -> None:
    [result] = aws.client("iam").simulate_principal_policy(
        PolicySourceArn="arn:aws:iam::123456789012:role/teller", ActionNames=[action], ResourceArns=[resource]
    )["EvaluationResults"]
    assert (result["EvalActionName"], result["EvalDecision"]) == (action, decision)


def test_a_denial_and_a_condition_are_simulated(aws: AwsStandIn) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="reader")
    listing = {
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": "*",
        "Condition": {"StringLike": {"s3:prefix": "in/*"}},
    }
    forbidden = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}
    iam.put_user_policy(UserName="reader", PolicyName="p", PolicyDocument=document(listing, forbidden))

    def simulated(action: str, prefix: str) -> str:
        entry = {"ContextKeyName": "s3:prefix", "ContextKeyValues": [prefix], "ContextKeyType": "string"}
        answer = iam.simulate_principal_policy(
            PolicySourceArn="arn:aws:iam::123456789012:user/reader",
            ActionNames=[action],
            ResourceArns=["arn:aws:s3:::bucket"],
            ContextEntries=[entry],
        )
        return str(answer["EvaluationResults"][0]["EvalDecision"])

    assert simulated("s3:ListBucket", "in/") == "allowed"
    assert simulated("s3:ListBucket", "out/") == "implicitDeny"
    assert simulated("s3:GetObject", "in/") == "explicitDeny"
