"""Delete markers: where the feed deletes nothing, records behind one cannot be read, so they are missing.

Markers from S3's lifecycle expiration, or from a time when the feed deleted, are correct.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from zoom_operationlogs import archive_object, legacy

if TYPE_CHECKING:
    from zoom_operationlogs.checkpoint import Checkpoint
    from zoom_operationlogs.reports import Report

    from .deployment import Deployment


@dataclass(frozen=True)
class Rule:
    """Which delete markers hide records that should be in the archive.

    `kept_since` is when FEED_DELETES last became false, None if it is not known to have been true; `expiration_days`
    is the age at which S3 deletes records, None if it keeps them.
    """

    feed_deletes: bool = False
    kept_since: datetime | None = None
    expiration_days: int | None = None

    @classmethod
    def of(cls, deployment: Deployment, checkpoint: Checkpoint | None) -> Rule:
        """Return the rule of a deployment; its checkpoint has `kept_since`."""
        days = deployment.outputs["bucket"].get("expiration_days")
        return cls(
            deployment.environment.get("FEED_DELETES") == "true",
            checkpoint.kept_since if checkpoint else None,
            int(days) if days is not None else None,
        )

    def expired(self, marked: datetime, written: datetime) -> bool:
        """Whether S3's expiration made the marker."""
        return self.expiration_days is not None and marked - written >= timedelta(days=self.expiration_days)

    def by_feed(self, marked: datetime) -> bool:
        """Whether the feed may have made the marker."""
        return self.feed_deletes or (self.kept_since is not None and marked < self.kept_since)

    def hides(self, marked: datetime, written: datetime) -> bool:
        """Whether a marker hides a record that should be there."""
        return not self.by_feed(marked) and not self.expired(marked, written)


@dataclass(frozen=True)
class Marker:
    """A delete marker on an object with records; `written` is the time of the newest version behind it."""

    key: str
    version_id: str
    marked: datetime
    written: datetime | None

    def written_by(self, prefix: str) -> datetime:
        """Return when the object was written; if no version is left, the date of its folder."""
        if self.written:
            return self.written
        year, month, day = map(int, self.key.removeprefix(prefix).split("/")[:3])
        return datetime(year, month, day, tzinfo=self.marked.tzinfo)


def is_of_records(name: str, report: Report) -> bool:
    """Whether a name under the prefix is an object with records, of the collector or the guide."""
    of_guide = report.in_guide and legacy.OBJECT_NAME.fullmatch(name)
    if not archive_object.is_record_key(name, report) and not of_guide:
        return False
    try:
        date.fromisoformat("-".join(name.split("/")[:3]))
    except ValueError:  # no such date
        return False
    return True


def listing_command(bucket: str, prefix: str) -> str:
    """Return the command that lists delete markers on records, but not on other objects such as the guide's state."""
    return (
        f"aws s3api list-object-versions --bucket {bucket} --prefix {prefix}"
        """ --query "DeleteMarkers[?IsLatest && ends_with(Key, '.json.gz')].[Key,VersionId]" --output text"""
    )


def removing_command(bucket: str, key: str = "KEY", version_id: str = "VERSION") -> str:
    """Return the command that removes a marker."""
    return f"aws s3api delete-object --bucket {bucket} --key {key} --version-id {version_id}"
