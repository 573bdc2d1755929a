"""The gate's inputs: incomplete plans, acceptances, and the keys in a caller's inputs."""

from __future__ import annotations

import copy
import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from .gate import acceptances, checkers, sources
from .gate.findings import Finding
from .gate.inputs import findings, unknown_keys
from .gate.judge import NO_USE, Request, by_rules, judge
from .gate.module import INPUTS
from .gate.plan import BadPlanError, judged_whole, read
from .gate.plan import Plan as Whole
from .gate.report import report
from .gate.uses import Use, find
from .mutations import Plan

TODAY = date(2026, 3, 10)
REPOSITORY = Path(__file__).resolve().parents[2]

# --- incomplete plans ------------------------------------------------------------------------------------------------

WHOLE: Plan = {"format_version": "1.2", "errored": False, "complete": True, "resource_changes": []}
BUCKET: dict[str, Any] = {"address": "aws_s3_bucket.x", "mode": "managed", "type": "aws_s3_bucket", "name": "x"}


def resource(*actions: str) -> dict[str, Any]:
    return {**BUCKET, "change": {"actions": list(actions), "before": {}, "after": {}}}


BAD = {
    "no object": ([], "The file is not a plan"),
    "another JSON": ({"hello": "world"}, "The file is not a plan"),
    "a state": ({"format_version": "1.0", "values": {}}, "a state, not a plan"),
    "a newer format": ({**WHOLE, "format_version": "2.0"}, "format version 2.0, and this check reads 1.x"),
    "an errored plan": ({**WHOLE, "errored": True}, "ended with an error"),
    "a plan that does not say so": ({"format_version": "1.2"}, "ended with an error"),
    "a targeted plan": ({**WHOLE, "complete": False}, "made with -target"),
    "a destroy plan": ({**WHOLE, "resource_changes": [resource("delete"), resource("forget")]}, "made with -destroy"),
    "a refresh-only plan": (
        {
            **{name: value for name, value in WHOLE.items() if name != "resource_changes"},
            "prior_state": {"values": {"root_module": {"child_modules": [{"resources": [BUCKET]}]}}},
        },
        "made with -refresh-only",
    ),
    "changes of another form": ({**WHOLE, "resource_changes": [{"mode": "managed"}]}, "not in the form"),
    "changes that are none": ({**WHOLE, "resource_changes": ["x"]}, "not in the form"),
}


@pytest.mark.parametrize(("raw", "says"), BAD.values(), ids=BAD)
def test_an_incomplete_plan_is_refused_with_its_reason(raw: Any, says: str) -> None:
    with pytest.raises(BadPlanError, match=says):
        judged_whole(raw)


def test_a_plan_that_keeps_a_resource_is_complete() -> None:
    assert len(judged_whole({**WHOLE, "resource_changes": [resource("delete"), resource("no-op")]}).resources) == 2


@pytest.mark.parametrize("text", ["", "{", "[" * 200_000, '{"a": "\x00"', "Terraform will perform"])
def test_a_file_that_is_no_json_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadPlanError, match="terraform show -json"):
        read(file)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadPlanError, match="No such file"):
        read(tmp_path / "none.json")
    with pytest.raises(BadPlanError, match="directory"):
        read(tmp_path)
    (tmp_path / "large").write_text(json.dumps(WHOLE))
    monkeypatch.setattr("compliance.gate.plan.LARGEST_BYTES", 10)
    with pytest.raises(BadPlanError, match="larger than"):
        read(tmp_path / "large")


