"""Each of the doctor's judgements: a fact that is well, and each fact that is not, with the sentence a person reads."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from zoom_operationlogs.checkpoint import Checkpoint
from zoom_operationlogs.checkpoint_format import encode
from zoom_operationlogs.errors import DatesRefusedError, RateLimitedError, ZoomRefusedError, ZoomUnavailableError
from zoom_operationlogs.zoom_rate_limits import Quota
from zoomlogs.checkpoint import StoredCheckpoint, understand
from zoomlogs.deleted import Marker, Rule
from zoomlogs.deployment import Deployment
from zoomlogs.doctor import bucket_rules, collector_rules, delivery_rules
from zoomlogs.doctor.checks import CHECKS, findings
from zoomlogs.doctor.collector_rules import ZoomAnswer
from zoomlogs.doctor.facts import seconds_ahead
from zoomlogs.doctor.findings import Finding
from zoomlogs.runs import Run

NOW = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:zoom-AbCdEf"
FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:collector"
HASH = "d7" * 32
QUARTERLY = {"expression": "rate(15 minutes)", "interval_minutes": 15}
DAY = 24 * 60


def check(finding: Finding, status: str, *words: str) -> None:
    assert finding.status == status, finding
    for word in words:
        assert word in finding.sentence
    assert not finding.sentence[0].islower()
    assert finding.sentence.endswith((".", ".)", ")")), finding.sentence


# --- Zoom ------------------------------------------------------------------------------------------------------------

WHOLE = json.dumps({"account_id": "a", "client_id": "b", "client_secret": "TOPSECRET"})


def test_secret() -> None:
    check(collector_rules.secret(WHOLE, ARN), "ok")
    check(
        collector_rules.secret(None, ARN),
        "fix",
        "no value yet",
        "`zoomlogs zoom-secret put`",
        "Secrets Manager > Secrets",
    )
    check(collector_rules.secret("{", ARN), "fix", "is not JSON")
    found = collector_rules.secret(json.dumps({"client_secret": "TOPSECRET", "account_id": " "}), ARN)
    check(found, "fix", "lacks account_id and client_id", "Retrieve secret value > Edit")
    assert "TOPSECRET" not in found.sentence


REFUSED = ZoomRefusedError("The Zoom app is deactivated: activate it at marketplace.zoom.us. (Zoom says: …)")


@pytest.mark.parametrize(
    ("answer", "of_sign_in", "of_report", "words"),
    [
        (ZoomAnswer(True, None, Quota(30_000, 29_951)), "ok", "ok", "29,951 of 30,000 calls are left today"),
        (ZoomAnswer(True), "ok", "ok", "the plan allow the report."),
        (ZoomAnswer(True, REFUSED), "ok", "fix", "activate it at marketplace.zoom.us"),
        (ZoomAnswer(False, REFUSED), "fix", "unknown", "Not checked because Zoom issues no token."),
        (ZoomAnswer(True, RateLimitedError(NOW, daily=True)), "ok", "unknown", "try again after 2026-11-24 17:00 UTC"),
        (ZoomAnswer(True, RateLimitedError(None, daily=False)), "ok", "unknown", "try again in a minute"),
        (
            ZoomAnswer(True, DatesRefusedError("Zoom refuses the report's dates. (Zoom says: from is in the future)")),
            "ok",
            "unknown",
            "Zoom accepts the app, but refused the request for one row of today",
        ),
        (
            ZoomAnswer(False, ZoomUnavailableError("Zoom gave no usable answer.")),
            "unknown",
            "unknown",
            "issues no token",
        ),
        (
            ZoomAnswer(True, ZoomUnavailableError("Zoom gave no answer.")),
            "ok",
            "unknown",
            "did not answer this computer: Zoom gave",
        ),
    ],
)
def test_sign_in_and_report(answer: ZoomAnswer, of_sign_in: str, of_report: str, words: str) -> None:
    check(collector_rules.sign_in(answer), of_sign_in)
    check(collector_rules.report(answer), of_report, words)


@pytest.mark.parametrize(
    ("aws", "zoom", "status", "words"),
    [
        (1.0, -2.0, "ok", "of this computer, of AWS and of Zoom agree"),
        (1.0, None, "ok", "agrees with AWS's"),
        (None, 1.0, "unknown", "AWS gave no answer"),
        (300.0, 300.0, "fix", "This computer's clock is 300 s ahead of AWS's"),
        (-90.0, -90.0, "fix", "This computer's clock is 90 s behind AWS's"),
        (1.0, 120.0, "fix", "AWS's clock is 119 s ahead of Zoom's"),
        (1.0, -120.0, "fix", "AWS's clock is 121 s behind Zoom's"),
    ],
)
def test_clock(aws: float | None, zoom: float | None, status: str, words: str) -> None:
    check(collector_rules.clock(aws, zoom), status, words)


def test_how_far_a_clock_is_ahead() -> None:
    assert seconds_ahead("Tue, 24 Nov 2026 16:59:30 GMT", NOW) == 30
    assert seconds_ahead(None, NOW) is None
    assert seconds_ahead("yesterday", NOW) is None


# --- the function and its schedule -----------------------------------------------------------------------------------

CONFIGURATION = {"FunctionName": "collector", "Handler": collector_rules.HANDLER, "State": "Active"}


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({}, "ok", "collector is active"),
        ({"State": "Inactive"}, "ok", "is inactive"),
        ({"State": "Failed", "StateReason": "no subnet"}, "fix", "state is Failed (no subnet)"),
        ({"LastUpdateStatus": "Failed"}, "fix", "last update failed (no reason given)"),
        ({"Handler": "lambda_function.lambda_handler"}, "fix", "not zoom_operationlogs.handler.lambda_handler"),
    ],
)
def test_function(change: dict[str, str], status: str, words: str) -> None:
    check(collector_rules.function({**CONFIGURATION, **change}), status, words)


def test_package() -> None:
    as_lambda_has_it = base64.b64encode(bytes.fromhex(HASH)).decode()
    for applied, committed in ((as_lambda_has_it, HASH), (as_lambda_has_it, None), (None, HASH)):
        check(collector_rules.package(as_lambda_has_it, applied, committed, "f"), "ok", "that Terraform deployed")
    anew = "`terraform apply -replace=\"$(terraform state list -id=f | grep 'aws_lambda_function.collector$')\"`"
    check(collector_rules.package(as_lambda_has_it, "another", HASH, "f"), "fix", "changed outside Terraform", anew)
    check(
        collector_rules.package(as_lambda_has_it, as_lambda_has_it, "00" * 32, "f"),
        "unknown",
        "another version than this zoomlogs",
        anew,
    )
    check(collector_rules.package(as_lambda_has_it, None, None, "f"), "unknown", "this installation has no package")


@pytest.mark.parametrize(
    ("actual", "status", "words"),
    [
        ({"S3_BUCKET": "b", "PAGE_SIZE": "300"}, "ok", "without a secret"),
        ({"S3_BUCKET": "b", "PAGE_SIZE": "1", "MORE": "x"}, "fix", "MORE and PAGE_SIZE in the function's environment"),
        ({"S3_BUCKET": "b"}, "fix", "PAGE_SIZE in the function's environment differ"),
        (
            {"S3_BUCKET": "b", "PAGE_SIZE": "300", "ZOOM_CLIENT_SECRET": "TOPSECRET"},
            "fix",
            "create a new client secret",
        ),
    ],
)
def test_environment(actual: dict[str, str], status: str, words: str) -> None:
    found = collector_rules.environment(actual, {"S3_BUCKET": "b", "PAGE_SIZE": "300"}, "collector")
    check(found, status, words)
    assert "TOPSECRET" not in found.sentence


def test_an_environment_that_cannot_be_decrypted_is_not_judged() -> None:
    """Lambda gives whoever may not use the function's KMS key an error in place of the variables (EnvironmentError)."""
    error = {"ErrorCode": "AccessDeniedException", "Message": "Lambda was unable to decrypt the environment variables"}
    function = {"Environment": {"Error": error}, "KMSKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/k"}
    world: Any = SimpleNamespace(function=function, deployment=None)
    [environment] = [each for each in CHECKS if each.name == "environment"]
    check(environment(world), "unknown", "AccessDeniedException", "allow it kms:Decrypt", "key/k is enabled")


