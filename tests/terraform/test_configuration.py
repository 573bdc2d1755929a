"""Terraform's own checks: format, validity, and the module's `terraform test` suite with a mocked provider."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.scratch import prepare
from harness.terraform import Terraform, TestReport
from standins.running_provider import running_provider
from standins.zoom.third_report import ENTRY, NAME

from terraform.inputs import RUN, Case, by_case, cases, write_run

REPOSITORY = Path(__file__).resolve().parents[2]
MODULES = sorted(str(file.parent.relative_to(REPOSITORY)) for file in REPOSITORY.glob("modules/*/main.tf"))
OF_RESOURCES = [case for case in cases() if case.of_a_resource]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    terraform = prepare(REPOSITORY, tmp_path_factory.mktemp("root"), os.environ, folder=".", standin=False)
    write_third_report(terraform.workdir)
    write_break_glass(terraform.workdir)
    write_run(terraform.workdir)
    terraform.init()
    return terraform


OF_A_THIRD_REPORT = "tests/third_report.tftest.json"
THIRD_REPORT = {
    "a prefix and a checkpoint of its own": """
        output.bucket.prefix == "zoom/room_bookings/"
        && output.bucket.state_key == "zoom/room_bookings-state/state.json"
    """,
    "a function that collects it": """
        output.function.environment.REPORT == "room_bookings"
        && output.function.environment.S3_PREFIX == "zoom/room_bookings/"
    """,
    "a feed of its prefix, with its name": """
        output.secops_feed.body.displayName == "Zoom Room Bookings"
        && endswith(output.secops_feed.body.details.amazonS3V2Settings.s3Uri, "/zoom/room_bookings/")
    """,
}


def write_third_report(scratch: Path) -> None:
    """Write a copy of the module with one more entry in reports.json, and a run that plans it."""
    copy = scratch / "third_report"
    for folder in ("lambda", "modules"):
        shutil.copytree(scratch / folder, copy / folder)
    for file in scratch.glob("*.tf"):
        if not file.name.endswith("_override.tf"):
            shutil.copy2(file, copy)
    entries = copy / "lambda/zoom_operationlogs/reports.json"
    entries.write_text(json.dumps({**json.loads(entries.read_text("utf-8")), NAME: ENTRY}), encoding="utf-8")
    run = {
        "command": "plan",
        "module": {"source": "./third_report"},
        "variables": {
            "bucket_name": "zoom-operation-logs",
            "zoom": {"report": NAME},
            "package": {"filename": "lambda/dist/collector.zip"},  # the copy's sources differ from its package
            "monitoring": {"topic_arns": []},
        },
        "assert": [
            {"condition": f"${{{' '.join(condition.split())}}}", "error_message": what}
            for what, condition in THIRD_REPORT.items()
        ],
    }
    provider = {"aws": {"source": "./tests/mocks", "override_during": "plan"}}
    (scratch / OF_A_THIRD_REPORT).write_text(json.dumps({"mock_provider": provider, "run": {"third": run}}))


OF_BREAK_GLASS = "tests/break_glass_"
ROLE = "arn:aws:iam::111122223333:role"
SIGN_INS = {
    "arn": "arn:aws:s3:::zoom-operation-logs",
    "account_id": "111122223333",
    "prefix": "zoom/activities/",
    "state_key": "s",
    "policy": '{"Statement": []}',
    "notification": None,
    "writer_arn": f"{ROLE}/sign-ins",
}
BREAK_GLASS: dict[str, dict[str, object]] = {
    "collector": {"bucket": {"break_glass_arns": [f"{ROLE}/WriteZoomOperationLogsToS3Role"]}},
    "collector_with_a_prefix_and_a_path": {
        "name_prefix": "emea-",
        "iam_path": "/security/",
        "bucket": {"break_glass_arns": [f"{ROLE}/a", f"{ROLE}/security/emea-WriteZoomOperationLogsToS3Role"]},
    },
    "collector_in_lower_case": {"bucket": {"break_glass_arns": [f"{ROLE}/writezoomoperationlogstos3role"]}},
    "collector_of_an_existing_bucket": {
        "bucket": {"create": False, "break_glass_arns": [f"{ROLE}/WriteZoomOperationLogsToS3Role"]},
    },
    "schedule": {"bucket": {"break_glass_arns": [f"{ROLE}/InvokeZoomOperationLogsRole"]}},
    "reader": {"bucket": {"break_glass_arns": ["arn:aws:iam::111122223333:user/secops-reader"]}},
    "reader_role": {
        "reader": {"mode": "role", "subject_id": "1"},
        "bucket": {"break_glass_arns": [f"{ROLE}/secops-reader"]},
    },
    "principal_of_a_feed_that_deletes": {
        "reader": {"mode": "none", "principal_arns": ["arn:aws:iam::444455556666:role/feed"]},
        "feed": {"deletion_option": "ON_SUCCESS"},
        "bucket": {"break_glass_arns": ["arn:aws:iam::444455556666:role/feed"]},
    },
    "collector_of_another_block": {
        "bucket": {"break_glass_arns": [f"{ROLE}/sign-ins"], "further_instances": [json.dumps(SIGN_INS)]},
    },
}
NO_BREAK_GLASS: dict[str, dict[str, object]] = {
    "reader_of_a_module_without_one": {
        "reader": {"mode": "none"},
        "bucket": {"break_glass_arns": ["arn:aws:iam::111122223333:user/secops-reader"]},
    },
    "role_of_another_account": {
        "bucket": {"break_glass_arns": ["arn:aws:iam::444455556666:role/WriteZoomOperationLogsToS3Role"]},
    },
}


def write_break_glass(scratch: Path) -> None:
    """Write runs that plan the module with principals of its own as break-glass roles, and with others.

    A file for each, because Terraform ends a file at its first failure.
    """
    ordinary = {"bucket_name": "zoom-operation-logs", "monitoring": {"topic_arns": []}}
    provider = {"aws": {"source": "./tests/mocks", "override_during": "plan"}}
    for name, inputs in (BREAK_GLASS | NO_BREAK_GLASS).items():
        run = {"command": "plan", "variables": ordinary | inputs}
        text = json.dumps({"mock_provider": provider, "run": {"plan": run}})
        (scratch / f"{OF_BREAK_GLASS}{name}.tftest.json").write_text(text)


def test_no_principal_of_the_module_breaks_the_glass(suite: TestReport) -> None:
    errors = {run: said for run, said in suite.errors.items() if run.startswith(OF_BREAK_GLASS)}
    assert errors.keys() == {f"{OF_BREAK_GLASS}{name}.tftest.json: plan" for name in BREAK_GLASS}
    for said in errors.values():
        assert "bucket.break_glass_arns must not name the role of a collector" in "".join(said)
        assert len(said) == 1


def test_the_format_is_that_of_terraform_fmt(root: Terraform) -> None:
    assert Terraform(REPOSITORY, root.env).fmt_check() == []


@pytest.fixture(scope="module")
def provider(root: Terraform) -> Iterator[dict[str, str]]:
    with running_provider(root) as variable:
        yield variable


@pytest.mark.usefixtures("provider")
def test_the_module_is_valid_without_a_warning(root: Terraform) -> None:
    assert root.validate() == []


@pytest.mark.parametrize("folder", MODULES)
def test_each_submodule_is_valid_alone(folder: str, root: Terraform, provider: dict[str, str]) -> None:
    terraform = Terraform(root.workdir / folder, root.env)
    terraform.env |= provider
    terraform.init()
    assert terraform.validate() == []


@pytest.fixture(scope="module")
def suite(root: Terraform, provider: dict[str, str]) -> TestReport:
    """One `terraform test` of the module's suite, and of the wrong inputs that only a plan with a provider refuses."""
    return root.test(failures="report")


