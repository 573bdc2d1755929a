"""The part of UDM that the events here may use, as a protobuf schema made at run time: no package carries UDM's.

Source: googleapis, google/cloud/chronicle/backstory/udm.proto. Messages are cut to these fields; names, types and what
is repeated are the proto's. Field numbers do not show in JSON and are not the proto's, the enum's are.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory, struct_pb2, timestamp_pb2

PACKAGE = "backstory"
MESSAGES = {
    "UDM": {
        "metadata": "Metadata",
        "additional": "google.protobuf.Struct",
        "principal": "Noun",
        "target": "Noun",
        "about": "repeated Noun",
    },
    "Metadata": {
        "event_timestamp": "google.protobuf.Timestamp",
        "event_type": "EventType",
        "vendor_name": "string",
        "product_name": "string",
        "product_event_type": "string",
        "product_version": "string",
        "description": "string",
        "log_type": "string",
    },
    "Noun": {"user": "User", "location": "Location", "ip": "repeated string", "asset": "Asset"},
    "Asset": {"ip": "repeated string"},
    "User": {
        "userid": "string",
        "user_display_name": "string",
        "first_name": "string",
        "last_name": "string",
        "attribute": "Attribute",
        "email_addresses": "repeated string",
        "title": "string",
        "department": "repeated string",
        "role_description": "string",
    },
    "Attribute": {"labels": "repeated Label", "roles": "repeated Role"},
    "Label": {"key": "string", "value": "string"},
    "Role": {"name": "string"},
    "Location": {"name": "string"},
}
# The names of Metadata.EventType that have consecutive numbers, by the first of these.
_EVENT_TYPES = {
    0: (
        "EVENTTYPE_UNSPECIFIED RESOURCE_CREATION RESOURCE_DELETION RESOURCE_PERMISSIONS_CHANGE RESOURCE_READ "
        "RESOURCE_WRITTEN"
    ),
    10000: (
        "PROCESS_UNCATEGORIZED PROCESS_LAUNCH PROCESS_INJECTION PROCESS_PRIVILEGE_ESCALATION PROCESS_TERMINATION "
        "PROCESS_OPEN PROCESS_MODULE_LOAD"
    ),
    11000: "REGISTRY_UNCATEGORIZED REGISTRY_CREATION REGISTRY_MODIFICATION REGISTRY_DELETION",
    12000: "SETTING_UNCATEGORIZED SETTING_CREATION SETTING_MODIFICATION SETTING_DELETION",
    13000: "MUTEX_UNCATEGORIZED MUTEX_CREATION",
    14000: (
        "FILE_UNCATEGORIZED FILE_CREATION FILE_DELETION FILE_MODIFICATION FILE_READ FILE_COPY FILE_OPEN FILE_MOVE "
        "FILE_SYNC"
    ),
    15000: (
        "USER_UNCATEGORIZED USER_LOGIN USER_LOGOUT USER_CREATION USER_CHANGE_PASSWORD USER_CHANGE_PERMISSIONS "
        "USER_STATS USER_BADGE_IN USER_DELETION USER_RESOURCE_CREATION USER_RESOURCE_UPDATE_CONTENT "
        "USER_RESOURCE_UPDATE_PERMISSIONS USER_COMMUNICATION USER_RESOURCE_ACCESS USER_RESOURCE_DELETION"
    ),
    16000: (
        "NETWORK_UNCATEGORIZED NETWORK_FLOW NETWORK_CONNECTION NETWORK_FTP NETWORK_DHCP NETWORK_DNS NETWORK_HTTP "
        "NETWORK_SMTP"
    ),
    17000: "STATUS_UNCATEGORIZED STATUS_HEARTBEAT STATUS_STARTUP STATUS_SHUTDOWN STATUS_UPDATE",
    18000: (
        "SCAN_UNCATEGORIZED SCAN_FILE SCAN_PROCESS_BEHAVIORS SCAN_PROCESS SCAN_HOST SCAN_VULN_HOST "
        "SCAN_VULN_NETWORK SCAN_NETWORK"
    ),
    19000: "EMAIL_UNCATEGORIZED EMAIL_TRANSACTION EMAIL_URL_CLICK",
    20000: (
        "SCHEDULED_TASK_UNCATEGORIZED SCHEDULED_TASK_CREATION SCHEDULED_TASK_DELETION SCHEDULED_TASK_ENABLE "
        "SCHEDULED_TASK_DISABLE SCHEDULED_TASK_MODIFICATION"
    ),
    21000: "SYSTEM_AUDIT_LOG_UNCATEGORIZED SYSTEM_AUDIT_LOG_WIPE",
    22000: "SERVICE_UNSPECIFIED SERVICE_CREATION SERVICE_DELETION SERVICE_START SERVICE_STOP SERVICE_MODIFICATION",
    23000: "GROUP_UNCATEGORIZED GROUP_CREATION GROUP_DELETION GROUP_MODIFICATION",
    24000: "ANALYST_UPDATE_VERDICT ANALYST_UPDATE_REPUTATION ANALYST_UPDATE_SEVERITY_SCORE",
    24007: (
        "ANALYST_UPDATE_STATUS ANALYST_ADD_COMMENT ANALYST_UPDATE_PRIORITY ANALYST_UPDATE_ROOT_CAUSE "
        "ANALYST_UPDATE_REASON ANALYST_UPDATE_RISK_SCORE"
    ),
    25000: "DEVICE_FIRMWARE_UPDATE DEVICE_CONFIG_UPDATE DEVICE_PROGRAM_UPLOAD DEVICE_PROGRAM_DOWNLOAD",
    26000: "ENTITY_RISK_CHANGE",
    27000: "TRIAGE_AGENT_UPDATE_INVESTIGATION",
    100000: "GENERIC_EVENT",
}
EVENT_TYPES = {
    name: number for first, names in _EVENT_TYPES.items() for number, name in enumerate(names.split(), first)
}


def check(line: bytes | str) -> dict[str, Any]:
    """Return the event on a line after protobuf took it for a UDM message; raises ParseError where it is none.

    What protobuf writes back must be the event again: so no name is an alias, and no value is lost or a default.
    """
    event: dict[str, Any] = json.loads(line)
    message = json_format.ParseDict(event, udm()())
    message.SerializeToString()
    assert json_format.MessageToDict(message) == event
    return event


@cache
def udm() -> Any:
    """Return the class of the UDM message."""
    file = descriptor_pb2.FileDescriptorProto(name="udm.proto", package=PACKAGE, syntax="proto3")
    file.dependency.extend([struct_pb2.DESCRIPTOR.name, timestamp_pb2.DESCRIPTOR.name])
    file.enum_type.add(name="EventType").value.extend(
        descriptor_pb2.EnumValueDescriptorProto(name=name, number=number) for name, number in EVENT_TYPES.items()
    )
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, (field, spelt) in enumerate(fields.items(), 1):
            message.field.append(_field(field, number, spelt))
    pool = descriptor_pool.DescriptorPool()
    for known in (struct_pb2.DESCRIPTOR, timestamp_pb2.DESCRIPTOR):
        pool.AddSerializedFile(known.serialized_pb)
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.UDM"))


def _field(name: str, number: int, spelt: str) -> descriptor_pb2.FieldDescriptorProto:
    kinds = descriptor_pb2.FieldDescriptorProto
    field = kinds(name=name, number=number, label=kinds.LABEL_OPTIONAL)
    *repeated, kind = spelt.split()
    if repeated:
        field.label = kinds.LABEL_REPEATED
    if kind == "string":
        field.type = kinds.TYPE_STRING
    else:
        field.type = kinds.TYPE_ENUM if kind == "EventType" else kinds.TYPE_MESSAGE
        field.type_name = f".{kind}" if "." in kind else f".{PACKAGE}.{kind}"
    return field
