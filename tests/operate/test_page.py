"""docs/cli.md tells the truth: every command, its exit statuses, every check, and the policies of policies.py."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import commands
import pytest
from typer.main import get_command
from zoomlogs.__main__ import app
from zoomlogs.deployment import Deployment
from zoomlogs.doctor.checks import AS_READER, CHECKS, PROBE, TEST_ALARM
from zoomlogs.policies import NEED_NOTHING, STATEMENTS, by_check, by_trial, use_of_key
from zoomlogs.rights import compact

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
OTHER_PAGES = {
    "zoom-secret put": ("secrets.md", "`zoomlogs zoom-secret put`"),
    "reader-key": ("feed.md", "`zoomlogs reader-key`"),
    "feed apply": ("feed.md", "Rights for `zoomlogs feed apply`"),
    "udm": ("cli.md", "`udm`"),
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
    assert "Exit status: 0" in command.help


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's outputs as Terraform prints them."""
    file = tmp_path_factory.mktemp("example") / "outputs.json"
    file.write_text(json.dumps({"zoom_operation_logs": {"value": EXAMPLE.outputs}}))
    return file


def rights(example: Path, *arguments: str) -> str:
    ran = commands.zoomlogs("rights", *arguments, "--outputs", example)
    assert (ran.status, ran.err) == (0, ""), ran
    return ran.out


@pytest.mark.parametrize("command", STATEMENTS)
def test_it_has_the_policy_that_rights_prints(command: str, example: Path) -> None:
    page, title = OTHER_PAGES.get(command, ("cli.md", f"`{command}`"))
    [section] = [text for heading, text in sections(page).items() if title in heading]
    wanted = rights(example, *command.split())
    assert f"```json\n{wanted}```" in section, f"docs/{page} should say of {command}:\n{wanted}"
    assert json.loads(wanted)["Statement"] == STATEMENTS[command](EXAMPLE)
    assert json.loads(rights(example, *command.split(), "--json")) == json.loads(wanted)


def test_it_prints_what_a_kms_key_asks_for_besides(example: Path) -> None:
    key = arn("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab")
    told = json.loads(rights(example, "logs", "--kms-key", key))["Statement"]
    assert told == [*STATEMENTS["logs"](EXAMPLE), use_of_key(key, EXAMPLE)]
    wanted = f"{compact({'Version': '2012-10-17', 'Statement': told[1:]})}\n"
    assert f"```json\n{wanted}```" in SECTIONS["Under a KMS key of yours"], wanted


def test_every_command_has_rights_or_needs_none(example: Path) -> None:
    for name in (name.removeprefix("zoomlogs ") for name in LEAVES):
        if name == "adopt":  # of_adopt: it works before there is a deployment
            continue
        ran = commands.zoomlogs("rights", *name.split(), "--outputs", example, "--json")
        assert ran.status == 0, ran
        assert bool(ran.json["Statement"]) != (name in NEED_NOTHING)
        assert (ran.err == f"zoomlogs {name} needs no rights in AWS here.\n") == (name in NEED_NOTHING)


def test_the_rights_of_several_options_are_one_policy(example: Path) -> None:
    told = json.loads(rights(example, "doctor", "--probe", "--as-reader"))["Statement"]
    one, other = (STATEMENTS[f"doctor {option}"](EXAMPLE) for option in ("--probe", "--as-reader"))
    assert told == [*one, *other]
    assert len({statement["Sid"] for statement in told}) == len(told)


@pytest.mark.parametrize("option", [["verify", "--secops"], ["udm", "--tenant"]])
def test_what_asks_google_needs_nothing_more_of_aws(option: list[str], example: Path) -> None:
    assert rights(example, *option) == rights(example, option[0])


@pytest.mark.parametrize("words", [["nothing"], ["doctor", "--some"], ["feed"], ["logs", "--probe"]])
def test_what_is_no_command_is_refused(words: list[str], example: Path) -> None:
    ran = commands.zoomlogs("rights", *words, "--outputs", example)
    assert (ran.status, ran.out) == (2, "")
    assert "is no command with rights of its own: give one of doctor, " in ran.err


def test_a_bucket_with_a_key_of_ones_own_brings_it_along(tmp_path: Path) -> None:
    key = arn("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab")
    outputs = json.loads(json.dumps(EXAMPLE.outputs))
    outputs["function"]["environment"]["S3_SSE_KMS_KEY_ARN"] = key
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps(outputs))
    [*_, last] = json.loads(rights(file, "status"))["Statement"]
    assert last == use_of_key(key, Deployment(outputs))


@pytest.mark.parametrize("check", [check.name for check in CHECKS])
def test_it_has_every_check_and_its_rights(check: str) -> None:
    told = rows(PAGE.partition("## JSON")[0])[check]
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
