"""The examples as text: complete, documented and for this version of the module."""

from __future__ import annotations

import re
from pathlib import Path

import hcl2
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLES = sorted(file.parent for file in REPOSITORY.glob("examples/*/main.tf"))
ADDRESS = "git::https://github.com/YOUR-ORGANISATION/terraform-aws-zoom-operation-logs.git?ref=v0.1.0"

# Inputs that the complete example cannot set, because they exclude others that it sets.
EXCLUDED = {"existing", "code_signing_config_arn", "vpc", "filename", "federated_principal", "topic_arns"}
EXCLUDED |= {"reader_key_secret", "principal_arns"}  # for a user, or without a reader; the example has a role


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_is_a_complete_root_module_with_a_readme(example: Path) -> None:
    files = {file.name for file in example.iterdir()}
    assert {"README.md", "main.tf", "outputs.tf", "variables.tf", "versions.tf"} <= files
    declared = '">= 5.100, != 6.35.0, < 7.0"'
    advised = f"{declared} # of version 6, take 6.40 or later"
    versions = (REPOSITORY / "versions.tf").read_text().replace(declared, advised)
    assert (example / "versions.tf").read_text() == versions
    assert (example / "README.md").read_text().startswith(f"# {example.name}\n")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_has_the_source_address_for_callers(example: Path) -> None:
    main = (example / "main.tf").read_text()
    part = "/modules/deployer" if example.name == "deployer" else ""
    assert f'# source = "{ADDRESS.replace(".git?", f".git/{part}?" if part else ".git?")}"' in main
    assert set(re.findall(r'(?m)^\s*source\s*= "(.*)"$', main)) == {f"../..{part}"}


def test_the_complete_example_sets_every_input() -> None:
    variables = hcl2.loads((REPOSITORY / "variables.tf").read_text())["variable"]
    inputs = {name.strip('"'): block for variable in variables for name, block in variable.items()}
    [(_, call)] = hcl2.loads((REPOSITORY / "examples/complete/main.tf").read_text())["module"][0].items()
    assert inputs.keys() <= call.keys()
    for name, block in inputs.items():
        attributes = set(re.findall(r"(\w+)\s*=", re.sub(r"object\(\{.*?\}\)", "", str(block["type"])[9:])))
        if isinstance(call[name], dict):
            given = {key.strip('"') for key in call[name]}
            assert attributes - given <= EXCLUDED, f"{name}: {attributes - given - EXCLUDED}"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_access_logs_are_enabled_only_after_s3_may_write_them(example: Path) -> None:
    """S3 checks when logging is enabled. If the bucket is taken from its policy, Terraform creates the policy first."""
    for target in re.findall(r"access_logs_bucket\s*=\s*(\S+)", (example / "main.tf").read_text()):
        assert target.startswith(("aws_s3_bucket_policy.", "var."))


@pytest.mark.parametrize("file", ["complete/platform.tf", "existing-bucket/owner.tf"])
def test_a_callers_key_allows_the_buckets_notifications(file: str) -> None:
    policies = (REPOSITORY / "examples" / file).read_text()
    assert re.search(r'"s3\.amazonaws\.com" \}\s+Action +=\s+\["kms:Decrypt", "kms:GenerateDataKey"\]', policies)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_a_callers_key_allows_the_alarms(example: Path) -> None:
    """Otherwise alarms would silently not notify."""
    if "  kms_key " in re.sub(r"(?s)secret = \{.*?\n  \}", "", (example / "main.tf").read_text()):
        policies = "".join(file.read_text() for file in example.glob("*.tf"))
        assert re.search(
            r'"cloudwatch\.amazonaws\.com" \}\s+Action +=\s+\["kms:Decrypt", "kms:GenerateDataKey\*"\]', policies
        )
