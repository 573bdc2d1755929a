"""Signed requests to the Chronicle API of one tenant; each refusal becomes a sentence that says what to change."""

from __future__ import annotations

import os
import re
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from zoom_operationlogs.bounds import DEPTH, depth_exceeds

from ..dates import span
from ..errors import CommandError
from .form import FormError, check
from .tenant import ENDPOINT_VARIABLE, endpoint

try:
    import requests
    from google.auth import default as application_default_credentials
    from google.auth.exceptions import GoogleAuthError, TransportError
    from google.auth.transport.requests import AuthorizedSession
    from google.oauth2 import service_account
    from urllib3.exceptions import InvalidHeader
    from urllib3.util import Retry
except ImportError:
    raise CommandError(
        "Google's library is not installed here: install zoomlogs with its extra [secops], as docs/cli.md says, or add"
        " the library with `pipx inject terraform-aws-zoom-operation-logs google-auth`."
    ) from None

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from .form import Form
    from .tenant import Tenant

    Answer = dict[str, Any]

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
SECONDS = 120.0  # for one answer: a search of a day takes Google some seconds
PAUSES = (2.0, 5.0, 15.0, 30.0)  # before the next try, where Google asks to wait or has a failure of its own
MOST_PAUSE = 60.0  # that Google may ask for in Retry-After; a longer one ends the command
MOST_SAID = 300  # characters of a message that may be a whole page of a proxy's
HIDDEN = "(hidden)"
UPDATE = "update zoomlogs, because the API may have changed"


class Task(NamedTuple):
    """What a request is for, in the words of a refusal."""

    name: str  # "zoomlogs could not …"
    role: str  # that has the right
    wrong: str = UPDATE  # what to do about HTTP 400
    limit: str = "wait a minute and run it again"  # what to do about HTTP 429


class RefusedError(CommandError):
    """Google gave no answer to a request, or none that can be read. `code` is the HTTP status, 0 without one."""

    def __init__(self, task: Task, why: str, code: int) -> None:
        """Take what could not be done, and why."""
        super().__init__(f"zoomlogs could not {task.name}: {why}", status=2 if code in (400, 401, 403, 404) else 1)
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
        pauses: Sequence[float] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        adapter: requests.adapters.BaseAdapter | None = None,
    ) -> None:
        """Take the credentials of `sign_in`; `address` is the API's, scheme included. Tests give an `adapter`."""
        self.tenant = tenant
        self.secrets: set[str] = set()  # which no sentence may repeat
        self._address = address
        self._pauses = PAUSES if pauses is None else pauses
        self._sleep = sleep
        self._http = AuthorizedSession(credentials, max_refresh_attempts=1)  # type: ignore[no-untyped-call]
        if adapter:
            self._http.mount("https://", adapter)

    def get(self, version: str, path: str, query: Mapping[str, str | int], task: Task, form: Form) -> Answer:
        """Return the answer to a request for the tenant's name and `path`.

        Raises `RefusedError`, also where the answer is not of the `form`.
        """
        return self.ask("GET", version, path, {"params": dict(query)}, task, form)

    def post(self, version: str, path: str, body: Mapping[str, Any], task: Task, form: Form) -> Answer:
        """Call a method that takes a body; otherwise as `get`."""
        return self.ask("POST", version, path, {"json": dict(body)}, task, form)

    def elements(self, version: str, path: str, name: str, size: int, task: Task, form: Form) -> Iterator[Answer]:
        """Yield the objects of a list, page after page; `name` is the list's in a page, `form` an object's."""
        token, seen = "", set[str]()
        while True:
            query = {"pageSize": size} | ({"pageToken": token} if token else {})
            page = self.get(version, path, query, task, {name: [form], "nextPageToken": str})
            yield from page.get(name, ())
            token = page.get("nextPageToken", "")
            if not token:
                return
            if token in seen:
                raise RefusedError(task, "Google gave the same page token again: run it again in a while.", 200)
            seen.add(token)

    def ask(self, method: str, version: str, path: str, sent: dict[str, Any], task: Task, form: Form) -> Answer:
        """Send a request, again where Google asks to wait, and return its answer; otherwise as `get`."""
        url = f"{self._address}/{version}/{self.tenant.name}{path}"
        for pause in (*self._pauses, None):
            asked_for = 0.0
            try:
                response = self._http.request(method, url, timeout=SECONDS, **sent)  # type: ignore[no-untyped-call]
            except (GoogleAuthError, requests.RequestException) as error:
                again = isinstance(error, requests.RequestException | TransportError)
                failure = RefusedError(task, of_connection(error), 0 if again else 401)
            except (AttributeError, LookupError, TypeError, ArithmeticError, ValueError, RecursionError) as error:
                again = False  # Google's library does not check the form of the answer to its sign-in
                kind = type(error).__name__
                why = f"Google's answer to the sign-in cannot be read ({kind}): check that no proxy changes it."
                failure = RefusedError(task, why, 0)
            else:
                if response.ok:
                    return _document(response, task, form)
                again = response.status_code == 429 or response.status_code >= 500
                asked_for = _asked_for(response)
                failure = RefusedError(task, _of_answer(response, task, self.secrets), response.status_code)
            if not again or pause is None or asked_for > MOST_PAUSE:
                raise failure
            self._sleep(max(pause, asked_for))
        raise AssertionError  # the last pause is None


