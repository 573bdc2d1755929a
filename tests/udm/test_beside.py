"""`zoomlogs udm --tenant`: the preview compared with the tenant's own parser, field by field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import commands
import pytest
from standins.secops import SecOps
from zoomlogs.mapping.events import event
from zoomlogs.secops.parser import Parsed
from zoomlogs.udm.beside import batches, differences, fields

SAMPLES = Path(__file__).resolve().parents[1] / "standins" / "zoom_records.jsonl"
RECORD = {
    "time": "2026-03-10T09:14:02Z",
    "operator": "admin@example.com",
    "category_type": "User",
    "action": "Update",
    "operation_detail": 'Scheduling Privilege  - [{"userId":"u1","assistant":"bo@example.com"},{"userId":"u2"}]',
}


# --- what differs ----------------------------------------------------------------------------------------------------


def test_an_event_is_its_values_by_the_paths_of_the_mapping_table() -> None:
    assert fields(event(RECORD)) == {
        "metadata.log_type": ("ZOOM_OPERATION_LOGS",),
        "metadata.vendor_name": ("ZOOM",),
        "metadata.product_name": ("ZOOM_OPERATION_LOGS",),
        "metadata.event_type": ("USER_UNCATEGORIZED",),
        "metadata.event_timestamp": ("2026-03-10T09:14:02+00:00",),
        "metadata.product_event_type": ("Update",),
        "metadata.description": (RECORD["operation_detail"],),
        "additional.fields[category_type]": ("User",),
        "principal.user.email_addresses": ("admin@example.com",),
        "target.user.userid": ("u1",),
        "target.user.attribute.labels[assistant]": ("bo@example.com",),
        "about.user.userid": ("u2",),
    }


def changed(change: Any) -> dict[str, tuple[Any, Any]]:
    made = event(RECORD)
    change(made)
    return {path: tuple(example) for path, example in differences(event(RECORD), Parsed((made,))).items()}


def test_equal_events_have_no_difference() -> None:
    assert changed(lambda made: None) == {}
    assert changed(lambda made: made["metadata"].update(eventTimestamp="2026-03-10T09:14:02.000Z")) == {}


def test_the_order_of_repeated_fields_has_no_meaning() -> None:
    users = '[{"userId":"u1","options":["x","y"]},{"userId":"u2"},{"userId":"u3"}]'
    detail = f"Scheduling Privilege of a@b.example c@d.example  - {users}"
    made, parsed = (event({**RECORD, "operation_detail": detail}) for _ in range(2))
    user = parsed["target"]["user"]
    for found in (parsed["about"], user["emailAddresses"], user["attribute"]["labels"]):
        assert len(found) > 1
        found.reverse()
    assert differences(made, Parsed((parsed,))) == {}
    user["emailAddresses"].append("e@f.example")
    assert list(differences(made, Parsed((parsed,)))) == ["target.user.email_addresses"]


def test_what_else_a_label_has_does_not_hide_its_value() -> None:
    """UDM's Label has source and rbacEnabled, too, which no preview has."""

    def mark(made: Any) -> None:
        made["target"]["user"]["attribute"]["labels"][0]["rbacEnabled"] = False

    assert changed(mark) == {"target.user.attribute.labels.rbac_enabled": ((), ("False",))}


def test_each_difference_has_its_field() -> None:
    assert changed(lambda made: made["metadata"].update(eventType="USER_CHANGE_PERMISSIONS")) == {
        "metadata.event_type": (("USER_UNCATEGORIZED",), ("USER_CHANGE_PERMISSIONS",))
    }
    assert changed(lambda made: made.pop("about")) == {"about.user.userid": (("u2",), ())}
    assert changed(lambda made: made.update(network={"sessionId": "7"})) == {"network.session_id": ((), ("7",))}
    assert changed(lambda made: made.update(additional={"category": "User"})) == {
        "additional.fields[category_type]": (("User",), ()),
        "additional.fields[category]": ((), ("User",)),
    }


def test_a_label_in_another_element_of_about_is_a_difference() -> None:
    detail = 'Scheduling Privilege  - [{"userId":"u1"},{"userId":"u2","assistant":"bo@example.com"},{"userId":"u3"}]'
    made, parsed = (event({**RECORD, "operation_detail": detail}) for _ in range(2))
    second, third = parsed["about"]
    third["user"]["attribute"] = second["user"].pop("attribute")
    label = "user.attribute.labels[assistant] = bo@example.com; "
    assert differences(made, Parsed((parsed,))) == {
        "about (each element)": (
            (f"{label}user.userid = u2", "user.userid = u3"),
            (f"{label}user.userid = u3", "user.userid = u2"),
        )
    }


