"""The meaning of S3's answers, with a role that may list only its own prefixes."""

from __future__ import annotations

import io
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ParamValidationError
from standins.s3_memory import MemoryS3, client_error
from zoom_operationlogs import clients
from zoom_operationlogs.bucket import Bucket
from zoom_operationlogs.deadline import Deadline
from zoom_operationlogs.errors import (
    AccessDeniedError,
    NotFoundError,
    OutcomeUnknownError,
    StorageError,
    StorageUnavailableError,
    WriteConflictError,
)
from zoom_operationlogs.s3_errors import translate_errors
from zoom_operationlogs.settings import ObjectLock, Settings


class Confined(MemoryS3):
    """Answers a read with 403, as S3 does for a missing key if the caller may not list the whole bucket."""

    def get_object(self, **_request: object) -> dict[str, object]:
        raise client_error("GetObject", 403, "AccessDenied")


def bucket(s3: MemoryS3) -> Bucket:
    return Bucket(s3, s3.bucket, Deadline(lambda: 60.0, 0.0), lambda _seconds: None)  # type: ignore[arg-type]


def test_a_missing_key_is_distinguished_from_a_forbidden_one() -> None:
    s3 = Confined()
    with pytest.raises(NotFoundError):
        bucket(s3).current("state.json")
    s3.put("state.json.old", b"")
    with pytest.raises(NotFoundError):
        bucket(s3).current("state.json")
    s3.put("state.json", b"")
    with pytest.raises(AccessDeniedError, match="grant the collector's role that permission"):
        bucket(s3).current("state.json")


DENIED_BY = "the service control policies (SCPs) and the resource control policies (RCPs)"


@pytest.mark.parametrize(
    ("message", "quoted"),
    [
        ("Access Denied", "(AccessDenied)"),
        (
            "User: arn:aws:sts::1:assumed-role/f is not authorized … with an explicit deny in a resource-based policy",
            "(AccessDenied, with an explicit deny in a resource-based policy)",
        ),
        ("… with an explicit deny in a service control policy", "with an explicit deny in a service control policy)"),
        ("… with an explicit deny in a resource control policy", "with an explicit deny in a resource control policy)"),
        (
            "… because no identity-based policy allows the kms:GenerateDataKey action",
            "(AccessDenied, because no identity-based policy allows the kms:GenerateDataKey action)",
        ),
    ],
)
def test_a_denied_write_names_the_policies_that_may_deny_it(message: str, quoted: str) -> None:
    error = client_error("PutObject", 403, "AccessDenied")
    error.response["Error"]["Message"] = message
    with pytest.raises(AccessDeniedError) as failure, translate_errors("s3:PutObject", "logs", "key"):
        raise error
    sentence = str(failure.value)
    assert quoted in sentence
    assert f"look for a Deny in the bucket policy, {DENIED_BY}" in sentence
    assert sentence.endswith("such as one that requires another encryption header (S3_SSE).")
    assert "assumed-role" not in sentence


def test_a_denied_read_does_not_mention_encryption_headers() -> None:
    with pytest.raises(AccessDeniedError) as failure, translate_errors("s3:GetObject", "logs", "key"):
        raise client_error("GetObject", 403, "AccessDenied")
    assert str(failure.value).endswith(f"{DENIED_BY}.")


def test_an_unusable_kms_key_is_reported() -> None:
    sentence = r"\(KMS\.DisabledException\): let the KMS key be enabled .* S3_SSE_KMS_KEY_ARN"
    with pytest.raises(StorageError, match=sentence), translate_errors("s3:PutObject", "logs", "key"):
        raise client_error("PutObject", 400, "KMS.DisabledException")


@pytest.mark.parametrize("replaces", [None, "etag"])
def test_every_write_sends_the_encryption_header(replaces: str | None) -> None:
    s3, encryption = MemoryS3(), {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "key"}
    at = Bucket(s3, s3.bucket, Deadline(lambda: 60.0, 0.0), lambda _seconds: None, encryption)  # type: ignore[arg-type]
    etag = at.put("key", b"1", replaces=None) if replaces else None
    at.put("key", b"2", replaces=etag)
    assert [version.encryption for version in s3.ever_written()] == [encryption] * (2 if replaces else 1)