def test_a_plan_without_the_module_fails_before_any_checker_starts(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text(json.dumps({**WHOLE, "resource_changes": [resource("create")]}), encoding="utf-8")
    said: list[str] = []
    assert judge(Request(file, None, None), TODAY, said.append) == (1, f"The plan was not checked. {NO_USE}\n")
    assert said == []


# --- acceptances -----------------------------------------------------------------------------------------------------

ENTRY = {"rule": "package", "address": "a.b", "reason": "Agreed with security.", "until": "2026-03-10"}
FOUND = Finding("package", "a.b", "What.", "Why.", "Do.")
RULES = frozenset({"package", "proxy"})


def sort(*entries: Any, found: tuple[Finding, ...] = (FOUND,), folder: Path) -> tuple[list[str], int]:
    """Accept entries; return what is still red and the number of accepted findings."""
    file = folder / "accepted.json"
    file.write_text(json.dumps({"accepted": list(entries)}), encoding="utf-8")
    given, wrong = acceptances.read(file)
    parted = acceptances.sort(found, given, RULES, TODAY)
    return [one.what for one in [*wrong, *parted.red]], len(parted.accepted)


def test_a_finding_is_accepted_through_its_last_day(tmp_path: Path) -> None:
    assert sort(ENTRY, folder=tmp_path) == ([], 1)
    assert sort({**ENTRY, "until": "2027-03-10"}, folder=tmp_path) == ([], 1)


WRONG: dict[str, tuple[Any, str]] = {
    "expired": ({**ENTRY, "until": "2026-03-09"}, "It expired on 2026-03-09."),
    "too long": ({**ENTRY, "until": "2027-03-12"}, "is more than a year ahead"),
    "no rule": ({**ENTRY, "rule": "packages"}, "There is no rule of this name."),
    "another address": ({**ENTRY, "address": "a.c"}, "Nothing in this plan breaks that rule"),
    "another rule": ({**ENTRY, "rule": "proxy"}, "Nothing in this plan breaks that rule"),
    "every address": ({**ENTRY, "address": "*"}, "Nothing in this plan breaks that rule"),
    "no reason": ({**ENTRY, "reason": "ok"}, "The reason is too short"),
    "no date": ({**ENTRY, "until": "next year"}, "is not a date of the form YYYY-MM-DD"),
    "an impossible date": ({**ENTRY, "until": "2026-02-30"}, "is not a date of the form YYYY-MM-DD"),
    "a date in another form": ({**ENTRY, "until": "2026-3-10"}, "is not a date of the form YYYY-MM-DD"),
    "a key too many": ({**ENTRY, "note": "x"}, "needs rule, address, reason, until"),
    "a key too few": ({"rule": "package", "address": "a.b"}, "needs rule, address, reason, until"),
    "a number": ({**ENTRY, "until": 2026}, "needs rule, address, reason, until"),
    "a text": ("package", "needs rule, address, reason, until"),
}


@pytest.mark.parametrize(("entry", "says"), WRONG.values(), ids=WRONG)
def test_an_invalid_acceptance_is_a_finding_and_accepts_nothing(entry: Any, says: str, tmp_path: Path) -> None:
    red, accepted = sort(entry, folder=tmp_path)
    assert accepted == 0
    assert FOUND.what in red
    assert [one for one in red if says in one], red


def test_two_entries_for_one_finding_are_refused(tmp_path: Path) -> None:
    red, accepted = sort(ENTRY, {**ENTRY, "until": "2026-12-31"}, folder=tmp_path)
    assert accepted == 1
    assert ["two entries" in one for one in red] == [True]


def test_some_findings_cannot_be_accepted(tmp_path: Path) -> None:
    found = Finding("package", "a.b", "What.", "Why.", "Do.", acceptable=False)
    red, accepted = sort(ENTRY, found=(found,), folder=tmp_path)
    assert accepted == 0
    assert "What." in red


@pytest.mark.parametrize("text", ["", "[]", '{"accepted": {}}', '{"accepted": [], "more": 1}', "{"])
def test_an_acceptances_file_of_another_form_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "accepted.json"
    file.write_text(text, encoding="utf-8")
    given, [wrong] = acceptances.read(file)
    assert given == []
    assert "acceptances file" in wrong.what
    assert not wrong.acceptable
    assert acceptances.read(tmp_path / "none.json")[1]


# --- the list --------------------------------------------------------------------------------------------------------


def test_the_list_says_what_where_why_what_to_do_and_how_to_accept_it() -> None:
    use = Use(Whole(WHOLE), "module.zoom", [])
    assert report([use], [FOUND], []) == (
        "1. package\n"
        "   where   a.b\n"
        "   what    What.\n"
        "   why     Why.\n"
        "   do      Do.\n"
        '   accept  in the file that --accepted names, under "accepted":\n'
        '           {"rule": "package", "address": "a.b", "reason": "…", "until": "YYYY-MM-DD"}\n'
        "\n"
        "Plan check of module.zoom: 1 finding.\n"
    )


def test_a_plan_cannot_send_control_characters_or_forge_a_line() -> None:
    hostile = Finding("package", "a.b", "x\n2. no findings\x1b[2K\u202e", "Why.", "Do.")
    shown = report([], [hostile], [])
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\n2." not in shown


# --- a caller's inputs -----------------------------------------------------------------------------------------------


def test_a_misspelt_key_is_reported_with_the_likely_one() -> None:
    said = list(unknown_keys("bucket", INPUTS["bucket"], {"versionning": False, "transitions": [{"day": 30}]}))
    assert said == [
        "bucket has no key versionning. Did you mean versioning?",
        "bucket.transitions[*] has no key day. Did you mean days?",
    ]
    assert list(unknown_keys("bucket", INPUTS["bucket"], {"versioning": False, "access_logs_bucket": None})) == []
    assert list(unknown_keys("tags", INPUTS["tags"], {"anything": "goes"})) == []


def plan_of_call(expressions: dict[str, Any], variables: dict[str, Any] | None = None) -> tuple[Whole, Use]:
    """Return a plan that calls the module in `module.zoom` with these expressions."""
    whole = Whole(
        {
            **WHOLE,
            "configuration": {"root_module": {"module_calls": {"zoom": {"expressions": expressions, "module": {}}}}},
            "variables": {name: {"value": value} for name, value in (variables or {}).items()},
        }
    )
    return whole, Use(whole, 'module.zoom["emea"]', [])


def judged(source: str | None, folder: Path, variables: dict[str, Any] | None = None) -> list[tuple[str, str]]:
    """Check a call with references in `bucket` and `collector`; `source` is its main.tf."""
    written = None
    if source is not None:
        (folder / "main.tf").write_text(source, encoding="utf-8")
        written = {"zoom": sources.Module(folder, is_root=True).inputs("zoom")}
    expressions = {name: {"references": ["var.x"]} for name in ("bucket", "collector")}
    whole, use = plan_of_call({"bucket_name": {"references": ["var.x"]}, **expressions}, variables)
    return [(one.rule, one.what) for one in findings(whole, use, written)]


def test_literals_are_read_from_the_plan() -> None:
    whole, use = plan_of_call({"bucket": {"constant_value": {"versionning": True}}, "zoom": {"constant_value": None}})
    assert [(one.rule, one.address) for one in findings(whole, use, None)] == [
        ("unknown-key", 'module.zoom["emea"].bucket')
    ]


def test_an_object_with_a_reference_needs_the_source(tmp_path: Path) -> None:
    assert judged(None, tmp_path) == [
        ("keys-not-seen", "The keys of bucket could not be read."),
        ("keys-not-seen", "The keys of collector could not be read."),
    ]


CALL = 'module "zoom" {{\n  source = "./x"\n  bucket = {}\n  collector = {{}}\n  {}\n}}\n'
WRITTEN: dict[str, tuple[str, str]] = {
    "an object": ("{ versionning = var.x }", ""),
    "keys in quotes": ('{ "versionning" : var.x }', ""),
    "a local": ("local.ours", "locals {\n  ours = { versionning = var.x }\n}\n"),
    "a merge": ("merge({ create = true }, local.ours)", "locals {\n  ours = { versionning = var.x }\n}\n"),
    "a condition": ("var.x ? { versionning = true } : {}", ""),
    "a typed variable": ("var.ours", 'variable "ours" {\n  type = object({ versionning = optional(bool) })\n}\n'),
    "a value of a variable": ("var.given", 'variable "given" {\n  type = any\n}\n'),
    "part of a variable": ("var.all.bucket", 'variable "all" {\n  type = map(object({ versionning = bool }))\n}\n'),
    "an attempt": ("try({ versionning = var.x }, null)", ""),
    "parentheses": ("({ versionning = var.x })", ""),
    "each value": (
        "each.value",
        "",
    ),
}


@pytest.mark.parametrize(("expression", "more"), WRITTEN.values(), ids=WRITTEN)
def test_the_source_shows_a_misspelt_key(expression: str, more: str, tmp_path: Path) -> None:
    each = "for_each = { emea = { versionning = true } }" if "each" in expression else ""
    said = judged(CALL.format(expression, each) + more, tmp_path, {"given": {"versionning": True}})
    assert said == [("unknown-key", "bucket has no key versionning. Did you mean versioning?")]


@pytest.mark.parametrize(("expression", "more"), WRITTEN.values(), ids=WRITTEN)
def test_the_source_shows_correct_keys(expression: str, more: str, tmp_path: Path) -> None:
    each = "for_each = { emea = { versioning = true } }" if "each" in expression else ""
    text = (CALL.format(expression, each) + more).replace("versionning", "versioning")
    assert judged(text, tmp_path, {"given": {"versioning": True}}) == []


@pytest.mark.parametrize(
    "expression",
    [
        "module.other.bucket",
        "jsondecode(file(var.x))",
        "{ for key, value in var.x : key => value }",
        "{ (var.x) = true }",
        "local.missing",
        "merge(local.list...)",
    ],
)
def test_an_expression_that_cannot_be_resolved_is_reported(expression: str, tmp_path: Path) -> None:
    [(rule, what)] = judged(CALL.format(expression, ""), tmp_path)
    assert rule == "keys-not-seen"
    assert what.startswith("The keys of bucket could not be read: they come from ")


def test_a_reported_expression_hides_its_strings(tmp_path: Path) -> None:
    [(_, what)] = judged(CALL.format('jsondecode("{\\"client_secret\\": \\"Sentinel\\"}")', ""), tmp_path)
    assert what.endswith('they come from jsondecode("…").')


def test_an_unreadable_file_is_skipped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "other.tf").write_text("this is { no HCL", encoding="utf-8")
    assert judged(CALL.format("{ versioning = var.x }", ""), tmp_path) == []
    assert "other.tf could not be read and was skipped." in capsys.readouterr().err


