"""The operator's commands on the module as Terraform applies it: a day, their rights, and what goes wrong."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from standins.aws import AwsStandIn, Keys
from standins.zoom.limits import CALLS_PER_DAY
from zoomlogs import logs as logs_command
from zoomlogs import status as status_command
from zoomlogs.checkpoint import CheckpointSummary, read_summary
from zoomlogs.deployment import Deployment
from zoomlogs.doctor import command as doctor_command
from zoomlogs.doctor.checks import CHECKS
from zoomlogs.doctor.facts import Facts
from zoomlogs.doctor.findings import Finding
from zoomlogs.errors import CommandError
from zoomlogs.invoke import command as invoke_command
from zoomlogs.policies import STATEMENTS, by_check, of_doctor, of_logs, of_run, use_of_key
from zoomlogs.verify import command as verify_command

from .conftest import Operator, Place, actions, without

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]

CHECK = {check.name: check for check in CHECKS}
NAMES = list(CHECK)


# --- an operator's day -----------------------------------------------------------------------------------------------


def test_an_operators_day(place: Place) -> None:
    # Nothing has run yet, and the secret is empty.
    place.zoomlogs("logs", status=1)
    assert "No runs found" in place.said
    assert place.zoomlogs("run", status=1).startswith("The secret is still empty")
    assert "is still empty: store" in place.said  # the log, followed
    found = place.doctor(status=1)
    assert [name for name, each in found.items() if each["status"] == "fix"] == [
        "secret",
        "runs",
        "checkpoint",
        "subscribers",
        "reader",
    ]
    assert [name for name, each in found.items() if each["status"] == "unknown"] == [
        "sign-in",
        "report",
        "metrics",
        "feed",
    ]

    # Wrong credentials, then the right ones.
    place.world.store_credentials(client_secret="TOPSECRET-but-wrong")
    text = place.zoomlogs("run", status=1)
    assert text.startswith("Zoom does not know this client id and client secret: copy both again")
    assert place.doctor(status=1)["sign-in"]["sentence"].startswith("Zoom does not know this client id")
    assert "TOPSECRET" not in place.zoomlogs("doctor", status=1) + place.said
    place.world.store_credentials()
    text = place.zoomlogs("run")
    assert "The run wrote " in text
    assert re.search(r"\nNothing is owed\.\nZoom allows [\d,]+ more calls today\.\n$", text)

    # A backfill, a reconcile, and all of them in the log.
    first, last = (datetime.now(UTC).date() - timedelta(days=back) for back in (20, 9))
    document = json.loads(place.zoomlogs("backfill", "--from", str(first), "--to", str(last), "--wait", "--json"))
    assert (document["ok"], document["owed"], document["written"]) == (True, [], 12 * 350)
    [run] = document["runs"]
    assert run["zoom_calls"] >= 12
    reconciled = json.loads(place.zoomlogs("reconcile", "--json"))
    assert reconciled["written"] == 0
    shown = json.loads(place.zoomlogs("logs", "--json"))
    assert [each["outcome"] for each in shown] == ["waiting", "failed", "ok", "ok", "ok"]
    assert shown[3]["request_id"] == run["request_id"]
    assert shown[3]["written"] == 12 * 350
    # The log tells what each run was asked for, and how many calls Zoom said were left of the day's.
    assert [each["action"] for each in shown][2:] == ["run", "backfill", "reconcile"]
    left = [each["zoom_calls_left"] for each in shown]
    assert left[:2] == [None, None]
    assert 0 < left[2] < CALLS_PER_DAY[place.world.zoom.account.plan]
    assert left[3:] == [run["zoom_calls_left"], reconciled["runs"][0]["zoom_calls_left"]]
    table = place.zoomlogs("logs")
    assert all(action in table for action in ("by hand", "backfill", "reconcile"))
    assert max(map(len, table.splitlines())) <= 80
    assert table.count("failed") == 2  # in the table, and its sentence below

    # Somebody is subscribed to the alarms, and confirms.
    [topic] = place.deployment.outputs["monitoring"]["topic_arns"]
    sns = place.aws.client("sns")
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="soc@example.com")
    assert "No subscription to" in place.doctor(status=1)["subscribers"]["sentence"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:told")  # at once

    # The reader gets a key, and SecOps uses it.
    iam = place.aws.client("iam")
    made = iam.create_access_key(UserName="secops-reader")["AccessKey"]
    assert "SecOps has not read yet" in place.doctor(status=1)["reader"]["sentence"]
    with place.aws.authorising():
        reader = place.aws.client("s3", Keys(made["AccessKeyId"], made["SecretAccessKey"]))
        assert reader.list_objects_v2(Bucket=place.deployment.bucket, Prefix=place.deployment.prefix)["KeyCount"]

    # A run by hand says nothing of the schedule (test_rules.py has the judgement), so it starts one.
    place.run_by_schedule()
    assert json.loads(place.zoomlogs("logs", "--json"))[-1]["action"] is None
    assert "scheduled" in place.zoomlogs("logs")

    # Green only if all was looked at: SecOps was not, as none is here (tests/feed has one).
    found = place.doctor(status=1)
    assert found.pop("feed")["status"] == "unknown"
    assert {each["status"] for each in found.values()} == {"ok"}
    assert place.doctor(0, "--without", "feed")["feed"]["status"] == "left out"
    out = place.zoomlogs("doctor", "--without", "feed")
    assert out.count("✓") == len(CHECKS) - 1
    assert "– feed" in out and "Skipped because of --without 'feed'." in out
    assert out.endswith(f"{len(CHECKS) - 1} of {len(CHECKS)} checks passed, and nothing needs a fix; 1 skipped.\n")
    place.zoomlogs("doctor", "--without", "feeds", status=2)
    assert place.said.startswith("--without feeds: there is no such check; the checks are secret, sign-in, ")


def test_usage_is_said_before_anything_is_invoked(place: Place) -> None:
    place.zoomlogs("backfill", "--from", "2026-01-02", "--to", "2026-01-01", status=2)
    assert place.said == "--from 2026-01-02 is after --to 2026-01-01: give the earlier date as --from.\n"
    place.zoomlogs("backfill", "--from", "2026-01-02", status=2)
    place.zoomlogs("logs", "--last", "0", status=2)
    place.zoomlogs("doctor", "--outputs", "/nowhere.json", status=2)
    assert place.said == "/nowhere.json cannot be read: No such file or directory.\n"


def test_verify_finds_what_was_never_collected_and_the_function_repairs_it(place: Place) -> None:
    place.world.store_credentials()
    place.zoomlogs("run", "--wait")
    first, last = (str(datetime.now(UTC).date() - timedelta(days=back)) for back in (23, 22))
    told = json.loads(place.zoomlogs("verify", "--from", first, "--to", last, "--repair", "--json"))
    assert (told["totals_before_repair"]["missing"], told["totals"]["missing"]) == (700, 0)
    assert told["equal"] is True  # as the second look found
    [asked] = told["repair"]
    assert (asked["from"], asked["to"], asked["error"]) == (first, last, None)
    assert (asked["result"]["written"], asked["result"]["owed"]) == (700, 0)
    assert json.loads(place.zoomlogs("verify", "--from", first, "--to", last, "--json"))["totals"]["in_archive"] == 700
    assert json.loads(place.zoomlogs("status", "--json"))["owed"] == []


# --- rights ----------------------------------------------------------------------------------------------------------


def look(name: str, at: Deployment) -> Finding:
    return CHECK[name](Facts(at, boto3.Session(region_name=at.region)))


def with_role(place: Place) -> Deployment:
    """The reader as a role; the collector's serves for one, which has been used."""
    outputs = copy.deepcopy(dict(place.deployment.outputs))
    outputs["reader"] = {"mode": "role", "name": outputs["role"]["name"], "arn": outputs["role"]["arn"]}
    return Deployment(outputs)


