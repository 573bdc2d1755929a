"""parliament, a linter for IAM policies, finds nothing in the module's policies that is not accepted with a reason."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from compliance.mutations import Plan
from compliance.plans import REPOSITORY
from zoomlogs import deployer

PYTHON = REPOSITORY / ".venv-parliament" / "bin" / "python"
ROLE = "arn:aws:iam::123456789012:role/trusted"
LINT = Path(__file__).with_name("lint.py")
ACCEPTED: list[dict[str, str]] = yaml.safe_load(Path(__file__).with_name("accepted.yaml").read_text(encoding="utf-8"))

VARIANTS = ("default", "full", "existing_secret", "role", "locked")
WITH_POLICY = re.compile(r"aws_iam_role|aws_kms_key|aws_\w+_policy")

pytestmark = pytest.mark.slow


@dataclass(frozen=True, order=True)
class Finding:
    """parliament's findings in a resource's policy."""

    resource: str
    issue: str
    detail: str

    def is_accepted_by(self, entry: dict[str, str]) -> bool:
        """Return whether an entry of the list accepts it."""
        return (self.resource, self.issue) == (entry["resource"], entry["issue"]) and bool(
            re.fullmatch(entry["detail"], self.detail)
        )


def policies(plan: Plan) -> Iterator[tuple[str, str]]:
    """Return the policies in a plan, each with its resource; fail where a resource's is not known yet."""
    for change in plan["resource_changes"]:
        if change["mode"] == "managed" and WITH_POLICY.fullmatch(change["type"]):
            name = "policy" if change["type"] != "aws_iam_role" else "assume_role_policy"
            policy = change["change"]["after"].get(name)
            assert policy, f"The plan does not show the policy of {change['address']}."
            yield f"{change['type']}.{change['name']}", policy if name == "policy" else with_resource(policy)


def deployers() -> Iterator[tuple[str, str]]:
    """Return policies of modules/deployer that together use each option, each with its part."""
    arns = {
        "ca_bundle": "arn:aws:lambda:us-east-1:123456789012:layer:ca-bundle:1",
        "code_signing": "arn:aws:lambda:us-east-1:123456789012:code-signing-config:csc-0123456789abcdef0",
        "kms_key": "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "permissions_boundary": "arn:aws:iam::123456789012:policy/boundary",
        "s3_package": "packages/collector.zip",
    }
    made_elsewhere = ("existing_bucket", "existing_secret", "existing_topics", "no_monitoring", "no_reader")
    every = {option: arns.get(option, "true") for option in deployer.table()["options"] if option not in made_elsewhere}
    where, names = deployer.place("123456789012", "us-east-1"), {"bucket_name": "zoom-operation-logs"}
    for options in ({}, {**every, "reader_role": "false"}, {**every, "permissions_boundary": "", "kms_key": ""}, every):
        for part, policy in deployer.policies(deployer.PHASES, options, names, where).items():
            yield f"deployer.{part}", json.dumps(policy)


def with_resource(trust: str) -> str:
    """Add a resource to a trust policy, which has none: without one parliament stops."""
    policy = json.loads(trust)
    return json.dumps({**policy, "Statement": [{**one, "Resource": ROLE} for one in policy["Statement"]]})


def lint(named: list[tuple[str, str]]) -> set[Finding]:
    """Run parliament over policies."""
    given = json.dumps([policy for _, policy in named])
    done = subprocess.run([PYTHON, LINT], input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    return {Finding(name, **one) for (name, _), each in zip(named, found, strict=True) for one in each}


def changed(named: list[tuple[str, str]], resource: str, change: Callable[[dict[str, Any]], None]) -> tuple[str, str]:
    """Return a resource's policy with another first statement, under another name."""
    policy = json.loads(dict(named)[resource])
    change(policy["Statement"][0])
    return f"wrong {resource}", json.dumps(policy)


@dataclass(frozen=True)
class Linted:
    """The policies of all variants, and the findings in them and in the faulty ones."""

    policies: list[tuple[str, str]]
    findings: set[Finding]
    wrong: set[Finding]


def unknown_action(statement: dict[str, Any]) -> None:
    statement["Action"] = "s3:PutObjekt"


def unknown_condition(statement: dict[str, Any]) -> None:
    statement["Condition"] = {"StringEquals": {"aws:PrincipalIsMe": "true"}}


def another_services_resource(statement: dict[str, Any]) -> None:
    statement["Resource"] = "arn:aws:sqs:us-east-1:123456789012:queue"


WRONG: list[tuple[str, Callable[[dict[str, Any]], None], str]] = [
    ("aws_iam_policy.writer", unknown_action, "UNKNOWN_ACTION"),
    ("aws_s3_bucket_policy.archive", unknown_action, "UNKNOWN_ACTION"),
    ("aws_sqs_queue_policy.feed", unknown_condition, "UNKNOWN_CONDITION_FOR_ACTION"),
    ("aws_iam_role.collector", unknown_condition, "UNKNOWN_CONDITION_FOR_ACTION"),
    ("aws_iam_policy.writer", another_services_resource, "RESOURCE_MISMATCH"),
]


@pytest.fixture(scope="module")
def linted(plan_of: Callable[[str], Plan]) -> Linted:
    named = sorted({*(policy for variant in VARIANTS for policy in policies(plan_of(variant))), *deployers()})
    found = lint([*named, *(changed(named, resource, change) for resource, change, _ in WRONG)])
    wrong = {one for one in found if one.resource.startswith("wrong ")}
    return Linted(named, found - wrong, wrong)


def test_every_finding_in_the_policies_is_accepted(linted: Linted) -> None:
    assert sorted(one for one in linted.findings if not any(map(one.is_accepted_by, ACCEPTED))) == []


def test_every_accepted_finding_is_found(linted: Linted) -> None:
    assert [entry for entry in ACCEPTED if not any(one.is_accepted_by(entry) for one in linted.findings)] == []
    assert all(len(entry["reason"]) > 10 for entry in ACCEPTED)


def test_policies_of_all_kinds_are_checked(linted: Linted) -> None:
    assert {resource.partition(".")[0] for resource, _ in linted.policies} == {
        *("aws_iam_policy", "aws_iam_role", "aws_iam_role_policy", "aws_kms_key"),
        *("aws_s3_bucket_policy", "aws_sns_topic_policy", "aws_sqs_queue_policy"),
        "deployer",
    }


def test_each_of_the_deployers_statements_is_checked(linted: Linted) -> None:
    looked_at = {
        one["Sid"]
        for name, policy in linted.policies
        for one in json.loads(policy)["Statement"]
        if name.startswith("deployer.")
    }
    assert {one["sid"] for one in deployer.table()["statements"]} - looked_at == set()


@pytest.mark.parametrize(("resource", "change", "issue"), WRONG)
def test_faults_in_a_policy_are_found(
    resource: str, change: Callable[[dict[str, Any]], None], issue: str, linted: Linted
) -> None:
    found = {one for one in linted.wrong if one.resource == f"wrong {resource}"}
    assert issue in {one.issue for one in found if not any(map(one.is_accepted_by, ACCEPTED))}
