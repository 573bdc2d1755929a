"""A feed's body, the proto3 JSON of `google.cloud.chronicle.v1.Feed`: how it is completed and compared.

Source: googleapis/googleapis, google/cloud/chronicle/v1/feed.proto.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..access_keys import AccessKey

Body = dict[str, Any]

S3, SQS = "AMAZON_S3_V2", "AMAZON_SQS_V2"
SETTINGS = {S3: "amazonS3V2Settings", SQS: "amazonSqsV2Settings"}
KEY_AUTHENTICATION = {S3: "accessKeySecretAuth", SQS: "sqsV2AccessKeySecretAuth"}
SOURCE_NAMES = {
    S3: "Amazon S3 V2",
    SQS: "Amazon SQS V2",
    "AMAZON_S3": "Amazon S3, the old kind",
    "AMAZON_SQS": "Amazon SQS, the old kind",
}
NEVER = "NEVER"
DEFAULT_LOOKBACK_DAYS = 180  # Google's default

FEED_NAME = "Feed name"
_FIELDS = {
    "displayName": FEED_NAME,
    "details.feedSourceType": "Source type",
    "details.logType": "Log type",
    "settings.queue": "SQS queue",
    "settings.s3Uri": "S3 URI",
    "settings.sourceDeletionOption": "Source deletion option",
    "settings.maxLookbackDays": "Maximum file age (days)",
    "settings.includePrefixes": "Object prefixes",
    "authentication.accessKeyId": "Access key ID",
    "authentication.awsIamRoleArn": "AWS IAM role ARN",
    "authentication.subjectId": "Subject ID",
    "details.assetNamespace": "Asset namespace",
    "details.labels": "Ingestion labels",
}
_AUTHENTICATION = ("authentication.accessKeyId", "authentication.awsIamRoleArn", "authentication.subjectId")


@dataclass(frozen=True)
class Change:
    """A field that changes: its name in the console's form, and its values before and after."""

    field: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        return f"{self.field}: {self.before or '(none)'} → {self.after or '(none)'}"


def source_type(body: Mapping[str, Any]) -> str:
    """Return the feed's source type, such as AMAZON_S3_V2."""
    return str(body.get("details", {}).get("feedSourceType", ""))


def settings(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings of the feed's source; empty where it has none."""
    details = body.get("details", {})
    known = SETTINGS.get(source_type(body))
    if known:
        return details.get(known) or {}
    return next((value for name, value in details.items() if name.endswith("Settings")), {})


def complete(body: Mapping[str, Any], instance: str, key: AccessKey | None) -> Body:
    """Return the body with the log type's whole name and the reader's access key.

    `instance` is projects/P/locations/L/instances/I. Raises `CommandError` where the feed could not sign in to AWS.
    """
    made = copy.deepcopy(dict(body))
    details = made["details"]
    details["logType"] = f"{instance}/logTypes/{short(details['logType'])}"
    source = source_type(made)
    if source not in SETTINGS:
        raise CommandError(f"The output secops_feed has the source type {source or '(none)'}: update zoomlogs.")
    if key is not None:
        details[SETTINGS[source]]["authentication"] = {
            KEY_AUTHENTICATION[source]: {"accessKeyId": key.access_key_id, "secretAccessKey": key.secret_access_key}
        }
    if not details[SETTINGS[source]].get("authentication"):
        raise CommandError(
            "The module makes no reader, so the feed could not sign in to AWS: set reader.mode to user or role, or make"
            " the feed by hand from `zoomlogs feed show`."
        )
    return made


def folder(uri: str) -> str:
    """Spell a URI as the folder that it means.

    Google may drop the slash at its end: its Storage Transfer Service takes only paths that end with one.
    """
    return uri.rstrip("/") + "/"


def short(name: str) -> str:
    """Return the last part of a resource's name; Google may name the same project by its id or by its number."""
    return name.rpartition("/")[2]


def changes(wanted: Body, found: Body | None) -> list[Change]:
    """List the fields that change in the feed that was found, or all where there is none.

    Only fields of the module's output count: Google sets others, such as the state of a migration. How the feed signs
    in is left out where SecOps does not show it.
    """
    after, before = _flat(wanted), _flat(found) if found else {}
    if found and not knows_authentication(found):
        after = {path: value for path, value in after.items() if path not in _AUTHENTICATION}
    return [
        Change(name, before.get(path), after.get(path))
        for path, name in _FIELDS.items()
        if before.get(path) != after.get(path)
    ]


def knows_authentication(found: Body) -> bool:
    """Tell whether SecOps shows with which key or role the feed reads."""
    return any(path in _flat(found) for path in _AUTHENTICATION)


def _flat(body: Body) -> dict[str, str]:
    """Return the values as texts by their paths, with Google's defaults."""
    details = body.get("details", {})
    mine = settings(body)
    values: dict[str, Any] = {
        "displayName": body.get("displayName"),
        **{f"details.{name}": value for name, value in details.items() if not name.endswith("Settings")},
        "settings.sourceDeletionOption": NEVER,
        "settings.maxLookbackDays": DEFAULT_LOOKBACK_DAYS,
        **{f"settings.{name}": value for name, value in mine.items() if name != "authentication"},
    }
    for kind in (mine.get("authentication") or {}).values():
        if isinstance(kind, dict):
            values |= {f"authentication.{name}": value for name, value in kind.items()}
    values["details.logType"] = short(str(values.get("details.logType") or ""))
    if uri := values.get("settings.s3Uri"):
        values["settings.s3Uri"] = folder(uri)
    if str(values["settings.sourceDeletionOption"]).endswith("UNSPECIFIED"):
        values["settings.sourceDeletionOption"] = NEVER
    return {path: _text(value) for path, value in values.items() if value}


def _text(value: object) -> str:
    """Write a value; labels, which may be a list of keys and values, and lists without their order."""
    if isinstance(value, dict):
        value = [f"{key}={each}" for key, each in value.items()]
    if isinstance(value, list):
        return ", ".join(sorted(map(_element, value)))
    return value if isinstance(value, str) else json.dumps(value)


def _element(value: object) -> str:
    return f"{value['key']}={value.get('value', '')}" if isinstance(value, dict) and "key" in value else str(value)