NEEDS_NONE = {"clock", "feed", "feed's queue"}
OF_A_MISSING_CHECKPOINT = {
    ("archive", "s3:ListBucket"),
    ("checkpoint", "s3:ListBucket"),
    ("checkpoint", "s3:ListBucketVersions"),
}
LEANS_ON = {"package": "function", "environment": "function", "sign-in": "secret", "report": "secret"}


@pytest.mark.parametrize("name", [name for name in NAMES if name not in NEEDS_NONE])
def test_a_check_needs_exactly_its_rights(place: Place, operator: Operator, name: str) -> None:
    at = place.deployment
    needed = by_check(at)[LEANS_ON.get(name, name)]
    operator.may(needed)
    assert look(name, at).status == "ok", look(name, at)
    for action in actions(needed):
        if (name, action) in OF_A_MISSING_CHECKPOINT:
            continue  # only for a checkpoint that is not there: below
        operator.may(without(needed, action))
        found = look(name, at)
        assert found.status == "unknown", (action, found)
        assert re.search(r"because arn:aws:iam::\d{12}:user/operator may not read", found.sentence), found
        assert re.search(rf"allow (it|the identity) {action}\.$", found.sentence), found
    operator.may([])


def test_a_missing_secret_is_not_told_from_a_forbidden_one_by_its_name(place: Place, operator: Operator) -> None:
    """The right is for the ARN, which the name of no secret does not match; a run's sentence names both causes too."""
    outputs = copy.deepcopy(dict(place.deployment.outputs))
    outputs["function"]["environment"]["ZOOM_SECRET_ID"] = "nowhere"
    operator.may(by_check(place.deployment)["secret"])
    found = look("secret", Deployment(outputs))
    assert found.status == "unknown"
    assert "may not read the secret nowhere, or it does not exist (AWS answers both with AccessDenied" in found.sentence


