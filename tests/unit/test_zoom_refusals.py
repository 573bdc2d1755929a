"""What Zoom's bad answers mean. Bodies as quoted in Zoom's documentation and by its users."""

from datetime import UTC, datetime, timedelta

import pytest
from requests.structures import CaseInsensitiveDict
from zoom_operationlogs import errors
from zoom_operationlogs.errors import ZoomRefusedError
from zoom_operationlogs.zoom_rate_limits import Quota, daily_quota, not_before
from zoom_operationlogs.zoom_refusals import refuse

NOW = datetime(2026, 3, 31, 22, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (
            400,
            {"reason": "Invalid client_id or client_secret", "error": "invalid_client"},
            "client id and client secret",
        ),
        (
            401,
            {"reason": "Invalid client_id or client_secret", "error": "invalid_client"},
            "client id and client secret",
        ),
        (400, {"reason": "Bad Request", "error": "invalid_request"}, "account id"),
        (400, {"reason": "Account does not exist", "error": "invalid_request"}, "account id"),
        (400, {"reason": "unsupported grant type", "error": "unsupported_grant_type"}, "app of another type"),
        (400, {"reason": "Account does not enabled the OAuth app type", "error": "x"}, "app of another type"),
        (400, {"code": 4717, "message": "The app has been disabled"}, "deactivated"),
        (
            400,
            {
                "code": 4711,
                "message": "Invalid access token, does not contain scopes:[report:read:operation_logs:admin].",
            },
            "lacks the scope",
        ),
        (
            400,
            {"code": 4700, "message": "Invalid access token, does not contain scopes: [report:master]."},
            "lacks the scope",
        ),
        (403, {"code": 4711, "message": "Invalid access token, does not contain scopes:[x]."}, "lacks the scope"),
        (400, {"code": 200, "message": "No permission."}, "grant that user's role the permissions"),
        (400, {"code": 200, "message": "Only available for Paid account: abc."}, "plan of Pro or higher"),
        (404, {"code": 2300, "message": "This API endpoint is not recognized."}, "check ZOOM_API_URL"),
        (302, None, "check ZOOM_API_URL"),
    ],
)
def test_what_an_administrator_must_change_is_said(status, body, sentence):
    with pytest.raises(ZoomRefusedError) as refusal:
        refuse(status, {}, body, NOW)
    assert sentence in str(refusal.value)
    assert type(refusal.value) is not errors.AccessTokenRejectedError


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (401, {"code": 124, "message": "Invalid access token."}, errors.AccessTokenRejectedError),
        (401, {"code": 124, "message": "Access token is expired."}, errors.AccessTokenRejectedError),
        (401, None, errors.AccessTokenRejectedError),
        (400, {"code": 300, "message": "The next page token is invalid or expired."}, errors.PageTokenExpiredError),
        (400, {"code": 300, "message": "Only provide report in recent 6 months"}, errors.DateTooOldError),
        (
            400,
            {"code": 300, "message": "Daily report can only be provided within 6 months prior to the current date."},
            errors.DateTooOldError,
        ),
        (400, {"code": 300, "message": "Validation Failed.", "errors": [{"field": "to"}]}, errors.DatesRefusedError),
        (500, None, errors.UnusableAnswerError),
        (503, {"message": "upstream"}, errors.UnusableAnswerError),
        (429, {"code": 429, "message": "per-second"}, errors.RateLimitedError),
    ],
)
def test_what_the_collector_mends_itself_is_told_apart(status, body, meaning):
    with pytest.raises(meaning) as refusal:
        refuse(status, {}, body, NOW)
    assert type(refusal.value) is meaning


@pytest.mark.parametrize(
    ("headers", "text", "until"),
    [
        ({"Retry-After": "30"}, "", NOW + timedelta(seconds=30)),
        ({"Retry-After": "2026-04-01T00:00:00Z"}, "", MIDNIGHT),
        ({"Retry-After": "Wed, 01 Apr 2026 00:00:00 GMT"}, "", MIDNIGHT),
        ({"Retry-After": "2027-01-01T00:00:00Z"}, "", MIDNIGHT + timedelta(minutes=10)),
        ({"Retry-After": "soon"}, "", None),
        ({"X-RateLimit-Reset": str(int((NOW + timedelta(seconds=1)).timestamp()))}, "", NOW + timedelta(seconds=1)),
        ({"X-RateLimit-Type": "Daily-limit"}, "", MIDNIGHT),
        ({}, "you have reached the maximum daily rate limit for this api.", MIDNIGHT),
        ({}, "you have reached the maximum per-second rate limit for this api.", None),
    ],
)
def test_when_zoom_may_be_asked_again(headers, text, until):
    assert not_before(CaseInsensitiveDict(headers), text, NOW) == until


def test_only_the_daily_limit_is_a_quota():
    def headers(kind: str, limit: int, remaining: int) -> CaseInsensitiveDict[str]:
        told = {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": str(remaining)}
        return CaseInsensitiveDict(told | ({"X-RateLimit-Type": kind} if kind else {}))

    assert daily_quota(headers("QPS", 40, 1)) is None
    assert daily_quota(headers("", 40, 1)) is None
    assert daily_quota(headers("", 30000, 7499)) == Quota(30000, 7499)
    assert daily_quota(CaseInsensitiveDict()) is None
    low, enough = daily_quota(headers("Daily-limit", 30000, 7499)), daily_quota(headers("Daily-limit", 30000, 7500))
    assert low
    assert enough
    assert low.low
    assert not enough.low