LOCK = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": datetime(2026, 6, 8, tzinfo=UTC)}


def locking(s3: MemoryS3) -> Bucket:
    def retention() -> dict[str, Any]:
        return {**LOCK, "ChecksumAlgorithm": "SHA256"}

    deadline = Deadline(lambda: 60.0, 0.0)
    return Bucket(s3, s3.bucket, deadline, lambda _seconds: None, retention=retention)  # type: ignore[arg-type]


def test_only_objects_of_records_are_locked() -> None:
    s3 = MemoryS3(object_lock=True)
    at = locking(s3)
    at.add_records("records", b"1", ContentType="application/gzip")
    at.put("checkpoint", b"2", replaces=at.put("checkpoint", b"1", replaces=None))
    locks = {version.key: version.lock for version in s3.ever_written()}
    assert locks == {"checkpoint": None, "records": tuple(LOCK.values())}
    with pytest.raises(WriteConflictError):
        at.add_records("records", b"2")


def test_a_bucket_without_object_lock_is_reported() -> None:
    sentence = r"S3 refuses s3:PutObject or s3:PutObjectRetention on .*records \(InvalidRequest\): turn on Object Lock"
    with pytest.raises(StorageError, match=sentence):
        locking(MemoryS3()).add_records("records", b"1")


def test_a_locked_object_has_a_checksum_even_if_boto3_sends_none_by_default() -> None:
    keys = {"aws_access_key_id": "id", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
    config = Config(request_checksum_calculation="when_required")
    s3 = boto3.client("s3", endpoint_url="http://localhost:1", config=config, **keys)
    sent: list[dict[str, bytes]] = []

    def answer(request: Any, **_: object) -> AWSResponse:
        sent.append(dict(request.headers))
        return AWSResponse(request.url, 200, {"ETag": '"1"'}, SimpleNamespace(stream=lambda: [b""]))

    s3.meta.events.register("before-send.s3", answer)
    settings = Settings(bucket="logs", secret_id="zoom", lock=ObjectLock("GOVERNANCE", 1))
    now = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
    at = Bucket(s3, "logs", Deadline(lambda: 60.0, 0.0), lambda _: None, retention=lambda: settings.retention(now))
    at.add_records("records", b"1")
    at.put("checkpoint", b"1", replaces=None)
    locked, free = ({name.lower(): value for name, value in headers.items()} for headers in sent)
    assert locked["x-amz-checksum-sha256"] == b64encode(sha256(b"1").digest())
    assert locked["x-amz-object-lock-mode"] == b"GOVERNANCE"
    assert locked["x-amz-object-lock-retain-until-date"] == b"2026-03-11T09:30:00Z"
    assert [name for name in free if "lock" in name or "checksum" in name] == []


def test_a_missing_bucket_is_reported() -> None:
    with (
        pytest.raises(StorageError, match="There is no bucket logs: correct S3_BUCKET"),
        translate_errors("x", "logs", "key"),
    ):
        raise client_error("GetObject", 404, "NoSuchBucket")


def test_the_client_sends_a_write_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A retry in the SDK would conflict with its own object, or rewrite what a feed has read and deleted."""
    for name, value in {"REGION": "us-east-1", "ACCESS_KEY_ID": "id", "SECRET_ACCESS_KEY": "key"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    client = clients.s3.__wrapped__()
    sent = []

    class Body(io.BytesIO):
        def stream(self) -> Any:
            yield b""

    def unavailable(request: AWSRequest, **_: Any) -> AWSResponse:
        sent.append(request.method)
        return AWSResponse(request.url, 503, {}, Body())

    client.meta.events.register("before-send.s3", unavailable)
    with pytest.raises(OutcomeUnknownError), translate_errors("PutObject", "bucket", "key"):
        client.put_object(Bucket="bucket", Key="key", Body=b"", IfNoneMatch="*")
    assert sent == ["PUT"]


def test_too_old_a_boto3_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda's runtime has its own boto3: versions before 1.35.69 do not support IfMatch."""
    monkeypatch.setattr(boto3, "__version__", "1.34.145")
    with (
        pytest.raises(StorageError, match=r"boto3 1\.34\.145 .* s3:PutObject on s3://logs/key: .* runtime"),
        translate_errors("s3:PutObject", "logs", "key"),
    ):
        raise ParamValidationError(report='Unknown parameter in input: "IfMatch"')


# Invalid answers from S3

NO_LISTING: dict[str, dict[str, Any]] = {
    "nothing": {},
    "no name": {"Prefix": "p/", "IsTruncated": False},
    "another bucket": {"Name": "other", "Prefix": "p/", "IsTruncated": False},
    "another prefix": {"Name": "zoom-operation-logs", "Prefix": "", "IsTruncated": False},
    "not said whether it is whole": {"Name": "zoom-operation-logs", "Prefix": "p/"},
    "cut off": {"Name": "zoom-operation-logs", "Prefix": "p/", "IsTruncated": True},
}


@pytest.mark.parametrize("answer", NO_LISTING.values(), ids=NO_LISTING.keys())
def test_an_answer_without_a_listing_is_not_an_empty_archive(
    answer: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    s3 = Confined()
    monkeypatch.setattr(s3, "paginate", lambda **_: iter([answer]))
    monkeypatch.setattr(s3, "list_objects_v2", lambda **_: answer)
    for call in (lambda: bucket(s3).versions("p/"), lambda: bucket(s3).current("p/")):
        with pytest.raises(StorageUnavailableError):
            call()


def test_only_the_wanted_keys_of_a_listing_are_kept() -> None:
    s3 = MemoryS3()
    for number in range(2500):
        s3.put(f"p/{number:04}", b"")
    assert [version.key for version in bucket(s3).versions("p/", lambda key: key.endswith("99"))] == [
        f"p/{number:04}" for number in range(99, 2500, 100)
    ]


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        RuntimeError("x"),
        RecursionError(),
        TypeError("x"),
        OverflowError(),
        AttributeError(),
        OSError(),
    ],
    ids=repr,
)
def test_any_exception_of_the_sdk_is_an_unusable_answer(error: Exception) -> None:
    with pytest.raises(OutcomeUnknownError, match=type(error).__name__), translate_errors("x", "logs", "key"):
        raise error


