"""Wrong settings and wrong events end in one sentence that says what to change."""

from datetime import UTC, date, datetime

import pytest
from zoom_operationlogs.errors import SettingsError
from zoom_operationlogs.event import Request
from zoom_operationlogs.settings import ObjectLock, Settings

ENVIRONMENT = {"S3_BUCKET": "logs", "ZOOM_SECRET_ID": "arn:aws:secretsmanager:eu-west-1:1:secret:zoom"}
TODAY = date(2026, 8, 31)


def test_the_guides_values_are_the_defaults():
    settings = Settings.from_environ(ENVIRONMENT)
    assert (settings.prefix, settings.page_size, settings.http_timeout_seconds) == ("zoom/operationlogs/", 300, 30)
    assert settings.state_key == "zoom/operationlogs-state/state.json"
    assert (settings.oauth_url, settings.api_url) == ("https://zoom.us/oauth/token", "https://api.zoom.us/v2")
    assert (settings.lookback_days, settings.reconcile_hours) == (3, 12)
    assert (settings.start_date, settings.feed_deletes) == (None, False)
    assert settings.encryption == {}


def test_the_guides_credentials_are_understood_and_not_shown():
    names = {"ZOOM_ACCOUNT_ID": "acct", "ZOOM_CLIENT_ID": "client", "ZOOM_CLIENT_SECRET": "hush-hush"}
    settings = Settings.from_environ({"S3_BUCKET": "logs", **names})
    assert settings.credentials
    assert settings.credentials.client_secret == "hush-hush"
    assert "hush-hush" not in repr(settings)


def test_the_secret_wins_over_the_guides_variables():
    assert Settings.from_environ({**ENVIRONMENT, "ZOOM_CLIENT_SECRET": "x"}).credentials is None


KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd"


