"""docs/security.md has the matrix that the tests assert, and the matrix proves something."""

from __future__ import annotations

import re

import pytest

from .matrix import ATTEMPTS, ROWS
from .principals import Principal
from .report import BEGIN, MARK, PAGE, matrix, updated, who


def test_the_page_has_the_current_matrix() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == updated(page), "run `python tests/security`"


def test_another_matrix_would_change_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    changed = page.replace("| ✓ |", "| ✗ |", 1)
    assert changed != page
    assert updated(changed) == page


def test_the_readme_counts_the_calls() -> None:
    readme = (PAGE.parents[1] / "README.md").read_text(encoding="utf-8")
    assert f"Each of ten principals makes [{len(ROWS)} calls](docs/security.md)" in " ".join(readme.split())
    assert len(Principal) == 10


def test_the_deployers_page_counts_its_ways_to_a_locked_version() -> None:
    page = (PAGE.parent / "deployer.md").read_text(encoding="utf-8")
    assert len(ATTEMPTS) == 7 and "[Seven ways were tried](security.md#the-deployer-and-a-locked-version)" in page
    assert [one.deletes_in for one in ATTEMPTS if one.deletes_in] == [("GOVERNANCE",)]


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="BEGIN MATRIX"):
        updated(PAGE.read_text(encoding="utf-8").replace(BEGIN, ""))


@pytest.mark.parametrize("principal", Principal)
def test_each_principal_has_allowed_and_denied_calls(principal: Principal) -> None:
    allowed = [row for row in ROWS if principal in row.allowed]
    assert allowed
    assert len(allowed) < len(ROWS) / 3


def test_pairs_of_principals_have_one_name() -> None:
    both = {Principal.READER_USER, Principal.READER_ROLE}
    assert who({*both, Principal.SCHEDULER}) == "scheduler, both readers"
    assert who({Principal.READER_ROLE, Principal.COLLECTOR}) == "collector, reader role"
    assert who(Principal) == "all"


def test_the_page_has_every_call_and_who_may_make_it() -> None:
    by_call = matrix().partition("### By call")[2]
    for group, lines in re.findall(r"(?ms)^\*\*([^*]+)\*\*\n(.*?)(?=^\*\*|^###)", by_call):
        for row in (row for row in ROWS if row.group == group):
            name = f"{row.does}{MARK if row.how == 'evaluated' else ''}"
            [line] = re.findall(rf"(?m)^- \*{re.escape(who(row.allowed) or 'nobody')}\*: (.*)$", lines)
            [calls] = re.findall(rf"`{re.escape(row.action)}` \((.*?)\)(?:, `|$)", line)
            assert name in calls.split("; ")


def test_each_call_is_named_once() -> None:
    names = [(row.group, row.does) for row in ROWS]
    assert len(names) == len(set(names))


def test_the_relevant_services_are_in_the_matrix() -> None:
    services = {row.action.partition(":")[0] for row in ROWS}
    assert services == {
        *(
            "s3",
            "secretsmanager",
            "kms",
            "lambda",
            "sqs",
            "logs",
            "cloudwatch",
            "xray",
            "ec2",
            "scheduler",
            "sts",
            "iam",
        )
    }


def test_the_page_says_which_cells_are_only_evaluated() -> None:
    evaluated = [row for row in ROWS if row.how == "evaluated"]
    assert evaluated
    page = matrix()
    assert all(f"{row.does}{MARK}" in page for row in evaluated)
    assert all(f"{row.does}{MARK}" not in page for row in ROWS if row.how == "called")
    assert {row.action for row in evaluated if not row.action.startswith("ec2:")} == {
        "s3:ReplicateDelete",
        "s3:ReplicateObject",
        "s3:UpdateObjectEncryption",
    }
