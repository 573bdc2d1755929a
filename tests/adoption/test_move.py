"""`zoomlogs adopt`: what it does to a manual set-up, also after interruptions, and with which rights."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import commands
import pytest
from botocore.exceptions import EndpointConnectionError
from standins.aws import AwsStandIn, Keys
from zoomlogs.adopt.move import Move
from zoomlogs.adopt.steps import Found, Names, Report, seconds_to_wait, steps, switched_off, warnings
from zoomlogs.errors import CommandError

from . import by_hand
from .by_hand import (
    BUCKET,
    CREDENTIALS,
    FUNCTION,
    PREFIX,
    READER,
    READER_POLICY,
    ROLE,
    SCHEDULE,
    WRITER_POLICY,
    allow,
)
from .rights import of_adopt

pytestmark = pytest.mark.slow

README = Path(__file__).resolve().parents[2] / "examples/adopt-console-setup/README.md"
NAMES = Names()
TIMEOUT = 300
VALUES = ("an-account", "a-client", "Hush7kQ2vXw9LmT4sZr8NbY")
HELD = dict(zip(("account_id", "client_id", "client_secret"), VALUES, strict=True))
READS = ("Get", "List", "Describe")
ALL_STEPS = ["switch-schedule-off", "create-secret", "remove-variables", "wait-for-last-run"]


@pytest.fixture
def aws(aws: AwsStandIn, tmp_path: Path) -> AwsStandIn:
    """The stand-in with only the guide's function and schedule."""
    aws.reset()
    make(aws, tmp_path)
    return aws


def make(aws: AwsStandIn, folder: Path) -> None:
    by_hand.make_role(aws)
    by_hand.make_function(aws, folder, dict(zip(CREDENTIALS, VALUES, strict=True)), TIMEOUT)
    by_hand.make_schedule(aws)
    by_hand.make_reader(aws)


def session(aws: AwsStandIn, keys: Keys | None = None, before: Callable[[str], object] | None = None) -> Any:
    """Return a session; `before` gets each operation before its call, and may raise."""

    def client(service: str) -> Any:
        made = aws.client(service, keys)
        if before:
            made.meta.events.register("before-call", lambda model, **_: before(model.name))
        return made

    return SimpleNamespace(client=client)


def adopt(aws: AwsStandIn, keys: Keys | None = None, **options: Any) -> Report:
    waited = options.pop("sleep", lambda _: None)
    before = options.pop("before", None)
    clock = options.pop("clock", lambda: datetime.now(UTC))
    return Move(session(aws, keys, before), options.pop("names", NAMES), clock=clock, sleep=waited).run(**options)


def in_secret(aws: AwsStandIn) -> dict[str, str] | None:
    secrets = aws.client("secretsmanager")
    try:
        value: dict[str, str] = json.loads(secrets.get_secret_value(SecretId=NAMES.secret)["SecretString"])
    except secrets.exceptions.ResourceNotFoundException:
        return None
    return value


def in_function(aws: AwsStandIn) -> dict[str, str] | None:
    variables = by_hand.function_variables(aws)
    return {name: variables[one] for name, one in zip(HELD, CREDENTIALS, strict=True) if one in variables} or None


def schedule(aws: AwsStandIn) -> dict[str, Any]:
    told = aws.client("scheduler").get_schedule(Name=SCHEDULE)
    return {name: told[name] for name in told if name not in ("ResponseMetadata", "LastModificationDate")}


def configuration(aws: AwsStandIn) -> dict[str, Any]:
    told = aws.client("lambda").get_function_configuration(FunctionName=FUNCTION)
    changing = ("ResponseMetadata", "RevisionId", "LastModified", "Environment", "LastUpdateStatus")
    return {name: told[name] for name in told if name not in changing}


def is_prepared(aws: AwsStandIn) -> bool:
    return in_secret(aws) == HELD and in_function(aws) is None and schedule(aws)["State"] == "DISABLED"


# --- what it does ----------------------------------------------------------------------------------------------------


