"""Reading the checkpoint: existing, missing and denied."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from standins.s3_memory import MemoryS3, client_error
from zoom_operationlogs.checkpoint import Checkpoint
from zoom_operationlogs.checkpoint_format import encode
from zoomlogs.checkpoint import CheckpointSummary, fetch, read_summary
from zoomlogs.deployment import Deployment

KEY = "zoom/operationlogs-state/state.json"
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
AT = Deployment({"bucket": {"name": "zoom-operation-logs", "state_key": KEY}})
OWING = Checkpoint(date(2026, 1, 5), date(2026, 3, 6))
OWING.owe(date(2026, 2, 1), NOON, 300)
READERS = [fetch, read_summary]


class Streaming(MemoryS3):
    """Answers with a body as boto3 does, and keeps the last."""

    def get_object(self, **request: Any) -> dict[str, Any]:
        answer = super().get_object(**request)
        raw = answer["Body"]
        self.body_given = StreamingBody(raw, len(raw.getvalue()))
        return {**answer, "Body": self.body_given}


class Forbidding(Streaming):
    """Answers every read with 403, as S3 does for a missing key without the right to list the bucket."""

    def get_object(self, **_request: Any) -> dict[str, Any]:
        raise client_error("GetObject", 403, "AccessDenied")


class Blind(Forbidding):
    """Denies the listing too."""

    def list_objects_v2(self, **_request: Any) -> dict[str, Any]:
        raise client_error("ListObjectsV2", 403, "AccessDenied")


def test_a_checkpoint_is_read() -> None:
    s3: Any = Streaming(clock=lambda: NOON)
    s3.put(KEY, encode(OWING))
    assert fetch(s3, AT) == (encode(OWING), NOON)
    assert read_summary(s3, AT) == CheckpointSummary(frozenset([date(2026, 2, 1)]))
    assert s3.body_given._raw_stream.closed  # the rest stays unread


@pytest.mark.parametrize("bucket", [Streaming, Forbidding])
def test_without_a_checkpoint_nothing_is_owed(bucket: type[MemoryS3]) -> None:
    s3: Any = bucket()
    assert fetch(s3, AT) is None
    assert read_summary(s3, AT) == CheckpointSummary()
    s3.put(f"{KEY}.old", b"")
    assert read_summary(s3, AT) == CheckpointSummary()


@pytest.mark.parametrize("read", READERS)
def test_a_denied_checkpoint_is_not_missing(read: Any) -> None:
    s3: Any = Forbidding()
    s3.put(KEY, encode(OWING))
    with pytest.raises(ClientError, match="AccessDenied"):
        read(s3, AT)


@pytest.mark.parametrize("read", READERS)
def test_without_the_right_to_list_it_is_unknown(read: Any) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        read(Blind(), AT)
