"""The meaning of Zoom's error answers, as quoted in Zoom's documentation and by its users."""

from datetime import UTC, datetime, timedelta

import pytest
from requests.structures import CaseInsensitiveDict
from zoom_operationlogs import errors
from zoom_operationlogs.errors import PageTokenExpiredError, ZoomRefusedError
from zoom_operationlogs.reports import OPERATION_LOGS
from zoom_operationlogs.zoom_rate_limits import Quota, daily_quota, not_before
from zoom_operationlogs.zoom_refusals import RULES, Endpoint, refuse

NOW = datetime(2026, 3, 31, 22, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 4, 1, tzinfo=UTC)


SIGN_IN, REPORT = Endpoint.SIGN_IN, Endpoint.REPORT
NO_SCOPES = "Invalid access token, does not contain scopes:[report:read:operation_logs:admin]."
NO_MASTER_SCOPES = "Invalid access token, does not contain scopes: [report:master, report:read:master]."
SIX_MONTHS = "Daily report can only be provided within 6 months prior to the current date"
PAID = "Only available for Paid or ZMP account"


@pytest.mark.parametrize(
    ("endpoint", "status", "body", "sentence"),
    [
        (SIGN_IN, 400, {"reason": "Invalid client_id or client_secret", "error": "invalid_client"}, "this client id"),
        (SIGN_IN, 401, {"reason": "Invalid client_id or client_secret", "error": "invalid_client"}, "this client id"),
        (SIGN_IN, 400, {"reason": "Bad Request", "error": "invalid_request"}, "this account id"),
        (SIGN_IN, 400, {"reason": "Account does not exist", "error": "invalid_request"}, "this account id"),
        (SIGN_IN, 400, {"reason": "unsupported grant type", "error": "unsupported_grant_type"}, "app of another type"),
        (SIGN_IN, 400, {"reason": "Account does not enabled the OAuth app type", "error": "x"}, "app of another type"),
        (SIGN_IN, 400, {"code": 4717, "message": "The app has been disabled"}, "deactivated"),
        (REPORT, 400, {"code": 4717, "message": "The app has been disabled"}, "app is deactivated"),
        (REPORT, 400, {"message": "This app is currently deactivated"}, "app is deactivated"),
        (SIGN_IN, 400, {"reason": "This account has been disabled"}, "account is not active"),
        (REPORT, 400, {"code": 200, "message": "Account do not enabled REST API."}, "may not use Zoom's REST API"),
        (REPORT, 400, {"code": 1001, "message": "User does not exist: a@example.com."}, "user who owns the app"),
        (REPORT, 404, {"message": "User is deactivated."}, "user who owns the app"),
        (REPORT, 404, {"code": 2001, "message": "Account does not exist"}, "does not know this account"),
        (REPORT, 400, {"message": "Operation logs have been disabled for you"}, "report is disabled"),
        (SIGN_IN, 400, {"reason": "Invalid Token!", "error": "invalid_request"}, "refuses the sign-in"),
        (SIGN_IN, 400, {"reason": "Something new", "error": "new"}, "refuses the sign-in"),
        (SIGN_IN, 400, {"code": 300, "message": "Bad request params in query string"}, "refuses the sign-in"),
        (SIGN_IN, 400, {"code": 300, "message": SIX_MONTHS}, "refuses the sign-in"),
        (SIGN_IN, 400, {"code": 300, "message": "Invalid next_page_token"}, "refuses the sign-in"),
        (SIGN_IN, 400, {"code": 200, "message": "No permission."}, "refuses the sign-in"),
        (SIGN_IN, 400, {"code": 124, "message": "Invalid access token."}, "refuses the sign-in"),
        (SIGN_IN, 400, {}, "refuses the sign-in"),
        (SIGN_IN, 401, {}, "refuses the sign-in"),
        (SIGN_IN, 403, {}, "refuses the sign-in"),
        (SIGN_IN, 404, {"code": 2300, "message": "This API endpoint is not recognized."}, "refuses the sign-in"),
        (REPORT, 400, {"code": 4711, "message": NO_SCOPES}, "lacks the scope"),
        (REPORT, 401, {"code": 4711, "message": NO_SCOPES}, "lacks the scope"),
        (REPORT, 403, {"code": 4711, "message": NO_SCOPES}, "lacks the scope"),
        (REPORT, 400, {"code": 4700, "message": NO_MASTER_SCOPES}, "lacks the scope"),
        (REPORT, 400, {"code": "4711", "message": ""}, "lacks the scope"),
        (REPORT, 400, {"code": 200, "message": "No permission."}, "grant that user's role the permissions"),
        (REPORT, 400, {"code": 200, "message": "Something new"}, "grant that user's role the permissions"),
        (REPORT, 403, {"code": 1, "message": "Something new"}, "grant that user's role the permissions"),
        (REPORT, 403, {"message": "Something new"}, "has no error code of Zoom's"),
        (REPORT, 403, {"code": 403, "message": "Forbidden"}, "has no error code of Zoom's"),
        (REPORT, 403, {"code": 300, "message": "Access from IP 192.0.2.1 is not allowed"}, "from which the function"),
        (REPORT, 403, {"message": "Not on the allowlist"}, "from which the function"),
        (REPORT, 400, {"code": 200, "message": "Only available for Paid account: abc."}, "plan of Pro or higher"),
        (REPORT, 400, {"code": 200, "message": PAID}, "plan of Pro or higher"),
        (REPORT, 400, {"code": 200, "message": PAID + "s"}, "plan of Pro or higher"),
        (REPORT, 400, {"message": PAID + " paid" * 20_000}, "plan of Pro or higher"),
        (REPORT, 403, {"message": PAID}, "plan of Pro or higher"),
        (REPORT, 404, {"code": 2300, "message": "This API endpoint is not recognized."}, "check ZOOM_API_URL"),
        (REPORT, 404, {"message": "no Route matched with those values"}, "check ZOOM_API_URL"),
        (REPORT, 405, {"message": "Method not allowed"}, "check ZOOM_API_URL"),
        (REPORT, 409, {"message": "Something new"}, "ask Zoom's support"),
        (REPORT, 414, None, "too long for the server"),
        (REPORT, 431, None, "too long for the server"),
        (REPORT, 300, {"code": 300, "message": SIX_MONTHS}, "check ZOOM_API_URL"),
        (REPORT, 302, None, "ZOOM_API_URL"),
        (SIGN_IN, 302, None, "ZOOM_OAUTH_URL"),
        (REPORT, 400, None, "Another server, such as a proxy or a firewall, answers in place of Zoom's report"),
        (REPORT, 403, None, "Another server, such as a proxy or a firewall, answers in place of Zoom's report"),
        (REPORT, 404, None, "Another server, such as a proxy or a firewall, answers in place of Zoom's report"),
        (REPORT, 407, None, "Another server, such as a proxy or a firewall, answers in place of Zoom's report"),
        (SIGN_IN, 401, None, "Another server, such as a proxy or a firewall, answers in place of Zoom's sign-in"),
        (SIGN_IN, 403, None, "Another server, such as a proxy or a firewall, answers in place of Zoom's sign-in"),
    ],
)
def test_the_message_says_what_an_administrator_must_change(endpoint, status, body, sentence):
    with pytest.raises(ZoomRefusedError) as refusal:
        refuse(endpoint, OPERATION_LOGS, status, {}, body, NOW)
    assert sentence in str(refusal.value)
    assert f"HTTP {status}" in str(refusal.value)
    assert type(refusal.value) is not errors.AccessTokenRejectedError
    assert ("this client id" in sentence) == isinstance(refusal.value, errors.CredentialsRejectedError)