def test_what_nobody_foresaw_ends_one_check_and_no_other() -> None:
    """The world has no functions, which no check expects."""
    world: Any = SimpleNamespace(deployment=SimpleNamespace(outputs={}))
    found = dict(findings(world, CHECKS))
    assert list(found) == [each.name for each in CHECKS]
    check(found["function"], "unknown", "zoomlogs failed:", "AttributeError", "no attribute 'function'.")


SCHEDULE = {"State": "ENABLED", "ScheduleExpression": "rate(15 minutes)", "Target": {"Arn": FUNCTION, "RoleArn": "r"}}
EXPECTED = {"name": "every-15", "enabled": True, "expression": "rate(15 minutes)", "role_arn": "r"}


@pytest.mark.parametrize(
    ("change", "expected", "status", "words"),
    [
        ({}, {}, "ok", "at rate(15 minutes)"),
        ({"State": "DISABLED"}, {}, "fix", "nothing is collected: enable it (AWS console: Amazon EventBridge"),
        ({"State": "DISABLED"}, {"enabled": False}, "fix", "set `schedule = { enabled = true }` and apply"),
        ({"Target": {"Arn": "arn:other", "RoleArn": "r"}}, {}, "fix", "invokes arn:other, not the collector"),
        ({"Target": {"Arn": FUNCTION, "RoleArn": "other"}}, {}, "fix", "uses the role other"),
        ({"ScheduleExpression": "rate(1 day)"}, {}, "fix", "is rate(1 day), not rate(15 minutes)"),
    ],
)
def test_schedule(change: dict[str, Any], expected: dict[str, Any], status: str, words: str) -> None:
    check(collector_rules.schedule({**SCHEDULE, **change}, {**EXPECTED, **expected}, FUNCTION), status, words)


