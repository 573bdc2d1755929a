"""The matrix: every relevant call, and which principals may make it. Nobody else may.

"Own" and "other" are the principal's own use of the module and the other one in the same account.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from .principals import SUBJECT, Instance, Principal, World

COLLECTOR, COLLECTOR_IN_VPC = Principal.COLLECTOR, Principal.COLLECTOR_IN_VPC
SCHEDULER, READER_USER, READER_ROLE = Principal.SCHEDULER, Principal.READER_USER, Principal.READER_ROLE
COLLECTORS = (COLLECTOR, COLLECTOR_IN_VPC)
READERS = (READER_USER, READER_ROLE)
OTHER_ROLE, BYPASS = Principal.OTHER_ROLE, Principal.BYPASS
BREAK_GLASS = (Principal.BREAK_GLASS, BYPASS)
SIGNED = (*COLLECTORS, SCHEDULER, *READERS, OTHER_ROLE, *BREAK_GLASS, Principal.STRANGER)
ALL = tuple(Principal)

BODY = b"a record"
NO_ACLS = "AccessControlListNotSupported"
TAGS = {"TagSet": [{"Key": "a", "Value": "b"}]}
POLICY = '{"Version": "2012-10-17", "Statement": []}'


@dataclass(frozen=True)
class Cell:
    """The arguments of a call: the world, the caller, and its own and the other use of the module."""

    world: World
    principal: Principal

    @property
    def own(self) -> Instance:
        return self.world.instance(self.principal.instance)

    @property
    def other(self) -> Instance:
        return self.world.instance({"alpha": "beta", "beta": "alpha"}[self.principal.instance])

    def __getattr__(self, service: str) -> Any:
        """Return the principal's client of a service: `cell.s3`."""
        return self.client(service)

    def client(self, service: str, *, tls: bool = True) -> Any:
        return self.world.client(self.world.keys(self.principal), service, tls=tls)

    def record(self, own: Instance | None = None) -> dict[str, str]:
        """Return an existing object under the feed's prefix."""
        instance = own or self.own
        return {"Bucket": instance.bucket, "Key": f"{instance.prefix}2026/03/10/kept.json.gz"}

    def deletable(self) -> dict[str, str]:
        """Return an existing object that may be deleted."""
        name = {"Bucket": self.own.bucket, "Key": f"{self.own.prefix}2026/03/10/spare-{self.world.unused()}.json.gz"}
        self.world.collector(self.own).put_object(**name, Body=BODY, IfNoneMatch="*")
        return name

    def deleted(self) -> dict[str, str]:
        """Return the version of an object that the feed has deleted."""
        name = self.deletable()
        version = self.version_of(name)
        self._delete(name)
        return {**name, "VersionId": version}

    def marker(self) -> dict[str, str]:
        """Return the delete marker that hides an object."""
        name = self.deletable()
        return {**name, "VersionId": self._delete(name)}

    def lock(self, mode: str | None = None, more_days: int = 0) -> dict[str, str]:
        """Return the arguments of a put that locks its object as the collector does, or differently."""
        own = self.own.outputs["bucket"]["lock"]
        until = datetime.now(UTC) + timedelta(days=own["days"] + more_days)
        return {
            "ObjectLockMode": mode or own["mode"],
            "ObjectLockRetainUntilDate": f"{until:%Y-%m-%dT%H:%M:%SZ}",
            "ChecksumAlgorithm": "SHA256",
        }

    def retention(self, mode: str | None = None, more_days: int = 0) -> dict[str, str]:
        """Return such a retention for an existing object."""
        lock = self.lock(mode, more_days)
        return {"Mode": lock["ObjectLockMode"], "RetainUntilDate": lock["ObjectLockRetainUntilDate"]}

    def locked(self, mode: str = "GOVERNANCE") -> dict[str, str]:
        """Return a locked version of an object: the same one until somebody has deleted it."""
        root, kept = self.world.root("s3"), self.world.locked
        name = kept.get((self.own.bucket, mode))
        if name is None or name not in versions(root, name):
            name = self.new()
            with self.world.aws.without_bucket_policy(self.own.bucket):
                name["VersionId"] = str(root.put_object(**name, Body=BODY, **self.lock(mode))["VersionId"])
            kept[self.own.bucket, mode] = name
        return name

    def just_locked(self) -> dict[str, str]:
        """Return an object that the collector has just put, locked."""
        name = self.new()
        self.world.collector(self.own).put_object(**name, Body=BODY, IfNoneMatch="*", **self.lock())
        return name

    def _delete(self, name: Mapping[str, str]) -> str:
        """Delete an object as a principal that may; return the version of its delete marker."""
        with self.world.aws.without_bucket_policy(self.own.bucket):
            return str(self.world.root("s3").delete_object(**name)["VersionId"])

    def elsewhere(self) -> dict[str, str]:
        """Return an existing object that is neither under the prefix nor the checkpoint."""
        name = {"Bucket": self.own.bucket, "Key": f"elsewhere-{self.world.unused()}.txt"}
        self.world.root("s3").put_object(**name, Body=BODY)
        return name

    def new(self, own: Instance | None = None) -> dict[str, str]:
        """Return a missing object under the feed's prefix."""
        instance = own or self.own
        return {"Bucket": instance.bucket, "Key": f"{instance.prefix}2026/03/10/new-{self.world.unused()}.json.gz"}

    def state(self, own: Instance | None = None) -> dict[str, str]:
        instance = own or self.own
        return {"Bucket": instance.bucket, "Key": instance.state_key}

    def new_state(self) -> dict[str, str]:
        """Return the checkpoint, just replaced, so that it has an older version."""
        self.world.collector(self.own).put_object(**self.state(), Body=BODY)
        return self.state()

    def old_state(self) -> dict[str, str]:
        """Return an older version of the checkpoint."""
        name = self.new_state()
        version = self.version_of(name)
        return {**self.new_state(), "VersionId": version}

    @property
    def feed_queue(self) -> dict[str, str]:
        """Return the feed's queue: alpha has one."""
        return {"QueueUrl": self.world.instance("alpha").outputs["secops_feed"]["queue"]["url"]}

    def message(self) -> dict[str, str]:
        """Return a message of the feed's queue that has been received."""
        sqs = self.world.root("sqs")
        sqs.send_message(**self.feed_queue, MessageBody="{}")
        [received] = sqs.receive_message(**self.feed_queue)["Messages"]
        return {**self.feed_queue, "ReceiptHandle": received["ReceiptHandle"]}

    def version_of(self, name: Mapping[str, str]) -> str:
        return str(self.world.root("s3").head_object(**name)["VersionId"])

    def etag_of(self, name: Mapping[str, str]) -> str:
        return str(self.world.root("s3").head_object(**name)["ETag"])

    def ciphertext(self, context: Mapping[str, str]) -> bytes:
        """Encrypt something as the account's root, for others to decrypt."""
        kms = self.world.root("kms")
        return bytes(kms.encrypt(KeyId=self.world.key_arn, Plaintext=BODY, EncryptionContext=context)["CiphertextBlob"])


