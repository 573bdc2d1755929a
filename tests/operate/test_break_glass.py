"""The tasks of the pages that put or delete an object, carried out as written, by the role that they ask for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import commands
import pytest
from aws_cli import carry_out
from botocore.exceptions import ClientError
from harness.terraform import Changes, Terraform
from security.principals import RUNBOOK, break_glass_policy
from standins import deployment as world
from standins.aws import AwsStandIn
from zoom_operationlogs.checkpoint_format import decode, encode
from zoomlogs.deployment import Deployment, read_deployment
from zoomlogs.doctor.checks import CHECKS
from zoomlogs.doctor.facts import Facts
from zoomlogs.doctor.findings import Finding

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = {
    str(page.relative_to(REPOSITORY)): page.read_text(encoding="utf-8")
    for pattern in ("README.md", "docs/*.md", "examples/*/README.md", "modules/*/README.md")
    for page in sorted(REPOSITORY.glob(pattern))
}
TOUCHES = re.compile(r"aws s3 rm [^\s`]+|aws s3 cp \S+ s3://[^\s`]+|aws s3api (?:put|delete|copy)-objects? [^\n`]+")

REMOVE_CHECKPOINT = "aws s3 rm s3://YOUR-BUCKET/zoom/operationlogs-state/state.json"
REMOVE_GUIDES_STATE = "aws s3 rm s3://YOUR-BUCKET/zoom/operationlogs/state.json"
DELETE_VERSION = "aws s3api delete-object --bucket YOUR-BUCKET --key KEY --version-id VERSION"
PUT_BACK = "aws s3api put-object --bucket YOUR-BUCKET --key KEY --body COPY --if-none-match '*'"
TAKE_ALONG = (
    "aws s3api copy-object --copy-source OLD/zoom/operationlogs-state/state.json"
    " --bucket NEW --key zoom/operationlogs-state/state.json"
)
LIST_MARKERS = (
    "aws s3api list-object-versions --bucket YOUR-BUCKET --prefix zoom/operationlogs/2026/06/01/"
    """ --query "DeleteMarkers[?IsLatest && ends_with(Key, '.json.gz')].[Key,VersionId]" --output text"""
)
KEEP_COPY = "aws s3api get-object --bucket YOUR-BUCKET --key KEY --version-id VERSION COPY"

BUCKET = re.compile(r"bucket      = \{ force_destroy = var\.force_destroy.*\}")
STATEMENT = 'break_glass_arns = ["arn:aws:iam::111122223333:role/break-glass"]'


def plainly(line: str) -> str:
    """Name the bucket as all pages could."""
    return re.sub(r"your-zoom-operation-logs|(?<=s3://)BUCKET", "YOUR-BUCKET", line).strip()


def test_every_command_of_the_pages_that_touches_an_object_is_played_here() -> None:
    written = {plainly(found) for page in PAGES.values() for found in TOUCHES.findall(page)}
    assert written == {REMOVE_CHECKPOINT, REMOVE_GUIDES_STATE, DELETE_VERSION, PUT_BACK, TAKE_ALONG}
    for read in (LIST_MARKERS, KEEP_COPY):
        assert read in PAGES["docs/operations.md"]


@dataclass
class Runbook:
    """Somebody at a shell, with the runbook open: an administrator who may assume the break-glass role."""

    world: world.Deployment
    at: Deployment
    administrator: boto3.Session
    break_glass: boto3.Session

    @property
    def aws(self) -> AwsStandIn:
        return self.world.aws

    @property
    def s3(self) -> Any:
        return self.aws.client("s3")

    def types(self, line: str, session: boto3.Session | None = None, **words: str) -> Any:
        """Carry out a command of the pages, with these words in their places."""
        for word, value in {"YOUR-BUCKET": self.at.bucket, **words}.items():
            line = line.replace(word, value)
        with self.aws.authorising():
            return carry_out(session or self.break_glass, line)

    def record(self) -> str:
        """Name an object of records."""
        return str(self.s3.list_objects_v2(Bucket=self.at.bucket, Prefix=self.at.prefix)["Contents"][0]["Key"])

    def current(self, key: str) -> bytes:
        return bytes(self.s3.get_object(Bucket=self.at.bucket, Key=key)["Body"].read())

    def in_archive(self) -> int:
        return sum(len(stored.records) for stored in self.world.objects())

    def has_kept(self, records: int) -> bool:
        """Tell whether the archive has these and none twice; with a new checkpoint it may have more, of old dates."""
        first = (self.world.zoom.clock.now() - timedelta(days=30)).date()
        return self.in_archive() >= records and self.world.compare(first).repeated == 0


def lets_in(terraform: Terraform, variables: dict[str, object], who: str) -> Changes:
    """Write the module's `bucket` with or without `break_glass_arns`, and apply."""
    main = terraform.workdir / "main.tf"
    text = main.read_text(encoding="utf-8")
    assert BUCKET.search(text)
    main.write_text(BUCKET.sub(f"bucket      = {{ force_destroy = var.force_destroy{who} }}", text), encoding="utf-8")
    return terraform.apply(variables)