def run(outcome: Any, minutes: int, sentence: str = "") -> Run:
    return Run("id", NOW - timedelta(minutes=minutes), 2.0, outcome, sentence)


@pytest.mark.parametrize(
    ("found", "status", "words"),
    [
        ([run("failed", 30, "Once."), run("ok", 15)], "ok", "succeeded 15 minutes ago"),
        ([run("ok", 15), run("running", 0)], "ok", "15 minutes ago"),
        ([], "fix", "no run in the last 14 days"),
        ([run("running", 0)], "fix", "no run in the last 14 days"),
        ([run("failed", 15, "Zoom says no.")], "fix", "at 2026-11-24 16:45 UTC, failed: Zoom says no."),
        ([run("waiting", 15)], "fix", "waited for credentials"),
        ([run("ok", 300)], "fix", "12:00 UTC, 5 hours ago"),
        ([run("unknown", 15, "Its end is not in the log.")], "unknown", "began 15 minutes ago: Its end is not in"),
        (
            [run("stopped", 15, "Zoom's limit.")],
            "unknown",
            "stopped early 15 minutes ago: Zoom's limit.",
        ),
    ],
)
def test_runs(found: list[Run], status: str, words: str) -> None:
    check(collector_rules.runs(found, found, NOW, QUARTERLY), status, words)


def test_a_run_by_hand_says_nothing_of_the_schedule() -> None:
    """Whoever starts runs by hand because none comes must not turn the doctor green by that."""
    by_hand, dead, alive = run("ok", 5), run("ok", 300), run("ok", 20)
    by_hand = replace(by_hand, action="run")
    check(
        collector_rules.runs([dead, by_hand], [dead], NOW, QUARTERLY),
        "fix",
        "The last scheduled run was at",
        "5 hours",
    )
    check(
        collector_rules.runs([by_hand], [], NOW, QUARTERLY),
        "fix",
        "by hand, but the log has no scheduled run",
    )
    check(
        collector_rules.runs([by_hand], [], NOW, {"expression": "rate(7 days)", "interval_minutes": 7 * DAY}),
        "unknown",
        "the log has no scheduled run",
    )
    found = collector_rules.runs([alive, by_hand], [alive], NOW, QUARTERLY)
    check(found, "ok", "succeeded 5 minutes ago")
    failed = replace(by_hand, outcome="failed", sentence="Zoom says no.")
    check(collector_rules.runs([alive, failed], [alive], NOW, QUARTERLY), "fix", "failed: Zoom says no.")