def versions(s3: Any, name: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the versions of objects under a prefix."""
    listed = s3.list_object_versions(Bucket=name["Bucket"], Prefix=name["Key"]).get("Versions", [])
    return [{"Bucket": name["Bucket"], "Key": one["Key"], "VersionId": one["VersionId"]} for one in listed]


@dataclass(frozen=True)
class Evaluated:
    """A call that the stand-in does not support: evaluated on the applied policies instead."""

    resource: Callable[[Cell], str]
    context: Callable[[Cell], dict[str, str]] = lambda _: {}


@dataclass(frozen=True)
class Row:
    """A call, and who may make it.

    `answer` is the error of an allowed call, such as S3's 412; without it the call succeeds.
    """

    group: str
    does: str
    action: str
    call: Callable[[Cell], Any] | Evaluated
    allowed: tuple[Principal, ...] = ()
    answer: str | None = None

    @property
    def how(self) -> str:
        return "evaluated" if isinstance(self.call, Evaluated) else "called"


ROWS: list[Row] = []


def _rows(group: str, *rows: tuple[Any, ...]) -> None:
    ROWS.extend(Row(group, *row) for row in rows)


def _record_arn(c: Cell) -> str:
    return "arn:aws:s3:::{Bucket}/{Key}".format(**c.record())


def _delete_state(c: Cell) -> Any:
    answer = c.s3.delete_object(**c.new_state())
    c.new_state()  # for the calls after it
    return answer


READS = (*COLLECTORS, *READERS, OTHER_ROLE, *BREAK_GLASS)
LISTS = (*COLLECTORS, *READERS, *BREAK_GLASS)
DELETES = (READER_ROLE, *BREAK_GLASS)

_rows(
    "Records, in the feed's prefix of its own bucket",
    ("write a new object (`If-None-Match: *`)", "s3:PutObject",
     lambda c: c.s3.put_object(**c.new(), Body=BODY, IfNoneMatch="*"), (*COLLECTORS, *BREAK_GLASS)),
    ("overwrite an object, with `If-None-Match: *`: 412", "s3:PutObject",
     lambda c: c.s3.put_object(**c.record(), Body=BODY, IfNoneMatch="*"), (*COLLECTORS, *BREAK_GLASS),
     "PreconditionFailed"),
    ("overwrite an object, with `If-Match`", "s3:PutObject",
     lambda c: c.s3.put_object(**c.record(), Body=BODY, IfMatch=c.etag_of(c.record()))),
    ("write without a condition", "s3:PutObject", lambda c: c.s3.put_object(**c.new(), Body=BODY)),
    ("write, without TLS", "s3:PutObject",
     lambda c: c.client("s3", tls=False).put_object(**c.new(), Body=BODY, IfNoneMatch="*")),
    ("write, encrypted with a customer-provided key", "s3:PutObject",
     lambda c: c.s3.put_object(**c.new(), Body=BODY, IfNoneMatch="*", SSECustomerAlgorithm="AES256",
                               SSECustomerKey="k" * 32)),
    ("write, with an ACL for everyone: 400", "s3:PutObjectAcl",
     lambda c: c.s3.put_object(**c.new(), Body=BODY, IfNoneMatch="*", ACL="public-read"), (), NO_ACLS),
    ("write, with tags", "s3:PutObjectTagging",
     lambda c: c.s3.put_object(**c.new(), Body=BODY, IfNoneMatch="*", Tagging="a=b")),
    ("start a multipart upload", "s3:PutObject", lambda c: c.s3.create_multipart_upload(**c.new())),
    ("copy an object", "s3:PutObject", lambda c: c.s3.copy_object(**c.new(), CopySource=c.record())),
    ("read an object", "s3:GetObject", lambda c: c.s3.get_object(**c.record()), READS),
    ("read an object, without TLS", "s3:GetObject", lambda c: c.client("s3", tls=False).get_object(**c.record())),
    ("read an object's headers", "s3:GetObject", lambda c: c.s3.head_object(**c.record()), READS),
    ("read a deleted object by its version", "s3:GetObjectVersion",
     lambda c: c.s3.get_object(**c.deleted()), (*COLLECTORS, OTHER_ROLE, *BREAK_GLASS)),
    ("read an object's ACL", "s3:GetObjectAcl", lambda c: c.s3.get_object_acl(**c.record()), (OTHER_ROLE,)),
    ("change an object's ACL: 400", "s3:PutObjectAcl",
     lambda c: c.s3.put_object_acl(**c.record(), ACL="public-read"), (OTHER_ROLE,), NO_ACLS),
    ("tag an object", "s3:PutObjectTagging", lambda c: c.s3.put_object_tagging(**c.record(), Tagging=TAGS),
     (OTHER_ROLE,)),
    ("put an object under another key", "s3:UpdateObjectEncryption", Evaluated(_record_arn)),
    ("replicate an object into it", "s3:ReplicateObject", Evaluated(_record_arn)),
    ("replicate a deletion into it", "s3:ReplicateDelete", Evaluated(_record_arn)),
    ("delete an object", "s3:DeleteObject", lambda c: c.s3.delete_object(**c.deletable()), DELETES),
    ("delete objects, several at once", "s3:DeleteObject",
     lambda c: c.s3.delete_objects(Bucket=c.own.bucket, Delete={"Objects": [{"Key": c.deletable()["Key"]}]}),
     DELETES),
    ("restore an object, by deleting its delete marker", "s3:DeleteObjectVersion",
     lambda c: c.s3.delete_object(**c.marker()), BREAK_GLASS),
    ("delete a version permanently", "s3:DeleteObjectVersion",
     lambda c: c.s3.delete_object(**c.deleted()), BREAK_GLASS),
    ("list the prefix", "s3:ListBucket",
     lambda c: c.s3.list_objects_v2(Bucket=c.own.bucket, Prefix=c.own.prefix), LISTS),
    ("list a day of it", "s3:ListBucket",
     lambda c: c.s3.list_objects_v2(Bucket=c.own.bucket, Prefix=f"{c.own.prefix}2026/03/10/", Delimiter="/"),
     LISTS),
    ("list its versions", "s3:ListBucketVersions",
     lambda c: c.s3.list_object_versions(Bucket=c.own.bucket, Prefix=c.own.prefix), (*COLLECTORS, *BREAK_GLASS)),
)  # fmt: skip

_rows(
    "The checkpoint of its own bucket",
    ("read it", "s3:GetObject", lambda c: c.s3.get_object(**c.state()), (*COLLECTORS, OTHER_ROLE, *BREAK_GLASS)),
    ("replace it (`If-Match`)", "s3:PutObject",
     lambda c: c.s3.put_object(**c.state(), Body=BODY, IfMatch=c.etag_of(c.state())), (*COLLECTORS, *BREAK_GLASS)),
    ("overwrite it without a condition", "s3:PutObject",
     lambda c: c.s3.put_object(**c.state(), Body=BODY), (*COLLECTORS, *BREAK_GLASS)),
    ("check whether it exists", "s3:ListBucket",
     lambda c: c.s3.list_objects_v2(Bucket=c.own.bucket, Prefix=c.own.state_key), LISTS),
    ("read an older version", "s3:GetObjectVersion",
     lambda c: c.s3.get_object(**c.state(), VersionId=c.version_of(c.state())), (OTHER_ROLE, *BREAK_GLASS)),
    ("delete it", "s3:DeleteObject", _delete_state, BREAK_GLASS),
    ("delete a version of it", "s3:DeleteObjectVersion",
     lambda c: c.s3.delete_object(**c.old_state()), BREAK_GLASS),
    ("write beside it", "s3:PutObject",
     lambda c: c.s3.put_object(Bucket=c.own.bucket, Key=f"{c.own.state_key}.copy", Body=BODY), (OTHER_ROLE,)),
)  # fmt: skip

OTHER_MODE = {"GOVERNANCE": "COMPLIANCE", "COMPLIANCE": "GOVERNANCE"}


def _locked_otherwise(c: Cell) -> Any:
    mode = OTHER_MODE[c.own.outputs["bucket"]["lock"]["mode"]]
    return c.s3.put_object(**c.new(), Body=BODY, IfNoneMatch="*", **c.lock(mode))


def _bypass(call: Any, name: Mapping[str, str], **asked: Any) -> Any:
    return call(**name, BypassGovernanceRetention=True, **asked)


def _current(name: Mapping[str, str]) -> dict[str, str]:
    """Return the object of a version."""
    return {key: value for key, value in name.items() if key != "VersionId"}


_rows(
    "Locked records (Object Lock), in the feed's prefix of its own bucket",
    ("write a new object, locked as `bucket.lock` has it", "s3:PutObjectRetention",
     lambda c: c.s3.put_object(**c.new(), Body=BODY, IfNoneMatch="*", **c.lock()), COLLECTORS),
    ("write a new object, locked in the other mode", "s3:PutObjectRetention", _locked_otherwise),
    ("write a new object, locked two days longer", "s3:PutObjectRetention",
     lambda c: c.s3.put_object(**c.new(), Body=BODY, IfNoneMatch="*", **c.lock(more_days=2))),
    ("write a new object, locked two days less", "s3:PutObjectRetention",
     lambda c: c.s3.put_object(**c.new(), Body=BODY, IfNoneMatch="*", **c.lock(more_days=-2))),
    ("write a new object, with a legal hold", "s3:PutObjectLegalHold",
     lambda c: c.s3.put_object(**c.new(), Body=BODY, IfNoneMatch="*", ObjectLockLegalHoldStatus="ON",
                               ChecksumAlgorithm="SHA256")),
    ("lock the checkpoint", "s3:PutObjectRetention",
     lambda c: c.s3.put_object(**c.state(), Body=BODY, **c.lock())),
    ("lock an existing object, as `bucket.lock` has it", "s3:PutObjectRetention",
     lambda c: c.s3.put_object_retention(**c.deletable(), Retention=c.retention()), COLLECTORS),
    ("lock an existing object for 100 years", "s3:PutObjectRetention",
     lambda c: c.s3.put_object_retention(**c.deletable(), Retention=c.retention(more_days=36000))),
    ("place a legal hold on an existing object", "s3:PutObjectLegalHold",
     lambda c: c.s3.put_object_legal_hold(**c.deletable(), LegalHold={"Status": "ON"})),
    ("read a locked object", "s3:GetObject", lambda c: c.s3.get_object(**_current(c.locked())), READS),
    ("hide a locked object behind a delete marker", "s3:DeleteObject",
     lambda c: c.s3.delete_object(**c.just_locked()), DELETES),
    ("delete a version locked in GOVERNANCE", "s3:DeleteObjectVersion", lambda c: c.s3.delete_object(**c.locked())),
    ("delete a version locked in GOVERNANCE, bypassing that", "s3:BypassGovernanceRetention",
     lambda c: _bypass(c.s3.delete_object, c.locked()), (BYPASS,)),
    ("delete a version locked in COMPLIANCE, bypassing that", "s3:BypassGovernanceRetention",
     lambda c: _bypass(c.s3.delete_object, c.locked("COMPLIANCE"))),
    ("shorten a retention in GOVERNANCE, bypassing it", "s3:PutObjectRetention",
     lambda c: _bypass(c.s3.put_object_retention, c.locked(), Retention=c.retention("GOVERNANCE", -1))),
    ("shorten a retention in COMPLIANCE, bypassing it", "s3:PutObjectRetention",
     lambda c: _bypass(c.s3.put_object_retention, c.locked("COMPLIANCE"), Retention=c.retention("COMPLIANCE", -1))),
)  # fmt: skip

_rows(
    "The rest of its own bucket",
    ("write elsewhere", "s3:PutObject", lambda c: c.s3.put_object(Bucket=c.own.bucket, Key="elsewhere", Body=BODY),
     (OTHER_ROLE,)),
    ("read elsewhere", "s3:GetObject", lambda c: c.s3.get_object(**c.elsewhere()), (OTHER_ROLE,)),
    ("delete elsewhere", "s3:DeleteObject", lambda c: c.s3.delete_object(**c.elsewhere()), (OTHER_ROLE,)),
    ("list all of it", "s3:ListBucket", lambda c: c.s3.list_objects_v2(Bucket=c.own.bucket), READERS),
    ("list another folder", "s3:ListBucket",
     lambda c: c.s3.list_objects_v2(Bucket=c.own.bucket, Prefix="else"), READERS),
    ("list the folder above", "s3:ListBucket",
     lambda c: c.s3.list_objects_v2(Bucket=c.own.bucket, Prefix="zoom/"), READERS),
    ("list all versions", "s3:ListBucketVersions", lambda c: c.s3.list_object_versions(Bucket=c.own.bucket)),
    ("list uploads", "s3:ListBucketMultipartUploads", lambda c: c.s3.list_multipart_uploads(Bucket=c.own.bucket)),
    ("check whether it exists", "s3:ListBucket", lambda c: c.s3.head_bucket(Bucket=c.own.bucket), READERS),
    ("get its region", "s3:GetBucketLocation",
     lambda c: c.s3.get_bucket_location(Bucket=c.own.bucket), READERS),
    ("read its policy", "s3:GetBucketPolicy", lambda c: c.s3.get_bucket_policy(Bucket=c.own.bucket)),
    ("change its policy", "s3:PutBucketPolicy",
     lambda c: c.s3.put_bucket_policy(Bucket=c.own.bucket, Policy=POLICY)),
    ("delete its policy", "s3:DeleteBucketPolicy", lambda c: c.s3.delete_bucket_policy(Bucket=c.own.bucket)),
    ("change its ACL", "s3:PutBucketAcl", lambda c: c.s3.put_bucket_acl(Bucket=c.own.bucket, ACL="public-read")),
    ("change its versioning", "s3:PutBucketVersioning",
     lambda c: c.s3.put_bucket_versioning(Bucket=c.own.bucket, VersioningConfiguration={"Status": "Suspended"})),
    ("change its lifecycle", "s3:PutLifecycleConfiguration",
     lambda c: c.s3.put_bucket_lifecycle_configuration(
         Bucket=c.own.bucket,
         LifecycleConfiguration={
             "Rules": [{"ID": "all", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}}]})),
    ("change its encryption", "s3:PutEncryptionConfiguration",
     lambda c: c.s3.put_bucket_encryption(
         Bucket=c.own.bucket,
         ServerSideEncryptionConfiguration={
             "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]})),
    ("change its Object Lock", "s3:PutBucketObjectLockConfiguration",
     lambda c: c.s3.put_object_lock_configuration(
         Bucket=c.own.bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"}), (OTHER_ROLE,)),
    ("make it public", "s3:PutBucketPublicAccessBlock",
     lambda c: c.s3.delete_public_access_block(Bucket=c.own.bucket)),
    ("send its events elsewhere", "s3:PutBucketNotification",
     lambda c: c.s3.put_bucket_notification_configuration(Bucket=c.own.bucket, NotificationConfiguration={})),
    ("replicate it elsewhere", "s3:PutReplicationConfiguration",
     lambda c: c.s3.put_bucket_replication(
         Bucket=c.own.bucket,
         ReplicationConfiguration={
             "Role": "arn:aws:iam::123456789012:role/r",
             "Rules": [{"Status": "Enabled", "Prefix": "", "Destination": {"Bucket": "arn:aws:s3:::elsewhere"}}]})),
    ("delete it", "s3:DeleteBucket", lambda c: c.s3.delete_bucket(Bucket=c.own.bucket)),
)  # fmt: skip

_rows(
    "Other buckets",
    ("write a new object in the other's feed prefix", "s3:PutObject",
     lambda c: c.s3.put_object(**c.new(c.other), Body=BODY, IfNoneMatch="*")),
    ("read an object of the other's", "s3:GetObject", lambda c: c.s3.get_object(**c.record(c.other))),
    ("delete an object of the other's", "s3:DeleteObject", lambda c: c.s3.delete_object(**c.record(c.other))),
    ("delete a version of the other's", "s3:DeleteObjectVersion",
     lambda c: c.s3.delete_object(**c.record(c.other), VersionId=c.version_of(c.record(c.other)))),
    ("read the other's checkpoint", "s3:GetObject", lambda c: c.s3.get_object(**c.state(c.other))),
    ("write over the other's checkpoint", "s3:PutObject",
     lambda c: c.s3.put_object(**c.state(c.other), Body=BODY)),
    ("delete the other's checkpoint", "s3:DeleteObject", lambda c: c.s3.delete_object(**c.state(c.other))),
    ("list the other's feed prefix", "s3:ListBucket",
     lambda c: c.s3.list_objects_v2(Bucket=c.other.bucket, Prefix=c.other.prefix)),
    ("get the other's region", "s3:GetBucketLocation",
     lambda c: c.s3.get_bucket_location(Bucket=c.other.bucket)),
    ("list buckets", "s3:ListAllMyBuckets", lambda c: c.s3.list_buckets()),
    ("make a bucket", "s3:CreateBucket", lambda c: c.s3.create_bucket(Bucket=f"made-{c.world.unused()}")),
)  # fmt: skip

_rows(
    "Secrets",
    ("read its own value", "secretsmanager:GetSecretValue",
     lambda c: c.secretsmanager.get_secret_value(SecretId=c.own.secret_arn), COLLECTORS),
    ("read the other's value", "secretsmanager:GetSecretValue",
     lambda c: c.secretsmanager.get_secret_value(SecretId=c.other.secret_arn)),
    ("change its own value", "secretsmanager:PutSecretValue",
     lambda c: c.secretsmanager.put_secret_value(SecretId=c.own.secret_arn, SecretString="x")),
    ("describe its own", "secretsmanager:DescribeSecret",
     lambda c: c.secretsmanager.describe_secret(SecretId=c.own.secret_arn)),
    ("list versions of its own", "secretsmanager:ListSecretVersionIds",
     lambda c: c.secretsmanager.list_secret_version_ids(SecretId=c.own.secret_arn)),
    ("change the policy of its own", "secretsmanager:PutResourcePolicy",
     lambda c: c.secretsmanager.put_resource_policy(SecretId=c.own.secret_arn, ResourcePolicy=POLICY)),
    ("delete its own", "secretsmanager:DeleteSecret",
     lambda c: c.secretsmanager.delete_secret(SecretId=c.own.secret_arn)),
    ("list secrets", "secretsmanager:ListSecrets", lambda c: c.secretsmanager.list_secrets()),
)  # fmt: skip


def _bucket_context(c: Cell) -> dict[str, str]:
    return {"aws:s3:arn": f"arn:aws:s3:::{c.own.bucket}"}


def _decrypt(c: Cell, context: dict[str, str]) -> Any:
    return c.kms.decrypt(CiphertextBlob=c.ciphertext(context), EncryptionContext=context)


_rows(
    "The KMS key, asked directly",
    ("decrypt what is encrypted for its own bucket", "kms:Decrypt",
     lambda c: _decrypt(c, _bucket_context(c))),
    ("generate a data key for its own bucket", "kms:GenerateDataKey",
     lambda c: c.kms.generate_data_key(KeyId=c.world.key_arn, KeySpec="AES_256", EncryptionContext=_bucket_context(c))),
    ("decrypt what is encrypted for its own secret", "kms:Decrypt",
     lambda c: _decrypt(c, {"SecretARN": c.own.secret_arn})),
    ("generate a data key for its own secret", "kms:GenerateDataKey",
     lambda c: c.kms.generate_data_key(KeyId=c.world.key_arn, KeySpec="AES_256",
                                       EncryptionContext={"SecretARN": c.own.secret_arn})),
    ("decrypt its own function's environment", "kms:Decrypt",
     lambda c: _decrypt(c, {"aws:lambda:FunctionArn": c.own.function_arn}), (COLLECTOR,)),
    ("decrypt the other function's environment", "kms:Decrypt",
     lambda c: _decrypt(c, {"aws:lambda:FunctionArn": c.other.function_arn})),
    ("decrypt what is encrypted for another bucket", "kms:Decrypt",
     lambda c: _decrypt(c, {"aws:s3:arn": "arn:aws:s3:::elsewhere"})),
    ("decrypt what is encrypted for another secret", "kms:Decrypt",
     lambda c: _decrypt(c, {"SecretARN": c.other.secret_arn})),
    ("decrypt what is encrypted for the queue", "kms:Decrypt",
     lambda c: _decrypt(c, {"aws:sqs:arn": c.own.outputs["dead_letter_queue"]["arn"]})),
    ("decrypt without an encryption context", "kms:Decrypt", lambda c: _decrypt(c, {})),
    ("generate a data key without an encryption context", "kms:GenerateDataKey",
     lambda c: c.kms.generate_data_key(KeyId=c.world.key_arn, KeySpec="AES_256")),
    ("encrypt", "kms:Encrypt",
     lambda c: c.kms.encrypt(KeyId=c.world.key_arn, Plaintext=BODY, EncryptionContext=_bucket_context(c))),
    ("grant others the use of it", "kms:CreateGrant",
     lambda c: c.kms.create_grant(KeyId=c.world.key_arn, GranteePrincipal="arn:aws:iam::123456789012:user/stranger",
                                  Operations=["Decrypt"])),
    ("change its policy", "kms:PutKeyPolicy",
     lambda c: c.kms.put_key_policy(KeyId=c.world.key_arn, PolicyName="default", Policy=POLICY)),
    ("switch it off", "kms:DisableKey", lambda c: c.kms.disable_key(KeyId=c.world.key_arn)),
    ("delete it", "kms:ScheduleKeyDeletion", lambda c: c.kms.schedule_key_deletion(KeyId=c.world.key_arn)),
)  # fmt: skip

_rows(
    "Functions",
    ("invoke its own", "lambda:InvokeFunction",
     lambda c: c.client("lambda").invoke(FunctionName=c.own.function_arn, InvocationType="DryRun"), (SCHEDULER,)),
    ("invoke its own by a version", "lambda:InvokeFunction",
     lambda c: c.client("lambda").invoke(FunctionName=c.own.function_arn, Qualifier="1", InvocationType="DryRun")),
    ("invoke the other's", "lambda:InvokeFunction",
     lambda c: c.client("lambda").invoke(FunctionName=c.other.function_arn, InvocationType="DryRun")),
    ("read its own code and settings", "lambda:GetFunction",
     lambda c: c.client("lambda").get_function(FunctionName=c.own.function_arn)),
    ("change its own code", "lambda:UpdateFunctionCode",
     lambda c: c.client("lambda").update_function_code(FunctionName=c.own.function_arn, ZipFile=b"zip")),
    ("change its own settings", "lambda:UpdateFunctionConfiguration",
     lambda c: c.client("lambda").update_function_configuration(FunctionName=c.own.function_arn, Timeout=900)),
    ("allow others to invoke its own", "lambda:AddPermission",
     lambda c: c.client("lambda").add_permission(FunctionName=c.own.function_arn, StatementId="s", Principal="*",
                                                 Action="lambda:InvokeFunction")),
    ("delete its own", "lambda:DeleteFunction",
     lambda c: c.client("lambda").delete_function(FunctionName=c.own.function_arn)),
    ("create one that runs as the collector", "lambda:CreateFunction",
     lambda c: c.client("lambda").create_function(
         FunctionName="another", Role=c.own.outputs["role"]["arn"], Runtime="python3.13", Handler="a.b",
         Code={"ZipFile": b"zip"})),
)  # fmt: skip

_rows(
    "The queue of undelivered invocations",
    ("send to its own", "sqs:SendMessage",
     lambda c: c.sqs.send_message(QueueUrl=c.own.queue_url, MessageBody="{}"), (SCHEDULER,)),
    ("send to its own, without TLS", "sqs:SendMessage",
     lambda c: c.client("sqs", tls=False).send_message(QueueUrl=c.own.queue_url, MessageBody="{}")),
    ("send to the other's", "sqs:SendMessage",
     lambda c: c.sqs.send_message(QueueUrl=c.other.queue_url, MessageBody="{}")),
    ("read its own", "sqs:ReceiveMessage", lambda c: c.sqs.receive_message(QueueUrl=c.own.queue_url)),
    ("empty its own", "sqs:PurgeQueue", lambda c: c.sqs.purge_queue(QueueUrl=c.own.queue_url)),
    ("read the settings of its own", "sqs:GetQueueAttributes",
     lambda c: c.sqs.get_queue_attributes(QueueUrl=c.own.queue_url, AttributeNames=["All"])),
    ("change the settings of its own", "sqs:SetQueueAttributes",
     lambda c: c.sqs.set_queue_attributes(QueueUrl=c.own.queue_url, Attributes={"VisibilityTimeout": "1"})),
    ("delete its own", "sqs:DeleteQueue", lambda c: c.sqs.delete_queue(QueueUrl=c.own.queue_url)),
)  # fmt: skip


_rows(
    "The feed's queue, which the reader user's use of the module has",
    ("receive a message", "sqs:ReceiveMessage", lambda c: c.sqs.receive_message(**c.feed_queue), (READER_USER,)),
    ("receive a message, without TLS", "sqs:ReceiveMessage",
     lambda c: c.client("sqs", tls=False).receive_message(**c.feed_queue)),
    ("extend a message's visibility timeout", "sqs:ChangeMessageVisibility",
     lambda c: c.sqs.change_message_visibility(**c.message(), VisibilityTimeout=60), (READER_USER,)),
    ("delete a message that has been read", "sqs:DeleteMessage",
     lambda c: c.sqs.delete_message(**c.message()), (READER_USER,)),
    ("send a message", "sqs:SendMessage", lambda c: c.sqs.send_message(**c.feed_queue, MessageBody="{}")),
    ("empty it", "sqs:PurgeQueue", lambda c: c.sqs.purge_queue(**c.feed_queue)),
    ("read its settings", "sqs:GetQueueAttributes",
     lambda c: c.sqs.get_queue_attributes(**c.feed_queue, AttributeNames=["All"])),
    ("change its settings", "sqs:SetQueueAttributes",
     lambda c: c.sqs.set_queue_attributes(**c.feed_queue, Attributes={"VisibilityTimeout": "1"})),
    ("delete it", "sqs:DeleteQueue", lambda c: c.sqs.delete_queue(**c.feed_queue)),
)  # fmt: skip


def _event() -> dict[str, Any]:
    return {"timestamp": int(time.time() * 1000), "message": "x"}


_rows(
    "Logs, metrics and traces",
    ("create a stream in its own log group", "logs:CreateLogStream",
     lambda c: c.logs.create_log_stream(logGroupName=c.own.log_group, logStreamName=c.world.unused()), COLLECTORS),
    ("write to its own log group", "logs:PutLogEvents",
     lambda c: c.logs.put_log_events(logGroupName=c.own.log_group, logStreamName="stream",
                                     logEvents=[_event()]), COLLECTORS),
    ("create a stream in the other's log group", "logs:CreateLogStream",
     lambda c: c.logs.create_log_stream(logGroupName=c.other.log_group, logStreamName=c.world.unused())),
    ("write to the other's log group", "logs:PutLogEvents",
     lambda c: c.logs.put_log_events(logGroupName=c.other.log_group, logStreamName="stream",
                                     logEvents=[_event()])),
    ("read its own log group", "logs:GetLogEvents",
     lambda c: c.logs.get_log_events(logGroupName=c.own.log_group, logStreamName="stream")),
    ("search its own log group", "logs:FilterLogEvents",
     lambda c: c.logs.filter_log_events(logGroupName=c.own.log_group)),
    ("list log groups", "logs:DescribeLogGroups", lambda c: c.logs.describe_log_groups()),
    ("make a log group", "logs:CreateLogGroup",
     lambda c: c.logs.create_log_group(logGroupName=f"/aws/lambda/{c.world.unused()}")),
    ("change the retention of its own log group", "logs:PutRetentionPolicy",
     lambda c: c.logs.put_retention_policy(logGroupName=c.own.log_group, retentionInDays=1)),
    ("delete its own log group", "logs:DeleteLogGroup",
     lambda c: c.logs.delete_log_group(logGroupName=c.own.log_group)),
    ("write a metric", "cloudwatch:PutMetricData",
     lambda c: c.cloudwatch.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": 1}])),
    ("send a trace", "xray:PutTraceSegments",
     lambda c: c.xray.put_trace_segments(TraceSegmentDocuments=["{}"]), (COLLECTOR_IN_VPC,)),
)  # fmt: skip


def _ec2(kind: str) -> Callable[[Cell], str]:
    return lambda c: f"arn:aws:ec2:{c.world.aws.region}:{c.world.aws.account_id}:{kind}"


def _everything(_: Cell) -> str:
    """Return what Lambda requests before it connects a function to a VPC: there is no interface yet."""
    return "*"


def _own_code(c: Cell) -> dict[str, str]:
    return {"lambda:SourceFunctionArn": c.own.function_arn}


_rows(
    "The network",
    ("describe network interfaces, from the function's code", "ec2:DescribeNetworkInterfaces",
     lambda c: c.ec2.describe_network_interfaces()),
    ("describe subnets, from the function's code", "ec2:DescribeSubnets", lambda c: c.ec2.describe_subnets()),
    ("create a network interface, from the function's code", "ec2:CreateNetworkInterface",
     Evaluated(_ec2("network-interface/*"), _own_code)),
    ("create one in any subnet, from the function's code", "ec2:CreateNetworkInterface",
     Evaluated(_ec2("subnet/subnet-elsewhere"), _own_code)),
    ("delete a network interface, from the function's code", "ec2:DeleteNetworkInterface",
     Evaluated(_ec2("network-interface/eni-1"), _own_code)),
    ("assign an address to a network interface, from the function's code", "ec2:AssignPrivateIpAddresses",
     Evaluated(_ec2("network-interface/eni-1"), _own_code)),
    ("create a network interface, by Lambda itself", "ec2:CreateNetworkInterface",
     Evaluated(_everything), (COLLECTOR_IN_VPC,)),
    ("delete a network interface, by Lambda itself", "ec2:DeleteNetworkInterface",
     Evaluated(_everything), (COLLECTOR_IN_VPC,)),
    ("describe network interfaces, by Lambda itself", "ec2:DescribeNetworkInterfaces",
     Evaluated(_everything), (COLLECTOR_IN_VPC,)),
    ("assign an address to a network interface, by Lambda itself", "ec2:AssignPrivateIpAddresses",
     Evaluated(_ec2("network-interface/eni-1")), (COLLECTOR_IN_VPC,)),
    ("unassign an address from a network interface, by Lambda itself", "ec2:UnassignPrivateIpAddresses",
     Evaluated(_ec2("network-interface/eni-1")), (COLLECTOR_IN_VPC,)),
    ("change a security group, by Lambda itself", "ec2:AuthorizeSecurityGroupIngress",
     Evaluated(_ec2("security-group/sg-1"))),
)  # fmt: skip


def _schedule(c: Cell) -> dict[str, Any]:
    target = {"Arn": c.own.function_arn, "RoleArn": c.own.outputs["schedule"]["role_arn"]}
    return {"ScheduleExpression": "rate(1 minute)", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target}


_rows(
    "The schedule",
    ("read its own", "scheduler:GetSchedule",
     lambda c: c.scheduler.get_schedule(Name=c.own.outputs["schedule"]["name"])),
    ("change its own", "scheduler:UpdateSchedule",
     lambda c: c.scheduler.update_schedule(Name=c.own.outputs["schedule"]["name"], **_schedule(c))),
    ("delete its own", "scheduler:DeleteSchedule",
     lambda c: c.scheduler.delete_schedule(Name=c.own.outputs["schedule"]["name"])),
    ("make another", "scheduler:CreateSchedule",
     lambda c: c.scheduler.create_schedule(Name=c.world.unused(), **_schedule(c))),
)  # fmt: skip


def _become(c: Cell, role_arn: str) -> Any:
    return c.sts.assume_role(RoleArn=role_arn, RoleSessionName="other")


def _exchange(c: Cell, subject: str) -> Any:
    reader = c.world.instance("beta").outputs["reader"]["arn"]
    return c.sts.assume_role_with_web_identity(
        RoleArn=reader, RoleSessionName="feed", WebIdentityToken=c.world.aws.google_token(subject)
    )


_rows(
    "Identity",
    ("call GetCallerIdentity", "sts:GetCallerIdentity", lambda c: c.sts.get_caller_identity(), SIGNED),
    ("exchange the feed's Google token for the reader role", "sts:AssumeRoleWithWebIdentity",
     lambda c: _exchange(c, SUBJECT), ALL),
    ("exchange another Google token for the reader role", "sts:AssumeRoleWithWebIdentity",
     lambda c: _exchange(c, "200000000000000000002")),
    ("become the collector", "sts:AssumeRole", lambda c: _become(c, c.own.outputs["role"]["arn"])),
    ("become the scheduler", "sts:AssumeRole", lambda c: _become(c, c.own.outputs["schedule"]["role_arn"])),
    ("assume the reader role", "sts:AssumeRole",
     lambda c: _become(c, c.world.instance("beta").outputs["reader"]["arn"])),
    ("create an access key for the reader user", "iam:CreateAccessKey",
     lambda c: c.iam.create_access_key(UserName=c.world.instance("alpha").outputs["reader"]["name"])),
    ("make a user", "iam:CreateUser", lambda c: c.iam.create_user(UserName=f"made-{c.world.unused()}")),
    ("list users", "iam:ListUsers", lambda c: c.iam.list_users()),
    ("change the collector's policies", "iam:PutRolePolicy",
     lambda c: c.iam.put_role_policy(RoleName=c.own.collector_role, PolicyName="more", PolicyDocument=POLICY)),
    ("attach a policy to the collector", "iam:AttachRolePolicy",
     lambda c: c.iam.attach_role_policy(RoleName=c.own.collector_role,
                                        PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")),
    ("change the writer policy", "iam:CreatePolicyVersion",
     lambda c: c.iam.create_policy_version(PolicyArn=c.own.outputs["role"]["policy_arn"], PolicyDocument=POLICY,
                                           SetAsDefault=True)),
    ("change the trust policy of the collector's role", "iam:UpdateAssumeRolePolicy",
     lambda c: c.iam.update_assume_role_policy(RoleName=c.own.collector_role, PolicyDocument=POLICY)),
)  # fmt: skip


# --- the deployer and locked versions ---------------------------------------------------------------------------------

LOCK_MODES = ("GOVERNANCE", "COMPLIANCE")


@dataclass(frozen=True)
class Attempt:
    """How a deployer tries to delete a locked version: its first steps, and the modes in which it succeeds."""

    how: str
    first: Callable[[Cell, Any], object] = lambda cell, s3: None
    bypass: bool = False
    deletes_in: tuple[str, ...] = ()

    def make(self, cell: Cell, s3: Any, version: Mapping[str, str]) -> None:
        self.first(cell, s3)
        s3.delete_object(**version, **({"BypassGovernanceRetention": True} if self.bypass else {}))


def _allow_itself(cell: Cell, s3: Any) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": cell.world.deployer_arn(cell.own)},
        "Action": ["s3:BypassGovernanceRetention", "s3:DeleteObjectVersion"],
        "Resource": f"arn:aws:s3:::{cell.own.bucket}/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    s3.put_bucket_policy(Bucket=cell.own.bucket, Policy=policy)


def _delete_policy(cell: Cell, s3: Any) -> None:
    s3.delete_bucket_policy(Bucket=cell.own.bucket)


def _suspend_versions(cell: Cell, s3: Any) -> None:
    s3.put_bucket_versioning(Bucket=cell.own.bucket, VersioningConfiguration={"Status": "Suspended"})


def _delete_bucket(cell: Cell, s3: Any) -> None:
    s3.delete_bucket(Bucket=cell.own.bucket)


ATTEMPTS = (
    Attempt("deletes the version"),
    Attempt("deletes the version, bypassing the lock", bypass=True),
    Attempt("deletes the bucket", _delete_bucket),
    Attempt("suspends the bucket's versioning, then deletes the version", _suspend_versions),
    Attempt("deletes the bucket's policy, then the version", _delete_policy),
    Attempt("deletes the bucket's policy, then the version, bypassing the lock", _delete_policy, bypass=True),
    Attempt(
        "allows itself `s3:BypassGovernanceRetention` by the bucket's policy, then deletes the version, bypassing the"
        " lock",
        _allow_itself,
        bypass=True,
        deletes_in=("GOVERNANCE",),
    ),
)


# --- who may assume a role -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trust:
    """An AWS service that assumes a role, with its condition keys; evaluated on the trust policies."""

    who: str
    service: str
    role: str
    allowed: bool
    source: Mapping[str, str] = field(default_factory=dict)


ACCOUNT = "123456789012"
_GROUP = f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule-group/"
_LAMBDA, _SCHEDULER = "lambda.amazonaws.com", "scheduler.amazonaws.com"
_OWN = {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": f"{_GROUP}default"}
_OTHERS = {key: value.replace(ACCOUNT, "999999999999") for key, value in _OWN.items()}
TRUST = (
    Trust("Lambda", _LAMBDA, "collector", True),
    Trust("Lambda", _LAMBDA, "scheduler", False),
    Trust("Lambda", _LAMBDA, "reader", False),
    Trust("EC2", "ec2.amazonaws.com", "collector", False),
    Trust("EventBridge Scheduler, for the default schedule group", _SCHEDULER, "scheduler", True, _OWN),
    Trust("EventBridge Scheduler, for another group", _SCHEDULER, "scheduler", False,
          {**_OWN, "aws:SourceArn": f"{_GROUP}other"}),
    Trust("EventBridge Scheduler, for another account", _SCHEDULER, "scheduler", False, _OTHERS),
    Trust("EventBridge Scheduler, without a source", _SCHEDULER, "scheduler", False),
    Trust("EventBridge Scheduler, for the default schedule group", _SCHEDULER, "collector", False, _OWN),
    Trust("EventBridge Scheduler, for the default schedule group", _SCHEDULER, "reader", False, _OWN),
)  # fmt: skip


# --- trying calls ----------------------------------------------------------------------------------------------------

DENIALS = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
UNSIGNED = "MissingAuthenticationToken"
"""The error of every service except S3 and SQS for unsigned requests, before any policy is evaluated."""


class UnexpectedOutcomeError(AssertionError):
    """A call was neither allowed nor denied."""


def is_allowed(cell: Cell, row: Row) -> bool:
    """Make the call, or evaluate it; raise `UnexpectedOutcomeError` if it neither succeeds nor is denied."""
    if isinstance(row.call, Evaluated):
        judged = cell.world.judged_as(cell.principal)
        return cell.world.aws.judge(judged, row.action, row.call.resource(cell), row.call.context(cell))
    try:
        answer = row.call(cell)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        denials = (*DENIALS, UNSIGNED) if cell.principal is Principal.ANONYMOUS else DENIALS
        if code in denials or (code == "403" and error.operation_name.startswith("Head")):
            return False
        if code == row.answer:
            return True
        raise UnexpectedOutcomeError(f"{cell.principal.value}: {row.group}: {row.does}: {error}") from error
    if errors := answer.get("Errors"):
        if all(error["Code"] in DENIALS for error in errors):
            return False
        raise UnexpectedOutcomeError(f"{cell.principal.value}: {row.group}: {row.does}: {errors}")
    if row.answer:
        raise UnexpectedOutcomeError(
            f"{cell.principal.value}: {row.group}: {row.does}: succeeded, without {row.answer}"
        )
    return True


def arrange(world: World, principals: Iterable[Principal] = ALL) -> None:
    """Create what the calls need, as the account's root, so that no denial is only a "not found"."""
    logs = world.root("logs")
    for name in ("alpha", "beta"):
        instance = world.instance(name)
        kept = f"{instance.prefix}2026/03/10/kept.json.gz"
        s3 = world.collector(instance)
        s3.put_object(Bucket=instance.bucket, Key=kept, Body=BODY, IfNoneMatch="*")
        s3.put_object(Bucket=instance.bucket, Key=instance.state_key, Body=BODY)
        logs.create_log_stream(logGroupName=instance.log_group, logStreamName="stream")
    for principal in principals:
        world.keys(principal)
