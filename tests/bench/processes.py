"""Starts the host of the stand-ins and the measured processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import boto3

HERE = Path(__file__).resolve().parent
BUCKET = "zoom-operation-logs"
REGION = "us-east-1"
TEST_KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}


class MeasurementError(RuntimeError):
    """A process ended with an error; the message is its output."""


@dataclass(frozen=True)
class Host:
    """The addresses of the stand-ins."""

    where: dict[str, str]

    def new_archive(self) -> dict[str, str]:
        """Return the environment of a run whose archive is still empty."""
        number = next(_archives)
        return {
            "S3_BUCKET": BUCKET,
            "S3_PREFIX": f"archive-{number}/",
            "STATE_KEY": f"state-{number}/state.json",
            "AWS_ENDPOINT_URL": self.where["s3_url"],
            "ZOOM_OAUTH_URL": self.where["oauth_url"],
            "ZOOM_API_URL": self.where["api_url"],
            "ZOOM_ACCOUNT_ID": self.where["account"],
            "ZOOM_CLIENT_ID": self.where["client"],
            "ZOOM_CLIENT_SECRET": self.where["secret"],
            **TEST_KEYS,
        }

    def put(self, key: str, body: bytes) -> None:
        """Put an object into the bucket."""
        self._s3().put_object(Bucket=BUCKET, Key=key, Body=body)

    def size(self, key: str) -> int:
        """Return how many bytes an object has, 0 if there is none."""
        found = self._s3().list_objects_v2(Bucket=BUCKET, Prefix=key).get("Contents", [])
        return sum(each["Size"] for each in found)

    def make_bucket(self) -> None:
        """Create the bucket, with versioning."""
        self._s3().create_bucket(Bucket=BUCKET)
        self._s3().put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})

    def _s3(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.where["s3_url"],
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )


_archives = count(1)


@contextmanager
def host(days: dict[date, int], *, latency: float = 0.0) -> Iterator[Host]:
    """Serve a report with these numbers of records by day, and an empty bucket."""
    job = json.dumps({"days": {str(day): records for day, records in days.items()}, "latency": latency})
    with subprocess.Popen(
        [sys.executable, HERE / "host.py", job], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            first = process.stdout.readline()
            if not first:
                raise MeasurementError("The stand-ins did not start.")
            served = Host(json.loads(first))
            served.make_bucket()
            yield served
        finally:
            process.terminate()


def measured(what: str, job: list[Any], environment: dict[str, str] | None = None) -> dict[str, Any]:
    """Run `measured.py` in a new process; return its figures."""
    done = subprocess.run(
        [sys.executable, HERE / "measured.py", what, json.dumps(job)],
        env={**_own_environment(), **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise MeasurementError(f"Measuring the {what} failed:\n{done.stderr[-3000:]}")
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


def _own_environment() -> dict[str, str]:
    """Return this process's environment without variables that redirect boto3."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ZOOM_"))}
