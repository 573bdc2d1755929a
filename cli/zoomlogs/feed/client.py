"""The feeds of a SecOps tenant: a thin edge over Google's own client library, with failures in a sentence."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..errors import CommandError
from ..secops.session import sign_in

try:
    import requests
    from google.api_core import exceptions
    from google.auth.exceptions import GoogleAuthError
    from google.cloud import chronicle_v1 as chronicle
    from google.cloud.chronicle_v1.services.feeds_service.transports.rest import FeedsServiceRestTransport
    from google.protobuf import field_mask_pb2, json_format
except ImportError:
    raise CommandError(
        "Google's library is not installed here: install zoomlogs with its extra [secops], as docs/cli.md says, or add"
        " the library with `pipx inject terraform-aws-zoom-operation-logs 'google-cloud-chronicle>=0.6'`."
    ) from None

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..secops.tenant import Tenant
    from .body import Body

SECONDS = 60.0
PAGE_SIZE = 1000  # the most that Google gives at once
HIDDEN = "(hidden)"
MOST_SAID = 300  # of a message that may be a whole page of a proxy's


class Feeds:
    """The feeds of one tenant, as bodies: proto3 JSON in camelCase, enums by name."""

    def __init__(self, tenant: Tenant, address: str, service_account_file: str | None) -> None:
        """Sign in by the file, else by Application Default Credentials; `address` is the API's, scheme included."""
        self._tenant = tenant
        self._secrets: set[str] = set()
        with self._in_a_sentence("sign in to Google"):
            transport = FeedsServiceRestTransport(host=address, credentials=sign_in(service_account_file))
            self._client = chronicle.FeedsServiceClient(transport=transport)
        _keep_bodies_out_of_logs()

    def list(self) -> list[Body]:
        """Return all feeds of the tenant."""
        with self._in_a_sentence("list the feeds"):
            request = chronicle.ListFeedsRequest(parent=self._tenant.name, page_size=PAGE_SIZE)
            return [_body(feed) for feed in self._client.list_feeds(request, timeout=SECONDS)]

    def create(self, body: Body, secrets: set[str]) -> Body:
        """Make a feed; `secrets` are what no message may repeat."""
        self._secrets |= secrets
        with self._in_a_sentence("create the feed"):
            request = chronicle.CreateFeedRequest(parent=self._tenant.name, feed=_message(body))
            return _body(self._client.create_feed(request, timeout=SECONDS))

    def rename(self, name: str, display_name: str) -> Body:
        """Give a feed another display name: Google takes it in a request of its own only."""
        return self._update({"name": name, "displayName": display_name}, "display_name")

    def update_details(self, name: str, details: dict[str, Any], secrets: set[str]) -> Body:
        """Put a feed's details, all of them, in the place of the old ones."""
        self._secrets |= secrets
        return self._update({"name": name, "details": details}, "details")

    def enable(self, name: str) -> Body:
        """Let a disabled feed read again."""
        with self._in_a_sentence("enable the feed"):
            return _body(self._client.enable_feed(chronicle.EnableFeedRequest(name=name), timeout=SECONDS))

    def subject_id(self) -> str:
        """Return the subject id of the identity that the tenant's feeds assume AWS roles with."""
        with self._in_a_sentence("ask for the feeds' identity"):
            request = chronicle.FetchServiceAccountForCustomerRequest(parent=self._tenant.name)
            return str(self._client.fetch_service_account_for_customer(request, timeout=SECONDS).subject_id)

    def _update(self, body: Body, path: str) -> Body:
        with self._in_a_sentence("update the feed"):
            mask = field_mask_pb2.FieldMask(paths=[path])
            request = chronicle.UpdateFeedRequest(feed=_message(body), update_mask=mask)
            return _body(self._client.update_feed(request, timeout=SECONDS))

    @contextmanager
    def _in_a_sentence(self, task: str) -> Iterator[None]:
        """Turn a failure into a `CommandError` that says what to change and repeats no secret."""
        try:
            yield
        except (exceptions.GoogleAPIError, GoogleAuthError, requests.RequestException, json_format.ParseError) as error:
            said = self._without_secrets(_reason(error))
            raise CommandError(f"zoomlogs could not {task}: {said}", status=_status(error)) from None

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text


def _message(body: Body) -> Any:
    message = chronicle.Feed()
    json_format.ParseDict(body, chronicle.Feed.pb(message))
    return message


def _body(message: Any) -> Body:
    made: Body = json_format.MessageToDict(chronicle.Feed.pb(message))
    return made


def _reason(error: Exception) -> str:
    """Say what is wrong and what to change, Google's own words in brackets."""
    if not isinstance(error, exceptions.GoogleAPICallError):
        if isinstance(error, GoogleAuthError):
            told = str(error.args[0] if error.args else error).partition("\n")[0].rstrip(".")
            return (
                f"Google refuses the sign-in: {told}. Run `gcloud auth application-default login`, or give"
                " --service-account FILE."
            )
        return f"{type(error).__name__}: {error}"
    _, _, message = str(error.message).partition(": ")  # after the method and the address
    said = f" (Google says: HTTP {int(error.code or 0)}, {' '.join(message.split())[:MOST_SAID] or 'no message'})"
    known = {
        400: "Google refuses a value: compare it with `zoomlogs feed show`.",
        401: "Google does not accept these credentials: run `gcloud auth application-default login`, or give another"
        " --service-account.",
        403: "these credentials may not: give them roles/chronicle.admin in the tenant's project, and look whether the"
        " Chronicle API is enabled there.",
        404: "there is no such tenant: compare --project, --region and --customer-id with SIEM Settings > Profile.",
        429: "Google's limit is reached: wait a minute and run it again.",
    }
    return known.get(int(error.code or 0), "Google gave no good answer: run it again in a while.") + said


def _status(error: Exception) -> int:
    code = getattr(error, "code", None)
    return 2 if isinstance(error, GoogleAuthError) or code in (400, 401, 403, 404) else 1


def _keep_bodies_out_of_logs() -> None:
    """Hold Google's loggers above DEBUG, where they write whole requests if GOOGLE_SDK_PYTHON_LOGGING_SCOPE is set."""
    for name in ("google.auth", "google.cloud.chronicle_v1", *logging.root.manager.loggerDict):
        if name.startswith(("google.auth", "google.cloud.chronicle_v1")):
            logging.getLogger(name).setLevel(logging.INFO)
