"""What lies behind delete markers: where the feed deletes nothing, nobody can read it, so it is not in the archive.

Two kinds of markers are no fault: those of S3's own expiration, and those of a time when the feed was to delete.
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
    """Which delete markers hide what should be in the archive.

    `kept_since` is when FEED_DELETES last became false, None where it is not known to have been true;
    `expiration_days` is after how many days S3 deletes records, None where it keeps them.
    """

    feed_deletes: bool = False
    kept_since: datetime | None = None
    expiration_days: int | None = None

    @classmethod
    def of(cls, deployment: Deployment, checkpoint: Checkpoint | None) -> Rule:
        """Return the rule of a deployment; the collector stamps `kept_since` into its checkpoint."""
        days = deployment.outputs["bucket"].get("expiration_days")
        return cls(
            deployment.environment.get("FEED_DELETES") == "true",
            checkpoint.kept_since if checkpoint else None,
            int(days) if days is not None else None,
        )

    def expired(self, marked: datetime, written: datetime) -> bool:
        """Tell whether a marker of that time is S3's own, of an object written then."""
        return self.expiration_days is not None and marked - written >= timedelta(days=self.expiration_days)

    def by_feed(self, marked: datetime) -> bool:
        """Tell whether the feed may have made the marker."""
        return self.feed_deletes or (self.kept_since is not None and marked < self.kept_since)

    def hides(self, marked: datetime, written: datetime) -> bool:
        """Tell whether a marker hides what should be there."""
        return not self.by_feed(marked) and not self.expired(marked, written)


@dataclass(frozen=True)
class Marker:
    """A delete marker that is the latest version of an object of records; `written` is the newest version behind it."""

    key: str
    version_id: str
    marked: datetime
    written: datetime | None

    def written_by(self, prefix: str) -> datetime:
        """Return when the object was written, by its folder where no version is left."""
        if self.written:
            return self.written
        year, month, day = map(int, self.key.removeprefix(prefix).split("/")[:3])
        return datetime(year, month, day, tzinfo=self.marked.tzinfo)


def is_of_records(name: str, report: Report) -> bool:
    """Tell whether a name under the prefix is that of an object of records, the collector's or the guide's."""
    of_guide = report.in_guide and legacy.OBJECT_NAME.fullmatch(name)
    if not archive_object.is_record_key(name, report) and not of_guide:
        return False
    try:
        date.fromisoformat("-".join(name.split("/")[:3]))
    except ValueError:  # no such day in the calendar
        return False
    return True


def listing_command(bucket: str, prefix: str) -> str:
    """Return the command that lists delete markers, but not of what else lies there, such as the guide's state."""
    return (
        f"aws s3api list-object-versions --bucket {bucket} --prefix {prefix}"
        """ --query "DeleteMarkers[?IsLatest && ends_with(Key, '.json.gz')].[Key,VersionId]" --output text"""
    )


def removing_command(bucket: str, key: str = "KEY", version_id: str = "VERSION") -> str:
    """Return the command that removes one."""
    return f"aws s3api delete-object --bucket {bucket} --key {key} --version-id {version_id}"
