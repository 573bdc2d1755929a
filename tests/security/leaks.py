"""Searches everything that a deployment leaves for secret values: files, answers, logs, objects, compressed or not."""

from __future__ import annotations

import base64
import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from standins.aws import AwsStandIn

Places = dict[str, bytes]
"""The searched places by name, with their bytes."""


def found(secrets: Mapping[str, str], places: Mapping[str, bytes]) -> list[str]:
    """Return which secret is in which place, in any of its encodings."""
    return [
        f"{name} is in {inside}"
        for place, data in places.items()
        for inside, content in unpacked(place, data)
        for name, value in secrets.items()
        if any(spelling in content for spelling in spellings(value))
    ]


def spellings(value: str) -> set[bytes]:
    """Return a value unchanged, escaped as in JSON and URLs, and as base64 encodes it at any offset."""
    raw = value.encode()
    shifted = (base64.b64encode(b"\0" * before + raw)[4 if before else 0 :].rstrip(b"=") for before in range(3))
    inside = {text[:-1] if (len(raw) + before) % 3 else text for before, text in enumerate(shifted)}
    urlsafe = {text.replace(b"+", b"-").replace(b"/", b"_") for text in inside}
    return {
        raw,
        json.dumps(value)[1:-1].encode(),
        json.dumps(value, ensure_ascii=False)[1:-1].encode(),
        quote(value, safe="").encode(),
        *inside,
        *urlsafe,
    }


def unpacked(place: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """Return the bytes, and what they contain: gzip, zlib, members of zip files, also nested."""
    yield place, data
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.namelist():
                yield from unpacked(f"{place} > {member}", archive.read(member))
    elif data[:2] == b"\x1f\x8b":
        yield from unpacked(f"{place} > gzip", gzip.decompress(data))
    elif data[:1] == b"\x78":
        try:
            yield from unpacked(f"{place} > zlib", zlib.decompress(data))
        except zlib.error:
            return


def in_folder(folder: Path) -> Places:
    """Add every file below a folder, except the providers, which Terraform downloads."""
    files = (path for path in folder.rglob("*") if path.is_file() and "providers" not in path.relative_to(folder).parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def as_json(**values: Any) -> Places:
    """Add values as JSON."""
    return {name: json.dumps(value, default=str, ensure_ascii=False).encode() for name, value in values.items()}


def in_account(aws: AwsStandIn) -> Places:
    """Add an account's contents, except the secrets' values: objects, functions, queues, logs, policies."""
    return {**_objects(aws), **_functions(aws), **_queues(aws), **_logs(aws), **_descriptions(aws)}


def _objects(aws: AwsStandIn) -> Places:
    s3, places = aws.client("s3"), Places()
    for bucket in (one["Name"] for one in s3.list_buckets()["Buckets"]):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for version in page.get("Versions", []):
                name = {"Bucket": bucket, "Key": version["Key"], "VersionId": version["VersionId"]}
                place = f"s3://{bucket}/{version['Key']} {version['VersionId']}"
                answer = s3.get_object(**name)
                places[place] = answer.pop("Body").read()
                tags = s3.get_object_tagging(**name)["TagSet"]
                places |= as_json(**{f"{place} > metadata": [answer, tags]})
    return places


def _functions(aws: AwsStandIn) -> Places:
    functions = aws.client("lambda")
    names = [one["FunctionName"] for one in functions.list_functions()["Functions"]]
    return as_json(**{f"function {name}": functions.get_function(FunctionName=name) for name in names})


def _queues(aws: AwsStandIn) -> Places:
    sqs, places = aws.client("sqs"), Places()
    for url in sqs.list_queues().get("QueueUrls", []):
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
        places |= as_json(**{f"queue {url}": messages})
    return places


def _logs(aws: AwsStandIn) -> Places:
    logs, places = aws.client("logs"), Places()
    for group in (one["logGroupName"] for one in logs.describe_log_groups()["logGroups"]):
        places |= as_json(**{f"log group {group}": logs.filter_log_events(logGroupName=group)["events"]})
    return places


def _descriptions(aws: AwsStandIn) -> Places:
    iam = aws.client("iam")
    return as_json(
        secrets=aws.client("secretsmanager").list_secrets()["SecretList"],
        schedules=[
            aws.client("scheduler").get_schedule(Name=one["Name"])
            for one in aws.client("scheduler").list_schedules()["Schedules"]
        ],
        iam=iam.get_account_authorization_details(),
    )
