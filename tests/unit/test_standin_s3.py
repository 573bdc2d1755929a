"""The S3 in memory and moto's server give the same answers."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from standins.aws import AwsStandIn
from standins.s3_memory import PAGE, MemoryS3

BUCKET = "zoom-operation-logs"
KEY = "zoom/operationlogs/2026/03/10/a.json.gz"


@pytest.fixture(params=["memory", pytest.param("moto", marks=pytest.mark.slow)])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def bucket(kind: str, request: pytest.FixtureRequest, *, versioned: bool) -> Any:
    """Return a client of a bucket of that kind, empty."""
    if kind == "memory":
        return MemoryS3(bucket=BUCKET, versioned=versioned)
    aws: AwsStandIn = request.getfixturevalue("aws")
    s3 = aws.client("s3")
    if BUCKET in {found["Name"] for found in s3.list_buckets()["Buckets"]}:
        aws.empty_bucket(BUCKET)
        s3.delete_bucket(Bucket=BUCKET)
    s3.create_bucket(Bucket=BUCKET)
    if versioned:
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return s3


@pytest.fixture
def versioned(kind: str, request: pytest.FixtureRequest) -> Any:
    return bucket(kind, request, versioned=True)


@pytest.fixture
def unversioned(kind: str, request: pytest.FixtureRequest) -> Any:
    return bucket(kind, request, versioned=False)


@pytest.fixture(params=[True, False], ids=["versioned", "unversioned"])
def either(kind: str, request: pytest.FixtureRequest) -> Any:
    return bucket(kind, request, versioned=request.param)


def put(s3: Any, body: bytes = b"body", key: str = KEY, **condition: Any) -> Any:
    return s3.put_object(Bucket=BUCKET, Key=key, Body=body, **condition)


def get(s3: Any, key: str = KEY, **version: str) -> bytes:
    return bytes(s3.get_object(Bucket=BUCKET, Key=key, **version)["Body"].read())


def delete(s3: Any, key: str = KEY) -> None:
    if isinstance(s3, MemoryS3):
        s3.delete(key)
    else:
        s3.delete_object(Bucket=BUCKET, Key=key)


def versions(s3: Any, prefix: str = "") -> list[tuple[str, str]]:
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET, Prefix=prefix)
    return [(found["Key"], found["VersionId"]) for page in pages for found in page.get("Versions", [])]


def refused(status: int, code: str, call: Any, *args: Any, **options: Any) -> None:
    with pytest.raises(ClientError) as refusal:
        call(*args, **options)
    response: Any = refusal.value.response
    assert (response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]) == (status, code)


def test_a_put_object_is_read(either: Any) -> None:
    answer = put(either, b"one", Metadata={"record-count": "1", "first-time": "2026-03-10T08:00:00+00:00"})
    assert get(either) == b"one"
    read = either.get_object(Bucket=BUCKET, Key=KEY)
    assert read["ETag"] == answer["ETag"]
    assert read["ETag"].startswith('"')
    assert read["Metadata"] == {"record-count": "1", "first-time": "2026-03-10T08:00:00+00:00"}


def test_the_same_body_has_the_same_etag_and_another_another(either: Any) -> None:
    assert put(either, b"one")["ETag"] == put(either, b"one")["ETag"] != put(either, b"two")["ETag"]


def test_put_if_absent(either: Any) -> None:
    put(either, b"one", IfNoneMatch="*")
    refused(412, "PreconditionFailed", put, either, b"two", IfNoneMatch="*")
    assert get(either) == b"one"
    put(either, b"elsewhere", KEY + "2", IfNoneMatch="*")


def test_put_if_absent_succeeds_over_a_delete_marker(versioned: Any) -> None:
    put(versioned, b"one", IfNoneMatch="*")
    delete(versioned)
    put(versioned, b"two", IfNoneMatch="*")
    assert get(versioned) == b"two"
    assert len(versions(versioned)) == 2


def test_put_if_match(either: Any) -> None:
    etag = put(either, b"one")["ETag"]
    newer = put(either, b"two", IfMatch=etag)["ETag"]
    refused(412, "PreconditionFailed", put, either, b"three", IfMatch=etag)
    assert get(either) == b"two"
    put(either, b"three", IfMatch=newer)


def test_put_if_match_on_a_missing_key(either: Any) -> None:
    refused(404, "NoSuchKey", put, either, IfMatch='"0123456789abcdef0123456789abcdef"')


def test_put_if_match_over_a_delete_marker(versioned: Any) -> None:
    etag = put(versioned, b"one")["ETag"]
    delete(versioned)
    refused(404, "NoSuchKey", put, versioned, b"two", IfMatch=etag)


def test_every_version_is_listed_newest_first_and_read(versioned: Any) -> None:
    put(versioned, b"one")
    put(versioned, b"two")
    delete(versioned)
    put(versioned, b"three")
    listed = versions(versioned)
    assert [key for key, _ in listed] == [KEY] * 3
    assert [get(versioned, VersionId=version) for _, version in listed] == [b"three", b"two", b"one"]
    assert len({version for _, version in listed}) == 3


def test_a_deleted_object_is_listed_and_read_by_version(versioned: Any) -> None:
    version = put(versioned, b"one")["VersionId"]
    delete(versioned)
    refused(404, "NoSuchKey", get, versioned)
    assert versions(versioned) == [(KEY, version)]
    assert get(versioned, VersionId=version) == b"one"


def test_keys_are_listed_in_order_and_by_prefix(versioned: Any) -> None:
    for key in ("b/2", "a/1", "b/10", "b/1", "c", "b"):
        put(versioned, key=key)
    assert [key for key, _ in versions(versioned)] == ["a/1", "b", "b/1", "b/10", "b/2", "c"]
    assert [key for key, _ in versions(versioned, "b/1")] == ["b/1", "b/10"]
    assert versions(versioned, "nothing") == []


def test_a_bucket_without_versions_keeps_the_last_and_calls_it_null(unversioned: Any) -> None:
    put(unversioned, b"one")
    put(unversioned, b"two")
    assert versions(unversioned) == [(KEY, "null")]
    assert get(unversioned, VersionId="null") == b"two"
    delete(unversioned)
    assert versions(unversioned) == []
    refused(404, "NoSuchKey", get, unversioned)


def test_present_keys_are_listed(either: Any) -> None:
    put(either, key="a/1")
    put(either, key="a/2")
    put(either, key="a/0")
    delete(either, "a/0")
    listed = either.list_objects_v2(Bucket=BUCKET, Prefix="a/", MaxKeys=1)
    assert [found["Key"] for found in listed["Contents"]] == ["a/1"]
    assert "Contents" not in either.list_objects_v2(Bucket=BUCKET, Prefix="b/", MaxKeys=1)
    later = either.list_objects_v2(Bucket=BUCKET, Prefix="a/", StartAfter="a/1")
    assert [found["Key"] for found in later["Contents"]] == ["a/2"]


def test_a_missing_key(either: Any) -> None:
    refused(404, "NoSuchKey", get, either)


def test_a_missing_bucket(either: Any) -> None:
    refused(404, "NoSuchBucket", either.get_object, Bucket="no-such-bucket", Key=KEY)
    refused(404, "NoSuchBucket", either.put_object, Bucket="no-such-bucket", Key=KEY, Body=b"")
    pages = either.get_paginator("list_object_versions").paginate(Bucket="no-such-bucket", Prefix="")
    refused(404, "NoSuchBucket", list, pages)


def test_a_listing_of_more_than_a_page() -> None:
    """Only in memory: over a socket it takes a thousand requests, and the paginator is the SDK's."""
    s3 = MemoryS3(bucket=BUCKET)
    for number in range(PAGE + 2):
        put(s3, key=f"{number:05}")
    assert [key for key, _ in versions(s3)] == [f"{number:05}" for number in range(PAGE + 2)]


def test_metadata_that_is_not_ascii_is_refused(either: Any) -> None:
    with pytest.raises((AssertionError, ParamValidationError), match=r"(?i)ascii"):
        put(either, Metadata={"name": "é"})


def test_exceptions_of_before_and_after() -> None:
    """Raised before, a call has no effect; raised after, it has."""
    s3 = MemoryS3(bucket=BUCKET)

    def fail(operation: str, key: str) -> None:
        raise TimeoutError(operation, key)

    s3.before = fail
    with pytest.raises(TimeoutError, match="put_object"):
        put(s3)
    s3.before = None
    assert not s3.keys()
    s3.after = fail
    with pytest.raises(TimeoutError, match="put_object"):
        put(s3)
    s3.after = None
    assert s3.keys() == [KEY]
    assert s3.calls == {"put_object": 2}
