"""The collector's settings, read once from the environment."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from .errors import SettingsError
from .records import encodable
from .reports import OPERATION_LOGS, REPORTS, report_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .reports import Report

MAX_PAGE_SIZE = 300  # Zoom's maximum (Zoom, Get operation logs report)
MAX_LOOKBACK_DAYS = 28  # the tail reads in one request, which covers at most one month (see dates.LONGEST_RANGE)
LOOPBACK_HOSTS = {"127.0.0.1", "[::1]", "localhost"}
ZOOM_DOMAINS = ("zoom.us", "zoomgov.com")
# Nothing that two parsers could read as two addresses, such as a user name, a backslash, or a path with "..".
ADDRESS = re.compile(r"(https?)://([A-Za-z0-9.-]+|\[::1\])(:[1-9][0-9]{0,4})?(/\.*[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")
ENCRYPTIONS = ("AES256", "aws:kms", "aws:kms:dsse")  # Amazon S3 API Reference, PutObject, x-amz-server-side-encryption
LOCK_MODES = ("GOVERNANCE", "COMPLIANCE")  # Amazon S3 User Guide, Locking objects with Object Lock
MAX_LOCK_DAYS = 36500  # S3's maximum
KMS_KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+")


@dataclass(frozen=True)
class Credentials:
    """The credentials of a Server-to-Server OAuth app."""

    account_id: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True)
class ObjectLock:
    """The retention of an object of records: the mode, and the days after it is written."""

    mode: str
    days: int


@dataclass(frozen=True)
class Settings:
    """The settings of the function; `from_environ` names the environment variable of each.

    `prefix` ends with one `/`, and `state_key` is outside it. `credentials` or `secret_id` is set. `start_date` is a
    UTC date. `encryption` has the arguments of boto3's `put_object` for the encryption; without them the bucket's
    default applies. `lock` is for objects of records, not for the checkpoint.
    """

    bucket: str
    report: Report = OPERATION_LOGS
    prefix: str = ""  # follows the report
    state_key: str = ""  # follows the prefix
    credentials: Credentials | None = None
    secret_id: str = ""  # the name or the ARN
    oauth_url: str = "https://zoom.us/oauth/token"
    api_url: str = "https://api.zoom.us/v2"
    page_size: int = 300
    http_timeout_seconds: int = 30
    lookback_days: int = 3
    reconcile_hours: int = 12
    start_date: date | None = None
    feed_deletes: bool = False
    encryption: Mapping[str, str] = field(default_factory=dict)
    lock: ObjectLock | None = None

    def __post_init__(self) -> None:
        """Raise `SettingsError` for a prefix that is no folder, a state key under it, or missing credentials."""
        if not self.prefix:
            object.__setattr__(self, "prefix", self.report.prefix)
        if not re.fullmatch(r"([^/]+/)+", self.prefix):
            raise SettingsError(
                f"S3_PREFIX is {self.prefix!r}: set it to a folder that ends with one /, such as {self.report.prefix}."
            )
        if not self.state_key:
            object.__setattr__(self, "state_key", f"{self.prefix.rstrip('/')}-state/state.json")
        if self.prefix.startswith(self.state_key):
            raise SettingsError(
                f"STATE_KEY {self.state_key} is the beginning of S3_PREFIX {self.prefix}, so a lifecycle rule for the"
                " checkpoint would apply to the records too: choose a key such as zoom/operationlogs-state/state.json."
            )
        if self.state_key.startswith(self.prefix):
            raise SettingsError(
                f"STATE_KEY {self.state_key} is under S3_PREFIX {self.prefix}, where the feed would ingest it as a log"
                " and might delete it: choose a key outside the prefix, such as"
                f" {self.report.prefix.rstrip('/')}-state/state.json."
            )
        if not self.credentials and not self.secret_id:
            raise SettingsError(
                "No Zoom credentials are set: set ZOOM_SECRET_ID to the name or ARN of a Secrets Manager secret with"
                " account_id, client_id and client_secret."
            )

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Return the settings in these variables. Raises `SettingsError`, which names the variable to change."""
        for name, value in environ.items():
            if name.startswith(("REPORT", "S3_", "STATE_", "ZOOM_")) and not encodable(value):
                raise SettingsError(f"{name} has characters that are not UTF-8: correct it.")
        bucket = environ.get("S3_BUCKET", "").strip()
        if not bucket:
            raise SettingsError("S3_BUCKET is not set: set it to the name of the bucket to write to.")
        if not re.fullmatch(r"[A-Za-z0-9._-]{3,255}", bucket):
            raise SettingsError(f"S3_BUCKET is {bucket!r:.80}: set it to the bucket's name, without s3://.")
        other_hosts = _flag(environ, "ZOOM_ALLOW_OTHER_HOSTS")
        return cls(
            bucket=bucket,
            report=_report(environ),
            prefix=environ.get("S3_PREFIX", ""),
            state_key=environ.get("STATE_KEY", ""),
            credentials=_credentials(environ),
            secret_id=environ.get("ZOOM_SECRET_ID", "").strip(),
            oauth_url=_url(environ, "ZOOM_OAUTH_URL", cls.oauth_url, "/oauth/token", other_hosts),
            api_url=_url(environ, "ZOOM_API_URL", cls.api_url, "/v2", other_hosts),
            page_size=_whole_number(environ, "PAGE_SIZE", cls.page_size, 1, MAX_PAGE_SIZE),
            http_timeout_seconds=_whole_number(environ, "TIMEOUT", cls.http_timeout_seconds, 1, 300),
            lookback_days=_whole_number(environ, "LOOKBACK_DAYS", cls.lookback_days, 1, MAX_LOOKBACK_DAYS),
            reconcile_hours=_whole_number(environ, "RECONCILE_HOURS", cls.reconcile_hours, 1, 24),
            start_date=parse_date(environ["START_DATE"], "START_DATE") if environ.get("START_DATE") else None,
            feed_deletes=_flag(environ, "FEED_DELETES"),
            encryption=_encryption(environ),
            lock=_lock(environ),
        )

    def retention(self, now: datetime) -> dict[str, Any]:
        """Return the arguments of `put_object` that lock an object written now, none without a lock.

        S3 refuses a locked put without a checksum (Amazon S3 API Reference, PutObject, ChecksumAlgorithm).
        """
        if not self.lock:
            return {}
        return {
            "ObjectLockMode": self.lock.mode,
            "ObjectLockRetainUntilDate": now.replace(microsecond=0) + timedelta(days=self.lock.days),
            "ChecksumAlgorithm": "SHA256",
        }