def test_a_missing_checkpoint_is_told_from_a_forbidden_one(place: Place, operator: Operator) -> None:
    outputs = copy.deepcopy(dict(place.deployment.outputs))
    outputs["bucket"]["state_key"] = "zoom/nowhere.json"
    at = Deployment(outputs)
    needed = by_check(at)["checkpoint"]
    operator.may(needed)
    assert look("checkpoint", at).sentence.startswith("The checkpoint is missing although the archive has records")
    operator.may(without(needed, "s3:ListBucketVersions"))
    assert look("checkpoint", at).status == "unknown"
    operator.may(without(needed, "s3:ListBucket"))
    assert look("checkpoint", at).status == "unknown"
    operator.may(of_run(at))
    assert read_summary(boto3.Session(region_name=at.region).client("s3"), at) == CheckpointSummary()


def test_a_role_that_reads_needs_one_right(place: Place, operator: Operator) -> None:
    at = with_role(place)
    needed = by_check(at)["reader"]
    assert actions(needed) == ["iam:GetRole"]
    operator.may(needed)
    assert look("reader", at).sentence.startswith(
        "SecOps reads: the role WriteZoomOperationLogsToS3Role was last used "
    )
    operator.may([])
    assert look("reader", at).status == "unknown"


def test_the_clock_needs_no_right(place: Place, operator: Operator) -> None:
    operator.may([])
    assert look("clock", place.deployment).status == "ok"


