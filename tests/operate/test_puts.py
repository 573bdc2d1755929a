"""Buckets whose policies demand an encryption: what a run writes there, what it says, and what the doctor says.

The policies are in the forms that organisations use (Amazon S3 User Guide, "Protecting data with server-side
encryption"; the switches of Terraform's S3 modules). The stand-in judges them; the doctor must foresee its verdict.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from faults.world import PREFIX, STATE_KEY, World
from standins.aws import ACCOUNT_ID, AwsStandIn
from standins.clock import Clock
from zoom_operationlogs.bucket import Bucket
from zoom_operationlogs.deadline import Deadline
from zoom_operationlogs.errors import AccessDeniedError
from zoom_operationlogs.settings import Settings
from zoomlogs.doctor import bucket_rules
from zoomlogs.doctor.denials import Denial, denials, writes
from zoomlogs.runs import Run

BUCKET = "zoom-operation-logs"
ARN = f"arn:aws:s3:::{BUCKET}"
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/WriteZoomOperationLogsToS3Role"
KEY, OTHER_KEY = (f"arn:aws:kms:us-east-1:{ACCOUNT_ID}:key/{name}" for name in ("ours", "another"))
HEADER, KEY_HEADER = "s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"

SETTINGS: dict[str, dict[str, str]] = {
    "none": {},
    "AES256": {"S3_SSE": "AES256"},
    "aws:kms": {"S3_SSE": "aws:kms", "S3_SSE_KMS_KEY_ARN": KEY},
    "another key": {"S3_SSE": "aws:kms", "S3_SSE_KMS_KEY_ARN": OTHER_KEY},
    "aws:kms:dsse": {"S3_SSE": "aws:kms:dsse", "S3_SSE_KMS_KEY_ARN": KEY},
}
EVERY = set(SETTINGS)
BY_OUR_KEY = {"aws:kms", "aws:kms:dsse"}
DENIES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "no header": ({"Null": {HEADER: "true"}}, EVERY - {"none"}),
    "not AES256": ({"StringNotEquals": {HEADER: "AES256"}}, {"AES256"}),
    "not AES256, if there is a header": ({"StringNotEqualsIfExists": {HEADER: "AES256"}}, {"AES256"}),
    "not aws:kms": ({"StringNotEquals": {HEADER: ["aws:kms"]}}, {"aws:kms", "another key"}),
    "neither of two": ({"StringNotEquals": {HEADER: ["aws:kms", "aws:kms:dsse"]}}, EVERY - {"none", "AES256"}),
    "not like aws:kms": ({"StringNotLike": {HEADER: "aws:kms*"}}, EVERY - {"none", "AES256"}),
    "a header, but not aws:kms:dsse": (
        {"Null": {HEADER: "false"}, "StringNotEquals": {HEADER: "aws:kms:dsse"}},
        {"none", "aws:kms:dsse"},
    ),
    "no key": ({"Null": {KEY_HEADER: True}}, BY_OUR_KEY | {"another key"}),
    "not our key": ({"StringNotEquals": {KEY_HEADER: KEY}}, BY_OUR_KEY),
    "not our key, if there is one": ({"StringNotEqualsIfExists": {KEY_HEADER: KEY}}, BY_OUR_KEY),
    "not our key, as an ARN": ({"ArnNotEquals": {KEY_HEADER: KEY}}, BY_OUR_KEY),
    "not our key, as an ARN, if there is one": ({"ArnNotEqualsIfExists": {KEY_HEADER: KEY}}, BY_OUR_KEY),
    "a key that is not ours": (
        {"Null": {KEY_HEADER: "false"}, "StringNotEquals": {KEY_HEADER: KEY}},
        EVERY - {"another key"},
    ),
    "not a key of the account": (
        {"ArnNotLike": {KEY_HEADER: f"arn:aws:kms:*:{ACCOUNT_ID}:key/*"}},
        EVERY - {"none", "AES256"},
    ),
}
"""Conditions of a Deny, and the settings whose writes it leaves alone.