def parse_date(value: object, name: str) -> date:
    """Return the date in a string YYYY-MM-DD. Raises `SettingsError`; its message calls the value `name`."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass  # no such day in the calendar: raised below
    raise SettingsError(f"{name} is {value!r:.60}: give a calendar date written as YYYY-MM-DD, such as 2026-01-31.")


def _report(environ: Mapping[str, str]) -> Report:
    name = report_name(environ)
    if name not in REPORTS:
        raise SettingsError(f"REPORT is {name!r:.60}: set it to {' or '.join(REPORTS)}.")
    return REPORTS[name]


def _credentials(environ: Mapping[str, str]) -> Credentials | None:
    """Return the credentials in the written guide's variables; None if they are not set or ZOOM_SECRET_ID is."""
    names = ("ZOOM_ACCOUNT_ID", "ZOOM_CLIENT_ID", "ZOOM_CLIENT_SECRET")
    values = [environ.get(name, "").strip() for name in names]
    if environ.get("ZOOM_SECRET_ID") or not any(values):
        return None
    if not all(values):
        missing = " and ".join(name for name, value in zip(names, values, strict=True) if not value)
        raise SettingsError(f"{missing} is not set: set all three ZOOM_ credentials, or ZOOM_SECRET_ID instead.")
    return Credentials(*values)


