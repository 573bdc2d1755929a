"""The guide's set-up runs for a day, is taken over with the example's README, and collects for another day.

All tests share one apply, during which the reader's key is tried repeatedly.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hcl2
import pytest
from botocore.exceptions import ClientError
from harness.scratch import prepare
from harness.terraform import Plan, TerraformError
from security.leaks import as_json, found, in_folder
from standins.aws import AwsStandIn, Keys
from standins.clock import Clock
from standins.deployment import multiset, package_in
from standins.lambda_runtime import Invocation, scheduled_target, under_its_role
from standins.running_provider import running_provider
from standins.zoom import Account, Zoom, ZoomServer
from terraform.expected import surprising
from zoom_operationlogs.archive_object import OBJECT_NAME
from zoom_operationlogs.legacy import decode
from zoomlogs.adopt.move import Move
from zoomlogs.adopt.steps import Names, Report

from . import by_hand
from .by_hand import BUCKET, FULL_ACCESS_USER, FUNCTION, PREFIX, READER, SCHEDULE

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLE = REPOSITORY / "examples/adopt-console-setup"
START = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)
EVERY = timedelta(minutes=15)
DAY = timedelta(days=1)
ACCOUNT = Account(client_secret="Guide7kQ2vXw9LmT4sZr8NbY")
STATE_KEY = "zoom/operationlogs-state/state.json"
OUTSIDE = "minutes-of-the-board.txt"

MODULE = "module.zoom_operation_logs"
IMPORTED = {
    f"{MODULE}.module.archive.aws_s3_bucket.archive[0]",
    f"{MODULE}.module.archive.aws_s3_bucket_versioning.archive[0]",
    f"{MODULE}.module.collector.aws_iam_policy.writer",
    f"{MODULE}.module.collector.aws_iam_role.collector",
    f"{MODULE}.module.collector.aws_iam_role_policy_attachment.writer",
    f"{MODULE}.module.collector.aws_lambda_function.collector",
    f"{MODULE}.module.collector.aws_scheduler_schedule.collector",
    f"{MODULE}.module.collector.aws_secretsmanager_secret.zoom[0]",
    f"{MODULE}.module.secops_reader.aws_iam_policy.reader[0]",
    f"{MODULE}.module.secops_reader.aws_iam_user.reader[0]",
    f"{MODULE}.module.secops_reader.aws_iam_user_policy_attachment.reader[0]",
}
LOG_GROUP = f"{MODULE}.module.collector.aws_cloudwatch_log_group.collector"


@dataclass
class Reading:
    """Uses the key as the feed does, repeatedly: lists the prefix and reads an object."""

    aws: AwsStandIn
    keys: Keys
    times: int = 0
    failures: list[str] = field(default_factory=list)

    def once(self) -> None:
        s3 = self.aws.client("s3", self.keys)
        try:
            listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=PREFIX)["Contents"]
            s3.get_object(Bucket=BUCKET, Key=listed[-1]["Key"])["Body"].read()
        except ClientError as error:
            self.failures.append(str(error))
        self.times += 1

    @contextmanager
    def meanwhile(self) -> Iterator[None]:
        over = threading.Event()

        def read() -> None:
            while not over.wait(0.1):
                self.once()

        thread = threading.Thread(target=read)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


@dataclass
class Adopted:
    """Everything that was observed."""

    aws: AwsStandIn
    zoom: Zoom
    hand: by_hand.ByHand
    reading: Reading
    could_before: dict[str, bool]
    guides: list[tuple[str, list[dict[str, Any]]]]
    state: dict[str, Any]
    report: Report
    plan: Plan
    shown: dict[str, Any]
    second: Plan
    without_imports: Plan
    workdir: Path
    runs: list[Invocation]
    seconds: dict[str, float]


def could(aws: AwsStandIn, keys: Keys) -> dict[str, bool]:
    """Return what a key can access."""
    s3 = aws.client("s3", keys)
    calls = {
        "read records": lambda: s3.list_objects_v2(Bucket=BUCKET, Prefix=PREFIX),
        "read the rest of the bucket": lambda: s3.get_object(Bucket=BUCKET, Key=OUTSIDE),
        "write": lambda: s3.put_object(Bucket=BUCKET, Key="mine", Body=b""),
        "make buckets": lambda: s3.create_bucket(Bucket="mine"),
    }
    told = {}
    for name, call in calls.items():
        try:
            call()
            told[name] = True
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccessDenied":
                raise
            told[name] = False
    return told


def collect(aws: AwsStandIn, zoom: Zoom, package: Path, until: datetime, every: timedelta) -> list[Invocation]:
    """Run the function as the schedule does, with its role; the clock stays at the last run."""
    runs = []
    with under_its_role(aws, FUNCTION, package) as runtime:
        while True:
            runs.append(runtime.invoke(scheduled_target(aws, SCHEDULE).payload, now=zoom.clock.now()))
            if zoom.clock.now() + every > until:
                return runs
            zoom.clock.advance(every.total_seconds())


def objects(aws: AwsStandIn) -> dict[str, bytes]:
    """Read the objects under the feed's prefix."""
    s3 = aws.client("s3")
    listed = [
        item["Key"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=PREFIX)
        for item in page.get("Contents", [])
    ]
    return {key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in listed}


