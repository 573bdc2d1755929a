"""The grammar of operation_detail: what is a field, what is a value, what is left over."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from zoomlogs.mapping.detail import Detail, addresses, new_value
from zoomlogs.mapping.events import event
from zoomlogs.mapping.rows import DETAIL_ROWS, EMAIL, EMAIL2

ELEMENT = {"userId": "u1", "assistant": "a - b: c@example.com", "options": ["schedule", '"all"', "[{"]}


def fields(detail: str) -> list[tuple[str, str]]:
    return [(row.raw, value) for row, value in Detail(detail).values]


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        # Values that hold what also parts fields.
        ("X  - Department: R&D - Berlin - Location: HQ", [("Department", "R&D - Berlin"), ("Location", "HQ")]),
        ("X  - Department: R&D: Platform - Type: T", [("Department", "R&D: Platform"), ("Type", "T")]),
        ("X  - Department: R&D: Platform - Berlin: x", [("Department", "R&D: Platform")]),
        ("X  - Department: set to R&D - Core: EU - Type: set to T", [("Department", "R&D - Core: EU"), ("Type", "T")]),
        ("X  - Job Title: from A - B: C to D - E: F", [("Job Title", "D - E: F")]),
        ("X  - Description: see https://example.com/a - or b", [("Description", "see https://example.com/a - or b")]),
        ("X  - Description: from 12:30 to 13:45 - note: daily", [("Description", "13:45 - note: daily")]),
        ("X  - Room Name: A-1 -B- C - D", [("Room Name", "A-1 -B- C - D")]),
        ("X  - Type: [1] Room: A - [x] {y}", [("Type", "[1] Room: A - [x] {y}")]),
        ("X  - Description: does sales - note: and more", [("Description", "does sales - note: and more")]),
        # Fields outside the table end a value.
        ("X  - Type: T - Cost Center:", [("Type", "T")]),
        ("X  - Department: IT - Cost Center: 12 - Type: T", [("Department", "IT"), ("Type", "T")]),
        ("X  - Department: set to IT - Cost Center: set to 12", [("Department", "IT")]),
        ("X  - Department: from IT to HR - 部門: from A to B", [("Department", "HR")]),
        # Empty values.
        ("X  - Department: set to  - Type: set to T", [("Type", "T")]),
        ("X  - Department: from IT to  - Type: from S to T", [("Type", "T")]),
        ("X  - Department: from  to IT", [("Department", "IT")]),
        ("X  - Department: - Location:  - Room Name: - Type: T", [("Type", "T")]),
        ("X  - Department:", []),
        ("X  - Department: ", []),
        ("X  - Email Address: set to ", []),
        ("X  - Department: - - Type: T -", [("Type", "T")]),
        # Spaces.
        ("X  - Department:   IT  ", [("Department", "IT")]),
        ("X\t - Department: IT\n", [("Department", "IT")]),
        ("X - Department:IT", [("Department", "IT")]),
        ("X  - Department : IT", [("Department", "IT")]),
        # Names are those of the table, whatever their case; commas part fields before such a name only.
        ("X  - department: IT - USER TYPE: Basic", [("Department", "IT"), ("User Type", "Basic")]),
        ("X  - User Type: Basic, Department: A, B; Type: T",
         [("User Type", "Basic"), ("Department", "A, B"), ("Type", "T")]),
        ("X, First Name: Ana, Last Name: Núñez, Jr.", [("First Name", "Ana"), ("Last Name", "Núñez, Jr.")]),
        ("Department: IT - Type: T", [("Department", "IT"), ("Type", "T")]),
        # Non-Latin text.
        ("会議室\t - Display Name: from 会議室 to \u2028会議室 2", [("Display Name", "会議室 2")]),
        ("Équipe  - Location: set to القاهرة - Job Title: Инженер",
         [("Location", "القاهرة"), ("Job Title", "Инженер")]),
        # E-mail addresses: in the head, in place of a field, as its name, and as its value.
        ("Add User <a@x.io>; b@y.io, c@z.io.", [("email", "a@x.io"), ("email", "b@y.io"), ("email", "c@z.io")]),
        ("Edit Role: Billing a@x.io  - Type: T", [("email", "a@x.io"), ("Type", "T")]),
        ("Assign +12 to Sam Mendes(sam@x.io)", [("email", "sam@x.io")]),
        ("Add admins  - a@x.io - b@x.io, c@x.io", [("email2", "a@x.io"), ("email2", "b@x.io"), ("email2", "c@x.io")]),
        ("Change Role  - a@x.io: from User to Admin - b@x.io: from User to Owner",
         [("email2", "a@x.io"), ("role", "Admin"), ("email2", "b@x.io"), ("role", "Owner")]),
        ("Change Type  - a@x.io: from Basic to Licensed", [("email2", "a@x.io")]),
        ("X  - Email Address: from a@x.io to b@x.io, c@x.io",
         [("Email Address", "b@x.io"), ("Email Address", "c@x.io")]),
        ("X  - Email Address: none", [("Email Address", "none")]),
        ("X  - Manager: set to boss@x.io", []),
        ("X  - email: a@x.io - email2: b@x.io - role: R", [("email", "a@x.io"), ("email2", "b@x.io"), ("role", "R")]),
    ],
)  # fmt: skip
def test_fields(detail: str, expected: list[tuple[str, str]]) -> None:
    assert fields(detail) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("from A to B", "B"),
        ("from A to ", ""),
        ("from A to", ""),
        ("from  to B", "B"),
        ("from to B", "B"),
        ("from A to B to C", "B to C"),
        ("from Berlin", "from Berlin"),
        ("set to B", "B"),
        ("set to ", ""),
        ("set to", ""),
        ("settings", "settings"),
        ("From A to B", "From A to B"),
        ("fromage to go", "fromage to go"),
        ("from A\u00a0 to  B ", "B"),
    ],
)
def test_new_value(value: str, expected: str) -> None:
    assert new_value(value) == expected


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        (f"Scheduling Privilege  - {json.dumps([ELEMENT])}", [ELEMENT]),
        (f"Scheduling Privilege {json.dumps([ELEMENT, ELEMENT])}", [ELEMENT, ELEMENT]),
        (json.dumps([ELEMENT]), [ELEMENT]),
        (f"X  - Assign: from {json.dumps([{'userId': 'old'}])} to {json.dumps([ELEMENT])} - Type: T", [ELEMENT]),
        (f"X  - {json.dumps([ELEMENT])} - {json.dumps([{}])}", [ELEMENT, {}]),
        ('X  - [ \n {"userId": 12345678901234567890123, "n": 1e5, "x": NaN}]',
         [{"userId": "12345678901234567890123", "n": "1e5", "x": "NaN"}]),
        (f"X  - [{{broken - {json.dumps([ELEMENT])}", [ELEMENT]),
        ('X  - [{"userId": "u1"', []),
        ('X  - [{"inner": [{"userId": "u1"}], "userId": ', []),
        ("X  - [1, 2]", []),
        ("X  - [PMI] {a}", []),
    ],
)  # fmt: skip
def test_json_in_a_detail(detail: str, expected: list[Any]) -> None:
    assert Detail(detail).json_data == expected


def test_json_separates_no_fields_and_has_no_addresses_of_the_head() -> None:
    detail = f"Privilege of a@x.io {json.dumps([ELEMENT])}  - Type: T"
    assert fields(detail) == [("email", "a@x.io"), ("Type", "T")]


def test_elements_without_known_fields_make_no_noun() -> None:
    made = event({"operation_detail": 'X  - [{}, {"userId": ""}, null, "u", {"options": [null, "", true, {"a": 1}]}]'})
    labels = [{"key": "options", "value": "true"}, {"key": "options", "value": '{"a":"1"}'}]
    assert "target" not in made
    assert made["about"] == [{"user": {"attribute": {"labels": labels}}}]


def test_the_first_element_is_the_target_even_without_fields() -> None:
    made = event({"operation_detail": 'X  - [{"other": 1}, {"userId": "u2"}]'})
    assert "target" not in made
    assert made["about"] == [{"user": {"userid": "u2"}}]


@pytest.mark.parametrize(
    ("detail", "split"),
    [
        ("", True),
        ("  ", True),
        ("Update billing contact information", False),
        ("Activate User a@x.io ", True),
        ("Sala  - Waiting Room - Off - On", False),
        ("Security  - Sign in: from On to Off", True),
        ("Change  - a@x.io", True),
        ("Change  - a@x.io - something else", False),
        ("Change  - something else - a@x.io", False),
        ('Privilege [{"userId": "u"}]', True),
    ],
)
def test_what_could_not_be_split(detail: str, split: bool) -> None:
    assert Detail(detail).split is split


def test_names_outside_the_table_are_listed() -> None:
    detail = Detail("X  - Change Type: from Basic to Licensed - Type: T - Passcode (PMI): on - Name: from a to b")
    assert detail.unmapped == ["Change Type", "Passcode (PMI)", "Name"]
    assert Detail('X  - Privilege:[{"userId": "u: 1"}] - Cost Center:').unmapped == ["Privilege", "Cost Center"]


@pytest.mark.parametrize("word", ["a@b", "@b.io", "a@", "a@.io", "a@b.", "a@@b.io", "a@b..io", "@", "a.b"])
def test_no_address(word: str) -> None:
    assert addresses(f"x {word} y") == []


anything = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Text without what has a meaning in the grammar.
words = st.text(
    st.characters(exclude_categories=["Cs", "Zs", "Zl", "Zp", "Cc"], exclude_characters="@-:,;[{"), min_size=1
)
values = st.lists(words, min_size=1, max_size=4).map(" ".join).filter(
    lambda value: value == new_value(value) and " to " not in f" {value} "
)  # fmt: skip
known = st.sampled_from([row for row in DETAIL_ROWS.values() if row not in (EMAIL, EMAIL2)])


@anything
@given(values, st.lists(st.tuples(known, values, values, st.sampled_from(["plain", "set", "change"])), max_size=6))
def test_written_fields_are_read(head: str, written: list[tuple[Any, str, str, str]]) -> None:
    forms = {"plain": "{new}", "set": "set to {new}", "change": "from {old} to {new}"}
    pieces = [f"{row.raw}: {forms[form].format(new=new, old=old)}" for row, new, old, form in written]
    detail = Detail(" - ".join([f"{head} ", *pieces]))
    assert detail.values == [(row, new) for row, new, _, _ in written]
    assert detail.unmapped == []


@anything
@given(
    st.lists(
        st.sampled_from(
            [
                *DETAIL_ROWS,
                " - ",
                ": ",
                ", ",
                "from ",
                " to ",
                "set to",
                "[{",
                '"',
                "}]",
                "a@b.io",
                "role",
                "\\",
                "é",
                "x",
            ]
        )
    )
)
def test_every_value_is_a_part_of_the_text(pieces: list[str]) -> None:
    text = "".join(pieces)
    for row, value in Detail(text).values:
        assert value
        assert value == value.strip()
        assert value in text, row
