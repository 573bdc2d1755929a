"""What S3's answers mean, where the role may list only its own prefixes."""

from __future__ import annotations

import io
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.exceptions import ParamValidationError
from standins.s3_memory import MemoryS3, client_error
from zoom_operationlogs import clients
from zoom_operationlogs.bucket import Bucket, translate_errors
from zoom_operationlogs.deadline import Deadline
from zoom_operationlogs.errors import AccessDeniedError, NotFoundError, OutcomeUnknownError, StorageError


class Confined(MemoryS3):
    """Answers a read with 403, as S3 does for a missing key where the whole bucket may not be listed."""

    def get_object(self, **_request: object) -> dict[str, object]:
        raise client_error("GetObject", 403, "AccessDenied")


def bucket(s3: MemoryS3) -> Bucket:
    return Bucket(s3, s3.bucket, Deadline(lambda: 60.0, 0.0), lambda _seconds: None)  # type: ignore[arg-type]


def test_a_missing_key_is_told_from_a_forbidden_one() -> None:
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


def test_a_denied_read_is_not_a_matter_of_encryption_headers() -> None:
    with pytest.raises(AccessDeniedError) as failure, translate_errors("s3:GetObject", "logs", "key"):
        raise client_error("GetObject", 403, "AccessDenied")
    assert str(failure.value).endswith(f"{DENIED_BY}.")


def test_a_key_that_cannot_be_used_is_named() -> None:
    sentence = r"\(KMS\.DisabledException\): let the KMS key be enabled .* S3_SSE_KMS_KEY_ARN"
    with pytest.raises(StorageError, match=sentence), translate_errors("s3:PutObject", "logs", "key"):
        raise client_error("PutObject", 400, "KMS.DisabledException")


@pytest.mark.parametrize("replaces", [None, "etag"])
def test_every_write_asks_for_the_encryption(replaces: str | None) -> None:
    s3, encryption = MemoryS3(), {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "key"}
    at = Bucket(s3, s3.bucket, Deadline(lambda: 60.0, 0.0), lambda _seconds: None, encryption)  # type: ignore[arg-type]
    etag = at.put("key", b"1", replaces=None) if replaces else None
    at.put("key", b"2", replaces=etag)
    assert [version.encryption for version in s3.ever_written()] == [encryption] * (2 if replaces else 1)


def test_a_missing_bucket_is_named() -> None:
    with (
        pytest.raises(StorageError, match="There is no bucket logs: correct S3_BUCKET"),
        translate_errors("x", "logs", "key"),
    ):
        raise client_error("GetObject", 404, "NoSuchBucket")


def test_the_client_sends_a_write_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A retry beneath the commit would meet its own object, or write again what a feed has read and deleted."""
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


def test_a_boto3_that_is_too_old_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda's runtime brings its own boto3: one from before 1.35.69 does not know IfMatch."""
    monkeypatch.setattr(boto3, "__version__", "1.34.145")
    with (
        pytest.raises(StorageError, match=r"boto3 1\.34\.145 .* s3:PutObject on s3://logs/key: .* runtime"),
        translate_errors("s3:PutObject", "logs", "key"),
    ):
        raise ParamValidationError(report='Unknown parameter in input: "IfMatch"')