@pytest.mark.parametrize(
    ("interval", "minutes", "of_runs", "of_checkpoint"),
    [
        (15, 100, "ok", "ok"),
        (15, 110, "fix", "ok"),
        (15, 27 * 60, "fix", "fix"),
        (60, 239, "ok", "ok"),
        (60, 241, "fix", "ok"),
        (2 * DAY, 6 * DAY, "ok", "ok"),
        (2 * DAY, 7 * DAY, "fix", "fix"),
        (None, DAY, "ok", "ok"),
        (None, 7 * DAY, "unknown", "unknown"),
        (None, 9 * DAY, "fix", "fix"),
    ],
)
def test_how_long_no_run_may_have_been(interval: int | None, minutes: int, of_runs: str, of_checkpoint: str) -> None:
    schedule = {"expression": "cron(0 6 ? * MON *)", "interval_minutes": interval}
    words = {"unknown": ("cron(0 6 ? * MON *)", "is not known")}
    ran = [run("ok", minutes)]
    found = collector_rules.runs(ran, ran, NOW, schedule)
    check(found, of_runs, *words.get(of_runs, ()))
    found = judged(checkpoint(), NOW - timedelta(minutes=minutes), schedule)
    check(found, of_checkpoint, *words.get(of_checkpoint, ()))


def test_the_log_may_be_empty_where_runs_are_rarer_than_it_is_looked_back() -> None:
    check(
        collector_rules.runs([], [], NOW, {"expression": "rate(5 days)", "interval_minutes": 5 * DAY}),
        "unknown",
        "no run in the last 14 days",
        "`zoomlogs run`",
    )
    check(
        collector_rules.runs([], [], NOW, {"expression": "cron(0 6 1 * ? *)", "interval_minutes": None}),
        "fix",
        "no run in the last 14 days",
    )


def ran(minutes: int, outcome: Any = "ok", pages: int = 2) -> Run:
    return Run("id", NOW - timedelta(minutes=minutes), 1.0, outcome, "", pages=pages)


def test_metrics() -> None:
    good = collector_rules.succeeded([ran(45, "failed"), ran(31, pages=0), ran(30), ran(15), ran(0, "running")])
    assert [run.began for run in good] == [NOW - timedelta(minutes=30), NOW - timedelta(minutes=15)]
    check(collector_rules.metrics(good, 2.0, NOW, "collector"), "ok", "2 runs succeeded recently")
    check(
        collector_rules.metrics(good, 0, NOW, "collector"),
        "fix",
        "A run succeeded at 2026-11-24 16:30 UTC",
        "log format is JSON",
    )
    check(collector_rules.metrics([ran(9)], 0, NOW, "collector"), "unknown", "try again in five minutes")
    check(collector_rules.metrics([], 0, NOW, "collector"), "unknown", "no run has succeeded yet")


def test_the_feeds_queue() -> None:
    check(delivery_rules.feed_queue(None, []), "ok", "The feed has no queue")
    check(delivery_rules.feed_queue("feed", []), "unknown", "the queue was not used for some hours")
    check(delivery_rules.feed_queue("feed", [90_000.0, 60.0]), "ok", "the oldest in feed has waited for")
    check(delivery_rules.feed_queue("feed", [60.0, 7201.0]), "fix", "has waited for 2 hours", "`zoomlogs feed status`")


def test_dead_letters() -> None:
    check(collector_rules.dead_letters(0, "q"), "ok")
    check(
        collector_rules.dead_letters(1, "q"), "fix", "1 invocation could not", "Queues > q > Send and receive messages"
    )
    check(collector_rules.dead_letters(2, "q"), "fix", "2 invocations could not")


# --- the bucket ------------------------------------------------------------------------------------------------------

created_or_not = pytest.mark.parametrize(
    ("created", "how"), [(True, "run `terraform apply`"), (False, "AWS console under S3 > Buckets > b > ")]
)


def test_region() -> None:
    check(bucket_rules.region("eu-west-1", "eu-west-1", "b", google_reads=True), "ok")
    there = bucket_rules.region("us-east-1", "eu-west-1", "b", google_reads=True)
    check(there, "fix", "is in us-east-1 and the function in eu-west-1")
    china = bucket_rules.region("cn-north-1", "cn-north-1", "b", google_reads=False)
    check(china, "fix", "is in cn-north-1, where Google SecOps does not read Amazon S3")