@pytest.mark.parametrize(
    ("endpoint", "status", "body", "meaning"),
    [
        (REPORT, 401, {"code": 124, "message": "Invalid access token."}, errors.AccessTokenRejectedError),
        (REPORT, 401, {"code": 124, "message": "Access token is expired."}, errors.AccessTokenRejectedError),
        (
            REPORT,
            401,
            {"code": 124, "message": "Access token is not supported as query parameter string."},
            errors.AccessTokenRejectedError,
        ),
        (REPORT, 400, {"code": 124, "message": "Invalid access token."}, errors.AccessTokenRejectedError),
        (REPORT, 401, {"code": 1, "message": "Something new"}, errors.AccessTokenRejectedError),
        (REPORT, 400, {"code": 4700, "message": "Token cannot be empty."}, errors.AccessTokenRejectedError),
        (REPORT, 400, {"code": 429, "message": "per-second"}, errors.RateLimitedError),
        (REPORT, 401, None, errors.AccessTokenRejectedError),
        (REPORT, 400, {"code": 300, "message": "The next page token is invalid or expired."}, PageTokenExpiredError),
        (REPORT, 400, {"code": 300, "message": "Invalid next_page_token"}, PageTokenExpiredError),
        (REPORT, 400, {"code": 300, "message": "Next page token is invalid."}, PageTokenExpiredError),
        (
            REPORT,
            400,
            {
                "code": 300,
                "message": "Validation Failed.",
                "errors": [{"field": "next_page_token", "message": "Invalid field."}],
            },
            PageTokenExpiredError,
        ),
        (REPORT, 400, {"code": 300, "message": "Only provide report in recent 6 months"}, errors.DateTooOldError),
        (REPORT, 400, {"code": 300, "message": "Only provide report in recent 6 month"}, errors.DateTooOldError),
        (REPORT, 400, {"code": 300, "message": "only within the last six-month period"}, errors.DateTooOldError),
        (REPORT, 404, {"code": 300, "message": SIX_MONTHS}, errors.DateTooOldError),
        (REPORT, 400, {"code": 300, "message": SIX_MONTHS}, errors.DateTooOldError),
        (
            REPORT,
            400,
            {"code": 300, "message": "Validation Failed.", "errors": [{"field": "to", "message": "Invalid field."}]},
            errors.DatesRefusedError,
        ),
        (REPORT, 400, {"code": 300, "message": "Validation Failed.", "errors": ["to"]}, errors.DatesRefusedError),
        (REPORT, 400, {}, errors.DatesRefusedError),
        (REPORT, 404, {"code": 300, "message": "Something new"}, errors.DatesRefusedError),
        (REPORT, 204, None, errors.UnusableAnswerError),
        (REPORT, 408, None, errors.UnusableAnswerError),
        (REPORT, 500, None, errors.UnusableAnswerError),
        (REPORT, 500, {"code": 300, "message": SIX_MONTHS}, errors.UnusableAnswerError),
        (SIGN_IN, 503, {"message": "upstream"}, errors.UnusableAnswerError),
        (REPORT, 429, {"code": 429, "message": "per-second"}, errors.RateLimitedError),
        (REPORT, 429, None, errors.RateLimitedError),
        (SIGN_IN, 429, {"code": 429, "message": SIX_MONTHS}, errors.RateLimitedError),
    ],
)
def test_refusals_that_the_collector_handles_are_distinguished(endpoint, status, body, meaning):
    with pytest.raises(meaning) as refusal:
        refuse(endpoint, OPERATION_LOGS, status, {}, body, NOW)
    assert type(refusal.value) is meaning