@pytest.mark.parametrize(
    ("variables", "arguments"),
    [
        ({"S3_SSE": " ", "S3_SSE_KMS_KEY_ARN": ""}, {}),
        ({"S3_SSE": "AES256"}, {"ServerSideEncryption": "AES256"}),
        ({"S3_SSE": "aws:kms", "S3_SSE_KMS_KEY_ARN": KEY}, {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": KEY}),
        (
            {"S3_SSE": "aws:kms:dsse", "S3_SSE_KMS_KEY_ARN": f" {KEY}"},
            {"ServerSideEncryption": "aws:kms:dsse", "SSEKMSKeyId": KEY},
        ),
    ],
)
def test_what_a_write_asks_s3_for(variables, arguments):
    assert Settings.from_environ({**ENVIRONMENT, **variables}).encryption == arguments


def test_records_are_locked_from_the_moment_of_their_write_on_with_a_checksum():
    settings = Settings.from_environ({**ENVIRONMENT, "S3_LOCK_MODE": "GOVERNANCE", "S3_LOCK_DAYS": " 90"})
    assert settings.lock == ObjectLock("GOVERNANCE", 90)
    assert settings.retention(datetime(2026, 3, 10, 9, 30, 1, 999_999, UTC)) == {
        "ObjectLockMode": "GOVERNANCE",
        "ObjectLockRetainUntilDate": datetime(2026, 6, 8, 9, 30, 1, tzinfo=UTC),
        "ChecksumAlgorithm": "SHA256",
    }


def test_nothing_is_locked_unless_asked_for():
    settings = Settings.from_environ({**ENVIRONMENT, "S3_LOCK_MODE": "", "S3_LOCK_DAYS": " "})
    assert (settings.lock, settings.retention(datetime(2026, 3, 10, tzinfo=UTC))) == (None, {})


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"S3_LOCK_MODE": "GOVERNANCE"}, "S3_LOCK_MODE is set, but S3_LOCK_DAYS is not: set both, or leave both out"),
        ({"S3_LOCK_DAYS": "90"}, "S3_LOCK_DAYS is set, but S3_LOCK_MODE is not: set both, or leave both out"),
        (
            {"S3_LOCK_MODE": "governance", "S3_LOCK_DAYS": "1"},
            "S3_LOCK_MODE is 'governance': set it to GOVERNANCE or COMP",
        ),
        (
            {"S3_LOCK_MODE": "COMPLIANCE", "S3_LOCK_DAYS": "0"},
            "S3_LOCK_DAYS is '0': set it to a whole number from 1 to 36",
        ),
        ({"S3_LOCK_MODE": "COMPLIANCE", "S3_LOCK_DAYS": "1.5"}, "S3_LOCK_DAYS is '1.5': set it to a whole number"),
        ({"S3_SSE": "aws/kms"}, "S3_SSE is 'aws/kms': set it to AES256, aws:kms or aws:kms:dsse, or leave it out"),
        ({"S3_SSE": "aws:kms"}, "S3_SSE_KMS_KEY_ARN is '': S3_SSE aws:kms needs the ARN of a KMS key"),
        ({"S3_SSE": "aws:kms:dsse", "S3_SSE_KMS_KEY_ARN": "alias/zoom"}, "S3_SSE_KMS_KEY_ARN is 'alias/zoom': S3_SSE"),
        ({"S3_SSE": "AES256", "S3_SSE_KMS_KEY_ARN": KEY}, "S3_SSE_KMS_KEY_ARN is set, but S3_SSE is AES256"),
        ({"S3_SSE_KMS_KEY_ARN": KEY}, "S3_SSE_KMS_KEY_ARN is set, but S3_SSE is not set"),
        ({"S3_BUCKET": ""}, "S3_BUCKET is not set"),
        ({"S3_PREFIX": "logs"}, "S3_PREFIX is 'logs': set it to a folder that ends with one /"),
        ({"S3_PREFIX": "/logs/"}, "S3_PREFIX is '/logs/'"),
        ({"STATE_KEY": "zoom/operationlogs/state.json"}, "is under S3_PREFIX"),
        ({"PAGE_SIZE": "301"}, "PAGE_SIZE is '301': set it to a whole number from 1 to 300"),
        ({"PAGE_SIZE": "many"}, "PAGE_SIZE is 'many'"),
        ({"TIMEOUT": "0"}, "TIMEOUT is '0'"),
        ({"LOOKBACK_DAYS": "29"}, "LOOKBACK_DAYS is '29': set it to a whole number from 1 to 28"),
        ({"RECONCILE_HOURS": "-1"}, "RECONCILE_HOURS is '-1'"),
        ({"START_DATE": "2026-02-30"}, "START_DATE is '2026-02-30': give a calendar date"),
        ({"START_DATE": "01/02/2026"}, "START_DATE is '01/02/2026'"),
        ({"FEED_DELETES": "yes"}, "FEED_DELETES is 'yes': set it to true or false"),
        (
            {"ZOOM_API_URL": "http://api.zoom.us/v2"},
            "ZOOM_API_URL is 'http://api.zoom.us/v2': set it to an address that starts",
        ),
        ({"ZOOM_OAUTH_URL": "zoom.us"}, "ZOOM_OAUTH_URL is 'zoom.us'"),
        ({"ZOOM_SECRET_ID": ""}, "No Zoom credentials are set"),
        ({"ZOOM_SECRET_ID": "", "ZOOM_CLIENT_ID": "x"}, "ZOOM_ACCOUNT_ID and ZOOM_CLIENT_SECRET is not set"),
    ],
)
def test_wrong_settings_are_refused_with_a_sentence(change, sentence):
    with pytest.raises(SettingsError) as refusal:
        Settings.from_environ({**ENVIRONMENT, **change})
    assert sentence in str(refusal.value)


def test_a_server_on_the_loopback_may_be_plain_http():
    assert Settings.from_environ({**ENVIRONMENT, "ZOOM_API_URL": "http://127.0.0.1:8080/v2/"}).api_url.endswith(
        ":8080/v2"
    )


def test_events():
    assert Request.from_event({}, TODAY) == Request()
    for by_hand in (None, {"action": "run"}, {"key1": "value1"}):  # the last is what Lambda's console suggests
        assert Request.from_event(by_hand, TODAY) == Request(by_hand=True)
    assert (Request().action, Request(by_hand=True).action) == (None, "run")
    assert Request.from_event({"action": "reconcile"}, TODAY) == Request(reconcile=True)
    asked = Request.from_event({"action": "backfill", "from": "2026-08-01", "to": "2026-08-02"}, TODAY)
    assert asked == Request(backfill=(date(2026, 8, 1), date(2026, 8, 2)))


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        ({"action": "delete"}, "The event's action is 'delete'"),
        ({"action": "backfill"}, "The event's from is None"),
        ({"action": "backfill", "from": "2026-08-01", "to": "tomorrow"}, "The event's to is 'tomorrow'"),
        ({"action": "backfill", "from": "2026-08-02", "to": "2026-08-01"}, "set from to the earlier date"),
        ({"action": "backfill", "from": "2026-01-01", "to": "2026-02-27"}, "keeps only the records from 2026-02-28"),
        ({"action": "backfill", "from": "2026-09-01", "to": "2026-09-02"}, "use dates in that range"),
    ],
)
def test_wrong_events_are_refused_with_a_sentence(event, sentence):
    with pytest.raises(SettingsError) as refusal:
        Request.from_event(event, TODAY)
    assert sentence in str(refusal.value)