@pytest.mark.parametrize(
    ("mode", "supported", "status"), [("user", True, "ok"), ("role", False, "fix"), ("none", False, "ok")]
)
def test_the_region_matters_to_a_reader_of_secops(mode: str, supported: bool, status: str) -> None:
    outputs = {
        "bucket": {"name": "b"},
        "function": {"arn": "arn:aws-cn:lambda:cn-north-1:123456789012:function:f"},
        "reader": {"mode": mode},
        "secops_feed": {"region_supported": supported},
    }
    facts: Any = SimpleNamespace(deployment=Deployment(outputs), bucket_region=lambda: "cn-north-1")
    [of_bucket] = [one for one in CHECKS if one.name == "bucket"]
    assert of_bucket(facts).status == status


@created_or_not
def test_versioning(created: bool, how: str) -> None:
    check(bucket_rules.versioning("Enabled", "b", created=created, feed_deletes=True), "ok")
    check(bucket_rules.versioning("Suspended", "b", created=created, feed_deletes=True), "fix", "delivered again", how)
    check(
        bucket_rules.versioning(None, "b", created=created, feed_deletes=False), "fix", "a deleted record is lost", how
    )


@created_or_not
def test_object_lock(created: bool, how: str) -> None:
    lock, on = {"mode": "COMPLIANCE", "days": 90}, {"ObjectLockEnabled": "Enabled"}
    check(bucket_rules.object_lock(None, None, "b", created=created), "ok", "Records are not locked")
    check(bucket_rules.object_lock(on, None, "b", created=created), "ok", "without a default retention")
    check(bucket_rules.object_lock(on, lock, "b", created=created), "ok", "locked for 90 days (COMPLIANCE)")
    check(bucket_rules.object_lock(None, lock, "b", created=created), "fix", "refuses every object with records", how)
    for span, words in (({"Days": 30}, "30 days"), ({"Years": 7}, "7 years")):
        default = {**on, "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", **span}}}
        for wanted in (None, lock):
            said = f"by default (GOVERNANCE, {words}), also each replaced checkpoint"
            check(
                bucket_rules.object_lock(default, wanted, "b", created=created),
                "fix",
                said,
                "b > Properties > Object Lock",
            )


@created_or_not
def test_encryption(created: bool, how: str) -> None:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    check(bucket_rules.encryption([rule], "b", created=created), "ok", "aws:kms")
    check(bucket_rules.encryption([], "b", created=created), "fix", "no default encryption", how)


@created_or_not
def test_public_access(created: bool, how: str) -> None:
    names = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    check(bucket_rules.public_access(dict.fromkeys(names, True), "b", created=created), "ok")
    for name in names:
        check(
            bucket_rules.public_access({**dict.fromkeys(names, True), name: False}, "b", created=created),
            "fix",
            name,
            how,
        )
    check(bucket_rules.public_access({}, "b", created=created), "fix", ", ".join(names[:3]), how)


STATEMENT = {
    "Sid": "DenyOverwriteOfRecords",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:PutObject",
    "Resource": ["arn:aws:s3:::b/x*", "arn:aws:s3:::b"],
    "Condition": {"Null": {"s3:if-none-match": "true"}},
}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_bucket_policy() -> None:
    wanted = policy(STATEMENT)
    renamed = {
        **STATEMENT,
        "Sid": "Ours",
        "Action": ["s3:PutObject"],
        "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/x*"],
    }
    other = {**STATEMENT, "Action": "s3:DeleteObject"}
    check(bucket_rules.policy(policy(other, renamed), wanted, "b", created=False), "ok")
    check(
        bucket_rules.policy(policy(other), wanted, "b", created=True),
        "fix",
        "lacks DenyOverwriteOfRecords: run `terraform",
    )
    check(
        bucket_rules.policy(None, wanted, "b", created=False), "fix", "merge the output `bucket.policy` into its policy"
    )
    alone = json.dumps({"Version": "2012-10-17", "Statement": STATEMENT})
    check(bucket_rules.policy(alone, wanted, "b", created=True), "ok")
    weaker = {**STATEMENT, "Condition": {"Null": {"s3:if-none-match": "false"}}}
    check(bucket_rules.policy(policy(weaker), wanted, "b", created=True), "fix", "lacks")


