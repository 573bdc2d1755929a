"""docs/operations.md is complete and correct: an entry for each alarm, a row for each metric, and working recipes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from aws_lambda_powertools.metrics import MetricUnit
from bench.cost import ALARMS
from standins.deployment import multiset
from standins.s3_memory import MemoryS3
from zoom_operationlogs import run
from zoom_operationlogs.archive_object import decode
from zoom_operationlogs.errors import CollectorError, EmptySecretError, SettingsError, StorageError
from zoom_operationlogs.metrics import METRICS
from zoom_operationlogs.zoom_refusals import RULES
from zoomlogs.doctor import delivery_rules
from zoomlogs.doctor.checks import CHECKS
from zoomlogs.runs import REPORT, Line

from .conftest import Planned
from .operations import PAGE, entries, entries_by_name, log_fields, metrics, promised, section, text
from .recorder import FUNCTION, POLL, START, collected

DAY = timedelta(days=1)
PREFIX = "zoom/operationlogs/"
STATE_KEY = "zoom/operationlogs-state/state.json"


NUMBERS = {4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine"}


def test_the_table_of_metrics_is_the_collectors() -> None:
    assert list(metrics()) == list(METRICS)
    assert set(metrics().values()) == {MetricUnit.Count.value}
    assert section("The metrics").count("\n| `") == len(METRICS)


def test_the_page_counts_the_metrics_correctly() -> None:
    assert f"{NUMBERS[len(METRICS)]} metrics of" in text()


def sentences() -> list[tuple[type[CollectorError], str]]:
    """Return every message with which a run can fail, from the collector's code; … stands for a filled-in value."""
    kinds, found = {"refusal": StorageError}, []
    families = [CollectorError]
    while families:
        family = families.pop()
        kinds[family.__name__] = family
        families += family.__subclasses__()
    for file in Path(run.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds and node.args:
                [text] = node.args
                found.append((kinds[node.func.id], "".join(_constants(text))))
    return found + [(rule.error, rule.sentence) for rule in RULES if issubclass(rule.error, CollectorError)]


def incident_sentences() -> list[str]:
    """Return every sentence of an incident in the collector's code: `report(KIND, SENTENCE)`; it may be a constant."""
    found = []
    for file in Path(run.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(attr="report"), args=[_, ast.Constant(value=str(sentence)), *_]):
                    found.append(sentence)
                case ast.Assign(targets=[ast.Name(id="sentence")], value=ast.Constant(value=str(named))):
                    found.append(named)
    return found


def test_every_sentence_of_an_incident_has_a_row() -> None:
    rows = re.findall(r"(?m)^\| (.+?) \| .+ \|$", entries()["incidents"])[1:]
    phrases = {phrase for row in rows for phrase in re.findall(r"\*([^*]+)\*", row)}
    texts = incident_sentences()
    assert len(texts) == len(phrases) == 8
    assert [text for text in texts if not any(phrase in text for phrase in phrases)] == []
    assert [phrase for phrase in phrases if not any(phrase in text for text in texts)] == []


def _constants(text: ast.expr) -> Iterator[str]:
    for part in text.values if isinstance(text, ast.JoinedStr) else [text]:
        yield str(part.value) if isinstance(part, ast.Constant) else "…"


def test_every_sentence_of_a_failed_run_has_a_row() -> None:
    rows = re.findall(r"(?m)^\| (.+?) \| .+ \|$", entries()["errors"])[1:]
    phrases = {phrase for row in rows for phrase in re.findall(r"\*([^*]+)\*", row)} - {"PAGE_SIZE"}
    found = [(kind, text) for kind, text in sentences() if kind is not EmptySecretError]
    assert len(found) > 25
    without = [
        text
        for kind, text in found
        if not any(phrase in text for phrase in phrases)
        # Those of a setting begin with its name, in capitals or filled in.
        and not (kind is SettingsError and re.match(r"…|[A-Z0-9_]{5,}|No Zoom credentials", text))
    ]
    assert without == []
    assert [phrase for phrase in phrases if not any(phrase in text for _, text in found)] == []


@pytest.mark.parametrize("status", ["timeout", "error"])
def test_the_page_quotes_the_sentence_of_a_run_that_lambda_ended(status: str) -> None:
    record = {"status": status, "metrics": {"durationMs": 12_000.0}}
    sentence = Line(START, {"type": REPORT, "record": record}, "1").error
    below_the_table = entries()["errors"].rpartition(" |\n")[2]
    quoted = [phrase.rstrip(" …") for phrase in re.findall(r"\*([^*]+)\*", below_the_table)]
    assert any(sentence.startswith(phrase) for phrase in quoted), sentence


@pytest.mark.slow
def test_every_alarm_has_an_entry_and_every_entry_an_alarm(planned: Planned) -> None:
    assert entries().keys() == planned.alarms.keys()
    assert f"{NUMBERS[len(planned.alarms)]} alarms of one metric each, one composite alarm" in text()
    assert len(planned.alarms) == ALARMS, "the bill in docs/bench.md counts them"


@pytest.mark.slow
def test_every_alarm_has_the_name_that_the_doctor_prints(planned: Planned) -> None:
    by_concern, composite = {concern: alarm.name for concern, alarm in planned.alarms.items()}, planned.composite[0]
    names = set(by_concern.values())
    assert {name.replace("FUNCTION", FUNCTION) for name in entries_by_name()} == names
    raised = delivery_rules.alarms(dict.fromkeys([*names, composite], "ALARM"), by_concern, composite)
    assert all(name.replace("FUNCTION", FUNCTION) in raised.sentence for name in entries_by_name())
    spoken_of = {name.replace("FUNCTION", FUNCTION) for name in re.findall(r"`(FUNCTION-[\w-]+)`", text())}
    assert spoken_of - {planned.composite[0]} <= names
    assert planned.composite[0] in spoken_of
    # No alarm has a shortened name.
    shortened = planned.alarms.keys() - set(log_fields())  # a field of the log may have an alarm's name
    assert [concern for concern in shortened if f"`{concern}`" in text()] == []
    assert [concern for concern in shortened if f"`{concern.replace('_', '-')}`" in text()] == []


def test_the_lines_of_the_doctor_that_the_page_names_exist() -> None:
    outside_tables = re.sub(r"(?m)^\|.*$", "", text())
    named = set(re.findall(r"(?<!\*)\*([a-z][^*\n]*)\*(?!\*)", outside_tables))
    others = {"never delete files", "waiting for credentials", "held up", "dates owed", "break-glass role", "not yet"}
    assert named - others <= {check.name for check in CHECKS}
    assert {"alarms", "report", "schedule", "scheduler's rights", "sign-in"} <= named


@pytest.mark.slow
def test_an_entry_says_when_the_alarm_fires_and_what_to_do(planned: Planned) -> None:
    for concern, entry in entries().items():
        assert promised(concern) >= timedelta(minutes=10)
        assert len(entry.split()) > 60, concern


@pytest.mark.slow
def test_the_page_has_the_planned_thresholds(planned: Planned) -> None:
    alarms = planned.alarms
    silence, behind = alarms["silence"], alarms["behind"]
    assert f"for {silence.periods * silence.period_seconds // 60} minutes" in entries()["silence"]
    assert f"for {behind.datapoints * behind.period_seconds // 3600} hours" in entries()["behind"]
    assert alarms["errors"].datapoints == alarms["duration"].datapoints == 2
    assert "Two runs of an hour" in entries()["errors"]
    assert "Two runs of an hour" in entries()["duration"]
    assert f"within {300 - int(alarms['duration'].threshold / 1000)} seconds" in entries()["duration"]
    assert alarms["throttles"].datapoints == 3
    assert "three five-minute periods" in entries()["throttles"]


# The permissions of the page's commands that only read or end an alarm, and of the break-glass role's.
RIGHTS_OF_AWS_COMMANDS = {
    "lambda get-account-settings": "lambda:GetAccountSettings",
    "lambda get-function-concurrency": "lambda:GetFunctionConcurrency",
    "lambda invoke": "lambda:InvokeFunction",
    "s3 ls": "s3:ListBucket",
    "s3api list-object-versions": "s3:ListBucketVersions",
    "sqs get-queue-url": "sqs:GetQueueUrl",
    "sqs purge-queue": "sqs:PurgeQueue",
    "sqs receive-message": "sqs:ReceiveMessage",
}
BREAKS_THE_GLASS = {"s3 cp", "s3 rm", *(f"s3api {verb}-object" for verb in ("copy", "delete", "get", "head", "put"))}


def test_the_page_lists_the_permissions_of_its_aws_commands() -> None:
    used = set(re.findall(r"\baws ([a-z0-9]+ [a-z-]+)", text()))
    assert used - BREAKS_THE_GLASS == RIGHTS_OF_AWS_COMMANDS.keys()
    beforehand = re.search(r"(?ms)^## Before the first night$.*?(?=^## )", text())
    assert beforehand
    assert set(re.findall(r"`([a-z0-9]+:[A-Z]\w+)`", beforehand[0])) == set(RIGHTS_OF_AWS_COMMANDS.values())


@pytest.mark.slow
def test_the_overview_has_every_alarm(planned: Planned) -> None:
    overview = text().partition("## The alarms")[2].partition("###")[0]
    listed = re.findall(r"(?m)^\| `(FUNCTION-[\w-]+)` \|", overview)
    assert listed == ["FUNCTION-not-healthy", *entries_by_name()]  # the composite alarm has no section of its own


def test_every_option_that_the_page_names_exists() -> None:
    variables = (PAGE.parents[1] / "variables.tf").read_text(encoding="utf-8")
    units = ("minutes", "hours", "hour", "seconds", "arns", "mb", "days", "notifies")
    named = set(re.findall(rf"\b[a-z]+(?:_[a-z]+)*_(?:{'|'.join(units)})\b", text()))
    assert {"silence_minutes", "stalled_backlog_hours", "topic_arns", "each_alarm_notifies"} <= named
    named -= set(log_fields())
    assert [name for name in named if not re.search(rf"(?m)^ +{name} +=", variables)] == []


@pytest.mark.slow
@pytest.mark.parametrize("hours", [0, 20])
def test_a_moved_bucket_continues_where_the_old_one_stopped(hours: int) -> None:
    with collected() as world:
        for day in range(-4, 4):
            world.zoom.add_day((START + day * DAY).date(), 60, seed=day + 50, twins=0.05)
        world.every(POLL, DAY)
        old, new = world.s3, MemoryS3(bucket="the-new-bucket", clock=world.clock.now)
        new.put(STATE_KEY, old.body(STATE_KEY))
        world.s3 = new
        world.setenv(S3_BUCKET=new.bucket)
        world.clock.advance(hours * 3600)
        world.every(POLL, 2 * DAY)
        archived = [
            record
            for bucket in (old, new)
            for version in bucket.ever_written(PREFIX)
            for record in decode(version.body or b"")
        ]
        assert multiset(archived) == multiset(world.zoom.records((START - 3 * DAY).date()))
        assert old.ever_written(PREFIX)
        assert new.ever_written(PREFIX)