def _encryption(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the arguments of `put_object` that ask for the encryption in S3_SSE; none if it is not set."""
    algorithm, key = (environ.get(name, "").strip() for name in ("S3_SSE", "S3_SSE_KMS_KEY_ARN"))
    if algorithm not in ("", *ENCRYPTIONS):
        raise SettingsError(
            f"S3_SSE is {algorithm!r:.60}: set it to AES256, aws:kms or aws:kms:dsse, or leave it out for the bucket's"
            " default encryption."
        )
    if not algorithm.startswith("aws:kms"):
        if key:
            raise SettingsError(
                f"S3_SSE_KMS_KEY_ARN is set, but S3_SSE is {algorithm or 'not set'}: set S3_SSE to aws:kms or"
                " aws:kms:dsse, or leave S3_SSE_KMS_KEY_ARN out."
            )
        return {"ServerSideEncryption": algorithm} if algorithm else {}
    if not KMS_KEY_ARN.fullmatch(key):
        raise SettingsError(
            f"S3_SSE_KMS_KEY_ARN is {key!r:.120}: S3_SSE {algorithm} needs the ARN of a KMS key, such as"
            " arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab."
        )
    return {"ServerSideEncryption": algorithm, "SSEKMSKeyId": key}


def _lock(environ: Mapping[str, str]) -> ObjectLock | None:
    mode, days = (environ.get(name, "").strip() for name in ("S3_LOCK_MODE", "S3_LOCK_DAYS"))
    if bool(mode) != bool(days):
        missing, given = ("S3_LOCK_DAYS", "S3_LOCK_MODE") if mode else ("S3_LOCK_MODE", "S3_LOCK_DAYS")
        raise SettingsError(f"{given} is set, but {missing} is not: set both, or leave both out to lock no object.")
    if not mode:
        return None
    if mode not in LOCK_MODES:
        raise SettingsError(f"S3_LOCK_MODE is {mode!r:.60}: set it to {' or '.join(LOCK_MODES)}.")
    return ObjectLock(mode, _whole_number(environ, "S3_LOCK_DAYS", 1, 1, MAX_LOCK_DAYS))


def _whole_number(environ: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    value = environ.get(name, "").strip() or str(default)
    if not re.fullmatch(r"[0-9]{1,6}", value) or not least <= int(value) <= most:
        raise SettingsError(f"{name} is {value!r}: set it to a whole number from {least} to {most}.")
    return int(value)


def _flag(environ: Mapping[str, str], name: str) -> bool:
    value = environ.get(name, "").strip().lower() or "false"
    if value not in ("true", "false"):
        raise SettingsError(f"{name} is {value!r}: set it to true or false.")
    return value == "true"


def _url(environ: Mapping[str, str], name: str, default: str, end: str, other_hosts: bool) -> str:
    """Return the address in a variable, to which the client secret is sent; variables.tf checks the same."""
    value = (environ.get(name, "").strip() or default).rstrip("/")
    found = ADDRESS.fullmatch(value)
    scheme, host = (found[1], found[2].lower()) if found else ("", "")
    # Plain HTTP would send the client secret over the network in clear text; loopback traffic stays on the host.
    if not (scheme == "https" or host in LOOPBACK_HOSTS):
        raise SettingsError(f"{name} is {value!r}: set it to an address that starts with https://, such as {default}.")
    if not (other_hosts or host in LOOPBACK_HOSTS or any(f".{host}".endswith(f".{one}") for one in ZOOM_DOMAINS)):
        raise SettingsError(
            f"{name} is {value!r}, not an address of {' or '.join(ZOOM_DOMAINS)}, and the collector would send the"
            " client secret there: correct it, or set ZOOM_ALLOW_OTHER_HOSTS to true if that is intended."
        )
    if not value.endswith(end):
        raise SettingsError(f"{name} is {value!r}: set it to an address that ends with {end}, such as {default}.")
    return value