def test_bucket_policy_that_lets_somebody_in() -> None:
    wanted, roles = policy(STATEMENT), ["arn:aws:iam::1:role/a", "arn:aws:iam::1:role/b"]
    found = bucket_rules.policy(wanted, wanted, "b", created=True, break_glass=roles[:1])
    check(found, "fix", "lets arn:aws:iam::1:role/a put and delete", "remove it from bucket.break_glass_arns and run")
    found = bucket_rules.policy(wanted, wanted, "b", created=False, break_glass=roles)
    check(found, "fix", "role/a and arn:aws:iam::1:role/b", "remove them", "merge the output `bucket.policy` again")
    check(
        bucket_rules.policy(policy(), wanted, "b", created=True, break_glass=roles),
        "fix",
        "lacks DenyOverwriteOfRecords",
    )


ANY = {"Sid": "Ours", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::2:root"}, "Action": "s3:Get*"}
RECORD, STATE = "arn:aws:s3:::b/zoom/x.json.gz", "arn:aws:s3:::b/state.json"


@pytest.mark.parametrize(
    ("change", "here", "elsewhere"),
    [
        ({}, True, True),
        ({"Resource": RECORD}, True, True),
        ({"Resource": "arn:aws:s3:::b/other/*"}, True, False),
        ({"Resource": "arn:aws:s3:::b/other/*", "Action": "s3:PutObject"}, True, False),
        ({"Action": "s3:PutBucketPolicy", "Resource": "arn:aws:s3:::b"}, True, True),
        ({"Action": "s3:GetBucketLocation", "Resource": "arn:aws:s3:::b"}, True, False),
        ({"Principal": "*"}, True, True),
        ({"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o"}}}, True, True),
        ({"Effect": "Deny"}, False, False),
    ],
)
def test_bucket_policy_that_lets_others_in(change: dict[str, Any], here: bool, elsewhere: bool) -> None:
    extra = {**ANY, "Resource": "arn:aws:s3:::b/*", **change}
    for created, red in ((True, here), (False, elsewhere)):
        found = bucket_rules.policy(
            policy(STATEMENT, extra), policy(STATEMENT), "b", created=created, at=[RECORD, STATE]
        )
        check(found, *(("fix", "also allows", "(Ours)", "--without 'bucket policy'") if red else ("ok",)))


@pytest.mark.parametrize(
    "change",
    [
        {"Effect": "Allow"},
        {"Condition": {"Null": {"s3:if-none-match": "true"}, "StringEquals": {"aws:PrincipalTag/a": "b"}}},
        {"Condition": {"NullIfExists": {"s3:if-none-match": "true"}}},
        {"Principal": {"AWS": "arn:aws:iam::1:role/one"}},
        {"Resource": "arn:aws:s3:::b/x*"},
        {"Action": "s3:PutObjectAcl"},
    ],
)
def test_a_statement_that_keeps_its_sid_and_means_less_is_lacking(change: dict[str, Any]) -> None:
    found = bucket_rules.policy(policy({**STATEMENT, **change}), policy(STATEMENT), "b", created=True)
    check(found, "fix", "lacks DenyOverwriteOfRecords")


def test_archive_behind_delete_markers() -> None:
    old = NOW - timedelta(days=400)
    hidden = Marker("zoom/2026/11/01/a.json.gz", "v1", NOW, NOW - timedelta(days=23))
    expired, emptied = replace(hidden, written=old), replace(hidden, key="zoom/2025/09/01/a.json.gz", written=None)

    def judge(*markers: Marker, **rule: Any) -> Finding:
        return bucket_rules.archive(markers, Rule(**rule), "b", "zoom/")

    check(judge(), "ok", "No record is behind a delete marker")
    check(judge(hidden), "fix", "1 object with records is behind delete markers", "--key zoom/2026/11/01/a.json.gz")
    check(judge(hidden, expired, expiration_days=365), "fix", "1 object with records is")
    check(judge(expired, emptied, expiration_days=365), "ok", "S3 or the feed deleted 2 objects")
    check(judge(expired, expiration_days=500), "fix", "behind delete markers")
    check(judge(emptied), "fix", "their versions are deleted too", "`zoomlogs verify`")
    check(judge(hidden, kept_since=NOW + timedelta(hours=1)), "ok", "S3 or the feed deleted 1 object")
    check(judge(hidden, kept_since=NOW - timedelta(hours=1)), "fix", "behind delete markers")
    check(judge(hidden, feed_deletes=True), "ok", "The feed deletes what it has read")