@pytest.mark.parametrize(
    "headers",
    [
        {"Last-Modified": "yesterday"},
        {"Last-Modified": "1e999"},
        {"Content-Length": "9" * 5000},
        {"x-amz-missing-meta": "abc"},
        {"x-amz-object-lock-retain-until-date": "never"},
        {"x-amz-checksum-crc32": "a"},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_headers_that_the_sdk_cannot_parse(headers: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"REGION": "us-east-1", "ACCESS_KEY_ID": "id", "SECRET_ACCESS_KEY": "key"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    client = clients.s3.__wrapped__()

    class Body(io.BytesIO):
        def stream(self) -> Any:
            yield b"x"

    client.meta.events.register(
        "before-send.s3",
        lambda request, **_: AWSResponse(request.url, 200, {"ETag": '"e"', **headers}, Body(b"x")),
    )
    with pytest.raises(StorageUnavailableError):
        Bucket(client, "logs", Deadline(lambda: 60.0, 0.0), lambda _seconds: None).current("key")


def test_a_body_in_many_pieces_is_joined_up_to_its_limit() -> None:
    class Drops(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(7, size or 0))

    s3 = MemoryS3()
    s3.put("key", b"0123456789" * 10)
    get = s3.get_object
    s3.get_object = lambda **request: (answer := get(**request)) | {"Body": Drops(answer["Body"].read())}  # type: ignore[method-assign]
    assert bucket(s3).current("key")[0] == b"0123456789" * 10
    assert bucket(s3).current("key", 100)[0] == b"0123456789" * 10
    assert bucket(s3).current("key", 99)[0] == b""
    assert bucket(s3).current("key", 1000, 20, lambda start: start == b"0123456789" * 2)[0] == b"0123456789" * 10
    assert bucket(s3).current("key", 1000, 20, lambda start: start != b"0123456789" * 2)[0] == b""