A negated operator with `IfExists` denies a request without the key as well (IAM User Guide, "IAM JSON policy elements:
Condition operators").
"""


def deny(condition: dict[str, Any], **elements: Any) -> dict[str, Any]:
    whole = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"{ARN}/*", **elements}
    return {**whole, "Condition": condition} if condition else whole


def foreseen(statements: list[dict[str, Any]], setting: str = "none") -> list[Denial]:
    return denials(statements, writes(ARN, PREFIX, STATE_KEY, ROLE, SETTINGS[setting]))


def encryption(setting: str) -> Any:
    environ = {"S3_BUCKET": BUCKET, "ZOOM_SECRET_ID": "zoom", **SETTINGS[setting]}
    return Settings.from_environ(environ).encryption


@pytest.fixture(scope="module")
def aws(aws: AwsStandIn) -> AwsStandIn:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return aws


@pytest.fixture
def demanding(aws: AwsStandIn) -> Iterator[Any]:
    """Return what gives the bucket a policy."""
    s3 = aws.client("s3")

    def demand(*statements: dict[str, Any]) -> None:
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(document))

    yield demand
    s3.delete_bucket_policy(Bucket=BUCKET)
    aws.empty_bucket(BUCKET)


def refused(aws: AwsStandIn, setting: str) -> str:
    """Write as a run does; return the sentence, "" if S3 took it."""
    deadline = Deadline(lambda: 60.0, 0.0)
    bucket = Bucket(aws.client("s3"), BUCKET, deadline, lambda _: None, encryption(setting))
    try:
        etag = bucket.put(STATE_KEY, b"1", replaces=None)
        bucket.put(STATE_KEY, b"2", replaces=etag)
    except AccessDeniedError as error:
        return str(error)
    finally:
        aws.empty_bucket(BUCKET)
    return ""


@pytest.mark.slow
@pytest.mark.parametrize("form", DENIES)
def test_a_write_is_taken_with_the_settings_that_fit_and_the_doctor_foresees_it(
    form: str, aws: AwsStandIn, demanding: Any
) -> None:
    condition, fitting = DENIES[form]
    statement = deny(condition, Sid="OnlyEncrypted")
    demanding(statement)
    said = {setting: refused(aws, setting) for setting in SETTINGS}
    assert {setting for setting, sentence in said.items() if not sentence} == fitting
    for setting, sentence in said.items():
        found = foreseen([statement], setting)
        assert found == ([] if setting in fitting else [Denial("OnlyEncrypted", sure=True, by_encryption=True)])
        told = bucket_rules.puts(found, [], BUCKET)
        assert told.status == ("ok" if setting in fitting else "fix")
        if sentence:
            assert "(AccessDenied, with an explicit deny in a resource-based policy)" in sentence
            assert "set `bucket.encryption` and `kms_key` to what it requires" in told.sentence


def world_of_now(setting: str) -> World:
    now = datetime.now(UTC)
    world = World(clock=Clock(now, ticking=True), settings={"encryption": encryption(setting)})
    world.zoom.add_day((now - timedelta(days=1)).date(), 40, seed=1)
    return world


STRICT = [
    deny({"Null": {HEADER: "true"}}, Sid="DenyUnEncryptedObjectUploads"),
    deny({"StringNotEquals": {HEADER: "aws:kms"}}, Sid="DenyIncorrectEncryptionHeader"),
    deny({"ArnNotEquals": {KEY_HEADER: KEY}}, Sid="DenyIncorrectKmsKeySse"),
]
"""The ready-made statements, all at once."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("setting", "statements"), [("aws:kms", STRICT), ("aws:kms:dsse", STRICT[2:]), ("AES256", STRICT[:1])]
)
def test_a_run_writes_records_and_checkpoint_with_the_encryption(
    setting: str, statements: list[dict[str, Any]], aws: AwsStandIn, demanding: Any
) -> None:
    demanding(*statements)
    s3 = aws.client("s3")
    assert world_of_now(setting).run(s3=s3)["written"] == 40
    listed = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert STATE_KEY in listed
    assert len(listed) > 1
    wanted = encryption(setting)
    for key in listed:
        stored = s3.head_object(Bucket=BUCKET, Key=key)
        assert {name: stored.get(name) for name in ("ServerSideEncryption", "SSEKMSKeyId")} == {
            "SSEKMSKeyId": None,
            **wanted,
        }


