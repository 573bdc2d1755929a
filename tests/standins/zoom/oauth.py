"""Sign-in of a Server-to-Server OAuth app: accounts and their access tokens.

Sources: developers.zoom.us, "Server-to-Server OAuth" and "Using Zoom APIs"; the wording of refusals as users quote it.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl

from .messages import RefusalError, Response, api_error, json_response
from .served import SERVED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from .messages import Request

API_URL = "https://api.zoom.us"


@dataclass
class Account:
    """A Zoom account and its Server-to-Server OAuth app; may be changed at any time.

    A token keeps the scopes that it was issued with. `role_sees_reports`: whether the role of the app's owner may see
    usage reports and each report. `server_to_server` is false for credentials of another app type.
    """

    id: str = "stand-in-account"
    client_id: str = "stand-in-client"
    client_secret: str = "stand-in-secret"
    scopes: tuple[str, ...] = (SERVED["operationlogs"].scope,)
    plan: Literal["basic", "pro", "business"] = "pro"
    role_sees_reports: bool = True
    app_active: bool = True
    server_to_server: bool = True


@dataclass(frozen=True)
class AccessToken:
    """The meaning of a token."""

    account: Account
    scopes: frozenset[str]
    expires: datetime


@dataclass
class TokenRules:
    """How long an access token is valid, and whether a new one revokes earlier ones, as for apps of 2022-23."""

    lifetime: timedelta = timedelta(seconds=3599)
    newest_only: bool = False


@dataclass
class Tokens:
    """Issues and recognises access tokens."""

    rules: TokenRules
    _issued: int = 0
    _known: dict[str, AccessToken] = field(default_factory=dict)

    def sign_in(self, request: Request, accounts: Mapping[str, Account], now: datetime) -> Response:
        """Answer `POST /oauth/token`; raise `RefusalError`."""
        form = dict(request.query)
        if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            form.update(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        credentials = _basic_credentials(request.headers.get("authorization", ""))
        apps = [account for account in accounts.values() if (account.client_id, account.client_secret) == credentials]
        if not apps:
            raise _refusal("Invalid client_id or client_secret", "invalid_client")
        if form.get("grant_type") != "account_credentials" or not apps[0].server_to_server:
            raise _refusal("unsupported grant type", "unsupported_grant_type")
        if form.get("account_id") != apps[0].id:
            raise _refusal("Bad Request", "invalid_request")
        if not apps[0].app_active:
            raise _refusal("The app has been disabled by the developer", "invalid_request")
        return self._issue(apps[0], now)

    def _issue(self, account: Account, now: datetime) -> Response:
        if self.rules.newest_only:
            self._known = {token: of for token, of in self._known.items() if of.account is not account}
        self._issued += 1
        token = f"stand-in-access-token-{self._issued:06}"
        self._known[token] = AccessToken(account, frozenset(account.scopes), now + self.rules.lifetime)
        return json_response(
            200,
            {
                "access_token": token,
                "token_type": "bearer",
                "expires_in": int(self.rules.lifetime.total_seconds()),
                "scope": " ".join(account.scopes),
                "api_url": API_URL,
            },
        )

    def bearer(self, request: Request, now: datetime) -> AccessToken:
        """Return the grant of the request's access token; raise `RefusalError` if it is unknown, expired or revoked.

        Only the Authorization header counts: Zoom refuses a token in the query since February 2023.
        """
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        known = self._known.get(token) if kind.lower() == "bearer" else None
        if known is None or not known.account.app_active:
            raise RefusalError(api_error(401, 124, "Invalid access token."))
        if now >= known.expires:
            raise RefusalError(api_error(401, 124, "Access token is expired."))
        return known

    def revoke(self) -> None:
        """Revoke every token issued so far."""
        self._known.clear()


def _basic_credentials(header: str) -> tuple[str, str] | None:
    kind, _, encoded = header.partition(" ")
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (user, password) if kind.lower() == "basic" else None


def _refusal(reason: str, error: str) -> RefusalError:
    return RefusalError(json_response(400, {"reason": reason, "error": error}))
