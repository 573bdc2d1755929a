"""The deployment of a command: from Terraform's outputs in any form, or one sentence that says what to do."""

from __future__ import annotations

import io
import json
import sys

import pytest
from zoom_operationlogs.reports import OPERATION_LOGS, REPORTS
from zoomlogs.deployment import read_deployment
from zoomlogs.errors import CommandError

ACTIVITIES = REPORTS["activities"]


def instance(region: str = "eu-west-1") -> dict[str, object]:
    arn = f"arn:aws:lambda:{region}:111122223333:function:zoom_operationlogs_to_s3"
    return {
        "bucket": {"name": "records", "prefix": "zoom/operationlogs/", "state_key": "zoom/state.json"},
        "function": {"name": "zoom_operationlogs_to_s3", "arn": arn, "environment": {"S3_BUCKET": "records"}},
        "secret": {"arn": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:zoom-AbCdEf"},
    }


def outputs(**values: object) -> dict[str, object]:
    """As `terraform output -json` prints them."""
    return {name: {"sensitive": False, "type": "dynamic", "value": value} for name, value in values.items()}


@pytest.fixture
def read(tmp_path):
    def reading(document: object, chosen: str | None = None):
        path = tmp_path / "outputs.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return read_deployment(str(path), chosen)

    return reading


@pytest.mark.parametrize(
    "document",
    [
        outputs(**instance()),
        outputs(zoom_operation_logs=instance(), secret_arn="arn:aws:…"),
        outputs(logs={"emea": instance()}),
        instance(),
        {"zoom_operation_logs": instance()},
    ],
    ids=["the module is the root", "an output", "a map by for_each", "values only", "an output's value"],
)
def test_the_one_instance_is_found(read, document):
    found = read(document)
    assert (found.bucket, found.prefix, found.state_key) == ("records", "zoom/operationlogs/", "zoom/state.json")
    assert (found.region, found.account) == ("eu-west-1", "111122223333")
    assert found.function_name == "zoom_operationlogs_to_s3"
    assert found.environment["S3_BUCKET"] == "records"
    assert found.secret_arn.endswith("zoom-AbCdEf")


def test_one_of_several_is_chosen_by_name(read):
    several = outputs(logs={"emea": instance(), "americas": instance("us-east-1")})
    assert read(several, "logs.americas").region == "us-east-1"
    with pytest.raises(CommandError, match=r"several instances: choose one with --instance logs.americas\|logs.emea"):
        read(several)
    with pytest.raises(CommandError, match=r"No output apac holds an instance of the module; there is logs.americas, "):
        read(several, "apac")


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ("{}", 'hold no instance of the module: let your configuration say output "zoom_operation_logs"'),
        (json.dumps(outputs(bucket={"name": "records"})), "hold no instance"),
        ("[]", "is not what `terraform output -json` prints"),
        ("No outputs found", "is not what `terraform output -json` prints"),
    ],
)
def test_an_invalid_deployment_is_reported_in_one_sentence(read, document, sentence):
    with pytest.raises(CommandError, match=sentence):
        read(document)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(CommandError, match=r"nowhere.json cannot be read: No such file or directory"):
        read_deployment(str(tmp_path / "nowhere.json"))


def test_standard_input_is_read(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(instance())))
    assert read_deployment("-").bucket == "records"


def test_a_folders_outputs_come_from_terraform(tmp_path, monkeypatch):
    program = tmp_path / "bin" / "terraform"
    program.parent.mkdir()
    program.write_text(
        f"#!/bin/sh\n[ \"$1 $2\" = 'output -json' ] && cat <<'END'\n{json.dumps(outputs(**instance()))}\nEND\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    assert read_deployment(str(tmp_path)).bucket == "records"
    program.write_text("#!/bin/sh\necho 'Error: Backend initialization required' >&2\nexit 1\n")
    with pytest.raises(CommandError, match=r"says in .*: Backend initialization required"):
        read_deployment(str(tmp_path))
    program.unlink()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandError, match="Terraform is not installed here"):
        read_deployment(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "report"),
    [(None, OPERATION_LOGS), (" ", OPERATION_LOGS), ("activities", ACTIVITIES), (" activities\n", ACTIVITIES)],
)
def test_which_report_an_instance_collects(read, name, report):
    of = instance()
    of["function"]["environment"] |= {"REPORT": name} if name else {}
    assert read(outputs(zoom=of)).report is report


def test_an_unknown_report_is_reported(read):
    of = instance()
    of["function"]["environment"]["REPORT"] = "meetings"
    with pytest.raises(CommandError, match="collects meetings, which this zoomlogs does not know"):
        _ = read(outputs(zoom=of)).report


def test_two_reports_in_one_document_are_distinguished(read):
    sign_ins = instance()
    sign_ins["function"]["environment"]["REPORT"] = "activities"
    document = outputs(operation_logs=instance(), sign_ins=sign_ins)
    with pytest.raises(CommandError, match=r"--instance operation_logs\|sign_ins"):
        read(document)
    assert read(document, "sign_ins").report is ACTIVITIES