@pytest.mark.slow
@pytest.mark.parametrize("setting", ["none", "AES256", "another key"])
def test_a_run_that_may_not_write_says_where_to_look_and_the_doctor_agrees(
    setting: str, aws: AwsStandIn, demanding: Any
) -> None:
    demanding(*STRICT)
    world = world_of_now(setting)
    with pytest.raises(AccessDeniedError) as failure:
        world.run(s3=aws.client("s3"))
    sentence = str(failure.value)
    for words in ("bucket policy", "service control policies (SCPs)", "resource control policies (RCPs)", "(S3_SSE)"):
        assert words in sentence
    told = bucket_rules.puts(foreseen(STRICT, setting), [failed(sentence)], BUCKET)
    assert told.status == "fix"
    assert "The bucket's policy denies the collector's writes, by " in told.sentence
    assert "DenyIncorrectKmsKeySse" in told.sentence
    assert "Contents" not in aws.client("s3").list_objects_v2(Bucket=BUCKET)


# --- what the doctor can tell ----------------------------------------------------------------------------------------


def failed(sentence: str) -> Run:
    return Run("id", datetime(2026, 11, 24, tzinfo=UTC), 1.0, "failed", sentence)


def wrote(records: int) -> Run:
    return Run("id", datetime(2026, 11, 24, tzinfo=UTC), 1.0, "ok", "", written=records)


REFUSED = (
    "S3 refuses s3:PutObject on s3://b/k (AccessDenied, with an explicit deny in a service control policy): grant …."
)


