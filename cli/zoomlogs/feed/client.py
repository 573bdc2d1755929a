"""The feeds of a SecOps tenant.

Source: googleapis/googleapis, google/cloud/chronicle/v1/feed.proto, FeedsService.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..secops.session import Task

if TYPE_CHECKING:
    from ..secops.session import Session
    from .body import Body

VERSION = "v1"
PAGE_SIZE = 1000  # the most that Google gives at once
ROLE = "roles/chronicle.admin"
WRONG = "compare the feed's values with `zoomlogs feed show`"

TEXTS = ("errorCode", "errorCause", "errorAction")
SETTINGS = {**dict.fromkeys(("s3Uri", "queue", "accountNumber"), str), "authentication": {}}
DETAILS = {**dict.fromkeys(("feedSourceType", "logType", "assetNamespace"), str), "*Settings": SETTINGS}
FEED = {
    **dict.fromkeys(("name", "displayName", "state", "failureMsg", "lastFeedInitiationTime"), str),
    "details": {**DETAILS, **dict.fromkeys(("stsMigrationReadiness", "lastV2MigrationAttemptTime"), str)},
    "failureDetails": dict.fromkeys(TEXTS, str),
    "readOnly": bool,
}


class Feeds:
    """The feeds of one tenant, as bodies: proto3 JSON in camelCase, enums by name."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(self) -> list[Body]:
        """Return all feeds of the tenant."""
        return [*self._session.elements(VERSION, "/feeds", "feeds", PAGE_SIZE, _task("list the feeds"), FEED)]

    def create(self, body: Body, secrets: set[str]) -> Body:
        """Create a feed; `secrets` are what no message may repeat."""
        self._session.secrets |= secrets
        return self._session.post(VERSION, "/feeds", body, _task("create the feed"), FEED)

    def rename(self, name: str, display_name: str) -> Body:
        """Change a feed's display name: Google takes it only in a request without other fields."""
        return self._update({"name": name, "displayName": display_name}, "displayName")

    def update_details(self, name: str, details: dict[str, Any], secrets: set[str]) -> Body:
        """Replace a feed's details, all of them."""
        self._session.secrets |= secrets
        return self._update({"name": name, "details": details}, "details")

    def enable(self, name: str) -> Body:
        """Let a disabled feed read again."""
        return self._session.post(VERSION, f"{_path(name)}:enable", {}, _task("enable the feed"), FEED)

    def subject_id(self) -> str:
        """Return the subject ID of the identity with which the tenant's feeds assume AWS roles; "" without one."""
        task, form = _task("ask for the feeds' identity"), {"subjectId": str}
        path = "/feedServiceAccounts:fetchServiceAccountForCustomer"
        return str(self._session.get(VERSION, path, {}, task, form).get("subjectId", ""))

    def _update(self, body: Body, mask: str) -> Body:
        sent = {"params": {"updateMask": mask}, "json": body}
        return self._session.ask("PATCH", VERSION, _path(body["name"]), sent, _task("update the feed"), FEED)


def _task(name: str) -> Task:
    return Task(name, ROLE, WRONG)


def _path(name: str) -> str:
    return f"/feeds/{name.rpartition('/')[2]}"
