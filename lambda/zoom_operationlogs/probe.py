"""The probe: does S3 refuse to write over a record? That refusal is the commit, and the lock between runs.

Only the collector's role may write records, so the collector tries. It sends an object of records again, with the
condition of every publication (`If-None-Match: *`). S3 must answer 412, and nothing is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .archive_object import is_record_key
from .bounds import OBJECT_BYTES
from .dates import ONE_DAY
from .errors import NotFoundError, NotWriteOnceError, WriteConflictError

if TYPE_CHECKING:
    from datetime import date

    from .bucket import Bucket
    from .reports import Report
    from .settings import Settings

RECENT = 7 * ONE_DAY


def probe(bucket: Bucket, settings: Settings, today: date) -> dict[str, Any]:
    """Return the result of a probe: `ok`, `date` (today, UTC), the `key` that was tried, and a `sentence`.

    `ok` is false, and `key` None, if nothing was tried. Raises `NotWriteOnceError` if S3 wrote over the object, and
    other `StorageError` and `StorageUnavailableError`.
    """
    if settings.feed_deletes:
        return _result(
            today,
            None,
            "Nothing was tried, because the feed deletes what it has read (FEED_DELETES): S3 allows a write over a"
            " delete marker, and the feed would read that object again.",
        )
    key = newest_record(bucket, settings.prefix, settings.report, today)
    body = b""
    if key:
        try:
            body, _ = bucket.current(key, OBJECT_BYTES)
        except NotFoundError:  # deleted since it was listed
            key = None
    if not key or not body:
        return _result(
            today,
            None,
            f"Nothing was tried, because {bucket.url(settings.prefix)} has no object of this collector that can be"
            " read: try again when a run has written records.",
        )

    def attempt() -> None:
        bucket.add_records(key, body, ContentType="application/gzip")

    try:
        bucket.retry_until_known(attempt)
    except WriteConflictError:
        return _result(today, key, f"S3 refuses to write over {bucket.url(key)} (412), as it must.")
    raise NotWriteOnceError(
        f"S3 did not refuse to write over {bucket.url(key)} with If-None-Match: *, which must keep every record from"
        " being replaced or delivered twice: run the probe again, and if it ends like this again, pause the schedule"
        " and ask AWS Support. The object holds the same records as before, but the feed may read it once more."
    )


def newest_record(bucket: Bucket, prefix: str, report: Report, today: date) -> str | None:
    """Return the key of a current object of records, of the last days if possible; None without any.

    A recent object is the least likely to be deleted between the listing and the write.
    """
    for after in (f"{prefix}{today - RECENT:%Y/%m/%d}/", ""):
        keys = [key for key in bucket.current_keys(prefix, after) if is_record_key(key.removeprefix(prefix), report)]
        if keys:
            return keys[-1]
    return None


def _result(today: date, key: str | None, sentence: str) -> dict[str, Any]:
    return {"ok": key is not None, "date": today.isoformat(), "key": key, "sentence": sentence}
