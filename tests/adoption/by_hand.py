"""Creates the written guide's console set-up on the stand-in for AWS, call by call."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from standins.aws import AwsStandIn, Keys

TESTS = Path(__file__).resolve().parents[1]

BUCKET = "zoom-operation-logs"
PREFIX = "zoom/operationlogs/"
FUNCTION = "zoom_operationlogs_to_s3"
ROLE = "WriteZoomOperationLogsToS3Role"
WRITER_POLICY = "zoom-logs-writer"  # the guide gives no name
SCHEDULE = "zoom-operationlogs-schedule-15min"
SCHEDULER_ROLE = "Amazon_EventBridge_Scheduler_LAMBDA_0123456789"  # the console's name
READER = "secops-reader"
READER_POLICY = "secops-reader-policy"
FULL_ACCESS_USER = "zoom-logs"
FULL_ACCESS = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
CREDENTIALS = ("ZOOM_ACCOUNT_ID", "ZOOM_CLIENT_ID", "ZOOM_CLIENT_SECRET")


@dataclass(frozen=True)
class ByHand:
    """Values that are known only after creation."""

    package: Path
    reader: Keys
    full_access: Keys


def set_up(aws: AwsStandIn, folder: Path, credentials: dict[str, str], **variables: str) -> ByHand:
    """Follow the guide from its first step to the last before the feed.

    `credentials` are the three ZOOM_ variables, `variables` others (the stand-in's addresses). Users are made
    where the stand-in loads AWS's own policies.
    """
    make_bucket(aws)
    make_role(aws)
    package = make_function(aws, folder, {**credentials, **variables})
    make_schedule(aws)
    full_access = make_user(aws, FULL_ACCESS_USER, FULL_ACCESS)
    return ByHand(package, make_reader(aws), full_access)


def make_bucket(aws: AwsStandIn) -> None:
    aws.client("s3").create_bucket(Bucket=BUCKET)


def make_role(aws: AwsStandIn) -> None:
    state = f"arn:aws:s3:::{BUCKET}/{PREFIX}state.json"
    policy = allow((["s3:PutObject"], f"arn:aws:s3:::{BUCKET}/{PREFIX}*"), (["s3:GetObject", "s3:PutObject"], state))
    iam = aws.client("iam")
    iam.create_role(
        RoleName=ROLE,
        AssumeRolePolicyDocument=trust("lambda.amazonaws.com"),
        Description="Allows Lambda functions to call AWS services on your behalf.",
    )
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=make_policy(aws, WRITER_POLICY, policy))


def make_function(aws: AwsStandIn, folder: Path, variables: dict[str, str], timeout: int = 300) -> Path:
    package = folder / "guide.zip"
    package.write_bytes(package_of_the_loop())
    aws.register_package(package)
    aws.client("lambda").create_function(
        FunctionName=FUNCTION,
        Runtime="python3.13",
        Architectures=["x86_64"],
        Role=f"arn:aws:iam::{aws.account_id}:role/{ROLE}",
        Handler="lambda_function.lambda_handler",
        Code={"ZipFile": package.read_bytes()},
        Timeout=timeout,
        MemorySize=128,
        Environment={
            "Variables": {
                "S3_BUCKET": BUCKET,
                "S3_PREFIX": PREFIX,
                "STATE_KEY": f"{PREFIX}state.json",
                "PAGE_SIZE": "300",
                "TIMEOUT": "30",
                **variables,
            }
        },
    )
    return package


def make_schedule(aws: AwsStandIn) -> None:
    function = f"arn:aws:lambda:{aws.region}:{aws.account_id}:function:{FUNCTION}"
    role = aws.client("iam").create_role(
        RoleName=SCHEDULER_ROLE, Path="/service-role/", AssumeRolePolicyDocument=trust("scheduler.amazonaws.com")
    )["Role"]["Arn"]
    aws.client("iam").put_role_policy(
        RoleName=SCHEDULER_ROLE, PolicyName="invoke", PolicyDocument=allow((["lambda:InvokeFunction"], function))
    )
    aws.client("scheduler").create_schedule(
        Name=SCHEDULE,
        ScheduleExpression="rate(15 minutes)",
        ScheduleExpressionTimezone="Europe/Madrid",
        FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
        Target={"Arn": function, "RoleArn": role},
    )


def make_reader(aws: AwsStandIn) -> Keys:
    policy = allow((["s3:GetObject"], f"arn:aws:s3:::{BUCKET}/*"), (["s3:ListBucket"], f"arn:aws:s3:::{BUCKET}"))
    return make_user(aws, READER, make_policy(aws, READER_POLICY, policy))


def make_user(aws: AwsStandIn, name: str, policy_arn: str) -> Keys:
    iam = aws.client("iam")
    iam.create_user(UserName=name)
    iam.attach_user_policy(UserName=name, PolicyArn=policy_arn)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Keys(key["AccessKeyId"], key["SecretAccessKey"])


def make_policy(aws: AwsStandIn, name: str, document: str) -> str:
    arn: str = aws.client("iam").create_policy(PolicyName=name, PolicyDocument=document)["Policy"]["Arn"]
    return arn


def allow(*statements: tuple[list[str], str]) -> str:
    allowed = [{"Effect": "Allow", "Action": actions, "Resource": resource} for actions, resource in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": allowed})


def trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def package_of_the_loop() -> bytes:
    """Zip the loop as the console's editor does."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(TESTS / "adoption/lambda_function.py", "lambda_function.py")
        archive.write(TESTS / "bench/yardstick.py", "bench/yardstick.py")
    return packed.getvalue()


def function_variables(aws: AwsStandIn) -> dict[str, Any]:
    """Read the function's environment."""
    configuration = aws.client("lambda").get_function_configuration(FunctionName=FUNCTION)
    variables: dict[str, Any] = configuration["Environment"]["Variables"]
    return variables