@pytest.fixture(scope="module")
def at(minimal: world.Deployment, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    outputs = tmp_path_factory.mktemp("outputs") / "outputs.json"
    outputs.write_text(json.dumps(minimal.outputs))
    return read_deployment(str(outputs))


@pytest.fixture(scope="module")
def runbook(minimal: world.Deployment, at: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runbook]:
    """Follow "Touching the archive" up to its first step: the role, its policy, the profile."""
    aws, iam = minimal.aws, minimal.aws.client("iam")
    minimal.store_credentials()
    for _ in range(2):
        assert minimal.run_scheduled().ok

    account = f"arn:aws:iam::{aws.account_id}:root"
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": account}}
    everything = {"Effect": "Allow", "Action": ["s3:*", "sts:AssumeRole"], "Resource": "*"}
    document = {"Version": "2012-10-17"}
    iam.create_role(RoleName="break-glass", AssumeRolePolicyDocument=json.dumps(document | {"Statement": [trust]}))
    iam.put_role_policy(RoleName="break-glass", PolicyName="own", PolicyDocument=break_glass_policy(at.bucket))
    iam.create_user(UserName="administrator")
    iam.put_user_policy(
        UserName="administrator", PolicyName="all", PolicyDocument=json.dumps(document | {"Statement": [everything]})
    )
    key = iam.create_access_key(UserName="administrator")["AccessKey"]

    folder = tmp_path_factory.mktemp("home")
    [profile] = re.findall(r"```ini\n(.*?)```", RUNBOOK.read_text(encoding="utf-8"), re.DOTALL)
    (folder / "config").write_text(re.sub(r"(?m)^ +", "", profile).replace("111122223333", aws.account_id))
    (folder / "credentials").write_text(
        f"[default]\naws_access_key_id = {key['AccessKeyId']}\naws_secret_access_key = {key['SecretAccessKey']}\n"
    )
    environ = {
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_DEFAULT_REGION": aws.region,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environ.items():
            patch.setenv(name, value)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
            patch.delenv(name, raising=False)
        yield Runbook(minimal, at, boto3.Session(profile_name="default"), boto3.Session(profile_name="break-glass"))
    iam.delete_role_policy(RoleName="break-glass", PolicyName="own")
    iam.delete_role(RoleName="break-glass")
    iam.delete_access_key(UserName="administrator", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="administrator", PolicyName="all")
    iam.delete_user(UserName="administrator")


def refused(runbook: Runbook, session: boto3.Session) -> set[str]:
    """Name the commands that S3 refuses somebody."""
    key = runbook.record()
    version = str(runbook.s3.head_object(Bucket=runbook.at.bucket, Key=key)["VersionId"])
    words = {"KEY": key, "VERSION": version, "COPY": __file__, "OLD": runbook.at.bucket, "NEW": runbook.at.bucket}
    found = set()
    for line in (REMOVE_CHECKPOINT, REMOVE_GUIDES_STATE, DELETE_VERSION, PUT_BACK, TAKE_ALONG):
        with pytest.raises(ClientError) as raised:
            runbook.types(line, session, **words)
        assert raised.value.response["Error"]["Code"] == "AccessDenied"
        found.add(line)
    return found


def test_before_the_glass_is_broken_everybody_is_refused(runbook: Runbook) -> None:
    assert len(refused(runbook, runbook.administrator)) == 5
    assert len(refused(runbook, runbook.break_glass)) == 5


@pytest.fixture(scope="module")
def broken(runbook: Runbook) -> Iterator[Runbook]:
    """Do the first step of "Touching the archive"; the last test does the last."""
    terraform, variables = runbook.world.terraform, runbook.world.variables
    assert STATEMENT in RUNBOOK.read_text(encoding="utf-8")
    named = STATEMENT.replace("111122223333", runbook.aws.account_id)
    done = lets_in(terraform, variables, f", {named}")
    assert (done.add, done.change, done.destroy) == (0, 1, 0)
    yield runbook
    lets_in(terraform, variables, "")


def bucket_policy_check(runbook: Runbook) -> str:
    return look("bucket policy", runbook).sentence


def look(name: str, runbook: Runbook) -> Finding:
    """Look as `zoomlogs doctor` does, with the outputs as they are now."""
    outputs = runbook.world.terraform.output()["zoom_operation_logs"]
    [check] = [check for check in CHECKS if check.name == name]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in runbook.aws.credentials().items():
            patch.setenv(name, value)
        return check(Facts(Deployment(outputs), boto3.Session(region_name=runbook.aws.region)))


def test_the_doctor_says_who_may_break_in(broken: Runbook) -> None:
    said = bucket_policy_check(broken)
    assert "lets arn:aws:iam::123456789012:role/break-glass put and delete records" in said
    assert said.endswith("remove it from bucket.break_glass_arns and run `terraform apply`.")


def test_a_record_behind_a_delete_marker_is_restored(broken: Runbook) -> None:
    key, before = broken.record(), broken.in_archive()
    day = key.rpartition("/")[0].removeprefix(broken.at.prefix)
    with broken.aws.without_bucket_policy(broken.at.bucket):
        broken.s3.delete_object(Bucket=broken.at.bucket, Key=key)
    assert broken.in_archive() < before
    assert verified(broken, day)["totals"]["deleted"] > 0
    assert "1 object with records is behind delete markers" in look("archive", broken).sentence
    [[found, version]] = broken.types(LIST_MARKERS.replace("2026/06/01", day))
    assert found == key
    broken.types(DELETE_VERSION, KEY=key, VERSION=version)
    assert broken.in_archive() == before
    assert verified(broken, day)["totals"]["deleted"] == 0
    assert look("archive", broken).status == "ok"


def verified(runbook: Runbook, day: str) -> Any:
    """Verify the date of a folder."""
    iso, outputs = day.replace("/", "-"), json.dumps(runbook.world.outputs)
    environ = runbook.aws.env(commands.neutral())
    ran = commands.zoomlogs(
        "verify", "--from", iso, "--to", iso, "--json", "--outputs", "-", environ=environ, stdin=outputs
    )
    assert (ran.status == 0) == ran.json["equal"], ran
    return ran.json


def test_an_object_that_cannot_be_read_is_removed_and_all_is_well(broken: Runbook, tmp_path: Path) -> None:
    key, before = broken.record(), broken.in_archive()
    with broken.aws.without_bucket_policy(broken.at.bucket):
        broken.s3.put_object(Bucket=broken.at.bucket, Key=key, Body=b"not a record")
        broken.s3.delete_object(Bucket=broken.at.bucket, Key=broken.at.state_key)
    run = broken.world.run_scheduled()
    assert not run.ok
    said = run.error["errorMessage"]
    [version] = re.findall(r"delete its version (\S+) permanently, as a role of bucket\.break_glass_arns\.", said)
    assert key in said
    copy = tmp_path / "copy"
    broken.types(KEEP_COPY, KEY=key, VERSION=version, COPY=str(copy))
    assert copy.read_bytes() == b"not a record"
    broken.types(DELETE_VERSION, KEY=key, VERSION=version)
    for _ in range(2):
        run = broken.world.run_scheduled()
    assert run.ok, run.error
    assert broken.has_kept(before)


def test_a_copy_is_put_back_where_no_object_is_and_nowhere_else(broken: Runbook, tmp_path: Path) -> None:
    key, before = broken.record(), broken.in_archive()
    copy = tmp_path / "copy"
    copy.write_bytes(broken.current(key))
    with pytest.raises(ClientError, match="PreconditionFailed"):
        broken.types(PUT_BACK, KEY=key, COPY=str(copy))
    with pytest.raises(ClientError, match="AccessDenied"):
        broken.types(PUT_BACK.removesuffix(" --if-none-match '*'"), KEY=key, COPY=str(copy))
    with broken.aws.without_bucket_policy(broken.at.bucket):
        broken.s3.delete_object(Bucket=broken.at.bucket, Key=key)
    broken.types(PUT_BACK, KEY=key, COPY=str(copy))
    assert broken.in_archive() == before


def another_accounts(body: bytes) -> bytes:
    """Give the checkpoint as another account's."""
    checkpoint = decode(body)
    assert checkpoint.stream is not None
    checkpoint.stream = type(checkpoint.stream).of("another", checkpoint.stream.report, checkpoint.stream.prefix)
    return bytes(encode(checkpoint))


def test_a_checkpoint_of_another_account_is_removed_and_built_anew(broken: Runbook) -> None:
    before = broken.in_archive()
    with broken.aws.without_bucket_policy(broken.at.bucket):
        body = another_accounts(broken.current(broken.at.state_key))
        broken.s3.put_object(Bucket=broken.at.bucket, Key=broken.at.state_key, Body=body)
    run = broken.world.run_scheduled()
    assert not run.ok
    assert "delete the checkpoint as a role of bucket.break_glass_arns" in run.error["errorMessage"]
    broken.types(REMOVE_CHECKPOINT)
    run = broken.world.run_scheduled()
    assert run.ok, run.error
    assert broken.has_kept(before)


def test_the_guides_state_is_cleared_away(broken: Runbook) -> None:
    place = {"Bucket": broken.at.bucket, "Key": f"{broken.at.prefix}state.json"}
    with broken.aws.without_bucket_policy(broken.at.bucket):
        broken.s3.put_object(**place, Body=b'{"cursor_date": "2026-01-01"}')
    broken.types(REMOVE_GUIDES_STATE)
    with pytest.raises(ClientError, match="Not Found"):
        broken.s3.head_object(**place)


def test_the_checkpoint_is_taken_along_to_another_bucket(broken: Runbook) -> None:
    """The new bucket has the module's policy too, and the role's policy names both."""
    old, new = broken.at.bucket, "the-new-bucket"
    broken.s3.create_bucket(Bucket=new)
    policy = broken.s3.get_bucket_policy(Bucket=old)["Policy"]
    broken.s3.put_bucket_policy(Bucket=new, Policy=policy.replace(old, new))
    iam = broken.aws.client("iam")
    iam.put_role_policy(RoleName="break-glass", PolicyName="new", PolicyDocument=break_glass_policy(new))
    broken.types(TAKE_ALONG, OLD=old, NEW=new)
    taken = broken.s3.get_object(Bucket=new, Key=broken.at.state_key)["Body"].read()
    assert taken == broken.current(broken.at.state_key)
    iam.delete_role_policy(RoleName="break-glass", PolicyName="new")
    broken.aws.empty_bucket(new)
    broken.s3.delete_bucket(Bucket=new)


def test_once_it_is_taken_out_again_everybody_is_refused(broken: Runbook) -> None:
    terraform, variables = broken.world.terraform, broken.world.variables
    done = lets_in(terraform, variables, "")
    assert (done.add, done.change, done.destroy) == (0, 1, 0)
    assert not terraform.plan(variables).changed
    assert "denies plain HTTP" in bucket_policy_check(broken)
    assert len(refused(broken, broken.break_glass)) == 5