def test_the_credentials_move_and_the_rest_stays(aws: AwsStandIn) -> None:
    before, function = schedule(aws), configuration(aws)
    waits: list[float] = []
    report = adopt(aws, sleep=waits.append)
    assert report.steps == ALL_STEPS
    assert is_prepared(aws)
    assert schedule(aws) == {**before, "State": "DISABLED"}
    assert configuration(aws) == function
    assert by_hand.function_variables(aws) == {
        "S3_BUCKET": BUCKET,
        "S3_PREFIX": PREFIX,
        "STATE_KEY": f"{PREFIX}state.json",
        "PAGE_SIZE": "300",
        "TIMEOUT": "30",
    }
    assert len(waits) == 1
    assert TIMEOUT - 30 < waits[0] <= TIMEOUT
    assert report.variables == {
        "bucket_name": BUCKET,
        "prefix": PREFIX,
        "function_name": FUNCTION,
        "role_name": ROLE,
        "writer_policy_name": WRITER_POLICY,
        "schedule_name": SCHEDULE,
        "secret_name": NAMES.secret,
        "log_group_exists": False,
        "reader_name": READER,
        "reader_policy_name": READER_POLICY,
        "reader_is_shared": False,
    }
    assert report.secret_arn
    assert not report.warnings


def test_a_second_call_does_nothing(aws: AwsStandIn) -> None:
    adopt(aws)
    later = datetime.now(UTC) + timedelta(seconds=TIMEOUT)
    assert adopt(aws, clock=lambda: later).steps == []
    assert is_prepared(aws)


def test_an_interrupted_wait_is_completed(aws: AwsStandIn) -> None:
    adopt(aws)
    waits: list[float] = []
    later = datetime.now(UTC) + timedelta(seconds=TIMEOUT - 60)
    assert adopt(aws, sleep=waits.append, clock=lambda: later).steps == ["wait-for-last-run"]
    assert 30 < waits[0] <= 60


def test_a_dry_run_reports_the_same_and_changes_nothing(aws: AwsStandIn) -> None:
    before = schedule(aws), configuration(aws), by_hand.function_variables(aws)
    called: list[str] = []
    assert adopt(aws, dry_run=True, before=called.append).steps == ALL_STEPS
    assert (schedule(aws), configuration(aws), by_hand.function_variables(aws)) == before
    assert in_secret(aws) is None
    assert [name for name in called if not name.startswith(READS)] == []


def test_an_empty_secret_is_filled(aws: AwsStandIn) -> None:
    aws.client("secretsmanager").create_secret(Name=NAMES.secret)
    assert adopt(aws).steps == [step.replace("create", "fill") for step in ALL_STEPS]
    assert is_prepared(aws)


def test_a_secret_with_the_same_credentials_is_unchanged(aws: AwsStandIn) -> None:
    text = json.dumps({**HELD, "owner": "security"})
    aws.client("secretsmanager").create_secret(Name=NAMES.secret, SecretString=text)
    assert adopt(aws).steps == [step for step in ALL_STEPS if step != "create-secret"]
    assert in_secret(aws) == {**HELD, "owner": "security"}


def test_a_rotated_secret_is_unchanged(aws: AwsStandIn) -> None:
    adopt(aws)
    rotated = {**HELD, "client_secret": "a-new-one"}
    aws.client("secretsmanager").put_secret_value(SecretId=NAMES.secret, SecretString=json.dumps(rotated))
    assert "fill-secret" not in adopt(aws).steps
    assert in_secret(aws) == rotated


def test_an_adopted_function_keeps_its_schedule(aws: AwsStandIn) -> None:
    adopt(aws)
    aws.client("lambda").update_function_configuration(
        FunctionName=FUNCTION, Handler="zoom_operationlogs.handler.lambda_handler"
    )
    aws.client("scheduler").update_schedule(**{**switched_off(schedule(aws)), "State": "ENABLED"})
    report = adopt(aws)
    assert report.adopted
    assert report.steps == []
    assert schedule(aws)["State"] == "ENABLED"


# --- interrupted -----------------------------------------------------------------------------------------------------


def calls_of_a_whole_run(aws: AwsStandIn) -> list[str]:
    calls: list[str] = []
    adopt(aws, before=calls.append)
    return calls