def test_another_program_that_signs_in_is_named_as_a_cause():
    with pytest.raises(errors.AccessTokenRejectedError, match="another program signs in with the same app"):
        refuse(REPORT, OPERATION_LOGS, 401, {}, {"code": 124, "message": "Invalid access token."}, NOW)


def test_zooms_message_is_quoted_in_a_form_that_can_be_logged():
    with pytest.raises(ZoomRefusedError) as refusal:
        refuse(SIGN_IN, OPERATION_LOGS, 400, {}, {"reason": "a\r\nb \ud800" + "x" * 10_000, "error": ["y"]}, NOW)
    assert r"a b \ud800xxx" in str(refusal.value)
    assert len(str(refusal.value)) < 1000


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.sentence[:40])
def test_a_failed_run_says_what_to_change(rule):
    assert bool(rule.sentence) == issubclass(rule.error, errors.CollectorError)
    assert rule.text == rule.text.lower()


@pytest.mark.parametrize(
    ("headers", "text", "until"),
    [
        ({"Retry-After": "30"}, "", NOW + timedelta(seconds=30)),
        ({"Retry-After": "2026-04-01T00:00:00Z"}, "", MIDNIGHT),
        ({"Retry-After": "Wed, 01 Apr 2026 00:00:00 GMT"}, "", MIDNIGHT),
        ({"Retry-After": "2027-01-01T00:00:00Z"}, "", MIDNIGHT + timedelta(minutes=10)),
        ({"Retry-After": "soon"}, "", None),
        ({"Retry-After": "²"}, "", None),
        ({"Retry-After": "٣٠"}, "", None),
        ({"Retry-After": "9" * 5000}, "", None),
        ({"Retry-After": "-30"}, "", None),
        ({"Retry-After": "9999-12-31T23:59:59-23:00"}, "", None),
        ({"Retry-After": "Mon, 99 Foo 99999 99:99:99 +9999"}, "", None),
        ({"X-RateLimit-Reset": "²"}, "", None),
        ({"X-RateLimit-Reset": "9" * 5000}, "", None),
        ({"X-RateLimit-Reset": str(int((NOW + timedelta(seconds=1)).timestamp()))}, "", NOW + timedelta(seconds=1)),
        ({"X-RateLimit-Type": "Daily-limit"}, "", MIDNIGHT),
        ({}, "you have reached the maximum daily rate limit for this api.", MIDNIGHT),
        ({}, "you have reached the maximum per-second rate limit for this api.", None),
    ],
)
def test_when_zoom_may_be_called_again(headers, text, until):
    assert not_before(CaseInsensitiveDict(headers), text, NOW) == until


def test_only_the_daily_limit_is_a_quota():
    def headers(kind: str, limit: int, remaining: int) -> CaseInsensitiveDict[str]:
        told = {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": str(remaining)}
        return CaseInsensitiveDict(told | ({"X-RateLimit-Type": kind} if kind else {}))

    assert daily_quota(headers("QPS", 40, 1)) is None
    assert daily_quota(headers("", 40, 1)) is None
    assert daily_quota(headers("", 30000, 7499)) == Quota(30000, 7499)
    assert daily_quota(CaseInsensitiveDict()) is None
    for spoilt in ("²", "٣", "1" * 5000, "-1", "", "1e4"):
        assert daily_quota(CaseInsensitiveDict({**headers("", 30000, 7499), "X-RateLimit-Limit": spoilt})) is None
        assert daily_quota(CaseInsensitiveDict({**headers("", 30000, 7499), "X-RateLimit-Remaining": spoilt})) is None
    low, enough = daily_quota(headers("Daily-limit", 30000, 7499)), daily_quota(headers("Daily-limit", 30000, 7500))
    assert low
    assert enough
    assert low.low
    assert not enough.low