def test_a_checkpoint_that_is_gone_beside_records_was_deleted() -> None:
    missing = StoredCheckpoint(instead="There is none.")
    found = collector_rules.checkpoint(missing, NOW, QUARTERLY, lost=True)
    check(found, "fix", "is missing although the archive has records", "`zoomlogs run --wait`")


def checkpoint(**more: Any) -> bytes:
    return encode(Checkpoint(date(2026, 11, 1), date(2026, 11, 20), **more))


def test_checkpoint() -> None:
    saved = NOW - timedelta(minutes=20)
    check(judged(checkpoint(), saved), "ok", "20 minutes ago; nothing is owed.")
    owing = Checkpoint(date(2026, 11, 1), date(2026, 11, 20), not_before=NOW + timedelta(hours=7))
    owing.owe(date(2026, 11, 2), NOW, 300)
    check(judged(encode(owing), saved), "ok", "1 date is owed, and no run calls Zoom until 2026-11-25 00:00 UTC.")
    over = checkpoint(not_before=NOW - timedelta(hours=1))
    check(judged(over, saved), "ok", "20 minutes ago; nothing is owed.")
    check(
        collector_rules.checkpoint(StoredCheckpoint(instead="There is none."), NOW, QUARTERLY), "fix", "There is none."
    )
    check(judged(b"rubbish", saved), "fix", "is damaged", "no record is lost")
    check(judged(b'{"cursor_date": "2026-11-01"}', saved), "fix", "The written guide's Lambda left")
    check(judged(b'{"schema": 99}', saved), "fix", "written by a newer collector")
    check(judged(checkpoint(), NOW - timedelta(days=3)), "fix", "last saved 3 days ago")


def judged(body: bytes, saved: datetime, schedule: Any = QUARTERLY) -> Finding:
    return collector_rules.checkpoint(understand(body, saved, "s3://b/state.json"), NOW, schedule)


# --- who may what ----------------------------------------------------------------------------------------------------


def test_rights() -> None:
    check(delivery_rules.rights([], "The collector's role", "r"), "ok", "The collector's role has all")
    found = delivery_rules.rights(["s3:PutObject on x"], "SecOps' reader", "u", "Users")
    check(found, "fix", "SecOps' reader may not s3:PutObject on x", "IAM > Users > u > Permissions")


def test_alarms() -> None:
    quiet = {"all": "OK", "f-errors": "OK", "f-silence": "OK", "f-daily-limit": "OK"}
    names = {"errors": "f-errors", "silence": "f-silence", "daily_limit": "f-daily-limit"}
    check(delivery_rules.alarms(quiet, names, "all"), "ok", "None of the 4 alarms is in ALARM.")
    one = {**quiet, "all": "ALARM", "f-errors": "ALARM"}
    check(delivery_rules.alarms(one, names, "all"), "fix", "In ALARM: f-errors; docs")
    two = {**one, "f-silence": "ALARM"}
    check(
        delivery_rules.alarms(two, names, "all"), "fix", "In ALARM: f-errors and f-silence;", "CloudWatch > All alarms"
    )
    check(delivery_rules.alarms({**quiet, "all": "ALARM"}, names, "all"), "fix", "In ALARM: all;")
    gone = {"all": "OK", "f-daily-limit": "OK"}
    check(delivery_rules.alarms(gone, names, "all"), "fix", "The alarms f-errors and f-silence do not exist")
    check(delivery_rules.alarms({**gone, "f-errors": "OK"}, names, "all"), "fix", "The alarm f-silence does not exist")
    blind = delivery_rules.alarms({**quiet, "f-errors": "INSUFFICIENT_DATA"}, names, "all")
    check(blind, "unknown", "there is not enough data yet for f-errors.")


