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
