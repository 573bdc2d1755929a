"""The mapping tables, row for row and in their order, and where each row's values go in a UDM event.

Source of `ROWS`: the UDM mapping table of Google's guide for ZOOM_OPERATION_LOGS, field names in English.
Source of `SIGN_IN_ROWS`: Google's change log of the parser for ZOOM_OPERATION_LOGS, 2025-01-20. It does not name
`email`: the guide's row for a field of this name is taken. Nothing more is published: the time, the event type and the
constants are taken to be those of operation logs.
Source of the UDM fields: googleapis, google/cloud/chronicle/backstory/udm.proto.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple


class Slot(NamedTuple):
    """Where a value goes in an event: its parent messages and its field, by proto3 JSON's names, and its kind.

    "one" value or "many"; "label" and "role" are lists of messages; "entry" is one of the free-form `additional`.
    """

    parents: tuple[str, ...]
    field: str
    kind: Literal["one", "many", "label", "role", "entry"]


@dataclass(frozen=True, eq=False)
class Row:
    """One row: the raw field, the UDM field as the table spells it, and where the raw field is.

    A raw field of the "record" is Zoom's own; one of the "detail" is in operation_detail; "first" and "further" are
    keys in the elements of the JSON array in it; a "constant" has its value for a raw field; "derived" is by rule.
    """

    raw: str
    udm: str
    source: Literal["record", "detail", "first", "further", "constant", "derived"]

    @cached_property
    def slot(self) -> Slot:
        """Where the row's values go.

        The table writes a parser's view of some fields: a timestamp's seconds, a Struct's fields. JSON has each as one.
        """
        match self.udm.split("."):
            case ["additional", *_]:
                return Slot((), "additional", "entry")
            case ["metadata", "event_timestamp", "seconds"]:
                return Slot(("metadata",), "eventTimestamp", "one")
            case [*parents, "labels", "value"]:
                return Slot(_camel_case(parents), "labels", "label")
            case [*parents, "roles", "name"]:
                return Slot(_camel_case(parents), "roles", "role")
        *above, field = _camel_case(self.udm.split("."))
        return Slot(tuple(above), field, "many" if field in ("department", "emailAddresses", "ip") else "one")


def _camel_case(names: list[str]) -> tuple[str, ...]:
    """Return names of proto fields as proto3 JSON spells them."""
    words = [name.split("_") for name in names]
    return tuple(first + "".join(map(str.capitalize, others)) for first, *others in words)


Value = tuple[Row, str]  # what a raw field holds, and the row that says where it goes

ACTION = Row("action", "metadata.product_event_type", "record")
CATEGORY_KEY = Row("category_type", "additional.fields.key", "record")  # the raw field's name is the key
CATEGORY = Row("category_type", "additional.fields.value.string_value", "record")
DEPARTMENT = Row("Department", "target.user.department", "detail")
DESCRIPTION = Row("Description", "target.user.role_description", "detail")
DISPLAY_NAME = Row("Display Name", "target.user.user_display_name", "detail")
EMAIL_ADDRESS = Row("Email Address", "target.user.email_addresses", "detail")
FIRST_NAME = Row("First Name", "target.user.first_name", "detail")
JOB_TITLE = Row("Job Title", "target.user.title", "detail")
LAST_NAME = Row("Last Name", "target.user.last_name", "detail")
LOCATION = Row("Location", "target.location.name", "detail")
OPERATION_DETAIL = Row("operation_detail", "metadata.description", "record")
OPERATOR_EMAIL = Row("operator", "principal.user.email_addresses", "record")
OPERATOR_ID = Row("operator", "principal.user.userid", "record")
ROOM_NAME = Row("Room Name", "target.user.attribute.labels.value", "detail")
ROLE_NAME = Row("Role Name", "target.user.attribute.roles.name", "detail")
TIME = Row("time", "metadata.event_timestamp.seconds", "record")
TYPE = Row("Type", "target.user.attribute.labels.value", "detail")
USER_ROLE = Row("User Role", "target.user.attribute.roles.name", "detail")
USER_TYPE = Row("User Type", "target.user.attribute.labels.value", "detail")
LOG_TYPE = Row("ZOOM_OPERATION_LOGS", "metadata.log_type", "constant")
VENDOR_NAME = Row("ZOOM", "metadata.vendor_name", "constant")
PRODUCT_NAME = Row("ZOOM_OPERATION_LOGS", "metadata.product_name", "constant")
EVENT_TYPE = Row("event_type", "metadata.event_type", "derived")
FURTHER_ASSISTANT = Row("assistant", "about.user.attribute.labels.value", "further")
FURTHER_OPTIONS = Row("options", "about.user.attribute.labels.value", "further")
FURTHER_USER_ID = Row("userId", "about.user.userid", "further")
FIRST_ASSISTANT = Row("assistant", "target.user.attribute.labels.value", "first")
FIRST_OPTIONS = Row("options", "target.user.attribute.labels.value", "first")
FIRST_USER_ID = Row("userId", "target.user.userid", "first")
EMAIL = Row("email", "target.user.email_addresses", "detail")
EMAIL2 = Row("email2", "target.user.email_addresses", "detail")
ROLE = Row("role", "target.user.attribute.roles.name", "detail")

ROWS = tuple(row for row in globals().values() if isinstance(row, Row))
DETAIL_ROWS = {row.raw.lower(): row for row in ROWS if row.source == "detail"}
FIRST_ROWS = tuple(row for row in ROWS if row.source == "first")
FURTHER_ROWS = tuple(row for row in ROWS if row.source == "further")
SIGN_IN_ROWS = (
    Row("email", "target.user.email_addresses", "record"),
    Row("ip_address", "principal.ip", "record"),
    Row("ip_address", "principal.asset.ip", "record"),
    Row("client_type", "additional.fields", "record"),
    Row("type", "additional.fields", "record"),
    Row("version", "metadata.product_version", "record"),
)
CONSTANTS: tuple[Value, ...] = tuple((row, row.raw) for row in ROWS if row.source == "constant")