def test_silence_is_excused_before_zoom_has_answered_a_run() -> None:
    """As the rule of the composite alarm has it: silence counts where daily_limit has data."""
    names = {"errors": "f-errors", "silence": "f-silence", "daily_limit": "f-daily-limit"}
    fresh = {"all": "OK", "f-errors": "OK", "f-silence": "ALARM", "f-daily-limit": "INSUFFICIENT_DATA"}
    check(delivery_rules.alarms(fresh, names, "all"), "unknown", "No alarm is in ALARM", "for f-daily-limit.")
    failing = delivery_rules.alarms({**fresh, "all": "ALARM", "f-errors": "ALARM"}, names, "all")
    check(failing, "fix", "In ALARM: f-errors; docs")
    check(delivery_rules.alarms({**fresh, "f-daily-limit": "OK"}, names, "all"), "fix", "In ALARM: f-silence;")
    at_once = {"all": "OK", "f-errors": "OK"}  # a schedule that does not recur has neither of the two
    check(delivery_rules.alarms(at_once, {"errors": "f-errors"}, "all"), "ok")


TOPIC = "arn:aws:sns:eu-west-1:111122223333:alarms"


@pytest.mark.parametrize(
    ("confirmed", "pending", "made_here", "status", "words"),
    [
        (2, 0, TOPIC, "ok", "The alarms notify 2 confirmed subscriptions."),
        (1, 1, None, "ok", "notify 1 confirmed subscription"),
        (0, 1, TOPIC, "fix", f"No subscription to {TOPIC} is confirmed: follow the link"),
        (0, 0, TOPIC, "fix", f"{TOPIC} has no subscription, so its alarms notify nobody: set `monitoring ="),
        (0, 0, None, "fix", "create a subscription (AWS console: Amazon SNS > Topics > alarms > Create subscription)"),
    ],
)
def test_subscribers(confirmed: int, pending: int, made_here: str | None, status: str, words: str) -> None:
    attributes = {"SubscriptionsConfirmed": str(confirmed), "SubscriptionsPending": str(pending)}
    check(delivery_rules.subscribers({TOPIC: attributes}, made_here), status, words)


def test_subscribers_of_no_topic_and_of_several() -> None:
    check(delivery_rules.subscribers({}, None), "ok", "The alarms notify nobody (`monitoring.topic_arns = []`).")
    check(
        delivery_rules.subscribers({TOPIC: None}, TOPIC),
        "fix",
        f"The topic {TOPIC} does not exist",
        "`terraform apply`",
    )
    check(delivery_rules.subscribers({TOPIC: None}, None), "fix", "does not exist", "`monitoring.topic_arns`")
    told = {"SubscriptionsConfirmed": "1", "SubscriptionsPending": "0"}
    other = {TOPIC: told, f"{TOPIC}-2": {**told, "SubscriptionsConfirmed": "0"}}
    check(delivery_rules.subscribers(other, None), "fix", f"{TOPIC}-2 has no subscription")


def test_reader_user() -> None:
    hour_ago = NOW - timedelta(hours=3)
    check(delivery_rules.reader_user({"A": "Active"}, hour_ago, NOW, "u"), "ok", "SecOps reads", "3 hours ago")
    without_key = delivery_rules.reader_user({}, None, NOW, "u")
    check(without_key, "fix", "has no access key", "`zoomlogs reader-key create`", "SIEM Settings > Feeds")
    check(
        delivery_rules.reader_user({"A": "Inactive"}, hour_ago, NOW, "u"),
        "fix",
        "activate the feed's key (AWS console: IAM",
    )
    check(delivery_rules.reader_user({"A": "Active"}, None, NOW, "u"), "fix", "SecOps has not read yet")
    check(
        delivery_rules.reader_user({"A": "Active"}, NOW - timedelta(days=3), NOW, "u"),
        "fix",
        "has stopped reading",
        "3 days ago",
    )
    check(delivery_rules.reader_user({"A": "Active"}, NOW + timedelta(seconds=9), NOW, "u"), "ok", "0 seconds ago")


def test_reader_role() -> None:
    check(delivery_rules.reader_role(NOW - timedelta(hours=5), NOW, "r"), "ok", "the role r was last used 5 hours ago")
    check(delivery_rules.reader_role(None, NOW, "r"), "fix", "the role r has never been used")