@pytest.mark.parametrize(
    ("statement", "sure"),
    [
        (deny({}), True),
        (deny({}, Action="s3:*"), True),
        (deny({}, Action=["S3:PUT*"]), True),
        (deny({}, Action="s3:DeleteObject"), None),
        (deny({}, Resource=f"{ARN}/zoom/operationlogs-state/*"), True),
        (deny({}, Resource=f"{ARN}/elsewhere/*"), None),
        (deny({}, Resource=ARN), None),
        ({**deny({}), "NotResource": f"{ARN}/zoom/*", "Resource": []}, None),
        ({"Effect": "Deny", "Principal": "*", "NotAction": "s3:GetObject", "Resource": f"{ARN}/*"}, True),
        ({"Effect": "Deny", "Principal": "*", "NotAction": "s3:Put*", "Resource": f"{ARN}/*"}, None),
        (deny({}, Effect="Allow"), None),
        (deny({}, Principal={"AWS": ["*"]}), True),
        (deny({}, Principal={"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"}), True),
        (deny({}, Principal={"AWS": ROLE}), True),
        (deny({}, Principal={"AWS": f"{ROLE}2"}), None),
        (deny({}, Principal={"Service": "logging.s3.amazonaws.com"}), None),
        (deny({"ArnNotEquals": {"aws:PrincipalArn": [ROLE]}}), None),
        (deny({"ArnNotEquals": {"aws:PrincipalArn": [f"{ROLE}2"]}}), True),
        (deny({"Bool": {"aws:SecureTransport": "false"}}), None),
        (deny({"Null": {"s3:if-none-match": "true"}}, Resource=f"{ARN}/{PREFIX}*"), None),
        (deny({"Null": {"s3:if-none-match": "true"}}), True),  # the checkpoint is replaced by If-Match
        (deny({"StringEquals": {"s3:x-amz-acl": "public-read"}}), None),
        (deny({"ForAnyValue:StringNotEquals": {HEADER: "AES256"}}), None),
        (deny({"ForAllValues:StringNotEquals": {HEADER: "AES256"}}), True),
        # What is not known here.
        (deny({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}), False),
        (deny({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o"}, "Bool": {"aws:SecureTransport": True}}), False),
        (deny({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}, "Bool": {"aws:SecureTransport": False}}), None),
        (deny({"NumericLessThan": {"s3:TlsVersion": "1.2"}}), False),
        (deny({"StringNotEquals": {HEADER: "${aws:PrincipalTag/sse}"}}), True),  # no header equals anything
        (deny({"StringNotEquals": {"aws:PrincipalType": "${aws:PrincipalTag/type}"}}), False),
        (deny({"StringNotLike": {"aws:PrincipalArn": "arn:*:${aws:username}"}}), False),
        ({**deny({}), "Principal": None, "NotPrincipal": {"AWS": ROLE}}, False),
        (deny({}, Principal={"AWS": f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/r/s"}), False),
    ],
)  # fmt: skip
def test_a_statement_denies_surely_perhaps_or_not(statement: dict[str, Any], sure: bool | None) -> None:
    found = foreseen([statement])
    assert [each.sure for each in found] == ([] if sure is None else [sure])
    assert [each.name for each in found] == ["statement 1"][: len(found)]


def test_a_write_that_the_policy_denies_is_never_well() -> None:
    sure, other = Denial("OnlyKms", sure=True, by_encryption=True), Denial("OnlyUs", sure=True, by_encryption=False)
    told = bucket_rules.puts([sure], [wrote(5)], "b")
    assert (told.status, "by OnlyKms: set `bucket.encryption`" in told.sentence) == ("fix", True)
    told = bucket_rules.puts([sure, other], [wrote(5)], "b")
    assert "by OnlyKms and OnlyUs: change it (AWS console: S3 > Buckets > b > Permissions" in told.sentence


def test_a_refused_run_is_never_well_though_the_policy_as_read_denies_nothing() -> None:
    told = bucket_rules.puts([], [wrote(5), failed(REFUSED)], "b")
    assert told.status == "fix"
    assert REFUSED in told.sentence
    assert "service control policies (SCPs) and resource control policies (RCPs)" in told.sentence
    perhaps = Denial("OnlyByEndpoint", sure=False, by_encryption=False)
    assert "or perhaps by OnlyByEndpoint" in bucket_rules.puts([perhaps], [failed(REFUSED)], "b").sentence
    assert bucket_rules.puts([], [failed(REFUSED), wrote(0)], "b").status == "ok"
    assert bucket_rules.puts([], [failed("Zoom gave no usable answer."), running()], "b").status == "ok"
    assert bucket_rules.puts([], [failed(REFUSED), running()], "b").status == "fix"


def running() -> Run:
    return Run("id", datetime(2026, 11, 24, tzinfo=UTC), None, "running", "")


def test_what_cannot_be_told_is_shown_by_a_run_that_writes() -> None:
    perhaps = Denial("OnlyByEndpoint", sure=False, by_encryption=False)
    told = bucket_rules.puts([perhaps], [wrote(0)], "b")
    assert (told.status, "OnlyByEndpoint" in told.sentence) == ("unknown", True)
    assert bucket_rules.puts([perhaps], [wrote(3), wrote(0)], "b").status == "ok"


LOCK = {"S3_LOCK_MODE": "GOVERNANCE", "S3_LOCK_DAYS": "90"}
MODE, DAYS = "s3:object-lock-mode", "s3:object-lock-remaining-retention-days"


@pytest.mark.parametrize("action", ["s3:PutObject", "s3:PutObjectRetention"])
@pytest.mark.parametrize(
    ("condition", "locked", "unlocked"),
    [
        ({"StringNotEquals": {MODE: "COMPLIANCE"}}, "surely", "surely"),
        ({"StringNotEquals": {MODE: "GOVERNANCE"}}, "no", "surely"),
        ({"StringEquals": {MODE: "GOVERNANCE"}}, "surely", "no"),
        ({"NumericGreaterThan": {DAYS: "30"}}, "perhaps", "perhaps"),
        ({"ArnNotEquals": {"aws:PrincipalArn": ROLE}}, "no", "no"),
    ],
)
def test_a_denial_of_locks_is_foreseen(action: str, condition: dict[str, Any], locked: str, unlocked: str) -> None:
    """Without a lock nothing but the object is put."""
    statement = deny(condition, Action=action, Resource=f"{ARN}/{PREFIX}*")
    for environment, verdict in ((LOCK, locked), ({}, unlocked if action == "s3:PutObject" else "no")):
        found = denials([statement], writes(ARN, PREFIX, STATE_KEY, ROLE, environment))
        assert [denial.sure for denial in found] == {"surely": [True], "perhaps": [False], "no": []}[verdict]


@pytest.mark.parametrize(
    ("said", "is_asked_for"),
    [
        (REFUSED, True),
        ("S3 refuses s3:PutObject on s3://b/k (KMS.DisabledException): make sure that the key is enabled.", False),
        ("S3 refuses s3:PutObject on s3://b/k (InvalidRequest): …", False),
    ],
)
def test_the_organisation_is_asked_only_where_access_is_denied(said: str, is_asked_for: bool) -> None:
    found = bucket_rules.puts([], [failed(said)], "b")
    assert found.status == "fix"
    assert said in found.sentence
    assert ("SCPs" in found.sentence.replace(said, "")) == is_asked_for