def test_the_doctor_works_under_its_rights(place: Place, operator: Operator, capsys: Any) -> None:
    operator.may(of_doctor(place.deployment))
    assert doctor_command.main(place.deployment, as_json=True, without=["feed"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {each["status"] for each in found if each["check"] != "feed"} == {"ok"}
    operator.may([])
    assert doctor_command.main(place.deployment, as_json=True, without=["feed"]) == 1  # it could look at nothing
    found = json.loads(capsys.readouterr().out)
    assert {each["status"] for each in found if each["check"] not in NEEDS_NONE} == {"unknown"}
    for each in found:
        if each["check"] not in NEEDS_NONE:
            assert ":user/operator may not " in each["sentence"], each


def test_status_works_under_its_rights_and_without_the_log_says_so(
    place: Place, operator: Operator, capsys: Any
) -> None:
    at = place.deployment
    operator.may(STATEMENTS["status"](at))
    assert status_command.main(at, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["last_run"]["outcome"] == "ok"
    operator.may(without(STATEMENTS["status"](at), "logs:FilterLogEvents"))
    assert status_command.main(at, as_json=True) == 1  # not all was looked at
    captured = capsys.readouterr()
    assert json.loads(captured.out)["last_run"] is None
    unknown = "The last run is not known, as the log group /aws/lambda/zoom_operationlogs_to_s3 cannot be read"
    assert captured.err.startswith(unknown)
    assert status_command.main(at) == 1
    assert unknown in " ".join(capsys.readouterr().out.split())


def test_logs_works_under_its_rights(place: Place, operator: Operator) -> None:
    operator.may(of_logs(place.deployment))
    assert logs_command.main(place.deployment, logs_command.AskedRuns(5), as_json=True) == 0
    operator.may([])
    with pytest.raises(CommandError, match=r"^The log group .* cannot be read: .* \(AccessDeniedException\)\.$"):
        logs_command.main(place.deployment, logs_command.AskedRuns(5), as_json=True)


@pytest.mark.parametrize(
    ("left_out", "status", "said"),
    [
        ("", 0, ""),
        ("logs:FilterLogEvents", 0, "The log /aws/lambda/zoom_operationlogs_to_s3 cannot be followed: "),
        ("s3:GetObject", 0, "Which dates are owed is not known, as s3://zoom-operation-logs/zoom/operationlogs-state/"),
    ],
)
def test_run_works_under_its_rights(
    place: Place, operator: Operator, capsys: Any, left_out: str, status: int, said: str
) -> None:
    operator.may(without(of_run(place.deployment), left_out))
    assert invoke_command.reconcile(place.deployment, wait=False, as_json=False) == status
    captured = capsys.readouterr()
    assert said in captured.err
    assert ("cannot be" in captured.err) == bool(left_out)
    assert captured.out.startswith("The run wrote ")


def test_whoever_may_not_start_a_run_is_told(place: Place, operator: Operator) -> None:
    operator.may(without(of_run(place.deployment), "lambda:InvokeFunction"))
    with pytest.raises(CommandError, match=r"could not be invoked: .*lambda:InvokeFunction.*\(AccessDenied"):
        invoke_command.run(place.deployment, wait=False, as_json=False)


# --- under a KMS key -------------------------------------------------------------------------------------------------


@pytest.fixture
def key(place: Place) -> Iterator[str]:
    """Put the bucket, its checkpoint and the secret under a KMS key of the account, and take them back."""
    at, s3 = place.deployment, place.aws.client("s3")
    decides = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{at.account}:root"}, "Action": "kms:*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**decides, "Resource": "*"}]})
    made = str(place.aws.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"])
    before = s3.get_bucket_encryption(Bucket=at.bucket)["ServerSideEncryptionConfiguration"]
    by_key = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": made}
    secret = place.aws.client("secretsmanager")

    def encrypt(configuration: Any, key_of_secret: str) -> None:
        s3.put_bucket_encryption(Bucket=at.bucket, ServerSideEncryptionConfiguration=configuration)
        body = s3.get_object(Bucket=at.bucket, Key=at.state_key)["Body"].read()
        with place.aws.without_bucket_policy(at.bucket):
            s3.put_object(Bucket=at.bucket, Key=at.state_key, Body=body)
        secret.update_secret(SecretId=at.secret_arn, KmsKeyId=key_of_secret)

    encrypt({"Rules": [{"ApplyServerSideEncryptionByDefault": by_key, "BucketKeyEnabled": True}]}, made)
    yield made
    encrypt(before, "alias/aws/secretsmanager")


def test_the_doctor_under_a_key_needs_to_decrypt_with_it(
    place: Place, key: str, operator: Operator, capsys: Any
) -> None:
    at = place.deployment

    def found() -> dict[str, dict[str, str]]:
        doctor_command.main(at, as_json=True)
        return {each["check"]: each for each in json.loads(capsys.readouterr().out) if each["check"] != "feed"}

    operator.may(of_doctor(at))
    without_key = found()
    assert {name for name, each in without_key.items() if each["status"] != "ok"} == {
        "secret",
        "sign-in",
        "report",
        "archive",
        "checkpoint",
    }
    for name in ("secret", "checkpoint"):
        assert "may not decrypt the" in without_key[name]["sentence"]
        assert without_key[name]["sentence"].endswith("allow it kms:Decrypt on the KMS key (docs/cli.md).")
    operator.may([*of_doctor(at), use_of_key(key, at)])
    assert {name: each["sentence"] for name, each in found().items() if each["status"] != "ok"} == {}
    elsewhere = f"{key[:-4]}0000"
    operator.may([*of_doctor(at), use_of_key(elsewhere, at)])
    assert found()["checkpoint"]["status"] == "unknown"
    assert doctor_command.main(at, as_json=True, without=["feed"]) == 1


@pytest.mark.parametrize("command", ["status", "verify"])
def test_other_commands_under_a_key_say_what_they_cannot_decrypt(
    place: Place, key: str, operator: Operator, capsys: Any, command: str
) -> None:
    at = place.deployment
    yesterday = str(datetime.now(UTC).date() - timedelta(days=1))

    def ask() -> int:
        if command == "status":
            return status_command.main(at)
        return verify_command.main(at, yesterday, yesterday)

    operator.may(STATEMENTS[command](at))
    if command == "status":
        assert ask() == 1
        assert "kms:Decrypt" in capsys.readouterr().err
    else:
        with pytest.raises(CommandError, match="kms:Decrypt"):
            ask()
    operator.may([*STATEMENTS[command](at), use_of_key(key, at)])
    assert ask() == 0


# --- what goes wrong -------------------------------------------------------------------------------------------------

Spoil = Callable[[AwsStandIn, Deployment], Callable[[], Any]]


def _schedule_off(aws: AwsStandIn, at: Deployment) -> Callable[[], Any]:
    scheduler = aws.client("scheduler")
    now = scheduler.get_schedule(Name=at.outputs["schedule"]["name"])
    told_only = {"Arn", "CreationDate", "LastModificationDate", "ResponseMetadata"}
    kept = {name: value for name, value in now.items() if name not in told_only}
    scheduler.update_schedule(**kept | {"State": "DISABLED"})
    return lambda: scheduler.update_schedule(**kept)


def _variable_changed(aws: AwsStandIn, at: Deployment) -> Callable[[], Any]:
    client = aws.client("lambda")

    def update(**change: str) -> None:
        variables = {**at.environment, **change}
        client.update_function_configuration(FunctionName=at.function_name, Environment={"Variables": variables})

    update(PAGE_SIZE="1")
    return update


def _dead_letter(aws: AwsStandIn, at: Deployment) -> Callable[[], Any]:
    url = at.outputs["dead_letter_queue"]["url"]
    aws.client("sqs").send_message(QueueUrl=url, MessageBody="{}")
    return lambda: aws.client("sqs").purge_queue(QueueUrl=url)


def _versioning_off(aws: AwsStandIn, at: Deployment) -> Callable[[], Any]:
    def be(status: str) -> None:
        aws.client("s3").put_bucket_versioning(Bucket=at.bucket, VersioningConfiguration={"Status": status})

    be("Suspended")
    return lambda: be("Enabled")


def _no_encryption(aws: AwsStandIn, at: Deployment) -> Callable[[], Any]:
    s3 = aws.client("s3")
    kept = s3.get_bucket_encryption(Bucket=at.bucket)["ServerSideEncryptionConfiguration"]
    s3.delete_bucket_encryption(Bucket=at.bucket)
    return lambda: s3.put_bucket_encryption(Bucket=at.bucket, ServerSideEncryptionConfiguration=kept)


def _no_block(aws: AwsStandIn, at: Deployment) -> Callable[[], Any]:
    s3 = aws.client("s3")
    kept = s3.get_public_access_block(Bucket=at.bucket)["PublicAccessBlockConfiguration"]
    s3.delete_public_access_block(Bucket=at.bucket)
    return lambda: s3.put_public_access_block(Bucket=at.bucket, PublicAccessBlockConfiguration=kept)


def _no_policy(aws: AwsStandIn, at: Deployment) -> Callable[[], Any]:
    s3 = aws.client("s3")
    s3.delete_bucket_policy(Bucket=at.bucket)
    return lambda: s3.put_bucket_policy(Bucket=at.bucket, Policy=at.outputs["bucket"]["policy"])


def _policy_with(change: Callable[[list[dict[str, Any]]], None]) -> Spoil:
    """Change the statements of the bucket's policy."""

    def spoil(aws: AwsStandIn, at: Deployment) -> Callable[[], Any]:
        s3, kept = aws.client("s3"), at.outputs["bucket"]["policy"]
        document = json.loads(kept)
        change(document["Statement"])
        s3.put_bucket_policy(Bucket=at.bucket, Policy=json.dumps(document))
        return lambda: s3.put_bucket_policy(Bucket=at.bucket, Policy=kept)

    return spoil


def _deletions_allowed(statements: list[dict[str, Any]]) -> None:
    next(each for each in statements if each["Sid"].startswith("DenyDeletesOfR"))["Effect"] = "Allow"


def _exempt(statements: list[dict[str, Any]]) -> None:
    deletes = next(each for each in statements if each["Sid"].startswith("DenyDeletesOfR"))
    deletes.setdefault("Condition", {})["ArnNotLike"] = {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/*"}


def _one_taken_away(statements: list[dict[str, Any]]) -> None:
    del statements[1]


def _somebody_allowed(statements: list[dict[str, Any]]) -> None:
    account = {"AWS": "arn:aws:iam::210987654321:root"}
    resource = "arn:aws:s3:::zoom-operation-logs/*"
    statements.append(
        {"Sid": "Share", "Effect": "Allow", "Principal": account, "Action": "s3:GetObject", "Resource": resource}
    )


def _records_deleted(aws: AwsStandIn, at: Deployment) -> Callable[[], Any]:
    """Delete an object of records, as somebody could who changed the bucket's policy first."""
    return _deleted(aws, at, aws.client("s3").list_objects_v2(Bucket=at.bucket, Prefix=at.prefix)["Contents"][0]["Key"])


def _checkpoint_deleted(aws: AwsStandIn, at: Deployment) -> Callable[[], Any]:
    return _deleted(aws, at, at.state_key)


def _deleted(aws: AwsStandIn, at: Deployment, key: str) -> Callable[[], Any]:
    s3, place = aws.client("s3"), {"Bucket": at.bucket, "Key": key}
    with aws.without_bucket_policy(at.bucket):
        marker = s3.delete_object(**place)["VersionId"]

    def mend() -> None:
        with aws.without_bucket_policy(at.bucket):
            s3.delete_object(**place, VersionId=marker)

    return mend


def _encryption_demanded(aws: AwsStandIn, at: Deployment) -> Callable[[], Any]:
    s3, kept = aws.client("s3"), at.outputs["bucket"]["policy"]
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{at.bucket}/*"}
    demanded = {
        **deny,
        "Sid": "OnlyKms",
        "Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}},
    }
    document = json.loads(kept)
    s3.put_bucket_policy(
        Bucket=at.bucket, Policy=json.dumps({**document, "Statement": [*document["Statement"], demanded]})
    )
    return lambda: s3.put_bucket_policy(Bucket=at.bucket, Policy=kept)


def _role_without_policy(aws: AwsStandIn, at: Deployment) -> Callable[[], Any]:
    role = {"RoleName": at.outputs["role"]["name"], "PolicyArn": at.outputs["role"]["policy_arn"]}
    aws.client("iam").detach_role_policy(**role)
    return lambda: aws.client("iam").attach_role_policy(**role)


def _reader_without_policy(aws: AwsStandIn, at: Deployment) -> Callable[[], Any]:
    reader = {"UserName": at.outputs["reader"]["name"], "PolicyArn": at.outputs["reader"]["policy_arn"]}
    aws.client("iam").detach_user_policy(**reader)
    return lambda: aws.client("iam").attach_user_policy(**reader)


def _scheduler_without_policy(aws: AwsStandIn, at: Deployment) -> Callable[[], Any]:
    iam, name = aws.client("iam"), {"RoleName": at.outputs["schedule"]["role_name"], "PolicyName": "invoke-collector"}
    kept = json.dumps(iam.get_role_policy(**name)["PolicyDocument"])
    iam.delete_role_policy(**name)
    return lambda: iam.put_role_policy(**name, PolicyDocument=kept)


def _key_inactive(aws: AwsStandIn, at: Deployment) -> Callable[[], Any]:
    iam, user = aws.client("iam"), at.outputs["reader"]["name"]
    [key] = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]

    def be(status: str) -> None:
        iam.update_access_key(UserName=user, AccessKeyId=key["AccessKeyId"], Status=status)

    be("Inactive")
    return lambda: be("Active")


def _damaged_checkpoint(aws: AwsStandIn, at: Deployment) -> Callable[[], Any]:
    s3, place = aws.client("s3"), {"Bucket": at.bucket, "Key": at.state_key}
    kept = s3.get_object(**place)["Body"].read()

    def be(body: bytes) -> None:
        with aws.without_bucket_policy(at.bucket):
            s3.put_object(**place, Body=body)

    be(kept[:-1])
    return lambda: be(kept)


def _alarm_raised(aws: AwsStandIn, at: Deployment) -> Callable[[], Any]:
    name = at.outputs["monitoring"]["alarms"]["errors"]

    def be(state: str) -> None:
        aws.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")

    be("ALARM")
    return lambda: be("OK")


def _nobody_subscribed(aws: AwsStandIn, at: Deployment) -> Callable[[], Any]:
    [topic], sns = at.outputs["monitoring"]["topic_arns"], aws.client("sns")
    for subscription in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]:
        if subscription["SubscriptionArn"].startswith("arn:"):  # one that is pending cannot be taken away
            sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    return lambda: sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:told")


@pytest.mark.parametrize(
    ("name", "spoil", "words"),
    [
        ("schedule", _schedule_off, "The schedule is disabled"),
        ("environment", _variable_changed, "PAGE_SIZE in the function's environment"),
        ("dead letters", _dead_letter, "1 invocation could not be delivered"),
        ("versioning", _versioning_off, "Versioning is off"),
        ("encryption", _no_encryption, "The bucket has no default encryption"),
        ("public access", _no_block, "Block Public Access is off"),
        (
            "bucket policy",
            _no_policy,
            "lacks DenyInsecureTransport, DenyOverwriteOfRecords20915614, DenyCustomerProvidedKeys, DenyDeletesOf",
        ),
        (
            "collector's puts",
            _encryption_demanded,
            "by OnlyKms: set `bucket.encryption` and `kms_key` to what it requires",
        ),
        ("collector's rights", _role_without_policy, "s3:PutObject on arn:aws:s3:::zoom-operation-logs/zoom/"),
        ("reader's rights", _reader_without_policy, "SecOps' reader may not s3:ListBucket on"),
        ("scheduler's rights", _scheduler_without_policy, "may not lambda:InvokeFunction on"),
        ("reader", _key_inactive, "No access key of secops-reader is active"),
        ("checkpoint", _damaged_checkpoint, "is damaged: the next run rebuilds it"),
        (
            "subscribers",
            _nobody_subscribed,
            "No subscription to arn:aws:sns:us-east-1:123456789012:zoom-operationlogs",
        ),
        ("checkpoint", _checkpoint_deleted, "The checkpoint is missing although the archive has records"),
        ("archive", _records_deleted, "1 object with records is behind delete markers, where nobody can read them"),
        ("bucket policy", _policy_with(_one_taken_away), "The bucket's policy lacks Deny"),
        ("bucket policy", _policy_with(_deletions_allowed), "The bucket's policy lacks DenyDeletesOf"),
        ("bucket policy", _policy_with(_exempt), "The bucket's policy lacks DenyDeletesOf"),
        (
            "bucket policy",
            _policy_with(_somebody_allowed),
            "also allows arn:aws:iam::210987654321:root s3:GetObject (Share)",
        ),
        ("alarms", _alarm_raised, "In ALARM: zoom_operationlogs_to_s3-errors;"),
    ],
)
@pytest.mark.usefixtures("environ")
def test_what_is_spoilt_is_found_and_then_well_again(place: Place, name: str, spoil: Spoil, words: str) -> None:
    at = place.deployment
    mend = spoil(place.aws, at)
    try:
        found = look(name, at)
    finally:
        mend()
    assert (found.status, words in found.sentence) == ("fix", True), found
    assert look(name, at).status == "ok"


@pytest.mark.usefixtures("environ")
def test_a_bucket_that_demands_another_encryption_is_said_and_its_header_is_sent(place: Place, key: str) -> None:
    at, client = place.deployment, place.aws.client("lambda")
    day = str(datetime.now(UTC).date() - timedelta(days=21))  # which no other test collects
    backfill = ("backfill", "--from", day, "--to", day)
    mend = _encryption_demanded(place.aws, at)
    try:
        said = " ".join(place.zoomlogs(*backfill, status=1).split())
        assert said.startswith("S3 refuses s3:PutObject on s3://")
        assert "(AccessDenied, with an explicit deny in a resource-based policy)" in said
        found = place.doctor(status=1)
        assert {name for name in ("runs", "collector's puts") if found[name]["status"] == "fix"} == {
            "runs",
            "collector's puts",
        }
        assert found["collector's rights"]["sentence"].endswith("in its own policies.")
        header = {"S3_SSE": "aws:kms", "S3_SSE_KMS_KEY_ARN": key}
        set_to = {"FunctionName": at.function_name, "Environment": {"Variables": {**at.environment, **header}}}
        client.update_function_configuration(**set_to)
        assert "The run wrote 350 records" in place.zoomlogs(*backfill)
        stored = place.aws.client("s3").head_object(Bucket=at.bucket, Key=at.state_key)
        assert (stored["ServerSideEncryption"], stored["SSEKMSKeyId"]) == ("aws:kms", key)
    finally:
        mend()
        client.update_function_configuration(
            FunctionName=at.function_name, Environment={"Variables": dict(at.environment)}
        )
    place.zoomlogs(*backfill)


NOWHERE = {
    "secret": ("function", "environment", {"ZOOM_SECRET_ID": "nowhere"}),
    "function": ("function", "name", "nowhere"),
    "schedule": ("schedule", "name", "nowhere"),
    "runs": ("log_group", "name", "/nowhere"),
    "dead letters": ("dead_letter_queue", "url", "https://sqs.us-east-1.amazonaws.com/123456789012/nowhere"),
    "bucket": ("bucket", "name", "nowhere"),
    "versioning": ("bucket", "name", "nowhere"),
    "reader": ("reader", "name", "nowhere"),
}


@pytest.mark.parametrize("name", NOWHERE)
@pytest.mark.usefixtures("environ")
def test_what_is_gone_is_said_to_be_gone(place: Place, name: str) -> None:
    outputs = copy.deepcopy(dict(place.deployment.outputs))
    output, attribute, value = NOWHERE[name]
    outputs[output][attribute] = value
    found = look(name, Deployment(outputs))
    assert found.status == "fix"
    assert found.sentence.startswith("There is no "), found


@pytest.mark.usefixtures("environ")
def test_where_aws_is_not_reached_nothing_is_claimed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    for name in ("secret", "clock", "sign-in", "bucket"):
        found = look(name, place.deployment)
        assert found.status == "unknown", found
    assert "AWS was not reached" in look("secret", place.deployment).sentence