# The same cases as in tests/terraform/inputs.yaml: the collector is the last that can keep the client secret.
@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/oauth/token",
        "https://zoom.us.evil.example/oauth/token",
        "https://evilzoom.us/oauth/token",
        "https://zoom.us@evil.example/oauth/token",
        "https://zoom.us:443@evil.example/oauth/token",
        "https://user:password@zoom.us/oauth/token",
        "https://evil.example/zoom.us/oauth/token",
        "https://evil.example?zoom.us/oauth/token",
        "https://evil.example#.zoom.us",
        "https://evil.example\\.zoom.us/oauth/token",
        "https://zoomxus/oauth/token",
        "https://203.0.113.7/oauth/token",
        "https://evil.example\n.zoom.us/oauth/token",
        "https://zoom.us%2eevil.example/oauth/token",
        "https://[::2]/oauth/token",
        "http://127.0.0.1.zoom.us/oauth/token",
    ],
)
@pytest.mark.parametrize("name", ["ZOOM_OAUTH_URL", "ZOOM_API_URL"])
def test_the_client_secret_goes_to_zooms_hosts_alone(name: str, url: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} is "):
        Settings.from_environ({**ENVIRONMENT, name: url})


@pytest.mark.parametrize(
    "url",
    [
        "https://zoom.us/oauth/token",
        "https://ZOOM.us/oauth/token",
        "https://eu01web.zoom.us:443/oauth/token",
        "https://zoomgov.com/oauth/token",
        "https://api.zoomgov.com/oauth/token",
        "http://127.0.0.1:8080/oauth/token",
        "http://localhost/oauth/token",
        "http://[::1]:8080/oauth/token",
        "https://localhost:8443/oauth/token",
    ],
)
def test_zooms_domains_and_this_machine_are_allowed(url: str) -> None:
    assert Settings.from_environ({**ENVIRONMENT, "ZOOM_OAUTH_URL": url}).oauth_url == url


def test_another_host_is_allowed_by_a_variable_of_its_own_and_only_with_tls() -> None:
    other = {**ENVIRONMENT, "ZOOM_OAUTH_URL": "https://zoom.example.com/oauth/token"}
    with pytest.raises(SettingsError, match="set ZOOM_ALLOW_OTHER_HOSTS to true"):
        Settings.from_environ(other)
    with pytest.raises(SettingsError, match="set ZOOM_ALLOW_OTHER_HOSTS to true"):
        Settings.from_environ({**other, "ZOOM_ALLOW_OTHER_HOSTS": "false"})
    with pytest.raises(SettingsError, match=r"^ZOOM_ALLOW_OTHER_HOSTS is 'yes': set it to true or false"):
        Settings.from_environ({**other, "ZOOM_ALLOW_OTHER_HOSTS": "yes"})
    allowed = Settings.from_environ({**other, "ZOOM_ALLOW_OTHER_HOSTS": "true"})
    assert allowed.oauth_url == other["ZOOM_OAUTH_URL"]
    with pytest.raises(SettingsError, match="set it to an address that starts with https://"):
        Settings.from_environ(
            {**other, "ZOOM_ALLOW_OTHER_HOSTS": "true", "ZOOM_OAUTH_URL": "http://zoom.example.com/oauth/token"}
        )


def test_a_state_key_that_begins_the_prefix_is_refused() -> None:
    """As in Terraform: a lifecycle rule for the checkpoint would apply to the records too."""
    for key in ("zoom", "zoom/operationlogs"):
        with pytest.raises(SettingsError, match=r"^STATE_KEY"):
            Settings.from_environ({**ENVIRONMENT, "STATE_KEY": key})
    assert Settings.from_environ({**ENVIRONMENT, "STATE_KEY": "zoom/operationlogs.json"}).state_key