@pytest.fixture(scope="module")
def adopted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Adopted]:
    folder = tmp_path_factory.mktemp("adopted")
    zoom = Zoom(ACCOUNT, clock=Clock(START))
    for offset in range(-6, 4):
        zoom.add_day((START + offset * DAY).date(), 420, seed=offset + 10, twins=0.02)
    late = {"time": "2026-03-10T23:58:00Z", "operator": "late@example.com", "action": "Update"}
    zoom.add(late, visible_at=START + timedelta(hours=20))  # after the guide's loop has gone on to the next day
    seconds: dict[str, float] = {}

    @contextmanager
    def timed(what: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        seconds[what] = round(time.monotonic() - began, 1)

    with ExitStack() as stack:
        server = stack.enter_context(ZoomServer(zoom))
        aws = stack.enter_context(AwsStandIn(managed_policies=True))
        addresses = {"ZOOM_OAUTH_URL": server.oauth_url, "ZOOM_API_URL": server.api_url}
        values = (ACCOUNT.id, ACCOUNT.client_id, ACCOUNT.client_secret)
        hand = by_hand.set_up(aws, folder, dict(zip(by_hand.CREDENTIALS, values, strict=True)), **addresses)
        aws.client("s3").put_object(Bucket=BUCKET, Key=OUTSIDE, Body=b"confidential")
        reading = Reading(aws, hand.reader)

        with timed("the guide's day"), aws.authorising():
            runs = collect(aws, zoom, hand.package, START + DAY, EVERY)
            assert [run.error for run in runs if not run.ok] == []
            could_before = could(aws, hand.full_access)
            reading.once()
        left = objects(aws)
        state = json.loads(left.pop(f"{PREFIX}state.json"))
        guides = [(key, decode(body)) for key, body in left.items()]

        with timed("zoomlogs adopt"), aws.authorising(), reading.meanwhile():
            session: Any = SimpleNamespace(client=lambda service: aws.client(service))
            move = Move(session, Names(), sleep=zoom.clock.advance)
            report = move.run()
        zoom.clock.advance(timedelta(minutes=40).total_seconds())

        terraform = prepare(REPOSITORY, folder / "scratch", aws.env(), folder="examples/adopt-console-setup")
        terraform.init()
        stack.enter_context(running_provider(terraform))
        variables = {
            **report.variables,
            "full_access_user": FULL_ACCESS_USER,
            "zoom": {"oauth_url": server.oauth_url, "api_url": server.api_url},
        }
        saved = terraform.workdir / "adopt.tfplan"
        with timed("plan"):
            plan = terraform.plan(variables, out=saved)
        shown = terraform.show_json(saved)
        with timed("apply"), aws.authorising(), reading.meanwhile():
            terraform.apply(plan=saved)
        with timed("two more plans"):
            second = terraform.plan(variables)
            (terraform.workdir / "imports.tf").unlink()
            without_imports = terraform.plan(variables)

        package = package_in(terraform.show_json(), terraform.workdir, FUNCTION)
        with timed("the collector's day"), aws.authorising():
            runs = collect(aws, zoom, package, zoom.clock.now() + DAY, 4 * EVERY)
            reading.once()
        yield Adopted(
            aws,
            zoom,
            hand,
            reading,
            could_before,
            guides,
            state,
            report,
            plan,
            shown,
            second,
            without_imports,
            terraform.workdir,
            runs,
            seconds,
        )
        print(f"\nAdoption: {seconds}")


# --- the plan --------------------------------------------------------------------------------------------------------


def test_the_plan_imports_everything_and_destroys_nothing(adopted: Adopted) -> None:
    changes = {one["address"]: one["change"] for one in adopted.shown["resource_changes"]}
    assert {address for address, change in changes.items() if change.get("importing")} == IMPORTED
    assert [address for address, change in changes.items() if "delete" in change["actions"]] == []
    assert adopted.plan.changes.destroy == 0
    assert surprising(adopted.plan.warnings) == []
    others = {address for address, change in changes.items() if not change.get("importing")}
    assert {tuple(changes[address]["actions"]) for address in others} == {("create",), ("read",)}


def test_every_resource_of_the_guide_has_its_import_block() -> None:
    blocks = hcl2.loads((EXAMPLE / "imports.tf").read_text())["import"]
    named = [str(block["to"]).removeprefix("${").removesuffix("}") for block in blocks]
    assert sorted(named) == sorted({*IMPORTED, LOG_GROUP})


def test_the_second_plan_is_empty_and_so_is_one_without_the_imports(adopted: Adopted) -> None:
    assert not adopted.second.changed, adopted.second.actions
    assert not adopted.without_imports.changed, adopted.without_imports.actions


def test_another_user_and_an_existing_log_group_are_accepted(tmp_path: Path) -> None:
    """The README's way for set-ups without the guide's optional part: its user becomes the reader."""
    with AwsStandIn(managed_policies=True) as aws:
        by_hand.set_up(aws, tmp_path, dict.fromkeys(by_hand.CREDENTIALS, "any"))
        aws.client("logs").create_log_group(logGroupName=f"/aws/lambda/{FUNCTION}")
        session: Any = SimpleNamespace(client=lambda service: aws.client(service))
        report = Move(session, Names(), sleep=lambda _: None).run()
        terraform = prepare(REPOSITORY, tmp_path / "scratch", aws.env(), folder="examples/adopt-console-setup")
        imports = terraform.workdir / "imports.tf"
        *blocks, _policy, _attachment = imports.read_text().split("\nimport {\n")
        imports.write_text("\nimport {\n".join(blocks))
        terraform.init()
        variables = {**report.variables, "reader_name": FULL_ACCESS_USER, "reader_policy_name": "feed"}
        saved = tmp_path / "plan"
        with running_provider(terraform):
            plan = terraform.plan(variables, out=saved)
            changes = {one["address"]: one["change"] for one in terraform.show_json(saved)["resource_changes"]}
            terraform.plan({**variables, "reader_is_shared": True}, out=saved)
            shared = {one["address"] for one in terraform.show_json(saved)["resource_changes"]}
            refused = "full_access_user must not be reader_name: the reader loses"
            with pytest.raises(TerraformError, match=refused):
                terraform.plan({**variables, "full_access_user": FULL_ACCESS_USER})
    imported = {address for address, change in changes.items() if change.get("importing")}
    reader = f"{MODULE}.module.secops_reader."
    made = {f"{reader}aws_iam_policy.reader[0]", f"{reader}aws_iam_user_policy_attachment.reader[0]"}
    assert imported == (IMPORTED - made) | {LOG_GROUP}
    assert {tuple(changes[address]["actions"]) for address in made} == {("create",)}
    assert plan.changes.destroy == 0
    assert changes["aws_iam_user_policy_attachments_exclusive.reader[0]"]["actions"] == ["create"]
    assert "aws_iam_user_policy_attachments_exclusive.reader[0]" not in shared


def test_the_secret_is_in_no_plan_state_or_folder(adopted: Adopted) -> None:
    secrets = {"client secret": ACCOUNT.client_secret}
    places = {**as_json(plan=adopted.shown, report=adopted.report.__dict__), **in_folder(adopted.workdir)}
    assert {"adopt.tfplan", "terraform.tfstate"} <= places.keys()
    assert found(secrets, places) == []
    assert not by_hand.function_variables(adopted.aws).keys() & set(by_hand.CREDENTIALS)
    assert found(secrets, as_json(function=by_hand.function_variables(adopted.aws))) == []
    value = adopted.aws.client("secretsmanager").get_secret_value(SecretId=Names().secret)["SecretString"]
    assert found(secrets, {"secret": value.encode()}) == ["client secret is in secret"]


# --- who may do what -------------------------------------------------------------------------------------------------


def test_the_readers_key_always_works(adopted: Adopted) -> None:
    assert adopted.reading.times > 50
    assert adopted.reading.failures == []
    keys = adopted.aws.client("iam").list_access_keys(UserName=READER)["AccessKeyMetadata"]
    assert [(key["AccessKeyId"], key["Status"]) for key in keys] == [(adopted.hand.reader.access_key_id, "Active")]


def test_afterwards_only_the_reader_reads_records(adopted: Adopted) -> None:
    assert all(adopted.could_before.values())
    with adopted.aws.authorising():
        reader, full_access = could(adopted.aws, adopted.hand.reader), could(adopted.aws, adopted.hand.full_access)
    assert [name for name, may in reader.items() if may] == ["read records"]
    assert [name for name, may in full_access.items() if may] == []
    attached = adopted.aws.client("iam").list_attached_user_policies(UserName=FULL_ACCESS_USER)
    assert attached["AttachedPolicies"] == []


def test_the_schedule_is_disabled_until_the_apply(adopted: Adopted) -> None:
    [change] = [
        one["change"]
        for one in adopted.shown["resource_changes"]
        if one["address"] == f"{MODULE}.module.collector.aws_scheduler_schedule.collector"
    ]
    assert (change["before"]["state"], change["after"]["state"]) == ("DISABLED", "ENABLED")
    target = scheduled_target(adopted.aws, SCHEDULE)
    assert (target.enabled, target.function_name, target.period_s) == (True, FUNCTION, 900)


# --- the records -----------------------------------------------------------------------------------------------------


def records_of_ours(adopted: Adopted) -> Counter[str]:
    bodies = [body for key, body in objects(adopted.aws).items() if OBJECT_NAME.fullmatch(key.removeprefix(PREFIX))]
    assert bodies
    return multiset([record for body in bodies for record in decode(body)])


def delivered_by_the_guide(adopted: Adopted) -> Counter[str]:
    """Count each record as often as one object has it; more are the loop's repetitions."""
    most: Counter[str] = Counter()
    for _, records in adopted.guides:
        most |= multiset(records)
    return most


def test_the_guides_loop_lost_and_repeated_records(adopted: Adopted) -> None:
    """The set-up behaves as the guide's: each record many times, the late one never, an advanced state."""
    assert adopted.state["cursor_date"] == str((START + DAY).date())
    lines = sum(len(records) for _, records in adopted.guides)
    assert lines > 20 * adopted.zoom.count(START.date(), START.date())
    assert "late@example.com" not in str(adopted.guides)


def test_every_record_is_there_once(adopted: Adopted) -> None:
    assert [run.error for run in adopted.runs if not run.ok] == []
    assert adopted.runs[-1].result["owed"] == 0
    ours, guide = records_of_ours(adopted), delivered_by_the_guide(adopted)
    first_run: date = (START + DAY).date()
    truth = multiset(adopted.zoom.records(first_run - timedelta(days=3)))
    archive = ours + guide
    assert truth.total() > 1500
    assert guide.total() > 400
    assert (truth - archive).total() == 0, "missing"
    assert (archive - truth).total() == 0, "sent again"
    assert any("late@example.com" in record for record in ours)


def test_only_the_first_run_takes_over_the_guides_state(adopted: Adopted) -> None:
    assert adopted.runs[0].result["written"] > 0
    assert adopted.runs[0].result["ended"]
    assert adopted.runs[0].result["owed"] == 0


def test_the_guides_state_stays_and_the_checkpoint_is_outside_the_prefix(adopted: Adopted) -> None:
    left = objects(adopted.aws)
    assert json.loads(left[f"{PREFIX}state.json"]) == adopted.state
    assert {key for key, _ in adopted.guides} <= left.keys()
    adopted.aws.client("s3").head_object(Bucket=BUCKET, Key=STATE_KEY)
    assert not STATE_KEY.startswith(PREFIX)