def test_override_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "main_override.tf").write_text('module "zoom" {\n  bucket = { versionning = var.x }\n}\n')
    assert judged(CALL.format("{}", ""), tmp_path) == [
        ("unknown-key", "bucket has no key versionning. Did you mean versioning?")
    ]


def test_a_nested_call_is_found_installed_or_relative_to_its_caller(
    tmp_path: Path,
) -> None:
    for folder in (tmp_path / "ours", tmp_path / ".terraform/modules/far"):
        folder.mkdir(parents=True)
        (folder / "main.tf").write_text(CALL.format("{ versionning = var.x }", ""), encoding="utf-8")
    (tmp_path / "main.tf").write_text('module "near" {\n  source = "./ours"\n}\n', encoding="utf-8")
    index = {"Modules": [{"Key": "far", "Source": "git::https://x", "Dir": ".terraform/modules/far"}]}
    (tmp_path / ".terraform/modules/modules.json").write_text(json.dumps(index), encoding="utf-8")
    command = [sys.executable, sources.__file__, tmp_path, "near.zoom", "far.zoom", "gone.zoom"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert {call: set(said["bucket"]["object"]) for call, said in json.loads(done.stdout).items()} == {
        "near.zoom": {"versionning"},
        "far.zoom": {"versionning"},
    }


# --- facts about the module ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def describe_module() -> ModuleType:
    """Import the script, as `make docs` runs it."""
    sys.path.insert(0, str(REPOSITORY / "scripts"))
    try:
        spec = importlib.util.spec_from_file_location("describe_module", REPOSITORY / "scripts/describe_module.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(REPOSITORY / "scripts"))
    return module


def test_the_gate_knows_this_version_of_the_module(describe_module: ModuleType) -> None:
    assert describe_module.main(["--check"]) == 0


@pytest.mark.slow
def test_a_new_key_a_new_resource_and_a_new_package_are_noticed(describe_module: ModuleType, tmp_path: Path) -> None:
    for name in ("variables.tf", "modules", "lambda/dist/collector.json"):
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (REPOSITORY / name).is_dir() else shutil.copy
        copy(REPOSITORY / name, target)
    known = describe_module.describe(tmp_path)
    assert known == describe_module.describe(REPOSITORY)
    with (tmp_path / "variables.tf").open("a") as file:
        file.write('variable "more" {\n  type = list(object({ x = optional(number, 1), y = string }))\n}\n')
    with (tmp_path / "modules/archive/main.tf").open("a") as file:
        file.write('resource "aws_s3_bucket_metric" "archive" {}\n')
    (tmp_path / "lambda/dist/collector.json").write_text('{"zip_sha256": "00"}')
    changed = describe_module.describe(tmp_path)
    assert changed["inputs"]["more"] == {"each": {"keys": {"x": None, "y": None}}}
    assert set(changed["resources"]["archive"]) - set(known["resources"]["archive"]) == {"aws_s3_bucket_metric.archive"}
    assert changed["package_sha256"] == "00"


# --- several uses ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def two(plan_of: Callable[[str], Plan]) -> Whole:
    """A plan with two uses, one of them nested and under a key that looks like an address."""
    text = json.dumps(plan_of("default"))
    deep = text.replace("module.zoom_operation_logs.", json.dumps('module.ours["a.module.b"].module.zoom.')[1:-1])
    both = json.loads(text)
    both["resource_changes"] += json.loads(deep)["resource_changes"]
    return Whole(both)


@pytest.mark.slow
def test_every_use_is_found_at_any_depth(two: Whole) -> None:
    assert [use.address for use in find(two)] == ["module.zoom_operation_logs", 'module.ours["a.module.b"].module.zoom']
    assert len({one.address for use in find(two) for _, one in use.members}) == len(two.resources)


@pytest.mark.slow
def test_only_the_rules_check_a_use_that_is_destroyed(two: Whole) -> None:
    raw = copy.deepcopy(two.raw)
    for one in raw["resource_changes"]:
        if one["address"].startswith("module.ours"):
            one["change"].update(actions=["delete"], before=one["change"]["after"], after=None)
    going = Whole(raw)
    uses = find(going)
    assert [use.function.stays for use in uses] == [True, False]
    assert {use.address for use, _, _ in checkers._parts(going, uses)} == {uses[0].address}
    assert {one.rule for one in by_rules(going, uses) if one.address.startswith("module.ours")} == {"destroys"}


@pytest.mark.slow
def test_the_features_of_one_use_do_not_see_another(two: Whole) -> None:
    uses = find(two)
    for use, names, gone in checkers._parts(two, uses):
        seen = {one["address"] for one in checkers.without(two.raw, gone)["resource_changes"]}
        assert seen & {one.address for _, one in use.members} == {one.address for _, one in use.members}
        assert not seen & {one.address for other in uses if other is not use for _, one in other.members}
        assert names
    first, second = uses
    left = checkers.without(two.raw, {one.address for _, one in first.members})
    assert f"{first.address}.module.collector.aws_" not in json.dumps(
        [left["planned_values"], left["resource_changes"]]
    )
    assert second.address.partition("[")[0] in json.dumps(left["resource_changes"])


@pytest.mark.slow
def test_the_module_as_root_is_a_use_and_its_variables_are_checked(plan_of: Callable[[str], Plan]) -> None:
    raw = json.loads(json.dumps(plan_of("default")).replace("module.zoom_operation_logs.", ""))
    raw["variables"] = {
        "bucket": {"value": {"versionning": False}},
        "zoom": {"value": None},
        "ours": {"value": {"x": 1}},
    }
    whole = Whole(raw)
    [use] = find(whole)
    assert use.named == "the root module"
    assert [(one.rule, one.address) for one in findings(whole, use, None)] == [("unknown-key", "var.bucket")]
