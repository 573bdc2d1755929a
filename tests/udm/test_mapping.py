"""Every row of the guide's mapping table, by name: where its raw field goes, and what else the table says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from zoomlogs.mapping.event_types import EVENT_TYPES
from zoomlogs.mapping.events import event, line, preview
from zoomlogs.mapping.rows import ROWS
from zoomlogs.udm.coverage import Coverage

from . import schema

LABELS = "target.user.attribute.labels.value"
ROLES = "target.user.attribute.roles.name"
EMAILS = "target.user.email_addresses"
PRIVILEGES = (
    'Scheduling Privilege  - [{"userId": "u1", "assistant": "bo@example.com", "options": ["schedule", "start"]},'
    ' {"userId": "u2", "assistant": "cy@example.com", "options": "all"}, {"userId": 3}]'
)


def detail(text: str) -> dict[str, str]:
    return {"operation_detail": text}


def label(key: str, value: str) -> dict[str, str]:
    return {"key": key, "value": value}


# The table in its order: raw field, UDM field, a record that has it, and where it is in proto3 JSON.
TABLE: list[tuple[str, str, dict[str, Any], str, Any]] = [
    ("action", "metadata.product_event_type", {"action": "Batch Update"}, "metadata.productEventType", "Batch Update"),
    ("category_type", "additional.fields.key", {"category_type": "User"}, "additional", {"category_type": "User"}),
    (
        "category_type",
        "additional.fields.value.string_value",
        {"category_type": "User Group"},
        "additional.category_type",
        "User Group",
    ),
    (
        "Department",
        "target.user.department",
        detail("Add User ana@example.com  - User Type: Basic - Department: Foo"),
        "target.user.department",
        ["Foo"],
    ),
    (
        "Description",
        "target.user.role_description",
        detail("Add Role Helpdesk  - Description: resets passwords"),
        "target.user.roleDescription",
        "resets passwords",
    ),
    (
        "Display Name",
        "target.user.user_display_name",
        detail("Update User ana@example.com  - Display Name: from Ana to Ana Núñez"),
        "target.user.userDisplayName",
        "Ana Núñez",
    ),
    (
        "Email Address",
        EMAILS,
        detail("Update User  - Email Address: from ana@example.com to ana@example.org"),
        "target.user.emailAddresses",
        ["ana@example.org"],
    ),
    ("First Name", "target.user.first_name", detail("Add User  - First Name: Ana"), "target.user.firstName", "Ana"),
    (
        "Job Title",
        "target.user.title",
        detail("Update User ana@example.com  - Job Title: set to Contractor"),
        "target.user.title",
        "Contractor",
    ),
    ("Last Name", "target.user.last_name", detail("Add User  - Last Name: Núñez"), "target.user.lastName", "Núñez"),
    (
        "Location",
        "target.location.name",
        detail("Update User ana@example.com  - Location: set to Madrid"),
        "target.location.name",
        "Madrid",
    ),
    (
        "operation_detail",
        "metadata.description",
        detail("Activate User ana@example.com "),
        "metadata.description",
        "Activate User ana@example.com ",
    ),
    (
        "operator",
        "principal.user.email_addresses",
        {"operator": "admin-test%1223+123@duff.dev.co"},
        "principal.user",
        {"emailAddresses": ["admin-test%1223+123@duff.dev.co"]},
    ),
    ("operator", "principal.user.userid", {"operator": "scim"}, "principal.user", {"userid": "scim"}),
    (
        "Room Name",
        LABELS,
        detail("Update Room  - Room Name: from A to Boardroom"),
        "target.user.attribute.labels",
        [label("Room Name", "Boardroom")],
    ),
    (
        "Role Name",
        ROLES,
        detail("Add Role  - Role Name: Helpdesk"),
        "target.user.attribute.roles",
        [{"name": "Helpdesk"}],
    ),
    (
        "time",
        "metadata.event_timestamp.seconds",
        {"time": "2023-03-21T08:22:09Z"},
        "metadata.eventTimestamp",
        "2023-03-21T08:22:09Z",
    ),
    (
        "Type",
        LABELS,
        detail("Update Room R1  - Type: set to Zoom Room"),
        "target.user.attribute.labels",
        [label("Type", "Zoom Room")],
    ),
    (
        "User Role",
        ROLES,
        detail("Update User bart@example.com  - User Role: from Member to Admin"),
        "target.user.attribute.roles",
        [{"name": "Admin"}],
    ),
    (
        "User Type",
        LABELS,
        detail("Add User ana@example.com  - User Type: Basic - Department: Foo"),
        "target.user.attribute.labels",
        [label("User Type", "Basic")],
    ),
    ("ZOOM_OPERATION_LOGS", "metadata.log_type", {}, "metadata.logType", "ZOOM_OPERATION_LOGS"),
    ("ZOOM", "metadata.vendor_name", {}, "metadata.vendorName", "ZOOM"),
    ("ZOOM_OPERATION_LOGS", "metadata.product_name", {}, "metadata.productName", "ZOOM_OPERATION_LOGS"),
    ("event_type", "metadata.event_type", {"event_type": "USER_LOGIN"}, "metadata.eventType", "USER_LOGIN"),
    (
        "assistant",
        "about.user.attribute.labels.value",
        detail(PRIVILEGES),
        "about.0.user.attribute.labels.0",
        label("assistant", "cy@example.com"),
    ),
    (
        "options",
        "about.user.attribute.labels.value",
        detail(PRIVILEGES),
        "about.0.user.attribute.labels.1",
        label("options", "all"),
    ),
    ("userId", "about.user.userid", detail(PRIVILEGES), "about.1.user", {"userid": "3"}),
    (
        "assistant",
        LABELS,
        detail(PRIVILEGES),
        "target.user.attribute.labels.0",
        label("assistant", "bo@example.com"),
    ),
    (
        "options",
        LABELS,
        detail(PRIVILEGES),
        "target.user.attribute.labels.2",
        label("options", "start"),
    ),
    ("userId", "target.user.userid", detail(PRIVILEGES), "target.user.userid", "u1"),
    ("email", EMAILS, detail("Activate User ana@example.com "), "target.user.emailAddresses", ["ana@example.com"]),
    (
        "email2",
        EMAILS,
        detail("Assign admin for channel C  - ana@example.com"),
        "target.user.emailAddresses",
        ["ana@example.com"],
    ),
    (
        "role",
        ROLES,
        detail("Change Role  - homer@example.com: from User to Co-Owner"),
        "target.user.attribute.roles",
        [{"name": "Co-Owner"}],
    ),
]


def at(made: Any, path: str) -> Any:
    for step in path.split("."):
        made = made[int(step)] if isinstance(made, list) else made[step]
    return made


@pytest.mark.parametrize(
    ("record", "path", "expected"),
    [row[2:] for row in TABLE],
    ids=[f"{raw} is {udm}" for raw, udm, *_ in TABLE],
)
def test_row(record: dict[str, Any], path: str, expected: Any) -> None:
    assert at(schema.check(line(event(record))), path) == expected


def test_the_table_in_the_code_is_this_one() -> None:
    assert [(row.raw, row.udm) for row in ROWS] == [(raw, udm) for raw, udm, *_ in TABLE]


def test_an_empty_record_has_the_constants_only() -> None:
    assert schema.check(line(event({}))) == {
        "metadata": {
            "logType": "ZOOM_OPERATION_LOGS",
            "vendorName": "ZOOM",
            "productName": "ZOOM_OPERATION_LOGS",
            "eventType": "GENERIC_EVENT",
        }
    }


def test_event_types_are_those_of_udm() -> None:
    assert schema.EVENT_TYPES.keys() - {"EVENTTYPE_UNSPECIFIED"} == EVENT_TYPES


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"event_type": "USER_CREATION", "operator": "a@example.com"}, "USER_CREATION"),
        ({"event_type": " USER_CREATION "}, "USER_CREATION"),
        ({"event_type": "", "operator": "a@example.com"}, "USER_UNCATEGORIZED"),
        ({"event_type": None, "operator": "scim"}, "USER_UNCATEGORIZED"),
        ({"event_type": "no such type", "operator": "scim"}, "USER_UNCATEGORIZED"),
        ({"event_type": "EVENTTYPE_UNSPECIFIED"}, "GENERIC_EVENT"),
        ({"event_type": ["USER_LOGIN"]}, "GENERIC_EVENT"),
        (detail("Add User a@example.com"), "USER_UNCATEGORIZED"),
        (detail("Assign admin for channel C  - a@example.com"), "USER_UNCATEGORIZED"),
        (detail("Change Role  - a@example.com: from User to Owner"), "USER_UNCATEGORIZED"),
        (detail("Update User  - email: a@example.com"), "USER_UNCATEGORIZED"),
        (detail("Update User  - Email Address: a@example.com"), "GENERIC_EVENT"),  # the rule names email and email2
        ({"operator": "  ", **detail("Update billing contact information")}, "GENERIC_EVENT"),
        ({"operator": ""}, "GENERIC_EVENT"),
    ],
)
def test_event_type_by_the_three_rules(record: dict[str, Any], expected: str) -> None:
    assert schema.check(line(event(record)))["metadata"]["eventType"] == expected


@pytest.mark.parametrize(
    ("operator", "field"),
    [
        ("équipe.réseau@example.com", "emailAddresses"),
        (" a@example.com ", "emailAddresses"),
        ("System", "userid"),
        ("Ana Núñez", "userid"),
        ("a@b", "userid"),
        ("a b@example.com", "userid"),
        ("a@b@example.com", "userid"),
        ("@example.com", "userid"),
        ("a@example..com", "userid"),
        (12345, "userid"),
    ],
)
def test_operator_is_an_address_or_an_id(operator: Any, field: str) -> None:
    value = str(operator).strip()
    user = schema.check(line(event({"operator": operator})))["principal"]["user"]
    assert user == {field: [value] if field == "emailAddresses" else value}


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2023-03-21T08:22:09Z", "2023-03-21T08:22:09Z"),
        ("2022-12-16 18:15:38", "2022-12-16T18:15:38Z"),
        ("2021-11-17 00:37:24Z", "2021-11-17T00:37:24Z"),
        ("2023-03-21T08:22:09.987Z", "2023-03-21T08:22:09Z"),
        ("2023-03-21T08:22:09+05:30", "2023-03-21T02:52:09Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("2022-W01-1T00:00:00Z", "2022-01-03T00:00:00Z"),
        ("0001-01-01T00:00:00+05:00", None),
        ("2023-02-30T00:00:00Z", None),
        ("yesterday", None),
        ("", None),
        (1679386929, None),
        (None, None),
    ],
)
def test_time(time: Any, expected: str | None) -> None:
    made = schema.check(line(event({"time": time, "operator": "a@example.com"})))
    assert made["metadata"].get("eventTimestamp") == expected
    assert made["principal"]


def test_empty_and_missing_values_yield_no_field() -> None:
    record = {"time": "", "operator": None, "category_type": " ", "action": "", "operation_detail": "  "}
    assert event(record) == event({})


def test_fields_outside_the_table_stay_out() -> None:
    record = {"operator": "a@example.com", "action": "Add"}
    assert event({**record, "_source": "x", "id": 5, "Department": "IT"}) == event(record)


def test_other_values_become_text() -> None:
    record = {"action": 5, "category_type": {"a": [1, None]}, "operation_detail": True}
    made = schema.check(line(event(record)))
    assert made["metadata"]["productEventType"] == "5"
    assert made["metadata"]["description"] == "true"
    assert made["additional"] == {"category_type": '{"a":[1,null]}'}


def test_nesting_deeper_than_json_can_write_raises_nothing() -> None:
    deep: Any = []
    for _ in range(200_000):
        deep = [deep]
    try:
        assert "productEventType" not in event({"action": deep})["metadata"]
    finally:
        while deep:  # taken apart by hand: so deep, freeing it would recurse too
            deep = deep.pop()


def test_the_same_address_counts_once() -> None:
    made = event(
        detail("Update User a@example.com  - email: a@example.com - Email Address: from x@y.zz to a@example.com")
    )
    assert made["target"] == {"user": {"emailAddresses": ["a@example.com"]}}


def test_labels_of_one_value_are_two_and_the_same_label_is_one() -> None:
    made = event(detail("Add Room  - Type: A - Room Name: A - Type: A"))
    assert made["target"]["user"]["attribute"]["labels"] == [label("Type", "A"), label("Room Name", "A")]


def test_operator_and_target_may_be_the_same_person() -> None:
    made = event({"operator": "a@example.com", **detail("Delete User a@example.com")})
    assert made["principal"] == made["target"] == {"user": {"emailAddresses": ["a@example.com"]}}


def test_a_description_over_udms_limit_is_kept_whole() -> None:
    long = "Update User a@example.com  - Department: " + "部" * 5000
    assert event(detail(long))["metadata"]["description"] == long


def test_lone_surrogates_become_replacement_characters() -> None:
    record = {"action": "a\ud83d", **detail('X  - [{"userId": "\\ud800"}] \ud83d\ude00')}
    made = schema.check(line(event(record)))
    assert made["metadata"]["productEventType"] == "a\N{REPLACEMENT CHARACTER}"
    assert made["target"]["user"]["userid"] == "\N{REPLACEMENT CHARACTER}"
    assert made["metadata"]["description"].endswith("\N{GRINNING FACE}")


SIGN_IN = {
    "email": "ana@example.com",
    "time": "2026-03-10T09:14:02Z",
    "type": "Sign in",
    "ip_address": "192.0.2.10",
    "client_type": "Browser",
    "version": "6.0.0.1000",
}


def test_a_sign_in() -> None:
    assert schema.check(line(event(SIGN_IN))) == {
        "metadata": {
            "logType": "ZOOM_OPERATION_LOGS",
            "vendorName": "ZOOM",
            "productName": "ZOOM_OPERATION_LOGS",
            "eventType": "USER_UNCATEGORIZED",
            "eventTimestamp": "2026-03-10T09:14:02Z",
            "productVersion": "6.0.0.1000",
        },
        "target": {"user": {"emailAddresses": ["ana@example.com"]}},
        "principal": {"ip": ["192.0.2.10"], "asset": {"ip": ["192.0.2.10"]}},
        "additional": {"client_type": "Browser", "type": "Sign in"},
    }


@pytest.mark.parametrize("name", SIGN_IN)
@pytest.mark.parametrize("value", [None, "", "  ", 7, ["a"], {"a": "b"}, "\ud800"])
def test_a_sign_in_with_a_field_of_any_kind(name: str, value: Any) -> None:
    made = event({**SIGN_IN, name: value})
    schema.check(line(made))
    if value in (None, "", "  "):
        assert len(json.dumps(made)) < len(json.dumps(event(SIGN_IN))), "a field without a value yields none"


def test_coverage_shows_the_fields_of_sign_ins_where_there_are_some() -> None:
    coverage, plain = Coverage(), Coverage()
    operation = {"time": SIGN_IN["time"], "operator": "a@example.com", "category_type": "User"}
    for record in (SIGN_IN, operation):
        coverage.add(record, preview(record))
    plain.add(operation, preview(operation))
    fields = {field["udm"]: (field["records"], field["from"]) for field in coverage.as_json()["fields"]}
    assert fields["principal.ip"] == (1, {"ip_address": 1})
    assert fields["additional.fields"] == (1, {"client_type": 1, "type": 1})
    assert fields["metadata.product_version"] == (1, {"version": 1})
    assert fields["target.user.email_addresses"][0] == 1
    assert fields["additional.fields.value.string_value"] == (1, {"category_type": 1})
    assert "principal.ip" not in {field["udm"] for field in plain.as_json()["fields"]}