def test_no_event_several_events_and_an_error_are_differences() -> None:
    made = event(RECORD)
    assert differences(made, Parsed()) == {"(events)": (("1",), ("0",))}
    assert differences(made, Parsed((made, made))) == {"(events)": (("1",), ("2",))}
    assert differences(made, Parsed(error="no match")) == {"(error)": ((), ("no match",))}


def test_a_run_takes_so_many_logs_and_bytes() -> None:
    found = [{"action": "x" * number} for number in (1, 1, 1, 50, 1)]
    assert [len(some) for some in batches(iter(found), 2, 10_000)] == [2, 2, 1]
    assert [len(some) for some in batches(iter(found), 10, 60)] == [3, 1, 1]
    assert list(batches(iter([]), 2, 10)) == []


# --- the command -----------------------------------------------------------------------------------------------------


@dataclass
class Run:
    secops: SecOps
    folder: Path

    def __call__(self, *arguments: object, status: int = 0, **environ: str) -> commands.Ran:
        key = {"ZOOMLOGS_SECOPS_SERVICE_ACCOUNT": str(self.folder / "service-account.json"), "COLUMNS": "100"}
        environment = {**commands.neutral(), **self.secops.env(), **key, **environ}
        ran = commands.zoomlogs("udm", "--tenant", *arguments, environ=environment)
        assert ran.status == status, ran
        return ran


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    with SecOps() as secops:
        secops.service_account(tmp_path)
        yield Run(secops, tmp_path)


def test_a_parser_that_follows_the_table_is_equal(run: Run) -> None:
    assert run(SAMPLES).out == "70 records, of which 70 give the event of the preview.\n"
    [call] = run.secops.writes
    assert call.path.endswith("/logTypes/ZOOM_OPERATION_LOGS:runParser")  # which parses, and ingests nothing
    assert not run.secops.events.logs


def test_a_parser_of_its_own_differs_field_by_field(run: Run) -> None:
    def parse(record: dict[str, Any]) -> list[dict[str, Any]]:
        made = event(record)
        if "category_type" in record:
            made["additional"] = {"category": record["category_type"]}
        return [made]

    run.secops.events.make = parse
    run.secops.parsers.extension = b"filter { # ours }"
    ran = run(SAMPLES, status=1)
    assert "additional.fields[category_type]" in ran.out and "additional.fields[category]" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 100
    told = json.loads(run(SAMPLES, "--json", status=1).out)
    assert (told["kind"], told["records"]) == ("prebuilt", 70)
    assert {each["field"] for each in told["differences"]} == {
        "additional.fields[category]",
        "additional.fields[category_type]",
    }
    assert told["differences"][0]["example"]["tenant"]


def test_many_records_take_several_runs(run: Run, tmp_path: Path) -> None:
    (tmp_path / "many.jsonl").write_text((json.dumps(RECORD) + "\n") * 1001)
    assert run(tmp_path / "many.jsonl").out.startswith("1,001 records, of which 1,001 give")
    assert len(run.secops.writes) == 2


def test_what_the_parser_refuses_is_shown(run: Run) -> None:
    run.secops.parsers.refuses = "generic::invalid_argument: pipeline failed"
    ran = run(SAMPLES, status=1)
    assert "70 records, of which 0 give the event of the preview" in ran.out
    assert "generic::invalid_argument: pipeline failed" in " ".join(ran.out.split())


@pytest.mark.parametrize(
    ("spoil", "status", "sentence"),
    [
        (
            lambda secops: secops.denied.add("parsers.run"),
            2,
            "lists), which has chronicle.parsers.run, in the",
        ),
        (
            lambda secops: secops.denied.add("parsers.list"),
            2,
            "could not run the tenant's parser: these credentials",
        ),
        (lambda secops: setattr(secops.parsers, "active", False), 1, "has no active parser for ZOOM_OPERATION_LOGS"),
        (lambda secops: secops.fail_next(429, "Quota exceeded", times=9), 1, "Google's limit is reached"),
    ],
)
def test_a_refusal_is_a_sentence(
    run: Run, spoil: Any, status: int, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zoomlogs.secops.session.PAUSES", (0.0, 0.0))
    spoil(run.secops)
    ran = run(SAMPLES, status=status)
    assert sentence in ran.err and ran.err.count("\n") == 1
    assert ran.out == ""


def test_it_excludes_table_and_coverage(run: Run) -> None:
    assert "choose one of --table, --coverage and --tenant." in " ".join(run("--table", status=2).err.split())
