"""Signed requests to the Chronicle API of one tenant; each refusal becomes a sentence that says what to change."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from ..errors import CommandError

try:
    import requests
    from google.auth import default as application_default_credentials
    from google.auth.exceptions import GoogleAuthError, TransportError
    from google.auth.transport.requests import AuthorizedSession
    from google.oauth2 import service_account
except ImportError:
    raise CommandError(
        "Google's library is not installed here: install zoomlogs with its extra [secops], as docs/cli.md says, or add"
        " the library with `pipx inject terraform-aws-zoom-operation-logs 'google-cloud-chronicle>=0.6'`."
    ) from None

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .tenant import Tenant

    Answer = dict[str, Any]

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
SECONDS = 120.0  # for one answer: a search of a day takes Google some seconds
PAUSES = (2.0, 5.0, 15.0, 30.0)  # before the next try, where Google asks to wait or has a failure of its own
MOST_SAID = 300  # characters of a message that may be a whole page of a proxy's
AN_HOUR = 2000  # queries; Google SecOps, Understand search, "Search limits and quotas"


class RefusedError(CommandError):
    """Google gave no answer to a request. `code` is the HTTP status, 0 where there was none."""

    def __init__(self, sentence: str, code: int) -> None:
        """Take the sentence."""
        super().__init__(sentence, status=2 if code in (400, 401, 403, 404) else 1)
        self.code = code

    @property
    def concerns_all(self) -> bool:
        """Tell whether the next request would be refused as well."""
        return self.code in (0, 401, 403, 404, 429)


class Session:
    """Asks one tenant."""

    def __init__(
        self,
        tenant: Tenant,
        address: str,
        credentials: Any,
        *,
        sleep: Callable[[float], None] = time.sleep,
        adapter: requests.adapters.BaseAdapter | None = None,
    ) -> None:
        """Take the credentials of `sign_in`; `address` is the API's, scheme included. Tests give an `adapter`."""
        self.tenant = tenant
        self.requests = 0
        self._address = address
        self._sleep = sleep
        self._http = AuthorizedSession(credentials, max_refresh_attempts=1)  # type: ignore[no-untyped-call]
        if adapter:
            self._http.mount("https://", adapter)

    def get(self, version: str, path: str, query: Mapping[str, str | int], task: str, role: str) -> Answer:
        """Read what is under the tenant's name and `path`.

        A refusal says that zoomlogs could not do the `task`, and which `role` may. Raises `RefusedError`.
        """
        return self._ask("GET", version, path, {"params": dict(query)}, task, role)

    def elements(self, version: str, path: str, name: str, size: int, task: str, role: str) -> Iterator[Answer]:
        """Yield the objects of a list, page after page; `name` is the list's in a page. Otherwise as `get`."""
        token, seen = "", set[str]()
        while True:
            page = self.get(version, path, {"pageSize": size} | ({"pageToken": token} if token else {}), task, role)
            elements = page.get(name) or []
            if not isinstance(elements, list) or not all(isinstance(element, dict) for element in elements):
                raise RefusedError(f"zoomlogs could not {task}: {name} of Google's answer is no list of objects.", 200)
            yield from elements
            token = str(page.get("nextPageToken") or "")
            if not token:
                return
            if token in seen:
                raise RefusedError(f"zoomlogs could not {task}: Google gave the same page token again.", 200)
            seen.add(token)

    def post(self, version: str, path: str, body: Mapping[str, Any], task: str, role: str) -> Answer:
        """Call a method that takes a body; otherwise as `get`."""
        return self._ask("POST", version, path, {"json": dict(body)}, task, role)

    def _ask(self, method: str, version: str, path: str, sent: dict[str, Any], task: str, role: str) -> Answer:
        url = f"{self._address}/{version}/{self.tenant.name}{path}"
        for pause in (*PAUSES, None):
            self.requests += 1
            try:
                response = self._http.request(method, url, timeout=SECONDS, **sent)  # type: ignore[no-untyped-call]
            except (GoogleAuthError, requests.RequestException) as error:
                again = isinstance(error, requests.RequestException | TransportError)
                failure = RefusedError(f"zoomlogs could not {task}: {_of_connection(error)}", 0)
            else:
                if response.ok:
                    return _document(response, task)
                again = response.status_code == 429 or response.status_code >= 500
                failure = RefusedError(f"zoomlogs could not {task}: {_of_answer(response, role)}", response.status_code)
            if not again or pause is None:
                raise failure
            self._sleep(pause)
        raise AssertionError  # the last pause is None


def sign_in(file: str | None) -> Any:
    """Return the credentials of a service account's key file, or Application Default Credentials.

    Raises `CommandError` where there are none.
    """
    try:
        if not file:
            credentials, _ = application_default_credentials(scopes=SCOPES)
            return credentials
        return service_account.Credentials.from_service_account_file(file, scopes=SCOPES)  # type: ignore[no-untyped-call]
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
    except GoogleAuthError as error:
        if file:  # the error may quote it
            raise CommandError(f"{file} is not the key file of a Google service account.") from None
        raise CommandError(f"zoomlogs could not sign in to Google: {_of_connection(error)}") from None
    except ValueError:
        raise CommandError(f"{file} is not the key file of a Google service account.") from None


def _document(response: requests.Response, task: str) -> Answer:
    try:
        found = response.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise RefusedError(f"zoomlogs could not {task}: the answer is no JSON object.", response.status_code)
    return found


def _of_connection(error: Exception) -> str:
    if isinstance(error, TransportError) or not isinstance(error, GoogleAuthError):
        return f"Google cannot be reached ({type(error).__name__}): look at the network, and run it again."
    told = str(error.args[0] if error.args else error).partition("\n")[0].rstrip(".")
    return (
        f"Google refuses the sign-in: {told}. Run `gcloud auth application-default login`, or give --service-account"
        " FILE."
    )


def _of_answer(response: requests.Response, role: str) -> str:
    """Say what is wrong and what to change, Google's own words in brackets."""
    message = _message(response)
    said = f" (Google says: HTTP {response.status_code}, {message or 'no message'})"
    permission = re.search(r"Permission '([\w.]+)'", message)
    named = f", which has {permission[1]}," if permission else ""
    known = {
        400: "Google refuses the request: update zoomlogs, because the API may have changed.",
        401: "Google does not accept these credentials: run `gcloud auth application-default login`, or give another"
        " --service-account.",
        403: f"these credentials may not: give them {role}{named} in the tenant's project, and look whether the"
        " Chronicle API is enabled there.",
        404: "there is no such tenant, or its region does not have this method: compare --project, --region and"
        " --customer-id with SIEM Settings > Profile.",
        429: f"Google's limit is reached, which is {AN_HOUR:,} queries an hour for the whole tenant, and fewer at once:"
        " run it again in an hour, for fewer dates.",
    }
    return known.get(response.status_code, "Google gave no good answer: run it again in a while.") + said


def _message(response: requests.Response) -> str:
    try:
        message = str(response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        message = response.text
    return " ".join(message.split())[:MOST_SAID]
