"""The tenant's feeds, by Google's own proto and the rules in its comments."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from google.cloud import chronicle_v1 as chronicle
from google.protobuf import field_mask_pb2, json_format

from .messages import ApiError, Body, Call

LOG_TYPES = {"ZOOM_OPERATION_LOGS", "OKTA"}
MOST_LOOKBACK_DAYS = 180
SETTINGS = {"AMAZON_S3_V2": "amazon_s3_v2_settings", "AMAZON_SQS_V2": "amazon_sqs_v2_settings"}


class Rules(Protocol):
    """The settings of the tenant for its feeds."""

    name: str
    tells_access_key_id: bool
    most_per_page: int


class Feeds:
    """The feeds of one tenant, which shows no secret access key."""

    def __init__(self, tenant: Rules) -> None:
        self.name = tenant.name
        self._tenant = tenant
        self._feeds: dict[str, Any] = {}

    def all(self) -> dict[str, Body]:
        """Return the feeds by name, with the secrets that the API does not show."""
        return {name: json_format.MessageToDict(feed) for name, feed in self._feeds.items()}

    def add(self, body: Body) -> str:
        """Add a feed as if made by hand, unchecked; return its name."""
        name = f"{self.name}/feeds/{uuid.uuid4()}"
        self._feeds[name] = json_format.ParseDict({"state": "SUCCEEDED", **body, "name": name}, _feed())
        return name

    def change(self, name: str, **values: Any) -> None:
        """Change a feed's output fields: state, failureDetails, lastFeedInitiationTime …"""
        json_format.ParseDict(values, self._feeds[name])

    def reading(self, uri: str) -> Iterator[Body]:
        """Yield the enabled feeds that would read the object of this URI."""
        for body in self.all().values():
            settings: Body = next((value for key, value in body["details"].items() if key.endswith("Settings")), {})
            if body.get("state") != "INACTIVE" and uri.startswith(settings.get("s3Uri", "-")):
                yield body

    def answer(self, call: Call, rest: str) -> Body:
        """Answer a request whose path is the tenant's name and `rest`; raise `ApiError`."""
        method = call.method
        if (method, rest) == ("GET", "feeds"):
            return self._list(call.query)
        if (method, rest) == ("POST", "feeds"):
            return self._create(call)
        one = re.fullmatch(r"feeds/([^/:]+)(?::(enable|disable))?", rest)
        if not one:
            raise ApiError(404, "Method not found.")
        name = f"{self.name}/feeds/{one[1]}"
        if name not in self._feeds:
            raise ApiError(404, f"Feed '{name}' not found.")
        if method == "POST" and one[2]:
            self.change(name, state="ACTIVE" if one[2] == "enable" else "INACTIVE")
        elif method == "PATCH" and not one[2]:
            self._update(name, call)
        elif method != "GET" or one[2]:
            raise ApiError(404, "Method not found.")
        return self._told(self._feeds[name], call.query)

    def _list(self, query: Mapping[str, str]) -> Body:
        size = min(int(query.get("pageSize", "0")) or 100, self._tenant.most_per_page)
        start = int(query.get("pageToken", "0"))
        names = list(self._feeds)
        page: Body = {"feeds": [self._told(self._feeds[name], query) for name in names[start : start + size]]}
        return page | ({"nextPageToken": str(start + size)} if start + size < len(names) else {})

    def _create(self, call: Call) -> Body:
        feed = _parsed(call.body)
        self._check(feed)
        name = f"{self.name}/feeds/{uuid.uuid4()}"
        feed.name, feed.state = name, chronicle.Feed.State.ACTIVE
        self._feeds[name] = feed
        return self._told(feed, call.query)

    def _update(self, name: str, call: Call) -> None:
        """Update by the rules in the comment of UpdateFeedRequest.update_mask."""
        given, mask = _parsed(call.body), field_mask_pb2.FieldMask()
        try:
            mask.FromJsonString(call.query.get("updateMask", ""))
        except ValueError as error:
            raise ApiError(400, f"Invalid updateMask: {error}") from None
        for path in mask.paths:
            if not field_mask_pb2.FieldMask(paths=[path]).IsValidForDescriptor(given.DESCRIPTOR):
                raise ApiError(400, f"Invalid updateMask: unknown path {path}.")
        kept = self._feeds[name]
        if given.display_name and given.display_name == kept.display_name:
            raise ApiError(400, "The display name exists.")
        if "display_name" in mask.paths and len(mask.paths) > 1:
            raise ApiError(400, "Update the display name alone.")
        if kept.read_only:
            raise ApiError(400, "The feed is read-only.")
        made = _feed()
        made.CopyFrom(kept)
        if not mask.paths:
            mask.paths.extend(["display_name", "details"])
        mask.MergeMessage(given, made, replace_message_field=True, replace_repeated_field=True)
        self._check(made)
        self._feeds[name] = made

    def _check(self, feed: Any) -> None:
        """Refuse missing fields that the proto's comments require, and values out of bounds."""
        details = feed.details
        if not feed.display_name:
            raise ApiError(400, "display_name is required.")
        kind = json_format.MessageToDict(feed)["details"].get("feedSourceType")
        if kind not in SETTINGS:
            raise ApiError(400, f"Invalid feed source type: {kind}")
        log_type = re.fullmatch(re.escape(self.name) + r"/logTypes/(\w+)", details.log_type)
        if not log_type or log_type[1] not in LOG_TYPES:
            raise ApiError(400, f"Invalid log type: {details.log_type}")
        field = details.WhichOneof("details")
        if field != SETTINGS[kind]:
            raise ApiError(400, f"The settings {field} do not fit the feed source type {kind}.")
        settings = getattr(details, field)
        if not re.fullmatch(r"s3://[^/]+(/.*)?", settings.s3_uri):
            raise ApiError(400, f"Invalid S3 URI: {settings.s3_uri or 'it is required'}")
        if kind == "AMAZON_SQS_V2" and not re.fullmatch(r"arn:[\w-]+:sqs:[\w-]+:\d{12}:[\w-]+", settings.queue):
            raise ApiError(400, f"Invalid queue: {settings.queue or 'it is required'}")
        if not 0 <= settings.max_lookback_days <= MOST_LOOKBACK_DAYS:
            raise ApiError(400, f"max_lookback_days must be at most {MOST_LOOKBACK_DAYS}.")
        signs_in = settings.authentication.WhichOneof("auth_type")
        if not signs_in:
            raise ApiError(400, "authentication is required.")
        for descriptor in getattr(settings.authentication, signs_in).DESCRIPTOR.fields:
            if not getattr(getattr(settings.authentication, signs_in), descriptor.name):
                raise ApiError(400, f"authentication.{signs_in}.{descriptor.name} is required.")

    def _told(self, feed: Any, query: Mapping[str, str]) -> Body:
        """Return a feed as the API shows it: without secrets, with enums by number on request."""
        shown = _feed()
        shown.CopyFrom(feed)
        for field in SETTINGS.values():
            if not shown.details.HasField(field):
                continue
            authentication = getattr(shown.details, field).authentication
            kind = authentication.WhichOneof("auth_type")
            if kind and "access_key" in kind:
                getattr(authentication, kind).secret_access_key = ""
                if not self._tenant.tells_access_key_id:
                    authentication.Clear()
        numbers = "enum-encoding=int" in query.get("$alt", "")
        told: Body = json_format.MessageToDict(shown, use_integers_for_enums=numbers)
        return told


def _feed() -> Any:
    return chronicle.Feed.pb(chronicle.Feed())


def _parsed(body: Body | None) -> Any:
    try:
        return json_format.ParseDict(body or {}, _feed())
    except json_format.ParseError as error:
        raise ApiError(400, f"Invalid JSON payload received. {error}") from None
