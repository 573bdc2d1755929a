"""docs/cli.md tells the truth: every command, its exit statuses, every check, and the policies of policies.py."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from zoomlogs.__main__ import app
from zoomlogs.deployment import Deployment
from zoomlogs.doctor.checks import AS_READER, CHECKS, PROBE, TEST_ALARM
from zoomlogs.policies import STATEMENTS, by_check, by_trial, policy, use_of_key

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
OTHER_PAGES = {
    "zoom-secret put": ("secrets.md", "`zoomlogs zoom-secret put`"),
    "reader-key": ("feed.md", "`zoomlogs reader-key`"),
    "feed apply": ("feed.md", "Rights for `zoomlogs feed apply`"),
}


def sections(page: str) -> dict[str, str]:
    """Return the sections of a page in docs/ by their headings of the third level."""
    text = (Path(__file__).resolve().parents[2] / "docs" / page).read_text(encoding="utf-8")
    return dict(re.findall(r"^### (.+?)\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL))


SECTIONS = sections("cli.md")
COMMANDS = sorted(get_command(app).commands)  # type: ignore[attr-defined]


def leaves(command: Any, name: str = "zoomlogs") -> dict[str, Any]:
    """Return the commands that do something by what is typed, those of groups included."""
    if not hasattr(command, "commands"):
        return {name: command}
    return {
        typed: leaf for word, each in command.commands.items() for typed, leaf in leaves(each, f"{name} {word}").items()
    }


LEAVES = leaves(get_command(app))


def arn(service: str, resource: str, region: str = "eu-west-1", account: str = "111122223333") -> str:
    return f"arn:aws:{service}:{region}:{account}:{resource}"


EXAMPLE = Deployment(
    {
        "bucket": {
            "name": "your-zoom-operation-logs",
            "arn": arn("s3", "your-zoom-operation-logs", "", ""),
            "prefix": "zoom/operationlogs/",
            "state_key": "zoom/operationlogs-state/state.json",
        },
        "function": {
            "name": "zoom_operationlogs_to_s3",
            "arn": arn("lambda", "function:zoom_operationlogs_to_s3"),
            "environment": {},
        },
        "role": {"arn": arn("iam", "role/WriteZoomOperationLogsToS3Role", "")},
        "schedule": {
            "arn": arn("scheduler", "schedule/default/zoom-operationlogs-schedule-15min"),
            "role_arn": arn("iam", "role/InvokeZoomOperationLogsRole", ""),
        },
        "dead_letter_queue": {"arn": arn("sqs", "zoom-operationlogs-dead-letters")},
        "log_group": {"arn": arn("logs", "log-group:/aws/lambda/zoom_operationlogs_to_s3")},
        "secret": {"arn": arn("secretsmanager", "secret:zoom-operationlogs-credentials-AbCdEf")},
        "reader": {"mode": "user", "arn": arn("iam", "user/secops-reader", "")},
        "secops_feed": {"key_secret_name": "zoom-operationlogs-reader-key"},
        "monitoring": {
            "composite_alarm_name": "not-healthy",
            "alarms": {"errors": "zoom_operationlogs_to_s3-errors"},
            "topic_arns": [arn("sns", "zoom-operationlogs-alarms")],
        },
    }
)
"""The module with its defaults, as the page's policies have it."""


def rows(section: str) -> dict[str, str]:
    """Return a table's rows by their first cell."""
    lines = re.findall(r"^\| (.+?) \|(.*)\|$", section, re.MULTILINE)
    return {first.strip("`"): rest for first, rest in lines if set(first) != {"-"}}


@pytest.mark.parametrize("command", COMMANDS)
def test_it_has_every_command(command: str) -> None:
    assert command in {name.split()[0] for name in rows(PAGE)}


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_speaks_json_and_its_help_has_an_example_and_its_exit_statuses(name: str) -> None:
    command = LEAVES[name]
    assert any("--json" in parameter.opts for parameter in command.params)
    assert re.search(r"^Example\b", command.help, re.MULTILINE)
    assert re.search(rf"{name}( |$)", command.help, re.MULTILINE)
    assert "Ends with 0" in command.help


def written(statements: Any) -> str:
    """Write a policy as the page has it."""
    lines = ",\n".join(f"    {json.dumps(statement)}" for statement in statements["Statement"])
    return f'{{\n  "Version": "2012-10-17",\n  "Statement": [\n{lines}\n  ]\n}}\n'


@pytest.mark.parametrize("command", STATEMENTS)
def test_it_prints_the_policy_of_every_command(command: str) -> None:
    page, title = OTHER_PAGES.get(command, ("cli.md", f"`{command}`"))
    [section] = [text for heading, text in sections(page).items() if title in heading]
    wanted = written(policy(command, EXAMPLE))
    assert f"```json\n{wanted}```" in section, f"docs/{page} should say of {command}:\n{wanted}"


def test_it_prints_what_a_kms_key_asks_for_besides() -> None:
    key = arn("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab")
    wanted = written({"Statement": [use_of_key(key, EXAMPLE)]})
    assert f"```json\n{wanted}```" in SECTIONS["Under a KMS key of yours"], wanted


@pytest.mark.parametrize("check", [check.name for check in CHECKS])
def test_it_has_every_check_and_its_rights(check: str) -> None:
    told = rows(PAGE)[check]
    statements = by_check(EXAMPLE).get(check, [])
    for action in {action for statement in statements for action in statement["Action"]}:
        assert f"`{action}`" in told


@pytest.mark.parametrize(
    ("option", "checks"), [("--probe", PROBE), ("--test-alarm", TEST_ALARM), ("--as-reader", AS_READER)]
)
def test_it_has_every_trial_and_its_rights(option: str, checks: Any) -> None:
    [section] = [text for title, text in SECTIONS.items() if f"`doctor {option}`" in title]
    assert list(rows(section))[1:] == [check.name for check in checks]
    for check in checks:
        for action in {action for statement in by_trial(EXAMPLE).get(check.name, []) for action in statement["Action"]}:
            assert f"`{action}`" in rows(section)[check.name]
