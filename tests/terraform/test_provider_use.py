"""Module and examples use only what versions 5 and 6 of the AWS provider both have, and neither deprecates.

`terraform validate` checks this for the installed version. The facts about version 6 are in aws_provider.json.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from harness.provider_mirrors import TESTED_VERSION

from terraform.provider_facts import from_module, from_schema
from terraform.provider_use import FILES, REPOSITORY, facts, faults, used

VERSIONS = facts()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(REPOSITORY)))
def test_a_file_uses_only_what_the_version_has(file: Path, version: str) -> None:
    assert faults(file.read_text(encoding="utf-8"), version, VERSIONS[version]) == []


@pytest.mark.slow
def test_the_facts_cover_both_majors_and_all_used_types() -> None:
    assert [version.partition(".")[0] for version in VERSIONS] == ["5", "6"]
    assert TESTED_VERSION in VERSIONS
    assert len(used()) > 50
    assert [used() - of_it.keys() for of_it in VERSIONS.values()] == [set(), set()]


# --- each kind of fault is found -------------------------------------------------------------------------------------

QUEUE = 'resource "aws_sqs_queue_policy" "q" {\n  queue_url = "u"\n  policy = "p"\n}\n'
FUNCTION = 'resource "aws_lambda_function" "f" {\n  function_name = "f"\n  role = "r"\n  %s\n}\n'


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('resource "aws_sqs_topic" "q" {\n}\n', "VERSION has no aws_sqs_topic, or it is missing in aws_provider.json"),
        ('data "aws_zone" "q" {\n}\n', "VERSION has no data.aws_zone, or it is missing in aws_provider.json"),
        (QUEUE.replace("policy =", "rule ="), "VERSION has no argument aws_sqs_queue_policy.rule."),
        (FUNCTION % "tracing {\n  mode = 1\n }", "VERSION has no argument aws_lambda_function.tracing."),
        (FUNCTION % "timeout {\n  mode = 1\n }", "VERSION has no block aws_lambda_function.timeout."),
        (
            FUNCTION % "tracing_config {\n  mode = 1\n  on = 2\n }",
            "VERSION has no argument aws_lambda_function.tracing_",
        ),
        (
            FUNCTION % 'dynamic "tracing_config" {\n  for_each = [1]\n  content {\n  }\n }',
            "VERSION requires aws_lambda_function.tracing_config.mode.",
        ),
        (QUEUE.replace('queue_url = "u"', ""), "VERSION requires aws_sqs_queue_policy.queue_url."),
        ("locals {\n  a = [aws_sqs_queue.q[0].address]\n}\n", "VERSION has no attribute aws_sqs_queue.address."),
        (
            'output "a" {\n  value = data.aws_partition.p.suffix\n}\n',
            "VERSION has no attribute data.aws_partition.suffix",
        ),
    ],
)
@pytest.mark.parametrize("version", VERSIONS)
def test_missing_and_required_arguments_are_found(version: str, text: str, fault: str) -> None:
    assert any(fault.replace("VERSION", version) in one for one in faults(text, version, VERSIONS[version]))


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        ("locals {\n  a = data.aws_region.current.name\n}\n", ["6"]),
        ("locals {\n  a = { for name, value in data.aws_region.current : name => value }\n}\n", ["6"]),
        ('resource "aws_s3_bucket" "b" {\n  acl = "private"\n}\n', ["5"]),
        (
            'resource "aws_s3_bucket_logging" "b" {\n  bucket = "b"\n  expected_bucket_owner = "1"\n}\n',
            ["6"],
        ),
    ],
)
def test_deprecated_arguments_are_found(text: str, versions: list[str]) -> None:
    found = {version: faults(text, version, known) for version, known in VERSIONS.items()}
    assert [version[0] for version, said in found.items() if any("deprecates" in one for one in said)] == versions


def test_supported_arguments_are_no_fault() -> None:
    for version, known in VERSIONS.items():
        assert faults(QUEUE + "locals {\n  a = aws_sqs_queue_policy.q.policy\n}\n", version, known) == []


# --- reading the facts -----------------------------------------------------------------------------------------------

MODULE = """
class Thing(_cdktf_1.TerraformResource):
    @builtins.property
    def arn(self) -> str: ...
    @builtins.property
    def rule_input(self) -> str: ...
    def reset_rule(self) -> None: ...

class ThingConfig(_cdktf_1.TerraformMetaArguments):
    def __init__(self, *, count: int = None, name: builtins.str, rule: typing.Union["ThingRule", dict] = None): ...

class ThingRule:
    def __init__(self, *, days: jsii.Number, prefix: str = None): ...
"""


def test_how_the_bindings_are_read() -> None:
    assert from_module(MODULE) == {
        "arguments": {
            "name": {"required": True},
            "rule": {"arguments": {"days": {"required": True}, "prefix": {}}},
        },
        "attributes": ["arn"],
    }


def test_how_a_schema_is_read() -> None:
    rule = {"block": {"attributes": {"days": {"required": True}}}, "min_items": 1}
    attributes = {"arn": {"computed": True}, "name": {"optional": True, "computed": True, "deprecated": True}}
    thing = {"block": {"attributes": attributes, "block_types": {"rule": rule}}}
    schema = {"resource_schemas": {"aws_thing": thing}, "data_source_schemas": {}}
    assert from_schema(schema, ["aws_thing", "data.aws_thing"]) == {
        "aws_thing": {
            "arguments": {"name": {}, "rule": {"required": True, "arguments": {"days": {"required": True}}}},
            "attributes": ["arn", "name", "rule"],
            "deprecated": ["name"],
        }
    }