def test_it_can_be_interrupted_anywhere(aws: AwsStandIn, tmp_path: Path) -> None:
    """Interrupt it before its first call, or after any call that writes; other calls change nothing."""
    calls = calls_of_a_whole_run(aws)
    interrupted = [0, *(number for number, call in enumerate(calls, 1) if not call.startswith(READS))]
    assert len(calls) > max(interrupted)
    states = set()
    for number in interrupted:
        aws.reset()
        make(aws, tmp_path)
        left = iter(range(number))

        def interrupt(_: str, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            adopt(aws, before=interrupt)
        assert HELD in (in_function(aws), in_secret(aws))
        assert in_function(aws) == HELD or schedule(aws)["State"] == "DISABLED"
        states.add((schedule(aws)["State"], in_secret(aws) is None, in_function(aws) is None))
        adopt(aws)
        assert is_prepared(aws)
    assert states == {
        ("ENABLED", True, False),
        ("DISABLED", True, False),
        ("DISABLED", False, False),
        ("DISABLED", False, True),
    }


def test_credentials_leave_the_function_only_if_the_secret_has_them(aws: AwsStandIn) -> None:
    """The secret is read back before the function loses its variables."""

    def spoil(operation: str) -> None:
        if operation == "GetSecretValue":
            text = json.dumps({**HELD, "client_secret": "another"})
            aws.client("secretsmanager").put_secret_value(SecretId=NAMES.secret, SecretString=text)

    with pytest.raises(CommandError, match="does not have the function's credentials, which were not removed"):
        adopt(aws, before=spoil)
    assert in_function(aws) == HELD


def test_a_concurrent_change_of_the_function_is_not_overwritten(aws: AwsStandIn) -> None:
    def change(operation: str) -> None:
        if operation == "UpdateFunctionConfiguration":
            aws.client("lambda").update_function_configuration(
                FunctionName=FUNCTION, Environment={"Variables": {**by_hand.function_variables(aws), "NEW": "1"}}
            )

    with pytest.raises(CommandError, match=r"cannot be changed: .*RevisionId.*\(PreconditionFailedException\)\.$"):
        adopt(aws, before=change)
    assert by_hand.function_variables(aws)["NEW"] == "1"
    adopt(aws)
    assert is_prepared(aws)
    assert by_hand.function_variables(aws)["NEW"] == "1"


# --- what the user must change first ---------------------------------------------------------------------------------


def with_variables(aws: AwsStandIn, **variables: str) -> None:
    aws.client("lambda").update_function_configuration(FunctionName=FUNCTION, Environment={"Variables": variables})


def with_secret(aws: AwsStandIn, text: str) -> None:
    aws.client("secretsmanager").create_secret(Name=NAMES.secret, SecretString=text)


def being_deleted(aws: AwsStandIn) -> None:
    with_secret(aws, json.dumps(HELD))
    aws.client("secretsmanager").delete_secret(SecretId=NAMES.secret)


def with_another_target(aws: AwsStandIn) -> None:
    told = switched_off(schedule(aws))
    target = {**told["Target"], "Arn": told["Target"]["Arn"] + "_too"}
    aws.client("scheduler").update_schedule(**{**told, "Target": target})


REFUSED: dict[str, tuple[Callable[[AwsStandIn], object], str]] = {
    "no function": (
        lambda aws: aws.client("lambda").delete_function(FunctionName=FUNCTION),
        r"There is no function zoom_operationlogs_to_s3 in us-east-1: give its name with --function",
    ),
    "no schedule": (
        lambda aws: aws.client("scheduler").delete_schedule(Name=SCHEDULE),
        r"There is no schedule zoom-operationlogs-schedule-15min in the group default: give its name with --schedule",
    ),
    "another's schedule": (with_another_target, r"The schedule .* invokes arn:aws:lambda:.*_too, not the function"),
    "some credentials": (
        lambda aws: with_variables(aws, ZOOM_ACCOUNT_ID="x", ZOOM_CLIENT_SECRET=" "),
        r"but no ZOOM_CLIENT_ID and no ZOOM_CLIENT_SECRET: set all",
    ),
    "no credentials": (lambda aws: with_variables(aws, S3_BUCKET=BUCKET), r"Neither the function .* nor the secret"),
    "others in the secret": (
        lambda aws: with_secret(aws, json.dumps({**HELD, "client_id": "another"})),
        r"and the function .* have different credentials, .*: choose another name with --secret",
    ),
    "no credentials in the secret": (
        lambda aws: with_secret(aws, "password"),
        r"is not JSON: store .* in it\. Or choose another name with --secret\.$",
    ),
    "the secret being deleted": (being_deleted, r"is being deleted: restore it \(aws secretsmanager restore-secret"),
}


@pytest.mark.parametrize(("arrange", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_must_be_changed_first_is_named_and_nothing_is_changed(
    aws: AwsStandIn, arrange: Callable[[AwsStandIn], object], sentence: str
) -> None:
    arrange(aws)
    called: list[str] = []
    with pytest.raises(CommandError, match=sentence) as refused:
        adopt(aws, before=called.append)
    assert refused.value.status == 2
    assert VALUES[2] not in str(refused.value)
    assert [name for name in called if not name.startswith(READS)] == []


def test_an_undecryptable_environment_is_an_error(aws: AwsStandIn) -> None:
    move = Move(session(aws), NAMES, sleep=lambda _: None)
    told = aws.client("lambda").get_function_configuration(FunctionName=FUNCTION)
    error = {
        "ErrorCode": "AccessDeniedException",
        "Message": "Lambda was unable to decrypt the variables.",
    }
    move._lambda.get_function_configuration = lambda **_: {**told, "Environment": {"Error": error}}
    with pytest.raises(CommandError, match="cannot be read: Lambda was unable to decrypt the variables"):
        move.run()
    assert schedule(aws)["State"] == "ENABLED"


def test_a_failure_of_aws_is_one_sentence(aws: AwsStandIn) -> None:
    def fail(operation: str) -> None:
        if operation == "UpdateSchedule":
            raise EndpointConnectionError(endpoint_url="https://scheduler")

    with pytest.raises(CommandError, match=r"^The schedule \S+ cannot be disabled: Could not .*\.$") as told:
        adopt(aws, before=fail)
    assert told.value.status == 1


# --- what it says ----------------------------------------------------------------------------------------------------


def test_warnings(aws: AwsStandIn) -> None:
    functions, iam = aws.client("lambda"), aws.client("iam")
    functions.publish_version(FunctionName=FUNCTION)
    aws.client("logs").create_log_group(logGroupName=f"/aws/lambda/{FUNCTION}")
    aws.client("logs").create_log_group(logGroupName=f"/aws/lambda/{FUNCTION}_too")
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=by_hand.make_policy(aws, "mine", by_hand.allow((["s3:*"], "*"))))
    report = adopt(aws)
    version, policies = report.warnings
    assert version == "Version 1 of the function also has the credentials: delete it."
    assert policies.endswith(f"of mine, {WRITER_POLICY}; the others will be detached.")
    assert "writer_policy_name" not in report.variables
    assert report.variables["log_group_exists"] is True


def test_a_role_that_cannot_be_imported_is_a_warning(aws: AwsStandIn) -> None:
    found = Move(session(aws), NAMES, sleep=lambda _: None).look()
    function = SimpleNamespace(role="made", role_arn="arn:aws:iam::123456789012:role/service-role/made")
    assert [one.partition(":")[0] for one in warnings(function, [], [])] == [
        "The role made has a path, so the plan would replace it",
        "The role made has no customer managed policy",
    ]
    assert warnings(found.function, ["one"], []) == []


# --- a user whom another feed uses too -------------------------------------------------------------------------------

# "secops-reader" is the name in Google's guides for other log sources as well.
ANOTHER_FEED = allow((["s3:GetObject"], "arn:aws:s3:::another-feed/*"))


def in_a_group(aws: AwsStandIn) -> None:
    aws.client("iam").create_group(GroupName="feeds")
    aws.client("iam").add_user_to_group(GroupName="feeds", UserName=READER)


SHARED: dict[str, tuple[Callable[[AwsStandIn], object], str]] = {
    "another policy": (
        lambda aws: aws.client("iam").attach_user_policy(
            UserName=READER, PolicyArn=by_hand.make_policy(aws, "another-feed", ANOTHER_FEED)
        ),
        "the policy another-feed",
    ),
    "an inline policy": (
        lambda aws: aws.client("iam").put_user_policy(
            UserName=READER, PolicyName="another-feed", PolicyDocument=ANOTHER_FEED
        ),
        "the inline policy another-feed",
    ),
    "a group": (in_a_group, "the group feeds"),
    "a second access key": (
        lambda aws: aws.client("iam").create_access_key(UserName=READER),
        r"2 access keys \(\w+ and \w+\)",
    ),
}


@pytest.mark.parametrize(("arrange", "what"), SHARED.values(), ids=SHARED)
def test_a_shared_user_keeps_its_policies(aws: AwsStandIn, arrange: Callable[[AwsStandIn], object], what: str) -> None:
    arrange(aws)
    report = adopt(aws)
    assert report.variables["reader_is_shared"] is True
    [warning] = report.warnings
    assert re.match(rf"The user secops-reader also has {what}: another feed may use it\.", warning)
    assert is_prepared(aws)


def test_a_shared_policy_is_not_narrowed(aws: AwsStandIn) -> None:
    iam, arn = aws.client("iam"), f"arn:aws:iam::{aws.account_id}:policy/{READER_POLICY}"
    both = allow((["s3:GetObject"], f"arn:aws:s3:::{BUCKET}/*"), (["s3:GetObject"], "arn:aws:s3:::another-feed/*"))
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=both, SetAsDefault=True)
    iam.create_user(UserName="another-reader")
    iam.attach_user_policy(UserName="another-reader", PolicyArn=arn)
    report = adopt(aws)
    assert report.variables["reader_is_shared"] is False
    opens, attached = report.warnings
    assert opens.startswith(
        "The policy secops-reader-policy also allows arn:aws:s3:::another-feed/*, and the plan would"
    )
    assert attached.startswith("The policy secops-reader-policy is also attached to the user another-reader, and the")


def test_another_user_name_is_requested(aws: AwsStandIn) -> None:
    report = adopt(aws, names=Names(reader="nobody"))
    assert report.variables["reader_name"] == "nobody"
    assert [warning.partition(":")[0] for warning in report.warnings] == ["There is no user nobody"]
    told = command_line(aws, "--dry-run", "--reader", "nobody", "--reader-policy", "of-nobody", "--json").json
    assert (told["variables"]["reader_name"], told["variables"]["reader_policy_name"]) == ("nobody", "of-nobody")


def command_line(aws: AwsStandIn, *arguments: object, **environ: str) -> commands.Ran:
    where = () if "--account" in arguments else ("--account", aws.account_id)
    return commands.zoomlogs("adopt", *where, *arguments, environ={**aws.env(commands.neutral()), **environ})


def test_the_command_shows_steps_and_no_secret(aws: AwsStandIn, tmp_path: Path) -> None:
    aws.client("lambda").update_function_configuration(FunctionName=FUNCTION, Timeout=2)
    file = tmp_path / "adopt.auto.tfvars.json"
    dry = command_line(aws, "--dry-run", "--variables", file)
    assert dry.status == 0, dry.err
    assert "Would disable the schedule." in dry.out
    assert not file.exists()
    wet = command_line(aws, "--variables", file)
    assert wet.status == 0, wet.err
    assert "✓ removed the credentials from the function" in wet.out
    assert "Regenerate the client secret in Zoom" in wet.out
    assert "Now: wait until the current run has ended" in wet.err
    again = command_line(aws, "--json")
    assert again.json["steps"] == []
    assert again.json["variables"] == json.loads(file.read_text())
    for text in (dry.out, dry.err, wet.out, wet.err, again.out, again.err, file.read_text()):
        assert VALUES[2] not in text


def test_an_error_is_one_line_and_its_status(aws: AwsStandIn) -> None:
    with aws.expecting_refused_requests():  # not a valid name
        odd = command_line(aws, "--json", "--schedule", "[bold]none")
    missing = command_line(aws, "--json", "--schedule", "none")
    assert (odd.status, missing.status) == (1, 2)
    assert odd.err.startswith("The schedule [bold]none cannot be read: ")
    assert missing.err.startswith("There is no schedule none in")
    for refused in (odd, missing):
        assert not refused.out
        assert refused.err.count("\n") == 1


def test_a_missing_region_is_an_error(aws: AwsStandIn) -> None:
    told = command_line(aws, AWS_REGION="", AWS_DEFAULT_REGION="")
    assert told.err == "No AWS region is set: give --region, such as --region eu-west-1.\n"
    assert told.status == 2


# --- decisions -------------------------------------------------------------------------------------------------------


def test_the_wait_counts_from_the_functions_last_change() -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    function = SimpleNamespace(timeout=300, changed=now - timedelta(seconds=100))
    assert seconds_to_wait(function, now) == 200
    assert seconds_to_wait(function, now + timedelta(hours=1)) == 0


def test_a_disabled_schedule_is_unchanged(aws: AwsStandIn) -> None:
    found = Move(session(aws), NAMES, sleep=lambda _: None).look()
    off = Found(found.function, {**found.schedule, "State": "DISABLED"}, found.secret)
    assert steps(off, NAMES, datetime.now(UTC)) == ALL_STEPS[1:]


# --- rights ----------------------------------------------------------------------------------------------------------


def as_operator(aws: AwsStandIn, allowed: list[dict[str, Any]]) -> Keys:
    iam = aws.client("iam")
    iam.create_user(UserName="operator")
    document = json.dumps({"Version": "2012-10-17", "Statement": allowed})
    iam.put_user_policy(UserName="operator", PolicyName="adopt", PolicyDocument=document)
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    return Keys(key["AccessKeyId"], key["SecretAccessKey"])


RIGHTS = of_adopt(**asdict(NAMES), role=ROLE, account="123456789012", region="us-east-1")
ACTIONS = [action for statement in RIGHTS for action in statement["Action"]]


def without(action: str) -> list[dict[str, Any]]:
    left = [{**one, "Action": [name for name in one["Action"] if name != action]} for one in RIGHTS]
    return [statement for statement in left if statement["Action"]]


@pytest.mark.parametrize("empty_secret", [False, True], ids=["no secret yet", "an empty secret"])
def test_it_works_with_exactly_its_rights(aws: AwsStandIn, empty_secret: bool) -> None:
    if empty_secret:
        aws.client("secretsmanager").create_secret(Name=NAMES.secret)
    keys = as_operator(aws, RIGHTS)
    with aws.authorising():
        adopt(aws, keys)
        assert adopt(aws, keys).steps in ([], ["wait-for-last-run"])
    assert is_prepared(aws)


@pytest.mark.parametrize("action", ACTIONS)
def test_it_needs_each_of_its_rights(aws: AwsStandIn, action: str) -> None:
    if action == "secretsmanager:PutSecretValue":
        aws.client("secretsmanager").create_secret(Name=NAMES.secret)
    keys = as_operator(aws, without(action))
    with aws.authorising(), pytest.raises(CommandError, match=rf"not authorized to perform: {action} on"):
        adopt(aws, keys)
    assert HELD in (in_function(aws), in_secret(aws))


def test_its_rights_reach_nothing_else(aws: AwsStandIn) -> None:
    names = Names(secret="others")
    keys = as_operator(aws, RIGHTS)
    with aws.authorising(), pytest.raises(CommandError, match="perform: secretsmanager:DescribeSecret"):
        adopt(aws, keys, names=names)


def test_the_readme_lists_its_rights() -> None:
    text = README.read_text(encoding="utf-8")
    assert [action for action in ACTIONS if f"`{action}`" not in text] == []


def test_another_policy_name_is_requested(aws: AwsStandIn) -> None:
    warnings = adopt(aws, names=Names(reader_policy="of-nobody")).warnings
    assert "The user secops-reader has no policy of-nobody: name its policy" in " ".join(warnings)
