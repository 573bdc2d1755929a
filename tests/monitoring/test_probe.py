"""The handler's probe of the write-once rule: what it tries, reports, and leaves."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from datetime import timedelta
from typing import Any

import pytest
from standins.s3_memory import client_error
from zoom_operationlogs import handler
from zoom_operationlogs.errors import AccessDeniedError, NotWriteOnceError, StorageUnavailableError

from .recorder import START, STATE_KEY, Collected, collected

PREFIX = "zoom/operationlogs/"
PROBE = {"action": "probe"}


def newest(world: Collected) -> str:
    return max(world.s3.keys(PREFIX))


def filled(world: Collected, days: int = 2) -> Collected:
    """Collect some days of records."""
    for back in range(days):
        world.zoom.add_day((START - timedelta(days=back)).date(), 20, seed=back)
    world.run()
    assert len(world.s3.keys(PREFIX)) >= days
    return world


def probed(world: Collected) -> tuple[Any, list[dict[str, Any]]]:
    """Probe; return the result, and the printed metrics."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        context = type("Context", (), {"aws_request_id": "an-id", "get_remaining_time_in_millis": lambda _: 300_000})()
        result = handler.lambda_handler(PROBE, context)
    return result, [json.loads(line) for line in printed.getvalue().splitlines()]


def test_s3_refuses_to_overwrite_the_newest_record_and_nothing_changes(caplog: pytest.LogCaptureFixture) -> None:
    with collected() as world:
        filled(world)
        before = [(version.key, version.version_id, version.body) for version in world.s3.ever_written()]
        world.s3.calls.clear()
        caplog.clear()
        result, metrics = probed(world)
        assert result == {
            "ok": True,
            "date": START.date().isoformat(),
            "key": newest(world),
            "sentence": f"S3 refuses to write over s3://{world.s3.bucket}/{newest(world)} (412), as it must.",
        }
        assert world.s3.calls["put_object"] == 1
        assert [(version.key, version.version_id, version.body) for version in world.s3.ever_written()] == before
        assert metrics == []
        [line] = caplog.records
        assert (line.message, vars(line)["action"], vars(line)["ok"]) == ("run ended", "probe", True)


def test_it_needs_neither_credentials_nor_zoom() -> None:
    with collected() as world:
        filled(world)
        world.secrets.text = None
        world.zoom.faults.rule = lambda _request: pytest.fail("Zoom was asked")
        assert world.run(PROBE)["ok"] is True  # type: ignore[index]


def test_a_store_that_ignores_the_condition_fails_the_run() -> None:
    with collected() as world:
        filled(world)
        key, put = newest(world), world.s3.put_object
        before = world.s3.body(key)
        world.s3.put_object = lambda **given: put(**{**given, "IfNoneMatch": None})  # type: ignore[method-assign]
        with pytest.raises(
            NotWriteOnceError, match=rf"^S3 did not refuse to write over s3://.*{key} with If-None-Match"
        ):
            probed(world)
        assert world.s3.body(key) == before  # one more version with the same bytes
        assert world.run(PROBE) is None  # a failure for Lambda


def test_with_a_feed_that_deletes_nothing_is_tried() -> None:
    with collected() as world:
        filled(world)
        world.setenv(FEED_DELETES="true")
        world.s3.calls.clear()
        result, _ = probed(world)
        assert (result["ok"], result["key"]) == (False, None)
        assert "FEED_DELETES" in result["sentence"]
        assert world.s3.calls == {}


def test_without_a_record_nothing_is_tried() -> None:
    with collected() as world:
        world.s3.put(f"{PREFIX}zoom-operationlogs-1-of-the-guide.json", b"{}")
        world.s3.put(STATE_KEY, b"x")
        result, _ = probed(world)
        assert (result["ok"], result["key"]) == (False, None)
        assert "has no object of this collector" in result["sentence"]
        assert "put_object" not in world.s3.calls


def test_an_object_behind_a_delete_marker_is_not_tried() -> None:
    with collected() as world:
        filled(world)
        deleted = newest(world)
        world.s3.delete(deleted)
        result, _ = probed(world)
        assert result["ok"]
        assert result["key"] == newest(world) < deleted


def test_an_old_archive_is_tried_too_and_foreign_objects_are_not() -> None:
    with collected() as world:
        filled(world)
        expected = newest(world)
        world.s3.put(f"{PREFIX}zz/somebody-elses.json", b"{}")
        world.clock.advance(90 * 86400)
        assert probed(world)[0]["key"] == expected


@pytest.mark.parametrize(
    ("status", "code", "raised"), [(403, "AccessDenied", AccessDeniedError), (503, "SlowDown", StorageUnavailableError)]
)
def test_another_kind_of_refusal_is_no_proof(status: int, code: str, raised: type[Exception]) -> None:
    def refuse(operation: str, _key: str) -> None:
        if operation == "put_object":
            raise client_error("PutObject", status, code)

    with collected() as world:
        filled(world)
        world.s3.before = refuse
        with pytest.raises(raised):
            probed(world)


def test_a_temporary_conflict_is_retried() -> None:
    with collected() as world:
        filled(world)
        left = iter([409])

        def conflict(operation: str, _key: str) -> None:
            if operation == "put_object" and next(left, None):
                raise client_error("PutObject", 409, "ConditionalRequestConflict")

        world.s3.before = conflict
        assert probed(world)[0]["ok"]


def test_a_probe_is_not_counted_as_a_run() -> None:
    with collected() as world:
        filled(world)
        of_collector = {
            metric: list(samples)
            for metric, samples in world.recording.samples.items()
            if metric.namespace == "ZoomOperationLogs"
        }
        world.clock.advance(60)
        world.run(PROBE)
        assert of_collector == {
            metric: samples
            for metric, samples in world.recording.samples.items()
            if metric.namespace == "ZoomOperationLogs"
        }