def connect(tenant: Tenant, service_account: str | None, pauses: Sequence[float] | None = None) -> Session:
    """Return a session with a tenant; raise `CommandError` where nobody can sign in."""
    address = endpoint(tenant.region, os.environ.get(ENDPOINT_VARIABLE))
    return Session(tenant, address, sign_in(service_account), pauses=pauses)


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
    except (GoogleAuthError, ValueError) as error:
        if file or not isinstance(error, GoogleAuthError):  # the error may quote the file
            raise CommandError(f"{file} is not the key file of a Google service account.") from None
        raise CommandError(f"zoomlogs could not sign in to Google: {of_connection(error)}") from None


def _document(response: requests.Response, task: Task, form: Form) -> Answer:
    try:
        return of_form(response.json(), task, form)
    except ValueError:
        raise _unreadable(task, "it is not JSON") from None
    except RecursionError:
        raise _unreadable(task, "it is nested too deeply") from None


def of_form(found: Any, task: Task, form: Form) -> Answer:
    """Return what was found in an answer; raise `RefusedError` where it is not of the form."""
    if depth_exceeds(found, DEPTH):
        raise _unreadable(task, "it is nested too deeply")
    try:
        check(found, form)
    except FormError as error:
        raise _unreadable(task, f"{error.path.removeprefix('.') or 'it'} is not {error.wanted}") from None
    answer: Answer = found
    return answer


def _unreadable(task: Task, why: str) -> RefusedError:
    return RefusedError(task, f"Google's answer cannot be read, because {why}: {UPDATE}.", 200)


def of_connection(error: Exception) -> str:
    """Say why nothing was answered."""
    if isinstance(error, TransportError) or not isinstance(error, GoogleAuthError):
        return f"Google cannot be reached ({type(error).__name__}): check the network, and run it again."
    said = str(error.args[0] if error.args else error).partition("\n")[0].rstrip(".")
    return (
        f"Google refuses the sign-in: {said}. Run `gcloud auth application-default login`, or give --service-account"
        " FILE."
    )


def _asked_for(response: requests.Response) -> float:
    """Return how many seconds Google asks to wait."""
    try:
        return float(Retry().parse_retry_after(response.headers.get("Retry-After", "0")))
    except (InvalidHeader, OverflowError, ValueError):
        return 0.0


def _of_answer(response: requests.Response, task: Task, secrets: set[str]) -> str:
    """Say what is wrong and what to change, Google's own words in brackets."""
    message, wait = _message(response), timedelta(seconds=min(_asked_for(response), 86_400))
    for secret in secrets:
        message = message.replace(secret, HIDDEN)
    said = f" (Google says: HTTP {response.status_code}, {message[:MOST_SAID] or 'no message'})"
    permission = re.search(r"Permission '([\w.]+)'", message)
    named = f", which has {permission[1]}," if permission else ""
    known = {
        400: f"Google refuses the request: {task.wrong}.",
        401: "Google does not accept these credentials: run `gcloud auth application-default login`, or give another"
        " --service-account.",
        403: f"these credentials may not: give them {task.role}{named} in the tenant's project, and check that the"
        " Chronicle API is enabled there.",
        404: "there is no such tenant, or its region does not have this method: compare --project, --region and"
        " --customer-id with SIEM Settings > Profile.",
        429: f"Google's limit is reached{f', and it asks to wait for {span(wait)}' if wait else ''}: {task.limit}.",
    }
    return known.get(response.status_code, "Google gave no good answer: run it again in a while.") + said


def _message(response: requests.Response) -> str:
    try:
        message = str(response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError, RecursionError):
        message = response.text
    return " ".join(message.split())