def test_the_suite_of_the_module(suite: TestReport) -> None:
    runs = {
        f"tests/{file.name}: {run}": "pass"
        for file in (REPOSITORY / "tests").glob("*.tftest.hcl")
        for run in re.findall(r'(?m)^run "(\w+)"', file.read_text(encoding="utf-8"))
    }
    runs[f"{OF_A_THIRD_REPORT}: third"] = "pass"
    wrong = (RUN, OF_BREAK_GLASS)
    failures = {run: errors for run, errors in suite.errors.items() if not run.startswith(wrong)}
    assert failures == {}
    assert {run: status for run, status in suite.runs.items() if not run.startswith(wrong)} == runs


@pytest.fixture(scope="module")
def said(suite: TestReport) -> dict[str, list[str]]:
    return by_case(error for run, errors in suite.errors.items() if run.startswith(RUN) for error in errors)


@pytest.mark.parametrize("case", OF_RESOURCES, ids=lambda case: f"{case.module}: {case.name}")
def test_a_wrong_input_gives_only_its_message(case: Case, said: dict[str, list[str]]) -> None:
    assert said.get(case.id) == [case.sentence]


def test_terraform_prints_nothing_else(said: dict[str, list[str]]) -> None:
    assert said.keys() == {case.id for case in OF_RESOURCES}


# Resources that AWS accepts only after another one, or that silently lose data before it exists.
AFTER = {
    "the schedule, after the notification to the feed's queue": (
        "collector.aws_scheduler_schedule.collector",
        "archive.aws_s3_bucket_notification.feed",
    ),
    "the notification, after the queue's policy allows it": (
        "archive.aws_s3_bucket_notification.feed",
        "archive.aws_sqs_queue_policy.feed",
    ),
    "the schedule, after the bucket denies overwriting": (
        "collector.aws_scheduler_schedule.collector",
        "archive.aws_s3_bucket_policy.archive",
    ),
    "the schedule, after its role may start the function": (
        "collector.aws_scheduler_schedule.collector",
        "collector.aws_iam_role_policy.scheduler",
    ),
    "the function, after its role may write": (
        "collector.aws_lambda_function.collector",
        "collector.aws_iam_role_policy_attachment.writer",
    ),
    "an alarm, after it may publish": (
        "monitoring.aws_cloudwatch_metric_alarm.collector",
        "monitoring.aws_sns_topic_policy.alarms",
    ),
    "the composite alarm, after it may publish": (
        "monitoring.aws_cloudwatch_composite_alarm.not_healthy",
        "monitoring.aws_sns_topic_policy.alarms",
    ),
}


@pytest.fixture(scope="module")
def graph(root: Terraform) -> dict[str, set[str]]:
    """The dependencies of each resource."""
    shown = subprocess.run(["terraform", "graph"], cwd=root.workdir, env=root.env, capture_output=True, text=True)
    edges: dict[str, set[str]] = {}
    for after, before in re.findall(r'"(.+?)" -> "(.+?)"', shown.stdout):
        edges.setdefault(after, set()).add(before)
    return edges


@pytest.mark.parametrize(("after", "before"), AFTER.values(), ids=AFTER)
def test_resources_depend_on_what_they_need(graph: dict[str, set[str]], after: str, before: str) -> None:
    reached, new = set(), {f"module.{after}"}
    while new:
        reached |= new
        new = set().union(*(graph.get(one, set()) for one in new)) - reached
    assert f"module.{before}" in reached
