"""The guide's loop as a Lambda function, with credentials in the environment."""

from __future__ import annotations

import io
import os
from datetime import UTC, datetime
from typing import Any
from urllib.request import Request, urlopen

import boto3
from bench.yardstick import Yardstick

s3 = boto3.client("s3")
BUCKET = os.environ["S3_BUCKET"]


def _open_url(request: Request) -> bytes:
    with urlopen(request, timeout=int(os.environ["TIMEOUT"])) as answer:
        body: bytes = answer.read()
    return body


LOOP = Yardstick(
    os.environ["ZOOM_OAUTH_URL"],
    os.environ["ZOOM_API_URL"],
    os.environ["ZOOM_ACCOUNT_ID"],
    os.environ["ZOOM_CLIENT_ID"],
    os.environ["ZOOM_CLIENT_SECRET"],
    _open_url,
    lambda key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read(),
    lambda key, body: s3.upload_fileobj(io.BytesIO(body), BUCKET, key),
    lambda key, body: s3.put_object(Bucket=BUCKET, Key=key, Body=body),
    page_size=int(os.environ["PAGE_SIZE"]),
)


def lambda_handler(event: Any = None, context: Any = None) -> dict[str, Any]:
    return {"ok": True, "written": LOOP.run(datetime.now(UTC))}
